"""What Telegram sends, read: one table, and a promise that nothing it could send breaks us."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.contract import Incoming, Unparseable, Unused
from bot.channels.telegram_inbound import read_many
from conversations.events import Contact, Event, Location, Media, Opened, Press, Text

from .harness import Case, play_incoming, table
from .telegram_bench import CHAT, DATE, NOW, SECRET, THEN, message, telegram, update

GROUP = {"id": -100, "type": "supergroup", "title": "فريق"}
FILE = {"file_id": "AgAC", "file_unique_id": "u", "file_size": 900}


def incoming(event: Event, **more: Any) -> Incoming:
    return Incoming(handle=CHAT, event=event, key="900", **{"language": "ar", "provider_id": "12", **more})


def media(kind: Any, **more: Any) -> Media:
    return Media(id="900", at=THEN, **{"file": "tg-7001-12", "kind": kind, "size": 900, **more})


def said(text: str, **more: Any) -> Text:
    return Text(id="900", at=THEN, text=text, **more)


def press(data: str | None, chat: Any = None, **more: Any) -> dict[str, Any]:
    asked = message(number=40, date=0)  # a message too old to be shown has no date
    if chat:
        asked["chat"] = chat
    pressed = {"id": "cb1", "from": message()["from"], "chat_instance": "x", "message": asked, **more}
    return update(callback_query=pressed | ({"data": data} if data else {}))


def member(status: str, chat: Any = None) -> dict[str, Any]:
    change = {"chat": chat or message()["chat"], "from": message()["from"], "date": DATE}
    old = {"status": "member", "user": {"id": 1, "is_bot": True, "first_name": "b"}}
    return update(my_chat_member=change | {"old_chat_member": old, "new_chat_member": old | {"status": status}})


INCOMING = [
    Case("words", body=update(message=message(text="السلام عليكم")), gives=[incoming(said("السلام عليكم"))]),
    Case("a command", body=update(message=message(text="/menu")), gives=[incoming(said("/menu"))]),
    Case("the start button", body=update(message=message(text="/start")), gives=[incoming(Opened(id="900", at=THEN))]),
    Case(
        "a link that carries something",
        body=update(message=message(text="/start complain")),
        gives=[incoming(Opened(id="900", at=THEN, payload="complain"))],
    ),
    Case(
        "a word that only begins like start",
        body=update(message=message(text="/started")),
        gives=[incoming(said("/started"))],
    ),
    Case(
        "a message changed later",
        body=update(edited_message=message(text="الصحيح", edit_date=DATE)),
        gives=[incoming(said("الصحيح", edited=True))],
    ),
    Case(
        "a press on a button",
        body=press("1f:own"),
        gives=[
            incoming(Press(id="900", at=NOW, option="own", prompt=31), answer_to="cb1", provider_id="40"),
        ],
    ),
    Case(
        "a press that is not ours",
        body=press("legacy"),
        gives=[incoming(Press(id="900", at=NOW, option="legacy"), answer_to="cb1", provider_id="40")],
    ),
    Case("a press without data", body=press(None, game_short_name="g"), gives=[Unused("press_without_data")]),
    Case("a press in a group", body=press("1:a", chat=GROUP), gives=[Unused("group")]),
    Case(
        "a photo in its largest size",
        body=update(
            message=message(
                photo=[
                    FILE | {"file_id": "small", "width": 90, "height": 90},
                    FILE | {"file_id": "large", "width": 1280, "height": 960},
                    FILE | {"file_id": "middle", "width": 320, "height": 240},
                ],
                caption="الهوية",
                media_group_id="g7",
            )
        ),
        gives=[incoming(media("photo", caption="الهوية", album="g7"), source="large")],
    ),
    Case(
        "a document with its name",
        body=update(message=message(document=FILE | {"file_name": "عقد.pdf", "mime_type": "application/pdf"})),
        gives=[incoming(media("document", name="عقد.pdf"), source="AgAC")],
    ),
    Case(
        "a voice note",
        body=update(message=message(voice=FILE | {"duration": 3})),
        gives=[incoming(media("voice"), source="AgAC")],
    ),
    Case(
        "music",
        body=update(message=message(audio=FILE | {"duration": 3, "file_name": "a.mp3"})),
        gives=[incoming(media("audio", name="a.mp3"), source="AgAC")],
    ),
    Case("a film", body=update(message=message(video=FILE)), gives=[incoming(media("video"), source="AgAC")]),
    Case(
        "a round film", body=update(message=message(video_note=FILE)), gives=[incoming(media("video"), source="AgAC")]
    ),
    Case(
        "a moving picture, which also calls itself a document",
        body=update(message=message(animation=FILE, document=FILE)),
        gives=[incoming(media("video"), source="AgAC")],
    ),
    Case("a sticker", body=update(message=message(sticker=FILE)), gives=[incoming(media("sticker"), source="AgAC")]),
    Case(
        "a picture put in the place of another",
        body=update(edited_message=message(photo=[FILE | {"width": 9, "height": 9}], edit_date=DATE)),
        gives=[incoming(media("photo", file=f"tg-7001-12-{DATE}"), source="AgAC")],
    ),
    Case(
        "a place",
        body=update(message=message(location={"latitude": 24.7, "longitude": 46})),
        gives=[incoming(Location(id="900", at=THEN, latitude=24.7, longitude=46.0))],
    ),
    Case(
        "a place that moves on",
        body=update(edited_message=message(location={"latitude": 24.7, "longitude": 46}, edit_date=DATE)),
        gives=[Unused("edited_other")],
    ),
    Case(
        "one's own number",
        body=update(message=message(contact={"phone_number": "966500000000", "first_name": "ن", "user_id": 7001})),
        gives=[incoming(Contact(id="900", at=THEN, phone="+966500000000", own=True))],
    ),
    Case(
        "somebody else's number",
        body=update(message=message(contact={"phone_number": "0500000000", "first_name": "س", "user_id": 7002})),
        gives=[incoming(Contact(id="900", at=THEN, phone="0500000000", own=False))],
    ),
    Case(
        "a number of nobody on Telegram",
        body=update(message=message(contact={"phone_number": "0500000000", "first_name": "س"})),
        gives=[incoming(Contact(id="900", at=THEN, phone="0500000000", own=False))],
    ),
    Case(
        "words in fine dress",
        body=update(
            message=message(
                rich_message={
                    "blocks": [
                        {"type": "heading", "size": 1, "text": "طلب"},
                        {"type": "paragraph", "text": ["أريد ", {"type": "bold", "text": "دعم"}, " مشروع"]},
                        {"type": "list", "items": [{"label": "1.", "blocks": [{"type": "paragraph", "text": "أول"}]}]},
                    ]
                }
            )
        ),
        gives=[incoming(said("طلب\nأريد دعم مشروع\n1.\nأول"))],
    ),
    Case(
        "a language nobody named",
        body=update(message=message(text="x") | {"from": {"id": 7001}}),
        gives=[incoming(said("x"), language="")],
    ),
    Case("a poll", body=update(message=message(poll={"id": "1"})), gives=[Unused("other_message")]),
    Case("a message in a group", body=update(message=message(text="x") | {"chat": GROUP}), gives=[Unused("group")]),
    Case("the bot was blocked", body=member("kicked"), gives=[Unused("blocked")]),
    Case("the bot was unblocked", body=member("member"), gives=[Unused("unblocked")]),
    Case("the bot was put into a group", body=member("member", GROUP), gives=[Unused("group")]),
    Case("something newer than this", body=update(story_of_2030={"x": [1]}), gives=[Unused("other_update")]),
    Case("no JSON", body=b"update=1", raises=Unparseable),
    Case("an empty body", body=b"", raises=Unparseable),
    Case("a list", body=[update()], raises=Unparseable),
    Case("no number", body={"message": message(text="x")}, raises=Unparseable),
    Case("letters that are none", body=b'{"update_id":1,"message":"\xff"}', raises=Unparseable),
    Case("half a letter", body=b'{"update_id":1,"message":{"text":"\\ud800"}}', raises=Unparseable),
    Case("a date no calendar has", body=update(message=message(text="x", date=10**15)), raises=Unparseable),
    Case("nested without end", body=b'{"update_id":1,"x":' + b"[" * 100_000, raises=Unparseable),
]


@table(INCOMING)
def test_an_update_means(case: Case) -> None:
    play_incoming(case, telegram())


def test_an_error_about_a_body_quotes_nothing_of_it() -> None:
    body = json.dumps(update(message=message(text=1012345672))).encode()
    with pytest.raises(Unparseable) as caught:
        telegram().parse(body)
    assert "1012345672" not in repr(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["message_id", "chat", "date", "from", "edit_date", "text", "rich_message", "caption", "media_group_id"]
FIELDS += ["photo", "voice", "document", "sticker", "location", "contact"]


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """An update of ours with some of its insides exchanged for anything."""
    inner = message(text="x") | draw(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
    kind = draw(st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member"]))
    body = {"id": "1", "from": inner["from"], "data": draw(st.text(max_size=70)), "message": inner}
    what = {"message": inner, "edited_message": inner, "callback_query": body, "my_chat_member": inner}[kind]
    return update(**{kind: draw(st.one_of(st.just(what), JSON))})


@given(JSON | spoiled())
@settings(max_examples=300, deadline=None)
def test_any_json_is_read_or_refused_and_nothing_else(body: Any) -> None:
    try:
        found = telegram().parse(json.dumps(body).encode())
    except Unparseable:
        return
    assert all(isinstance(each, Incoming | Unused) for each in found)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    with contextlib.suppress(Unparseable):
        assert telegram().parse(body)


def test_one_bad_update_on_a_page_spoils_nothing_else() -> None:
    page = [update(5, message=message(text="أول")), update(6, message="?"), update(7, message=message(text="ثالث"))]
    found, highest = read_many(msgspec.json.encode(page), lambda: NOW)
    assert [type(each) for each in found] == [Incoming, Unused, Incoming]
    assert highest == 7


def test_a_page_without_a_single_number_is_refused() -> None:
    with pytest.raises(Unparseable):
        read_many(b'[{"x":1}]', lambda: NOW)
    with pytest.raises(Unparseable):
        read_many(b'{"x":1}', lambda: NOW)


@pytest.mark.parametrize("header", ["X-Telegram-Bot-Api-Secret-Token", "x-telegram-bot-api-secret-token"])
def test_the_secret_opens_and_nothing_else_does(header: str) -> None:
    channel = telegram()
    assert channel.verify({header: SECRET}, "", b"")
    for wrong in ("", SECRET[:-1], SECRET + "x", SECRET.upper(), "سر", "\udcff"):
        assert not channel.verify({header: wrong}, "", b"")
    assert not channel.verify({}, "", b"")


def test_a_bot_that_polls_has_no_secret_and_no_webhook_is_its_own() -> None:
    from bot.channels.http import Http
    from bot.channels.telegram import Telegram

    channel = Telegram("harif", "1:x", "", "", Http(), {})
    assert not channel.verify({"X-Telegram-Bot-Api-Secret-Token": ""}, "", b"")
    assert not channel.verify({}, "", b"")
