"""Cases of every kind and their moves. What was answered and signed is sealed; stages and dates are in the clear.

An anonymous case names neither beneficiary nor conversation: the way back to its address is sealed apart, and only
delivery opens it (`route`).
"""

import hmac
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, true, update

from conversations.cases.decision import decides
from conversations.cases.signing import short
from conversations.effects import Signature
from storage.batch import among, inserting
from storage.schema import case_index, case_moves, cases
from storage.vault import Vault, context
from storage.world import open_member, seal_member

_BODY, _ROUTE, _REASON = "cases.body", "cases.route", "case_moves.reason"


class Case(msgspec.Struct, kw_only=True):
    """A case whole. Times in milliseconds."""

    association: str
    id: int
    reference: str
    kind: str
    stage: str
    service: str = ""
    category: str = ""
    branch: str = ""
    severity: str = ""
    source: str = ""
    agreed_channel: str = ""
    linked_to: str = ""
    restricted: bool = False
    anonymous: bool = False
    beneficiary: int | None = None
    conversation: int | None = None
    opened_at: int
    completed_at: int | None = None
    closed_at: int | None = None
    earliest: int | None = None
    latest: int | None = None
    next_update: int | None = None
    due: int | None = None
    """When the house must have done the next thing (conversations/cases/clock.py)."""
    holder: int | None = None
    """The worker who has it in hand."""
    answers: dict[str, Any] = {}
    signature: Signature | None = None
    member: str = ""
    moves: int = 0
    erased_at: int | None = None
    """What was answered, and whose it was, is erased: stage and dates are all there is (erasure.py)."""
    index: tuple[tuple[str, str], ...] = ()
    """(domain, value): whole normalised words and numbers it is found by. Written, never read back."""


class Body(msgspec.Struct, omit_defaults=True):
    """What is sealed of a case."""

    answers: dict[str, Any] = {}
    signature: Signature | None = None


class Move(msgspec.Struct, kw_only=True):
    """A case moves. What is not given (UNSET) stays. Milliseconds."""

    association: str
    reference: str
    move: str
    from_stage: str
    to_stage: str
    who: str
    """The role that made it."""
    actor: str = ""
    """The id of the worker who made it; empty for the person and the system."""
    at: int
    reason: str = ""
    answers: dict[str, Any] = {}
    """Laid over the answers it has."""
    completed_at: int | msgspec.UnsetType | None = msgspec.UNSET
    closed_at: int | msgspec.UnsetType | None = msgspec.UNSET
    earliest: int | msgspec.UnsetType | None = msgspec.UNSET
    latest: int | msgspec.UnsetType | None = msgspec.UNSET
    next_update: int | msgspec.UnsetType | None = msgspec.UNSET
    severity: str | msgspec.UnsetType = msgspec.UNSET


class Step(NamedTuple):
    """A move as the history shows it."""

    seq: int
    move: str
    from_stage: str
    to_stage: str
    who: str
    at: int
    reason: str
    actor: str = ""


class Receipt(NamedTuple):
    """What the page behind a receipt's code shows: nothing personal."""

    reference: str
    kind: str
    at: int
    matches: bool
    """Whether the digest on the paper is this case's."""


_encode = msgspec.msgpack.Encoder().encode
_body = msgspec.msgpack.Decoder(Body).decode


def file(connection: Connection, vault: Vault, given: Sequence[Case], now: int) -> None:
    """Keep new cases with their indexes, in one statement each."""
    _FILE.run(connection, [_row(vault, case, now) for case in given])
    index(connection, vault, given)


def index(connection: Connection, vault: Vault, given: Sequence[Case]) -> int:
    """Keep what these cases are found by; how many rows that took."""
    rows = sorted({row for case in given for row in _indexed(vault, case)})
    _INDEX.run(connection, rows)
    return len(rows)


def reindex(connection: Connection, vault: Vault, case: Case, found: Iterable[tuple[str, str]]) -> None:
    """What a case is found by, after its answers have changed."""
    i = case_index.c
    connection.execute(delete(case_index).where(i.association == case.association, i.case_id == case.id))
    case.index = tuple(found)
    index(connection, vault, [case])


def amend(connection: Connection, vault: Vault, case: Case, found: Iterable[tuple[str, str]]) -> None:
    """Keep its answers as they stand now, outside of any move, and what it is found by. The case must be locked."""
    c = cases.c
    mine = (c.association == case.association, c.id == case.id)
    connection.execute(update(cases).where(*mine).values(body=_seal_body(vault, case)))
    reindex(connection, vault, case, found)


