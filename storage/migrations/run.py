"""Run the migrations on a connection, without an ini file."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.schema import metadata


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to revision `to`, in one transaction."""
    directory = scripts()

    def steps(revision: tuple[str, ...] | str, _context: MigrationContext) -> list[RevisionStep]:
        return directory._upgrade_revs(to, revision)  # type: ignore[arg-type]  # what alembic.command.upgrade calls

    environment = EnvironmentContext(Config(), directory, fn=steps, destination_rev=to)
    environment.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with environment.begin_transaction():
        environment.run_migrations()
    connection.commit()
