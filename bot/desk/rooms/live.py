"""The stream that pages of the desk keep open: the names of what changed, for what this worker may see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound
from bot.desk.live import CONVERSATION
from bot.desk.room import Room
from bot.desk.sight import conversations_seen_by
from bot.web import page as pages
from storage import inbox

room = Room("live", right="inbox")
MOST = 20
"""Topics of one page."""
LASTS = 15 * 60.0
"""Seconds: the browser then opens another one."""
BREATH = 0.3
"""Seconds between two words: what changes together is said once."""


@room.get("/live")
async def live(at: At) -> Response:
    from sse_starlette.sse import EventSourceResponse

    topics = await at.read(_seen, at, list(dict.fromkeys(at.query("topics").split(",")))[:MOST])
    if not topics:
        raise NotFound
    return EventSourceResponse(_changes(at, topics), ping=20, headers=pages.headers())


def _seen(connection: Connection, at: At, asked: list[str]) -> list[str]:
    """Of these topics those that this worker may see."""
    ids = {
        int(id)
        for topic in asked
        if topic.startswith(CONVERSATION)
        and (id := topic.removeprefix(CONVERSATION)).isascii()
        and id.isdecimal()
        and len(id) < 19
    }
    seen = inbox.seen_among(connection, at.slug, ids, conversations_seen_by(at.worker))
    return [topic for topic in asked if topic == "inbox" or topic in {f"{CONVERSATION}{id}" for id in seen}]


def _still(connection: Connection, at: At, topic: str) -> bool:
    """Whether the sign-in holds and its worker may see this now: they may have been let go, or kept away, since."""
    entered = at.desk.find(connection, at.association, at.request)
    if entered is None or not entered.is_member or not entered.worker.may("inbox"):
        return False
    at.worker = entered.worker
    return bool(_seen(connection, at, [topic]))


async def _changes(at: At, topics: list[str]) -> AsyncIterator[dict[str, Any]]:
    yield {"event": "hello", "retry": 3000, "data": ""}
    ends = asyncio.get_running_loop().time() + LASTS
    async with aclosing(at.desk.hub.watch(at.slug, topics)) as watching:  # type: ignore[type-var]
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                topic = await asyncio.wait_for(anext(watching), left)
            except (TimeoutError, StopAsyncIteration):
                return
            if not await at.read(_still, at, topic):
                return  # the browser asks again, and is told what it may listen to now, or shown the door
            yield {"event": "changed", "data": topic}
            await asyncio.sleep(BREATH)
