"""What the inbox shows, and what routing needs to know of who is there: lists of one page, each in a few statements.

No state of a conversation is opened for a row: who they are, and what they said last, is read for the rows shown.
Conditions on what a worker may see come from the caller (bot/desk/sight.py).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Text,
    and_,
    case,
    cast,
    distinct,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    update,
)

from conversations.routing import PRESENT, Candidate
from storage.conversations import open_handle
from storage.messages import BODY
from storage.schema import beneficiaries, cases, conversations, handoffs, messages
from storage.schema_desk import HOUSE, members, reminders, staff
from storage.times import moment
from storage.vault import Vault, context
from storage.world import open_facts

PAGE = 50
_HELD = text("holder <> 'bot'")
"""As the partial index has it."""


class Row(NamedTuple):
    """One line of a list. `id` is the handoff's where it waits, else 0; `case` the case it is about. Milliseconds."""

    id: int
    conversation: int
    channel: str | None
    beneficiary: int | None
    holder: str
    last_in: int | None
    waits_since: int | None
    updated: int | None
    women_only: bool
    restricted: bool
    reason: str = ""
    also: str = ""
    role: str = ""
    service: str = ""
    urgent: bool = False
    reference: str = ""
    at: int = 0
    offered_to: int | None = None
    case: int | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reason, *self.also.split()) if self.reason else ()


class Filters(NamedTuple):
    """Codes; empty for any."""

    channel: str = ""
    reason: str = ""
    role: str = ""


ANY = Filters()
Place = tuple[int, int, int]
"""Where a page of what waits begins: rank (offered to me 2, urgent 1), since when, handoff."""


def waiting(
    connection: Connection,
    association: str,
    seen: ColumnElement[bool],
    me: int,
    *,
    filters: Filters = ANY,
    after: Sequence[int] | None = None,
    limit: int = PAGE,
) -> list[tuple[Place, Row]]:
    """What nobody has taken: offered to `me` first, then urgent, then oldest."""
    h, c, k = handoffs.c, conversations.c, cases.c
    rank = case((h.offered_to == me, 2), else_=0) + case((h.urgent, 1), else_=0)
    columns: tuple[Any, ...] = (
        *(h.id, h.conversation, c.channel, c.beneficiary, func.coalesce(c.holder, ""), c.last_in, c.waits_since),
        *(c.updated, h.women_only, h.restricted, h.reason, h.also, h.role, h.service, h.urgent, h.reference),
        *(h.at, h.offered_to, k.id.label("case_id")),
    )
    query = _untaken(select(rank, *columns), association, seen, filters)
    if after is not None:
        first, at, id = after
        query = query.where(or_(rank < first, and_(rank == first, or_(h.at > at, and_(h.at == at, h.id > id)))))
    query = query.order_by(rank.desc(), h.at, h.id).limit(limit)
    found = [(row[0], Row(*row[1:])) for row in connection.execute(query)]
    return [((rank, row.at, row.id), row) for rank, row in found]


def count_waiting(connection: Connection, association: str, seen: ColumnElement[bool]) -> tuple[int, int]:
    """How many conversations wait, and how many of them urgently."""
    h = handoffs.c
    who = case((h.conversation == 0, h.id), else_=h.conversation)
    urgent = func.count(distinct(case((h.urgent, who))))
    query: Any = select(func.count(distinct(who)), urgent)
    found = connection.execute(_untaken(query, association, seen)).one()
    return int(found[0]), int(found[1])


def is_waiting(connection: Connection, association: str, id: int, seen: ColumnElement[bool]) -> bool:
    query = _untaken(select(handoffs.c.id), association, seen).where(handoffs.c.id == id)
    return connection.execute(query).first() is not None


def seen_among(connection: Connection, association: str, ids: Collection[int], seen: ColumnElement[bool]) -> set[int]:
    """Of these conversations those that may be seen."""
    if not ids:
        return set()
    c = conversations.c
    return set(connection.scalars(select(c.id).where(c.association == association, c.id.in_(sorted(ids)), seen)))


