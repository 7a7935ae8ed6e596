"""What every kind of answer is: it hears an event, explains itself, and shows its value.

One kind a file, on this skeleton. A kind is a frozen dataclass; its values are plain (str, int, float, bool, list, dict
of those), so that a draft survives any deploy. Words are found by key in the wording's `answers.po`:
`{kind}.ask` (the default question), `{kind}.help` (what it means, with an example) and one key a complaint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from conversations.events import Event
from conversations.says import Option


@dataclass(frozen=True, slots=True)
class Got:
    """Heard and understood: the canonical value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Again:
    """Not usable: the key of the words that help, and what they interpolate. Never holds what was typed."""

    words: str
    args: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Probably understood: ask whether this was meant (a mistyped label, a date whose calendar is unclear).

    `words` interpolate `{shown}`; yes stores `value`. `instead`: where no answer may be repeated, the key of what says
    how it would be taken; who then gives it once more means it."""

    value: Any
    words: str
    args: Mapping[str, Any] | None = None
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Accepted and on its way (a file being fetched): the value, settled by FileReady or FileRefused for `file`."""

    value: Any
    file: str


Heard = Got | Again | Confirm | Later


class Hearing(Protocol):
    """What an answer may know while it hears: today's date here (Asia/Riyadh) and the language."""

    @property
    def language(self) -> str: ...
    @property
    def today(self) -> Any: ...


@dataclass(frozen=True)
class Answer:
    """The skeleton. Subclasses give `kind` and `hear`; the rest has sensible defaults."""

    kind: ClassVar[str] = ""
    sensitive: ClassVar[bool] = False
    """Never asked for in a WhatsApp chat, masked wherever it is shown."""
    burst: ClassVar[bool] = False
    """Waits a few quiet seconds and takes several messages as one answer."""
    wants: ClassVar[str] = "text"
    """What a channel may offer beside typing: text, contact, location, file, voice."""

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        """Never raises for anything a person can send."""
        raise NotImplementedError

    def options(self, language: str) -> tuple[Option, ...]:
        """What can be chosen; empty for free answers."""
        return ()

    def join(self, values: Sequence[Any]) -> Any:
        """The parts of a burst as one value. Kinds without bursts keep the last."""
        return values[-1]

    def show(self, value: Any, language: str) -> str:
        """One line for the read-back; a sensitive kind masks all but the end."""
        return str(value)

    def input(self) -> Mapping[str, Any]:
        """How the secure page asks for it: HTML attributes such as type, inputmode, maxlength, accept, multiple."""
        return {"type": "text"}
