"""What reached whom, as staff see it: channels, notices, the ways one was tried, and nothing that is not theirs."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.channels.contract import AddressGone
from bot.desk.cases.told import why_leg
from bot.desk.said import money
from bot.desk.words import DeskWords
from storage.ids import new_id
from storage.notices import Leg, Notice, add
from storage.schema import cases, conversations, messages
from storage.schema_notices import notices
from storage.times import DAY, ms
from tests.bot.desk import error
from tests.desk.house import House, Person, words_of
from tests.desk.test_moves import does


@pytest.fixture
def person(house: House) -> Person:
    return house.person("7001")


def told(house: House, person: Person, **lost: Any) -> int:
    """A request is verified, and its person hears of it; the notice's id. `lost`: they blocked us."""
    person.does(person.apply())
    if lost:
        house.papers["harif", "telegram"].fails["7001"].append(error(AddressGone, lost["code"]))
    officer = house.worker("relations_officer")
    case = house.ask(lambda c: c.scalar(select(cases.c.id)))
    does(officer, case, "verify")
    return int(house.ask(lambda c: c.scalar(select(notices.c.id).order_by(notices.c.id.desc()))))


def test_a_notice_that_arrived_is_listed_and_its_channel_counts_it(house: House, person: Person) -> None:
    told(house, person)
    house.later(minutes=3)
    page = house.worker("management").text("/delivery")
    assert "تغيّرت حالة الطلب" in page and "تلغرام وصل بها" in page
    assert "القنوات في آخر يوم" in page


def test_a_way_that_failed_is_explained_and_leads_to_its_task(house: House, person: Person) -> None:
    id = told(house, person, code="blocked")
    house.later(seconds=20)
    house.later(seconds=20)
    officer = house.worker("relations_officer")
    page = officer.text(f"/delivery/{id}")
    assert "لم تصل: حظر الرسائل" in page and "جُرّبت كل وسائلهم ولم تصل" in page
    assert "عند الموظفين" in page
    assert "/desk/harif/tasks/" in officer.get(f"/delivery/{id}").text
    failed = officer.text("/delivery")
    assert "أوقف صاحب هذا الحساب رسائلنا" in failed


def test_the_list_is_narrowed_by_state_and_by_agreed_way(house: House, person: Person) -> None:
    told(house, person)
    house.later(minutes=3)
    officer = house.worker("relations_officer")
    assert "تغيّرت حالة الطلب" in officer.text("/delivery?state=reached")
    assert "لا إشعارات بهذه الحالة" in officer.text("/delivery?state=with_staff")
    assert "لا إشعارات بهذه الحالة" in officer.text("/delivery?channel=letter")
    house.do(lambda c: c.execute(update(notices).values(channel="letter")))
    assert "تغيّرت حالة الطلب" in officer.text("/delivery?channel=letter&state=reached")
    assert officer.get("/delivery?state=nonsense&channel=x&after=-1").status_code == 200


def test_what_a_worker_may_not_see_is_neither_listed_nor_opened(house: House, person: Person) -> None:
    id = told(house, person)
    officer = house.worker("relations_officer")
    assert officer.get(f"/delivery/{id}").status_code == 200
    house.do(lambda c: c.execute(update(cases).values(restricted=True)))
    assert officer.get(f"/delivery/{id}").status_code == 404
    assert "تغيّرت حالة الطلب" not in officer.text("/delivery")
    house.do(lambda c: c.execute(update(cases).values(restricted=False)))
    house.do(lambda c: c.execute(update(conversations).values(women_only=True)))
    assert officer.get(f"/delivery/{id}").status_code == 404
    woman = house.worker("relations_officer", woman=True)
    assert woman.get(f"/delivery/{id}").status_code == 200


def test_who_keeps_the_switch_sees_the_channels_and_nobodys_case(house: House, person: Person) -> None:
    id = told(house, person)
    keeper = house.worker("administrator")
    page = keeper.text("/delivery")
    assert "تلغرام" in page and "تغيّرت حالة الطلب" not in page
    assert keeper.get(f"/delivery/{id}").status_code == 404


def test_a_paused_channel_and_what_waits_behind_it_are_said(house: House, person: Person) -> None:
    from storage import accounts

    told(house, person)
    house.do(lambda c: accounts.pause(c, "harif", "telegram"))
    house.do(lambda c: c.execute(update(messages).where(messages.c.direction == "out").values(state="queued")))
    house.line.now += timedelta(minutes=12)
    page = house.worker("management").text("/delivery")
    assert "موقوفة من المسؤول" in page and "أقدمها منذ" in page


