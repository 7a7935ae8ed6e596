"""WhatsApp by Twilio: one sender of one association.

What SMS does alike is in `twilio_channel`. Webhooks are read in `twilio_inbound`, contents live in `twilio_content`,
errors in `twilio_errors`, media in `twilio_media`, questions in `twilio_lookup`, set-up in `twilio_connect`.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.channels.contract import Capabilities, Content, ContentRefused, Incoming, StatusReport, Unused
from bot.channels.http import Http
from bot.channels.twilio_channel import TWILIO, TwilioChannel, with_link
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
    language_of,
    make_content,
    shape_of,
)
from bot.channels.twilio_errors import CONTENT_CODES
from bot.channels.twilio_inbound import PREFIX, read_message
from conversations.says import Option, Say
from conversations.templates import fits
from conversations.wording import house_wording
from conversations.world import Traits

if TYPE_CHECKING:
    from bot.channels.twilio_sender import Standing
    from bot.channels.twilio_templates import Templates

TEXT = 1600
FILE, IMAGE = 16 * 2**20, 5 * 2**20
"""Bytes that WhatsApp takes."""


class WhatsApp(TwilioChannel):
    """The Channel. `sender` is +… (or whatsapp:+…)."""

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
        templates: Mapping[str, str] | None = None,
    ) -> None:
        """`templates`: contents (HX…) of the settings, by the kind that a say names: before those of the table."""
        super().__init__(association, account_sid, auth_token, public_url, http, api_url, clock)
        self._templates = templates or {}
        self.approved: Mapping[tuple[str, str], str] = {}
        """The contents that Meta approved, by kind and language: as the table of templates has them, read in rounds."""
        self._sender = sender.removeprefix(PREFIX)
        self._shelf = ContentShelf(contents, self._make_content)

    # --- in -----------------------------------------------------------------------------------------------------

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """A message. Raises Unparseable."""
        return read_message(body, self._sender, self._api_url, self._clock())

    # --- out ----------------------------------------------------------------------------------------------------

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        """One wire message; returns its MessageSid. Raises a SendError.

        Options go as buttons or a list where a content can be had, else as numbered lines; a say that names a template
        goes as that, and its own words stay in the transcript.
        """
        form = {
            "To": PREFIX + handle,
            "From": PREFIX + self._sender,
            "StatusCallback": self._callback(row),
        }
        if say.template:
            return await self._post(form | self._template(say))
        if say.file is not None:
            form["MediaUrl"] = _media_url(attachment)
            if say.text:
                form["Body"] = say.text
            return await self._post(form)
        text = with_link(say.text, say.link)
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

    def has_template(self, kind: str, language: str) -> bool:
        return bool(self._content_of(kind, language))

    def _content_of(self, kind: str, language: str) -> str:
        return self._templates.get(kind) or self.approved.get((kind, language), "")

    def at_twilio(self) -> "Templates":
        """This account's templates, where they are made and asked about."""
        from bot.channels.twilio_templates import Templates

        return Templates(self._http, self._account_sid, self._auth_token, self._api_url)

    def _template(self, say: Say) -> dict[str, str]:
        """What Meta refuses only after it was sent is refused here."""
        sid = self._content_of(say.template, language_of(say.text))
        if not sid:
            raise ContentRefused("no_template")
        if not fits(say.template, say.values):
            raise ContentRefused("template_variable")
        return {"ContentSid": sid, "ContentVariables": encode_values(say.values)}

    async def ask_about(
        self, handle: str, say: Say, after: datetime, known: Collection[str] = ()
    ) -> StatusReport | None:
        """What became of a send that no answer and no callback settled: the first message Twilio lists to this address
        since `after` that says the same and is not `known` to be another row's. None: Twilio has none.

        Raises TryAgain where Twilio cannot be asked now.
        """
        from bot.channels.twilio_lookup import look_up

        text = "" if say.file else with_link(say.text, say.link)
        texts = {text, numbered(text, say.options)}
        client = await self._client()
        return await look_up(client, PREFIX + self._sender, PREFIX + handle, texts, after, known)

    async def standing(self) -> "Standing | None":
        """How Meta rates our sender; None where Twilio does not know it. Raises TryAgain."""
        from bot.channels.twilio_sender import standing

        return await standing(await self._client(), PREFIX + self._sender)

    async def _make_content(self, shape: Shape) -> str:
        return await make_content(await self._client(), shape)


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


def list_button(language: str) -> str:
    return house_wording(language)("whatsapp.list_button")


def _media_url(attachment: Content | None) -> str:
    """Twilio fetches files from us: without an address of its own a file cannot go. Raises ContentRefused."""
    if attachment is None or not attachment.url:
        raise ContentRefused("file_without_address")
    if len(attachment.data) > (IMAGE if attachment.media_type.startswith("image/") else FILE):
        raise ContentRefused("file_too_big")
    return attachment.url
