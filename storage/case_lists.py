"""Lists of cases as the desk shows them: by what is due, as columns of a board, by search. Nothing sealed is opened.

Every function takes `seen`, the condition of what a worker may see (bot/desk/sight.py), and reads nothing beyond it.
Pages go on after the last row (keyset), so that the hundredth costs what the first did. Milliseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)

from storage.batch import columns_of
from storage.conversations import handle_index
from storage.schema import case_index, cases, conversations
from storage.schema_desk import checks
from storage.vault import Vault

Seen = ColumnElement[bool]
PAGE = 50
MOST_FOUND = 50
_OPEN = text("cases.closed_at IS NULL")
_MOST_WORDS = 6
_MOST_PEOPLE = 200
"""Whose other cases are looked up: a word that names more people is no name to find one by."""


class Listed(NamedTuple):
    """A case as a list shows it: nothing of what was said."""

    id: int
    reference: str
    kind: str
    stage: str
    service: str
    category: str
    severity: str
    branch: str
    restricted: bool
    anonymous: bool
    holder: int | None
    due: int | None
    opened_at: int
    closed_at: int | None


class Wanted(NamedTuple):
    """What a list is narrowed to; empty: anything. `holder`: a worker's id, `none`, or empty. `due_by`: overdue or so
    near; `asked`: those on which a supervisor's word is waited for."""

    kind: str = ""
    stage: str = ""
    service: str = ""
    holder: str = ""
    due_after: int | None = None
    due_by: int | None = None
    closed: bool = False
    asked: bool = False


class Place(NamedTuple):
    """Where a page goes on: after this case. `at` is its due day (or the day it was closed); None: it has none."""

    at: int | None
    id: int


def page(
    connection: Connection, association: str, seen: Seen, wanted: Wanted, after: Place | None = None, limit: int = PAGE
) -> tuple[list[Listed], Place | None]:
    """The next cases, and where the page after them begins. What is due soonest comes first, then what has no clock;
    closed ones: the last closed first."""
    where = (cases.c.association == association, seen, *_conditions(association, wanted))
    if wanted.closed:
        found = _closed(connection, where, after, limit + 1)
    else:
        found = [] if after and after.at is None else _due(connection, where, after, limit + 1)
        if len(found) <= limit and wanted.due_by is None:
            rest = after.id if after and after.at is None else 0
            found += _timeless(connection, where, rest, limit + 1 - len(found))
    shown = found[:limit]
    if len(found) <= limit:
        return shown, None
    last = shown[-1]
    return shown, Place(last.closed_at if wanted.closed else last.due, last.id)


def counts(connection: Connection, association: str, seen: Seen, kind: str) -> dict[str, int]:
    """How many open cases of a kind stand at each stage."""
    c = cases.c
    query = select(c.stage, func.count()).where(c.association == association, c.kind == kind, _OPEN, seen)
    return dict(connection.execute(query.group_by(c.stage)).tuples().all())


def board(
    connection: Connection, association: str, seen: Seen, kind: str, stages: Sequence[str], most: int
) -> dict[str, list[Listed]]:
    """At most so many cases of each stage, what is due soonest first; one statement."""
    c = cases.c
    columns = [
        _select()
        .where(c.association == association, c.kind == kind, c.stage == stage, _OPEN, seen)
        .order_by(c.due.is_(None), c.due, c.id)
        .limit(most)
        .subquery()
        for stage in stages
    ]
    found: dict[str, list[Listed]] = {stage: [] for stage in stages}
    if columns:
        for row in connection.execute(union_all(*(select(column) for column in columns))):
            one = Listed._make(row)
            found[one.stage].append(one)
    return found


def by_ids(connection: Connection, association: str, seen: Seen, ids: Iterable[int]) -> list[Listed]:
    wanted = sorted(set(ids))
    if not wanted:
        return []
    c = cases.c
    return _rows(connection, _select().where(c.association == association, c.id.in_(wanted), seen).order_by(c.id))


def linked(connection: Connection, association: str, seen: Seen, reference: str, to: str) -> list[Listed]:
    """The case that this one is about (`to`, a reference or nothing), and those that are about it."""
    c = cases.c
    about = [and_(c.linked_to == reference, text("cases.linked_to <> ''"))]
    if to:
        about.append(c.reference == to)
    return _rows(connection, _select().where(c.association == association, seen, or_(*about)).order_by(c.id))


# --- search ----------------------------------------------------------------------------------------------------------


def by_words(
    connection: Connection, vault: Vault, association: str, seen: Seen, leads: Seen, words: Sequence[str]
) -> list[Listed]:
    """Cases in whose names all of these whole words stand, and the other cases of the same people, newest first.

    `leads`: which cases may lead to a person's others, seen or not: a complaint is found by the name that their request
    brought. What is anonymous is nobody's."""
    where = [_indexed(vault, association, "name", [one]) for one in words[:_MOST_WORDS]]
    return _with_theirs(connection, association, seen, leads, and_(*where)) if where else []


