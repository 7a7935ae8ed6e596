"""WhatsApp by Twilio: one sender of one association.

A send is one form posted over the shared connections; Twilio's library, which costs half as much again and 100 ms to
import, serves for the rest. Webhooks are read in `twilio_inbound`, contents live in `twilio_content`, errors in
`twilio_errors`, media in `twilio_media`, questions in `twilio_lookup`, set-up in `twilio_connect`.
"""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from twilio.request_validator import RequestValidator
from yarl import URL

from bot.channels.contract import (
    Capabilities,
    Content,
    ContentRefused,
    Incoming,
    SendError,
    StatusReport,
    TryAgain,
    Uncertain,
    Unused,
)
from bot.channels.http import Http, NotAnswered, NotSent
from bot.channels.twilio_content import (
    BODY,
    BUTTON_TITLE,
    MOST_BUTTONS,
    MOST_ROWS,
    ROW_ABOUT,
    ROW_TITLE,
    Contents,
    ContentShelf,
    Shape,
    encode_values,
    make_content,
    shape_of,
)
from bot.channels.twilio_errors import CONTENT_CODES, error_for, error_for_answer
from bot.channels.twilio_inbound import PREFIX, read_form, read_message, read_status
from bot.channels.twilio_media import fetch_media
from conversations.says import Link, Option, Say
from conversations.wording import house_wording
from conversations.world import Traits

TWILIO = "https://api.twilio.com"
RETRIES = "#rc=3&rp=all"
"""Asks Twilio for three more attempts at a webhook, whatever went wrong (its "connection overrides"). Twilio cuts the
fragment off before it calls and signs."""

