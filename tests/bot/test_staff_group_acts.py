"""What staff do in a topic."""

import asyncio
from typing import Any

import pytest

from bot.channels.contract import StatusReport
from conversations import staffed
from storage import notes, staff
from storage.vault import Vault
from tests.bot.desk import Person
from tests.bot.forum import (
    OTHER,
    USER,
    Failure,
    Forum,
    Line,
    in_topic,
    number_of,
    open_topic,
    told_to,
)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""Both databases are tried by test_staff_group_topics."""

# --- what staff do there ---------------------------------------------------------------------------------------------


async def test_what_a_worker_writes_in_the_topic_reaches_the_person_and_takes_the_conversation(
    line: Line, forum: Forum
) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "أهلًا بكم، معكم سارة")
    await line.rest()
    assert "أهلًا بكم، معكم سارة" in told_to(forum, 7001)[-1]
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
    assert sum("مرة واحدة" in text for text in told_to(forum, 7001)) == 1


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
    told = told_to(forum, 7001)
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
    told = len(told_to(forum, 7001))
    await line.writes(USER, number, "/done")
    await line.rest()
    assert len(told_to(forum, 7001)) == told
    assert "المساعد الآلي" in forum.topics[number].said[-1]


async def test_a_note_is_kept_and_never_sent(line: Line, forum: Forum, vault: Vault) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    told = len(told_to(forum, 7001))
    await line.writes(USER, number, "/note اتصلنا بهم\nولم يردّوا")
    await line.writes(USER, number, "/note")
    await line.rest()
    conversation = line.desk.id_of(person.handle)
    (note,) = line.desk.ask(lambda c: notes.about(c, vault, "harif", conversation=conversation))
    assert (note.text, note.staff) == ("اتصلنا بهم\nولم يردّوا", worker)
    assert len(told_to(forum, 7001)) == told
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
    told = len(told_to(forum, 7001))
    await line.writes(USER, number, "/close")
    await line.rest()
    assert len(told_to(forum, 7001)) == told
    assert "/take" in forum.topics[number].said[-1]


async def test_an_edited_message_is_not_sent_again_and_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    await line.writes(USER, number, "الموعد الأحد")
    await line.update(edited_message=in_topic(USER, number, text="الموعد الاثنين", edit_date=1_800_000_000))
    await line.rest()
    assert not any("الاثنين" in text for text in told_to(forum, 7001))
    assert "التعديل" in forum.topics[number].said[-1]


async def test_what_is_no_message_in_a_topic_does_nothing(line: Line, forum: Forum) -> None:
    await line.staffed()
    _, number = await open_topic(line, forum)
    said = len(forum.topics[number].said)
    what: dict[str, Any]
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


async def test_a_reply_that_cannot_wait_beside_all_that_does_is_refused_and_the_topic_says_so(
    line: Line, forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staffed, "MOST_KEPT", 2)
    await line.staffed()
    person = Person(line.desk, "+966500000001", "whatsapp")
    await person.say("السلام عليكم", "ابغى موظف")
    await line.rest()
    number = number_of(forum)
    line.later(hours=30)
    for text in ("الأول", "الثاني", "الثالث"):
        await line.writes(USER, number, text)
        await line.rest()
    assert [one["text"] for one in person.where.kept] == ["الأول", "الثاني"]
    assert "لم تُحفظ رسالتكم" in forum.topics[number].said[-1]


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
