"""What surveys found (T objectives 5 and 6): for every department, in numbers and without names, «للتقويم والتطوير لا
للعقاب والتشهير».

Who answered what is shown to nobody. Figures by worker are management's, and each worker's own are their own page; what
people wrote is read by whoever may, but never by the worker whose case it was.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from bot import results as finding
from bot.desk.at import At, NotFound, Refused
from bot.desk.figures import charts
from bot.desk.figures import results as shown
from bot.desk.room import Room
from bot.desk.whole import whole
from bot.results import PROVIDER, SIDES, Found, Side
from bot.sheets import CSV, XLSX, csv_of, xlsx
from bot.web.lines import MEDIA_TYPES
from conversations.association.survey import Question, Survey
from conversations.surveys.statistics import Interval
from conversations.surveys.themes import THEMES
from storage import files, improvements, results, staff, waves
from storage.times import ms
from storage.waves import Wave

room = Room("results", nav="/results", right="results.see")
JSON = "application/json"
PAGE = 30
"""Open answers on a page."""
NO_THEME = "none"


@room.get("/results")
async def overview(at: At) -> Response:
    """Each survey with its waves, the newest first."""
    profile = at.association.profile

    def read(connection: Connection) -> list[tuple[Survey, list[finding.Point]]]:
        early = at.worker.may("management")
        found = [(one, finding.trend(connection, profile, one, at.now, early)) for one in profile.surveys]
        return [(survey, list(reversed(points))) for survey, points in found]

    return at.page(
        "results/results.html",
        surveys=await at.read(read),
        is_over=lambda wave: finding.over(wave, at.now),
        **_written(at),
    )


@room.get("/results/mine")
async def mine(at: At) -> Response:
    """One's own: what people said of the cases one held, from five on."""
    own = await at.read(finding.own, at.association.profile, at.worker.id, at.now)
    return at.page("results/mine.html", own=own, at_least=at.association.profile.asking.at_least, **_written(at))


@room.get("/results/{wave}")
async def wave(at: At) -> Response:
    by = at.query("by") if at.query("by") in _sides(at) else ""
    found, names = await _found(at, by, at.query("of")[:80])
    if by == PROVIDER:
        await at.saw(f"wave:{found.wave.id}", "providers")
    profile, words = at.association.profile, at.words
    points = [point for point in found.trend if point.satisfied]
    lines = [("satisfied", words("results.csat"), [round(100 * p.satisfied.value) for p in points if p.satisfied])]
    if all(point.response is not None for point in points):
        lines.append(("second", words("results.response"), [round(100 * (p.response or 0)) for p in points]))
    labels = [shown.run_label(point.wave, words) for point in points]
    return at.page(
        "results/wave.html",
        found=found,
        sides=_sides(at),
        by=by,
        chart=charts.lines(labels, lines, rtl=at.language == "ar") if len(points) > 1 else None,
        trend=shown.trend_table(found, words),
        heads=shown.headlines(found),
        group=lambda value: shown.group_title(by, value, words, profile, names),
        **_written(at),
    )


# --- what people wrote -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Which open answers: of which question, under which theme, with which words, after which."""

    question: Question
    theme: str
    searched: str
    after: int

    @property
    def tag(self) -> str | None:
        return None if not self.theme else "" if self.theme == NO_THEME else self.theme


@room.get("/results/{wave}/words", "results.words")
async def words(at: At) -> Response:
    return await _words(at)


@room.post("/results/{wave}/words", "results.words")
async def search(at: At) -> Response:
    """What is searched for stands in no address."""
    return await _words(at)


