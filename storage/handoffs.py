"""The staff's queue: conversations that wait for a person.

A conversation has one open row for each matter (`reference`; most have none), and one more where the protection officer
alone may see why. What comes on top joins it: the gravest reason leads, the others are listed.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, and_, cast, func, literal, or_, select, tuple_, update
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from storage import excluded
from storage.batch import Batch, among, columns_of, inserting
from storage.schema import cases, conversations, handoffs
from storage.schema_desk import excluded as kept
from storage.vault import Vault, context

_CALLBACK = "handoffs.callback"


NOBODY = 0
"""The conversation of a handoff that names an anonymous case: nothing leads from it to an address."""


class Handoff(NamedTuple):
    """`callback` is when a call would suit, or where help is needed, in the person's words: sealed. Milliseconds."""

    association: str
    id: int
    conversation: int
    reason: str
    role: str = ""
    urgent: bool = False
    restricted: bool = False
    women_only: bool = False
    reference: str = ""
    callback: str = ""
    at: int = 0
    taken_by: str = ""
    taken_at: int | None = None
    done_at: int | None = None
    offered_to: int | None = None
    offers: int = 0
    due: int | None = None
    """When, untaken, it is looked at again: goes to whoever is next, or rings."""
    replied_at: int | None = None
    also: str = ""
    """The other reasons, a space between."""
    service: str = ""
    tried: str = ""
    """Ids of the workers it was offered to before, a space between."""
    alarmed_at: int | None = None
    told_at: int | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """The gravest first."""
        return (self.reason, *self.also.split())


def add(connection: Connection, vault: Vault, given: Iterable[Handoff]) -> None:
    """Put these into the queue, those of a matter that waits already into its row. Their conversations must be locked
    by this transaction."""
    fresh: dict[tuple[str, int, bool, str], Handoff] = {}
    changed: dict[int, Handoff] = {}
    known = _open(connection, vault, given := list(given))
    for one in given:
        matter = _matter(one)
        if (waits := known.get(matter)) is not None:
            known[matter] = changed[waits.id] = _joined(waits, one)
        elif matter in fresh:
            fresh[matter] = _joined(fresh[matter], one)
        else:
            fresh[matter] = one
    _ADD.run(connection, [_row(vault, one) for one in fresh.values()])
    h = handoffs.c
    for one in changed.values():
        values = dict(zip(_ADDED, _row(vault, one), strict=True))
        connection.execute(
            update(handoffs)
            .where(h.association == one.association, h.id == one.id)
            .values({name: values[name] for name in _JOINED})
        )


def waiting(
    connection: Connection, vault: Vault, association: str, *, restricted: bool = False, limit: int = 200
) -> list[Handoff]:
    """What is open, urgent first, then oldest. Restricted ones are another queue, for the protection officer alone."""
    h = handoffs.c
    query = (
        select(*_COLUMNS)
        .where(h.association == association, h.done_at.is_(None), h.restricted.is_(restricted))
        .order_by(h.urgent.desc(), h.at)
        .limit(limit)
    )
    return [_handoff(vault, row._tuple()) for row in connection.execute(query)]


def of_conversation(connection: Connection, vault: Vault, association: str, conversation: int) -> list[Handoff]:
    """What is open of one conversation, urgent first, then oldest."""
    h = handoffs.c
    query = (
        select(*_COLUMNS)
        .where(h.association == association, h.conversation == conversation, h.done_at.is_(None))
        .order_by(h.urgent.desc(), h.at)
    )
    return [_handoff(vault, row._tuple()) for row in connection.execute(query)]


def take(connection: Connection, association: str, id: int, who: str, now: int) -> bool:
    """False where somebody else has it or it is done."""
    h = handoffs.c
    taken = connection.execute(
        update(handoffs)
        .where(h.association == association, h.id == id, h.taken_by.in_(["", who]), h.done_at.is_(None))
        .values(taken_by=who, taken_at=now)
    )
    return taken.rowcount == 1


def close(connection: Connection, association: str, id: int, who: str, now: int) -> bool:
    """One is dealt with by itself: of an anonymous case, which no conversation holds. False where it was before."""
    h = handoffs.c
    return bool(
        connection.execute(
            update(handoffs)
            .where(h.association == association, h.id == id, h.conversation == NOBODY, h.done_at.is_(None))
            .values(taken_by=who, taken_at=func.coalesce(h.taken_at, now), done_at=now)
        ).rowcount
    )


