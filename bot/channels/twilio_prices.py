"""What messages cost, out of Twilio's own list of them: neither its answers nor its callbacks say so."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec
from yarl import URL

from bot.channels.contract import TryAgain
from bot.channels.http import Http, NotAnswered, NotSent
from bot.channels.twilio_errors import error_for_answer
from storage.costs import Cost, written

AT_ONCE = 1000
"""Messages on a page: the most Twilio gives."""
_UNIT = re.compile(r"[A-Z]{3}")


class Page(NamedTuple):
    """`after`: what the next page is asked by; empty at the end."""

    costs: list[Cost]
    after: str


class _Message(msgspec.Struct):
    sid: str | None = None
    price: str | float | int | None = None
    price_unit: str | None = None


class _List(msgspec.Struct):
    messages: list[_Message] = []
    next_page_uri: str | None = None


_read = msgspec.json.Decoder(_List).decode


async def ask(http: Http, messages_url: URL, authorization: str, since: date, after: str = "") -> Page:
    """A page of the messages sent since that day (UTC), in and out, of every sender of the account; `after` as the page
    before gave it. Only those whose price is known. Raises a SendError."""
    if after:
        # Of the address that came only the query is used: the credentials go nowhere else.
        url = URL(f"{messages_url}?{after}", encoded=True)
    else:
        url = messages_url.with_query({"DateSent>": since.isoformat(), "PageSize": str(AT_ONCE)})
    headers = {"Authorization": authorization, "Accept": "application/json"}
    try:
        status, body, found = await http.ask_whole("GET", url, headers=headers)
    except (NotSent, NotAnswered):
        raise TryAgain("no_answer") from None
    if not 200 <= status < 300:
        raise error_for_answer(status, _code(body), found.get("Retry-After", ""))
    try:
        listed = _read(body)
    except msgspec.MsgspecError:
        raise TryAgain("unreadable") from None
    return Page(
        [cost for one in listed.messages if (cost := _cost(one))], (listed.next_page_uri or "").partition("?")[2]
    )


def _cost(message: _Message) -> Cost | None:
    unit = (message.price_unit or "").upper()
    if not message.sid or message.price is None or not _UNIT.fullmatch(unit):
        return None
    try:
        amount = Decimal(str(message.price))
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    # A charge is written with a minus.
    return Cost(message.sid, written(abs(amount), unit))


class _Refusal(msgspec.Struct):
    code: int | str | None = None


def _code(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body, type=_Refusal).code or "")
    except msgspec.MsgspecError:
        return ""
