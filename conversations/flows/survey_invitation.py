"""Being asked at all: the invitation, of whom it is kept back, and what a word typed under it means."""

import re

from msgspec import structs

from conversations.arabic.understand import command, yes_no
from conversations.association.survey import Survey
from conversations.conversation import Invitation
from conversations.effects import NotTold
from conversations.events import SurveyInvited
from conversations.flows.own_page import WITHOUT_BUTTONS
from conversations.flows.survey_state import invitation, is_open, says_nothing, subject
from conversations.flows.track import tell_notice
from conversations.moment import Moment
from conversations.says import Link, Option
from conversations.staffed import closed_now

TEMPLATE = "survey_invitation"
PURPOSE = "survey"
"""The consent without which nobody is asked."""
MOST_INVITATIONS = 4
"""Remembered at an address; an older one's buttons say that it is over."""


def invited(moment: Moment, event: SurveyInvited) -> None:
    """Why, how long, that it is a right and voluntary, and who sees what. Never while somebody waits for us."""
    conversation = moment.conversation
    survey = moment.profile.survey(event.survey)
    if survey is None or is_open(moment, subject(event.survey, event.wave)):
        moment.do(NotTold(why="nothing_to_say"))
        return
    if why := event.unfit or _better_not(moment):
        moment.do(NotTold(why=why))
        return
    known = invitation(moment, event.wave)
    if known is not None and known.state in ("finished", "declined"):
        moment.do(NotTold(why="nothing_to_say"))
        return
    _remember(moment, event, known)
    text = moment.words(
        "survey.remind" if event.reminder else "survey.invite",
        why=survey.why.to(moment.language),
        count=len(survey.questions),
        seen=seen(moment, survey),
    )
    if event.link and moment.world.traits.name in WITHOUT_BUTTONS:
        url = event.link if moment.language == "ar" else f"{event.link}?lang={moment.language}"
        moment.tell(text, link=Link(moment.words("survey.page"), url, private=True), lane="bulk")
        return
    options = _ways(moment, event.wave)
    tell_notice(moment, text, options, TEMPLATE, event.wave, lane="bulk")
    if conversation.open is None:
        conversation.offered = list(options)


def _remember(moment: Moment, event: SurveyInvited, known: Invitation | None) -> None:
    conversation = moment.conversation
    if known is not None:
        place = conversation.invitations.index(known)
        conversation.invitations[place] = structs.replace(known, until=event.until)
        return
    short = closed_now(moment) == "window"
    fresh = Invitation(wave=event.wave, survey=event.survey, until=event.until, short=short)
    kept = [one for one in conversation.invitations if one.until > moment.world.now]
    conversation.invitations = [*kept, fresh][-MOST_INVITATIONS:]


def seen(moment: Moment, survey: Survey) -> str:
    return moment.words("survey.anonymous" if survey.anonymous else "survey.sealed")


def _better_not(moment: Moment) -> str:
    """Why they are not asked here, whoever listed them: a look at the last moment."""
    conversation = moment.conversation
    if says_nothing(moment):
        return "muted"
    if moment.world.person.consents.get(PURPOSE) is not True:
        return "no_consent"
    if conversation.holder != "bot":
        return "held"
    return "" if (why := closed_now(moment)) == "window" else why


def _ways(moment: Moment, wave: str) -> tuple[Option, ...]:
    return tuple(Option(f"survey:{wave}:{way}", moment.words(f"option.survey_{way}")) for way in ("yes", "later", "no"))


_WAY_OF = {"start": "yes", "resume": "yes", "later": "later", "cancel": "no"}
"""What a command means under an invitation."""
_AROUND = re.compile(r"^لا (?=\S)| ان شا الله$")


def meant(moment: Moment, folded: str) -> str:
    """The way that a bare word under an invitation means («ايوه», «بعدين», «لا»); empty for anything else, and wherever
    something else is open."""
    conversation = moment.conversation
    first = conversation.offered[0].id if conversation.offered and conversation.open is None else ""
    if not first.startswith("survey:"):
        return ""
    word = command(folded) or command(_AROUND.sub("", folded)) or ""
    way = "" if word == "resume" and conversation.aside else _WAY_OF.get(word, "")
    if not way and (said := yes_no(folded)) is not None:
        way = "yes" if said else "no"
    return f"{first.rpartition(':')[0]}:{way}" if way else ""
