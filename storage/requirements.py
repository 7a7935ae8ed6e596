"""What a returned case waits for, and what came: one row a thing and return. Milliseconds."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select, update

from conversations.cases.missing import Missing, numbered
from storage.batch import inserting
from storage.schema_desk import requirements
from storage.vault import Vault, context

_WORDS, _BEFORE = "requirements.words", "requirements.before"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Requirement(NamedTuple):
    """`before` holds the answers that the new ones took the place of, canonical, by their step."""

    item: str
    published: bool
    asked_at: int
    arrived_at: int | None
    kind: str
    secret: bool
    words: str
    before: dict[str, Any]

    def missing(self) -> Missing:
        return Missing(
            item=self.item,
            published=self.published,
            words=self.words,
            kind=self.kind,  # type: ignore[arg-type]  # one of the three, as it was written
            secret=self.secret,
        )


def ask(
    connection: Connection, vault: Vault, association: str, case_id: int, missing: Iterable[Missing], now: int
) -> tuple[Missing, ...]:
    """Keep what a return asks for; what staff asked in words gets its number. Returns it as it is kept."""
    r = requirements.c
    used = connection.scalars(select(r.item).where(r.association == association, r.case_id == case_id))
    asked = numbered(missing, used)
    where = context(_WORDS, association, case_id)
    _ASK.run(
        connection,
        [
            (
                *(association, case_id, one.item, one.published, now, one.kind, one.secret),
                vault.seal(one.words.encode(), where) if one.words else None,
            )
            for one in asked
        ],
    )
    return asked


def of_case(connection: Connection, vault: Vault, association: str, case_id: int) -> list[Requirement]:
    """Everything that was ever asked for of this case, in the order of asking."""
    return _rows(connection, vault, association, case_id)


def waiting(connection: Connection, vault: Vault, association: str, case_id: int) -> list[Requirement]:
    """What the newest return asked for and has not come."""
    return _rows(connection, vault, association, case_id, requirements.c.arrived_at.is_(None))


def arrive(
    connection: Connection, vault: Vault, association: str, case_id: int, before: Mapping[str, dict[str, Any]], now: int
) -> list[Requirement]:
    """Everything that was waited for is here; `before` holds the answers that are replaced, by item. Returns what was
    waited for, as it stands now."""
    came = waiting(connection, vault, association, case_id)
    r = requirements.c
    mine = (r.association == association, r.case_id == case_id, r.arrived_at.is_(None))
    where = context(_BEFORE, association, case_id)
    for one in came:
        if before.get(one.item):
            sealed = vault.seal(_encode(before[one.item]), where)
            connection.execute(update(requirements).where(*mine, r.item == one.item).values(before=sealed))
    connection.execute(update(requirements).where(*mine).values(arrived_at=now))
    return [one._replace(arrived_at=now, before=before.get(one.item, {})) for one in came]


def _rows(connection: Connection, vault: Vault, association: str, case_id: int, *more: Any) -> list[Requirement]:
    r = requirements.c
    query = (
        select(*(r[name] for name in Requirement._fields))
        .where(r.association == association, r.case_id == case_id, *more)
        .order_by(r.asked_at, r.item)
    )
    words, before = (context(where, association, case_id) for where in (_WORDS, _BEFORE))
    return [
        Requirement._make(
            (
                *row[:6],
                "" if row.words is None else vault.open(row.words, words).decode(),
                {} if row.before is None else _decode(vault.open(row.before, before)),
            )
        )
        for row in connection.execute(query)
    ]


_ASK = inserting(requirements, "association", "case_id", "item", "published", "asked_at", "kind", "secret", "words")
