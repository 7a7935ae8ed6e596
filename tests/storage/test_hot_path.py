"""The set-based statements of one batch, on both databases."""

import re
import threading

import pytest
from sqlalchemy import Connection, Engine, event

from conversations.world import Person
from storage import cases, conversations, messages, outbox, seen, world
from storage.batch import Batch
from storage.cases import Case
from storage.database import Database
from storage.ids import new_id
from storage.messages import Message, Settlement
from storage.times import DAY, moment
from storage.vault import Vault
from storage.world import Beneficiary

NOW = 1_790_000_000_000
KEY = ("harif", "telegram", "1001")


def test_an_event_is_new_only_once(database: Database) -> None:
    first, second = ("harif", seen.digest_key("telegram", "1")), ("harif", seen.digest_key("telegram", "2"))
    assert database.write_now(seen.claim, [first, first], NOW) == {first}
    assert database.write_now(seen.claim, [first, second], NOW) == {second}
    assert database.write_now(seen.claim, [("ruhama", first[1])], NOW) == {("ruhama", first[1])}


def test_a_conversation_comes_back_as_it_was_saved(database: Database, vault: Vault) -> None:
    made = database.write_now(conversations.take, vault, [KEY, ("harif", "telegram", "1002")], NOW)
    stored = made[KEY]
    assert stored.fresh and stored.handle == "1001"
    stored.conversation.first_words, stored.seq, stored.beneficiary, stored.last_in = "السلام عليكم", 2, 77, NOW
    database.write_now(conversations.save, vault, list(made.values()))
    again = database.write_now(conversations.take, vault, [KEY, ("ruhama", "telegram", "1001")], NOW)
    assert again[KEY].conversation == stored.conversation
    assert (again[KEY].id, again[KEY].seq, again[KEY].beneficiary, again[KEY].last_in, again[KEY].fresh) == (
        stored.id, 2, 77, NOW, False,
    )  # fmt: skip
    assert again[("ruhama", "telegram", "1001")].fresh


def test_messages_go_out_and_settle(database: Database, vault: Vault) -> None:
    stored = database.write_now(conversations.take, vault, [KEY], NOW)[KEY]
    out = Message("harif", new_id(), stored.id, 1, "telegram", "out", "dialogue", "say", NOW, b"hello", state="queued")
    database.write_now(messages.insert_all, vault, [out])
    busy = database.write_now(world.load, vault, [("harif", stored.id, None)], "me", NOW)
    assert busy[("harif", stored.id)].busy == {"dialogue"}
    (claimed,) = database.write_now(outbox.claim, vault, ("harif", "telegram"), "me", NOW, NOW + 1000)
    assert (claimed.body, claimed.handle) == (b"hello", "1001")
    assert not database.write_now(world.load, vault, [("harif", stored.id, None)], "me", NOW)[("harif", stored.id)].busy
    done = database.write_now(messages.settle, [Settlement("harif", out.id, "accepted", "p1")], "me", NOW)
    assert done == {("harif", out.id)}
    (line,) = database.read_now(messages.transcript, vault, "harif", stored.id)
    assert (line.body, line.state) == (b"hello", "accepted")


