"""The staff group in the whole front line: by webhook, by polling, and when the process is killed."""

import asyncio
import itertools
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from sqlalchemy import Connection, select

from bot.frontline import FrontLine, build
from bot.settings import read_settings
from conversations.association.association import Association
from conversations.association.policy_version import policy_version
from conversations.says import Say
from storage import codes, messages, policy, schema, staff
from storage.database import Database
from storage.staff import Member
from storage.times import ms
from storage.vault import Vault, context, generate_key
from tests.bot import forum_child
from tests.bot.desk import PUBLIC
from tests.bot.forked import Forked
from tests.bot.forum import CHAT, TOKEN, USER, Forum, in_topic, private, until
from tests.bot.forum_child import POINTS
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PERSON = 7001
MARKS = ("قد تكون هذه الرسالة وصلت من قبل", "قد تكون هذه الرسالة قد وصلتكم من قبل")
_numbers = itertools.count(1)


@pytest.fixture
def environ(forum: Forum, empty_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "WASL_DATA": str(tmp_path),
        "WASL_DATABASE_URL": empty_url,
        "WASL_KEYS": generate_key(),
        "WASL_INDEX_KEY": generate_key(),
        "WASL_ONLY": "harif",
        "WASL_PUBLIC_URL": PUBLIC,
        "WASL_TELEGRAM_API_URL": forum.url,
        "WASL_HARIF_TELEGRAM_TOKEN": TOKEN,
        "WASL_HARIF_TELEGRAM_SECRET": "s3cret",
        "WASL_HARIF_TELEGRAM_STAFF_GROUP": str(CHAT),
    }


@asynccontextmanager
async def at_work(environ: dict[str, str], associations: dict[str, Association]) -> AsyncIterator[FrontLine]:
    line = build(read_settings(environ), {"harif": associations["harif"]})
    await line.start()
    try:
        yield line
    finally:
        await line.close()


def hire(line: FrontLine, user: int) -> str:
    """A new worker's one-time code."""
    now = ms(line.intake.clock())

    def add(connection: Any) -> str:
        id = staff.add(connection, line.vault, "sara@example.org", "سارة العتيبي", now)
        staff.join(connection, Member("harif", id, frozenset(["relations_officer"])), now)
        policy.sign(connection, "harif", id, policy_version(line.associations["harif"].profile), now)
        return codes.make(connection, id, "telegram", now)

    return line.database.write_now(add)


async def hook(line: FrontLine, **what: Any) -> int:
    """An update by webhook; its status."""
    body = json.dumps({"update_id": next(_numbers), **what}).encode()
    headers = [(b"x-telegram-bot-api-secret-token", b"s3cret")]
    scope = {"type": "http", "method": "POST", "path": "/telegram/harif", "headers": headers, "query_string": b""}
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await line.webhooks(scope, receive, send)
    return statuses[0]


def told(forum: Forum, whom: int) -> str:
    return "\n".join(text for to, text in forum.private if to == whom)


async def test_by_webhook_from_the_code_to_the_reply(
    forum: Forum, environ: dict[str, str], associations: dict[str, Association]
) -> None:
    async with at_work(environ, associations) as line:
        code = hire(line, USER)
        assert await hook(line, message=private(USER, f"/start staff-{code}")) == 200
        await until(lambda: "سارة" in told(forum, USER))
        for text in ("السلام عليكم", "ابغى موظف"):
            assert await hook(line, message=private(PERSON, text)) == 200
        await until(lambda: forum.topics and forum.only.said)
        (number,) = forum.topics
        assert await hook(line, message=in_topic(USER, number, text="أهلًا بكم، كيف نخدمكم؟")) == 200
        await until(lambda: "كيف نخدمكم" in told(forum, PERSON))
        await until(lambda: "سارة" in forum.only.name)
        rows = line.database.read_now(lambda c: c.exec_driver_sql("SELECT count(*) FROM conversations").scalar())
        assert rows == 1, "neither the group nor the worker's chat is a conversation"


async def test_without_a_public_address_the_group_is_polled_too(
    forum: Forum, environ: dict[str, str], associations: dict[str, Association]
) -> None:
    environ |= {"WASL_PUBLIC_URL": ""}
    async with at_work(environ, associations) as line:
        code = hire(line, USER)
        messages = [
            private(USER, f"/start staff-{code}"),
            private(PERSON, "السلام عليكم"),
            private(PERSON, "ابغى موظف"),
        ]
        forum.updates += [{"update_id": next(_numbers), "message": message} for message in messages]
        await until(lambda: forum.topics and forum.only.said)
        (number,) = forum.topics
        answer = in_topic(USER, number, text="أهلًا بكم، كيف نخدمكم؟")
        forum.updates.append({"update_id": next(_numbers), "message": answer})
        await until(lambda: "كيف نخدمكم" in told(forum, PERSON))


async def test_a_group_that_is_not_set_is_nobodys(
    forum: Forum, environ: dict[str, str], associations: dict[str, Association]
) -> None:
    del environ["WASL_HARIF_TELEGRAM_STAFF_GROUP"]
    async with at_work(environ, associations) as line:
        assert await hook(line, message=in_topic(USER, 100, text="أهلًا")) == 200
        assert "staff_group" not in line.rounds.seconds
    assert not forum.private


# --- killed ----------------------------------------------------------------------------------------------------------


