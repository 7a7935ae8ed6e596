"""Broadcasts: written, looked at, tried, agreed to by a second, sent, held, stopped; and refused with a reason before
anything leaves."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot import schedule
from bot import waves as feeding
from conversations.association.association import Association
from conversations.wording import Wording
from storage import staff, waves
from storage.schema import conversations
from tests.desk.broadcasting import (
    PNG,
    TEXT,
    approve,
    careful,
    feed,
    form,
    go,
    heard,
    known,
    looked_at,
    states,
    wave,
    write,
)
from tests.desk.house import House, Person, words_of


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    """A second person is asked above two."""
    made = careful(associations, tmp_path)
    yield made
    made.close()


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
    assert approve(officer, id, 5).status_code == 403
    monkeypatch.setattr(feeding, "AT_ONCE", 2)
    monkeypatch.setattr(schedule, "FEEDS", 1)
    assert "بدأ إرسالها" in words_of(approve(manager, id, 5).text)
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
    talk = officer.text(f"/conversation/{replied.id}")
    assert 0 < talk.find(TEXT) < talk.find("شكرًا لكم"), "what they reply to stands above it"
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


def test_a_small_one_goes_without_a_second_person_and_each_gets_the_words_of_their_language(house: House) -> None:
    person = known(house, "7001")
    officer = house.worker("relations_officer")
    id = write(officer, files={"file": ("إعلان.png", PNG, "image/png")})
    assert officer.get(f"/broadcasts/{id}/file").content == PNG
    assert "بدأ إرسالها" in words_of(go(officer, id, 1).text)
    feed(house)
    said = house.papers["harif", "telegram"].says[-2:]
    assert said[0].file is not None and said[0].file.name == "إعلان.png"
    assert TEXT in said[1].text and "إيقاف" in said[1].text and len(said[1].options) == 2
    assert wave(house, id).state == "done"
    house.later(minutes=1)
    person.does(person.press("/track"))
    assert "ردّ واحد" in officer.text(f"/broadcasts/{id}"), "a button pressed is a reply, in their own conversation"


def test_whoever_answers_a_broadcast_comes_to_a_person_with_it_in_sight(house: House) -> None:
    answers, waits = known(house, "7001"), known(house, "7002")
    waits.does(waits.say("ابغى موظف"))
    officer, researcher = house.worker("relations_officer"), house.worker("social_researcher")
    id = write(officer)
    go(officer, id, 2)
    feed(house)
    house.later(hours=3)
    answers.does(answers.say("ابغى موظف"))
    inbox, talk = officer.text("/inbox"), f"/conversation/{answers.id}"
    assert inbox.count("ردّ على رسالة عامة: موعد الطلبات") == 1, "who waited before answers nothing"
    assert "ردّ على رسالة عامة: موعد الطلبات" in officer.text(talk)
    assert f"/broadcasts/{id}" in officer.get(talk).text
    assert "ردّ على رسالة عامة" in researcher.text(talk) and f"/broadcasts/{id}" not in researcher.get(talk).text
    assert "ردّ على رسالة عامة" not in officer.text(f"/conversation/{waits.id}")
    officer.post(f"/inbox/{answers.id}/take")
    assert "ردّ على رسالة عامة" in officer.text("/inbox?list=mine")
    house.later(days=5)
    officer.sign_in()
    assert "ردّ على رسالة عامة" in officer.text(talk), "it stays in sight as long as they wait"


def test_of_ones_own_the_writer_says_what_it_is_about_and_that_says_who_hears_it(house: House) -> None:
    people = {
        one: known(house, f"700{number}", agreed=("case", one)) for number, one in enumerate(("services", "survey"))
    }
    request = known(house, "7009")
    officer = house.worker("relations_officer")
    page = officer.get("/broadcasts/new").text
    assert (
        page.count('name="about"') == 3
        and " checked" not in page.partition('id="f-about"')[2].partition("</fieldset>")[0]
    )
    assert 'name="about"' not in officer.get("/broadcasts/new?ready=changed").text
    answer = officer.post("/broadcasts/new", files={"file": ("", b"")}, **form(about=""))
    assert answer.status_code == 422 and "اختاروا عمّ تخبرهم الرسالة" in words_of(answer.text)
    for about, person in people.items():
        id = write(officer, about=about)
        assert wave(house, id).purpose == about
        assert f'value="{about}" required checked' in officer.get(f"/broadcasts/{id}/change").text
        assert "بدأ إرسالها" in words_of(go(officer, id, 1).text)
        before = heard(person)
        feed(house)
        assert (heard(person), heard(request), before) == (1, 0, 0)


def test_a_sample_of_them_is_drawn_and_goes_to_exactly_those(house: House) -> None:
    people = [known(house, f"70{number:02}") for number in range(6)]
    officer = house.worker("relations_officer")
    for wrong in ("many", "-2", "0", "٢", "9" * 30):
        answer = officer.post("/broadcasts/new", files={"file": ("", b"")}, **form(whom="some", sample=wrong))
        assert answer.status_code == 422 and "العيّنة رقم" in words_of(answer.text), wrong
    answer = officer.post("/broadcasts/new", files={"file": ("", b"")}, **form(sample="2"))
    assert answer.status_code == 422 and "لا ندري أيّهما تقصدون" in words_of(answer.text), "everybody, and two of them"
    id = write(officer, whom="some", sample="2")
    page = officer.text(f"/broadcasts/{id}")
    assert "شخصان بالقرعة" in page and 'value="2"' in officer.get(f"/broadcasts/{id}/change").text
    officer.post(f"/broadcasts/{id}/recount")
    assert "بدأ إرسالها" in words_of(go(officer, id, 2).text)
    feed(house)
    assert heard(*people) == 2 and states(house, id) == ["invited", "invited"]


# --- refused before anything is kept or sent -------------------------------------------------------------------------

WRONG = {
    "no title": ({"title": " "}, "اكتبوا عنوانًا"),
    "no arabic": ({"text_ar": ""}, "اكتبوا النص بالعربية"),
    "no english": ({"text_en": ""}, "النص بالإنجليزية ناقص"),
    "too long": ({"text_ar": "ا" * 901}, "النص طويل"),
    "a gap": ({"text_ar": "تغيّر: […]"}, "فراغ لم يُملأ"),
    "for nobody named": ({"whom": ""}, "اختاروا لمن تصل"),
    "some, by nothing": ({"whom": "some"}, "لم تحدّدوا بماذا"),
    "an unknown service": ({"whom": "some", "services": "nonsense"}, "اختيار لا نعرفه"),
    "a kind not theirs": ({"whom": "some", "kinds": "complaint"}, "اختيار لا نعرفه"),
    "an unknown channel": ({"whom": "some", "channels": "pigeon"}, "اختيار لا نعرفه"),
    "no day": ({"whom": "some", "opened_from": "yesterday"}, "غير واضح"),
    "days the wrong way": ({"whom": "some", "opened_from": "2026-11-02", "opened_until": "2026-11-01"}, "بعد النهاية"),
    "a time that is over": ({"day": "2026-11-20", "clock": "10:00"}, "هذا الوقت مضى"),
    "no time": ({"day": "2026-12-20", "clock": "9999"}, "غير واضح"),
    "no list": ({"whom": "list"}, "ارفعوا ملف القائمة"),
}


def test_what_is_wrong_is_named_with_what_was_typed_and_nothing_is_kept(house: House) -> None:
    officer = house.worker("relations_officer")
    for name, (fields, said) in WRONG.items():
        answer = officer.post("/broadcasts/new", files={"file": ("", b"")}, **form(**fields))
        assert answer.status_code == 422 and said in words_of(answer.text), (name, words_of(answer.text)[:900])
        assert name in ("no arabic", "too long", "a gap") or TEXT in answer.text, name
    assert house.ask(waves.listed, "harif", "broadcast") == []
    everything = officer.post("/broadcasts/new", files={"file": ("", b"")}, title="", text_ar="", whom="")
    assert re.search(r"لم نحفظها بعد: أصلحوا .+ أشياء أولًا", words_of(everything.text)), "all that is wrong at once"


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        ({"whom": "everybody", "services": "training"}, False),
        ({"whom": "everybody", "opened_from": "2026-01-01"}, False),
        ({"whom": "everybody"}, True),
        ({"whom": "some", "services": "training"}, True),
        ({"whom": "list", "services": "training"}, True),
    ],
)
def test_one_for_everybody_with_some_or_a_list_chosen_too_is_asked_about(
    house: House, fields: dict[str, str], listed: bool
) -> None:
    """Somebody who chose some, or gave a list, means no others: what would go to more people is never guessed."""
    known(house, "7001", case=True)
    files = {"list": ("قائمة.csv", b"0500000001")} if listed else {"file": ("", b"")}
    answer = house.worker("relations_officer").post("/broadcasts/new", files=files, **form(**fields))
    assert answer.status_code == 422 and "لا ندري أيّهما تقصدون" in words_of(answer.text)
    assert house.ask(waves.listed, "harif", "broadcast") == []
    if "services" in fields or "opened_from" in fields:
        assert re.search(r'<details class="sides-of" open><summary>اختيار بعضهم', answer.text), "and is seen"


def test_a_button_that_no_channel_can_show_is_refused(house: House) -> None:
    harif = house.associations["harif"]
    longer = {**harif.wording["ar"].sentences, "option.track": "متابعة طلبي الذي قدّمته أمس"}
    wording = {**harif.wording, "ar": Wording("ar", longer, harif.wording["ar"]._plural)}
    house.associations["harif"] = replace(harif, wording=wording)
    answer = house.worker("relations_officer").post("/broadcasts/new", files={"file": ("", b"")}, **form())
    assert answer.status_code == 422 and "أطول من ٢٠ حرفًا" in words_of(answer.text)


def test_a_file_that_not_every_channel_takes_is_refused(house: House) -> None:
    officer = house.worker("relations_officer")
    for name, data in (
        ("a.exe", b"MZ program"),
        ("a.ogg", b"OggS" + bytes(24) + b"OpusHead"),
        ("big.png", PNG * 410_000),
    ):
        answer = officer.post("/broadcasts/new", files={"file": (name, data)}, **form())
        assert answer.status_code in (413, 422), name
    assert house.line.rows("files") == [] and house.ask(waves.listed, "harif", "broadcast") == []


def test_a_file_that_came_with_something_wrong_is_asked_for_again(house: House) -> None:
    officer = house.worker("relations_officer")
    answer = officer.post("/broadcasts/new", files={"file": ("a.png", PNG)}, **form(title=""))
    assert answer.status_code == 422 and "اختاروا الملف من جديد" in words_of(answer.text)
    answer = officer.post("/broadcasts/new", files={"file": ("", b"")}, **form(title=""))
    assert "اختاروا الملف من جديد" not in words_of(answer.text)


def test_readers_of_arabic_alone_need_no_english(house: House) -> None:
    known(house, "7001")
    officer = house.worker("relations_officer")
    id = write(officer, text_en="", whom="some", languages="ar")
    assert "لا نص بالإنجليزية" in officer.text(f"/broadcasts/{id}") and "شخص واحد" in officer.text(f"/broadcasts/{id}")


def test_for_nobody_or_for_those_who_did_not_agree_it_does_not_go(house: House) -> None:
    person = known(house, "7001", agreed=())
    stopped = known(house, "7002")
    stopped.does(stopped.say("إيقاف"))
    officer = house.worker("relations_officer")
    id = write(officer)
    page = officer.text(f"/broadcasts/{id}")
    assert "لا أحد" in page and "وشخص آخر تنطبق عليه الصفات لم يوافق" in page and "أرسلوها إلى" not in page
    answer = go(officer, id, 0)
    assert answer.status_code == 409 and "لا تصل إلى أحد" in words_of(answer.text)
    feed(house)
    assert heard(person, stopped) == 0 and wave(house, id).state == "drafted"


def test_services_that_may_fit_reach_only_who_agreed_to_hear_of_them(house: House) -> None:
    asked, other = known(house, "7001", agreed=("case", "services")), known(house, "7002")
    officer = house.worker("relations_officer")
    id = write(officer, ready="services")
    assert "شخص واحد" in officer.text(f"/broadcasts/{id}")
    go(officer, id, 1)
    feed(house)
    assert heard(asked) == 1 and heard(other) == 0


def test_it_goes_to_as_many_as_the_page_said_or_not_at_all(house: House) -> None:
    known(house, "7001")
    officer = house.worker("relations_officer")
    id = write(officer)
    late = known(house, "7002")
    answer = go(officer, id, 1)
    assert answer.status_code == 409 and "وهو الآن شخصان" in words_of(answer.text)
    assert 'name="people" value="2"' in answer.text, "and the page stands corrected"
    feed(house)
    assert heard(late) == 0
    answer = officer.post(f"/broadcasts/{id}/go", people="2")
    assert answer.status_code == 422 and "ضعوا علامة" in words_of(answer.text)
    assert "بدأ إرسالها" in words_of(go(officer, id, 2).text)


def test_who_withdraws_between_go_and_their_turn_does_not_get_it(house: House) -> None:
    person, other = known(house, "7001"), known(house, "7002")
    officer = house.worker("relations_officer")
    id = write(officer)
    go(officer, id, 2)
    person.does(person.say("إيقاف"))
    feed(house)
    assert heard(person) == 0 and heard(other) == 1
    assert "أوقف رسائلنا" in officer.text(f"/broadcasts/{id}/people")


def test_what_was_changed_after_it_was_agreed_to_is_asked_about_again(house: House) -> None:
    for number in range(3):
        known(house, f"70{number:02}")
    officer, manager = house.worker("relations_officer"), house.worker("management")
    id = write(officer)
    go(officer, id, 3)
    answer = officer.post(f"/broadcasts/{id}/change", files={"file": ("", b"")}, **form(text_ar="نص آخر"))
    assert answer.status_code == 200
    answer = approve(manager, id, 3)
    assert answer.status_code == 409 and "تغيّرت بعد طلبها" in words_of(answer.text)
    own = write(manager)
    go(manager, own, 3)
    answer = approve(manager, own, 3)
    assert answer.status_code == 409 and "شخص غير الذي كتبها" in words_of(answer.text)
    assert wave(house, own).state == "drafted"


@pytest.mark.parametrize(
    "changed", [{"text_ar": "كلام لم يره أحد"}, {"button": ["/menu"]}, {"whom": "some", "languages": ["ar"]}],
    ids=["words", "buttons", "audience"],
)  # fmt: skip
def test_who_looked_at_another_draft_has_not_agreed_to_this_one(house: House, changed: dict[str, Any]) -> None:
    people = [known(house, f"70{number:02}") for number in range(3)]
    officer, manager = house.worker("relations_officer"), house.worker("management")
    id = write(officer)
    seen = looked_at(officer, id)
    officer.post(f"/broadcasts/{id}/recount")
    assert looked_at(officer, id) == seen, "counted again it is the same"
    go(officer, id, 3)
    old = looked_at(manager, id)
    officer.post(f"/broadcasts/{id}/change", files={"file": ("", b"")}, **form(**changed))
    stale = go(officer, id, 3, **seen)
    assert stale.status_code == 409 and not wave(house, id).needs_approval
    go(officer, id, 3)
    answer = manager.post(f"/broadcasts/{id}/approve", people="3", **old)
    assert answer.status_code == 409 and "تغيّر هذا بعد أن فتحتم الصفحة" in words_of(answer.text)
    assert changed.get("text_ar", TEXT) in words_of(answer.text), "and the page shows it anew"
    feed(house)
    assert wave(house, id).state == "drafted" and len({len(one.told) for one in people}) == 1
    assert manager.post(f"/broadcasts/{id}/approve", people="3").status_code == 409, "nor by a page that showed nothing"
    assert "بدأ إرسالها" in words_of(approve(manager, id, 3).text)


def test_one_that_runs_is_changed_by_nobody_and_one_that_was_dropped_neither(house: House) -> None:
    known(house, "7001")
    officer = house.worker("relations_officer")
    id = write(officer, day="2026-12-20", clock="10:00")
    go(officer, id, 1)
    assert "مجدولة" in officer.text("/broadcasts")
    assert officer.get(f"/broadcasts/{id}/change").status_code == 409
    assert officer.post(f"/broadcasts/{id}/change", files={"file": ("", b"")}, **form(title="آخر")).status_code == 409
    assert go(officer, id, 1).status_code == 409
    officer.post(f"/broadcasts/{id}/abort", sure="yes")
    assert officer.post(f"/broadcasts/{id}/abort", sure="yes").status_code == 409
    assert officer.post(f"/broadcasts/{id}/resume").status_code == 409


def test_one_for_later_leaves_at_its_hour_and_not_before(house: House) -> None:
    person = known(house, "7001")
    officer = house.worker("relations_officer")
    id = write(officer, day="2026-11-23", clock="11:00")
    assert "تبدأ" in officer.text(f"/broadcasts/{id}")
    go(officer, id, 1)
    feed(house)
    assert heard(person) == 0
    house.later(hours=24)
    feed(house)
    assert heard(person) == 0
    house.later(hours=2)
    feed(house)
    assert heard(person) == 1


# --- how it will look ------------------------------------------------------------------------------------------------


def test_each_channel_is_shown_with_its_own_words_and_the_state_of_its_template(house: House) -> None:
    officer = house.worker("relations_officer")
    id = write(officer)
    page = officer.text(f"/broadcasts/{id}")
    for named in ("تلغرام", "واتساب كتب لنا خلال يوم", "واتساب لم يكتب لنا منذ يوم", "رسالة نصية", "بريد إلكتروني"):
        assert named in page, named
    assert "لا قالب معتمد" in page and "مقطعان" in page
    template = house.associations["harif"].wording["ar"]("template.information_changed", short="جمعية حارف")
    assert template in page and "{{" not in page
    assert page.count("غير مربوطة") == 4, "text messages and mails, in both languages"
    house.papers["harif", "whatsapp"].approved = frozenset({"information_changed"})
    assert "القالب معتمد" in officer.text(f"/broadcasts/{id}")


def test_segments_count_the_link_to_stop_where_nobody_can_answer(house: House) -> None:
    officer = house.worker("relations_officer")
    id = write(officer, text_ar="خبر", button=[])
    assert "مقطع واحد" in officer.text(f"/broadcasts/{id}")
    house.wires["harif", "sms"] = type("OneWay", (), {"one_way": True, "name": "sms"})()
    assert "مقطعان" in officer.text(f"/broadcasts/{id}")


def test_the_cost_is_by_channel_and_what_is_not_known_is_said_so(house: House) -> None:
    known(house, "7001")
    known(house, "+966500000002", "whatsapp")
    known(house, "cookie-3", "web_chat")
    officer = house.worker("relations_officer")
    id = write(officer)
    page = officer.text(f"/broadcasts/{id}")
    assert "٠.١٥ ريال" in page and "غير معروفة" in page and "المعروف منها: ٠.١٥ ريال" in page
    assert "لا نعرف مدتها" in page
    house.desk.rates = {("harif", "telegram"): 30.0, ("harif", "whatsapp"): 0.01, ("harif", "web_chat"): 100.0}
    assert "في نحو دقيقتين" in officer.text(f"/broadcasts/{id}"), "the slowest channel counts"


# --- a test to oneself -----------------------------------------------------------------------------------------------


def test_a_test_goes_to_one_conversation_that_is_named_and_meant_and_to_no_other(house: House) -> None:
    colleague, other = known(house, "7001", case=True), known(house, "7002")
    officer = house.worker("relations_officer")
    id = write(officer)
    reference = colleague.reference
    for fields, said in (
        ({"to": "telegram"}, "تلغرام غير مربوط"),
        ({"to": "conversation", "whom": "فلان"}, "اكتبوا رقم جوال أو رقم طلب"),
        ({"to": "conversation", "whom": "0509999999"}, "لا نعرف محادثة"),
        ({"to": "conversation", "whom": reference}, "ضعوا علامة"),
    ):
        answer = officer.post(f"/broadcasts/{id}/test", **fields)
        assert answer.status_code == 422 and said in words_of(answer.text), fields
    officer.post(f"/broadcasts/{id}/test", to="conversation", whom=reference, meant="yes")
    house.settle()
    assert any("تجربة" in text and TEXT in text for text in colleague.told) and not any(
        TEXT in one for one in other.told
    )
    assert wave(house, id).state == "drafted" and states(house, id) == []


def tried_on_whatsapp(house: House, approved: frozenset[str]) -> tuple[Any, Person, int]:
    """A test to a colleague who wrote longer ago than WhatsApp allows to answer; what the desk says, and the draft."""
    paper = house.papers["harif", "whatsapp"]
    paper.approved = approved
    colleague = known(house, "+966500000009", "whatsapp", case=True)
    house.later(hours=25)
    paper.says.clear()
    officer = house.worker("relations_officer")
    id = write(officer)
    answer = officer.post(
        f"/broadcasts/{id}/test",
        to="conversation",
        whom=colleague.reference,
        meant="yes",
    )
    house.settle()
    return answer, colleague, id


def test_a_test_outside_the_window_is_the_approved_template_and_its_button_brings_the_words(house: House) -> None:
    answer, colleague, id = tried_on_whatsapp(house, frozenset({"information_changed"}))
    assert answer.status_code == 200 and "خرجت التجربة" in words_of(answer.text)
    (say,) = house.papers["harif", "whatsapp"].says
    assert say.template == "information_changed"
    button = f"told:{say.values['2']}"
    stranger = known(house, "+966500000010", "whatsapp")
    for person, reads in ((colleague, True), (stranger, False)):
        before = len(person.told)
        person.does(person.press(button))
        told = "\n".join(person.told[before:])
        assert (TEXT in told and "تجربة" in told) is reads, "the words of a draft are for nobody else"
        assert ("مضى وقتها" in told) is not reads
    assert wave(house, id).state == "drafted" and states(house, id) == []


def test_a_test_that_nothing_can_carry_says_so_at_the_desk(house: House) -> None:
    answer, colleague, id = tried_on_whatsapp(house, frozenset())
    assert answer.status_code == 422 and "غير معتمد بعد" in words_of(answer.text)
    assert house.papers["harif", "whatsapp"].says == []
    assert "broadcast.test" not in [act for _, act, *_ in house.acts()]
    colleague.does(colleague.say("إيقاف"))
    officer = house.worker("relations_officer")
    again = officer.post(
        f"/broadcasts/{id}/test",
        to="conversation",
        whom=colleague.reference,
        meant="yes",
    )
    assert again.status_code == 422 and "أُوقفت الرسائل" in words_of(again.text)


# --- who may ---------------------------------------------------------------------------------------------------------


def test_only_who_may_writes_and_an_auditor_only_reads(house: House) -> None:
    known(house, "7001")
    id = write(house.worker("relations_officer"))
    auditor = house.worker("auditor")
    page = auditor.get(f"/broadcasts/{id}").text.partition("<main")[2]
    assert "لكم أن تقرؤوها" in words_of(page) and 'method="post"' not in page
    for path in ("go", "test", "confirm", "approve", "pause", "resume", "abort"):
        assert auditor.post(f"/broadcasts/{id}/{path}", sure="yes", looked="yes", people="1").status_code == 403, path
    assert house.worker("committee").get("/broadcasts").status_code == 403
    assert house.worker("management", association="ruhama").get(f"/broadcasts/{id}").status_code == 404
    assert house.worker("management", association="ruhama").post(f"/broadcasts/{id}/pause").status_code == 404
    assert wave(house, id).state == "drafted"


def test_whose_conversation_one_may_not_see_is_neither_opened_nor_named(house: House) -> None:
    hidden, open_ = known(house, "7001", case=True), known(house, "7002", case=True)
    officer = house.worker("relations_officer")
    id = write(officer)
    go(officer, id, 2)
    feed(house)
    house.do(lambda c: c.execute(update(conversations).where(conversations.c.id == hidden.id).values(women_only=True)))
    page = officer.get(f"/broadcasts/{id}/people").text
    assert f"/conversation/{open_.id}" in page and f"/conversation/{hidden.id}" not in page
    assert (officer.who, "view", f"wave:{id}", "people") in house.acts()
