"""One move of a case: from where, by whom, to where, on which condition, and what the person hears of it.

Everything here is data. Who may, when and what must be given are columns of a table, so that a lifecycle can be read
aloud, drawn, and checked; nothing else in the house knows them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal

from conversations.cases.calendar import RIYADH, here

BENEFICIARY = "beneficiary"
SYSTEM = "system"
"""The clock, or a rule that needs nobody."""
RELATIONS_OFFICER = "relations_officer"
SOCIAL_RESEARCHER = "social_researcher"
CONTACT_OFFICER = "contact_officer"
COMMITTEE = "committee"
FOLLOW_UP_COMMITTEE = "follow_up_committee"
INVESTIGATION_COMMITTEE = "investigation_committee"
BRANCH_DELEGATE = "branch_delegate"
PROTECTION_OFFICER = "protection_officer"
MANAGEMENT = "management"
ADMINISTRATOR = "administrator"
AUDITOR = "auditor"

ROLES = (
    *(BENEFICIARY, SYSTEM, RELATIONS_OFFICER, SOCIAL_RESEARCHER, CONTACT_OFFICER, COMMITTEE, FOLLOW_UP_COMMITTEE),
    *(INVESTIGATION_COMMITTEE, BRANCH_DELEGATE, PROTECTION_OFFICER, MANAGEMENT, ADMINISTRATOR, AUDITOR),
)
FRONT = (RELATIONS_OFFICER, SOCIAL_RESEARCHER, CONTACT_OFFICER, BRANCH_DELEGATE)
"""Who receives people. Their titles differ between policies (Harif has a contact officer and no social researcher)."""

OPENLY: Final = "openly"
QUIETLY: Final = "quietly"
NEVER: Final = "never"
Told = Literal["openly", "quietly", "never"]
"""What leaves the house: the words themselves; only «هناك جديد لكم», by day, until the person opens it; or nothing,
because nothing changed for them or nobody may be written to."""

Starts = Literal["", "promise", "recount", "objection", "extension"]
"""`recount`: the promise, where something of the published list had been missing (promise.recounted)."""
OBJECTION_DAYS = 15
"""Days to object to a refusal or to appeal against an answer [P]: the policies name none."""
EXTENSION_DAYS = 30
"""PDPL implementing regulation, art. 3: thirty days more, with the reason given."""
_LASTS = {"objection": OBJECTION_DAYS, "extension": EXTENSION_DAYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a case beside its stage. Times are aware."""

    now: datetime
    earliest: datetime | None = None
    until: datetime | None = None
    """The last moment to object or appeal."""
    supervisor_confirmed: bool = False
    made: frozenset[str] = frozenset()
    """Names of moves already made in this case."""
    undelivered: int = 0
    """Entitlements that are still owed."""
    given: frozenset[str] = frozenset()
    """Which of a move's `needs` come with it."""
    restricted: bool = False


HEARD_YET = timedelta(minutes=15)
"""Whoever wrote in the last minute of the last day wrote in time: what they say is taken in some quiet seconds later,
and later still where a provider or we were slow."""


def is_over(until: datetime | None, now: datetime) -> bool:
    """Whether the days to object or to appeal have passed, which end at `until`; None: they have no end."""
    return until is not None and now > until + HEARD_YET


Guard = Callable[[Facts], bool]

GUARDS: Mapping[str, Guard] = {
    "not_before_earliest": lambda facts: (
        facts.supervisor_confirmed or facts.earliest is None or facts.now >= facts.earliest
    ),
    "objection_open": lambda facts: "object" not in facts.made and not is_over(facts.until, facts.now),
    "objection_over": lambda facts: "object" in facts.made or is_over(facts.until, facts.now),
    "appeal_open": lambda facts: "appeal" not in facts.made and not is_over(facts.until, facts.now),
    "appeal_over": lambda facts: "appeal" in facts.made or is_over(facts.until, facts.now),
    "all_delivered": lambda facts: facts.undelivered == 0,
    "court_ruled": lambda facts: "court_ruling" in facts.made,
    "not_extended": lambda facts: "extend" not in facts.made,
}
"""Each has its words for whoever is stopped by it: `not_allowed.<guard>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    at: tuple[str, ...]
    """The stage, or stages, it leaves."""
    name: str
    to: str
    """Empty: it is recorded and the stage stays."""
    who: tuple[str, ...]
    told: Told
    needs: tuple[str, ...]
    """What must be given with it. The words may interpolate it."""
    guard: str
    starts: Starts


def row(
    at: str | tuple[str, ...],
    name: str,
    to: str,
    who: str | tuple[str, ...],
    told: Told,
    *,
    needs: str = "",
    guard: str = "",
    starts: Starts = "",
) -> Move:
    """A line of a table. `needs`: names with a space between."""
    return Move(
        at=(at,) if isinstance(at, str) else at,
        name=name,
        to=to,
        who=(who,) if isinstance(who, str) else who,
        told=told,
        needs=tuple(needs.split()),
        guard=guard,
        starts=starts,
    )


class NotAllowed(Exception):
    """A move that the table does not have, or not now, or not for them. Nothing has changed.

    `why` is one of no_such_move, wrong_stage, not_yours, needs, or a guard's name; `words` is the key of the remedy."""

    def __init__(self, kind: str, stage: str, move: str, why: str, remedy: str) -> None:
        super().__init__(f'{kind} at "{stage}", move "{move}": {remedy}')
        self.kind, self.stage, self.move, self.why, self.remedy = kind, stage, move, why, remedy

    @property
    def words(self) -> str:
        return f"not_allowed.{self.why}"


def until(starts: Starts, at: datetime) -> datetime | None:
    """The last second, in UTC, of what a move starts; None for a promise, which is counted by its own rule."""
    if starts not in _LASTS:
        return None
    day = here(at).date() + timedelta(days=_LASTS[starts])
    return datetime.combine(day, time(23, 59, 59), RIYADH).astimezone(UTC)
