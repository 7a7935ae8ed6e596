"""The inbox: what each worker sees of what waits, taking it, the next one, who is there, and what rang."""

import ast
import functools
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import event

from bot.desk.conversation.inbox_rows import first_name, merged
from bot.desk.words import DeskWords
from bot.routing import UNTOUCHED
from conversations.arabic.disclosures import Category
from storage import alarms, excluded, inbox
from storage.excluded import Excluded
from storage.inbox import Row
from storage.times import ms
from tests.desk.house import Browser, House, Person, words_of
from tests.desk.pictures import served, sign_in
from tests.desk.test_routing import applies, asks, at, looks, one, queue


def shown(worker: Browser, path: str = "/inbox") -> list[int]:
    """The conversations of a list, in its order."""
    answer = worker.get(path)
    assert answer.status_code == 200
    return [int(id) for id in re.findall(r'data-row id="r-(\d+)"', answer.text)]


def held_by(person: Person) -> str:
    return str(person.where.holder)


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_a_row_says_who_why_how_long_and_what_was_said_last(house: House) -> None:
    officer = house.worker("relations_officer")
    person = applies(house, "training")
    person.does(person.say("متى تبدأ الدورة؟"))
    person.does(person.say("ابغى موظف"))
    house.later(minutes=12)
    text = officer.text("/inbox")
    for part in ("نورة", "تلغرام", "طلب موظفًا", "منذ ١٢ دقيقة", "ابغى موظف", "أستلمها"):
        assert part in text, part
    assert "السالم" not in text and "1012345672" not in text


def test_whoever_is_not_known_by_name_is_told_apart_by_the_end_of_the_number_alone(house: House) -> None:
    officer = house.worker("relations_officer")
    asks(house, handle="+966500000731", channel="whatsapp")
    asks(house, handle="9912345", channel="telegram")
    asks(house, handle="cookie-of-a-browser", channel="web_chat")
    text = officer.text("/inbox")
    for part in ("رقم ينتهي بـ 731", "شخص ٣٤٥", "شخص محادثة"):
        assert part in text or part.split()[0] in text, part
    for secret in ("966500000731", "9912345", "cookie-of"):
        assert secret not in officer.get("/inbox").text


@pytest.mark.parametrize(
    ("handle", "channel", "called"),
    [("7345", "telegram", "شخص ٣٤٥"), ("+966500000731", "whatsapp", "رقم ينتهي بـ 731"), ("cookie", "web_chat", "شخص")],
)
def test_a_person_is_called_the_same_in_the_list_and_on_their_page(
    house: House, handle: str, channel: str, called: str
) -> None:
    officer = house.worker("relations_officer")
    person = asks(house, handle=handle, channel=channel)
    assert f'<bdi class="name">{called}</bdi>' in officer.get("/inbox").text
    assert f"<h1><bdi>{called}</bdi></h1>" in officer.get(f"/conversation/{person.id}").text


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("نورة بنت خالد السالم", "نورة"),
        ("عبد الله العتيبي", "عبد الله"),
        ("أم فهد", "أم فهد"),
        ("Noura", "Noura"),
        ("", ""),
    ],
)
def test_a_first_name_may_be_two_words(name: str, first: str) -> None:
    assert first_name(name) == first


def test_a_voice_note_a_press_and_a_long_text_are_one_line_each(house: House) -> None:
    officer = house.worker("relations_officer")
    person = asks(house)
    person.does(person.file())
    assert "ملف" in officer.text("/inbox")
    person.does(person.say("ابغى موظف " + "كلام طويل " * 60))
    preview = re.search(r'class="last soft"[^>]*>([^<]*)<', officer.get("/inbox").text)
    assert preview is not None
    assert len(preview[1]) <= 91 and preview[1].endswith("…")


def test_whatsapp_shows_how_long_one_may_still_reply_and_that_one_may_not(house: House) -> None:
    officer = house.worker("relations_officer")
    asks(house, handle="+966500000731", channel="whatsapp")
    house.later(hours=3, minutes=30)
    assert "باقٍ من المهلة ٢٠ ساعة" in officer.text("/inbox")
    house.later(hours=21)
    officer.sign_in()
    assert "انتهت مهلة واتساب" in officer.text("/inbox")


