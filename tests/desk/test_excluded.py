"""Whoever is complained about sees nothing of it: not the complaint, not what was said, nowhere."""

import pytest

from bot.fold import Arrived
from conversations.events import StaffTook
from storage import case_lists, excluded
from tests.desk.house import House


def excluded_from(house: House, association: str = "harif") -> list[tuple[str, int]]:
    return [(row[1], row[2]) for row in house.line.rows("excluded") if row[0] == association]


def complain(house: House, who: str, handle: str = "7001", **picks: str) -> int:
    """The complaint's id; what else was filed with it is found by its kind."""
    person = house.person(handle)
    before = {row[0] for row in house.line.rows("cases", "id")}
    person.does(person.open("complain"))
    person.does(person.finish(about_staff="yes", who=who, **picks))
    (made,) = {id for id, kind in house.line.rows("cases", "id", "kind") if kind == "complaint"} - before
    return int(made)


def test_whoever_a_complaint_names_is_kept_away_from_it_and_from_what_was_said(house: House) -> None:
    accused = house.worker("follow_up_committee", "relations_officer", name="نورة بنت سعد السالم")
    house.worker("follow_up_committee", name="هند العتيبي")
    house.worker("follow_up_committee", name="نورة السالم", association="ruhama")
    case = complain(house, "الأستاذة نوره السالم")
    conversation = house.person("7001").id
    assert sorted(excluded_from(house)) == [
        (excluded.case(case), accused.id),
        (excluded.conversation(conversation), accused.id),
    ]


def test_without_a_name_nobody_is_kept_away(house: House) -> None:
    house.worker("follow_up_committee", name="نورة السالم")
    complain(house, "موظف لا أعرفه")
    person = house.person("7002")
    person.does(person.complain(about_staff="no"))
    assert excluded_from(house) == []


def test_a_claim_filed_with_the_complaint_is_kept_away_with_it(house: House) -> None:
    accused = house.worker("investigation_committee", name="نورة السالم")
    complaint = complain(house, "نورة السالم", remedy="compensation")
    claims = [id for id, kind in house.line.rows("cases", "id", "kind") if kind == "compensation"]
    subjects = {subject for subject, who in excluded_from(house) if who == accused.id}
    assert {excluded.case(complaint), *map(excluded.case, claims)} <= subjects
    assert len(claims) == 1


@pytest.mark.parametrize("anonymous", ["anonymous", "named"])
def test_a_complaint_without_a_name_on_it_keeps_them_away_just_the_same(house: House, anonymous: str) -> None:
    accused = house.worker("follow_up_committee", "relations_officer", name="نورة السالم")
    case = complain(house, "نورة السالم", anonymous=anonymous)
    assert (excluded.case(case), accused.id) in excluded_from(house)
    assert (excluded.conversation(house.person("7001").id), accused.id) in excluded_from(house)


# --- nowhere ----------------------------------------------------------------------------------------------------------


def test_the_one_who_is_named_finds_it_neither_in_lists_nor_by_search_nor_by_its_address(house: House) -> None:
    accused = house.worker("follow_up_committee", "management", name="نورة السالم")
    other = house.worker("follow_up_committee", "management", name="هند العتيبي")
    case = complain(house, "نورة السالم")
    person = house.person("7001")
    (reference,) = [text for id, text in house.line.rows("cases", "id", "reference") if id == case]
    for path in ("/cases", "/cases?kind=complaint", "/cases/board?kind=complaint", "/clocks", "/cases?due=red"):
        assert reference not in accused.get(path).text, path
    assert reference in other.get("/cases").text
    assert reference not in accused.post("/cases/search", what="هيفاء").text
    assert accused.post("/cases/search", what=reference, follow=False).status_code == 200
    for path in (
        f"/case/{case}",
        f"/case/{case}/verify",
        f"/case/{case}/move/acknowledge",
        f"/conversation/{person.id}",
    ):
        assert accused.get(path).status_code == 404, path
    assert accused.post(f"/case/{case}/note", note="x").status_code == 404
    assert accused.post(f"/case/{case}/let-in", staff=str(accused.id), reason="x").status_code == 404
    assert other.get(f"/case/{case}").status_code == 200
    assert other.get(f"/conversation/{person.id}").status_code == 200


