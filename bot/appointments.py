"""What staff and a person do with an appointment: by its table, on record, and heard of by the other side.

Every function runs in the caller's transaction, writes its own audit row (`by`: who did it, as the audit names them),
returns the appointment as it stands, and raises NotNow (nothing has changed) or Unknown. `tell(conversation, timer)`
wakes whoever hears of it, as in case_moves.py.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from conversations.cases import appointment as table
from conversations.events import AppointmentChanged
from storage import appointments, audit, cases
from storage.appointments import Appointment
from storage.ids import new_id
from storage.times import moment, moment_or_none, ms
from storage.vault import Vault

Tell = Callable[[int, str], object]
_AHEAD = timedelta(days=2)
"""Further than any reminder looks."""


class Unknown(LookupError):
    """This association has no such appointment."""


def nobody(conversation: int, timer: str) -> None:
    """For an act that is answered there and then."""


def request(
    connection: Connection,
    vault: Vault,
    association: str,
    kind: table.Kind,
    now: datetime,
    *,
    by: str,
    conversation: int | None = None,
    case_id: int | None = None,
    staff: int | None = None,
    wish: str = "",
) -> Appointment:
    """Somebody wishes for one: nothing is said to anybody. `staff` is the worker it is meant for."""
    made = Appointment(
        association, new_id(), kind, "requested",
        conversation=conversation, case_id=case_id, staff=staff, wish=wish, at=ms(now), updated=ms(now),
    )  # fmt: skip
    appointments.add(connection, vault, made)
    _log(connection, made, "request", by, now)
    return made


def offer(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    times: Sequence[datetime],
    now: datetime,
    *,
    by: str,
    tell: Tell,
    **how: Any,
) -> Appointment:
    """One to three times to choose from. `how`: place, minutes, staff."""
    return _act(connection, vault, association, id, "offer", now, by, tell, tuple(times), **how)


def confirm(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    starts: datetime,
    now: datetime,
    *,
    by: str,
    tell: Tell,
    **how: Any,
) -> Appointment:
    """Agreed at this time, by telephone say. `how`: place, minutes, staff."""
    return _act(connection, vault, association, id, "confirm", now, by, tell, (starts,), **how)


def move(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    starts: datetime,
    now: datetime,
    *,
    by: str,
    tell: Tell,
    **how: Any,
) -> Appointment:
    """Another time for what was agreed. `how`: place, minutes, staff."""
    return _act(connection, vault, association, id, "move", now, by, tell, (starts,), **how)


def cancel(
    connection: Connection, vault: Vault, association: str, id: int, now: datetime, *, by: str, tell: Tell
) -> Appointment:
    return _act(connection, vault, association, id, "cancel", now, by, tell)


def finish(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    outcome: str,
    now: datetime,
    *,
    by: str,
    tell: Tell,
    note: str = "",
) -> Appointment:
    """What came of it: `done` or `missed`. Of a missed one the person hears, kindly."""
    if outcome not in ("done", "missed"):
        raise ValueError(outcome)
    return _act(connection, vault, association, id, outcome, now, by, tell, outcome=outcome, outcome_note=note)


def answer(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    act: str,
    now: datetime,
    *,
    by: str,
    of: int,
    starts: datetime | None = None,
    wish: str = "",
) -> Appointment:
    """The person's own act: choose (one of the times offered), another (with their wish), give_up. `of`: the
    conversation it must be of."""
    known = _get(connection, vault, association, id)
    if known.conversation != of:
        raise Unknown(id)
    if act == "choose" and (starts is None or ms(starts) not in known.offered):
        raise table.NotNow(known.state, act, "times")
    times = (starts,) if act == "choose" and starts else ()
    more = {"wish": wish} if act == "another" else {}
    return _act(connection, vault, association, id, act, now, by, nobody, times, **more)


def facts(known: Appointment, reference: str = "") -> dict[str, Any]:
    """An appointment as events carry it to its person: times aware."""
    return {
        "appointment": str(known.id),
        "kind": known.kind,
        "state": known.state,
        "starts": moment_or_none(known.starts),
        "times": tuple(map(moment, known.offered)),
        "place": known.place,
        "moved": known.moved,
        "reference": reference,
    }


def event_of(
    connection: Connection, vault: Vault, association: str, about: str, now: datetime
) -> AppointmentChanged | None:
    """What a timer of `tell` stands for; None where it is not so any more: what came after it tells them."""
    id, name, moved = about.split(":")
    known = appointments.get(connection, vault, association, int(id))
    state = "confirmed" if name == "remind" else next(one.to for one in table.ACTS if one.name == name)
    if known is None or known.state != state or known.moved != int(moved):
        return None
    return changed(connection, known, name, f"appointment-{about}", now)


def due_reminders(
    connection: Connection, vault: Vault, now: datetime, associations: Iterable[str] | None = None
) -> list[tuple[Appointment, AppointmentChanged]]:
    """Whom to remind now, and what they hear."""
    found = appointments.to_remind(connection, vault, ms(now), ms(now + _AHEAD), associations)
    return [
        (one, changed(connection, one, "remind", f"remind-{one.id}-{one.moved}", now))
        for one in found
        if one.starts is not None and table.may_remind(moment(one.starts), moment(one.updated), now)
    ]


def reminder_claim(known: Appointment) -> Callable[[Connection, int], bool]:
    """Once, and not where it was moved or cancelled meanwhile."""

    def claim(connection: Connection, at: int) -> bool:
        assert known.starts is not None
        return appointments.reminded(connection, known.association, known.id, known.starts, at)

    return claim


def changed(connection: Connection, known: Appointment, name: str, event: str, now: datetime) -> AppointmentChanged:
    """An appointment as its person hears of it."""
    reference = cases.reference_of(connection, known.association, known.case_id) if known.case_id else ""
    return AppointmentChanged(id=event, at=now, change=name, **facts(known, reference))


def _act(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    name: str,
    now: datetime,
    by: str,
    tell: Tell,
    times: tuple[datetime, ...] = (),
    **changed: Any,
) -> Appointment:
    known = _get(connection, vault, association, id)
    act = table.apply(known.state, name, now, times)
    changes = {key: value for key, value in changed.items() if value is not None}
    if name == "offer":
        changes |= {"offered": tuple(sorted(map(ms, times))), "starts": None}
    elif times:
        changes |= {"offered": (), "starts": ms(times[0])}
    elif name == "another":
        changes |= {"offered": (), "starts": None}
    if times or name == "another":
        changes |= {"moved": known.moved + 1, "reminded_at": None}
    changed_to = known._replace(state=act.to, updated=ms(now), **changes)
    appointments.save(connection, vault, changed_to)
    _log(connection, changed_to, name, by, now)
    if act.told and changed_to.conversation is not None:
        tell(changed_to.conversation, f"appointment:{id}:{name}:{changed_to.moved}")
    return changed_to


def _get(connection: Connection, vault: Vault, association: str, id: int) -> Appointment:
    known = appointments.get(connection, vault, association, id, lock=True)
    if known is None:
        raise Unknown(id)
    return known


def _log(connection: Connection, one: Appointment, name: str, by: str, now: datetime) -> None:
    detail = f"{one.kind}:{one.state}" + (f":case:{one.case_id}" if one.case_id else "")
    audit.log(
        connection, [audit.Act(one.association, ms(now), by, f"appointment.{name}", f"appointment:{one.id}", detail)]
    )
