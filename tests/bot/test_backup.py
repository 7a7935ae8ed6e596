"""A copy of a database in use, and what it waits for when somebody opens it."""

import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from conversations.association.association import Association
from storage import accounts, backup, outbox
from storage.database import Database
from storage.ids import new_id
from storage.messages import Message, insert_all
from storage.times import ms
from storage.vault import Vault
from tests.bot.wasl import SECRET, Wasl, serving


@pytest.fixture
def wasl(tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch) -> Wasl:
    return Wasl(tmp_path / "data", associations, monkeypatch)


def with_unsent(wasl: Wasl) -> int:
    conversation, row = wasl.greet(), new_id()
    with wasl.line() as line:
        line.database.write_now(insert_all, line.vault, [queued(conversation, row, ms(line.intake.clock()))])
    return row


def queued(conversation: int, row: int, now: int) -> Message:
    body = msgspec.msgpack.encode({"text": SECRET})
    return Message("harif", row, conversation, 900, "whatsapp", "out", "dialogue", "say", now, body, state="queued")


def states(wasl: Wasl) -> dict[int, str]:
    return {row.id: row.state for row in wasl.rows("messages") if row.direction == "out"}


def test_a_copy_is_made_while_another_process_writes_and_holds_what_was_committed(wasl: Wasl, tmp_path: Path) -> None:
    wasl.greet("cookie-1")
    to = tmp_path / "copy.sqlite"
    with wasl.line() as line:
        writer = sqlite3.connect(line.database.path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO meta VALUES ('half', 'done')")
        said = wasl("backup", str(to))
        writer.execute("ROLLBACK")
        writer.close()
    assert said.code == 0 and str(to) in said.out, said.err
    assert to.stat().st_mode & 0o077 == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["copy.sqlite", "data"]
    copy = sqlite3.connect(to)
    assert copy.execute("SELECT count(*) FROM conversations").fetchone() == (1,)
    assert dict(copy.execute("SELECT key, value FROM meta WHERE key IN ('half', 'restored')")) == {"restored": "1"}
    copy.close()
    assert wasl("outbound", "list").out.startswith("nothing is paused"), "the original goes on as before"


def test_a_copy_never_takes_the_place_of_a_file(wasl: Wasl, tmp_path: Path) -> None:
    wasl.greet()
    to = tmp_path / "copy.sqlite"
    to.write_text("mine")
    said = wasl("backup", str(to))
    assert said.code == 1 and "exists already" in said.err
    assert to.read_text() == "mine"


def test_what_cannot_be_copied_is_said_and_leaves_nothing_behind(wasl: Wasl, tmp_path: Path) -> None:
    to = tmp_path / "copy.sqlite"
    assert "there is no database" in wasl("backup", str(to)).err
    wasl.folder.mkdir()
    sqlite3.connect(wasl.database_file).close()
    said = wasl("backup", str(to))
    assert said.code == 1 and "cannot be copied" in said.err
    wasl.database_file.write_bytes(b"no database at all" * 100)
    said = wasl("backup", str(to))
    assert said.code == 1 and "cannot be copied" in said.err
    said = wasl("backup", str(tmp_path / "nowhere" / "copy.sqlite"))
    assert said.code == 1 and "cannot be written" in said.err
    assert [one.name for one in tmp_path.iterdir()] == ["data"]


def test_of_postgresql_pg_dump_makes_the_copy_and_its_address_is_not_printed(wasl: Wasl, tmp_path: Path) -> None:
    wasl.set(WASL_DATABASE_URL="postgresql://wasl:hidden@127.0.0.1/wasl")
    said = wasl("backup", str(tmp_path / "copy.sqlite"))
    assert said.code == 1 and "pg_dump" in said.err and "wasl restored" in said.err and "hidden" not in said.err


def restore(wasl: Wasl, tmp_path: Path) -> None:
    """The copy takes the place of the database."""
    to = tmp_path / "copy.sqlite"
    assert wasl("backup", str(to)).code == 0
    for old in wasl.folder.glob("wasl.sqlite*"):
        old.unlink()
    shutil.move(to, wasl.database_file)


def test_a_restored_database_is_paused_and_doubts_what_was_unsent_until_it_is_let_go(
    wasl: Wasl, tmp_path: Path
) -> None:
    row = with_unsent(wasl)
    restore(wasl, tmp_path)
    listed = wasl("outbound", "list")
    assert "paused: everything (restored)" in listed.out and f"may have arrived: harif {row}" in listed.out
    assert states(wasl)[row] == "uncertain"
    assert wasl("outbound", "resume").out == "resumed: everything\n"
    assert "paused" not in wasl("outbound", "list").out, "it is held once, not at every start"
    assert states(wasl)[row] == "uncertain", "whether it goes out again is for a person to say, row by row"


def test_serve_on_a_restored_database_says_that_it_is_held_and_how_to_let_go(wasl: Wasl, tmp_path: Path) -> None:
    row = with_unsent(wasl)
    restore(wasl, tmp_path)
    with serving(wasl) as (_, served):
        served.terminate()
        out, _ = served.communicate(timeout=20)
    assert "restored from a copy" in out and "wasl outbound resume" in out
    assert states(wasl)[row] == "uncertain"


def test_restored_holds_a_database_that_was_put_back_by_other_means(wasl: Wasl) -> None:
    row = with_unsent(wasl)
    said = wasl("restored")
    assert said.code == 0 and "since the copy was made: 1 " in said.out and "wasl outbound resume" in said.out
    assert states(wasl)[row] == "uncertain"
    assert "paused: everything (restored)" in wasl("outbound", "list").out


def test_holding_is_the_same_on_both_databases(database: Database, vault: Vault) -> None:
    database.write_now(insert_all, vault, [queued(1, 2, 3)])
    assert not database.read_now(backup.is_restored)
    assert database.write_now(backup.hold, 4) == 1
    assert not database.read_now(backup.is_restored)
    held = accounts.paused(database.read_now(accounts.load), "harif", "whatsapp")
    assert held is not None and held.paused_why == backup.RESTORED
    assert database.read_now(outbox.uncertain) == [("harif", 2, "whatsapp")]
