"""The conversation page in a real Chromium: lines that arrive, a box that keeps its words, keys, colleagues, voices."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.channels.contract import ContentRefused
from conversations.staffed import WAITING
from storage import staff
from tests.desk.house import Browser, House, Person
from tests.desk.pictures import served, sign_in
from tests.desk.test_conversation import OGG, page_of, sends

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"


@pytest.fixture
def noura(house: House) -> Browser:
    return house.worker("relations_officer", name="نورة الحربي", woman=True)


@pytest.fixture
def person(house: House) -> Person:
    made = house.person("7001")
    made.does(made.say("السلام عليكم", "ابغى موظف"))
    return made


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house) as made:
        yield made


class Tab:
    """A worker's window on one conversation, and everything in it that broke."""

    def __init__(self, chromium: Any, address: str, worker: Browser, person: Person, **more: Any) -> None:
        self.context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **more})
        self.context.set_default_timeout(8000)
        sign_in(self.context, address, worker)
        self.page = self.context.new_page()
        self.broken: list[str] = []
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.page.on(
            "console", lambda said: self.broken.append(said.text) if "Content Security Policy" in said.text else None
        )
        self.url = f"{address}/desk/harif{page_of(person)}"
        self.page.goto(self.url)

    @property
    def box(self) -> Any:
        return self.page.locator("#reply")

    def close(self) -> None:
        self.context.close()
        assert self.broken == []


@pytest.fixture
def tabs(chromium: Any, address: str) -> Iterator[Any]:
    made: list[Tab] = []

    def open_tab(worker: Browser, person: Person, **more: Any) -> Tab:
        made.append(Tab(chromium, address, worker, person, **more))
        return made[-1]

    yield open_tab
    for one in made:
        one.close()