def choices(connection: Connection, association: str, seen: ColumnElement[bool]) -> dict[str, list[str]]:
    """What there is to filter by, for each filter: the codes of what waits."""
    h, c = handoffs.c, conversations.c
    rows = connection.execute(_untaken(select(c.channel, h.reason, h.also, h.role).distinct(), association, seen)).all()
    return {
        "channel": sorted({row.channel for row in rows if row.channel}),
        "reason": sorted({one for row in rows for one in (row.reason, *row.also.split())}),
        "role": sorted({row.role for row in rows if row.role}),
    }


def held(
    connection: Connection,
    association: str,
    seen: ColumnElement[bool],
    me: int,
    *,
    mine: bool,
    channel: str = "",
    after: Sequence[int] | None = None,
    limit: int = PAGE,
) -> list[Row]:
    """Conversations in a worker's hands: mine, those that wait for my word first and longest; or all others', the
    newest first. `after`: updated and id of the last one."""
    c = conversations.c
    query = select(
        *(literal_column("0").label("handoff"), c.id, c.channel, c.beneficiary, c.holder, c.last_in, c.waits_since),
        *(c.updated, c.women_only, c.restricted),
    ).where(c.association == association, _HELD, _whose(me, mine), seen)
    if channel:
        query = query.where(c.channel == channel)
    if mine:
        query = query.order_by(c.waits_since.is_(None), c.waits_since, c.updated.desc(), c.id)
    else:
        query = query.order_by(c.updated.desc(), c.id.desc())
        if after is not None:
            at, id = after
            query = query.where(or_(c.updated < at, and_(c.updated == at, c.id < id)))
    return [Row(*row) for row in connection.execute(query.limit(limit))]


def count_held(connection: Connection, association: str, seen: ColumnElement[bool], me: int) -> tuple[int, int, int]:
    """How many are mine, how many of them wait for my word, how many are others'."""
    c = conversations.c
    mine = c.holder == f"staff:{me}"
    found = connection.execute(
        select(
            func.coalesce(func.sum(case((mine, 1), else_=0)), 0),
            func.coalesce(func.sum(case((and_(mine, c.waits_since.is_not(None)), 1), else_=0)), 0),
            func.count(),
        ).where(c.association == association, _HELD, c.holder.startswith("staff:"), seen)
    ).one()
    return int(found[0]), int(found[1]), int(found[2]) - int(found[0])


def with_reasons(connection: Connection, association: str, rows: Sequence[Row]) -> list[Row]:
    """Rows of held conversations with why they came to the queue, where that is still open. What is restricted is said
    only of conversations that are."""
    h = handoffs.c
    ids = [row.conversation for row in rows]
    if not ids:
        return []
    query = (
        select(h.conversation, h.reason, h.also, h.urgent, h.reference, h.restricted, h.at)
        .where(h.association == association, h.conversation.in_(ids), h.done_at.is_(None))
        .order_by(h.urgent, h.at.desc())
    )
    known: dict[int, Any] = {}
    restricted = {row.conversation: row.restricted for row in rows}
    for found in connection.execute(query):
        if restricted[found.conversation] or not found.restricted:
            known[found.conversation] = found
    return [
        row._replace(reason=why.reason, also=why.also, urgent=bool(why.urgent), at=why.at)
        if (why := known.get(row.conversation))
        else row
        for row in rows
    ]


# --- what the rows shown say -----------------------------------------------------------------------------------------


class Last(NamedTuple):
    """The last words of a conversation: what a person did, encoded. Milliseconds."""

    kind: str
    at: int
    body: bytes


