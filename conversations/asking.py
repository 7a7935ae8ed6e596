"""How a step is asked: plainly, as something known from before, as a read-back, or on the secure page."""

from copy import copy
from datetime import timedelta
from typing import Any

from conversations.arabic.masking import mask_secrets
from conversations.conversation import Confirming, Draft
from conversations.course import (
    asks_sensitive,
    course_of,
    course_title,
    form_steps,
    is_first,
    is_own,
    reviewed,
)
from conversations.effects import OpenForm
from conversations.flow import FLOWS, Step
from conversations.moment import Moment
from conversations.says import Attachment, Link, Option, Say

REVIEW_LINES = 10


def offer(moment: Moment, text: str, options: tuple[Option, ...], **more: Any) -> None:
    """Say something that can be answered by choosing: a new question, with a new number."""
    conversation = moment.conversation
    conversation.prompt += 1
    conversation.offered = list(options)
    moment.says.append(Say(text=text, options=options, prompt=conversation.prompt, **more))


def offer_resume(moment: Moment, draft: Draft) -> None:
    title = course_title(moment, draft)
    number = moment.conversation.aside.index(draft)
    fresh = () if FLOWS[draft.flow].once else (Option(f"fresh:{number}", moment.words("option.fresh")),)
    options = (
        Option(f"resume:{number}", moment.words("option.resume")),
        *fresh,
        Option("/menu", moment.words("option.menu")),
    )
    offer(moment, moment.words("resume.offer", title=title), options)


def step_words(moment: Moment, step: Step, part: str) -> str:
    """The words of a step: the profile's own, or by convention `{flow}.{step}.{part}`, or the kind's."""
    draft = moment.conversation.open
    own = getattr(step, part, None)
    if own is not None:
        return str(own.to(moment.language))
    key = f"{draft.flow}.{step.id}.{part}" if draft else ""
    if key in moment.wording or step.answer is None:
        return moment.words(key)
    return moment.words(f"{step.answer.kind}.{part}")


def ask(moment: Moment, step: Step) -> None:
    draft = moment.conversation.open
    assert draft is not None
    if step.kind == "review":
        ask_review(moment)
    elif step.sensitive and not asks_sensitive(moment):
        ask_by_form(moment, draft)
    elif is_known(moment, step) and step.id not in draft.kinds:
        ask_known(moment, step, draft)
    else:
        ask_plainly(moment, step)


def is_known(moment: Moment, step: Step) -> bool:
    """Known from before, of who writes, and this may be shown: not where the number may have become another's."""
    conversation = moment.conversation
    known = step.known_as in moment.world.person.facts and not conversation.proof_needed and is_first(conversation)
    return known and conversation.open is not None and is_own(step, conversation.open)


def ask_plainly(moment: Moment, step: Step) -> None:
    draft = moment.conversation.open
    assert draft is not None
    assert step.answer is not None
    text = step.asks(moment) if step.asks else step_words(moment, step, "ask")
    offer(
        moment,
        text,
        step.answer.options(moment.language),
        controls=controls(moment, step, draft),
        wants=step.answer.wants,
        progress=progress(moment, draft),
        apart=step.unkept,
    )


def all_known(moment: Moment, draft: Draft) -> list[Step]:
    """The steps from here on that are known from before, as they will apply once those before them are answered."""
    would_be = copy(draft)
    would_be.answers = dict(draft.answers)
    facts = moment.world.person.facts
    found = []
    for step in course_of(moment, draft).steps:
        if step.id in would_be.answers or not step.applies(would_be):
            continue
        if is_known(moment, step) and step.id not in draft.kinds:
            would_be.answers[step.id] = facts[step.known_as]
            found.append(step)
    return found


KNOWN = "@known"
"""In a draft's `kinds`: what is known was offered together, and is to be gone through one by one. In the value that
waits for yes or no: the steps it would answer."""


def ask_known(moment: Moment, step: Step, draft: Draft) -> None:
    """A known answer is offered, not asked again; several are offered together."""
    assert step.answer is not None
    known = all_known(moment, draft) if KNOWN not in draft.kinds else []
    if len(known) > 1:
        facts = moment.world.person.facts
        lines = [
            f"{step_words(moment, one, 'title')}: {one.answer.show(facts[one.known_as], moment.language)}"
            for one in known
            if one.answer is not None
        ]
        draft.confirm = Confirming(value={KNOWN: [one.id for one in known]}, known=True)
        yes_or_no = (
            Option("confirm:yes", moment.words("option.use_all")),
            Option("confirm:no", moment.words("option.change_some")),
        )
        text = moment.words("known.all", lines="\n".join(lines))
        offer(moment, text, yes_or_no, controls=controls(moment, step, draft), progress=progress(moment, draft))
        return
    value = moment.world.person.facts[step.known_as]
    draft.confirm = Confirming(value=value, known=True)
    shown = step.answer.show(value, moment.language)
    text = moment.words("known.offer", title=step_words(moment, step, "title"), shown=shown)
    options = (
        Option("confirm:yes", moment.words("option.use")),
        Option("confirm:no", moment.words("option.change")),
    )
    offer(moment, text, options, controls=controls(moment, step, draft), progress=progress(moment, draft))


