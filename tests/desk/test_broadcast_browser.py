"""Broadcasts and surveys in a real browser: by keyboard alone, on a phone without scripts, and each page of theirs held
against axe, both languages, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conversations.rights import WORKER_ROLES
from storage import waves
from storage.times import DAY, ms
from tests.desk.broadcasting import ENGLISH, TEXT, csv_file, feed, go, heard, known, upload, wave, write
from tests.desk.house import House
from tests.desk.pictures import served, sign_in
from tests.desk.test_every_page import AXE, LOOKS, RULES, WIDE, walked
from tests.web.house import PNG as PICTURE

pytestmark = pytest.mark.browser


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house) as where:
        yield where


def opened(chromium: Any, house: House, address: str, width: int, scripts: bool = True, **more: Any) -> Any:
    worker = house.worker("relations_officer", name="هند")
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=scripts, bypass_csp=True, **more
    )
    sign_in(context, address, worker)
    return context.new_page()


def test_on_a_phone_without_scripts_a_newcomer_writes_looks_sends_and_stops(
    chromium: Any, house: House, address: str, tmp_path: Path
) -> None:
    crowd = [known(house, f"70{number:02}") for number in range(2)]
    page = opened(chromium, house, address, 360, scripts=False)
    page.goto(f"{address}/desk/harif/broadcasts")
    page.get_by_role("link", name="رسالة أكتبها").click()
    page.get_by_label("العنوان").fill("موعد الطلبات")
    page.get_by_label("النص بالعربية").fill(TEXT)
    page.get_by_label("متابعة طلبي").check()
    picture = tmp_path / "إعلان.png"
    picture.write_bytes(PICTURE)
    page.get_by_label("صورة أو وثيقة").set_input_files(picture)
    page.get_by_label("أمر يخصّ طلبهم").check()
    page.get_by_label("كل من وافق").check()
    page.get_by_role("button", name="احفظوا وانظروا").click()
    # What is missing is named on top, and what was typed is still there.
    assert "النص بالإنجليزية ناقص" in page.inner_text("[role=alert] + *, main")
    assert page.get_by_label("النص بالعربية").input_value() == TEXT and page.get_by_label("متابعة طلبي").is_checked()
    page.get_by_label("النص بالإنجليزية").fill(ENGLISH)
    page.get_by_label("صورة أو وثيقة").set_input_files(picture)
    page.get_by_role("button", name="احفظوا وانظروا").click()
    assert page.inner_text("#count") == "شخصان" and heard(*crowd) == 0
    whom, look = page.locator("#h-people").bounding_box(), page.locator("#h-look").bounding_box()
    assert whom["y"] < look["y"], "who gets it stands first"
    assert page.locator(".look-telegram img").first.evaluate("one => one.complete && one.naturalWidth > 0")
    page.get_by_role("button", name="أرسلوها إلى شخصين").click()
    assert house.ask(waves.listed, "harif", "broadcast")[0].state == "drafted", "not without a tick"
    page.get_by_label("راجعتُ الرسالة").check()
    page.get_by_role("button", name="أرسلوها إلى شخصين").click()
    assert "بدأ إرسالها" in page.inner_text("[role=status]")
    feed(house)
    assert heard(*crowd) == 2
    page.context.close()


def test_by_keyboard_alone_it_is_written_sent_held_and_stopped(chromium: Any, house: House, address: str) -> None:
    person = known(house, "7001")
    page = opened(chromium, house, address, 1280)
    page.goto(f"{address}/desk/harif/broadcasts")
    page.keyboard.press("n")
    page.wait_for_url("**/broadcasts/new*")
    _tab_to(page, "title")
    page.keyboard.type("موعد")
    _tab_to(page, "text_ar")
    page.keyboard.type(TEXT)
    _tab_to(page, "text_en")
    page.keyboard.type(ENGLISH)
    for choice in ("about", "whom"):
        _tab_to(page, choice)
        page.keyboard.press("Space")
    _tab_to(page, "day")
    page.keyboard.type("12202026")
    _tab_to(page, "clock")
    page.keyboard.type("1000AM")
    _tab_to(page, "", "button.button")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/broadcasts/" in url and "/new" not in url)
    _tab_to(page, "looked")
    page.keyboard.press("Space")
    _tab_to(page, "", "[data-key=g]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-key=p]")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    page.wait_for_selector("text=متابعة")
    id = house.ask(waves.listed, "harif", "broadcast")[0].id
    assert wave(house, id).state == "paused"
    _tab_to(page, "", "#abort summary")
    page.keyboard.press("Enter")
    _tab_to(page, "sure")
    page.keyboard.press("Space")
    _tab_to(page, "", "#abort button")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=ألغيناها")
    assert wave(house, id).state == "aborted" and heard(person) == 0
    page.context.close()


def _tab_to(page: Any, name: str, selector: str = "") -> None:
    wanted = selector or f"[name={name}]"
    for _ in range(120):
        if page.evaluate(
            "wanted => !!document.activeElement.closest('main') && document.activeElement.matches(wanted)", wanted
        ):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} cannot be reached")


@pytest.mark.parametrize(("width", "language", "scheme"), LOOKS, ids=["phone-ar", "desktop-en-dark"])
def test_every_state_of_a_broadcast_and_of_a_survey_is_readable_by_everybody(
    chromium: Any, house: House, address: str, width: int, language: str, scheme: Any
) -> None:
    named = known(house, "7001", case=True, agreed=("case", "survey", "services"))
    worker = house.worker(*WORKER_ROLES, woman=True, language=language)
    draft = write(worker, files={"file": ("a.png", PICTURE, "image/png")}, whom="some", languages=["ar", "en"])
    asked, sent, for_later, paused = (write(worker) for _ in range(4))
    house.do(lambda c: waves.change(c, "harif", asked, needs_approval=True, by=1))
    go(worker, sent, 1)
    feed(house)
    house.later(minutes=5)
    named.does(named.say("شكرًا"))
    for one in (for_later, paused):
        house.do(lambda c, one=one: waves.change(c, "harif", one, starts=ahead(house)))
        go(worker, one, 1)
    worker.post(f"/broadcasts/{paused}/pause")
    listed = upload(worker, csv_file([["phone"], ["0500000009"], [named.reference]]))
    assert listed.status_code == 200
    of_list = house.ask(waves.listed, "harif", "broadcast")[0].id
    worker.post("/surveys/new", survey="periodic", sample="5")
    house.run(house.line.rounds.planner.plan())
    surveys = [one.id for one in house.ask(waves.listed, "harif", "survey")]
    paths = ["/broadcasts", "/broadcasts/new?ready=services", "/surveys", "/surveys/new?survey=periodic"]
    paths += [f"/broadcasts/{one}" for one in (draft, asked, sent, for_later, paused, of_list)]
    paths += [f"/broadcasts/{draft}/change", f"/broadcasts/{sent}/people", *(f"/surveys/{one}" for one in surveys)]
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    sign_in(context, address, worker)
    page = context.new_page()
    troubles: list[str] = []
    for path in paths:
        answer = page.goto(f"{address}/desk/harif{path}")
        assert answer.status == 200, path
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(AXE)
        found = page.evaluate("rules => axe.run(document, rules)", RULES)
        troubles += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            troubles.append(f"{path}: wider than the screen: {page.evaluate(WIDE)}")
        if walked(page) not in (None, 1):
            troubles.append(f"{path}: the keys of a list do not lead to its second row")
    # The page of what is wrong, as a form answers.
    page.goto(f"{address}/desk/harif/broadcasts/new")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.click("main form .acts button")
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    troubles += [f"wrong: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
    assert page.locator(".wrong").count() >= 3
    context.close()
    assert len(surveys) >= 4 and not troubles, "\n".join(troubles)


def ahead(house: House) -> int:
    """Two days ahead, at an hour that is open."""
    return ms(house.now) + 2 * DAY
