"""What a worker does where no message can: a call, a letter, a fax, a slip for the branch, an apology; and its outcome.

A call is tried again at a decent hour: while the office is open (and a woman there, where one was asked for), and never
between 21:00 and 8:00. After the last try it is given up, and the notice goes on to the next way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, Literal

from conversations.cases.calendar import RIYADH, WorkingCalendar, here

Kind = Literal["call", "letter", "fax", "slip", "apology"]
KINDS: Final[tuple[Kind, ...]] = ("call", "letter", "fax", "slip", "apology")
DECENT: Final = (time(8), time(21))
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_LOOK_AHEAD = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reached`: the person was told, and the worker's word is the evidence; `again`: it is tried again; `needs_note`:
    nobody can act on it without a word of why."""

    name: str
    reached: bool = False
    again: bool = False
    needs_note: bool = False


_REACHED, _NO_ANSWER = Outcome("reached", reached=True), Outcome("no_answer", again=True)
_WRONG, _STOP, _DIED = Outcome("wrong_number"), Outcome("stop", reached=True), Outcome("died")

OUTCOMES: Final[Mapping[str, tuple[Outcome, ...]]] = {
    "call": (_REACHED, _NO_ANSWER, _WRONG, _STOP, _DIED),
    "letter": (Outcome("posted", reached=True), Outcome("no_address")),
    "fax": (Outcome("sent", reached=True), _NO_ANSWER, _WRONG),
    "slip": (_REACHED, Outcome("not_come", again=True), _STOP, _DIED),
    "apology": (Outcome("approved", reached=True, needs_note=True), Outcome("not_needed", needs_note=True)),
}
"""What can be recorded of each kind, in the order of its buttons. `stop`: they want nothing more to be begun; `died`:
everything stops, and staff speak with the family."""

AFTERWARDS: Final[Mapping[str, tuple[Outcome, ...]]] = {"letter": (Outcome("returned"),)}
"""What may still come of one that is done."""

AGAIN: Final[Mapping[str, tuple[timedelta, ...]]] = {
    "call": (3 * _HOUR, _DAY, 2 * _DAY),
    "fax": (_HOUR, _DAY),
    "slip": (7 * _DAY, 7 * _DAY),
}
"""How long until the next try; after the last it is given up."""


def outcome_of(kind: str, name: str, state: str = "open") -> Outcome | None:
    """None for what cannot come of this kind, as it stands."""
    table = OUTCOMES if state == "open" else AFTERWARDS
    return next((one for one in table.get(kind, ()) if one.name == name), None)


def next_try(kind: str, tries: int, now: datetime, calendar: WorkingCalendar, women: bool = False) -> datetime | None:
    """When it is tried again after `tries` without an answer; None: it is given up."""
    waits = AGAIN.get(kind, ())
    return decent(now + waits[tries - 1], calendar, women) if tries <= len(waits) else None


def decent(at: datetime, calendar: WorkingCalendar, women: bool = False) -> datetime:
    """This moment, or the next at which somebody is there to call and nobody is woken."""
    for _ in range(_LOOK_AHEAD):
        opens = calendar.next_open(at, women)
        if opens is None and women:
            opens, women = calendar.next_open(at), False
        local = here(opens or at)
        if DECENT[0] <= local.time() < DECENT[1]:
            return local.astimezone(at.tzinfo)
        day = local.date() + (_DAY if local.time() >= DECENT[1] else timedelta())
        at = datetime.combine(day, DECENT[0], RIYADH).astimezone(at.tzinfo)
    return at
