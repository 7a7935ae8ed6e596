"""What staff and a person do with one entitlement of a case: delivered, arrived, not arrived; on record, and told.

Every function runs in the caller's transaction, on a locked case, and writes its own audit row and the case's move;
NotAllowed leaves everything as it was. `tell` as in case_moves.py.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.case_moves import move_case
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.cases.calendar import calendar_of, here
from conversations.cases.move import BENEFICIARY, Facts, NotAllowed
from storage import audit, cases, entitlements
from storage.entitlements import Entitlement
from storage.times import ms
from storage.vault import Vault

Tell = Callable[[int, str], object]


def due_after(association: Association, now: datetime, days: int, *, working: bool = True) -> date:
    """The last day of a delivery within so many days: working days by the association's calendar, or any."""
    today = here(now).date()
    if working:
        return calendar_of(association.profile).add_working_days(today, days)
    return today + timedelta(days=days)


def deliver(
    connection: Connection,
    vault: Vault,
    association: Association,
    case: cases.Case,
    id: int,
    who: str,
    now: datetime,
    *,
    by: str,
    staff: int | None = None,
    tell: Tell,
) -> cases.Case:
    """One entitlement is delivered; the person is told, and asked whether it arrived. With the last of them the case
    itself is delivered. `who` is the role, `staff` the worker, `by` whom the audit names.

    Raises NotAllowed: `wrong_stage`, or `not_owed` where it was delivered or cancelled before."""
    one = _of(connection, vault, case, id)
    _may(case, "deliver_one", who, now)
    if one is None or not entitlements.deliver(connection, case.association, id, staff, ms(now)):
        raise NotAllowed(case.kind, case.stage, "deliver_one", "not_owed", "it was delivered or cancelled before")
    given = {"what": one.what, "amount": one.amount, "entitlement": str(id)}
    last = not entitlements.undelivered(connection, case.association, case.id)
    name = "deliver" if last else "deliver_one"
    moved = move_case(
        connection, vault, association, case, name, who, now, given=given, actor=str(staff or ""), tell=tell
    )
    _log(connection, case, id, "deliver", by, now)
    return moved


def arrived(
    connection: Connection,
    vault: Vault,
    association: Association,
    case: cases.Case,
    id: int,
    now: datetime,
    *,
    by: str,
    who: str = BENEFICIARY,
    tell: Tell,
) -> cases.Case:
    """Its person has it. Said twice, nothing changes."""
    if _of(connection, vault, case, id) is None:
        return case
    _may(case, "confirm_one", who, now)
    if not entitlements.confirm(connection, case.association, id, ms(now)):
        return case
    given = {"entitlement": str(id)}
    moved = move_case(connection, vault, association, case, "confirm_one", who, now, given=given, tell=tell)
    _log(connection, case, id, "confirm", by, now)
    return moved


def not_arrived(
    connection: Connection,
    vault: Vault,
    association: Association,
    case: cases.Case,
    id: int,
    now: datetime,
    *,
    by: str,
    who: str = BENEFICIARY,
    staff: int | None = None,
    tell: Tell,
) -> cases.Case:
    """It did not arrive: owed again, and a case that was delivered is not. `id` 0: nothing of what was delivered and
    not confirmed arrived. Said twice, nothing changes."""
    name = "not_received" if case.stage == "delivered" else "not_received_one"
    _may(case, name, who, now)
    known = entitlements.of_case(connection, vault, case.association, case.id)
    ids = [one.id for one in known if one.state == "delivered" and id in (0, one.id)]
    back = [one for one in ids if entitlements.take_back(connection, case.association, one)]
    if not back and (id or case.stage != "delivered"):
        return case
    given = {"entitlement": " ".join(map(str, back))}
    moved = move_case(
        connection, vault, association, case, name, who, now, given=given, actor=str(staff or ""), tell=tell
    )
    for one in back or [0]:
        _log(connection, case, one, "not_received", by, now)
    return moved


def cancel(connection: Connection, vault: Vault, case: cases.Case, id: int, now: datetime, *, by: str) -> bool:
    """Owed no more (registered by mistake, or no longer needed); False where it was delivered or cancelled before.
    Nothing is said to the person: whoever does it tells them why."""
    if _of(connection, vault, case, id) is None or not entitlements.cancel(connection, case.association, id, ms(now)):
        return False
    _log(connection, case, id, "cancel", by, now)
    return True


def _may(case: cases.Case, name: str, who: str, now: datetime) -> None:
    """Raises NotAllowed before anything has changed."""
    lifecycle.apply(
        case.kind, case.stage, name, who, Facts(now=now, given=frozenset({"what"}), restricted=case.restricted)
    )


def _of(connection: Connection, vault: Vault, case: cases.Case, id: int) -> Entitlement | None:
    one = entitlements.get(connection, vault, case.association, id)
    return one if one is not None and one.case_id == case.id else None


def _log(connection: Connection, case: cases.Case, id: int, name: str, by: str, now: datetime) -> None:
    act = audit.Act(case.association, ms(now), by, f"entitlement.{name}", f"case:{case.id}", str(id or ""))
    audit.log(connection, [act])