def test_the_case_says_what_reached_its_person_and_so_does_the_conversation(house: House, person: Person) -> None:
    told(house, person)
    house.later(minutes=3)
    officer = house.worker("relations_officer")
    case = house.ask(lambda c: c.scalar(select(cases.c.id)))
    for path in (f"/case/{case}", f"/conversation/{person.id}"):
        page = words_of(officer.get(path).text)
        assert "ما أُبلغوا به" in page and "تغيّرت حالة الطلب وصل" in page, path


def test_who_sees_few_of_many_comes_to_them_page_by_page(
    house: House, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(house, person)
    monkeypatch.setattr("storage.delivery.LOOKED", 3)
    now = ms(house.now)
    for _ in range(4):
        house.do(add, Notice("harif", new_id(), "moved", "moved:X:1", now, reference="X"))
    officer = house.worker("relations_officer")
    first = officer.get("/delivery")
    assert "تغيّرت حالة الطلب" not in words_of(first.text)
    older = re.search(r'href="([^"]*after=\d+)"', first.text)
    assert older is not None and "تغيّرت حالة الطلب" in officer.text(older[1])


def paid(house: House, cost: str, **where: Any) -> None:
    """The provider named what each message that went out cost; `where`: other columns, too."""
    house.do(
        lambda c: c.execute(
            update(messages)
            .where(messages.c.direction == "out", messages.c.notice.is_not(None))
            .values(cost=cost, **where)
        )
    )


def test_what_a_notice_cost_stands_on_its_page_and_what_a_channel_cost_beside_it(house: House, person: Person) -> None:
    id = told(house, person)
    officer = house.worker("relations_officer")
    assert "التكلفة" not in officer.text("/delivery") + officer.text(f"/delivery/{id}"), "where nobody names a price"
    paid(house, "0.0075 USD")
    page = officer.text(f"/delivery/{id}")
    assert "التكلفة: ٠٫٠٠٧٥ دولار أمريكي" in page and "التكلفة ٠٫٠٠٧٥ دولار أمريكي" in page
    page = officer.text("/delivery")
    assert "التكلفة" in page and "٠٫٠١ دولار أمريكي في ٣٠ يومًا: ٠٫٠١ دولار أمريكي" in page
    assert "لم تُذكر" in page, "the other channels"


@pytest.mark.parametrize(
    ("amount", "whole", "ar", "en"),
    [
        ("0.0075", False, "٠٫٠٠٧٥ دولار أمريكي", "0.0075 US dollars"),
        ("0", False, "٠٫٠٠ دولار أمريكي", "0.00 US dollars"),
        ("1234.5678", True, "١٬٢٣٤٫٥٧ دولار أمريكي", "1,234.57 US dollars"),
    ],
)
def test_money_is_said_in_the_readers_words(amount: str, whole: bool, ar: str, en: str) -> None:
    assert [money(Decimal(amount), "USD", language, whole) for language in ("ar", "en")] == [ar, en]
    assert "XQX" in money(Decimal(1), "XQX", "ar"), "a unit that nobody knows stands as it came"


def test_money_is_that_of_its_period_and_of_each_unit(house: House, person: Person) -> None:
    told(house, person)
    paid(house, "12.5 SAR", at=ms(house.now) - 3 * DAY)
    page = house.worker("management").text("/delivery")
    assert "لم تُذكر في ٣٠ يومًا: ١٢٫٥٠ ريال سعودي" in page
    paid(house, "12.5 SAR", at=ms(house.now) - 31 * DAY)
    assert "التكلفة" not in house.worker("management").text("/delivery")


WHYS = (
    "channel_stopped", "channel_off", "asked", "death", "blocked", "stopped", "by_call", "muted", "unreachable",
    "window", "no_template", "not_proven", "not_a_message", "nothing_to_say", "by_template", "not_done", "failed",
)  # fmt: skip
"""Why a way was not the last, as the chain writes it (bot/notices.py, storage/messages.cancel)."""


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_reason_for_going_on_has_a_sentence_of_its_own(house: House, language: str) -> None:
    words = DeskWords(language, house.associations["harif"])
    said = {
        (why, state): why_leg(words, Leg("harif", 1, 1, "whatsapp", 0, state, why=why))
        for why in WHYS
        for state in ("failed", "skipped")
    }
    assert all(said.values()) and len(set(said.values())) == len(WHYS)
    assert words("send_error.unknown") not in said.values()
    assert said["asked", "failed"] != words("tasks.outcome.asked")
