"""One person's rights over what is kept of them: the whole of it in a hand (export), put right, erased.

Source: PDPL arts. 4 and 18 and its implementing regulation, art. 3: answered within thirty days, once identity is
proven; the record of processing is kept five years; copies of the database are no destruction, they age out.
A phone may be shared: then a member's cases are theirs, and what was written on it belongs to all who share it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Table, select, update

from conversations.conversation import Conversation, decode
from storage import audit, cases, consents, conversations, erasure, files, messages, world
from storage.audit import Act
from storage.cases import Case
from storage.conversations import Stored
from storage.erasure import anonymous_routes
from storage.retention import GRACE
from storage.schema import beneficiaries
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.schema import files as files_table
from storage.schema_desk import appointments, checks, entitlements, notes, pauses, requirements
from storage.times import moment
from storage.vault import Vault, context


class Person(NamedTuple):
    """`member`: whose it is, where several share a phone; empty for the first of them, or the only one."""

    beneficiary: int
    member: str = ""


class Kept(NamedTuple):
    """What an erasure leaves, and why, as a code of KEPT. `subject` is a reference where there is one."""

    why: str
    subject: str = ""


KEPT = {
    "request": "the request to be erased itself: the record that it was asked and answered",
    "open_case": "a case that is still open: closing it, or withdrawing it, comes first",
    "linked_case": "a closed case that an open one is about",
    "address": "the address, until its person has heard what was done and been silent for a week",
    "shared_phone": "what was written on a phone that several people share",
    "consents": "the log of consents: the record of processing is kept five years",
    "audit": "who looked at what and did what, by ids alone",
    "backups": "copies of the database, until they are as old as the operator keeps them",
}
"""Each has a sentence for the person: personal.kept.<code> of the wording."""


class Erased(NamedTuple):
    """References of the cases that were emptied, how many files went, and what is left."""

    cases: tuple[str, ...]
    files: int
    kept: tuple[Kept, ...]


class Nobody(LookupError):
    """The case names nobody: it is anonymous, or was erased."""


def whose(connection: Connection, vault: Vault, association: str, reference: str) -> Person:
    """Whose case this is. Raises Nobody."""
    case = cases.by_reference(connection, vault, association, reference)
    if case is None or case.beneficiary is None:
        raise Nobody(reference)
    return Person(case.beneficiary, case.member)


# --- erasing ---------------------------------------------------------------------------------------------------------


def erase_person(
    connection: Connection,
    vault: Vault,
    association: str,
    person: Person,
    *,
    who: str,
    now: int,
    request: str = "",
) -> Erased:
    """Erase everything that is kept of this person but what must stay. Milliseconds.

    `who` is whoever does it, as the audit names them; `request` the reference of the case that asked for it. The
    address goes a week after they were last heard (retention.py), so that they hear what was done. Call it in the
    transaction of the move, before the case is locked; the files' bytes go in the next round after the commit.
    """
    here = _conversations(connection, vault, association, person.beneficiary)
    shared = _shared(here, person)
    mine = _cases(connection, vault, association, person, here)
    kept, gone = _sorted(connection, association, person, here, mine, request)
    routes = anonymous_routes(connection, vault, association)
    count = erasure.erase_cases(connection, vault, association, [case.id for case in gone], now)
    if shared:
        _keep_names(connection, vault, [case for case in mine if case not in gone], _name(here, person))
        for stored in here:
            _leave(connection, vault, stored, _name(here, person))
    else:
        references = [case.reference for case in mine if case not in gone]
        for stored in here:
            address = stored.handle
            stored.conversation.members, stored.conversation.member = [], ""
            erasure.forget_quarantined(connection, vault, stored, now)
            erasure.forget_asked(connection, vault, association, address)
            count += erasure.erase_conversation(
                connection, vault, stored, routes, now, kept=references, leaves_at=now + GRACE
            )
    if not shared or _is_first(here, person):
        erasure.forget_person(connection, association, person.beneficiary)
    acts = [Act(association, now, who, "case.erased", f"case:{case.id}", "person") for case in gone]
    detail = f"cases:{len(gone)} files:{count}"
    acts.append(Act(association, now, who, "person.erased", f"beneficiary:{person.beneficiary}", detail))
    audit.log(connection, acts)
    return Erased(tuple(case.reference for case in gone), count, tuple(kept))


def what_stays(
    connection: Connection, vault: Vault, association: str, person: Person, request: str = ""
) -> tuple[Kept, ...]:
    """What `erase_person` would leave, and why: for whoever is about to decide it."""
    here = _conversations(connection, vault, association, person.beneficiary, lock=False)
    mine = _cases(connection, vault, association, person, here)
    return tuple(_sorted(connection, association, person, here, mine, request)[0])


def _sorted(
    connection: Connection,
    association: str,
    person: Person,
    here: Sequence[Stored],
    mine: Sequence[Case],
    request: str,
) -> tuple[list[Kept], list[Case]]:
    """What stays and why, and the cases that go."""
    c = cases_table.c
    about = {case.reference for case in mine}
    query = select(c.linked_to).where(c.association == association, c.closed_at.is_(None), c.linked_to.in_(about))
    held = set(connection.scalars(query)) | {case.linked_to for case in mine if case.closed_at is None}
    kept, gone = [], []
    for case in mine:
        if case.reference == request:
            kept.append(Kept("request", case.reference))
        elif case.closed_at is None:
            kept.append(Kept("open_case", case.reference))
        elif case.reference in held:
            kept.append(Kept("linked_case", case.reference))
        else:
            gone.append(case)
    kept += [Kept("shared_phone")] if _shared(here, person) else [Kept("address")] if here else []
    kept += [Kept("consents")] if _consents(connection, association, here, person.beneficiary) else []
    return [*kept, Kept("audit"), Kept("backups")], gone


def _keep_names(connection: Connection, vault: Vault, stay: Iterable[Case], name: str) -> None:
    """A case without a name belongs to the first who share the phone: once that one is gone, it must not fall to the
    next."""
    c = cases_table.c
    for case in stay:
        sealed = world.seal_member(vault, case.association, case.id, case.member or name)
        mine = (c.association == case.association, c.id == case.id)
        connection.execute(update(cases_table).where(*mine).values(member=sealed))


def _leave(connection: Connection, vault: Vault, stored: Stored, name: str) -> None:
    """One of those who share a phone leaves it; what is begun there may be another's, unless it is their turn."""
    conversation = stored.conversation
    conversation.members = [member for member in conversation.members if member.name != name]
    if conversation.member == name:
        conversation.member, conversation.open, conversation.offered = "", None, []
    conversations.save(connection, vault, [stored])


