"""Figures of an association and a period for those who watch over it: counts and times, never a name or a word.

Source: Harif د-5 and د-6 (management watches complaints, inquiries and the contact officers continuously); T objective
5. Every function takes a `Scope`: what the reader may not know of (`hidden`, and whatever is restricted) is in no
figure. Restricted cases are counted apart, and from five on only (`at_least`): below it, a number points at a person.

Set-based: the database groups, over indexes that hold all it reads; Python only folds days into months and counts into
medians (bot/figures.py). Times in milliseconds, periods from `start` up to but without `end`.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, case, exists, func, literal, or_, select, text, true

from storage.documents import SENT
from storage.schema import audit, case_moves, cases, consents, handoffs
from storage.schema_desk import (
    appointments,
    audit_links,
    checks,
    entitlements,
    excluded,
    pauses,
    policy_signatures,
    sittings,
)
from storage.schema_notices import tasks
from storage.schema_surveys import improvements, totals, visits, waves
from storage.times import DAY, HOUR

LEAST: Final = 5
"""Below this many, a count may point at a person (DOMAIN, rule 9)."""
RIYADH: Final = 3 * HOUR
"""Riyadh is three hours ahead of UTC all year: a day there is a whole number after adding them."""
AT_MOST: Final = 2_000
"""Waits that are measured one by one; of more, the newest, which say the same."""
_OPEN, _DECIDED, _SIGNED = "cases.closed_at IS NULL", "cases.decided_at IS NOT NULL", "cases.digest <> ''"
_WAITING = "handoffs.done_at IS NULL"
_PUBLISHED = "improvements.published_at IS NOT NULL"
_BEGUN = ("running", "paused", "done", "aborted")
_DELIVERED, _CONFIRMED = "entitlements.delivered_at IS NOT NULL", "entitlements.confirmed_at IS NOT NULL"
"""As their indexes say it: a partial index serves only a condition that is written like its own."""


class Scope(NamedTuple):
    """What is counted. An empty filter counts all."""

    association: str
    start: int
    end: int
    kinds: tuple[str, ...]
    """Kinds of case that the reader may see."""
    hidden: tuple[int, ...] = ()
    """Ids of cases that the reader may not know of: they are complained about there."""
    kind: str = ""
    service: str = ""


class Standing(NamedTuple):
    """Open cases of one kind, stage, service and holder. `late`: undecided past the last day promised."""

    kind: str
    stage: str
    service: str
    holder: int | None
    open: int
    due: int
    overdue: int
    late: int


class Opened(NamedTuple):
    """`day`: whole days since 1970 on Riyadh's calendar."""

    day: int
    kind: str
    service: str
    number: int


class Decided(NamedTuple):
    """Cases decided alike. `days`: whole days from completion to decision; `late` and `early` against the promise."""

    kind: str
    service: str
    by: str
    decision: str
    days: int
    promised: int
    late: int
    early: int
    number: int


class Answered(NamedTuple):
    """A hand-over that somebody answered."""

    at: int
    replied_at: int
    by: str


def hidden(connection: Connection, association: str, staff: int) -> tuple[int, ...]:
    """Ids of the cases in which this worker is complained about."""
    e = excluded.c
    subjects = connection.scalars(
        select(e.subject).where(e.association == association, e.staff == staff, e.subject.like("case:%"))
    )
    return tuple(int(subject.removeprefix("case:")) for subject in subjects)


def standing(connection: Connection, scope: Scope, now: int, soon: int) -> list[Standing]:
    """What is open now, whenever it came. Due means due by `soon`; overdue, before `now`."""
    c = cases.c
    query = (
        select(
            *(c.kind, c.stage, c.service, c.holder, func.count()),
            _sum(and_(c.due >= now, c.due <= soon)),
            _sum(c.due < now),
            _sum(and_(c.decided_at.is_(None), c.latest < now)),
        )
        .where(text(_OPEN), *_seen(scope))
        .group_by(c.kind, c.stage, c.service, c.holder)
    )
    return [Standing._make(row) for row in connection.execute(query)]


