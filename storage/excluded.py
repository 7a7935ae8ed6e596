"""Who must not see a case or a conversation: whoever is complained about. Read by bot/desk/sight.py, and by lists that
name rows of any kind."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, String, cast, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from storage.schema import cases
from storage.schema_desk import appointments, excluded

NAMED, BY_HAND = "named", "by_hand"
"""Why: found by the name in the complaint, or by a worker's word."""


class Excluded(NamedTuple):
    """`by` is the worker who said so, 0 for the house. Milliseconds."""

    subject: str
    staff: int
    why: str
    by: int
    at: int


def case(id: int) -> str:
    return f"case:{id}"


def conversation(id: int) -> str:
    return f"conversation:{id}"


def add(connection: Connection, association: str, given: Iterable[Excluded]) -> None:
    """Whoever is excluded already stays so."""
    rows = [{"association": association, **one._asdict()} for one in given]
    if rows:
        connection.execute(insert(excluded).values(rows).on_conflict_do_nothing())


def remove(connection: Connection, association: str, subjects: Iterable[str], staff: int) -> None:
    e = excluded.c
    mine = (e.association == association, e.subject.in_(list(subjects)), e.staff == staff)
    connection.execute(delete(excluded).where(*mine))


def hidden_from(connection: Connection, association: str, staff: int) -> list[str]:
    """Everything this worker must not see: cases, conversations, and the appointments about them."""
    e, p = excluded.c, appointments.c
    theirs = (e.association == association, e.staff == staff)
    subjects = list(connection.scalars(select(e.subject).where(*theirs)))
    ids = [int(one.removeprefix("case:")) for one in subjects if one.startswith("case:")]
    met = select(p.id).where(p.association == association, p.case_id.in_(ids))
    return subjects + [f"appointment:{id}" for id in connection.scalars(met)] if ids else subjects


def since_when(connection: Connection, association: str, staff: int) -> list[int]:
    """The moments at which what this worker must not see came, and at which they were kept from it."""
    e, c = excluded.c, cases.c
    of_case = (c.association == e.association) & (literal("case:") + cast(c.id, String) == e.subject)
    query = select(e.at, c.opened_at).join_from(excluded, cases, of_case, isouter=True)
    rows = connection.execute(query.where(e.association == association, e.staff == staff))
    return [moment for row in rows for moment in row if moment is not None]


def of(connection: Connection, association: str, subject: str) -> list[Excluded]:
    """In the order in which they were excluded."""
    e = excluded.c
    query = select(*(e[name] for name in Excluded._fields)).where(e.association == association, e.subject == subject)
    return [Excluded._make(row) for row in connection.execute(query.order_by(e.at, e.staff))]
