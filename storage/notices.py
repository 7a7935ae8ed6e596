"""Notices and their legs: what has to reach a person, and by which addresses it was tried. Milliseconds."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from conversations.notices import BULK_KINDS
from storage.accounts import ALL
from storage.batch import ASSOCIATIONS, NOW, UNTIL, claiming
from storage.schema import case_moves, cases, conversations, messages
from storage.schema_notices import legs, notices

WAITING, OUT, UNOPENED, REACHED, WITH_STAFF, DROPPED = "waiting", "out", "unopened", "reached", "with_staff", "dropped"
JOINED = "joined"
"""Goes along with another one, whose id stands in `why`, and ends as that one does."""


class Notice(NamedTuple):
    """A row of `notices`."""

    association: str
    id: int
    kind: str
    about: str
    at: int
    urgency: str = ""
    channel: str = ""
    reference: str = ""
    case_id: int | None = None
    conversation: int | None = None
    beneficiary: int | None = None
    state: str = WAITING
    due: int | None = None
    step: int = 0
    why: str = ""
    settled_at: int | None = None


class Leg(NamedTuple):
    """A row of `legs`."""

    association: str
    notice: int
    step: int
    channel: str
    at: int
    state: str
    conversation: int | None = None
    task: int | None = None
    until: int | None = None
    why: str = ""
    settled_at: int | None = None


class Whom(NamedTuple):
    """One conversation of a person."""

    id: int
    channel: str
    proven_at: int | None
    last_in: int | None
    stopped: bool
    blocked: str


_NOTICE = [notices.c[name] for name in Notice._fields]
_LEG = [legs.c[name] for name in Leg._fields]


def add(connection: Connection, notice: Notice) -> None:
    connection.execute(insert(notices).values(**notice._asdict()))


def get(connection: Connection, association: str, id: int, lock: bool = False) -> Notice | None:
    n = notices.c
    query = select(*_NOTICE).where(n.association == association, n.id == id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return Notice._make(row) if row else None


def claim_due(
    connection: Connection, now: int, until: int, associations: Iterable[str], limit: int = 200
) -> list[Notice]:
    """Notices of these associations to look at now, which nobody else looks at before `until`."""
    given = {"associations": list(associations), "now": now, "until": until, "most": limit}
    rows = connection.execute(_CLAIM, given)
    return sorted((Notice._make(row) for row in rows), key=lambda one: one.id)


_n = notices.c
_CLAIM = claiming(
    *(notices, _n.association.in_(ASSOCIATIONS), _n.due.is_not(None), _n.due <= NOW), order=_n.due, due=UNTIL
).returning(*_NOTICE)


def change(connection: Connection, association: str, id: int, **changes: object) -> None:
    n = notices.c
    connection.execute(update(notices).where(n.association == association, n.id == id).values(**changes))


def join_waiting(connection: Connection, carrier: Notice, until: int) -> None:
    """Whatever else waits for the same person until then goes along with this one, by the same agreed channel; not what
    many are told."""
    n = notices.c
    waits = (n.association == carrier.association, n.conversation == carrier.conversation, n.state == WAITING)
    same = (n.id != carrier.id, n.channel == carrier.channel, n.due <= until, n.kind.not_in(BULK_KINDS))
    connection.execute(update(notices).where(*waits, *same).values(state=JOINED, why=str(carrier.id), due=None))


def joined_to(connection: Connection, carrier: Notice) -> list[Notice]:
    """What goes along with it, as it stands."""
    n = notices.c
    mine = (n.association == carrier.association, n.conversation == carrier.conversation, n.why == str(carrier.id))
    query = select(*_NOTICE).where(*mine, n.state == JOINED).order_by(n.id)
    return [Notice._make(row) for row in connection.execute(query)]


def join(connection: Connection, notice: Notice, carrier: Notice) -> None:
    """This goes along with that one, and so does whatever went along with this."""
    for one in (notice, *joined_to(connection, notice)):
        change(connection, one.association, one.id, state=JOINED, why=str(carrier.id), due=None)


def announced(connection: Connection, notice: Notice, conversation: int, besides: int) -> Notice | None:
    """Another notice whose message at this address says of the same case that there is news: it is on its way, or
    arrived and was not opened yet."""
    n = notices.c
    if notice.case_id is None:
        return None
    same = (n.association == notice.association, n.case_id == notice.case_id, n.conversation == notice.conversation)
    stands = (n.kind == "moved", n.id.not_in([notice.id, besides]), n.state.in_([OUT, UNOPENED, JOINED]))
    for row in connection.execute(select(*_NOTICE).where(*same, *stands).order_by(n.id)).all():
        one: Notice | None = Notice._make(row)
        if one is not None and one.state == JOINED:
            one = get(connection, one.association, int(one.why)) if one.why != str(besides) else None
        if one is not None and one.state in (OUT, UNOPENED):
            tried = legs_of(connection, one.association, one.id)
            if any(leg.conversation == conversation and leg.state in ("out", "arrived") for leg in tried):
                return one
    return None


def settle_joined(connection: Connection, carrier: Notice, state: str, now: int) -> None:
    n = notices.c
    mine = (n.association == carrier.association, n.conversation == carrier.conversation, n.why == str(carrier.id))
    connection.execute(update(notices).where(*mine, n.state == JOINED).values(state=state, settled_at=now))


def sent_since(connection: Connection, notice: Notice, since: int) -> int:
    """How many notices have gone out by a message since then to the person of this one, whichever address they are
    about; where nobody is known to be behind it, to this address."""
    n, one, c = notices.c, legs.c, conversations.c
    whose = and_(one.association == n.association, one.notice == n.id)
    theirs = select(c.id).where(c.association == notice.association, c.beneficiary == notice.beneficiary)
    mine = n.conversation == notice.conversation if notice.beneficiary is None else n.conversation.in_(theirs)
    gone = (one.conversation.is_not(None), one.state != "skipped", one.at >= since)
    query = select(func.count(n.id.distinct())).select_from(notices.join(legs, whose))
    return connection.scalar(query.where(n.association == notice.association, mine, *gone)) or 0


def old(connection: Connection, association: str, before: int, limit: int) -> list[int]:
    """Those of no case that began before then and that nothing is done about any more, the oldest first."""
    n = notices.c
    mine = (n.association == association, n.case_id.is_(None), n.due.is_(None), n.at < before)
    return list(connection.scalars(select(n.id).where(*mine).order_by(n.at).limit(limit)))


def forget(connection: Connection, association: str, *which: ColumnElement[bool]) -> int:
    """Who was told what, when and by which ways; how many. Messages and tasks go by themselves, what a wave counts
    stays with its recipients."""
    n, one = notices.c, legs.c
    gone = connection.execute(select(n.id, n.conversation, n.due).where(n.association == association, *which)).all()
    ids = [row.id for row in gone]
    for row in gone:
        if row.due is not None:
            # Whatever went along with it, and stays, goes on by itself.
            along = (n.conversation == row.conversation, n.state == JOINED, n.why == str(row.id), n.id.not_in(ids))
            free = update(notices).where(n.association == association, *along)
            connection.execute(free.values(state=WAITING, why="", due=row.due))
    if ids:
        connection.execute(delete(legs).where(one.association == association, one.notice.in_(ids)))
        connection.execute(delete(notices).where(n.association == association, n.id.in_(ids)))
    return len(ids)


def case_of(connection: Connection, association: str, reference: str) -> tuple[int, str, int | None] | None:
    """Id, agreed channel and beneficiary of a case."""
    c = cases.c
    found = connection.execute(
        select(c.id, c.agreed_channel, c.beneficiary).where(c.association == association, c.reference == reference)
    ).first()
    return (found.id, found.agreed_channel, found.beneficiary) if found else None


def filed_at(connection: Connection, notice: Notice) -> int:
    """When its case was filed; 0 where it has none."""
    c = cases.c
    query = select(c.opened_at).where(c.association == notice.association, c.id == notice.case_id)
    return connection.scalar(query) or 0


def stage_told(connection: Connection, notice: Notice) -> str:
    """The stage to which the move led that a notice tells of (`moved:<reference>:<seq>`); empty for any other."""
    seq = notice.about.rpartition(":")[2]
    if notice.kind != "moved" or not seq.isdecimal():
        return ""
    m = case_moves.c
    mine = (m.association == notice.association, m.case_id == notice.case_id, m.seq == int(seq))
    return connection.scalar(select(m.to_stage).where(*mine)) or ""


def person_of(connection: Connection, association: str, conversation: int) -> int | None:
    c = conversations.c
    query = select(c.beneficiary).where(c.association == association, c.id == conversation)
    return connection.scalar(query)


def kept_apart(
    connection: Connection, association: str, case_id: int | None, conversation: int | None
) -> tuple[bool, bool]:
    """Whether this is the protection officer's alone, and whether it is for women."""
    c, talk = cases.c, conversations.c
    case = connection.scalar(select(c.restricted).where(c.association == association, c.id == case_id))
    row = connection.execute(
        select(talk.restricted, talk.women_only).where(talk.association == association, talk.id == conversation)
    ).first()
    return bool(case) or bool(row and row.restricted and case_id is None), bool(row and row.women_only)


