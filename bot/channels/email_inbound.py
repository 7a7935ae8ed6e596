"""A mail that came in, read: what somebody wrote, what became of a mail of ours, or nothing of use. Pure.

Raises nothing but Unparseable, whatever the bytes. Sources: RFC 5322 and 2045–2047 (form), RFC 3464 (what became of
ours), RFC 3834 (who answers by himself), RFC 8601 (what the relay found out about the sender).

The sender's name is never used. An address in From proves nothing by itself: anybody can write it there. What proves
it is the result of the relay that checks (`authserv` names it; what it found forged is not used), or that the mail
answers one of ours, whose sealed name nobody else can know.
"""

import quopri
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from hashlib import blake2b

from bot.channels.contract import StatusReport, Unparseable, Unused
from bot.channels.email_errors import code_of_status
from bot.channels.email_text import clean, decode, of_html, written
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command

MOST_PARTS = 200
DECORATION = 16 * 1024
"""Bytes of a picture set into the text, up to which it is a logo of a signature and no paper."""
ADDRESS = re.compile(
    r"[^@\s<>()\[\],;:\\\"]{1,64}@(?=.{1,253}$)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]"
)
RowOf = Callable[[str], "int | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What somebody wrote. `handle` is their address in small letters, `key` what this mail is recognised by: a digest
    of its Message-ID and of who sent it, so that nobody's mail hides behind another's."""

    handle: str
    key: str
    text: str
    files: tuple[File, ...] = ()
    checked: bool = False
    """The relay that checks found that the sender is who they say."""
    answers: int | None = None
    """Our row that this mail answers."""


def read_mail(raw: bytes, ours: str, row_of: RowOf, authserv: str = "") -> Mail | StatusReport | Unused:
    """`ours` is our own address; `row_of` finds the row in one of our Message-IDs, and nothing in anybody else's.

    Raises Unparseable."""
    try:
        return _read(raw, ours.lower(), row_of, authserv)
    except Unparseable:
        raise
    except Exception:  # the standard library's parser raises all kinds of things on what is broken on purpose
        raise Unparseable("no mail") from None


def _read(raw: bytes, ours: str, row_of: RowOf, authserv: str) -> Mail | StatusReport | Unused:
    message = message_from_bytes(raw, policy=compat32)
    if not message.keys():
        raise Unparseable("no headers")
    parts = list(_parts(message))
    if any(part.get_content_type() == "message/delivery-status" for part in parts):
        return _report(raw, parts, row_of)
    if (why := _automatic(message)) or (why := _forged(message, authserv)):
        return Unused(why)
    senders = _senders(message)
    if len(senders) != 1:
        if senders:
            return Unused("several_senders")
        raise Unparseable("no sender")
    handle = senders[0]
    if handle == ours:
        return Unused("own")
    if handle.partition("@")[0] in _MACHINES:
        return Unused("automatic")
    files = tuple(_files(message, parts))
    text = _text(message, parts)
    if not text and not files:
        return Unused("message_empty")
    name = _header(message, "Message-ID").strip().encode() or raw
    key = blake2b(handle.encode() + b"\0" + name, digest_size=16).hexdigest()
    answers = _answered(message, row_of)
    checked = _checked(message, authserv, handle.partition("@")[2])
    return Mail(handle=handle, key=key, text=text, files=files, checked=checked, answers=answers)


# --- parts -----------------------------------------------------------------------------------------------------------


def _parts(message: Message) -> Iterator[Message]:
    """Every part, outermost first; what is forwarded as a file is one part. Raises Unparseable for too many."""
    waiting, count = [message], 0
    while waiting:
        part = waiting.pop()
        count += 1
        if count > MOST_PARTS:
            raise Unparseable("too many parts")
        yield part
        # A report's own blocks and a forwarded mail are lists too.
        if part.get_content_maintype() == "multipart":
            waiting += reversed(_inside(part))


def _inside(part: Message) -> list[Message]:
    held = part._payload  # type: ignore[attr-defined]
    return [one for one in held if isinstance(one, Message)] if isinstance(held, list) else []


def _data(part: Message) -> bytes:
    """The bytes of a part. `get_payload` would first decode them by whatever is declared, which may take minutes."""
    held = part._payload  # type: ignore[attr-defined]
    if not isinstance(held, str):
        return b""
    data = held.encode("ascii", "surrogateescape")
    encoding = _header(part, "Content-Transfer-Encoding").strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(data)
    if encoding == "base64":
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")
    return data


def _raw(message: Message, name: str) -> list[str]:
    """The headers of this name as they came: what was no ASCII stands in them as surrogates."""
    return [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]


def _header(message: Message, name: str) -> str:
    """The first header of this name, decoded, on one line; empty where there is none."""
    found = _raw(message, name)
    return _decoded(found[0]) if found else ""


def _decoded(raw: str) -> str:
    text = decode(raw.encode("utf-8", "surrogateescape")[:4000])
    try:
        pieces = decode_header(text)
    except Exception:  # base64 that is none
        pieces = [(text, None)]
    words = "".join(decode(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces)
    return " ".join(clean(words).split())


# --- who wrote it ----------------------------------------------------------------------------------------------------

_MACHINES = frozenset(
    {"mailer-daemon", "postmaster", "no-reply", "noreply", "donotreply", "do-not-reply", "bounce", "bounces"}
)
_AWAY = re.compile(
    r"(automatic reply|auto(matic)?[ -]?(reply|response)|out of (the )?office|autoreply|undeliverable|undelivered mail"
    r"|delivery status notification|رد (آلي|تلقائي|الي)|الرد (الآلي|التلقائي)|خارج المكتب)\b",
    re.I,
)


def _senders(message: Message) -> list[str]:
    """The addresses in From, in small letters; names and comments are cut away before anything is looked for."""
    found = []
    for value in _raw(message, "From")[:4]:
        plain = clean(decode(value.encode("utf-8", "surrogateescape")[:4000])).replace("\n", " ")
        plain = re.sub(r'"[^"]*"', "", plain)
        plain = re.sub(r"\([^()]*\)", "", plain)
        bracketed = re.findall(r"<([^<>]*)>", plain)
        found += [one.strip().lower() for one in (bracketed or plain.split(","))]
    return [one for one in found if len(one) <= 254 and ADDRESS.fullmatch(one)]


def _automatic(message: Message) -> str:
    """Why nobody wrote this: an answering machine, a list, a bounce without a report."""
    if _header(message, "Auto-Submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "automatic"
    if _header(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "automatic"
    if any(message.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Failed-Recipients")):
        return "automatic"
    if any(message.get(name) is not None for name in ("List-Id", "List-Post")):
        return "mailing_list"
    if message.get("Return-Path") is not None and _header(message, "Return-Path").strip() == "<>":
        return "automatic"
    return "automatic" if _AWAY.match(_header(message, "Subject")) else ""


def _forged(message: Message, authserv: str) -> str:
    """The topmost result of the relay we trust: those below it anybody may have written."""
    if not authserv:
        return ""
    results = _results(message, authserv)
    if results is None:
        return "unchecked"  # it came round the relay that checks
    found = dict(_RESULT.findall(results)[::-1])
    if found.get("dmarc") in ("pass", "fail"):
        return "forged" if found["dmarc"] == "fail" else ""
    return "forged" if found.get("spf") == "fail" and found.get("dkim") != "pass" else ""


_RESULT = re.compile(r"\b(dmarc|spf|dkim)\s*=\s*(\w+)")
_DOMAINS = {
    "dkim": re.compile(r"\bheader\.[di]\s*=\s*\"?(?:[^\s@;]*@)?([\w.-]+)"),
    "spf": re.compile(r"\bsmtp\.mailfrom\s*=\s*\"?(?:[^\s@;]*@)?([\w.-]+)"),
}
"""For which domain it passed, by RFC 8601: DKIM's and SPF's count for the address in From only where it is the same."""


def _results(message: Message, authserv: str) -> str | None:
    """What the relay that checks found, in small letters; None where it found nothing."""
    for value in _raw(message, "Authentication-Results"):
        said = re.sub(r"\([^()]*\)", "", value[:4000]).lower()
        server, _, results = said.partition(";")
        if server.split()[:1] == [authserv.lower()]:
            return results
    return None


def _checked(message: Message, authserv: str, domain: str) -> bool:
    """Whether the relay found the address in From to be its sender's."""
    results = (_results(message, authserv) if authserv else None) or ""
    for method in results.split(";"):
        found = _RESULT.search(method)
        if found is None or found[2] != "pass":
            continue
        where = _DOMAINS.get(found[1])
        if where is None or domain in where.findall(method):
            return True
    return False


def _answered(message: Message, row_of: RowOf) -> int | None:
    """The row of ours that it answers: the last that is named in In-Reply-To or References."""
    names = [name for header in ("References", "In-Reply-To") for name in OUR_ID.findall(_named(message, header))]
    rows = (row_of(name.decode()) for name in reversed(names[-20:]))
    return next((row for row in rows if row is not None), None)


def _named(message: Message, header: str) -> bytes:
    return " ".join(_raw(message, header))[-8000:].encode("ascii", "replace")


# --- what was written ------------------------------------------------------------------------------------------------


def _text(message: Message, parts: list[Message]) -> str:
    """The words; the subject before them where it begins a matter, and alone where there is nothing else."""
    said = written(_body(parts))
    subject = _header(message, "Subject")[:300]
    answers = message.get("In-Reply-To") is not None or message.get("References") is not None
    if not subject or answers or re.match(r"(re|fw|fwd|رد|إعادة توجيه)\s?[:：]", subject, re.I):
        return said
    # Mail programs fill the body of what their button «unsubscribe» sends with words of their own.
    if not said or command(fold(subject)) == "stop":
        return subject
    # A word that orders something («إيقاف») must stay the whole message.
    return said if subject in said or command(fold(said)) else f"{subject}\n\n{said}"


def _body(parts: list[Message]) -> str:
    texts = [part for part in parts if _is_text(part)]
    for kind, read in (("text/plain", str), ("text/html", of_html)):
        found = [
            read(decode(_data(part), part.get_content_charset("") or _charset(part)))
            for part in texts
            if part.get_content_type() == kind
        ]
        words = "\n\n".join(found)
        if clean(words):
            return words
    return ""


def _is_text(part: Message) -> bool:
    if part.get_content_type() not in ("text/plain", "text/html") or part.is_multipart():
        return False
    return part.get_content_disposition() != "attachment" and not part.get_filename()


def _charset(part: Message) -> str:
    found = part.get_param("charset")
    return found if isinstance(found, str) else ""


def _files(message: Message, parts: list[Message]) -> Iterator[File]:
    related = {id(one) for part in parts if part.get_content_type() == "multipart/related" for one in _inside(part)}
    for number, part in enumerate(parts):
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart" or _is_text(part):
            continue
        if kind in ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"):
            continue
        data = _data(part) or b"".join(one.as_bytes() for one in _inside(part))
        set_in = id(part) in related and part.get("Content-ID") is not None
        if set_in and kind.startswith("image/") and len(data) <= DECORATION:
            continue
        if kind in ("text/plain", "text/html", "text/calendar") and not data.strip():
            continue
        yield File(name=_name(part, number), data=data)


def _name(part: Message, number: int) -> str:
    """The last part of the file's name, at most 120 characters."""
    name = _decoded(part.get_filename() or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in name if letter.isprintable())[-120:].strip() or f"file-{number}"


# --- what became of ours ---------------------------------------------------------------------------------------------

OUR_ID = re.compile(rb"\b(\d{1,19}\.[0-9a-f]{16})\b")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def _report(raw: bytes, parts: list[Message], row_of: RowOf) -> StatusReport | Unused:
    row = next((row for row in _our_rows(raw, parts, row_of)), None)
    if row is None:
        return Unused("report_of_another")
    found = [told for part in parts if part.get_content_type() == "message/delivery-status" for told in _told(part)]
    action, status = min(found, key=lambda one: _WORST.get(one[0], 9), default=("", ""))
    if action == "failed":
        code = code_of_status(status or "5.0.0")
        return StatusReport(key=f"report:{row}:{action}:{status}", status="failed", row=row, code=code)
    if action == "delivered":
        return StatusReport(key=f"report:{row}:{action}", status="delivered", row=row)
    return Unused("report_on_the_way")


_WORST = {"failed": 0, "delivered": 1}


def _our_rows(raw: bytes, parts: list[Message], row_of: RowOf) -> Iterator[int]:
    """Wherever it stands: in the returned mail's Message-ID, or as the envelope's name."""
    for data in (raw, *(_data(part) for part in parts if not part.is_multipart())):
        for name in OUR_ID.findall(data)[:50]:
            row = row_of(name.decode())
            if row is not None:
                yield row


def _told(part: Message) -> Iterator[tuple[str, str]]:
    """Action and status of each recipient."""
    for block in _inside(part):
        if not (block.get("Action") or block.get("Status")):
            continue
        found = _STATUS.search(_header(block, "Status"))
        status = found[1] if found else ""
        more = _STATUS.search(_header(block, "Diagnostic-Code")) if status in ("", "5.0.0", "4.0.0") else None
        status = more[1] if more else status
        action = _header(block, "Action").partition(" ")[0].strip().lower()
        yield action or {"5": "failed", "2": "delivered"}.get(status[:1], "delayed"), status
