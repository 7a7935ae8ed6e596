"""Everything with a deadline: how near it is in working days, and what a pause does and does not do."""

import re
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from bot import appointments as acts
from bot.desk.rooms import appointments as appointments_room
from bot.desk.rooms import clocks as clocks_room
from storage import tasks
from storage.ids import new_id
from storage.schema import cases
from storage.schema_desk import appointments as appointments_table
from storage.schema_desk import entitlements
from storage.times import DAY, HOUR, ms
from tests.desk.house import Browser, House


def case_of(house: House, handle: str = "7001") -> tuple[Any, str, int]:
    person = house.person(handle)
    reference = person.does(person.apply())
    (row,) = [row for row in house.line.rows("cases", "reference", "id") if row[0] == reference]
    return person, reference, int(row[1])


def test_a_case_is_far_then_near_then_overdue(house: House) -> None:
    _, reference, _ = case_of(house)
    officer = house.worker("relations_officer")
    far = officer.text("/clocks")
    assert reference in far and "باقٍ ١٥ يوم عمل" in far
    house.later(days=18)
    officer.sign_in()
    assert "باقٍ يوم عمل" in officer.text("/clocks")
    house.later(days=5)
    officer.sign_in()
    assert "متأخر يومي عمل" in officer.text("/clocks")


def test_a_pause_needs_a_reason_is_seen_by_all_and_ends(house: House) -> None:
    _, _, id = case_of(house)
    manager, officer = house.worker("management"), house.worker("relations_officer")
    assert officer.post(f"/clocks/{id}/pause", reason="بانتظار الجهة").status_code == 403
    assert manager.post(f"/clocks/{id}/pause", reason=" ").status_code == 422
    manager.post(f"/clocks/{id}/pause", reason="بانتظار رد الجهة الرسمية")
    assert "بانتظار رد الجهة الرسمية" in officer.text("/clocks")
    assert (manager.who, "clock.pause", f"case:{id}", "") in house.acts()
    manager.post(f"/clocks/{id}/resume")
    assert "موقوف" not in officer.text("/clocks")


def test_of_pausing_only_they_read_who_may_pause_or_see_one_paused(house: House) -> None:
    _, _, id = case_of(house)
    manager, officer = house.worker("management"), house.worker("relations_officer")
    assert "الإيقاف" in manager.text("/clocks") and "إيقاف التذكير" in manager.text("/clocks")
    assert "الإيقاف" not in officer.text("/clocks") and "إيقاف" not in officer.text("/clocks")
    manager.post(f"/clocks/{id}/pause", reason="بانتظار الجهة")
    assert "الإيقاف" in officer.text("/clocks")


def test_a_clock_of_a_case_that_is_not_theirs_is_not_shown(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.complain())
    assert reference not in house.worker("relations_officer").text("/clocks")
    assert reference in house.worker("follow_up_committee").text("/clocks")


def pages(browser: Browser, path: str, pattern: str, heading: str = "") -> list[list[str]]:
    """What a list shows on each of its pages, following its link on."""
    found: list[list[str]] = []
    while path and len(found) < 9:
        answer = browser.get(path)
        assert answer.status_code == 200
        part = answer.text.partition(f'id="{heading}"')[2].partition("</section>")[0]
        found.append(re.findall(pattern, part))
        onwards = re.search(r'class="pager"><a href="([^"]*)"', part)
        path = onwards[1].replace("&amp;", "&") if onwards else ""
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two."""
    monkeypatch.setattr(clocks_room, "PART", 2)
    monkeypatch.setattr(appointments_room, "PAGE", 2)


@pytest.mark.usefixtures("small")
def test_what_is_owed_in_ones_own_part_is_there_however_much_is_owed_elsewhere(house: House) -> None:
    case_of(house)

    def many(connection: Connection) -> None:
        row = dict(connection.execute(select(cases)).mappings().one())
        for number in range(30):
            again = {"id": new_id(), "reference": f"HRF-X{number:02}", "branch": "jeddah" if number < 25 else "riyadh"}
            again |= {"due": None, "stage": "registered", "body": None, "member": None, "route": None}
            connection.execute(insert(cases).values(**row | again))
            one = {"association": "harif", "id": new_id(), "case_id": again["id"], "due": ms(house.now) - DAY + number}
            connection.execute(insert(entitlements).values(**one))

    house.do(many)
    delegate = house.worker("branch_delegate", branch="riyadh")
    shown = pages(delegate, "/clocks", r"HRF-X\d\d", "h-owed")
    assert shown == [["HRF-X25", "HRF-X26"], ["HRF-X27", "HRF-X28"], ["HRF-X29"]]


@pytest.mark.usefixtures("small")
def test_tasks_and_conversations_that_wait_are_there_with_their_time(house: House) -> None:
    _, reference, id = case_of(house)
    for number in range(3):
        given = tasks.Task(
            "harif", new_id(), "call", case_id=id, reference=reference, why="exhausted",
            at=ms(house.now), due=ms(house.now) - number * HOUR,
        )  # fmt: skip
        house.do(tasks.add, house.vault, given)
    house.do(tasks.add, house.vault, given._replace(id=new_id(), due=ms(house.now) + 30 * DAY))
    people = [house.person(f"800{number}") for number in range(3)]
    for person in people:
        person.does(person.say("ابغى موظف"))
    officer, hears = house.worker("relations_officer"), house.worker("follow_up_committee")
    assert [len(page) for page in pages(officer, "/clocks", r"/tasks/\d+", "h-tasks")] == [2, 1]
    waits = pages(officer, "/clocks", r"/conversation/(\d+)", "h-waits")
    assert waits == [[str(people[0].id), str(people[1].id)], [str(people[2].id)]]
    assert "تُستلم قبل" in officer.text("/clocks")
    assert not re.search(r"/(tasks|conversation)/\d", hears.get("/clocks").text)


@pytest.mark.usefixtures("small")
def test_all_who_wait_for_a_meeting_and_all_whose_outcome_is_open_are_reached_page_by_page(house: House) -> None:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))

    def many(connection: Connection) -> None:
        for _ in range(5):
            acts.request(
                connection, house.vault, "harif", "callback", house.now, by="x", conversation=person.id, wish="صباحًا"
            )

    house.do(many)
    officer = house.worker("relations_officer")
    shown = pages(officer, "/appointments", r"/appointments/(\d+)", "h-wait")
    assert [len(page) for page in shown] == [2, 2, 1] and len({id for page in shown for id in page}) == 5
    ids = [int(id) for page in shown for id in page]
    over = {"state": "confirmed", "starts": ms(house.now) - HOUR}
    house.do(lambda c: c.execute(appointments_table.update().where(appointments_table.c.id.in_(ids)).values(**over)))
    for path, heading in (("/appointments", "h-over"), ("/clocks", "h-met")):
        shown = pages(officer, path, r"/appointments/(\d+)", heading)
        assert [id for page in shown for id in page] == [str(id) for id in sorted(ids)], path
        assert len(shown) == 3
    assert "h-wait" in officer.get("/appointments?waiting=x&unsettled=1-x").text
