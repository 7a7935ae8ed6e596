"""What stands on a committee's agenda, and who may change it."""

import re

from tests.desk.house import House
from tests.desk.test_moves import step


def test_nobody_takes_a_case_off_the_agenda_that_they_may_not_see(house: House) -> None:
    hears, about = (house.worker("follow_up_committee", name=name) for name in ("هند", "سارة"))
    person = house.person("7001")
    person.does(person.complain())
    (case,) = [int(id) for id, kind in house.line.rows("cases", "id", "kind") if kind == "complaint"]
    step(hears, case, "assess", severity="low")
    answer = hears.post("/committee", committee="follow_up_committee", day="2026-11-25", hour="10:00")
    sitting = re.search(r"/committee/(\d+)", str(answer.url))
    assert sitting
    hears.post(f"/case/{case}/exclude", staff=str(about.id), reason="هي المقصودة")
    path = f"/committee/{sitting[1]}/agenda"
    assert about.post(path, remove=str(case)).status_code == 404
    assert [id for (id,) in house.line.rows("agenda", "case_id")] == [case]
    assert hears.post(path, remove=str(case)).status_code == 200
    assert house.line.rows("agenda", "case_id") == []
    assert hears.post(path, add=str(case)).status_code == 200
    assert about.post(path, add=str(case)).status_code == 200
    on_record = [act for act in house.acts() if act[1] == "sitting.agenda"]
    assert on_record == [
        (hears.who, "sitting.agenda", f"case:{case}", f"sitting:{sitting[1]} {change}") for change in ("off", "on")
    ]
