"""The transcript and the outbox in one table: one row, one wire message (rule 3). Leasing and expiry: outbox.py.

What came in is `received`. What goes out: queued → sending (leased) → accepted → delivered → read, or failed, or
uncertain: it may have arrived. `held` waits for a person. Reports come late, twice and out of order: a state only moves
forward, except that the holder of a lease may put its own row back.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from storage.batch import Batch, columns_of, inserting
from storage.schema import messages
from storage.vault import Vault, context

BODY = "messages.body"
RANK = {
    "queued": 0,
    "sending": 1,
    "held": 2,
    "uncertain": 2,
    "accepted": 3,
    "failed": 4,
    "delivered": 5,
    "read": 6,
    "received": 9,
}
"""How far along a state is."""


class Message(NamedTuple):
    """A row to insert. `body` is plain: it is sealed on the way in. Times in milliseconds."""

    association: str
    id: int
    conversation: int
    seq: int
    channel: str
    direction: str
    """in or out."""
    lane: str
    kind: str
    at: int
    body: bytes
    provider_id: str | None = None
    state: str = "received"
    not_before: int = 0
    lease_by: str | None = None
    lease_until: int | None = None
    notice: int | None = None


class Settlement(NamedTuple):
    """What became of a send: by the sender, or by a provider's report that carries our row id."""

    association: str
    id: int
    state: str
    provider_id: str | None = None
    error: str | None = None
    not_before: int = 0
    """When a row that goes back to the queue may be tried again."""


class Report(NamedTuple):
    """A provider's report that knows only its own id of the message."""

    association: str
    channel: str
    provider_id: str
    state: str
    error: str | None = None


class Line(NamedTuple):
    """A message as the transcript shows it."""

    id: int
    seq: int
    direction: str
    lane: str
    kind: str
    at: int
    body: bytes
    state: str
    error: str | None
    again: bool


def insert_all(connection: Connection, vault: Vault, rows: Sequence[Message]) -> None:
    """Keep these messages, in one statement."""
    seal = vault.seal
    _INSERT.run(
        connection,
        [(*row[:9], seal(row.body, context(BODY, row.association, row.id)), *row[10:]) for row in rows],
    )


def settle(connection: Connection, settlements: Sequence[Settlement], me: str, now: int) -> set[tuple[str, int]]:
    """Move these rows forward, in one statement; returns (association, id) of those it changed.

    `queued` puts a row back that `me` has leased. Of one row given twice, what is furthest along counts. A provider's
    id is kept with the row even where a report was faster than the sender.
    """
    best: dict[tuple[str, int], Settlement] = {}
    for given in settlements:
        key = (given.association, given.id)
        known = best.get(key)
        if known is None:
            best[key] = given
            continue
        ahead, behind = (given, known) if RANK[given.state] >= RANK[known.state] else (known, given)
        best[key] = ahead._replace(provider_id=ahead.provider_id or behind.provider_id)
    rows = [(*row, RANK[row.state]) for _, row in sorted(best.items())]
    return {(row[0], row[1]) for row in _SETTLE.run(connection, rows, me=me, now=now)}


def report(connection: Connection, reports: Sequence[Report], now: int) -> set[tuple[str, str, str]]:
    """`settle` by the provider's ids; returns (association, channel, provider id) of the rows it moved."""
    best: dict[tuple[str, str, str], Report] = {}
    for given in reports:
        key = (given.association, given.channel, given.provider_id)
        if key not in best or RANK[given.state] >= RANK[best[key].state]:
            best[key] = given
    rows = [(*row, RANK[row.state]) for _, row in sorted(best.items())]
    return {(row[0], row[1], row[2]) for row in _REPORT.run(connection, rows, now=now)}


def transcript(
    connection: Connection, vault: Vault, association: str, conversation: int, *, after: int = 0, limit: int = 200
) -> list[Line]:
    """Messages of a conversation in order, those after sequence number `after`."""
    m = messages.c
    query = (
        select(m.id, m.seq, m.direction, m.lane, m.kind, m.at, m.body, m.state, m.error, m.again)
        .where(m.association == association, m.conversation == conversation, m.seq > after)
        .order_by(m.seq)
        .limit(limit)
    )
    return [_line(vault, association, row) for row in connection.execute(query)]


def _line(vault: Vault, association: str, row: Any) -> Line:
    body = vault.open(row.body, context(BODY, association, row.id))
    return Line._make((*row[:6], body, *row[7:9], bool(row.again)))


