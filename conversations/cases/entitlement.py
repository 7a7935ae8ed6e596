"""What an accepted request entitles to: each thing with its amount and its last day, as its person reads it.

Source: T steps 6 and 7, Harif ح-3 (registered after acceptance, delivered one by one).
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time

import msgspec

from conversations.arabic.normalise import ascii_digits
from conversations.cases.calendar import RIYADH, Words, here, in_digits, said

_DAY_ENDS = time(23, 59, 59)


class Owed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entitlement. `amount` is riyals, a plain number; a count of things belongs into `what`."""

    what: str
    amount: str = ""
    due: date | None = None
    """The last day of its delivery."""


def end_of(day: date) -> datetime:
    """The last second of a day in Riyadh, in UTC."""
    return datetime.combine(day, _DAY_ENDS, RIYADH).astimezone(UTC)


def day_of(due: datetime) -> date:
    return here(due).date()


def named(what: str, amount: str, language: str, words: Words) -> str:
    """«سلة غذائية», «إيجار الشهر (١٥٠٠ ريال)»."""
    return words("entitlement.amount", what=what, amount=in_digits(amount, language)) if amount else what


def listed(owed: Iterable[Owed], language: str, words: Words) -> str:
    """As lines of a list, the days in both calendars."""
    return "\n".join(f"• {_line(one, language, words)}" for one in owed)


def _line(one: Owed, language: str, words: Words) -> str:
    name = named(one.what, one.amount, language, words)
    return words("entitlement.due", what=name, day=said(one.due, language)) if one.due else name


def amount_of(text: str) -> str:
    """Riyals as a plain number («١٬٥٠٠» is 1500). Raises ValueError for what is none."""
    plain = ascii_digits(text).replace(",", "").replace("٬", "").replace("٫", ".").strip()
    if plain and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain):
        raise ValueError("amount")
    return plain
