"""Who has a conversation: taking it, handing it back, passing it on; blocking an address; private notes."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, Refused, Stale
from bot.desk.conversation import composing, scene
from bot.desk.room import Room
from bot.desk.rooms.conversation import BLOCKS, answering, page
from conversations.events import Event, StaffBlocked, StaffGaveBack, StaffPassedOn, StaffTook
from storage import conversations as people
from storage import notes
from storage.ids import new_id
from storage.times import ms

room = Room("holding", right="inbox")

NOTE = 4000
"""Characters of a note."""


@room.post("/conversation/{id}/take")
async def take(at: At) -> Response:
    id, over = at.number("id"), at.form.get("over") == "yes"
    here = await at.read(scene.load, at, id)

    def unless(connection: Connection) -> None:
        _still_there(connection, at, id)
        if people.hold(connection, at.slug, id, at.worker.who, over=over):
            raise Stale("conversation.held_now")

    title = composing.title_of(at, here.state)
    event = StaffTook(id=f"take-{new_id()}", at=at.now, staff=str(at.worker.id), title=title, over=over)
    return await _put(at, id, "take", event, unless, "talk_taken")


@room.post("/conversation/{id}/done")
async def done(at: At) -> Response:
    """Hand it back: the bot goes on. Whoever does not hold it says that they mean it."""
    id, over = at.number("id"), at.form.get("over") == "yes"
    event = StaffGaveBack(id=f"done-{new_id()}", at=at.now, staff=str(at.worker.id))
    return await _put(at, id, "give_back", event, lambda c: _mine(c, at, id, over), "talk_given_back")


@room.post("/conversation/{id}/pass")
async def pass_on(at: At) -> Response:
    """To a role (`role:…`) or a colleague (`staff:…`), with a word for them if one likes."""
    id, to, why = at.number("id"), at.form.get("to"), at.form.get("word").strip()[:NOTE]
    kind, _, whom = to.partition(":")
    here = await at.read(scene.load, at, id)
    known = await at.read(scene.colleagues, at, here)
    is_role = kind == "role" and whom in answering(here)
    is_staff = kind == "staff" and whom in {str(one) for one, _ in known}
    if not (is_role or is_staff):
        return await _refused(at, id, 422, "conversation.pass_to_whom")
    event = StaffPassedOn(
        id=f"pass-{new_id()}",
        at=at.now,
        staff=str(at.worker.id),
        role=whom if is_role else "",
        to=whom if is_staff else "",
    )
    return await _put(at, id, "pass_on", event, lambda c: _mine(c, at, id, True), "talk_passed_on", note=why)


@room.post("/conversation/{id}/block")
async def block(at: At) -> Response:
    id, why, reason = at.number("id"), at.form.get("why"), at.form.get("reason").strip()[:NOTE]
    await at.read(scene.load, at, id)
    if why not in BLOCKS or not reason:
        return await _refused(at, id, 422, "conversation.block_reason_missing")
    event = StaffBlocked(id=f"block-{new_id()}", at=at.now, staff=str(at.worker.id), why=why)
    note = f"{at.words(f'conversation.block_why.{why}')}: {reason}"
    return await _put(at, id, f"block.{why}", event, lambda c: _still_there(c, at, id), "talk_blocked", note=note)


@room.post("/conversation/{id}/unblock")
async def unblock(at: At) -> Response:
    id = at.number("id")
    await at.read(scene.load, at, id)
    event = StaffBlocked(id=f"unblock-{new_id()}", at=at.now, staff=str(at.worker.id))
    return await _put(at, id, "unblock", event, lambda c: _still_there(c, at, id), "talk_unblocked")


@room.post("/conversation/{id}/note")
async def note(at: At) -> Response:
    """Between colleagues: the person never sees it."""
    id, text = at.number("id"), at.form.get("note").strip()
    await at.read(scene.load, at, id)
    if not text:
        return await _refused(at, id, 422, "conversation.note_empty")
    if len(text) > NOTE:
        return await _refused(at, id, 422, "conversation.note_too_long", count=len(text) - NOTE)

    def keep(connection: Connection) -> None:
        _still_there(connection, at, id)
        notes.add(connection, at.desk.vault, at.slug, id, at.worker.id, text, ms(at.now))

    await at.write("note", f"conversation:{id}", keep)
    at.desk.hub.wake(at.slug, f"conversation:{id}")
    return at.back(f"/conversation/{id}", said="talk_noted")


async def _put(
    at: At, id: int, act: str, event: Event, unless: Callable[[Connection], None], said: str, note: str = ""
) -> Response:
    def also(connection: Connection) -> None:
        if note:
            notes.add(connection, at.desk.vault, at.slug, id, at.worker.id, note, ms(at.now))

    try:
        await at.put(act, id, event, unless=unless, also=also)
    except Refused as error:
        status = 409 if isinstance(error, Stale) else 422
        return await _refused(at, id, status, error.words, **error.facts)
    return at.back(f"/conversation/{id}", said=said)


async def _refused(at: At, id: int, status: int, words: str, **facts: Any) -> Response:
    """The page again, with what was typed into its forms."""
    typed = {name: at.form.get(name) for name in ("note", "word", "why", "reason", "to")}
    return await page(at, id, status=status, error=at.words(words, **facts), typed=typed)


def _still_there(connection: Connection, at: At, id: int) -> None:
    if not scene.may_see(connection, at, id):
        raise Refused("conversation.gone")


def _mine(connection: Connection, at: At, id: int, over: bool) -> None:
    """Nobody else holds it, or they know."""
    _still_there(connection, at, id)
    if not over and people.holder_of(connection, at.slug, id) not in (at.worker.who, "bot", "queue"):
        raise Stale("conversation.held_now")
