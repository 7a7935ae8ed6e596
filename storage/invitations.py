"""Invitations to the desk: links that work once, for a day or a week, kept as digests."""

import secrets
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from storage.ids import new_id
from storage.schema_desk import invitations
from storage.times import DAY
from storage.vault import Vault, context, digest_token

JOIN, RESET, RESET_ALL, FIRST = "join", "reset", "reset_all", "first"
"""What one is for: to join an association; a new password; that and a new authenticator; setting the house up."""
LASTS = {JOIN: 7 * DAY, RESET: DAY, RESET_ALL: DAY, FIRST: DAY}
"""Milliseconds."""
_LOGIN, _NAME = "invitations.login", "invitations.name"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`staff` is whose account a new password is for. `by` is 0 where the command line made it. Milliseconds."""

    association: str
    id: int = 0
    purpose: str = JOIN
    staff: int | None = None
    login: str = ""
    name: str = ""
    roles: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    branch: str = ""
    woman: bool = False
    by: int = 0
    at: int = 0
    until: int = 0


def make(connection: Connection, vault: Vault, given: Invitation, now: int) -> str:
    """Keep an invitation and return its token, which is nowhere else. The one before it, to the same login or for the
    same account, ends."""
    for one in waiting(connection, vault, given.association, now):
        same = one.purpose == given.purpose if given.purpose == FIRST else _same(one, given)
        if same:
            withdraw(connection, given.association, one.id, now)
    id, token = new_id(), secrets.token_urlsafe(24)
    connection.execute(
        insert(invitations).values(
            association=given.association,
            id=id,
            purpose=given.purpose,
            token_digest=digest_token(token),
            staff=given.staff,
            login=vault.seal(given.login.strip().encode(), context(_LOGIN, given.association, id)),
            name=vault.seal(given.name.strip().encode(), context(_NAME, given.association, id)),
            roles=" ".join(sorted(given.roles)),
            categories=" ".join(sorted(given.categories)),
            branch=given.branch,
            woman=given.woman,
            by=given.by,
            at=now,
            until=now + LASTS[given.purpose],
        )
    )
    return token


def _same(one: Invitation, given: Invitation) -> bool:
    if given.purpose == JOIN:
        return one.purpose == JOIN and one.login.casefold() == given.login.strip().casefold()
    return one.purpose in (RESET, RESET_ALL) and one.staff == given.staff


def find(connection: Connection, vault: Vault, associations: Iterable[str], token: str, now: int) -> Invitation | None:
    """None for one that is not ours, over, used or withdrawn."""
    i = invitations.c
    query = select(invitations).where(
        i.association.in_(sorted(associations)),
        i.token_digest == digest_token(token),
        i.used_at.is_(None),
        i.until > now,
    )
    found = connection.execute(query).first()
    return None if found is None else _invitation(vault, found)


def waiting(connection: Connection, vault: Vault, association: str, now: int) -> list[Invitation]:
    """Those that may still be used, newest first."""
    i = invitations.c
    query = (
        select(invitations)
        .where(i.association == association, i.used_at.is_(None), i.until > now)
        .order_by(i.id.desc())
    )
    return [_invitation(vault, row) for row in connection.execute(query)]


def withdraw(connection: Connection, association: str, id: int, now: int) -> bool:
    """It works no more, because it was used or is not wanted; False where it did not any more."""
    i = invitations.c
    over = update(invitations).where(i.association == association, i.id == id, i.used_at.is_(None), i.until > now)
    return bool(connection.execute(over.values(used_at=now)).rowcount)


def withdraw_for(connection: Connection, association: str, staff: int, now: int) -> None:
    """What was made for this account works no more."""
    i = invitations.c
    mine = update(invitations).where(i.association == association, i.staff == staff, i.used_at.is_(None))
    connection.execute(mine.values(used_at=now))


def _invitation(vault: Vault, row: Row[Any]) -> Invitation:
    def opened(place: str, sealed: bytes | None) -> str:
        return vault.open(sealed, context(place, row.association, row.id)).decode() if sealed else ""

    return Invitation(
        association=row.association,
        id=row.id,
        purpose=row.purpose,
        staff=row.staff,
        login=opened(_LOGIN, row.login),
        name=opened(_NAME, row.name),
        roles=frozenset(row.roles.split()),
        categories=frozenset(row.categories.split()),
        branch=row.branch,
        woman=row.woman,
        by=row.by,
        at=row.at,
        until=row.until,
    )
