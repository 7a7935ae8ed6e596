"""advance(): the only way a conversation moves. Pure: the same three arguments give the same turn.

The order in which a person's message is looked at is the heart of the house's care, and it is this:
harm first; then who holds the conversation; buttons; courtesies (answered, never counted as failures); the choices on
offer; commands; what the open question can hear; another wish; and never a dead end.
"""

from collections.abc import Callable
from copy import copy
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec

from conversations import arrivals, choices, commands, flows, recorded, staffed, ways, welcome, wishes
from conversations.answers.choice import OneOf
from conversations.answers.contract import Confirm, Got
from conversations.answers.phone import own_phone
from conversations.arabic.disclosures import disclosure
from conversations.arabic.intents import insult, threat, wish_of
from conversations.arabic.masking import mask_numbers, mask_secrets
from conversations.arabic.normalise import fold, fold_label
from conversations.arabic.understand import choose, command, language_of, strip_courtesy, yes_no
from conversations.asking import offer
from conversations.conversation import Conversation, Draft
from conversations.course import asks_sensitive, current_step
from conversations.doubt import doubted, take_in, waits
from conversations.effects import Alarm, Effect, Mask, PhoneProven, SetTimer
from conversations.events import (
    PERSONAL,
    Answered,
    AppointmentChanged,
    Asked,
    BroadcastSent,
    CalledStaff,
    CaseMoved,
    CaseUpdate,
    Contact,
    Event,
    FileReady,
    FileRefused,
    FormFilled,
    Found,
    Joined,
    Location,
    Media,
    NewsOpened,
    NumberDoubted,
    Opened,
    OptedOut,
    PageWanted,
    PolicyChanged,
    Press,
    Recorded,
    RenewForm,
    StaffBlocked,
    StaffGaveBack,
    StaffKnocked,
    StaffPassedOn,
    StaffSaid,
    StaffTook,
    StaffTookBack,
    SurveyInvited,
    Text,
    TimePassed,
    Unreachable,
)
from conversations.flow import FLOWS, Step
from conversations.hearing import hear, secret_typed, take_burst, wait_quietly
from conversations.moment import Moment
from conversations.says import Option, Say
from conversations.world import World

MERGED_TEXT = 1000
"""Characters up to which what is said in a row becomes one message."""
SHORT = 80
"""Characters of a message that may be a wish for something else inside a free answer."""
WELCOME_BACK = timedelta(hours=12)
"""After which whoever shares a phone picks their name again."""
MOST_HELD = 200


class Turn(NamedTuple):
    conversation: Conversation
    says: tuple[Say, ...]
    effects: tuple[Effect, ...]


def advance(conversation: Conversation, event: Event, world: World) -> Turn:
    """Never raises for anything a person can send; leaves its arguments as they were."""
    moment = Moment(_own(conversation), event, world)
    if world.vouched:
        _take(moment, event)
    else:
        doubted(moment, lambda: _take(moment, event))
    mine = moment.conversation
    mine.unvouched = (mine.unvouched or not world.vouched) and waits(mine)
    return Turn(mine, _merged(moment.says), tuple(moment.effects))


def _take(moment: Moment, event: Event) -> None:
    if isinstance(event, PERSONAL):
        _person(moment, event)
    elif not staffed.puts_by(moment, event):
        _HOUSE[type(event)](moment, event)


def _own(conversation: Conversation) -> Conversation:
    """A copy that may be written to, as deep as turns write."""
    mine = copy(conversation)
    mine.aside = [_own_draft(draft) for draft in conversation.aside if draft.flow in FLOWS]
    mine.members = [*conversation.members]
    mine.held = [*conversation.held]
    mine.followed_by_number = [*conversation.followed_by_number]
    mine.kept = [*conversation.kept]
    mine.put_by = [*conversation.put_by]
    mine.news = dict(conversation.news)
    mine.invitations = [*conversation.invitations]
    if conversation.open is not None:
        # A flow that is no more cannot be asked any further.
        mine.open = _own_draft(conversation.open) if conversation.open.flow in FLOWS else None
    return mine


