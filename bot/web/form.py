"""The secure page: what is never asked for in a chat, on one small page that needs no script.

Opening uses nothing up (link previews open pages too); submitting does. Each field is heard by its own kind of answer,
so that a number is understood here exactly as it is in the chat. Whoever holds the token may submit: no cookie is
involved, and so no other site can borrow one.
"""

import re
from datetime import date

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.contract import Unparseable
from bot.channels.web_chat import NAME as WEB_CHAT
from bot.web import page as pages
from bot.web.body import TYPED, Busy, Posted, TooBig, posted
from bot.web.fields import FieldView, Filled, Hearer, field_view, hear_file, hear_typed, joined, shape
from bot.web.page import Words
from bot.web.ports import Away, Expired, FormView, NotTaken, Ports, Site, Used
from conversations.answers.contract import Again
from conversations.moment import RIYADH

MOST_FILES = 20
TELEGRAM = "https://web.telegram.org"
"""Telegram on the web opens the page inside its own; everywhere else nobody may frame it."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


class Form:
    def __init__(self, ports: Ports, site: Site) -> None:
        self.ports, self.site = ports, site

    def routes(self) -> list[Route]:
        return [
            Route("/form/{token}", self.show, methods=["GET"]),
            Route("/form/{token}", self.submit, methods=["POST"]),
            Route("/form/{token}/renew", self.renew, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        try:
            view = await self._view(request)
        except Away:
            return self._kind_page(request, "away", 503)
        if view is None:
            return self._kind_page(request, "form.unknown", 404)
        if view.state != "open":
            return self._closed(request, view, view.state)
        return self._page(request, view, [field_view(one, view.language) for one in view.fields])

    async def submit(self, request: Request) -> Response:
        view, form = None, None
        try:
            view = await self._view(request)
            if view is None:
                return self._kind_page(request, "form.unknown", 404)
            form = await posted(request, self.site.file_limit + TYPED, most_files=MOST_FILES)
            if view.state != "open":
                return self._closed(request, view, view.state)
            filled = self._hear(view, form)
            if not filled.wrong:
                await self._keep_files(view, filled)
            if filled.wrong:
                return self._again(request, view, form, filled)
            await self.ports.submit(request.path_params["token"], filled.values)
        except Used:
            return self._closed(request, view, "used") if view else self._kind_page(request, "form.unknown", 404)
        except Expired:
            return self._closed(request, view, "expired") if view else self._kind_page(request, "form.unknown", 404)
        except Unparseable:
            return self._kind_page(request, "unclear", 400)
        except (TooBig, Busy, Away) as error:
            return self._not_now(request, view, form, error)
        return self._sheet(request, view, "done", 200)

    async def renew(self, request: Request) -> Response:
        try:
            view = await self._view(request)
            if view is None or not await self.ports.renew(request.path_params["token"]):
                return self._kind_page(request, "form.unknown", 404)
        except Away:
            return self._kind_page(request, "away", 503)
        return self._sheet(request, view, "renewed", 200)

    # Hearing

    def _hear(self, view: FormView, form: Posted) -> Filled:
        words = self._words(view)
        hearer = Hearer(view.language, self._today())
        filled = Filled()
        for one in view.fields:
            if one.declines.intersection(form.all(one.step)):
                declined = Filled()
                hear_typed(one, form.all(one.step), hearer, words, form, declined, self.site.clock())
                return declined
        for one in view.fields:
            if shape(one.answer, view.language) == "file":
                filled.uploads[one.step] = form.uploads(one.step)
                if not filled.uploads[one.step] and not one.optional:
                    filled.wrong[one.step] = words("web.form.missing_file")
                continue
            typed = [text for text in form.all(one.step) if text.strip()]
            if not typed:
                if one.optional:
                    filled.values[one.step] = None
                else:
                    filled.wrong[one.step] = words("web.form.missing")
                continue
            hear_typed(one, typed, hearer, words, form, filled, self.site.clock())
        return filled

    async def _keep_files(self, view: FormView, filled: Filled) -> None:
        """Stores what was uploaded, once all that was typed is right, and has each file heard."""
        words = self._words(view)
        hearer = Hearer(view.language, self._today())
        for one in view.fields:
            uploads = filled.uploads.get(one.step)
            if uploads is None:
                continue
            values = []
            for upload in uploads:
                try:
                    kept = await self.ports.store_file(
                        view.association, view.channel, view.handle, upload.name, upload.data
                    )
                except NotTaken as refused:
                    filled.wrong[one.step] = words(f"web.form.{refused.reason}", limit=self._limit(view))
                    break
                heard = hear_file(one.answer, kept, hearer, self.site.clock())
                if isinstance(heard, Again):
                    filled.wrong[one.step] = words(heard.words, **(heard.args or {}))
                    break
                values.append(heard.value)
            else:
                filled.values[one.step] = joined(one.answer, values) if values else None

    # Pages

    async def _view(self, request: Request) -> FormView | None:
        token = request.path_params["token"]
        view = await self.ports.form(token) if _TOKEN.fullmatch(token) else None
        return view if view and view.association in self.site.associations else None

    def _today(self) -> date:
        return self.site.clock().astimezone(RIYADH).date()

    def _limit(self, view: FormView) -> str:
        return pages.numerals(view.language)(self.site.megabytes)

    def _words(self, view: FormView) -> Words:
        return pages.words_in(view.language, self.site.associations[view.association])

    def _again(self, request: Request, view: FormView, form: Posted, filled: Filled) -> Response:
        words = self._words(view)
        fields = []
        for one in view.fields:
            shown = field_view(one, view.language)
            shown.typed = form.all(one.step)
            shown.wrong, shown.sure = filled.wrong.get(one.step, ""), filled.sure.get(one.step, "")
            if shown.kind == "file" and not shown.wrong and filled.uploads.get(one.step):
                shown.wrong = words("web.form.file_again")
            fields.append(shown)
        return self._page(request, view, fields, status=422)

    def _not_now(self, request: Request, view: FormView | None, form: Posted | None, error: Exception) -> Response:
        """The page again with what was typed, where that is known."""
        if view is None:
            return self._kind_page(request, "away", 503)
        status, notice = (503, "away") if isinstance(error, Away | Busy) else (413, "too_big_all")
        fields = [field_view(one, view.language) for one in view.fields]
        for shown in fields:
            shown.typed = form.all(shown.id) if form else []
        return self._page(request, view, fields, status=status, notice=notice)

    def _page(
        self,
        request: Request,
        view: FormView,
        fields: list[FieldView],
        status: int = 200,
        notice: str = "",
    ) -> Response:
        words = self._words(view)
        until = view.until.astimezone(RIYADH)
        half = words("web.chat.am" if until.hour < 12 else "web.chat.pm")
        time_said = pages.numerals(view.language)(f"{until.hour % 12 or 12}:{until.minute:02}")
        return pages.page(
            "form.html",
            language=view.language,
            words=words,
            status=status,
            more_headers=_headers(),
            token=request.path_params["token"],
            title=view.title,
            fields=fields,
            until=words("web.form.until", time=f"{time_said} {half}", day=_day_said(until.date(), view.language)),
            notice=notice,
            limit=self._limit(view),
        )

    def _closed(self, request: Request, view: FormView, state: str) -> Response:
        return self._sheet(request, view, state, 410)

    def _sheet(self, request: Request, view: FormView, what: str, status: int) -> Response:
        return pages.page(
            "form_closed.html",
            language=view.language,
            words=self._words(view),
            status=status,
            more_headers=_headers(),
            what=what,
            token=request.path_params["token"],
            chat=f"/{view.association}/chat" if view.channel == WEB_CHAT else "",
        )

    def _kind_page(self, request: Request, what: str, status: int) -> Response:
        return pages.kind_page(what, language=pages.language_of(request), status=status)


def _headers() -> dict[str, str]:
    """The address holds the token: it is told to nobody."""
    return pages.headers(ancestors=TELEGRAM, referrer="no-referrer")


def _day_said(day: date, language: str) -> str:
    from conversations.cases.calendar import said

    return said(day, language)
