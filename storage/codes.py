"""One-time codes of workers: made at the desk, used once and soon, kept as digests."""

import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, insert, select

from storage.schema_desk import HOUSE, codes
from storage.times import MINUTE
from storage.vault import digest_token

LASTS = 10 * MINUTE
"""Milliseconds."""


def make(connection: Connection, staff: int, purpose: str, now: int) -> str:
    """A new code of this worker; the one they had for this purpose ends. A-Z a-z 0-9 _ -, so that a link carries it."""
    c = codes.c
    over = (c.staff == staff) & (c.purpose == purpose) | (c.until < now)
    connection.execute(delete(codes).where(c.association == HOUSE, over))
    code = secrets.token_urlsafe(18)
    connection.execute(
        insert(codes).values(
            association=HOUSE, digest=digest_token(code), purpose=purpose, staff=staff, until=now + LASTS
        )
    )
    return code


def use(connection: Connection, code: str, purpose: str, now: int) -> int | None:
    """Whose code it is, and no longer: None for one that is wrong, over, or used."""
    c = codes.c
    found: int | None = connection.scalar(
        delete(codes)
        .where(c.association == HOUSE, c.digest == digest_token(code), c.purpose == purpose, c.until >= now)
        .returning(c.staff)
    )
    return found


def keep(connection: Connection, staff: int, purpose: str, given: Iterable[str], until: int) -> None:
    """Codes of our own making, in place of those they had for this purpose."""
    forget(connection, staff, purpose)
    rows = [
        {"association": HOUSE, "digest": digest_token(code), "purpose": purpose, "staff": staff, "until": until}
        for code in given
    ]
    connection.execute(insert(codes), rows)


def left(connection: Connection, staff: int, purpose: str, now: int) -> int:
    """How many may still be used."""
    c = codes.c
    query = select(func.count()).where(c.association == HOUSE, c.staff == staff, c.purpose == purpose, c.until >= now)
    return connection.scalar(query) or 0


def forget(connection: Connection, staff: int, purpose: str) -> None:
    c = codes.c
    connection.execute(delete(codes).where(c.association == HOUSE, c.staff == staff, c.purpose == purpose))
