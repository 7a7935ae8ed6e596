"""An automatic call by Twilio Voice: says that there is news, reads the case's number and, where nothing of it is
confidential, where it stands, and takes one pressed key.

It says nothing else: whoever picks up a telephone is not known. What is said goes with the call itself (`Twiml`), so
that Twilio asks us only for what follows a pressed key, and tells how the call ended.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from yarl import URL

from bot.channels.http import Http
from bot.channels.twilio_channel import RETRIES, TWILIO, TwilioChannel, webhook_url
from bot.channels.twilio_inbound import read_form
from conversations.cases.calendar import Words

NAME = "voice"
ENGLISH = "Polly.Joanna"
RINGS = 30
"""Seconds until it is no answer."""
WAITS = 8
"""Seconds for a key."""
ENDED = ("completed", "busy", "no-answer", "failed", "canceled")
Pressed = Literal["staff", "heard", ""]
_KEYS: Mapping[str, Pressed] = {"1": "staff", "2": "heard"}


class Ended(NamedTuple):
    """How a call of a task ended: one of ENDED."""

    task: int
    status: str


class Voice(TwilioChannel):
    """One number of one association that calls. `voice` speaks Arabic (a Polly or Google voice of Twilio's)."""

    name = NAME
    status_hook = "voice_status"

    def __init__(
        self,
        association: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        voice: str,
        public_url: str,
        http: Http,
        api_url: str = TWILIO,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(association, account_sid, auth_token, public_url, http, api_url, clock)
        self._sender, self._voice = sender, voice
        self._messages_url = URL(f"{self._api_url}/2010-04-01/Accounts/{account_sid}/Calls.json")
        self._key_url = webhook_url(self._public_url, association, NAME)

    async def call(
        self, to: str, task: int, words: Words, language: str, reference: str, association: str, stands: str = ""
    ) -> str:
        """Ring this number; returns the call's sid. `stands`: where the case stands, if anybody may hear it. Raises a
        SendError."""
        form = {
            "To": to,
            "From": self._sender,
            "Twiml": self.news(task, words, language, reference, association, stands),
            "StatusCallback": self._callback(task),
            "StatusCallbackEvent": "completed",
            "Timeout": str(RINGS),
        }
        return await self._post(form)

    def news(self, task: int, words: Words, language: str, reference: str, association: str, stands: str = "") -> str:
        """What is said, twice, and the keys."""
        said = words("voice.news", association=association)
        spoken = self._say(language, said)
        if reference:
            spoken += self._say(language, words("voice.reference")) + self._spelled(language, reference)
        if stands:
            spoken += self._say(language, stands)
        spoken += self._say(language, words("voice.keys"))
        action = quoteattr(f"{self._key_url}?row={task}{RETRIES}")
        gather = f'<Gather numDigits="1" timeout="{WAITS}" action={action} method="POST">{spoken}</Gather>'
        return f"<Response>{gather * 2}{self._say(language, words('voice.bye'))}</Response>"

    def answer(self, pressed: Pressed, words: Words, language: str) -> str:
        said = words(f"voice.{pressed}" if pressed else "voice.bye")
        return f"<Response>{self._say(language, said)}<Hangup/></Response>"

    def pressed(self, body: bytes, url: str) -> tuple[int | None, Pressed]:
        """The task and the key. `url` as in `verify`. Raises Unparseable."""
        return _task(url), _KEYS.get(read_form(body).get("Digits", ""), "")

    def ended(self, body: bytes, url: str) -> Ended | None:
        """None for what is not the end of a call of ours. Raises Unparseable."""
        status, task = read_form(body).get("CallStatus", ""), _task(url)
        return Ended(task, status) if task is not None and status in ENDED else None

    def _say(self, language: str, text: str) -> str:
        return f"<Say voice={quoteattr(self._speaker(language))}>{escape(text)}</Say>"

    def _spelled(self, language: str, reference: str) -> str:
        """Letter by letter and digit by digit, with a pause where the number has a dash."""
        parts = [f'<say-as interpret-as="characters">{escape(part)}</say-as>' for part in reference.split("-") if part]
        text = '<break strength="strong"/>'.join(parts)
        return f"<Say voice={quoteattr(self._speaker(language))}>{text}</Say>"

    def _speaker(self, language: str) -> str:
        return ENGLISH if language == "en" else self._voice


def _task(url: str) -> int | None:
    row = read_form(url.partition("?")[2].partition("#")[0].encode()).get("row", "")
    return int(row) if row.isascii() and row.isdigit() and len(row) <= 19 else None
