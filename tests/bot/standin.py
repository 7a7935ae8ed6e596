"""Telegram and Twilio on this machine: they deliver what people write until it is taken, and list what they were given.

Both keep people's messages in order and try each one again until it is answered 200, as Telegram does by itself and
Twilio does by the retries that our webhook addresses ask for. Twilio also calls back about what it delivered.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

PUBLIC = "https://wasl.example"
BOT, SECRET = "700100200:AAExampleExampleExampleExampleExample", "the-secret-of-the-hook"
ACCOUNT, TOKEN, SENDER = "AC" + "1" * 32, "f" * 32, "+966112223344"


class Given(NamedTuple):
    """One message that reached a provider. `row` is ours, where the channel carries it."""

    handle: str
    text: str
    row: int
    id: str


class Providers:
    """`port` is where the front line listens; `url` where it finds the providers."""

    def __init__(self, port: int) -> None:
        self.port, self.url = port, ""
        self.telegram: list[Given] = []
        self.twilio: list[Given] = []
        self.answers: list[tuple[str, int]] = []
        """Every answer to a delivery: what was delivered, and the status."""
        self._made: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._callbacks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    # --- what people write -------------------------------------------------------------------------------------------

    async def write_telegram(self, chat: int, text: str) -> None:
        number = next(self._numbers)
        message = {
            "message_id": number,
            "from": {"id": chat, "is_bot": False, "first_name": "ن"},
            "chat": {"id": chat, "type": "private"},
            "date": int(datetime.now(UTC).timestamp()),
            "text": text,
        }
        update = {"update_id": 10**6 + number, "message": message}
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        await self._deliver("/telegram/harif", text, json=update, headers=headers)

    async def write_whatsapp(self, phone: str, text: str) -> None:
        sid = f"SM{next(self._numbers):032x}"
        form = {
            "MessageSid": sid, "AccountSid": ACCOUNT, "From": f"whatsapp:{phone}", "To": f"whatsapp:{SENDER}",
            "Body": text, "NumMedia": "0",
        }  # fmt: skip
        await self._post("/twilio/harif/message", text, form)

    async def _post(self, path: str, what: str, form: dict[str, str]) -> None:
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, form)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        await self._deliver(path, what, data=urlencode(form), headers=headers)

    async def _deliver(self, path: str, what: str, **request: Any) -> None:
        """Until it is taken."""
        assert self._session is not None
        for attempt in itertools.count():
            try:
                async with self._session.post(f"http://127.0.0.1:{self.port}{path}", **request) as answer:
                    self.answers.append((what, answer.status))
                    if answer.status == 200:
                        return
                    assert answer.status in (502, 503), f"{path}: {answer.status}"
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            assert attempt < 2000, f"{path}: never taken"
            await asyncio.sleep(0.03)

    # --- what they are given -----------------------------------------------------------------------------------------

    async def _telegram(self, request: web.Request) -> web.Response:
        given = await request.json()
        number = next(self._numbers)
        if request.path.endswith("/sendMessage"):
            self.telegram.append(Given(str(given["chat_id"]), given["text"], 0, str(number)))
        return web.json_response({"ok": True, "result": {"message_id": number}})

    async def _twilio(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return self._listed(request)
        form = await request.post()
        number = next(self._numbers)
        sid, to = f"SM{number:032x}", str(form["To"]).removeprefix("whatsapp:")
        back = urlsplit(str(form["StatusCallback"]))
        row = int(parse_qs(back.query)["row"][0])
        self.twilio.append(Given(to, str(form["Body"]), row, sid))
        self._made[sid] = {
            "sid": sid, "body": form["Body"], "status": "sent", "to": form["To"], "from": form["From"],
            "date_created": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000"), "error_code": None,
        }  # fmt: skip
        if number % 2:
            task = asyncio.get_running_loop().create_task(
                self._post(f"{back.path}?{back.query}", sid, {"MessageSid": sid, "MessageStatus": "delivered"})
            )
            self._callbacks.add(task)
            task.add_done_callback(self._callbacks.discard)
        return web.json_response({"sid": sid, "status": "queued"}, status=201)

    def _listed(self, request: web.Request) -> web.Response:
        to = request.query.get("To")
        found = [one for one in reversed(self._made.values()) if one["to"] == to]
        return web.json_response({"messages": found, "next_page_uri": None, "page": 0, "page_size": 50})

    async def called_back(self) -> None:
        """Until every status callback is taken."""
        while self._callbacks:
            await asyncio.gather(*self._callbacks)


@asynccontextmanager
async def providers(port: int) -> AsyncIterator[Providers]:
    there = Providers(port)
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", there._telegram)
    app.router.add_route("*", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", there._twilio)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(force_close=True)) as session:
        there._session = session
        try:
            yield there
        finally:
            await runner.cleanup()
