"""A Saudi IBAN: SA and 22 characters, mod 97 = 1. A valid one proves its form, never whose account it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.answers.saudi_id import masked
from conversations.arabic.normalise import digits_of
from conversations.events import Event, Text

_SAUDI = re.compile(r"SA[0-9]{4}[0-9A-Z]{18}")
_ANY = re.compile(r"(?<![A-Z])([A-Z]{2})([0-9]{2}[0-9A-Z]{4,40})")
_BARE = re.compile(r"(?<![0-9])[0-9]{22}(?![0-9])")
_CARD = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")
_DIGITS = re.compile(r"[0-9]{5,}")


def is_iban(iban: str) -> bool:
    """Twenty-four characters of the Saudi form, mod 97 = 1. The country is checked as well."""
    from stdnum.iso7064 import mod_97_10

    return _SAUDI.fullmatch(iban) is not None and bool(mod_97_10.is_valid(iban[4:] + iban[:4]))


@dataclass(frozen=True)
class Iban(Answer):
    """A bank account's IBAN; the value is its 24 characters without spaces."""

    kind: ClassVar[str] = "iban"
    sensitive: ClassVar[bool] = True

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("iban.only")
        compact = digits_of(event.text[:300]).upper()
        if found := _SAUDI.search(compact):
            rest = compact[found.end() : found.end() + 1]
            if not (rest.isascii() and rest.isalnum()):
                return Got(found[0]) if is_iban(found[0]) else Again("iban.check")
        if bare := _BARE.search(compact):
            iban = "SA" + bare[0]
            return Got(iban) if is_iban(iban) else Again("iban.check")
        if other := _ANY.search(compact):
            if other[1] != "SA":
                return Again("iban.country")
            return Again("iban.length", {"found": len(other[0])})
        if _CARD.search(compact):
            return Again("iban.card")
        return Again("iban.start") if _DIGITS.search(compact) else Again("iban.only")

    def show(self, value: Any, language: str) -> str:
        return masked(value, language)

    def input(self) -> Mapping[str, Any]:
        return {
            "type": "text",
            "maxlength": 40,
            "autocomplete": "off",
            "autocapitalize": "characters",
            "dir": "ltr",
        }
