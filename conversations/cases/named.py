"""Whom a complaint names: its words held against the names of those who work here, so that they are kept away from it.

Why it leans one way: who is excluded by mistake is let in again by a colleague's hand, and what was read is not unread.
So two words of a name are enough, or the whole of a short one; and where the complaint gives one word alone, that word
if only one of them bears it as a first name.
"""

from collections.abc import Iterable, Mapping

from conversations.arabic.normalise import fold

_TITLES = frozenset(
    fold(word)
    for word in (
        *("الأستاذ", "الأستاذة", "أستاذ", "أستاذة", "الأخ", "الأخت", "الشيخ", "الدكتور", "الدكتورة", "المهندس"),
        *("الموظف", "الموظفة", "موظف", "موظفة", "المدير", "المديرة", "مدير", "مديرة", "المسؤول", "اسمه", "اسمها"),
        *("mr", "mrs", "ms", "dr", "the"),
    )
)
_HALVES = frozenset(fold(word) for word in ("عبد", "أبو", "أم", "abd", "abdul"))
"""Half a name: «عبد الله» and «عبدالله» are one."""
_BETWEEN = frozenset(fold(word) for word in ("بن", "ابن", "بنت", "آل", "bin", "bint", "al"))


def named(said: str, names: Mapping[int, str]) -> frozenset[int]:
    """Those (by their id) whom these words name."""
    words = _words(said)
    if not words:
        return frozenset()
    parts = {id: _words(name) for id, name in names.items()}
    found = frozenset(id for id, name in parts.items() if _is(words, name))
    if found or len(set(words)) > 1:
        return found
    alike = [id for id, name in parts.items() if name[:1] == words[:1]]
    return frozenset(alike if len(alike) == 1 else ())


def _is(said: Iterable[str], name: list[str]) -> bool:
    common = set(said) & set(name)
    return bool(name) and (len(common) >= 2 or common == set(name))


def _words(text: str) -> list[str]:
    """The words of a name, each in one spelling: without titles and the article, its halves joined."""
    words: list[str] = []
    half = ""
    for word in fold(text).split():
        if word in _TITLES or word in _BETWEEN:
            continue
        if word in _HALVES:
            half = word
            continue
        words.append(half + ("عبد" + _plain(word[3:]) if word.startswith("عبد") else _plain(word)))
        half = ""
    return [word for word in words if len(word) > 1]


def _plain(word: str) -> str:
    return word[2:] if word.startswith("ال") and len(word) > 4 else word
