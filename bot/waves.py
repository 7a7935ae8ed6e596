"""Waves at work: who is next is fed a few seconds ahead of the wire, and looked at again at that moment.

A wave is rows: planned by the database (storage/audience.py), claimed here, told as notices of their own kind, so that
the chain, the templates, the quiet hours and the delivery page are those of every other message.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot import notices as chain
from conversations import notices as rules
from conversations.association.association import Association
from conversations.events import BroadcastSent, Event, SurveyInvited
from storage import audience, waves
from storage.schema import messages
from storage.times import moment, ms
from storage.vault import Vault

AHEAD = 10
"""Seconds of sends that may lie in the queue, so that an abort holds at once."""
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
    """Tell the next people of each running wave, as many as there is room for. Returns how many."""
    slug, fed = association.profile.slug, 0
    running = [
        one for one in waves.open_ones(connection, [slug]) if one.state == waves.RUNNING and one.starts <= ms(now)
    ]
    if not running or rules.goes_at(association.profile, False, now) > now:
        return 0
    room = _room(connection, slug, rates)
    for wave in running:
        audience.pass_over(connection, association.profile, wave, now)
        for channel, free in room.items():
            limit = min(free, AT_ONCE - fed)
            if limit <= 0:
                continue
            claimed = waves.claim(connection, slug, wave.id, channel, ms(now), ms(now + HOLD), limit)
            for one in audience.still_fit(connection, association.profile, wave, claimed, now):
                about = f"{wave.kind}:{wave.id}:{one.reminders}"
                notice = chain.add(connection, vault, association, about, now, wake, conversation=one.conversation)
                waves.change_recipient(
                    connection,
                    one,
                    state=waves.INVITED if one.state == waves.WAITING else one.state,
                    notice=notice.id,
                    at=one.at or ms(now),
                    reminders=one.reminders + 1,
                    due=_next(association, wave, one, now),
                )
                fed += 1
            room[channel] -= len(claimed)
        if not audience.anybody_left(connection, wave):
            finish(connection, wave, now)
    return fed


def _room(connection: Connection, slug: str, rates: Mapping[str, float]) -> dict[str, int]:
    m = messages.c
    query = (
        select(m.channel, func.count())
        .where(m.association == slug, m.lane == "bulk", m.state.in_(["queued", "sending"]))
        .group_by(m.channel)
    )
    queued = {channel: int(count) for channel, count in connection.execute(query).tuples()}
    return {channel: int(rate * AHEAD) - queued.get(channel, 0) for channel, rate in rates.items()}


def _next(association: Association, wave: waves.Wave, one: waves.Recipient, now: datetime) -> int | None:
    """When they are reminded; None: no more."""
    survey = association.profile.survey(wave.survey)
    if wave.kind != "survey" or survey is None or one.reminders >= len(survey.remind_days):
        return None
    first = moment(one.at) if one.at else now
    due = first + timedelta(days=survey.remind_days[one.reminders])
    return ms(due) if ms(due) < wave.ends else None


def finish(connection: Connection, wave: waves.Wave, now: datetime) -> None:
    """Everybody was asked; what comes later still counts, until its end."""
    if wave.rolling and ms(now) < wave.ends:
        return
    if wave.kind == "survey" and ms(now) < wave.ends:
        return
    waves.change(connection, wave.association, wave.id, state=waves.DONE, done_at=ms(now))


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
            until=moment(wave.ends),
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
