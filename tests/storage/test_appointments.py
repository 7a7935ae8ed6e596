"""Appointments: kept sealed, listed by day and by worker, reminded of once."""

from typing import Any

import pytest
from sqlalchemy import text, true

from storage import appointments, cases
from storage.appointments import Appointment
from storage.cases import Case
from storage.database import Database
from storage.ids import new_id
from storage.schema import cases as cases_table
from storage.times import DAY, HOUR
from storage.vault import Vault

PLAIN = cases_table.c.restricted.is_not(True)
NOW = 1_790_000_000_000


@pytest.fixture
def made(database: Database, vault: Vault) -> Any:
    def make(association: str = "harif", state: str = "confirmed", **fields: Any) -> Appointment:
        known = {"kind": "interview", "conversation": 50, "at": NOW, "updated": NOW, **fields}
        one = Appointment(association, new_id(), state=state, **known)
        database.write_now(appointments.add, vault, one)
        return one

    return make


def test_an_appointment_comes_back_as_it_was_made_and_changed(database: Database, vault: Vault, made: Any) -> None:
    one = made(
        state="offered", offered=(NOW + DAY, NOW + 2 * DAY), place="حي السلامة", wish="بعد العصر", staff=7, case_id=3,
    )  # fmt: skip
    assert database.read_now(appointments.get, vault, "harif", one.id) == one
    assert database.read_now(appointments.get, vault, "ruhama", one.id) is None
    changed = one._replace(state="done", offered=(), starts=NOW + DAY, outcome="done", outcome_note="حضروا", moved=1)
    database.write_now(appointments.save, vault, changed)
    assert database.read_now(appointments.get, vault, "harif", one.id) == changed
    row = database.read_now(lambda c: c.execute(text("SELECT place, wish, outcome_note FROM appointments")).one())
    assert all(word.encode() not in bytes(column) for word in ("السلامة", "العصر", "حضروا") for column in row)


def test_a_person_sees_what_is_open_the_agreed_first(database: Database, vault: Vault, made: Any) -> None:
    wished = made(state="requested")
    later, soon = made(starts=NOW + 3 * DAY), made(starts=NOW + DAY)
    for state in ("cancelled", "done", "missed"):
        made(state=state)
    made(conversation=51)
    made("ruhama", starts=NOW + DAY)
    found = database.read_now(appointments.of_conversation, vault, "harif", 50)
    assert [one.id for one in found] == [soon.id, later.id, wished.id]


def test_a_day_is_listed_whole_or_of_one_worker(database: Database, vault: Vault, made: Any) -> None:
    case = Case(id=new_id(), reference="HRF-1", association="harif", kind="request", stage="verifying", opened_at=NOW)
    hidden = Case(
        id=new_id(), reference="HRF-2", association="harif", kind="complaint", stage="received", opened_at=NOW,
        restricted=True,
    )  # fmt: skip
    database.write_now(cases.file, vault, [case, hidden], NOW)
    second, first = made(starts=NOW + HOUR, staff=7, case_id=case.id), made(starts=NOW, staff=8)
    past = made(state="done", starts=NOW + 2 * HOUR, staff=7)
    made(state="cancelled", starts=NOW, staff=7)
    made(starts=NOW + DAY, staff=7)
    secret = made(starts=NOW + 3 * HOUR, case_id=hidden.id)

    def day(seen: Any = PLAIN, **more: Any) -> list[int]:
        return [
            one.id
            for one in database.read_now(lambda c: appointments.between(c, "harif", seen, NOW, NOW + DAY, **more))
        ]

    assert day() == [first.id, second.id, past.id]
    assert day(staff=7) == [second.id, past.id]
    assert day(true()) == [first.id, second.id, past.id, secret.id]
    listed = database.read_now(lambda c: appointments.between(c, "harif", PLAIN, NOW, NOW + DAY, staff=7))
    assert (listed[0].reference, listed[0].restricted, listed[1].reference) == ("HRF-1", False, "")
    assert [one.id for one in database.read_now(appointments.of_case, vault, "harif", case.id)] == [second.id]


def test_what_was_asked_for_waits_in_order_and_page_by_page(database: Database, made: Any) -> None:
    first, second, third = (made(state="requested").id for _ in range(3))
    made()
    made("ruhama", state="requested")
    assert [one.id for one in database.read_now(appointments.waiting, "harif", true())] == [first, second, third]
    page = database.read_now(lambda c: appointments.waiting(c, "harif", true(), after=first, limit=1))
    assert [one.id for one in page] == [second]


def test_what_is_over_and_has_no_outcome_is_found(database: Database, made: Any) -> None:
    old, older = made(starts=NOW - HOUR), made(starts=NOW - DAY)
    made(starts=NOW + HOUR)
    made(state="done", starts=NOW - HOUR)
    found = database.read_now(appointments.unsettled, "harif", true(), NOW)
    assert [one.id for one in found] == [older.id, old.id]
    rest = database.read_now(lambda c: appointments.unsettled(c, "harif", true(), NOW, after=(older.starts, older.id)))
    assert [one.id for one in rest] == [old.id]


def test_a_reminder_is_claimed_once_and_not_of_another_time(database: Database, vault: Vault, made: Any) -> None:
    one = made(starts=NOW + DAY)
    made(starts=NOW + 5 * DAY)
    made(starts=NOW + DAY, conversation=None)
    made(state="offered", starts=None)
    found = database.read_now(appointments.to_remind, vault, NOW, NOW + 2 * DAY)
    assert [row.id for row in found] == [one.id]
    assert database.read_now(appointments.to_remind, vault, NOW, NOW + 2 * DAY, ["ruhama"]) == []
    assert not database.write_now(appointments.reminded, "harif", one.id, NOW + 2 * DAY, NOW), "it was moved"
    assert database.write_now(appointments.reminded, "harif", one.id, NOW + DAY, NOW)
    assert not database.write_now(appointments.reminded, "harif", one.id, NOW + DAY, NOW)
    assert database.read_now(appointments.to_remind, vault, NOW, NOW + 2 * DAY) == []
