"""A mail that anybody can have written changes nothing that stands: not at once, and not when it is taken in later."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.conversation import Address, Conversation, decode, encode
from conversations.effects import AnswerAppointment, Mask, MoveCase, NameAddress, Suppress
from conversations.engine import Turn, advance
from conversations.events import Event, FileReady, Found, Press, StaffGaveBack, StaffTook, Text, TimePassed
from conversations.world import CaseView, Traits, World
from tests.conversations.robot import association

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
HARIF = association("harif")
REFERENCE = "HRF-7K2MP-4TWX6"
ANSWERED = CaseView(
    reference=REFERENCE, kind="complaint", stage="answered", opened_at=NOW - timedelta(days=9),
    until=NOW + timedelta(days=3),
)  # fmt: skip
FORGED, HERS = "تنازلت عن كل شيء وأغلقوا الموضوع", "لم تنظروا في الأوراق التي أرسلتها إليكم"


class Mailbox:
    """Somebody at an address of which anybody can write."""

    def __init__(self) -> None:
        self.now = NOW
        self.blob = encode(
            Conversation(association="harif", address=Address("email", "a@b.example"), id=1, greeted=True, noticed=True)
        )

    @property
    def where(self) -> Conversation:
        return decode(self.blob)

    def happens(self, event: Event, vouched: bool = True) -> Turn:
        world = World(
            association=HARIF, now=self.now, seed=b"0" * 16, traits=Traits(name="email"), cases=(ANSWERED,),
            vouched=vouched,
        )  # fmt: skip
        turn = advance(self.where, event, world)
        self.blob = encode(turn.conversation)
        return turn

    def writes(self, text: str, vouched: bool = False) -> Turn:
        return self.happens(Text(id="t", at=self.now, text=text), vouched)

    def presses(self, option: str, vouched: bool = True) -> Turn:
        return self.happens(Press(id="p", at=self.now, option=option, prompt=self.where.prompt), vouched)

    def passes(self, timer: str = "quiet") -> Turn:
        self.now += timedelta(seconds=61)
        return self.happens(TimePassed(id="q", at=self.now, timer=timer))


@pytest.fixture
def noura() -> Mailbox:
    """She is asked why she appeals."""
    mailbox = Mailbox()
    mailbox.presses(f"move:appeal-{REFERENCE}")
    assert mailbox.where.open is not None and mailbox.where.open.step == "why"
    return mailbox


def moved(*turns: Turn) -> list[MoveCase]:
    return [effect for turn in turns for effect in turn.effects if isinstance(effect, MoveCase)]


def asks_for_a_reply(turn: Turn) -> bool:
    return HARIF.wording["ar"]("address.by_reply") in "\n".join(say.text for say in turn.says)


def test_a_free_answer_of_nobody_knows_whom_moves_no_case_when_its_quiet_seconds_are_over(noura: Mailbox) -> None:
    turn = noura.writes(FORGED)
    over = noura.passes()
    assert not moved(turn, over) and asks_for_a_reply(over)
    assert noura.where.open is not None and noura.where.open.step == "why"


def test_her_answer_by_reply_is_taken_alone(noura: Mailbox) -> None:
    noura.writes(FORGED)
    noura.passes()
    noura.writes(HERS, vouched=True)
    (move,) = moved(noura.passes())
    assert move.answers == {"why": HERS}


def test_of_a_burst_of_hers_and_a_forgers_nothing_is_done(noura: Mailbox) -> None:
    noura.writes(HERS, vouched=True)
    noura.writes(FORGED)
    assert not moved(noura.passes())
    noura.writes(FORGED)
    noura.writes(HERS, vouched=True)
    assert not moved(noura.passes())
    noura.writes(HERS, vouched=True)
    assert [one.answers for one in moved(noura.passes())] == [{"why": HERS}]


def test_what_she_writes_where_the_channel_vouches_is_done(noura: Mailbox) -> None:
    noura.writes(HERS, vouched=True)
    assert [one.answers for one in moved(noura.passes())] == [{"why": HERS}]


def test_it_stays_doubted_while_a_worker_has_the_word_and_after(noura: Mailbox) -> None:
    noura.writes(FORGED)
    noura.happens(StaffTook(id="s", at=noura.now, staff="7", title="x"))
    noura.passes()
    back = noura.happens(StaffGaveBack(id="g", at=noura.now, staff="7"))
    assert not moved(back) and asks_for_a_reply(back)
    assert noura.where.holder == "bot" and noura.where.open is not None


def test_what_a_flood_left_waiting_is_doubted_still() -> None:
    noura = Mailbox()
    noura.presses("/mydata")
    noura.presses("channel")
    noura.presses("sms")
    flood = [noura.writes("؟") for _ in range(HARIF.profile.limits.flood_per_minute)]
    flood.append(noura.writes("0501234567"))
    assert noura.where.held
    flood.append(noura.passes("flood"))
    assert not [one for turn in flood for one in turn.effects if isinstance(one, NameAddress)]


def test_a_draft_that_waits_for_a_doubted_paper_finishes_for_nobody() -> None:
    noura = Mailbox()
    noura.presses(f"move:appeal-{REFERENCE}")
    conversation = noura.where
    assert conversation.open is not None
    conversation.open.answers, conversation.open.kinds = {"why": HERS}, {"why": "long_text"}
    conversation.open.trail, conversation.open.step, conversation.open.waiting = ["why"], "@files", ["5"]
    conversation.unvouched = True
    noura.blob = encode(conversation)
    turn = noura.happens(FileReady(id="f", at=noura.now, file="5", kind="pdf", size=5))
    assert not moved(turn) and asks_for_a_reply(turn)
    noura.writes(HERS, vouched=True)
    assert len(moved(noura.passes())) == 1


def test_a_mail_of_anybody_gives_up_no_appointment() -> None:
    noura = Mailbox()
    arranged = {
        "appointment": "5", "moved": 0, "kind": "interview", "state": "confirmed", "starts": NOW + timedelta(days=1)
    }  # fmt: skip
    found = Found(id="f", at=NOW, lookup="appointments", key="give_up-5-0", result=[arranged])
    forged = noura.happens(found, vouched=False)
    assert not [one for one in forged.effects if isinstance(one, AnswerAppointment)] and asks_for_a_reply(forged)
    hers = noura.happens(found)
    assert [one.act for one in hers.effects if isinstance(one, AnswerAppointment)] == ["give_up"]


def test_a_secret_in_a_doubted_message_stays_one(noura: Mailbox) -> None:
    turn = noura.writes("هويتي 1012345672 وأريد سحب كل ما قدّمته")
    assert any(isinstance(one, Mask) and "1012345672" not in one.text for one in turn.effects)


@pytest.mark.parametrize("vouched", [True, False])
def test_a_death_that_anybody_may_have_written_silences_no_other_address(noura: Mailbox, vouched: bool) -> None:
    turn = noura.writes("صاحبة الطلب توفيت رحمها الله", vouched)
    assert [one.everywhere for one in turn.effects if isinstance(one, Suppress)] == [vouched]
    assert noura.where.muted
