"""What staff must do: kept sealed, listed by what is due, tried again, finished once."""

from typing import Any

import pytest
from sqlalchemy import text, true

from storage import tasks
from storage.database import Database
from storage.ids import new_id
from storage.tasks import Task, Try, Wanted
from storage.times import DAY, HOUR
from storage.vault import Vault

NOW = 1_790_000_000_000


@pytest.fixture
def made(database: Database, vault: Vault) -> Any:
    def make(kind: str = "call", association: str = "harif", **fields: Any) -> Task:
        one = Task(association, new_id(), kind, **{"at": NOW, "due": NOW, **fields})
        database.write_now(tasks.add, vault, one)
        return one

    return make


def test_a_task_comes_back_as_it_was_made_and_what_was_noted_is_sealed(
    database: Database, vault: Vault, made: Any
) -> None:
    one = made(notice=3, case_id=4, reference="HRF-1", conversation=5, beneficiary=6, restricted=True, why="silent")
    assert database.read_now(tasks.get, vault, "harif", one.id) == one
    assert database.read_now(tasks.get, vault, "ruhama", one.id) is None
    told = database.write_now(tasks.again, vault, "harif", one.id, "no_answer", 7, "مشغول", NOW + 1, NOW + HOUR)
    done = database.write_now(tasks.finish, vault, "harif", one.id, "reached", 8, "سُرّت بالخبر", NOW + 2)
    assert (told.state, told.tries, told.due, told.staff) == ("open", 1, NOW + HOUR, None)
    assert (done.state, done.tries, done.outcome, done.staff, done.done_at) == ("done", 2, "reached", 8, NOW + 2)
    assert done.tried == (Try(NOW + 1, 7, "no_answer", "مشغول"), Try(NOW + 2, 8, "reached", "سُرّت بالخبر"))
    assert database.read_now(tasks.get, vault, "harif", one.id) == done
    body = database.read_now(lambda c: c.scalar(text("SELECT body FROM tasks")))
    assert "مشغول".encode() not in bytes(body)


def test_open_ones_come_by_their_day_and_finished_ones_the_last_first(
    database: Database, vault: Vault, made: Any
) -> None:
    late, soon, far = (made(due=NOW + days * DAY) for days in (-1, 1, 5))
    letter = made("letter", staff=9, due=NOW)
    made("call", "ruhama")
    first, second = made(), made()
    for at, one in enumerate((first, second)):
        database.write_now(tasks.finish, vault, "harif", one.id, "reached", 1, "", NOW + at)

    def ids(wanted: Wanted = tasks.ANYTHING, after: Any = None, limit: int = 50) -> list[int]:
        return [one.id for one in database.read_now(tasks.page, "harif", true(), wanted, after, limit)]

    assert ids() == [late.id, letter.id, soon.id, far.id]
    assert ids(limit=2) + ids(after=(NOW, letter.id)) == ids()
    assert ids(Wanted(kind="letter")) == ids(Wanted(staff=9)) == [letter.id]
    assert ids(Wanted(due_by=NOW)) == [late.id, letter.id]
    assert ids(Wanted(over=True)) == [second.id, first.id]
    assert ids(Wanted(over=True), (NOW + 1, second.id)) == [first.id]
    assert database.read_now(tasks.counts, "harif", true(), NOW) == {"call": (3, 1), "letter": (1, 1)}
    assert sum(count for count, _ in database.read_now(tasks.counts, "harif", true(), NOW, 2).values()) == 2


def test_whoever_takes_it_has_it_in_hand_until_it_is_tried(database: Database, vault: Vault, made: Any) -> None:
    one = made(case_id=4)
    database.write_now(tasks.take, "harif", one.id, 7)
    [listed] = database.read_now(tasks.page, "harif", true())
    assert listed.staff == 7
    database.write_now(tasks.finish, vault, "harif", one.id, "no_answer", 7, "", NOW, tasks.GIVEN_UP)
    database.write_now(tasks.take, "harif", one.id, 9)
    [over] = database.read_now(tasks.page, "harif", true(), Wanted(over=True))
    assert (over.staff, over.state) == (7, "given_up")
    assert database.read_now(tasks.of_case, "harif", 4) == [(one.id, "call", "given_up", NOW)]
