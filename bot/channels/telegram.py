"""Telegram: a bot in private chats. Source: core.telegram.org/bots/api; what is decoded stands in telegram_inbound.py.

A message goes out as a plain dictionary through the shared pool; python-telegram-bot's Bot, over the same pool, does
what is uncommon (set-up, files) and is imported when that is first asked for.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from bot.channels.contract import (
    AddressGone,
    Capabilities,
    Content,
    ContentRefused,
    FetchError,
    Incoming,
    SendError,
    StatusReport,
    StopChannel,
    TryAgain,
    Uncertain,
    Unused,
    payload_of,
)
from bot.channels.http import Http, NotAnswered, NotSent, TooBig
from bot.channels.telegram_inbound import WANTED, Read, read, read_many
from conversations.says import Option, Say
from conversations.wording import Wording
from conversations.world import Traits

if TYPE_CHECKING:
    from aiohttp import FormData
    from telegram import Bot
    from yarl import URL

NAME = "telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
API_URL = "https://api.telegram.org"

# Telegram allows 4096 and 1024, and counts an emoji as two: the margin is for them. A keyboard holds 100 buttons; a
# longer title than 40 is cut off on a phone.
CAPABILITIES = Capabilities(
    text=4000,
    caption=1000,
    buttons=80,
    button_title=40,
    body_with_options=4000,
    controls=True,
    links=True,
)
FILE = 50 * 2**20
"""Bytes a bot may send, 10 MB as a photo."""
PHOTO = 10 * 2**20

_JSON = {"Content-Type": "application/json"}
_encode = msgspec.json.Encoder().encode
_NO_PREVIEW = {"is_disabled": True}
_SHORT = 14
"""Two titles of so many characters fit beside each other on a phone."""


class _Message(msgspec.Struct):
    message_id: int


class _Sent(msgspec.Struct):
    result: _Message


class _Page(msgspec.Struct):
    result: msgspec.Raw


class _Parameters(msgspec.Struct):
    retry_after: float = 0


class _Refusal(msgspec.Struct):
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


_sent = msgspec.json.Decoder(_Sent).decode
_page = msgspec.json.Decoder(_Page).decode
_refusal = msgspec.json.Decoder(_Refusal).decode

# What Telegram answers and what follows from it; the first row whose words stand in the description counts.
_REFUSALS: tuple[tuple[int, str, Callable[[], SendError]], ...] = (
    (400, "chat not found", lambda: AddressGone("chat_not_found")),
    (400, "peer_id_invalid", lambda: AddressGone("chat_not_found")),
    (400, "user not found", lambda: AddressGone("chat_not_found")),
    (400, "too long", lambda: ContentRefused("too_long")),
    (400, "text is empty", lambda: ContentRefused("empty")),
    (400, "button", lambda: ContentRefused("buttons")),
    (400, "", lambda: ContentRefused("bad_request")),
    (401, "", lambda: StopChannel("bad_token")),
    (403, "deactivated", lambda: AddressGone("deactivated")),
    (403, "can't initiate", lambda: AddressGone("never_opened")),
    (403, "", lambda: AddressGone("blocked")),
    (404, "", lambda: StopChannel("bad_token")),
    (409, "webhook", lambda: TryAgain("webhook_is_set")),
    (409, "", lambda: TryAgain("another_poller")),
    (413, "", lambda: ContentRefused("file_too_big")),
    (504, "", lambda: Uncertain("no_answer")),
)


def refused(status: int, body: bytes) -> SendError:
    """What follows from an answer that is not 200. A 429 names no culprit, so it holds the whole account."""
    try:
        refusal = _refusal(body)
    except msgspec.DecodeError:
        refusal = _Refusal()
    if status == 429:
        return TryAgain("too_fast", after=refusal.parameters.retry_after or None, whole_account=True)
    if status >= 500 and status != 504:
        return TryAgain("provider_down")
    words = refusal.description.lower()
    for code, part, error in _REFUSALS:
        if code == status and part in words:
            return error()
    return ContentRefused("unknown")


class Telegram:
    """One bot of one association. `secret` is what its webhook carries; empty where it polls, and then none verifies.

    `asks_sensitive` where there is no public address, and so no secure page to ask on. `staff_group` is the chat of the
    association's staff, whose messages are none of a beneficiary's."""

    name = NAME
    pushes = True
    capabilities = CAPABILITIES

    def __init__(
        self,
        association: str,
        token: str,
        secret: str,
        api_url: str,
        http: Http,
        wording: Mapping[str, Wording],
        *,
        asks_sensitive: bool = False,
        staff_group: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.association, self.staff_group = association, staff_group
        self.traits = Traits(name=NAME, asks_sensitive=asks_sensitive, deletes=True)
        self._token, self._secret, self._http, self._wording, self._now = token, secret.encode(), http, wording, now
        self._api_url = (api_url or API_URL).rstrip("/")
        self._urls: dict[str, URL] = {}
        self._bot: Bot | None = None

    # --- in ---

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        given = headers.get(SECRET_HEADER) or headers.get(SECRET_HEADER.lower()) or ""
        return bool(self._secret) and hmac.compare_digest(given.encode("utf-8", "replace"), self._secret)

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """What is of the staff's group is among them too, as InGroup (which no other channel knows)."""
        return [read(body, self._now, self.staff_group)[1]]  # type: ignore[list-item]

    async def updates(self, offset: int, wait: float) -> tuple[list[Read], int]:
        """What waits from `offset` on, and the offset after it; asking with that confirms it. Holds for `wait` seconds.

        Raises a SendError; Unparseable when the answer makes no sense."""
        parameters = {"offset": offset, "timeout": int(wait), "allowed_updates": WANTED}
        body = await self._call("getUpdates", parameters, answer=wait + 10)
        try:
            page = _page(body)
        except msgspec.DecodeError:
            page = None
        if page is None:
            raise TryAgain("provider_down")
        found, highest = read_many(page.result, self._now, self.staff_group)
        return found, max(offset, highest + 1)

    # --- out ---

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        """One message. The row's number stays here: Telegram calls back about nothing."""
        if say.file is None:
            return _id_of(await self._call("sendMessage", self.message(handle, say)))
        if attachment is None:
            raise ContentRefused("file_missing")
        return await self._send_file(handle, say, attachment)

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        """Take a message out of the chat, for example one that held a secret; False where that cannot be done."""
        if not provider_id.isdecimal():
            return False
        return await self._try("deleteMessage", {"chat_id": handle, "message_id": int(provider_id)})

    async def answer_callback(self, answer_to: str) -> bool:
        """Stop the button's little clock. Best effort: it may be too old."""
        return await self._try("answerCallbackQuery", {"callback_query_id": answer_to})

    async def fetch(self, source: str, at_most: int) -> bytes:
        """The file of this file_id. The link holds the token and lives as long as this call."""
        bot = await self.bot()
        from telegram.error import BadRequest, TelegramError

        problem: FetchError | None = None
        try:
            file = await bot.get_file(source)
        except BadRequest as error:
            problem = FetchError("too_big" if "too big" in error.message.lower() else "gone")
        except TelegramError:
            problem = FetchError("gone", retry=True)
        if problem:
            raise problem
        if (file.file_size or 0) > at_most:
            raise FetchError("too_big")
        try:
            status, data = await self._http.ask("GET", file.file_path or "", at_most=at_most)
        except TooBig:
            problem = FetchError("too_big")
        except (NotSent, NotAnswered):
            problem = FetchError("gone", retry=True)
        if problem:
            raise problem
        if status != 200:
            raise FetchError("gone", retry=status != 404)
        if not data:
            raise FetchError("empty")
        return data

    async def close(self) -> None:
        """The pool is shared and closed by whoever made it."""

    async def bot(self) -> "Bot":
        """The library's own Bot, for set-up and whatever else is uncommon."""
        if self._bot is None:
            # A fifth of a second: not on the loop.
            make = await asyncio.to_thread(_bot_maker)
            self._bot = make(self._token, self._api_url, self._http)
        return self._bot

    # --- how a say looks ---

    def message(self, handle: str, say: Say) -> dict[str, Any]:
        message: dict[str, Any] = {
            "chat_id": int(handle),
            "text": say.text,
            "link_preview_options": _NO_PREVIEW,
            "reply_markup": self._markup(say),
        }
        if say.link and (say.wants in _SHARES or not _can_be_button(say.link.url)):
            message["text"] = f"{say.text}\n\n{say.link.title}: {say.link.url}"
        return message

    def _markup(self, say: Say) -> dict[str, Any]:
        if say.wants in _SHARES:
            return self._share_keyboard(say)
        rows = [[_link_button(say)]] if say.link and _can_be_button(say.link.url) else []
        width = 2 if len(say.options) in (2, 4) and all(len(option.title) <= _SHORT for option in say.options) else 1
        rows += _rows([_button(option, say.prompt) for option in say.options], width)
        rows += _rows([_button(option, say.prompt) for option in say.controls], 3)
        # Without buttons, what an earlier question left below the typing box is put away.
        return {"inline_keyboard": rows} if rows else {"remove_keyboard": True}

    def _share_keyboard(self, say: Say) -> dict[str, Any]:
        """Sharing a number or a place needs the keyboard below the typing box, and a message has one keyboard only:
        what could be chosen stands there as well, and comes back as its title, typed."""
        label, asks = _SHARES[say.wants]
        share = {"text": self._wording[_language_of(say.text)](label), asks: True}
        titles = [[{"text": option.title}] for option in say.options]
        ways_out = _rows([{"text": option.title} for option in say.controls], 3)
        return {"keyboard": [[share], *titles, *ways_out], "resize_keyboard": True, "one_time_keyboard": True}

    async def _send_file(self, handle: str, say: Say, file: Content) -> str:
        message = self.message(handle, say)
        caption = {"caption": message["text"]} if message["text"] else {}
        fields = {"chat_id": handle, **caption, "reply_markup": _encode(message["reply_markup"]).decode()}
        return _id_of(await self._ask(*upload(file, fields), {}))

    # --- the wire ---

    async def _call(self, method: str, parameters: Mapping[str, Any], answer: float | None = None) -> bytes:
        return await self._ask(method, _encode(parameters), _JSON, answer)

    async def _ask(self, method: str, data: Any, headers: Mapping[str, str], answer: float | None = None) -> bytes:
        """Raises a SendError."""
        failed: SendError
        try:
            status, body = await self.request(method, data, headers, answer)
            if status == 200:
                return body
            failed = refused(status, body)
        except NotSent:
            failed = TryAgain("not_connected")
        except NotAnswered:
            failed = Uncertain("no_answer")
        raise failed

    async def request(
        self, method: str, data: Any, headers: Mapping[str, str] = _JSON, answer: float | None = None
    ) -> tuple[int, bytes]:
        """One call of the Bot API: status and body. Raises NotSent, NotAnswered."""
        url = self._urls.get(method) or self._url(method)
        return await self._http.ask("POST", url, data=data, headers=headers, answer=answer)

    async def _try(self, method: str, parameters: Mapping[str, Any]) -> bool:
        try:
            await self._call(method, parameters)
        except SendError:
            return False
        return True

    def _url(self, method: str) -> "URL":
        from yarl import URL

        # Read once: reading an address costs more than all else here.
        url = self._urls[method] = URL(f"{self._api_url}/bot{self._token}/{method}")
        return url


