"""Appointments through the front line: asked for, offered, agreed, moved, reminded of once and never at night."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import appointments as acts
from conversations.cases.appointment import NotNow
from conversations.cases.calendar import RIYADH
from storage import appointments, audit, handoffs
from storage.appointments import Appointment
from storage.times import ms
from tests.bot.arranging import BY, act, press
from tests.bot.desk import Desk, Person

PLACE = "مقر الجمعية"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """In November 2026; the desk's clock begins on Sunday the 22nd at 10:00."""
    return datetime(2026, 11, day, hour, minute, tzinfo=RIYADH)


def the(desk: Desk, place: int = -1) -> Appointment:
    ids = sorted(row.id for row in desk.rows("appointments", "id"))
    found: Appointment | None = desk.ask(appointments.get, desk.vault, "harif", ids[place])
    assert found is not None
    return found


async def wished(desk: Desk, noura: Person) -> Appointment:
    """Somebody at the desk begins one, for a conversation."""
    await noura.open()
    about: dict[str, Any] = {"by": BY, "conversation": desk.id_of("7001"), "staff": 7}
    desk.do(lambda c: acts.request(c, desk.vault, "harif", "interview", desk.now, **about))
    return the(desk)


async def arrange(desk: Desk, do: Any, *about: Any, **how: Any) -> None:
    act(desk, do, "harif", the(desk).id, *about, desk.now, by=BY, **how)
    await desk.run()


async def test_a_call_that_was_asked_for_is_an_appointment_too(desk: Desk, noura: Person) -> None:
    await noura.open()
    await noura.press("/callme")
    await noura.press("afternoon")
    await noura.say("0500000007")
    one = the(desk)
    assert (one.kind, one.state, one.conversation) == ("callback", "requested", desk.id_of("7001"))
    assert "بعد الظهر" in one.wish and "+966500000007" in one.wish
    assert [row.reason for row in desk.ask(handoffs.waiting, desk.vault, "harif")] == ["callback"]


async def test_one_of_the_times_offered_is_chosen(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.offer, [local(25, 10), local(26, 13)], place=PLACE)
    assert all(word in noura.told[-1] for word in ("الأربعاء", "١٤٤٨هـ", "٢٠٢٦م", "١٠:٠٠ صباحًا", PLACE))
    await press(noura, "الخميس ٢٦، ١:٠٠ م")
    one = the(desk)
    assert (one.state, one.starts, one.offered, one.place) == ("confirmed", ms(local(26, 13)), (), PLACE)
    assert "ثبّتنا" in noura.told[-1]
    about = desk.ask(audit.about, "harif", f"appointment:{one.id}")
    assert [row.act for row in about] == ["appointment.request", "appointment.offer", "appointment.choose"]
    assert about[1].who == BY and about[2].who.startswith("beneficiary:")


async def test_an_old_button_changes_nothing_and_shows_how_it_stands(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.offer, [local(25, 10), local(26, 13)])
    await arrange(desk, acts.offer, [local(29, 9)])
    await press(noura, "الخميس ٢٦، ١:٠٠ م")
    assert the(desk).state == "offered"
    assert "تغيّر هذا الموعد" in noura.told[-2] + noura.told[-1]
    await press(noura, "يناسبني")
    assert the(desk).starts == ms(local(29, 9))


async def test_another_time_is_asked_for_in_words_and_staff_see_them(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.offer, [local(25, 10)])
    await press(noura, "وقت آخر")
    await noura.say("أي يوم بعد العصر")
    await desk.later(seconds=30)
    one = the(desk)
    assert (one.state, one.wish, one.offered, one.starts) == ("requested", "أي يوم بعد العصر", (), None)
    assert [row.reason for row in desk.ask(handoffs.waiting, desk.vault, "harif")] == ["appointment"]


async def test_staff_move_and_cancel_and_the_person_hears(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10))
    await arrange(desk, acts.move, local(29, 11, 30))
    assert "تغيّر موعد" in noura.told[-1] and "١١:٣٠ صباحًا" in noura.told[-1]
    await arrange(desk, acts.cancel)
    assert "أُلغي موعد" in noura.told[-1]
    assert the(desk).state == "cancelled"
    with pytest.raises(NotNow):
        await arrange(desk, acts.move, local(30, 11))
    assert the(desk).state == "cancelled"


async def test_the_person_gives_it_up(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10))
    await press(noura, "لا أريد الموعد")
    assert the(desk).state == "cancelled"
    assert [row.reason for row in desk.ask(handoffs.waiting, desk.vault, "harif")] == ["appointment"]


