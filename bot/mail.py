"""E-mail by a relay, to staff and to people: the one place that speaks SMTP. Blocking work in threads of its own.

A letter is handed over step by step, so that whoever sends knows what follows from a refusal: before the words have
been taken (DATA answered with 354) nothing was sent; after it a lost line means that it may have arrived.
"""

import asyncio
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, make_msgid
from functools import cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import smtplib
    import ssl

SECONDS = 20
"""Of one answer of the relay. Connecting and the six answers come quickly or not at all."""
IDLE = 20.0
"""Seconds a connection is kept for the next letter; relays hang up after some minutes."""
LETTERS = 90
"""On one connection; many relays take a hundred."""
WORKERS = 8
"""Letters on their way at once."""
Stage = Literal["connect", "login", "sender", "recipient", "data", "body"]
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_DOT = re.compile(rb"(?m)^\.")


class MailFailed(Exception):
    """The relay did not take it. `code` is its answer (0: none came), `status` the enhanced one (5.1.1) where it gave
    one. Holds no content and no address."""

    def __init__(self, why: str, stage: Stage = "connect", code: int = 0, status: str = "") -> None:
        super().__init__(why)
        self.stage, self.code, self.status = stage, code, status


class Relay:
    """`url`: smtp://user:password@host:587 (STARTTLS), smtps://…:465, or smtp+plain://host:25 for a relay beside us."""

    def __init__(self, url: str, *, seconds: float = SECONDS, keep: bool = True) -> None:
        self._url, self._seconds, self._keep = urlsplit(url), seconds, keep
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    async def send(self, message: EmailMessage, sender: str, to: str, envelope: str = "") -> None:
        """Hand one letter over. `sender` gets what bounces; `envelope` is the name under which a bounce speaks of it.

        Raises MailFailed."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(_threads(), self._send, message, sender, to, envelope)

    def _send(self, message: EmailMessage, sender: str, to: str, envelope: str) -> None:
        line = self._take()
        try:
            line.hand_over(message, sender, to, envelope)
        except MailFailed as error:
            lost = not error.code or error.code == 421
            if lost or not line.again():
                line.close()
            else:
                self._give_back(line)
            # The relay hung up while the line lay idle: nothing was said on it yet.
            if not (lost and line.sent and error.stage == "sender"):
                raise
        except BaseException:
            line.close()
            raise
        else:
            self._give_back(line)
            return
        line = self._connect()
        try:
            line.hand_over(message, sender, to, envelope)
        except BaseException:
            line.close()
            raise
        self._give_back(line)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def _take(self) -> "_Line":
        oldest = time.monotonic() - IDLE
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None:
                return self._connect()
            if line.at > oldest:
                return line
            line.close()

    def _give_back(self, line: "_Line") -> None:
        line.at = time.monotonic()
        if not self._keep or line.sent >= LETTERS:
            line.close()
            return
        with self._lock:
            self._idle.append(line)

    def _connect(self) -> "_Line":
        import smtplib

        url, host = self._url, self._url.hostname or "localhost"
        stage: Stage = "connect"
        relay: smtplib.SMTP | None = None
        try:
            if url.scheme == "smtps":
                relay = smtplib.SMTP_SSL(host, url.port or 465, timeout=self._seconds, context=_tls())
            else:
                relay = smtplib.SMTP(host, url.port or 587, timeout=self._seconds)
            relay.ehlo_or_helo_if_needed()
            stage = "login"
            if url.scheme == "smtp":
                relay.starttls(context=_tls())
                relay.ehlo_or_helo_if_needed()
            if url.username:
                relay.login(unquote(url.username), unquote(url.password or ""))
        except (OSError, smtplib.SMTPException) as error:
            if relay is not None:
                relay.close()
            raise _failed(error, stage) from None
        return _Line(relay)


class _Line:
    """A connection to the relay, between two letters."""

    def __init__(self, relay: "smtplib.SMTP") -> None:
        self.relay, self.sent, self.at = relay, 0, time.monotonic()

    def hand_over(self, message: EmailMessage, sender: str, to: str, envelope: str) -> None:
        """Raises MailFailed."""
        import smtplib

        relay = self.relay
        stage: Stage = "sender"
        plain = to.isascii() and sender.isascii()
        if not plain and not relay.has_extn("smtputf8"):
            raise MailFailed("no_smtputf8", "recipient", 553, "5.6.7")
        options = [] if plain else ["SMTPUTF8"]
        if envelope and relay.has_extn("dsn"):
            options += ["RET=HDRS", f"ENVID={envelope}"]
        try:
            data = message.as_bytes(policy=SMTP if plain else SMTPUTF8)
            _must(stage, relay.mail(sender, options), 250)
            stage = "recipient"
            _must(stage, relay.rcpt(to), 250, 251)
            stage = "data"
            _must(stage, relay.docmd("DATA"), 354)
            stage = "body"
            relay.send(_DOT.sub(b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            _must(stage, relay.getreply(), 250)
        except (OSError, smtplib.SMTPException) as error:
            raise _failed(error, stage) from None
        self.sent += 1

    def again(self) -> bool:
        """Ready for the next letter after a refusal."""
        import smtplib

        try:
            return self.relay.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def close(self) -> None:
        """Without a word: a relay that is away would keep us waiting for the answer to it."""
        self.relay.close()


class Mail:
    """Short e-mail to staff, without personal data."""

    def __init__(self, url: str, sender: str) -> None:
        self._relay, self._sender = Relay(url, keep=False), sender

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises MailFailed."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text, cte="base64")
        await self._relay.send(message, self._sender, to)


def _must(stage: Stage, answer: tuple[int, bytes], *wanted: int) -> None:
    code, words = answer
    if code not in wanted:
        raise MailFailed(str(code), stage, code if code > 0 else 0, _status(words))


def _failed(error: Exception, stage: Stage) -> MailFailed:
    """What the library raised, as what we know of it; never the relay's words, which may quote an address."""
    code = getattr(error, "smtp_code", 0)
    words = getattr(error, "smtp_error", b"")
    return MailFailed(type(error).__name__, stage, code if isinstance(code, int) and code > 0 else 0, _status(words))


def _status(words: bytes | str) -> str:
    said = words.decode("ascii", "replace") if isinstance(words, bytes) else words
    found = _STATUS.match(said)
    return found[1] if found else ""


@cache
def _threads() -> ThreadPoolExecutor:
    """Our own: a relay that hangs must not keep files waiting."""
    return ThreadPoolExecutor(WORKERS, "mail")


@cache
def _tls() -> "ssl.SSLContext":
    import ssl

    return ssl.create_default_context()
