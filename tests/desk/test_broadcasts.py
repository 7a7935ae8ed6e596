"""Broadcasts: written, looked at, tried, agreed to by a second, sent, held, stopped; and refused with a reason before
anything leaves."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import schedule
from bot import waves as feeding
from conversations.association.association import Association
from conversations.association.survey import Broadcasts
from conversations.cases.reference import new_reference
from storage import cases, consents, staff, waves, world
from storage.cases import Case
from storage.consents import Consent
from storage.ids import new_id
from storage.schema import conversations
from storage.schema_surveys import recipients
from storage.times import ms
from storage.world import Beneficiary
from tests.desk.house import Browser, House, Person, words_of

PNG = b"\x89PNG\r\n\x1a\n rest"
TEXT = "تغيّر موعد استقبال الطلبات: من الأحد إلى الأربعاء."
ENGLISH = "Requests are now taken from Sunday to Wednesday."


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    """A second person is asked above two."""
    harif = associations["harif"]
    rules = Broadcasts(approve_above=2, prices={"telegram": 0.0, "whatsapp": 0.15})
    small = replace(harif, profile=harif.profile.model_copy(update={"broadcasts": rules}))
    made = House({**associations, "harif": small}, tmp_path)
    yield made
    made.close()


def known(
    house: House,
    handle: str,
    channel: str = "telegram",
    agreed: tuple[str, ...] = ("case",),
    case: bool = False,
    phone: str = "",
    **of_case: Any,
) -> Person:
    """Somebody who wrote to us, is known by now, agreed to these purposes, and may have a request (`reference`), in
    which this phone stands."""
    person = house.person(handle, channel)
    person.does(person.say("السلام عليكم"))
    id, beneficiary, now = person.id, new_id(), ms(house.now)
    person.reference = ""  # type: ignore[attr-defined]

    def keep(connection: Any) -> None:
        world.save_beneficiaries(
            connection, house.vault, [Beneficiary("harif", beneficiary, {}, dict.fromkeys(agreed, True))], now
        )
        mine = (conversations.c.association == "harif", conversations.c.id == id)
        connection.execute(update(conversations).where(*mine).values(beneficiary=beneficiary))
        given = [Consent("harif", id, beneficiary, one, True, "1", channel, "", now) for one in agreed]
        consents.log(connection, given)
        if case or phone:
            person.reference = new_reference(token_bytes(16), "HRF")  # type: ignore[attr-defined]
            index = (("number", phone.lstrip("+")),) if phone else ()
            theirs = Case(
                association="harif", id=new_id(), reference=person.reference, kind="request",
                stage="verifying", beneficiary=beneficiary, conversation=id, opened_at=now, index=index,
                **{"service": "training", **of_case},
            )  # fmt: skip
            cases.file(connection, house.vault, [theirs], now)

    house.do(keep)
    return person


def form(**more: Any) -> dict[str, Any]:
    return {
        "ready": "own", "title": "موعد الطلبات", "text_ar": TEXT, "text_en": ENGLISH, "whom": "everybody",
        "button": ["/track", "/menu"], **more,
    }  # fmt: skip


def write(browser: Browser, files: Any = None, **more: Any) -> int:
    """Compose, and be on the draft's page; its id."""
    answer = browser.post("/broadcasts/new", files=files or {"file": ("", b"")}, follow=False, **form(**more))
    assert answer.status_code == 303, words_of(answer.text)
    return int(re.search(r"/broadcasts/(\d+)", answer.headers["location"])[1])  # type: ignore[index]


def go(browser: Browser, id: int, people: int, **more: Any) -> Any:
    return browser.post(f"/broadcasts/{id}/go", people=str(people), **{"looked": "yes", **more})


def wave(house: House, id: int) -> waves.Wave:
    found: waves.Wave = house.ask(waves.get, "harif", id)
    return found


def feed(house: House) -> None:
    """One turn of the feeder, and what it puts on the wire."""
    house.run(house.line.rounds.feed())
    house.settle()


