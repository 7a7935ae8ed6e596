"""Who is asked. The database finds them: recipients are written by INSERT … SELECT, without a text and without a look
at anybody here, a thousand people in a transaction, so that nobody who writes to us meanwhile waits for it. Whether
each still may be asked is looked at again when they are fed (storage/fitness.py).

A person is whoever is behind one or more addresses; they are asked at the one they wrote from last.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from conversations.association.survey import Audience
from conversations.cases.calendar import RIYADH
from conversations.notices import CLAIMED, MESSAGING
from storage import waves
from storage.schema import case_moves, cases, consents, conversations
from storage.schema_surveys import recipients
from storage.times import ms
from storage.waves import Wave

PEOPLE_AT_ONCE = 1_000
"""In one transaction: replies wait behind it."""
PROCESSING = "case"
"""The consent that everything rests on: whoever withdrew it is told nothing that they did not ask for."""
PURPOSES = {"survey": "survey", "broadcast": ""}
"""By kind of wave, the consent it needs where it names none."""
ENDED_UNDECIDED = ("withdrawn", "discontinued")
_PRIME = 2**31 - 1
_NAMES = ("association", "wave", "conversation", "beneficiary", "case_id", "channel", "state", "due")

Among = Callable[[ColumnElement[Any]], ColumnElement[bool]]


class Counted(NamedTuple):
    """People by the channel on which they are told first; `refused`: who would fit too, and did not consent."""

    channels: dict[str, int]
    refused: int = 0

    @property
    def people(self) -> int:
        return sum(self.channels.values())


def purpose_of(wave: Wave) -> str:
    return wave.purpose or PURPOSES.get(wave.kind, "")


def audience_of(wave: Wave, otherwise: Audience) -> Audience:
    """Whom this wave is for; `otherwise`, where it does not say so. Raises ValueError for what is no audience."""
    return Audience.model_validate_json(wave.audience) if wave.audience else otherwise


# --- counted and written ---------------------------------------------------------------------------------------------


def count(connection: Connection, wave: Wave, audience: Audience) -> Counted:
    """How many it would be, nothing written; of a sample exactly those whom this wave draws."""
    _plan_as_for_many(connection, everybody=True)
    people = _standing(wave, audience, lambda _: true(), _fits(audience))
    if audience.sample:
        query = select(people.c.channel).where(*_asked(people, wave, audience))
        some = query.order_by(*_order(people.c.beneficiary, wave.id)).limit(audience.sample).subquery()
        rows = connection.execute(select(some.c.channel, func.count()).group_by(some.c.channel)).tuples()
        return Counted(dict(sorted((channel, int(many)) for channel, many in rows)))
    fit = _asked(people, wave, audience, consented=False)
    query = select(people.c.channel, people.c.consented, func.count()).where(*fit)
    channels: dict[str, int] = {}
    refused = 0
    for channel, consented, many in connection.execute(query.group_by(people.c.channel, people.c.consented)).tuples():
        if consented:
            channels[channel] = int(many)
        else:
            refused += int(many)
    return Counted(dict(sorted(channels.items())), refused)


def fill(connection: Connection, wave: Wave, audience: Audience, due: int) -> int:
    """Write all recipients of a wave in this transaction: of a few people. Those who are there already stay. Returns
    how many it has now."""
    while fill_some(connection, wave, audience, due):
        wave = waves.get(connection, wave.association, wave.id) or wave
    return waves.size(connection, wave.association, wave.id)


def fill_some(connection: Connection, wave: Wave, audience: Audience, due: int, limit: int = PEOPLE_AT_ONCE) -> bool:
    """Write the recipients among the next so many people; how far it came stands in the wave, which must be locked and
    fresh. False once all are written: a sample is, at once. A broadcast whose people were named one by one has them."""
    if wave.filled_at is not None:
        return False
    named = wave.kind == "broadcast" and wave.filled_to is None and waves.size(connection, wave.association, wave.id)
    if named:
        waves.change(connection, wave.association, wave.id, filled_at=due, people=named)
        return False
    _plan_as_for_many(connection, everybody=bool(audience.sample))
    if audience.sample:
        people = drawn(connection, wave, audience)
        for first in range(0, len(people), PEOPLE_AT_ONCE):
            some = people[first : first + PEOPLE_AT_ONCE]
            _write(connection, wave, audience, due, partial(_is_among, some))
        last = None
    else:
        last = _last_of(connection, wave, limit)
    if last is None:
        many = waves.size(connection, wave.association, wave.id)
        waves.change(connection, wave.association, wave.id, filled_at=due, people=many)
        return False
    first = wave.filled_to or 0
    _write(connection, wave, audience, due, lambda whose: and_(whose > first, whose <= last))
    waves.change(connection, wave.association, wave.id, filled_to=last)
    return True


def _last_of(connection: Connection, wave: Wave, limit: int) -> int | None:
    """The last of the next so many people with an address; None where there is nobody any more."""
    whose = conversations.c.beneficiary
    mine = (conversations.c.association == wave.association, whose.is_not(None), whose > (wave.filled_to or 0))
    some = select(whose).where(*mine).order_by(whose).limit(limit).subquery()
    last: int | None = connection.scalar(select(func.max(some.c.beneficiary)))
    return last


def _is_among(people: Sequence[int], whose: ColumnElement[Any]) -> ColumnElement[bool]:
    return whose.in_(people)


def drawn(connection: Connection, wave: Wave, audience: Audience) -> list[int]:
    """The people of this wave's sample: as long as nobody joins or leaves, the same whenever it is drawn."""
    people = _standing(wave, audience, lambda _: true(), _fits(audience))
    query = select(people.c.beneficiary).where(*_asked(people, wave, audience))
    return list(connection.scalars(query.order_by(*_order(people.c.beneficiary, wave.id)).limit(audience.sample)))


