"""What the tests of Telegram share: a bot at a stand-in, the provider's replies, and what is read out of a call."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import conversations.wording
from bot.channels.http import Http
from bot.channels.telegram import Telegram
from conversations.wording import Wording, read_catalogue

from .harness import Call, Provider, Reply, StandIn, stand_in
from .specs import telegram_problems

TOKEN = "123456:test-token"
SECRET = "a-secret_of-tests"
CHAT = "7001"
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
THEN = datetime(2026, 11, 22, 6, 59, tzinfo=UTC)
DATE = int(THEN.timestamp())


def words(language: str) -> Wording:
    return Wording(language, *read_catalogue(Path(conversations.wording.__file__).parent / language / "telegram.po"))


WORDING = {language: words(language) for language in ("ar", "en")}


class OwnPool(Telegram):
    """Closes the pool that was made for it alone."""

    async def close(self) -> None:
        await self._http.close()


def telegram(url: str = "http://127.0.0.1:1", *, answer: float = 5.0, **more: Any) -> Telegram:
    return OwnPool("harif", TOKEN, SECRET, url, Http(connect=2, answer=answer), WORDING, now=lambda: NOW, **more)


def reply(status: int = 200, description: str = "", *, result: Any = None, retry_after: int | None = None) -> Reply:
    """As the Bot API words it."""
    if status == 200:
        return Reply(json={"ok": True, "result": {"message_id": 55} if result is None else result})
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if retry_after is not None:
        body["parameters"] = {"retry_after": retry_after}
    return Reply(status=status, json=body)


@asynccontextmanager
async def bot_at(provider: Provider, **more: Any) -> AsyncIterator[tuple[Telegram, StandIn]]:
    """A bot whose every call is held against the specification."""
    async with stand_in(provider, telegram_problems) as there:
        channel = telegram(there.url, **more)
        try:
            yield channel, there
        finally:
            await channel.close()
    assert there.problems == []


def _markup(call: Call) -> Mapping[str, Any]:
    markup = call.fields.get("reply_markup", {})
    read: Mapping[str, Any] = json.loads(markup) if isinstance(markup, str) else markup
    return read


def _rows(call: Call) -> list[list[Mapping[str, Any]]]:
    markup = _markup(call)
    return list(markup.get("inline_keyboard") or markup.get("keyboard") or [])


FACETS: dict[str, Callable[[Call], Any]] = {
    "rows": lambda call: len(_rows(call)),
    "titles": lambda call: [[button["text"] for button in row] for row in _rows(call)],
    "buttons": lambda call: [button for row in _rows(call) for button in row],
    "markup": _markup,
    "upload": lambda call: {name: (file.name, file.media_type, file.data) for name, file in call.files.items()},
}


def message(number: int = 12, **more: Any) -> dict[str, Any]:
    sender = {"id": 7001, "is_bot": False, "first_name": "نورة", "language_code": "ar-SA"}
    chat = {"id": 7001, "type": "private", "first_name": "نورة"}
    return {"message_id": number, "from": sender, "chat": chat, "date": DATE, **more}


def update(number: int = 900, **what: Any) -> dict[str, Any]:
    return {"update_id": number, **what}
