"""In a real browser: the check-list by keys, a decision's form without scripts, and the preview in view."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.desk.house import House
from tests.desk.pictures import served, sign_in
from tests.desk.test_case import filed
from tests.desk.test_committee import planned, with_committee

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
