"""A commercial registration: ten digits, the old number or the unified one (which begins with 7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.arabic.normalise import digits_of
from conversations.events import Event, Text

_NUMBERS = re.compile(r"[0-9²³¹]+")


@dataclass(frozen=True)
class CrNumber(Answer):
    """The registration number of an organisation; the value is its ten digits. No check digit is published."""

    kind: ClassVar[str] = "cr_number"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("cr_number.only")
        numbers = _NUMBERS.findall(digits_of(event.text[:300]))
        if not numbers:
            return Again("cr_number.only")
        number = next((found for found in numbers if len(found) == 10), numbers[0])
        if len(number) != 10 or not number.isascii() or number[0] == "0":
            return Again("cr_number.length", {"found": len(number)})
        return Got(number)

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "inputmode": "numeric", "maxlength": 20, "dir": "ltr"}
