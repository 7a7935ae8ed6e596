"""A meeting or a call between a person and the association: who may do what from where, as a table.

requested → offered (one to three times to choose from) → confirmed → done or missed; cancelled from anywhere open.
Staff may confirm a time at once (agreed by telephone), and move a confirmed one; a person whom no time suits is back at
requested, with their wish. Whatever names a time sends the person a message; what they did themselves is answered
there and then.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal

from conversations.cases.calendar import RIYADH, by_day, here, said, time_said
from conversations.cases.move import BENEFICIARY

STAFF: Final = "staff"
Kind = Literal["interview", "home_visit", "callback"]
KINDS: tuple[Kind, ...] = ("interview", "home_visit", "callback")
OPEN = ("requested", "offered", "confirmed")
MOST_TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    at: tuple[str, ...]
    name: str
    to: str
    who: tuple[str, ...]
    told: bool
    """The person hears of it by a message."""


ACTS = (
    Act(at=("requested", "offered"), name="offer", to="offered", who=(STAFF,), told=True),
    Act(at=("requested", "offered"), name="confirm", to="confirmed", who=(STAFF,), told=True),
    Act(at=("offered",), name="choose", to="confirmed", who=(BENEFICIARY,), told=False),
    Act(at=("confirmed",), name="move", to="confirmed", who=(STAFF,), told=True),
    Act(at=("offered", "confirmed"), name="another", to="requested", who=(BENEFICIARY,), told=False),
    Act(at=OPEN, name="cancel", to="cancelled", who=(STAFF,), told=True),
    Act(at=OPEN, name="give_up", to="cancelled", who=(BENEFICIARY,), told=False),
    Act(at=("confirmed",), name="done", to="done", who=(STAFF,), told=False),
    Act(at=("confirmed",), name="missed", to="missed", who=(STAFF,), told=True),
)
STEPS = {(state, act.name): act for act in ACTS for state in act.at}


class NotNow(Exception):
    """The table does not have it, or not from here, or the time given is none. Nothing has changed.

    `why` is wrong_state, no_such_act, past, or times; `words` is the key of the remedy."""

    def __init__(self, state: str, act: str, why: str) -> None:
        possible = ", ".join(name for at, name in STEPS if at == state) or "nothing"
        super().__init__(f'appointment at "{state}", "{act}": {why}; possible: {possible}')
        self.state, self.act, self.why = state, act, why

    @property
    def words(self) -> str:
        return f"appointment.not_now.{self.why}"


def apply(state: str, name: str, now: datetime, times: tuple[datetime, ...] = ()) -> Act:
    """The act, if it may be done from here. Raises NotNow."""
    act = STEPS.get((state, name))
    if act is None:
        raise NotNow(state, name, "wrong_state" if any(one.name == name for one in ACTS) else "no_such_act")
    least, most = _TIMES.get(name, (0, 0))
    if not least <= len(set(times)) <= most or len(set(times)) != len(times):
        raise NotNow(state, name, "times")
    if any(at <= now for at in times):
        raise NotNow(state, name, "past")
    return act


_TIMES = {"offer": (1, MOST_TIMES), "confirm": (1, 1), "move": (1, 1), "choose": (1, 1)}
"""At least and at most how many times come with an act."""


def possible(state: str, who: str) -> tuple[str, ...]:
    """What can be done from here, by staff or by the person."""
    return tuple(name for (at, name), act in STEPS.items() if at == state and who in act.who)


# --- when, as it is said and reminded of ------------------------------------------------------------------------------

_REMINDS_AT = time(16)
_TOO_LATE = timedelta(hours=2)


def when_said(starts: datetime, language: str) -> tuple[str, str]:
    """The day in both calendars, and the time of day."""
    local = here(starts)
    return said(local.date(), language), time_said(local.time(), language)


def reminder_at(starts: datetime, agreed: datetime) -> datetime | None:
    """When a reminder is due: the afternoon before; the next morning where that is night or was missed. None where it
    was agreed so late that they need none, or where nothing is left of the time before."""
    day = here(starts).date() - timedelta(days=1)
    due = by_day(datetime.combine(day, _REMINDS_AT, RIYADH)).astimezone(UTC)
    return due if agreed < due - timedelta(hours=3) else None


def may_remind(starts: datetime, agreed: datetime, now: datetime) -> bool:
    """Due, by day, and not when they are on their way already."""
    due = reminder_at(starts, agreed)
    return due is not None and due <= now <= starts - _TOO_LATE and by_day(now) == now
