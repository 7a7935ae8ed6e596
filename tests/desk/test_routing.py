"""From «ابغى موظف» to whoever answers: offers, escalation, hours, women, urgent ones, and a process that dies."""

from datetime import timedelta
from typing import Any

import pytest

from bot.routing import Routing
from conversations.cases.calendar import RIYADH
from storage import alarms, handoffs, staff
from storage.handoffs import Handoff
from storage.times import ms
from tests.desk.house import Browser, House, Person


def looks(*workers: Browser) -> None:
    """They have just looked at the desk."""
    for one in workers:
        one.house.do(staff.saw, one.association, one.id, ms(one.house.now))


def passes(house: House, *workers: Browser, **span: float) -> None:
    """Time passes, and they look at the desk before the rounds do."""
    house.line.now += timedelta(**span)
    looks(*workers)
    house.settle()


def at(house: House, day: int, hour: int, minute: int = 0) -> None:
    """It is that hour in Riyadh, on a day of November 2026 (the 22nd is a Sunday)."""
    now = house.now.astimezone(RIYADH)
    house.later(seconds=(now.replace(day=day, hour=hour, minute=minute, second=0) - now).total_seconds())


def asks(house: House, *texts: str, handle: str = "7001", channel: str = "telegram") -> Person:
    person = house.person(handle, channel)
    for text in texts or ("السلام عليكم", "ابغى موظف"):
        person.does(person.say(text))
    return person


def applies(house: House, service: str, handle: str = "7001") -> Person:
    """A request for this service has been filed."""
    person = asks(house, "ابغى دعم", handle=handle)
    if person.where.open is None:
        person.does(person.press("/apply"))
    person.does(person.finish(service=service))
    return person


def queue(person: Person, restricted: bool | None = None) -> list[Handoff]:
    found = person.house.ask(handoffs.of_conversation, person.house.vault, person.association, person.id)
    return [one for one in found if restricted is None or bool(one.restricted) is restricted]


def one(person: Person) -> Handoff:
    (found,) = queue(person)
    return found


def rings(house: House) -> dict[str, int]:
    return {alarm.code: alarm.times for alarm in house.ask(alarms.waiting, "harif")}


# --- what brings a conversation to the queue -------------------------------------------------------------------------


def fails_three_times(person: Person) -> None:
    person.does(person.say("السلام عليكم"))
    person.does(person.press("/apply"))
    for _ in range(40):
        draft = person.where.open
        assert draft is not None
        if draft.step == "birth_date":
            break
        person.does(person.go_on())
    for text in ("في الشتاء", "في الصيف", "في الربيع"):
        person.does(person.say(text))
        person.house.later(seconds=20)


@pytest.mark.parametrize(
    ("does", "reasons"),
    [
        (lambda p: [p.does(p.say("ابغى موظف"))], ("asked",)),
        (lambda p: [p.does(p.say("ابغى موظف")), p.does(p.say("ابغى موظفة"))], ("asked", "asked_for_woman")),
        (lambda p: [p.does(p.say(text)) for text in ("زقزقة", "بقبقة", "لقلقة")], ("not_understood",)),
        (lambda p: [p.does(p.press("/callme")), p.does(p.finish())], ("callback",)),
        (lambda p: [p.does(p.file())], ("file",)),
        (lambda p: [p.does(p.say("عاجل")), p.does(p.finish())], ("urgent",)),
        (lambda p: [p.does(p.say("الرابط ما يفتح"))], ("technical",)),
    ],
)
def test_whatever_brings_them_makes_one_open_row_of_their_conversation(
    house: House, does: Any, reasons: tuple[str, ...]
) -> None:
    person = asks(house, "السلام عليكم")
    does(person)
    row = one(person)
    assert set(reasons) <= set(row.reasons)
    assert person.where.holder == "queue"


def test_three_failed_answers_bring_a_person_by_themselves_and_the_question_stays_open(house: House) -> None:
    person = house.person("7001")
    fails_three_times(person)
    row = one(person)
    assert (row.reason, row.role) == ("failed_answers", "contact_officer")
    draft = person.where.open
    assert draft is not None and draft.step == "birth_date"
    # Asking outright joins it; nothing comes twice.
    person.does(person.press("/person"))
    assert one(person).reasons == ("failed_answers",)


def test_a_grave_complaint_is_a_matter_of_its_own_for_those_who_hear_complaints(house: House) -> None:
    officer, manager = house.worker("relations_officer"), house.worker("management")
    looks(officer, manager)
    person = asks(house)
    assert one(person).offered_to == officer.id
    person.does(person.complain(severity="high"))
    (asked, grave) = sorted(queue(person), key=lambda row: row.reason)
    assert (asked.reason, grave.reason) == ("asked", "grave_complaint")
    assert grave.reference
    assert grave.offered_to == manager.id


