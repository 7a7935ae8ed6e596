"""Nothing that somebody typed, said or uploaded is anywhere in the clear (rule 9): whole dialogues with a real process
over real webhooks and pages, and then every byte it wrote is read: database, journal, spool, files, what it printed.
"""

import asyncio
import json
import re
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from twilio.request_validator import RequestValidator

from bot.channels.web_chat import NAME as WEB_CHAT
from bot.frontline import FrontLine, build
from bot.web.chat import handle_of
from conversations.association.association import Association
from conversations.conversation import Conversation
from conversations.events import Event
from storage import cases, conversations, messages
from tests.bot.desk import WORDS, Person
from tests.bot.wasl import Wasl, copy_of_profiles, serving

PUBLIC = "https://wasl.example"
BOT, SECRET = "700100200:AAExampleExampleExampleExampleExample", "the-secret-of-the-hook"
ACCOUNT, TOKEN, SENDER = "AC" + "1" * 32, "f" * 32, "+966112223344"
TYPED = WORDS | {
    "short_text": "مرجانة الفيروزي",
    "long_text": "سقط سقف غرفة الزمرد على سرير الوالدة في حي البنفسج",
    "phone": "0598765432",
}
NUMBERS = ("1012345672", "SA0380000000608010167519", "608010167519")
MARKERS = (
    *("مرجانة", "الفيروزي", "سقف غرفة الزمرد", "حي البنفسج", "598765432", "باقة الياقوت"),
    *("IDENTITY-SCAN-OF-MARJANA", "marjana-passport", *NUMBERS),
)
UPLOAD = b"%PDF-1.4\nIDENTITY-SCAN-OF-MARJANA\n%%EOF\n"
TELEGRAM_CHAT, WHATSAPP = "7654123098", "+966598000111"
COOKIE = "cookie-of-marjana-cookie-of-marjana-cookie0"
_event: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


class StandIn(ThreadingHTTPServer):
    """Telegram and Twilio on this machine; `sent` are the bodies posted to it, links of secure pages among them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Provider)
        self.sent: list[tuple[str, str]] = []
        self.number = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Provider(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self._answer(UPLOAD, "application/pdf")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
        self.server.sent.append((self.path, body))
        self.server.number += 1
        number = self.server.number
        if "Messages" in self.path:
            answer: dict[str, Any] = {"sid": f"SM{number:032x}", "status": "queued"}
        elif self.path.endswith("getFile"):
            answer = {"ok": True, "result": {"file_id": "f", "file_unique_id": "u", "file_path": "documents/one.pdf"}}
        elif "Content" in self.path:
            self.send_error(404)
            return
        else:
            answer = {"ok": True, "result": {"message_id": number, "date": 0, "chat": {"id": 1, "type": "private"}}}
        self._answer(json.dumps(answer).encode(), "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def wasl(tmp_path: Path, associations: dict[str, Association], monkeypatch: pytest.MonkeyPatch) -> Wasl:
    return Wasl(tmp_path / "data", associations, monkeypatch)


@pytest.fixture
def provider() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class Caller(Person):
    """Somebody who reaches the process from outside, and answers whatever its database says is asked."""

    def __init__(self, url: str, line: FrontLine, provider: StandIn, handle: str, channel: str) -> None:
        self.url, self.line, self.provider = url, line, provider
        self.numbers = iter(range(1, 10_000))
        self.asked = ""
        self.desk = SimpleNamespace(associations=line.associations, later=self._later)  # type: ignore[assignment]
        self.handle, self.channel, self.association = handle, channel, "harif"

    async def _later(self, *_: str, **__: Any) -> None:
        """Until what was said is taken: the quiet seconds of this test's profile are one."""
        for _attempt in range(200):
            draft = self.where.open
            if draft is None or not (draft.step in (self.asked, "@files") or draft.pending or draft.waiting):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.asked} was never taken")

    @property
    def where(self) -> Conversation:
        key = ("harif", self.channel, self.handle)
        found = self.line.database.read_now(lambda c: conversations.load(c, self.line.vault, [key]))
        return found[key].conversation

    async def open(self, payload: str = "") -> None:
        raise NotImplementedError

    async def say(self, *texts: str) -> None:
        for text in texts:
            self.write(text)

    def write(self, text: str) -> None:
        raise NotImplementedError

    def share(self) -> None:
        """A place, and a number where the channel has that."""
        raise NotImplementedError

    async def go_on(self, **picks: str) -> None:
        draft = self.where.open
        assert draft is not None
        self.asked = draft.step
        typed = picks | {step: TYPED[kind] for step, kind in _kinds_of(self) if kind in TYPED and step not in picks}
        await super().go_on(**typed)

    def last_link(self) -> str:
        found = self._links()
        while not found:
            time.sleep(0.02)
            found = self._links()
        return found[-1]

    def _links(self) -> list[str]:
        mine = (body for _, body in self.provider.sent if self.handle.strip("+") in body)
        return [token for body in mine for token in re.findall(r"(?:/|%2F)form(?:/|%2F)([\w-]+)", body)]

    async def fill_form(self) -> None:
        token = self.last_link()
        view = self.line.database.read_now(self.line.house._form, token)
        fields: list[tuple[str, str]] = []
        files: list[str] = []
        assert view is not None
        for one in view.fields:
            options = [option.id for option in one.answer.options("ar") if option.id not in one.declines]
            if one.answer.kind in ("document", "photo"):
                files.append(one.step)
            else:
                fields.append((one.step, options[0] if options else TYPED[one.answer.kind]))
        status, page = post_form(f"{self.url}/form/{token}", fields, files)
        assert status == 200, page


