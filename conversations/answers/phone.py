"""A mobile number, canonical as +9665XXXXXXXX; a foreign one as E.164."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.arabic.normalise import digits_of, fold
from conversations.events import Contact, Event, Text

_SAUDI = re.compile(r"(?<![0-9+])(?:\+966|00966|966)?0?(5[0-9]{8})(?![0-9])")
_LANDLINE = re.compile(r"(?<![0-9+])(?:(?:\+966|00966|966)0?|0)(1[1-9][0-9]{7})(?![0-9])")
_FOREIGN = re.compile(r"(?<![0-9+])(?:\+|00)([1-9][0-9]{6,14})(?![0-9])")
_DIGITS = re.compile(r"[0-9]+")
_THIS = re.compile(r"\b(نفس|هذا|هالرقم|الحالي|this|same)\b")
"""The number they write from: people say so, and are asked for its digits all the same."""
_BRACKETS = str.maketrans("", "", "().")


def phone_in(text: str) -> str | None:
    """The one phone number of a text, canonical; None where there is none, or where it cannot be one."""
    compact = digits_of(text).translate(_BRACKETS)
    if saudi := _SAUDI.search(compact):
        return "+966" + saudi[1]
    foreign = _FOREIGN.search(compact)
    if foreign is None or foreign[1].startswith("966"):
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + foreign[1])
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def own_phone(event: Contact) -> str | None:
    """The number of a contact as we keep numbers. Telegram leaves the plus out."""
    return phone_in(event.phone) or phone_in("+" + event.phone.lstrip("+"))


@dataclass(frozen=True)
class Phone(Answer):
    """A mobile: typed in any digits, or shared by the channel, which must vouch that it is the sender's own."""

    kind: ClassVar[str] = "phone"
    wants: ClassVar[str] = "contact"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Contact):
            if not event.own:
                return Again("phone.not_own")
            number = own_phone(event)
            return Got(number) if number else Again("phone.only")
        if not isinstance(event, Text):
            return Again("phone.only")
        if number := phone_in(event.text):
            return Got(number)
        compact = digits_of(event.text).translate(_BRACKETS)
        if _LANDLINE.search(compact):
            return Again("phone.landline")
        longest = max(_DIGITS.findall(compact), key=len, default="")
        if longest:
            return Again("phone.length", {"found": len(longest)})
        return Again("phone.this" if _THIS.search(fold(event.text)) else "phone.only")

    def show(self, value: Any, language: str) -> str:
        text = str(value)
        # Isolated, or an Arabic line would turn the plus to the other end.
        return "\u2066" + (f"0{text[4:]}" if text.startswith("+9665") else text) + "\u2069"

    def input(self) -> Mapping[str, Any]:
        return {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "maxlength": 25, "dir": "ltr"}
