"""What the channels that go by Twilio's Messages API share: signatures, statuses, one posted form a send, media.

Twilio's own library, which costs half as much again a send and 100 ms to import, serves for the rest.
"""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from twilio.request_validator import RequestValidator
from yarl import URL

from bot.channels.contract import SendError, StatusReport, TryAgain, Uncertain, Unused
from bot.channels.http import Http, NotAnswered, NotSent
from bot.channels.twilio_errors import error_for, error_for_answer
from bot.channels.twilio_inbound import read_form, read_status
from bot.channels.twilio_media import fetch_media
from bot.channels.twilio_prices import Page, ask
from conversations.says import Link

TWILIO = "https://api.twilio.com"
RETRIES = "#rc=3&rp=all"
"""Asks Twilio for three more attempts at a webhook, whatever went wrong (its "connection overrides"). Twilio cuts the
fragment off before it calls and signs."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class _Answer(msgspec.Struct):
    sid: str | None = None
    code: int | None = None
    status: int | str | None = None
    error_code: int | None = None


_read_answer = msgspec.json.Decoder(_Answer).decode


def webhook_url(public_url: str, association: str, hook: str) -> str:
    """Where Twilio posts to; `hook` is message or status (WhatsApp), sms or sms_status, voice or voice_status."""
    return f"{public_url}/twilio/{association}/{hook}"


class TwilioChannel:
    """One sender of one account. `http` is shared, and closed by whoever made it."""

    name: str
    status_hook = "status"

    def __init__(
        self,
        association: str,
        account_sid: str,
        auth_token: str,
        public_url: str,
        http: Http,
        api_url: str = TWILIO,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.association = association
        self._account_sid, self._auth_token = account_sid, auth_token
        self._public_url, self._api_url = public_url.rstrip("/"), api_url.rstrip("/")
        self._http, self._clock = http, clock
        self._validator = RequestValidator(auth_token)
        self._authorization = "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = {**_FORM, "Authorization": self._authorization}
        self._messages_url = URL(f"{self._api_url}/2010-04-01/Accounts/{account_sid}/Messages.json")
        self._status_url = webhook_url(self._public_url, association, self.status_hook)

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        """`url` is the request's path and query as they came, unchanged (a host before them is ignored): the signature
        covers our public address, whatever a proxy makes of it. `headers` are found in lower case or as Twilio spells.
        """
        signature = headers.get("x-twilio-signature") or headers.get("X-Twilio-Signature") or ""
        try:
            fields = read_form(body)
            parts = urlsplit(url)
        except ValueError:  # Unparseable is one of them
            return False
        signed = self._public_url + parts.path + (f"?{parts.query}" if parts.query else "")
        expected = self._validator.compute_signature(signed, fields)
        if hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            return True
        # The library also tries the address with and without its port, on which Twilio is not of one mind.
        return bool(self._validator.validate(signed, fields, signature))

    def parse_status(self, body: bytes, url: str) -> StatusReport | Unused:
        """A status callback; `url` as in `verify`: its query carries our row. Raises Unparseable."""
        return read_status(body, url)

    def _callback(self, row: int) -> str:
        return f"{self._status_url}?row={row}{RETRIES}"

    def refusal(self, code: str) -> SendError:
        """What follows from a failure that a status callback told."""
        return error_for(code)

    async def _post(self, form: dict[str, str]) -> str:
        # Twilio reads the body as any form; yarl encodes Arabic ten times faster than urllib does.
        data = URL.build(query=form).raw_query_string.encode()
        try:
            status, body, headers = await self._http.ask_whole(
                "POST", self._messages_url, data=data, headers=self._headers
            )
        except NotSent:
            raise TryAgain("not_connected") from None
        except NotAnswered:
            raise Uncertain("no_answer") from None
        try:
            said = _read_answer(body)
        except msgspec.MsgspecError:
            said = _Answer()
        if not 200 <= status < 300:
            raise error_for_answer(status, str(said.code or ""), headers.get("Retry-After", ""))
        if said.error_code:
            raise error_for(str(said.error_code))
        if not said.sid:
            raise Uncertain("no_sid")
        return said.sid

    async def _client(self) -> Any:
        """Twilio's own client, imported off the loop: 100 ms would be felt by everybody in a conversation."""

        def make() -> Any:
            from bot.channels.twilio_client import make_client

            return make_client(self._http, self._account_sid, self._auth_token, self._api_url)

        return await asyncio.to_thread(make)

    @property
    def account(self) -> str:
        """The account's id: several channels may send by one."""
        return self._account_sid

    async def prices(self, since: date, after: str = "") -> Page:
        """A page of what the account's messages cost (twilio_prices.py). Raises a SendError."""
        return await ask(self._http, self._messages_url, self._authorization, since, after)

    async def fetch(self, source: str, at_most: int) -> bytes:
        return await fetch_media(self._http, self._api_url, self._authorization, source, at_most)

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        """Nobody can take another's message out of their phone."""
        return False

    async def close(self) -> None:
        """Nothing of its own is open: the session belongs to whoever made it."""


def with_link(text: str, link: Link | None) -> str:
    """`fit` has put the link into the text already; a say that did not pass it must not lose its link."""
    return text if link is None else f"{text}\n\n{link.title}: {link.url}".lstrip()
