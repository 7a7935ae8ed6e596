"""The desk of one process: who may come in, what each page asks for, and how every answer is dressed.

Every page passes the same door: the sign-in holds, the worker is a member of this association, the authenticator that
the house asks for is set up, the current policy is signed, the right is theirs; a form carries the sign-in's key and a
number that is used once. What is refused is on record. A worker of another association meets the same "not found" as
anybody who guesses.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.channels.contract import Unparseable
from bot.desk import said
from bot.desk.at import At, NotFound, Refused, Replayed
from bot.desk.live import Hub
from bot.desk.room import Page, Room
from bot.desk.words import DeskWords
from bot.desk.worker import Worker, worker_of
from bot.log import about, log
from bot.web import page as pages
from bot.web.body import Busy, Posted, TooBig, posted
from bot.web.lines import MEDIA_TYPES
from bot.web.ports import Site
from conversations.association.association import Association
from conversations.association.policy_version import policy_version
from conversations.rights import WORKER_ROLES, rights_of
from storage import audit, policy, sign_ins, staff
from storage.blobs import Blobs
from storage.database import Database, DatabaseAway
from storage.times import ms
from storage.vault import Vault

if TYPE_CHECKING:
    from jinja2 import Environment

    from bot.intake import Intake
    from bot.staff_group.room import StaffGroups

Endpoint = Callable[[Request], Awaitable[Response]]

COOKIE = "wasl_desk"
IDLE_MS = 12 * 3600 * 1000
TOUCH_MS = 60_000
FORM = 256 * 1024
"""Bytes of a form without files."""
SHOWN_INLINE = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"),
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/webm", "video/mp4"),
    }
)
"""What a browser may show beside our pages; everything else is only ever downloaded, HTML and SVG above all."""
STATUS: Mapping[type[Exception], tuple[int, str]] = {
    NotFound: (404, "not_found"),
    TooBig: (413, "too_big"),
    Unparseable: (400, "unclear"),
    Busy: (503, "away"),
    DatabaseAway: (503, "away"),
}


class Entered(NamedTuple):
    """Who stands at the door, and what they have still to do. Whoever is no member has no business here."""

    worker: Worker
    seen_at: int
    is_member: bool
    is_secured: bool
    """Has the authenticator that the house asks for."""
    has_signed: bool
    """The policy as it stands now."""


class Desk:
    """`attachments` makes the bytes of what a message attaches (bot/receipts.py)."""

    def __init__(
        self,
        site: Site,
        database: Database,
        vault: Vault,
        intake: "Intake",
        blobs: Blobs,
        attachments: Any,
        hub: Hub,
        settings: Any = None,
    ) -> None:
        self.site, self.database, self.vault, self.intake = site, database, vault, intake
        self.blobs, self.attachments, self.hub, self.settings = blobs, attachments, hub, settings
        self.associations = site.associations
        from bot.desk.door.front import single_sign_on
        from bot.desk.rooms import rooms

        self.sso = single_sign_on(settings, vault)
        self.staff_groups: StaffGroups | None = None
        self.rates: Mapping[tuple[str, str], float] = {}
        """Messages a second, by association and channel, of what is connected here."""
        self.rooms: list[Room] = rooms()

    def clock(self) -> datetime:
        return self.intake.clock()

    def address(self, request: Request) -> str:
        """Our own, as people see it, without a slash at its end."""
        return self.site.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def routes(self) -> list[Route]:
        from bot.desk.door.front import Door

        routes = [*Door(self).routes(), *(self._route(page) for room in self.rooms for page in room.pages)]
        return [Route(one.path, self._whole(one.endpoint), methods=one.methods, name=one.name) for one in routes]

    def _whole(self, endpoint: Endpoint) -> Endpoint:
        """A defect of ours is a page of ours: a way back, and a number that leads to its line in the log."""

        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except Exception as error:
                number = secrets.token_hex(4)
                log.error("desk_failed", number=number, **about(error))
                language = getattr(request.state, "language", "") or pages.language_of(request)
                text = DeskWords(language)("desk.failed.text", number=number)
                return self.kind(request, "failed", 500, language, text)

        return answer

    def _route(self, page: Page) -> Route:
        async def answer(request: Request) -> Response:
            return await self._answer(page, request)

        return Route(f"/{{association}}{page.path}", answer, methods=[page.method], name=page.name)

    # --- the door ----------------------------------------------------------------------------------------------------

    async def _answer(self, page: Page, request: Request) -> Response:
        association = pages.of_association(self.site, request)
        if association is None:
            return self.kind(request, "not_found", 404)
        try:
            entered = await self.enter(request, association)
        except DatabaseAway:
            return self.kind(request, "away", 503)
        if entered is None:
            if request.method == "GET":
                return RedirectResponse(f"/desk/sign-in?next={quote(request.url.path)}", 303)
            return self.kind(request, "signed_out", 401)
        worker = entered.worker
        request.state.language = worker.language
        request.state.inside = entered.is_secured and entered.has_signed
        at = At(request, self, worker, association)
        if not entered.is_member:
            return self.kind(request, "not_found", 404, worker.language)
        if not page.unsigned and not entered.is_secured:
            return at.back("/account/totp")
        if not page.unsigned and not entered.has_signed:
            return at.back("/policy/sign")
        if page.right and not worker.may(page.right):
            await self._record(at, "refused", page.name)
            return self.kind(request, "not_yours", 403, worker.language)
        try:
            if page.method == "POST":
                limit = FORM + page.files * self.site.file_limit
                at.form = await posted(request, limit, most_files=page.files)
                if not self.genuine(request, worker.key, at.form):
                    await self._record(at, "form.forged", page.name)
                    return self.kind(request, "forged", 403, worker.language)
            return await page.handle(at)
        except Replayed:
            await self._record(at, "form.replayed", page.name)
            return self.kind(request, "replayed", 409, worker.language)
        except Refused as error:
            return self.kind(request, "refused", 409, worker.language, at.words(error.words, **error.facts))
        except tuple(STATUS) as error:
            status, what = next(STATUS[kind] for kind in STATUS if isinstance(error, kind))
            return self.kind(request, what, status, worker.language)

    async def enter(self, request: Request, association: Association) -> Entered | None:
        """Who this is; None where nobody is signed in."""
        entered = await self.database.read(self.find, association, request)
        if entered is None:
            return None
        now, worker = ms(self.clock()), entered.worker
        if not entered.is_member:
            act = audit.Act(association.slug, now, worker.who, "refused", "", "not_a_member")
            await self.database.write(audit.log, [act])
        elif now - entered.seen_at > TOUCH_MS:
            await self.database.write(self._touch, worker, now)
        return entered

    def find(self, connection: Connection, association: Association, request: Request) -> Entered | None:
        token = request.cookies.get(COOKIE, "")
        found = sign_ins.find(connection, self.vault, digest(token), ms(self.clock()), IDLE_MS) if token else None
        if found is None:
            return None
        member = staff.member_of(connection, association.slug, found.staff)
        known = member or staff.Member(association.slug, found.staff)
        worker = worker_of(association.profile, known, found.name, found.language, found.id, key_of(token))
        version = policy_version(association.profile)
        return Entered(
            worker,
            min(found.seen_at, known.seen_at),
            member is not None,
            found.has_totp or found.way == sign_ins.SSO or not self.asks_totp,
            member is not None and policy.has_signed(connection, association.slug, found.staff, version),
        )

    @property
    def asks_totp(self) -> bool:
        """Whether everybody who signs in with a password needs an authenticator (WASL_DESK_TOTP)."""
        return self.settings is not None and self.settings.desk_totp == "required"

    def _touch(self, connection: Connection, worker: Worker, now: int) -> None:
        sign_ins.touch(connection, worker.sign_in, now)
        staff.saw(connection, worker.association, worker.id, now)

    def genuine(self, request: Request, key: str, form: Posted) -> bool:
        """The form is ours: it carries the sign-in's key, and no other site sent it."""
        origin = request.headers.get("origin", "")
        ours = {urlsplit(self.site.public_url).netloc, request.headers.get("host", "")} - {""}
        same = urlsplit(origin).netloc in ours if origin and origin != "null" else origin != "null"
        elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        return same and not elsewhere and hmac.compare_digest(form.get("key").encode(), key.encode())

    async def _record(self, at: At, act: str, detail: str) -> None:
        await self.database.write(at.log, act, "", detail)

    # --- how an answer is dressed ------------------------------------------------------------------------------------

    def render(
        self,
        at: At,
        template: str,
        /,
        *,
        status: int = 200,
        error: str = "",
        more_headers: Mapping[str, str] | None = None,
        whole: bool = True,
        **values: Any,
    ) -> HTMLResponse:
        told = at.query("said")
        html = (
            templates()
            .get_template(template)
            .render(
                at=at,
                worker=at.worker,
                words=at.words,
                language=at.language,
                direction="rtl" if at.language == "ar" else "ltr",
                base=at.base,
                key=at.worker.key,
                error=error,
                told=at.words(f"said.{told}") if whole and told and f"said.{told}" in at.words else "",
                doors=self._doors(at) if whole else (),
                now=at.now,
                **values,
            )
        )
        return HTMLResponse(html, status, headers={**pages.headers(scripts=True), **(more_headers or {})})

    def _doors(self, at: At) -> list[tuple[str, str, bool]]:
        """Path, words and whether one stands there, of the rooms this worker may enter; none before they are let in."""
        here = at.request.url.path
        if not getattr(at.request.state, "inside", True):
            return []
        return [
            (f"{at.base}{room.nav}", at.words(f"nav.{room.name}"), here.startswith(f"{at.base}{room.nav}"))
            for room in self.rooms
            if room.nav and (not room.right or at.worker.may(room.right))
        ]

    def kind(self, request: Request, what: str, status: int, language: str = "", text: str = "") -> HTMLResponse:
        """A page that says in plain words what is the matter: `desk.<what>.title` and `.text` (or `text`)."""
        language = language or pages.language_of(request)
        words = DeskWords(language)
        html = (
            templates()
            .get_template("kind.html")
            .render(
                language=language,
                direction="rtl" if language == "ar" else "ltr",
                words=words,
                title=words(f"desk.{what}.title"),
                text=text or words(f"desk.{what}.text"),
                signed_out=what == "signed_out",
            )
        )
        return HTMLResponse(html, status, headers=pages.headers())

    def file(self, name: str, media_type: str, data: bytes, *, inline: bool = False) -> Response:
        shows = inline and media_type in SHOWN_INLINE
        headers = pages.headers()
        if media_type == "application/pdf" and shows:
            del headers["Content-Security-Policy"]  # Chromium's own reader of PDF does not open under it
        named = quote(_named(name, media_type))
        headers["Content-Disposition"] = f"{'inline' if shows else 'attachment'}; filename*=UTF-8''{named}"
        return Response(data, media_type=media_type if shows else "application/octet-stream", headers=headers)


def _named(name: str, media_type: str) -> str:
    """A name that ends as its content is: a picture that somebody called page.html would open as a page once saved."""
    endings = [kind for kind, one in MEDIA_TYPES.items() if one == media_type]
    return name if not endings or name.rpartition(".")[2].lower() in endings else f"{name}.{endings[0]}"


def digest(token: str) -> bytes:
    """What a sign-in's token is kept as."""
    return blake2b(token.encode(), digest_size=32, person=b"wasl-desk").digest()


def key_of(token: str) -> str:
    """What stands in every form of this sign-in: nobody who lacks the cookie can make it."""
    return blake2b(token.encode(), digest_size=16, person=b"wasl-form").hexdigest()


def exporters(words: DeskWords) -> str:
    """Whose right it is to take figures and lists away, by the table of rights."""
    roles = (role for role in WORKER_ROLES if "management" in rights_of([role]))
    return words("desk.comma").join(words(f"role.{role}") for role in roles)


@cache
def templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["static"] = pages.static_url
    environment.globals["once"] = lambda: secrets.token_urlsafe(9)
    environment.globals["exporters"] = exporters
    environment.globals.update(day=said.day, clock=said.clock, short=said.short, waited=said.waited)
    return environment
