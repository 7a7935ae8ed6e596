"""The conversation page: what is shown of it, to whom, and what a worker does there."""

import re
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.contract import AddressGone, ContentRefused, Uncertain
from conversations.events import Contact, Location, Media
from storage import notes, reply_drafts
from storage.schema_desk import excluded
from tests.desk.house import Browser, House, Person, words_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
OGG = b"OggS\0\x02" + bytes(22) + b"OpusHead" + bytes(64)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def noura(house: House) -> Browser:
    return house.worker("relations_officer", name="نورة الحربي", woman=True)


@pytest.fixture
def person(house: House) -> Person:
    made = house.person("7001")
    made.does(made.say("السلام عليكم", "ابغى موظف"))
    return made


def page_of(person: Person) -> str:
    return f"/conversation/{person.id}"


def seen(worker: Browser, person: Person) -> str:
    """The number of the last line that the page shows."""
    found = re.search(r'name="seen" id="seen" value="(\d+)"', worker.get(page_of(person)).text)
    assert found
    return found[1]


def reply(worker: Browser, person: Person, text: str = "أهلًا بكم", **more: Any) -> Any:
    more["seen"] = more.get("seen") or seen(worker, person)
    answer = worker.post(f"{page_of(person)}/reply", text=text, **more)
    worker.house.settle()
    return answer


def sends(person: Person, data: bytes, kind: Any, name: str = "") -> None:
    source = f"{kind}-{len(data)}"
    person.house.line.channels[person.association, person.channel].files[source] = data
    event = Media(id="m", at=person.house.now, file="theirs", kind=kind, name=name, size=len(data))
    person.does(person.send(person.incoming(event, source=source)))


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_what_the_person_the_bot_and_a_worker_said_stands_there_in_order(
    house: House, noura: Browser, person: Person
) -> None:
    assert reply(noura, person, "أهلًا بكم، كيف نخدمكم؟").status_code == 200
    text = noura.text(page_of(person))
    order = [text.index(words) for words in ("السلام عليكم", "حيّاكم الله في", "حوّلناكم إلى موظف", "كيف نخدمكم؟")]
    assert order == sorted(order)
    assert "نورة الحربي" in text
    assert person.told[-1] == "معكم موظفة علاقات المستفيدين.\n\nأهلًا بكم، كيف نخدمكم؟"


def test_a_press_is_shown_by_its_title_a_place_with_a_map_a_number_as_a_number(noura: Browser, person: Person) -> None:
    person.does(person.press("/menu"))
    now = person.house.now
    person.does(person.send(person.incoming(Location(id="l", at=now, latitude=26.42, longitude=50.08))))
    person.does(person.send(person.incoming(Contact(id="c", at=now, phone="+966500000055", own=True))))
    html = noura.get(page_of(person)).text
    assert "https://www.google.com/maps?q=26.420000,50.080000" in html
    assert 'rel="noopener noreferrer"' in html
    assert "أرسلوا رقمهم: +966500000055" in words_of(html)
    assert "القائمة" in words_of(html)


def test_pictures_are_seen_voice_notes_heard_papers_downloaded(noura: Browser, person: Person) -> None:
    sends(person, PNG, "photo", "صورة.png")
    sends(person, OGG, "voice")
    sends(person, PDF, "document", "عقد.pdf")
    html = noura.get(page_of(person)).text
    picture = re.search(r'<img src="([^"]+)"', html)
    sound = re.search(r'<audio controls preload="none" src="([^"]+)"', html)
    paper = re.search(r'<a class="file" href="([^"]+)"', html)
    assert picture and sound and paper
    shown = noura.get(picture[1])
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["cache-control"] == "no-store"
    assert noura.get(sound[1]).headers["content-type"] == "audio/ogg"
    assert noura.get(paper[1]).content == PDF
    assert noura.get(f"{paper[1]}?download=1").headers["content-disposition"].startswith("attachment")
    part = noura.client.get(sound[1], headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"OggS", f"bytes 0-3/{len(OGG)}")


