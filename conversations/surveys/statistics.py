"""What counted answers say, and how surely: shares, means, who stops where, and what may not be shown.

Numbers in, numbers out. Sources: Wilson 1927 for shares (it stays within 0 and 1 and is honest for few answers); the
t distribution for means (Abramowitz & Stegun 26.7.5 for its quantile); the correction for a finite population where
everybody was asked; ISO 10004 for what is said of satisfaction. CSAT: the share of the two best answers. CES: the mean
of how easy it was, 1 to 5. NPS: the share of 9 and 10 less that of 0 to 6, in points of a hundred.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from conversations.association.survey import Question
from conversations.surveys.scoring import ANSWERED, SCORED, WORDS, csat

Z = 1.959963984540054
"""The normal quantile of 95 %."""
PROMOTER, DETRACTOR = 9, 6
K = TypeVar("K", bound=Hashable)


class Interval(NamedTuple):
    """An estimate with its 95 % confidence interval, in the estimate's own unit."""

    value: float
    low: float
    high: float


def share(hits: int, number: int, population: int = 0) -> Interval:
    """Wilson's interval of a share, `number` > 0. `population`: how many there are whom the answers speak for; 0 where
    that is not known. Whoever asked everybody and heard everybody is not unsure."""
    if population and population <= number:
        return Interval(hits / number, hits / number, hits / number)
    # The correction makes the sample count for more: as if n (N - 1) / (N - n) had answered.
    n = number * (population - 1) / (population - number) if population > number else float(number)
    p, z2 = hits / number, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def mean(counts: Mapping[int, int], population: int = 0) -> Interval | None:
    """The mean of scores and their counts, with the t interval; None below two answers."""
    number = sum(counts.values())
    if number < 2:
        return None
    middle = sum(score * many for score, many in counts.items()) / number
    spread = sum(many * (score - middle) ** 2 for score, many in counts.items()) / (number - 1)
    half = t_quantile(number - 1) * math.sqrt(spread / number * _finite(number, population))
    return Interval(middle, middle - half, middle + half)


def nps(counts: Mapping[int, int], population: int = 0) -> Interval | None:
    """In points, -100 to 100; None without an answer."""
    number = sum(counts.values())
    if not number:
        return None
    up = sum(many for score, many in counts.items() if score >= PROMOTER) / number
    down = sum(many for score, many in counts.items() if score <= DETRACTOR) / number
    half = Z * math.sqrt((up + down - (up - down) ** 2) / number * _finite(number, population))
    value = up - down
    return Interval(100 * value, max(-100.0, 100 * (value - half)), min(100.0, 100 * (value + half)))


def margin(sample: int, population: int = 0) -> float:
    """Half the width, in share, within which 95 of 100 such samples lie, whatever the answer (p = 1/2)."""
    return Z * math.sqrt(0.25 / sample * _finite(sample, population)) if sample else 1.0


def t_quantile(freedom: int) -> float:
    """The two-sided 95 % quantile of t: right to a thousandth from four degrees of freedom on."""
    if freedom < 4:
        return (math.inf, 12.7062, 4.3027, 3.1824)[freedom]
    z, v = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


def _finite(number: int, population: int) -> float:
    if not population or population < 2:
        return 1.0
    return max(0.0, (population - number) / (population - 1))


# --- one question ----------------------------------------------------------------------------------------------------


class Counted(NamedTuple):
    """What was answered to one question. `number`: people. `options`: each answer there is, how many gave it, and its
    share; `satisfied`, `mean`, `points` (NPS): where the kind has them."""

    question: str
    number: int
    options: tuple[tuple[str, int, Interval], ...] = ()
    satisfied: Interval | None = None
    mean: Interval | None = None
    points: Interval | None = None


def counted(question: Question, scores: Mapping[str, int], population: int = 0) -> Counted:
    """From counts by score (as text), by choice, or of words. Answers of a former version stand at the end."""
    number = answered(scores)
    known = options_of(question)
    others = sorted(key for key, many in scores.items() if many > 0 and key not in (*known, ANSWERED, WORDS))
    if not number or not (known or others):
        return Counted(question.id, number)
    # Three faces: what lies between them is said in words alone, and stands there when somebody did.
    rare = {"4", "2"} if question.kind == "faces" else set[str]()
    shown = [key for key in (*known, *others) if key not in rare or scores.get(key)]
    options = tuple((key, scores.get(key, 0), share(scores.get(key, 0), number, population)) for key in shown)
    if question.kind not in SCORED:
        return Counted(question.id, number, options)
    by_score = {int(key): many for key, many in scores.items() if many > 0 and key.isdecimal()}
    if question.kind == "recommend":
        return Counted(question.id, number, options, points=nps(by_score, population))
    pleased = sum(many for score, many in by_score.items() if csat(question, score))
    return Counted(
        question.id,
        number,
        options,
        satisfied=share(pleased, number, population),
        mean=None if question.kind == "yes_no" else _within(mean(by_score, population), *SCORED[question.kind]),
    )


def _within(one: Interval | None, least: int, most: int) -> Interval | None:
    """No mean lies outside of its scale."""
    return one and Interval(one.value, max(one.low, least), min(one.high, most))


def answered(scores: Mapping[str, int]) -> int:
    """How many people answered: of a question with several choices, not how many choices were made."""
    return scores[ANSWERED] if ANSWERED in scores else sum(scores.values())


def options_of(question: Question) -> tuple[str, ...]:
    """Every answer a question has, the best first; none for words."""
    if question.kind in SCORED:
        least, most = SCORED[question.kind]
        return tuple(str(score) for score in range(most, least - 1, -1))
    return tuple(choice.id for choice in question.choices)


class Stop(NamedTuple):
    """A question in the order they are asked: how many came at least so far, how many answered it, and how many
    stopped before it."""

    reached: int
    answered: int
    stopped: int


def stops(begun: int, answers: Sequence[int], finished: int) -> list[Stop]:
    """Where people stop. Every question may be skipped, and some are asked of some only: whoever answered a later one,
    or finished, came past it."""
    reached, found, before = finished, list[Stop](), begun
    furthest = []
    for number in reversed(answers):
        reached = max(reached, number)
        furthest.append(reached)
    for number, here in zip(answers, reversed(furthest), strict=True):
        found.append(Stop(here, number, max(before - here, 0)))
        before = min(before, here)
    return found


# --- what may be shown -----------------------------------------------------------------------------------------------


def shown(groups: Mapping[K, int], total: int, at_least: int) -> frozenset[K]:
    """Which groups of a whole may be shown beside it. None below `at_least`; and what is hidden must be so many taken
    together, or it could be had by taking the shown from the whole: the smallest of the others is then hidden, too. Who
    is in no group is a group of its own, always hidden."""
    sizes = {key: many for key, many in groups.items() if many > 0}
    rest = max(total - sum(sizes.values()), 0)
    open_ = sorted((key for key in sizes if sizes[key] >= at_least), key=lambda key: (sizes[key], str(key)))
    hidden = [sizes[key] for key in sizes if sizes[key] < at_least] + ([rest] if rest else [])
    while hidden and open_ and sum(hidden) < at_least:
        hidden.append(sizes[open_.pop(0)])
    return frozenset(open_)
