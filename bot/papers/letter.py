"""Letters, faxes and slips: what a person is told on paper. Many in one file, each on pages of its own.

A letter's address stands where the window of a DL or C5 envelope is (20 mm from the left edge and 45 mm from the top,
85 × 45 mm, ISO 269 and DIN 5008 form B), whichever way its language runs, with marks for folding: nothing else of the
letter is seen through it. A fax is the same letter under a line that says whose it is. A slip is for the person at the
branch: what the delegate tells, and room to sign that it was told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.papers.paper import Form, drawable, typeset
from conversations.cases.calendar import Words, here, said
from conversations.wording import house_wording

Kind = Literal["letter", "fax", "slip"]
_GREETING = ("السلام عليكم", "Peace be upon you")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter, in its reader's language. `at` is aware."""

    kind: Kind = "letter"
    language: str
    association: str
    licence: str = ""
    contacts: tuple[str, ...] = ()
    """The association's own telephone, e-mail and website, as they are dialled and written."""
    at: datetime
    reference: str = ""
    to: str
    address: tuple[str, ...] = ()
    body: str
    more: str = ""
    """Of a slip: what only the person is told, once they have shown who they are."""
    fax: str = ""
    """The number it goes to."""
    house_fax: str = ""
    signer: str
    """What signs it: the body or office, as the profile names it."""


def letters_pdf(
    letters: Sequence[Letter],
    at: datetime,
    words: Callable[[str], Words] = house_wording,
    form: Form = "pdf",
    ppi: float = 144,
) -> bytes | list[bytes]:
    """All of them in one file; `words` by language. Raises FontMissing, and ValueError for none."""
    if not letters:
        raise ValueError("no letters")
    first = letters[0]
    page = {
        "rtl": first.language != "en",
        "lang": first.language,
        "association": first.association,
        "licence": "",
        "page": "",
        "title": words(first.language)(f"letter.file.{first.kind}"),
        "letters": [_letter(one, words(one.language)) for one in letters],
    }
    return typeset("letter.typ", page, at, form, ppi)


def _letter(letter: Letter, words: Words) -> dict[str, Any]:
    greeted = letter.body.startswith(_GREETING)
    page = {
        "rtl": letter.language != "en",
        "lang": letter.language,
        "kind": letter.kind,
        "association": letter.association,
        "licence": words("receipt.licence", licence=letter.licence) if letter.licence else "",
        "contacts": list(letter.contacts),
        "date_label": words("letter.date"),
        "date": said(here(letter.at).date(), letter.language),
        "reference_label": words("letter.reference"),
        "reference": letter.reference,
        "to": letter.to,
        "address": list(letter.address),
        "greeting": words("letter.to", name=letter.to) if letter.to else "",
        "peace": "" if greeted else words("letter.peace"),
        "body": letter.body,
        "more_label": words("letter.more") if letter.more else "",
        "more": letter.more,
        "ask": words("letter.ask") if letter.reference else words("letter.ask_plain"),
        "farewell": words("letter.farewell"),
        "signer": letter.signer,
        "signature": words("letter.signature"),
        "fax": [words("letter.fax_to", number=letter.fax), words("letter.fax_from", number=letter.house_fax)]
        if letter.kind == "fax"
        else [],
        "fax_only": words("letter.fax_only") if letter.kind == "fax" else "",
        "title": words(f"letter.file.{letter.kind}"),
        "slip": words("letter.slip") if letter.kind == "slip" else "",
        "boxes": [words(f"letter.slip.{one}") for one in ("known", "told", "copy")] if letter.kind == "slip" else [],
        "signs": [words(f"letter.slip.{one}") for one in ("person", "delegate", "day")]
        if letter.kind == "slip"
        else [],
        "page_label": words("letter.page", page="{page}"),
    }
    return drawable(page, as_is=("kind", "reference", "page_label"))
