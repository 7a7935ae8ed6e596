"""How many and how much: typed in any digits, with separators and units, or in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.arabic.normalise import ascii_digits, fold
from conversations.events import Event, Text
from conversations.wording import house_wording

_NUMBER = re.compile(r"(?<![0-9])-?[0-9]{1,15}(?:[,.٬٫'][0-9]{1,3})*(?![0-9])")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_LOOKS_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_UNITS: Mapping[str, int] = {
    fold(word): value
    for value, words in {
        0: "صفر ولا_شيء لا_شي لا_يوجد ما_عندي لا_احد ولا_واحد zero none nothing",
        1: "واحد واحدة وحدة one",
        2: "اثنين اثنان ثنين اثنتين اثنتان ثنتين two",
        3: "ثلاثة ثلاث ثلاثه تلاتة three",
        4: "أربعة اربع four",
        5: "خمسة خمس five",
        6: "ستة ست six",
        7: "سبعة سبع seven",
        8: "ثمانية ثمان ثماني ثمانيه eight",
        9: "تسعة تسع nine",
        10: "عشرة عشر ten",
        11: "احدعش حداشر أحد_عشر احدى_عشرة eleven",
        12: "اثنعش اطنعش اثنا_عشر اثني_عشر اثنتا_عشرة twelve",
        13: "ثلاثطعش ثلاثة_عشر ثلاث_عشرة thirteen",
        14: "اربعطعش أربعة_عشر اربع_عشرة fourteen",
        15: "خمسطعش خمسة_عشر خمس_عشرة fifteen",
        16: "ستطعش ستة_عشر ست_عشرة sixteen",
        17: "سبعطعش سبعة_عشر سبع_عشرة seventeen",
        18: "ثمنطعش ثمانية_عشر ثماني_عشرة eighteen",
        19: "تسعطعش تسعة_عشر تسع_عشرة nineteen",
        20: "عشرين عشرون twenty",
        30: "ثلاثين ثلاثون thirty",
        40: "اربعين أربعون forty",
        50: "خمسين خمسون fifty",
        60: "ستين ستون sixty",
        70: "سبعين سبعون seventy",
        80: "ثمانين ثمانون eighty",
        90: "تسعين تسعون ninety",
        100: "مية مئة مائة ميه",
        200: "ميتين مئتين مائتين مئتان مائتان",
        300: "ثلاثمية ثلاثمائة ثلاثمئة",
        400: "اربعمية أربعمائة اربعمئة",
        500: "خمسمية خمسمائة خمسمئة",
        600: "ستمية ستمائة ستمئة",
        700: "سبعمية سبعمائة سبعمئة",
        800: "ثمانمية ثمنمية ثمانمائة ثمانمئة",
        900: "تسعمية تسعمائة تسعمئة",
        2000: "الفين ألفان ألفين",
        2000000: "مليونين مليونان",
    }.items()
    for word in (part.replace("_", " ") for part in words.split())
}
_TIMES: Mapping[str, int] = {
    fold(word): value
    for value, words in {
        100: "hundred مية مئة",
        1000: "ألف آلاف الاف الف ألفا thousand k الآف",
        1000000: "مليون ملايين million",
    }.items()
    for word in words.split()
}
_PARTS: Mapping[str, float] = {
    "نص": 0.5,
    "نصف": 0.5,
    "ربع": 0.25,
    "ونص": 0.5,
    "ونصف": 0.5,
    "وربع": 0.25,
    "half": 0.5,
}
_RANGE = frozenset(fold("بين الى حتى او أو لحد between to or until").split())
_LONGEST_WORDS = max(word.count(" ") for word in _UNITS) + 1


@dataclass(frozen=True)
class Number(Answer):
    """A number between `least` and `most`; the value is an int, or a float where it has a fraction."""

    kind: ClassVar[str] = "number"
    least: float | None = 0
    most: float | None = None

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again(f"{self.kind}.only")
        found = read_number(event.text)
        if found is None:
            return Again(f"{self.kind}.only")
        value, sure = found
        if self.least is not None and value < self.least:
            return Again("number.least", {"least": plain(self.least)})
        if self.most is not None and value > self.most:
            return Again("number.most", {"most": plain(self.most)})
        return Got(value) if sure else Confirm(value, "number.confirm")

    def show(self, value: Any, language: str) -> str:
        return plain(value)

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "inputmode": "decimal", "maxlength": 40, "dir": "ltr"}


@dataclass(frozen=True)
class Money(Number):
    """An amount in Saudi riyals."""

    kind: ClassVar[str] = "money"
    most: float | None = 100_000_000

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)("money.shown", amount=plain(value))


def plain(value: float) -> str:
    """2500 as 2,500; no fraction where there is none."""
    return f"{int(value):,}" if value == int(value) else f"{value:,.2f}".rstrip("0")


def read_number(text: str) -> tuple[int | float, bool] | None:
    """The one number a short text names, and whether it is sure; None where there is none, or more than one."""
    ascii_text = ascii_digits(text[:200]).replace("٬", ",").replace("،", ",").replace("٫", ".")
    found = _NUMBER.findall(ascii_text)
    words = fold(ascii_text).split()
    if len(found) != 1 or (found[0].isdigit() and not _PARTS.keys().isdisjoint(words)):
        said = _in_words(words)
        if said is None or (len(found) > 1 and not _are_summed(words)):
            return None
        # «3 آلاف و500» is one number in two parts; «3 أولاد و2 بنات» is a sum to be asked about.
        return _whole(said), len(found) < 2 or any(word in _TIMES for word in words)
    value, sure = _typed(found[0])
    after = fold(ascii_text.partition(found[0])[2]).split()
    times = _TIMES.get(after[0], 1) if after else 1
    return _whole(value * times), sure and (times == 1 or value < 1000)


def _typed(digits: str) -> tuple[float, bool]:
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("-").replace("'", ",")
    if _GROUPED.fullmatch(digits):
        return sign * float(digits.replace(",", "")), True
    if _LOOKS_GROUPED.fullmatch(digits):
        # 2.500 is two and a half to some and two thousand five hundred to others.
        return sign * float(digits.replace(".", "")), False
    if digits.count(",") + digits.count(".") > 1:
        return sign * float(re.sub("[,.]", "", digits)), False
    return sign * float(digits.replace(",", ".")), True


def _are_summed(words: list[str]) -> bool:
    """Whether several numbers are parts of one («3 آلاف و500»), and no range («بين 2000 و3000»)."""
    return any(word.startswith("و") for word in words) and _RANGE.isdisjoint(words)


def _in_words(words: list[str]) -> float | None:
    """A number said in words, the «و» of the parts taken off; None unless some word is a number."""
    total = part = 0.0
    heard = False
    at = last = 0
    while at < len(words):
        if words[at] in _PARTS:
            of = _TIMES.get(words[at + 1], 0) if at + 1 < len(words) else 0
            if of:
                total, heard = total + _PARTS[words[at]] * of, True
            elif heard:
                part += _PARTS[words[at]] * (last or 1)
            at += 2 if of else 1
            continue
        for size in range(min(_LONGEST_WORDS, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + size])
            value = _UNITS.get(phrase, _UNITS.get(phrase[1:]) if phrase[0] == "و" else None)
            if value is not None:
                break
        else:
            size = 1
            word = words[at]
            value = int(word) if word.isdigit() and len(word) < 10 else None
            if value is None and word[0] == "و" and word[1:].isdigit() and len(word) < 11:
                value = int(word[1:])
        times = _TIMES.get(words[at], _TIMES.get(words[at][1:]) if words[at][0] == "و" else None)
        if times is not None and (heard or value is None):
            total, part, heard, last = total + max(part, 1) * times, 0, True, times
        elif value is not None:
            part, heard, last = part + value, True, value // 2 if value >= 2000 else last
        at += size
    return total + part if heard and total + part < 10**12 else None


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 2)
