"""From what people said to what is done about it: an open answer becomes a suggestion, a complaint or an improvement,
and an improvement is held against the next wave.

What an answer becomes is filed as everything else that came by another way: an event, decided by the engine. By name,
it is its person's, who hears of it and may follow or withdraw it; anonymous, it is nobody's, and nobody is told.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, update

from bot import notices as chain
from bot import results as finding
from bot.channels.record import NAME
from bot.exclusion import exclude
from bot.fold import Arrived
from bot.intake import Intake
from conversations.association.association import Association
from conversations.association.survey import Question, Survey
from conversations.events import Recorded
from conversations.surveys import statistics
from conversations.surveys.scoring import SCORED
from conversations.surveys.statistics import Counted
from storage import cases, conversations, improvements, results, waves
from storage.cases import Case
from storage.ids import new_id
from storage.improvements import COMPLAINT, Improvement, Published, Said, Source
from storage.schema import conversations as conversations_table
from storage.times import ms
from storage.vault import Vault
from storage.waves import Body, Wave

LITTLE = 0.05
"""A difference below a twentieth of the scale is none."""
SOURCE = "survey"
"""How such a case came by."""
_SUBJECTS: Mapping[str, str] = {
    "courtesy": "treatment",
    "speed": "delay",
    "clarity": "quality",
    "accuracy": "quality",
    "overall": "quality",
}
"""What a complaint is about, by what its question measures."""
_OTHER = "other"
Trend = Literal["up", "down", "same"]


# --- an answer becomes a case ----------------------------------------------------------------------------------------


async def file_case(
    intake: Intake,
    association: Association,
    said: Said,
    kind: str,
    staff: int,
    claim: Callable[[Connection], None],
    wake: Callable[[Connection], chain.Wake],
) -> Case | None:
    """File a suggestion or a complaint out of an open answer, once. `claim` runs first in its transaction and raises
    to stop it. Whoever is judged by the answer sees nothing of the case. None where it was stopped."""
    vault, database, slug = intake.vault, intake.database, association.slug
    handle = f"{SOURCE}:{said.response.id}:{said.question}:{kind}"

    def prepare(connection: Connection) -> tuple[int, tuple[int, int | None] | None]:
        (own,) = conversations.take(connection, vault, [(slug, NAME, handle)], ms(intake.clock())).values()
        theirs = improvements.whose(connection, slug, said.response.id)
        if theirs is not None and theirs[1] is not None:
            c = conversations_table.c
            mine = (c.association == slug, c.id == own.id)
            connection.execute(update(conversations_table).where(*mine).values(beneficiary=theirs[1]))
        return own.id, theirs

    id, theirs = await database.write(prepare)
    stopped: list[Exception] = []

    def first(connection: Connection, at: int) -> bool:
        stopped.clear()
        try:
            claim(connection)
        except Exception as error:
            stopped.append(error)
            return False
        improvements.link(connection, slug, Source(id, said.response.id, said.question, kind))
        return True

    event = _event(association, said, kind, staff, intake.clock(), nobodys=theirs is None)
    await intake.put(Arrived(slug, "", "", event, conversation=id, claim=first))
    if stopped:
        raise stopped[0]

    def after(connection: Connection) -> Case | None:
        case = case_of(connection, vault, slug, id)
        if case is None:
            return None
        if said.response.provider.isdigit():
            exclude(connection, case, id, int(said.response.provider), staff, ms(intake.clock()))
        if theirs is not None:
            about = f"receipt:{case.reference}"
            chain.add(connection, vault, association, about, intake.clock(), wake(connection), conversation=theirs[0])
        return case

    return await database.write(after)


def _event(association: Association, said: Said, kind: str, staff: int, now: datetime, nobodys: bool) -> Recorded:
    given: dict[str, Any] = {"what": said.value, "reply": not nobodys}
    if kind == COMPLAINT:
        given = {
            "subject": _subject(association, said),
            "what_happened": said.value,
            "about_staff": False,
            "anonymous": "anonymous" if nobodys else "named",
            # Said to nobody: where news goes is asked of their addresses, when there is some.
            "agreed_channel": said.response.channel or "web_chat",
        }
    return Recorded(
        id="record",
        at=now,
        staff=f"staff:{staff}",
        branch=said.response.branch,
        flow="complain" if kind == COMPLAINT else "suggest",
        values=given,
        source=SOURCE,
        language=said.response.language,
        nobodys=nobodys,
    )


def _subject(association: Association, said: Said) -> str:
    """Never one that is confidential by itself: that is for a person to find."""
    plain = [one.id for one in association.profile.complaints.subjects if not one.urgent]
    survey = association.profile.survey(said.response.survey)
    question = survey.question(said.question) if survey else None
    wanted = _SUBJECTS.get(question.about, _OTHER) if question else _OTHER
    return wanted if wanted in plain else _OTHER if _OTHER in plain else plain[-1]


def case_of(connection: Connection, vault: Vault, association: str, conversation: int) -> Case | None:
    """The case that was filed in this conversation."""
    state = conversations.state_of(connection, vault, association, conversation)
    return cases.by_reference(connection, vault, association, state.recorded) if state and state.recorded else None


# --- an improvement, and what came of it -----------------------------------------------------------------------------


def begin(connection: Connection, vault: Vault, association: Association, said: Said, by: int, now: int) -> Improvement:
    """An improvement out of an open answer, without a title until somebody finds one in words of their own: whoever
    is judged by the answer reads the log, and what its person said goes when their data is erased."""
    survey = association.profile.survey(said.response.survey)
    measured = measured_by(survey, said.question) if survey else None
    one = Improvement(
        association.slug,
        new_id(),
        survey=said.response.survey,
        wave=said.response.wave,
        question=measured.id if measured else "",
        by=by,
        at=now,
    )
    improvements.add(connection, vault, one)
    improvements.link(connection, association.slug, Source(one.id, said.response.id, said.question))
    return one


def measured_by(survey: Survey, question: str) -> Question | None:
    """The scored question by which an improvement is held against the next wave: its own, else the overall one."""
    scored = [one for one in survey.questions if one.kind in SCORED]
    scored.sort(key=lambda one: (one.id != question, one.about != "overall"))
    return scored[0] if scored else None


class Effect(NamedTuple):
    """One question in the improvement's wave and in the next; None where too few answered to say, and while a wave
    runs: then its whole is management's alone (bot/results.py)."""

    question: Question
    before: Counted | None
    after: Counted | None
    next: Wave | None
    over: bool
    """Whether the improvement's own wave is."""
    trend: Trend | None


