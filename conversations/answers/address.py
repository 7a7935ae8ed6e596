"""The national short address (العنوان الوطني المختصر): four letters and four digits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.arabic.normalise import digits_of
from conversations.events import Event, Text

_SHORT = re.compile(r"(?<![A-Z0-9])[A-Z]{4}[0-9]{4}(?![A-Z0-9])")


def short_address_in(text: str) -> str | None:
    """The short address of a text, in capitals and without spaces, or None."""
    found = _SHORT.search(digits_of(text[:300]).upper())
    return found[0] if found else None


@dataclass(frozen=True)
class ShortAddress(Answer):
    """A national short address such as RRRD2929."""

    kind: ClassVar[str] = "short_address"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Text) and (address := short_address_in(event.text)):
            return Got(address)
        return Again("short_address.only")

    def show(self, value: Any, language: str) -> str:
        return f"\u2066{value}\u2069"

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "maxlength": 12, "autocapitalize": "characters", "dir": "ltr"}
