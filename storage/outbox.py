"""What is left over of sending: rows claimed under a lease, leases that ran out, rows a person decides about (rule 3).

A row sent right after its commit is inserted as `sending` already; this is for the rest: after a crash, later, retries.
Who claims holds the account's lease (accounts.py), so that two processes never claim for the same account at once.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    literal_column,
    not_,
    null,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from storage.batch import NOW, Batch, columns_of
from storage.conversations import open_handle
from storage.messages import BODY, unsettled
from storage.schema import MOVED, conversations, messages
from storage.vault import Vault, context


class Claimed(NamedTuple):
    """A row to send now, leased by whoever claimed it. Times in milliseconds."""

    association: str
    id: int
    conversation: int
    seq: int
    channel: str
    lane: str
    kind: str
    at: int
    body: bytes
    attempts: int
    again: bool
    """It may have arrived before: say so."""
    handle: str
    last_in: int | None
    """When the person last wrote: WhatsApp's window counts from it."""
    stopped: bool


def claim(
    connection: Connection,
    vault: Vault,
    account: tuple[str, str],
    me: str,
    now: int,
    until: int,
    limit: int = 100,
    lanes: Sequence[str] = ("dialogue", "notice", "bulk"),
) -> list[Claimed]:
    """Lease the account's (association, channel) due rows until `until`: in order per conversation and lane.

    A row waits behind an earlier one of its lane that is being sent or may not be tried yet; of notices and bulk only
    the first of each conversation is taken, so that nobody's many hold up the others. The lanes in the order given.
    """
    association, channel = account
    found: list[int] = []
    for lane in lanes:
        if len(found) < limit:
            due = _due(association, channel, lane, now).limit(limit - len(found))
            found += [row.id for row in connection.execute(due)]
    if not found:
        return []
    m = messages.c
    taken = connection.execute(
        update(messages)
        .where(m.association == association, m.state == literal_column("'queued'"), m.id.in_(found))
        .values(state="sending", lease_by=me, lease_until=until, updated=now)
        .returning(m.id, m.conversation, m.seq, m.lane, m.kind, m.at, m.body, m.attempts, m.again)
    ).all()
    whom = sorted({(association, row.conversation) for row in taken})
    people = {row[0]: row[1:] for row in _WHOM.run(connection, whom)}
    claimed = []
    for row in sorted(taken, key=lambda row: (row.conversation, row.lane, row.seq)):
        handle, last_in, stopped = people[row.conversation]
        claimed.append(
            Claimed(
                association=association,
                id=row.id,
                conversation=row.conversation,
                seq=row.seq,
                channel=channel,
                lane=row.lane,
                kind=row.kind,
                at=row.at,
                body=vault.open(row.body, context(BODY, association, row.id)),
                attempts=row.attempts,
                again=bool(row.again),
                handle=open_handle(vault, association, row.conversation, handle),
                last_in=last_in,
                stopped=bool(stopped),
            )
        )
    return claimed


def _due(association: str, channel: str, lane: str, now: int) -> Select[tuple[int]]:
    """What of this lane may go, oldest first: walks its index, so that a hundred thousand cost what a hundred do."""
    m, earlier = messages.c, messages.alias("earlier")
    # A predecessor with a greater id (another process's clock) could fall behind the limit: wait for it.
    holds = or_(earlier.c.state == literal_column("'sending'"), earlier.c.not_before > now, earlier.c.id > m.id)
    blocked = exists().where(
        earlier.c.association == m.association,
        earlier.c.conversation == m.conversation,
        earlier.c.lane == m.lane,
        earlier.c.seq < m.seq,
        unsettled(earlier),
        holds if lane == "dialogue" else true(),
    )
    return (
        select(m.id)
        .where(
            m.association == association,
            m.channel == channel,
            m.lane == lane,
            m.state == literal_column("'queued'"),
            m.not_before <= now,
            not_(blocked),
        )
        .order_by(m.id)
    )


def due_accounts(connection: Connection, accounts: Iterable[tuple[str, str]], now: int) -> list[tuple[str, str]]:
    """Those of these accounts that have something to claim."""
    return [(row[0], row[1]) for row in _DUE.run(connection, list(accounts), now=now)]


def _has_due(given: CTE) -> Executable:
    """In the index's order, one row: PostgreSQL would otherwise read the whole queue, in a join or in a scan."""
    m, g = messages.c, given.c
    waits = select(m.id).where(
        m.association == g.association,
        m.channel == g.channel,
        m.state == literal_column("'queued'"),
        m.not_before <= NOW,
    )
    first = waits.order_by(m.lane, m.id).limit(literal_column("1"))
    return select(g.association, g.channel).where(first.scalar_subquery().is_not(None))


_DUE = Batch(columns_of(messages, "association", "channel"), _has_due)


def replied(connection: Connection, account: tuple[str, str], since: int) -> list[int]:
    """Live replies of this account that were marked as sent after `since`, by whatever process."""
    m = messages.c
    query = select(m.id).where(
        m.association == account[0],
        m.channel == account[1],
        text(MOVED),
        m.updated > since,
        m.state == literal_column("'accepted'"),
        m.lane == literal_column("'dialogue'"),
    )
    return list(connection.scalars(query.limit(1000)))


