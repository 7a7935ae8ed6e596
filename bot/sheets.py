"""Tables as files to work on: XLSX (a sheet each, right to left where the language is) and CSV.

Both are opened by programs that run what looks like a formula. Whatever begins like one is written as text with an
apostrophe before it, in both, so that no value can act (OWASP, CSV injection).
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO

from conversations.cases.calendar import here
from storage.times import moment

Cell = str | int | float | date | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_SHEET_NAME = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
BOM = "\ufeff"
"""Without it Excel reads UTF-8 as something else, and Arabic becomes signs."""


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` may be any iterable: it is walked once."""

    id: str
    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def safe(cell: Cell) -> Cell:
    """The same, unable to act as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def day_cell(at: int | None) -> date | None:
    """The day in Riyadh of a moment in milliseconds."""
    return None if at is None else here(moment(at)).date()


def xlsx(tables: Iterable[Table], *, rtl: bool) -> bytes:
    """Row by row, in constant memory: a second for ten thousand rows. Off the event loop."""
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    bold = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
    plain, day = book.add_format(), book.add_format({"num_format": "yyyy-mm-dd"})
    for table in tables:
        sheet = book.add_worksheet(_sheet_name(table.title, [one.get_name() for one in book.worksheets()]))
        if rtl:
            sheet.right_to_left()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(table.head) - 1, 0), 18)
        for column, name in enumerate(table.head):
            sheet.write_string(0, column, str(safe(name)), bold)
        for number, row in enumerate(table.rows, 1):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.write(number, column, safe(cell), day if isinstance(cell, date) else plain)
    book.close()
    return out.getvalue()


def csv_of(table: Table) -> bytes:
    """UTF-8 with its mark, lines as RFC 4180 has them."""
    out = StringIO()
    out.write(BOM)
    writer = csv.writer(out)
    writer.writerow([safe(name) for name in table.head])
    for row in table.rows:
        writer.writerow(["" if cell is None else safe(cell) for cell in row])
    return out.getvalue().encode()


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    name = title.translate(_FORBIDDEN).strip("' ")[:_SHEET_NAME] or "1"
    number = 2
    while name.casefold() in (one.casefold() for one in taken):
        mark = f" {number}"
        name, number = name[: _SHEET_NAME - len(mark)] + mark, number + 1
    return name