def test_a_file_of_another_conversation_is_not_there(house: House, noura: Browser, person: Person) -> None:
    sends(person, PNG, "photo")
    other = house.person("7002")
    other.does(other.say("السلام عليكم"))
    html = noura.get(page_of(person)).text
    found = re.search(r'/file/(\d+)"', html)
    assert found
    assert noura.get(f"{page_of(person)}/file/{found[1]}").status_code == 200
    assert noura.get(f"{page_of(other)}/file/{found[1]}").status_code == 404
    assert noura.get(f"{page_of(person)}/file/999").status_code == 404
    assert noura.get(f"{page_of(person)}/file/1").status_code == 404, "a text has no file"


def test_a_secure_page_is_the_persons_alone(house: House, noura: Browser) -> None:
    person = house.person("+966500000009", "whatsapp")
    person.does(person.say("ابغى دعم"))
    person.does(person.press("/apply"))
    while (draft := person.where.open) is not None and not draft.form:
        person.does(person.go_on())
    html = noura.get(page_of(person)).text
    assert "/form/" not in html
    assert "رابط الصفحة الآمنة" in html


def test_notes_and_moves_of_their_cases_stand_between_the_lines(house: House, noura: Browser, person: Person) -> None:
    reference = person.does(person.apply())
    house.later(minutes=1)
    noura.post(f"{page_of(person)}/note", note="اتصلت بها، وتفضّل العصر.")
    house.later(minutes=1)
    person.does(person.say("شكرا"))
    text = noura.text(page_of(person))
    assert text.index("اتصلت بها، وتفضّل العصر.") < text.index("شكرا")
    assert reference in text
    assert "اتصلت بها" not in "".join(person.told)
    (kept,) = house.ask(lambda c: notes.about(c, house.vault, "harif", conversation=person.id))
    assert kept.staff == noura.id


def test_long_talks_are_shown_from_their_end_and_older_lines_on_demand(noura: Browser, person: Person) -> None:
    for number in range(30):
        person.does(person.say(f"سطر رقم {number}"))
        person.house.later(minutes=2)
    html = noura.get(page_of(person)).text
    assert "سطر رقم 29" in html and "سطر رقم 0<" not in html
    older = re.search(r'href="[^"]*\?before=(\d+)"', html)
    assert older
    earlier = noura.get(f"{page_of(person)}?before={older[1]}").text
    assert "سطر رقم 5<" in earlier and "سطر رقم 29" not in earlier
    part = noura.get(f"{page_of(person)}/lines?before={older[1]}").text
    assert "سطر رقم 5<" in part and "<html" not in part


def test_new_lines_come_alone_with_the_ticks_that_moved(house: House, noura: Browser, person: Person) -> None:
    last = int(seen(noura, person))
    person.does(person.say("وصلتم؟"))
    part = noura.get(f"{page_of(person)}/lines?after={last}").text
    assert "وصلتم؟" in part
    assert 'data-mark="accepted-"' in part, "those before it, as they stand now"
    assert "<html" not in part


def test_what_is_known_and_what_they_agreed_to_stands_beside_it(house: House, noura: Browser, person: Person) -> None:
    reference = person.does(person.apply())
    text = noura.text(page_of(person))
    assert "نورة السالم" in text, "their name heads the page"
    assert "تنتهي بـ 5672" in text and "1012345672" not in text
    assert reference in text
    assert "الموافقة على: دراسة الطلب أُعطيت" in text
    case = house.line.rows("cases", "id")[0][0]
    assert f'href="/desk/harif/case/{case}"' in noura.get(page_of(person)).text


def test_cases_that_a_role_does_not_hear_are_not_beside_it(house: House, noura: Browser, person: Person) -> None:
    reference = person.does(person.complain())
    page = noura.text(page_of(person))
    beside = page[page.index("طلباتهم") :]
    assert reference not in beside
    assert "لا طلبات مسجّلة لهم هنا" in beside


# --- who may see it --------------------------------------------------------------------------------------------------


def test_only_those_who_may_see_a_conversation_find_it(house: House, noura: Browser, person: Person) -> None:
    assert noura.get("/conversation/12345").status_code == 404
    assert noura.get("/conversation/x").status_code == 404
    assert house.worker("auditor").get(page_of(person)).status_code == 403
    ruhama = house.worker("relations_officer", association="ruhama")
    assert ruhama.get(page_of(person)).status_code == 404
    saad = house.worker("relations_officer", name="سعد")
    person.does(person.say("اريد موظفة"))
    assert saad.get(page_of(person)).status_code == 404, "she asked for a woman"
    assert noura.get(page_of(person)).status_code == 200
    person.does(person.say("أبوي يضربني"))
    assert noura.get(page_of(person)).status_code == 404, "and that is the protection officer's"
    protection = house.worker("protection_officer", woman=True)
    assert protection.get(page_of(person)).status_code == 200


