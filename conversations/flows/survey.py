"""A satisfaction survey: asked kindly, voluntary, one question a message, each answer kept as it comes.

Source: H د-1, T objective 5 (measuring satisfaction) and 6 (rating is a right, «للتقويم والتطوير لا للعقاب والتشهير»);
DOMAIN, "Care" 9 and situation 6: an old button answers its own survey and leaves what is open untouched.
"""

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
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command
from conversations.asking import offer
from conversations.association.association import Association
from conversations.association.survey import Question, Survey
from conversations.conversation import Draft, Invitation
from conversations.course import current_step
from conversations.dialogue import after, begin, proceed, set_aside
from conversations.effects import Lookup, SurveyAnswered
from conversations.events import Event, Found, Media, Press, Text
from conversations.flow import Answered, Flow, Leave, Step, ask, register
from conversations.flows.survey_invitation import seen
from conversations.flows.survey_state import (
    CUT,
    FLOW,
    alive,
    beside,
    change,
    drop,
    forget,
    invitation,
    is_open,
    kept,
    living,
    mask,
    says_nothing,
    state,
    subject,
    wave_of,
)
from conversations.hearing import hear, record
from conversations.moment import Moment
from conversations.says import Option
from conversations.surveys.scoring import low
from conversations.ways import way_on

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


def _build(association: Association, about: str) -> tuple[Step, ...]:
    survey_id, _, wave = about.partition(":")
    survey = association.profile.survey(survey_id)
    return tuple(_step(survey, question, wave) for question in survey.questions) if survey else ()


def _step(survey: Survey, question: Question, wave: str) -> Step:
    def over(moment: Moment, value: Any) -> Leave | None:
        return None if living(moment, wave) else Leave("survey.over", ways=("/menu",))

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


# --- what is pressed under the invitation ----------------------------------------------------------------------------


def chosen(moment: Moment, what: str) -> None:
    """Under the invitation: yes, later, no. As often as they like, until it is over."""
    if alive(moment, what.partition(":")[0]) is not None:
        moment.do(Lookup(lookup="survey", key=f"survey:{what}"))


def found(moment: Moment, event: Found) -> None:
    """What became of it elsewhere, on its page or at another address of theirs: what is finished there is not asked
    here once more."""
    button, _, what = event.key.partition(":")
    wave, _, rest = what.partition(":")
    one = alive(moment, wave)
    if one is None:
        return
    if event.result == "finished":
        change(moment, wave, state="finished")
        drop(moment, wave)
        beside(moment, "survey.done_before")
    elif event.result == "over":
        forget(moment, wave)
        beside(moment, "survey.over")
    else:
        _PRESSED[button](moment, one, rest)


def _said_of_it(moment: Moment, one: Invitation, way: str) -> None:
    wave = one.wave
    if way == "yes":
        _open(moment, one)
    elif way == "later":
        if one.state == "invited":
            state(moment, one, "later")
        beside(moment, "survey.later", Option(f"survey:{wave}:yes", moment.words("option.survey_yes")))
    else:
        before = kept(moment, subject(one.survey, wave))
        state(moment, one, "declined")
        drop(moment, wave)
        _part(moment, one.survey, wave, before.answers if before else {}, "survey.declined")


def _open(moment: Moment, one: Invitation) -> None:
    conversation = moment.conversation
    about = subject(one.survey, one.wave)
    state(moment, one, "begun")
    if is_open(moment, about):
        way_on(moment)
        return
    set_aside(moment)
    before = kept(moment, about)
    if before is None:
        survey = moment.profile.survey(one.survey)
        assert survey is not None
        moment.tell(f"{moment.words('survey.begin')} {seen(moment, survey) if one.short else ''}".rstrip())
        begin(moment, FLOW, about)
        return
    conversation.aside.remove(before)
    before.touched = moment.world.now
    conversation.open = before
    proceed(moment)


# --- its answers -----------------------------------------------------------------------------------------------------


def answered(moment: Moment, what: str) -> None:
    """A button under a question of a survey, the open one's or an old one's: it answers that question and no other."""
    wave, _, rest = what.partition(":")
    one = alive(moment, wave)
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
        beside(moment, "survey.changed")
        return
    theirs = kept(moment, about)
    if theirs is None:
        theirs = Draft(flow=FLOW, subject=about, touched=moment.world.now)
        moment.conversation.aside.append(theirs)
        state(moment, one, "begun")
    asked = _step(survey, question, wave)
    record(moment, theirs, asked, _with_before(theirs, asked, heard.value))
    _go_on(moment, survey, theirs)


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
        _end(moment, survey, draft)
    elif conversation.open is not None:
        _part(moment, survey.id, wave_of(draft), draft.answers, "survey.taken")
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
    record(moment, draft, _step(survey, question, wave_of(draft)), {"voice": event.file})
    moment.tell(moment.words("survey.voice_kept"))
    way_on(moment)
    return True


