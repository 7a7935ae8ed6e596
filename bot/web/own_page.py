"""`/{association}/mine/{token}`: the person's own page. No script; nothing personal in its address; kept by nobody."""

import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.contract import Unparseable
from bot.own_page import OPEN_FOR, OwnPage, OwnPages
from bot.web import page as pages
from bot.web.body import Busy, TooBig, posted
from bot.web.ports import Site
from conversations.association.association import Association
from conversations.cases.calendar import here, said
from conversations.cases.reference import read_reference
from conversations.wording import LANGUAGES
from storage.database import DatabaseAway

COOKIE = "wasl_mine"
FIELDS = 4096
"""Bytes of what is pressed."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class OwnPageRoutes:
    def __init__(self, own: OwnPages, site: Site) -> None:
        self.own, self.site = own, site

    def routes(self) -> list[Route]:
        return [
            Route("/{association}/mine/{token}", self.show, methods=["GET"]),
            Route("/{association}/mine/{token}", self.press, methods=["POST"]),
            Route("/{association}/mine/{token}/new", self.renew, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return await self._answer(request)

    async def press(self, request: Request) -> Response:
        """Opening it on this device, or opening one case (`case`)."""
        try:
            pressed = (await posted(request, FIELDS)).get("case")
        except (Unparseable, TooBig, Busy):
            return pages.kind_page("unclear", language=pages.language_of(request), status=400)
        return await self._answer(request, press=True, opened=read_reference(pressed) or "" if pressed else "")

    async def _answer(self, request: Request, press: bool = False, opened: str = "") -> Response:
        association, token = self._asked(request)
        if association is None:
            return pages.kind_page("no_mine", language=pages.language_of(request), status=404)
        mark, kept = request.cookies.get(COOKIE, ""), ""
        try:
            page = await self.own.look(association, token, mark, opened)
            if (
                page is not None
                and press
                and page.state == "fresh"
                and (kept := await self.own.enter(association, token))
            ):
                page = await self.own.look(association, token, kept)
            elif page is not None and press and page.state == "fresh":
                page = await self.own.look(association, token)  # another device was faster
        except DatabaseAway:
            return pages.kind_page("away", language=pages.language_of(request), status=503, association=association)
        if page is None:
            return pages.kind_page("no_mine", language=pages.language_of(request), status=404, association=association)
        response = self._page(association, token, page, opened)
        if kept:
            response.set_cookie(
                COOKIE,
                kept,
                max_age=int(OPEN_FOR.total_seconds()),
                path=f"/{association.slug}/mine/{token}",
                secure=pages.is_secure(self.site, request),
                httponly=True,
                samesite="lax",
            )
        return response

    async def renew(self, request: Request) -> Response:
        association, token = self._asked(request)
        language = pages.language_of(request)
        if association is None:
            return pages.kind_page("no_mine", language=language, status=404)
        try:
            page = await self.own.look(association, token)
            channel = await self.own.renew(association, token)
        except DatabaseAway:
            return pages.kind_page("away", language=language, status=503, association=association)
        if page is None or channel is None:
            return pages.kind_page("no_mine", language=language, status=404, association=association)
        return self._sheet(association, token, page, "sent" if channel else "not_sent", 200, channel)

    def _asked(self, request: Request) -> tuple[Association | None, str]:
        token = request.path_params["token"]
        return (pages.of_association(self.site, request) if _TOKEN.fullmatch(token) else None), token

    def _page(self, association: Association, token: str, page: OwnPage, opened: str) -> Response:
        if page.state != "open" or page.until is None:
            return self._sheet(association, token, page, page.state, 200 if page.state == "fresh" else 410)
        language = page.language
        words, digits = pages.words_in(language, association), pages.numerals(language)

        def clock(at: datetime) -> str:
            half = words("web.chat.am" if at.hour < 12 else "web.chat.pm")
            return f"{digits(f'{at.hour % 12 or 12}:{at.minute:02}')} {half}"

        def by(channel: str) -> str:
            key = f"web.mine.by.{channel}"
            return words(key if key in association.wording[language] else f"channel.{channel}")

        return pages.page(
            "own_page.html",
            language=language,
            words=words,
            more_headers=_headers(),
            slug=association.slug,
            page=page,
            opened=opened,
            until=clock(here(page.until)),
            day=lambda at: said(at.date(), language),
            clock=clock,
            by=by,
        )

    def _sheet(
        self, association: Association, token: str, page: OwnPage, what: str, status: int, channel: str = ""
    ) -> Response:
        words = pages.words_in(page.language if page.language in LANGUAGES else LANGUAGES[0], association)
        return pages.page(
            "own_page_sheet.html",
            language=page.language,
            words=words,
            status=status,
            more_headers=_headers(),
            what=what,
            slug=association.slug,
            token=token,
            channel=words(f"channel.{channel}") if channel else "",
        )


def _headers() -> dict[str, str]:
    """The address holds the token: it is told to nobody."""
    return pages.headers(referrer="no-referrer")
