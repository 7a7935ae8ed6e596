"""A front line without a network: the real intake, delivery, rounds and house over a database, and channels of paper.

The clock stands still until a test moves it. What a person does goes in as a channel would bring it.
"""

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select

import bot.delivery
from bot.channels.contract import Capabilities, Content, FetchError, Incoming, SendError
from bot.channels.web_chat import Changes
from bot.delivery import Delivery
from bot.fold import Committed
from bot.intake import Intake
from bot.schedule import Rounds
from bot.web.house import House
from conversations.answers.choice import OneOf
from conversations.answers.contract import Got, Later
from conversations.association.association import Association
from conversations.conversation import Conversation
from conversations.course import course
from conversations.events import Event, Media, MediaKind, Opened, Press, Text
from conversations.says import Say
from conversations.world import Traits
from storage import alarms, conversations, messages
from storage.blobs import Blobs, place
from storage.columns import metadata
from storage.database import Database
from storage.messages import Line
from storage.times import ms
from storage.vault import Vault

bot.delivery.FLUSH_AFTER = 0.0
"""Marks wait for nobody here: every settling would wait with them."""
SUNDAY = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
PUBLIC = "https://wasl.example"
WORDS = {
    "short_text": "نورة السالم",
    "long_text": "نحتاج إلى شراء ماكينة خياطة للمشروع المنزلي",
    "number": "3",
    "money": "5000",
    "date": "2026-12-20",
    "birth_date": "1990-05-01",
    "phone": "0500000007",
    "short_address": "RRRD2929",
    "email": "noura@example.com",
    "cr_number": "1010711252",
    "location": "حي السلامة خلف المسجد الكبير",
    "private_word": "ياسمين",
    "paper_or_words": "هذا ما عندي من الأوراق",
    "saudi_id": "1012345672",
    "identity": "P7654321",
    "iban": "SA0380000000608010167519",
}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
_event: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_keys = itertools.count(1)

TRAITS = {
    "telegram": Traits(name="telegram", deletes=True),
    "whatsapp": Traits(name="whatsapp", proves_phone=True, window_hours=24),
    "web_chat": Traits(name="web_chat", asks_sensitive=True, deletes=True),
    "sms": Traits(name="sms"),
    "email": Traits(name="email"),
}


class Sent(NamedTuple):
    handle: str
    text: str
    row: int


class Paper:
    """A channel on which everything sent is written down. `fails` are met one a send, by address or ("") by anybody."""

    capabilities = Capabilities(text=4000, caption=1000, buttons=80, button_title=40, body_with_options=4000)

    def __init__(self, association: str, name: str = "telegram") -> None:
        self.association, self.name, self.traits = association, name, TRAITS[name]
        self.pushes = name != "web_chat"
        self.sent: list[Sent] = []
        self.says: list[Say] = []
        self.deleted: list[tuple[str, str]] = []
        self.fails: defaultdict[str, deque[Exception]] = defaultdict(deque)
        self.files: dict[str, bytes | FetchError] = {}
        self.gate: asyncio.Event | None = None
        """While there is one that is not set, a send hangs."""
        self.begun: list[int] = []
        self.approved: frozenset[str] = frozenset()
        """Kinds of templates that may go outside of its window."""

    def has_template(self, kind: str, language: str) -> bool:
        return kind in self.approved

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        self.begun.append(row)
        if self.gate is not None:
            await self.gate.wait()
        for whose in (handle, ""):
            if self.fails[whose]:
                raise self.fails[whose].popleft()
        self.sent.append(Sent(handle, say.text, row))
        self.says.append(say)
        return f"SM{row}"

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        self.deleted.append((handle, provider_id))
        return True

    async def fetch(self, source: str, at_most: int) -> bytes:
        found = self.files.get(source, FetchError("gone"))
        if isinstance(found, FetchError):
            raise found
        if len(found) > at_most:
            raise FetchError("too_big")
        return found

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        raise NotImplementedError

    def parse(self, body: bytes) -> Any:
        raise NotImplementedError

    async def close(self) -> None: ...


