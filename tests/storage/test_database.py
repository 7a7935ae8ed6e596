"""Transactions, threads, migrations: what both databases must do alike, and what is one's own."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from storage import schema_desk, schema_notices, schema_surveys  # noqa: F401  their tables are compared too
from storage.columns import metadata
from storage.database import AlreadyServing, Contention, Database, DatabaseAway, NotMigrated, migrate, revision
from storage.migrations.run import scripts
from storage.schema import HEAD


def _counter(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT value FROM meta WHERE key = 'n'")) or 0)


def _start(connection: Connection) -> None:
    connection.execute(text("INSERT INTO meta (key, value) VALUES ('n', '0')"))


def _increase(connection: Connection) -> None:
    query = "SELECT value FROM meta WHERE key = 'n'"
    if connection.dialect.name == "postgresql":
        query += " FOR UPDATE"
    value = int(connection.scalar(text(query)) or 0)
    connection.execute(text("UPDATE meta SET value = :v WHERE key = 'n'"), {"v": str(value + 1)})


async def test_sixty_concurrent_changes_are_all_kept(database: Database) -> None:
    await database.write(_start)
    await asyncio.gather(*(database.write(_increase) for _ in range(60)))
    assert await database.read(_counter) == 60


async def test_changes_of_two_processes_beside_each_other_are_all_kept(database: Database, database_url: str) -> None:
    await database.write(_start)
    beside = Database(database_url)
    beside.open(create=False)
    try:
        await asyncio.gather(*(each.write(_increase) for _ in range(30) for each in (database, beside)))
        assert await beside.read(_counter) == 60
    finally:
        beside.close()


def test_what_fails_is_undone_whole(database: Database) -> None:
    def half(connection: Connection) -> None:
        _start(connection)
        raise LookupError("afterwards")

    with pytest.raises(LookupError):
        database.write_now(half)
    assert database.read_now(_counter) == 0
    database.write_now(_start)
    database.write_now(_increase)
    assert database.read_now(_counter) == 1


async def test_readers_do_not_wait_for_the_writer(database: Database) -> None:
    await database.write(_start)
    going, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        _increase(connection)
        going.set()
        assert release.wait(10)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(going.wait, 10)
    assert await database.read(_counter) == 0
    release.set()
    await writing
    assert await database.read(_counter) == 1


def test_a_mistake_of_ours_is_not_called_an_absent_database_and_holds_no_content(database: Database) -> None:
    def wrong(connection: Connection) -> None:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', :v)"), {"v": "1012345672"})
        connection.execute(text("INSERT INTO nowhere (key) VALUES (:v)"), {"v": "1012345672"})

    with pytest.raises(Exception) as caught:
        database.write_now(wrong)
    assert not isinstance(caught.value, DatabaseAway)
    assert "1012345672" not in str(caught.value)


def test_the_migrations_make_what_the_tables_say(empty_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    database = Database(empty_url)
    database.open()
    assert database.write_now(differences) == []
    assert database.read_now(revision) == HEAD
    database.close()


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    assert scripts().get_current_head() == HEAD


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.write_now(_start)
    database.write_now(migrate)
    assert database.read_now(_counter) == 0
    assert database.read_now(lambda c: c.scalar(text("SELECT count(*) FROM meta"))) == 1


def test_a_database_that_is_not_migrated_is_refused_with_the_remedy(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(NotMigrated, match="wasl migrate"):
        database.open(create=False)
    database.close()


@pytest.mark.own_database
def test_a_database_newer_than_the_program_is_refused(database: Database, database_url: str) -> None:
    database.write_now(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    older = Database(database_url)
    with pytest.raises(NotMigrated, match="newer"):
        older.open()
    older.close()


async def test_two_processes_may_create_the_same_database_at_once(empty_url: str) -> None:
    both = [Database(empty_url), Database(empty_url)]
    await asyncio.gather(*(asyncio.to_thread(each.open) for each in both))
    both[0].write_now(_start)
    assert both[1].read_now(_counter) == 0
    for each in both:
        each.close()


def test_opening_a_known_database_loads_no_migrations(database: Database, database_url: str) -> None:
    code = (
        "import sys; from storage.database import Database; d = Database(sys.argv[1]); d.open(); d.close(); "
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, database_url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_sqlite_syncs_fully_and_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'w.db'}")
    database.open()

    def settings(connection: Connection) -> tuple[object, ...]:
        names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        return tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names)

    assert database.write_now(settings) == ("wal", 2, 5000, 1)
    database.close()


def test_a_second_serve_on_the_same_file_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'w.db'}"
    first, second = Database(url), Database(url)
    first.open()
    second.open()
    first.hold_serve_lock()
    with pytest.raises(AlreadyServing, match="stop it first"):
        second.hold_serve_lock()
    second.write_now(_start)  # commands write beside it
    first.close()
    second.hold_serve_lock()
    second.close()


def test_a_file_that_another_process_holds_is_contention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database.BUSY_MS", 50)
    database = Database(f"sqlite:///{tmp_path / 'w.db'}")
    database.open()
    other = sqlite3.connect(tmp_path / "w.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Contention):
        database.write_now(_start)
    other.execute("ROLLBACK")
    database.write_now(_start)
    other.close()
    database.close()


def test_a_folder_that_cannot_be_written_is_a_database_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "w.db").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'w.db'}")
    with pytest.raises(DatabaseAway):
        database.open()
    database.close()


class TestPostgresqlAlone:
    @pytest.fixture(scope="class")
    def backend(self) -> str:
        return "postgresql"

    def test_a_lost_connection_is_a_database_that_is_away_and_is_replaced(self, database: Database) -> None:
        def cut_off(connection: Connection) -> None:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        database.write_now(_start)
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                database.write_now(cut_off)
        database.write_now(_increase)
        with pytest.raises(DatabaseAway):
            database.read_now(cut_off)
        assert database.read_now(_counter) == 1

    def test_a_server_that_is_not_there_is_a_database_that_is_away(self, tmp_path: Path) -> None:
        database = Database(f"postgresql://postgres@/none?host={tmp_path}")
        with pytest.raises(DatabaseAway):
            database.open()
        database.close()

    async def test_a_deadlock_is_tried_again(self, database: Database, database_url: str) -> None:
        beside = Database(database_url)
        beside.open()
        database.write_now(_start)
        database.write_now(lambda c: c.execute(text("INSERT INTO meta (key, value) VALUES ('m', '0')")))
        meeting = threading.Barrier(2)
        tries = {"n": 0, "m": 0}

        def both(connection: Connection, first: str, second: str) -> None:
            add = text("UPDATE meta SET value = (CAST(value AS int) + 1)::text WHERE key = :k")
            tries[first] += 1
            connection.execute(add, {"k": first})
            if tries[first] == 1:
                meeting.wait(10)
            connection.execute(add, {"k": second})

        await asyncio.gather(database.write(both, "n", "m"), beside.write(both, "m", "n"))
        assert sum(tries.values()) > 2
        assert database.read_now(lambda c: c.scalars(text("SELECT value FROM meta")).all()) == ["2", "2"]
        beside.close()

    def test_a_lock_held_for_long_is_contention(self, database: Database, database_url: str) -> None:
        beside = Database(database_url)
        beside.open()
        database.write_now(_start)
        held, release = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            _increase(connection)
            held.set()
            release.wait(30)

        holding = threading.Thread(target=beside.write_now, args=(hold,))
        holding.start()
        held.wait(10)

        def impatient(connection: Connection) -> None:
            connection.execute(text("SET LOCAL lock_timeout = 20"))
            _increase(connection)

        try:
            with pytest.raises(Contention):
                database.write_now(impatient)
        finally:
            release.set()
            holding.join()
        database.write_now(_increase)
        assert database.read_now(_counter) == 2
        beside.close()

    async def test_those_who_listen_are_woken(self, database: Database, database_url: str) -> None:
        import psycopg

        with psycopg.connect(database_url, autocommit=True) as listening:
            listening.execute("LISTEN outbox")
            await database.notify("outbox")
            woken = list(listening.notifies(timeout=5, stop_after=1))
        assert [(notice.channel, notice.payload) for notice in woken] == [("outbox", "")]


def test_ids_grow_and_say_when(monkeypatch: pytest.MonkeyPatch) -> None:
    from storage import ids

    drawn = [ids.new_id() for _ in range(5000)]
    assert drawn == sorted(set(drawn))
    assert drawn[-1] < 2**63
    monkeypatch.setattr(time, "time_ns", lambda: 1_600_000_000 * 10**9)  # the clock steps back
    assert ids.new_id() > drawn[-1]
