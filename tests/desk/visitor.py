"""A browser at the desk's front door, and what it may have in hand."""

import re
from typing import Any

import pyotp
from starlette.testclient import TestClient

from storage import staff
from tests.desk.house import DESK, House, _OnLoop

PASSWORD = "شاي بالنعناع كل صباح"
LOGIN = "hind@harif.example"


class Visitor:
    """A browser nobody is signed in at."""

    def __init__(self, house: House, address: str = "203.0.113.7") -> None:
        self.house = house
        self.client = TestClient(_OnLoop(house), base_url=DESK, follow_redirects=False, client=(address, 50000))

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, data={"key": "", **fields}, headers={"origin": DESK})

    def sign_in(self, password: str = PASSWORD, login: str = LOGIN, next: str = "") -> Any:
        return self.post("/desk/sign-in", login=login, password=password, next=next)

    def code(self, page: Any, code: str) -> Any:
        half = re.search(r'name="half" value="([^"]+)"', page.text)
        assert half, page.text
        return self.post("/desk/sign-in/code", half=half[1], code=code)

    @property
    def is_in(self) -> bool:
        return self.client.get("/desk/harif/account").status_code == 200


def with_totp(house: House, id: int) -> pyotp.TOTP:
    secret = pyotp.random_base32()
    house.do(lambda c: staff.set_totp(c, house.vault, id, secret))
    return pyotp.TOTP(secret)
