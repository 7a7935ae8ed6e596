"""Whether the surveys of a profile can be asked as they are written: every question reached, every button shown."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from conversations.association.mistakes import Found, meant
from conversations.association.profile import Profile
from conversations.association.survey import Question, Survey
from conversations.cases.lifecycle import LIFECYCLES
from conversations.notices import MESSAGING
from conversations.surveys.scoring import SCORED

_LEAP_YEAR = 2024
LANGUAGES = ("ar", "en")
CHOICE_KINDS = frozenset({"choice", "choices"})
BUTTON_ROOM = 16
"""Characters that a button's id (40) leaves to its question and its choice, behind `sv:`, the wave and two colons."""
OF_THE_HOUSE = {"faces": "good", "yes_no": "yes"}
"""The longest choice of the kinds whose buttons are the house's own; those of numbers have one digit."""
MOST_QUESTIONS = 12
"""More than that is no short survey, and the invitation says that it is one."""


def _ids(profile: Profile) -> Iterator[Found]:
    seen: set[str] = set()
    for survey in profile.surveys:
        if survey.id in seen:
            yield f'survey "{survey.id}"', "stands twice", "rename or remove one"
        seen.add(survey.id)
        asked: set[str] = set()
        for question in survey.questions:
            if question.id in asked:
                yield _of(survey, question), "stands twice", "rename or remove one"
            asked.add(question.id)


def _questions(profile: Profile) -> Iterator[Found]:
    for survey in profile.surveys:
        if not 0 < (count := len(survey.questions)) <= MOST_QUESTIONS:
            yield f'survey "{survey.id}"', f"{count} questions", f"one to {MOST_QUESTIONS}"
        for question in survey.questions:
            where = _of(survey, question)
            if question.kind in CHOICE_KINDS and len(question.choices) < 2:
                yield where, f'kind "{question.kind}" has {len(question.choices)} choices', "list at least two"
            elif question.choices and question.kind not in CHOICE_KINDS:
                yield where, f'kind "{question.kind}" takes no choices', 'use kind "choice", or remove them'
            longest = max((choice.id for choice in question.choices), key=len, default="")
            longest = longest or OF_THE_HOUSE.get(question.kind, "1")
            if len(question.id) + len(longest) > BUTTON_ROOM:
                problem = f'its id and that of "{longest}" have {len(question.id) + len(longest)} characters'
                yield where, problem, f"shorten them: a button carries {BUTTON_ROOM} of the two"
            if question.kind == "recommend" and not profile.asking.recommend:
                remedy = "remove it, or set recommend = true in [asking]: never where the elderly are served"
                yield where, "asks for a number from 0 to 10", remedy


def _anonymous(profile: Profile) -> Iterator[Found]:
    """What would tell who answered, or what: a voice, and a question that is asked only after some answers."""
    for survey in (one for one in profile.surveys if one.anonymous):
        for question in survey.questions:
            if question.kind == "voice":
                yield _of(survey, question), "an anonymous survey takes no voice", 'use kind "words"'
            if question.ask_if is not None:
                remedy = "ask it of everybody, or set anonymous = false"
                yield _of(survey, question), "that it is asked would tell what was answered", remedy


def _reachable(profile: Profile) -> Iterator[Found]:
    """An `ask_if` that can never hold hides its question for good."""
    for survey in profile.surveys:
        for number, question in enumerate(survey.questions):
            if question.ask_if is not None:
                for problem, remedy in _never(question, survey.questions[:number]):
                    yield _of(survey, question), problem, remedy


def _never(question: Question, before: Sequence[Question]) -> Iterator[tuple[str, str]]:
    assert question.ask_if is not None
    asked, among = question.ask_if.field, question.ask_if.among
    earlier = next((one for one in before if one.id == asked), None)
    if earlier is None:
        yield f'is asked only after "{asked}", which no earlier question is', meant(asked, [one.id for one in before])
        return
    if not among:
        yield "is never asked: ask_if.among is empty", f'list the answers to "{asked}" that lead here'
        return
    possible = _values(earlier)
    if possible is None:
        yield f'"{asked}" has no fixed answers to look at', 'let ask_if look at faces, a scale, "choice" or "yes_no"'
        return
    for value in among:
        if not any(value == one and type(value) is type(one) for one in possible):
            shown = ", ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in possible)
            yield f'"{asked}" is never answered "{value}"', f"use: {shown}"


def _values(question: Question) -> tuple[str | int | bool, ...] | None:
    """None: nothing that one answer could be compared with. Of several choices, each answer is a list."""
    if question.kind == "yes_no":
        return (True, False)
    if question.kind == "choice":
        return tuple(choice.id for choice in question.choices)
    if question.kind in SCORED:
        least, most = SCORED[question.kind]
        return tuple(range(least, most + 1))
    return None


# When


def _when(profile: Profile) -> Iterator[Found]:
    for survey in profile.surveys:
        where = f'survey "{survey.id}"'
        if survey.occasion != "periodic":
            if survey.every or survey.cron:
                yield where, f"is asked when a case was {survey.occasion}, not each period", "remove every and cron"
        elif bool(survey.every) == bool(survey.cron):
            said = "both every and cron" if survey.every else "neither every nor cron"
            yield where, f"{said} say when it runs", 'use one, such as every = "quarter"'
        if survey.cron and (wrong := bad_cron(survey.cron)):
            yield where, f'cron "{survey.cron}": {wrong[0]}', wrong[1]
        if list(survey.remind_days) != sorted(set(survey.remind_days)) or min(survey.remind_days, default=1) < 1:
            yield (
                where,
                f"remind_days {list(survey.remind_days)}",
                "days after the invitation, each later than the last",
            )
        elif survey.remind_days and survey.remind_days[-1] >= survey.open_days:
            problem = f"reminds on day {survey.remind_days[-1]} and is over on day {survey.open_days}"
            yield where, problem, "remind earlier, or leave it open longer"


