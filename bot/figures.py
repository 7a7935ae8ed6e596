"""The figures of a period as a page, a sheet and a report show them: what the database counted, folded into lines.

How long people waited is said by its median and by what nine of ten did not exceed: one case forgotten for a year says
nothing about the rest, and hides nothing of them.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from conversations.association.profile import Profile
from conversations.cases import clock, lifecycle, period
from conversations.cases.calendar import calendar_of, here
from conversations.cases.period import Calendar, Period
from conversations.cases.working_time import WorkingTime
from storage import figures
from storage.figures import Answered, Decided, Opened, Scope, Standing
from storage.times import moment, ms

_EPOCH = date(1970, 1, 1)
_UNDECIDED_ENDS = frozenset({"withdrawn", "discontinued"})
Read = Callable[..., Awaitable[Any]]
"""`read(function, *args)` runs `function(connection, *args)`."""


class Spread(NamedTuple):
    """Of `number` values, the median and what nine of ten do not exceed; None of none."""

    number: int = 0
    median: float | None = None
    most: float | None = None


@dataclass(slots=True)
class Line:
    """What stands behind one name: a kind, a service, or a worker. `days`: from completion to decision."""

    open: int = 0
    due: int = 0
    overdue: int = 0
    late: int = 0
    opened: int = 0
    decided: int = 0
    promised: int = 0
    broken: int = 0
    early: int = 0
    counted: Counter[float] = field(default_factory=Counter)

    @property
    def days(self) -> Spread:
        return spread(self.counted)

    @property
    def kept(self) -> int | None:
        """Per cent of the decisions that had a last day and kept it."""
        return share(self.promised - self.broken, self.promised)

    def stands(self, row: Standing) -> None:
        self.open += row.open
        self.due += row.due
        self.overdue += row.overdue
        self.late += row.late

    def decides(self, row: Decided) -> None:
        self.decided += row.number
        self.promised += row.promised
        self.broken += row.late
        self.early += row.early
        self.counted[row.days] += row.number


@dataclass(slots=True)
class Officer(Line):
    """A worker: what they hold, decided and answered. `waited`: seconds of office hours until their first answer."""

    waited: Counter[float] = field(default_factory=Counter)

    @property
    def answers(self) -> Spread:
        return spread(self.waited)


@dataclass(frozen=True, slots=True)
class Point:
    """A part of the period in the trend."""

    label: str
    opened: int
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything of one period. Keys are codes; workers, ids."""

    over: Period
    calendar: Calendar
    total: Line
    kinds: dict[str, Line]
    services: dict[str, Line]
    officers: dict[int, Officer]
    stages: dict[tuple[str, str], Line]
    subjects: dict[str, Counter[str]]
    """Of complaints: outcomes by subject."""
    answers: Spread
    """Seconds of office hours until a hand-over was first answered."""
    unanswered: int
    """Hand-overs that wait now, whenever they came."""
    reasons: dict[str, int]
    acknowledged: Spread
    """Seconds until a complaint was acknowledged, by the clock on the wall."""
    trend: list[Point]
    restricted: int | None
    """None for fewer than five."""
    recorded: dict[str, int]


class Rows(NamedTuple):
    """As the database gave them."""

    standing: list[Standing]
    opened: list[Opened]
    decided: list[Decided]
    decided_by_day: list[tuple[int, str, int]]
    outcomes: list[tuple[str, str, str, int]]
    acknowledged: list[tuple[int, int]]
    answered: list[Answered]
    reasons: dict[str, int]
    waiting: int
    restricted: int | None
    recorded: dict[str, int]


async def rows_of(read: Read, scope: Scope, now: datetime, profile: Profile) -> Rows:
    """All of a scope; the readers share the work."""
    _, soon = clock.marks(now, calendar_of(profile))
    return Rows(
        *await asyncio.gather(
            read(figures.standing, scope, ms(now), ms(soon)),
            read(figures.opened, scope),
            read(figures.decided, scope),
            read(figures.decided_by_day, scope),
            read(figures.outcomes, scope, "complaint"),
            read(figures.moved, scope, "complaint", "acknowledge"),
            read(figures.answered, scope),
            read(figures.handed_over, scope),
            read(figures.waiting, scope),
            read(figures.restricted, scope),
            read(figures.recorded, scope),
        )
    )


