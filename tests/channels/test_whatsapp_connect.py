"""`wasl twilio connect`: what it finds, what it sets, and what it says is left to do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.http import Http
from bot.channels.twilio_connect import SANDBOX, Finding, connect

from .harness import NOBODY, Provider, Reply, StandIn, stand_in
from .whatsapp_bench import ACCOUNT, PUBLIC, SENDER, TOKEN

MESSAGE = f"{PUBLIC}/twilio/harif/message#rc=3&rp=all"
STATUS = f"{PUBLIC}/twilio/harif/status#rc=3&rp=all"
HOOKS = {"callback_url": MESSAGE, "status_callback_url": STATUS}


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http(connect=2, answer=1)
    yield http
    await http.close()


def account(status: str = "active", kind: str = "Full") -> Reply:
    return Reply(json={"sid": ACCOUNT, "friendly_name": "Harif", "type": kind, "status": status})


def sender(webhook: dict[str, str] | None, status: str = "ONLINE") -> dict[str, Any]:
    return {"sid": "XE1", "status": status, "sender_id": f"whatsapp:{SENDER}", "webhook": webhook}


def senders(*listed: dict[str, Any]) -> Reply:
    meta = {"key": "senders", "page": 0, "page_size": 50, "next_page_url": None, "previous_page_url": None}
    return Reply(json={"senders": list(listed), "meta": meta})


def provider(*, before: dict[str, str] | None, after: dict[str, str] | None = None, **more: Any) -> Provider:
    return {
        f"{ACCOUNT}.json": account(),
        "/v2/Channels/Senders": senders(sender(None)),
        "/XE1": (Reply(json=sender(before, **more)), Reply(202, json=sender(after))),
    }


async def look(
    http: Http, provides: Provider, sender: str = SENDER, public_url: str = PUBLIC, change: bool = True
) -> tuple[list[Finding], StandIn]:
    async with stand_in(provides) as there:
        return await connect(http, "harif", ACCOUNT, TOKEN, sender, public_url, there.url, change), there


def posts(there: StandIn) -> list[Any]:
    return [call.fields for call in there.calls if call.method == "POST"]


def all_said(found: list[Finding]) -> str:
    return "\n".join(finding.text for finding in found)


async def test_webhooks_are_set_with_retries(http: Http) -> None:
    old = {"callback_url": "https://old.example/in", "status_callback_url": ""}
    found, there = await look(http, provider(before=old, after=HOOKS))
    assert posts(there) == [{"webhook": {**HOOKS, "callback_method": "POST", "status_callback_method": "POST"}}]
    assert all(finding.fine for finding in found)
    assert "https://old.example/in" in all_said(found)


async def test_webhooks_that_are_right_are_left_alone(http: Http) -> None:
    found, there = await look(http, provider(before=HOOKS))
    assert posts(there) == []
    assert all(finding.fine for finding in found)


async def test_looking_changes_nothing(http: Http) -> None:
    found, there = await look(http, provider(before=None), change=False)
    assert posts(there) == []
    assert MESSAGE in all_said(found)
    assert not found[-1].fine


async def test_webhooks_that_twilio_did_not_take_are_to_be_pasted(http: Http) -> None:
    found, _ = await look(http, provider(before=None, after=None))
    assert not found[-1].fine
    assert MESSAGE in all_said(found)
    assert STATUS in all_said(found)


async def test_the_sandbox_is_set_by_hand(http: Http) -> None:
    found, there = await look(http, {f"{ACCOUNT}.json": account(kind="Trial")}, sender=f"whatsapp:{SANDBOX}")
    assert posts(there) == []
    assert "sandbox" in all_said(found).lower()
    assert MESSAGE in all_said(found)
    assert "trial" in all_said(found)


async def test_a_sender_that_is_not_the_accounts_is_named_with_those_that_are(http: Http) -> None:
    provides: Provider = {f"{ACCOUNT}.json": account(), "/v2/Channels/Senders": senders(sender(None))}
    found, _ = await look(http, provides, sender="+14155230000")
    assert not found[-1].fine
    assert "+14155230000" in found[-1].text
    assert SENDER in found[-1].text


async def test_a_sender_that_is_offline_is_said(http: Http) -> None:
    found, _ = await look(http, provider(before=HOOKS, status="OFFLINE"))
    assert [finding.text for finding in found if not finding.fine] == [f"Sender {SENDER} is OFFLINE."]


@pytest.mark.parametrize(
    ("provides", "words"),
    [
        (Reply(401, json={"code": 20003, "message": "Authenticate +966500000001"}), "auth token"),
        (Reply(500, json={"code": 20500, "message": "no +966500000001"}), "20500"),
        (Reply(then="drop"), "did not answer"),
        (NOBODY, "did not answer"),
    ],
    ids=["wrong token", "failing", "dropped", "nobody"],
)
async def test_what_stands_in_the_way_is_said_in_plain_words(provides: Provider, words: str, http: Http) -> None:
    found, _ = await look(http, provides)
    assert not found[-1].fine
    assert words in found[-1].text
    assert "+966" not in all_said(found)


async def test_a_public_address_without_tls_is_said(http: Http) -> None:
    found, _ = await look(http, provider(before=HOOKS), public_url="http://localhost:8080")
    assert not found[0].fine
    assert "WASL_PUBLIC_URL" in found[0].text


# --- text messages ------------------------------------------------------------------------------------------------

SMS = f"{PUBLIC}/twilio/harif/sms#rc=3&rp=all"
NUMBER = "+14155238001"


def numbers(*hooks: str, sms: bool = True) -> Reply:
    listed = [
        {"sid": "PN1", "phone_number": NUMBER, "sms_url": hook, "capabilities": {"sms": sms, "voice": True}}
        for hook in hooks
    ]
    pages = {"uri": "/x", "first_page_uri": "/x", "next_page_uri": None, "page": 0, "page_size": 50}
    return Reply(json={"incoming_phone_numbers": listed} | pages)


async def look_at_sms(
    http: Http, listed: Reply, sms: str = NUMBER, change: bool = True
) -> tuple[list[Finding], StandIn]:
    taken = Reply(json={"sid": "PN1", "phone_number": NUMBER, "sms_url": SMS})
    provides = {f"{ACCOUNT}.json": account(), "/IncomingPhoneNumbers.json": listed, "/PN1.json": taken}
    async with stand_in(provides) as there:
        return await connect(http, "harif", ACCOUNT, TOKEN, "", PUBLIC, there.url, change, sms), there


async def test_the_webhook_of_a_number_is_set_and_left_alone_where_it_is_right(http: Http) -> None:
    found, there = await look_at_sms(http, numbers("https://old.example/in"))
    assert posts(there) == [{"SmsUrl": SMS, "SmsMethod": "POST"}] and all(finding.fine for finding in found)
    found, there = await look_at_sms(http, numbers(SMS))
    assert posts(there) == [] and all(finding.fine for finding in found)
    found, there = await look_at_sms(http, numbers(""), change=False)
    assert posts(there) == [] and not found[-1].fine and SMS in found[-1].text


async def test_a_number_that_cannot_do_it_is_said(http: Http) -> None:
    found, _ = await look_at_sms(http, numbers(SMS, sms=False))
    assert not all(finding.fine for finding in found)
    found, _ = await look_at_sms(http, numbers())
    assert not found[-1].fine and NUMBER in found[-1].text


async def test_a_sender_name_has_nothing_to_set(http: Http) -> None:
    found, there = await look_at_sms(http, numbers(), sms="Harif")
    assert posts(there) == [] and "nobody can answer" in found[-1].text and len(there.calls) == 1