@pytest.mark.parametrize(
    "act",
    ["reply", "take", "done", "pass", "block", "unblock", "note", "knock", "here", "draft", "again/2", "release/2"],
)
def test_nothing_can_be_done_to_what_may_not_be_seen(house: House, person: Person, act: str) -> None:
    saad = house.worker("relations_officer", name="سعد")
    person.does(person.say("اريد موظفة"))
    before = person.told
    fields = {"text": "أهلًا", "note": "س", "why": "spam", "reason": "س", "to": "role:management", "seen": "99"}
    assert saad.post(f"{page_of(person)}/{act}", **fields).status_code == 404
    for part in ("lines", "status", "waiting", "cases", "file/1"):
        assert saad.get(f"{page_of(person)}/{part}").status_code == 404
    house.settle()
    assert person.told == before
    assert person.where.holder == "queue"


def test_whoever_is_excluded_does_not_see_it(house: House, noura: Browser, person: Person) -> None:
    row = {"association": "harif", "subject": f"conversation:{person.id}", "staff": noura.id, "by": 1, "at": 1}
    house.do(lambda c: c.execute(excluded.insert().values(**row)))
    assert noura.get(page_of(person)).status_code == 404


def test_every_opening_is_on_record_and_no_piece_of_it(house: House, noura: Browser, person: Person) -> None:
    sends(person, PNG, "photo")
    subject = f"conversation:{person.id}"
    opening = (noura.who, "view", subject, "")
    noura.get(page_of(person))
    assert house.acts().count(opening) == 1
    for part in ("lines?after=0", "status", "waiting", "cases"):
        assert noura.get(f"{page_of(person)}/{part}").status_code == 200
    noura.post(f"{page_of(person)}/here")
    noura.post(f"{page_of(person)}/draft", text="أهل")
    assert house.acts().count(opening) == 1
    line = re.search(r'/file/(\d+)"', noura.get(page_of(person)).text)
    assert line
    noura.get(f"{page_of(person)}/file/{line[1]}")
    assert (noura.who, "view", subject, f"file:{line[1]}") in house.acts()


# --- answering -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["lines", "lines?before=99", "status", "waiting", "cases"])
def test_a_piece_that_is_fetched_without_its_page_is_on_record(
    house: House, noura: Browser, person: Person, part: str
) -> None:
    noura.get("/inbox")  # a row of a list is not the conversation
    opening = (noura.who, "view", f"conversation:{person.id}", "")
    for _ in range(2):
        assert noura.get(f"{page_of(person)}/{part}").status_code == 200
    assert house.acts().count(opening) == 1
    house.line.now += timedelta(minutes=16)
    assert noura.get(f"{page_of(person)}/{part}").status_code == 200
    assert house.acts().count(opening) == 2


def test_a_reply_takes_the_conversation_and_it_is_on_record(house: House, noura: Browser, person: Person) -> None:
    answer = reply(noura, person)
    assert person.where.holder == noura.who
    assert "أُرسل الرد." in words_of(answer.text)
    assert (noura.who, "reply", f"conversation:{person.id}", "") in house.acts()


def test_a_reply_too_long_stays_typed(house: House, noura: Browser, person: Person) -> None:
    before = person.told
    long = "ك" * 4001
    answer = reply(noura, person, long)
    assert answer.status_code == 422
    assert f">{long}</textarea>" in answer.text
    assert "زاد الرد" in words_of(answer.text)
    assert person.told == before
    assert f">{long}</textarea>" in noura.get(page_of(person)).text, "and as a draft too"


def test_an_empty_reply_says_nothing(noura: Browser, person: Person) -> None:
    before = person.told
    assert reply(noura, person, "  ").status_code == 422
    assert person.told == before


def test_the_same_form_twice_says_it_once_and_keeps_the_words(noura: Browser, person: Person) -> None:
    first = reply(noura, person, "مرة واحدة", once="same")
    second = reply(noura, person, "مرة واحدة", once="same")
    assert (first.status_code, second.status_code) == (200, 422)
    assert sum("مرة واحدة" in told for told in person.told) == 1
    assert ">مرة واحدة</textarea>" in second.text
    assert (noura.who, "form.replayed", "", "replies.reply") in noura.house.acts()


