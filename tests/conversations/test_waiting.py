"""While somebody waits for a person: what they are told is true, and nothing is promised that nobody knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conversations.association.profile import Season
from conversations.effects import HandOver
from conversations.events import CalledStaff, StaffTook, TimePassed
from conversations.says import Say
from tests.conversations.robot import association
from tests.conversations.test_engine_care import at, somebody
from tests.conversations.watched import Watched

SUNDAY = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def waits(who: Watched) -> tuple[Say, ...]:
    """Routing has looked: nobody has come for too long."""
    turn = who.happen(TimePassed(id=who.id(), at=who.now, timer="waiting"))
    return turn.says


def handed(turn: Any) -> list[HandOver]:
    return [effect for effect in turn.effects if isinstance(effect, HandOver)]


def queued(now: datetime = SUNDAY, *texts: str) -> Watched:
    who = somebody()
    who.now = now
    for text in texts or ("السلام عليكم", "ابغى موظف"):
        who.text(text)
    assert who.conversation.holder == "queue"
    return who


def test_whoever_still_waits_is_told_until_when_the_office_is_open_and_when_it_opens_again() -> None:
    (say,) = waits(queued())
    assert "٤:٠٠ مساءً" in say.text and "غدًا الاثنين" in say.text
    assert say.lane == "notice"
    assert [option.id for option in say.options] == ["/callme"]


def test_a_woman_is_promised_for_the_hours_in_which_women_are_there() -> None:
    (say,) = waits(queued(SUNDAY, "السلام عليكم", "ابغى موظفة"))
    assert "٢:٠٠ مساءً" in say.text and "٩:٠٠ صباحًا" in say.text


def test_after_hours_it_names_the_next_opening() -> None:
    who = queued()
    who.now += timedelta(hours=8)
    (say,) = waits(who)
    assert "المكتب مغلق الآن" in say.text and "٨:٠٠ صباحًا" in say.text


@pytest.mark.parametrize(
    "changed",
    [
        {"holder": "staff:7"}, {"holder": "bot"}, {"restricted": True}, {"stopped": True}, {"muted": True},
        {"blocked": "spam"}, {"unreachable": "blocked"},
    ],
)  # fmt: skip
def test_nothing_is_written_where_nobody_waits_or_nothing_may_be_written(changed: dict[str, Any]) -> None:
    who = queued()
    who.change(**changed)
    assert waits(who) == ()


def test_where_no_womens_hours_are_known_no_time_is_promised() -> None:
    harif = association("harif")
    seasons = tuple(
        Season(**{**season.model_dump(), "women_opens": None, "women_closes": None})
        for season in harif.profile.hours.seasons
    )
    hours = harif.profile.hours.model_copy(update={"seasons": seasons})
    who = Watched(replace(harif, profile=harif.profile.model_copy(update={"hours": hours})), "telegram")
    who.now = SUNDAY
    who.text("السلام عليكم")
    text = "\n".join(say.text for say in who.text("ابغى موظفة").says)
    assert "لا نستطيع أن نحدد وقت الرد" in text
    assert "مفتوح الآن" not in text


def test_a_third_failed_answer_comes_to_the_queue_once_with_what_they_were_at() -> None:
    who = at("telegram", "apply", "birth_date", subject="training")
    found = [handed(who.text(text)) for text in ("في الشتاء", "في الصيف", "في الربيع", "في الخريف")]
    assert [len(one) for one in found] == [0, 0, 1, 0]
    (effect,) = found[2]
    assert (effect.reason, effect.role, effect.service) == ("failed_answers", "contact_officer", "training")
    assert who.open is not None and who.open.step == "birth_date"


def test_the_house_puts_a_conversation_before_a_person_and_says_nothing_of_it() -> None:
    who = somebody()
    who.text("السلام عليكم")
    turn = who.happen(CalledStaff(id="c", at=who.now, reason="waiting_for_information", reference="HRF-1"))
    (effect,) = handed(turn)
    assert (effect.reason, effect.reference) == ("waiting_for_information", "HRF-1")
    assert turn.says == () and who.conversation.holder == "queue"
    # Somebody has it already: it stays theirs.
    who.happen(StaffTook(id="t", at=who.now, staff="7", title=""))
    who.happen(CalledStaff(id="c2", at=who.now, reason="waiting_for_information", reference="HRF-2"))
    assert who.conversation.holder == "staff:7"


@pytest.mark.parametrize("text", ["ابغى موظف", "عاجل", "الرابط ما يفتح"])
def test_who_asked_for_a_woman_is_handed_to_women_whatever_comes_on_top(text: str) -> None:
    who = queued(SUNDAY, "السلام عليكم", "ابغى موظفة")
    (effect,) = handed(who.text(text))
    assert effect.women_only
    (effect,) = handed(who.text("أبوي يضربني"))
    assert effect.women_only and effect.restricted
