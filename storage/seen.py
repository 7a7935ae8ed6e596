"""Which events have been taken in already: a digest of each provider's key, kept for a while."""

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from storage.batch import Batch, columns_of
from storage.schema import seen

_COLUMNS = ("association", "key", "at")


def digest_key(channel: str, key: str) -> bytes:
    """Sixteen bytes; `key` is unique within the account, which an association and a channel name."""
    return hashlib.blake2b(f"{channel}\0{key}".encode(), digest_size=16).digest()


def claim(connection: Connection, keys: Iterable[tuple[str, bytes]], now: int) -> set[tuple[str, bytes]]:
    """Mark (association, digest) pairs as taken in; returns those that were new. A copy waits for its twin's commit."""
    rows = [(association, key, now) for association, key in sorted(set(keys))]
    return {(row[0], row[1]) for row in _CLAIM.run(connection, rows)}


def is_taken(connection: Connection, association: str, key: bytes) -> bool:
    """A look, that marks nothing."""
    one = select(seen.c.at).where(seen.c.association == association, seen.c.key == key)
    return connection.execute(one).first() is not None


def forget(connection: Connection, before: int) -> int:
    """Delete digests older than `before`; providers give up long before. Returns how many."""
    return connection.execute(delete(seen).where(seen.c.at < before)).rowcount


def _claim(given: CTE) -> Executable:
    rows: Any = select(*given.c).where(true())
    return insert(seen).from_select(_COLUMNS, rows).on_conflict_do_nothing().returning(seen.c.association, seen.c.key)


_CLAIM = Batch(columns_of(seen, *_COLUMNS), _claim)
