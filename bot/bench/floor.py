"""The floor: what the same messages cost when everything is written by hand and nothing is decided.

The same web stack, database, vault and way out; the same rows in the same tables, sealed alike, in shared commits by
plain driver SQL; one fixed reply as long as ours on average. What it lacks is what a front line is: a conversation.
"""

import asyncio
import gc
import os
import sqlite3
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import uvicorn
from sqlalchemy import make_url

from bot.bench.dialogue import HEADER, SECRET, SLUG, TOKEN
from bot.channels.http import Http
from storage.conversations import handle_index
from storage.database import Database
from storage.ids import new_id
from storage.seen import digest_key
from storage.times import ms
from storage.vault import Vault, context

MOST = 128
STATE = os.urandom(500)
"""As long as an encoded conversation halfway through the dialogue."""
REPLY = "ما العنوان الوطني المختصر؟ إن لم تعرفوه فتخطّوه. " * 2
ROWS = [[{"text": "رجوع", "callback_data": "a:/back"}, {"text": "ماذا يعني هذا؟", "callback_data": "a:/explain"}]]
_json = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode


class _Chat(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    message_id: int
    chat: _Chat
    text: str


class _Update(msgspec.Struct):
    update_id: int
    message: _Message


class _Sent(msgspec.Struct):
    result: Any


_update = msgspec.json.Decoder(_Update).decode
_sent = msgspec.json.Decoder(_Sent).decode


class Mark(NamedTuple):
    provider_id: str
    at: int
    id: int


# Each statement with its rows as a relation; `{rows}` is written by the database at hand.
SEEN = "INSERT INTO seen (association, key, at) {rows} ON CONFLICT DO NOTHING RETURNING key"
LOAD = (
    "WITH given(association, channel, handle_index) AS ({rows}) "
    "SELECT c.id, c.handle_index, c.state, c.seq FROM given g JOIN conversations c "
    "ON c.association = g.association AND c.channel = g.channel AND c.handle_index = g.handle_index"
)
CREATE = "INSERT INTO conversations (association, id, channel, handle_index, handle, state, seq, updated) {rows}"
SAVE = (
    "WITH given(association, id, state, seq, at) AS ({rows}) "
    "UPDATE conversations SET state = given.state, seq = given.seq, updated = given.at, last_in = given.at "
    "FROM given WHERE conversations.association = given.association AND conversations.id = given.id"
)
KEEP = (
    "INSERT INTO messages (association, id, conversation, seq, channel, direction, lane, kind, at, body, provider_id,"
    " state, lease_by, lease_until) {rows}"
)
MARK = (
    "WITH given(association, id, provider_id, at) AS ({rows}) "
    "UPDATE messages SET state = 'accepted', provider_id = given.provider_id, lease_by = NULL, lease_until = NULL, "
    "updated = given.at FROM given WHERE messages.association = given.association AND messages.id = given.id"
)
KNOW = "INSERT INTO beneficiaries (association, id, known, updated) {rows}"
CONSENT = "INSERT INTO consents (association, id, conversation, purpose, given, wording_version, channel, at) {rows}"
TIMER = "INSERT INTO timers (association, conversation, timer, due, claimed_until) {rows}"
SHAPES = {
    SEEN: "text bytea bigint",
    LOAD: "text text bytea",
    CREATE: "text bigint text bytea bytea bytea bigint bigint",
    SAVE: "text bigint bytea bigint bigint",
    KEEP: "text bigint bigint bigint text text text text bigint bytea text text text bigint",
    MARK: "text bigint text bigint",
    KNOW: "text bigint bytea bigint",
    CONSENT: "text bigint bigint text boolean text text bigint",
    TIMER: "text bigint text bigint bigint",
}
Rows = list[tuple[Any, ...]]


class Sqlite:
    def __init__(self, url: str) -> None:
        self.connection = sqlite3.connect(
            str(make_url(url).database), isolation_level=None, check_same_thread=False, cached_statements=1024
        )
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.begin, self.commit = (lambda: self.connection.execute("BEGIN IMMEDIATE")), self.connection.commit

    def run(self, statement: str, rows: Rows) -> list[Any]:
        if not rows:
            return []
        one = f"({','.join('?' * len(rows[0]))})"
        values = f"{'VALUES ' if 'WITH' in statement else 'SELECT * FROM (VALUES '}{','.join([one] * len(rows))}"
        text = statement.format(rows=values if "WITH" in statement else f"{values}) WHERE true")
        return self.connection.execute(text, list(chain.from_iterable(rows))).fetchall()


class Postgresql:
    def __init__(self, url: str) -> None:
        import psycopg

        self.connection = psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        for way in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
            self.connection.execute(f"SET {way} = off")  # as ours: look up by key from the first row on
        self.connection.autocommit = False
        self.begin, self.commit = (lambda: None), self.connection.commit
        self.texts = {statement: self._text(statement, shape.split()) for statement, shape in SHAPES.items()}

    def _text(self, statement: str, shape: list[str]) -> str:
        names = [f"c{number}" for number in range(len(shape))]
        typed = ", ".join(f"{n} {'text' if kind == 'bytea' else kind}" for n, kind in zip(names, shape, strict=True))
        shown = (f"decode({n}, 'base64')" if kind == "bytea" else n for n, kind in zip(names, shape, strict=True))
        rows = f"SELECT {', '.join(shown)} FROM json_to_recordset(%s::json) AS g({typed})"
        return statement.format(rows=rows)

    def run(self, statement: str, rows: Rows) -> list[Any]:
        if not rows:
            return []
        given = _json([{f"c{number}": value for number, value in enumerate(row)} for row in rows]).decode()
        with self.connection.cursor(binary=True) as cursor:
            cursor.execute(self.texts[statement], (given,), prepare=True)
            return cursor.fetchall() if cursor.description else []


class Floor:
    """One application: webhook in, one shared commit, 200, one send from memory, its mark with the next commit."""

    def __init__(self, url: str, api: str) -> None:
        migrated = Database(url)
        migrated.open()
        migrated.close()
        self.vault = Vault([b64encode(os.urandom(32)).decode()], b64encode(os.urandom(32)).decode())
        self.database: Sqlite | Postgresql = Sqlite(url) if url.startswith("sqlite") else Postgresql(url)
        self.http, self.send_to = Http(), f"{api}/bot{TOKEN}/sendMessage"
        self.thread = ThreadPoolExecutor(1)
        self.waiting: list[tuple[_Update, asyncio.Future[None]]] = []
        self.working = False
        self.marks: list[Mark] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.header, self.secret = HEADER.lower().encode(), SECRET.encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 50, 50)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.http.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        status = 200
        if scope["path"] != "/health":
            body = (await receive())["body"]
            if (self.header, self.secret) in scope["headers"]:
                await self.take(_update(body))
            else:
                status = 403
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def take(self, update: _Update) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self.waiting.append((update, done))
        if not self.working:
            self.working = True
            self._task(self.work())
        return done

    def _task(self, what: Any) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def work(self) -> None:
        loop = asyncio.get_running_loop()
        while self.waiting:
            batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            marks, self.marks = self.marks, []
            replies = await loop.run_in_executor(self.thread, self.keep, [update for update, _ in batch], marks)
            for chat, row in replies:
                self._task(self.reply(chat, row))
            for _, done in batch:
                done.set_result(None)
        self.working = False

    async def reply(self, chat: int, row: int) -> None:
        message = {
            "chat_id": chat,
            "text": REPLY,
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {"inline_keyboard": ROWS},
        }
        headers = {"Content-Type": "application/json"}
        status, body = await self.http.ask("POST", self.send_to, data=_json(message), headers=headers)
        assert status == 200
        self.marks.append(Mark(str(_sent(body).result["message_id"]), 0, row))

    def keep(self, updates: list[_Update], marks: list[Mark]) -> list[tuple[int, int]]:
        """In the writer's thread, from BEGIN to COMMIT: the chats to answer, with the rows of the replies."""
        at = ms_now()
        seal, opened, run = self.vault.seal, self.vault.open, self.database.run
        self.database.begin()
        keys = {digest_key("telegram", str(update.update_id)): update for update in updates}
        fresh = [keys[bytes(row[0])] for row in run(SEEN, [(SLUG, key, at) for key in sorted(keys)])]
        chats = {str(update.message.chat.id): update for update in fresh}
        whose = {handle_index(self.vault, SLUG, "telegram", chat): chat for chat in chats}
        known: dict[str, tuple[int, int]] = {}
        for id, index, state, seq in run(LOAD, [(SLUG, "telegram", index) for index in sorted(whose)]):
            opened(state, context("conversations.state", SLUG, id))
            known[whose[bytes(index)]] = id, seq
        created: Rows = []
        for chat in chats:
            if chat not in known:
                known[chat] = id, _ = new_id(), 0
                handle = seal(chat.encode(), context("conversations.handle", SLUG, id))
                state = seal(STATE, context("conversations.state", SLUG, id))
                index = handle_index(self.vault, SLUG, "telegram", chat)
                created.append((SLUG, id, "telegram", index, handle, state, 0, at))
        run(CREATE, created)
        saved: Rows = []
        rows: Rows = []
        others: dict[str, Rows] = {KNOW: [], CONSENT: [], TIMER: []}
        replies: list[tuple[int, int]] = []
        for chat, update in chats.items():
            id, seq = known[chat]
            saved.append((SLUG, id, seal(STATE, context("conversations.state", SLUG, id)), seq + 2, at))
            for direction, kind, body in (
                ("in", "text", _pack({"id": str(update.update_id), "text": update.message.text})),
                ("out", "say", _pack({"text": REPLY, "controls": ROWS})),
            ):
                row, seq, goes = new_id(), seq + 1, direction == "out"
                sealed = seal(body, context("messages.body", SLUG, row))
                rows.append(
                    (SLUG, row, id, seq, "telegram", direction, "dialogue", kind, at, sealed)
                    + (
                        (None, "sending", "me", at + 60_000)
                        if goes
                        else (str(update.message.message_id), "received", None, None)
                    )
                )
            replies.append((update.message.chat.id, row))
            if seq == 4:
                others[TIMER].append((SLUG, id, "draft", at + 10**9, 0))
            elif seq == 8:
                others[CONSENT].append((SLUG, row, id, "case", True, "1", "telegram", at))
                others[KNOW].append((SLUG, id, seal(b"\x80", context("beneficiaries.known", SLUG, id)), at))
        run(SAVE, sorted(saved))
        run(KEEP, rows)
        for statement, more in others.items():
            run(statement, more)
        run(MARK, [(SLUG, mark.id, mark.provider_id, at) for mark in marks])
        self.database.commit()
        return replies


def ms_now() -> int:
    from datetime import UTC, datetime

    return ms(datetime.now(UTC))


def serve() -> None:
    app = Floor(os.environ["WASL_DATABASE_URL"], os.environ["WASL_TELEGRAM_API_URL"])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["WASL_PORT"]),
        log_level="warning",
        access_log=False,
        proxy_headers=True,
        server_header=False,
    )


if __name__ == "__main__":
    serve()
