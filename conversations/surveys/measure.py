"""One question in one wave, as a number: how many answered, their mean, and the share of the satisfied.

Nothing is said under `at_least` answers (profile.asking): fewer may point at somebody.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from conversations.association.survey import Question
from conversations.surveys.scoring import SCORED, csat

LITTLE = 0.05
"""A difference below a twentieth of the scale is none."""
Trend = Literal["up", "down", "same"]


class Measured(NamedTuple):
    """`satisfied`: from 0 to 1."""

    number: int
    mean: float
    satisfied: float


class Change(NamedTuple):
    before: Measured
    after: Measured
    trend: Trend


def measured(question: Question, counts: Mapping[str, int], least: int) -> Measured | None:
    """`counts`: people by score. None for a kind without scores, and for fewer than `least` answers."""
    number = sum(counts.values())
    if question.kind not in SCORED or number < max(least, 1):
        return None
    total = sum(int(score) * many for score, many in counts.items())
    satisfied = sum(many for score, many in counts.items() if csat(question, int(score)))
    return Measured(number, total / number, satisfied / number)


def change(question: Question, before: Measured | None, after: Measured | None) -> Change | None:
    """None until both waves say something."""
    if before is None or after is None:
        return None
    least, most = SCORED[question.kind]
    step = (after.mean - before.mean) / (most - least)
    return Change(before, after, "up" if step >= LITTLE else "down" if step <= -LITTLE else "same")
