"""Letters, faxes and slips, looked at as pictures where it is looks that count."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.papers import letter as papers
from bot.papers.letter import Letter, letters_pdf
from conversations.wording import house_wording
from tests.bot.pictures import Picture, pictures

AT = datetime(2026, 11, 22, 7, tzinfo=UTC)
ARABIC = Letter(
    language="ar",
    association="جمعية حارف للأسر المنتجة بالمنطقة الشرقية",
    licence="1306",
    contacts=("+966138820058", "info@harif.org.sa"),
    at=AT,
    reference="HRF-7K2MP-4TWX6",
    to="نورة السالم",
    address=("حي السلامة خلف المسجد الكبير", "RRRD2929"),
    body="بقي من الأوراق لطلبكم HRF-7K2MP-4TWX6:\n• صورة الهوية",
    signer="اللجنة المختصة",
)
ENGLISH = replace(ARABIC, language="en", to="Noura Al-Salem", address=("RRRD2929",), body="Your request is complete.")
PPI = 72
MM = PPI / 25.4


def drawn(*letters: Letter) -> list[Picture]:
    return pictures(letters_pdf(letters, AT, form="png", ppi=PPI))


def dark(page: Picture, left: float, top: float, width: float, height: float, faint: int = 500) -> int:
    """How many points of this part of the sheet are inked; millimetres."""
    rows = page[int(top * MM) : int((top + height) * MM)]
    return sum(sum(colour) < faint for row in rows for colour in row[int(left * MM) : int((left + width) * MM)])


def test_the_window_of_the_envelope_shows_name_and_address_and_nothing_else() -> None:
    long = replace(ARABIC, body="\n\n".join([ARABIC.body] * 14))
    pages = drawn(ARABIC, ENGLISH, long)
    assert len(pages) == 4
    nobody = drawn(replace(ARABIC, to="", address=()))
    for page in pages[:3]:
        assert dark(page, 20, 45, 85, 45) > 100
    assert dark(nobody[0], 20, 42, 85, 50) == 0
    assert dark(pages[0], 20, 45, 85, 45) == dark(pages[2], 20, 45, 85, 45)  # the third letter of a batch has its own
    for page in (*pages[:3], nobody[0]):
        assert dark(page, 110, 45, 80, 45) == 0
        assert dark(page, 20, 94, 170, 30) > 100
        assert dark(page, 3, 104, 6, 2, 760) > 0  # where it is folded


def test_arabic_begins_at_the_right_and_english_at_the_left() -> None:
    arabic, english = drawn(ARABIC, ENGLISH)
    assert dark(arabic, 100, 94, 90, 12) > 50 > dark(arabic, 20, 94, 60, 12)
    assert dark(english, 20, 94, 60, 6) > 50 > dark(english, 120, 94, 70, 6)


def test_a_letter_names_both_calendars_and_its_reference() -> None:
    page = papers._letter(ARABIC, house_wording("ar"))
    assert "٢٢ نوفمبر ٢٠٢٦م (١٢ جمادى الآخرة ١٤٤٨هـ)" in page["date"]
    assert page["reference"] == "HRF-7K2MP-4TWX6"
    assert "حفظكم الله" in page["greeting"]
    assert page["peace"]
    assert not papers._letter(replace(ARABIC, body="السلام عليكم. جديد."), house_wording("ar"))["peace"]


def test_a_fax_says_whose_it_is_and_its_numbers_run_from_left_to_right() -> None:
    fax = replace(ARABIC, kind="fax", fax="+966138820999", house_fax="+966138820258")
    page = papers._letter(fax, house_wording("ar"))
    assert "\u2066+966138820999\u2069" in page["fax"][0]
    assert "\u2066+966138820258\u2069" in page["fax"][1]
    assert page["fax_only"]
    assert dark(drawn(fax)[0], 20, 32, 170, 20) > 100


def test_a_slip_is_half_a_sheet_and_keeps_apart_what_is_told_last() -> None:
    slip = replace(ARABIC, kind="slip", body="لديكم جديد.", more="نأسف، لم نتمكن من قبول طلبكم.")
    [page] = drawn(slip)
    assert abs(len(page) / MM - 210) < 1
    assert abs(len(page[0]) / MM - 148) < 1
    plain, told = (papers._letter(one, house_wording("ar")) for one in (replace(slip, more=""), slip))
    assert told["more_label"]
    assert not plain["more_label"]
    assert len(told["boxes"]) == len(told["signs"]) == 3


def test_the_same_letters_give_the_same_bytes_and_none_give_no_file() -> None:
    assert letters_pdf([ARABIC, ENGLISH], AT) == letters_pdf([ARABIC, ENGLISH], AT)
    with pytest.raises(ValueError, match="no letters"):
        letters_pdf([], AT)


def test_what_a_person_wrote_is_never_read_as_markup() -> None:
    assert drawn(replace(ARABIC, to="#panic() $x$ *a*", body='= عنوان\n#include "x"', address=("#let a",)))
