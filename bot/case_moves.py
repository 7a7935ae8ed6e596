"""What a person's turn and staff both do to a case: move it by its table, have the person hear, find it again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot.case_clock import due_now, last_day
from conversations.arabic.normalise import ascii_digits, fold
from conversations.association.association import Association
from conversations.cases import entitlement, lifecycle
from conversations.cases import missing as missing_things
from conversations.cases.calendar import calendar_of
from conversations.cases.entitlement import Owed
from conversations.cases.missing import Missing
from conversations.cases.move import BENEFICIARY, Facts, Starts, until
from conversations.cases.promise import Asked, Promised, promise_for, recounted
from conversations.events import CaseMoved
from storage import alarms, cases, checks, entitlements, handoffs, requirements
from storage.ids import new_id
from storage.requirements import Requirement
from storage.times import moment, moment_or_none, ms, ms_or_none
from storage.vault import Vault

_ID = "0123456789"
ANSWERS = {"answer": ("question",), "complete": ("waiting_for_information", "complete_unclear")}
"""By a worker's move that its person hears of, for which reasons nobody has to come to them any more."""
SEVERITIES = ("low", "medium", "high")
OWN = {
    "complete": ANSWERS["complete"],
    "withdraw": (*ANSWERS["answer"], *ANSWERS["complete"], "grave_complaint", "consent_by_call", "not_received"),
}
"""The same by a move that the person makes themselves."""
GRAVE = "high"
RECORD = "ar"
"""The language in which a list is written into a move's record; the person reads it in their own."""


def move_case(
    connection: Connection,
    vault: Vault,
    association: Association,
    case: cases.Case,
    name: str,
    who: str,
    now: datetime,
    *,
    given: dict[str, str] | None = None,
    answers: dict[str, Any] | None = None,
    confirmed: bool = False,
    missing: Sequence[Missing] = (),
    owed: Sequence[Owed] = (),
    actor: str = "",
    tell: Callable[[int, str], object],
) -> cases.Case:
    """Make a move by the lifecycle's table, and have the person hear of it. The case must be locked.

    `who` is the role that makes it, `actor` the id of the worker.

    `given` is what the move needs and its words may say; `tell(conversation, timer)` wakes whoever hears of it.
    `missing` is what a return asks for (else its `items` are read, line by line), `owed` what a registration entitles
    to; `answers` are laid over the case's, and what they take the place of is kept with what was asked for.
    Raises NotAllowed; then nothing has changed.
    """
    step = lifecycle.LIFECYCLES[case.kind].steps.get((case.stage, name))
    given = _listed(association, case, step.needs if step else (), dict(given or {}), missing, owed)
    history = cases.history(connection, vault, case.association, case.id)
    facts = facts_for(connection, case, history, now, given, confirmed=confirmed)
    move = lifecycle.apply(case.kind, case.stage, name, who, facts)
    stage = lifecycle.stage_after(move, case.stage)
    came: list[Requirement] = []
    if "items" in move.needs:
        asked = missing or missing_in(association, case, given["items"])
        requirements.ask(connection, vault, case.association, case.id, asked, ms(now))
    elif name == "complete":
        before = _replaced(case, answers or {})
        came = requirements.arrive(connection, vault, case.association, case.id, before, ms(now))
        checks.forget(connection, case.association, case.id, [one.item for one in came])
    elif owed:
        entitlements.add(connection, vault, case.association, case.id, owed)
    elif name == "confirm":
        entitlements.confirm_all(connection, case.association, case.id, ms(now))
    changes = _promised(association, case, move.starts, came, now)
    if move.starts == "recount":
        given["counted"] = "anew" if changes else "stays"
    if given.get("severity") in SEVERITIES:
        changes["severity"] = given["severity"]
        if given["severity"] == GRAVE and case.severity != GRAVE:
            _hand_over(connection, vault, case, ms(now))
    if not lifecycle.is_open(stage):
        changes |= {"closed_at": ms(now), "next_update": None}
        entitlements.cancel_all(connection, case.association, case.id, ms(now))
    moved = cases.move(
        connection,
        vault,
        cases.Move(
            association=case.association,
            reference=case.reference,
            move=name,
            from_stage=case.stage,
            to_stage=stage,
            who=who,
            actor=actor,
            at=ms(now),
            reason=msgspec.json.encode(given).decode() if given else "",
            answers=answers or {},
            **changes,
        ),
    )
    assert moved is not None, "locked by this transaction"
    made = cases.Step(moved.moves, name, case.stage, stage, who, ms(now), "", actor)
    moved.due = due_now(connection, association, moved, [*history, made])
    cases.set_due(connection, moved.association, moved.id, moved.due)
    if answers and not case.anonymous:
        cases.reindex(connection, vault, moved, found_by(moved.answers))
    if who == BENEFICIARY and name in OWN:
        handoffs.answered(connection, case.association, case.reference, OWN[name], ms(now))
    if lifecycle.notice(case.kind, move, who)[0] and moved.conversation is not None:
        if who != BENEFICIARY and name in ANSWERS:
            handoffs.answered(connection, case.association, case.reference, ANSWERS[name], ms(now))
        tell(moved.conversation, f"moved:{moved.reference}:{moved.moves}")
    return moved


def _hand_over(connection: Connection, vault: Vault, case: cases.Case, now: int) -> None:
    """A complaint that staff find grave is urgent like one that was grave when it was filed. The case is handed over,
    and not its person: nothing is said to them, and nobody takes their conversation."""
    waits = handoffs.Handoff(
        case.association, new_id(), handoffs.NOBODY, "grave_complaint",
        restricted=case.restricted, reference=case.reference, at=now, due=now,
    )  # fmt: skip
    handoffs.add(connection, vault, [waits])
    alarms.ring(connection, case.association, "grave_complaint", now, urgent=True)