def expire(
    connection: Connection, now: int, resend: Iterable[str], waits: Callable[[str, int, bytes], bool] | None = None
) -> list[tuple[str, int, str]]:
    """End the leases that ran out; returns (association, id, state) of these rows.

    Nobody knows whether they arrived. On the channels of `resend`, whose provider cannot be asked, a dialogue reply or
    a notice goes back to the queue once, marked `again`; everything else becomes uncertain, and so does what `waits`
    for a person: it is asked about association, id and sealed body.
    """
    if connection.execute(_RAN_OUT, {"now": now}).first() is None:
        return []
    m = messages.c
    over = _ran_out(now)
    once = and_(m.channel.in_(list(resend)), m.lane.in_(["dialogue", "notice"]), not_(m.again))
    if waits is not None:
        found = connection.execute(select(m.association, m.id, m.body).where(over, once)).all()
        once = and_(once, m.id.not_in([row.id for row in found if waits(row.association, row.id, row.body)]))
    changed = connection.execute(
        update(messages)
        .where(over)
        .values(
            state=case((once, "queued"), else_="uncertain"),
            again=case((once, True), else_=m.again),
            attempts=m.attempts + 1,
            error=null(),
            lease_by=null(),
            lease_until=null(),
            updated=now,
        )
        .returning(m.association, m.id, m.state)
    )
    return [(row[0], row[1], row[2]) for row in changed]


def _ran_out(now: Any) -> ColumnElement[bool]:
    return and_(messages.c.state == literal_column("'sending'"), messages.c.lease_until < now)


_RAN_OUT = select(messages.c.id).where(_ran_out(NOW)).limit(1)
"""Built once: it is asked every few seconds, mostly for nothing."""


def extend(connection: Connection, me: str, until: int) -> None:
    """Move the end of all leases of `me`, while its sends are still under way."""
    m = messages.c
    connection.execute(
        update(messages)
        .where(unsettled(), m.state == literal_column("'sending'"), m.lease_by == me)
        .values(lease_until=until)
    )


def uncertain(connection: Connection, association: str | None = None, limit: int = 200) -> list[tuple[str, int, str]]:
    """(association, id, channel) of rows that may have arrived, oldest first: to be asked for, or for a person."""
    m = messages.c
    query = select(m.association, m.id, m.channel).where(m.state == "uncertain").order_by(m.id).limit(limit)
    if association is not None:
        query = query.where(m.association == association)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def release(connection: Connection, rows: Iterable[tuple[str, int]], now: int) -> list[tuple[str, int]]:
    """A person decides that uncertain or held rows go out (again): back to the queue. Returns those that were."""
    return [(row[0], row[1]) for row in _RELEASE.run(connection, sorted(rows), now=now)]


def doubt_unsent(connection: Connection, now: int) -> int:
    """After a restore: nobody knows what was sent since the copy was made. Everything unsent becomes uncertain."""
    statement = update(messages).where(unsettled())
    # The reason keeps them from being asked about, and sent again, by themselves (`to_ask`).
    return connection.execute(
        statement.values(state="uncertain", error="restored", lease_by=null(), lease_until=null(), updated=now)
    ).rowcount


def to_ask(connection: Connection, vault: Vault, account: tuple[str, str], limit: int = 20) -> list[Claimed]:
    """Rows of this account that may have arrived and that nobody has asked the provider about yet, oldest first."""
    association, channel = account
    m, c = messages.c, conversations.c
    query = (
        select(*(m[name] for name in Claimed._fields[:11]), c.handle, c.last_in, c.stopped)
        .join_from(messages, conversations, and_(c.association == m.association, c.id == m.conversation))
        .where(
            m.association == association,
            m.channel == channel,
            m.state == literal_column("'uncertain'"),
            m.error.is_(None),
        )
        .order_by(m.id)
        .limit(limit)
    )
    return [
        Claimed(
            **row._asdict()
            | {
                "body": vault.open(row.body, context(BODY, association, row.id)),
                "handle": open_handle(vault, association, row.conversation, row.handle),
                "again": bool(row.again),
                "stopped": bool(row.stopped),
            }
        )
        for row in connection.execute(query)
    ]


def is_sending(connection: Connection, association: str, conversation: int) -> bool:
    """Whether anything is on its way to this conversation."""
    m = messages.c
    query = select(m.id).where(
        m.association == association,
        m.conversation == conversation,
        unsettled(),
        m.state == literal_column("'sending'"),
    )
    return connection.execute(query.limit(1)).first() is not None


def leave(connection: Connection, row: tuple[str, int]) -> None:
    """The provider does not know it, and it was sent twice already: a person decides."""
    m = messages.c
    connection.execute(
        update(messages)
        .where(m.association == row[0], m.id == row[1], m.state == literal_column("'uncertain'"))
        .values(error="not_found")
    )


_WHOM = Batch(
    columns_of(conversations, "association", "id"),
    lambda given: select(
        conversations.c.id, conversations.c.handle, conversations.c.last_in, conversations.c.stopped
    ).select_from(
        given.join(
            conversations,
            and_(conversations.c.association == given.c.association, conversations.c.id == given.c.id),
        )
    ),
)


def _released(given: CTE) -> Executable:
    m, g = messages.c, given.c
    return (
        update(messages)
        .where(
            m.association == g.association,
            m.id == g.id,
            m.state.in_([literal_column("'uncertain'"), literal_column("'held'")]),
        )
        .values(
            state=literal_column("'queued'", Text),
            again=case((m.state == literal_column("'uncertain'"), literal_column("true")), else_=m.again),
            error=null(),
            not_before=literal_column("0"),
            updated=bindparam("now"),
        )
        .returning(m.association, m.id)
    )


_RELEASE = Batch(columns_of(messages, "association", "id"), _released)


def said(connection: Connection, vault: Vault, association: str, row: int) -> bytes | None:
    """What a row that went out says, as the sender has it."""
    m = messages.c
    query = select(m.body).where(m.association == association, m.id == row, m.direction == "out")
    sealed = connection.scalar(query)
    return None if sealed is None else vault.open(sealed, context(BODY, association, row))
