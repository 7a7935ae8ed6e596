"""Tables of phrases, found in one pass over the words of a folded text, in any order where the table says so.

A phrase is words in a row. Between them:
- `a|b` is either word, `{name}` any word of that group;
- `..` lets up to three other words stand between;
- `&` joins parts that may come in either order, up to eight words apart. Write the rarer part first: it is looked for.

A word of the text also counts without a joined particle (و، ف، ب، ل، س، ال …), and ض and ظ, often confused, are one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from conversations.arabic.normalise import fold

_GAP, _NEAR = 3, 8
_ONE, _TWO, _THREE = "وفبلسكح", {"ال", "لل", "وب", "وس", "ول", "فا", "وح"}, {"وال", "بال", "فال", "كال", "ولل", "هال"}
_FIRST = frozenset(_ONE) | {prefix[0] for prefix in _TWO | _THREE}
_DENIALS = frozenset(
    fold(
        "ما لا مو مب مهب مش موب ليس ليست لست لم لن ماني منيب مانيب غير بدون "
        "not dont never no didnt isnt wont doesnt cannot wasnt without"
    ).split()
)
_CARRIERS = frozenset(
    fold("ابي ابغى ابغا نبي نبغى اريد نريد ودي ارغب عاد قصدي اقصد جاي ان اني انا want to wanna going the a any").split()
)
"""Words that may stand between a denial and what it denies."""


@dataclass(frozen=True, slots=True)
class Match:
    """A row of the table found: its number, the words from `start` to before `end`, and whether it was denied."""

    row: int
    start: int
    end: int
    denied: bool


_Part = tuple[tuple[int, int], ...]
"""The classes of words in a row, each with how many other words may stand before it."""


class Phrases:
    """Rows of one table, ready to be looked for. Row numbers are places in `rows`, each a list of phrases."""

    def __init__(self, rows: Iterable[Iterable[str]], groups: Mapping[str, Iterable[str]]) -> None:
        self._class_of: dict[frozenset[str], int] = {}
        self._classes: dict[str, tuple[int, ...]] = {}
        self._groups = {name: frozenset(_one_letter(fold(word)) for word in words) for name, words in groups.items()}
        self._rows: dict[int, list[tuple[int, frozenset[int], _Part, tuple[_Part, ...]]]] = {}
        for number, phrases in enumerate(rows):
            for phrase in phrases:
                first, *others = (self._part(part) for part in phrase.split("&"))
                needed = frozenset(each for part in (first, *others) for each, _ in part)
                self._rows.setdefault(first[0][0], []).append((number, needed, first[1:], tuple(others)))

    def _part(self, phrase: str) -> _Part:
        part: list[tuple[int, int]] = []
        gap = 0
        for word in phrase.split():
            if word == "..":
                gap = _GAP
                continue
            for one in [word] if word.startswith("{") or "|" in word else fold(word).split():
                part.append((self._class(one), gap))
                gap = 0
        if not part or gap or part[0][1]:
            # Found when the table is built: half a phrase would match far too much.
            raise ValueError(f"nothing to look for, or a gap at an end: {phrase!r}")
        return tuple(part)

    def _class(self, word: str) -> int:
        words = (
            self._groups[word[1:-1]]
            if word.startswith("{")
            else frozenset(_one_letter(fold(either)) for either in word.split("|"))
        )
        if words not in self._class_of:
            number = self._class_of[words] = len(self._class_of)
            for each in words:
                self._classes[each] = (*self._classes.get(each, ()), number)
        return self._class_of[words]

    def words(self, folded: str) -> list[str]:
        return _one_letter(folded).split()

    def find(self, words: list[str]) -> Iterator[Match]:
        """Every row found, as often as it is found, in the order of the text."""
        get, rows, without = self._classes.get, self._rows, self._without_particle
        known = [get(word) or (without(word) if word[0] in _FIRST else ()) for word in words]
        present = set().union(*known)
        for start, classes in enumerate(known):
            for number in classes:
                for row, needed, rest, others in rows.get(number, ()):
                    if not needed <= present:
                        continue
                    end = _follow(known, rest, start + 1) if rest else start + 1
                    if end and all(_near(known, part, start, end) for part in others):
                        yield Match(row, start, end, _denied(words, start))

    def _without_particle(self, word: str) -> tuple[int, ...]:
        get = self._classes.get
        if len(word) < 3:
            return ()
        return (
            (word[0] in _ONE and get(word[1:]))
            or (word[:2] in _TWO and get(word[2:]))
            or (word[:3] in _THREE and get(word[3:]))
            or ()
        )


def _one_letter(folded: str) -> str:
    return folded.replace("ظ", "ض")


def _follow(known: list[tuple[int, ...]], part: _Part, at: int) -> int:
    """Where the part ends when it goes on from here; 0 where it does not."""
    for number, gap in part:
        for place in range(at, min(at + gap + 1, len(known))):
            if number in known[place]:
                at = place + 1
                break
        else:
            return 0
    return at


def _near(known: list[tuple[int, ...]], part: _Part, start: int, end: int) -> bool:
    first = part[0][0]
    return any(
        first in known[place] and (len(part) == 1 or _follow(known, part[1:], place + 1))
        for place in range(max(0, start - _NEAR), min(len(known), end + _NEAR))
    )


def _denied(words: list[str], start: int) -> bool:
    at = start - 1
    while at >= 0 and at >= start - 3 and words[at] in _CARRIERS:
        at -= 1
    return at >= 0 and words[at] in _DENIALS


def phrases_in(text: str) -> list[str]:
    """A table's cell: phrases parted by commas or line ends."""
    return [
        phrase for line in text.replace("،", ",").splitlines() for each in line.split(",") if (phrase := each.strip())
    ]
