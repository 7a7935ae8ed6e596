"""Who is asked to take a waiting conversation, and what follows when nobody does. A table to be read aloud:

1. whoever may: the right to the inbox; restricted ones the protection officer alone; women where a woman was asked
   for; nobody who is complained about; complaints only those who hear them;
2. of these, who is there (looked at the desk within five minutes, in office hours, not away) and has room;
3. of these, the first group that is not empty: whom a colleague named, the contact officer of the category and field
   (the profile's table, Harif خ-1), the role, those who receive people, anyone; within a group whoever carries least.

Unanswered for the profile's minutes of office hours it goes to the next in line, and then management hears of it, and
the person is told honestly, once a day and never at night. Urgent ones do not wait for the office to open. An offer
restricts nobody: whoever may take it may do so at any time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from conversations.association.profile import ContactOfficer, Profile
from conversations.cases.calendar import WorkingCalendar, by_day, calendar_of, here
from conversations.cases.move import CONTACT_OFFICER, FRONT
from conversations.cases.working_time import after
from conversations.rights import kinds_seen_by, rights_of

PRESENT = timedelta(minutes=5)
"""Since they last looked at the desk."""
LOOK_AGAIN = timedelta(minutes=1)
"""While nobody is there, or nobody has room: somebody may come in."""
HEARD_APART = frozenset({"complaint", "compensation"})
"""Kinds of case whose handoffs only those see who see such cases: who is complained about often sits in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A conversation that waits, as routing sees it. Times are aware."""

    at: datetime
    urgent: bool = False
    restricted: bool = False
    women_only: bool = False
    role: str = ""
    named: bool = False
    """A colleague passed it on: to this role, or to whom it is offered already."""
    category: str = ""
    """Of the beneficiary."""
    field: str = ""
    """Of work: the category of the service it is about."""
    kind: str = ""
    """Of the case it is about."""
    excluded: frozenset[int] = frozenset()
    """Workers who must not see it."""
    offered_to: int | None = None
    offers: int = 0
    tried: tuple[int, ...] = ()
    alarmed_at: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A worker, and how much they carry: conversations they hold or were offered."""

    staff: int
    roles: frozenset[str]
    categories: frozenset[str] = frozenset()
    woman: bool = False
    load: int = 0
    capacity: int = 10
    seen_at: datetime
    away: bool = False


class Chosen(NamedTuple):
    """`staff` None: nobody, and why: nobody (who may at all), away, full, tried (everybody was asked)."""

    staff: int | None
    why: str


class Step(NamedTuple):
    """What becomes of a handoff now. `due`: when it is looked at again; `alarm`: a code for management, empty for
    none; `tell`: the person hears that they are still waiting."""

    offered_to: int | None
    tried: tuple[int, ...]
    why: str
    due: datetime
    alarm: str = ""
    tell: bool = False


def next_step(waiting: Waiting, candidates: Sequence[Candidate], profile: Profile, now: datetime) -> Step:
    """For a handoff that is due and that nobody has taken. `due` is always later than `now`."""
    calendar = calendar_of(profile)
    women = waiting.women_only and calendar.next_open(now, women=True) is not None
    if not waiting.urgent and not calendar.is_open(now, women):
        opens = calendar.next_open(now, women) or now + timedelta(days=1)
        return Step(waiting.offered_to, waiting.tried, "closed", opens)
    rules = profile.handoff
    answer = timedelta(minutes=rules.answer_minutes)
    patience = answer if waiting.urgent else timedelta(minutes=rules.escalate_minutes)

    def later(since: datetime, span: timedelta) -> datetime:
        """Office hours count, but not for what is urgent."""
        return since + span if waiting.urgent else after(calendar, since, span, women)

    late = now >= later(waiting.alarmed_at or waiting.at, patience)
    escalates = later(now, patience) if late else later(waiting.alarmed_at or waiting.at, patience)
    asked = waiting.offered_to if waiting.offers else None
    tried = () if late else (*waiting.tried, *((asked,) if asked else ()))
    chosen = _named(waiting, candidates) or choose(replace(waiting, tried=tried), candidates, profile, now)
    alarm = ""
    if chosen.why == "nobody" and waiting.alarmed_at is None:
        alarm = "waiting_nobody_may"
        escalates = later(now, patience)
    elif late:
        alarm = "waiting_urgent" if waiting.urgent else "waiting_unanswered"
    if chosen.staff is not None:
        due = min(later(now, answer), escalates)
    elif chosen.why in ("away", "full"):
        due = min(now + LOOK_AGAIN, escalates)
    else:
        due = escalates
    return Step(chosen.staff, tried, chosen.why, due, alarm, late and may_tell(waiting, now, calendar))


def answer_by(waiting: Waiting, profile: Profile) -> datetime:
    """Until when somebody should have taken it, or management hears of it."""
    rules = profile.handoff
    if waiting.urgent:
        return waiting.at + timedelta(minutes=rules.answer_minutes)
    calendar = calendar_of(profile)
    women = waiting.women_only and calendar.next_open(waiting.at, women=True) is not None
    return after(calendar, waiting.at, timedelta(minutes=rules.escalate_minutes), women)


