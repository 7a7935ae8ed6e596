"""Topics of an association's Telegram staff group: one for each conversation that waits for staff, and what is on its
way into it. What is sent, and how: bot/staff_group.

wanted → making → made (it is there, and empty) → open → closed (nobody waits any more) → made again. `gone`: somebody
deleted it; it is made again when there is something to show. `withdrawn`: the conversation may not be in the group any
more, and its topic was taken out; `erasing`: what was said in it is erased, and it is to be taken out.

A row is worked on until `not_before`, by whoever claimed it. Telegram cannot be asked whether it made a topic or took a
message: a row left `making` is made again (the topic before, if there is one, is an orphan without a line in it), and
what was `sending` is sent once more, marked, and then let be.
"""

from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from storage import excluded
from storage.ids import new_id
from storage.schema import cases, conversations, handoffs, messages
from storage.schema_desk import topic_lines, topics
from storage.times import MINUTE
from storage.vault import Vault, context

HELD_BACK = ("complaint", "compensation")
"""Kinds of case that are not heard by those who receive people: a handoff about one does not reach the group."""
WITHDRAWN = "withdrawn"
LINGERS = 60 * MINUTE
_BODY = "topic_lines.body"


class Topic(NamedTuple):
    """A row. `group` is the chat's id; milliseconds."""

    association: str
    conversation: int
    group: str
    topic: int = 0
    state: str = "wanted"
    shown: str = ""
    mirrored: int = 0
    sending: int = 0
    again: bool = False
    not_before: int = 0


class Work(NamedTuple):
    """What is to be done next: the topic as it is (state "" where there is none), and the conversation's side of it."""

    topic: Topic
    reaches: bool
    live: bool
    """Somebody waits, or a worker holds it."""
    urgent: bool
    expected: str
    """What its name and icon should say, as `shown`."""
    seq: int
    oldest: int | None
    """When the first line was written that is not there yet."""
    answers: bool
    """The house itself has something to say there."""


