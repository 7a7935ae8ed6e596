"""Broadcasts: whom an uploaded list names, and what became of each person. Milliseconds; ids and codes only.

The rows themselves are waves and recipients (storage/waves.py); who fits an audience is storage/audience.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, delete, false, func, select, tuple_, update

from conversations.notices import MESSAGING, is_proven
from storage import waves
from storage.conversations import handle_index
from storage.notices import OUT, REACHED, UNOPENED
from storage.schema import case_index, cases, consents, conversations
from storage.schema_notices import notices
from storage.schema_surveys import recipients
from storage.schema_surveys import waves as waves_table
from storage.times import DAY
from storage.vault import Vault, context
from storage.waves import Body, Recipient

PAGE = 50
REPLY = 3 * DAY
"""For so long what somebody writes is taken for an answer to what they were told."""
_CHUNK = 400


class Named(NamedTuple):
    """One row of an uploaded list: its number in the file, and what it names (a phone as +966…, or a reference)."""

    number: int
    phone: str = ""
    reference: str = ""


class Bad(NamedTuple):
    """A row that leads to nobody, and why: unreadable, unknown, several, twice, stopped, no_address, no_consent."""

    number: int
    why: str


class Outcome(NamedTuple):
    """How many people of a channel stand so: `state` and `why` of the recipient, `told` and `lost` of their notice."""

    channel: str
    state: str
    why: str
    told: str
    lost: str
    people: int


class Reached(NamedTuple):
    """One person of a broadcast: by the reference of their case, where the reader may see it. `open`: the reader may
    open the conversation; `replied`: something came from there since."""

    conversation: int
    channel: str
    state: str
    why: str
    at: int | None
    told: str
    lost: str
    reference: str
    open: bool
    replied: bool


def outcome_of(state: str, told: str, over: bool = False) -> str:
    """held, waiting, sent, reached, passed or failed. `over`: nobody is told any more, whatever the rows still say."""
    if state == waves.INVITED:
        return {"reached": "reached", "joined": "reached", "dropped": "failed"}.get(told, "sent")
    waiting = "passed" if over else "waiting"
    return {waves.PASSED: "passed", waves.FAILED: "failed", waves.HELD: "held"}.get(state, waiting)


# --- whom a list names -----------------------------------------------------------------------------------------------


def matched(
    connection: Connection, vault: Vault, association: str, wave: int, purpose: str, rows: Sequence[Named], state: str
) -> tuple[list[Recipient], list[Bad]]:
    """The person of each row at the address they wrote from last, and the rows that lead to nobody, with the reason."""
    people = _people(connection, vault, association, rows)
    wanted = {person for found in people.values() for person in found}
    homes = _homes(connection, association, wanted)
    agreed = consented(connection, association, wanted, purpose)
    good: dict[int, Recipient] = {}
    bad: list[Bad] = []
    for row in rows:
        found = people.get(row.number, {})
        if len(found) != 1:
            bad.append(Bad(row.number, "several" if found else "unknown"))
            continue
        ((person, case_id),) = found.items()
        home = homes.get(person)
        if home is None or isinstance(home, str):
            bad.append(Bad(row.number, home or "no_address"))
        elif person not in agreed:
            bad.append(Bad(row.number, "no_consent"))
        elif person in good:
            bad.append(Bad(row.number, "twice"))
        else:
            conversation, channel = home
            good[person] = Recipient(association, wave, conversation, person, case_id, channel, state)
    return list(good.values()), bad


def _people(
    connection: Connection, vault: Vault, association: str, rows: Sequence[Named]
) -> dict[int, dict[int, int | None]]:
    """By the number of the row: the beneficiaries it may mean, each with the newest case."""
    found: dict[int, dict[int, int | None]] = {}
    c, t, i = cases.c, conversations.c, case_index.c

    def add(number: int, person: int, case_id: int | None) -> None:
        mine = found.setdefault(number, {})
        mine[person] = max(filter(None, (mine.get(person), case_id)), default=None)

    for part in _chunks([row for row in rows if row.reference]):
        numbers: dict[str, list[int]] = {}
        for row in part:
            numbers.setdefault(row.reference, []).append(row.number)
        query = select(c.reference, c.beneficiary, c.id).where(
            c.association == association,
            c.reference.in_(numbers),
            c.beneficiary.is_not(None),
            c.restricted.is_(False),
            c.anonymous.is_(False),
        )
        for one in connection.execute(query):
            for number in numbers[one.reference]:
                add(number, one.beneficiary, one.id)
    for part in _chunks([row for row in rows if row.phone]):
        by_handle: dict[tuple[str, bytes], list[int]] = {}
        for row in part:
            for channel in ("whatsapp", "sms"):
                key = (channel, handle_index(vault, association, channel, row.phone))
                by_handle.setdefault(key, []).append(row.number)
        query = select(t.channel, t.handle_index, t.beneficiary).where(
            t.association == association,
            tuple_(t.channel, t.handle_index).in_(list(by_handle)),
            t.beneficiary.is_not(None),
        )
        for one in connection.execute(query):
            for number in by_handle[one.channel, one.handle_index]:
                add(number, one.beneficiary, None)
        by_blind: dict[bytes, list[int]] = {}
        for row in part:
            blind = vault.blind(association, "case:number", row.phone.lstrip("+"))
            by_blind.setdefault(blind, []).append(row.number)
        written = (
            select(i.blind, c.beneficiary, c.id)
            .join_from(case_index, cases, and_(c.association == i.association, c.id == i.case_id))
            .where(
                i.association == association,
                i.domain == "number",
                i.blind.in_(list(by_blind)),
                c.beneficiary.is_not(None),
                c.restricted.is_(False),
                c.anonymous.is_(False),
            )
        )
        for one in connection.execute(written):
            for number in by_blind[one.blind]:
                # Who writes from a number is whom it means; a number that only stands in a case may be a relative's.
                if not any(case_id is None for case_id in found.get(number, {}).values()):
                    add(number, one.beneficiary, one.id)
    return found


def _homes(connection: Connection, association: str, people: Iterable[int]) -> Mapping[int, tuple[int, str] | str]:
    """By beneficiary: the conversation and channel they wrote from last, or why there is none."""
    t = conversations.c
    found: dict[int, tuple[int, str] | str] = {}
    for part in _chunks(sorted(people)):
        query = (
            select(t.id, t.channel, t.beneficiary, t.stopped, t.restricted, t.blocked, t.proven_at, t.last_in)
            .where(t.association == association, t.beneficiary.in_(part), t.channel.in_(MESSAGING))
            .order_by(func.coalesce(t.last_in, 0), t.id)
        )
        for one in connection.execute(query):
            if one.restricted:
                continue
            if one.stopped or one.blocked:
                found.setdefault(one.beneficiary, "stopped")
            elif is_proven(one.channel, one.proven_at, one.last_in):
                found[one.beneficiary] = (one.id, one.channel)
    return found


def consented(connection: Connection, association: str, people: Iterable[int], purpose: str) -> set[int]:
    """Those of these whose last word on this purpose is yes; all of them where it needs none."""
    wanted = sorted(set(people))
    if not purpose:
        return set(wanted)
    c, last = consents.c, {}
    for part in _chunks(wanted):
        query = (
            select(c.beneficiary, c.given)
            .where(c.association == association, c.beneficiary.in_(part), c.purpose == purpose)
            .order_by(c.id)
        )
        last.update({row.beneficiary: row.given for row in connection.execute(query)})
    return {person for person, given in last.items() if given}


def _chunks(things: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (things[at : at + _CHUNK] for at in range(0, len(things), _CHUNK))


# --- a draft and its people ------------------------------------------------------------------------------------------


def rewrite(connection: Connection, vault: Vault, association: str, wave: int, body: Body) -> None:
    """Its words, sealed anew."""
    sealed = vault.seal(msgspec.msgpack.encode(body), context(waves.BODY, association, wave))
    waves.change(connection, association, wave, body=sealed)


def clear(connection: Connection, association: str, wave: int) -> None:
    """Nobody is named any more: the draft was changed."""
    r = recipients.c
    connection.execute(delete(recipients).where(r.association == association, r.wave == wave))


def confirm(connection: Connection, association: str, wave: int, due: int) -> int:
    """Those that a list named, kept apart until now, are told with the others."""
    r = recipients.c
    held = update(recipients).where(r.association == association, r.wave == wave, r.state == waves.HELD)
    return connection.execute(held.values(state=waves.WAITING, due=due)).rowcount


def by_channel(connection: Connection, association: str, wave: int) -> dict[str, int]:
    """People of a wave, without those who are kept apart."""
    r = recipients.c
    query = select(r.channel, func.count()).where(r.association == association, r.wave == wave, r.state != waves.HELD)
    return {channel: int(count) for channel, count in connection.execute(query.group_by(r.channel)).tuples()}


def not_consented(connection: Connection, association: str, wave: int, purpose: str) -> int:
    """People of a wave whose last word on its purpose is not yes."""
    if not purpose:
        return 0
    r, c = recipients.c, consents.c
    last = (
        select(func.max(c.id))
        .where(c.association == association, c.beneficiary == r.beneficiary, c.purpose == purpose)
        .correlate(recipients)
        .scalar_subquery()
    )
    given = select(c.id).where(c.association == association, c.id == last, c.given.is_(True)).correlate(recipients)
    query = select(func.count()).select_from(recipients)
    return connection.scalar(query.where(r.association == association, r.wave == wave, ~given.exists())) or 0


def test_key(vault: Vault, association: str, wave: int, conversation: int) -> str:
    """By which the button of a test's template brings the words of a draft: in the conversation it went to alone."""
    proof = vault.blind(association, "broadcast_test", f"{wave}:{conversation}")
    return f"{wave}-{proof.hex()[:16]}"


