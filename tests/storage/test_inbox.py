"""The queue's rows and the inbox's lists, on both databases."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, true, update

from conversations.conversation import Address, Conversation
from storage import conversations, handoffs, inbox, messages, staff, world
from storage.conversations import Stored
from storage.database import Database
from storage.handoffs import NOBODY, Handoff
from storage.ids import new_id
from storage.inbox import Filters
from storage.messages import Message
from storage.schema import cases
from storage.schema import conversations as conversations_table
from storage.schema import handoffs as handoffs_table
from storage.schema_desk import excluded
from storage.staff import Member
from storage.vault import Vault

NOW = 1_795_000_000_000
MINUTE = 60_000
ALL = true()


def person(connection: Connection, vault: Vault, handle: str, **columns: Any) -> Stored:
    stored = conversations.take(connection, vault, [("harif", "telegram", handle)], NOW)["harif", "telegram", handle]
    if columns:
        c = conversations_table.c
        connection.execute(update(conversations_table).where(c.id == stored.id).values(columns))
    return stored


def waits(conversation: int, reason: str = "asked", **more: Any) -> Handoff:
    return Handoff("harif", new_id(), conversation, reason, **{"at": NOW, "due": NOW, **more})


def rows(connection: Connection, vault: Vault) -> list[tuple[str, str, str]]:
    return [(one.reason, one.also, one.reference) for one in handoffs.waiting(connection, vault, "harif")]


def test_a_second_reason_joins_the_open_row_and_the_gravest_leads(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        one = person(connection, vault, "1").id
        handoffs.add(connection, vault, [waits(one, "voice"), waits(one, "voice"), waits(one, "asked")])
        assert rows(connection, vault) == [("voice", "asked", "")]
        handoffs.add(connection, vault, [waits(one, "urgent", urgent=True, callback="خلف المسجد", at=NOW + 5)])
        (row,) = handoffs.of_conversation(connection, vault, "harif", one)
        assert (row.reason, row.also, row.urgent, row.callback, row.at) == (
            "urgent", "voice asked", True, "خلف المسجد", NOW,
        )  # fmt: skip
        # Another matter of theirs is a row of its own, and so is what the protection officer alone may know.
        handoffs.add(
            connection, vault, [waits(one, "question", reference="HRF-1"), waits(one, "abuse", restricted=True)]
        )
        assert rows(connection, vault) == [("urgent", "voice asked", ""), ("question", "", "HRF-1")]
        handoffs.add(connection, vault, [waits(one, "unreachable", reference="HRF-1")])
        assert len(handoffs.of_conversation(connection, vault, "harif", one)) == 3
        # Dealt with: what comes then is a new one.
        assert handoffs.done(connection, "harif", one, NOW) == 3
        handoffs.add(connection, vault, [waits(one, "asked")])
        assert rows(connection, vault) == [("asked", "", "")]

    database.write_now(work)


def test_anonymous_matters_stay_apart(database: Database, vault: Vault) -> None:
    given = [waits(NOBODY, "grave_complaint", reference=f"HRF-{number}") for number in range(2)]
    database.write_now(handoffs.add, vault, given)
    assert len(database.read_now(handoffs.waiting, vault, "harif")) == 2
    assert database.write_now(handoffs.close, "harif", given[0].id, "7", NOW)
    assert not database.write_now(handoffs.close, "harif", given[0].id, "8", NOW)
    assert len(database.read_now(handoffs.waiting, vault, "harif")) == 1


def test_what_makes_it_graver_has_it_looked_at_again_and_what_does_not_leaves_the_offer(
    database: Database, vault: Vault
) -> None:
    def work(connection: Connection) -> None:
        one = person(connection, vault, "1").id
        handoffs.add(connection, vault, [waits(one)])
        (row,) = handoffs.claim_due(connection, NOW, ["harif"])
        offer = row._replace(offered_to=7, offers=2, tried="5", due=NOW + MINUTE)
        handoffs.keep_steps(connection, [offer])
        assert not handoffs.any_due(connection, NOW, ["harif"])
        handoffs.add(connection, vault, [waits(one, "voice")])
        (row,) = handoffs.of_conversation(connection, vault, "harif", one)
        assert (row.offered_to, row.offers, row.tried, row.due) == (7, 2, "5", NOW + MINUTE)
        handoffs.add(connection, vault, [waits(one, "asked_for_woman", women_only=True, at=NOW + 9)])
        (row,) = handoffs.of_conversation(connection, vault, "harif", one)
        assert (row.women_only, row.offered_to, row.offers, row.tried, row.due) == (True, None, 0, "", NOW + 9)

    database.write_now(work)


def test_only_what_is_due_untaken_and_served_here_is_claimed(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> list[int]:
        ids = [person(connection, vault, str(number)).id for number in range(4)]
        given = [waits(ids[0]), waits(ids[1], due=NOW + 1), waits(ids[2], urgent=True), waits(ids[3])]
        handoffs.add(connection, vault, given)
        handoffs.hold(connection, "harif", ids[3], 7, NOW, replied=False)
        assert handoffs.claim_due(connection, NOW, ["ruhama"]) == []
        return [one.conversation for one in handoffs.claim_due(connection, NOW, ["harif"])] + ids

    first, second, *ids = database.write_now(work)
    assert [first, second] == [ids[2], ids[0]]


def test_two_processes_never_look_at_the_same_row_at_once(database: Database, vault: Vault, backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("one writer")

    def fill(connection: Connection) -> None:
        given = [waits(person(connection, vault, str(number)).id) for number in range(6)]
        handoffs.add(connection, vault, given)

    database.write_now(fill)
    other = Database(database.url.render_as_string(hide_password=False))
    try:

        def first(connection: Connection) -> tuple[int, int]:
            mine = handoffs.claim_due(connection, NOW, ["harif"], 4)
            theirs = other.write_now(handoffs.claim_due, NOW, ["harif"], 6)
            assert not {one.id for one in mine} & {one.id for one in theirs}
            return len(mine), len(theirs)

        assert database.write_now(first) == (4, 2)
        # What the first had claimed and not kept is free again.
        assert len(database.write_now(handoffs.claim_due, NOW, ["harif"])) == 6
    finally:
        other.close()


def test_a_process_that_dies_between_claim_and_commit_has_offered_nothing(database: Database, vault: Vault) -> None:
    database.write_now(lambda c: handoffs.add(c, vault, [waits(person(c, vault, "1").id)]))

    def dies(connection: Connection) -> None:
        (row,) = handoffs.claim_due(connection, NOW, ["harif"])
        handoffs.keep_steps(connection, [row._replace(offered_to=7, offers=1, due=NOW + MINUTE)])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write_now(dies)
    (row,) = database.write_now(handoffs.claim_due, NOW, ["harif"])
    assert (row.offered_to, row.offers) == (None, 0)


def test_what_waits_comes_in_pages_mine_first_then_urgent_then_oldest(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        expected = []
        for number in range(25):
            id = person(connection, vault, str(number)).id
            offered, urgent = number % 5 == 0, number % 3 == 0
            at = NOW + (number * 7 % 11) * MINUTE
            one = waits(id, urgent=urgent, offered_to=9 if offered else 8, at=at)
            handoffs.add(connection, vault, [one])
            expected.append((not offered, not urgent, at, one.id, id))
        seen: list[int] = []
        after = None
        for _ in range(4):
            page = inbox.waiting(connection, "harif", ALL, 9, after=after, limit=7)
            seen += [row.conversation for _, row in page]
            after = page[-1][0]
        assert seen == [one[-1] for one in sorted(expected)]
        assert inbox.count_waiting(connection, "harif", ALL) == (25, 9)
        assert inbox.waiting(connection, "ruhama", ALL, 9) == []

    database.write_now(work)


def test_filters_know_only_what_is_there(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        one, two = (person(connection, vault, str(number)).id for number in range(2))
        given = [waits(one, "voice"), waits(one, "asked"), waits(two, "technical", role="management")]
        handoffs.add(connection, vault, given)
        found = inbox.choices(connection, "harif", ALL)
        assert found == {"channel": ["telegram"], "reason": ["asked", "technical", "voice"], "role": ["management"]}

        def by(**filters: str) -> list[int]:
            page = inbox.waiting(connection, "harif", ALL, 9, filters=Filters(**filters))
            return [row.conversation for _, row in page]

        assert by(reason="asked") == [one]
        assert by(reason="ask") == by(reason="%") == []
        assert by(role="management") == [two]
        assert by(channel="telegram") == [one, two]
        assert by(channel="whatsapp") == []

    database.write_now(work)


def test_held_ones_are_mine_who_owe_an_answer_first_or_others_newest_first(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        calm = person(connection, vault, "1", holder="staff:9", updated=NOW + 9).id
        owed = person(connection, vault, "2", holder="staff:9", waits_since=NOW, updated=NOW).id
        longer = person(connection, vault, "3", holder="staff:9", waits_since=NOW - 5, updated=NOW).id
        theirs = [person(connection, vault, f"4{n}", holder="staff:8", updated=NOW + n).id for n in range(3)]
        person(connection, vault, "5", holder="queue")
        person(connection, vault, "6")
        mine = inbox.held(connection, "harif", ALL, 9, mine=True)
        assert [row.conversation for row in mine] == [longer, owed, calm]
        first = inbox.held(connection, "harif", ALL, 9, mine=False, limit=2)
        assert [row.conversation for row in first] == [theirs[2], theirs[1]]
        after = (first[-1].updated or 0, first[-1].conversation)
        rest = inbox.held(connection, "harif", ALL, 9, mine=False, after=after)
        assert [row.conversation for row in rest] == [theirs[0]]
        assert inbox.count_held(connection, "harif", ALL, 9) == (3, 2, 3)

    database.write_now(work)


def test_names_and_last_words_are_read_for_the_rows_shown_alone(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        stored = person(connection, vault, "7712345", beneficiary=5)
        stranger = person(connection, vault, "7700001")
        known = world.Beneficiary("harif", 5, {"full_name": "نورة السالم"}, {})
        world.save_beneficiaries(connection, vault, [known], NOW)
        lines = [("in", "أول"), ("in", "ثانٍ"), ("out", "رد")]
        given = [
            Message("harif", new_id(), stored.id, seq, "telegram", way, "dialogue", "text", NOW + seq, body.encode())
            for seq, (way, body) in enumerate(lines, 1)
        ]
        messages.insert_all(connection, vault, given)
        handoffs.add(connection, vault, [waits(stored.id), waits(stranger.id)])
        shown = [row for _, row in inbox.waiting(connection, "harif", ALL, 9)]
        assert inbox.names(connection, vault, "harif", shown) == {stored.id: "نورة السالم"}
        last = inbox.last_words(connection, vault, "harif", [stored.id, stranger.id, NOBODY])
        assert {id: one.body.decode() for id, one in last.items()} == {stored.id: "ثانٍ"}
        assert inbox.tails(connection, vault, "harif", [stranger.id]) == {stranger.id: "001"}

    database.write_now(work)


def test_who_works_here_carries_what_they_hold_and_what_they_were_offered(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        one, two, gone = (staff.add(connection, vault, f"w{n}", f"w{n}", NOW) for n in range(3))
        staff.join(connection, Member("harif", one, frozenset({"contact_officer"}), frozenset({"training"})), NOW)
        staff.join(connection, Member("harif", two, frozenset({"management"}), woman=True, capacity=3), NOW)
        staff.join(connection, Member("harif", gone, frozenset({"management"}), ended_at=NOW), NOW)
        staff.saw(connection, "harif", one, NOW)
        inbox.be(connection, "harif", two, "away")
        person(connection, vault, "1", holder=f"staff:{one}")
        waiting = person(connection, vault, "2", holder="queue").id
        handoffs.add(connection, vault, [waits(waiting, offered_to=one)])
        found = {candidate.staff: candidate for candidate in inbox.candidates(connection, "harif")}
        assert set(found) == {one, two}
        assert (found[one].load, found[one].categories, found[one].away) == (2, frozenset({"training"}), False)
        assert (found[two].load, found[two].capacity, found[two].woman, found[two].away) == (0, 3, True, True)
        assert inbox.present(connection, "harif", NOW + MINUTE) == {one}
        assert inbox.present(connection, "harif", NOW + 6 * MINUTE) == frozenset()

    database.write_now(work)


def test_whoever_is_excluded_from_the_case_or_the_conversation_is_never_asked(database: Database, vault: Vault) -> None:
    def exclude(connection: Connection, subject: str, worker: int) -> None:
        connection.execute(insert(excluded).values(association="harif", subject=subject, staff=worker, by=0, at=NOW))

    def file(connection: Connection, reference: str, whose: int | None) -> int:
        id = new_id()
        connection.execute(
            insert(cases).values(
                association="harif", id=id, reference=reference, kind="complaint", stage="received",
                beneficiary=whose, opened_at=NOW, updated=NOW,
            )
        )  # fmt: skip
        return id

    def work(connection: Connection) -> None:
        named, other, calm = (person(connection, vault, str(number), beneficiary=number).id for number in range(3))
        exclude(connection, f"conversation:{named}", 1)
        exclude(connection, f"case:{file(connection, 'HRF-1', 1)}", 2)
        exclude(connection, f"case:{file(connection, 'HRF-2', None)}", 3)
        given = [waits(named), waits(other), waits(NOBODY, reference="HRF-2"), waits(calm)]
        handoffs.add(connection, vault, given)
        out = handoffs.excluded_from(connection, given)
        assert [out.get(one.id, frozenset()) for one in given] == [{1}, {2}, {3}, frozenset()]
        assert handoffs.cases_of(connection, given) == {("harif", "HRF-2"): handoffs.About("complaint", "", "")}

    database.write_now(work)


def test_a_list_has_another_pulse_after_every_change(database: Database, vault: Vault) -> None:
    beats = []

    def beat() -> None:
        beats.append(database.read_now(inbox.pulse, "harif"))

    beat()
    stored = database.write_now(person, vault, "1")
    database.write_now(handoffs.add, vault, [waits(stored.id)])
    beat()
    (row,) = database.write_now(handoffs.claim_due, NOW, ["harif"])
    database.write_now(handoffs.keep_steps, [row._replace(offered_to=7, offers=1, due=NOW + MINUTE)])
    beat()
    database.write_now(lambda c: handoffs.hold(c, "harif", stored.id, 7, NOW, replied=False))
    beat()
    database.write_now(lambda c: person(c, vault, "1", holder="staff:7", updated=NOW + 1))
    beat()
    database.write_now(handoffs.done, "harif", stored.id, NOW)
    beat()
    assert len(set(beats)) == len(beats)
    assert database.read_now(inbox.updated, "harif", [stored.id]) == {stored.id: NOW + 1}


def test_a_returned_request_is_called_for_once_each_time_it_was_returned(database: Database, vault: Vault) -> None:
    from storage import clocks

    def work(connection: Connection) -> None:
        stored = person(connection, vault, "1")
        for number, (kind, stage, updated, closed) in enumerate(
            [
                ("request", "returned", NOW - 10, None),
                ("request", "returned", NOW + 10, None),
                ("request", "verifying", NOW - 10, None),
                ("complaint", "returned", NOW - 10, None),
                ("request", "returned", NOW - 10, NOW),
            ]
        ):
            connection.execute(
                insert(cases).values(
                    association="harif", id=number + 1, reference=f"HRF-{number}", kind=kind, stage=stage,
                    conversation=stored.id, opened_at=NOW, updated=updated, closed_at=closed, moves=2,
                )
            )  # fmt: skip
        (found,) = inbox.returned(connection, "harif", NOW)
        assert found == inbox.Returned(stored.id, "HRF-0", "returned:1:2")
        clocks.remind(connection, "harif", [found.subject], "waiting_for_information", NOW)
        assert inbox.returned(connection, "harif", NOW) == []
        connection.execute(update(cases).where(cases.c.id == 1).values(moves=4))
        assert [one.subject for one in inbox.returned(connection, "harif", NOW)] == ["returned:1:4"]

    database.write_now(work)


def test_a_queue_of_an_older_version_is_looked_at_too(database: Database, vault: Vault) -> None:
    """Rows of before the desk have no time at which they are due, and may be several of one conversation."""

    def work(connection: Connection) -> None:
        one = person(connection, vault, "1").id
        for id in (1, 2):
            connection.execute(
                insert(handoffs_table).values(association="harif", id=id, conversation=one, reason="asked", at=NOW)
            )
        assert len(handoffs.claim_due(connection, NOW, ["harif"])) == 2
        handoffs.add(connection, vault, [waits(one, "voice")])
        also = connection.execute(select(handoffs_table.c.id, handoffs_table.c.also).order_by(handoffs_table.c.id))
        assert [tuple(row) for row in also] == [(1, "voice"), (2, "")]

    database.write_now(work)


def test_an_address_of_another_association_is_nowhere(database: Database, vault: Vault) -> None:
    conversation = Conversation(association="ruhama", address=Address("telegram", "1"))
    assert conversation.holder == "bot"
    theirs = database.write_now(lambda c: conversations.take(c, vault, [("ruhama", "telegram", "1")], NOW))
    (stored,) = theirs.values()
    assert database.read_now(inbox.seen_among, "harif", [stored.id], ALL) == set()
    assert database.read_now(inbox.updated, "harif", [stored.id]) == {}
