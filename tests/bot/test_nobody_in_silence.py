"""Whatever was decided reaches its person or a worker: also where several things happened at once, where the first way
failed, and where they heard only that there is news."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from bot import appointments, errands
from bot import notices as chain
from bot.channels.contract import UseAnotherChannel, UseTemplate
from conversations.cases.calendar import here
from conversations.events import Unreachable
from storage import erasure, notices, people, tasks, timers
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.schema import messages as messages_table
from storage.tasks import Task
from storage.times import moment
from tests.bot.desk import Desk, Paper, Person, error, milliseconds
from tests.bot.test_notices import PHONE, agreed, blocked, move, too

REFUSED = {"reason": "سبب", "help": "عون"}


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("whatsapp", "sms")}


async def before_committee(desk: Desk, reference: str) -> None:
    for name in ("verify", "pass_on"):
        move(desk, reference, name, "relations_officer")
    await desk.run()
    await desk.later(minutes=3)


def refuse(desk: Desk, reference: str) -> None:
    move(desk, reference, "refuse", "committee", given=REFUSED, confirmed=True)


def tonight(desk: Desk) -> None:
    desk.now = here(desk.now).replace(hour=23, minute=0).astimezone(desk.now.tzinfo)


async def next_morning(desk: Desk) -> None:
    await desk.later(hours=9, minutes=1)
    await desk.later(minutes=3)


def of(desk: Desk, reference: str) -> list[Any]:
    return sorted((one for one in desk.rows("notices") if one.reference == reference), key=lambda one: one.id)


def all_tasks(desk: Desk) -> list[Task]:
    ids = sorted(row.id for row in desk.rows("tasks"))
    return [desk.ask(tasks.get, desk.vault, "harif", id) for id in ids]


def still_open(desk: Desk) -> list[Task]:
    return [one for one in all_tasks(desk) if one.state == tasks.OPEN]


def spoken(desk: Desk, task: Task) -> errands.Spoken:
    said = desk.ask(errands.spoken, desk.vault, desk.associations["harif"], task, "ar", desk.now)
    assert isinstance(said, errands.Spoken)
    return said


def record(desk: Desk, task: Task, outcome: str, **more: Any) -> None:
    """As a worker says what came of it."""

    def do(connection: Connection) -> None:
        def wake(conversation: int, timer: str) -> None:
            timers.set_all(connection, [timers.Timer("harif", conversation, timer, milliseconds(desk.now))])

        known = tasks.get(connection, desk.vault, "harif", task.id, lock=True)
        assert known is not None
        association = desk.associations["harif"]
        errands.record(connection, desk.vault, association, known, outcome, 1, "", desk.now, wake, **more)

    desk.do(do)


# --- several things at once ------------------------------------------------------------------------------------------


async def news_and_a_refusal_by_night(desk: Desk, noura: Person) -> tuple[str, str]:
    first, second = await noura.apply(), await noura.apply()
    await before_committee(desk, second)
    tonight(desk)
    move(desk, first, "verify", "relations_officer")
    refuse(desk, second)
    return first, second


async def test_a_refusal_that_waited_the_night_beside_other_news_is_told_by_a_call_where_nobody_opens_it(
    desk: Desk, noura: Person
) -> None:
    first, second = await news_and_a_refusal_by_night(desk, noura)
    await next_morning(desk)
    assert first in noura.told[-1]
    await desk.later(days=4)
    (task,) = still_open(desk)
    assert (task.kind, task.why, task.reference) == ("call", "unopened", second)
    assert "سبب" in spoken(desk, task).opened
    assert [one.state for one in of(desk, first)] == ["reached"]
    assert of(desk, second)[-1].state == "with_staff"
    record(desk, task, "reached", opened=True)
    assert (of(desk, second)[-1].state, of(desk, second)[-1].why) == ("reached", "told")


async def test_what_waited_together_and_no_message_brought_is_a_call_for_each_case(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    first, second = await news_and_a_refusal_by_night(desk, noura)
    blocked(paper)
    await next_morning(desk)
    assert sorted(task.reference for task in still_open(desk)) == sorted([first, second])


async def test_by_telephone_each_case_has_a_call_of_its_own_and_its_own_words(desk: Desk, noura: Person) -> None:
    first, second = await noura.apply(), await noura.apply()
    await before_committee(desk, second)
    agreed(desk, "phone")
    tonight(desk)
    move(desk, first, "verify", "relations_officer")
    refuse(desk, second)
    await next_morning(desk)
    calls = {task.reference: task for task in still_open(desk)}
    assert set(calls) == {first, second}
    assert first in spoken(desk, calls[first]).said and "سبب" in spoken(desk, calls[second]).opened
    record(desk, calls[first], "reached")
    assert of(desk, first)[-1].state == "reached" and of(desk, second)[-1].state != "reached"


async def test_what_happens_while_a_call_is_open_is_said_in_it_too(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    for name in ("verify", "pass_on"):
        move(desk, reference, name, "relations_officer")
        await desk.run()
    (task,) = still_open(desk)
    said = spoken(desk, task).said
    assert "مراجعة" in said and "اللجنة" in said
    refuse(desk, reference)
    await desk.run()
    (task,) = still_open(desk)
    told = spoken(desk, task)
    assert "سبب" not in told.said and "مراجعة" in told.opened and "سبب" in told.opened


async def test_what_happens_while_somebody_is_calling_is_another_call(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    (first,) = still_open(desk)
    desk.do(tasks.take, "harif", first.id, 1)
    move(desk, reference, "pass_on", "relations_officer")
    await desk.run()
    record(desk, first, "reached")
    assert [one.state for one in of(desk, reference)] == ["reached", "out"]
    (second,) = still_open(desk)
    assert "اللجنة" in spoken(desk, second).said


# --- what only says that there is news -------------------------------------------------------------------------------


async def complained(desk: Desk) -> tuple[Person, str]:
    there = Person(desk, PHONE, "whatsapp")
    await there.say("السلام عليكم")
    return there, await there.complain()


def assess(desk: Desk, reference: str) -> None:
    move(desk, reference, "assess", "follow_up_committee", given={"severity": "low"})


def delivered(desk: Desk) -> None:
    m = messages_table.c
    desk.do(lambda c: c.execute(update(messages_table).where(m.direction == "out").values(state="delivered")))


async def test_a_quiet_kind_that_fails_outside_the_window_goes_as_its_template(
    desk: Desk, others: dict[str, Paper]
) -> None:
    _, reference = await complained(desk)
    whatsapp = others["whatsapp"]
    whatsapp.approved = frozenset({"news", "moved"})
    whatsapp.fails[PHONE].append(error(UseTemplate, "63016"))
    before = len(whatsapp.sent)
    assess(desk, reference)
    for _ in range(4):
        await desk.later(minutes=1)
    assert [say.template for say in whatsapp.says[before:]] == ["news"]
    assert of(desk, reference)[-1].state == "out"


async def test_the_next_news_is_said_where_the_last_never_arrived(desk: Desk, others: dict[str, Paper]) -> None:
    _, reference = await complained(desk)
    whatsapp = others["whatsapp"]
    whatsapp.fails[PHONE].append(error(UseAnotherChannel, "30003"))
    assess(desk, reference)
    for _ in range(3):
        await desk.later(minutes=1)
    (task,) = still_open(desk)
    before = len(whatsapp.sent)
    move(desk, reference, "investigate", "follow_up_committee")
    await desk.run()
    assert len(whatsapp.sent) == before + 1
    record(desk, task, "reached", opened=True)
    delivered(desk)
    await desk.later(minutes=3)
    assert [one.state for one in of(desk, reference)] == ["reached", "unopened"]


async def test_what_they_know_of_and_did_not_open_goes_along_with_what_told_them(desk: Desk) -> None:
    there, reference = await complained(desk)
    assess(desk, reference)
    await desk.run()
    delivered(desk)
    await desk.later(minutes=3)
    before = len(there.told)
    move(desk, reference, "investigate", "follow_up_committee")
    await desk.later(minutes=3)
    assert len(there.told) == before, "once is enough"
    assert [one.state for one in of(desk, reference)] == ["unopened", "joined"]
    await desk.later(days=4)
    (task,) = still_open(desk)
    assert {one.state for one in of(desk, reference)} == {"with_staff"}
    said = spoken(desk, task).opened
    assert len(said.split("\n\n")) == 2, "the call tells both"


async def test_what_went_along_with_a_message_that_failed_goes_on_with_it(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    await noura.say("السلام عليكم")
    reference = await noura.complain()
    there = await too(desk, noura)
    agreed(desk, "whatsapp")
    assess(desk, reference)
    await desk.run()
    move(desk, reference, "investigate", "follow_up_committee")
    await desk.run()
    assert [one.state for one in of(desk, reference)] == ["out", "joined"]
    before = len(noura.told)
    for _ in range(5):
        await desk.later(hours=1)
    assert len(noura.told) == before + 1 and len(there.where.news) == 1
    await desk.later(minutes=3)
    await noura.press(f"track:{reference}")
    await desk.later(days=4)
    assert {one.state for one in of(desk, reference)} == {"reached"} and not still_open(desk)


# --- never silence ---------------------------------------------------------------------------------------------------


def gives_up(desk: Desk, task: Task) -> None:
    for _ in range(4):
        record(desk, task, "no_answer")


async def test_where_neither_a_call_nor_a_message_reached_them_it_stays_open_before_staff(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    blocked(paper)
    gives_up(desk, still_open(desk)[0])
    for _ in range(3):
        await desk.later(minutes=2)
    (task,) = still_open(desk)
    assert (task.kind, task.why) == ("call", "nobody_reached") and "مراجعة" in spoken(desk, task).said
    assert of(desk, reference)[-1].state == "with_staff" and desk.alarms()["nobody_reached"] == 1
    gives_up(desk, task)
    await desk.later(minutes=2)
    assert still_open(desk) == [], "once"
    assert (of(desk, reference)[-1].state, of(desk, reference)[-1].why) == ("with_staff", "exhausted")


async def test_a_wrong_number_at_the_end_leaves_an_open_task(desk: Desk, noura: Person, paper: Paper) -> None:
    reference = await noura.apply()
    blocked(paper)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    await desk.later(minutes=2)
    record(desk, still_open(desk)[0], "wrong_number")
    await desk.later(minutes=2)
    assert [task.why for task in still_open(desk)] == ["nobody_reached"]
    record(desk, still_open(desk)[0], "reached")
    assert of(desk, reference)[-1].state == "reached"


# --- heard of, and not heard -----------------------------------------------------------------------------------------


async def refused_by(desk: Desk, noura: Person, channel: str) -> tuple[str, Task]:
    """A refusal that is to be told by this channel."""
    reference = await noura.apply()
    await before_committee(desk, reference)
    agreed(desk, channel)
    refuse(desk, reference)
    await desk.run()
    (task,) = still_open(desk)
    return reference, task


@pytest.mark.parametrize(
    ("channel", "outcome", "days"), [("letter", "posted", 7), ("fax", "sent", 4), ("phone", "reached", 4)]
)
async def test_what_said_only_that_there_is_news_is_followed_by_a_call_once(
    desk: Desk, noura: Person, channel: str, outcome: str, days: int
) -> None:
    reference, task = await refused_by(desk, noura, channel)
    record(desk, task, outcome)
    assert of(desk, reference)[-1].state == "unopened"
    await desk.later(days=days)
    (call,) = still_open(desk)
    assert (call.kind, call.why) == ("call", "unopened") and "سبب" in spoken(desk, call).opened
    record(desk, call, "reached")
    await desk.later(days=4)
    assert not still_open(desk) and of(desk, reference)[-1].state == "reached"


@pytest.mark.parametrize(("channel", "more"), [("phone", {"opened": True}), ("branch", {})])
async def test_who_showed_who_they_are_has_heard_it(
    desk: Desk, noura: Person, channel: str, more: dict[str, bool]
) -> None:
    reference, task = await refused_by(desk, noura, channel)
    record(desk, task, "reached", **more)
    assert (of(desk, reference)[-1].state, of(desk, reference)[-1].why) == ("reached", "told")


async def test_plain_news_by_letter_is_told_when_it_is_posted(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "letter")
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    record(desk, still_open(desk)[0], "posted")
    assert of(desk, reference)[-1].state == "reached"


async def test_who_was_called_after_a_message_that_never_went_has_nothing_to_open(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.apply()
    await before_committee(desk, reference)
    await noura.send(noura.incoming(Unreachable(id="gone-1", at=desk.now, code="blocked")))
    refuse(desk, reference)
    await desk.later(minutes=1)
    record(desk, still_open(desk)[0], "reached")
    await desk.later(days=4)
    assert [task.why for task in still_open(desk)] == ["unopened"]


# --- an hour that was agreed on --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_ahead", "by"), [(26, 12.0), (5, 2.0)], ids=["reminded the day before", "arranged for this day"]
)
async def test_an_hour_of_which_nobody_read_is_told_by_a_call_two_hours_before_it_at_the_latest(
    make_desk: Callable[..., Desk], hours_ahead: float, by: float
) -> None:
    desk = make_desk((Paper("harif", "web_chat"),))
    noura = Person(desk, "cookie1", "web_chat")
    await noura.say("السلام عليكم")
    where = desk.id_of("cookie1", "web_chat")
    starts = desk.now + timedelta(hours=hours_ahead)

    def arrange(connection: Connection) -> None:
        about = (connection, desk.vault, "harif")
        made = appointments.request(*about, "interview", desk.now, by="staff:1", conversation=where)
        association = desk.associations["harif"]
        tell = chain.telling(*about[:2], association, desk.now, desk.rounds._waking(connection, association))
        appointments.confirm(*about, made.id, starts, desk.now, by="staff:1", tell=tell)

    desk.do(arrange)
    if hours_ahead > 24:
        await desk.later(hours=1)
        await noura.say("شكرا")
        desk.do(lambda c: c.execute(update(messages_table).values(state="delivered")))
        await desk.later(minutes=1)
        await desk.rounds.remind()
    while not still_open(desk):
        await desk.later(minutes=30)
        await desk.rounds.remind()
        assert desk.now < starts - timedelta(hours=1)
    (call,) = still_open(desk)
    assert (call.kind, call.urgent) == ("call", True)
    assert moment(call.at) <= starts - timedelta(hours=by)


# --- a way that is there no more -------------------------------------------------------------------------------------


async def test_what_lay_in_the_queue_of_a_channel_whose_settings_are_gone_takes_the_next_address(
    make_desk: Callable[..., Desk], paper: Paper
) -> None:
    whatsapp = Paper("harif", "whatsapp")
    before = make_desk((paper, whatsapp))
    noura = Person(before, "7001")
    reference = await noura.apply()
    await too(before, noura)
    before.switch = lambda _, channel, __: "paused" if channel == "telegram" else ""
    move(before, reference, "verify", "relations_officer")
    await before.run()
    (waits,) = [row for row in before.rows("messages") if row.notice]
    assert (waits.channel, waits.state) == ("telegram", "queued")
    after = make_desk((whatsapp,), now=before.now, me="after")
    await after.later(minutes=1)
    assert (whatsapp.sent[-1].handle, whatsapp.sent[-1].row != waits.id) == (PHONE, True)
    assert reference in whatsapp.sent[-1].text
    assert [row.error for row in after.rows("messages") if row.id == waits.id] == ["channel_off"]
    (notice,) = of(after, reference)
    found = after.ask(notices.legs_of, "harif", notice.id)
    assert [(leg.channel, leg.state, leg.why) for leg in found] == [
        ("telegram", "failed", "channel_off"),
        ("whatsapp", "out", ""),
    ]


async def test_where_that_was_the_only_way_somebody_calls(make_desk: Callable[..., Desk], paper: Paper) -> None:
    before = make_desk((paper,))
    reference = await Person(before, "7001").apply()
    before.switch = lambda *_: "paused"
    move(before, reference, "verify", "relations_officer")
    await before.run()
    after = make_desk((Paper("harif", "sms"),), now=before.now, me="after")
    await after.later(minutes=1)
    assert [(one.kind, one.reference) for one in still_open(after)] == [("call", reference)]


# --- an address that turned out to be another's ----------------------------------------------------------------------


async def by_whatsapp(desk: Desk, noura: Person) -> str:
    reference = await noura.apply()
    await too(desk, noura)
    agreed(desk, "whatsapp")
    return reference


def part(desk: Desk) -> None:
    desk.do(people.part, desk.vault, "harif", desk.id_of(PHONE, "whatsapp"), milliseconds(desk.now))


@pytest.mark.parametrize("when", ["said", "queued"])
async def test_what_was_on_its_way_to_an_address_that_is_parted_goes_to_their_own(
    desk: Desk, noura: Person, paper: Paper, others: dict[str, Paper], when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = await by_whatsapp(desk, noura)
    if when == "said":
        monkeypatch.setattr(desk.rounds, "kick", lambda name: None)
    desk.switch = lambda _, channel, __: "paused" if channel == "whatsapp" else ""
    move(desk, reference, "verify", "relations_officer")
    if when == "queued":
        await desk.run()
        assert [(row.channel, row.state) for row in desk.rows("messages") if row.notice] == [("whatsapp", "queued")]
    part(desk)
    desk.switch = lambda *_: ""
    await desk.later(minutes=1)
    assert not any(reference in one.text for one in others["whatsapp"].sent)
    assert reference in paper.sent[-1].text and paper.sent[-1].handle == noura.handle
    await desk.later(minutes=2)
    assert [one.state for one in of(desk, reference)] == ["reached"]


async def test_a_decision_announced_at_an_address_that_is_parted_is_announced_at_their_own(
    desk: Desk, noura: Person, paper: Paper, others: dict[str, Paper]
) -> None:
    reference = await by_whatsapp(desk, noura)
    await before_committee(desk, reference)
    refuse(desk, reference)
    await desk.run()
    desk.do(lambda c: c.execute(update(messages_table).values(state="delivered")))
    await desk.later(minutes=3)
    assert of(desk, reference)[-1].state == "unopened"
    (announced,) = {one.text for one in others["whatsapp"].sent[-1:]}
    part(desk)
    await desk.later(minutes=1)
    assert (paper.sent[-1].handle, paper.sent[-1].text) == (noura.handle, announced)
    await desk.later(minutes=2)
    await desk.later(days=3)
    assert [one.why for one in still_open(desk) if one.reference == reference] == ["unopened"]


# --- what was erased beneath it --------------------------------------------------------------------------------------


async def test_what_goes_along_with_news_of_a_case_that_is_erased_reaches_its_person_by_itself(
    desk: Desk, noura: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await noura.apply(), await noura.apply()
    tonight(desk)
    for reference in (first, second):
        move(desk, reference, "verify", "relations_officer")
    desk.now += timedelta(hours=9, minutes=1)
    with monkeypatch.context() as still:
        still.setattr(desk.rounds, "kick", lambda name: None)
        await desk.rounds.due_notices()
    assert [of(desk, reference)[0].state for reference in (first, second)] == ["out", "joined"]
    ids = [row.id for row in desk.rows("cases", "id", "reference") if row.reference == first]
    desk.do(erasure.erase_cases, desk.vault, "harif", ids, milliseconds(desk.now))
    await desk.later(minutes=2)
    await desk.later(minutes=2)
    assert second in noura.told[-1] and not any(first in text for text in noura.told[-2:])
    assert of(desk, second)[0].state == "reached"


# --- a row that cannot be read ---------------------------------------------------------------------------------------


def damage(desk: Desk, table: Any, column: str, id: int) -> None:
    desk.do(lambda c: c.execute(update(table).where(table.c.id == id).values({column: b"damaged"})))


async def test_a_case_that_cannot_be_read_holds_up_nobody_elses_news(
    desk: Desk, noura: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    salem = Person(desk, "7002")
    mine, theirs = await noura.apply(), await salem.apply()
    with monkeypatch.context() as still:
        still.setattr(desk.rounds, "kick", lambda name: None)
        for reference in (mine, theirs):
            move(desk, reference, "verify", "relations_officer")
    damage(desk, cases_table, "body", of(desk, mine)[0].case_id)
    await desk.run()
    assert theirs in salem.told[-1]
    await desk.later(minutes=3)
    assert [one.reference for one in still_open(desk)] == [mine], "and somebody is asked to call them"


async def test_whoever_is_to_hear_where_it_stands_waits_for_no_case_that_cannot_be_read(
    desk: Desk, noura: Person
) -> None:
    salem = Person(desk, "7002")
    mine, theirs = await noura.complain(), await salem.complain()
    (id,) = [row.id for row in desk.rows("cases") if row.reference == mine]
    damage(desk, cases_table, "body", id)
    before = len(salem.told)
    desk.now += timedelta(days=30)
    await desk.rounds.news()
    await desk.run()
    assert any(theirs in text for text in salem.told[before:])


async def test_a_notice_that_cannot_go_on_holds_up_no_other(desk: Desk, noura: Person, paper: Paper) -> None:
    salem = Person(desk, "7002")
    mine, theirs = await noura.apply(), await salem.apply()
    for whom in (noura, salem):
        paper.fails[whom.handle].append(error(UseAnotherChannel, "elsewhere"))
    for reference in (mine, theirs):
        move(desk, reference, "verify", "relations_officer")
    await desk._rounds("timers", "outbox")
    assert [of(desk, reference)[0].state for reference in (mine, theirs)] == ["out", "out"]
    damage(desk, conversations_table, "state", desk.id_of(noura.handle))
    await desk.later(minutes=2)
    assert [(one.reference, one.why) for one in still_open(desk)] == [(theirs, "exhausted")]
    assert of(desk, mine)[0].due > milliseconds(desk.now), "looked at again later"
