"""What is due of a case next, and how near that is: the desk's lists, chips and reminders all count by this table.

Source: the promise itself (promise.py) wherever it names a day; where none is printed, the days in which the office
means to take the next step are ours [P]. They are told to nobody: they only bring a case before somebody's eyes.
A stage in which the person has the word (something is missing, a proposal, a consent) has no clock of the house.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from conversations.cases.calendar import RIYADH, WorkingCalendar, here

Lamp = Literal["", "amber", "red", "overdue"]
AMBER_DAYS: Final = 3
RED_DAYS: Final = 1
"""Working days that are left, the last one included, from which a case is amber, red."""

_PROMISED = ("latest", "earliest", "next_update")
_HEARD = ("latest", "next_update")

DUE: Final[Mapping[str, Mapping[str, tuple[str | int, ...] | int]]] = {
    # A tuple: the first of these days that the case has. A number: so many working days after the stage was entered.
    "request": {
        "submitted": _PROMISED,
        "verifying": _PROMISED,
        "with_committee": _PROMISED,
        "accepted": 5,
        "registered": ("owed",),
        "refused": ("until", 10),
        "delivered": 10,
    },
    "complaint": {
        "received": 0,
        "acknowledged": _HEARD,
        "assessed": _HEARD,
        "investigating": _HEARD,
        "settling": _HEARD,
        "answered": ("until", 10),
        "appealed": _HEARD,
        "accepted": 2,
    },
    "compensation": {
        "claimed": _HEARD,
        "minuted": _HEARD,
        "fault_proven": _HEARD,
        "fault_not_proven": 10,
        "negotiating": _HEARD,
        "settled": 10,
    },
    "suggestion": {"received": 5, "reviewing": 20, "adopted": 20},
    "inquiry": {"received": 2, "assigned": 2},
    "volunteering": {"received": 5, "invited": 10},
    "data_request": {"received": ("latest",), "verified": ("latest",), "executed": 2},
}
"""By kind and stage. `owed`: the nearest day of an entitlement that is not delivered; `until`: the last day to object
or appeal, after which the case may be closed. A stage that is not here waits for nobody in the house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """What a case knows of its days. Aware."""

    entered: datetime
    """When it came to the stage it is at."""
    earliest: datetime | None = None
    latest: datetime | None = None
    next_update: datetime | None = None
    until: datetime | None = None
    owed: datetime | None = None


def due_of(kind: str, stage: str, days: Days, calendar: WorkingCalendar) -> datetime | None:
    """When the house must have done the next thing; None where nothing is due, or the case is at its end."""
    rule = DUE.get(kind, {}).get(stage)
    if rule is None:
        return None
    named = ((one, _named(one, days, calendar)) for one in (rule if isinstance(rule, tuple) else (rule,)))
    return next((at for _, at in named if at is not None), None)


def _named(one: str | int, days: Days, calendar: WorkingCalendar) -> datetime | None:
    if isinstance(one, int):
        return end_of(_after(here(days.entered).date(), one, calendar))
    at: datetime | None = getattr(days, one)
    return at


def lamp(due: datetime | None, now: datetime, calendar: WorkingCalendar) -> Lamp:
    """How near it is, in working days."""
    if due is None:
        return ""
    if due < now:
        return "overdue"
    red, amber = marks(now, calendar)
    return "red" if due <= red else "amber" if due <= amber else ""


def marks(now: datetime, calendar: WorkingCalendar) -> tuple[datetime, datetime]:
    """Until when what is due is red, and amber: for conditions of a query."""
    today = here(now).date()
    return (
        end_of(_after(today, RED_DAYS - calendar.is_working(today), calendar)),
        end_of(_after(today, AMBER_DAYS - calendar.is_working(today), calendar)),
    )


def working_days(since: datetime, to: datetime, calendar: WorkingCalendar) -> int:
    """Working days after the one day up to and with the other, as a promise counts them; negative where `to` lies
    before."""
    first, last = here(since).date(), here(to).date()
    if last < first:
        return -working_days(to, since, calendar)
    return sum(calendar.is_working(first + timedelta(days=ahead)) for ahead in range(1, (last - first).days + 1))


def end_of(day: date) -> datetime:
    """The last second of a day in Riyadh, in UTC."""
    return datetime.combine(day, time(23, 59, 59), RIYADH).astimezone(UTC)


def _after(day: date, count: int, calendar: WorkingCalendar) -> date:
    """`count` working days on; a day that is none counts as the next that is one."""
    if count <= 0:
        return day if calendar.is_working(day) else calendar.add_working_days(day, 1)
    return calendar.add_working_days(day, count)
