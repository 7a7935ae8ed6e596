"""How a say looks on each channel, drawn in plain text: cut by the channel's own `fit`, laid out by its own code."""

from collections.abc import Callable
from typing import Any, NamedTuple

from bot.channels.contract import Capabilities, fit
from conversations.association.association import Association
from conversations.says import Option, Say

Draw = Callable[[Say, Association], str]


class Look(NamedTuple):
    traits: str
    """The channel's name where it plays (conversations/play.py)."""
    capabilities: Capabilities
    draw: Draw


def look(name: str) -> Look:
    """Raises KeyError for a channel that has none."""
    return _LOOKS[name]()


def names() -> tuple[str, ...]:
    return tuple(_LOOKS)


def looks_like(say: Say, how: Look, association: Association) -> list[str]:
    """The wire messages this becomes, one text each."""
    return [how.draw(part, association) for part in fit(say, how.capabilities)]


def _telegram() -> Look:
    from bot.channels.http import Http
    from bot.channels.telegram import CAPABILITIES, Telegram

    def draw(say: Say, association: Association) -> str:
        channel = Telegram(association.slug, "", "", "", Http(), association.wording)
        message = channel.message("0", say)
        markup: dict[str, Any] = message["reply_markup"]
        rows: list[list[dict[str, Any]]] = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return _lines(say, message["text"], (" ".join(map(_telegram_button, row)) for row in rows))

    return Look("telegram", CAPABILITIES, draw)


def _telegram_button(button: dict[str, Any]) -> str:
    url = button.get("url") or button.get("web_app", {}).get("url", "")
    return f"[{button['text']}]" + (f" → {url}" if url else "")


def _whatsapp() -> Look:
    from bot.channels.twilio_content import shape_of
    from bot.channels.whatsapp import WhatsApp, list_button, numbered

    def draw(say: Say, association: Association) -> str:
        if not say.options:
            return _lines(say, say.text, ())
        shaped = shape_of(say.text, say.options, say.prompt, list_button)
        if shaped is None:
            return _lines(say, numbered(say.text, say.options), ())
        if "twilio/quick-reply" in shaped[0].types:
            return _lines(say, say.text, (f"[{option.title}]" for option in say.options))
        button = list_button("ar" if any("\u0600" <= letter <= "\u06ff" for letter in say.text) else "en")
        return _lines(say, say.text, (f"[≡ {button}]", *map(_row, say.options)))

    return Look("whatsapp", WhatsApp.capabilities, draw)


def _sms() -> Look:
    from bot.channels.sms import TWO_WAY

    return Look("sms", TWO_WAY, lambda say, association: _lines(say, say.text, ()))


def _email() -> Look:
    from bot.channels.email import CAPABILITIES
    from bot.channels.email_look import below

    def draw(say: Say, association: Association) -> str:
        language = "ar" if any("\u0600" <= letter <= "\u06ff" for letter in say.text) else "en"
        return _lines(say, say.text, (f"\n{block}" for block in below(say, association.wording[language])))

    return Look("email", CAPABILITIES, draw)


def _web() -> Look:
    from bot.channels.web_chat import CAPABILITIES

    def draw(say: Say, association: Association) -> str:
        described = any(option.about for option in say.options)
        options = map(_row, say.options) if described else filter(None, (_beside(say.options, "[{}]"),))
        link = (f"[{say.link.title}] → {say.link.url}",) if say.link else ()
        return _lines(say, say.text, (*link, *options, *filter(None, (_beside(say.controls, "({})"),))))

    return Look("web_chat", CAPABILITIES, draw)


_LOOKS: dict[str, Callable[[], Look]] = {
    "web": _web,
    "telegram": _telegram,
    "whatsapp": _whatsapp,
    "sms": _sms,
    "email": _email,
}


def _lines(say: Say, text: str, below: Any) -> str:
    file = (f"📎 {say.file.name}",) if say.file else ()
    return "\n".join((*file, *((text,) if text else ()), *below))


def _row(option: Option) -> str:
    return f"  ▸ {option.title}" + (f" — {option.about}" if option.about else "")


def _beside(options: tuple[Option, ...], how: str) -> str:
    return " ".join(how.format(option.title) for option in options)
