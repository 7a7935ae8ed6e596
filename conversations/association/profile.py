"""One association's policy as data: the typed form of `deploy/associations/<slug>/profile.toml`.

A model a table. Unknown keys are refused; `load.py` turns every mistake into file, key and remedy.
What the policies do not print and we supplied carries `confirmed = false` (criteria, papers, hotlines, hours).
"""

from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Words(_Table):
    """The same words in each language."""

    ar: str
    en: str

    def to(self, language: str) -> str:
        return self.en if language == "en" else self.ar


class WordList(_Table):
    """Lines shown as a list; `confirmed = false` shows «يؤكّدها الموظف» until the association confirms them."""

    ar: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    confirmed: bool = False

    def to(self, language: str) -> tuple[str, ...]:
        return self.en if language == "en" else self.ar


class PrintedContact(_Table):
    """A contact detail as the policy prints it. A malformed one is shown with its state and never dialled."""

    kind: Literal["phone", "fax", "email", "website", "address"]
    printed: str
    value: str = ""
    state: Literal["printed", "confirmed", "malformed"] = "printed"


class Policy(_Table):
    """The document itself: its title, its approval as printed and as resolved, and what it supersedes."""

    title: Words
    template: Literal["T", "H"]
    approval_printed: str = ""
    approved: date | None = None
    session: Words | None = None
    signed_by: str = ""
    supersedes: str = ""
    review: date | None = None


class PolicyChannel(_Table):
    """One of the policy's channels; `serves` are the product's channels and sources that count as it."""

    id: str
    title: Words
    clause: str
    serves: tuple[str, ...] = ()
    reading: bool = False


class Tool(_Table):
    """A document of the policy's library; `file` lies in the profile's documents folder once it is given."""

    id: str
    title: Words
    clause: str
    file: str = ""


class Clause(_Table):
    """A clause in the policy's own words, and the ids of what fulfils it (see fulfilment.py). `section` is the heading
    printed above it, of the first clause under one."""

    id: str
    section: str = ""
    text: str
    fulfilled_by: tuple[str, ...] = ()
    reading: bool = False


class Promise(_Table):
    """When an answer is due. `at_most` sets a latest date; `not_less_than` an earliest and, with `aim`, a latest;
    `none` promises no date (no policy prints days for a complaint), only the next update."""

    rule: Literal["at_most", "not_less_than", "none"]
    amount: int = Field(default=0, ge=0)
    unit: Literal["working_days", "days"] = "days"
    counted_from: Literal["completion", "receipt"] = "completion"
    aim: int | None = Field(default=None, gt=0)
    next_update_days: int | None = Field(default=14, gt=0)
    reading: bool = False
    clause: str = ""


class Choice(_Table):
    """One thing to choose from, wherever a profile offers a list."""

    id: str
    title: Words
    about: Words | None = None
    words: tuple[str, ...] = ()
    """Other ways people say it, for understanding what is typed."""
    urgent: bool = False


class AskIf(_Table):
    """Ask only when an earlier field of the same service was answered with one of these."""

    field: str
    among: tuple[str | int | bool, ...]


class ServiceField(_Table):
    """One question of a service. `kind` names an answer kind; `choices` belong to choice and choices."""

    id: str
    kind: str
    title: Words
    ask: Words
    help: Words | None = None
    optional: bool = False
    sensitive: bool | None = None
    """None: as the kind says. Health papers are set to true."""
    choices: tuple[Choice, ...] = ()
    ask_if: AskIf | None = None
    least: float | None = None
    most: float | None = None
    at_most: int = 1
    """Pages or files, for documents."""
    expires: bool = False
    """A paper that is valid until a day: the day is asked, and an expired one pauses the submission."""
    alternatives: Words | None = None
    """What is taken instead when someone says «ليست عندي»."""
    published: bool = True
    """Part of the published list: missing, it means the request was not complete."""


Who = Literal["self", "relative", "guardian", "agent", "organisation"]


