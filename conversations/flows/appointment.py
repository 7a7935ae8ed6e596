"""Interviews, home visits and calls: asked for, offered, agreed, moved, reminded of; always with the day and the time.

The table is cases/appointment.py. Every button looks up what is true now, and carries the number of the arrangement it
belongs to: an old one changes nothing and shows how it stands. Nothing is told to a number that may have become
another's: it says only that there is something to arrange.
"""

from datetime import datetime
from typing import Any

import msgspec

from conversations import staffed
from conversations.answers.choice import OneOf
from conversations.answers.text import LongText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.cases import appointment as table
from conversations.cases.calendar import DAYS, here, in_digits
from conversations.conversation import Draft
from conversations.dialogue import start
from conversations.effects import AnswerAppointment, Lookup, NotTold, RequestAppointment
from conversations.events import AppointmentChanged, Found
from conversations.flow import Flow, GoTo, Step, ask, register
from conversations.flows import own_moves, own_page, track
from conversations.flows.filing import house_choices
from conversations.flows.shared_phone import ask_who, is_anothers
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import next_person, queue
from conversations.world import CaseView

_MAY_ASK = ("verifying", "with_committee", "accepted", "registered", "investigating", "settling")
"""Stages in which meeting somebody may help a case on."""


# --- what staff arranged reaches its person ---------------------------------------------------------------------------


def changed(moment: Moment, event: AppointmentChanged) -> None:
    conversation = moment.conversation
    if conversation.stopped and event.change != "remind" and not conversation.muted:
        moment.do(NotTold(why="by_call"))
        return
    if conversation.blocked or not track.may_begin(moment):
        return
    if own_page.doubted(moment):
        options = moment.options("/appointments")
        track.tell_notice(moment, moment.words("appointment.news"), options, "news", event.reference)
        return
    options = options_of(moment, event)
    if conversation.open is None and event.state == "offered":
        conversation.offered = list(options)  # a number or the words of a time choose it too
    template = "appointment_reminder" if event.change == "remind" else "appointment"
    track.tell_notice(moment, text_of(moment, event), options, *track.approved(moment, event.reference, template))


def text_of(moment: Moment, event: AppointmentChanged) -> str:
    """What happened, when and where it is."""
    several = event.change == "offer" and len(event.times) > 1
    key = f"appointment.{event.change}{'.several' if several else ''}"
    today = event.starts is not None and here(event.starts).date() == moment.today
    if event.change == "remind" and today:
        key += ".today"
    lines = "\n".join(when(moment, at) for at in event.times or (event.starts,) if at is not None)
    if not lines:
        key += ".unset"
    text = moment.words(key, name=moment.words(f"appointment.name.{event.kind}"), when=lines)
    if event.place and event.change not in ("cancel", "missed"):
        text += "\n" + moment.words("appointment.place", place=event.place)
    if event.change in ("confirm", "move"):
        text += _will_remind(moment, event.starts)
    if event.change == "offer":
        text += "\n\n" + moment.words("appointment.which" if several else "appointment.suits")
    return text


def _will_remind(moment: Moment, starts: datetime | None) -> str:
    if starts is None or table.reminder_at(starts, moment.world.now) is None:
        return ""
    return "\n" + moment.words("appointment.will_remind")


def when(moment: Moment, at: datetime) -> str:
    """«الأربعاء ٢٥ نوفمبر ٢٠٢٦م (١٥ جمادى الآخرة ١٤٤٨هـ)، الساعة ١٠:٠٠ صباحًا»."""
    day, time = table.when_said(at, moment.language)
    return moment.words("appointment.when", day=day, time=time)


def options_of(moment: Moment, event: AppointmentChanged) -> tuple[Option, ...]:
    """What the person can do with it from here."""
    what = f"{event.appointment}-{event.moved}"
    other = Option(f"meet:another-{what}", moment.words("option.other_time"))
    off = Option(f"meet:give_up-{what}", moment.words("option.no_appointment"))
    if event.state == "offered" and len(event.times) == 1:
        return (Option(f"meet:0-{what}", moment.words("option.suits")), other, off)
    if event.state == "offered":
        times = (
            Option(f"meet:{number}-{what}", short(at, moment.language), table.when_said(at, moment.language)[0])
            for number, at in enumerate(event.times)
        )
        return (*times, other, off)
    if event.state == "confirmed":
        return (other, off)
    return moment.options("/appointment", "/menu") if event.state in ("cancelled", "missed") else ()


def short(at: datetime, language: str) -> str:
    """A time as a row's title: «الأربعاء ٢٥، ١٠:٠٠ ص», at most 24 characters."""
    local = here(at)
    name = DAYS["en" if language == "en" else "ar"][local.weekday()]
    half = ("am", "pm") if language == "en" else ("ص", "م")
    comma = "," if language == "en" else "،"
    clock = f"{local.hour % 12 or 12}:{local.minute:02} {half[local.hour >= 12]}"
    return f"{name} {in_digits(local.day, language)}{comma} {in_digits(clock, language)}"


# --- what the person does with it -------------------------------------------------------------------------------------


