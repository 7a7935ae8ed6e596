"""The check at start-up, rotation while the service runs, new indexes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Connection, text

from conversations.effects import Signature
from storage import (
    asks,
    cases,
    conversations,
    files,
    handoffs,
    keys,
    messages,
    quarantine,
    schema_desk,
    schema_notices,
    schema_surveys,
    staff,
    tries,
    world,
)
from storage.asks import Ask
from storage.blobs import Blobs, Folder
from storage.cases import Case, Move
from storage.database import Database
from storage.files import File
from storage.handoffs import Handoff
from storage.ids import new_id
from storage.keys import SEALED
from storage.messages import Message
from storage.quarantine import Quarantined
from storage.times import moment
from storage.vault import Vault, WrongKey, context, generate_key
from storage.world import Beneficiary

NOW = 1_790_000_000_000
OLD, NEW, INDEX = generate_key(), generate_key(), generate_key()
DRAWN = {*vars(schema_desk), *vars(schema_notices), *vars(schema_surveys)}
KEY = ("harif", "whatsapp", "+966500000001")


def _fill(connection: Connection, vault: Vault) -> int:
    """One row at least in every sealed column; the conversation's id."""
    stored = conversations.take(connection, vault, [KEY], NOW)[KEY]
    where: dict[str, Any] = {"association": "harif", "conversation": stored.id}
    messages.insert_all(
        connection,
        vault,
        [
            Message("harif", new_id(), stored.id, n, "whatsapp", "in", "dialogue", "text", NOW, b"m")
            for n in range(1, 4)
        ],
    )
    world.save_beneficiaries(connection, vault, [Beneficiary("harif", 5, {"name": "س"}, {})], NOW)
    signature = Signature(wording="w", wording_version="1", digest="d", at=moment(NOW), channel="whatsapp")
    case = Case(
        **where, id=new_id(), reference="HRF-1", kind="complaint", stage="received", opened_at=NOW, member="أم سعد",
        answers={"what": "تأخير"}, signature=signature, index=(("phone", "0500000001"),),
    )  # fmt: skip
    hidden = Case(
        **where, id=new_id(), reference="HRF-2", kind="complaint", stage="received", opened_at=NOW, anonymous=True
    )
    cases.file(connection, vault, [case, hidden], NOW)
    cases.move(connection, vault, Move(
        association="harif", reference="HRF-1", move="assess", from_stage="received", to_stage="assessing",
        who="staff:1", at=NOW, reason="سبب",
    ))  # fmt: skip
    files.want(connection, vault, [File("harif", 9, stored.id, "whatsapp", "ME1", "deed.pdf", state="ready")], NOW)
    handoffs.add(connection, vault, [Handoff("harif", 3, stored.id, "asked", callback="العصر", at=NOW)])
    asks.add(connection, vault, Ask("harif", 4, "consent", "HRF-1", stored.id, phone="+966500000009", at=NOW), "t")
    quarantine.put(connection, vault, Quarantined("harif", 6, "whatsapp", NOW, 3, "ValueError"), b"event")
    _fill_desk(connection, vault)
    return stored.id


def _fill_desk(connection: Connection, vault: Vault) -> None:
    """A row in every other sealed table, sealed as all of them are: table.column, association, id of the row."""
    for table, columns in SEALED:
        if table.name in DRAWN:
            row = {column.name: 77 if isinstance(column.type, BigInteger) else "x" for column in table.primary_key}
            row["association"] = "harif"
            for column in table.columns:
                if not column.nullable and column.server_default is None and column.name not in row:
                    row[column.name] = 7 if isinstance(column.type, BigInteger) else "x"
            sealed = {name: vault.seal(name.encode(), context(f"{table.name}.{name}", "harif", 77)) for name in columns}
            connection.execute(table.insert().values(**row, **sealed))


def _assert_desk_opens(connection: Connection, vault: Vault) -> None:
    for table, columns in SEALED:
        if table.name in DRAWN:
            for row in connection.execute(table.select()):
                for name in columns:
                    where = context(f"{table.name}.{name}", "harif", 77)
                    assert vault.open(getattr(row, name), where) == name.encode()


def _assert_all_opens(connection: Connection, vault: Vault, conversation: int) -> None:
    assert conversations.take(connection, vault, [KEY], NOW)[KEY].id == conversation
    assert [line.body for line in messages.transcript(connection, vault, "harif", conversation)] == [b"m"] * 3
    assert world.load(connection, vault, [("harif", conversation, 5)], "me", NOW)[("harif", conversation)].person.facts
    case = cases.by_reference(connection, vault, "harif", "HRF-1")
    assert case is not None
    assert (case.answers, case.member, case.signature is not None) == ({"what": "تأخير"}, "أم سعد", True)
    assert [step.reason for step in cases.history(connection, vault, "harif", case.id)] == ["سبب"]
    assert cases.route(connection, vault, "harif", "HRF-2") == conversation
    assert [(f.source, f.name) for f in files.of_conversation(connection, vault, "harif", conversation)] == [
        ("ME1", "deed.pdf")
    ]
    assert [h.callback for h in handoffs.waiting(connection, vault, "harif")] == ["العصر"]
    assert asks.waiting_for(connection, vault, [("harif", "+966500000009")]) == [("harif", "+966500000009", 4)]
    assert quarantine.body(connection, vault, "harif", 6) == b"event"
    _assert_desk_opens(connection, vault)


def _keys_in_use(connection: Connection) -> set[bytes]:
    found: set[bytes] = set()
    for table, columns in SEALED:
        for name in columns:
            values = list(connection.scalars(text(f"SELECT {name} FROM {table.name} WHERE {name} IS NOT NULL")))
            assert values, f"{table.name}.{name} is not covered by this test"
            found |= {bytes(value)[1:5] for value in values}
    return found


