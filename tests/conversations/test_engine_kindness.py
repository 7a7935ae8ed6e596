"""What a person in grief, in danger or waiting for us is answered; what agreeing means; which language is theirs."""

from datetime import timedelta

import msgspec
import pytest

from conversations.events import Opened
from tests.conversations.robot import association
from tests.conversations.watched import Watched


def somebody(channel: str = "whatsapp", slug: str = "harif") -> Watched:
    return Watched(association(slug), channel)


def heard(who: Watched, text: str) -> str:
    return "\n".join(say.text for say in who.text(text).says)


@pytest.mark.parametrize("greeted", [False, True])
@pytest.mark.parametrize(
    ("typed", "answered"),
    [("أمي ماتت", "أحسن الله عزاءكم"), ("تعبت من الدنيا", "هل أنتم بخير"), ("ما ابغى اموت", "هل أنتم بخير")],
)
def test_grief_and_despair_are_never_answered_with_not_understood(typed: str, answered: str, greeted: bool) -> None:
    who = somebody()
    if greeted:
        who.text("السلام عليكم")
    said = heard(who, typed)
    assert answered in said
    assert "لم نفهم" not in said


def test_what_is_written_while_staff_are_awaited_is_for_staff() -> None:
    who = somebody()
    who.text("ابي موظف")
    for text in ("انا ساكنه في حي النزهه", "والسور طايح من جهة الجيران", "وينكم", "طيب انتظركم"):
        said = heard(who, text)
        assert "يقرؤها الموظف" in said or "نأسف" in said or "الجمعية" in said, said
        assert "لم نفهم" not in said


def test_with_no_911_in_the_region_the_closed_office_names_the_police() -> None:
    who = somebody(slug="bena-jazan")
    who.now += timedelta(hours=12)
    assert "999" in heard(who, "ابي موظف")


@pytest.mark.parametrize(
    ("typed", "step"), [("طيب", "consent"), ("نعم", "consent"), ("موافق", "consent"), ("لا", "service")]
)
def test_agreeing_to_begin_begins_and_declining_offers_another_service(typed: str, step: str) -> None:
    who = somebody()
    who.text("ابي دعم لمشروعي")
    who.text(typed)
    assert who.open is not None
    assert who.open.step == step


@pytest.mark.parametrize(("typed", "language"), [("hello", "en"), ("مرحبا", "ar")])
def test_after_a_greeting_that_nobody_asked_for_the_first_words_say_the_language(typed: str, language: str) -> None:
    who = somebody("web_chat")
    who.happen(Opened(id="o", at=who.now, payload=""))
    who.text(typed)
    assert who.conversation.language == language


@pytest.mark.parametrize(
    ("typed", "answered"),
    [("لا", "لن نكتب لكم شيئًا"), ("لا مو آمن", "لن نكتب لكم شيئًا"), ("نعم", "نردّ عليكم هنا"), ("ايه", "نردّ عليكم هنا")],
)
def test_whether_it_is_safe_to_answer_here_may_be_said_by_yes_or_no(typed: str, answered: str) -> None:
    who = somebody()
    who.text("زوجي يضربني")
    assert answered in heard(who, typed)


def test_numbers_that_help_most_come_first() -> None:
    said = heard(somebody(), "ودي أموت")
    assert said.index("920033360") < said.index("997") < said.index("911")


def test_who_carries_the_messages_is_said_even_where_identity_is_asked_in_the_chat() -> None:
    who = Watched(association("harif"), "telegram", public_url="")
    who.traits = msgspec.structs.replace(who.traits, asks_sensitive=True)  # as it is polled
    who.text("ابي دعم لمشروعي")
    assert "رسائلكم تمرّ عبر تلغرام" in heard(who, "نبدأ")
