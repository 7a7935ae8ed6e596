"""The templates of WhatsApp as Meta wants them, in both languages, and what may stand in their places."""

import re

import pytest

from conversations.choices import CHOSEN
from conversations.commands import COMMANDS
from conversations.templates import KINDS, LONGEST, body, button, fits, places, samples
from conversations.wording import LANGUAGES, house_wording

EACH = [(kind, language) for kind in KINDS for language in LANGUAGES]


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_a_template_is_what_meta_takes(kind: str, language: str) -> None:
    said = body(kind, house_wording(language))
    numbers = re.findall(r"\{\{(\d+)\}\}", said)
    assert [int(one) for one in dict.fromkeys(numbers)] == list(range(1, len(KINDS[kind].values) + 1)), "in order, each"
    assert not re.search(r"^\W*\{\{|\}\}\W*$", said), "none begins or ends with a place"
    assert not re.search(r"\}\}\W{0,1}\{\{", said), "two places never touch"
    assert len(re.sub(r"\{\{\d\}\}", "", said).split()) >= 3 * len(numbers), "more words than places"
    assert len(said) <= LONGEST // 2 and "{short}" not in said and not re.search(r"\n\n|\t|  ", said)


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_meta_sees_every_place_filled(kind: str, language: str) -> None:
    assert fits(kind, samples(kind, house_wording(language), "حارف"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_button_leads_to_something_that_is_there(kind: str) -> None:
    sent = button(kind)
    if not sent:
        return
    question, _, option = sent.partition(":")
    assert question == "0" and len(option) <= 40
    assert option[1:] in COMMANDS if option.startswith("/") else option.partition(":")[0] in CHOSEN
    assert {*re.findall(r"\d(?=\}\})", option)} <= {str(n) for n in range(1, len(KINDS[kind].values) + 1)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_says_so_in_what_every_phone_shows(language: str) -> None:
    words = house_wording(language)
    assert 0 < len(words("option.open_news")) <= 20
    for kind in KINDS:
        said = body(kind, words)
        assert bool(re.search("الزر|button", said)) <= bool(button(kind)), f"{kind} speaks of a button it has not"


def test_only_an_invitation_counts_as_advertising() -> None:
    assert [kind for kind, known in KINDS.items() if known.category == "marketing"] == ["survey_invitation"]


def test_values_are_given_by_name_and_carried_by_number() -> None:
    assert places("news", short="حارف", reference="HRF-1") == {"1": "حارف", "2": "HRF-1"}
    with pytest.raises(KeyError):
        places("news", short="حارف")


@pytest.mark.parametrize(
    ("values", "good"),
    [
        ({"1": "حارف", "2": "HRF-1"}, True),
        ({"1": "حارف", "2": "سطر ونصف، وفيه :؛ كل شيء"}, True),
        ({"1": "حارف"}, False),
        ({}, False),
        ({"1": "حارف", "2": "HRF-1", "3": "x"}, False),
        ({"1": "حارف", "3": "HRF-1"}, False),
        ({"1": "حارف", "2": ""}, False),
        ({"1": "حارف", "2": "\u200f "}, False),
        ({"1": "حارف", "2": "سطر\nوسطر"}, False),
        ({"1": "حارف", "2": "سطر\r"}, False),
        ({"1": "حارف", "2": "س" * 600}, False),
    ],
)
def test_what_meta_would_refuse_is_refused_here(values: dict[str, str], good: bool) -> None:
    assert fits("news", values) is good


def test_a_kind_that_nobody_declared_has_no_template() -> None:
    assert not fits("greetings", {"1": "x"})


@pytest.mark.parametrize(
    ("kinds", "given"),
    [
        (("news", "promise_near", "promise_missed"), ("حارف", "HRF-7K2MP-4TWX6")),
        (("reply_waiting", "appointment", "appointment_reminder"), ("حارف",)),
    ],
)
def test_what_the_dialogue_gives_is_what_its_templates_take(kinds: tuple[str, ...], given: tuple[str, ...]) -> None:
    for kind in kinds:
        assert fits(kind, {str(number): value for number, value in enumerate(given, 1)}), kind
