"""What goes out: in order, once, forward only, and an honest end."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from storage import conversations, messages, outbox, world
from storage.database import Database
from storage.ids import new_id
from storage.messages import RANK, Message, Report, Settlement
from storage.outbox import Claimed
from storage.vault import Vault

NOW = 1_790_000_000_000
ACCOUNT = ("harif", "telegram")


class Desk:
    """A database with conversations to write into."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self._seq = itertools.count(1)

    def person(self, handle: str, association: str = "harif", channel: str = "telegram") -> int:
        key = (association, channel, handle)
        return self.database.write_now(conversations.take, self.vault, [key], NOW)[key].id

    def row(self, conversation: int, **fields: Any) -> Message:
        row = Message(
            "harif", new_id(), conversation, next(self._seq), "telegram", "out", "dialogue", "say", NOW, b"x",
            state="queued",
        )._replace(**fields)  # fmt: skip
        self.database.write_now(messages.insert_all, self.vault, [row])
        return row

    def claim(self, now: int = NOW, me: str = "me", **how: Any) -> list[Claimed]:
        return self.database.write_now(lambda c: outbox.claim(c, self.vault, ACCOUNT, me, now, now + 60_000, **how))

    def settle(self, *settlements: Settlement, me: str = "me") -> set[tuple[str, int]]:
        return self.database.write_now(messages.settle, settlements, me, NOW)

    def report(self, *reports: Report) -> set[tuple[str, str, str]]:
        return self.database.write_now(messages.report, reports, NOW)

    def state(self, row: Message) -> tuple[str, str | None, bool]:
        lines = self.database.read_now(messages.transcript, self.vault, "harif", row.conversation)
        return next((line.state, line.error, line.again) for line in lines if line.id == row.id)


@pytest.fixture
def desk(database: Database, vault: Vault) -> Desk:
    return Desk(database, vault)


def _ids(claimed: list[Claimed]) -> list[int]:
    return [row.id for row in claimed]


def test_rows_of_one_lane_are_claimed_in_order_and_once(desk: Desk) -> None:
    person = desk.person("1")
    rows = [desk.row(person, body=body) for body in (b"1", b"2", b"3")]
    claimed = desk.claim()
    assert [row.body for row in claimed] == [b"1", b"2", b"3"]
    assert _ids(claimed) == [row.id for row in rows]
    assert desk.claim(me="another") == []


def test_nothing_overtakes_a_row_that_is_being_sent_or_must_wait(desk: Desk) -> None:
    waits, sends, free = desk.person("1"), desk.person("2"), desk.person("3")
    late = desk.row(waits, not_before=NOW + 5000)
    behind = desk.row(waits)
    desk.row(sends, state="sending", lease_by="another", lease_until=NOW + 60_000)
    desk.row(sends)
    passes = desk.row(free)
    notice = desk.row(waits, lane="notice")
    assert set(_ids(desk.claim())) == {passes.id, notice.id}
    assert _ids(desk.claim(now=NOW + 5000)) == [late.id, behind.id]


@pytest.mark.parametrize("state", ["failed", "uncertain", "held", "accepted"])
def test_a_row_that_ended_holds_nobody(desk: Desk, state: str) -> None:
    person = desk.person("1")
    desk.row(person, state=state)
    next_row = desk.row(person)
    assert _ids(desk.claim()) == [next_row.id]


def test_dialogue_goes_first_and_the_limit_cuts_no_order(desk: Desk) -> None:
    one, two = desk.person("1"), desk.person("2")
    bulk = desk.row(one, lane="bulk")
    first, second = desk.row(two), desk.row(two)
    assert _ids(desk.claim(limit=1)) == [first.id]
    assert _ids(desk.claim(limit=5)) == [bulk.id]
    desk.settle(Settlement("harif", first.id, "accepted", "p"))
    assert _ids(desk.claim(lanes=["bulk"])) == []
    assert _ids(desk.claim()) == [second.id]


