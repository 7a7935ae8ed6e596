"""What staff do to a conversation: they answer, take it, hand it back, pass it on, block an address.

A conversation has one holder: the bot, the queue, or a worker. A reply takes it; handing back is an act of its own, and
then what was open resumes: files that came, a page that was filled in, a burst that was not over wait until then.
Where nothing gets through now (WhatsApp 24 hours after the person last wrote, a person who stopped our messages) a
reply is kept and goes out by itself when they write again.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec

from conversations import ways
from conversations.arabic.understand import strip_courtesy
from conversations.association.association import Association
from conversations.cases.calendar import WorkingCalendar, calendar_of, here
from conversations.conversation import Conversation
from conversations.effects import Alarm, ClearTimer, HandOver, Held, SetTimer, Suppress
from conversations.events import (
    CalledStaff,
    Event,
    FileReady,
    FileRefused,
    FormFilled,
    StaffBlocked,
    StaffGaveBack,
    StaffKnocked,
    StaffPassedOn,
    StaffSaid,
    StaffTook,
    StaffTookBack,
    Text,
    TimePassed,
)
from conversations.moment import Moment
from conversations.says import Attachment, Say
from conversations.templates import places

DEATH = "death_report"
"""Why staff are called where a worker was told that somebody died."""
DEATH_KNOWN = "death_known"
"""The same at the person's other addresses: nothing more is begun there, and nobody has to be called twice."""
MOST_KEPT = 20
"""Messages (each file is one) that wait for one person: more than that is a talk by telephone. Whoever lets a reply in
asks `room_left` first: what was accepted is never dropped."""
WAITING = "reply_waiting"
"""The kind of approved template that says only that a reply is waiting (rule of WhatsApp, CHANNELS.md)."""
TIMER = "holder"
"""Runs while somebody who holds a conversation owes an answer."""


# --- what gets through -----------------------------------------------------------------------------------------------


def closed(conversation: Conversation, window_hours: int, now: datetime) -> str:
    """Why nothing we say gets through now: blocked, stopped, unreachable, window; empty where it does."""
    if conversation.blocked:
        return "blocked"
    if conversation.stopped:
        return "stopped"
    if conversation.unreachable:
        return "unreachable"
    until = open_until(conversation, window_hours)
    return "window" if window_hours and (until is None or now >= until) else ""


def open_until(conversation: Conversation, window_hours: int) -> datetime | None:
    """When the channel's window closes; None where it has none, or nobody ever wrote."""
    last = conversation.last_at
    return last + timedelta(hours=window_hours) if window_hours and last is not None else None


def room_left(conversation: Conversation) -> int:
    """How many more messages can wait for this person."""
    return max(0, MOST_KEPT - len(conversation.kept))


def closed_now(moment: Moment) -> str:
    return closed(moment.conversation, moment.world.traits.window_hours, moment.world.now)


def title_of(association: Association, language: str, roles: Collection[str], woman: bool) -> str:
    """As what a person sees a worker: by the first of their roles that receives people, never by name."""
    words = association.wording[language]
    role = next((one for one in _RECEIVE if one in roles), "staff")
    who = f"{role}.woman" if woman else role
    return words(f"staff.title.{who}", short=association.profile.short_name.to(language))


_RECEIVE = ("protection_officer", "relations_officer", "contact_officer", "social_researcher", "management")


# --- what they do ----------------------------------------------------------------------------------------------------


def said(moment: Moment, event: StaffSaid) -> None:
    conversation = moment.conversation
    _holds(moment, event.staff)
    first = Attachment(event.file, event.file_name, event.file_kind) if event.file else None
    says = [Say(text=event.text, file=first, by=event.staff, via=event.via)]
    says += [Say(text="", file=file, by=event.staff, via=event.via) for file in event.more]
    if closed_now(moment):
        about = {"id": event.id, "at": event.at, "title": event.title}
        conversation.kept = [*conversation.kept, *(msgspec.to_builtins(say) | about for say in says)]
        if event.knock:
            _knock(moment, event.staff)
    else:
        moment.says += [_introduced(moment, says[0], event.title), *says[1:]]
    _answered(moment)
    moment.do(Held(staff=event.staff, replied=True))


