"""Periods in both calendars, and how a wait is measured by office hours."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest

from conversations.association.profile import Holidays, Hours
from conversations.cases.calendar import RIYADH, WorkingCalendar
from conversations.cases.period import NAMES, Calendar, Period, label, named, parts
from conversations.cases.working_time import WorkingTime

TODAY = date(2026, 11, 22)  # 12/6/1448


@pytest.mark.parametrize(
    ("name", "calendar", "first", "last"),
    [
        ("month", "gregorian", date(2026, 11, 1), TODAY),
        ("last_month", "gregorian", date(2026, 10, 1), date(2026, 10, 31)),
        ("quarter", "gregorian", date(2026, 10, 1), TODAY),
        ("last_quarter", "gregorian", date(2026, 7, 1), date(2026, 9, 30)),
        ("year", "gregorian", date(2026, 1, 1), TODAY),
        ("last_year", "gregorian", date(2025, 1, 1), date(2025, 12, 31)),
        ("month", "hijri", date(2026, 11, 11), TODAY),
        ("last_month", "hijri", date(2026, 10, 12), date(2026, 11, 10)),
        ("year", "hijri", date(2026, 6, 16), TODAY),
        ("last_year", "hijri", date(2025, 6, 26), date(2026, 6, 15)),
    ],
)
def test_a_named_period_is_these_days(name: str, calendar: Any, first: date, last: date) -> None:
    assert named(name, calendar, TODAY) == Period(first, last)


def test_the_month_before_january_is_december() -> None:
    assert named("last_month", "gregorian", date(2026, 1, 5)) == Period(date(2025, 12, 1), date(2025, 12, 31))
    assert named("last_quarter", "gregorian", date(2026, 1, 5)) == Period(date(2025, 10, 1), date(2025, 12, 31))


@pytest.mark.parametrize("calendar", get_args(Calendar))
@pytest.mark.parametrize("name", NAMES)
def test_the_parts_of_a_period_are_the_whole_of_it(name: str, calendar: Any) -> None:
    for ahead in range(0, 800, 13):
        period = named(name, calendar, TODAY + timedelta(days=ahead))
        found = parts(period, calendar)
        assert found[0].first == period.first
        assert found[-1].last == period.last
        assert all(one.last + timedelta(days=1) == other.first for one, other in pairwise(found))
        assert len(found) <= 45
        assert all(label(one, period.unit, calendar, "ar") for one in found)


def test_a_week_begins_on_sunday_and_a_month_is_named() -> None:
    weeks = parts(Period(date(2026, 9, 2), date(2026, 11, 30)), "gregorian")
    assert {one.first.weekday() for one in weeks[1:]} == {6}
    assert label(weeks[1], "week", "gregorian", "en") == "6/9"
    assert label(Period(TODAY, TODAY), "month", "hijri", "ar") == "جمادى الآخرة ١٤٤٨"


def test_a_period_begins_and_ends_at_midnight_in_riyadh() -> None:
    period = Period(TODAY, TODAY)
    assert period.start == datetime(2026, 11, 21, 21, tzinfo=UTC)
    assert period.end - period.start == timedelta(days=1)


USUAL = {"id": "usual", "days": ("sun", "mon", "tue", "wed", "thu"), "opens": time(8), "closes": time(16)}
CALENDAR = WorkingCalendar(Hours.model_validate({"season": [USUAL]}), Holidays())
WAITING = WorkingTime(CALENDAR, date(2026, 11, 1), date(2026, 11, 30))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=RIYADH)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (at(22, 9), at(22, 10), 1),
        (at(22, 15), at(23, 9), 2),
        (at(19, 23), at(22, 9), 1),  # Thursday night to Sunday morning
        (at(20, 12), at(21, 12), 0),  # Friday to Saturday
        (at(22, 18), at(22, 20), 0),  # in the evening
        (at(22, 6), at(22, 9), 1),
        (at(22, 9), at(29, 9), 40),
        (at(22, 10), at(22, 9), 0),
    ],
)
def test_only_office_hours_count_as_waiting(since: datetime, until: datetime, hours: float) -> None:
    assert WAITING.between(since, until) == timedelta(hours=hours)


def test_hours_that_run_past_midnight_are_counted_once() -> None:
    late = USUAL | {"opens": time(20), "closes": time(2)}
    calendar = WorkingCalendar(Hours.model_validate({"season": [late]}), Holidays())
    waiting = WorkingTime(calendar, date(2026, 11, 20), date(2026, 11, 24))
    assert waiting.between(at(22, 21), at(23, 21)) == timedelta(hours=6)


def test_what_lies_outside_the_known_days_counts_nothing() -> None:
    assert WAITING.between(at(22, 9) - timedelta(days=400), at(22, 9) + timedelta(days=400)) > timedelta(hours=100)
    assert WAITING.between(at(1, 0) - timedelta(days=9), at(1, 0)) == timedelta()