def test_a_draft_is_kept_sealed_and_found_on_every_device_until_it_is_sent(
    house: House, noura: Browser, person: Person
) -> None:
    assert noura.post(f"{page_of(person)}/draft", text="سنرجع إليكم").status_code == 204
    again = Browser(house, noura.id, "harif")
    assert ">سنرجع إليكم</textarea>" in again.get(page_of(person)).text
    colleague = house.worker("relations_officer", name="ريم", woman=True)
    assert "سنرجع إليكم" not in colleague.get(page_of(person)).text
    rows = house.line.rows("reply_drafts", "body")
    assert rows and "سنرجع".encode() not in rows[0][0]
    reply(noura, person, "سنرجع إليكم غدًا")
    assert house.ask(lambda c: reply_drafts.kept(c, house.vault, "harif", person.id, noura.id)) == ""


def test_files_go_out_in_order_the_words_beside_the_first(house: House, noura: Browser, person: Person) -> None:
    files = [("file", ("النموذج.pdf", PDF, "application/pdf")), ("file", ("صورة.png", PNG, "image/png"))]
    assert reply(noura, person, "هذان هما", files=files).status_code == 200
    says = house.papers["harif", "telegram"].says[-2:]
    assert [(say.file.name, say.file.kind) for say in says if say.file] == [("النموذج.pdf", "pdf"), ("صورة.png", "png")]
    assert says[0].text.endswith("هذان هما")
    html = noura.get(page_of(person)).text
    sent = re.search(r'<a class="file" href="([^"]+)"', html)
    assert sent
    assert "النموذج.pdf" in html


@pytest.mark.parametrize(
    ("channel", "data", "name", "why"),
    [
        ("telegram", b"<html><script>alert(1)</script>", "x.html", "لا يُرسل الملف"),
        ("telegram", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "x.svg", "لا يُرسل الملف"),
        ("whatsapp", b"\x1aE\xdf\xa3webm" + bytes(80), "v.webm", "لا يُرسل الملف"),
        ("whatsapp", PNG + bytes(6 * 1024 * 1024), "كبيرة.png", "أكبر من ٥ ميغابايت"),
        ("telegram", b"", "x.pdf", "فارغ"),
    ],
)
def test_a_file_the_channel_does_not_take_is_said_kindly_and_the_words_stay(
    house: House, noura: Browser, channel: str, data: bytes, name: str, why: str
) -> None:
    person = house.person("+966500000009", channel)
    person.does(person.say("السلام عليكم"))
    before = person.told
    answer = reply(noura, person, "هذا هو", files=[("file", (name, data, "application/octet-stream"))])
    assert answer.status_code == 422
    assert why in words_of(answer.text)
    assert ">هذا هو</textarea>" in answer.text
    assert person.told == before
    assert house.line.rows("files", "id") == []


def test_a_recording_is_a_voice_note(house: House, noura: Browser, person: Person) -> None:
    voice = b"\0\0\0\x20ftypiso5" + bytes(64)
    answer = reply(noura, person, "", files=[("voice", ("voice.m4a", voice, "audio/mp4"))])
    assert answer.status_code == 200
    say = house.papers["harif", "telegram"].says[-1]
    assert say.file is not None and say.file.kind == "m4a"
    assert "<audio" in noura.get(page_of(person)).text


def test_replies_at_hand_are_filled_in_and_put_into_the_box(house: House, noura: Browser, person: Person) -> None:
    reference = person.does(person.apply())
    html = noura.get(f"{page_of(person)}?canned=where-it-stands").text
    assert f">طلبكم {reference} تحت الدراسة، ونخبركم بما تمّ دون أن تسألوا.</textarea>" in html
    assert "شكرًا لكم نورة، ويسعدنا أن نخدمكم." in html
    assert "نودّ أن نتصل بكم من جمعية حارف:" in html
    canned = html[html.index('id="canned"') : html.index("</details>", html.index('id="canned"'))]
    assert "الحربي" not in canned, "by role, never by the worker's name"
    english = house.person("7009")
    english.does(english.say("hello, I need a person"))
    assert "Thank you, it was a pleasure to help." in noura.get(page_of(english)).text, "in the person's language"


