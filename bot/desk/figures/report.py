"""A wave's findings as the paper shows them (bot/papers/results.py)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.desk.figures import results as shown
from bot.desk.figures.results import between, decimal, per_cent, points
from bot.desk.words import DeskWords
from bot.papers.results import Headline, Length, Part, Report, Sheet
from bot.results import Found, Side
from conversations.association.profile import Profile
from conversations.association.survey import Question
from conversations.cases.calendar import in_digits
from conversations.surveys.statistics import Counted, Interval

_OF_SIDES = ("csat", "ces")


def report_of(
    found: Found, sides: Iterable[Side], words: DeskWords, profile: Profile, names: Mapping[int, str], now: datetime
) -> Report:
    language = words.language
    return Report(
        language=language,
        association=profile.name.to(language),
        licence=profile.licence,
        title=found.survey.title.to(language),
        run=shown.run_title(found.wave, words),
        days=shown.days(found.wave, words),
        why=found.survey.why.to(language),
        facts=tuple(_facts(found, words)),
        headlines=tuple(_headlines(found, words)),
        questions=tuple(_question(question, found, words) for question in found.survey.questions) if found.told else (),
        # One group alone is the whole again.
        sides=tuple(
            part for side in sides if len(side.groups) > 1 for part in _side(side, found, words, profile, names)
        ),
        stops=_stops(found, words) if found.stops else None,
        trend=_trend(found, words) if len(found.trend) > 1 else None,
        notes=tuple(_notes(found, words)),
        made_at=now,
    )


def _facts(found: Found, words: DeskWords) -> Iterable[tuple[str, str]]:
    part, language = found.part, words.language
    for name in ("asked", "answered", "finished", "declined", "unreached", "entered"):
        yield words(f"results.{name}"), in_digits(getattr(part, name), language)
    for name in ("response", "completion"):
        rate = getattr(part, name)
        yield words(f"results.{name}"), words("management.none") if rate is None else per_cent(rate, language)
    if found.told:
        yield words("results.margin"), words("results.plus_minus", n=per_cent(found.margin, language))


def _headlines(found: Found, words: DeskWords) -> Iterable[Headline]:
    language = words.language
    for name, _, one in shown.headlines(found):
        about = words(f"results.{name}.about")
        if name == "csat" and one.satisfied:
            value, sure = per_cent(one.satisfied.value, language), between(one.satisfied, words)
        elif name == "ces" and one.mean:
            value, sure = (
                words("results.of_five", n=decimal(one.mean.value, language)),
                between(one.mean, words, "mean"),
            )
        elif name == "nps" and one.points:
            value, sure = points(one.points.value, language), between(one.points, words, "points")
        else:
            continue
        yield Headline(name=words(f"results.{name}"), value=value, sure=sure, about=about)


def summary_of(question: Question, one: Counted, words: DeskWords) -> str:
    """What a question found, in a line."""
    language = words.language
    said = [words("results.number_answered", count=one.number)]
    if one.satisfied:
        key = {"effort": "easy_of", "yes_no": "yes_of"}.get(question.kind, "satisfied_of")
        said.append(
            words(f"results.{key}", n=per_cent(one.satisfied.value, language), sure=between(one.satisfied, words))
        )
    if one.mean:
        said.append(
            words("results.mean_of", n=decimal(one.mean.value, language), sure=between(one.mean, words, "mean"))
        )
    if one.points:
        named = f"{words('results.nps')}: {points(one.points.value, language)}"
        said.append(f"{named} ({between(one.points, words, 'points')})")
    return " · ".join(said)


def _question(question: Question, found: Found, words: DeskWords) -> Part:
    one = found.counted.get(question.id)
    title, asked = question.title.to(words.language), f"«{question.ask.to(words.language)}»"
    if one is None:
        return Part(title=title, asked=asked, note=words("results.few_answered", least=found.at_least))
    rows = [
        _length(shown.answer_title(question, id, words), share, in_digits(many, words.language), words)
        for id, many, share in one.options
    ]
    themes = found.themes.get(question.id, {})
    return Part(
        title=title,
        asked=asked,
        summary=summary_of(question, one, words),
        rows=(*rows, *_themes(themes, words)),
    )


def _themes(themes: Mapping[str, int], words: DeskWords) -> Iterable[Length]:
    total = sum(themes.values())
    for theme, many in themes.items():
        share = many / total
        exact = Interval(share, share, share)
        yield _length(words(f"theme.{theme}"), exact, in_digits(many, words.language), words, sure="")


def _side(side: Side, found: Found, words: DeskWords, profile: Profile, names: Mapping[int, str]) -> Iterable[Part]:
    """By each headline that is a share, which every group can be held against."""
    for name, question, _ in shown.headlines(found):
        told = [(group, group.counted.get(question.id)) for group in side.groups]
        rows = [
            _length(
                shown.group_title(side.name, group.value, words, profile, names),
                one.satisfied,
                in_digits(one.number, words.language),
                words,
            )
            for group, one in told
            if one and one.satisfied
        ]
        if rows and name in _OF_SIDES:
            yield Part(
                title=f"{words(f'results.side.{side.name}')}: {question.title.to(words.language)}",
                rows=tuple(rows),
                note=words("results.hidden", least=found.at_least) if side.hidden else "",
            )


def _length(label: str, one: Interval, count: str, words: DeskWords, sure: str | None = None) -> Length:
    return Length(
        label=label,
        value=one.value,
        low=one.low,
        high=one.high,
        count=count,
        shown=per_cent(one.value, words.language),
        sure=between(one, words) if sure is None else sure,
    )


def _stops(found: Found, words: DeskWords) -> Part:
    rows = []
    for question, stop in found.stops:
        share = stop.reached / found.part.answered
        count = in_digits(stop.reached, words.language)
        label = question.title.to(words.language)
        gone = words("results.stopped_before", n=stop.stopped) if stop.stopped else ""
        rows.append(_length(label, Interval(share, share, share), count, words, sure=gone))
    note = words("results.stops_anonymous" if found.wave.anonymous else "results.stops_about")
    return Part(title=words("results.reached"), rows=tuple(rows), note=note)


def _trend(found: Found, words: DeskWords) -> Sheet:
    language, none = words.language, words("management.none")
    table = shown.trend_table(found, words)
    rows = [
        (
            shown.run_title(point.wave, words),
            in_digits(point.number, language),
            none if point.response is None else per_cent(point.response, language),
            per_cent(point.satisfied.value, language) if point.satisfied else none,
            decimal(point.ease.value, language) if point.ease else none,
            points(point.points.value, language) if point.points else none,
        )
        for point in found.trend
    ]
    return Sheet(title=table.title, head=tuple(table.head), rows=tuple(rows))


def _notes(found: Found, words: DeskWords) -> Iterable[str]:
    if not found.told:
        few = found.part.answered < found.at_least
        yield words("results.too_few", least=found.at_least) if few else words("results.not_yet")
    yield words("results.report.right")
    yield words("results.how_sure")
    yield words("results.how_hidden", least=found.at_least)
    if not found.over:
        yield words("results.report.running")
