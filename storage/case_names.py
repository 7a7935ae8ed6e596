"""What the people of some cases are called, for a list: their names are opened, and nothing else is kept of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from storage.cases import answers_in
from storage.schema import beneficiaries, cases, conversations
from storage.vault import Vault
from storage.world import open_facts, open_member

_NAMES = ("applicant_name", "full_name", "organisation_name", "name")
"""Who applies comes before whom it is for."""


def names(
    connection: Connection, vault: Vault, association: str, ids: Iterable[int], talks: ColumnElement[bool]
) -> dict[int, str]:
    """By case, in one statement: as they gave it with the case; else, where their conversation may be seen (`talks`),
    the member of the family who wrote, or what is known of the person. Of an anonymous or erased case nothing is
    opened."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    c, b, k = cases.c, beneficiaries.c, conversations.c
    query = (
        select(c.id, c.body, c.member, c.beneficiary, b.known, k.id.label("talk"))
        .join_from(cases, beneficiaries, and_(b.association == c.association, b.id == c.beneficiary), isouter=True)
        .join(conversations, and_(k.association == c.association, k.id == c.conversation, talks), isouter=True)
        .where(c.association == association, c.id.in_(wanted), c.anonymous.is_(False), c.erased_at.is_(None))
    )
    found = {row.id: _name(vault, association, row) for row in connection.execute(query)}
    return {id: name for id, name in found.items() if name}


def _name(vault: Vault, association: str, row: Any) -> str:
    given = _first(answers_in(vault, association, row.id, row.body))
    if given or row.talk is None:
        return given
    member = open_member(vault, association, row.id, row.member)
    return member or (_first(open_facts(vault, association, row.beneficiary, row.known).facts) if row.known else "")


def _first(given: Mapping[str, Any]) -> str:
    return next((value.strip() for key in _NAMES if isinstance(value := given.get(key), str) and value.strip()), "")
