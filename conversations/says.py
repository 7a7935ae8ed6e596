"""What a turn may say, whatever the channel. Channels decide how it looks; `fit` (bot/channels/contract.py) cuts it."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Lane = Literal["dialogue", "notice", "bulk"]

BUTTON_TITLE = 20
"""Characters of a button that every channel can show (Twilio quick reply)."""
ROW_TITLE, ROW_ABOUT = 24, 72
"""Characters of a list row and its description that every channel can show (Twilio list picker)."""


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that can be chosen. `id` is ASCII, at most 40 characters; an id that begins with "/" is a command that
    works from any message, old or new."""

    id: str
    title: str
    about: str = ""


def position(what: str, things: Sequence[object]) -> int | None:
    """The place that an option's id names (`resume:2`), where there is one: buttons come back from outside."""
    number = int(what) if what.isascii() and what.isdigit() and len(what) < 5 else len(things)
    return number if number < len(things) else None


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file to send: `file` is the id of a stored file, or `receipt:REFERENCE`, drawn when it is sent."""

    file: str
    name: str
    kind: str = "pdf"


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page to open. `private` pages carry a one-time token: a channel that can opens them inside itself."""

    title: str
    url: str
    private: bool = False


class Say(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing said. `prompt` numbers the question its options answer; presses bring it back."""

    text: str
    options: tuple[Option, ...] = ()
    controls: tuple[Option, ...] = ()
    """Small ways out (back, skip, a person): shown after the options where a channel has room, dropped where not."""
    prompt: int = 0
    file: Attachment | None = None
    link: Link | None = None
    wants: Literal["", "contact", "location", "file", "voice", "text", "text_or_file"] = ""
    lane: Lane = "dialogue"
    by: str = ""
    """The id of the worker who said it; empty: the assistant did."""
    via: str = ""
    """Where the worker wrote it, as in StaffSaid."""
    template: str = ""
    """The kind of approved template this is (reply_waiting), for a channel whose window is closed."""
    values: dict[str, str] = {}
    """What the template's numbered places say."""
    progress: tuple[int, int] | None = None
    """Question number and how many there are, for channels that can draw it."""
    apart: bool = False
    """Tells something of what was answered to a survey: staff do not read it beside who it was said to."""
