"""What can happen to a conversation.

Every event carries the id its provider gave it (the key it is recognised by when it comes twice) and the time at which
it happened. Channels make the events of people; intake makes those of files, forms, timers and cases.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from conversations.cases.entitlement import Owed
from conversations.cases.missing import Missing
from conversations.says import Attachment

MediaKind = Literal["photo", "document", "voice", "audio", "video", "sticker", "other"]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", omit_defaults=True):
    id: str
    at: datetime


class Text(_Event, frozen=True, kw_only=True, tag="text"):
    """Something typed. `edited` is true when the person changed a message sent before."""

    text: str
    edited: bool = False


class Press(_Event, frozen=True, kw_only=True, tag="press"):
    """A button. `prompt` is the question it belonged to: 0 where a channel cannot say."""

    option: str
    prompt: int = 0
    title: str = ""
    """What the button said, for the transcript."""


class Media(_Event, frozen=True, kw_only=True, tag="media"):
    """A file on its way: `file` is our own id of it. The bytes are fetched later; FileReady or FileRefused follows."""

    file: str
    kind: MediaKind
    name: str = ""
    size: int = 0
    caption: str = ""
    album: str = ""


class Location(_Event, frozen=True, kw_only=True, tag="location"):
    latitude: float
    longitude: float


class Contact(_Event, frozen=True, kw_only=True, tag="contact"):
    """A phone number shared by the channel itself. `own` is true when the channel vouches that it is the sender's."""

    phone: str
    own: bool


class Opened(_Event, frozen=True, kw_only=True, tag="opened"):
    """The person opened the conversation by a link or the start button; `payload` is what the link carried."""

    payload: str = ""


class FormFilled(_Event, frozen=True, kw_only=True, tag="form_filled"):
    """The secure page was submitted. `values` are canonical answer values by step id, already heard by their kinds."""

    form: str
    values: dict[str, Any]


class RenewForm(_Event, frozen=True, kw_only=True, tag="renew_form"):
    """Somebody stands before a secure page that is over, and asks for a new link."""

    form: str


class PageWanted(_Event, frozen=True, kw_only=True, tag="page_wanted"):
    """Somebody stands before a link to the person's own page that is over, and asks for a new one."""


class NewsOpened(_Event, frozen=True, kw_only=True, tag="news_opened"):
    """The person read what waited, of this case, on their own page."""

    reference: str


class FileReady(_Event, frozen=True, kw_only=True, tag="file_ready"):
    file: str
    kind: str
    """What the bytes are by their signature: jpeg, png, webp, heic, pdf, ogg, mp3, mp4, docx …"""
    size: int


class FileRefused(_Event, frozen=True, kw_only=True, tag="file_refused"):
    file: str
    reason: Literal["too_big", "kind", "gone", "empty"]


class TimePassed(_Event, frozen=True, kw_only=True, tag="time_passed"):
    """A timer this conversation asked for is due."""

    timer: str


class CaseMoved(_Event, frozen=True, kw_only=True, tag="case_moved"):
    """A case that concerns this person moved; `move` names a row of its lifecycle.

    `given` is what came with the move and its words may interpolate (items, reason, help, dates as ISO days)."""

    reference: str
    kind: str
    move: str
    from_stage: str
    stage: str
    who: str
    service: str = ""
    sensitive: bool = False
    restricted: bool = False
    """One authorised person alone looks at it: no committee is named."""
    given: dict[str, str] = {}
    missing: tuple[Missing, ...] = ()
    """What a return asks for."""
    owed: tuple[Owed, ...] = ()
    """What a registration entitles to."""
    earliest: datetime | None = None
    latest: datetime | None = None
    next_update: datetime | None = None
    waits: bool = True
    """Something of this conversation still waits for a person, as far as is known."""
    until: datetime | None = None
    """The last moment of what the move begins; None where an objection or appeal was heard before."""
    anew: bool = False
    """No message that says of this case that there is news stands at this address: none went, or it did not arrive."""


class AppointmentChanged(_Event, frozen=True, kw_only=True, tag="appointment_changed"):
    """Staff arranged something (`change` names an act of the appointments' table), or tomorrow is the day (`remind`).

    `times` are those to choose from, `starts` the one agreed: aware. `moved` goes into the buttons: an appointment that
    was arranged anew since is known by it."""

    appointment: str
    change: str
    kind: str
    state: str
    starts: datetime | None = None
    times: tuple[datetime, ...] = ()
    place: str = ""
    moved: int = 0
    reference: str = ""


Why = Literal["update", "receipt", "promise_near", "promise_missed", "entitlement_due", "document_expiring", "returned"]


class CaseUpdate(_Event, frozen=True, kw_only=True, tag="case_update"):
    """Where a case stands. `why`: update (the day named for it came), receipt (a worker recorded it), promise_near,
    promise_missed (with the `reason` that staff give), entitlement_due (`details`: what, amount), document_expiring
    (`details`: the paper's field, and its day), returned (it still waits for what is missing)."""

    case: dict[str, Any]
    why: Why = "update"
    reason: str = ""
    details: dict[str, str] = {}


class Joined(_Event, frozen=True, kw_only=True, tag="joined"):
    """Several pieces of news that would be too many messages: told in one."""

    events: tuple["CaseMoved | CaseUpdate | AppointmentChanged", ...]


class PolicyChanged(_Event, frozen=True, kw_only=True, tag="policy_changed"):
    """The association's policy has a new version, and whoever has an open case hears of it, once."""

    version: str


class Found(_Event, frozen=True, kw_only=True, tag="found"):
    """The answer to a Lookup effect, in the same transaction."""

    lookup: str
    key: str
    result: Any = None


Question = Literal["consent", "show_case", "address"]


