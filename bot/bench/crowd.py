"""The people and the Bot API of the bench, on raw protocols, so that the driver is never what is being measured.

Each person has a connection and a chat of their own, says the next line when the last one was answered twice: 200 at
the webhook, and a reply at the stand-in. After twelve lines somebody new takes the connection over.
"""

import asyncio
import itertools
import re
import time
from typing import Any

import msgspec

from bot.bench.dialogue import LINES, request

STUCK = 20.0
"""Seconds without a single answer after which the server is given up."""
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_numbers = itertools.count(100)
_chats = itertools.count(7_000_000)


class Stuck(Exception):
    """The server answered wrongly, or not at all."""


class _Call(msgspec.Struct):
    chat_id: int


_call = msgspec.json.Decoder(_Call).decode


def whole(buffer: bytes) -> int:
    """Where the body begins of a message that has arrived whole, else 0; it ends the buffer, as nobody pipelines."""
    head = buffer.find(b"\r\n\r\n") + 4
    if head < 4:
        return 0
    length = _LENGTH.search(buffer, 0, head)
    return head if length is None or len(buffer) >= head + int(length[1]) else 0


class Person(asyncio.Protocol):
    """One at a time: the current line, when it was said, and what has come back."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.transport: Any = None
        self.line = len(LINES)
        self.chat = 0
        self.said = 0.0
        self.accepted = self.replied = True
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.crowd.lost(self)

    def say(self) -> None:
        if self.line == len(LINES):
            self.crowd.people.pop(self.chat, None)
            self.chat, self.line = next(_chats), 0
            self.crowd.people[self.chat] = self
        self.accepted = self.replied = False
        self.said = time.perf_counter()
        self.transport.write(request(next(_numbers), self.chat, LINES[self.line]))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not whole(self.buffer):
            return
        if not self.buffer.startswith(b"HTTP/1.1 200"):
            self.crowd.fail(f"the webhook answered {self.buffer[:40]!r}")
            return
        self.buffer = b""
        self.accepted = True
        if self.replied:
            self._on()

    def reply(self) -> None:
        if self.replied:
            self.crowd.fail("a line was answered twice")
            return
        self.crowd.latencies.append(time.perf_counter() - self.said)
        self.replied = True
        if self.accepted:
            self._on()

    def _on(self) -> None:
        self.line += 1
        if self.crowd.running:
            self.say()
        else:
            self.crowd.rested(self)


class _Api(asyncio.Protocol):
    """A connection to the stand-in."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.transport: Any = None
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = whole(self.buffer)
        if not head:
            return
        chat = _call(self.buffer[head:]).chat_id
        self.buffer = b""
        body = (
            b'{"ok":true,"result":{"message_id":%d,"from":{"id":1,"is_bot":true,"first_name":"bench"},'
            b'"chat":{"id":%d,"type":"private"},"date":1795000000,"text":"-"}}' % (next(_numbers), chat)
        )
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        person = self.crowd.people.get(chat)
        if person is None:
            self.crowd.fail("a reply went to nobody")
        else:
            person.reply()


class Crowd:
    """Everybody at one server. `port` is where the stand-in listens."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.latencies: list[float] = []
        self.running = False
        self.port = 0
        self._api: asyncio.Server | None = None
        self._resting: set[Person] = set()
        self._over: asyncio.Future[None] | None = None

    async def listen(self) -> None:
        self._api = await asyncio.get_running_loop().create_server(lambda: _Api(self), "127.0.0.1", 0)
        self.port = self._api.sockets[0].getsockname()[1]

    async def talk(self, port: int, people: int, seconds: float) -> list[float]:
        """Seconds until each line's reply, for about so long. Raises Stuck."""
        loop = asyncio.get_running_loop()
        self.people.clear()
        self.latencies = []
        self._resting = set()
        self.running, self._over = True, loop.create_future()
        connected = [await loop.create_connection(lambda: Person(self), "127.0.0.1", port) for _ in range(people)]
        self._count = people
        for _, person in connected:
            person.say()
        watching = loop.create_task(self._watch())
        try:
            await asyncio.wait([self._over], timeout=seconds)
            self.running = False
            await self._over
        finally:
            watching.cancel()
            self._over.cancel()
            for transport, _ in connected:
                transport.close()
        return self.latencies

    def rested(self, person: Person) -> None:
        self._resting.add(person)
        if len(self._resting) == self._count and self._over is not None and not self._over.done():
            self._over.set_result(None)

    def lost(self, person: Person) -> None:
        if person not in self._resting and self.people.get(person.chat) is person:
            self.fail("the server closed a connection")

    def fail(self, why: str) -> None:
        self.running = False
        if self._over is not None and not self._over.done():
            self._over.set_exception(Stuck(why))

    async def _watch(self) -> None:
        seen = -1
        while len(self.latencies) > seen:
            seen = len(self.latencies)
            await asyncio.sleep(STUCK)
        self.fail(f"nothing was answered for {STUCK:.0f} seconds")

    async def close(self) -> None:
        if self._api is not None:
            self._api.close()
