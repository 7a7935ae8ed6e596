"""Connections and transactions: one writer thread, readers of their own, the same on SQLite and PostgreSQL (rule 12).

Everything else in storage is plain functions that take a Connection; `Database.write` and `read` run them. What is
written may be run again (a deadlock, a lock time-out), so a function given to `write` changes nothing but the database.
"""

import asyncio
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage.schema import HEAD

T = TypeVar("T")

READERS = 3
BUSY_MS, LOCK_MS = 5_000, 1_000
_TRIES = 4
OPENING_TRIES = 25


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
        self._writing = _engine(self.url, reads=False)
        self._reading = _engine(self.url, reads=True)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="database-reader")
        self._own = threading.local()
        self._kept: list[Connection] = []
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
        if self.is_sqlite:
            if create:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif not self.path.exists():
                raise NotMigrated(f"there is no database {self.path.name}: run wasl migrate")
        stored = self._patiently(revision)
        if stored != HEAD:
            if not create:
                raise NotMigrated(f"the database is at revision {stored or 'none'}, not {HEAD}: run wasl migrate")
            self._patiently(migrate)

    def _patiently(self, function: Callable[[Connection], T]) -> T:
        """Somebody else may be making the same file: SQLite then refuses at once, without its busy time-out."""
        for _ in range(OPENING_TRIES):
            with suppress(Contention):
                return self.write_now(function)
            time.sleep(0.2)
        return self.write_now(function)

    def close(self) -> None:
        """Waits for what is being written."""
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        for connection in self._kept:
            with suppress(Exception):
                connection.close()
        self._kept.clear()
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
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, function, args)

    def write_now(self, function: Callable[..., T], *args: Any) -> T:
        """`write` for commands, blocking."""
        return self._writer.submit(self._transact, function, args).result()

    def read_now(self, function: Callable[..., T], *args: Any) -> T:
        """`read` for commands, blocking."""
        return self._readers.submit(self._look, function, args).result()

    def _transact(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
            try:
                with self._connected(self._writing) as connection, connection.begin():
                    return function(connection, *args)
            except Contention:
                if self.is_sqlite or attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _look(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        with self._connected(self._reading) as connection, connection.begin():
            return function(connection, *args)

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        """This thread's own connection, kept between transactions; a broken one is replaced at the next."""
        connection: Connection | None = getattr(self._own, "connection", None)
        try:
            if connection is None:
                connection = self._own.connection = engine.connect()
                self._kept.append(connection)
            yield connection
        except (DBAPIError, self._writing.dialect.loaded_dbapi.Error) as error:
            away = _what_follows(error)
            if away is None:
                raise
            if not isinstance(away, Contention) and connection is not None:
                self._drop(connection)
            # Without its cause: a driver's message may quote what was to be stored.
            raise away from None

    def _drop(self, connection: Connection) -> None:
        self._own.connection = None
        self._kept.remove(connection)
        with suppress(Exception):
            connection.invalidate()
        with suppress(Exception):
            connection.close()

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

    @property
    def is_alone(self) -> bool:
        """True while this process holds the SQLite file's lock: no other one serves it."""
        return self._lock_file is not None

    async def notify(self, channel: str) -> None:
        """Wake those who LISTEN on PostgreSQL, after the commit, on another connection (rule 11)."""
        if not self.is_sqlite:
            await self.read(_notify, channel)


def revision(connection: Connection) -> str | None:
    """The migration this database is at; None for a new one."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(connection: Connection) -> None:
    """Bring the schema up to date, in this transaction. Alembic is loaded here and nowhere else. Raises NotMigrated."""
    from storage.migrations.run import upgrade

    upgrade(connection)


def _notify(connection: Connection, channel: str) -> None:
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


def _engine(url: URL, *, reads: bool) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"cached_statements": 512, "check_same_thread": False} if sqlite else {}
    # A connection is kept by its thread, so there is nothing to pool. Parameters never reach an error: it is logged.
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    if not sqlite:
        event.listen(engine, "connect", _prepare_reader if reads else _prepare_writer)
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
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, _record: object) -> None:
    connection.autocommit = True
    connection.execute("SET idle_in_transaction_session_timeout = 60000")
    connection.autocommit = False


def _prepare_writer(connection: Any, record: object) -> None:
    _prepare_reader(connection, record)
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = {LOCK_MS}")
    # The writer looks rows up by key. A plan kept from the time a table was small would go on reading all of it.
    for way in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        connection.execute(f"SET {way} = off")
    connection.autocommit = False


def _what_follows(error: BaseException) -> DatabaseAway | None:
    """None where the error is not the database's state but a mistake of ours."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Contention("the database is locked by another process")
        return DatabaseAway(cause.sqlite_errorname) if code in _SQLITE_AWAY else None
    state = getattr(cause, "sqlstate", None)
    if state in ("40001", "40P01", "55P03"):
        return Contention(f"the database refused the locks ({state})")
    # psycopg names no state when there is no connection to name one.
    gone = state is None and type(cause).__name__ in ("OperationalError", "ConnectionTimeout", "InterfaceError")
    if gone or (state or "")[:2] in ("08", "53", "57", "58") or state == "25006":
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
