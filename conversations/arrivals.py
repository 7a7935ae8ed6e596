"""What arrives by itself: the secure page filled in, files fetched or refused, a changed policy."""

from typing import Any

import msgspec

from conversations.answers.contract import Again
from conversations.asking import ask_by_form
from conversations.conversation import Draft
from conversations.course import course_of, course_title, forget, form_steps
from conversations.dialogue import proceed
from conversations.effects import Alarm
from conversations.events import (
    FileReady,
    FileRefused,
    FormFilled,
    PolicyChanged,
    RenewForm,
)
from conversations.flow import Step
from conversations.hearing import take_form, take_form_aside
from conversations.moment import Moment
from conversations.staffed import closed_now, silent
from conversations.ways import way_on


def renew_form(moment: Moment, event: RenewForm) -> None:
    """A new link in place of one that is over, for the draft that still waits for it."""
    draft = moment.conversation.open
    if draft is not None and draft.form == event.form and form_steps(moment, draft):
        ask_by_form(moment, draft, renewed=True)


def form_filled(moment: Moment, event: FormFilled) -> None:
    conversation = moment.conversation
    if conversation.open is not None and conversation.open.form == event.form:
        moment.tell(moment.words("form.thanks"))
        if take_form(moment, conversation.open, event.values):
            proceed(moment)
        return
    for draft in conversation.aside:
        if draft.form == event.form:
            take_form_aside(moment, draft, event.values)
            moment.tell(moment.words("form.thanks_aside", title=course_title(moment, draft)))
            return
    moment.do(Alarm(code="form_without_draft"))


def file_ready(moment: Moment, event: FileReady) -> None:
    """The bytes are here. What they are by their signature may still not be what the step takes."""
    draft = _waiting_for(moment, event.file)
    if draft is None:
        return
    step = _step_of_file(moment, draft, event.file)
    heard = step.answer.hear(event, moment) if step is not None and step.answer is not None else None
    if isinstance(heard, Again):
        _drop_file(moment, draft, event.file, moment.words(heard.words, **(heard.args or {})))
        return
    draft.waiting.remove(event.file)
    if draft is moment.conversation.open and draft.step == "@files" and not draft.waiting:
        proceed(moment)


def file_refused(moment: Moment, event: FileRefused) -> None:
    draft = _waiting_for(moment, event.file)
    text = moment.words(f"file.refused.{event.reason}")
    if draft is None:
        moment.tell(text)
    else:
        _drop_file(moment, draft, event.file, text)


def policy_changed(moment: Moment, event: PolicyChanged) -> None:
    """Heard once, and it interrupts nothing: while a worker has the word, or the channel's window is closed, it waits
    until the person writes."""
    conversation = moment.conversation
    why = closed_now(moment)
    if conversation.muted or conversation.restricted or why in ("blocked", "stopped", "unreachable"):
        return
    if why or silent(conversation):
        before = [one for one in conversation.put_by if one.get("is") != "policy_changed"]
        conversation.put_by = [*before, msgspec.to_builtins(event)]
        return
    url = moment.world.public_url
    title = moment.profile.policy.title.to(moment.language)
    text = moment.words("policy_changed.said", title=title)
    if url:
        text += "\n" + moment.words("policy_changed.read", link=f"{url}/{moment.profile.slug}/policy")
    moment.tell(text, lane="notice")


def _waiting_for(moment: Moment, file: str) -> Draft | None:
    """The draft that a file was sent to: open, or set aside meanwhile."""
    conversation = moment.conversation
    drafts = (conversation.open, *conversation.aside)
    return next((draft for draft in drafts if draft is not None and file in draft.waiting), None)


def _drop_file(moment: Moment, draft: Draft, file: str, text: str) -> None:
    """A file that cannot be kept leaves its answer; an answer left empty is asked again, now or before signing."""
    moment.tell(text)
    draft.waiting.remove(file)
    kept = (part if isinstance(part, str) else _without_file(part, file) for part in draft.pending)
    draft.pending = [part for part in kept if part]
    emptied = False
    for step_id, value in list(draft.answers.items()):
        left = _without_file(value, file)
        if left is not None:
            draft.answers[step_id] = left
        elif value is not None:
            emptied = True
            for gone in (step_id, "review", "declaration"):
                forget(draft, gone)
    if draft is not moment.conversation.open:
        return
    if emptied or (draft.step == "@files" and not draft.waiting):
        proceed(moment)
    elif not draft.pending:
        way_on(moment)


def _step_of_file(moment: Moment, draft: Draft, file: str) -> Step | None:
    by_id = course_of(moment, draft).by_id
    holder = next((step_id for step_id, value in draft.answers.items() if _without_file(value, file) != value), None)
    return by_id.get(holder or draft.step)


def _without_file(value: Any, file: str) -> Any:
    if isinstance(value, list):
        return [left for one in value if (left := _without_file(one, file)) is not None] or None
    if isinstance(value, dict):
        left = {key: _without_file(one, file) for key, one in value.items()}
        return left if all(one is not None for one in left.values()) else None
    return None if value == file else value
