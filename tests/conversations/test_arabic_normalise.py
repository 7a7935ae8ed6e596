"""One spelling for many."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.arabic.normalise import ascii_digits, digits_of, fold


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("أبغى دَعْمـــاً", "ابغي دعما"),
        ("إلى آخِره ٱلآن", "الي اخره الان"),
        ("مدرسة ومدرسه", "مدرسه ومدرسه"),
        ("مسؤول ومسئول", "مسوول ومسيول"),
        ("شيء", "شي"),
        ("مررررحبا", "مرحبا"),
        ("الله", "الله"),
        ("١٢٣ و۴۵۶", "123 و456"),
        ("1000000", "1000000"),
        ("Hello,   WORLD!", "hello world"),
        ("I don't", "i dont"),
        ("شكراً🌹🌹", "شكرا 🌹 🌹"),
        ("👍🏽", "👍"),
        ("\u200fنعم\u200f", "نعم"),
        ("ن\u200cعم", "نعم"),
        ("ﻻ", "لا"),
        ("گال کیف", "قال كيف"),
        ("", ""),
        ("؟", "?"),
        ("؟؟ !", "?"),
        ("...", ""),
        ("«²»", ""),
    ],
)
def test_the_ways_people_write_fold_to_one(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_what_is_folded_has_single_spaces_and_no_marks_or_capitals(text: str) -> None:
    folded = fold(text)
    assert "  " not in folded and folded == folded.strip()
    assert not any(unicodedata.category(character) in ("Mn", "Cf", "Lu", "Cc", "Cs") for character in folded)


@given(st.characters(exclude_categories=["Cs"], exclude_characters="?؟⸮"))
def test_every_character_folds_alone_as_it_does_in_company(character: str) -> None:
    assert fold(f"{character} {character}").split() == 2 * fold(f"{character} x").split()[:-1]


def test_all_of_unicode_is_not_remembered() -> None:
    from conversations.arabic import normalise

    fold("".join(map(chr, range(0x20000))))
    assert len(normalise._FOLDS) <= normalise._KEPT


def test_digits_of_any_script_become_ascii_and_separators_go() -> None:
    assert digits_of("١٠١٢-٣٤٥ ٦٧٢") == "1012345672"
    assert digits_of("\u200e+966\u00a050‑123\u20134567\u202c") == "+966501234567"
    assert ascii_digits("۱۲۳ ٤٥٦") == "123 456"


def test_a_superscript_is_no_digit_and_stays_in_the_way() -> None:
    assert digits_of("10²") == "10²"
    assert ascii_digits("²") == "²"