def _order(whose: ColumnElement[Any], wave: int) -> tuple[ColumnElement[Any], ...]:
    """An order that is random and always the same for a wave: each person's number through a polynomial over a prime
    field, which this wave chooses. No database here has a hash the other one has too."""
    seed = blake2b(str(wave).encode(), digest_size=8).digest()
    by, plus = (1 + int.from_bytes(part) % (_PRIME - 1) for part in (seed[:4], seed[4:]))
    one = ((whose % _PRIME) * by + plus) % _PRIME
    four = ((one * one) % _PRIME) * ((one * one) % _PRIME) % _PRIME
    return (four * one) % _PRIME, whose


def _write(connection: Connection, wave: Wave, audience: Audience, due: int, among: Among) -> None:
    _insert(connection, wave, audience, due, _standing(wave, audience, among, _fits(audience)))


def _insert(connection: Connection, wave: Wave, audience: Audience, due: int, people: Subquery) -> None:
    """Each of them is looked at once in a wave; an address that is in it already stays as it is."""
    p = people.c
    found = select(
        literal(wave.association),
        literal(wave.id),
        p.conversation,
        p.beneficiary,
        p.case_id,
        p.channel,
        literal(waves.WAITING),
        literal(due),
    ).where(*_asked(people, wave, audience))
    connection.execute(insert(recipients).from_select(_NAMES, found).on_conflict_do_nothing())


# --- who comes to it -------------------------------------------------------------------------------------------------


class Came(NamedTuple):
    """Cases that came to a survey's occasion in these spans (milliseconds, the end excluded); `refused`: those of which
    a refusal was told, whose days to object are over."""

    occasion: str
    since: int
    until: int
    refused_since: int = 0
    refused_until: int = 0