def _introduced(moment: Moment, say: Say, title: str) -> Say:
    """Their first words say who is there; those of somebody who has handed back, from whom they are."""
    conversation = moment.conversation
    if conversation.introduced == say.by:
        return say
    here = conversation.holder == f"staff:{say.by}"
    if here:
        conversation.introduced = say.by
    text = moment.words("staff.joined" if here else "staff.wrote", title=title)
    return msgspec.structs.replace(say, text=f"{text}\n\n{say.text}".rstrip())


def took(moment: Moment, event: StaffTook) -> None:
    """Nothing is said yet: that somebody is there shows in their first reply."""
    _holds(moment, event.staff)
    if moment.conversation.waits_since is not None:
        _wait_for_holder(moment)
    moment.do(Held(staff=event.staff))


def gave_back(moment: Moment, event: StaffGaveBack) -> None:
    """What was open resumes, by the engine. Whoever never noticed that somebody was there is told nothing."""
    conversation = moment.conversation
    known = let_go(moment, "bot")
    moment.do(Held(staff=""))
    if known and not (closed_now(moment) or conversation.muted):
        moment.tell(moment.words("staff.gave_back"))


def passed_on(moment: Moment, event: StaffPassedOn) -> None:
    conversation = moment.conversation
    known = let_go(moment, "queue")
    moment.do(Held(staff=""))
    moment.do(
        HandOver(
            reason="passed_on",
            role=event.role,
            to=event.to,
            restricted=conversation.restricted,
            women_only=conversation.women_only,
        )
    )
    if known and not closed_now(moment):
        moment.tell(moment.words("staff.passed_on", when=ways.next_person(moment)))


def knocked(moment: Moment, event: StaffKnocked) -> None:
    moment.conversation.knocked = moment.conversation.knocked and not event.again
    _knock(moment, event.staff)


def took_back(moment: Moment, event: StaffTookBack) -> None:
    """A kept reply is not sent after all."""
    conversation = moment.conversation
    conversation.kept = [one for one in conversation.kept if one.get("id") != event.reply]


def blocked(moment: Moment, event: StaffBlocked) -> None:
    conversation = moment.conversation
    conversation.blocked = event.why
    if event.why:
        let_go(moment, "bot")
        conversation.put_by = []
        moment.do(Held(staff=""))


def called(moment: Moment, event: CalledStaff) -> None:
    if event.reason in (DEATH, DEATH_KNOWN):
        # Somebody was told of it: we begin nothing here any more, and staff speak with the family.
        moment.conversation.muted = True
        moment.do(Suppress(on=True, why="death"))
        if event.reason == DEATH_KNOWN:
            return
        moment.do(Alarm(code=DEATH))
    if event.mobile:
        ways.call_back(moment, "any", event.mobile)
        return
    ways.queue(moment, event.reason, reference=event.reference, urgent=event.urgent)


def _knock(moment: Moment, staff: str) -> None:
    """«A reply is waiting», once until they write: by the approved template, the only thing that may go out now."""
    conversation = moment.conversation
    if conversation.knocked or not conversation.kept or closed_now(moment) != "window":
        return
    conversation.knocked = True
    values = places(WAITING, short=moment.profile.short_name.to(moment.language))
    moment.tell(moment.words("template.reply_waiting"), by=staff, template=WAITING, values=values)


# --- while they hold it ----------------------------------------------------------------------------------------------


def is_held(conversation: Conversation) -> bool:
    return conversation.holder.startswith("staff:")


def silent(conversation: Conversation) -> bool:
    """Nothing is answered by the bot: a worker does, or nobody."""
    return bool(conversation.blocked) or is_held(conversation)


