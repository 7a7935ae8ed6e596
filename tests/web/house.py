"""A house in memory for the pages' tests: one small association, and ports that answer by a script of a few lines."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import FastAPI

from bot.channels.contract import Content, Incoming
from bot.channels.web_chat import Changes, WebChat
from bot.web.ports import (
    Away,
    DoneView,
    Expired,
    FileInfo,
    FormField,
    FormView,
    Line,
    NotTaken,
    ReceiptView,
    Site,
    Used,
)
from bot.web.routes import routes
from conversations.answers.choice import ManyOf, OneOf, YesNo
from conversations.answers.date import BirthDate
from conversations.answers.document import Document
from conversations.answers.saudi_id import SaudiId
from conversations.answers.text import LongText
from conversations.association.association import Association
from conversations.association.profile import Choice, Profile
from conversations.events import FileReady, Location, Media, Opened, Press, Text
from conversations.says import Attachment, Link, Option, Say
from conversations.wording import house_wording

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SLUG = "nakhla"
TOKEN = "a-token-that-nobody-guesses-000000"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccfc0f01f00050501ff"
    "a5f645400000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def both(ar: str, en: str) -> dict[str, str]:
    return {"ar": ar, "en": en}


PROFILE = Profile.model_validate(
    {
        "schema": 1,
        "slug": SLUG,
        "name": both("جمعية النخلة الخيرية", "The Palm Charity"),
        "short_name": both("جمعية النخلة", "The Palm"),
        "serves": both("الأسر في الحي", "Families of the quarter"),
        "reference_prefix": "NKH",
        "policy": {"title": both("السياسة", "The policy"), "template": "T"},
        "contact": [{"kind": "website", "printed": "www.nakhla.example"}],
        "channel": [],
        "clause": [{"id": "ت-1", "text": "حسن الاستقبال بالأخلاق الرفيعة."}],
        "promise": {"request": {"rule": "not_less_than", "amount": 14, "unit": "days"}},
        "committees": {"request": both("لجنة البحث", "The committee"), "complaint": both("الإدارة", "Management")},
        "helper": {"title": both("مسؤول البحث", "The researcher"), "role": "researcher"},
        "complaints": {"subjects": [], "remedies": []},
        "hours": {"season": []},
        "hotline": [],
        "privacy": {"notice_version": "1"},
        "service": [],
    }
)


def association() -> Association:
    return Association(PROFILE, {language: house_wording(language) for language in ("ar", "en")})


def choices(*titles: str) -> tuple[Choice, ...]:
    return tuple(
        Choice.model_validate({"id": f"c{number}", "title": both(title, f"Choice {number}")})
        for number, title in enumerate(titles)
    )


FIELDS = (
    FormField(step="id_number", label="رقم الهوية", help="عشرة أرقام تبدأ بـ 1 أو 2.", answer=SaudiId()),
    FormField(step="born", label="تاريخ الميلاد", answer=BirthDate()),
    FormField(step="relation", label="صلة القرابة", answer=OneOf(choices("ابن أو ابنة", "زوج أو زوجة", "قريب"))),
    FormField(step="needs", label="ما يلزم", answer=ManyOf(choices("كرسي", "سرير", "عصا")), optional=True),
    FormField(step="owns", label="هل عندكم تقرير؟", answer=YesNo()),
    FormField(step="story", label="الحالة", answer=LongText(), optional=True),
    FormField(step="report", label="التقرير الطبي", answer=Document(at_most=3)),
)


class House:
    """Ports in memory. `say` decides the answer to an event; by default a question with choices."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.loop: asyncio.AbstractEventLoop | None = None
        """The server's loop, where the pages are woken; None where a test has no server."""
        self.lines: dict[str, list[Line]] = defaultdict(list)
        self.taken: list[Incoming] = []
        self.keys: set[str] = set()
        self.files: dict[str, tuple[FileInfo, bytes]] = {}
        self.seen_upto: dict[str, int] = {}
        self.submitted: list[Mapping[str, Any]] = []
        self.renewed: list[str] = []
        self.away = False
        self.stops = False
        self.has_improved = False
        self.form_state: Any = "open"
        self.fields: tuple[FormField, ...] = FIELDS
        self.languages: list[str] = []

    # What the pages ask

    async def take(self, association: str, channel: str, incomings: Sequence[Incoming]) -> None:
        self._there()
        for one in incomings:
            if one.key in self.keys:
                continue
            self.keys.add(one.key)
            self.taken.append(one)
            self.languages.append(one.language)
            self._answer(one)
            self.changes.wake(association, one.handle, len(self.lines[one.handle]))

    async def transcript(self, association: str, handle: str, after: int = 0) -> Sequence[Line]:
        self._there()
        return [line for line in self.lines[handle] if line.seq > after]

    async def seen(self, association: str, handle: str, upto: int) -> None:
        self.seen_upto[handle] = max(upto, self.seen_upto.get(handle, 0))

    def changed(self, association: str, handle: str) -> AsyncIterator[int]:
        return self.changes.watch(association, handle)

    async def content(self, association: str, handle: str, seq: int) -> Content | None:
        line = next((one for one in self.lines[handle] if one.seq == seq), None)
        if line is None:
            return None
        if line.file:
            media_type = "image/png" if line.file.kind == "png" else "application/x-thing"
            return Content(line.file.name, media_type, self.files[line.file.id][1])
        return Content("الإيصال.pdf", "application/pdf", PDF) if line.say and line.say.file else None

    async def store_file(self, association: str, channel: str, handle: str, name: str, data: bytes) -> FileInfo:
        self._there()
        kinds = {b"\x89PNG": "png", b"%PDF": "pdf", b"OggS": "ogg"}
        kind = kinds.get(data[:4])
        if not data:
            raise NotTaken("empty")
        if kind is None:
            raise NotTaken("kind")
        file = FileInfo(id=f"file-{len(self.files) + 1}", name=name, kind=kind, size=len(data))
        self.files[file.id] = (file, data)
        return file

    async def form(self, token: str) -> FormView | None:
        self._there()
        if token != TOKEN:
            return None
        return FormView(
            association=SLUG,
            channel="web_chat",
            handle="someone",
            language="ar",
            title="بيانات صاحب الطلب",
            fields=self.fields,
            until=NOON + timedelta(hours=1),
            state=self.form_state,
        )

    async def submit(self, token: str, values: Mapping[str, Any]) -> None:
        self._there()
        if self.form_state == "used":
            raise Used
        if self.form_state == "expired":
            raise Expired
        self.submitted.append(values)
        self.form_state = "used"

    async def renew(self, token: str) -> bool:
        self.renewed.append(token)
        return True

    async def stopped(self, association: str, token: str) -> bool | None:
        self._there()
        return self.stops if token == TOKEN else None

    async def stop(self, association: str, token: str, again: bool) -> None:
        self.stops = not again if token == TOKEN else self.stops

    async def said_and_done(self, association: str, language: str) -> Sequence[DoneView]:
        self._there()
        day = date(2026, 11, 20)
        both = DoneView(language=language, said="الانتظار طويل", done="زدنا موظفًا", day=day)
        return [both] if self.has_improved else []

    async def receipt(self, association: str, reference: str, digest: str) -> ReceiptView | None:
        if reference != "NKH-7K2MP-4TWX6":
            return None
        return ReceiptView(reference=reference, day=date(2026, 11, 22), matches=digest == "abc123")

    # The script

    def _there(self) -> None:
        if self.away:
            raise Away

    def say(self, handle: str, say: Say, **more: Any) -> None:
        self._line(handle, direction="out", say=say, text=say.text, **more)

    def push(self, handle: str, say: Say, **more: Any) -> None:
        """Says something that nobody asked for, and wakes the pages."""
        self.say(handle, say, **more)
        self.wake(self.changes.wake, SLUG, handle, len(self.lines[handle]))

    def wake(self, act: Callable[..., None], *of: Any) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(act, *of)

    def _line(self, handle: str, **more: Any) -> None:
        lines = self.lines[handle]
        at = more.pop("at", NOON + timedelta(seconds=len(lines)))
        lines.append(Line(seq=len(lines) + 1, at=at, **more))

    def _answer(self, one: Incoming) -> None:
        match one.event:
            case Opened(payload="complain"):
                self.say(one.handle, Say(text="نأسف لما حدث. ما الذي حصل؟"))
            case Opened():
                self.say(one.handle, GREETING)
            case Press(option="apply"):
                self._line(one.handle, direction="in", text="طلب خدمة")
                self.say(one.handle, QUESTION)
            case Press(option=option):
                self._line(one.handle, direction="in", text=option)
                self.say(one.handle, PAPERS)
            case Text(text=text):
                self._line(one.handle, direction="in", text="•••• ٥٦٧٢" if text == "1012345672" else text)
                self.say(one.handle, QUESTION if text != "إيصال" else RECEIPT)
            case Media(file=file, name=name):
                self._line(one.handle, direction="in", text="", file=self.files[file][0])
                self.say(one.handle, Say(text=f"وصلنا الملف: {name}. شكرًا لكم."))
            case Location():
                self._line(one.handle, direction="in", text="الموقع")
            case FileReady():
                pass


