"""The inbox: who waits for a person, who holds which conversation."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from bot.desk.at import At
from bot.desk.room import Room
from storage import handoffs

room = Room("inbox", nav="/inbox", right="inbox")


@room.get("/", right="")
async def home(at: At) -> Response:
    """To the first room that this worker may enter."""
    for door in at.desk.rooms:
        if door.nav and door.right and at.worker.may(door.right):
            return RedirectResponse(f"{at.base}{door.nav}", 303)
    return RedirectResponse(f"{at.base}/account", 303)


@room.get("/inbox")
async def inbox(at: At) -> Response:
    waiting = await at.read(_waiting, at)
    return at.page("inbox/inbox.html", waiting=waiting)


def _waiting(connection: Connection, at: At) -> list[Any]:
    return handoffs.waiting(connection, at.desk.vault, at.slug)
