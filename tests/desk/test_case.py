"""The page of a case: what was answered, with secrets masked; its files; who has it; notes; what happened."""

from typing import Any

import pytest

from storage import case_lists
from storage.schema import files as files_table
from tests.bot.desk import PDF
from tests.desk.house import Browser, House, words_of
from tests.desk.test_committee import closes, planned, with_committee


def does(browser: Browser, id: int, name: str, **fields: str) -> None:
    from tests.desk.stories import moves

    moves(browser, id, name, **fields)


def filed(house: House, handle: str = "7001", channel: str = "telegram", **picks: str) -> int:
    person = house.person(handle, channel)
    reference = person.does(person.apply())
    return id_of(house, reference)


def id_of(house: House, reference: str) -> int:
    return next(int(id) for id, known in house.line.rows("cases", "id", "reference") if known == reference)


def complaint(house: House, handle: str = "7001", **picks: str) -> int:
    person = house.person(handle)
    return id_of(house, person.does(person.complain(**picks)))


def shown(browser: Browser, id: int) -> str:
    return browser.text(f"/case/{id}")


def test_the_answers_are_shown_in_groups_and_secrets_are_masked(house: House) -> None:
    id = filed(house)
    page = shown(house.worker("relations_officer"), id)
    assert "نورة السالم" in page and "تسجيل أسرة منتجة" in page
    assert "1012345672" not in page and "5672" in page
    assert "SA0380000000608010167519" not in page


def test_a_masked_answer_is_shown_whole_only_when_asked_and_on_record(house: House) -> None:
    id = filed(house)
    officer = house.worker("relations_officer")
    step = "national_id"
    answer = officer.post(f"/case/{id}/reveal", step=step)
    assert answer.status_code == 200 and "1012345672" in words_of(answer.text)
    assert (officer.who, "reveal", f"case:{id}", step) in house.acts()
    assert officer.post(f"/case/{id}/reveal", step="nothing").status_code == 404
    assert "1012345672" not in shown(officer, id)
    assert "1012345672" not in str(house.acts())


def test_every_look_is_on_record(house: House) -> None:
    id = filed(house)
    officer = house.worker("relations_officer")
    shown(officer, id)
    assert (officer.who, "view", f"case:{id}", "") in house.acts()


def test_a_case_that_is_not_theirs_is_not_there(house: House) -> None:
    request, complained = filed(house), complaint(house, "7002")
    officer, hears = house.worker("relations_officer"), house.worker("follow_up_committee")
    other = house.worker("management", association="ruhama")
    assert officer.get(f"/case/{request}").status_code == hears.get(f"/case/{complained}").status_code == 200
    for browser, id in ((officer, complained), (hears, request), (other, request), (officer, 5)):
        for path in (f"/case/{id}", f"/case/{id}/file/5", f"/case/{id}/verify", f"/case/{id}/move/verify"):
            assert browser.get(path).status_code == 404, path
        for path, fields in (("note", {"note": "x"}), ("hold", {"to": "me"}), ("reveal", {"step": "iban"})):
            assert browser.post(f"/case/{id}/{path}", **fields).status_code == 404, path
    assert house.worker("administrator").get(f"/case/{request}").status_code == 403


def test_the_promise_counts_working_days_in_both_calendars(house: House) -> None:
    id = filed(house)
    officer = house.worker("relations_officer")
    assert "٤ رجب ١٤٤٨هـ" in shown(officer, id) and "باقٍ ١٥ يوم عمل" in shown(officer, id)
    house.later(days=7)
    page = shown(house.worker("relations_officer"), id)
    assert "مضت ٥ أيام عمل" in page and "باقٍ ١٠ أيام عمل" in page
    assert "5 working days have passed" in shown(house.worker("relations_officer", language="en"), id)


