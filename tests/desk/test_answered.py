"""An inquiry answered in the conversation is answered in its case, when the worker hands back."""

from storage import cases
from tests.desk.house import House, Person
from tests.desk.test_conversation import page_of, reply

ANSWER = "نعم، نستقبلكم الأحد من التاسعة صباحًا."


def asked(house: House) -> tuple[Person, str]:
    person = house.person("7501")
    person.does(person.press("/ask"))
    person.does(person.say("عندي كنب قديم بحالة طيبة أود أن أعرف لمن يصلح"))
    house.later(seconds=30)
    [reference] = [one for one, kind in house.line.rows("cases", "reference", "kind") if kind == "inquiry"]
    return person, reference


def test_what_was_replied_is_the_answer_and_it_is_said_once(house: House) -> None:
    person, reference = asked(house)
    officer = house.worker("relations_officer")
    officer.post(f"{page_of(person)}/take")
    reply(officer, person, ANSWER)
    house.settle()
    officer.post(f"{page_of(person)}/done")
    house.settle()
    case = house.ask(cases.by_reference, house.vault, "harif", reference)
    assert case.stage == "answered"
    last = house.ask(cases.history, house.vault, "harif", case.id)[-1]
    assert (last.move, last.who, last.actor) == ("answer", "relations_officer", str(officer.id))
    assert f'"answer":"{ANSWER}"' in last.reason
    assert sum(ANSWER in told for told in person.told) == 1


def test_what_nobody_replied_to_is_still_open(house: House) -> None:
    person, reference = asked(house)
    officer = house.worker("relations_officer")
    officer.post(f"{page_of(person)}/take")
    officer.post(f"{page_of(person)}/done")
    house.settle()
    assert house.ask(cases.by_reference, house.vault, "harif", reference).stage == "received"