def hold(connection: Connection, association: str, conversation: int, who: int, now: int, *, replied: bool) -> int:
    """All that waits for this conversation is this worker's; the first reply is timed. How many waited."""
    h = handoffs.c
    mine: dict[str, Any] = {"taken_by": str(who), "taken_at": func.coalesce(h.taken_at, now)}
    if replied:
        mine["replied_at"] = func.coalesce(h.replied_at, now)
    return connection.execute(
        update(handoffs)
        .where(h.association == association, h.conversation == conversation, h.done_at.is_(None))
        .values(mine)
    ).rowcount


def done(connection: Connection, association: str, conversation: int, now: int) -> int:
    """Everything that waits for this conversation is dealt with; how many that were."""
    h = handoffs.c
    return connection.execute(
        update(handoffs)
        .where(h.association == association, h.conversation == conversation, h.done_at.is_(None))
        .values(done_at=now)
    ).rowcount


def answered(connection: Connection, association: str, reference: str, reasons: Iterable[str], now: int) -> None:
    """What waited with this case for these reasons alone, and nobody took, was dealt with at the case itself."""
    h = handoffs.c
    mine = (h.association == association, h.reference == reference, h.done_at.is_(None), h.taken_at.is_(None))
    alone = (h.reason.in_(list(reasons)), h.also == "", h.restricted.is_(False))
    connection.execute(update(handoffs).where(*mine, *alone).values(done_at=now))


def any_open(connection: Connection, association: str, conversation: int) -> bool:
    h = handoffs.c
    mine = (h.association == association, h.conversation == conversation, h.done_at.is_(None))
    return connection.execute(select(h.id).where(*mine).limit(1)).first() is not None


# --- routing ---------------------------------------------------------------------------------------------------------


def any_due(connection: Connection, now: int, associations: Iterable[str]) -> bool:
    """Whether `claim_due` would find something: a look that writes nothing."""
    return connection.execute(select(handoffs.c.id).where(*_due(now, associations)).limit(1)).first() is not None


def claim_due(connection: Connection, now: int, associations: Iterable[str], limit: int = 200) -> list[Handoff]:
    """Untaken rows that are to be looked at, urgent first, then oldest, as confidential as their conversation is by
    now, and without what the person said; locked until the commit, those that another process looks at left out."""
    h, c = handoffs.c, conversations.c
    query = (
        select(*_COLUMNS, or_(h.restricted, c.restricted.is_(True)), or_(h.women_only, c.women_only.is_(True)))
        .outerjoin(conversations, and_(c.association == h.association, c.id == h.conversation))
        .where(*_due(now, associations))
        .order_by(h.urgent.desc(), h.at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=handoffs)
    )
    return [
        Handoff(*row[:-2])._replace(callback="", restricted=bool(row[-2]), women_only=bool(row[-1]))
        for row in connection.execute(query)
    ]


def keep_steps(connection: Connection, given: Iterable[Handoff]) -> None:
    """What routing made of these, in one statement."""
    _STEP.run(connection, [tuple(getattr(one, name) for name in ("association", "id", *_STEPPED)) for one in given])


class About(NamedTuple):
    """The case a handoff is about."""

    kind: str = ""
    service: str = ""
    category: str = ""


def cases_of(connection: Connection, given: Iterable[Handoff]) -> dict[tuple[str, str], About]:
    """By association and reference."""
    keys = {(one.association, one.reference) for one in given if one.reference}
    if not keys:
        return {}
    c = cases.c
    query = select(c.association, c.reference, c.kind, c.service, c.category).where(
        tuple_(c.association, c.reference).in_(sorted(keys))
    )
    return {(row[0], row[1]): About(*row[2:]) for row in connection.execute(query)}


