"""What is wrong with a profile, said so that whoever wrote it can put it right: file, place, problem, remedy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Found = tuple[str, str, str]
"""Where, problem, remedy."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Stops start-up. `where` may be empty; `remedy` says what to do about it."""

    file: str
    where: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.where, self.problem) if part)
        return f"{place} — {self.remedy}" if self.remedy else place


@dataclass(frozen=True, slots=True)
class Note(Mistake):
    """Stops nothing: what the association has still to confirm, or what is not built yet."""


class ProfileMistakes(ValueError):
    """All mistakes of all profiles, one a line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


def meant(word: str, known: Iterable[str]) -> str:
    """The remedy for a word nobody knows: the nearest known one, else all of them."""
    names = sorted(known)
    near = get_close_matches(word, names, 1, 0.6)
    return f'did you mean "{near[0]}"?' if near else f"use one of: {', '.join(names)}" if names else "remove it"
