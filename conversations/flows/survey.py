"""A satisfaction survey: asked kindly, voluntary, one question a message, each answer kept as it comes.

Source: H د-1, T objective 5 (measuring satisfaction) and 6 (rating is a right, «للتقويم والتطوير لا للعقاب والتشهير»);
DOMAIN, "Care" 9 and situation 6: an old button answers its own survey and leaves what is open untouched.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from conversations.answers.choice import ManyOf, OneOf, YesNo
from conversations.answers.contract import Answer, Got
from conversations.answers.marked import Marked
from conversations.answers.rating import Rating
from conversations.answers.scale import Effort, Recommend, Scale
from conversations.answers.text import LongText
from conversations.answers.voice import Voice
from conversations.arabic.understand import command, yes_no
from conversations.asking import offer
from conversations.association.association import Association
from conversations.association.profile import Profile
from conversations.association.survey import Question, Survey
from conversations.conversation import Draft, Invitation
from conversations.course import current_step
from conversations.dialogue import after, begin, close, proceed, set_aside
from conversations.effects import Lookup, Mask, NotTold, SurveyAnswered
from conversations.events import Found, Media, Press, SurveyInvited
from conversations.flow import Answered, Flow, Leave, Step, ask, register
from conversations.flows.own_page import WITHOUT_BUTTONS
from conversations.flows.track import tell_notice
from conversations.hearing import hear, record
from conversations.moment import Moment
from conversations.says import Link, Option
from conversations.staffed import closed_now
from conversations.ways import way_on

FLOW = "survey"
TEMPLATE = "survey_invitation"
PURPOSE = "survey"
"""The consent without which nobody is asked."""
MOST_INVITATIONS = 4
"""Remembered at an address; an older one's buttons say that it is over."""
SCORED = ("faces", "scale", "effort", "yes_no", "recommend")
_LOW_OF = ("faces", "scale", "effort")
_ANSWERS: Mapping[str, Callable[[Question, bool], Answer]] = {
    "faces": lambda question, anonymous: Rating(),
    "scale": lambda question, anonymous: Scale(),
    "yes_no": lambda question, anonymous: YesNo(),
    "choice": lambda question, anonymous: OneOf(question.choices),
    "choices": lambda question, anonymous: ManyOf(question.choices),
    "effort": lambda question, anonymous: Effort(),
    "recommend": lambda question, anonymous: Recommend(),
    # A voice would be a file of this conversation: no anonymous survey takes one.
    "words": lambda question, anonymous: LongText(voice=not anonymous),
    "voice": lambda question, anonymous: Voice(),
}


def answer_of(question: Question, anonymous: bool) -> Answer:
    return _ANSWERS[question.kind](question, anonymous)


def shown(question: Question, kept: Any, language: str) -> str:
    """What was answered, as `scored` keeps it (a score, the ids chosen, words), in words."""
    if question.kind in ("words", "voice"):
        return " ".join(f"📎 {line[6:]}" if line.startswith("voice:") else line for line in str(kept).split("\n"))
    value = bool(kept) if question.kind == "yes_no" else str(kept).split(",") if question.kind == "choices" else kept
    return answer_of(question, True).show(value, language)


def subject(survey: str, wave: str) -> str:
    return f"{survey}:{wave}"


def _build(association: Association, about: str) -> tuple[Step, ...]:
    survey_id, _, wave = about.partition(":")
    survey = association.profile.survey(survey_id)
    return tuple(_step(survey, question, wave) for question in survey.questions) if survey else ()


def _step(survey: Survey, question: Question, wave: str) -> Step:
    def over(moment: Moment, value: Any) -> Leave | None:
        return None if _living(moment, wave) else Leave("survey.over", ways=("/menu",))

    when = (Answered(question.ask_if.field, question.ask_if.among),) if question.ask_if else ()
    return ask(
        question.id,
        Marked(answer_of(question, survey.anonymous), f"sv:{wave}:{question.id}:"),
        when=when,
        optional=True,
        ask=(question.written if survey.anonymous else None) or question.ask,
        help=question.help,
        title=question.title,
        heard=lambda moment, value: _keep(moment, survey, question, wave, value),
        guard=over,
        unkept=True,
        # A list of what was answered would be a line of the transcript.
        reviewed=False,
    )