_DAYS = "mon|tue|wed|thu|fri|sat|sun"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_FIELDS: tuple[tuple[str, int, int, str], ...] = (
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day of the month", 1, 31, ""),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 1, 0, _DAYS),
)


def bad_cron(cron: str) -> tuple[str, str] | None:
    """What is wrong with it, and the remedy. Days of the week have names: numbers mean Sunday to some programs and
    Monday to others."""
    fields = cron.lower().split()
    if len(fields) != len(_FIELDS):
        return f"{len(fields)} fields", 'five: minute, hour, day, month, day of the week, as "0 10 * * sun"'
    for text, (name, least, most, names) in zip(fields, _FIELDS, strict=True):
        if name == "day of the week" and re.search(r"\d", text):
            return "a number for a day of the week", "write its name: sun, mon, tue, wed, thu, fri, sat"
        if any(_is_backwards(part, least, most, names) for part in text.split(",")):
            return f'"{text}" ends before it begins', "exchange its ends"
        if not all(_is_part(part, least, most, names) for part in text.split(",")):
            given = f"{least} to {most}" if least <= most else names.replace("|", ", ")
            return f'"{text}" is no {name}', f"use * or {given}"
    if not fields[0].isdigit() or not fields[1].isdigit():
        return "runs many times a day", 'name one minute and one hour, as "0 10 * * sun"'
    if fields[2] == fields[4] == "*":
        return "runs every day", "name a day of the week or of the month"
    if fields[2].isdigit() and fields[3].isdigit() and int(fields[2]) > monthrange(_LEAP_YEAR, int(fields[3]))[1]:
        return f"month {fields[3]} has no day {fields[2]}", "name a day that comes"
    return None


def _is_part(part: str, least: int, most: int, names: str) -> bool:
    """`*`, `5`, `1-5`, `*/2`, `1-9/2`; of names only `sun` and `sun-thu`; as bot/planner.py reads it."""
    body, slash, step = part.partition("/")
    places = [least, most] if body == "*" else _places(body, least, most, names)
    if len(places) not in (1, 2) or None in places:
        return False
    if not slash:
        return True
    first, last = places[0] or 0, (places[1] if len(places) == 2 else most) or 0
    counted = body == "*" or re.fullmatch(r"[0-9-]+", body)
    room = 6 if least > most else last - first
    return bool(counted) and step.isdigit() and 0 < int(step) <= room


def _is_backwards(part: str, least: int, most: int, names: str) -> bool:
    """A week goes round."""
    places = _places(part.partition("/")[0], least, most, names)
    return least < most and len(places) == 2 and None not in places and (places[0] or 0) > (places[1] or 0)


def _places(body: str, least: int, most: int, names: str) -> list[int | None]:
    """Both ends of a range, or the one value; None for what is neither a name nor a number in bounds."""
    known = names.split("|") if names else []
    return [
        known.index(one) + least
        if one in known
        else int(one)
        if one.isascii() and one.isdigit() and least <= int(one) <= most
        else None
        for one in body.split("-")
    ]


# Of whom


def _audience(profile: Profile) -> Iterator[Found]:
    known: Mapping[str, Iterable[str]] = {
        "kinds": LIFECYCLES,
        "stages": {stage for one in LIFECYCLES.values() for stage in one.stages},
        "services": [service.id for service in profile.services],
        "categories": {service.category for service in profile.services if service.category},
        "languages": LANGUAGES,
        "channels": MESSAGING,
    }
    for survey in profile.surveys:
        where, audience = f'survey "{survey.id}", audience', survey.audience
        for side, names in known.items():
            for name in getattr(audience, side):
                if name not in set(names):
                    yield where, f'{side}: unknown "{name}"', meant(name, names)
        days = {side: _day(getattr(audience, side)) for side in ("opened_from", "opened_until")}
        for side, day in days.items():
            if getattr(audience, side) and day is None:
                yield where, f'{side} "{getattr(audience, side)}" is no day', "write it as 2026-11-22"
        begins, ends = days.values()
        if begins and ends and begins > ends:
            yield where, "opened_from is later than opened_until", "exchange them"
        if audience.stages and audience.kinds and set(audience.kinds) <= LIFECYCLES.keys():
            theirs = {stage for kind in audience.kinds for stage in LIFECYCLES[kind].stages}
            for stage in sorted(set(audience.stages) - theirs):
                yield where, f'no {" or ".join(audience.kinds)} is ever "{stage}"', meant(stage, theirs)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _clauses(profile: Profile) -> Iterator[Found]:
    known = {clause.id for clause in profile.clauses}
    for survey in profile.surveys:
        if survey.clause and survey.clause not in known:
            yield f'survey "{survey.id}"', f'unknown clause "{survey.clause}"', meant(survey.clause, known)


def _of(survey: Survey, question: Question) -> str:
    return f'survey "{survey.id}", question "{question.id}"'


RULES: tuple[Callable[[Profile], Iterable[Found]], ...] = (
    _ids,
    _questions,
    _anonymous,
    _reachable,
    _when,
    _audience,
    _clauses,
)
