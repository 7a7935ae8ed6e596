"""What accepted requests entitle to: owed, delivered one by one, confirmed by their person. Milliseconds."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, text, tuple_, update

from conversations.cases.entitlement import Owed, day_of, end_of
from storage.batch import inserting
from storage.ids import new_id
from storage.schema import cases
from storage.schema_desk import entitlements
from storage.times import moment, ms
from storage.vault import Vault, context

_WHAT = "entitlements.what"
_OWED = "delivered_at IS NULL AND cancelled_at IS NULL"


class Entitlement(NamedTuple):
    """`amount`: riyals, a plain number. `due`: the last second of its day."""

    association: str
    id: int
    case_id: int
    what: str
    amount: str
    due: int | None
    delivered_at: int | None
    delivered_by: int | None
    confirmed_at: int | None
    cancelled_at: int | None

    @property
    def state(self) -> str:
        """cancelled, confirmed, delivered or owed."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.confirmed_at is not None:
            return "confirmed"
        return "owed" if self.delivered_at is None else "delivered"

    def owed(self) -> Owed:
        return Owed(what=self.what, amount=self.amount, due=day_of(moment(self.due)) if self.due else None)


class Overdue(NamedTuple):
    """An entitlement that is owed, with what a list shows of its case: nothing sealed."""

    id: int
    case_id: int
    due: int
    reference: str
    stage: str
    service: str
    branch: str
    restricted: bool
    holder: int | None


def add(
    connection: Connection, vault: Vault, association: str, case_id: int, given: Iterable[Owed]
) -> list[Entitlement]:
    """Register these, in the order given."""
    added = [
        Entitlement(
            association, new_id(), case_id, one.what, one.amount, ms(end_of(one.due)) if one.due else None, *(None,) * 4
        )
        for one in given
    ]
    _ADD.run(
        connection,
        [
            (
                *(association, one.id, case_id),
                vault.seal(one.what.encode(), context(_WHAT, association, one.id)),
                *(one.amount, one.due),
            )
            for one in added
        ],
    )
    return added


def of_case(connection: Connection, vault: Vault, association: str, case_id: int) -> list[Entitlement]:
    """All of a case, the cancelled too, as they were registered."""
    return _rows(connection, vault, association, entitlements.c.case_id == case_id)


def get(connection: Connection, vault: Vault, association: str, id: int) -> Entitlement | None:
    return next(iter(_rows(connection, vault, association, entitlements.c.id == id)), None)


def undelivered(connection: Connection, association: str, case_id: int) -> int:
    """How many are still owed."""
    e = entitlements.c
    query = select(func.count()).where(e.association == association, e.case_id == case_id, text(_OWED))
    return connection.scalar(query.select_from(entitlements)) or 0


def next_due(connection: Connection, association: str, case_id: int) -> int | None:
    """The nearest last day of what is still owed; None where nothing is, or none has a day."""
    e = entitlements.c
    query = select(func.min(e.due)).where(e.association == association, e.case_id == case_id, text(_OWED))
    nearest: int | None = connection.scalar(query)
    return nearest


def deliver(connection: Connection, association: str, id: int, by: int | None, now: int) -> bool:
    """False where it was delivered or cancelled before. `by` is the worker."""
    return _change(connection, association, id, "owed", delivered_at=now, delivered_by=by)


def confirm(connection: Connection, association: str, id: int, now: int) -> bool:
    """Their person has it. False where it is not delivered, or was confirmed before."""
    return _change(connection, association, id, "delivered", confirmed_at=now)


def confirm_all(connection: Connection, association: str, case_id: int, now: int) -> int:
    """Their person has everything that was delivered; how many that were."""
    e = entitlements.c
    mine = (e.association == association, e.case_id == case_id, *_IN["delivered"])
    return connection.execute(update(entitlements).where(*mine).values(confirmed_at=now)).rowcount


def take_back(connection: Connection, association: str, id: int) -> bool:
    """It did not arrive: owed again. False where it is not delivered, or was confirmed."""
    return _change(connection, association, id, "delivered", delivered_at=None, delivered_by=None)


def cancel(connection: Connection, association: str, id: int, now: int) -> bool:
    """Owed no more. False where it was delivered or cancelled before."""
    return _change(connection, association, id, "owed", cancelled_at=now)


def cancel_all(connection: Connection, association: str, case_id: int, now: int) -> int:
    """What is still owed of a case that has ended; how many that were."""
    e = entitlements.c
    mine = (e.association == association, e.case_id == case_id, *_IN["owed"])
    return connection.execute(update(entitlements).where(*mine).values(cancelled_at=now)).rowcount


def put_off(connection: Connection, association: str, id: int, due: int | None) -> bool:
    """Another last day. False where it is owed no more."""
    return _change(connection, association, id, "owed", due=due)


def overdue(
    connection: Connection,
    association: str,
    seen: ColumnElement[bool],
    now: int,
    *,
    after: tuple[int, int] = (0, 0),
    limit: int = 50,
) -> list[Overdue]:
    """Owed, and their day is over by `now` (a time ahead lists what falls due until then); the oldest first. A page
    goes on after the (due, id) of the last row. `seen`: which cases may be (bot/desk/sight.py)."""
    e, c = entitlements.c, cases.c
    query = (
        select(e.id, e.case_id, e.due, c.reference, c.stage, c.service, c.branch, c.restricted, c.holder)
        .join_from(entitlements, cases, (c.association == e.association) & (c.id == e.case_id))
        .where(
            *(
                e.association == association,
                text("entitlements.delivered_at IS NULL AND entitlements.cancelled_at IS NULL"),
            ),
            *(e.due < now, tuple_(e.due, e.id) > after, seen),
        )
        .order_by(e.due, e.id)
        .limit(limit)
    )
    return [Overdue._make(row) for row in connection.execute(query)]


_IN = {
    "owed": (entitlements.c.delivered_at.is_(None), entitlements.c.cancelled_at.is_(None)),
    "delivered": (
        entitlements.c.delivered_at.is_not(None),
        entitlements.c.confirmed_at.is_(None),
        entitlements.c.cancelled_at.is_(None),
    ),
}


def _change(connection: Connection, association: str, id: int, state: str, **values: int | None) -> bool:
    e = entitlements.c
    mine = (e.association == association, e.id == id, *_IN[state])
    return connection.execute(update(entitlements).where(*mine).values(values)).rowcount == 1


def _rows(connection: Connection, vault: Vault, association: str, *which: object) -> list[Entitlement]:
    e = entitlements.c
    query = (
        select(*(e[name] for name in Entitlement._fields))
        .where(e.association == association, *which)  # type: ignore[arg-type]
        .order_by(e.id)
    )
    return [_entitlement(vault, row._tuple()) for row in connection.execute(query)]


def _entitlement(vault: Vault, row: Sequence[object]) -> Entitlement:
    found = Entitlement(*row)  # type: ignore[arg-type]
    sealed = row[3]
    if not isinstance(sealed, bytes):
        return found._replace(what="")  # erased with its case
    return found._replace(what=vault.open(sealed, context(_WHAT, found.association, found.id)).decode())


_ADD = inserting(entitlements, "association", "id", "case_id", "what", "amount", "due")
