"""The desk's own sentences: the same in both languages, with the same placeholders and every plural form."""

import string

from bot.desk.words import desk_wording

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
