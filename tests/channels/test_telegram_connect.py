"""Connecting a bot: what is registered, what is left alone, and what is said about it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.channels.contract import ContentRefused, StopChannel, TryAgain
from bot.channels.telegram_connect import Found, NotConnectable, Texts, connect, report
from bot.channels.telegram_inbound import WANTED

from .harness import NOBODY, Reply, StandIn
from .telegram_bench import SECRET, WORDING, bot_at, reply

URL = "https://wasl.example.org/telegram/harif"
TEXTS = {
    "ar": Texts({"menu": "القائمة", "track": "متابعة طلبي"}, "نستقبل طلباتكم وشكاواكم.", "خدمة المستفيدين"),
    "en": Texts({"menu": "Menu", "track": "Track my request"}, "Requests and complaints.", "Beneficiary services"),
}


def webhook(url: str, **more: Any) -> Reply:
    return reply(result={"url": url, "has_custom_certificate": False, "pending_update_count": 0, **more})


def at_telegram(*webhooks: Reply, **more: Reply) -> dict[str, Reply | tuple[Reply, ...]]:
    me = reply(result={"id": 1, "is_bot": True, "first_name": "b", "username": "harif_bot"})
    done = ["setWebhook", "deleteWebhook", "setMyCommands", "setMyDescription", "setMyShortDescription"]
    return {"getMe": me, "getWebhookInfo": webhooks, **dict.fromkeys(done, reply(result=True)), **more}


def names(there: StandIn) -> list[str]:
    return [call.path.rsplit("/", 1)[-1] for call in there.calls]


async def test_the_webhook_is_registered_with_its_secret_and_nothing_waiting_is_dropped() -> None:
    async with bot_at(at_telegram(webhook("https://old.example.org/x"), webhook(URL, pending_update_count=3))) as (
        channel,
        there,
    ):
        found = await connect(channel, URL, SECRET, TEXTS)
    assert there.called("setWebhook")[0].fields == {
        "url": URL,
        "secret_token": SECRET,
        "allowed_updates": list(WANTED),
        "max_connections": 40,
    }
    assert found.done
    assert (found.username, found.was, found.now, found.pending) == ("harif_bot", "https://old.example.org/x", URL, 3)


async def test_menu_and_descriptions_are_set_in_each_language_and_arabic_for_everybody_else() -> None:
    async with bot_at(at_telegram(webhook(""), webhook(URL))) as (channel, there):
        found = await connect(channel, URL, SECRET, TEXTS)
    commands = {call.fields.get("language_code", ""): call.fields["commands"] for call in there.called("setMyCommands")}
    assert commands[""] == commands["ar"] != commands["en"]
    assert commands["en"][0] == {"command": "menu", "description": "Menu"}
    assert len(there.called("setMyDescription")) == len(there.called("setMyShortDescription")) == 3
    assert found.commands == 2


async def test_polling_is_asked_for_by_name_and_removes_the_webhook() -> None:
    async with bot_at(at_telegram(webhook(URL), webhook(""))) as (channel, there):
        found = await connect(channel, "", "", {})
    assert there.called("deleteWebhook")[0].fields.get("drop_pending_updates") in (None, False)
    assert "setWebhook" not in names(there)
    assert found.done
    assert WORDING["ar"]("telegram.connect.now_polling") in report(found, WORDING["ar"])


async def test_polling_without_a_webhook_removes_nothing() -> None:
    async with bot_at(at_telegram(webhook(""))) as (channel, there):
        await connect(channel, "", "", {})
    assert names(there) == ["getMe", "getWebhookInfo", "getWebhookInfo"]


async def test_telegrams_own_reason_is_passed_on() -> None:
    refusal = reply(400, "Bad Request: bad webhook: Failed to resolve host")
    async with bot_at(at_telegram(webhook(""), setWebhook=refusal)) as (channel, _):
        found = await connect(channel, URL, SECRET, {})
    assert not found.done
    assert any("failed to resolve host" in line.lower() for line in report(found, WORDING["en"]))


@pytest.mark.parametrize(
    ("url", "secret", "texts"),
    [
        ("http://wasl.example.org/x", SECRET, {}),
        (URL, "", {}),
        (URL, "سر", {}),
        (URL, "x" * 257, {}),
        (URL, SECRET, {"ar": replace(TEXTS["ar"], description="x" * 513)}),
        (URL, SECRET, {"ar": replace(TEXTS["ar"], about="x" * 121)}),
        (URL, SECRET, {"ar": replace(TEXTS["ar"], commands={"My-Menu": "x"})}),
        (URL, SECRET, {"ar": replace(TEXTS["ar"], commands={"menu": ""})}),
    ],
)
async def test_what_telegram_cannot_take_is_refused_before_anything_is_changed(
    url: str, secret: str, texts: dict[str, Texts]
) -> None:
    async with bot_at(reply()) as (channel, there):
        with pytest.raises(NotConnectable):
            await connect(channel, url, secret, texts)
    assert there.calls == []


@pytest.mark.parametrize(
    ("provider", "error"),
    [
        (reply(401, "Unauthorized"), StopChannel("bad_token")),
        (reply(404, "Not Found"), StopChannel("bad_token")),
        (NOBODY, TryAgain("not_connected")),
        (reply(429, "Too Many Requests", retry_after=9), TryAgain("too_fast")),
        (
            at_telegram(webhook(""), setMyDescription=reply(400, "Bad Request: too long")),
            ContentRefused("bad_request"),
        ),
    ],
)
async def test_a_bot_that_cannot_be_asked_says_why(provider: Any, error: Exception) -> None:
    async with bot_at(provider) as (channel, _):
        with pytest.raises(type(error), match=str(error)):
            await connect(channel, URL, SECRET, TEXTS)


async def test_the_last_error_and_what_waits_are_said() -> None:
    broken = webhook(URL, pending_update_count=2, last_error_date=1795330800, last_error_message="Connection refused")
    async with bot_at(at_telegram(broken)) as (channel, _):
        found = await connect(channel, URL, SECRET, {})
    lines = report(found, WORDING["en"])
    assert "2 messages are waiting and will arrive." in lines
    assert "Last error while sending to us (2026-11-22 07:00 UTC): Connection refused" in lines


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 11, 100])
def test_every_line_has_its_words(language: str, count: int) -> None:
    found = Found(username="b", was="", now=URL, wanted=URL, pending=count, commands=count)
    assert all(report(found, WORDING[language]))
    assert len(report(found, WORDING[language])) == 6
