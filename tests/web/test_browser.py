"""The pages in a real Chromium, by the labels people see: phone width, keyboard, lost connections, screen readers."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.web.chat import handle_of
from conversations.events import Media, Opened, Press, Text
from conversations.says import Option, Say
from tests.web.conftest import serve
from tests.web.house import PDF, PNG, SLUG, TOKEN, House

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport=PHONE, locale="ar-SA")
    context.set_default_timeout(8000)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert broken == []


def open_chat(page: Any, server: str, path: str = "chat") -> None:
    page.goto(f"{server}/{SLUG}/{path}")


def write(page: Any, text: str) -> None:
    page.get_by_label("اكتبوا رسالتكم").fill(text)
    page.get_by_role("button", name="إرسال", exact=True).click()


class OtherSite(ThreadingHTTPServer):
    """Somebody else's page, at an address that shares nothing with ours."""

    body = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class OtherPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, OtherSite)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f'<!doctype html><html lang="ar" dir="rtl"><body>{self.server.body}</body></html>'.encode())

    def log_message(self, *of: Any) -> None:
        pass


@contextmanager
def other_site() -> Iterator[OtherSite]:
    with OtherSite(("127.0.0.1", 0), OtherPage) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.shutdown()


def handle_in(context: Any) -> str:
    return handle_of(SLUG, next(one["value"] for one in context.cookies() if one["name"] == "wasl_chat"))


def test_a_first_visit_is_greeted_and_a_request_goes_on_by_buttons(page: Any, server: str, house: House) -> None:
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").click()
    page.get_by_text("سؤال ٣ من ١٢").wait_for()
    page.get_by_role("button", name="لأحد أقاربي").click()
    page.get_by_role("button", name="صوّروا أو اختاروا ملفًا").wait_for()
    events = [incoming.event for incoming in house.taken]
    assert isinstance(events[0], Opened)
    pressed = [(event.option, event.prompt) for event in events if isinstance(event, Press)]
    assert pressed == [("apply", 1), ("relative", 2)]


def test_a_reload_begins_nothing_anew_and_shows_what_was_said(page: Any, server: str, house: House) -> None:
    open_chat(page, server)
    write(page, "السلام عليكم")
    page.get_by_text("لمن هذا الطلب؟").wait_for()
    before = len(house.taken)
    page.reload()
    page.get_by_text("لمن هذا الطلب؟").wait_for()
    assert len(house.taken) == before
    assert page.locator("li.line").count() == 3
    assert page.locator("li.day").count() == 1


def test_the_keyboard_alone_is_enough(page: Any, server: str, house: House) -> None:
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.type("سطر")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("وسطر")
    page.keyboard.press("Enter")
    page.get_by_text("لمن هذا الطلب؟").wait_for()
    assert [event.text for event in (one.event for one in house.taken) if isinstance(event, Text)] == ["سطر\nوسطر"]
    page.get_by_role("button", name="لي أنا").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="صوّروا أو اختاروا ملفًا").wait_for()


def test_the_complaint_link_opens_the_complaint_once(page: Any, server: str, house: House) -> None:
    open_chat(page, server, "complain")
    page.get_by_text("نأسف لما حدث").wait_for()
    page.wait_for_url(f"**/{SLUG}/chat")
    page.reload()
    page.get_by_text("نأسف لما حدث").wait_for()
    assert [event.payload for event in (one.event for one in house.taken) if isinstance(event, Opened)] == ["complain"]


def test_what_staff_write_later_appears_by_itself(page: Any, context: Any, server: str, house: House) -> None:
    with page.expect_response("**/live"):
        open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").wait_for()
    page.evaluate("for (let timer = 1; timer < 999; timer++) clearInterval(timer)")  # it must not be found by asking
    house.push(handle_in(context), Say(text="معكم سارة من الجمعية"), staff=True)
    page.get_by_text("معكم سارة من الجمعية").wait_for()


def test_without_live_events_the_page_asks_by_itself(page: Any, context: Any, server: str, house: House) -> None:
    page.route("**/live", lambda route: route.abort())
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").wait_for()
    house.say(handle_in(context), Say(text="وصل من غير بث"))
    page.get_by_text("وصل من غير بث").wait_for()


