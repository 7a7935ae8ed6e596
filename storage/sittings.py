"""A committee's sittings: the agenda, who was there, the votes, the decisions, and who approved the minutes.

Moving the cases is bot/committee.py's; here is only what the sitting itself knows. Times in milliseconds.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, and_, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.ids import new_id
from storage.schema import cases
from storage.schema_desk import agenda, attendance, sittings, votes
from storage.vault import Vault, context

_PLACE, _REMARKS, _GIVEN, _REASON = "sittings.place", "sittings.remarks", "agenda.given", "votes.reason"
PLANNED, DECIDED, SIGNED = "planned", "decided", "signed"
POSTPONED = "postponed"


class Sitting(NamedTuple):
    """`committee` is the role that sits. `state`: planned (being prepared or held), decided, signed."""

    association: str
    id: int
    committee: str
    number: int
    state: str = PLANNED
    starts: int | None = None
    place: str = ""
    remarks: str = ""
    by: int = 0
    at: int = 0
    closed_at: int | None = None
    digest: str = ""


class Seat(NamedTuple):
    """A member at a sitting."""

    staff: int
    present: bool
    signed_at: int | None


class Item(NamedTuple):
    """A case on the agenda, with what of it is in the clear."""

    case_id: int
    reference: str
    kind: str
    stage: str
    service: str
    earliest: int | None
    latest: int | None
    opened_at: int
    place: int
    decision: str
    joint: bool
    given: dict[str, str]
    confirmed_by: int | None
    failed: str
    decided_at: int | None
    carried_at: int | None
    erased_at: int | None
    """The case was erased then: what was written of it here is gone."""


class Vote(NamedTuple):
    case_id: int
    staff: int
    vote: str
    reason: str


class Waiting(NamedTuple):
    """A case that waits for a committee and is on no agenda."""

    id: int
    reference: str
    kind: str
    stage: str
    service: str
    earliest: int | None
    latest: int | None
    opened_at: int


def plan(connection: Connection, vault: Vault, sitting: Sitting) -> Sitting:
    """A new sitting, with the next number of its committee. `id` and `number` of the given one are not looked at."""
    s = sittings.c
    last = connection.scalar(
        select(func.max(s.number)).where(s.association == sitting.association, s.committee == sitting.committee)
    )
    made = sitting._replace(id=new_id(), number=(last or 0) + 1)
    connection.execute(
        insert(sittings).values(
            **{
                name: getattr(made, name) for name in ("association", "id", "committee", "number", "starts", "by", "at")
            },
            place=_seal(vault, _PLACE, made.association, made.id, made.place),
        )
    )
    return made


def get(connection: Connection, vault: Vault, association: str, id: int, *, lock: bool = False) -> Sitting | None:
    s = sittings.c
    query = select(sittings).where(s.association == association, s.id == id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _sitting(vault, row)


def of_committees(
    connection: Connection, vault: Vault, association: str, committees: Iterable[str], before: int = 0, limit: int = 30
) -> list[Sitting]:
    """Newest first; `before` is the id to go on from."""
    s = sittings.c
    query = select(sittings).where(s.association == association, s.committee.in_(sorted(committees)))
    if before:
        query = query.where(s.id < before)
    return [_sitting(vault, row) for row in connection.execute(query.order_by(s.id.desc()).limit(limit))]


def remark(connection: Connection, vault: Vault, association: str, id: int, remarks: str) -> None:
    _change(connection, association, id, remarks=_seal(vault, _REMARKS, association, id, remarks))


def close(connection: Connection, association: str, id: int, now: int) -> None:
    """Everything is decided: from here the minutes wait for their signatures."""
    _change(connection, association, id, state=DECIDED, closed_at=now)


def approved(connection: Connection, association: str, id: int, digest: str, *, done: bool) -> None:
    """A member approved the minutes; `digest` is of them as the first one did, `done` once the last one has."""
    _change(connection, association, id, digest=digest, **({"state": SIGNED} if done else {}))


def _change(connection: Connection, association: str, id: int, **values: Any) -> None:
    s = sittings.c
    connection.execute(update(sittings).where(s.association == association, s.id == id).values(**values))


# --- who is there ----------------------------------------------------------------------------------------------------


def seat(connection: Connection, association: str, sitting: int, present: Mapping[int, bool]) -> None:
    """Who was there and who was not: by worker."""
    for staff, there in sorted(present.items()):
        statement = upsert(attendance).values(association=association, sitting=sitting, staff=staff, present=there)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["association", "sitting", "staff"], set_={"present": statement.excluded.present}
            )
        )


def seats(connection: Connection, association: str, sitting: int) -> dict[int, Seat]:
    a = attendance.c
    query = select(a.staff, a.present, a.signed_at).where(a.association == association, a.sitting == sitting)
    return {row.staff: Seat(row.staff, row.present, row.signed_at) for row in connection.execute(query)}


def sign(connection: Connection, association: str, sitting: int, staff: int, now: int) -> bool:
    """False where they were not there, or had signed."""
    a = attendance.c
    signed = connection.execute(
        update(attendance)
        .where(
            a.association == association,
            a.sitting == sitting,
            a.staff == staff,
            a.present.is_(True),
            a.signed_at.is_(None),
        )
        .values(signed_at=now)
    )
    return signed.rowcount == 1


# --- the agenda ------------------------------------------------------------------------------------------------------


def waiting(
    connection: Connection, association: str, stages: Iterable[tuple[str, str]], shown: Any, limit: int = 200
) -> list[Waiting]:
    """Cases at these (kind, stage) that are on the agenda of no sitting that is still being held, oldest first.

    `shown`: what this worker may see."""
    c = cases.c
    taken = _taken(association, c.id)
    query = (
        select(*(c[name] for name in Waiting._fields))
        .where(
            c.association == association,
            c.closed_at.is_(None),
            tuple_(c.kind, c.stage).in_(list(stages)),
            shown,
            ~taken.exists(),
        )
        .order_by(c.id)
        .limit(limit)
    )
    return [Waiting(*row) for row in connection.execute(query)]


def is_taken(connection: Connection, association: str, case_id: int) -> bool:
    """Whether the case is on the agenda of a sitting that is still being held."""
    return connection.execute(_taken(association, case_id).limit(1)).first() is not None


def _taken(association: str, case_id: Any) -> Select[Any]:
    a, s = agenda.c, sittings.c
    return (
        select(a.case_id)
        .join(sittings, and_(s.association == a.association, s.id == a.sitting))
        .where(a.association == association, a.case_id == case_id, a.carried_at.is_(None), s.state == PLANNED)
    )


def put_on(connection: Connection, association: str, sitting: int, case_ids: Iterable[int]) -> None:
    a = agenda.c
    last = connection.scalar(select(func.max(a.place)).where(a.association == association, a.sitting == sitting)) or 0
    for place, case_id in enumerate(case_ids, last + 1):
        connection.execute(
            upsert(agenda)
            .values(association=association, sitting=sitting, case_id=case_id, place=place)
            .on_conflict_do_nothing()
        )


def take_off(connection: Connection, association: str, sitting: int, case_id: int) -> None:
    """Off the agenda, with its votes; what was carried out stays."""
    a, v = agenda.c, votes.c
    gone = connection.execute(
        delete(agenda).where(
            a.association == association, a.sitting == sitting, a.case_id == case_id, a.carried_at.is_(None)
        )
    )
    if gone.rowcount:
        connection.execute(
            delete(votes).where(v.association == association, v.sitting == sitting, v.case_id == case_id)
        )


def items(connection: Connection, vault: Vault, association: str, sitting: int, shown: Any) -> list[Item]:
    """The agenda in its order; `shown`: the cases this worker may see, nothing of the others is read."""
    a, c = agenda.c, cases.c
    query = (
        select(
            a.case_id,
            *(
                c[name]
                for name in ("reference", "kind", "stage", "service", "earliest", "latest", "opened_at", "erased_at")
            ),
            *(
                a[name]
                for name in (
                    "place",
                    "decision",
                    "joint",
                    "given",
                    "confirmed_by",
                    "failed",
                    "decided_at",
                    "carried_at",
                )
            ),
        )
        .join(cases, and_(c.association == a.association, c.id == a.case_id))
        .where(a.association == association, a.sitting == sitting, shown)
        .order_by(a.place)
    )
    return [
        Item(**{**row._asdict(), "given": _opened(vault, association, row.case_id, row.given)})
        for row in connection.execute(query)
    ]


def count(connection: Connection, association: str, sitting: int) -> int:
    """How many are on the agenda, whoever may see them."""
    a = agenda.c
    return connection.scalar(select(func.count()).where(a.association == association, a.sitting == sitting)) or 0


def heard(connection: Connection, association: str, case_ids: Iterable[int]) -> bool:
    """Whether any of these cases was at a sitting."""
    a = agenda.c
    query = select(a.case_id).where(a.association == association, a.case_id.in_(list(case_ids)))
    return connection.execute(query.limit(1)).first() is not None


def decide(
    connection: Connection,
    vault: Vault,
    association: str,
    sitting: int,
    case_id: int,
    decision: str,
    given: Mapping[str, str],
    now: int,
    *,
    joint: bool = False,
) -> bool:
    """Note what was decided (empty: nothing yet); `joint`: all who were there agreed without voting. False where it was
    carried out before."""
    a = agenda.c
    sealed = vault.seal(msgspec.json.encode(dict(given)), context(_GIVEN, association, case_id)) if given else None
    noted = connection.execute(
        update(agenda)
        .where(a.association == association, a.sitting == sitting, a.case_id == case_id, a.carried_at.is_(None))
        .values(decision=decision, joint=joint, given=sealed, decided_at=now if decision else None, failed="")
    )
    return noted.rowcount == 1


def confirm(connection: Connection, association: str, sitting: int, case_id: int, staff: int | None) -> None:
    """A supervisor lets this be decided before its earliest day."""
    _set(connection, association, sitting, case_id, confirmed_by=staff)


def carried(connection: Connection, association: str, sitting: int, case_id: int, now: int, failed: str = "") -> None:
    """What became of a decision: done, or why not."""
    _set(connection, association, sitting, case_id, carried_at=None if failed else now, failed=failed)


def _set(connection: Connection, association: str, sitting: int, case_id: int, **values: Any) -> None:
    a = agenda.c
    connection.execute(
        update(agenda).where(a.association == association, a.sitting == sitting, a.case_id == case_id).values(**values)
    )


# --- votes -----------------------------------------------------------------------------------------------------------


def vote(connection: Connection, vault: Vault, association: str, sitting: int, given: Vote, now: int) -> None:
    """One member's vote on one case; voting again replaces it."""
    statement = upsert(votes).values(
        association=association,
        sitting=sitting,
        case_id=given.case_id,
        staff=given.staff,
        vote=given.vote,
        reason=_seal(vault, _REASON, association, given.case_id, given.reason),
        at=now,
    )
    changed = {name: statement.excluded[name] for name in ("vote", "reason", "at")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["association", "sitting", "case_id", "staff"], set_=changed)
    )


