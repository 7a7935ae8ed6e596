"""The staff's Telegram group, against a stand-in that holds every call against the official specification."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from conversations.association.association import Association
from storage.database import Database
from storage.vault import Vault
from tests.bot.forum import Forum, Line, forum_at_work, waits


@pytest.fixture
async def forum() -> AsyncIterator[Forum]:
    async with forum_at_work() as there:
        yield there


@pytest.fixture
async def make_line(
    forum: Forum, database: Database, vault: Vault, associations: dict[str, Association], tmp_path: Path
) -> AsyncIterator[Callable[..., Line]]:
    lines: list[Line] = []

    def make(**more: Any) -> Line:
        line = Line(forum, database, vault, associations, tmp_path, **more)
        lines.append(line)
        return line

    yield make
    for line in lines:
        await line.close()


@pytest.fixture
def line(make_line: Callable[..., Line]) -> Line:
    return make_line()


async def test_who_asks_for_a_person_has_a_topic_with_what_was_written(line: Line, forum: Forum) -> None:
    await waits(line)
    await line.rest()
    topic = forum.only
    assert "ابغى موظف" in topic.said[0]
    print(topic)