class Asked(_Event, frozen=True, kw_only=True, tag="asked"):
    """Somebody at another address needs this person's word: consent to a request, or leave to show a case."""

    ask: str
    question: Question
    reference: str
    details: dict[str, str] = {}


class Answered(_Event, frozen=True, kw_only=True, tag="answered"):
    """What this person asked of somebody at another address was answered."""

    question: str
    reference: str
    given: bool
    case: dict[str, Any] = {}


class Unreachable(_Event, frozen=True, kw_only=True, tag="unreachable"):
    """The channel says that nothing reaches this address any more (blocked, no such number)."""

    code: str


class NumberDoubted(_Event, frozen=True, kw_only=True, tag="number_doubted"):
    """This number was reported changed, by its person or by a worker who called it: it may be another's by now."""


class OptedOut(_Event, frozen=True, kw_only=True, tag="opted_out"):
    """The person stopped our messages by the link in one of them, or (`again`) let them come back. The page told
    them."""

    again: bool = False


class StaffSaid(_Event, frozen=True, kw_only=True, tag="staff_said"):
    """A worker's reply. `staff` is their id, `title` what the person sees them as (موظف العلاقات), `file` the id of a
    stored file. `over`: they know that a colleague holds the conversation and take it over."""

    staff: str
    title: str
    text: str = ""
    file: str = ""
    file_name: str = ""
    file_kind: str = ""
    more: tuple[Attachment, ...] = ()
    """Further files that go with it, in order."""
    over: bool = False
    via: str = ""
    """Where they wrote it, when not at the desk: `group` is the staff's Telegram group."""
    knock: bool = False
    """Where it must wait for the channel's window: tell the person, by the approved template, that it does."""


class StaffTook(_Event, frozen=True, kw_only=True, tag="staff_took"):
    """A worker takes the conversation: from now on the bot keeps out of it."""

    staff: str
    title: str
    over: bool = False


class StaffGaveBack(_Event, frozen=True, kw_only=True, tag="staff_gave_back"):
    """The worker is done: the bot goes on, and what was open resumes."""

    staff: str


class StaffPassedOn(_Event, frozen=True, kw_only=True, tag="staff_passed_on"):
    """A worker puts the conversation into the queue for somebody else: a role, or (`to`) one colleague's id."""

    staff: str
    role: str = ""
    to: str = ""


class StaffKnocked(_Event, frozen=True, kw_only=True, tag="staff_knocked"):
    """The channel's window is closed and a reply waits: the person is told so by the approved template. `again`: the
    one that was sent did not arrive."""

    staff: str
    again: bool = False


class StaffTookBack(_Event, frozen=True, kw_only=True, tag="staff_took_back"):
    """A reply that waits is not to be sent: the id of the event that brought it."""

    staff: str
    reply: str


class StaffBlocked(_Event, frozen=True, kw_only=True, tag="staff_blocked"):
    """An address is blocked or marked as spam (`why`: blocked, spam), or let in again (empty)."""

    staff: str
    why: str = ""


class Recorded(_Event, frozen=True, kw_only=True, tag="recorded"):
    """A worker recorded what came by another way: the answers of a flow, heard by its own kinds on their page.

    `staff` took it (staff:<id>), at `branch`; `source` is the way it came by, `agreed` the channel agreed on (empty:
    none). `values` are canonical answers by step id; `more` is kept with them: when it came, the scan, the address.
    `nobodys`: whose it is, nobody knows (an anonymous answer of a survey)."""

    staff: str
    flow: str
    values: dict[str, Any]
    source: str
    subject: str = ""
    agreed: str = ""
    branch: str = ""
    language: str = "ar"
    more: dict[str, Any] = {}
    nobodys: bool = False


class SurveyInvited(_Event, frozen=True, kw_only=True, tag="survey_invited"):
    """A wave has come to this person; `reminder`: 0, or which reminder it is. `until` it can be answered; `link`: its
    page, for a channel without buttons; `unfit`: why they may not be asked now after all, a reason of `NotTold`."""

    wave: str
    survey: str
    until: datetime
    reminder: int = 0
    link: str = ""
    unfit: str = ""


class BroadcastSent(_Event, frozen=True, kw_only=True, tag="broadcast_sent"):
    """A broadcast has come to this person: its words in each language, its picture or paper, its buttons
    (menu commands such as `/apply`), and the template that carries it where a window is closed. `unfit`: why they may
    not be told after all, a reason of `NotTold`."""

    wave: str
    text: dict[str, str]
    file: str = ""
    file_name: str = ""
    file_kind: str = ""
    buttons: tuple[str, ...] = ()
    template: str = ""
    unfit: str = ""


class CalledStaff(_Event, frozen=True, kw_only=True, tag="called_staff"):
    """The house puts the conversation before a person: a case that waits for information, a missed promise. `mobile`:
    the person asked on a page of ours to be called on this number."""

    reason: str
    reference: str = ""
    urgent: bool = False
    mobile: str = ""


Event = (
    Text
    | Press
    | Media
    | Location
    | Contact
    | Opened
    | FormFilled
    | RenewForm
    | PageWanted
    | NewsOpened
    | FileReady
    | FileRefused
    | TimePassed
    | CaseMoved
    | Joined
    | CaseUpdate
    | AppointmentChanged
    | PolicyChanged
    | SurveyInvited
    | BroadcastSent
    | Found
    | Asked
    | Answered
    | Unreachable
    | NumberDoubted
    | OptedOut
    | StaffSaid
    | StaffTook
    | StaffGaveBack
    | StaffPassedOn
    | StaffKnocked
    | StaffTookBack
    | StaffBlocked
    | CalledStaff
    | Recorded
)
PERSONAL = (Text, Press, Media, Location, Contact, Opened)
"""The events a person causes, as opposed to those the house causes."""