def addresses(connection: Connection, association: str, beneficiary: int | None, home: int | None) -> list[Whom]:
    """Every conversation of this person, and the one where the matter began."""
    c = conversations.c
    query = select(c.id, c.channel, c.proven_at, c.last_in, c.stopped, c.blocked).where(c.association == association)
    theirs = and_(c.beneficiary == beneficiary, c.erased_at.is_(None) | (c.last_in > c.erased_at))
    # One statement each, and not OR: each has its index. Of what they erased they hear where it began.
    conditions = [c.id == home] + ([theirs] if beneficiary is not None else [])
    found = {row.id: Whom._make(row) for one in conditions for row in connection.execute(query.where(one))}
    return list(found.values())


# --- legs ------------------------------------------------------------------------------------------------------------


def add_leg(connection: Connection, leg: Leg) -> None:
    connection.execute(insert(legs).values(**leg._asdict()))


def legs_of(connection: Connection, association: str, notice: int) -> list[Leg]:
    one = legs.c
    query = select(*_LEG).where(one.association == association, one.notice == notice).order_by(one.step)
    return [Leg._make(row) for row in connection.execute(query)]


def legs_of_task(connection: Connection, association: str, task: int) -> list[Leg]:
    """Every notice that this task stands for."""
    one = legs.c
    query = select(*_LEG).where(one.association == association, one.task == task, one.task.is_not(None))
    return [Leg._make(row) for row in connection.execute(query.order_by(one.notice))]


