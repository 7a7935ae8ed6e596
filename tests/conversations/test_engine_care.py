"""What went wrong once, or nearly: each a life in a few lines."""

from datetime import timedelta

import pytest

from conversations.conversation import Confirming, Draft, decode, encode
from conversations.course import course
from conversations.effects import Alarm, AnswerAsk, HandOver, Lookup, Mask, MoveCase, OpenForm
from conversations.events import Answered, CaseMoved, FileReady, FileRefused, FormFilled, Found, Media, Text, TimePassed
from conversations.play import Play
from tests.conversations.robot import association
from tests.conversations.test_engine_properties import answers_well
from tests.conversations.watched import Watched

IDENTITY, IBAN = "1012345672", "SA0380000000608010167519"


def somebody(channel: str = "telegram", slug: str = "harif") -> Watched:
    return Watched(association(slug), channel)


def at(channel: str, flow: str, step: str, slug: str = "harif", subject: str = "project-support") -> Watched:
    """Somebody who has answered well up to this question."""
    who = somebody(channel, slug)
    who.press(f"/{flow}")
    for _ in range(50):
        draft = who.open
        assert draft is not None, f"{flow} ended before {step}"
        if draft.step == step:
            return who
        asked = who.step()
        options = asked.answer.options("ar") if asked is not None and asked.answer is not None else ()
        if draft.step == "service":
            who.press(subject)
        elif options and draft.confirm is None and not draft.form:
            who.press(options[0].id)
        else:
            answers_well(who, 1)
        quiet(who)
    raise AssertionError(f"{step} was never asked")


def quiet(who: Watched) -> None:
    """The quiet seconds pass, where there are any."""
    if who.timers.pop("quiet", None):
        who.now += timedelta(seconds=30)
        who.happen(TimePassed(id=who.id(), at=who.now, timer="quiet"))


def sends(who: Watched, file: str, kind: str = "photo") -> None:
    who.happen(Media(id=who.id(), at=who.now, file=file, kind=kind))  # type: ignore[arg-type]


def text_of(turn: object) -> str:
    return "\n".join(say.text for say in turn.says)  # type: ignore[attr-defined]


# --- nothing is lost -------------------------------------------------------------------------------------------------


def test_a_fresh_start_sets_aside_what_is_open() -> None:
    who = at("telegram", "suggest", "reply")
    who.press("/complain")
    who.press("yes")
    who.press("fresh:0")
    assert [draft.flow for draft in who.conversation.aside] == ["suggest", "complain"]


def test_what_was_being_said_when_something_else_was_asked_is_an_answer_after_resuming() -> None:
    who = at("telegram", "complain", "what_happened")
    who.text("تأخرتم علي ثلاثة أشهر ولا أحد يرد")
    who.press("/track")
    assert "what_happened" not in who.conversation.aside[0].answers
    who.press("/cancel")
    who.press("cancel:yes")
    who.press("resume:0")
    quiet(who)
    assert who.open is not None
    assert who.open.answers["what_happened"] == "تأخرتم علي ثلاثة أشهر ولا أحد يرد"


def test_what_was_said_to_one_question_is_never_taken_for_another() -> None:
    who = at("telegram", "complain", "evidence")
    sends(who, "f1")
    who.press("/back")
    assert who.open is not None
    assert who.open.step == "evidence", "back takes back what was being sent"
    assert not who.open.pending
    assert not who.open.waiting
    who.press("/back")
    quiet(who)
    assert who.open.step == "remedy"


def test_a_file_that_arrives_while_its_draft_is_aside_does_not_hold_it_up_for_ever() -> None:
    who = at("telegram", "complain", "evidence")
    sends(who, "f1")
    quiet(who)
    who.press("/track")
    who.happen(FileReady(id=who.id(), at=who.now, file="f1", kind="jpeg", size=10))
    assert who.conversation.aside[0].waiting == []
    assert who.conversation.aside[0].answers["evidence"] == ["f1"]


