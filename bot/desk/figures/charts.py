"""Lines over time as geometry: a template draws it, without a script. Time runs the way the language reads.

What tells two lines apart is their stroke and their marks, never their colour alone (WCAG 1.4.1); the numbers stand in
a table beside the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 240
_SIDE, _TOP, _FOOT = 44, 12, 34
_LABELS = 8
"""Labels that fit below the axis."""
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Series:
    """`shape`: circle or square. `path` are the points of a polyline."""

    id: str
    name: str
    shape: str
    path: str
    marks: tuple[tuple[float, float, int, str], ...]
    """x, y, value, and the label of its place."""


@dataclass(frozen=True, slots=True)
class Chart:
    series: tuple[Series, ...]
    across: tuple[tuple[float, str], ...]
    """Labels below: x, words."""
    up: tuple[tuple[float, int], ...]
    """Lines across: y, value."""
    left: int = _SIDE
    right: int = WIDTH - _SIDE
    foot: int = HEIGHT - _FOOT
    width: int = WIDTH
    height: int = HEIGHT
    rtl: bool = False


def lines(labels: Sequence[str], values: Sequence[tuple[str, str, Sequence[int]]], *, rtl: bool) -> Chart:
    """`values`: id, name and the numbers of each line, one for each label."""
    top = _ceiling(max((max(numbers, default=0) for _, _, numbers in values), default=0))
    count = len(labels)
    span = WIDTH - 2 * _SIDE

    def x(place: int) -> float:
        along = span * (place / (count - 1) if count > 1 else 0.5)
        return round(WIDTH - _SIDE - along if rtl else _SIDE + along, 1)

    def y(value: int) -> float:
        return round(HEIGHT - _FOOT - (HEIGHT - _FOOT - _TOP) * value / top, 1)

    drawn = tuple(
        Series(
            id,
            name,
            "circle" if number % 2 == 0 else "square",
            " ".join(f"{x(place)},{y(value)}" for place, value in enumerate(numbers)),
            tuple((x(place), y(value), value, labels[place]) for place, value in enumerate(numbers)),
        )
        for number, (id, name, numbers) in enumerate(values)
    )
    every = -(-count // _LABELS) or 1
    across = tuple((x(place), label) for place, label in enumerate(labels) if place % every == 0)
    up = tuple((y(value), value) for value in range(0, top + 1, max(top // 4, 1)))
    return Chart(drawn, across, up, rtl=rtl)


BAR = 160


@dataclass(frozen=True, slots=True)
class Bar:
    """A share as a length, and how surely: from `low` to `high`. All of them across the picture."""

    x: float
    width: float
    low: float
    high: float
    full: int = BAR


def bar(value: float, low: float, high: float, *, rtl: bool) -> Bar:
    """Of shares, 0 to 1. It grows from the side at which reading begins."""

    def x(share: float) -> float:
        along = BAR * min(max(share, 0.0), 1.0)
        return round(BAR - along if rtl else along, 1)

    return Bar(min(x(0), x(value)), round(abs(x(value) - x(0)), 1), x(low), x(high))


def _ceiling(most: int) -> int:
    """The next number that divides into four even parts well."""
    scale = 1
    while True:
        for step in _STEPS:
            if most <= 4 * step * scale:
                return 4 * step * scale
        scale *= 10
