"""The public pages: the associations, each one's privacy notice, and what confirms a receipt and says nothing else."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.web import page as pages
from bot.web.ports import Away, Ports, Site

_REFERENCE = re.compile(r"[A-Za-z0-9-]{6,32}")
_DIGEST = re.compile(r"[A-Za-z0-9_-]{0,64}")
KEPT = (
    *("request", "complaint", "compensation", "suggestion", "inquiry", "volunteering", "data_request"),
    *("draft", "conversation"),
)
"""What the privacy page says a time for, in this order."""


class PublicPages:
    def __init__(self, ports: Ports, site: Site) -> None:
        self.ports, self.site = ports, site

    def routes(self) -> list[Route]:
        return [
            Route("/", self.index, methods=["GET"]),
            Route("/{association}/privacy", self.privacy, methods=["GET"]),
            Route("/{association}/policy", self.policy, methods=["GET"]),
            Route("/{association}/said-and-done", self.said_and_done, methods=["GET"]),
            Route("/{association}/receipt/{reference}", self.receipt, methods=["GET"]),
            Route("/{association}/stop/{token}", self.way_out, methods=["GET"]),
            Route("/{association}/stop/{token}", self.stop, methods=["POST"]),
        ]

    async def index(self, request: Request) -> Response:
        language = pages.language_of(request)
        response = pages.page(
            "index.html",
            language=language,
            words=pages.words_in(language),
            other="ar" if language == "en" else "en",
            associations=[
                {"slug": slug, "name": one.profile.name.to(language), "serves": one.profile.serves.to(language)}
                for slug, one in self.site.associations.items()
            ],
        )
        pages.keep_language(self.site, request, response)
        return response

    async def privacy(self, request: Request) -> Response:
        """The privacy notice in full: what the greeting's line links to."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        if association is None:
            return pages.kind_page("unknown", language=language, status=404)
        words = pages.words_in(language, association)
        notice = association.profile.privacy
        response = pages.page(
            "privacy.html",
            language=language,
            words=words,
            other="ar" if language == "en" else "en",
            slug=association.slug,
            version=notice.notice_version,
            carriers=notice.processors,
            kept=[
                (words(f"web.privacy.kind.{kind}"), _how_long(days, language, words))
                for kind in KEPT
                if (days := notice.retention_days.get(kind)) is not None
            ],
            keep_confirmed=notice.retention_confirmed,
        )
        pages.keep_language(self.site, request, response)
        return response

    async def policy(self, request: Request) -> Response:
        """The policy as printed: where a notice of its new version sends people."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        if association is None:
            return pages.kind_page("unknown", language=language, status=404)
        from conversations.association.policy_version import policy_version

        profile = association.profile
        response = pages.page(
            "policy.html",
            language=language,
            words=pages.words_in(language, association),
            other="ar" if language == "en" else "en",
            slug=association.slug,
            name=profile.name.to(language),
            policy=profile.policy,
            clauses=profile.clauses,
            version=policy_version(profile),
        )
        pages.keep_language(self.site, request, response)
        return response

    async def said_and_done(self, request: Request) -> Response:
        """«قلتم ففعلنا»: what was improved because people said so."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        if association is None:
            return pages.kind_page("unknown", language=language, status=404)
        try:
            done = await self.ports.said_and_done(association.slug, language)
        except Away:
            return pages.kind_page("away", language=language, status=503, association=association)
        from conversations.cases.calendar import said

        response = pages.page(
            "said_and_done.html",
            language=language,
            words=pages.words_in(language, association),
            other="ar" if language == "en" else "en",
            slug=association.slug,
            done=[(one, said(one.day, language)) for one in done],
        )
        pages.keep_language(self.site, request, response)
        return response

    async def receipt(self, request: Request) -> Response:
        """Reference, date, and whether the digest is the one we hold; the same kind page for everything unknown."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        reference, digest = request.path_params["reference"], request.query_params.get("d", "")
        if association is None or not _REFERENCE.fullmatch(reference) or not _DIGEST.fullmatch(digest):
            return pages.kind_page("no_receipt", language=language, status=404, association=association)
        try:
            view = await self.ports.receipt(association.slug, reference.upper(), digest)
        except Away:
            return pages.kind_page("away", language=language, status=503, association=association)
        if view is None:
            return pages.kind_page("no_receipt", language=language, status=404, association=association)
        from conversations.cases.calendar import said

        return pages.page(
            "receipt.html",
            language=language,
            words=pages.words_in(language, association),
            more_headers=pages.headers(referrer="no-referrer"),
            receipt=view,
            day_said=said(view.day, language),
        )

    async def way_out(self, request: Request) -> Response:
        """Asks whether messages are to stop, by the link in one of them. Looking stops nothing: phones fetch links."""
        association = pages.of_association(self.site, request)
        language = pages.language_of(request)
        try:
            known = association and await self.ports.stopped(association.slug, request.path_params["token"])
        except Away:
            return pages.kind_page("away", language=language, status=503, association=association)
        if association is None or known is None:
            return pages.kind_page("no_stop", language=language, status=404, association=association)
        response = pages.page(
            "stop.html",
            language=language,
            words=pages.words_in(language, association),
            more_headers=pages.headers(referrer="no-referrer"),
            other="ar" if language == "en" else "en",
            state="done" if known else "ask",
        )
        pages.keep_language(self.site, request, response)
        return response

    async def stop(self, request: Request) -> Response:
        """`?again` lets them come back. Neither that nor `?stop`, which our page says: a mail program's button, which
        follows no other answer than 200 (RFC 8058)."""
        association = pages.of_association(self.site, request)
        try:
            if association is not None:
                await self.ports.stop(association.slug, request.path_params["token"], "again" in request.query_params)
        except Away:
            language = pages.language_of(request)
            return pages.kind_page("away", language=language, status=503, association=association)
        if not {"again", "stop"} & set(request.query_params):
            return Response(status_code=200)
        return RedirectResponse(request.url.path, 303)


def _how_long(days: int, language: str, words: pages.Words) -> str:
    digits = pages.numerals(language)
    if days and days % 365 == 0:
        return words("web.privacy.years", count=days // 365, shown=digits(days // 365))
    return words("web.privacy.days", count=days, shown=digits(days))
