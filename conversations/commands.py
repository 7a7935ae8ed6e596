"""What a person can ask for from anywhere: the commands, the wishes, and the kind answers where nothing else fits.

Each is a small function of the moment in one of three tables: COMMANDS (a whole message, or a button "/name"),
CHOSEN (a button "prefix:what"), WISHES (a free sentence).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from conversations import dialogue, flows
from conversations.answers.contract import Got
from conversations.arabic.intents import insult, threat, wish_of
from conversations.arabic.masking import secrets_in
from conversations.arabic.normalise import fold
from conversations.arabic.understand import choose
from conversations.cases.calendar import calendar_of
from conversations.dialogue import offer
from conversations.effects import Alarm, ClearTimer, HandOver, SetTimer, Suppress
from conversations.events import Text
from conversations.flow import FLOWS
from conversations.moment import Moment
from conversations.says import Option

ALWAYS = ("/track", "/person", "/callme", "/urgent", "/menu", "/stop", "/start")
"""Buttons that may be pressed on any old message: they leave what is open as it is."""

# --- greeting --------------------------------------------------------------------------------------------------------


def greet(moment: Moment, courtesy_kind: str, menu: bool = False) -> None:
    conversation = moment.conversation
    conversation.greeted = True
    salam = moment.words("welcome.salam_back" if courtesy_kind == "salam" else "welcome.salam")
    url = moment.world.public_url
    privacy = moment.words("welcome.privacy", privacy_link=f"{url}/{moment.profile.slug}/privacy") if url else ""
    text = moment.words("welcome.greeting", salam=salam, privacy=privacy or moment.words("welcome.private"))
    if menu:
        offer(moment, f"{text}\n{moment.words('welcome.how')}", main_options(moment))
    else:
        moment.tell(text)


def welcome(moment: Moment, courtesy_kind: str, rest: str) -> None:
    """The first message: greeted in full, and what it asked is taken up at once."""
    wished = wish_of(fold(rest)) if rest else None
    if wished is not None:
        greet(moment, courtesy_kind)
        wish(moment, wished.flow, rest)
    elif rest and not _is_hello(rest) and flows.ask.best(moment, rest):
        greet(moment, courtesy_kind)
        flows.ask.answer(moment, rest)
    else:
        moment.conversation.first_words = rest[:500]
        greet(moment, courtesy_kind, menu=True)


def _is_hello(text: str) -> bool:
    return len(text) < 4


def courtesy(moment: Moment, kind: str) -> None:
    """Answered, never counted as a failure; what was open is asked again."""
    moment.tell(moment.words(f"courtesy.{kind}"))
    way_on(moment)


def opened(moment: Moment, payload: str) -> None:
    """By a link or the start button: the link's flow opens at once, else the greeting."""
    flow, _, subject = payload.partition("-")
    if not moment.conversation.greeted:
        if flow in LINKS or flow == "consent":
            greet(moment, "")
        else:
            greet(moment, "", menu=True)
            return
    if flow == "consent":
        flows.represent.opened(moment, subject)
    elif flow in LINKS:
        open_draft = moment.conversation.open
        if open_draft is not None and open_draft.flow == LINKS[flow]:
            way_on(moment)
        else:
            known = subject if moment.profile.service(subject) else ""
            dialogue.start(moment, LINKS[flow], known, **({"service": known} if known else {}))
    else:
        way_on(moment)


LINKS = {
    "apply": "apply",
    "complain": "complain",
    "suggest": "suggest",
    "volunteer": "volunteer",
    "mydata": "my_data",
}
"""What a direct link may open (`/{association}/complain`, `t.me/…?start=complain`), optionally `apply-<service>`."""

# --- ways on ---------------------------------------------------------------------------------------------------------


def main_options(moment: Moment) -> tuple[Option, ...]:
    return moment.options("/apply", "/track", "/more")


def way_on(moment: Moment) -> None:
    """Never a dead end: the open question again, or what was set aside, or the menu."""
    conversation = moment.conversation
    if conversation.open is not None:
        step = dialogue.current_step(moment)
        if step is not None:
            dialogue.ask(moment, step)
        elif conversation.open.step == "@files":
            moment.tell(moment.words("file.wait"))
        else:
            dialogue.proceed(moment)
    elif conversation.aside and not conversation.restricted:
        dialogue.offer_resume(moment, conversation.aside[-1])
    else:
        offer(moment, moment.words("menu.how"), main_options(moment))


