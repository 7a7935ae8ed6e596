"""Questions put to somebody at another address: found by their phone number or by the token of a link."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, insert, select, update
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from storage.batch import Batch, columns_of
from storage.schema import asks
from storage.vault import Vault, context, digest_token

_DETAILS = "asks.details"


class Ask(NamedTuple):
    """`conversation` asked. Phone and details are sealed; of the token only the digest is kept. Milliseconds."""

    association: str
    id: int
    question: str
    reference: str
    conversation: int
    phone: str = ""
    details: dict[str, str] = {}  # noqa: RUF012  never changed
    at: int = 0
    answered_at: int | None = None
    given: bool | None = None


class _Kept(msgspec.Struct, omit_defaults=True):
    phone: str = ""
    details: dict[str, str] = {}


_encode = msgspec.msgpack.Encoder().encode
_kept = msgspec.msgpack.Decoder(_Kept).decode


def phone_index(vault: Vault, association: str, phone: str) -> bytes:
    return vault.blind(association, "ask:phone", phone)


def add(connection: Connection, vault: Vault, ask: Ask, token: str = "") -> None:
    connection.execute(
        insert(asks).values(
            association=ask.association,
            id=ask.id,
            question=ask.question,
            reference=ask.reference,
            conversation=ask.conversation,
            handle_index=phone_index(vault, ask.association, ask.phone) if ask.phone else None,
            token_digest=digest_token(token) if token else None,
            details=vault.seal(_encode(_Kept(ask.phone, ask.details)), context(_DETAILS, ask.association, ask.id)),
            at=ask.at,
        )
    )


def by_token(connection: Connection, vault: Vault, association: str, token: str) -> Ask | None:
    return next(iter(_asks(connection, vault, association, asks.c.token_digest == digest_token(token))), None)


def by_id(connection: Connection, vault: Vault, association: str, id: int) -> Ask | None:
    return next(iter(_asks(connection, vault, association, asks.c.id == id)), None)


def waiting_for(connection: Connection, vault: Vault, phones: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """(association, phone, id) of what the owners of these numbers were asked and have not answered, oldest first."""
    whose = {(association, phone_index(vault, association, phone)): phone for association, phone in phones}
    found = _WAITING.run(connection, sorted(whose))
    return [(association, whose[association, bytes(index)], id) for association, index, id in found]


def answer(connection: Connection, association: str, id: int, given: bool, now: int) -> bool:
    """Keep the answer; False where there is one already."""
    a = asks.c
    done = connection.execute(
        update(asks)
        .where(a.association == association, a.id == id, a.answered_at.is_(None))
        .values(answered_at=now, given=given)
    )
    return done.rowcount == 1


def of_handle(
    connection: Connection, vault: Vault, association: str, question: str, handle: str
) -> list[tuple[int, int, int, bool | None]]:
    """What the owner of this handle was asked: id, who asked (a conversation), when, and what they said; oldest
    first."""
    a = asks.c
    query = select(a.id, a.conversation, a.at, a.given).where(
        a.association == association, a.handle_index == phone_index(vault, association, handle), a.question == question
    )
    return [(row.id, row.conversation, row.at, row.given) for row in connection.execute(query.order_by(a.id))]


def _select_waiting(given: CTE) -> Executable:
    a = asks.c
    whose = and_(a.association == given.c.association, a.handle_index == given.c.handle_index, a.answered_at.is_(None))
    return select(a.association, a.handle_index, a.id).select_from(given.join(asks, whose)).order_by(a.id)


_WAITING = Batch(columns_of(asks, "association", "handle_index"), _select_waiting)


def _asks(connection: Connection, vault: Vault, association: str, condition: Any) -> list[Ask]:
    found = []
    # One without its details was erased: nobody is asked it any more.
    mine = (asks.c.association == association, asks.c.details.is_not(None), condition)
    for row in connection.execute(select(asks).where(*mine).order_by(asks.c.id)):
        kept = _kept(vault.open(row.details, context(_DETAILS, association, row.id)))
        found.append(
            Ask(
                association, row.id, row.question, row.reference, row.conversation, kept.phone, kept.details,
                row.at, row.answered_at, row.given,
            )
        )  # fmt: skip
    return found
