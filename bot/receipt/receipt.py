"""Draws the receipt: Arabic right to left or English, one PDF, the same bytes for the same case.

Typst sets the page (receipt.typ) with the fonts that lie beside it (IBM Plex Sans Arabic, OFL, see fonts/OFL.txt) and
never with the machine's. What people wrote reaches it as data, so that nothing in it is read as markup. The QR code
opens a page that confirms reference, date and digest and shows nothing personal; without a public address there is
none.
Paper lies about: of a complaint or a claim it says neither what it is nor what was told.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from conversations.cases.calendar import Words, here, said, time_said
from conversations.cases.promise import Promised, promise_lines
from conversations.cases.signing import short
from conversations.wording import house_wording

_HERE = Path(__file__).parent
_UNDRAWABLE = ("So", "Sk", "Cs", "Co", "Cn", "Cc")
"""Pictures, halves of characters and control codes: no text font has them."""


_LONG = re.compile(r"\S{30}(?=\S)")
"""A word that would run off the page may break here."""
_UNTOLD = frozenset({"complaint", "compensation"})


class FontMissing(RuntimeError):
    """The page could not be set as designed. Typst alone would set it in another font, or in empty boxes, silently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptData:
    """Everything the page shows, already masked and in the reader's language. Times are aware."""

    language: str
    association: str
    licence: str = ""
    reference: str
    kind: str
    """A kind of case, such as request."""
    service: str = ""
    filed_at: datetime
    lines: tuple[tuple[str, str], ...]
    """Label and value of each answer, as in the read-back: numbers masked, documents by name, nothing of health. Not
    shown for a complaint or a claim."""
    committee: str
    promised: Promised
    channel: str
    """The agreed channel, as it is called."""
    declaration: str = ""
    """The words that were signed; empty where nothing was."""
    signer: str = ""
    """The name typed under the signature, if any."""
    signed_at: datetime | None = None
    digest: str = ""
    """Hex SHA-256 of the answers."""
    url: str = ""
    """What the QR code opens, from `receipt_url`; empty for no code."""


def receipt_url(public_url: str, association: str, reference: str, digest: str = "") -> str:
    """The page that confirms a receipt; empty without a public address."""
    if not public_url:
        return ""
    tail = f"?d={short(digest)}" if digest else ""
    return f"{public_url.rstrip('/')}/{quote(association)}/receipt/{quote(reference)}{tail}"


def receipt_pdf(data: ReceiptData, words: Words | None = None) -> bytes:
    """The PDF, about 40 ms of work: off the event loop. `words`: the association's, where it words things its own way.
    Raises FontMissing."""
    pages = drawn(data, "pdf", words)
    assert isinstance(pages, bytes)
    return pages


def drawn(
    data: ReceiptData, form: Literal["pdf", "png"], words: Words | None = None, ppi: float = 144
) -> bytes | list[bytes]:
    """The same page as a PDF, or as one picture a page for whoever wants to look. Raises FontMissing."""
    import typst

    page = json.dumps(_page(data, words or house_wording(data.language)), ensure_ascii=False)
    result, warnings = typst.compile_with_warnings(
        _HERE / "receipt.typ",
        root=_HERE,
        font_paths=_fonts(),
        sys_inputs={"page": page},
        timestamp=data.filed_at.replace(microsecond=0),
        format=form,
        ppi=ppi,
    )
    if warnings:
        # The message names a font or a file of ours, never what was typed.
        raise FontMissing("; ".join(sorted({str(warning.message) for warning in warnings})))
    assert result is not None
    return result


@cache
def _fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_HERE / "fonts"])


def _page(data: ReceiptData, words: Words) -> dict[str, Any]:
    language, untold = data.language, data.kind in _UNTOLD

    def at(moment: datetime) -> str:
        local = here(moment)
        return words("receipt.at", date=said(local.date(), language), time=time_said(local.time(), language))

    facts = [[words("receipt.filed"), at(data.filed_at)]]
    if data.service:
        facts.insert(0, [words("receipt.service"), data.service])
    signature = [words("receipt.signed", at=at(data.signed_at))] if data.signed_at else []
    page = {
        "rtl": language != "en",
        "lang": language,
        "association": data.association,
        "licence": words("receipt.licence", licence=data.licence) if data.licence else "",
        "title": words("receipt.title") + ("" if untold else f": {words(f'kind.{data.kind}')}"),
        "reference_label": words("receipt.reference"),
        "reference": data.reference,
        "facts": facts,
        "submitted": words("receipt.submitted"),
        "lines": [] if untold else [list(line) for line in data.lines],
        "next": words("receipt.next"),
        "promise": [
            words("receipt.committee", committee=data.committee),
            *promise_lines(data.promised, language, words),
            words("receipt.channel", channel=data.channel),
        ],
        "declaration_label": words("receipt.declaration"),
        "declaration": data.declaration,
        "signer": data.signer,
        "signature": signature,
        "digest_label": words("receipt.digest"),
        "digest": data.digest,
        "qr": _qr(data.url),
        "check": words("receipt.check"),
        "page": words("receipt.page", page="{page}", pages="{pages}"),
    }
    drawn_as_is = ("qr", "digest", "reference")
    return {key: value if key in drawn_as_is else _drawable(value) for key, value in page.items()}


def _qr(url: str) -> str:
    if not url:
        return ""
    import segno

    code: str = segno.make(url, error="m", micro=False).svg_inline(border=0, omitsize=True)
    return code.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _drawable(value: Any) -> Any:
    """The same, without what no font of ours can draw. New lines stay."""
    if isinstance(value, str):
        kept = (one for one in value if one == "\n" or unicodedata.category(one) not in _UNDRAWABLE)
        return _LONG.sub(lambda word: word[0] + "\u200b", re.sub(" {2,}", " ", "".join(kept)))
    if isinstance(value, list):
        return [_drawable(one) for one in value]
    return value