@room.post("/results/{wave}/theme", "results.words")
async def theme(at: At) -> Response:
    """An open answer put under a theme."""
    survey, wave = await _wave(at)
    asked = _asked(at, survey)
    chosen, response = at.form.get("as"), at.form.get("response")
    if chosen not in ("", *THEMES) or whole(response) is None:
        return await _words(at, status=422, error=at.words("results.theme_unclear"))
    if not (await _of(at, survey, wave)).told:
        raise NotFound

    def put(connection: Connection) -> None:
        if not results.put_under(
            connection, at.slug, wave.id, int(response), asked.question.id, chosen, not_of=str(at.worker.id)
        ):
            raise Refused("results.no_answer")

    try:
        await at.write("results.theme", f"wave:{wave.id}", put, detail=chosen)
    except Refused as refused:
        return await _words(at, status=409, error=at.words(refused.words))
    if asked.searched:
        return await _words(at, told=at.words("results.theme_put"))
    place = urlencode({"question": asked.question.id, "theme": asked.theme, "after": asked.after})
    return at.back(f"/results/{wave.id}/words?{place}", said="theme_put")


@room.get("/results/{wave}/words/{response}/{question}/{part}", "results.words")
async def voice(at: At) -> Response:
    """What was spoken, to be heard; not by the worker whose case it was."""
    survey, wave = await _wave(at)
    part = at.number("part")
    found = await _of(at, survey, wave)

    def read(connection: Connection) -> files.File | None:
        asked = at.request.path_params["question"]
        one = improvements.said(connection, at.desk.vault, at.slug, at.number("response"), asked)
        if one is None or one.response.wave != wave.id or one.response.provider == str(at.worker.id):
            return None
        spoken = one.voice[part : part + 1]
        return files.get(connection, at.desk.vault, at.slug, int(spoken[0])) if spoken else None

    kept = await at.read(read) if found.told else None
    if kept is None:
        raise NotFound
    data = await at.bytes_of(kept.id)
    await at.saw(f"wave:{wave.id}", "words")
    return at.file(f"voice.{kept.kind}", MEDIA_TYPES.get(kept.kind, "application/octet-stream"), data, inline=True)


def _asked(at: At, survey: Survey) -> Asked:
    """Raises NotFound where the survey has no open question."""

    def given(name: str) -> str:
        return at.form.get(name) if at.request.method == "POST" else at.query(name)

    open_ones = [question for question in survey.questions if question.kind in ("words", "voice")]
    if not open_ones:
        raise NotFound
    question = next((one for one in open_ones if one.id == given("question")), open_ones[0])
    theme = given("theme") if given("theme") in (NO_THEME, *THEMES) else ""
    after = given("after")
    return Asked(question, theme, at.form.get("search")[:400], whole(after) or 0)


async def _words(at: At, status: int = 200, error: str = "", told: str = "") -> Response:
    survey, wave = await _wave(at)
    asked = _asked(at, survey)
    found = await _of(at, survey, wave)
    said: list[results.Said] = []
    if found.told:
        await at.saw(f"wave:{wave.id}", "words")

        def read(connection: Connection) -> list[results.Said]:
            return results.said(
                connection,
                at.desk.vault,
                at.slug,
                wave.id,
                asked.question.id,
                not_of=str(at.worker.id),
                tag=asked.tag,
                searched=asked.searched,
                after=asked.after,
                limit=PAGE + 1,
            )

        said = await at.read(read)
    return at.page(
        "results/words.html",
        status=status,
        error=error,
        done=told,
        found=found,
        asked=asked,
        said=said[:PAGE],
        more=said[PAGE - 1].response if len(said) > PAGE else 0,
        open_ones=[question for question in survey.questions if question.kind in ("words", "voice")],
        themes=THEMES,
        no_theme=NO_THEME,
        **_written(at),
    )


# --- files -----------------------------------------------------------------------------------------------------------


@room.get("/results/{wave}/figures.xlsx")
async def figures_xlsx(at: At) -> Response:
    found, sides, names = await _whole(at, "figures.xlsx", providers=True)
    tables = shown.sheets(found, sides, at.words, at.association.profile, names)
    data = await asyncio.to_thread(xlsx, tables, rtl=at.language == "ar")
    return at.file(_named(at, found, "xlsx"), XLSX, data)


@room.get("/results/{wave}/figures.csv")
async def figures_csv(at: At) -> Response:
    found, sides, names = await _whole(at, "figures.csv")
    table = shown.long_table(found, sides, at.words, at.association.profile, names)
    return at.file(_named(at, found, "csv"), CSV, csv_of(table))