def _own_draft(draft: Draft) -> Draft:
    mine = copy(draft)
    mine.answers, mine.kinds = dict(draft.answers), dict(draft.kinds)
    mine.trail, mine.pending, mine.waiting = [*draft.trail], [*draft.pending], [*draft.waiting]
    return mine


def _merged(says: list[Say]) -> tuple[Say, ...]:
    """Plain texts in a row, and the question they lead up to, are one message: one buzz of the phone, not three."""
    if len(says) < 2:
        return tuple(says)
    merged: list[Say] = []
    for say in says:
        last = merged[-1] if merged else None
        plain = last is not None and not (last.options or last.link or last.file or last.controls or last.template)
        fits = last is not None and not say.file and len(last.text) + len(say.text) < MERGED_TEXT
        # What a worker said stays theirs.
        if last and plain and fits and (last.lane, last.by, last.via) == (say.lane, say.by, say.via):
            merged[-1] = msgspec.structs.replace(say, text=f"{last.text}\n\n{say.text}")
        else:
            merged.append(say)
    return tuple(merged)


# --- what a person does ----------------------------------------------------------------------------------------------


def _person(moment: Moment, event: Event) -> None:
    conversation = moment.conversation
    if _floods(moment, event):
        return
    last = conversation.last_at
    conversation.last_at = event.at
    conversation.unreachable = ""
    flows.survey_state.tidy(moment)
    staffed.heard(moment, event)
    staffed.say_kept(moment)
    if conversation.put_by:
        _resume(moment)
    if last is not None and event.at - last > flows.own_page.LONG_SILENCE:
        conversation.proof_needed = True
    if last is not None and event.at - last > WELCOME_BACK:
        conversation.member = ""
    if isinstance(event, Text):
        _text(moment, event)
    elif isinstance(event, Press):
        if (_answers_the_house(moment, event) or not _silent(moment)) and not flows.survey.broken_off(moment, event):
            _press(moment, event)
    elif isinstance(event, Opened):
        if not _silent(moment):
            welcome.opened(moment, event.payload)
    elif isinstance(event, Media):
        _media(moment, event)
    elif isinstance(event, Location | Contact) and not _silent(moment):
        _shared(moment, event)
    staffed.say_kept(moment)  # whoever just let our messages in again


def _floods(moment: Moment, event: Event) -> bool:
    """More than a person can mean in a minute waits its turn: kept, told once, taken in when the minute is over."""
    conversation = moment.conversation
    minute = int(event.at.timestamp()) // 60
    if minute != conversation.minute:
        conversation.minute, conversation.in_minute = minute, 0
    conversation.in_minute += 1
    limit = moment.profile.limits.flood_per_minute
    if conversation.in_minute <= limit and not conversation.held:
        return False
    if isinstance(event, Text) and disclosure(fold(event.text)) is not None:
        return False
    # When it is taken in at last, its line has long been written.
    if isinstance(event, Text):
        _mask(moment, _masked(moment, event))
    if not conversation.held:
        if not staffed.silent(conversation):
            moment.tell(moment.words("flood.slow"))
        moment.do(SetTimer(timer="flood", due=moment.world.now + timedelta(seconds=60)))
    if len(conversation.held) < MOST_HELD:
        conversation.held.append(msgspec.to_builtins(event))
    elif len(conversation.held) == MOST_HELD:
        moment.do(Alarm(code="flood"))
    return True


def _answers_the_house(moment: Moment, event: Press) -> bool:
    """A button under a message of the house about a delivery or an appointment: heard while a worker has the word."""
    conversation = moment.conversation
    if conversation.stopped or conversation.blocked or not staffed.is_held(conversation):
        return False
    return event.option.partition(":")[0] in _OF_THE_HOUSE


