"""Taking in: one transaction a batch, once, in order, and what fails hurts only itself."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

import bot.fold
from conversations.engine import advance
from conversations.events import Text
from storage import quarantine, schema
from storage.batch import Batch
from storage.columns import metadata
from storage.database import Contention, DatabaseAway
from storage.seen import digest_key
from tests.bot.desk import Desk, Paper, Person


async def test_an_event_its_turn_and_its_replies_are_kept_and_sent(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.say("السلام عليكم")
    assert [one.text for one in desk.heard("7001") if isinstance(one, Text)] == ["السلام عليكم"]
    assert desk.told("7001") == [one.text for one in paper.sent] != []
    assert set(desk.states("7001")) == {"accepted"}
    assert [row.provider_id for row in desk.rows("messages") if row.direction == "out"] == [
        f"SM{one.row}" for one in paper.sent
    ]


async def test_what_waits_together_is_one_transaction(desk: Desk) -> None:
    people = [Person(desk, str(number)) for number in range(20)]
    await asyncio.gather(*(person.send(person.text("السلام عليكم")) for person in people))
    # The first goes alone, the others wait for it together.
    assert len(desk.committed) <= 3
    assert all(desk.told(person.handle) for person in people)


async def test_a_conversation_hears_in_the_order_of_arrival(desk: Desk, noura: Person) -> None:
    texts = [f"كلام رقم {number}" for number in range(12)]
    await noura.say(*texts)
    assert [one.text for one in desk.heard("7001") if isinstance(one, Text)] == texts
    sequence = [line.seq for line in desk.transcript("7001")]
    assert sequence == sorted(set(sequence)) == list(range(1, len(sequence) + 1))


async def test_a_duplicate_changes_nothing_later_or_within_one_batch(desk: Desk, noura: Person) -> None:
    first = noura.text("السلام عليكم")
    await noura.send(first, first, first)
    before = desk.rows("messages", "id", "state"), desk.rows("conversations", "seq", "state")
    assert len(desk.heard("7001")) == 1
    await noura.send(first)
    assert (desk.rows("messages", "id", "state"), desk.rows("conversations", "seq", "state")) == before


async def test_the_same_key_at_another_account_is_another_event(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk((Paper("harif"), Paper("ruhama"), Paper("harif", "whatsapp")))
    for association, channel in (("harif", "telegram"), ("ruhama", "telegram"), ("harif", "whatsapp")):
        person = Person(desk, "7001", channel, association)
        await person.send(person.text("مرحبا", key="one"))
        assert len(desk.heard("7001", channel, association)) == 1


async def test_two_processes_take_a_duplicate_in_once(make_desk: Callable[..., Desk]) -> None:
    papers = Paper("harif"), Paper("harif")
    desks = [make_desk((papers[number],), own=True, me=f"p{number}") for number in range(2)]
    people = [Person(desk, "7001") for desk in desks]
    given = [people[0].text(f"كلام {number}", key=f"same-{number}") for number in range(12)]
    for one in given:
        await asyncio.gather(*(desk.intake.take("harif", "telegram", [one]) for desk in desks))
    for desk in desks:
        await desk.settle()
    texts = [one.text for one in desks[0].heard("7001") if isinstance(one, Text)]
    assert texts == [f"كلام {number}" for number in range(12)]
    sent = [one.row for paper in papers for one in paper.sent]
    assert len(sent) == len(set(sent))


# --- what fails ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], list[int]]:
    """Turns of events that say this word fail, so many times."""

    def fail(word: str, times: int = 10**6) -> list[int]:
        tries = [0]
        real = advance

        def turn(conversation: Any, event: Any, world: Any) -> Any:
            if isinstance(event, Text) and word in event.text and tries[0] < times:
                tries[0] += 1
                raise ValueError(f"a defect that quotes {event.text}")
            return real(conversation, event, world)

        monkeypatch.setattr(bot.fold, "advance", turn)
        return tries

    return fail


async def test_an_event_that_fails_hurts_only_itself(desk: Desk, bad: Any) -> None:
    bad("سيئة")
    people = [Person(desk, str(number)) for number in range(9)]
    texts = ["كلمة سيئة" if number == 4 else "السلام عليكم" for number in range(9)]
    await asyncio.gather(*(person.say(text) for person, text in zip(people, texts, strict=True)))
    assert [len(desk.heard(person.handle)) for person in people] == [1, 1, 1, 1, 0, 1, 1, 1, 1]
    assert all(desk.told(person.handle) for person in people)


async def test_after_three_tries_it_is_set_apart_staff_hear_and_the_person_is_told(
    desk: Desk, noura: Person, paper: Paper, bad: Any, associations: Any
) -> None:
    tries = bad("سيئة")
    await noura.say("كلمة سيئة")
    assert tries[0] == 3
    (apart,) = desk.ask(quarantine.waiting)
    assert (apart.association, apart.channel, apart.attempts, apart.error) == ("harif", "telegram", 3, "ValueError")
    assert desk.alarms() == {"quarantine": 1}
    assert [one.text for one in paper.sent] == [associations["harif"].wording["ar"]("quarantine.told")]
    body = desk.do(quarantine.body, desk.vault, "harif", apart.id)
    assert "كلمة سيئة".encode() in body
    assert "كلمة سيئة".encode() not in next(row.body for row in desk.rows("quarantine"))


async def test_a_quarantined_event_leaves_the_conversation_as_good_as_before(
    desk: Desk, noura: Person, paper: Paper, bad: Any
) -> None:
    bad("سيئة")
    for text in ("السلام عليكم", "كلمة سيئة", "كلمة سيئة", "السلام عليكم"):
        desk.now += timedelta(seconds=1)
        await noura.say(text)
    texts = [one.text for one in desk.heard("7001") if isinstance(one, Text)]
    assert texts == ["السلام عليكم", "السلام عليكم"]
    assert len(desk.ask(quarantine.waiting)) == 2
    assert desk.told("7001") == [one.text for one in paper.sent]


async def test_a_quarantined_event_that_comes_again_is_recognised(desk: Desk, noura: Person, bad: Any) -> None:
    bad("سيئة")
    one = noura.text("كلمة سيئة")
    await noura.send(one)
    await noura.send(one)
    assert len(desk.ask(quarantine.waiting)) == 1
    assert len(desk.told("7001")) == 1


async def test_a_passing_defect_is_tried_again_at_once(desk: Desk, noura: Person, bad: Any) -> None:
    bad("سيئة", times=2)
    await noura.say("كلمة سيئة")
    assert len(desk.heard("7001")) == 1
    assert desk.ask(quarantine.waiting) == []


async def test_events_behind_a_bad_one_are_taken_in(desk: Desk, noura: Person, bad: Any) -> None:
    bad("سيئة")
    await noura.say("السلام عليكم", "كلمة سيئة", "ابغى دعم")
    assert [one.text for one in desk.heard("7001") if isinstance(one, Text)] == ["السلام عليكم", "ابغى دعم"]


async def test_a_timer_that_fails_is_set_apart_once(desk: Desk, noura: Person, monkeypatch: Any) -> None:
    await noura.open("complain")
    for _ in range(3):
        await noura.go_on()
    assert desk.rows("timers", "timer")
    real = advance

    def turn(conversation: Any, event: Any, world: Any) -> Any:
        if event.__struct_config__.tag == "time_passed":
            raise ValueError
        return real(conversation, event, world)

    monkeypatch.setattr(bot.fold, "advance", turn)
    await desk.later(days=30)
    many = len(desk.ask(quarantine.waiting))
    assert many >= 1
    for _ in range(3):
        await desk.later(minutes=5)
    assert len(desk.ask(quarantine.waiting)) == many


async def test_what_happens_after_the_commit_cannot_stop_the_intake(
    desk: Desk, noura: Person, monkeypatch: Any
) -> None:
    monkeypatch.setattr(desk.intake, "after_commit", lambda committed: 1 / 0)
    async with asyncio.timeout(5):
        await noura.say("السلام عليكم")
        await noura.say("ابغى دعم")
    assert len(desk.heard("7001")) == 2


async def test_a_caller_who_left_stops_nobody_else(desk: Desk, noura: Person, bad: Any) -> None:
    bad("سيئة")
    other = Person(desk, "7002")
    gone = [asyncio.ensure_future(desk.intake.take("harif", "telegram", [noura.text("كلمة سيئة")])) for _ in range(2)]
    await asyncio.sleep(0)
    for one in gone:
        one.cancel()
    async with asyncio.timeout(5):
        await other.say("السلام عليكم")
    assert len(desk.heard("7002")) == 1


# --- a database that is away -----------------------------------------------------------------------------------------


async def test_a_database_that_is_away_is_said_and_nothing_is_lost(
    desk: Desk, noura: Person, paper: Paper, monkeypatch: Any
) -> None:
    await noura.say("السلام عليكم")
    real = desk.database._transact

    def away(function: Any, args: Any) -> Any:
        raise DatabaseAway("away")

    monkeypatch.setattr(desk.database, "_transact", away)
    one = noura.text("ابغى دعم")
    with pytest.raises(DatabaseAway):
        await desk.intake.take("harif", "telegram", [one])
    monkeypatch.setattr(desk.database, "_transact", real)
    assert desk.ask(quarantine.waiting) == []
    await noura.send(one)
    assert [one.text for one in desk.heard("7001") if isinstance(one, Text)] == ["السلام عليكم", "ابغى دعم"]


async def test_marks_survive_a_database_that_is_away(desk: Desk, noura: Person, paper: Paper, monkeypatch: Any) -> None:
    paper.gate = asyncio.Event()
    await desk.intake.take("harif", "telegram", [noura.text("السلام عليكم")])
    real = desk.database._transact

    def away(function: Any, args: Any) -> Any:
        raise DatabaseAway("away")

    monkeypatch.setattr(desk.database, "_transact", away)
    paper.gate.set()
    await asyncio.sleep(0.2)
    assert desk.intake.marks
    monkeypatch.setattr(desk.database, "_transact", real)
    await desk.settle()
    assert set(desk.states("7001")) == {"accepted"}


async def test_locks_held_by_others_halve_the_batch(desk: Desk, monkeypatch: Any) -> None:
    real = desk.database._transact
    sizes: list[int] = []

    def contended(function: Any, args: Any) -> Any:
        if function == desk.intake._fold:
            sizes.append(len(args[0]))
            if len(args[0]) > 2:
                raise Contention("locks")
        return real(function, args)

    monkeypatch.setattr(desk.database, "_transact", contended)
    people = [Person(desk, str(number)) for number in range(8)]
    for person in people:
        desk.intake.put(_arrived(person))
    await desk.settle()
    assert all(len(desk.heard(person.handle)) == 1 for person in people)
    assert max(sizes) == 8 and sizes.count(2) == 4


def _arrived(person: Person) -> bot.fold.Arrived:
    one = person.text("السلام عليكم")
    key = digest_key(person.channel, one.key)
    return bot.fold.Arrived(person.association, person.channel, person.handle, one.event, key=key, incoming=one)


# --- masks -----------------------------------------------------------------------------------------------------------

IDENTITY = ("1012345672", "١٠١٢٣٤٥٦٧٢", "101 234 5672")


@pytest.mark.parametrize("typed", IDENTITY)
async def test_a_typed_identity_number_is_masked_and_taken_out_of_the_chat(
    desk: Desk, noura: Person, paper: Paper, typed: str
) -> None:
    await noura.say("السلام عليكم")
    one = noura.text(f"هويتي {typed}")
    await noura.send(one)
    assert paper.deleted == [("7001", one.provider_id)]
    digits = re.compile("1012345672")
    for event_ in desk.heard("7001"):
        assert not digits.search(_digits(repr(event_)))
    for text in desk.told("7001"):
        assert not digits.search(_digits(text))


@pytest.mark.parametrize("typed", IDENTITY)
async def test_no_column_of_the_database_holds_what_was_typed(desk: Desk, typed: str) -> None:
    noura = Person(desk, "700170017001")  # as no id and no digest ever reads
    await noura.say("السلام عليكم")
    await noura.say(f"هويتي {typed}")
    await noura.say("اسمي نورة بنت سالم")
    needles = [typed.encode(), b"1012345672", "نورة".encode(), noura.handle.encode()]
    found = 0
    for table in metadata.sorted_tables:
        for row in desk.ask(lambda c, table=table: c.execute(select(table)).all()):
            for value in row:
                found += 1
                raw = value if isinstance(value, bytes) else str(value).encode()
                if isinstance(value, int):
                    continue
                assert not [needle for needle in needles if needle in raw], table.name
    assert found > 50
    if desk.database.is_sqlite:
        desk.do(lambda c: None)
        raw = b"".join(path.read_bytes() for path in desk.database.path.parent.glob("wasl.db*"))
        assert len(raw) > 10_000
        assert not [needle for needle in needles[:3] if needle in raw]


def _digits(text: str) -> str:
    table = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")
    return re.sub(r"[\s-]", "", text.translate(table))


async def test_where_nothing_can_be_deleted_nothing_is_tried(make_desk: Callable[..., Desk]) -> None:
    paper = Paper("harif", "whatsapp")
    desk = make_desk((paper,))
    person = Person(desk, "+966500000001", "whatsapp")
    await person.say("السلام عليكم")
    await person.say("هويتي 1012345672")
    assert paper.deleted == []
    assert "1012345672" not in repr(desk.heard("+966500000001", "whatsapp"))


# --- how many statements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 32])
async def test_a_plain_batch_takes_at_most_eight_statements(desk: Desk, size: int, monkeypatch: Any) -> None:
    people = [Person(desk, str(number)) for number in range(size)]
    for person in people:
        await person.say("السلام عليكم")
    counted: list[str] = []
    run = Batch.run

    def counting(self: Any, connection: Any, rows: Any, **scalars: Any) -> Any:
        if rows:
            counted.append("batch")
        return run(self, connection, rows, **scalars)

    def other(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if not statement.upper().startswith(("BEGIN", "COMMIT", "PRAGMA")):
            counted.append(statement)

    monkeypatch.setattr(Batch, "run", counting)
    event.listen(Engine, "before_cursor_execute", other)
    try:
        for person in people:
            desk.intake.put(_arrived(person))
        await desk.intake.drain()
        mine, counted[:] = list(counted), []
        assert 4 <= len(mine) <= 8, mine
        for person in people:
            desk.intake.put(_arrived(person))
        await desk.intake.drain()  # the marks of the sends before ride along
        assert len(counted) <= 8, counted
    finally:
        event.remove(Engine, "before_cursor_execute", other)
    await desk.settle()
    assert all(state == "accepted" for person in people for state in desk.states(person.handle))


async def test_first_words_of_many_people_take_no_statement_for_each(desk: Desk, monkeypatch: Any) -> None:
    counts = []
    for size in (2, 40):
        counted: list[str] = []

        def other(connection: Any, cursor: Any, statement: str, *more: Any, counted: list[str] = counted) -> None:
            counted.append(statement)

        event.listen(Engine, "before_cursor_execute", other)
        try:
            for number in range(size):
                desk.intake.put(_arrived(Person(desk, f"+96650{size}{number:05}")))
            await desk.intake.drain()
        finally:
            event.remove(Engine, "before_cursor_execute", other)
        counts.append(len(counted))
        await desk.settle()
    assert counts[1] <= counts[0] + 4


async def test_the_numbers_of_messages_go_on_across_batches(desk: Desk, noura: Person) -> None:
    for _ in range(3):
        await noura.say("السلام عليكم", "السلام عليكم")
    sequence = [line.seq for line in desk.transcript("7001")]
    assert sequence == list(range(1, len(sequence) + 1))
    seq = schema.conversations.c.seq
    assert desk.ask(lambda c: c.scalar(select(seq))) == len(sequence)


async def test_an_event_for_a_conversation_that_is_gone_is_dropped(desk: Desk) -> None:
    event_ = Text(id="x", at=desk.now, text="x")
    async with asyncio.timeout(5):
        await desk.intake.put(bot.fold.Arrived("harif", "", "", event_, conversation=404))
    assert desk.rows("messages") == []
