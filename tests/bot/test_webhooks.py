"""The door: who may come in, what is answered, and what nobody may read in a log."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from bot import metrics
from bot.channels.http import Http
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.log import start_logging
from bot.web.webhooks import BODY_LIMIT, Webhooks
from conversations.events import Text
from storage.database import DatabaseAway
from storage.spool import Spool
from storage.vault import Vault
from tests.bot.desk import Desk
from tests.bot.standin import ACCOUNT, BOT, PUBLIC, SECRET, SENDER, TOKEN
from tests.channels.harness import StandIn, stand_in
from tests.channels.whatsapp_bench import Shelf

PHONE = "+966500000007"


class Door:
    """The real channels before a stand-in, the real webhooks, and a database."""

    def __init__(self, desk: Desk, hooks: Webhooks, provider: StandIn) -> None:
        self.desk, self.hooks, self.provider = desk, hooks, provider
        self.number = 0

    async def call(
        self, path: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST", parts: int = 1
    ) -> int:
        size = max(1, len(body) // parts)
        pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        received = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
            for number, piece in enumerate(pieces)
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return received.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        named = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": named}
        await self.hooks(scope, receive, send)
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        self.headers = dict(sent[0]["headers"])
        return int(sent[0]["status"])

    def update(self, text: str = "السلام عليكم", chat: int = 7001, **more: Any) -> bytes:
        self.number += 1
        message = {
            "message_id": self.number,
            "from": {"id": chat, "is_bot": False, "first_name": "نورة"},
            "chat": {"id": chat, "type": "private"},
            "date": 1795330800,
            "text": text,
        }
        return json.dumps({"update_id": self.number, "message": message} | more).encode()

    async def telegram(self, body: bytes, secret: str = SECRET, path: str = "/telegram/harif", **more: Any) -> int:
        return await self.call(path, body, {"X-Telegram-Bot-Api-Secret-Token": secret}, **more)

    async def twilio(
        self, text: str = "", path: str = "/twilio/harif/message", token: str = TOKEN, **fields: str
    ) -> int:
        self.number += 1
        form = {
            "MessageSid": f"SM{self.number:032x}", "AccountSid": ACCOUNT, "From": f"whatsapp:{PHONE}",
            "To": f"whatsapp:{SENDER}", "Body": text, "NumMedia": "0",
        } | fields  # fmt: skip
        signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        return await self.call(path, urlencode(form).encode(), headers)

    def texts(self, handle: str = "7001", channel: str = "telegram") -> list[str]:
        return [one.text for one in self.desk.heard(handle, channel) if isinstance(one, Text)]


@pytest.fixture
async def door(make_desk: Callable[..., Desk], associations: Any, tmp_path: Path, vault: Vault) -> Any:
    http = Http()
    answer = {"ok": True, "result": {"message_id": 5}, "sid": "SM" + "9" * 32}
    from tests.channels.harness import Reply

    async with stand_in(Reply(json=answer)) as provider:
        wording = associations["harif"].wording
        telegram = Telegram("harif", BOT, SECRET, provider.url, http, wording)
        whatsapp = WhatsApp("harif", ACCOUNT, TOKEN, SENDER, PUBLIC, http, Shelf(), api_url=provider.url)
        desk = make_desk((telegram, whatsapp))
        spool = Spool(tmp_path / "spool" / "one", vault)
        hooks = Webhooks(desk.channels, frozenset(associations), desk.intake.take, spool)
        yield Door(desk, hooks, provider)
        await desk.settle()
        spool.close()
        await http.close()


def refusals(channel: str, why: str) -> float:
    return float(metrics.refused.labels(channel, why)._value.get())


async def test_what_is_signed_is_taken_in_and_answered(door: Door) -> None:
    assert await door.telegram(door.update("مرحبا")) == 200
    assert await door.twilio("مرحبا") == 200
    await door.desk.settle()
    assert door.texts() == ["مرحبا"] and door.texts(PHONE, "whatsapp") == ["مرحبا"]
    assert door.provider.called("/sendMessage") and door.provider.called("/Messages.json")


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET[:-1], "س"])
async def test_a_wrong_secret_is_refused_and_counted(door: Door, secret: str) -> None:
    before = refusals("telegram", "signature")
    given = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret != "س" else {}
    assert await door.call("/telegram/harif", door.update(), given) == 403
    assert refusals("telegram", "signature") == before + 1
    assert door.desk.rows("messages") == []


async def test_a_wrong_signature_is_refused_and_counted(door: Door) -> None:
    before = refusals("whatsapp", "signature")
    assert await door.twilio("مرحبا", token="another") == 403
    assert await door.call("/twilio/harif/message", b"MessageSid=SM1") == 403
    assert await door.call("/twilio/harif/status", b"MessageSid=SM1&MessageStatus=read") == 403
    assert refusals("whatsapp", "signature") == before + 3
    assert door.desk.rows("messages") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"update_id":"x"}', b"\xff\xfe", b"[" * 100_000])
async def test_what_is_no_update_is_refused_and_counted(door: Door, body: bytes) -> None:
    before = refusals("telegram", "unparseable")
    assert await door.telegram(body) == 400
    assert refusals("telegram", "unparseable") == before + 1
    assert door.desk.rows("messages") == [] and door.desk.rows("seen") == []


async def test_a_form_without_a_message_is_refused_and_counted(door: Door) -> None:
    before = refusals("whatsapp", "unparseable")
    assert await door.twilio("x", MessageSid="") == 400
    assert await door.twilio("x", NumMedia="many") == 400
    assert refusals("whatsapp", "unparseable") == before + 2


@pytest.mark.parametrize("parts", [1, 7])
async def test_what_is_too_large_is_refused_before_it_is_read(door: Door, parts: int) -> None:
    before = refusals("telegram", "too_large")
    assert await door.telegram(b"x" * (BODY_LIMIT + 1), parts=parts) == 413
    assert refusals("telegram", "too_large") == before + 1


async def test_a_body_in_pieces_is_read_whole(door: Door) -> None:
    assert await door.telegram(door.update("كلام طويل " * 300), parts=9) == 200
    assert len(door.texts()[0]) > 2900


@pytest.mark.parametrize(
    "path",
    ["/telegram/nobody", "/telegram/ruhama", "/telegram", "/telegram/harif/x", "/twilio/harif", "/twilio/harif/other",
     "/twilio/nobody/message", "/telegram/"],
)  # fmt: skip
async def test_whom_nobody_knows_is_not_there(door: Door, path: str) -> None:
    assert await door.telegram(door.update(), path=path) == 404
    assert door.desk.rows("messages") == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_only_posts_are_taken(door: Door, method: str) -> None:
    assert await door.telegram(door.update(), method=method) == 405


async def test_an_update_we_do_not_use_is_taken_and_counted(door: Door) -> None:
    count = metrics.unused.labels("telegram", "other_update")._value
    before = count.get()
    assert await door.telegram(b'{"update_id": 9, "poll": {"id": "1"}}') == 200
    assert count.get() == before + 1
    assert door.desk.rows("messages") == [] and door.desk.rows("conversations") == []


async def test_the_same_webhook_twice_changes_nothing(door: Door) -> None:
    body = door.update("مرحبا")
    assert await door.telegram(body) == 200
    await door.desk.settle()
    seq, calls = len(door.desk.transcript("7001")), len(door.provider.calls)
    assert [await door.telegram(body) for _ in range(3)] == [200] * 3
    await door.desk.settle()
    assert (len(door.desk.transcript("7001")), len(door.provider.calls)) == (seq, calls)


async def test_a_status_moves_its_row_by_the_number_in_the_address(door: Door) -> None:
    await door.twilio("السلام عليكم")
    await door.desk.settle()
    row = door.desk.out(PHONE, "whatsapp")[0].id
    for status, state in (("delivered", "delivered"), ("sent", "delivered"), ("read", "read")):
        path = f"/twilio/harif/status?row={row}"
        assert await door.twilio(path=path, MessageSid="SM" + "9" * 32, MessageStatus=status) == 200
        assert door.desk.states(PHONE, "whatsapp")[0] == state
    assert await door.twilio(path="/twilio/harif/status?row=12", MessageSid="SMx", MessageStatus="read") == 200


# --- a database that is away -----------------------------------------------------------------------------------------


def away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    real = desk.database._transact

    def transact(function: Any, args: Any) -> Any:
        raise DatabaseAway("away")

    monkeypatch.setattr(desk.database, "_transact", transact)
    return lambda: monkeypatch.setattr(desk.database, "_transact", real)


async def test_telegram_is_told_to_come_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    body = door.update("مرحبا")
    back = away(door.desk, monkeypatch)
    assert await door.telegram(body) == 503
    assert door.headers[b"retry-after"].isdigit()
    back()
    assert await door.telegram(body) == 200
    assert door.texts() == ["مرحبا"]


async def test_what_twilio_sends_is_kept_and_taken_in_later_in_order(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert await door.twilio("قبل") == 200
    await door.desk.settle()
    back = away(door.desk, monkeypatch)
    assert await asyncio.gather(*(door.twilio(f"كلام {number}") for number in range(6))) == [200] * 6
    raw = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert raw and "كلام".encode() not in raw and urlencode({"": "كلام"})[1:].encode() not in raw
    with pytest.raises(DatabaseAway):
        await door.hooks.drain_spool()
    back()
    assert await door.twilio("بعد") == 200, "what comes now waits behind them"
    assert door.texts(PHONE, "whatsapp") == ["قبل"]
    await door.hooks.drain_spool()
    await door.desk.settle()
    assert door.texts(PHONE, "whatsapp") == ["قبل", *(f"كلام {number}" for number in range(6)), "بعد"]
    assert door.hooks.spool is not None and not len(door.hooks.spool)
    assert await door.twilio("ثم") == 200
    assert door.texts(PHONE, "whatsapp")[-1] == "ثم"


async def test_nothing_overtakes_a_body_on_its_way_into_the_spool(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database comes back while the first body is still being written."""
    assert door.hooks.spool is not None
    import threading

    written, real = threading.Event(), door.hooks.spool.append

    def slow(record: bytes) -> None:
        written.wait(5)
        real(record)

    monkeypatch.setattr(door.hooks.spool, "append", slow)
    back = away(door.desk, monkeypatch)
    first = asyncio.ensure_future(door.twilio("أول"))
    await asyncio.sleep(0.1)
    back()
    second = asyncio.ensure_future(door.twilio("ثانٍ"))
    await asyncio.sleep(0.1)
    written.set()
    assert [await first, await second] == [200, 200]
    await door.hooks.drain_spool()
    assert door.texts(PHONE, "whatsapp") == ["أول", "ثانٍ"]


