"""A wave is held, gone on with, stopped for good, and closed when its time is over. Milliseconds.

What lies in the queue is taken back in the same transaction: after it, nothing more of the wave leaves. The wave's row
is locked first, so that nobody feeds it meanwhile.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, case, literal, literal_column, not_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage import results, timers
from storage.schema import messages
from storage.schema import timers as timers_table
from storage.schema_notices import legs, notices
from storage.schema_surveys import recipients
from storage.waves import (
    ABORTED,
    BEGUN,
    DONE,
    DRAFTED,
    HELD,
    PASSED,
    PAUSED,
    PLANNED,
    RUNNING,
    SKIPPED,
    WAITING,
    Wave,
    change,
    get,
    open_ones,
)

AT_ONCE = 5_000
"""Recipients in one transaction: replies wait behind it."""
_QUEUED = messages.c.state == literal_column("'queued'")


def pause(connection: Connection, association: str, id: int, now: int) -> bool:
    """Nobody is asked from now on, and what still lay in the queue goes back; False where there is nothing to hold."""
    wave = get(connection, association, id, lock=True)
    if wave is None or wave.state not in (PLANNED, RUNNING):
        return False
    change(connection, association, id, state=PAUSED)
    r = recipients.c
    taken = _withdraw(connection, wave, "paused", now)
    mine = update(recipients).where(r.association == association, r.wave == id, r.notice.in_(taken))
    first = r.reminders <= 1
    back = {
        "state": case((first, WAITING), else_=r.state),
        "at": case((not_(first), r.at)),
        "reminders": r.reminders - 1,
        "notice": None,
        "due": now,
    }
    connection.execute(mine.values(**back))
    return True


def resume(connection: Connection, association: str, id: int) -> bool:
    """It goes on where it was held, with the people who were not written yet, too; False where it was not held."""
    wave = get(connection, association, id, lock=True)
    if wave is None or wave.state != PAUSED:
        return False
    written = wave.filled_at is not None or wave.rolling
    change(connection, association, id, state=RUNNING if written else PLANNED)
    return True


def abort(connection: Connection, association: str, id: int, now: int) -> bool:
    """For good, at once: what lies in the queue is withdrawn, and nobody else is asked. Those who waited are told apart
    afterwards (`close_some`): of a million that takes its time. False where it is over already."""
    wave = get(connection, association, id, lock=True)
    if wave is None or wave.done_at is not None or wave.state == ABORTED:
        return False
    change(connection, association, id, state=ABORTED)
    r = recipients.c
    taken = _withdraw(connection, wave, "aborted", now)
    mine = update(recipients).where(r.association == association, r.wave == id, r.notice.in_(taken))
    passed = {"state": PASSED, "why": "aborted", "at": None, "settled_at": now, "due": None}
    connection.execute(mine.where(r.reminders <= 1).values(**passed))
    return True


def _withdraw(connection: Connection, wave: Wave, why: str, now: int) -> list[int]:
    """Take back what this wave has in the queue. Returns the notices of which nothing has left: a message of which a
    part is on its way goes out whole while a wave is held, and stops short when it is over."""
    slug, mine = wave.association, f"{wave.kind}:{wave.id}:"
    t, m, n, one = timers_table.c, messages.c, notices.c, legs.c
    about = (n.association == slug, n.kind == wave.kind, n.about.startswith(mine, autoescape=True))
    # Those not said yet. Whoever says one at this moment has its timer: this waits until that is committed.
    unsaid = {
        int(row.timer.split(":")[1]): row
        for row in connection.execute(
            select(t.conversation, t.timer).where(t.association == slug, t.due <= now, t.timer.startswith("notice:"))
        )
    }
    told = _of(connection, list(unsaid), about)
    timers.clear_all(connection, [(slug, unsaid[id].conversation, unsaid[id].timer) for id in told])
    queued = select(m.notice).where(m.association == slug, m.lane == "bulk", _QUEUED, m.notice.is_not(None))
    told += _of(connection, list(connection.scalars(queued.distinct())), about)
    told += list(connection.scalars(select(n.id).where(*about, n.state == "waiting")))
    found: list[int] = []
    for part in _parts(sorted(set(told))):
        theirs = (m.association == slug, m.notice.in_(part), m.notice.is_not(None))
        left = set(connection.scalars(select(m.notice).where(*theirs, not_(_QUEUED)).distinct()))
        whole = [id for id in part if id not in left]
        stops = part if why == "aborted" else whole
        connection.execute(
            update(messages)
            .where(m.association == slug, m.notice.in_(stops), m.notice.is_not(None), _QUEUED)
            .values(state="failed", error=why, updated=now)
        )
        over = {"state": "dropped", "why": why, "due": None, "settled_at": now}
        open_ = n.state.in_(["waiting", "out"])
        connection.execute(update(notices).where(n.association == slug, n.id.in_(whole), open_).values(**over))
        ends = update(legs).where(one.association == slug, one.notice.in_(whole), one.state == "out")
        connection.execute(ends.values(state="skipped", why=why, settled_at=now))
        found += whole
    return found


def _of(connection: Connection, ids: Iterable[int], about: Iterable[ColumnElement[bool]]) -> list[int]:
    """Those of these notices that it is about."""
    n = notices.c
    return [
        id
        for part in _parts(list(ids))
        for id in connection.scalars(select(n.id).where(*about, n.id.in_(part), n.state.in_(["waiting", "out"])))
    ]


def _parts(ids: list[int]) -> Iterable[list[int]]:
    return (ids[at : at + 500] for at in range(0, len(ids), 500))


def over(connection: Connection, now: int, associations: Iterable[str] | None = None) -> list[Wave]:
    """Waves whose time has passed, or that were stopped for good, and that are not closed yet. One that has not begun
    yet is late (bot/planner.py)."""
    found = open_ones(connection, associations)
    return [one for one in found if one.state == ABORTED or (one.ends <= now and one.state != PLANNED)]


def close_some(connection: Connection, wave: Wave, now: int, limit: int = AT_ONCE) -> int:
    """Once it is over: of those who were not asked yet, the next so many are passed over, nobody is reminded, and what
    is half answered ends (its conversation hears `survey_over`). The wave must be locked; with the last it is done.
    Returns how many that were."""
    r = recipients.c
    mine = (r.association == wave.association, r.wave == wave.id)
    why = "aborted" if wave.state == ABORTED else "over"
    fresh = r.state.in_([WAITING, HELD])
    some = select(r.conversation).where(*mine).limit(limit)
    ids = list(connection.scalars(some.where(r.due.is_not(None))))
    ids = ids or list(connection.scalars(some.where(r.state == HELD)))
    for part in _parts(ids):
        theirs = update(recipients).where(*mine, r.conversation.in_(part))
        said = case((r.why == "", why), else_=r.why)
        connection.execute(theirs.where(fresh).values(state=PASSED, why=said, settled_at=now, due=None))
        connection.execute(theirs.where(not_(fresh)).values(due=None))
    if not ids:
        _end_drafts(connection, wave, now)
        state = {DRAFTED: SKIPPED, ABORTED: ABORTED}.get(wave.state, DONE)
        said_so = {"why": "not_approved"} if wave.state == DRAFTED else {}
        change(connection, wave.association, wave.id, state=state, done_at=now, **said_so)
        results.keep_people(connection, wave.association, wave.id)
    return len(ids)


def _end_drafts(connection: Connection, wave: Wave, now: int) -> None:
    """Spread over minutes: each is a turn of its conversation."""
    r = recipients.c
    due = literal(now) + (r.conversation % 600) * 1000
    begun = select(r.association, r.conversation, literal(f"survey_over:{wave.id}"), due).where(
        r.association == wave.association, r.wave == wave.id, r.state == BEGUN
    )
    if wave.kind == "survey":
        set_ = upsert(timers_table).from_select(["association", "conversation", "timer", "due"], begun)
        connection.execute(set_.on_conflict_do_nothing())
