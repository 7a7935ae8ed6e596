"""E-mail coming in: whose words they are, which of them are new, what is only a machine, and what became of ours.

Mails as the programs make them: Gmail, Outlook, Apple, Yahoo, on phones, in Arabic and English.
"""

from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.contract import StatusReport, Unparseable, Unused
from bot.channels.email import Email, Keys
from bot.channels.email_inbound import DECORATION, File, Mail, read_mail
from bot.channels.email_text import HTML, TEXT, decode, of_html, written
from bot.mail import Relay
from conversations.wording import LANGUAGES, house_wording
from storage.vault import Vault, generate_key

OURS = "help@harif.example"
KEYS = Keys(Vault([generate_key()], generate_key()), "harif")
PNG = bytes.fromhex("89504e470d0a1a0a") + b"x" * 300
GMAIL = (
    "في الأحد، ٢٢ نوفمبر ٢٠٢٦ في ١٠:٠٠ ص تمت كتابة ما يلي بواسطة \u202bجمعية حارف\u202c\u200f "
    "<\u202ahelp@harif.example\u202c\u200f>:\u200f"
)


def read(raw: bytes, authserv: str = "") -> Mail | StatusReport | Unused:
    return read_mail(raw, OURS, KEYS.row_of, authserv)


def mail(text: str = "السلام عليكم", html: str = "", **headers: str) -> EmailMessage:
    message = EmailMessage()
    given = {"From": "نورة السالم <Noura.S@Mail.Example>", "To": OURS, "Message-ID": "<abc@mail.example>"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    for name, value in given.items():
        if value:
            message[name] = value
    if text:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message


def said(message: EmailMessage | bytes, authserv: str = "") -> Mail:
    found = read(message if isinstance(message, bytes) else message.as_bytes(policy=SMTP), authserv)
    assert isinstance(found, Mail), found
    return found


def unused(message: EmailMessage | bytes, authserv: str = "") -> str:
    found = read(message if isinstance(message, bytes) else message.as_bytes(policy=SMTP), authserv)
    assert isinstance(found, Unused), found
    return found.what


# --- who wrote it ----------------------------------------------------------------------------------------------------


def test_the_address_in_small_letters_and_never_the_name() -> None:
    found = said(mail())
    assert found.handle == "noura.s@mail.example"
    assert "نورة" not in repr(found)


@pytest.mark.parametrize(
    ("sender", "handle"),
    [
        ("noura@mail.example", "noura@mail.example"),
        ('"help@harif.example" <noura@mail.example>', "noura@mail.example"),
        ('"<boss@harif.example>" <noura@mail.example>', "noura@mail.example"),
        ("noura@mail.example (boss@harif.example)", "noura@mail.example"),
        ("=?utf-8?B?2YbZiNix2Kk=?= <NOURA@MAIL.EXAMPLE>", "noura@mail.example"),
        ("\u202bنورة\u202c <\u202anoura@mail.example\u202c>", "noura@mail.example"),
        ("<o'brien+x=y@mail.co.example>", "o'brien+x=y@mail.co.example"),
    ],
)
def test_who_wrote_is_the_one_address_in_from(sender: str, handle: str) -> None:
    raw = f"From: {sender}\r\nSubject: x\r\n\r\nhello".encode()
    assert said(raw).handle == handle


@pytest.mark.parametrize("sender", ["", "Noura", "<>", "noura@", "@mail.example", "noura@mail", "a b@mail.example"])
def test_nobody_wrote_what_has_no_sender(sender: str) -> None:
    with pytest.raises(Unparseable):
        read(f"From: {sender}\r\nSubject: x\r\n\r\nhello".encode())


def test_two_senders_are_nobody() -> None:
    assert unused(b"From: a@mail.example, b@mail.example\r\n\r\nhello") == "several_senders"
    assert unused(b"From: a@mail.example\r\nFrom: b@mail.example\r\n\r\nhello") == "several_senders"


def test_the_same_mail_is_the_same_however_it_came_and_nobody_hides_another() -> None:
    one = said(mail(Received="from a")).key
    assert one == said(mail(Received="from b")).key
    assert one != said(mail(From="other@mail.example")).key != said(mail(Message_ID="<d@mail.example>")).key
    assert said(mail(Message_ID="")).key == said(mail(Message_ID="")).key


# --- what was written ------------------------------------------------------------------------------------------------

ANSWERS = [
    ("nothing around it", "2", "2"),
    ("Gmail in Arabic", f"2\n\n{GMAIL}\n\n> كيف نخدمكم؟\n> 1. تقديم طلب\n", "2"),
    ("Gmail in Arabic, wrapped", f"نعم\n\n{GMAIL.replace('بواسطة', 'بواسطة' + chr(10))}\n\n> سطر\n", "نعم"),
    (
        "Gmail in English",
        "Two\n\nOn Sun, Nov 22, 2026 at 10:00 AM Harif <help@harif.example> wrote:\n\n> How?\n",
        "Two",
    ),
    (
        "English, wrapped",
        "Two\n\nOn Sun, Nov 22, 2026 at 10:00 AM Harif for Productive Families\n<help@harif.example> wrote:\n> How?\n",
        "Two",
    ),
    ("below what it answers", "On Sunday someone <a@b.example> wrote:\n> How?\n\nالجواب هنا", "الجواب هنا"),
    ("between what it answers", "> الاسم؟\nنورة\n> المدينة؟\nالدمام", "نورة\nالدمام"),
    (
        "Outlook in English",
        f"Yes\n\n{'_' * 32}\nFrom: Harif <help@harif.example>\nSent: Sunday\nTo: Noura\nSubject: A\n\nold",
        "Yes",
    ),
    ("Outlook in Arabic", "نعم\n\nمن: جمعية حارف\nتاريخ الإرسال: الأحد\nإلى: نورة\nالموضوع: رسالة\n\nقديم", "نعم"),
    ("Outlook, old", "نعم\n-----Original Message-----\nقديم", "نعم"),
    ("old, in Arabic", "نعم\n-----الرسالة الأصلية-----\nقديم", "نعم"),
    ("iPhone", "وصلني\n\nSent from my iPhone\n\n> On 22 Nov 2026, at 10:00, Harif wrote:\n> How?", "وصلني"),
    ("iPhone in Arabic", "وصلني\n\nأُرسلت من الـ iPhone الخاص بي", "وصلني"),
    ("Outlook on Android", "وصلني\n\nGet Outlook for Android<https://aka.ms/x>", "وصلني"),
    ("a signature", "وصلني\n-- \nنورة السالم\n0500000007", "وصلني"),
    ("marks of direction", "\u202b\u200fنعم\u200f\u202c\u200b\ufeff", "نعم"),
    ("blanks", "\u00a0 نعم \u00a0\r\n\r\n\r\n\r\nلا\t", "نعم\n\nلا"),
    ("two letters joined by nothing", "می\u200cخواهم", "می\u200cخواهم"),
    (
        "a sentence that only looks like a head",
        "من: الدمام\nأرسلت من حسابي ١٠٠ ريال",
        "من: الدمام\nأرسلت من حسابي ١٠٠ ريال",
    ),
    ("a list with dashes", "أحتاج\n- ثلاجة\n-- وفرن\n- مكيف", "أحتاج\n- ثلاجة\n-- وفرن\n- مكيف"),
    ("a colon at the end", "كتبت لكم أمس وأنتظر:", "كتبت لكم أمس وأنتظر:"),
]


@pytest.mark.parametrize(("text", "words"), [one[1:] for one in ANSWERS], ids=[one[0] for one in ANSWERS])
def test_only_what_is_new_counts(text: str, words: str) -> None:
    assert said(mail(text, Subject="Re: x", In_Reply_To="<1@harif.example>")).text == words


PAGES = [
    ("plain", "<p>نعم</p>", "نعم"),
    ("lines", "<div>سطر</div><div>آخر<br>ثالث</div><ul><li>أ</li><li>ب</li></ul>", "سطر\nآخر\nثالث\nأ\nب"),
    ("entities", "<p>a &lt; b &amp; c&nbsp;d &#1607;</p>", "a < b & c d ه"),
    ("style and script", "<head><style>p{}</style></head><body><script>x()</script>نعم<!-- no --></body>", "نعم"),
    (
        "Gmail",
        '<div dir="rtl">نعم</div><div class="a gmail_quote"><div>قديم</div><blockquote>ق</blockquote></div>',
        "نعم",
    ),
    ("Outlook", '<p>نعم</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">من</div><p>قديم</p>', "نعم"),
    ("Apple", "<div>نعم</div><blockquote type=cite><div>قديم</div></blockquote><div>وأيضًا</div>", "نعم\nوأيضًا"),
    ("unclosed", "<p>نعم<blockquote>قديم", "نعم"),
    ("broken", "<p>نعم</p><<b c=\"><![CDATA[x]]><!DOCTYPE html><p title='a > b'>آخر</p>", "نعم\n\n<\nآخر"),
]


@pytest.mark.parametrize(("html", "words"), [one[1:] for one in PAGES], ids=[one[0] for one in PAGES])
def test_html_is_read_where_there_is_no_text(html: str, words: str) -> None:
    found = said(mail("", html, Subject="Re: x")).text
    assert found == words


def test_the_text_is_read_and_not_the_html_beside_it() -> None:
    assert said(mail("نص", "<p>غيره</p>", Subject="Re: x")).text == "نص"
    assert said(mail(" \n", "<p>هنا</p>", Subject="Re: x")).text == "هنا"


@pytest.mark.parametrize(
    ("subject", "body", "text"),
    [
        ("طلب مساعدة", "السلام عليكم", "طلب مساعدة\n\nالسلام عليكم"),
        ("طلب مساعدة", "", "طلب مساعدة"),
        ("طلب", "عندي طلب قديم", "عندي طلب قديم"),
        ("سؤال", "إيقاف", "إيقاف"),
        ("إيقاف", "This message was automatically generated by your mail program", "إيقاف"),
        ("unsubscribe", "", "unsubscribe"),
        ("Re: رسالة من جمعية حارف", "2", "2"),
        ("رد: رسالة", "2", "2"),
        ("Fwd: x", "نعم", "نعم"),
    ],
)
def test_a_subject_that_begins_a_matter_counts(subject: str, body: str, text: str) -> None:
    assert said(mail(body or "\n", Subject=subject)).text == text


def test_a_subject_of_an_answer_is_not_said_again() -> None:
    assert said(mail("2", Subject="رسالة من جمعية حارف", References="<1@harif.example>")).text == "2"


def test_a_very_long_mail_is_cut_and_an_empty_one_is_nothing() -> None:
    assert len(said(mail("كلمة " * 20_000, Subject="")).text) == TEXT
    assert unused(mail("\n\n> قديم\n", Subject="Re: x")) == "message_empty"


ARABIC = "السلام عليكم"


@pytest.mark.parametrize(
    ("declared", "data"),
    [
        ("utf-8", ARABIC.encode()),
        ("UTF-8", ARABIC.encode("cp1256")),  # says one, is the other
        ("windows-1256", ARABIC.encode("cp1256")),
        ("windows-1256", ARABIC.encode()),
        ("iso-8859-6", ARABIC.encode("iso-8859-6")),
        ("iso-8859-1", ARABIC.encode()),
        ("us-ascii", ARABIC.encode()),
        ("us-ascii", ARABIC.encode("cp1256")),
        ("unknown-8bit", ARABIC.encode()),
        ("utf-16", ARABIC.encode("utf-16")),
        ("utf-7", ARABIC.encode("utf-7")),
        ("x-mac-arabic", ARABIC.encode("mac_arabic")),
        ("punycode", ARABIC.encode()),
        ("zlib", ARABIC.encode()),
        ("base64", ARABIC.encode()),
        ("", ARABIC.encode()),
        ("no such thing", ARABIC.encode("cp1256")),
    ],
)
def test_words_are_read_whatever_the_mail_says_of_its_letters(declared: str, data: bytes) -> None:
    assert decode(data, declared) == ARABIC
    head = f'From: a@mail.example\r\nContent-Type: text/plain; charset="{declared}"\r\n'.encode()
    assert said(head + b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(data)).text == ARABIC
    if b"\n" not in data and b"\r" not in data and declared != "utf-16":
        assert said(head + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + data).text == ARABIC


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_come_with_their_names_and_the_text() -> None:
    message = mail("هذه الهوية", Subject="Re: x")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="../../هوية.png")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="C:\\papers\\a\u202e.pdf")
    message.add_attachment(b"%PDF-1.5", maintype="application", subtype="pdf")
    found = said(message)
    assert found.text == "هذه الهوية"
    assert found.files[:2] == (File(name="هوية.png", data=PNG), File(name="a.pdf", data=b"%PDF-1.4"))
    assert found.files[2].data == b"%PDF-1.5" and found.files[2].name


