"""SMS by Twilio: what comes in, what goes out (each call held against Twilio's specification), and what it costs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot import metrics
from bot.channels.contract import (
    AddressGone,
    Content,
    ContentRefused,
    Incoming,
    StatusReport,
    StopChannel,
    TryAgain,
    Uncertain,
    Unparseable,
    Unused,
    UseAnotherChannel,
    fit,
)
from bot.channels.http import Http
from bot.channels.sms import MOST_SEGMENTS, ONE_WAY, TWO_WAY, Sms
from bot.channels.sms_segments import plain, segments
from bot.channels.twilio_channel import TWILIO, webhook_url
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command
from conversations.events import Media, Text
from conversations.says import Attachment, Link, Say
from conversations.wording import LANGUAGES, house_wording

from .harness import (
    NOBODY,
    Call,
    Case,
    Reply,
    choices,
    play_incoming,
    play_outgoing,
    request,
    stand_in,
    table,
    text,
)
from .specs import twilio_problems
from .test_whatsapp_outgoing import ERRORS, failure
from .whatsapp_bench import ACCOUNT, MEDIUM, NOW, PERSON, PUBLIC, SENDER, SID, TOKEN

NAME = "Harif"
TAKEN = Reply(201, json={"sid": SID, "status": "queued", "error_code": None, "num_segments": "1", "price": None})
WORDING = {language: house_wording(language) for language in LANGUAGES}


def make(url: str, http: Http | None = None, sender: str = SENDER) -> Sms:
    return Sms(
        "harif", ACCOUNT, TOKEN, sender, PUBLIC, http or Http(), WORDING,
        lambda row: f"{PUBLIC}/harif/stop/t{row}", url, lambda: NOW,
    )  # fmt: skip


def problems(call: Call) -> list[str]:
    """What is wrong with a call, by the specification and by what a text message can be."""
    found = twilio_problems(call)
    if set(call.fields) != {"To", "From", "Body", "StatusCallback"}:
        found.append(f"fields: {sorted(call.fields)}")
    if len(call.fields["Body"]) > 1600 or not call.fields["Body"].strip():
        found.append("Body: nothing, or too long")
    if not call.fields["To"].startswith("+"):
        found.append("To: no number")
    return found


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http(connect=2, answer=0.3)
    yield http
    await http.close()


# --- segments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "many"),
    [
        ("", 0),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà" * 3, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" * 5, 2),  # an escape and its letter never part: the 153rd place stays empty
        ("a" * 158 + "[", 1),
        ("a" * 159 + "[", 2),
        ("ç", 1),  # a small c with a cedilla is not in the alphabet
        ("ç" * 71, 2),
        ("م", 1),
        ("م" * 70, 1),
        ("م" * 71, 2),
        ("م" * 134, 2),
        ("م" * 135, 3),
        ("a" * 70 + "م", 2),  # one letter of Arabic, and all of it is UCS-2
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("م" * 66 + "😀" * 34, 3),  # a pair never parts either
        ("السلام عليكم ورحمة الله.\n" * 2, 1),
    ],
)
def test_segments_are_counted_as_networks_count_them(said: str, many: int) -> None:
    assert segments(said) == many


@given(st.text(st.sampled_from("aé€[م😀“ \n"), max_size=400), st.text(st.sampled_from("aم😀"), max_size=20))
def test_more_text_is_never_fewer_segments(said: str, more: str) -> None:
    assert segments(said) <= segments(said + more) <= segments(said) * 3 + 21


def test_typography_does_not_double_the_price_of_english_and_arabic_keeps_it() -> None:
    said = "Write “my data” – we’ll answer… " * 4
    assert plain(said) == 'Write "my data" - we\'ll answer... ' * 4
    assert segments(plain(said)) == 1 < segments(said)
    assert plain("اكتبوا «بياناتي» – “الآن”") == "اكتبوا «بياناتي» – “الآن”"


# --- what fits ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(max_codepoint=0xFFFF, codec="utf-8"), max_size=1200))
def test_no_piece_is_longer_than_a_simple_phone_puts_together(said: str) -> None:
    for room, most in ((TWO_WAY, MOST_SEGMENTS), (ONE_WAY, MOST_SEGMENTS - 2)):
        for piece in fit(Say(text=said, link=Link("الصفحة", f"{PUBLIC}/form/t")), room):
            assert segments(piece.text) <= most


def test_choices_are_numbered_where_people_can_answer_and_left_away_where_they_cannot() -> None:
    (asked,) = fit(choices(2, about="شرح"), TWO_WAY)
    assert (asked.text, asked.options) == ("أيّها تختارون؟\n\n1. خيار 1: شرح\n2. خيار 2: شرح", ())
    (told,) = fit(choices(2), ONE_WAY)
    assert (told.text, told.options) == ("أيّها تختارون؟", ())


# --- out ----------------------------------------------------------------------------------------------------------

PDF = Content("إيصال.pdf", "application/pdf", b"%PDF", url="https://wasl.example/media/abc")
FILE = Attachment("receipt:HRF-7K2M-C", "إيصال.pdf")
CALLBACK = f"{PUBLIC}/twilio/harif/sms_status?row=7#rc=3&rp=all"
OUTGOING = [
    Case(
        "a text",
        say=text("وصل طلبكم a&b=c+d%20"),
        sent=SID,
        expects=[
            request("Messages.json", To=PERSON, From=SENDER, Body="وصل طلبكم a&b=c+d%20", StatusCallback=CALLBACK)
        ],
    ),
    Case(
        "a link that nobody has fitted in yet",
        say=text("الصفحة جاهزة", link=Link("افتحوا", f"{PUBLIC}/form/t")),
        expects=[request("Messages.json", Body=f"الصفحة جاهزة\n\nافتحوا: {PUBLIC}/form/t")],
    ),
    Case(
        "a file goes as a link",
        say=text("هذا إيصالكم", file=FILE),
        attachment=PDF,
        expects=[request("Messages.json", Body=lambda body: body.startswith("هذا إيصالكم\n\n") and PDF.url in body)],
    ),
    Case(
        "a file alone",
        say=Say(text="", file=FILE),
        attachment=PDF,
        expects=[request("Messages.json", Body=lambda body: body.startswith("إيصال.pdf"))],
    ),
    Case(
        "a file without an address",
        say=Say(text="", file=FILE),
        raises=ContentRefused("file_without_address"),
    ),
    Case("an address that is no number", say=text("م"), handle="US.1234", raises=ContentRefused("no_such_number")),
    Case("nobody listens", say=text("م"), provider=NOBODY, raises=TryAgain("not_connected")),
    Case("no answer comes", say=text("م"), provider=Reply(then="hang"), raises=Uncertain("no_answer")),
    Case("the line drops", say=text("م"), provider=Reply(then="drop"), raises=Uncertain("no_answer")),
    Case("an answer that says nothing", say=text("م"), provider=Reply(200, body=b"ok"), raises=Uncertain("no_sid")),
    Case(
        "too many at once",
        say=text("م"),
        provider=failure(429, 20429, **{"Retry-After": "7"}),
        raises=TryAgain("20429", after=7.0, whole_account=True),
    ),
    Case("a person who wrote STOP", say=text("م"), provider=failure(400, 21610), raises=AddressGone("21610")),
    Case("a landline", say=text("م"), provider=failure(400, 30006), raises=AddressGone("30006")),
    Case("a phone that is off", say=text("م"), provider=failure(400, 30003), raises=UseAnotherChannel("30003")),
    Case("credentials are wrong", say=text("م"), provider=failure(401, 20003), raises=StopChannel("20003")),
]


@table(OUTGOING)
async def test_outgoing(case: Case, http: Http) -> None:
    async def channel(url: str) -> Sms:
        return make(url, http)

    await play_outgoing(case, channel, default=TAKEN, handle=PERSON, check=problems)


@pytest.mark.parametrize("wanted", ERRORS, ids=lambda error: error.code)
async def test_every_code_means_what_the_table_says(wanted: Any, http: Http) -> None:
    later = make(TWILIO).refusal(wanted.code)
    assert (type(later), vars(later)) == (type(wanted), vars(wanted))
    async with stand_in(failure(400, int(wanted.code))) as provider:
        with pytest.raises(type(wanted)) as raised:
            await make(provider.url, http).send(PERSON, text("م"), 7)
    assert vars(raised.value) == vars(wanted) and PERSON not in repr(raised.value)


@pytest.mark.parametrize(("said", "way"), [("طلبكم مقبول", "للإيقاف: "), ("Approved", "To stop: ")])
async def test_a_sender_that_nobody_can_answer_names_the_page_that_stops_it(said: str, way: str, http: Http) -> None:
    async with stand_in(TAKEN, problems) as provider:
        await make(provider.url, http, NAME).send(PERSON, text(said), 41)
        (call,) = provider.calls
    assert provider.problems == []
    assert (call.fields["From"], call.fields["Body"]) == (NAME, f"{said}\n\n{way}{PUBLIC}/harif/stop/t41")


async def test_what_is_paid_for_is_counted(http: Http) -> None:
    count = metrics.sms_segments.labels("harif")._value
    before = count.get()
    async with stand_in(TAKEN) as provider:
        await make(provider.url, http).send(PERSON, text("م" * 135), 7)
    assert count.get() == before + 3
    async with stand_in(failure(400, 21610)) as provider:
        with pytest.raises(AddressGone):
            await make(provider.url, http).send(PERSON, text("م"), 7)
    assert count.get() == before + 3


@pytest.mark.parametrize("sender", [SENDER, NAME])
async def test_a_send_that_was_never_answered_is_found_in_twilios_list(sender: str, http: Http) -> None:
    say = text("طلبكم مقبول")
    below = "" if sender == SENDER else f"\n\nللإيقاف: {PUBLIC}/harif/stop/t41"

    def listed(sid: str, body: str) -> dict[str, Any]:
        return {"sid": sid, "body": body, "status": "delivered", "date_created": "Sun, 22 Nov 2026 07:00:05 +0000"}

    there = {
        "messages": [listed("SM" + "8" * 32, "شيء آخر"), listed(SID, f"طلبكم مقبول{below}")],
        "page_size": 50, "uri": "/x", "first_page_uri": "/x", "next_page_uri": None,
    }  # fmt: skip
    async with stand_in(Reply(json=there)) as provider:
        found = await make(provider.url, http, sender).ask_about(PERSON, say, NOW - timedelta(minutes=1))
        assert found == StatusReport(key=f"{SID}:delivered", status="delivered", provider_id=SID)
        other = await make(provider.url, http, sender).ask_about(PERSON, text("ثالث"), NOW - timedelta(minutes=1))
        assert other is None


# --- in -----------------------------------------------------------------------------------------------------------


def form(**more: str) -> bytes:
    fields = {
        "ToCountry": "SA",
        "SmsMessageSid": SID,
        "NumMedia": "0",
        "SmsStatus": "received",
        "Body": "",
        "To": SENDER,
        "NumSegments": "1",
        "MessageSid": SID,
        "AccountSid": ACCOUNT,
        "From": PERSON,
        "ApiVersion": "2010-04-01",
    } | more
    return urlencode({name: value for name, value in fields.items() if value or name == "Body"}).encode()


def got(event: Any, source: str = "") -> Incoming:
    return Incoming(handle=PERSON, event=event, key=event.id, source=source, provider_id=SID)


def said(words: str) -> Incoming:
    return got(Text(id=SID, at=NOW, text=words))


INCOMING = [
    Case("a text", body=form(Body="السلام عليكم"), gives=[said("السلام عليكم")]),
    Case("a number for a choice", body=form(Body="2"), gives=[said("2")]),
    Case("a stop word is an event", body=form(Body="STOP", OptOutType="STOP"), gives=[said("STOP")]),
    Case("our own stop word stays as it was", body=form(Body="إيقاف", OptOutType="STOP"), gives=[said("إيقاف")]),
    Case("a stop word of the account's own", body=form(Body="خلاص", OptOutType="STOP"), gives=[said("STOP")]),
    Case("and the way back", body=form(Body="رجّعوني", OptOutType="START"), gives=[said("START")]),
    Case("asking Twilio for help is a text", body=form(Body="HELP", OptOutType="HELP"), gives=[said("HELP")]),
    Case(
        "a picture",
        body=form(NumMedia="1", MediaContentType0="image/jpeg", MediaUrl0=f"{TWILIO}{MEDIUM}", Body="الصك"),
        gives=[got(Media(id=f"{SID}:0", at=NOW, file=f"tw-{SID}-0", kind="photo", caption="الصك"), source=MEDIUM)],
    ),
    Case("a message by WhatsApp", body=form(Body="x", From=f"whatsapp:{PERSON}"), gives=[Unused("not_a_number")]),
    Case("a name that cannot be answered", body=form(Body="x", From="STC"), gives=[Unused("not_a_number")]),
    Case("a short code", body=form(Body="x", From="700100"), gives=[Unused("not_a_number")]),
    Case("a message to another sender", body=form(Body="x", To="+1999"), gives=[Unused("another_sender")]),
    Case("an empty message", body=form(), gives=[Unused("message_empty")]),
    Case("no sender", body=form(Body="x", From=""), raises=Unparseable),
    Case("no MessageSid", body=form(Body="x", MessageSid="", SmsMessageSid=""), raises=Unparseable),
    Case("nothing at all", body=b"", raises=Unparseable),
]
CHANNEL = make(TWILIO)


@table(INCOMING)
def test_incoming(case: Case) -> None:
    play_incoming(case, CHANNEL)


@pytest.mark.parametrize("word", ["STOP", "START"])
def test_what_twilio_calls_stop_and_start_the_engine_does_too(word: str) -> None:
    assert command(fold(word)) == word.lower()


def test_the_signature_covers_the_address_of_text_messages() -> None:
    body = form(Body="السلام عليكم")
    url = webhook_url(PUBLIC, "harif", "sms")
    from urllib.parse import parse_qsl

    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    headers = {"x-twilio-signature": RequestValidator(TOKEN).compute_signature(url, fields)}
    assert CHANNEL.verify(headers, "/twilio/harif/sms", body)
    assert not CHANNEL.verify(headers, "/twilio/harif/message", body)


@pytest.mark.parametrize(
    ("word", "meant", "code"),
    [
        ("queued", "accepted", ""),
        ("sent", "accepted", ""),
        ("delivered", "delivered", ""),
        ("undelivered", "failed", "30005"),
        ("failed", "failed", "30007"),
    ],
)
def test_a_status_says_what_became_of_a_row(word: str, meant: Any, code: str) -> None:
    body = urlencode({"MessageSid": SID, "SmsSid": SID, "MessageStatus": word, "ErrorCode": code}).encode()
    wanted = StatusReport(key=f"{SID}:{word}", status=meant, row=41, provider_id=SID, code=code)
    assert CHANNEL.parse_status(body, "/twilio/harif/sms_status?row=41") == wanted


def test_no_secret_is_asked_for_and_no_number_is_believed() -> None:
    assert not (Sms.traits.asks_sensitive or Sms.traits.proves_phone or Sms.traits.window_hours)
