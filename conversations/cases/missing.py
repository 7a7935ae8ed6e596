"""What a returned case waits for: fields of the service by their ids, and what staff asked in words of their own.

Source: request.py ("exactly the missing items"). What is on the service's published list makes the promise count anew
when it arrives; what staff ask beyond it moves no date.
"""

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from conversations.association.profile import Profile, ServiceField

OTHER = "other:"
"""Items asked in words are numbered through the life of their case: `other:1`, `other:2` …"""


class Missing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is missing. `item` is a field's id, or `other:<n>`, or nothing yet (storage numbers it)."""

    item: str = ""
    published: bool = False
    words: str = ""
    """What staff asked for, in their words; empty for a field."""
    kind: Literal["", "document", "long_text"] = ""
    """How words of staff are answered: by a paper, in words, or by either."""
    secret: bool = False
    """Only on the secure page where the chat may not ask."""


def fields_of(profile: Profile, service: str) -> dict[str, ServiceField]:
    """Everything a return may name of this service: its own fields and those of every request."""
    found = profile.service(service)
    return {field.id: field for field in (*profile.common, *(found.fields if found else ()))}


def read(profile: Profile, service: str, items: str) -> tuple[Missing, ...]:
    """What a text asks for: each line that is made of nothing but ids of fields means those, any other is words."""
    known = fields_of(profile, service)
    found: list[Missing] = []
    for line in filter(None, (line.strip(" \t•-") for line in items.splitlines())):
        ids = line.replace(",", " ").split()
        if all(one in known for one in ids):
            found += (Missing(item=one, published=known[one].published) for one in ids)
        else:
            found.append(Missing(words=line))
    return tuple(dict.fromkeys(found))


def numbered(missing: Iterable[Missing], used: Iterable[str]) -> tuple[Missing, ...]:
    """The same with a number for what has none yet, none used twice in a case; what is given twice counts once."""
    last = max(map(_number, used), default=0)
    named: dict[str, Missing] = {}
    for one in missing:
        if not one.item:
            last += 1
            one = msgspec.structs.replace(one, item=f"{OTHER}{last}")
        named.setdefault(one.item, one)
    return tuple(named.values())


def ordered(missing: Iterable[Missing], profile: Profile, service: str) -> list[Missing]:
    """In the order in which the service asks; what staff asked in words comes last."""
    places = {item: place for place, item in enumerate(fields_of(profile, service))}
    return sorted(missing, key=lambda one: (places.get(one.item, len(places)), _number(one.item)))


def _number(item: str) -> int:
    return int(item[len(OTHER) :]) if item.startswith(OTHER) else 0


def listed(missing: Iterable[Missing], profile: Profile, service: str, language: str) -> str:
    """As lines of a list, in one language; words of staff as they wrote them."""
    known = fields_of(profile, service)
    return "\n".join(f"• {_name(one, known, language)}" for one in ordered(missing, profile, service))


UNTIL = "_until"
"""Of a paper that expires, the answer that says until when (apply.expiry_step)."""


def item_of(answer: str, answers: Collection[str]) -> str:
    """The item that an answer was given to."""
    paper = answer.removesuffix(UNTIL)
    return paper if paper in answers else answer


def _name(one: Missing, known: dict[str, ServiceField], language: str) -> str:
    if one.words:
        return one.words
    field = known.get(one.item)
    return field.title.to(language) if field else one.item