def test_a_file_that_is_refused_takes_only_itself_out_of_the_answers() -> None:
    who = at("telegram", "complain", "evidence")
    before = dict(who.open.answers) if who.open else {}
    assert before["about_staff"] is not None
    sends(who, "f1")
    quiet(who)
    who.happen(FileRefused(id=who.id(), at=who.now, file="f1", reason="gone"))
    assert who.open is not None
    assert {**before, **who.open.answers} == who.open.answers
    assert "evidence" not in who.open.answers


@pytest.mark.parametrize("answered", [False, 0, ""])
def test_a_refused_file_leaves_answers_that_are_no_or_nothing(answered: object) -> None:
    who = at("telegram", "complain", "evidence")
    conversation = who.conversation
    assert conversation.open is not None
    conversation.open.answers["about_staff"] = answered
    who.blob = encode(conversation)
    sends(who, "f1")
    quiet(who)
    who.happen(FileRefused(id=who.id(), at=who.now, file="f1", reason="empty"))
    assert who.open is not None and who.open.answers["about_staff"] == answered


def test_another_service_keeps_what_every_service_asks_and_shows_its_criteria_first() -> None:
    who = at("telegram", "apply", "project")
    assert who.open is not None
    name = who.open.answers["full_name"]
    who.press("/edit")
    who.press("edit:service")
    who.press("training")
    assert (who.open.subject, who.open.step) == ("training", "details")
    assert who.open.answers["full_name"] == name
    who.press("other")
    assert who.open.step == "service"
    assert who.open.answers["full_name"] == name


# --- no button is believed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["resume:²", "fresh:²", "member:²", "ask:²", "resume:" + "9" * 5000, "edit:", ":"])
def test_a_button_that_we_never_made_is_answered_kindly(option: str) -> None:
    who = somebody()
    who.text("السلام عليكم")
    assert who.press(option).says


def test_nobody_edits_a_question_that_they_have_not_answered() -> None:
    who = at("telegram", "apply", "full_name")
    before = who.conversation.open
    who.press("edit:declaration", 0)
    assert before is not None and who.open is not None
    assert (who.open.answers, who.open.kinds) == (before.answers, before.kinds)


def test_a_receipt_goes_only_to_whom_the_request_belongs() -> None:
    who = somebody()
    turn = who.press("receipt:HRF-22222-22222")
    assert not any(say.file for say in turn.says)


def test_nobody_makes_the_moves_of_staff() -> None:
    who = at("telegram", "suggest", "reply")
    who.press("yes")
    reference = next(iter(who.cases))
    turn = who.press(f"move:review-{reference}")
    assert not any(isinstance(effect, MoveCase) for effect in turn.effects)


def test_an_old_yes_confirms_nothing_new() -> None:
    """What was asked about before is settled by the next answer, understood or not."""
    who = at("telegram", "apply", "stage")
    conversation = who.conversation
    assert conversation.open is not None
    conversation.open.confirm = Confirming(value="idea")
    who.blob = encode(conversation)
    who.text("شيء آخر تماما لا يشبه شيئا")
    assert who.open is not None and who.open.confirm is None


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secret_written_to_staff_is_masked_too() -> None:
    who = somebody("whatsapp")
    who.text("السلام عليكم")
    who.change(holder="staff:7")
    turn = who.text(f"رقم هويتي {IDENTITY}")
    assert not turn.says
    assert [effect.text for effect in turn.effects if isinstance(effect, Mask)] == ["رقم هويتي ••••5672"]


def test_a_secret_typed_to_the_wrong_question_is_read_back_by_its_end() -> None:
    who = at("web_chat", "apply", "full_name")
    turn = who.text(IDENTITY)
    assert any(isinstance(effect, Mask) and IDENTITY not in effect.text for effect in turn.effects)
    said = [who.press("/edit"), who.press("/resume_here")]
    assert all(IDENTITY not in text_of(turn) for turn in said)
    assert all(IDENTITY not in option.about for turn in said for say in turn.says for option in say.options)


@pytest.mark.parametrize("typed", [IDENTITY, "هويتي ١٠١٢٣٤٥٦٧٢", "1012-345-672"])
def test_an_identity_typed_into_whatsapp_is_taken_masked_and_explained(typed: str) -> None:
    who = at("whatsapp", "apply", "mobile", subject="training")
    turn = who.text(typed)
    assert who.open is not None and who.open.step == "mobile" and who.open.failures == 0
    assert who.open.answers["national_id"] == IDENTITY, "kept for the question it answers"
    assert any(isinstance(effect, Mask) for effect in turn.effects)
    assert who.association.wording["ar"]("secret.taken") in text_of(turn)


