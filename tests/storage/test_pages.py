"""What the web chat's pages ask of the archive, on both databases."""

from storage import conversations, messages
from storage.database import Database
from storage.ids import new_id
from storage.messages import Message
from storage.timers import Timer, done, set_all
from storage.vault import Vault

NOW = 1_790_000_000_000
KEY = ("harif", "web_chat", "cookie-1")


def row(conversation: int, seq: int, state: str, lane: str = "dialogue") -> Message:
    return Message("harif", new_id(), conversation, seq, "web_chat", "out", lane, "say", NOW, b"words", state=state)


def states(database: Database, vault: Vault, conversation: int) -> list[str]:
    return [line.state for line in database.read_now(messages.transcript, vault, "harif", conversation)]


def test_an_address_is_found_without_locking_it_and_only_in_its_own_association(
    database: Database, vault: Vault
) -> None:
    stored = database.write_now(conversations.take, vault, [KEY], NOW)[KEY]
    assert database.read_now(conversations.id_of, vault, KEY) == stored.id
    assert database.read_now(conversations.id_of, vault, ("ruhama", *KEY[1:])) is None


def test_pages_learn_how_far_other_processes_have_come(database: Database, vault: Vault) -> None:
    stored = database.write_now(conversations.take, vault, [KEY], NOW)[KEY]
    stored.seq = 7
    database.write_now(conversations.save, vault, [stored])
    other = ("harif", "web_chat", "cookie-2")
    assert database.read_now(conversations.last_seqs, vault, [KEY, other]) == {KEY: 7}


def test_what_a_page_has_fetched_is_delivered_and_nothing_after_it(database: Database, vault: Vault) -> None:
    id = database.write_now(conversations.take, vault, [KEY], NOW)[KEY].id
    rows = [row(id, 1, "accepted"), row(id, 2, "held"), row(id, 3, "accepted"), row(id, 4, "accepted")]
    database.write_now(messages.insert_all, vault, rows)
    database.write_now(messages.fetched, "harif", id, 3, NOW)
    assert states(database, vault, id) == ["delivered", "held", "delivered", "accepted"]


def test_what_we_meant_to_begin_is_cancelled_and_what_was_asked_for_is_not(database: Database, vault: Vault) -> None:
    id = database.write_now(conversations.take, vault, [KEY], NOW)[KEY].id
    rows = [row(id, 1, "queued"), row(id, 2, "queued", "notice"), row(id, 3, "accepted", "notice")]
    database.write_now(messages.insert_all, vault, rows)
    assert database.write_now(messages.cancel, "harif", id, "death", NOW) == 1
    assert states(database, vault, id) == ["queued", "failed", "accepted"]


def test_a_timer_fires_once_and_one_that_was_moved_meanwhile_stays(database: Database) -> None:
    first, moved = Timer("harif", 1, "quiet", NOW), Timer("harif", 2, "quiet", NOW)
    database.write_now(set_all, [first, moved])
    database.write_now(set_all, [moved._replace(due=NOW + 5)])
    assert database.write_now(done, [first, moved]) == {first}
    assert database.write_now(done, [first]) == set()