def test_a_returned_request_that_lies_untouched_for_a_week_is_put_before_a_person(house: House) -> None:
    from sqlalchemy import select, update

    from storage.schema import cases

    person = house.person("7001")
    person.does(person.apply())
    house.do(lambda c: c.execute(update(cases).values(stage="returned", updated=ms(house.now))))
    routing: Routing = house.line.rounds.routing
    house.later(days=6)
    house.run(routing.untouched())
    house.settle()
    assert queue(person) == []
    house.later(days=2)
    house.run(routing.untouched())
    house.run(routing.untouched())
    house.settle()
    reference = house.ask(lambda c: c.scalar(select(cases.c.reference)))
    row = one(person)
    assert (row.reason, row.reference) == ("waiting_for_information", reference)
    assert person.where.holder == "queue"


# --- who is asked ----------------------------------------------------------------------------------------------------


def test_a_question_about_training_goes_to_the_contact_officer_of_training(house: House) -> None:
    training = house.worker("contact_officer", categories=("training",), name="تدريب")
    support = house.worker("contact_officer", categories=("registered_family/support",), name="دعم")
    general = house.worker("relations_officer")
    person = applies(house, "training")
    looks(training, support, general)
    person.does(person.say("ابغى موظف"))
    assert one(person).offered_to == training.id
    other = applies(house, "project-support", handle="7002")
    looks(training, support, general)
    other.does(other.say("ابغى موظف"))
    assert one(other).offered_to == support.id


def test_unanswered_it_goes_to_the_next_in_line_then_rings_and_the_person_hears_it_once(house: House) -> None:
    first, second = house.worker("relations_officer", name="أ"), house.worker("relations_officer", name="ب")
    looks(first, second)
    person = asks(house)
    asked = [one(person).offered_to]
    said = len(person.told)
    for _ in range(2):
        passes(house, first, second, minutes=10)
        asked.append(one(person).offered_to)
    assert asked == [first.id, second.id, None]
    assert rings(house) == {}
    assert len(person.told) == said
    house.later(minutes=11)
    assert rings(house) == {"waiting_unanswered": 1}
    (told,) = person.told[said:]
    assert told.startswith("نعتذر عن الانتظار") and "٤:٠٠ مساءً" in told and "الاثنين" in told
    house.later(hours=1)
    house.later(hours=1)
    assert rings(house)["waiting_unanswered"] > 1
    assert len(person.told) == said + 1
    # The next day once more, by day.
    at(house, 23, 9)
    assert len(person.told) == said + 2
    # Somebody comes: nothing rings any more, and nobody apologises.
    first.sign_in()
    first.post(f"/inbox/{person.id}/take", follow=False)
    before = rings(house)
    house.later(days=1)
    assert rings(house) == before and len(person.told) == said + 2


def test_whoever_comes_in_later_is_asked_within_a_minute(house: House) -> None:
    officer = house.worker("relations_officer")
    person = asks(house)
    assert one(person).offered_to is None
    looks(officer)
    house.later(minutes=1)
    assert one(person).offered_to == officer.id
    assert ("system", "offer", f"handoff:{one(person).id}", f"{officer.id} front") in house.acts()


def test_many_at_once_are_spread_by_load_and_nobody_gets_more_than_they_can_carry(house: House) -> None:
    small = house.worker("relations_officer", name="أ")
    large = house.worker("relations_officer", name="ب")
    house.do(lambda c: staff.join(c, staff.member_of(c, "harif", small.id)._replace(capacity=2), ms(house.now)))  # type: ignore[union-attr]
    people = [asks(house, handle=f"70{number:02}") for number in range(9)]
    looks(small, large)
    house.later(minutes=1)
    asked = [one(person).offered_to for person in people]
    assert (asked.count(small.id), asked.count(large.id)) == (2, 7)


def test_whoever_is_away_or_excluded_is_not_asked(house: House) -> None:
    from storage import excluded
    from storage.excluded import Excluded

    away, named = house.worker("relations_officer", name="أ"), house.worker("relations_officer", name="ب")
    third = house.worker("management")
    away.post("/inbox/presence", presence="away")
    person = asks(house, "السلام عليكم")
    row = Excluded(f"conversation:{person.id}", named.id, "named", 0, ms(house.now))
    house.do(excluded.add, "harif", [row])
    looks(away, named, third)
    person.does(person.say("ابغى موظف"))
    assert one(person).offered_to == third.id


def test_a_process_that_dies_between_the_offer_and_its_commit_has_offered_nothing_and_the_next_one_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = house.worker("relations_officer")
    looks(officer)
    from storage import audit

    def dies(*_: Any) -> None:
        raise RuntimeError

    routing: Routing = house.line.rounds.routing
    with monkeypatch.context() as patched:
        patched.setattr(audit, "log", dies)
        house.line.rounds.seconds.pop("handoffs")
        house.line.rounds.seconds["handoffs"] = (5, _nothing)
        person = asks(house)
        with pytest.raises(RuntimeError):
            house.run(routing.offer())
        assert (one(person).offered_to, one(person).offers) == (None, 0)
    house.run(routing.offer())
    assert (one(person).offered_to, one(person).offers) == (officer.id, 1)


