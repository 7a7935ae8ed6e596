"""Interviews, visits and calls at the desk: offered, confirmed, their outcome; and whose day shows what."""

import re
from typing import Any

import pytest

from tests.desk.house import Browser, House, words_of
from tests.desk.stories import case_of, case_page, go
from tests.desk.test_joining import join


@pytest.fixture
def researcher(house: House) -> Browser:
    return house.worker("social_researcher", name="باحثة")


def arranged(house: House, worker: Browser, kind: str = "interview", handle: str = "7001") -> tuple[Any, str]:
    person = house.person(handle)
    reference = person.does(person.apply())
    (case_id,) = [row[1] for row in house.line.rows("cases", "reference", "id") if row[0] == reference]
    answer = worker.post("/appointments", kind=kind, case=str(case_id))
    assert answer.status_code == 200, answer.text
    return person, re.search(r"/appointments/\d+", str(answer.url)).group()  # type: ignore[union-attr]


def test_times_are_offered_the_person_chooses_and_the_day_shows_it(house: House, researcher: Browser) -> None:
    person, path = arranged(house, researcher)
    before = len(person.told)
    when = {"day1": "2026-11-24", "hour1": "10:00", "day2": "2026-11-25", "hour2": "11:00", "place": "المقر"}
    assert researcher.post(path, act="offer", **when).status_code == 200
    house.settle()
    assert len(person.told) == before + 1
    assert "١٠:٠٠" not in researcher.text("/appointments?day=2026-11-24")

    choice = house.run(_offered(person))
    person.does(person.press(choice))
    assert "١٠:٠٠" in researcher.text("/appointments?day=2026-11-24")


async def _offered(person: Any) -> str:
    says = person.desk.channels[person.association, person.channel].says
    return str(says[-1].options[0].id)


def test_an_agreed_time_is_told_and_its_outcome_is_kept(house: House, researcher: Browser) -> None:
    person, path = arranged(house, researcher, "home_visit")
    researcher.post(path, act="confirm", day1="2026-11-23", hour1="09:30")
    house.settle()
    assert "٩:٣٠" in person.told[-1]
    house.later(days=2)
    researcher.sign_in()
    assert "لم تُسجَّل نتيجتها" in researcher.text("/appointments")
    researcher.post(path, act="done", note="زيارة طيبة")
    assert "زيارة طيبة" in researcher.text(path)


@pytest.mark.parametrize("kind", ["interview", "home_visit", "callback"])
def test_one_is_arranged_from_the_case_and_stands_there(house: House, researcher: Browser, kind: str) -> None:
    person = house.person("7001")
    id = case_of(house, person.does(person.apply()))
    made = case_page(researcher, id).submit("/appointments", kind=kind)
    assert re.search(r"/appointments/\d+$", made.path) and made.offers(made.path)
    assert go(researcher, f"/case/{id}").leads_to(made.path)
    reader = house.worker("auditor")
    assert not case_page(reader, id).offers("/appointments")


def test_a_call_is_arranged_from_the_conversation(house: House) -> None:
    person = house.person("7001")
    person.does(person.say("السلام عليكم", "ابغى موظف"))
    hind = house.worker("relations_officer")
    made = go(hind, f"/conversation/{person.id}").submit("/appointments", kind="callback")
    made.submit(made.path, act="confirm", day1="2026-11-23", hour1="09:30")
    assert "٩:٣٠" in person.told[-1]


def test_for_an_anonymous_complaint_nobody_is_invited(house: House) -> None:
    person = house.person("7001")
    id = case_of(house, person.does(person.complain(anonymous="anonymous")))
    assert not case_page(house.worker("management"), id).offers("/appointments")


def test_a_time_that_is_missing_or_past_changes_nothing_and_says_so(house: House, researcher: Browser) -> None:
    person, path = arranged(house, researcher)
    before = len(person.told)
    missing = researcher.post(path, act="confirm", day1="", hour1="")
    past = researcher.post(path, act="confirm", day1="2020-01-01", hour1="09:00", place="مكتب الاستقبال")
    assert (missing.status_code, past.status_code) == (422, 409)
    assert "مكتب الاستقبال" in past.text
    house.settle()
    assert len(person.told) == before


def test_nobody_arranges_for_a_case_they_may_not_see(house: House, researcher: Browser) -> None:
    person = house.person("7005")
    person.does(person.complain())
    (case_id,) = [row[0] for row in house.line.rows("cases", "id")]
    assert researcher.post("/appointments", kind="interview", case=str(case_id)).status_code == 404
    _, path = arranged(house, researcher)
    assert house.worker("relations_officer", association="ruhama").get(path).status_code == 404


