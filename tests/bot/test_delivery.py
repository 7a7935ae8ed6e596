"""The separate hand: in order, at the account's rate, and an honest end for every row."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import pytest

from bot import metrics
from bot.channels.contract import (
    AddressGone,
    ContentRefused,
    SendError,
    Status,
    StatusReport,
    StopChannel,
    TryAgain,
    Uncertain,
    UseTemplate,
)
from bot.channels.twilio_errors import error_for
from bot.fold import LEASE_MS, Arrived
from bot.rate import MOST_ATTEMPTS, Chats, Rate, back_off
from conversations.events import StaffSaid
from conversations.says import Say
from storage import accounts, messages, outbox
from storage.database import DatabaseAway
from storage.ids import new_id
from storage.messages import Message
from tests.bot.desk import Desk, Paper, Person, milliseconds


class Twilio(Paper):
    """Paper that lists what it took."""

    def __init__(self, association: str = "harif") -> None:
        super().__init__(association, "whatsapp")
        self.listed: dict[str, StatusReport] = {}
        """By text: what the provider says of it."""
        self.asked: list[tuple[str, datetime, Collection[str]]] = []
        self.away = False

    async def ask_about(
        self, handle: str, say: Say, after: datetime, known: Collection[str] = ()
    ) -> StatusReport | None:
        self.asked.append((say.text, after, known))
        if self.away:
            raise TryAgain("not_asked")
        return self.listed.get(say.text)

    def refusal(self, code: str) -> SendError:
        return error_for(code)


PHONE = "+966500000001"


@pytest.fixture
def twilio() -> Twilio:
    return Twilio()


@pytest.fixture
def by_twilio(make_desk: Callable[..., Desk], twilio: Twilio) -> Desk:
    return make_desk((twilio,))


def queue(
    desk: Desk, handle: str, *texts: str, lane: str = "notice", channel: str = "telegram", **more: Any
) -> list[int]:
    """Rows as a notice leaves them; their ids."""
    conversation = desk.id_of(handle, channel)
    rows = []
    for text in texts:
        seq = 1 + max(line.seq for line in desk.transcript(handle, channel))
        row = Message(
            "harif", new_id(), conversation, seq + 1000, channel, "out", lane, "say", milliseconds(desk.now),
            desk.intake_encode(Say(text=text)), state="queued",
        )._replace(**more)  # fmt: skip
        desk.do(messages.insert_all, desk.vault, [row])
        rows.append(row.id)
    return rows


def state(desk: Desk, row: int) -> tuple[str, bool, int]:
    return next((one.state, bool(one.again), one.attempts) for one in desk.rows("messages") if one.id == row)


async def begun(desk: Desk, noura: Person, paper: Paper, *texts: str) -> None:
    """Hold the channel, and let these be taken in."""
    paper.gate = asyncio.Event()
    await desk.intake.take("harif", noura.channel, [noura.text(text) for text in texts])
    await asyncio.sleep(0.02)


# --- order -----------------------------------------------------------------------------------------------------------


async def test_replies_leave_in_order_one_after_the_other(desk: Desk, noura: Person, paper: Paper) -> None:
    await begun(desk, noura, paper, *["السلام عليكم"] * 3)
    assert len(paper.begun) == 1
    assert paper.gate is not None
    paper.gate.set()
    await desk.settle()
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")]


async def test_one_person_who_is_slow_to_reach_holds_nobody_else(desk: Desk, noura: Person, paper: Paper) -> None:
    paper.fails["7001"].append(TryAgain("provider_down", after=60))
    await noura.say("السلام عليكم")
    await Person(desk, "7002").say("السلام عليكم")
    assert {one.handle for one in paper.sent} == {"7002"}


async def test_what_is_said_after_a_passing_failure_waits_behind_it(desk: Desk, noura: Person, paper: Paper) -> None:
    paper.fails["7001"].append(TryAgain("provider_down", after=5))
    await noura.say("السلام عليكم")
    await noura.say("ابغى دعم")
    await noura.say("2")
    assert paper.sent == []
    assert set(desk.states("7001")) == {"queued"}
    await desk.later(seconds=6)
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")]
    assert set(desk.states("7001")) == {"accepted"}


async def test_a_failure_during_the_next_commit_lets_nothing_overtake(
    desk: Desk, noura: Person, paper: Paper, monkeypatch: Any
) -> None:
    """The send fails while the next message's transaction is under way: its reply must not leave from memory."""
    await begun(desk, noura, paper, "السلام عليكم")
    paper.fails["7001"].append(TryAgain("provider_down", after=5))
    real = desk.intake._fold
    loop = asyncio.get_running_loop()

    def slow(connection: Any, *args: Any) -> Any:
        folded = real(connection, *args)
        assert paper.gate is not None
        loop.call_soon_threadsafe(paper.gate.set)
        import time

        time.sleep(0.05)
        return folded

    monkeypatch.setattr(desk.intake, "_fold", slow)
    await desk.intake.take("harif", "telegram", [noura.text("ابغى دعم")])
    monkeypatch.setattr(desk.intake, "_fold", real)
    await desk.settle()
    assert paper.sent == []
    await desk.later(seconds=6)
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")]


