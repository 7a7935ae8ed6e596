"""A wave whose process is killed between any two instructions, and started again: nobody is asked twice, and nobody is
left out. Of whoever was being written to at that instant nobody knows whether it arrived: their row says so, and waits
for a person."""

import asyncio
import os
import random
import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, select

from conversations.association.load import load_association
from storage import audience, conversations, schema, waves, world
from storage.consents import Consent, log
from storage.database import Database
from storage.ids import new_id
from storage.schema_surveys import recipients
from storage.times import DAY
from storage.vault import Vault
from storage.waves import Wave
from tests.bot.standin import Given
from tests.bot.standin_child import WAVE_POINTS
from tests.bot.test_crash import LEFT_OVER, ROOT, Front, at_work, die_at, environ
from tests.ports import free_port

__all__ = ["environ"]
pytestmark = pytest.mark.crash
PEOPLE = 60


def now() -> int:
    return time.time_ns() // 1_000_000


def plan(connection: Connection, vault: Vault) -> int:
    """People who agreed to be asked, and a wave that runs; its id."""
    survey = load_association(ROOT / "deploy" / "associations" / "harif").profile.surveys[0]
    keys = [("harif", "telegram", str(8000 + number)) for number in range(PEOPLE)]
    there = conversations.take(connection, vault, keys, now())
    for person, stored in enumerate(there.values(), 1):
        stored.beneficiary, stored.last_in, stored.conversation.greeted = person, now(), True
        stored.conversation.noticed = True
        case = {
            "association": "harif", "id": new_id(), "reference": f"HRF-{person}", "kind": "request",
            "stage": "delivered", "beneficiary": person, "opened_at": now(), "updated": now(),
        }  # fmt: skip
        connection.execute(schema.cases.insert().values(**case))
        world.save_beneficiaries(connection, vault, [world.Beneficiary("harif", person, {}, {"survey": True})], now())
        log(connection, [Consent("harif", stored.id, person, "survey", True, "1", "telegram", "", now())])
    conversations.save(connection, vault, list(there.values()))
    wave = Wave(
        "harif", new_id(), "survey", survey=survey.id, state=waves.RUNNING, anonymous=survey.anonymous,
        purpose="survey", at=now(), starts=now(), ends=now() + 14 * DAY,
    )  # fmt: skip
    assert waves.add(connection, vault, wave)
    assert audience.fill(connection, wave, survey.audience, now()) == PEOPLE
    return wave.id


class Kept:
    """What the database says of it."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.database = Database(variables["WASL_DATABASE_URL"])
        self.database.open()
        self.vault = Vault([variables["WASL_KEYS"]], variables["WASL_INDEX_KEY"])
        self.id: int = self.database.write_now(plan, self.vault)

    def states(self) -> Counter[str]:
        r = recipients.c
        query = select(r.state).where(r.wave == self.id)
        return Counter(self.database.read_now(lambda c: list(c.scalars(query))))

    def rows(self) -> list[Any]:
        m = schema.messages.c
        query = select(m.conversation, m.state, m.attempts).where(m.lane == "bulk", m.direction == "out")
        return list(self.database.read_now(lambda c: c.execute(query).all()))

    def handles(self) -> dict[int, str]:
        def read(connection: Connection) -> dict[int, str]:
            ids = connection.scalars(select(schema.conversations.c.id)).all()
            found = {id: conversations.handle_of(connection, self.vault, "harif", id) for id in ids}
            return {id: named[1] for id, named in found.items() if named}

        return self.database.read_now(read)

    async def at_rest(self) -> None:
        deadline = time.monotonic() + 120
        while self.under_way():
            assert time.monotonic() < deadline, (self.states(), Counter(row.state for row in self.rows()))
            await asyncio.sleep(0.2)

    def under_way(self) -> bool:
        """To be asked, to be said, or to be sent."""
        t = schema.timers.c
        unsaid = self.database.read_now(lambda c: c.scalar(select(t.timer).where(t.timer.startswith("notice:"))))
        return bool(
            self.states()["waiting"] or unsaid or any(row.state in ("queued", "sending") for row in self.rows())
        )


def check(wave: Kept, given: list[Given]) -> None:
    assert wave.states() == {"invited": PEOPLE}
    handles, rows = wave.handles(), wave.rows()
    assert Counter(handles[row.conversation] for row in rows) == Counter(dict.fromkeys(handles.values(), 1))
    reached = Counter(one.handle for one in given)
    assert max(reached.values()) == 1, "asked twice"
    for row in rows:
        if row.state == "accepted":
            assert reached[handles[row.conversation]] == 1
        else:
            assert row.state == "uncertain", "left out"
    assert any(row.state == "accepted" for row in rows)


async def test_killed_at_every_point_each_is_asked_once(environ: dict[str, str]) -> None:
    wave = Kept(environ)
    async with at_work(environ | {"WAVES": "slow"}) as (there, front, _):
        for point in WAVE_POINTS:
            await die_at(front, point, 1 if point in LEFT_OVER else random.randint(1, 3))
        await front.start()
        await wave.at_rest()
        await front.stop()
        check(wave, there.telegram)
    wave.database.close()


async def test_killed_at_random_each_is_asked_once(environ: dict[str, str]) -> None:
    wave = Kept(environ)
    async with at_work(environ | {"WAVES": "slow"}) as (there, front, _):
        for _ in range(5):
            await front.start()
            await front.is_up()
            await asyncio.sleep(random.uniform(0.0, 0.8))
            await front.kill()
        await front.start()
        await wave.at_rest()
        await front.stop()
        check(wave, there.telegram)
    wave.database.close()


async def test_two_processes_feed_one_wave_and_one_is_killed(environ: dict[str, str], backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("one process serves an SQLite file")
    wave = Kept(environ)
    async with at_work(environ | {"WAVES": "slow"}) as (there, front, _):
        other = Front(
            front.environ | {"WASL_PORT": str(free_port()), "WASL_DATA": os.path.join(environ["WASL_DATA"], "other")}, 0
        )
        await front.start()
        await other.start()
        await front.is_up()
        await asyncio.sleep(random.uniform(0.2, 1.0))
        await other.kill()
        await wave.at_rest()
        await front.stop()
        check(wave, there.telegram)
    wave.database.close()
