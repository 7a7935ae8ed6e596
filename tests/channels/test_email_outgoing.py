"""E-mail going out: how it looks, what its headers say, and what follows from each thing a relay may answer."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Mapping
from email.message import EmailMessage
from email.policy import SMTPUTF8
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.contract import (
    AddressGone,
    Content,
    ContentRefused,
    SendError,
    StopChannel,
    TryAgain,
    Uncertain,
    UseAnotherChannel,
    fit,
)
from bot.channels.email import CAPABILITIES, FILE, TRAITS, Email, Keys
from bot.channels.email_errors import _MEANING, code_of_status, error_for
from bot.channels.email_inbound import ADDRESS as ADDRESS_SHAPE
from bot.channels.email_look import letter
from bot.channels.email_text import of_html, written
from bot.mail import LETTERS, Relay
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command
from conversations.says import Attachment, Link, Option, Say
from conversations.wording import LANGUAGES, house_wording
from storage.vault import Vault, generate_key

from .smtp import DROP, HANG, Post, post_office

NOURA = "noura@mail.example"
ADDRESS = "help@harif.example"
NAMES = {"ar": ("جمعية حارف للأسر المنتجة", "جمعية حارف"), "en": ("Harif for Productive Families", "Harif")}
WORDING = {language: house_wording(language) for language in LANGUAGES}
VAULT = Vault([generate_key()], generate_key())
SECRET = "the-secret-of-the-pipe"
PDF = Content("إيصال.pdf", "application/pdf", b"%PDF-1.4\n.\n..\n%%EOF\n")
REFERENCE = "HRF-7K2MP-4TWXG"


def make(url: str, seconds: float = 5, authserv: str = "") -> Email:
    relay, keys = Relay(url, seconds=seconds), Keys(VAULT, "harif")
    return Email("harif", ADDRESS, NAMES, WORDING, relay, keys, stop_url, SECRET, authserv)


def stop_url(row: int) -> str:
    return f"https://wasl.example/harif/stop/token-{row}"


@contextlib.asynccontextmanager
async def sending(
    answers: Mapping[str, str | tuple[str, ...]] | None = None, offers: str = "8BITMIME", seconds: float = 5
) -> AsyncIterator[tuple[Email, Post]]:
    async with post_office(answers, offers) as post:
        channel = make(post.url, seconds)
        try:
            yield channel, post
        finally:
            await channel.close()


async def sent(say: Say, attachment: Content | None = None, row: int = 7) -> EmailMessage:
    async with sending() as (channel, post):
        await channel.send(NOURA, say, row, attachment)
        return post.taken[0].message


def plain_of(message: EmailMessage) -> str:
    found: Any = message.get_body(("plain",))
    return str(found.get_content())


def html_of(message: EmailMessage) -> str:
    found: Any = message.get_body(("html",))
    return str(found.get_content())


CHOICES = Say(
    text="السلام عليكم.\n\nكيف نخدمكم؟\n.سطر يبدأ بنقطة",
    options=(Option("apply", "تقديم طلب", "للأسر المنتجة"), Option("track", "متابعة طلب")),
    controls=(Option("/back", "رجوع"), Option("/person", "موظف")),
    link=Link("صفحة آمنة", "https://wasl.example/form/abc?a=1&b=2", True),
    prompt=4,
)


# --- how it looks ----------------------------------------------------------------------------------------------------


async def test_a_mail_says_the_same_in_words_and_in_html() -> None:
    message = await sent(CHOICES)
    plain, html = plain_of(message), html_of(message)
    for part in ("كيف نخدمكم؟", "تقديم طلب", "للأسر المنتجة", "متابعة طلب", "رجوع", "موظف", "صفحة آمنة", "إيقاف"):
        assert part in plain and part in html
    assert "1. تقديم طلب: للأسر المنتجة\n2. متابعة طلب" in plain
    assert "https://wasl.example/form/abc?a=1&b=2" in plain
    assert 'href="https://wasl.example/form/abc?a=1&amp;b=2"' in html
    assert "\n.سطر يبدأ بنقطة\n" in plain
    assert message.get_content_type() == "multipart/alternative"
    assert "4:apply" not in html and "apply" not in plain  # nothing of ours that a forwarded mail would give away


@pytest.mark.parametrize(("text", "language", "direction"), [("السلام عليكم", "ar", "rtl"), ("Hello", "en", "ltr")])
async def test_a_mail_has_the_language_and_direction_of_its_words(text: str, language: str, direction: str) -> None:
    message = await sent(Say(text=text))
    assert f'<html lang="{language}" dir="{direction}">' in html_of(message)
    assert message["Content-Language"] == language
    assert NAMES[language][0] in plain_of(message) and NAMES[language][0] in str(message["From"])


async def test_html_holds_no_script_no_picture_and_nothing_fetched() -> None:
    html = html_of(
        await sent(Say(text='<script>alert(1)</script> "&" <b>', link=Link("<i>", "https://a.example/?x=<")))
    )
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Look(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))

    Look().feed(html)
    tags = {tag for tag, _ in seen}
    assert not tags & {"script", "img", "link", "iframe", "i", "b"} and "a" in tags
    assert all(not attrs.get("src") and "url(" not in (attrs.get("style") or "") for _, attrs in seen)
    assert "color-scheme" in html and "prefers-color-scheme: dark" in html


async def test_a_choice_in_html_writes_the_answer() -> None:
    html = html_of(await sent(CHOICES))
    answers = re.findall(r'href="(mailto:[^"]+)"', html)
    assert [one.rpartition("body=")[2] for one in answers[:2]] == ["1", "2"]
    assert all(one.startswith(f"mailto:{ADDRESS}?subject=Re%3A%20") for one in answers)


async def test_what_we_wrote_is_no_answer_when_it_is_quoted() -> None:
    message = await sent(CHOICES)
    assert "إيقاف" not in written(plain_of(message))  # our own footer, where somebody forwards it
    quoted = "\n".join(f"> {line}" for line in plain_of(message).splitlines())
    assert written(f"2\n\nفي الأحد، ٢٢ نوفمبر ٢٠٢٦ كتب {NAMES['ar'][1]} <{ADDRESS}>:\n{quoted}") == "2"
    assert of_html(f"<p>2</p><blockquote>{html_of(message)}</blockquote>").strip() == "2"


def test_the_word_to_stop_is_understood() -> None:
    assert [command(fold(WORDING[language]("email.stop_word"))) for language in LANGUAGES] == ["stop", "stop"]


# --- its headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("say", "subject", "automatic"),
    [
        (Say(text="أهلًا"), "رسالة من جمعية حارف", "auto-replied"),
        (Say(text="أهلًا", by="7"), "ردّ من جمعية حارف", None),
        (Say(text="صدر القرار", lane="notice"), "لديكم جديد من جمعية حارف", "auto-generated"),
        (Say(text="News", lane="bulk"), "There is news for you from Harif", "auto-generated"),
    ],
)
async def test_a_subject_names_nobody_and_a_machine_says_that_it_is_one(
    say: Say, subject: str, automatic: str | None
) -> None:
    message = await sent(say)
    assert (message["Subject"], message["Auto-Submitted"]) == (subject, automatic)


async def test_a_notice_about_a_case_has_its_reference_in_the_subject() -> None:
    from conversations.cases.reference import new_reference

    reference = new_reference(bytes(range(16)), "HRF")
    message = await sent(Say(text=f"طلبكم {reference} قيد الدراسة يا نورة", lane="notice"))
    assert message["Subject"] == f"لديكم جديد من جمعية حارف ({reference})"


async def test_the_headers_lead_back_to_us_and_out() -> None:
    async with sending(offers="8BITMIME,DSN") as (channel, post):
        id = await channel.send(NOURA, Say(text="أهلًا"), 12345)
        one = post.taken[0]
    message = one.message
    assert (one.sender, one.to) == (ADDRESS, NOURA)
    assert message["Message-ID"] == id
    name = id.strip("<>").partition("@")[0]
    assert channel.keys.row_of(name) == 12345 and f"ENVID={name}" in one.options and "RET=HDRS" in one.options
    assert ADDRESS in str(message["Reply-To"]) and NOURA in str(message["To"])
    out = " ".join(str(message["List-Unsubscribe"]).split())
    assert f"<mailto:{ADDRESS}?subject=" in out and "<https://wasl.example/harif/stop/token-12345?lang=ar>" in out
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Date"] and "noura" not in str(message["References"])


async def test_the_mails_of_one_person_are_one_thread_and_nobody_elses() -> None:
    channel = make("smtp+plain://127.0.0.1:1")
    threads = [channel.letter(who, Say(text="a"), row).thread for who, row in ((NOURA, 1), (NOURA, 2), ("o@x.sa", 3))]
    assert threads[0] == threads[1] != threads[2]


def test_nobody_makes_up_the_name_of_a_row() -> None:
    keys, other = Keys(VAULT, "harif"), Keys(VAULT, "ruhama")
    name = keys.name_of(77)
    assert keys.row_of(name) == 77
    tag = name.partition(".")[2]
    for forged in (f"78.{tag}", f"77.{'0' * 16}", "77", "", "٧٧." + tag, f"77.{tag}x", other.name_of(77)):
        assert keys.row_of(forged) is None


async def test_a_receipt_goes_with_it() -> None:
    message = await sent(Say(text="إيصالكم", file=Attachment("receipt:1", "إيصال.pdf")), PDF)
    (part,) = message.iter_attachments()
    assert (part.get_content_type(), part.get_filename(), part.get_content()) == (
        "application/pdf",
        "إيصال.pdf",
        PDF.data,
    )
    assert "إيصالكم" in plain_of(message)


async def test_a_long_list_and_a_long_text_stay_one_mail() -> None:
    say = Say(text="نص " * 3000, options=tuple(Option(str(n), f"خيار طويل العنوان رقم {n}", "شرح") for n in range(40)))
    assert fit(say, CAPABILITIES) == (say,)
    assert "40. خيار طويل" in plain_of(await sent(say))


def test_a_mail_proves_nothing_of_who_wrote_it() -> None:
    assert not TRAITS.proves_phone and not TRAITS.asks_sensitive and not TRAITS.deletes


# --- what follows from an answer -------------------------------------------------------------------------------------

REFUSALS: list[tuple[str, dict[str, str | tuple[str, ...]], SendError]] = [
    ("greylisted", {"RCPT": "450 4.2.0 later"}, TryAgain("mail_busy")),
    ("local error", {"RCPT": "451 4.3.0 later"}, TryAgain("mail_busy")),
    ("no room at the relay", {"RCPT": "452 4.3.1 later"}, TryAgain("mail_busy")),
    ("mailbox full for now", {"RCPT": "452 4.2.2 full"}, UseAnotherChannel("mail_full")),
    ("parameters not taken now", {"MAIL": "455 later"}, TryAgain("mail_busy")),
    ("later, said after the words", {"BODY": "451 4.7.1 later"}, TryAgain("mail_busy")),
    ("relay closes", {"MAIL": "421 4.3.2 closing"}, TryAgain("mail_relay_away", whole_account=True)),
    ("relay is not there at all", {"HELLO": "421 busy"}, TryAgain("mail_relay_away", whole_account=True)),
    ("relay is no relay", {"HELLO": "554 no"}, StopChannel("mail_sender")),
    ("no mailbox", {"RCPT": "550 5.1.1 no such user noura@mail.example"}, AddressGone("mail_no_mailbox")),
    ("no mailbox, without a status", {"RCPT": "550 no such user"}, AddressGone("mail_no_mailbox")),
    ("not local", {"RCPT": "551 5.1.6 moved"}, AddressGone("mail_no_mailbox")),
    ("no such name", {"RCPT": "553 5.1.3 bad"}, AddressGone("mail_no_mailbox")),
    ("domain takes no mail", {"RCPT": "556 5.1.10 null MX"}, AddressGone("mail_no_mailbox")),
    ("host takes no mail", {"RCPT": "521 no"}, AddressGone("mail_no_mailbox")),
    ("mailbox closed", {"RCPT": "550 5.2.1 disabled"}, AddressGone("mail_no_mailbox")),
    ("mailbox full", {"RCPT": "552 5.2.2 full"}, UseAnotherChannel("mail_full")),
    ("no route", {"RCPT": "550 5.4.4 no route"}, UseAnotherChannel("mail_unreachable")),
    ("policy", {"RCPT": "550 5.7.1 rejected"}, ContentRefused("mail_refused")),
    ("too big", {"BODY": "552 5.3.4 too big"}, ContentRefused("mail_too_big")),
    ("storage, without a status", {"BODY": "552 exceeded"}, ContentRefused("mail_refused")),
    ("spam", {"BODY": "554 5.7.1 spam"}, ContentRefused("mail_refused")),
    ("transaction failed", {"BODY": "554 no"}, ContentRefused("mail_refused")),
    ("no user, said after the words", {"BODY": "550 5.1.1 no"}, AddressGone("mail_no_mailbox")),
    ("no recipients", {"DATA": "554 no"}, ContentRefused("mail_refused")),
    ("an answer nobody knows", {"RCPT": "599 what"}, ContentRefused("mail_refused")),
    ("our address is not taken", {"MAIL": "550 5.7.1 not yours"}, StopChannel("mail_sender")),
    ("our address is no address", {"MAIL": "553 5.1.8 bad"}, StopChannel("mail_sender")),
    ("our address, said later", {"RCPT": "550 5.1.8 bad sender"}, StopChannel("mail_sender")),
    ("too big, said at once", {"MAIL": "552 too big"}, ContentRefused("mail_too_big")),
    ("sign in first", {"MAIL": "530 5.7.0 sign in"}, StopChannel("mail_login")),
    ("sign in first, said later", {"RCPT": "535 5.7.8 no"}, StopChannel("mail_login")),
    ("hung up before anything", {"HELLO": DROP}, TryAgain("mail_relay_away", whole_account=True)),
    ("hung up before the words", {"DATA": DROP}, TryAgain("mail_relay_away", whole_account=True)),
    ("hung up after the words", {"BODY": DROP}, Uncertain("mail_no_answer")),
]


@pytest.mark.parametrize(("answers", "error"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS])
async def test_what_follows_from_an_answer(answers: dict[str, str | tuple[str, ...]], error: SendError) -> None:
    async with sending(answers) as (channel, post):
        with pytest.raises(SendError) as raised:
            await channel.send(NOURA, Say(text="أهلًا"), 7)
    assert type(raised.value) is type(error)
    assert raised.value.args == error.args and vars(raised.value) == vars(error)
    assert post.taken == [] or error.code == "mail_no_answer"


@pytest.mark.parametrize(("step", "error"), [("RCPT", TryAgain), ("BODY", Uncertain)])
async def test_silence_before_the_words_is_tried_again_and_after_them_is_doubt(
    step: str, error: type[SendError]
) -> None:
    async with sending({step: HANG}, seconds=0.2) as (channel, _):
        with pytest.raises(error):
            await channel.send(NOURA, Say(text="أهلًا"), 7)


async def test_a_relay_that_is_not_there_holds_the_account() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TryAgain) as raised:
        await make(f"smtp+plain://127.0.0.1:{port}").send(NOURA, Say(text="أهلًا"), 7)
    assert raised.value.whole_account


@pytest.mark.parametrize(
    ("scheme", "answers", "code"),
    [
        ("smtp+plain://user:wrong@", {"AUTH": "535 5.7.8 no"}, "mail_login"),
        ("smtp+plain://user:pass@", {"AUTH": "454 4.7.0 later"}, "mail_relay_away"),
        ("smtp://", {}, "mail_tls"),  # this relay has no STARTTLS: nothing goes in the clear
    ],
)
async def test_what_a_relay_does_not_let_in(scheme: str, answers: dict[str, str], code: str) -> None:
    async with post_office(answers, "AUTH PLAIN LOGIN") as post:
        channel = make(post.url.replace("smtp+plain://", scheme))
        with pytest.raises(SendError) as raised:
            await channel.send(NOURA, Say(text="أهلًا"), 7)
    assert raised.value.code == code
    assert isinstance(raised.value, TryAgain if code == "mail_relay_away" else StopChannel)
    assert post.taken == []


@pytest.mark.parametrize(
    "handle", ["", "noura", "a@b", "a b@x.sa", "a@x.sa\r\nBcc: b@x.sa", "<a@x.sa>", "a@x.sa,b@x.sa"]
)
async def test_what_is_no_address_is_given_up_without_a_call(handle: str) -> None:
    async with sending() as (channel, post):
        with pytest.raises(AddressGone):
            await channel.send(handle, Say(text="أهلًا"), 7)
    assert post.lines == 0


async def test_an_address_in_arabic_needs_a_relay_that_knows_such() -> None:
    async with sending() as (channel, _):
        with pytest.raises(UseAnotherChannel):
            await channel.send("نورة@بريد.السعودية", Say(text="أهلًا"), 7)
    async with sending(offers="8BITMIME,SMTPUTF8") as (channel, post):
        await channel.send("نورة@بريد.السعودية", Say(text="أهلًا"), 7)
    assert "SMTPUTF8" in post.taken[0].options and post.taken[0].to == "نورة@بريد.السعودية"


@given(st.text(min_size=1, max_size=64).map("{}@mail.example".format).filter(ADDRESS_SHAPE.fullmatch))
@settings(max_examples=50)
@example("a..b@x.sa")
@example(".a@x.sa")
@example("a'b&c=d?@x.sa")
def test_every_address_that_is_heard_can_be_answered(handle: str) -> None:
    message = letter(make("smtp+plain://127.0.0.1:1").letter(handle, Say(text="أهلًا"), 7))
    assert message.as_bytes(policy=SMTPUTF8).count(b"\r\nTo:") == 1


async def test_a_file_that_is_missing_or_too_big_is_refused_without_a_call() -> None:
    say = Say(text="إيصال", file=Attachment("receipt:1", "a.pdf"))
    async with sending() as (channel, post):
        for attachment, code in ((None, "file_missing"), (Content("a", "image/png", bytes(FILE + 1)), "mail_too_big")):
            with pytest.raises(ContentRefused, match=code):
                await channel.send(NOURA, say, 7, attachment)
    assert post.lines == 0


def test_each_of_our_codes_has_its_sentence_and_means_something() -> None:
    for code in _MEANING:
        assert all(f"send_error.{code}" in words for words in WORDING.values())
        assert error_for(code).code == code
    assert isinstance(error_for("whatever"), ContentRefused)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("5.1.1", "mail_no_mailbox"),
        ("5.1.2", "mail_no_mailbox"),
        ("5.1.10", "mail_no_mailbox"),
        ("5.2.1", "mail_no_mailbox"),
        ("5.2.2", "mail_full"),
        ("4.2.2", "mail_full"),
        ("4.4.7", "mail_unreachable"),
        ("5.4.4", "mail_unreachable"),
        ("5.3.4", "mail_too_big"),
        ("5.7.26", "mail_refused"),
        ("5.6.7", "mail_address_utf8"),
        ("5.0.0", "mail_refused"),
        ("", "mail_refused"),
    ],
)
def test_what_a_bounce_means(status: str, code: str) -> None:
    assert code_of_status(status) == code


# --- the line to the relay -------------------------------------------------------------------------------------------


async def test_letters_share_a_line_and_a_refusal_does_not_cost_it() -> None:
    async with sending({"RCPT": ("250 ok", "550 5.1.1 no", "250 ok")}) as (channel, post):
        await channel.send(NOURA, Say(text="1"), 1)
        with pytest.raises(AddressGone):
            await channel.send(NOURA, Say(text="2"), 2)
        await channel.send(NOURA, Say(text="3"), 3)
    assert (post.lines, len(post.taken)) == (1, 2)


async def test_a_line_that_was_hung_up_while_idle_is_made_anew() -> None:
    async with sending() as (channel, post):
        await channel.send(NOURA, Say(text="1"), 1)
        post.hang_up()
        await asyncio.sleep(0.05)
        await channel.send(NOURA, Say(text="2"), 2)
    assert (post.lines, len(post.taken)) == (2, 2)


async def test_many_at_once_all_arrive_once() -> None:
    async with sending() as (channel, post):
        await asyncio.gather(*(channel.send(f"p{n}@mail.example", Say(text=str(n)), n) for n in range(60)))
    assert sorted(one.to for one in post.taken) == sorted(f"p{n}@mail.example" for n in range(60))
    assert post.lines <= 8 < LETTERS


async def test_an_error_quotes_neither_the_address_nor_the_words() -> None:
    async with sending({"RCPT": f"550 5.1.1 <{NOURA}> unknown"}) as (channel, _):
        with pytest.raises(SendError) as raised:
            await channel.send(NOURA, Say(text="سر"), 7)
    error: BaseException | None = raised.value
    assert error is not None
    assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    assert "noura" not in repr(error)