def test_a_reply_is_written_by_keys_alone_and_what_comes_back_arrives_by_itself(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    tab = tabs(noura, person)
    tab.page.keyboard.press("t")
    tab.page.get_by_text("المحادثة معكم", exact=True).wait_for()
    tab.page.keyboard.press("r")
    expect(tab.box).to_be_focused()
    tab.page.keyboard.type("أهلًا بكم")
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator("li.line.staff").get_by_text("أهلًا بكم").wait_for()
    expect(tab.box).to_have_value("")
    assert person.told[-1].endswith("أهلًا بكم")
    last = tab.page.locator("li.line.staff").last
    house.settle()
    expect(last.locator(".when .unseen")).to_have_text("أُرسلت")
    person.does(person.say("شكرًا، ومتى أستلم؟"))
    tab.page.get_by_text("شكرًا، ومتى أستلم؟").wait_for()
    assert tab.page.locator("li.line.in").count() == 3, "each line once"
    bottom = tab.page.evaluate("Math.abs(document.getElementById('talk-log').scrollTop)")
    assert bottom < 5, "the end stays in sight"


def test_nothing_typed_is_lost_by_a_reload_a_lost_connection_or_a_refusal(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    tab = tabs(noura, person)
    tab.box.fill("نراجع طلبكم الآن")
    tab.page.reload()
    expect(tab.box).to_have_value("نراجع طلبكم الآن")
    tab.page.route("**/reply", lambda route: route.abort())
    tab.page.locator("#send").click()
    tab.page.get_by_text("انقطع الاتصال. ما كتبتموه محفوظ هنا").wait_for()
    expect(tab.box).to_have_value("نراجع طلبكم الآن")
    tab.page.unroute("**/reply")
    tab.page.evaluate("dispatchEvent(new Event('online'))")
    tab.page.locator("li.line.staff").get_by_text("نراجع طلبكم الآن").wait_for()
    assert sum("نراجع طلبكم الآن" in told for told in person.told) == 1
    tab.box.fill("ك" * 4001)
    expect(tab.page.locator("#reply-count")).to_have_text("أحرف زائدة: ١")
    tab.page.locator("#send").click()
    expect(tab.box).to_have_value("ك" * 4001)
    tab.box.fill("ثم خرجت من دون أن أدري")
    tab.context.clear_cookies()
    tab.page.locator("#send").click()
    tab.page.get_by_text("انتهى الدخول").wait_for()
    expect(tab.box).to_have_value("ثم خرجت من دون أن أدري")
    sign_in(tab.context, tab.url.partition("/desk")[0], Browser(house, noura.id, "harif"))
    tab.page.locator("#send").click()
    tab.page.locator("li.line.staff").get_by_text("ثم خرجت من دون أن أدري").wait_for()


def test_an_answer_whose_confirmation_was_lost_is_not_sent_twice(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    tab = tabs(noura, person)
    lost: list[str] = []

    def answered_and_lost(route: Any) -> None:
        if not lost:
            route.fetch()
            lost.append("the answer")
            route.abort()
        else:
            route.continue_()

    tab.page.route("**/reply", answered_and_lost)
    tab.box.fill("موعدكم الأحد")
    tab.page.locator("#send").click()
    tab.page.locator("li.line.staff").get_by_text("موعدكم الأحد").wait_for()
    tab.page.evaluate("dispatchEvent(new Event('online'))")
    expect(tab.box).to_have_value("")
    assert sum("موعدكم الأحد" in told for told in person.told) == 1


def test_two_workers_see_each_other_and_the_second_is_warned_in_place(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    reem = house.worker("relations_officer", name="ريم الشهري", woman=True)
    first, second = tabs(noura, person), tabs(reem, person)
    second.box.press_sequentially("بعد غد")
    first.page.get_by_text("رسالة تُكتب الآن من ريم الشهري…").wait_for()
    first.box.fill("غدًا العاشرة")
    second.page.route("**/lines*", lambda route: route.abort())
    first.page.locator("#send").click()
    first.page.locator("li.line.staff").get_by_text("غدًا العاشرة").wait_for()
    second.page.locator("#send").click()
    warned = second.page.locator("#told")
    warned.get_by_text("ردّ نورة الحربي قبلكم:").wait_for()
    expect(warned.locator("blockquote")).to_contain_text("غدًا العاشرة")
    expect(second.box).to_have_value("بعد غد")
    assert not any("بعد غد" in told for told in person.told)
    second.page.unroute("**/lines*")
    second.page.locator("#send").click()
    expect(second.box).to_have_value("")
    assert person.told[-1].endswith("بعد غد")


def test_replies_at_hand_files_and_failures(house: House, noura: Browser, person: Person, tabs: Any) -> None:
    tab = tabs(noura, person)
    tab.box.focus()
    tab.page.keyboard.press("/")
    tab.page.wait_for_function("document.activeElement && document.activeElement.id !== 'reply'")
    first = tab.page.evaluate("document.activeElement.outerHTML")
    tab.page.keyboard.press("ArrowDown")
    tab.page.wait_for_function("first => document.activeElement.outerHTML !== first", arg=first)
    tab.page.keyboard.press("Enter")
    expect(tab.box).to_have_value(re.compile("وصلتنا رسالتكم، وننظر فيها الآن"))
    tab.page.locator("#reply-file").set_input_files(
        {"name": "نموذج.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF"}
    )
    expect(tab.page.locator("#reply-files")).to_contain_text("نموذج.pdf")
    house.papers["harif", "telegram"].fails["7001"].append(ContentRefused("too_long"))
    tab.page.locator("#send").click()
    house.settle()
    tab.page.get_by_text("الرسالة أطول مما يُقبل.").wait_for()
    tab.page.get_by_role("button", name="إرسالها من جديد").click()
    tab.page.get_by_text("أُرسل الرد.").wait_for()
    house.settle()
    sent = house.papers["harif", "telegram"].says[-1].file
    assert sent is not None and sent.name == "نموذج.pdf"


def test_a_gap_is_chosen_to_be_filled_and_keeps_the_reply_here(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    person.does(person.apply())
    before = len(person.told)
    tab = tabs(noura, person)
    tab.page.get_by_text("ردود جاهزة").click()
    tab.page.get_by_role("link", name="بقيت ورقة").click()
    tab.page.locator("#send").click()
    tab.page.locator("#told").get_by_text("بقي في الرد فراغ").wait_for()
    expect(tab.box).to_be_focused()
    assert len(person.told) == before
    tab.page.keyboard.type("صورة الهوية")
    expect(tab.box).to_have_value(re.compile(": صورة الهوية\n"))
    tab.page.locator("#send").click()
    expect(tab.box).to_have_value("")
    assert "صورة الهوية" in person.told[-1]


def test_that_sending_takes_it_and_how_it_begins_is_said_before(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    tab = tabs(noura, person)
    takes, opening = tab.page.get_by_text("بالإرسال تصير المحادثة معكم"), tab.page.locator("#opening")
    expect(takes).to_be_visible()
    expect(opening).to_be_visible()
    tab.box.fill("أهلًا بكم")
    tab.page.locator("#send").click()
    tab.page.get_by_text("المحادثة معكم", exact=True).wait_for()
    expect(takes).to_be_hidden()
    expect(opening).to_have_count(0)


def test_on_a_screen_850_high_the_way_to_send_stays_in_sight_under_a_banner(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    person.does(person.apply())
    tab = tabs(noura, person, viewport={"width": 1280, "height": 850})
    tab.page.goto(f"{tab.url}?said=talk_taken")
    expect(tab.page.locator(".told.good")).to_be_visible()
    expect(tab.page.locator("#send")).to_be_in_viewport(ratio=1)
    assert tab.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert tab.page.locator("#talk-log").bounding_box()["height"] > 150


def test_a_voice_note_is_recorded_heard_and_sent(house: House, noura: Browser, person: Person, tabs: Any) -> None:
    tab = tabs(noura, person, permissions=["microphone"])
    record = tab.page.locator("#reply-record")
    expect(record).to_be_visible()
    record.click()
    tab.page.get_by_text("نسجّل الآن").wait_for()
    tab.page.wait_for_timeout(400)
    record.click()
    tab.page.locator("#reply-files audio").wait_for()
    tab.page.locator("#send").click()
    tab.page.locator("li.line.staff audio").wait_for()
    house.settle()
    say = house.papers["harif", "telegram"].says[-1]
    assert say.file is not None and say.file.kind in ("ogg", "m4a", "webm")
    data = house.line.blobs.get("harif", int(say.file.file))
    assert len(data) > 100


def test_a_voice_note_of_theirs_is_loaded_when_it_is_played(
    house: House, noura: Browser, person: Person, tabs: Any
) -> None:
    sends(person, OGG, "voice")
    tab = tabs(noura, person)
    assert not [act for act in house.acts() if act[3].startswith("file:")], "not before somebody listens"
    tab.page.locator("audio").evaluate("one => one.load() || one.play().catch(() => {})")
    tab.page.wait_for_timeout(300)
    assert [act for act in house.acts() if act[3].startswith("file:")]


def test_without_scripts_it_is_plain_forms(house: House, noura: Browser, person: Person, tabs: Any) -> None:
    tab = tabs(noura, person, java_script_enabled=False)
    tab.box.fill("أهلًا بكم")
    tab.page.get_by_role("button", name="إرسال", exact=True).click()
    tab.page.get_by_text("أُرسل الرد.").wait_for()
    expect(tab.page.locator("li.line.staff").last).to_be_in_viewport()
    assert person.told[-1].endswith("أهلًا بكم")
    tab.page.get_by_text("ردود جاهزة").click()
    tab.page.get_by_role("link", name="هل نتصل بكم؟").click()
    expect(tab.box).to_have_value(re.compile("نودّ أن نتصل بكم من جمعية حارف"))


@pytest.mark.parametrize(("width", "language", "scheme"), [(360, "ar", "light"), (1280, "en", "dark")])
def test_the_page_is_for_everybody(
    house: House, noura: Browser, tabs: Any, width: int, language: str, scheme: str
) -> None:
    """Everything that can stand on it at once, held against WCAG 2.2 AA."""
    house.papers["harif", "whatsapp"].approved = frozenset({WAITING})
    house.do(lambda c: staff.change(c, noura.id, language=language))
    person = house.person("+966500000009", "whatsapp")
    person.does(person.apply())
    sends(person, OGG, "voice")
    reem = house.worker("relations_officer", name="ريم الشهري", woman=True)
    house.papers["harif", "whatsapp"].fails[person.handle].append(ContentRefused("63026"))
    noura.post(f"{page_of(person)}/reply", text="أهلًا", seen="999")
    noura.post(f"{page_of(person)}/note", note="اتصلت بها أمس")
    house.settle()
    house.later(hours=25)
    noura = Browser(house, noura.id, "harif")
    noura.post(f"{page_of(person)}/reply", text="ردّ ينتظر", seen="999")
    Browser(house, reem.id, "harif").post(f"{page_of(person)}/here", typing="yes")
    tab = tabs(noura, person, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for summary in tab.page.locator("summary").all():
        summary.click()
    tab.page.evaluate(AXE.read_text())
    found = tab.page.evaluate(RULES)
    assert [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found["violations"]] == []
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"
