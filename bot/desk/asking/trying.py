"""A broadcast tried before it goes: on the worker's own Telegram, or on one conversation that they name and mean.

What goes there is what would be sent: outside of a channel's window the approved template, whose button brings the
words of the draft. Where nothing would go the page says why.
"""

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, select

from bot.channels.contract import SendError, Templated
from bot.desk.asking import looks
from bot.desk.at import Refused
from bot.desk.sight import conversations_seen_by
from conversations.answers.phone import phone_in
from conversations.cases.reference import find_reference
from conversations.effects import NotTold
from conversations.engine import advance
from conversations.events import BroadcastSent
from conversations.says import Say
from conversations.world import World
from storage import broadcasts, staff, waves
from storage import conversations as talks
from storage.broadcasts import Named
from storage.schema import conversations
from storage.waves import Body, Wave

if TYPE_CHECKING:
    from bot.desk.at import At


async def test(at: "At", wave: Wave, body: Body) -> str:
    """What the page then says. Raises Refused, with why nothing went out."""
    if at.form.get("to") == "telegram":
        await _to_myself(at, wave, body)
        return "broadcast_tried"
    await _to_conversation(at, wave, body)
    return "broadcast_tried_there"


async def _to_myself(at: "At", wave: Wave, body: Body) -> None:
    chat = await at.read(staff.telegram_of, at.desk.vault, at.worker.id)
    channel = at.desk.intake.channels.get((at.slug, "telegram"))
    if not chat:
        raise Refused("broadcasts.test.not_bound")
    if channel is None:
        raise Refused("broadcasts.test.no_channel")
    await at.write("broadcast.test", f"wave:{wave.id}", lambda _: None)
    try:
        for language in body.text:
            for say in looks.says_of(at.association, marked(at, body), language, "telegram", "", at.now):
                attachment = await at.desk.attachments(at.slug, say.file) if say.file else None
                await channel.send(chat, _plain(say), 0, attachment)
    except SendError as error:
        raise Refused("broadcasts.test.not_sent") from error


async def _to_conversation(at: "At", wave: Wave, body: Body) -> None:
    """Of a colleague, or one's own as a person: named by its number or a reference, and said to be meant."""
    given = at.form.get("whom").strip()[:60]
    reference = find_reference(given, at.association.profile.reference_prefix) or ""
    phone = "" if reference else phone_in(given) or ""
    if not reference and not phone:
        raise Refused("broadcasts.test.unclear")
    found = await at.read(_find, at, Named(1, phone, reference))
    if found is None:
        raise Refused("broadcasts.test.unknown")
    if at.form.get("meant") != "yes":
        raise Refused("broadcasts.test.not_meant")
    event = looks.event_of(marked(at, body), broadcasts.test_key(at.desk.vault, at.slug, wave.id, found), at.now)

    def unless(connection: Connection) -> None:
        if why := _not_told(connection, at, found, event):
            raise Refused(f"broadcasts.test.{why}")

    await at.put("broadcast.test", found, event, unless=unless)


def _not_told(connection: Connection, at: "At", conversation: int, event: BroadcastSent) -> str:
    """Why nothing of it would go out there: no_template, shut, off; empty where it goes."""
    stored = talks.load_by_id(connection, at.desk.vault, [(at.slug, conversation)])[at.slug, conversation]
    channel = at.desk.intake.channels.get((at.slug, stored.channel))
    if channel is None:
        return "off"
    world = World(association=at.association, now=at.now, seed=bytes(32), traits=channel.traits)
    turn = advance(stored.conversation, event, world)
    if any(isinstance(effect, NotTold) for effect in turn.effects):
        return "shut"
    language = stored.conversation.language
    approved = isinstance(channel, Templated) and channel.has_template(event.template, language)
    return "no_template" if any(say.template for say in turn.says) and not approved else ""


def _find(connection: Connection, at: "At", named: Named) -> int | None:
    """Raises Refused where they want no messages from us."""
    good, bad = broadcasts.matched(connection, at.desk.vault, at.slug, 0, "", [named], waves.HELD)
    if any(one.why == "stopped" for one in bad):
        raise Refused("broadcasts.test.shut")
    if not good:
        return None
    c = conversations.c
    return connection.scalar(
        select(c.id).where(c.association == at.slug, c.id == good[0].conversation, conversations_seen_by(at.worker))
    )


def marked(at: "At", body: Body) -> Body:
    """So that nobody takes it for the real one."""
    words = at.association.wording
    text = {language: f"{words[language]('broadcast.test')}\n\n{text}" for language, text in body.text.items()}
    return msgspec.structs.replace(body, text=text)


def _plain(say: Say) -> Say:
    return msgspec.structs.replace(say, lane="notice")
