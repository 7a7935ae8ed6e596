"""What a turn may ask of the outside. Intake carries each out in the transaction that keeps the turn."""

from datetime import datetime
from typing import Any, Literal

import msgspec


class _Effect(msgspec.Struct, frozen=True, kw_only=True, tag_field="does", omit_defaults=True):
    pass


class FileCase(_Effect, frozen=True, kw_only=True, tag="file_case"):
    """Open a case. All times are aware UTC; `answers` are canonical values by step id."""

    reference: str
    kind: str
    stage: str
    service: str = ""
    category: str = ""
    answers: dict[str, Any]
    completed_at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    next_update: datetime | None = None
    agreed_channel: str = ""
    severity: str = ""
    restricted: bool = False
    anonymous: bool = False
    linked_to: str = ""
    signature: "Signature | None" = None
    member: str = ""
    """Whose it is, where several people share a phone."""
    source: str = ""
    """The channel or way it came by."""
    branch: str = ""
    taken_by: str = ""
    """The worker (staff:<id>) who recorded what came by another way: its receipt goes by the agreed channel."""


class Signature(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was signed: the wording as read, its version, the digest of the answers (hex SHA-256), when and where."""

    wording: str
    wording_version: str
    digest: str
    at: datetime
    channel: str
    typed_name: str = ""
    on_behalf: bool = False


class MoveCase(_Effect, frozen=True, kw_only=True, tag="move_case"):
    """The person's own act moves a case (withdraw, complete, accept an answer, appeal)."""

    reference: str
    move: str
    answers: dict[str, Any] = {}
    reason: str = ""


class EntitlementAnswered(_Effect, frozen=True, kw_only=True, tag="entitlement_answered"):
    """The person says whether an entitlement of their case arrived; without its id, none of what was delivered did."""

    reference: str
    entitlement: str = ""
    received: bool


class RequestAppointment(_Effect, frozen=True, kw_only=True, tag="request_appointment"):
    """The person wishes to be met or called; when it would suit, in their words."""

    kind: Literal["interview", "home_visit", "callback"]
    wish: str = ""
    reference: str = ""


class AnswerAppointment(_Effect, frozen=True, kw_only=True, tag="answer_appointment"):
    """The person's own act on an appointment: choose (the time), another (with a wish), give_up."""

    appointment: str
    act: Literal["choose", "another", "give_up"]
    starts: datetime | None = None
    wish: str = ""


class LogConsent(_Effect, frozen=True, kw_only=True, tag="log_consent"):
    """A consent given, declined or withdrawn, with the version of the words it was asked in."""

    purpose: str
    given: bool
    wording_version: str
    reference: str = ""


class PaperSent(_Effect, frozen=True, kw_only=True, tag="paper_sent"):
    """A document of the library went to the person: on record."""

    document: str


class NotTold(_Effect, frozen=True, kw_only=True, tag="not_told"):
    """News that could not be said at this address: unreachable, window, no_template, stopped, muted. Another address
    is tried, or a worker does it; what was stopped or muted goes nowhere else. Of what is `known` a message says
    already that there is news, and what becomes of that one becomes of this."""

    why: str


class NameAddress(_Effect, frozen=True, kw_only=True, tag="name_address"):
    """The person names an address of theirs on another channel: its owner is asked there."""

    channel: str
    handle: str
    reference: str = ""


class AgreeChannel(_Effect, frozen=True, kw_only=True, tag="agree_channel"):
    """From now on news of all their open cases goes by this channel; where several share the phone, of these."""

    channel: str
    references: tuple[str, ...] | None = None


class PhoneProven(_Effect, frozen=True, kw_only=True, tag="phone_proven"):
    """The channel vouches that this number is theirs: whoever writes from it elsewhere is the same person."""

    phone: str


class NumberChanged(_Effect, frozen=True, kw_only=True, tag="number_changed"):
    """This number is theirs no more: whoever writes from it is asked to show who they are."""

    phone: str


class HandOver(_Effect, frozen=True, kw_only=True, tag="hand_over"):
    """Put the conversation into the staff's queue. A restricted one is seen by the protection officer alone."""

    reason: str
    role: str = ""
    service: str = ""
    """What they were at: it says who of the charity is responsible."""
    urgent: bool = False
    restricted: bool = False
    women_only: bool = False
    reference: str = ""
    callback: str = ""
    """When a call would suit, in the person's words."""
    anonymous: bool = False
    """The case is handed over, and not who filed it."""
    to: str = ""
    """The id of one worker it is meant for."""


class Held(_Effect, frozen=True, kw_only=True, tag="held"):
    """A worker holds the conversation (empty: nobody any more): what waits of it in the queue follows."""

    staff: str
    replied: bool = False


class OpenForm(_Effect, frozen=True, kw_only=True, tag="open_form"):
    """A one-time secure page for these steps of the open flow; without steps, the person's own page. The token's digest
    is kept, never the token."""

    form: str
    token: str
    steps: tuple[str, ...]
    until: datetime


class SetTimer(_Effect, frozen=True, kw_only=True, tag="set_timer"):
    """One timer of each name per conversation: setting it again moves it."""

    timer: str
    due: datetime


class ClearTimer(_Effect, frozen=True, kw_only=True, tag="clear_timer"):
    timer: str


class SurveyAnswered(_Effect, frozen=True, kw_only=True, tag="survey_answered"):
    """What a person did with a survey they were invited to: its state (empty: as it was), answers by question; `last`:
    these are all there will be."""

    wave: str
    survey: str
    state: str = ""
    answers: dict[str, Any] = {}
    last: bool = False


class Mask(_Effect, frozen=True, kw_only=True, tag="mask"):
    """The event's text or caption held a secret: keep it masked in the transcript, and delete a text from the chat
    where possible (`delete`). `file`: its file is no part of the transcript either. The last of a turn counts."""

    text: str
    delete: bool = True
    file: bool = False


class Remember(_Effect, frozen=True, kw_only=True, tag="remember"):
    """Facts about the person, offered next time instead of asked: canonical values by field."""

    facts: dict[str, Any]


class Suppress(_Effect, frozen=True, kw_only=True, tag="suppress"):
    """Send nothing more to this address (`on`), or begin again."""

    on: bool
    why: Literal["asked", "death", "blocked"] = "asked"
    everywhere: bool = False
    """Of the person, and not of this address alone: after a death that is told by who may well know of it."""


class AskOther(_Effect, frozen=True, kw_only=True, tag="ask_other"):
    """Ask somebody at another address: the owner of a phone number, or (without one) whoever the case belongs to.

    `token` opens the question by a link (`?start=consent-<token>`); only its digest is kept."""

    question: Literal["consent", "show_case"]
    reference: str
    phone: str = ""
    token: str = ""
    details: dict[str, str] = {}


class AnswerAsk(_Effect, frozen=True, kw_only=True, tag="answer_ask"):
    """The word of whoever was asked."""

    ask: str
    question: str
    reference: str
    given: bool


class Lookup(_Effect, frozen=True, kw_only=True, tag="lookup"):
    """Something `world` does not hold; answered by a Found event in the same transaction, at most once a turn."""

    lookup: Literal["case", "ask", "missing", "entitlements", "appointments", "broadcast", "survey"]
    key: str


class Alarm(_Effect, frozen=True, kw_only=True, tag="alarm"):
    """Staff must look: a code, never content."""

    code: str
    urgent: bool = False


Effect = (
    FileCase
    | MoveCase
    | EntitlementAnswered
    | RequestAppointment
    | AnswerAppointment
    | LogConsent
    | PaperSent
    | SurveyAnswered
    | NotTold
    | NameAddress
    | AgreeChannel
    | PhoneProven
    | NumberChanged
    | HandOver
    | Held
    | OpenForm
    | SetTimer
    | ClearTimer
    | Mask
    | Remember
    | Suppress
    | AskOther
    | AnswerAsk
    | Lookup
    | Alarm
)

ONLY_OF_THEIRS = (
    MoveCase, EntitlementAnswered, AnswerAppointment, NameAddress, NumberChanged, AgreeChannel, AnswerAsk,
)  # fmt: skip
"""What changes something that stands, or opens it to somebody: never by a message whose sender nobody vouches for."""
