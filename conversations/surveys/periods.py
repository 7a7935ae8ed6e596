"""Which run of a periodic survey a day belongs to: a month, a quarter, half a year or a year, in either calendar.

Source: H د-1 and T objective 5 (a satisfaction survey each period); the policies name no length, the profile does. A
run is known by its key (1448-Q2, 2026-11), once each, whoever looks and however often. Days are days of Riyadh.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple

from conversations.association.survey import Survey
from conversations.cases.calendar import RIYADH, from_hijri, here, to_hijri
from conversations.cases.period import Calendar

MONTHS: Final[Mapping[str, int]] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
ROLLING: Final = "quarter"
"""What follows an occasion is gathered by the quarter."""
_LETTER: Final = {3: "Q", 6: "H"}
_KEY: Final = re.compile(r"(\d{4})(?:-(?:(\d\d)|([QH])([1-4])))?")
_LAST_HIJRI: Final = 1600
"""A year below this is a Hijri one."""


class Run(NamedTuple):
    """One run. `begins` is its first moment, `ends` the first one after it, both UTC."""

    key: str
    begins: datetime
    ends: datetime


def run_at(every: str, calendar: Calendar, moment: datetime) -> Run:
    """The run that this moment belongs to. Raises KeyError for another length, ValueError for a naive time and for a
    Hijri day outside 1343–1500."""
    day = here(moment).date()
    if calendar == "hijri":
        hijri = to_hijri(day)
        if hijri is None:
            raise ValueError(f"{day} has no Hijri date here")
        year, month = hijri[:2]
    else:
        year, month = day.year, day.month
    return _run(MONTHS[every], calendar, year * 12 + month - 1)


def before(every: str, calendar: Calendar, run: Run) -> Run:
    """The one before it."""
    year, month = _begins_in(run.key)
    length = MONTHS[every]
    return _run(length, calendar, year * 12 + month - 1 - length)


def of_key(key: str) -> Run | None:
    """The run of this key; None for what is none (a wave started by hand, a cron's)."""
    found = _KEY.fullmatch(key)
    if not found:
        return None
    length = 12 if key.isdigit() else 1 if found[2] else {"Q": 3, "H": 6}[found[3]]
    try:
        year, month = _begins_in(key)
        if not 1 <= month <= 12:
            return None
        run = _run(length, "hijri" if year < _LAST_HIJRI else "gregorian", year * 12 + month - 1)
    except ValueError:
        return None
    return run if run.key == key else None


def length_of(survey: Survey) -> str:
    """How long the runs of a survey are; empty where a cron says so."""
    return survey.every if survey.occasion == "periodic" else ROLLING


def _run(length: int, calendar: Calendar, months: int) -> Run:
    """`months`: counted through from the year nought, any of the run's."""
    first = months // length * length
    year, month = divmod(first, 12)
    if length == 12:
        key = f"{year}"
    elif length == 1:
        key = f"{year}-{month + 1:02}"
    else:
        key = f"{year}-{_LETTER[length]}{month // length + 1}"
    return Run(key, _first(first, calendar), _first(first + length, calendar))


def _begins_in(key: str) -> tuple[int, int]:
    found = _KEY.fullmatch(key)
    if not found:
        raise ValueError(f"{key} names no run")
    year = int(found[1])
    if found[2]:
        return year, int(found[2])
    if found[3]:
        return year, (int(found[4]) - 1) * {"Q": 3, "H": 6}[found[3]] + 1
    return year, 1


def _first(months: int, calendar: Calendar) -> datetime:
    year, month = divmod(months, 12)
    day = from_hijri(year, month + 1, 1) if calendar == "hijri" else date(year, month + 1, 1)
    return datetime.combine(day, time(), RIYADH).astimezone(UTC)
