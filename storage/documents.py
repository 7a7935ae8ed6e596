"""The library's documents: bylaws, guides, forms, each with all its versions. Bytes lie in blobs under a version's id.

Source: T tools 1–4, Harif ب-1 to ب-5. A document is a tool of the profile, or one of the association's own. People are
given the newest version that is not withdrawn; nothing is ever overwritten, so that what was sent can be shown again.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, insert, select, update

from conversations.world import Paper
from storage import audit
from storage.audit import Act
from storage.batch import among
from storage.schema_desk import documents
from storage.vault import Vault, context

SENT = "document.sent"
"""The act by which a document goes to a person, whoever sends it; its subject is document:<id>, of the document."""
_TITLE, _NAME = "documents.title", "documents.name"


class Document(NamedTuple):
    """One version. `title` is empty for a tool: the profile says it. `name` as the file was called. Milliseconds."""

    association: str
    id: int
    document: str
    version: int
    title: str
    name: str
    kind: str
    size: int
    by: int
    at: int
    withdrawn_at: int | None = None


def add(connection: Connection, vault: Vault, given: Document) -> Document:
    """Keep a new version, the newest of its document; it as kept, numbered. Its bytes must lie in blobs already."""
    d = documents.c
    last = connection.scalar(
        select(func.max(d.version)).where(d.association == given.association, d.document == given.document)
    )
    kept = given._replace(version=(last or 0) + 1)
    values = kept._asdict()
    values["title"] = _sealed(vault, _TITLE, kept.association, kept.id, kept.title)
    values["name"] = _sealed(vault, _NAME, kept.association, kept.id, kept.name)
    connection.execute(insert(documents).values(values))
    return kept


def every_version(connection: Connection, vault: Vault, association: str) -> list[Document]:
    """Of every document, newest first, withdrawn ones too."""
    d = documents.c
    query = select(documents).where(d.association == association).order_by(d.document, d.version.desc())
    return [_document(vault, row) for row in connection.execute(query)]


def get(connection: Connection, vault: Vault, association: str, id: int) -> Document | None:
    d = documents.c
    found = connection.execute(select(documents).where(d.association == association, d.id == id)).first()
    return None if found is None else _document(vault, found)


def newest(connection: Connection, vault: Vault, association: str, document: str) -> Document | None:
    """The version that people are given."""
    d = documents.c
    query = select(documents).where(d.association == association, d.document == document, d.withdrawn_at.is_(None))
    found = connection.execute(query.order_by(d.version.desc()).limit(1)).first()
    return None if found is None else _document(vault, found)


def withdraw(connection: Connection, association: str, id: int, now: int) -> bool:
    """From now on people are given the version before, or none. False where it is withdrawn already, or not there."""
    d = documents.c
    withdrawn = connection.execute(
        update(documents)
        .where(d.association == association, d.id == id, d.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    return withdrawn.rowcount == 1


def sent(connection: Connection, association: str, who: str, document: str, conversation: int, now: int) -> None:
    """On record: `document` (a document's id, whichever version) went to the person of a conversation."""
    act = Act(association, now, who, SENT, f"document:{document}", f"conversation:{conversation}")
    audit.log(connection, [act])


def on_shelves(connection: Connection, vault: Vault, associations: Iterable[str]) -> dict[str, tuple[Paper, ...]]:
    """What people may ask for, by association: of each document the newest version that is not withdrawn."""
    d = documents.c
    given = (among(d.association, associations), d.withdrawn_at.is_(None))
    last = (
        select(d.association, d.document, func.max(d.version).label("version"))
        .where(*given)
        .group_by(d.association, d.document)
        .subquery()
    )
    same = and_(d.association == last.c.association, d.document == last.c.document, d.version == last.c.version)
    found: dict[str, list[Paper]] = {}
    for row in connection.execute(select(documents).join(last, same).order_by(d.association, d.document)):
        kept = _document(vault, row)
        found.setdefault(kept.association, []).append(Paper(id=kept.document, title=kept.title, kind=kept.kind))
    return {association: tuple(papers) for association, papers in found.items()}


def _sealed(vault: Vault, place: str, association: str, id: int, text: str) -> bytes | None:
    return vault.seal(text.encode(), context(place, association, id)) if text else None


def _document(vault: Vault, row: Any) -> Document:
    opened = {
        name: "" if sealed is None else vault.open(sealed, context(place, row.association, row.id)).decode()
        for name, place, sealed in (("title", _TITLE, row.title), ("name", _NAME, row.name))
    }
    return Document(**{name: getattr(row, name) for name in Document._fields} | opened)