def newest(
    connection: Connection, vault: Vault, association: str, conversation: int, *, before: int | None = None, limit: int
) -> list[Line]:
    """The last messages of a conversation in order, those before a sequence number where one is given."""
    m = messages.c
    query = (
        select(m.id, m.seq, m.direction, m.lane, m.kind, m.at, m.body, m.state, m.error, m.again)
        .where(m.association == association, m.conversation == conversation)
        .order_by(m.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(m.seq < before)
    return [_line(vault, association, row) for row in reversed(connection.execute(query).all())]


def line(connection: Connection, vault: Vault, association: str, conversation: int, seq: int) -> Line | None:
    """One message of this conversation."""
    found = transcript(connection, vault, association, conversation, after=seq - 1, limit=1)
    return found[0] if found and found[0].seq == seq else None


def mask(connection: Connection, vault: Vault, association: str, id: int, body: bytes) -> None:
    """Replace what a message of the transcript says, after it was stored."""
    m = messages.c
    sealed = vault.seal(body, context(BODY, association, id))
    connection.execute(update(messages).where(m.association == association, m.id == id).values(body=sealed))


def unsettled(table: Any = messages) -> ColumnElement[bool]:
    """Queued or sending, written as the partial index has it."""
    return table.c.state.in_([literal_column("'queued'"), literal_column("'sending'")])  # type: ignore[no-any-return]


def rank(state: ColumnElement[str]) -> ColumnElement[int]:
    whens = {literal_column(f"'{name}'", Text): literal_column(str(place), BigInteger) for name, place in RANK.items()}
    return case(whens, value=state, else_=literal_column("9", BigInteger))


_INSERTED = (
    "association", "id", "conversation", "seq", "channel", "direction", "lane", "kind", "at", "body",
    "provider_id", "state", "not_before", "lease_by", "lease_until", "notice",
)  # fmt: skip
_INSERT = inserting(messages, *_INSERTED)

_MOVED: dict[str, Any] = {"lease_by": null(), "lease_until": null(), "updated": bindparam("now", type_=BigInteger)}


def _settled(given: CTE) -> Executable:
    m, g = messages.c, given.c
    back = and_(
        g.state == literal_column("'queued'"),
        m.state == literal_column("'sending'"),
        m.lease_by == bindparam("me", type_=Text),
    )
    moves = or_(g.rank > rank(m.state), back)
    learns = and_(m.provider_id.is_(None), g.provider_id.is_not(None))
    return (
        update(messages)
        .values(
            state=case((moves, g.state), else_=m.state),
            provider_id=func.coalesce(g.provider_id, m.provider_id),
            error=case((moves, g.error), else_=m.error),
            not_before=case((back, g.not_before), else_=m.not_before),
            # Without an error it was never tried.
            attempts=m.attempts
            + case((and_(back, g.error.is_not(None)), literal_column("1")), else_=literal_column("0")),
            lease_by=case((moves, null()), else_=m.lease_by),
            lease_until=case((moves, null()), else_=m.lease_until),
            updated=bindparam("now", type_=BigInteger),
        )
        .where(m.association == g.association, m.id == g.id, or_(moves, learns))
        .returning(m.association, m.id)
    )


def _reported(given: CTE) -> Executable:
    m, g = messages.c, given.c
    return (
        update(messages)
        .values(state=g.state, error=g.error, **_MOVED)
        .where(
            m.association == g.association,
            m.channel == g.channel,
            m.provider_id == g.provider_id,
            m.direction == literal_column("'out'"),
            g.rank > rank(m.state),
        )
        .returning(m.association, m.channel, m.provider_id)
    )


def _ranked(table: Table, *names: str) -> tuple[Column[Any], ...]:
    return (*columns_of(table, *names), Column("rank", BigInteger))


_SETTLE = Batch(_ranked(messages, "association", "id", "state", "provider_id", "error", "not_before"), _settled)
_REPORT = Batch(_ranked(messages, "association", "channel", "provider_id", "state", "error"), _reported)


def take_back(
    connection: Connection, association: str, id: int, provider_id: str, code: str, most: int, not_before: int, now: int
) -> bool:
    """What a provider took and reports as failed for a reason that passes goes out anew, no sooner than `not_before`;
    False where it is not the message it speaks of, or was tried `most` times."""
    m = messages.c
    mine = (m.association == association, m.id == id, m.provider_id == provider_id, m.attempts + 1 < most)
    changed = (
        update(messages)
        .where(*mine, m.state == literal_column("'accepted'"))
        .values(
            state="queued", error=code, provider_id=null(), attempts=m.attempts + 1, not_before=not_before, updated=now
        )
    )
    return connection.execute(changed).rowcount == 1


def cancel(connection: Connection, association: str, conversation: int, why: str, now: int) -> int:
    """What we meant to begin and have not sent (notices, bulk) stays unsent; how many rows that were."""
    m = messages.c
    return connection.execute(
        update(messages)
        .where(
            m.association == association,
            m.conversation == conversation,
            m.state == literal_column("'queued'"),
            m.lane != "dialogue",
        )
        .values(state="failed", error=why, updated=now)
    ).rowcount


def fetched(connection: Connection, association: str, conversation: int, upto: int, now: int) -> None:
    """A page holds every line up to this number: what was accepted is delivered."""
    m = messages.c
    connection.execute(
        update(messages)
        .where(
            m.association == association,
            m.conversation == conversation,
            m.seq <= upto,
            m.direction == "out",
            m.state == literal_column("'accepted'"),
        )
        .values(state="delivered", updated=now)
    )


def provider_ids(connection: Connection, association: str, conversation: int, limit: int = 200) -> set[str]:
    """The provider's ids of the newest messages that went to this conversation."""
    m = messages.c
    query = select(m.provider_id).where(
        m.association == association,
        m.conversation == conversation,
        m.direction == "out",
        m.provider_id.is_not(None),
    )
    return set(connection.scalars(query.order_by(m.seq.desc()).limit(limit)))


def whose(
    connection: Connection, association: str, channel: str, row: int | None, provider_id: str
) -> tuple[int, int, str] | None:
    """Conversation, row and lane of a message that went out, by our id or the provider's."""
    m = messages.c
    by = m.id == row if row is not None else m.provider_id == provider_id
    found = connection.execute(
        select(m.conversation, m.id, m.lane).where(
            m.association == association, m.channel == channel, m.direction == "out", by
        )
    ).first()
    return None if found is None else (found[0], found[1], found[2])
