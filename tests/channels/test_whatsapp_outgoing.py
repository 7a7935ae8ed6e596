"""What we post to Twilio, each call held against Twilio's specification; what its answers mean; and contents."""

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.channels.contract import (
    AddressGone,
    Content,
    ContentRefused,
    SendError,
    StopChannel,
    TryAgain,
    Uncertain,
    UseAnotherChannel,
    UseTemplate,
    fit,
    read_payload,
)
from bot.channels.http import Http
from bot.channels.twilio_content import encode_values, shape_of
from bot.channels.twilio_errors import TEMPLATE_CODES, error_for
from bot.channels.whatsapp import WhatsApp
from conversations.says import Attachment, Link, Option, Say
from conversations.wording import LANGUAGES, house_wording

from .harness import (
    NOBODY,
    Case,
    Provider,
    Reply,
    StandIn,
    choices,
    play_outgoing,
    request,
    stand_in,
    table,
    text,
)
from .whatsapp_bench import (
    CONTENT,
    PERSON,
    SENDER,
    SID,
    Shelf,
    make_channel,
    problems,
    rendered,
)

TAKEN = Reply(201, json={"sid": SID, "status": "queued", "error_code": None})
MADE = Reply(201, json={"sid": CONTENT})
REFUSED = Reply(500, json={"code": 20500, "message": "no"})
BOTH: Provider = {"Messages.json": TAKEN, "/v1/Content": MADE}
BEFORE: Provider = {"Messages.json": TAKEN, "/v1/Content": REFUSED}


def failure(status: int, code: int | None, **headers: str) -> Reply:
    """As Twilio answers; its message may quote the address, which must not leave the channel."""
    body = {"code": code, "message": f"Invalid 'To' {PERSON}", "status": status} if code else None
    return Reply(status, json=body, headers=headers)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http(connect=2, answer=0.3)
    yield http
    await http.close()


FACETS = {
    "values": lambda call: list(json.loads(call.fields["ContentVariables"]).values()),
    "kind": lambda call: next(iter(call.fields["types"])),
    "callback": lambda call: call.fields.get("StatusCallback"),
}
PDF = Content("إيصال.pdf", "application/pdf", b"%PDF", url="https://wasl.example/file/abc")
FILE = Attachment("receipt:HRF-7K2M-C", "إيصال.pdf")