def _keep(moment: Moment, survey: Survey, question: Question, wave: str, value: Any) -> None:
    """One by one, so that half a survey counts as half; an anonymous one stays sealed in the draft until its end. What
    is passed over takes back what was answered before."""
    if not survey.anonymous:
        moment.do(SurveyAnswered(wave=wave, survey=survey.id, answers={question.id: value}))


# --- the invitation --------------------------------------------------------------------------------------------------


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
        seen=_seen(moment, survey),
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


def _seen(moment: Moment, survey: Survey) -> str:
    return moment.words("survey.anonymous" if survey.anonymous else "survey.sealed")


def _better_not(moment: Moment) -> str:
    """Why they are not asked here, whoever listed them: a look at the last moment."""
    conversation = moment.conversation
    if _says_nothing(moment):
        return "muted"
    if moment.world.person.consents.get(PURPOSE) is not True:
        return "no_consent"
    if conversation.holder != "bot":
        return "held"
    return "" if (why := closed_now(moment)) == "window" else why


def _says_nothing(moment: Moment) -> bool:
    """After a disclosure of harm or a death, not a word of any survey."""
    conversation = moment.conversation
    return conversation.muted or conversation.restricted or bool(conversation.blocked)


def _ways(moment: Moment, wave: str) -> tuple[Option, ...]:
    return tuple(Option(f"survey:{wave}:{way}", moment.words(f"option.survey_{way}")) for way in ("yes", "later", "no"))


def invitation(moment: Moment, wave: str) -> Invitation | None:
    return next((one for one in moment.conversation.invitations if one.wave == wave), None)


def _living(moment: Moment, wave: str) -> Invitation | None:
    one = invitation(moment, wave)
    if one is None or one.until <= moment.world.now or moment.profile.survey(one.survey) is None:
        return None
    return one


def chosen(moment: Moment, what: str) -> None:
    """Under the invitation: yes, later, no. As often as they like, until it is over."""
    if _alive(moment, what.partition(":")[0]) is not None:
        moment.do(Lookup(lookup="survey", key=f"survey:{what}"))


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


def found(moment: Moment, event: Found) -> None:
    """What became of it elsewhere, on its page or at another address of theirs: what is finished there is not asked
    here once more."""
    button, _, what = event.key.partition(":")
    wave, _, rest = what.partition(":")
    one = _alive(moment, wave)
    if one is None:
        return
    if event.result == "finished":
        _set(moment, one, "finished")
        _drop(moment, one)
        _aside(moment, "survey.done_before")
    else:
        _PRESSED[button](moment, one, rest)


def _said_of_it(moment: Moment, one: Invitation, way: str) -> None:
    wave = one.wave
    if way == "yes":
        _open(moment, one)
    elif way == "later":
        if one.state == "invited":
            _state(moment, one, "later")
        _aside(moment, "survey.later", Option(f"survey:{wave}:yes", moment.words("option.survey_yes")))
    else:
        _state(moment, one, "declined")
        _drop(moment, one)
        _aside(moment, "survey.declined")


def _alive(moment: Moment, wave: str) -> Invitation | None:
    if _says_nothing(moment):
        way_on(moment)
        return None
    one = _living(moment, wave)
    if one is None:
        if (before := invitation(moment, wave)) is not None:
            _drop(moment, before)
        _aside(moment, "survey.over")
        return None
    if one.state == "finished":
        _aside(moment, "survey.done_before")
        return None
    return one


def _aside(moment: Moment, key: str, *options: Option) -> None:
    """Said beside whatever is open, which stays as it is."""
    if moment.conversation.open is not None:
        moment.tell(moment.words(key))
        way_on(moment)
    else:
        offer(moment, moment.words(key), (*options, *moment.options("/menu")))


def is_open(moment: Moment, about: str) -> bool:
    draft = moment.conversation.open
    return draft is not None and (draft.flow, draft.subject) == (FLOW, about)


def _kept(moment: Moment, about: str) -> Draft | None:
    """Its draft, open or set aside."""
    drafts = (moment.conversation.open, *moment.conversation.aside)
    return next((one for one in drafts if one is not None and (one.flow, one.subject) == (FLOW, about)), None)


def _open(moment: Moment, one: Invitation) -> None:
    conversation = moment.conversation
    about = subject(one.survey, one.wave)
    _state(moment, one, "begun")
    if is_open(moment, about):
        way_on(moment)
        return
    set_aside(moment)
    kept = _kept(moment, about)
    if kept is None:
        survey = moment.profile.survey(one.survey)
        assert survey is not None
        moment.tell(f"{moment.words('survey.begin')} {_seen(moment, survey) if one.short else ''}".rstrip())
        begin(moment, FLOW, about)
        return
    conversation.aside.remove(kept)
    kept.touched = moment.world.now
    conversation.open = kept
    proceed(moment)