# --- what became of it -----------------------------------------------------------------------------------------------

_TOLD = and_(notices.c.association == recipients.c.association, notices.c.id == recipients.c.notice)
_STANDS = func.coalesce(notices.c.state, case((recipients.c.settled_at.is_not(None), "reached"), else_=""))
"""Of the message to a recipient. Of one that reached them long ago, only that is known (retention.py)."""


def outcomes(connection: Connection, association: str, wave: int) -> list[Outcome]:
    r, n = recipients.c, notices.c
    lost = func.coalesce(n.why, "")
    columns = (r.channel, r.state, r.why, _STANDS, lost)
    query = (
        select(*columns, func.count())
        .select_from(recipients.outerjoin(notices, _TOLD))
        .where(r.association == association, r.wave == wave)
        .group_by(*columns)
    )
    return [Outcome._make(row) for row in connection.execute(query)]


def replies(connection: Connection, association: str, wave: int) -> int:
    """People who wrote after it came to them."""
    r, t = recipients.c, conversations.c
    both = and_(t.association == r.association, t.id == r.conversation)
    query = select(func.count()).select_from(recipients.join(conversations, both))
    return connection.scalar(query.where(r.association == association, r.wave == wave, t.last_in > r.at)) or 0


class Answered(NamedTuple):
    """A broadcast that somebody answers: its wave, and its title."""

    wave: int
    title: str