def test_a_file_without_words_is_taken() -> None:
    message = mail("\n", Subject="Re: x")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="a.png")
    found = said(message)
    assert (found.text, len(found.files)) == ("", 1)


@pytest.mark.parametrize(("size", "taken"), [(DECORATION, 0), (DECORATION + 1, 1)])
def test_a_logo_in_a_signature_is_no_paper_and_a_photo_set_into_the_text_is(size: int, taken: int) -> None:
    message = mail("", "<p>نعم</p><img src=cid:a>", Subject="Re: x")
    message.add_related(b"x" * size, maintype="image", subtype="png", cid="<a>", filename="image001.png")
    assert len(said(message).files) == taken


def test_an_apple_photo_shown_inline_is_a_paper() -> None:
    message = mail("نعم", Subject="Re: x")
    message.make_mixed()
    message.add_attachment(PNG, maintype="image", subtype="png", filename="IMG_1.png", disposition="inline")
    assert len(said(message).files) == 1


def test_a_text_that_is_attached_is_a_file_and_a_signature_is_none() -> None:
    message = mail("نعم", Subject="Re: x")
    message.add_attachment("سطر", filename="a.txt")
    message.add_attachment(b"sig", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert [file.name for file in said(message).files] == ["a.txt"]


# --- nobody wrote it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "automatic"),
        ({"Auto_Submitted": "auto-generated (rejected)"}, "automatic"),
        ({"Precedence": "bulk"}, "automatic"),
        ({"Precedence": "auto_reply"}, "automatic"),
        ({"X_Autoreply": "yes"}, "automatic"),
        ({"X_Failed_Recipients": "a@b.example"}, "automatic"),
        ({"Return_Path": "<>"}, "automatic"),
        ({"List_Id": "<news.mail.example>"}, "mailing_list"),
        ({"From": "MAILER-DAEMON@mail.example"}, "automatic"),
        ({"From": "no-reply@mail.example"}, "automatic"),
        ({"From": OURS.upper()}, "own"),
        ({"Subject": "Automatic reply: رسالة"}, "automatic"),
        ({"Subject": "رد تلقائي: رسالة"}, "automatic"),
        ({"Subject": "Out of Office: x"}, "automatic"),
    ],
)
def test_a_machine_is_not_answered(headers: dict[str, str], why: str) -> None:
    assert unused(mail("أنا في إجازة", **headers)) == why