GREETING = Say(
    text="السلام عليكم ورحمة الله. حيّاكم الله في جمعية النخلة.\nأنا المساعد الآلي، ومعي موظفون يخدمونكم. "
    "معلوماتكم سرّ عندنا: https://nakhla.example/privacy\nبماذا نساعدكم؟",
    options=(Option("apply", "طلب خدمة"), Option("/track", "متابعة طلبي"), Option("/more", "خيارات أخرى")),
    prompt=1,
)
QUESTION = Say(
    text="لمن هذا الطلب؟",
    options=(
        Option("self", "لي أنا", "أقدّم عن نفسي"),
        Option("relative", "لأحد أقاربي", "أم أو أب أو زوج أو قريب بالغ، ونستأذنه"),
        Option("guardian", "لطفل في رعايتي", "عمره أقل من ١٨ سنة"),
        Option("agent", "معي وكالة", "وكالة سارية عن صاحب الطلب"),
    ),
    controls=(Option("/back", "رجوع"), Option("/help", "ما معنى هذا؟"), Option("/person", "أريد موظفًا")),
    prompt=2,
    progress=(3, 12),
)
PAPERS = Say(
    text="صوّروا التقرير الطبي، أو أرسلوه ملفًا.",
    controls=(Option("/skip", "ليست عندي"), Option("/back", "رجوع")),
    prompt=3,
    wants="file",
    progress=(8, 12),
)
RECEIPT = Say(
    text="وصل طلبكم كاملًا، ورقمه NKH-7K2MP-4TWX6.",
    file=Attachment("receipt:NKH-7K2MP-4TWX6", "الإيصال.pdf"),
    link=Link("اكتبوا رقم الهوية", f"/form/{TOKEN}", private=True),
)


def application(house: House, **site: Any) -> FastAPI:
    one = association()
    channels = {SLUG: WebChat(SLUG, house.changes.wake, site.get("public_url", ""))}
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(routes(house, Site(associations={SLUG: one}, clock=lambda: NOON, **site), channels))
    return app
