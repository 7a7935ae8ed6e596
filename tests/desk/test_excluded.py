"""Whoever is complained about sees nothing of it: not the complaint, not what was said, nowhere."""

import pytest

from storage import excluded
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
