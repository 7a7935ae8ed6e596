"""A mail relay on this machine: takes letters, or answers a step as a table says, hangs up, or says nothing at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, NamedTuple

STEPS = ("HELLO", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "RSET", "QUIT")
FINE = {"HELLO": "220 relay", "DATA": "354 go on", "AUTH": "235 welcome", "QUIT": "221 bye"}
DROP, HANG = "drop", "hang"


class Taken(NamedTuple):
    sender: str
    to: str
    options: str
    message: EmailMessage


class Post:
    """`answers` by step: one answer for good, or several, the last of which stays. DROP hangs up, HANG is silent."""

    def __init__(self, answers: Mapping[str, str | tuple[str, ...]] | None = None, offers: str = "8BITMIME") -> None:
        assert set(answers or {}) <= set(STEPS)
        self.answers, self.offers = dict(answers or {}), offers
        self.taken: list[Taken] = []
        self.lines = 0
        """Connections that were made."""
        self.url = ""
        self._used: dict[str, int] = {}
        self._last = ""
        self._over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    def hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _answer(self, step: str) -> str:
        given = self.answers.get(step, FINE.get(step, "250 2.0.0 fine"))
        if isinstance(given, str):
            return given
        at = self._used.get(step, 0)
        self._used[step] = at + 1
        return given[min(at, len(given) - 1)]

    async def _say(self, step: str, writer: asyncio.StreamWriter) -> bool:
        """False where the line is over."""
        answer = self._last = self._answer(step)
        if answer == HANG:
            await self._over.wait()
        if answer in (DROP, HANG):
            writer.transport.abort()
            return False
        if step == "EHLO" and answer.startswith("250"):
            answer = "\r\n".join(["250-relay", *(f"250-{one}" for one in self.offers.split(",")), "250 HELP"])
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return not answer.startswith("421")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = to = options = ""
        going = await self._say("HELLO", writer)
        while going and (line := (await reader.readline()).decode()):
            verb = line[:4].upper().strip()
            step = {"STAR": "STARTTLS", "HELO": "EHLO"}.get(verb, verb)
            if verb == "MAIL":
                sender, _, options = line.partition("<")[2].strip().partition(">")
            elif verb == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
            going = await self._say(step, writer)
            if going and verb == "DATA" and self._last.startswith("354"):
                body = await reader.readuntil(b"\r\n.\r\n")
                going = await self._say("BODY", writer)
                if self._last.startswith("250"):
                    plain = body[:-3].replace(b"\r\n..", b"\r\n.")
                    message: Any = message_from_bytes(plain, policy=default)
                    self.taken.append(Taken(sender, to, options.strip(), message))
            if verb == "QUIT":
                return


@contextlib.asynccontextmanager
async def post_office(
    answers: Mapping[str, str | tuple[str, ...]] | None = None, offers: str = "8BITMIME"
) -> AsyncIterator[Post]:
    there = Post(answers, offers)
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0, limit=64 * 2**20)
    there.url = f"smtp+plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield there
    finally:
        there._over.set()
        server.close()
        there.hang_up()
        await asyncio.sleep(0)
