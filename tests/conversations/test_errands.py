"""What staff do where no message can: at decent hours, a few times, and each outcome leads somewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.association.association import Association
from conversations.cases.calendar import calendar_of, here
from conversations.cases.errands import AGAIN, DECENT, KINDS, OUTCOMES, decent, next_try, outcome_of

THURSDAY = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
"""14:00 in Riyadh, before a weekend."""


def test_every_kind_ends_and_what_is_tried_again_is_given_up_one_day() -> None:
    assert tuple(OUTCOMES) == KINDS
    for kind, outcomes in OUTCOMES.items():
        assert any(one.reached for one in outcomes), kind
        assert any(one.again for one in outcomes) == (kind in AGAIN), kind
        assert not any(one.reached and one.again for one in outcomes), kind
    assert outcome_of("call", "posted") is None
    assert outcome_of("letter", "returned") is None
    assert outcome_of("letter", "returned", "done") is not None


def test_a_call_without_answer_is_tried_while_the_office_is_open_and_then_given_up(
    associations: dict[str, Association],
) -> None:
    for association in associations.values():
        calendar = calendar_of(association.profile)
        now, tries = THURSDAY, 0
        while (due := next_try("call", tries + 1, now, calendar)) is not None:
            assert due > now
            assert calendar.is_open(due)
            assert DECENT[0] <= here(due).time() < DECENT[1]
            now, tries = due, tries + 1
        assert tries == len(AGAIN["call"])


@pytest.mark.parametrize("hours", range(0, 24 * 8, 5))
def test_nobody_is_called_at_night_or_on_a_day_off(associations: dict[str, Association], hours: int) -> None:
    calendar = calendar_of(associations["harif"].profile)
    at = decent(THURSDAY + timedelta(hours=hours), calendar)
    assert at >= THURSDAY + timedelta(hours=hours)
    assert here(at).weekday() not in (4, 5)
    assert decent(at, calendar) == at