class Desk:
    """One process. `beside` shares the database with another one."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        associations: Mapping[str, Association],
        folder: Path,
        channels: Mapping[tuple[str, str], Any],
        *,
        me: str = "me",
        now: datetime = SUNDAY,
        may_send: Callable[[str, str, str], str] = lambda *_: "",
        rates: Mapping[tuple[str, str], float] | None = None,
        chat_rates: Mapping[str, float] | None = None,
        public_url: str = PUBLIC,
    ) -> None:
        self.database, self.vault, self.associations, self.channels = database, vault, associations, channels
        self.now = now
        self.switch = may_send
        self.blobs = Blobs(place(str(folder / "files")), vault)
        self.committed: list[Committed] = []
        self.kicked = False
        self.attached: dict[str, Content] = {}
        self.intake = Intake(
            database,
            vault,
            associations,
            channels,
            me=me,
            public_url=public_url,
            after_commit=self._after,
            may_send=lambda *about: self.switch(*about),
            clock=lambda: self.now,
        )
        self.delivery = Delivery(
            database,
            channels,
            self.intake,
            rates=rates or {},
            chat_rates=chat_rates,
            content=self._content,
            clock=lambda: self.now,
        )
        self.delivery.kick = self._kick  # type: ignore[method-assign]
        self.rounds = Rounds(database, self.intake, self.delivery, channels, self.blobs, file_limit=1000)
        self.house = House(
            database, associations, self.intake, self.blobs, Changes(), self._drawn, file_limit=1000,
            public_url=public_url,
        )  # fmt: skip

    def _after(self, committed: Committed) -> None:
        self.committed.append(committed)
        self.kicked |= "outbox" in committed.kicks
        self.delivery.dispatch(committed.sends)
        if committed.refused:
            self.delivery.refused(list(committed.refused))

    def _kick(self) -> None:
        self.kicked = True

    def intake_encode(self, say: Say) -> bytes:
        return msgspec.msgpack.encode(say)

    async def _content(self, row: Any) -> Content | None:
        return self.attached.get(row.say.file.file, Content("receipt.pdf", "application/pdf", PDF, "https://x.example"))

    async def _drawn(self, association: str, attachment: Any) -> Content | None:
        return None

    # --- time --------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Until everything under way has been sent and its marks are committed."""
        for turn in range(4000):
            await asyncio.sleep(0.001 if turn > 2 else 0)
            await self.intake.drain()
            if self.kicked:
                self.kicked = False
                await self.delivery.leftovers()
            busy = self.delivery._tasks or self.intake.marks or self.intake._waiting or self.delivery._flushing
            busy = busy or self.rounds.tasks  # kicked, and not awaited by anybody
            if not busy and not self.kicked:
                return
        raise AssertionError("never came to rest")

    async def later(self, *rounds: str, **span: float) -> None:
        """Time passes, and every round runs, or those named."""
        self.now += timedelta(**span)
        await (self._rounds(*rounds) if rounds else self.run())

    async def run(self) -> None:
        await self._rounds("timers", "files", "news", "handoffs", "expire", "notices")
        for _ in range(2):
            before = len(self.committed)
            await self._rounds("timers", "outbox")
            if len(self.committed) == before:
                return

    async def _rounds(self, *names: str) -> None:
        for name in names:
            await self.rounds.seconds[name][1]()
            await self.settle()

    # --- what is kept ------------------------------------------------------------------------------------------------

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        return self.database.read_now(function, *args)

    def do(self, function: Callable[..., Any], *args: Any) -> Any:
        return self.database.write_now(function, *args)

    def id_of(self, handle: str, channel: str = "telegram", association: str = "harif") -> int:
        found = self.ask(conversations.id_of, self.vault, (association, channel, handle))
        assert found is not None, "nobody has written from there"
        return int(found)

    def transcript(self, handle: str, channel: str = "telegram", association: str = "harif") -> list[Line]:
        id = self.id_of(handle, channel, association)
        lines: list[Line] = self.ask(messages.transcript, self.vault, association, id)
        return lines

    def heard(self, handle: str, channel: str = "telegram", association: str = "harif") -> list[Event]:
        """What came in, in the transcript's order."""
        return [
            _event.decode(row.body) for row in self.transcript(handle, channel, association) if row.direction == "in"
        ]

    def told(self, handle: str, channel: str = "telegram", association: str = "harif") -> list[str]:
        lines = self.transcript(handle, channel, association)
        return [self.intake.read_say(row.body).text for row in lines if row.direction == "out" and row.kind == "say"]

    def out(self, handle: str, channel: str = "telegram", association: str = "harif") -> list[Line]:
        return [row for row in self.transcript(handle, channel, association) if row.direction == "out"]

    def states(self, handle: str, channel: str = "telegram", association: str = "harif") -> list[str]:
        return [row.state for row in self.out(handle, channel, association)]

    def where(self, handle: str, channel: str = "telegram", association: str = "harif") -> Conversation:
        def load(connection: Connection) -> Conversation:
            stored = conversations.load(connection, self.vault, [(association, channel, handle)])
            return stored[association, channel, handle].conversation

        found: Conversation = self.do(load)
        return found

    def rows(self, table: str, *names: str) -> list[Any]:
        t = metadata.tables[table]
        return list(self.ask(lambda c: c.execute(select(*(t.c[name] for name in names) if names else (t,))).all()))

    def alarms(self) -> dict[str, int]:
        return {alarm.code: alarm.times for alarm in self.ask(alarms.waiting)}


