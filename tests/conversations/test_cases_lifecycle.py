"""The seven lives of what is filed: every stage reached, every stage can end, nothing moves that may not."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.association.profile import Committees, Profile, Words
from conversations.cases.lifecycle import (
    FINAL,
    KINDS,
    LIFECYCLES,
    apply,
    committee_for,
    hands,
    is_open,
    may_make,
    mermaid,
    moves,
    notice,
    stage_after,
    words_of,
)
from conversations.cases.move import (
    BENEFICIARY,
    GUARDS,
    NEVER,
    PROTECTION_OFFICER,
    ROLES,
    SYSTEM,
    Facts,
    NotAllowed,
    until,
)
from conversations.rights import kinds_seen_by, rights_of
from conversations.routing import HEARD_APART
from conversations.says import BUTTON_TITLE, ROW_ABOUT
from conversations.wording import LANGUAGES, house_wording

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
ALL_GIVEN = frozenset(need for one in LIFECYCLES.values() for move in one.moves for need in move.needs)
EVERY_MOVE = [(kind, stage, name) for kind in KINDS for stage, name in LIFECYCLES[kind].steps]


def facts(**known: object) -> Facts:
    return Facts(**{"now": NOW, "given": ALL_GIVEN, **known})  # type: ignore[arg-type]


def test_there_are_seven_kinds() -> None:
    assert set(KINDS) == {
        *("request", "complaint", "compensation", "suggestion", "inquiry", "volunteering", "data_request"),
    }
    assert len(EVERY_MOVE) > 100


@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_is_reached_from_the_beginning(kind: str) -> None:
    reached, ahead = set(), list(LIFECYCLES[kind].initial)
    while ahead:
        stage = ahead.pop()
        if stage not in reached:
            reached.add(stage)
            ahead += [stage_after(move, stage) for move in moves(kind, stage)]
    assert reached == set(LIFECYCLES[kind].stages)
    assert reached >= FINAL


@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_can_come_to_a_good_end_and_an_end_is_an_end(kind: str) -> None:
    ending = {"closed"}
    for _ in LIFECYCLES[kind].stages:
        ending |= {stage for stage, name in LIFECYCLES[kind].steps if LIFECYCLES[kind].steps[stage, name].to in ending}
    assert ending == {stage for stage in LIFECYCLES[kind].stages if is_open(stage)} | {"closed"}
    assert not any(moves(kind, stage) for stage in FINAL)


def test_a_data_request_that_was_carried_out_cannot_be_withdrawn() -> None:
    assert [move.name for move in moves("data_request", "executed", "beneficiary")] == ["close"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_beneficiary_can_withdraw_whatever_is_open_and_not_done(kind: str) -> None:
    open_stages = [stage for stage in LIFECYCLES[kind].stages if is_open(stage) and stage != "executed"]
    assert open_stages
    for stage in open_stages:
        assert stage_after(apply(kind, stage, "withdraw", "beneficiary", Facts(now=NOW)), stage) == "withdrawn"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_stage_move_and_guard_has_its_words(kind: str, language: str) -> None:
    words = house_wording(language)
    lifecycle = LIFECYCLES[kind]
    assert f"kind.{kind}" in words
    for stage in lifecycle.stages:
        assert len(words(f"stage.{kind}.{stage}")) <= ROW_ABOUT
    for move in lifecycle.moves:
        assert len(words(f"move.{kind}.{move.name}")) <= BUTTON_TITLE
        assert set(move.who) <= set(ROLES)
        if move.told != NEVER:
            assert words_of(kind, move) in words
        if move.guard:
            assert f"not_allowed.{move.guard}" in words
    for why in ("no_such_move", "wrong_stage", "not_yours", "needs", *GUARDS):
        assert f"not_allowed.{why}" in words
    for role in ROLES:
        assert f"role.{role}" in words
    assert "case.news" in words and "stage.news" in words


BROUGHT: dict[str, set[str]] = {
    "": set(),
    "promise": {"promise"},
    "recount": {"promise", "counted"},
    "objection": {"objecting"},
    "extension": {"until"},
}
"""What else the words may say, by what a move starts."""


@pytest.mark.parametrize(("kind", "stage", "name"), EVERY_MOVE)
def test_words_interpolate_only_what_their_move_brings(kind: str, stage: str, name: str) -> None:
    move = LIFECYCLES[kind].steps[stage, name]
    if not (key := words_of(kind, move)):
        return
    brought = {"reference", "committee", *move.needs}
    brought |= BROUGHT[move.starts]
    found = [set(re.findall(r"{(\w+)}", str(house_wording(language).sentences[key]))) for language in LANGUAGES]
    assert found[0] == found[1]
    assert found[0] <= brought
    assert "reference" in found[0]
    assert ({"promise", "until", "objecting"} & brought) <= found[0]


@pytest.mark.parametrize("kind", ["complaint", "compensation"])
def test_nothing_of_a_complaint_leaves_the_house(kind: str) -> None:
    for move in LIFECYCLES[kind].moves:
        sent, _ = notice(kind, move, "follow_up_committee")
        assert sent in ("", "case.news")


def test_a_refusal_leaves_the_house_only_as_news() -> None:
    refuse = LIFECYCLES["request"].steps["with_committee", "refuse"]
    assert notice("request", refuse, "committee") == ("case.news", "moved.request.refuse")
    accept = LIFECYCLES["request"].steps["with_committee", "accept"]
    assert notice("request", accept, "committee") == ("moved.request.accept", "")
    assert notice("request", accept, "committee", sensitive=True) == ("case.news", "moved.request.accept")


def test_the_news_itself_says_nothing() -> None:
    for language in LANGUAGES:
        assert "{" not in house_wording(language)("case.news")


def test_what_the_person_does_is_answered_in_full() -> None:
    withdraw = LIFECYCLES["complaint"].steps["answered", "withdraw"]
    assert notice("complaint", withdraw, "beneficiary") == ("moved.complaint.withdraw", "")


def test_a_request_goes_from_the_signature_to_the_delivery() -> None:
    stage = "submitted"
    for name, who in [
        ("verify", "relations_officer"),
        ("return", "social_researcher"),
        ("complete", "beneficiary"),
        ("pass_on", "contact_officer"),
        ("accept", "committee"),
        ("register", "relations_officer"),
        ("deliver", "branch_delegate"),
        ("confirm", "beneficiary"),
    ]:
        stage = stage_after(apply("request", stage, name, who, facts()), stage)
    assert stage == "closed"


def test_a_decision_before_the_earliest_day_needs_a_supervisor() -> None:
    early = facts(earliest=NOW + timedelta(days=1))
    for decision in ("accept", "refuse"):
        with pytest.raises(NotAllowed) as refused:
            apply("request", "with_committee", decision, "committee", early)
        assert refused.value.why == "not_before_earliest"
        confirmed = facts(earliest=NOW + timedelta(days=1), supervisor_confirmed=True)
        assert apply("request", "with_committee", decision, "committee", confirmed)
        assert apply("request", "with_committee", decision, "committee", facts(earliest=NOW))


def test_an_objection_is_heard_once_and_within_its_days() -> None:
    last = until("objection", NOW)
    assert last == datetime(2026, 12, 7, 20, 59, 59, tzinfo=UTC)
    assert apply("request", "refused", "object", "beneficiary", facts(until=last)).to == "with_committee"
    late = facts(until=NOW - timedelta(minutes=1))
    assert apply("request", "refused", "object", "beneficiary", late).to == "with_committee", "in its last minute"
    with pytest.raises(NotAllowed):
        apply("request", "refused", "close", "system", late)
    for closed in (facts(until=NOW - timedelta(minutes=16)), facts(until=last, made=frozenset({"object"}))):
        with pytest.raises(NotAllowed, match="objection"):
            apply("request", "refused", "object", "beneficiary", closed)
        assert apply("request", "refused", "close", "system", closed).to == "closed"
    with pytest.raises(NotAllowed):
        apply("request", "refused", "close", "system", facts(until=last))


def test_a_refusal_without_its_reason_is_refused() -> None:
    with pytest.raises(NotAllowed, match="give help with it") as refused:
        apply("request", "with_committee", "refuse", "committee", facts(given=frozenset({"reason"})))
    assert refused.value.words == "not_allowed.needs"


def test_nothing_is_delivered_while_an_entitlement_is_owed() -> None:
    with pytest.raises(NotAllowed, match="owed"):
        apply("request", "registered", "deliver", "relations_officer", facts(undelivered=1))


def test_a_court_ruling_opens_the_negotiation_after_a_finding_of_no_fault() -> None:
    with pytest.raises(NotAllowed, match="ruling"):
        apply("compensation", "fault_not_proven", "follow_ruling", "management", facts())
    ruling = apply("compensation", "fault_not_proven", "court_ruling", "management", facts())
    assert stage_after(ruling, "fault_not_proven") == "fault_not_proven"
    ruled = facts(made=frozenset({"court_ruling"}))
    assert apply("compensation", "fault_not_proven", "follow_ruling", "management", ruled).to == "negotiating"


def test_a_court_ruling_can_be_recorded_wherever_a_claim_is_open() -> None:
    for stage in LIFECYCLES["compensation"].stages:
        assert ("court_ruling" in [move.name for move in moves("compensation", stage)]) == is_open(stage)


def test_a_restricted_complaint_moves_by_the_protection_officer_alone() -> None:
    with pytest.raises(NotAllowed, match="only for") as refused:
        apply("complaint", "assessed", "investigate", "follow_up_committee", facts(restricted=True))
    assert refused.value.why == "not_yours"
    assert apply("complaint", "assessed", "investigate", "protection_officer", facts(restricted=True))
    assert apply("complaint", "assessed", "withdraw", "beneficiary", facts(restricted=True))


@pytest.mark.parametrize(
    ("kind", "restricted"), [*((kind, False) for kind in KINDS), *((kind, True) for kind in sorted(HEARD_APART))]
)
def test_wherever_a_case_stands_some_role_sees_it_and_can_bring_it_on(kind: str, restricted: bool) -> None:
    for stage in filter(is_open, LIFECYCLES[kind].stages):
        makers = hands(kind, stage, restricted)
        able = {
            role
            for role in makers
            if rights_of([role]) & {"work", "committee"}
            and kind in kinds_seen_by([role])
            and (not restricted or "restricted" in rights_of([role]))
        }
        assert able, (stage, makers)
        assert not restricted or makers == {PROTECTION_OFFICER}


def test_the_person_and_the_clock_alone_make_what_was_theirs_alone() -> None:
    confirm = LIFECYCLES["request"].steps["delivered", "confirm"]
    assert may_make(confirm, True) == may_make(confirm, False) == (BENEFICIARY,)
    finish = LIFECYCLES["compensation"].steps["settled", "finish"]
    assert may_make(finish, True) == (SYSTEM, PROTECTION_OFFICER)


def test_a_wrong_move_says_where_the_case_stands_and_what_can_be_done() -> None:
    with pytest.raises(NotAllowed) as refused:
        apply("complaint", "received", "answer", "follow_up_committee", facts())
    assert refused.value.why == "wrong_stage"
    assert str(refused.value) == (
        'complaint at "received", move "answer": possible from here for follow_up_committee: acknowledge'
    )
    with pytest.raises(NotAllowed) as unknown:
        apply("complaint", "received", "fly", "beneficiary", facts())
    assert unknown.value.why == "no_such_move"
    with pytest.raises(NotAllowed, match="nothing is possible"):
        apply("request", "closed", "accept", "committee", facts())


def test_the_law_lets_a_data_request_be_extended_once() -> None:
    assert apply("data_request", "verified", "extend", "management", facts()).starts == "extension"
    assert until("extension", NOW) == datetime(2026, 12, 22, 20, 59, 59, tzinfo=UTC)
    assert until("promise", NOW) is None
    with pytest.raises(NotAllowed, match="once"):
        apply("data_request", "verified", "extend", "management", facts(made=frozenset({"extend"})))


@given(
    kind=st.sampled_from(KINDS),
    tries=st.lists(
        st.tuples(st.sampled_from([name for _, _, name in EVERY_MOVE]), st.sampled_from(ROLES)), max_size=40
    ),
)
def test_whatever_is_tried_a_case_stays_on_its_table(kind: str, tries: list[tuple[str, str]]) -> None:
    lifecycle, stage = LIFECYCLES[kind], LIFECYCLES[kind].initial[0]
    for name, who in tries:
        offered = {move.name for move in moves(kind, stage, who)}
        move = LIFECYCLES[kind].steps.get((stage, name))
        if move and name in offered and (not move.guard or GUARDS[move.guard](facts())):
            stage = stage_after(apply(kind, stage, name, who, facts()), stage)
            assert stage in lifecycle.stages
            continue
        with pytest.raises(NotAllowed) as refused:
            apply(kind, stage, name, who, facts())
        assert refused.value.stage == stage


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawing_shows_every_stage_and_move(kind: str) -> None:
    drawing = mermaid(kind)
    assert drawing.startswith("stateDiagram-v2\n")
    for stage, name in LIFECYCLES[kind].steps:
        if name not in ("withdraw", "discontinue"):
            assert re.search(rf"^    {stage} --> \w+: {name} \(", drawing, re.MULTILINE)


def test_each_kind_is_studied_by_the_body_the_profile_names() -> None:
    committees = Committees(
        request=Words(ar="لجنة البحث", en="R"), complaint=Words(ar="لجنة المتابعة", en="C"), investigation=None
    )
    profile = cast(Profile, SimpleNamespace(committees=committees))
    named = {kind: committee_for(profile, kind).en for kind in ("request", "complaint", "compensation")}
    assert named == {"request": "R", "complaint": "C", "compensation": "C"}
