"""Appointments: the table says who may do what from where; a reminder comes the afternoon before, by day."""

from datetime import datetime, timedelta

import pytest

from conversations.cases import appointment
from conversations.cases.appointment import ACTS, OPEN, STEPS, NotNow, apply, may_remind, possible, reminder_at
from conversations.cases.calendar import RIYADH
from conversations.cases.move import BENEFICIARY
from conversations.flows.appointment import short
from conversations.says import ROW_TITLE
from conversations.wording import LANGUAGES, house_wording

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=RIYADH)
TOMORROW = NOW + timedelta(days=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=RIYADH)


def test_every_open_state_is_reached_and_can_end() -> None:
    reached = {"requested"} | {act.to for act in ACTS}
    assert reached == {"requested", "offered", "confirmed", "cancelled", "done", "missed"}
    for state in OPEN:
        ends = {STEPS[state, name].to for at_, name in STEPS if at_ == state}
        assert "cancelled" in ends
    assert not any(at_ in ("cancelled", "done", "missed") for at_, _ in STEPS)


def test_staff_and_the_person_each_have_their_own_acts() -> None:
    assert possible("offered", BENEFICIARY) == ("choose", "another", "give_up")
    assert set(possible("confirmed", appointment.STAFF)) == {"move", "cancel", "done", "missed"}
    assert not set(possible("requested", BENEFICIARY)) & {"offer", "confirm"}


@pytest.mark.parametrize(
    ("state", "act", "times", "why"),
    [
        ("done", "move", (TOMORROW,), "wrong_state"),
        ("requested", "dance", (), "no_such_act"),
        ("requested", "offer", (), "times"),
        ("requested", "offer", tuple(TOMORROW + timedelta(hours=hour) for hour in range(4)), "times"),
        ("requested", "offer", (TOMORROW, TOMORROW), "times"),
        ("requested", "confirm", (TOMORROW, TOMORROW + timedelta(hours=1)), "times"),
        ("confirmed", "move", (NOW - timedelta(minutes=1),), "past"),
        ("confirmed", "cancel", (TOMORROW,), "times"),
    ],
)
def test_what_is_not_possible_says_why_and_what_is(state: str, act: str, times: tuple[datetime, ...], why: str) -> None:
    with pytest.raises(NotNow) as refused:
        apply(state, act, NOW, times)
    assert refused.value.why == why
    for language in LANGUAGES:
        assert refused.value.words in house_wording(language)


def test_whatever_is_told_has_its_words() -> None:
    for language in LANGUAGES:
        words = house_wording(language)
        for act in ACTS:
            assert not act.told or f"appointment.{act.name}" in words
        for kind in appointment.KINDS:
            assert f"appointment.name.{kind}" in words


@pytest.mark.parametrize(
    ("starts", "agreed", "due"),
    [
        (at(25, 10), at(22, 10), at(24, 16)),
        (at(25, 10), at(24, 12, 59), at(24, 16)),
        (at(25, 10), at(24, 13), None),  # they have just agreed
        (at(25, 10), at(25, 8), None),
    ],
)
def test_a_reminder_is_due_the_afternoon_before(starts: datetime, agreed: datetime, due: datetime | None) -> None:
    assert reminder_at(starts, agreed) == due


@pytest.mark.parametrize(
    ("now", "may"),
    [
        (at(24, 15, 59), False),
        (at(24, 16), True),
        (at(24, 20, 59), True),
        (at(24, 21), False),  # night
        (at(25, 3), False),
        (at(25, 9), True),
        (at(25, 10), True),
        (at(25, 10, 1), False),  # they are on their way
    ],
)
def test_nobody_is_reminded_at_night_or_too_late(now: datetime, may: bool) -> None:
    assert may_remind(at(25, 12), at(22, 10), now) is may


def test_a_time_fits_the_row_of_every_channel() -> None:
    for language in LANGUAGES:
        for day in range(1, 29):
            for hour in (0, 9, 12, 23):
                assert len(short(datetime(2026, 9, day, hour, 59, tzinfo=RIYADH), language)) <= ROW_TITLE
    assert short(at(25, 13), "ar") == "الأربعاء ٢٥، ١:٠٠ م"
    assert short(at(25, 0), "en") == "Wednesday 25, 12:00 am"
