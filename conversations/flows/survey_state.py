"""Where a survey stands in a conversation: invited to, open, set aside, over; and what is said beside what is open."""

from typing import Any

from msgspec import structs

from conversations.asking import offer
from conversations.conversation import Draft, Invitation
from conversations.dialogue import close
from conversations.effects import Mask, SurveyAnswered
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import way_on

FLOW = "survey"
CUT = "cut"
"""An invitation's state: it was over while they were at it, and they have not heard of that yet."""


def subject(survey: str, wave: str) -> str:
    """What a draft of it is about."""
    return f"{survey}:{wave}"


def wave_of(draft: Draft) -> str:
    return draft.subject.partition(":")[2]


# --- the invitation --------------------------------------------------------------------------------------------------


def invitation(moment: Moment, wave: str) -> Invitation | None:
    return next((one for one in moment.conversation.invitations if one.wave == wave), None)


def living(moment: Moment, wave: str) -> Invitation | None:
    """The invitation, as long as what is answered counts."""
    one = invitation(moment, wave)
    if one is None or one.until <= moment.world.now or one.state == CUT or moment.world.over == wave:
        return None
    return one if moment.profile.survey(one.survey) is not None else None


def alive(moment: Moment, wave: str) -> Invitation | None:
    """The same for a button that was pressed; None once they were told why it does nothing."""
    if says_nothing(moment):
        way_on(moment)
        return None
    one = living(moment, wave)
    if one is None:
        forget(moment, wave)
        beside(moment, "survey.over")
        return None
    if one.state == "finished":
        beside(moment, "survey.done_before")
        return None
    return one


def says_nothing(moment: Moment) -> bool:
    """After a disclosure of harm or a death, not a word of any survey."""
    conversation = moment.conversation
    return conversation.muted or conversation.restricted or bool(conversation.blocked)


def change(moment: Moment, wave: str, **changes: Any) -> None:
    invitations = moment.conversation.invitations
    moment.conversation.invitations = [
        structs.replace(one, **changes) if one.wave == wave else one for one in invitations
    ]


def state(moment: Moment, one: Invitation, now: str) -> None:
    if one.state != now:
        change(moment, one.wave, state=now)
        moment.do(SurveyAnswered(wave=one.wave, survey=one.survey, state=now))


# --- its draft -------------------------------------------------------------------------------------------------------


def is_open(moment: Moment, about: str) -> bool:
    draft = moment.conversation.open
    return draft is not None and (draft.flow, draft.subject) == (FLOW, about)


def kept(moment: Moment, about: str) -> Draft | None:
    """Its draft, open or set aside."""
    drafts = (moment.conversation.open, *moment.conversation.aside)
    return next((one for one in drafts if one is not None and (one.flow, one.subject) == (FLOW, about)), None)


def drop(moment: Moment, wave: str) -> None:
    conversation = moment.conversation
    conversation.aside = [one for one in conversation.aside if one.flow != FLOW or wave_of(one) != wave]
    draft = conversation.open
    if draft is not None and draft.flow == FLOW and wave_of(draft) == wave:
        close(moment)


def forget(moment: Moment, wave: str) -> None:
    """It is over, and nothing more is said of it."""
    drop(moment, wave)
    moment.conversation.invitations = [one for one in moment.conversation.invitations if one.wave != wave]


def ended(moment: Moment, wave: str) -> None:
    """The wave is over: what is half answered is kept no longer. Who was at it hears of that at their next words."""
    one = invitation(moment, wave)
    if one is None or one.state == "finished":
        return
    at_it = is_open(moment, subject(one.survey, wave))
    forget(moment, wave)
    if at_it:
        moment.conversation.invitations.append(structs.replace(one, state=CUT))


def tidy(moment: Moment) -> None:
    """What was set aside of a survey that is over is offered to nobody any more, and what is open of one is not asked
    on."""
    conversation = moment.conversation
    conversation.aside = [
        draft for draft in conversation.aside if draft.flow != FLOW or living(moment, wave_of(draft)) is not None
    ]
    draft = conversation.open
    if draft is not None and draft.flow == FLOW and living(moment, wave_of(draft)) is None:
        ended(moment, wave_of(draft))
        drop(moment, wave_of(draft))


# --- what is said ----------------------------------------------------------------------------------------------------


def beside(moment: Moment, key: str, *options: Option) -> None:
    """Said beside whatever is open, which stays as it is."""
    if moment.conversation.open is not None:
        moment.tell(moment.words(key))
        way_on(moment)
    else:
        offer(moment, moment.words(key), (*options, *moment.options("/menu")))


def mask(moment: Moment, *, delete: bool = False, file: bool = False) -> None:
    """What is answered is no line of the transcript: it is read in the results, and not by whom it is about."""
    moment.do(Mask(text=moment.words("survey.unkept"), delete=delete, file=file))
