"""What a person must do because no message can: calls, letters, faxes, slips, apologies. Milliseconds.

Lists take `seen`, the condition of what a worker may see (bot/desk/sight.py), and go on after the last row. What was
noted at each try is sealed.
"""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    update,
)

from storage.batch import inserting
from storage.schema import cases, conversations
from storage.schema_notices import tasks
from storage.vault import Vault, context

Seen = ColumnElement[bool]
PAGE = 50
OPEN, DONE, GIVEN_UP = "open", "done", "given_up"
STAFF_ONLY = ("unopened", "nobody_reached")
"""Why a call is a worker's from the beginning."""
RINGING = "ringing"
"""The outcome while a machine calls (bot/calls.py)."""
_OPEN, _OVER = text("tasks.state = 'open'"), text("tasks.state <> 'open'")


class Try(msgspec.Struct, frozen=True):
    """What came of one try, by whom, and what they noted. `staff` 0: the machine."""

    at: int
    staff: int
    outcome: str
    note: str = ""


class Task(NamedTuple):
    """`due`: from when it is to be done; `staff`: who has it in hand, or did it; `tried`: each try, oldest first."""

    association: str
    id: int
    kind: str
    notice: int | None = None
    case_id: int | None = None
    reference: str = ""
    conversation: int | None = None
    beneficiary: int | None = None
    restricted: bool = False
    women_only: bool = False
    urgent: bool = False
    why: str = ""
    at: int = 0
    due: int = 0
    state: str = OPEN
    tries: int = 0
    outcome: str = ""
    staff: int | None = None
    done_at: int | None = None
    tried: tuple[Try, ...] = ()


class Listed(NamedTuple):
    """A task as a list shows it: nothing sealed. `case_kind` and `service` are its case's, where it has one."""

    id: int
    kind: str
    case_id: int | None
    reference: str
    restricted: bool
    women_only: bool
    urgent: bool
    why: str
    due: int
    state: str
    tries: int
    outcome: str
    staff: int | None
    done_at: int | None
    case_kind: str
    service: str


class Wanted(NamedTuple):
    """What a list is narrowed to; empty: anything. `staff`: in whose hands; `due_by`: to be done by then."""

    kind: str = ""
    staff: int | None = None
    due_by: int | None = None
    over: bool = False


ANYTHING = Wanted()


def add(connection: Connection, vault: Vault, task: Task) -> None:
    _ADD.run(connection, [(*task[:-1], _seal(vault, task))])


def get(
    connection: Connection, vault: Vault, association: str, id: int, seen: Seen | None = None, *, lock: bool = False
) -> Task | None:
    """A task whole, or None; `seen`: only where this holds; `lock` holds it until the transaction ends."""
    query = _from(select(tasks)).where(tasks.c.association == association, tasks.c.id == id)
    query = query if seen is None else query.where(seen)
    row = connection.execute(query.with_for_update(of=tasks) if lock else query).first()
    if row is None:
        return None
    tried = () if row.body is None else _tried(vault.open(row.body, context("tasks.body", association, id)))
    return Task(**{name: getattr(row, name) for name in Task._fields[:-1]}, tried=tried)


def waiting_for(
    connection: Connection, association: str, kind: str, conversation: int | None, reference: str
) -> Task | None:
    """The open task of this kind that is about the same matter already, without its notes; not one in hand: whoever
    has it reads out, or has printed, what there was."""
    t = tasks.c
    same = (t.association == association, t.kind == kind, t.conversation == conversation, t.reference == reference)
    free = (t.staff.is_(None), t.outcome != RINGING)
    query = select(*[t[name] for name in Task._fields[:-1]]).where(_OPEN, *same, *free)
    row = connection.execute(query.limit(1)).first()
    return Task(**row._asdict()) if row else None


def page(
    connection: Connection,
    association: str,
    seen: Seen,
    wanted: Wanted = ANYTHING,
    after: tuple[int, int] | None = None,
    limit: int = PAGE,
) -> list[Listed]:
    """What is due soonest comes first; of what is over, the last done. Goes on after the (due, id) or (done_at, id) of
    the last row."""
    t, c = tasks.c, cases.c
    by = t.done_at if wanted.over else t.due
    query = _from(
        select(*(t[name] for name in Listed._fields[:-2]), func.coalesce(c.kind, ""), func.coalesce(c.service, ""))
    ).where(t.association == association, _OVER if wanted.over else _OPEN, seen)
    for column, value in ((t.kind, wanted.kind), (t.staff, wanted.staff)):
        query = query.where(column == value) if value else query
    if wanted.due_by is not None:
        query = query.where(t.due <= wanted.due_by)
    if after is not None:
        query = query.where(tuple_(by, t.id) < after if wanted.over else tuple_(by, t.id) > after)
    order = (by.desc(), t.id.desc()) if wanted.over else (by, t.id)
    return [Listed._make(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def by_ids(
    connection: Connection, vault: Vault, association: str, seen: Seen, ids: list[int], *, lock: bool = False
) -> list[Task]:
    """Those of them that may be seen, in the order in which they are due."""
    t = tasks.c
    query = _from(select(t.id)).where(t.association == association, t.id.in_(sorted(set(ids))), seen)
    found = connection.scalars(query.order_by(t.due, t.id)).all()
    return [one for id in found if (one := get(connection, vault, association, id, lock=lock)) is not None]


def of_case(connection: Connection, association: str, case_id: int) -> list[tuple[int, str, str, int]]:
    """(id, kind, state, due) of all of a case, the newest first."""
    t = tasks.c
    query = select(t.id, t.kind, t.state, t.due).where(t.association == association, t.case_id == case_id)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query.order_by(t.id.desc()))]


