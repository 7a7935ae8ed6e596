"""A number that was silent for half a year, or is reported changed, may be another's by now: whoever has it sees
nothing of what its owner told us, joins nobody to them and changes nothing of theirs, until identity is proven."""

import pytest
from sqlalchemy import Connection

from bot import errands
from conversations.events import Contact
from storage import tasks, timers
from storage.times import ms
from tests.bot.desk import WORDS, Desk, Paper, Person
from tests.bot.test_addresses import people
from tests.bot.test_notices import PHONE, agreed, move

OTHER = "+966555555555"


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("whatsapp", "sms", "email")}


@pytest.fixture
def noura(desk: Desk) -> Person:
    """She writes by WhatsApp."""
    return Person(desk, PHONE, "whatsapp")


def reasons(desk: Desk) -> list[str]:
    return [row.reason for row in desk.rows("handoffs")]


async def proves(noura: Person) -> None:
    """The page asks for the number of her identity."""
    assert noura.where.open is not None and noura.where.open.flow == "prove"
    await noura.desk.house.submit(noura.last_link(), {"identity": "1012345672"})
    await noura.desk.settle()


async def wants_another_channel_after_long_silence(noura: Person) -> None:
    await noura.apply()
    await noura.desk.later(days=200)
    await noura.say("السلام عليكم")
    await noura.press("/mydata")
    await noura.press("channel")


