"""What holds a notice back: a death, a stop, the night and the number of a day; and what of it goes all the same."""

from datetime import timedelta

import pytest

from bot.channels.contract import StatusReport
from conversations.cases.calendar import here
from tests.bot.desk import Desk, Paper, Person
from tests.bot.test_nobody_in_silence import (
    before_committee,
    of,
    record,
    refuse,
    still_open,
)
from tests.bot.test_notices import PHONE, agreed, move, too


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("whatsapp", "sms")}


# --- a death ---------------------------------------------------------------------------------------------------------


async def reported_dead(person: Person) -> None:
    await person.say("صاحبة الطلب توفيت رحمها الله")
    assert person.where.muted
    await person.desk.run()


async def test_after_a_death_told_in_one_chat_no_other_address_is_written_to(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    there = await too(desk, noura)
    agreed(desk, "whatsapp")
    await reported_dead(noura)
    assert there.where.muted
    before = len(there.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    await desk.run()
    assert len(there.told) == before
    assert [(one.state, one.why) for one in of(desk, reference)] == [("dropped", "muted")] and not still_open(desk)
    assert [row.reason for row in desk.rows("handoffs")] == ["death_report"], "the family is called, once"


async def test_after_a_death_nobody_calls_them_any_more(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert len(still_open(desk)) == 1
    await reported_dead(noura)
    assert still_open(desk) == []
    move(desk, reference, "pass_on", "relations_officer")
    await desk.run()
    assert still_open(desk) == []
    assert {(one.state, one.why) for one in of(desk, reference)} == {("dropped", "muted")}


async def test_news_that_nobody_opened_because_they_died_is_no_call(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    await before_committee(desk, reference)
    refuse(desk, reference)
    await desk.run()
    await desk.later(minutes=3)
    await reported_dead(noura)
    await desk.later(days=4)
    assert still_open(desk) == [] and of(desk, reference)[-1].state == "dropped"


async def test_what_a_worker_hears_of_a_death_stops_every_address_and_brings_the_family_once(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    there = await too(desk, noura)
    agreed(desk, "phone")
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    record(desk, still_open(desk)[0], "died")
    await desk.run()
    assert noura.where.muted and there.where.muted
    assert [row.reason for row in desk.rows("handoffs")] == ["death_report"]


# --- a stop ----------------------------------------------------------------------------------------------------------


def held(desk: Desk, channel: str = "telegram") -> None:
    desk.switch = lambda _, name, __: "paused" if name == channel else ""


async def test_what_lay_in_the_queue_when_they_stopped_us_goes_nowhere_else(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    there = await too(desk, noura)
    before = len(there.told)
    held(desk)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    await noura.say("إيقاف")
    for _ in range(3):
        await desk.later(minutes=2)
    assert len(there.told) == before and not still_open(desk)
    assert [(one.state, one.why) for one in of(desk, reference)] == [("dropped", "stopped")]


async def test_a_decision_that_lay_in_the_queue_when_they_stopped_us_arrives_all_the_same(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    await before_committee(desk, reference)
    held(desk)
    refuse(desk, reference)
    await desk.run()
    await noura.say("إيقاف")
    desk.switch = lambda *_: ""
    before = len(noura.told)
    for _ in range(3):
        await desk.later(minutes=2)
    assert len(noura.told) == before + 1 and not still_open(desk)
    assert of(desk, reference)[-1].state == "unopened"


async def test_who_stopped_us_at_one_address_hears_no_plain_news_at_another_and_the_decision_yet(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    there = await too(desk, noura)
    await there.say("إيقاف")
    before = len(noura.told)
    await before_committee(desk, reference)
    assert len(noura.told) == before and not still_open(desk)
    refuse(desk, reference)
    await desk.run()
    assert len(noura.told) == before + 1


async def test_who_stopped_us_is_not_called_with_plain_news_and_the_decision_is(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    await noura.say("إيقاف")
    await before_committee(desk, reference)
    assert not still_open(desk)
    refuse(desk, reference)
    await desk.run()
    assert len(still_open(desk)) == 1


async def test_of_what_they_filed_elsewhere_after_a_stop_they_hear_there(desk: Desk, noura: Person) -> None:
    await noura.apply()
    there = await too(desk, noura)
    await there.say("إيقاف")
    await desk.later(days=1)
    reference = await noura.apply()
    agreed(desk, "whatsapp")
    stopped_at = len(there.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference in noura.told[-1] and len(there.told) == stopped_at


async def test_who_stopped_us_is_not_called_because_they_opened_nothing_unless_it_was_a_decision(
    desk: Desk, noura: Person
) -> None:
    request = await noura.apply()
    complaint = await noura.complain()
    move(desk, complaint, "assess", "follow_up_committee", given={"severity": "low"})
    await before_committee(desk, request)
    refuse(desk, request)
    await desk.run()
    await desk.later(minutes=3)
    assert [of(desk, one)[-1].state for one in (request, complaint)] == ["unopened", "unopened"]
    await noura.say("إيقاف")
    await desk.later(days=4)
    assert [task.reference for task in still_open(desk)] == [request]
    assert (of(desk, complaint)[-1].state, of(desk, complaint)[-1].why) == ("dropped", "stopped")


# --- at night --------------------------------------------------------------------------------------------------------


async def until_told(desk: Desk, person: Person) -> int:
    """The hour of the day at which they hear."""
    before = len(person.told)
    for _ in range(60):
        await desk.later(minutes=30)
        if len(person.told) > before:
            return here(desk.now).hour
    raise AssertionError("never")


async def test_a_refusal_that_does_not_arrive_in_the_evening_wakes_nobody_at_night(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    await too(desk, noura)
    agreed(desk, "whatsapp")
    await before_committee(desk, reference)
    desk.now = here(desk.now).replace(hour=20, minute=30).astimezone(desk.now.tzinfo)
    refuse(desk, reference)
    await desk.run()
    assert await until_told(desk, noura) == 8
    assert of(desk, reference)[-1].state == "out"


async def test_a_template_that_takes_the_place_of_a_message_waits_for_the_day(
    desk: Desk, others: dict[str, Paper]
) -> None:
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    whatsapp = others["whatsapp"]
    whatsapp.approved = frozenset({"news"})
    desk.now = here(desk.now).replace(hour=20, minute=58).astimezone(desk.now.tzinfo)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    desk.now += timedelta(hours=1)
    row = desk.out(PHONE, "whatsapp")[-1].id
    await desk.intake.take("harif", "whatsapp", [StatusReport(key="f", status="failed", row=row, code="63016")])
    assert await until_told(desk, there) == 8
    assert whatsapp.says[-1].template == "news"


async def test_nobody_is_reminded_of_a_draft_at_night(desk: Desk, noura: Person) -> None:
    desk.now = here(desk.now).replace(hour=2, minute=0).astimezone(desk.now.tzinfo) + timedelta(days=1)
    await noura.press("/apply")
    for _ in range(3):
        await noura.go_on()
    before = len(noura.told)
    for _ in range(80):
        await desk.later(hours=1)
        if len(noura.told) > before:
            break
    assert here(desk.now).hour == 8 and "محفوظ" in noura.told[-1]


# --- a person's day --------------------------------------------------------------------------------------------------


async def test_the_number_of_a_day_is_the_persons_and_not_an_addresss(desk: Desk, noura: Person) -> None:
    rules = desk.associations["harif"].profile.notices
    before = rules.a_day
    object.__setattr__(rules, "a_day", 1)
    try:
        first = await noura.apply()
        there = await too(desk, noura)
        second = await there.apply()
        told = len(noura.told), len(there.told)
        move(desk, first, "verify", "relations_officer")
        move(desk, second, "verify", "relations_officer")
        await desk.run()
        assert (len(noura.told) - told[0]) + (len(there.told) - told[1]) == 1
        assert {of(desk, one)[-1].why for one in (first, second)} == {"", "a_day"}
        await desk.later(days=1)
        await desk.later(minutes=3)
        assert (len(noura.told) - told[0]) + (len(there.told) - told[1]) == 2
    finally:
        object.__setattr__(rules, "a_day", before)
