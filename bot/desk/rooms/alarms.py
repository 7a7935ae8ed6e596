"""What the house cannot put right by itself: codes, in words, until somebody has seen them."""

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound
from bot.desk.conversation import alarmed
from bot.desk.room import Room
from storage import alarms
from storage.times import ms

room = Room("alarms", nav="/alarms", right="outbound")


@room.get("/alarms")
async def page(at: At) -> Response:
    return at.page("inbox/alarms.html", alarms=await at.read(alarmed.waiting, at))


@room.post("/alarms/{alarm}/seen")
async def seen(at: At) -> Response:
    id = at.number("alarm")
    await at.write("alarm.seen", f"alarm:{id}", _seen, at, id)
    back = "/inbox" if at.form.get("back") == "inbox" and at.worker.may("inbox") else "/alarms"
    return at.back(back, said="alarm_seen")


def _seen(connection: Connection, at: At, id: int) -> None:
    if id not in {one.id for one in alarmed.waiting(connection, at)}:
        raise NotFound
    alarms.seen(connection, at.slug, id, ms(at.now))