def test_a_lost_connection_keeps_the_message_and_says_it_once(page: Any, server: str, house: House) -> None:
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").wait_for()
    tried: list[str] = []

    def lose(route: Any) -> None:
        tried.append(route.request.post_data_json["id"])
        if len(tried) == 1:
            route.abort()
        elif len(tried) == 2:
            route.fetch()  # it arrives, and the answer is lost
            route.abort()
        else:
            route.continue_()

    page.route("**/chat/send", lose)
    write(page, "رسالة مهمة")
    page.get_by_text("لم تصل بعد").wait_for()
    assert page.get_by_label("اكتبوا رسالتكم").input_value() == "رسالة مهمة"
    page.get_by_role("button", name="أعيدوا المحاولة").click()
    page.get_by_text("لمن هذا الطلب؟").wait_for()
    expect(page.get_by_label("اكتبوا رسالتكم")).to_have_value("")
    assert len(set(tried)) == 1 and len(tried) == 3
    assert len([one for one in house.taken if isinstance(one.event, Text)]) == 1
    assert page.get_by_text("رسالة مهمة").count() == 1


def test_what_was_typed_survives_a_reload(page: Any, server: str) -> None:
    open_chat(page, server)
    page.get_by_label("اكتبوا رسالتكم").fill("لم أكمل بعد")
    page.reload()
    assert page.get_by_label("اكتبوا رسالتكم").input_value() == "لم أكمل بعد"