async def test_lanes_do_not_wait_for_each_other(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.say("السلام عليكم")
    queue(desk, "7001", "إشعار", not_before=milliseconds(desk.now) + 10**6)
    before = len(paper.sent)
    await noura.say("ابغى دعم")
    assert len(paper.sent) > before


# --- errors ----------------------------------------------------------------------------------------------------------


async def test_tries_again_with_growing_pauses_and_then_gives_up_aloud(desk: Desk, noura: Person, paper: Paper) -> None:
    paper.fails["7001"].extend(TryAgain("provider_down") for _ in range(MOST_ATTEMPTS))
    await noura.say("السلام عليكم")
    (row,) = desk.out("7001")
    for attempt in range(1, MOST_ATTEMPTS):
        assert state(desk, row.id) == ("queued", False, attempt)
        before = len(paper.begun)
        await desk.later(seconds=1)
        assert len(paper.begun) == before, "at least 1.6 seconds"
        await desk.later(seconds=2.0 ** (attempt + 1) * 1.2)
    assert state(desk, row.id)[0] == "failed"
    assert desk.alarms() == {"given_up": 1}


def test_a_pause_doubles_up_to_ten_minutes_and_differs() -> None:
    for attempts in range(20):
        pause = min(600.0, 2.0 ** (attempts + 1))
        assert all(0.8 * pause <= back_off(attempts) <= 1.2 * pause for _ in range(20))
    assert len({back_off(3) for _ in range(10)}) > 1


async def test_those_who_waited_behind_a_failure_have_not_been_tried(desk: Desk, noura: Person, paper: Paper) -> None:
    await begun(desk, noura, paper, "السلام عليكم", "السلام عليكم")
    paper.fails["7001"].append(TryAgain("provider_down"))
    assert paper.gate is not None
    paper.gate.set()
    await desk.settle()
    first, *others = desk.out("7001")
    assert others
    assert state(desk, first.id)[2] == 1
    assert {state(desk, row.id) for row in others} == {("queued", False, 0)}


async def test_too_fast_holds_the_whole_account_here_and_in_every_process(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    paper.fails["7001"].append(TryAgain("too_fast", after=7, whole_account=True))
    await noura.say("السلام عليكم")
    await Person(desk, "7002").say("السلام عليكم")
    assert paper.sent == []
    account = desk.ask(accounts.load)["harif", "telegram"]
    assert account.not_before == milliseconds(desk.now) + 7000
    queue(desk, "7001", "إشعار")
    desk.delivery.rates["harif", "telegram"] = Rate(1000)  # as another process would have it
    await desk.run()
    assert paper.sent == []
    desk.delivery.heed(desk.ask(accounts.load))
    assert desk.delivery.rates["harif", "telegram"].wait() > 6
    desk.delivery.rates["harif", "telegram"] = Rate(1000)
    await desk.later(seconds=8)
    assert {one.handle for one in paper.sent} == {"7001", "7002"}


async def test_an_address_that_is_gone_is_given_up_until_the_person_writes(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    paper.fails["7001"].append(AddressGone("blocked"))
    await noura.say("السلام عليكم")
    assert desk.where("7001").unreachable == "blocked"
    assert desk.states("7001")[0] == "failed"
    await noura.say("السلام عليكم")
    assert desk.where("7001").unreachable == ""
    assert desk.states("7001")[-1] == "accepted"


async def test_a_channel_that_must_stop_pauses_the_account_alarms_and_loses_nothing(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    paper.fails[""].append(StopChannel("bad_token"))
    await noura.say("السلام عليكم")
    await noura.say("ابغى دعم")
    assert desk.ask(accounts.load)["harif", "telegram"].paused
    assert desk.alarms() == {"channel_stopped": 1}
    assert paper.sent == [] and set(desk.states("7001")) == {"queued"}
    desk.switch = lambda *_: "paused"
    desk.delivery.rates["harif", "telegram"] = Rate(1000)
    await desk.later(minutes=5)
    assert paper.sent == []
    desk.switch = lambda *_: ""
    desk.do(accounts.resume, "harif", "telegram")
    await desk.later(minutes=5)
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")]


@pytest.mark.parametrize("error", [UseTemplate("63016"), ContentRefused("30007"), StopChannel("63027")])
async def test_what_a_person_must_look_at_fails_alone_and_alarms(
    desk: Desk, noura: Person, paper: Paper, error: SendError
) -> None:
    paper.fails[""].append(error)
    await noura.say("السلام عليكم")
    await noura.say("ابغى دعم")
    assert desk.states("7001")[0] == "failed"
    assert desk.alarms() == {"not_delivered_dialogue": 1}
    assert paper.sent
    assert ("harif", "telegram") not in {key for key, one in desk.ask(accounts.load).items() if one.paused}


async def test_a_defect_in_sending_fails_that_row_and_nothing_else(desk: Desk, noura: Person, paper: Paper) -> None:
    paper.fails[""].append(ZeroDivisionError())
    await noura.say("السلام عليكم")
    await noura.say("ابغى دعم")
    assert desk.states("7001")[0] == "failed" and desk.states("7001")[-1] == "accepted"
    assert desk.alarms() == {"not_delivered_dialogue": 1}


# --- nobody knows ----------------------------------------------------------------------------------------------------


async def test_on_telegram_a_reply_that_may_have_arrived_is_sent_once_more_and_says_so(
    desk: Desk, noura: Person, paper: Paper, associations: Any
) -> None:
    paper.fails[""].append(Uncertain("no_answer"))
    await noura.say("السلام عليكم")
    (row,) = desk.out("7001")
    await desk.later(milliseconds=LEASE_MS - 1000)
    assert state(desk, row.id)[0] == "sending" and paper.sent == []
    await desk.later(seconds=3)
    assert state(desk, row.id)[:2] == ("accepted", True)
    (sent,) = paper.sent
    assert sent.text.startswith(associations["harif"].wording["ar"]("outbox.again"))


async def test_the_second_time_a_person_decides(desk: Desk, noura: Person, paper: Paper) -> None:
    paper.fails[""].extend(Uncertain("no_answer") for _ in range(2))
    await noura.say("السلام عليكم")
    (row,) = desk.out("7001")
    for _ in range(4):
        await desk.later(minutes=2)
    assert state(desk, row.id)[:2] == ("uncertain", True)
    assert len(paper.begun) == 2
    desk.do(outbox.release, [("harif", row.id)], milliseconds(desk.now))
    await desk.later(seconds=1)
    assert state(desk, row.id)[0] == "accepted"


async def test_bulk_that_may_have_arrived_waits_for_a_person(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.say("السلام عليكم")
    notice, bulk = queue(desk, "7001", "إشعار")[0], queue(desk, "7001", "نشرة", lane="bulk", seq=5000)[0]
    paper.fails[""].extend(Uncertain("no_answer") for _ in range(2))
    await desk.later(seconds=1)
    for _ in range(3):
        await desk.later(minutes=2)
    assert state(desk, notice)[:2] == ("accepted", True)
    assert state(desk, bulk)[:2] == ("uncertain", False)


async def test_what_a_worker_said_is_never_said_twice_by_itself(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.say("السلام عليكم")
    paper.fails[""].append(Uncertain("no_answer"))
    said = StaffSaid(id="s", at=desk.now, staff="7", title="موظفة", text="أهلًا بكم")
    conversation = desk.id_of(noura.handle)
    await desk.intake.put(Arrived("harif", "", "", said, conversation=conversation))
    await desk.settle()
    row = desk.out(noura.handle)[-1]
    await desk.later(milliseconds=LEASE_MS + 1)
    assert state(desk, row.id)[:2] == ("uncertain", False), "a person decides"
    assert not [sent for sent in paper.sent if "أهلًا بكم" in sent.text]


async def test_an_uncertain_row_holds_nobody(desk: Desk, noura: Person, paper: Paper) -> None:
    paper.fails[""].append(Uncertain("no_answer"))
    await noura.say("السلام عليكم")
    await noura.say("ابغى دعم")
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")[1:]]


async def uncertain(desk: Desk, twilio: Twilio) -> int:
    """A reply on WhatsApp that nobody knows of; its row."""
    twilio.fails[PHONE].append(Uncertain("no_answer"))
    await Person(desk, PHONE, "whatsapp").say("السلام عليكم")
    row = desk.out(PHONE, "whatsapp")[-1]
    await desk.later(minutes=2)
    assert state(desk, row.id)[0] == "uncertain"
    return row.id


async def test_twilio_is_asked_and_what_it_took_is_settled(by_twilio: Desk, twilio: Twilio) -> None:
    row = await uncertain(by_twilio, twilio)
    text = by_twilio.told(PHONE, "whatsapp")[0]
    twilio.listed[text] = StatusReport(key="x", status="delivered", provider_id="SMfound")
    twilio.away = True
    await by_twilio.delivery.ask()
    assert state(by_twilio, row)[0] == "uncertain"
    twilio.away = False
    await by_twilio.delivery.ask()
    assert state(by_twilio, row)[0] == "delivered"
    assert [one.provider_id for one in by_twilio.rows("messages") if one.id == row] == ["SMfound"]
    assert twilio.sent == []


async def test_what_twilio_does_not_know_is_sent_once_more_and_then_left_to_a_person(
    by_twilio: Desk, twilio: Twilio
) -> None:
    row = await uncertain(by_twilio, twilio)
    twilio.fails[PHONE].append(Uncertain("no_answer"))
    await by_twilio.delivery.ask()
    assert state(by_twilio, row)[:2] == ("queued", True)
    await by_twilio.later(seconds=1)
    await by_twilio.later(minutes=2)
    assert state(by_twilio, row)[:2] == ("uncertain", True)
    assert twilio.asked[0][1] < by_twilio.now
    asked = len(twilio.asked)
    await by_twilio.delivery.ask()
    assert by_twilio.alarms() == {"may_have_arrived": 1}
    await by_twilio.delivery.ask()
    assert len(twilio.asked) == asked + 1, "asked once more, and then a person decides"
    assert state(by_twilio, row)[0] == "uncertain"


async def test_messages_known_to_be_other_rows_are_not_taken_for_it(by_twilio: Desk, twilio: Twilio) -> None:
    await Person(by_twilio, PHONE, "whatsapp").say("السلام عليكم")
    await uncertain(by_twilio, twilio)
    await by_twilio.delivery.ask()
    assert f"SM{twilio.sent[0].row}" in twilio.asked[0][2]


async def test_after_a_restore_nothing_is_asked_and_sent_by_itself(by_twilio: Desk, twilio: Twilio) -> None:
    by_twilio.switch = lambda *_: "paused"
    await Person(by_twilio, PHONE, "whatsapp").say("السلام عليكم")
    assert set(by_twilio.states(PHONE, "whatsapp")) == {"queued"}
    by_twilio.do(outbox.doubt_unsent, milliseconds(by_twilio.now))
    by_twilio.switch = lambda *_: ""
    await by_twilio.delivery.ask()
    await by_twilio.later(hours=2)
    assert twilio.asked == [] and twilio.sent == []


# --- what providers report -------------------------------------------------------------------------------------------


def report(status: Any, row: int | None = None, sid: str = "", code: str = "") -> StatusReport:
    return StatusReport(key=f"{sid}:{status}", status=status, row=row, provider_id=sid, code=code)


@pytest.mark.parametrize("by_row", [True, False])
async def test_reports_late_doubled_and_out_of_order_only_move_forward(
    by_twilio: Desk, twilio: Twilio, by_row: bool
) -> None:
    await Person(by_twilio, PHONE, "whatsapp").say("السلام عليكم")
    row = by_twilio.out(PHONE, "whatsapp")[0].id
    sid = f"SM{row}"

    async def told(*statuses: str) -> str:
        reports = [report(status, row if by_row else None, sid) for status in statuses]
        await by_twilio.intake.take("harif", "whatsapp", reports)
        return state(by_twilio, row)[0]

    assert await told("accepted") == "accepted"
    assert await told("read", "delivered") == "read"
    assert await told("delivered") == "read"
    assert await told("failed") == "read"
    assert await told("accepted", "accepted", "delivered") == "read"


async def test_a_report_settles_what_nobody_knew(by_twilio: Desk, twilio: Twilio) -> None:
    row = await uncertain(by_twilio, twilio)
    await by_twilio.intake.take("harif", "whatsapp", [report("delivered", row, "SM77")])
    assert state(by_twilio, row)[0] == "delivered"
    await by_twilio.delivery.ask()
    assert twilio.asked == []


async def test_a_report_of_another_association_moves_nothing(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk((Twilio(), Twilio("ruhama")))
    await Person(desk, PHONE, "whatsapp").say("السلام عليكم")
    row = desk.out(PHONE, "whatsapp")[0].id
    await desk.intake.take("ruhama", "whatsapp", [report("read", row, f"SM{row}"), report("read", None, f"SM{row}")])
    assert state(desk, row)[0] == "accepted"


@pytest.mark.parametrize("by_row", [True, False])
@pytest.mark.parametrize(
    ("code", "follows"),
    [
        ("63024", {"not_delivered_dialogue": 1}),
        ("63016", {"not_delivered_dialogue": 1}),
        ("63007", {"channel_stopped": 1}),
    ],
)
async def test_a_failure_told_afterwards_is_acted_upon_once(
    by_twilio: Desk, twilio: Twilio, code: str, follows: dict[str, int], by_row: bool
) -> None:
    await Person(by_twilio, PHONE, "whatsapp").say("السلام عليكم")
    row = by_twilio.out(PHONE, "whatsapp")[0].id
    for _ in range(2):
        given = report("failed", row if by_row else None, f"SM{row}", code)
        await by_twilio.intake.take("harif", "whatsapp", [given])
        await by_twilio.settle()
    assert state(by_twilio, row)[0] == "failed"
    assert by_twilio.alarms() == follows
    assert ("harif", "whatsapp") in by_twilio.ask(accounts.load) or code != "63007"


async def test_a_block_told_afterwards_makes_the_address_unreachable(by_twilio: Desk, twilio: Twilio) -> None:
    await Person(by_twilio, PHONE, "whatsapp").say("السلام عليكم")
    row = by_twilio.out(PHONE, "whatsapp")[0].id
    await by_twilio.intake.take("harif", "whatsapp", [report("failed", row, f"SM{row}", "63033")])
    await by_twilio.settle()
    assert by_twilio.where(PHONE, "whatsapp").unreachable == "63033"


# --- holding the line ------------------------------------------------------------------------------------------------


async def test_while_paused_replies_are_kept_in_order_and_leave_on_resume(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    desk.switch = lambda *_: "paused"
    await noura.say("السلام عليكم")
    await noura.say("ابغى دعم")
    await desk.later(minutes=1)
    assert paper.sent == [] and set(desk.states("7001")) == {"queued"}
    desk.switch = lambda *_: ""
    await desk.later(seconds=1)
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")]


async def test_a_pause_stops_what_was_still_waiting_in_memory(desk: Desk, noura: Person, paper: Paper) -> None:
    await begun(desk, noura, paper, *["السلام عليكم"] * 3)
    desk.switch = lambda *_: "paused"
    assert paper.gate is not None
    paper.gate.set()
    await desk.settle()
    assert len(paper.sent) == 1, "what had begun goes on"
    assert set(desk.states("7001")[1:]) == {"queued"}


async def test_a_staging_system_sends_to_its_list_alone_even_what_was_queued_before(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    await noura.say("السلام عليكم")
    mine = len(paper.sent)
    (left,) = queue(desk, "7001", "إشعار")
    desk.switch = lambda association, channel, handle: "" if handle in ("", "7002") else "staging"
    await noura.say("ابغى دعم")
    await Person(desk, "7002").say("السلام عليكم")
    await desk.later(minutes=5)
    assert {one.handle for one in paper.sent[mine:]} == {"7002"}
    assert state(desk, left)[0] == "held"
    assert desk.states("7001")[mine] == "held"


async def test_the_web_chat_is_fetched_and_so_never_held(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk((Paper("harif", "web_chat"),), may_send=lambda *_: "staging")
    await Person(desk, "cookie", "web_chat").say("السلام عليكم")
    assert set(desk.states("cookie", "web_chat")) == {"accepted"}


# --- several processes -----------------------------------------------------------------------------------------------


async def test_notices_leave_only_from_the_holder_of_the_accounts_lease(
    make_desk: Callable[..., Desk], paper: Paper
) -> None:
    other_paper = Paper("harif")
    one, other = make_desk((paper,), me="one"), make_desk((other_paper,), own=True, me="other")
    await Person(one, "7001").say("السلام عليكم")
    paper.sent.clear()
    queue(one, "7001", "إشعار")
    await one.run()
    assert [sent.text for sent in paper.sent] == ["إشعار"]
    queue(one, "7001", "آخر")
    await other.run()
    assert other_paper.sent == []
    await one.run()
    assert [sent.text for sent in paper.sent] == ["إشعار", "آخر"]
    # The holder dies: the lease runs out, and the other one takes over.
    queue(one, "7001", "ثانٍ", seq=5000)
    other.now = one.now
    await other.later(seconds=7)
    assert [sent.text for sent in other_paper.sent] == ["ثانٍ"]


async def test_two_processes_never_send_the_same_row(make_desk: Callable[..., Desk]) -> None:
    papers = [Paper("harif"), Paper("harif")]
    desks = [make_desk((papers[number],), own=number == 1, me=f"p{number}") for number in range(2)]
    people = [[Person(desk, str(7000 + number)) for number in range(6)] for desk in desks]
    for round_ in range(4):
        for paper in papers:
            for number in range(6):
                if number % 2:
                    paper.fails[str(7000 + number)].append(TryAgain("provider_down", after=0.5))
        await asyncio.gather(
            *(
                desk.intake.take("harif", "telegram", [person.text(f"كلام {round_}")])
                for desk, mine in zip(desks, people, strict=True)
                for person in mine
            )
        )
        for desk in desks:
            await desk.later(seconds=1)
    for paper in papers:
        paper.fails.clear()
    for _ in range(3):
        for desk in desks:
            await desk.later(seconds=20)
    sent = [one.row for paper in papers for one in paper.sent]
    assert len(sent) == len(set(sent)) > 30
    for number in range(6):
        rows = [line.id for line in desks[0].out(str(7000 + number))]
        assert sorted(row for row in sent if row in rows) == sorted(rows)
        assert set(desks[0].states(str(7000 + number))) == {"accepted"}


async def test_a_row_that_waited_too_long_here_is_not_sent_beside_its_lease(
    desk: Desk, noura: Person, paper: Paper, monkeypatch: Any
) -> None:
    monkeypatch.setattr("bot.delivery.STALE", 0.05)
    await begun(desk, noura, paper, "السلام عليكم", "السلام عليكم")
    await asyncio.sleep(0.1)
    assert paper.gate is not None
    paper.gate.set()
    await desk.settle()
    assert len(paper.sent) == 1
    assert set(desk.states("7001")[1:]) == {"queued"}


# --- shutting down ---------------------------------------------------------------------------------------------------


async def test_a_clean_shutdown_loses_nothing_and_sends_nothing_twice(
    make_desk: Callable[..., Desk], paper: Paper
) -> None:
    desk = make_desk((paper,), me="old")
    noura = Person(desk, "7001")
    await begun(desk, noura, paper, *["السلام عليكم"] * 4)
    closing = asyncio.ensure_future(desk.delivery.close(5))
    await asyncio.sleep(0.05)
    assert paper.gate is not None
    paper.gate.set()
    await closing
    assert desk.intake.marks == []
    assert desk.states("7001") == ["accepted", *["queued"] * (len(desk.states("7001")) - 1)]
    successor = make_desk((paper,), me="new", now=desk.now)
    await successor.later(seconds=20)
    assert [one.row for one in paper.sent] == [line.id for line in desk.out("7001")]
    assert not any(line.again for line in desk.out("7001"))


async def test_what_is_taken_in_while_closing_is_kept_for_the_next_process(
    make_desk: Callable[..., Desk], paper: Paper
) -> None:
    desk = make_desk((paper,), me="old")
    desk.delivery.closing = True
    await desk.intake.take("harif", "telegram", [Person(desk, "7001").text("السلام عليكم")])
    await desk.intake.flush()
    assert paper.sent == [] and set(desk.states("7001")) == {"queued"}


async def test_marks_are_committed_without_another_message(desk: Desk, noura: Person, paper: Paper) -> None:
    """Though a batch was under way when they were due."""
    await begun(desk, noura, paper, "السلام عليكم")
    assert paper.gate is not None
    paper.gate.set()
    await asyncio.sleep(0.01)
    desk.intake._worker = asyncio.ensure_future(asyncio.sleep(0.2))
    await asyncio.sleep(0.3)
    desk.intake._worker = None
    await asyncio.sleep(0.2)
    assert set(desk.states("7001")) == {"accepted"}


async def test_an_attachment_that_cannot_be_read_now_is_tried_again(
    desk: Desk, noura: Person, paper: Paper, monkeypatch: Any
) -> None:
    await noura.say("السلام عليكم")
    from conversations.says import Attachment

    (row,) = queue(desk, "7001", "إيصال", body=desk.intake_encode(Say(text="x", file=Attachment("receipt:X", "r.pdf"))))

    async def away(row: Any) -> None:
        raise DatabaseAway

    monkeypatch.setattr(desk.delivery, "content", away)
    await desk.run()
    assert state(desk, row) == ("queued", False, 1)


# --- rate ------------------------------------------------------------------------------------------------------------


async def test_an_account_keeps_its_rate(make_desk: Callable[..., Desk], paper: Paper) -> None:
    desk = make_desk((paper,), rates={("harif", "telegram"): 20.0})
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(Person(desk, str(number)).say("السلام عليكم") for number in range(30)))
    await desk.settle()
    assert len(paper.sent) == 30
    # Twenty at once, ten more at twenty a second: a lower bound, however slow the machine is.
    assert asyncio.get_running_loop().time() - started >= 0.45


def test_a_rate_below_one_a_second_still_lets_one_go() -> None:
    rate = Rate(0.33)
    assert rate.wait() == 0
    assert 2 < rate.wait() < 3.1


def test_notices_wait_while_replies_do() -> None:
    rate = Rate(10)
    rate.live = 1
    assert rate.wait(live=False) > 0
    assert rate.wait(live=True) == 0
    rate.live = 0
    assert rate.wait(live=False) == 0


async def test_a_live_reply_overtakes_many_notices(make_desk: Callable[..., Desk], paper: Paper) -> None:
    desk = make_desk((paper,), rates={("harif", "telegram"): 25.0})
    people = [Person(desk, str(7000 + number)) for number in range(40)]
    await asyncio.gather(*(person.say("السلام عليكم") for person in people))
    paper.sent.clear()
    for person in people:
        queue(desk, person.handle, "إشعار")
    await desk.delivery.leftovers()
    await people[0].say("السلام عليكم")
    order = [one.text == "إشعار" for one in paper.sent]
    assert len(order) >= 41
    assert order.index(False) < 35


async def test_one_address_is_not_flooded_while_others_go_on(make_desk: Callable[..., Desk], paper: Paper) -> None:
    desk = make_desk((paper,), chat_rates={"telegram": 5.0})
    person, other = Person(desk, "8001"), Person(desk, "8002")
    await person.say("السلام عليكم")
    await other.say("السلام عليكم")
    paper.sent.clear()
    for _ in range(6):
        queue(desk, person.handle, "إشعار")
    queue(desk, other.handle, "لغيره")
    started = asyncio.get_running_loop().time()
    await desk.delivery.leftovers()
    await desk.settle()
    # A fifth of a second each: what is left of the burst is the dialogue's. A lower bound.
    assert len(paper.sent) == 7
    assert asyncio.get_running_loop().time() - started >= 0.8
    assert [one.text for one in paper.sent].index("لغيره") < 2


def test_a_turn_that_the_account_refuses_costs_the_address_nothing() -> None:
    chats, account = Chats({"telegram": 1}), Rate(10)
    account.hold(5)
    for _ in range(30):
        assert chats.turn("harif", "telegram", "1", account, live=True) > 1
    account.held_until = 0.0
    assert [chats.turn("harif", "telegram", "1", account, live=True) for _ in range(10)] == [0.0] * 10


def test_in_no_second_more_leave_than_an_account_may_send(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("bot.rate.time.monotonic", lambda: now[0])
    rate, left = Rate(30), []
    for tick in range(10_000):
        now[0] = 100.0 + tick / 1000
        live = tick % 97 < 3
        if not rate.wait(live):
            left.append(now[0])
    assert max(sum(at <= one < at + 1 for one in left) for at in left) == 30
    assert len(left) >= 10 * 30 * 0.98


def test_notices_leave_room_for_replies_of_other_processes_before_these_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("bot.rate.time.monotonic", lambda: now[0])
    rate, left, unseen = Rate(30), [], 1
    for tick in range(20_000):
        now[0] = 100.0 + tick / 1000
        if tick % 700 in (0, 90):
            left.append(now[0])
            unseen += 1
        if tick % 500 == 0:
            rate.left_elsewhere(unseen)
            unseen = 0
        if not rate.wait(live=False):
            left.append(now[0])
    assert max(sum(at <= one < at + 1 for one in left) for at in left) <= 30
    assert len(left) >= 20 * 30 * 0.9


def test_notices_leave_evenly_and_a_rest_makes_no_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("bot.rate.time.monotonic", lambda: now[0])
    rate = Rate(10)
    assert rate.wait(live=False) == 0
    now[0] += 60
    assert [rate.wait(live=False) == 0 for _ in range(4)] == [True, True, False, False]
    assert [rate.wait(live=True) == 0 for _ in range(8)] == [True] * 8


async def test_what_the_provider_says_became_of_a_message_is_counted_once_by_its_state(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk((Paper("harif", "whatsapp"),))
    noura = Person(desk, "+966500000007", "whatsapp")
    await noura.say("السلام عليكم")
    row = desk.out("+966500000007", "whatsapp")[-1].id

    def counted(state: str) -> float:
        return float(metrics.reported.labels("harif", "whatsapp", state)._value.get())

    before = {state: counted(state) for state in ("delivered", "read")}
    told: tuple[Status, ...] = ("delivered", "read", "delivered", "read")
    for number, status in enumerate(told):
        report = StatusReport(key=f"s{number}", status=status, row=row if number < 2 else None, provider_id=f"SM{row}")
        await desk.intake.take("harif", "whatsapp", [report])
        await desk.settle()
    assert {state: counted(state) - before[state] for state in before} == {"delivered": 1, "read": 1}
