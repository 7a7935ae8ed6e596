"""The conversation page: the transcript, live, with everything that is known beside it, and the box to answer from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.channels.contract import Content
from bot.desk.at import At, NotFound
from bot.desk.conversation import composing, inbox_rows, scene, transcript
from bot.desk.conversation.scene import Scene
from bot.desk.conversation.transcript import Shown, Transcript
from bot.desk.room import Room
from bot.desk.whole import whole
from bot.web.lines import MEDIA_TYPES
from conversations import staffed
from conversations.cases.move import (
    CONTACT_OFFICER,
    MANAGEMENT,
    PROTECTION_OFFICER,
    RELATIONS_OFFICER,
    SOCIAL_RESEARCHER,
)
from conversations.events import Media
from conversations.rights import rights_of
from storage import files, looking, messages, reply_drafts
from storage.messages import Line
from storage.times import SECOND, ms

room = Room("conversation", right="inbox")

LOOKS, TYPES = 25 * SECOND, 8 * SECOND
"""Milliseconds for which a heartbeat holds: the page sends one every twelve seconds, and while something is typed."""
DRAFT = 20_000
"""Characters of a draft."""
ANSWERING = (RELATIONS_OFFICER, SOCIAL_RESEARCHER, CONTACT_OFFICER, PROTECTION_OFFICER, MANAGEMENT)
"""Roles that answer people."""
BLOCKS = ("spam", "blocked")
"""Why an address is blocked."""
PARTED = ("not_theirs", "new_owner", "asked", "mistake")
"""Why an address is another's."""
_PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A colleague was faster, or holds it: who, what they said, and that it can be sent all the same."""

    words: str
    said: Sequence[Shown] = ()
    over: bool = False
    seen: int = 0


class Looked(NamedTuple):
    """All that the page shows, read at one moment."""

    scene: Scene
    transcript: Transcript
    beside: scene.Beside
    company: scene.Company
    holder: str
    colleagues: list[tuple[int, str]]
    draft: str
    older: int
    newer: int


def _look(connection: Connection, at: At, id: int, before: int | None) -> Looked:
    here = scene.load(connection, at, id)
    return Looked(
        here,
        transcript.newest(connection, at, here, before),
        scene.beside(connection, at, here),
        scene.company(connection, at, id),
        scene.name_of(connection, at, here.holder),
        scene.colleagues(connection, at, here),
        scene.draft_of(connection, at, id),
        *scene.neighbours(connection, at, id),
    )


@room.get("/conversation/{id}")
async def conversation(at: At) -> Response:
    return await page(at, at.number("id"), before=_number(at, "before"))


async def page(
    at: At,
    id: int,
    *,
    before: int | None = None,
    status: int = 200,
    error: str = "",
    warned: Warned | None = None,
    text: str | None = None,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The whole page; after a form that was refused, with what was typed still in the box (`text`), or in the other
    forms (`typed`)."""
    looked = await at.read(_look, at, id, before)
    inbox_rows.not_lately(at, [id], _PAGE)
    await at.saw(f"conversation:{id}")
    here = looked.scene
    replies = composing.canned(at, here, [one.reference for one in looked.beside.cases if one.closed_at is None])
    draft = looked.draft if text is None else text
    if (wanted := at.query("canned")) and text is None:
        draft = "\n".join(filter(None, [draft, *(one.text for one in replies if one.id == wanted)]))
    channel = here.channel
    return at.page(
        "conversation/conversation.html",
        status=status,
        error=error,
        **_status(at, here, looked.company, looked.holder),
        transcript=looked.transcript,
        beside=looked.beside,
        older=looked.older,
        newer=looked.newer,
        before=before,
        colleagues=looked.colleagues,
        roles=answering(here),
        canned=replies,
        gap=composing.GAP,
        papers=composing.papers(at, here),
        chosen_papers=at.form.all("paper"),
        draft=draft,
        warned=warned,
        typed=typed or {},
        blocks=BLOCKS,
        parted=PARTED,
        seen=warned.seen if warned else looked.transcript.last,
        accepts=",".join(f".{kind}" for kind in (*composing.ACCEPTS[channel][0], "jpg")),
        sounds=" ".join(composing.SOUNDS[channel]),
        file_mb=min(at.desk.site.megabytes, composing.ACCEPTS[channel][1]),
        most_files=composing.MOST_FILES,
    )


def answering(here: Scene) -> list[str]:
    """Roles it can be passed on to: what is confidential, to those who see that alone."""
    return [role for role in ANSWERING if not here.state.restricted or "restricted" in rights_of([role])]


def _status(at: At, here: Scene, company: scene.Company, holder: str) -> dict[str, Any]:
    """What the head of the page and its live part share."""
    return {
        "scene": here,
        "company": company,
        "holder": holder,
        "mine": here.holder == at.worker.id,
        "composer": composing.composer(at, here),
        "kept": staffed.kept_of(here.state),
        "ms": ms,
    }


# --- pieces that are fetched again -----------------------------------------------------------------------------------


async def _on_record(at: At) -> None:
    """A piece shows what the page shows: on record once in a while, so also without the page before it."""
    if inbox_rows.not_lately(at, [at.number("id")], _PAGE):
        await at.saw(f"conversation:{at.number('id')}")