def counts(
    connection: Connection, association: str, seen: Seen, now: int, most: int = 1000
) -> dict[str, tuple[int, int]]:
    """By kind: how many are open, and how many of them should have been done by `now`; counted up to `most` in all."""
    t = tasks.c
    late = case((t.due <= now, literal_column("1")), else_=literal_column("0")).label("late")
    first = _from(select(t.kind, late)).where(t.association == association, _OPEN, seen)
    some = first.order_by(t.due).limit(most).subquery()
    query = select(some.c.kind, func.count(), func.sum(some.c.late)).group_by(some.c.kind)
    return {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query)}


def of_person(connection: Connection, association: str, beneficiary: int | None, theirs: list[int]) -> list[int]:
    """Whatever is open about this person, or about one of these conversations of theirs."""
    t = tasks.c
    whose = [t.conversation.in_(theirs), *([t.beneficiary == beneficiary] if beneficiary is not None else [])]
    return list(connection.scalars(select(t.id).where(t.association == association, _OPEN, or_(*whose)).order_by(t.id)))


def take(connection: Connection, association: str, id: int, staff: int | None) -> None:
    """In these hands now."""
    t = tasks.c
    connection.execute(update(tasks).where(t.association == association, t.id == id, _OPEN).values(staff=staff))


def claim_calls(
    connection: Connection,
    vault: Vault,
    association: str,
    now: int,
    until: int,
    outcome: str,
    limit: int,
    urgent_only: bool = False,
) -> list[Task]:
    """Calls that nobody has tried or taken in hand, for a machine to try: theirs until `until`, marked by `outcome`.
    Never what is restricted or for women, nor what was heard of and not opened, nor whom a call did not reach: a
    machine can say no more."""
    t = tasks.c
    free = (t.association == association, _OPEN, t.kind == "call", t.tries == 0, t.outcome == "", t.staff.is_(None))
    plain = (t.restricted.is_(False), t.women_only.is_(False), t.why.not_in(STAFF_ONLY), t.due <= now)
    query = select(t.id).where(*free, *plain).order_by(t.due, t.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(connection.scalars(query.where(t.urgent) if urgent_only else query))
    connection.execute(
        update(tasks).where(t.association == association, t.id.in_(ids)).values(outcome=outcome, due=until)
    )
    return [one for id in ids if (one := get(connection, vault, association, id)) is not None]


def finish(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    outcome: str,
    staff: int,
    note: str,
    now: int,
    state: str = DONE,
) -> Task:
    """Done with this outcome (or given up, by `state`); the task as it stands now. It must be locked and exist."""
    return _record(
        connection, vault, association, id, Try(now, staff, outcome, note), state=state, outcome=outcome, done_at=now
    )


def again(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    outcome: str,
    staff: int,
    note: str,
    now: int,
    due: int,
    **changes: Any,
) -> Task:
    """Tried in vain: to be tried again from `due` on, by whoever is there. It must be locked and exist."""
    done = Try(now, staff, outcome, note)
    return _record(connection, vault, association, id, done, due=due, outcome=outcome, **changes)


def _record(connection: Connection, vault: Vault, association: str, id: int, done: Try, **changes: Any) -> Task:
    known = get(connection, vault, association, id, lock=True)
    if known is None:
        raise LookupError("no such task")
    by = done.staff or None if "done_at" in changes else None
    known = known._replace(tried=(*known.tried, done), tries=known.tries + 1, staff=by, **changes)
    t = tasks.c
    connection.execute(
        update(tasks)
        .where(t.association == association, t.id == id)
        .values(tries=known.tries, staff=by, body=_seal(vault, known), **changes)
    )
    return known


def _from(query: Select[Any]) -> Select[Any]:
    """Beside their case and their conversation, which say who may see them."""
    t, c, k = tasks.c, cases.c, conversations.c
    return query.select_from(
        tasks.outerjoin(cases, and_(c.association == t.association, c.id == t.case_id)).outerjoin(
            conversations, and_(k.association == t.association, k.id == t.conversation)
        )
    )


def _seal(vault: Vault, task: Task) -> bytes | None:
    where = context("tasks.body", task.association, task.id)
    return vault.seal(msgspec.msgpack.encode(task.tried), where) if task.tried else None


_tried = msgspec.msgpack.Decoder(tuple[Try, ...]).decode
_ADD = inserting(tasks, *Task._fields[:-1], "body")