def test_a_bank_number_typed_where_nothing_asks_for_it_is_masked_and_forgotten() -> None:
    who = at("whatsapp", "apply", "mobile", subject="training")
    turn = who.text(IBAN)
    assert [effect.text for effect in turn.effects if isinstance(effect, Mask)] == ["••••7519"]
    assert IBAN.encode() not in who.blob


def test_a_commercial_register_that_looks_like_an_identity_is_an_answer_on_whatsapp() -> None:
    who = somebody("whatsapp", "saudi-exhibitions")
    who.press("/apply")
    who.press("training")
    who.press("start")
    who.press("yes")
    who.press("organisation")
    who.text("شركة المعارض المتحدة")
    who.text("1010711252")
    assert who.open is not None and who.open.answers["cr_number"] == "1010711252"


def test_the_page_that_is_open_survives_a_word_of_thanks() -> None:
    who = at("whatsapp", "apply", "national_id", subject="training")
    form = who.forms[-1].form
    turn = who.text("شكرا لكم")
    assert turn.says
    assert not any(isinstance(effect, OpenForm) for effect in turn.effects)
    who.happen(FormFilled(id=who.id(), at=who.now, form=form, values={"national_id": IDENTITY}))
    assert who.open is not None and who.open.answers["national_id"] == IDENTITY


def test_a_page_over_its_time_is_renewed_when_they_come_back() -> None:
    who = at("whatsapp", "apply", "national_id", subject="training")
    who.now += timedelta(hours=3)
    turn = who.text("السلام عليكم")
    assert any(isinstance(effect, OpenForm) for effect in turn.effects)


# --- who they are ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "shown"), [(IDENTITY, True), ("2345678904", False)])
def test_after_half_a_year_cases_are_shown_to_whom_they_belong_alone(typed: str, shown: bool) -> None:
    who = at("web_chat", "apply", "declaration", subject="training")
    who.press("sign")
    reference = next(iter(who.cases))
    who.press("no")
    who.now += timedelta(days=200)
    assert reference not in text_of(who.text("متابعة طلبي"))
    assert (reference in text_of(who.text(typed))) is shown


def test_half_a_year_later_the_secure_page_proves_no_more_than_the_chat() -> None:
    who = at("whatsapp", "apply", "declaration", subject="training")
    who.press("sign")
    reference = next(iter(who.cases))
    who.press("no")
    who.now += timedelta(days=200)
    who.text("متابعة طلبي")
    values = {"identity": "2345678904"}
    turn = who.happen(FormFilled(id=who.id(), at=who.now, form=who.forms[-1].form, values=values))
    assert reference not in text_of(turn)
    assert who.conversation.proof_needed


# --- what the house says ---------------------------------------------------------------------------------------------


def test_somebody_else_allowed_a_case_that_is_gone_by_now() -> None:
    who = somebody()
    event = Answered(id="a", at=who.now, question="show_case", reference="HRF-22222-22222", given=True)
    assert who.happen(event).says


@pytest.mark.parametrize("given", ["2026-99-99", "12-34-5678", "2026-12-24", "كما قلنا"])
def test_what_staff_write_beside_a_move_may_look_like_a_day(given: str) -> None:
    who = at("telegram", "apply", "declaration", subject="training")
    who.press("sign")
    reference, case = next(iter(who.cases.items()))
    event = CaseMoved(
        id="m", at=who.now, reference=reference, kind="request", move="verify", from_stage="submitted",
        stage="verifying", who="relations_officer", service=case.service, given={"reason": given},
    )  # fmt: skip
    who.happen(event)


def test_nobody_is_offered_to_go_on_after_a_disclosure() -> None:
    who = at("telegram", "complain", "subject")
    who.text("أبوي يضربني")
    assert who.conversation.restricted
    for act in ("/menu", "/complain", "/later", "/menu"):
        turn = who.press(act)
        assert not any(option.id.startswith(("/resume:", "resume:")) for say in turn.says for option in say.options)
    turn = who.happen(TimePassed(id="t", at=who.now + timedelta(days=3), timer="draft"))
    assert not turn.says


