"""One association's group at the Bot API: its calls, and what follows from what Telegram answers.

Source: core.telegram.org/bots/api (createForumTopic, editForumTopic, closeForumTopic, reopenForumTopic,
deleteForumTopic, getForumTopicIconStickers, sendMessage). Only the wording of a 400 says what is the matter.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from bot.channels.contract import Content, ContentRefused, SendError, StopChannel, TryAgain, Uncertain
from bot.channels.http import NotAnswered, NotSent
from bot.channels.telegram import Telegram, refused, upload

TEXT, CAPTION, NAME = 4096, 1024, 128
"""Characters, as Telegram counts them: UTF-16 units."""
CALM, ALARMED = 7322096, 16478047
"""Colours of a new topic, blue and red; later only its emoji can be changed."""
ICONS_KEPT = 24 * 3600.0
_NO_PREVIEW = {"is_disabled": True}
_encode = msgspec.json.Encoder().encode


class TopicGone(SendError):
    """Somebody deleted the topic."""


class NotWorkable(SendError):
    """The bot cannot work in this group: thrown out, no right to manage topics, topics off, another id."""


class Unchanged(SendError):
    """It is so already."""


_ANSWERS: tuple[tuple[str, type[SendError], str], ...] = (
    # the first row whose words stand in the description counts
    ("thread not found", TopicGone, "topic_gone"),
    ("topic_deleted", TopicGone, "topic_gone"),
    ("topic_id_invalid", TopicGone, "topic_gone"),
    ("not_modified", Unchanged, "unchanged"),
    ("not modified", Unchanged, "unchanged"),
    ("not enough rights", NotWorkable, "no_right"),
    ("have no rights", NotWorkable, "no_right"),
    ("admin_required", NotWorkable, "no_right"),
    ("administrator rights", NotWorkable, "no_right"),
    ("not a forum", NotWorkable, "no_topics"),
    ("not_forum", NotWorkable, "no_topics"),
    ("chat not found", NotWorkable, "no_group"),
    ("upgraded to a supergroup", NotWorkable, "moved"),
)


class _Failed(msgspec.Struct):
    description: str = ""


class _Answer(msgspec.Struct):
    result: Any = None


_failed = msgspec.json.Decoder(_Failed).decode
_answer = msgspec.json.Decoder(_Answer).decode


class Found(NamedTuple):
    """What `wasl telegram connect` looks for."""

    title: str
    topics: bool
    administrator: bool
    manages: bool
    deletes: bool


class Group:
    """`chat` is the group's id, -100…"""

    def __init__(self, channel: Telegram, chat: str) -> None:
        self.channel, self.chat, self.association = channel, chat, channel.association
        self._icons: Mapping[str, str] | None = None
        self._icons_at = 0.0

    # --- topics; each raises TopicGone, NotWorkable, Unchanged, or what a channel's send raises ---

    async def create(self, name: str, icon: str, *, urgent: bool) -> int:
        """The number of the new topic."""
        more = {"icon_custom_emoji_id": icon} if icon else {}
        made = await self._call("createForumTopic", name=name, icon_color=ALARMED if urgent else CALM, **more)
        topic = made.get("message_thread_id") if isinstance(made, dict) else None
        if not isinstance(topic, int):
            raise Uncertain("no_answer")
        return topic

    async def edit(self, topic: int, name: str, icon: str) -> None:
        more = {"icon_custom_emoji_id": icon} if icon else {}
        await self._call("editForumTopic", message_thread_id=topic, name=name, **more)

    async def close(self, topic: int) -> None:
        await self._call("closeForumTopic", message_thread_id=topic)

    async def reopen(self, topic: int) -> None:
        await self._call("reopenForumTopic", message_thread_id=topic)

    async def delete(self, topic: int) -> None:
        """With all that stands in it."""
        await self._call("deleteForumTopic", message_thread_id=topic)

    async def say(self, topic: int, text: str) -> None:
        await self._call("sendMessage", message_thread_id=topic, text=text, link_preview_options=_NO_PREVIEW)

    async def send(self, topic: int, caption: str, file: Content) -> None:
        fields = {"chat_id": self.chat, "message_thread_id": str(topic)} | ({"caption": caption} if caption else {})
        method, form = upload(file, fields)
        await self._ask(method, form, {})

    async def icon(self, wanted: Sequence[str]) -> str:
        """The id of the first of these emoji that may be a topic's icon; empty where none is, or none can be asked."""
        if self._icons is None or time.monotonic() - self._icons_at > ICONS_KEPT:
            self._icons_at = time.monotonic()
            try:
                self._icons = _by_emoji(await self._ask("getForumTopicIconStickers", b"{}"))
            except SendError:
                self._icons = self._icons or {}
                self._icons_at -= ICONS_KEPT - 600  # asked again in ten minutes
        return next((self._icons[emoji] for emoji in wanted if emoji in self._icons), "")

    async def write_to(self, user: int, text: str) -> None:
        """To a worker in private, who wrote to the bot first."""
        await self._ask("sendMessage", _encode({"chat_id": user, "text": text, "link_preview_options": _NO_PREVIEW}))

    # --- set-up ---

    async def look(self) -> "Found":
        """What the group is, and what the bot may do there."""
        chat = await self._call("getChat")
        me = int((await self._ask("getMe", b"{}"))["id"])
        member = await self._call("getChatMember", user_id=me)
        return Found(
            title=str(chat.get("title", "")),
            topics=bool(chat.get("is_forum")),
            administrator=member.get("status") == "administrator",
            manages=bool(member.get("can_manage_topics")),
            deletes=bool(member.get("can_delete_messages")),
        )

    async def offer(self, language: str, commands: Mapping[str, str]) -> None:
        """The commands that Telegram shows in this group; an empty language is everybody else's."""
        given = [{"command": name, "description": what} for name, what in commands.items()]
        scope = {"type": "chat", "chat_id": int(self.chat)}
        await self._ask("setMyCommands", _encode({"commands": given, "scope": scope, "language_code": language}))

    # --- the wire ---

    async def _call(self, method: str, **parameters: Any) -> Any:
        return await self._ask(method, _encode({"chat_id": int(self.chat), **parameters}))

    async def _ask(self, method: str, data: Any, headers: Mapping[str, str] | None = None) -> Any:
        more = () if headers is None else (headers,)
        failed: SendError
        try:
            status, body = await self.channel.request(method, data, *more)
            if status == 200:
                return _answer(body).result
            failed = _meaning(status, body)
        except NotSent:
            failed = TryAgain("not_connected")
        except (NotAnswered, msgspec.DecodeError):
            failed = Uncertain("no_answer")
        # Raised out here: a library's error may quote what was sent.
        raise failed


def _meaning(status: int, body: bytes) -> SendError:
    if status == 403:
        return NotWorkable("no_group")
    if status == 400:
        try:
            words = _failed(body).description.lower()
        except msgspec.DecodeError:
            words = ""
        for part, error, code in _ANSWERS:
            if part in words:
                return error(code)
    error_ = refused(status, body)
    # A wrong token is every chat's affair, and delivery stops the account; anything else unknown is this message's.
    return error_ if isinstance(error_, TryAgain | Uncertain | StopChannel) else ContentRefused(error_.code)


def _by_emoji(stickers: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in stickers if isinstance(stickers, list) else ():
        emoji, id = one.get("emoji"), one.get("custom_emoji_id")
        if isinstance(emoji, str) and isinstance(id, str):
            found.setdefault(emoji.removesuffix("\ufe0f"), id)
    return found


def units(text: str) -> int:
    """The length as Telegram counts it."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def cut(text: str, limit: int) -> str:
    """At most so many units; what is cut off shows as an ellipsis."""
    if units(text) <= limit:
        return text
    kept = text[: limit - 1]
    while units(kept) > limit - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