def heard(*people: Person) -> int:
    """How many of these have it."""
    return sum(any(TEXT in text and "تجربة" not in text for text in one.told) for one in people)


def states(house: House, id: int) -> list[str]:
    r = recipients.c
    return sorted(house.ask(lambda c: list(c.scalars(select(r.state).where(r.wave == id)))))


# --- the whole story -------------------------------------------------------------------------------------------------


def test_a_broadcast_from_its_first_word_to_its_end_in_the_middle(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [known(house, f"70{number:02}") for number in range(5)]
    officer, manager = house.worker("relations_officer", name="هند"), house.worker("management", name="سارة")
    house.do(staff.bind_telegram, house.vault, officer.id, 990)

    page = officer.text("/broadcasts/new?ready=changed")
    assert (
        "لا شيء يُرسل من هذه الصفحة" in page and "نخبركم بما تغيّر" in officer.get("/broadcasts/new?ready=changed").text
    )
    id = write(officer)
    page = officer.text(f"/broadcasts/{id}")
    assert "لم يُرسل شيء بعد" in page and "٥ أشخاص" in page and TEXT in page and "متابعة طلبي" in page
    assert "0 ريال" in page or "٠ ريال" in page

    officer.post(f"/broadcasts/{id}/test", to="telegram")
    mine = [sent.text for sent in house.papers["harif", "telegram"].sent if sent.handle == "990"]
    assert len(mine) == 2 and all("تجربة" in one or "test" in one for one in mine) and TEXT in mine[0]
    assert heard(*crowd) == 0

    assert "طلبنا موافقة شخص ثانٍ" in words_of(go(officer, id, 5).text)
    feed(house)
    assert heard(*crowd) == 0 and wave(house, id).state == "drafted"
    assert "طلب هند إرسالها إلى ٥ أشخاص" in manager.text(f"/broadcasts/{id}")
    assert officer.post(f"/broadcasts/{id}/approve", people="5").status_code == 403
    monkeypatch.setattr(feeding, "AT_ONCE", 2)
    monkeypatch.setattr(schedule, "FEEDS", 1)
    assert "بدأ إرسالها" in words_of(manager.post(f"/broadcasts/{id}/approve", people="5").text)
    feed(house)
    assert heard(*crowd) == 2

    officer.post(f"/broadcasts/{id}/pause")
    feed(house)
    assert heard(*crowd) == 2 and "موقوفة مؤقتًا" in officer.text(f"/broadcasts/{id}")
    officer.post(f"/broadcasts/{id}/resume")
    feed(house)
    assert heard(*crowd) == 4

    page = words_of(officer.post(f"/broadcasts/{id}/abort").text)
    assert "لم نُلغِها" in page and wave(house, id).state == "running"
    assert "٤ أشخاص" in officer.text(f"/broadcasts/{id}"), "how many have it already is said before it is stopped"
    officer.post(f"/broadcasts/{id}/abort", sure="yes")
    feed(house)
    house.later(minutes=5)
    assert heard(*crowd) == 4
    page = officer.text(f"/broadcasts/{id}")
    assert "أُلغيت بعد أن خرجت إلى ٤ أشخاص" in page

    replied = next(one for one in crowd if heard(one))
    replied.does(replied.say("شكرًا لكم"))
    people = officer.text(f"/broadcasts/{id}/people")
    assert people.count("وصلت") == 4 and people.count("لم تُرسل") == 1 and "ردّ" in people
    assert f"/conversation/{replied.id}" in officer.get(f"/broadcasts/{id}/people?replied=1").text
    assert "ردّ واحد" in officer.text(f"/broadcasts/{id}")
    acts = [(who, act) for who, act, subject, _ in house.acts() if subject == f"wave:{id}" and act != "view"]
    assert acts == [
        (officer.who, "broadcast.write"),
        (officer.who, "broadcast.test"),
        (officer.who, "broadcast.ask"),
        (manager.who, "broadcast.approve"),
        (officer.who, "broadcast.pause"),
        (officer.who, "broadcast.resume"),
        (officer.who, "broadcast.abort"),
    ]
