"""A paper or words, whichever the person has: for what staff asked in words of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.answers.document import Document
from conversations.answers.text import LongText, shorten
from conversations.events import Event, FileReady, FileRefused, Media, Text
from conversations.wording import house_wording

_PAPER, _WORDS = Document(at_most=5), LongText(voice=False)


@dataclass(frozen=True)
class PaperOrWords(Answer):
    """The value is a list in the order it came: files by their ids, words as {"text": …}."""

    kind: ClassVar[str] = "paper_or_words"
    burst: ClassVar[bool] = True
    wants: ClassVar[str] = "text_or_file"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        match event:
            case Text():
                heard = _WORDS.hear(event, hearing)
                return Got([{"text": heard.value}]) if isinstance(heard, Got) else heard
            case Media(kind="photo" | "document" | "other") | FileReady() | FileRefused():
                return _PAPER.hear(event, hearing)
        return Again(f"{self.kind}.only")

    def join(self, values: Sequence[Any]) -> Any:
        parts = [part for value in values for part in value]
        files = list(dict.fromkeys(part for part in parts if isinstance(part, str)))[: _PAPER.at_most]
        return [part for part in parts if not isinstance(part, str)] + files

    def show(self, value: Any, language: str) -> str:
        words = [shorten(part["text"]) for part in value if not isinstance(part, str)]
        files = sum(isinstance(part, str) for part in value)
        if files:
            words.append(house_wording(language)("paper_or_words.files", count=files))
        return " · ".join(words)

    def input(self) -> Mapping[str, Any]:
        return _PAPER.input()