def test_a_person_whose_program_says_that_nobody_is_a_machine_is_heard() -> None:
    assert said(mail("نعم", Auto_Submitted="no", Precedence="normal", Return_Path="<noura.s@mail.example>")).text


# --- who checked the sender ------------------------------------------------------------------------------------------

MX = "mx.harif.example"


@pytest.mark.parametrize(
    ("results", "why"),
    [
        (f"{MX}; dmarc=fail (p=reject) header.from=mail.example", "forged"),
        (f"{MX} 1; spf=pass smtp.mailfrom=x; dkim=pass; dmarc=fail", "forged"),
        (f"{MX}; spf=fail; dkim=none", "forged"),
        (f"{MX}; spf=fail; dkim=pass", ""),
        (f"{MX}; dmarc=pass; spf=fail", ""),
        (f"{MX}; spf=softfail; dmarc=none", ""),
        (f"{MX} (dmarc=pass); spf=fail", "forged"),
        ("another.example; dmarc=pass", "unchecked"),
        ("", "unchecked"),
    ],
)
def test_a_forged_sender_is_not_heard_where_the_relay_checks(results: str, why: str) -> None:
    message = mail(Authentication_Results=results)
    assert (unused(message, MX) if why else bool(said(message, MX))) == (why or True)
    assert said(message)  # nobody is named as checking


