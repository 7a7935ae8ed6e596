"""A hundred thousand notices in the outbox, at providers that enforce their rates: how much of each rate is used, what
live replies meanwhile wait, and memory. Then two processes at one account on PostgreSQL, of which the one that sends
dies."""

import asyncio
import itertools
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot.bench.dialogue import ASSOCIATIONS, LINES, SLUG, request
from bot.bench.limits import Account, Limits
from bot.bench.path import NoPostgresql, environ, made, postgresql
from bot.bench.processes import Server, cores, free_port, used
from conversations.says import Say
from storage import accounts, conversations, messages, notices
from storage.batch import inserting
from storage.ids import new_id
from storage.messages import Message
from storage.schema_notices import legs as legs_table
from storage.schema_notices import notices as notices_table
from storage.times import MINUTE, ms
from storage.vault import Vault

NOTICES, PEOPLE = 100_000, 10_000
"""Half of the notices by each provider, to so many people each."""
TALKING, THINKS = 4, (1.05, 1.35)
"""People who write meanwhile, and how many seconds they take between an answer and their next line."""
LOOKED_AT = 10 * MINUTE
"""Over so long the notices are looked at once each (bot/notices.py)."""
TEXT = "السلام عليكم. طلبكم HRF-7K2M-94Q1 انتقل إلى اللجنة المختصة، ونوافيكم بقرارها قبل يوم الأحد ٢٢ نوفمبر ٢٠٢٦م."
LOST, WAITS = 2.0, 100.0
"""Per cent of a rate, and milliseconds at p99: the aims."""
_LIVE = 9_000_000
_live = itertools.count(_LIVE)
_updates = itertools.count(1)
_encode = msgspec.msgpack.Encoder().encode
_PUT_NOTICES = inserting(
    notices_table, "association", "id", "kind", "about", "at", "conversation", "state", "due", "step"
)
_PUT_LEGS = inserting(legs_table, "association", "notice", "step", "channel", "conversation", "at", "until", "state")


def fill(connection: Connection, vault: Vault, now: int, count: int = NOTICES, people: int = PEOPLE) -> None:
    """Everybody has as many notices as everybody else, each with its message in the queue."""
    body = _encode(Say(text=TEXT, lane="notice"))
    handles = {"telegram": range(1_000_000, 1_000_000 + people), "whatsapp": range(500_000_000, 500_000_000 + people)}
    of: list[tuple[str, int]] = []
    for channel, numbers in handles.items():
        keys = [(SLUG, channel, f"+966{number}" if channel == "whatsapp" else str(number)) for number in numbers]
        of += [(channel, one.id) for one in conversations.take(connection, vault, keys, now).values()]
    told, made_notices, made_legs = [], [], []
    for number in range(count):
        channel, conversation = of[number % len(of)]
        seq, notice, due = number // len(of) + 1, new_id(), now + number * LOOKED_AT // count
        told.append(
            Message(
                SLUG, new_id(), conversation, seq, channel, "out", "notice", "say", now, body, state="queued",
                notice=notice,
            )
        )  # fmt: skip
        made_notices.append((SLUG, notice, "moved", f"moved:{number}:1", now, conversation, notices.OUT, due, 1))
        made_legs.append((SLUG, notice, 1, channel, conversation, now, now + LOOKED_AT, "out"))
    messages.insert_all(connection, vault, told)
    _PUT_NOTICES.run(connection, made_notices)
    _PUT_LEGS.run(connection, made_legs)


class People:
    """They talk to the bot in its webhook; `waits` is how long each answer took, in seconds."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.begun: dict[int, float] = {}
        self.answers: dict[int, asyncio.Event] = {}
        self.unanswered = 0

    def replied(self, chat: int, now: float) -> None:
        if chat >= _LIVE and (began := self.begun.pop(chat, None)) is not None:
            self.waits.append(now - began)
            self.answers[chat].set()

    async def talk(self, port: int) -> None:
        """One person after the other, until cancelled or the server is gone."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                chat = next(_live)
                self.answers[chat] = asyncio.Event()
                for line in LINES:
                    self.answers[chat].clear()
                    self.begun[chat] = time.monotonic()
                    writer.write(request(next(_updates), chat, line))
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200"), head[:60]
                    try:
                        await asyncio.wait_for(self.answers[chat].wait(), 5)
                    except TimeoutError:
                        self.unanswered += 1
                        break
                    await asyncio.sleep(random.uniform(*THINKS))
        finally:
            writer.close()


def variables(url: str, data: Path, api: int, keys: Mapping[str, str]) -> dict[str, str]:
    name = f"WASL_{SLUG.upper()}"
    return environ(url, data, api) | {
        **keys,
        "WASL_TELEGRAM_RATE": "30",
        "WASL_TELEGRAM_CHAT_RATE": "1",
        "WASL_TWILIO_RATE": "80",
        "WASL_TWILIO_API_URL": f"http://127.0.0.1:{api}",
        f"{name}_TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        f"{name}_TWILIO_AUTH_TOKEN": "f" * 32,
        f"{name}_TWILIO_WHATSAPP_FROM": "+966112223344",
    }


def prepare(environment: Mapping[str, str]) -> None:
    """The database with all that waits in it."""
    from datetime import UTC, datetime

    from bot.frontline import build
    from bot.settings import read_settings
    from conversations.association.load import load_associations

    began = time.perf_counter()
    line = build(read_settings(dict(environment)), {one.slug: one for one in load_associations(ASSOCIATIONS)})
    line.database.write_now(fill, line.vault, ms(datetime.now(UTC)))
    if not line.database.is_sqlite:
        line.database.write_now(lambda c: c.exec_driver_sql("ANALYZE"))
    line.database.close()
    print(f"  ({NOTICES:,} notices sealed and queued in {time.perf_counter() - began:.0f} s)")


