"""Every sentence that the code asks for exists, in both languages, with the same placeholders; none is left over."""

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import conversations.flows  # noqa: F401 - fills FLOWS
from bot.desk.words import desk_wording
from conversations.arabic.disclosures import Category
from conversations.cases.lifecycle import LIFECYCLES, words_of
from conversations.flow import FLOWS
from conversations.wording import LANGUAGES, Wording, house_wording, read_catalogue
from tests.conversations.robot import associations
from tests.conversations.test_flows_words import keys_by_convention

ROOT = Path(__file__).parents[2]
ALWAYS = {"association", "short"}
OURS = ("engine", "flows")
"""The rooms of the dialogue: what nothing uses there is dead."""


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    found = tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8")))
        for storey in ("conversations", "storage", "bot")
        for path in sorted((ROOT / storey).rglob("*.py"))
    )
    assert len(found) > 50
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@cache
def calls(*names: str) -> tuple[tuple[str, ast.Call], ...]:
    return tuple(
        (f"{path}:{node.lineno}", node)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in names and node.args
    )


def as_pattern(node: ast.JoinedStr) -> re.Pattern[str]:
    parts = (re.escape(str(one.value)) if isinstance(one, ast.Constant) else r"[\w.-]+" for one in node.values)
    return re.compile("".join(parts))


def says_something(pattern: re.Pattern[str]) -> bool:
    """A name that is computed as a whole would match any key at all."""
    return len(pattern.pattern.replace(r"[\w.-]+", "").replace("\\", "")) > 6 or not pattern.pattern.startswith("[")


def literals(node: ast.expr) -> Iterator[str]:
    """The constants that an expression may be: itself, or the branches of an `if`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def keys(where: str = "") -> set[str]:
    """The keys that this file may ask for: those of the desk are said by the street side alone."""
    both = [catalogue(where, language) for language in LANGUAGES]
    return set().union(*(one.sentences for one in both))


def catalogue(where: str, language: str) -> Wording:
    return desk_wording(language) if where.startswith("bot/") else house_wording(language)


def placeholders(language: str, key: str) -> set[str]:
    sentence = house_wording(language).sentences[key]
    forms = (sentence,) if isinstance(sentence, str) else sentence
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


def missing(wanted: set[str]) -> set[str]:
    return {f"{language}: {key}" for language in LANGUAGES for key in wanted - set(house_wording(language).sentences)}


def test_both_languages_have_the_same_sentences() -> None:
    assert set(house_wording("ar").sentences) == set(house_wording("en").sentences)


def test_both_languages_interpolate_the_same_things() -> None:
    both = set(house_wording("ar").sentences) & set(house_wording("en").sentences)
    assert len(both) > 300
    differ = {
        key: (placeholders("ar", key), placeholders("en", key))
        for key in both
        if placeholders("ar", key) - ALWAYS != placeholders("en", key) - ALWAYS
    }
    assert not differ


def test_no_sentence_is_empty_and_counted_ones_have_every_form() -> None:
    forms = {"ar": 6, "en": 2}
    for language in LANGUAGES:
        for key, sentence in house_wording(language).sentences.items():
            if isinstance(sentence, str):
                assert sentence.strip(), key
            else:
                assert len(sentence) == forms[language] and all(form.strip() for form in sentence), key


def test_arabic_counts_as_arabic_counts() -> None:
    """A row of forms in each catalogue's order: none, one, two, few (3–10), many (11–99), hundreds."""
    forms = ("لا أيام", "يوم", "يومان", "أيام", "يومًا", "يوم من مئات")
    wording = Wording("ar", {"days": forms}, house_wording("ar")._plural)
    counted = {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 15: 4, 99: 4, 100: 5, 101: 5, 102: 5, 103: 3, 111: 4, 200: 5}
    assert {count: forms.index(wording("days", count=count)) for count in counted} == counted


def test_every_sentence_asked_for_by_name_exists() -> None:
    named = {(where, key) for where, call in calls("words") for key in literals(call.args[0])}
    assert len(named) > 100
    assert not [
        (where, language, key)
        for where, key in named
        for language in LANGUAGES
        if key not in catalogue(where, language)
    ]


def test_every_computed_name_can_be_some_sentence() -> None:
    computed = [
        (where, as_pattern(call.args[0])) for where, call in calls("words") if isinstance(call.args[0], ast.JoinedStr)
    ]
    assert len(computed) > 10
    assert not [where for where, pattern in computed if not any(map(pattern.fullmatch, keys(where)))]


def test_every_way_out_and_every_complaint_of_an_answer_has_its_sentence() -> None:
    said = {key for _, call in calls("Leave", "Explain", "Again") for key in literals(call.args[0])}
    said |= {key for _, call in calls("Confirm") for arg in call.args[1:2] for key in literals(arg)}
    assert len(said) > 30
    assert not missing(said)


def test_every_option_offered_by_name_has_its_title() -> None:
    offered = {
        f"option.{key.lstrip('/').replace(':', '_')}"
        for _, call in calls("options")
        for arg in call.args
        for key in literals(arg)
        if key not in LANGUAGES
    }
    assert len(offered) > 15
    assert not missing(offered)


def test_every_flow_has_a_name_and_words_for_being_set_aside() -> None:
    wanted = {f"flow.{name}" for name in FLOWS}
    wanted |= {f"set_aside.{flow.name}" for flow in FLOWS.values() if flow.resumable}
    assert not missing(wanted)


def test_every_disclosure_is_answered() -> None:
    answered: set[str] = set(Category.__args__) - {"idiom"}  # type: ignore[attr-defined]
    assert not missing({f"harm.{category}" for category in answered})


def test_every_kind_stage_and_move_of_a_case_has_its_words() -> None:
    wanted = {f"kind.{kind}" for kind in LIFECYCLES}
    for kind, lifecycle in LIFECYCLES.items():
        wanted |= {f"stage.{kind}.{stage}" for stage in lifecycle.stages}
        wanted |= {words for move in lifecycle.moves if (words := words_of(kind, move))}
    assert not missing(wanted)


def test_what_a_sentence_interpolates_is_given_where_it_is_said() -> None:
    short_of = {
        f"{where}: {key} needs {sorted(lacking)}"
        for where, call in calls("words")
        if all(keyword.arg for keyword in call.keywords)
        for key in literals(call.args[0])
        if key in house_wording("ar").sentences
        if (lacking := placeholders("ar", key) - ALWAYS - {keyword.arg or "" for keyword in call.keywords})
    }
    assert not short_of


@pytest.mark.parametrize("room", OURS)
def test_no_sentence_of_the_dialogue_is_left_over(room: str) -> None:
    """Used means: written out somewhere in the code, matched by a computed name, or found by a convention."""
    written = {
        node.value
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    computed = [
        as_pattern(node)
        for _, call in calls("words", "tell", "Option", "Leave", "Explain", "Again")
        for node in ast.walk(call)
        if isinstance(node, ast.JoinedStr)
    ]
    computed = [one for one in computed if says_something(one) and one.pattern != r"option\.[\w.-]+"]
    by_convention = {key for association in associations() for key in keys_by_convention(association)}
    options = {f"option.{name.lstrip('/').replace(':', '_')}" for name in written if re.fullmatch(r"[/\w:]+", name)}
    ours = read_catalogue(ROOT / "conversations" / "wording" / "ar" / f"{room}.po")[0]
    left_over = {
        key
        for key in ours
        if key not in written | options | by_convention and not any(pattern.fullmatch(key) for pattern in computed)
    }
    assert not left_over
