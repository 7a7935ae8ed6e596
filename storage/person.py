"""One person as the archive knows them: their addresses, cases and consents; and who of those sharing a phone it is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from conversations.conversation import Conversation, decode
from storage import cases, consents, conversations, world
from storage.cases import Case
from storage.conversations import Stored
from storage.schema import beneficiaries
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.vault import Vault, context


class Person(NamedTuple):
    """`member`: whose it is, where several share a phone; empty for the first of them, or the only one."""

    beneficiary: int
    member: str = ""


class Nobody(LookupError):
    """The case names nobody: it is anonymous, or was erased."""


def whose(connection: Connection, vault: Vault, association: str, reference: str) -> Person:
    """Whose case this is. Raises Nobody."""
    case = cases.by_reference(connection, vault, association, reference)
    if case is None or case.beneficiary is None:
        raise Nobody(reference)
    return Person(case.beneficiary, case.member)


def conversations_of(
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


def is_shared(here: Iterable[Stored], person: Person) -> bool:
    """Whether others write from these addresses too."""
    return any(len(stored.conversation.members) > 1 for stored in here)


def first_of(conversation: Conversation) -> str:
    return conversation.members[0].name if conversation.members else ""


def name_of(here: Sequence[Stored], person: Person) -> str:
    return person.member or next((first for stored in here if (first := first_of(stored.conversation))), "")


def is_first(here: Sequence[Stored], person: Person) -> bool:
    return not person.member or any(first_of(stored.conversation) == person.member for stored in here)


def cases_of(
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
    if not is_shared(here, person):
        return found
    first = Person(person.beneficiary)
    name = name_of(here, person)
    return [case for case in found if (case.member or name_of(here, first)) == name]


def facts_of(connection: Connection, vault: Vault, association: str, beneficiary: int) -> world.Facts:
    b = beneficiaries.c
    sealed = connection.scalar(select(b.known).where(b.association == association, b.id == beneficiary))
    return world.open_facts(vault, association, beneficiary, sealed)


def consents_of(
    connection: Connection, association: str, here: Iterable[Stored], beneficiary: int
) -> list[consents.Consent]:
    found = [one for stored in here for one in consents.of_person(connection, association, stored.id, beneficiary)]
    return sorted(set(found), key=lambda one: one.at)
