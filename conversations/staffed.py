"""What staff do to a conversation: they answer, take it, hand it back, pass it on, block an address.

A conversation has one holder: the bot, the queue, or a worker. A reply takes it; handing back is an act of its own, and
then what was open resumes. Where the channel's window is closed (WhatsApp, 24 hours after the person last wrote) a
reply is kept and goes out by itself when they write again.
"""

from datetime import timedelta

import msgspec

from conversations import ways
from conversations.effects import HandOver, Held
from conversations.events import CalledStaff, StaffBlocked, StaffGaveBack, StaffPassedOn, StaffSaid, StaffTook
from conversations.moment import Moment
from conversations.says import Attachment, Say

MOST_KEPT = 20


def said(moment: Moment, event: StaffSaid) -> None:
    conversation = moment.conversation
    joins = conversation.holder != _holder(event.staff)
    conversation.holder = _holder(event.staff)
    text = event.text
    if joins:
        text = f"{moment.words('staff.joined', title=event.title)}\n\n{text}".rstrip()
    file = Attachment(event.file, event.file_name, event.file_kind) if event.file else None
    say = Say(text=text, file=file, by=event.staff, via=event.via)
    if window_closed(moment):
        conversation.kept = [*conversation.kept, msgspec.to_builtins(say)][-MOST_KEPT:]
    else:
        moment.says.append(say)
    moment.do(Held(staff=event.staff, replied=True))


def took(moment: Moment, event: StaffTook) -> None:
    """Nothing is said yet: that somebody is there shows in their first reply."""
    moment.conversation.holder = _holder(event.staff)
    moment.do(Held(staff=event.staff))


def gave_back(moment: Moment, event: StaffGaveBack) -> None:
    conversation = moment.conversation
    conversation.holder = "bot"
    moment.do(Held(staff=""))
    if conversation.stopped or conversation.muted or conversation.blocked or window_closed(moment):
        return
    moment.tell(moment.words("staff.gave_back"))
    ways.way_on(moment)


def passed_on(moment: Moment, event: StaffPassedOn) -> None:
    conversation = moment.conversation
    conversation.holder = "queue"
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


def blocked(moment: Moment, event: StaffBlocked) -> None:
    conversation = moment.conversation
    conversation.blocked = event.why
    if event.why:
        conversation.holder = "bot"
        moment.do(Held(staff=""))


def called(moment: Moment, event: CalledStaff) -> None:
    ways.queue(moment, event.reason, reference=event.reference, urgent=event.urgent)


def say_kept(moment: Moment) -> None:
    """They wrote again: the window is open, and what waited for it goes out first."""
    conversation = moment.conversation
    for raw in conversation.kept:
        moment.says.append(msgspec.convert(raw, Say))
    conversation.kept = []


def window_closed(moment: Moment) -> bool:
    hours = moment.world.traits.window_hours
    last = moment.conversation.last_at
    return bool(hours) and (last is None or moment.world.now - last >= timedelta(hours=hours))


def _holder(staff: str) -> str:
    return f"staff:{staff}"
