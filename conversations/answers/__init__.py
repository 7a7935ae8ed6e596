"""The kinds of answer a profile's field can ask for, by the name the profile uses. One line a kind."""

from collections.abc import Callable, Mapping

from conversations.answers.choice import ManyOf, OneOf, YesNo
from conversations.answers.contract import Answer
from conversations.answers.date import BirthDate, Date
from conversations.answers.document import Document, Photo
from conversations.answers.phone import Phone
from conversations.answers.saudi_id import Identity, SaudiId
from conversations.answers.text import LongText, ShortText
from conversations.association.profile import ServiceField

KINDS: Mapping[str, Callable[[ServiceField], Answer]] = {
    "short_text": lambda field: ShortText(),
    "long_text": lambda field: LongText(),
    "choice": lambda field: OneOf(field.choices),
    "choices": lambda field: ManyOf(field.choices),
    "date": lambda field: Date(),
    "birth_date": lambda field: BirthDate(),
    "yes_no": lambda field: YesNo(),
    "saudi_id": lambda field: SaudiId(),
    "identity": lambda field: Identity(),
    "phone": lambda field: Phone(),
    "document": lambda field: Document(at_most=field.at_most),
    "photo": lambda field: Photo(at_most=field.at_most),
}


def answer_for(field: ServiceField) -> Answer:
    """The answer of a profile's field. Raises KeyError for a kind that is none of ours (`wasl check` finds it)."""
    return KINDS[field.kind](field)
