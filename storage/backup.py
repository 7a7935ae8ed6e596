"""A copy of an SQLite database that is in use, and what a database that was restored waits for (rule 14).

What was sent between the copy and the restore nobody can tell from the copy. So the copy carries a mark, and whoever
opens it first holds all sending and makes everything unsent uncertain, until an operator lets it go.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, delete, make_url, select

from storage import accounts, outbox, wave_acts, waves
from storage.blobs import sync_folder
from storage.schema import meta

RESTORED = "restored"


class NotCopied(Exception):
    """No copy was made; the message says why and names the remedy."""


def copy_of(url: str, to: Path) -> None:
    """Copy the SQLite database at `url`, whole and checked, into the new file `to`, marked as a copy.

    Writers are not held up. Raises NotCopied; then nothing stands at `to`.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise NotCopied(
            "this database is PostgreSQL: copy it with pg_dump --format=custom, "
            "and after pg_restore run wasl restored before serve"
        )
    source = Path(parsed.database or "")
    if not source.is_file():
        raise NotCopied(f"{source}: there is no database")
    if to.exists():
        raise NotCopied(f"{to}: exists already, and is not overwritten — give another name")
    passing = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        os.close(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            closing(sqlite3.connect(f"file:{quote(str(source.resolve()))}?mode=ro", uri=True)) as database,
            closing(sqlite3.connect(passing, isolation_level=None)) as copy,
        ):
            database.backup(copy)
            # One file without companions, and checked: a copy that cannot be read is none.
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, '1')", (RESTORED,))
            if (found := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise NotCopied(f"{source}: damaged ({found})")
        os.rename(passing, to)
        sync_folder(to.parent)
    except sqlite3.Error as error:
        raise NotCopied(f"{source}: cannot be copied ({error})") from None
    except OSError as error:
        raise NotCopied(f"{to}: cannot be written ({error.strerror})") from None
    finally:
        passing.unlink(missing_ok=True)


def is_restored(connection: Connection) -> bool:
    """Whether this is a copy that nobody has opened yet."""
    return connection.scalar(select(meta.c.key).where(meta.c.key == RESTORED)) is not None


def hold(connection: Connection, now: int) -> int:
    """Pause everything and doubt what is unsent; how many rows that are. Whom a wave asked since the copy was made
    nobody can tell either: it is held until a worker goes on with it. Milliseconds."""
    connection.execute(delete(meta).where(meta.c.key == RESTORED))
    accounts.pause(connection, why=RESTORED)
    doubted = outbox.doubt_unsent(connection, now)
    for wave in waves.open_ones(connection):
        wave_acts.pause(connection, wave.association, wave.id, now)
    return doubted