def test_an_address_two_processes_meet_at_once_gets_one_conversation(
    database: Database, database_url: str, vault: Vault
) -> None:
    beside = Database(database_url)
    beside.open()
    meeting, made = threading.Barrier(2), []

    def both(each: Database) -> None:
        meeting.wait(10)
        made.append(each.write_now(conversations.take, vault, [KEY, ("harif", "telegram", "1002")], NOW))

    threads = [threading.Thread(target=both, args=(each,)) for each in (database, beside)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    beside.close()
    assert {key: stored.id for key, stored in made[0].items()} == {key: stored.id for key, stored in made[1].items()}
    assert sorted(stored.fresh for each in made for stored in each.values()) == [False, False, True, True]


def test_turns_of_two_processes_in_one_conversation_are_all_kept(
    database: Database, database_url: str, vault: Vault
) -> None:
    beside = Database(database_url)
    beside.open()
    keys = [("harif", "telegram", str(number)) for number in range(3)]

    def turn(connection: Connection, order: int) -> None:
        taken = conversations.take(connection, vault, keys[::order], NOW)
        for stored in taken.values():
            stored.seq += 1
            stored.conversation.prompt += 1
        conversations.save(connection, vault, list(taken.values()))

    def many(each: Database, order: int) -> None:
        for _ in range(20):
            each.write_now(turn, order)

    threads = [threading.Thread(target=many, args=args) for args in ((database, 1), (beside, -1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    beside.close()
    found = database.write_now(conversations.take, vault, keys, NOW)
    assert [(stored.seq, stored.conversation.prompt) for stored in found.values()] == [(40, 40)] * 3


def test_the_house_finds_a_conversation_by_its_id(database: Database, vault: Vault) -> None:
    stored = database.write_now(conversations.take, vault, [KEY], NOW)[KEY]
    wanted = [("harif", stored.id), ("harif", stored.id + 1), ("ruhama", stored.id)]
    found = database.write_now(conversations.load_by_id, vault, wanted)
    assert {key: loaded.handle for key, loaded in found.items()} == {("harif", stored.id): "1001"}
    assert database.read_now(conversations.handle_of, vault, "harif", stored.id) == ("telegram", "1001")


def _case(number: int, **fields: object) -> Case:
    known = {"association": "harif", "kind": "request", "stage": "submitted", "opened_at": NOW + number}
    return Case(**{"id": new_id(), "reference": f"HRF-{number}", **known, **fields})  # type: ignore[arg-type]


def test_a_person_comes_with_what_is_known_and_their_newest_cases(database: Database, vault: Vault) -> None:
    mine = {"beneficiary": 5, "conversation": 50}
    given = [
        *(_case(number, **mine) for number in range(25)),
        _case(100, **mine, closed_at=NOW - 29 * DAY, member="أم سعد", earliest=NOW + DAY),
        _case(101, **mine, closed_at=NOW - 31 * DAY),
        _case(102, **mine, anonymous=True),
        _case(103, beneficiary=6, conversation=60),
        _case(104, **mine, association="ruhama"),
    ]
    database.write_now(cases.file, vault, given, NOW)
    database.write_now(
        world.save_beneficiaries,
        vault,
        [Beneficiary("harif", 5, {"name": "سعد"}, {"requests": True}), Beneficiary("harif", 6, {}, {})],
        NOW,
    )
    asked = [("harif", 50, 5), ("harif", 60, 6), ("harif", 70, None), ("harif", 80, 8)]
    known = database.write_now(world.load, vault, asked, "me", NOW)
    assert known[("harif", 50)].person == Person(id=5, facts={"name": "سعد"}, consents={"requests": True})
    shown = known[("harif", 50)].cases
    assert [view.reference for view in shown] == ["HRF-100", *(f"HRF-{n}" for n in range(24, 5, -1))]
    assert (shown[0].member, shown[0].earliest, shown[0].latest) == ("أم سعد", moment(NOW + DAY), None)
    assert [view.reference for view in known[("harif", 60)].cases] == ["HRF-103"]
    assert known[("harif", 70)].person == Person()
    assert known[("harif", 80)].person == Person(id=8)


def _turn(connection: Connection, vault: Vault, size: int) -> None:
    """All that one batch does with the database, every kind of the hot path."""
    keys = [("harif", "telegram", str(number)) for number in range(size)]
    seen.claim(connection, [("harif", seen.digest_key("telegram", str(new_id()))) for _ in keys], NOW)
    taken = conversations.take(connection, vault, keys, NOW)
    world.load(connection, vault, [(s.association, s.id, s.beneficiary) for s in taken.values()], "me", NOW)
    rows = []
    for stored in taken.values():
        for direction in ("in", "out"):
            stored.seq += 1
            rows.append(
                Message("harif", new_id(), stored.id, stored.seq, "telegram", direction, "dialogue", "x", NOW, b"x")
            )
    conversations.save(connection, vault, list(taken.values()))
    messages.insert_all(connection, vault, rows)
    messages.settle(connection, [Settlement("harif", row.id, "accepted") for row in rows], "me", NOW)


def test_a_batch_takes_six_statements_whatever_its_size(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write_now(_turn, vault, 40)
    count = {"batch": 0, "other": 0}
    run = Batch.run

    def counted(self: Batch, *args: object, **how: object) -> object:
        count["batch"] += 1
        return run(self, *args, **how)  # type: ignore[arg-type]

    def other(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        count["other"] += not statement.startswith("BEGIN")

    monkeypatch.setattr(Batch, "run", counted)
    event.listen(Engine, "before_cursor_execute", other)
    try:
        for size in (1, 40):
            count.update(batch=0, other=0)
            database.write_now(_turn, vault, size)
            assert count == {"batch": 6, "other": 0}
    finally:
        event.remove(Engine, "before_cursor_execute", other)


HOT = {
    "seen": seen._CLAIM,
    "load": conversations._LOAD,
    "load by id": conversations._LOAD_BY_ID,
    "save": conversations._SAVE,
    "world": world._LOAD,
    "settle": messages._SETTLE,
    "report": messages._REPORT,
    "due accounts": outbox._DUE,
}


@pytest.mark.own_database
@pytest.mark.parametrize("name", HOT)
def test_no_statement_of_the_hot_path_reads_a_whole_table(database: Database, vault: Vault, name: str) -> None:
    """Rows are looked up by key, on a new database too, whose planner knows nothing yet."""
    database.write_now(_turn, vault, 200)

    def plan(connection: Connection) -> str:
        sql = HOT[name].text(connection.dialect)
        if connection.dialect.name == "sqlite":
            sql = sql.replace("/*given*/", f"({', '.join('?' * len(HOT[name]._columns))})")
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?")).all()
            return "\n".join(step[3] for step in steps)
        wanted = dict.fromkeys(re.findall(r"%\((\w+)\)s", sql)) | {"given_rows": "[]", "now": 0}
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", wanted))

    steps = database.write_now(plan)
    tables = r"(conversations|messages|cases|beneficiaries|seen)\b"
    assert not re.search(rf"SCAN {tables}|Seq Scan on {tables}", steps), steps
    assert name == "seen" or re.search(rf"SEARCH {tables}|Index (Only )?Scan using|Bitmap Index Scan", steps), steps
