"""Telegram and Twilio on this machine, strict: more than the rate in any second, or a second message to a Telegram chat
within one, is refused as they refuse it. What arrives is counted by when it arrived."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from bot.bench.crowd import whole

TELEGRAM, TWILIO, CHAT = 30, 80, 1.0
"""Messages a second from a bot, from a sender; seconds between two to one chat (CHANNELS: rate)."""
_numbers = itertools.count(1)


class _Call(msgspec.Struct):
    chat_id: int


_call = msgspec.json.Decoder(_Call).decode


class Account:
    """What one bot or sender was sent: when each was taken, and what was refused."""

    def __init__(self, per_second: int, refusal: bytes) -> None:
        self.per_second, self.refusal = per_second, refusal
        self.taken: list[float] = []
        self.refused = 0
        self._second: deque[float] = deque()

    def take(self, now: float) -> bool:
        second = self._second
        while second and second[0] <= now - 1:
            second.popleft()
        if len(second) >= self.per_second:
            self.refused += 1
            return False
        second.append(now)
        self.taken.append(now)
        return True

    def between(self, begin: float, end: float) -> list[float]:
        return [at for at in self.taken if begin <= at < end]


class Limits:
    """`port` is where both listen. `replied` hears of every message that Telegram took, by its chat."""

    def __init__(self, replied: Callable[[int, float], None]) -> None:
        self.replied, self.port = replied, 0
        self.telegram = Account(
            TELEGRAM, b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":1}}'
        )
        self.twilio = Account(TWILIO, b'{"code":63018,"message":"Rate limit exceeded for Channel","status":429}')
        self.chats_refused = 0
        self._chats: dict[int, float] = {}
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def answer(self, buffer: bytes, head: int) -> tuple[int, bytes]:
        now = time.monotonic()
        if buffer.startswith(b"POST /bot"):
            chat = _call(buffer[head:]).chat_id
            if now - self._chats.get(chat, 0.0) < CHAT:
                self.chats_refused += 1
                return 429, self.telegram.refusal
            if not self.telegram.take(now):
                return 429, self.telegram.refusal
            self._chats[chat] = now
            self.replied(chat, now)
            return 200, b'{"ok":true,"result":{"message_id":%d}}' % next(_numbers)
        if not self.twilio.take(now):
            return 429, self.twilio.refusal
        return 201, b'{"sid":"SM%032x","status":"queued","error_code":null}' % next(_numbers)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, limits: Limits) -> None:
        self.limits, self.buffer = limits, b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if head := whole(self.buffer):
            status, body = self.limits.answer(self.buffer, head)
            self.buffer = b""
            self.transport.write(
                b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body), body)
            )
