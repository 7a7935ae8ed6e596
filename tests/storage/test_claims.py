"""Whoever claims a few takes no more than a few, however PostgreSQL goes about it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from storage import notices, timers, waves
from storage.database import Database
from storage.ids import new_id
from storage.notices import Notice
from storage.timers import Timer
from storage.vault import Vault
from storage.waves import Recipient

NOW, UNTIL, MANY, FEW = 1_000, 2_000, 12, 5
WAVE = 7


def _notices(connection: Connection) -> None:
    for _ in range(MANY):
        notices.add(connection, Notice("harif", new_id(), "moved", "moved:x:1", NOW, due=NOW))


def _timers(connection: Connection) -> None:
    timers.set_all(connection, [Timer("harif", number, "quiet", NOW) for number in range(1, MANY + 1)])


def _recipients(connection: Connection) -> None:
    people = [Recipient("harif", WAVE, number, channel="telegram", due=NOW) for number in range(1, MANY + 1)]
    waves.add_recipients(connection, people)


CLAIMS: dict[str, tuple[Callable[[Connection], None], Callable[[Connection], list[Any]]]] = {
    "notices": (_notices, lambda c: notices.claim_due(c, NOW, UNTIL, ["harif"], FEW)),
    "timers": (_timers, lambda c: timers.claim_due(c, NOW, UNTIL, ["harif"], FEW)),
    "recipients": (_recipients, lambda c: waves.claim(c, "harif", WAVE, "telegram", NOW, UNTIL, FEW)),
}


@pytest.mark.parametrize("what", CLAIMS)
def test_a_claim_of_five_is_of_five_where_the_planner_compares_row_by_row(
    database: Database, vault: Vault, what: str
) -> None:
    fill, claim = CLAIMS[what]
    database.write_now(fill)

    def take(connection: Connection) -> list[Any]:
        if not database.is_sqlite:
            for way in ("hashagg", "hashjoin", "mergejoin", "material", "sort", "indexscan", "bitmapscan"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return claim(connection)

    taken = [database.write_now(take) for _ in range(3)]
    assert [len(some) for some in taken] == [FEW, FEW, MANY - 2 * FEW]
