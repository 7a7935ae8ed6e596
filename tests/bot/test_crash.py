"""A process killed between any two instructions: then it is started again, and every message is accounted for.

What must hold: every message that a provider got 200 for is in the transcript once, in its writer's order; every reply
reached its provider, and came to a settled end. A reply reached Telegram twice only where its row says so (`again`),
for Telegram cannot be asked; Twilio can, so there nothing arrives twice at all.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from conversations.events import Event, Text
from conversations.says import Say
from conversations.wording import house_wording
from storage import conversations, messages, schema
from storage.database import Database
from storage.messages import Line
from storage.vault import Vault, generate_key
from tests.bot import standin_child
from tests.bot.forked import Forked
from tests.bot.standin import ACCOUNT, BOT, PUBLIC, SECRET, SENDER, TOKEN, Given, Providers, providers
from tests.bot.standin_child import POINTS
from tests.ports import free_port

pytestmark = pytest.mark.crash

ROOT = Path(__file__).parents[2]
CHATS = tuple(range(7001, 7005))
PHONES = tuple(f"+96650000000{number}" for number in range(1, 4))
KILLS, SOAKED = 6, 100
LEFT_OVER = ("in_claim", "in_expire")
"""Points that only a process comes to whose predecessor left something half done."""
_event: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_say = msgspec.msgpack.Decoder(Say).decode


class Crowd:
    """People who write without a pause, each in order, until they are told to stop."""

    def __init__(self, there: Providers) -> None:
        self.there, self.going = there, True
        self.wrote: dict[tuple[str, str], list[str]] = {}
        self.round = 0

    async def person(self, channel: str, handle: str) -> None:
        wrote = self.wrote.setdefault((channel, handle), [])
        while self.going:
            text = f"كلام {len(wrote)}"
            wrote.append(text)
            if channel == "telegram":
                await self.there.write_telegram(int(handle), text)
            else:
                await self.there.write_whatsapp(handle, text)
            await asyncio.sleep(random.uniform(0.05, 0.25))

    def begin(self) -> list[asyncio.Task[None]]:
        whom = [("telegram", str(chat)) for chat in CHATS] + [("whatsapp", phone) for phone in PHONES]
        return [asyncio.create_task(self.person(*one)) for one in whom]


class Front:
    """The front line's process, started again and again."""

    def __init__(self, environ: dict[str, str], port: int) -> None:
        self.environ, self.port = environ, port
        self.process: Forked | None = None

    async def start(self, point: str = "", times: int = 1) -> None:
        self.process = Forked(standin_child.main, point, times, self.environ)

    async def is_up(self) -> None:
        async with asyncio.timeout(90):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.03)
                else:
                    writer.close()
                    return

    async def died(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(90):
            return await self.process.wait()

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        assert await self.died() == -signal.SIGKILL

    async def stop(self) -> None:
        """As a service manager does."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
            await self.died()


@pytest.fixture
def environ(empty_url: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WASL_")}
    return kept | {
        "WASL_DATA": str(tmp_path / "data"),
        "WASL_DATABASE_URL": empty_url,
        "WASL_KEYS": generate_key(),
        "WASL_INDEX_KEY": generate_key(),
        "WASL_ASSOCIATIONS": str(ROOT / "deploy" / "associations"),
        "WASL_ONLY": "harif",
        "WASL_PUBLIC_URL": PUBLIC,
        "WASL_LOG_LEVEL": "error",
        "WASL_TELEGRAM_RATE": "1000",
        "WASL_TELEGRAM_CHAT_RATE": "1000",
        "WASL_HARIF_TELEGRAM_TOKEN": BOT,
        "WASL_HARIF_TELEGRAM_SECRET": SECRET,
        "WASL_HARIF_TWILIO_ACCOUNT_SID": ACCOUNT,
        "WASL_HARIF_TWILIO_AUTH_TOKEN": TOKEN,
        "WASL_HARIF_TWILIO_WHATSAPP_FROM": SENDER,
    }


@asynccontextmanager
async def at_work(environ: dict[str, str]) -> AsyncIterator[tuple[Providers, Front, Crowd]]:
    port = free_port()
    async with providers(port) as there:
        urls = {"WASL_PORT": str(port), "WASL_TELEGRAM_API_URL": there.url, "WASL_TWILIO_API_URL": there.url}
        front, crowd = Front(environ | urls, port), Crowd(there)
        try:
            yield there, front, crowd
        finally:
            crowd.going = False
            if front.process is not None and front.process.returncode is None:
                front.process.kill()
                await front.process.wait()


async def finish(there: Providers, front: Front, crowd: Crowd, people: list[asyncio.Task[None]]) -> "Account":
    """The last process stays up until everything has come to its end, and is stopped cleanly."""
    crowd.going = False
    async with asyncio.timeout(120):
        await asyncio.gather(*people)
        await there.called_back()
    account = Account(front.environ)
    try:
        deadline = time.monotonic() + 90
        while account.unsettled():
            assert time.monotonic() < deadline, f"never came to rest: {account.unsettled()}"
            await asyncio.sleep(0.2)
            await there.called_back()
        await front.stop()
        account.read()
    finally:
        account.database.close()
    return account


class Account:
    """What the database says in the end."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.database = Database(environ["WASL_DATABASE_URL"])
        self.vault = Vault([environ["WASL_KEYS"]], environ["WASL_INDEX_KEY"])
        self.lines: dict[tuple[str, str], list[Line]] = {}

    def unsettled(self) -> dict[str, int]:
        m = schema.messages.c
        open_states = ("queued", "sending", "uncertain")
        query = select(m.state).where(m.state.in_(open_states), m.error.is_(None))
        left = self.database.read_now(lambda c: list(c.scalars(query)))
        query = select(m.channel).where(m.state == "uncertain", m.channel == "telegram")
        decided = len(self.database.read_now(lambda c: list(c.scalars(query))))
        counted = Counter(left)
        counted["uncertain"] -= decided
        return {state: count for state, count in counted.items() if count > 0}

    def read(self) -> None:
        def lines(connection: Any) -> None:
            c = schema.conversations.c
            for id, channel in connection.execute(select(c.id, c.channel)).all():
                found = conversations.handle_of(connection, self.vault, "harif", id)
                assert found is not None
                rows = messages.transcript(connection, self.vault, "harif", id, limit=10_000)
                self.lines[channel, found[1]] = rows

        self.database.read_now(lines)

    def heard(self, whom: tuple[str, str]) -> list[str]:
        events = [_event.decode(line.body) for line in self.lines[whom] if line.direction == "in"]
        return [event.text for event in events if isinstance(event, Text)]

    def out(self, channel: str) -> list[tuple[str, Line]]:
        return [
            (handle, line)
            for (its, handle), lines in self.lines.items()
            if its == channel
            for line in lines
            if line.direction == "out" and line.kind == "say"
        ]


def check(there: Providers, crowd: Crowd, account: Account) -> None:
    """Every message, one by one."""
    for whom, wrote in crowd.wrote.items():
        assert account.heard(whom) == wrote, f"{whom}: each once, and in order"
        numbers = [line.seq for line in account.lines[whom]]
        assert numbers == list(range(1, len(numbers) + 1)), whom
    _check_telegram(there.telegram, account.out("telegram"))
    _check_twilio(there.twilio, account.out("whatsapp"))


def _check_telegram(given: list[Given], rows: list[tuple[str, Line]]) -> None:
    assert rows
    marks = tuple(f"{house_wording(language)('outbox.again')}\n\n" for language in ("ar", "en"))
    first = Counter((one.handle, one.text) for one in given if not one.text.startswith(marks))
    second = Counter((one.handle, _unmarked(one.text)) for one in given if one.text.startswith(marks))
    once: Counter[tuple[str, str]] = Counter()
    twice: Counter[tuple[str, str]] = Counter()
    decided: Counter[tuple[str, str]] = Counter()
    for handle, line in rows:
        key = (handle, _say(line.body).text)
        assert line.state == "accepted" or (line.state == "uncertain" and line.again), (line.state, line.again)
        (twice if line.again else once)[key] += 1
        decided[key] += line.state == "uncertain"
    assert not (first.keys() | second.keys()) - (once.keys() | twice.keys()), "only what was said is sent"
    for key in once.keys() | twice.keys():
        assert once[key] <= first[key] <= once[key] + twice[key], "once, and once more only where the row says so"
        # A row in doubt may be settled by its first send after all, answered late: then nothing is sent again.
        assert second[key] <= twice[key], "marked, once"
        assert once[key] + twice[key] - decided[key] <= first[key] + second[key], "none is left out"


def _check_twilio(given: list[Given], rows: list[tuple[str, Line]]) -> None:
    """By their words: of two rows that say the same, nobody can tell which one Twilio lists."""
    assert rows
    for _, line in rows:
        # Killed both times before it was sent: Twilio says so, and a person decides.
        left = line.state == "uncertain" and line.again and line.error == "not_found"
        assert line.state in ("accepted", "delivered") or left, (line.state, line.again, line.error)
    sure = [(handle, line) for handle, line in rows if line.state != "uncertain"]
    assert len(sure) > len(rows) / 2
    said = Counter((handle, _say(line.body).text.strip()) for handle, line in sure)
    reached = Counter((one.handle, _unmarked(one.text).partition("\n\n1. ")[0].strip()) for one in given)
    assert reached == said, "every reply reached Twilio, none twice, and nothing else did"


def _unmarked(text: str) -> str:
    for language in ("ar", "en"):
        text = text.removeprefix(f"{house_wording(language)('outbox.again')}\n\n")
    return text


async def die_at(front: Front, point: str, times: int) -> None:
    await front.start(point, times)
    try:
        assert await front.died() == -signal.SIGKILL
    except TimeoutError:
        pytest.fail(f"{point}: it never came there")


async def test_killed_at_every_named_point_nothing_is_lost(environ: dict[str, str]) -> None:
    async with at_work(environ) as (there, front, crowd):
        await front.start()
        await front.is_up()
        people = crowd.begin()
        await asyncio.sleep(0.3)
        await front.kill()
        for point in POINTS:
            times = random.randint(1, 3)
            if point in LEFT_OVER:
                await die_at(front, "before_send", times)
                times = 1
            await die_at(front, point, times)
        await front.start()
        await asyncio.sleep(0.5)
        check(there, crowd, await finish(there, front, crowd, people))
    assert sum(len(wrote) for wrote in crowd.wrote.values()) > 20


async def kill_at_random(environ: dict[str, str], kills: int) -> None:
    async with at_work(environ) as (there, front, crowd):
        await front.start()
        people = crowd.begin()
        for _ in range(kills):
            await front.is_up()
            await asyncio.sleep(random.uniform(0.0, 0.6))
            await front.kill()
            await front.start()
        check(there, crowd, await finish(there, front, crowd, people))


async def test_killed_at_random_nothing_is_lost(environ: dict[str, str]) -> None:
    await kill_at_random(environ, KILLS)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
async def test_killed_a_hundred_times_at_random_nothing_is_lost(environ: dict[str, str], part: int) -> None:
    """Ten at a time, each with a database of its own: nobody writes more than a person can mean in a minute."""
    await kill_at_random(environ, SOAKED // 10)


async def test_stopped_cleanly_in_full_flight_nothing_is_even_uncertain(environ: dict[str, str]) -> None:
    async with at_work(environ | {"LEASES": "kept"}) as (there, front, crowd):
        await front.start()
        await front.is_up()
        people = crowd.begin()
        for _ in range(2):
            await asyncio.sleep(0.6)
            await front.stop()
            await front.start()
            await front.is_up()
        account = await finish(there, front, crowd, people)
        check(there, crowd, account)
        assert not [line for _, line in account.out("telegram") if line.again]
