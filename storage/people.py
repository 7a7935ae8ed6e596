"""One person, many addresses: conversations joined to one beneficiary, and parted again. Never by a name alone."""

from sqlalchemy import Connection, select, update

from storage import world
from storage.ids import new_id
from storage.schema import beneficiaries, cases, consents, conversations
from storage.schema_notices import notices, tasks
from storage.vault import Vault


def person_of(connection: Connection, association: str, conversation: int) -> int | None:
    c = conversations.c
    return connection.scalar(select(c.beneficiary).where(c.association == association, c.id == conversation))


def addresses(connection: Connection, association: str, beneficiary: int) -> list[tuple[int, str]]:
    """Conversations (id, channel) of this person."""
    c = conversations.c
    query = select(c.id, c.channel).where(c.association == association, c.beneficiary == beneficiary).order_by(c.id)
    return [(row.id, row.channel) for row in connection.execute(query)]


def join(connection: Connection, vault: Vault, association: str, keep: int, other: int, now: int) -> None:
    """Everything of `other` becomes `keep`'s: conversations, cases, what is known (what `keep` said counts)."""
    if keep == other:
        return
    known = world.facts_of(connection, vault, association, (keep, other))
    mine, theirs = known.get(keep, world.Facts()), known.get(other, world.Facts())
    both = world.Beneficiary(association, keep, {**theirs.facts, **mine.facts}, {**theirs.consents, **mine.consents})
    world.save_beneficiaries(connection, vault, [both], now)
    for table in (conversations, cases, consents, notices, tasks):
        whose = (table.c.association == association, table.c.beneficiary == other)
        connection.execute(update(table).where(*whose).values(beneficiary=keep))
    b = beneficiaries.c
    connection.execute(beneficiaries.delete().where(b.association == association, b.id == other))


def part(connection: Connection, association: str, conversation: int) -> int:
    """This address belongs to somebody else: it becomes a person of its own, with the cases that were begun there.
    What is known of the person stays with the others. Returns the new person's id."""
    fresh = new_id()
    c = conversations.c
    connection.execute(
        update(conversations).where(c.association == association, c.id == conversation).values(beneficiary=fresh)
    )
    for table in (cases, consents, notices, tasks):
        whose = (table.c.association == association, table.c.conversation == conversation)
        connection.execute(update(table).where(*whose).values(beneficiary=fresh))
    return fresh


def prove(connection: Connection, association: str, conversation: int, now: int) -> None:
    """Whoever has this address said that it is theirs."""
    c = conversations.c
    connection.execute(
        update(conversations).where(c.association == association, c.id == conversation).values(proven_at=now)
    )