def may_tell(waiting: Waiting, now: datetime, calendar: WorkingCalendar) -> bool:
    """Once a day, by day or while the office is open, and never where a message may betray somebody."""
    told_today = waiting.told_at is not None and here(waiting.told_at).date() == here(now).date()
    return not (waiting.restricted or told_today) and (by_day(now) == now or calendar.is_open(now))


def choose(waiting: Waiting, candidates: Sequence[Candidate], profile: Profile, now: datetime) -> Chosen:
    """Who is asked now, and which group they belong to."""
    may = [one for one in candidates if entitled(waiting, one)]
    if not may:
        return Chosen(None, "nobody")
    there = [one for one in may if is_present(one, now, calendar_of(profile), always=waiting.urgent)]
    if not there:
        return Chosen(None, "away")
    free = [one for one in there if waiting.urgent or one.load < one.capacity]
    if not free:
        return Chosen(None, "full")
    left = [one for one in free if one.staff not in waiting.tried]
    for why, belongs in _groups(waiting, profile):
        if group := [one for one in left if belongs(one)]:
            least = min(group, key=lambda one: (one.load / max(one.capacity, 1), one.load, one.staff))
            return Chosen(least.staff, why)
    return Chosen(None, "tried")


def standing(waiting: Waiting, candidate: Candidate, profile: Profile) -> int:
    """How near it is to this worker: the number of the first group they belong to."""
    return next(place for place, (_, belongs) in enumerate(_groups(waiting, profile)) if belongs(candidate))


def entitled(waiting: Waiting, candidate: Candidate) -> bool:
    """Whether they may see it at all. The desk's lists ask the same of the database (bot/desk/sight.py)."""
    rights = rights_of(candidate.roles)
    return (
        "inbox" in rights
        and ("restricted" in rights or not waiting.restricted)
        and (candidate.woman or not waiting.women_only)
        and (waiting.kind not in HEARD_APART or waiting.kind in kinds_seen_by(candidate.roles))
        and candidate.staff not in waiting.excluded
    )


def is_present(candidate: Candidate, now: datetime, calendar: WorkingCalendar, *, always: bool = False) -> bool:
    """`always`: at any hour, for what is urgent."""
    looked = not candidate.away and now - candidate.seen_at < PRESENT
    return looked and (always or calendar.is_open(now))


def officer_for(profile: Profile, category: str, field: str) -> ContactOfficer | None:
    """The row of the profile's table that names most of what is known; an empty part of a row means any."""
    rows = [
        row
        for row in profile.contact_officers
        if (not row.field or row.field == field) and (not row.category or not category or row.category == category)
    ]
    return max(rows, key=lambda row: bool(row.field) + bool(row.category), default=None)


def services_of(profile: Profile, categories: Iterable[str]) -> frozenset[str]:
    """The services of a contact officer who is responsible for these, each `category`, `field` or `category/field`;
    of all where there are none. A service's own category is its field; whose beneficiaries it serves says the table."""
    theirs = list(categories)
    return frozenset(one.id for one in profile.services if not theirs or _is_theirs(profile, theirs, one.category))


def _is_theirs(profile: Profile, theirs: Iterable[str], field: str) -> bool:
    named = {row.category for row in profile.contact_officers if row.category and row.field in ("", field)}
    return any(one.rpartition("/")[2] == field or one in named for one in theirs)


def covers(candidate: Candidate, row: ContactOfficer) -> bool:
    """A contact officer is responsible for `category`, `field` or `category/field`, in either part."""
    if row.role in candidate.roles and row.role != CONTACT_OFFICER:
        return True
    if CONTACT_OFFICER not in candidate.roles:
        return False
    for one in candidate.categories:
        category, _, field = one.partition("/")
        if not field:
            if category in (row.category, row.field):
                return True
        elif field == row.field and category in ("", row.category):
            return True
    return False


_Group = tuple[str, Callable[[Candidate], bool]]


def _groups(waiting: Waiting, profile: Profile) -> list[_Group]:
    role: _Group = ("role", lambda one: waiting.role in one.roles)
    row = officer_for(profile, waiting.category, waiting.field)
    groups: list[_Group] = []
    if row is None and waiting.field:  # no table: whoever the desk made responsible for this field
        groups.append(("contact_officer", lambda one: CONTACT_OFFICER in one.roles and waiting.field in one.categories))
    if row is not None:
        groups.append(("contact_officer", lambda one: covers(one, row)))
        groups.append(("contact_officer", lambda one: CONTACT_OFFICER in one.roles and not one.categories))
    if waiting.role:
        groups.insert(0 if waiting.named else len(groups), role)
    return [*groups, ("front", lambda one: not one.roles.isdisjoint(FRONT)), ("anyone", lambda one: True)]


def _named(waiting: Waiting, candidates: Sequence[Candidate]) -> Chosen | None:
    """A colleague asked this one, there or not: they get their minutes first."""
    if waiting.offers or waiting.offered_to is None:
        return None
    named = next((one for one in candidates if one.staff == waiting.offered_to), None)
    return Chosen(named.staff, "named") if named is not None and entitled(waiting, named) else None
