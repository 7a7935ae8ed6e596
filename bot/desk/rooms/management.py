"""Continuous oversight (Harif د-5, د-6): what is open, due and late, how soon people are answered, against the promise.

Nothing here names a beneficiary, and nothing is counted that the reader may not know of.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from bot import governance
from bot.desk.at import At
from bot.desk.figures import charts
from bot.desk.figures.tables import service_title, summary, tables
from bot.desk.room import Room
from bot.figures import Overview, overview, rows_of, scope_of
from bot.sheets import CSV, XLSX, Cell, Table, csv_of, day_cell, xlsx
from conversations.arabic.normalise import ascii_digits
from conversations.cases import period
from conversations.cases.calendar import from_hijri, here, said
from conversations.cases.period import Calendar, Period
from storage import figures, staff
from storage.figures import Scope

room = Room("management", nav="/management", right="management")
PAGE = 2_000
"""Rows of the list that are read at once for a file."""
_DAY = re.compile(r"(\d{4})\D+(\d{1,2})\D+(\d{1,2})")
_HIJRI_BEFORE = 1700


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the page was asked to show."""

    name: str
    """One of period.NAMES, or `range`."""
    calendar: Calendar
    over: Period
    kind: str
    service: str
    first: str
    last: str
    """As they were typed."""

    @property
    def query(self) -> str:
        asked = {"period": self.name, "calendar": self.calendar, "kind": self.kind, "service": self.service}
        return urlencode(asked | ({"first": self.first, "last": self.last} if self.name == "range" else {}))


@room.get("/management")
async def management(at: At) -> Response:
    """Figures on the page; the same in files."""
    chosen, wrong = _chosen(at)
    view, names, _ = await _view(at, chosen)
    await at.saw("figures", chosen.name)
    found = tables(view, at.words, names, at.association.profile)
    labels = [point.label for point in view.trend]
    chart = charts.lines(
        labels,
        [
            ("opened", at.words("management.opened"), [point.opened for point in view.trend]),
            ("decided", at.words("management.decided"), [point.decided for point in view.trend]),
        ],
        rtl=at.language == "ar",
    )
    return at.page(
        "management/management.html",
        error=at.words("management.days_unclear") if wrong else "",
        chosen=chosen,
        view=view,
        tables=[table for table in found if table.id != "trend"],
        trend=next(table for table in found if table.id == "trend"),
        chart=chart,
        names=(*period.NAMES, "range"),
        in_words=lambda day: said(day, at.language),
        span=lambda seconds: governance.span(seconds, at.words),
        kinds=sorted(at.worker.kinds, key=lambda kind: at.words(f"kind.{kind}")),
        services=[(one.id, one.title.to(at.language)) for one in at.association.profile.services],
    )


@room.get("/management/figures.xlsx")
async def figures_xlsx(at: At) -> Response:
    chosen, _ = _chosen(at)
    view, names, _ = await _view(at, chosen)
    await _exported(at, "figures.xlsx")
    found = [summary(view, at.words), *tables(view, at.words, names, at.association.profile)]
    data = await asyncio.to_thread(xlsx, found, rtl=at.language == "ar")
    return at.file(_named(at, chosen, "figures", "xlsx"), XLSX, data)


@room.get("/management/figures.csv")
async def figures_csv(at: At) -> Response:
    """One long table: a number a line, so that any program can take it apart."""
    chosen, _ = _chosen(at)
    view, names, _ = await _view(at, chosen)
    await _exported(at, "figures.csv")
    rows: list[tuple[Cell, ...]] = []
    for table in (summary(view, at.words), *tables(view, at.words, names, at.association.profile)):
        for row in table.rows:
            rows += [(table.title, row[0], name, cell) for name, cell in zip(table.head[1:], row[1:], strict=True)]
    head = [at.words(f"management.{name}") for name in ("table", "name", "measure", "value")]
    return at.file(_named(at, chosen, "figures", "csv"), CSV, csv_of(Table("figures", "", head, rows)))


@room.get("/management/cases.xlsx")
async def cases_xlsx(at: At) -> Response:
    chosen, _ = _chosen(at)
    scope = await _scope(at, chosen)
    await _exported(at, "cases.xlsx")
    listed = _list(at, scope)
    data = await asyncio.to_thread(xlsx, [listed], rtl=at.language == "ar")
    return at.file(_named(at, chosen, "cases", "xlsx"), XLSX, data)


@room.get("/management/cases.csv")
async def cases_csv(at: At) -> Response:
    chosen, _ = _chosen(at)
    scope = await _scope(at, chosen)
    await _exported(at, "cases.csv")
    listed = _list(at, scope)
    return at.file(_named(at, chosen, "cases", "csv"), CSV, await asyncio.to_thread(csv_of, listed))