def test_a_reply_with_a_gap_is_not_sent_and_stays_in_the_box(house: House, noura: Browser, person: Person) -> None:
    person.does(person.apply())
    html = noura.get(f"{page_of(person)}?canned=missing-paper").text
    assert ": […]\n" in html
    before = len(person.told)
    answer = reply(noura, person, "بقي من أوراق طلبكم: […]")
    assert answer.status_code == 422 and "بقي في الرد فراغ" in answer.text
    assert "بقي من أوراق طلبكم: […]</textarea>" in answer.text
    house.settle()
    assert len(person.told) == before
    assert reply(noura, person, "بقي من أوراقكم صورة الهوية… ننتظرها").status_code == 200, "three dots are no gap"


def test_what_the_first_reply_begins_with_is_shown_before_it_is_sent(
    house: House, noura: Browser, person: Person
) -> None:
    opening = "معكم موظفة علاقات المستفيدين."
    assert f"تبدأ رسالتكم الأولى بعبارة: «{opening}»" in noura.text(page_of(person))
    reply(noura, person)
    house.settle()
    assert person.told[-1].startswith(opening)
    assert "تبدأ رسالتكم" not in noura.text(page_of(person)), "said once"


def shelve(house: House, document: str, title: str = "", kind: str = "pdf") -> None:
    keeper = house.worker("administrator")
    data = {"pdf": PDF, "webp": b"RIFF\x10\0\0\0WEBPVP8 " + bytes(16)}[kind]
    answer = keeper.post("/library", files={"file": (f"x.{kind}", data, "x/x")}, document=document, title=title)
    assert answer.status_code == 200


def test_a_document_of_the_library_goes_with_a_reply_and_is_on_record(
    house: House, noura: Browser, person: Person
) -> None:
    assert 'name="paper"' not in noura.get(page_of(person)).text, "an empty shelf offers nothing"
    shelve(house, "bylaws")
    shelve(house, "new", "دليل الأسر المنتجة")
    html = noura.get(page_of(person)).text
    offered = re.findall(r'name="paper" value="([^"]+)"', html)
    assert offered[0] == "bylaws" and len(offered) == 2
    assert "اللائحة الأساسية" in words_of(html) and "دليل الأسر المنتجة" in words_of(html)
    assert reply(noura, person, "هذه هي اللائحة.", paper=offered).status_code == 200
    files = [say.file for say in house.papers["harif", "telegram"].says if say.file]
    assert [(file.file, file.name) for file in files] == [
        ("document:bylaws", "اللائحة الأساسية.pdf"),
        (f"document:{offered[1]}", "دليل الأسر المنتجة.pdf"),
    ]
    on_record = [act for act in house.acts() if act[1] == "document.sent"]
    assert on_record == [(noura.who, "document.sent", f"document:{id}", f"conversation:{person.id}") for id in offered]


def test_a_document_needs_no_words_beside_it_and_one_that_is_gone_is_said_to_be(
    house: House, noura: Browser, person: Person
) -> None:
    shelve(house, "bylaws")
    before = len(person.told)
    answer = reply(noura, person, "تفضلوا", paper=["bylaws", "forms"])
    assert answer.status_code == 422 and "سُحبت من المكتبة" in words_of(answer.text)
    assert re.search(r'value="bylaws"[^>]* checked', answer.text), "what was chosen stays chosen"
    assert len(person.told) == before and not [act for act in house.acts() if act[1] == "document.sent"]
    assert reply(noura, person, "", paper="bylaws").status_code == 200
    said = house.papers["harif", "telegram"].says[-1]
    assert said.file is not None and said.file.file == "document:bylaws"


def test_only_what_the_channel_carries_is_offered(house: House, noura: Browser) -> None:
    shelve(house, "new", "صورة المبنى", "webp")
    shelve(house, "bylaws")
    there = house.person("+966500000077", "whatsapp")
    there.does(there.say("ابغى موظف"))
    html = noura.get(page_of(there)).text
    assert re.findall(r'name="paper" value="([^"]+)"', html) == ["bylaws"]


# --- what became of it -----------------------------------------------------------------------------------------------