def test_a_link_opened_by_hand_is_answered_even_where_we_begin_nothing() -> None:
    who = somebody()
    who.text("السلام عليكم")
    who.change(muted=True)
    result = {"ask": "7", "question": "consent", "reference": "HRF-22222-22222", "details": {"applicant": "نورة"}}
    turn = who.happen(Found(id="f", at=who.now, lookup="ask", key="k", result=result))
    assert turn.says


def test_a_reference_of_somebody_else_shows_nothing_and_leaves_a_way_on() -> None:
    who = somebody()
    turn = who.press("track:HRF-22222-22222")
    assert any(isinstance(effect, Lookup) for effect in turn.effects)
    assert turn.says and turn.says[-1].options
    assert not any(isinstance(effect, AnswerAsk) for effect in turn.effects)


# --- what is stored outlives what is deployed ------------------------------------------------------------------------


def test_a_draft_of_a_flow_that_is_no_more_is_no_dead_end() -> None:
    who = somebody()
    conversation = who.conversation
    conversation.greeted = True
    conversation.open = Draft(flow="donate", step="amount", trail=["amount"])
    conversation.aside = [Draft(flow="donate", trail=["amount"])]
    who.blob = encode(conversation)
    turn = who.happen(Text(id="t", at=who.now, text="السلام عليكم"))
    assert turn.says and turn.says[-1].options


def test_a_service_that_is_no_more_is_asked_for_anew_and_never_filed() -> None:
    who = at("telegram", "apply", "project")
    conversation = who.conversation
    assert conversation.open is not None
    name = conversation.open.answers["full_name"]
    conversation.open.subject = conversation.open.answers["service"] = "closed-last-year"
    conversation.open.version = "before"
    who.blob = encode(conversation)
    who.text("شكرا")
    who.press("/resume_here")
    who.text("مطبخ منزلي")
    assert not who.cases
    assert who.open is not None and who.open.step == "service"
    assert who.open.answers["full_name"] == name


def test_a_choice_that_is_no_more_is_asked_again() -> None:
    who = at("telegram", "apply", "plan")
    conversation = who.conversation
    assert conversation.open is not None
    conversation.open.answers["stage"] = "no-such-stage"
    conversation.open.version = "before"
    who.blob = encode(conversation)
    who.text("خطتي أن أشتري ماكينتين وأبيع في المعارض")
    quiet(who)
    assert who.open is not None and who.open.step == "stage"
    steps = course(who.association, "apply", "project-support")
    assert decode(who.blob).open.version == steps.version  # type: ignore[union-attr]


# --- a question of ours that came between ----------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "gone"), [("نعم", True), ("١", True), ("1", True), ("لا", False), ("٣", False)])
def test_what_is_typed_after_asking_whether_to_cancel_answers_that(typed: str, gone: bool) -> None:
    who = at("telegram", "apply", "identity_kind")
    who.text("إلغاء")
    who.text(typed)
    assert (who.open is None) is gone
    assert gone or (who.open is not None and who.open.step == "identity_kind")


def test_a_number_after_the_menu_chooses_from_the_menu() -> None:
    who = at("whatsapp", "complain", "subject")
    who.text("القائمة")
    who.text("2")
    assert who.conversation.aside and who.conversation.aside[0].flow == "complain"


def test_a_number_after_the_link_to_the_page_chooses_from_what_stands_below_it() -> None:
    who = at("whatsapp", "apply", "national_id", subject="training")
    pages = len(who.forms)
    who.text("2")
    assert len(who.forms) == pages + 1, "a new link"


def test_a_number_is_the_answer_where_a_person_was_only_offered_beside_the_question() -> None:
    who = at("telegram", "apply", "mobile", subject="training")
    for _ in range(3):
        turn = who.text("ما أدري")
    assert {option.id for option in turn.says[-1].options} == {"/person", "/callme"}
    who.text("1")
    assert who.open is not None and who.open.step == "mobile"