def test_only_the_topmost_result_counts() -> None:
    raw = (
        f"Authentication-Results: {MX}; dmarc=fail\r\nAuthentication-Results: {MX}; dmarc=pass\r\n"
        "From: a@mail.example\r\n\r\nhello"
    )
    assert unused(raw.encode(), MX) == "forged"


@pytest.mark.parametrize(
    ("results", "checked"),
    [
        (f"{MX}; dmarc=pass header.from=mail.example", True),
        (f"{MX}; spf=pass smtp.mailfrom=noura.s@mail.example; dkim=none; dmarc=none", True),
        (f"{MX}; spf=pass smtp.mailfrom=mail.example", True),
        (f"{MX}; dkim=pass header.d=mail.example header.s=x", True),
        (f"{MX}; dkim=pass header.i=@mail.example", True),
        (f"{MX}; dkim=pass header.d=forger.example", False),
        (f"{MX}; spf=pass smtp.mailfrom=noura.s@forger.example", False),
        (f"{MX}; spf=pass smtp.mailfrom=mail.example@forger.example", False),
        (f"{MX}; spf=pass smtp.mailfrom=mail.example.forger.example", False),
        (f"{MX}; dkim=pass header.d=forger.example (header.d=mail.example)", False),
        (f"{MX}; dkim=fail header.d=mail.example; spf=softfail", False),
        (f"{MX}; dkim=pass; spf=none", False),
        (f"{MX}; none", False),
    ],
)
def test_a_sender_is_proven_only_where_the_relay_found_it_genuine_for_their_own_domain(
    results: str, checked: bool
) -> None:
    message = mail(Authentication_Results=results)
    assert said(message, MX).checked is checked
    assert said(message).checked is False  # nobody is named as checking


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_a_mail_that_answers_ours_names_its_row_and_nobody_makes_one_up(header: str) -> None:
    theirs, ours = "<abc@mail.example>", f"<{KEYS.name_of(77)}@harif.example>"
    assert said(mail(**{header: f"{theirs} {ours}"})).answers == 77
    assert said(mail(**{header: theirs})).answers is None
    assert said(mail(**{header: f"<77.{'0' * 16}@harif.example>"})).answers is None
    assert said(mail(Subject=KEYS.name_of(77))).answers is None
    assert said(mail()).answers is None


