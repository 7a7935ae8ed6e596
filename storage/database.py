"""Connections and transactions: one writer thread, readers of their own, the same on SQLite and PostgreSQL (rule 12).

Everything else in storage is plain functions that take a Connection; `Database.write` and `read` run them. What is
written may be run again (a deadlock, a lock time-out), so a function given to `write` changes nothing but the database.
"""

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from storage.schema import HEAD

P = ParamSpec("P")
T = TypeVar("T")

READERS = 3
BUSY_MS, LOCK_MS = 5_000, 1_000
_TRIES = 4


class DatabaseAway(Exception):
    """The database cannot be reached or cannot write: try later. Holds no content."""


class Contention(DatabaseAway):
    """Others held the locks for too long, several times: a smaller batch may pass."""


class NotMigrated(Exception):
    """The schema is not the one this program was written for; the message names the remedy."""


class AlreadyServing(Exception):
    """Another `serve` holds this SQLite file."""


class Database:
    """`url` is SQLAlchemy's: sqlite:///path or postgresql://… (psycopg). Nothing is opened before `open`."""

    def __init__(self, url: str, *, readers: int = READERS) -> None:
        self.url: URL = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine: Engine | None = None
        self._reading: Engine | None = None
        self._readers = readers
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="database-reader")
        self._lock_file: int | None = None

    @property
    def path(self) -> Path:
        """The SQLite file. Raises ValueError on PostgreSQL."""
        if not self.is_sqlite or not self.url.database:
            raise ValueError("not an SQLite file")
        return Path(self.url.database)

    def open(self, *, create: bool = True) -> None:
        """Connect, and bring a new or older schema up to date where `create` is true.

        Raises DatabaseAway, NotMigrated.
        """
        if self.is_sqlite and create:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(self.url, 1, reads=False)
        self._reading = _engine(self.url, self._readers, reads=True)
        stored = self.write_now(revision)
        if stored != HEAD:
            if not create:
                raise NotMigrated(f"the database is at revision {stored or 'none'}, not {HEAD}: run wasl migrate")
            migrate(self)

    def close(self) -> None:
        """Waits for what is being written."""
        self._writer.shutdown(wait=True)
        self._pool.shutdown(wait=True)
        for engine in (self._engine, self._reading):
            if engine is not None:
                engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def write(self, function: Callable[..., T], *args: Any) -> T:
        """Run `function(connection, *args)` in one transaction in the writer's thread.

        Raises DatabaseAway (Contention when locks were the reason), or whatever `function` raises, all undone.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._transact, function, args)

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Run `function(connection, *args)` on a reader's connection, one moment on SQLite. Raises DatabaseAway."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._look, function, args)

    def write_now(self, function: Callable[..., T], *args: Any) -> T:
        """`write` for commands, blocking."""
        return self._writer.submit(self._transact, function, args).result()

    def read_now(self, function: Callable[..., T], *args: Any) -> T:
        """`read` for commands, blocking."""
        return self._pool.submit(self._look, function, args).result()

    def _transact(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        assert self._engine is not None, "open() comes first"
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
            try:
                with _away(), self._engine.begin() as connection:
                    return function(connection, *args)
            except Contention:
                if self.is_sqlite or attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _look(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        assert self._reading is not None, "open() comes first"
        with _away(), self._reading.connect() as connection:
            return function(connection, *args)

    def engine(self) -> Engine:
        """The writer's engine, for migrations and tests."""
        assert self._engine is not None, "open() comes first"
        return self._engine

    def hold_serve_lock(self) -> None:
        """Refuse a second `serve` on the same SQLite file; the lock ends with the process. Raises AlreadyServing.

        PostgreSQL takes as many processes as wanted: nothing happens.
        """
        if not self.is_sqlite:
            return
        import fcntl

        handle = os.open(f"{self.path}.serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise AlreadyServing(f"another wasl serve is using {self.path.name}; stop it first") from None
        self._lock_file = handle

    async def notify(self, channel: str) -> None:
        """Wake those who LISTEN on PostgreSQL, after the commit, on another connection (rule 11)."""
        if not self.is_sqlite:
            await self.read(_notify, channel)


def revision(connection: Connection) -> str | None:
    """The migration this database is at; None for a new one."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(database: Database) -> None:
    """Bring the schema up to date. Alembic is loaded here and nowhere else."""
    from storage.migrations.run import upgrade

    with _away(), database.engine().connect() as connection:
        upgrade(connection)


def _notify(connection: Connection, channel: str) -> None:
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})
    connection.commit()


def _engine(url: URL, size: int, *, reads: bool) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"cached_statements": 512, "check_same_thread": False} if sqlite else {}
    # Parameters never reach an error's text: it is logged.
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_reset_on_return="rollback",
        hide_parameters=True,
        connect_args=arguments,
    )
    if not sqlite:
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    event.listen(engine, "connect", _prepare_sqlite)
    # The driver's own transactions begin at the first write and lose updates that were read before it.
    begin = "BEGIN" if reads else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = {LOCK_MS}")
    connection.execute("SET idle_in_transaction_session_timeout = 60000")
    connection.autocommit = False


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise (_what_follows(error) or error) from None


def _what_follows(error: DBAPIError) -> DatabaseAway | None:
    """None where the error is not the database's state but a mistake of ours."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Contention("the database is locked by another process")
        return DatabaseAway(cause.sqlite_errorname) if code in _SQLITE_AWAY else None
    state = getattr(cause, "sqlstate", None)
    if state in ("40001", "40P01", "55P03"):
        return Contention(f"the database refused the locks ({state})")
    if error.connection_invalidated or (state or "08")[:2] in ("08", "53", "57", "58") or state == "25006":
        return DatabaseAway(f"the database is away ({state or 'no connection'})")
    return None


_SQLITE_AWAY = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
}
