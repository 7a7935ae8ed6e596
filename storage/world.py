"""What a turn may know of the person, read in one statement after the conversations are locked (rule 2).

A statement of its own on purpose: within the one that waits for a lock, PostgreSQL would show the other tables as they
were before the wait.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from conversations.cases import lifecycle
from conversations.cases.move import until
from conversations.says import Lane
from conversations.world import CaseView, Person
from storage.batch import Batch, columns_of, upserting
from storage.messages import unsettled
from storage.schema import beneficiaries, case_moves, cases, conversations, messages
from storage.times import DAY, moment, moment_or_none
from storage.vault import Vault, context

AT_MOST = 20
CLOSED_FOR = 30 * DAY
"""A closed case stays in view for so long."""
_KNOWN, _MEMBER = "beneficiaries.known", "cases.member"
_LANES: tuple[Lane, ...] = ("dialogue", "notice", "bulk")


class Known(msgspec.Struct):
    """A conversation's surroundings: the person, their cases, and the lanes in which earlier rows are not settled yet
    and not this process's own: what is said there now is queued, not sent from memory."""

    person: Person = Person()
    cases: tuple[CaseView, ...] = ()
    busy: frozenset[Lane] = frozenset()


class Facts(msgspec.Struct, omit_defaults=True):
    """What is kept of a beneficiary."""

    facts: dict[str, Any] = {}
    consents: dict[str, bool] = {}


class Beneficiary(NamedTuple):
    association: str
    id: int
    facts: dict[str, Any]
    consents: dict[str, bool]


_encode = msgspec.msgpack.Encoder().encode
_facts = msgspec.msgpack.Decoder(Facts).decode


def load(
    connection: Connection, vault: Vault, people: Iterable[tuple[str, int, int | None]], me: str, now: int
) -> dict[tuple[str, int], Known]:
    """By (association, conversation), for rows of (association, conversation, beneficiary); all are in the answer."""
    asked = sorted(set(people), key=lambda row: row[:2])
    known: dict[tuple[str, int], Known] = {}
    for association, conversation, beneficiary, facts, busy, *viewed in _LOAD.run(
        connection, asked, me=me, since=now - CLOSED_FOR
    ):
        key = (association, conversation)
        if key not in known:
            known[key] = Known(_person(vault, association, beneficiary, facts), (), _BUSY[busy or 0])
        if viewed[0] is not None:
            known[key].cases += (view_case(vault, association, viewed),)
    return known


def save_beneficiaries(connection: Connection, vault: Vault, people: Iterable[Beneficiary], now: int) -> None:
    """Keep what is known of these people, new ones too, in one statement. Last given wins."""
    latest = {(person.association, person.id): person for person in people}
    _SAVE.run(
        connection,
        [
            (
                association,
                id,
                vault.seal(_encode(Facts(person.facts, person.consents)), context(_KNOWN, association, id)),
                now,
            )
            for (association, id), person in sorted(latest.items(), key=lambda item: item[0])
        ],
    )


def seal_member(vault: Vault, association: str, case_id: int, member: str) -> bytes | None:
    """Whose case it is on a shared phone; None where there is nothing to hide."""
    return vault.seal(member.encode(), context(_MEMBER, association, case_id)) if member else None


def open_member(vault: Vault, association: str, case_id: int, sealed: bytes | None) -> str:
    return "" if sealed is None else vault.open(sealed, context(_MEMBER, association, case_id)).decode()


def _person(vault: Vault, association: str, id: int | None, sealed: bytes | None) -> Person:
    if id is None:
        return Person()
    kept = open_facts(vault, association, id, sealed)
    return Person(id=id, facts=kept.facts, consents=kept.consents)


def open_facts(vault: Vault, association: str, id: int, sealed: bytes | None) -> Facts:
    return Facts() if sealed is None else _facts(vault.open(sealed, context(_KNOWN, association, id)))


def facts_of(connection: Connection, vault: Vault, association: str, ids: Iterable[int]) -> dict[int, Facts]:
    """What is known of these people, by id."""
    b = beneficiaries.c
    rows = connection.execute(select(b.id, b.known).where(b.association == association, b.id.in_(list(ids))))
    return {row.id: open_facts(vault, association, row.id, row.known) for row in rows}


