"""What falls on a day: a promise near or missed, an entitlement that is due, a paper that expires. Once each."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot import errands
from bot.watch import Watch
from conversations.cases.calendar import here
from conversations.cases.entitlement import Owed
from conversations.cases.missing import Missing
from storage import accounts, alarms, cases, entitlements, tasks
from storage.schema import cases as cases_table
from storage.schema import messages as messages_table
from tests.bot.arranging import filed, move, press
from tests.bot.desk import Desk, Paper, Person, milliseconds

REASON = "تأخر وصول خطاب الجهة"


@pytest.fixture
def whatsapp() -> Paper:
    return Paper("harif", "whatsapp")


@pytest.fixture
def desk(make_desk: Callable[..., Desk], paper: Paper, whatsapp: Paper) -> Desk:
    return make_desk((paper, whatsapp))


@pytest.fixture
def noura(desk: Desk) -> Person:
    return Person(desk, "7001")


async def hourly(desk: Desk, **span: float) -> None:
    """Time passes, and the rounds of an hour run."""
    await desk.later(**span)
    await desk.rounds.promise()
    await desk.run()


def change(desk: Desk, **values: Any) -> None:
    desk.do(lambda c: c.execute(update(cases_table).values(next_update=None, **values)))


def case(desk: Desk, reference: str) -> cases.Case:
    found = desk.ask(cases.by_reference, desk.vault, "harif", reference)
    assert isinstance(found, cases.Case)
    return found


def abouts(desk: Desk) -> list[str]:
    return [row.kind for row in desk.rows("notices")]


async def promised(desk: Desk, noura: Person, **span: float) -> str:
    """A request whose answer is promised by the end of a day, so far from now."""
    reference = await noura.apply()
    change(desk, latest=milliseconds(desk.now + timedelta(**span)))
    return reference


# --- promises --------------------------------------------------------------------------------------------------------


async def test_a_working_day_before_its_last_day_the_person_hears_once(desk: Desk, noura: Person) -> None:
    reference = await promised(desk, noura, days=3, hours=9)
    await hourly(desk, days=1)
    assert abouts(desk) == []
    await hourly(desk, days=1)
    assert abouts(desk) == ["promise_near"]
    assert "موعد الرد على طلبكم قريب" in noura.told[-1] and reference in noura.told[-1]
    told = len(noura.told)
    for _ in range(3):
        await hourly(desk, hours=1)
    assert len(noura.told) == told


async def test_what_was_promised_today_is_not_called_near_today(desk: Desk, noura: Person) -> None:
    await promised(desk, noura, days=1)
    await hourly(desk, hours=2)
    assert abouts(desk) == []


async def test_an_answer_that_came_meanwhile_needs_no_reminder(desk: Desk, noura: Person) -> None:
    await promised(desk, noura, days=2)
    desk.now = (here(desk.now) + timedelta(days=1)).replace(hour=23).astimezone(desk.now.tzinfo)
    await desk.rounds.promise()
    assert abouts(desk) == ["promise_near"]
    told = len(noura.told)
    change(desk, stage="accepted")
    await hourly(desk, hours=10)
    assert len(noura.told) == told
    row = desk.rows("notices")[0]
    assert (row.state, row.why) == ("dropped", "nothing_to_say")


async def test_a_missed_promise_is_a_workers_task_once_and_their_apology_reaches_the_person(
    desk: Desk, noura: Person
) -> None:
    reference = await promised(desk, noura, hours=2)
    told = len(noura.told)
    for _ in range(3):
        await hourly(desk, hours=3)
    assert [(row.kind, row.why, row.state) for row in desk.rows("tasks")] == [("apology", "promise_missed", "open")]
    assert len(noura.told) == told, "the person hears from a worker, not from a clock"
    desk.now = (here(desk.now) + timedelta(days=1)).replace(hour=10).astimezone(desk.now.tzinfo)

    def approve(connection: Connection) -> None:
        known = tasks.get(connection, desk.vault, "harif", desk.rows("tasks")[0].id)
        assert known is not None
        association = desk.associations["harif"]
        wake = desk.rounds._waking(connection, association)
        until = desk.now + timedelta(days=9)
        errands.record(
            connection,
            desk.vault,
            association,
            known,
            "approved",
            1,
            "تأخر وصول خطاب الجهة",
            desk.now,
            wake,
            until=until,
        )

    desk.do(approve)
    await desk.run()
    assert "ونعتذر منكم" in noura.told[-1] and REASON in noura.told[-1]
    assert case(desk, reference).latest == milliseconds(desk.now + timedelta(days=9))
    await hourly(desk, hours=3)
    assert len(desk.rows("tasks")) == 1


async def test_a_complaint_is_not_named_on_the_screen(desk: Desk, noura: Person) -> None:
    reference = await noura.complain()
    change(desk, latest=milliseconds(desk.now + timedelta(days=2)))
    await hourly(desk, days=1)
    assert abouts(desk) == ["promise_near"]
    assert reference in noura.told[-1] and "شكوى" not in noura.told[-1]


# --- entitlements and papers -----------------------------------------------------------------------------------------


async def test_on_the_day_of_an_entitlement_its_person_hears_that_it_is_due(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    change(desk, stage="registered", latest=None)
    day = here(desk.now).date() + timedelta(days=2)
    given = [Owed(what="سلة غذائية", due=day), Owed(what="إيجار", due=day + timedelta(days=30))]
    desk.do(entitlements.add, desk.vault, "harif", case(desk, reference).id, given)
    await hourly(desk, days=1)
    assert abouts(desk) == []
    await hourly(desk, days=1)
    assert "سلة غذائية" in noura.told[-1] and "إيجار" not in noura.told[-1]
    told = len(noura.told)
    await hourly(desk, hours=2)
    assert len(noura.told) == told and abouts(desk) == ["entitlement_due"]


async def test_what_was_delivered_before_the_message_went_is_not_called_due(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    change(desk, stage="registered", latest=None)
    desk.now = (here(desk.now) + timedelta(days=1)).replace(hour=3).astimezone(desk.now.tzinfo)
    given = [Owed(what="سلة غذائية", due=here(desk.now).date())]
    (one,) = desk.do(entitlements.add, desk.vault, "harif", case(desk, reference).id, given)
    await desk.rounds.promise()
    assert abouts(desk) == ["entitlement_due"]
    desk.do(entitlements.deliver, "harif", one.id, 1, milliseconds(desk.now))
    told = len(noura.told)
    await hourly(desk, hours=8)
    assert len(noura.told) == told


async def test_thirty_days_before_a_paper_expires_they_are_asked_for_the_new_one(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    known = case(desk, reference)
    ends = here(desk.now).date() + timedelta(days=33)
    papers = {"agency": ["1"], "agency_until": {"iso": ends.isoformat()}}
    known.answers = {**known.answers, **papers}
    desk.do(lambda c: cases.amend(c, desk.vault, known, []))
    change(desk, latest=None)
    for _ in range(2):
        await hourly(desk, days=1)
    assert abouts(desk) == []
    for _ in range(3):
        await hourly(desk, days=1)
    assert abouts(desk) == ["document_expiring"]
    told = next(text for text in noura.told if "تنتهي صلاحية" in text)
    assert reference in told


# --- the watch -------------------------------------------------------------------------------------------------------


def watch(desk: Desk) -> Watch:
    return Watch(desk.database, ["harif"], desk.channels.keys(), lambda: desk.now)


def rows_of(desk: Desk, number: int, **values: Any) -> None:
    """So many of the messages that went out stand so."""
    m = messages_table.c

    def do(connection: Connection) -> None:
        query = select(m.id).where(m.direction == "out", m.state == "accepted").order_by(m.id).limit(number)
        ids = connection.scalars(query).all()
        assert len(ids) == number
        connection.execute(update(messages_table).where(m.id.in_(ids)).values(**values))

    desk.do(do)


async def test_a_channel_whose_messages_fail_rings_once_an_hour(desk: Desk, noura: Person) -> None:
    while not desk.rows("conversations") or len(desk.out("7001")) < 25:
        await noura.say("السلام عليكم")
    now = milliseconds(desk.now)
    desk.do(lambda c: c.execute(update(messages_table).where(messages_table.c.direction == "out").values(updated=now)))
    rows_of(desk, 4, state="failed", error="provider_down")
    await watch(desk).look()
    assert "delivery_falls_telegram" not in desk.alarms()
    rows_of(desk, 4, state="failed", error="provider_down")
    for _ in range(3):
        await watch(desk).look()
    assert desk.alarms()["delivery_falls_telegram"] == 1
    for alarm in desk.ask(alarms.waiting):
        desk.do(alarms.seen, "harif", alarm.id, now)
    await watch(desk).look()
    assert "delivery_falls_telegram" not in desk.alarms(), "seen: it rings again after an hour, not a minute"


async def test_a_backlog_older_than_ten_minutes_rings_unless_the_channel_is_held(desk: Desk, noura: Person) -> None:
    await noura.say("السلام عليكم")
    rows_of(desk, 1, state="queued", at=milliseconds(desk.now))
    desk.now += timedelta(minutes=9)
    await watch(desk).look()
    assert desk.alarms() == {}
    desk.now += timedelta(minutes=2)
    desk.do(accounts.pause, "harif", "telegram")
    await watch(desk).look()
    assert desk.alarms() == {}
    desk.do(accounts.resume, "harif", "telegram")
    await watch(desk).look()
    assert desk.alarms() == {"backlog_telegram": 1}
    from prometheus_client import generate_latest

    shown = generate_latest().decode()
    assert 'wasl_backlog{association="harif",channel="telegram"} 1.0' in shown
    assert 'wasl_backlog_oldest_seconds{association="harif",channel="telegram"} 660.0' in shown


# --- what waits for the person ---------------------------------------------------------------------------------------


async def test_what_is_missing_is_asked_for_once_more_on_the_third_day(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "verifying")
    await move(desk, reference, "return", "relations_officer", missing=[Missing(item="mobile", published=True)])
    await hourly(desk, days=2)
    assert abouts(desk).count("returned") == 0
    await hourly(desk, days=2)
    await hourly(desk, days=1)
    assert abouts(desk).count("returned") == 1
    assert "وبقي القليل ليكتمل" in noura.told[-1] and reference in noura.told[-1]
    assert desk.rows("handoffs") == [], "the person first, then staff"
    await press(noura, "إكمال الناقص")
    assert noura.where.open is not None and noura.where.open.flow == "complete"


async def test_who_completed_it_meanwhile_is_not_reminded(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "verifying")
    await move(desk, reference, "return", "relations_officer", missing=[Missing(item="mobile", published=True)])
    await press(noura, "إكمال الناقص")
    await noura.say("0559998888")
    await hourly(desk, days=4)
    assert "returned" not in abouts(desk)


async def test_a_refusal_is_closed_when_the_days_to_object_are_over(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "with_committee")
    given = {"reason": "سبب", "help": "عون"}
    await move(desk, reference, "refuse", "committee", given=given, confirmed=True)
    await hourly(desk, days=15)
    assert case(desk, reference).stage == "refused"
    await hourly(desk, days=2)
    assert case(desk, reference).stage == "closed"
    last = desk.ask(cases.history, desk.vault, "harif", case(desk, reference).id)[-1]
    assert (last.move, last.who) == ("close", "system")


async def test_an_objection_that_was_written_in_the_last_minute_is_heard(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "with_committee")
    given = {"reason": "سبب", "help": "عون"}
    await move(desk, reference, "refuse", "committee", given=given, confirmed=True)
    desk.now = (here(desk.now) + timedelta(days=15)).replace(hour=23, minute=58).astimezone(UTC)
    await desk.run()
    await noura.press(f"move:object-{reference}")
    await desk.later(seconds=115)
    await noura.say("تغيّر دخلنا وعندنا مستندات جديدة")
    await hourly(desk, seconds=8)
    assert case(desk, reference).stage == "with_committee"
    assert case(desk, reference).answers["why"] == "تغيّر دخلنا وعندنا مستندات جديدة"


async def test_a_case_that_cannot_be_read_holds_up_nothing_else_of_the_hour(desk: Desk, noura: Person) -> None:
    await promised(desk, noura, hours=-1)
    change(desk, body=b"damaged")
    reference = await filed(desk, Person(desk, "7002"), "with_committee")
    given = {"reason": "سبب", "help": "عون"}
    await move(desk, reference, "refuse", "committee", given=given, confirmed=True)
    await hourly(desk, days=17)
    assert case(desk, reference).stage == "closed"
