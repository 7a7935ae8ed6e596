"""Sign-ins of workers: a token each, kept as a digest; listed and ended one by one."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, insert, select, update
from sqlalchemy.sql import ColumnElement

from storage.ids import new_id
from storage.schema_desk import HOUSE, sign_ins, staff
from storage.staff import NAME
from storage.vault import Vault, context

PASSWORD, SSO, INVITATION = "password", "sso", "invitation"
"""Ways in."""


class SignedIn(NamedTuple):
    """A sign-in that holds, and whose it is. `has_totp`: they have an authenticator. Milliseconds."""

    id: int
    staff: int
    seen_at: int
    way: str
    name: str
    language: str
    has_totp: bool


class SignIn(NamedTuple):
    """One as its owner sees it in the list. Milliseconds."""

    id: int
    way: str
    agent: str
    at: int
    seen_at: int


def keep(connection: Connection, staff: int, token_digest: bytes, way: str, agent: str, now: int, until: int) -> int:
    """Keep a sign-in under its token's digest; its id."""
    id = new_id()
    connection.execute(
        insert(sign_ins).values(
            association=HOUSE,
            id=id,
            staff=staff,
            token_digest=token_digest,
            way=way,
            agent=agent,
            at=now,
            seen_at=now,
            until=until,
        )
    )
    return id


def find(connection: Connection, vault: Vault, token_digest: bytes, now: int, idle: int) -> SignedIn | None:
    """Whose token this is; None once it ended, its time is over, it lay idle too long, or the account is closed."""
    i, s = sign_ins.c, staff.c
    query = (
        select(i.id, i.staff, i.seen_at, i.way, s.name, s.language, s.totp.is_not(None).label("has_totp"))
        .join(staff, and_(s.association == HOUSE, s.id == i.staff))
        .where(i.token_digest == token_digest, *_holds(now, idle), s.disabled_at.is_(None))
    )
    found = connection.execute(query).first()
    if found is None:
        return None
    name = vault.open(found.name, context(NAME, HOUSE, found.staff)).decode()
    return SignedIn(found.id, found.staff, found.seen_at, found.way, name, found.language, bool(found.has_totp))


def of(connection: Connection, staff: int, now: int, idle: int) -> list[SignIn]:
    """A worker's sign-ins that hold, used last first."""
    i = sign_ins.c
    query = (
        select(*(i[name] for name in SignIn._fields))
        .where(i.staff == staff, *_holds(now, idle))
        .order_by(i.seen_at.desc(), i.id.desc())
    )
    return [SignIn(*row) for row in connection.execute(query)]


def touch(connection: Connection, id: int, now: int) -> None:
    i = sign_ins.c
    connection.execute(update(sign_ins).where(i.association == HOUSE, i.id == id).values(seen_at=now))


def end(connection: Connection, staff: int, now: int, *, only: int | None = None, but: int | None = None) -> int:
    """End a worker's sign-ins: all, one (`only`), or all but one; how many that were."""
    i = sign_ins.c
    query = update(sign_ins).where(i.association == HOUSE, i.staff == staff, i.ended_at.is_(None))
    if only is not None:
        query = query.where(i.id == only)
    if but is not None:
        query = query.where(i.id != but)
    return connection.execute(query.values(ended_at=now)).rowcount


def end_token(connection: Connection, token_digest: bytes, now: int) -> None:
    """Whatever this browser held before."""
    i = sign_ins.c
    mine = update(sign_ins).where(i.association == HOUSE, i.token_digest == token_digest, i.ended_at.is_(None))
    connection.execute(mine.values(ended_at=now))


def _holds(now: int, idle: int) -> tuple[ColumnElement[bool], ...]:
    i: Any = sign_ins.c
    return (i.association == HOUSE, i.ended_at.is_(None), i.until > now, i.seen_at > now - idle)
