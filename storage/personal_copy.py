"""Everything that is kept of one person, gathered to be handed to them (PDPL art. 4)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from storage import cases, erasure, files, messages, taking_part, world
from storage.cases import Case
from storage.conversations import Stored
from storage.person import Person, cases_of, consents_of, conversations_of, facts_of, is_first, is_shared
from storage.schema import files as files_table
from storage.schema_desk import appointments, checks, entitlements, notes, pauses, requirements
from storage.times import moment
from storage.vault import Vault, context


def export_person(connection: Connection, vault: Vault, association: str, person: Person) -> dict[str, Any]:
    """Everything that is kept of this person, as plain values for JSON; times are ISO 8601, UTC. Workers are not named.

    `facts` (offered instead of asked), `consents`, `addresses` with what was written there, `surveys` they were asked
    in (what was answered anonymously nobody can find), `cases` with answers and what was done, `files` (their bytes:
    Blobs, by `id`). On a shared phone: the member's cases and files alone, and the facts and consents of the first.
    """
    here = conversations_of(connection, vault, association, person.beneficiary, lock=False)
    shared = is_shared(here, person)
    own = not shared or is_first(here, person)
    facts = facts_of(connection, vault, association, person.beneficiary) if own else world.Facts()
    found = cases_of(connection, vault, association, person, here)
    exported = [_case(connection, vault, case) for case in found]
    named = {int(number) for case in exported for number in case.pop("files")}
    return {
        "association": association,
        "beneficiary": str(person.beneficiary),
        "facts": facts.facts,
        "consents": [
            {**one._asdict(), "at": _time(one.at), "conversation": str(one.conversation)}
            for one in (consents_of(connection, association, here, person.beneficiary) if own else [])
        ],
        "addresses": [] if shared else [_address(connection, vault, stored) for stored in here],
        "surveys": [] if shared else taking_part.copied(connection, vault, association, [one.id for one in here]),
        "cases": exported,
        "files": _files(connection, vault, association, here, named if shared else None),
    }


def _address(connection: Connection, vault: Vault, stored: Stored) -> dict[str, Any]:
    conversation = stored.conversation
    begun = [draft for draft in (conversation.open, *conversation.aside) if draft is not None]
    return {
        "channel": stored.channel,
        "handle": stored.handle,
        "language": conversation.language,
        "last_heard": _time(stored.last_in),
        "begun": [{"flow": draft.flow, "subject": draft.subject, "answers": draft.answers} for draft in begun],
        "messages": [_line(line) for line in _transcript(connection, vault, stored)],
    }


def _transcript(connection: Connection, vault: Vault, stored: Stored) -> list[messages.Line]:
    lines: list[messages.Line] = []
    while page := messages.transcript(
        connection, vault, stored.association, stored.id, after=lines[-1].seq if lines else 0
    ):
        lines += page
    return [line for line in lines if line.kind != "delete"]


def _line(line: messages.Line) -> dict[str, Any]:
    """What was said, whoever said it: an event of the person, or a say of ours."""
    body = msgspec.msgpack.decode(line.body)
    file = body.get("file")
    said = body.get("text") or body.get("title") or body.get("caption") or ""
    return {
        "at": _time(line.at),
        "from": "person" if line.direction == "in" else "association",
        "kind": line.kind,
        "text": said,
        "choices": [option["title"] for option in body.get("options", ())],
        "file": file.get("name", "") if isinstance(file, dict) else file or "",
    }


def _case(connection: Connection, vault: Vault, case: Case) -> dict[str, Any]:
    steps = cases.history(connection, vault, case.association, case.id)
    plain = {name: getattr(case, name) for name in _CLEAR}
    return {
        **plain,
        **{name: _time(getattr(case, name)) for name in _TIMES},
        "answers": case.answers,
        "signature": msgspec.to_builtins(case.signature) if case.signature else None,
        "moves": [
            {
                "at": _time(step.at),
                "move": step.move,
                "from": step.from_stage,
                "to": step.to_stage,
                "by": step.who,
                "given": msgspec.json.decode(step.reason) if step.reason.startswith("{") else step.reason,
            }
            for step in steps
        ],
        **{name: _rows(connection, vault, case, *about) for name, about in _ABOUT.items()},
        "files": sorted(erasure.files_of(connection, vault, case.association, [case.id])),
    }


def _rows(
    connection: Connection, vault: Vault, case: Case, table: Table, clear: Sequence[str], sealed: Sequence[str]
) -> list[dict[str, Any]]:
    mine = (table.c.association == case.association, table.c.case_id == case.id)
    found = []
    for row in connection.execute(select(table).where(*mine).order_by(*table.primary_key.columns)):
        id = getattr(row, "id", None) or case.id
        told = {name: _time(getattr(row, name)) if name in _MOMENTS else getattr(row, name) for name in clear}
        for name in sealed:
            value = getattr(row, name)
            opened = None if value is None else vault.open(value, context(f"{table.name}.{name}", case.association, id))
            told[name] = None if opened is None else _plain(table, name, opened)
        found.append(told)
    return found


def _plain(table: Table, name: str, opened: bytes) -> Any:
    return msgspec.msgpack.decode(opened) if (table.name, name) == ("requirements", "before") else opened.decode()


def _files(
    connection: Connection, vault: Vault, association: str, here: Iterable[Stored], named: set[int] | None
) -> list[dict[str, Any]]:
    found = []
    for stored in here:
        at = dict(
            connection.execute(
                select(files_table.c.id, files_table.c.at).where(
                    files_table.c.association == association, files_table.c.conversation == stored.id
                )
            )
            .tuples()
            .all()
        )
        found += [
            {"id": str(file.id), "name": file.name, "kind": file.kind, "size": file.size, "at": _time(at[file.id])}
            for file in files.of_conversation(connection, vault, association, stored.id)
            if file.state == files.READY and (named is None or file.id in named)
        ]
    return found


_CLEAR = (
    "reference", "kind", "stage", "service", "category", "branch", "severity", "source", "agreed_channel", "linked_to",
    "restricted", "member",
)  # fmt: skip
_TIMES = ("opened_at", "completed_at", "closed_at", "earliest", "latest", "next_update")
_MOMENTS = frozenset(
    {"at", "asked_at", "arrived_at", "due", "delivered_at", "confirmed_at", "cancelled_at", "starts", "ended_at"}
)
_ABOUT: Mapping[str, tuple[Table, tuple[str, ...], tuple[str, ...]]] = {
    "requirements": (requirements, ("item", "published", "asked_at", "arrived_at"), ("words", "before")),
    "checks": (checks, ("item", "outcome", "matches", "valid", "at"), ("note",)),
    "entitlements": (
        entitlements,
        ("amount", "due", "delivered_at", "confirmed_at", "cancelled_at"),
        ("what",),
    ),
    "appointments": (appointments, ("kind", "state", "starts", "outcome"), ("place", "wish", "outcome_note")),
    "pauses": (pauses, ("at", "ended_at"), ("reason",)),
    "notes": (notes, ("at",), ("body",)),
}
"""What else is kept of a case. The votes of a committee are its members' own; its decision is among the moves."""


def _time(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat()
