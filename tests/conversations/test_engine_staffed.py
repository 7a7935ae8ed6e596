"""A person and a worker in one conversation: who speaks, what waits, and that nothing of it is lost."""

from datetime import timedelta

import pytest

from conversations import staffed
from conversations.effects import HandOver, Held, Mask
from conversations.engine import Turn
from conversations.events import (
    FileReady,
    FileRefused,
    Press,
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
from conversations.play import Play
from conversations.says import Attachment
from conversations.staffed import after_open_hours, title_of
from tests.conversations.robot import association, fill_form, go_on, press
from tests.conversations.test_engine_care import at, quiet, sends, somebody, text_of
from tests.conversations.watched import Watched

NURA, SAAD = "7", "8"


def says(who: Watched, text: str = "نعم، وصلنا طلبكم.", staff: str = NURA, **more: object) -> Turn:
    said = StaffSaid(id=who.id(), at=who.now, staff=staff, title="موظفة علاقات المستفيدين", text=text, **more)  # type: ignore[arg-type]
    return who.happen(said)


def gives_back(who: Watched) -> Turn:
    return who.happen(StaffGaveBack(id=who.id(), at=who.now, staff=NURA))


def holder(who: Watched) -> str:
    return who.conversation.holder


def effects(turn: Turn, kind: type) -> list[object]:
    return [one for one in turn.effects if isinstance(one, kind)]


def later(who: Watched, **span: float) -> Turn:
    """Time passes, and the timer of whoever holds the conversation fires where it is due."""
    who.now += timedelta(**span)
    due = who.timers.get(staffed.TIMER)
    if due is None or due > who.now:
        return Turn(who.conversation, (), ())
    del who.timers[staffed.TIMER]
    return who.happen(TimePassed(id=who.id(), at=who.now, timer=staffed.TIMER))


# --- who is with them ------------------------------------------------------------------------------------------------


def test_the_first_reply_says_who_is_there_and_the_second_does_not() -> None:
    who = somebody()
    who.text("السلام عليكم")
    assert text_of(says(who, "حياكم الله")) == "معكم موظفة علاقات المستفيدين.\n\nحياكم الله"
    assert text_of(says(who, "بماذا نخدمكم؟")) == "بماذا نخدمكم؟"


def test_taking_it_first_does_not_hide_who_is_there() -> None:
    who = somebody()
    who.text("السلام عليكم")
    assert who.happen(StaffTook(id="t", at=who.now, staff=NURA, title="x")).says == ()
    assert text_of(says(who)).startswith("معكم موظفة علاقات المستفيدين.")


def test_a_colleague_who_comes_in_is_named_too() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    assert text_of(says(who, "معكم سعد", SAAD, over=True)).startswith("معكم موظفة")
    assert holder(who) == "staff:8"


def test_a_woman_and_a_man_have_their_own_titles_and_whoever_has_none_is_a_worker() -> None:
    harif = association("harif")
    assert title_of(harif, "ar", ["relations_officer"], True) == "موظفة علاقات المستفيدين"
    assert title_of(harif, "ar", ["relations_officer"], False) == "موظف علاقات المستفيدين"
    assert title_of(harif, "ar", ["administrator"], False) == "موظف من جمعية حارف"


def test_files_go_with_the_words_the_first_beside_them() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    turn = says(
        who, "هذه النماذج", file="1", file_name="a.pdf", file_kind="pdf", more=(Attachment("2", "b.jpg", "jpeg"),)
    )
    assert [(say.text, say.file.file if say.file else "") for say in turn.says] == [("هذه النماذج", "1"), ("", "2")]


# --- the bot keeps out of it -----------------------------------------------------------------------------------------


def test_while_a_worker_is_there_nothing_a_person_does_makes_the_bot_speak() -> None:
    who = at("telegram", "suggest", "reply")
    says(who)
    for said in ("ابغى اشتكي", "القائمة", "1", "يا حرامية", "شكرا"):
        assert who.text(said).says == ()
    assert who.press("/menu").says == ()
    who.happen(Press(id="p", at=who.now, option="email", prompt=who.conversation.prompt))
    assert who.open is not None and who.open.step == "reply"


def test_stop_is_heard_even_then_and_so_is_harm() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    assert who.text("ودي أموت").says, "harm comes first"
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    assert who.text("إيقاف").says
    assert who.conversation.stopped


def test_a_disclosure_takes_the_conversation_from_whoever_may_not_see_it() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    turn = who.text("أبوي يضربني")
    assert holder(who) == "queue"
    assert effects(turn, Held) == [Held(staff="")]
    (over,) = effects(turn, HandOver)
    assert isinstance(over, HandOver) and over.restricted and over.urgent
    assert who.open is not None and who.open.flow == "harm", "and the bot is with them"


def test_a_protection_officer_who_holds_it_goes_on_holding_it() -> None:
    who = somebody()
    who.text("أبوي يضربني")
    says(who)
    turn = who.text("أبوي يضربني الحين")
    assert holder(who) == f"staff:{NURA}"
    assert turn.says, "the numbers to call are said again"
    assert turn.says[-1].options == ()


def test_a_secret_typed_to_a_worker_is_masked() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    assert effects(who.text("رقم هويتي 1012345672"), Mask)


# --- what was open resumes -------------------------------------------------------------------------------------------


def test_handing_back_asks_again_what_was_open() -> None:
    who = at("telegram", "suggest", "reply")
    asked = text_of(who.press("/resume_here"))
    says(who)
    turn = gives_back(who)
    assert holder(who) == "bot"
    assert text_of(turn).endswith(asked.rpartition("\n")[2])
    assert text_of(turn).startswith("انتهى حديثكم مع موظفينا")
    assert who.happen(Press(id="p", at=who.now, option="here", prompt=who.conversation.prompt)).says


def test_whoever_never_noticed_a_worker_is_not_told_that_one_left() -> None:
    who = somebody()
    who.text("السلام عليكم")
    who.happen(StaffTook(id="t", at=who.now, staff=NURA, title="x"))
    assert gives_back(who).says == ()


def test_a_burst_that_was_not_over_is_taken_when_the_worker_hands_back() -> None:
    who = at("telegram", "complain", "what_happened")
    who.text("تأخرتم علي ثلاثة أشهر")
    says(who)
    who.now += timedelta(seconds=30)
    assert who.happen(TimePassed(id="q", at=who.now, timer="quiet")).says == (), "the bot keeps out of it"
    gives_back(who)
    assert who.open is not None
    assert who.open.answers["what_happened"] == "تأخرتم علي ثلاثة أشهر"
    assert who.open.step != "what_happened"


def test_a_file_that_came_meanwhile_counts_and_one_that_did_not_is_asked_for_again() -> None:
    who = at("telegram", "complain", "evidence")
    sends(who, "f1")
    quiet(who)
    sends(who, "f2")
    says(who)
    assert who.happen(FileReady(id="r", at=who.now, file="f1", kind="jpeg", size=10)).says == ()
    assert who.happen(FileRefused(id="x", at=who.now, file="f2", reason="too_big")).says == ()
    turn = gives_back(who)
    assert who.open is not None
    assert "f1" not in who.open.waiting and "f2" not in who.open.waiting
    assert "أكبر مما نستطيع" in text_of(turn)


def test_a_page_filled_in_meanwhile_is_taken_when_the_worker_hands_back() -> None:
    play = Play(association("harif"), "whatsapp")
    press(play, "/apply")
    while (draft := play.conversation.open) is not None and not draft.form:
        go_on(play)
    assert draft is not None
    asked = set(play.forms[-1].steps)
    play.send(StaffSaid(id="s", at=play.now, staff=NURA, title="موظفة", text="أنا معكم"))
    assert fill_form(play, draft).says == ()
    assert play.conversation.open is not None and not asked & play.conversation.open.answers.keys()
    assert play.send(StaffGaveBack(id="g", at=play.now, staff=NURA)).says[-1].prompt
    assert play.conversation.open is not None and asked <= play.conversation.open.answers.keys()


def test_a_draft_is_not_spoken_of_while_a_worker_talks() -> None:
    who = at("telegram", "suggest", "reply")
    says(who)
    who.now += timedelta(days=3)
    turn = who.happen(TimePassed(id="d", at=who.now, timer="draft"))
    assert turn.says == ()
    assert who.timers["draft"] > who.now, "later"


def test_passing_it_on_says_so_and_the_bot_is_back_meanwhile() -> None:
    who = at("telegram", "suggest", "reply")
    says(who)
    turn = who.happen(StaffPassedOn(id="p", at=who.now, staff=NURA, role="social_researcher"))
    assert holder(who) == "queue"
    assert text_of(turn).startswith("حوّلنا محادثتكم إلى من يكملها معكم.")
    assert turn.says[-1].prompt, "and what was open is asked again"
    (over,) = effects(turn, HandOver)
    assert isinstance(over, HandOver) and (over.reason, over.role) == ("passed_on", "social_researcher")
    assert text_of(says(who, "أهلًا", SAAD)).startswith("معكم"), "who comes next says who they are"


# --- nobody is left waiting in silence -------------------------------------------------------------------------------


def test_whoever_writes_to_a_worker_who_is_gone_is_back_in_the_queue_after_four_office_hours() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    who.text("متى أستلم؟")
    assert who.conversation.waits_since == who.now
    assert later(who, hours=3, minutes=59).says == ()
    turn = later(who, minutes=2)
    assert holder(who) == "queue"
    assert text_of(turn).startswith("تأخّر عليكم من كان معكم، ونعتذر.")
    assert [over.reason for over in effects(turn, HandOver)] == ["holder_gone"]  # type: ignore[attr-defined]
    assert who.text("القائمة").says, "the bot answers again"


def test_an_answer_in_time_ends_the_wait() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    who.text("متى أستلم؟")
    says(who, "غدًا بإذن الله")
    assert who.conversation.waits_since is None
    assert staffed.TIMER not in who.timers
    later(who, days=2)
    assert holder(who) == f"staff:{NURA}"


def test_thanks_alone_ask_for_no_answer() -> None:
    who = somebody()
    who.text("السلام عليكم")
    says(who)
    who.text("الله يعطيكم العافية")
    assert who.conversation.waits_since is None
    who.text("شكرا ومتى أستلم؟")
    assert who.conversation.waits_since is not None


def test_hours_are_counted_while_the_office_is_open() -> None:
    from datetime import UTC, datetime

    from conversations.cases.calendar import calendar_of, here

    calendar = calendar_of(association("harif").profile)
    thursday = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
    span = calendar.hours(here(thursday).date())
    assert span is not None
    left = span[1] - thursday
    sunday = calendar.next_open(datetime(2026, 11, 28, tzinfo=UTC))
    assert sunday is not None
    assert after_open_hours(calendar, thursday, 4) == sunday + timedelta(hours=4) - left


# --- past the window -------------------------------------------------------------------------------------------------


def on_whatsapp() -> Watched:
    who = somebody("whatsapp")
    who.text("السلام عليكم")
    says(who)
    who.now += timedelta(hours=25)
    return who


def test_past_the_window_a_reply_is_kept_and_goes_out_by_itself_when_they_write() -> None:
    who = on_whatsapp()
    assert says(who, "اكتمل طلبكم").says == ()
    turn = who.text("السلام عليكم")
    assert [(say.text, say.by) for say in turn.says] == [("اكتمل طلبكم", NURA)]
    assert who.conversation.kept == []
    assert who.text("شكرا").says == ()


def test_a_kept_reply_stays_the_workers_beside_what_the_bot_then_says() -> None:
    who = on_whatsapp()
    says(who, "اكتمل طلبكم")
    gives_back(who)
    turn = who.text("السلام عليكم")
    assert [say.by for say in turn.says] == [NURA, ""]
    assert turn.says[0].text == "رسالة من موظفة علاقات المستفيدين:\n\nاكتمل طلبكم"


def test_who_first_writes_past_the_window_says_who_is_there_once_it_is_heard() -> None:
    who = somebody("whatsapp")
    who.text("السلام عليكم")
    who.now += timedelta(hours=25)
    says(who, "اكتمل طلبكم")
    says(who, "وتسلّمونه غدًا")
    assert text_of(who.text("نعم")) == "معكم موظفة علاقات المستفيدين.\n\nاكتمل طلبكم\n\nوتسلّمونه غدًا"
    assert text_of(says(who, "بارك الله فيكم")) == "بارك الله فيكم"


def test_the_template_goes_out_once_until_they_write() -> None:
    who = on_whatsapp()
    turn = says(who, "اكتمل طلبكم", knock=True)
    assert [(say.template, say.by) for say in turn.says] == [("reply_waiting", NURA)]
    assert "اكتمل" not in text_of(turn)
    assert says(who, "وتسلّمونه غدًا", knock=True).says == ()
    assert who.happen(StaffKnocked(id="k", at=who.now, staff=NURA)).says == ()
    assert [say.text for say in who.text("نعم").says] == ["اكتمل طلبكم\n\nوتسلّمونه غدًا"]
    who.now += timedelta(hours=25)
    says(who, "بقي شيء")
    assert who.happen(StaffKnocked(id="k2", at=who.now, staff=NURA)).says


def test_there_is_nothing_to_knock_for_without_a_reply_or_inside_the_window() -> None:
    who = on_whatsapp()
    assert who.happen(StaffKnocked(id="k", at=who.now, staff=NURA)).says == ()
    inside = somebody("whatsapp")
    inside.text("السلام عليكم")
    assert says(inside, knock=True).says[0].template == ""


def test_a_kept_reply_can_be_taken_back() -> None:
    who = on_whatsapp()
    says(who, "أول")
    says(who, "ثانٍ")
    first, second = staffed.kept_of(who.conversation)
    assert (first[2][0].text, second[2][0].text) == ("أول", "ثانٍ")
    who.happen(StaffTookBack(id="b", at=who.now, staff=NURA, reply=first[0]))
    assert [say.text for say in who.text("نعم").says] == ["ثانٍ"]


def test_whoever_stopped_our_messages_gets_the_reply_once_they_let_them_in_again() -> None:
    who = somebody()
    who.text("السلام عليكم")
    who.text("إيقاف")
    assert says(who, "اكتمل طلبكم").says == ()
    who.text("كيف الحال")
    assert who.conversation.kept
    assert "اكتمل طلبكم" in text_of(who.press("/start"))


# --- blocked ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["blocked", "spam"])
def test_a_blocked_address_is_answered_nothing_until_it_is_let_in_again(why: str) -> None:
    who = at("telegram", "suggest", "reply")
    who.happen(StaffBlocked(id="b", at=who.now, staff=NURA, why=why))
    for said in ("السلام عليكم", "ابغى موظف", "إيقاف", "start"):
        assert who.text(said).says == ()
    assert not who.conversation.stopped
    for _ in range(60):
        assert who.happen(Text(id=who.id(), at=who.now, text="اشتر الآن")).says == (), "not even how to slow down"
    who.now += timedelta(minutes=5)
    who.happen(TimePassed(id="f", at=who.now, timer="flood"))
    who.change(held=[])
    who.happen(StaffBlocked(id="u", at=who.now, staff=NURA))
    assert who.text("السلام عليكم").says
    assert who.open is not None and who.open.step == "reply", "and nothing of theirs was lost"


def test_harm_passes_a_block() -> None:
    who = somebody()
    who.text("السلام عليكم")
    who.happen(StaffBlocked(id="b", at=who.now, staff=NURA, why="spam"))
    turn = who.text("أبوي يضربني")
    assert turn.says and effects(turn, HandOver)
