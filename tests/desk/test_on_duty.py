"""«عاجل» at night reaches whoever is on duty: a code in words and the way to the desk, and nothing that was said."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels.contract import TryAgain
from bot.on_duty import OnDuty
from conversations.association.association import Association
from conversations.association.profile import OnDuty as Contact
from storage import alarms
from storage.times import ms
from tests.desk.house import House
from tests.desk.test_routing import asks, at

CHAT = "-100777"


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    harif = associations["harif"]
    profile = harif.profile.model_copy(update={"on_duty": Contact(telegram_chat=CHAT)})
    made = House({**associations, "harif": replace(harif, profile=profile)}, tmp_path)
    yield made
    made.close()


@pytest.fixture
def bell(house: House) -> OnDuty:
    return OnDuty(house.database, house.associations, house.papers, lambda: house.now, "https://wasl.example")


def heard(house: House) -> list[str]:
    return [sent.text for sent in house.papers["harif", "telegram"].sent if sent.handle == CHAT]


def test_who_writes_urgent_at_night_is_told_that_somebody_was_reached_and_somebody_was(
    house: House, bell: OnDuty
) -> None:
    at(house, 26, 23)
    person = asks(house, "عاجل ما عندنا أكل")
    assert any("أبلغنا المناوب" in text for text in person.told)
    house.run(bell.ring())
    (text,) = heard(house)
    assert "شخص كتب «عاجل»" in text and text.endswith("https://wasl.example/desk/harif/inbox")
    assert "أكل" not in text and "7001" not in text
    house.run(bell.ring())
    assert len(heard(house)) == 1
    # Nobody comes: it rings again every ten minutes.
    for rung in (2, 3):
        house.later(minutes=10)
        house.run(bell.ring())
        assert len(heard(house)) == rung


def test_what_is_seen_or_of_the_machine_or_not_urgent_rings_nobody_out_of_bed(house: House, bell: OnDuty) -> None:
    for code, urgent in (("quarantine", True), ("waiting_unanswered", False), ("overdue", False)):
        house.do(lambda c, code=code, urgent=urgent: alarms.ring(c, "harif", code, ms(house.now), urgent=urgent))
    house.do(lambda c: alarms.ring(c, "ruhama", "urgent", ms(house.now), urgent=True))
    house.do(lambda c: alarms.ring(c, "harif", "threat", ms(house.now), urgent=True))
    (threat,) = [one for one in house.ask(alarms.waiting, "harif") if one.code == "threat"]
    house.do(alarms.seen, "harif", threat.id, ms(house.now))
    house.run(bell.ring())
    assert heard(house) == []


def test_two_processes_ring_once_and_a_channel_that_fails_is_no_error(house: House, bell: OnDuty) -> None:
    import asyncio

    house.do(lambda c: alarms.ring(c, "harif", "urgent", ms(house.now), urgent=True))
    other = OnDuty(house.database, house.associations, house.papers, lambda: house.now)

    async def both() -> None:
        await asyncio.gather(bell.ring(), other.ring())

    house.run(both())
    assert len(heard(house)) == 1
    house.papers["harif", "telegram"].fails[CHAT].append(TryAgain("busy", after=5))
    house.later(minutes=1)
    house.do(lambda c: alarms.ring(c, "harif", "urgent", ms(house.now), urgent=True))
    house.run(bell.ring())
    assert len(heard(house)) == 1
    assert "on_duty_not_reached" in [one.code for one in house.ask(alarms.waiting, "harif")], "the desk says so"


def test_without_a_chat_nobody_is_said_to_have_been_reached(
    associations: dict[str, Association], tmp_path: Path
) -> None:
    harif = associations["harif"]
    profile = harif.profile.model_copy(update={"on_duty": Contact(phone="0500000000")})
    house = House({"harif": replace(harif, profile=profile)}, tmp_path, ("harif",))
    try:
        at(house, 26, 23)
        person = asks(house, "عاجل")
        assert not any("أبلغنا المناوب" in text for text in person.told)
    finally:
        house.close()
