"""A voice note, for who prefers to speak."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing, Later
from conversations.answers.files import REFUSED, VOICE_KINDS
from conversations.events import Event, FileReady, FileRefused, Media
from conversations.wording import house_wording


@dataclass(frozen=True)
class Voice(Answer):
    """A recording; the value is {"voice": file}."""

    kind: ClassVar[str] = "voice"
    wants: ClassVar[str] = "voice"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        match event:
            case Media(kind="voice" | "audio"):
                return Later({"voice": event.file}, event.file)
            case FileReady():
                return Got({"voice": event.file}) if event.kind in VOICE_KINDS else Again("voice.kind")
            case FileRefused():
                return Again(REFUSED[event.reason])
        return Again("voice.only")

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)("voice.shown")

    def input(self) -> Mapping[str, Any]:
        return {"type": "file", "accept": "audio/*", "capture": "user"}
