"""What somebody answers: the broadcast that was the last thing they were told before they wrote."""

import pytest
from sqlalchemy import Connection

from storage import broadcasts, notices, waves
from storage.broadcasts import Answered
from storage.database import Database
from storage.ids import new_id
from storage.notices import Notice
from storage.times import DAY, HOUR
from storage.vault import Vault
from storage.waves import Body, Wave
from tests.storage.askable import NOW, SLUG

WAVE = 71


@pytest.fixture
def told(database: Database, vault: Vault) -> Database:
    wave = Wave(SLUG, WAVE, "broadcast", state=waves.DONE, at=NOW, starts=NOW, ends=NOW)
    database.write_now(waves.add, vault, wave, Body(title="موعد الطلبات"))
    return database


def tell(connection: Connection, at: int, conversation: int, state: str = "reached", about: str = "") -> None:
    about = about or f"broadcast:{WAVE}:0"
    notices.add(
        connection,
        Notice(SLUG, new_id(), about.partition(":")[0], about, at, conversation=conversation, state=state),
    )


def test_who_wrote_after_a_broadcast_answers_it(told: Database, vault: Vault) -> None:
    wrote, before, late, unreached, newer, other, on_its_way = range(1, 8)

    def tell_all(connection: Connection) -> None:
        for one in (wrote, late, newer):
            tell(connection, NOW - DAY, one)
        tell(connection, NOW - DAY, on_its_way, "out")
        tell(connection, NOW + HOUR, before)
        tell(connection, NOW - DAY, unreached, "dropped")
        for one in (newer, other):
            tell(connection, NOW - HOUR, one, about="moved:HRF-1:2")

    told.write_now(tell_all)
    moments = dict.fromkeys((wrote, before, unreached, newer, other, on_its_way), NOW) | {late: NOW + 4 * DAY}
    found = told.read_now(broadcasts.answered, vault, SLUG, moments)
    assert found == dict.fromkeys((wrote, on_its_way), Answered(WAVE, "موعد الطلبات")), (
        "not who wrote before it or days after, whom it did not reach, nor who heard of their case after it"
    )
    assert told.read_now(broadcasts.answered, vault, "ruhama", moments) == {}
    assert told.read_now(broadcasts.answered, vault, SLUG, {}) == {}
