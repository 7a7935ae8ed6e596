"""What a wave of a survey found, as a page, a sheet, a file of open data and a report show it.

From the totals alone, so that a million answers are read in a moment. Nothing is in here that may not be shown: whoever
draws it hides nothing more.

While a wave runs, its whole is told to management alone, and its sides (by service, by worker …) to nobody: whoever
compares today's with yesterday's would read the one answer between them, and the workers judged know whom they served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from conversations.association.profile import Profile
from conversations.association.survey import Question, Survey
from conversations.surveys import statistics
from conversations.surveys.statistics import Counted, Interval, Stop
from storage import results, surveys, waves
from storage.audience import audience_of
from storage.times import ms
from storage.waves import Wave

SIDES = ("service", "channel", "category", "branch", "language", "source", "provider")
PROVIDER = "provider"
"""The side of workers: for who may see figures of workers, and by its own page each their own."""
ENTERED = ("field", "interview")
"""Sources of answers of people whom nobody invited here."""
TREND = 12
_ASKED = (waves.INVITED, waves.LATER, waves.BEGUN, waves.FINISHED, waves.DECLINED, waves.FAILED)
Scores = Mapping[str, Mapping[str, int]]


class Participation(NamedTuple):
    """People. `people`: all of the wave; `unreached`: of those asked, whom the message did not reach; `halfway`: began
    and did not finish; `entered`: by staff, of field surveys and interviews. Rates are of those reached, and of those
    who answered."""

    people: int = 0
    asked: int = 0
    unreached: int = 0
    declined: int = 0
    answered: int = 0
    finished: int = 0
    halfway: int = 0
    entered: int = 0
    response: float | None = None
    completion: float | None = None


class Group(NamedTuple):
    """One service, one branch, one worker … `counted`: what may be told of it, by question."""

    value: str
    people: int
    counted: Mapping[str, Counted]


class Side(NamedTuple):
    """`hidden`: whether there are groups that are not shown."""

    name: str
    groups: tuple[Group, ...] = ()
    hidden: bool = False


NO_SIDE = Side("")


class Point(NamedTuple):
    """A wave in the trend. `satisfied` and `number` of the headline question."""

    wave: Wave
    number: int
    satisfied: Interval | None
    ease: Interval | None
    points: Interval | None
    response: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`counted` by question, only what may be told; `of`: of which group of `side`, or of all."""

    survey: Survey
    wave: Wave
    over: bool
    at_least: int
    told: bool
    """Whether there are answers enough, and it is time."""
    population: int
    part: Participation
    stops: tuple[tuple[Question, Stop], ...] = ()
    counted: Mapping[str, Counted] = field(default_factory=dict)
    side: Side = NO_SIDE
    of: str = ""
    themes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of each open question: how many answers stand under each theme."""
    trend: tuple[Point, ...] = ()

    @property
    def margin(self) -> float:
        return statistics.margin(self.part.answered, self.population)


def over(wave: Wave, now: datetime) -> bool:
    """Whether no more answers come."""
    return wave.ends <= ms(now) or wave.state in (waves.DONE, waves.ABORTED)


def found(
    connection: Connection,
    profile: Profile,
    survey: Survey,
    wave: Wave,
    now: datetime,
    early: bool,
    by: str = "",
    of: str = "",
) -> Found:
    """Everything of one wave. `early`: also while it runs; `by`: one of SIDES, `of`: a group of it."""
    slug, at_least = profile.slug, profile.asking.at_least
    run = _run(connection, slug, survey, now)
    ids = [*dict.fromkeys([wave.id, *(one.id for one in run)])]
    scores = results.scores(connection, slug, ids)
    people = results.people(connection, slug, scores)
    whole = scores[wave.id]
    entered = results.sides(connection, slug, wave.id, "source")
    part = _part(whole, entered, people[wave.id], wave)
    population = population_of(survey, wave, part)
    told = part.answered >= at_least and (early or over(wave, now))
    counted: Mapping[str, Counted] = _counted(survey, whole, at_least, population) if told else {}
    side, chosen = NO_SIDE, ""
    if told and by in SIDES and over(wave, now):
        side = side_of(survey, whole, results.sides(connection, slug, wave.id, by), by, at_least)
        group = next((group for group in side.groups if group.value == of), None)
        if group is not None:
            chosen, counted = of, group.counted
    return Found(
        survey=survey,
        wave=wave,
        over=over(wave, now),
        at_least=at_least,
        population=population,
        part=part,
        stops=_stops(survey, whole, part) if told else (),
        counted=counted,
        side=side,
        of=chosen,
        themes=_themes(survey, whole, at_least) if told else {},
        told=told,
        trend=_trend(run, scores, people, profile, survey, now, early),
    )


def trend(connection: Connection, profile: Profile, survey: Survey, now: datetime, early: bool) -> tuple[Point, ...]:
    """The survey's last waves, the oldest first."""
    run = _run(connection, profile.slug, survey, now)
    scores = results.scores(connection, profile.slug, [wave.id for wave in run])
    people = results.people(connection, profile.slug, scores)
    return _trend(run, scores, people, profile, survey, now, early)


def _run(connection: Connection, slug: str, survey: Survey, now: datetime) -> list[Wave]:
    return results.run(connection, slug, ms(now), survey.id, TREND)[::-1]


