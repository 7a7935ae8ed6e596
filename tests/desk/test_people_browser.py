"""In a real browser, from a house where nobody works: the first account, the policy, a colleague invited, a code on the
phone, and the door again. Every page on the way is held against axe."""

from collections.abc import Iterator
from typing import Any

import pyotp
import pytest

from bot.desk.door.oidc import SingleSignOn
from conversations.rights import WORKER_ROLES
from storage import invitations
from storage.invitations import FIRST, Invitation
from storage.schema_desk import HOUSE
from storage.times import ms
from tests.desk.house import House
from tests.desk.pictures import served
from tests.desk.test_every_page import AXE, RULES
from tests.desk.visitor import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def address(house: House, quick: None) -> Iterator[str]:
    with served(house) as where:
        yield where


class Screen:
    """One person's browser; `look` holds the page it shows against axe and its width against the screen."""

    def __init__(self, chromium: Any, address: str, width: int, scheme: str, language: str) -> None:
        viewport = {"width": width, "height": 800}
        self.context = chromium.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        self.page = self.context.new_page()
        self.address, self.language = address, language
        self.troubles: list[str] = []

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")
        self.look()

    def look(self) -> None:
        self.page.evaluate(AXE)
        found = self.page.evaluate("rules => axe.run(document, rules)", RULES)
        where = self.page.url.removeprefix(self.address)
        self.troubles += [f"{where}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]
        if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            self.troubles.append(f"{where}: wider than the screen")
        assert self.page.evaluate("document.documentElement.lang") == self.language, where

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"main [name={name}]", value)

    def press(self, selector: str = "main form button.button") -> None:
        self.page.click(selector)
        self.page.wait_for_load_state()
        self.look()

    def sign_policy(self, name: str) -> None:
        assert self.page.url.endswith("/policy/sign")
        self.page.check("[name=read]")
        self.fill(name=name)
        self.press()

    def sign_in(self, login: str, password: str) -> None:
        self.fill(login=login, password=password)
        self.press()


@pytest.mark.parametrize(("width", "scheme", "language"), [(360, "light", "ar"), (1280, "dark", "en")])
def test_from_nobody_to_two_who_work_together(
    chromium: Any, house: House, address: str, width: int, scheme: str, language: str
) -> None:
    given = Invitation(association=HOUSE, purpose=FIRST, roles=frozenset(WORKER_ROLES))
    token = house.do(invitations.make, house.vault, given, ms(house.now))
    first = Screen(chromium, address, width, scheme, language)
    first.open(f"/desk/invitation/{token}?lang={language}")
    first.fill(login="sara@harif.example", name="سارة المهيري", password="short", again="short")
    first.press()
    assert first.page.locator("[role=alert]").count() == 1 and first.page.input_value("[name=name]") == "سارة المهيري"
    first.fill(password=PASSWORD, again=PASSWORD)
    first.press()
    assert first.page.locator(".cards .card").count() == len(house.associations)
    first.page.click('a[href="/desk/harif/"]')
    first.sign_policy("سارة المهيري")
    first.open("/desk/harif/people")
    first.page.keyboard.press("n")
    first.page.wait_for_url("**/people/invite")
    first.fill(login="noura@harif.example", name="نورة السالم")
    first.page.check("[name=role][value=relations_officer]")
    first.press()
    link = first.page.input_value("#link")

    second = Screen(chromium, address, width, scheme, language)
    second.open(f"{link.removeprefix(address)}?lang={language}")
    second.fill(password=PASSWORD, again=PASSWORD)
    second.press()
    second.sign_policy("نورة السالم")
    second.open("/desk/harif/account")
    second.open("/desk/harif/account/totp")
    second.page.click("details summary")
    totp = pyotp.TOTP(second.page.inner_text(".secret").replace(" ", ""))
    assert second.page.evaluate("document.querySelector('.qr').naturalWidth") > 50
    second.fill(code=totp.at(house.now))
    second.press()
    paper = second.page.locator(".paper code").all_inner_texts()
    assert len(paper) == 8
    second.open("/desk/harif/account")
    second.page.click("header .me form button")
    second.page.wait_for_url("**/sign-in")
    second.look()
    second.sign_in("noura@harif.example", "not her password")
    assert second.page.locator("[role=alert]").count() == 1
    second.sign_in("noura@harif.example", PASSWORD)
    second.fill(code="000000")
    second.press()
    assert second.page.locator("[role=alert]").count() == 1
    second.fill(code=paper[0])
    second.press()
    assert "/desk/harif/" in second.page.url

    first.open("/desk/harif/people")
    first.page.click("text=نورة السالم")
    first.look()
    first.page.click("details:has(button.danger) summary")
    first.press("details button.danger")
    assert second.page.reload().url.startswith(f"{address}/desk/sign-in"), "her access has ended"
    assert first.troubles + second.troubles == []


def test_the_door_with_single_sign_on_is_readable_too(chromium: Any, house: House, address: str) -> None:
    house.desk.sso = SingleSignOn(house.vault, "http://127.0.0.1:9", "wasl", "secret")
    screen = Screen(chromium, address, 360, "dark", "ar")
    screen.open("/desk/sign-in")
    assert screen.page.locator("a[href^='/desk/sign-in/sso']").count() == 1
    screen.press("a[href^='/desk/sign-in/sso']")
    screen.open("/desk/invitation/over")
    assert screen.troubles == []
