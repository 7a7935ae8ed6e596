"""A delegate at the door with a phone whose connection comes and goes: nothing typed is lost, and it is filed once."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from storage.schema import cases
from tests.bot.desk import PDF
from tests.desk.house import Browser, House
from tests.desk.pictures import served, sign_in

pytestmark = pytest.mark.browser
SAVED = "حُفظ على هذا الجهاز"
ASKED = "متى تُصرف إعانة رمضان؟ يسأل عنها أهل الحي."


@pytest.fixture
def delegate(house: House) -> Browser:
    return house.worker("branch_delegate", name="سالم", branch="صبيا")


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house) as made:
        yield made


@pytest.fixture
def phone(chromium: Any, address: str, delegate: Browser) -> Iterator[Any]:
    """The page of a question, on a phone."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    context.set_default_timeout(8000)
    sign_in(context, address, delegate)
    page = context.new_page()
    page.broken = []
    page.on("pageerror", lambda error: page.broken.append(str(error)))
    page.on("console", lambda said: page.broken.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"{address}/desk/harif/record/inquiry")
    yield page
    assert page.broken == []
    context.close()


def count(house: House) -> int:
    return int(house.ask(lambda c: c.scalar(select(func.count()).select_from(cases))))


def fill(page: Any, asked: str = ASKED, scan: bool = True) -> None:
    pick(page, "record-source", "branch")
    if scan:
        page.set_input_files("#record-scan", {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": PDF})
    pick(page, "record-language", "ar")
    pick(page, "consent", "yes")
    page.fill("#question", asked)
    page.fill("#record-name", "أم خالد")
    pick(page, "record-agreed", "phone")
    page.fill("#record-mobile", "0500000007")


def pick(page: Any, name: str, value: str) -> None:
    page.check(f'input[name="{name}"][value="{value}"]')


def send(page: Any) -> None:
    page.click("#record button.button")


def test_what_depends_on_an_answer_shows_with_it(phone: Any) -> None:
    expect(phone.locator("#record-post")).to_be_hidden()
    pick(phone, "record-agreed", "letter")
    expect(phone.locator("#record-post")).to_be_visible()
    expect(phone.locator("#record-mobile")).to_be_hidden()
    pick(phone, "record-agreed", "phone")
    expect(phone.locator("#record-post")).to_be_hidden()
    expect(phone.locator("#record-mobile")).to_be_visible()


def test_a_wrong_answer_is_said_in_its_place_and_nothing_is_lost_not_even_the_scan(phone: Any, house: House) -> None:
    fill(phone)
    phone.fill("#record-mobile", "05")
    send(phone)
    expect(phone.locator("#wrong-record-mobile")).to_be_visible()
    expect(phone.locator("#errors li")).to_have_count(1)
    expect(phone.locator("#question")).to_have_value(ASKED)
    phone.wait_for_function("document.getElementById('record-scan').files[0]?.name == 'paper.pdf'")
    phone.fill("#record-mobile", "0500000007")
    phone.context.set_offline(True)
    send(phone)
    expect(phone.locator("#queue li")).to_have_count(1)
    assert phone.input_value("#question") == phone.input_value("#record-name") == "", "of one person nothing stays"
    phone.context.set_offline(False)
    phone.click("#queue a:has-text('HRF-')")
    expect(phone.locator("#reference")).to_be_visible()
    assert count(house) == 1
    assert phone.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    (kept,) = house.line.rows("files", "state")
    assert kept[0] == "ready"


def test_a_page_that_is_closed_in_the_middle_comes_back_as_it_was(phone: Any) -> None:
    fill(phone, scan=False)
    phone.reload()
    expect(phone.locator("#question")).to_have_value(ASKED)
    assert phone.is_checked('input[name="record-agreed"][value="phone"]')
    expect(phone.locator("#record-mobile")).to_be_visible()
    expect(phone.locator("#kept")).to_contain_text("أعدنا ما كتبتموه")


def test_two_forms_without_a_connection_are_sent_when_it_is_back_each_once(phone: Any, house: House) -> None:
    fill(phone)
    phone.context.set_offline(True)
    send(phone)
    expect(phone.locator("#kept")).to_contain_text(SAVED)
    expect(phone.locator("#question")).to_have_value("")  # the next person's form is empty
    fill(phone, "سؤال ثانٍ عن التطوع", scan=False)
    send(phone)
    expect(phone.locator("#queue li")).to_have_count(2)
    assert count(house) == 0
    phone.context.set_offline(False)
    expect(phone.locator("#queue a", has_text="HRF-")).to_have_count(2)
    assert count(house) == 2
    phone.reload()
    expect(phone.locator("#queue")).to_be_hidden()
    assert count(house) == 2
    assert len(house.line.rows("files", "id")) == 1


def test_a_form_whose_answer_never_came_back_is_filed_once(phone: Any, house: House) -> None:
    fill(phone)

    def swallowed(route: Any) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    phone.route(
        "**/record/inquiry", lambda route: swallowed(route) if route.request.method == "POST" else route.continue_()
    )
    send(phone)
    expect(phone.locator("#kept")).to_contain_text(SAVED)
    assert count(house) == 1
    phone.unroute("**/record/inquiry")
    phone.reload()
    expect(phone.locator("#queue a", has_text="HRF-")).to_have_count(1)
    assert count(house) == 1


def test_a_form_that_waits_and_needs_a_correction_is_opened_and_sent(phone: Any, house: House) -> None:
    fill(phone)
    phone.fill("#record-mobile", "05")
    phone.context.set_offline(True)
    send(phone)
    expect(phone.locator("#kept")).to_contain_text(SAVED)
    phone.context.set_offline(False)
    expect(phone.locator("#queue li")).to_contain_text("يحتاج تصحيحًا")
    phone.goto(phone.url.replace("/inquiry", ""))
    phone.click("#queue li a")
    expect(phone.locator("#question")).to_have_value(ASKED)
    phone.wait_for_function("document.getElementById('record-scan').files.length == 1")
    phone.fill("#record-mobile", "0500000007")
    send(phone)
    expect(phone.locator("#reference")).to_be_visible()
    expect(phone.locator("#queue")).to_be_hidden()
    assert count(house) == 1


def test_a_form_that_waits_outlives_the_sign_in_and_ends_with_signing_out(
    phone: Any, house: House, delegate: Browser, address: str
) -> None:
    fill(phone)
    phone.context.set_offline(True)
    send(phone)
    expect(phone.locator("#kept")).to_contain_text(SAVED)
    phone.context.clear_cookies()
    phone.context.set_offline(False)
    expect(phone.locator("#queue li")).to_contain_text("سجّلوا الدخول")
    delegate.sign_in()
    sign_in(phone.context, address, delegate)
    phone.reload()
    expect(phone.locator("#queue a", has_text="HRF-")).to_have_count(1)
    assert count(house) == 1

    fill(phone, "سؤال لا يُرسل", scan=False)
    phone.context.set_offline(True)
    send(phone)
    expect(phone.locator("#queue li")).to_have_count(2)
    phone.route(
        "**/record/inquiry", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    phone.context.set_offline(False)
    phone.reload()
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    phone.on("dialog", answer)
    phone.click('form[action="/desk/sign-out"] button')
    phone.wait_for_url("**/sign-in*")
    assert "لم تُرسل بعد" in asked[0]
    assert phone.evaluate("Object.keys(localStorage).filter(key => key.startsWith('record:')).length") == 0
    assert count(house) == 1
