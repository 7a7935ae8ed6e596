"""What the conversation page keeps beside the conversation: who looks, what is not sent yet."""

import pytest

from storage import looking, reply_drafts
from storage.database import Database
from storage.looking import Looking
from storage.vault import Vault, WrongKey, generate_key

HERE = ("harif", 7)
NOW = 1_000_000


@pytest.fixture
def vault() -> Vault:
    return Vault([generate_key()], generate_key())


def test_who_looks_is_seen_by_the_others_until_they_are_gone(database: Database) -> None:
    def others(staff: int, now: int = NOW) -> list[Looking]:
        return database.read_now(looking.others, *HERE, staff, now)

    assert database.write_now(looking.here, *HERE, 1, NOW, NOW + 25, 0), "that is news"
    assert not database.write_now(looking.here, *HERE, 1, NOW + 1, NOW + 26, 0), "and that is not"
    assert database.write_now(looking.here, *HERE, 1, NOW + 2, NOW + 27, NOW + 10), "now they write"
    assert others(1) == []
    assert others(2) == [Looking(1, NOW + 27, NOW + 10)]
    assert database.read_now(looking.others, "ruhama", 7, 2, NOW) == []
    assert others(2, NOW + 28) == []
    database.write_now(looking.here, *HERE, 2, NOW + 100, NOW + 125, 0)
    assert others(3, NOW) == [Looking(2, NOW + 125, 0)], "rows that are over go"
    database.write_now(looking.gone, *HERE, 2)
    assert others(3) == []


def test_a_draft_is_its_writers_and_sealed(database: Database, vault: Vault) -> None:
    def kept(staff: int) -> str:
        return database.read_now(reply_drafts.kept, vault, *HERE, staff)

    for text in ("نراجع", "نراجع طلبكم"):
        database.write_now(reply_drafts.keep, vault, *HERE, 1, text, NOW)
    assert (kept(1), kept(2)) == ("نراجع طلبكم", "")
    with pytest.raises(WrongKey):
        database.read_now(reply_drafts.kept, Vault([generate_key()], generate_key()), *HERE, 1)
    database.write_now(reply_drafts.keep, vault, *HERE, 1, "  ", NOW)
    assert kept(1) == ""
