"""Interviews, home visits and callbacks: what was wished, offered, agreed, and what came of it. Milliseconds."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, select, text, tuple_, update

from storage.batch import among, inserting
from storage.schema import cases
from storage.schema_desk import appointments
from storage.vault import Vault, context

Seen = ColumnElement[bool]
"""The condition of which may be seen (bot/desk/sight.py): lists read nothing beyond it."""
_SEALED = ("place", "wish", "outcome_note")
_OPEN = "state IN ('requested', 'offered', 'confirmed')"
_TO_REMIND = "state = 'confirmed' AND reminded_at IS NULL"


class Appointment(NamedTuple):
    """`starts` is the time agreed, `offered` the times to choose from; `place`, `wish` (the person's own words of when)
    and `outcome_note` are sealed. `moved` counts offers and moves."""

    association: str
    id: int
    kind: str
    state: str
    conversation: int | None = None
    case_id: int | None = None
    staff: int | None = None
    starts: int | None = None
    minutes: int = 30
    offered: tuple[int, ...] = ()
    moved: int = 0
    place: str = ""
    wish: str = ""
    outcome: str = ""
    outcome_note: str = ""
    reminded_at: int | None = None
    at: int = 0
    updated: int = 0


class Listed(NamedTuple):
    """An appointment as a list shows it: nothing sealed. `reference` and `restricted` are its case's, where it has
    one."""

    id: int
    kind: str
    state: str
    conversation: int | None
    staff: int | None
    starts: int | None
    minutes: int
    at: int
    updated: int
    case_id: int | None
    reference: str
    service: str
    restricted: bool


def add(connection: Connection, vault: Vault, given: Appointment) -> None:
    _ADD.run(connection, [tuple(_sealed(vault, given)[name] for name in Appointment._fields)])


def starts_of(connection: Connection, association: str, id: int) -> int | None:
    a = appointments.c
    return connection.scalar(select(a.starts).where(a.association == association, a.id == id))


def get(connection: Connection, vault: Vault, association: str, id: int, *, lock: bool = False) -> Appointment | None:
    """An appointment whole, or None; `lock` holds it until the transaction ends."""
    a = appointments.c
    query = select(*_COLUMNS).where(a.association == association, a.id == id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _appointment(vault, row._tuple())


def save(connection: Connection, vault: Vault, changed: Appointment) -> None:
    """Keep an appointment as it stands now; it must be locked."""
    a = appointments.c
    values = {name: value for name, value in _sealed(vault, changed).items() if name not in ("association", "id")}
    connection.execute(
        update(appointments).where(a.association == changed.association, a.id == changed.id).values(values)
    )


def release(connection: Connection, association: str, case_id: int, staff: int) -> None:
    """What this worker had agreed about a case is nobody's any more."""
    a = appointments.c
    theirs = (a.association == association, a.case_id == case_id, a.staff == staff, text(_OPEN))
    connection.execute(update(appointments).where(*theirs).values(staff=None))


def of_conversation(connection: Connection, vault: Vault, association: str, conversation: int) -> list[Appointment]:
    """The open ones of a conversation: what is agreed first, by time; then the others, oldest first."""
    a = appointments.c
    query = select(*_COLUMNS).where(a.association == association, a.conversation == conversation, text(_OPEN))
    found = [_appointment(vault, row._tuple()) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.state != "confirmed", one.starts or one.at, one.id))


def of_case(connection: Connection, vault: Vault, association: str, case_id: int) -> list[Appointment]:
    """All of a case, the newest first."""
    a = appointments.c
    query = select(*_COLUMNS).where(a.association == association, a.case_id == case_id).order_by(a.id.desc())
    return [_appointment(vault, row._tuple()) for row in connection.execute(query)]


