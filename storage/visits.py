"""Supervisory visits to offices (H د-3): which office, on which day, what was found, what is to be done, followed up.
Records of their own, never answers of a survey. Milliseconds."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, insert, or_, select, update

from storage.schema_surveys import visits
from storage.vault import Vault, context

_SEALED = ("office", "findings", "actions")


class Visit(NamedTuple):
    """A row of `visits`, opened. `day`: the first moment of the day of the visit."""

    association: str
    id: int
    branch: str
    office: str
    findings: str
    actions: str
    by: int
    day: int
    at: int
    followed_at: int | None = None


_PLAIN = tuple(name for name in Visit._fields if name not in _SEALED)


def add(connection: Connection, vault: Vault, visit: Visit) -> None:
    values: dict[str, Any] = {name: getattr(visit, name) for name in _PLAIN}
    for name in _SEALED:
        place = context(f"visits.{name}", visit.association, visit.id)
        values[name] = vault.seal(getattr(visit, name).encode(), place)
    connection.execute(insert(visits).values(**values))


def get(connection: Connection, vault: Vault, association: str, id: int) -> Visit | None:
    v = visits.c
    row = connection.execute(select(visits).where(v.association == association, v.id == id)).first()
    return _opened(vault, row) if row else None


def listed(
    connection: Connection,
    vault: Vault,
    association: str,
    before: tuple[int, int] | None = None,
    limit: int = 30,
) -> list[Visit]:
    """The latest day first; a page goes on below the (day, id) of the last row."""
    v = visits.c
    query = select(visits).where(v.association == association)
    if before is not None:
        query = query.where(or_(v.day < before[0], and_(v.day == before[0], v.id < before[1])))
    query = query.order_by(v.day.desc(), v.id.desc()).limit(limit)
    return [_opened(vault, row) for row in connection.execute(query)]


def follow(connection: Connection, association: str, id: int, now: int) -> bool:
    """What was to be done is done; False where that was said before."""
    v = visits.c
    mine = (v.association == association, v.id == id, v.followed_at.is_(None))
    return connection.execute(update(visits).where(*mine).values(followed_at=now)).rowcount > 0


def _opened(vault: Vault, row: Any) -> Visit:
    values: dict[str, Any] = {name: getattr(row, name) for name in Visit._fields}
    for name in _SEALED:
        place = context(f"visits.{name}", row.association, row.id)
        values[name] = "" if values[name] is None else vault.open(values[name], place).decode()
    return Visit(**values)
