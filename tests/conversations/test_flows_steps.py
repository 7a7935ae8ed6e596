"""Every question can be reached, left backwards, cancelled, and ends; in every association, on every channel."""

from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from conversations.answers.choice import OneOf, YesNo
from conversations.answers.marked import Marked
from conversations.answers.rating import Rating
from conversations.association.association import Association
from conversations.conversation import Draft, Invitation, Member, encode
from conversations.course import course
from conversations.draw import drawings, subjects
from conversations.effects import AskOther
from conversations.flow import FLOWS, Explain, Flow, GoTo, Leave, Step
from conversations.flows.shared_phone import digest
from conversations.play import Play
from conversations.world import Person
from tests.conversations.robot import CHANNELS, WORDS, associations, go_on, press, step_of

Given = dict[str, Any]
LONG = 60
"""More questions than any flow has."""


def possible(step: Step) -> tuple[Any, ...] | None:
    """The values that let the flow go on; None where they cannot be listed."""
    match step.answer.inner if isinstance(step.answer, Marked) else step.answer:
        case OneOf(choices=choices):
            values: tuple[Any, ...] = tuple(choice.id for choice in choices)
        case YesNo():
            values = (True, False)
        case Rating():
            values = (1, 2, 3, 4, 5)
        case _:
            return None
    return tuple(value for value in values if not isinstance(step.exits.get(value), Leave | GoTo | Explain))


def ways_to(step: Step, before: tuple[Step, ...], given: Given) -> Iterator[Given]:
    """Answers to earlier questions under which this one is asked, none contradicting what is given."""
    if not step.when:
        yield given
        return
    earlier = {one.id: number for number, one in enumerate(before)}
    ways: list[Given] = [given]
    for condition in step.when:
        asked = before[earlier[condition.step]]
        found: list[Given] = []
        for way in ways:
            values = possible(asked)
            wanted = condition.among or values or ("anything",)
            for value in wanted:
                if values is not None and value not in values:
                    continue
                if asked.id in way and way[asked.id] != value:
                    continue
                found += ways_to(asked, before[: earlier[condition.step]], {**way, asked.id: value})
        ways = found
    yield from ways


def cases() -> Iterator[Any]:
    for association in associations():
        for flow in FLOWS.values():
            for subject in subjects(flow, association):
                yield pytest.param(
                    association, flow, subject, id=f"{association.slug}-{flow.name}-{subject}".strip("-")
                )


def test_there_are_flows_to_check() -> None:
    assert len(FLOWS) >= 16
    assert len(list(cases())) >= 5 * 16


@pytest.mark.parametrize(("association", "flow", "subject"), cases())
def test_every_question_is_asked_after_some_answers(association: Association, flow: Flow, subject: str) -> None:
    steps = course(association, flow.name, subject).steps
    assert steps
    assert len({step.id for step in steps}) == len(steps)
    for number, step in enumerate(steps):
        earlier = {one.id for one in steps[:number]}
        assert {condition.step for condition in step.when} <= earlier, f"{step.id} looks ahead"
        assert next(ways_to(step, steps[:number], {}), None) is not None, f"{step.id} is never asked"


@pytest.mark.parametrize(("association", "flow", "subject"), cases())
def test_every_exit_belongs_to_an_answer_and_leads_somewhere(
    association: Association, flow: Flow, subject: str
) -> None:
    for step in course(association, flow.name, subject).steps:
        values: set[Any] | None = {OneOf: None, YesNo: {True, False}}.get(type(step.answer))
        if isinstance(step.answer, OneOf):
            values = {choice.id for choice in step.answer.choices}
        for value, way in step.exits.items():
            assert values is not None and value in values, f"{step.id}: {value}"
            if isinstance(way, GoTo):
                assert way.flow in FLOWS


@pytest.mark.parametrize("association", associations(), ids=lambda one: one.slug)
def test_a_drawing_names_every_question_and_every_way_out(association: Association) -> None:
    drawn = drawings(association)
    for flow in FLOWS.values():
        for subject in subjects(flow, association):
            picture = drawn[f"{flow.name}: {subject}" if subject else flow.name]
            lines = picture.splitlines()
            assert lines[0] == "flowchart TD"
            for step in course(association, flow.name, subject).steps:
                assert any(line.startswith(f'    ask_{step.id}["{step.id}') for line in lines), step.id
                for condition in step.when:
                    assert f"{condition.step} =" in picture or f"{condition.step} answered" in picture
                for way in step.exits.values():
                    if isinstance(way, Leave):
                        assert way.words in picture
            named = {line.split("-->")[-1].rpartition("|")[2].strip() for line in lines if "-->" in line}
            drawn_boxes = {line.strip().partition("[")[0].partition("{")[0].partition("(")[0] for line in lines}
            assert {name for name in named if name.startswith(("ask_", "if_", "the_end"))} <= drawn_boxes