def test_a_message_that_failed_says_why_and_can_be_sent_again(house: House, noura: Browser, person: Person) -> None:
    house.papers["harif", "telegram"].fails["7001"].append(ContentRefused("63026"))
    reply(noura, person, "هذا النموذج")
    html = noura.get(page_of(person)).text
    assert "لم تقبل الخدمة محتوى الرسالة" in html
    act = re.search(r'action="([^"]+/again/\d+)"', html)
    assert act
    assert noura.post(act[1]).status_code == 200
    house.settle()
    assert person.told[-1] == person.told[-2], "the same words, as a message of their own"
    assert house.papers["harif", "telegram"].sent[-1].text.endswith("هذا النموذج")
    assert (noura.who, "reply.again", f"conversation:{person.id}", "") in house.acts()


def test_to_somebody_who_left_nothing_is_sent_again_but_kept(house: House, noura: Browser) -> None:
    person = house.person("+966500000009", "whatsapp")
    person.does(person.say("السلام عليكم"))
    house.papers["harif", "whatsapp"].fails[person.handle].append(AddressGone("21610"))
    reply(noura, person, "وصلت أوراقكم")
    page = noura.get(page_of(person)).text
    assert "/again/" not in page
    assert "أوقف صاحب هذا الحساب رسائلنا" in page
    assert 'href="tel:+966500000009"' in page, "a call instead"
    assert "لا يصل شيء إلى هذا الحساب الآن" in page
    reply(noura, person, "نحاول من جديد")
    assert "ردود تنتظر" in noura.text(page_of(person))
    person.does(person.say("مرحبا"))
    assert person.told[-1].endswith("نحاول من جديد")


@pytest.mark.parametrize(("act", "state"), [("release", "accepted"), ("arrived", "delivered")])
def test_of_what_may_have_arrived_a_worker_decides(
    house: House, noura: Browser, person: Person, act: str, state: str
) -> None:
    house.papers["harif", "telegram"].fails["7001"].append(Uncertain("no_answer"))
    reply(noura, person, "غدًا العاشرة")
    house.later(minutes=2)
    html = noura.get(page_of(person)).text
    assert "لا نعلم هل وصلت" in html
    found = re.search(rf'action="([^"]+/{act}/\d+)"', html)
    assert found
    assert noura.post(found[1]).status_code == 200
    house.later(seconds=2)
    assert house.line.states("7001")[-1] == state
    assert noura.post(found[1]).status_code == 409, "once"


def test_ticks_say_where_each_message_stands(house: House, noura: Browser, person: Person) -> None:
    from bot.channels.contract import StatusReport

    reply(noura, person)
    row = house.papers["harif", "telegram"].sent[-1].row
    for status, words in (("delivered", "وصلت"), ("read", "قُرئت")):
        report = StatusReport(key=f"{row}-{status}", status=status, row=row)  # type: ignore[arg-type]
        house.run(house.line.intake.take("harif", "telegram", [report]))
        assert f'<span class="unseen">{words}</span>' in noura.get(page_of(person)).text


# --- who has it ------------------------------------------------------------------------------------------------------


def test_taking_and_handing_back(house: House, noura: Browser, person: Person) -> None:
    assert "المحادثة معكم الآن." in words_of(noura.post(f"{page_of(person)}/take").text)
    assert person.where.holder == noura.who
    reply(noura, person)
    assert "عادت إلى المساعد الآلي." in words_of(noura.post(f"{page_of(person)}/done").text)
    house.settle()
    assert person.where.holder == "bot"
    assert person.told[-1].startswith("انتهى حديثكم مع موظفينا")
    acts = [act for who, act, _, _ in house.acts() if who == noura.who and act != "view"]
    assert acts == ["take", "reply", "give_back"]


def test_who_waits_for_a_worker_that_is_gone_is_back_in_the_queue(house: House, noura: Browser, person: Person) -> None:
    reply(noura, person)
    assert house.line.rows("conversations", "waits_since") == [(None,)]
    person.does(person.say("ومتى أستلم؟"))
    ((since,),) = house.line.rows("conversations", "waits_since")
    assert since == int(house.now.timestamp() * 1000)
    assert "تنتظر ردّكم منذ ١٠:٠٠" in noura.text(page_of(person))
    house.later(hours=4, minutes=1)
    assert person.where.holder == "queue"
    assert person.told[-1].startswith("تأخّر عليكم من كان معكم، ونعتذر.")
    assert house.line.rows("conversations", "waits_since") == [(None,)]
    waits = [row.reason for row in house.line.rows("handoffs", "reason", "done_at") if row.done_at is None]
    assert waits == ["holder_gone"]


