"""What an answer counts as: a score, a choice, or words."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from conversations.association.profile import Profile
from conversations.association.survey import Question, Survey

FACES, SCALE, EFFORT, RECOMMEND, YES_NO = "faces", "scale", "effort", "recommend", "yes_no"
SCORED: Mapping[str, tuple[int, int]] = {
    FACES: (1, 5),
    SCALE: (1, 5),
    EFFORT: (1, 5),
    RECOMMEND: (0, 10),
    YES_NO: (0, 1),
}
"""Kinds that give a number: its least and most."""
WORDS = "words"
MOST_DETRACTING = 6
"""Of ten: who would recommend us so little speaks against us (NPS)."""
ANSWERED = "@answered"
"""Counts people where one may choose several."""


class Scored(NamedTuple):
    """`counted`: under which scores it is counted."""

    score: int | None = None
    choice: str = ""
    words: str = ""
    counted: tuple[str, ...] = ()


def scored(question: Question, value: Any) -> Scored:
    """From the canonical value of the question's answer kind; None, a question that was passed over, counts as
    nothing."""
    if value is None:
        return Scored()
    if question.kind in SCORED:
        return Scored(score=int(value), counted=(str(int(value)),))
    if question.kind in ("choice", "choices"):
        chosen = value if isinstance(value, list) else [str(value)]
        return Scored(choice=",".join(chosen), counted=(*chosen, ANSWERED))
    return Scored(words=_said(value), counted=(WORDS,))


def _said(value: Any) -> str:
    """Typed words; of a voice note its file's id."""
    if isinstance(value, list):
        return "\n".join(_said(part) for part in value)
    if isinstance(value, dict):
        return f"voice:{value['voice']}"
    return str(value)


def csat(question: Question, score: int) -> bool:
    """Whether a score counts as satisfied: four and five of five, yes."""
    _, most = SCORED[question.kind]
    return score >= (most if most == 1 else most - 1)


def low(profile: Profile, survey: Survey, answers: Mapping[str, Any]) -> bool:
    """Whether something went badly, of the canonical answers by question: a complaint or a call is offered."""
    return any(
        _bad(question, int(value), profile.asking.low)
        for question in survey.questions
        if question.kind in SCORED and (value := answers.get(question.id)) is not None
    )


def _bad(question: Question, value: int, worst: int) -> bool:
    """A «no» is bad where the question measures something («did it come as we said?»)."""
    if question.kind == YES_NO:
        return bool(question.about) and not value
    return value <= (MOST_DETRACTING if question.kind == RECOMMEND else worst)
