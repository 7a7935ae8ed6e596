"""Results in a real browser: readable by everybody, either way round, on paper, without colour and without a script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from conversations.association.association import Association
from conversations.rights import WORKER_ROLES
from storage import results
from storage.times import DAY, ms
from tests.desk.house import House
from tests.desk.pictures import served, sign_in
from tests.desk.test_every_page import AXE, LOOKS, RULES
from tests.storage.surveyed import answer, asked, wave_of, with_survey

pytestmark = pytest.mark.browser
BEYOND = """[...document.querySelectorAll("[aria-labelledby=h-stops] td")].map(one => one.getBoundingClientRect())
    .some(one => one.left < 0 || one.right > innerWidth)"""


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    made = House({**associations, "harif": with_survey(associations["harif"])}, tmp_path, ("harif",))
    yield made
    made.close()


@pytest.fixture
def wave(house: House) -> int:
    """The last of three, with answers of every kind from two services."""

    def fill(connection: Connection) -> int:
        now, id = ms(house.now), 0
        for number in range(3):
            starts = now - (90 - 30 * number) * DAY
            one = wave_of(connection, house.vault, now, period=f"1447-Q{number + 1}", starts=starts, at=starts)
            for many in range(14):
                given: dict[str, Any] = {"overall": (5, 3, 1)[many % 3], "ease": 5 - many % 3, "tell": many % 11}
                given |= {"way": ["chat", "call"][: 1 + many % 2], "more": "نشكركم على حسن التعامل"}
                response = answer(connection, house.vault, one, given, service=("training", "marketing")[many % 2])
                results.put_under(connection, "harif", one.id, response, "more", "thanks")
            asked(connection, one, invited=9, failed=1, declined=1)
            id = one.id
        return id

    return int(house.do(fill))


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house) as where:
        yield where


@pytest.mark.parametrize(("width", "language", "scheme"), LOOKS, ids=["phone-ar", "desktop-en-dark"])
def test_results_are_readable_by_everybody_without_a_script(
    chromium: Any, house: House, address: str, wave: int, width: int, language: str, scheme: Any
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    sign_in(context, address, house.worker(*WORKER_ROLES, language=language))
    page = context.new_page()
    troubles = []
    for path in ("", f"/{wave}", f"/{wave}?by=service&of=training", f"/{wave}/words", "/mine"):
        assert page.goto(f"{address}/desk/harif/results{path}").status == 200
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(AXE)
        found = page.evaluate("rules => axe.run(document, rules)", RULES)
        troubles += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            troubles.append(f"{path}: wider than the screen")
        if page.evaluate(BEYOND):
            troubles.append(f"{path}: where people stop stands beyond the edge")
    context.close()
    assert not troubles, "\n".join(troubles)


def test_a_bar_grows_from_where_reading_begins_and_is_there_on_paper(
    chromium: Any, house: House, address: str, wave: int
) -> None:
    for language, begins in (("ar", "right"), ("en", "left")):
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=False)
        sign_in(context, address, house.worker("committee", language=language))
        page = context.new_page()
        page.goto(f"{address}/desk/harif/results/{wave}")
        for media in ("screen", "print"):
            page.emulate_media(media=media)
            whole, part = (page.locator(f".lengths .length .{name}").first.bounding_box() for name in ("whole", "part"))
            assert whole and part and 20 < part["width"] < whole["width"] - 20, (language, media)
            ends = {
                "left": abs(part["x"] - whole["x"]),
                "right": abs(part["x"] + part["width"] - whole["x"] - whole["width"]),
            }
            assert ends[begins] < 3, (language, media)
            assert page.locator(".chart circle").first.is_visible()
        assert page.locator(".chart .series").count() >= 2, "two lines, told apart by stroke and mark"
        summary = page.locator("details.what summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator("details.what p").first.is_visible()
        context.close()
