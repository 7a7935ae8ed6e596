"""Keys over their lives: the check that a database opens with them, rotation while it runs, and new indexes."""

import base64
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage import (  # noqa: F401  every table must be known
    audit_chain,
    cases,
    files,
    schema_desk,
    schema_notices,
    schema_surveys,
    staff,
    tries,
)
from storage.asks import by_id, phone_index
from storage.blobs import Blobs
from storage.cases import Case, by_reference
from storage.columns import Sealed, metadata
from storage.conversations import handle_index, open_handle
from storage.database import Database
from storage.schema import asks as asks_table
from storage.schema import case_index, conversations, meta
from storage.schema import cases as cases_table
from storage.schema import files as files_table
from storage.schema_desk import documents
from storage.vault import Tampered, Vault, WrongKey, context, key_name

_KNOWN = b"wasl"
_PLACE = b"meta.key"
_INDEX = "index"
_SOME = 200
SEALED = tuple(
    (table, tuple(column.name for column in table.columns if isinstance(column.type, Sealed)))
    for table in metadata.sorted_tables
    if any(isinstance(column.type, Sealed) for column in table.columns)
)
"""Every table with sealed columns, and which: what rotation walks over."""


class Progress(NamedTuple):
    """Rows and files put under the newest key."""

    rows: int = 0
    blobs: int = 0


def established(connection: Connection) -> bool:
    """Whether this database was made with keys already: then none may be generated for it."""
    return connection.execute(select(meta.c.key).where(meta.c.key == _INDEX)).first() is not None


def check(connection: Connection, vault: Vault) -> None:
    """Make sure that every value of this database opens, and that what it is found by is found; a new database is
    marked with these keys, a known one with a newest key that was added.

    Raises WrongKey; the message names the setting and the remedy, never a key.
    """
    if _mark(connection, vault):
        return
    # Another process marked the new database in the same instant: its marks are what ours are held against.
    _mark(connection, vault)


def _mark(connection: Connection, vault: Vault) -> bool:
    """Whether all marks were there or are ours; False where another process was faster. Raises WrongKey."""
    stored = {row.key: row.value for row in connection.execute(select(meta))}
    marks = {name.removeprefix("key:"): value for name, value in stored.items() if name.startswith("key:")}
    for name, value in marks.items():
        try:
            vault.open(base64.b64decode(value), _PLACE)
        except WrongKey:
            raise WrongKey(
                f"WASL_KEYS lacks key {name}, under which this database holds values: "
                "put it back into the list, older keys after newer ones"
            ) from None
        except Tampered:
            raise WrongKey(f"the database's check value of key {name} was changed: restore it from a copy") from None
    if _INDEX in stored and stored[_INDEX] != _index_mark(vault):
        raise WrongKey(
            "WASL_INDEX_KEY is not the one this database was made with: put it back, "
            "or stop the service and run wasl keys reindex"
        )
    missing = {} if _INDEX in stored else {_INDEX: _index_mark(vault)}
    newest = key_name(vault.newest)
    if newest not in marks:
        missing[f"key:{newest}"] = base64.b64encode(vault.seal(_KNOWN, _PLACE)).decode()
    if not missing:
        return True
    rows = [{"key": key, "value": value} for key, value in missing.items()]
    made = upsert(meta).values(rows).on_conflict_do_nothing().returning(meta.c.key)
    return len(connection.execute(made).all()) == len(rows)


def rotate(
    database: Database, vault: Vault, blobs: Blobs | None = None, told: Callable[[Progress], None] | None = None
) -> Progress:
    """Put everything under the newest key while the service runs, in small transactions; resumes when run again.

    Every process must know the newest key before. Afterwards the older keys are no longer asked for at start-up: they
    may leave WASL_KEYS. Raises WrongKey, Tampered.
    """
    progress = Progress()
    for table, columns in SEALED:
        after: tuple[Any, ...] | None = None
        while True:
            changed, after = database.write_now(_reseal, vault, table, columns, after)
            progress = progress._replace(rows=progress.rows + changed)
            if told and changed:
                told(progress)
            if after is None:
                break
    if blobs is not None:
        for association, id in database.read_now(_stored_files):
            progress = progress._replace(blobs=progress.blobs + blobs.reseal(association, id))
    database.write_now(audit_chain.reseal, vault)
    database.write_now(_forget_older_keys, vault)
    return progress