TEXT = 1600
FILE, IMAGE = 16 * 2**20, 5 * 2**20
"""Bytes that WhatsApp takes."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class _Answer(msgspec.Struct):
    sid: str | None = None
    code: int | None = None
    status: int | str | None = None
    error_code: int | None = None


_read_answer = msgspec.json.Decoder(_Answer).decode


def webhook_url(public_url: str, association: str, hook: str) -> str:
    """Where Twilio posts to; `hook` is message or status."""
    return f"{public_url}/twilio/{association}/{hook}"


class WhatsApp:
    """The Channel. `http` is shared, and closed by whoever made it; `sender` is +… (or whatsapp:+…)."""

    name = "whatsapp"
    pushes = True
    # Only of handles that begin with "+": others are user ids, and say nothing of a number.
    traits = Traits(name="whatsapp", proves_phone=True, window_hours=24)
    # No text beside a file: WhatsApp drops it beside anything but a picture.
    capabilities = Capabilities(
        text=TEXT,
        buttons=MOST_BUTTONS,
        button_title=BUTTON_TITLE,
        rows=MOST_ROWS,
        row_title=ROW_TITLE,
        row_about=ROW_ABOUT,
        body_with_options=BODY,
        links=False,
    )

    def __init__(
        self,
        association: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        public_url: str,
        http: Http,
        contents: Contents,
        api_url: str = TWILIO,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        templates: Mapping[str, tuple[str, Mapping[str, str]]] | None = None,
    ) -> None:
        """`templates`: approved ones, by the kind that a say names: the content's id (HX…) and its variables."""
        self.association = association
        self.templates = templates or {}
        self._account_sid, self._auth_token = account_sid, auth_token
        self._sender = sender.removeprefix(PREFIX)
        self._public_url, self._api_url = public_url.rstrip("/"), api_url.rstrip("/")
        self._http, self._clock = http, clock
        self._shelf = ContentShelf(contents, self._make_content)
        self._validator = RequestValidator(auth_token)
        self._authorization = "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = {**_FORM, "Authorization": self._authorization}
        self._messages_url = URL(f"{self._api_url}/2010-04-01/Accounts/{account_sid}/Messages.json")
        self._status_url = webhook_url(self._public_url, association, "status")

    # --- in -----------------------------------------------------------------------------------------------------

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

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """A message. Raises Unparseable."""
        return read_message(body, self._sender, self._api_url, self._clock())

    def parse_status(self, body: bytes, url: str) -> StatusReport | Unused:
        """A status callback; `url` as in `verify`: its query carries our row. Raises Unparseable."""
        return read_status(body, url)

    # --- out ----------------------------------------------------------------------------------------------------

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        """One wire message; returns its MessageSid. Raises a SendError.

        Options go as buttons or a list where a content can be had, else as numbered lines; a say that names a template
        goes as that, and its own words stay in the transcript.
        """
        form = {
            "To": PREFIX + handle,
            "From": PREFIX + self._sender,
            "StatusCallback": f"{self._status_url}?row={row}{RETRIES}",
        }
        if say.template:
            return await self._post(form | self._template(say.template))
        if say.file is not None:
            form["MediaUrl"] = _media_url(attachment)
            if say.text:
                form["Body"] = say.text
            return await self._post(form)
        text = _with_link(say.text, say.link)
        if say.options and (shaped := shape_of(text, say.options, say.prompt, list_button)):
            shape, values = shaped
            if sid := await self._shelf.sid_of(shape):
                try:
                    return await self._post(form | {"ContentSid": sid, "ContentVariables": encode_values(values)})
                except ContentRefused as error:
                    if error.code not in CONTENT_CODES:
                        raise
                    await self._shelf.forget(shape)
        return await self._post(form | {"Body": numbered(text, say.options) if say.options else text})

    def _template(self, kind: str) -> dict[str, str]:
        sid, values = self.templates.get(kind, ("", {}))
        if not sid:
            raise ContentRefused("no_template")
        return {"ContentSid": sid} | ({"ContentVariables": encode_values(dict(values))} if values else {})

    async def ask_about(
        self, handle: str, say: Say, after: datetime, known: Collection[str] = ()
    ) -> StatusReport | None:
        """What became of a send that no answer and no callback settled: the first message Twilio lists to this address
        since `after` that says the same and is not `known` to be another row's. None: Twilio has none.

        Raises TryAgain where Twilio cannot be asked now.
        """
        from bot.channels.twilio_lookup import look_up

        text = "" if say.file else _with_link(say.text, say.link)
        texts = {text, numbered(text, say.options)}
        client = await self._client()
        return await look_up(client, PREFIX + self._sender, PREFIX + handle, texts, after, known)

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

    async def _make_content(self, shape: Shape) -> str:
        return await make_content(await self._client(), shape)

    async def _client(self) -> Any:
        """Twilio's own client, imported off the loop: 100 ms would be felt by everybody in a conversation."""

        def make() -> Any:
            from bot.channels.twilio_client import make_client

            return make_client(self._http, self._account_sid, self._auth_token, self._api_url)

        return await asyncio.to_thread(make)

    async def fetch(self, source: str, at_most: int) -> bytes:
        return await fetch_media(self._http, self._api_url, self._authorization, source, at_most)

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        """WhatsApp lets nobody take another's message out of the chat."""
        return False

    async def close(self) -> None:
        """Nothing of its own is open: the session belongs to whoever made it."""


def numbered(text: str, options: tuple[Option, ...]) -> str:
    """The options as numbered lines below the text; their descriptions only where all of them still fit."""
    for described in (True, False):
        lines = [
            f"{number}. {option.title}" + (f": {option.about}" if option.about and described else "")
            for number, option in enumerate(options, 1)
        ]
        whole = "\n".join([text, "", *lines] if text else lines)
        if len(whole) <= TEXT:
            break
    return whole


def _with_link(text: str, link: Link | None) -> str:
    """`fit` has put the link into the text already; a say that did not pass it must not lose its link."""
    return text if link is None else f"{text}\n\n{link.title}: {link.url}".lstrip()


def list_button(language: str) -> str:
    return house_wording(language)("whatsapp.list_button")


def _media_url(attachment: Content | None) -> str:
    """Twilio fetches files from us: without an address of its own a file cannot go. Raises ContentRefused."""
    if attachment is None or not attachment.url:
        raise ContentRefused("file_without_address")
    if len(attachment.data) > (IMAGE if attachment.media_type.startswith("image/") else FILE):
        raise ContentRefused("file_too_big")
    return attachment.url