async def test_whoever_has_a_number_after_long_silence_names_no_other_address_for_its_owner(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    await wants_another_channel_after_long_silence(noura)
    assert noura.where.open is not None and noura.where.open.flow == "prove"
    assert not others["sms"].sent and [row.agreed_channel for row in desk.rows("cases")] == ["whatsapp"]


async def test_once_she_has_shown_who_she_is_what_she_wanted_is_taken_up_again(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    await wants_another_channel_after_long_silence(noura)
    await proves(noura)
    assert not noura.where.proof_needed
    assert [draft.flow for draft in noura.where.aside] == ["my_data"]
    await noura.press("/resume")
    await noura.press("phone")
    assert [row.agreed_channel for row in desk.rows("cases")] == ["phone"]


async def test_a_change_that_was_begun_before_the_silence_is_not_finished_after_it(desk: Desk, noura: Person) -> None:
    await noura.apply()
    await noura.press("/mydata")
    await noura.press("channel")
    await desk.later(days=200)
    await noura.press("phone")
    assert [row.agreed_channel for row in desk.rows("cases")] == ["whatsapp"]


async def test_a_language_is_everybodys_to_choose(desk: Desk, noura: Person) -> None:
    await noura.apply()
    await desk.later(days=200)
    await noura.say("السلام عليكم")
    await noura.press("/mydata")
    await noura.press("language")
    await noura.press("en")
    assert noura.where.language == "en"


async def test_a_contact_shared_in_telegram_opens_nothing_of_a_number_that_was_silent_and_staff_look(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    await desk.later(days=200)
    new = Person(desk, "9001")
    await new.say("السلام عليكم")
    await new.send(new.incoming(Contact(id="c", at=desk.now, phone="966500000007", own=True)))
    assert people(desk)["whatsapp"] != people(desk)["telegram"]
    await new.press("/track")
    assert reference not in "".join(new.told)
    await desk.run()
    assert reasons(desk) == ["identity_not_proven"]


async def test_a_contact_of_a_number_that_only_said_hello_calls_nobody(desk: Desk, noura: Person) -> None:
    await noura.say("السلام عليكم")
    await desk.later(days=200)
    new = Person(desk, "9001")
    await new.say("السلام عليكم")
    await new.send(new.incoming(Contact(id="c", at=desk.now, phone="966500000007", own=True)))
    await desk.run()
    assert reasons(desk) == []


async def test_the_answer_of_a_number_that_was_silent_does_not_bring_its_old_owners_cases(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    """Somebody in Telegram names it as theirs; whoever has it now says yes."""
    by_sms = Person(desk, PHONE, "sms")
    theirs = await by_sms.apply()
    await desk.later(days=200)
    new = Person(desk, "9001")
    await new.open("apply")
    await new.finish(agreed_channel="sms")
    await desk.run()
    await by_sms.say("نعم")
    await desk.run()
    assert people(desk)["sms"] != people(desk)["telegram"]
    await new.press("/track")
    assert theirs not in "".join(new.told)
    assert "أكّدتم العنوان" not in new.told[-1] and "identity_not_proven" in reasons(desk)


async def test_a_new_request_from_a_number_that_was_silent_takes_nothing_over(
    desk: Desk, noura: Person, others: dict[str, Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new owner applies, with their own identity and another number for messages."""
    reference = await noura.apply()
    await desk.later(days=200)
    await noura.say("السلام عليكم")
    await noura.open("apply")
    monkeypatch.setitem(WORDS, "phone", "0555555555")
    monkeypatch.setitem(WORDS, "identity", "2345678904")
    monkeypatch.setitem(WORDS, "saudi_id", "2345678904")
    await noura.finish(agreed_channel="sms")
    assert noura.where.proof_needed and "identity_not_proven" in reasons(desk)
    there = Person(desk, OTHER, "sms")
    await there.say("نعم")
    await desk.run()
    await there.press("/track")
    assert reference not in "".join(there.told)
    # Nor is their own identity the proof of who the old owner is.
    await noura.press("/track")
    await desk.house.submit(noura.last_link(), {"identity": "2345678904"})
    await desk.settle()
    assert noura.where.proof_needed and reference not in noura.told[-1]


async def test_a_new_request_with_the_same_identity_proves_who_it_is(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    await desk.later(days=200)
    await noura.say("السلام عليكم")
    await noura.apply()
    assert not noura.where.proof_needed
    await noura.press("/track")
    assert reference in noura.told[-1]


# --- reported changed ------------------------------------------------------------------------------------------------


def record(desk: Desk, outcome: str) -> None:
    """What came of the one call there is."""

    def do(connection: Connection) -> None:
        (row,) = desk.rows("tasks", "id")
        known = tasks.get(connection, desk.vault, "harif", row.id, lock=True)
        assert known is not None

        def wake(conversation: int, timer: str) -> None:
            timers.set_all(connection, [timers.Timer("harif", conversation, timer, ms(desk.now))])

        errands.record(connection, desk.vault, desk.associations["harif"], known, outcome, 1, "", desk.now, wake)

    desk.do(do)


async def test_a_number_that_a_worker_found_to_be_anothers_is_told_no_more_than_that_there_is_news(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    agreed(desk, "phone")
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    record(desk, "wrong_number")
    await desk.run()
    assert noura.where.proof_needed
    assert reference not in noura.told[-1] and "هناك جديد" in noura.told[-1]
    await noura.press("/track")
    assert reference not in noura.told[-1]


async def test_who_gives_up_the_number_they_write_from_leaves_nothing_behind_there(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    await noura.say("غيرت رقمي")
    await noura.press("this")
    await noura.say("0555555555")
    assert noura.where.proof_needed
    (asked,) = [row for row in desk.rows("cases") if row.kind == "data_request"]
    assert asked.service == "correct" and asked.reference in noura.told[-1]
    await noura.press("/track")
    assert reference not in noura.told[-1]
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference not in noura.told[-1]


async def test_who_writes_from_elsewhere_names_the_old_number_and_it_shows_nothing(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    new = Person(desk, "9001")
    await new.say("غيرت رقم جوالي")
    assert new.where.open is not None and new.where.open.step == "old_number", "in Telegram it is another number"
    await new.say("0500000007")
    await new.say("تخطي")
    await desk.run()
    assert noura.where.proof_needed and not new.where.proof_needed
    await noura.press("/track")
    assert reference not in noura.told[-1]


async def test_the_new_number_named_as_the_old_one_too_doubts_nobody(desk: Desk, noura: Person) -> None:
    await noura.apply()
    new = Person(desk, "9001")
    await new.say("غيرت رقم جوالي")
    await new.say("0500000007")
    await new.say("0500000007")
    await desk.run()
    assert not noura.where.proof_needed


async def test_by_the_menu_too_and_in_telegram_nobody_is_asked_which_number_they_write_from(desk: Desk) -> None:
    new = Person(desk, "9001")
    await new.say("السلام عليكم")
    await new.press("/mydata")
    await new.press("number")
    assert new.where.open is not None and new.where.open.step == "old_number"
