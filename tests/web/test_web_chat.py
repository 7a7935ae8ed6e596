"""The web chat's channel: what the page sends is read, and nothing a browser sends can pass for more."""

import asyncio
import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.contract import Incoming, Unparseable
from bot.channels.web_chat import Changes, WebChat
from conversations.events import Location, Opened, Press, Text
from conversations.says import Say

CHANNEL = WebChat("nakhla", lambda association, handle: None, "https://chat.example")
ID = "0123456789ab"


def envelope(said: Any) -> bytes:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    whole = {"handle": "h", "at": "2026-11-22T09:00:00Z", "language": "ar", "said": base64.b64encode(raw).decode()}
    return json.dumps(whole).encode()


def one(said: Any) -> Incoming:
    (incoming,) = CHANNEL.parse(envelope(said))
    assert isinstance(incoming, Incoming)
    return incoming


def test_a_text_a_press_an_opening_and_a_place_become_events() -> None:
    assert isinstance(one({"id": ID, "text": "السلام عليكم"}).event, Text)
    press = one({"id": ID, "press": "a:relative"}).event
    assert isinstance(press, Press)
    assert (press.option, press.prompt) == ("relative", 10)
    opened = one({"id": ID, "opened": "complain"}).event
    assert isinstance(opened, Opened)
    assert opened.payload == "complain"
    place = one({"id": ID, "location": [24.7, 46.7]}).event
    assert isinstance(place, Location)


def test_the_same_message_sent_twice_has_one_key_and_two_buttons_of_one_page_have_two() -> None:
    assert one({"id": ID, "text": "أ"}).key == one({"id": ID, "text": "أ"}).key
    assert one({"id": ID, "press": "1:a"}).key != one({"id": ID, "press": "1:b"}).key


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        {"id": ID},
        {"id": ID, "text": "  "},
        {"id": ID, "text": "x", "press": "1:a"},
        {"id": "short", "text": "x"},
        {"id": ID, "text": "x" * 4001},
        {"id": ID, "text": "x", "handle": "somebody else"},
        {"id": ID, "location": [240.0, 46.7]},
        b'{"id":"0123456789ab","text":"x"},"handle":"somebody else"',
    ],
)
def test_anything_else_is_refused(said: Any) -> None:
    with pytest.raises(Unparseable):
        one(said)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_body_raises_anything_but_unparseable(body: bytes) -> None:
    for sent in (body, envelope(body)):
        with contextlib.suppress(Unparseable):
            CHANNEL.parse(sent)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://chat.example"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "https://chat.example"}, True),
        ({"origin": "http://localhost:8000"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"referer": "https://chat.example/nakhla/chat"}, True),
        ({"referer": "https://evil.example/chat.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({}, False),
    ],
)
def test_only_our_own_pages_may_send(headers: dict[str, str], ours: bool) -> None:
    assert CHANNEL.verify(headers, "http://localhost:8000/nakhla/chat/send", b"") is ours


async def test_sending_wakes_the_pages_that_look_at_this_conversation_and_no_other() -> None:
    changes = Changes()
    channel = WebChat("nakhla", changes.wake)
    mine, other = changes.watch("nakhla", "mine"), changes.watch("nakhla", "other")
    waiting, elsewhere = asyncio.ensure_future(anext(mine)), asyncio.ensure_future(anext(other))
    await asyncio.sleep(0)
    assert await channel.send("mine", Say(text="أهلًا"), 7) == "web-7"
    assert await waiting == 0
    assert not elsewhere.done()
    elsewhere.cancel()
    await asyncio.gather(elsewhere, return_exceptions=True)
    await mine.aclose()  # type: ignore[attr-defined]
    assert len(changes) == 0


async def test_a_ninth_page_of_one_conversation_takes_the_place_of_the_oldest() -> None:
    changes = Changes()
    pages = [changes.watch("nakhla", "h") for _ in range(Changes.AT_MOST + 1)]
    waiting = [asyncio.ensure_future(anext(page)) for page in pages]
    await asyncio.sleep(0.01)
    assert len(changes) == Changes.AT_MOST
    with pytest.raises(StopAsyncIteration):
        await waiting[0]
    changes.wake("nakhla", "h", 5)
    assert await asyncio.gather(*waiting[1:]) == [5] * Changes.AT_MOST
