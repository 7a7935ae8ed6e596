"""What came by other ways: the same questions and checks as in the chat, every wrong answer said in its place."""

import re
from html import unescape
from typing import Any

import pytest

from bot.desk.cases.recording import Sheet, whats
from bot.desk.words import DeskWords
from storage import cases
from storage.cases import Case
from tests.bot.desk import PDF, WORDS
from tests.desk.house import Browser, House

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


SERVICES = {"harif": "request-", "ruhama": "request-"}


def first_service(house: House, association: str) -> str:
    return f"request-{house.associations[association].profile.services[0].id}"


@pytest.mark.parametrize("association", ["harif", "ruhama"])
def test_a_request_by_phone_is_recorded_with_each_check_failing_once(house: House, association: str) -> None:
    worker = house.worker("relations_officer", association=association)
    what = first_service(house, association)
    fields, files = good(house, what, association)
    page = record(worker, what, fields, files)
    case = filed(house, reference_on(page), association)
    assert case.source == "phone"
