"""Ways on: never a dead end. The greeting, the open question again, handing over to a person, the reminder."""

from datetime import timedelta
from typing import Any

from msgspec import structs

from conversations.asking import ask, ask_review, offer, offer_resume
from conversations.cases.calendar import calendar_of, here, time_said
from conversations.course import asks_sensitive, course_title, current_step
from conversations.dialogue import proceed, worth_offering
from conversations.effects import HandOver, RequestAppointment, SetTimer
from conversations.flow import FLOWS, Step
from conversations.moment import Moment
from conversations.notices import goes_at
from conversations.says import Option


def main_options(moment: Moment) -> tuple[Option, ...]:
    return moment.options("/apply", "/track", "/more")


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


def courtesy(moment: Moment, kind: str) -> None:
    """Answered, never counted as a failure; what was open is asked again."""
    moment.tell(moment.words(f"courtesy.{kind}"))
    way_on(moment)


def way_on(moment: Moment) -> None:
    """Never a dead end: the open question again, or what was set aside, or the menu."""
    conversation = moment.conversation
    if conversation.open is not None:
        step = current_step(moment)
        if step is not None and page_is_open(moment, step):
            offer_form_again(moment)
        elif step is not None:
            ask(moment, step)
        elif conversation.open.step == "@files":
            moment.tell(moment.words("file.wait"))
        else:
            proceed(moment)
    elif not conversation.restricted and (kept := worth_offering(moment)) is not None:
        offer_resume(moment, kept)
    else:
        offer(moment, moment.words("menu.how"), main_options(moment))


def remind_of_question(moment: Moment) -> None:
    step = current_step(moment)
    draft = moment.conversation.open
    if draft is not None and draft.form:
        offer_form_again(moment)
    elif step is not None and step.kind == "review":
        moment.tell(moment.words("review.choose"))
        ask_review(moment)
    else:
        moment.tell(moment.words("media.other"))
        way_on(moment)


def page_is_open(moment: Moment, step: Step) -> bool:
    """A new link would end the page that they may be filling in right now."""
    draft = moment.conversation.open
    if draft is None or not draft.form or draft.form_until is None or asks_sensitive(moment):
        return False
    return step.sensitive and draft.form_until > moment.world.now


def offer_form_again(moment: Moment) -> None:
    offer(moment, moment.words("form.waiting"), moment.options("form:done", "form:new", "/callme"))


def not_offered(moment: Moment) -> None:
    moment.tell(moment.words("choose.from_these"))
    way_on(moment)


def old_button(moment: Moment) -> None:
    moment.tell(moment.words("button.old" if moment.conversation.open is not None else "button.spent"))
    way_on(moment)


def still_stopped(moment: Moment) -> None:
    offer(moment, moment.words("stop.still"), moment.options("/start"))


def remind_of_draft(moment: Moment) -> None:
    """Once, after a long silence: the draft is kept. Said in the notice lane: nobody waits for it."""
    draft = moment.conversation.open
    conversation = moment.conversation
    silent = conversation.stopped or conversation.muted or conversation.unreachable or conversation.restricted
    if draft is None or draft.reminded or silent or not FLOWS[draft.flow].resumable or FLOWS[draft.flow].voluntary:
        return
    due = (draft.touched or moment.world.now) + timedelta(hours=moment.profile.limits.remind_draft_hours)
    due = goes_at(moment.profile, False, max(due, moment.world.now))  # not at night
    if due > moment.world.now:
        moment.do(SetTimer(timer="draft", due=due))
        return
    draft.reminded = True
    title = course_title(moment, draft)
    # Not a question of its own: the buttons of the one that is open stay good.
    ways = moment.options("/resume_here", "/later")
    moment.tell(moment.words("draft.reminder", title=title), options=ways, lane="notice")


def with_call(moment: Moment) -> None:
    """Who only speaks is offered a call beside whatever was asked (DOMAIN, "Care")."""
    last = moment.says[-1]
    offered = any(option.id == "/callme" for option in last.options)
    if last.prompt and last.prompt == moment.conversation.prompt and not offered:
        call = Option("/callme", moment.words("option.callme"))
        moment.says[-1] = structs.replace(last, options=(*last.options, call))
        moment.conversation.offered = [*moment.conversation.offered, call]