def next_work(connection: Connection, association: str, group: str, now: int) -> Work | None:
    """The most pressing thing to do in this group: taking out what may not be there; hand-overs, urgent ones first;
    answers to staff; then whatever waits longest."""
    first_missing = messages.alias("first_missing")
    c, t, m = conversations.c, topics.c, first_missing.c
    waits = _waiting(association)
    w = waits.c
    here = t.group_id == group
    state = case((t.conversation.is_(None), ""), (here, t.state), else_="gone")
    live = or_(w.since.is_not(None), c.holder.startswith("staff:"))
    reaches = _reaches(association)
    answers = exists(
        select(literal(1)).where(topic_lines.c.association == association, topic_lines.c.conversation == c.id)
    )
    expected = case(
        (c.holder.startswith("staff:"), c.holder),
        (w.urgent == 1, "queue!"),
        (w.since.is_not(None), "queue"),
        else_="bot",
    )
    behind = c.seq > t.mirrored
    takes_out = and_(t.topic > 0, or_(state == "erasing", and_(not_(reaches), state.in_(["made", "open", "closed"]))))
    makes = and_(
        reaches,
        w.since.is_not(None),
        or_(state.in_(["", "wanted", "making", "withdrawn"]), and_(state == "gone", or_(behind, answers))),
    )
    opens = and_(reaches, or_(state == "made", and_(state == "closed", live)))
    goes_on = and_(state == "open", or_(behind, t.sending > 0, t.shown != expected, not_(live)))
    speaks = and_(answers, here, t.state.in_(["open", "closed"]))
    rank = case((takes_out, 0), (or_(makes, opens), 1), (speaks, 2), else_=3)
    since = case((rank == 1, w.since), (behind, func.coalesce(m.at, c.updated)), else_=c.updated)
    ids = _candidates(association)
    read = (
        *(c.id, c.seq, reaches.label("reaches"), live.label("live"), w.urgent, expected.label("expected")),
        *(m.at.label("oldest"), answers.label("answers"), state.label("state_here")),
        *(t.topic, t.shown, t.mirrored, t.sending, t.again, t.not_before),
    )
    query = (
        select(*read)
        .select_from(ids)
        .join(conversations, and_(c.association == association, c.id == ids.c.id))
        .outerjoin(topics, and_(t.association == association, t.conversation == c.id))
        .outerjoin(waits, w.conversation == c.id)
        .outerjoin(
            first_missing,
            and_(m.association == association, m.conversation == c.id, m.seq == t.mirrored + 1),
        )
        .where(
            or_(t.not_before.is_(None), t.not_before <= now),
            or_(takes_out, makes, opens, goes_on, speaks),
        )
        .order_by(rank, case((rank == 1, func.coalesce(w.urgent, 0)), else_=0).desc(), since, c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    known = () if row.topic is None else (row.shown, row.mirrored, row.sending, bool(row.again), row.not_before)
    topic = Topic(association, row.id, group, row.topic or 0, row.state_here, *known)
    return Work(
        topic if row.state_here != "gone" else topic._replace(topic=0),
        bool(row.reaches),
        bool(row.live),
        row.urgent == 1,
        row.expected,
        row.seq,
        row.oldest,
        bool(row.answers),
    )


def reaches(connection: Connection, association: str, conversation: int) -> bool:
    """Whether this conversation may be in the group. Ask after its lines were read: what was written later is not
    among them then, and what makes it confidential committed with its line."""
    query = select(literal(1)).where(
        conversations.c.association == association,
        conversations.c.id == conversation,
        _reaches(association),
    )
    return connection.execute(query).first() is not None


def find(connection: Connection, association: str, group: str, topic: int) -> Topic | None:
    """The row of a topic of this group."""
    t = topics.c
    return _one(connection, t.association == association, t.group_id == group, t.topic == topic, t.topic > 0)


def of(connection: Connection, association: str, conversation: int) -> Topic | None:
    t = topics.c
    return _one(connection, t.association == association, t.conversation == conversation)


def ended_at(connection: Connection, association: str, conversation: int) -> int:
    """When nobody waited any more, the last time; 0 where nobody ever did."""
    h = handoffs.c
    query = select(func.max(h.done_at)).where(h.association == association, h.conversation == conversation)
    return connection.scalar(query) or 0


# --- claims ----------------------------------------------------------------------------------------------------------


def begin_making(connection: Connection, topic: Topic, now: int, until: int) -> bool:
    """Claim the making of a topic, before Telegram is asked. False where somebody else was faster."""
    t = topics.c
    values = {
        "group_id": topic.group, "topic": 0, "state": "making", "shown": "", "mirrored": 0, "sending": 0,
        "again": False, "not_before": until,
    }  # fmt: skip
    statement = upsert(topics).values(association=topic.association, conversation=topic.conversation, at=now, **values)
    again = or_(t.state.in_(["wanted", "making", "gone", WITHDRAWN]), t.group_id != topic.group)
    done = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["association", "conversation"], set_=values, where=and_(t.not_before <= now, again)
        ).returning(t.conversation)
    )
    return done.first() is not None


def begin(connection: Connection, topic: Topic, now: int, until: int, /, **changed: Any) -> bool:
    """Claim a topic that is there, as it was read. False where it is not so any more."""
    t = topics.c
    same = and_(
        t.association == topic.association, t.conversation == topic.conversation, t.topic == topic.topic,
        t.state == topic.state, t.mirrored == topic.mirrored, t.sending == topic.sending, t.not_before <= now,
    )  # fmt: skip
    done = connection.execute(update(topics).where(same).values(not_before=until, **changed))
    return done.rowcount == 1


def change(connection: Connection, topic: Topic, /, **changed: Any) -> None:
    """What became of it; whoever claimed it lets it go, unless `not_before` is given."""
    t = topics.c
    one = (t.association == topic.association) & (t.conversation == topic.conversation)
    connection.execute(update(topics).where(one).values({"not_before": 0, **changed}))


def free_all(connection: Connection) -> None:
    """Nobody works on anything: for whoever is alone with the database, so that those who did are dead."""
    connection.execute(update(topics).where(topics.c.not_before > 0).values(not_before=0))


def erase(connection: Connection, association: str, conversation: int) -> None:
    """What was said is erased: its copies in the group go too, in the group's next turn."""
    t = topics.c
    there = (t.association == association, t.conversation == conversation, t.topic > 0)
    connection.execute(update(topics).where(*there).values(state="erasing", sending=0, again=False))