OUTGOING = [
    Case(
        "a text",
        say=text("السلام عليكم\nحيّاكم الله"),
        sent=SID,
        expects=[
            request(
                "Messages.json",
                To=f"whatsapp:{PERSON}",
                From=f"whatsapp:{SENDER}",
                Body="السلام عليكم\nحيّاكم الله",
                callback="https://wasl.example/twilio/harif/status?row=7#rc=3&rp=all",
            )
        ],
    ),
    Case(
        "signs that mean something in a form",
        say=text("a&b=c+d%20;é\"'\\?"),
        expects=[request("Messages.json", Body="a&b=c+d%20;é\"'\\?")],
    ),
    Case(
        "a person without a number",
        say=text("مرحبا"),
        handle="US.1234",
        expects=[request("Messages.json", To="whatsapp:US.1234")],
    ),
    Case(
        "a link stands at the end of the text",
        say=text("الصفحة جاهزة", link=Link("افتحوا الصفحة", "https://wasl.example/form/t")),
        expects=[request("Messages.json", Body="الصفحة جاهزة\n\nافتحوا الصفحة: https://wasl.example/form/t")],
    ),
    Case(
        "a file goes by its address, without words beside it",
        say=Say(text="", file=FILE),
        attachment=PDF,
        expects=[request("Messages.json", MediaUrl=PDF.url, Body=None)],
    ),
    Case(
        "an approved template goes as that, with its variables",
        say=Say(text="لكم ردّ", template="reply_waiting", values={"1": "حارف"}),
        sent=SID,
        expects=[
            request("Messages.json", ContentSid="HX" + "4" * 32, ContentVariables='{"1":"حارف"}', Body=None),
        ],
    ),
    Case(
        "a template that nobody approved",
        say=Say(text="x", template="news", values={"1": "حارف", "2": "HRF-1"}),
        raises=ContentRefused("no_template"),
    ),
    *(
        Case(
            f"a template's place that {what} is refused before it is sent",
            say=Say(text="لكم ردّ", template="reply_waiting", values=values),
            raises=ContentRefused("template_variable"),
        )
        for what, values in {
            "is empty": {"1": ""},
            "is blank": {"1": " \u00a0"},
            "has two lines": {"1": "حارف\nالخيرية"},
            "has a tab": {"1": "حارف\tالخيرية"},
            "has a line of another kind": {"1": "حارف\u2028الخيرية"},
            "has a wide gap": {"1": "حارف     الخيرية"},
            "holds a place itself": {"1": "{{1}}"},
            "is missing": {},
            "nobody asked for": {"1": "حارف", "2": "x"},
        }.items()
    ),
    Case("a file without an address", say=Say(text="", file=FILE), raises=ContentRefused("file_without_address")),
    Case(
        "a picture too big for WhatsApp",
        say=Say(text="", file=FILE),
        attachment=Content("p.jpg", "image/jpeg", bytes(5 * 2**20 + 1), url="https://wasl.example/file/p"),
        raises=ContentRefused("file_too_big"),
    ),
    Case(
        "three choices are buttons, and ways out are left away",
        say=choices(3, controls=(Option("/back", "رجوع"),)),
        sent=SID,
        expects=[
            request("Content", kind="twilio/quick-reply", language="ar"),
            request(
                "Messages.json",
                ContentSid=CONTENT,
                Body=None,
                values=["أيّها تختارون؟", "خيار 1", "3:o1", "خيار 2", "3:o2", "خيار 3", "3:o3"],
                callback="https://wasl.example/twilio/harif/status?row=7#rc=3&rp=all",
            ),
        ],
    ),
    Case(
        "four choices are a list",
        say=choices(4),
        expects=[
            request("Content", kind="twilio/list-picker"),
            request("Messages.json", values=lambda values: "اختاروا من هنا" in values and "3:o4" in values),
        ],
    ),
    Case(
        "two choices with something said about them are a list, since buttons would not show it",
        say=choices(2, about="لمن عمره أقل من ١٨"),
        expects=[
            request("Content", kind="twilio/list-picker"),
            request("Messages.json", values=lambda values: values.count("لمن عمره أقل من ١٨") == 2),
        ],
    ),
    Case(
        "English choices have an English button",
        say=Say(text="Which one?", options=tuple(Option(f"o{n}", f"Choice {n}") for n in range(4)), prompt=1),
        expects=[
            request("Content", language="en"),
            request("Messages.json", values=lambda values: "Choose here" in values),
        ],
    ),
    Case(
        "choices where Twilio makes no content are numbered lines",
        say=choices(2, about="شرح"),
        provider=BEFORE,
        sent=SID,
        expects=[
            request("Content"),
            request("Messages.json", Body="أيّها تختارون؟\n\n1. خيار 1: شرح\n2. خيار 2: شرح", ContentSid=None),
        ],
    ),
    Case(
        "choices of the same name are numbered lines",
        say=Say(text="أيّ الطلبين؟", options=(Option("a", "طلب"), Option("b", "طلب"))),
        expects=[request("Messages.json", Body="أيّ الطلبين؟\n\n1. طلب\n2. طلب")],
    ),
    Case(
        "words that look like a variable are numbered lines",
        say=Say(text="كتبتم: {{1}}", options=(Option("yes", "نعم"),)),
        expects=[request("Messages.json", Body="كتبتم: {{1}}\n\n1. نعم")],
    ),
    Case(
        "a content that Twilio lost gives way to numbered lines at once",
        say=choices(2),
        provider={"/v1/Content": MADE, "Messages.json": (failure(400, 21655), TAKEN)},
        sent=SID,
        expects=[
            request("Content"),
            request("Messages.json", ContentSid=CONTENT),
            request("Messages.json", Body="أيّها تختارون؟\n\n1. خيار 1\n2. خيار 2", ContentSid=None),
        ],
    ),
    Case(
        "choices to somebody who blocked us are not tried twice",
        say=choices(2),
        provider={"/v1/Content": MADE, "Messages.json": failure(400, 21610)},
        raises=AddressGone("21610"),
        expects=[request("Content"), request("Messages.json")],
    ),
    Case(
        "choices that WhatsApp refuses are not tried twice",
        say=choices(2),
        provider={"/v1/Content": MADE, "Messages.json": failure(400, 63013)},
        raises=ContentRefused("63013"),
        expects=[request("Content"), request("Messages.json")],
    ),
    Case(
        "half a sign of a variable is enough for numbered lines",
        say=Say(text="كتبتم: {{1", options=(Option("yes", "نعم"),)),
        expects=[request("Messages.json", Body="كتبتم: {{1\n\n1. نعم")],
    ),
    Case(
        "a word too long for a value makes numbered lines",
        say=Say(text="س" * 256, options=(Option("yes", "نعم"),)),
        expects=[request("Messages.json", Body="س" * 256 + "\n\n1. نعم")],
    ),
    Case(
        "an apostrophe reaches the person",
        say=Say(text="Don't wait", options=(Option("yes", "I don't"),)),
        expects=[request("Content"), request("Messages.json", values=["Don't wait", "I don't", "0:yes"])],
    ),
    Case(
        "numbered lines leave away what is said about them rather than a choice",
        say=Say(text="س " * 500, options=tuple(Option(f"o{n}", f"خيار {n}", "ش" * 72) for n in range(10))),
        provider=BEFORE,
        expects=[request("Content"), request("Messages.json", Body=lambda body: body.endswith("\n10. خيار 9"))],
    ),
    Case("nobody listens", say=text("مرحبا"), provider=NOBODY, raises=TryAgain("not_connected")),
    Case(
        "the line drops after the request",
        say=text("مرحبا"),
        provider=Reply(then="drop"),
        raises=Uncertain("no_answer"),
    ),
    Case("no answer comes", say=text("مرحبا"), provider=Reply(then="hang"), raises=Uncertain("no_answer")),
    Case("an answer that says nothing", say=text("مرحبا"), provider=Reply(200, body=b"ok"), raises=Uncertain("no_sid")),
    Case("a list instead of an answer", say=text("مرحبا"), provider=Reply(201, json=[]), raises=Uncertain("no_sid")),
    Case(
        "too many at once, with a time",
        say=text("مرحبا"),
        provider=failure(429, 20429, **{"Retry-After": "7"}),
        raises=TryAgain("20429", after=7.0, whole_account=True),
    ),
    Case(
        "too many at once, without a word",
        say=text("مرحبا"),
        provider=Reply(429),
        raises=TryAgain("429", whole_account=True),
    ),
    Case(
        "a time that is none",
        say=text("مرحبا"),
        provider=failure(429, 20429, **{"Retry-After": "Sun, 22 Nov 2026"}),
        raises=TryAgain("20429", whole_account=True),
    ),
    Case("Twilio is away", say=text("مرحبا"), provider=Reply(503), raises=TryAgain("503")),
    Case("Twilio says that it failed", say=text("مرحبا"), provider=failure(500, 20500), raises=TryAgain("20500")),
    Case("a proxy gave up waiting", say=text("مرحبا"), provider=Reply(504, body=b"<html>"), raises=Uncertain("504")),
    Case("credentials are wrong", say=text("مرحبا"), provider=failure(401, 20003), raises=StopChannel("20003")),
    Case("refused without a code", say=text("مرحبا"), provider=Reply(400), raises=ContentRefused("400")),
    Case("a redirect is no answer", say=text("مرحبا"), provider=Reply(302), raises=ContentRefused("302")),
    Case(
        "taken and failed in one answer",
        say=text("مرحبا"),
        provider=Reply(201, json={"sid": SID, "status": "failed", "error_code": 63016}),
        raises=UseTemplate("63016"),
    ),
]


