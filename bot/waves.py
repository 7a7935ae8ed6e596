"""Waves at work: who is next is fed a few seconds ahead of the wire, and looked at again at that moment.

A wave is rows: planned by the house or by staff (bot/planner.py), its people written by the database
(storage/audience.py), claimed here, told as notices of their own kind, so that the chain, the templates, the quiet
hours and the delivery page are those of every other message.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot import notices as chain
from conversations import notices as rules
from conversations.association.association import Association
from conversations.events import BroadcastSent, Event, SurveyInvited
from conversations.surveys.periods import of_key
from storage import fitness, waves
from storage.schema import conversations, messages, timers
from storage.times import moment, ms
from storage.vault import Vault

AHEAD = 10
"""Seconds of sends that may lie in the queue, so that an abort holds at once."""
FASTEST = 100.0
"""Messages a second, where a channel itself knows no limit: every one is a turn of this house."""
AT_ONCE = 50
"""In one transaction: replies wait behind it."""
HOLD = timedelta(minutes=5)
"""A recipient who was claimed, by a process that died, is fed again after this."""


def feed(
    connection: Connection,
    vault: Vault,
    association: Association,
    now: datetime,
    wake: chain.Wake,
    rates: Mapping[str, float],
) -> int:
    """Tell the next people of each running wave, as many as there is room for. Returns how many it looked at: there
    may be more while that is AT_ONCE."""
    slug = association.profile.slug
    if rules.goes_at(association.profile, False, now) > now:
        return 0
    running = waves.take_running(connection, slug, ms(now))
    if not running:
        return 0
    room = _room(connection, slug, rates, now)
    looked = 0
    for wave in running:
        if wave.ends <= ms(now):
            continue
        for channel, free in room.items():
            limit = min(free, AT_ONCE - looked)
            if limit <= 0:
                continue
            claimed = waves.claim(connection, slug, wave.id, channel, ms(now), ms(now + HOLD), limit)
            for one in fitness.still_fit(connection, association.profile, wave, claimed, now):
                _tell(connection, vault, association, wave, one, now, wake)
            room[channel] -= len(claimed)
            looked += len(claimed)
        if wave.kind == "broadcast" and not waves.anybody_left(connection, wave):
            waves.change(connection, slug, wave.id, state=waves.DONE, done_at=ms(now))
    return looked


def _tell(
    connection: Connection,
    vault: Vault,
    association: Association,
    wave: waves.Wave,
    one: waves.Recipient,
    now: datetime,
    wake: chain.Wake,
) -> None:
    about = f"{wave.kind}:{wave.id}:{one.reminders}"
    notice = chain.add(connection, vault, association, about, now, wake, conversation=one.conversation)
    waves.change_recipient(
        connection,
        one,
        state=waves.INVITED if one.state == waves.WAITING else one.state,
        why="",
        notice=notice.id,
        at=one.at or ms(now),
        reminders=one.reminders + 1,
        due=_next(association, wave, one, now),
    )


def _room(connection: Connection, slug: str, rates: Mapping[str, float], now: datetime) -> dict[str, int]:
    """By channel, how many more may lie in the queue; what is not said yet lies there already."""
    m, t, talk = messages.c, timers.c, conversations.c
    queued = (
        select(m.channel, func.count())
        .where(m.association == slug, m.lane == "bulk", m.state.in_(["queued", "sending"]))
        .group_by(m.channel)
    )
    unsaid = (
        select(talk.channel, func.count())
        .join_from(timers, conversations, (talk.association == t.association) & (talk.id == t.conversation))
        .where(t.association == slug, t.due <= ms(now), t.timer.startswith("notice:"))
        .group_by(talk.channel)
    )
    room = {channel: int(min(rate, FASTEST) * AHEAD) for channel, rate in rates.items()}
    for query in (queued, unsaid):
        for channel, many in connection.execute(query).tuples():
            room[channel] = room.get(channel, 0) - int(many)
    return room


def _next(association: Association, wave: waves.Wave, one: waves.Recipient, now: datetime) -> int | None:
    """When they are reminded; None: no more. Whoever said «later» is asked again once."""
    survey = association.profile.survey(wave.survey)
    if wave.kind != "survey" or survey is None or one.state == waves.LATER or one.reminders >= len(survey.remind_days):
        return None
    first = moment(one.at) if one.at else now
    due = max(first + timedelta(days=survey.remind_days[one.reminders]), now + timedelta(days=1))
    return ms(due) if ms(due) < wave.ends else None


def _until(wave: waves.Wave, now: datetime) -> datetime:
    """Who joins a rolling wave has as many days as it goes on after its quarter."""
    run = of_key(wave.period) if wave.rolling else None
    ends = moment(wave.ends)
    return min(ends, now + (ends - run.ends)) if run else ends


def event_of(connection: Connection, vault: Vault, association: str, about: str, now: datetime) -> Event | None:
    """What a notice `survey:<wave>:<reminder>` or `broadcast:<wave>:…` says; None once the wave was stopped."""
    number, _, reminder = about.partition(":")
    wave = waves.get(connection, association, int(number))
    if wave is None or wave.state in (waves.ABORTED, waves.PAUSED) or wave.ends <= ms(now):
        return None
    if wave.kind == "survey":
        return SurveyInvited(
            id=f"survey-{about}",
            at=now,
            wave=number,
            survey=wave.survey,
            until=_until(wave, now),
            reminder=int(reminder or 0),
        )
    body = waves.body_of(connection, vault, association, wave.id)
    if body is None:
        return None
    return BroadcastSent(
        id=f"broadcast-{about}",
        at=now,
        wave=number,
        text=body.text,
        file=body.file,
        file_name=body.file_name,
        file_kind=body.file_kind,
        buttons=body.buttons,
        template=body.template,
    )


def unfit(connection: Connection, association: Association, number: str, conversation: int, now: datetime) -> str:
    """Looked at once more as the invitation is said, at whichever address: what speaks against it by now, or ""."""
    wave = waves.get(connection, association.slug, int(number))
    one = waves.recipient(connection, association.slug, wave.id, conversation) if wave else None
    return fitness.unfit(connection, association.profile, wave, one, now) if wave and one else ""