def test_mine_come_first_then_urgent_then_whoever_waits_longest(house: House) -> None:
    officer = house.worker("relations_officer", name="أ")
    people = [asks(house, handle=f"70{number}") for number in range(3)]
    house.later(minutes=2)
    urgent = asks(house, "عاجل", handle="800")
    assert shown(officer) == [urgent.id, *(person.id for person in people)]
    looks(officer)
    late = asks(house, handle="900")
    assert one(late).offered_to == officer.id
    assert one(people[0]).offered_to is None
    assert shown(officer)[:2] == [late.id, urgent.id]
    assert "لكم" in officer.text("/inbox")


def test_a_conversation_with_two_matters_is_one_row_with_both_reasons(house: House) -> None:
    manager = house.worker("management")
    person = asks(house)
    person.does(person.complain(severity="high"))
    assert len(queue(person)) == 2
    assert shown(manager) == [person.id]
    text = manager.text("/inbox")
    assert "طلب موظفًا" in text and "شكوى جسيمة" in text
    assert "ينتظرون ١" in text


def test_rows_of_one_conversation_merge_to_what_is_gravest() -> None:
    row = Row(1, 7, "telegram", None, "", None, None, None, False, False, "asked", "voice", at=50)
    more = row._replace(id=2, reason="urgent_food", also="", urgent=True, restricted=True, at=40)
    other = row._replace(id=3, conversation=8)
    first, second = merged([row, more, other])
    assert (first.reasons, first.urgent, first.restricted, first.at) == (
        ("asked", "voice", "urgent_food"),
        True,
        True,
        40,
    )
    assert second == other


