"""Every sentence people read, Arabic and English, by key: gettext catalogues in `ar/` and `en/`, one file a room.

A key is a `msgid` (`complain.subject.ask`); a counted sentence has `msgid_plural` and as many forms as the language has
(six in Arabic), chosen by `count`. Placeholders are `{name}`. An association overrides any key in its own
`wording.ar.po` or `wording.en.po`.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

LANGUAGES = ("ar", "en")
_PLURALS = {
    "ar": "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5",
    "en": "n != 1",
}
"""As every catalogue's own header says it: «١١ يومًا» is the fifth form, «١٠٠ يوم» the sixth. babel has these two the
other way round."""
_HERE = Path(__file__).parent


class MissingWords(LookupError):
    """A key that no catalogue has: a defect of ours, found by `wasl check` and by the tests."""


class Wording:
    """The sentences of one language, with an association's overrides on top."""

    def __init__(self, language: str, sentences: Mapping[str, str | tuple[str, ...]], plural: Callable[[int], int]):
        self.language = language
        self.sentences = sentences
        self._plural = plural

    def __contains__(self, key: str) -> bool:
        return key in self.sentences

    def __call__(self, key: str, /, **args: Any) -> str:
        """Raises MissingWords for an unknown key, KeyError for a placeholder without a value."""
        sentence = self.sentences.get(key)
        if sentence is None:
            raise MissingWords(f"{self.language}: {key}")
        if not isinstance(sentence, str):
            sentence = sentence[self._plural(int(args["count"]))]
        return sentence.format_map(args) if "{" in sentence else sentence


def read_catalogue(path: Path) -> tuple[dict[str, str | tuple[str, ...]], Callable[[int], int]]:
    """One .po file. Raises FileNotFoundError, or babel's PoFileError with the line."""
    from gettext import c2py

    from babel.messages.pofile import read_po

    # Notepad puts a mark before the first line.
    file = BytesIO(path.read_bytes().removeprefix(BOM_UTF8))
    catalogue = read_po(file, abort_invalid=True, ignore_obsolete=True)
    sentences: dict[str, str | tuple[str, ...]] = {}
    for message in catalogue:
        if message.id and message.string:
            key = message.id if isinstance(message.id, str) else message.id[0]
            text = message.string
            sentences[key] = text if isinstance(text, str) else tuple(text)
    return sentences, c2py(_PLURALS.get(path.parent.name, _PLURALS["ar"]))


@cache
def house_wording(language: str) -> Wording:
    sentences: dict[str, str | tuple[str, ...]] = {}
    plural: Callable[[int], int] = lambda _: 0  # noqa: E731
    for path in sorted((_HERE / language).glob("*.po")):
        more, plural = read_catalogue(path)
        if both := sentences.keys() & more.keys():
            raise ValueError(f"{path}: {sorted(both)[0]} stands in two files — keep one")
        sentences |= more
    return Wording(language, sentences, plural)


def with_overrides(language: str, overrides: Mapping[str, str | tuple[str, ...]]) -> Wording:
    house = house_wording(language)
    return Wording(language, {**house.sentences, **overrides}, house._plural) if overrides else house
