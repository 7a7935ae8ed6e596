"""Who must not see a case or a conversation: whoever is complained about. Read by bot/desk/sight.py, and by lists that
name rows of any kind."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    union,
)
from sqlalchemy import case as when
from sqlalchemy.dialects.postgresql import insert

from storage.schema import cases, conversations
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


def talks(association: str, staff: int | None = None) -> Select[Any]:
    """Ids of the conversations kept from this worker (None: from anybody): what they are excluded from, and every
    address of its person and of the person of their cases, proven before or after. Null is none of them: for NOT IN."""
    k, c = cases.c, conversations.c
    of_case = (k.association == association, k.id.in_(_ids("case", association, staff)))
    talk = _ids("conversation", association, staff)
    # Lists within lists, and a column that no index of beneficiaries holds: so that SQLite begins with what is
    # excluded, of which there is little.
    people = union(
        select(k.beneficiary).where(*of_case, k.reference != ""),
        select(c.beneficiary).where(c.association == association, c.id.in_(talk)),
    )
    ids = union(
        talk,
        select(c.id).where(c.association == association, c.beneficiary.in_(people)),
    ).subquery()
    return select(ids.c.id)


def cases_kept(association: str) -> Select[Any]:
    """Ids of the cases that are kept from anybody."""
    return _ids("case", association)


def from_talks(connection: Connection, association: str, ids: Collection[int]) -> set[tuple[int, int]]:
    """Of these conversations: which is kept from whom. The same as `talks`, from the other end."""
    k, c, e = cases.c, conversations.c, excluded.c
    if not ids:
        return set()
    whose = select(c.id, c.beneficiary).where(c.association == association, c.id.in_(sorted(ids)))
    people = {row.id: row.beneficiary for row in connection.execute(whose)}
    theirs = sorted({one for one in people.values() if one is not None})
    about = [(conversation(id), id) for id in ids]
    by_person: dict[int, list[int]] = {}
    for id, person in people.items():
        by_person.setdefault(person, []).append(id)
    for table, subject in ((k, case), (c, conversation)):
        rows = connection.execute(
            select(table.id, table.beneficiary).where(table.association == association, table.beneficiary.in_(theirs))
        )
        about += [(subject(row.id), id) for row in rows for id in by_person[row.beneficiary]]
    query = select(e.subject, e.staff).where(e.association == association, e.subject.in_({one for one, _ in about}))
    kept: dict[str, set[int]] = {}
    for row in connection.execute(query):
        kept.setdefault(row.subject, set()).add(row.staff)
    return {(id, who) for subject, id in about for who in kept.get(subject, ())}


def associations(connection: Connection) -> set[str]:
    """Where anything is kept from anybody."""
    return set(connection.scalars(select(excluded.c.association).distinct()))


def holding(connection: Connection, association: str) -> list[tuple[int, int]]:
    """Conversations in the hands of a worker who must not see them, and that worker."""
    c = conversations.c
    found = []
    for who in _workers(connection, association):
        held = (c.association == association, text("holder <> 'bot'"), c.holder == f"staff:{who}")
        query = select(c.id).where(*held, c.id.in_(talks(association, who))).order_by(c.id)
        found += [(id, who) for id in connection.scalars(query)]
    return found


def _workers(connection: Connection, association: str) -> list[int]:
    """From whom anything is kept."""
    e = excluded.c
    return list(connection.scalars(select(e.staff).where(e.association == association).distinct()))


def _ids(kind: str, association: str, staff: int | None = None) -> Select[Any]:
    """Of what is excluded of this kind."""
    e, start = excluded.c, f"{kind}:"
    of_kind = e.subject.startswith(start)
    # PostgreSQL may cast before it looks at the kind.
    id = cast(when((of_kind, func.substr(e.subject, len(start) + 1))), BigInteger)
    query = select(id.label("id")).where(e.association == association, of_kind)
    return query if staff is None else query.where(e.staff == staff)


def hidden_from(connection: Connection, association: str, staff: int) -> list[str]:
    """Everything this worker must not see: cases, conversations, and the appointments about them."""
    e, p = excluded.c, appointments.c
    theirs = (e.association == association, e.staff == staff)
    subjects = list(connection.scalars(select(e.subject).where(*theirs)))
    subjects += [conversation(id) for id in connection.scalars(talks(association, staff))]
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
