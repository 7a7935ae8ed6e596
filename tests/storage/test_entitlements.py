"""Entitlements: registered, delivered one by one, confirmed or not, overdue."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text, true

from conversations.cases.entitlement import Owed, end_of
from storage import cases, entitlements
from storage.cases import Case
from storage.database import Database
from storage.entitlements import Entitlement
from storage.ids import new_id
from storage.schema import cases as cases_table
from storage.times import DAY, ms
from storage.vault import Vault

PLAIN = cases_table.c.restricted.is_not(True)
NOW = ms(end_of(date(2026, 11, 22))) - DAY // 2
BASKET, RENT = Owed(what="سلة غذائية", due=date(2026, 11, 25)), Owed(what="إيجار الشهر", amount="1500")


@pytest.fixture
def filed(database: Database, vault: Vault) -> Callable[..., Case]:
    def file(reference: str = "HRF-1", association: str = "harif", **fields: object) -> Case:
        known = {"kind": "request", "stage": "registered", "opened_at": NOW}
        case = Case(id=new_id(), reference=reference, association=association, **{**known, **fields})  # type: ignore[arg-type]
        database.write_now(cases.file, vault, [case], NOW)
        return case

    return file


def add(database: Database, vault: Vault, case: Case, *owed: Owed) -> list[Entitlement]:
    added: list[Entitlement] = database.write_now(entitlements.add, vault, case.association, case.id, owed)
    return added


def states(database: Database, vault: Vault, case: Case) -> list[str]:
    return [one.state for one in database.read_now(entitlements.of_case, vault, case.association, case.id)]


def test_entitlements_come_back_as_they_were_registered(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    added = add(database, vault, case, BASKET, RENT)
    assert database.read_now(entitlements.of_case, vault, "harif", case.id) == added
    assert [one.owed() for one in added] == [BASKET, RENT]
    assert database.read_now(entitlements.get, vault, "harif", added[1].id) == added[1]
    assert database.read_now(entitlements.get, vault, "ruhama", added[1].id) is None
    kept = database.read_now(lambda c: c.execute(text("SELECT what FROM entitlements")).scalars().all())
    assert all("سلة".encode() not in bytes(one) for one in kept)


def test_each_is_delivered_once_and_confirmed_once(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    basket, rent = add(database, vault, case, BASKET, RENT)
    assert not database.write_now(entitlements.confirm, "harif", basket.id, NOW), "nothing has been delivered"
    assert database.write_now(entitlements.deliver, "harif", basket.id, 5, NOW)
    assert not database.write_now(entitlements.deliver, "harif", basket.id, 6, NOW + 1)
    assert database.read_now(entitlements.undelivered, "harif", case.id) == 1
    assert database.write_now(entitlements.confirm, "harif", basket.id, NOW + 2)
    assert not database.write_now(entitlements.confirm, "harif", basket.id, NOW + 3)
    kept = database.read_now(entitlements.get, vault, "harif", basket.id)
    assert kept is not None
    assert (kept.delivered_at, kept.delivered_by, kept.confirmed_at) == (NOW, 5, NOW + 2)
    assert not database.write_now(entitlements.deliver, "ruhama", rent.id, 5, NOW), "another association's"
    assert states(database, vault, case) == ["confirmed", "owed"]


def test_what_did_not_arrive_is_owed_again_but_not_what_was_confirmed(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    basket, rent = add(database, vault, case, BASKET, RENT)
    for one in (basket, rent):
        database.write_now(entitlements.deliver, "harif", one.id, 5, NOW)
    database.write_now(entitlements.confirm, "harif", rent.id, NOW)
    assert database.write_now(entitlements.take_back, "harif", basket.id)
    assert not database.write_now(entitlements.take_back, "harif", rent.id)
    assert states(database, vault, case) == ["owed", "confirmed"]


def test_the_whole_is_confirmed_or_given_up_at_once(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    basket, *_ = add(database, vault, case, BASKET, RENT)
    database.write_now(entitlements.deliver, "harif", basket.id, 5, NOW)
    assert database.write_now(entitlements.confirm_all, "harif", case.id, NOW) == 1
    assert database.write_now(entitlements.cancel_all, "harif", case.id, NOW) == 1
    assert states(database, vault, case) == ["confirmed", "cancelled"]
    assert database.read_now(entitlements.undelivered, "harif", case.id) == 0


def test_overdue_are_what_is_owed_past_its_day_page_by_page_and_oldest_first(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case, hidden, other = filed(), filed("HRF-2", restricted=True), filed("RHM-1", "ruhama")
    days = [date(2026, 11, day) for day in (20, 10, 20, 30)]
    twentieth, tenth, again, ahead = add(database, vault, case, *(Owed(what="شيء", due=day) for day in days))
    for one in (hidden, other):
        add(database, vault, one, Owed(what="شيء", due=date(2026, 11, 1)))
    add(database, vault, case, RENT)
    delivered, *_ = add(database, vault, case, Owed(what="شيء", due=date(2026, 11, 2)))
    database.write_now(entitlements.deliver, "harif", delivered.id, 5, NOW)

    def page(seen: Any = PLAIN, **more: object) -> list[int]:
        return [one.id for one in database.read_now(lambda c: entitlements.overdue(c, "harif", seen, NOW, **more))]  # type: ignore[arg-type]

    assert page() == [tenth.id, twentieth.id, again.id]
    assert page(limit=2) == [tenth.id, twentieth.id]
    assert page(after=(twentieth.due, twentieth.id)) == [again.id]
    assert len(page(true())) == 4
    soon = database.read_now(lambda c: entitlements.overdue(c, "harif", PLAIN, NOW + 30 * DAY))
    assert [one.id for one in soon] == [tenth.id, twentieth.id, again.id, ahead.id]
    assert {one.reference for one in soon} == {"HRF-1"}
    assert database.write_now(entitlements.put_off, "harif", tenth.id, NOW + DAY)
    assert page() == [twentieth.id, again.id]