def join(
    connection: Connection,
    wave: Wave,
    audience: Audience,
    came: Came,
    before: Sequence[int],
    due: int,
    after: int = 0,
    limit: int = 500,
) -> int:
    """People whose case came to it join a rolling wave, each once in it, and of no case that one of the waves `before`
    asked about. Looks at the next so many after this person; returns the last of them, 0 where that was everybody."""
    c, r = cases.c, recipients.c
    _plan_as_for_many(connection)
    mine = (r.association == wave.association, r.beneficiary == c.beneficiary)
    here = exists().where(*mine, r.wave == wave.id)
    asked = exists().where(*mine, r.wave.in_(list(before)), r.case_id == c.id)
    query = (
        select(c.beneficiary, func.max(c.id))
        .where(c.association == wave.association, c.beneficiary > after, _came(came), _fits(audience), ~here, ~asked)
        .group_by(c.beneficiary)
        .order_by(c.beneficiary)
        .limit(limit)
    )
    found = dict(connection.execute(query).tuples().all())
    if found:
        about = c.id.in_(list(found.values()))
        people = _standing(wave, audience, partial(_is_among, list(found)), about, this_case=True)
        _insert(connection, wave, audience, due, people)
        waves.change(connection, wave.association, wave.id, people=waves.size(connection, wave.association, wave.id))
    return max(found) if len(found) == limit else 0


def _came(came: Came) -> ColumnElement[bool]:
    c, m = cases.c, case_moves.c
    if came.occasion == "delivered":
        moved = select(m.case_id).where(
            m.association == c.association, m.to_stage == "delivered", m.at >= came.since, m.at < came.until
        )
        return and_(c.stage.in_(["delivered", "closed"]), c.id.in_(moved))
    if came.occasion == "complaint_closed":
        return and_(c.kind == "complaint", c.stage == "closed", c.closed_at >= came.since, c.closed_at < came.until)
    decided = and_(c.decision != "refuse", c.decided_at >= came.since, c.decided_at < came.until)
    refused = and_(c.decision == "refuse", c.decided_at >= came.refused_since, c.decided_at < came.refused_until)
    return and_(c.kind == "request", or_(decided, refused))


# --- how people stand ------------------------------------------------------------------------------------------------


def _fits(audience: Audience) -> ColumnElement[bool]:
    """Of a case."""
    c = cases.c
    sides = (
        (c.kind, audience.kinds),
        (c.stage, audience.stages),
        (c.service, audience.services),
        (c.category, audience.categories),
        (c.branch, audience.branches),
    )
    conditions: list[ColumnElement[bool]] = [column.in_(among) for column, among in sides if among]
    if not audience.stages:
        conditions.append(c.stage.not_in(ENDED_UNDECIDED))
    if audience.opened_from:
        conditions.append(c.opened_at >= ms(_day(audience.opened_from)))
    if audience.opened_until:
        conditions.append(c.opened_at < ms(_day(audience.opened_until) + timedelta(days=1)))
    return and_(c.restricted.is_(False), *conditions)


def _asks_of_cases(audience: Audience) -> bool:
    sides = (audience.kinds, audience.stages, audience.services, audience.categories, audience.branches)
    return any(sides) or bool(audience.opened_from or audience.opened_until)


def _standing(
    wave: Wave, audience: Audience, among: Among, fits: ColumnElement[bool], this_case: bool = False
) -> Subquery:
    """Each of these people who has an address: where they would be asked, about which case, and what speaks against
    it. Flags are 0 or 1."""
    homes, about, words = (
        part.subquery()
        for part in (
            _homes(wave.association, audience, among),
            _about(wave.association, among, fits),
            _words(wave, among),
        )
    )
    yes, no = func.coalesce(words.c.yes, 0), func.coalesce(words.c.no, 0)
    agrees = true() if not purpose_of(wave) else yes > no
    stays = func.coalesce(words.c.case_no, 0) <= func.coalesce(words.c.case_yes, 0)
    served = this_case or wave.kind == "survey" or _asks_of_cases(audience)
    joined = homes.outerjoin(about, about.c.beneficiary == homes.c.beneficiary)
    return (
        select(
            homes.c.beneficiary,
            homes.c.conversation,
            homes.c.channel,
            homes.c.language,
            about.c.case_id,
            _one(and_(agrees, stays)).label("consented"),
            _one(and_(homes.c.hurt == 0, func.coalesce(about.c.hurt, 0) == 0)).label("unhurt"),
            homes.c.stopped,
        )
        .select_from(joined.outerjoin(words, words.c.beneficiary == homes.c.beneficiary))
        .where(homes.c.place == 1, homes.c.reachable == 1, about.c.case_id.is_not(None) if served else true())
        .subquery()
    )


