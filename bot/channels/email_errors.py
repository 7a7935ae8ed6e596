"""What each refusal of e-mail means for us, whether the relay says it at once or a bounce says it afterwards.

Sources: RFC 5321 (answers), RFC 3463 and IANA's registry of enhanced status codes. A relay's enhanced status says more
than its answer; what stands in no row is permanent and shown to staff.
"""

import re
from typing import Any

from bot.channels.contract import (
    AddressGone,
    ContentRefused,
    SendError,
    StopChannel,
    TryAgain,
    Uncertain,
    UseAnotherChannel,
)
from bot.mail import MailFailed

_MEANING: dict[str, tuple[type[SendError], dict[str, Any]]] = {
    "mail_no_mailbox": (AddressGone, {}),
    "mail_full": (UseAnotherChannel, {}),
    "mail_unreachable": (UseAnotherChannel, {}),
    "mail_address_utf8": (UseAnotherChannel, {}),
    "mail_refused": (ContentRefused, {}),
    "mail_too_big": (ContentRefused, {}),
    "mail_login": (StopChannel, {}),
    "mail_sender": (StopChannel, {}),
    "mail_tls": (StopChannel, {}),
    "mail_busy": (TryAgain, {}),
    "mail_relay_away": (TryAgain, {"whole_account": True}),
    "mail_no_answer": (Uncertain, {}),
}
"""Our own codes, each with a sentence for staff (`send_error.<code>`), and what follows."""

_STATUS: tuple[tuple[str, str], ...] = (
    (r"5\.1\.(0|1|2|3|4|6|10)", "mail_no_mailbox"),  # no such mailbox, domain or syntax; moved; null MX
    (r"5\.1\.(7|8)", "mail_sender"),  # our own address
    (r"5\.2\.1", "mail_no_mailbox"),  # disabled
    (r"[45]\.2\.2", "mail_full"),
    (r"5\.(2\.3|3\.4)", "mail_too_big"),
    (r"5\.3\.2", "mail_unreachable"),
    (r"5\.4\.\d+", "mail_unreachable"),  # no route, loops, gave up in time
    (r"5\.5\.\d+", "mail_refused"),
    (r"5\.6\.7", "mail_address_utf8"),
    (r"5\.[67]\.\d+", "mail_refused"),  # content and policy
    (r"4\.\d+\.\d+", "mail_unreachable"),  # a bounce that begins with 4: tried for days, and given up
)
_ANSWERS: dict[int, str] = {
    421: "mail_relay_away",
    432: "mail_relay_away",
    454: "mail_relay_away",
    **dict.fromkeys((450, 451, 452, 455), "mail_busy"),
    **dict.fromkeys((530, 534, 535, 538), "mail_login"),
    **dict.fromkeys((550, 551, 553, 521, 556), "mail_no_mailbox"),
    **dict.fromkeys((552, 554, 500, 501, 502, 503, 504, 555), "mail_refused"),
}


def error_for(code: str) -> SendError:
    """The error behind one of our own codes, a new one each time."""
    kind, more = _MEANING.get(code, (ContentRefused, {}))
    return kind(code, **more)


def code_of_status(status: str) -> str:
    """Our code for an enhanced status of a bounce (5.1.1)."""
    return next((code for pattern, code in _STATUS if re.fullmatch(pattern, status)), "mail_refused")


def error_for_failure(failed: MailFailed) -> SendError:
    """The error behind what the relay answered, or did not."""
    return error_for(_code_of(failed))


def _code_of(failed: MailFailed) -> str:
    code, stage = failed.code, failed.stage
    if str(failed) in ("SSLCertVerificationError", "SMTPNotSupportedError"):
        return "mail_tls"
    if not code:
        return "mail_no_answer" if stage == "body" else "mail_relay_away"
    if 400 <= code < 500:
        return "mail_full" if failed.status == "4.2.2" else _ANSWERS.get(code, "mail_busy")
    if _ANSWERS.get(code) == "mail_login":
        return "mail_login"
    if stage == "login":
        return "mail_login"
    if stage in ("connect", "sender"):
        return "mail_too_big" if code == 552 else "mail_sender"  # said before it was told to whom: it is us
    if failed.status and not failed.status.endswith(".0.0"):
        return code_of_status(failed.status)
    return _ANSWERS.get(code, "mail_refused")