def view_case(vault: Vault, association: str, row: Sequence[Any]) -> CaseView:
    """From the columns of `viewed`."""
    id, reference, kind, stage, service, opened_at, earliest, latest, next_update, member, objectable = row
    return CaseView(
        reference=reference,
        kind=kind,
        stage=stage,
        service=service,
        opened_at=moment(opened_at),
        earliest=moment_or_none(earliest),
        latest=moment_or_none(latest),
        next_update=moment_or_none(next_update),
        until=None if objectable is None else until("objection", moment(objectable)),
        member=open_member(vault, association, id, member),
    )


_BUSY = tuple(frozenset(lane for place, lane in enumerate(_LANES) if bits >> place & 1) for bits in range(8))
_VIEWED = ("id", "reference", "kind", "stage", "service", "opened_at", "earliest", "latest", "next_update", "member")
_STEPS = [(one.kind, move) for one in lifecycle.LIFECYCLES.values() for move in one.moves]
_ANSWERS = sorted({move.name for _, move in _STEPS if move.starts == "objection"})
_HEARD = sorted({move.name for _, move in _STEPS if move.guard in lifecycle.OBJECTING})
_OBJECTED = sorted({(kind, stage) for kind, move in _STEPS if move.guard in lifecycle.OBJECTING for stage in move.at})


def viewed() -> tuple[ColumnElement[Any], ...]:
    """What `view_case` reads: columns of the case, and when the answer came that its person may still object to (None
    once they did: it is heard once)."""
    c, m = cases.c, case_moves.c
    heard = func.max(case((m.move.in_(_codes(_HEARD)), literal_column("1")), else_=literal_column("0")))
    came = (
        select(case((heard == literal_column("0"), func.max(m.at))))
        .where(m.association == c.association, m.case_id == c.id, m.move.in_(_codes(_ANSWERS + _HEARD)))
        .correlate(cases)
        .scalar_subquery()
    )
    waits = and_(c.kind.in_(_codes({kind for kind, _ in _OBJECTED})), c.stage.in_(_codes({at for _, at in _OBJECTED})))
    return (*columns_of(cases, *_VIEWED), case((waits, came)).label("objectable"))


def _codes(names: Iterable[str]) -> list[ColumnElement[str]]:
    """Codes of ours as they stand in a statement that is prepared once: no parameters."""
    return [literal_column(f"'{name}'", Text) for name in sorted(names)]


def _select_known(given: CTE) -> Executable:
    g, b, c, m = given.c, beneficiaries.c, cases.c, messages.c
    bit = case(
        {literal_column(f"'{lane}'", Text): literal_column(str(1 << place)) for place, lane in enumerate(_LANES)},
        value=m.lane,
        else_=literal_column("0"),
    )
    busy = (
        select(func.sum(bit.distinct()))
        .where(
            m.association == g.association,
            m.conversation == g.conversation,
            unsettled(),
            or_(m.lease_by.is_(None), m.lease_by != bindparam("me", type_=Text)),
        )
        .scalar_subquery()
    )
    newest = (
        select(c.id)
        .where(
            c.association == g.association,
            c.beneficiary == g.beneficiary,
            or_(c.closed_at.is_(None), c.closed_at > bindparam("since", type_=BigInteger)),
        )
        .order_by(c.id.desc())
        .limit(literal_column(str(AT_MOST)))
        .correlate(given)
        .scalar_subquery()
    )
    mine = and_(c.association == g.association, c.beneficiary == g.beneficiary, c.id.in_(newest))
    person = and_(b.association == g.association, b.id == g.beneficiary)
    return (
        select(g.association, g.conversation, g.beneficiary, b.known, busy.label("busy"), *viewed())
        .select_from(given.outerjoin(beneficiaries, person).outerjoin(cases, mine))
        .order_by(g.association, g.conversation, c.id.desc())
    )


_LOAD = Batch(
    (*columns_of(messages, "association", "conversation"), *columns_of(conversations, "beneficiary")), _select_known
)

_SAVE = upserting(beneficiaries, ("association", "id"), "association", "id", "known", "updated")