def by_reference(
    connection: Connection, vault: Vault, association: str, reference: str, *, lock: bool = False
) -> Case | None:
    """A case whole, or None; `lock` holds it until the transaction ends."""
    c = cases.c
    query = select(cases).where(c.association == association, c.reference == reference)
    found = connection.execute(query.with_for_update() if lock else query).first()
    return None if found is None else _case(vault, found)


def by_id(
    connection: Connection,
    vault: Vault,
    association: str,
    id: int,
    seen: ColumnElement[bool] | None = None,
    *,
    lock: bool = False,
) -> Case | None:
    """A case whole, or None; `seen`: only where this holds (what a worker may see); `lock` as above."""
    c = cases.c
    query = select(cases).where(c.association == association, c.id == id, true() if seen is None else seen)
    found = connection.execute(query.with_for_update(of=cases) if lock else query).first()
    return None if found is None else _case(vault, found)


def reference_of(connection: Connection, association: str, id: int) -> str:
    """Empty where there is none."""
    c = cases.c
    return connection.scalar(select(c.reference).where(c.association == association, c.id == id)) or ""


def move(connection: Connection, vault: Vault, given: Move) -> Case | None:
    """Carry a move out and log it; the case as it stands now, or None where it is not in `from_stage` (any more)."""
    case = by_reference(connection, vault, given.association, given.reference, lock=True)
    if case is None or case.stage != given.from_stage:
        return None
    changes: dict[str, Any] = {"stage": given.to_stage, "moves": case.moves + 1, "updated": given.at}
    for name in ("completed_at", "closed_at", "earliest", "latest", "next_update", "severity"):
        if (value := getattr(given, name)) is not msgspec.UNSET:
            changes[name] = value
            setattr(case, name, value)
    if (decided := decides(case.kind, given.from_stage, given.to_stage)) is not None:
        changes |= {"decided_at": given.at if decided else None, "decision": given.move if decided else ""}
        changes["decided_by"] = given.actor if decided else ""
    case.stage, case.moves = given.to_stage, case.moves + 1
    if given.answers:
        case.answers = {**case.answers, **given.answers}
        changes["body"] = _seal_body(vault, case)
    c = cases.c
    connection.execute(update(cases).where(c.association == case.association, c.id == case.id).values(changes))
    reason = given.reason and vault.seal(given.reason.encode(), context(_REASON, case.association, case.id))
    connection.execute(
        insert(case_moves).values(
            association=case.association,
            case_id=case.id,
            seq=case.moves,
            move=given.move,
            from_stage=given.from_stage,
            to_stage=given.to_stage,
            who=given.who,
            actor=given.actor,
            at=given.at,
            reason=reason or None,
        )
    )
    return case


def history(connection: Connection, vault: Vault, association: str, case_id: int) -> list[Step]:
    """The moves of a case, oldest first."""
    m = case_moves.c
    query = (
        select(m.seq, m.move, m.from_stage, m.to_stage, m.who, m.at, m.reason, m.actor)
        .where(m.association == association, m.case_id == case_id)
        .order_by(m.seq)
    )
    where = context(_REASON, association, case_id)
    return [
        Step(*row[:6], "" if row.reason is None else vault.open(row.reason, where).decode(), row.actor)
        for row in connection.execute(query)
    ]


def receipt(connection: Connection, vault: Vault, association: str, reference: str, digest: str) -> Receipt | None:
    """`digest` as the receipt's code carries it, short. None too for an erased case: nothing is left to compare."""
    c = cases.c
    query = select(c.reference, c.kind, c.completed_at, c.opened_at, c.digest).where(
        c.association == association, c.reference == reference, c.erased_at.is_(None)
    )
    found = connection.execute(query).first()
    if found is None:
        return None
    matches = bool(digest) and hmac.compare_digest(found.digest, _mark(vault, association, digest))
    return Receipt(found.reference, found.kind, found.completed_at or found.opened_at, matches)


def route(connection: Connection, vault: Vault, association: str, reference: str) -> int | None:
    """The conversation a case's news goes to, an anonymous one's too: for delivery alone."""
    c = cases.c
    found = connection.execute(
        select(c.id, c.conversation, c.route).where(c.association == association, c.reference == reference)
    ).first()
    if found is None or found.route is None:
        return None if found is None else found.conversation
    return int(vault.open(found.route, context(_ROUTE, association, found.id)))


def find(connection: Connection, vault: Vault, association: str, domain: str, value: str) -> list[str]:
    """References of the cases that were indexed by this whole word or number, newest first."""
    i, c = case_index.c, cases.c
    query = (
        select(c.reference)
        .join_from(case_index, cases, (c.association == i.association) & (c.id == i.case_id))
        .where(
            i.association == association,
            i.domain == domain,
            i.blind == vault.blind(association, f"case:{domain}", value),
        )
        .order_by(c.id.desc())
    )
    return list(connection.scalars(query))


