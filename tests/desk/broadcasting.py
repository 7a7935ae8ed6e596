"""What tests of broadcasts and surveys do: people who agreed, a broadcast written and sent, who has heard it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Any

from sqlalchemy import select, update

from conversations.association.association import Association
from conversations.association.survey import Broadcasts
from conversations.cases.reference import new_reference
from storage import cases, consents, waves, world
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


def careful(associations: Mapping[str, Association], folder: Path) -> House:
    """A house in which a second person is asked above two, and a survey is asked by hand until shortly before its next
    quarter."""
    harif = associations["harif"]
    rules = Broadcasts(approve_above=2, prices={"telegram": 0.0, "whatsapp": 0.15})
    often = harif.profile.asking.model_copy(update={"days_between": 15})
    small = replace(harif, profile=harif.profile.model_copy(update={"broadcasts": rules, "asking": often}))
    return House({**associations, "harif": small}, folder)


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

    def keep(connection: Any) -> None:
        world.save_beneficiaries(
            connection, house.vault, [Beneficiary("harif", beneficiary, {}, dict.fromkeys(agreed, True))], now
        )
        mine = (conversations.c.association == "harif", conversations.c.id == id)
        connection.execute(update(conversations).where(*mine).values(beneficiary=beneficiary))
        given = [Consent("harif", id, beneficiary, one, True, "1", channel, "", now) for one in agreed]
        consents.log(connection, given)
        if case or phone:
            person.reference = new_reference(token_bytes(16), "HRF")
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
        "ready": "own", "about": "case", "title": "موعد الطلبات", "text_ar": TEXT, "text_en": ENGLISH,
        "whom": "everybody", "button": ["/track", "/menu"], **more,
    }  # fmt: skip


def write(browser: Browser, files: Any = None, **more: Any) -> int:
    """Compose, and be on the draft's page; its id."""
    answer = browser.post("/broadcasts/new", files=files or {"file": ("", b"")}, follow=False, **form(**more))
    assert answer.status_code == 303, words_of(answer.text)
    return int(re.search(r"/broadcasts/(\d+)", answer.headers["location"])[1])  # type: ignore[index]


def go(browser: Browser, id: int, people: int, **more: Any) -> Any:
    given = {"looked": "yes", **looked_at(browser, id), **more}
    return browser.post(f"/broadcasts/{id}/go", people=str(people), **given)


def approve(browser: Browser, id: int, people: int, **more: Any) -> Any:
    return browser.post(f"/broadcasts/{id}/approve", people=str(people), **looked_at(browser, id), **more)


def looked_at(browser: Browser, id: int, room: str = "broadcasts") -> dict[str, str]:
    """As the page says which draft it shows."""
    found = re.search(r'name="draft" value="(\w+)"', browser.get(f"/{room}/{id}").text)
    return {"draft": found[1]} if found else {}


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


def upload(browser: Browser, data: bytes, name: str = "list.csv", **more: Any) -> Any:
    return browser.post("/broadcasts/new", files={"list": (name, data)}, **form(whom="list", **more))


def csv_file(rows: list[list[Any]], mark: str = ",", encoding: str = "utf-8-sig") -> bytes:
    plain = [["" if cell is None else str(cell).removesuffix(".0") for cell in row] for row in rows]
    return "\r\n".join(mark.join(row) for row in plain).encode(encoding)
