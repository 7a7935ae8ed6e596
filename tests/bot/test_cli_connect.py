"""Connecting accounts from the command line, against providers that stand in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.commands.connect import MENU, CannotConnect, connect_telegram, connect_twilio, texts
from bot.settings import Settings, read_settings
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command
from conversations.association.association import Association
from tests.bot.wasl import PROFILES, Wasl
from tests.channels.harness import Reply, stand_in
from tests.channels.specs import telegram_problems
from tests.channels.test_telegram_connect import at_telegram, webhook

PUBLIC = "https://wasl.example.org"
TOKEN = f"123456:{'a' * 35}"
ACCOUNT = "AC" + "1" * 32
HOOK = f"{PUBLIC}/telegram/harif"


def settings(api: str = "http://127.0.0.1:9", **more: str) -> Settings:
    base = {
        "WASL_ASSOCIATIONS": str(PROFILES),
        "WASL_PUBLIC_URL": PUBLIC,
        "WASL_TELEGRAM_API_URL": api,
        "WASL_TWILIO_API_URL": api,
        "WASL_HARIF_TELEGRAM_TOKEN": TOKEN,
        "WASL_HARIF_TELEGRAM_SECRET": "s3cret",
        "WASL_HARIF_TWILIO_ACCOUNT_SID": ACCOUNT,
        "WASL_HARIF_TWILIO_AUTH_TOKEN": "hidden",
        "WASL_HARIF_TWILIO_WHATSAPP_FROM": "+966500000009",
    }
    return read_settings({name: value for name, value in (base | more).items() if value})


@pytest.fixture
def harif(associations: Mapping[str, Association]) -> Association:
    return associations["harif"]


async def test_a_bot_is_connected_with_its_menu_and_texts(harif: Association) -> None:
    async with stand_in(at_telegram(webhook(""), webhook(HOOK))) as there:
        lines, fine = await connect_telegram(settings(there.url), harif, poll=False)
    assert fine and any(HOOK in line for line in lines) and any("@harif_bot" in line for line in lines)
    assert there.called("setWebhook")[0].fields["url"] == HOOK
    arabic = next(call for call in there.called("setMyCommands") if call.fields.get("language_code") == "ar")
    assert {"command": "track", "description": "متابعة طلبي"} in arabic.fields["commands"]
    assert harif.profile.name.ar in there.called("setMyDescription")[0].fields["description"]
    assert TOKEN not in "\n".join(lines)


async def test_polling_takes_the_webhook_away(harif: Association) -> None:
    async with stand_in(at_telegram(webhook(HOOK), webhook(""))) as there:
        lines, fine = await connect_telegram(settings(there.url, WASL_PUBLIC_URL=""), harif, poll=True)
    assert fine and there.called("deleteWebhook") and not there.called("setWebhook")
    assert any("collected from here" in line for line in lines)


async def test_an_address_that_telegram_refuses_is_not_fine(harif: Association) -> None:
    refusal = Reply(400, json={"ok": False, "error_code": 400, "description": "Bad Request: bad webhook"})
    async with stand_in(at_telegram(webhook(""), webhook(""), setWebhook=refusal)) as there:
        lines, fine = await connect_telegram(settings(there.url), harif, poll=False)
    assert not fine and any("did not take" in line for line in lines)


GROUP = {"WASL_HARIF_TELEGRAM_STAFF_GROUP": "-1001234"}


def group(topics: bool = True, **member: Any) -> dict[str, Any]:
    rights = {"status": "administrator", "can_manage_topics": True, "can_delete_messages": True} | member
    chat = {"id": -1001234, "type": "supergroup", "title": "موظفونا", "is_forum": topics}
    return {
        "getChat": Reply(json={"ok": True, "result": chat}),
        "getChatMember": Reply(json={"ok": True, "result": rights}),
    }


async def test_the_staff_group_gets_its_commands_and_is_looked_at(harif: Association) -> None:
    async with stand_in(at_telegram(webhook(""), webhook(HOOK), **group()), telegram_problems) as there:
        lines, fine = await connect_telegram(settings(there.url, **GROUP), harif, poll=False)
    assert fine and any("موظفونا" in line for line in lines)
    assert there.problems == []
    inside = [call.fields for call in there.called("setMyCommands") if call.fields["scope"]["type"] == "chat"]
    assert {one["language_code"] for one in inside} == {"", "ar", "en"}
    assert [one["command"] for one in inside[0]["commands"]] == ["take", "done", "note", "case"]


@pytest.mark.parametrize(
    ("there_is", "said"),
    [
        (group(topics=False), "no topics"),
        (group(status="member", can_manage_topics=False, can_delete_messages=False), "no administrator"),
        (group(can_manage_topics=False), "may not manage topics"),
        (group(can_delete_messages=False), "may not delete"),
        (
            {
                "getChat": Reply(
                    400, json={"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
                )
            },
            "cannot see the group -1001234",
        ),
    ],
)
async def test_what_the_staff_group_lacks_is_named(harif: Association, there_is: dict[str, Any], said: str) -> None:
    async with stand_in(at_telegram(webhook(""), webhook(HOOK), **there_is)) as there:
        lines, fine = await connect_telegram(settings(there.url, **GROUP), harif, poll=False)
    assert not fine and sum(said in line for line in lines) == 1


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"WASL_HARIF_TELEGRAM_TOKEN": ""}, "WASL_HARIF_TELEGRAM_TOKEN"),
        ({"WASL_PUBLIC_URL": ""}, "WASL_PUBLIC_URL"),
        ({"WASL_HARIF_TELEGRAM_SECRET": ""}, "WASL_HARIF_TELEGRAM_SECRET"),
    ],
)
async def test_what_telegram_lacks_is_named(harif: Association, more: dict[str, str], named: str) -> None:
    with pytest.raises(CannotConnect, match=named):
        await connect_telegram(settings(**more), harif, poll=False)


async def test_a_wrong_token_or_nobody_there_is_said_in_words(harif: Association) -> None:
    wrong = Reply(401, json={"ok": False, "error_code": 401, "description": "Unauthorized"})
    async with stand_in({"getMe": wrong}) as there:
        with pytest.raises(CannotConnect, match=r"BotFather.*WASL_HARIF_TELEGRAM_TOKEN") as caught:
            await connect_telegram(settings(there.url), harif, poll=False)
        assert TOKEN not in str(caught.value)
    with pytest.raises(CannotConnect, match="cannot be reached"):
        await connect_telegram(settings(), harif, poll=False)


@pytest.mark.parametrize("slug", ["mastoura", "ruhama", "harif", "saudi-exhibitions", "bena-jazan"])
def test_every_association_introduces_itself_within_telegrams_limits(
    slug: str, associations: Mapping[str, Association]
) -> None:
    made = texts(associations[slug])
    assert made.keys() == {"ar", "en"}
    for words in made.values():
        assert words.mistakes() == [] and len(words.commands) == len(MENU)


def test_every_command_of_the_menu_is_understood(harif: Association) -> None:
    for words in texts(harif).values():
        assert [name for name in words.commands if command(fold(f"/{name}")) is None] == []


# --- Twilio ----------------------------------------------------------------------------------------------------------


async def test_a_sender_is_found_and_what_is_left_to_do_is_not_fine(harif: Association) -> None:
    meta: dict[str, Any] = {"key": "senders", "page": 0, "page_size": 50}
    account = Reply(json={"sid": ACCOUNT, "friendly_name": "Harif", "type": "Full", "status": "active"})
    none = Reply(json={"senders": [], "meta": meta | {"next_page_url": None, "previous_page_url": None}})
    async with stand_in({f"{ACCOUNT}.json": account, "/v2/Channels/Senders": none}) as there:
        lines, fine = await connect_twilio(settings(there.url), harif)
    assert not fine
    assert any(line.startswith("✓ Account Harif") for line in lines)
    assert any(line.startswith("✗ ") and "no WhatsApp sender" in line for line in lines)


async def test_what_twilio_lacks_is_named_all_at_once(harif: Association) -> None:
    empty = {f"WASL_HARIF_TWILIO_{name}": "" for name in ("ACCOUNT_SID", "AUTH_TOKEN", "WHATSAPP_FROM")}
    with pytest.raises(CannotConnect) as caught:
        await connect_twilio(settings(WASL_PUBLIC_URL="", **empty), harif)
    assert all(name in str(caught.value) for name in (*empty, "WASL_PUBLIC_URL"))


def test_the_commands_end_with_an_error_where_they_cannot_connect(
    tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch
) -> None:
    wasl = Wasl(tmp_path, associations, monkeypatch)
    for words in (("telegram", "connect", "harif"), ("twilio", "connect", "harif")):
        said = wasl(*words)
        assert said.code == 1 and "WASL_HARIF_T" in said.err and "not set" in said.err
