"""How was it: three faces with words, so that nobody needs a scale; who thinks in numbers may give one to five."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.answers.number import read_number
from conversations.arabic.normalise import fold
from conversations.arabic.understand import DENIALS, choose
from conversations.events import Event, Press, Text
from conversations.says import Option
from conversations.wording import house_wording

FACES: Mapping[str, int] = {"good": 5, "fair": 3, "poor": 1}
_WORDS: Mapping[str, int] = {
    fold(word): value
    for value, words in {
        5: "ممتاز،ممتازة،رائع،رائعة،راضي جدا،راضية جدا،راضين جدا،مرة زين،excellent,great,very good,😊,😍,🥰,😁,😃",
        4: "جيد جدا،جيدة جدا،جيد،جيدة،جيدا،زين،زينة،كويس،كويسة،حلو،حلوة،راض،راضي،راضية،راضيا،راضين،راضيين،طيب،مرتاح،"
        "مرتاحة،مرتاحين،عجبني،عجبتني،عجبنا،أعجبني،أعجبتني،أعجبنا،good,satisfied,happy,👍,🙂",
        3: "عادي،عادية،وسط،متوسط،متوسطة،مقبول،مقبولة،نص نص،لا بأس،الى حد ما،ماشي الحال،okay,ok,fair,average,so so,😐",
        2: "ضعيف،ضعيفة،مو زين،مو زينة،مب زين،غير راضي،غير راضية،مو راضي،مو راضية،غير راضون،لم يعجبني،"
        "لم تعجبني،لم يعجبنا،bad,unhappy,unsatisfied,dissatisfied,not good,didnt like it,🙁,👎,😕",
        1: "سيئ،سيئة،سيء،سيئ جدا،سيء جدا،سيئة جدا،زفت،خايس،فاشل،very bad,terrible,awful,😞,😡,😠,😢,😭",
    }.items()
    for word in re.split("[،,]", words)
}


_STRESSED = {5: 5, 4: 5, 3: 3, 2: 1, 1: 1}
"""What «جدا» makes of a word that is not in the table with it."""
_STRESS = frozenset(fold("جدا مره مرة مررة كثير بالمرة للغاية ابدا ابد اطلاقا بتاتا very really so").split())
_WAS = frozenset(fold("كان كانت كنت كنا يكن تكن اكن نكن").split())
_DENIED: Mapping[int, int] = {4: 2}
"""«ليس جيدا» is bad; what «مو ممتاز» is, nobody knows."""
_BESIDE = tuple(fold(text) for text in ("الحمد لله", "ما شاء الله", "الصراحة", "بصراحة", "والله", "كل شيء", "all is"))
"""What people say around it."""


def in_words(text: str, known: Mapping[str, int] = _WORDS, denied: Mapping[int, int] = _DENIED) -> int | None:
    """One to five of «ممتاز», «مو زين», «ممتاز جدًا 👍», «لست راضيا» and the like; None for anything else. `denied`:
    what a «not» makes of a value."""
    folded = fold(text[:200])
    if folded in known:
        return known[folded]
    for beside in _BESIDE:
        folded = f" {folded} ".replace(f" {beside} ", " ").strip()
    words = dict.fromkeys(folded.split())  # 👍👍👍 is one
    faces = {known[word] for word in words if word in known and not word.isalpha()}
    plain = [word for word in words if word.isalpha()]
    said = [word for word in plain if word not in _STRESS]
    if not said and len(faces) == 1 and not plain:
        return faces.pop()
    value = known.get(" ".join(said))
    if value is not None:
        return value if len(said) == len(plain) else _STRESSED[value]
    if said and said[0] in DENIALS:
        return denied.get(known.get(" ".join(word for word in said[1:] if word not in _WAS), 0))
    return None


_OF_FIVE = re.compile(r"([1-5])\s*(?:/|من|of|out of|نجوم|نجمات|نجمه|stars?|\s)\s*(?:5)?")
_FACES_ONLY = 3
"""A number above it names no row of the three: it is meant of five."""


def of_five(text: str) -> tuple[int, bool] | None:
    """A number of five, and whether that is said with it («٣ من ٥», «4 stars»); alone it may be a row to some."""
    if said := _OF_FIVE.fullmatch(fold(text[:200])):
        return int(said[1]), True
    number = read_number(text)
    if number is None or number[0] not in range(1, 6):
        return None
    return int(number[0]), "نجو" in text or "star" in text.lower()


_STARS = re.compile(r"[⭐★🌟✨ ]+")


@dataclass(frozen=True)
class Rating(Answer):
    """One to five; the faces are 5, 3 and 1. A four or a five can only be meant of five; a number up to three typed
    alone is in doubt: where rows are numbered the number was taken for its row before (engine.py)."""

    kind: ClassVar[str] = "rating"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            return Got(FACES[event.option]) if event.option in FACES else Again("choice.old")
        if not isinstance(event, Text):
            return Again("rating.pick")
        folded = fold(event.text[:200])
        titles = [option.title for option in self.options(hearing.language)]
        # The face on a label is not always typed.
        labels = [(fold(title), fold(title.partition(" ")[2])) for title in titles]
        for both, value in zip(labels, FACES.values(), strict=True):
            if folded in both:
                return Got(value)
        if (said := in_words(event.text)) is not None:
            return Got(said)
        if folded and _STARS.fullmatch(folded):
            stars = len(folded.replace(" ", ""))
            return Got(stars) if 1 <= stars <= 5 else Again("rating.pick")
        if (number := of_five(event.text)) is not None:
            value, sure = number
            if sure or value > _FACES_ONLY:
                return Got(value)
            return Confirm(value, "rating.confirm", instead="rating.pick")
        found = choose(event.text, titles, labels)
        if found is None:
            return Again("rating.pick")
        value = tuple(FACES.values())[found[0]]
        return Got(value) if found[1] else Confirm(value, "rating.confirm")

    def options(self, language: str) -> tuple[Option, ...]:
        words = house_wording(language)
        return tuple(Option(face, words(f"rating.{face}")) for face in FACES)

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)("rating.shown", value=value)

    def input(self) -> Mapping[str, Any]:
        return {"type": "radio"}