def of_task(connection: Connection, association: str, task: int) -> list[Notice]:
    """Every notice that this task stands for, the oldest first."""
    ids = dict.fromkeys(leg.notice for leg in legs_of_task(connection, association, task))
    return [found for id in ids if (found := get(connection, association, id)) is not None]


def change_leg(connection: Connection, association: str, notice: int, step: int, **changes: object) -> str:
    """Its channel; empty where there is no such leg."""
    one = legs.c
    mine = update(legs).where(one.association == association, one.notice == notice, one.step == step)
    return connection.execute(mine.values(**changes).returning(one.channel)).scalar() or ""


def states(
    connection: Connection, association: str, notice: int, conversation: int, since: int = 0
) -> list[tuple[str, str, int | None]]:
    """State and error of the messages that carry a notice at this address, and when they last changed; `since`:
    without those that had failed by then."""
    m = messages.c
    query = select(m.state, m.error, m.updated).where(
        m.association == association, m.notice == notice, m.notice.is_not(None), m.conversation == conversation
    )
    query = query.where((m.state != "failed") | (m.updated > since)) if since else query
    return [(row.state, row.error or "", row.updated) for row in connection.execute(query)]


def untried(connection: Connection, given: Sequence[Notice]) -> list[tuple[str, int, str]]:
    """Association, id and channel of those whose message waits in the queue and was never tried."""
    m = messages.c
    found: list[tuple[str, int, str]] = []
    for association in {one.association for one in given}:
        ids = [one.id for one in given if one.association == association and one.state == OUT]
        query = select(m.notice, m.channel).where(
            m.association == association, m.notice.in_(ids), m.notice.is_not(None), m.state == "queued", m.attempts == 0
        )
        found += [(association, row.notice, row.channel) for row in connection.execute(query)]
    return found


