"""How a flow is walked: which step is next, how it is asked, how an answer is taken, how one goes back or edits.

Everything here works on `moment.conversation.open`, the draft at hand, and on nothing else.
"""

from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from conversations.answers.contract import Again, Confirm, Got, Later
from conversations.association.association import Association
from conversations.conversation import Confirming, Draft
from conversations.effects import ClearTimer, LogConsent, Mask, OpenForm, SetTimer
from conversations.events import Contact, Event, Press, Text
from conversations.flow import FLOWS, Explain, Flow, GoTo, Leave, Step
from conversations.moment import Moment
from conversations.says import Attachment, Link, Option, Say

REVIEW_LINES = 10
FAILURES_BEFORE_HELP = 3


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
    shape = "|".join(f"{step.id}:{step.answer.kind if step.answer else step.kind}" for step in steps)
    return Course(flow, steps, {step.id: step for step in steps}, blake2b(shape.encode(), digest_size=6).hexdigest())


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


# --- opening, going on, ending ---------------------------------------------------------------------------------------


def start(moment: Moment, flow_name: str, subject: str = "", **answers: Any) -> None:
    """Open a flow; what was open is set aside (or closed, where it holds nothing worth keeping)."""
    conversation = moment.conversation
    set_aside(moment)
    flow = FLOWS[flow_name]
    for draft in conversation.aside:
        if draft.flow == flow_name and draft.subject == subject and flow.resumable and draft.answers:
            offer_resume(moment, draft)
            return
    begin(moment, flow_name, subject, **answers)


def begin(moment: Moment, flow_name: str, subject: str = "", **answers: Any) -> None:
    moment.conversation.open = Draft(flow=flow_name, subject=subject, answers=answers, touched=moment.world.now)
    moment.conversation.strikes = 0
    if FLOWS[flow_name].resumable:
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
    keep = FLOWS[draft.flow].resumable and bool(draft.trail)
    if keep:
        draft.confirm = None
        conversation.aside.append(draft)
        moment.tell(moment.words(f"set_aside.{draft.flow}"))
    return keep


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
    draft.step = step.id
    draft.failures = 0
    ask(moment, step)


def close(moment: Moment) -> None:
    moment.conversation.open = None
    moment.conversation.offered = []
    moment.do(ClearTimer(timer="draft"))


def after(moment: Moment) -> None:
    """When a flow has ended: what was set aside is offered again; otherwise the way back to the menu is open."""
    conversation = moment.conversation
    if conversation.open is None and conversation.aside and not conversation.restricted:
        offer_resume(moment, conversation.aside[-1])


def offer_resume(moment: Moment, draft: Draft) -> None:
    title = course_title(moment, draft)
    number = moment.conversation.aside.index(draft)
    options = (
        Option(f"resume:{number}", moment.words("option.resume")),
        Option(f"fresh:{number}", moment.words("option.fresh")),
        Option("/menu", moment.words("option.menu")),
    )
    offer(moment, moment.words("resume.offer", title=title), options)


def course_title(moment: Moment, draft: Draft) -> str:
    service = moment.profile.service(draft.subject) if draft.subject else None
    name = moment.words(f"flow.{draft.flow}")
    return f"{name}: {service.title.to(moment.language)}" if service else name


def resume(moment: Moment, number: int) -> None:
    aside = moment.conversation.aside
    draft = aside.pop(number if 0 <= number < len(aside) else -1)
    set_aside(moment)
    moment.conversation.open = draft
    draft.touched = moment.world.now
    moment.tell(moment.words("resume.here", title=course_title(moment, draft)))
    proceed(moment)


def adopt_new_version(moment: Moment, draft: Draft) -> None:
    """A draft older than its flow keeps the answers whose field and kind still exist, asks what is new, and says so."""
    now = course_of(moment, draft)
    if draft.version == now.version:
        return
    stale = [
        step_id
        for step_id in draft.answers
        if (step := now.by_id.get(step_id)) is not None
        and step.answer is not None
        and draft.kinds.get(step_id, step.answer.kind) != step.answer.kind
    ]
    gone = [step_id for step_id in draft.kinds if step_id not in now.by_id]
    if draft.version and (stale or gone) and draft.trail:
        moment.tell(moment.words("resume.changed"))
    for step_id in (*stale, *gone):
        forget(draft, step_id)
    draft.version = now.version


def forget(draft: Draft, step_id: str) -> None:
    draft.answers.pop(step_id, None)
    draft.kinds.pop(step_id, None)
    if step_id in draft.trail:
        draft.trail.remove(step_id)


# --- asking ----------------------------------------------------------------------------------------------------------


def offer(moment: Moment, text: str, options: tuple[Option, ...], **more: Any) -> None:
    """Say something that can be answered by choosing: a new question, with a new number."""
    conversation = moment.conversation
    conversation.prompt += 1
    conversation.offered = list(options)
    moment.says.append(Say(text=text, options=options, prompt=conversation.prompt, **more))


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
    elif step.known_as and step.known_as in moment.world.person.facts and step.id not in draft.kinds:
        ask_known(moment, step, draft)
    else:
        ask_plainly(moment, step)


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
    )


def ask_known(moment: Moment, step: Step, draft: Draft) -> None:
    """A known answer is offered, not asked again."""
    assert step.answer is not None
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
    ways.append(Option("/explain", moment.words("option.explain")))
    return tuple(ways)


def progress(moment: Moment, draft: Draft) -> tuple[int, int]:
    applying = [step for step in course_of(moment, draft).steps if step.kind == "ask" and step.applies(draft)]
    done = sum(step.id in draft.answers for step in applying)
    return min(done + 1, len(applying)), len(applying)


