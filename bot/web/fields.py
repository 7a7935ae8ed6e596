"""A step as a field of a page: how it is asked, and how what was typed is heard by its own kind of answer.

The secure page and the desk's page for what came by other ways share this: a number is understood there exactly as it
is in the chat.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bot.web.body import Posted, Upload
from bot.web.page import Words
from bot.web.ports import FileInfo, FormField
from conversations.answers.contract import Again, Answer, Confirm, Got, Later
from conversations.events import Event, FileReady, Media, Press, Text

_ATTRIBUTES = (
    "inputmode",
    "maxlength",
    "autocomplete",
    "accept",
    "pattern",
    "placeholder",
    "min",
    "max",
    "step",
    "dir",
)


@dataclass(frozen=True, slots=True)
class Hearer:
    """What an answer may know while it hears."""

    language: str
    today: date


@dataclass(slots=True, kw_only=True)
class FieldView:
    """One field as the page shows it: what was typed, what was complained of, what it asks to confirm."""

    id: str
    label: str
    help: str
    kind: str
    """file, radio, checkbox, select, textarea or input."""
    optional: bool
    attributes: Mapping[str, Any]
    options: list[tuple[str, str, str]]
    typed: list[str] = field(default_factory=list)
    wrong: str = ""
    sure: str = ""
    """What the box that confirms this very text carries."""
    multiple: bool = False


@dataclass(slots=True)
class Filled:
    """A submitted page as it was heard."""

    values: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    sure: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, list[Upload]] = field(default_factory=dict)


def hear_typed(
    one: FormField, typed: list[str], hearer: Hearer, words: Words, form: Posted, filled: Filled, at: datetime
) -> None:
    """Sets the field's value, or what is wrong with it."""
    heard_all = [one.answer.hear(_event(one.answer, text, hearer, at), hearer) for text in typed]
    values = []
    for text, heard in zip(typed, heard_all, strict=True):
        match heard:
            case Got(value) | Later(value):
                values.append(value)
            case Confirm(value, key, args):
                if form.get(f"sure:{one.step}") != _fingerprint(text):
                    shown = one.answer.show(value, hearer.language)
                    filled.wrong[one.step] = words(key, **{"shown": shown, **(args or {})})
                    filled.sure[one.step] = _fingerprint(text)
                    return
                values.append(value)
            case Again(key, args):
                filled.wrong[one.step] = words(key, **(args or {}))
                return
    filled.values[one.step] = joined(one.answer, values)


def hear_file(answer: Answer, kept: FileInfo, hearer: Hearer, at: datetime) -> Got | Later | Again | Confirm:
    """An upload that is here already, as its kind hears it: on its way, and then with what it is."""
    kind: Any = "photo" if kept.kind in ("jpeg", "png", "webp", "heic") else "document"
    if answer.wants == "voice":
        kind = "voice"
    heard = answer.hear(Media(id="form", at=at, file=kept.id, kind=kind, name=kept.name, size=kept.size), hearer)
    if isinstance(heard, Later):
        heard = answer.hear(FileReady(id="form", at=at, file=kept.id, kind=kept.kind, size=kept.size), hearer)
    return heard


def _event(answer: Answer, text: str, hearer: Hearer, at: datetime) -> Event:
    if any(option.id == text for option in answer.options(hearer.language)):
        return Press(id="form", at=at, option=text)
    return Text(id="form", at=at, text=text)


def shape(answer: Answer, language: str) -> str:
    asked = str(answer.input().get("type", "text"))
    options = answer.options(language)
    if asked in ("file", "textarea"):
        return asked
    if asked == "checkbox" and options:
        return "checkbox"
    if options:
        return "radio" if len(options) <= 7 else "select"
    return "input"


def field_view(one: FormField, language: str) -> FieldView:
    asked = one.answer.input()
    attributes = {name: asked[name] for name in _ATTRIBUTES if asked.get(name) not in (None, "", False)}
    form = shape(one.answer, language)
    if form == "input":
        attributes["type"] = asked.get("type", "text")
    elif form == "textarea":
        attributes["rows"] = asked.get("rows", 5)
    return FieldView(
        id=one.step,
        label=one.label,
        help=one.help,
        kind=form,
        optional=one.optional,
        attributes=attributes,
        options=[(option.id, option.title, option.about) for option in one.answer.options(language)],
        typed=_typed_of(one),
        multiple=bool(asked.get("multiple")),
    )


def _typed_of(one: FormField) -> list[str]:
    """A value known before, as it would have been typed; nothing of a sensitive kind is sent back to a page."""
    value = one.value
    if value is None or one.answer.sensitive:
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, dict):
        return [str(value["iso"])] if "iso" in value else []
    if isinstance(value, list):
        return [part for part in value if isinstance(part, str)]
    return [str(value)]


def joined(answer: Answer, values: list[Any]) -> Any:
    """Several parts as one answer, where the kind knows how."""
    join = getattr(answer, "join", None)
    return join(values) if join else values[-1]


def _fingerprint(text: str) -> str:
    """Binds a «yes, that is what I meant» to the text it was said of."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
