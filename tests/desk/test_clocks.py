"""Everything with a deadline: how near it is in working days, and what a pause does and does not do."""

from typing import Any

from tests.desk.house import House


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
