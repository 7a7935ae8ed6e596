"""Two workers at one conversation: who looks, who writes; the first answer wins, the second is warned."""

import asyncio
from typing import Any

import pytest

from bot.desk.desk import key_of
from tests.desk.house import DESK, Browser, House, Person, words_of
from tests.desk.test_conversation import page_of, reply, seen


@pytest.fixture
def person(house: House) -> Person:
    made = house.person("7001")
    made.does(made.say("السلام عليكم", "ابغى موظف"))
    return made


@pytest.fixture
def noura(house: House) -> Browser:
    return house.worker("relations_officer", name="نورة الحربي", woman=True)


@pytest.fixture
def reem(house: House) -> Browser:
    return house.worker("relations_officer", name="ريم الشهري", woman=True)


def beat(worker: Browser, person: Person, typing: bool = False) -> str:
    return words_of(worker.post(f"{page_of(person)}/here", typing="yes" if typing else "").text)


def test_each_sees_that_the_other_looks_and_writes(house: House, noura: Browser, reem: Browser, person: Person) -> None:
    assert beat(noura, person) == "", "nobody sees herself"
    assert beat(reem, person) == "معكم هنا الآن: نورة الحربي"
    assert beat(noura, person, typing=True) == "معكم هنا الآن: ريم الشهري"
    assert "رسالة تُكتب الآن من نورة الحربي…" in reem.text(page_of(person))
    house.later(seconds=10)
    assert "معكم هنا الآن: نورة الحربي" in reem.text(page_of(person)), "who stopped writing still looks"
    house.later(seconds=30)
    assert "معكم هنا الآن" not in reem.text(page_of(person)), "and who left is gone"


def test_a_heartbeat_is_nobodys_act_and_spends_no_form(house: House, noura: Browser, person: Person) -> None:
    before = house.acts()
    for _ in range(3):
        assert noura.post(f"{page_of(person)}/here", once="same").status_code == 200
        assert noura.post(f"{page_of(person)}/draft", once="same", text="أهل").status_code == 204
    assert house.acts() == before
    forged = noura.client.post(f"/desk/harif{page_of(person)}/here", data={"key": "x"}, headers={"origin": DESK})
    assert forged.status_code == 403


def test_the_second_answer_comes_back_with_the_first_and_with_its_own_words(
    house: House, noura: Browser, reem: Browser, person: Person
) -> None:
    both = seen(reem, person)
    reply(noura, person, "أهلًا، نعم غدًا العاشرة", seen=both)
    before = person.told
    second = reply(reem, person, "أهلًا، لا، بعد غد", seen=both)
    assert second.status_code == 409
    page = words_of(second.text)
    assert "ردّ نورة الحربي قبلكم:" in page
    assert page.count("أهلًا، نعم غدًا العاشرة") == 2, "in the transcript, and beside the warning"
    assert ">أهلًا، لا، بعد غد</textarea>" in second.text
    assert "إرسال مع ذلك" in page
    assert person.told == before
    assert person.where.holder == noura.who


def test_sending_anyway_takes_it_over_and_says_who_is_there_now(
    house: House, noura: Browser, reem: Browser, person: Person
) -> None:
    reply(noura, person, "غدًا")
    third = reply(reem, person, "بل بعد غد")
    assert third.status_code == 409, "whoever holds it is asked about, though her answer was seen"
    assert "المحادثة مع نورة الحربي" in words_of(third.text)
    assert reply(reem, person, "بل بعد غد", over="yes").status_code == 200
    assert person.where.holder == reem.who
    assert person.told[-1] == "معكم موظفة علاقات المستفيدين.\n\nبل بعد غد"


def test_even_who_sends_anyway_is_warned_of_what_came_after_the_warning(
    house: House, noura: Browser, reem: Browser, person: Person
) -> None:
    reply(noura, person, "غدًا")
    warned = seen(reem, person)
    reply(noura, person, "أو الأحد")
    assert reply(reem, person, "بل بعد غد", over="yes", seen=warned).status_code == 409
    assert not any("بل بعد غد" in told for told in person.told)