class Child:
    """The front line's process, started again and again; what people write is brought to it until it is taken."""

    def __init__(self, environ: dict[str, str], session: aiohttp.ClientSession) -> None:
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WASL_")}
        own = {"WASL_PORT": str(self.port), "WASL_ASSOCIATIONS": str(ROOT / "deploy" / "associations")}
        self.environ, self.session = kept | environ | own | {"WASL_LOG_LEVEL": "error"}, session
        self.process: Forked | None = None

    async def start(self, point: str = "", times: int = 1) -> None:
        self.process = Forked(forum_child.main, point, times, self.environ)

    async def died(self) -> None:
        assert self.process is not None
        async with asyncio.timeout(90):
            assert await self.process.wait() == -signal.SIGKILL

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def hear(self, **what: Any) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}
        body = {"update_id": next(_numbers), **what}
        for _ in range(2000):
            try:
                async with self.session.post(
                    f"http://127.0.0.1:{self.port}/telegram/harif", json=body, headers=headers
                ) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(0.03)
        raise AssertionError("never taken")


class Talk:
    """Somebody who writes on, and a worker who answers in whatever topic there is."""

    def __init__(self, child: Child, forum: Forum) -> None:
        self.child, self.forum = child, forum
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.going = True

    async def person(self) -> None:
        await self.child.hear(message=private(PERSON, "السلام عليكم"))
        await self.child.hear(message=private(PERSON, "ابغى موظف"))
        while self.going:
            self.asked.append(f"كلام رقم {len(self.asked)}.")
            await self.child.hear(message=private(PERSON, self.asked[-1]))
            await asyncio.sleep(0.2)

    async def worker(self) -> None:
        for number in itertools.count():
            await asyncio.sleep(0.5)
            if not self.going:
                return
            spoken = [topic for topic, said in self.forum.topics.items() if said.said]
            if spoken:
                text = f"جواب رقم {number}."
                await self.child.hear(message=in_topic(USER, spoken[-1], text=text))
                if spoken[-1] in self.forum.topics:  # else it was deleted with the topic, before anybody took it
                    self.answered.append(text)


@pytest.mark.crash
async def test_killed_at_every_point_nothing_is_lost_and_nobodys_words_stand_in_an_orphan(
    forum: Forum, environ: dict[str, str], associations: dict[str, Association]
) -> None:
    line = build(read_settings(environ), {"harif": associations["harif"]})
    code = hire(line, USER)
    line.database.close()
    database, vault = Database(environ["WASL_DATABASE_URL"]), line.vault
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        child = Child(environ, session)
        talk = Talk(child, forum)
        await child.start(next(iter(POINTS)))
        try:
            await child.hear(message=private(USER, f"/start staff-{code}"))
            people = [asyncio.create_task(talk.person()), asyncio.create_task(talk.worker())]
            for point in list(POINTS)[1:]:
                await child.died()
                if point in ("after_create", "before_made"):
                    forum.topics.clear()  # somebody deleted it: it is made again
                await child.start(point)
            await child.died()
            await child.start()
            await asyncio.sleep(1)
            talk.going = False
            await asyncio.gather(*people)
            await until(lambda: not unsaid(forum, talk), 90)
            # A worker's words are not said twice by themselves: what was on its way at a kill waits for a person.
            await until(lambda: not {*talk.answered} - reached(forum, talk) - in_doubt(database, vault), 90)
        finally:
            await child.stop()
            database.close()
    check(forum, talk)
    assert reached(forum, talk)


def first_said(forum: Forum, talk: Talk) -> int:
    first = next(topic.said[0] for topic in forum.topics.values() if topic.said)
    return next(number for number, text in enumerate(talk.asked) if text in first)


def unsaid(forum: Forum, talk: Talk) -> list[str]:
    """What no topic holds; what was in doubt when a process died may come after what was said later."""
    everything = "\n".join(text for topic in forum.topics.values() for text in topic.said)
    if not everything:
        return talk.asked
    return [asked for asked in talk.asked[first_said(forum, talk) :] if asked not in everything]


def reached(forum: Forum, talk: Talk) -> set[str]:
    return {text for text in talk.answered if text in told(forum, PERSON)}


def in_doubt(database: Database, vault: Vault) -> set[str]:
    """The desk shows these as uncertain."""
    m = schema.messages.c

    def read(connection: Connection) -> set[str]:
        rows = connection.execute(select(m.id, m.body).where(m.state == "uncertain", m.direction == "out"))
        bodies = [vault.open(row.body, context(messages.BODY, "harif", row.id)) for row in rows]
        return {msgspec.msgpack.decode(body, type=Say).text for body in bodies}

    return database.read_now(read)


def check(forum: Forum, talk: Talk) -> None:
    spoken = [topic for topic in forum.topics.values() if topic.said]
    assert len(spoken) == 1, "one topic"
    assert len(forum.topics) <= 3, "and at most an empty one for each time Telegram could not be asked"
    since = first_said(forum, talk)
    sent = [text for text in spoken[0].said if not any(mark in text for mark in MARKS)]
    once = Counter(asked for asked in talk.asked[since:] for text in sent if asked in text)
    assert not unsaid(forum, talk), "nothing is lost"
    assert set(once.values()) <= {1}, "and nothing stands there twice without saying so"
    replies = [text for to, text in forum.private if to == PERSON and not any(mark in text for mark in MARKS)]
    assert max(Counter(one for one in talk.answered for text in replies if one in text).values()) == 1