def ask_again_after(connection: Connection, topic: Topic, now: int, rest: int) -> bool:
    """Whether somebody without an account is told how to get in: once in `rest` milliseconds in each topic."""
    t = topics.c
    one = (t.association == topic.association) & (t.conversation == topic.conversation)
    told = connection.execute(update(topics).where(one, t.asked_at <= now - rest).values(asked_at=now))
    return told.rowcount == 1


# --- what the house says there ---------------------------------------------------------------------------------------


def say(connection: Connection, vault: Vault, association: str, conversation: int, words: str, now: int) -> None:
    """Something of our own, to be said in the topic with what goes there next; what could not be said is let go."""
    x = topic_lines.c
    connection.execute(delete(topic_lines).where(x.association == association, x.at < now - LINGERS))
    id = new_id()
    body = vault.seal(words.encode(), context(_BODY, association, id))
    connection.execute(
        insert(topic_lines).values(association=association, id=id, conversation=conversation, body=body, at=now)
    )


def said(connection: Connection, vault: Vault, association: str, conversation: int) -> list[tuple[int, str]]:
    """Id and words of what is still to be said, in order."""
    x = topic_lines.c
    query = select(x.id, x.body).where(x.association == association, x.conversation == conversation).order_by(x.id)
    return [
        (row.id, vault.open(row.body, context(_BODY, association, row.id)).decode())
        for row in connection.execute(query)
    ]


def forget(connection: Connection, topic: Topic, upto: int | None = None) -> None:
    """It was said (up to this id); None: all of it."""
    x = topic_lines.c
    theirs = and_(x.association == topic.association, x.conversation == topic.conversation)
    connection.execute(delete(topic_lines).where(theirs if upto is None else and_(theirs, x.id <= upto)))


# --- parts of the question -------------------------------------------------------------------------------------------


def _waiting(association: str) -> Subquery:
    """Conversations that wait for staff or are with them: since when, and whether it is urgent."""
    h = handoffs.c
    return (
        select(
            h.conversation,
            func.max(case((h.urgent, 1), else_=0)).label("urgent"),
            func.min(h.at).label("since"),
        )
        .where(h.association == association, h.done_at.is_(None))
        .group_by(h.conversation)
        .subquery("waits")
    )


def _candidates(association: str) -> Subquery:
    """Conversations there may be something to do for, each by an index of its own."""
    h, c, t, x = handoffs.c, conversations.c, topics.c, topic_lines.c
    return union(
        select(h.conversation.label("id")).where(h.association == association, h.done_at.is_(None)),
        select(c.id).where(c.association == association, text("holder <> 'bot'")),
        select(t.conversation).where(
            t.association == association, text("state IN ('wanted', 'making', 'made', 'open', 'erasing')")
        ),
        select(x.conversation).where(x.association == association),
    ).subquery("candidates")


def _reaches(association: str) -> ColumnElement[bool]:
    """May be shown in the group: everybody there sees everything, so one who may not is enough."""
    c, h, k = conversations.c, handoffs.alias("kept_back").c, cases.alias("about").c
    about_hidden = exists(
        select(literal(1)).where(
            k.association == association,
            k.reference == h.reference,
            or_(k.restricted, k.kind.in_(HELD_BACK)),
        )
    )
    kept_back = exists(
        select(literal(1)).where(
            h.association == association,
            h.conversation == c.id,
            h.done_at.is_(None),
            or_(h.restricted, h.women_only, and_(h.reference != "", about_hidden)),
        )
    )
    return and_(
        c.restricted.is_(False),
        c.women_only.is_(False),
        c.blocked == "",
        c.id.not_in(excluded.talks(association)),
        not_(kept_back),
    )


def _one(connection: Connection, *where: ColumnElement[bool]) -> Topic | None:
    t = topics.c
    columns = (t.association, t.conversation, t.group_id, t.topic, t.state, t.shown, t.mirrored, t.sending, t.again)
    row = connection.execute(select(*columns, t.not_before).where(*where)).first()
    return None if row is None else Topic(*row[:8], bool(row[8]), row[9])
