"""`serve`: the application, its pages and its webhooks, in one process."""

import gc
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bot.frontline import FrontLine, build
from bot.log import about, log, start_logging
from bot.settings import Settings
from conversations.association.association import Association
from storage.accounts import ALL
from storage.backup import RESTORED

ANYWHERE = "0.0.0.0"  # noqa: S104
WEBHOOKS = ("/telegram/", "/twilio/")
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Application:
    """Webhooks are answered at once, everything else by the pages (FastAPI)."""

    def __init__(self, line: FrontLine) -> None:
        self.line = line
        self.webhooks = line.webhooks
        self.pages = make_pages(line)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        answer = self.pages
        if scope["type"] == "http" and scope["path"].startswith(WEBHOOKS):
            answer = self.webhooks
        try:
            await answer(scope, receive, send)
        except Exception as error:
            log.error("request_failed", **about(error))
            raise


class TheDesk:
    """The staff's pages, made when the first of them is asked for: a start does not wait for them."""

    def __init__(self, line: FrontLine, site: Any) -> None:
        self.line, self.site = line, site
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if self.app is None:
            from starlette.routing import Router

            from bot.desk.desk import Desk

            line = self.line
            desk = Desk(
                self.site,
                line.database,
                line.vault,
                line.intake,
                line.house.blobs,
                line.attachments,
                line.hub,
                line.settings,
            )
            desk.staff_groups = line.staff_groups
            desk.rates = {account: rate.per_second for account, rate in line.delivery.rates.items()}
            self.app = Router(routes=desk.routes())
        await self.app(scope, receive, send)


def make_pages(line: FrontLine) -> Any:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Mount

    from bot.channels.web_chat import WebChat
    from bot.own_page import OwnPages
    from bot.survey_page import SurveyPages
    from bot.web.own_page import OwnPageRoutes
    from bot.web.ports import Site
    from bot.web.routes import routes
    from bot.web.survey_page import SurveyPageRoutes
    from storage.database import DatabaseAway

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await line.start()
        # Not collected first: that takes a tenth of the start, and all but a little of this stays anyway.
        gc.freeze()
        gc.enable()
        gc.set_threshold(50_000, 50, 50)
        yield
        await line.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    async def health() -> Response:
        """200 where the database answers; what waits, in numbers."""
        from storage import alarms

        try:
            waiting = await line.database.read(alarms.count)
        except DatabaseAway:
            return JSONResponse({"database": "away"}, 503)
        return JSONResponse({"database": "here", "alarms": waiting, "associations": sorted(line.associations)})

    @app.get("/metrics")
    async def metrics() -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/media/{token}")
    async def media(request: Request) -> Response:
        """What a provider fetches to send it on: by a token that lives an hour."""
        from conversations.says import Attachment

        loan = line.loans.find(request.path_params["token"])
        content = await line.attachments(loan[0], Attachment(loan[1], "file")) if loan else None
        if content is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(content.data, media_type=content.media_type, headers=headers)

    chats = {slug: channel for (slug, _), channel in line.channels.items() if isinstance(channel, WebChat)}
    site = Site(
        associations=line.associations,
        public_url=line.settings.public_url,
        embed_origins=line.settings.embed_origins,
        file_limit=line.settings.file_limit_mb * 1024 * 1024,
    )
    app.router.routes.append(Mount("/desk", app=TheDesk(line, site)))
    if any(name == "email" for _, name in line.channels):
        from bot.web.email import MailIn

        app.router.routes.extend(MailIn(line.house, site, line.channels).routes())
    app.router.routes.extend(OwnPageRoutes(OwnPages(line.intake), site).routes())
    app.router.routes.extend(SurveyPageRoutes(SurveyPages(line.intake), site).routes())
    app.include_router(routes(line.house, site, chats))
    return app


def prepare(settings: Settings, associations: list[Association]) -> FrontLine:
    """The front line; raises before anything listens."""
    start_logging(settings.log_level)
    line = build(settings, {association.slug: association for association in associations})
    line.database.hold_serve_lock()
    return line


def serve(settings: Settings, associations: list[Association], started: float, say: Callable[[str], None]) -> None:
    """Until a signal. `started` is when the process began, for the words at start-up (time.monotonic).

    Raises PortTaken, and what `prepare` raises.
    """
    import uvicorn

    line = prepare(settings, associations)
    config = uvicorn.Config(
        Application(line),
        host=settings.host,
        port=settings.port,
        log_level="critical",
        ws="none",
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
        server_header=False,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[Any] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                port = self.servers[0].sockets[0].getsockname()[1]
                for words in at_start(line, port):
                    say(words)
                say(f"\nready in {time.monotonic() - started:.2f} s   (stop with Ctrl+C)")

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server(config)
    try:
        server.run()
    except SystemExit:
        if server.started:
            raise
        where = f"{settings.host}:{settings.port}"
        remedy = "give another WASL_PORT, or a WASL_HOST of this machine"
        raise PortTaken(f"{where} cannot be listened on: {remedy}") from None


class PortTaken(Exception):
    """Somebody listens there already, or the address is not ours."""


def at_start(line: FrontLine, port: int) -> list[str]:
    """Where people find each association, what is off, and what is held."""
    from bot.commands.staff import first_link

    settings = line.settings
    host = "localhost" if settings.host in ("127.0.0.1", ANYWHERE) else settings.host
    base = settings.public_url or f"http://{host}:{port}"
    words = [f"  {one.profile.name.ar}\n    {base}/{slug}/chat" for slug, one in line.associations.items()]
    words += ["", *(f"  {off}" for off in line.off)] if line.off else []
    words.append(f"\n  The desk of the staff: {base}/desk")
    if link := first_link(line):
        words.append(
            "  Nobody works there yet. This link makes the first account, with every role in every association;\n"
            f"  it works once, until tomorrow, and is for your eyes alone:\n    {base}{link}"
        )
    for (slug, channel), account in sorted(line.switches.known.items()):
        if account.paused:
            why = {RESTORED: "the database was restored from a copy"}.get(account.paused_why, account.paused_why)
            release = " ".join(["wasl outbound resume", *([slug, channel] if (slug, channel) != (ALL, ALL) else [])])
            what = "Nothing goes out" if (slug, channel) == (ALL, ALL) else f"Nothing goes out for {slug} {channel}"
            words.append(
                f"\n  {what}: {why or 'paused'}.\n"
                f"  Look at what may have been sent before (wasl outbound list), then: {release}"
            )
    return words