def test_sixty_waiting_come_in_pages_and_nobody_is_lost_between_them(house: House) -> None:
    from storage import handoffs
    from storage.handoffs import Handoff
    from storage.ids import new_id

    officer = house.worker("relations_officer")
    now = ms(house.now)
    given = []
    for number in range(60):
        person = house.person(f"9{number:03}")
        house.run(person.say("السلام عليكم"))
        given.append(Handoff("harif", new_id(), person.id, "asked", at=now + number // 3, due=now + 10**9))
    house.do(handoffs.add, house.vault, given)
    first = officer.get("/inbox").text
    more = re.search(r'id="l-more" href="/desk/harif(/inbox\?[^"]+)"', first)
    assert more is not None
    both = shown(officer) + shown(officer, more[1].replace("&amp;", "&"))
    assert both == [one.conversation for one in given]
    # A place that is no place is the beginning.
    assert shown(officer, "/inbox?after=x-y-z") == shown(officer)


def test_filters_narrow_the_list_and_say_when_nothing_is_left(house: House) -> None:
    officer = house.worker("relations_officer")
    asked = asks(house, handle="701")
    voice = asks(house, "السلام عليكم", handle="+966500000731", channel="whatsapp")
    voice.does(voice.file())
    assert shown(officer, "/inbox?reason=asked") == [asked.id]
    assert shown(officer, "/inbox?channel=whatsapp") == [voice.id]
    assert shown(officer, "/inbox?channel=whatsapp&reason=asked") == []
    assert "لا شيء بهذا الاختيار" in officer.text("/inbox?channel=whatsapp&reason=asked")


def test_an_empty_list_teaches(house: House) -> None:
    officer = house.worker("relations_officer")
    for path, part in (("/inbox", "يظهر هنا"), ("/inbox?list=mine", "التالي"), ("/inbox?list=others", "زملائكم")):
        assert part in officer.text(path)


# --- who may see what ------------------------------------------------------------------------------------------------


def test_what_is_restricted_womens_or_about_oneself_is_in_no_list_of_theirs(house: House) -> None:
    officer, named = house.worker("relations_officer", name="أ"), house.worker("relations_officer", name="ب")
    woman = house.worker("relations_officer", name="ج", woman=True)
    protection = house.worker("protection_officer", name="د", woman=True)
    plain = asks(house, handle="701")
    hidden = asks(house, "السلام عليكم", "أبوي يضربني", handle="702")
    womens = asks(house, "السلام عليكم", "ابغى موظفة", handle="703")
    about = asks(house, handle="704")
    house.do(excluded.add, "harif", [Excluded(f"conversation:{about.id}", named.id, "named", 0, ms(house.now))])
    assert set(shown(officer)) == {plain.id, about.id}
    assert set(shown(named)) == {plain.id}
    assert set(shown(woman)) == {plain.id, womens.id, about.id}
    assert set(shown(protection)) == {plain.id, hidden.id, womens.id, about.id}
    # Not by taking either, whatever id they try.
    for worker, person in ((officer, hidden), (officer, womens), (named, about)):
        assert worker.post(f"/inbox/{person.id}/take").status_code == 409
        assert held_by(person) == "queue"
    # Nor in the counts.
    assert "ينتظرون ١" in named.text("/inbox")
    # Nor once somebody holds it.
    protection.post(f"/inbox/{hidden.id}/take", follow=False)
    protection.post(f"/inbox/{about.id}/take", follow=False)
    assert shown(officer, "/inbox?list=others") == [about.id]
    assert shown(named, "/inbox?list=others") == []


def test_a_complaint_that_waits_is_seen_by_those_who_hear_complaints(house: House) -> None:
    officer, manager = house.worker("relations_officer"), house.worker("management")
    person = house.person("701")
    person.does(person.complain(severity="high"))
    assert shown(officer) == []
    assert shown(manager) == [person.id]
    about = house.ask(lambda c: queue(person)[0])
    assert about.reference in manager.text("/inbox")


def test_an_anonymous_complaint_leads_to_its_case_and_to_no_conversation(house: House) -> None:
    manager, officer = house.worker("management"), house.worker("relations_officer")
    person = house.person("701")
    person.does(person.complain(severity="high", anonymous="anonymous"))
    page = manager.get("/inbox").text
    assert "بلا اسم" in words_of(page)
    assert f"/conversation/{person.id}" not in page
    (id,) = re.findall(r"/inbox/handoff/(\d+)/close", page)
    assert re.search(r'data-row id="r-h\d+" href="/desk/harif/case/\d+"', page)
    assert officer.post(f"/inbox/handoff/{id}/close").status_code == 404
    assert manager.post(f"/inbox/handoff/{id}/close", follow=False).status_code == 303
    assert manager.post(f"/inbox/handoff/{id}/close").status_code == 404
    assert (manager.who, "handoff.close", f"handoff:{id}", "") in house.acts()
    assert shown(manager) == [] and "بلا اسم" not in manager.text("/inbox")


def test_nothing_of_another_association_is_in_the_inbox(house: House) -> None:
    officer = house.worker("relations_officer")
    theirs = house.person("701", association="ruhama")
    for text in ("السلام عليكم", "ابغى موظف"):
        theirs.does(theirs.say(text))
    assert shown(officer) == []
    assert officer.post(f"/inbox/{theirs.id}/take").status_code == 409
    assert held_by(theirs) == "queue"


def test_names_that_were_shown_are_on_record_once_and_not_with_every_look(house: House) -> None:
    officer = house.worker("relations_officer")
    person = asks(house)
    for _ in range(3):
        officer.get("/inbox")
        officer.get("/inbox/part")
    views = [act for act in house.acts() if act[:3] == (officer.who, "view", "inbox")]
    assert views == [(officer.who, "view", "inbox", str(person.id))]
    house.later(minutes=20)
    officer.get("/inbox")
    assert len([act for act in house.acts() if act[:3] == (officer.who, "view", "inbox")]) == 2


def test_more_rows_take_no_more_statements(house: House) -> None:
    officer = house.worker("relations_officer")
    counts = []
    for many in (2, 12):
        for number in range(many):
            asks(house, handle=f"{many}0{number}")
        officer.get("/inbox")
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *_: Any, into: list[str] = seen) -> None:
            into.append(statement)

        event.listen(house.database._reading, "before_cursor_execute", note)
        officer.get("/inbox")
        event.remove(house.database._reading, "before_cursor_execute", note)
        assert not [one for one in seen if "conversations.state" in one], "no state of a conversation is opened"
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 1 <= 20  # names of colleagues, once somebody is offered something


# --- taking ----------------------------------------------------------------------------------------------------------


def test_two_workers_who_take_at_once_one_has_it_and_the_other_is_told_by_whom(house: House) -> None:
    workers = [house.worker("relations_officer", name=name) for name in ("سالم", "هند")]
    person = asks(house)
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda one: one.post(f"/inbox/{person.id}/take", follow=False), workers))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    winner = next(place for place, answer in enumerate(answers) if answer.status_code == 303)
    assert answers[winner].headers["location"].startswith(f"/desk/harif/conversation/{person.id}")
    assert held_by(person) == workers[winner].who
    assert f"سبقكم {('سالم', 'هند')[winner]}" in words_of(answers[1 - winner].text)
    row = one(person)
    assert (row.taken_by, row.taken_at) == (str(workers[winner].id), ms(house.now))
    assert [act[:3] for act in house.acts() if act[1] == "take"] == [
        (workers[winner].who, "take", f"conversation:{person.id}")
    ]


