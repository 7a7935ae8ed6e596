"""Verification: each required datum beside its papers, saved one at a time, by whom and when."""

from typing import Any

import pytest

from storage import checks, files
from storage.cases import Case
from storage.ids import new_id
from storage.times import ms
from tests.desk.house import Browser, House, words_of
from tests.desk.test_case import complaint, filed, shown
from tests.desk.test_moves import does

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def paper(house: House, conversation: int, kind: str = "png", data: bytes = PNG) -> str:
    """A file that is here already."""
    id = new_id()
    one = files.File("harif", id, conversation, "telegram", "", f"paper.{kind}", kind, len(data), files.READY)
    house.do(files.want, house.vault, [one], ms(house.now))
    house.line.blobs.put("harif", id, data)
    return str(id)


@pytest.fixture
def request_with_papers(house: House) -> int:
    """A request whose family card is two pages, of which one is a PDF."""
    person = house.person("7001")
    id = filed(house)
    from storage import cases

    pages = [paper(house, person.id), paper(house, person.id, "pdf", b"%PDF-1.4 x")]

    def give(connection: Any) -> None:
        case: Case | None = cases.by_id(connection, house.vault, "harif", id, lock=True)
        assert case is not None
        case.answers = {**case.answers, "family_card": pages, "income_proof": [paper_of_income]}
        cases.amend(connection, house.vault, case, [])

    paper_of_income = paper(house, person.id)
    house.do(give)
    return id


def items(house: House, browser: Browser, id: int) -> list[str]:
    import re

    page = browser.get(f"/case/{id}/verify").text
    return list(dict.fromkeys(re.findall(r"/verify\?item=([\w%:@]+)", page.partition('class="checklist"')[2])))


def test_what_is_required_is_what_the_published_list_names_of_this_case(house: House, request_with_papers: int) -> None:
    officer = house.worker("relations_officer")
    listed = items(house, officer, request_with_papers)
    assert {"full_name", "national_id", "family_card", "income_proof"} <= set(listed)
    assert "other_id" not in listed, "another identity is asked of others"
    assert "agreed_channel" not in listed
    assert f"/case/{request_with_papers}/verify" in officer.get(f"/case/{request_with_papers}").text


def test_a_paper_stands_beside_its_datum(house: House, request_with_papers: int) -> None:
    officer = house.worker("relations_officer")
    page = officer.get(f"/case/{request_with_papers}/verify?item=family_card")
    assert '<img class="paper-view"' in page.text and page.text.count("/verify?item=family_card&amp;file=") == 3
    numbers = [part.partition('"')[0] for part in page.text.split("item=family_card&amp;file=")[1:]]
    pdf = officer.get(f"/case/{request_with_papers}/verify?item=family_card&file={numbers[1]}")
    assert "<iframe" in pdf.text
    assert "frame-src 'self'" in pdf.headers["content-security-policy"]
    name = officer.get(f"/case/{request_with_papers}/verify?item=full_name&file={numbers[0]}")
    assert f"file/{numbers[0]}" in name.text and "نورة السالم" in name.text, "any paper beside any datum"