def answered(connection: Connection, vault: Vault, association: str, wrote: Mapping[int, int]) -> dict[int, Answered]:
    """Of these conversations, each with when they wrote what brought them to a person, those that answer a broadcast:
    it is what the house had told them last, a few days before at most. Two statements, however many there are."""
    if not wrote:
        return {}
    n = notices.c
    told = (
        select(n.conversation, n.at, n.kind, n.about)
        .where(
            n.association == association,
            n.conversation.in_(sorted(wrote)),
            n.state.in_([OUT, UNOPENED, REACHED]),
        )
        .order_by(n.conversation, n.at)
    )
    last = {}
    for whose, at, kind, about in connection.execute(told):
        if wrote[whose] - REPLY <= at < wrote[whose]:
            last[whose] = int(about.split(":")[1]) if kind == "broadcast" else 0
    titles = _titles(connection, vault, association, set(last.values()) - {0})
    return {whose: Answered(wave, titles[wave]) for whose, wave in last.items() if wave in titles}


def _titles(connection: Connection, vault: Vault, association: str, ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted(ids)
    if not wanted:
        return {}
    w = waves_table.c
    query = select(w.id, w.body).where(w.association == association, w.id.in_(wanted), w.body.is_not(None))
    return {row.id: waves.opened(vault, association, row.id, row.body).title for row in connection.execute(query)}


def people(
    connection: Connection,
    association: str,
    wave: int,
    sees: ColumnElement[bool],
    sees_case: ColumnElement[bool],
    after: int = 0,
    replied: bool = False,
    limit: int = PAGE,
) -> list[Reached]:
    """A page of them, in the order of their conversations. `sees`, `sees_case`: what the reader may see."""
    r, n, t, c = recipients.c, notices.c, conversations.c, cases.c
    answered = func.coalesce(t.last_in > r.at, false())
    query = (
        select(
            r.conversation,
            r.channel,
            r.state,
            r.why,
            r.at,
            _STANDS,
            func.coalesce(n.why, ""),
            func.coalesce(c.reference, ""),
            sees,
            answered,
        )
        .select_from(
            recipients.join(conversations, and_(t.association == r.association, t.id == r.conversation))
            .outerjoin(notices, _TOLD)
            .outerjoin(cases, and_(c.association == r.association, c.id == r.case_id, sees_case))
        )
        .where(r.association == association, r.wave == wave, r.conversation > after)
        .order_by(r.conversation)
        .limit(limit)
    )
    if replied:
        query = query.where(answered)
    return [Reached._make((*row[:-2], bool(row[-2]), bool(row[-1]))) for row in connection.execute(query)]