def put_off(connection: Connection, association: str, ids: Sequence[int], until: int) -> None:
    """Look at these no sooner."""
    n = notices.c
    connection.execute(update(notices).where(n.association == association, n.id.in_(ids)).values(due=until))


def look_at_queued(connection: Connection, association: str, channel: str, now: int, limit: int = 2000) -> int:
    """The channel is cut: what waits for it is looked at now. Returns how many notices that are."""
    m, n = messages.c, notices.c
    waiting = (
        select(m.notice)
        .where(
            *([] if association == ALL else [m.association == association]),
            m.channel == channel,
            m.lane == "notice",
            m.state == literal_column("'queued'"),
            m.notice.is_not(None),
        )
        .limit(limit)
    )
    open_ = (n.state == OUT, n.due > now, n.id.in_(waiting))
    return connection.execute(update(notices).where(*open_).values(due=now)).rowcount


def queued_for(connection: Connection, accounts: Iterable[tuple[str, str]], limit: int = 1000) -> list[tuple[str, int]]:
    """Messages (association, id) that carry a notice and wait for one of these accounts (association, channel)."""
    m = messages.c
    found: list[tuple[str, int]] = []
    for association, channel in accounts:
        for lane in ("notice", "bulk"):
            waits = (m.association == association, m.channel == channel, m.lane == lane, m.notice.is_not(None))
            query = select(m.id).where(*waits, m.state == literal_column("'queued'")).limit(limit - len(found))
            found += [(association, id) for id in connection.scalars(query)]
    return found


def give_up(connection: Connection, rows: Sequence[tuple[str, int]], why: str, now: int) -> None:
    """Of these messages (association, id), those that wait still go out no more: what they carry goes on now."""
    m = messages.c
    gone: list[tuple[str, int]] = []
    for association in {association for association, _ in rows}:
        ids = [id for slug, id in rows if slug == association]
        waits = (m.association == association, m.id.in_(ids), m.state == literal_column("'queued'"))
        failed = update(messages).where(*waits).values(state="failed", error=why, updated=now).returning(m.id)
        gone += [(association, id) for id in connection.scalars(failed)]
    look_again(connection, gone, now)


def withdraw(connection: Connection, association: str, notice: int, conversation: int, why: str, now: int) -> None:
    """What still waits in the queue of this address goes out no more: another way is taken."""
    m = messages.c
    connection.execute(
        update(messages)
        .where(
            m.association == association,
            m.notice == notice,
            m.notice.is_not(None),
            m.conversation == conversation,
            m.state == literal_column("'queued'"),
        )
        .values(state="failed", error=why, updated=now)
    )


def look_again(connection: Connection, rows: Sequence[tuple[str, int]], now: int) -> int:
    """These messages (association, id) failed: whatever they carry goes on now. Returns how many notices that are."""
    m, n = messages.c, notices.c
    count = 0
    for association in {association for association, _ in rows}:
        ids = [id for slug, id in rows if slug == association]
        carried = select(m.notice).where(m.association == association, m.id.in_(ids), m.notice.is_not(None))
        open_ = (n.association == association, n.state == OUT, n.id.in_(carried))
        count += connection.execute(update(notices).where(*open_).values(due=now)).rowcount
    return count