# --- the whole of it in a hand ---------------------------------------------------------------------------------------


def export_person(connection: Connection, vault: Vault, association: str, person: Person) -> dict[str, Any]:
    """Everything that is kept of this person, as plain values for JSON; times are ISO 8601, UTC. Workers are not named.

    `facts` (offered instead of asked), `consents`, `addresses` with what was written there, `cases` with answers and
    what was done, `files` (their bytes: Blobs, by `id`). On a shared phone: the member's cases and files alone, and
    the facts and consents of the first.
    """
    here = _conversations(connection, vault, association, person.beneficiary, lock=False)
    shared = _shared(here, person)
    own = not shared or _is_first(here, person)
    facts = _facts(connection, vault, association, person.beneficiary) if own else world.Facts()
    found = _cases(connection, vault, association, person, here)
    exported = [_case(connection, vault, case) for case in found]
    named = {int(number) for case in exported for number in case.pop("files")}
    return {
        "association": association,
        "beneficiary": str(person.beneficiary),
        "facts": facts.facts,
        "consents": [
            {**one._asdict(), "at": _time(one.at), "conversation": str(one.conversation)}
            for one in (_consents(connection, association, here, person.beneficiary) if own else [])
        ],
        "addresses": [] if shared else [_address(connection, vault, stored) for stored in here],
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


# --- putting right ---------------------------------------------------------------------------------------------------


def correct_person(
    connection: Connection,
    vault: Vault,
    association: str,
    person: Person,
    changes: Mapping[str, Any],
    *,
    who: str,
    now: int,
    found_by: Callable[[dict[str, Any]], Iterable[tuple[str, str]]],
) -> tuple[str, ...]:
    """Put these fields right: what is offered next time, and the answers of open cases. Milliseconds.

    `changes` are canonical values by field; None takes a fact away, and leaves the cases. `found_by` says what a case
    is found by (bot/case_moves.py). A closed case stays as it was decided. Returns the references of what changed.
    """
    here = _conversations(connection, vault, association, person.beneficiary)
    if not _shared(here, person) or _is_first(here, person):
        facts = _facts(connection, vault, association, person.beneficiary)
        known = {name: value for name, value in {**facts.facts, **changes}.items() if value is not None}
        kept = world.Beneficiary(association, person.beneficiary, known, facts.consents)
        world.save_beneficiaries(connection, vault, [kept], now)
    changed = []
    for case in _cases(connection, vault, association, person, here):
        new = {name: value for name, value in changes.items() if value is not None and name in case.answers}
        if case.closed_at is None and any(case.answers[name] != value for name, value in new.items()):
            case.answers = {**case.answers, **new}
            cases.amend(connection, vault, case, found_by(case.answers))
            changed.append(case)
    acts = [Act(association, now, who, "case.corrected", f"case:{case.id}") for case in changed]
    detail = " ".join(sorted(changes))
    acts.append(Act(association, now, who, "person.corrected", f"beneficiary:{person.beneficiary}", detail))
    audit.log(connection, acts)
    return tuple(case.reference for case in changed)


# --- who it is -------------------------------------------------------------------------------------------------------


def _conversations(
    connection: Connection, vault: Vault, association: str, beneficiary: int, *, lock: bool = True
) -> list[Stored]:
    k = conversations_table.c
    query = select(k.id).where(k.association == association, k.beneficiary == beneficiary).order_by(k.id)
    ids = [(association, id) for id in connection.scalars(query)]
    load = conversations.load_by_id if lock else _look
    return [stored for _, stored in sorted(load(connection, vault, ids).items())]


def _look(connection: Connection, vault: Vault, ids: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Stored]:
    """`conversations.load_by_id`, and nothing is locked."""
    k = conversations_table.c
    found = {}
    for association, id in ids:
        row = connection.execute(select(conversations_table).where(k.association == association, k.id == id)).one()
        state = vault.open(row.state, context("conversations.state", association, id))
        found[association, id] = Stored(
            association=association,
            id=id,
            channel=row.channel,
            handle=conversations.open_handle(vault, association, id, row.handle),
            conversation=decode(state),
            beneficiary=row.beneficiary,
            last_in=row.last_in,
        )
    return found


def _shared(here: Iterable[Stored], person: Person) -> bool:
    """Whether others write from these addresses too."""
    return any(len(stored.conversation.members) > 1 for stored in here)


def _first(conversation: Conversation) -> str:
    return conversation.members[0].name if conversation.members else ""


def _name(here: Sequence[Stored], person: Person) -> str:
    return person.member or next((first for stored in here if (first := _first(stored.conversation))), "")


def _is_first(here: Sequence[Stored], person: Person) -> bool:
    return not person.member or any(_first(stored.conversation) == person.member for stored in here)


def _cases(
    connection: Connection, vault: Vault, association: str, person: Person, here: Sequence[Stored]
) -> list[Case]:
    """Theirs that are not erased, oldest first; an anonymous one is nobody's."""
    c = cases_table.c
    query = select(c.reference).where(
        c.association == association, c.beneficiary == person.beneficiary, c.erased_at.is_(None)
    )
    found = [
        case
        for reference in connection.scalars(query.order_by(c.id)).all()
        if (case := cases.by_reference(connection, vault, association, reference)) is not None
    ]
    if not _shared(here, person):
        return found
    first = Person(person.beneficiary)
    name = _name(here, person)
    return [case for case in found if (case.member or _name(here, first)) == name]


def _facts(connection: Connection, vault: Vault, association: str, beneficiary: int) -> world.Facts:
    b = beneficiaries.c
    sealed = connection.scalar(select(b.known).where(b.association == association, b.id == beneficiary))
    return world.open_facts(vault, association, beneficiary, sealed)


def _consents(
    connection: Connection, association: str, here: Iterable[Stored], beneficiary: int
) -> list[consents.Consent]:
    found = [one for stored in here for one in consents.of_person(connection, association, stored.id, beneficiary)]
    return sorted(set(found), key=lambda one: one.at)


def _time(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat()