def test_a_script_is_given_the_warning_alone(house: House, noura: Browser, reem: Browser, person: Person) -> None:
    both = seen(reem, person)
    reply(noura, person, "غدًا", seen=both)
    answer = reem.client.post(
        f"/desk/harif{page_of(person)}/reply",
        data={"key": key_of(reem.token), "once": "s1", "text": "بعد غد", "seen": both},
        headers={"origin": DESK, "x-part": "1"},
    )
    assert answer.status_code == 409
    assert "<html" not in answer.text
    assert 'data-over="yes"' in answer.text
    last = int(answer.text.split('data-seen="')[1].split('"')[0])
    assert last > int(both)
    sent = reem.client.post(
        f"/desk/harif{page_of(person)}/reply",
        data={"key": key_of(reem.token), "once": "s2", "text": "بعد غد", "seen": str(last), "over": "yes"},
        headers={"origin": DESK, "x-part": "1"},
    )
    assert sent.status_code == 204
    house.settle()
    assert person.told[-1].endswith("بعد غد")


def test_of_two_at_the_same_instant_one_wins(house: House, noura: Browser, reem: Browser, person: Person) -> None:
    """Both in one batch: neither could have seen the other's answer."""
    from conversations.events import StaffSaid

    both = int(seen(reem, person))

    async def together() -> list[Any]:
        from bot.desk.rooms.replies import first

        made = []
        for worker, text in ((noura, "نورة"), (reem, "ريم")):
            at = await _at(house, worker, person)
            said = StaffSaid(id=text, at=house.now, staff=str(worker.id), title="موظفة", text=text)
            made.append(at.put("reply", person.id, said, unless=first(at, person.id, both, False)))
        return await asyncio.gather(*made, return_exceptions=True)

    outcomes = house.run(together())
    house.settle()
    assert [type(one).__name__ for one in outcomes] == ["NoneType", "HeldBy"]
    assert person.told[-1].endswith("نورة")
    assert person.where.holder == noura.who


async def _at(house: House, worker: Browser, person: Person) -> Any:
    """A worker's own request, as the door lets it in."""
    from starlette.requests import Request

    from bot.desk.at import At
    from bot.web.body import Posted

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/desk/harif{page_of(person)}/reply",
        "headers": [(b"cookie", f"wasl_desk={worker.token}".encode())],
        "query_string": b"",
        "path_params": {"association": "harif", "id": str(person.id)},
    }
    request = Request(scope)
    entered = await house.desk.enter(request, house.associations["harif"])
    assert entered is not None
    return At(request, house.desk, entered.worker, house.associations["harif"], Posted((("once", f"o{worker.id}"),)))


def test_a_reply_from_a_stale_page_is_warned_though_the_conversation_is_free_again(
    house: House, noura: Browser, reem: Browser, person: Person
) -> None:
    both = seen(reem, person)
    reply(noura, person, "غدًا", seen=both)
    noura.post(f"{page_of(person)}/done")
    house.settle()
    assert reply(reem, person, "بعد غد", seen=both).status_code == 409
    assert person.where.holder == "bot"


def test_what_the_bot_said_meanwhile_stops_nobody(house: House, noura: Browser, person: Person) -> None:
    before = seen(noura, person)
    person.does(person.say("القائمة"))
    assert reply(noura, person, seen=before).status_code == 200


def test_a_worker_who_signs_out_of_the_sight_of_it_says_nothing(house: House, noura: Browser, person: Person) -> None:
    """It became confidential while they were writing."""
    last = seen(noura, person)
    person.does(person.say("أبوي يضربني"))
    before = person.told
    assert reply(noura, person, seen=last).status_code == 404
    assert person.told == before
