"""The policy's page: every clause beside what fulfils it, who signed, and a change that goes round once."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from conversations.association.association import Association
from conversations.association.policy_version import policy_version
from storage.schema import conversations
from tests.desk.house import House


def with_policy(house: House, slug: str = "harif", **changed: Any) -> Association:
    """The association follows another policy from now on; everywhere."""
    before = house.associations[slug]
    profile = before.profile.model_copy(
        update={
            "policy": before.profile.policy.model_copy(update=changed.pop("policy", {})),
            **changed,
        }
    )
    after = replace(before, profile=profile)
    house.associations[slug] = after
    return after


@pytest.fixture
def changing(house: House) -> Any:
    """Whatever a test changes of an association is put back."""
    kept = dict(house.associations)
    yield house
    house.associations.update(kept)


def changed_policy(house: House) -> str:
    """Somebody signed the policy before it changed; the new version."""
    clauses = house.associations["harif"].profile.clauses
    first = clauses[0].model_copy(update={"text": clauses[0].text + " وتُراجع كل سنة."})
    return policy_version(with_policy(house, clauses=(first, *clauses[1:])).profile)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_clause_stands_beside_what_fulfils_it(house: House, language: str) -> None:
    from bot.desk.words import desk_wording

    text = house.worker("relations_officer", language=language).text("/policy")
    profile = house.associations["harif"].profile
    words = desk_wording(language)
    for clause in profile.clauses:
        assert " ".join(clause.text.split()) in text
        assert all(words(f"fulfilment.{id}") in text for id in clause.fulfilled_by)


def test_figures_are_for_those_who_watch_over_the_whole(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    officer, manager = (house.worker(role).text("/policy") for role in ("relations_officer", "management"))
    assert "الطلبات: وصلت ١" in manager
    assert reference in manager
    assert "الطلبات: وصلت" not in officer
    assert reference not in officer


def test_who_signed_is_seen_by_those_who_keep_accounts_and_nobody_else(house: House) -> None:
    house.worker("committee", name="سالم", signed=False)
    signed = house.worker("committee", name="منى")
    manager = house.worker("management", name="عبير").text("/policy")
    assert "٢ من ٣" in manager
    assert "سالم لم يوقّع بعد" in manager
    assert "سالم" not in signed.text("/policy")
    assert "وقّعتم هذه النسخة في" in signed.text("/policy")


def test_a_review_day_that_passed_is_said_to_everybody(changing: House) -> None:
    manager, today = changing.worker("management"), changing.now.date()
    assert "لم يُحدَّد يوم لمراجعة السياسة" in manager.text("/policy")
    for day, said in (
        (today - timedelta(days=1), "مضى يوم مراجعة السياسة"),
        (today + timedelta(days=30), "يوم مراجعة السياسة قريب"),
        (date(today.year + 3, 1, 1), ""),
    ):
        with_policy(changing, policy={"review": day})
        text = manager.text("/policy")
        assert (said in text) if said else ("مضى يوم" not in text and "قريب:" not in text)


def test_a_changed_policy_must_be_signed_anew_and_says_so(changing: House) -> None:
    worker = changing.worker("management")
    changed_policy(changing)
    assert worker.get("/policy", follow=False).headers["location"].endswith("/policy/sign")


def test_everybody_with_an_open_case_hears_of_a_change_once(changing: House) -> None:
    house = changing
    first = house.worker("management", name="a")
    with_case, without, twice = (house.person(handle) for handle in ("7001", "7002", "7003"))
    with_case.does(with_case.apply())
    without.does(without.say("السلام عليكم"))
    twice.does(twice.apply())
    twice.does(twice.open("suggest"))
    twice.does(twice.finish())
    assert "أول نسخة" in first.text("/policy")
    version = changed_policy(house)
    manager = house.worker("management", name="b")
    assert "لكل من له معاملة مفتوحة" not in manager.text("/policy")
    manager.post("/policy/circulate", version=version)
    house.settle()
    house.later(hours=20)
    title = house.associations["harif"].profile.policy.title.ar
    heard = {
        one.handle: sum(f"نسخة جديدة من «{title}»" in said for said in one.told) for one in (with_case, without, twice)
    }
    assert heard == {"7001": 1, "7002": 0, "7003": 1}
    late = house.worker("management", name="c")
    assert late.post("/policy/circulate", version=version).status_code == 409
    house.later(hours=20)
    assert sum("نسخة جديدة" in said for said in with_case.told) == 1
    assert [act for act in house.acts() if act[1] == "policy.circulate"] == [
        (manager.who, "policy.circulate", f"policy:{version}", "")
    ]
    assert "أُخبر الناس بهذه النسخة" in house.worker("management", name="d").text("/policy")


def test_who_wants_no_messages_or_is_restricted_is_not_told(changing: House) -> None:
    house = changing
    house.worker("management", name="a")
    stopped, restricted, told = (house.person(handle) for handle in ("7001", "7002", "7003"))
    for person in (stopped, restricted, told):
        person.does(person.apply())
    stopped.does(stopped.say("إيقاف"))
    house.do(
        lambda c: c.execute(update(conversations).where(conversations.c.id == restricted.id).values(restricted=True))
    )
    version = changed_policy(house)
    house.worker("management", name="b").post("/policy/circulate", version=version)
    house.settle()
    house.later(hours=20)
    assert [any("نسخة جديدة" in said for said in one.told) for one in (stopped, restricted, told)] == [
        False,
        False,
        True,
    ]


def test_past_the_channels_window_it_is_heard_when_the_person_writes(changing: House) -> None:
    house = changing
    house.worker("management", name="a")
    person = house.person("+966500000007", "whatsapp")
    person.does(person.apply())
    house.later(days=3)
    version = changed_policy(house)
    house.worker("management", name="b").post("/policy/circulate", version=version)
    house.settle()
    house.later(hours=20)
    assert not any("نسخة جديدة" in said for said in person.told)
    person.does(person.say("السلام عليكم"))
    assert sum("نسخة جديدة" in said for said in person.told) == 1


def test_only_who_keeps_the_library_may_tell_of_a_change(changing: House) -> None:
    from conversations.rights import WORKER_ROLES

    house = changing
    house.worker("management", name="a")
    version = changed_policy(house)
    allowed = {
        role
        for role in WORKER_ROLES
        if house.worker(role).post("/policy/circulate", follow=False, version=version).status_code in (303, 409)
    }
    assert allowed == {"management", "administrator"}


def test_a_page_of_another_version_tells_nobody(changing: House) -> None:
    manager = changing.worker("management")
    assert manager.post("/policy/circulate", version="0" * 12).status_code == 409
    assert not [act for act in changing.acts() if act[1] == "policy.circulate"]


def test_versions_are_known_by_who_signed_them(changing: House) -> None:
    house = changing
    house.worker("management", name="a")
    old = policy_version(house.associations["harif"].profile)
    house.later(days=1)
    new = changed_policy(house)
    html = house.worker("management", name="b").get("/policy").text
    assert html.index(new) < html.rindex(old)


@pytest.mark.parametrize("path", ["/policy", "/policy/sign"])
def test_clauses_stand_under_the_headings_that_were_printed_above_them(house: House, path: str) -> None:
    page = house.worker("relations_officer").get(path).text
    heading, clause = page.index("قنوات التواصل مع المستفيدين</h3>"), page.index(">أ-1<")
    assert heading < clause < page.index("أدوات التواصل مع المستفيدين</h3>") < page.index(">ب-1<")