def last_words(connection: Connection, vault: Vault, association: str, ids: Iterable[int]) -> dict[int, Last]:
    """What each of these persons said last, in one statement."""
    wanted = sorted(set(ids) - {0})
    if not wanted:
        return {}
    c, m = conversations.c, messages.c
    newest = messages.alias("newest").c
    last = (
        select(newest.seq)
        .where(newest.association == c.association, newest.conversation == c.id, newest.direction == "in")
        .order_by(newest.seq.desc())
        .limit(1)
        .correlate(conversations)
        .scalar_subquery()
    )
    query = (
        select(c.id.label("whose"), m.id, m.kind, m.at, m.body)
        .join_from(conversations, messages, and_(m.association == c.association, m.conversation == c.id, m.seq == last))
        .where(c.association == association, c.id.in_(wanted), m.body.is_not(None))
    )
    return {
        row.whose: Last(row.kind, row.at, vault.open(row.body, context(BODY, association, row.id)))
        for row in connection.execute(query)
    }


def names(connection: Connection, vault: Vault, association: str, rows: Sequence[Row]) -> dict[int, str]:
    """By conversation, what these people are called, as far as it is known."""
    wanted = {row.beneficiary: row.conversation for row in rows if row.beneficiary is not None}
    if not wanted:
        return {}
    b = beneficiaries.c
    query = select(b.id, b.known).where(b.association == association, b.id.in_(sorted(wanted)), b.known.is_not(None))
    found: dict[int, str] = {}
    for row in connection.execute(query):
        facts = open_facts(vault, association, row.id, row.known).facts
        name = next((facts[key] for key in _NAMES if isinstance(facts.get(key), str)), "")
        if name:
            found[row.id] = name
    return {row.conversation: found[row.beneficiary] for row in rows if row.beneficiary in found}


_NAMES = ("applicant_name", "full_name", "name")


def tails(connection: Connection, vault: Vault, association: str, ids: Iterable[int]) -> dict[int, str]:
    """The last three digits of these addresses: enough to tell two rows apart, and no number."""
    wanted = sorted(set(ids) - {0})
    if not wanted:
        return {}
    c = conversations.c
    rows = connection.execute(
        select(c.id, c.channel, c.handle).where(c.association == association, c.id.in_(wanted), c.channel != "web_chat")
    )
    opened = {
        row.id: tail_of(row.channel, open_handle(vault, association, row.id, row.handle)) for row in rows if row.handle
    }
    return {id: tail for id, tail in opened.items() if tail}


def tail_of(channel: str, handle: str) -> str:
    """Empty where an address is no number: the web chat's is a cookie."""
    return handle[-3:] if channel != "web_chat" and handle[-3:].isdecimal() else ""


# --- who is there ----------------------------------------------------------------------------------------------------


def candidates(connection: Connection, association: str) -> list[Candidate]:
    """Everybody who works here, and how much they carry: what they hold, and what was offered to them."""
    m, s, c, h = members.c, staff.c, conversations.c, handoffs.c
    load: dict[int, int] = {}
    holders = select(c.holder, func.count()).where(c.association == association, _HELD).group_by(c.holder)
    for holder, count in connection.execute(holders):
        worker = holder.removeprefix("staff:")
        if worker.isdecimal():
            load[int(worker)] = count
    offers = (
        select(h.offered_to, func.count())
        .where(h.association == association, h.done_at.is_(None), h.taken_at.is_(None), h.offered_to.is_not(None))
        .group_by(h.offered_to)
    )
    for worker, count in connection.execute(offers):
        load[worker] = load.get(worker, 0) + count
    query = (
        select(members)
        .join(staff, and_(s.association == HOUSE, s.id == m.staff))
        .where(m.association == association, m.ended_at.is_(None), s.disabled_at.is_(None))
        .order_by(m.staff)
    )
    return [
        Candidate(
            staff=row.staff,
            roles=frozenset(row.roles.split()),
            categories=frozenset(row.categories.split()),
            woman=bool(row.woman),
            load=load.get(row.staff, 0),
            capacity=row.capacity,
            seen_at=moment(row.seen_at),
            away=row.presence == "away",
        )
        for row in connection.execute(query)
    ]


