"""The log of consents: given, declined, withdrawn. Nothing in it is ever changed."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, or_, select, update

from storage.batch import inserting
from storage.ids import new_id
from storage.schema import consents


class Consent(NamedTuple):
    """A purpose, the answer, and the version of the words it was asked in. `how` it was given: empty for what they said
    themselves; `staff`: a worker noted their word. Milliseconds."""

    association: str
    conversation: int
    beneficiary: int | None
    purpose: str
    given: bool
    wording_version: str
    channel: str
    reference: str
    at: int
    how: str = ""


def log(connection: Connection, given: Iterable[Consent]) -> None:
    """Keep these, in one statement."""
    _LOG.run(connection, [(new_id(), *consent) for consent in given])


def of_person(
    connection: Connection, association: str, conversation: int, beneficiary: int | None = None
) -> list[Consent]:
    """Everything logged for a conversation and the beneficiary behind it, oldest first."""
    c = consents.c
    whose = c.conversation == conversation
    if beneficiary is not None:
        whose = or_(whose, c.beneficiary == beneficiary)
    query = select(*(c[name] for name in Consent._fields)).where(c.association == association, whose).order_by(c.id)
    return [Consent._make(row) for row in connection.execute(query)]


def adopt(connection: Connection, association: str, conversation: int, beneficiary: int) -> None:
    """What this conversation logged before it was known who writes belongs to this beneficiary."""
    c = consents.c
    connection.execute(
        update(consents)
        .where(c.association == association, c.conversation == conversation, c.beneficiary.is_(None))
        .values(beneficiary=beneficiary)
    )


_LOG = inserting(consents, "id", *Consent._fields)
