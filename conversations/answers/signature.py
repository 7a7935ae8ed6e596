"""Signing: one press on «أُقرّ وأوقّع», or one's name typed. What is kept beside it (wording, digest) is the flow's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.answers.text import clean
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command, yes_no
from conversations.events import Event, Press, Text
from conversations.says import Option
from conversations.wording import house_wording

_SIGNING = frozenset(
    map(
        fold,
        (
            "1",
            "أقر",
            "اقر وأوقع",
            "أقر واوقع",
            "أوقع",
            "أقر بذلك",
            "نعم أقر",
            "نقر ونوقع",
            "i sign",
            "sign",
            "i declare",
            "i declare and sign",
            "declare and sign",
        ),
    )
)


@dataclass(frozen=True)
class Signing(Answer):
    """The value is {"signed": true}, with "name" where one was typed. A typed name is asked about once more."""

    kind: ClassVar[str] = "signature"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            return Got({"signed": True}) if event.option == "sign" else Again("choice.old")
        if not isinstance(event, Text):
            return Again("signature.only")
        folded = fold(event.text[:200])
        if folded in _SIGNING:
            return Got({"signed": True})
        name = clean(event.text)
        if not _is_name(name, folded):
            return Again("signature.only")
        return Confirm({"signed": True, "name": name}, "signature.confirm")

    def options(self, language: str) -> tuple[Option, ...]:
        return (Option("sign", house_wording(language)("signature.sign")),)

    def show(self, value: Any, language: str) -> str:
        return str(value.get("name") or house_wording(language)("signature.shown"))

    def input(self) -> Mapping[str, Any]:
        return {"type": "radio"}


def _is_name(name: str, folded: str) -> bool:
    """Two to six words of letters alone, and no order and no yes or no."""
    words = name.replace("-", " ").split()
    return (
        2 <= len(words) <= 6
        and len(name) <= 80
        and all(word.replace(".", "").isalpha() for word in words)
        and command(folded) is None
        and yes_no(folded) is None
    )
