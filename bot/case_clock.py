"""When the house must have done the next thing for a case: kept beside it, so that lists and reminders count nothing.

What is due follows from its kind and stage (conversations/cases/clock.py); it is worked out when a case is filed and
with every move, and once more where something it depends on changes by itself (an entitlement's day).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from conversations.association.association import Association
from conversations.cases import clock, lifecycle
from conversations.cases.calendar import calendar_of
from conversations.cases.clock import Days
from conversations.cases.move import until
from storage import cases, entitlements
from storage.cases import Case, Step
from storage.times import moment, moment_or_none, ms_or_none
from storage.vault import Vault


def due_now(connection: Connection, association: Association, case: Case, history: Sequence[Step]) -> int | None:
    """As the case stands now, with the moves made so far. Milliseconds."""
    days = Days(
        entered=entered(case, history),
        earliest=moment_or_none(case.earliest),
        latest=moment_or_none(case.latest),
        next_update=moment_or_none(case.next_update),
        until=last_day(case.kind, history),
        owed=moment_or_none(entitlements.next_due(connection, case.association, case.id)),
    )
    return ms_or_none(clock.due_of(case.kind, case.stage, days, calendar_of(association.profile)))


def refresh(connection: Connection, vault: Vault, association: Association, case: Case) -> None:
    """Something it depends on changed without a move. The case must be locked."""
    history = cases.history(connection, vault, case.association, case.id)
    case.due = due_now(connection, association, case, history)
    cases.set_due(connection, case.association, case.id, case.due)


def entered(case: Case, history: Sequence[Step]) -> datetime:
    """When it came to the stage it is at."""
    came = [step.at for step in history if step.to_stage == case.stage != step.from_stage]
    return moment(came[-1] if came else case.opened_at)


def last_day(kind: str, history: Sequence[Step]) -> datetime | None:
    """The last moment to object or appeal, or of an extension: what the newest move that starts such days began. None
    once an objection was heard: there is no other."""
    steps = lifecycle.LIFECYCLES[kind].steps
    if lifecycle.was_heard(kind, [(step.from_stage, step.move) for step in history]):
        return None
    made = ((steps.get((step.from_stage, step.move)), step.at) for step in history)
    ends = [end for move, at in made if move is not None and (end := until(move.starts, moment(at)))]
    return ends[-1] if ends else None
