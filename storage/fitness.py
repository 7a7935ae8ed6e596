"""Whether those who were planned to be asked may be asked now: looked at for all of them together, at the moment they
are fed. Who must not be asked at all is passed over; what passes is waited for, as long as the wave is open.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from conversations.association.profile import Profile
from conversations.cases.move import until
from storage import waves
from storage.audience import PROCESSING, purpose_of
from storage.schema import case_moves, cases, consents, conversations
from storage.schema_surveys import recipients
from storage.schema_surveys import waves as waves_table
from storage.times import moment, ms
from storage.waves import Recipient, Wave

HANDOFF = timedelta(hours=4)
COMPLAINT = timedelta(days=1)
COMPLAINING = ("complaint", "compensation")
_OBJECTED_AT = ("request", "with_committee")

Reason = tuple[str, int | None]
"""Why not, and when to look again (milliseconds); None: never."""


class Addresses(NamedTuple):
    """What is so of any address of a person, and (`blocked`) of which of them."""

    stopped: bool = False
    restricted: bool = False
    held: bool = False
    blocked: frozenset[int] = frozenset()


def still_fit(
    connection: Connection, profile: Profile, wave: Wave, claimed: Sequence[Recipient], now: datetime
) -> list[Recipient]:
    """Of those who were claimed, whom may be written to now; the others are put off, or passed over for good."""
    if not claimed:
        return []
    reasons = reasons_of(connection, profile, wave, claimed, now)
    not_now = []
    for one in claimed:
        if found := reasons.get(one.conversation):
            why, again = found
            not_now.append((one, why, again if again is not None and again < wave.ends else None))
    waves.put_off(connection, wave, not_now, ms(now))
    return [one for one in claimed if one.conversation not in reasons]


_SAID = {"restricted": "muted", "handoff": "held"}
"""What keeps a conversation silent has a name there already (`NotTold`)."""


def unfit(connection: Connection, profile: Profile, wave: Wave, one: Recipient, now: datetime) -> str:
    """Why somebody who was fed is not asked after all, as their invitation is said: it may have waited a night, or take
    its second address. Empty where nothing speaks against it; of an address by itself the chain knows."""
    why, _ = reasons_of(connection, profile, wave, [one], now).get(one.conversation, ("", None))
    return "" if why in ("blocked", "asked_lately") else _SAID.get(why, why)


def reasons_of(
    connection: Connection, profile: Profile, wave: Wave, claimed: Sequence[Recipient], now: datetime
) -> dict[int, Reason]:
    """By conversation; the gravest reason of each who may not be asked."""
    slug, people = wave.association, sorted({one.beneficiary for one in claimed if one.beneficiary is not None})
    addresses = _addresses(connection, slug, [one.conversation for one in claimed], people)
    refused = _refused(connection, slug, purpose_of(wave), people)
    survey = wave.kind == "survey"
    standing = _cases(connection, slug, people, now)
    lately = _asked_lately(connection, profile, wave, people, now) if survey else {}
    found: dict[int, Reason] = {}
    for one in claimed:
        whose = one.beneficiary if one.beneficiary is not None else -one.conversation
        theirs, case = addresses.get(whose, Addresses(stopped=True)), standing.get(whose, _Case())
        if theirs.stopped:
            found[one.conversation] = ("stopped", None)
        elif one.conversation in theirs.blocked:
            found[one.conversation] = ("blocked", None)
        elif theirs.restricted or case.restricted:
            found[one.conversation] = ("restricted", None)
        elif whose in refused:
            found[one.conversation] = ("no_consent", None)
        elif theirs.held:
            found[one.conversation] = ("handoff", ms(now + HANDOFF))
        elif survey and case.complains:
            found[one.conversation] = ("complaint", ms(now + COMPLAINT))
        elif survey and case.objects_until:
            found[one.conversation] = ("objection", case.objects_until)
        elif whose in lately and one.state == waves.WAITING:
            found[one.conversation] = ("asked_lately", lately[whose])
    return found


def _addresses(
    connection: Connection, association: str, asked: Collection[int], people: Collection[int]
) -> Mapping[int, Addresses]:
    """By person, or, where nobody is known to be behind it, by the conversation's id with a minus."""
    t = conversations.c
    query = select(t.id, t.beneficiary, t.stopped, t.restricted, t.blocked, t.holder).where(
        t.association == association
    )
    # One statement each, and not OR: each has its index.
    rows = [*connection.execute(query.where(t.id.in_(asked)))]
    rows += connection.execute(query.where(t.beneficiary.in_(people), t.beneficiary.is_not(None)))
    found: dict[int, Addresses] = {}
    for row in rows:
        whose = row.beneficiary if row.beneficiary is not None else -row.id
        known = found.get(whose, Addresses())
        found[whose] = Addresses(
            known.stopped or bool(row.stopped),
            known.restricted or bool(row.restricted),
            known.held or row.holder != "bot",
            known.blocked | ({row.id} if row.blocked else frozenset()),
        )
    return found


