"""The chain of a notice: by the agreed channel, then by the next address, at the end by a worker; never silence."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot import notices as chain
from bot.case_moves import move_case
from bot.channels.contract import AddressGone, StatusReport, TryAgain
from conversations.cases.calendar import here
from conversations.events import Unreachable
from conversations.templates import KINDS, fits
from storage import cases, notices, tasks, timers
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.schema import messages as messages_table
from storage.schema_notices import legs as legs_table
from storage.schema_notices import notices as notices_table
from storage.times import moment
from tests.bot.desk import Desk, Paper, Person, error, milliseconds

PHONE = "+966500000007"


@pytest.fixture
def whatsapp() -> Paper:
    return Paper("harif", "whatsapp")


@pytest.fixture
def desk(make_desk: Callable[..., Desk], paper: Paper, whatsapp: Paper) -> Desk:
    return make_desk((paper, whatsapp))


@pytest.fixture
def noura(desk: Desk) -> Person:
    return Person(desk, "7001")


def move(desk: Desk, reference: str, name: str, who: str, *, slug: str = "harif", **more: Any) -> None:
    """As staff move a case."""

    def do(connection: Connection) -> None:
        case = cases.by_reference(connection, desk.vault, slug, reference, lock=True)
        assert case is not None

        def wake(conversation: int, timer: str) -> None:
            timers.set_all(connection, [timers.Timer(slug, conversation, timer, milliseconds(desk.now))])

        association = desk.associations[slug]
        tell = chain.telling(connection, desk.vault, association, desk.now, wake)
        move_case(connection, desk.vault, association, case, name, who, desk.now, tell=tell, **more)

    desk.do(do)


def one(desk: Desk, which: int = 0) -> notices.Notice:
    ids = desk.ask(lambda c: c.scalars(select(notices_table.c.id).order_by(notices_table.c.id)).all())
    found = desk.ask(notices.get, "harif", ids[which])
    assert isinstance(found, notices.Notice)
    return found


def legs(desk: Desk, which: int = 0) -> list[tuple[str, str, str]]:
    found = desk.ask(notices.legs_of, "harif", one(desk, which).id)
    return [(leg.channel, leg.state, leg.why) for leg in found]


def open_tasks(desk: Desk) -> list[tuple[str, str, str]]:
    return [(row.kind, row.why, row.state) for row in desk.rows("tasks")]


async def too(desk: Desk, noura: Person) -> Person:
    """The same person, known to write by WhatsApp too."""
    there = Person(desk, PHONE, "whatsapp")
    await there.say("السلام عليكم")
    c = conversations_table.c

    def join(connection: Connection) -> None:
        whose = connection.scalar(select(c.beneficiary).where(c.id == desk.id_of("7001")))
        connection.execute(
            update(conversations_table).where(c.id == desk.id_of(PHONE, "whatsapp")).values(beneficiary=whose)
        )

    desk.do(join)
    return there


def agreed(desk: Desk, channel: str) -> None:
    desk.do(lambda c: c.execute(update(cases_table).values(agreed_channel=channel)))


def blocked(paper: Paper) -> None:
    paper.fails["7001"].append(error(AddressGone, "blocked"))


# --- it arrives ------------------------------------------------------------------------------------------------------


async def test_a_change_of_status_arrives_by_the_agreed_channel_and_that_is_on_record(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference in noura.told[-1]
    assert one(desk).state == "out" and legs(desk) == [("telegram", "out", "")]
    await desk.later(minutes=2)
    assert legs(desk) == [("telegram", "arrived", "")]
    assert (one(desk).state, one(desk).due) == ("reached", None)
    assert open_tasks(desk) == []


async def test_another_channel_that_was_agreed_comes_first(desk: Desk, noura: Person, whatsapp: Paper) -> None:
    reference = await noura.apply()
    there = await too(desk, noura)
    agreed(desk, "whatsapp")
    before = len(noura.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference in there.told[-1] and len(noura.told) == before
    row = desk.out(PHONE, "whatsapp")[-1].id
    await desk.intake.take("harif", "whatsapp", [StatusReport(key="d", status="delivered", row=row)])
    await desk.later(minutes=3)
    assert (one(desk).state, legs(desk)) == ("reached", [("whatsapp", "arrived", "")])


# --- it does not -----------------------------------------------------------------------------------------------------


async def test_who_blocked_one_address_hears_at_the_next_within_a_minute(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.apply()
    there = await too(desk, noura)
    blocked(paper)
    move(desk, reference, "verify", "relations_officer")
    await desk.later(seconds=30)
    await desk.later(seconds=10)
    assert legs(desk)[0] == ("telegram", "failed", "blocked")
    assert legs(desk)[1][:2] == ("whatsapp", "out")
    assert reference in there.told[-1]


async def test_nobody_is_left_in_silence_the_last_failure_makes_a_call(desk: Desk, noura: Person, paper: Paper) -> None:
    reference = await noura.apply()
    blocked(paper)
    move(desk, reference, "verify", "relations_officer")
    await desk.later(seconds=20)
    await desk.later(seconds=20)
    assert open_tasks(desk) == [("call", "exhausted", "open")]
    assert one(desk).state == "with_staff"
    assert legs(desk) == [("telegram", "failed", "blocked"), ("phone", "out", "exhausted")]


async def test_an_address_that_is_known_to_be_gone_is_not_written_to(desk: Desk, noura: Person, paper: Paper) -> None:
    reference = await noura.apply()
    await noura.send(noura.incoming(Unreachable(id="gone-1", at=desk.now, code="blocked")))
    sent = len(paper.sent)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    await desk.run()
    assert len(paper.sent) == sent
    assert open_tasks(desk) == [("call", "exhausted", "open")]


async def test_no_evidence_in_time_goes_on_and_a_late_one_changes_nothing(
    desk: Desk, noura: Person, whatsapp: Paper
) -> None:
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    row = desk.out(PHONE, "whatsapp")[-1].id
    await desk.later(hours=3)
    assert open_tasks(desk) == []
    for _ in range(4):
        await desk.later(hours=1)
    assert legs(desk) == [("whatsapp", "silent", "no_evidence"), ("phone", "out", "exhausted")]
    await desk.intake.take("harif", "whatsapp", [StatusReport(key="d", status="delivered", row=row)])
    await desk.later(hours=1)
    assert open_tasks(desk) == [("call", "exhausted", "open")]


async def test_a_backlog_of_ours_is_no_silence_of_theirs(desk: Desk, noura: Person, paper: Paper) -> None:
    reference = await noura.apply()
    paper.fails["7001"].extend(error(TryAgain, "busy", after=300) for _ in range(3))
    move(desk, reference, "verify", "relations_officer")
    for _ in range(3):
        await desk.later(minutes=4)
    assert open_tasks(desk) == []
    for _ in range(6):
        await desk.later(minutes=6)
    assert one(desk).state == "reached"


async def test_outside_the_window_without_a_template_the_next_address_is_taken(desk: Desk, whatsapp: Paper) -> None:
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    await desk.later(hours=23)
    sent = len(whatsapp.sent)
    desk.now += timedelta(hours=3)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    await desk.run()
    assert len(whatsapp.sent) == sent
    assert legs(desk, -1) == [("whatsapp", "failed", "no_template"), ("phone", "out", "exhausted")]


async def test_outside_the_window_an_approved_template_goes_and_opens_to_the_news(desk: Desk, whatsapp: Paper) -> None:
    whatsapp.approved = frozenset({"news"})
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    desk.now += timedelta(hours=26)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    say = whatsapp.says[-1]
    assert (say.template, say.values["2"]) == ("news", reference)
    assert reference not in there.told[-1], "what it is shows when they open it"
    await there.press(f"track:{reference}")
    assert reference in there.told[-2] + there.told[-1]


@pytest.mark.parametrize(
    ("approved", "template"),
    [({"news", "moved", "returned"}, "own"), ({"news"}, "news"), (set(), "")],
    ids=["its own", "else what says only that there is news", "else the next way"],
)
@pytest.mark.parametrize("name", ["verify", "return"])
async def test_outside_the_window_each_kind_goes_as_its_own_template(
    desk: Desk, whatsapp: Paper, approved: set[str], template: str, name: str
) -> None:
    whatsapp.approved = frozenset(approved)
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    if name == "return":
        move(desk, reference, "verify", "relations_officer")
        await desk.run()
    desk.now += timedelta(hours=26)
    sent = len(whatsapp.sent)
    more: dict[str, Any] = {"given": {"items": "family_card"}} if name == "return" else {}
    move(desk, reference, name, "relations_officer", **more)
    await desk.run()
    await desk.run()
    if not template:
        assert len(whatsapp.sent) == sent and open_tasks(desk) == [("call", "exhausted", "open")]
        return
    own = {"verify": "moved", "return": "returned"}[name]
    say = whatsapp.says[-1]
    assert say.template == (own if template == "own" else "news")
    assert fits(say.template, say.values) and say.values["2"] == reference
    state = there.where
    if say.template == "moved":
        assert "نراجع" in say.values["3"] and reference not in state.news, "it was told where it stands"
    else:
        assert reference in state.news, "what it is shows when they open it"
        await there.press(f"track:{reference}")
        assert reference not in there.where.news


async def test_outside_the_window_a_decision_says_no_more_than_that_there_is_news(desk: Desk, whatsapp: Paper) -> None:
    whatsapp.approved = frozenset(KINDS)
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    for name, who in (("verify", "relations_officer"), ("pass_on", "relations_officer")):
        move(desk, reference, name, who)
    await desk.run()
    desk.now += timedelta(hours=26)
    move(desk, reference, "refuse", "committee", given={"reason": "سبب", "help": "عون"}, confirmed=True)
    await desk.run()
    assert whatsapp.says[-1].template == "news" and reference in there.where.news


# --- a person is not a mailbox ---------------------------------------------------------------------------------------


async def test_news_that_nobody_opens_for_two_days_is_told_by_a_call(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    for name, who in (("verify", "relations_officer"), ("pass_on", "relations_officer")):
        move(desk, reference, name, who)
    move(desk, reference, "refuse", "committee", given={"reason": "سبب", "help": "عون"}, confirmed=True)
    await desk.run()
    await desk.later(minutes=3)
    assert one(desk, -1).state == "unopened"
    await desk.later(days=1)
    assert open_tasks(desk) == []
    await desk.later(days=2)
    assert open_tasks(desk) == [("call", "unopened", "open")]


async def test_news_that_was_opened_needs_no_call(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    for name, who in (("verify", "relations_officer"), ("pass_on", "relations_officer")):
        move(desk, reference, name, who)
    move(desk, reference, "refuse", "committee", given={"reason": "سبب", "help": "عون"}, confirmed=True)
    await desk.run()
    await desk.later(minutes=3)
    await noura.press(f"track:{reference}")
    await desk.later(days=3)
    assert open_tasks(desk) == [] and one(desk, -1).state == "reached"


async def test_at_night_it_waits_until_the_morning_and_says_until_when(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    night = here(desk.now).replace(hour=23, minute=0)
    desk.now = night.astimezone(desk.now.tzinfo)
    before = len(noura.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.later(hours=1)
    assert len(noura.told) == before
    waiting = one(desk)
    assert (waiting.state, waiting.why) == ("waiting", "quiet")
    desk.now = (night + timedelta(hours=9, minutes=1)).astimezone(desk.now.tzinfo)
    await desk.run()
    assert len(noura.told) == before + 1


async def test_what_would_be_too_much_for_a_day_waits_for_the_next(desk: Desk, noura: Person) -> None:
    rules = desk.associations["harif"].profile.notices
    object.__setattr__(rules, "a_day", 1)
    try:
        reference = await noura.apply()
        move(desk, reference, "verify", "relations_officer")
        await desk.run()
        before = len(noura.told)
        move(desk, reference, "pass_on", "relations_officer")
        await desk.run()
        assert len(noura.told) == before and one(desk, 1).why == "a_day"
        move(desk, reference, "send_back", "committee", given={"items": "family_card"})
        await desk.later(days=1)
        await desk.later(minutes=3)
        assert len(noura.told) == before + 1, "joined into one"
        assert "عند اللجنة" in noura.told[-1] and "سجل الأسرة" in noura.told[-1]
        assert {notice.state for notice in desk.rows("notices")} == {"reached"}
    finally:
        object.__setattr__(rules, "a_day", 8)


async def test_outside_the_window_what_was_too_much_is_one_template(desk: Desk, whatsapp: Paper) -> None:
    whatsapp.approved = frozenset(KINDS)
    rules = desk.associations["harif"].profile.notices
    delivered = update(messages_table).where(messages_table.c.direction == "out").values(state="delivered")
    object.__setattr__(rules, "a_day", 1)
    try:
        there = Person(desk, PHONE, "whatsapp")
        first, second = await there.apply(), await there.apply()
        desk.now += timedelta(hours=26)
        move(desk, first, "verify", "relations_officer")
        await desk.run()
        desk.do(lambda c: c.execute(delivered))
        move(desk, first, "pass_on", "relations_officer")
        move(desk, second, "verify", "relations_officer")
        sent = len(whatsapp.sent)
        await desk.later(days=1)
        await desk.later(minutes=3)
        assert len(whatsapp.sent) == sent + 1 and whatsapp.says[-1].template == "several"
        desk.do(lambda c: c.execute(delivered))
        await desk.later(minutes=3)
        assert sorted(one.state for one in desk.rows("notices")) == ["joined", "reached", "unopened"]
        await there.press("/track")
        for reference in (first, second):
            assert reference in there.where.news
            await there.press(f"track:{reference}")
        await desk.later(days=4)
        assert open_tasks(desk) == []
        assert {one.state for one in desk.rows("notices")} == {"reached"}
    finally:
        object.__setattr__(rules, "a_day", 8)


# --- where no message goes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "kind"), [("phone", "call"), ("letter", "letter"), ("fax", "fax"), ("branch", "slip")]
)
async def test_an_agreed_way_without_messages_is_a_workers_task(
    desk: Desk, noura: Person, channel: str, kind: str
) -> None:
    reference = await noura.apply()
    agreed(desk, channel)
    before = len(noura.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert open_tasks(desk) == [(kind, "agreed", "open")] and len(noura.told) == before
    task = desk.ask(tasks.get, desk.vault, "harif", desk.rows("tasks")[0].id)
    desk.do(lambda c: chain.task_done(c, desk.associations["harif"], task, True, desk.now))
    assert one(desk).state == "reached" and legs(desk) == [(channel, "arrived", "")]


async def test_a_call_that_is_needed_at_night_is_for_the_morning(desk: Desk, noura: Person) -> None:
    reference = await Person(desk, PHONE, "whatsapp").apply()
    evening = here(desk.now).replace(hour=19, minute=0)
    desk.now = evening.astimezone(desk.now.tzinfo)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    for _ in range(5):
        await desk.later(hours=1)
    [task] = desk.rows("tasks")
    assert desk.now > evening + timedelta(hours=4)
    assert moment(task.due) > desk.now and 8 <= here(moment(task.due)).hour < 21


async def test_a_task_that_nobody_does_lets_a_message_go(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    before = len(noura.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.later(days=3)
    await desk.run()
    assert len(noura.told) == before + 1 and desk.alarms()["task_overdue"] == 1


async def test_what_a_call_did_not_reach_goes_on(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    move(desk, reference, "verify", "relations_officer")
    task = desk.ask(tasks.get, desk.vault, "harif", desk.rows("tasks")[0].id)
    desk.do(lambda c: chain.task_done(c, desk.associations["harif"], task, False, desk.now, "wrong_number"))
    await desk.run()
    assert legs(desk) == [("phone", "failed", "wrong_number"), ("telegram", "out", "")]
    assert reference in noura.told[-1]


async def test_after_a_reported_death_nothing_goes_anywhere(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    await noura.say("صاحبة الطلب توفيت رحمها الله")
    while noura.where.open is not None and not noura.where.muted:
        await noura.press("yes")
    assert noura.where.muted
    before = len(noura.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert len(noura.told) == before
    assert (one(desk).state, one(desk).why) == ("dropped", "muted")


async def test_legs_hold_ids_and_codes_only(desk: Desk) -> None:
    noura = Person(desk, "700170017001")  # as no id ever reads
    reference = await noura.apply()
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    for table in (notices_table, legs_table):
        for row in desk.rows(table.name):
            assert noura.handle not in str(row._asdict())
