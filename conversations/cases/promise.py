"""When will they hear? A promise has an earliest and a latest day, either of which may be absent.

Source: Harif ت-6 («لا تتجاوز ١٥ يوم عمل من تاريخ اكتمال الطلب»: a maximum); the other four, step 5 («خلال مدة لا تقل عن
أسبوعين»: a minimum, and no maximum until the association sets one). Where the association sets a latest day beside an
earliest, it is an aim («نسعى ألا يتأخر») and is worded as one. Nobody waits in silence: `next_update` is a day on which
they hear where it stands, decided or not.

Promises are days, kept as instants in UTC because that is what is stored: earliest is the first moment of its day in
Riyadh, latest the last second of its day, an update the middle of the morning.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from conversations.association.profile import Profile, Promise
from conversations.cases.calendar import RIYADH, Digits, Words, WorkingCalendar, here, said

_MORNING = time(10)
_DAY_ENDS = time(23, 59, 59)
_SILENCE = 14
"""Days after which a person hears of a case whose kind has no promise of its own [P]."""
_NEVER_SILENT = frozenset({"request", "complaint", "compensation"})
BY_LAW = {
    # PDPL implementing regulation, art. 3: 30 days; an extension of 30 more is a move of the case.
    "data_request": Promise(
        rule="at_most", amount=30, unit="days", counted_from="receipt", next_update_days=None, clause="PDPL 3"
    ),
}
"""What holds where a profile sets no promise for the kind."""

_AMOUNTS: Mapping[str, Callable[[Promise], tuple[int | None, int | None]]] = {
    "at_most": lambda rule: (None, rule.amount),
    "not_less_than": lambda rule: (rule.amount, rule.aim),
    "none": lambda rule: (None, None),
}
"""At least and at most how many days, by rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Aware, UTC."""

    earliest: datetime | None = None
    latest: datetime | None = None
    next_update: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Something staff asked the person to add. `published` is what the service's own list already named."""

    item: str
    published: bool
    arrived: datetime | None = None


def promise_for(profile: Profile, kind: str, completed: datetime, calendar: WorkingCalendar) -> Promised:
    """What is promised for a case of this kind, complete at `completed` (received then, where the rule counts from
    receipt)."""
    rule = rule_for(profile, kind)
    day = here(completed).date()
    if rule is None:
        update = day + timedelta(days=_SILENCE) if kind in _NEVER_SILENT else None
        return Promised(next_update=_at(update, _MORNING))
    least, most = _AMOUNTS[rule.rule](rule)
    earliest = _counted(day, least, rule, calendar) if least else None
    latest = _counted(day, most, rule, calendar) if most else None
    update = None
    if rule.next_update_days:
        update = earliest or day + timedelta(days=rule.next_update_days)
        update = min(update, latest) if latest else update
    return Promised(earliest=_at(earliest, time()), latest=_at(latest, _DAY_ENDS), next_update=_at(update, _MORNING))


def rule_for(profile: Profile, kind: str) -> Promise | None:
    return profile.promises.get(kind) or BY_LAW.get(kind)


def update_after(profile: Profile, kind: str, last: datetime) -> datetime | None:
    """The next day they hear, after an update at `last` that brought no decision."""
    rule = rule_for(profile, kind)
    days = rule.next_update_days if rule else _SILENCE if kind in _NEVER_SILENT else None
    return _at(here(last).date() + timedelta(days=days), _MORNING) if days else None


def recounted(
    current: Promised, asked: Iterable[Asked], profile: Profile, kind: str, calendar: WorkingCalendar
) -> Promised:
    """Counted anew from the day the last missing *published* requirement arrived. What was asked beyond the published
    list moves no date, and nothing moves while a published one is still missing."""
    arrivals = [one.arrived for one in asked if one.published]
    if not arrivals or None in arrivals:
        return current
    return promise_for(profile, kind, max(at for at in arrivals if at is not None), calendar)


def dates_said(promised: Promised, language: str, digits: Digits | None = None) -> dict[str, str]:
    """The days that are set, in both calendars, by the names sentences use: earliest, latest, next_update."""
    days = {"earliest": promised.earliest, "latest": promised.latest, "next_update": promised.next_update}
    return {name: said(here(at).date(), language, digits) for name, at in days.items() if at}


def promise_lines(promised: Promised, language: str, words: Words) -> list[str]:
    """The promise in sentences, none of them promising more than the policy does."""
    dates = dates_said(promised, language)
    keys = []
    if promised.earliest:
        keys.append("promise.earliest")
    if promised.latest:
        keys.append("promise.aim" if promised.earliest else "promise.latest")
    if promised.next_update and not _same_day(promised.next_update, promised.latest):
        said_already = len(keys) == 1 and _same_day(promised.next_update, promised.earliest)
        keys.append("promise.next_update_then" if said_already else "promise.next_update")
    return [words(key, **dates) for key in keys]


def _same_day(one: datetime, other: datetime | None) -> bool:
    return other is not None and here(one).date() == here(other).date()


def _counted(day: date, amount: int, rule: Promise, calendar: WorkingCalendar) -> date:
    if rule.unit == "working_days":
        return calendar.add_working_days(day, amount)
    return day + timedelta(days=amount)


def _at(day: date | None, at: time) -> datetime | None:
    return datetime.combine(day, at, RIYADH).astimezone(UTC) if day else None
