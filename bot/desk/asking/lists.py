"""Uploaded lists of people: the rows of a CSV or XLSX file, each a phone number or a reference.

What a row says is shown to whoever uploaded it, once, and kept nowhere: only its number and the reason stay.
"""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from conversations.answers.phone import phone_in
from conversations.cases.reference import find_reference
from storage.broadcasts import Bad, Named

MOST = 20_000
"""Rows of one file."""
_UNPACKED = 64 * 1024 * 1024
"""Bytes that an XLSX may hold once unpacked: a small file may hold gigabytes."""
_ENCODINGS = ("utf-8-sig", "cp1256")


class Unreadable(Exception):
    """No list: `kind`, `empty` or `too_long`."""


class Listed(NamedTuple):
    """`given`: what each row says, by its number, for the page that answers the upload."""

    rows: list[Named]
    bad: list[Bad]
    given: dict[int, str]


def read(data: bytes, prefix: str) -> Listed:
    """The rows of a file; `prefix`: of the association's references. Raises Unreadable."""
    rows: list[Named] = []
    bad: list[Bad] = []
    given: dict[int, str] = {}
    for number, cells in enumerate(_cells(data), 1):
        if number > MOST + 1:
            raise Unreadable("too_long")
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        named = next((one for cell in filled if (one := _named(number, cell, prefix))), None)
        given[number] = filled[0][:40]
        if named is not None:
            rows.append(named)
        elif number > 1 or any(letter.isdigit() for cell in filled for letter in cell):
            bad.append(Bad(number, "unreadable"))
        else:
            del given[number]  # the names of the columns
    if not rows and not bad:
        raise Unreadable("empty")
    return Listed(rows, bad, given)


def _named(number: int, cell: str, prefix: str) -> Named | None:
    if reference := find_reference(cell, prefix):
        return Named(number, reference=reference)
    if phone := phone_in(cell):
        return Named(number, phone=phone)
    return None


def _cells(data: bytes) -> Iterator[list[str]]:
    if data[:4] == b"PK\x03\x04":
        yield from _sheet(data)
        return
    if not data.strip():
        raise Unreadable("empty")
    if b"\x00" in data[:4096] or data.startswith((b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8")):
        raise Unreadable("kind")
    text = _text(data)
    first = text[:2000]
    mark = max(",;\t", key=first.count)
    for row in csv.reader(StringIO(text), delimiter=mark):
        yield [cell.strip() for cell in row]


def _text(data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("kind")


def _sheet(data: bytes) -> Iterator[list[str]]:
    """The first sheet."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with ZipFile(BytesIO(data)) as packed:
            if sum(one.file_size for one in packed.infolist()) > _UNPACKED:
                raise Unreadable("too_long")
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise Unreadable("kind") from error
    try:
        rows: Iterable[tuple[object, ...]] = book.worksheets[0].iter_rows(values_only=True) if book.worksheets else ()
        for row in rows:
            yield [_said(cell) for cell in row]
    finally:
        book.close()


def _said(cell: object) -> str:
    """A number that a sheet made of a telephone number, without its point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