def test_a_promise_that_was_kept_does_not_grow_late_on_the_page(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    id = with_committee(house, reference)
    member = house.worker("committee")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    words = {"refuse-reason": "خارج النطاق", "refuse-help": "بنك التنمية"}
    member.post(f"{sitting}/decide", case=str(id), decision="refuse", joint="1", **words)
    house.later(days=1)
    member.sign_in()
    assert closes(member, sitting).status_code == 200
    house.settle()
    house.later(days=30)
    page = shown(house.worker("relations_officer"), id)
    promise = page[page.index("اكتمل الأحد") - 60 : page.index("آخر يوم للاعتراض")]
    assert "مضى يوم عمل" in promise and "صدر القرار الاثنين ٢٣ نوفمبر ٢٠٢٦م" in promise
    assert "أقصى موعد للردّ الأحد ١٣ ديسمبر" in promise and "متأخر" not in promise


def test_a_promise_stands_still_while_something_of_the_list_is_missing(house: House) -> None:
    id, other = filed(house), filed(house, "7002")
    officer = house.worker("relations_officer")

    def promise(case: int) -> str:
        return words_of(officer.get(f"/case/{case}").text.partition('id="h-promise"')[2].partition("</section>")[0])

    for case, asked in ((id, {"item": "family_card"}), (other, {"asked_words_1": "عقد المحل"})):
        does(officer, case, "verify")
        assert "باقٍ ١٥" in promise(case)
        does(officer, case, "return", **asked)
    assert "متوقف حتى يكتمل ما ينقص" in promise(id)
    assert "باقٍ" not in promise(id) and "اكتمل الأحد" not in promise(id) and "ديسمبر" not in promise(id)
    assert "متوقف" not in promise(other) and "١٣ ديسمبر" in promise(other), "what is beyond the list moves no date"


def files_from(house: House, handle: str) -> list[int]:
    whose = house.person(handle).id
    return [number for number, conversation in house.line.rows("files", "id", "conversation") if conversation == whose]


def test_only_files_that_the_case_names_are_served_from_it(house: House) -> None:
    id, other = complaint(house), complaint(house, "7002")
    hears = house.worker("follow_up_committee")
    (mine,), (theirs,) = files_from(house, "7001"), files_from(house, "7002")
    answer = hears.get(f"/case/{id}/file/{mine}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PDF, "application/pdf")
    assert answer.headers["content-disposition"].startswith("inline")
    assert hears.get(f"/case/{id}/file/{mine}?how=save").headers["content-disposition"].startswith("attachment")
    assert hears.get(f"/case/{id}/file/{theirs}").status_code == 404
    assert hears.get(f"/case/{other}/file/{mine}").status_code == 404
    assert (hears.who, "view", f"case:{id}", f"file:{mine}") in house.acts()
    house.do(lambda c: c.execute(files_table.update().values(kind="html")))
    answer = hears.get(f"/case/{id}/file/{mine}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_files_of_who_asked_for_a_woman_are_opened_by_women_alone(house: House) -> None:
    id = complaint(house)
    (number,) = files_from(house, "7001")
    person = house.person("7001")
    person.does(person.say("ابغى موظفة"))
    man, woman = house.worker("follow_up_committee"), house.worker("follow_up_committee", woman=True)
    assert man.get(f"/case/{id}/file/{number}").status_code == 409
    assert woman.get(f"/case/{id}/file/{number}").status_code == 200


def test_a_note_is_kept_with_its_author_and_goes_to_nobody(house: House) -> None:
    id = filed(house)
    officer = house.worker("relations_officer", name="هند")
    told = len(house.person("7001").told)
    assert "حُفظت الملاحظة" in words_of(officer.post(f"/case/{id}/note", note="اتصلت بها ولم ترد").text)
    page = shown(officer, id)
    assert "اتصلت بها ولم ترد" in page and "هند" in page
    assert len(house.person("7001").told) == told
    assert officer.post(f"/case/{id}/note", note=" ").status_code == 422
    assert "طويلة" * 900 in officer.post(f"/case/{id}/note", note="طويلة" * 900).text, "what was written is not lost"
    assert house.worker("auditor").post(f"/case/{id}/note", note="x").status_code == 409


def test_a_worker_takes_a_case_and_only_a_supervisor_gives_it_to_another(house: House) -> None:
    id = filed(house)
    officer, other = house.worker("relations_officer", name="هند"), house.worker("relations_officer", name="سارة")
    above, hears = house.worker("management"), house.worker("follow_up_committee")

    def holder() -> Any:
        return house.line.rows("cases", "holder")[0][0]

    officer.post(f"/case/{id}/hold", to="me")
    assert holder() == officer.id and "هند" in shown(other, id)
    assert other.post(f"/case/{id}/hold", to="nobody").status_code == 409
    assert other.post(f"/case/{id}/hold", to=str(other.id)).status_code == 409
    above.post(f"/case/{id}/hold", to=str(other.id))
    assert holder() == other.id
    for nobody in (str(hears.id), "5", "x", ""):
        assert above.post(f"/case/{id}/hold", to=nobody).status_code == 409
    other.post(f"/case/{id}/hold", to="nobody")
    assert holder() is None
    assert (above.who, "case.hold", f"case:{id}", f"staff:{other.id}") in house.acts()


def test_the_conversation_and_linked_cases_are_a_step_away_for_who_may_see_them(house: House) -> None:
    person = house.person("7001")
    person.does(person.open("complain"))
    person.does(person.finish(remedy="compensation"))
    kinds = {kind: int(id) for id, kind in house.line.rows("cases", "id", "kind")}
    both = house.worker("follow_up_committee", "investigation_committee")
    assert f"/case/{kinds['compensation']}" in both.get(f"/case/{kinds['complaint']}").text
    assert f"/case/{kinds['complaint']}" in both.get(f"/case/{kinds['compensation']}").text
    assert f"/conversation/{person.id}" not in both.get(f"/case/{kinds['complaint']}").text
    assert f"/conversation/{person.id}" in house.worker("management").get(f"/case/{kinds['complaint']}").text
    assert (
        f"/case/{kinds['compensation']}"
        not in house.worker("follow_up_committee").get(f"/case/{kinds['complaint']}").text
    )


def test_an_anonymous_complaint_leads_to_no_conversation(house: House) -> None:
    id = complaint(house, anonymous="anonymous", what_happened="تأخرتم كثيرًا في الرد علينا")
    page = house.worker("management").get(f"/case/{id}").text
    assert "تأخرتم كثيرًا" in page and "/conversation/" not in page
    assert str(house.person("7001").id) not in page


@pytest.mark.parametrize("kind", ["suggestion", "inquiry", "volunteering", "data_request", "complaint"])
def test_every_kind_has_its_page(house: House, kind: str) -> None:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    opens = {
        "suggestion": "/suggest",
        "volunteering": "/volunteer",
        "data_request": "/mydata",
        "complaint": "/complain",
    }
    if kind == "inquiry":
        person.does(person.press("/ask"))
        person.does(person.say("هل تعطون دورات في صيانة الطائرات؟"))
        person.does(person.house.line.later(seconds=30))
    else:
        person.does(person.press(opens[kind]))
        person.does(person.finish(what="see"))
    ((id, known),) = house.line.rows("cases", "id", "kind")
    assert known == kind
    for language in ("ar", "en"):
        page = house.worker("management", language=language).get(f"/case/{id}")
        assert page.status_code == 200 and "<dt>" in page.text


def test_what_an_erased_case_held_is_gone_and_its_page_says_so(house: House) -> None:
    from storage import erasure
    from storage.times import ms

    id = filed(house)
    house.do(erasure.erase_cases, house.vault, "harif", [id], ms(house.now))
    page = shown(house.worker("relations_officer"), id)
    assert "مُحيت" in page and "نورة" not in page


def test_search_board_and_list_lead_to_the_page(house: House) -> None:
    id = filed(house)
    officer = house.worker("relations_officer")
    house.do(case_lists.assign, "harif", id, officer.id)
    for path in ("/cases", "/cases/board?kind=request", "/cases?holder=me"):
        assert f"/case/{id}" in officer.get(path).text
