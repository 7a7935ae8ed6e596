"""Who may act in a topic, and what never reaches the group."""

from typing import Any

import pytest
from sqlalchemy import update

from storage import schema, staff
from storage.excluded import Excluded
from storage.excluded import add as exclude
from storage.vault import Vault
from tests.bot.desk import Person
from tests.bot.forum import (
    CHAT,
    OTHER,
    USER,
    Forum,
    Line,
    in_topic,
    open_topic,
    told_to,
)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""Both databases are tried by test_staff_group_topics."""


def set_conversation(line: Line, conversation: int, **values: Any) -> None:
    c = schema.conversations.c
    one = (c.association == "harif") & (c.id == conversation)
    line.desk.do(lambda connection: connection.execute(update(schema.conversations).where(one).values(**values)))


# --- who may act -----------------------------------------------------------------------------------------------------


async def test_who_is_not_bound_is_told_once_how_and_nothing_is_done(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    told = len(told_to(forum, 7001))
    for text in ("أهلًا بكم", "/take", "/done", "/note سرّ", "/case"):
        await line.writes(USER, number, text)
    await line.writes(USER, number, document={"file_id": "f1", "file_name": "a.pdf"})
    await line.files()
    await line.rest()
    answers = forum.topics[number].said[1:]
    assert len(answers) == 1
    assert answers[0].count("اربطوه") == 1
    assert "/desk/harif/account" in answers[0]
    assert len(told_to(forum, 7001)) == told
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
    assert "سارة" in told_to(forum, USER)[-1]
    await line.start(f"staff-{invitation.code}", OTHER)
    assert "انتهى" in told_to(forum, OTHER)[-1]
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
    assert all("انتهى" in text for text in told_to(forum, USER))


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
    told = len(told_to(forum, 7001))
    await line.writes(USER, number, "أهلًا بكم")
    await line.rest()
    assert words in forum.topics[number].said[-1]
    assert len(told_to(forum, 7001)) == told
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
    assert not any("يضربني" in text for topic in forum.topics.values() for text in topic.said)


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
    told = len(told_to(forum, 7001))
    await line.writes(USER, number, "أهلًا بكم")
    assert len(told_to(forum, 7001)) == told


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
