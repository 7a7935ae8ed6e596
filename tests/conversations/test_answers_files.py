"""What a file is by its first bytes, and how old somebody is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.answers.date import age_on
from conversations.answers.files import DOCUMENT_KINDS, VOICE_KINDS
from conversations.answers.signatures import kind_of

FILES = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00",
    "pdf": b"%PDF-1.7\n",
    "docx": b"PK\x03\x04\x14\x00" + b"[Content_Types].xml" + b"\x00" * 40 + b"word/document.xml",
    "ogg": b"OggS\x00\x02" + b"\x00" * 22 + b"OpusHead",
    "mp3": b"ID3\x04\x00",
    "m4a": b"\x00\x00\x00\x20ftypM4A \x00",
    "amr": b"#!AMR\n\x3c",
    "mp4": b"\x00\x00\x00\x18ftypmp42\x00",
    "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\x82\x84webm",
}


@pytest.mark.parametrize(("kind", "data"), list(FILES.items()))
def test_an_allowed_file_is_known_by_its_bytes(kind: str, data: bytes) -> None:
    assert kind_of(data) == kind
    assert kind in DOCUMENT_KINDS + VOICE_KINDS


def test_a_bare_mp3_frame_and_a_marked_pdf_are_known() -> None:
    assert kind_of(b"\xff\xfb\x90\x64") == "mp3"
    assert kind_of(b"\xef\xbb\xbf%PDF-1.4") == "pdf"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<!DOCTYPE html><html>",
        b"<html>%PDF-1.4",
        b"GIF89a",
        b"MZ\x90\x00",
        b"PK\x03\x04" + b"xl/workbook.xml[Content_Types].xml",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"OggS" + b"\x00" * 30 + b"\x80theora",
        b"\xff\xfe<\x00h\x00t\x00",
        b"\x00\x00\x00\x18ftypevil",
        b"\x1aE\xdf\xa3matroska",
        "سلام".encode(),
    ],
)
def test_everything_else_is_refused(data: bytes) -> None:
    assert kind_of(data) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert kind_of(data) in {None, *FILES}


@pytest.mark.parametrize(
    ("value", "years"),
    [
        ({"iso": "2008-11-22", "calendar": "gregorian"}, 18),
        ({"iso": "2008-11-23", "calendar": "hijri"}, 17),
        ({"iso": "2027-01-01", "calendar": "gregorian"}, -1),
        ({"year": 1340, "calendar": "hijri"}, 104),
        ({"year": 1920, "calendar": "gregorian"}, 106),
    ],
)
def test_age_is_in_full_gregorian_years(value: dict[str, object], years: int) -> None:
    assert age_on(value, date(2026, 11, 22)) == years