@pytest.mark.parametrize(("outcome", "told"), [("done", 0), ("missed", 1)])
async def test_what_came_of_it_is_kept_and_of_a_missed_one_they_hear(
    desk: Desk, noura: Person, outcome: str, told: int
) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10))
    await desk.later(days=3)
    before = len(noura.told)
    await arrange(desk, acts.finish, outcome, note="زرناهم")
    one = the(desk)
    assert (one.state, one.outcome, one.outcome_note) == (outcome, outcome, "زرناهم")
    assert len(noura.told) == before + told


async def reminders(desk: Desk, noura: Person, until: datetime) -> list[datetime]:
    """When reminders came, looking every hour."""
    found = []
    while desk.now < until:
        desk.now += timedelta(hours=1)
        before = len(noura.told)
        await desk.rounds.remind()
        await desk.rounds.seconds["notices"][1]()
        await desk.settle()
        found += [desk.now.astimezone(RIYADH)] * sum("نذكّركم بموعد" in text for text in noura.told[before:])
    return found


async def test_a_reminder_comes_the_afternoon_before_and_once(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10), place=PLACE)
    (at,) = await reminders(desk, noura, local(25, 12))
    assert at == local(24, 16)
    assert "غدًا" in noura.told[-1] and PLACE in noura.told[-1]


async def test_a_reminder_that_was_missed_is_never_sent_at_night(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 12))
    desk.now = local(24, 22)
    (at,) = await reminders(desk, noura, local(25, 12))
    assert at == local(25, 9)
    assert "اليوم" in noura.told[-1]


async def test_what_was_agreed_on_the_day_before_needs_no_reminder(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    desk.now = local(24, 15)
    await arrange(desk, acts.confirm, local(25, 10))
    assert "نذكّركم" not in noura.told[-1]
    assert await reminders(desk, noura, local(25, 12)) == []


async def test_a_moved_appointment_is_reminded_of_at_its_new_time(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10))
    desk.now = local(24, 17)
    assert len(await reminders(desk, noura, local(24, 18))) == 1
    await arrange(desk, acts.move, local(29, 10))
    (at,) = await reminders(desk, noura, local(29, 12))
    assert at == local(28, 16)


async def test_two_processes_remind_once(desk: Desk, noura: Person, make_desk: Any) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10))
    beside = make_desk(own=True, me="other")
    desk.now = beside.now = local(24, 16)
    for one in (desk, beside, desk):
        await one.rounds.remind()
    await desk.run()
    assert sum("نذكّركم بموعد" in text for text in noura.told) == 1


async def test_nobody_who_stopped_our_messages_is_written_to_but_staff_are_told_to_call(
    desk: Desk, noura: Person
) -> None:
    await wished(desk, noura)
    await noura.say("إيقاف")
    before = len(noura.told)
    await arrange(desk, acts.confirm, local(25, 10))
    assert len(noura.told) == before
    await desk.run()
    assert [(row.kind, row.why) for row in desk.rows("tasks")] == [("call", "stopped")]
    assert await reminders(desk, noura, local(25, 12)) == []


async def test_what_came_after_it_is_told_and_not_what_is_no_longer_so(desk: Desk, noura: Person) -> None:
    """Offered and cancelled before anybody heard: one message."""
    await wished(desk, noura)
    before = len(noura.told)
    act(desk, acts.offer, "harif", the(desk).id, [local(25, 10)], desk.now, by=BY)
    act(desk, acts.cancel, "harif", the(desk).id, desk.now, by=BY)
    await desk.run()
    (told,) = noura.told[before:]
    assert "أُلغي" in told


async def test_anothers_appointment_is_not_touched_by_a_made_up_button(desk: Desk, noura: Person) -> None:
    await wished(desk, noura)
    await arrange(desk, acts.confirm, local(25, 10))
    from conversations.events import Press

    stranger = Person(desk, "7002")
    await stranger.open()
    one = the(desk)
    for what in (f"give_up-{one.id}-{one.moved}", f"0-{one.id}-{one.moved}", "give_up-x-y", "give_up", "new-HRF-1"):
        await stranger.send(stranger.incoming(Press(id="p", at=desk.now, option=f"meet:{what}")))
    assert the(desk) == one
    with pytest.raises(acts.Unknown):
        desk.do(
            lambda c: acts.answer(c, desk.vault, "harif", one.id, "give_up", desk.now, by=BY, of=desk.id_of("7002"))
        )
    with pytest.raises(acts.Unknown):
        act(desk, acts.cancel, "ruhama", one.id, desk.now, by=BY)
    assert the(desk) == one
