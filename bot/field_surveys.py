"""Field surveys and interviews (H د-2, د-4): staff ask on site and enter the answers, into the same wave, with their
source. In an anonymous wave nobody is named; in a named one the answers may be those of the person of a case."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from bot import surveys as acts
from bot.surveys import EPOCH
from conversations.association.association import Association
from conversations.association.survey import Survey
from conversations.cases.calendar import here
from storage import surveys, waves
from storage.cases import Case
from storage.ids import new_id
from storage.schema_surveys import recipients
from storage.surveys import Response
from storage.times import ms
from storage.vault import Vault
from storage.waves import Recipient, Wave

FIELD, INTERVIEW = "field", "interview"
SOURCES = (FIELD, INTERVIEW)
OPEN = (waves.RUNNING, waves.PAUSED)
BY_STAFF = "field"
"""Why somebody who answered on site is not invited any more."""


class NotNow(ValueError):
    """Why it is not taken, as a key: over, own_case, nobodys, answered_before."""


class Entered(NamedTuple):
    """What staff enter beside the answers. `case`: whose answers these are, in a named wave."""

    source: str
    language: str
    service: str = ""
    branch: str = ""
    case: Case | None = None


def enter(
    connection: Connection,
    vault: Vault,
    association: Association,
    survey: Survey,
    wave: Wave,
    answers: dict[str, Any],
    entered: Entered,
    staff: int,
    now: datetime,
) -> Response:
    """Keep one person's answers, whole. Raises NotNow."""
    if not is_open(wave, now):
        raise NotNow("over")
    case = entered.case if not wave.anonymous else None
    if case is not None and case.holder == staff:
        raise NotNow("own_case")
    one = _invited(connection, wave, case) if case is not None else None
    if one is not None and one.response is not None:
        raise NotNow("answered_before")
    response = Response(
        association.slug,
        surveys.random_id() if wave.anonymous else new_id(),
        wave.id,
        wave.survey,
        wave.version,
        (here(now).date() - EPOCH).days,
        language=entered.language,
        service=case.service if case else entered.service,
        category=case.category if case else "",
        branch=case.branch if case else entered.branch,
        provider=str(case.holder) if case and case.holder else "",
        source=entered.source,
        staff=staff,
    )
    surveys.begin(connection, response)
    acts.keep(connection, vault, response, acts.scored_of(survey, answers), last=True)
    if case is not None:
        _taken(connection, wave, case, one, response.id, ms(now))
    return response


def is_open(wave: Wave, now: datetime) -> bool:
    return wave.kind == "survey" and wave.state in OPEN and wave.starts <= ms(now) < wave.ends


def _invited(connection: Connection, wave: Wave, case: Case) -> Recipient | None:
    """The person of this case in this wave, locked; None where they are not in it. Raises NotNow."""
    if case.beneficiary is None or case.conversation is None:
        raise NotNow("nobodys")
    r = recipients.c
    mine = (r.association == wave.association, r.wave == wave.id, r.beneficiary == case.beneficiary)
    found = connection.scalar(select(r.conversation).where(*mine).order_by(r.response.is_(None)).limit(1))
    conversation = case.conversation if found is None else found
    return waves.recipient(connection, wave.association, wave.id, conversation, lock=True)


def _taken(connection: Connection, wave: Wave, case: Case, one: Recipient | None, response: int, now: int) -> None:
    """Whose answers they are, so that they are in their copy and go with them; and nobody asks them again."""
    if one is None:
        assert case.conversation is not None, "looked at before"
        person = Recipient(
            wave.association, wave.id, case.conversation, case.beneficiary, case.id, state=waves.PASSED, why=BY_STAFF,
            settled_at=now, response=response,
        )  # fmt: skip
        waves.add_recipients(connection, [person])
        return
    asked = one.state not in (waves.WAITING, waves.HELD, waves.PASSED)
    state = {"state": waves.FINISHED} if asked else {"state": waves.PASSED, "why": BY_STAFF}
    waves.change_recipient(connection, one, response=response, due=None, settled_at=now, **state)


def hand_over(connection: Connection, wave: Wave, case: Case, now: datetime) -> int:
    """Whoever stands here answers on their own phone: the conversation their page is made of. Raises NotNow."""
    if not is_open(wave, now):
        raise NotNow("over")
    one = _invited(connection, wave, case)
    if one is not None and (one.state == waves.FINISHED or one.response is not None):
        raise NotNow("answered_before")
    assert case.conversation is not None, "looked at before"
    if one is None:
        one = Recipient(wave.association, wave.id, case.conversation, case.beneficiary, case.id)
        waves.add_recipients(connection, [one])
    if one.state in (waves.WAITING, waves.HELD, waves.PASSED):
        waves.change_recipient(connection, one, state=waves.INVITED, why="", at=ms(now), due=None)
    return one.conversation
