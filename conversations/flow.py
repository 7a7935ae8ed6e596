"""Flows as data: steps in a row, conditions on earlier answers, exits by value. They can be drawn and checked.

A step's words are found by convention: `{flow}.{step}.ask`, `.help`, `.title` (its line in the read-back); a profile's
field brings its own. Back, skip, edit, cancel, asking for a person, setting aside and resuming belong to the engine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from conversations.answers.contract import Answer
from conversations.association.association import Association
from conversations.association.profile import Words
from conversations.conversation import Draft

if TYPE_CHECKING:
    from conversations.moment import Moment


@dataclass(frozen=True, slots=True)
class Answered:
    """True when an earlier step was answered with one of `among`, or, where `among` is empty, with anything at all."""

    step: str
    among: tuple[Any, ...] = ()

    def holds(self, draft: Draft) -> bool:
        value = draft.answers.get(self.step)
        return value in self.among if self.among else value is not None


@dataclass(frozen=True, slots=True)
class Leave:
    """This answer ends the flow with these words; the draft is dropped, or kept aside where `keep` is true."""

    words: str
    keep: bool = False
    ways: tuple[str, ...] = ("/menu", "/person")
    """The buttons under them."""


@dataclass(frozen=True, slots=True)
class Explain:
    """This answer asks a question back: say these words and ask again."""

    words: str


@dataclass(frozen=True, slots=True)
class GoTo:
    """This answer leads to another flow; what is open is set aside where `keep` is true."""

    flow: str
    keep: bool = False


Exit = Leave | Explain | GoTo
StepKind = Literal["ask", "review", "finish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    id: str
    kind: StepKind = "ask"
    answer: Answer | None = None
    when: tuple[Answered, ...] = ()
    """All must hold."""
    optional: bool = False
    sensitive: bool = False
    exits: Mapping[Any, Exit] = field(default_factory=dict)
    ask: Words | None = None
    """The question, where a profile words it."""
    help: Words | None = None
    title: Words | None = None
    alternatives: Words | None = None
    """What is taken instead, for «ليست عندي»."""
    asks: "Callable[[Moment], str] | None" = None
    """The question, where it is computed from what is known."""
    reviewed: bool = True
    """Shown in the read-back and open to editing."""
    unkept: bool = False
    """What is asked and answered is no line of the transcript: a survey."""
    known_as: str = ""
    """The fact this answer is remembered under and offered from."""
    heard: "Callable[[Moment, Any], None] | None" = None
    """Runs when the answer is taken: effects of an answer (a consent to log)."""
    guard: "Callable[[Moment, Any], Exit | None] | None" = None
    """Looks at a heard answer in the light of the draft (an age, a date in the past): an exit, or None."""

    def applies(self, draft: Draft) -> bool:
        # A loop: every step is asked this in every turn.
        for condition in self.when:  # noqa: SIM110
            if not condition.holds(draft):
                return False
        return True


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A dialogue. `finish` runs once every step that applies is answered."""

    name: str
    steps: tuple[Step, ...]
    finish: "Callable[[Moment, Draft], None]"
    build: Callable[[Association, str], tuple[Step, ...]] | None = None
    """For flows whose steps follow from the profile and the draft's subject: the steps after the fixed ones."""
    subjects: Callable[[Association], tuple[str, ...]] | None = None
    """What it has kinds of, where these are not the services."""
    resumable: bool = True
    """Set aside when something else is asked for; else simply closed."""
    once: bool = False
    """About one thing: there is no other to begin in place of the one that is kept."""
    voluntary: bool = False
    """A question that was not understood twice is passed over, and nobody is called."""
    cancelled: "Callable[[Moment, Draft], None] | None" = None
    """For flows that are left without being asked first: what is said, and what becomes of what was answered."""
    put_off: "Callable[[Moment, Draft], None] | None" = None
    """The same for «later»."""


def ask(step_id: str, answer: Answer, **how: Any) -> Step:
    sensitive = how.pop("sensitive", None)
    when = how.pop("when", ())
    return Step(
        id=step_id,
        answer=answer,
        sensitive=answer.sensitive if sensitive is None else sensitive,
        when=when if isinstance(when, tuple) else (when,),
        **how,
    )


def answered(step: str, *among: Any) -> Answered:
    return Answered(step, among)


def review(**how: Any) -> Step:
    return Step(id="review", kind="review", reviewed=False, **how)


def under(condition: tuple[Answered, ...], *steps: Step) -> tuple[Step, ...]:
    """The same steps, each only when the condition holds as well."""
    return tuple(replace(step, when=condition + step.when) for step in steps)


FLOWS: dict[str, Flow] = {}
"""Every flow by name; `conversations.flows` fills it."""


def register(flow: Flow) -> Flow:
    FLOWS[flow.name] = flow
    return flow
