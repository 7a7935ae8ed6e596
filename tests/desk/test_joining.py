"""One person, many addresses: joined and parted by who may, with both in sight, and never across what is kept apart."""

import re
from typing import Any

import pytest

from storage import excluded, people
from storage.schema import conversations
from storage.times import ms
from tests.desk.house import Browser, House, Person, words_of

PHONE = "+966500000009"


@pytest.fixture
def noura(house: House) -> Browser:
    return house.worker("relations_officer", woman=True, name="نورة الحربي")


@pytest.fixture
def telegram(house: House) -> Person:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    return person


@pytest.fixture
def whatsapp(house: House) -> Person:
    person = house.person(PHONE, "whatsapp")
    person.does(person.say("السلام عليكم"))
    return person


def whose(house: House) -> dict[int, int]:
    return {row[0]: row[1] for row in house.line.rows("conversations", "id", "beneficiary")}


def look(worker: Browser, one: Person, what: str) -> Any:
    return worker.post(f"/conversation/{one.id}/join", what=what)


def join(worker: Browser, one: Person, other: int, **more: Any) -> Any:
    return worker.post(f"/conversation/{one.id}/join/do", **{"conversation": str(other), "reason": "papers"} | more)


def part(worker: Browser, one: Person, reason: str = "mistake") -> Any:
    return worker.post(f"/conversation/{one.id}/part", reason=reason)


def acts(house: House) -> list[tuple[str, str, str]]:
    return [(act, subject, detail) for _, act, subject, detail in house.acts() if act.startswith("person.")]


def test_both_are_shown_and_become_one_with_one_history(
    house: House, noura: Browser, telegram: Person, whatsapp: Person
) -> None:
    first, second = telegram.does(telegram.apply()), whatsapp.does(whatsapp.apply())
    shown = look(noura, telegram, "٠٥٠٠٠٠٠٠٠٩")
    assert first in shown.text and second in shown.text and shown.url.path.endswith("/join")
    assert PHONE not in shown.text
    done = join(noura, telegram, whatsapp.id)
    assert "صارت المحادثتان لشخص واحد" in words_of(done.text)
    for one in (telegram, whatsapp):
        html = noura.get(f"/conversation/{one.id}").text
        beside = html[html.index('id="cases"') : html.index("</section>", html.index('id="cases"'))]
        assert first in beside and second in beside
    assert acts(house) == [
        ("person.join", f"conversation:{telegram.id}", f"conversation:{whatsapp.id} papers"),
        ("person.join", f"conversation:{whatsapp.id}", f"conversation:{telegram.id} papers"),
    ]
    telegram.does(telegram.press("/track"))
    assert first in telegram.told[-1] and second in telegram.told[-1]


def test_a_reference_leads_there_too_and_an_e_mail_of_nobody_to_nothing(
    noura: Browser, telegram: Person, whatsapp: Person
) -> None:
    reference = whatsapp.does(whatsapp.apply())
    assert reference in look(noura, telegram, reference.lower()).text
    for what in ("nobody@example.com", "0511111111", "نورة السالم", "HRF-2222-2222"):
        answer = look(noura, telegram, what)
        assert answer.status_code == 422 and "لا توجد محادثة يمكن ضمّها" in words_of(answer.text), what
    assert look(noura, telegram, " ").status_code == 422
    assert "لا توجد محادثة" in look(noura, whatsapp, reference).text, "it is this one"


def test_an_address_is_parted_with_what_was_begun_there_and_nothing_waits_at_the_wrong_one(
    house: House, noura: Browser, telegram: Person, whatsapp: Person
) -> None:
    first, second = telegram.does(telegram.apply()), whatsapp.does(whatsapp.apply())
    join(noura, telegram, whatsapp.id)

    def waits(connection: Any) -> None:
        from storage import conversations as talks

        here = talks.load_by_id(connection, house.vault, [("harif", telegram.id), ("harif", whatsapp.id)])
        for stored in here.values():
            stored.conversation.news = {first: ["case.news", {}], second: ["case.news", {}]}
        talks.save(connection, house.vault, list(here.values()))

    house.do(waits)
    assert "صار هذا العنوان لشخص آخر" in words_of(part(noura, whatsapp, "new_owner").text)
    assert whose(house)[telegram.id] != whose(house)[whatsapp.id]
    assert list(telegram.where.news) == [first] and list(whatsapp.where.news) == [second]
    telegram.does(telegram.press("/track"))
    assert first in telegram.told[-1] and second not in telegram.told[-1]
    assert acts(house)[-1] == ("person.part", f"conversation:{whatsapp.id}", "new_owner")
    assert "لا يمكن فصل" in words_of(part(noura, whatsapp).text), "it stands alone"
    assert "فصل هذا العنوان" not in noura.text(f"/conversation/{whatsapp.id}")


def test_a_reason_of_the_list_is_needed(house: House, noura: Browser, telegram: Person, whatsapp: Person) -> None:
    before = whose(house)
    assert join(noura, telegram, whatsapp.id, reason="because").status_code == 422
    assert part(noura, telegram, "").status_code == 422
    assert whose(house) == before and acts(house) == []


