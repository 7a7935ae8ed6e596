"""Runs of a periodic survey: each day belongs to one, they follow each other without a gap, and a key names one."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.cases.calendar import RIYADH, from_hijri, to_hijri
from conversations.surveys.periods import MONTHS, Run, before, of_key, run_at

LENGTHS = st.sampled_from(sorted(MONTHS))
CALENDARS = st.sampled_from(["hijri", "gregorian"])
MOMENTS = st.integers(0, 80 * 365 * 24 * 60).map(
    lambda minutes: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), RIYADH)


def days(run: Run) -> tuple[date, date]:
    """Its first day and the first one after it."""
    return run.begins.astimezone(RIYADH).date(), run.ends.astimezone(RIYADH).date()


@pytest.mark.parametrize(
    ("day", "every", "key", "first", "after"),
    [
        # 22 November 2026 is 12/6/1448.
        (date(2026, 11, 22), "month", "1448-06", (1448, 6), (1448, 7)),
        (date(2026, 11, 22), "quarter", "1448-Q2", (1448, 4), (1448, 7)),
        (date(2026, 11, 22), "half-year", "1448-H1", (1448, 1), (1448, 7)),
        (date(2026, 11, 22), "year", "1448", (1448, 1), (1449, 1)),
        # The last day of Ramadan 1447, which has thirty; the day after is a month, a quarter and a feast further.
        (from_hijri(1447, 9, 29), "quarter", "1447-Q3", (1447, 7), (1447, 10)),
        (from_hijri(1447, 9, 29), "month", "1447-09", (1447, 9), (1447, 10)),
        (from_hijri(1447, 10, 1), "quarter", "1447-Q4", (1447, 10), (1448, 1)),
        (from_hijri(1447, 12, 29), "year", "1447", (1447, 1), (1448, 1)),
    ],
)
def test_a_hijri_run(day: date, every: str, key: str, first: tuple[int, int], after: tuple[int, int]) -> None:
    run = run_at(every, "hijri", at(day))
    assert run.key == key
    assert days(run) == (from_hijri(*first, 1), from_hijri(*after, 1))


@pytest.mark.parametrize(
    ("day", "every", "key", "first", "after"),
    [
        (date(2028, 2, 29), "month", "2028-02", date(2028, 2, 1), date(2028, 3, 1)),
        (date(2026, 1, 31), "month", "2026-01", date(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 12, 31), "quarter", "2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        (date(2026, 6, 30), "half-year", "2026-H1", date(2026, 1, 1), date(2026, 7, 1)),
        (date(2026, 7, 1), "half-year", "2026-H2", date(2026, 7, 1), date(2027, 1, 1)),
        (date(2026, 12, 31), "year", "2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_gregorian_run(day: date, every: str, key: str, first: date, after: date) -> None:
    run = run_at(every, "gregorian", at(day))
    assert run.key == key
    assert days(run) == (first, after)


def test_a_run_begins_at_midnight_in_riyadh_and_not_in_greenwich() -> None:
    last = datetime(2026, 10, 31, 20, 59, tzinfo=UTC)
    assert run_at("month", "gregorian", last).key == "2026-10"
    assert run_at("month", "gregorian", last + timedelta(minutes=1)).key == "2026-11"
    assert run_at("month", "gregorian", last).ends == last + timedelta(minutes=1)


def test_a_hijri_month_of_twenty_nine_days_and_one_of_thirty() -> None:
    # Ramadan 1447 has thirty days, Ramadan 1448 twenty-nine (Umm al-Qura).
    lengths = [(run.ends - run.begins).days for run in (of_key("1447-09"), of_key("1448-09")) if run]
    assert lengths == [30, 29]


@given(LENGTHS, CALENDARS, MOMENTS)
def test_every_moment_belongs_to_the_run_whose_key_names_it(every: str, calendar: Any, moment: datetime) -> None:
    run = run_at(every, calendar, moment)
    assert run.begins <= moment < run.ends
    assert of_key(run.key) == run
    assert run_at(every, calendar, run.begins) == run == run_at(every, calendar, run.ends - timedelta(seconds=1))


@given(LENGTHS, CALENDARS, MOMENTS)
def test_runs_follow_each_other_without_a_gap(every: str, calendar: Any, moment: datetime) -> None:
    run = run_at(every, calendar, moment)
    last = before(every, calendar, run)
    assert last.ends == run.begins
    assert last == run_at(every, calendar, run.begins - timedelta(seconds=1))
    assert last.key != run.key


@given(MOMENTS)
def test_a_year_holds_four_quarters_and_two_halves(moment: datetime) -> None:
    year = run_at("year", "hijri", moment)
    quarters = [of_key(f"{year.key}-Q{number}") for number in range(1, 5)]
    halves = [of_key(f"{year.key}-H{number}") for number in (1, 2)]
    assert quarters[0] and quarters[1] and quarters[3] and halves[0] and halves[1]
    assert (quarters[0].begins, quarters[1].ends, quarters[3].ends) == (year.begins, halves[0].ends, year.ends)
    assert halves[1].begins == halves[0].ends


@pytest.mark.parametrize("key", ["", "cron:2026-11-22", "1448-Q5", "1448-H3", "1448-13", "1448-00", "2026-11-22", "9"])
def test_what_is_no_key_names_no_run(key: str) -> None:
    assert of_key(key) is None


def test_beyond_the_table_of_umm_al_qura_it_says_so() -> None:
    assert to_hijri(date(2090, 1, 1)) is None
    with pytest.raises(ValueError, match="no Hijri date"):
        run_at("quarter", "hijri", at(date(2090, 1, 1)))