def _state(moment: Moment, one: Invitation, state: str) -> None:
    if one.state != state:
        _set(moment, one, state)
        moment.do(SurveyAnswered(wave=one.wave, survey=one.survey, state=state))


def _set(moment: Moment, one: Invitation, state: str) -> None:
    invitations = moment.conversation.invitations
    place = next(number for number, each in enumerate(invitations) if each.wave == one.wave)
    invitations[place] = structs.replace(one, state=state)


def _drop(moment: Moment, one: Invitation) -> None:
    conversation = moment.conversation
    about = subject(one.survey, one.wave)
    conversation.aside = [draft for draft in conversation.aside if (draft.flow, draft.subject) != (FLOW, about)]
    if is_open(moment, about):
        close(moment)


def ended(moment: Moment, wave: str) -> None:
    """The wave is over: what is half answered is kept no longer, and nothing is said of it."""
    one = invitation(moment, wave)
    if one is not None and one.state != "finished":
        _drop(moment, one)


def tidy(moment: Moment) -> None:
    """What was set aside of a survey that is over is offered to nobody any more."""
    conversation = moment.conversation
    conversation.aside = [
        draft
        for draft in conversation.aside
        if draft.flow != FLOW or _living(moment, draft.subject.partition(":")[2]) is not None
    ]


# --- its answers -----------------------------------------------------------------------------------------------------


def answered(moment: Moment, what: str) -> None:
    """A button under a question of a survey, the open one's or an old one's: it answers that question and no other."""
    wave, _, rest = what.partition(":")
    one = _alive(moment, wave)
    if one is None:
        return
    mask(moment)
    if is_open(moment, subject(one.survey, wave)):
        _answer(moment, one, rest)
    else:
        moment.do(Lookup(lookup="survey", key=f"sv:{what}"))


def _answer(moment: Moment, one: Invitation, what: str) -> None:
    wave = one.wave
    question_id, _, option = what.partition(":")
    survey, about = moment.profile.survey(one.survey), subject(one.survey, wave)
    pressed = f"sv:{wave}:{what}"
    press = Press(id=moment.event.id, at=moment.event.at, option=pressed, prompt=moment.conversation.prompt)
    step = current_step(moment) if is_open(moment, about) else None
    if step is not None and step.id == question_id:
        hear(moment, press)
        return
    question = survey.question(question_id) if survey else None
    heard = (
        answer_of(question, survey.anonymous).hear(structs.replace(press, option=option), moment)
        if survey and question
        else None
    )
    if survey is None or question is None or not isinstance(heard, Got):
        _aside(moment, "survey.changed")
        return
    theirs = _kept(moment, about)
    if theirs is None:
        theirs = Draft(flow=FLOW, subject=about, touched=moment.world.now)
        moment.conversation.aside.append(theirs)
        _state(moment, one, "begun")
    asked = _step(survey, question, wave)
    record(moment, theirs, asked, _with_before(theirs, asked, heard.value))
    _go_on(moment, survey, theirs)


def mask(moment: Moment, *, delete: bool = False, file: bool = False) -> None:
    """What is answered is no line of the transcript: it is read in the results, and not by whom it is about."""
    moment.do(Mask(text=moment.words("survey.unkept"), delete=delete, file=file))


_PRESSED: Mapping[str, Callable[[Moment, Invitation, str], None]] = {"survey": _said_of_it, "sv": _answer}


def _with_before(draft: Draft, step: Step, value: Any) -> Any:
    """Of several choices, each press is one more."""
    before = draft.answers.get(step.id)
    together = isinstance(before, list) and isinstance(value, list) and step.answer is not None
    return step.answer.join([before, value]) if together and step.answer is not None else value


def _go_on(moment: Moment, survey: Survey, draft: Draft) -> None:
    """An old button was heard: what is open is asked again, and a survey that has nothing left to ask is over."""
    conversation = moment.conversation
    if conversation.open is draft:
        moment.tell(moment.words("survey.taken"))
        proceed(moment)
        return
    left = any(step.id not in draft.answers and step.applies(draft) for step in _build_of(moment, draft))
    if not left and not draft.waiting:
        conversation.aside.remove(draft)
        _settle(moment, survey, draft)
        _aside(moment, "survey.thanks")
    elif conversation.open is not None:
        moment.tell(moment.words("survey.taken"))
        way_on(moment)
    else:
        conversation.aside.remove(draft)
        conversation.open = draft
        proceed(moment)


