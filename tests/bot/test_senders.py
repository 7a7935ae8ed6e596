"""How Meta rates our WhatsApp sender is asked a few times a day: staff hear of a low one, once a day."""

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bot import senders
from bot.channels.http import Http
from bot.desk.words import DeskWords
from tests.bot.desk import Desk
from tests.channels.harness import Reply, stand_in
from tests.channels.whatsapp_bench import SENDER, make_channel

SID = "XE" + "1" * 32


def provider(quality: str | None, status: str = "ONLINE", number: str = SENDER) -> dict[str, Reply]:
    """As Twilio answers: a list without properties, and the sender itself."""
    one: dict[str, Any] = {"sid": SID, "status": status, "sender_id": f"whatsapp:{number}"}
    meta = {"key": "senders", "page": 0, "page_size": 50, "next_page_url": None, "previous_page_url": None}
    rated = {"quality_rating": quality, "messaging_limit": "10K Customers/24hr"} if quality else None
    return {
        "/v2/Channels/Senders": Reply(json={"senders": [one], "meta": meta}),
        f"/{SID}": Reply(json={**one, "properties": rated}),
    }


async def look(desk: Desk, answers: Any, me: str = "me", times: int = 1) -> list[str]:
    """The rounds, four hours apart; the paths that were asked for."""
    async with stand_in(answers) as there:
        http = Http(answer=0.5)
        channels: Any = {("harif", "whatsapp"): make_channel(there.url, http), ("harif", "telegram"): object()}
        try:
            for number in range(times):
                await senders.look(desk.database, channels, desk.now + timedelta(hours=4 * number), me)
        finally:
            await http.close()
        return [call.path for call in there.calls]


@pytest.mark.parametrize(
    ("quality", "status", "alarm"),
    [
        ("HIGH", "ONLINE", {}),
        ("MEDIUM", "ONLINE", {}),
        ("LOW", "ONLINE", {"sender_quality": 1}),
        ("LOW", "OFFLINE", {"sender_offline": 1}),
        (None, "ONLINE", {}),
        ("UNKNOWN", "ONLINE", {}),
    ],
)
async def test_staff_hear_of_a_sender_that_is_rated_low_or_taken_away(
    desk: Desk, quality: str | None, status: str, alarm: dict[str, int]
) -> None:
    await look(desk, provider(quality, status))
    assert desk.alarms() == alarm
    for code in alarm:
        assert f"alarm.{code}" in DeskWords("ar") and f"alarm.{code}" in DeskWords("en")


async def test_it_is_rung_once_a_day_and_the_number_is_there_for_prometheus(desk: Desk) -> None:
    answers = provider("LOW")
    await look(desk, {path: (reply,) * 5 for path, reply in answers.items()}, times=4)
    assert desk.alarms() == {"sender_quality": 1}
    assert REGISTRY.get_sample_value("wasl_sender_quality", {"association": "harif"}) == 1


async def test_a_sender_that_is_not_the_accounts_and_a_twilio_that_does_not_answer_stop_nothing(desk: Desk) -> None:
    await look(desk, provider("LOW", number="+15005550000"))
    await look(desk, Reply(503, json={"code": 20503}))
    assert desk.alarms() == {}


async def test_of_two_processes_one_asks(desk: Desk) -> None:
    asked = await look(desk, provider("HIGH"))
    assert len(asked) == 2
    assert await look(desk, provider("HIGH"), me="other") == []