def _asked(people: Subquery, wave: Wave, audience: Audience, consented: bool = True) -> list[ColumnElement[bool]]:
    """Never who stopped us, and never after a disclosure of harm, whichever address or case of theirs it was."""
    p = people.c
    conditions: list[ColumnElement[bool]] = [p.stopped == 0, p.unhurt == 1]
    if consented:
        conditions.append(p.consented == 1)
    if audience.languages:
        conditions.append(p.language.in_(audience.languages))
    return conditions


def _homes(association: str, audience: Audience, among: Among) -> Select[Any]:
    """Their addresses, the one they wrote from last first."""
    t = conversations.c
    proven = or_(t.proven_at.is_not(None), and_(t.last_in.is_not(None), t.channel.not_in(CLAIMED)))
    channels = [one for one in MESSAGING if not audience.channels or one in audience.channels]
    reachable = _one(and_(t.blocked == "", t.channel.in_(channels), proven))
    newest = (reachable.desc(), func.coalesce(t.last_in, t.proven_at, 0).desc(), t.id.desc())
    return select(
        t.beneficiary,
        t.id.label("conversation"),
        t.channel,
        t.language,
        reachable.label("reachable"),
        func.max(_one(t.stopped)).over(partition_by=t.beneficiary).label("stopped"),
        func.max(_one(t.restricted)).over(partition_by=t.beneficiary).label("hurt"),
        func.row_number().over(partition_by=t.beneficiary, order_by=newest).label("place"),
    ).where(t.association == association, t.beneficiary.is_not(None), among(t.beneficiary))


def _about(association: str, among: Among, fits: ColumnElement[bool]) -> Select[Any]:
    """The newest case that fits, and whether any of theirs is the protection officer's."""
    c = cases.c
    return (
        select(c.beneficiary, func.max(case((fits, c.id))).label("case_id"), func.max(_one(c.restricted)).label("hurt"))
        .where(c.association == association, c.beneficiary.is_not(None), among(c.beneficiary))
        .group_by(c.beneficiary)
    )


def _words(wave: Wave, among: Among) -> Select[Any]:
    """The last yes and the last no, by their ids: ids are ordered by time."""
    n = consents.c

    def last(purpose: str, given: bool) -> ColumnElement[Any]:
        return func.max(case((and_(n.purpose == purpose, n.given.is_(given)), n.id)))

    purpose = purpose_of(wave)
    return (
        select(
            n.beneficiary,
            last(purpose, True).label("yes"),
            last(purpose, False).label("no"),
            last(PROCESSING, True).label("case_yes"),
            last(PROCESSING, False).label("case_no"),
        )
        .where(n.association == wave.association, n.beneficiary.is_not(None), among(n.beneficiary))
        .group_by(n.beneficiary)
    )


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _day(given: str) -> datetime:
    return datetime.combine(date.fromisoformat(given), time(), RIYADH)


def _plan_as_for_many(connection: Connection, everybody: bool = False) -> None:
    """The writer looks single rows up by key (storage/database.py); this transaction reads thousands together, and of
    what it just wrote the database has no statistics yet."""
    if connection.dialect.name == "postgresql":
        ways = {"enable_hashjoin": "on", "enable_mergejoin": "on", "enable_nestloop": "off"}
        for way, state in (ways | ({"enable_seqscan": "on"} if everybody else {})).items():
            connection.exec_driver_sql(f"SET LOCAL {way} = {state}")
