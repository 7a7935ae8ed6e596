"""`wasl case`: an operator shows where a case stands and moves it. No answers are shown; every move is in the audit."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot import notices
from bot.case_moves import move_case
from bot.frontline import FrontLine
from conversations.association.association import Association
from conversations.cases.calendar import here
from conversations.cases.lifecycle import may_make, moves
from conversations.cases.move import ROLES
from conversations.cases.reference import read_reference
from storage import audit, cases, timers
from storage.times import moment, ms
from storage.vault import Vault

OPERATOR = "operator"


class CannotMove(Exception):
    """Nothing has changed; the message says why and what can be done."""


def move(
    line: FrontLine, slug: str, reference: str, name: str, given: Mapping[str, str], who: str, confirmed: bool
) -> str:
    """Make the move in one transaction. Raises CannotMove, and NotAllowed by the lifecycle's table."""
    association = line.associations[slug]
    known = _read(association, reference)
    if who and who not in ROLES:
        raise CannotMove(f"{who}: no such role — one of {', '.join(ROLES)}")
    return line.database.write_now(
        _move, line.vault, association, known, name, dict(given), who, confirmed, datetime.now(UTC)
    )


def show(line: FrontLine, slug: str, reference: str) -> list[str]:
    """Where it stands, how it came there, and what can be done from here. Raises CannotMove where there is none."""
    association = line.associations[slug]
    return line.database.read_now(_show, line.vault, association, _read(association, reference))


def _read(association: Association, text: str) -> str:
    prefix = association.profile.reference_prefix
    reference = read_reference(text, prefix)
    if reference is None:
        raise CannotMove(f"{text}: not a reference of {association.slug} ({prefix}-…): compare it letter by letter")
    return reference


def _find(connection: Connection, vault: Vault, association: Association, reference: str, lock: bool) -> cases.Case:
    case = cases.by_reference(connection, vault, association.slug, reference, lock=lock)
    if case is None:
        raise CannotMove(f"{reference}: {association.slug} has no case with this reference")
    return case


def _move(
    connection: Connection,
    vault: Vault,
    association: Association,
    reference: str,
    name: str,
    given: dict[str, str],
    who: str,
    confirmed: bool,
    now: datetime,
) -> str:
    case = _find(connection, vault, association, reference, lock=True)
    before = case.stage
    possible = moves(case.kind, before)
    named = next((one for one in possible if one.name == name), None)
    if named is None:
        from_here = ", ".join(one.name for one in possible) or "nothing"
        raise CannotMove(f"{case.kind} at {before}: no move {name!r} — possible from here: {from_here}")
    who = who or may_make(named, case.restricted)[0]
    told: list[datetime] = []

    def tell(conversation: int, about: str) -> None:
        notice = notices.add(connection, vault, association, about, now, wake, conversation=conversation)
        told.append(moment(notice.due) if notice.why == "quiet" and notice.due else now)

    def wake(conversation: int, timer: str) -> None:
        timers.set_all(connection, [timers.Timer(case.association, conversation, timer, ms(now))])

    moved = move_case(
        connection,
        vault,
        association,
        case,
        name,
        who,
        now,
        given=given,
        confirmed=confirmed,
        tell=tell,
    )
    detail = f"{name}:{who}" + (":confirmed" if confirmed else "")
    audit.log(connection, [audit.Act(case.association, ms(now), OPERATOR, "case.move", f"case:{case.id}", detail)])
    hears = _heard(max(told), now) if told else _unheard(moved)
    return f"{reference}: {before} → {moved.stage} ({name}, as {who}); {hears}"


def _heard(at: datetime, now: datetime) -> str:
    """News that is not pressing goes by day (the profile's `[notices]`)."""
    if at <= now:
        return "the person hears of it through serve"
    return f"the person hears of it through serve at {here(at):%Y-%m-%d %H:%M}, for news rests until then"


def _unheard(case: cases.Case) -> str:
    if case.anonymous:
        return "anonymous: nobody is written to, they ask by the reference"
    return "nothing is sent: " + ("this move says nothing to them" if case.conversation else "it has no conversation")


def _show(connection: Connection, vault: Vault, association: Association, reference: str) -> list[str]:
    case = _find(connection, vault, association, reference, lock=False)
    marks = [name for name in ("restricted", "anonymous") if getattr(case, name)]
    about = ", ".join(filter(None, (case.kind, case.service, case.category, *marks)))
    days = {"opened": case.opened_at, "complete": case.completed_at, "earliest": case.earliest}
    days |= {"latest": case.latest, "next update": case.next_update, "closed": case.closed_at}
    lines = [f"{reference}: {about}; {case.stage}"]
    lines += ["  " + " · ".join(f"{name} {_day(at)}" for name, at in days.items() if at is not None)]
    for step in cases.history(connection, vault, case.association, case.id):
        lines.append(f"  {_day(step.at)} {step.from_stage} → {step.to_stage}: {step.move} ({step.who})")
    lines += [
        f"  can: {one.name} ({', '.join(may_make(one, case.restricted))})"
        + (f" with {' '.join(f'{need}=…' for need in one.needs)}" if one.needs else "")
        for one in moves(case.kind, case.stage)
    ]
    return lines


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"