def reindex(
    connection: Connection, vault: Vault, words: Callable[[Case], Iterable[tuple[str, str]]] = lambda _case: ()
) -> int:
    """Make every blind index anew under the index key at hand; the service must be stopped. Returns rows written.

    `words` says what a case is found by, as it did when the case was filed.
    """
    written = _reindex_conversations(connection, vault) + _reindex_asks(connection, vault)
    written += staff.reindex(connection, vault)
    tries.forget_all(connection)
    connection.execute(delete(case_index))
    c = cases_table.c
    for association, reference in connection.execute(select(c.association, c.reference)).all():
        case = by_reference(connection, vault, association, reference)
        assert case is not None, "read in this transaction"
        case.index = tuple(words(case))
        written += cases.index(connection, vault, [case])
        cases.remark(connection, vault, case)
    connection.execute(delete(meta).where(meta.c.key == _INDEX))
    connection.execute(insert(meta).values(key=_INDEX, value=_index_mark(vault)))
    return written


def _index_mark(vault: Vault) -> str:
    return vault.blind("", "check", "wasl").hex()


def _reseal(
    connection: Connection, vault: Vault, table: Table, columns: tuple[str, ...], after: tuple[Any, ...] | None
) -> tuple[int, tuple[Any, ...] | None]:
    """One handful of rows in the order of their key; where to go on, or None at the end."""
    key = tuple(table.primary_key.columns)
    prefix = len(vault.prefix)
    older = or_(
        *(table.c[name].is_not(None) & (func.substr(table.c[name], 1, prefix) != vault.prefix) for name in columns)
    )
    query = select(*key, *(table.c[name] for name in columns)).where(older).order_by(*key).limit(_SOME)
    if after is not None:
        query = query.where(tuple_(*key) > after)
    rows = connection.execute(query.with_for_update()).all()
    for row in rows:
        place = dict(zip((column.name for column in key), row, strict=False))
        row_id = next(place[name] for name in ("id", "case_id", "conversation", "response") if name in place)
        changes = {}
        for name, sealed in zip(columns, row[len(key) :], strict=True):
            if sealed is not None and not sealed.startswith(vault.prefix):
                where = context(f"{table.name}.{name}", place["association"], row_id)
                changes[name] = vault.seal(vault.open(sealed, where), where)
        connection.execute(update(table).where(*(table.c[n] == v for n, v in place.items())).values(changes))
    last = tuple(rows[-1][: len(key)]) if len(rows) == _SOME else None
    return len(rows), last


def _stored_files(connection: Connection) -> list[tuple[str, int]]:
    f = files_table.c
    uploaded = select(f.association, f.id).where(f.state == files.READY)
    query = uploaded.union_all(select(documents.c.association, documents.c.id)).order_by("association", "id")
    return [(row[0], row[1]) for row in connection.execute(query)]


def _forget_older_keys(connection: Connection, vault: Vault) -> None:
    newest = f"key:{key_name(vault.newest)}"
    connection.execute(delete(meta).where(meta.c.key.startswith("key:"), meta.c.key != newest))


def _reindex_conversations(connection: Connection, vault: Vault) -> int:
    c = conversations.c
    rows = connection.execute(select(c.association, c.id, c.channel, c.handle)).all()
    for association, id, channel, sealed in rows:
        handle = open_handle(vault, association, id, sealed)
        connection.execute(
            update(conversations)
            .where(c.association == association, c.id == id)
            .values(handle_index=handle_index(vault, association, channel, handle))
        )
    return len(rows)


def _reindex_asks(connection: Connection, vault: Vault) -> int:
    a = asks_table.c
    rows = connection.execute(select(a.association, a.id).where(a.handle_index.is_not(None))).all()
    for association, id in rows:
        ask = by_id(connection, vault, association, id)
        assert ask is not None, "read in this transaction"
        connection.execute(
            update(asks_table)
            .where(a.association == association, a.id == id)
            .values(handle_index=phone_index(vault, association, ask.phone))
        )
    return len(rows)
