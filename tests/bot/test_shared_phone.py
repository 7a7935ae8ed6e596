"""A phone that a family shares: what one of them hears, agrees on and joins is theirs, and not the others'."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot import appointments
from conversations.events import Contact
from storage import cases
from tests.bot.desk import Desk, Paper, Person
from tests.bot.test_addresses import people
from tests.bot.test_notices import PHONE, move

NOURA, SAAD = ("نورة", "ياسمين"), ("سعد", "نخلة")


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("telegram", "sms")}


@pytest.fixture
def desk(make_desk: Callable[..., Desk], others: dict[str, Paper]) -> Desk:
    return make_desk((Paper("harif", "whatsapp"), *others.values()))


@pytest.fixture
def phone(desk: Desk) -> Person:
    return Person(desk, PHONE, "whatsapp")


async def takes(phone: Person, who: tuple[str, str]) -> None:
    """Whoever holds the phone now says who they are, for the first time."""
    await phone.press("/shared_phone")
    for text in who:
        await phone.say(text)
        await phone.desk.later(seconds=30)
    assert phone.where.member == who[0]


async def both(phone: Person) -> tuple[str, str]:
    """Noura's request and Saad's; Saad holds the phone."""
    await phone.say("السلام عليكم")
    await takes(phone, NOURA)
    hers = await phone.apply()
    await takes(phone, SAAD)
    return hers, await phone.apply()


async def test_news_says_for_whom_it_is_and_no_more_and_is_opened_by_her_word(desk: Desk, phone: Person) -> None:
    hers, _ = await both(phone)
    move(desk, hers, "verify", "relations_officer")
    await desk.run()
    told = phone.told[-1]
    assert "نورة" in told and "هناك جديد" in told and hers not in told
    await phone.press(f"track:{hers}")
    assert hers not in phone.told[-1], "Saad holds the phone"
    await phone.press("member:0")
    await phone.say(NOURA[1])
    await desk.later(seconds=30)
    await phone.press(f"track:{hers}")
    assert any(hers in text for text in phone.told[-2:])


async def test_where_it_stands_on_the_day_that_was_named_is_for_her_too(desk: Desk, phone: Person) -> None:
    hers, his = await both(phone)
    before = len(phone.told)
    await desk.later(days=15)
    news = "".join(phone.told[before:])
    assert hers not in news and his not in news


async def test_another_channel_is_agreed_on_for_ones_own_cases_alone(desk: Desk, phone: Person) -> None:
    hers, his = await both(phone)
    await phone.press("/mydata")
    await phone.press("channel")
    await phone.press("phone")
    agreed = {row.reference: row.agreed_channel for row in desk.rows("cases")}
    assert agreed == {hers: "whatsapp", his: "phone"}


async def test_an_appointment_of_hers_is_no_answer_to_him(desk: Desk, phone: Person) -> None:
    hers, _ = await both(phone)

    def arrange(connection: Connection) -> None:
        case = cases.by_reference(connection, desk.vault, "harif", hers)
        assert case is not None
        known = appointments.request(
            connection, desk.vault, "harif", "interview", desk.now, by="staff:1",
            conversation=desk.id_of(PHONE, "whatsapp"), case_id=case.id,
        )  # fmt: skip
        tell = appointments.nobody
        appointments.confirm(
            connection, desk.vault, "harif", known.id, desk.now + timedelta(days=2), desk.now, by="staff:1", tell=tell
        )

    desk.do(arrange)
    await phone.press("/appointments")
    assert "مع من نتحدث" in phone.told[-1]


async def test_an_address_that_one_of_them_names_keeps_their_cases_apart_too(
    desk: Desk, phone: Person, others: dict[str, Paper]
) -> None:
    hers, _ = await both(phone)
    await phone.press("/mydata")
    await phone.press("channel")
    await phone.press("sms")
    if phone.where.open is not None:
        await phone.say("0555555555")
    await desk.run()
    there = Person(desk, others["sms"].sent[-1].handle, "sms")
    await there.say("نعم")
    await desk.run()
    assert people(desk)["sms"] == people(desk)["whatsapp"]
    await there.press("/track")
    assert "مع من نتحدث" in there.told[-1] and hers not in there.told[-1]


async def test_a_phone_of_several_confirms_for_none_of_them(desk: Desk, phone: Person) -> None:
    """Saad names the family's phone in his own Telegram, and presses yes on it: her case is not his to see there."""
    hers, _ = await both(phone)
    his_own = Person(desk, "7001")
    await his_own.open("apply")
    await his_own.finish(agreed_channel="sms")
    await desk.run()
    there = Person(desk, PHONE, "sms")
    if there.where.open is None and not there.where.members:
        await takes(there, NOURA)
        await takes(there, SAAD)
    for row in desk.rows("asks"):
        await there.press(f"own:{row.id}")
    await desk.run()
    assert people(desk)["sms"] != people(desk)["telegram"]
    await his_own.press("/track")
    assert hers not in his_own.told[-1]


async def test_a_contact_shared_in_telegram_brings_the_names_along(desk: Desk, phone: Person) -> None:
    hers, _ = await both(phone)
    his_own = Person(desk, "7001")
    await his_own.say("السلام عليكم")
    await his_own.send(his_own.incoming(Contact(id="c", at=desk.now, phone="966500000007", own=True)))
    await his_own.press("/track")
    assert hers not in "".join(his_own.told) and "مع من نتحدث" in his_own.told[-1]
