"""What became of what goes out, for those who look after it: per channel, per notice. Codes and times, nothing sealed.

Everything is bounded: of a channel the newest `MOST` messages of a period are read, of a state the first `COUNTED`
notices counted, so that a hundred thousand of either cost no page more than a thousand do. Milliseconds.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal_column,
    select,
    text,
)

from storage.messages import unsettled
from storage.notices import OUT, UNOPENED, WAITING, WITH_STAFF
from storage.schema import MOVED, cases, conversations, messages
from storage.schema_notices import legs, notices

Seen = ColumnElement[bool]
PAGE = 50
MOST = 5_000
COUNTED = 10_000
LOOKED = 25_000
"""Notices among which a page looks for those that may be seen: who sees few of them does not walk through all."""
OPEN = (WAITING, OUT, UNOPENED, WITH_STAFF)
SENT = ("accepted", "delivered", "read", "uncertain")
"""States of a message that left; `failed` came to nothing."""
NOBODY_TRIED = ("asked", "stopped", "death", "restored", "paused", "aborted")
"""Why a message failed, where no channel is to blame: we did not send it."""


class Moved(NamedTuple):
    """Messages of a channel whose state changed in the period: how many stand so, and how many of them since
    `recently`."""

    state: str
    error: str
    number: int
    recent: int


class Backlog(NamedTuple):
    """What waits to go now: how many (counted so far), and since when the oldest does; None: nothing does."""

    number: int = 0
    oldest: int | None = None


class Listed(NamedTuple):
    """A notice as a list shows it. `way` and `way_state`: its last leg's channel and how that stands."""

    id: int
    kind: str
    reference: str
    channel: str
    state: str
    why: str
    at: int
    due: int | None
    settled_at: int | None
    case_id: int | None
    conversation: int | None
    urgency: str
    way: str
    way_state: str


class Carried(NamedTuple):
    """A message that carries a notice. `cost` as costs.py writes it; empty where nobody said."""

    id: int
    conversation: int
    seq: int
    channel: str
    at: int
    state: str
    error: str
    updated: int | None
    again: bool
    cost: str


# --- channels --------------------------------------------------------------------------------------------------------


def moved(
    connection: Connection, association: str, channel: str, since: int, recently: int, most: int = MOST
) -> list[Moved]:
    """What became of the newest messages of a channel: those that moved in the period."""
    m = messages.c
    newest = (
        select(m.state, m.error, m.updated)
        .where(m.association == association, m.channel == channel, text(MOVED), m.updated >= since)
        .order_by(m.updated.desc())
        .limit(most)
        .subquery()
    )
    error = func.coalesce(newest.c.error, "")
    query = select(newest.c.state, error, func.count(), func.count().filter(newest.c.updated >= recently)).group_by(
        newest.c.state, error
    )
    return [Moved._make(row) for row in connection.execute(query)]


def backlog(connection: Connection, association: str, channel: str, now: int, most: int = COUNTED) -> Backlog:
    """Of a channel; what waits for a retry that is not due yet is none of it."""
    m = messages.c
    mine = (m.association == association, m.channel == channel, unsettled(), m.not_before <= now)
    first = select(m.at).where(*mine).order_by(m.at)
    oldest = connection.scalar(first.limit(1))
    if oldest is None:
        return Backlog()
    count = connection.scalar(select(func.count()).select_from(first.limit(most).subquery()))
    return Backlog(count or 0, oldest)


def failing(found: Sequence[Moved]) -> tuple[int, int]:
    """How many were sent and how many of them failed; what we did not send is neither."""
    failed = sum(one.number for one in found if one.state == "failed" and one.error not in NOBODY_TRIED)
    return failed + sum(one.number for one in found if one.state in SENT), failed


# --- notices ---------------------------------------------------------------------------------------------------------


def counts(connection: Connection, association: str, states: Sequence[str], most: int = COUNTED) -> dict[str, int]:
    """How many notices stand so, each counted up to `most`."""
    n = notices.c
    found = {}
    for state in states:
        some: Select[Any] = (
            select(literal_column("1")).where(n.association == association, n.state == state).limit(most)
        )
        found[state] = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
    return found


def page(
    connection: Connection,
    association: str,
    seen: Seen,
    *,
    state: str = "",
    channel: str = "",
    case_id: int | None = None,
    conversation: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
) -> tuple[list[Listed], int | None]:
    """Notices that may be seen, the newest first; goes on after the id that comes with them (None: the end).
    `channel`: the agreed one; `conversation`: where the matter began."""
    n = notices.c
    query = _from(select(*(n[name] for name in Listed._fields[:-2]))).where(n.association == association, seen)
    narrowed = ((n.state, state), (n.channel, channel), (n.case_id, case_id), (n.conversation, conversation))
    for column, value in narrowed:
        query = query.where(column == value) if value else query
    if after is not None:
        query = query.where(n.id < after)
    one_of = case_id is not None or conversation is not None or channel
    end = None if one_of else _end(connection, association, state, after)
    if end is not None:
        query = query.where(n.id >= end)
    rows = connection.execute(query.order_by(n.id.desc()).limit(limit)).all()
    return _with_ways(connection, association, rows), rows[-1].id if len(rows) == limit else end


def _end(connection: Connection, association: str, state: str, after: int | None) -> int | None:
    """The last notice among those a page looks at; None where it comes to the end of them."""
    n = notices.c
    query = select(n.id).where(n.association == association)
    query = query.where(n.state == state) if state else query
    query = query.where(n.id < after) if after is not None else query
    last: int | None = connection.scalar(query.order_by(n.id.desc()).offset(LOOKED - 1).limit(1))
    return last


def may_see(connection: Connection, association: str, seen: Seen, id: int) -> bool:
    n = notices.c
    query = _from(select(literal_column("1"))).where(n.association == association, n.id == id, seen)
    return connection.scalar(query) is not None


def carried(connection: Connection, association: str, notice: int) -> list[Carried]:
    """The messages of a notice, in the order in which they were written."""
    m = messages.c
    names = [name for name in Carried._fields if name != "error"]
    query = (
        select(*(m[name] for name in names), m.error)
        .where(m.association == association, m.notice == notice, m.notice.is_not(None))
        .order_by(m.id)
    )
    rows = [row._asdict() for row in connection.execute(query)]
    return [Carried(**{**row, "error": row["error"] or "", "again": bool(row["again"])}) for row in rows]


def _with_ways(connection: Connection, association: str, rows: Sequence[Any]) -> list[Listed]:
    one = legs.c
    ids = [row.id for row in rows]
    query = select(one.notice, one.channel, one.state).where(one.association == association, one.notice.in_(ids))
    last = {row.notice: (row.channel, row.state) for row in connection.execute(query.order_by(one.notice, one.step))}
    return [Listed._make((*row, *last.get(row.id, ("", "")))) for row in rows]


def _from(query: Select[Any]) -> Select[Any]:
    """Beside their case and their conversation, which say who may see them."""
    n, c, k = notices.c, cases.c, conversations.c
    return query.select_from(
        notices.outerjoin(cases, and_(c.association == n.association, c.id == n.case_id)).outerjoin(
            conversations, and_(k.association == n.association, k.id == n.conversation)
        )
    )