class Person:
    """Somebody at one address, who can answer whatever is asked."""

    def __init__(self, desk: Desk, handle: str, channel: str = "telegram", association: str = "harif") -> None:
        self.desk, self.handle, self.channel, self.association = desk, handle, channel, association

    @property
    def where(self) -> Conversation:
        return self.desk.where(self.handle, self.channel, self.association)

    @property
    def told(self) -> list[str]:
        return self.desk.told(self.handle, self.channel, self.association)

    def incoming(self, event: Event, key: str = "", source: str = "") -> Incoming:
        number = next(_keys)
        return Incoming(
            handle=self.handle, event=event, key=key or f"k{number}", provider_id=str(5000 + number), source=source
        )

    def text(self, text: str, key: str = "") -> Incoming:
        return self.incoming(Text(id=key or "t", at=self.desk.now, text=text), key)

    async def send(self, *incomings: Incoming) -> None:
        await self.desk.intake.take(self.association, self.channel, incomings)
        await self.desk.settle()

    async def say(self, *texts: str) -> None:
        await self.send(*(self.text(text) for text in texts))

    async def open(self, payload: str = "") -> None:
        await self.send(self.incoming(Opened(id="o", at=self.desk.now, payload=payload)))

    async def press(self, option: str) -> None:
        prompt = 0 if option.startswith("/") else self.where.prompt
        await self.send(self.incoming(Press(id="p", at=self.desk.now, option=option, prompt=prompt)))

    async def file(self, data: bytes | FetchError = PDF, name: str = "paper.pdf", kind: MediaKind = "document") -> None:
        source = f"file-{next(_keys)}"
        self.desk.channels[self.association, self.channel].files[source] = data
        event = Media(id="m", at=self.desk.now, file="theirs", kind=kind, name=name, size=10)
        await self.send(self.incoming(event, source=source))

    def last_link(self) -> str:
        says = self.desk.channels[self.association, self.channel].says
        link = next(say.link for say in reversed(says) if say.link is not None and say.link.private)
        return str(link.url).rpartition("/")[2]

    async def go_on(self, **picks: str) -> None:
        """One good answer to whatever is open; `picks` chooses by step."""
        draft = self.where.open
        assert draft is not None, "nothing is open"
        association = self.desk.associations[self.association]
        step = course(association, draft.flow, draft.subject).by_id[draft.step]
        if draft.form:
            await self.fill_form()
        elif draft.confirm is not None:
            await self.press("confirm:yes")
        elif step.kind == "review":
            await self.press("review:yes")
        elif step.answer is not None and step.answer.kind in ("document", "photo"):
            if step.answer.kind == "photo":
                await self.file(JPEG, "photo.jpg")
            else:
                await self.file()
            await self.desk.later("timers", "files", "timers", seconds=30)
        elif step.answer is not None and (options := step.answer.options("ar")):
            stays = [one.id for one in options if one.id not in step.exits and one.id != "other"] or [options[0].id]
            if not isinstance(step.answer, OneOf) and "yes" in stays:
                stays = ["yes"]
            await self.press(picks.get(step.id, stays[0]))
        else:
            assert step.answer is not None
            await self.say(picks.get(step.id, WORDS[step.answer.kind]))
            await self.desk.later("timers", seconds=30)

    async def finish(self, **picks: str) -> None:
        """Answer until nothing is open."""
        for _ in range(60):
            if self.where.open is None:
                return
            await self.go_on(**picks)
        raise AssertionError(f"still open: {self.where.open}")

    def form_values(self) -> dict[str, Any]:
        """Good answers to everything the open page asks for."""
        conversation = self.where
        draft = conversation.open
        assert draft is not None
        by_id = course(self.desk.associations[self.association], draft.flow, draft.subject).by_id
        _, form = self.desk.ask(self.desk.house._find_form, self.last_link())
        values: dict[str, Any] = {}
        for step_id in form.steps:
            answer = by_id[step_id].answer
            assert answer is not None
            event: Event = Text(
                id="f", at=self.desk.now, text="1" if answer.options("ar") else WORDS.get(answer.kind, "")
            )
            if answer.kind in ("document", "photo"):
                event = Media(id="f", at=self.desk.now, file="1", kind="photo")
            heard = answer.hear(event, _Hearing(conversation.language, self.desk.now.date()))
            assert isinstance(heard, Got | Later), step_id
            values[step_id] = heard.value
        return values

    async def fill_form(self) -> None:
        await self.desk.house.submit(self.last_link(), self.form_values())
        await self.desk.settle()

    async def apply(self) -> str:
        """A whole request; its reference."""
        await self.say("ابغى دعم")
        before = {row[0] for row in self.desk.rows("cases", "reference")}
        if self.where.open is None:
            await self.press("/apply")
        await self.finish()
        (reference,) = {row[0] for row in self.desk.rows("cases", "reference")} - before
        return str(reference)

    async def complain(self, **picks: str) -> str:
        before = {row[0] for row in self.desk.rows("cases", "reference")}
        await self.open("complain")
        await self.finish(**picks)
        (reference,) = {row[0] for row in self.desk.rows("cases", "reference")} - before
        return str(reference)


class _Hearing(NamedTuple):
    language: str
    today: Any


def error(kind: type[SendError], *args: Any, **more: Any) -> SendError:
    return kind(*args, **more)


def milliseconds(at: datetime) -> int:
    return ms(at)