def facts_for(
    connection: Connection,
    case: cases.Case,
    history: Sequence[cases.Step],
    now: datetime,
    given: Iterable[str] = (),
    *,
    confirmed: bool = False,
) -> Facts:
    """What a move of this case is held against: what the guards ask, and which of its needs come with it."""
    return Facts(
        now=now,
        earliest=moment_or_none(case.earliest),
        until=last_day(case.kind, history),
        supervisor_confirmed=confirmed,
        made=frozenset(made.move for made in history),
        undelivered=entitlements.undelivered(connection, case.association, case.id),
        given=frozenset(given),
        restricted=case.restricted,
    )


def missing_in(association: Association, case: cases.Case, items: str) -> tuple[Missing, ...]:
    """What a text asks of this case: lines of field ids, or of words."""
    return missing_things.read(association.profile, case.service, items)


def _listed(
    association: Association,
    case: cases.Case,
    needs: tuple[str, ...],
    given: dict[str, str],
    asked: Sequence[Missing],
    owed: Sequence[Owed],
) -> dict[str, str]:
    """What is given, with the lists that come with the move as the record keeps them."""
    if "items" in needs and asked:
        given.setdefault("items", missing_things.listed(asked, association.profile, case.service, RECORD))
    if "entitlements" in needs and owed:
        given.setdefault("entitlements", entitlement.listed(owed, RECORD, association.wording[RECORD]))
    return given


def _replaced(case: cases.Case, answers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By item, the answers that these take the place of: its own, and until when a paper was valid."""
    found: dict[str, dict[str, Any]] = {}
    for name in answers:
        if name in case.answers:
            found.setdefault(missing_things.item_of(name, answers), {})[name] = case.answers[name]
    return found


def _promised(
    association: Association, case: cases.Case, starts: Starts, came: Sequence[Requirement], now: datetime
) -> dict[str, Any]:
    """The promise as it stands from now on; nothing where no date moves."""
    calendar = calendar_of(association.profile)
    if starts == "promise":
        complete, promised = now, promise_for(association.profile, case.kind, now, calendar)
    elif starts == "recount" and any(one.published for one in came):
        asked = [Asked(one.item, one.published, moment_or_none(one.arrived_at)) for one in came]
        complete, promised = now, recounted(Promised(), asked, association.profile, case.kind, calendar)
    elif starts == "extension":
        return {"latest": ms_or_none(until(starts, now))}
    else:
        return {}
    return {
        "completed_at": ms(complete),
        "earliest": ms_or_none(promised.earliest),
        "latest": ms_or_none(promised.latest),
        "next_update": ms_or_none(promised.next_update),
    }


def lists_of(connection: Connection, vault: Vault, case: cases.Case, step: cases.Step) -> dict[str, Any]:
    """What came with a move as a list, as its event carries it: the person reads it in their own language."""
    move = lifecycle.LIFECYCLES[case.kind].steps.get((step.from_stage, step.move))
    found: dict[str, Any] = {}
    if move is not None and "items" in move.needs:
        asked = requirements.of_case(connection, vault, case.association, case.id)
        found["missing"] = tuple(one.missing() for one in asked if one.asked_at == step.at)
    if move is not None and "entitlements" in move.needs:
        registered = entitlements.of_case(connection, vault, case.association, case.id)
        found["owed"] = tuple(one.owed() for one in registered)
    return found


def moved_event(
    connection: Connection, vault: Vault, association: Association, reference: str, seq: int
) -> CaseMoved | None:
    """The move of this number as its person hears of it; None where there is none."""
    case = cases.by_reference(connection, vault, association.slug, reference)
    history = cases.history(connection, vault, association.slug, case.id) if case else []
    step = next((one for one in history if one.seq == seq), None)
    if case is None or step is None:
        return None
    service = association.profile.service(case.service)
    return CaseMoved(
        id=f"moved-{reference}:{seq}",
        at=moment(step.at),
        reference=reference,
        kind=case.kind,
        move=step.move,
        from_stage=step.from_stage,
        stage=step.to_stage,
        who=step.who,
        service=case.service,
        sensitive=bool(service and service.sensitive_purpose),
        restricted=case.restricted,
        given=msgspec.json.decode(step.reason, type=dict[str, str]) if step.reason else {},
        **lists_of(connection, vault, case, step),
        earliest=moment_or_none(case.earliest),
        latest=moment_or_none(case.latest),
        next_update=moment_or_none(case.next_update),
        waits=case.conversation is None or handoffs.any_open(connection, case.association, case.conversation),
        until=last_day(case.kind, [one for one in history if one.seq <= seq]),
    )


def case_facts(case: cases.Case) -> dict[str, Any]:
    """A case as events carry it: what CaseView holds, times aware."""
    return {
        "reference": case.reference,
        "kind": case.kind,
        "stage": case.stage,
        "service": case.service,
        "opened_at": moment_or_none(case.opened_at),
        "earliest": moment_or_none(case.earliest),
        "latest": moment_or_none(case.latest),
        "next_update": moment_or_none(case.next_update),
    }


def found_by(answers: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a case is searched by: the whole words of names, and whole numbers (identity, phone, registration)."""
    for step, value in answers.items():
        for text in _texts(value):
            digits = "".join(one for one in ascii_digits(text) if one in _ID)
            if len(digits) >= 7 and len(digits) >= len(text.replace(" ", "")) - 4:
                yield "number", digits
            elif step.endswith("name"):
                yield from (("name", word) for word in fold(text).split() if len(word) > 1)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
