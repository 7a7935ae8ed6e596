"""What a worker may write to a person now: how long, with which files, and whether it gets through at once."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from bot.channels.contract import Templated
from bot.desk.at import Refused
from conversations import staffed
from conversations.answers.signatures import kind_of
from conversations.conversation import Conversation
from conversations.flows import library
from conversations.says import Attachment
from storage import files
from storage.ids import new_id
from storage.times import ms

if TYPE_CHECKING:
    from bot.desk.at import At
    from bot.desk.conversation.scene import Scene
    from bot.web.body import Upload

MB = 1024 * 1024
MOST_FILES = 5
_EVERYWHERE = ("jpeg", "png", "pdf", "docx", "ogg", "mp3", "m4a", "amr", "mp4")
ACCEPTS: Mapping[str, tuple[tuple[str, ...], int, int]] = {
    # channel: kinds, megabytes of a file, megabytes of a picture (CHANNELS.md)
    "record": ((), 0, 0),
    "whatsapp": (_EVERYWHERE, 16, 5),
    "sms": (_EVERYWHERE, 16, 16),  # as links
    "email": ((*_EVERYWHERE, "webp", "heic", "webm"), 18, 18),
    "telegram": ((*_EVERYWHERE, "webp", "heic", "webm"), 50, 50),
    "web_chat": ((*_EVERYWHERE, "webp", "webm"), 50, 50),
}
SOUNDS: Mapping[str, tuple[str, ...]] = {
    "record": (),
    "whatsapp": ("ogg", "mp4"),
    "sms": ("ogg", "mp4"),
    "email": ("mp4", "ogg", "webm"),
    "telegram": ("ogg", "mp4", "webm"),
    "web_chat": ("ogg", "mp4", "webm"),
}
"""What a browser may record for each, the best first."""
_PICTURES = frozenset({"jpeg", "png", "webp", "heic"})


class Composer(NamedTuple):
    """`closed`: why nothing gets through now (staffed.closed, or `off`: the channel is not connected here,
    `record`: nobody ever wrote from there);
    `until`: when the window closes; `limit`: characters of one message, `joins` more once they know who writes;
    `template`: an approved one is there;
    `opening`: what their first reply begins with, so that the person knows who writes;
    `knocked`: it went out already; `held`: why an operator lets nothing go out (paused, staging)."""

    closed: str
    until: datetime | None
    limit: int
    joins: int = 0
    template: bool = False
    knocked: bool = False
    held: str = ""
    opening: str = ""


def composer(at: "At", scene: "Scene") -> Composer:
    channel = at.desk.intake.channels.get((at.slug, scene.channel))
    state = scene.state
    if channel is None or scene.state.recorded:
        return Composer("record" if channel else "off", None, 4000)
    hours = channel.traits.window_hours
    opening = ""
    if state.introduced != str(at.worker.id):
        opening = at.association.wording[state.language]("staff.joined", title=title_of(at, state))
    joins = len(opening) + 2 if opening else 0
    return Composer(
        closed=staffed.closed(state, hours, at.now),
        until=staffed.open_until(state, hours),
        limit=channel.capabilities.text - joins,
        joins=joins,
        template=isinstance(channel, Templated) and channel.has_template(staffed.WAITING, state.language),
        knocked=state.knocked,
        held=at.desk.intake.may_send(at.slug, scene.channel, scene.handle) if channel.pushes else "",
        opening=opening,
    )


def title_of(at: "At", state: Conversation) -> str:
    return staffed.title_of(at.association, state.language, at.worker.roles, at.worker.woman)


GAP = "[…]"
"""What a reply at hand leaves to its sender. Brackets, since people write three dots too."""


class Canned(NamedTuple):
    """A reply at hand: its title for the worker, its text in the person's language, filled in."""

    id: str
    title: str
    text: str


def canned(at: "At", scene: "Scene", references: Iterable[str]) -> list[Canned]:
    """What is not known of the person is left out; a reference that there is none of is a gap. The worker's name is
    not for people."""
    profile, language = at.association.profile, scene.state.language
    facts = {
        "name": scene.person.partition(" ")[0],
        "reference": next(iter(references), "…"),
        "association": profile.name.to(language),
        "short": profile.short_name.to(language),
    }
    return [
        Canned(
            reply.id,
            reply.title.to(at.language),
            _SPARE.sub("", reply.text.to(language).format_map(facts)).replace("…", GAP),
        )
        for reply in profile.canned_replies
    ]


_SPARE = re.compile(r" +(?=[.,:!?،؛؟])")


class AtHand(NamedTuple):
    """A document of the library: its title for the worker, and as it is sent, in the person's language."""

    id: str
    title: str
    attachment: Attachment


def papers(at: "At", scene: "Scene") -> list[AtHand]:
    """What the shelf holds and the channel carries; the policy's own first, in its order."""
    profile, there = at.association.profile, at.desk.intake.papers.get(at.slug, ())
    kept = {paper.id: paper for paper in there if paper.kind in ACCEPTS[scene.channel][0]}
    theirs = library.titled(profile, there, scene.state.language)
    return [
        AtHand(id, title, library.attachment(kept[id], theirs[id]))
        for id, title in library.titled(profile, there, at.language).items()
        if id in kept
    ]


# --- files -----------------------------------------------------------------------------------------------------------


class Stored(NamedTuple):
    """Files whose bytes are kept already; `rows` go in with the event that sends them."""

    attachments: tuple[Attachment, ...]
    rows: tuple[files.File, ...]


async def store(at: "At", scene: "Scene", uploads: Iterable["Upload"], voice: "Upload | None") -> Stored:
    """Seal and keep what is to be sent. Raises Refused, before anything is kept, where the channel does not take it."""
    found: list[tuple[str, str, bytes]] = []
    for upload in [*uploads, *([voice] if voice else [])]:
        kind = _checked(scene.channel, at.desk.site.file_limit, upload)
        if upload is voice and kind == "mp4":
            kind = "m4a"  # a recording without pictures
        found.append((upload.name or f"{at.words('conversation.media.voice')}.{kind}", kind, upload.data))
    attachments, rows = [], []
    for name, kind, data in found:
        id = new_id()
        await asyncio.to_thread(at.desk.blobs.put, at.slug, id, data)
        attachments.append(Attachment(str(id), name, kind))
        rows.append(files.File(at.slug, id, scene.id, scene.channel, "", name, kind, len(data), files.READY))
    return Stored(tuple(attachments), tuple(rows))


def _checked(channel: str, most: int, upload: "Upload") -> str:
    """Its kind. Raises Refused."""
    kinds, file_mb, picture_mb = ACCEPTS[channel]
    kind = kind_of(upload.data)
    if not upload.data:
        raise Refused("conversation.file_empty", name=upload.name)
    if kind is None or kind not in kinds:
        raise Refused("conversation.file_kind", name=upload.name)
    limit = min(most, (picture_mb if kind in _PICTURES else file_mb) * MB)
    if len(upload.data) > limit:
        raise Refused("conversation.file_too_big", name=upload.name, limit=limit // MB)
    return kind


async def discard(at: "At", stored: Stored) -> None:
    """The bytes of what was not sent after all."""
    for row in stored.rows:
        await asyncio.to_thread(at.desk.blobs.delete, at.slug, row.id)


def keep_rows(connection: Connection, at: "At", stored: Stored) -> None:
    files.want(connection, at.desk.vault, stored.rows, ms(at.now))
