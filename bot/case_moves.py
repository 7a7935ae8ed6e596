"""What a person's turn and an operator both do to a case: move it by its table, have the person hear, find it again."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from conversations.arabic.normalise import ascii_digits, fold
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.cases.calendar import calendar_of
from conversations.cases.move import Facts, until
from conversations.cases.promise import promise_for
from storage import cases
from storage.times import moment, moment_or_none, ms, ms_or_none
from storage.vault import Vault

_ID = "0123456789"


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
    tell: Callable[[int, str], object],
) -> cases.Case:
    """Make a move by the lifecycle's table, and have the person hear of it. The case must be locked.

    `given` is what the move needs and its words may say; `tell(conversation, timer)` wakes whoever hears of it.
    Raises NotAllowed; then nothing has changed.
    """
    given = given or {}
    history = cases.history(connection, vault, case.association, case.id)
    facts = Facts(
        now=now,
        earliest=moment_or_none(case.earliest),
        until=_until(case.kind, history),
        supervisor_confirmed=confirmed,
        made=frozenset(step.move for step in history),
        given=frozenset(given),
        restricted=case.restricted,
    )
    move = lifecycle.apply(case.kind, case.stage, name, who, facts)
    stage = lifecycle.stage_after(move, case.stage)
    changes: dict[str, Any] = {}
    if move.starts == "promise":
        promised = promise_for(association.profile, case.kind, now, calendar_of(association.profile))
        changes = {
            "completed_at": ms(now),
            "earliest": ms_or_none(promised.earliest),
            "latest": ms_or_none(promised.latest),
            "next_update": ms_or_none(promised.next_update),
        }
    if not lifecycle.is_open(stage):
        changes |= {"closed_at": ms(now), "next_update": None}
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
            at=ms(now),
            reason=msgspec.json.encode(given).decode() if given else "",
            answers=answers or {},
            **changes,
        ),
    )
    assert moved is not None, "locked by this transaction"
    if lifecycle.notice(case.kind, move, who)[0] and moved.conversation is not None:
        tell(moved.conversation, f"moved:{moved.reference}:{moved.moves}")
    return moved


def _until(kind: str, history: Sequence[cases.Step]) -> datetime | None:
    """The last moment to object or appeal: what the newest move that starts such days began."""
    steps = lifecycle.LIFECYCLES[kind].steps
    made = ((steps.get((step.from_stage, step.move)), step.at) for step in history)
    ends = [end for move, at in made if move is not None and (end := until(move.starts, moment(at)))]
    return ends[-1] if ends else None


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