@pytest.mark.parametrize(
    ("slug", "subject", "typed", "chosen"),
    [
        ("ruhama", "home-visit", "لأمي", "relative"),
        ("ruhama", "home-visit", "لي", "self"),
        ("ruhama", "home-visit", "لي انا وامي", None),
        ("mastoura", "quran-circle", "ولدي", "guardian"),
        ("mastoura", "quran-circle", "زوجتي", "relative"),
    ],
)
def test_for_whom_it_is_may_be_said_by_name_of_kin(slug: str, subject: str, typed: str, chosen: str | None) -> None:
    who = at("telegram", "apply", "who", slug, subject)
    who.text(typed)
    assert who.open is not None
    assert who.open.answers.get("who") == chosen


@pytest.mark.parametrize(
    ("typed", "chosen"), [("اتصال", "phone"), ("ايميل", "email"), ("على الواتس", "whatsapp"), ("رسالة", "sms")]
)
def test_a_way_to_be_reached_is_chosen_in_short_and_is_no_command_there(typed: str, chosen: str) -> None:
    who = at("telegram", "apply", "agreed_channel")
    who.text(typed)
    assert who.open is not None
    assert (who.open.flow, who.open.answers.get("agreed_channel")) == ("apply", chosen)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("احذفوا بياناتي", "sure"),
        ("عندكم خطأ في اسمي", "correction"),
        ("غيّر طريقة التواصل", "agreed_channel"),
    ],
)
def test_what_to_do_with_ones_data_is_chosen_in_ones_own_words(typed: str, asked: str) -> None:
    who = somebody()
    who.text("بياناتي")
    who.text(typed)
    assert who.open is not None
    assert (who.open.flow, who.open.step) == ("my_data", asked)


def test_who_does_not_know_their_short_address_goes_on() -> None:
    who = at("telegram", "apply", "short_address")
    who.text("ما اعرفه يا ولدي")
    assert who.open is not None
    assert who.open.step != "short_address"


def test_a_bad_manner_told_where_a_day_was_asked_is_a_complaint() -> None:
    who = at("telegram", "apply", "birth_date")
    who.text("موظفتكم سارة صرخت علي وقالت مالك شي")
    assert who.open is not None
    assert who.open.flow == "complain"


def test_a_line_to_correct_may_be_named_in_part() -> None:
    who = at("telegram", "apply", "birth_date")
    who.text("تعديل")
    who.text("الاسم")
    assert who.open is not None
    assert who.open.step == "full_name"


def test_a_threat_in_place_of_a_day_reaches_a_person() -> None:
    who = at("telegram", "apply", "birth_date")
    turn = who.text("بحرق الجمعية")
    assert Alarm(code="threat", urgent=True) in turn.effects
    assert "باحترام" in text_of(at("telegram", "apply", "birth_date").text("يا حرامية"))


@pytest.mark.parametrize("typed", ["لا", "ما عندي رقم", "ما عندي", "نسيته", "ما ادري"])
def test_who_has_no_reference_is_not_asked_for_it_again_and_again(typed: str) -> None:
    who = somebody()
    who.text("السلام عليكم")
    who.text("وين وصل طلبي")
    assert "بحث موظف معكم" in text_of(who.text(typed))
    assert who.open is None


def test_agreeing_with_what_was_told_is_not_misunderstood() -> None:
    who = somebody()
    who.text("السلام عليكم")
    for typed in ("تمام", "طيب", "ok", "👍"):
        assert "لم نفهم" not in text_of(who.text(typed))


def test_a_private_word_cannot_be_guessed_without_end_and_no_guess_is_kept() -> None:
    play = Play(association("harif"))
    for line in ("السلام عليكم", "الجوال مشترك", "منيرة", "ياسمين", "القائمة", "+2d", "متابعة طلبي", "#member:0"):
        play.line(line)
    assert play.conversation.open is not None
    assert play.conversation.open.flow == "who"
    turns = [play.line(word) for word in ("وردة", "نخلة", "بحر", "جبل", "سماء")]
    assert all(Mask(text="••••") in turn.effects for turn in turns)
    assert play.conversation.open is None
    assert [effect.reason for effect in turns[-1].effects if isinstance(effect, HandOver)] == ["private_word_not_known"]
    assert play.conversation.member != "منيرة"
