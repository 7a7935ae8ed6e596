"""What goes out to Telegram, held against its specification, and what each of its refusals means."""

from typing import Any

import pytest

from bot.channels.contract import (
    AddressGone,
    Channel,
    Content,
    ContentRefused,
    FetchError,
    StopChannel,
    TryAgain,
    Uncertain,
    fit,
)
from bot.channels.telegram import CAPABILITIES
from conversations.says import Attachment, Link, Option, Say

from .harness import NOBODY, Case, Reply, choices, play_outgoing, request, table, text
from .specs import telegram_problems
from .telegram_bench import CHAT, FACETS, TOKEN, bot_at, reply, telegram

YES_NO = (Option("yes", "نعم"), Option("no", "لا"))
WAYS_OUT = (Option("/back", "رجوع"), Option("/skip", "تخطٍّ"), Option("/person", "موظف"))
RECEIPT = Say(text="وصل طلبكم كاملًا.", file=Attachment("receipt:HRF-7K2M-C", "receipt.pdf"))
PDF = Content("إيصال.pdf", "application/pdf", b"%PDF-1.7")
PAGE = "https://wasl.example.org/form/abc"


def photo(size: int) -> Content:
    return Content("p.jpg", "image/jpeg", b"\xff" * size)


def markup(**wanted: Any) -> Any:
    return lambda given: given == wanted