@table(OUTGOING)
async def test_outgoing(case: Case, http: Http) -> None:
    async def make(url: str) -> WhatsApp:
        return make_channel(url, http)

    await play_outgoing(case, make, default=BOTH, handle=PERSON, check=problems, facets=FACETS)


DAY = 24 * 3600.0
ERRORS: list[SendError] = [
    TryAgain("20429", whole_account=True),
    TryAgain("63017", whole_account=True),
    StopChannel("20003"),
    StopChannel("63007"),
    AddressGone("21211"),
    AddressGone("63003"),
    AddressGone("30006"),
    AddressGone("21610"),
    AddressGone("63014"),
    AddressGone("63033"),
    ContentRefused("21617"),
    ContentRefused("21658"),
    TryAgain("30001", whole_account=True),
    TryAgain("63010"),
    TryAgain("63012"),
    UseAnotherChannel("30003"),
    UseAnotherChannel("30005"),
    UseAnotherChannel("63024"),
    UseAnotherChannel("63032"),
    ContentRefused("30007"),
    ContentRefused("63005"),
    ContentRefused("63013"),
    ContentRefused("63021"),
    ContentRefused("63026"),
    UseTemplate("63016"),
    TryAgain("63018", after=60.0, whole_account=True),
    ContentRefused("63019"),
    ContentRefused("63034"),
    StopChannel("63027"),
    StopChannel("63028"),
    StopChannel("63041"),
    TryAgain("63049", after=DAY),
    ContentRefused("99999"),
]


