"""One person's rights over what is kept of them: erased, put right; the whole of it in a hand: personal_copy.py.

Source: PDPL arts. 4 and 18 and its implementing regulation, art. 3: answered within thirty days, once identity is
proven; the record of processing is kept five years; copies of the database are no destruction, they age out.
A phone may be shared: then a member's cases are theirs, and what was written on it belongs to all who share it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from storage import audit, cases, conversations, erasure, sittings, taking_part, world
from storage.audit import Act
from storage.cases import Case
from storage.conversations import Stored
from storage.erasure import anonymous_routes
from storage.person import Person, cases_of, consents_of, conversations_of, facts_of, is_first, is_shared, name_of
from storage.retention import GRACE
from storage.schema import cases as cases_table
from storage.vault import Vault


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
    "minutes": "that a committee decided it, and how: a reference, a decision and a count of votes, without a reason",
    "anonymous_answers": "what they answered in an anonymous survey: it names nobody, and nobody can find it",
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
    here = conversations_of(connection, vault, association, person.beneficiary)
    shared = is_shared(here, person)
    mine = cases_of(connection, vault, association, person, here)
    kept, gone = _sorted(connection, association, person, here, mine, request)
    routes = anonymous_routes(connection, vault, association)
    count = erasure.erase_cases(connection, vault, association, [case.id for case in gone], now)
    if shared:
        _keep_names(connection, vault, [case for case in mine if case not in gone], name_of(here, person))
        for stored in here:
            _leave(connection, vault, stored, name_of(here, person))
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
    if not shared or is_first(here, person):
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
    here = conversations_of(connection, vault, association, person.beneficiary, lock=False)
    mine = cases_of(connection, vault, association, person, here)
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
    kept += [Kept("shared_phone")] if is_shared(here, person) else [Kept("address")] if here else []
    kept += [Kept("minutes")] if sittings.heard(connection, association, (case.id for case in gone)) else []
    asked = [stored.id for stored in here]
    kept += [Kept("anonymous_answers")] if taking_part.answered_anonymously(connection, association, asked) else []
    kept += [Kept("consents")] if consents_of(connection, association, here, person.beneficiary) else []
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
    here = conversations_of(connection, vault, association, person.beneficiary)
    if not is_shared(here, person) or is_first(here, person):
        facts = facts_of(connection, vault, association, person.beneficiary)
        known = {name: value for name, value in {**facts.facts, **changes}.items() if value is not None}
        kept = world.Beneficiary(association, person.beneficiary, known, facts.consents)
        world.save_beneficiaries(connection, vault, [kept], now)
    changed = []
    for case in cases_of(connection, vault, association, person, here):
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
