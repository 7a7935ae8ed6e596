"""When will they hear: the policies' two rules, holidays between, and a count that begins anew."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.association.load import load_associations
from conversations.association.profile import Holidays, Hours, Profile, Promise
from conversations.cases.calendar import RIYADH, WorkingCalendar, calendar_of, here, to_hijri
from conversations.cases.promise import (
    Asked,
    Promised,
    dates_said,
    promise_for,
    promise_lines,
    recounted,
    update_after,
)
from conversations.wording import house_wording

HOURS = Hours.model_validate(
    {"season": [{"id": "usual", "days": ["sun", "mon", "tue", "wed", "thu"], "opens": "08:00", "closes": "15:00"}]}
)
CALENDAR = WorkingCalendar(HOURS, Holidays())
HARIF = Promise(rule="at_most", amount=15, unit="working_days", next_update_days=None)
TEMPLATE = Promise(rule="not_less_than", amount=14, unit="days")
COMPLETE = datetime(2026, 11, 22, 10, tzinfo=RIYADH).astimezone(UTC)


def a_profile(**promises: Promise) -> Profile:
    """A promise reads nothing of a profile but its promises."""
    return cast(Profile, SimpleNamespace(promises=promises))


def days(promised: Promised) -> tuple[date | None, ...]:
    return tuple(at and here(at).date() for at in (promised.earliest, promised.latest, promised.next_update))


def test_two_weeks_are_a_minimum_and_promise_no_latest_day() -> None:
    promised = promise_for(a_profile(request=TEMPLATE), "request", COMPLETE, CALENDAR)
    assert days(promised) == (date(2026, 12, 6), None, date(2026, 12, 6))
    assert to_hijri(date(2026, 12, 6)) == (1448, 6, 26)


def test_fifteen_working_days_are_a_maximum() -> None:
    promised = promise_for(a_profile(request=HARIF), "request", COMPLETE, CALENDAR)
    assert days(promised) == (None, date(2026, 12, 13), None)
    assert to_hijri(date(2026, 12, 13)) == (1448, 7, 4)


def test_a_holiday_between_moves_the_latest_day() -> None:
    closed = WorkingCalendar(HOURS, Holidays(add={"عطلة": date(2026, 12, 1)}))
    assert days(promise_for(a_profile(request=HARIF), "request", COMPLETE, closed))[1] == date(2026, 12, 14)
    assert days(promise_for(a_profile(request=TEMPLATE), "request", COMPLETE, closed))[0] == date(2026, 12, 6)


def test_an_aim_is_set_beside_the_earliest_day() -> None:
    aiming = TEMPLATE.model_copy(update={"aim": 30})
    assert days(promise_for(a_profile(request=aiming), "request", COMPLETE, CALENDAR)) == (
        date(2026, 12, 6),
        date(2026, 12, 22),
        date(2026, 12, 6),
    )


def test_the_day_counts_in_riyadh_and_lasts_until_its_end() -> None:
    late = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # already Sunday in Riyadh
    promised = promise_for(a_profile(request=HARIF), "request", late, CALENDAR)
    assert promised.latest == datetime(2026, 12, 13, 20, 59, 59, tzinfo=UTC)
    opened = promise_for(a_profile(request=TEMPLATE), "request", late, CALENDAR)
    assert opened.earliest == datetime(2026, 12, 5, 21, tzinfo=UTC)
    assert opened.next_update == datetime(2026, 12, 6, 7, tzinfo=UTC)


def test_an_update_is_never_promised_after_the_answer() -> None:
    short = Promise(rule="at_most", amount=3, unit="days")
    assert days(promise_for(a_profile(request=short), "request", COMPLETE, CALENDAR)) == (
        None,
        date(2026, 11, 25),
        date(2026, 11, 25),
    )


def test_updates_repeat_every_fortnight_until_decided() -> None:
    profile = a_profile(request=TEMPLATE)
    first = promise_for(profile, "request", COMPLETE, CALENDAR).next_update
    assert first is not None
    assert update_after(profile, "request", first) == first + timedelta(days=14)
    assert update_after(a_profile(request=HARIF), "request", first) is None


def test_the_law_sets_thirty_days_for_a_data_request_and_a_profile_may_set_fewer() -> None:
    assert days(promise_for(a_profile(), "data_request", COMPLETE, CALENDAR)) == (None, date(2026, 12, 22), None)
    sooner = Promise(rule="at_most", amount=10, unit="days", next_update_days=None)
    assert days(promise_for(a_profile(data_request=sooner), "data_request", COMPLETE, CALENDAR))[1] == date(2026, 12, 2)


@pytest.mark.parametrize(
    ("kind", "update"), [("complaint", date(2026, 12, 6)), ("suggestion", None), ("inquiry", None)]
)
def test_a_kind_without_a_promise_claims_none_and_a_complaint_is_still_not_left_in_silence(
    kind: str, update: date | None
) -> None:
    assert days(promise_for(a_profile(), kind, COMPLETE, CALENDAR)) == (None, None, update)


def test_a_rule_that_promises_no_date_still_names_the_next_update() -> None:
    none = Promise(rule="none", counted_from="receipt", next_update_days=7)
    assert days(promise_for(a_profile(complaint=none), "complaint", COMPLETE, CALENDAR)) == (
        None,
        None,
        date(2026, 11, 29),
    )


def test_the_five_policies_promise_what_they_print() -> None:
    associations = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    assert len(associations) == 5
    for association in associations:
        profile = association.profile
        promised = promise_for(profile, "request", COMPLETE, calendar_of(profile))
        if profile.policy.template == "H":
            assert days(promised)[:2] == (None, date(2026, 12, 13))
        else:
            assert days(promised) == (date(2026, 12, 6), None, date(2026, 12, 6))
        complaint = promise_for(profile, "complaint", COMPLETE, calendar_of(profile))
        assert (complaint.earliest, complaint.latest) == (None, None)
        assert complaint.next_update


def test_the_count_begins_anew_when_the_last_published_paper_arrives() -> None:
    profile = a_profile(request=HARIF)
    before = promise_for(profile, "request", COMPLETE, CALENDAR)
    monday, tuesday = COMPLETE + timedelta(days=1), COMPLETE + timedelta(days=2)
    asked = [Asked("deed", True, tuesday), Asked("photo", True, monday), Asked("plan", False, COMPLETE)]
    after = recounted(before, asked, profile, "request", CALENDAR)
    assert after == promise_for(profile, "request", tuesday, CALENDAR)
    assert days(after)[1] == date(2026, 12, 15)


@pytest.mark.parametrize(
    "asked",
    [
        [],
        [Asked("plan", False, COMPLETE + timedelta(days=9))],
        [Asked("deed", True, COMPLETE + timedelta(days=9)), Asked("photo", True, None)],
    ],
)
def test_what_was_never_published_or_has_not_come_moves_no_date(asked: list[Asked]) -> None:
    profile = a_profile(request=HARIF)
    before = promise_for(profile, "request", COMPLETE, CALENDAR)
    assert recounted(before, asked, profile, "request", CALENDAR) == before


def test_the_sentences_promise_what_the_policy_promises() -> None:
    arabic = house_wording("ar")
    harif = promise_for(a_profile(request=HARIF), "request", COMPLETE, CALENDAR)
    assert promise_lines(harif, "ar", arabic) == ["نردّ عليكم في موعد أقصاه الأحد ١٣ ديسمبر ٢٠٢٦م (٤ رجب ١٤٤٨هـ)."]
    template = promise_for(a_profile(request=TEMPLATE.model_copy(update={"aim": 30})), "request", COMPLETE, CALENDAR)
    lines = promise_lines(template, "ar", arabic)
    assert [line.split()[0] for line in lines] == ["لا", "ونسعى", "وفي"]
    assert "خلال" not in " ".join(lines)
    assert promise_lines(Promised(), "en", house_wording("en")) == []
    assert dates_said(harif, "en") == {"latest": "Sunday 13 December 2026 (4 Rajab 1448 AH)"}


@given(
    completed=st.datetimes(datetime(2025, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    rule=st.sampled_from(["at_most", "not_less_than", "none"]),
    unit=st.sampled_from(["days", "working_days"]),
    amount=st.integers(1, 60),
    more=st.none() | st.integers(0, 60),
    update=st.none() | st.integers(1, 60),
)
def test_a_promise_is_always_in_order_and_after_completion(completed: datetime, amount: int, **how: Any) -> None:
    more = how.pop("more")
    aim = amount + more if more is not None else None
    rule = Promise(amount=amount, aim=aim, next_update_days=how.pop("update"), **how)
    promised = promise_for(a_profile(request=rule), "request", completed, CALENDAR)
    set_days = [day for day in days(promised) if day]
    assert all(day > here(completed).date() for day in set_days)
    if promised.earliest and promised.latest:
        assert promised.earliest < promised.latest
    if promised.next_update and promised.latest:
        assert promised.next_update <= promised.latest
