"""Events that failed alone, three times: kept sealed until an operator has looked (wasl events)."""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from storage.schema import quarantine
from storage.vault import Vault, context

_BODY = "quarantine.body"


class Quarantined(NamedTuple):
    """What an operator sees: no content. `error` is the kind of exception, never its text. Milliseconds."""

    association: str
    id: int
    channel: str
    at: int
    attempts: int
    error: str


def put(connection: Connection, vault: Vault, given: Quarantined, body: bytes) -> None:
    sealed = vault.seal(body, context(_BODY, given.association, given.id))
    connection.execute(insert(quarantine).values(body=sealed, **given._asdict()))


def waiting(connection: Connection, association: str | None = None) -> list[Quarantined]:
    q = quarantine.c
    query = select(*(q[name] for name in Quarantined._fields)).where(q.settled_at.is_(None)).order_by(q.id)
    if association is not None:
        query = query.where(q.association == association)
    return [Quarantined._make(row) for row in connection.execute(query)]


def body(connection: Connection, vault: Vault, association: str, id: int) -> bytes | None:
    """The event, to be tried again; None where it is settled."""
    q = quarantine.c
    sealed = connection.scalar(
        select(q.body).where(q.association == association, q.id == id, q.settled_at.is_(None)).with_for_update()
    )
    return None if sealed is None else vault.open(sealed, context(_BODY, association, id))


def settle(connection: Connection, association: str, id: int, now: int) -> bool:
    """It was taken in after all, or given up: its content goes, the row stays."""
    q = quarantine.c
    done = connection.execute(
        update(quarantine)
        .where(q.association == association, q.id == id, q.settled_at.is_(None))
        .values(settled_at=now, body=None)
    )
    return done.rowcount == 1
