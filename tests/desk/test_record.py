"""What came by other ways: the same questions and checks as in the chat, every wrong answer said in its place."""

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.desk.cases.answers import files_of
from bot.desk.cases.recording import Sheet, whats
from bot.desk.words import DeskWords
from conversations.cases.calendar import calendar_of
from conversations.cases.promise import promise_for
from conversations.conversation import Conversation
from storage import cases, consents
from storage import files as stored_files
from storage.cases import Case
from storage.conversations import state_of
from storage.schema import cases as cases_table
from storage.schema import conversations
from storage.times import ms, ms_or_none
from tests.bot.desk import PDF, WORDS
from tests.desk.house import Browser, House, words_of

SCAN = ("scan.pdf", PDF, "application/pdf")


def sheet_of(house: House, what: str, association: str = "harif") -> Sheet:
    known = house.associations[association]
    words = DeskWords("ar", known)
    return Sheet(known, next(one for one in whats(known, words) if one.id == what), words, house.now)


def good(house: House, what: str, association: str = "harif", **own: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A form as a worker would fill it in: every field that applies, and every paper it asks for."""
    sheet = sheet_of(house, what, association)
    fields: dict[str, Any] = {}
    files: dict[str, Any] = {}
    start = {"record-source": "phone", "record-agreed": "whatsapp", "who": "self", "anonymous": "named", **own}
    for _, step in sheet.steps:
        answer = step.answer
        assert answer is not None
        if not step.applies(sheet.draft):
            continue
        options = [one.id for one in answer.options("ar")]
        if answer.input().get("type") == "file":
            if not step.optional:
                files[step.id] = SCAN
            continue
        typed = start.get(step.id) or (options[0] if options else WORDS.get(answer.kind, ""))
        typed = "2026-11-21" if step.id == "record-came_on" and step.id not in own else typed
        fields[step.id] = typed
        value: Any = {"yes": True, "no": False}[typed] if answer.kind == "yes_no" else typed
        sheet.draft.answers[step.id] = value
    return fields, files


def wrong_of(page: Any) -> dict[str, str]:
    """What the page complains of, by field."""
    found = re.findall(r'<p class="wrong" id="wrong-([\w-]+)">(.*?)</p>', page.text, re.S)
    return {name: unescape(text) for name, text in found}


def record(worker: Browser, what: str, fields: dict[str, Any], files: Any = None, follow: bool = True) -> Any:
    return worker.post(f"/record/{what}", follow=follow, files=files or None, **fields)


def filed(house: House, reference: str, association: str = "harif") -> Case:
    found = house.ask(cases.by_reference, house.vault, association, reference)
    assert found is not None
    return found  # type: ignore[no-any-return]


def reference_on(page: Any) -> str:
    found = re.search(r'id="reference">([^<]+)<', page.text)
    assert found, page.text[:400]
    return found[1]


def first_service(house: House, association: str) -> str:
    return f"request-{house.associations[association].profile.services[0].id}"


def conversation_of(house: House, association: str = "harif") -> Conversation:
    """Of the one thing recorded."""
    query = select(conversations.c.id).where(
        conversations.c.association == association, conversations.c.channel == "record"
    )
    (id,) = house.ask(lambda c: c.scalars(query).all())
    state = house.ask(state_of, house.vault, association, id)
    assert state is not None
    return state  # type: ignore[no-any-return]


def count(house: House, association: str = "harif") -> int:
    query = select(func.count()).select_from(cases_table).where(cases_table.c.association == association)
    return int(house.ask(lambda c: c.scalar(query)))


# --- a request by phone, told whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize("association", ["harif", "ruhama"])
def test_a_request_by_phone_is_recorded_with_each_check_failing_once(house: House, association: str) -> None:
    worker = house.worker("relations_officer", association=association)
    what = first_service(house, association)
    fields, files = good(house, what, association)
    once = "a-phone-call"

    everything = wrong_of(record(worker, what, {"record-language": "ar", "once": once}))
    assert everything["consent"] == "اقرؤوه عليهم أولًا. بلا موافقتهم لا نسجّل شيئًا."
    assert everything["record-agreed"] == "اسألوهم كيف نبلغهم."
    assert everything["declaration"] == "اقرؤوا الإقرار عليهم قبل التسجيل."
    for step in ("record-source", "record-came_on", "who", "full_name", "mobile", "birth_date"):
        assert everything[step], step

    mistakes = {
        "record-came_on": ("2026-12-30", "اكتبوا اليوم كاملًا، ولا يكون بعد اليوم."),
        "mobile": ("050", "house:phone.length"),
        "birth_date": ("2015-01-01", "house:apply.minor.self"),
        "consent": ("", "اقرؤوه عليهم أولًا. بلا موافقتهم لا نسجّل شيئًا."),
        "identity_number": ("1012345678", "house:saudi_id.check"),
        "declaration": ("", "اقرؤوا الإقرار عليهم قبل التسجيل."),
    }
    wording = house.associations[association].wording["ar"]
    tried = 0
    for step, (typed, said) in mistakes.items():
        if step not in fields:
            continue
        tried += 1
        page = record(worker, what, {**fields, step: typed, "once": once}, files)
        assert page.status_code == 422, step
        begins = wording.sentences[said.removeprefix("house:")] if said.startswith("house:") else said
        wrong = wrong_of(page)
        assert wrong.pop(step).startswith(str(begins).partition("{")[0][:12]), step
        assert set(wrong) <= set(files), "what is right is not complained of; files are to be chosen again"
        for other, text in fields.items():
            assert other == step or text in unescape(page.text), f"{other} is lost"
    assert tried >= 5
    assert count(house, association) == 0

    page = record(worker, what, {**fields, "once": once}, files)
    reference = reference_on(page)
    case = filed(house, reference, association)
    assert (case.kind, case.stage, case.source, case.agreed_channel) == ("request", "submitted", "phone", "whatsapp")
    assert case.answers["came_on"] == "2026-11-21"
    assert case.answers["agreed_address"] == case.answers["mobile"] == "+966500000007"
    assert case.signature is not None and case.signature.channel == "phone"
    profile = house.associations[association].profile
    promised = promise_for(profile, "request", house.now, calendar_of(profile))
    assert case.completed_at == ms(house.now)
    assert (case.earliest, case.latest, case.next_update) == tuple(
        ms_or_none(day) for day in (promised.earliest, promised.latest, promised.next_update)
    )
    assert (worker.who, "case.record", f"case:{case.id}", "phone") in house.acts(association)
    own = house.ask(consents.of_person, association, case.conversation, case.beneficiary)
    purposes = {"case", *(["health"] if "consent_sensitive" in fields else [])}
    assert {(one.purpose, one.given, one.how) for one in own} == {(purpose, True, "staff") for purpose in purposes}
    assert worker.get(f"/case/{case.id}").status_code == 200

    # Sent once more, and from another sign-in: what it filed, and nothing new.
    worker.sign_in()
    assert reference_on(record(worker, what, {**fields, "once": once}, files)) == reference
    assert count(house, association) == 1


def test_what_did_not_apply_is_neither_asked_nor_kept(house: House) -> None:
    worker = house.worker("social_researcher")
    what = first_service(house, "harif")
    fields, files = good(house, what)
    page = record(worker, what, {**fields, "applicant_name": "متطفل", "record-fax": "0112345678"}, files)
    case = filed(house, reference_on(page))
    assert "متطفل" not in str(case.answers) and "0112345678" not in str(case.answers)


def test_a_letter_with_its_scan_is_answered_by_letter(house: House) -> None:
    worker = house.worker("contact_officer")
    own = {"record-source": "letter", "record-agreed": "letter", "record-post": "جازان، حي الروضة، ص ب ١٢٣"}
    fields, files = good(house, "inquiry", **own)
    page = record(worker, "inquiry", fields, {**files, "record-scan": SCAN})
    case = filed(house, reference_on(page))
    assert (case.kind, case.source, case.agreed_channel) == ("inquiry", "letter", "letter")
    assert case.answers["agreed_address"] == "جازان، حي الروضة، ص ب ١٢٣"
    assert case.answers["applicant_name"] == "نورة السالم"
    (scan,) = files_of(case)
    assert worker.get(f"/case/{case.id}").text.count("صورة ما وصل") >= 1
    kept = house.ask(stored_files.get, house.vault, "harif", scan)
    assert kept is not None and (kept.state, kept.name) == ("ready", "scan.pdf")
    assert "اطبعوا الإيصال" in page.text


def test_a_file_that_is_none_is_said_in_its_place(house: House) -> None:
    worker = house.worker("relations_officer")
    fields, _ = good(house, "inquiry")
    page = record(worker, "inquiry", fields, {"record-scan": ("x.exe", b"MZ not a paper", "application/pdf")})
    assert page.status_code == 422
    assert "record-scan" in wrong_of(page)
    assert count(house) == 0


def test_a_complaint_without_a_name_names_nobody_and_its_number_is_read_out(house: House) -> None:
    worker = house.worker("relations_officer")
    fields, files = good(house, "complaint", anonymous="anonymous")
    assert not {"record-name", "record-agreed"} & set(fields)
    page = record(worker, "complaint", fields, files)
    case = filed(house, reference_on(page))
    assert (case.kind, case.anonymous, case.source, case.agreed_channel) == ("complaint", True, "phone", "")
    assert (case.beneficiary, case.conversation) == (None, None)
    assert "يتابعون بهذا الرقم" in page.text
    assert worker.get(f"/case/{case.id}").status_code == 404, "who takes a complaint does not follow it"
    colleague = house.worker("relations_officer", name="other")
    assert colleague.get(page.url.path).status_code == 404


def test_a_question_is_put_before_a_person_even_where_the_bot_knows_an_answer(house: House) -> None:
    worker = house.worker("relations_officer")
    asked = house.associations["harif"].knowledge["ar"][0].title
    fields, files = good(house, "inquiry", question=asked)
    reference = reference_on(record(worker, "inquiry", fields, files))
    assert filed(house, reference).kind == "inquiry"
    state = conversation_of(house)
    assert (state.recorded, state.unreachable, state.open) == (reference, "record", None)
    page = worker.get(f"/conversation/{state.id}")
    assert page.status_code == 200
    assert "أبلغوهم بالطريق المتفق عليه" in page.text
    assert 'id="send"' not in page.text


@pytest.mark.parametrize(("what", "kind"), [("suggestion", "suggestion"), ("volunteering", "volunteering")])
def test_a_suggestion_and_an_offer_to_volunteer_are_recorded_too(house: House, what: str, kind: str) -> None:
    worker = house.worker("branch_delegate", branch="صبيا")
    fields, files = good(house, what, **{"record-source": "branch", "record-agreed": "phone"})
    case = filed(house, reference_on(record(worker, what, fields, files)))
    assert (case.kind, case.source, case.branch) == (kind, "branch", "صبيا")


def test_the_policy_page_counts_what_came_by_each_way(house: House) -> None:
    worker = house.worker("relations_officer")
    for source in ("letter", "letter", "fax"):
        fields, files = good(house, "suggestion", **{"record-source": source})
        record(worker, "suggestion", fields, files)
    page = words_of(house.worker("auditor").get("/policy").text)
    assert "معاملات سجّلها الموظفون ٣ بخطاب ٢ بالفاكس ١" in page


def test_only_those_who_receive_people_record(house: House) -> None:
    for role in ("relations_officer", "social_researcher", "contact_officer", "branch_delegate"):
        assert house.worker(role).get("/record").status_code == 200, role
    for role in ("committee", "management", "auditor", "administrator", "protection_officer"):
        assert house.worker(role).get("/record").status_code == 403, role


def test_each_thing_that_can_be_recorded_has_its_page_in_both_languages(house: House) -> None:
    for language in ("ar", "en"):
        worker = house.worker("relations_officer", language=language)
        words = DeskWords(language, house.associations["harif"])
        for one in whats(house.associations["harif"], words):
            page = worker.get(f"/record/{one.id}")
            assert page.status_code == 200, one.id
            assert one.title in unescape(page.text)
    assert worker.get("/record/nothing").status_code == 404


# --- how the person hears --------------------------------------------------------------------------------------------


def test_the_address_agreed_on_is_its_owners_to_confirm(house: House) -> None:
    """Somebody who writes from that number is asked there, and told nothing of the case before they say that it is
    theirs."""
    person = house.person("+966500000008", "whatsapp")
    person.does(person.say("السلام عليكم"))
    worker = house.worker("relations_officer")
    own = {"record-source": "letter", "record-agreed": "whatsapp", "record-mobile": "0500000008"}
    fields, files = good(house, "inquiry", **own)
    before = len(person.told)
    reference = reference_on(record(worker, "inquiry", fields, files))
    house.settle()
    heard = person.told[before:]
    assert heard, "they are asked"
    assert not any(reference in text for text in heard)


@pytest.mark.parametrize(
    ("source", "agreed", "tasks"),
    [
        ("letter", "letter", ["letter"]),
        ("fax", "fax", ["fax"]),
        ("mail", "phone", ["call"]),
        ("letter", "branch", ["slip"]),
        ("phone", "phone", []),
        ("interview", "branch", []),
    ],
)
def test_the_receipt_goes_by_the_agreed_channel_unless_they_were_told_at_once(
    house: House, source: str, agreed: str, tasks: list[str]
) -> None:
    worker = house.worker("relations_officer")
    own = {"record-source": source, "record-agreed": agreed}
    fields, files = good(house, "inquiry", **own)
    case = filed(house, reference_on(record(worker, "inquiry", fields, files)))
    house.settle()
    assert [(row[0], row[1]) for row in house.line.rows("tasks", "kind", "reference")] == [
        (kind, case.reference) for kind in tasks
    ]


def test_where_no_address_is_known_a_worker_calls(house: House) -> None:
    worker = house.worker("relations_officer")
    fields, files = good(house, "inquiry", **{"record-agreed": "whatsapp"})
    record(worker, "inquiry", fields, files)
    house.settle()
    house.later(minutes=2)
    assert [row[0] for row in house.line.rows("tasks", "kind")] == ["call"]
