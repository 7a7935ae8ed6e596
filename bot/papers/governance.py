"""Draws the governance report of a period: each clause of the policy beside its evidence, for a board or a regulator.

Source: Harif د-5 and د-6 (management watches complaints, inquiries and the contact officers continuously); T preamble
(«مراجعتها… وتعميمها»). Counts, times and references only: no name, no answer, nothing anybody wrote.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.papers.paper import Form, at_said, drawable, frame, typeset
from conversations.cases.calendar import Words, in_digits, said
from conversations.wording import house_wording

Figure = tuple[str, str]
"""A label and a value, both in the reader's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that fulfils a clause, and what shows that it did in this period."""

    what: str
    ready: bool = True
    """Whether it is there at all; what is not is said to be missing."""
    figures: tuple[Figure, ...] = ()
    samples: tuple[str, ...] = ()
    """References of cases where it can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    id: str
    text: str
    """As the policy prints it."""
    reading: bool = False
    """How it is fulfilled is our reading of it."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """Everything the report shows. `first` and `last` are the days of the period, both included; times are aware."""

    language: str
    association: str
    licence: str = ""
    title: str
    """The policy's, as printed."""
    facts: tuple[Figure, ...] = ()
    """Approval, review, version, what it supersedes."""
    first: date
    last: date
    made_at: datetime
    summary: tuple[Figure, ...] = ()
    clauses: tuple[ClauseRow, ...]


def governance_pdf(report: Governance, words: Words | None = None) -> bytes:
    """The PDF, some 100 ms of work: off the event loop. Raises FontMissing."""
    pages = drawn(report, "pdf", words)
    assert isinstance(pages, bytes)
    return pages


def drawn(report: Governance, form: Form, words: Words | None = None, ppi: float = 144) -> bytes | list[bytes]:
    """The same as a PDF, or as one picture a page. Raises FontMissing."""
    page = _page(report, words or house_wording(report.language))
    return typeset("governance.typ", page, report.made_at, form, ppi)


def _page(report: Governance, words: Words) -> dict[str, Any]:
    language = report.language
    first, last = (said(day, language) for day in (report.first, report.last))
    page = {
        **frame(language, report.association, report.licence, words),
        "title": words("governance.title"),
        "policy": report.title,
        "mark": words("governance.mark", first=_short(report.first, language), last=_short(report.last, language)),
        "period": words("governance.period", first=first, last=last),
        "facts": [*report.facts, (words("governance.made"), at_said(report.made_at, language, words))],
        "summary_label": words("governance.summary"),
        "summary": report.summary,
        "about": words("governance.about"),
        "standing": list(_standing(report, words)),
        "clauses_label": words("governance.clauses"),
        "head": [words(f"governance.{name}") for name in ("what", "evidence", "samples")],
        "reading": words("governance.reading"),
        "clauses": [
            {
                "id": clause.id,
                "text": clause.text,
                "reading": clause.reading,
                "whole": _fits(clause),
                "rows": [
                    {
                        "what": one.what,
                        "figures": one.figures,
                        "samples": one.samples,
                        "none": words("governance.none" if one.ready else "governance.not_ready"),
                    }
                    for one in clause.evidence
                ],
            }
            for clause in report.clauses
        ],
        "nothing": words("governance.nothing"),
    }
    return drawable(page, as_is=("mark",))


def _fits(clause: ClauseRow) -> bool:
    """Short enough to be kept on one page."""
    lines = sum(max(1, len(one.what) // 20, len(one.figures), len(one.samples)) for one in clause.evidence)
    return len(clause.text) // 80 + lines < 25


def _standing(report: Governance, words: Words) -> Iterator[Figure]:
    """How many clauses are kept by what is there, in part, or not."""
    counts = {"kept": 0, "partly": 0, "open": 0}
    for clause in report.clauses:
        ready = [one.ready for one in clause.evidence]
        counts["open" if not any(ready) else "kept" if all(ready) else "partly"] += 1
    for name, count in counts.items():
        yield words(f"governance.{name}"), in_digits(count, report.language)


def _short(day: date, language: str) -> str:
    return in_digits(f"{day.day}/{day.month}/{day.year}", language)
