"""The desk's front door: signing in and out, and where to go from there. Invitations: invited.py."""

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.contract import Unparseable
from bot.desk.door import authenticator, caution, passwords
from bot.desk.door.oidc import LASTS as SSO_LASTS
from bot.desk.door.oidc import NotSignedOn, SingleSignOn
from bot.desk.words import DeskWords
from bot.log import log
from bot.web import page as pages
from bot.web.body import Posted, TooBig, posted
from storage import audit, codes, sign_ins, staff, tries
from storage.database import DatabaseAway
from storage.schema_desk import HOUSE
from storage.staff import Account
from storage.times import MINUTE, ms
from storage.vault import VaultError

if TYPE_CHECKING:
    from bot.desk.desk import Desk

LASTS_MS = 7 * 24 * 3600 * 1000
BODY = 32 * 1024
HALF_MS = 5 * MINUTE
"""How long the code may follow the password."""
SSO_COOKIE = "wasl_desk_sso"
STRANGER = "stranger"
"""Who, in the audit, where nobody is known."""
_HALF = b"desk.half"


class Half(msgspec.Struct):
    """Their password was right and the code is still to come: sealed, in the form that asks for it."""

    staff: int
    password: str
    """The end of what was kept of it: another one since, and this half is worth nothing."""
    next: str
    until: int


