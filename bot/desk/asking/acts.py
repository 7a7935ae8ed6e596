"""What staff do to a wave, a survey's or a broadcast's: held, gone on with, stopped for good, agreed to by a second.

Each is one transaction with its audit row, the wave locked: whoever comes second is told what the first did.
"""

from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy import Connection

from bot.desk.at import At, NotFound, Stale
from storage import broadcasts, waves
from storage.times import ms
from storage.waves import Wave

SURVEY, BROADCAST = "survey", "broadcast"
OPEN_DAYS = 14
"""For so long a broadcast may take: what was not told by then is not told any more."""
STOPPABLE = (waves.DRAFTED, waves.PLANNED, waves.RUNNING, waves.PAUSED)


def find(connection: Connection, at: At, kind: str, *, lock: bool = False) -> Wave:
    """The wave of the path. Raises NotFound."""
    wave = waves.get(connection, at.slug, at.number("wave"), lock=lock)
    if wave is None or wave.kind != kind:
        raise NotFound
    return wave


def in_state(connection: Connection, at: At, kind: str, states: Collection[str]) -> Wave:
    """The wave of the path, locked. Raises Stale where it stands otherwise by now."""
    wave = find(connection, at, kind, lock=True)
    if wave.state not in states:
        raise Stale(f"asking.stale.{wave.state}")
    return wave


async def do(at: At, kind: str, act: Callable[[Connection, At, str], object]) -> None:
    """`act` on the wave of the path, on record."""
    name = act.__name__
    await at.write(f"{kind}.{name}", f"wave:{at.number('wave')}", act, at, kind)


def pause(connection: Connection, at: At, kind: str) -> None:
    wave = in_state(connection, at, kind, (waves.RUNNING, waves.PLANNED))
    waves.change(connection, at.slug, wave.id, state=waves.PAUSED)


def resume(connection: Connection, at: At, kind: str) -> None:
    wave = in_state(connection, at, kind, (waves.PAUSED,))
    broadcasts.again(connection, at.slug, wave.id, ms(at.now))
    waves.change(connection, at.slug, wave.id, state=waves.RUNNING)


def abort(connection: Connection, at: At, kind: str) -> None:
    """For good. Who was asked was asked; nobody else is."""
    wave = in_state(connection, at, kind, STOPPABLE)
    now = ms(at.now)
    broadcasts.withdraw(connection, at.slug, wave.id, now)
    waves.change(connection, at.slug, wave.id, state=waves.ABORTED, done_at=now)


def begin(connection: Connection, at: At, wave: Wave, **more: object) -> None:
    """From now, or from when it was planned for."""
    starts = max(wave.starts, ms(at.now))
    ends = starts + ms_of(timedelta(days=OPEN_DAYS))
    waves.change(connection, at.slug, wave.id, state=waves.RUNNING, starts=starts, ends=ends, **more)


def ms_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
