"""Rows of another association, named in the fields of forms: nothing of them is read, changed, or written down here."""

import re
from typing import Any

from conversations.rights import WORKER_ROLES
from storage import appointments, sittings
from storage.appointments import Appointment
from storage.columns import metadata
from storage.ids import new_id
from storage.sittings import Sitting
from storage.times import ms
from tests.desk.house import House
from tests.desk.test_rights import PARAMETER, pages, rows

SECRET = "جملة لا تُقال إلا في حارف"


def settle(house: House, association: str, words: str) -> dict[str, int]:
    """A person, their case, a worker, a sitting and an appointment; their ids by what paths call them."""
    worker = house.worker("relations_officer", association=association, name=words)
    person = house.person(f"79{len(association)}", association=association)
    reference = person.does(person.apply())
    person.does(person.say("ابغى موظف"))
    person.does(person.say(words))
    (case,) = [id for id, mine in house.line.rows("cases", "id", "reference") if mine == reference]

    def more(connection: Any) -> tuple[int, int]:
        met = Appointment(association, new_id(), "interview", "requested", person.id, case, worker.id, place=words)
        appointments.add(connection, house.vault, met)
        given = Sitting(association, 0, "committee", 0, starts=ms(house.now), by=worker.id, at=ms(house.now))
        made = sittings.plan(connection, house.vault, given)
        return met.id, made.id

    met, sitting = house.do(more)
    found = {"case": case, "conversation": person.id, "appointment": met, "sitting": sitting, "staff": worker.id}
    return {name: int(id) for name, id in found.items()}


def test_no_field_of_a_form_reaches_another_association(house: House) -> None:
    theirs, mine = settle(house, "harif", SECRET), settle(house, "ruhama", "هنا")
    worker = house.worker(*WORKER_ROLES, association="ruhama", woman=True)
    before = rows(house, "harif")

    def ours(page: Any) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name == "id":
                name = page.path[: match.start()].rstrip("/").rpartition("/")[2].removesuffix("s")
            return str(mine.get(name, 1))

        return PARAMETER.sub(value, page.path)

    asked = 0
    for page in pages(house, "POST"):
        for named in theirs.values():
            fields = dict.fromkeys(
                ("case", "add", "remove", "conversation", "staff", "present", "entitlement", "appointment", "file"),
                str(named),
            )
            texts = {"note": "x", "reason": "x", "to": f"staff:{named}", "kind": "interview", "decision": "accept"}
            texts |= {"vote": "for", "act": "confirm", "day1": "2026-12-01", "hour1": "10:00", "why": "spam"}
            answer = worker.post(ours(page), follow=True, **fields, **texts)
            assert SECRET not in answer.text, page.path
            asked += 1
        assert worker.post(ours(page), follow=True, to=str(theirs["staff"])).status_code < 500
    assert asked > 100
    assert rows(house, "harif") == before
    ids = {str(id) for id in theirs.values()}
    for table in metadata.sorted_tables:
        if "association" in table.c:
            kept = house.ask(lambda c, t=table: c.execute(t.select().where(t.c.association == "ruhama")).all())
            found = [row for row in kept for value in row if set(re.findall(r"\d{6,}", str(value))) & ids]
            assert found == [], table.name
