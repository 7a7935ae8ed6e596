"""What is due of a case next, by its kind and stage, and how near it is in working days."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.association.profile import Holidays, Hours
from conversations.cases import clock
from conversations.cases.calendar import WorkingCalendar, here
from conversations.cases.clock import Days, due_of, lamp, marks, working_days
from conversations.cases.lifecycle import FINAL, LIFECYCLES

SUNDAY = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
CALENDAR = WorkingCalendar(Hours(seasons=()), Holidays())
LATEST, UPDATE, EARLIEST = (SUNDAY + timedelta(days=days) for days in (21, 14, 13))


def days(**known: datetime) -> Days:
    return Days(entered=SUNDAY, **known)


def test_every_stage_that_waits_for_the_house_is_one_of_its_lifecycle() -> None:
    assert set(clock.DUE) == set(LIFECYCLES)
    for kind, stages in clock.DUE.items():
        assert set(stages) <= set(LIFECYCLES[kind].stages) - FINAL, kind


def test_every_open_stage_has_a_clock_or_waits_for_the_person() -> None:
    waits = {
        (kind, stage)
        for kind, lifecycle in LIFECYCLES.items()
        for stage in lifecycle.stages
        if stage not in FINAL and stage not in clock.DUE[kind]
    }
    assert waits == {
        ("request", "awaiting_consent"),
        ("request", "returned"),
        ("data_request", "returned"),
        ("inquiry", "answered"),
        ("volunteering", "accepted"),
    }


@pytest.mark.parametrize(
    ("kind", "stage", "known", "due"),
    [
        ("request", "verifying", {"latest": LATEST, "earliest": EARLIEST, "next_update": UPDATE}, LATEST),
        ("request", "with_committee", {"earliest": EARLIEST, "next_update": UPDATE}, EARLIEST),
        ("request", "submitted", {"next_update": UPDATE}, UPDATE),
        ("request", "returned", {"latest": LATEST}, None),
        ("request", "registered", {"latest": LATEST, "owed": UPDATE}, UPDATE),
        ("request", "registered", {"latest": LATEST}, None),
        ("request", "refused", {"until": LATEST}, LATEST),
        ("request", "closed", {"latest": LATEST}, None),
        ("complaint", "investigating", {"next_update": UPDATE}, UPDATE),
        ("data_request", "received", {"latest": LATEST}, LATEST),
    ],
)
def test_the_promise_says_what_is_due_wherever_it_names_a_day(
    kind: str, stage: str, known: dict[str, datetime], due: datetime | None
) -> None:
    assert due_of(kind, stage, days(**known), CALENDAR) == due


def test_a_complaint_is_acknowledged_on_the_day_it_comes_and_on_a_weekend_the_next_working_day() -> None:
    def due(entered: datetime) -> str:
        found = due_of("complaint", "received", Days(entered=entered), CALENDAR)
        assert found is not None
        return f"{here(found):%Y-%m-%d %H:%M}"

    assert due(SUNDAY) == "2026-11-22 23:59"
    assert due(SUNDAY + timedelta(days=5)) == "2026-11-29 23:59"  # Friday


def test_where_no_day_is_promised_the_house_gives_itself_working_days() -> None:
    due = due_of("inquiry", "received", days(), CALENDAR)
    assert due is not None and here(due).date().isoformat() == "2026-11-24"
    thursday = Days(entered=SUNDAY + timedelta(days=4))
    due = due_of("inquiry", "received", thursday, CALENDAR)
    assert due is not None and here(due).date().isoformat() == "2026-11-30"


@pytest.mark.parametrize(
    ("ahead", "shows"),
    [(-1, "overdue"), (0.2, "red"), (1, "amber"), (2, "amber"), (3, ""), (10, "")],
)
def test_what_is_due_is_amber_then_red_then_overdue(ahead: float, shows: str) -> None:
    assert lamp(SUNDAY + timedelta(days=ahead), SUNDAY, CALENDAR) == shows


def test_a_weekend_brings_nothing_nearer() -> None:
    thursday = SUNDAY + timedelta(days=4)
    assert lamp(thursday + timedelta(days=5), thursday, CALENDAR) == ""  # Tuesday: the third working day from Sunday
    assert lamp(thursday + timedelta(days=4), thursday, CALENDAR) == "amber"
    friday = thursday + timedelta(days=1)
    assert lamp(friday + timedelta(days=2), friday, CALENDAR) == "red"  # Sunday is the next working day
    assert marks(friday, CALENDAR)[0] == clock.end_of((SUNDAY + timedelta(days=7)).date())
    assert lamp(None, SUNDAY, CALENDAR) == ""


def test_working_days_are_counted_as_the_promise_counts_them() -> None:
    assert working_days(SUNDAY, CALENDAR_END := SUNDAY + timedelta(days=21), CALENDAR) == 15
    assert working_days(CALENDAR_END, SUNDAY, CALENDAR) == -15
    assert working_days(SUNDAY, SUNDAY, CALENDAR) == 0
