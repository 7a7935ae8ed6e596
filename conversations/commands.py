"""What a person can ask for from anywhere, by a whole message or a button.

Each is a small function of the moment in one table, COMMANDS: a whole message, or a button "/name".
"""

from collections.abc import Callable

from conversations import course, dialogue, flows
from conversations.asking import (
    ask_edit,
    ask_review,
    offer,
    step_words,
)
from conversations.course import course_title, current_step, forget, form_steps
from conversations.dialogue import close, drop_burst, proceed, start, worth_keeping
from conversations.effects import ClearTimer, Suppress
from conversations.events import OptedOut
from conversations.flow import FLOWS
from conversations.hearing import FAILURES_BEFORE_HELP, take
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import (
    greet,
    hand_over,
    main_options,
    offer_form_again,
    way_on,
)

ALWAYS = ("/track", "/person", "/callme", "/urgent", "/menu", "/stop", "/start", "/resume_here")
"""Buttons that may be pressed on any old message: they leave what is open as it is."""


def person(moment: Moment) -> bool:
    draft = moment.conversation.open
    unclear = draft is not None and draft.failures >= FAILURES_BEFORE_HELP
    hand_over(
        moment,
        "failed_answers" if unclear else "asked",
        role=moment.profile.helper.role if draft is not None else "",
    )
    return True


def woman(moment: Moment) -> bool:
    moment.conversation.women_only = True
    hand_over(moment, "asked_for_woman")
    return True


def technical(moment: Moment) -> bool:
    hand_over(moment, "technical")
    return True


def run(moment: Moment, name: str) -> bool:
    """False when the command means nothing here: then it is read as any other words."""
    command = COMMANDS.get(name)
    return command is not None and command(moment)