def opened(connection: Connection, scope: Scope) -> list[Opened]:
    """Cases that came within the period, by day."""
    c = cases.c
    day = _day(c.opened_at)
    query = (
        select(day, c.kind, c.service, func.count())
        .where(c.opened_at >= scope.start, c.opened_at < scope.end, *_seen(scope))
        .group_by(day, c.kind, c.service)
    )
    return [Opened._make(row) for row in connection.execute(query)]


def decided(connection: Connection, scope: Scope) -> list[Decided]:
    """Cases that were decided within the period, whenever they came. Late is also what was decided by the new day of an
    apology: the day that was promised first was missed."""
    c, t = cases.c, tasks.c
    since = func.coalesce(c.completed_at, c.opened_at)
    mine = (t.association == c.association, t.case_id == c.id, t.kind == "apology", t.outcome == "approved")
    apologised = exists().where(*mine, t.at >= since)
    groups = (c.kind, c.service, c.decided_by, c.decision, _whole(c.decided_at - since, DAY))
    query = (
        select(
            *groups,
            _sum(c.latest.is_not(None)),
            _sum(or_(c.decided_at > c.latest, and_(c.latest.is_not(None), apologised))),
            _sum(c.decided_at < c.earliest),
            func.count(),
        )
        .where(text(_DECIDED), c.decided_at >= scope.start, c.decided_at < scope.end, *_seen(scope))
        .group_by(*groups)
    )
    return [Decided._make(row) for row in connection.execute(query)]


def decided_by_day(connection: Connection, scope: Scope) -> list[tuple[int, str, int]]:
    """(day, kind, count) of decisions, for trends."""
    c = cases.c
    day = _day(c.decided_at)
    query = (
        select(day, c.kind, func.count())
        .where(text(_DECIDED), c.decided_at >= scope.start, c.decided_at < scope.end, *_seen(scope))
        .group_by(day, c.kind)
    )
    return [tuple(row) for row in connection.execute(query)]


def outcomes(connection: Connection, scope: Scope, kind: str) -> list[tuple[str, str, str, int]]:
    """(category, stage, decision, count) of the cases of a kind that came within the period: complaints by subject and
    what became of them."""
    c = cases.c
    query = (
        select(c.category, c.stage, c.decision, func.count())
        .where(c.opened_at >= scope.start, c.opened_at < scope.end, c.kind == kind, *_seen(scope))
        .group_by(c.category, c.stage, c.decision)
    )
    return [tuple(row) for row in connection.execute(query)]


