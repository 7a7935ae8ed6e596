"""A staff group with topics at a stand-in of the Bot API, and the front line that works in it.

Every call is held against the official specification (tests/channels/specs.py). The group behaves as Telegram's does:
topics have numbers, can be closed, reopened, renamed and deleted, and say so when they are gone.
"""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.channels.contract import Content, Unused
from bot.channels.http import Http
from bot.channels.telegram import Telegram
from bot.staff_group.room import StaffGroups
from bot.staff_group.turns import CHANNEL
from conversations.association.association import Association
from conversations.association.policy_version import policy_version
from conversations.events import Media, StaffSaid
from conversations.says import Say
from conversations.world import Traits
from storage import codes, policy, staff, topics
from storage.database import Database
from storage.staff import Member
from storage.times import ms
from storage.vault import Vault
from tests.bot.desk import PUBLIC, SUNDAY, Desk, Paper, Person
from tests.channels.harness import Call, _read
from tests.channels.specs import telegram_problems

OGG = b"OggS\x00\x02" + b"\x00" * 20 + b"\x01\x13OpusHead\x01" + b"\x00" * 40
USER, OTHER = 501, 502
"""Telegram accounts of two workers."""
TOKEN = "700100200:AAExampleExampleExampleExampleExample"
CHAT = -1001234567890
BOT_ID = 700100200
ICONS = {"🔥": "e1", "❗️": "e2", "💬": "e3", "✅": "e4"}
_numbers = itertools.count(100)
_updates = itertools.count(1)


@dataclass
class Topic:
    name: str
    icon: str = ""
    colour: int = 0
    closed: bool = False
    said: list[str] = field(default_factory=list)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, caption and bytes."""


@dataclass
class Failure:
    """The next call of a method: its answer, or what happens to the line; `did`: Telegram did it all the same."""

    status: int = 400
    description: str = ""
    after: int | None = None
    drop: bool = False
    did: bool = False


class Forum:
    def __init__(self) -> None:
        self.topics: dict[int, Topic] = {}
        self.private: list[tuple[int, str]] = []
        self.calls: list[tuple[str, float]] = []
        """Method and the front line's time of every call that Telegram counts in the group."""
        self.problems: list[str] = []
        self.fails: dict[str, deque[Failure]] = {}
        self.files: dict[str, bytes] = {}
        self.updates: list[dict[str, Any]] = []
        """What waits for whoever polls."""
        self.may_delete = True
        self.url = ""
        self.clock: Callable[[], float] = lambda: 0.0
        self.gate: asyncio.Event | None = None

    def fail(self, method: str, *failures: Failure) -> None:
        """In the group; in a chat with one person it is `private <method>`."""
        self.fails.setdefault(method, deque()).extend(failures)

    @property
    def only(self) -> Topic:
        (topic,) = self.topics.values()
        return topic

    def counted(self, method: str = "") -> list[float]:
        return [at for name, at in self.calls if not method or name == method]

    def busiest_minute(self) -> int:
        """The most calls in any sixty seconds."""
        times = [at for _, at in self.calls]
        return max((sum(1 for other in times if at <= other < at + 60) for at in times), default=0)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = await _read(request)
        self.problems += [f"{call.path.rsplit('/', 1)[-1]}: {one}" for one in telegram_problems(call)]
        if call.path.startswith("/file/"):
            return web.Response(body=self.files[call.path.rsplit("/", 1)[-1]])
        method = call.path.rsplit("/", 1)[-1]
        if str(call.fields.get("chat_id", "")) == str(CHAT):
            self.calls.append((method, self.clock()))
        if self.gate is not None:
            await self.gate.wait()
        whose = "private " if "chat_id" in call.fields and str(call.fields["chat_id"]) != str(CHAT) else ""
        failures = self.fails.get(f"{whose}{method}")
        failure = failures.popleft() if failures else None
        if failure is not None and not failure.did:
            return self._fail(request, failure)
        try:
            result = self._do(method, call)
        except LookupError as error:
            return web.json_response(
                {"ok": False, "error_code": 400, "description": f"Bad Request: {error.args[0]}"}, status=400
            )
        if failure is not None:
            return self._fail(request, failure)
        return web.json_response({"ok": True, "result": result})

    def _fail(self, request: web.Request, failure: Failure) -> web.StreamResponse:
        if failure.drop and request.transport is not None:
            request.transport.abort()
        more = {"parameters": {"retry_after": failure.after}} if failure.after is not None else {}
        body = {"ok": False, "error_code": failure.status, "description": failure.description, **more}
        return web.json_response(body, status=failure.status)

    def _do(self, method: str, call: Call) -> Any:
        given = call.fields
        if method == "getForumTopicIconStickers":
            return [{"emoji": emoji, "custom_emoji_id": id} for emoji, id in ICONS.items()]
        if method == "getMe":
            return {"id": BOT_ID, "is_bot": True, "first_name": "وصل", "username": "wasl_test_bot"}
        if method == "getUpdates":
            return [one for one in self.updates if one["update_id"] >= given["offset"]]
        if method == "getFile":
            return {"file_id": given["file_id"], "file_unique_id": "u", "file_path": str(given["file_id"])}
        if method == "createForumTopic":
            number = next(_numbers)
            self.topics[number] = Topic(given["name"], given.get("icon_custom_emoji_id", ""), given["icon_color"])
            return {"message_thread_id": number, "name": given["name"], "icon_color": given["icon_color"]}
        if str(given["chat_id"]) != str(CHAT):
            self.private.append((int(given["chat_id"]), given.get("text", "")))
            return {"message_id": next(_numbers)}
        number = int(given["message_thread_id"])
        if number not in self.topics:
            raise LookupError("message thread not found" if method.startswith("send") else "TOPIC_ID_INVALID")
        return self._in(method, number, self.topics[number], call)

    def _in(self, method: str, number: int, topic: Topic, call: Call) -> Any:
        given = call.fields
        if method == "editForumTopic":
            if (topic.name, topic.icon) == (
                given.get("name", topic.name),
                given.get("icon_custom_emoji_id", topic.icon),
            ):
                raise LookupError("TOPIC_NOT_MODIFIED")
            topic.name, topic.icon = given.get("name", topic.name), given.get("icon_custom_emoji_id", topic.icon)
        elif method in ("closeForumTopic", "reopenForumTopic"):
            closing = method == "closeForumTopic"
            if topic.closed == closing:
                raise LookupError("TOPIC_NOT_MODIFIED")
            topic.closed = closing
        elif method == "deleteForumTopic":
            if not self.may_delete:
                raise LookupError("not enough rights to delete a topic")
            del self.topics[number]
        elif method == "sendMessage":
            topic.said.append(given["text"])
        else:
            ((_, upload),) = call.files.items()
            topic.files.append((method, given.get("caption", ""), upload.data))
        return {"message_id": next(_numbers)} if method.startswith("send") else True


