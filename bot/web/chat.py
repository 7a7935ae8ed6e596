"""The chat page of an association, with and without scripts.

Reading a page causes nothing: a conversation begins with a post (the script's own on the first visit, or a press of
the first button). Lines are rendered here once, for the whole page and for each fetch; the script only inserts them.
"""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.channels.contract import Incoming, Unparseable
from bot.channels.web_chat import NAME, TEXT, WebChat
from bot.web import page as pages
from bot.web.body import Busy, Posted, TooBig, posted, read
from bot.web.lines import MEDIA_TYPES, PICTURES, SOUNDS, Shown
from bot.web.ports import Away, FileInfo, Line, NotTaken, Ports, Site
from conversations.association.association import Association
from conversations.events import FileReady, Media, MediaKind
from conversations.moment import RIYADH

COOKIE, EMBED_COOKIE = "wasl_chat", "wasl_embed"
COOKIE_DAYS = 180
BODY = 32 * 1024
"""Bytes of one message; TEXT characters and room for its envelope."""
STATUS: Mapping[type[Exception], tuple[int, str]] = {
    TooBig: (413, "too_big"),
    Unparseable: (400, "unclear"),
    NotTaken: (415, "kind"),
    Away: (503, "away"),
    Busy: (503, "away"),
}
NOT_TAKEN = {"too_big": (413, "too_big"), "too_many": (429, "too_many")}
_COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
_START = re.compile(r"[a-z][a-z0-9_:.-]{0,39}")
SWITCH = {"ar": "/arabic", "en": "/english"}
"""The command that has the conversation itself go on in this language."""