@pytest.mark.parametrize("role", ["relations_officer", "social_researcher", "branch_delegate", "management"])
def test_one_is_begun_from_the_page_itself_by_reference_or_mobile(house: House, role: str) -> None:
    person = house.person("+966500000001", "whatsapp")
    reference = person.does(person.apply())
    worker = house.worker(role)
    found = go(worker, "/appointments").submit("/appointments/find", what=reference)
    assert re.search(r"/appointments/\d+$", found.submit("/appointments", kind="interview").path)
    assert go(worker, "/appointments").submit("/appointments/find", what="0500000001").offers("/appointments")


def test_of_a_case_that_is_not_theirs_the_search_says_nothing(house: House, researcher: Browser) -> None:
    person = house.person("7001")
    reference = person.does(person.complain())
    answer = researcher.post("/appointments/find", what=reference)
    assert "لم نجد حالة مفتوحة" in answer.text and "/case/" not in answer.text
    assert "من صفحة محادثته" in answer.text, "and says where else to begin"


@pytest.mark.parametrize("path", ["/appointments", "/clocks", "/cases"])
def test_where_an_export_is_looked_for_the_page_says_who_has_it(house: House, path: str) -> None:
    assert "لدور: الإدارة العليا، المراجع" in house.worker("relations_officer").text(path)
    assert go(house.worker("management"), path).leads_to("/management")


WHEN = {"day1": "2026-11-25", "hour1": "10:00"}


@pytest.mark.parametrize("asks", ["7001", "7002"])
def test_who_asked_for_a_woman_is_met_by_a_woman_alone(house: House, asks: str) -> None:
    """Also where she asked at another of her addresses."""
    man, woman = (
        house.worker("social_researcher", name="سالم"),
        house.worker("social_researcher", name="هند", woman=True),
    )
    house.worker("follow_up_committee", name="ريم", woman=True)
    person, path = arranged(house, woman, "home_visit")
    other = house.person("7002")
    other.does(other.say("السلام عليكم"))
    officer = house.worker("relations_officer", woman=True)
    assert join(officer, person, other.id).status_code == 200
    house.person(asks).does(house.person(asks).say("ابغى موظفة"))
    case = house.line.rows("cases", "id")[0][0]
    before = house.line.rows("appointments")

    refused = man.post("/appointments", kind="home_visit", case=str(case))
    assert refused.status_code == 409 and "هند" in words_of(refused.text) and "ريم" not in words_of(refused.text)
    for act in ("offer", "confirm"):
        answer = man.post(path, act=act, **WHEN)
        assert answer.status_code == 422 and "تستطيع ذلك: هند" in words_of(answer.text)
        assert woman.post(path, act=act, staff=str(man.id), **WHEN).status_code == 422
    assert house.line.rows("appointments") == before
    assert f'<option value="{man.id}"' not in woman.get(path).text

    assert woman.post(path, act="confirm", **WHEN).status_code == 200
    assert woman.post(path, act="move", staff=str(man.id), **WHEN).status_code == 422
    assert man.post(path, act="cancel").status_code == 200, "nobody meets anybody"
    assert woman.post("/appointments", kind="home_visit", case=str(case)).status_code == 200


def test_where_no_woman_may_meet_her_the_refusal_says_so(house: House, researcher: Browser) -> None:
    person, path = arranged(house, researcher)
    person.does(person.say("ابغى موظفة"))
    answer = researcher.post(path, act="confirm", **WHEN)
    assert answer.status_code == 422 and "ولا موظفة بينكم الآن" in words_of(answer.text)


def test_nobody_is_given_a_meeting_with_who_complains_about_them(house: House, researcher: Browser) -> None:
    """Though it is about another case of theirs, and agreed at another address."""
    _, path = arranged(house, researcher)
    about = house.worker("social_researcher", name="سالم")
    complains = house.person("7002")
    complaint = complains.does(complains.complain())
    officer = house.worker("relations_officer", woman=True)
    assert join(officer, complains, house.person("7001").id).status_code == 200
    (case,) = [id for id, reference in house.line.rows("cases", "id", "reference") if reference == complaint]
    house.worker("follow_up_committee").post(f"/case/{case}/exclude", staff=str(about.id), reason="هو المقصود")
    answer = researcher.post(path, act="confirm", staff=str(about.id), **WHEN)
    assert answer.status_code == 422 and "لا يرى" in words_of(answer.text)
    assert researcher.post(path, act="confirm", **WHEN).status_code == 200