_SHARES = {
    "contact": ("telegram.share_phone", "request_contact"),
    "location": ("telegram.share_location", "request_location"),
}
# Only what Telegram shows as such: a voice note is Opus in Ogg.
_METHODS = {
    "image/jpeg": ("sendPhoto", "photo"),
    "image/png": ("sendPhoto", "photo"),
    "audio/ogg": ("sendVoice", "voice"),
}


def upload(file: Content, fields: Mapping[str, str]) -> tuple[str, "FormData"]:
    """The method that sends a file, and its form. Raises ContentRefused."""
    from aiohttp import FormData

    if len(file.data) > FILE:
        raise ContentRefused("file_too_big")
    method, field = _METHODS.get(file.media_type, ("sendDocument", "document"))
    if field == "photo" and len(file.data) > PHOTO:
        method, field = "sendDocument", "document"
    form = FormData(quote_fields=False)  # an Arabic file name as it is: percent signs would be shown
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field(field, file.data, filename=" ".join(file.name.split()), content_type=file.media_type)
    return method, form


def _button(option: Option, prompt: int) -> dict[str, str]:
    return {"text": option.title, "callback_data": payload_of(option, prompt)}


def _rows(buttons: list[Any], width: int) -> list[list[Any]]:
    return [buttons[at : at + width] for at in range(0, len(buttons), width)]


def _link_button(say: Say) -> dict[str, Any]:
    assert say.link is not None
    if say.link.private and say.link.url.startswith("https://"):
        return {"text": say.link.title, "web_app": {"url": say.link.url}}
    return {"text": say.link.title, "url": say.link.url}


def _can_be_button(url: str) -> bool:
    """Telegram refuses a button whose host is no public name (a server on one's own machine)."""
    return "." in (urlsplit(url).hostname or "")


def _language_of(text: str) -> str:
    """Of our own sentence, for the label on a button."""
    return "ar" if any("\u0600" <= letter <= "\u06ff" for letter in text) else "en"


def _id_of(body: bytes) -> str:
    try:
        return str(_sent(body).result.message_id)
    except msgspec.DecodeError:
        pass
    raise Uncertain("no_answer")


def _bot_maker() -> "Callable[[str, str, Http], Bot]":
    import logging

    from telegram import Bot

    from bot.channels.telegram_request import PooledRequest

    # On DEBUG the library logs its address, which holds the token, and what it sends.
    logging.getLogger("telegram").setLevel(logging.WARNING)

    def make(token: str, api_url: str, http: Http) -> Bot:
        request = PooledRequest(http)
        return Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=request,
            get_updates_request=request,
        )

    return make
