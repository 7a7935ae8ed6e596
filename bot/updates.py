"""Where a case stands, as an event: what a notice or a worker tells on a day of its own, and whether it still holds."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.case_moves import case_facts
from conversations.events import CaseUpdate, Why
from conversations.flows.track import ANSWERED
from storage import cases, entitlements, tasks
from storage.cases import Case
from storage.vault import Vault

UPDATES: Mapping[str, Why] = {
    "update": "update",
    "receipt": "receipt",
    "promise_near": "promise_near",
    "promise_missed": "promise_missed",
    "entitlement_due": "entitlement_due",
    "document_expiring": "document_expiring",
    "returned": "returned",
}
"""By the name of the event (`promise_near:<reference>:<latest>`)."""
Details = dict[str, str]


def update_event(
    connection: Connection, vault: Vault, association: str, name: str, about: str, now: datetime
) -> CaseUpdate | None:
    """`about`: what follows the name, a reference and what else it takes. None where nothing is left to say: the answer
    came meanwhile, the entitlement was delivered, the paper renewed."""
    reference, _, more = about.partition(":")
    case = cases.by_reference(connection, vault, association, reference)
    if case is None or name not in UPDATES:
        return None
    found = _DETAILS[name](connection, vault, case, more) if name in _DETAILS else {}
    if found is None:
        return None
    reason = apology_of(connection, vault, association, more) if name == "promise_missed" else ""
    id = f"{name}:{about}".replace(":", "-")
    return CaseUpdate(id=id, at=now, case=case_facts(case), why=UPDATES[name], reason=reason, details=found)


def undecided(case: Case) -> bool:
    """Somebody still waits for our answer."""
    return case.closed_at is None and case.stage not in ANSWERED


def apology_of(connection: Connection, vault: Vault, association: str, task: str) -> str:
    """The reason that staff gave, for those who tell it; empty where there is none."""
    known = tasks.get(connection, vault, association, int(task)) if task.isascii() and task.isdigit() else None
    return known.tried[-1].note if known is not None and known.kind == "apology" and known.tried else ""


def papers_of(case: Case) -> dict[str, str]:
    """Until when the papers of a case are valid: the day (ISO) by the paper's field."""
    days = {
        step.removesuffix("_until"): value["iso"]
        for step, value in case.answers.items()
        if step.endswith("_until") and isinstance(value, dict) and "iso" in value
    }
    return {paper: day for paper, day in days.items() if case.answers.get(paper)}


def _near(connection: Connection, vault: Vault, case: Case, latest: str) -> Details | None:
    return {} if undecided(case) and str(case.latest) == latest else None


def _due(connection: Connection, vault: Vault, case: Case, id: str) -> Details | None:
    one = entitlements.get(connection, vault, case.association, int(id))
    owed = one is not None and one.case_id == case.id and one.state == "owed"
    return {"what": one.what, "amount": one.amount} if one is not None and owed else None


def _expiring(connection: Connection, vault: Vault, case: Case, about: str) -> Details | None:
    paper, _, day = about.partition(":")
    still = case.closed_at is None and papers_of(case).get(paper) == day
    return {"paper": paper, "day": day} if still else None


def _returned(connection: Connection, vault: Vault, case: Case, moves: str) -> Details | None:
    return {} if case.stage == "returned" and str(case.moves) == moves else None


_DETAILS: Mapping[str, Callable[[Connection, Vault, Case, str], Details | None]] = {
    "promise_near": _near,
    "entitlement_due": _due,
    "document_expiring": _expiring,
    "returned": _returned,
}