def votes_of(connection: Connection, vault: Vault, association: str, sitting: int) -> list[Vote]:
    v = votes.c
    query = select(v.case_id, v.staff, v.vote, v.reason).where(v.association == association, v.sitting == sitting)
    return [
        Vote(row.case_id, row.staff, row.vote, _open(vault, _REASON, association, row.case_id, row.reason))
        for row in connection.execute(query.order_by(v.case_id, v.staff))
    ]


def votes_on(connection: Connection, association: str, sitting: int, case: int) -> list[str]:
    """How it was voted on one case: a code for each member."""
    v = votes.c
    mine = (v.association == association, v.sitting == sitting, v.case_id == case)
    return list(connection.scalars(select(v.vote).where(*mine)))


def _sitting(vault: Vault, row: Any) -> Sitting:
    clear = {name: getattr(row, name) for name in Sitting._fields if name not in ("place", "remarks")}
    return Sitting(
        **clear,
        place=_open(vault, _PLACE, row.association, row.id, row.place),
        remarks=_open(vault, _REMARKS, row.association, row.id, row.remarks),
    )


def _seal(vault: Vault, where: str, association: str, id: int, words: str) -> bytes | None:
    return vault.seal(words.encode(), context(where, association, id)) if words else None


def _open(vault: Vault, where: str, association: str, id: int, sealed: bytes | None) -> str:
    return vault.open(sealed, context(where, association, id)).decode() if sealed else ""


def _opened(vault: Vault, association: str, case_id: int, sealed: bytes | None) -> dict[str, str]:
    if sealed is None:
        return {}
    return msgspec.json.decode(vault.open(sealed, context(_GIVEN, association, case_id)), type=dict[str, str])