def by_numbers(
    connection: Connection,
    vault: Vault,
    association: str,
    seen: Seen,
    leads: Seen,
    numbers: Sequence[str],
    handles: Sequence[tuple[str, str]] = (),
) -> list[Listed]:
    """Cases in which one of these whole numbers stands, and all of the same people and of whoever writes from one of
    these addresses (channel, handle); newest first. `leads` as of `by_words`."""
    people = _people(connection, vault, association, handles)
    return _with_theirs(connection, association, seen, leads, _indexed(vault, association, "number", numbers), people)


def _with_theirs(
    connection: Connection,
    association: str,
    seen: Seen,
    leads: Seen,
    hit: ColumnElement[bool],
    people: Sequence[int] = (),
) -> list[Listed]:
    c = cases.c
    mine = c.association == association
    newest = _select().where(mine, seen).order_by(c.id.desc()).limit(MOST_FOUND + 1)
    found = {one.id: one for one in _rows(connection, newest.where(hit))}
    owners = select(c.beneficiary).where(mine, leads, hit, c.anonymous.is_(False), c.beneficiary.is_not(None))
    known = {*people, *connection.scalars(owners.order_by(c.id.desc()).limit(_MOST_PEOPLE))}
    if known:
        theirs = newest.where(c.beneficiary.in_(sorted(known)), c.anonymous.is_(False))
        found |= {one.id: one for one in _rows(connection, theirs)}
    return sorted(found.values(), key=lambda one: -one.id)[: MOST_FOUND + 1]


def _people(connection: Connection, vault: Vault, association: str, handles: Sequence[tuple[str, str]]) -> list[int]:
    if not handles:
        return []
    c = conversations.c
    keys = [(channel, handle_index(vault, association, channel, handle)) for channel, handle in handles]
    query = select(c.beneficiary).where(
        c.association == association, tuple_(c.channel, c.handle_index).in_(keys), c.beneficiary.is_not(None)
    )
    return list(connection.scalars(query))


def _indexed(vault: Vault, association: str, domain: str, values: Sequence[str]) -> ColumnElement[bool]:
    return cases.c.id.in_(_ids(vault, association, domain, values))


def _ids(vault: Vault, association: str, domain: str, values: Sequence[str]) -> Select[Any]:
    i = case_index.c
    blinds = [vault.blind(association, f"case:{domain}", value) for value in values]
    return select(i.case_id).where(i.association == association, i.domain == domain, i.blind.in_(blinds))


# --- who has it in hand ----------------------------------------------------------------------------------------------


def assign(connection: Connection, association: str, id: int, staff: int | None) -> None:
    """This worker has the case in hand; None: nobody."""
    c = cases.c
    connection.execute(update(cases).where(c.association == association, c.id == id).values(holder=staff))


def waits_for_supervisor(connection: Connection, association: str, seen: Seen) -> int:
    """How many cases wait for a supervisor's word on a decision before its earliest day."""
    c = cases.c
    query = select(func.count()).select_from(cases).where(c.association == association, seen, _asked(association))
    return connection.scalar(query) or 0


def _asked(association: str) -> ColumnElement[bool]:
    k = checks.c
    return cases.c.id.in_(
        select(k.case_id).where(k.association == association, k.item == "@early", text("checks.outcome = 'asked'"))
    )


# --- pages -----------------------------------------------------------------------------------------------------------


def _conditions(association: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    c = cases.c
    found: list[ColumnElement[bool]] = [
        column == value
        for column, value in ((c.kind, wanted.kind), (c.stage, wanted.stage), (c.service, wanted.service))
        if value
    ]
    if wanted.holder:
        found.append(c.holder.is_(None) if wanted.holder == "none" else c.holder == int(wanted.holder))
    if wanted.due_by is not None:
        found.append(c.due <= wanted.due_by)
    if wanted.due_after is not None:
        found.append(c.due > wanted.due_after)
    if wanted.asked:
        found.append(_asked(association))
    return found


def _due(connection: Connection, where: tuple[Any, ...], after: Place | None, limit: int) -> list[Listed]:
    c = cases.c
    onwards = tuple_(c.due, c.id) > (after.at, after.id) if after else true()
    query = _select().where(*where, _OPEN, c.due.is_not(None), onwards)
    return _rows(connection, query.order_by(c.due, c.id).limit(limit))


def _timeless(connection: Connection, where: tuple[Any, ...], after: int, limit: int) -> list[Listed]:
    c = cases.c
    query = _select().where(*where, _OPEN, c.due.is_(None), c.id > after)
    return _rows(connection, query.order_by(c.id).limit(limit))


def _closed(connection: Connection, where: tuple[Any, ...], after: Place | None, limit: int) -> list[Listed]:
    c = cases.c
    onwards = tuple_(c.closed_at, c.id) < (after.at, after.id) if after else true()
    query = _select().where(*where, c.closed_at.is_not(None), onwards)
    return _rows(connection, query.order_by(c.closed_at.desc(), c.id.desc()).limit(limit))


def _select() -> Select[Any]:
    return select(*columns_of(cases, *Listed._fields))


def _rows(connection: Connection, query: Select[Any]) -> list[Listed]:
    return [Listed._make(row) for row in connection.execute(query)]