class Service(_Table):
    """One service of the catalogue."""

    id: str
    title: Words
    about: Words
    words: tuple[str, ...] = ()
    category: str = ""
    who: tuple[Who, ...] = ("self", "relative", "agent")
    criteria: WordList = WordList()
    documents: WordList = WordList()
    fields: tuple[ServiceField, ...] = Field(default=(), alias="field")
    sensitive_purpose: str = ""
    """`health` where the service asks for health data: its own explicit consent on the secure page."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Committees(_Table):
    request: Words
    complaint: Words
    investigation: Words | None = None


class Helper(_Table):
    """Who answers when a procedure is unclear (T: مسؤول البحث الاجتماعي, H: ضابط الاتصال)."""

    title: Words
    role: str


class ContactOfficer(_Table):
    """A row of the routing table of Harif خ-1: category and field to a role."""

    category: str = ""
    field: str = ""
    role: str
    title: Words


class Complaints(_Table):
    subjects: tuple[Choice, ...]
    remedies: tuple[Choice, ...]
    reading: bool = False


class Compensation(_Table):
    enabled: bool = False


def _in_riyadh(at: time) -> time:
    if at.tzinfo is not None:
        raise PydanticCustomError("time_zone", "not a time of day in Riyadh")
    return at


Clock = Annotated[time, AfterValidator(_in_riyadh)]
"""A time of day in Riyadh. What names a zone is refused, and a bare number, which would be read as seconds of UTC."""


class Season(_Table):
    """Office hours. `hijri_months` makes a season of them (9 is Ramadan); the one without is the rest of the year."""

    id: str
    days: tuple[Literal["sun", "mon", "tue", "wed", "thu", "fri", "sat"], ...]
    opens: Clock
    closes: Clock
    women_opens: Clock | None = None
    women_closes: Clock | None = None
    hijri_months: tuple[int, ...] = ()


class Hours(_Table):
    confirmed: bool = False
    seasons: tuple[Season, ...] = Field(alias="season")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Holidays(_Table):
    """Corrections to the computed table of public holidays."""

    add: dict[str, date] = {}
    remove: tuple[date, ...] = ()


class Hotline(_Table):
    id: Literal["social_protection", "child", "health", "ambulance", "police", "emergency", "psychological", "on_duty"]
    title: Words
    number: str
    confirmed: bool = False


class OnDuty(_Table):
    """Whom «عاجل» reaches at any hour: addresses of staff. Empty: the bot says so, with numbers to call."""

    telegram_chat: str = ""
    phone: str = ""


class StaffGroup(_Table):
    """What the staff's Telegram group is shown, and in which language the house writes there. `masked`: first names,
    words without long numbers and addresses, no file and no voice; `link`: that something came, and where it is."""

    shows: Literal["full", "masked", "link"] = "masked"
    language: Literal["ar", "en"] = "ar"


class CannedReply(_Table):
    """A reply at hand for staff, put into their box for editing; placeholders as in check.py's CANNED. What only
    they can say is a gap, …: a reply with a gap left is not sent."""

    id: str
    title: Words
    text: Words


class HandoffRules(_Table):
    """How long a waiting person waits for one worker before the next is asked, and before management hears of it: in
    minutes of office hours, for urgent ones in minutes. `returned_days`: after so many days a case that was returned
    for completion and lies untouched is put before a worker."""

    answer_minutes: int = Field(default=10, gt=0)
    escalate_minutes: int = Field(default=30, gt=0)
    returned_days: int = Field(default=7, gt=0)


class Processor(_Table):
    """A messaging provider that may process abroad, its safeguard and risk assessment (PDPL transfer rules)."""

    name: str
    country: Words
    safeguard: Words
    assessed: date | None = None


class Privacy(_Table):
    notice_version: str
    retention_days: dict[str, int] = {}
    """By kind of case, `draft` and `conversation`; ours until `retention_confirmed`."""
    retention_confirmed: bool = False
    processors: tuple[Processor, ...] = Field(default=(), alias="processor")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Limits(_Table):
    """How long and how many. Minutes, seconds, per address."""

    form_minutes: int = 60
    quiet_seconds: int = 6
    flood_per_minute: int = 40
    remind_draft_hours: int = 48
    holder_hours: float = 4
    """Office hours after which a worker who owes an answer has gone: the conversation is back in the queue."""


class NoticeRules(_Table):
    """When news of a case may go: between two times of day (Riyadh), on Fridays only where the profile says so, never
    on a public holiday; and how many messages a day. What is urgent passes, what is too much goes the next day."""

    from_: Clock = Field(default=time(8), alias="from")
    until: Clock = time(21)
    fridays: bool = False
    a_day: int = Field(default=8, gt=0)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Profile(_Table):
    """Everything an association may change without a programmer."""

    schema_version: int = Field(alias="schema")
    slug: str = Field(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$")
    name: Words
    short_name: Words
    serves: Words
    licence: str = ""
    reference_prefix: str = Field(pattern=r"^[A-Z]{3}$")
    policy: Policy
    contacts: tuple[PrintedContact, ...] = Field(default=(), alias="contact")
    policy_channels: tuple[PolicyChannel, ...] = Field(alias="channel")
    tools: tuple[Tool, ...] = Field(default=(), alias="tool")
    clauses: tuple[Clause, ...] = Field(alias="clause")
    promises: dict[str, Promise] = Field(alias="promise")
    committees: Committees
    helper: Helper
    contact_officers: tuple[ContactOfficer, ...] = Field(default=(), alias="contact_officer")
    complaints: Complaints
    compensation: Compensation = Compensation()
    hours: Hours
    holidays: Holidays = Holidays()
    hotlines: tuple[Hotline, ...] = Field(alias="hotline")
    on_duty: OnDuty = OnDuty()
    staff_group: StaffGroup = StaffGroup()
    handoff: HandoffRules = HandoffRules()
    notices: NoticeRules = NoticeRules()
    canned_replies: tuple[CannedReply, ...] = Field(default=(), alias="canned_reply")
    privacy: Privacy
    limits: Limits = Limits()
    common: tuple[ServiceField, ...] = Field(default=(), alias="common_field")
    """Fields every request asks, before the service's own."""
    services: tuple[Service, ...] = Field(alias="service")
    volunteering: tuple[ServiceField, ...] = Field(default=(), alias="volunteer_field")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def service(self, service_id: str) -> Service | None:
        return next((service for service in self.services if service.id == service_id), None)