def overview(rows: Rows, over: Period, calendar: Calendar, profile: Profile, language: str) -> Overview:
    """Fold what was counted. Every kind that has anything has its line, in the order of the lifecycles."""
    total, kinds, services = Line(), defaultdict[str, Line](Line), defaultdict[str, Line](Line)
    officers, stages = defaultdict[int, Officer](Officer), defaultdict[tuple[str, str], Line](Line)
    for row in rows.standing:
        lines = [total, kinds[row.kind], stages[row.kind, row.stage]]
        lines += [services[row.service]] if row.service else []
        lines += [officers[row.holder]] if row.holder else []
        for line in lines:
            line.stands(row)
    for came in rows.opened:
        for line in (total, kinds[came.kind], *([services[came.service]] if came.service else [])):
            line.opened += came.number
    for made in rows.decided:
        by = worker_in(made.by)
        lines = [total, kinds[made.kind]]
        lines += [services[made.service]] if made.service else []
        lines += [officers[by]] if by else []
        for line in lines:
            line.decides(made)
    waited = _answers(rows.answered, over, profile, officers)
    order = {kind: place for place, kind in enumerate(lifecycle.LIFECYCLES)}
    return Overview(
        over=over,
        calendar=calendar,
        total=total,
        kinds=dict(sorted(kinds.items(), key=lambda item: order.get(item[0], 99))),
        services=dict(services),
        officers=dict(officers),
        stages=dict(stages),
        subjects=_subjects(rows.outcomes),
        answers=spread(waited),
        unanswered=rows.waiting,
        reasons=rows.reasons,
        acknowledged=spread(Counter((made - came) / 1000 for came, made in rows.acknowledged)),
        trend=_trend(rows, over, calendar, language),
        restricted=rows.restricted,
        recorded=rows.recorded,
    )


def spread(values: Mapping[float, int]) -> Spread:
    """Median and ninth tenth of counted values, each a value that occurred (the lower of two in the middle)."""
    number = sum(values.values())
    if not number:
        return Spread()
    return Spread(number, _at(values, (number - 1) // 2), _at(values, -(-9 * number // 10) - 1))


def share(part: int, whole: int) -> int | None:
    """Per cent, rounded down: 199 of 200 is not all."""
    return part * 100 // whole if whole else None


def worker_in(who: str) -> int | None:
    """The worker whom `7` or `staff:7` names; None for the person, the system, nobody."""
    digits = who.removeprefix("staff:")
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _at(values: Mapping[float, int], place: int) -> float:
    passed = 0
    for value in sorted(values):
        passed += values[value]
        if passed > place:
            return value
    raise ValueError("past the last value")


def _answers(
    rows: Iterable[Answered], over: Period, profile: Profile, officers: defaultdict[int, Officer]
) -> Counter[float]:
    """Seconds of office hours until each first answer, also laid to whoever gave it."""
    found: Counter[float] = Counter()
    given = list(rows)
    if not given:
        return found
    # An answer may come after the period.
    last = max(row.replied_at for row in given)
    hours = WorkingTime(calendar_of(profile), over.first, max(over.last, here(moment(last)).date()))
    for row in given:
        waited = round(hours.seconds(row.at / 1000, row.replied_at / 1000))
        found[waited] += 1
        if by := worker_in(row.by):
            officers[by].waited[waited] += 1
    return found


def _subjects(outcomes: Iterable[tuple[str, str, str, int]]) -> dict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for category, stage, decision, number in outcomes:
        found[category][outcome_of(stage, decision)] += number
    return dict(sorted(found.items(), key=lambda item: -item[1].total()))


def outcome_of(stage: str, decision: str) -> str:
    """What became of a case: how it was decided, how it ended without, or open."""
    if stage in _UNDECIDED_ENDS:
        return stage
    return decision or ("open" if lifecycle.is_open(stage) else "closed")


def _trend(rows: Rows, over: Period, calendar: Calendar, language: str) -> list[Point]:
    came, made = Counter[date](), Counter[date]()
    for row in rows.opened:
        came[_EPOCH + timedelta(days=row.day)] += row.number
    for day, _, number in rows.decided_by_day:
        made[_EPOCH + timedelta(days=day)] += number
    points = []
    for part in period.parts(over, calendar):
        days = [part.first + timedelta(days=ahead) for ahead in range(part.days)]
        label = period.label(part, over.unit, calendar, language)
        points.append(Point(label, sum(came[day] for day in days), sum(made[day] for day in days)))
    return points


def scope_of(over: Period, association: str, kinds: Iterable[str], hidden: Iterable[int]) -> Scope:
    return Scope(association, ms(over.start), ms(over.end), tuple(sorted(kinds)), tuple(sorted(hidden)))