# --- walked ----------------------------------------------------------------------------------------------------------


def opened(association: Association, flow: Flow, subject: str, channel: str) -> Play:
    """A person who stands before the first question of a flow."""
    play = Play(association, channel)
    play.person = Person(id=1, facts={"identity": WORDS["identity"]}, consents={"survey": False})
    conversation = play.conversation
    conversation.greeted = True
    conversation.members = [Member(name="نورة", word=digest(WORDS["private_word"]))] if flow.name == "who" else []
    about = "نورة" if flow.name == "who" else subject
    answers = {"service": subject} if subject else {}
    if flow.name == "survey":
        about, answers = f"{subject}:7", {}
        conversation.invitations = [Invitation(wave="7", survey=subject, until=play.now + timedelta(days=14))]
    if flow.name == "represent":
        play.house.asks.append((AskOther(question="consent", reference="HRF-22222-22222"), play))
        answers = {"@ask": "0"}
    conversation.open = Draft(flow=flow.name, subject=about, answers=answers)
    play.blob = encode(conversation)
    press(play, "/resume_here")
    assert play.conversation.open is not None and play.conversation.open.flow == flow.name
    return play


def twin(play: Play) -> Play:
    """The same person, so that one of the two may try something."""
    other = copy(play)
    other.timers, other.forms, other.seen_options = dict(play.timers), [*play.forms], dict(play.seen_options)
    return other


def walk(play: Play, flow: str) -> Iterator[Step]:
    """The questions, one by one, until the flow has ended."""
    for _ in range(LONG):
        draft, step = play.conversation.open, step_of(play)
        if draft is None or draft.flow != flow:
            return
        assert step is not None
        yield step
        go_on(play)
    raise AssertionError(f"{flow} does not end")


def walks() -> Iterator[Any]:
    for parameter in cases():
        association, flow, subject = parameter.values
        for channel in CHANNELS if flow.name in ("apply", "complain", "volunteer") else ("telegram",):
            yield pytest.param(association, flow, subject, channel, id=f"{parameter.id}-{channel}")


@pytest.mark.parametrize(("association", "flow", "subject", "channel"), walks())
def test_a_flow_ends_and_every_question_of_it_can_be_left(
    association: Association, flow: Flow, subject: str, channel: str
) -> None:
    play = opened(association, flow, subject, channel)
    asked: list[str] = []
    for step in walk(play, flow.name):
        can_go_back(play, asked)
        can_be_cancelled(play)
        can_wait(play, flow)
        asked.append(step.id)
    assert asked
    assert play.last and (play.last[-1].options or play.conversation.open is not None), "nothing to go on with"


def can_go_back(play: Play, asked: list[str]) -> None:
    other = twin(play)
    trail = [*other.conversation.open.trail] if other.conversation.open else []
    turn = press(other, "/back")
    assert turn.says
    draft = other.conversation.open
    assert draft is not None
    if trail:
        assert trail[-1] not in draft.answers or draft.flow != "apply"
        assert draft.step in (trail[-1], *asked), f"back from {asked} led to {draft.step}"


def flow_of(play: Play) -> str:
    draft = play.conversation.open
    assert draft is not None
    return draft.flow


def can_be_cancelled(play: Play) -> None:
    other = twin(play)
    press(other, "/cancel")
    if FLOWS[flow_of(play)].cancelled:
        assert other.conversation.open is None
        return
    assert other.conversation.open is not None, "asked first"
    press(other, "cancel:yes")
    assert other.conversation.open is None
    assert not other.conversation.aside


def can_wait(play: Play, flow: Flow) -> None:
    """«لاحقًا» keeps what was answered, and «نكمل» asks the same question again."""
    other = twin(play)
    before = other.conversation.open
    assert before is not None
    press(other, "/later")
    assert other.conversation.open is None
    if not before.trail:
        return
    press(other, "/resume")
    after = other.conversation.open
    assert after is not None
    assert (after.flow, after.step) == (before.flow, before.step)
    assert msgspec.to_builtins(after.answers) == msgspec.to_builtins(before.answers)
