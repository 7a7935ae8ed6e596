"""Words of one's own: a short line, or as much as it takes. A voice note is an accepted answer to the long kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing, Later
from conversations.answers.files import REFUSED, VOICE_KINDS
from conversations.events import Event, FileReady, FileRefused, Media, Text
from conversations.wording import house_wording


@dataclass(frozen=True)
class ShortText(Answer):
    """One line; the value is the text with its spaces squeezed. `most` characters."""

    kind: ClassVar[str] = "short_text"
    least: int = 1
    most: int = 200

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("short_text.only")
        text = clean(event.text)
        if len(text) < self.least or not any(character.isalnum() for character in text):
            return Again("short_text.empty")
        if len(text) > self.most:
            return Again("short_text.long", {"most": self.most, "found": len(text)})
        return Got(text)

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "maxlength": self.most}


@dataclass(frozen=True)
class LongText(Answer):
    """A story, typed over several messages or spoken.

    The value is a text, or {"voice": file}, or a list of both where someone typed and spoke.
    """

    kind: ClassVar[str] = "long_text"
    burst: ClassVar[bool] = True
    most: int = 4000
    voice: bool = True

    @property
    def wants(self) -> str:  # type: ignore[override]
        return "voice" if self.voice else "text"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        match event:
            case Text():
                text = clean(event.text, lines=True)
                if not any(character.isalnum() for character in text):
                    return Again("long_text.empty")
                if len(text) > self.most:
                    return Again("long_text.long", {"most": self.most, "found": len(text)})
                return Got(text)
            case Media(kind="voice" | "audio") if self.voice:
                return Later({"voice": event.file}, event.file)
            case FileReady() if self.voice:
                if event.kind in VOICE_KINDS:
                    return Got({"voice": event.file})
                return Again("voice.kind")
            case FileRefused():
                return Again(REFUSED[event.reason])
        return Again("long_text.only")

    def join(self, values: Sequence[Any]) -> Any:
        if all(isinstance(value, str) for value in values):
            return "\n".join(values)[: self.most]
        return values[0] if len(values) == 1 else list(values)

    def show(self, value: Any, language: str) -> str:
        if isinstance(value, list):
            return " · ".join(self.show(part, language) for part in value)
        if isinstance(value, dict):
            return house_wording(language)("voice.shown")
        return shorten(str(value))

    def input(self) -> Mapping[str, Any]:
        return {"type": "textarea", "maxlength": self.most, "rows": 5}


_UNSEEN = dict.fromkeys(
    [*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0x061C], " "
) | dict.fromkeys(range(0xD800, 0xE000), "")


def clean(text: str, lines: bool = False) -> str:
    """Without control characters, direction overrides and lone surrogates, spaces squeezed; lines kept where asked."""
    if lines:
        return "\n".join(line for part in text.splitlines() if (line := clean(part)))
    return " ".join(text.translate(_UNSEEN).split())


def shorten(text: str, most: int = 120) -> str:
    """One line for a read-back."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
