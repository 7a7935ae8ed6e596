"""SMS by Twilio: one sender of one association, a number or a name.

A name (the only kind that networks of Saudi Arabia take from an association) is one way: nobody can answer it, so no
choices are shown and the way to stop is a link in each message; to a number people write STOP. What is alike with
WhatsApp is in `twilio_channel`, the counting of segments in `sms_segments`.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from bot import metrics
from bot.channels.contract import Capabilities, Content, ContentRefused, Incoming, StatusReport, Unused
from bot.channels.http import Http
from bot.channels.sms_segments import UCS2_EACH, plain, segments
from bot.channels.twilio_channel import TWILIO, TwilioChannel, with_link
from bot.channels.twilio_content import language_of
from bot.channels.twilio_inbound import read_message
from conversations.says import Say
from conversations.wording import Wording
from conversations.world import Traits

NAME = "sms"
MOST_SEGMENTS = 6
"""Of one message in Arabic: more come late, out of order or not at all on simple phones."""
FOR_THE_WAY_OUT = 2
"""Segments of those that the link to stop may take."""


def _room(most: int, answers: bool) -> Capabilities:
    text = most * UCS2_EACH
    return Capabilities(text=text, body_with_options=text, files=False, links=False, answers=answers)


TWO_WAY, ONE_WAY = _room(MOST_SEGMENTS, True), _room(MOST_SEGMENTS - FOR_THE_WAY_OUT, False)


class Sms(TwilioChannel):
    """The Channel. `sender` is +…, or a name. `stop_url` gives the address that stops messages, for a row."""

    name = NAME
    pushes = True
    status_hook = "sms_status"
    # Whoever sends a text message can claim any number: only an answer to one of ours proves that it is theirs.
    traits = Traits(name=NAME, numbered=True)

    def __init__(
        self,
        association: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        public_url: str,
        http: Http,
        wording: Mapping[str, Wording],
        stop_url: Callable[[int], str],
        api_url: str = TWILIO,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(association, account_sid, auth_token, public_url, http, api_url, clock)
        self._sender, self._wording, self._stop_url = sender, wording, stop_url
        self.one_way = not sender.startswith("+")
        self.capabilities = ONE_WAY if self.one_way else TWO_WAY

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """A message. Raises Unparseable."""
        return read_message(body, self._sender, self._api_url, self._clock(), prefix="")

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        """One message, of as many segments as it takes; returns its MessageSid. Raises a SendError. A file goes as a
        link."""
        if not handle.startswith("+"):
            raise ContentRefused("no_such_number")
        text = _text(say)
        words = self._wording[language_of(say.text or (say.file.name if say.file else ""))]
        if say.file is not None:
            if attachment is None or not attachment.url:
                raise ContentRefused("file_without_address")
            text = f"{text}\n\n{words('sms.file', name=say.file.name, url=attachment.url)}".lstrip()
        if self.one_way:
            text = f"{text}\n\n{words('sms.stop', url=self._stop_url(row))}"
        body = plain(text)
        form = {"To": handle, "From": self._sender, "Body": body, "StatusCallback": self._callback(row)}
        sid = await self._post(form)
        metrics.sms_segments.labels(self.association).inc(segments(body))
        return sid

    async def ask_about(
        self, handle: str, say: Say, after: datetime, known: Collection[str] = ()
    ) -> StatusReport | None:
        """As for WhatsApp; the links below the text are another message's own, so only its beginning is compared."""
        from bot.channels.twilio_lookup import look_up

        begins = plain(_text(say)) or (say.file.name if say.file else "")
        return await look_up(await self._client(), self._sender, handle, {begins}, after, known, whole=False)


def _text(say: Say) -> str:
    return with_link(say.text, say.link)
