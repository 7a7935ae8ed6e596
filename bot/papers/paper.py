"""How every paper is set: a template beside this file, data as JSON, fonts that lie here too and never the machine's.

Typst sets the page with IBM Plex Sans Arabic (OFL, see fonts/OFL.txt). What people wrote reaches it as data, so that
nothing in it is read as markup. The same data give the same bytes.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from conversations.cases.calendar import Words, here, said, time_said

Form = Literal["pdf", "png"]
_HERE = Path(__file__).parent
_UNDRAWABLE = ("So", "Sk", "Cs", "Co", "Cn", "Cc")
"""Pictures, halves of characters and control codes: no text font has them."""
_LONG = re.compile(r"\S{30}(?=\S)")
"""A word that would run off the page may break here."""
_NUMBERS = re.compile(r"\+?\d+(?:[-/.: ]\d+)+|\+\d+")
"""Parts of a date, a telephone number or a clause: beside Arabic letters they would change places."""
_ARABIC, _LATIN = re.compile(r"[\u0620-\u064a\u066e-\u06d3]"), re.compile(r"[A-Za-z]")
_OURS = ("lang", "title", "page")
"""Read by a machine, or set into another text."""
_LTR, _RTL, _END = "\u2066", "\u2067", "\u2069"


class FontMissing(RuntimeError):
    """The page could not be set as designed. Typst alone would set it in another font, or in empty boxes, silently."""


def typeset(
    template: str, page: Mapping[str, Any], at: datetime, form: Form = "pdf", ppi: float = 144
) -> bytes | list[bytes]:
    """`template` with these data as a PDF, or as one picture a page for whoever wants to look. `at`, aware, is the day
    the file says it was made. Some 40 ms of work and more for many pages: off the event loop. Raises FontMissing."""
    import typst

    result, warnings = typst.compile_with_warnings(
        _HERE / template,
        root=_HERE,
        font_paths=fonts(),
        sys_inputs={"page": json.dumps(page, ensure_ascii=False)},
        timestamp=at.replace(microsecond=0),
        format=form,
        ppi=ppi,
    )
    if warnings:
        # The message names a font or a file of ours, never what was typed.
        raise FontMissing("; ".join(sorted({str(warning.message) for warning in warnings})))
    assert result is not None
    return result


@cache
def fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_HERE / "fonts"])


def frame(language: str, association: str, licence: str, words: Words) -> dict[str, Any]:
    """What stands on every paper: whose it is, and how its pages are counted."""
    return {
        "rtl": language != "en",
        "lang": language,
        "association": association,
        "licence": words("receipt.licence", licence=licence) if licence else "",
        "page": words("receipt.page", page="{page}", pages="{pages}"),
    }


def at_said(at: datetime, language: str, words: Words) -> str:
    """Day in both calendars, and the time."""
    local = here(at)
    return words("receipt.at", date=said(local.date(), language), time=time_said(local.time(), language))


def drawable(page: Mapping[str, Any], as_is: Collection[str] = ()) -> dict[str, Any]:
    """The same, without what no font of ours can draw, and every text in its own direction, whatever the page's: a
    sentence in the other language, a date or a telephone number inside a line. New lines stay; so do the keys in
    `as_is`."""
    rtl = bool(page["rtl"])
    return {key: value if key in _OURS or key in as_is else _drawable(value, rtl) for key, value in page.items()}


def _drawable(value: Any, rtl: bool) -> Any:
    if isinstance(value, str):
        return "\n".join(_directed(line, rtl) for line in value.split("\n"))
    if isinstance(value, list | tuple):
        return [_drawable(one, rtl) for one in value]
    if isinstance(value, Mapping):
        return {key: _drawable(one, rtl) for key, one in value.items()}
    return value


def _directed(line: str, rtl: bool) -> str:
    kept = "".join(one for one in line if unicodedata.category(one) not in _UNDRAWABLE)
    kept = _LONG.sub(lambda word: word[0] + "\u200b", re.sub(" {2,}", " ", kept))
    arabic, latin = (len(script.findall(kept)) for script in (_ARABIC, _LATIN))
    kept = _NUMBERS.sub(lambda numbers: f"{_LTR}{numbers[0]}{_END}", kept)
    if not (latin if rtl else arabic):
        return kept
    return f"{_RTL if arabic >= latin else _LTR}{kept}{_END}"