def test_each_item_is_saved_by_itself_and_leads_to_the_next(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    officer = house.worker("relations_officer", name="هند")
    listed = items(house, officer, id)
    for place, item in enumerate(listed):
        officer.post(f"/case/{id}/verify/reveal", step=item, item=item, file="")
        answer = officer.post(
            f"/case/{id}/verify", follow=False, item=item, outcome="ok", matches="1", valid="1", note="", file=""
        )
        target = listed[place + 1] if place + 1 < len(listed) else item
        assert f"item={target}" in answer.headers["location"]
    kept = house.ask(checks.of_case, house.vault, "harif", id)
    assert set(kept) == set(listed)
    assert all(one.outcome == "ok" and one.matches and one.staff == officer.id for one in kept.values())
    assert (officer.who, "case.check", f"case:{id}", f"{listed[0]}:ok") in house.acts()
    page = officer.text(f"/case/{id}/verify?item=full_name")
    assert "هند" in page and "طُوبق بالأصل" in page
    assert "full_name" not in shown(officer, id)


def test_nobody_says_by_mistake_that_they_saw_an_original(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    officer = house.worker("relations_officer")

    def ticked(page: str) -> bool:
        return " checked" in page.partition('name="matches"')[2].partition(">")[0]

    assert not ticked(officer.get(f"/case/{id}/verify").text)
    following = officer.post(f"/case/{id}/verify", item="full_name", outcome="ok")
    assert not ticked(following.text)
    assert "لم يُرَ الأصل" in words_of(following.text)
    following = officer.post(f"/case/{id}/verify", item="birth_date", outcome="ok", matches="1")
    assert "item=identity_kind" in str(following.url) and not ticked(following.text), "each is compared by itself"
    assert "originals" not in following.text
    again = officer.post(f"/case/{id}/verify", item="family_card", outcome="", matches="1", valid="1", note="صورة")
    assert again.status_code == 422 and ticked(again.text) and "صورة" in again.text, "nothing that was ticked is lost"


def test_a_value_that_nobody_has_looked_at_is_not_sound(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    officer, colleague = house.worker("relations_officer"), house.worker("relations_officer")
    for browser in (officer, colleague):
        answer = browser.post(f"/case/{id}/verify", item="national_id", outcome="ok", matches="1", note="كتبتها")
        assert answer.status_code == 422 and "أظهروها" in words_of(answer.text) and "كتبتها" in answer.text
        officer.post(f"/case/{id}/verify/reveal", step="national_id", item="national_id", file="")
    assert house.ask(checks.of_case, house.vault, "harif", id) == {}, "each looks for themselves"
    assert officer.post(f"/case/{id}/verify", item="national_id", outcome="ok", matches="1").status_code == 200
    missing = colleague.post(f"/case/{id}/verify", item="national_id", outcome="missing")
    assert missing.status_code == 200, "what is missing needs no look"


def test_what_is_found_wrong_is_ticked_when_the_request_goes_back(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    officer = house.worker("relations_officer")
    does(officer, id, "verify")
    officer.post(f"/case/{id}/verify", item="income_proof", outcome="missing", note="الصفحة الثانية")
    officer.post(f"/case/{id}/verify", item="full_name", outcome="ok", matches="1")
    page = officer.get(f"/case/{id}/move/return").text
    ticked = [part.partition('"')[0] for part in page.split('name="item" value="')[1:] if " checked" in part[:40]]
    assert ticked == ["income_proof"]
    assert "الصفحة الثانية" in shown(officer, id)


def test_what_arrives_anew_is_looked_at_anew(house: House, request_with_papers: int) -> None:
    from bot.case_moves import move_case
    from storage import cases

    id = request_with_papers
    officer = house.worker("relations_officer")
    does(officer, id, "verify")
    for item, outcome in (("income_proof", "wrong"), ("full_name", "ok")):
        officer.post(f"/case/{id}/verify", item=item, outcome=outcome, matches="1")
    does(officer, id, "return", item="income_proof")
    new = paper(house, house.person("7001").id)

    def complete(connection: Any) -> None:
        case = cases.by_id(connection, house.vault, "harif", id, lock=True)
        assert case is not None
        move_case(
            connection, house.vault, house.associations["harif"], case, "complete", "beneficiary", house.now,
            answers={"income_proof": [new]}, tell=lambda *_: None,
        )  # fmt: skip

    house.do(complete)
    assert set(house.ask(checks.of_case, house.vault, "harif", id)) == {"full_name"}
    page = officer.text(f"/case/{id}/verify?item=income_proof")
    assert "قبل الاستكمال" in page and "السابقة" in page


def test_an_identity_number_is_shown_whole_beside_its_paper_on_record(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    officer = house.worker("relations_officer")
    assert "1012345672" not in officer.text(f"/case/{id}/verify?item=national_id")
    answer = officer.post(f"/case/{id}/verify/reveal", step="national_id", item="national_id", file="")
    assert "1012345672" in words_of(answer.text)
    assert (officer.who, "reveal", f"case:{id}", "national_id") in house.acts()


def test_who_begins_with_the_check_list_sees_that_nobody_was_told(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    officer = house.worker("relations_officer")
    says = "لم يُخبَر صاحب الطلب بعد"
    page = officer.get(f"/case/{id}/verify")
    assert says in page.text and f"/case/{id}/move/verify" in page.text
    assert says not in house.worker("committee").text(f"/case/{id}/verify"), "not theirs to tell"
    does(officer, id, "verify")
    assert says not in officer.text(f"/case/{id}/verify")


def test_only_who_works_on_it_checks_and_only_what_it_requires(house: House, request_with_papers: int) -> None:
    id = request_with_papers
    member, officer = house.worker("committee"), house.worker("relations_officer")
    assert 'name="outcome"' not in member.get(f"/case/{id}/verify").text
    assert member.post(f"/case/{id}/verify", item="full_name", outcome="ok").status_code == 409
    assert officer.post(f"/case/{id}/verify", item="nothing", outcome="ok").status_code == 404
    assert officer.post(f"/case/{id}/verify", item="@early", outcome="ok").status_code == 404
    assert officer.post(f"/case/{id}/verify", item="full_name", outcome="perhaps").status_code == 422
    long = officer.post(f"/case/{id}/verify", item="full_name", outcome="ok", note="ط" * 1200)
    assert long.status_code == 422 and "ط" * 1200 in long.text
    assert house.ask(checks.of_case, house.vault, "harif", id) == {}
    assert house.worker("follow_up_committee").get(f"/case/{complaint(house, '7002')}/verify").status_code == 404


def test_women_alone_open_the_papers_of_who_asked_for_a_woman(house: House, request_with_papers: int) -> None:
    person = house.person("7001")
    person.does(person.say("ابغى موظفة"))
    man = house.worker("relations_officer").get(f"/case/{request_with_papers}/verify?item=family_card").text
    woman = (
        house.worker("relations_officer", woman=True).get(f"/case/{request_with_papers}/verify?item=family_card").text
    )
    assert "paper-view" not in man and "paper-view" in woman