_TO_A_QUESTION = frozenset({"later", "cancel", "skip", "back", "explain", "dont_have"})


def broken_off(moment: Moment, event: Text | Press) -> bool:
    """It was over while they were at it: said once, at their next words. True where these were only said to it."""
    one = next((one for one in moment.conversation.invitations if one.state == CUT), None)
    if one is None or moment.conversation.open is not None or says_nothing(moment):
        return False
    if isinstance(event, Press) and event.option.partition(":")[0] in _PRESSED:
        return False  # its own buttons say so themselves
    forget(moment, one.wave)
    word = command(fold(event.text)) if isinstance(event, Text) else event.option.removeprefix("/")
    answers = word is None and _heard_by(moment, moment.profile.survey(one.survey), event)
    if answers:
        mask(moment)
    if answers or word in _TO_A_QUESTION:
        beside(moment, "survey.over")
        return True
    moment.tell(moment.words("survey.over"))
    return False


def _heard_by(moment: Moment, survey: Survey | None, event: Event) -> bool:
    """Whether it reads as an answer to one of its questions; what anybody might say reads so to an open one."""
    questions = [one for one in survey.questions if one.kind not in ("words", "voice")] if survey else []
    return any(isinstance(answer_of(one, True).hear(event, moment), Got) for one in questions)


# --- its end ---------------------------------------------------------------------------------------------------------


def _finish(moment: Moment, draft: Draft) -> None:
    survey = moment.profile.survey(draft.subject.partition(":")[0])
    if survey is None or living(moment, wave_of(draft)) is None:
        forget(moment, wave_of(draft))
        beside(moment, "survey.over")
    else:
        _end(moment, survey, draft)


def _end(moment: Moment, survey: Survey, draft: Draft) -> None:
    answers = _settle(moment, survey, draft)
    thanks = "survey.thanks_anonymous" if survey.anonymous else "survey.thanks"
    _part(moment, survey.id, wave_of(draft), answers, thanks)


def _settle(moment: Moment, survey: Survey, draft: Draft) -> Mapping[str, Any]:
    """All there will be of it is in."""
    wave = wave_of(draft)
    given = {question.id: draft.answers.get(question.id) for question in survey.questions}
    answers = {id: value for id, value in given.items() if value is not None}
    change(moment, wave, state="finished")
    told = answers if survey.anonymous else {}
    moment.do(SurveyAnswered(wave=wave, survey=survey.id, state="finished", answers=told, last=True))
    return answers


def _part(moment: Moment, survey_id: str, wave: str, answers: Mapping[str, Any], key: str, *ways: str) -> None:
    """What is said as they stop, for now or for good. Where something went badly, with a complaint or a call, at once
    and once; at the end of an anonymous survey to everybody: other words for who was not satisfied would tell who was
    not."""
    survey, one = moment.profile.survey(survey_id), invitation(moment, wave)
    text, more = moment.words(key), key == "survey.thanks_anonymous"
    owed = survey is not None and not survey.anonymous and one is not None and not one.met
    if owed and survey is not None and low(moment.profile, survey, answers):
        change(moment, wave, met=True)
        text, more = f"{text}\n{moment.words('survey.low')}", True
    if moment.conversation.open is not None:
        moment.tell(text, options=_more(moment) if more else (), apart=True)
        way_on(moment)
    else:
        last = _more(moment) if more else ()
        offer(moment, text, (*moment.options(*ways), *last, *moment.options("/menu")), apart=True)


def _more(moment: Moment) -> tuple[Option, ...]:
    """A complaint or a call; whoever complains already has somebody who listens."""
    complains = any(case.kind == "complaint" for case in moment.world.cases)
    return moment.options(*(() if complains else ("/complain",)), "/callme")


def _cancelled(moment: Moment, draft: Draft) -> None:
    """Nobody asks whether they are sure: what was answered by name is kept, and they are not asked again."""
    survey_id, _, wave = draft.subject.partition(":")
    survey, one = moment.profile.survey(survey_id), invitation(moment, wave)
    if one is not None:
        state(moment, one, "declined")
    kept_some = survey is not None and not survey.anonymous and draft.answers
    _part(moment, survey_id, wave, draft.answers, "survey.left" if kept_some else "survey.left_empty")
    after(moment)


def _put_off(moment: Moment, draft: Draft) -> None:
    """Set aside for as long as they like; whoever put it off is not asked about it again."""
    draft.reminded = True
    moment.conversation.aside.append(draft)
    ways = () if says_nothing(moment) else ("/resume",)
    _part(moment, draft.subject.partition(":")[0], wave_of(draft), draft.answers, "later.voluntary", *ways)


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
        put_off=_put_off,
    )
)
"""What it asks follows from the profile and the wave: the draft's subject is `<survey>:<wave>`."""