def due_for_news(
    connection: Connection, now: int, limit: int = 200, associations: Iterable[str] | None = None
) -> list[tuple[str, str]]:
    """(association, reference) of open cases whose person is to hear where it stands, locked until the commit."""
    c = cases.c
    query = (
        select(c.association, c.reference)
        .where(among(c.association, associations), c.closed_at.is_(None), c.next_update <= now)
        .order_by(c.association, c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def set_due(connection: Connection, association: str, id: int, due: int | None) -> None:
    c = cases.c
    connection.execute(update(cases).where(c.association == association, c.id == id).values(due=due))


def set_promise(connection: Connection, association: str, id: int, latest: int, next_update: int) -> None:
    """Another day than was promised first, by a worker's word."""
    c = cases.c
    mine = (c.association == association, c.id == id)
    connection.execute(update(cases).where(*mine).values(latest=latest, next_update=next_update))


def set_agreed(connection: Connection, association: str, id: int, channel: str) -> None:
    c = cases.c
    connection.execute(update(cases).where(c.association == association, c.id == id).values(agreed_channel=channel))


def agree(
    connection: Connection, association: str, beneficiary: int, channel: str, references: Sequence[str] | None = None
) -> None:
    """From now on news of all their open cases (or of these) goes by this channel; not of one that is followed by its
    number."""
    c = cases.c
    open_: list[ColumnElement[bool]] = [
        c.association == association, c.beneficiary == beneficiary, c.closed_at.is_(None),
    ]  # fmt: skip
    if references is not None:
        open_.append(c.reference.in_(references))
    connection.execute(update(cases).where(*open_, c.agreed_channel != "reference").values(agreed_channel=channel))


def set_next_update(connection: Connection, association: str, reference: str, at: int | None) -> None:
    c = cases.c
    connection.execute(
        update(cases).where(c.association == association, c.reference == reference).values(next_update=at)
    )


def _row(vault: Vault, case: Case, now: int) -> tuple[Any, ...]:
    hidden = case.anonymous and case.conversation is not None
    clear = (None, None) if case.anonymous else (case.beneficiary, case.conversation)
    return (
        *(getattr(case, name) for name in _PLAIN),
        *clear,
        _seal_body(vault, case),
        seal_member(vault, case.association, case.id, "" if case.anonymous else case.member),
        vault.seal(str(case.conversation).encode(), context(_ROUTE, case.association, case.id)) if hidden else None,
        _mark(vault, case.association, case.signature.digest if case.signature else ""),
        now,
    )


def remark(connection: Connection, vault: Vault, case: Case) -> None:
    """Make anew what a receipt is held against, under the index key at hand."""
    mark = _mark(vault, case.association, case.signature.digest if case.signature else "")
    c = cases.c
    connection.execute(update(cases).where(c.association == case.association, c.id == case.id).values(digest=mark))


def _mark(vault: Vault, association: str, digest: str) -> str:
    """Who can guess the answers can make their digest: in the clear stands what only the key makes of it."""
    return vault.blind(association, "case:digest", short(digest)).hex() if digest else ""


def _seal_body(vault: Vault, case: Case) -> bytes:
    return vault.seal(_encode(Body(case.answers, case.signature)), context(_BODY, case.association, case.id))


def _indexed(vault: Vault, case: Case) -> list[tuple[str, str, bytes, int]]:
    association = case.association
    return [
        (association, domain, vault.blind(association, f"case:{domain}", value), case.id)
        for domain, value in case.index
    ]


def answers_in(vault: Vault, association: str, id: int, body: bytes | None) -> dict[str, Any]:
    """What was answered, out of a row's own column."""
    return _open_body(vault, association, id, body).answers


def _open_body(vault: Vault, association: str, id: int, body: bytes | None) -> Body:
    return Body() if body is None else _body(vault.open(body, context(_BODY, association, id)))


def _case(vault: Vault, row: Any) -> Case:
    body = _open_body(vault, row.association, row.id, row.body)
    return Case(
        **{
            name: getattr(row, name)
            for name in (*_PLAIN, "beneficiary", "conversation", "holder", "moves", "erased_at")
        },
        answers=body.answers,
        signature=body.signature,
        member=open_member(vault, row.association, row.id, row.member),
    )


_PLAIN = (
    "association", "id", "reference", "kind", "stage", "service", "category", "branch", "severity", "source",
    "agreed_channel", "linked_to", "restricted", "anonymous", "opened_at", "completed_at", "closed_at", "earliest",
    "latest", "next_update", "due",
)  # fmt: skip
_FILE = inserting(cases, *_PLAIN, "beneficiary", "conversation", "body", "member", "route", "digest", "updated")
_INDEX = inserting(case_index, "association", "domain", "blind", "case_id")
