"""Whom a wave is for, as a form asks it and a page says it: the sides that an audience can be narrowed by."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from conversations.association.survey import Audience
from conversations.cases.lifecycle import LIFECYCLES
from conversations.notices import MESSAGING
from storage import staff

if TYPE_CHECKING:
    from bot.desk.at import At

Sides = dict[str, list[tuple[str, str]]]
MOST_DIGITS = 8
SIDES = ("kinds", "stages", "services", "categories", "branches", "languages", "channels")


def sides(connection: Connection, at: "At") -> Sides:
    """By side, the values that there are, as staff call them. Kinds of case that the worker does not see are none to
    choose by."""
    profile, words, language = at.association.profile, at.words, at.language
    kinds = [kind for kind in LIFECYCLES if kind in at.worker.kinds]
    stages: dict[str, str] = {}
    for kind in kinds:
        for stage in LIFECYCLES[kind].stages:
            if (key := f"at_stage.{kind}.{stage}") in words:
                stages.setdefault(stage, words(key))
    subjects = profile.complaints.subjects if "complaint" in kinds else ()
    colleagues = staff.colleagues(connection, at.desk.vault, at.slug)
    branches = sorted({one.member.branch for one in colleagues if one.member.branch})
    found = {
        "kinds": [(kind, words(f"kind.{kind}")) for kind in kinds],
        "stages": list(stages.items()),
        "services": [(one.id, one.title.to(language)) for one in profile.services],
        "categories": [(one.id, one.title.to(language)) for one in subjects],
        "branches": [(one, one) for one in branches],
        "languages": [(one, words(f"conversation.language.{one}")) for one in ("ar", "en")],
        "channels": [(one, words.or_key(f"delivery.channel.{one}")) for one in MESSAGING],
    }
    return {side: values for side, values in found.items() if values}


def typed(at: "At") -> dict[str, tuple[str, ...]]:
    return {side: tuple(dict.fromkeys(filter(None, at.form.all(side)))) for side in SIDES}


def chosen(audience: Audience) -> dict[str, tuple[str, ...]]:
    return {side: tuple(getattr(audience, side)) for side in SIDES}


def sample_of(at: "At", least: int) -> int | None:
    """How many are to be drawn at random, 0 where nothing is typed: all. None for what is no such number."""
    typed = at.form.get("sample").strip()
    if not typed:
        return 0
    fits = typed.isascii() and typed.isdigit() and least <= int(typed[:9]) and len(typed) < MOST_DIGITS
    return int(typed) if fits else None


def wrong(
    at: "At", given: dict[str, tuple[str, ...]], first: str, last: str, known: Sides
) -> Iterator[tuple[str, str]]:
    """What is wrong with a choice: the field, and the sentence. What is no value there is would be nobody."""
    for side, values in given.items():
        if set(values) - {value for value, _ in known.get(side, [])}:
            yield side, at.words("asking.wrong.side")
    days = [day_of(one) if one else None for one in (first, last)]
    if (first and days[0] is None) or (last and days[1] is None):
        yield "opened_from", at.words("asking.wrong.day")
    elif days[0] and days[1] and days[0] > days[1]:
        yield "opened_from", at.words("asking.wrong.days")


def day_of(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        return None
