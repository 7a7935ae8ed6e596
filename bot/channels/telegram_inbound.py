"""What Telegram sends us, read into what can happen to a conversation. Pure, but for the time of a press.

Only the fields that are used are decoded (core.telegram.org/bots/api, Update). A private chat is an address; the group
of the staff is read for bot/staff_group, other groups are counted and left alone.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from bot.channels.contract import Incoming, Unparseable, Unused, read_payload
from conversations.events import Contact, Location, Media, MediaKind, Opened, Press, Text

WANTED = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update asked for (`allowed_updates`), by webhook and by polling alike."""

Service = Literal["closed", "reopened", "lost", "moved"]


class InGroup(NamedTuple):
    """Something in the staff's group. `topic` is 0 outside of one; `file` is Telegram's own name of a file. `service`:
    a topic was closed or reopened, the bot may no longer work there (lost), the group has a new id (moved)."""

    key: str
    chat: str
    topic: int
    sender: int
    at: datetime
    text: str = ""
    file: str = ""
    file_name: str = ""
    kind: MediaKind | Literal[""] = ""
    service: Service | Literal[""] = ""
    edited: bool = False
    ours: bool = False
    """A bot opened the topic: this one, as a rule."""


_Moment = Annotated[int, msgspec.Meta(ge=0, le=2**33)]


class _User(msgspec.Struct):
    id: int
    language_code: str = ""
    is_bot: bool = False


class _Chat(msgspec.Struct):
    id: int
    type: str


class _File(msgspec.Struct):
    file_id: str
    file_name: str = ""
    file_size: int = 0
    width: int = 0


class _Place(msgspec.Struct):
    latitude: float
    longitude: float


class _Contact(msgspec.Struct):
    phone_number: str
    user_id: int = 0


class _Rich(msgspec.Struct):
    blocks: list[Any] = []


class _Root(msgspec.Struct):
    """What a message in a topic replies to, where it replies to nothing else: the topic's own beginning."""

    sender: _User | None = msgspec.field(default=None, name="from")
    forum_topic_created: Any = None


class _Message(msgspec.Struct):
    message_id: int
    chat: _Chat
    date: _Moment = 0
    sender: _User | None = msgspec.field(default=None, name="from")
    edit_date: _Moment = 0
    text: str = ""
    rich_message: _Rich | None = None
    caption: str = ""
    media_group_id: str = ""
    photo: list[_File] = []
    voice: _File | None = None
    audio: _File | None = None
    video: _File | None = None
    video_note: _File | None = None
    animation: _File | None = None
    document: _File | None = None
    sticker: _File | None = None
    location: _Place | None = None
    contact: _Contact | None = None
    message_thread_id: int = 0
    is_topic_message: bool = False
    reply_to_message: _Root | None = None
    forum_topic_closed: Any = None
    forum_topic_reopened: Any = None
    migrate_to_chat_id: int = 0


class _Press(msgspec.Struct):
    id: str
    sender: _User = msgspec.field(name="from")
    message: _Message | None = None
    data: str = ""


class _Member(msgspec.Struct):
    status: str


class _Membership(msgspec.Struct):
    chat: _Chat
    new_chat_member: _Member


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Press | None = None
    my_chat_member: _Membership | None = None


ANONYMOUS = 1087968824
"""@GroupAnonymousBot: an administrator who writes as the group. Nobody knows who that is."""

_decode = msgspec.json.Decoder(_Update).decode
_decode_many = msgspec.json.Decoder(list[msgspec.Raw]).decode

# A file comes under the name of its kind. An animation brings a document too, so the order matters.
_FILES: tuple[tuple[str, MediaKind], ...] = (
    ("voice", "voice"),
    ("audio", "audio"),
    ("video", "video"),
    ("video_note", "video"),
    ("animation", "video"),
    ("document", "document"),
    ("sticker", "sticker"),
)

Read = Incoming | Unused | InGroup


def read(body: bytes | msgspec.Raw, now: Callable[[], datetime], group: str = "") -> tuple[int, Read]:
    """One update: its number, and what it means. Raises Unparseable. `now` dates a press, which carries no time;
    `group` is the staff's chat."""
    try:
        update = _decode(body)
        return update.update_id, _in_group(update, group, now) or _meaning(update, now)
    except (msgspec.DecodeError, RecursionError):
        pass
    # Raised out here, so that the decoder's error, which may quote a value, is not its context.
    raise Unparseable("not an update")


def read_many(body: bytes | msgspec.Raw, now: Callable[[], datetime], group: str = "") -> tuple[list[Read], int]:
    """A page of getUpdates: what it means, and the highest number in it. One bad update spoils nothing else.

    Raises Unparseable when it is no list, or when not one number can be read."""
    found: list[Read] = []
    highest = -1
    try:
        updates = _decode_many(body)
    except (msgspec.DecodeError, RecursionError):
        updates = None
    if updates is None:
        raise Unparseable("not a list of updates")
    for raw in updates:
        try:
            number, meaning = read(raw, now, group)
        except Unparseable:
            number, meaning = _number(raw), Unused("unparseable")
        highest = max(highest, number)
        found.append(meaning)
    if updates and highest < 0:
        raise Unparseable("updates without a number")
    return found, highest


class _Numbered(msgspec.Struct):
    update_id: int


def _number(raw: msgspec.Raw) -> int:
    try:
        return msgspec.json.decode(raw, type=_Numbered).update_id
    except (msgspec.DecodeError, RecursionError):
        return -1