def controls(moment: Moment, step: Step, draft: Draft) -> tuple[Option, ...]:
    ways = []
    if draft.trail:
        ways.append(Option("/back", moment.words("option.back")))
    if step.optional:
        ways.append(Option("/skip", moment.words("option.skip")))
    if FLOWS[draft.flow].voluntary:
        ways.append(Option("/later", moment.words("option.later")))
    ways.append(Option("/explain", moment.words("option.explain")))
    return tuple(ways)


def progress(moment: Moment, draft: Draft) -> tuple[int, int]:
    applying = done = 0
    for step in course_of(moment, draft).steps:
        if step.kind == "ask" and step.applies(draft):
            applying += 1
            done += step.id in draft.answers
    return min(done + 1, applying), applying


# --- the read-back ---------------------------------------------------------------------------------------------------


def ask_review(moment: Moment, everything: bool = False) -> None:
    lines = review_lines(moment)
    cut = lines if everything or len(lines) <= REVIEW_LINES else lines[: REVIEW_LINES - 1]
    text = moment.words("review.head") + "\n" + "\n".join(cut)
    if len(cut) < len(lines):
        text += "\n" + moment.words("review.more", count=len(lines) - len(cut))
    text += "\n\n" + moment.words("review.ask")
    options = (
        Option("review:yes", moment.words("option.review_yes")),
        Option("review:edit", moment.words("option.edit")),
        Option("review:read", moment.words("option.read_to_me")),
    )
    offer(moment, text, options)


def review_lines(moment: Moment) -> list[str]:
    """What was answered; what was skipped can be edited, and takes no line."""
    draft = moment.conversation.open
    assert draft is not None
    return [
        f"{step_words(moment, step, 'title')}: {shown(moment, step, draft)}"
        for step in reviewed(moment, draft)
        if draft.answers[step.id] is not None
    ]


def shown(moment: Moment, step: Step, draft: Draft) -> str:
    value = draft.answers[step.id]
    assert step.answer is not None
    if value is None:
        return moment.words("review.skipped")
    text = step.answer.show(value, moment.language)
    return mask_secrets(text) or text


def ask_edit(moment: Moment) -> None:
    draft = moment.conversation.open
    assert draft is not None
    options = tuple(
        Option(f"edit:{step.id}"[:40], step_words(moment, step, "title")[:24], shown(moment, step, draft)[:72])
        for step in reviewed(moment, draft)
    )
    offer(moment, moment.words("edit.ask"), options, controls=(Option("/back", moment.words("option.back")),))


# --- pages and files -------------------------------------------------------------------------------------------------


def ask_by_form(moment: Moment, draft: Draft, renewed: bool = False) -> None:
    """A one-time page on our own address for all that may not be asked in this chat."""
    world = moment.world
    token = world.draw("form").hex()[:48]
    draft.form = world.draw("form id").hex()[:24]
    draft.form_until = world.now + timedelta(minutes=moment.profile.limits.form_minutes)
    steps = form_steps(moment, draft)
    moment.do(OpenForm(form=draft.form, token=token, steps=tuple(step.id for step in steps), until=draft.form_until))
    url = f"{world.public_url}/form/{token}"
    until = draft.form_until.astimezone(moment.local.tzinfo).strftime("%H:%M")
    domain = world.public_url.partition("://")[2]
    titles = (moment.words("list.join") + " ").join(step_words(moment, step, "title") for step in steps)
    key = "form.renewed" if renewed else "form.ask"
    offer(
        moment,
        moment.words(key, domain=domain, until=until, fields=titles),
        (
            Option("form:done", moment.words("option.form_done")),
            Option("form:new", moment.words("option.form_new")),
            Option("/callme", moment.words("option.callme")),
        ),
        link=Link(moment.words("form.open"), url, private=True),
    )


def attach_receipt(moment: Moment, reference: str) -> None:
    name = moment.words("receipt.file_name", reference=reference)
    moment.says.append(Say(text="", file=Attachment(f"receipt:{reference}", name)))
