"""Scales of a survey: one to five, how easy it was, how likely one is to recommend us. In digits or words, too."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.answers.number import read_number
from conversations.answers.rating import in_words, of_five
from conversations.arabic.normalise import fold
from conversations.arabic.understand import choose
from conversations.events import Event, Press, Text
from conversations.says import Option
from conversations.wording import house_wording

_OF = re.compile(r"(\S+)\s+(?:من|of|out of)\s+(?:5|10|خمسه|عشره|five|ten)")
"""«٩ من ١٠», 9/10, folded."""


@dataclass(frozen=True)
class Scale(Answer):
    """A whole number from `least` to `most`."""

    kind: ClassVar[str] = "scale"
    least: int = 1
    most: int = 5

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        said = event.option if isinstance(event, Press) else event.text if isinstance(event, Text) else ""
        if isinstance(event, Text) and self.most == 5 and (value := in_words(said)) is not None:
            return Got(value)
        of = _OF.fullmatch(fold(said.replace("/", " من ")))
        found = read_number(of[1] if of else said)
        if found is None or not self.least <= found[0] <= self.most or found[0] != int(found[0]):
            return Again(f"{self.kind}.again", {"least": self.least, "most": self.most})
        return Got(int(found[0]))

    def options(self, language: str) -> tuple[Option, ...]:
        words = house_wording(language)
        return tuple(Option(str(n), words(f"{self.kind}.{n}")) for n in range(self.least, self.most + 1))

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)("scale.shown", value=value, most=self.most)

    def input(self) -> Mapping[str, Any]:
        return {"type": "radio"}


@dataclass(frozen=True)
class Effort(Answer):
    """How easy it was (CES): five worded steps, 5 is very easy."""

    kind: ClassVar[str] = "effort"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            return Got(int(event.option)) if event.option in _STEPS else Again("choice.old")
        if not isinstance(event, Text):
            return Again("effort.again")
        titles = [option.title for option in self.options(hearing.language)]
        folded = fold(event.text[:200])
        if (label := next((at for at, title in enumerate(titles) if fold(title) == folded), None)) is not None:
            return Got(int(_STEPS[label]))
        if (said := in_words(event.text, _EASE, _DENIED)) is not None:
            return Got(said)
        if (number := of_five(event.text)) is not None:
            # Alone it is a row to some, and a mark of five to others.
            value, sure = number
            return Got(value) if sure else Confirm(value, "rating.confirm", instead="effort.again")
        found = choose(event.text, titles)
        if found is None:
            return Again("effort.again")
        value = int(_STEPS[found[0]])
        return Got(value) if found[1] else Confirm(value, "rating.confirm")

    def options(self, language: str) -> tuple[Option, ...]:
        words = house_wording(language)
        return tuple(Option(step, words(f"effort.{step}")) for step in _STEPS)

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)(f"effort.{value}")

    def input(self) -> Mapping[str, Any]:
        return {"type": "radio"}


_STEPS = ("5", "4", "3", "2", "1")
_EASE: Mapping[str, int] = {
    fold(word): value
    for value, words in {
        5: "سهل مرة,مرة سهل,سهل بالمرة,ميسر جدا,سهل وسريع,ما فيه أسهل,very easy,so easy,😊,😍",
        4: "سهل,سهلة,سهلا,ميسر,ميسرة,تمام,زين,كان سهل,كان سهلا,ما تعبت,ما فيه صعوبة,easy,fine,👍,🙂",
        3: "عادي,عادية,وسط,متوسط,نص نص,بين بين,لا بأس,okay,ok,so so,😐",
        2: "صعب,صعبة,صعبا,متعب,متعبة,كان صعب,كان صعبا,hard,difficult,not easy,👎,🙁",
        1: "صعب مرة,مرة صعب,صعب بالمرة,متعب جدا,متعب مرة,تعبت كثير,very hard,very difficult,too hard,😞,😡",
    }.items()
    for word in words.split(",")
}


_DENIED: Mapping[int, int] = {5: 2, 4: 2, 2: 4}


@dataclass(frozen=True)
class Recommend(Scale):
    """How likely they are to recommend us (NPS), nought to ten: never for the elderly (DOMAIN, "Care")."""

    kind: ClassVar[str] = "recommend"
    least: int = 0
    most: int = 10

    def options(self, language: str) -> tuple[Option, ...]:
        return ()  # eleven buttons are no question: a number is typed

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "inputmode": "numeric", "maxlength": 2, "dir": "ltr"}
