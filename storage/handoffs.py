"""The staff's queue: conversations that wait for a person."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from storage.batch import inserting
from storage.schema import handoffs
from storage.vault import Vault, context

_CALLBACK = "handoffs.callback"


NOBODY = 0
"""The conversation of a handoff that names an anonymous case: nothing leads from it to an address."""


class Handoff(NamedTuple):
    """`callback` is when a call would suit, in the person's words: sealed. Milliseconds."""

    association: str
    id: int
    conversation: int
    reason: str
    role: str = ""
    urgent: bool = False
    restricted: bool = False
    women_only: bool = False
    reference: str = ""
    callback: str = ""
    at: int = 0
    taken_by: str = ""
    taken_at: int | None = None
    done_at: int | None = None
    offered_to: int | None = None
    offers: int = 0
    due: int | None = None
    """When, untaken, it goes to whoever is next."""
    replied_at: int | None = None


def add(connection: Connection, vault: Vault, given: Iterable[Handoff]) -> None:
    """Put these into the queue, in one statement."""
    _ADD.run(
        connection,
        [
            (
                *handoff[:9],
                vault.seal(handoff.callback.encode(), context(_CALLBACK, handoff.association, handoff.id))
                if handoff.callback
                else None,
                handoff.at,
                handoff.offered_to,
            )
            for handoff in given
        ],
    )


def waiting(
    connection: Connection, vault: Vault, association: str, *, restricted: bool = False, limit: int = 200
) -> list[Handoff]:
    """What waits, urgent first, then oldest. Restricted ones are another queue, for the protection officer alone."""
    h = handoffs.c
    query = (
        select(*(h[name] for name in Handoff._fields))
        .where(h.association == association, h.done_at.is_(None), h.restricted.is_(restricted))
        .order_by(h.urgent.desc(), h.at)
        .limit(limit)
    )
    return [_handoff(vault, row._tuple()) for row in connection.execute(query)]


def take(connection: Connection, association: str, id: int, who: str, now: int) -> bool:
    """False where somebody else has it or it is done."""
    h = handoffs.c
    taken = connection.execute(
        update(handoffs)
        .where(h.association == association, h.id == id, h.taken_by.in_(["", who]), h.done_at.is_(None))
        .values(taken_by=who, taken_at=now)
    )
    return taken.rowcount == 1


def hold(connection: Connection, association: str, conversation: int, who: int, now: int, *, replied: bool) -> int:
    """All that waits for this conversation is this worker's; the first reply is timed. How many waited."""
    h = handoffs.c
    mine: dict[str, Any] = {"taken_by": str(who), "taken_at": func.coalesce(h.taken_at, now)}
    if replied:
        mine["replied_at"] = func.coalesce(h.replied_at, now)
    return connection.execute(
        update(handoffs)
        .where(h.association == association, h.conversation == conversation, h.done_at.is_(None))
        .values(mine)
    ).rowcount


def done(connection: Connection, association: str, conversation: int, now: int) -> int:
    """Everything that waits for this conversation is dealt with; how many that were."""
    h = handoffs.c
    return connection.execute(
        update(handoffs)
        .where(h.association == association, h.conversation == conversation, h.done_at.is_(None))
        .values(done_at=now)
    ).rowcount


def open_of(connection: Connection, vault: Vault, association: str, conversation: int) -> Handoff | None:
    """What a conversation waits for: the most pressing of it, the newest first."""
    h = handoffs.c
    query = (
        select(*(h[name] for name in Handoff._fields))
        .where(h.association == association, h.conversation == conversation, h.done_at.is_(None))
        .order_by(h.urgent.desc(), h.at.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _handoff(vault, row._tuple())


def last_done(connection: Connection, association: str, conversation: int) -> int:
    """When this conversation was last dealt with; 0 where it never was."""
    h = handoffs.c
    query = select(func.max(h.done_at)).where(h.association == association, h.conversation == conversation)
    return connection.scalar(query) or 0


def _handoff(vault: Vault, row: tuple[object, ...]) -> Handoff:
    handoff = Handoff(*row)  # type: ignore[arg-type]
    sealed = row[9]
    words = (
        vault.open(sealed, context(_CALLBACK, handoff.association, handoff.id)).decode()
        if isinstance(sealed, bytes)
        else ""
    )
    return handoff._replace(callback=words)


_ADD = inserting(handoffs, *Handoff._fields[:11], "offered_to")