def moved(connection: Connection, scope: Scope, kind: str, move: str) -> list[tuple[int, int]]:
    """(opened, made) of a move that is made once, in the newest cases of a kind that came within the period: how soon a
    complaint is acknowledged."""
    c, m = cases.c, case_moves.c
    query = (
        select(c.opened_at, m.at)
        .join_from(cases, case_moves, and_(m.association == c.association, m.case_id == c.id))
        .where(c.opened_at >= scope.start, c.opened_at < scope.end, c.kind == kind, m.move == move, *_seen(scope))
        .order_by(c.opened_at.desc())
        .limit(AT_MOST // 2)
    )
    return [tuple(row) for row in connection.execute(query)]


def answered(connection: Connection, scope: Scope) -> list[Answered]:
    """Hand-overs of the period that were answered, the newest first; at most AT_MOST of them."""
    h = handoffs.c
    query = (
        select(h.at, h.replied_at, h.taken_by)
        .where(*_within(scope), *_handed(scope), h.replied_at.is_not(None))
        .order_by(h.at.desc())
        .limit(AT_MOST)
    )
    return [Answered._make(row) for row in connection.execute(query)]


def waiting(connection: Connection, scope: Scope) -> int:
    """Hand-overs that nobody has answered yet, whenever they came."""
    h = handoffs.c
    query = select(func.count()).where(text(_WAITING), h.replied_at.is_(None), *_handed(scope))
    return connection.execute(query).scalar_one()


def handed_over(connection: Connection, scope: Scope) -> dict[str, int]:
    """Hand-overs of the period by reason."""
    h = handoffs.c
    query = select(h.reason, func.count()).where(*_within(scope), *_handed(scope)).group_by(h.reason)
    return {row[0]: row[1] for row in connection.execute(query)}


def restricted(connection: Connection, scope: Scope) -> int | None:
    """Restricted cases that came within the period; None for fewer than LEAST, and none at all looks the same."""
    c = cases.c
    count = connection.execute(
        select(func.count()).where(
            c.association == scope.association,
            c.opened_at >= scope.start,
            c.opened_at < scope.end,
            c.restricted.is_(True),
        )
    ).scalar_one()
    return at_least(count)


def at_least(count: int, least: int = LEAST) -> int | None:
    """The count, or None where it is so small that it may point at somebody."""
    return count if count >= least else None


def recorded(connection: Connection, scope: Scope) -> dict[str, int]:
    """What else was recorded in the period: consents given and withdrawn, signed declarations (each with its receipt),
    entitlements delivered and confirmed, workers who signed the policy, documents sent, paused clocks."""
    a, start, end = scope.association, scope.start, scope.end
    e, s, u, p, c, k = entitlements.c, policy_signatures.c, audit.c, pauses.c, cases.c, consents.c

    def within(column: Any) -> Any:
        return and_(column >= start, column < end)

    counted = {
        "consents": select(func.count()).where(k.association == a, within(k.at), k.given.is_(True)),
        "withdrawn_consents": select(func.count()).where(k.association == a, within(k.at), k.given.is_(False)),
        "declarations": select(func.count()).where(c.association == a, within(c.opened_at), text(_SIGNED)),
        "delivered": select(func.count()).where(e.association == a, within(e.delivered_at), text(_DELIVERED)),
        "confirmed": select(func.count()).where(e.association == a, within(e.confirmed_at), text(_CONFIRMED)),
        "policy_signatures": select(func.count()).where(s.association == a, within(s.at)),
        # A range, not LIKE: both databases then take the index.
        "documents_sent": select(func.count()).where(
            *(u.association == a, within(u.at), u.act == SENT, u.subject >= "document:", u.subject < "document;")
        ),
        "paused": select(func.count()).where(p.association == a, within(p.at)),
    }
    row = connection.execute(select(*(one.scalar_subquery() for one in counted.values()))).one()
    return dict(zip(counted, row, strict=True))


def proof(connection: Connection, scope: Scope) -> dict[str, int]:
    """For the clauses of a policy, beside `recorded`: items verified, sittings held and their minutes approved,
    appointments that took place, what asking and listening came to, and rows of the audit's chain, all there are."""
    a, start, end = scope.association, scope.start, scope.end
    v, s, m, n = checks.c, sittings.c, appointments.c, audit_links.c

    def within(column: Any) -> Any:
        return and_(column >= start, column < end)

    counted = {
        "checks": select(func.count()).where(v.association == a, within(v.at)),
        "sittings": select(func.count()).where(s.association == a, within(s.closed_at)),
        "minutes": select(func.count()).where(s.association == a, within(s.closed_at), s.state == "signed"),
        "appointments": select(func.count()).where(m.association == a, within(m.starts), m.state == "done"),
        **_listened(a, within),
        "audit": select(func.coalesce(func.max(n.number), 0)).where(n.association == a),
    }
    row = connection.execute(select(*(one.scalar_subquery() for one in counted.values()))).one()
    return dict(zip(counted, map(int, row), strict=True))


def _listened(association: str, within: Any) -> dict[str, Any]:
    """Waves of surveys that began in the period and who answered them, on site too; visits to offices; improvements;
    broadcasts that were sent, by the consent they needed."""
    w, t, v, i = waves.c, totals.c, visits.c, improvements.c
    began = (w.association == association, within(w.starts), w.state.in_(_BEGUN))
    surveys_ = select(w.id).where(*began, w.kind == "survey")
    people = select(func.coalesce(func.sum(t.many), 0)).where(
        t.association == association, t.wave.in_(surveys_), t.question == "@responses", t.score == "begun"
    )

    def sent(purpose: str) -> Any:
        return select(func.count()).where(*began, w.kind == "broadcast", w.purpose == purpose)

    return {
        "waves": select(func.count()).where(*began, w.kind == "survey"),
        "answered": people.where(t.segment == "all"),
        "field": people.where(t.segment == "source", t.value == "field"),
        "interviews": people.where(t.segment == "source", t.value == "interview"),
        "visits": select(func.count()).where(v.association == association, within(v.day)),
        "visits_followed": select(func.count()).where(
            v.association == association, within(v.day), v.followed_at.is_not(None)
        ),
        "improvements": select(func.count()).where(i.association == association, within(i.at)),
        "improved": select(func.count()).where(i.association == association, i.state == "done", within(i.done_at)),
        "published": select(func.count()).where(i.association == association, text(_PUBLISHED), within(i.published_at)),
        "told_changes": sent("case"),
        "told_services": sent("services"),
    }


def by_source(connection: Connection, scope: Scope) -> dict[str, int]:
    """Cases that came within the period, by the channel they came from."""
    c = cases.c
    query = (
        select(c.source, func.count())
        .where(c.opened_at >= scope.start, c.opened_at < scope.end, *_seen(scope))
        .group_by(c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def samples(connection: Connection, scope: Scope, kind: str, move: str = "", limit: int = 3) -> list[str]:
    """References of the newest cases of a kind that came within the period, or in which a move was made."""
    c, m = cases.c, case_moves.c
    query = select(c.reference).where(c.kind == kind, c.opened_at >= scope.start, c.opened_at < scope.end)
    if move:
        made = select(m.seq).where(m.association == c.association, m.case_id == c.id, m.move == move)
        query = query.where(made.exists())
    query = query.where(*_seen(scope)).order_by(c.opened_at.desc(), c.id.desc()).limit(limit)
    return list(connection.scalars(query))


class Listed(NamedTuple):
    """A case as the list for management shows it: no name, no answer."""

    id: int
    reference: str
    kind: str
    stage: str
    service: str
    category: str
    source: str
    holder: int | None
    opened_at: int
    completed_at: int | None
    earliest: int | None
    latest: int | None
    due: int | None
    decided_at: int | None
    decision: str
    closed_at: int | None


def listed(connection: Connection, scope: Scope, after: tuple[int, int] = (-1, -1), limit: int = 1_000) -> list[Listed]:
    """Cases that came within the period, oldest first; a page goes on after the (opened_at, id) of the last row."""
    c = cases.c
    query = (
        select(*(c[name] for name in Listed._fields))
        .where(c.opened_at >= max(scope.start, after[0]), c.opened_at < scope.end, *_seen(scope))
        .where(or_(c.opened_at > after[0], c.id > after[1]))
        .order_by(c.opened_at, c.id)
        .limit(limit)
    )
    return [Listed._make(row) for row in connection.execute(query)]


def _seen(scope: Scope) -> list[Any]:
    c = cases.c
    kinds = [kind for kind in scope.kinds if scope.kind in ("", kind)]
    return [
        c.association == scope.association,
        c.restricted.is_(False),
        c.kind.in_(kinds) if kinds else literal(1) == 0,
        c.service == scope.service if scope.service else true(),
        c.id.not_in(scope.hidden) if scope.hidden else true(),
    ]


def _within(scope: Scope) -> tuple[Any, Any]:
    return handoffs.c.at >= scope.start, handoffs.c.at < scope.end


def _handed(scope: Scope) -> list[Any]:
    """A hand-over about a hidden case is hidden with it."""
    h, c = handoffs.c, cases.c
    conditions: list[Any] = [h.association == scope.association, h.restricted.is_(False)]
    if scope.hidden:
        about = select(c.reference).where(c.association == scope.association, c.id.in_(scope.hidden))
        conditions.append(or_(h.reference == "", h.reference.not_in(about)))
    return conditions


def _sum(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _whole(span: Any, unit: int) -> Any:
    return span // unit


def _day(at: Any) -> Any:
    return _whole(at + RIYADH, DAY)
