"""A front line of paper over each database, and nobody reaches beyond this machine."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.association.load import load_associations
from storage.database import Database
from storage.vault import Vault
from tests.bot.desk import Desk, Paper, Person
from tests.bot.forum import Forum, Line, forum_at_work
from tests.channels.harness import only_local


@pytest.fixture(autouse=True)
def _wall() -> Iterator[None]:
    with only_local():
        yield


@pytest.fixture(scope="session")
def associations() -> dict[str, Association]:
    loaded = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    return {association.slug: association for association in loaded}


@pytest.fixture
def paper() -> Paper:
    return Paper("harif")


@pytest.fixture
def make_desk(
    database: Database, vault: Vault, associations: dict[str, Association], tmp_path: Path, paper: Paper
) -> Iterator[Callable[..., Desk]]:
    """Processes over one database; each has a connection of its own."""
    opened: list[Database] = []

    def make(channels: tuple[Paper, ...] = (), own: bool = False, **more: Any) -> Desk:
        its = database
        if own:
            its = Database(str(database.url.render_as_string(hide_password=False)))
            opened.append(its)
        known = {(one.association, one.name): one for one in (channels or (paper,))}
        return Desk(its, vault, associations, tmp_path, known, **more)

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def others() -> dict[str, Paper]:
    """Channels beside the first one; a module that needs some names them."""
    return {}


@pytest.fixture
def desk(make_desk: Callable[..., Desk], paper: Paper, others: dict[str, Paper]) -> Desk:
    return make_desk((paper, *others.values()))


@pytest.fixture
def noura(desk: Desk) -> Person:
    return Person(desk, "7001")


@pytest.fixture
async def forum() -> AsyncIterator[Forum]:
    """A staff group with topics, at a stand-in of Telegram's."""
    async with forum_at_work() as there:
        yield there


@pytest.fixture
async def make_line(
    forum: Forum, database: Database, vault: Vault, associations: dict[str, Association], tmp_path: Path
) -> AsyncIterator[Callable[..., Line]]:
    """Processes that work in it, over one database."""
    lines: list[Line] = []

    def make(**more: Any) -> Line:
        lines.append(Line(forum, database, vault, associations, tmp_path, **more))
        return lines[-1]

    yield make
    for line in lines:
        await line.close()


@pytest.fixture
def line(make_line: Callable[..., Line]) -> Line:
    return make_line()
