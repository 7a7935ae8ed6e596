"""A satisfaction survey: asked kindly, voluntary, one question a message, each answer kept as it comes.

Source: H د-1, T objective 5 (measuring satisfaction) and 6 (rating is a right, «للتقويم والتطوير لا للعقاب والتشهير»);
DOMAIN, "Care" 9 and situation 6: an old button answers its own survey and leaves what is open untouched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from conversations.answers.choice import ManyOf, OneOf, YesNo
from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.answers.rating import Rating
from conversations.answers.scale import Effort, Recommend, Scale
from conversations.answers.text import LongText
from conversations.answers.voice import Voice
from conversations.asking import offer
from conversations.association.association import Association
from conversations.association.profile import Profile
from conversations.association.survey import Question, Survey
from conversations.conversation import Draft, Invitation
from conversations.course import current_step
from conversations.dialogue import begin, proceed, set_aside
from conversations.effects import NotTold, SurveyAnswered
from conversations.events import Event, Press, SurveyInvited
from conversations.flow import Answered, Flow, Step, ask, register
from conversations.flows.own_page import WITHOUT_BUTTONS
from conversations.flows.track import tell_notice
from conversations.hearing import hear, record
from conversations.moment import Moment
from conversations.says import Link, Option
from conversations.staffed import closed_now
from conversations.ways import way_on

FLOW = "survey"
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


@dataclass(frozen=True)
class Marked(Answer):
    """Another answer whose buttons name their survey and question, so that an old one finds its way."""

    inner: Answer = field(default_factory=Answer)
    mark: str = ""

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.inner.kind

    @property
    def burst(self) -> bool:  # type: ignore[override]
        return self.inner.burst

    @property
    def wants(self) -> str:  # type: ignore[override]
        return self.inner.wants

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            if not event.option.startswith(self.mark):
                return Again("choice.old")
            event = structs.replace(event, option=event.option.removeprefix(self.mark))
        return self.inner.hear(event, hearing)

    def options(self, language: str) -> tuple[Option, ...]:
        return tuple(structs.replace(one, id=self.mark + one.id) for one in self.inner.options(language))

    def join(self, values: Any) -> Any:
        return self.inner.join(values)

    def show(self, value: Any, language: str) -> str:
        return self.inner.show(value, language)

    def input(self) -> Mapping[str, Any]:
        return self.inner.input()


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
    when = (Answered(question.ask_if.field, question.ask_if.among),) if question.ask_if else ()
    return ask(
        question.id,
        Marked(answer_of(question, survey.anonymous), f"sv:{wave}:{question.id}:"),
        when=when,
        optional=True,
        ask=question.ask,
        help=question.help,
        title=question.title,
        heard=lambda moment, value: _keep(moment, survey, question, wave, value),
        unkept=survey.anonymous,
    )


def _keep(moment: Moment, survey: Survey, question: Question, wave: str, value: Any) -> None:
    """One by one, so that half a survey counts as half; an anonymous one stays sealed in the draft until its end."""
    if value is not None and not survey.anonymous:
        moment.do(SurveyAnswered(wave=wave, survey=survey.id, answers={question.id: value}))


# --- the invitation --------------------------------------------------------------------------------------------------


def invited(moment: Moment, event: SurveyInvited) -> None:
    """Why, how long, that it is a right and voluntary, and who sees what. Never while somebody waits for us."""
    conversation = moment.conversation
    survey = moment.profile.survey(event.survey)
    if survey is None:
        moment.do(NotTold(why="nothing_to_say"))
        return
    if why := _better_not(moment):
        moment.do(NotTold(why=why))
        return
    known = invitation(moment, event.wave)
    if known is None:
        kept = [one for one in conversation.invitations if one.until > moment.world.now]
        fresh = Invitation(wave=event.wave, survey=event.survey, until=event.until)
        conversation.invitations = [*kept, fresh][-MOST_INVITATIONS:]
    elif known.state in ("finished", "declined"):
        moment.do(NotTold(why="nothing_to_say"))
        return
    key = "survey.remind" if event.reminder else "survey.invite"
    seen = "survey.anonymous" if survey.anonymous else "survey.sealed"
    text = moment.words(
        key,
        why=survey.why.to(moment.language),
        count=len(survey.questions),
        seen=moment.words(seen),
    )
    if event.link and moment.world.traits.name in WITHOUT_BUTTONS:
        moment.tell(text, link=Link(moment.words("survey.page"), event.link, private=True), lane="bulk")
        return
    options = _ways(moment, event.wave)
    tell_notice(moment, text, options, "survey_invitation", lane="bulk")
    if conversation.open is None:
        conversation.offered = list(options)


def _better_not(moment: Moment) -> str:
    conversation = moment.conversation
    if conversation.muted or conversation.restricted or conversation.blocked:
        return "muted"
    if conversation.holder != "bot":
        return "held"
    return "" if (why := closed_now(moment)) == "window" else why


def _ways(moment: Moment, wave: str) -> tuple[Option, ...]:
    return tuple(Option(f"survey:{wave}:{way}", moment.words(f"option.survey_{way}")) for way in ("yes", "later", "no"))


def invitation(moment: Moment, wave: str) -> Invitation | None:
    return next((one for one in moment.conversation.invitations if one.wave == wave), None)


def chosen(moment: Moment, what: str) -> None:
    """Under the invitation: yes, later, no. As often as they like, until it is over."""
    wave, _, way = what.partition(":")
    one = _alive(moment, wave)
    if one is None:
        return
    if way == "yes":
        _open(moment, one)
    elif way == "later":
        if one.state == "invited":
            _state(moment, one, "later")
        _aside(moment, "survey.later")
    else:
        _state(moment, one, "declined")
        _drop(moment, one)
        _aside(moment, "survey.declined")


def _alive(moment: Moment, wave: str) -> Invitation | None:
    one = invitation(moment, wave)
    if one is None or one.until <= moment.world.now or moment.profile.survey(one.survey) is None:
        if one is not None:
            _drop(moment, one)
        _aside(moment, "survey.over")
        return None
    if one.state == "finished":
        _aside(moment, "survey.done_before")
        return None
    return one


def _aside(moment: Moment, key: str) -> None:
    """Said beside whatever is open, which stays as it is."""
    moment.tell(moment.words(key))
    if moment.conversation.open is not None:
        proceed(moment)
    else:
        way_on(moment)


def _open(moment: Moment, one: Invitation) -> None:
    conversation = moment.conversation
    about = subject(one.survey, one.wave)
    _state(moment, one, "begun")
    if conversation.open is not None and (conversation.open.flow, conversation.open.subject) == (FLOW, about):
        proceed(moment)
        return
    set_aside(moment)
    kept = next((draft for draft in conversation.aside if (draft.flow, draft.subject) == (FLOW, about)), None)
    if kept is None:
        begin(moment, FLOW, about)
        return
    conversation.aside.remove(kept)
    kept.touched = moment.world.now
    conversation.open = kept
    proceed(moment)


def _state(moment: Moment, one: Invitation, state: str) -> None:
    if one.state == state:
        return
    place = moment.conversation.invitations.index(one)
    moment.conversation.invitations[place] = structs.replace(one, state=state)
    moment.do(SurveyAnswered(wave=one.wave, survey=one.survey, state=state))


def _drop(moment: Moment, one: Invitation) -> None:
    conversation = moment.conversation
    about = subject(one.survey, one.wave)
    conversation.aside = [draft for draft in conversation.aside if (draft.flow, draft.subject) != (FLOW, about)]
    if conversation.open is not None and (conversation.open.flow, conversation.open.subject) == (FLOW, about):
        conversation.open = None


# --- its answers -----------------------------------------------------------------------------------------------------


def answered(moment: Moment, what: str) -> None:
    """A button under a question of a survey, the open one's or an old one's: it answers that question and no other."""
    wave, _, rest = what.partition(":")
    question_id, _, option = rest.partition(":")
    one = _alive(moment, wave)
    if one is None:
        return
    about = subject(one.survey, wave)
    conversation = moment.conversation
    draft = conversation.open
    mine = draft is not None and (draft.flow, draft.subject) == (FLOW, about)
    step = current_step(moment) if mine else None
    press = Press(id=moment.event.id, at=moment.event.at, option=f"sv:{what}", prompt=conversation.prompt)
    if step is not None and step.id == question_id:
        hear(moment, press)
        return
    survey = moment.profile.survey(one.survey)
    question = survey.question(question_id) if survey else None
    if survey is None or question is None:
        _aside(moment, "survey.over")
        return
    theirs = draft if mine else next((d for d in conversation.aside if (d.flow, d.subject) == (FLOW, about)), None)
    heard = answer_of(question, survey.anonymous).hear(structs.replace(press, option=option), moment)
    if not isinstance(heard, Got):
        _aside(moment, "survey.over")
        return
    if theirs is None:
        theirs = Draft(flow=FLOW, subject=about, touched=moment.world.now)
        conversation.aside.append(theirs)
        _state(moment, one, "begun")
    record(moment, theirs, _step(survey, question, wave), heard.value)
    moment.tell(moment.words("survey.taken"))
    if conversation.open is not None:
        proceed(moment)
    else:
        _open(moment, invitation(moment, wave) or one)


def _finish(moment: Moment, draft: Draft) -> None:
    survey_id, _, wave = draft.subject.partition(":")
    survey, one = moment.profile.survey(survey_id), invitation(moment, wave)
    if survey is None or one is None:
        return
    given = {question.id: draft.answers.get(question.id) for question in survey.questions}
    answers = {id: value for id, value in given.items() if value is not None}
    place = moment.conversation.invitations.index(one)
    moment.conversation.invitations[place] = structs.replace(one, state="finished")
    moment.do(
        SurveyAnswered(
            wave=wave, survey=survey_id, state="finished", answers=answers if survey.anonymous else {}, last=True
        )
    )
    if low(moment.profile, survey, answers):
        options = moment.options("/complain", "/callme", "/menu")
        offer(moment, moment.words("survey.low"), options)
    else:
        offer(moment, moment.words("survey.thanks"), moment.options("/menu"))


def low(profile: Profile, survey: Survey, answers: Mapping[str, Any]) -> bool:
    """Whether something went badly: a complaint or a call is offered, at once and once."""
    worst = profile.asking.low
    return any(
        question.kind in _LOW_OF and isinstance(answers.get(question.id), int) and answers[question.id] <= worst
        for question in survey.questions
    )


survey_flow = register(
    Flow(
        name=FLOW,
        steps=(),
        finish=_finish,
        build=_build,
        subjects=lambda association: tuple(survey.id for survey in association.profile.surveys),
        once=True,
        needs_notice=False,
        voluntary=True,
    )
)
"""What it asks follows from the profile and the wave: the draft's subject is `<survey>:<wave>`."""
