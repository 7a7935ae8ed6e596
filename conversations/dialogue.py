"""How a flow is walked: opened, set aside, resumed, continued, ended, edited.

Everything here works on `moment.conversation.open`, the draft at hand, and on what is set aside.
"""

from datetime import timedelta
from typing import Any

from msgspec import structs

from conversations.answers.choice import OneOf
from conversations.asking import (
    ask,
    offer_resume,
)
from conversations.conversation import Draft
from conversations.course import (
    course_of,
    course_title,
    forget,
    next_step,
)
from conversations.effects import ClearTimer, SetTimer
from conversations.flow import FLOWS, Step
from conversations.moment import Moment


def start(moment: Moment, flow_name: str, subject: str = "", **answers: Any) -> None:
    """Open a flow; what was open is set aside (or closed, where it holds nothing worth keeping)."""
    conversation = moment.conversation
    set_aside(moment)
    flow = FLOWS[flow_name]
    for draft in conversation.aside:
        same = draft.flow == flow_name and draft.subject == subject and flow.resumable and draft.answers
        if same and not conversation.restricted:
            offer_resume(moment, draft)
            return
    begin(moment, flow_name, subject, **answers)


def begin(moment: Moment, flow_name: str, subject: str = "", **answers: Any) -> None:
    moment.conversation.open = Draft(flow=flow_name, subject=subject, answers=answers, touched=moment.world.now)
    moment.conversation.strikes = 0
    if FLOWS[flow_name].resumable and not FLOWS[flow_name].voluntary:
        due = moment.world.now + timedelta(hours=moment.profile.limits.remind_draft_hours)
        moment.do(SetTimer(timer="draft", due=due))
    proceed(moment)


def set_aside(moment: Moment) -> bool:
    """True when something worth keeping was put aside, and the person was told so."""
    conversation = moment.conversation
    draft = conversation.open
    if draft is None:
        return False
    conversation.open = None
    keep = FLOWS[draft.flow].resumable and worth_keeping(draft)
    if keep:
        draft.confirm = None
        conversation.aside.append(draft)
        moment.tell(moment.words(f"set_aside.{draft.flow}"))
    return keep


def worth_keeping(draft: Draft) -> bool:
    return bool(draft.trail or draft.pending)


def proceed(moment: Moment) -> None:
    """Ask the next step of the open draft, or finish it."""
    draft = moment.conversation.open
    assert draft is not None
    adopt_new_version(moment, draft)
    step = next_step(moment, draft)
    if step is None or step.kind == "finish":
        if draft.waiting:
            draft.step = "@files"
            moment.tell(moment.words("file.wait"))
            return
        close(moment)
        FLOWS[draft.flow].finish(moment, draft)
        after(moment)
        return
    if draft.step != step.id:
        drop_burst(draft)
    draft.step = step.id
    draft.failures = 0
    ask(moment, step)


def drop_burst(draft: Draft) -> None:
    """What was being said to one question is no answer to another: it is asked for again in its place."""
    for part in draft.pending:
        if not isinstance(part, str):
            value = part["value"]
            files = value.values() if isinstance(value, dict) else value
            draft.waiting = [file for file in draft.waiting if file not in files]
    draft.pending = []


def close(moment: Moment) -> None:
    moment.conversation.open = None
    moment.conversation.offered = []
    moment.do(ClearTimer(timer="draft"))


def after(moment: Moment) -> None:
    """When a flow has ended: what was set aside is offered again; otherwise the way back to the menu is open."""
    conversation = moment.conversation
    kept = worth_offering(moment)
    if conversation.open is not None or kept is None or conversation.restricted:
        return
    last = moment.says[-1] if moment.says else None
    if last is not None and last.options and last.prompt == conversation.prompt:
        if not {option.id for option in last.options} <= _WAYS_ON:
            return  # a question of its own: what is kept can wait for its answer
        if last.text == moment.words("menu.how"):
            moment.says.pop()
        else:
            moment.says[-1] = structs.replace(last, options=(), prompt=0)
    offer_resume(moment, kept)


def worth_offering(moment: Moment) -> Draft | None:
    """What was set aside last; what nobody owes us, once."""
    for draft in reversed(moment.conversation.aside):
        if not FLOWS[draft.flow].voluntary:
            return draft
        if not draft.reminded:
            draft.reminded = True
            return draft
    return None


_WAYS_ON = {"/menu", "/track", "/apply", "/mydata", "/person", "/callme"}
"""Buttons under the last words of a flow: they give way to the offer to go on with what is kept."""


def resume(moment: Moment, number: int) -> None:
    aside = moment.conversation.aside
    draft = aside.pop(number if 0 <= number < len(aside) else -1)
    set_aside(moment)
    moment.conversation.open = draft
    draft.touched = moment.world.now
    moment.tell(moment.words("resume.here", title=course_title(moment, draft)))
    if draft.pending:
        moment.do(SetTimer(timer="quiet", due=moment.world.now))
    proceed(moment)


def adopt_new_version(moment: Moment, draft: Draft) -> None:
    """A draft older than its flow keeps the answers whose field and kind still exist, asks what is new, and says so."""
    now = course_of(moment, draft)
    if "service" in now.by_id and draft.subject and moment.profile.service(draft.subject) is None:
        moment.tell(moment.words("resume.changed"))
        draft.subject = ""
        forget(draft, "service")
    if draft.version == now.version or ("service" in now.by_id and not draft.subject):
        return  # which questions there are is known once the service is
    stale = [
        step_id
        for step_id in draft.answers
        if (step := now.by_id.get(step_id)) is not None and not still_answers(step, draft, step_id)
    ]
    gone = [step_id for step_id in draft.kinds if step_id not in now.by_id]
    if draft.version and (stale or gone) and draft.trail:
        moment.tell(moment.words("resume.changed"))
    for step_id in (*stale, *gone):
        forget(draft, step_id)
    draft.version = now.version


def still_answers(step: Step, draft: Draft, step_id: str) -> bool:
    """Whether what was answered is of the kind, and among the choices, that the question has today."""
    if step.answer is None:
        return True
    value = draft.answers[step_id]
    if draft.kinds.get(step_id, step.answer.kind) not in (step.answer.kind, ""):
        return False
    if value is None or not isinstance(step.answer, OneOf):
        return True
    known = {option.id for option in step.answer.options("ar")}
    return known.issuperset(value if isinstance(value, list) else (value,))


_AFTER_REVIEW = ("review", "declaration")


def edit(moment: Moment, step_id: str) -> None:
    draft = moment.conversation.open
    assert draft is not None
    for known in course_of(moment, draft).steps:
        if known.id == step_id or ((known.kind == "review" or not known.reviewed) and known.id in _AFTER_REVIEW):
            forget(draft, known.id)
    draft.kinds[step_id] = ""  # so that what is known is not offered in place of what they want to change
    draft.answers.pop(step_id, None)
    proceed(moment)
