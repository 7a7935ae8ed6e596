"""One row for each account (association and channel): who may send for it, since when, from where it is read.

The lease keeps one process at a time claiming for an account, and polling with its token. `*` in place of a channel or
an association is an operator's switch over all of them (rule 14).
"""

from typing import NamedTuple

from sqlalchemy import Connection, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.schema import accounts

ALL = "*"
SKEW = 60_000
"""Milliseconds by which the clocks of two processes may differ."""


class Account(NamedTuple):
    """`not_before`: nothing goes out before (a 429 said so). `cursor`: the next update to read. `paused_at`: when,
    0 where that is not known. Milliseconds."""

    association: str
    channel: str
    not_before: int = 0
    paused: bool = False
    paused_why: str = ""
    paused_at: int = 0
    lease_by: str = ""
    lease_until: int = 0
    cursor: int = 0


def load(connection: Connection) -> dict[tuple[str, str], Account]:
    """Every account that has a row, the switches among them: a handful."""
    query = select(*(accounts.c[name] for name in Account._fields))
    return {(row[0], row[1]): Account._make(row) for row in connection.execute(query)}


def lease(connection: Connection, association: str, channel: str, me: str, now: int, until: int) -> bool:
    """Take or keep the account until `until`; False while another process has it. A lease that ends later than one
    taken now was taken by a clock that was wrong: whoever waited for its end would wait for days."""
    statement = insert(accounts).values(association=association, channel=channel, lease_by=me, lease_until=until)
    a = accounts.c
    taken = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["association", "channel"],
            set_={"lease_by": me, "lease_until": until},
            where=or_(a.lease_by == me, a.lease_until < now, a.lease_until > until + SKEW),
        ).returning(a.lease_by)
    )
    return taken.first() is not None


def give_back(connection: Connection, me: str) -> None:
    """At shutdown: others need not wait for the leases of `me` to run out."""
    connection.execute(update(accounts).where(accounts.c.lease_by == me).values(lease_by="", lease_until=0))


def hold(connection: Connection, association: str, channel: str, not_before: int) -> None:
    """The provider said: not before. Never moves back."""
    _change(connection, association, channel, {})
    a = accounts.c
    connection.execute(
        update(accounts)
        .where(a.association == association, a.channel == channel, a.not_before < not_before)
        .values(not_before=not_before)
    )


def not_before(connection: Connection, association: str, channel: str) -> int:
    """Until when the provider asked for silence; 0 where it did not."""
    a = accounts.c
    query = select(a.not_before).where(a.association == association, a.channel == channel)
    return connection.scalar(query) or 0


def free_all(connection: Connection) -> None:
    """Every lease ends: for whoever is alone with the database, so that the holders are dead."""
    connection.execute(update(accounts).values(lease_by="", lease_until=0))


def pause(connection: Connection, association: str = ALL, channel: str = ALL, why: str = "", now: int = 0) -> None:
    """Nothing goes out on this channel, for this association, or at all, until resumed; since the first time."""
    a = accounts.c
    since = case((a.paused, a.paused_at), else_=now)
    statement = insert(accounts).values(
        association=association, channel=channel, paused=True, paused_why=why, paused_at=now
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["association", "channel"], set_={"paused": True, "paused_why": why, "paused_at": since}
        )
    )


def cut(connection: Connection, before: int) -> set[tuple[str, str]]:
    """Channels that were stopped before that moment and still are, each alone: (association or `ALL`, channel).
    Where everything is held, there is no other way to take."""
    a = accounts.c
    query = select(a.association, a.channel).where(a.paused, a.channel != ALL, a.paused_at > 0, a.paused_at <= before)
    return {(row.association, row.channel) for row in connection.execute(query)}


def resume(connection: Connection, association: str = ALL, channel: str = ALL) -> bool:
    """Let go what `pause` with the same words held; False where it did not hold anything."""
    a = accounts.c
    done = connection.execute(
        update(accounts)
        .where(a.association == association, a.channel == channel, a.paused)
        .values(paused=False, paused_why="")
    )
    return done.rowcount == 1


def paused(known: dict[tuple[str, str], Account], association: str, channel: str) -> Account | None:
    """The switch that holds this account, widest first, out of what `load` gave."""
    for key in ((ALL, ALL), (association, ALL), (ALL, channel), (association, channel)):
        if key in known and known[key].paused:
            return known[key]
    return None


def _change(connection: Connection, association: str, channel: str, values: dict[str, object]) -> None:
    statement = insert(accounts).values(association=association, channel=channel, **values)
    key = ["association", "channel"]
    connection.execute(
        statement.on_conflict_do_update(index_elements=key, set_=values)
        if values
        else statement.on_conflict_do_nothing(index_elements=key)
    )


def pace(connection: Connection, association: str, channel: str, now: int, every: int, burst: int) -> int:
    """Take a turn: one every `every` milliseconds, `burst` of them at once after a rest. Milliseconds left to wait.

    `cursor` holds when all of the burst is there again, so that no process forgets what another one sent."""
    a = accounts.c
    query = select(a.cursor).where(a.association == association, a.channel == channel).with_for_update()
    whole = max(connection.scalar(query) or 0, now)
    if wait := max(0, whole - now - (burst - 1) * every):
        return wait
    _change(connection, association, channel, {"cursor": whole + every})
    return 0