def excluded_from(connection: Connection, given: Iterable[Handoff]) -> dict[int, frozenset[int]]:
    """By handoff, the workers who must not see it: because of its conversation, or its case."""
    given = list(given)
    found: dict[int, set[int]] = {}
    h, c, e = handoffs.c, cases.c, kept.c
    for association in sorted({one.association for one in given}):
        ours = [one for one in given if one.association == association]
        talks = {one.conversation for one in ours} - {NOBODY}
        kept_talks = excluded.from_talks(connection, association, talks)
        subject = literal("case:") + cast(c.id, String)
        of_case = (
            select(h.id, e.staff)
            .join(cases, and_(c.association == h.association, c.reference == h.reference))
            .join(kept, and_(e.association == c.association, e.subject == subject))
            .where(h.association == association, h.id.in_([one.id for one in ours if one.reference]))
        )
        pairs = [(one.id, who) for one in ours for talk, who in kept_talks if talk == one.conversation]
        for id, worker in (*pairs, *connection.execute(of_case)):
            found.setdefault(id, set()).add(worker)
    return {id: frozenset(workers) for id, workers in found.items()}


def _due(now: int, associations: Iterable[str]) -> tuple[Any, ...]:
    h = handoffs.c
    return (
        among(h.association, associations),
        h.done_at.is_(None),
        h.taken_at.is_(None),
        or_(h.due <= now, h.due.is_(None)),
    )


# --- rows ------------------------------------------------------------------------------------------------------------


def _matter(one: Handoff) -> tuple[str, int, bool, str]:
    return one.association, one.conversation, bool(one.restricted), one.reference


def _open(connection: Connection, vault: Vault, given: list[Handoff]) -> dict[tuple[str, int, bool, str], Handoff]:
    """The open rows of these conversations, by matter; the oldest where there are several."""
    keys = {(one.association, one.conversation) for one in given}
    if not keys:
        return {}
    h = handoffs.c
    query = (
        select(*_COLUMNS)
        .where(tuple_(h.association, h.conversation).in_(sorted(keys)), h.done_at.is_(None))
        .order_by(h.id.desc())
    )
    return {_matter(one): one for one in (_handoff(vault, row._tuple()) for row in connection.execute(query))}


def _joined(waits: Handoff, more: Handoff) -> Handoff:
    """Both as one: whatever makes it graver has it looked at again, and what was said last about a call counts."""
    first, then = (more, waits) if more.urgent and not waits.urgent else (waits, more)
    reasons = dict.fromkeys((*first.reasons, *then.reasons))
    joined = waits._replace(
        reason=first.reason,
        also=" ".join(one for one in reasons if one != first.reason),
        role=waits.role or more.role,
        service=waits.service or more.service,
        urgent=waits.urgent or more.urgent,
        women_only=waits.women_only or more.women_only,
        callback=more.callback or waits.callback,
        taken_by=waits.taken_by or more.taken_by,
        taken_at=waits.taken_at or more.taken_at,
    )
    if (joined.urgent, joined.women_only) == (waits.urgent, waits.women_only) and not more.offered_to:
        return joined
    return joined._replace(offered_to=more.offered_to, offers=0, tried="", due=more.at)


def _row(vault: Vault, one: Handoff) -> tuple[Any, ...]:
    sealed = one.callback and vault.seal(one.callback.encode(), context(_CALLBACK, one.association, one.id))
    return tuple((sealed or None) if name == "callback" else getattr(one, name) for name in _ADDED)


def _handoff(vault: Vault, row: tuple[object, ...]) -> Handoff:
    handoff = Handoff(*row)  # type: ignore[arg-type]
    sealed = row[9]
    words = (
        vault.open(sealed, context(_CALLBACK, handoff.association, handoff.id)).decode()
        if isinstance(sealed, bytes)
        else ""
    )
    return handoff._replace(callback=words)


_COLUMNS = tuple(handoffs.c[name] for name in Handoff._fields)
_JOINED = (
    *("reason", "also", "role", "service", "urgent", "women_only", "callback", "taken_by", "taken_at"),
    *("offered_to", "offers", "tried", "due"),
)
_STEPPED = ("offered_to", "tried", "offers", "due", "alarmed_at", "told_at")
_ADDED = ("association", "id", "conversation", "restricted", "reference", "at", *_JOINED)
_ADD = inserting(handoffs, *_ADDED)


def _stepped(given: CTE) -> Executable:
    h = handoffs.c
    values = {name: given.c[name] for name in _STEPPED}
    return update(handoffs).values(values).where(h.association == given.c.association, h.id == given.c.id)


_STEP = Batch(columns_of(handoffs, "association", "id", *_STEPPED), _stepped)
