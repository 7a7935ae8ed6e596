"""What each of Twilio's error codes means for us, whether it comes at once or by a status callback.

Source: Twilio's error dictionary. A code stands in one row; whatever stands in none is permanent and shown to staff.
"""

from typing import Any

from bot.channels.contract import (
    AddressGone,
    ContentRefused,
    SendError,
    StopChannel,
    TryAgain,
    Uncertain,
    UseAnotherChannel,
    UseTemplate,
)

_DAY = 24 * 3600.0
_ROWS: tuple[tuple[str, type[SendError], dict[str, Any]], ...] = (
    ("20429 63017 30001", TryAgain, {"whole_account": True}),  # too fast, or the account's queue is full
    ("20003 63007", StopChannel, {}),  # credentials or sender wrong
    ("21211 63003 30006", AddressGone, {}),  # no such address, or a landline
    ("21610 63014 63033", AddressGone, {}),  # the person stopped or blocked us
    ("21617 21658", ContentRefused, {}),  # too long: `fit` should have split it, a defect of ours
    ("63010 63012", TryAgain, {}),  # inside Twilio or WhatsApp
    ("30003 30005 63024 63032", UseAnotherChannel, {}),  # not reachable
    ("30007 63005 63013 63021 63026", ContentRefused, {}),
    ("63016", UseTemplate, {}),  # more than 24 hours since the person's last message
    (
        "63018",
        TryAgain,
        {"after": 60.0, "whole_account": True},
    ),  # the sender's rate; if its daily tier, again and again
    ("63019 63034", ContentRefused, {}),  # media: to be mended before it is sent anew
    ("63027 63028 63041", StopChannel, {}),  # the template alone: see TEMPLATE_CODES
    ("63049", TryAgain, {"after": _DAY}),  # marketing withheld by WhatsApp: never at once
)
_TABLE = {code: (kind, more) for codes, kind, more in _ROWS for code in codes.split()}

TEMPLATE_CODES = frozenset({"63027", "63028", "63041"})
"""StopChannel with one of these stops the template (missing, wrong parameters, paused), not the account."""

CONTENT_CODES = frozenset({"21654", "21655", "21656", "92005", "92007"})
"""Our content or its variables were not taken (deleted at Twilio, say): the same may go as numbered text."""


def error_for(code: str) -> SendError:
    """The error behind a code, a new one each time."""
    kind, more = _TABLE.get(code, (ContentRefused, {}))
    return kind(code, **more)


def error_for_answer(status: int, code: str, retry_after: str = "") -> SendError:
    """The error behind an HTTP answer other than 2xx. `code` is Twilio's own, empty where the body held none.

    An answer with a code is Twilio's: it says that nothing was taken. One without comes from a proxy on the way, and
    tells nothing, except 503.
    """
    if status == 429:
        return TryAgain(code or "429", after=_seconds(retry_after), whole_account=True)
    if status == 401:
        return StopChannel(code or "401")
    if status == 503 or (status >= 500 and code):
        return TryAgain(code or str(status), after=_seconds(retry_after))
    if status >= 500:
        return Uncertain(str(status))
    return error_for(code) if code else ContentRefused(str(status))


def _seconds(retry_after: str) -> float | None:
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
