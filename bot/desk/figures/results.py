"""What a wave found in words and in rows: the page and the report show it, a sheet and the open data take it away."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.desk.figures.tables import service_title
from bot.desk.words import DeskWords
from bot.results import HEADLINES, Found, Side, headline
from bot.sheets import Cell, Table, day_cell
from conversations.association.profile import Profile
from conversations.association.survey import Question
from conversations.cases.calendar import here, in_digits, said
from conversations.surveys.statistics import Counted, Interval
from storage.times import moment
from storage.waves import Wave

Row = tuple[Cell, ...]
COLUMNS = (
    *("question", "question_title", "side", "group", "group_title", "measure", "answer", "answer_title"),
    *("people", "number", "value", "low", "high"),
)
"""Of the long table: a measure a line. Their words: `results.field.<name>`, and what they mean: `….about`."""
_NUMBERS = frozenset({"people", "number", "value", "low", "high"})
_LABELS: Mapping[str, str] = {
    "faces": "results.faces.{}",
    "scale": "scale.{}",
    "effort": "effort.{}",
    "recommend": "results.points.{}",
}
_SHARE = 100


# --- words -----------------------------------------------------------------------------------------------------------


def per_cent(share: float, language: str) -> str:
    return in_digits(round(_SHARE * share), language) + ("%" if language == "en" else "٪")


def decimal(value: float, language: str) -> str:
    return in_digits(f"{value:.1f}".replace(".", "." if language == "en" else "٫"), language)


def points(value: float, language: str) -> str:
    """NPS: whole, with its sign."""
    return f"\u2066{in_digits(f'{round(value):+d}' if round(value) else '0', language)}\u2069"


def between(one: Interval, words: DeskWords, scale: str = "share") -> str:
    """From how much to how much, 95 %."""
    if one.low == one.high:
        return words("results.exact")
    write = {"share": per_cent, "mean": decimal, "points": points}[scale]
    return words("results.between", low=write(one.low, words.language), high=write(one.high, words.language))


def answer_title(question: Question, answer: str, words: DeskWords) -> str:
    """What somebody chose, as they saw it."""
    if question.kind == "yes_no":
        return words("yes_no.yes" if answer == "1" else "yes_no.no")
    choice = next((one for one in question.choices if one.id == answer), None)
    if choice is not None:
        return choice.title.to(words.language)
    key = _LABELS.get(question.kind, "").format(answer)
    return in_digits(words(key) if key in words else answer, words.language)


def group_title(side: str, value: str, words: DeskWords, profile: Profile, names: Mapping[int, str]) -> str:
    """What a group of a side is called. `names`: of workers."""
    if side == "provider":
        return names.get(int(value), value) if value.isdecimal() else value
    if side == "service":
        return service_title(profile, value, words.language)
    if side == "category":
        subject = next((one for one in profile.complaints.subjects if one.id == value), None)
        return subject.title.to(words.language) if subject else value
    key = {"channel": "channel.{}", "language": "results.language.{}", "source": "results.source.{}"}.get(side, "")
    return words.or_key(key.format(value)) if key else value


def run_title(wave: Wave, words: DeskWords) -> str:
    """Which run of a survey: its period (1448-Q2), or the day on which it began."""
    year, _, part = wave.period.partition("-")
    if not year.isdecimal():
        return said(here(moment(wave.starts)).date(), words.language)
    if part[:1] in ("Q", "H") and part[1:].isdecimal():
        return words(f"results.run.{part[0].lower()}", n=int(part[1:]), year=in_digits(year, words.language))
    return in_digits(wave.period, words.language)


def run_label(wave: Wave, words: DeskWords) -> str:
    """The same below a chart."""
    year, _, part = wave.period.partition("-")
    if year.isdecimal():
        key = {"Q": "results.label.q", "H": "results.label.h"}.get(part[:1])
        if key:
            return words(key, n=int(part[1:]), year=in_digits(year, words.language))
        return in_digits(wave.period, words.language)
    day = here(moment(wave.starts)).date()
    return in_digits(f"{day.day}/{day.month}", words.language)


def days(wave: Wave, words: DeskWords) -> str:
    first, last = (here(moment(at)).date() for at in (wave.starts, wave.ends))
    shown = last - timedelta(days=1) if last > first else last
    return words("results.days", first=said(first, words.language), last=said(shown, words.language))


# --- rows ------------------------------------------------------------------------------------------------------------


def long_table(
    found: Found, sides: Iterable[Side], words: DeskWords, profile: Profile, names: Mapping[int, str]
) -> Table:
    """Everything that may be told of a wave, a measure a line, so that any program can take it apart."""
    rows: list[Row] = []
    for question in found.survey.questions:
        if one := found.counted.get(question.id):
            rows += _measures(question, one, found.part.answered, ("all", "", ""), words)
        for side in sides:
            for group in side.groups:
                title = group_title(side.name, group.value, words, profile, names)
                if one := group.counted.get(question.id):
                    rows += _measures(question, one, group.people, (side.name, group.value, title), words)
        for theme, many in found.themes.get(question.id, {}).items():
            whose = (question.id, question.title.to(words.language), "all", "", "")
            rows.append((*whose, "theme", theme, words(f"theme.{theme}"), found.part.answered, many, None, None, None))
    return Table("results", words("results.table.long"), [words(f"results.field.{name}") for name in COLUMNS], rows)


def _measures(
    question: Question, one: Counted, people: int, group: tuple[str, str, str], words: DeskWords
) -> Iterable[Row]:
    whose = (question.id, question.title.to(words.language), *group)
    for answer, many, share in one.options:
        yield (*whose, "share", answer, answer_title(question, answer, words), one.number, many, *_percents(share))
    if one.satisfied:
        yield (*whose, "satisfied", "", "", one.number, None, *_percents(one.satisfied))
    if one.mean:
        yield (*whose, "mean", "", "", one.number, None, *(round(value, 3) for value in one.mean))
    if one.points:
        yield (*whose, "nps", "", "", one.number, None, *(round(value, 1) for value in one.points))
    if not one.options:
        yield (*whose, "answered", "", "", people, one.number, None, None, None)


def _percents(one: Interval) -> tuple[float, float, float]:
    low, middle, high = (round(_SHARE * value, 1) for value in (one.low, one.value, one.high))
    return middle, low, high


def taking_part(found: Found, words: DeskWords) -> Table:
    """The people of a wave, as a sheet."""
    part = found.part
    names = ("people", "asked", "unreached", "declined", "answered", "finished", "halfway", "entered")
    rows: list[Row] = [(words(f"results.{name}"), getattr(part, name)) for name in names]
    for name in ("response", "completion"):
        rate = getattr(part, name)
        rows.append((words(f"results.{name}"), None if rate is None else round(_SHARE * rate, 1)))
    rows += [
        (words("results.began_at"), day_cell(found.wave.starts)),
        (words("results.ends_at"), day_cell(found.wave.ends)),
    ]
    return Table("people", words("results.table.people"), [words("results.name"), words("results.value")], rows)


def stops_table(found: Found, words: DeskWords) -> Table:
    head = [words(f"results.{name}") for name in ("question", "reached", "answered_it", "stopped")]
    rows: list[Row] = [
        (question.title.to(words.language), stop.reached, stop.answered, stop.stopped) for question, stop in found.stops
    ]
    return Table("stops", words("results.table.stops"), head, rows)


def trend_table(found: Found, words: DeskWords) -> Table:
    """The waves, the oldest first."""
    head = [words(f"results.{name}") for name in ("run", "answered", "response", "csat", "ces", "nps")]
    rows: list[Row] = [
        (
            run_title(point.wave, words),
            point.number,
            None if point.response is None else round(_SHARE * point.response, 1),
            point.satisfied and round(_SHARE * point.satisfied.value, 1),
            point.ease and round(point.ease.value, 2),
            point.points and round(point.points.value, 1),
        )
        for point in found.trend
    ]
    return Table("trend", words("results.table.trend"), head, rows)


def sheets(
    found: Found, sides: Iterable[Side], words: DeskWords, profile: Profile, names: Mapping[int, str]
) -> list[Table]:
    tables = [taking_part(found, words), long_table(found, sides, words, profile, names)]
    return [*tables, stops_table(found, words), trend_table(found, words)]


def headlines(found: Found) -> list[tuple[str, Question, Counted]]:
    """CSAT, CES and NPS where the survey measures them and they may be told."""
    shown = []
    for name in HEADLINES:
        one = headline(found.survey, found.counted, name)
        question = found.survey.question(one.question) if one else None
        if one and question:
            shown.append((name, question, one))
    return shown


def package(
    found: Found, sides: Iterable[Side], words: DeskWords, profile: Profile, names: Mapping[int, str], made: datetime
) -> dict[str, object]:
    """Open data with its dictionary: a Tabular Data Package (specs.frictionlessdata.io), its rows inside."""
    survey, wave = found.survey, found.wave
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in long_table(found, sides, words, profile, names).rows]
    part = found.part._asdict()
    return {
        "profile": "tabular-data-package",
        "name": f"{profile.slug}-{survey.id}-{run_id(wave)}",
        "title": f"{survey.title.to(words.language)}: {run_title(wave, words)}",
        "description": words("results.package", least=found.at_least),
        "created": made.isoformat(timespec="seconds"),
        "resources": [
            _resource("participation", [part], [(name, name, name in _RATES) for name in part], words, _COUNTED),
            _resource(
                "results", rows, [(name, f"field.{name}", name in _DECIMAL) for name in COLUMNS], words, _NUMBERS
            ),
        ],
    }


_RATES = frozenset({"response", "completion"})
_DECIMAL = frozenset({"value", "low", "high"})
_COUNTED = (
    frozenset({"people", "asked", "unreached", "declined", "answered", "finished", "halfway", "entered"}) | _RATES
)


def _resource(
    name: str,
    rows: list[dict[str, object]] | list[dict[str, Cell]],
    columns: Iterable[tuple[str, str, bool]],
    words: DeskWords,
    numbers: frozenset[str],
) -> dict[str, object]:
    fields = []
    for column, key, decimals in columns:
        about = f"results.{key}.about"
        fields.append(
            {
                "name": column,
                "type": "string" if column not in numbers else "number" if decimals else "integer",
                "title": words(f"results.{key}"),
                **({"description": words(about)} if about in words else {}),
            }
        )
    return {
        "name": name,
        "profile": "tabular-data-resource",
        "data": rows,
        "schema": {"fields": fields},
    }


def run_id(wave: Wave) -> str:
    """For names of files."""
    return (wave.period or here(moment(wave.starts)).date().isoformat()).lower()