@room.get("/conversation/{id}/lines")
async def lines(at: At) -> Response:
    """Behind a line (`after`), or before one (`before`)."""

    def read(connection: Connection) -> Transcript:
        here = scene.load(connection, at, at.number("id"))
        before = _number(at, "before")
        if before is not None:
            return transcript.newest(connection, at, here, before)
        return transcript.after(connection, at, here, _number(at, "after") or 0)

    shown = await at.read(read)
    await _on_record(at)
    return at.part("conversation/lines.html", transcript=shown, id=at.number("id"))


@room.get("/conversation/{id}/status")
async def status(at: At) -> Response:
    """Who holds it, who else is there, and what can be done."""
    shown = await at.read(_read_status, at, at.number("id"))
    await _on_record(at)
    return at.part("conversation/status.html", **shown)


def _read_status(connection: Connection, at: At, id: int) -> dict[str, Any]:
    here = scene.load(connection, at, id)
    name = scene.name_of(connection, at, here.holder)
    return _status(at, here, scene.company(connection, at, id), name)


@room.get("/conversation/{id}/waiting")
async def waiting(at: At) -> Response:
    """Replies that wait for the person, and whether the window is open."""
    shown = await at.read(_read_status, at, at.number("id"))
    await _on_record(at)
    return at.part("conversation/waiting.html", **shown)


@room.get("/conversation/{id}/cases")
async def cases(at: At) -> Response:
    def read(connection: Connection) -> dict[str, Any]:
        here = scene.load(connection, at, at.number("id"))
        return {"scene": here, "beside": scene.beside(connection, at, here)}

    shown = await at.read(read)
    await _on_record(at)
    return at.part("conversation/cases.html", **shown)


@room.post("/conversation/{id}/here")
async def here(at: At) -> Response:
    """The page is open before somebody, and whether they are writing. Answers with who else is there."""
    id, now = at.number("id"), ms(at.now)
    typing = now + TYPES if at.form.get("typing") == "yes" else 0

    def beat(connection: Connection) -> tuple[bool, scene.Company, int]:
        found = scene.load(connection, at, id)
        news = looking.here(connection, at.slug, id, at.worker.id, now, now + LOOKS, typing)
        return news, scene.company(connection, at, id), found.updated

    news, company, updated = await at.keep(beat)
    if news:
        at.desk.hub.wake(at.slug, f"conversation:{id}")
    return at.part("conversation/company.html", company=company, version=updated)


@room.post("/conversation/{id}/draft")
async def draft(at: At) -> Response:
    """What is in the box, as it is typed."""
    id, text = at.number("id"), at.form.get("text")[:DRAFT]

    def keep(connection: Connection) -> None:
        if not scene.may_see(connection, at, id):
            raise NotFound
        reply_drafts.keep(connection, at.desk.vault, at.slug, id, at.worker.id, text, ms(at.now))

    await at.keep(keep)
    return Response(status_code=204)


# --- files -----------------------------------------------------------------------------------------------------------


@room.get("/conversation/{id}/file/{seq}")
async def file(at: At) -> Response:
    """The file of one line of this conversation, and of no other."""
    id, seq = at.number("id"), at.number("seq")

    def read(connection: Connection) -> tuple[Line | None, files.File | None]:
        if not scene.may_see(connection, at, id):
            raise NotFound
        line = messages.line(connection, at.desk.vault, at.slug, id, seq)
        if line is None or line.direction == "out":
            return line, None
        event = transcript.read_event(line)
        if not isinstance(event, Media) or not event.file.isdecimal():
            return None, None
        return line, files.get(connection, at.desk.vault, at.slug, int(event.file))

    line, kept = await at.read(read)
    content = await _content(at, id, line, kept)
    await at.saw(f"conversation:{id}", f"file:{seq}")
    answer = at.file(content.name, content.media_type, content.data, inline=not at.query("download"))
    return ranged(answer, at.request.headers.get("range", ""))


async def _content(at: At, id: int, line: Line | None, kept: files.File | None) -> Content:
    """Raises NotFound."""
    if line is not None and line.direction == "out" and line.kind == "say":
        attachment = transcript.read_say(line).file
        sent: Content | None = await at.desk.attachments(at.slug, attachment) if attachment else None
        if sent is not None:
            return sent
    if kept is None or kept.conversation != id or kept.state != files.READY:
        raise NotFound
    data = await at.bytes_of(kept.id)
    name = kept.name or f"{id}-{line.seq if line else 0}.{kept.kind}"
    return Content(name, MEDIA_TYPES.get(kept.kind, "application/octet-stream"), data)


_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")


def ranged(answer: Response, asked: str) -> Response:
    """A part of a file, as players ask for it: without that no iPhone plays a voice note."""
    whole = bytes(answer.body)
    answer.headers["Accept-Ranges"] = "bytes"
    found = _RANGE.fullmatch(asked)
    if found is None:
        return answer
    first = int(found[1])
    last = min(int(found[2] or len(whole)), len(whole) - 1)
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(whole)}"})
    part = whole[first : last + 1]
    headers = dict(answer.headers) | {
        "Content-Range": f"bytes {first}-{last}/{len(whole)}",
        "Content-Length": str(len(part)),
    }
    return Response(part, 206, headers=headers)


def _number(at: At, name: str) -> int | None:
    return whole(at.query(name))
