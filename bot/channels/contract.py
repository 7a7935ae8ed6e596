"""What every channel is: verify, parse, fit, send. One file a channel behind this, and one table of tests.

A channel object is one account of one association. Parsing and fitting are pure; only `send` and `fetch` touch the
network. Errors say what follows from them (rule 5 of the house); `bot/delivery.py` alone acts on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from conversations.events import Event
from conversations.says import Option, Say
from conversations.world import Traits

Status = Literal["accepted", "delivered", "read", "failed"]

KEPT = "kept"
"""The source of a file whose bytes are stored before its event is taken in: the event holds our own id of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One event from one address. `source` is the provider's own name of a file (never a link that holds a token)."""

    handle: str
    event: Event
    key: str
    """What it is recognised by when the provider sends it twice, unique within the account."""
    source: str = ""
    language: str = ""
    """What the channel knows of the person's language, as a hint."""
    answer_to: str = ""
    """A callback id to be answered at once, best effort, outside the outbox."""
    provider_id: str = ""
    """The provider's id of the message, so that it can be deleted or replied to."""
    payload: str = ""
    """Provider facts a later call needs (a reply token, a user id), never content."""
    checked: bool = True
    """Whoever sent this has the address; False where anybody can write it there (e-mail that nobody checked)."""
    answers: int | None = None
    """Our row that this answers, where what came holds its sealed name: only who has the address can know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What a provider says became of a message: by our row id where the callback carries it, else by its own id."""

    key: str
    status: Status
    row: int | None = None
    provider_id: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Unused:
    """An update we read and do not use: answered 200 and counted under `what`."""

    what: str


class Unparseable(ValueError):
    """The body is not what the provider sends: 400, counted, nothing stored."""


class SendError(Exception):
    """Sending failed. `code` is the provider's or ours; it names a sentence for staff (`send_error.<code>`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TryAgain(SendError):
    """A passing failure. `after` seconds (None: back off by ourselves); `whole_account` holds all of the account."""

    def __init__(self, code: str, after: float | None = None, whole_account: bool = False) -> None:
        super().__init__(code)
        self.after, self.whole_account = after, whole_account


class AddressGone(SendError):
    """Give this address up until the person writes again (blocked, stopped, no such number)."""


class UseTemplate(SendError):
    """Outside the window: only an approved template may go."""


class UseAnotherChannel(SendError):
    """Not reachable here now: the next channel."""


class ContentRefused(SendError):
    """The content itself was refused: no retry, a person looks."""


class StopChannel(SendError):
    """Credentials, sender or template wrong: stop the account (or the template) and alarm."""


class Uncertain(SendError):
    """It may have arrived: the request was written and no answer came."""


class FetchError(Exception):
    """A file could not be fetched. `reason` as in FileRefused; `retry` where it may work later."""

    def __init__(self, reason: Literal["too_big", "kind", "gone", "empty"], retry: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry = reason, retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What fits into one wire message. Lengths in characters."""

    text: int
    caption: int = 0
    """Text beside a file; 0 where a file goes alone."""
    buttons: int = 0
    """Most options as buttons; more (or longer) go as a list, and else as numbered lines."""
    button_title: int = 20
    rows: int = 0
    row_title: int = 24
    row_about: int = 72
    body_with_options: int = 1024
    controls: bool = False
    """Has room for small ways out beside the options."""
    files: bool = True
    links: bool = True
    """Shows a link, each in its own way; else `fit` puts it into the text."""
    answers: bool = True
    """People can answer here; else no choices are shown."""