@pytest.mark.parametrize("wanted", ERRORS, ids=lambda error: error.code)
async def test_every_code_means_the_same_at_once_and_later(wanted: SendError, http: Http) -> None:
    later = error_for(wanted.code)
    assert (type(later), vars(later)) == (type(wanted), vars(wanted))
    async with stand_in(failure(400, int(wanted.code))) as provider:
        with pytest.raises(type(wanted)) as raised:
            await make_channel(provider.url, http).send(PERSON, text("مرحبا"), 7)
    assert vars(raised.value) == vars(wanted)
    assert PERSON not in repr(raised.value)
    assert raised.value.__cause__ is None


def test_a_template_that_fails_stops_itself_and_not_the_account() -> None:
    stopping = {error.code for error in ERRORS if isinstance(error, StopChannel)}
    assert {"63027", "63028", "63041"} == TEMPLATE_CODES
    assert stopping - TEMPLATE_CODES == {"20003", "63007"}


def test_whatever_the_form_holds_arrives_as_it_was() -> None:
    @given(st.text(st.characters(codec="utf-8")))
    def check(words: str) -> None:
        sent = URL.build(query={"Body": words}).raw_query_string
        assert parse_qs(sent, keep_blank_values=True) == {"Body": [words]}

    check()


# --- what fits ----------------------------------------------------------------------------------------------------


async def test_a_long_text_and_its_choices_fit_in_what_twilio_takes(http: Http) -> None:
    say = choices(10, about="و" * 72, title="خدمة" * 4, link=Link("رابط", "https://wasl.example/x"))
    say = Say(text="كلمة " * 700, options=say.options, prompt=say.prompt, link=say.link)
    pieces = fit(say, WhatsApp.capabilities)
    assert len(pieces) > 2
    for provides in (BOTH, BEFORE):
        async with stand_in(provides, problems) as provider:
            for piece in pieces:
                await make_channel(provider.url, http).send(PERSON, piece, 7)
        assert provider.problems == []
        assert "https://wasl.example/x" in json.dumps([dict(call.fields) for call in provider.calls])


def test_the_words_on_a_lists_button_fit() -> None:
    for language in LANGUAGES:
        assert 0 < len(house_wording(language)("whatsapp.list_button")) <= 20


# --- contents -----------------------------------------------------------------------------------------------------

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=300), min_size=1, max_size=6)
TITLES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="{}"), min_size=1)


@given(
    lines=LINES,
    titles=st.lists(TITLES.map(lambda title: title[:24]), min_size=1, max_size=10, unique=True),
    about=st.booleans(),
    prompt=st.integers(0, 5000),
)
def test_a_content_with_its_values_says_what_was_to_be_said(
    lines: list[str], titles: list[str], about: bool, prompt: int
) -> None:
    said = "\n".join(lines)[:1024]
    options = tuple(Option(f"o{n}", title, "شرح" if about else "") for n, title in enumerate(titles))
    shaped = shape_of(said, options, prompt, lambda language: "اختاروا")
    if shaped is None:
        assert not said.strip() or len(said.split("\n")) > 60 or any(len(word) > 255 for word in said.split(" "))
        return
    shape, values = shaped
    assert all(0 < len(value) <= 255 and "\n" not in value for value in values.values())
    assert json.loads(encode_values(values)) == values
    got = rendered(shape.types, values)
    assert got["body"].split() == said.split()
    rows = got.get("actions") or got["items"]
    assert [row.get("title") or row["item"] for row in rows] == titles
    assert [read_payload(row["id"]) for row in rows] == [(option.id, prompt) for option in options]
    assert [row.get("description", "") for row in rows] == [option.about for option in options]


