"""One person, many addresses: proven by a press from each, never by a name alone; and never by a code."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from conversations.events import Contact
from storage.schema import conversations
from tests.bot.desk import Desk, Paper, Person
from tests.bot.test_notices import legs, move, one

PHONE = "+966500000007"


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("whatsapp", "sms", "email")}


@pytest.fixture
def desk(make_desk: Callable[..., Desk], paper: Paper, others: dict[str, Paper]) -> Desk:
    return make_desk((paper, *others.values()))


@pytest.fixture
def noura(desk: Desk) -> Person:
    return Person(desk, "7001")


def people(desk: Desk) -> dict[str, int]:
    """Whose each channel's conversation is."""
    c = conversations.c
    return dict(desk.ask(lambda connection: connection.execute(select(c.channel, c.beneficiary)).all()))


async def agrees(noura: Person, agreed: str) -> str:
    """A request whose news is to go elsewhere; its reference."""
    before = {row.reference for row in noura.desk.rows("cases")}
    await noura.open("apply")
    await noura.finish(agreed_channel=agreed)
    return next(row.reference for row in noura.desk.rows("cases") if row.reference not in before)


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