class Channel(Protocol):
    """One account of one association."""

    name: str
    association: str
    traits: Traits
    capabilities: Capabilities
    pushes: bool
    """Sends by itself; False where people fetch (the web chat), so that a committed row is already with its channel."""

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        """Whether the request is the provider's own; compared in constant time."""
        ...

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """Raises Unparseable."""
        ...

    async def send(self, handle: str, say: Say, row: int, attachment: "Content | None" = None) -> str:
        """One wire message; returns the provider's id of it. Raises a SendError."""
        ...

    async def fetch(self, source: str, at_most: int) -> bytes:
        """The bytes of a file, at most so many. Raises FetchError."""
        ...

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        """Take a message of the person's out of the chat; False where that cannot be done. Never raises."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Templated(Protocol):
    """A channel with a window outside of which only an approved template may go."""

    def has_template(self, kind: str, language: str) -> bool: ...


@runtime_checkable
class Explains(Protocol):
    """A channel whose provider reports failures by a code, afterwards."""

    def refusal(self, code: str) -> SendError: ...


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes behind a Say's attachment. `url` is a public one-time address, where a channel needs that."""

    name: str
    media_type: str
    data: bytes
    url: str = ""


MOST_PROMPT = 16
"""Hexadecimal digits of a question's number."""


def payload_of(option: Option, prompt: int) -> str:
    """What a button carries, at most 64 bytes (Telegram's callback_data): the question's number and the choice."""
    return f"{prompt:x}:{option.id}"


def read_payload(payload: str) -> tuple[str, int]:
    """The choice and the question's number; a payload that is not ours is a choice of question 0."""
    prompt, colon, option = payload.partition(":")
    # Whoever writes their own client can send any payload: a number that no row can hold is none of ours.
    if not colon or len(prompt) > MOST_PROMPT:
        return payload, 0
    try:
        return option, int(prompt, 16)
    except ValueError:
        return payload, 0


def fit(say: Say, can: Capabilities) -> tuple[Say, ...]:
    """Cut one say into as many as the channel needs: one say, one row, one wire message. Nothing is lost but controls
    where there is no room for them, and choices where nobody can answer. A file goes first, the text in order, options
    and ways out with the last."""
    text, options, link = say.text, say.options if can.answers else (), say.link
    controls = say.controls if can.controls else ()
    if link and not can.links:
        text, link = f"{text}\n\n{link.title}: {link.url}".lstrip(), None
    if options and (way := _way(options, can)) != "choices":
        told = [_line(option, number, way) for number, option in enumerate(options, 1) if way == "text" or option.about]
        text = "\n".join((f"{text}\n", *told)).lstrip()
        options = () if way == "text" else tuple(Option(option.id, option.title) for option in options)
    limit = min(can.text, can.body_with_options) if options else can.text
    alone = say.file is not None and can.files and bool(text) and len(text) > (min(can.caption, limit))
    if not alone and len(text) <= limit:
        same = text is say.text and options is say.options and controls is say.controls
        return (say,) if same else (_changed(say, text=text, options=options, controls=controls, link=link),)
    part = Say(text="", lane=say.lane, by=say.by, via=say.via, apart=say.apart)
    first = (_changed(part, file=say.file),) if alone else ()
    *parts, last = _split(text, limit)
    return (
        *first,
        *(_changed(part, text=words) for words in parts),
        _changed(say, text=last, options=options, controls=controls, link=link, file=None if alone else say.file),
    )


def _way(options: tuple[Option, ...], can: Capabilities) -> Literal["choices", "buttons", "text"]:
    """As they are; as buttons, with what is said about them in the text; or as numbered lines."""
    as_buttons = len(options) <= can.buttons and all(len(option.title) <= can.button_title for option in options)
    if as_buttons and not any(option.about for option in options):
        return "choices"
    if len(options) <= can.rows and all(
        len(option.title) <= can.row_title and len(option.about) <= can.row_about for option in options
    ):
        return "choices"
    return "buttons" if as_buttons else "text"


def _line(option: Option, number: int, way: str) -> str:
    lead = f"{number}. {option.title}" if way == "text" else f"• {option.title}"
    return f"{lead}: {option.about}" if option.about else lead


def _changed(say: Say, **what: Any) -> Say:
    return msgspec.structs.replace(say, **what)


def _split(text: str, limit: int) -> list[str]:
    """At paragraphs, else lines, else spaces, else anywhere: never an empty part."""
    parts: list[str] = []
    text = text.strip()
    while len(text) > limit:
        cut = next(
            (at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, limit // 3, limit + 1)) > 0),
            limit,
        )
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text or not parts else parts
