"""Where mail for an association's address comes in: whoever takes it (a relay's pipe, a mailbox's hook) posts it here,
whole as it arrived (`message/rfc822`), with the secret. 200 only after the commit; 503 has the relay try again.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import metrics
from bot.channels.contract import KEPT, Channel, Incoming, StatusReport, Unparseable, Unused
from bot.channels.email import NAME, Email
from bot.channels.email_inbound import File, Mail
from bot.web.body import TooBig, read
from bot.web.lines import PICTURES, SOUNDS
from bot.web.ports import Away, FileInfo, NotTaken, Site
from conversations.events import Event, FileReady, FileRefused, Media, MediaKind, Text
from storage.ids import new_id

LIMIT = 36 * 1024 * 1024
"""Bytes of one mail; what is larger mailboxes refuse as well (25 MB of files, a third more on the wire)."""
AT_ONCE = 4
"""Mails read at the same time: each is in memory several times over."""


class House(Protocol):
    """What is asked of the house; every method may raise Away."""

    async def take(self, association: str, channel: str, incomings: "list[Incoming | StatusReport]") -> None: ...

    async def is_taken(self, association: str, channel: str, key: str) -> bool:
        """Whether this came in before."""
        ...

    async def store_file(self, association: str, channel: str, handle: str, name: str, data: bytes) -> FileInfo:
        """Raises NotTaken."""
        ...


class MailIn:
    def __init__(self, house: House, site: Site, channels: Mapping[tuple[str, str], Channel]) -> None:
        self.house, self.site = house, site
        self.channels = {slug: channel for (slug, _), channel in channels.items() if isinstance(channel, Email)}
        self._room = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        return [Route("/email/{association}", self.arrived, methods=["POST"])]

    async def arrived(self, request: Request) -> Response:
        channel = self.channels.get(request.path_params["association"])
        if channel is None:
            return _refused("unknown", 404)
        # Before a byte of the mail is read: whoever does not know the secret costs nothing.
        if not channel.verify(request.headers, "", b""):
            return _refused("signature", 403)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "message/rfc822":
            return _refused("content_type", 415)
        try:
            async with self._room:
                body = await read(request, LIMIT)
                found = await asyncio.to_thread(channel.read, body)
                del body
                await self._take(channel.association, found)
        except TooBig:
            return _refused("too_large", 413)
        except Unparseable:
            return _refused("unparseable", 400)
        except Away:
            return Response(status_code=503, headers={"Retry-After": "60"})
        return Response(status_code=200)

    async def _take(self, association: str, found: Mail | StatusReport | Unused) -> None:
        if isinstance(found, Unused):
            metrics.unused.labels(NAME, found.what).inc()
        elif isinstance(found, StatusReport):
            await self.house.take(association, NAME, [found])
        elif not await self.house.is_taken(association, NAME, f"{found.key}:0"):
            await self.house.take(association, NAME, await self._incomings(association, found))

    async def _incomings(self, association: str, mail: Mail) -> list[Incoming | StatusReport]:
        """The text, or the files with the text at the first; files are kept before their event is taken in."""
        at = self.site.clock()
        events: list[Event] = [] if mail.files else [Text(id=mail.key, at=at, text=mail.text)]
        for number, file in enumerate(mail.files):
            caption = "" if number else mail.text
            album = mail.key if len(mail.files) > 1 else ""
            events += await self._file(association, mail.handle, file, f"{mail.key}:{number}", caption, album)
        return [
            Incoming(
                handle=mail.handle,
                event=event,
                key=f"{mail.key}:{number}",
                source=KEPT if isinstance(event, Media) else "",
                checked=mail.checked,
                answers=mail.answers,
            )
            for number, event in enumerate(events)
        ]

    async def _file(
        self, association: str, handle: str, file: File, id: str, caption: str, album: str
    ) -> tuple[Event, Event]:
        at = self.site.clock()
        try:
            kept = await self.house.store_file(association, NAME, handle, file.name, file.data)
        except NotTaken as error:
            none, why = str(new_id()), "gone" if error.reason == "too_many" else error.reason
            media = Media(id=id, at=at, file=none, kind="document", name=file.name, caption=caption, album=album)
            return media, FileRefused(id=f"{id}-refused", at=at, file=none, reason=why)
        kind: MediaKind = "document"
        if kept.kind in PICTURES or kept.kind == "heic":
            kind = "photo"
        elif kept.kind in SOUNDS:
            kind = "audio"
        media = Media(
            id=id, at=at, file=kept.id, kind=kind, name=kept.name, size=kept.size, caption=caption, album=album
        )
        return media, FileReady(id=f"{id}-ready", at=at, file=kept.id, kind=kept.kind, size=kept.size)


def _refused(why: str, status: int) -> Response:
    metrics.refused.labels(NAME, why).inc()
    return Response(status_code=status)