def test_a_form_that_comes_twice_takes_once(house: House) -> None:
    officer = house.worker("relations_officer")
    person = asks(house)
    assert officer.post(f"/inbox/{person.id}/take", follow=False, once="same").status_code == 303
    assert officer.post(f"/inbox/{person.id}/take", follow=False, once="same").status_code == 409
    assert (officer.who, "form.replayed", "", "inbox.take") in house.acts()


def test_what_was_taken_is_mine_and_others_see_with_whom_it_is(house: House) -> None:
    salem, hind = house.worker("relations_officer", name="سالم"), house.worker("relations_officer", name="هند")
    first, second = asks(house, handle="701"), asks(house, handle="702")
    for person in (first, second):
        salem.post(f"/inbox/{person.id}/take", follow=False)
    house.later(minutes=5)
    second.does(second.say("وينكم؟"))
    assert shown(salem, "/inbox?list=mine") == [second.id, first.id]
    assert "تنتظر ردكم" in salem.text("/inbox?list=mine")
    assert "محادثة معكم تنتظر ردكم" in salem.text("/inbox")
    assert "مع سالم" in hind.text("/inbox?list=others")
    assert shown(hind, "/inbox?list=mine") == shown(hind) == []


def test_the_next_is_what_was_offered_then_urgent_then_ones_own_field_then_the_oldest(house: House) -> None:
    training = house.worker("contact_officer", categories=("training",), name="أ")
    oldest = asks(house, handle="701")
    house.later(minutes=3)
    mine = applies(house, "training", handle="702")
    mine.does(mine.say("ابغى موظف"))
    urgent = asks(house, "عاجل", handle="703")
    house.later(minutes=2)
    looks(training)
    offered = asks(house, handle="704")
    assert one(offered).offered_to == training.id
    assert one(urgent).offered_to is None
    taken = []
    for _ in range(4):
        place = training.post("/inbox/next", follow=False).headers["location"]
        taken.append(int(re.findall(r"/conversation/(\d+)", place)[0]))
    assert taken == [offered.id, urgent.id, mine.id, oldest.id]
    assert training.post("/inbox/next", follow=False).headers["location"] == "/desk/harif/inbox?said=nobody_waits"


def test_the_next_leaves_to_a_colleague_what_they_were_just_offered(house: House) -> None:
    salem, hind = house.worker("relations_officer", name="سالم"), house.worker("relations_officer", name="هند")
    looks(salem)
    first = asks(house, handle="701")
    assert one(first).offered_to == salem.id
    house.later(minutes=6)
    second = asks(house, handle="702")
    assert str(second.id) in hind.post("/inbox/next", follow=False).headers["location"]


# --- who is there ----------------------------------------------------------------------------------------------------


def test_whoever_looks_at_the_desk_is_there_until_they_say_otherwise(house: House) -> None:
    salem, hind = house.worker("relations_officer", name="سالم"), house.worker("relations_officer", name="هند")
    assert "موظف واحد في المكتب" in salem.text("/inbox")
    hind.get("/inbox")
    assert "موظفان في المكتب" in salem.text("/inbox")
    answer = hind.post("/inbox/presence", presence="away")
    assert "لن نعرض عليكم جديدًا" in words_of(answer.text)
    assert "موظف واحد في المكتب" in salem.text("/inbox")
    assert (hind.who, "presence.away", f"staff:{hind.id}", "") in house.acts()
    hind.post("/inbox/presence", presence="auto")
    assert "موظفان في المكتب" in salem.text("/inbox")
    house.later(minutes=6)
    assert "موظف واحد في المكتب" in salem.text("/inbox")
    assert hind.post("/inbox/presence", presence="asleep").status_code == 409


def test_out_of_hours_the_page_says_that_the_office_is_closed(house: House) -> None:
    at(house, 26, 20)
    officer = house.worker("relations_officer")
    assert "الدوام منتهٍ الآن" in officer.text("/inbox")


