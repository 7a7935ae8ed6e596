"""Past WhatsApp's twenty-four hours: the reply is kept, announced by the approved template, and goes out by itself."""

import re
from typing import Any

import pytest

from bot.channels.contract import ContentRefused, UseTemplate
from conversations.staffed import WAITING
from tests.bot.desk import PDF
from tests.desk.house import Browser, House, Person, words_of
from tests.desk.test_conversation import page_of, reply


@pytest.fixture
def noura(house: House) -> Browser:
    return house.worker("relations_officer", name="نورة الحربي", woman=True)


@pytest.fixture
def person(house: House) -> Person:
    made = house.person("+966500000009", "whatsapp")
    made.does(made.say("السلام عليكم", "ابغى موظف"))
    return made


@pytest.fixture
def approved(house: House) -> None:
    house.papers["harif", "whatsapp"].approved = frozenset({WAITING})


def back_after(noura: Browser, **span: float) -> Browser:
    """Time passes, and she signs in again."""
    noura.house.later(**span)
    return Browser(noura.house, noura.id, noura.association)


def sent(house: House) -> list[Any]:
    return house.papers["harif", "whatsapp"].says


def test_inside_the_window_its_end_is_shown(house: House, noura: Browser, person: Person) -> None:
    html = noura.get(page_of(person)).text
    until = int(house.now.timestamp() * 1000) + 24 * 3_600_000
    assert f'data-until="{until}"' in html
    assert "نافذة واتساب مفتوحة حتى ١٠:٠٠" in words_of(html)
    telegram = house.person("7001")
    telegram.does(telegram.say("السلام عليكم"))
    assert "نافذة" not in noura.text(page_of(telegram))


@pytest.mark.usefixtures("approved")
def test_past_it_a_reply_is_kept_announced_once_and_goes_out_when_they_write(
    house: House, noura: Browser, person: Person
) -> None:
    noura = back_after(noura, hours=25)
    page = noura.text(page_of(person))
    assert "مضت ٢٤ ساعة على آخر رسالة منهم" in page
    assert "حفظ وإشعار بأن ردًّا ينتظر" in page
    before = len(sent(house))
    answer = reply(noura, person, "اكتمل طلبكم، وتستلمونه الأحد.", knock="yes")
    assert "حُفظ الرد" in words_of(answer.text)
    (template,) = sent(house)[before:]
    assert template.template == WAITING
    assert "اكتمل" not in template.text, "what it says is theirs, once they write"
    page = noura.text(page_of(person))
    assert "ردود تنتظر" in page and "وأخبرناهم بالقالب المعتمد" in page
    assert "حفظ وإشعار" not in page, "once until they write"
    reply(noura, person, "وأحضروا الهوية.", knock="yes")
    assert len(sent(house)) == before + 1
    person.does(person.say("نعم"))
    assert person.told[-1].endswith("اكتمل طلبكم، وتستلمونه الأحد.\n\nوأحضروا الهوية.")
    assert "ردود تنتظر" not in noura.text(page_of(person))
    noura = back_after(noura, hours=25)
    reply(noura, person, "بقي شيء", knock="yes")
    assert sent(house)[-1].template == WAITING, "and once more after the next closing"


def test_what_was_accepted_is_never_dropped_and_what_cannot_wait_is_refused_with_its_words(
    house: House, noura: Browser, person: Person
) -> None:
    noura = back_after(noura, hours=25)
    for number in range(17):
        reply(noura, person, f"رد {number}")
    files = [("file", (f"{number}.pdf", PDF, "application/pdf")) for number in range(4)]
    answer = noura.post(f"{page_of(person)}/reply", text="مع أوراقها", seen="9999", files=files)
    page = words_of(answer.text)
    assert answer.status_code == 422 and "يتّسع الانتظار لـ٣ رسائل بعد" in page and "مع أوراقها" in answer.text
    assert len(person.where.kept) == 17
    answer = noura.post(f"{page_of(person)}/reply", text="مع أوراقها", seen="9999", files=files[:3])
    assert answer.status_code == 200 and len(person.where.kept) == 20
    answer = reply(noura, person, "وبقي شيء")
    assert answer.status_code == 422 and "٢٠ ردًّا ينتظرهم" in words_of(answer.text) and "وبقي شيء" in answer.text
    person.does(person.say("نعم"))
    told = "\n".join(person.told)
    assert all(f"رد {number}" in told for number in range(17)) and "مع أوراقها" in told and "وبقي شيء" not in told


