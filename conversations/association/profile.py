"""One association's policy as data: the typed form of `deploy/associations/<slug>/profile.toml`.

A model a table. Unknown keys are refused; `load.py` turns every mistake into file, key and remedy.
What the policies do not print and we supplied carries `confirmed = false` (criteria, papers, hotlines, hours).
"""

from datetime import date, time
from typing import Literal

from pydantic import ConfigDict, Field

from conversations.association.survey import Broadcasts, Survey, SurveyRules
from conversations.association.tables import AskIf as AskIf
from conversations.association.tables import Choice as Choice
from conversations.association.tables import Clock as Clock
from conversations.association.tables import Table
from conversations.association.tables import Words as Words


class WordList(Table):
    """Lines shown as a list; `confirmed = false` shows «يؤكّدها الموظف» until the association confirms them."""

    ar: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    confirmed: bool = False

    def to(self, language: str) -> tuple[str, ...]:
        return self.en if language == "en" else self.ar


class PrintedContact(Table):
    """A contact detail as the policy prints it. A malformed one is shown with its state and never dialled."""

    kind: Literal["phone", "fax", "email", "website", "address"]
    printed: str
    value: str = ""
    state: Literal["printed", "confirmed", "malformed"] = "printed"


class Policy(Table):
    """The document itself: its title, its approval as printed and as resolved, and what it supersedes."""

    title: Words
    template: Literal["T", "H"]
    approval_printed: str = ""
    approved: date | None = None
    session: Words | None = None
    signed_by: str = ""
    supersedes: str = ""
    review: date | None = None


class PolicyChannel(Table):
    """One of the policy's channels; `serves` are the product's channels and sources that count as it."""

    id: str
    title: Words
    clause: str
    serves: tuple[str, ...] = ()
    reading: bool = False


class Tool(Table):
    """A document of the policy's library; `file` lies in the profile's documents folder once it is given."""

    id: str
    title: Words
    clause: str
    file: str = ""


class Clause(Table):
    """A clause in the policy's own words, and the ids of what fulfils it (see fulfilment.py). `section` is the heading
    printed above it, of the first clause under one."""

    id: str
    section: str = ""
    text: str
    fulfilled_by: tuple[str, ...] = ()
    reading: bool = False


class Promise(Table):
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


class ServiceField(Table):
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


class Service(Table):
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


class Committees(Table):
    request: Words
    complaint: Words
    investigation: Words | None = None


class Helper(Table):
    """Who answers when a procedure is unclear (T: مسؤول البحث الاجتماعي, H: ضابط الاتصال)."""

    title: Words
    role: str


class ContactOfficer(Table):
    """A row of the routing table of Harif خ-1: category and field to a role."""

    category: str = ""
    field: str = ""
    role: str
    title: Words


class Complaints(Table):
    subjects: tuple[Choice, ...]
    remedies: tuple[Choice, ...]
    reading: bool = False


class Compensation(Table):
    enabled: bool = False


class Season(Table):
    """Office hours. `hijri_months` makes a season of them (9 is Ramadan); the one without is the rest of the year."""

    id: str
    days: tuple[Literal["sun", "mon", "tue", "wed", "thu", "fri", "sat"], ...]
    opens: Clock
    closes: Clock
    women_opens: Clock | None = None
    women_closes: Clock | None = None
    hijri_months: tuple[int, ...] = ()


class Hours(Table):
    confirmed: bool = False
    seasons: tuple[Season, ...] = Field(alias="season")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Holidays(Table):
    """Corrections to the computed table of public holidays."""

    add: dict[str, date] = Field(default_factory=dict)
    remove: tuple[date, ...] = ()


class Hotline(Table):
    id: Literal["social_protection", "child", "health", "ambulance", "police", "emergency", "psychological", "on_duty"]
    title: Words
    number: str
    confirmed: bool = False


class OnDuty(Table):
    """Whom «عاجل» reaches at any hour: addresses of staff. Empty: the bot says so, with numbers to call."""

    telegram_chat: str = ""
    phone: str = ""


class StaffGroup(Table):
    """What the staff's Telegram group is shown, and in which language the house writes there. `masked`: first names,
    words without long numbers and addresses, no file and no voice; `link`: that something came, and where it is."""

    shows: Literal["full", "masked", "link"] = "masked"
    language: Literal["ar", "en"] = "ar"


class CannedReply(Table):
    """A reply at hand for staff, put into their box for editing; placeholders as in check.py's CANNED. What only
    they can say is a gap, …: a reply with a gap left is not sent."""

    id: str
    title: Words
    text: Words


class HandoffRules(Table):
    """How long a waiting person waits for one worker before the next is asked, and before management hears of it: in
    minutes of office hours, for urgent ones in minutes. `returned_days`: after so many days a case that was returned
    for completion and lies untouched is put before a worker."""

    answer_minutes: int = Field(default=10, gt=0)
    escalate_minutes: int = Field(default=30, gt=0)
    returned_days: int = Field(default=7, gt=0)


class Processor(Table):
    """A messaging provider that may process abroad, its safeguard and risk assessment (PDPL transfer rules)."""

    name: str
    country: Words
    safeguard: Words
    assessed: date | None = None


class Privacy(Table):
    notice_version: str
    retention_days: dict[str, int] = Field(default_factory=dict)
    """By kind of case, `draft` and `conversation`; ours until `retention_confirmed`."""
    retention_confirmed: bool = False
    processors: tuple[Processor, ...] = Field(default=(), alias="processor")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Limits(Table):
    """How long and how many. Minutes, seconds, per address."""

    form_minutes: int = Field(default=60, gt=0)
    quiet_seconds: int = Field(default=6, ge=0)
    flood_per_minute: int = Field(default=40, gt=0)
    remind_draft_hours: int = Field(default=48, gt=0)
    holder_hours: float = Field(default=4, gt=0)
    """Office hours after which a worker who owes an answer has gone: the conversation is back in the queue."""


class PrayerRules(Table):
    """Where the calls to prayer are counted for (degrees north and east, of the Kingdom: check.py), and how many
    minutes from each are left alone (cases/prayer.py)."""

    latitude: float
    longitude: float
    minutes: int = Field(default=30, gt=0, le=60)


class NoticeRules(Table):
    """When news of a case may go: between two times of day (Riyadh), on Fridays only where the profile says so, never
    on a public holiday, at the times of prayer unless the profile says that they are left alone; and how many messages
    a day. What is urgent passes, what is too much goes the next day."""

    from_: Clock = Field(default=time(8), alias="from")
    until: Clock = time(21)
    fridays: bool = False
    a_day: int = Field(default=8, gt=0)
    prayer: PrayerRules | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Profile(Table):
    """Everything an association may change without a programmer."""

    schema_version: Literal[1] = Field(alias="schema")
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
    surveys: tuple[Survey, ...] = Field(default=(), alias="survey")
    asking: SurveyRules = SurveyRules()
    broadcasts: Broadcasts = Broadcasts()
    privacy: Privacy
    limits: Limits = Limits()
    common: tuple[ServiceField, ...] = Field(default=(), alias="common_field")
    """Fields every request asks, before the service's own."""
    services: tuple[Service, ...] = Field(alias="service")
    volunteering: tuple[ServiceField, ...] = Field(default=(), alias="volunteer_field")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def service(self, service_id: str) -> Service | None:
        return next((service for service in self.services if service.id == service_id), None)

    def survey(self, survey_id: str) -> Survey | None:
        return next((survey for survey in self.surveys if survey.id == survey_id), None)
