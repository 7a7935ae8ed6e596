"""One-time codes of workers: made at the desk, used once and soon, kept as digests."""

import secrets

from sqlalchemy import Connection, delete, insert

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
