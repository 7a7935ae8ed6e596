"""References: read from any typing, guessed by nobody, and no slip of the finger names another case."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conversations.cases.reference import ALPHABET, find_reference, new_reference, read_reference

DRAW = st.binary(min_size=16, max_size=32)
PREFIX = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
FIXED = new_reference(bytes(range(32)), "HRF")


@given(DRAW, PREFIX)
def test_a_new_reference_is_read_back_however_it_is_typed(draw: bytes, prefix: str) -> None:
    reference = new_reference(draw, prefix)
    assert re.fullmatch(rf"{prefix}-[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", reference)
    arabic = reference.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for typed in (reference, reference.lower(), reference.replace("-", " "), reference.replace("-", ""), arabic):
        assert read_reference(typed) == reference
        assert read_reference(f"  {typed}\n", prefix) == reference


@given(DRAW)
def test_the_prefix_may_be_left_out_where_it_is_known(draw: bytes) -> None:
    reference = new_reference(draw, "HRF")
    assert read_reference(reference[4:], "HRF") == reference
    assert read_reference(reference[4:].replace("-", "").lower(), "HRF") == reference
    assert read_reference(reference[4:]) is None


@given(DRAW, PREFIX, st.data())
def test_a_single_wrong_symbol_is_found(draw: bytes, prefix: str, data: st.DataObject) -> None:
    symbols = new_reference(draw, prefix).replace("-", "")
    place = data.draw(st.integers(0, len(symbols) - 1))
    other = data.draw(st.sampled_from(ALPHABET if place >= 3 else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    assume(other != symbols[place])
    assert read_reference(symbols[:place] + other + symbols[place + 1 :]) is None


@given(DRAW, PREFIX, st.data())
def test_two_symbols_that_changed_places_are_found(draw: bytes, prefix: str, data: st.DataObject) -> None:
    symbols = list(new_reference(draw, prefix).replace("-", ""))
    one = data.draw(st.integers(0, len(symbols) - 2))
    other = data.draw(st.just(one + 1) | st.integers(one + 1, len(symbols) - 1))
    assume(symbols[one] != symbols[other])
    symbols[one], symbols[other] = symbols[other], symbols[one]
    assert read_reference("".join(symbols)) is None


def test_every_single_slip_in_one_reference_is_found() -> None:
    symbols = FIXED.replace("-", "")
    slips = [
        symbols[:place] + other + symbols[place + 1 :]
        for place in range(3, len(symbols))
        for other in ALPHABET
        if other != symbols[place]
    ]
    assert len(slips) == 10 * 30
    assert [slip for slip in slips if read_reference(slip)] == []


@pytest.mark.parametrize(
    "text",
    ["", "HRF", "0512345678", "5534567892", "SUPPORTERS", "HRF-00000-00000", "HRF-7K2M-C", "٢٠٢٦-١١-٢٢", "²" * 10],
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert read_reference(text, "HRF") is None
    assert find_reference(text, "HRF") is None


def test_another_associations_reference_is_not_ours() -> None:
    assert read_reference(FIXED, "RHM") is None
    assert read_reference(FIXED, "HRF") == FIXED


@pytest.mark.parametrize(
    "sentence",
    [
        "وش صار على طلبي {}؟",
        "رقم الطلب:{}",
        "طلبي رقم {} من شهر وما جاني رد على 0512345678",
        "my request is {}, please tell me",
        "({})",
    ],
)
def test_a_reference_is_found_inside_a_sentence(sentence: str) -> None:
    assert find_reference(sentence.format(FIXED), "HRF") == FIXED
    assert find_reference(sentence.format(FIXED.lower().replace("-", " - "))) == FIXED
    assert find_reference(sentence.format(FIXED[4:]), "HRF") == FIXED
    assert find_reference(sentence.format("")) is None


@given(st.text(), st.sampled_from([None, "HRF"]))
def test_any_text_at_all_is_read_without_an_error(text: str, prefix: str | None) -> None:
    for found in (read_reference(text, prefix), find_reference(text, prefix)):
        assert found is None or read_reference(found, prefix) == found


def test_other_bytes_give_other_references() -> None:
    references = {new_reference(number.to_bytes(32), "HRF") for number in range(1, 5000)}
    assert len(references) == 4999


def test_too_few_random_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        new_reference(b"short", "HRF")
