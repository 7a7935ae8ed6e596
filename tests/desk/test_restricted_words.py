"""What is confidential is heard by one person alone, and its person is told no other thing, first or later."""

from tests.desk.house import House
from tests.desk.test_moves import step


def test_a_restricted_complaint_is_said_to_be_before_no_committee(house: House) -> None:
    person = house.person("7001")
    person.does(person.open("complain"))
    person.does(person.finish(subject="abuse", remedy="compensation"))
    protection = house.worker("protection_officer", woman=True)
    case = next(int(id) for id, kind in house.line.rows("cases", "id", "kind") if kind == "complaint")
    received = person.told[-1]
    assert "تنظر فيها الجهة المختصة" in received and "وتدرسه الجهة المختصة" in received
    step(protection, case, "assess", severity="high")
    step(protection, case, "investigate")
    house.settle()
    person.does(person.press("/track"))
    person.does(person.press(f"track:{_reference(house, case)}"))
    said = "\n".join(person.told)
    assert "بدأت الجهة المختصة النظر" in said
    assert "لجنة" not in received and "لجنة المتابعة" not in said


def test_another_complaint_names_the_committee_that_hears_it(house: House) -> None:
    person = house.person("7001")
    person.does(person.complain())
    assert "تنظر فيها لجنة المتابعة" in "\n".join(person.told) and "الجهة المختصة" not in "\n".join(person.told)


def _reference(house: House, case: int) -> str:
    return next(str(reference) for id, reference in house.line.rows("cases", "id", "reference") if id == case)
