"""One person, many addresses: conversations joined to one beneficiary, and parted again. Never by a name alone."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, or_, select, update

from storage import notices as chain
from storage import waves, world
from storage.conversations import save
from storage.ids import new_id
from storage.person import conversations_of
from storage.schema import beneficiaries, cases, consents, conversations, timers
from storage.schema_notices import legs, notices, tasks
from storage.schema_surveys import recipients
from storage.vault import Vault

NOT_THEIRS = "not_proven"
_FURTHEST = (waves.FINISHED, waves.BEGUN, waves.DECLINED, waves.LATER, waves.INVITED, waves.WAITING, waves.HELD)
"""How far somebody came in a wave, the furthest first."""


def person_of(connection: Connection, association: str, conversation: int) -> int | None:
    c = conversations.c
    return connection.scalar(select(c.beneficiary).where(c.association == association, c.id == conversation))


def has_cases(connection: Connection, association: str, conversation: int) -> bool:
    """Whether the person of this conversation has any case."""
    c, k = conversations.c, cases.c
    theirs = select(c.beneficiary).where(c.association == association, c.id == conversation)
    query = select(k.id).where(k.association == association, k.beneficiary.in_(theirs)).limit(1)
    return connection.scalar(query) is not None


def asked_for_a_woman(connection: Connection, association: str, beneficiary: int) -> bool:
    """At any of their addresses."""
    c = conversations.c
    theirs = (c.association == association, c.beneficiary == beneficiary, c.women_only)
    return connection.execute(select(c.id).where(*theirs).limit(1)).first() is not None


class Known(NamedTuple):
    """One address of a person. Milliseconds."""

    id: int
    channel: str
    proven_at: int | None
    last_in: int | None
    stopped: bool
    blocked: str


def addresses(
    connection: Connection, association: str, beneficiary: int, seen: ColumnElement[bool] | None = None
) -> list[Known]:
    """Of this person, oldest first; `seen`: only those for which it holds."""
    c = conversations.c
    query = select(*(c[name] for name in Known._fields)).where(
        c.association == association, c.beneficiary == beneficiary
    )
    query = query if seen is None else query.where(seen)
    return [Known._make(row) for row in connection.execute(query.order_by(c.id))]


def join(connection: Connection, vault: Vault, association: str, keep: int, other: int, now: int) -> None:
    """Everything of `other` becomes `keep`'s: conversations, cases, what is known (what `keep` said counts)."""
    if keep == other:
        return
    known = world.facts_of(connection, vault, association, (keep, other))
    mine, theirs = known.get(keep, world.Facts()), known.get(other, world.Facts())
    both = world.Beneficiary(association, keep, {**theirs.facts, **mine.facts}, {**theirs.consents, **mine.consents})
    world.save_beneficiaries(connection, vault, [both], now)
    for table in (conversations, cases, consents, notices, tasks, recipients):
        whose = (table.c.association == association, table.c.beneficiary == other)
        connection.execute(update(table).where(*whose).values(beneficiary=keep))
    _ask_once(connection, association, keep, now)
    b = beneficiaries.c
    connection.execute(beneficiaries.delete().where(b.association == association, b.id == other))


def _ask_once(connection: Connection, association: str, person: int, now: int) -> None:
    """Whom a wave has twice, now that they are one person: at the address where they came furthest, and at no other."""
    r = recipients.c
    mine = (r.association == association, r.beneficiary == person)
    query = (
        select(r.wave, r.conversation, r.state).where(*mine, r.state.in_(_FURTHEST)).order_by(r.wave, r.conversation)
    )
    by_wave: dict[int, list[tuple[int, int]]] = {}
    for row in connection.execute(query):
        by_wave.setdefault(row.wave, []).append((_FURTHEST.index(row.state), row.conversation))
    for wave, found in by_wave.items():
        others = update(recipients).where(
            r.association == association, r.wave == wave, r.conversation.in_(id for _, id in sorted(found)[1:])
        )
        passed = {"state": waves.PASSED, "why": "asked_lately", "settled_at": now}
        connection.execute(others.where(r.state.in_([waves.WAITING, waves.HELD])).values(**passed))
        connection.execute(others.values(due=None))


def part(connection: Connection, vault: Vault, association: str, conversation: int, now: int) -> int:
    """This address belongs to somebody else: it becomes a person of its own, with the cases that were begun there.
    What is known of the person stays with the others, and what was on its way to the wrong one of the two takes their
    own next address. Returns the new person's id."""
    fresh = new_id()
    c = conversations.c
    whole = person_of(connection, association, conversation)
    here = conversations_of(connection, vault, association, whole) if whole is not None else []
    connection.execute(
        update(conversations)
        .where(c.association == association, c.id == conversation)
        .values(beneficiary=fresh, proven_at=None)
    )
    for table in (cases, consents, notices, tasks, recipients):
        theirs = (table.c.association == association, table.c.conversation == conversation)
        connection.execute(update(table).where(*theirs).values(beneficiary=fresh))
    mine = select(cases.c.reference).where(cases.c.association == association, cases.c.beneficiary == fresh)
    begun = set(connection.scalars(mine))
    for stored in here:
        # News that waits is shown to whoever opens it there: only its own person's may wait at an address.
        apart = stored.id == conversation
        state = stored.conversation
        state.news = {reference: told for reference, told in state.news.items() if (reference in begun) is apart}
        stored.beneficiary = fresh if apart else stored.beneficiary
    save(connection, vault, here)
    _turn_back(connection, association, [stored.id for stored in here], now)
    return fresh


def _turn_back(connection: Connection, association: str, addresses: list[int], now: int) -> None:
    """What tells one of two persons something at an address of the other: whatever waits there goes out no more, and
    what was said there was told to nobody whom it is for."""
    n, one, c, t = notices.c, legs.c, conversations.c, timers.c
    wrong = (
        select(n.id, one.step, one.conversation)
        .join_from(notices, legs, (one.association == n.association) & (one.notice == n.id) & (one.step == n.step))
        .join(conversations, (c.association == n.association) & (c.id == one.conversation))
        .where(n.association == association, n.conversation.in_(addresses), n.state.in_([chain.OUT, chain.UNOPENED]))
        .where(c.beneficiary != n.beneficiary)
    )
    for row in connection.execute(wrong).all():
        unsaid = or_(t.timer == f"notice:{row.id}", t.timer.startswith(f"notice:{row.id}:"))
        here = (t.association == association, t.conversation == row.conversation)
        connection.execute(timers.delete().where(*here, unsaid))
        chain.withdraw(connection, association, row.id, row.conversation, NOT_THEIRS, now)
        ended = {"state": "failed", "why": NOT_THEIRS, "settled_at": now}
        chain.change_leg(connection, association, row.id, row.step, **ended)
        chain.change(connection, association, row.id, state=chain.OUT, due=now)


def prove(connection: Connection, association: str, conversation: int, now: int) -> None:
    """Whoever has this address said that it is theirs; known since the first time."""
    c = conversations.c
    theirs = (c.association == association, c.id == conversation, c.proven_at.is_(None))
    connection.execute(update(conversations).where(*theirs).values(proven_at=now))
