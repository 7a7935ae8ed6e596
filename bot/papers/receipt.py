"""Draws the receipt: Arabic right to left or English, one PDF, the same bytes for the same case.

The QR code opens a page that confirms reference, date and digest and shows nothing personal; without a public address
there is none.
Paper lies about: of a complaint or a claim it says neither what it is nor what was told.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.papers.paper import Form, at_said, drawable, frame, typeset
from conversations.cases.calendar import Words
from conversations.cases.promise import Promised, promise_lines
from conversations.cases.signing import short
from conversations.wording import house_wording

_UNTOLD = frozenset({"complaint", "compensation"})


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


def drawn(data: ReceiptData, form: Form, words: Words | None = None, ppi: float = 144) -> bytes | list[bytes]:
    """The same page as a PDF, or as one picture a page for whoever wants to look. Raises FontMissing."""
    return typeset("receipt.typ", _page(data, words or house_wording(data.language)), data.filed_at, form, ppi)


def _page(data: ReceiptData, words: Words) -> dict[str, Any]:
    language, untold = data.language, data.kind in _UNTOLD
    facts = [[words("receipt.filed"), at_said(data.filed_at, language, words)]]
    if data.service:
        facts.insert(0, [words("receipt.service"), data.service])
    signature = [words("receipt.signed", at=at_said(data.signed_at, language, words))] if data.signed_at else []
    page = {
        **frame(language, data.association, data.licence, words),
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
    }
    return drawable(page, as_is=("qr", "digest", "reference"))


def _qr(url: str) -> str:
    if not url:
        return ""
    import segno

    code: str = segno.make(url, error="m", micro=False).svg_inline(border=0, omitsize=True)
    return code.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
