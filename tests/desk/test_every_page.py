"""Every page of every room in a real browser: keyboard and screen reader, a phone, both languages, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.bench.desk import paths_of
from conversations.rights import WORKER_ROLES
from tests.desk.house import House
from tests.desk.pictures import fill, served, sign_in

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WIDE = """() => [...document.querySelectorAll("body *")].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width && (box.left < -1 || box.right > innerWidth + 1) && !one.closest(".scroll, .doors, .board");
}).slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""
ROWS = "[...document.querySelectorAll('[data-row]')]"
LOOKS = [(360, "ar", "light"), (1280, "en", "dark")]
"""Width in pixels, language, colours."""


@pytest.fixture
def filled(house: House) -> House:
    fill(house)
    return house


@pytest.fixture
def address(filled: House) -> Iterator[str]:
    with served(filled) as where:
        yield where


def walked(page: Any) -> int | None:
    """Which row has the focus after two steps down a list, from 0; None where there are not two."""
    if page.evaluate(f"{ROWS}.length < 2"):
        return None
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    place: int = page.evaluate(f"{ROWS}.indexOf(document.activeElement)")
    return place


@pytest.mark.parametrize(("width", "language", "scheme"), LOOKS, ids=["phone-ar", "desktop-en-dark"])
def test_every_page_is_readable_by_everybody(
    chromium: Any, filled: House, address: str, width: int, language: str, scheme: Any
) -> None:
    worker = filled.worker(*WORKER_ROLES, woman=True, language=language)
    paths = [
        path
        for path in filled.ask(paths_of, filled.desk, "harif")
        if not path.endswith((".pdf", ".csv", ".xlsx", ".json"))
    ]
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    sign_in(context, address, worker)
    page = context.new_page()
    troubles: list[str] = []
    shown = lists = 0
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
    for path in paths:
        answer = page.goto(f"{address}/desk{path}")
        if "text/html" not in answer.headers.get("content-type", "") or b"<html" not in answer.body()[:200]:
            continue
        if answer.status == 404:
            continue  # not a page of this kind of case
        shown += 1
        if answer.status != 200:
            troubles.append(f"{path}: {answer.status}")
            continue
        page.evaluate(AXE)
        found = page.evaluate("rules => axe.run(document, rules)", RULES)
        troubles += [
            f"{path}: {one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})" for one in found["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            wide = page.evaluate(WIDE)
            troubles.append(f"{path}: wider than the screen: {wide}")
        if page.evaluate("document.documentElement.dir") != ("rtl" if language == "ar" else "ltr"):
            troubles.append(f"{path}: runs the wrong way")
        place = walked(page)
        lists += place is not None
        if place not in (None, 1):
            troubles.append(f"{path}: the keys of a list do not lead to its second row")
    context.close()
    assert shown >= 20 and lists >= 4
    assert not troubles, "\n".join(troubles)