class Chat:
    def __init__(self, ports: Ports, site: Site, channels: Mapping[str, WebChat]) -> None:
        self.ports, self.site, self.channels = ports, site, channels

    def routes(self) -> list[Route]:
        return [
            Route("/{association}/chat", self.show, methods=["GET"]),
            Route("/{association}/complain", self.complain, methods=["GET"]),
            Route("/{association}/chat/send", self.send, methods=["POST"]),
            Route("/{association}/chat/file", self.upload, methods=["POST"]),
            Route("/{association}/chat/leave", self.leave, methods=["POST"]),
            Route("/{association}/chat/messages", self.messages, methods=["GET"]),
            Route("/{association}/chat/live", self.live, methods=["GET"]),
            Route("/{association}/chat/file/{seq}", self.file, methods=["GET"]),
        ]

    # Pages

    async def show(self, request: Request) -> Response:
        return await self._page(request, request.query_params.get("start", ""))

    async def complain(self, request: Request) -> Response:
        return await self._page(request, "complain")

    async def _page(self, request: Request, start: str) -> Response:
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        if association is None:
            return pages.kind_page("unknown", language=language, status=404)
        cookie = _cookie_of(request)
        lines: Sequence[Line] = ()
        if cookie:
            try:
                lines = await self.ports.transcript(association.slug, handle_of(association.slug, cookie))
            except Away:
                return pages.kind_page("away", language=language, status=503, association=association)
        words = pages.words_in(language, association)
        response = pages.page(
            "chat.html",
            language=language,
            words=words,
            more_headers=pages.headers(ancestors=self._ancestors(association), scripts=True),
            slug=association.slug,
            short_name=association.profile.short_name.to(language),
            name=association.profile.name.to(language),
            lines=list(self._shown(request, association, language).views(lines)),
            last=lines[-1].seq if lines else 0,
            start=start if _START.fullmatch(start) else "",
            query=_query(request, language),
            embedded=_embedded(request),
            message_id=secrets.token_urlsafe(12),
            text_limit=TEXT,
            file_limit=self.site.file_limit,
            script_words=self._script_words(words, language),
        )
        # Set again at each visit, so that who comes back within the time is still known.
        self._set_cookie(request, response, association.slug, cookie or secrets.token_urlsafe(32))
        pages.keep_language(self.site, request, response)
        return response

    # What people do

    async def send(self, request: Request) -> Response:
        """One text, press, opening or place: JSON from the script, a plain form without it."""
        association, refused = self._sender(request)
        if association is None:
            return refused
        by_script = _by_script(request)
        language = pages.language_of(request)
        try:
            if by_script:
                said, fields = await read(request, BODY), None
            else:
                fields = await posted(request, BODY)
                said = _said_of(fields)
                language = fields.get("language", language)
            incomings = self._parse(association.slug, request, said, language)
            await self.ports.take(association.slug, NAME, incomings)
            if fields and (seen := _whole(fields.get("seen"))):
                await self._mark_seen(request, association.slug, seen)
        except tuple(STATUS) as error:
            return self._failed(request, association, error)
        if by_script:
            return Response(status_code=204)
        response = self._back(request, association.slug, language)
        if language in SWITCH and fields and fields.get("language"):
            pages.remember_language(self.site, request, response, language)
        return response

    async def upload(self, request: Request) -> Response:
        """One or more files. They are kept before their event is taken in, so nothing is left to fetch."""
        association, refused = self._sender(request)
        if association is None:
            return refused
        try:
            form = await posted(request, self.site.file_limit + BODY, most_files=10)
            uploads = form.uploads("file")
            message_id = form.get("id")
            if not uploads or not _CLIENT_ID.fullmatch(message_id):
                raise Unparseable("no file")
            handle = _handle(request, association.slug)
            incomings: list[Incoming] = []
            album = form.get("album") or (message_id if len(uploads) > 1 else "")
            for number, file in enumerate(uploads):
                kept = await self.ports.store_file(association.slug, NAME, handle, file.name, file.data)
                voice = form.get("voice") == "yes"
                incomings += self._arrived(request, handle, kept, f"{message_id}-{number}", album[:64], voice)
            await self.ports.take(association.slug, NAME, incomings)
        except tuple(STATUS) as error:
            return self._failed(request, association, error)
        return Response(status_code=204) if _by_script(request) else self._back(request, association.slug)

    async def leave(self, request: Request) -> Response:
        """Forget the conversation on this device (a shared phone, a library's computer)."""
        association, refused = self._sender(request)
        if association is None:
            return refused
        response = self._back(request, association.slug)
        self._set_cookie(request, response, association.slug, "")
        return response

    # What the script fetches

    async def messages(self, request: Request) -> Response:
        """The lines behind `after` as HTML; `seen` says up to where the page already holds them."""
        association = pages.of_association(self.site, request)
        cookie = _cookie_of(request)
        if association is None or not cookie:
            return JSONResponse({"error": "cookies"}, 404 if association is None else 409)
        after, seen = (_number(request, name) for name in ("after", "seen"))
        language = pages.language_of(request)
        try:
            if seen:
                await self._mark_seen(request, association.slug, seen)
            lines = await self.ports.transcript(association.slug, handle_of(association.slug, cookie), after)
        except Away as error:
            return self._failed(request, association, error)
        html = pages.render(
            "lines.html",
            lines=list(self._shown(request, association, language).views(lines)),
            words=pages.words_in(language, association),
            slug=association.slug,
            query=_query(request, language),
            message_id=secrets.token_urlsafe(12),
        )
        return Response(html, media_type="text/html", headers=pages.headers())

    async def live(self, request: Request) -> Response:
        """Server-sent events: `changed` with the number of the newest line; the page then fetches."""
        from sse_starlette.sse import EventSourceResponse

        association = pages.of_association(self.site, request)
        cookie = _cookie_of(request)
        if association is None or not cookie:
            return JSONResponse({"error": "cookies"}, 404 if association is None else 409)
        return EventSourceResponse(self._changes(association.slug, handle_of(association.slug, cookie)), ping=20)

    async def _changes(self, slug: str, handle: str) -> AsyncIterator[dict[str, Any]]:
        yield {"event": "hello", "retry": 3000, "data": "0"}
        async for seq in self.ports.changed(slug, handle):
            yield {"event": "changed", "data": str(seq)}

    async def file(self, request: Request) -> Response:
        """A file of this conversation: a receipt, a picture that was sent."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        cookie = _cookie_of(request)
        if association is None or not cookie:
            return pages.kind_page("no_file", language=language, status=404, association=association)
        handle = handle_of(association.slug, cookie)
        try:
            content = await self.ports.content(association.slug, handle, _whole(request.path_params["seq"]))
        except Away:
            return pages.kind_page("away", language=language, status=503, association=association)
        if content is None:
            return pages.kind_page("no_file", language=language, status=404, association=association)
        shows = content.media_type in MEDIA_TYPES.values()
        how = "inline" if shows else "attachment"
        headers = pages.headers()
        if content.media_type == "application/pdf":
            del headers["Content-Security-Policy"]  # Chromium's own reader of PDF does not open under it
        headers["Content-Disposition"] = f"{how}; filename*=UTF-8''{quote(content.name)}"
        return Response(
            content.data, media_type=content.media_type if shows else "application/octet-stream", headers=headers
        )

    # Helpers

    def _sender(self, request: Request) -> tuple[Association, Response] | tuple[None, Response]:
        """The association a post is for, once it is known to come from our page and a known browser."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        if association is None:
            return None, pages.kind_page("unknown", language=language, status=404)
        if not self.channels[association.slug].verify(request.headers, str(request.url), b""):
            return None, pages.kind_page("elsewhere", language=language, status=403, association=association)
        if not _cookie_of(request):
            if _by_script(request):
                return None, JSONResponse({"error": "cookies"}, 409)
            return None, pages.kind_page("cookies", language=language, status=409, association=association)
        return association, Response()

    def _parse(self, slug: str, request: Request, said: bytes, language: str) -> list[Incoming]:
        envelope = {
            "handle": _handle(request, slug),
            "at": self.site.clock(),
            "language": language,
            "said": said,
        }
        parsed = self.channels[slug].parse(msgspec.json.encode(envelope))
        return [one for one in parsed if isinstance(one, Incoming)]

    def _arrived(
        self, request: Request, handle: str, kept: FileInfo, message_id: str, album: str, voice: bool
    ) -> list[Incoming]:
        at = self.site.clock()
        kind: MediaKind = "document"
        if kept.kind in PICTURES or kept.kind == "heic":
            kind = "photo"
        elif kept.kind in SOUNDS:
            kind = "voice" if voice else "audio"
        media = Media(id=message_id, at=at, file=kept.id, kind=kind, name=kept.name, size=kept.size, album=album)
        ready = FileReady(id=f"{message_id}-ready", at=at, file=kept.id, kind=kept.kind, size=kept.size)
        language = pages.language_of(request)
        return [
            Incoming(handle=handle, event=event, key=f"{handle}:{event.id}", language=language)
            for event in (media, ready)
        ]

    def _failed(self, request: Request, association: Association, error: Exception) -> Response:
        status, code = STATUS[type(error)]
        if isinstance(error, NotTaken):
            status, code = NOT_TAKEN.get(error.reason, (status, code))
        headers = {"Retry-After": "3"} if status == 503 else {}
        if _by_script(request):
            return JSONResponse({"error": code}, status, headers=headers)
        return pages.kind_page(code, language=pages.language_of(request), status=status, association=association)

    async def _mark_seen(self, request: Request, slug: str, upto: int) -> None:
        await self.ports.seen(slug, _handle(request, slug), upto)

    def _shown(self, request: Request, association: Association, language: str) -> Shown:
        query = _query(request, language)
        return Shown(
            language=language,
            words=pages.words_in(language, association),
            today=self.site.clock().astimezone(RIYADH).date(),
            file_url=lambda seq: f"/{association.slug}/chat/file/{seq}{query}",
            day_said=_day_said,
        )

    def _script_words(self, words: pages.Words, language: str) -> str:
        limit = pages.numerals(language)(self.site.megabytes)
        return msgspec.json.encode({key: words(f"web.script.{key}", limit=limit) for key in SCRIPT_WORDS}).decode()

    def _ancestors(self, association: Association) -> str:
        """Whose pages may frame the chat: ours, and those the setting names; by default the association's website."""
        origins = self.site.embed_origins.get(association.slug)
        if origins is None:
            origins = tuple(
                f"https://{host}"
                for contact in association.profile.contacts
                if contact.kind == "website" and contact.state != "malformed"
                if (host := urlsplit(contact.value or f"https://{contact.printed}").netloc) and _HOST.fullmatch(host)
            )
        return " ".join(("'self'", *origins))

    def _back(self, request: Request, slug: str, language: str = "") -> Response:
        query = _query(request, language or pages.language_of(request))
        return RedirectResponse(f"/{slug}/chat{query}#end", 303, headers={"Cache-Control": "no-store"})

    def _set_cookie(self, request: Request, response: Response, slug: str, value: str) -> None:
        name, same_site = COOKIE, "Lax"
        if _embedded(request):
            # Inside another site's page: a jar of its own there, which only https may have.
            name, same_site = EMBED_COOKIE, "None; Partitioned" if pages.is_secure(self.site, request) else "Lax"
        age = COOKIE_DAYS * 24 * 3600 if value else 0
        secure = "; Secure" if pages.is_secure(self.site, request) else ""
        response.headers.append(
            "set-cookie", f"{name}={value}; Path=/{slug}/; Max-Age={age}; HttpOnly; SameSite={same_site}{secure}"
        )