def back(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None:
        return False
    draft.confirm = None
    if draft.step == "@edit" or draft.pending:
        drop_burst(draft)
        proceed(moment)
        return True
    if not draft.trail:
        offer(moment, moment.words("back.first"), moment.options("/resume_here", "/cancel", "/menu"))
        return True
    previous = draft.trail[-1]
    forget(draft, previous)
    for closing in ("review", "declaration"):
        forget(draft, closing)
    if previous == "service":
        draft.subject = ""
    proceed(moment)
    return True


def skip(moment: Moment) -> bool:
    step = current_step(moment)
    draft = moment.conversation.open
    if draft is None or step is None or step.answer is None:
        return False
    if step.optional:
        take(moment, step, None)
    else:
        text = moment.words("skip.needed")
        if step.alternatives is not None:
            text = moment.words("skip.alternatives", alternatives=step.alternatives.to(moment.language))
        moment.tell(text)
        offer(moment, moment.words("skip.ways"), moment.options("/resume_here", "/later", "/person"))
    return True


def dont_have(moment: Moment) -> bool:
    """«ليست عندي»: of a paper, what is taken instead; of an optional question, the next. Else the kind hears it."""
    step = current_step(moment)
    draft = moment.conversation.open
    if draft is not None and draft.form:
        lines = [
            f"{step_words(moment, one, 'title')}: {one.alternatives.to(moment.language)}"
            for one in form_steps(moment, draft)
            if one.alternatives is not None
        ]
        if lines:
            moment.tell(moment.words("form.alternatives", lines="\n".join(lines)))
        moment.tell(moment.words("form.without"))
        offer_form_again(moment)
        return True
    if step is None or step.answer is None or not (step.optional or step.answer.wants == "file"):
        return False
    return skip(moment)


def read_aloud(moment: Moment) -> bool:
    hand_over(moment, "read_aloud")
    return True


def explain(moment: Moment) -> bool:
    step = current_step(moment)
    if step is None or step.answer is None:
        return help_(moment)
    moment.tell(step_words(moment, step, "help"))
    if moment.conversation.open is not None:
        moment.conversation.open.confirm = None
    way_on(moment)
    return True


def help_(moment: Moment) -> bool:
    moment.tell(moment.words("help.ways"))
    way_on(moment)
    return True


def cancel(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None:
        return False
    if (cancelled := FLOWS[draft.flow].cancelled) is not None:
        close(moment)
        cancelled(moment, draft)
        return True
    title = course_title(moment, draft)
    offer(moment, moment.words("cancel.sure", title=title), moment.options("cancel:yes", "/later", "/resume_here"))
    return True


def cancelled(moment: Moment, sure: str) -> None:
    if sure == "yes" and moment.conversation.open is not None:
        close(moment)
        moment.tell(moment.words("cancel.done"))
    way_on(moment)


def later(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None:
        return False
    moment.conversation.open = draft.confirm = None
    if (put_off := FLOWS[draft.flow].put_off) is not None:
        put_off(moment, draft)
        return True
    if worth_keeping(draft):
        moment.conversation.aside.append(draft)
    ways = ("/menu",) if moment.conversation.restricted else ("/resume", "/menu")
    offer(moment, moment.words("later.kept"), moment.options(*ways))
    return True


def resume_here(moment: Moment) -> bool:
    if moment.conversation.open is None:
        return resume(moment)
    way_on(moment)
    return True


def resume(moment: Moment) -> bool:
    conversation = moment.conversation
    if not conversation.aside:
        if conversation.open is None:
            return False
        way_on(moment)
    elif len(conversation.aside) == 1:
        dialogue.resume(moment, 0)
    else:
        options = tuple(
            Option(f"resume:{number}", course_title(moment, draft)[:24])
            for number, draft in enumerate(conversation.aside)
        )
        offer(moment, moment.words("resume.which"), options)
    return True


def menu(moment: Moment) -> bool:
    conversation = moment.conversation
    if not conversation.greeted:
        greet(moment, "", menu=True)
        return True
    options = main_options(moment)
    if conversation.open is not None:
        options = (*moment.options("/resume_here"), *options)
    elif conversation.aside and not conversation.restricted:
        options = (*moment.options("/resume"), *options)
    offer(moment, moment.words("menu.how"), options)
    return True


def more(moment: Moment) -> bool:
    library = ("documents",) if moment.world.papers else ()
    keys = ("complain", "suggest", "ask", "volunteer", "mydata", *library, "technical", "person", "urgent", "language")
    options = tuple(
        Option(f"/{key}", moment.words(f"option.{key}"), moment.words(f"option.{key}.about")) for key in keys
    )
    offer(moment, moment.words("menu.more"), options)
    return True


def documents(moment: Moment) -> bool:
    if not moment.world.papers:
        return False
    flows.library.show(moment)
    return True


def language(moment: Moment) -> bool:
    return speak(moment, "en" if moment.language == "ar" else "ar")


def speak(moment: Moment, tongue: str) -> bool:
    moment.speak(tongue)
    moment.tell(moment.words("language.now"))
    way_on(moment)
    return True


def stop(moment: Moment) -> bool:
    _stopped(moment, True)
    offer(moment, moment.words("stop.done"), moment.options("/start"))
    return True


def _stopped(moment: Moment, stopped: bool) -> None:
    conversation = moment.conversation
    if conversation.stopped == stopped:
        return
    conversation.stopped = stopped
    moment.do(Suppress(on=stopped))
    if stopped:
        moment.do(ClearTimer(timer="draft"))


def opted_out(moment: Moment, event: OptedOut) -> None:
    """Nothing is said: the page where they did it says it."""
    _stopped(moment, not event.again)


def stop_unclear(moment: Moment) -> bool:
    offer(moment, moment.words("stop.unclear"), moment.options("/stop", "stop:waqf", "/menu"))
    return True


def waqf(moment: Moment, _: str) -> None:
    moment.tell(moment.words("donate.answer"))
    offer(moment, moment.words("menu.how"), (*moment.options("/person"), *main_options(moment)))


def begin_again(moment: Moment) -> bool:
    if moment.conversation.stopped:
        _stopped(moment, False)
        moment.tell(moment.words("stop.back"))
        way_on(moment)
        return True
    return menu(moment)


def starts(flow: str) -> Callable[[Moment], bool]:
    def command(moment: Moment) -> bool:
        draft = moment.conversation.open
        if draft is not None and draft.flow == flow and not draft.trail:
            way_on(moment)
        else:
            start(moment, flow)
        return True

    return command


def number(moment: Moment) -> bool:
    flows.my_data.number_changed(moment)
    return True


def complain(moment: Moment) -> bool:
    flows.complain.begin(moment)
    return True


def apply(moment: Moment) -> bool:
    conversation = moment.conversation
    if conversation.members and not conversation.member:
        flows.shared_phone.ask_who(moment)
        return True
    return starts("apply")(moment)


def callme(moment: Moment) -> bool:
    start(moment, "callme")
    return True


def appointments(moment: Moment) -> bool:
    flows.appointment.mine(moment)
    return True


def everything(moment: Moment) -> bool:
    step = current_step(moment)
    if step is None or step.kind != "review":
        return False
    ask_review(moment, everything=True)
    return True


def edit(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None or not course.reviewed(moment, draft):
        return False
    draft.confirm = None
    draft.step = "@edit"
    ask_edit(moment)
    return True


def urgent(moment: Moment) -> bool:
    flows.urgent.begin(moment)
    return True


def track(moment: Moment) -> bool:
    flows.track.show(moment)
    return True


def mypage(moment: Moment) -> bool:
    if not flows.own_page.show(moment):
        flows.track.show(moment)
    return True


COMMANDS: dict[str, Callable[[Moment], bool]] = {
    "back": back,
    "skip": skip,
    "dont_have": dont_have,
    "read_aloud": read_aloud,
    "cancel": cancel,
    "help": help_,
    "explain": explain,
    "person": person,
    "woman": woman,
    "technical": technical,
    "menu": menu,
    "more": more,
    "documents": documents,
    "urgent": urgent,
    "stop": stop,
    "stop_unclear": stop_unclear,
    "start": begin_again,
    "language": language,
    "english": lambda moment: speak(moment, "en"),
    "arabic": lambda moment: speak(moment, "ar"),
    "mydata": starts("my_data"),
    "number": number,
    "withdraw": starts("withdraw"),
    "messages": starts("messages"),
    "services_yes": flows.consent.services_wanted,
    "all": everything,
    "edit": edit,
    "callme": callme,
    "appointment": starts("appointment"),
    "appointments": appointments,
    "later": later,
    "resume": resume,
    "resume_here": resume_here,
    "track": track,
    "mypage": mypage,
    "track_other": starts("track"),
    "apply": apply,
    "complain": complain,
    "suggest": starts("suggest"),
    "volunteer": starts("volunteer"),
    "ask": starts("ask"),
    "shared_phone": starts("shared_phone"),
    "other_person": starts("who"),
}
