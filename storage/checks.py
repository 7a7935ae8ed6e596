"""Verification: each required datum held against its original, by whom and when; one row an item, the last word counts.

Source: T step 2 (staff match the data to the originals, and their validity on the day of submission). An item is a
field's id, `other:<n>` of what was asked in words, or one of the house's own, which begin with `@`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from storage.batch import upserting
from storage.schema_desk import checks
from storage.vault import Vault, context

OK, MISSING, WRONG, NOT_NEEDED, ASKED = "ok", "missing", "wrong", "not_needed", "asked"
OUTCOMES = (OK, MISSING, WRONG, NOT_NEEDED)
EARLY = "@early"
"""A supervisor's word that a decision may come before the earliest day: `asked`, then `ok`, with the reason."""
_NOTE = "checks.note"


class Check(NamedTuple):
    """`matches`: held against the original, and it is the same; `valid`: it was valid on the day. Milliseconds."""

    item: str
    outcome: str
    matches: bool
    valid: bool
    staff: int
    at: int
    note: str = ""


def save(connection: Connection, vault: Vault, association: str, case_id: int, check: Check) -> None:
    """Keep the outcome of an item in the place of what was there."""
    note = vault.seal(check.note.encode(), context(_NOTE, association, case_id)) if check.note else None
    row = (association, case_id, check.item, check.outcome, check.matches, check.valid, check.staff, check.at, note)
    _SAVE.run(connection, [row])


def forget(connection: Connection, association: str, case_id: int, items: Iterable[str]) -> None:
    """These must be looked at again: what they were about was replaced."""
    k = checks.c
    connection.execute(
        delete(checks).where(k.association == association, k.case_id == case_id, k.item.in_(list(items)))
    )


def of_case(connection: Connection, vault: Vault, association: str, case_id: int) -> dict[str, Check]:
    """By item."""
    k = checks.c
    where = context(_NOTE, association, case_id)
    query = select(*(k[name] for name in Check._fields)).where(k.association == association, k.case_id == case_id)
    return {
        row.item: Check._make((*row[:6], "" if row.note is None else vault.open(row.note, where).decode()))
        for row in connection.execute(query)
    }


def counted(connection: Connection, association: str, case_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Of each case that somebody looked at: how many items of each outcome."""
    k = checks.c
    query = (
        select(k.case_id, k.outcome, func.count())
        .where(k.association == association, k.case_id.in_(list(case_ids)), k.item != EARLY)
        .group_by(k.case_id, k.outcome)
    )
    found: dict[int, dict[str, int]] = {}
    for case_id, outcome, count in connection.execute(query):
        found.setdefault(case_id, {})[outcome] = count
    return found


def early(connection: Connection, association: str, case_id: int, since: int | None) -> bool:
    """Whether a supervisor confirmed a decision before its earliest day, since the promise was made."""
    k = checks.c
    query = select(k.at).where(k.association == association, k.case_id == case_id, k.item == EARLY, k.outcome == OK)
    at = connection.scalar(query)
    return at is not None and at >= (since or 0)


_SAVE = upserting(
    checks,
    ("association", "case_id", "item"),
    *("association", "case_id", "item", "outcome", "matches", "valid", "staff", "at", "note"),
)
