"""Topics of the staff's group: made once, paced, and made again."""

import asyncio
from collections.abc import Callable

import pytest

from bot.desk.words import DeskWords
from bot.staff_group.turns import CHANNEL
from storage import accounts, alarms, topics
from tests.bot.desk import Person
from tests.bot.forum import (
    CHAT,
    ICONS,
    USER,
    Failure,
    Forum,
    Line,
    number_of,
    open_topic,
    told_to,
    waits,
)

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
    assert not any("كيف نخدمكم" in told for told in told_to(forum, 7001))


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
    assert line.desk.ask(lambda c: accounts.not_before(c, "harif", CHANNEL)) > 0


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