_OF_THE_HOUSE = frozenset({"got", "not", "meet"})


def _silent(moment: Moment) -> bool:
    """A worker holds the conversation, or the person stopped our messages: the bot keeps out of it."""
    conversation = moment.conversation
    if conversation.stopped and not conversation.blocked:
        event = moment.event
        if isinstance(event, Press) and event.option == "/start":
            return False
        ways.still_stopped(moment)
        return True
    return staffed.silent(conversation)


def _text(moment: Moment, event: Text) -> None:
    conversation = moment.conversation
    folded = fold(event.text)
    first = not conversation.greeted
    # A web chat greets before anything is written: the first words still say in which language.
    unspoken = first or (conversation.open is None and conversation.prompt <= 1)
    if unspoken and (language := language_of(event.text)):
        moment.speak(language)
    told = disclosure(folded)
    if told is not None and flows.harm.disclosed(moment, told):
        return
    word = command(folded)
    if conversation.stopped and word == "start" and not conversation.blocked:
        commands.run(moment, "start")
        return
    masked = _masked(moment, event)
    _mask(moment, masked)
    if (word != "stop" or conversation.blocked) and _silent(moment):
        return
    if flows.survey.broken_off(moment, event):
        return
    if masked is not None and not asks_sensitive(moment):
        if first:
            ways.greet(moment, "")
        secret_typed(moment, event)
        return
    courtesy, rest = strip_courtesy(event.text)
    if courtesy and rest and word is None:
        word = command(fold(rest))
    if first:
        welcome.welcome(moment, courtesy, rest, word)
        return
    if courtesy and not rest:
        if not _is_opinion(moment, event) and not flows.survey_invitation.meant(moment, folded):
            ways.courtesy(moment, courtesy)
            return
        courtesy, rest = "", event.text
    if event.edited and _edited(moment, event):
        return
    if _offered(moment, folded):
        return
    if word is not None and commands.run(moment, word):
        return
    if rest != event.text:
        event = msgspec.structs.replace(event, text=rest)
        folded = fold(rest)
    _wish(moment, event, folded, courtesy)


def _is_opinion(moment: Moment, event: Text) -> bool:
    """«👍» and «الله يجزاكم خير» are what somebody thinks of us, where that is asked."""
    draft, step = moment.conversation.open, current_step(moment)
    if draft is None or step is None or step.answer is None or not FLOWS[draft.flow].voluntary:
        return False
    return isinstance(step.answer.hear(event, moment), Got)


def _mask(moment: Moment, masked: str | None) -> None:
    """A line of the transcript without its secrets, and without what is answered to a survey: who reads it may be whom
    the answer is about."""
    step = current_step(moment)
    if step is not None and step.unkept and not staffed.silent(moment.conversation):
        flows.survey_state.mask(moment, delete=masked is not None)
    elif masked is not None:
        moment.do(Mask(text=masked))


def _masked(moment: Moment, event: Text) -> str | None:
    """What the transcript may keep of a text that holds a secret. Where one is asked for here, any long number is
    taken for it, mistyped or another's; what its own kind shows of it, once heard, comes in its place."""
    step = current_step(moment)
    if step is not None and step.answer is not None:
        if step.sensitive and asks_sensitive(moment):
            return mask_numbers(event.text)
        if step.answer.kind == "cr_number" and isinstance(step.answer.hear(event, moment), Got):
            return None  # it only looks like one
    return mask_secrets(event.text)


