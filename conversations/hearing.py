"""How an answer is heard and taken: bursts, confirmations, failures, exits, the secure page, secrets typed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from conversations.answers.contract import Again, Confirm, Got, Later
from conversations.arabic.masking import mask_secrets, secrets_in
from conversations.asking import (
    KNOWN,
    ask,
    controls,
    offer,
)
from conversations.conversation import Confirming, Draft
from conversations.course import (
    asks_sensitive,
    course_of,
    current_step,
    forget,
    form_steps,
)
from conversations.dialogue import close, proceed, start
from conversations.effects import LogConsent, Mask, SetTimer
from conversations.events import Contact, Event, Press, Text
from conversations.flow import FLOWS, Exit, Explain, GoTo, Leave, Step
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import queue, way_on

FAILURES_BEFORE_HELP = 3
_MARKS = frozenset({"rating", "effort"})


def hear(moment: Moment, event: Event, otherwise: Callable[[], bool] | None = None) -> bool:
    """Let the current step hear the event. False when it is nothing the step can use at all (and nothing was said)."""
    draft = moment.conversation.open
    step = current_step(moment)
    if draft is None or step is None or step.answer is None:
        return False
    if step.sensitive and not asks_sensitive(moment):
        return False
    draft.confirm = None
    if isinstance(event, Text) and step.answer.burst and step.answer.wants != "file":
        draft.pending.append(event.text)
        wait_quietly(moment)
        return True
    heard = step.answer.hear(event, moment)
    if isinstance(heard, Confirm) and step.unkept:
        heard = _unrepeated(heard, draft)
    if isinstance(heard, Later):
        draft.waiting.append(heard.file)
    if isinstance(heard, Got | Later) and step.answer.burst and not isinstance(event, Press):
        draft.pending.append({"value": heard.value})
        wait_quietly(moment)
    elif isinstance(heard, Got | Later):
        take(moment, step, heard.value)
    elif isinstance(heard, Confirm):
        ask_whether(moment, step, heard)
    elif otherwise is None or not otherwise():
        again(moment, step, heard)
    return True


def _unrepeated(heard: Confirm, draft: Draft) -> Got | Again:
    """«هل تقصدون …؟» would be a line of the transcript. Who was told how it would be taken, and says it again, means
    it."""
    return Got(heard.value) if heard.instead and draft.failures else Again(heard.instead or "survey.choose")


def ask_whether(moment: Moment, step: Step, heard: Confirm) -> None:
    draft = moment.conversation.open
    assert draft is not None
    assert step.answer is not None
    draft.confirm = Confirming(value=heard.value)
    plain = step.answer.show(heard.value, moment.language)
    shown_value = mask_secrets(plain) or plain
    text = moment.words(heard.words, **{"shown": shown_value, **(heard.args or {})})
    options = (Option("confirm:yes", moment.words("option.yes")), Option("confirm:no", moment.words("option.no")))
    offer(moment, text, options)


def wait_quietly(moment: Moment) -> None:
    """Long texts and papers come in bursts: a few quiet seconds, then one reply."""
    due = moment.world.now + timedelta(seconds=moment.profile.limits.quiet_seconds)
    moment.do(SetTimer(timer="quiet", due=due))


def take_burst(moment: Moment) -> None:
    """The quiet seconds are over: what came meanwhile is one answer."""
    draft = moment.conversation.open
    step = current_step(moment)
    if draft is None or not draft.pending or step is None or step.answer is None:
        return
    parts, draft.pending = draft.pending, []
    text = "\n".join(part for part in parts if isinstance(part, str))
    values = [part["value"] for part in parts if not isinstance(part, str)]
    if text:
        heard = step.answer.hear(Text(id=moment.event.id, at=moment.event.at, text=text), moment)
        if isinstance(heard, Got):
            values.insert(0, heard.value)
        elif isinstance(heard, Again) and not values:
            again(moment, step, heard)
            return
    take(moment, step, step.answer.join(values))


def again(moment: Moment, step: Step, heard: Again) -> None:
    """Not usable: the words that help; after the third time, a person is offered."""
    draft = moment.conversation.open
    assert draft is not None
    assert step.answer is not None
    draft.failures += 1
    if FLOWS[draft.flow].voluntary and draft.failures > 1:
        moment.tell(moment.words("survey.passed"))
        record(moment, draft, step, None)
        proceed(moment)
        return
    # Where the choices have numbers, a number is one of them and not a mark.
    rows = moment.world.traits.numbered and step.answer.kind in _MARKS
    text = moment.words("survey.choose" if rows else heard.words, **(heard.args or {}))
    options = step.answer.options(moment.language)
    if draft.failures == FAILURES_BEFORE_HELP:
        queue(moment, "failed_answers", role=moment.profile.helper.role)
    if draft.failures >= FAILURES_BEFORE_HELP:
        helper = moment.profile.helper.title.to(moment.language)
        text += "\n\n" + moment.words("help.offer", helper=helper)
        options = (*options, Option("/person", moment.words("option.person")))
        if not step.answer.options(moment.language):
            options = (*options, Option("/callme", moment.words("option.callme")))
    more = {"wants": step.answer.wants, "apart": step.unkept}
    offer(moment, text, options, controls=controls(moment, step, draft), **more)


def record(moment: Moment, draft: Draft, step: Step, value: Any) -> None:
    assert step.answer is not None
    draft.answers[step.id] = value
    draft.kinds[step.id] = step.answer.kind
    if step.id in draft.trail:
        draft.trail.remove(step.id)
    draft.trail.append(step.id)
    draft.confirm = None
    draft.failures = 0
    if step.heard:
        step.heard(moment, value)


def take(moment: Moment, step: Step, value: Any) -> None:
    """An answer is in: keep it, follow its exit where it has one, and go on."""
    draft = moment.conversation.open
    assert draft is not None
    assert step.answer is not None
    if step.sensitive and isinstance(moment.event, Text | Contact) and value is not None:
        moment.do(Mask(text=step.answer.show(value, moment.language)))
    way = way_out(moment, step, value)
    if isinstance(way, Explain):
        draft.failures += 1
        moment.tell(moment.words(way.words))
        ask(moment, step)
        return
    record(moment, draft, step, value)
    draft.touched = moment.world.now
    if way is None:
        proceed(moment)
    else:
        leave(moment, draft, step, way)


def way_out(moment: Moment, step: Step, value: Any) -> Exit | None:
    way = step.guard(moment, value) if step.guard else None
    if way is None and isinstance(value, str | bool | int):
        way = step.exits.get(value)
    return way


def leave(moment: Moment, draft: Draft, step: Step, way: Leave | GoTo) -> None:
    """The answer ends the flow, or leads to another."""
    if isinstance(way, Leave):
        close(moment)
        if way.keep:
            forget(draft, step.id)
            moment.conversation.aside.append(draft)
        offer(moment, moment.words(way.words), moment.options(*way.ways))
        return
    if not way.keep:
        close(moment)
    start(moment, way.flow)


def take_known(moment: Moment, draft: Draft, step_ids: list[str], yes: bool) -> None:
    """What is known from before is used as a whole, or gone through one by one."""
    by_id = course_of(moment, draft).by_id
    if not yes:
        draft.kinds[KNOWN] = ""
    for step in (by_id[step_id] for step_id in step_ids if yes):
        record(moment, draft, step, moment.world.person.facts[step.known_as])
    proceed(moment)


def consented(purpose: str) -> Any:
    """A step's `heard`: logs the consent it asked for, whichever way it was answered."""

    def log(moment: Moment, value: Any) -> None:
        if value in ("yes", "no", True, False):
            version = moment.profile.privacy.notice_version
            moment.do(LogConsent(purpose=purpose, given=value in ("yes", True), wording_version=version))

    return log


