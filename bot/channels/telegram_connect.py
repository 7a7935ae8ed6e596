"""What `wasl telegram connect` does: the webhook (or none), the menu of commands, the descriptions; and what it found.

Nothing that waits is dropped, and a webhook is removed only where polling was asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channels.contract import ContentRefused, SendError, StopChannel, TryAgain
from bot.channels.telegram import Telegram
from bot.channels.telegram_inbound import WANTED
from conversations.wording import Wording

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Texts:
    """What the bot says of itself in one language: at most 512 and 120 characters, a command's words at most 256."""

    commands: Mapping[str, str]
    """A command without its slash, and what it does."""
    description: str
    """Seen before the conversation begins."""
    about: str
    """Seen on the bot's page."""

    def mistakes(self) -> list[str]:
        found = [f"/{name}: a-z, 0-9 and _ only, at most 32" for name in self.commands if not _COMMAND.fullmatch(name)]
        found += [
            f"/{name}: 1 to 256 characters" for name, words in self.commands.items() if not 1 <= len(words) <= 256
        ]
        found += ["description: at most 512 characters"] if len(self.description) > 512 else []
        found += ["about: at most 120 characters"] if len(self.about) > 120 else []
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stood there before, and what stands there now. `refused` is Telegram's own reason, empty where it agreed."""

    username: str
    was: str
    now: str
    wanted: str
    refused: str = ""
    pending: int = 0
    last_error: str = ""
    last_error_at: datetime | None = None
    commands: int = 0

    @property
    def done(self) -> bool:
        return not self.refused and self.now == self.wanted


class NotConnectable(ValueError):
    """The words of an address, a secret or texts that Telegram cannot take, with what to mend."""


async def connect(
    channel: Telegram,
    url: str,
    secret: str,
    texts: Mapping[str, Texts],
    *,
    max_connections: int = 40,
) -> Found:
    """Registers `url` as the webhook; an empty one removes what is there, so that polling works. `texts` by language;
    Arabic is also what everybody else sees. Raises NotConnectable, StopChannel (the token), ContentRefused
    (a text), TryAgain (not reachable, or too often)."""
    _check(url, secret, texts)
    bot = await channel.bot()
    from telegram.error import BadRequest, InvalidToken, RetryAfter, TelegramError

    refusal = ""
    problem: SendError | None = None
    try:
        me = await bot.get_me()
        before = await bot.get_webhook_info()
        try:
            if url:
                await bot.set_webhook(url, secret_token=secret, allowed_updates=WANTED, max_connections=max_connections)
            elif before.url:
                await bot.delete_webhook(drop_pending_updates=False)
        except BadRequest as error:
            refusal = error.message
        for language, words in texts.items():
            await _introduce(channel, language, words)
        after = await bot.get_webhook_info()
    except InvalidToken:
        problem = StopChannel("bad_token")
    except RetryAfter:
        problem = TryAgain("too_fast")
    except BadRequest:
        problem = ContentRefused("bad_request")
    except TelegramError:
        problem = TryAgain("not_connected")
    if problem:
        raise problem
    return Found(
        username=me.username or "",
        was=before.url,
        now=after.url,
        wanted=url,
        refused=refusal,
        pending=after.pending_update_count,
        last_error=after.last_error_message or "",
        last_error_at=after.last_error_date,
        commands=max((len(words.commands) for words in texts.values()), default=0),
    )


def _check(url: str, secret: str, texts: Mapping[str, Texts]) -> None:
    if url and not url.startswith("https://"):
        raise NotConnectable(f"{url}: https is needed")
    if url and not _SECRET.fullmatch(secret):
        raise NotConnectable("the secret: 1 to 256 of A-Z a-z 0-9 _ -")
    if mistakes := [f"{language}: {mistake}" for language, words in texts.items() for mistake in words.mistakes()]:
        raise NotConnectable("\n".join(mistakes))


async def _introduce(channel: Telegram, language: str, words: Texts) -> None:
    from telegram import BotCommand, BotCommandScopeAllPrivateChats

    bot = await channel.bot()
    commands = [BotCommand(name, what) for name, what in words.commands.items()]
    for code in ("", language) if language == "ar" else (language,):
        if commands:
            await bot.set_my_commands(commands, scope=BotCommandScopeAllPrivateChats(), language_code=code)
        await bot.set_my_description(words.description, language_code=code)
        await bot.set_my_short_description(words.about, language_code=code)


def report(found: Found, words: Wording) -> list[str]:
    """The same in plain words, a line each."""
    lines = [words("telegram.connect.bot", username=found.username)]
    if found.was != found.now:
        lines.append(
            words("telegram.connect.was", url=found.was) if found.was else words("telegram.connect.was_nowhere")
        )
    if found.refused:
        lines.append(words("telegram.connect.not_taken", url=found.wanted, message=found.refused))
    elif found.now:
        lines.append(words("telegram.connect.now", url=found.now))
    else:
        lines.append(words("telegram.connect.now_polling"))
    lines.append(words("telegram.connect.pending", count=found.pending))
    if found.last_error and found.last_error_at:
        at = found.last_error_at.strftime("%Y-%m-%d %H:%M UTC")
        lines.append(words("telegram.connect.last_error", at=at, message=found.last_error))
    elif found.now:
        lines.append(words("telegram.connect.no_error"))
    lines.append(words("telegram.connect.texts", count=found.commands))
    return lines
