"""A front line with its desk over SQLite, workers of every role, and nobody reaching beyond this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.desk.door import passwords
from conversations.association.association import Association
from conversations.association.load import load_associations
from storage import sign_ins, staff
from storage.times import ms
from tests.channels.harness import only_local
from tests.desk.house import House
from tests.desk.visitor import LOGIN, PASSWORD
from tests.web.conftest import chromium  # noqa: F401  the browser of the chat's tests


@pytest.fixture(autouse=True)
def _wall() -> Iterator[None]:
    with only_local():
        yield


@pytest.fixture(scope="session")
def associations() -> dict[str, Association]:
    loaded = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    return {association.slug: association for association in loaded}


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    made = House(associations, tmp_path)
    yield made
    made.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords without their fifth of a second."""
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys.cache_clear()


@pytest.fixture
def hind(house: House, quick: None) -> int:
    """An account with a password, an officer of harif who has signed the policy; signed in nowhere."""
    id = house.account("هند", LOGIN)
    house.do(lambda c: staff.change(c, id, password=passwords.hashed_now(PASSWORD)))
    house.worker("relations_officer", id=id)
    house.do(lambda c: sign_ins.end(c, id, ms(house.now)))
    return id