def _meaning(update: _Update, now: Callable[[], datetime]) -> Read:
    key = str(update.update_id)
    if update.message:
        return _message(key, update.message, edited=False)
    if update.callback_query:
        return _press(key, update.callback_query, now)
    if update.edited_message:
        return _message(key, update.edited_message, edited=True)
    if update.my_chat_member:
        return _membership(update.my_chat_member)
    return Unused("other_update")


def _in_group(update: _Update, group: str, now: Callable[[], datetime]) -> InGroup | None:
    """Of the staff's group; what bots do there, this one too, is nobody's act."""
    if not group:
        return None
    change, message = update.my_chat_member, update.message or update.edited_message
    key = str(update.update_id)
    if change is not None and str(change.chat.id) == group:
        able = change.new_chat_member.status == "administrator"
        return None if able else InGroup(key, group, 0, 0, now(), service="lost")
    if message is None or str(message.chat.id) != group:
        return None
    sender = message.sender
    if sender is None or (sender.is_bot and sender.id != ANONYMOUS):
        return None
    root = message.reply_to_message
    found = _file(message)
    return InGroup(
        key,
        group,
        message.message_thread_id if message.is_topic_message else 0,
        sender.id,
        datetime.fromtimestamp(message.edit_date or message.date, UTC),
        text=message.text or message.caption,
        file=found[1].file_id if found else "",
        file_name=found[1].file_name if found else "",
        kind=found[0] if found else "other" if message.location or message.contact else "",
        service=_service(message),
        edited=update.message is None,
        ours=root is not None and root.forum_topic_created is not None and bool(root.sender and root.sender.is_bot),
    )


def _service(message: _Message) -> Service | Literal[""]:
    if message.forum_topic_closed is not None:
        return "closed"
    if message.forum_topic_reopened is not None:
        return "reopened"
    return "moved" if message.migrate_to_chat_id else ""


def _membership(change: _Membership) -> Unused:
    """Telegram tells of blocking and unblocking. The send after it fails or works and says the same, and whoever
    restarts the bot also sends /start: an event here would greet twice."""
    if change.chat.type != "private":
        return Unused("group")
    return Unused("blocked" if change.new_chat_member.status == "kicked" else "unblocked")


def _press(key: str, press: _Press, now: Callable[[], datetime]) -> Read:
    if not press.data:
        return Unused("press_without_data")
    if press.message is None:
        return Unused("inline_press")
    if press.message.chat.type != "private":
        return Unused("group")
    option, prompt = read_payload(press.data)
    return Incoming(
        handle=str(press.message.chat.id),
        event=Press(id=key, at=now(), option=option, prompt=prompt),
        key=key,
        language=_language(press.sender),
        answer_to=press.id,
        provider_id=str(press.message.message_id),
    )


def _message(key: str, message: _Message, edited: bool) -> Read:
    if message.chat.type != "private":
        return Unused("channel_post" if message.chat.type == "channel" else "group")
    at = datetime.fromtimestamp(message.edit_date or message.date, UTC)
    event: Text | Opened | Media | Location | Contact
    source = ""
    text = message.text or (_plain(message.rich_message.blocks) if message.rich_message else "")
    if text:
        event = _text(key, at, text, edited)
    elif found := _file(message):
        kind, file = found
        source = file.file_id
        event = Media(
            id=key,
            at=at,
            file=_file_id(message),
            kind=kind,
            name=file.file_name,
            size=file.file_size,
            caption=message.caption,
            album=message.media_group_id,
        )
    elif edited:
        return Unused("edited_other")  # a live location moves on
    elif message.location:
        event = Location(id=key, at=at, latitude=message.location.latitude, longitude=message.location.longitude)
    elif message.contact:
        event = _contact(key, at, message.contact, message.sender)
    else:
        return Unused("other_message")
    return Incoming(
        handle=str(message.chat.id),
        event=event,
        key=key,
        source=source,
        language=_language(message.sender),
        provider_id=str(message.message_id),
    )


def _text(key: str, at: datetime, text: str, edited: bool) -> Text | Opened:
    command, _, payload = text.partition(" ")
    if command == "/start" and not edited:
        return Opened(id=key, at=at, payload=payload.strip())
    return Text(id=key, at=at, text=text, edited=edited)


def _file(message: _Message) -> tuple[MediaKind, _File] | None:
    if message.photo:
        return "photo", max(message.photo, key=lambda size: size.width)
    for name, kind in _FILES:
        if file := getattr(message, name):
            return kind, file
    return None


def _file_id(message: _Message) -> str:
    """The same for the same message; a picture put in another's place by editing is another file."""
    edit = f"-{message.edit_date}" if message.edit_date else ""
    return f"tg-{message.chat.id}-{message.message_id}{edit}"


def _contact(key: str, at: datetime, contact: _Contact, sender: _User | None) -> Contact:
    own = sender is not None and contact.user_id == sender.id
    phone = contact.phone_number
    # The number of one's own account is international, with or without its plus.
    return Contact(id=key, at=at, phone=f"+{phone}" if own and phone[:1].isdigit() else phone, own=own)


def _language(sender: _User | None) -> str:
    """The base of an IETF tag (`ar` of `ar-SA`)."""
    return sender.language_code.partition("-")[0] if sender else ""


# Where a rich message keeps words (RichBlock…, RichText…), in reading order.
_WORDS = ("label", "summary", "text", "expression", "alternative_text", "blocks", "items", "cells", "caption", "credit")


_IN_LINES = ("blocks", "items", "cells")


def _plain(node: Any, between: str = "\n") -> str:
    """The words of a rich message without their dress."""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return between.join(filter(None, (_plain(each, between) for each in node)))
    if isinstance(node, dict):
        parts = (_plain(node[name], "\n" if name in _IN_LINES else "") for name in _WORDS if name in node)
        return "\n".join(filter(None, parts))
    return ""
