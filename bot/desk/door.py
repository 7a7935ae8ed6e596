"""The desk's front door: signing in and out, and where to go from there."""

import asyncio
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.contract import Unparseable
from bot.desk import passwords
from bot.desk.words import DeskWords
from bot.web import page as pages
from bot.web.body import TooBig, posted
from storage import sign_ins, staff
from storage.database import DatabaseAway
from storage.times import ms

if TYPE_CHECKING:
    from bot.desk.desk import Desk

LASTS_MS = 7 * 24 * 3600 * 1000
BODY = 32 * 1024


class Door:
    def __init__(self, desk: "Desk") -> None:
        self.desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("/", self.start, methods=["GET"]),
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """To the one association one works for, or a choice between several."""
        from bot.desk.desk import COOKIE, IDLE_MS, digest, templates

        token = request.cookies.get(COOKIE, "")
        if not token:
            return RedirectResponse("/desk/sign-in", 303)

        def find(connection: Connection) -> tuple[sign_ins.SignedIn, list[staff.Member]] | None:
            found = sign_ins.find(connection, self.desk.vault, digest(token), ms(self.desk.clock()), IDLE_MS)
            return None if found is None else (found, staff.memberships(connection, found.staff))

        try:
            found = await self.desk.database.read(find)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)
        if found is None:
            return RedirectResponse("/desk/sign-in", 303)
        signed_in, members = found
        mine = [one.association for one in members if one.association in self.desk.associations]
        if len(mine) == 1:
            return RedirectResponse(f"/desk/{mine[0]}/", 303)
        words = DeskWords(signed_in.language)
        html = (
            templates()
            .get_template("choose.html")
            .render(
                language=signed_in.language,
                direction="rtl" if signed_in.language == "ar" else "ltr",
                words=words,
                associations=[
                    (slug, self.desk.associations[slug].profile.name.to(signed_in.language)) for slug in mine
                ],
            )
        )
        return Response(html, media_type="text/html", headers=pages.headers())

    async def show(self, request: Request, error: str = "", login: str = "", status: int = 200) -> Response:
        from bot.desk.desk import templates

        language = pages.language_of(request)
        words = DeskWords(language)
        html = (
            templates()
            .get_template("sign_in.html")
            .render(
                language=language,
                direction="rtl" if language == "ar" else "ltr",
                words=words,
                error=words(f"sign_in.{error}") if error else "",
                login=login,
                next=_within(request.query_params.get("next", "")),
                other="ar" if language == "en" else "en",
            )
        )
        response = Response(html, status, media_type="text/html", headers=pages.headers())
        pages.keep_language(self.desk.site, request, response)
        return response

    async def sign_in(self, request: Request) -> Response:
        from bot.desk.desk import digest

        try:
            form = await posted(request, BODY)
        except (TooBig, Unparseable):
            return self.desk.kind(request, "unclear", 400)
        if not self.desk.genuine(request, "", form):
            return self.desk.kind(request, "forged", 403)
        login, password = form.get("login").strip(), form.get("password")
        account = await self.desk.database.read(staff.by_login, self.desk.vault, login)
        fits = await asyncio.to_thread(passwords.fits, account.password if account else "", password)
        if account is None or not fits or account.disabled_at is not None:
            return await self.show(request, "wrong", login, 401)
        token = secrets.token_urlsafe(32)
        now = ms(self.desk.clock())
        agent = request.headers.get("user-agent", "")
        await self.desk.database.write(sign_ins.keep, account.id, digest(token), "password", agent, now, now + LASTS_MS)
        response = RedirectResponse(_within(form.get("next")) or "/desk", 303)
        self.give(request, response, token)
        return response

    async def sign_out(self, request: Request) -> Response:
        from bot.desk.desk import COOKIE, IDLE_MS, digest, key_of

        token = request.cookies.get(COOKIE, "")
        form = await posted(request, BODY)
        if not self.desk.genuine(request, key_of(token), form):
            return self.desk.kind(request, "forged", 403)
        now = ms(self.desk.clock())

        def end(connection: Connection) -> None:
            found = sign_ins.find(connection, self.desk.vault, digest(token), now, IDLE_MS)
            if found is not None:
                sign_ins.end(connection, found.staff, now, only=found.id)

        await self.desk.database.write(end)
        response = RedirectResponse("/desk/sign-in", 303)
        response.delete_cookie(COOKIE, path="/desk")
        return response

    def give(self, request: Request, response: Response, token: str) -> None:
        from bot.desk.desk import COOKIE

        secure = pages.is_secure(self.desk.site, request)
        response.set_cookie(
            COOKIE, token, max_age=LASTS_MS // 1000, path="/desk", secure=secure, httponly=True, samesite="lax"
        )


def _within(path: str) -> str:
    """Only ever to a page of the desk."""
    return path if path.startswith("/desk/") and "//" not in path and "\\" not in path else ""
