"""What a person does with a survey, kept in the transaction of their turn."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from conversations.association.association import Association
from conversations.association.survey import Survey
from conversations.cases.calendar import here
from conversations.effects import SurveyAnswered
from conversations.surveys.scoring import Scored, scored
from storage import surveys, waves
from storage.ids import new_id
from storage.schema import cases, conversations
from storage.surveys import Response
from storage.times import ms
from storage.vault import Vault
from storage.waves import Recipient, Wave

EPOCH = date(1970, 1, 1)
AGAIN = timedelta(days=2)
"""After so long whoever said «later» is asked once more, where no reminder is due anyway."""
MOST_ASKED = 3
"""Invited once and reminded twice."""


def heard(
    connection: Connection,
    vault: Vault,
    association: Association,
    effect: SurveyAnswered,
    conversation: int,
    language: str,
    now: datetime,
    source: str = "",
) -> None:
    """Their state in the wave, and their answers: one by one under a response of theirs, or, anonymous and finished,
    all at once under one that is nobody's."""
    slug = association.profile.slug
    survey = association.profile.survey(effect.survey)
    wave = waves.get(connection, slug, int(effect.wave)) if effect.wave.isdigit() else None
    one = waves.recipient(connection, slug, wave.id, conversation, lock=True) if wave else None
    if survey is None or wave is None or one is None or wave.state in waves.SHUT:
        return
    answers = scored_of(survey, effect.answers)
    response = one.response
    if wave.anonymous:
        if effect.last and one.state != waves.FINISHED:
            nobodys = began(connection, wave, one, language, now, surveys.random_id(), source)
            keep(connection, vault, nobodys, answers, last=True)
    elif answers or effect.last:
        mine = surveys.get(connection, slug, response, lock=True) if response else None
        mine = mine or began(connection, wave, one, language, now, new_id(), source)
        response = mine.id
        keep(connection, vault, mine, answers, last=effect.last)
    state = waves.forward(one.state, effect.state)
    # Of an anonymous wave not even the day: their response has one, and beside it would tell whose it is.
    at = None if wave.anonymous else ms(now)
    due = {"due": None, "settled_at": at} if state in (waves.FINISHED, waves.DECLINED) else {}
    if effect.state == waves.LATER and one.state == waves.INVITED and one.due is None and one.reminders < MOST_ASKED:
        due = {"due": ms(now + AGAIN)}
    waves.change_recipient(connection, one, state=state, response=response, **due)


def keep(
    connection: Connection, vault: Vault, response: Response, answers: Mapping[str, Scored], *, last: bool
) -> None:
    if answers:
        surveys.answer(connection, vault, response, answers)
    if last:
        surveys.finish(connection, response)


def scored_of(survey: Survey, given: Mapping[str, Any]) -> dict[str, Scored]:
    known = {id: survey.question(id) for id in given}
    return {id: scored(question, given[id]) for id, question in known.items() if question is not None}


def began(
    connection: Connection, wave: Wave, one: Recipient, language: str, now: datetime, id: int, source: str = ""
) -> Response:
    """A new response, with the sides of the case it is about."""
    c, talk = cases.c, conversations.c
    about = connection.execute(
        select(c.service, c.category, c.branch, c.holder).where(c.association == one.association, c.id == one.case_id)
    ).first()
    channel = connection.scalar(
        select(talk.channel).where(talk.association == one.association, talk.id == one.conversation)
    )
    response = Response(
        one.association,
        id,
        wave.id,
        wave.survey,
        wave.version,
        (here(now).date() - EPOCH).days,
        language=language,
        channel=channel or "",
        service=about.service if about else "",
        category=about.category if about else "",
        branch=about.branch if about else "",
        provider=str(about.holder) if about and about.holder else "",
        source=source,
    )
    surveys.begin(connection, response)
    return response


def day_of(number: int) -> datetime:
    """The first moment of a response's day, UTC."""
    return datetime.fromtimestamp(number * 86_400, UTC)