def _wish(moment: Moment, event: Text, folded: str, courtesy: str) -> None:
    """Neither button nor command: an answer to what is open, a wish for something else, or words nobody expected."""
    conversation = moment.conversation
    draft = conversation.open
    if courtesy == "salam":
        moment.tell(moment.words("courtesy.salam"))
    step = current_step(moment)
    if draft is not None and step is not None:
        free = step.answer is not None and not step.answer.options(moment.language)
        wish = wish_of(folded)
        leaves = wish is not None and wishes.leaves(wish, draft)
        if wish is not None and leaves and (not free or (len(folded) <= SHORT and wish.strong)):
            heard = None if free or step.answer is None else step.answer.hear(event, moment)
            if not isinstance(heard, Got):
                wishes.wish(moment, wish.flow, event.text)
                return
        if not free and (threat(folded) or insult(folded)):
            wishes.insulted(moment, folded)
            return
        if _asked_something(moment, event, step):
            return
        if hear(moment, event, otherwise=lambda: wishes.something_else(moment, event.text, folded)):
            return
        ways.remind_of_question(moment)
        return
    if draft is not None and conversation.offered:
        ways.not_offered(moment)
        return
    wishes.free_words(moment, event.text, folded)


def _asked_something(moment: Moment, event: Text, step: Step) -> bool:
    """A question put back to us instead of an answer: the approved answer, and then our question again."""
    if step.answer is None or not wishes.is_question(event.text):
        return False
    if step.answer.options(moment.language) and isinstance(step.answer.hear(event, moment), Got | Confirm):
        return False
    return len(flows.ask.best(moment, event.text)) == 1 and flows.ask.answer(moment, event.text)


def _edited(moment: Moment, event: Text) -> bool:
    """A message sent before was changed. Nothing says which: a burst takes the new words, an answer is not overwritten
    but offered for editing. False where it reads like any other message."""
    draft = moment.conversation.open
    if draft is None or draft.failures or not draft.trail:
        return False
    if draft.pending and isinstance(draft.pending[-1], str):
        draft.pending[-1] = event.text
        wait_quietly(moment)
        return True
    offer(moment, moment.words("edited.seen"), moment.options("/edit", "/resume_here"))
    return True


def _offered(moment: Moment, folded: str) -> bool:
    """A number, a label or yes/no that answers the choices on offer outside the answer kinds (menus, confirmations)."""
    conversation = moment.conversation
    offered = conversation.offered
    if not offered:
        return False
    if way := flows.survey_invitation.meant(moment, folded):
        choices.chosen(moment, way)
        return True
    draft = conversation.open
    step = current_step(moment)
    if draft is not None and (meant := _meant_beside(offered, folded)):
        choices.chosen(moment, meant)
        return True
    asked = draft is not None and step is not None and step.answer is not None and draft.confirm is None
    if asked and step is not None and step.answer is not None:
        # A label in full is that choice, whatever else the words may mean («نبدأ» is also a command, and so is «اتصال»
        # where a way to be reached is chosen); anything less the kind itself understands better.
        match = next((option for option in offered if fold_label(option.title) == folded), None) or _row(moment, folded)
        if match is None and isinstance(step.answer, OneOf) and (named := step.answer.named(folded)):
            match = next((option for option in offered if option.id == named), None)
        if match is None:
            return False
        if match.id[0] == "/" or ":" in match.id:
            choices.chosen(moment, match.id)
            return True
        press = Press(id=moment.event.id, at=moment.event.at, option=match.id, prompt=conversation.prompt)
        return hear(moment, press)
    if draft is not None and draft.confirm is not None and (said := yes_no(folded)) is not None:
        choices.chosen(moment, "confirm:yes" if said else "confirm:no")
        return True
    if step is not None and step.kind == "review" and (said := yes_no(folded)) is not None:
        choices.chosen(moment, "review:yes" if said else "review:edit")
        return True
    if offered[0].id.startswith(choices.YES_FIRST) and (said := yes_no(folded)) is not None:
        choices.chosen(moment, offered[0 if said else 1].id)
        return True
    found = choose(folded, [option.title for option in offered])
    if found is None or not found[1]:
        return False
    choices.chosen(moment, offered[found[0]].id)
    return True


