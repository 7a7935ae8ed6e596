"""A flow's steps for one association and subject, and what a draft says about them: which is next, which are secret."""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from conversations.association.association import Association
from conversations.conversation import Conversation, Draft
from conversations.flow import FLOWS, Flow, Step
from conversations.moment import Moment


class Course(NamedTuple):
    """A flow's steps for one association and subject."""

    flow: Flow
    steps: tuple[Step, ...]
    by_id: dict[str, Step]
    version: str


@lru_cache(maxsize=4096)
def course(association: Association, flow_name: str, subject: str) -> Course:
    flow = FLOWS[flow_name]
    steps = flow.steps + (flow.build(association, subject) if flow.build else ())
    shape = "|".join(map(_shape, steps))
    return Course(flow, steps, {step.id: step for step in steps}, blake2b(shape.encode(), digest_size=6).hexdigest())


def _shape(step: Step) -> str:
    """What a stored answer depends on: the question, its kind, and the choices there are."""
    if step.answer is None:
        return f"{step.id}:{step.kind}"
    return f"{step.id}:{step.answer.kind}:{','.join(option.id for option in step.answer.options('ar'))}"


def course_of(moment: Moment, draft: Draft) -> Course:
    return course(moment.world.association, draft.flow, draft.subject)


def current_step(moment: Moment) -> Step | None:
    draft = moment.conversation.open
    return course_of(moment, draft).by_id.get(draft.step) if draft else None


def asks_sensitive(moment: Moment) -> bool:
    """Whether secrets are asked in this chat. Without an address of our own there is no page to ask them on."""
    return moment.world.traits.asks_sensitive or not moment.world.public_url


def next_step(moment: Moment, draft: Draft) -> Step | None:
    """The first step that applies and has no answer. Where secrets go to the secure page, they come together, last."""
    in_chat = asks_sensitive(moment)
    secret: Step | None = None
    for step in course_of(moment, draft).steps:
        if step.id in draft.answers or not step.applies(draft):
            continue
        if step.sensitive and not in_chat:
            secret = secret or step
            continue
        if step.kind == "review" and secret:
            return secret
        return step
    return secret


def reviewed(moment: Moment, draft: Draft) -> list[Step]:
    return [
        step
        for step in course_of(moment, draft).steps
        if step.reviewed and step.answer is not None and step.id in draft.answers and step.applies(draft)
    ]


def form_steps(moment: Moment, draft: Draft) -> tuple[Step, ...]:
    return tuple(
        step
        for step in course_of(moment, draft).steps
        if step.sensitive and step.id not in draft.answers and step.applies(draft)
    )


FOR_OTHERS = ("relative", "guardian", "agent")
"""Answers to «who» that make the one who writes and the one it is for two people."""
_OF_WHO_WRITES = ("applicant_name", "mobile", "email")


def is_own(step: Step, draft: Draft) -> bool:
    """Whether the answer says something of the person who writes, so that it may be remembered and offered again."""
    return bool(step.known_as) and (draft.answers.get("who") not in FOR_OTHERS or step.known_as in _OF_WHO_WRITES)


def is_first(conversation: Conversation) -> bool:
    """Of those who share a phone, the facts kept are of the first alone: nobody is offered another's."""
    return not conversation.members or conversation.member == conversation.members[0].name


def course_title(moment: Moment, draft: Draft) -> str:
    service = moment.profile.service(draft.subject) if draft.subject else None
    name = moment.words(f"flow.{draft.flow}")
    return f"{name}: {service.title.to(moment.language)}" if service else name


def forget(draft: Draft, step_id: str) -> None:
    draft.answers.pop(step_id, None)
    draft.kinds.pop(step_id, None)
    if step_id in draft.trail:
        draft.trail.remove(step_id)
