"""Waves of surveys as staff plan them: by hand, beside those that the house plans by itself (bot/planner.py)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from bot import planner
from bot.desk import said
from bot.desk.asking import acts
from bot.desk.at import At, Refused, Stale
from conversations.association.survey import Audience, Survey
from conversations.surveys import periods, statistics
from storage import audience, broadcasts, waves
from storage.audience import Counted
from storage.ids import new_id
from storage.times import moment, ms
from storage.waves import Body, Wave

CHANGED = "surveys.count_changed"
"""Why it does not begin: it would ask others than the page said."""
SMALLEST_SAMPLE = 5
"""Fewer answers than this are never shown: so small a sample would be asked for nothing."""


class Standing(NamedTuple):
    """A survey and its waves. `rolls`: people join as their case comes to it; `next`: when its next period begins;
    `near`: too soon for a wave by hand before it."""

    survey: Survey
    waves: tuple[Wave, ...]
    rolls: bool
    next: datetime | None
    near: bool = False
    broken: bool = False
    """Its calendar cannot be read."""

    @property
    def open(self) -> Wave | None:
        return next((one for one in self.waves if one.done_at is None), None)


def standing(at: At, survey: Survey, known: list[Wave]) -> Standing:
    mine = tuple(one for one in known if one.survey == survey.id)
    rolls = survey.occasion != "periodic"
    try:
        begins = planner.begins_next(at.association, survey, at.now)
    except ValueError:
        return Standing(survey, mine, rolls, None, broken=True)
    return Standing(survey, mine, rolls, begins, near=_is_near(at, begins))


def _is_near(at: At, begins: datetime | None) -> bool:
    """Whether nobody who is asked now could be asked then."""
    return begins is not None and begins < at.now + timedelta(days=at.association.profile.asking.days_between)


def plan(connection: Connection, at: At, survey: Survey, whom: Audience) -> int:
    """A wave by hand, kept as a draft until its count was looked at. Raises Refused: one of a survey at a time, and
    none so shortly before the next period's that this one would find nobody to ask."""
    if survey.occasion != "periodic":
        raise Refused("surveys.rolls_already")
    _alone(connection, at, survey)
    _far(at, survey)
    wave = Wave(
        at.slug,
        new_id(),
        acts.SURVEY,
        survey=survey.id,
        version=planner.version_of(survey),
        anonymous=survey.anonymous,
        purpose="survey",
        audience=whom.model_dump_json(exclude_defaults=True),
        at=ms(at.now),
        ends=ms(at.now + timedelta(days=survey.open_days)),
        by=at.worker.id,
    )
    waves.add(connection, at.desk.vault, wave)
    note(connection, at, wave, survey)
    at.log(connection, "survey.plan", f"wave:{wave.id}", survey.id)
    return wave.id


def _alone(connection: Connection, at: At, survey: Survey, but: int = 0) -> None:
    """Raises Refused where another wave of this survey is open: nobody is asked the same by two at once."""
    if not waves.is_alone(connection, at.slug, survey.id, but):
        raise Refused("surveys.two_at_once")


def _far(at: At, survey: Survey) -> None:
    """Raises Refused where the next period begins too soon after a wave by hand of now."""
    stands = standing(at, survey, [])
    if stands.next and stands.near:
        raise Refused("surveys.near", when=said.day(ms(stands.next), at.language))


def counted(connection: Connection, wave: Wave, survey: Survey | None) -> Counted:
    """Whom it would ask at this moment; of a wave that began, whom it asks."""
    if began(wave):
        return Counted(broadcasts.by_channel(connection, wave.association, wave.id))
    return audience.count(connection, wave, whom_of(wave, survey))


def began(wave: Wave) -> bool:
    """Whether its people are written."""
    return wave.filled_at is not None or wave.rolling or wave.state not in (waves.DRAFTED, waves.PLANNED)


def whom_of(wave: Wave, survey: Survey | None) -> Audience:
    return audience.audience_of(wave, survey.audience if survey else Audience())


def note(connection: Connection, at: At, wave: Wave, survey: Survey | None) -> Body:
    """Keep whom it would ask at this moment: counting many takes longer than a page may."""
    found, whom = counted(connection, wave, survey), whom_of(wave, survey)
    body = Body(channels=found.channels, refused=found.refused, counted_at=ms(at.now))
    if whom.sample:
        body.drawn_from = audience.count(connection, wave, whom.model_copy(update={"sample": 0})).people
    broadcasts.rewrite(connection, at.desk.vault, at.slug, wave.id, body)
    return body


