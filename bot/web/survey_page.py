"""`/{association}/survey/{token}`: one person's survey on a page of ours. No script; kept by nobody; nothing personal
in its address."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.contract import Unparseable
from bot.survey_page import SurveyPage, SurveyPages
from bot.web import page as pages
from bot.web.body import Busy, Posted, TooBig, posted
from bot.web.ports import Site
from conversations.association.association import Association
from storage.database import DatabaseAway

_TOKEN = re.compile(r"[A-Za-z0-9_-]{34}")


class SurveyPageRoutes:
    def __init__(self, own: SurveyPages, site: Site) -> None:
        self.own, self.site = own, site

    def routes(self) -> list[Route]:
        path = "/{association}/survey/{token}"
        return [Route(path, self.show, methods=["GET"]), Route(path, self.answer, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Looking answers nothing: phones fetch links."""
        association, token, language = self._asked(request)
        if association is None:
            return pages.kind_page("no_survey", language=language, status=404)
        try:
            page = await self.own.look(association, token, language)
        except DatabaseAway:
            return pages.kind_page("away", language=language, status=503, association=association)
        return self._page(request, association, page)

    async def answer(self, request: Request) -> Response:
        association, token, language = self._asked(request)
        if association is None:
            return pages.kind_page("no_survey", language=language, status=404)
        words = pages.words_in(language, association)
        try:
            form = await posted(request, 64 * 1024)
            if form.get("way") == "decline":
                await self.own.decline(association, token)
                return RedirectResponse(f"{request.url.path}?lang={language}", 303)
            if form.get("way") == "call":
                return self._page(request, association, await self.own.call(association, token, form.get("mobile")))
            given = Posted([]) if form.get("way") == "skip" else form
            page = await self.own.answer(association, token, _with(given, form), language, words)
        except (Unparseable, TooBig, Busy):
            return pages.kind_page("unclear", language=language, status=400, association=association)
        except DatabaseAway:
            return pages.kind_page("away", language=language, status=503, association=association)
        if page is not None and page.state == "ask" and page.sheet and not page.sheet.filled.wrong and page.place:
            # What was asked is behind them, answered or passed over; reloading the next one asks nothing twice.
            return RedirectResponse(f"{request.url.path}?lang={language}", 303)
        return self._page(request, association, page)

    def _asked(self, request: Request) -> tuple[Association | None, str, str]:
        token = request.path_params["token"]
        known = pages.of_association(self.site, request) if _TOKEN.fullmatch(token) else None
        return known, token, pages.language_of(request)

    def _page(self, request: Request, association: Association, page: SurveyPage | None) -> Response:
        language = pages.language_of(request)
        if page is None or page.survey is None:
            return pages.kind_page("no_survey", language=language, status=404, association=association)
        sheet, survey = page.sheet, page.survey
        wrong = page.wrong or bool(sheet and sheet.filled.wrong)
        phones = (one for one in association.profile.contacts if one.kind == "phone" and one.state != "malformed")
        response = pages.page(
            "survey.html",
            language=language,
            words=pages.words_in(language, association),
            status=422 if wrong else 410 if page.state == "over" else 200,
            more_headers=pages.headers(referrer="no-referrer"),
            slug=association.slug,
            other="ar" if language == "en" else "en",
            page=page,
            title=survey.title.to(language),
            why=survey.why.to(language),
            fields=sheet.views(page.questions) if sheet else [],
            count=len(survey.questions),
            phone=next((one for one in phones if one.value), None) if page.low and page.anonymous else None,
            digits=pages.numerals(language),
        )
        pages.keep_language(self.site, request, response)
        return response


def _with(given: Posted, form: Posted) -> Posted:
    """What was answered, and of which question it is."""
    return Posted([*given.fields, ("question", form.get("question"))])
