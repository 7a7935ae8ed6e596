"""What a turn asks for and `world` does not hold: looked up in its transaction, and only what is the asker's own."""

from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot.appointments import facts
from bot.case_clock import last_day
from bot.case_moves import case_facts
from conversations.cases.move import BENEFICIARY
from conversations.course import FOR_OTHERS
from conversations.flows.track import DECISIONS
from storage import appointments, asks, cases, entitlements, requirements, waves
from storage.broadcasts import test_key
from storage.conversations import Stored
from storage.times import moment_or_none
from storage.vault import Vault

Find = Callable[[Connection, Vault, Stored, str], Any]


def case(connection: Connection, vault: Vault, stored: Stored, reference: str) -> dict[str, Any] | None:
    """Anybody's case: who may see what of it is decided by the dialogue."""
    found = cases.by_reference(connection, vault, stored.association, reference)
    if found is None:
        return None
    result = {**case_facts(found), "mine": found.conversation == stored.id, "anonymous": found.anonymous}
    if found.anonymous and (moves := cases.history(connection, vault, found.association, found.id)):
        # No message ever brought it what was answered: whoever has the number reads it here.
        until = last_day(found.kind, moves)
        *before, result["last_move"] = [_told(one) | {"until": until} for one in _since_decided(moves)]
        result["unread"] = before
    return result


def _since_decided(moves: Sequence[cases.Step]) -> list[cases.Step]:
    """The last decision and what came after it: who reads by the number may have read nothing of it yet. What the
    person did meanwhile they know."""
    decided = [number for number, one in enumerate(moves) if one.from_stage != one.to_stage in DECISIONS]
    since = moves[decided[-1] : -1] if decided else []
    return [*(one for one in since if one.who != BENEFICIARY), moves[-1]]


def _told(step: cases.Step) -> dict[str, Any]:
    given = msgspec.json.decode(step.reason) if step.reason else {}
    return {"move": step.move, "from_stage": step.from_stage, "who": step.who, "given": given}


def ask(connection: Connection, vault: Vault, stored: Stored, token: str) -> dict[str, Any] | None:
    found = asks.by_token(connection, vault, stored.association, token)
    if found is None or found.answered_at is not None:
        return None
    return {"ask": str(found.id), "question": found.question, "reference": found.reference, "details": found.details}


def missing(connection: Connection, vault: Vault, stored: Stored, key: str) -> dict[str, Any] | None:
    """What a returned case of theirs waits for, as a Return (flows/complete.py); `key`: its reference, or a file that
    came for it and the reference."""
    reference = key.rpartition(":")[2]
    found = own_case(connection, vault, stored, reference)
    if found is None or found.stage != "returned":
        return None
    waiting = requirements.waiting(connection, vault, found.association, found.id)
    return {
        "reference": reference,
        "service": found.service,
        "missing": [msgspec.to_builtins(one.missing()) for one in waiting],
        "own": found.answers.get("who", "self") not in FOR_OTHERS,
    }


def owed(connection: Connection, vault: Vault, stored: Stored, key: str) -> dict[str, Any] | None:
    """The entitlements of a case of theirs; `key` is `<what for>:<reference>`."""
    found = own_case(connection, vault, stored, key.rpartition(":")[2])
    if found is None:
        return None
    rows = entitlements.of_case(connection, vault, found.association, found.id)
    return {
        "reference": found.reference,
        "rows": [
            {
                "id": str(one.id),
                "what": one.what,
                "amount": one.amount,
                "due": moment_or_none(one.due),
                "state": one.state,
            }
            for one in rows
            if one.state != "cancelled"
        ],
    }


def met(connection: Connection, vault: Vault, stored: Stored, key: str) -> list[dict[str, Any]]:
    """The open appointments of this conversation."""
    slug = stored.association
    return [
        facts(one, cases.reference_of(connection, slug, one.case_id) if one.case_id else "")
        for one in appointments.of_conversation(connection, vault, slug, stored.id)
    ]


def own_case(connection: Connection, vault: Vault, stored: Stored, reference: str) -> cases.Case | None:
    """Theirs, and none that names nobody."""
    found = cases.by_reference(connection, vault, stored.association, reference)
    if found is None or found.anonymous:
        return None
    theirs = found.beneficiary is not None and found.beneficiary == stored.beneficiary
    return found if theirs or found.conversation == stored.id else None


def told(connection: Connection, vault: Vault, stored: Stored, wave: str) -> dict[str, Any] | None:
    """What a broadcast told them, where it was for them, or was tried here."""
    id, _, proof = wave.partition("-")
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 20 else 0
    if proof:
        theirs = compare_digest(wave.encode(), test_key(vault, stored.association, number, stored.id).encode())
    else:
        one = waves.recipient(connection, stored.association, number, stored.id)
        theirs = one is not None and one.at is not None
    body = waves.body_of(connection, vault, stored.association, number) if theirs else None
    if body is None:
        return None
    told = {name: getattr(body, name) for name in ("text", "file", "file_name", "file_kind", "buttons")}
    return {**told, "test": bool(proof)}


def surveyed(connection: Connection, vault: Vault, stored: Stored, key: str) -> str:
    """How they stand in a wave, wherever they answered, or "over"; `key` is the button: `survey:<wave>:…` or
    `sv:<wave>:…`."""
    wave = key.split(":")[1]
    number = int(wave) if wave.isascii() and wave.isdigit() and len(wave) < 20 else 0
    one = waves.recipient(connection, stored.association, number, stored.id)
    if one is not None and one.state == waves.FINISHED:
        return one.state
    return "over" if waves.is_shut(connection, stored.association, number) else one.state if one else ""


LOOKUPS: dict[str, Find] = {
    "case": case,
    "ask": ask,
    "missing": missing,
    "entitlements": owed,
    "appointments": met,
    "broadcast": told,
    "survey": surveyed,
}