@room.get("/results/{wave}/figures.json")
async def figures_json(at: At) -> Response:
    """Open data, with its dictionary beside it."""
    found, sides, names = await _whole(at, "figures.json")
    made = shown.package(found, sides, at.words, at.association.profile, names, at.now)
    data = json.dumps(made, ensure_ascii=False, indent=1).encode()
    return at.file(_named(at, found, "json"), JSON, data)


@room.get("/results/{wave}/report.pdf")
async def report(at: At) -> Response:
    """The period's report, for print."""
    from bot.desk.figures.report import report_of
    from bot.papers.results import results_pdf

    found, sides, names = await _whole(at, "report.pdf")
    made = report_of(found, sides, at.words, at.association.profile, names, at.now)
    data = await asyncio.to_thread(results_pdf, made, at.words)
    return at.file(_named(at, found, "pdf"), "application/pdf", data, inline=True)


def _named(at: At, found: Found, ending: str) -> str:
    return f"{at.slug}-{found.survey.id}-{shown.run_id(found.wave)}.{ending}"


async def _whole(at: At, what: str, providers: bool = False) -> tuple[Found, list[Side], dict[int, str]]:
    """A wave with every side this worker may see; `providers`: workers, too, who are named in nothing that is made to
    be passed on. What leaves the house is on record before it does."""
    found, _ = await _found(at)
    await at.write("export", f"wave:{found.wave.id}", _nothing, detail=what)
    sides = []
    for name in _sides(at):
        if name == PROVIDER and not providers:
            continue
        one = (await _found(at, name))[0].side
        sides += [one] if one.groups else []
    return found, sides, await _names(at, sides)


def _nothing(_connection: Connection) -> None: ...


# --- what was asked for ----------------------------------------------------------------------------------------------


def _sides(at: At) -> tuple[str, ...]:
    """By which sides this worker may see a wave: workers are named to management alone."""
    return SIDES if at.worker.may("management") else tuple(side for side in SIDES if side != PROVIDER)


async def _wave(at: At) -> tuple[Survey, Wave]:
    """Raises NotFound for what is no wave of a survey, or has not begun."""
    wave = await at.read(waves.get, at.slug, at.number("wave"))
    begun = wave is not None and wave.kind == "survey" and wave.state in results.BEGUN and wave.starts <= ms(at.now)
    survey = at.association.profile.survey(wave.survey) if wave is not None and begun else None
    if wave is None or survey is None:
        raise NotFound
    return survey, wave


async def _found(at: At, by: str = "", of: str = "") -> tuple[Found, dict[int, str]]:
    survey, wave = await _wave(at)
    found = await _of(at, survey, wave, by, of)
    return found, await _names(at, [found.side])


async def _of(at: At, survey: Survey, wave: Wave, by: str = "", of: str = "") -> Found:
    """While it runs, management's alone: what people wrote, too."""
    early = at.worker.may("management")
    return await at.read(finding.found, at.association.profile, survey, wave, at.now, early, by, of)


async def _names(at: At, sides: Sequence[Side]) -> dict[int, str]:
    ids = [int(one.value) for side in sides if side.name == PROVIDER for one in side.groups if one.value.isdecimal()]
    return await at.read(staff.names, at.desk.vault, ids)


def _written(at: At) -> dict[str, Any]:
    """How a template writes numbers and names."""
    words, language = at.words, at.language

    def bar(one: Interval) -> charts.Bar:
        return charts.bar(one.value, one.low, one.high, rtl=language == "ar")

    return {
        "per_cent": lambda share: shown.per_cent(share, language),
        "decimal": lambda value: shown.decimal(value, language),
        "points": lambda value: shown.points(value, language),
        "between": lambda one, scale="share": shown.between(one, words, scale),
        "answer": lambda question, id: shown.answer_title(question, id, words),
        "run": lambda wave: shown.run_title(wave, words),
        "days": lambda wave: shown.days(wave, words),
        "bar": bar,
        "length": lambda many, of: bar(Interval(*(3 * (many / of if of else 0.0,)))),
    }