# --- what became of ours ---------------------------------------------------------------------------------------------

REPORT = """From: MAILER-DAEMON@mx.example
To: help@harif.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
{envelope}
Final-Recipient: rfc822; noura@mail.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b
Content-Type: {returned}

From: help@harif.example
To: noura@mail.example
Message-ID: {id}
Subject: x

--b--
"""


def report(action: str, status: str, **more: str) -> bytes:
    given = {
        "envelope": "", "diagnostic": "none", "returned": "text/rfc822-headers",
        "id": f"<{KEYS.name_of(4711)}@harif.example>",
    } | more  # fmt: skip
    return REPORT.format(action=action, status=status, **given).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("action", "status", "gives"),
    [
        ("failed", "5.1.1", ("failed", "mail_no_mailbox")),
        ("failed", "5.2.2 (full)", ("failed", "mail_full")),
        ("Failed (bad)", "5.7.1", ("failed", "mail_refused")),
        ("failed", "4.4.7", ("failed", "mail_unreachable")),
        ("failed", "", ("failed", "mail_refused")),
        ("", "5.1.2", ("failed", "mail_no_mailbox")),
        ("delivered", "2.0.0", ("delivered", "")),
        ("", "2.1.5", ("delivered", "")),
        ("delayed", "4.4.1", None),
        ("relayed", "2.0.0", None),
        ("", "4.4.1", None),
        ("expanded", "2.0.0", None),
        ("", "", None),
    ],
)
def test_a_report_finds_its_row(action: str, status: str, gives: tuple[str, str] | None) -> None:
    for returned in ("text/rfc822-headers", "message/rfc822"):
        found = read(report(action, status, returned=returned))
        if gives is None:
            assert found == Unused("report_on_the_way")
        else:
            assert isinstance(found, StatusReport)
            assert (found.row, found.status, found.code) == (4711, *gives)


