"""Whoever is complained about loses sight of the person who complains, wherever that one writes from, now and later."""

from typing import Any

import pytest

from storage import excluded, topics
from storage.excluded import Excluded
from storage.times import ms
from tests.desk.house import Browser, House, Person
from tests.desk.test_joining import join

PHONE = "+966500000009"


class Two:
    """A person with two addresses that are known to be one's, who complains on the first of them."""

    def __init__(self, house: House, joined: bool = True) -> None:
        self.house = house
        self.hears = house.worker("follow_up_committee", name="هند")
        self.about = house.worker("relations_officer", name="سارة")
        self.other = house.worker("relations_officer", name="نورة")
        self.telegram, self.whatsapp = house.person("7001"), house.person(PHONE, "whatsapp")
        for one in (self.telegram, self.whatsapp):
            one.does(one.say("السلام عليكم"))
        if joined:
            self.join()
        self.reference = self.telegram.does(self.telegram.complain(who="موظفة لا أعرف اسمها"))
        self.case = next(int(id) for id, kind in house.line.rows("cases", "id", "kind") if kind == "complaint")

    def join(self) -> None:
        assert join(self.other, self.telegram, self.whatsapp.id).status_code == 200

    def exclude(self) -> None:
        answer = self.hears.post(f"/case/{self.case}/exclude", staff=str(self.about.id), reason="هي المقصودة")
        assert answer.status_code == 200
        self.house.settle()

    def seen(self, worker: Browser) -> list[int]:
        return [worker.get(f"/conversation/{one.id}").status_code for one in (self.telegram, self.whatsapp)]


def test_what_was_said_at_the_other_address_is_kept_from_them_too(house: House) -> None:
    two = Two(house)
    assert two.seen(two.about) == [200, 200]
    two.exclude()
    assert two.seen(two.about) == [404, 404]
    assert two.seen(two.other) == [200, 200]
    two.whatsapp.does(two.whatsapp.press("/track"))
    two.whatsapp.does(two.whatsapp.say("ابغى موظف"))
    there, shown = f"/conversation/{two.whatsapp.id}", two.about.get("/inbox").text
    assert there not in shown and there in two.other.get("/inbox").text
    for part in ("lines", "status", "waiting", "cases"):
        assert two.about.get(f"{there}/{part}").status_code == 404, part
    assert two.about.post(f"/inbox/{two.whatsapp.id}/take").status_code == 409
    assert two.about.get(f"/live?topics=conversation:{two.whatsapp.id}").status_code == 404
    two.hears.post(f"/case/{two.case}/let-in", staff=str(two.about.id), reason="أخطأنا الاسم")
    assert two.seen(two.about) == [200, 200]


def test_an_address_that_proves_later_to_be_theirs_is_kept_from_them_from_then_on(house: House) -> None:
    two = Two(house, joined=False)
    two.exclude()
    assert two.seen(two.about) == [404, 200]
    two.join()
    assert two.seen(two.about) == [404, 404]


def test_a_complaint_that_was_taken_by_telephone_is_kept_from_them_where_its_person_writes(house: House) -> None:
    """Its case names no conversation, its person does."""
    two = Two(house)
    house.do(lambda c: c.exec_driver_sql("UPDATE cases SET conversation = NULL"))
    row = Excluded(excluded.case(two.case), two.about.id, excluded.BY_HAND, 0, ms(house.now))
    house.do(excluded.add, "harif", [row])
    assert two.seen(two.about) == [404, 404]


def takes(worker: Browser, person: Person) -> None:
    assert worker.post(f"/conversation/{person.id}/take").status_code == 200
    assert person.where.holder == f"staff:{worker.id}"


def test_what_they_held_at_the_other_address_waits_again(house: House) -> None:
    two = Two(house)
    takes(two.about, two.whatsapp)
    two.exclude()
    house.later(seconds=5)
    assert two.whatsapp.where.holder == "queue"
    takes(two.other, two.whatsapp)
    house.later(seconds=5)
    assert two.whatsapp.where.holder == f"staff:{two.other.id}"


def test_neither_address_reaches_the_staff_group_where_everybody_reads(house: House) -> None:
    two = Two(house)
    assert house.ask(topics.reaches, "harif", two.whatsapp.id)
    two.exclude()
    assert not house.ask(topics.reaches, "harif", two.whatsapp.id)
    assert not house.ask(topics.reaches, "harif", two.telegram.id)


def test_nobody_who_must_not_see_it_is_asked_to_answer_at_the_other_address(house: House) -> None:
    two = Two(house)
    two.exclude()
    for worker in (two.about, two.other):
        worker.get("/inbox")
    two.whatsapp.does(two.whatsapp.say("ابغى موظف"))
    house.later(seconds=5)
    offered: list[Any] = [who for (who,) in house.line.rows("handoffs", "offered_to") if who]
    assert offered and two.about.id not in offered


@pytest.mark.parametrize("what", ["conversation", "case"])
def test_of_another_associations_rows_nothing_is_kept_from_anybody_here(house: House, what: str) -> None:
    two = Two(house)
    subject = {"conversation": excluded.conversation(two.telegram.id), "case": excluded.case(two.case)}[what]
    house.do(excluded.add, "ruhama", [Excluded(subject, two.about.id, excluded.BY_HAND, 0, ms(house.now))])
    assert two.seen(two.about) == [200, 200]


def test_neither_address_is_passed_on_to_them(house: House) -> None:
    two = Two(house)
    there = f"/conversation/{two.whatsapp.id}"
    assert f"staff:{two.about.id}" in two.other.get(there).text
    two.exclude()
    assert f"staff:{two.about.id}" not in two.other.get(there).text
    assert two.other.post(f"{there}/pass", to=f"staff:{two.about.id}").status_code == 422