def test_a_predecessor_with_a_later_id_is_still_a_predecessor(desk: Desk) -> None:
    person = desk.person("1")
    early, late = new_id(), new_id()
    desk.row(person, seq=1, id=late)
    desk.row(person, seq=2, id=early)
    assert _ids(desk.claim(limit=1)) == [late]
    desk.settle(Settlement("harif", late, "accepted"))
    assert _ids(desk.claim(limit=1)) == [early]


def test_accounts_and_associations_do_not_mix(desk: Desk) -> None:
    desk.row(desk.person("1", channel="web"), channel="web")
    elsewhere = desk.person("1", association="ruhama")
    desk.row(elsewhere, association="ruhama")
    mine = desk.row(desk.person("1"))
    assert _ids(desk.claim()) == [mine.id]


def test_a_claimed_row_knows_its_address(desk: Desk) -> None:
    desk.row(desk.person("4711"), lane="notice", kind="say")
    (row,) = desk.claim()
    assert (row.handle, row.lane, row.again, row.stopped, row.attempts) == ("4711", "notice", False, False, 0)


def test_a_lease_that_ran_out_is_resent_once_where_nobody_can_be_asked_and_else_uncertain(desk: Desk) -> None:
    person, web = desk.person("1"), desk.person("9", channel="whatsapp")
    leased = {"state": "sending", "lease_by": "dead", "lease_until": NOW - 1}
    dialogue, notice, bulk = (desk.row(person, lane=lane, **leased) for lane in ("dialogue", "notice", "bulk"))
    asked = desk.row(web, channel="whatsapp", **leased)
    alive = desk.row(person, state="sending", lease_by="me", lease_until=NOW + 1)
    ended = desk.database.write_now(outbox.expire, NOW, ["telegram"])
    assert {id: state for _, id, state in ended} == {
        dialogue.id: "queued", notice.id: "queued", bulk.id: "uncertain", asked.id: "uncertain",
    }  # fmt: skip
    assert desk.state(dialogue) == ("queued", None, True)
    assert desk.state(alive)[0] == "sending"
    again = [row for row in desk.claim() if row.id == dialogue.id]
    assert again[0].again
    assert again[0].attempts == 1
    ended = desk.database.write_now(outbox.expire, NOW + 10**6, ["telegram"])
    assert (("harif", dialogue.id, "uncertain")) in ended


def test_a_person_releases_what_is_uncertain_and_it_says_so(desk: Desk) -> None:
    person = desk.person("1")
    uncertain, held, sent = (desk.row(person, state=state) for state in ("uncertain", "held", "accepted"))
    assert desk.database.read_now(outbox.uncertain) == [("harif", uncertain.id, "telegram")]
    rows = [("harif", row.id) for row in (uncertain, held, sent)]
    assert set(desk.database.write_now(outbox.release, rows, NOW)) == set(rows[:2])
    assert [(row.id, row.again) for row in desk.claim()] == [(uncertain.id, True), (held.id, False)]


def test_after_a_restore_nothing_unsent_goes_out_by_itself(desk: Desk) -> None:
    person = desk.person("1")
    rows = [desk.row(person), desk.row(person, state="sending", lease_by="x", lease_until=NOW)]
    assert desk.database.write_now(outbox.doubt_unsent, NOW) == 2
    assert {desk.state(row)[0] for row in rows} == {"uncertain"}
    assert desk.claim() == []


def test_a_passing_failure_goes_back_to_the_queue_only_for_whoever_leases_it(desk: Desk) -> None:
    row = desk.row(desk.person("1"))
    desk.claim()
    back = Settlement("harif", row.id, "queued", error="429", not_before=NOW + 7000)
    assert desk.settle(back, me="another") == set()
    assert desk.settle(back) == {("harif", row.id)}
    assert desk.claim() == []
    (again,) = desk.claim(now=NOW + 7000)
    assert (again.attempts, again.again) == (1, False)