async def _nothing() -> None: ...


def test_two_processes_that_look_at_once_offer_each_row_once(house: House) -> None:
    import asyncio

    officer = house.worker("relations_officer")
    looks(officer)
    house.line.rounds.seconds["handoffs"] = (5, _nothing)
    person = asks(house)
    mine: Routing = house.line.rounds.routing
    other = Routing(house.database, house.associations, house.line.intake.clock, lambda _: None)

    async def both() -> None:
        await asyncio.gather(mine.offer(), other.offer())

    house.run(both())
    assert (one(person).offered_to, one(person).offers) == (officer.id, 1)


# --- hours -----------------------------------------------------------------------------------------------------------


def test_out_of_hours_they_hear_the_next_working_time_and_nothing_escalates_before_it(house: House) -> None:
    officer = house.worker("relations_officer")
    at(house, 26, 20)
    person = asks(house)
    assert "الأحد" in person.told[-1] and "٨:٠٠ صباحًا" in person.told[-1]
    looks(officer)
    said = len(person.told)
    for _ in range(6):
        house.later(hours=10)
        looks(officer)
    assert one(person).offered_to is None
    assert rings(house) == {} and len(person.told) == said
    at(house, 29, 8)
    looks(officer)
    house.later(minutes=1)
    assert one(person).offered_to == officer.id
    house.later(minutes=30)
    assert rings(house) == {"waiting_unanswered": 1}
    # The bot stays able to do everything else meanwhile.
    person.does(person.apply())
    assert person.where.holder == "queue"


def test_who_asks_for_a_woman_is_told_the_womens_hours_and_waits_for_a_woman(house: House) -> None:
    man, woman = house.worker("relations_officer", name="أ"), house.worker("relations_officer", name="ب", woman=True)
    at(house, 22, 15)
    looks(man, woman)
    person = asks(house, "السلام عليكم", "ابغى موظفة")
    assert "الاثنين" in person.told[-1] and "٩:٠٠ صباحًا" in person.told[-1]
    assert one(person).offered_to is None
    at(house, 23, 8, 30)
    looks(man, woman)
    house.later(minutes=1)
    assert one(person).offered_to is None
    at(house, 23, 9)
    looks(man, woman)
    house.later(minutes=1)
    assert one(person).offered_to == woman.id
    assert man.get("/inbox").text.count("data-row") == 0


def test_where_no_woman_works_management_hears_at_once(house: House) -> None:
    house.worker("relations_officer")
    person = asks(house, "السلام عليكم", "ابغى موظفة")
    assert one(person).offered_to is None
    assert rings(house) == {"waiting_nobody_may": 1}


def test_what_is_restricted_is_asked_of_the_protection_officer_alone_and_nothing_is_written_unasked(
    house: House,
) -> None:
    officer, protection = house.worker("relations_officer"), house.worker("protection_officer")
    looks(officer, protection)
    person = asks(house, "السلام عليكم", "أبوي يضربني")
    (row,) = queue(person, restricted=True)
    assert row.offered_to == protection.id
    assert person.id not in [one.conversation for one in house.ask(handoffs.waiting, house.vault, "harif")]
    said = len(person.told)
    house.later(minutes=45)
    assert len(person.told) == said
    assert rings(house)["waiting_urgent"] >= 1


def test_what_waited_before_they_disclosed_something_is_the_protection_officers_too(house: House) -> None:
    officer, protection = house.worker("relations_officer"), house.worker("protection_officer")
    person = asks(house)
    person.does(person.say("أبوي يضربني"))
    looks(officer, protection)
    house.later(minutes=1)
    assert {row.offered_to for row in queue(person)} == {protection.id}


def test_urgent_at_night_asks_whoever_is_awake_and_rings_until_somebody_takes_it(house: House) -> None:
    officer = house.worker("relations_officer")
    at(house, 26, 23)
    person = asks(house, "عاجل")
    assert one(person).offered_to is None
    for _ in range(3):
        house.later(minutes=10)
    assert rings(house)["waiting_urgent"] == 3
    looks(officer)
    house.later(minutes=1)
    assert one(person).offered_to == officer.id
    officer.sign_in()
    officer.post(f"/inbox/{person.id}/take", follow=False)
    house.later(hours=1)
    assert rings(house)["waiting_urgent"] == 3


def test_a_whatsapp_window_that_closed_over_the_weekend_is_no_reason_for_silence(house: House) -> None:
    at(house, 26, 15)
    person = asks(house, handle="+966500000009", channel="whatsapp")
    said = len(person.told)
    at(house, 29, 8)
    house.later(minutes=40)
    assert rings(house)["waiting_unanswered"] >= 1
    assert len(person.told) == said + 1
    assert one(person).told_at == pytest.approx(ms(house.now), abs=timedelta(hours=1).total_seconds() * 1000)
