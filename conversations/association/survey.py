"""Surveys as data: what is asked, of whom, when, and how often anybody may be asked at all.

Source: H د 1-4 and T objective 5 (a satisfaction survey each period), T objective 6 (rating is a right, «للتقويم
والتطوير لا للعقاب والتشهير»). A survey with `ready` takes whatever it does not say from the ready one of that name
(`conversations/surveys/`).
"""

from typing import Literal

from pydantic import ConfigDict, Field

from conversations.association.tables import AskIf, Choice, Table, Words

QuestionKind = Literal["faces", "scale", "yes_no", "choice", "choices", "effort", "recommend", "words", "voice"]
Aspect = Literal["", "courtesy", "clarity", "speed", "accuracy", "channel", "overall", "effort", "recommend", "open"]
Occasion = Literal["periodic", "decided", "delivered", "complaint_closed"]
Every = Literal["", "month", "quarter", "half-year", "year"]


class Question(Table):
    """One question, one message. `about` is what it measures, the same over all surveys. Every question may be skipped:
    answering is voluntary."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")
    kind: QuestionKind
    about: Aspect = ""
    title: Words
    ask: Words
    written: Words | None = None
    """How it is asked where nobody can speak: on a page, on site, and of whom nobody knows."""
    help: Words | None = None
    choices: tuple[Choice, ...] = ()
    ask_if: AskIf | None = None


class Audience(Table):
    """Who is asked: an empty list leaves a side open. `sample`: so many of them, drawn at random; 0: all."""

    kinds: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    opened_from: str = ""
    """A day (2026-11-21): cases opened since then. Empty: at any time."""
    opened_until: str = ""
    sample: int = Field(default=0, ge=0)


class Survey(Table):
    """One survey. `every` and `calendar`, or `cron` (with day names), say when a periodic one runs; the other occasions
    ask `after_days` days after the event. `missed`: whether a wave that could not begin in time begins late or not at
    all."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")
    ready: str = ""
    title: Words
    why: Words
    occasion: Occasion = "periodic"
    anonymous: bool = False
    every: Every = ""
    calendar: Literal["hijri", "gregorian"] = "hijri"
    cron: str = ""
    missed: Literal["late", "skip"] = "late"
    after_days: int = Field(default=1, ge=0, le=60)
    open_days: int = Field(default=14, gt=0, le=90)
    remind_days: tuple[int, ...] = Field(default=(3, 7), max_length=2)
    approved_by_second: bool = False
    """A second person approves each wave before it begins."""
    audience: Audience = Audience()
    questions: tuple[Question, ...] = Field(alias="question")
    clause: str = ""
    reading: bool = False

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def question(self, question_id: str) -> Question | None:
        return next((question for question in self.questions if question.id == question_id), None)


class SurveyRules(Table):
    """How often anybody is asked, and from how many answers on anything is shown."""

    days_between: int = Field(default=30, gt=0)
    """One invitation at most in so many days."""
    at_least: int = Field(default=5, ge=5)
    """Nothing about a worker or a group is shown under so many answers."""
    low: int = Field(default=2, ge=1, le=3)
    """A score up to which the person is offered a complaint or a call."""
    recommend: bool = False
    """Whether a number from 0 to 10 («recommend») may be asked: never of the elderly (DOMAIN, "Care" 9)."""


class Broadcasts(Table):
    """`approve_above`: more people than this need a second person's approval. `prices`: riyals a message, by channel;
    what is not there is shown as unknown."""

    approve_above: int = Field(default=100, ge=0)
    prices: dict[str, float] = Field(default_factory=dict)
