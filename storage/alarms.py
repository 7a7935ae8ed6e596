"""What staff must look at: codes, never content. The same alarm again only counts up until somebody has seen it."""

from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from storage.ids import new_id
from storage.schema import alarms


class Alarm(NamedTuple):
    """Milliseconds: first and last time."""

    association: str
    id: int
    code: str
    urgent: bool
    times: int
    at: int
    last_at: int


def ring(connection: Connection, association: str, code: str, now: int, *, urgent: bool = False) -> bool:
    """True where it is new, so that it is worth waking somebody."""
    statement = insert(alarms).values(
        association=association, id=new_id(), code=code, urgent=urgent, times=1, at=now, last_at=now
    )
    times: int | None = connection.scalar(
        statement.on_conflict_do_update(
            index_elements=["association", "code"],
            index_where=text("seen_at IS NULL"),
            set_={
                "times": alarms.c.times + 1,
                "last_at": statement.excluded.last_at,
                "urgent": or_(alarms.c.urgent, statement.excluded.urgent),
            },
        ).returning(alarms.c.times)
    )
    return times == 1


def waiting(connection: Connection, association: str | None = None) -> list[Alarm]:
    """Unseen, urgent first."""
    a = alarms.c
    query = select(*(a[name] for name in Alarm._fields)).where(a.seen_at.is_(None)).order_by(a.urgent.desc(), a.id)
    if association is not None:
        query = query.where(a.association == association)
    return [Alarm._make(row) for row in connection.execute(query)]


def seen(connection: Connection, association: str, id: int, now: int) -> None:
    a = alarms.c
    connection.execute(update(alarms).where(a.association == association, a.id == id).values(seen_at=now))


def rung_since(connection: Connection, association: str, code: str, since: int) -> bool:
    """Whether it rang since then, seen or not: what lasts for hours rings once an hour."""
    a = alarms.c
    query = select(a.id).where(a.association == association, a.code == code, a.last_at >= since).limit(1)
    return connection.scalar(query) is not None


def count(connection: Connection) -> int:
    """How many wait, for the health page."""
    return connection.scalar(select(func.count()).select_from(alarms).where(alarms.c.seen_at.is_(None))) or 0