# --- alarms ----------------------------------------------------------------------------------------------------------


def test_what_rang_is_said_in_words_until_management_has_seen_it(house: House) -> None:
    manager, officer = house.worker("management"), house.worker("relations_officer")
    keeper = house.worker("administrator")
    house.do(alarms.ring, "harif", "waiting_unanswered", ms(house.now))
    house.do(alarms.ring, "ruhama", "channel_stopped", ms(house.now))
    (alarm,) = house.ask(alarms.waiting, "harif")
    assert "لم يردّ عليهم أحد" in manager.text("/inbox")
    assert "لم يردّ عليهم أحد" in keeper.text("/alarms")
    assert "قناة توقّفت" not in keeper.text("/alarms")
    assert "لم يردّ عليهم أحد" not in officer.text("/inbox")
    assert officer.get("/alarms").status_code == 403
    assert officer.post(f"/alarms/{alarm.id}/seen").status_code == 403
    (other,) = house.ask(alarms.waiting, "ruhama")
    assert manager.post(f"/alarms/{other.id}/seen").status_code == 404
    answer = manager.post(f"/alarms/{alarm.id}/seen", back="inbox")
    assert "سُجّل أنكم رأيتموه" in words_of(answer.text)
    assert "لا تنبيهات" in keeper.text("/alarms")
    assert (manager.who, "alarm.seen", f"alarm:{alarm.id}", "") in house.acts()


def test_an_alarm_tells_nobody_what_is_not_theirs_to_know(house: House) -> None:
    about = house.worker("management", name="سامي القحطاني")
    manager, keeper = house.worker("management"), house.worker("administrator")
    protector = house.worker("administrator", "protection_officer", woman=True)
    house.do(alarms.ring, "harif", "child_abuse", ms(house.now))
    house.do(alarms.ring, "harif", "grave_complaint", ms(house.now))
    house.do(excluded.add, "harif", [Excluded("case:1", about.id, "named", 0, ms(house.now))])
    secret = "شأن سرّي وصل"
    told = {one: one.text("/alarms") for one in (about, manager, keeper, protector)}
    assert "شكوى جسيمة" in told[manager] and secret in told[manager], "a disclosed harm is not theirs"
    assert secret in told[keeper] and "شكوى" not in told[keeper]
    assert "إيذاء" not in told[keeper] + told[manager]
    assert "إفصاح عن إيذاء طفل" in told[protector]
    assert "لا تنبيهات" in told[about], "who is meant is not even told that something came"
    assert "لا تنبيهات" not in manager.text("/inbox") and "شكوى جسيمة" not in about.text("/inbox")
    ids = [one.id for one in house.ask(alarms.waiting, "harif")]
    assert {about.post(f"/alarms/{id}/seen").status_code for id in ids} == {404}


@functools.cache
def _calls() -> list[ast.Call]:
    folder = Path(__file__).parents[2] / "conversations"
    trees = (ast.parse(path.read_text()) for path in folder.rglob("*.py"))
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _codes(function: str, keyword: str = "") -> set[str]:
    """The codes that the dialogue hands over or rings by, as they stand in the code: as the second argument, or by a
    keyword."""
    found: set[str] = set()
    for node in _calls():
        if getattr(node.func, "id", getattr(node.func, "attr", "")) != function:
            continue
        given = [one.value for one in node.keywords if one.arg == keyword] if keyword else node.args[1:2]
        constants = (one for expression in given for one in ast.walk(expression) if isinstance(one, ast.Constant))
        found |= {one.value for one in constants if isinstance(one.value, str) and not one.value.endswith("_")}
    return found


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_reason_and_every_alarm_has_its_words(language: str) -> None:
    words = DeskWords(language)
    harm = set(get_args(Category))
    needs, safe = ("shelter", "food", "medicine", "danger", "other"), ("here", "call", "not_now")
    reasons = _codes("HandOver", "reason") | _codes("queue") | _codes("hand_over") | {UNTOUCHED} | harm - {"idiom"}
    reasons |= {f"urgent_{need}" for need in needs} | {f"harm_{one}" for one in safe} | {f"look_{one}" for one in harm}
    assert len(reasons) > 40
    assert {reason for reason in reasons if f"handoff.{reason}" not in words} == set()
    rang = _codes("Alarm", "code") | harm - {"idiom"} | {f"look_{one}" for one in harm}
    rang |= {"waiting_unanswered", "waiting_urgent", "waiting_nobody_may", "overdue", "quarantine", "channel_stopped"}
    assert {code for code in rang if f"alarm.{code}" not in words} == set()


