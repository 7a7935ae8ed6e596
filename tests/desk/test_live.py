"""The stream that pages keep open ends the moment its worker may not listen any more."""

from collections.abc import Callable

import pytest

from bot.leaving import ended
from storage import excluded, sign_ins, staff
from storage.excluded import Excluded
from storage.staff import Member
from storage.times import ms
from tests.desk.house import Browser, House, Person
from tests.desk.pictures import served
from tests.desk.test_inbox import _next, _stream


def signs_out(house: House, worker: Browser, person: Person) -> None:
    house.do(sign_ins.end, worker.id, ms(house.now))


def leaves(house: House, worker: Browser, person: Person) -> None:
    house.do(ended, "harif", worker.id, ms(house.now))


def changes_role(house: House, worker: Browser, person: Person) -> None:
    house.do(staff.join, Member("harif", worker.id, frozenset({"auditor"})), ms(house.now))


def is_kept_away(house: House, worker: Browser, person: Person) -> None:
    subject = excluded.conversation(person.id)
    house.do(excluded.add, "harif", [Excluded(subject, worker.id, excluded.BY_HAND, 0, ms(house.now))])


@pytest.mark.parametrize("ends", [signs_out, leaves, changes_role, is_kept_away])
def test_whoever_may_not_see_it_any_more_hears_no_more_of_it(
    house: House, ends: Callable[[House, Browser, Person], None]
) -> None:
    officer, person = house.worker("relations_officer"), house.person("7001")
    person.does(person.say("السلام عليكم"))
    with served(house) as address, _stream(address, officer, f"conversation:{person.id}") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("event: hello")
        ends(house, officer, person)
        person.does(person.say("هل من أحد؟"))
        assert _next(lines) == "", "the stream ended and said nothing"
