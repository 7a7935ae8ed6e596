"""Draws the report of a survey's wave: what people said, as it may be told, for a board, a department's wall or a file.

Source: H د-1, T objectives 5 and 6 («للتقويم والتطوير لا للعقاب والتشهير»). Numbers only: no name, nothing anybody
wrote.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.papers.paper import Form, at_said, drawable, frame, typeset
from conversations.cases.calendar import Words

Figure = tuple[str, str]
"""A label and a value, both in the reader's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """An answer or a group. `value`, `low`, `high`: from 0 to 1, drawn as a bar and its whisker; the texts say them."""

    label: str
    value: float
    low: float
    high: float
    count: str
    shown: str
    sure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A question, a side, or where people stop. `note`: what stands in place of rows, or below them."""

    title: str
    asked: str = ""
    summary: str = ""
    rows: tuple[Length, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """CSAT, CES or NPS, and what it is."""

    name: str
    value: str
    sure: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything the paper shows, in words of its language. `made_at` is aware."""

    language: str
    association: str
    licence: str = ""
    title: str
    run: str
    days: str
    why: str
    facts: tuple[Figure, ...]
    headlines: tuple[Headline, ...]
    questions: tuple[Part, ...]
    sides: tuple[Part, ...]
    stops: Part | None
    trend: Sheet | None
    notes: tuple[str, ...]
    made_at: datetime


def results_pdf(report: Report, words: Words) -> bytes:
    """The PDF, some 100 ms of work: off the event loop. Raises FontMissing."""
    pages = drawn(report, "pdf", words)
    assert isinstance(pages, bytes)
    return pages


def drawn(report: Report, form: Form, words: Words, ppi: float = 144) -> bytes | list[bytes]:
    """The same as a PDF, or as one picture a page. Raises FontMissing."""
    return typeset("results.typ", _page(report, words), report.made_at, form, ppi)


def _page(report: Report, words: Words) -> dict[str, Any]:
    labels = ("people", "heads", "questions", "sides", "stops", "trend", "how")
    page = {
        **frame(report.language, report.association, report.licence, words),
        **{name: value for name, value in asdict(report).items() if name not in ("language", "licence", "made_at")},
        "title": words("results.report"),
        "survey": report.title,
        "labels": {name: words(f"results.report.{name}") for name in labels},
        "made": words("results.report.made", at=at_said(report.made_at, report.language, words)),
    }
    return drawable(page)