@asynccontextmanager
async def forum_at_work() -> AsyncIterator[Forum]:
    forum = Forum()
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{tail:.*}", forum.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    forum.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield forum
    finally:
        if forum.gate is not None:
            forum.gate.set()
        await runner.cleanup()
    assert forum.problems == [], "held against the official specification"


class Watched(Telegram):
    """The channel itself, what it was given to say written down."""

    def __init__(self, *args: Any, forum: Forum, **more: Any) -> None:
        super().__init__(*args, **more)
        self.says: list[Say] = []
        self.files = forum.files

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        self.says.append(say)
        return await super().send(handle, say, row, attachment)


class Line:
    """One process with a staff group."""

    def __init__(
        self,
        forum: Forum,
        database: Database,
        vault: Vault,
        associations: Mapping[str, Association],
        folder: Path,
        *,
        shows: str = "full",
        me: str = "me",
        now: datetime = SUNDAY,
        public_url: str = PUBLIC,
        language: str = "ar",
        **more: Any,
    ) -> None:
        self.forum, self.http = forum, Http(connect=2, answer=2)
        known = {**associations, "harif": shown(associations["harif"], shows, language)}
        self.bot = Watched(
            "harif", TOKEN, "s", forum.url, self.http, known["harif"].wording, staff_group=str(CHAT), forum=forum,
        )  # fmt: skip
        self.other = Watched(
            "ruhama", TOKEN.replace("7001", "7002"), "s", forum.url, self.http, known["ruhama"].wording, forum=forum
        )
        self.whatsapp = Paper("harif", "whatsapp")
        self.whatsapp.traits = Traits(name="whatsapp", proves_phone=True, window_hours=24)
        channels = {
            ("harif", "telegram"): self.bot,
            ("ruhama", "telegram"): self.other,
            ("harif", "whatsapp"): self.whatsapp,
        }
        self.desk = Desk(database, vault, known, folder, channels, me=me, now=now, public_url=public_url, **more)
        self.room = StaffGroups(
            database, self.desk.intake, channels, self.desk.delivery.rates, self.desk.blobs, public_url,
            kick=lambda name: None,
        )  # fmt: skip
        self.desk.rounds.sources[CHANNEL] = self.room
        forum.clock = lambda: self.desk.now.timestamp()

    @property
    def now(self) -> int:
        return ms(self.desk.now)

    async def close(self) -> None:
        await self.http.close()

    async def run(self) -> None:
        """The group's round once, in this very moment."""
        await self.room.run()
        await self.desk.settle()

    async def tick(self, seconds: int) -> None:
        """So many seconds pass, with a round in each."""
        for _ in range(seconds):
            await self.run()
            self.desk.now += timedelta(seconds=1)

    def later(self, **span: float) -> None:
        """Time passes, and nothing happens."""
        self.desk.now += timedelta(**span)

    async def rest(self, seconds: int = 0) -> None:
        """Until the group has nothing to do, a second at a time; then until `seconds` are over."""
        for second in range(240):
            await self.run()
            self.desk.now += timedelta(seconds=1)
            if second + 1 >= seconds and self.desk.ask(topics.next_work, "harif", str(CHAT), 2**60) is None:
                return
        raise AssertionError("the group never came to rest")

    async def files(self) -> None:
        await self.desk.rounds.fetch_files()
        await self.desk.settle()

    # --- staff -------------------------------------------------------------------------------------------------------

    def hire(
        self, name: str, *, role: str = "relations_officer", association: str = "harif", signs: bool = True
    ) -> int:
        """A worker's id."""
        profile = self.desk.associations[association].profile

        def add(connection: Connection) -> int:
            id = staff.add(connection, self.desk.vault, f"{name}@example.org", name, self.now)
            staff.join(connection, Member(association, id, frozenset([role])), self.now)
            if signs:
                policy.sign(connection, association, id, policy_version(profile), self.now)
            return id

        return int(self.desk.do(add))

    async def bind(self, worker: int, user: int, association: str = "harif") -> None:
        """By the code, as a worker does it."""
        code = self.desk.do(codes.make, worker, "telegram", self.now)
        await self.start(f"staff-{code}", user, association)

    async def start(self, payload: str, user: int, association: str = "harif") -> None:
        await self.update(association, message=private(user, f"/start {payload}"))
        await asyncio.gather(*self.room._answers)

    async def staffed(self, name: str = "سارة العتيبي", user: int = USER, **more: Any) -> int:
        worker = self.hire(name, **more)
        await self.bind(worker, user)
        self.forum.private.clear()
        return worker

    async def writes(self, user: int, topic: int, text: str = "", **more: Any) -> None:
        """Somebody in a topic of the group."""
        if text:
            more["text"] = text
        await self.update(message=in_topic(user, topic, **more))

    async def update(self, association: str = "harif", **what: Any) -> None:
        """One update of Telegram's, as a webhook brings it."""
        number = what.pop("number", None) or next(_updates)
        bot = self.bot if association == "harif" else self.other
        body = json.dumps({"update_id": number, **what}).encode()
        heard = [one for one in bot.parse(body) if not isinstance(one, Unused)]
        await self.room.take(association, "telegram", heard)
        await self.desk.settle()

    async def says(self, worker: int, conversation: int, text: str, **more: Any) -> None:
        """A worker's reply at the desk."""
        from bot.fold import Arrived

        event = StaffSaid(id=f"d{next(_updates)}", at=self.desk.now, staff=str(worker), title="موظف", text=text, **more)
        await self.desk.intake.put(Arrived("harif", "", "", event, conversation=conversation))
        await self.desk.settle()


