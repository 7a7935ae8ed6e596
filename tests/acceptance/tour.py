"""Draws the README's tour anew: `python -m tests.acceptance.tour ADDRESS` with a front line that runs there."""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import ViewportSize, sync_playwright

from tests.acceptance.test_five_requests import MOST_QUESTIONS, RECEIPT, SERVICES, Talk, picture
from tests.web.conftest import ARGUMENTS, CHROMIUM

FOLDER = Path(__file__).parents[2] / "deploy" / "tour"
PHONE: ViewportSize = {"width": 360, "height": 740}


def shot(page: Any, name: str) -> None:
    page.wait_for_timeout(400)
    page.screenshot(path=str(FOLDER / f"{name}.png"))


def tour(address: str, paper: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport=PHONE, locale="ar-SA", color_scheme="light")
        page.goto(f"{address}/harif/chat")
        chat = Talk(page, paper)
        page.get_by_role("button", name="طلب خدمة").wait_for()
        shot(page, "greeting")
        chat.press("طلب خدمة")
        chat.press(SERVICES["harif"])
        shot(page, "criteria")
        for _ in range(MOST_QUESTIONS):
            if RECEIPT.search(chat.log()):
                break
            if "هل كل شيء صحيح" in chat.question():
                shot(page, "read-back")
            chat.answer()
        page.get_by_text("ورقمه").last.scroll_into_view_if_needed()
        shot(page, "receipt")
        dark = browser.new_page(viewport=PHONE, locale="en", color_scheme="dark")
        dark.goto(f"{address}/ruhama/chat?lang=en")
        dark.locator("li.line.out").first.wait_for()
        shot(dark, "english-dark")
        wide = browser.new_page(viewport={"width": 1100, "height": 700}, locale="ar-SA")
        wide.goto(f"{address}/")
        shot(wide, "associations")
        browser.close()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    paper = FOLDER / ".paper.png"
    paper.write_bytes(picture())
    try:
        tour(sys.argv[1].rstrip("/"), paper)
    finally:
        paper.unlink()
