"""Moments a conversation waits for: rows with a due time, claimed in a transaction (rule 10)."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from storage.batch import ASSOCIATIONS, NOW, UNTIL, claiming, deleting, upserting
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

_t = timers.c
_CLAIM = claiming(
    *(timers, _t.association.in_(ASSOCIATIONS), _t.due <= NOW, _t.claimed_until <= NOW),
    order=_t.due,
    claimed_until=UNTIL,
).returning(_t.association, _t.conversation, _t.timer, _t.due)
