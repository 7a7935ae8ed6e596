"""`wasl telegram connect` and `wasl twilio connect`: an association's accounts meet their providers."""

from typing import TYPE_CHECKING

from bot.channels.contract import SendError
from bot.channels.http import Http
from bot.settings import Settings, prefix_of
from conversations.association.association import Association
from conversations.wording import LANGUAGES, Wording

if TYPE_CHECKING:
    from bot.channels.telegram import Telegram
    from bot.channels.telegram_connect import Texts

MENU = ("menu", "apply", "track", "complain", "person", "urgent", "my_data", "language", "stop")
"""The bot's commands, in the order of Telegram's menu; each is understood as a typed word too."""


class CannotConnect(Exception):
    """The message names the setting or the remedy."""


async def connect_telegram(settings: Settings, association: Association, poll: bool) -> tuple[list[str], bool]:
    """What was found, and whether all is as wanted. Raises CannotConnect."""
    from bot.channels.telegram import Telegram
    from bot.channels.telegram_connect import NotConnectable, connect, report

    account, prefix = settings.account(association.slug), prefix_of(association.slug)
    if not account.telegram_token:
        raise CannotConnect(f"{prefix}TELEGRAM_TOKEN is not set: take the bot's token from @BotFather")
    if not settings.public_url and not poll:
        raise CannotConnect(
            "WASL_PUBLIC_URL is not set: a webhook needs the https address of this server.\n"
            "Without one, serve collects the messages itself; --poll removes a webhook and sets the menu."
        )
    if not poll and not account.telegram_secret:
        raise CannotConnect(f"{prefix}TELEGRAM_SECRET is not set: 1 to 256 of A-Z a-z 0-9 _ - (any random word)")
    url = "" if poll else f"{settings.public_url}/telegram/{association.slug}"
    words = association.wording["en"]
    http = Http()
    try:
        channel = Telegram(
            association.slug,
            account.telegram_token,
            account.telegram_secret,
            settings.telegram_api_url,
            http,
            association.wording,
            staff_group=account.telegram_staff_group,
        )
        found = await connect(channel, url, account.telegram_secret, texts(association))
        lines, fine = await _staff_group(channel)
    except NotConnectable as error:
        raise CannotConnect(str(error)) from None
    except SendError as error:
        raise CannotConnect(_trouble(words, error.code, f"{prefix}TELEGRAM_TOKEN")) from None
    finally:
        await http.close()
    return [*report(found, words), *lines], found.done and fine


async def _staff_group(channel: "Telegram") -> tuple[list[str], bool]:
    """Where the association has one."""
    if not channel.staff_group:
        return [], True
    from bot.desk.words import DeskWords
    from bot.staff_group.connect import connect_group

    return await connect_group(channel, DeskWords("en"))


def texts(association: Association) -> "dict[str, Texts]":
    """What the bot says of itself, by language."""
    from bot.channels.telegram_connect import Texts

    made = {}
    for language in LANGUAGES:
        words = association.wording[language]
        name = association.profile.name.to(language)
        made[language] = Texts(
            commands={_named(command, language): words(f"introduction.command.{command}") for command in MENU},
            description=words("introduction.description", association=name),
            about=words("introduction.about", association=name),
        )
    return made


def _named(command: str, language: str) -> str:
    """Changing the language is a command that names the other one."""
    return {"ar": "english", "en": "arabic"}[language] if command == "language" else command


def _trouble(words: Wording, code: str, setting: str) -> str:
    if code == "not_connected":
        code = "unreachable"
    key = f"telegram.trouble.{code}"
    if key in words:
        return words(key, setting=setting, association="", why="")
    return words(f"send_error.{code}") if f"send_error.{code}" in words else words("send_error.unknown")


async def connect_twilio(settings: Settings, association: Association) -> tuple[list[str], bool]:
    """What was found, and whether nothing is left to do. Raises CannotConnect where the account is not set."""
    from bot.channels.twilio_connect import connect

    account, prefix = settings.account(association.slug), prefix_of(association.slug)
    needed = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]
    if not account.twilio_sms_from:
        needed.append("TWILIO_WHATSAPP_FROM")
    missing = [f"{prefix}{name}" for name in needed if not getattr(account, name.lower())]
    if not settings.public_url:
        missing.append("WASL_PUBLIC_URL")
    if missing:
        raise CannotConnect(f"not set: {', '.join(missing)} — see deploy/README.md, WhatsApp")
    http = Http()
    try:
        found = await connect(
            http,
            association.slug,
            account.twilio_account_sid,
            account.twilio_auth_token,
            account.twilio_whatsapp_from,
            settings.public_url,
            settings.twilio_api_url,
            sms=account.twilio_sms_from,
        )
    finally:
        await http.close()
    return [("✓ " if finding.fine else "✗ ") + finding.text for finding in found], all(one.fine for one in found)
