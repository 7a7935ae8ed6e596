"""The webhooks, as plain ASGI under the application: verify, parse, take in, and only then 200.

The hot path of every message: nothing here is built that it does not use. What a database that is away means differs:
Telegram asks again for a day, so it gets 503; Twilio hardly does, so its bodies are kept in the spool, in order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from bot import metrics
from bot.channels.contract import Channel, Incoming, StatusReport, Unparseable, Unused
from bot.log import log
from storage.database import DatabaseAway
from storage.spool import Spool

if TYPE_CHECKING:
    from bot.calls import Calls

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Take = Callable[[str, str, list[Incoming | StatusReport]], Awaitable[None]]
Hook = Literal["telegram", "message", "status", "sms", "sms_status", "voice", "voice_status"]
TWILIO: Mapping[str, tuple[str, Hook]] = {
    "message": ("whatsapp", "message"),
    "status": ("whatsapp", "status"),
    "sms": ("sms", "sms"),
    "sms_status": ("sms", "sms_status"),
}
"""The channel behind the last part of an address, and how its body is read."""
STATUS = ("status", "sms_status")
VOICE: Mapping[str, Hook] = {"voice": "voice", "voice_status": "voice_status"}
"""Of automatic calls: a pressed key, which is answered by what is said next, and how a call ended."""

BODY_LIMIT = 1_000_000
"""Bytes; the largest update or form a provider sends is a fraction of it."""
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_XML = (b"content-type", b"text/xml")
_NOTHING_TO_SAY = b"<Response/>"


class Spooled(msgspec.Struct, frozen=True):
    """A body that waits for the database."""

    association: str
    hook: Hook
    url: str
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_spooled = msgspec.msgpack.Decoder(Spooled).decode


class TooLarge(Exception):
    pass


class Webhooks:
    """`channels` by (association, channel); `take` returns after the commit."""

    def __init__(
        self, channels: Mapping[tuple[str, str], Channel], slugs: frozenset[str], take: Take, spool: Spool | None
    ) -> None:
        self.channels, self.slugs, self.take, self.spool = channels, slugs, take, spool
        self.calls: Calls | None = None
        """Where an association chose automatic calls."""
        self._answers: set[asyncio.Task[Any]] = set()
        self._spooling = asyncio.Lock()
        self._to_spool = 0
        """Bodies on their way into the spool: nothing overtakes them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        status, body, header = await self._answer(path.split("/")[1:], scope, receive)
        headers = [header, (b"content-length", str(len(body)).encode())]
        if status == 503:
            headers.append((b"retry-after", b"5"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, parts: list[str], scope: Scope, receive: Receive) -> tuple[int, bytes, tuple[bytes, bytes]]:
        if scope["method"] != "POST":
            return 405, b"", _PLAIN
        found = self._find(parts)
        if found is None:
            metrics.refused.labels(parts[0], "unknown").inc()
            return 404, b"", _PLAIN
        channel, hook = found
        try:
            body = await _read(receive)
        except TooLarge:
            metrics.refused.labels(channel.name, "too_large").inc()
            return 413, b"", _PLAIN
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query: bytes = scope.get("query_string", b"")
        url = scope["path"] + (f"?{query.decode('latin-1')}" if query else "")
        if not channel.verify(headers, url, body):
            metrics.refused.labels(channel.name, "signature").inc()
            return 403, b"", _PLAIN
        if hook in VOICE:
            return await self._voice(channel, hook, url, body)
        try:
            events = self._parse(channel, hook, url, body)
        except Unparseable:
            metrics.refused.labels(channel.name, "unparseable").inc()
            return 400, b"", _PLAIN
        if hook == "telegram":
            return await self._telegram(channel, events)
        return await self._twilio(channel, hook, url, body, events)

    def _find(self, parts: list[str]) -> tuple[Channel, Hook] | None:
        hook: Hook
        if parts[0] == "telegram" and len(parts) == 2:
            name, hook = "telegram", "telegram"
        elif parts[0] == "twilio" and len(parts) == 3 and parts[2] in VOICE and self.calls is not None:
            voice: Any = self.calls.voices.get(parts[1])
            return (voice, VOICE[parts[2]]) if voice is not None else None
        elif parts[0] == "twilio" and len(parts) == 3 and parts[2] in TWILIO:
            name, hook = TWILIO[parts[2]]
        else:
            return None
        channel = self.channels.get((parts[1], name))
        return (channel, hook) if channel is not None else None

    async def _voice(self, voice: Any, hook: Hook, url: str, body: bytes) -> tuple[int, bytes, tuple[bytes, bytes]]:
        assert self.calls is not None
        try:
            if hook == "voice":
                said = await self.calls.pressed(voice.association, *voice.pressed(body, url))
                return 200, said.encode(), _XML
            if (ended := voice.ended(body, url)) is not None:
                await self.calls.ended(voice.association, ended)
        except Unparseable:
            return 400, b"", _PLAIN
        except DatabaseAway:
            return 503, b"", _PLAIN
        return 200, _NOTHING_TO_SAY, _XML

    def _parse(self, channel: Channel, hook: Hook, url: str, body: bytes) -> list[Incoming | StatusReport]:
        parsed = [channel.parse_status(body, url)] if hook in STATUS else channel.parse(body)  # type: ignore[attr-defined]
        kept: list[Incoming | StatusReport] = []
        for one in parsed:
            if isinstance(one, Unused):
                metrics.unused.labels(channel.name, one.what).inc()
            else:
                kept.append(one)
        return kept

    async def _telegram(
        self, channel: Channel, events: list[Incoming | StatusReport]
    ) -> tuple[int, bytes, tuple[bytes, bytes]]:
        try:
            if events:
                await self.take(channel.association, channel.name, events)
        except DatabaseAway:
            return 503, b"", _PLAIN
        self.answer_presses(channel, events)
        return 200, b"", _PLAIN

    async def _twilio(
        self, channel: Channel, hook: Hook, url: str, body: bytes, events: list[Incoming | StatusReport]
    ) -> tuple[int, bytes, tuple[bytes, bytes]]:
        try:
            if self.spool is not None and (len(self.spool) or self._to_spool):
                raise DatabaseAway  # in order: what waits goes first
            if events:
                await self.take(channel.association, channel.name, events)
        except DatabaseAway:
            if self.spool is None or not await self._keep(Spooled(channel.association, hook, url, body)):
                return 503, b"", _PLAIN
        return 200, _NOTHING_TO_SAY, _XML

    async def _keep(self, body: Spooled) -> bool:
        """False where the disk does not take it either."""
        assert self.spool is not None
        self._to_spool += 1
        try:
            async with self._spooling:  # threads would not keep the order
                await asyncio.to_thread(self.spool.append, _encode(body))
        except OSError as error:
            log.error("spool_failed", error=type(error).__name__)
            return False
        finally:
            self._to_spool -= 1
        metrics.spooled.inc()
        return True

    def answer_presses(self, channel: Channel, events: list[Incoming | StatusReport]) -> None:
        """Stops the little clock on a pressed button: best effort, after the commit, never a row."""
        for one in events:
            if isinstance(one, Incoming) and one.answer_to:
                task = asyncio.get_running_loop().create_task(channel.answer_callback(one.answer_to))  # type: ignore[attr-defined]
                self._answers.add(task)
                task.add_done_callback(self._answers.discard)

    async def drain_spool(self) -> None:
        """Take in what waited for the database, in order. Raises DatabaseAway when it is away still."""
        if self.spool is None or not len(self.spool):
            return
        for until, record in self.spool.waiting():
            kept = _spooled(record)
            channel = self.channels.get((kept.association, TWILIO[kept.hook][0]))
            if channel is not None:
                try:
                    events = self._parse(channel, kept.hook, kept.url, kept.body)
                except Unparseable:
                    events = []
                if events:
                    await self.take(kept.association, channel.name, events)
            await asyncio.to_thread(self.spool.done, until)
        log.info("spool_taken_in")


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > BODY_LIMIT:
            raise TooLarge
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            raise TooLarge
    return b"".join(parts)
