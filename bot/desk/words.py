"""The desk's own sentences, `wording/<language>/<room>.po`: read when the first page is asked for, not at start-up."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from conversations.association.association import Association
from conversations.cases.calendar import in_digits
from conversations.wording import Wording, house_wording, read_catalogue

_HERE = Path(__file__).parent


@cache
def desk_wording(language: str) -> Wording:
    """The desk's sentences with the house's beside them (kinds, stages, moves are called the same everywhere)."""
    sentences: dict[str, str | tuple[str, ...]] = {}
    plural: Callable[[int], int] = lambda _: 0  # noqa: E731
    for path in sorted((_HERE / "wording" / language).glob("*.po")):
        more, plural = read_catalogue(path)
        if both := sentences.keys() & more.keys():
            raise ValueError(f"{path}: {sorted(both)[0]} stands in two files — keep one")
        sentences |= more
    return Wording(language, {**house_wording(language).sentences, **sentences}, plural)


class Numeral(int):
    """A whole number that shows itself in Arabic digits."""

    def __format__(self, spec: str) -> str:
        return in_digits(int(self), "ar")


class DeskWords:
    """The sentences of a page, with the association's names and its own words on top."""

    def __init__(self, language: str, association: Association | None = None) -> None:
        self.language, self._wording = language, desk_wording(language)
        self._names: dict[str, Any] = {}
        if association is not None:
            profile = association.profile
            self._names = {"association": profile.name.to(language), "short": profile.short_name.to(language)}

    def __call__(self, key: str, /, **args: Any) -> str:
        """Whole numbers are shown in the digits of the page's other dates and times."""
        shown = {name: Numeral(value) if type(value) is int else value for name, value in args.items()}
        return self._wording(key, **self._names, **(shown if self.language == "ar" else args))

    def __contains__(self, key: str) -> bool:
        return key in self._wording

    def of(self, key: str, woman: bool) -> str:
        """What is said of one worker, in the feminine where she is a woman and the word has one (`<key>.woman`)."""
        hers = f"{key}.woman"
        return self(hers if woman and hers in self else key)

    def or_key(self, key: str) -> str:
        """The sentence, or the last part of a key that has none: for codes that may be newer than their words."""
        return self(key) if key in self else key.rpartition(".")[2]
