"""The five profiles are what their policies print, and a new association is one copied folder."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from conversations.answers import KINDS
from conversations.arabic.normalise import fold
from conversations.arabic.search import KnowledgeIndex
from conversations.association.association import Association
from conversations.association.check import CASE_KINDS, FIELD_KINDS, STEPS_OF_FLOWS, check
from conversations.association.fulfilment import FULFILMENTS
from conversations.association.load import load_association, load_associations
from conversations.association.notes import notes
from conversations.cases.lifecycle import KINDS as LIFECYCLE_KINDS
from conversations.wording import house_wording

HOUSE = Path(__file__).parents[2] / "deploy" / "associations"
SLUGS = ("bena-jazan", "harif", "mastoura", "ruhama", "saudi-exhibitions")
T_STEPS = {"تمهيد", "الهدف-العام", *(f"خطوة-{n}" for n in range(1, 8))}
T_LISTS = {*(f"قناة-{n}" for n in range(1, 9)), *(f"أداة-{n}" for n in range(1, 5))}
T_OBJECTIVES = {f"هدف-{n}" for n in range(1, 8)}
H_CLAUSES = {"تمهيد", "نطاق", "المسؤوليات"} | {
    f"{letter}-{n}"
    for letter, count in zip("أبتثجحخد", (6, 5, 6, 4, 3, 4, 3, 6), strict=True)
    for n in range(1, count + 1)
}


@pytest.fixture(scope="module")
def house() -> dict[str, Association]:
    return {association.slug: association for association in load_associations(HOUSE)}


def test_all_five_are_there(house: dict[str, Association]) -> None:
    assert tuple(house) == SLUGS
    prefixes = [association.profile.reference_prefix for association in house.values()]
    assert prefixes == ["BNJ", "HRF", "MST", "RHM", "SEC"]


@pytest.mark.parametrize(
    ("slug", "clauses"),
    [
        ("harif", H_CLAUSES),
        ("bena-jazan", T_STEPS | T_LISTS),
        *((slug, T_STEPS | T_LISTS | T_OBJECTIVES) for slug in ("mastoura", "ruhama", "saudi-exhibitions")),
    ],
)
def test_every_clause_of_the_policy_is_there(house: dict[str, Association], slug: str, clauses: set[str]) -> None:
    assert {clause.id for clause in house[slug].profile.clauses} == clauses


@pytest.mark.parametrize(
    ("slug", "printed", "approved"),
    [
        ("mastoura", "29 / 02 / 1444هـ الموافق 25 / 9 / 2022 م", date(2022, 9, 25)),
        ("ruhama", "21 صفر 1446هـ الموافق 25 أغسطس 2024 م", date(2024, 8, 25)),
        ("harif", "", None),
        ("saudi-exhibitions", "6/23/2021", date(2021, 6, 23)),
        ("bena-jazan", "6/1/2022 م", None),
    ],
)
def test_approval_is_kept_as_printed_and_resolved_only_where_it_is_clear(
    house: dict[str, Association], slug: str, printed: str, approved: date | None
) -> None:
    policy = house[slug].profile.policy
    assert (policy.approval_printed, policy.approved) == (printed, approved)


def test_harif_answers_within_fifteen_working_days(house: dict[str, Association]) -> None:
    promise = house["harif"].profile.promises["request"]
    assert (promise.rule, promise.amount, promise.unit, promise.counted_from) == (
        "at_most",
        15,
        "working_days",
        "completion",
    )


def test_the_other_four_promise_a_minimum_and_no_maximum(house: dict[str, Association]) -> None:
    for slug in set(SLUGS) - {"harif"}:
        promise = house[slug].profile.promises["request"]
        assert (promise.rule, promise.amount, promise.unit, promise.aim) == ("not_less_than", 14, "days", None)


def test_nobody_is_promised_days_for_a_complaint_and_nobody_waits_in_silence(house: dict[str, Association]) -> None:
    for association in house.values():
        promise = association.profile.promises["complaint"]
        assert promise.rule == "none"
        assert promise.next_update_days


def test_only_harif_has_compensation_and_names_who_studies_it(house: dict[str, Association]) -> None:
    for slug, association in house.items():
        profile = association.profile
        offered = any(remedy.id == "compensation" for remedy in profile.complaints.remedies)
        assert (
            offered
            is profile.compensation.enabled
            is (profile.committees.investigation is not None)
            is (slug == "harif")
        )


def test_outside_harif_complaints_are_said_to_be_our_reading(house: dict[str, Association]) -> None:
    assert {slug for slug, one in house.items() if one.profile.complaints.reading} == set(SLUGS) - {"harif"}


def test_chat_counts_as_what_the_policy_lists(house: dict[str, Association]) -> None:
    for slug, association in house.items():
        counts = {served: one for one in association.profile.policy_channels for served in one.serves}
        assert (
            counts["telegram"].id == counts["whatsapp"].id == ("correspondence" if slug == "harif" else "social_media")
        )
        assert counts["telegram"].reading is (slug == "harif")


def test_the_malformed_phone_is_shown_and_has_nothing_to_dial(house: dict[str, Association]) -> None:
    (phone,) = [one for one in house["bena-jazan"].profile.contacts if one.kind == "phone"]
    assert (phone.printed, phone.state, phone.value) == ("0096651056560", "malformed", "")


def test_what_the_policies_do_not_print_waits_to_be_confirmed(house: dict[str, Association]) -> None:
    for association in house.values():
        profile = association.profile
        lists = [lines for one in profile.services for lines in (one.criteria, one.documents) if lines.ar]
        assert lists
        assert not any(lines.confirmed for lines in lists)
        assert not any(hotline.confirmed for hotline in profile.hotlines)
        assert not profile.hours.confirmed
        listed = "\n".join(str(note) for note in notes(association))
        for said in ("criteria not confirmed", 'hotline "child": not confirmed', "hours: not confirmed"):
            assert said in listed


def test_a_kind_that_would_be_kept_for_good_is_noted(house: dict[str, Association]) -> None:
    profile = house["harif"].profile
    days = {kind: days for kind, days in profile.privacy.retention_days.items() if kind != "complaint"}
    privacy = profile.privacy.model_copy(update={"retention_days": days})
    changed = replace(house["harif"], profile=profile.model_copy(update={"privacy": privacy}))
    for association, told in ((house["harif"], False), (changed, True)):
        assert any('no days for "complaint": it is kept for good' in str(note) for note in notes(association)) is told


def test_what_is_not_built_is_not_called_fulfilled(house: dict[str, Association]) -> None:
    listed = [str(note) for note in notes(house["harif"])]
    assert any('clause "ح-1": not built yet — publication_permission' in line for line in listed)
    assert not any('clause "ت-6"' in line or 'clause "د-1"' in line for line in listed)
    profile = house["mastoura"].profile
    clause = profile.clauses[0].model_copy(update={"fulfilled_by": ("policy.profile", "publication_permission")})
    changed = replace(house["mastoura"], profile=profile.model_copy(update={"clauses": (clause,)}))
    listed = [str(note) for note in notes(changed)]
    assert any(f'clause "{clause.id}": partly not built yet — publication_permission' in line for line in listed)


def test_asking_and_listening_are_there_wherever_a_policy_names_them(house: dict[str, Association]) -> None:
    listening = ("survey.", "supervisory_visits", "improvement_log", "broadcast.")
    named = {
        one
        for association in house.values()
        for clause in association.profile.clauses
        for one in clause.fulfilled_by
        if one.startswith(listening)
    }
    assert len(named) == 7
    assert all(FULFILMENTS[one] for one in named)


def test_every_fulfilment_says_what_it_is_in_both_languages() -> None:
    for language in ("ar", "en"):
        said = {key for key in house_wording(language).sentences if key.startswith("fulfilment.")}
        assert said == {f"fulfilment.{id_}" for id_ in FULFILMENTS}


def test_identity_and_bank_numbers_and_papers_that_hold_them_are_sensitive(house: dict[str, Association]) -> None:
    by_kind = {"saudi_id", "identity", "iban"}
    papers = {"family_card", "income_proof", "medical_report", "prescription", "deed", "land_deed", "lease"}
    seen = set()
    for association in house.values():
        for field in (*association.profile.common, *(f for s in association.profile.services for f in s.fields)):
            if field.kind in by_kind:
                assert field.sensitive is not False
            if field.id in papers:
                seen.add(field.id)
                assert field.sensitive is True, field.id
    assert seen == papers


def test_health_is_asked_only_under_a_consent_of_its_own(house: dict[str, Association]) -> None:
    for service in house["ruhama"].profile.services:
        asks = any(field.sensitive for field in service.fields)
        assert (service.sensitive_purpose == "health") is asks, service.id


def test_a_guardian_can_apply_where_minors_are_the_rule(house: dict[str, Association]) -> None:
    assert all("guardian" in service.who for service in house["mastoura"].profile.services)


def test_organisations_can_apply_to_the_exhibitions_society(house: dict[str, Association]) -> None:
    assert all("organisation" in service.who for service in house["saudi-exhibitions"].profile.services)


def test_the_elderly_are_asked_in_few_words(house: dict[str, Association]) -> None:
    profile = house["ruhama"].profile
    fields = (*profile.common, *(field for service in profile.services for field in service.fields))
    assert max(len(field.ask.ar.split()) for field in fields) <= 7


def test_every_association_has_three_to_five_services_of_three_to_eight_questions(
    house: dict[str, Association],
) -> None:
    for association in house.values():
        services = association.profile.services
        assert 3 <= len(services) <= 5
        assert all(3 <= len(service.fields) <= 8 for service in services)


def test_approved_answers_are_the_same_in_both_languages(house: dict[str, Association]) -> None:
    for association in house.values():
        arabic, english = association.knowledge["ar"], association.knowledge["en"]
        assert 8 <= len(arabic) == len(english) <= 16
        assert not any("{" in entry.answer for entry in (*arabic, *english))


def test_no_two_approved_answers_share_a_question(house: dict[str, Association]) -> None:
    for association in house.values():
        for entries in association.knowledge.values():
            asked = [fold(question) for entry in entries for question in entry.questions]
            assert len(asked) == len(set(asked))


def test_every_listed_question_finds_its_own_answer(house: dict[str, Association]) -> None:
    for association in house.values():
        for entries in association.knowledge.values():
            index = KnowledgeIndex(entries)
            for entry in entries:
                for question in entry.questions:
                    assert index.answers(question)[:1] == (entry,), (association.slug, question)


@pytest.mark.parametrize(
    ("language", "asked", "title"),
    [
        ("ar", "كم تاخذ دراسة الطلب", "متى يأتي الرد"),
        ("ar", "ايش الاوراق", "الأوراق والشروط"),
        ("ar", "متى دوامكم", "أوقات العمل"),
        ("ar", "ابي اعرف رقم الجمعية", "وسائل التواصل"),
        ("ar", "ابي اتبرع لكم", "التبرع"),
        ("en", "how long until an answer", "When you hear from us"),
        ("en", "phone number", "How to reach us"),
    ],
)
def test_people_find_answers_in_their_own_words(
    house: dict[str, Association], language: str, asked: str, title: str
) -> None:
    for association in house.values():
        found = KnowledgeIndex(association.knowledge[language]).answers(asked)
        assert found
        assert found[0].title == title


def test_a_question_the_files_do_not_answer_finds_nothing(house: dict[str, Association]) -> None:
    for association in house.values():
        assert KnowledgeIndex(association.knowledge["ar"]).answers("كيف الطقس اليوم") == ()


def test_approved_answers_promise_what_the_profile_promises(house: dict[str, Association]) -> None:
    for slug, association in house.items():
        said = " ".join(entry.answer for entry in association.knowledge["ar"])
        assert ("١٥ يوم عمل" in said) is (slug == "harif")
        assert ("أسبوعين على الأقل" in said) is (slug != "harif")


def test_a_new_association_is_one_copied_folder(tmp_path: Path) -> None:
    folder = tmp_path / "nour"
    shutil.copytree(HOUSE / "harif", folder)
    profile = folder / "profile.toml"
    text = profile.read_text("utf-8")
    for old, new in (('slug = "harif"', 'slug = "nour"'), ('"HRF"', '"NUR"'), ("جمعية حارف للأسر", "جمعية نور للأسر")):
        assert old in text
        text = text.replace(old, new)
    profile.write_text(text, "utf-8")
    association = load_association(folder)
    assert association.slug == "nour"
    assert association.profile.name.ar.startswith("جمعية نور")
    assert check(association) == []


def test_the_tables_of_the_checker_are_those_of_the_house() -> None:
    from conversations.flow import FLOWS
    from conversations.flows import apply as _  # noqa: F401  registers

    assert set(KINDS) == FIELD_KINDS
    assert set(CASE_KINDS) == set(LIFECYCLE_KINDS)
    assert "apply" in FLOWS


def test_every_service_builds_a_dialogue_without_two_steps_of_one_name(house: dict[str, Association]) -> None:
    from conversations.flows.apply import build

    for association in house.values():
        for service in association.profile.services:
            steps = [step.id for step in build(association, service.id)]
            assert len(steps) == len(set(steps))
            asked = {field.id for field in (*association.profile.common, *service.fields)}
            asked |= {f"{field.id}_until" for field in service.fields if field.expires}
            assert set(steps) - asked <= STEPS_OF_FLOWS


def test_flows_called_ready_are_registered(house: dict[str, Association]) -> None:
    import conversations.engine  # noqa: F401  registers every flow
    from conversations.flow import FLOWS

    of_the_engine = {"welcome", "menu", "stop", "staff"}
    ready = {id_.removeprefix("flow.") for id_, ready in FULFILMENTS.items() if id_.startswith("flow.") and ready}
    assert ready - of_the_engine <= set(FLOWS)


def test_every_fulfilment_is_named_by_a_clause_or_goes_beyond_the_policies(house: dict[str, Association]) -> None:
    named = {id_ for one in house.values() for clause in one.profile.clauses for id_ in clause.fulfilled_by}
    beyond = {"flow.urgent", "flow.harm", "flow.stop", "case.data_request"}
    assert set(FULFILMENTS) - named == beyond


def test_showing_everything_in_the_staff_group_is_noted(house: dict[str, Association]) -> None:
    quiet = house["harif"]
    group = quiet.profile.staff_group.model_copy(update={"shows": "full"})
    loud = replace(quiet, profile=quiet.profile.model_copy(update={"staff_group": group}))
    assert not [note for note in notes(quiet) if note.where.startswith("staff_group")]
    assert [note.where for note in notes(loud) if note.where.startswith("staff_group")] == ["staff_group, shows"]