def remind_of_question(moment: Moment) -> None:
    step = dialogue.current_step(moment)
    draft = moment.conversation.open
    if draft is not None and draft.form:
        offer_form_again(moment)
    elif step is not None and step.kind == "review":
        moment.tell(moment.words("review.choose"))
        dialogue.ask_review(moment)
    else:
        moment.tell(moment.words("media.other"))
        way_on(moment)


def offer_form_again(moment: Moment) -> None:
    offer(moment, moment.words("form.waiting"), moment.options("form:done", "form:new", "/callme"))


def not_offered(moment: Moment) -> None:
    moment.tell(moment.words("choose.from_these"))
    way_on(moment)


def old_button(moment: Moment) -> None:
    moment.tell(moment.words("button.old"))
    way_on(moment)


def still_stopped(moment: Moment) -> None:
    offer(moment, moment.words("stop.still"), moment.options("/start"))


def free_words(moment: Moment, text: str, folded: str) -> None:
    """Nothing is open: a wish, a question with an approved answer, or else a person; never a dead end."""
    conversation = moment.conversation
    wished = wish_of(folded)
    if threat(folded) or (insult(folded) and (wished is None or wished.flow != "complain")):
        insulted(moment, folded)
        return
    if wished is not None:
        wish(moment, wished.flow, text)
        return
    if flows.ask.answer(moment, text):
        conversation.strikes = 0
        return
    service = service_named(moment, text)
    if service:
        dialogue.start(moment, "apply", service, service=service)
        return
    conversation.strikes += 1
    if conversation.strikes >= 3:
        conversation.strikes = 0
        hand_over(moment, "not_understood")
        return
    offer(moment, moment.words("menu.not_understood"), (*main_options(moment), *moment.options("/person")))


def insulted(moment: Moment, folded: str) -> None:
    """One calm boundary; the complaint inside still counts. A threat goes to a person."""
    if threat(folded):
        moment.do(Alarm(code="threat", urgent=True))
        hand_over(moment, "threat")
    else:
        offer(moment, moment.words("insult.boundary"), moment.options("/complain", "/person", "/menu"))


def service_named(moment: Moment, text: str) -> str:
    services = moment.profile.services
    language = moment.language
    found = choose(
        fold(text), [service.title.to(language) for service in services], [service.words for service in services]
    )
    return services[found[0]].id if found else ""


def secret_typed(moment: Moment, event: Text) -> None:
    """An identity or bank number typed into a chat that should not hold it: accepted, masked, explained."""
    draft = moment.conversation.open
    taken = False
    if draft is not None:
        for number in secrets_in(event.text):
            for step in dialogue.form_steps(moment, draft):
                heard = step.answer.hear(Text(id=event.id, at=event.at, text=number), moment) if step.answer else None
                if isinstance(heard, Got):
                    dialogue.record(moment, draft, step, heard.value)
                    taken = True
                    break
    moment.tell(moment.words("secret.taken" if taken else "secret.masked"))
    if draft is not None:
        draft.form = "" if taken else draft.form
        dialogue.proceed(moment)
    else:
        way_on(moment)


# --- people ----------------------------------------------------------------------------------------------------------


def next_person(moment: Moment) -> str:
    """An honest expectation: when a person will answer."""
    women = moment.conversation.women_only
    calendar = calendar_of(moment.profile)
    if calendar.is_open(moment.world.now, women=women):
        return moment.words("staff.now")
    when = calendar.next_open_said(moment.world.now, moment.language, moment.words, women=women)
    return moment.words("staff.later", when=when)


