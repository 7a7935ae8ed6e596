"""The audit's chain: what stands in it cannot be changed or taken out unseen, and it is linked by one at a time."""

from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from storage import audit, audit_chain, keys
from storage.audit import Act
from storage.audit_chain import Break, ChainKeyLost, Checked, Head, Tail
from storage.database import Database
from storage.schema import audit as rows
from storage.schema_desk import audit_links as links
from storage.times import DAY, HOUR, SECOND
from storage.vault import Vault, generate_key

NOW = 1_790_000_000_000


def acted(database: Database, count: int, association: str = "harif", since: int = NOW) -> None:
    acts = [Act(association, since + n, f"staff:{n % 3}", "case.view", f"case:HRF-{n}", "x") for n in range(count)]
    database.write_now(audit.log, acts)


def linked(database: Database, vault: Vault, count: int = 5, association: str = "harif") -> list[int]:
    """The ids of `count` rows in the chain, in its order."""
    acted(database, count, association)
    database.write_now(audit_chain.link, vault, association, NOW + SECOND)
    return ids(database, association)


def ids(database: Database, association: str = "harif") -> list[int]:
    query = select(links.c.audit).where(links.c.association == association).order_by(links.c.number)
    return database.read_now(lambda c: list(c.scalars(query)))


def tamper(database: Database, statement: Any) -> None:
    def do(connection: Connection) -> None:
        assert connection.execute(statement).rowcount >= 1, "something was tampered with"

    database.write_now(do)


def found(database: Database, vault: Vault, association: str = "harif") -> list[tuple[str, int]]:
    checked = audit_chain.verify_all(database, vault, association)
    assert checked.broken == len(checked.breaks)
    return [(one.what, one.number) for one in checked.breaks]


def test_rows_are_linked_in_order_and_the_chain_holds(database: Database, vault: Vault) -> None:
    acted(database, 5)
    assert database.read_now(audit_chain.waiting) == ["harif"]
    assert database.read_now(audit_chain.tail, "harif") == Tail(5, NOW)
    assert database.write_now(audit_chain.link, vault, "harif", NOW + SECOND) == 5
    assert database.read_now(audit_chain.waiting) == []
    assert database.read_now(audit_chain.tail, "harif") == Tail(0, None)
    assert ids(database) == sorted(ids(database))
    head = database.read_now(audit_chain.head, "harif")
    assert (head.number, head.at, len(head.digest)) == (5, NOW + SECOND, 64)
    checked = audit_chain.verify_all(database, vault, "harif")
    assert (checked.number, checked.digest, checked.links, checked.broken, checked.late) == (5, head.digest, 5, 0, 0)
    assert database.write_now(audit_chain.link, vault, "harif", NOW) == 0


def test_each_association_has_a_chain_of_its_own(database: Database, vault: Vault) -> None:
    first, second = linked(database, vault, 3), linked(database, vault, 2, "ruhama")
    assert not set(first) & set(second)
    assert [database.read_now(audit_chain.head, slug).number for slug in ("harif", "ruhama", "mastoura")] == [3, 2, 0]
    assert database.read_now(audit_chain.chained) == ["harif", "ruhama"]
    assert found(database, vault) == found(database, vault, "ruhama") == found(database, vault, "mastoura") == []
    # A link taken over from another association's chain, row and all, does not hold there.
    for table in (rows, links):
        tamper(database, update(table).where(table.c.association == "ruhama").values(association="mastoura"))
    assert ("changed", 1) in found(database, vault, "mastoura")


def test_a_row_that_commits_late_is_linked_later_and_never_lost(database: Database, vault: Vault) -> None:
    kept = linked(database, vault, 3)
    older = {"association": "harif", "id": kept[0] - 10**9, "at": NOW - DAY, "who": "staff:9", "act": "case.view"}
    database.write_now(lambda c: c.execute(insert(rows).values(**older)))
    assert database.write_now(audit_chain.link, vault, "harif", NOW + SECOND) == 1
    assert ids(database) == [*kept, older["id"]]
    checked = audit_chain.verify_all(database, vault, "harif")
    assert (checked.links, checked.broken) == (4, 0)
    assert checked.late == 1, "that it was linked long after it was written is said"


