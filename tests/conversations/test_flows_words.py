"""Every question can be asked, explained and named in the read-back, in both languages, wherever it may be asked."""

from collections.abc import Iterator

import pytest

import conversations.flows
from conversations.association.association import Association
from conversations.course import course
from conversations.draw import subjects
from conversations.flow import FLOWS, Flow, Step
from conversations.says import BUTTON_TITLE, ROW_ABOUT, ROW_TITLE
from conversations.wording import LANGUAGES
from tests.conversations.robot import associations

FEW = 3
"""Options that are shown as buttons by every channel; more make a list."""


def questions(association: Association) -> Iterator[tuple[Flow, str, Step]]:
    assert conversations.flows.__all__
    for flow in FLOWS.values():
        for subject in subjects(flow, association):
            for step in course(association, flow.name, subject).steps:
                yield flow, subject, step


def parts_of(association: Association, flow: Flow, subject: str, step: Step) -> Iterator[str]:
    """The words that a step may be asked for. What is asked alone and last is never read back."""
    if step.answer is None:
        return
    if step.asks is None:
        yield "ask"
    yield "help"
    alone = len(course(association, flow.name, subject).steps) == 1
    if (step.reviewed and not alone) or step.sensitive or step.known_as:
        yield "title"


def key_of(association: Association, flow: Flow, step: Step, part: str) -> str:
    own = f"{flow.name}.{step.id}.{part}"
    assert step.answer is not None
    return own if own in association.wording["ar"] else f"{step.answer.kind}.{part}"


def keys_by_convention(association: Association) -> Iterator[str]:
    """Every key that a flow's steps lead to, and the titles of the house's own choices."""
    for flow, subject, step in questions(association):
        for part in parts_of(association, flow, subject, step):
            yield key_of(association, flow, step, part)
    for name in FLOWS:
        yield f"flow.{name}"
        yield f"set_aside.{name}"
    sentences = association.wording["ar"].sentences
    titles = {
        option.title
        for _, _, step in questions(association)
        if step.answer is not None
        for option in step.answer.options("ar")
    }
    abouts = {
        option.about
        for _, _, step in questions(association)
        if step.answer is not None
        for option in step.answer.options("ar")
        if option.about
    }
    yield from (key for key, sentence in sentences.items() if sentence in titles | abouts)


@pytest.mark.parametrize("association", associations(), ids=lambda one: one.slug)
def test_every_question_has_its_words_in_both_languages(association: Association) -> None:
    asked = 0
    lacking = set()
    for flow, subject, step in questions(association):
        for part in parts_of(association, flow, subject, step):
            asked += 1
            own = getattr(step, part, None)
            for language in LANGUAGES:
                if own is not None:
                    found = bool(own.to(language).strip())
                else:
                    found = key_of(association, flow, step, part) in association.wording[language]
                if not found:
                    lacking.add(f"{language}: {flow.name}.{step.id}.{part}")
    assert asked > 100
    assert not lacking


@pytest.mark.parametrize("association", associations(), ids=lambda one: one.slug)
def test_every_option_fits_the_channel_with_the_least_room(association: Association) -> None:
    seen = 0
    too_long = set()
    for flow, _, step in questions(association):
        if step.answer is None:
            continue
        for language in LANGUAGES:
            options = step.answer.options(language)
            room = BUTTON_TITLE if len(options) <= FEW and not any(option.about for option in options) else ROW_TITLE
            for option in options:
                seen += 1
                if len(option.title) > room or len(option.about) > ROW_ABOUT or not option.title.strip():
                    too_long.add(f"{language}: {flow.name}.{step.id}: {option.title} ({len(option.title)})")
    assert seen > 100
    assert not too_long


def plain(option: str) -> str:
    """Those of a survey name its wave and question."""
    return option.split(":", 3)[-1] if option.startswith("sv:") else option


@pytest.mark.parametrize("association", associations(), ids=lambda one: one.slug)
def test_every_option_can_be_carried_by_a_button(association: Association) -> None:
    wrong = {
        f"{flow.name}.{step.id}: {option.id}"
        for flow, _, step in questions(association)
        if step.answer is not None
        for option in step.answer.options("ar")
        if not option.id.isascii() or len(option.id) > 40 or ":" in plain(option.id) or option.id.startswith("/")
    }
    assert not wrong


@pytest.mark.parametrize("association", associations(), ids=lambda one: one.slug)
def test_options_of_a_question_are_told_apart(association: Association) -> None:
    for flow, _, step in questions(association):
        for language in LANGUAGES:
            options = step.answer.options(language) if step.answer is not None else ()
            for what in ([option.id for option in options], [option.title for option in options]):
                assert len(set(what)) == len(what), f"{flow.name}.{step.id}: {what}"