SCRIPT_WORDS = (
    "sending",
    "not_sent",
    "retry",
    "too_big",
    "too_many",
    "kind",
    "unclear",
    "away",
    "cookies",
    "offline",
    "uploading",
    "recording",
    "record_stop",
    "record_denied",
    "place_denied",
    "new_window",
    "new_below",
    "cancel",
)


def handle_of(slug: str, cookie: str) -> str:
    """The address behind a browser's cookie. A digest: whoever reads an address cannot take the conversation over."""
    return hashlib.sha256(f"{slug}:{cookie}".encode()).hexdigest()[:40]


def _embedded(request: Request) -> bool:
    return request.query_params.get("embed") == "1"


def _by_script(request: Request) -> bool:
    return request.headers.get("x-requested-with") == "wasl"


def _query(request: Request, language: str) -> str:
    """What the page's own addresses carry: inside another site's page no cookie of ours remembers the language."""
    return f"?embed=1&lang={language}" if _embedded(request) else ""


def _cookie_of(request: Request) -> str:
    value = request.cookies.get(EMBED_COOKIE if _embedded(request) else COOKIE, "")
    return value if _COOKIE_VALUE.fullmatch(value) else ""


def _handle(request: Request, slug: str) -> str:
    return handle_of(slug, _cookie_of(request))


def _number(request: Request, name: str) -> int:
    return _whole(request.query_params.get(name, ""))


def _whole(value: str) -> int:
    """0 for what is no number of a line, or more than a row can hold."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0


def _said_of(fields: Posted) -> bytes:
    """A plain form as the script would have sent it."""
    language = fields.get("language")
    said = {"id": fields.get("id")}
    if language in SWITCH:
        said["press"] = f"0:{SWITCH[language]}"
    for name in ("press", "opened", "text"):
        if name in dict(fields.fields) and len(said) == 1:
            said[name] = fields.get(name)
    return msgspec.json.encode(said)


def _day_said(day: date, language: str) -> str:
    from conversations.cases.calendar import said

    return said(day, language)
