"""A wave to a million people on PostgreSQL and to a hundred thousand on SQLite: how long it takes to count whom it is
for and to write them down, for how long a reply waits behind that at most, and memory; then how fast they are fed."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from bot import waves as feeder
from bot.bench.dialogue import ASSOCIATIONS, SLUG
from bot.bench.path import NoPostgresql, made, postgresql
from bot.bench.processes import used
from bot.planner import Planner
from conversations.association.load import load_association
from conversations.cases.calendar import RIYADH
from storage import conversations, timers, waves
from storage.audience import audience_of, count
from storage.database import Database
from storage.times import DAY, ms
from storage.vault import Vault, generate_key
from storage.waves import Wave

MANY = {"sqlite": 100_000, "postgresql": 1_000_000}
LIMIT = 60.0
"""Seconds that planning may take."""
FED = 2_000
"""People who are fed, with conversations that can be opened."""
NOW = datetime(2026, 11, 22, 10, tzinfo=RIYADH).astimezone(UTC)
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) {} FROM n",
    "postgresql": "{} FROM generate_series(1, CAST(:many AS bigint)) AS n(i)",
}
_ROWS = {
    "conversations": (
        "association, id, channel, handle_index, handle, beneficiary, last_in, updated, seq, holder, flow, language",
        "SELECT :slug, 10000000000 + i, CASE WHEN i % 3 = 0 THEN 'telegram' ELSE 'whatsapp' END, {blob}, {blob}, i, "
        ":now - i % 100000, :now, 1, 'bot', '', 'ar'",
    ),
    "cases": (
        "association, id, reference, kind, stage, service, beneficiary, opened_at, updated",
        "SELECT :slug, 20000000000 + i, 'HRF-' || i, 'request', 'delivered', 'training', i, :now - 86400000, :now",
    ),
    "consents": (
        "association, id, beneficiary, conversation, purpose, given, at",
        "SELECT :slug, 30000000000 + i, i, 10000000000 + i, 'survey', i % 10 <> 0, :now",
    ),
}
"""Everybody has an address, a case and a word on being asked; nine of ten said yes."""


def fill(connection: Connection, many: int) -> None:
    dialect = connection.dialect.name
    blob = "CAST(CAST(i AS text) AS blob)" if dialect == "sqlite" else "convert_to(CAST(i AS text), 'UTF8')"
    for table, (columns, values) in _ROWS.items():
        rows = _NUMBERS[dialect].format(values.format(blob=blob))
        statement = text(f"INSERT INTO {table} ({columns}) {rows}")
        connection.execute(statement, {"slug": SLUG, "many": many, "now": ms(NOW)})


def people(connection: Connection, vault: Vault) -> None:
    """Those who are fed: their conversations can be opened."""
    keys = [(SLUG, "telegram", str(1_000_000 + number)) for number in range(FED)]
    there = conversations.take(connection, vault, keys, ms(NOW))
    for number, stored in enumerate(there.values()):
        stored.beneficiary, stored.last_in = 5_000_000_000 + number, ms(NOW)
    conversations.save(connection, vault, list(there.values()))
    waves.add_recipients(
        connection,
        [waves.Recipient(SLUG, 2, one.id, one.beneficiary, channel="telegram", due=0) for one in there.values()],
    )


def wave(id: int, **more: Any) -> Wave:
    now = ms(NOW)
    return Wave(SLUG, id, "survey", "periodic", purpose="survey", at=now, starts=now, ends=now + 14 * DAY, **more)


@contextmanager
def database(name: str) -> Iterator[Database]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wasl-bench-")))
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        if name == "postgresql":
            address, _ = stack.enter_context(postgresql())
            url = made(address, "waves")
        opened = Database(url)
        opened.open()
        stack.callback(opened.close)
        yield opened


def measure(name: str, many: int) -> dict[str, Any]:
    association = load_association(ASSOCIATIONS / SLUG)
    vault = Vault([generate_key()], generate_key())
    with database(name) as there:
        began = time.perf_counter()
        there.write_now(fill, many)
        there.write_now(lambda c: c.exec_driver_sql("ANALYZE"))
        title = "PostgreSQL" if name == "postgresql" else "SQLite"
        print(f"waves: {many:,} people on {title} (filled in {time.perf_counter() - began:.0f} s)")
        there.write_now(waves.add, vault, wave(1, state=waves.PLANNED))
        whom = audience_of(wave(1), association.profile.surveys[0].audience)
        counted, seconds = timed(lambda: there.read_now(count, wave(1), whom))
        print(f"  counted in {seconds:.1f} s: {counted.people:,}, and {counted.refused:,} who did not agree")

        planner = Planner(there, vault, {SLUG: association}, lambda: NOW)
        before, turns = used(os.getpid()).memory, list[float]()
        more = True
        while more:
            more, took = timed(lambda: there.write_now(planner.begin_some, association, 1, NOW))
            turns.append(took)
        after, planned = used(os.getpid()).memory, there.read_now(waves.get, SLUG, 1)
        assert planned is not None
        assert planned.people == counted.people, (planned, counted)
        print(
            f"  written in {sum(turns):.1f} s (aim: {LIMIT:.0f}), {planned.people:,} people; a reply waits "
            f"{1000 * max(turns):.0f} ms behind it at most   memory {before:.0f} → {after:.0f} MB"
        )
        there.write_now(lambda c: waves.change(c, SLUG, 1, state=waves.PAUSED))
        rate = fed(there, vault, association)
        print(f"  fed {rate:.0f} people a second (Telegram and Twilio together take 110)")
        return {"count": seconds, "plan": sum(turns), "turn": max(turns), "memory": after - before, "fed": rate}


def fed(there: Database, vault: Vault, association: Any) -> float:
    """People a second, looked at and told, beside the wave of all; what they are told is said elsewhere."""
    there.write_now(people, vault)
    there.write_now(waves.add, vault, wave(2, state=waves.RUNNING, filled_at=0))
    now, told, began = NOW, 0, time.perf_counter()

    def feed(connection: Connection) -> int:
        def wake(conversation: int, timer: str) -> None:
            timers.set_all(connection, [timers.Timer(SLUG, conversation, timer, ms(now + timedelta(minutes=1)))])

        return feeder.feed(connection, vault, association, now, wake, {"telegram": 1000.0})

    while looked_at := there.write_now(feed):
        told += looked_at
    assert told == FED, told
    return told / (time.perf_counter() - began)


def timed(do: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return do(), time.perf_counter() - began


def run(seconds: float = 5.0) -> dict[str, Any]:
    """As many people as are aimed at, whatever `seconds` says."""
    figures = {}
    for name, many in MANY.items():
        try:
            figures[name] = measure(name, many)
        except NoPostgresql as error:
            print(f"waves: PostgreSQL is skipped: {error}")
    return figures


if __name__ == "__main__":
    run()
