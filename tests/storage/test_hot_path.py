"""The set-based statements of one batch, on both databases."""

from storage import conversations, messages, outbox, seen, world
from storage.database import Database
from storage.ids import new_id
from storage.messages import Message, Settlement
from storage.vault import Vault

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
