"""An e-mail address; the domain in lower case, common slips of the big providers asked about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.arabic.normalise import ascii_digits, fold
from conversations.arabic.understand import command
from conversations.events import Event, Text

_EMAIL = re.compile(
    r"(?<![\w.+-])([A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,24})"
    r"(?![A-Za-z0-9@-])"
)
_MEANT: Mapping[str, str] = {
    slip: domain
    for domain, slips in {
        "gmail.com": "gmial.com gmai.com gmil.com gamil.com gmail.con gmail.co gmail.cm gmail.comm gmaill.com gmail.sa",
        "hotmail.com": "hotmial.com hotmil.com hotmai.com hotmail.con hotmail.co hotmaill.com homail.com",
        "outlook.com": "outlok.com outlook.con outlook.co outllok.com",
        "yahoo.com": "yaho.com yahoo.con yahoo.co yhoo.com yahooo.com",
        "icloud.com": "iclod.com icloud.con icloud.co icoud.com",
    }.items()
    for slip in slips.split()
}


def email_in(text: str) -> str | None:
    """The one address of a text, its domain in lower case; None where there is none, or several."""
    found = _EMAIL.findall(ascii_digits(text[:500]))
    if len(found) != 1:
        return None
    name, domain = found[0]
    return None if name.endswith(".") or ".." in name else f"{name}@{domain.lower()}"


@dataclass(frozen=True)
class Email(Answer):
    """One e-mail address. Whether it exists, only a letter to it can tell."""

    kind: ClassVar[str] = "email"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("email.only")
        found = email_in(event.text)
        if found is None:
            return Again("email.none" if command(fold(event.text)) == "dont_have" else "email.only")
        name, _, domain = found.partition("@")
        if domain in _MEANT:
            return Confirm(f"{name}@{_MEANT[domain]}", "email.confirm")
        return Got(found)

    def show(self, value: Any, language: str) -> str:
        return f"\u2066{value}\u2069"

    def input(self) -> Mapping[str, Any]:
        return {"type": "email", "inputmode": "email", "autocomplete": "email", "maxlength": 254, "dir": "ltr"}