def between(
    connection: Connection,
    association: str,
    seen: Seen,
    start: int,
    end: int,
    *,
    staff: int | None = None,
    limit: int = 200,
) -> list[Listed]:
    """Those agreed to begin from `start` until before `end`, whatever came of them, but not the cancelled: a day's
    list. Of one worker, or of all."""
    a = appointments.c
    whose = () if staff is None else (a.staff == staff,)
    query = _listed(association, seen).where(
        *(a.starts >= start, a.starts < end, a.state != "cancelled", a.state != "requested", a.state != "offered"),
        *whose,
    )
    return _list(connection, query.order_by(a.starts, a.id).limit(limit))


def waiting(connection: Connection, association: str, seen: Seen, *, after: int = 0, limit: int = 50) -> list[Listed]:
    """Those a person asked for and nobody has arranged, the oldest first. A page goes on after the id of the last."""
    a = appointments.c
    query = _listed(association, seen).where(text("appointments.state = 'requested'"), a.id > after)
    return _list(connection, query.order_by(a.id).limit(limit))


def unsettled(
    connection: Connection,
    association: str,
    seen: Seen,
    now: int,
    *,
    after: tuple[int, int] = (0, 0),
    limit: int = 50,
) -> list[Listed]:
    """Agreed, over by `now`, and nobody has said what came of it; the oldest first. A page goes on after the (starts,
    id) of the last."""
    a = appointments.c
    query = _listed(association, seen).where(
        *(text(f"appointments.{_OPEN}"), a.state == "confirmed", a.starts < now),
        tuple_(a.starts, a.id) > after,
    )
    return _list(connection, query.order_by(a.starts, a.id).limit(limit))


def to_remind(
    connection: Connection, vault: Vault, start: int, end: int, associations: Iterable[str] | None = None
) -> list[Appointment]:
    """Agreed to begin from `start` until `end`, with a conversation to remind in, and nobody was reminded."""
    a = appointments.c
    query = select(*_COLUMNS).where(
        *(among(a.association, associations), text(_TO_REMIND), a.starts >= start, a.starts < end),
        a.conversation.is_not(None),
    )
    return [_appointment(vault, row._tuple()) for row in connection.execute(query.order_by(a.starts).limit(500))]


def reminded(connection: Connection, association: str, id: int, starts: int, now: int) -> bool:
    """Claims the reminder of an appointment at this time; False where it was claimed, moved or cancelled before."""
    a = appointments.c
    mine = (a.association == association, a.id == id, a.starts == starts, text(_TO_REMIND))
    return connection.execute(update(appointments).where(*mine).values(reminded_at=now)).rowcount == 1


_COLUMNS = tuple(appointments.c[name] for name in Appointment._fields)


def _listed(association: str, seen: Seen) -> Any:
    a, c = appointments.c, cases.c
    return (
        select(
            *(a[name] for name in Listed._fields[:10]),
            *(c.reference, c.service, c.restricted),
        )
        .select_from(appointments.outerjoin(cases, (c.association == a.association) & (c.id == a.case_id)))
        .where(a.association == association, seen)
    )


def _list(connection: Connection, query: Any) -> list[Listed]:
    return [
        Listed._make((*row[:10], row.reference or "", row.service or "", bool(row.restricted)))
        for row in connection.execute(query)
    ]


def _sealed(vault: Vault, given: Appointment) -> dict[str, Any]:
    values = given._asdict()
    for name in _SEALED:
        where = context(f"appointments.{name}", given.association, given.id)
        values[name] = vault.seal(values[name].encode(), where) if values[name] else None
    values["offered"] = " ".join(map(str, given.offered))
    return values


def _appointment(vault: Vault, row: Sequence[Any]) -> Appointment:
    values = dict(zip(Appointment._fields, row, strict=True))
    for name in _SEALED:
        where = context(f"appointments.{name}", values["association"], values["id"])
        values[name] = "" if values[name] is None else vault.open(values[name], where).decode()
    values["offered"] = tuple(map(int, values["offered"].split()))
    return Appointment(**values)


_ADD = inserting(appointments, *Appointment._fields)
