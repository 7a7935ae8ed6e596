"""Who did what to which row: ids and codes only, never content, never changed. What proves it: audit_chain.py."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from storage.batch import inserting
from storage.ids import new_id
from storage.schema import audit


class Act(NamedTuple):
    """`subject` names a row (case:HRF-…, conversation:…); `detail` is a code. Milliseconds."""

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


_LOG = inserting(audit, "id", *Act._fields)