def option(moment: Moment, case: CaseView) -> tuple[Option, ...]:
    """Asking for one, where it may help this case on."""
    if case.kind not in ("request", "complaint") or case.stage not in _MAY_ASK:
        return ()
    return (Option(f"meet:new-{case.reference}", moment.words("option.appointment")),)


def pressed(moment: Moment, what: str) -> None:
    act, _, about = what.partition("-")
    if act == "new":
        start(moment, "appointment", about if own_moves.case_of(moment, about) else "")
    else:
        moment.do(Lookup(lookup="appointments", key=what))


def mine(moment: Moment) -> None:
    """«موعدي»: what is arranged, or a way to ask for one."""
    moment.do(Lookup(lookup="appointments", key=""))


def found(moment: Moment, event: Found) -> None:
    if moment.conversation.proof_needed and event.result:
        track.prove_first(moment)
        return
    everybodys = [_read(event, one) for one in event.result]
    known = [one for one in everybodys if not is_anothers(moment, one.reference)]
    if everybodys and not known:
        ask_who(moment)
        return
    act, _, about = event.key.partition("-")
    one = next((one for one in known if f"{one.appointment}-{one.moved}" == about), None)
    if one is None:
        _show(moment, known, changed_since=bool(act))
    elif act == "another":
        _another(moment, one)
    elif act == "give_up":
        moment.do(AnswerAppointment(appointment=one.appointment, act="give_up"))
        if one.state == "confirmed":
            queue(moment, "appointment", reference=one.reference)
        said = moment.words("appointment.given_up", name=moment.words(f"appointment.name.{one.kind}"))
        offer(moment, said, moment.options("/appointment", "/menu"))
    elif act.isdigit() and int(act) < len(one.times):
        _choose(moment, one, one.times[int(act)])
    else:
        _show(moment, known, changed_since=True)


def _read(event: Found, raw: Any) -> AppointmentChanged:
    return msgspec.convert({**raw, "id": event.id, "at": event.at, "change": "show"}, AppointmentChanged)


def _choose(moment: Moment, one: AppointmentChanged, starts: datetime) -> None:
    if starts <= moment.world.now:
        moment.tell(moment.words("appointment.past"))
        _another(moment, one)
        return
    moment.do(AnswerAppointment(appointment=one.appointment, act="choose", starts=starts))
    agreed = msgspec.structs.replace(one, change="confirm", state="confirmed", starts=starts, times=())
    offer(moment, text_of(moment, agreed), moment.options("/appointments", "/menu"))


def _another(moment: Moment, one: AppointmentChanged) -> None:
    if staffed.is_held(moment.conversation):
        # Whoever is with them hears it from themselves.
        moment.do(AnswerAppointment(appointment=one.appointment, act="another"))
        moment.tell(moment.words("appointment.tell_worker"))
    else:
        start(moment, "another_time", one.appointment)


def _show(moment: Moment, known: list[AppointmentChanged], changed_since: bool) -> None:
    if changed_since:
        moment.tell(moment.words("appointment.changed_since"))
    if not known:
        text = moment.words("appointment.none")
        offer(moment, text, moment.options("/appointment", "/callme", "/menu"))
        return
    arranged = [one for one in known if one.state != "requested"]
    for one in known:
        key = {"requested": "appointment.requested", "offered": "appointment.offer", "confirmed": "appointment.agreed"}
        if one.state == "requested":
            name = moment.words(f"appointment.name.{one.kind}")
            moment.tell(moment.words(key[one.state], name=name))
        elif one is not arranged[-1]:
            moment.tell(_standing(moment, one), options=options_of(moment, one))
    if arranged:
        offer(moment, _standing(moment, arranged[-1]), options_of(moment, arranged[-1]))
    else:
        offer(moment, moment.words("menu.how"), moment.options("/track", "/menu"))


def _standing(moment: Moment, one: AppointmentChanged) -> str:
    change = {"offered": "offer", "confirmed": "agreed"}[one.state]
    return text_of(moment, msgspec.structs.replace(one, change=change))


# --- asking for one ---------------------------------------------------------------------------------------------------


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (
        ask("kind", OneOf(house_choices("appointment.kind", *table.KINDS)), exits={"callback": GoTo("callme")}),
        ask("wish", LongText(most=500, voice=False)),
    )


def finish(moment: Moment, draft: Draft) -> None:
    """`subject` is the reference of the case it is about, or nothing."""
    kind, wish = draft.answers["kind"], str(draft.answers["wish"])
    moment.do(RequestAppointment(kind=kind, wish=wish, reference=draft.subject))
    queue(moment, "appointment", reference=draft.subject)
    _noted(moment)


def another_finish(moment: Moment, draft: Draft) -> None:
    wish = str(draft.answers["wish"])
    moment.do(AnswerAppointment(appointment=draft.subject, act="another", wish=wish))
    queue(moment, "appointment")
    _noted(moment)


def _noted(moment: Moment) -> None:
    text = moment.words("appointment.noted", when=next_person(moment))
    offer(moment, text, moment.options("/appointments", "/menu"))


appointment = register(Flow(name="appointment", steps=(), build=build, finish=finish, resumable=False))
another_time = register(
    Flow(
        name="another_time",
        steps=(ask("wish", LongText(most=500, voice=False)),),
        finish=another_finish,
        resumable=False,
    )
)
track.BESIDE.append(option)
