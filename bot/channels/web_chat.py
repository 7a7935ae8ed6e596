"""The chat on our own pages (bot/web/chat.py). The page's fetch is the delivery; `send` only wakes it.

A body is an envelope that the route makes of what the browser sent and of what the browser may not choose: the handle
(from the cookie), the time, and the page's language.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from bot.channels.contract import (
    Capabilities,
    Content,
    FetchError,
    Incoming,
    StatusReport,
    Unparseable,
    Unused,
    read_payload,
)
from conversations.events import Event, Location, Opened, Press, Text
from conversations.says import Say
from conversations.world import Traits

NAME = "web_chat"
TEXT = 4000
"""Characters of one message; the page's box stops there too."""

TRAITS = Traits(name=NAME, asks_sensitive=True, deletes=True)
CAPABILITIES = Capabilities(
    text=8000,
    caption=8000,
    buttons=12,
    button_title=60,
    rows=60,
    row_title=80,
    row_about=240,
    body_with_options=8000,
    controls=True,
)

ClientId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the page sends: its own id of the message, and exactly one of text, press, opened, location."""

    id: ClientId
    text: Annotated[str, msgspec.Meta(max_length=TEXT)] | None = None
    press: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """As the button carries it: the question's number and the choice (`payload_of`)."""
    opened: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    location: tuple[float, float] | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    handle: str
    at: datetime
    language: str
    said: bytes
    """The page's own JSON, as base64: what it holds can never pass for a part of the envelope."""


_envelope = msgspec.json.Decoder(Envelope)
_said = msgspec.json.Decoder(Said)


class Changes:
    """Wakes the pages that look at a conversation: this process's own, ids only."""

    AT_MOST = 8
    """Pages of one conversation that are woken at once; the oldest gives way and polls."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[asyncio.Queue[int | None]]] = defaultdict(list)

    def wake(self, association: str, handle: str, seq: int = 0) -> None:
        for queue in self._waiting.get((association, handle), ()):
            if queue.empty():
                queue.put_nowait(seq)

    def watched(self) -> list[tuple[str, str]]:
        """The conversations that pages of this process look at."""
        return list(self._waiting)

    async def watch(self, association: str, handle: str) -> AsyncIterator[int]:
        key, queue = (association, handle), asyncio.Queue[int | None](2)
        pages = self._waiting[key]
        if len(pages) >= self.AT_MOST:
            pages.pop(0).put_nowait(None)
        pages.append(queue)
        try:
            while (seq := await queue.get()) is not None:
                yield seq
        finally:
            if queue in pages:
                pages.remove(queue)
            if not pages and self._waiting.get(key) is pages:
                del self._waiting[key]

    def close(self) -> None:
        """Ends every watch, so that a server that stops need not wait for its pages."""
        for pages in self._waiting.values():
            for queue in pages:
                if not queue.full():
                    queue.put_nowait(None)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))


class WebChat:
    """One association's chat page. `wake` is told the association and handle of a conversation that has news."""

    name = NAME
    pushes = False
    traits = TRAITS
    capabilities = CAPABILITIES

    def __init__(self, association: str, wake: Callable[[str, str], None], public_url: str = "") -> None:
        self.association = association
        self._wake = wake
        self._public_host = urlsplit(public_url).netloc

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        """Whether a page of ours sent this, and not another site in the person's browser.

        `Sec-Fetch-Site` says so where the browser sends it; else the host of Origin, or of Referer, must be ours.
        """
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        try:
            sender = urlsplit(headers.get("origin") or headers.get("referer") or "").netloc
        except ValueError:
            return False
        return bool(sender) and sender in {urlsplit(url).netloc, self._public_host}

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        try:
            envelope = _envelope.decode(body)
            said = _said.decode(envelope.said)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unparseable("not what the page sends") from error
        event = _event(said, envelope.at)
        # A press carries its choice in the key, so that two buttons of one page without scripts stay two presses.
        key = ":".join(filter(None, (envelope.handle, said.id, said.press)))
        return [Incoming(handle=envelope.handle, event=event, key=key, language=envelope.language)]

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        self._wake(self.association, handle)
        return f"web-{row}"

    async def fetch(self, source: str, at_most: int) -> bytes:
        """Raises FetchError always: uploads are stored before their event is taken in."""
        raise FetchError("gone")

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        """The page shows what the transcript holds, and that is masked already."""
        return True

    async def close(self) -> None:
        return None


def _event(said: Said, at: datetime) -> Event:
    """Raises Unparseable unless exactly one thing was said."""
    given = [name for name in ("text", "press", "opened", "location") if getattr(said, name) is not None]
    if len(given) != 1:
        raise Unparseable("exactly one of text, press, opened, location")
    if said.text is not None:
        if not said.text.strip():
            raise Unparseable("an empty text")
        return Text(id=said.id, at=at, text=said.text)
    if said.press is not None:
        option, prompt = read_payload(said.press)
        return Press(id=said.id, at=at, option=option, prompt=prompt)
    if said.location is not None:
        latitude, longitude = said.location
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise Unparseable("no place on earth")
        return Location(id=said.id, at=at, latitude=latitude, longitude=longitude)
    return Opened(id=said.id, at=at, payload=said.opened or "")