def _build_of(moment: Moment, draft: Draft) -> tuple[Step, ...]:
    return _build(moment.world.association, draft.subject)


def spoke(moment: Moment, event: Media) -> bool:
    """A voice note where a face is asked for is what they want to say in their own words; an anonymous survey has no
    use for it: a voice is known."""
    draft = moment.conversation.open
    if draft is None or draft.flow != FLOW or event.kind not in ("voice", "audio"):
        return False
    survey = moment.profile.survey(draft.subject.partition(":")[0])
    if survey is None:
        return False
    if survey.anonymous:
        mask(moment, file=True)
        moment.tell(moment.words("survey.no_voice"))
        way_on(moment)
        return True
    spoken = (one for one in survey.questions if one.kind in ("words", "voice"))
    question = next((one for one in spoken if one.id not in draft.answers and one.id != draft.step), None)
    if question is None:
        return False
    mask(moment, file=True)
    draft.waiting.append(event.file)
    record(moment, draft, _step(survey, question, draft.subject.partition(":")[2]), {"voice": event.file})
    moment.tell(moment.words("survey.voice_kept"))
    way_on(moment)
    return True


# --- its end ---------------------------------------------------------------------------------------------------------


def _finish(moment: Moment, draft: Draft) -> None:
    survey_id, _, wave = draft.subject.partition(":")
    survey = moment.profile.survey(survey_id)
    if survey is None or _living(moment, wave) is None:
        offer(moment, moment.words("survey.over"), moment.options("/menu"))
        return
    answers = _settle(moment, survey, draft)
    if survey.anonymous:
        # The same to everybody: other words for who was not satisfied would tell who was not.
        offer(moment, moment.words("survey.thanks_anonymous"), _more(moment))
    elif low(moment.profile, survey, answers):
        offer(moment, moment.words("survey.low"), _more(moment), apart=True)
    else:
        offer(moment, moment.words("survey.thanks"), moment.options("/menu"), apart=True)


def _settle(moment: Moment, survey: Survey, draft: Draft) -> Mapping[str, Any]:
    """All there will be of it is in."""
    wave = draft.subject.partition(":")[2]
    given = {question.id: draft.answers.get(question.id) for question in survey.questions}
    answers = {id: value for id, value in given.items() if value is not None}
    if (one := invitation(moment, wave)) is not None:
        _set(moment, one, "finished")
    told = answers if survey.anonymous else {}
    moment.do(SurveyAnswered(wave=wave, survey=survey.id, state="finished", answers=told, last=True))
    return answers


def _more(moment: Moment) -> tuple[Option, ...]:
    """A complaint or a call, once; whoever complains already has somebody who listens."""
    complains = any(case.kind == "complaint" for case in moment.world.cases)
    return moment.options(*(() if complains else ("/complain",)), "/callme", "/menu")


def low(profile: Profile, survey: Survey, answers: Mapping[str, Any]) -> bool:
    """Whether something went badly: a complaint or a call is offered, at once and once."""
    worst = profile.asking.low
    return any(
        question.kind in _LOW_OF and isinstance(answers.get(question.id), int) and answers[question.id] <= worst
        for question in survey.questions
    )


def _cancelled(moment: Moment, draft: Draft) -> None:
    """Nobody asks whether they are sure: what was answered by name is kept, and they are not asked again."""
    survey_id, _, wave = draft.subject.partition(":")
    survey, one = moment.profile.survey(survey_id), invitation(moment, wave)
    if one is not None:
        _state(moment, one, "declined")
    kept = survey is not None and not survey.anonymous and draft.answers
    offer(moment, moment.words("survey.left" if kept else "survey.left_empty"), moment.options("/menu"))
    after(moment)


survey_flow = register(
    Flow(
        name=FLOW,
        steps=(),
        finish=_finish,
        build=_build,
        subjects=lambda association: tuple(survey.id for survey in association.profile.surveys),
        once=True,
        voluntary=True,
        cancelled=_cancelled,
    )
)
"""What it asks follows from the profile and the wave: the draft's subject is `<survey>:<wave>`."""
