"""The chat page without a browser: what is served, what is taken, what is refused."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from starlette.testclient import TestClient

from bot.web import body
from bot.web.chat import handle_of
from bot.web.lines import linked
from conversations.events import FileReady, Media, Opened, Press, Text
from conversations.says import Attachment, Option, Say
from tests.web.house import NOON, PNG, SLUG, House, application

OURS = {"Sec-Fetch-Site": "same-origin"}
SCRIPT = OURS | {"X-Requested-With": "wasl"}
ID = "client-id-0001"
SEND, FILE, CHAT = f"/{SLUG}/chat/send", f"/{SLUG}/chat/file", f"/{SLUG}/chat"


def visit(client: TestClient) -> str:
    """Opens the page; the handle of the conversation it stands for."""
    assert client.get(CHAT).status_code == 200
    return handle_of(SLUG, client.cookies["wasl_chat"])


def test_reading_the_page_begins_nothing_and_gives_a_cookie_that_scripts_cannot_read(
    client: TestClient, house: House
) -> None:
    answer = client.get(CHAT)
    cookie = answer.headers["set-cookie"]
    value = re.match(r"wasl_chat=([^;]+)", cookie)
    assert value and len(value[1]) == 43
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and f"Path=/{SLUG}/" in cookie
    assert house.taken == []


def test_on_https_the_cookie_is_secure(house: House) -> None:
    client = TestClient(application(house, public_url="https://chat.example"), base_url="http://chat.example")
    assert "; Secure" in client.get(CHAT).headers["set-cookie"]


def test_the_handle_does_not_give_the_cookie_away_and_differs_between_associations(client: TestClient) -> None:
    handle = visit(client)
    assert client.cookies["wasl_chat"] not in handle
    assert handle_of("another", client.cookies["wasl_chat"]) != handle


def test_a_text_is_taken_in_and_its_answer_is_fetched(client: TestClient, house: House) -> None:
    handle = visit(client)
    answer = client.post(SEND, json={"id": ID, "text": "السلام عليكم"}, headers=SCRIPT)
    assert answer.status_code == 204
    (incoming,) = house.taken
    assert isinstance(incoming.event, Text)
    assert (incoming.handle, incoming.event.text, incoming.event.at) == (handle, "السلام عليكم", NOON)
    html = client.get(f"{CHAT}/messages?after=0").text
    assert "السلام عليكم" in html and "لمن هذا الطلب؟" in html and "سؤال ٣ من ١٢" in html
    assert "السلام عليكم" not in client.get(f"{CHAT}/messages?after=1").text


def test_sent_twice_it_is_taken_once(client: TestClient, house: House) -> None:
    visit(client)
    for _ in range(2):
        assert client.post(SEND, json={"id": ID, "text": "مرة"}, headers=SCRIPT).status_code == 204
    assert len(house.taken) == 1


def test_what_was_masked_never_comes_back_to_the_page(client: TestClient) -> None:
    visit(client)
    client.post(SEND, json={"id": ID, "text": "1012345672"}, headers=SCRIPT)
    assert "1012345672" not in client.get(CHAT).text
    assert "•••• ٥٦٧٢" in client.get(CHAT).text


def test_a_conversation_is_seen_by_its_own_browser_only(client: TestClient, house: House) -> None:
    visit(client)
    client.post(SEND, json={"id": ID, "text": "سر"}, headers=SCRIPT)
    stranger = TestClient(application(house), base_url="http://chat.example")
    assert "سر" not in stranger.get(CHAT).text.split('id="lines"')[1].split("</ol>")[0]
    assert stranger.get(f"{CHAT}/messages?after=0").text.strip() == ""


def test_the_page_says_what_it_holds_and_that_is_delivery(client: TestClient, house: House) -> None:
    handle = visit(client)
    client.post(SEND, json={"id": ID, "text": "مرحبا"}, headers=SCRIPT)
    client.get(f"{CHAT}/messages?after=0")
    assert house.seen_upto == {}
    client.get(f"{CHAT}/messages?after=2&seen=2")
    assert house.seen_upto == {handle: 2}


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
@pytest.mark.parametrize("path", [SEND, FILE, f"{CHAT}/leave"])
def test_another_site_cannot_speak_for_the_person(
    client: TestClient, house: House, headers: dict[str, str], path: str
) -> None:
    visit(client)
    assert client.post(path, data={"id": ID, "text": "x"}, headers=headers).status_code == 403
    assert house.taken == []


def test_without_the_cookie_nothing_is_taken(client: TestClient, house: House) -> None:
    answer = client.post(SEND, json={"id": ID, "text": "x"}, headers=SCRIPT)
    assert (answer.status_code, answer.json()) == (409, {"error": "cookies"})
    assert client.post(SEND, data={"id": ID, "text": "x"}, headers=OURS).status_code == 409
    client.cookies.set("wasl_chat", "../../guess", path=f"/{SLUG}/")
    assert client.post(SEND, json={"id": ID, "text": "x"}, headers=SCRIPT).status_code == 409
    assert house.taken == []


def test_what_cannot_be_read_is_400_and_what_is_too_long_413(client: TestClient, house: House) -> None:
    visit(client)
    assert client.post(SEND, content=b"{", headers=SCRIPT).status_code == 400
    assert client.post(SEND, json={"id": ID}, headers=SCRIPT).status_code == 400
    answer = client.post(SEND, json={"id": ID, "text": "x" * 40_000}, headers=SCRIPT)
    assert (answer.status_code, answer.json()) == (413, {"error": "too_big"})

    def endless() -> Iterator[bytes]:  # without a Content-Length, so that the bytes are counted
        yield from (b"x" * 1000 for _ in range(100))

    assert client.post(SEND, content=endless(), headers=SCRIPT).status_code == 413
    assert house.taken == []


def test_an_unknown_association_is_a_kind_404(client: TestClient) -> None:
    for path in ("/nobody/chat", "/nobody/complain", "/nobody/chat/messages", "/nobody/chat/live", "/nobody/privacy"):
        assert client.get(path).status_code == 404
    assert client.post("/nobody/chat/send", json={}, headers=SCRIPT).status_code == 404


def test_while_the_database_is_away_the_page_is_told_to_try_again(client: TestClient, house: House) -> None:
    visit(client)
    house.away = True
    answer = client.post(SEND, json={"id": ID, "text": "x"}, headers=SCRIPT)
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"error": "away"}, "3")
    assert client.get(CHAT).status_code == 503
    assert client.get(f"{CHAT}/messages").status_code == 503
    house.away = False
    assert client.post(SEND, json={"id": ID, "text": "x"}, headers=SCRIPT).status_code == 204


def test_without_scripts_a_form_says_it_and_comes_back_to_the_page(client: TestClient, house: House) -> None:
    visit(client)
    page = client.get(CHAT).text
    assert 'name="opened"' in page
    answer = client.post(SEND, data={"id": ID, "opened": ""}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CHAT}#end")
    assert isinstance(house.taken[0].event, Opened)
    page = client.get(CHAT).text
    payload = re.search(r'name="press" value="([^"]+)"><span dir="auto">طلب خدمة', page)
    assert payload
    assert client.post(SEND, data={"id": ID, "seen": "1", "press": payload[1]}, headers=OURS).status_code == 303
    event = house.taken[1].event
    assert isinstance(event, Press)
    assert (event.option, event.prompt) == ("apply", 1)
    assert list(house.seen_upto.values()) == [1]


def test_the_complaint_link_opens_the_complaint(client: TestClient, house: House) -> None:
    page = client.get(f"/{SLUG}/complain").text
    assert 'data-start="complain"' in page
    assert house.taken == []
    client.post(SEND, data={"id": ID, "opened": "complain"}, headers=OURS)
    event = house.taken[0].event
    assert isinstance(event, Opened)
    assert event.payload == "complain"


def test_a_start_that_is_no_word_of_ours_is_ignored(client: TestClient) -> None:
    assert 'data-start=""' in client.get(CHAT, params={"start": '"><script>'}).text
    assert 'data-start="apply-project"' in client.get(CHAT, params={"start": "apply-project"}).text


def test_the_language_button_changes_the_page_and_tells_the_conversation(client: TestClient, house: House) -> None:
    visit(client)
    answer = client.post(SEND, data={"id": ID, "language": "en"}, headers=OURS)
    assert answer.status_code == 303
    event = house.taken[0].event
    assert isinstance(event, Press)
    assert event.option == "/english"
    page = client.get(CHAT).text
    assert '<html lang="en" dir="ltr">' in page
    client.post(SEND, json={"id": "client-id-0002", "text": "hello"}, headers=SCRIPT)
    assert house.languages[-1] == "en"


def test_a_file_is_kept_before_it_is_an_event_and_is_ready_at_once(client: TestClient, house: House) -> None:
    handle = visit(client)
    answer = client.post(
        FILE, data={"id": ID}, files={"file": ("C:\\scans\\تقرير.png", PNG, "image/png")}, headers=SCRIPT
    )
    assert answer.status_code == 204
    media, ready = (incoming.event for incoming in house.taken)
    assert isinstance(media, Media) and isinstance(ready, FileReady)
    assert (media.kind, media.name, media.size, media.file) == ("photo", "تقرير.png", len(PNG), "file-1")
    assert (ready.file, ready.kind) == ("file-1", "png")
    picture = client.get(f"{CHAT}/file/1")
    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert house.lines[handle][0].file


def test_several_files_at_once_are_one_album_and_a_recording_is_a_voice(client: TestClient, house: House) -> None:
    visit(client)
    two = [("file", ("a.png", PNG)), ("file", ("b.png", PNG))]
    client.post(FILE, data={"id": ID}, files=two, headers=SCRIPT)
    first, _, second, _ = (incoming.event for incoming in house.taken)
    assert isinstance(first, Media) and isinstance(second, Media)
    assert first.album and first.album == second.album
    client.post(
        FILE, data={"id": "client-id-0002", "voice": "yes"}, files={"file": ("v.ogg", b"OggS1234")}, headers=SCRIPT
    )
    voice = house.taken[4].event
    assert isinstance(voice, Media)
    assert (voice.kind, voice.album) == ("voice", "")


def test_a_file_that_cannot_be_taken_is_refused_kindly_and_leaves_nothing(client: TestClient, house: House) -> None:
    visit(client)
    answer = client.post(FILE, data={"id": ID}, files={"file": ("x.svg", b"<svg/>")}, headers=SCRIPT)
    assert (answer.status_code, answer.json()) == (415, {"error": "kind"})
    plain = client.post(FILE, data={"id": ID}, files={"file": ("x.svg", b"<svg/>")}, headers=OURS)
    assert plain.status_code == 415
    assert "لم نستطع فتح هذا الملف" in plain.text
    small = TestClient(application(house, file_limit=1000), base_url="http://chat.example", cookies=client.cookies)
    big = small.post(FILE, data={"id": ID}, files={"file": ("x.png", PNG + bytes(60_000))}, headers=SCRIPT)
    assert (big.status_code, big.json()) == (413, {"error": "too_big"})
    assert house.taken == []
    assert body._Arriving.held == 0


def test_a_file_of_another_conversation_is_not_found(client: TestClient, house: House) -> None:
    visit(client)
    client.post(FILE, data={"id": ID}, files={"file": ("a.png", PNG)}, headers=SCRIPT)
    stranger = TestClient(application(house), base_url="http://chat.example")
    assert stranger.get(f"{CHAT}/file/1").status_code == 404
    stranger.get(CHAT)
    assert stranger.get(f"{CHAT}/file/1").status_code == 404


def test_what_a_browser_might_run_is_only_ever_downloaded(client: TestClient, house: House) -> None:
    handle = visit(client)
    client.post(FILE, data={"id": ID}, files={"file": ("a.pdf", b"%PDF-1")}, headers=SCRIPT)
    answer = client.get(f"{CHAT}/file/1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    house.say(handle, Say(text="", file=Attachment("receipt:X", "الإيصال.pdf")))
    receipt = client.get(f"{CHAT}/file/{len(house.lines[handle])}")
    assert receipt.headers["content-type"] == "application/pdf"
    assert receipt.headers["content-disposition"].startswith("inline")


def test_leaving_forgets_the_conversation_on_this_device(client: TestClient, house: House) -> None:
    visit(client)
    client.post(SEND, json={"id": ID, "text": "سر"}, headers=SCRIPT)
    answer = client.post(f"{CHAT}/leave", headers=OURS)
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert 'data-last="0"' in client.get(CHAT).text


def test_the_page_runs_no_script_but_ours_and_is_framed_only_by_those_allowed(house: House) -> None:
    def policy(**site: object) -> str:
        client = TestClient(application(house, **site), base_url="http://chat.example")
        return client.get(CHAT).headers["content-security-policy"]

    assert "script-src 'self'" in policy() and "unsafe" not in policy()
    assert "frame-ancestors 'self' https://www.nakhla.example" in policy()
    assert "frame-ancestors 'self' https://site.example" in policy(embed_origins={SLUG: ("https://site.example",)})
    assert policy(embed_origins={SLUG: ()}).split("frame-ancestors ")[1].startswith("'self';")


def test_no_page_holds_a_script_or_a_style_of_its_own(client: TestClient) -> None:
    visit(client)
    client.post(SEND, json={"id": ID, "opened": ""}, headers=SCRIPT)
    for path in (CHAT, "/", f"/{SLUG}/privacy"):
        html = client.get(path).text
        assert not re.search(r"<style|style=|\son[a-z]+=|javascript:", html)
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))


def test_inside_another_site_the_cookie_has_a_jar_of_its_own(house: House) -> None:
    client = TestClient(application(house), base_url="https://chat.example")
    answer = client.get(f"{CHAT}?embed=1&lang=en")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("wasl_embed=")
    assert "SameSite=None; Partitioned" in cookie and "; Secure" in cookie
    assert 'data-query="?embed=1&amp;lang=en"' in answer.text


def test_what_was_said_is_text_and_never_markup(client: TestClient, house: House) -> None:
    handle = visit(client)
    evil = '<img src=x onerror=alert(1)> https://a.example/"><b>'
    house.say(handle, Say(text=evil, options=(Option("a", "<i>نعم</i>"),), prompt=1))
    html = client.get(CHAT).text
    assert "<img src=x" not in html and "<i>نعم" not in html and "<b>" not in html
    assert evil in unescape(re.sub(r"</?a\b[^>]*>", "", html))


def test_addresses_can_be_pressed_and_punctuation_is_left_out() -> None:
    assert str(linked("انظروا https://a.example/x، وشكرًا")).count('href="https://a.example/x"') == 1
    assert '<bdi dir="ltr">HRF-7K2MP-4TWX6</bdi>.' in str(linked("ورقمه HRF-7K2MP-4TWX6."))
    assert "<a" not in str(linked("javascript:alert(1)"))


def test_days_are_separated_and_said_in_both_calendars(client: TestClient, house: House) -> None:
    handle = visit(client)
    for days in (10, 1, 0):
        house.say(handle, Say(text=f"قبل {days}"), at=NOON - timedelta(days=days))
    html = client.get(CHAT).text
    assert re.findall(r'class="day"[^>]*><span>([^<]+)', html)[1:] == ["أمس", "اليوم"]
    assert "١٢ نوفمبر ٢٠٢٦" in html and "١٤٤٨" in html
    assert "قبل 10" not in client.get(f"{CHAT}/messages?after=1").text


def test_static_files_are_cached_for_good_by_their_version_and_no_other_file_is_served(client: TestClient) -> None:
    page = client.get(CHAT).text
    address = re.search(r'src="(/static/chat\.js\?v=[0-9a-f]+)"', page)
    assert address
    assert "immutable" in client.get(address[1]).headers["cache-control"]
    assert "immutable" not in client.get("/static/chat.js?v=old").headers["cache-control"]
    assert client.get("/static/embed.js").headers["cross-origin-resource-policy"] == "cross-origin"
    assert client.get("/static/..%2fpage.py").status_code == 404
    assert client.get("/static/nothing.js").status_code == 404


@pytest.mark.parametrize("number", ["²", "9" * 30, "-1", "١٢"])
def test_a_number_that_is_no_line_s_is_none_of_ours(
    client: TestClient, house: House, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    visit(client)
    asked: list[int] = []

    async def content(_association: str, _handle: str, seq: int) -> None:
        asked.append(seq)

    monkeypatch.setattr(house, "content", content)
    said = {"id": ID, "text": "مرحبا", "seen": number}
    assert client.post(SEND, data=said, headers=OURS, follow_redirects=False).status_code == 303
    assert client.get(f"{FILE}/{number}").status_code == 404
    assert client.get(f"{CHAT}/messages?after={number}&seen={number}").status_code == 200
    assert asked == [0]