def present(connection: Connection, association: str, now: int) -> frozenset[int]:
    """Who is there: looked at the desk a moment ago, and takes what comes."""
    m = members.c
    query = select(m.staff).where(
        m.association == association,
        m.ended_at.is_(None),
        m.presence != "away",
        m.seen_at > now - int(PRESENT.total_seconds() * 1000),
    )
    return frozenset(connection.scalars(query))


def is_away(connection: Connection, association: str, worker: int) -> bool:
    m = members.c
    query = select(m.presence).where(m.association == association, m.staff == worker)
    return connection.scalar(query) == "away"


def be(connection: Connection, association: str, worker: int, presence: str) -> None:
    """Whether they take what comes: `auto` (while they look at the desk) or `away`."""
    m = members.c
    connection.execute(update(members).where(m.association == association, m.staff == worker).values(presence=presence))


def pulse(connection: Connection, association: str) -> tuple[Any, ...]:
    """Different whenever a list has changed: for what other processes committed. Nothing is locked."""
    h, c = handoffs.c, conversations.c
    queue = connection.execute(
        select(func.count(), func.max(h.id), func.sum(h.offers), func.max(h.taken_at)).where(
            h.association == association, h.done_at.is_(None)
        )
    ).one()
    hands = connection.execute(
        select(func.count(), func.max(c.updated)).where(c.association == association, _HELD)
    ).one()
    return (*queue, *hands)


def updated(connection: Connection, association: str, ids: Collection[int]) -> dict[int, int]:
    """When each of these conversations last moved."""
    c = conversations.c
    query = select(c.id, c.updated).where(c.association == association, c.id.in_(sorted(ids)))
    return {row.id: row.updated for row in connection.execute(query)}


class Returned(NamedTuple):
    """A request that lies untouched since it was returned; `subject` names this return of it."""

    conversation: int
    reference: str
    subject: str


def returned(connection: Connection, association: str, before: int, limit: int = 200) -> list[Returned]:
    """Requests that were returned for completion and have not moved since `before`, that nobody was called for yet."""
    k, r = cases.c, reminders.c
    subject = literal("returned:") + cast(k.id, String) + ":" + cast(k.moves, String)
    called = exists(select(literal(1)).where(r.association == k.association, r.subject == subject))
    query = (
        select(k.conversation, k.reference, subject)
        .where(
            *(k.association == association, k.kind == "request", k.stage == "returned", k.updated <= before),
            *(k.conversation.is_not(None), k.closed_at.is_(None), ~called),
        )
        .order_by(k.id)
        .limit(limit)
    )
    return [Returned(*row) for row in connection.execute(query)]


# --- parts of the question -------------------------------------------------------------------------------------------


def _untaken(query: Select[Any], association: str, seen: ColumnElement[bool], filters: Filters = ANY) -> Select[Any]:
    h, c, k = handoffs.c, conversations.c, cases.c
    query = (
        query.select_from(handoffs)
        .outerjoin(conversations, and_(c.association == h.association, c.id == h.conversation))
        .outerjoin(cases, and_(k.association == h.association, k.reference == h.reference, h.reference != ""))
        .where(h.association == association, h.done_at.is_(None), h.taken_at.is_(None), seen)
    )
    if filters.channel:
        query = query.where(c.channel == filters.channel)
    if filters.reason:
        reasons: ColumnElement[str] = literal_column("' '", Text) + h.reason + " " + h.also + " "
        query = query.where(reasons.contains(f" {filters.reason} ", autoescape=True))
    return query.where(h.role == filters.role) if filters.role else query


def _whose(me: int, mine: bool) -> ColumnElement[bool]:
    c = conversations.c
    if mine:
        return c.holder == f"staff:{me}"
    return and_(c.holder.startswith("staff:"), not_(c.holder == f"staff:{me}"))