@room.get("/management/report.pdf")
async def report(at: At) -> Response:
    """The governance report of the period, for a board or a regulator."""
    from bot.papers.governance import governance_pdf

    chosen, _ = _chosen(at)
    view, _, scope = await _view(at, chosen)
    await _exported(at, "report.pdf")
    proven = await governance.proof_of(at.read, scope)
    made = governance.report(at.association.profile, view, proven, at.words, at.now)
    data = await asyncio.to_thread(governance_pdf, made, at.words)
    return at.file(_named(at, chosen, "governance", "pdf"), "application/pdf", data, inline=True)


# --- what was asked for ----------------------------------------------------------------------------------------------


def _chosen(at: At) -> tuple[Chosen, bool]:
    """And whether the days that were typed are none."""
    today = here(at.now).date()
    calendar: Calendar = "gregorian" if at.query("calendar") == "gregorian" else "hijri"
    name, first, last = at.query("period", "month"), at.query("first")[:40], at.query("last")[:40]
    kind = at.query("kind") if at.query("kind") in at.worker.kinds else ""
    service = at.query("service") if at.association.profile.service(at.query("service")) else ""
    if name == "range":
        days = [day for typed in (first, last) if (day := day_of(typed))]
        if len(days) == 2:
            return Chosen(name, calendar, Period(min(days), max(days)), kind, service, first, last), False
        return Chosen(name, calendar, period.named("month", calendar, today), kind, service, first, last), True
    name = name if name in period.NAMES else "month"
    return Chosen(name, calendar, period.named(name, calendar, today), kind, service, first, last), False


def day_of(typed: str) -> date | None:
    """A day as year, month and day in either calendar and either digits; None for anything else."""
    if not (parts := _DAY.fullmatch(ascii_digits(typed).strip())):
        return None
    year, month, day = (int(part) for part in parts.groups())
    try:
        return from_hijri(year, month, day) if year < _HIJRI_BEFORE else date(year, month, day)
    except ValueError:
        return None


async def _scope(at: At, chosen: Chosen) -> Scope:
    hidden = await at.read(figures.hidden, at.slug, at.worker.id)
    return scope_of(chosen.over, at.slug, at.worker.kinds, hidden)._replace(kind=chosen.kind, service=chosen.service)


async def _view(at: At, chosen: Chosen) -> tuple[Overview, dict[int, str], Scope]:
    """The figures, the names of the workers in them, and what was counted."""
    profile = at.association.profile
    scope = await _scope(at, chosen)
    rows = await rows_of(at.read, scope, at.now, profile)
    view = overview(rows, chosen.over, chosen.calendar, profile, at.language)
    return view, await at.read(staff.names, at.desk.vault, view.officers), scope


# --- files -----------------------------------------------------------------------------------------------------------


async def _exported(at: At, what: str) -> None:
    """What leaves the house is on record before it does."""
    await at.write("export", "figures", _nothing, detail=what)


def _nothing(_connection: Connection) -> None: ...


def _named(at: At, chosen: Chosen, what: str, ending: str) -> str:
    return f"{at.slug}-{what}-{chosen.over.first}-{chosen.over.last}.{ending}"


def _list(at: At, scope: Scope) -> Table:
    """References, stages and days; no name and nothing anybody wrote."""
    words, profile = at.words, at.association.profile
    subjects = {subject.id: subject.title.to(at.language) for subject in profile.complaints.subjects}

    def rows() -> Iterator[tuple[Cell, ...]]:
        after = (-1, -1)
        while page := at.desk.database.read_now(figures.listed, scope, after, PAGE):
            for one in page:
                yield (
                    one.reference,
                    words.or_key(f"kind.{one.kind}"),
                    words.or_key(f"at_stage.{one.kind}.{one.stage}"),
                    service_title(profile, one.service, at.language) if one.service else None,
                    subjects.get(one.category, one.category) or None,
                    words.or_key(f"channel.{one.source}") if one.source else None,
                    *(day_cell(day) for day in (one.opened_at, one.completed_at, one.earliest, one.latest, one.due)),
                    day_cell(one.decided_at),
                    words.or_key(f"management.outcome.{one.decision}") if one.decision else None,
                    day_cell(one.closed_at),
                )
            after = (page[-1].opened_at, page[-1].id)

    columns = (
        *("reference", "kind", "stage", "service", "subject", "source"),
        *("opened_at", "completed_at", "earliest", "latest", "due_at", "decided_at", "outcome", "closed_at"),
    )
    return Table("cases", words("management.table.cases"), [words(f"management.{one}") for one in columns], rows())