def share(account: Account, begin: float, end: float) -> tuple[float, int]:
    """Per cent of the provider's rate, and the most it took in any second."""
    taken = account.between(begin, end)
    most, first = 0, 0
    for last, at in enumerate(taken):
        while taken[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return 100 * len(taken) / (account.per_second * (end - begin)), most


def silence(account: Account, begin: float, end: float) -> float:
    """The longest time without a message, in seconds."""
    moments = [begin, *account.between(begin, end), end]
    return max(after - before for before, after in itertools.pairwise(moments))


async def measure(database: str, seconds: float, processes: int) -> dict[str, Any]:
    people = People()
    limits = Limits(people.replied)
    await limits.listen()
    core, other = cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wasl-bench-")))
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        if database == "postgresql":
            address, _ = stack.enter_context(postgresql())
            url = made(address, f"delivery{processes}")
        keys = {name: value for name, value in environ(url, folder, 0).items() if name.endswith(("_KEYS", "_KEY"))}
        environment = variables(url, folder, limits.port, keys)
        prepare(environment)
        if other is not None:
            os.sched_setaffinity(0, {other})
        servers = []
        for _ in range(processes):
            its = environment | {"WASL_PORT": str(free_port())}
            server = Server(["bot.cli", "serve"], its, folder / "log", core)
            stack.callback(server.stop)
            servers.append(server)
        for server in servers:
            server.wait()
        talking = [asyncio.create_task(people.talk(servers[n % processes].port)) for n in range(TALKING)]
        await asyncio.sleep(3)  # connections, caches, the first claims
        people.waits.clear()
        begin, before = time.monotonic(), used(*(server.process.pid for server in servers))
        await asyncio.sleep(seconds)
        end, after = time.monotonic(), used(*(server.process.pid for server in servers))
        waits = sorted(people.waits)
        figures: dict[str, Any] = {
            "live": len(waits),
            "p50": waits[len(waits) // 2] * 1000,
            "p99": waits[len(waits) * 99 // 100] * 1000,
            "unanswered": people.unanswered,
            "cpu": 100 * (after.cpu - before.cpu) / (end - begin),
            "memory": (before.memory, after.memory),
        }
        for name, account in (("telegram", limits.telegram), ("twilio", limits.twilio)):
            figures[name], figures[f"{name}_most"] = share(account, begin, end)
        if processes > 1:
            figures["takeover"] = await kill_holder(url, servers, limits)
        # Counted to the end: a take-over must not exceed a rate either.
        figures["refused"] = {
            "Telegram": limits.telegram.refused,
            "Telegram chats": limits.chats_refused,
            "Twilio": limits.twilio.refused,
        }
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        limits.close()
        log = (folder / "log").read_text()
        if errors := [line for line in log.splitlines() if '"error"' in line]:
            print(f"  {len(errors)} errors in the log; the first: {errors[0][:300]}")
    show(database, figures, processes)
    return figures


async def kill_holder(url: str, servers: list[Server], limits: Limits) -> dict[str, float]:
    """Seconds without a message of each account after whoever sent for it was killed."""
    from storage.database import Database

    looking = Database(url)
    held = looking.read_now(accounts.load)
    looking.close()
    found = {}
    for name, account in (("telegram", limits.telegram), ("whatsapp", limits.twilio)):
        holder = int(held[SLUG, name].lease_by.partition("-")[0])
        with suppress(ProcessLookupError):
            if len([server for server in servers if server.process.poll() is None]) > 1:
                os.kill(holder, signal.SIGKILL)
        began = time.monotonic()
        await asyncio.sleep(10)
        found[name] = silence(account, began, time.monotonic())
    return found


def show(database: str, figures: Mapping[str, Any], processes: int) -> None:
    before, after = figures["memory"]
    print(f"delivery: {NOTICES:,} notices, {'SQLite' if database == 'sqlite' else 'PostgreSQL'}, {processes} at work")
    for name, title in (("telegram", "Telegram, 30/s"), ("twilio", "Twilio, 80/s")):
        most = figures[f"{name}_most"]
        print(f"  {title:15} {figures[name]:5.1f} % of the rate (aim: {100 - LOST:.0f}), at most {most} in any second")
    print(
        f"  refused: {figures['refused']}   {figures['live']} live replies: p50 {figures['p50']:.0f} ms, "
        f"p99 {figures['p99']:.0f} ms (aim: {WAITS:.0f}), {figures['unanswered']} unanswered   "
        f"CPU {figures['cpu']:.0f} %   memory {before:.0f} → {after:.0f} MB"
    )
    for name, gap in figures.get("takeover", {}).items():
        print(f"  the sender was killed: {name} was silent for {gap:.1f} s")


def cases(seconds: float) -> Iterator[tuple[str, float, int]]:
    yield "sqlite", seconds, 1
    yield "postgresql", seconds, 1
    yield "postgresql", seconds / 2, 2


def run(seconds: float = 5.0) -> dict[str, Any]:
    """Windows of four times `seconds`. Linux only: it reads /proc."""
    if not Path("/proc/self/stat").exists():
        print("delivery: skipped: CPU and memory of another process are read from /proc, which is not here")
        return {}
    figures = {}
    for database, window, processes in cases(4 * seconds):
        try:
            figures[f"{database}-{processes}"] = asyncio.run(measure(database, window, processes))
        except NoPostgresql as error:
            print(f"delivery: PostgreSQL is skipped: {error}")
    return figures


if __name__ == "__main__":
    run()