def _row(moment: Moment, folded: str) -> Option | None:
    """Of numbered lines that answer an open question, the one whose number was typed."""
    offered, step = moment.conversation.offered, current_step(moment)
    if not moment.world.traits.numbered or step is None or step.answer is None:
        return None
    rows = len(step.answer.options(moment.language))
    place = int(folded) if folded.isascii() and folded.isdigit() and len(folded) < 3 else 0
    return offered[place - 1] if 0 < place <= min(rows, len(offered)) else None


def _meant_beside(offered: list[Option], folded: str) -> str:
    """What answers a question of our own that came between, such as «هل نلغي؟»: none of its choices is the step's."""
    ids = {option.id for option in offered}
    if (
        ids <= _HELP
        or any(one.startswith("sv:") for one in ids)
        or len(folded) > SHORT
        or not all(one[0] == "/" or ":" in one for one in ids)
    ):
        return ""
    if "cancel:yes" in ids and (said := yes_no(folded)) is not None:
        return "cancel:yes" if said else "/resume_here"
    found = choose(folded, [option.title for option in offered])
    # A line to correct may be named in part: its question is only asked once more.
    return offered[found[0]].id if found and (found[1] or offered[found[0]].id.startswith("edit:")) else ""


_HELP = frozenset({"/person", "/callme"})
"""What `again` and a voice note add to a free question: there a number is the answer."""


def _press(moment: Moment, event: Press) -> None:
    """A press on an old button never disturbs what is open now."""
    conversation = moment.conversation
    option = event.option
    current = event.prompt in (0, conversation.prompt)
    if not conversation.greeted:
        ways.greet(moment, "")
    always = option in commands.ALWAYS or option.partition(":")[0] in choices.OWN_PLACE
    if not current and not always and not (option.startswith("/") and conversation.open is None):
        ways.old_button(moment)
        return
    if option.startswith("/") or ":" in option:
        choices.chosen(moment, option)
        return
    if conversation.open is None or not hear(moment, event):
        ways.old_button(moment)


def _media(moment: Moment, event: Media) -> None:
    if event.caption and (masked := mask_secrets(event.caption)) is not None:
        moment.do(Mask(text=masked))
    if event.caption and (told := disclosure(fold(event.caption))) is not None and flows.harm.disclosed(moment, told):
        return
    if _silent(moment):
        return
    if not moment.conversation.greeted:
        ways.greet(moment, "")
    if event.kind == "sticker":
        ways.courtesy(moment, "thanks")
        return
    step = current_step(moment)
    takes = step is not None and step.answer is not None and step.answer.wants in _TAKES_FILES
    if takes and hear(moment, event):
        if step is not None and step.unkept and event.kind in ("voice", "audio"):
            flows.survey_state.mask(moment, file=True)
        return
    if flows.complete.sent(moment, event) or flows.survey.spoke(moment, event):
        return
    # A voice note or a photo instead of words: kept, put before a person, with a way on.
    reason = "voice" if event.kind in ("voice", "audio") else "file"
    ways.queue(moment, reason)
    who = "_woman" if moment.conversation.women_only else ""
    moment.tell(moment.words(f"media.{reason}{who}", when=ways.next_person(moment)))
    ways.way_on(moment)
    if reason == "voice":
        ways.with_call(moment)


_TAKES_FILES = ("file", "voice", "text_or_voice", "text_or_file")


def _shared(moment: Moment, event: Location | Contact) -> None:
    if isinstance(event, Contact) and event.own and (phone := own_phone(event)):
        moment.do(PhoneProven(phone=phone))
    if moment.conversation.open is not None and hear(moment, event):
        return
    moment.tell(moment.words("media.other"))
    ways.way_on(moment)


# --- what the house does ---------------------------------------------------------------------------------------------


