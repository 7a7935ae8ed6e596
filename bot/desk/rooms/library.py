"""The library: what the policy names (bylaws, guides, forms) and what the association adds, each with its versions.

Source: T tools 1–4, Harif ب-1 to ب-5, خ-2. Everybody reads; whoever keeps the library adds and withdraws. What lies
here the bot sends to who asks for it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.room import Room
from bot.web.lines import MEDIA_TYPES
from conversations.answers.signatures import kind_of
from storage import documents, staff
from storage.documents import Document
from storage.ids import new_id
from storage.times import ms

room = Room("library", nav="/library", right="policy")
KINDS = frozenset({"pdf", "docx", "jpeg", "png", "webp"})
NEW = "new"
TITLE, NAME = 80, 200
"""Characters: a title stands in a list of choices and names the file."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A document with its versions, newest first. `clause`: of the policy, where it names the document."""

    id: str
    title: str
    clause: str
    versions: tuple[Document, ...]

    @property
    def given(self) -> Document | None:
        """What people are given."""
        return next((one for one in self.versions if one.withdrawn_at is None), None)


@room.get("/library")
async def library(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200) -> Response:
    kept = await at.read(documents.every_version, at.desk.vault, at.slug)
    names = await at.read(staff.names, at.desk.vault, {one.by for one in kept}) if at.worker.may("library") else {}
    return at.page(
        "library/library.html",
        error=error,
        status=status,
        shelves=list(_shelves(at, kept)),
        names=names,
        chosen=at.form.get("document") or at.query("document"),
        title=at.form.get("title"),
        new=NEW,
        most=at.desk.site.file_limit // (1024 * 1024),
    )


def _shelves(at: At, kept: list[Document]) -> Iterator[Shelf]:
    """The policy's own first, in its order, there or not; then the others, newest first."""
    by_id: dict[str, list[Document]] = {}
    for one in kept:
        by_id.setdefault(one.document, []).append(one)
    for tool in at.association.profile.tools:
        yield Shelf(tool.id, tool.title.to(at.language), tool.clause, tuple(by_id.pop(tool.id, ())))
    for id, versions in sorted(by_id.items(), key=lambda item: -item[1][0].at):
        yield Shelf(id, versions[0].title or id, "", tuple(versions))


@room.post("/library", "library", files=1)
async def add(at: At) -> Response:
    """A new version, of a document that is there or of a new one."""
    tools = {tool.id for tool in at.association.profile.tools}
    known = {one.document: one.title for one in await at.read(documents.every_version, at.desk.vault, at.slug)}
    document, title = at.form.get("document"), " ".join(at.form.get("title").split())[:TITLE]
    uploads = [one for one in at.form.uploads("file") if one.data]
    if document not in tools | known.keys() | {NEW}:
        return await _show(at, at.words("library.which_missing"), 422)
    if document == NEW and not title:
        return await _show(at, at.words("library.title_missing"), 422)
    if not uploads:
        return await _show(at, at.words("library.file_missing"), 422)
    data = uploads[0].data
    kind = kind_of(data)
    if kind not in KINDS:
        return await _show(at, at.words("library.file_kind"), 422)
    given = Document(
        association=at.slug,
        id=new_id(),
        document=f"own-{new_id()}" if document == NEW else document,
        version=0,
        title="" if document in tools else title or known.get(document, ""),
        name=uploads[0].name[-NAME:],
        kind=kind,
        size=len(data),
        by=at.worker.id,
        at=ms(at.now),
    )
    await asyncio.to_thread(at.desk.blobs.put, at.slug, given.id, data)
    try:
        await at.write("document.add", f"document:{given.document}", documents.add, at.desk.vault, given)
    except BaseException:
        await asyncio.to_thread(at.desk.blobs.delete, at.slug, given.id)
        raise
    await _offer_anew(at)
    return at.back("/library", "document_added")


@room.get("/library/{id}")
async def read(at: At) -> Response:
    """A version as it was uploaded; a withdrawn one for who keeps the library."""
    kept = await at.read(documents.get, at.desk.vault, at.slug, at.number("id"))
    if kept is None or (kept.withdrawn_at is not None and not at.worker.may("library")):
        raise NotFound
    data = await at.bytes_of(kept.id)
    media_type = MEDIA_TYPES.get(kept.kind, "application/octet-stream")
    return at.file(kept.name or f"{kept.document}.{kept.kind}", media_type, data, inline=True)


@room.post("/library/{id}/withdraw", "library")
async def withdraw(at: At) -> Response:
    """People are given the version before, or none; the file stays, for whoever must show what was once given."""
    id = at.number("id")
    kept = await at.read(documents.get, at.desk.vault, at.slug, id)
    if kept is None:
        raise NotFound

    def do(connection: Connection) -> None:
        if not documents.withdraw(connection, at.slug, id, ms(at.now)):
            raise Refused("library.withdrawn_before")

    await at.write("document.withdraw", f"document:{kept.document}", do, detail=f"version:{kept.version}")
    await _offer_anew(at)
    return at.back("/library", "document_withdrawn")


async def _offer_anew(at: At) -> None:
    """The bot of this process knows at once; others within a minute."""
    at.desk.intake.papers = await at.read(documents.on_shelves, at.desk.vault, at.desk.associations)
