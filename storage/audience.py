"""Who is asked, by one statement of the database: recipients are written without a text and without a look at them
here. Then, at the moment each is fed, whether they still may be asked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, literal, or_, select, update

from conversations.association.profile import Profile
from conversations.association.survey import Audience
from conversations.notices import CLAIMED
from storage import waves
from storage.schema import cases, conversations
from storage.schema_surveys import recipients
from storage.times import ms
from storage.waves import Recipient, Wave


def fill(connection: Connection, wave: Wave, audience: Audience, due: int) -> int:
    """Write the recipients of a wave; those who are there already stay. Returns how many it has now."""
    c, talk, r = cases.c, conversations.c, recipients.c
    slug = wave.association
    conditions: list[Any] = [c.association == slug, c.beneficiary.is_not(None), c.restricted.is_(False)]
    for column, among in (
        (c.kind, audience.kinds),
        (c.stage, audience.stages),
        (c.service, audience.services),
        (c.category, audience.categories),
        (c.branch, audience.branches),
    ):
        if among:
            conditions.append(column.in_(among))
    newest = (
        select(c.beneficiary, func.max(c.id).label("case_id")).where(*conditions).group_by(c.beneficiary).subquery()
    )
    address = [
        talk.association == slug,
        talk.stopped.is_(False),
        talk.restricted.is_(False),
        talk.blocked == "",
        talk.channel != "record",
        or_(talk.proven_at.is_not(None), and_(talk.last_in.is_not(None), talk.channel.not_in(CLAIMED))),
    ]
    if audience.channels:
        address.append(talk.channel.in_(audience.channels))
    place = func.row_number().over(partition_by=talk.beneficiary, order_by=talk.last_in.desc()).label("place")
    theirs = (
        select(talk.id, talk.channel, talk.beneficiary, newest.c.case_id, place)
        .join_from(conversations, newest, newest.c.beneficiary == talk.beneficiary)
        .where(*address)
        .subquery()
    )
    found = select(
        literal(slug),
        literal(wave.id),
        theirs.c.id,
        theirs.c.beneficiary,
        theirs.c.case_id,
        theirs.c.channel,
        literal(waves.WAITING),
        literal(due),
    ).where(
        theirs.c.place == 1,
        ~exists(select(r.conversation).where(r.association == slug, r.wave == wave.id, r.conversation == theirs.c.id)),
    )
    names = ["association", "wave", "conversation", "beneficiary", "case_id", "channel", "state", "due"]
    connection.execute(insert(recipients).from_select(names, found))
    count = connection.scalar(
        select(func.count()).select_from(recipients).where(r.association == slug, r.wave == wave.id)
    )
    waves.change(connection, slug, wave.id, people=count or 0)
    return count or 0


def pass_over(connection: Connection, profile: Profile, wave: Wave, now: datetime) -> int:
    """Once a wave is over, whoever was not asked yet is not asked any more."""
    if ms(now) < wave.ends:
        return 0
    r = recipients.c
    left = update(recipients).where(r.association == wave.association, r.wave == wave.id, r.due.is_not(None))
    done = left.where(r.state == waves.WAITING).values(state=waves.PASSED, why="over", due=None, settled_at=ms(now))
    count = connection.execute(done).rowcount
    connection.execute(left.values(due=None))
    return count


def still_fit(
    connection: Connection, profile: Profile, wave: Wave, claimed: Sequence[Recipient], now: datetime
) -> list[Recipient]:
    """Of those who were claimed, whom may be written to now; the others are put off, or passed over for good."""
    fit = []
    for one in claimed:
        why, again = _why_not(connection, profile, wave, one, now)
        if not why:
            fit.append(one)
        elif again:
            waves.change_recipient(connection, one, why=why, due=ms(now + timedelta(days=1)))
        else:
            waves.change_recipient(connection, one, state=waves.PASSED, why=why, due=None, settled_at=ms(now))
    return fit


def _why_not(connection: Connection, profile: Profile, wave: Wave, one: Recipient, now: datetime) -> tuple[str, bool]:
    """Why somebody is not asked now, and whether that may pass."""
    talk, c, r = conversations.c, cases.c, recipients.c
    row = connection.execute(
        select(talk.stopped, talk.restricted, talk.blocked, talk.holder).where(
            talk.association == one.association, talk.id == one.conversation
        )
    ).first()
    if row is None or row.stopped or row.blocked:
        return "stopped", False
    if row.restricted:
        return "restricted", False
    if row.holder != "bot":
        return "handoff", True
    complains = exists().where(
        c.association == one.association,
        c.beneficiary == one.beneficiary,
        c.kind == "complaint",
        c.closed_at.is_(None),
    )
    if connection.scalar(select(complains)):
        return "complaint", True
    if wave.kind == "survey" and one.state == waves.WAITING:
        since = ms(now - timedelta(days=profile.asking.days_between))
        asked = exists().where(
            and_(
                r.association == one.association,
                r.beneficiary == one.beneficiary,
                r.at.is_not(None),
                r.at >= since,
                r.wave != one.wave,
            )
        )
        if connection.scalar(select(asked)):
            return "asked_lately", False
    return "", False


def anybody_left(connection: Connection, wave: Wave) -> bool:
    r = recipients.c
    query = select(exists().where(r.association == wave.association, r.wave == wave.id, r.due.is_not(None)))
    return bool(connection.scalar(query))