def recount(connection: Connection, at: At) -> None:
    """Who fits changes from day to day."""
    wave = acts.in_state(connection, at, acts.SURVEY, (waves.DRAFTED, waves.PLANNED))
    if not began(wave):
        note(connection, at, wave, at.association.profile.survey(wave.survey))


def margin(body: Body, whom: Audience, people: int) -> int:
    """The margin of error of a sample, in whole percent; 0 where everybody is asked."""
    if not whom.sample or not people or people >= body.drawn_from:
        return 0
    return max(1, round(100 * statistics.margin(people, body.drawn_from)))


def mark(wave: Wave, survey: Survey | None) -> str:
    """Of what it asks, and of whom: the profile may have changed since the page was opened."""
    return acts.mark(wave, survey.model_dump_json().encode() if survey else b"")


def go(connection: Connection, at: At, survey: Survey) -> str:
    """`begun`, or `asked` where a second person approves each wave of it. Raises Refused."""
    wave = acts.in_state(connection, at, acts.SURVEY, (waves.DRAFTED,))
    acts.as_looked_at(at, mark(wave, survey))
    if wave.needs_approval:
        raise Stale("surveys.asked_before")
    people = _fit(connection, at, wave, survey)
    waves.change(connection, at.slug, wave.id, by=at.worker.id, people=people)
    if survey.approved_by_second:
        waves.change(connection, at.slug, wave.id, needs_approval=True)
        at.log(connection, "survey.ask", f"wave:{wave.id}", f"people:{people}")
        return "asked"
    _begin(connection, at, wave, survey)
    at.log(connection, "survey.go", f"wave:{wave.id}", f"people:{people}")
    return "begun"


def approve(connection: Connection, at: At, survey: Survey) -> None:
    """A second person says yes: never who planned it; what the house planned, anybody who may. Raises Refused."""
    wave = acts.in_state(connection, at, acts.SURVEY, (waves.DRAFTED,))
    acts.as_looked_at(at, mark(wave, survey))
    if not wave.needs_approval:
        raise Refused("asking.not_asked")
    if wave.by == at.worker.id:
        raise Refused("asking.own")
    people = 0 if wave.rolling else _fit(connection, at, wave, survey)
    waves.change(connection, at.slug, wave.id, approved_by=at.worker.id, approved_at=ms(at.now), people=people)
    if wave.rolling:
        waves.change(connection, at.slug, wave.id, state=waves.RUNNING)
    else:
        _begin(connection, at, wave, survey)
    at.log(connection, "survey.approve", f"wave:{wave.id}", f"people:{people}")


def _fit(connection: Connection, at: At, wave: Wave, survey: Survey) -> int:
    """As many as the page said. Raises Refused."""
    _alone(connection, at, survey, wave.id)
    if not wave.period:
        _far(at, survey)
    found = counted(connection, wave, survey)
    if not found.people:
        raise Refused("surveys.nobody_agreed" if found.refused else "surveys.nobody", count=found.refused)
    if at.form.get("people") != str(found.people):
        raise Refused(CHANGED, count=found.people)
    return found.people


def _begin(connection: Connection, at: At, wave: Wave, survey: Survey) -> None:
    """By day, on no holiday; the house writes its people (bot/planner.py) and asks them."""
    starts = planner.decent(at.association, survey, max(at.now, moment(wave.starts)))
    ends = starts + timedelta(days=survey.open_days)
    if wave.period:
        ends = min(ends, moment(wave.ends)) if moment(wave.ends) > starts else ends
    waves.change(connection, at.slug, wave.id, state=waves.PLANNED, starts=ms(starts), ends=ms(ends))


def by_state(found: list[broadcasts.Outcome]) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
    """People by state, and, of those whom it did not ask or reach, by the reason."""
    states: dict[str, int] = {}
    whys: dict[str, dict[str, int]] = {}
    for one in found:
        states[one.state] = states.get(one.state, 0) + one.people
        if one.state in (waves.PASSED, waves.FAILED) and one.why:
            mine = whys.setdefault(one.state, {})
            mine[one.why] = mine.get(one.why, 0) + one.people
    return states, whys


def run_length(survey: Survey) -> str:
    """month, quarter …; cron; or empty where nothing begins it by itself."""
    return "cron" if survey.occasion == "periodic" and survey.cron else periods.length_of(survey)