@pytest.mark.parametrize("role", ["social_researcher", "contact_officer", "auditor"])
def test_others_neither_see_the_acts_nor_do_them(house: House, role: str, telegram: Person, whatsapp: Person) -> None:
    worker, before = house.worker(role), whose(house)
    page = worker.get(f"/conversation/{telegram.id}")
    assert page.status_code == 403 or f"/conversation/{telegram.id}/join" not in page.text
    assert look(worker, telegram, PHONE).status_code == join(worker, telegram, whatsapp.id).status_code == 403
    assert part(worker, telegram).status_code == 403 and whose(house) == before


def test_another_association_is_reached_by_no_id_and_no_number(house: House, noura: Browser, telegram: Person) -> None:
    there = house.person(PHONE, "whatsapp", association="ruhama")
    there.does(there.say("السلام عليكم"))
    theirs = there.does(there.apply())
    before = whose(house)
    for what in (PHONE, theirs):
        assert look(noura, telegram, what).status_code == 422
    for guess in (str(there.id), "1", "x", ""):
        assert join(noura, telegram, 0, conversation=guess).status_code == 422
    assert noura.post(f"/conversation/{there.id}/part", reason="mistake").status_code == 404
    assert noura.post(f"/conversation/{there.id}/join/do", conversation=str(telegram.id)).status_code == 404
    assert whose(house) == before and acts(house) == []


def keep_apart(house: House, what: str, worker: Browser, one: Person) -> None:
    """One of the ways in which something of this person is kept from the worker."""

    def do(connection: Any) -> None:
        c = conversations.c
        if what in ("restricted", "women_only"):
            connection.execute(conversations.update().where(c.id == one.id).values(**{what: True}))
        else:
            from storage.schema import cases

            (case,) = connection.scalars(
                cases.select().where(cases.c.conversation == one.id).with_only_columns(cases.c.id)
            )
            if what == "restricted_case":
                connection.execute(cases.update().where(cases.c.id == case).values(restricted=True))
            else:
                away = excluded.Excluded(excluded.case(case), worker.id, "by_hand", 1, ms(house.now))
                excluded.add(connection, "harif", [away])

    house.do(do)


@pytest.mark.parametrize("what", ["restricted", "women_only", "restricted_case", "excluded_case"])
def test_what_is_kept_from_a_worker_is_neither_joined_nor_told(
    house: House, what: str, telegram: Person, whatsapp: Person
) -> None:
    worker = house.worker("relations_officer", "management", name="سعد")
    reference = whatsapp.does(whatsapp.apply())
    keep_apart(house, what, worker, whatsapp)
    before = whose(house)
    nothing = words_of(look(worker, telegram, "0511111111").text)
    nothing = re.search(r"لا توجد محادثة[^.]*\.", nothing)[0]  # type: ignore[index]
    for words in (PHONE, reference):
        answer = look(worker, telegram, words)
        assert answer.status_code == 422 and nothing in words_of(answer.text)
        assert f"/conversation/{whatsapp.id}" not in answer.text
    assert join(worker, telegram, whatsapp.id).status_code == 422
    assert whose(house) == before and acts(house) == []


def test_an_address_that_is_kept_from_a_worker_is_not_among_those_shown_and_stays_where_it_is(
    house: House, noura: Browser, telegram: Person, whatsapp: Person
) -> None:
    join(noura, telegram, whatsapp.id)
    keep_apart(house, "restricted", noura, whatsapp)
    html = noura.get(f"/conversation/{telegram.id}").text
    assert f"/conversation/{whatsapp.id}" not in html and "فصل هذا العنوان" not in html
    before = whose(house)
    assert part(noura, telegram).status_code == 422 and whose(house) == before


def test_a_phone_that_several_share_is_joined_to_nobody(
    house: House, noura: Browser, telegram: Person, whatsapp: Person
) -> None:
    whatsapp.does(whatsapp.press("/shared_phone"))
    whatsapp.does(whatsapp.finish())
    assert whatsapp.where.members
    assert look(noura, telegram, PHONE).status_code == 422
    assert join(noura, telegram, whatsapp.id).status_code == 422


def test_the_panel_says_how_each_is_known(house: House, noura: Browser, telegram: Person, whatsapp: Person) -> None:
    join(noura, telegram, whatsapp.id)
    house.do(lambda c: people.prove(c, "harif", whatsapp.id, ms(house.now)))
    c = conversations.c
    house.do(lambda k: k.execute(conversations.update().where(c.id == whatsapp.id).values(last_in=None, stopped=True)))
    html = noura.get(f"/conversation/{telegram.id}").text
    panel = words_of(html[html.index('id="addresses"') :].partition("</ul>")[0])
    assert "تلغرام هذه المحادثة يُكتب منه" in panel
    assert "واتساب" in panel and "أكّده صاحبه" in panel and "أوقف رسائلنا" in panel