def test_what_the_other_server_said_says_more_than_a_status_of_nothing() -> None:
    found = read(report("failed", "5.0.0", diagnostic="550 5.1.1 no such user"))
    assert isinstance(found, StatusReport)
    assert found.code == "mail_no_mailbox"


def test_a_report_without_our_mail_finds_its_row_by_the_envelope() -> None:
    envelope = f"Original-Envelope-Id: {KEYS.name_of(99)}\n"
    found = read(report("failed", "5.1.1", id="<other@mail.example>", envelope=envelope))
    assert isinstance(found, StatusReport)
    assert found.row == 99


@pytest.mark.parametrize("id", ["<other@mail.example>", "<4711.0123456789abcdef@harif.example>", ""])
def test_a_report_that_anybody_could_have_made_up_fails_nothing(id: str) -> None:
    assert read(report("failed", "5.1.1", id=id)) == Unused("report_of_another")


# --- whatever the bytes ----------------------------------------------------------------------------------------------


def fine(raw: bytes) -> None:
    """Read, or refused as no mail; and what was read can be kept."""
    try:
        found = read(raw, MX if b"Authentication" in raw else "")
    except Unparseable:
        return
    if isinstance(found, Mail):
        found.text.encode()
        assert len(found.text) <= TEXT
        assert found.handle == found.handle.lower() and "@" in found.handle and len(found.handle) <= 254
        assert "\x00" not in found.text
        for file in found.files:
            file.name.encode()
            assert "/" not in file.name and 0 < len(file.name) <= 120


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    fine(raw)


_LINES = st.sampled_from(
    [
        b"From: a@mail.example", b"From: \xff\xfe <a@mail.example>", b"From: =?utf-8?b?!!?= <a@mail.example>",
        b"Subject: =?utf-16?q?=00?=", b"Subject: =?zz?b?abc?=", b"Subject: \xd8\xb3", b"Message-ID: <",
        b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/report; boundary=\"\"",
        b"Content-Type: text/html; charset=utf-16", b"Content-Type: text/plain; charset*0=a; charset*2*=b'c'%ff",
        b"Content-Type: message/rfc822", b"Content-Type: message/delivery-status", b"Content-Type: ;;;=",
        b"Content-Type: image/png; name*=utf-8''%ff%fe", b"Content-Disposition: attachment; filename=\"=?x?q?y\"",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: uuencode",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Action: failed", b"Status: 5.1.1", b"Auto-Submitted: \xff",
        b"Authentication-Results: mx.harif.example; dmarc=",
        b"In-Reply-To:", b"", b"--b", b"--b--", b"> x", b"-- ", b"begin 644 x", b"=\xd8=", b"<blockquote><p",
        b"\x00\x00",
        b"On Sunday x wrote:", b"\xd9\x85\xd9\x86: x", b"To: x", b"Sent: y", b" folded", b"\tfolded",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(_LINES, st.binary(max_size=40)), max_size=40), st.sampled_from([b"\r\n", b"\n", b"\r"]))