def test_a_report_faster_than_the_sender_loses_neither_state_nor_id(desk: Desk) -> None:
    row = desk.row(desk.person("1"))
    desk.claim()
    desk.settle(Settlement("harif", row.id, "delivered"), me="callback")
    desk.settle(Settlement("harif", row.id, "accepted", "SM1"))
    assert desk.state(row)[0] == "delivered"
    assert desk.report(Report("harif", "telegram", "SM1", "read")) == {("harif", "telegram", "SM1")}
    for state in ("delivered", "read"):
        assert desk.report(Report("harif", "telegram", "SM1", state)) == set()
        assert desk.settle(Settlement("harif", row.id, state, "SM1")) == set()
    assert desk.state(row)[0] == "read"


def test_reports_of_another_association_or_unknown_ids_change_nothing(desk: Desk) -> None:
    row = desk.row(desk.person("1"), state="accepted", provider_id="SM1")
    incoming = desk.row(desk.person("1"), direction="in", state="received", provider_id="SM2")
    assert desk.report(
        Report("ruhama", "telegram", "SM1", "read"),
        Report("harif", "whatsapp", "SM1", "read"),
        Report("harif", "telegram", "SM2", "read"),
        Report("harif", "telegram", "SM3", "read"),
    ) == set()  # fmt: skip
    assert desk.settle(Settlement("ruhama", row.id, "read")) == set()
    assert (desk.state(row)[0], desk.state(incoming)[0]) == ("accepted", "received")


SETTLED = ["accepted", "delivered", "read", "failed", "uncertain", "queued"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(SETTLED), min_size=1, max_size=4), min_size=1, max_size=4))
def test_whatever_arrives_in_whatever_order_a_state_never_goes_back(desk: Desk, batches: list[list[str]]) -> None:
    row = desk.row(desk.person("1"), state="sending", lease_by="me", lease_until=NOW)
    furthest = RANK["sending"]
    for batch in batches:
        desk.settle(*(Settlement("harif", row.id, state) for state in batch), me="another")
        furthest = max(furthest, *(RANK[state] for state in batch))
        assert RANK[desk.state(row)[0]] == furthest


def test_the_lanes_in_which_others_are_still_sending_are_known(desk: Desk) -> None:
    person, other = desk.person("1"), desk.person("2")
    desk.row(person, state="sending", lease_by="another", lease_until=NOW + 1)
    desk.row(person, lane="notice")
    desk.row(person, lane="bulk", state="sending", lease_by="me", lease_until=NOW + 1)
    desk.row(other, lane="notice", state="accepted")
    known = desk.database.write_now(
        world.load, desk.vault, [("harif", person, None), ("harif", other, None)], "me", NOW
    )
    assert known[("harif", person)].busy == {"dialogue", "notice"}
    assert known[("harif", other)].busy == frozenset()


def test_a_batch_of_any_size_is_kept_whole(desk: Desk) -> None:
    """More rows than one statement takes, and every size around the prepared ones."""
    sizes = (1, 2, 63, 64, 65, 400, 401, 900)
    keys = [("harif", "telegram", f"n{number}") for number in range(max(sizes))]
    for size in sizes:

        def turn(connection: Connection, size: int = size) -> int:
            taken = conversations.take(connection, desk.vault, keys[:size], NOW)
            rows = []
            for stored in taken.values():
                stored.seq += 1
                rows.append(
                    Message("harif", new_id(), stored.id, stored.seq, "telegram", "in", "dialogue", "text", NOW, b"b")
                )
            conversations.save(connection, desk.vault, list(taken.values()))
            messages.insert_all(connection, desk.vault, rows)
            return len(taken)

        assert desk.database.write_now(turn) == size
    first = desk.database.write_now(conversations.take, desk.vault, keys[:1], NOW)[keys[0]]
    assert first.seq == len(sizes)
    assert len(desk.database.read_now(messages.transcript, desk.vault, "harif", first.id)) == len(sizes)


def test_a_transcript_goes_on_after_a_number_and_can_be_masked(desk: Desk) -> None:
    person = desk.person("1")
    rows = [desk.row(person, body=body) for body in (b"1", b"1012345672", b"3")]
    desk.database.write_now(messages.mask, desk.vault, "harif", rows[1].id, b"******5672")
    lines = desk.database.read_now(lambda c: messages.transcript(c, desk.vault, "harif", person, after=rows[0].seq))
    assert [line.body for line in lines] == [b"******5672", b"3"]