def hand_over(moment: Moment, reason: str, role: str = "", **more: Any) -> None:
    conversation = moment.conversation
    if conversation.holder == "bot":
        conversation.holder = "queue"
    moment.do(HandOver(reason=reason, role=role, women_only=conversation.women_only, **more))
    who = "staff.handed_woman" if conversation.women_only else "staff.handed"
    moment.tell(moment.words(who, when=next_person(moment)))
    if conversation.open is not None:
        moment.tell(moment.words("staff.meanwhile"))
        way_on(moment)
    else:
        offer(moment, moment.words("staff.bot_stays"), moment.options("/callme", "/woman", "/menu"))


def person(moment: Moment) -> bool:
    draft = moment.conversation.open
    unclear = draft is not None and draft.failures >= dialogue.FAILURES_BEFORE_HELP
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


# --- commands --------------------------------------------------------------------------------------------------------


def run(moment: Moment, name: str) -> bool:
    """False when the command means nothing here: then it is read as any other words."""
    command = COMMANDS.get(name)
    return command is not None and command(moment)


def back(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None:
        return False
    draft.confirm = None
    if draft.step == "@edit":
        dialogue.proceed(moment)
        return True
    if not draft.trail:
        offer(moment, moment.words("back.first"), moment.options("/resume_here", "/cancel", "/menu"))
        return True
    previous = draft.trail[-1]
    dialogue.forget(draft, previous)
    for closing in ("review", "declaration"):
        dialogue.forget(draft, closing)
    if previous == "service":
        draft.subject = ""
    dialogue.proceed(moment)
    return True


def skip(moment: Moment) -> bool:
    step = dialogue.current_step(moment)
    draft = moment.conversation.open
    if draft is None or step is None or step.answer is None:
        return False
    if step.optional:
        dialogue.take(moment, step, None)
    else:
        text = moment.words("skip.needed")
        if step.alternatives is not None:
            text = moment.words("skip.alternatives", alternatives=step.alternatives.to(moment.language))
        moment.tell(text)
        offer(moment, moment.words("skip.ways"), moment.options("/resume_here", "/later", "/person"))
    return True


def explain(moment: Moment) -> bool:
    step = dialogue.current_step(moment)
    if step is None or step.answer is None:
        return help_(moment)
    moment.tell(dialogue.step_words(moment, step, "help"))
    if moment.conversation.open is not None:
        moment.conversation.open.confirm = None
    dialogue.ask(moment, step)
    return True


def help_(moment: Moment) -> bool:
    moment.tell(moment.words("help.ways"))
    way_on(moment)
    return True


def cancel(moment: Moment) -> bool:
    if moment.conversation.open is None:
        return False
    title = dialogue.course_title(moment, moment.conversation.open)
    offer(moment, moment.words("cancel.sure", title=title), moment.options("cancel:yes", "/later", "/resume_here"))
    return True


def cancelled(moment: Moment, sure: str) -> None:
    if sure == "yes" and moment.conversation.open is not None:
        dialogue.close(moment)
        moment.tell(moment.words("cancel.done"))
    way_on(moment)


def later(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None:
        return False
    moment.conversation.open = None
    if draft.trail:
        moment.conversation.aside.append(draft)
    offer(moment, moment.words("later.kept"), moment.options("/resume", "/menu"))
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
            Option(f"resume:{number}", dialogue.course_title(moment, draft)[:24])
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
    elif conversation.aside:
        options = (*moment.options("/resume"), *options)
    offer(moment, moment.words("menu.how"), options)
    return True


def more(moment: Moment) -> bool:
    keys = ("complain", "suggest", "ask", "volunteer", "mydata", "technical", "person", "urgent", "language")
    options = tuple(
        Option(f"/{key}", moment.words(f"option.{key}"), moment.words(f"option.{key}.about")) for key in keys
    )
    offer(moment, moment.words("menu.more"), options)
    return True


def language(moment: Moment) -> bool:
    return speak(moment, "en" if moment.language == "ar" else "ar")


def speak(moment: Moment, tongue: str) -> bool:
    moment.speak(tongue)
    moment.tell(moment.words("language.now"))
    way_on(moment)
    return True


def stop(moment: Moment) -> bool:
    conversation = moment.conversation
    if not conversation.stopped:
        conversation.stopped = True
        moment.do(Suppress(on=True))
        moment.do(ClearTimer(timer="draft"))
    offer(moment, moment.words("stop.done"), moment.options("/start"))
    return True


def stop_unclear(moment: Moment) -> bool:
    offer(moment, moment.words("stop.unclear"), moment.options("/stop", "stop:waqf", "/menu"))
    return True


def waqf(moment: Moment, _: str) -> None:
    moment.tell(moment.words("donate.answer"))
    offer(moment, moment.words("menu.how"), (*moment.options("/person"), *main_options(moment)))


def begin_again(moment: Moment) -> bool:
    conversation = moment.conversation
    if conversation.stopped:
        conversation.stopped = False
        moment.do(Suppress(on=False))
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
            dialogue.start(moment, flow)
        return True

    return command


def callme(moment: Moment) -> bool:
    dialogue.start(moment, "callme")
    return True


def everything(moment: Moment) -> bool:
    step = dialogue.current_step(moment)
    if step is None or step.kind != "review":
        return False
    dialogue.ask_review(moment, everything=True)
    return True


def edit(moment: Moment) -> bool:
    draft = moment.conversation.open
    if draft is None or not dialogue.reviewed(moment, draft):
        return False
    draft.confirm = None
    draft.step = "@edit"
    dialogue.ask_edit(moment)
    return True


def urgent(moment: Moment) -> bool:
    flows.urgent.begin(moment)
    return True


def track(moment: Moment) -> bool:
    flows.track.show(moment)
    return True


def reply_here(moment: Moment) -> bool:
    offer(moment, moment.words("complain.here"), moment.options("/track", "/menu"))
    return True


COMMANDS: dict[str, Callable[[Moment], bool]] = {
    "back": back,
    "skip": skip,
    "cancel": cancel,
    "help": help_,
    "explain": explain,
    "person": person,
    "woman": woman,
    "technical": technical,
    "menu": menu,
    "more": more,
    "urgent": urgent,
    "stop": stop,
    "stop_unclear": stop_unclear,
    "start": begin_again,
    "language": language,
    "english": lambda moment: speak(moment, "en"),
    "arabic": lambda moment: speak(moment, "ar"),
    "mydata": starts("my_data"),
    "withdraw": starts("withdraw"),
    "all": everything,
    "edit": edit,
    "callme": callme,
    "later": later,
    "resume": resume,
    "resume_here": resume_here,
    "track": track,
    "track_other": starts("track"),
    "complain_here": reply_here,
    "apply": starts("apply"),
    "complain": starts("complain"),
    "suggest": starts("suggest"),
    "volunteer": starts("volunteer"),
    "ask": starts("ask"),
    "shared_phone": starts("shared_phone"),
    "other_person": starts("who"),
}


# --- choices made by button, number or label --------------------------------------------------------------------------


def chosen(moment: Moment, option: str) -> None:
    """Something that was offered outside an answer kind was chosen."""
    if option.startswith("/"):
        if not run(moment, option[1:]):
            way_on(moment)
        return
    prefix, _, what = option.partition(":")
    choice = CHOSEN.get(prefix)
    if choice is None:
        old_button(moment)
    else:
        choice(moment, what)


def confirmed(moment: Moment, said: str) -> None:
    draft = moment.conversation.open
    step = dialogue.current_step(moment)
    if draft is None or step is None or draft.confirm is None:
        old_button(moment)
        return
    confirm, draft.confirm = draft.confirm, None
    if said == "yes":
        dialogue.take(moment, step, confirm.value)
    else:
        draft.kinds[step.id] = ""
        dialogue.ask_plainly(moment, step)


def reviewed(moment: Moment, said: str) -> None:
    draft = moment.conversation.open
    step = dialogue.current_step(moment)
    if draft is None or step is None or step.kind != "review":
        old_button(moment)
    elif said == "yes":
        draft.answers["review"] = "yes"
        dialogue.proceed(moment)
    elif said == "edit":
        edit(moment)
    else:
        hand_over(moment, "read_aloud")


def edited(moment: Moment, step_id: str) -> None:
    draft = moment.conversation.open
    if draft is None:
        old_button(moment)
        return
    full = next((step.id for step in dialogue.reviewed(moment, draft) if step.id.startswith(step_id)), step_id)
    dialogue.edit(moment, full)


def form(moment: Moment, said: str) -> None:
    draft = moment.conversation.open
    if draft is None or not draft.form:
        way_on(moment)
    elif said == "new" or (draft.form_until is not None and draft.form_until <= moment.world.now):
        dialogue.ask_by_form(moment, draft, renewed=True)
    else:
        moment.tell(moment.words("form.not_yet"))
        offer_form_again(moment)


def resumed(moment: Moment, number: str) -> None:
    if moment.conversation.aside:
        dialogue.resume(moment, int(number) if number.isdigit() else 0)
    else:
        way_on(moment)


def fresh(moment: Moment, number: str) -> None:
    """A new one instead of the kept one, which stays kept."""
    aside = moment.conversation.aside
    draft = aside[int(number)] if number.isdigit() and int(number) < len(aside) else None
    if draft is None:
        way_on(moment)
    else:
        dialogue.begin(moment, draft.flow)


CHOSEN: dict[str, Callable[[Moment, str], None]] = {
    "confirm": confirmed,
    "review": reviewed,
    "edit": edited,
    "form": form,
    "resume": resumed,
    "fresh": fresh,
    "cancel": cancelled,
    "stop": waqf,
    "track": lambda moment, reference: flows.track.show_one(moment, reference),
    "receipt": lambda moment, reference: dialogue.attach_receipt(moment, reference),
    "member": lambda moment, number: flows.shared_phone.picked(moment, number),
    "ask": lambda moment, number: flows.ask.picked(moment, number),
    "allow": lambda moment, what: flows.represent.allowed(moment, what, given=True),
    "deny": lambda moment, what: flows.represent.allowed(moment, what, given=False),
}


# --- wishes in free words ---------------------------------------------------------------------------------------------


def wish(moment: Moment, name: str, text: str) -> None:
    WISHES[name](moment, text)


def _apply(moment: Moment, text: str) -> None:
    service = service_named(moment, text)
    dialogue.start(moment, "apply", service, **({"service": service} if service else {}))


def _approved(kind: str) -> Callable[[Moment, str], None]:
    """Donors, job seekers, suppliers, wrong numbers: one approved answer and a way to a person."""

    def answer(moment: Moment, text: str) -> None:
        moment.tell(moment.words(f"{kind}.answer"))
        if moment.conversation.open is not None:
            way_on(moment)
        else:
            offer(moment, moment.words("menu.how"), moment.options("/person", "/ask", "/menu"))

    return answer


def _command(name: str) -> Callable[[Moment, str], None]:
    def wished(moment: Moment, text: str) -> None:
        run(moment, name)

    return wished


def _complain(moment: Moment, text: str) -> None:
    flows.complain.begin(moment, text)


def _ask(moment: Moment, text: str) -> None:
    if not flows.ask.answer(moment, text):
        dialogue.start(moment, "ask")


WISHES: dict[str, Callable[[Moment, str], None]] = {
    "apply": _apply,
    "complain": _complain,
    "suggest": _command("suggest"),
    "track": _command("track"),
    "volunteer": _command("volunteer"),
    "my_data": _command("mydata"),
    "staff": _command("person"),
    "urgent": _command("urgent"),
    "technical": _command("technical"),
    "woman": _command("woman"),
    "ask": _ask,
    "donate": _approved("donate"),
    "job": _approved("job"),
    "supplier": _approved("supplier"),
}


def remind_of_draft(moment: Moment) -> None:
    """Once, after a long silence: the draft is kept. Said in the notice lane: nobody waits for it."""
    draft = moment.conversation.open
    conversation = moment.conversation
    silent = conversation.stopped or conversation.muted or conversation.unreachable
    if draft is None or draft.reminded or silent or draft.flow not in FLOWS:
        return
    due = (draft.touched or moment.world.now) + timedelta(hours=moment.profile.limits.remind_draft_hours)
    if due > moment.world.now:
        moment.do(SetTimer(timer="draft", due=due))
        return
    draft.reminded = True
    title = dialogue.course_title(moment, draft)
    offer(moment, moment.words("draft.reminder", title=title), moment.options("/resume_here", "/later"), lane="notice")