def test_a_new_database_is_marked_and_opens_with_the_same_keys_only(database: Database) -> None:
    assert not database.read_now(keys.established)
    database.write_now(keys.check, Vault([OLD], INDEX))
    assert database.read_now(keys.established)
    database.write_now(keys.check, Vault([OLD], INDEX))
    with pytest.raises(WrongKey, match="WASL_KEYS lacks key"):
        database.write_now(keys.check, Vault([NEW], INDEX))
    with pytest.raises(WrongKey, match="reindex"):
        database.write_now(keys.check, Vault([OLD], NEW))
    database.write_now(keys.check, Vault([OLD], INDEX))


@pytest.mark.parametrize("other_index", [False, True])
def test_two_processes_that_begin_a_house_at_once_hold_the_same_keys(
    database: Database, database_url: str, other_index: bool
) -> None:
    beside = Database(database_url)
    marked = threading.Event()

    def first(connection: Connection) -> None:
        keys.check(connection, Vault([OLD], INDEX))
        marked.set()
        time.sleep(0.3)

    with ThreadPoolExecutor(1) as process:
        one = process.submit(database.write_now, first)
        marked.wait(10)
        if other_index:
            with pytest.raises(WrongKey, match="WASL_INDEX_KEY"):
                beside.write_now(keys.check, Vault([OLD], NEW))
        else:
            beside.write_now(keys.check, Vault([OLD], INDEX))
        one.result()
    beside.close()


def test_a_key_added_in_front_is_accepted_and_then_needed(database: Database) -> None:
    database.write_now(keys.check, Vault([OLD], INDEX))
    database.write_now(keys.check, Vault([NEW, OLD], INDEX))
    for alone in (OLD, NEW):
        with pytest.raises(WrongKey, match="put it back"):
            database.write_now(keys.check, Vault([alone], INDEX))


def test_rotation_puts_every_value_under_the_newest_key(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_SOME", 2)  # several handfuls
    old, both, new = Vault([OLD], INDEX), Vault([NEW, OLD], INDEX), Vault([NEW], INDEX)
    database.write_now(keys.check, old)
    conversation = database.write_now(_fill, old)
    Blobs(Folder(tmp_path / "files"), old).put("harif", 9, b"%PDF")
    database.write_now(keys.check, both)
    told: list[keys.Progress] = []
    progress = keys.rotate(database, both, Blobs(Folder(tmp_path / "files"), both), told.append)
    assert progress.blobs == 1
    assert progress.rows == told[-1].rows >= 11
    assert database.read_now(_keys_in_use) == {new.newest}
    database.write_now(keys.check, new)
    database.write_now(_assert_all_opens, new, conversation)
    assert Blobs(Folder(tmp_path / "files"), new).get("harif", 9) == b"%PDF"
    assert keys.rotate(database, new, Blobs(Folder(tmp_path / "files"), new)) == keys.Progress(0, 0)


def test_a_rotation_that_was_cut_off_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_SOME", 1)
    both = Vault([NEW, OLD], INDEX)
    database.write_now(keys.check, Vault([OLD], INDEX))
    conversation = database.write_now(_fill, Vault([OLD], INDEX))
    database.write_now(keys.check, both)

    def stop(progress: keys.Progress) -> None:
        if progress.rows == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(database, both, told=stop)
    assert database.read_now(_keys_in_use) == {both.newest, Vault([OLD], INDEX).newest}
    database.write_now(keys.check, both)
    keys.rotate(database, both)
    assert database.read_now(_keys_in_use) == {both.newest}
    database.write_now(_assert_all_opens, Vault([NEW], INDEX), conversation)


def test_new_indexes_find_what_the_old_ones_found(database: Database) -> None:
    old, new = Vault([OLD], INDEX), Vault([OLD], NEW)
    database.write_now(keys.check, old)
    conversation = database.write_now(_fill, old)
    database.write_now(keys.reindex, new, lambda case: [("phone", "0500000001")] if case.reference == "HRF-1" else [])
    database.write_now(keys.check, new)
    database.write_now(_assert_all_opens, new, conversation)
    assert database.read_now(cases.find, new, "harif", "phone", "0500000001") == ["HRF-1"]
    assert database.read_now(cases.find, old, "harif", "phone", "0500000001") == []
    receipts = [database.read_now(cases.receipt, vault, "harif", "HRF-1", "d") for vault in (old, new)]
    assert [one.matches for one in receipts if one] == [False, True]


def test_workers_are_found_under_the_new_key_as_they_were(database: Database) -> None:
    old, new = Vault([OLD], INDEX), Vault([OLD], NEW)
    database.write_now(keys.check, old)
    id = database.write_now(staff.add, old, "Noura@harif.example", "نورة", NOW)
    other = database.write_now(staff.add, old, "saad", "سعد", NOW)
    database.write_now(staff.bind_telegram, old, id, 700123)
    database.write_now(staff.bind_subject, old, id, "https://id.example p-1")
    database.write_now(tries.begin, [tries.key(old, "login", "saad")], NOW)
    database.write_now(keys.reindex, new)
    for vault, found in ((old, None), (new, id)):
        ways = (
            database.read_now(staff.by_login, vault, "noura@harif.example"),
            database.read_now(staff.by_telegram, vault, 700123),
            database.read_now(staff.by_subject, vault, "https://id.example p-1"),
        )
        assert [one and one.id for one in ways] == [found] * 3
    alone = database.read_now(staff.by_login, new, "saad")
    assert alone is not None and alone.id == other and not alone.has_subject
    assert not database.read_now(staff.has_telegram, other)
    assert database.read_now(lambda c: c.execute(schema_desk.sign_in_tries.select()).all()) == []