def shown(association: Association, shows: str, language: str = "ar") -> Association:
    group = association.profile.staff_group.model_copy(update={"shows": shows, "language": language})
    return replace(association, profile=association.profile.model_copy(update={"staff_group": group}))


def in_topic(user: int, topic: int, **more: Any) -> dict[str, Any]:
    number = next(_numbers)
    root = {"message_id": topic, "from": {"id": BOT_ID, "is_bot": True}, "forum_topic_created": {"name": "x"}}
    return {
        "message_id": number,
        "from": {"id": user, "is_bot": False, "first_name": "م"},
        "chat": {"id": CHAT, "type": "supergroup", "is_forum": True, "title": "موظفونا"},
        "date": int(SUNDAY.timestamp()),
        "message_thread_id": topic,
        "is_topic_message": True,
        "reply_to_message": {**root, "chat": {"id": CHAT, "type": "supergroup"}, "date": 1},
        **more,
    }


def private(user: int, text: str) -> dict[str, Any]:
    return {
        "message_id": next(_numbers),
        "from": {"id": user, "is_bot": False, "first_name": "م", "language_code": "ar"},
        "chat": {"id": user, "type": "private"},
        "date": int(SUNDAY.timestamp()),
        "text": text,
    }


async def until(happened: Callable[[], Any], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 - it happens elsewhere
            await asyncio.sleep(0.02)


async def waits(line: Line, handle: str = "7001", text: str = "ابغى موظف") -> Person:
    """Somebody who asked for a person."""
    person = Person(line.desk, handle)
    await person.say("السلام عليكم", text)
    return person


async def open_topic(line: Line, forum: Forum, handle: str = "7001") -> tuple[Person, int]:
    """Somebody waits, and their topic stands; its number."""
    before = set(forum.topics)
    person = await waits(line, handle)
    await line.rest()
    (number,) = set(forum.topics) - before
    return person, number


def number_of(forum: Forum) -> int:
    (number,) = forum.topics
    return number


def told_to(forum: Forum, chat: int) -> list[str]:
    """What reached one person in private."""
    return [text for to, text in forum.private if to == chat]


async def sends_file(line: Line, person: Person, data: bytes, kind: Any, name: str = "", caption: str = "") -> None:
    """A file of the person's, as their channel brings it, fetched."""
    source = f"p{len(line.forum.files)}"
    line.forum.files[source] = data
    event = Media(id="m", at=line.desk.now, file="theirs", kind=kind, name=name, caption=caption)
    await person.send(person.incoming(event, source=source))
    await line.files()
