"""Both calendars, working days and hours."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.association.profile import Holidays, Hours
from conversations.cases.calendar import (
    RIYADH,
    WorkingCalendar,
    by_day,
    from_hijri,
    here,
    in_digits,
    said,
    time_said,
    to_hijri,
)
from conversations.wording import house_wording

WORKWEEK = ["sun", "mon", "tue", "wed", "thu"]
USUAL: dict[str, Any] = {
    "id": "usual",
    "days": WORKWEEK,
    "opens": "08:00",
    "closes": "15:00",
    "women_opens": "09:00",
    "women_closes": "13:00",
}
RAMADAN: dict[str, Any] = {"id": "ramadan", "days": WORKWEEK, "opens": "21:00", "closes": "01:00", "hijri_months": [9]}


def a_calendar(*seasons: dict[str, Any], **corrections: Any) -> WorkingCalendar:
    return WorkingCalendar(Hours.model_validate({"season": seasons or (USUAL, RAMADAN)}), Holidays(**corrections))


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=RIYADH)


def test_a_day_is_said_in_both_calendars_with_its_name() -> None:
    assert said(date(2026, 12, 6), "ar") == "الأحد ٦ ديسمبر ٢٠٢٦م (٢٦ جمادى الآخرة ١٤٤٨هـ)"
    assert said(date(2026, 12, 13), "en") == "Sunday 13 December 2026 (4 Rajab 1448 AH)"
    assert said(date(2026, 12, 13), "ar", "latn") == "الأحد 13 ديسمبر 2026م (4 رجب 1448هـ)"


def test_a_day_beyond_the_hijri_table_is_said_in_one_calendar() -> None:
    assert to_hijri(date(2100, 1, 1)) is None
    assert said(date(2100, 1, 1), "en") == "Friday 1 January 2100"


def test_times_are_said_on_a_twelve_hour_clock() -> None:
    assert time_said(time(8), "ar") == "٨:٠٠ صباحًا"
    assert time_said(time(0, 5), "en") == "12:05 am"
    assert time_said(time(13, 30), "en") == "1:30 pm"
    assert time_said(time(12), "ar") == "١٢:٠٠ مساءً"


def test_digits_follow_the_language_unless_told_otherwise() -> None:
    assert (in_digits(15, "ar"), in_digits(15, "en"), in_digits(15, "en", "arab")) == ("١٥", "15", "١٥")


def test_a_hijri_day_that_does_not_exist_is_refused() -> None:
    assert from_hijri(1447, 9, 30) == date(2026, 3, 19)
    for day in ((1448, 9, 30), (1342, 1, 1), (1501, 1, 1), (1447, 13, 1)):
        with pytest.raises(ValueError):
            from_hijri(*day)


@given(st.dates(date(1924, 8, 1), date(2077, 11, 16)))
def test_every_day_comes_back_from_the_other_calendar(day: date) -> None:
    hijri = to_hijri(day)
    assert hijri is not None
    assert from_hijri(*hijri) == day


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        here(datetime(2026, 11, 22, 10))  # noqa: DTZ001


def test_weekends_and_public_holidays_are_no_working_days() -> None:
    calendar = a_calendar()
    assert calendar.is_working(date(2026, 11, 22))
    assert not calendar.is_working(date(2026, 11, 27))  # Friday
    assert not calendar.is_working(date(2026, 11, 28))  # Saturday
    assert not calendar.is_working(date(2026, 9, 23))  # National Day, a Wednesday
    assert calendar.holiday(date(2026, 9, 23)) == "اليوم الوطني"


def test_the_day_that_makes_up_for_a_holiday_on_a_weekend_is_free() -> None:
    assert date(2028, 2, 22).weekday() == 1
    # Founding Day 2030 falls on a Friday: the Thursday before it is free.
    assert date(2030, 2, 22).weekday() == 4
    assert not a_calendar().is_working(date(2030, 2, 21))


def test_the_association_corrects_the_table_of_holidays() -> None:
    calendar = a_calendar(add={"عطلة": date(2026, 11, 24)}, remove=[date(2026, 9, 23)])
    assert not calendar.is_working(date(2026, 11, 24))
    assert calendar.holiday(date(2026, 11, 24)) == "عطلة"
    assert calendar.is_working(date(2026, 9, 23))


def test_an_office_open_on_saturday_makes_no_working_day_of_it() -> None:
    calendar = a_calendar({**USUAL, "days": ["sat", "sun"]})
    assert calendar.is_open(at(2026, 11, 28, 9))
    assert not calendar.is_working(date(2026, 11, 28))
    assert calendar.is_working(date(2026, 11, 25))


def test_fifteen_working_days_pass_over_weekends_and_holidays() -> None:
    calendar = a_calendar()
    assert calendar.add_working_days(date(2026, 11, 22), 15) == date(2026, 12, 13)
    # Thursday 17 September: the Wednesday after it is National Day.
    assert calendar.add_working_days(date(2026, 9, 17), 4) == date(2026, 9, 24)
    assert calendar.add_working_days(date(2026, 9, 17), 0) == date(2026, 9, 17)


@given(st.dates(date(2024, 1, 1), date(2040, 1, 1)), st.integers(1, 60))
def test_counted_days_are_exactly_as_many_working_days(start: date, count: int) -> None:
    calendar = a_calendar()
    end = calendar.add_working_days(start, count)
    between = [start + timedelta(days=ahead) for ahead in range(1, (end - start).days + 1)]
    assert calendar.is_working(end)
    assert sum(map(calendar.is_working, between)) == count


def test_open_follows_the_hours_of_the_season() -> None:
    calendar = a_calendar()
    assert calendar.is_open(at(2026, 11, 22, 8))
    assert not calendar.is_open(at(2026, 11, 22, 15))
    assert not calendar.is_open(at(2026, 11, 27, 10))
    # 1 Ramadan 1448 is 8 February 2027, a Monday: the mornings are closed, the nights open past midnight.
    assert to_hijri(date(2027, 2, 8)) == (1448, 9, 1)
    assert not calendar.is_open(at(2027, 2, 8, 10))
    assert calendar.is_open(at(2027, 2, 9, 0, 30))
    assert not calendar.is_open(at(2027, 2, 9, 1))


def test_the_next_opening_passes_over_a_night_a_weekend_and_a_feast() -> None:
    calendar = a_calendar()
    assert calendar.next_open(at(2026, 11, 22, 16)) == at(2026, 11, 23, 8)
    assert calendar.next_open(at(2026, 11, 26, 20)) == at(2026, 11, 29, 8)
    assert calendar.next_open(at(2026, 11, 22, 10)) == at(2026, 11, 22, 10)
    # Friday 6 March 2027 to the end of Eid: still Ramadan nights, then the feast, then the usual hours.
    assert calendar.next_open(at(2027, 3, 8, 12)) == at(2027, 3, 8, 21)
    assert calendar.next_open(at(2027, 3, 9, 12)) == at(2027, 3, 15, 8)


def test_the_next_opening_for_women_is_when_a_woman_is_there() -> None:
    calendar = a_calendar()
    assert calendar.next_open(at(2026, 11, 22, 8), women=True) == at(2026, 11, 22, 9)
    assert not calendar.is_open(at(2026, 11, 22, 14), women=True)


def test_no_opening_is_promised_where_none_is_known() -> None:
    without = {key: value for key, value in USUAL.items() if not key.startswith("women")}
    calendar = a_calendar(without)
    assert calendar.next_open(at(2026, 11, 22, 8), women=True) is None
    assert calendar.next_open_said(at(2026, 11, 22, 8), "ar", house_wording("ar"), women=True) == ""


@pytest.mark.parametrize(
    ("now", "arabic", "english"),
    [
        (at(2026, 11, 22, 9), "الآن", "now"),
        (at(2026, 11, 22, 6), "اليوم الساعة ٨:٠٠ صباحًا", "today at 8:00 am"),
        (at(2026, 11, 22, 16), "غدًا الاثنين الساعة ٨:٠٠ صباحًا", "tomorrow, Monday, at 8:00 am"),
        (
            at(2026, 11, 26, 20),
            "الأحد ٢٩ نوفمبر ٢٠٢٦م (١٩ جمادى الآخرة ١٤٤٨هـ) الساعة ٨:٠٠ صباحًا",
            "on Sunday 29 November 2026 (19 Jumada al-Akhirah 1448 AH) at 8:00 am",
        ),
    ],
)
def test_the_next_opening_is_said_as_people_say_it(now: datetime, arabic: str, english: str) -> None:
    calendar = a_calendar()
    assert calendar.next_open_said(now.astimezone(UTC), "ar", house_wording("ar")) == arabic
    assert calendar.next_open_said(now.astimezone(UTC), "en", house_wording("en")) == english


@given(st.datetimes(datetime(2025, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_next_opening_is_open_and_never_past(now: datetime) -> None:
    calendar = a_calendar()
    opening = calendar.next_open(now)
    assert opening is not None
    assert opening >= now
    assert calendar.is_open(opening)


@given(st.datetimes(datetime(2025, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_must_not_be_said_at_night_waits_for_the_morning(moment: datetime) -> None:
    said_at = by_day(moment)
    assert moment <= said_at < moment + timedelta(hours=12, seconds=1)
    assert 9 <= said_at.astimezone(RIYADH).hour < 21
