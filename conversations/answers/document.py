"""Papers and photos. A file is taken at once, and settled when its bytes are here.

A machine never refuses a blurred one: staff look, and may ask for another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing, Later
from conversations.answers.files import DOCUMENT_KINDS, PHOTO_KINDS, REFUSED
from conversations.events import Event, FileReady, FileRefused, Media
from conversations.wording import house_wording

_ACCEPT = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class Document(Answer):
    """A paper of one or more pages; the value is the list of its files' ids, in the order they came."""

    kind: ClassVar[str] = "document"
    burst: ClassVar[bool] = True
    wants: ClassVar[str] = "file"
    at_most: int = 1
    accepts: tuple[str, ...] = DOCUMENT_KINDS

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        match event:
            case Media(kind="photo" | "document" | "other"):
                return Later([event.file], event.file)
            case Media():
                return Again(f"{self.kind}.kind")
            case FileReady():
                return Got([event.file]) if event.kind in self.accepts else Again(f"{self.kind}.kind")
            case FileRefused():
                return Again(REFUSED[event.reason])
        return Again(f"{self.kind}.only")

    def join(self, values: Sequence[Any]) -> Any:
        """The pages of a burst as one answer, no more than `at_most` of them, none twice."""
        return list(dict.fromkeys(file for value in values for file in value))[: self.at_most]

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)("document.shown", count=len(value))

    def input(self) -> Mapping[str, Any]:
        accept = ",".join(_ACCEPT[kind] for kind in self.accepts)
        return {"type": "file", "accept": accept, "multiple": self.at_most > 1}


@dataclass(frozen=True)
class Photo(Document):
    """A photo, of damage or of a product."""

    kind: ClassVar[str] = "photo"
    accepts: tuple[str, ...] = PHOTO_KINDS
