"""Entitlements through the front line: registered, delivered one by one, answered by their person."""

from datetime import date
from typing import Any

import pytest

from bot import entitlements as acts
from bot.case_moves import move_case
from conversations.cases.entitlement import Owed
from conversations.cases.move import NotAllowed
from storage import audit, cases, entitlements, handoffs
from tests.bot.arranging import BY, case_of, filed, move, on_case, press
from tests.bot.desk import Desk, Person

OFFICER = "relations_officer"
BASKET, RENT = Owed(what="سلة غذائية", due=date(2026, 12, 20)), Owed(what="إيجار الشهر", amount="1500")


async def registered(desk: Desk, noura: Person, *owed: Owed) -> str:
    reference = await filed(desk, noura, "accepted")
    await move(desk, reference, "register", OFFICER, owed=owed)
    return reference


def rows(desk: Desk, reference: str) -> list[entitlements.Entitlement]:
    case = case_of(desk, reference)
    found: list[entitlements.Entitlement] = desk.ask(entitlements.of_case, desk.vault, "harif", case.id)
    return found


async def deliver(desk: Desk, reference: str, place: int) -> None:
    id = rows(desk, reference)[place].id
    on_case(desk, acts.deliver, reference, id, OFFICER, desk.now, by=BY, staff=7)
    await desk.run()


def moves(desk: Desk, reference: str) -> list[str]:
    case = case_of(desk, reference)
    return [step.move for step in desk.ask(cases.history, desk.vault, "harif", case.id)]


async def test_each_delivery_is_told_and_the_last_delivers_the_case(desk: Desk, noura: Person) -> None:
    reference = await registered(desk, noura, BASKET, RENT)
    assert "سلة غذائية" in noura.told[-1]
    assert "١٥٠٠ ريال" in noura.told[-1]
    assert "ديسمبر" in noura.told[-1] and "١٤٤٨هـ" in noura.told[-1]
    with pytest.raises(NotAllowed, match="owed"):
        on_case(desk, move_case, reference, "deliver", OFFICER, desk.now)
    await deliver(desk, reference, 0)
    assert "سُلّم لكم" in noura.told[-1] and "سلة غذائية" in noura.told[-1]
    assert case_of(desk, reference).stage == "registered"
    await press(noura, "وصلني")
    assert [one.state for one in rows(desk, reference)] == ["confirmed", "owed"]
    await deliver(desk, reference, 1)
    assert case_of(desk, reference).stage == "delivered"
    assert "إيجار الشهر" in noura.told[-1] and "هل وصلتكم كاملة" in noura.told[-1]
    await press(noura, "وصلتني كاملة")
    assert case_of(desk, reference).stage == "closed"
    assert [one.state for one in rows(desk, reference)] == ["confirmed", "confirmed"]
    assert moves(desk, reference) == ["register", "deliver_one", "confirm_one", "deliver", "confirm"]
    about = desk.ask(audit.about, "harif", f"case:{case_of(desk, reference).id}")
    assert [(one.act, one.who) for one in about if one.act.startswith("entitlement")] == [
        ("entitlement.deliver", BY),
        ("entitlement.confirm", f"beneficiary:{case_of(desk, reference).beneficiary}"),
        ("entitlement.deliver", BY),
    ]


async def test_what_did_not_arrive_is_owed_again_and_staff_are_called(desk: Desk, noura: Person) -> None:
    reference = await registered(desk, noura, BASKET, RENT)
    await deliver(desk, reference, 0)
    await press(noura, "لم يصلني")
    assert [one.state for one in rows(desk, reference)] == ["owed", "owed"]
    waiting = desk.ask(handoffs.waiting, desk.vault, "harif")
    assert [(one.reason, one.reference) for one in waiting] == [("not_received", reference)]
    told = len(noura.told)
    await press(noura, "لم يصلني")
    assert [one.state for one in rows(desk, reference)] == ["owed", "owed"]
    assert "إيجار الشهر" in noura.told[-1], "an old button shows how it stands"
    assert len(noura.told) == told + 1
    assert moves(desk, reference).count("not_received_one") == 1


async def test_of_a_delivered_case_they_say_which_did_not_arrive(desk: Desk, noura: Person) -> None:
    reference = await registered(desk, noura, BASKET, RENT)
    for place in (0, 1):
        await deliver(desk, reference, place)
    await press(noura, "لم تصلني")
    assert "أيّها لم يصلكم" in noura.told[-1]
    await press(noura, "سلة غذائية")
    assert [one.state for one in rows(desk, reference)] == ["owed", "delivered"]
    assert case_of(desk, reference).stage == "registered"
    await deliver(desk, reference, 0)
    assert case_of(desk, reference).stage == "delivered"


async def test_without_a_list_the_whole_case_goes_back(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "accepted")
    await move(desk, reference, "register", OFFICER, given={"entitlements": "ركن رقم ٤"})
    await move(desk, reference, "deliver", OFFICER)
    await press(noura, "لم تصلني")
    assert case_of(desk, reference).stage == "registered"


async def test_what_is_owed_of_a_withdrawn_case_is_owed_no_more(desk: Desk, noura: Person) -> None:
    reference = await registered(desk, noura, BASKET, RENT)
    await deliver(desk, reference, 0)
    await noura.press("/track")
    await press(noura, "سحب الطلب")
    await noura.press("yes")
    assert case_of(desk, reference).stage == "withdrawn"
    assert [one.state for one in rows(desk, reference)] == ["delivered", "cancelled"]


async def test_delivering_twice_or_of_another_case_is_refused_and_changes_nothing(desk: Desk, noura: Person) -> None:
    reference = await registered(desk, noura, BASKET, RENT)
    other = await registered(desk, Person(desk, "7003"), BASKET)
    await deliver(desk, reference, 0)
    for id in (rows(desk, reference)[0].id, rows(desk, other)[0].id):
        with pytest.raises(NotAllowed) as refused:
            on_case(desk, acts.deliver, reference, id, OFFICER, desk.now, by=BY, staff=7)
        assert refused.value.why == "not_owed"
    with pytest.raises(NotAllowed) as refused:
        on_case(desk, acts.deliver, reference, rows(desk, reference)[1].id, "auditor", desk.now, by=BY, staff=7)
    assert refused.value.why == "not_yours"
    assert [one.state for one in rows(desk, reference)] == ["delivered", "owed"]


async def test_a_made_up_button_answers_nothing_of_another(desk: Desk, noura: Person) -> None:
    reference = await registered(desk, noura, BASKET, RENT)
    await deliver(desk, reference, 0)
    stranger: Any = Person(desk, "7004")
    await stranger.open()
    from conversations.events import Press

    id = rows(desk, reference)[0].id
    for option in (f"got:{id}-{reference}", f"not:{id}-{reference}", f"owed:{reference}", f"got:x-{reference}"):
        await stranger.send(stranger.incoming(Press(id="p", at=desk.now, option=option)))
        assert "سلة" not in stranger.told[-1]
    assert [one.state for one in rows(desk, reference)] == ["delivered", "owed"]
