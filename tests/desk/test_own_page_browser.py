"""The person's own page as they see it: on a phone, in Arabic, light and dark, held against axe, without a script."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from bot.own_page import OwnPages
from bot.web.own_page import OwnPageRoutes
from bot.web.ports import Site
from tests.bot.test_notices import move
from tests.desk.house import House
from tests.desk.pictures import served

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PHONE = {"width": 360, "height": 740}


def link(house: House) -> str:
    say = house.papers["harif", "telegram"].says[-1]
    assert say.link is not None
    return str(say.link.url).partition("/harif/")[2]


def held(page: Any) -> None:
    """Nothing is cut off, and nothing stands in anybody's way."""
    assert page.evaluate("document.documentElement.dir") == "rtl"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_opened_read_and_closed_again(house: House, chromium: Any, scheme: str, tmp_path: Path) -> None:
    person = house.person("7001")
    request, complaint = person.does(person.apply()), person.does(person.complain())
    move(house.line, request, "verify", "relations_officer")
    house.settle()
    person.does(person.say("صفحتي"))
    site = Site(associations=house.associations, clock=lambda: house.now)
    routes = OwnPageRoutes(OwnPages(house.line.intake), site).routes()
    house.app = Starlette(routes=[*house.app.routes, *routes])
    with served(house) as address:
        for scripts in (True, False):
            context = chromium.new_context(
                viewport=PHONE, color_scheme=scheme, java_script_enabled=scripts, locale="ar"
            )
            page = context.new_page()
            page.goto(f"{address}/harif/{link(house)}")
            if not scripts:
                page.get_by_role("button", name="أرسلوا لي رابطًا جديدًا").wait_for()
                context.close()
                break
            _look(page, tmp_path / f"fresh-{scheme}.png")
            page.get_by_role("button", name="فتح صفحتي").click()
            page.get_by_role("heading", name="صفحتكم").wait_for()
            assert complaint in page.content() and "شكوى" not in page.inner_text("main")
            for one in page.locator("summary").all():
                one.click()
            assert "أخبرناكم عبر: تلغرام" in page.inner_text("main")
            _look(page, tmp_path / f"open-{scheme}.png")
            page.get_by_role("button", name="عرض التفاصيل").click()
            page.get_by_role("heading", name="شكوى").wait_for()
            _look(page, tmp_path / f"opened-{scheme}.png")
            page.goto(page.url.partition("#")[0])
            assert "شكوى" not in page.inner_text("main")
            context.close()


def _look(page: Any, picture: Path) -> None:
    held(page)
    page.screenshot(path=str(picture), full_page=True)
    page.context.set_default_timeout(8000)
    cdp = page.context.new_cdp_session(page)
    cdp.send("Page.setBypassCSP", {"enabled": True})
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