# --- the secure page, and secrets typed elsewhere --------------------------------------------------------------------


def take_form(moment: Moment, draft: Draft, values: dict[str, Any]) -> bool:
    """The answers of the secure page, by the rules of the chat. False where one of them ended the flow."""
    by_id = course_of(moment, draft).by_id
    draft.form, draft.form_until = "", None
    for step_id, value in values.items():
        step = by_id.get(step_id)
        if step is None or step.answer is None:
            continue
        way = way_out(moment, step, value)
        if isinstance(way, Explain):
            moment.tell(moment.words(way.words))
            continue
        record(moment, draft, step, value)
        if way is not None:
            leave(moment, draft, step, way)
            return False
    return True


def take_form_aside(moment: Moment, draft: Draft, values: dict[str, Any]) -> None:
    """The same for a draft set aside meanwhile: what would lead out of it is asked again once it is resumed."""
    open_draft, moment.conversation.open = moment.conversation.open, draft
    by_id = course_of(moment, draft).by_id
    draft.form, draft.form_until = "", None
    for step_id, value in values.items():
        step = by_id.get(step_id)
        if step is not None and step.answer is not None and way_out(moment, step, value) is None:
            record(moment, draft, step, value)
    moment.conversation.open = open_draft


def secret_typed(moment: Moment, event: Text) -> None:
    """An identity or bank number typed into a chat that should not hold it: accepted, masked, explained."""
    draft = moment.conversation.open
    values: dict[str, Any] = {}
    if draft is not None:
        for number in secrets_in(event.text):
            for step in form_steps(moment, draft):
                heard = step.answer.hear(Text(id=event.id, at=event.at, text=number), moment) if step.answer else None
                if isinstance(heard, Got):
                    values[step.id] = heard.value
                    break
    moment.tell(moment.words("secret.taken" if values else "secret.masked"))
    if draft is not None and values:
        if take_form(moment, draft, values):
            proceed(moment)
    else:
        way_on(moment)
