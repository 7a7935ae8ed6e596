"""A survey is voluntary: asked once and kindly, of those who agreed, and an anonymous one leaves no line behind it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.conversation import encode
from conversations.effects import Mask, NotTold, SurveyAnswered
from conversations.engine import Turn
from conversations.events import BroadcastSent, Press, SurveyInvited, TimePassed
from conversations.flows.survey_state import FLOW
from conversations.play import Play
from conversations.says import Say
from conversations.surveys.ready import ready
from conversations.templates import button, fits
from conversations.world import Person
from tests.conversations.robot import association, associations, step_of

WAVE = "172853400012345678"
FOURTEEN = timedelta(days=14)


def person(slug: str = "harif", channel: str = "telegram", **consents: bool) -> Play:
    play = Play(association(slug), channel)
    play.person = Person(id=1, consents={"survey": True} | consents)
    play.line("السلام عليكم")
    return play


def invite(
    play: Play, survey: str = "decided", wave: str = WAVE, until: datetime | None = None, again: int = 0
) -> Turn:
    about: dict[str, Any] = {"wave": wave, "survey": survey, "until": until or play.now + FOURTEEN, "reminder": again}
    return play.send(SurveyInvited(id=play._id(), at=play.now, **about))


def press(play: Play, option: str, prompt: int = 0) -> Turn:
    return play.send(Press(id=play._id(), at=play.now, option=option, prompt=prompt))


def begun(play: Play, survey: str = "decided") -> Turn:
    invite(play, survey)
    return press(play, f"survey:{WAVE}:yes")


def of(turn: Turn, kind: type) -> list[Any]:
    return [effect for effect in turn.effects if isinstance(effect, kind)]


def why_not(turn: Turn) -> list[str]:
    return [effect.why for effect in of(turn, NotTold)]


def said(says: tuple[Say, ...]) -> str:
    return "\n".join(" ".join([say.text, *(one.title for one in say.options)]) for say in says)


def answered(turn: Turn) -> dict[str, Any]:
    return {key: value for effect in of(turn, SurveyAnswered) for key, value in effect.answers.items()}


# --- who is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("consents", [{}, {"survey": False}, {"case": True}])
def test_who_did_not_agree_is_not_asked(consents: dict[str, bool]) -> None:
    play = person()
    play.person = Person(id=1, consents=consents)
    turn = invite(play)
    assert why_not(turn) == ["no_consent"]
    assert not turn.says and not play.conversation.invitations


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"muted": True}, "muted"),
        ({"restricted": True}, "muted"),
        ({"blocked": "spam"}, "muted"),
        ({"holder": "staff:7"}, "held"),
        ({"holder": "queue"}, "held"),
        ({"stopped": True}, "stopped"),
        ({"unreachable": "blocked"}, "unreachable"),
    ],
)
def test_nobody_is_asked_where_it_would_hurt_or_disturb(change: dict[str, Any], why: str) -> None:
    play = person()
    conversation = play.conversation
    for name, value in change.items():
        setattr(conversation, name, value)
    play.blob = encode(conversation)
    turn = invite(play)
    assert why_not(turn) == [why]
    assert not turn.says


def test_who_answered_or_declined_is_not_reminded() -> None:
    play = person()
    invite(play)
    press(play, f"survey:{WAVE}:no")
    assert why_not(invite(play, again=1)) == ["nothing_to_say"]


def test_whoever_is_at_it_is_not_reminded_of_it() -> None:
    play = person()
    begun(play)
    assert why_not(invite(play, again=1)) == ["nothing_to_say"]


def test_a_survey_that_is_no_more_is_not_asked() -> None:
    assert why_not(invite(person(), survey="gone")) == ["nothing_to_say"]


def test_a_reminder_moves_its_end() -> None:
    play = person()
    invite(play)
    later = play.now + timedelta(days=30)
    invite(play, until=later, again=1)
    assert [one.until for one in play.conversation.invitations] == [later]


# --- what is typed to the invitation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("begun", "نعم، ايوه، موافق، اوكي، تمام، نبدأ، ابدأ، طيب، ايوا نبدأ، نعم نبدأ، 👍، تم، yes، ok، start، 1"),
        ("later", "لاحقا، بعدين، مو الحين، لا بعدين، بعدين ان شاء الله، وقت ثاني، later، not now، 2"),
        ("declined", "لا، لا شكرا، ما ابي، مو موافق، إلغاء، 👎، no، no thanks، 3"),
    ],
)
def test_a_word_under_the_invitation_is_heard(state: str, words: str) -> None:
    for word in words.split("، "):
        play = person()
        invite(play)
        play.line(word)
        assert [one.state for one in play.conversation.invitations] == [state], word


def test_yes_after_later_begins() -> None:
    play = person()
    invite(play)
    play.line("بعدين")
    play.line("ايوه")
    assert play.conversation.open is not None and play.conversation.open.flow == FLOW


@pytest.mark.parametrize("word", ["نعم", "لا", "بعدين", "إلغاء"])
def test_a_word_to_an_open_request_is_no_word_to_the_invitation(word: str) -> None:
    play = person()
    play.line("ابغى ركن في معرض الدمام")
    invite(play)
    play.line(word)
    assert [one.state for one in play.conversation.invitations] == ["invited"]


def test_a_word_to_another_offer_is_no_word_to_the_invitation() -> None:
    play = person()
    invite(play)
    play.line("القائمة")
    play.line("نعم")
    assert [one.state for one in play.conversation.invitations] == ["invited"]


# --- anonymous -------------------------------------------------------------------------------------------------------

PERIODIC = ("courtesy", "clarity", "speed", "accuracy", "channel", "overall")


@pytest.mark.parametrize("mark", ["poor", "good"])
def test_an_anonymous_answer_is_said_once_at_the_end_and_kept_nowhere(mark: str) -> None:
    play = person()
    turns = [begun(play, "periodic")]
    turns += [press(play, f"sv:{WAVE}:{question}:{mark}") for question in PERIODIC]
    assert not any(answered(turn) for turn in turns)
    assert not any(of(turn, SurveyAnswered) for turn in turns[1:])
    last = play.line("كلمة لا يعرفها أحد غيري")
    given = answered(last)
    assert set(given) == {*PERIODIC, "words"}
    (done,) = of(last, SurveyAnswered)
    assert done.last and done.state == "finished"
    assert "كلمة لا يعرفها".encode() not in play.blob
    assert all(of(turn, Mask) for turn in turns[1:])
    assert play.conversation.open is None and not play.conversation.aside


def test_what_is_said_to_an_anonymous_answer_tells_nothing_of_it() -> None:
    """Who reads the transcript reads the same, whatever was answered."""
    heard = []
    for mark in ("good", "poor"):
        play = person()
        turns = [begun(play, "periodic")]
        turns += [press(play, f"sv:{WAVE}:{question}:{mark}") for question in PERIODIC]
        turns.append(press(play, "/skip"))
        heard.append([said(turn.says) for turn in turns])
    assert heard[0] == heard[1]


@pytest.mark.parametrize("typed", ["ممتاز جدا", "كلام غير مفهوم", "رقمي 1012345672", "تخطي", "راضونن"])
def test_what_is_typed_to_an_anonymous_survey_is_no_line_of_the_transcript(typed: str) -> None:
    play = person()
    begun(play, "periodic")
    turn = play.line(typed)
    masks = [one.text for one in of(turn, Mask)]
    assert masks and typed not in masks[-1] and "1012345672" not in masks[-1]
    assert typed not in said(turn.says)


def test_an_edited_word_of_an_anonymous_survey_is_masked_too() -> None:
    play = person()
    begun(play, "periodic")
    for question in PERIODIC:
        press(play, f"sv:{WAVE}:{question}:good")
    play.line("أول الكلام", settle=False)
    assert of(play.edited("آخر الكلام"), Mask)


def test_a_disclosure_in_an_anonymous_survey_is_heard_and_kept() -> None:
    """Who helps must be able to read it."""
    play = person("ruhama")
    begun(play, "periodic")
    turn = play.line("ولدي يضربني")
    assert play.conversation.restricted
    assert not of(turn, Mask)


def test_a_worker_who_holds_the_conversation_reads_what_is_written_to_them() -> None:
    play = person()
    begun(play, "periodic")
    conversation = play.conversation
    conversation.holder = "staff:7"
    play.blob = encode(conversation)
    assert not of(play.line("متى يصلني الرد"), Mask)


def test_a_half_anonymous_survey_counts_as_nothing() -> None:
    play = person()
    begun(play, "periodic")
    press(play, f"sv:{WAVE}:courtesy:good")
    turn = play.line("إلغاء")
    assert not answered(turn)
    assert play.conversation.open is None and not play.conversation.aside


def test_a_voice_is_no_anonymous_answer() -> None:
    play = person()
    begun(play, "periodic")
    before = step_of(play)
    turn = play.file("voice")
    assert not answered(turn) and not any("hand" in str(type(effect)).lower() for effect in turn.effects)
    assert step_of(play) == before


@pytest.mark.parametrize("one", associations(), ids=lambda one: one.slug)
def test_an_anonymous_survey_asks_everybody_the_same(one: Association) -> None:
    anonymous = [survey for survey in one.profile.surveys if survey.anonymous]
    assert anonymous
    for survey in anonymous:
        assert not any(question.ask_if or question.kind == "voice" for question in survey.questions)


# --- by name ---------------------------------------------------------------------------------------------------------


def test_each_answer_is_kept_as_it_comes() -> None:
    play = person()
    begun(play)
    assert answered(press(play, f"sv:{WAVE}:effort:2")) == {"effort": 2}
    assert answered(press(play, f"sv:{WAVE}:clarity:good")) == {"clarity": 5}


@pytest.mark.parametrize("survey", ["decided", "delivered", "complaint", "periodic"])
def test_neither_what_is_answered_nor_what_is_asked_is_a_line_of_the_transcript(survey: str) -> None:
    """Whoever reads it may be whom the answer is about."""
    play = person()
    begun(play, survey)
    asked = 0
    while (step := step_of(play)) is not None and step.answer is not None:
        options = step.answer.options("ar")
        turn = press(play, options[-1].id) if options else play.line("كان فظًّا معنا")
        assert [one.text for one in of(turn, Mask)] == [play_words("survey.unkept")], step.id
        assert step_of(play) is None or [say for say in turn.says if say.apart], step.id
        asked += 1
    assert asked >= 4


def test_a_voice_is_an_answer_and_no_line_of_the_transcript() -> None:
    play = person()
    begun(play)
    turn = play.file("voice")
    assert "words" in answered(turn)
    (mask,) = of(turn, Mask)
    assert mask.file and not mask.delete


def test_what_we_ask_of_a_doubtful_answer_does_not_repeat_it() -> None:
    play = person()
    begun(play)
    turn = play.line("5")
    assert not answered(turn) and not any(option.id.startswith("confirm:") for option in turn.says[-1].options)
    assert "هل تقصدون" not in said(turn.says)


@pytest.mark.parametrize(("typed", "kept"), [("1", 1), ("٣", 3), ("واحد", 1)])
def test_a_number_where_nothing_is_numbered_is_of_five_and_said_to_be(typed: str, kept: int) -> None:
    """Before faces to press, «١» is the first of them to some, and the worst to others."""
    play = person()
    begun(play, "complaint")
    first = play.line(typed)
    assert not answered(first) and play_words("rating.pick") in said(first.says)
    assert answered(play.line(typed)) == {"courtesy": kept}


def test_four_and_five_can_only_be_of_five() -> None:
    play = person()
    begun(play, "complaint")
    assert answered(play.line("٤")) == {"courtesy": 4}
    assert answered(play.line("5")) == {"clarity": 5}


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_where_the_rows_are_numbered_a_number_is_its_row(channel: str) -> None:
    for typed, courtesy in (("1", 5), ("٢", 3), ("3", 1), ("5", 5)):
        play = person(channel=channel)
        begun(play, "complaint")
        assert answered(play.line(typed)) == {"courtesy": courtesy}, typed
    play = person(channel=channel)
    begun(play)
    assert answered(play.line("5")) == {"effort": 1}


def test_what_is_passed_over_takes_back_what_was_answered() -> None:
    play = person()
    begun(play)
    press(play, f"sv:{WAVE}:effort:2")
    press(play, "/back")
    assert answered(press(play, "/skip")) == {"effort": None}


def test_several_presses_on_several_choices_are_all_meant() -> None:
    play = person()
    begun(play, "delivered")
    press(play, f"sv:{WAVE}:as_said:no")
    press(play, f"sv:{WAVE}:lack:less")
    assert answered(press(play, f"sv:{WAVE}:lack:late")) == {"lack": ["late", "less"]}


def test_a_second_wrong_answer_is_passed_over_and_nobody_is_called() -> None:
    play = person()
    begun(play)
    play.line("تلفزيون")
    turn = play.line("تلفزيون")
    assert step_of(play) is not None and getattr(step_of(play), "id", "") == "clarity"
    assert [type(effect).__name__ for effect in turn.effects] == ["Mask", "SurveyAnswered"]


def test_a_bad_mark_offers_a_complaint_or_a_call_once() -> None:
    play = person()
    begun(play)
    for question, mark in (("effort", "5"), ("clarity", "good"), ("overall", "poor")):
        turn = press(play, f"sv:{WAVE}:{question}:{mark}")
        assert "/complain" not in {option.id for say in turn.says for option in say.options}
    last = press(play, "/skip")
    assert {option.id for option in last.says[-1].options} == {"/complain", "/callme", "/menu"}
    assert "/complain" not in {option.id for say in play.line("شكرا").says for option in say.options}


def offered(turn: Turn) -> set[str]:
    return {option.id for say in turn.says for option in say.options}


BAD = {
    "decided": ("effort:1", "clarity:poor", "overall:poor"),
    "delivered": ("as_said:no", "courtesy:poor", "overall:poor"),
    "complaint": ("courtesy:poor", "clarity:poor", "speed:poor"),
}


@pytest.mark.parametrize("left", ["لاحقا", "إلغاء", "/later", f"survey:{WAVE}:no"])
@pytest.mark.parametrize(("survey", "bad"), [(survey, one) for survey, all_ in BAD.items() for one in all_])
def test_whoever_stops_behind_a_bad_mark_is_offered_a_complaint_or_a_call(survey: str, bad: str, left: str) -> None:
    play = person()
    begun(play, survey)
    press(play, f"sv:{WAVE}:{bad}")
    turn = press(play, left) if left.isascii() else play.line(left)
    assert {"/complain", "/callme"} <= offered(turn)
    assert play_words("survey.low") in said(turn.says)


def test_it_is_offered_once_a_survey() -> None:
    play = person()
    begun(play)
    press(play, f"sv:{WAVE}:effort:1")
    assert "/callme" in offered(play.line("لاحقا"))
    play.line("نكمل")
    turns = [press(play, f"sv:{WAVE}:{one}") for one in ("clarity:poor", "overall:poor")] + [press(play, "/skip")]
    assert not any("/callme" in offered(turn) for turn in turns)
    assert play_words("survey.thanks") in said(turns[-1].says)


def test_an_old_button_that_ends_the_survey_offers_it_and_leaves_what_is_open() -> None:
    play = person()
    begun(play)
    for one in ("effort:5", "clarity:good"):
        press(play, f"sv:{WAVE}:{one}")
    play.line("ابغى ركن في معرض الدمام")
    step = step_of(play)
    turn = press(play, f"sv:{WAVE}:overall:poor", prompt=1)
    assert {"/complain", "/callme"} <= offered(turn)
    assert step is not None and step_of(play) == step
    assert turn.says[-1].prompt == play.conversation.prompt


@pytest.mark.parametrize("left", ["لاحقا", "إلغاء"])
def test_whoever_stops_content_is_offered_nothing_of_it(left: str) -> None:
    play = person()
    begun(play, "delivered")
    press(play, f"sv:{WAVE}:as_said:yes")
    press(play, f"sv:{WAVE}:courtesy:fair")
    assert not {"/complain", "/callme"} & offered(play.line(left))


@pytest.mark.parametrize("left", ["لاحقا", "إلغاء"])
def test_whoever_stops_an_anonymous_survey_hears_the_same_whatever_they_answered(left: str) -> None:
    heard = []
    for mark in ("good", "poor"):
        play = person()
        begun(play, "periodic")
        press(play, f"sv:{WAVE}:courtesy:{mark}")
        heard.append(said(play.line(left).says))
    assert heard[0] == heard[1]


def test_who_is_content_is_only_thanked() -> None:
    play = person()
    begun(play)
    for question, mark in (("effort", "5"), ("clarity", "good"), ("overall", "fair")):
        press(play, f"sv:{WAVE}:{question}:{mark}")
    assert {option.id for option in press(play, "/skip").says[-1].options} == {"/menu"}


def test_what_the_survey_asks_is_remembered_as_no_fact() -> None:
    play = person()
    begun(play)
    for question, mark in (("effort", "1"), ("clarity", "poor"), ("overall", "poor")):
        press(play, f"sv:{WAVE}:{question}:{mark}")
    play.line("لا تنسوا مواعيدكم")
    assert not play.person.facts


# --- its time --------------------------------------------------------------------------------------------------------


def test_an_answer_after_the_end_does_not_count_and_says_so() -> None:
    play = person()
    begun(play)
    play.wait(timedelta(days=15))
    turn = play.line("سهل")
    assert not of(turn, SurveyAnswered)
    assert play_words("survey.over") in said(turn.says)
    assert play.conversation.open is None


def over(play: Play, told: bool = False) -> None:
    """The wave is stopped; `told`: the house has come to this conversation already."""
    play.house.surveyed[WAVE] = "over"
    if told:
        turn = play.send(TimePassed(id="t", at=play.now, timer=f"survey_over:{WAVE}"))
        assert not turn.says


@pytest.mark.parametrize("button", [f"survey:{WAVE}:yes", f"survey:{WAVE}:later", f"sv:{WAVE}:effort:5", "نعم"])
def test_whoever_comes_once_it_was_stopped_hears_that_it_is_over(button: str) -> None:
    play = person()
    invite(play)
    over(play)
    turn = press(play, button) if button.isascii() else play.line(button)
    assert play_words("survey.over") in said(turn.says)
    assert not of(turn, SurveyAnswered) and not play.conversation.invitations
    assert play.conversation.open is None


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("words", [f"sv:{WAVE}:effort:5", "سهل", "/skip", "لاحقا", "إلغاء"])
def test_whoever_was_at_it_when_it_was_stopped_hears_so_once(words: str, told: bool) -> None:
    play = person()
    begun(play)
    over(play, told)
    turn = press(play, words) if words.isascii() else play.line(words)
    assert [say.text for say in turn.says] == [play_words("survey.over")]
    assert not of(turn, SurveyAnswered)
    assert play.conversation.open is None and not play.conversation.aside
    assert play_words("survey.over") not in said(play.line("السلام عليكم").says)


@pytest.mark.parametrize("told", [False, True])
def test_what_they_want_instead_is_heard_all_the_same(told: bool) -> None:
    play = person()
    begun(play)
    over(play, told)
    turn = play.line("ابغى ركن في معرض الدمام")
    assert play_words("survey.over") in said(turn.says)
    assert play.conversation.open is not None and play.conversation.open.flow == "apply"


def test_what_is_over_is_offered_no_more() -> None:
    play = person()
    begun(play)
    press(play, f"sv:{WAVE}:effort:2")
    play.line("لاحقًا")
    assert play.conversation.aside
    play.wait(timedelta(days=15))
    turn = play.line("السلام عليكم")
    assert not play.conversation.aside
    assert not any(option.id.startswith("resume") for say in turn.says for option in say.options)


def test_who_put_it_off_is_not_asked_about_it_at_every_turn() -> None:
    play = person()
    begun(play)
    press(play, f"sv:{WAVE}:effort:2")
    play.line("لاحقًا")
    for typed in ("شكرا", "السلام عليكم"):
        turn = play.line(typed)
        assert not any(option.id.startswith("resume:") for say in turn.says for option in say.options)
    play.line("نكمل")
    assert getattr(step_of(play), "id", "") == "clarity"


def test_nobody_is_reminded_of_a_half_survey_as_of_a_half_request() -> None:
    play = person()
    begun(play)
    press(play, f"sv:{WAVE}:effort:2")
    assert "draft" not in play.timers
    turn = play.send(TimePassed(id="t", at=play.now + timedelta(days=3), timer="draft"))
    assert not turn.says


def test_a_finished_survey_is_finished_once() -> None:
    play = person()
    begun(play)
    for question, mark in (("effort", "1"), ("clarity", "good"), ("overall", "good")):
        press(play, f"sv:{WAVE}:{question}:{mark}")
    press(play, "/skip")
    for option in (f"survey:{WAVE}:yes", f"sv:{WAVE}:effort:5", f"survey:{WAVE}:no"):
        assert not of(press(play, option), SurveyAnswered)


@pytest.mark.parametrize("option", ["survey:9:yes", "sv:9:effort:5", "sv:", "survey:", f"sv:{WAVE}:gone:5", "sv:²:x:y"])
def test_a_button_of_nothing_disturbs_nothing(option: str) -> None:
    play = person()
    invite(play)
    press(play, "/suggest")
    before = play.conversation.open
    turn = press(play, option, prompt=1)
    assert turn.says and not of(turn, SurveyAnswered)
    after = play.conversation.open
    assert before is not None and after is not None
    assert (after.flow, after.step, after.answers) == (before.flow, before.step, before.answers)


def test_an_old_button_answers_its_own_survey_and_the_request_stays() -> None:
    play = person()
    begun(play)
    press(play, f"sv:{WAVE}:effort:2")
    play.line("ابغى ركن في معرض الدمام")
    before = play.conversation.open
    turn = press(play, f"sv:{WAVE}:clarity:fair", prompt=1)
    assert answered(turn) == {"clarity": 3}
    after = play.conversation.open
    assert before is not None and after is not None
    assert (after.flow, after.step, after.subject) == (before.flow, before.step, before.subject)
    assert turn.says[-1].prompt == play.conversation.prompt


def test_the_last_answer_from_an_old_button_ends_the_survey_and_not_the_request() -> None:
    play = person()
    begun(play)
    for question, mark in (("effort", "1"), ("clarity", "good")):
        press(play, f"sv:{WAVE}:{question}:{mark}")
    press(play, f"sv:{WAVE}:overall:good")
    press(play, "/back")
    play.line("ابغى ركن في معرض الدمام")
    (kept,) = (draft for draft in play.conversation.aside if draft.flow == FLOW)
    kept_words = kept.answers | {"words": "شكرًا"}
    conversation = play.conversation
    conversation.aside[0].answers = kept_words
    play.blob = encode(conversation)
    turn = press(play, f"sv:{WAVE}:overall:good", prompt=1)
    assert [effect.state for effect in of(turn, SurveyAnswered)] == ["", "finished"]
    assert play.conversation.open is not None and play.conversation.open.flow == "apply"
    assert not play.conversation.aside


def test_after_a_disclosure_no_word_of_a_survey_is_said() -> None:
    play = person("ruhama")
    begun(play, "complaint")
    press(play, f"sv:{WAVE}:courtesy:good")
    play.line("ولدي يضربني")
    for option in (f"survey:{WAVE}:yes", f"sv:{WAVE}:clarity:good"):
        turn = press(play, option, prompt=1)
        assert "استبيان" not in said(turn.says) and not of(turn, SurveyAnswered)


# --- outside of the window -------------------------------------------------------------------------------------------


def test_outside_of_the_window_the_template_opens_the_very_survey() -> None:
    play = person(channel="whatsapp")
    play.wait(timedelta(days=2))
    (say,) = invite(play).says
    assert say.template == "survey_invitation" and say.lane == "bulk"
    assert fits(say.template, say.values)
    sent = button(say.template)
    for number, value in say.values.items():
        sent = sent.replace("{{" + number + "}}", value)
    prompt, _, option = sent.partition(":")
    turn = press(play, option, int(prompt))
    assert play.conversation.open is not None and play.conversation.open.subject == f"decided:{WAVE}"
    # The template has no room for it: who sees what is said before the first question.
    assert play.association.wording["ar"]("survey.sealed") in said(turn.says)


def test_within_the_window_the_invitation_says_all_of_it() -> None:
    (say,) = invite(person(channel="whatsapp")).says
    assert not say.template and [option.id for option in say.options] == [
        f"survey:{WAVE}:{way}" for way in ("yes", "later", "no")
    ]
    assert play_words("survey.sealed") in say.text


def play_words(key: str) -> str:
    return association("harif").wording["ar"](key)


@pytest.mark.parametrize("template", ["", "services_fit"])
def test_the_button_of_a_broadcast_brings_its_words(template: str) -> None:
    play = person(channel="whatsapp")
    play.wait(timedelta(days=2))
    text = {"ar": "انتقل المكتب إلى حي المطار."}
    event = BroadcastSent(id="b", at=play.now, wave=WAVE, text=text, buttons=("/track",), template=template)
    (say,) = play.send(event).says
    assert say.template == (template or "information_changed")
    assert fits(say.template, say.values) and say.values["2"] == WAVE
    told = press(play, f"told:{WAVE}")
    assert text["ar"] in said(told.says) and play_words("broadcast.stop") in said(told.says)
    assert {option.id for option in told.says[-1].options} == {"/track"}


def test_the_button_of_a_broadcast_of_somebody_else_brings_nothing() -> None:
    turn = press(person(), "told:5")
    assert play_words("broadcast.gone") in said(turn.says)


def test_the_button_of_a_broadcast_leaves_what_is_open() -> None:
    play = person()
    play.send(BroadcastSent(id="b", at=play.now, wave="5", text={"ar": "خبر"}))
    press(play, "/suggest")
    step = step_of(play)
    press(play, "told:5", prompt=1)
    assert step is not None and step_of(play) == step


# --- the words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", associations(), ids=lambda one: one.slug)
def test_every_association_asks_on_each_occasion_and_each_period(one: Association) -> None:
    occasions = {survey.occasion: survey for survey in one.profile.surveys}
    assert set(occasions) == {"periodic", "decided", "delivered", "complaint_closed"}
    periodic = occasions["periodic"]
    assert (periodic.every, periodic.calendar, periodic.anonymous) == ("quarter", "hijri", True)
    about = {question.about for question in periodic.questions}
    assert {"courtesy", "clarity", "speed", "accuracy", "channel", "overall", "open"} <= about
    assert sum(question.about == "open" for question in periodic.questions) == 1


def test_the_periodic_survey_names_its_clause_and_our_reading_is_said_to_be_one() -> None:
    clauses = {}
    for one in associations():
        survey = one.profile.survey("periodic")
        assert survey is not None
        clauses[one.slug] = (survey.clause, survey.reading)
    assert clauses == {
        "harif": ("د-1", False),
        "mastoura": ("هدف-5", False),
        "ruhama": ("هدف-5", False),
        "saudi-exhibitions": ("هدف-5", False),
        "bena-jazan": ("خطوة-7", True),
    }


def test_only_adults_of_organisations_are_asked_for_a_number_from_nought_to_ten() -> None:
    asked = {
        one.slug
        for one in associations()
        for survey in one.profile.surveys
        for question in survey.questions
        if question.kind == "recommend"
    }
    assert asked == {"saudi-exhibitions"}
    assert not association("ruhama").profile.asking.recommend


@pytest.mark.parametrize("one", associations(), ids=lambda one: one.slug)
def test_why_they_are_asked_is_in_the_associations_own_words(one: Association) -> None:
    for survey in one.profile.surveys:
        ours = ready()[survey.ready]["why"]
        assert survey.occasion == "complaint_closed" or survey.why.ar != ours["ar"], survey.id


@pytest.mark.parametrize("id", ["decided", "delivered", "complaint", "periodic"])
def test_ready_surveys_are_short(id: str) -> None:
    questions = ready()[id]["question"]
    assert 3 <= len(questions) <= 7
    assert all(len(question["ask"]["ar"].split()) <= 18 for question in questions)
