"""Everything with a deadline: what is due of cases, pauses with their reason, and who was reminded. Milliseconds."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, and_, cast, exists, func, insert, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.ids import new_id
from storage.schema import cases
from storage.schema_desk import entitlements, pauses, reminders
from storage.vault import Vault, context

_OPEN = "cases.closed_at IS NULL"
_OWED = "entitlements.delivered_at IS NULL AND entitlements.cancelled_at IS NULL"
_REASON = "pauses.reason"


class Due(NamedTuple):
    """An open case with its clock; nothing sealed. `paused`: since when its clock is silent."""

    id: int
    reference: str
    kind: str
    stage: str
    service: str
    category: str
    holder: int | None
    due: int
    opened_at: int
    restricted: bool
    paused: int | None


class Deadline(NamedTuple):
    """Of a case, or of an entitlement of it; `subject` is what its reminder is remembered by."""

    subject: str
    case_id: int
    reference: str
    kind: str
    stage: str
    service: str
    category: str
    branch: str
    restricted: bool
    holder: int | None
    due: int


class Pause(NamedTuple):
    id: int
    case_id: int
    by: int
    reason: str
    at: int
    ended_at: int | None


def due(
    connection: Connection,
    association: str,
    shown: Any,
    *,
    until: int,
    after: tuple[int, int] = (0, 0),
    limit: int = 50,
) -> list[Due]:
    """Open cases that are due by `until`, the nearest first; a page goes on after the (due, id) of the last row.

    `shown`: what may be seen."""
    c, p = cases.c, pauses.c
    paused = (
        select(func.max(p.at))
        .where(p.association == c.association, p.case_id == c.id, p.ended_at.is_(None))
        .scalar_subquery()
    )
    query = (
        select(*(c[name] for name in Due._fields[:-1]), paused)
        .where(c.association == association, text(_OPEN), c.due <= until, tuple_(c.due, c.id) > after, shown)
        .order_by(c.due, c.id)
        .limit(limit)
    )
    return [Due._make(row) for row in connection.execute(query)]


def counts(connection: Connection, association: str, shown: Any, marks: tuple[int, int, int]) -> dict[str, int]:
    """How many are overdue, red and amber: `marks` are now, until when it is red, until when amber."""
    now, red, amber = marks
    c = cases.c
    query = select(
        func.count().filter(c.due < now),
        func.count().filter(and_(c.due >= now, c.due <= red)),
        func.count().filter(and_(c.due > red, c.due <= amber)),
    ).where(c.association == association, text(_OPEN), c.due <= amber, shown)
    row = connection.execute(query).one()
    return dict(zip(("overdue", "red", "amber"), row, strict=True))


# --- pauses ----------------------------------------------------------------------------------------------------------


def pause(connection: Connection, vault: Vault, association: str, case_id: int, by: int, reason: str, now: int) -> bool:
    """The clock of a case is silent from now on, for a reason that stays visible; the promise to the person stays as it
    is. False where it was paused before."""
    if paused(connection, association, [case_id]):
        return False
    id = new_id()
    sealed = vault.seal(reason.encode(), context(_REASON, association, id))
    connection.execute(
        insert(pauses).values(association=association, id=id, case_id=case_id, by=by, reason=sealed, at=now)
    )
    return True


def resume(connection: Connection, association: str, case_id: int, now: int) -> bool:
    """False where it was not paused."""
    p = pauses.c
    ended = connection.execute(
        update(pauses)
        .where(p.association == association, p.case_id == case_id, p.ended_at.is_(None))
        .values(ended_at=now)
    )
    return ended.rowcount > 0


def paused(connection: Connection, association: str, case_ids: Iterable[int]) -> set[int]:
    """Which of these have a silent clock."""
    p = pauses.c
    query = select(p.case_id).where(p.association == association, p.case_id.in_(list(case_ids)), p.ended_at.is_(None))
    return set(connection.scalars(query))


def pauses_of(connection: Connection, vault: Vault, association: str, case_ids: Iterable[int]) -> list[Pause]:
    """All pauses of these cases, oldest first."""
    p = pauses.c
    query = select(p.id, p.case_id, p.by, p.reason, p.at, p.ended_at).where(
        p.association == association, p.case_id.in_(list(case_ids))
    )
    return [
        Pause._make((*row[:3], _reason(vault, association, row.id, row.reason), *row[4:]))
        for row in connection.execute(query.order_by(p.id))
    ]


def _reason(vault: Vault, association: str, id: int, sealed: bytes | None) -> str:
    return vault.open(sealed, context(_REASON, association, id)).decode() if sealed else ""


# --- reminders -------------------------------------------------------------------------------------------------------


def unrung(connection: Connection, association: str, rung: str, span: tuple[int, int], limit: int) -> list[Deadline]:
    """What falls due from the first to the last millisecond of the span, is not paused, and of which nobody was
    reminded at this rung: of cases, and of entitlements that are owed, the oldest `limit` of each."""
    c, e, p, r = cases.c, entitlements.c, pauses.c, reminders.c
    since, until = span
    silent = exists().where(p.association == association, p.case_id == c.id, p.ended_at.is_(None))
    of_case = cases, "case:", c
    of_entitlement = entitlements.join(cases, (c.association == e.association) & (c.id == e.case_id)), "entitlement:", e
    found: list[Deadline] = []
    for source, prefix, due in (of_case, of_entitlement):
        waits = _OPEN if due is c else _OWED
        subject = literal(prefix) + cast(due.id, String) + ":" + cast(due.due, String)
        rung_before = exists().where(r.association == association, r.rung == rung, r.subject == subject)
        query = (
            select(subject, *(c.id if name == "case_id" else c[name] for name in Deadline._fields[1:-1]), due.due)
            .select_from(source)
            .where(due.association == association, text(waits), due.due.between(since, until), ~silent, ~rung_before)
            .order_by(due.due, due.id)
            .limit(limit)
        )
        found += [Deadline._make(row) for row in connection.execute(query)]
    return found


def remind(connection: Connection, association: str, subjects: Iterable[str], rung: str, now: int) -> set[str]:
    """Claim a rung of these deadlines (`case:<id>:<due>`); those that nobody was reminded of before come back."""
    wanted = sorted(set(subjects))
    if not wanted:
        return set()
    statement = upsert(reminders).values(
        [{"association": association, "subject": subject, "rung": rung, "at": now} for subject in wanted]
    )
    claimed = connection.execute(statement.on_conflict_do_nothing().returning(reminders.c.subject))
    return set(claimed.scalars())