def test_lines_and_blank_lines_stay_where_they_were() -> None:
    said = "سطر أول\n\nسطر ثانٍ طويل " + "جدًا " * 60 + "\n- بند"
    shape, values = shape_of(said, (Option("a", "نعم"),), 1, str) or pytest.fail("no shape")
    assert rendered(shape.types, values)["body"] == re.sub(" +\n", "\n", said)


def test_a_content_holds_nothing_that_was_said() -> None:
    shape, _ = shape_of("طلب أم سعد رقم 7", (Option("a", "أم سعد"),), 1, str) or pytest.fail("no shape")
    assert not re.search("[\u0600-\u06ff]", json.dumps([shape.types, shape.samples, shape.name], ensure_ascii=False))


async def send_all(provider: StandIn, http: Http, shelf: Shelf, *says: Say) -> WhatsApp:
    channel = make_channel(provider.url, http, shelf)
    for say in says:
        await channel.send(PERSON, say, 7)
    return channel


async def test_one_content_serves_all_questions_of_its_shape_and_outlives_the_process(http: Http) -> None:
    shelf = Shelf()
    other = Say(text="هل توافقون؟", options=(Option("yes", "أوافق"), Option("no", "لا أوافق")), prompt=9)
    async with stand_in(BOTH, problems) as provider:
        await send_all(provider, http, shelf, choices(2), other)
        await send_all(provider, http, shelf, other)
        assert len(provider.called("/v1/Content")) == 1
        await send_all(provider, http, shelf, choices(3))
        assert len(provider.called("/v1/Content")) == 2
    assert provider.problems == []
    assert list(shelf.kept.values()) == [CONTENT, CONTENT]


async def test_a_content_needed_by_many_at_once_is_made_once(http: Http) -> None:
    import asyncio

    async with stand_in(BOTH) as provider:
        channel = make_channel(provider.url, http)
        await asyncio.gather(*(channel.send(PERSON, choices(2), row) for row in range(8)))
    assert len(provider.called("/v1/Content")) == 1
    assert len(provider.called("Messages.json")) == 8


async def test_a_content_that_cannot_be_made_is_not_asked_for_at_every_message(http: Http) -> None:
    async with stand_in(BEFORE) as provider:
        await send_all(provider, http, Shelf(), choices(2), choices(2), choices(2))
    assert len(provider.called("/v1/Content")) == 1
    assert len(provider.called("Messages.json")) == 3


async def test_a_lost_content_is_forgotten(http: Http) -> None:
    shelf = Shelf()
    provides: Provider = {"/v1/Content": MADE, "Messages.json": (failure(400, 21655), TAKEN)}
    async with stand_in(provides) as provider:
        await send_all(provider, http, shelf, choices(2), choices(2))
    assert set(shelf.kept.values()) == {""}
    assert [("ContentSid" in call.fields) for call in provider.called("Messages.json")] == [True, False, False]


# --- templates ----------------------------------------------------------------------------------------------------


async def test_an_approved_template_goes_in_the_language_of_its_person(http: Http) -> None:
    arabic, english = "HX" + "5" * 32, "HX" + "6" * 32
    values = {"1": "حارف", "2": "HRF-7K2MP-4TWX6"}
    async with stand_in(BOTH, problems) as provider:
        channel = make_channel(provider.url, http)
        assert not channel.has_template("news", "ar") and channel.has_template("reply_waiting", "en")
        channel.approved = {("news", "ar"): arabic, ("news", "en"): english}
        assert channel.has_template("news", "ar") and not channel.has_template("moved", "ar")
        await channel.send(PERSON, Say(text="لكم خبر", template="news", values=values), 7)
        await channel.send(PERSON, Say(text="There is news", template="news", values=values), 8)
    assert provider.problems == []
    assert [call.fields["ContentSid"] for call in provider.calls] == [arabic, english]
    assert json.loads(provider.calls[0].fields["ContentVariables"]) == values