# --- live ------------------------------------------------------------------------------------------------------------


def _stream(address: str, worker: Browser, topics: str) -> Any:
    cookies = dict(worker.client.cookies)
    return httpx.Client(cookies=cookies, timeout=10).stream("GET", f"{address}/desk/harif/live?topics={topics}")


def _next(lines: Any) -> str:
    """The data of the next `changed`."""
    for line in lines:
        if line.startswith("event: changed"):
            return str(next(lines)).removeprefix("data: ")
    return ""


def test_the_stream_says_that_something_changed_and_never_what(house: House) -> None:
    officer = house.worker("relations_officer")
    person = asks(house, "السلام عليكم")
    with served(house) as address, _stream(address, officer, f"inbox,conversation:{person.id}") as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()
        assert next(lines).startswith("event: hello")
        person.does(person.say("ابغى موظف"))
        assert {_next(lines), _next(lines)} == {"inbox", f"conversation:{person.id}"}
        officer.post(f"/inbox/{person.id}/take", follow=False)
        assert {_next(lines), _next(lines)} == {"inbox", f"conversation:{person.id}"}
        house.loop.call_soon_threadsafe(house.hub.close)
        assert _next(lines) == ""  # the process closes: the stream ends, and holds nobody up
    assert house.hub.watched() == []


def test_nobody_listens_to_what_they_may_not_see(house: House) -> None:
    officer, auditor = house.worker("relations_officer"), house.worker("auditor")
    hidden = asks(house, "السلام عليكم", "أبوي يضربني")
    assert officer.get(f"/live?topics=conversation:{hidden.id}").status_code == 404
    for topics in ("", "conversation:", "conversation:x", "conversation:²", "staff:1"):
        assert officer.get(f"/live?topics={topics}").status_code == 404
    assert auditor.get("/live?topics=inbox").status_code == 403


def test_what_another_process_committed_wakes_the_pages_of_this_one(house: House) -> None:
    from bot.desk.live import changed, pulses

    person = asks(house, "السلام عليكم")
    watched = [("harif", "inbox"), ("harif", f"conversation:{person.id}"), ("ruhama", "inbox")]
    before = house.ask(pulses, watched)
    assert changed({}, before) == []
    assert changed(before, house.ask(pulses, watched)) == []
    house.later(seconds=1)
    person.does(person.say("ابغى موظف"))
    assert changed(before, house.ask(pulses, watched)) == watched[:2]
    assert house.ask(inbox.pulse, "ruhama") == before["ruhama", "inbox"]


def renewals(page: Any) -> list[str]:
    """The page's looks at its own list, as they are answered."""
    found: list[str] = []
    page.on("requestfinished", lambda request: found.append(request.url) if "/inbox/part" in request.url else None)
    return found


def at_rest(page: Any, renewed: list[str]) -> None:
    """One person's coming is several changes, and each may set the list in another order."""
    before = 0
    while not before or len(renewed) > before:
        before = len(renewed)
        page.wait_for_timeout(600)


@pytest.mark.browser
def test_a_look_that_is_answered_late_does_not_undo_the_one_after_it(house: House, chromium: Any) -> None:
    officer = house.worker("relations_officer")
    with served(house) as address:
        context = chromium.new_context()
        sign_in(context, address, officer)
        page = context.new_page()
        held: list[Any] = []

        def answer(route: Any) -> None:
            if held:
                route.continue_()
            else:
                held.append((route, route.fetch()))

        page.route("**/inbox/part*", answer)
        with page.expect_response(lambda answer: "/live" in answer.url):
            page.goto(f"{address}/desk/harif/inbox")
        page.wait_for_timeout(200)
        asks(house, handle="708")
        page.wait_for_timeout(300)
        late = asks(house, handle="709")
        page.wait_for_selector(f"#r-{late.id}")
        route, old = held[0]
        with page.expect_response("**/inbox/part*"):
            route.fulfill(response=old, body="<p>old</p>")
        page.wait_for_timeout(300)
        assert page.locator(f"#r-{late.id}").is_visible()
        context.close()


