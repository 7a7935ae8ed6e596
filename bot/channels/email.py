"""E-mail: one address of one association. Out by the relay of the house, in by whoever takes mail for that address and
posts it to us (bot/web/email.py). DKIM is the relay's affair.

Every mail carries our row in its Message-ID, sealed by a tag, so that what bounces finds its row and nobody makes one
up. There is nothing to press in a mail: options are numbered lines, and what answers them is a mail with the number.
"""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping

from bot.channels.contract import (
    AddressGone,
    Capabilities,
    Content,
    ContentRefused,
    FetchError,
    Incoming,
    SendError,
    StatusReport,
    Unused,
)
from bot.channels.email_errors import error_for, error_for_failure
from bot.channels.email_inbound import ADDRESS, Mail, read_mail
from bot.channels.email_look import Letter, letter
from bot.mail import MailFailed, Relay
from conversations.says import Say
from conversations.wording import Wording
from conversations.world import Traits
from storage.vault import Vault

NAME = "email"
TRAITS = Traits(name=NAME, numbered=True)
LONG = 50_000
CAPABILITIES = Capabilities(
    text=LONG,
    caption=LONG,
    rows=200,
    row_title=500,
    row_about=2000,
    body_with_options=LONG,
    controls=True,
)
FILE = 18 * 2**20
"""Bytes of an attachment; in a mail it grows by a third, and many relays take 25 MB."""


class Keys:
    """The name of a row in what travels with a mail: whoever reads it learns nothing, and nobody else can make one."""

    def __init__(self, vault: Vault, association: str) -> None:
        self._vault, self._association = vault, association

    def name_of(self, row: int) -> str:
        """The row and its tag, for a Message-ID."""
        return f"{row}.{self._vault.blind(self._association, 'email.row', str(row)).hex()[:16]}"

    def row_of(self, name: str) -> int | None:
        """None for a name that is none of ours."""
        row = name.partition(".")[0]
        if not (row.isascii() and row.isdecimal()) or not hmac.compare_digest(
            name.encode(), self.name_of(int(row)).encode()
        ):
            return None
        return int(row)

    def thread_of(self, handle: str) -> str:
        """Binds the mails of one person together in their mailbox."""
        return self._vault.blind(self._association, "email.thread", handle).hex()


class Email:
    """The Channel. `names` is what the association calls itself, by language: whole and short. `secret` is what posts
    of mail to us carry; empty: none is taken. `authserv` is the name of the server that checks senders (RFC 8601).
    `stop_url` gives the address that stops messages, for a row."""

    name = NAME
    pushes = True
    traits = TRAITS
    capabilities = CAPABILITIES

    def __init__(
        self,
        association: str,
        address: str,
        names: Mapping[str, tuple[str, str]],
        wording: Mapping[str, Wording],
        relay: Relay,
        keys: Keys,
        stop_url: Callable[[int], str],
        secret: str = "",
        authserv: str = "",
    ) -> None:
        self.association, self.address, self.keys = association, address.lower(), keys
        self._names, self._wording, self._relay = names, wording, relay
        self._stop_url, self._secret, self._authserv = stop_url, secret, authserv

    # --- in ---

    def verify(self, headers: Mapping[str, str], url: str, body: bytes) -> bool:
        """`Authorization: Bearer <secret>`, or Basic with it as the password."""
        way, _, given = (headers.get("authorization") or headers.get("Authorization") or "").partition(" ")
        if way.lower() == "basic":
            try:
                given = b64decode(given, validate=True).decode().partition(":")[2]
            except ValueError:
                return False
        elif way.lower() != "bearer":
            return False
        return bool(self._secret) and hmac.compare_digest(given.strip().encode(), self._secret.encode())

    def read(self, body: bytes) -> Mail | StatusReport | Unused:
        """One mail with the bytes of its files. Takes time where it is large. Raises Unparseable."""
        return read_mail(body, self.address, self.keys.row_of, self._authserv)

    def parse(self, body: bytes) -> list[Incoming | StatusReport | Unused]:
        """What became of our mails; what people wrote is taken in with its files by the page (bot/web/email.py)."""
        found = self.read(body)
        return [Unused("mail") if isinstance(found, Mail) else found]

    async def fetch(self, source: str, at_most: int) -> bytes:
        """Raises FetchError always: files are stored before their event is taken in."""
        raise FetchError("gone")

    # --- out ---

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        """One mail; its Message-ID. Sent again it has the same one, so that many mailboxes show it once."""
        if not ADDRESS.fullmatch(handle):
            raise AddressGone("mail_no_mailbox")
        if say.file is not None and attachment is None:
            raise ContentRefused("file_missing")
        if attachment is not None and len(attachment.data) > FILE:
            raise ContentRefused("mail_too_big")
        one = self.letter(handle, say, row)
        message = letter(one, attachment)
        try:
            await self._relay.send(message, self.address, handle, one.name)
            failed = None
        except MailFailed as error:
            failed = error_for_failure(error)
        if failed is not None:
            raise failed
        return str(message["Message-ID"])

    def letter(self, handle: str, say: Say, row: int) -> Letter:
        """All that makes the mail, without its file."""
        language = "ar" if any("\u0600" <= one <= "\u06ff" for one in say.text) else "en"
        whole, short = self._names[language]
        return Letter(
            sender=self.address,
            to=handle,
            whole=whole,
            short=short,
            language=language,
            words=self._wording[language],
            say=say,
            name=self.keys.name_of(row),
            thread=self.keys.thread_of(handle),
            stop_url=f"{self._stop_url(row)}?lang={language}",
        )

    def refusal(self, code: str) -> SendError:
        """What follows from a bounce."""
        return error_for(code)

    async def delete_message(self, handle: str, provider_id: str) -> bool:
        """A mailbox is its owner's."""
        return False

    async def close(self) -> None:
        self._relay.close()
