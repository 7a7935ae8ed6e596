"""What came by other ways: staff record it through the same fields and checks, at a desk or on a phone at the door.

Source: T channels 1 to 7, harif أ-1 to أ-6. A form carries a number of its own, and what it files has a conversation
under that number: the same form sent twice (a poor connection, a sign-in that ran out) answers with what it filed.
"""

import asyncio
import re
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from bot.channels.record import NAME
from bot.desk.at import At, NotFound
from bot.desk.cases.recording import GROUPS, Sheet, What, whats
from bot.desk.room import Room
from bot.fold import Arrived
from bot.web.ports import FileInfo
from conversations.answers.signatures import kind_of
from conversations.cases.lifecycle import committee_for
from conversations.cases.promise import Promised, promise_lines
from conversations.flows.filing import BY_NUMBER
from conversations.says import Attachment
from storage import cases, conversations, files
from storage.cases import Case
from storage.ids import new_id
from storage.times import moment_or_none, ms

room = Room("record", nav="/record", right="record")
MOST_FILES = 20
CARRIES = ("whatsapp", "sms", "email")
"""Channels by which the receipt goes out by itself; by any other it is printed, or read out."""
_ONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Done:
    """What a form filed. `conversation` is its own."""

    conversation: int
    case: Case


@room.get("/record")
async def choose(at: At) -> Response:
    every = whats(at.association, at.words)
    return at.page("record/choose.html", services=[one for one in every if one.subject], others=_others(every))


@room.get("/record/{what}")
async def fill(at: At) -> Response:
    return _page(at, _sheet(at))


@room.post("/record/{what}", files=MOST_FILES)
async def file(at: At) -> Response:
    """Filed, or the page again with what is wrong in its place and everything that was typed."""
    sheet, number = _sheet(at), at.form.get("once")
    if not _ONCE.fullmatch(number):
        raise NotFound
    handle = f"{at.worker.id}:{number}"
    if before := await at.read(_filed, at, handle):
        return at.back(f"/record/done/{before}")
    if not sheet.hear(at.form) or not await _keep(at, sheet, handle):
        return _page(at, sheet, status=422)
    event = sheet.event(at.worker.who, at.worker.branch)
    await at.desk.intake.put(Arrived(at.slug, NAME, handle, event))
    filed = await at.read(_filed, at, handle)
    if not filed:
        raise NotFound  # it was set apart, and staff are alarmed
    return at.back(f"/record/done/{filed}", "recorded")


@room.get("/record/done/{id}")
async def done(at: At) -> Response:
    """To be read out: the number, who studies it, until when, and by which way they hear."""
    filed = await at.read(_done, at)
    case = filed.case
    promised = Promised(
        earliest=moment_or_none(case.earliest),
        latest=moment_or_none(case.latest),
        next_update=moment_or_none(case.next_update),
    )
    return at.page(
        "record/done.html",
        filed=filed,
        case=case,
        committee=committee_for(at.association.profile, case.kind).to(at.language),
        promise=promise_lines(promised, at.language, at.words),
        prints=case.agreed_channel not in CARRIES,
        by_number=case.agreed_channel in ("", BY_NUMBER),
    )


@room.get("/record/done/{id}/receipt.pdf")
async def receipt(at: At) -> Response:
    filed = await at.read(_done, at)
    await at.saw(f"case:{filed.case.id}", "receipt")
    name = at.words("receipt.file_name", reference=filed.case.reference)
    drawn = await at.desk.attachments(at.slug, Attachment(f"receipt:{filed.case.reference}", name))
    if drawn is None:
        raise NotFound
    return at.file(name, drawn.media_type, drawn.data, inline=True)


def _others(every: list[What]) -> list[What]:
    return [one for one in every if not one.subject]


def _sheet(at: At) -> Sheet:
    asked = at.path("what")
    what = next((one for one in whats(at.association, at.words) if one.id == asked), None)
    if what is None:
        raise NotFound
    return Sheet(at.association, what, at.words, at.now)


def _page(at: At, sheet: Sheet, status: int = 200) -> Response:
    fields = sheet.fields()
    return at.page(
        "record/form.html",
        status=status,
        sheet=sheet,
        what=sheet.what,
        groups=[(group, [one for one in fields if one.group == group]) for group in GROUPS],
        wrong=[one for one in fields if one.view.wrong],
        number=at.form.get("once"),
        limit=at.desk.site.megabytes,
    )


def _filed(connection: Connection, at: At, handle: str) -> int:
    """The conversation of what this very form filed; 0 where it filed nothing yet."""
    id = conversations.id_of(connection, at.desk.vault, (at.slug, NAME, handle))
    state = conversations.state_of(connection, at.desk.vault, at.slug, id) if id else None
    return id if id and state and state.recorded else 0


def _done(connection: Connection, at: At) -> Done:
    """For whoever recorded it alone, complaints too, which they may not read elsewhere. Raises NotFound."""
    id = at.number("id")
    address = conversations.handle_of(connection, at.desk.vault, at.slug, id)
    if address is None or address[0] != NAME or not address[1].startswith(f"{at.worker.id}:"):
        raise NotFound
    state = conversations.state_of(connection, at.desk.vault, at.slug, id)
    case = cases.by_reference(connection, at.desk.vault, at.slug, state.recorded) if state else None
    if case is None:
        raise NotFound
    return Done(id, case)


async def _keep(at: At, sheet: Sheet, handle: str) -> bool:
    """What was uploaded, sealed; False where a file is none that we take."""
    kept: dict[str, list[FileInfo]] = {step: [] for step in sheet.filled.uploads}
    stored: list[files.File] = []
    for step, upload in sheet.uploads():
        kind = kind_of(upload.data)
        size = len(upload.data)
        wrong = "empty" if not size else "too_big" if size > at.desk.site.file_limit else "" if kind else "kind"
        if wrong or kind is None:
            sheet.filled.wrong[step] = at.words(f"web.form.{wrong}", limit=at.desk.site.megabytes)
            return False
        id = new_id()
        kept[step].append(FileInfo(id=str(id), name=upload.name, kind=kind, size=size))
        stored.append(files.File(at.slug, id, 0, NAME, "", upload.name, kind, size, files.READY))
    if not sheet.keep(kept):
        return False
    data = [upload.data for _, upload in sheet.uploads()]
    for one, bytes_ in zip(stored, data, strict=True):
        await asyncio.to_thread(at.desk.blobs.put, at.slug, one.id, bytes_)
    if stored:
        await at.keep(_keep_files, at, handle, stored)
    return True


def _keep_files(connection: Connection, at: At, handle: str, stored: list[files.File]) -> None:
    now = ms(at.now)
    (own,) = conversations.take(connection, at.desk.vault, [(at.slug, NAME, handle)], now).values()
    files.want(connection, at.desk.vault, [one._replace(conversation=own.id) for one in stored], now)
