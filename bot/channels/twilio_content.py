"""Buttons and lists on WhatsApp: contents of Twilio's Content API, made once each and remembered.

A content holds no words. Everything said is a variable of the single message: the lines of the body, titles, ids. So
one content serves every question of its shape (two buttons under three lines, say), no question needs one of its own,
and nothing personal is kept at Twilio as a content. What Twilio documents about variables decides the shape:

- a value is at most 255 characters and never empty, and WhatsApp refuses line breaks inside values: so every line of
  the body is a variable of its own, a long line several, and breaks and blank lines stay in the content;
- at most 100 variables in all; keys at most 16 characters;
- body, titles, ids, descriptions and the list's button may all be variables (twilio/quick-reply, twilio/list-picker);
- an apostrophe inside the JSON of the values has been refused (21656), so it is written as an escape.

Neither kind needs approval inside the 24 hours of a conversation. What has no shape goes as numbered text.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from bot.channels.contract import payload_of
from bot.channels.http import NotAnswered, NotSent
from conversations.says import Option

MOST_BUTTONS, BUTTON_TITLE = 3, 20
MOST_ROWS, ROW_TITLE, ROW_ABOUT, ROW_ID = 10, 24, 72, 200
BODY = 1024
LONGEST_VALUE = 255
VALUE = 120
"""Where a line is cut: far from the longest, since Arabic takes two bytes a letter, should those be what is counted."""
MOST_VALUES = 100
REST = 600.0
"""Seconds without another attempt at a content that Twilio would not make, or did not take."""

_ARABIC = re.compile("[\u0600-\u06ff]")


class Contents(Protocol):
    """Where the ids of contents are remembered, per account, by the digest of what they hold."""

    async def get(self, digest: str) -> str:
        """The content's id; "" for one not made yet, or forgotten."""
        ...

    async def put(self, digest: str, sid: str) -> None:
        """Takes the place of what was remembered; "" forgets."""
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """A content without words: its kind and definition as the Content API takes it."""

    digest: str
    name: str
    language: str
    types: dict[str, Any]
    samples: dict[str, str]


def language_of(text: str) -> str:
    return "ar" if _ARABIC.search(text) else "en"


def shape_of(
    text: str, options: tuple[Option, ...], prompt: int, list_button: Callable[[str], str]
) -> tuple[Shape, dict[str, str]] | None:
    """The shape of a question and the values of this one; None where only numbered text will do.

    `list_button` gives the words on a list's button in a language. A list shows descriptions, buttons cannot.
    """
    described = any(option.about for option in options)
    as_buttons = not described and len(options) <= MOST_BUTTONS and _short(options, BUTTON_TITLE)
    as_rows = len(options) <= MOST_ROWS and _short(options, ROW_TITLE)
    if not options or not text.strip() or len(text) > BODY or not (as_buttons or as_rows):
        return None
    values: list[str] = []

    def variable(value: str) -> str:
        values.append(value)
        return "{{" + str(len(values)) + "}}"

    body = "\n".join(
        " ".join(variable(part) for part in _parts(line)) for line in text.replace("\t", " ").strip().splitlines()
    )
    language = language_of(text)
    items = [(variable(option.title), variable(payload_of(option, prompt)), option.about) for option in options]
    if as_buttons:
        kind = "twilio/quick-reply"
        actions = [{"type": "QUICK_REPLY", "title": title, "id": id} for title, id, _ in items]
        definition: dict[str, Any] = {"body": body, "actions": actions}
    else:
        kind = "twilio/list-picker"
        rows = [{"item": title, "id": id} | _about(about, variable) for title, id, about in items]
        definition = {"body": body, "button": variable(list_button(language)), "items": rows}
    if len(values) > MOST_VALUES or not all(map(_allowed, values)):
        return None
    return _shape(kind, language, definition, len(values)), {str(at): value for at, value in enumerate(values, 1)}


def _allowed(value: str) -> bool:
    return len(value) <= LONGEST_VALUE and "{{" not in value and "}}" not in value


def _about(about: str, variable: Callable[[str], str]) -> dict[str, str]:
    return {"description": variable(about)} if about else {}


def _short(options: tuple[Option, ...], title: int) -> bool:
    """Also that no two titles are the same, which WhatsApp refuses."""
    return (
        all(option.title.strip() and len(option.title) <= title for option in options)
        and all(len(option.about) <= ROW_ABOUT for option in options)
        and len({option.title for option in options}) == len(options)
    )


def _parts(line: str) -> list[str]:
    """A line in values short enough, cut at spaces (which come back between them); a blank line has none."""
    parts: list[str] = []
    for word in filter(None, line.split(" ")):
        if parts and len(parts[-1]) + 1 + len(word) <= VALUE:
            parts[-1] += " " + word
        else:
            parts.append(word)
    return parts


def _shape(kind: str, language: str, definition: dict[str, Any], count: int) -> Shape:
    types = {kind: definition}
    digest = hashlib.sha256(msgspec.json.encode([language, types], order="deterministic")).hexdigest()
    # Samples differ from one another: titles and ids of one content must.
    samples = {str(number): f"{number}" for number in range(1, count + 1)}
    return Shape(digest, f"wasl-{kind.rpartition('/')[2]}-{digest[:12]}", language, types, samples)


def encode_values(values: dict[str, str]) -> str:
    return msgspec.json.encode(values).decode().replace("'", "\\u0027")


class ContentShelf:
    """The contents of one account: known ones from memory, then from `Contents`, else made once."""

    def __init__(self, contents: Contents, make: Callable[[Shape], Awaitable[str]]) -> None:
        self._contents, self._make = contents, make
        self._known: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._not_before: dict[str, float] = {}

    async def sid_of(self, shape: Shape) -> str:
        """The content's id; "" while Twilio makes none. `make` gives "" where it fails."""
        if sid := self._known.get(shape.digest):
            return sid
        async with self._locks.setdefault(shape.digest, asyncio.Lock()):
            sid = self._known.get(shape.digest) or await self._contents.get(shape.digest)
            if not sid and time.monotonic() >= self._not_before.get(shape.digest, 0.0):
                sid = await self._make(shape)
                if sid:
                    await self._contents.put(shape.digest, sid)
                else:
                    self._not_before[shape.digest] = time.monotonic() + REST
            if sid:
                self._known[shape.digest] = sid
            return sid

    async def forget(self, shape: Shape) -> None:
        """Twilio no longer takes this one: after a rest, make another."""
        self._known.pop(shape.digest, None)
        self._not_before[shape.digest] = time.monotonic() + REST
        await self._contents.put(shape.digest, "")


async def make_content(client: Any, shape: Shape) -> str:
    """Make a content at Twilio by its own client; "" where that fails, whoever is to blame."""
    from twilio.base.exceptions import TwilioException
    from twilio.rest.content.v1.content import ContentList

    wanted = {
        "friendly_name": shape.name,
        "language": shape.language,
        "variables": shape.samples,
        "types": shape.types,
    }
    try:
        made = await client.content.v1.contents.create_async(ContentList.ContentCreateRequest(wanted))
    except (TwilioException, NotSent, NotAnswered):
        return ""
    return str(made.sid or "")
