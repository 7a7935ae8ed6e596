"""How a broadcast will look on each channel: said by the dialogue itself, cut as the channel cuts it.

Nothing here is a picture of the rules: the same turn, the same `fit`, the same templates and segments as at sending.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from bot import ways_out
from bot.channels.contract import Capabilities, Templated, fit
from conversations import notices, templates
from conversations.association.association import Association
from conversations.conversation import Address, Conversation
from conversations.engine import advance
from conversations.events import BroadcastSent
from conversations.says import Option, Say
from conversations.world import Traits, World
from storage.ids import new_id
from storage.templates import Kept
from storage.waves import Body

if TYPE_CHECKING:
    from bot.desk.at import At

CHANNELS = notices.MESSAGING
BUTTONS = ("/apply", "/track", "/menu", "/complain")
"""What a broadcast may offer: commands that every person may give at any time."""
TEMPLATE = "information_changed"
"""What may be said of a broadcast where WhatsApp's window is closed."""


class Shown(NamedTuple):
    """One wire message. `buttons` are titles; `file` is a name, `picture` whether it is one."""

    text: str
    buttons: tuple[str, ...] = ()
    file: str = ""
    picture: bool = False


class Look(NamedTuple):
    """`window`: open or closed, where the channel has one. `segments`: of a text message, in all. `template`: the state
    of what goes outside the window (approved, or why not)."""

    channel: str
    window: str
    connected: bool
    shown: tuple[Shown, ...]
    segments: int = 0
    template: str = ""
    subject: str = ""


def looks(at: "At", body: Body, language: str, kept: Mapping[tuple[str, str], Kept]) -> list[Look]:
    """Every channel in the order in which they are tried, WhatsApp twice: with its window open, and closed."""
    return [
        _look(at, body, language, channel, window, kept)
        for channel in CHANNELS
        for window in (("open", "closed") if traits_of(channel).window_hours else ("",))
    ]


def says_of(association: Association, body: Body, language: str, channel: str, window: str, now: datetime) -> list[Say]:
    """What the dialogue says there, message by message."""
    traits, can = _carriers()[channel]
    conversation = Conversation(
        association=association.slug,
        address=Address(channel, ""),
        language=language,
        last_at=None if window == "closed" else now,
    )
    event = event_of(body, "preview", now)
    turn = advance(conversation, event, World(association=association, now=now, seed=bytes(32), traits=traits))
    return [part for say in turn.says for part in fit(say, can)]


def event_of(body: Body, wave: str, now: datetime) -> BroadcastSent:
    return BroadcastSent(
        id=f"broadcast-{wave}",
        at=now,
        wave=wave,
        text=body.text,
        file=body.file,
        file_name=body.file_name,
        file_kind=body.file_kind,
        buttons=body.buttons,
        template=body.template,
    )


def messages_of(at: "At", body: Body, channel: str) -> int:
    """Wire messages a person gets there, in the language that takes more; segments of them for text messages."""
    if channel not in CHANNELS:
        return 1
    counts = []
    for language in body.text:
        says = says_of(at.association, body, language, channel, "open", at.now)
        counts.append(_segments(at, says) if channel == "sms" else len(says))
    return max(counts, default=1)


def traits_of(channel: str) -> Traits:
    return _carriers()[channel][0]


def _look(at: "At", body: Body, language: str, channel: str, window: str, kept: Mapping[tuple[str, str], Kept]) -> Look:
    account = at.desk.intake.channels.get((at.slug, channel))
    says = says_of(at.association, body, language, channel, window, at.now)
    words = at.association.wording[language]
    template = ""
    if window == "closed":
        approved = isinstance(account, Templated) and account.has_template(body.template, language)
        row = kept.get((body.template, language))
        template = "approved" if approved else row.state if row and row.state != "approved" else "none"
    shown = tuple(_shown(at.association, say, language) for say in says)
    short = at.association.profile.short_name.to(language)
    return Look(
        channel,
        window,
        account is not None,
        shown,
        segments=_segments(at, says) if channel == "sms" else 0,
        template=template,
        subject=words("email.subject.notice", short=short) if channel == "email" else "",
    )


def _shown(association: Association, say: Say, language: str) -> Shown:
    buttons: tuple[Option, ...] = (*say.options, *say.controls)
    text = say.text
    if say.template:
        words = association.wording[language]
        text = templates.body(say.template, words)
        for number, value in say.values.items():
            text = text.replace("{{" + number + "}}", value)
        pressed = templates.KINDS[say.template].button
        return Shown(text, (words("option.open_news"),) if pressed else ())
    name, kind = (say.file.name, say.file.kind) if say.file else ("", "")
    return Shown(text, tuple(one.title for one in buttons), name, kind in ("jpeg", "png", "webp"))


def _segments(at: "At", says: list[Say]) -> int:
    """With the link to stop that an account which nobody can answer puts below each."""
    from bot.channels.sms_segments import plain, segments

    account = at.desk.intake.channels.get((at.slug, "sms"))
    stop = ""
    if getattr(account, "one_way", False):
        url = ways_out.link(at.desk.vault, at.desk.site.public_url, at.slug, new_id())
        stop = "\n\n" + at.association.wording["ar"]("sms.stop", url=url)
    return sum(segments(plain((say.text or (say.file.name if say.file else "")) + stop)) for say in says)


@cache
def _carriers() -> dict[str, tuple[Traits, Capabilities]]:
    """By channel, whether or not an account of it is connected here."""
    from bot.channels import email, sms, telegram, web_chat, whatsapp

    return {
        "telegram": (Traits(name="telegram"), telegram.CAPABILITIES),
        "whatsapp": (whatsapp.WhatsApp.traits, whatsapp.WhatsApp.capabilities),
        "web_chat": (web_chat.WebChat.traits, web_chat.WebChat.capabilities),
        "sms": (sms.Sms.traits, sms.TWO_WAY),
        "email": (email.Email.traits, email.Email.capabilities),
    }