def ask_review(moment: Moment, everything: bool = False) -> None:
    lines = review_lines(moment)
    cut = lines if everything else lines[: REVIEW_LINES - 1]
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
    draft = moment.conversation.open
    assert draft is not None
    return [f"{step_words(moment, step, 'title')}: {shown(moment, step, draft)}" for step in reviewed(moment, draft)]


def shown(moment: Moment, step: Step, draft: Draft) -> str:
    value = draft.answers[step.id]
    assert step.answer is not None
    return moment.words("review.skipped") if value is None else step.answer.show(value, moment.language)


def reviewed(moment: Moment, draft: Draft) -> list[Step]:
    return [
        step
        for step in course_of(moment, draft).steps
        if step.reviewed and step.answer is not None and step.id in draft.answers and step.applies(draft)
    ]


def ask_edit(moment: Moment) -> None:
    draft = moment.conversation.open
    assert draft is not None
    options = tuple(
        Option(f"edit:{step.id}"[:40], step_words(moment, step, "title")[:24], shown(moment, step, draft)[:72])
        for step in reviewed(moment, draft)
    )
    offer(moment, moment.words("edit.ask"), options, controls=(Option("/back", moment.words("option.back")),))


def edit(moment: Moment, step_id: str) -> None:
    draft = moment.conversation.open
    assert draft is not None
    for known in course_of(moment, draft).steps:
        if known.id == step_id or ((known.kind == "review" or not known.reviewed) and known.id in _AFTER_REVIEW):
            forget(draft, known.id)
    draft.kinds[step_id] = ""  # so that what is known is not offered in place of what they want to change
    draft.answers.pop(step_id, None)
    proceed(moment)


_AFTER_REVIEW = ("review", "declaration")


# --- the secure page -------------------------------------------------------------------------------------------------


def form_steps(moment: Moment, draft: Draft) -> tuple[Step, ...]:
    return tuple(
        step
        for step in course_of(moment, draft).steps
        if step.sensitive and step.id not in draft.answers and step.applies(draft)
    )


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


def take_form(moment: Moment, draft: Draft, values: dict[str, Any]) -> None:
    by_id = course_of(moment, draft).by_id
    for step_id, value in values.items():
        step = by_id.get(step_id)
        if step is not None and step.answer is not None:
            record(moment, draft, step, value)
    draft.form, draft.form_until = "", None


# --- hearing ---------------------------------------------------------------------------------------------------------


def hear(moment: Moment, event: Event) -> bool:
    """Let the current step hear the event. False when it is nothing the step can use at all (and nothing was said)."""
    draft = moment.conversation.open
    step = current_step(moment)
    if draft is None or step is None or step.answer is None:
        return False
    if step.sensitive and not asks_sensitive(moment):
        return False
    if isinstance(event, Text) and step.answer.burst and step.answer.wants != "file":
        draft.pending.append(event.text)
        wait_quietly(moment)
        return True
    heard = step.answer.hear(event, moment)
    if isinstance(heard, Later):
        draft.waiting.append(heard.file)
    if isinstance(heard, Got | Later) and step.answer.burst and not isinstance(event, Press):
        draft.pending.append({"value": heard.value})
        wait_quietly(moment)
    elif isinstance(heard, Got | Later):
        take(moment, step, heard.value)
    elif isinstance(heard, Confirm):
        ask_whether(moment, step, heard)
    else:
        again(moment, step, heard)
    return True


def ask_whether(moment: Moment, step: Step, heard: Confirm) -> None:
    draft = moment.conversation.open
    assert draft is not None
    assert step.answer is not None
    draft.confirm = Confirming(value=heard.value)
    shown_value = step.answer.show(heard.value, moment.language)
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
    text = moment.words(heard.words, **(heard.args or {}))
    options = step.answer.options(moment.language)
    if draft.failures >= FAILURES_BEFORE_HELP:
        helper = moment.profile.helper.title.to(moment.language)
        text += "\n\n" + moment.words("help.offer", helper=helper)
        options = (*options, Option("/person", moment.words("option.person")))
        if not step.answer.options(moment.language):
            options = (*options, Option("/callme", moment.words("option.callme")))
    offer(moment, text, options, controls=controls(moment, step, draft), wants=step.answer.wants)


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
    way = step.guard(moment, value) if step.guard else None
    if way is None and isinstance(value, str | bool | int):
        way = step.exits.get(value)
    if isinstance(way, Explain):
        moment.tell(moment.words(way.words))
        ask(moment, step)
        return
    record(moment, draft, step, value)
    draft.touched = moment.world.now
    if isinstance(way, Leave):
        close(moment)
        if way.keep:
            forget(draft, step.id)
            moment.conversation.aside.append(draft)
        offer(moment, moment.words(way.words), moment.options("/menu", "/person"))
    elif isinstance(way, GoTo):
        if not way.keep:
            close(moment)
        start(moment, way.flow)
    else:
        proceed(moment)


def consented(purpose: str) -> Any:
    """A step's `heard`: logs the consent it asked for, whichever way it was answered."""

    def log(moment: Moment, value: Any) -> None:
        if value in ("yes", "no", True, False):
            version = moment.profile.privacy.notice_version
            moment.do(LogConsent(purpose=purpose, given=value in ("yes", True), wording_version=version))

    return log


def attach_receipt(moment: Moment, reference: str) -> None:
    name = moment.words("receipt.file_name", reference=reference)
    moment.says.append(Say(text="", file=Attachment(f"receipt:{reference}", name)))
