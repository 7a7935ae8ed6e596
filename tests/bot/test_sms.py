"""SMS end to end at a stand-in: a conversation by numbers, its statuses, the word and the link that stop it."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from bot.channels.http import Http
from bot.channels.sms import Sms
from bot.fold import Arrived
from bot.frontline import build
from bot.settings import read_settings
from bot.ways_out import link, row_of, token
from bot.web.webhooks import Webhooks
from conversations.events import CalledStaff, StaffSaid
from storage.spool import Spool
from storage.vault import Vault
from tests.bot.desk import Desk
from tests.bot.standin import ACCOUNT, PUBLIC, SENDER, TOKEN
from tests.bot.wasl import PROFILES
from tests.channels.harness import Reply, StandIn, stand_in
from tests.channels.test_sms import problems

PHONE = "+966500000007"


class Sent:
    """The channel before a stand-in, behind the real door."""

    def __init__(self, desk: Desk, hooks: Webhooks, provider: StandIn) -> None:
        self.desk, self.hooks, self.provider, self.number = desk, hooks, provider, 0

    async def post(self, path: str, fields: dict[str, str]) -> int:
        body = urlencode(fields).encode()
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, fields)
        received = [{"type": "http.request", "body": body}]
        sent: list[Any] = []

        async def receive() -> Any:
            return received.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        plain, _, query = path.partition("?")
        scope = {
            "type": "http", "method": "POST", "path": plain, "query_string": query.encode(),
            "headers": [(b"x-twilio-signature", signature.encode())],
        }  # fmt: skip
        await self.hooks(scope, receive, send)
        await self.desk.settle()
        return int(sent[0]["status"])

    async def write(self, text: str, **more: str) -> None:
        self.number += 1
        fields = {"MessageSid": f"SM{self.number:032x}", "From": PHONE, "To": SENDER, "Body": text, "NumMedia": "0"}
        assert await self.post("/twilio/harif/sms", fields | more) == 200

    async def status(self, row: int, status: str, **more: str) -> None:
        fields = {"MessageSid": "SM" + "9" * 32, "MessageStatus": status} | more
        assert await self.post(f"/twilio/harif/sms_status?row={row}", fields) == 200

    def states(self) -> list[str]:
        return self.desk.states(PHONE, "sms")

    def rows(self) -> list[Any]:
        return self.desk.out(PHONE, "sms")

    @property
    def bodies(self) -> list[str]:
        return [call.fields["Body"] for call in self.provider.calls]


@pytest.fixture
async def make(make_desk: Callable[..., Desk], associations: Any, vault: Vault, tmp_path: Any) -> AsyncIterator[Any]:
    http, opened = Http(), []

    async with stand_in(Reply(201, json={"sid": "SM" + "9" * 32}), problems) as provider:

        def make(sender: str = SENDER) -> Sent:
            way = lambda row: link(vault, PUBLIC, "harif", row)  # noqa: E731
            wording = associations["harif"].wording
            channel = Sms("harif", ACCOUNT, TOKEN, sender, PUBLIC, http, wording, way, provider.url)
            desk = make_desk((channel,))
            spool = Spool(tmp_path / "spool", vault)
            opened.append((desk, spool))
            return Sent(desk, Webhooks(desk.channels, frozenset(associations), desk.intake.take, spool), provider)

        yield make
        for desk, spool in opened:
            await desk.settle()
            spool.close()
        assert provider.problems == []
    await http.close()


async def test_a_conversation_by_numbers(make: Callable[..., Sent]) -> None:
    sms = make()
    await sms.write("السلام عليكم")
    assert "وعليكم السلام" in sms.bodies[0] and "\n1. " in sms.bodies[-1]
    await sms.write("1")
    assert sms.desk.where(PHONE, "sms").open is not None
    assert len(sms.bodies) >= 2 and set(sms.states()) == {"accepted"}


async def test_a_status_moves_its_row_and_no_other_channels(make: Callable[..., Sent]) -> None:
    sms = make()
    await sms.write("السلام عليكم")
    row = sms.rows()[-1].id
    await sms.status(row, "delivered")
    await sms.status(row, "sent")  # late
    await sms.status(row, "delivered")  # twice
    assert sms.states()[-1] == "delivered"


async def test_a_number_that_is_no_more_is_given_up(make: Callable[..., Sent]) -> None:
    sms = make()
    await sms.write("السلام عليكم")
    await sms.status(sms.rows()[-1].id, "undelivered", ErrorCode="21610")
    assert sms.states()[-1] == "failed"
    assert sms.desk.where(PHONE, "sms").unreachable == "21610"


@pytest.mark.parametrize(
    ("word", "more"), [("STOP", {"OptOutType": "STOP"}), ("إيقاف", {}), ("كفاية", {"OptOutType": "STOP"})]
)
async def test_a_stop_word_stops_at_once_and_only_the_way_back_brings_us_back(
    make: Callable[..., Sent], word: str, more: dict[str, str]
) -> None:
    sms = make()
    await sms.write("السلام عليكم")
    await sms.write(word, **more)
    assert sms.desk.where(PHONE, "sms").stopped
    await sms.write("السلام عليكم")
    assert sms.desk.where(PHONE, "sms").stopped
    await sms.write("START", OptOutType="START")
    assert not sms.desk.where(PHONE, "sms").stopped


async def test_what_came_while_the_database_was_away_is_taken_in_later(make: Callable[..., Sent]) -> None:
    sms = make()
    real, away = sms.hooks.take, True

    async def take(*about: Any) -> None:
        from storage.database import DatabaseAway

        if away:
            raise DatabaseAway
        await real(*about)

    sms.hooks.take = take
    await sms.write("السلام عليكم")
    assert sms.bodies == []
    away = False
    await sms.hooks.drain_spool()
    await sms.desk.settle()
    assert sms.desk.told(PHONE, "sms")


# --- one way ------------------------------------------------------------------------------------------------------


async def told_one_way(make: Callable[..., Sent]) -> tuple[Sent, str]:
    """Somebody got a message by a sender that nobody can answer; the token of its link."""
    sms = make("Harif")
    await sms.desk.intake.take("harif", "sms", [])
    from tests.bot.desk import Person

    await Person(sms.desk, PHONE, "sms").say("السلام عليكم")
    found = re.search(rf"{PUBLIC}/harif/stop/(\S+)$", sms.bodies[-1])
    assert found
    return sms, found[1]


async def test_the_link_stops_messages_and_lets_them_come_back(make: Callable[..., Sent]) -> None:
    sms, way = await told_one_way(make)
    house, sent = sms.desk.house, len(sms.bodies)
    assert await house.stopped("harif", way) is False
    await house.stop("harif", way, again=True)  # nothing to bring back
    await house.stop("harif", way, again=False)
    await house.stop("harif", way, again=False)
    assert await house.stopped("harif", way) is True and sms.desk.where(PHONE, "sms").stopped
    await house.stop("harif", way, again=True)
    await sms.desk.settle()
    assert await house.stopped("harif", way) is False and not sms.desk.where(PHONE, "sms").stopped
    assert len(sms.bodies) == sent, "the page says it: no message does"


async def test_a_message_that_waited_is_not_sent_after_the_link_was_used(make: Callable[..., Sent]) -> None:
    sms, way = await told_one_way(make)
    id = sms.desk.id_of(PHONE, "sms")
    await sms.desk.house.stop("harif", way, again=False)
    before = len(sms.bodies)
    said = StaffSaid(id="s1", at=sms.desk.now, staff="7", title="موظف", text="لدينا خبر")
    await sms.desk.intake.put(Arrived("harif", "", "", said, conversation=id))
    await sms.desk.intake.put(
        Arrived("harif", "", "", CalledStaff(id="c1", at=sms.desk.now, reason="asked"), conversation=id)
    )
    await sms.desk.settle()
    assert len(sms.bodies) == before


async def test_only_our_own_links_stop_anything(make: Callable[..., Sent]) -> None:
    sms, way = await told_one_way(make)
    for wrong in ("", "x", way[:-1], way + "A", "A" * len(way), "é" * 23, "a" * 5):
        assert await sms.desk.house.stopped("harif", wrong) is None
        await sms.desk.house.stop("harif", wrong, again=False)
    assert await sms.desk.house.stopped("mastoura", way) is None
    assert not sms.desk.where(PHONE, "sms").stopped


def test_a_link_names_its_message_to_us_alone(vault: Vault) -> None:
    made = token(vault, "harif", 2**62 + 5)
    assert row_of(vault, "harif", made) == 2**62 + 5
    assert row_of(vault, "ruhama", made) is None
    assert len(made) == 23 and made.isascii() and "+" not in made and "/" not in made


# --- how it is put together ---------------------------------------------------------------------------------------


def test_the_front_line_has_it_where_its_settings_are(associations: Any, tmp_path: Any) -> None:
    environ = {
        "WASL_DATA": str(tmp_path),
        "WASL_ASSOCIATIONS": str(PROFILES),
        "WASL_PUBLIC_URL": PUBLIC,
        "WASL_HARIF_TWILIO_ACCOUNT_SID": ACCOUNT,
        "WASL_HARIF_TWILIO_AUTH_TOKEN": TOKEN,
        "WASL_HARIF_TWILIO_SMS_FROM": "Harif",
        "WASL_HARIF_TWILIO_SMS_RATE": "5",
    }
    line = build(read_settings(environ), {"harif": associations["harif"]})
    try:
        channel = line.channels["harif", "sms"]
        assert isinstance(channel, Sms) and channel.one_way
        assert ("harif", "whatsapp") not in line.channels and line.spool is not None
        assert line.delivery.rates["harif", "sms"].per_second == 5
        assert any("WhatsApp is off" in one for one in line.off) and not any("SMS" in one for one in line.off)
    finally:
        if line.spool:
            line.spool.close()
        line.database.close()
