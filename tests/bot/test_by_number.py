"""An anonymous complaint is answered by its number, from wherever it is written."""

import json

from sqlalchemy import Connection

from bot.case_moves import move_case
from storage import cases
from tests.bot.desk import Desk, Person

ANSWER = "نعتذر إليكم، ونبّهنا من كلّمكم."


def moved(desk: Desk, reference: str, name: str, who: str, **given: str) -> None:
    def move(connection: Connection) -> None:
        case = cases.by_reference(connection, desk.vault, "harif", reference, lock=True)
        assert case is not None
        move_case(
            connection,
            desk.vault,
            desk.associations["harif"],
            case,
            name,
            who,
            desk.now,
            given=given,
            tell=lambda *_: None,
        )

    desk.do(move)


async def test_whoever_writes_the_number_reads_what_was_answered(desk: Desk, noura: Person) -> None:
    reference = await noura.complain(anonymous="anonymous")
    moved(desk, reference, "assess", "follow_up_committee", severity="متوسطة")
    moved(desk, reference, "investigate", "follow_up_committee")
    moved(desk, reference, "answer", "follow_up_committee", answer=ANSWER)
    before = len(noura.told)
    await desk.run()
    assert not [told for told in noura.told[before:] if reference in told], "no message brings it"

    elsewhere = Person(desk, "7002")
    await elsewhere.say("السلام عليكم")
    await elsewhere.say(reference)
    await desk.run()
    assert ANSWER in json.dumps(elsewhere.told, ensure_ascii=False)


async def test_the_answer_is_read_by_the_number_even_after_it_was_closed(desk: Desk, noura: Person) -> None:
    reference = await noura.complain(anonymous="anonymous")
    moved(desk, reference, "assess", "follow_up_committee", severity="medium")
    moved(desk, reference, "investigate", "follow_up_committee")
    moved(desk, reference, "answer", "follow_up_committee", answer=ANSWER)
    await desk.later(days=20)
    moved(desk, reference, "close", "follow_up_committee")
    elsewhere = Person(desk, "7002")
    await elsewhere.say("السلام عليكم")
    await elsewhere.say(reference)
    await desk.run()
    assert ANSWER in json.dumps(elsewhere.told, ensure_ascii=False)


async def test_a_complaint_that_staff_find_grave_is_handed_over_once_and_rings(desk: Desk, noura: Person) -> None:
    reference = await noura.complain(severity="low")
    before, told = len(desk.rows("handoffs")), len(noura.told)
    moved(desk, reference, "assess", "follow_up_committee", severity="high")
    await desk.run()
    fresh = desk.rows("handoffs")[before:]
    assert [(row.reason, row.reference, row.conversation) for row in fresh] == [("grave_complaint", reference, 0)]
    assert desk.alarms()["grave_complaint"] == 1
    assert noura.where.holder == "bot" and len(noura.told) == told