def _time_passed(moment: Moment, event: TimePassed) -> None:
    if event.timer == "quiet":
        take_in(moment, lambda: take_burst(moment))
    elif event.timer == "flood":
        _take_held(moment)
    elif event.timer == "draft":
        ways.remind_of_draft(moment)
    elif event.timer == "waiting":
        ways.still_waiting(moment)
    elif event.timer.startswith("survey_over:"):
        flows.survey_state.ended(moment, event.timer.partition(":")[2])
    elif event.timer == staffed.TIMER:
        staffed.nobody_answered(moment)
        _resume(moment)


def _take_held(moment: Moment) -> None:
    """What a flood left waiting, one after the other, as if it had come just now."""
    conversation = moment.conversation
    held, conversation.held = conversation.held, []
    conversation.in_minute = 0
    for raw in held[: moment.profile.limits.flood_per_minute]:
        moment.event = came = msgspec.convert(raw, Event)
        take_in(moment, partial(_person, moment, came))
    if left := held[moment.profile.limits.flood_per_minute :]:
        conversation.held = left
        moment.do(SetTimer(timer="flood", due=moment.world.now + timedelta(seconds=60)))


def _gave_back(moment: Moment, event: StaffGaveBack) -> None:
    staffed.gave_back(moment, event)
    _resume(moment, always=bool(moment.says))


def _passed_on(moment: Moment, event: StaffPassedOn) -> None:
    staffed.passed_on(moment, event)
    _resume(moment)


def _resume(moment: Moment, always: bool = False) -> None:
    """Nobody holds the conversation any more: what came in meanwhile is taken up, and what was open is asked again."""
    conversation = moment.conversation
    if staffed.silent(conversation) or staffed.closed_now(moment):
        return
    told = bool(moment.says)
    event = moment.event
    put_by, conversation.put_by = conversation.put_by, []
    for raw in put_by:
        moment.event = msgspec.convert(raw, Event)
        _HOUSE[type(moment.event)](moment, moment.event)
    moment.event = event
    asked = any(say.prompt for say in moment.says)
    if not asked and told and (always or conversation.open is not None):
        ways.way_on(moment)


def _found(moment: Moment, event: Found) -> None:
    _FOUND[event.lookup](moment, event)


_FOUND: dict[str, Callable[[Moment, Found], None]] = {
    "case": flows.track.found,
    "ask": flows.represent.found,
    "missing": flows.complete.found,
    "entitlements": flows.entitlements.found,
    "appointments": flows.appointment.found,
    "broadcast": flows.broadcast.found,
    "survey": flows.survey.found,
}


_HOUSE: dict[type, Callable[[Moment, Any], None]] = {
    FormFilled: arrivals.form_filled,
    RenewForm: arrivals.renew_form,
    PageWanted: flows.own_page.wanted,
    NewsOpened: flows.own_page.opened,
    FileReady: lambda moment, event: take_in(moment, lambda: arrivals.file_ready(moment, event)),
    FileRefused: lambda moment, event: take_in(moment, lambda: arrivals.file_refused(moment, event)),
    TimePassed: _time_passed,
    CaseMoved: flows.track.moved,
    Joined: flows.joined.told,
    CaseUpdate: flows.track.updated,
    AppointmentChanged: flows.appointment.changed,
    PolicyChanged: arrivals.policy_changed,
    SurveyInvited: flows.survey_invitation.invited,
    BroadcastSent: flows.broadcast.sent,
    Found: _found,
    Asked: flows.represent.asked,
    Answered: flows.represent.answered,
    StaffSaid: staffed.said,
    StaffTook: staffed.took,
    StaffGaveBack: _gave_back,
    StaffPassedOn: _passed_on,
    StaffKnocked: staffed.knocked,
    StaffTookBack: staffed.took_back,
    StaffBlocked: staffed.blocked,
    CalledStaff: staffed.called,
    Recorded: recorded.recorded,
    Unreachable: lambda moment, event: setattr(moment.conversation, "unreachable", event.code),
    NumberDoubted: lambda moment, event: setattr(moment.conversation, "proof_needed", True),
    OptedOut: commands.opted_out,
}
