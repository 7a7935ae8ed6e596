"""Days, times and numbers as the desk writes them: both calendars, in the reader's language."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from conversations.cases.calendar import here, in_digits, said
from storage.times import moment


def day(at: int | None, language: str) -> str:
    """The day of a moment (milliseconds) in both calendars; empty for none."""
    return said(here(moment(at)).date(), language) if at is not None else ""


def clock(at: int | None, language: str) -> str:
    """The time of day in Riyadh; empty for none."""
    if at is None:
        return ""
    local = here(moment(at))
    return in_digits(f"{local:%H:%M}", language)


def short(at: int | None, now: datetime, language: str) -> str:
    """For lists: the time today, else the day and month, else the date; Gregorian."""
    if at is None:
        return ""
    local, today = here(moment(at)), here(now).date()
    if local.date() == today:
        return in_digits(f"{local:%H:%M}", language)
    if local.year == today.year:
        return in_digits(f"{local.day}/{local.month}", language)
    return in_digits(f"{local.day}/{local.month}/{local.year}", language)


def money(amount: Decimal, unit: str, language: str, whole: bool = False) -> str:
    """An amount of a currency (ISO 4217) with its name: a single price as exactly as it is known, a sum (`whole`)
    to two places."""
    from babel.numbers import format_currency

    form = "#,##0.00 ¤¤¤" if whole else "#,##0.00##### ¤¤¤"
    system = "arab" if language == "ar" else "latn"
    said = format_currency(amount, unit, form, locale=language, currency_digits=False, numbering_system=system)
    return in_digits(said, language)


_COUNTED = frozenset({"number", "money", "rating", "date", "birth_date"})


def answered(kind: str, shown: str, language: str) -> str:
    """An answer as pages write it: amounts and days in the page's digits; a number that somebody may copy (identity,
    phone, account) stays as it was given."""
    if kind not in _COUNTED or language == "en":
        return shown
    return in_digits(_THOUSANDS.sub("٬", shown), language)


_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


def waited(since: int, now: datetime) -> tuple[str, int]:
    """How long something has waited: the unit (minutes, hours, days) and how many, for `waited.<unit>`."""
    span = max(now - moment(since), timedelta())
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return "minutes", minutes
    if minutes < 48 * 60:
        return "hours", minutes // 60
    return "days", minutes // (24 * 60)