OUTGOING = [
    Case(
        "plain words go as they are, without preview, and put old keyboards away",
        say=text("السلام عليكم <b>*و_رحمة"),
        sent="55",
        expects=[
            request(
                "sendMessage",
                chat_id=7001,
                text="السلام عليكم <b>*و_رحمة",
                link_preview_options={"is_disabled": True},
                markup=markup(remove_keyboard=True),
                parse_mode=None,
            )
        ],
    ),
    Case(
        "two short answers stand side by side and carry their question",
        say=text("متأكدون؟", options=YES_NO, prompt=31),
        expects=[
            request(
                "sendMessage",
                titles=[["نعم", "لا"]],
                buttons=[{"text": "نعم", "callback_data": "1f:yes"}, {"text": "لا", "callback_data": "1f:no"}],
            )
        ],
    ),
    Case("a list too long for a row", say=choices(14), expects=[request("sendMessage", rows=14)]),
    Case("long titles stand alone", say=choices(2, title="خيار عنوانه طويل"), expects=[request("sendMessage", rows=2)]),
    Case(
        "the ways out stand in one last row",
        say=choices(3, controls=WAYS_OUT),
        expects=[
            request("sendMessage", titles=[["خيار 1"], ["خيار 2"], ["خيار 3"], ["رجوع", "تخطٍّ", "موظف"]]),
        ],
    ),
    Case(
        "a way out works from any message",
        say=text("اكتبوا الاسم", controls=WAYS_OUT[:1], prompt=4),
        expects=[request("sendMessage", buttons=[{"text": "رجوع", "callback_data": "4:/back"}])],
    ),
    Case(
        "a private page opens inside Telegram",
        say=text("من صفحة آمنة", link=Link("الصفحة", PAGE, private=True), options=YES_NO),
        expects=[
            request(
                "sendMessage", rows=2, buttons=lambda given: given[0] == {"text": "الصفحة", "web_app": {"url": PAGE}}
            )
        ],
    ),
    Case(
        "a public page opens outside",
        say=text("الخصوصية", link=Link("اقرؤوا", "https://wasl.example.org/p")),
        expects=[request("sendMessage", buttons=[{"text": "اقرؤوا", "url": "https://wasl.example.org/p"}])],
    ),
    Case(
        "a private page without https opens outside",
        say=text("صفحة", link=Link("ص", "http://wasl.example.org/f", private=True)),
        expects=[request("sendMessage", buttons=[{"text": "ص", "url": "http://wasl.example.org/f"}])],
    ),
    Case(
        "a page on this machine is written out, as Telegram refuses it as a button",
        say=text("صفحة", link=Link("ص", "http://localhost:8000/f", private=True)),
        expects=[request("sendMessage", text="صفحة\n\nص: http://localhost:8000/f", rows=0)],
    ),
    Case(
        "asking for a number shows the button that shares it, in the language of the words",
        say=text("رقم جوالكم؟", wants="contact", options=(Option("same", "نفس الرقم"),), controls=WAYS_OUT[:1]),
        expects=[
            request(
                "sendMessage",
                buttons=[
                    {"text": "شاركونا رقم جوالكم", "request_contact": True},
                    {"text": "نفس الرقم"},
                    {"text": "رجوع"},
                ],
            )
        ],
    ),
    Case(
        "asking for a place, with a page to read",
        say=text("Where do you live?", wants="location", link=Link("Why", "https://wasl.example.org/w")),
        expects=[
            request(
                "sendMessage",
                text="Where do you live?\n\nWhy: https://wasl.example.org/w",
                buttons=[{"text": "Share your location", "request_location": True}],
            )
        ],
    ),
    Case(
        "a receipt goes as a document with its words beside it",
        say=RECEIPT,
        attachment=PDF,
        sent="55",
        expects=[
            request(
                "sendDocument",
                chat_id=CHAT,
                caption="وصل طلبكم كاملًا.",
                upload={"document": ("إيصال.pdf", "application/pdf", b"%PDF-1.7")},
                link_preview_options=None,
            )
        ],
    ),
    Case(
        "a file can carry buttons",
        say=Say(text="ها هو", file=RECEIPT.file, options=YES_NO, prompt=2),
        attachment=PDF,
        expects=[request("sendDocument", rows=1)],
    ),
    Case(
        "a file without words",
        say=Say(text="", file=RECEIPT.file),
        attachment=PDF,
        expects=[request("sendDocument", caption=None)],
    ),
    Case("a photo as a photo", say=RECEIPT, attachment=photo(9), expects=[request("sendPhoto")]),
    Case("a photo too heavy for one", say=RECEIPT, attachment=photo(10 * 2**20 + 1), expects=[request("sendDocument")]),
    Case(
        "a voice note as a voice note",
        say=RECEIPT,
        attachment=Content("v.ogg", "audio/ogg", b"OggS"),
        expects=[request("sendVoice")],
    ),
    Case("a file without bytes is not sent", say=RECEIPT, raises=ContentRefused("file_missing")),
    Case(
        "a person who blocked the bot",
        say=text("مرحبا"),
        provider=reply(403, "Forbidden: bot was blocked by the user"),
        raises=AddressGone("blocked"),
    ),
    Case(
        "an account that is gone",
        say=text("مرحبا"),
        provider=reply(403, "Forbidden: user is deactivated"),
        raises=AddressGone("deactivated"),
    ),
    Case(
        "a person who never opened the bot",
        say=text("مرحبا"),
        provider=reply(403, "Forbidden: bot can't initiate conversation with a user"),
        raises=AddressGone("never_opened"),
    ),
    Case(
        "no such chat",
        say=text("مرحبا"),
        provider=reply(400, "Bad Request: chat not found"),
        raises=AddressGone("chat_not_found"),
    ),
    Case(
        "too long after all",
        say=text("م"),
        provider=reply(400, "Bad Request: message is too long"),
        raises=ContentRefused("too_long"),
    ),
    Case(
        "a button it does not like",
        say=text("م"),
        provider=reply(400, "Bad Request: BUTTON_DATA_INVALID"),
        raises=ContentRefused("buttons"),
    ),
    Case(
        "anything else it does not like",
        say=text("م"),
        provider=reply(400, "Bad Request: can't parse something"),
        raises=ContentRefused("bad_request"),
    ),
    Case(
        "too many at once",
        say=text("مرحبا"),
        provider=reply(429, "Too Many Requests: retry after 7", retry_after=7),
        raises=TryAgain("too_fast", after=7, whole_account=True),
    ),
    Case(
        "too many at once, from something in between",
        say=text("مرحبا"),
        provider=Reply(429, body=b"<html>"),
        raises=TryAgain("too_fast", whole_account=True),
    ),
    Case("a wrong token", say=text("م"), provider=reply(401, "Unauthorized"), raises=StopChannel("bad_token")),
    Case("no token at all", say=text("م"), provider=reply(404, "Not Found"), raises=StopChannel("bad_token")),
    Case("a fault over there", say=text("م"), provider=Reply(502, body=b"<html>"), raises=TryAgain("provider_down")),
    Case("somebody gave up waiting on the way", say=text("م"), provider=Reply(504), raises=Uncertain("no_answer")),
    Case("a file it finds too big", say=text("م"), provider=Reply(413), raises=ContentRefused("file_too_big")),
    Case(
        "being sent elsewhere, where the token has no business",
        say=text("م"),
        provider=Reply(307, headers={"Location": "/elsewhere"}),
        raises=ContentRefused("unknown"),
        expects=[request("sendMessage")],
    ),
    Case("nobody there", say=text("م"), provider=NOBODY, raises=TryAgain("not_connected")),
    Case("the line dropped after writing", say=text("م"), provider=Reply(then="drop"), raises=Uncertain("no_answer")),
    Case("no answer in time", say=text("م"), provider=Reply(then="hang"), raises=Uncertain("no_answer")),
    Case("yes, but what?", say=text("م"), provider=Reply(body=b"<html>"), raises=Uncertain("no_answer")),
]


async def _make(url: str) -> Channel:
    return telegram(url, answer=0.3)


@table(OUTGOING)
async def test_a_say_becomes(case: Case) -> None:
    await play_outgoing(case, _make, default=reply(), handle=CHAT, check=telegram_problems, facets=FACETS)


