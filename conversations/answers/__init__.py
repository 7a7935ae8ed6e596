"""The kinds of answer a profile's field can ask for, by the name the profile uses. One line a kind."""

from collections.abc import Callable, Mapping

from conversations.answers.address import ShortAddress
from conversations.answers.choice import ManyOf, OneOf, YesNo
from conversations.answers.contract import Answer
from conversations.answers.cr_number import CrNumber
from conversations.answers.date import BirthDate, Date
from conversations.answers.document import Document, Photo
from conversations.answers.email import Email
from conversations.answers.iban import Iban
from conversations.answers.location import Place
from conversations.answers.number import Money, Number
from conversations.answers.phone import Phone
from conversations.answers.rating import Rating
from conversations.answers.saudi_id import Identity, SaudiId
from conversations.answers.signature import Signing
from conversations.answers.text import LongText, ShortText
from conversations.answers.voice import Voice
from conversations.association.profile import ServiceField


def _number(field: ServiceField) -> Answer:
    return Number(least=0 if field.least is None else field.least, most=field.most)


def _money(field: ServiceField) -> Answer:
    return Money(least=field.least or 0, most=Money.most if field.most is None else field.most)


def _short_text(field: ServiceField) -> Answer:
    return ShortText(least=int(field.least or 1), most=int(field.most or ShortText.most))


def _long_text(field: ServiceField) -> Answer:
    return LongText(most=int(field.most or LongText.most))


KINDS: Mapping[str, Callable[[ServiceField], Answer]] = {
    "short_text": _short_text,
    "long_text": _long_text,
    "choice": lambda field: OneOf(field.choices),
    "choices": lambda field: ManyOf(field.choices),
    "yes_no": lambda field: YesNo(),
    "number": _number,
    "money": _money,
    "date": lambda field: Date(),
    "birth_date": lambda field: BirthDate(),
    "saudi_id": lambda field: SaudiId(),
    "identity": lambda field: Identity(),
    "phone": lambda field: Phone(),
    "iban": lambda field: Iban(),
    "short_address": lambda field: ShortAddress(),
    "email": lambda field: Email(),
    "cr_number": lambda field: CrNumber(),
    "document": lambda field: Document(at_most=field.at_most),
    "photo": lambda field: Photo(at_most=field.at_most),
    "voice": lambda field: Voice(),
    "location": lambda field: Place(),
    "rating": lambda field: Rating(),
    "signature": lambda field: Signing(),
}


def answer_for(field: ServiceField) -> Answer:
    """The answer of a profile's field. Raises KeyError for a kind that is none of ours (`wasl check` finds it)."""
    return KINDS[field.kind](field)
