"""Who is asked to take a waiting conversation, and what follows when nobody does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.association.profile import HandoffRules, Profile
from conversations.cases.calendar import RIYADH, calendar_of
from conversations.cases.working_time import after
from conversations.routing import Candidate, Waiting, answer_by, choose, next_step, officer_for, services_of

SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=RIYADH)
"""The office is open from 8 to 16, women are there from 9 to 14."""
THURSDAY_EVENING = datetime(2026, 11, 26, 20, 0, tzinfo=RIYADH)
OFFICER, GENERAL, RESEARCHER, PROTECTION, MANAGER = 1, 2, 3, 4, 5


@pytest.fixture
def harif(associations: dict[str, Association]) -> Profile:
    return associations["harif"].profile


def worker(staff: int, *roles: str, now: datetime = SUNDAY, **more: Any) -> Candidate:
    return Candidate(staff=staff, roles=frozenset(roles), **{"seen_at": now - timedelta(minutes=1), **more})


def house(now: datetime = SUNDAY) -> list[Candidate]:
    return [
        worker(OFFICER, "contact_officer", now=now, categories=frozenset({"training"}), load=3),
        worker(GENERAL, "contact_officer", now=now, load=4, woman=True),
        worker(RESEARCHER, "relations_officer", now=now, load=1),
        worker(PROTECTION, "protection_officer", now=now, load=0),
        worker(MANAGER, "management", now=now, load=5),
    ]


def without(*staff: int) -> list[Candidate]:
    return [one for one in house() if one.staff not in staff]


PLAIN = Waiting(at=SUNDAY - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("waiting", "candidates", "expected"),
    [
        ({"field": "training"}, house(), (OFFICER, "contact_officer")),
        # Who is responsible for it is away: the general contact officer, then the role, then anyone.
        ({"field": "training"}, without(OFFICER), (GENERAL, "contact_officer")),
        ({"field": "training", "role": "relations_officer"}, without(OFFICER, GENERAL), (RESEARCHER, "role")),
        ({"field": "training"}, without(OFFICER, GENERAL), (RESEARCHER, "front")),
        ({"field": "training"}, without(OFFICER, GENERAL, RESEARCHER), (PROTECTION, "anyone")),
        # Another field is not theirs: the general one comes first.
        ({"field": "support"}, house(), (GENERAL, "contact_officer")),
        # A colleague said which role: before the table.
        ({"field": "training", "role": "management", "named": True}, house(), (MANAGER, "role")),
        # What is restricted is the protection officer's, whatever it is about.
        ({"field": "training", "restricted": True}, house(), (PROTECTION, "anyone")),
        ({"restricted": True}, without(PROTECTION), (None, "nobody")),
        # Who asked for a woman is asked of women.
        ({"field": "training", "women_only": True}, house(), (GENERAL, "contact_officer")),
        ({"women_only": True}, without(GENERAL), (None, "nobody")),
        # Whoever is complained about is never asked, and complaints only of those who hear them.
        ({"field": "training", "excluded": frozenset({OFFICER})}, house(), (GENERAL, "contact_officer")),
        ({"kind": "complaint"}, house(), (PROTECTION, "anyone")),
        ({"kind": "complaint", "excluded": frozenset({PROTECTION})}, house(), (MANAGER, "anyone")),
        # Whom it was offered to before is not asked again.
        ({"field": "training", "tried": (OFFICER, GENERAL)}, house(), (RESEARCHER, "front")),
        ({"tried": (1, 2, 3, 4, 5)}, house(), (None, "tried")),
        ({}, [], (None, "nobody")),
        ({}, [worker(9, "auditor", "administrator")], (None, "nobody")),
    ],
)
def test_who_is_asked_is_the_first_group_that_is_there_and_in_it_who_carries_least(
    harif: Profile, waiting: dict[str, Any], candidates: list[Candidate], expected: tuple[int | None, str]
) -> None:
    assert choose(replace(PLAIN, **waiting), candidates, harif, SUNDAY) == expected


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"seen_at": SUNDAY - timedelta(minutes=6)}, "away"),
        ({"away": True}, "away"),
        ({"load": 10}, "full"),
        ({"load": 2, "capacity": 2}, "full"),
    ],
)
def test_nobody_is_asked_who_is_not_there_or_has_no_room(harif: Profile, more: dict[str, Any], why: str) -> None:
    one = [worker(1, "relations_officer", **more)]
    assert choose(PLAIN, one, harif, SUNDAY) == (None, why)
    urgent = replace(PLAIN, urgent=True)
    # Urgent asks no room; who is away is away.
    assert choose(urgent, one, harif, SUNDAY) == ((1, "front") if why == "full" else (None, "away"))


def test_out_of_hours_whoever_looks_at_the_desk_is_asked_only_for_what_is_urgent(harif: Profile) -> None:
    at_night = house(THURSDAY_EVENING)
    assert choose(PLAIN, at_night, harif, THURSDAY_EVENING) == (None, "away")
    assert choose(replace(PLAIN, urgent=True), at_night, harif, THURSDAY_EVENING).staff is not None


def test_the_time_until_which_it_should_be_taken_is_the_one_after_which_management_hears(harif: Profile) -> None:
    for waiting in (PLAIN, replace(PLAIN, urgent=True), replace(PLAIN, at=THURSDAY_EVENING)):
        until = answer_by(waiting, harif)
        assert next_step(waiting, [], harif, until - timedelta(seconds=1)).alarm in ("", "waiting_nobody_may")
        late = replace(waiting, alarmed_at=None)
        assert next_step(late, house(until), harif, until).alarm in ("waiting_unanswered", "waiting_urgent")


def test_of_two_alike_the_load_counts_against_what_each_can_carry(harif: Profile) -> None:
    few, many = worker(1, "management", load=2, capacity=3), worker(2, "management", load=4, capacity=20)
    assert choose(PLAIN, [few, many], harif, SUNDAY) == (2, "anyone")


@pytest.mark.parametrize(
    ("category", "field", "role"),
    [
        ("", "training", "contact_officer_training"),
        ("registered_family", "support", "contact_officer_support"),
        ("", "support", "contact_officer_support"),
        ("new_family", "support", "contact_officer"),
        ("", "", "contact_officer"),
        ("", "unheard-of", "contact_officer"),
    ],
)
def test_the_table_of_harif_names_who_is_responsible(harif: Profile, category: str, field: str, role: str) -> None:
    row = officer_for(harif, category, field)
    assert row is not None
    assert row.role == role


@pytest.mark.parametrize(
    ("categories", "services"),
    [
        ((), {"family-registration", "training", "project-support", "fair-booth", "product-marketing"}),
        (("training",), {"training"}),
        (("registered_family/marketing",), {"fair-booth", "product-marketing"}),
        (("new_family/registration", "training"), {"family-registration", "training"}),
        (("registered_family",), {"project-support", "fair-booth", "product-marketing"}),
        (("unheard-of",), set()),
    ],
)
def test_a_contact_officer_is_responsible_for_the_services_of_their_fields(
    harif: Profile, categories: tuple[str, ...], services: set[str]
) -> None:
    assert services_of(harif, categories) == services


def test_where_there_is_no_table_the_officer_of_the_field_is_asked_first(
    associations: dict[str, Association],
) -> None:
    officers = [
        worker(id, "contact_officer", categories=frozenset({one}), load=id)
        for id, one in enumerate(("visits", "care"), 7)
    ]
    waiting = replace(PLAIN, role="social_researcher", field="care")
    assert choose(waiting, [*house(), *officers], associations["ruhama"].profile, SUNDAY) == (8, "contact_officer")


def test_the_others_have_no_table_and_go_by_role(associations: dict[str, Association]) -> None:
    profile = associations["ruhama"].profile
    assert officer_for(profile, "", "care") is None
    waiting = replace(PLAIN, role="social_researcher", field="care")
    researcher = worker(7, "social_researcher", load=9)
    assert choose(waiting, [*house(), researcher], profile, SUNDAY) == (7, "role")


# --- what follows ----------------------------------------------------------------------------------------------------


def test_unanswered_it_goes_to_the_next_and_after_half_an_hour_management_hears_and_so_does_the_person(
    harif: Profile,
) -> None:
    waiting, now = replace(PLAIN, at=SUNDAY, field="training"), SUNDAY
    asked, told = [], 0
    for _ in range(4):
        here = [replace(one, seen_at=now) for one in house()]
        step = next_step(waiting, here, harif, now)
        asked.append((now - SUNDAY, step.offered_to, step.alarm))
        told += step.tell
        alarmed = now if step.alarm else waiting.alarmed_at
        waiting = replace(
            waiting, offered_to=step.offered_to, tried=step.tried, offers=waiting.offers + 1, alarmed_at=alarmed
        )
        waiting = replace(waiting, told_at=now if step.tell else waiting.told_at)
        now = step.due
    minutes = timedelta(minutes=10)
    assert asked == [
        (0 * minutes, OFFICER, ""),
        (1 * minutes, GENERAL, ""),
        (2 * minutes, RESEARCHER, ""),
        # A new round, beginning with the first.
        (3 * minutes, OFFICER, "waiting_unanswered"),
    ]
    assert told == 1


def test_an_evening_does_not_count_and_nobody_is_asked_before_the_office_opens(harif: Profile) -> None:
    waiting = replace(PLAIN, at=THURSDAY_EVENING)
    step = next_step(waiting, house(THURSDAY_EVENING), harif, THURSDAY_EVENING)
    sunday = datetime(2026, 11, 29, 8, 0, tzinfo=RIYADH)
    assert (step.offered_to, step.why, step.due, step.alarm, step.tell) == (None, "closed", sunday, "", False)
    step = next_step(waiting, [], harif, sunday)
    assert (step.due, step.alarm) == (sunday + timedelta(minutes=30), "waiting_nobody_may")
    step = next_step(waiting, house(sunday), harif, sunday)
    assert (step.offered_to, step.alarm) == (GENERAL, "")


def test_what_began_before_closing_goes_on_where_it_stopped(harif: Profile) -> None:
    late = datetime(2026, 11, 26, 15, 55, tzinfo=RIYADH)
    waiting = replace(PLAIN, at=late)
    step = next_step(waiting, house(late), harif, late)
    assert step.due == datetime(2026, 11, 29, 8, 5, tzinfo=RIYADH)


def test_women_are_asked_in_their_hours_and_management_hears_when_there_is_none(harif: Profile) -> None:
    afternoon = datetime(2026, 11, 22, 15, 0, tzinfo=RIYADH)
    waiting = replace(PLAIN, at=afternoon, women_only=True)
    step = next_step(waiting, house(afternoon), harif, afternoon)
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=RIYADH)
    assert (step.offered_to, step.due) == (None, monday)
    assert next_step(waiting, house(monday), harif, monday).offered_to == GENERAL
    assert next_step(waiting, without(GENERAL), harif, monday).alarm == "waiting_nobody_may"


def test_urgent_at_night_rings_again_every_ten_minutes_and_wakes_nobody_who_waits(harif: Profile) -> None:
    night = THURSDAY_EVENING + timedelta(hours=4)
    waiting = replace(PLAIN, at=night, urgent=True)
    first = next_step(waiting, [worker(1, "management", now=SUNDAY)], harif, night)
    assert (first.offered_to, first.why, first.alarm) == (None, "away", "")
    assert first.due <= night + timedelta(minutes=1)
    second = next_step(waiting, [worker(1, "management", now=SUNDAY)], harif, night + timedelta(minutes=10))
    assert (second.alarm, second.tell) == ("waiting_urgent", False)
    awake = [worker(1, "management", now=night + timedelta(minutes=10))]
    assert next_step(waiting, awake, harif, night + timedelta(minutes=10)).offered_to == 1


def test_whom_a_colleague_named_gets_their_minutes_first_there_or_not(harif: Profile) -> None:
    waiting = replace(PLAIN, at=SUNDAY, offered_to=GENERAL, named=True)
    away = [replace(one, seen_at=SUNDAY - timedelta(hours=1)) if one.staff == GENERAL else one for one in house()]
    step = next_step(waiting, away, harif, SUNDAY)
    assert (step.offered_to, step.why, step.due) == (GENERAL, "named", SUNDAY + timedelta(minutes=10))
    after_ten = next_step(
        replace(waiting, offers=1), [replace(one, seen_at=step.due) for one in house()], harif, step.due
    )
    assert after_ten.offered_to not in (None, GENERAL)
    # Not to one who may not see it, whoever named them.
    excluded = replace(waiting, excluded=frozenset({GENERAL}))
    assert next_step(excluded, away, harif, SUNDAY).offered_to != GENERAL


def test_nobody_hears_twice_in_a_day_and_nothing_is_written_where_it_may_betray_somebody(harif: Profile) -> None:
    waiting = replace(PLAIN, at=SUNDAY - timedelta(hours=1))
    assert next_step(waiting, house(), harif, SUNDAY).tell
    assert not next_step(replace(waiting, told_at=SUNDAY - timedelta(hours=2)), house(), harif, SUNDAY).tell
    assert next_step(replace(waiting, told_at=SUNDAY - timedelta(days=1)), house(), harif, SUNDAY).tell
    assert not next_step(replace(waiting, restricted=True), house(), harif, SUNDAY).tell


def test_the_profile_says_how_long(harif: Profile) -> None:
    slow = harif.model_copy(update={"handoff": HandoffRules(answer_minutes=25, escalate_minutes=90)})
    assert next_step(replace(PLAIN, at=SUNDAY), house(), slow, SUNDAY).due == SUNDAY + timedelta(minutes=25)
    waiting = replace(PLAIN, at=SUNDAY)
    assert not next_step(waiting, house(), slow, SUNDAY + timedelta(minutes=89)).alarm
    assert next_step(waiting, house(), slow, SUNDAY + timedelta(minutes=90)).alarm


@pytest.mark.parametrize("hours", range(0, 24 * 8, 5))
def test_it_is_always_looked_at_again_later(harif: Profile, hours: int) -> None:
    now = SUNDAY.astimezone(UTC) + timedelta(hours=hours)
    for urgent in (True, False):
        for women in (True, False):
            waiting = Waiting(at=now - timedelta(days=2), urgent=urgent, women_only=women)
            for candidates in ([], house(now), [worker(1, "management", now=SUNDAY - timedelta(days=1))]):
                assert next_step(waiting, candidates, harif, now).due > now


def test_minutes_of_the_office_are_counted_through_nights_and_weekends(harif: Profile) -> None:
    calendar = calendar_of(harif)
    thursday = datetime(2026, 11, 26, 15, 0, tzinfo=RIYADH)
    assert after(calendar, thursday, timedelta(minutes=30)) == thursday + timedelta(minutes=30)
    assert after(calendar, thursday, timedelta(hours=2)) == datetime(2026, 11, 29, 9, 0, tzinfo=RIYADH)
    assert after(calendar, thursday, timedelta(hours=2), women=True) == datetime(2026, 11, 29, 11, 0, tzinfo=RIYADH)
    assert after(calendar, THURSDAY_EVENING, timedelta(hours=9)) == datetime(2026, 11, 30, 9, 0, tzinfo=RIYADH)
