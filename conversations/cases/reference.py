"""References of cases: HRF-7K2MP-4TWX6. Read aloud, typed on any keyboard, guessed by nobody.

- Thirty-one symbols, 2–9 and the letters without I, L and O: nothing that a tired eye takes for something else.
- Nine random symbols, 44 bits: the answers to an anonymous complaint are fetched by its reference alone.
- The last symbol is a check over prefix and body: a weighted sum modulo 31, which is prime, so that every mistyped
  symbol and every swap of two is found (weights are distinct and never 0).
- The body always holds a letter and a digit, so that no telephone number and no word is ever taken for one.
- The kind is not in it: what is read over a shoulder says nothing of a complaint.
"""

import hashlib
import re

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_BODY, _GROUP = 10, 5
# A prefix may hold I, L and O. Digits never stand in a prefix, so that these can borrow theirs.
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"I": 0, "L": 1, "O": 2}
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
_JOINTS = "[\\s\\-‐‑‒–—−_./ـ\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
_SEPARATORS = re.compile(f"{_JOINTS}+")
_WHOLE = re.compile(f"([A-Z]{{3}})?([{ALPHABET}]{{{_BODY}}})")
_WITH_PREFIX = re.compile(f"(?<![A-Z0-9])[A-Z]{{3}}(?:{_JOINTS}*[{ALPHABET}]){{{_BODY}}}(?![A-Z0-9])")
_BARE = re.compile(f"(?<![A-Z0-9])[{ALPHABET}]{{{_GROUP}}}{_JOINTS}?[{ALPHABET}]{{{_GROUP}}}(?![A-Z0-9])")


def new_reference(draw: bytes, prefix: str) -> str:
    """A fresh one out of random bytes (16 or more; the same bytes give the same reference). `prefix`: three capitals.
    Raises ValueError for too few bytes: a reference that can be guessed opens somebody's case."""
    if len(draw) < 16:
        raise ValueError(f"{len(draw)} random bytes are too few")
    while True:
        number, symbols = int.from_bytes(draw), ""
        for _ in range(_BODY - 1):
            number, value = divmod(number, len(ALPHABET))
            symbols += ALPHABET[value]
        if _mixed(symbols):
            return _written(prefix, symbols + _check(prefix, symbols))
        draw = hashlib.sha256(draw).digest()


def read_reference(text: str, prefix: str | None = None) -> str | None:
    """The reference that the whole text is, however it was typed: small letters, any digits, spaces, no dashes; without
    its prefix where `prefix` is known. None for anything else, another association's included."""
    found = _WHOLE.fullmatch(_SEPARATORS.sub("", _plain(text)))
    if not found:
        return None
    before, body = found[1] or prefix, found[2]
    if before is None or (prefix is not None and before != prefix):
        return None
    if not _mixed(body[:-1]) or body[-1] != _check(before, body[:-1]):
        return None
    return _written(before, body)


def find_reference(text: str, prefix: str | None = None) -> str | None:
    """The first reference inside a sentence."""
    plain = _plain(text)
    for shape in (_WITH_PREFIX, _BARE):
        for candidate in shape.finditer(plain):
            if reference := read_reference(candidate[0], prefix):
                return reference
    return None


def _plain(text: str) -> str:
    return text.translate(_DIGITS).upper()


def _mixed(symbols: str) -> bool:
    return any(symbol.isdigit() for symbol in symbols) and any(symbol.isalpha() for symbol in symbols)


def _check(prefix: str, symbols: str) -> str:
    # The check symbol weighs 1, the others 2, 3, … leftwards; all of it sums to 0.
    total = sum(weight * _VALUE[symbol] for weight, symbol in enumerate(reversed(prefix + symbols), 2))
    return ALPHABET[-total % len(ALPHABET)]


def _written(prefix: str, body: str) -> str:
    return f"{prefix}-{body[:_GROUP]}-{body[_GROUP:]}"