@settings(max_examples=500, deadline=None)
def test_a_broken_mail_is_read_or_refused(lines: list[bytes], end: bytes) -> None:
    fine(end.join([b"From: a@mail.example", *lines]))


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_kept_or_cut_and_never_made_up(text: str) -> None:
    words = written(text)
    assert set(words) <= set(text) | {" ", "\n"}
    of_html(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header",
        b"\r\n\r\n",
        b"From: a@mail.example\r\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
        b"From: a@mail.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000,
    ],
    ids=["nothing", "no header", "no lines", "a well of parts", "thousands of parts"],
)
def test_what_is_no_mail_is_refused(raw: bytes) -> None:
    with pytest.raises(Unparseable):
        read(raw)


@pytest.mark.parametrize(
    "body",
    [
        *("<" * HTML, "</" * (HTML // 2), "<a " * (HTML // 3), "<a b='" * (HTML // 6), '<a "' * (HTML // 4)),
        *("<div>" * (HTML // 5), "<!--" * (HTML // 4), "<!" * (HTML // 2), "&" * HTML, "&#" * (HTML // 2)),
        *("<a " + "x=" * (HTML // 2), "<script>" * (HTML // 8), "&#" + "9" * 9999 + ";", "<p " + "id " * (HTML // 3)),
        *("<p class=" * (HTML // 9), "\n" * HTML, " " * HTML),
    ],
    ids=lambda body: ascii(body[:8]),
)
def test_html_that_is_meant_to_cost_does_not(body: str) -> None:
    import time

    begun = time.monotonic()
    of_html(body)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("text", ["On " + "x" * 100_000, "في " + "كتب " * 30_000, "من: \n" * 20_000, "> " * 50_000])
def test_text_that_is_meant_to_cost_does_not(text: str) -> None:
    import time

    begun = time.monotonic()
    written(text)
    assert time.monotonic() - begun < 5


# --- the door --------------------------------------------------------------------------------------------------------


def channel(secret: str = "the-secret") -> Email:
    names = dict.fromkeys(LANGUAGES, ("a", "b"))
    wording = {language: house_wording(language) for language in LANGUAGES}
    return Email("harif", OURS, names, wording, Relay("smtp+plain://127.0.0.1:1"), KEYS, str, secret)


@pytest.mark.parametrize(
    ("given", "lets_in"),
    [
        ("Bearer the-secret", True),
        ("bearer the-secret", True),
        ("Basic " + b64encode(b"wasl:the-secret").decode(), True),
        ("Basic " + b64encode(b"the-secret").decode(), False),
        ("Basic !!!", False),
        ("Basic " + b64encode(b"\xff:\xff").decode(), False),
        ("Bearer the-secre", False),
        ("Bearer سر", False),
        ("Bearer ", False),
        ("the-secret", False),
        ("", False),
    ],
)
def test_only_who_knows_the_secret_may_bring_mail(given: str, lets_in: bool) -> None:
    assert channel().verify({"authorization": given}, "", b"") is lets_in
    assert channel("").verify({"authorization": given}, "", b"") is False


def test_a_channel_reads_reports_by_itself() -> None:
    (found,) = channel().parse(report("failed", "5.1.1"))
    assert isinstance(found, StatusReport)
    parsed: list[Any] = channel().parse(mail().as_bytes())
    assert parsed == [Unused("mail")]


def test_nothing_of_a_mail_is_in_our_code_for_machines() -> None:
    """What is counted is a code: no address and no words."""
    source = Path(__file__).parents[2].joinpath("bot/channels/email_inbound.py").read_text()
    assert "Unused(f" not in source
