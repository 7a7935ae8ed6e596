"""A front line with its desk over SQLite, workers of every role, and nobody reaching beyond this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conversations.association.association import Association
from conversations.association.load import load_associations
from tests.channels.harness import only_local
from tests.desk.house import House
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
