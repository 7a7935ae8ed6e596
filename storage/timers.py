"""Moments a conversation waits for: rows with a due time, claimed in a transaction (rule 10)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, bindparam, select, tuple_, update
from sqlalchemy.sql.dml import ReturningUpdate

from storage.batch import deleting, drawn_once, upserting
from storage.schema import timers


class Timer(NamedTuple):
    """One of each name per conversation. Milliseconds."""

    association: str
    conversation: int
    timer: str
    due: int


def set_all(connection: Connection, given: Iterable[Timer]) -> None:
    """Set these timers, moving those that exist. Of one given twice the last counts."""
    latest = {timer[:3]: timer for timer in given}
    _SET.run(connection, [(*timer, 0) for _, timer in sorted(latest.items())])


def clear_all(connection: Connection, given: Iterable[tuple[str, int, str]]) -> None:
    """Forget timers by (association, conversation, name)."""
    _CLEAR.run(connection, sorted(set(given)))


def claim_due(
    connection: Connection, now: int, until: int, associations: Iterable[str], limit: int = 200
) -> list[Timer]:
    """Due timers of these associations that nobody has claimed, claimed until `until`: whoever died with one loses it
    then."""
    given = {"associations": list(associations), "now": now, "until": until, "most": limit}
    claimed = connection.execute(_CLAIM, given)
    return sorted((Timer._make(row) for row in claimed), key=lambda timer: (timer.due, timer.timer))


def done(connection: Connection, given: Iterable[Timer]) -> set[Timer]:
    """Forget claimed timers whose event is taken in; returns those that were there: one that was set anew meanwhile
    stays, one that somebody else took in is gone."""
    return {Timer._make(row) for row in _DONE.run(connection, sorted(set(given)))}


_SET = upserting(
    timers,
    ("association", "conversation", "timer"),
    *("association", "conversation", "timer", "due", "claimed_until"),
)
_CLEAR = deleting(timers, "association", "conversation", "timer")
_DONE = deleting(timers, "association", "conversation", "timer", "due")


def _claim() -> ReturningUpdate[Any]:
    """Built once: it runs each second, and building it takes twice as long as running it."""
    t, now = timers.c, bindparam("now", type_=BigInteger)
    key = tuple_(t.association, t.conversation, t.timer)
    due = (
        select(*key.clauses)
        .where(t.association.in_(bindparam("associations", expanding=True)), t.due <= now, t.claimed_until <= now)
        .order_by(t.due)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    claimed = update(timers).where(key.in_(drawn_once(due))).values(claimed_until=bindparam("until"))
    return claimed.returning(*key.clauses, t.due)


_CLAIM = _claim()