def puts_by(moment: Moment, event: Event) -> bool:
    """True for what would make the bot speak while a worker does: it waits until they hand back."""
    conversation = moment.conversation
    timer = event.timer if isinstance(event, TimePassed) else ""
    waits = timer in ("quiet", "draft") or isinstance(event, FileReady | FileRefused | FormFilled)
    if not (waits and silent(conversation)):
        return False
    if timer == "draft":
        hours = moment.profile.limits.remind_draft_hours
        moment.do(SetTimer(timer="draft", due=moment.world.now + timedelta(hours=hours)))
    elif not conversation.blocked:
        conversation.put_by.append(msgspec.to_builtins(event))
    return True


def heard(moment: Moment, event: Event) -> None:
    """The person did something: the window is open, and whoever holds the conversation owes an answer (for thanks and
    prayers alone nobody does)."""
    conversation = moment.conversation
    conversation.knocked = False
    if not is_held(conversation) or conversation.blocked or conversation.waits_since is not None:
        return
    if isinstance(event, Text):
        courtesy, rest = strip_courtesy(event.text)
        if courtesy and courtesy != "salam" and not rest:
            return
    conversation.waits_since = event.at
    _wait_for_holder(moment)


def say_kept(moment: Moment) -> None:
    """They wrote again: what waited for it goes out."""
    conversation = moment.conversation
    if not conversation.kept or closed_now(moment):
        return
    begun = set()
    for raw in conversation.kept:
        say = msgspec.convert(raw, Say)
        if say.by not in begun:
            say = _introduced(moment, say, raw.get("title", ""))
        begun.add(say.by)
        moment.says.append(say)
    conversation.kept = []


def nobody_answered(moment: Moment) -> None:
    """Whoever holds it has not answered for too long: back to the queue, and the person hears it honestly."""
    conversation = moment.conversation
    if not is_held(conversation) or conversation.waits_since is None:
        return
    known = let_go(moment, "queue")
    moment.do(Held(staff=""))
    moment.do(HandOver(reason="holder_gone", restricted=conversation.restricted, women_only=conversation.women_only))
    if not closed_now(moment):
        moment.tell(moment.words("staff.gone" if known else "staff.still_waits", when=ways.next_person(moment)))


def _holds(moment: Moment, staff: str) -> None:
    moment.conversation.holder = f"staff:{staff}"


def _answered(moment: Moment) -> None:
    if moment.conversation.waits_since is not None:
        moment.conversation.waits_since = None
        moment.do(ClearTimer(timer=TIMER))


def let_go(moment: Moment, holder: str) -> bool:
    """No worker holds it any more; whether the person knew that somebody did."""
    conversation = moment.conversation
    known = is_held(conversation) and bool(conversation.introduced)
    conversation.holder, conversation.introduced = holder, ""
    _answered(moment)
    return known


def _wait_for_holder(moment: Moment) -> None:
    hours = moment.profile.limits.holder_hours
    women = moment.conversation.women_only
    due = after_open_hours(calendar_of(moment.profile), moment.world.now, hours, women)
    moment.do(SetTimer(timer=TIMER, due=due))


def after_open_hours(calendar: WorkingCalendar, now: datetime, hours: float, women: bool = False) -> datetime:
    """When the office (a woman, where `women`) will have been there for so many hours more; plain hours where it never
    opens."""
    left, day = timedelta(hours=hours), here(now).date() - timedelta(days=1)
    for _ in range(60):
        span = calendar.hours(day, women)
        if span is not None and span[1] > now:
            begins = max(span[0], now)
            if begins + left <= span[1]:
                return begins + left
            left -= span[1] - begins
        day += timedelta(days=1)
    return now + timedelta(hours=hours)


def kept_of(conversation: Conversation) -> list[tuple[str, Any, list[Say]]]:
    """What waits to be said: the reply's id, when it was written, and its parts, oldest first."""
    found: dict[str, tuple[str, Any, list[Say]]] = {}
    for raw in conversation.kept:
        one = found.setdefault(raw.get("id", ""), (raw.get("id", ""), raw.get("at"), []))
        one[2].append(msgspec.convert(raw, Say))
    return list(found.values())