class WebPage(Caller):
    def _send(self, said: dict[str, Any]) -> None:
        body = json.dumps({"id": f"message-{next(self.numbers)}"} | said).encode()
        headers = {
            "Cookie": f"wasl_chat={COOKIE}",
            "Sec-Fetch-Site": "same-origin",
            "X-Requested-With": "wasl",
            "Content-Type": "application/json",
        }
        assert call(f"{self.url}/harif/chat/send", body, headers)[0] == 204

    async def open(self, payload: str = "") -> None:
        self._send({"opened": payload})

    def write(self, text: str) -> None:
        self._send({"text": text})

    async def press(self, option: str) -> None:
        self._send({"press": f"{0 if option.startswith('/') else self.where.prompt:x}:{option}"})

    def share(self) -> None:
        self._send({"location": [24.774265, 46.738586]})

    async def file(self, *_: Any, **__: Any) -> None:
        headers = {"Cookie": f"wasl_chat={COOKIE}", "Sec-Fetch-Site": "same-origin", "X-Requested-With": "wasl"}
        fields = [("id", f"message-{next(self.numbers)}")]
        assert post_form(f"{self.url}/harif/chat/file", fields, ["file"], headers)[0] == 204


class TelegramUser(Caller):
    def _update(self, **what: Any) -> None:
        number = next(self.numbers)
        body = json.dumps({"update_id": number} | what).encode()
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        assert call(f"{self.url}/telegram/harif", body, headers)[0] == 200

    def _message(self, **what: Any) -> dict[str, Any]:
        sender = {"id": int(self.handle), "first_name": "مرجانة", "last_name": "الفيروزي", "language_code": "ar"}
        chat = {"id": int(self.handle), "type": "private", "first_name": "مرجانة"}
        return {"message_id": next(self.numbers), "date": int(time.time()), "chat": chat, "from": sender, **what}

    async def open(self, payload: str = "") -> None:
        self.write(f"/start {payload}")

    def write(self, text: str) -> None:
        self._update(message=self._message(text=text))

    async def press(self, option: str) -> None:
        data = f"{0 if option.startswith('/') else self.where.prompt:x}:{option}"
        message = self._message(text="…")
        self._update(callback_query={"id": "1", "from": message["from"], "message": message, "data": data})

    def share(self) -> None:
        self._update(message=self._message(location={"latitude": 24.774265, "longitude": 46.738586}))
        contact = {"phone_number": "966598765432", "first_name": "مرجانة", "user_id": int(self.handle)}
        self._update(message=self._message(contact=contact))

    async def file(self, *_: Any, **__: Any) -> None:
        document = {"file_id": "f", "file_unique_id": "u", "file_name": "marjana-passport.pdf", "file_size": 40}
        self._update(message=self._message(document=document, caption="باقة الياقوت"))


