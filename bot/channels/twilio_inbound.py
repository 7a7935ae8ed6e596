"""What Twilio posts to us, read: messages and status callbacks, form-encoded. Pure; raises only Unparseable.

Source: Twilio's guides "request to your incoming message webhook URL" and "outbound message status in callbacks".
Parameters are added there without notice, so what we do not know is ignored. ProfileName is never used as a name, and
a reply to an older message (OriginalRepliedMessageSid) is a message like any other.
"""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from multidict import MultiMapping
from yarl import URL

from bot.channels.contract import Incoming, Status, StatusReport, Unparseable, Unused, read_payload
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command
from conversations.events import Event, Location, Media, MediaKind, Press, Text

PREFIX = "whatsapp:"
MOST_MEDIA = 10
"""Media in one message, as Twilio documents NumMedia."""

STATUS: dict[str, Status] = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "accepted",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}
_KINDS: tuple[tuple[str, MediaKind], ...] = (
    ("image/webp", "sticker"),  # WhatsApp sends photos as JPEG, and only stickers as WebP
    ("image/", "photo"),
    ("audio/ogg", "voice"),
    ("audio/", "audio"),
    ("video/", "video"),
    ("text/vcard", "other"),
    ("text/x-vcard", "other"),
    ("", "document"),
)
_MEDIA_PATH = re.compile(r"/2010-04-01/Accounts/[0-9A-Za-z]{1,64}/Messages/[0-9A-Za-z]{1,64}/Media/[0-9A-Za-z]{1,64}")

_NUMBER = re.compile(r"\+[1-9]\d{4,14}", re.ASCII)
_OPT_OUTS = {"STOP": "stop", "START": "start"}

Fields = MultiMapping[str]


def read_form(body: bytes) -> Fields:
    """The parameters of a form-encoded body, blank ones and repeated ones kept. Raises Unparseable.

    yarl decodes Arabic ten times faster than urllib does, to the same values, and remembers the last bodies: what was
    read to be verified is not read again to be parsed.
    """
    try:
        return URL.build(query_string=body.decode(), encoded=True).query
    except ValueError:
        raise Unparseable("not a form") from None


def host_is_twilio(host: str) -> bool:
    return host == "twilio.com" or host.endswith(".twilio.com")


def media_path(url: str, api_url: str) -> str:
    """The path of a medium at the provider, without its host; "" where the link leads anywhere else than there."""
    try:
        link, api = urlsplit(url), urlsplit(api_url)
        at_home = (link.scheme, link.netloc) == (api.scheme, api.netloc)
        at_twilio = (
            link.scheme == "https"
            and host_is_twilio(api.hostname or "")
            and host_is_twilio(link.hostname or "")
            and link.netloc == link.hostname
        )
    except ValueError:
        return ""
    return link.path if (at_home or at_twilio) and _MEDIA_PATH.fullmatch(link.path) else ""


def read_message(
    body: bytes, sender: str, api_url: str, now: datetime, prefix: str = PREFIX
) -> list[Incoming | StatusReport | Unused]:
    """One Incoming a message, or one a medium. `sender` is our own number; Twilio says no time, so `now` is its time.
    `prefix` stands before the addresses of the channel: none for SMS.

    A message to another sender of the same account is Unused: it belongs to somebody else.
    """
    fields = read_form(body)
    if "MessageStatus" in fields:
        return [read_status(body, "")]
    sid = _sid(fields)
    address = fields.get("From", "")
    if not address:
        raise Unparseable("no sender")
    if not (address.startswith(prefix) if prefix else _NUMBER.fullmatch(address)):
        return [Unused("not_whatsapp" if prefix else "not_a_number")]
    if fields.get("To", sender).removeprefix(prefix) != sender:
        return [Unused("another_sender")]
    # Since usernames exist a person may have no number here: then From carries the user id, or nothing but its prefix.
    user = fields.get("ExternalUserId", "")
    handle = address.removeprefix(prefix).strip() or user
    if not handle or len(handle) > 200 or not handle.isprintable():
        raise Unparseable("no sender")
    events = list(_events(fields, sid, api_url, now))
    return [
        Incoming(handle=handle, event=event, key=event.id, source=source, provider_id=sid, payload=user)
        for event, source in events
    ] or [Unused(_unused(fields))]


def _events(fields: Fields, sid: str, api_url: str, now: datetime) -> Iterator[tuple[Event, str]]:
    text = _meant(fields.get("Body", ""), fields.get("OptOutType", ""))
    pressed = fields.get("ListId") or fields.get("ButtonPayload")
    place = _place(fields)
    if pressed:
        option, prompt = read_payload(pressed)
        yield Press(id=sid, at=now, option=option, prompt=prompt), ""
    elif count := _count(fields):
        for index in range(count):
            media_type = fields.get(f"MediaContentType{index}", "").lower()
            yield (
                Media(
                    id=f"{sid}:{index}",
                    at=now,
                    file=f"tw-{sid}-{index}",
                    kind=next(kind for start, kind in _KINDS if media_type.startswith(start)),
                    name="contact.vcf" if "vcard" in media_type else "",
                    caption=text if index == 0 else "",
                    album=sid if count > 1 else "",
                ),
                media_path(fields.get(f"MediaUrl{index}", ""), api_url),
            )
    elif place:
        yield Location(id=sid, at=now, latitude=place[0], longitude=place[1]), ""
    elif said := text or fields.get("ListTitle", "") or fields.get("ButtonText", ""):
        yield Text(id=sid, at=now, text=said), ""


def _meant(text: str, opt_out: str) -> str:
    """Twilio reads stop words too, those among them that an account has set for itself: what it took for one is one."""
    word = _OPT_OUTS.get(opt_out)
    return opt_out if word and command(fold(text)) != word else text


def _sid(fields: Fields) -> str:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not (0 < len(sid) <= 64 and sid.isascii() and sid.isalnum()):
        raise Unparseable("no MessageSid")
    return sid


def _count(fields: Fields) -> int:
    number = fields.get("NumMedia", "0")
    if not (number.isascii() and number.isdigit() and len(number) <= 3):
        raise Unparseable("NumMedia")
    return min(int(number), MOST_MEDIA)


def _place(fields: Fields) -> tuple[float, float] | None:
    try:
        latitude, longitude = float(fields["Latitude"]), float(fields["Longitude"])
    except (KeyError, ValueError):
        return None
    fine = math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if fine else None


def _unused(fields: Fields) -> str:
    kind = fields.get("MessageType", "")
    return f"message_{kind}" if kind.isascii() and kind.isalpha() and len(kind) <= 20 else "message_empty"


def read_status(body: bytes, url: str) -> StatusReport | Unused:
    """What became of a message of ours. `url` is the callback's, whose query carries our row. Raises Unparseable."""
    fields = read_form(body)
    sid = _sid(fields)
    said = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
    status = STATUS.get(said)
    if status is None:
        return Unused("status")
    code = fields.get("ErrorCode", "")
    return StatusReport(
        key=f"{sid}:{said}",
        status=status,
        row=_row(url),
        provider_id=sid,
        code=code if code.isascii() and code.isdigit() and len(code) <= 8 else "",
    )


def _row(url: str) -> int | None:
    row = read_form(url.partition("?")[2].partition("#")[0].encode()).get("row", "")
    return int(row) if row.isascii() and row.isdigit() and len(row) <= 19 else None