def test_nobody_hands_back_what_a_colleague_holds(house: House, noura: Browser, person: Person) -> None:
    noura.post(f"{page_of(person)}/take")
    reem = house.worker("relations_officer", name="ريم", woman=True)
    assert reem.post(f"{page_of(person)}/done").status_code == 409
    assert reem.post(f"{page_of(person)}/take").status_code == 409
    assert person.where.holder == noura.who
    assert reem.post(f"{page_of(person)}/take", over="yes").status_code == 200
    assert person.where.holder == reem.who


def test_passing_on_to_a_colleague_with_a_word_for_them(house: House, noura: Browser, person: Person) -> None:
    reem = house.worker("social_researcher", name="ريم", woman=True)
    reply(noura, person)
    noura.post(f"{page_of(person)}/pass", to=f"staff:{reem.id}", word="تحتاج زيارة")
    house.settle()
    assert person.where.holder == "queue"
    assert any("حوّلنا محادثتكم" in told for told in person.told)
    assert "تحتاج زيارة" in reem.text(page_of(person))
    assert "تحتاج زيارة" not in "".join(person.told)
    offered = house.line.rows("handoffs", "reason", "offered_to", "done_at")
    assert [row.offered_to for row in offered if row.done_at is None and row.reason == "passed_on"] == [reem.id]


def test_what_is_confidential_is_passed_on_to_those_who_see_that_alone(house: House, person: Person) -> None:
    person.does(person.say("أبوي يضربني"))
    protection = house.worker("protection_officer", name="هند", woman=True)
    house.worker("relations_officer", name="ريم", woman=True)
    html = protection.get(page_of(person)).text
    assert 'value="role:protection_officer"' in html
    assert 'value="role:relations_officer"' not in html and 'value="staff:' not in html
    assert protection.post(f"{page_of(person)}/pass", to="role:relations_officer").status_code == 422


@pytest.mark.parametrize("to", ["", "role:auditor", "role:x", "staff:99", "staff:x", "me"])
def test_it_is_passed_on_to_nobody_who_may_not_answer(noura: Browser, person: Person, to: str) -> None:
    answer = noura.post(f"{page_of(person)}/pass", to=to, word="كلمة")
    assert answer.status_code == 422
    assert ">كلمة</textarea>" in answer.text
    assert person.where.holder == "queue"


def test_a_blocked_address_is_kept_and_not_answered_until_it_is_let_in_again(
    house: House, noura: Browser, person: Person
) -> None:
    assert noura.post(f"{page_of(person)}/block", why="spam", reason="").status_code == 422
    noura.post(f"{page_of(person)}/block", why="spam", reason="إعلانات متكررة")
    said = person.told
    person.does(person.say("اشتروا الآن"))
    assert person.told == said
    text = noura.text(page_of(person))
    assert "اشتروا الآن" in text and "رسائل مزعجة: إعلانات متكررة" in text
    assert house.line.rows("conversations", "blocked")[0][0] == "spam"
    assert "إعلانات".encode() not in b"".join(row[0] for row in house.line.rows("notes", "body"))
    assert reply(noura, person, seen="99").status_code == 422
    assert (noura.who, "block.spam", f"conversation:{person.id}", "") in house.acts()
    noura.post(f"{page_of(person)}/unblock")
    person.does(person.say("السلام عليكم"))
    assert len(person.told) > len(said)


def test_a_note_too_long_stays_typed(noura: Browser, person: Person) -> None:
    answer = noura.post(f"{page_of(person)}/note", note="م" * 4001)
    assert answer.status_code == 422
    assert "م" * 4001 in answer.text


def test_a_case_that_moved_is_a_thin_line(house: House, noura: Browser, person: Person) -> None:
    from bot.case_moves import move_case
    from storage import cases

    reference = person.does(person.apply())
    house.later(minutes=5)

    def move(connection: Any) -> None:
        case = cases.by_reference(connection, house.vault, "harif", reference, lock=True)
        assert case is not None
        association = house.associations["harif"]
        move_case(
            connection, house.vault, association, case, "verify", "relations_officer", house.now,
            tell=lambda *_: None,
        )  # fmt: skip

    house.do(move)
    html = noura.get(page_of(person)).text
    assert re.search(r'<li class="aside move" id="move-\d+-\d+"', html)
    assert reference in words_of(html)