async def test_a_spool_that_cannot_be_written_is_told(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(record: bytes) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(door.hooks.spool, "append", full)
    away(door.desk, monkeypatch)
    assert await door.twilio("مرحبا") == 503


# --- what nobody reads in a log --------------------------------------------------------------------------------------


async def test_no_line_of_a_log_holds_what_was_typed_or_a_secret(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    start_logging("debug")
    logger = logging.getLogger("wasl")
    logger.propagate = True
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    typed = ["اسمي مرجانة الفيروزي", "هويتي 1012345672", "SA0380000000608010167519", "0598765432"]
    for text in typed:
        await door.telegram(door.update(text, chat=7654321))
        await door.twilio(text)
        await door.desk.settle()
    import bot.fold

    def defect(*_: Any) -> Any:
        raise ValueError(f"a defect that quotes {typed}")

    monkeypatch.setattr(bot.fold, "advance", defect)
    await door.telegram(door.update(typed[0], chat=7654321))
    await door.telegram(door.update(typed[0]), secret="wrong")
    await door.telegram(f'{{"x": "{typed[0]}"'.encode())
    back = away(door.desk, monkeypatch)
    await door.twilio(typed[0])
    back()
    door.desk.now += timedelta(minutes=5)
    await door.hooks.drain_spool()
    await door.desk.later(minutes=5)
    printed = capfd.readouterr()
    lines = [
        *(f"{record.getMessage()} {record.__dict__}" for record in caplog.records),
        *printed.out.splitlines(),
        *printed.err.splitlines(),
    ]
    assert any("event_quarantined" in line for line in lines)
    secrets = [BOT, BOT.partition(":")[2], SECRET, TOKEN, PHONE, "7654321", "1012345672", "598765432", "0608010167519"]
    for line in lines:
        assert not [one for one in [*secrets, "مرجانة", "الفيروزي"] if one in line], line[:60]
    assert isinstance(door.desk.now, datetime)