@pytest.mark.usefixtures("approved")
def test_it_can_be_announced_later_too(house: House, noura: Browser, person: Person) -> None:
    noura = back_after(noura, hours=25)
    reply(noura, person, "اكتمل طلبكم")
    assert sent(house)[-1].template == ""
    assert "إشعارهم بأن ردًّا ينتظر" in noura.text(page_of(person))
    assert noura.post(f"{page_of(person)}/knock").status_code == 200
    house.settle()
    assert sent(house)[-1].template == WAITING
    assert noura.post(f"{page_of(person)}/knock").status_code == 409
    assert (noura.who, "knock", f"conversation:{person.id}", "") in house.acts()


@pytest.mark.usefixtures("approved")
def test_a_template_that_did_not_arrive_may_be_sent_once_more(house: House, noura: Browser, person: Person) -> None:
    noura = back_after(noura, hours=25)
    house.papers["harif", "whatsapp"].fails[person.handle].append(ContentRefused("63027"))
    reply(noura, person, "اكتمل طلبكم", knock="yes")
    html = noura.get(page_of(person)).text
    assert "القالب المعتمد غير صالح أو موقوف" in html
    again = re.search(r'action="([^"]+/again/\d+)"', html)
    assert again
    assert noura.post(again[1]).status_code == 200
    house.settle()
    assert sent(house)[-1].template == WAITING
    assert "ردود تنتظر" in noura.text(page_of(person)), "the reply itself still waits"


def test_without_an_approved_template_the_page_says_so_and_sends_none(
    house: House, noura: Browser, person: Person
) -> None:
    noura = back_after(noura, hours=25)
    page = noura.text(page_of(person))
    assert "لا قالب معتمد بعد" in page and "حفظ وإشعار" not in page
    before = len(sent(house))
    reply(noura, person, "اكتمل طلبكم", knock="yes")
    assert len(sent(house)) == before
    assert noura.post(f"{page_of(person)}/knock").status_code == 409


@pytest.mark.usefixtures("approved")
def test_a_reply_that_waits_can_be_taken_back_into_the_box(house: House, noura: Browser, person: Person) -> None:
    noura = back_after(noura, hours=25)
    reply(noura, person, "اكتمل طلبكم")
    back = re.search(r'action="([^"]+/take-back/[\w-]+)"', noura.get(page_of(person)).text)
    assert back
    answer = noura.post(back[1])
    assert "اكتمل طلبكم</textarea>" in answer.text
    assert "ردود تنتظر" not in words_of(answer.text)
    person.does(person.say("نعم"))
    assert not any("اكتمل طلبكم" in told for told in person.told)
    assert noura.post(back[1]).status_code == 409


def test_what_whatsapp_refused_for_its_window_says_what_to_do(house: House, noura: Browser, person: Person) -> None:
    house.papers["harif", "whatsapp"].fails[person.handle].append(UseTemplate("63016"))
    reply(noura, person, "اكتمل طلبكم")
    page = noura.text(page_of(person))
    assert "لم يسمح واتساب بها. أرسلوها من جديد لتُحفظ" in page


def test_a_handoff_out_of_hours_and_past_the_window(house: House, noura: Browser) -> None:
    """Thursday night: honest words, nobody before Sunday; by then the window is closed, and nothing is lost."""
    house.later(days=4, hours=10)
    person = house.person("+966500000010", "whatsapp")
    person.does(person.say("السلام عليكم", "اريد موظف"))
    assert "المكتب مغلق الآن" in person.told[-1]
    noura = back_after(noura, days=2, hours=14)
    reply(noura, person, "صباح الخير، قرأنا رسالتكم، والجواب نعم.")
    assert not any("الجواب نعم" in told for told in person.told)
    person.does(person.say("صباح النور"))
    assert person.told[-1].endswith("صباح الخير، قرأنا رسالتكم، والجواب نعم.")
    assert person.where.holder == noura.who
    noura.post(f"{page_of(person)}/done")
    house.settle()
    assert person.told[-1].startswith("انتهى حديثكم")
