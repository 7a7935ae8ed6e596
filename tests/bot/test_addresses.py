"""One person, many addresses: proven by a press from each, never by a name alone; and never by a code."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from conversations.events import Contact
from storage.schema import conversations
from tests.bot.desk import WORDS, Desk, Paper, Person
from tests.bot.test_notices import legs, move, one

PHONE = "+966500000007"


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("whatsapp", "sms", "email")}


def people(desk: Desk) -> dict[str, int]:
    """Whose each channel's conversation is."""
    c = conversations.c
    return dict(desk.ask(lambda connection: connection.execute(select(c.channel, c.beneficiary)).all()))


async def agrees(noura: Person, agreed: str) -> str:
    """A request whose news is to go elsewhere; its reference."""
    before = {row.reference for row in noura.desk.rows("cases")}
    await noura.open("apply")
    await noura.finish(agreed_channel=agreed)
    return str(next(row.reference for row in noura.desk.rows("cases") if row.reference not in before))


async def test_an_address_named_elsewhere_is_asked_there_first_and_the_question_tells_nothing(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    reference = await agrees(noura, "sms")
    await desk.run()
    (asked,) = others["sms"].sent
    assert "أهو أنتم" in asked.text and reference not in asked.text and "رمز" in asked.text
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference in noura.told[-1], "until it is proven, news comes where the request was made"
    assert legs(desk) == [("telegram", "out", "")]


async def test_once_its_owner_says_yes_the_two_are_one_person_and_news_goes_there(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    reference = await agrees(noura, "sms")
    await desk.run()
    there = Person(desk, others["sms"].sent[0].handle, "sms")
    await there.say("نعم")
    await desk.run()
    assert "أكّدتم العنوان" in noura.told[-1]
    assert people(desk)["sms"] == people(desk)["telegram"]
    before = len(noura.told)
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference in others["sms"].sent[-1].text and len(noura.told) == before
    consent = [(row.purpose, row.given, row.channel) for row in desk.rows("consents") if row.channel == "sms"]
    assert consent == [("notices", True, "sms")]


async def test_who_says_it_is_not_theirs_is_not_written_to_again(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    reference = await agrees(noura, "email")
    await desk.run()
    there = Person(desk, others["email"].sent[0].handle, "email")
    await there.say("لا")
    await desk.run()
    assert "ليس لكم" in noura.told[-1]
    sent = len(others["email"].sent)
    assert people(desk)["email"] != people(desk)["telegram"]
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert len(others["email"].sent) == sent and reference in noura.told[-1]


async def test_a_strangers_button_joins_nobody(desk: Desk, noura: Person, others: dict[str, Paper]) -> None:
    await agrees(noura, "sms")
    await desk.run()
    stranger = Person(desk, "7999")
    await stranger.say("السلام عليكم")
    for row in desk.rows("asks"):
        await stranger.press(f"own:{row.id}")
    await stranger.press("own:abc")
    c = conversations.c
    theirs = desk.ask(lambda k: k.scalar(select(c.beneficiary).where(c.id == desk.id_of("7999"))))
    assert theirs != people(desk)["sms"] and theirs not in {row.beneficiary for row in desk.rows("cases")}
    assert desk.rows("asks")[0].answered_at is None


async def test_a_contact_shared_in_telegram_is_known_by_whatsapp_too(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    there = Person(desk, PHONE, "whatsapp")
    reference = await there.apply()
    await noura.say("السلام عليكم")
    assert people(desk)["whatsapp"] != people(desk)["telegram"]
    await noura.send(noura.incoming(Contact(id="c1", at=desk.now, phone="966500000007", own=False)))
    assert people(desk)["whatsapp"] != people(desk)["telegram"], "another's contact proves nothing"
    await noura.send(noura.incoming(Contact(id="c2", at=desk.now, phone="966500000007", own=True)))
    assert people(desk)["whatsapp"] == people(desk)["telegram"]
    await noura.press("/track")
    assert reference in noura.told[-1], "both see one history"


async def test_another_channel_for_all_that_is_open_from_now_on(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    await noura.press("/mydata")
    await noura.press("channel")
    await noura.press("phone")
    assert [row.agreed_channel for row in desk.rows("cases")] == ["phone"]
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert one(desk).channel == "phone" and [row.kind for row in desk.rows("tasks")] == ["call"]


async def test_an_address_that_said_no_is_asked_no_more_and_who_names_it_again_is_told(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    await agrees(noura, "sms")
    await desk.run()
    there = Person(desk, others["sms"].sent[0].handle, "sms")
    await there.say("لا")
    await desk.run()
    sent, told = len(others["sms"].sent), len(noura.told)
    for _ in range(2):
        await agrees(noura, "sms")
        await desk.run()
    assert len(others["sms"].sent) == sent
    assert sum("ليس لكم" in text for text in noura.told[told:]) == 2


async def test_a_question_that_waits_for_its_answer_is_put_once(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    for _ in range(3):
        await agrees(noura, "sms")
        await desk.run()
    assert len(others["sms"].sent) == 1
    await desk.later(days=8)
    await agrees(noura, "sms")
    await desk.run()
    assert len(others["sms"].sent) == 2


async def test_an_address_that_is_known_is_not_asked_again(desk: Desk, noura: Person, others: dict[str, Paper]) -> None:
    await agrees(noura, "sms")
    await desk.run()
    await Person(desk, others["sms"].sent[0].handle, "sms").say("نعم")
    await desk.run()
    sent = len(others["sms"].sent)
    await agrees(noura, "sms")
    await desk.run()
    assert len(others["sms"].sent) == sent


# --- a reference typed elsewhere --------------------------------------------------------------------------------------


async def dies(noura: Person) -> None:
    await noura.say("صاحبة الطلب توفيت رحمها الله")
    while noura.where.open is not None and not noura.where.muted:
        await noura.press("yes")
    assert noura.where.muted


async def stops(noura: Person) -> None:
    await noura.say("إيقاف")


async def falls_silent(noura: Person) -> None:
    await noura.desk.later(days=200)


@pytest.mark.parametrize("ends", [dies, stops, falls_silent])
async def test_nobody_is_asked_for_a_stranger_who_wants_no_messages_died_or_may_have_lost_the_number(
    desk: Desk, noura: Person, ends: Callable[[Person], Awaitable[None]]
) -> None:
    reference = await noura.apply()
    await ends(noura)
    told = len([text for text in noura.told if "من جهاز آخر" in text])
    await Person(desk, "7002").say(reference)
    await desk.run()
    assert len([text for text in noura.told if "من جهاز آخر" in text]) == told == 0


async def test_the_owner_of_a_case_is_asked_and_may_let_it_be_shown_but_not_after_half_a_year(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    other = Person(desk, "7002")
    await other.say(reference)
    await desk.run()
    assert "من جهاز آخر" in noura.told[-1]
    asked = desk.rows("asks")[-1].id
    await desk.later(days=200)
    await noura.press(f"allow:{asked}-{reference}")
    await desk.run()
    assert desk.rows("asks")[-1].answered_at is None and "ما زال معكم" in noura.told[-1]


# --- another channel --------------------------------------------------------------------------------------------------


async def test_whoever_writes_in_telegram_may_agree_on_whatsapp_and_is_asked_there_once_they_write(
    desk: Desk, noura: Person, others: dict[str, Paper]
) -> None:
    reference = await noura.apply()
    await noura.press("/mydata")
    await noura.press("channel")
    await noura.press("whatsapp")
    while noura.where.open is not None:
        await noura.go_on()
    await desk.run()
    assert "من واتساب" in noura.told[-1] and not others["whatsapp"].sent, "nobody may be written to first there"
    there = Person(desk, PHONE, "whatsapp")
    await there.say("السلام عليكم")
    await desk.run()
    assert "أهو أنتم" in there.told[-1]
    await there.say("نعم")
    await desk.run()
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    assert reference in there.told[-1]


async def test_this_chat_names_no_other_number_whatever_mobile_they_gave(
    desk: Desk, others: dict[str, Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WORDS, "phone", "0555555555")
    await Person(desk, PHONE, "whatsapp").apply()
    assert desk.rows("asks") == []