def test_a_colleague_is_kept_away_by_hand_and_let_in_again_with_a_reason(house: House) -> None:
    meant = house.worker("follow_up_committee", "management", name="سارة")
    hears = house.worker("follow_up_committee", name="هند")
    case = complain(house, "موظفة لا أعرف اسمها")
    house.do(case_lists.assign, "harif", case, meant.id)
    assert meant.get(f"/case/{case}").status_code == 200
    assert hears.post(f"/case/{case}/exclude", staff=str(meant.id), reason=" ").status_code == 422
    assert hears.post(f"/case/{case}/exclude", staff="5", reason="x").status_code == 409
    assert hears.post(f"/case/{case}/exclude", staff=str(hears.id), reason="x").status_code == 409
    hears.post(f"/case/{case}/exclude", staff=str(meant.id), reason="تبيّن أنها المقصودة")
    assert meant.get(f"/case/{case}").status_code == 404
    assert meant.get(f"/conversation/{house.person('7001').id}").status_code == 404
    assert house.line.rows("cases", "holder")[0][0] is None, "she had it in hand"
    assert (hears.who, "case.exclude", f"case:{case}", f"staff:{meant.id}") in house.acts()
    assert "تبيّن" not in str(house.acts()) and "تبيّن أنها المقصودة" in hears.text(f"/case/{case}")
    other = house.worker("management", association="mastoura", name="موظف مستورة")
    assert hears.post(f"/case/{case}/let-in", staff=str(other.id), reason="x").status_code == 409
    assert str(other.id) not in str(house.acts()), "who was not kept away is not named"
    hears.post(f"/case/{case}/let-in", staff=str(meant.id), reason="أخطأنا الاسم")
    assert meant.get(f"/case/{case}").status_code == 200
    assert excluded_from(house) == []


def test_what_was_filed_with_a_complaint_is_hidden_with_it_by_hand_too(house: House) -> None:
    meant = house.worker("management", name="سارة")
    both = house.worker("follow_up_committee", "investigation_committee", name="هند")
    case = complain(house, "موظفة لا أعرف اسمها", remedy="compensation")
    (claim,) = [id for id, kind in house.line.rows("cases", "id", "kind") if kind == "compensation"]
    both.post(f"/case/{case}/exclude", staff=str(meant.id), reason="هي المقصودة")
    assert meant.get(f"/case/{claim}").status_code == meant.get(f"/case/{case}").status_code == 404


async def _put(house: House, arrived: Arrived) -> None:
    await house.line.intake.put(arrived)


def test_a_conversation_that_the_excluded_one_holds_goes_back_to_the_queue(house: House) -> None:
    meant = house.worker("follow_up_committee", "management", name="سارة")
    hears = house.worker("follow_up_committee", name="هند")
    case = complain(house, "موظفة لا أعرف اسمها")
    person = house.person("7001")
    took = StaffTook(id="t", at=house.now, staff=str(meant.id), title="موظفة")
    person.does(_put(house, Arrived("harif", "", "", took, conversation=person.id)))
    assert person.where.holder == f"staff:{meant.id}"
    assert hears.post(f"/case/{case}/exclude", staff=str(meant.id), reason="هي المقصودة").status_code == 200
    assert person.where.holder == "queue"
    assert meant.get(f"/case/{case}").status_code == 404


def test_only_complaints_keep_anybody_away(house: House) -> None:
    person = house.person("7001")
    person.does(person.apply())
    case = int(house.line.rows("cases", "id")[0][0])
    officer, other = house.worker("relations_officer"), house.worker("relations_officer")
    assert officer.post(f"/case/{case}/exclude", staff=str(other.id), reason="x").status_code == 404
    assert "exclude" not in officer.get(f"/case/{case}").text