@pytest.mark.browser
def test_by_keyboard_alone_the_list_lives_and_the_next_is_taken(house: House, chromium: Any) -> None:
    officer = house.worker("relations_officer")
    people = [asks(house, handle=f"70{number}") for number in range(2)]
    with served(house) as address:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        sign_in(context, address, officer)
        page = context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        with page.expect_response(lambda answer: "/live" in answer.url):
            page.goto(f"{address}/desk/harif/inbox")
        page.wait_for_timeout(200)
        renewed = renewals(page)
        late = asks(house, handle="709")
        page.wait_for_selector(f"#r-{late.id}")
        at_rest(page, renewed)
        # What came while the officer looked is offered to them, and so stands first: or not, where they came later.
        order = page.evaluate("[...document.querySelectorAll('[data-row]')].map(one => one.id)")
        assert set(order) == {f"r-{one.id}" for one in (*people, late)}
        rows = [page.locator(f"#{id}") for id in order]
        for key, row in (("j", rows[0]), ("j", rows[1]), ("k", rows[0])):
            page.keyboard.press(key)
            expect(row).to_be_focused()
        # A change keeps the focus where it was.
        newest = asks(house, handle="710")
        page.wait_for_selector(f"#r-{newest.id}")
        expect(rows[0]).to_be_focused()
        page.keyboard.press("?")
        assert page.locator("details.keys").get_attribute("open") is not None
        first = int(str(page.locator("[data-row]").first.get_attribute("id")).removeprefix("r-"))
        page.keyboard.press("n")
        page.wait_for_url(f"**/conversation/{first}*")
        assert shown(officer, "/inbox?list=mine") == [first]
        assert troubles == []
        context.close()


ARABIC = {"j": ("ت", "KeyJ"), "k": ("ن", "KeyK"), "n": ("ى", "KeyN"), "?": ("؟", "Slash"), "/": ("ظ", "Slash")}
"""What some keys write on an Arabic keyboard, and where they are."""


def presses(page: Any, name: str) -> None:
    """As a browser tells of it where the layout is Arabic."""
    key, code = ARABIC[name]
    page.evaluate(
        "([key, code, shiftKey]) => (document.activeElement ?? document.body).dispatchEvent("
        "new KeyboardEvent('keydown', {key, code, shiftKey, bubbles: true, cancelable: true}))",
        [key, code, name == "?"],
    )


@pytest.mark.browser
def test_the_keys_work_on_an_arabic_keyboard_and_escape_leaves_a_box(house: House, chromium: Any) -> None:
    officer = house.worker("relations_officer")
    people = [asks(house, handle=f"70{number}") for number in range(2)]
    with served(house) as address:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        sign_in(context, address, officer)
        page = context.new_page()
        page.goto(f"{address}/desk/harif/inbox")
        presses(page, "j")
        presses(page, "j")
        assert page.evaluate("document.activeElement.id") == f"r-{people[1].id}"
        presses(page, "k")
        assert page.evaluate("document.activeElement.id") == f"r-{people[0].id}"
        presses(page, "?")
        assert page.locator("details.keys").get_attribute("open") is not None
        presses(page, "/")
        assert page.evaluate("document.activeElement.id") == "what"
        presses(page, "n")
        assert page.url.endswith("/inbox"), "in a box a key is a letter"
        page.keyboard.press("Escape")
        presses(page, "n")
        page.wait_for_url(f"**/conversation/{people[0].id}*")
        context.close()


@pytest.mark.browser
def test_on_a_phone_the_rooms_are_a_menu_that_says_where_one_is(house: House, chromium: Any) -> None:
    officer = house.worker("relations_officer", name="نورة بنت خالد الحربي")
    with served(house) as address:
        context = chromium.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
        sign_in(context, address, officer)
        page = context.new_page()
        page.goto(f"{address}/desk/harif/clocks")
        assert page.locator(".top").bounding_box()["height"] < 70
        menu = page.get_by_role("button", name="المواعيد النهائية")
        assert not page.locator(".doors").is_visible()
        menu.click()
        page.locator(".doors").get_by_role("link", name="المحادثات").click()
        page.wait_for_url("**/inbox")
        page.set_viewport_size({"width": 1280, "height": 800})
        assert page.locator(".doors").is_visible() and not page.locator(".menu").is_visible()
        context.close()
