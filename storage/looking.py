"""Who has a conversation open at the desk, and who is writing: rows that say until when, and end by themselves."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from storage.schema_desk import looking


class Looking(NamedTuple):
    """Milliseconds. `typing_until` is 0 for whoever only looks."""

    staff: int
    until: int
    typing_until: int


def here(
    connection: Connection, association: str, conversation: int, staff: int, now: int, until: int, typing_until: int
) -> bool:
    """This worker looks, and writes until `typing_until` (0: no more); rows that are over go. Whether that is news."""
    k = looking.c
    mine = (k.association == association) & (k.conversation == conversation) & (k.staff == staff)
    known = connection.execute(select(k.until, k.typing_until).where(mine)).first()
    news = known is None or known.until < now or (known.typing_until >= now) != (typing_until >= now)
    times = {"until": until, "typing_until": typing_until}
    row = insert(looking).values(association=association, conversation=conversation, staff=staff, **times)
    connection.execute(row.on_conflict_do_update(index_elements=["association", "conversation", "staff"], set_=times))
    over = (k.association == association) & (k.conversation == conversation) & (k.until < now)
    connection.execute(delete(looking).where(over))
    return news


def gone(connection: Connection, association: str, conversation: int, staff: int) -> None:
    k = looking.c
    mine = (k.association == association) & (k.conversation == conversation) & (k.staff == staff)
    connection.execute(delete(looking).where(mine))


def others(connection: Connection, association: str, conversation: int, staff: int, now: int) -> list[Looking]:
    """Everybody else who looks at it now; those who write first."""
    k = looking.c
    query = (
        select(k.staff, k.until, k.typing_until)
        .where(
            k.association == association,
            k.conversation == conversation,
            k.staff != staff,
            or_(k.until >= now, k.typing_until >= now),
        )
        .order_by(k.typing_until.desc(), k.staff)
    )
    return [Looking(*row) for row in connection.execute(query)]
