"""Choosing: one of several, several of several, yes or no. By press, number, label, or a label mistyped."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Confirm, Got, Heard, Hearing
from conversations.arabic.normalise import fold
from conversations.arabic.understand import choose, yes_no
from conversations.association.profile import Choice
from conversations.events import Event, Press, Text
from conversations.says import Option
from conversations.wording import house_wording

_ASKS = re.compile(
    r"(?:ليش|ليه|لماذا|لي[هش]ا?|مين|من (?:ي|راح|بي)|وش تسو|ايش تسو|كيف تستعمل|why|who|what for|what will)\b"
)
"""How somebody asks back where «عندي سؤال» is on offer."""


@dataclass(frozen=True)
class OneOf(Answer):
    """One choice of a profile's list; the value is its id."""

    kind: ClassVar[str] = "choice"
    choices: tuple[Choice, ...] = ()
    yes: str = "yes"
    no: str = "no"
    """The choices that agreeing («نعم», «طيب») and declining mean, where there are such."""

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            return Got(event.option) if event.option in self._ids else Again("choice.old")
        if not isinstance(event, Text):
            return Again("choice.pick")
        found = choose(event.text, self._titles[hearing.language == "en"], self._words)
        if (found is None or not found[1]) and self._ids >= {self.yes, self.no}:
            # Among «أوافق» and «لا أوافق», «موافق» and «نعم» are as good.
            said = yes_no(fold(event.text))
            if said is not None:
                return Got(self.yes if said else self.no)
        if found is None and "question" in self._ids and _ASKS.match(fold(event.text)):
            return Got("question")
        if found is None:
            return Again("choice.pick")
        index, sure = found
        value = self.choices[index].id
        return Got(value) if sure else Confirm(value, "choice.confirm")

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(choice.id for choice in self.choices)

    @cached_property
    def _titles(self) -> tuple[Sequence[str], Sequence[str]]:
        return [choice.title.ar for choice in self.choices], [choice.title.en for choice in self.choices]

    @cached_property
    def _words(self) -> Sequence[Sequence[str]]:
        return [(choice.title.ar, choice.title.en, *choice.words) for choice in self.choices]

    @cached_property
    def _options(self) -> Mapping[str, tuple[Option, ...]]:
        return {
            language: tuple(
                Option(choice.id, choice.title.to(language), choice.about.to(language) if choice.about else "")
                for choice in self.choices
            )
            for language in ("ar", "en")
        }

    def options(self, language: str) -> tuple[Option, ...]:
        return self._options["en" if language == "en" else "ar"]

    def named(self, folded: str) -> str:
        """The choice that these words name in full; empty where none, or more than one."""
        found = [choice.id for choice, words in zip(self.choices, self._folded, strict=True) if folded in words]
        return found[0] if len(found) == 1 else ""

    @cached_property
    def _folded(self) -> Sequence[frozenset[str]]:
        return [frozenset(map(fold, words)) for words in self._words]

    def title(self, choice_id: Any, language: str) -> str:
        """The choice's title; the id itself where the profile has it no more."""
        return next((choice.title.to(language) for choice in self.choices if choice.id == choice_id), str(choice_id))

    def show(self, value: Any, language: str) -> str:
        return self.title(value, language)

    def input(self) -> Mapping[str, Any]:
        return {"type": "radio"}


_BETWEEN = re.compile(r"\s*(?:[,،;؛/\n+&]|\s(?:and|ثم)\s|\sو\s?(?=\S{3}))\s*")
_BETWEEN_NUMBERS = re.compile(r"[\s,،;؛/+&و.-]+")
_ALL = frozenset(fold(word) for word in ("الكل", "كلها", "كلهم", "جميعها", "الجميع", "كل شيء", "all", "all of them"))


@dataclass(frozen=True)
class ManyOf(OneOf):
    """Several choices; the value is the list of their ids, in the profile's order."""

    kind: ClassVar[str] = "choices"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            return Got([event.option]) if event.option in self._ids else Again("choice.old")
        if not isinstance(event, Text):
            return Again("choices.pick")
        folded = fold(event.text)
        if folded in _ALL:
            return Got([choice.id for choice in self.choices])
        whole = choose(event.text, self._titles[hearing.language == "en"], self._words)
        if whole is not None and whole[1]:
            return Got([self.choices[whole[0]].id])
        digits = fold(event.text).replace("و", " ")
        separator = _BETWEEN_NUMBERS if digits.replace(" ", "").isdigit() else _BETWEEN
        found: set[int] = set()
        sure = True
        for part in separator.split(event.text.strip()[:500]):
            if not part:
                continue
            one = choose(part, self._titles[hearing.language == "en"], self._words)
            if one is None:
                return Again("choices.pick")
            found.add(one[0])
            sure = sure and one[1]
        if not found:
            return Again("choices.pick")
        value = [choice.id for index, choice in enumerate(self.choices) if index in found]
        return Got(value) if sure else Confirm(value, "choice.confirm")

    def join(self, values: Sequence[Any]) -> Any:
        taken = {choice_id for value in values for choice_id in value}
        return [choice.id for choice in self.choices if choice.id in taken]

    def show(self, value: Any, language: str) -> str:
        chosen = value if isinstance(value, list) else [value]
        return ("، " if language == "ar" else ", ").join(self.title(choice_id, language) for choice_id in chosen)

    def input(self) -> Mapping[str, Any]:
        return {"type": "checkbox"}


@dataclass(frozen=True)
class YesNo(Answer):
    """Yes or no; the value is a bool."""

    kind: ClassVar[str] = "yes_no"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Press):
            return Got(event.option == "yes") if event.option in ("yes", "no") else Again("choice.old")
        if isinstance(event, Text):
            folded = fold(event.text)
            meant = {"1": True, "2": False}.get(folded, yes_no(folded))
            if meant is not None:
                return Got(meant)
        return Again("yes_no.pick")

    def options(self, language: str) -> tuple[Option, ...]:
        words = house_wording(language)
        return (Option("yes", words("yes_no.yes")), Option("no", words("yes_no.no")))

    def show(self, value: Any, language: str) -> str:
        return house_wording(language)("yes_no.yes" if value else "yes_no.no")

    def input(self) -> Mapping[str, Any]:
        return {"type": "radio"}
