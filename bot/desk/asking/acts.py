"""What staff do to a wave, a survey's or a broadcast's: held, gone on with, stopped for good, agreed to by a second.

Each runs in one transaction with its audit row, the wave locked: whoever comes second is told what the first did.
"""

from collections.abc import Collection
from datetime import timedelta
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection

from bot.desk.at import At, NotFound, Refused, Stale
from storage import wave_acts, waves
from storage.times import ms
from storage.waves import Wave

SURVEY, BROADCAST = "survey", "broadcast"
CHANGED = "asking.changed"
"""Why nobody's yes counts: it was said to something else than what stands there now."""
OPEN_DAYS = 14
"""For so long a broadcast may take: what was not told by then is not told any more."""


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


def mark(wave: Wave, said: bytes) -> str:
    """Of everything that whoever says yes agrees to: what is said, to whom, why and when. The page they looked at
    carries it."""
    whole = (said, wave.purpose, wave.audience, wave.starts, wave.filled_at)
    return blake2b(msgspec.msgpack.encode(whole), digest_size=12).hexdigest()


def as_looked_at(at: At, mark: str) -> None:
    """Raises Refused where the page showed something else than there is now."""
    if at.form.get("draft") != mark:
        raise Refused(CHANGED)


def subject(at: At) -> str:
    """As what the audit names the wave of the path."""
    return f"wave:{at.number('wave')}"


def pause(connection: Connection, at: At, kind: str) -> None:
    """At once: what still lay in the queue goes back."""
    wave = find(connection, at, kind, lock=True)
    if not wave_acts.pause(connection, at.slug, wave.id, ms(at.now)):
        raise Stale(f"asking.stale.{wave.state}")


def resume(connection: Connection, at: At, kind: str) -> None:
    wave = find(connection, at, kind, lock=True)
    if not wave_acts.resume(connection, at.slug, wave.id):
        raise Stale(f"asking.stale.{wave.state}")


def abort(connection: Connection, at: At, kind: str) -> None:
    """For good, at once. Who was asked was asked; nobody else is."""
    wave = find(connection, at, kind, lock=True)
    if not wave_acts.abort(connection, at.slug, wave.id, ms(at.now)):
        raise Stale(f"asking.stale.{wave.state}")


def ms_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
