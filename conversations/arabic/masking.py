"""Identity and bank numbers typed where they should not be: found and masked, whatever digits they are written in."""

import re

from conversations.arabic.normalise import ascii_digits

_IDENTITY = re.compile(r"(?<![0-9])[12](?:[ \-\u200e\u200f]?[0-9]){9}(?![0-9])")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[Ss][Aa](?:[ \-]?[0-9]){2}(?:[ \-]?[0-9A-Za-z]){20}(?![0-9A-Za-z])")
_ANY_NUMBER = re.compile(r"[0-9](?:[ .\-\u200b-\u200f]?[0-9]){5,}")
_LONG_DIGITS = re.compile(r"[0-9](?:[ \-\u200e\u200f]?[0-9]){9}")


def mask_secrets(text: str) -> str | None:
    """The text with every identity number and IBAN masked to its last four; None when it holds none."""
    plain = ascii_digits(text)
    if not _LONG_DIGITS.search(plain):
        return None
    masked = _IBAN.sub(_last_four, plain)
    masked = _IDENTITY.sub(lambda match: _last_four(match) if _is_identity(match[0]) else match[0], masked)
    return masked if masked != plain else None


def mask_numbers(text: str) -> str | None:
    """As `mask_secrets`, and every other long number: where a secret is asked for, a mistyped one is one as well."""
    plain = mask_secrets(text) or ascii_digits(text)
    masked = _ANY_NUMBER.sub(_last_four, plain)
    return masked if masked != ascii_digits(text) else None


def secrets_in(text: str) -> list[str]:
    """The numbers themselves, for the step that asks for them."""
    plain = ascii_digits(text)
    found = [match[0] for match in _IBAN.finditer(plain)]
    rest = _IBAN.sub(" ", plain)
    return found + [match[0] for match in _IDENTITY.finditer(rest) if _is_identity(match[0])]


def _last_four(match: re.Match[str]) -> str:
    return "••••" + match[0][-4:]


def _is_identity(number: str) -> bool:
    digits = [int(one) for one in number if one.isascii() and one.isdigit()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[::2]]
    return (sum(doubled) + sum(digits[1::2])) % 10 == 0
