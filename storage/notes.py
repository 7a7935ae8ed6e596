"""Private notes of staff on a conversation or a case: never sent to anybody."""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from storage.ids import new_id
from storage.schema_desk import notes
from storage.vault import Vault, context

_BODY = "notes.body"


class Note(NamedTuple):
    """Milliseconds; `staff` is the worker's id."""

    id: int
    conversation: int | None
    case: int | None
    staff: int
    text: str
    at: int


def add(
    connection: Connection,
    vault: Vault,
    association: str,
    conversation: int | None,
    staff: int,
    text: str,
    at: int,
    *,
    case: int | None = None,
) -> int:
    """The new note's id."""
    id = new_id()
    connection.execute(
        insert(notes).values(
            association=association,
            id=id,
            conversation=conversation,
            case_id=case,
            staff=staff,
            body=vault.seal(text.encode(), context(_BODY, association, id)),
            at=at,
        )
    )
    return id


def about(
    connection: Connection, vault: Vault, association: str, *, conversation: int | None = None, case: int | None = None
) -> list[Note]:
    """Those of a conversation, or of a case, oldest first."""
    n = notes.c
    where = n.conversation == conversation if conversation is not None else n.case_id == case
    rows = connection.execute(select(notes).where(n.association == association, where).order_by(n.id))
    return [
        Note(
            row.id,
            row.conversation,
            row.case_id,
            row.staff,
            vault.open(row.body, context(_BODY, association, row.id)).decode(),
            row.at,
        )
        for row in rows
    ]
