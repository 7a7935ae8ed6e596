"""A changed policy goes round once, to a conversation of each person with an open case."""

from typing import Any

from sqlalchemy import insert, select

from storage import circulation, policy
from storage.database import Database
from storage.schema import cases, conversations, timers

NOW = 1_790_000_000_000


def person(database: Database, id: int, association: str = "harif", **more: Any) -> None:
    row = {"association": association, "id": id, "channel": "telegram", "handle_index": str(id).encode(), "seq": 0}
    database.write_now(lambda c: c.execute(insert(conversations).values({**row, "updated": NOW, **more})))


def case(database: Database, id: int, conversation: int | None, association: str = "harif", **more: Any) -> None:
    row = {"association": association, "id": id, "reference": f"R{id}", "kind": "request", "stage": "submitted"}
    row |= {"conversation": conversation, "opened_at": NOW, "updated": NOW}
    database.write_now(lambda c: c.execute(insert(cases).values({**row, **more})))


def hears(database: Database) -> list[int]:
    return database.read_now(circulation.who_hears, "harif")


def test_each_person_with_an_open_case_hears_where_their_newest_one_is(database: Database) -> None:
    for id in (1, 2, 3, 4):
        person(database, id)
    case(database, 11, 1, beneficiary=100)
    case(database, 12, 2, beneficiary=100)
    case(database, 13, 3)
    case(database, 14, 3)
    case(database, 15, 4, closed_at=NOW)
    case(database, 16, None)
    assert hears(database) == [2, 3]


def test_nobody_hears_who_wants_nothing_or_whose_matter_is_restricted(database: Database) -> None:
    person(database, 1, stopped=True)
    person(database, 2, blocked="spam")
    person(database, 3, restricted=True)
    person(database, 4)
    person(database, 5)
    person(database, 6, association="ruhama")
    for id in (1, 2, 3, 5):
        case(database, 10 + id, id)
    case(database, 21, 4, beneficiary=100, restricted=True)
    case(database, 22, 4, beneficiary=100)
    case(database, 26, 6, association="ruhama")
    assert hears(database) == [5]


def test_a_version_is_claimed_once_and_each_association_its_own(database: Database) -> None:
    claim = circulation.claim
    assert database.write_now(claim, "harif", "v2", NOW)
    assert not database.write_now(claim, "harif", "v2", NOW + 1)
    assert database.write_now(claim, "ruhama", "v2", NOW + 2)
    assert database.write_now(claim, "harif", "v3", NOW + 3)
    assert database.read_now(circulation.circulated, "harif") == {"v2": NOW, "v3": NOW + 3}


def test_who_is_told_has_an_event_due(database: Database) -> None:
    assert database.write_now(circulation.tell, "harif", "v2", [1, 2], NOW) == 2
    t = timers.c
    query = select(t.conversation, t.timer, t.due).order_by(t.conversation)
    assert [tuple(row) for row in database.read_now(lambda c: c.execute(query).all())] == [
        (1, "policy:v2", NOW),
        (2, "policy:v2", NOW),
    ]


def test_versions_are_those_that_workers_signed(database: Database) -> None:
    for staff, version, at in ((1, "v1", 1), (2, "v1", 2), (1, "v2", 3)):
        database.write_now(policy.sign, "harif", staff, version, at)
    database.write_now(policy.sign, "ruhama", 1, "v9", 9)
    assert database.read_now(circulation.versions, "harif") == [("v2", 3, 1), ("v1", 1, 2)]
