"""What the pages need of the house: taking events in, and reading what may be shown.

The composition root gives an object that has these methods; the tests give a small one that lives in memory.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, Protocol

from bot.channels.contract import Content, Incoming
from conversations.answers.contract import Answer
from conversations.association.association import Association
from conversations.says import Say


class Away(Exception):
    """The database is away: the page keeps what was typed and tries again (503)."""


class Used(Exception):
    """The form was submitted before; nothing was taken."""


class Expired(Exception):
    """The form's time is over; nothing was taken."""


class NotTaken(Exception):
    """A file was not kept. `reason` as in the event FileRefused; `too_many`: this address sent enough for an hour."""

    def __init__(self, reason: Literal["too_big", "too_many", "kind", "gone", "empty"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """A kept file: our id of it, its name, its kind by signature (jpeg, pdf, ogg …) and its size in bytes."""

    id: str
    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a transcript, numbered within its conversation. `say` is set on what we said."""

    seq: int
    direction: Literal["in", "out"]
    at: datetime
    text: str = ""
    say: Say | None = None
    state: str = ""
    """Where an outgoing row stands (queued … read, failed, uncertain)."""
    file: FileInfo | None = None
    staff: bool = False
    """Said by a member of staff, not by the assistant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One question of the secure page: the step's id, its words, the kind that hears it, and a value to start from."""

    step: str
    label: str
    answer: Answer
    help: str = ""
    optional: bool = False
    value: Any = None
    """A canonical value known before; shown only where the kind is not sensitive."""
    declines: frozenset[str] = frozenset()
    """Options that end it («لا أوافق»): then nothing else on the page is needed, and nothing else is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """A secure page as it stands now."""

    association: str
    channel: str
    handle: str
    language: str
    title: str
    fields: tuple[FormField, ...]
    until: datetime
    state: Literal["open", "used", "expired"] = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneView:
    """One improvement as everybody reads it: what was said, what was done, when, and in which language."""

    language: str
    said: str
    done: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """All that a receipt's page may say."""

    reference: str
    day: date
    matches: bool


class Ports(Protocol):
    """Every method may raise Away."""

    async def take(self, association: str, channel: str, incomings: Sequence[Incoming]) -> None:
        """Take events in; returns once they and all that follows from them are committed."""
        ...

    async def transcript(self, association: str, handle: str, after: int = 0) -> Sequence[Line]:
        """The lines of this web chat's conversation behind `after`, oldest first."""
        ...

    async def seen(self, association: str, handle: str, upto: int) -> None:
        """The page holds every line up to here: what was accepted is delivered."""
        ...

    def changed(self, association: str, handle: str) -> AsyncIterator[int]:
        """Yields the number of the newest line (0 where it is not known) each time the conversation changes."""
        ...

    async def content(self, association: str, handle: str, seq: int) -> Content | None:
        """The file of one line of this conversation, or None."""
        ...

    async def store_file(self, association: str, channel: str, handle: str, name: str, data: bytes) -> FileInfo:
        """Seal and keep a file. Raises NotTaken."""
        ...

    async def form(self, token: str) -> FormView | None:
        """The page behind a token; reading it uses nothing up."""
        ...

    async def submit(self, token: str, values: Mapping[str, Any]) -> None:
        """Take the canonical values by step (None: left empty) and use the page up. Raises Used or Expired."""
        ...

    async def renew(self, token: str) -> bool:
        """Have the conversation send a new link in place of this one; False where the token is unknown."""
        ...

    async def stopped(self, association: str, token: str) -> bool | None:
        """Whether the person behind a link that stops messages has stopped them; None for a link that is not ours."""
        ...

    async def stop(self, association: str, token: str, again: bool) -> None:
        """Stop our messages to whoever has this link, or (`again`) let them come back; unknown links do nothing."""
        ...

    async def said_and_done(self, association: str, language: str) -> Sequence[DoneView]:
        """What was improved because people said so, newest first, in this language where it is written in it."""
        ...

    async def receipt(self, association: str, reference: str, digest: str) -> ReceiptView | None:
        """What the receipt's page confirms; `digest` is the short one printed in the QR code."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the pages know without asking: the associations, our own address, limits, and who may embed the chat."""

    associations: Mapping[str, Association]
    public_url: str = ""
    """As people see it, without a slash at the end; empty where there is none."""
    embed_origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By association, the origins whose pages may frame its chat; without an entry, the website its policy prints."""
    file_limit: int = 20 * 1024 * 1024
    """Bytes of one upload."""
    clock: Callable[[], datetime] = _now

    @property
    def megabytes(self) -> int:
        """The limit of one upload, as people are told it."""
        return self.file_limit // (1024 * 1024)

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")