def effect(connection: Connection, association: Association, one: Improvement, now: datetime) -> Effect | None:
    """None for what did not come from a question with scores."""
    profile = association.profile
    survey = profile.survey(one.survey)
    question = survey.question(one.question) if survey else None
    if survey is None or question is None or question.kind not in SCORED or one.wave is None:
        return None
    following = improvements.next_wave(connection, profile.slug, survey.id, one.wave)
    both = [waves.get(connection, profile.slug, one.wave), following]
    ended = [wave.id for wave in both if wave is not None and finding.over(wave, now)]
    found = results.scores(connection, profile.slug, ended)

    def counted(wave: int | None) -> Counted | None:
        if wave not in found:
            return None
        told = statistics.counted(question, found[wave].get(question.id, {}))
        return told if told.number >= profile.asking.at_least else None

    before = counted(one.wave)
    after = counted(following.id if following else None)
    return Effect(question, before, after, following, one.wave in ended, trend_of(question, before, after))


def trend_of(question: Question, before: Counted | None, after: Counted | None) -> Trend | None:
    """Up, down or the same, against the width of the scale; None until both say something."""
    least, most = SCORED[question.kind]
    values = [_value(one, most - least) for one in (before, after)]
    if values[0] is None or values[1] is None:
        return None
    step = values[1] - values[0]
    return "up" if step >= LITTLE else "down" if step <= -LITTLE else "same"


def _value(one: Counted | None, width: int) -> float | None:
    """From 0 to 1, but for where the scale begins."""
    if one is None:
        return None
    if one.mean is not None:
        return one.mean.value / width
    if one.points is not None:
        return one.points.value / 200
    return one.satisfied.value if one.satisfied is not None else None


# --- you said, we did ------------------------------------------------------------------------------------------------


def announce(
    connection: Connection,
    vault: Vault,
    one: Improvement,
    title: str,
    text: Callable[[str, Published], str],
    by: int,
    now: int,
) -> Wave:
    """A broadcast of it, as a draft: to whom, and whether at all, is decided where broadcasts are; never to others than
    who agreed to be asked, for it is about no request of theirs."""
    wave = Wave(one.association, new_id(), "broadcast", state=waves.DRAFTED, purpose="survey", at=now, by=by)
    words = {language: text(language, published) for language, published in one.published.items()}
    waves.add(connection, vault, wave, Body(title=title, text=words, buttons=("/menu",), template="opinions_heard"))
    return wave