def test_a_long_tail_is_linked_and_verified_in_stretches(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "AT_ONCE", 4)
    acted(database, 10)
    assert [database.write_now(audit_chain.link, vault, "harif", NOW) for _ in range(4)] == [4, 4, 2, 0]
    stretch = database.read_now(audit_chain.verify, vault, "harif")
    assert (stretch.links, stretch.ended) == (4, False)
    assert audit_chain.verify_all(database, vault, "harif").links == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"at": NOW - 1},
        {"who": "staff:8"},
        {"act": "case.viewed"},
        {"subject": "case:HRF-9"},
        {"detail": ""},
        {"linked_at": NOW},
        {"who": "staff:2case", "act": ".view"},
    ],
)
def test_a_changed_column_is_found(database: Database, vault: Vault, changes: dict[str, Any]) -> None:
    kept = linked(database, vault)
    tamper(database, update(rows).where(rows.c.id == kept[2]).values(**changes))
    assert found(database, vault) == [("changed", 3)]


def test_a_changed_id_is_found_from_both_sides(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    tamper(database, update(rows).where(rows.c.id == kept[2]).values(id=kept[2] + 10**9))
    assert found(database, vault) == [("gone", 3), ("stray", 0)]


def test_a_row_that_was_deleted_is_found_and_the_rest_still_holds(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    tamper(database, delete(rows).where(rows.c.id == kept[2]))
    checked = audit_chain.verify_all(database, vault, "harif")
    assert checked.breaks == (Break("gone", 3, kept[2]),)
    assert checked.links == 5


def test_a_row_deleted_with_its_link_is_found(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    for table, column in ((rows, rows.c.id), (links, links.c.audit)):
        tamper(database, delete(table).where(column == kept[2]))
    assert found(database, vault) == [("missing", 4)]
    for table, column in ((rows, rows.c.id), (links, links.c.audit)):
        tamper(database, delete(table).where(column == kept[0]))
    assert found(database, vault) == [("missing", 2), ("missing", 4)]


def test_closing_the_gap_by_renumbering_is_found(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    for table, column in ((rows, rows.c.id), (links, links.c.audit)):
        tamper(database, delete(table).where(column == kept[2]))
    for number in (4, 5):
        tamper(database, update(links).where(links.c.number == number).values(number=number - 1))
    assert found(database, vault) == [("changed", 3), ("changed", 4)]


def test_a_changed_digest_is_found(database: Database, vault: Vault) -> None:
    linked(database, vault)
    tamper(database, update(links).where(links.c.number == 3).values(digest="ab" * 32))
    assert found(database, vault) == [("changed", 3), ("changed", 4)]


def test_links_that_changed_places_are_found(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    for number, row in ((2, 1), (3, kept[1]), (2, kept[2])):
        tamper(database, update(links).where(links.c.number == number).values(audit=row))
    assert found(database, vault) == [("changed", 2), ("changed", 3)]


def test_a_row_slipped_in_as_if_it_were_linked_is_found(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    forged = {"association": "harif", "at": NOW, "who": "staff:1", "act": "case.view", "linked_at": NOW + SECOND}
    database.write_now(lambda c: c.execute(insert(rows).values(id=kept[-1] + 10**9, **forged)))
    assert found(database, vault) == [("stray", 0)]
    link = {"association": "harif", "number": 6, "audit": kept[-1] + 10**9, "digest": "cd" * 32}
    database.write_now(lambda c: c.execute(insert(links).values(**link)))
    assert found(database, vault) == [("changed", 6)]


def test_a_link_whose_mark_was_taken_off_the_row_is_found_and_holds_nobody_up(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "AT_ONCE", 2)
    acted(database, 3)
    for _ in range(2):
        database.write_now(audit_chain.link, vault, "harif", NOW + SECOND)
    tamper(database, update(rows).values(linked_at=None))
    acted(database, 1, since=NOW + HOUR)
    for _ in range(2):
        assert database.write_now(audit_chain.link, vault, "harif", NOW + HOUR) == 2
    assert database.read_now(audit_chain.tail, "harif") == Tail()
    assert database.read_now(audit_chain.head, "harif").number == 4
    assert found(database, vault) == [("changed", 1), ("changed", 2), ("changed", 3)]


def test_a_tail_that_was_cut_off_shows_only_beside_a_head_noted_elsewhere(database: Database, vault: Vault) -> None:
    kept = linked(database, vault)
    noted = database.read_now(audit_chain.head, "harif")
    for row in kept[3:]:
        tamper(database, delete(rows).where(rows.c.id == row))
        tamper(database, delete(links).where(links.c.audit == row))
    assert found(database, vault) == []
    checked = audit_chain.verify_all(database, vault, "harif", (noted.number, noted.digest))
    assert checked.breaks == (Break("cut", 5),)
    # Grown over again, the number is there, and its digest is another.
    linked(database, vault, 3)
    checked = audit_chain.verify_all(database, vault, "harif", (noted.number, noted.digest))
    assert checked.breaks == (Break("cut", 5),)
    shorter = database.read_now(audit_chain.head, "harif")
    assert audit_chain.verify_all(database, vault, "harif", (shorter.number, shorter.digest)).broken == 0


def test_rows_cut_off_without_their_links_and_links_without_their_rows_are_found(
    database: Database, vault: Vault
) -> None:
    kept = linked(database, vault)
    tamper(database, delete(rows).where(rows.c.id == kept[4]))
    tamper(database, delete(links).where(links.c.audit == kept[4]))
    tamper(database, delete(links).where(links.c.audit == kept[3]))
    assert found(database, vault) == [("stray", 0)]
    tamper(database, delete(rows).where(rows.c.id == kept[2]))
    assert found(database, vault) == [("gone", 3), ("stray", 0)]


def test_a_chain_made_anew_over_changed_rows_says_how_late_it_was_linked(database: Database, vault: Vault) -> None:
    linked(database, vault)
    noted = database.read_now(audit_chain.head, "harif")
    tamper(database, delete(links))
    assert found(database, vault) == [("stray", 0)] * 5
    tamper(database, update(rows).values(linked_at=None, who="staff:8"))
    database.write_now(audit_chain.link, vault, "harif", NOW + 2 * HOUR)
    checked = audit_chain.verify_all(database, vault, "harif")
    assert (checked.broken, checked.late) == (0, 5)
    assert audit_chain.verify_all(database, vault, "harif", noted[:2]).breaks == (Break("cut", 5),)


def test_without_the_keys_no_digest_can_be_made(database: Database, vault: Vault) -> None:
    """Whoever has the database alone can neither open the chain's key nor put one of their own in its place."""
    linked(database, vault)
    stranger = Vault([generate_key()], generate_key())
    assert found(database, stranger) == [("key", 0)]
    acted(database, 1)
    with pytest.raises(ChainKeyLost):
        database.write_now(audit_chain.link, stranger, "harif", NOW)
    tamper(database, text("DELETE FROM meta WHERE key = 'audit chain'"))
    assert found(database, vault) == [("key", 0)]
    with pytest.raises(ChainKeyLost):
        database.write_now(audit_chain.link, vault, "harif", NOW)
    assert database.read_now(audit_chain.tail, "harif").rows == 1, "nothing is lost: it waits"


def test_new_sealing_keys_and_a_new_index_key_leave_the_chain_whole(database: Database) -> None:
    old, new, index = generate_key(), generate_key(), generate_key()
    database.write_now(keys.check, Vault([old], index))
    linked(database, Vault([old], index))
    head = database.read_now(audit_chain.head, "harif")
    database.write_now(keys.check, Vault([new, old], index))
    keys.rotate(database, Vault([new, old], index))
    database.write_now(keys.reindex, Vault([new], generate_key()))
    latest = Vault([new], generate_key())
    assert found(database, latest) == []
    assert database.read_now(audit_chain.head, "harif") == head
    linked(database, latest, 2)
    assert audit_chain.verify_all(database, latest, "harif", head[:2]) == Checked(
        number=7, digest=database.read_now(audit_chain.head, "harif").digest, links=7, row=ids(database)[-1], ended=True
    )


def test_two_who_link_at_once_make_one_chain(database: Database, database_url: str, vault: Vault) -> None:
    import threading

    other = Database(database_url)
    other.open()
    acted(database, 60)
    go = threading.Barrier(2)

    def seal(mine: Database) -> None:
        go.wait()
        for _ in range(20):
            mine.write_now(audit_chain.link, vault, "harif", NOW + SECOND)
            acted(mine, 1)

    threads = [threading.Thread(target=seal, args=(one,)) for one in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    database.write_now(audit_chain.link, vault, "harif", NOW + SECOND)
    checked = audit_chain.verify_all(database, vault, "harif")
    assert (checked.links, checked.broken) == (100, 0)
    assert len(set(ids(database))) == 100


def test_while_one_links_another_leaves_it_to_them(database_url: str, database: Database, vault: Vault) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    acted(database, 3)
    other = Database(database_url)
    other.open()

    def both(connection: Connection) -> tuple[int, int]:
        mine = audit_chain.link(connection, vault, "harif", NOW)
        return mine, other.write_now(audit_chain.link, vault, "harif", NOW)

    assert database.write_now(both) == (3, 0)
    other.close()


def test_a_sealer_that_dies_midway_leaves_the_chain_as_it_was(database: Database, vault: Vault) -> None:
    linked(database, vault, 2)
    acted(database, 3)

    def killed(connection: Connection) -> None:
        audit_chain.link(connection, vault, "harif", NOW + SECOND)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write_now(killed)
    assert database.read_now(audit_chain.tail, "harif").rows == 3
    assert database.write_now(audit_chain.link, vault, "harif", NOW + SECOND) == 3
    assert audit_chain.verify_all(database, vault, "harif").links == 5
    assert found(database, vault) == []


def test_what_waits_is_found_without_reading_the_audit(database: Database, vault: Vault) -> None:
    if not database.is_sqlite:
        pytest.skip("SQLite says how it reads")
    linked(database, vault, 50)
    for query in (
        "SELECT DISTINCT association FROM audit WHERE audit.linked_at IS NULL",
        "SELECT count(*), min(at) FROM audit WHERE association = 'harif' AND audit.linked_at IS NULL",
    ):
        plan = database.read_now(lambda c, q=query: [row[-1] for row in c.execute(text(f"EXPLAIN QUERY PLAN {q}"))])
        assert any("ix_audit_unlinked" in step for step in plan), plan


def test_an_empty_chain_has_no_head(database: Database, vault: Vault) -> None:
    assert database.read_now(audit_chain.head, "harif") == Head()
    assert audit_chain.verify_all(database, vault, "harif") == Checked(ended=True)
    assert database.read_now(audit_chain.chained) == []


def test_a_page_shows_the_newest_first_and_goes_on_where_it_ended(database: Database) -> None:
    acted(database, 7)
    acted(database, 2, "ruhama")
    first = database.read_now(lambda c: audit.page(c, "harif", limit=5))
    rest = database.read_now(lambda c: audit.page(c, "harif", limit=5, before=first[-1].id))
    assert [row.at - NOW for row in first + rest] == [6, 5, 4, 3, 2, 1, 0]
    assert not any(row.linked for row in first)


def test_a_page_shows_those_of_one_worker_act_row_and_day(database: Database) -> None:
    acted(database, 6)
    database.write_now(audit.log, [Act("harif", NOW, "staff:1", "case.move", "case:1")])

    def acts(**asked: Any) -> list[tuple[str, str, str]]:
        found = database.read_now(lambda c: audit.page(c, "harif", **asked))
        return [(row.who, row.act, row.subject) for row in found]

    assert [who for who, _, _ in acts(who="staff:1")] == ["staff:1"] * 3
    assert acts(act="case.move") == [("staff:1", "case.move", "case:1")]
    assert acts(subjects=["case:1", "case:HRF-5"]) == [
        ("staff:1", "case.move", "case:1"), ("staff:2", "case.view", "case:HRF-5"),
    ]  # fmt: skip
    made = database.read_now(lambda c: audit.page(c, "harif"))[0].id
    today = (made >> 20) + 1_577_836_800_000
    assert len(acts(since=today - DAY, until=today + DAY)) == 7
    assert acts(since=today + DAY) == acts(until=today - DAY) == []


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "pk_audit|sqlite_autoindex_audit_1"),
        ({"who": "staff:1"}, "ix_audit_who"),
        ({"act": "case.view"}, "ix_audit_act"),
        ({"subjects": ["case:1"]}, "ix_audit_association_subject"),
        ({"subjects": ["case:1", "case:HRF-1"]}, "ix_audit_association_subject"),
        ({"subjects": ["case:1", "case:HRF-1"], "before": 2**62}, "ix_audit_association_subject"),
    ],
)
def test_a_page_is_read_from_an_index(database: Database, asked: dict[str, Any], index: str) -> None:
    if not database.is_sqlite:
        pytest.skip("SQLite says how it reads")
    from sqlalchemy import event

    said: list[str] = []

    def read(connection: Connection) -> list[str]:
        def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
            driver: Any = connection.connection.driver_connection
            said.extend(row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

        event.listen(connection, "before_cursor_execute", note)
        audit.page(connection, "harif", **asked)
        event.remove(connection, "before_cursor_execute", note)
        return said

    plan = database.read_now(read)
    assert any(name in step for step in plan for name in index.split("|")), plan
    assert asked.get("subjects") or not any("TEMP B-TREE" in step for step in plan), plan
