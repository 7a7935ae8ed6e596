"""Who read and signed which version of the policy (Harif: المسؤوليات)."""

from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from storage.schema_desk import policy_signatures


class Signature(NamedTuple):
    version: str
    at: int


def sign(connection: Connection, association: str, staff: int, version: str, now: int) -> None:
    """Signing twice changes nothing."""
    connection.execute(
        insert(policy_signatures)
        .values(association=association, staff=staff, version=version, at=now)
        .on_conflict_do_nothing()
    )


def has_signed(connection: Connection, association: str, staff: int, version: str) -> bool:
    p = policy_signatures.c
    query = select(p.at).where(p.association == association, p.staff == staff, p.version == version)
    return connection.execute(query).first() is not None


def signatures(connection: Connection, association: str, version: str) -> dict[int, int]:
    """When each worker signed this version: milliseconds by worker."""
    p = policy_signatures.c
    query = select(p.staff, p.at).where(p.association == association, p.version == version)
    return {row.staff: row.at for row in connection.execute(query)}


def last_signed(connection: Connection, association: str, staff: int) -> Signature | None:
    """The version a worker signed last, and when."""
    p = policy_signatures.c
    mine = select(p.version, p.at).where(p.association == association, p.staff == staff)
    found = connection.execute(mine.order_by(p.at.desc()).limit(1)).first()
    return None if found is None else Signature(*found)