class WhatsAppUser(Caller):
    def _post(self, **what: str) -> None:
        fields = {"From": f"whatsapp:{self.handle}", "To": f"whatsapp:{SENDER}", "ProfileName": "مرجانة الفيروزي"}
        fields |= {"MessageSid": f"SM{next(self.numbers):032d}", "NumMedia": "0"} | what
        signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/twilio/harif/message", fields)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        assert call(f"{self.url}/twilio/harif/message", urlencode(fields).encode(), headers)[0] == 200

    async def open(self, payload: str = "") -> None:
        self.write({"complain": "عندي شكوى"}.get(payload, payload))

    def write(self, text: str) -> None:
        self._post(Body=text)

    async def press(self, option: str) -> None:
        prompt = 0 if option.startswith("/") else self.where.prompt
        self._post(Body="زر", ButtonText="زر", ButtonPayload=f"{prompt:x}:{option}")

    def share(self) -> None:
        self._post(Latitude="24.774265", Longitude="46.738586")

    async def file(self, *_: Any, **__: Any) -> None:
        media = f"{self.provider.url}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
        self._post(NumMedia="1", MediaUrl0=media, MediaContentType0="application/pdf", Body="باقة الياقوت")


def call(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    asked = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def post_form(
    url: str, fields: Sequence[tuple[str, str]], files: Sequence[str], headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """As a browser posts a page with uploads."""
    line = b"--line-between\r\nContent-Disposition: form-data; name="
    parts = [line + f'"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields]
    parts += [line + f'"{name}"; filename="marjana-passport.pdf"\r\n\r\n'.encode() + UPLOAD + b"\r\n" for name in files]
    kind = {"Content-Type": "multipart/form-data; boundary=line-between"}
    return call(url, b"".join([*parts, b"--line-between--\r\n"]), kind | (headers or {}))


def _kinds_of(person: Person) -> Iterator[tuple[str, str]]:
    from conversations.course import course

    draft = person.where.open
    if draft is not None:
        steps = course(person.desk.associations["harif"], draft.flow, draft.subject).steps
        yield from ((step.id, step.answer.kind) for step in steps if step.answer is not None)


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spellings(marker: str) -> set[bytes]:
    """How a text may stand in a file: plain, as JSON or an address escapes it, as base64, as UTF-16."""
    shifted = (b64encode(b" " * shift + marker.encode())[4:-4] for shift in range(3))
    plain = (marker, json.dumps(marker)[1:-1], quote(marker), repr(marker.encode())[2:-1])
    return {one.encode() for one in plain} | {marker.encode("utf-16-le")} | {one for one in shifted if len(one) > 8}


def found_in(where: dict[str, bytes], markers: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (name, marker)
        for name, data in where.items()
        for marker in markers
        if any(s in data for s in spellings(marker))
    ]


@pytest.fixture
def quick_profiles(tmp_path: Path) -> Path:
    """Harif's profile as it is, but for the quiet seconds."""
    folder = copy_of_profiles(tmp_path / "associations", "harif")
    profile = folder / "harif" / "profile.toml"
    profile.write_text(re.sub(r"quiet_seconds = \d+", "quiet_seconds = 1", profile.read_text()))
    return folder


async def everything_said(person: Caller) -> None:
    await person.say("السلام عليكم أنا مرجانة الفيروزي")
    await person.press("/apply")
    await person.finish(service="project-support")
    await person.say("هويتي 1012345672 وحسابي SA0380000000608010167519")
    person.share()
    await person.file()
    await person.open("complain")
    await person.finish(anonymous="anonymous")
    await person.press("/callme")
    await person.say("بعد صلاة العصر في حي البنفسج")


def test_nothing_of_whole_dialogues_on_three_channels_is_written_in_the_clear(
    wasl: Wasl, provider: StandIn, quick_profiles: Path
) -> None:
    environ = {
        "WASL_ASSOCIATIONS": str(quick_profiles),
        "WASL_PUBLIC_URL": PUBLIC,
        "WASL_LOG_LEVEL": "debug",
        "WASL_TELEGRAM_API_URL": provider.url,
        "WASL_TWILIO_API_URL": provider.url,
        "WASL_HARIF_TELEGRAM_TOKEN": BOT,
        "WASL_HARIF_TELEGRAM_SECRET": SECRET,
        "WASL_HARIF_TWILIO_ACCOUNT_SID": ACCOUNT,
        "WASL_HARIF_TWILIO_AUTH_TOKEN": TOKEN,
        "WASL_HARIF_TWILIO_WHATSAPP_FROM": SENDER,
    }
    with serving(wasl, **environ) as (url, served):
        line = build(wasl.settings, wasl.associations, serving=False)
        people = (
            WebPage(url, line, provider, handle_of("harif", COOKIE), WEB_CHAT),
            TelegramUser(url, line, provider, TELEGRAM_CHAT, "telegram"),
            WhatsAppUser(url, line, provider, WHATSAPP, "whatsapp"),
        )
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(lambda person: asyncio.run(everything_said(person)), people))
        counted = call(f"{url}/metrics")[1]
        while_serving = written(wasl.folder)
        kept = _kept(line)
        line.database.close()
    out, err = served.communicate()
    everything = while_serving | {f"afterwards {name}": data for name, data in written(wasl.folder).items()}
    everything |= {"stdout": out.encode(), "stderr": err.encode(), "metrics": counted}

    references = [case.reference for case in kept["cases"]]
    assert len(references) >= 6, "a request and a complaint from each"
    assert found_in(everything, references[:1]), "what is in the clear is found by this search"
    assert found_in({"kept": kept["plain"]}, MARKERS) == [("kept", marker) for marker in MARKERS], "it is kept, sealed"
    assert found_in({"said": b"".join(row.body for row in kept["said"])}, NUMBERS) == [], (
        "the transcript holds the mask"
    )

    handles = (TELEGRAM_CHAT, WHATSAPP, WHATSAPP[1:], COOKIE, handle_of("harif", COOKIE))
    secrets = (BOT.partition(":")[2], SECRET, TOKEN)
    assert found_in(everything, (*MARKERS, *handles, *secrets)) == []


def _kept(line: FrontLine) -> dict[str, Any]:
    """Everything there is, opened with the keys."""
    from sqlalchemy import select

    from storage import schema

    def read(connection: Any) -> dict[str, Any]:
        found = []
        plain = b""
        for (reference,) in connection.execute(select(schema.cases.c.reference)):
            case = cases.by_reference(connection, line.vault, "harif", reference)
            assert case is not None
            found.append(case)
            plain += msgspec.msgpack.encode(case.answers)
        said = []
        for (id,) in connection.execute(select(schema.conversations.c.id)):
            said += messages.transcript(connection, line.vault, "harif", id, limit=1000)
        plain += b"".join(row.body for row in said)
        for (id,) in connection.execute(select(schema.files.c.id)):
            plain += line.house.blobs.get("harif", id)
        return {"cases": found, "said": said, "plain": plain}

    kept: dict[str, Any] = line.database.read_now(read)
    return kept
