"""Run the migrations on a connection, without an ini file."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from storage import schema_desk  # noqa: F401  every table must be known
from storage.columns import metadata
from storage.database import NotMigrated

_LOCK = 0x5741534C
"""Whoever migrates holds it, so that two processes that start together take turns."""


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to revision `to`, in the transaction of this connection.

    Raises NotMigrated when the database is newer than this program.
    """
    if connection.dialect.name == "postgresql":  # SQLite's writer holds the file already
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    directory = scripts()

    def steps(revision: tuple[str, ...] | str, _context: MigrationContext) -> list[RevisionStep]:
        return directory._upgrade_revs(to, revision)  # type: ignore[arg-type]  # what alembic.command.upgrade calls

    environment = EnvironmentContext(Config(), directory, fn=steps, destination_rev=to)
    environment.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    try:
        with environment.begin_transaction():
            environment.run_migrations()
    except CommandError as error:
        raise NotMigrated(f"this program does not know the database's schema ({error}): install a newer one") from None
