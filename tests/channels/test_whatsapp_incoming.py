"""What Twilio posts to us: its signature, messages, media, presses and statuses, and what is none of these."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels.contract import Incoming, StatusReport, Unparseable, Unused, payload_of
from bot.channels.twilio_channel import TWILIO, webhook_url
from bot.channels.twilio_inbound import media_path, read_form
from conversations.events import Location, Media, Press, Text
from conversations.says import Option

from .harness import Case, play_incoming, table
from .whatsapp_bench import ACCOUNT, MEDIUM, NOW, PERSON, PUBLIC, SENDER, SID, TOKEN, make_channel

CHANNEL = make_channel(TWILIO)
MESSAGE_URL = webhook_url(PUBLIC, "harif", "message")


def form(**more: str) -> bytes:
    """A message as Twilio posts it; "" takes a field out."""
    fields = {
        "SmsMessageSid": SID,
        "NumMedia": "0",
        "ProfileName": "أم سعد",
        "MessageType": "text",
        "WaId": PERSON[1:],
        "SmsStatus": "received",
        "Body": "",
        "To": f"whatsapp:{SENDER}",
        "MessageSid": SID,
        "AccountSid": ACCOUNT,
        "From": f"whatsapp:{PERSON}",
        "ApiVersion": "2010-04-01",
    } | more
    return urlencode({name: value for name, value in fields.items() if value or name == "Body"}).encode()


def got(event: Any, handle: str = PERSON, source: str = "", payload: str = "") -> Incoming:
    return Incoming(handle=handle, event=event, key=event.id, source=source, provider_id=SID, payload=payload)


def said(text: str, **more: Any) -> Incoming:
    return got(Text(id=SID, at=NOW, text=text), **more)


def medium(index: int, kind: Any, **more: Any) -> Media:
    return Media(id=f"{SID}:{index}", at=NOW, file=f"tw-{SID}-{index}", kind=kind, **more)


def one_medium(media_type: str, url: str = f"{TWILIO}{MEDIUM}", **more: str) -> bytes:
    return form(NumMedia="1", MediaContentType0=media_type, MediaUrl0=url, **more)


INCOMING = [
    Case("a text", body=form(Body="السلام عليكم"), gives=[said("السلام عليكم")]),
    Case("a plus and an ampersand stay themselves", body=form(Body="1+1=2 & more"), gives=[said("1+1=2 & more")]),
    Case("a stop word is an event", body=form(Body="STOP"), gives=[said("STOP")]),
    Case(
        "an answer to an old message is a text",
        body=form(Body="نعم", OriginalRepliedMessageSid="SM" + "9" * 32, OriginalRepliedMessageSender="whatsapp:+1"),
        gives=[said("نعم")],
    ),
    Case(
        "a pressed button",
        body=form(Body="أوافق", ButtonText="أوافق", ButtonPayload=payload_of(Option("agree", "أوافق"), 26)),
        gives=[got(Press(id=SID, at=NOW, option="agree", prompt=26))],
    ),
    Case(
        "a row chosen from a list",
        body=form(Body="زيارة", ListTitle="زيارة", ListId=payload_of(Option("visit", "زيارة"), 300)),
        gives=[got(Press(id=SID, at=NOW, option="visit", prompt=300))],
    ),
    Case(
        "a command on a button",
        body=form(Body="القائمة", ButtonPayload="0:/menu"),
        gives=[got(Press(id=SID, at=NOW, option="/menu", prompt=0))],
    ),
    Case("a button without a payload is its words", body=form(ButtonText="أوافق"), gives=[said("أوافق")]),
    Case(
        "a photo with a caption",
        body=one_medium("image/jpeg", Body="الصك"),
        gives=[got(medium(0, "photo", caption="الصك"), source=MEDIUM)],
    ),
    Case("a voice note", body=one_medium("audio/ogg; codecs=opus"), gives=[got(medium(0, "voice"), source=MEDIUM)]),
    Case("a song", body=one_medium("audio/mpeg"), gives=[got(medium(0, "audio"), source=MEDIUM)]),
    Case("a film", body=one_medium("video/mp4"), gives=[got(medium(0, "video"), source=MEDIUM)]),
    Case("a sticker", body=one_medium("image/webp"), gives=[got(medium(0, "sticker"), source=MEDIUM)]),
    Case("a document", body=one_medium("application/pdf"), gives=[got(medium(0, "document"), source=MEDIUM)]),
    Case(
        "a contact's card",
        body=one_medium("text/vcard"),
        gives=[got(medium(0, "other", name="contact.vcf"), source=MEDIUM)],
    ),
    Case(
        "two media are two events of one album, with the words beside the first",
        body=form(
            NumMedia="2",
            Body="الأوراق",
            MediaContentType0="image/jpeg",
            MediaUrl0=f"{TWILIO}{MEDIUM}",
            MediaContentType1="application/pdf",
            MediaUrl1=f"{TWILIO}{MEDIUM}4",
        ),
        gives=[
            got(medium(0, "photo", caption="الأوراق", album=SID), source=MEDIUM),
            got(medium(1, "document", album=SID), source=MEDIUM + "4"),
        ],
    ),
    Case(
        "a medium from another host has no source, so nothing is fetched",
        body=one_medium("image/jpeg", url=f"https://evil.example{MEDIUM}"),
        gives=[got(medium(0, "photo"))],
    ),
    Case(
        "a place",
        body=form(Latitude="26.4207", Longitude="50.0888", MessageType="location"),
        gives=[got(Location(id=SID, at=NOW, latitude=26.4207, longitude=50.0888))],
    ),
    Case("a place that is none", body=form(Latitude="nan", Longitude="50"), gives=[Unused("message_text")]),
    Case(
        "a person without a number",
        body=form(Body="مرحبا", From="whatsapp:US.1234", ExternalUserId="US.1234"),
        gives=[said("مرحبا", handle="US.1234", payload="US.1234")],
    ),
    Case(
        "a person whose address is in the user id alone",
        body=form(Body="مرحبا", From="whatsapp:", ExternalUserId="SA.77"),
        gives=[said("مرحبا", handle="SA.77", payload="SA.77")],
    ),
    Case(
        "a person with a number and a user id is known by the number",
        body=form(Body="مرحبا", ExternalUserId="SA.77"),
        gives=[said("مرحبا", payload="SA.77")],
    ),
    Case("an empty message", body=form(MessageType="reaction"), gives=[Unused("message_reaction")]),
    Case("a text message by SMS", body=form(Body="x", From=PERSON), gives=[Unused("not_whatsapp")]),
    Case("a message to another sender", body=form(Body="x", To="whatsapp:+1999"), gives=[Unused("another_sender")]),
    Case("no MessageSid", body=form(Body="x", MessageSid="", SmsMessageSid=""), raises=Unparseable),
    Case("no sender", body=form(Body="x", From=""), raises=Unparseable),
    Case("a sender of line breaks", body=form(Body="x", From="whatsapp:+1\n2"), raises=Unparseable),
    Case("a count that is none", body=form(NumMedia="٢"), raises=Unparseable),
    Case("nothing at all", body=b"", raises=Unparseable),
    Case("JSON", body=b'{"MessageSid":"SM1"}', raises=Unparseable),
    Case("bytes that are no text", body=b"MessageSid=\xff\xfe", raises=Unparseable),
]


@table(INCOMING)
def test_incoming(case: Case) -> None:
    play_incoming(case, CHANNEL)


def test_more_than_ten_media_are_ten() -> None:
    parsed = CHANNEL.parse(form(NumMedia="999"))
    assert len(parsed) == 10


@given(st.binary(max_size=300))
def test_any_bytes_are_a_result_or_unparseable(body: bytes) -> None:
    for read in (CHANNEL.parse, lambda body: [CHANNEL.parse_status(body, "?row=1")]):
        try:
            assert read(body)
        except Unparseable:
            continue


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "MessageSid",
                "From",
                "To",
                "Body",
                "NumMedia",
                "MediaUrl0",
                "MediaContentType0",
                "Latitude",
                "Longitude",
                "ButtonPayload",
                "ListId",
                "ExternalUserId",
                "MessageStatus",
                "ErrorCode",
            ]
        ),
        st.text(max_size=40) | st.sampled_from([SID, f"whatsapp:{PERSON}", "3", "1e400", "read", "https://[x", "::"]),
    )
)
def test_any_parameters_are_a_result_or_unparseable(fields: dict[str, str]) -> None:
    try:
        body = urlencode(fields).encode()
    except UnicodeEncodeError:
        return
    try:
        parsed = CHANNEL.parse(body)
    except Unparseable:
        return
    assert parsed
    assert all(isinstance(one, Incoming | StatusReport | Unused) for one in parsed)


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))))
def test_a_form_is_read_as_the_standard_library_reads_it(pairs: list[tuple[str, str]]) -> None:
    body = urlencode(pairs).encode()
    assert list(read_form(body).items()) == parse_qsl(body.decode(), keep_blank_values=True)


# --- the signature ------------------------------------------------------------------------------------------------

SIGNER = RequestValidator(TOKEN)


def signed(url: str, body: bytes, token: str = TOKEN) -> dict[str, str]:
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return {"x-twilio-signature": RequestValidator(token).compute_signature(url, fields)}


def test_the_librarys_own_vector_is_accepted() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    channel = make_channel(TWILIO)
    channel._public_url = "https://mycompany.com"
    headers = {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    body = urlencode(fields).encode()
    assert channel.verify(headers, "/myapp.php?foo=1&bar=2", body)
    assert not channel.verify(headers, "/myapp.php?foo=1&bar=3", body)


@pytest.mark.parametrize(
    "url",
    ["/twilio/harif/message", "http://127.0.0.1:8080/twilio/harif/message", f"{MESSAGE_URL}"],
    ids=["a path", "behind a proxy", "the public address"],
)
def test_the_signature_covers_the_public_address_whatever_a_proxy_makes_of_it(url: str) -> None:
    body = form(Body="السلام عليكم", Blank="")
    assert CHANNEL.verify(signed(MESSAGE_URL, body), url, body)


def test_a_status_callbacks_row_is_part_of_what_is_signed() -> None:
    body = urlencode({"MessageSid": SID, "MessageStatus": "read"}).encode()
    headers = signed(webhook_url(PUBLIC, "harif", "status") + "?row=41", body)
    assert CHANNEL.verify(headers, "/twilio/harif/status?row=41", body)
    assert not CHANNEL.verify(headers, "/twilio/harif/status?row=42", body)


def test_blank_and_repeated_parameters_are_signed_too() -> None:
    body = b"MessageSid=SM1&Blank=&Twice=b&Twice=a"
    signature = SIGNER.compute_signature(MESSAGE_URL + "BlankMessageSidSM1TwiceaTwiceb", {})
    assert CHANNEL.verify({"x-twilio-signature": signature}, "/twilio/harif/message", body)


def test_an_address_signed_with_its_port_is_accepted() -> None:
    body = form(Body="x")
    assert CHANNEL.verify(
        signed(MESSAGE_URL.replace("wasl.example", "wasl.example:443"), body), "/twilio/harif/message", body
    )


def test_what_is_not_signed_so_is_refused() -> None:
    body = form(Body="x")
    path = "/twilio/harif/message"
    right = signed(MESSAGE_URL, body)
    assert not CHANNEL.verify(right, path, form(Body="y"))
    assert not CHANNEL.verify(right, "/twilio/mastoura/message", body)
    assert not CHANNEL.verify(signed(MESSAGE_URL, body, token="54321"), path, body)
    for headers in ({}, {"x-twilio-signature": ""}, {"x-twilio-signature": "é" * 28}):
        assert not CHANNEL.verify(headers, path, body)
    assert not CHANNEL.verify(right, path, b"\xff")
    assert not CHANNEL.verify(right, "http://[", body)


# --- statuses -----------------------------------------------------------------------------------------------------


def status(said: str, url: str = "/twilio/harif/status?row=41", **more: str) -> StatusReport | Unused:
    return CHANNEL.parse_status(urlencode({"MessageSid": SID, "MessageStatus": said} | more).encode(), url)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("accepted", "accepted"),
        ("queued", "accepted"),
        ("sending", "accepted"),
        ("sent", "accepted"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("failed", "failed"),
        ("undelivered", "failed"),
        ("canceled", "failed"),
    ],
)
def test_a_status_says_what_became_of_a_row(said: str, meant: Any) -> None:
    assert status(said) == StatusReport(key=f"{SID}:{said}", status=meant, row=41, provider_id=SID)


def test_a_failure_carries_its_code() -> None:
    report = status("undelivered", ErrorCode="63016", ChannelStatusMessage="words that are not kept")
    assert isinstance(report, StatusReport)
    assert (report.status, report.code) == ("failed", "63016")
    assert "words" not in repr(report)


@pytest.mark.parametrize(
    ("url", "row"),
    [
        ("https://wasl.example/twilio/harif/status?row=7&x=1", 7),
        ("?row=7#rc=3&rp=all", 7),
        ("/status", None),
        ("/status?row=", None),
        ("/status?row=seven", None),
        ("/status?row=٧", None),
        ("/status?row=" + "9" * 30, None),
    ],
)
def test_the_row_is_read_from_the_callbacks_address(url: str, row: int | None) -> None:
    report = status("sent", url)
    assert isinstance(report, StatusReport)
    assert report.row == row


def test_a_status_we_do_not_know_is_counted_and_not_used() -> None:
    assert status("partially_delivered") == Unused("status")


def test_a_status_posted_to_the_address_of_messages_is_understood() -> None:
    body = urlencode({"MessageSid": SID, "MessageStatus": "delivered", "From": f"whatsapp:{SENDER}"}).encode()
    assert CHANNEL.parse(body) == [StatusReport(key=f"{SID}:delivered", status="delivered", provider_id=SID)]


# --- where media may come from ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "api", "mine"),
    [
        (f"https://api.twilio.com{MEDIUM}", TWILIO, True),
        (f"https://api.dublin.ie1.twilio.com{MEDIUM}", TWILIO, True),
        (f"http://api.twilio.com{MEDIUM}", TWILIO, False),
        (f"https://api.twilio.com.evil.example{MEDIUM}", TWILIO, False),
        (f"https://eviltwilio.com{MEDIUM}", TWILIO, False),
        (f"https://api.twilio.com@evil.example{MEDIUM}", TWILIO, False),
        (f"https://user:word@api.twilio.com{MEDIUM}", TWILIO, False),
        (f"https://api.twilio.com:8443{MEDIUM}", TWILIO, False),
        (f"https://api.twilio.com{MEDIUM}/../../../Keys", TWILIO, False),
        ("https://api.twilio.com/2010-04-01/Accounts", TWILIO, False),
        (f"http://127.0.0.1:9{MEDIUM}", TWILIO, False),
        (f"http://127.0.0.1:9{MEDIUM}", "http://127.0.0.1:9", True),
        (f"http://127.0.0.1:10{MEDIUM}", "http://127.0.0.1:9", False),
        (f"https://api.twilio.com{MEDIUM}", "http://127.0.0.1:9", False),
        ("https://[", TWILIO, False),
        ("", TWILIO, False),
    ],
)
def test_media_come_from_twilio_or_the_stand_in_alone(url: str, api: str, mine: bool) -> None:
    assert media_path(url, api) == (MEDIUM if mine else "")
