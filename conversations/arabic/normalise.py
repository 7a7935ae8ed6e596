"""One spelling for many: what people type, folded so that tables and look-ups can be written once.

Folding loses nothing that changes the meaning of a short message: it drops marks, joins the ways one letter is written,
makes every digit ASCII and punctuation a space. Tables are written as people write, and folded when they are built.
"""

import re
import unicodedata
from functools import lru_cache

_ONE_LETTER = str.maketrans("ٱىیېةہھەکگڤپ", "اييييههههكقفب"[:1] + "يييههههكقفب")
_KEPT = 4096
"""Code points remembered at most: a hostile text of all of Unicode must not stay in memory."""


class _Folds(dict[int, str]):
    """What a code point becomes, worked out once: NFKD takes أ, ؤ, ﻻ and é apart, then marks go."""

    def __missing__(self, point: int) -> str:
        folded = _fold_character(chr(point))
        if len(self) < _KEPT:
            self[point] = folded
        return folded


def _fold_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "So":
        # Emoji are kept, each a word of its own.
        return f" {character} " if unicodedata.normalize("NFKD", character) == character else " "
    if category in ("Mn", "Me", "Cf") or character in "ـء'’‘`´" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return ""
    if category[0] not in "LM":
        return " "
    parts = unicodedata.normalize("NFKD", character.lower()).translate(_ONE_LETTER)
    return "".join(
        part if part == " " or unicodedata.category(part)[0] == "L" else ""
        for part in unicodedata.normalize("NFKD", parts.lower())
        if part != "ء"
    )


_FOLDS = _Folds()
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_ONLY_QUESTION = re.compile(r"[\s?؟⸮！!.،]*[?؟⸮][\s?؟⸮!.،]*")


def fold(text: str) -> str:
    """Lower case, one form of each letter, ASCII digits, no marks, single spaces; runs of a letter shortened to one.

    A text of nothing but question marks becomes "?": it asks what something means.
    """
    folded = " ".join(text.translate(_FOLDS).split())
    if not folded:
        return "?" if _ONLY_QUESTION.fullmatch(text) else ""
    return _RUN.sub(r"\1", folded) if _RUN.search(folded) else folded


@lru_cache(maxsize=4096)
def fold_label(title: str) -> str:
    """The same, remembered: for what we say ourselves, again and again; never for what people write."""
    return fold(title)


_DIGITS = {
    ord(character): str(value)
    for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９")
    for value, character in enumerate(digits)
}
_SEPARATORS = dict.fromkeys(
    [
        *map(ord, " \t\r\n\v\f-_ـ\u00a0\u00ad\u061c\u2009\u202f\u2212\u3000\ufeff"),
        *range(0x200B, 0x2016),  # zero widths, direction marks, dashes
        *range(0x202A, 0x202F),
        *range(0x2060, 0x206A),
    ],
    "",
)
_COMPACT = _DIGITS | _SEPARATORS


def ascii_digits(text: str) -> str:
    """Arabic-Indic, Persian and full-width digits as ASCII; everything else as it was («²» is no digit)."""
    return text.translate(_DIGITS)


def digits_of(text: str) -> str:
    """The text with ASCII digits and without spaces, dashes and invisible marks, ready for an ASCII-only match.

    What is neither digit nor separator stays, so that a full match refuses it.
    """
    return text.translate(_COMPACT)
