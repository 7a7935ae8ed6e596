"""Where one person stands: which flow and step, the draft, what is set aside, who holds the conversation.

This is what is sealed and stored between turns. Fields are only ever added, with defaults (rule 13 of the house);
samples of each SCHEMA stay in tests/conversations/samples.
"""

from datetime import datetime
from typing import Any

import msgspec

from conversations.says import Option

SCHEMA = 1


class Address(msgspec.Struct, frozen=True):
    """A channel and a handle, such as whatsapp and +9665…; a web chat's handle is a random cookie."""

    channel: str
    handle: str


class Draft(msgspec.Struct, omit_defaults=True):
    """One flow being filled in: canonical answers by step id. None means the person skipped the step."""

    flow: str
    subject: str = ""
    """What the flow is about where it has kinds of its own: a service id, a case's reference."""
    step: str = ""
    answers: dict[str, Any] = {}
    version: str = ""
    """The fingerprint of the flow's steps when the draft was last touched."""
    trail: list[str] = []
    """Steps answered in this order, so that back means what the person expects."""
    pending: list[Any] = []
    """Parts of a burst, waiting for a few quiet seconds: texts, or {"value": …} of what was heard otherwise."""
    waiting: list[str] = []
    """Files asked for and not yet fetched."""
    failures: int = 0
    kinds: dict[str, str] = {}
    """The kind each answer was heard by: an answer whose kind has changed since is asked again."""
    confirm: "Confirming | None" = None
    form: str = ""
    """The secure page that is open for this draft, and until when."""
    form_until: datetime | None = None
    reminded: bool = False
    touched: datetime | None = None


class Confirming(msgspec.Struct, omit_defaults=True):
    """A value waiting for yes or no: probably meant, or known from before."""

    value: Any
    known: bool = False


class Member(msgspec.Struct, omit_defaults=True):
    """One of several people who share a phone. The private word is kept as a digest."""

    name: str
    word: str = ""


class Invitation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A survey this address was invited to: invited, later, begun, declined, finished, or cut: it was over while they
    were at it, and they do not know yet."""

    wave: str
    survey: str
    until: datetime
    state: str = "invited"
    short: bool = False
    """It came as a template, which says less than the invitation itself."""
    met: bool = False
    """A bad answer was met with the offer of a complaint or a call: once."""


class Conversation(msgspec.Struct, omit_defaults=True, kw_only=True):
    association: str
    address: Address
    id: int = 0
    schema: int = SCHEMA
    language: str = "ar"
    holder: str = "bot"
    """bot, queue, or staff:<id>."""
    greeted: bool = False
    noticed: bool = False
    """The privacy notice has been shown."""
    stopped: bool = False
    unreachable: str = ""
    """Why nothing reaches this address, until the person writes again."""
    muted: bool = False
    """A death was reported: we begin nothing here any more; what is written to us is answered."""
    women_only: bool = False
    restricted: bool = False
    proof_needed: bool = False
    """Silent for long or reported changed: shows nothing of cases until identity is proven again."""
    open: Draft | None = None
    aside: list[Draft] = []
    prompt: int = 0
    """The number of the last question asked."""
    offered: list[Option] = []
    """What that question offered, so that numbers and labels can be understood."""
    strikes: int = 0
    """Texts in a row that nothing understood while no flow was open."""
    first_words: str = ""
    """What the very first message asked, taken up after the notice."""
    members: list[Member] = []
    member: str = ""
    news: dict[str, list[Any]] = {}
    """By reference: the key and the facts of words that wait until the person opens them, and behind these two the
    decisions that they have not read (flows/track.py)."""
    blocked: str = ""
    """Why nothing this address writes is answered (blocked, spam): kept in the transcript, and no more."""
    kept: list[Any] = []
    """Replies of staff, encoded, that wait for the person to write again: the channel's window is closed."""
    knocked: bool = False
    """They were told that a reply waits, and have not written since."""
    introduced: str = ""
    """The worker whom the person was told is with them."""
    waits_since: datetime | None = None
    """Since when whoever holds the conversation owes an answer."""
    put_by: list[Any] = []
    """What came in for the bot while a worker held the conversation, encoded: taken up when they hand back."""
    followed_by_number: list[str] = []
    """References whose owner wants no message about them: they ask by the number."""
    recorded: str = ""
    """The reference of what a worker recorded here: it came by another way, and nobody reads what is said here."""
    last_at: datetime | None = None
    """When the person last did something."""
    invitations: list[Invitation] = []
    held: list[Any] = []
    """Events of a flood, encoded, waiting for their turn."""
    unvouched: bool = False
    """Something that waits to be taken in (a burst, a flood, a file) may be somebody else's (doubt.py)."""
    minute: int = 0
    """The minute (Unix time / 60) that `in_minute` counts the person's messages in."""
    in_minute: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Conversation)


def encode(conversation: Conversation) -> bytes:
    return _encoder.encode(conversation)


def decode(blob: bytes) -> Conversation:
    """Raises msgspec.ValidationError when the bytes are no conversation of any known schema."""
    return _decoder.decode(blob)
