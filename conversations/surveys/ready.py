"""Ready surveys: what a profile's `[[survey]]` does not say is taken from the ready one it names."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

Raw = dict[str, Any]


@cache
def ready() -> Mapping[str, Raw]:
    """The ready surveys by id, as `ready.toml` writes them."""
    raw = tomllib.loads((Path(__file__).parent / "ready.toml").read_text("utf-8"))
    return {survey["id"]: survey for survey in raw["survey"]}


def completed(profile: Raw) -> tuple[Raw, list[tuple[str, str]]]:
    """A profile as written, each of its surveys with what it takes from a ready one; and those that name a ready one
    there is not, by id and that name. What is malformed stays as it is: the types and the checks say so."""
    surveys = profile.get("survey")
    if not isinstance(surveys, list):
        return profile, []
    unknown = [one for one in surveys if isinstance(one, dict) and one.get("ready", "") not in ("", *ready())]
    found = [_completed(one) if isinstance(one, dict) else one for one in surveys if one not in unknown]
    return {**profile, "survey": found}, [(str(one.get("id", "")), str(one["ready"])) for one in unknown]


def _completed(survey: Raw) -> Raw:
    taken = ready().get(survey.get("ready", ""))
    if taken is None:
        return survey
    # How often it is asked is one thing said in two ways: whoever names the days does not also say «each quarter».
    without = {"every", "calendar"} if survey.get("cron") else set()
    found = {key: value for key, value in taken.items() if key not in without} | survey
    questions = survey.get("question")
    if isinstance(questions, list):
        found["question"] = _questions(taken["question"], questions)
    return found


def _questions(taken: list[Raw], own: list[Any]) -> list[Any]:
    """One with the id of a ready question takes its place; a new one comes before the open one that ends them."""
    ids = {one.get("id"): one for one in own if isinstance(one, dict)}
    known = {one["id"] for one in taken}
    added = [one for one in own if not isinstance(one, dict) or one.get("id") not in known]
    merged: list[Any] = [ids.get(one["id"], one) for one in taken]
    last = len(merged) - (merged[-1].get("about") == "open")
    return [*merged[:last], *added, *merged[last:]]
