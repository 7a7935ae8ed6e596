"""Identity numbers. The check proves the form of a number, never who holds it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.arabic.normalise import digits_of
from conversations.events import Event, Text
from conversations.wording import house_wording

_NUMBERS = re.compile(r"[0-9²³¹]+")
_FORM = re.compile(r"[12][0-9]{9}")


def is_saudi_id(digits: str) -> bool:
    """Ten ASCII digits, first 1 (citizen) or 2 (resident), Luhn over all ten."""
    if _FORM.fullmatch(digits) is None:
        return False
    from stdnum import luhn

    return bool(luhn.is_valid(digits))


def masked(value: Any, language: str) -> str:
    """Only how it ends: the last four characters, fewer of a short one."""
    text = str(value)
    return house_wording(language)("answer.ends", last=text[-4:] if len(text) >= 8 else text[-1:])


@dataclass(frozen=True)
class SaudiId(Answer):
    """A national or resident identity number: ten digits, first 1 or 2, Luhn check."""

    kind: ClassVar[str] = "saudi_id"
    sensitive: ClassVar[bool] = True

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("saudi_id.only")
        numbers = _NUMBERS.findall(digits_of(event.text))
        if not numbers:
            return Again("saudi_id.only")
        digits = next(filter(is_saudi_id, numbers), numbers[0])
        if len(digits) != 10:
            return Again("saudi_id.length", {"found": len(digits)})
        if digits[0] not in "12":
            return Again("saudi_id.prefix")
        return Got(digits) if is_saudi_id(digits) else Again("saudi_id.check")

    def show(self, value: Any, language: str) -> str:
        return masked(value, language)

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "inputmode": "numeric", "maxlength": 20, "autocomplete": "off", "dir": "ltr"}


_OTHER = re.compile(r"(?<![A-Z0-9])[A-Z0-9]{5,20}(?![A-Z0-9])")


@dataclass(frozen=True)
class Identity(Answer):
    """The number of another identity (GCC, passport, border number): 5 to 20 letters and digits, at least three digits.

    A number that looks Saudi must pass Saudi's check, so that a slip is not stored as something else.
    """

    kind: ClassVar[str] = "identity"
    sensitive: ClassVar[bool] = True

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("identity.only")
        found = [
            number
            for number in _OTHER.findall(digits_of(event.text).upper())
            if sum(character.isdigit() for character in number) >= 3
        ]
        if len(found) != 1:
            return Again("identity.only")
        number = found[0]
        if len(number) == 10 and number.isdigit() and number[0] in "12" and not is_saudi_id(number):
            return Again("saudi_id.check")
        return Got(number)

    def show(self, value: Any, language: str) -> str:
        return masked(value, language)

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "maxlength": 30, "autocomplete": "off", "dir": "ltr"}
