"""What staff do in a play, and what they keep of it: cases moved, things missing, entitlements, appointments."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from conversations.association.profile import Profile
from conversations.cases import appointment as table
from conversations.cases import entitlement, lifecycle, missing
from conversations.cases.calendar import RIYADH, calendar_of
from conversations.cases.entitlement import Owed, end_of
from conversations.cases.missing import Missing
from conversations.cases.move import BENEFICIARY, Facts, until
from conversations.cases.promise import Asked, Promised, promise_for, recounted
from conversations.effects import AnswerAppointment, EntitlementAnswered, FileCase, RequestAppointment
from conversations.engine import Turn
from conversations.events import AppointmentChanged, CaseMoved

if TYPE_CHECKING:
    from conversations.play import Play


@dataclass
class Arranged:
    """What staff arranged, in memory."""

    made: dict[str, set[str]] = field(default_factory=dict)
    """By reference, the moves already made."""
    until: dict[str, datetime] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    """Whose objection or appeal was heard."""
    last_moves: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: dict[str, tuple[Missing, ...]] = field(default_factory=dict)
    """By reference, everything that was ever asked for; `waiting` is of the newest return."""
    waiting: dict[str, tuple[Missing, ...]] = field(default_factory=dict)
    owed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    appointments: list[dict[str, Any]] = field(default_factory=list)


def move(play: "Play", name: str, reference: str, who: str, given: dict[str, str]) -> Turn:
    """A case moves, by staff unless `who` says otherwise; its owner hears of it, but not of their own act."""
    house, profile = play.house, play.association.profile
    kept = house.arranged
    case, stage, owner = play.cases[reference], play.stages[reference], house.owners[reference]
    step = lifecycle.LIFECYCLES[case.kind].steps[stage, name]
    owed = kept.owed.get(reference, [])
    facts = Facts(
        now=play.now,
        earliest=case.earliest,
        until=kept.until.get(reference),
        supervisor_confirmed="supervisor_confirmed" in given,
        made=frozenset(kept.made.get(reference, ())),
        undelivered=sum(one["state"] == "owed" for one in owed),
        given=frozenset(given),
    )
    who = who or next((role for role in step.who if role != BENEFICIARY), BENEFICIARY)
    lifecycle.apply(case.kind, stage, name, who, facts)
    kept.made.setdefault(reference, set()).add(name)
    if step.guard in lifecycle.OBJECTING:
        kept.heard.add(reference)
        kept.until.pop(reference, None)
    if (ends := until(step.starts, play.now)) and reference not in kept.heard:
        kept.until[reference] = ends
    play.stages[reference] = lifecycle.stage_after(step, stage)
    lists = _lists(play, case, name, given)
    came = kept.waiting.pop(reference, ()) if name == "complete" else ()
    promised = _promised(profile, case, step.starts, came, play.now)
    if step.starts == "recount":
        given = {**given, "counted": "anew" if promised else "stays"}
    last = {"move": name, "from_stage": stage, "who": who, "given": given, "until": kept.until.get(reference)}
    kept.last_moves[reference] = last
    if promised:
        days = {day: getattr(promised, day) for day in ("earliest", "latest", "next_update")}
        case = play.cases[reference] = msgspec.structs.replace(case, completed_at=play.now, **days)
    if owner is play and who == BENEFICIARY:
        return Turn(play.conversation, (), ())
    event = CaseMoved(
        id=play._id(),
        at=play.now,
        reference=reference,
        kind=case.kind,
        move=name,
        from_stage=stage,
        stage=play.stages[reference],
        who=who,
        service=case.service,
        sensitive=play._is_sensitive(case),
        given=given,
        until=kept.until.get(reference),
        **lists,
        **play._promise(case),
    )
    return play._send_to(owner, event)


def _lists(play: "Play", case: FileCase, name: str, given: dict[str, str]) -> dict[str, Any]:
    """What comes with a move as a list: `items` are lines of field ids or words, `entitlements` lines of
    `what | riyals | last day`."""
    kept, reference = play.house.arranged, case.reference
    if "items" in given:
        used = [one.item for one in kept.asked.get(reference, ())]
        asked = missing.numbered(missing.read(play.association.profile, case.service, given["items"]), used)
        kept.asked[reference] = (*kept.asked.get(reference, ()), *asked)
        kept.waiting[reference] = asked
        return {"missing": asked}
    if "|" in given.get("entitlements", ""):
        owed = tuple(_owed(line) for line in given["entitlements"].splitlines())
        kept.owed[reference] = [
            {
                "id": str(number),
                "what": one.what,
                "amount": one.amount,
                "due": end_of(one.due) if one.due else None,
                "state": "owed",
            }
            for number, one in enumerate(owed, 1)
        ]
        return {"owed": owed}
    if name == "confirm":
        for row in kept.owed.get(reference, []):
            row["state"] = "confirmed"
    return {}


def _owed(line: str) -> Owed:
    what, amount, due = (part.strip() for part in (*line.split("|"), "", "")[:3])
    return Owed(what=what, amount=entitlement.amount_of(amount), due=date.fromisoformat(due) if due else None)


def _promised(
    profile: Profile, case: FileCase, starts: str, came: tuple[Missing, ...], now: datetime
) -> Promised | None:
    calendar = calendar_of(profile)
    if starts == "promise":
        return promise_for(profile, case.kind, now, calendar)
    if starts == "recount" and any(one.published for one in came):
        asked = [Asked(one.item, one.published, now) for one in came]
        return recounted(Promised(), asked, profile, case.kind, calendar)
    return None


def missing_of(play: "Play", key: str) -> dict[str, Any] | None:
    """As a lookup answers it."""
    reference = key.rpartition(":")[2]
    if play.stages.get(reference) != "returned":
        return None
    waiting = [msgspec.to_builtins(one) for one in play.house.arranged.waiting.get(reference, ())]
    return {"reference": reference, "service": play.cases[reference].service, "missing": waiting, "own": True}


# --- entitlements -----------------------------------------------------------------------------------------------------


def deliver(play: "Play", what: str, reference: str = "") -> Turn:
    """One entitlement is delivered; with the last of them, the case."""
    reference = reference or next(reversed(play.cases))
    rows = play.house.arranged.owed[reference]
    row = next(one for one in rows if one["what"] == what and one["state"] == "owed")
    row["state"] = "delivered"
    last = all(one["state"] != "owed" for one in rows)
    given = {"what": row["what"], "amount": row["amount"], "entitlement": row["id"]}
    return move(play, "deliver" if last else "deliver_one", reference, "", given)


def owed_of(play: "Play", key: str) -> dict[str, Any]:
    """As a lookup answers it."""
    reference = key.rpartition(":")[2]
    return {"reference": reference, "rows": [dict(one) for one in play.house.arranged.owed.get(reference, [])]}


def answer_entitlement(play: "Play", effect: EntitlementAnswered) -> Turn:
    rows = play.house.arranged.owed.get(effect.reference, [])
    for row in rows:
        if row["state"] == "delivered" and effect.entitlement in ("", row["id"]):
            row["state"] = "confirmed" if effect.received else "owed"
    delivered = play.stages[effect.reference] == "delivered"
    name = "confirm_one" if effect.received else "not_received" if delivered else "not_received_one"
    return move(play, name, effect.reference, BENEFICIARY, {})


# --- appointments -----------------------------------------------------------------------------------------------------


def request(play: "Play", effect: RequestAppointment) -> None:
    _new(play, effect.kind, effect.reference)


def arrange(play: "Play", act: str, *, kind: str = "", times: str = "", place: str = "") -> Turn:
    """Staff act on the newest appointment, or offer a new one of this kind. `times` are local, commas between."""
    kept = play.house.arranged.appointments
    if kind:
        _new(play, kind, "")
    one = kept[-1]
    at = tuple(datetime.fromisoformat(time.strip()).replace(tzinfo=RIYADH) for time in times.split(",") if time.strip())
    if act != "remind":
        _act(one, act, play.now, at)
        one["place"] = place or one["place"]
    shown = {name: value for name, value in one.items() if name != "play"}
    return play._send_to(one["play"], AppointmentChanged(id=play._id(), at=play.now, change=act, **shown))


def answer_appointment(play: "Play", effect: AnswerAppointment) -> None:
    kept = play.house.arranged.appointments
    one = next((one for one in kept if one["appointment"] == effect.appointment), None)
    if one is not None:
        _act(one, effect.act, play.now, (effect.starts,) if effect.starts else ())


def met(play: "Play") -> list[dict[str, Any]]:
    """As a lookup answers it."""
    mine = (one for one in play.house.arranged.appointments if one["play"] is play and one["state"] in table.OPEN)
    return [{name: value for name, value in one.items() if name != "play"} for one in mine]


def _new(play: "Play", kind: str, reference: str) -> None:
    kept = play.house.arranged.appointments
    number = str(len(kept) + 1)
    kept.append({"play": play, "appointment": number, "kind": kind, "state": "requested", "reference": reference})
    kept[-1] |= {"starts": None, "times": (), "place": "", "moved": 0}


def _act(one: dict[str, Any], act: str, now: datetime, times: tuple[datetime, ...]) -> None:
    one["state"] = table.apply(one["state"], act, now, times).to
    if times or act == "another":
        one["moved"] += 1
        one["times"] = tuple(sorted(times)) if act == "offer" else ()
        one["starts"] = times[0] if times and act != "offer" else None