async def test_a_file_beyond_what_telegram_takes_is_not_even_sent() -> None:
    async with bot_at(reply()) as (channel, there):
        with pytest.raises(ContentRefused, match="file_too_big"):
            await channel.send(CHAT, RECEIPT, 1, Content("v.mp4", "video/mp4", bytes(50 * 2**20 + 1)))
    assert there.calls == []


async def test_what_is_too_long_is_cut_and_every_piece_is_taken() -> None:
    say = Say(text="كلمة " * 3000, options=tuple(Option(f"o{n}", f"خيار {n}", "شرح" * 20) for n in range(60)), prompt=9)
    async with bot_at(reply()) as (channel, there):
        for piece in fit(say, CAPABILITIES):
            await channel.send(CHAT, piece, 1)
    assert len(there.calls) > 3
    assert [FACETS["rows"](call) for call in there.calls] == [0] * (len(there.calls) - 1) + [60]


async def test_a_secret_can_be_taken_out_of_the_chat() -> None:
    async with bot_at({"deleteMessage": (reply(result=True), reply(400, "Bad Request: message can't be deleted"))}) as (
        channel,
        there,
    ):
        assert await channel.delete_message(CHAT, "12")
        assert not await channel.delete_message(CHAT, "12")
    assert there.calls[0].fields == {"chat_id": CHAT, "message_id": 12}


@pytest.mark.parametrize("provider", [reply(400, "Bad Request: query is too old"), NOBODY, Reply(then="drop")])
async def test_answering_a_press_never_raises(provider: Reply) -> None:
    async with bot_at(provider) as (channel, _):
        assert await channel.answer_callback("cb1") is False


async def test_answering_a_press_stops_its_clock() -> None:
    async with bot_at(reply(result=True)) as (channel, there):
        assert await channel.answer_callback("cb1") is True
    assert there.calls[0].fields == {"callback_query_id": "cb1"}


def at_telegram(size: int = 4, data: bytes = b"%PDF") -> dict[str, Reply]:
    found = {"file_id": "AgAC", "file_unique_id": "u", "file_size": size, "file_path": "documents/file_1.pdf"}
    return {"getFile": reply(result=found), "file_1.pdf": Reply(body=data)}


async def test_a_file_is_fetched_by_its_id() -> None:
    async with bot_at(at_telegram()) as (channel, there):
        assert await channel.fetch("AgAC", 10) == b"%PDF"
    assert there.calls[0].fields == {"file_id": "AgAC"}
    assert there.calls[1].path == f"/file/bot{TOKEN}/documents/file_1.pdf"


REFUSED_FILES: list[tuple[str, Any, tuple[str, bool]]] = [
    ("it says that it is too big", at_telegram(size=11), ("too_big", False)),
    ("it is bigger than it says", at_telegram(data=b"x" * 11), ("too_big", False)),
    ("it is empty", at_telegram(data=b""), ("empty", False)),
    ("beyond what a bot may fetch", reply(400, "Bad Request: file is too big"), ("too_big", False)),
    (
        "nobody knows it",
        reply(400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
        ("gone", False),
    ),
    ("its link is dead", at_telegram() | {"file_1.pdf": Reply(404)}, ("gone", False)),
    ("a fault over there", reply(500, "Internal Server Error"), ("gone", True)),
    ("a fault while fetching", at_telegram() | {"file_1.pdf": Reply(then="drop")}, ("gone", True)),
    ("nobody there", NOBODY, ("gone", True)),
]


@pytest.mark.parametrize(
    ("provider", "expected"), [row[1:] for row in REFUSED_FILES], ids=[row[0] for row in REFUSED_FILES]
)
async def test_a_file_that_cannot_be_had(provider: Any, expected: tuple[str, bool]) -> None:
    async with bot_at(provider) as (channel, _):
        with pytest.raises(FetchError) as caught:
            await channel.fetch("AgAC", 10)
    assert (caught.value.reason, caught.value.retry) == expected


@pytest.mark.parametrize("provider", [NOBODY, Reply(then="drop"), Reply(then="hang"), reply(500)])
async def test_no_error_and_no_log_names_the_token(provider: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    errors: list[BaseException] = []
    async with bot_at(provider, answer=0.3) as (channel, _):
        for attempt in (channel.send(CHAT, text("سر"), 1), channel.fetch("AgAC", 9)):
            with pytest.raises((TryAgain, Uncertain, FetchError)) as caught:
                await attempt
            errors.append(caught.value)
    told = caplog.text
    for error in errors:
        seen: BaseException | None = error
        while seen is not None:
            told += repr(seen) + str(vars(seen))
            seen = seen.__cause__ or seen.__context__
    assert TOKEN not in told
    assert "سر" not in told


def test_the_library_is_not_loaded_until_it_is_needed() -> None:
    import subprocess
    import sys

    code = "import sys, bot.channels.telegram_polling as _; print({'telegram', 'httpx', 'aiohttp'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"set()\n"
