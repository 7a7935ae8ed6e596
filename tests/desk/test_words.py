"""The desk's own sentences: the same in both languages, with the same placeholders and every plural form."""

import re
import string

import pytest

from bot.desk.said import answered
from bot.desk.words import desk_wording
from tests.desk.house import House
from tests.desk.stories import case_of

FORMS = {"ar": 6, "en": 2}


def test_both_languages_have_the_same_sentences() -> None:
    arabic, english = set(desk_wording("ar").sentences), set(desk_wording("en").sentences)
    assert len(arabic) > 800
    assert arabic ^ english == set()


def test_both_languages_interpolate_the_same_things() -> None:
    def placeholders(language: str, key: str) -> set[str]:
        sentence = desk_wording(language).sentences[key]
        forms = (sentence,) if isinstance(sentence, str) else sentence
        return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}

    always = {"association", "short", "count"}
    keys = desk_wording("ar").sentences
    assert [key for key in keys if (placeholders("ar", key) ^ placeholders("en", key)) - always] == []


def test_counted_sentences_have_every_form_and_none_is_empty() -> None:
    for language, count in FORMS.items():
        for key, sentence in desk_wording(language).sentences.items():
            forms = (sentence,) if isinstance(sentence, str) else sentence
            assert len(forms) in (1, count) and all(form.strip() for form in forms), (language, key)


@pytest.mark.parametrize(
    ("kind", "shown", "written"),
    [
        ("money", "5,000 ريال", "٥٬٠٠٠ ريال"),
        ("birth_date", "1 مايو 1990 م (6 شوال 1410 هـ)", "١ مايو ١٩٩٠ م (٦ شوال ١٤١٠ هـ)"),
        ("number", "3", "٣"),
        ("phone", "+966500000001", "+966500000001"),
        ("identity", "تنتهي بـ 4321", "تنتهي بـ 4321"),
    ],
)
def test_amounts_and_days_are_in_the_digits_of_the_page_and_numbers_to_copy_as_given(
    kind: str, shown: str, written: str
) -> None:
    assert answered(kind, shown, "ar") == written
    assert answered(kind, shown, "en") == shown


def test_no_page_of_a_case_mixes_its_digits(house: House) -> None:
    person = house.person("7001")
    id = case_of(house, person.does(person.apply()))
    officer = house.worker("relations_officer")
    told = officer.text(f"/case/{id}") + officer.text("/cases/board")
    assert "٥٬٠٠٠" in told and "١٩٩٠" in told
    assert not re.search(r"5,000|1990|(?<= )[0-9](?= )", told)
