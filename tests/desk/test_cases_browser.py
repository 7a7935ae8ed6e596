"""In a real browser: the check-list by keys, a decision's form without scripts, and the preview in view."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.desk.house import House
from tests.desk.pictures import served, sign_in
from tests.desk.test_case import filed
from tests.desk.test_committee import planned, with_committee
from tests.desk.test_tasks import case_of, task

pytestmark = pytest.mark.browser


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house) as where:
        yield where


def test_a_check_list_is_gone_through_by_keys(chromium: Any, house: House, address: str) -> None:
    id = filed(house)
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    sign_in(context, address, house.worker("relations_officer"))
    page = context.new_page()
    page.goto(f"{address}/desk/harif/case/{id}/verify?item=full_name")
    page.keyboard.press("m")
    assert page.is_checked("[name=matches]")
    page.keyboard.press("w")
    page.keyboard.type("1 m")
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("1")
    assert "item=birth_date" in page.url and not page.is_checked("[name=matches]")
    context.close()


def test_without_scripts_a_decision_asks_for_what_it_needs_and_a_preview_is_in_view(
    chromium: Any, house: House, address: str
) -> None:
    person = house.person("7001")
    id = with_committee(house, person.does(person.apply()))
    member = house.worker("committee", "relations_officer")
    sitting = planned(member)
    member.post(f"{sitting}/attendance", present=str(member.id))
    context = chromium.new_context(viewport={"width": 1280, "height": 500}, java_script_enabled=False)
    sign_in(context, address, member)
    page = context.new_page()
    page.goto(f"{address}/desk/harif{sitting}")
    reason = page.locator("#f-refuse-reason")
    assert not reason.is_visible()
    page.check("[name=decision][value=refuse]")
    assert reason.is_visible() and not page.locator("#f-send_back-items").is_visible()
    page.check("#f-case")
    with page.expect_navigation():
        page.click("form[action$='/decide'] button.button")
    assert page.is_checked("#f-case") and page.is_checked("[name=decision][value=refuse]")
    assert reason.is_visible()

    member.post(f"{sitting}/agenda", remove=str(id))
    page.goto(f"{address}/desk/harif/case/{id}/move/refuse")
    page.fill("#f-reason", "خارج نطاق الخدمة\\n" * 12)
    page.fill("#f-help", "بنك التنمية")
    with page.expect_navigation():
        page.click("button[value=preview]")
    assert page.url.endswith("#heard")
    box = page.locator("#heard").bounding_box()
    assert box is not None and -1 <= box["y"] < 250, "in view, not below the fold"
    context.close()


def test_a_note_stays_in_its_box_until_it_is_saved_whatever_else_is_pressed(
    chromium: Any, house: House, address: str
) -> None:
    id = filed(house)
    call = task(house, case_of(house, house.person("7001"))).id
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    sign_in(context, address, house.worker("relations_officer"))
    page = context.new_page()

    def opened(path: str) -> str:
        page.goto(f"{address}/desk/harif{path}")
        return str(page.input_value("#f-note"))

    def pressed(button: str) -> str:
        with page.expect_navigation():
            page.locator(button).first.click()
        return str(page.input_value("#f-note"))

    case, item, errand = f"/case/{id}", f"/case/{id}/verify?item=national_id", f"/tasks/{call}"
    beside = ((case, "[action$='/hold'] button"), (case, "[action*='/reveal'] button"), (item, "[data-key=s]"))
    for path, other in (*beside, (errand, "[data-key=t]")):
        assert opened(path) == ""
        page.fill("#f-note", "لم تُحفظ بعد")
        assert pressed(other) == "لم تُحفظ بعد", "a form beside it was sent, not this one"
        assert opened(path) == "لم تُحفظ بعد"
        page.fill("#f-note", "")
    opened(case)
    page.fill("#f-note", "حُفظت")
    assert pressed("[action$='/note'] button") == "", "what is saved does not stand there as if it were not"
    assert opened(case) == ""
    context.close()


def test_a_key_that_opens_a_panel_leads_into_it(chromium: Any, house: House, address: str) -> None:
    person = house.person("7001")
    person.does(person.say("ابغى موظف"))
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    sign_in(context, address, house.worker("relations_officer"))
    page = context.new_page()
    page.goto(f"{address}/desk/harif/conversation/{person.id}")
    for key, name in (("n", "note"), ("p", "to")):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.name") == name
        page.keyboard.press("Escape")
    context.close()
