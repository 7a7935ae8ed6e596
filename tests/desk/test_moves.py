"""Moving a case from its page: only what is theirs, what is said is what was shown, and nobody overruns a colleague."""

import re
from html import unescape
from typing import Any

import pytest

from tests.desk.house import Browser, House, Person, words_of
from tests.desk.stories import go
from tests.desk.test_case import complaint, filed, shown

REASON = "تجاوز الدخل الحد المعلن"
HELP = "برنامج التدريب يبدأ في رجب"


def stage(house: House, id: int) -> str:
    return next(str(stage) for known, stage in house.line.rows("cases", "id", "stage") if known == id)


def said(html: str) -> list[str]:
    """What a page says that the person will read."""
    return [unescape(text).strip() for text in re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", html, re.S)]


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def step(browser: Browser, id: int, name: str, **fields: Any) -> tuple[Any, Any]:
    """The page of a move with its preview, and what came of making it."""
    page = browser.get(f"/case/{id}/move/{name}")
    assert page.status_code == 200, (name, page.status_code)
    moves = hidden(page.text, "moves")
    if 'name="unverified"' in page.text:
        fields["unverified"] = "1"
    preview = browser.post(f"/case/{id}/move/{name}", moves=moves, do="preview", **fields)
    assert preview.status_code == 200, (name, words_of(preview.text))
    digest = hidden(preview.text, "shown")
    return preview, browser.post(f"/case/{id}/move/{name}", moves=moves, shown=digest, do="make", **fields)


def does(browser: Browser, id: int, name: str, **fields: Any) -> list[str]:
    """Make a move; what its page said that the person would be told."""
    preview, made = step(browser, id, name, **fields)
    assert made.status_code == 200, words_of(made.text)
    assert f"/case/{id}" in str(made.url) and "تمّت الخطوة" in words_of(made.text)
    browser.house.settle()
    return said(preview.text)


def moved_to(house: House, id: int, *names: str) -> Browser:
    """A request brought on by its usual hands."""
    officer = house.worker("relations_officer", name="هند")
    for name in names:
        does(officer, id, name)
    return officer


def test_only_the_moves_of_ones_roles_are_offered_from_here(house: House) -> None:
    id = filed(house)
    officer, member = house.worker("relations_officer"), house.worker("committee")
    assert f"/case/{id}/move/verify" in officer.get(f"/case/{id}").text
    assert "/move/accept" not in officer.get(f"/case/{id}").text
    assert "/move/" not in member.get(f"/case/{id}").text
    assert "/move/" not in house.worker("auditor").get(f"/case/{id}").text
    for browser, name in ((member, "verify"), (officer, "accept"), (officer, "nonsense"), (officer, "withdraw")):
        assert browser.get(f"/case/{id}/move/{name}").status_code == 404
        assert browser.post(f"/case/{id}/move/{name}", moves="0", do="make").status_code == 404
    assert stage(house, id) == "submitted"


def test_what_the_person_is_told_is_what_the_page_showed_before(house: House) -> None:
    id = filed(house)
    person, officer = house.person("7001"), house.worker("relations_officer", name="هند")
    told = len(person.told)
    promised = does(officer, id, "verify")
    assert person.told[told:] == promised and len(promised) == 1
    assert stage(house, id) == "verifying"
    page = shown(officer, id)
    assert "هند · موظف علاقات المستفيدين" in page and "بدء المراجعة" in page
    assert (officer.who, "case.move", f"case:{id}", "verify:relations_officer") in house.acts()


def test_looking_at_what_would_be_said_changes_nothing(house: House) -> None:
    id = filed(house)
    person, officer = house.person("7001"), house.worker("relations_officer")
    told, acts = len(person.told), [row[1] for row in house.acts()]
    officer.get(f"/case/{id}/move/verify")
    officer.post(f"/case/{id}/move/verify", moves="0", do="preview")
    house.later(minutes=1)
    assert (stage(house, id), len(person.told)) == ("submitted", told)
    assert {row[1] for row in house.acts()} - set(acts) <= {"view"}
    assert house.line.rows("case_moves") == house.line.rows("requirements") == []


def test_a_refusal_says_only_that_there_is_news_then_why_and_until_when_to_object(house: House) -> None:
    id = filed(house)
    person = house.person("7001")
    moved_to(house, id, "verify", "pass_on")
    told = len(person.told)
    news, words = does(house.worker("committee"), id, "refuse", reason=REASON, help=HELP)
    assert person.told[told:] == [news] and REASON not in news
    person.does(person.press(f"track:{house.line.rows('cases', 'reference')[0][0]}"))
    assert person.told[-1].startswith(words)
    assert REASON in words and HELP in words and "حتى" in words and "١٤٤٨هـ" in words


def test_words_that_are_missing_are_asked_for_and_nothing_typed_is_lost(house: House) -> None:
    id = filed(house)
    moved_to(house, id, "verify", "pass_on")
    member = house.worker("committee")
    answer = member.post(f"/case/{id}/move/refuse", moves="2", do="preview", reason=REASON, help=" ")
    assert answer.status_code == 422 and REASON in answer.text and 'id="w-help"' in answer.text
    answer = member.post(f"/case/{id}/move/refuse", moves="2", do="preview", reason="س" * 5000, help=HELP)
    assert answer.status_code == 422 and HELP in answer.text and "٥٠٠٠" in answer.text
    assert stage(house, id) == "with_committee"


def test_what_was_changed_after_it_was_shown_is_shown_again_before_it_is_made(house: House) -> None:
    id = filed(house)
    moved_to(house, id, "verify", "pass_on")
    member = house.worker("committee")
    preview = member.post(f"/case/{id}/move/refuse", moves="2", do="preview", reason=REASON, help=HELP)
    digest = hidden(preview.text, "shown")
    other = "سبب آخر لم يره أحد"
    answer = member.post(f"/case/{id}/move/refuse", moves="2", do="make", shown=digest, reason=other, help=HELP)
    assert answer.status_code == 409 and other in said(answer.text)[-1]
    assert stage(house, id) == "with_committee"
    assert member.post(f"/case/{id}/move/refuse", moves="2", do="make", reason=other, help=HELP).status_code == 409
    digest = hidden(answer.text, "shown")
    member.post(f"/case/{id}/move/refuse", moves="2", do="make", shown=digest, reason=other, help=HELP)
    assert stage(house, id) == "refused"


def test_who_comes_second_is_told_so_and_keeps_what_they_wrote(house: House) -> None:
    id = filed(house)
    moved_to(house, id, "verify", "pass_on")
    first, second = house.worker("committee"), house.worker("committee")
    preview = second.post(f"/case/{id}/move/refuse", moves="2", do="preview", reason=REASON, help=HELP)
    digest = hidden(preview.text, "shown")
    does(first, id, "accept")
    answer = second.post(f"/case/{id}/move/refuse", moves="2", do="make", shown=digest, reason=REASON, help=HELP)
    assert answer.status_code == 409 and REASON in answer.text and HELP in answer.text
    assert "مقبول" in words_of(answer.text)
    assert stage(house, id) == "accepted"


def test_a_move_that_is_still_possible_on_a_stale_page_is_shown_again(house: House) -> None:
    id = complaint(house)
    hears = house.worker("follow_up_committee")
    for name, fields in (
        ("assess", {"severity": "low"}),
        ("investigate", {}),
        ("settle", {"proposal": "اعتذار مكتوب"}),
        ("resume", {}),
    ):
        does(hears, id, name, **fields)
    answer = hears.post(f"/case/{id}/move/answer", moves="3", do="make", shown="x", answer="ردّ كُتب على صفحة قديمة")
    assert answer.status_code == 409 and "ردّ كُتب على صفحة قديمة" in answer.text
    assert stage(house, id) == "investigating"


def test_a_form_sent_twice_moves_a_case_once(house: House) -> None:
    id = filed(house)
    officer = house.worker("relations_officer")
    page = officer.get(f"/case/{id}/move/verify").text
    fields = {"moves": "0", "shown": hidden(page, "shown"), "do": "make", "once": "the-same"}
    assert officer.post(f"/case/{id}/move/verify", **fields).status_code == 200
    assert officer.post(f"/case/{id}/move/verify", **fields).status_code in (404, 409)
    assert len(house.line.rows("case_moves")) == 1


def test_an_inquiry_answered_from_its_case_waits_for_nobody_any_more(house: House) -> None:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    person.does(person.say("كيف اقدر انقل ملفي من جمعية في جدة الى عندكم وهل يلزم كفيل غارم؟"))
    ((id, reference),) = house.line.rows("cases", "id", "reference")
    hind = house.worker("relations_officer", name="هند")
    assert reference in hind.text("/inbox")
    does(hind, id, "answer", answer="ينقل ملفكم بخطاب من جمعيتكم.")
    assert "بخطاب من جمعيتكم" in person.told[-1]
    assert reference not in hind.text("/inbox") and "ينتظرون ٠" in hind.text("/inbox")
    assert person.where.holder == "bot"
    told = len(person.told)
    house.later(days=3)
    assert len(person.told) == told and "waiting_unanswered" not in house.line.alarms()


def test_what_else_waits_is_not_answered_with_an_inquiry(house: House) -> None:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    person.does(person.say("كيف اقدر انقل ملفي من جمعية في جدة الى عندكم وهل يلزم كفيل غارم؟"))
    person.does(person.say("ابغى موظف"))
    ((id, _),) = house.line.rows("cases", "id", "reference")
    hind = house.worker("relations_officer", name="هند")
    does(hind, id, "answer", answer="ينقل ملفكم بخطاب من جمعيتكم.")
    assert "ينتظرون ١" in hind.text("/inbox")
    assert person.where.holder == "queue"


def test_who_reads_english_is_told_in_english_and_the_page_says_so(house: House) -> None:
    person = house.person("7001")
    id = filed(house)
    person.does(person.say("english"))
    (text,) = does(house.worker("relations_officer"), id, "verify")
    assert text.isascii() or "We" in text
    assert person.told[-1] == text


def test_a_return_names_exactly_what_is_missing_and_says_what_moves_no_date(house: House) -> None:
    id = filed(house)
    person = house.person("7001")
    officer = moved_to(house, id, "verify")
    fields = {"item": ["family_card"], "asked_words_1": "عقد المحل", "asked_kind_1": "document"}
    assert officer.post(f"/case/{id}/move/return", moves="1", do="preview").status_code == 422
    (text,) = does(officer, id, "return", **fields)
    assert person.told[-1] == text
    assert "عقد المحل" in text and "•" in text
    asked = {
        (item, published, kind)
        for item, published, kind in house.line.rows("requirements", "item", "published", "kind")
    }
    assert asked == {("family_card", True, ""), ("other:1", False, "document")}
    assert stage(house, id) == "returned"


def test_an_accepted_request_is_registered_delivered_and_taken_back(house: House) -> None:
    id = filed(house)
    person = house.person("7001")
    officer = moved_to(house, id, "verify", "pass_on")
    does(house.worker("committee"), id, "accept")
    rows = {
        "owed_what_1": "ماكينة خياطة", "owed_amount_1": "١٥٠٠", "owed_due_1": "2026-12-10",
        "owed_what_2": "دورة تدريب", "owed_amount_2": "", "owed_due_2": "",
    }  # fmt: skip
    for wrong in ({"owed_due_1": "2020-01-01"}, {"owed_amount_1": "كثير"}, {"owed_what_1": ""}, {"owed_due_1": "x"}):
        answer = officer.post(f"/case/{id}/move/register", moves="3", do="preview", **{**rows, **wrong})
        assert answer.status_code == 422 and "دورة تدريب" in answer.text
    (text,) = does(officer, id, "register", **rows)
    assert person.told[-1].endswith(text) and "ماكينة خياطة" in text and "رجب ١٤٤٨هـ" in text
    due = house.line.rows("cases", "due")[0][0]
    assert due == house.line.rows("entitlements", "due")[0][0]

    page = officer.get(f"/case/{id}").text
    first, second = [row[0] for row in house.line.rows("entitlements", "id")]
    assert f"deliver_one?entitlement={first}" in page
    told = len(person.told)
    promised = does(officer, id, "deliver_one", entitlement=str(first))
    assert person.told[told:] == promised and "ماكينة خياطة" in promised[0]
    assert stage(house, id) == "registered"
    does(officer, id, "not_received_one", entitlement=str(first))
    assert [row[0] for row in house.line.rows("entitlements", "delivered_at")] == [None, None]
    for one in (first, second):
        does(officer, id, "deliver_one", entitlement=str(one))
    assert stage(house, id) == "delivered"
    assert {row[0] for row in house.line.rows("case_moves", "actor")} >= {str(officer.id)}
    assert officer.post(f"/case/{id}/move/deliver_one", moves="9", entitlement="5", do="make").status_code == 409


def test_an_entitlement_that_is_late_shows_and_may_be_cancelled(house: House) -> None:
    id = filed(house)
    officer = moved_to(house, id, "verify", "pass_on")
    does(house.worker("committee"), id, "accept")
    does(officer, id, "register", owed_what_1="سلة", owed_due_1="2026-11-24")
    house.later(days=5)
    officer = house.worker("relations_officer")
    assert "تأخّر تسليمه" in shown(officer, id)
    one = house.line.rows("entitlements", "id")[0][0]
    assert house.worker("committee").post(f"/case/{id}/entitlement/{one}/cancel").status_code == 403
    officer.post(f"/case/{id}/entitlement/{one}/cancel")
    assert "أُلغي" in shown(officer, id)
    assert house.line.rows("cases", "due")[0][0] is None
    assert officer.post(f"/case/{id}/entitlement/{one}/cancel").status_code == 409


def test_severity_is_kept_and_said_in_the_persons_words(house: House) -> None:
    id = complaint(house, severity="high")
    hears = house.worker("follow_up_committee")
    page = hears.get(f"/case/{id}/move/assess").text
    assert re.search(r'value="high"[^>]*checked', page)
    *_, words = does(hears, id, "assess", severity="low")
    assert "low" not in words and "أهميتها: عادية" in words
    assert house.line.rows("cases", "severity")[0][0] == "low"
    assert hears.post(f"/case/{id}/move/assess", moves="1", severity="enormous", do="make").status_code in (
        404,
        409,
        422,
    )


def test_a_decision_before_its_day_needs_a_supervisors_word(
    house: House,
) -> None:
    person = house.person("7001", association="ruhama")
    reference = person.does(person.apply())
    id = next(int(known) for known, text in house.line.rows("cases", "id", "reference") if text == reference)
    officer = house.worker("relations_officer", association="ruhama")
    for name in ("verify", "pass_on"):
        does(officer, id, name)
    member, above = house.worker("committee", association="ruhama"), house.worker("management", association="ruhama")
    page = member.get(f"/case/{id}").text
    assert "/move/accept" not in page and "early/ask" in page
    answer = member.post(f"/case/{id}/move/accept", moves="2", do="make", early="عاجل")
    assert answer.status_code == 422 and stage(house, id) == "with_committee"
    assert member.post(f"/case/{id}/early/confirm", reason="x").status_code == 403
    member.post(f"/case/{id}/early/ask")
    assert "asked=1" in above.get("/cases").text
    assert above.post(f"/case/{id}/early/confirm", reason=" ").status_code == 422
    above.post(f"/case/{id}/early/confirm", reason="لا مأوى لهم الليلة")
    assert (above.who, "case.early_confirmed", f"case:{id}", "") in house.acts("ruhama")
    assert "asked=1" not in above.get("/cases").text
    does(member, id, "accept")
    assert stage(house, id) == "accepted"
    assert "لا مأوى لهم الليلة" in shown(above, id)


def test_who_decides_and_supervises_gives_the_reason_with_the_decision(house: House) -> None:
    person = house.person("7001", association="ruhama")
    reference = person.does(person.apply())
    id = next(int(known) for known, text in house.line.rows("cases", "id", "reference") if text == reference)
    both = house.worker("relations_officer", "committee", "management", association="ruhama")
    for name in ("verify", "pass_on"):
        does(both, id, name)
    assert both.post(f"/case/{id}/move/accept", moves="2", do="preview").status_code == 422
    does(both, id, "accept", early="حاجة عاجلة")
    assert stage(house, id) == "accepted"
    assert "حاجة عاجلة" in shown(both, id)


def test_an_anonymous_complaint_is_answered_where_they_ask_and_the_page_says_so(house: House) -> None:
    id = complaint(house, anonymous="anonymous")
    hears = house.worker("follow_up_committee")
    told = len(house.person("7001").told)
    (words,) = does(hears, id, "assess", severity="low")
    assert len(house.person("7001").told) == told and "قرأنا شكواكم" in words


def test_what_ends_silently_says_that_nothing_is_sent(house: House) -> None:
    id = filed(house)
    above = house.worker("management")
    preview, _ = step(above, id, "discontinue", reason="مكرر")
    assert said(preview.text) == [] and "لا يُرسل شيء" in words_of(preview.text)
    assert stage(house, id) == "discontinued"
    assert house.line.rows("cases", "due")[0][0] is None


def test_whoever_asked_for_silence_is_not_written_to_and_the_page_says_so(house: House) -> None:
    id = filed(house)
    person: Person = house.person("7001")
    person.does(person.say("stop"))
    told = len(person.told)
    preview, made = step(house.worker("relations_officer"), id, "verify")
    assert "طلب ألا نكتب له" in words_of(preview.text) and made.status_code == 200
    house.settle()
    assert len(person.told) == told


@pytest.mark.parametrize("kind", ["inquiry", "suggestion", "volunteering", "data_request"])
def test_the_short_ones_go_to_their_end(house: House, kind: str) -> None:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    if kind == "inquiry":
        person.does(person.press("/ask"))
        person.does(person.say("هل تعطون دورات في صيانة الطائرات؟"))
        house.later(seconds=30)
    else:
        opens = {"suggestion": "/suggest", "volunteering": "/volunteer", "data_request": "/mydata"}
        person.does(person.press(opens[kind]))
        person.does(person.finish(what="see"))
    id = int(house.line.rows("cases", "id")[0][0])
    officer = house.worker("relations_officer")
    steps: dict[str, list[tuple[str, dict[str, str]]]] = {
        "inquiry": [("assign", {}), ("answer", {"answer": "نعم، تبدأ في رجب"}), ("close", {})],
        "suggestion": [("review", {}), ("adopt", {}), ("carry_out", {"result": "وضعنا لوحة إرشاد"})],
        "volunteering": [("invite", {"meeting": "الأحد ٤ مساءً في المقر"}), ("accept", {}), ("close", {})],
        "data_request": [("verify", {}), ("execute", {"result": "سُلّم الملف"}), ("close", {})],
    }
    if kind == "data_request":
        officer.post(f"/case/{id}/verify", item="@identity", outcome="ok", matches="1")
    for name, fields in steps[kind]:
        told = len(person.told)
        promised = does(officer, id, name, **fields)
        assert person.told[told:] == promised[:1], name
    assert stage(house, id) == "closed"


@pytest.mark.parametrize("outcome", ["missing", "wrong"])
def test_what_verification_found_is_no_change_after_the_preview(house: House, outcome: str) -> None:
    id = filed(house)
    officer = house.worker("relations_officer")
    officer.post(f"/case/{id}/verify", item="family_card", outcome=outcome)
    page = go(officer, f"/case/{id}/move/verify").submit("/move/verify", do="make")
    assert page.path.endswith(f"/case/{id}") and stage(house, id) == "verifying"
    page = go(officer, f"/case/{id}/move/return")
    assert page.form("/move/return").fields["item"].values == ["family_card"]
    page = page.submit("/move/return", do="preview").submit("/move/return", do="make")
    assert page.path.endswith(f"/case/{id}") and stage(house, id) == "returned"
    assert "أُرسل الخبر" in page.says and "وصل الخبر" not in page.says, "sent is not yet arrived"


def test_the_preview_is_where_the_browser_looks_after_it_was_asked_for(house: House) -> None:
    id = filed(house)
    moved_to(house, id, "verify", "pass_on")
    member = house.worker("committee")
    page = member.get(f"/case/{id}/move/refuse").text
    assert f'formaction="/desk/harif/case/{id}/move/refuse#heard"' in page
    preview = member.post(f"/case/{id}/move/refuse", moves="2", do="preview", reason=REASON, help=HELP).text
    assert 'id="heard" tabindex="-1"' in preview
    wrong = member.post(f"/case/{id}/move/refuse", moves="2", do="preview", reason="", help=HELP).text
    area = wrong.partition('id="f-reason"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in area and "autofocus" in area and "w-reason" in area


def test_what_goes_to_the_committee_unverified_says_so_and_is_on_record(house: House) -> None:
    id = filed(house)
    officer = moved_to(house, id, "verify")
    officer.post(f"/case/{id}/verify", item="full_name", outcome="ok")
    officer.post(f"/case/{id}/verify", item="family_card", outcome="missing")
    page = officer.get(f"/case/{id}/move/pass_on").text
    assert "لم يُراجَع بعد: ١٠ من ١٢" in words_of(page) and "ناقص أو غير صحيح: ١" in words_of(page)
    fields = {"moves": "1", "shown": hidden(page, "shown"), "do": "make"}
    answer = officer.post(f"/case/{id}/move/pass_on", **fields)
    assert answer.status_code == 422 and 'name="do" value="make"' in answer.text
    assert stage(house, id) == "verifying"
    assert officer.post(f"/case/{id}/move/pass_on", **fields, unverified="1").status_code == 200
    assert stage(house, id) == "with_committee"
    assert (officer.who, "case.unverified", f"case:{id}", "10:1") in house.acts()


def test_what_is_verified_whole_goes_to_the_committee_without_a_word(house: House) -> None:
    id = filed(house)
    officer = moved_to(house, id, "verify")
    page = go(officer, f"/case/{id}/verify")
    for _ in range(12):
        page = page.submit("/verify", outcome="not_needed")
    assert "unverified" not in officer.get(f"/case/{id}/move/pass_on").text
    does(officer, id, "pass_on")
    assert "case.unverified" not in {act for _, act, *_ in house.acts()}
