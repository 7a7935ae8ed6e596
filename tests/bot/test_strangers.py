"""What somebody may try who writes their own client: buttons of their own making, references of others, anonymity."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, update

from bot.web.house import FILES_AN_HOUR
from bot.web.ports import NotTaken
from conversations.events import Press
from storage.columns import metadata
from storage.keys import SEALED
from storage.vault import Tampered
from tests.bot.desk import PDF, Desk, Person


async def _asks_for(stranger: Person, reference: str) -> None:
    await stranger.say("السلام عليكم")
    await stranger.press("/track_other")
    await stranger.say(reference)


async def test_a_button_with_a_number_that_no_row_can_hold_is_just_an_old_button(desk: Desk, noura: Person) -> None:
    from bot.channels.contract import read_payload

    option, prompt = read_payload("f" * 60 + ":x")
    await noura.send(noura.incoming(Press(id="p", at=desk.now, option=option, prompt=prompt)))
    assert desk.rows("quarantine") == []
    assert noura.told, "it is answered"


async def test_only_its_owner_can_let_a_case_be_shown(desk: Desk, noura: Person) -> None:
    reference = await noura.apply()
    stranger = Person(desk, "6006")
    await _asks_for(stranger, reference)
    ((ask,),) = desk.rows("asks", "id")
    await stranger.press(f"allow:{ask}-{reference}")
    await desk.run()
    assert [row.answered_at for row in desk.rows("asks")] == [None]
    assert not any(
        desk.associations["harif"].wording["ar"]("stage.request.submitted") in told for told in stranger.told
    )
    await desk.run()
    await noura.press(f"allow:{ask}-{reference}")
    await desk.run()
    assert [row.given for row in desk.rows("asks")] == [True]
    assert any(reference in told for told in stranger.told)


async def test_nothing_in_the_clear_leads_from_an_anonymous_complaint_to_who_filed_it(
    desk: Desk, noura: Person
) -> None:
    grave = next(one.id for one in desk.associations["harif"].profile.complaints.subjects if one.urgent)
    reference = await noura.complain(subject=grave, anonymous="anonymous")
    await desk.run()
    conversation = desk.id_of(noura.handle)
    (beneficiary,) = {row.beneficiary for row in desk.rows("conversations")}
    joined = [
        name
        for name, table in metadata.tables.items()
        for row in desk.rows(name)
        if any(reference in str(value) for value in _clear(row, table)) and {conversation, beneficiary} & set(row)
    ]
    assert joined == []
    assert [row.reference for row in desk.rows("handoffs") if row.reason == "grave_complaint"] == [reference]


def _clear(row: Any, table: Any) -> list[Any]:
    return [value for value, column in zip(row, table.columns, strict=True) if not isinstance(column.type, LargeBinary)]


async def test_who_shares_the_phone_sees_another_s_case_by_no_reference_and_no_old_button(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.apply()
    await _shares(noura, "أم سعد", "ياسمين")
    await _shares(noura, "سعد", "خزامى")
    assert noura.where.member == "سعد"
    stage = desk.associations["harif"].wording["ar"]("stage.request.submitted")
    before = len(noura.told)
    await noura.press("/track_other")
    await noura.say(reference)
    await noura.press(f"track:{reference}")
    await noura.press(f"move:withdraw-{reference}")
    assert not any(stage in told for told in noura.told[before:])
    assert noura.where.open is None or noura.where.open.flow != "own_move"


async def _shares(person: Person, name: str, word: str) -> None:
    await person.press("/shared_phone")
    await person.finish(consent="yes", name=name, word=word)


async def test_what_is_copied_over_another_row_of_the_database_does_not_open(desk: Desk, noura: Person) -> None:
    """Whoever can write to the database cannot have one person's words or place read as another's."""
    stranger = Person(desk, "6006")
    await noura.say("السلام عليكم")
    await stranger.say("السلام عليكم")
    mine, theirs = desk.id_of(stranger.handle), desk.id_of(noura.handle)
    swapped = 0
    for table, columns in SEALED:
        if "conversation" not in table.c and table.name != "conversations":
            continue
        whose = table.c.id if table.name == "conversations" else table.c.conversation
        for name in columns:
            taken = desk.ask(lambda c, t=table, n=name, w=whose: c.scalar(select(t.c[n]).where(w == theirs).limit(1)))
            if taken is not None:
                change = update(table).where(whose == mine).values({name: taken})
                desk.do(lambda c, change=change: c.execute(change))
                swapped += 1
    assert swapped >= 3, "handle, state, body"
    with pytest.raises(Tampered):
        desk.transcript(stranger.handle)
    with pytest.raises(Tampered):
        assert stranger.where


async def test_one_page_cannot_fill_the_disk_and_an_hour_later_it_may_go_on(desk: Desk) -> None:
    async def send(handle: str = "cookie") -> None:
        await desk.house.store_file("harif", "web_chat", handle, "paper.pdf", PDF)

    for _ in range(FILES_AN_HOUR):
        await send()
    with pytest.raises(NotTaken) as refused:
        await send()
    assert refused.value.reason == "too_many"
    await send("another")
    desk.now += timedelta(hours=1, minutes=1)
    await send()