def test_a_photo_is_sent_and_seen_and_a_wrong_file_is_refused_kindly(page: Any, server: str, house: House) -> None:
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").wait_for()
    page.locator("#file").set_input_files({"name": "تقرير.png", "mimeType": "image/png", "buffer": PNG})
    page.get_by_text("وصلنا الملف: تقرير.png").wait_for()
    picture = page.get_by_role("img", name="تقرير.png")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 1)
    page.locator("#file").set_input_files({"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    page.get_by_role("status").get_by_text("لم نستطع فتح هذا الملف").wait_for()
    assert len([one for one in house.taken if isinstance(one.event, Media)]) == 1


def test_a_voice_is_recorded_and_sent(page: Any, server: str, house: House) -> None:
    kinds = {"ogg": b"OggS", "m4a": b"\x00\x00\x00", "webm": b"\x1aE\xdf\xa3"}

    async def store(association: str, channel: str, handle: str, name: str, data: bytes) -> Any:
        from bot.web.ports import FileInfo

        kind = name.rpartition(".")[2]
        assert data.startswith(kinds[kind])
        file = FileInfo(id="voice-1", name=name, kind=kind, size=len(data))
        house.files[file.id] = (file, data)
        return file

    house.store_file = store  # type: ignore[method-assign]
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").wait_for()
    page.get_by_role("button", name="تسجيل رسالة صوتية").click()
    page.get_by_text("نسجّل").wait_for()
    page.wait_for_timeout(700)
    page.get_by_role("button", name="إيقاف التسجيل وإرساله").click()
    page.get_by_text("وصلنا الملف").wait_for()
    (media,) = [one.event for one in house.taken if isinstance(one.event, Media)]
    assert media.kind == "voice" and media.size > 500


def test_leaving_the_device_needs_a_second_press_and_forgets(page: Any, server: str) -> None:
    open_chat(page, server)
    write(page, "سر بيننا")
    page.get_by_text("لمن هذا الطلب؟").wait_for()
    page.get_by_label("المزيد").click()
    page.get_by_role("button", name="نعم، أنهوها").click()
    page.get_by_role("button", name="طلب خدمة").wait_for()
    assert page.get_by_text("سر بيننا").count() == 0


def test_english_is_one_press_away(page: Any, server: str) -> None:
    open_chat(page, server)
    page.get_by_role("button", name=re.compile("^English")).click()
    page.get_by_label("Your message").wait_for()
    assert page.evaluate("document.documentElement.dir") == "ltr"


def test_without_scripts_the_whole_chat_still_works(chromium: Any, server: str, house: House) -> None:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(8000)
    open_chat(page, server)
    page.get_by_role("button", name="نبدأ").click()
    page.get_by_role("button", name="طلب خدمة").click()
    page.get_by_text("سؤال ٣ من ١٢").wait_for()
    write(page, "كلام")
    page.get_by_text("كلام").wait_for()
    page.locator("input").and_(page.get_by_label("إرسال صورة أو ملف")).set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": PNG}
    )
    page.get_by_role("button", name="إرسال الملف").click()
    page.get_by_text("وصلنا الملف").wait_for()
    assert [type(one.event).__name__ for one in house.taken] == ["Opened", "Press", "Text", "Media", "FileReady"]
    context.close()


def test_the_secure_page_is_filled_in_by_its_labels(page: Any, server: str, house: House) -> None:
    page.goto(f"{server}/form/{TOKEN}")
    page.get_by_role("button", name="إرسال آمن").click()
    page.get_by_role("alert").get_by_role("link", name="رقم الهوية").click()
    assert page.evaluate("document.activeElement.id") == "id_number"
    page.get_by_label("رقم الهوية").fill("1012345672")
    page.get_by_label("تاريخ الميلاد").fill("1/9/1400")
    page.get_by_label("قريب", exact=True).check()
    page.get_by_label("عصا").check()
    page.get_by_label("نعم").check()
    page.get_by_label("التقرير الطبي").set_input_files({"name": "r.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="إرسال آمن").click()
    page.get_by_text("وصلتنا، شكرًا لكم").wait_for()
    assert house.submitted[0]["id_number"] == "1012345672"
    assert house.submitted[0]["report"] == ["file-1"]


def test_one_tag_puts_the_chat_on_another_site(context: Any, house: House) -> None:
    page = context.new_page()
    with other_site() as site:
        for server in serve(house, public_url="https://chat.example", embed_origins={SLUG: (site.address,)}):
            site.body = f'<script src="{server}/static/embed.js" data-association="{SLUG}" async></script>'
            page.goto(site.address)
            page.get_by_role("button", name="تحدّثوا معنا").click()
            frame = page.frame_locator("iframe")
            frame.get_by_role("button", name="طلب خدمة").click()
            frame.get_by_text("سؤال ٣ من ١٢").wait_for()
            frame.get_by_label("اكتبوا رسالتكم").press("Escape")
            page.get_by_role("button", name="تحدّثوا معنا").wait_for()
            assert not page.locator("iframe").is_visible()


def test_a_site_that_was_not_allowed_cannot_frame_the_chat(context: Any, server: str, house: House) -> None:
    page = context.new_page()
    with other_site() as site:
        site.body = f'<iframe src="{server}/{SLUG}/chat?embed=1"></iframe>'
        with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
            page.goto(site.address)
        assert house.taken == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [f"/{SLUG}/chat", f"/form/{TOKEN}", "/", f"/{SLUG}/privacy", "receipt", "errors"])
def test_nothing_is_found_that_bars_people_with_disabilities(
    chromium: Any, server: str, house: House, path: str, scheme: str
) -> None:
    context = chromium.new_context(viewport=PHONE, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    known = {"receipt": f"/{SLUG}/receipt/NKH-7K2MP-4TWX6?d=abc123", "errors": f"/form/{TOKEN}"}
    page.goto(server + known.get(path, path))
    if path == "errors":
        page.get_by_role("button", name="إرسال آمن").click()
        page.get_by_role("alert").wait_for()
    if path.endswith("/chat"):
        page.get_by_role("button", name="طلب خدمة").click()
        page.get_by_role("button", name="لي أنا").click()
        write(page, "إيصال")
        page.get_by_text("الإيصال.pdf").wait_for()
        house.push(handle_in(context), Say(text="سؤال", options=(Option("a", "نعم", "شرح"),), prompt=9))
        page.get_by_role("button", name="نعم").wait_for()
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    assert found["passes"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_what_is_to_be_pressed_is_large_enough_for_a_thumb(page: Any, server: str) -> None:
    open_chat(page, server)
    page.get_by_role("button", name="طلب خدمة").click()
    page.get_by_text("سؤال ٣ من ١٢").wait_for()
    last = page.locator("li.line").last
    sizes = [button.bounding_box() for button in last.locator("button:visible").all()]
    sizes += [button.bounding_box() for button in page.locator("footer button:visible, .bar button:visible").all()]
    assert len(sizes) >= 10
    assert min(box["height"] for box in sizes if box) >= 44
