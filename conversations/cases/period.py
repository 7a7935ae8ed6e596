"""Spans of days for figures: this month, quarter or year and the one before, in either calendar, and their parts.

A year of the charity may be Hijri or Gregorian; both are offered everywhere, and a period is always days of Riyadh.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from conversations.cases.calendar import HIJRI_MONTHS, MONTHS, RIYADH, from_hijri, in_digits, to_hijri

Calendar = Literal["hijri", "gregorian"]
Unit = Literal["day", "week", "month"]
NAMES: Final = ("month", "last_month", "quarter", "last_quarter", "year", "last_year")
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAY = timedelta(days=1)
_SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Period:
    """Days, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment, UTC."""
        return datetime.combine(self.first, time(), RIYADH).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it, UTC."""
        return datetime.combine(self.last + _DAY, time(), RIYADH).astimezone(UTC)

    @property
    def unit(self) -> Unit:
        """Into which parts it is best divided to be read."""
        return "day" if self.days <= 45 else "week" if self.days <= 200 else "month"


def named(name: str, calendar: Calendar, today: date) -> Period:
    """One of NAMES; what is not over yet ends today. Raises KeyError for another name."""
    back = name.startswith("last_")
    length = _MONTHS[name.removeprefix("last_")]
    year, month = _month_of(today, calendar)
    # Months counted through from the year nought, so that a step back over a new year is a plain subtraction.
    begin = year * 12 + (month - 1) // length * length - length * back
    return Period(_first(begin, calendar), min(_first(begin + length, calendar) - _DAY, today))


def parts(period: Period, calendar: Calendar) -> list[Period]:
    """Its days, its weeks from Sunday, or its months in this calendar; the first and the last may be cut."""
    found = []
    day = period.first
    while day <= period.last:
        last = min(_ends(day, period.unit, calendar), period.last)
        found.append(Period(day, last))
        day = last + _DAY
    return found


def label(part: Period, unit: Unit, calendar: Calendar, language: str) -> str:
    """Short, for an axis: a day and a month's number, or a month's name."""
    year, month, day = _date_in(part.first, calendar)
    if unit == "month":
        names = HIJRI_MONTHS if calendar == "hijri" else MONTHS
        return in_digits(f"{names['en' if language == 'en' else 'ar'][month - 1]} {year}", language)
    return in_digits(f"{day}/{month}", language)


def _ends(day: date, unit: Unit, calendar: Calendar) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return day + _DAY * ((_SUNDAY - 1 - day.weekday()) % 7)
    year, month = _month_of(day, calendar)
    return _first(year * 12 + month, calendar) - _DAY


def _first(months: int, calendar: Calendar) -> date:
    year, month = divmod(months, 12)
    return from_hijri(year, month + 1, 1) if calendar == "hijri" else date(year, month + 1, 1)


def _month_of(day: date, calendar: Calendar) -> tuple[int, int]:
    return _date_in(day, calendar)[:2]


def _date_in(day: date, calendar: Calendar) -> tuple[int, int, int]:
    hijri = to_hijri(day) if calendar == "hijri" else None
    return hijri or (day.year, day.month, day.day)