def _trend(
    run: Sequence[Wave],
    scores: Mapping[int, Scores],
    people: Mapping[int, Mapping[str, int]],
    profile: Profile,
    survey: Survey,
    now: datetime,
    early: bool,
) -> tuple[Point, ...]:
    at_least, points = profile.asking.at_least, []
    for wave in run:
        part = _part(scores[wave.id], {}, people[wave.id], wave)
        enough = part.answered >= at_least and (early or over(wave, now))
        counted = _counted(survey, scores[wave.id], at_least, population_of(survey, wave, part)) if enough else {}
        satisfied, ease, nps = (headline(survey, counted, name) for name in HEADLINES)
        points.append(
            Point(
                wave,
                part.answered,
                satisfied.satisfied if satisfied else None,
                ease.mean if ease else None,
                nps.points if nps else None,
                part.response,
            )
        )
    return tuple(points)


HEADLINES = ("csat", "ces", "nps")


def headline(survey: Survey, counted: Mapping[str, Counted], name: str) -> Counted | None:
    """The question that stands for the whole: of satisfaction the overall one, else the first that measures it."""
    kinds = {"csat": ("faces", "scale", "yes_no"), "ces": ("effort",), "nps": ("recommend",)}[name]
    fit = [question for question in survey.questions if question.kind in kinds]
    fit.sort(key=lambda question: (question.about != "overall", question.kind == "yes_no"))
    return counted.get(fit[0].id) if fit else None


# --- what the counts say ---------------------------------------------------------------------------------------------


def _part(whole: Scores, entered: Mapping[str, Scores], states: Mapping[str, int], wave: Wave) -> Participation:
    begun = whole.get(surveys.PEOPLE, {}).get(surveys.BEGUN, 0)
    finished = whole.get(surveys.PEOPLE, {}).get(surveys.FINISHED, 0)
    by_staff = sum(entered.get(name, {}).get(surveys.PEOPLE, {}).get(surveys.BEGUN, 0) for name in ENTERED)
    asked = sum(states.get(state, 0) for state in _ASKED)
    reached = asked - states.get(waves.FAILED, 0)
    mine = min(begun - by_staff, reached)
    return Participation(
        people=max(sum(states.values()), wave.people if wave.state != waves.DRAFTED else 0),
        asked=asked,
        unreached=states.get(waves.FAILED, 0),
        declined=states.get(waves.DECLINED, 0),
        answered=begun,
        finished=finished,
        # Of an anonymous wave nothing of a half is kept but that it was begun.
        halfway=states.get(waves.BEGUN, 0) if wave.anonymous else begun - finished,
        entered=by_staff,
        response=mine / reached if reached > 0 else None,
        completion=finished / begun if begun else None,
    )


def population_of(survey: Survey, wave: Wave, part: Participation) -> int:
    """For how many people the answers speak: all of the wave where everybody was asked; 0, not known, of a sample."""
    return 0 if audience_of(wave, survey.audience).sample else part.people + part.entered


def _counted(survey: Survey, scores: Scores, at_least: int, population: int) -> dict[str, Counted]:
    found = {}
    for question in survey.questions:
        one = statistics.counted(question, scores.get(question.id, {}), population)
        if one.number >= at_least:
            found[question.id] = one
    return found


def side_of(survey: Survey, whole: Scores, groups: Mapping[str, Scores], name: str, at_least: int) -> Side:
    """The groups of a side that may be shown, the greatest first, and of each the questions that may."""
    people = {value: scores.get(surveys.PEOPLE, {}).get(surveys.BEGUN, 0) for value, scores in groups.items()}
    total = whole.get(surveys.PEOPLE, {}).get(surveys.BEGUN, 0)
    shown = statistics.shown(people, total, at_least)
    counted: dict[str, dict[str, Counted]] = {value: {} for value in shown}
    for question in survey.questions:
        by_group = {value: statistics.answered(scores.get(question.id, {})) for value, scores in groups.items()}
        asked = statistics.answered(whole.get(question.id, {}))
        for value in statistics.shown(by_group, asked, at_least) & shown:
            counted[value][question.id] = statistics.counted(question, groups[value].get(question.id, {}))
    ordered = sorted(shown, key=lambda value: (-people[value], value))
    hidden = sum(people[value] for value in shown) < total
    return Side(name, tuple(Group(value, people[value], counted[value]) for value in ordered), hidden)


def _stops(survey: Survey, whole: Scores, part: Participation) -> tuple[tuple[Question, Stop], ...]:
    answers = [statistics.answered(whole.get(question.id, {})) for question in survey.questions]
    return tuple(zip(survey.questions, statistics.stops(part.answered, answers, part.finished), strict=True))


def _themes(survey: Survey, whole: Scores, at_least: int) -> dict[str, dict[str, int]]:
    found = {}
    for question in survey.questions:
        under = whole.get(results.UNDER + question.id, {})
        if sum(under.values()) >= at_least:
            found[question.id] = dict(sorted(under.items(), key=lambda item: (-item[1], item[0])))
    return found


# --- one's own -------------------------------------------------------------------------------------------------------


class Own(NamedTuple):
    """What people said of the cases a worker held; None where it may not be told, were it nobody or four."""

    survey: Survey
    wave: Wave
    said: Group | None


def own(connection: Connection, profile: Profile, worker: int, now: datetime) -> list[Own]:
    """Of each wave that is over, the newest first."""
    slug, at_least = profile.slug, profile.asking.at_least
    found = []
    for wave in results.run(connection, slug, ms(now), limit=TREND):
        survey = profile.survey(wave.survey)
        if survey is None or not over(wave, now):
            continue
        groups = results.sides(connection, slug, wave.id, PROVIDER)
        side = side_of(survey, results.scores(connection, slug, [wave.id])[wave.id], groups, PROVIDER, at_least)
        found.append(Own(survey, wave, next((one for one in side.groups if one.value == str(worker)), None)))
    return found
