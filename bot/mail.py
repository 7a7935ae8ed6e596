"""E-mail to staff, by a relay: short, without personal data. Blocking work in a thread."""

import asyncio
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

SECONDS = 20


class MailFailed(Exception):
    """The relay did not take it. Holds no content."""


class Mail:
    """`url`: smtp://user:password@host:587 (STARTTLS), smtps://…:465, or smtp+plain://host:25 for a relay beside us."""

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._sender = urlsplit(url), sender

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises MailFailed."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        import smtplib
        import ssl

        url = self._url
        host = url.hostname or "localhost"
        try:
            if url.scheme == "smtps":
                relay: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, url.port or 465, timeout=SECONDS, context=ssl.create_default_context()
                )
            else:
                relay = smtplib.SMTP(host, url.port or 587, timeout=SECONDS)
            with relay:
                if url.scheme == "smtp":
                    relay.starttls(context=ssl.create_default_context())
                if url.username:
                    relay.login(unquote(url.username), unquote(url.password or ""))
                relay.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailFailed(type(error).__name__) from None