def _refused(connection: Connection, association: str, purpose: str, people: Collection[int]) -> set[int]:
    """Whose last word on the purpose, or on everything, is no: they may have said so since the wave was planned."""
    n = consents.c
    purposes = [PROCESSING, *([purpose] if purpose else [])]
    query = select(n.beneficiary, n.purpose, n.given).where(
        n.association == association, n.beneficiary.in_(people), n.purpose.in_(purposes)
    )
    last = {(row.beneficiary, row.purpose): row.given for row in connection.execute(query.order_by(n.id))}
    return {person for (person, _), given in last.items() if not given}


class _Case(NamedTuple):
    restricted: bool = False
    complains: bool = False
    objects_until: int = 0


def _cases(connection: Connection, association: str, people: Collection[int], now: datetime) -> Mapping[int, _Case]:
    """What is open between them and us: a complaint, an objection, or the days to object to a refusal."""
    c = cases.c
    query = select(c.id, c.beneficiary, c.kind, c.stage, c.decided_at, c.closed_at, c.restricted).where(
        c.association == association, c.beneficiary.in_(people)
    )
    rows = connection.execute(query).all()
    objected = _objected(connection, association, [row.id for row in rows if (row.kind, row.stage) == _OBJECTED_AT])
    found: dict[int, _Case] = {}
    for row in rows:
        known = found.get(row.beneficiary, _Case())
        found[row.beneficiary] = _Case(
            known.restricted or bool(row.restricted),
            known.complains or (row.kind in COMPLAINING and row.closed_at is None) or row.id in objected,
            max(known.objects_until, _objects_until(row, now)),
        )
    return found


def _objected(connection: Connection, association: str, ids: Sequence[int]) -> Collection[int]:
    """Of requests that a committee has, those it has once more because their person objected."""
    if not ids:
        return ()
    m = case_moves.c
    mine = (m.association == association, m.case_id.in_(ids), m.move == "object")
    return set(connection.scalars(select(m.case_id).where(*mine)))


def _objects_until(row: Any, now: datetime) -> int:
    """The first moment after the last day to object to this refusal; 0 where there is none ahead."""
    if row.kind != "request" or row.stage != "refused" or row.decided_at is None:
        return 0
    last = until("objection", moment(row.decided_at))
    return ms(last) + 1000 if last is not None and last >= now else 0


def _asked_lately(
    connection: Connection, profile: Profile, wave: Wave, people: Iterable[int], now: datetime
) -> dict[int, int]:
    """Who was asked for their opinion by another wave in the last days, and when they may be again."""
    span = timedelta(days=profile.asking.days_between)
    r, w = recipients.c, waves_table.c
    query = (
        select(r.beneficiary, func.max(r.at))
        .join_from(recipients, waves_table, (w.association == r.association) & (w.id == r.wave))
        .where(
            r.association == wave.association,
            r.beneficiary.in_(list(people)),
            r.beneficiary.is_not(None),
            r.at > ms(now - span),
            r.wave != wave.id,
            w.kind == "survey",
        )
        .group_by(r.beneficiary)
    )
    return {person: ms(moment(at) + span) for person, at in connection.execute(query).tuples()}
