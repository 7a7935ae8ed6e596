"""Who did what to which row: ids and codes only, never content, never changed. What proves it: audit_chain.py."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from storage.batch import inserting
from storage.ids import id_at, new_id
from storage.schema import audit


class Act(NamedTuple):
    """`subject` names a row by its id (case:<id>, conversation:<id>); `detail` is a code. Milliseconds."""

    association: str
    at: int
    who: str
    act: str
    subject: str = ""
    detail: str = ""


def log(connection: Connection, acts: Iterable[Act]) -> None:
    _LOG.run(connection, [(new_id(), *act) for act in acts])


def about(connection: Connection, association: str, subject: str) -> list[Act]:
    """Everything done to a row, oldest first."""
    a = audit.c
    query = select(*(a[name] for name in Act._fields)).where(a.association == association, a.subject == subject)
    return [Act._make(row) for row in connection.execute(query.order_by(a.id))]


class Row(NamedTuple):
    """An act as a page shows it. Milliseconds."""

    id: int
    at: int
    who: str
    act: str
    subject: str
    detail: str
    linked: bool


def page(
    connection: Connection,
    association: str,
    *,
    who: str = "",
    act: str = "",
    subjects: Iterable[str] = (),
    without: Iterable[str] = (),
    since: int = 0,
    until: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Row]:
    """The newest acts first, those of one worker, act, or row; `before` is the id the last page ended with. `without`
    names rows of which nothing is read.

    `since` and `until` (milliseconds) go by when a row was made, which is part of its id."""
    a, rows = audit.c, list(subjects)
    # What was done to one row is little, and found by its index; SQLite would rather walk over all of it in order.
    id = a.id + 0 if rows else a.id
    query = select(a.id, a.at, a.who, a.act, a.subject, a.detail, a.linked_at.is_not(None)).where(
        a.association == association
    )
    for column, wanted in ((a.who, who), (a.act, act)):
        if wanted:
            query = query.where(column == wanted)
    if rows:
        query = query.where(a.subject.in_(rows))
    if hidden := list(without):
        query = query.where(a.subject.not_in(hidden))
    if since:
        query = query.where(id >= id_at(since))
    if ends := [end for end in (before, None if until is None else id_at(until)) if end is not None]:
        query = query.where(id < min(ends))
    return [Row._make(row) for row in connection.execute(query.order_by(id.desc()).limit(limit))]


_LOG = inserting(audit, "id", *Act._fields)
