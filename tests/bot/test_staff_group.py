"""The staff's Telegram group, against a stand-in that holds every call against the official specification."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.channels.contract import StatusReport
from bot.desk.words import DeskWords
from conversations.association.association import Association
from conversations.events import Media
from storage import alarms, files, notes, schema, staff, topics
from storage.database import Database
from storage.excluded import Excluded
from storage.excluded import add as exclude
from storage.vault import Vault
from tests.bot.desk import PDF, Person
from tests.bot.forum import CHAT, ICONS, Failure, Forum, Line, forum_at_work, in_topic, waits

OGG = b"OggS\x00\x02" + b"\x00" * 20 + b"\x01\x13OpusHead\x01" + b"\x00" * 40
USER, OTHER = 501, 502
"""Telegram accounts of two workers."""


@pytest.fixture
async def forum() -> AsyncIterator[Forum]:
    async with forum_at_work() as there:
        yield there


@pytest.fixture
async def make_line(
    forum: Forum, database: Database, vault: Vault, associations: dict[str, Association], tmp_path: Path
) -> AsyncIterator[Callable[..., Line]]:
    lines: list[Line] = []

    def make(**more: Any) -> Line:
        line = Line(forum, database, vault, associations, tmp_path, **more)
        lines.append(line)
        return line

    yield make
    for line in lines:
        await line.close()


@pytest.fixture
def line(make_line: Callable[..., Line]) -> Line:
    return make_line()


def number_of(forum: Forum) -> int:
    (number,) = forum.topics
    return number


async def open_topic(line: Line, forum: Forum, handle: str = "7001") -> tuple[Person, int]:
    """Somebody waits, and their topic stands."""
    before = set(forum.topics)
    person = await waits(line, handle)
    await line.rest()
    (number,) = set(forum.topics) - before
    return person, number


def set_conversation(line: Line, conversation: int, **values: Any) -> None:
    c = schema.conversations.c
    line.desk.do(lambda connection: connection.execute(
        update(schema.conversations).where(c.association == "harif", c.id == conversation).values(**values)
    ))  # fmt: skip


# --- a topic for each conversation that waits ------------------------------------------------------------------------


async def test_who_asks_for_a_person_has_a_topic_with_what_was_written(line: Line, forum: Forum) -> None:
    person = await waits(line)
    await line.rest()
    topic = forum.only
    card = topic.said[0]
    assert "ابغى موظف" in card
    assert DeskWords("ar")("handoff.asked") in card, "why they wait"
    assert f"/desk/harif/conversation/{line.desk.id_of(person.handle)}" in card
    assert "بانتظار" in topic.name
    assert topic.icon == ICONS["❗️"]
    assert len(topic.said) == 1


async def test_who_has_not_asked_for_a_person_has_none(line: Line, forum: Forum) -> None:
    await Person(line.desk, "7001").say("السلام عليكم")
    await line.rest(10)
    assert not forum.calls


async def test_a_burst_makes_one_topic(line: Line, forum: Forum) -> None:
    person = Person(line.desk, "7001")
    await person.say("السلام عليكم", "ابغى موظف")
    await asyncio.gather(*(person.say(f"كلام {number}", "ابغى موظف") for number in range(12)))
    await asyncio.gather(line.run(), line.run(), line.run())
    await line.rest()
    assert len(forum.topics) == 1
    assert len(forum.counted("createForumTopic")) == 1


async def test_two_processes_make_one_topic(make_line: Callable[..., Line], forum: Forum) -> None:
    one, two = make_line(me="one"), make_line(me="two")
    for handle in ("7001", "7002", "7003"):
        await waits(one, handle)
    for _ in range(60):
        await asyncio.gather(one.room.run(), two.room.run())
        one.later(seconds=1)
        two.later(seconds=1)
    assert len(forum.topics) == 3
    assert all(len(topic.said) == 1 for topic in forum.topics.values())
    assert forum.busiest_minute() <= 20


async def test_another_process_goes_on_where_one_died(make_line: Callable[..., Line], forum: Forum) -> None:
    one = make_line(me="one")
    person, number = await open_topic(one, forum)
    await person.say("ما زلت أنتظر")
    two = make_line(me="two", now=one.desk.now)
    await two.rest(20)  # the lease of the first runs out
    assert "ما زلت أنتظر" in forum.topics[number].said[-1]


async def test_what_is_written_on_is_mirrored_once(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    await person.say("عندي سؤال عن الطلب")
    await line.rest()
    await line.rest(10)
    told = "\n".join(forum.topics[number].said)
    assert told.count("عندي سؤال عن الطلب") == 1


async def test_what_a_worker_says_at_the_desk_is_mirrored_under_their_name(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    worker = line.hire("سارة العتيبي")
    await line.says(worker, line.desk.id_of(person.handle), "أهلًا بكم، كيف نخدمكم؟")
    await line.rest()
    told = forum.topics[number].said[-1]
    assert "سارة العتيبي" in told
    assert "كيف نخدمكم" in told


# --- when it goes wrong ----------------------------------------------------------------------------------------------


async def test_a_deleted_topic_is_made_again_when_there_is_something_to_show(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    del forum.topics[number]
    await line.rest(5)
    assert not forum.topics, "nothing new, nothing to show"
    await person.say("هل من أحد؟")
    await line.rest()
    assert number_of(forum) != number
    assert "هل من أحد؟" in forum.only.said[0]
    await person.say("وما زلت هنا")
    await line.rest()
    assert "وما زلت هنا" in forum.only.said[-1]


async def test_killed_before_telegram_was_asked_it_is_made_later(line: Line, forum: Forum) -> None:
    person = await waits(line)
    topic = topics.Topic("harif", line.desk.id_of(person.handle), str(CHAT))
    assert line.desk.do(topics.begin_making, topic, line.now, line.now + 60_000)
    await line.tick(50)
    assert not forum.topics, "somebody may be at it"
    await line.rest()
    assert len(forum.topics) == 1


async def test_killed_after_telegram_made_it_one_empty_topic_is_left_and_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    await waits(line)
    forum.fail("createForumTopic", Failure(drop=True, did=True))
    await line.rest(70)
    assert len(forum.topics) == 2
    orphan, real = sorted(forum.topics)
    assert not forum.topics[orphan].said, "nobody's words stand in it"
    assert forum.topics[real].said
    await line.writes(USER, orphan, "أهلًا، كيف نخدمكم؟")
    assert "مكرر" in forum.topics[orphan].said[-1]
    assert forum.topics[orphan].closed
    assert not any("كيف نخدمكم" in told for told in forum_private(forum, 7001))


def forum_private(forum: Forum, chat: int) -> list[str]:
    return [text for to, text in forum.private if to == chat]


async def test_a_message_that_may_have_arrived_is_sent_once_more_marked(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    forum.fail("sendMessage", Failure(drop=True, did=True), Failure(drop=True, did=True))
    await person.say("كلام لا يضيع")
    await line.rest(200)
    told = [text for text in forum.topics[number].said if "كلام لا يضيع" in text or "على المكتب" in text]
    assert len(told) == 2
    assert "وصلت من قبل" in told[1]
    assert "وصلت من قبل" not in told[0]


async def test_a_429_holds_the_group_and_loses_nothing(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    forum.fail("sendMessage", Failure(429, "Too Many Requests: retry after 20", after=20))
    await person.say("كلام بعد الزحام")
    await line.run()
    before = len(forum.calls)
    await line.tick(15)
    assert len(forum.calls) == before
    await line.rest(10)
    assert "كلام بعد الزحام" in forum.topics[number].said[-1]
    assert line.desk.ask(lambda c: topics_account(c).not_before) > 0


def topics_account(connection: Any) -> Any:
    from storage import accounts

    return accounts.load(connection)["harif", "telegram.group"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Bad Request: not enough rights to create a topic"),
        (403, "Forbidden: bot was kicked from the supergroup chat"),
        (400, "Bad Request: the chat is not a forum"),
    ],
)
async def test_a_group_the_bot_cannot_work_in_alarms_and_is_tried_again(
    line: Line, forum: Forum, status: int, words: str
) -> None:
    forum.fail("createForumTopic", Failure(status, words))
    await waits(line)
    await line.run()
    assert {one.code for one in line.desk.ask(alarms.waiting)} == {"staff_group_lost"}
    line.later(seconds=295)
    await line.tick(3)
    assert len(forum.calls) == 1
    await line.tick(10)
    assert forum.only.said


async def test_a_paused_account_says_nothing_in_the_group(make_line: Callable[..., Line], forum: Forum) -> None:
    line = make_line()
    await waits(line)
    line.desk.switch = lambda association, channel, handle: "paused" if handle == str(CHAT) else ""
    await line.tick(5)
    assert not forum.calls
    line.desk.switch = lambda *_: ""
    await line.rest()
    assert forum.only.said


# --- pace ------------------------------------------------------------------------------------------------------------


async def test_never_more_than_twenty_calls_in_a_minute(line: Line, forum: Forum) -> None:
    people = [await waits(line, str(7000 + number)) for number in range(9)]
    for _ in range(3):
        await asyncio.gather(*(person.say("كلام آخر") for person in people))
        await line.tick(20)
    await line.rest()
    assert len(forum.topics) == 9
    assert 15 <= forum.busiest_minute() <= 20


async def test_lines_of_a_topic_are_joined_into_one_message(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    await person.say("أولًا", "ثانيًا", "ثالثًا")
    await line.rest()
    told = forum.topics[number].said
    assert len(told) == 2
    assert [told[1].index(words) for words in ("أولًا", "ثانيًا", "ثالثًا")] == sorted(
        told[1].index(words) for words in ("أولًا", "ثانيًا", "ثالثًا")
    )


async def test_what_is_longer_than_a_message_goes_in_several(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    await person.say(*(f"{mark} " + "😀كلام " * 300 for mark in ("أ", "ب", "ج", "د")))
    await line.rest()
    told = forum.topics[number].said[1:]
    assert len(told) >= 2
    assert all(len(text.encode("utf-16-le")) // 2 <= 4096 for text in told)
    assert all(any(f"{mark} " in text for text in told) for mark in ("أ", "ب", "ج", "د"))


async def test_hand_overs_go_before_everything_else_and_the_urgent_one_first(line: Line, forum: Forum) -> None:
    person, _ = await open_topic(line, forum)
    line.later(seconds=60)
    await person.say("كلام ينتظر")
    await waits(line, "7002")
    await Person(line.desk, "7003").say("السلام عليكم", "عاجل")
    await line.rest()
    order = [method for method, _ in forum.calls[2:]]
    assert order[:4] == ["createForumTopic", "sendMessage", "createForumTopic", "sendMessage"]
    names = [topic.name for topic in forum.topics.values()]
    assert "عاجل" in names[1]
    assert "عاجل" not in names[2]


async def test_what_is_more_than_a_minute_late_becomes_a_link_to_the_desk(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    await person.say("أول الكلام", "وسطه", "آخره")
    line.later(seconds=90)
    await line.rest()
    told = forum.topics[number].said[-1]
    assert "٣ رسائل" in told
    assert f"/desk/harif/conversation/{line.desk.id_of(person.handle)}" in told
    assert "وسطه" not in told
    await person.say("وبعده")
    await line.rest()
    assert "وبعده" in forum.topics[number].said[-1]


# --- icon, name, state -----------------------------------------------------------------------------------------------


async def test_name_and_icon_show_who_holds_it(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    topic = forum.topics[number]
    await line.writes(USER, number, "/take")
    await line.rest()
    assert "مع سارة" in topic.name
    assert topic.icon == ICONS["💬"]
    await line.writes(USER, number, "/done")
    await line.rest()
    assert "انتهت" in topic.name
    assert topic.icon == ICONS["✅"]
    assert topic.closed
    edits = len(forum.counted("editForumTopic"))
    await line.rest(30)
    assert len(forum.counted("editForumTopic")) == edits == 2, "only what changed is said"


async def test_urgent_shows_in_name_icon_and_colour(line: Line, forum: Forum) -> None:
    await Person(line.desk, "7001").say("السلام عليكم", "عاجل")
    await line.rest()
    assert "عاجل" in forum.only.name
    assert forum.only.icon == ICONS["🔥"]
    assert forum.only.colour == 16478047


async def test_who_waits_again_has_the_same_topic_open_again(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "/done")
    await line.rest()
    assert forum.topics[number].closed
    await person.say("كلام مع المساعد")
    await line.rest(5)
    assert "كلام مع المساعد" not in "\n".join(forum.topics[number].said), "nobody waits: it is the assistant's"
    await person.say("ابغى موظف")
    await line.rest()
    assert list(forum.topics) == [number]
    assert not forum.topics[number].closed
    assert "بانتظار" in forum.topics[number].name
    assert "ابغى موظف" in forum.topics[number].said[-1]


async def test_what_was_written_until_it_was_done_is_there_before_it_closes(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    await line.says(worker, line.desk.id_of(person.handle), "تمّ، في أمان الله")
    await line.writes(USER, number, "/done")
    await line.rest()
    assert any("في أمان الله" in text for text in forum.topics[number].said)
    assert forum.topics[number].closed


# --- what staff do there ---------------------------------------------------------------------------------------------


async def test_what_a_worker_writes_in_the_topic_reaches_the_person_and_takes_the_conversation(
    line: Line, forum: Forum
) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "أهلًا بكم، معكم سارة")
    await line.rest()
    assert "أهلًا بكم، معكم سارة" in forum_private(forum, 7001)[-1]
    assert person.where.holder == f"staff:{worker}"
    assert not any("معكم سارة" in text for text in forum.topics[number].said), "it stands there already"
    await person.say("شكرًا لكم")
    await line.rest()
    assert "شكرًا لكم" in forum.topics[number].said[-1]
    (act,) = [row for row in line.desk.rows("audit") if row.act == "reply"]
    assert (act.who, act.detail) == (f"staff:{worker}", "group")


async def test_the_same_update_twice_is_one_reply(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    for _ in range(3):
        await line.update(number=77, message=in_topic(USER, number, text="مرة واحدة"))
    assert sum("مرة واحدة" in text for text in forum_private(forum, 7001)) == 1


async def test_take_takes_it_and_done_gives_it_back(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "/take@wasl_test_bot")
    await line.rest()
    assert person.where.holder == f"staff:{worker}"
    assert "سارة" in forum.topics[number].said[-1]
    await line.writes(USER, number, "/done")
    await line.rest()
    assert person.where.holder == "bot"
    assert all(row.done_at for row in line.desk.rows("handoffs"))


async def test_who_works_in_the_group_is_present(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    _, number = await open_topic(line, forum)
    line.later(hours=1)
    await line.writes(USER, number, "/take")
    member = line.desk.ask(staff.member_of, "harif", worker)
    assert member.seen_at == line.now


async def test_closing_the_topic_is_done_too(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    forum.topics[number].closed = True
    await line.writes(USER, number, forum_topic_closed={})
    await line.rest()
    assert person.where.holder == "bot"
    assert forum.topics[number].closed


async def test_a_topic_closed_by_somebody_without_an_account_opens_again(line: Line, forum: Forum) -> None:
    _, number = await open_topic(line, forum)
    forum.topics[number].closed = True
    await line.writes(999, number, forum_topic_closed={})
    await line.rest()
    assert not forum.topics[number].closed


async def test_two_workers_cannot_answer_over_each_other(line: Line, forum: Forum) -> None:
    worker, second = await line.staffed(), await line.staffed("نوف القحطاني", OTHER)
    person, number = await open_topic(line, forum)
    await asyncio.gather(
        line.writes(USER, number, "جوابي هو نعم"),
        line.writes(OTHER, number, "جوابي هو لا"),
    )
    await line.rest()
    told = forum_private(forum, 7001)
    assert sum("جوابي" in text for text in told) == 1
    holder = person.where.holder
    assert holder in (f"staff:{worker}", f"staff:{second}")
    late = OTHER if holder == f"staff:{worker}" else USER
    assert "لم يُرسل" in forum.topics[number].said[-1]
    await line.writes(late, number, "/take")
    await line.rest()
    assert "/take over" in forum.topics[number].said[-1]
    assert person.where.holder == holder
    await line.writes(late, number, "/take over")
    await line.rest()
    assert person.where.holder not in (holder, "queue", "bot")


async def test_who_does_not_hold_it_cannot_end_it(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    await line.staffed("نوف القحطاني", OTHER)
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "/take")
    await line.writes(OTHER, number, "/done")
    await line.rest()
    assert person.where.holder == f"staff:{worker}"
    assert "سارة" in forum.topics[number].said[-1]


async def test_done_where_nobody_waits_says_so_and_tells_the_person_nothing(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    await line.writes(USER, number, "/done")
    await line.rest()
    told = len(forum_private(forum, 7001))
    await line.writes(USER, number, "/done")
    await line.rest()
    assert len(forum_private(forum, 7001)) == told
    assert "المساعد الآلي" in forum.topics[number].said[-1]


async def test_a_note_is_kept_and_never_sent(line: Line, forum: Forum, vault: Vault) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    told = len(forum_private(forum, 7001))
    await line.writes(USER, number, "/note اتصلنا بهم\nولم يردّوا")
    await line.writes(USER, number, "/note")
    await line.rest()
    conversation = line.desk.id_of(person.handle)
    (note,) = line.desk.ask(lambda c: notes.about(c, vault, "harif", conversation=conversation))
    assert (note.text, note.staff) == ("اتصلنا بهم\nولم يردّوا", worker)
    assert len(forum_private(forum, 7001)) == told
    assert "حُفظت" in forum.topics[number].said[-1]
    assert "/note اتصلنا" in forum.topics[number].said[-1], "an empty one shows how"


async def test_case_shows_open_cases_that_all_who_receive_people_may_see(line: Line, forum: Forum) -> None:
    await line.staffed()
    person = Person(line.desk, "7001")
    await person.say("السلام عليكم")
    reference = await person.apply()
    complaint = await person.complain()
    await person.say("ابغى موظف")
    await line.rest()
    number = number_of(forum)
    await line.writes(USER, number, "/case")
    await line.rest()
    told = forum.topics[number].said[-1]
    assert reference in told
    assert complaint not in told, "complaints are heard by others"
    assert [row.detail for row in line.desk.rows("audit") if row.act == "view"] == ["group_cases"]


async def test_case_without_any_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    await line.writes(USER, number, "/case")
    await line.rest()
    assert "لا طلبات" in forum.topics[number].said[-1]


async def test_an_unknown_command_is_not_sent_to_the_person(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    told = len(forum_private(forum, 7001))
    await line.writes(USER, number, "/close")
    await line.rest()
    assert len(forum_private(forum, 7001)) == told
    assert "/take" in forum.topics[number].said[-1]


async def test_an_edited_message_is_not_sent_again_and_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    await line.writes(USER, number, "الموعد الأحد")
    await line.update(edited_message=in_topic(USER, number, text="الموعد الاثنين", edit_date=1_800_000_000))
    await line.rest()
    assert not any("الاثنين" in text for text in forum_private(forum, 7001))
    assert "التعديل" in forum.topics[number].said[-1]


async def test_what_is_no_message_in_a_topic_does_nothing(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    said = len(forum.topics[number].said)
    for what in ({"forum_topic_edited": {"name": "x"}}, {"pinned_message": {}}, {"forum_topic_reopened": {}}):
        await line.writes(USER, number, **what)
    general = in_topic(USER, 1, text="صباح الخير يا زملاء")
    await line.update(message={**general, "is_topic_message": False})
    await line.writes(USER, 999_999, "في موضوع آخر", reply_to_message=None)
    await line.rest(3)
    assert len(forum.topics[number].said) == said
    assert not any("صباح الخير" in text for _, text in forum.private)


async def test_a_place_or_a_sticker_is_not_passed_on_and_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    await line.writes(USER, number, location={"latitude": 1.0, "longitude": 2.0})
    await line.writes(USER, number, sticker={"file_id": "s1"})
    await line.rest()
    assert forum.topics[number].said[-1].count("هذا النوع") == 2


async def test_past_whatsapps_window_a_reply_is_kept_and_the_topic_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    person = Person(line.desk, "+966500000001", "whatsapp")
    await person.say("السلام عليكم", "ابغى موظف")
    await line.rest()
    number = number_of(forum)
    line.later(hours=30)
    sent = len(line.whatsapp.sent)
    await line.writes(USER, number, "عذرًا على التأخر")
    await line.rest()
    assert len(line.whatsapp.sent) == sent
    assert "محفوظة" in forum.topics[number].said[-1]
    await person.say("هلا")
    assert any("عذرًا على التأخر" in one.text for one in line.whatsapp.sent[sent:])


async def test_a_reply_that_did_not_arrive_says_so_in_the_topic(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    forum.fail("private sendMessage", Failure(403, "Forbidden: bot was blocked by the user"))
    await line.writes(USER, number, "أهلًا بكم")
    await line.rest()
    assert "لم يصل رد سارة" in forum.topics[number].said[-1]


async def test_a_reply_that_its_provider_gives_up_later_is_told_in_the_topic(line: Line, forum: Forum) -> None:
    await line.staffed()
    person = Person(line.desk, "+966500000001", "whatsapp")
    await person.say("السلام عليكم", "ابغى موظف")
    await line.rest()
    number = number_of(forum)
    await line.writes(USER, number, "أهلًا بكم")
    await line.rest()
    row = next(one.row for one in line.whatsapp.sent if "أهلًا بكم" in one.text)
    report = StatusReport(key="late", status="failed", row=row, code="63024")
    await line.desk.intake.take("harif", "whatsapp", [report])
    (committed,) = [one for one in line.desk.committed if one.refused]
    line.room.refused(committed.refused)
    await asyncio.gather(*line.room._answers)
    await line.rest()
    assert "لم يصل رد سارة" in forum.topics[number].said[-1]


# --- who may act -----------------------------------------------------------------------------------------------------


async def test_who_is_not_bound_is_told_once_how_and_nothing_is_done(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    told = len(forum_private(forum, 7001))
    for text in ("أهلًا بكم", "/take", "/done", "/note سرّ", "/case"):
        await line.writes(USER, number, text)
    await line.writes(USER, number, document={"file_id": "f1", "file_name": "a.pdf"})
    await line.files()
    await line.rest()
    answers = forum.topics[number].said[1:]
    assert len(answers) == 1
    assert answers[0].count("اربطوه") == 1
    assert "/desk/harif/account" in answers[0]
    assert len(forum_private(forum, 7001)) == told
    assert person.where.holder == "queue"
    assert not line.desk.rows("notes")
    line.later(minutes=11)
    await line.writes(USER, number, "وأنا ما زلت هنا")
    await line.rest()
    assert "اربطوه" in forum.topics[number].said[-1]


async def test_the_code_binds_once_and_reaches_no_transcript(line: Line, forum: Forum, vault: Vault) -> None:
    worker = line.hire("سارة العتيبي")
    invitation = await line.room.invite(worker)
    assert invitation.links == {"harif": f"https://t.me/wasl_test_bot?start=staff-{invitation.code}"}
    await line.start(f"staff-{invitation.code}", USER)
    found = line.desk.ask(lambda c: staff.by_telegram(c, vault, USER))
    assert found.id == worker
    assert "سارة" in forum_private(forum, USER)[-1]
    await line.start(f"staff-{invitation.code}", OTHER)
    assert "انتهى" in forum_private(forum, OTHER)[-1]
    assert line.desk.ask(lambda c: staff.by_telegram(c, vault, OTHER)) is None
    assert not line.desk.rows("conversations")
    assert not line.desk.rows("messages")
    assert invitation.code.encode() not in b"".join(row.digest for row in line.desk.rows("codes"))


async def test_a_code_is_over_after_ten_minutes_and_when_a_new_one_is_made(
    line: Line, forum: Forum, vault: Vault
) -> None:
    worker = line.hire("سارة العتيبي")
    first = await line.room.invite(worker)
    second = await line.room.invite(worker)
    await line.start(f"staff-{first.code}", USER)
    line.later(minutes=11)
    await line.start(f"staff-{second.code}", USER)
    assert line.desk.ask(lambda c: staff.by_telegram(c, vault, USER)) is None
    assert all("انتهى" in text for text in forum_private(forum, USER))


async def test_a_telegram_account_is_one_workers_alone(line: Line, forum: Forum, vault: Vault) -> None:
    await line.staffed()
    second = await line.staffed("نوف القحطاني", USER)
    assert line.desk.ask(lambda c: staff.by_telegram(c, vault, USER)).id == second


async def test_a_worker_of_another_association_is_nobody_here(line: Line, forum: Forum) -> None:
    await line.staffed("غريب", USER, association="ruhama")
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "/take")
    await line.rest()
    assert person.where.holder == "queue"
    assert "اربطوه" in forum.topics[number].said[-1]


@pytest.mark.parametrize(
    ("more", "words"),
    [({"role": "auditor"}, "دوركم"), ({"signs": False}, "وقّعوا السياسة")],
    ids=["without the right to answer", "without having signed the policy"],
)
async def test_who_may_not_answer_is_told_why(line: Line, forum: Forum, more: dict[str, Any], words: str) -> None:
    worker = line.hire("سارة العتيبي", **more)
    await line.bind(worker, USER)
    person, number = await open_topic(line, forum)
    told = len(forum_private(forum, 7001))
    await line.writes(USER, number, "أهلًا بكم")
    await line.rest()
    assert words in forum.topics[number].said[-1]
    assert len(forum_private(forum, 7001)) == told
    assert person.where.holder == "queue"
    assert [row.who for row in line.desk.rows("audit") if row.act == "refused"] == [f"staff:{worker}"]


async def test_whose_access_ended_can_do_nothing_any_more(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    line.desk.do(lambda c: staff.join(c, staff.Member("harif", worker, ended_at=line.now), line.now))
    await line.writes(USER, number, "/take")
    await line.rest()
    assert person.where.holder == "queue"


async def test_who_writes_as_the_group_itself_is_told(line: Line, forum: Forum) -> None:
    _, number = await open_topic(line, forum)
    await line.update(message=in_topic(1087968824, number, text="أهلًا", **{"from": {"id": 1087968824, "is_bot": True}}))
    await line.rest()
    assert "باسم المجموعة" in forum.topics[number].said[-1]


async def test_another_group_is_nobodys(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    stray = in_topic(USER, number, text="أهلًا")
    await line.update(message={**stray, "chat": {"id": -100999, "type": "supergroup"}})
    assert len(line.desk.rows("conversations")) == 1
    assert not any(text == "أهلًا" for _, text in forum.private)


async def test_thrown_out_of_the_group_alarms(line: Line, forum: Forum) -> None:
    chat = {"id": CHAT, "type": "supergroup"}
    await line.update(my_chat_member={"chat": chat, "new_chat_member": {"status": "administrator"}})
    assert not line.desk.rows("alarms")
    await line.update(my_chat_member={"chat": chat, "new_chat_member": {"status": "left"}})
    assert [row.code for row in line.desk.rows("alarms")] == ["staff_group_lost"]


# --- what never reaches the group ------------------------------------------------------------------------------------


async def test_what_is_restricted_never_reaches_the_group(line: Line, forum: Forum) -> None:
    await Person(line.desk, "7001").say("السلام عليكم", "ابوي يضربني")
    assert any(row.restricted for row in line.desk.rows("handoffs"))
    await line.rest(5)
    assert not forum.calls


async def test_who_asks_for_a_woman_never_reaches_the_group(line: Line, forum: Forum) -> None:
    await Person(line.desk, "7001").say("السلام عليكم", "ابغى موظفة")
    assert any(row.women_only for row in line.desk.rows("handoffs"))
    await line.rest(5)
    assert not forum.calls


async def test_what_becomes_confidential_is_taken_out_at_once(line: Line, forum: Forum) -> None:
    person, _ = await open_topic(line, forum)
    await person.say("كلام عادي")
    await person.say("ابوي يضربني")
    await line.rest(5)
    assert not forum.topics, "with all that stood in it"
    assert all("يضربني" not in text for text in forum_said(forum))


def forum_said(forum: Forum) -> list[str]:
    return [text for topic in forum.topics.values() for text in topic.said]


async def test_where_we_may_not_delete_it_is_closed_under_a_name_that_says_nothing(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    forum.may_delete = False
    said = [*forum.topics[number].said]
    await person.say("ابغى موظفة")
    await line.rest(5)
    assert forum.topics[number].closed
    assert forum.topics[number].name == "نُقلت إلى المكتب"
    assert forum.topics[number].said == said
    assert "staff_group_not_deleted" in {row.code for row in line.desk.rows("alarms")}


async def test_what_became_confidential_while_it_was_read_is_not_sent(
    line: Line, forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, number = await open_topic(line, forum)
    conversation = line.desk.id_of(person.handle)
    await person.say("كلام قبل السرّ")
    turn = line.room.mirror.turns.take

    async def meanwhile(*args: Any) -> Any:
        set_conversation(line, conversation, restricted=True)
        return await turn(*args)

    monkeypatch.setattr(line.room.mirror.turns, "take", meanwhile)
    before = forum.topics[number].said.copy()
    topic = forum.topics[number]
    await line.rest(3)
    assert topic.said == before


async def test_nothing_is_done_for_staff_in_a_conversation_that_became_confidential(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    set_conversation(line, line.desk.id_of(person.handle), women_only=True)
    told = len(forum_private(forum, 7001))
    await line.writes(USER, number, "أهلًا بكم")
    assert len(forum_private(forum, 7001)) == told


@pytest.mark.parametrize("subject", ["conversation", "case"])
async def test_what_a_worker_is_excluded_from_never_reaches_the_group(line: Line, forum: Forum, subject: str) -> None:
    worker = await line.staffed()
    person = Person(line.desk, "7001")
    await person.say("السلام عليكم")
    await person.apply()
    conversation = line.desk.id_of("7001")
    id = conversation if subject == "conversation" else line.desk.rows("cases", "id")[0][0]
    line.desk.do(exclude, "harif", [Excluded(f"{subject}:{id}", worker, "by_hand", 0, line.now)])
    await person.say("ابغى موظف")
    await line.rest(5)
    assert not forum.calls


async def test_a_handoff_about_a_complaint_does_not_reach_the_group(line: Line, forum: Forum) -> None:
    person = Person(line.desk, "7001")
    await person.say("السلام عليكم")
    reference = await person.complain()
    h = schema.handoffs.c
    await person.say("ابغى موظف")
    line.desk.do(
        lambda c: c.execute(update(schema.handoffs).where(h.association == "harif").values(reference=reference))
    )
    await line.rest(5)
    assert not forum.calls


async def test_a_blocked_address_does_not_reach_the_group(line: Line, forum: Forum) -> None:
    person, _ = await open_topic(line, forum)
    set_conversation(line, line.desk.id_of(person.handle), blocked="spam")
    await line.rest(3)
    assert not forum.topics


# --- what may be shown -----------------------------------------------------------------------------------------------


async def with_a_name(line: Line, forum: Forum) -> tuple[Person, int]:
    person = Person(line.desk, "7001")
    await person.say("السلام عليكم")
    await person.apply()
    await person.say("ابغى موظف")
    await line.rest()
    return person, number_of(forum)


async def test_full_shows_the_name_and_the_words(line: Line, forum: Forum) -> None:
    person, number = await with_a_name(line, forum)
    await person.say("جوالي 0512345678 وبريدي n@example.com")
    await line.rest()
    assert "نورة السالم" in forum.topics[number].name
    assert "0512345678" in forum.topics[number].said[-1]


async def test_masked_shows_first_names_and_masks_numbers_addresses_files_and_voice(
    make_line: Callable[..., Line], forum: Forum
) -> None:
    line = make_line(shows="masked")
    person, number = await with_a_name(line, forum)
    await person.say("أنا نورة السالم جوالي 0512345678 وبريدي n@example.com")
    await line.rest()
    topic = forum.topics[number]
    assert "نورة" in topic.name
    assert "السالم" not in topic.name
    everything = "\n".join(topic.said)
    for secret in ("السالم", "0512345678", "n@example.com"):
        assert secret not in everything
    assert "••••5678" in topic.said[-1]
    await sends_file(line, person, OGG, "voice")
    await line.rest()
    assert not topic.files
    assert "رسالة صوتية، على المكتب" in topic.said[-1]


async def test_link_shows_that_something_came_and_where_it_is(make_line: Callable[..., Line], forum: Forum) -> None:
    line = make_line(shows="link")
    person, number = await with_a_name(line, forum)
    await person.say("أولًا", "ثانيًا")
    await sends_file(line, person, PDF, "document")
    await line.rest()
    topic = forum.topics[number]
    assert "نورة" not in topic.name
    everything = "\n".join(topic.said)
    told = ("نورة", "أولًا", "ابغى موظف", DeskWords("ar")("handoff.asked"))
    assert not any(words in everything for words in told)
    assert "٣ رسائل جديدة" in topic.said[-1]
    assert f"/conversation/{line.desk.id_of('7001')}" in topic.said[-1]
    assert not topic.files
    await line.staffed()
    await line.writes(USER, number, "/case")
    await line.rest()
    assert "طلب مفتوح" in topic.said[-1]
    assert "HRF-" not in topic.said[-1]


async def test_no_link_of_ours_goes_into_the_group(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    await person.apply()
    await line.rest()
    everything = "\n".join(forum.topics[number].said)
    assert "/form/" not in everything
    assert everything.count("https://") == everything.count("https://wasl.example/desk/harif/conversation/")


async def test_without_a_public_address_the_desk_is_named_without_a_link(
    make_line: Callable[..., Line], forum: Forum
) -> None:
    line = make_line(public_url="")
    person, number = await open_topic(line, forum)
    await person.say("كلام")
    line.later(seconds=90)
    await line.rest()
    assert "المكتب" in forum.topics[number].said[-1]
    assert "http" not in "\n".join(forum.topics[number].said)


async def test_the_house_writes_in_the_groups_language(make_line: Callable[..., Line], forum: Forum) -> None:
    line = make_line(language="en")
    await waits(line)
    await line.rest()
    assert "waiting" in forum.only.name
    assert "A conversation waits for staff" in forum.only.said[0]


# --- files and voice -------------------------------------------------------------------------------------------------


async def sends_file(line: Line, person: Person, data: bytes, kind: Any, name: str = "", caption: str = "") -> None:
    """From the person, as their channel brings it."""
    source = f"p{len(line.forum.files)}"
    line.forum.files[source] = data
    event = Media(id="m", at=line.desk.now, file="theirs", kind=kind, name=name, caption=caption)
    await person.send(person.incoming(event, source=source))
    await line.files()


@pytest.mark.parametrize(
    ("data", "kind", "method"),
    [
        (OGG, "voice", "sendVoice"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "photo", "sendPhoto"),
        (PDF, "document", "sendDocument"),
    ],
)
async def test_files_and_voice_of_the_person_are_in_the_topic(
    line: Line, forum: Forum, data: bytes, kind: str, method: str
) -> None:
    person, number = await open_topic(line, forum)
    await person.say("انظروا")
    await sends_file(line, person, data, kind, caption="هذا هو")
    await person.say("وبعده كلام")
    await line.rest()
    topic = forum.topics[number]
    assert [(sent, bytes_) for sent, _, bytes_ in topic.files] == [(method, data)]
    assert "هذا هو" in topic.files[0][1]
    assert any("وبعده كلام" in text for text in topic.said)


async def test_a_file_that_is_not_fetched_yet_is_waited_for_and_then_named(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    event = Media(id="m", at=line.desk.now, file="theirs", kind="document")
    await person.send(person.incoming(event, source="away"))
    await person.say("وصل الملف؟")
    await line.tick(5)
    assert not any("وصل الملف؟" in text for text in forum.topics[number].said)
    line.later(seconds=70)
    await line.rest()
    assert "على المكتب" in forum.topics[number].said[-1]


async def test_a_file_the_group_does_not_take_is_named(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    forum.fail("sendDocument", Failure(400, "Bad Request: wrong file"))
    await sends_file(line, person, PDF, "document", caption="ورقة")
    await line.rest()
    assert "لم نستطع عرض الملف" in forum.topics[number].said[-1]
    assert "ورقة" in forum.topics[number].said[-1]


@pytest.mark.parametrize(
    ("what", "data", "kind"),
    [
        ({"voice": {"file_id": "v1", "file_size": 10}}, OGG, "ogg"),
        ({"document": {"file_id": "d1", "file_name": "نموذج.pdf"}}, PDF, "pdf"),
        ({"photo": [{"file_id": "s", "width": 90}, {"file_id": "l", "width": 900}]}, b"\xff\xd8\xff\xe0" * 9, "jpeg"),
    ],
)
async def test_files_and_voice_of_a_worker_reach_the_person(
    line: Line, forum: Forum, what: dict[str, Any], data: bytes, kind: str
) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    forum.files |= {"v1": data, "d1": data, "l": data}
    await line.writes(USER, number, caption="تفضلوا", **what)
    await line.files()
    (file,) = line.desk.rows("files")
    assert (file.state, file.kind, file.channel) == ("ready", kind, "telegram.group")
    assert line.desk.blobs.get("harif", file.id) == data
    says = [line.desk.intake.read_say(row.body) for row in line.desk.out(person.handle)]
    sent = next(say for say in says if say.file is not None)
    assert sent.file is not None
    assert sent.file.file == str(file.id)
    assert "تفضلوا" in sent.text
    assert sent.via == "group"
    await line.rest()
    assert not forum.topics[number].files, "it stands there already"


async def test_a_file_of_a_workers_that_cannot_be_had_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    forum.files["d1"] = b"MZ this is a program"
    await line.writes(USER, number, document={"file_id": "d1", "file_name": "برنامج.exe"})
    await line.files()
    await line.rest()
    assert "برنامج.exe" in forum.topics[number].said[-1]
    assert "لا نأخذه" in forum.topics[number].said[-1]
    assert person.where.holder == "queue"


async def test_whoever_lost_their_access_while_the_file_came_sends_nothing(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    forum.files["d1"] = PDF
    await line.writes(USER, number, document={"file_id": "d1", "file_name": "a.pdf"})
    line.desk.do(lambda c: staff.join(c, staff.Member("harif", worker, ended_at=line.now), line.now))
    await line.files()
    assert person.where.holder == "queue"
    assert not any(row.state == files.READY for row in line.desk.rows("files"))


async def test_what_is_erased_is_taken_out_of_the_group_too(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "/done")
    await line.rest()
    assert forum.topics[number].closed
    line.desk.do(topics.erase, "harif", line.desk.id_of(person.handle))
    await line.rest()
    assert not forum.topics
    await person.say("ابغى موظف")
    await line.rest()
    assert number_of(forum) != number