class Door:
    def __init__(self, desk: "Desk") -> None:
        self.desk = desk

    def routes(self) -> list[Route]:
        from bot.desk.door.invited import Invited

        return [
            Route("/", self.start, methods=["GET"]),
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-in/code", self.code, methods=["POST"]),
            Route("/sign-in/sso", self.sso, methods=["GET"]),
            Route("/sign-in/sso/back", self.sso_back, methods=["GET"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            *Invited(self).routes(),
        ]

    @property
    def now(self) -> datetime:
        return self.desk.clock()

    # --- where to ----------------------------------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        """To the one association one works for, or a choice between several."""
        try:
            found = await self.desk.database.read(self.who, request)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)
        if found is None:
            return RedirectResponse("/desk/sign-in", 303)
        members = await self.desk.database.read(staff.memberships, found.staff)
        mine = [one.association for one in members if one.association in self.desk.associations]
        if len(mine) == 1:
            return RedirectResponse(f"/desk/{mine[0]}/", 303)
        names = [(slug, self.desk.associations[slug].profile.name.to(found.language)) for slug in mine]
        return self.page(request, "choose.html", language=found.language, associations=names)

    def who(self, connection: Connection, request: Request) -> sign_ins.SignedIn | None:
        """Whoever is signed in in this browser."""
        from bot.desk.desk import COOKIE, IDLE_MS, digest

        token = request.cookies.get(COOKIE, "")
        return sign_ins.find(connection, self.desk.vault, digest(token), ms(self.now), IDLE_MS) if token else None

    # --- a password, and a code --------------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        return self._form(request, pages.language_of(request), next=request.query_params.get("next", ""))

    def _form(self, request: Request, language: str, *, next: str, status: int = 200, **values: Any) -> Response:
        sso = self.desk.sso
        shown: dict[str, Any] = {"login": "", "error": "", **values}
        response = self.page(
            request,
            "door/sign_in.html",
            status=status,
            language=language,
            next=within(next),
            sso="" if sso is None else sso.name or DeskWords(language)("sign_in.sso"),
            other="ar" if language == "en" else "en",
            **shown,
        )
        pages.keep_language(self.desk.site, request, response)
        return response

    async def sign_in(self, request: Request) -> Response:
        form = await self.form(request)
        if isinstance(form, Response):
            return form
        login, password, next = form.get("login").strip()[:200], form.get("password"), within(form.get("next"))
        language = pages.language_of(request)
        try:
            account = await self.desk.database.read(staff.by_login, self.desk.vault, login)
            keys = caution.counted_under(self.desk.vault, request, login, account)
            if wait := await self.desk.database.write(tries.begin, keys, ms(self.now)):
                error = wait_words(DeskWords(language), wait)
                return self._form(request, language, next=next, status=429, login=login, error=error)
            fits = await passwords.fits(account.password if account else "", password)
            if account is None or not fits or account.disabled_at is not None:
                await self.desk.database.write(self._failed, account, keys)
                error = DeskWords(language)("sign_in.wrong")
                return self._form(request, language, next=next, status=401, login=login, error=error)
            if account.totp:
                return self._ask_code(request, account, next)
            return await self.complete(request, account.id, sign_ins.PASSWORD, next, keys)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)

    def _ask_code(self, request: Request, account: Account, next: str, error: str = "", status: int = 200) -> Response:
        half = Half(account.id, account.password[-16:], next, ms(self.now) + HALF_MS)
        sealed = base64.urlsafe_b64encode(self.desk.vault.seal(msgspec.msgpack.encode(half), _HALF)).decode()
        return self.page(request, "door/code.html", status=status, language=account.language, half=sealed, error=error)

    async def code(self, request: Request) -> Response:
        """The second step: six digits, or a code from the paper."""
        form = await self.form(request)
        if isinstance(form, Response):
            return form
        try:
            half = self._half(form.get("half"))
            account = await self.desk.database.read(staff.by_id, self.desk.vault, half.staff) if half else None
            if half is None or account is None or not account.totp or half.password != account.password[-16:]:
                return self.desk.kind(request, "signed_out", 401)
            words = DeskWords(account.language)
            keys = caution.counted_under(self.desk.vault, request, account.login, account)
            if wait := await self.desk.database.write(tries.begin, keys, ms(self.now)):
                return self._ask_code(request, account, half.next, wait_words(words, wait), 429)
            if not await self.desk.database.write(self._code_fits, account, form.get("code")):
                await self.desk.database.write(self._failed, account, keys)
                return self._ask_code(request, account, half.next, words("sign_in.wrong_code"), 401)
            return await self.complete(request, account.id, sign_ins.PASSWORD, half.next, keys)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)

    def _half(self, given: str) -> Half | None:
        try:
            raw = self.desk.vault.open(base64.urlsafe_b64decode(given), _HALF)
            half = msgspec.msgpack.decode(raw, type=Half)
        except (VaultError, ValueError, msgspec.DecodeError):
            return None
        return half if half.until > ms(self.now) else None

    def _code_fits(self, connection: Connection, account: Account, typed: str) -> bool:
        """Uses the code up."""
        step = authenticator.step_of(account.totp, typed, self.now.timestamp(), account.totp_step)
        if step is not None:
            return staff.take_step(connection, account.id, step)
        paper = authenticator.plain(typed)
        if not paper or codes.use(connection, paper, RECOVERY, ms(self.now)) != account.id:
            return False
        self.note(connection, account.id, "sign_in.paper_code")
        return True

    def _failed(self, connection: Connection, account: Account | None, keys: list[tries.Key]) -> None:
        """A login that does not exist is not written down: strangers would fill the audit."""
        locked = tries.is_locked(connection, keys, ms(self.now))
        if account is not None:
            self.note(connection, account.id, "sign_in.failed")
        if locked:
            self.note(connection, account.id if account else None, "sign_in.locked")

    # --- single sign-on ----------------------------------------------------------------------------------------------

    async def sso(self, request: Request) -> Response:
        if self.desk.sso is None:
            return self.desk.kind(request, "not_found", 404)
        back, next = self._back(request), within(request.query_params.get("next", ""))
        try:
            address, kept = await self.desk.sso.begin(back, next, self.now.timestamp())
        except NotSignedOn as error:
            return await self._not_signed_on(request, error.why)
        response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
        secure = pages.is_secure(self.desk.site, request)
        response.set_cookie(
            SSO_COOKIE, kept, max_age=SSO_LASTS, path="/desk/sign-in", secure=secure, httponly=True, samesite="lax"
        )
        return response

    async def sso_back(self, request: Request) -> Response:
        if self.desk.sso is None:
            return self.desk.kind(request, "not_found", 404)
        kept = request.cookies.get(SSO_COOKIE, "")
        try:
            said = await self.desk.sso.finish(request.query_params, kept, self._back(request), self.now.timestamp())
            account = await self.desk.database.write(self._signed_on, said.subject, said.email)
            if account is None:
                raise NotSignedOn("unknown")
            response = await self.complete(request, account.id, sign_ins.SSO, within(said.next), [])
        except NotSignedOn as error:
            response = await self._not_signed_on(request, error.why)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)
        response.delete_cookie(SSO_COOKIE, path="/desk/sign-in")
        return response

    def _signed_on(self, connection: Connection, subject: str, email: str) -> Account | None:
        """Whom the issuer means: by its own name of them; the first time, by the e-mail it has verified."""
        account = staff.by_subject(connection, self.desk.vault, subject)
        if account is None and email:
            account = staff.by_login(connection, self.desk.vault, email)
            if account is not None and account.has_subject:
                return None  # the address was another person's before
            if account is not None and account.disabled_at is None:
                staff.bind_subject(connection, self.desk.vault, account.id, subject)
                self.note(connection, account.id, "sign_in.sso_bound")
        return None if account is None or account.disabled_at is not None else account

    async def _not_signed_on(self, request: Request, why: str) -> Response:
        log.warning("sso_refused", why=why)
        act = audit.Act(HOUSE, ms(self.now), STRANGER, "sign_in.sso_refused", "", why)
        await self.desk.database.write(audit.log, [act])
        if why == "denied":
            return RedirectResponse("/desk/sign-in", 303)
        page = {"unknown": "sso_unknown", "away": "sso_away"}.get(why, "sso_failed")
        return self.desk.kind(request, page, 503 if page == "sso_away" else 403)

    def _back(self, request: Request) -> str:
        return f"{self.desk.address(request)}/desk/sign-in/sso/back"

    # --- in and out --------------------------------------------------------------------------------------------------

    async def complete(
        self, request: Request, account: int, way: str, next: str, keys: list[tries.Key], end_others: bool = False
    ) -> Response:
        """Sign them in: a new token, whatever this browser held before; it is known from now on."""
        import secrets

        from bot.desk.desk import COOKIE, digest

        token, now = secrets.token_urlsafe(32), ms(self.now)
        before, agent = request.cookies.get(COOKIE, ""), caution.agent_of(request)

        def keep(connection: Connection) -> None:
            tries.right(connection, keys)
            if end_others:
                sign_ins.end(connection, account, now)
            if before:
                sign_ins.end_token(connection, digest(before), now)
            sign_ins.keep(connection, account, digest(token), way, agent, now, now + LASTS_MS)
            self.note(connection, account, "sign_in", way)

        await self.desk.database.write(keep)
        response = RedirectResponse(next or "/desk", 303)
        self._give(request, response, COOKIE, token, LASTS_MS // 1000)
        browser = caution.known(self.desk.vault, request).with_(account)
        self._give(request, response, caution.COOKIE, browser.sealed(self.desk.vault), caution.LASTS)
        return response

    def _give(self, request: Request, response: Response, name: str, value: str, seconds: int) -> None:
        secure = pages.is_secure(self.desk.site, request)
        response.set_cookie(name, value, max_age=seconds, path="/desk", secure=secure, httponly=True, samesite="lax")

    async def sign_out(self, request: Request) -> Response:
        from bot.desk.desk import COOKIE, key_of

        token = request.cookies.get(COOKIE, "")
        form = await self.form(request, key_of(token))
        if isinstance(form, Response):
            return form

        def end(connection: Connection) -> None:
            found = self.who(connection, request)
            if found is not None:
                sign_ins.end(connection, found.staff, ms(self.now), only=found.id)
                self.note(connection, found.staff, "sign_out")

        try:
            await self.desk.database.write(end)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)
        response = RedirectResponse("/desk/sign-in", 303)
        response.delete_cookie(COOKIE, path="/desk")
        return response

    # --- what all of these share -------------------------------------------------------------------------------------

    async def form(self, request: Request, key: str = "") -> Posted | Response:
        """What was posted, from our own page; else the page that says why it is not taken."""
        try:
            form = await posted(request, BODY)
        except (TooBig, Unparseable):
            return self.desk.kind(request, "unclear", 400)
        return form if self.desk.genuine(request, key, form) else self.desk.kind(request, "forged", 403)

    def page(self, request: Request, template: str, *, status: int = 200, language: str, **values: Any) -> Response:
        """A page without an association."""
        from bot.desk.desk import templates

        html = (
            templates()
            .get_template(template)
            .render(
                language=language,
                direction="rtl" if language == "ar" else "ltr",
                words=DeskWords(language),
                **values,
            )
        )
        return Response(html, status, media_type="text/html", headers=pages.headers())

    def note(self, connection: Connection, account: int | None, act: str, detail: str = "") -> None:
        """On record where it concerns them: at each association they work for, else at the house."""
        who = STRANGER if account is None else f"staff:{account}"
        mine = [] if account is None else [one.association for one in staff.memberships(connection, account)]
        now = ms(self.now)
        audit.log(connection, [audit.Act(slug, now, who, act, "", detail) for slug in mine or [HOUSE]])


RECOVERY = "recovery"
"""What codes on paper are for (storage/codes.py)."""


def single_sign_on(settings: Any, vault: Any) -> SingleSignOn | None:
    """As the settings say; None where it is off."""
    if settings is None or not settings.oidc_issuer:
        return None
    return SingleSignOn(
        vault, settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_name
    )


def wait_words(words: DeskWords, milliseconds: int) -> str:
    """The same for every login, whether there is such an account or not."""
    if milliseconds > MINUTE:
        return words("sign_in.wait_minutes", count=-(-milliseconds // MINUTE))
    return words("sign_in.wait_seconds", count=max(1, -(-milliseconds // 1000)))


def within(path: str) -> str:
    """Only ever to a page of the desk."""
    plain = path.startswith("/desk/") and not any(one in path for one in ("//", "\\", "..")) and path.isprintable()
    return path if plain else ""