# --- people ----------------------------------------------------------------------------------------------------------


def opens_at(moment: Moment) -> str:
    """When somebody is there again; empty while somebody is, and where no time is known."""
    if is_open(moment):
        return ""
    women = moment.conversation.women_only
    return calendar_of(moment.profile).next_open_said(moment.world.now, moment.language, moment.words, women=women)


def is_open(moment: Moment) -> bool:
    return calendar_of(moment.profile).is_open(moment.world.now, women=moment.conversation.women_only)


def next_person(moment: Moment) -> str:
    """An honest expectation: when a person will answer."""
    when = opens_at(moment)
    if when:
        return moment.words("staff.later", when=when)
    return moment.words("staff.now" if is_open(moment) else "staff.no_time")


def still_waiting(moment: Moment) -> None:
    """Nobody has come for too long: said honestly, without being asked, and not where it may betray somebody. Routing
    sees to it that this happens once a day at most, and never at night (routing.py)."""
    conversation = moment.conversation
    silent = conversation.stopped or conversation.muted or conversation.unreachable or conversation.restricted
    if conversation.holder != "queue" or conversation.blocked or silent:
        return
    women = conversation.women_only
    calendar, now = calendar_of(moment.profile), moment.world.now
    hours = calendar.hours(here(now).date(), women=women)
    if calendar.is_open(now, women=women) and hours is not None:
        then = calendar.next_open_said(hours[1], moment.language, moment.words, women=women)
        closes = time_said(here(hours[1]).time(), moment.language)
        when = moment.words("staff.still_today", closes=closes, then=then)
    else:
        when = next_person(moment)
    moment.tell(moment.words("staff.still_waiting", when=when), options=moment.options("/callme"), lane="notice")


def service_at_hand(moment: Moment, reference: str = "") -> str:
    """What they are at: the case it is about, else what is being filled in, else their newest request."""
    cases, draft = moment.world.cases, moment.conversation.open
    about = next((case.service for case in cases if case.reference == reference), "")
    subject = draft.subject if draft is not None and moment.profile.service(draft.subject) else ""
    return about or subject or next((case.service for case in cases if case.service), "")


def queue(moment: Moment, reason: str, **more: Any) -> None:
    """Into the staff's queue, as confidential and as much among women as the conversation is."""
    conversation = moment.conversation
    if conversation.holder == "bot":
        conversation.holder = "queue"
    more.setdefault("restricted", conversation.restricted)
    more.setdefault("service", service_at_hand(moment, more.get("reference", "")))
    moment.do(HandOver(reason=reason, women_only=conversation.women_only, **more))


def call_back(moment: Moment, when: str, mobile: str) -> None:
    """Before staff with the number, and among the calls to arrange. `when`: morning, afternoon or any."""
    queue(moment, "callback", callback=f"{when} {mobile}")
    wish = f"{moment.words(f'callme.said.{when}')} · {mobile}"
    moment.do(RequestAppointment(kind="callback", wish=wish))


def hand_over(moment: Moment, reason: str, **more: Any) -> None:
    """To a person, said with an honest expectation; the bot stays."""
    conversation = moment.conversation
    queue(moment, reason, **more)
    who = "staff.handed_woman" if conversation.women_only else "staff.handed"
    moment.tell(moment.words(who, when=next_person(moment)))
    numbers = {line.id: line.number for line in moment.profile.hotlines}
    emergency = numbers.get("emergency") or numbers.get("police", "")
    if emergency and not calendar_of(moment.profile).is_open(moment.world.now):
        moment.tell(moment.words("staff.danger", emergency=emergency))
    if conversation.open is not None:
        moment.tell(moment.words("staff.meanwhile"))
        way_on(moment)
    else:
        offer(
            moment,
            moment.words("staff.bot_stays"),
            moment.options("/callme", "/urgent" if conversation.women_only else "/woman", "/menu"),
        )
