"""Asked and told where WhatsApp's window is closed: by the approved template, else at the person's next address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.association.survey import Audience
from conversations.templates import button, fits
from storage import audience, waves
from storage.schema import conversations
from storage.schema_surveys import answers
from storage.times import ms
from tests.bot.asking import asked, asking, change, known, running, survey, tick
from tests.bot.desk import Desk, Paper, Person

PHONE = "+966500000007"


@pytest.fixture
def whatsapp() -> Paper:
    return Paper("harif", "whatsapp")


@pytest.fixture
def desk(make_desk: Callable[..., Desk], associations: dict[str, Association], paper: Paper, whatsapp: Paper) -> Desk:
    made = make_desk(channels=(paper, whatsapp))
    mine = asking(associations["harif"], survey())
    made.associations = mine
    for one in (made.intake, made.rounds.planner, made.rounds.promises, made.rounds.routing, made.house):
        if hasattr(one, "associations"):
            one.associations = mine
    return made


async def two_addresses(desk: Desk) -> tuple[Person, Person]:
    """Telegram and WhatsApp of one person, who wrote from WhatsApp last, a day and more ago."""
    first = await known(desk, "7001", "survey", "case")
    whose = desk.ask(lambda c: c.execute(conversations.select()).mappings().one()["beneficiary"])
    desk.now += timedelta(minutes=5)
    second = Person(desk, PHONE, "whatsapp")
    await second.say("السلام عليكم")
    change(desk, conversations, conversations.c.id == desk.id_of(PHONE, "whatsapp"), beneficiary=whose)
    desk.now += timedelta(hours=26)
    return first, second


async def begin(desk: Desk, kind: str = "survey") -> int:
    id = running(desk, desk.now + timedelta(days=14), kind)
    wave = desk.ask(waves.get, "harif", id)
    assert desk.do(audience.fill, wave, Audience(), ms(desk.now)) == 1
    for _ in range(3):
        await tick(desk)
        desk.now += timedelta(minutes=2)
    return id


def scores(desk: Desk) -> list[tuple[str, Any]]:
    return [(row.question, row.score) for row in desk.ask(lambda c: c.execute(answers.select()).all())]


async def test_an_approved_template_invites_and_its_button_opens_the_survey(desk: Desk, whatsapp: Paper) -> None:
    whatsapp.approved = frozenset({"survey_invitation"})
    first, second = await two_addresses(desk)
    wave, before = await begin(desk), len(first.told)
    say = whatsapp.says[-1]
    assert say.template == "survey_invitation" and fits(say.template, say.values)
    pressed = button(say.template).partition(":")[2].replace("{{2}}", say.values["2"])
    assert pressed == f"survey:{wave}:yes"
    await second.press(pressed)
    await second.press(f"sv:{wave}:overall:good")
    assert scores(desk) == [("overall", 5)]
    assert [one.state for one in asked(desk)] == ["begun"]
    assert len(first.told) == before, "one invitation, at one address"


async def test_where_there_is_no_template_the_next_address_is_asked_and_its_answer_counts(
    desk: Desk, whatsapp: Paper
) -> None:
    first, second = await two_addresses(desk)
    sent = len(whatsapp.sent)
    wave = await begin(desk)
    assert len(whatsapp.sent) == sent
    assert first.where.invitations and not second.where.open
    await first.press(f"survey:{wave}:yes")
    await first.press(f"sv:{wave}:overall:poor")
    await first.press(f"sv:{wave}:speed:fair")
    assert sorted(scores(desk)) == [("overall", 1), ("speed", 3)]
    assert [one.state for one in asked(desk)] == ["finished"]


async def test_a_broadcast_goes_as_a_template_whose_button_brings_its_words(desk: Desk, whatsapp: Paper) -> None:
    whatsapp.approved = frozenset({"information_changed"})
    _, second = await two_addresses(desk)
    wave = await begin(desk, "broadcast")
    say = whatsapp.says[-1]
    assert say.template == "information_changed" and say.values["2"] == str(wave)
    await second.press(f"told:{wave}")
    assert "خبر" in whatsapp.says[-1].text and not whatsapp.says[-1].template


async def test_a_broadcast_is_read_by_nobody_whom_it_was_not_for(desk: Desk, whatsapp: Paper) -> None:
    whatsapp.approved = frozenset({"information_changed"})
    await two_addresses(desk)
    wave = await begin(desk, "broadcast")
    stranger = Person(desk, "7009")
    await stranger.open()
    await stranger.press(f"told:{wave}")
    assert "خبر" not in " ".join(stranger.told)
