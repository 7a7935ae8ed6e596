"""Whether people can be reached as the profile says: contacts, whoever is on duty, officers, hours of news, prices."""

import re
from collections.abc import Callable, Iterable, Iterator

from conversations.association.mistakes import Found, meant
from conversations.association.profile import Profile
from conversations.notices import MESSAGING

WRITTEN: dict[str, tuple[str, str]] = {
    "phone": (r"\+?[0-9]{3,15}", "write it as +966138820058"),
    "fax": (r"\+?[0-9]{3,15}", "write it as +966138820058"),
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "write it as info@charity.example"),
    "website": (r"https?://[^\s/]+(/\S*)?", "write it as https://www.charity.example"),
}
"""How the value of a contact is written, so that a press on it works; as printed it may stand in any form."""


def _contacts(profile: Profile) -> Iterator[Found]:
    for contact in profile.contacts:
        form, remedy = WRITTEN.get(contact.kind, ("", ""))
        if form and contact.value and not re.fullmatch(form, contact.value, re.ASCII):
            yield f'contact "{contact.printed}"', f'value "{contact.value}" is no {contact.kind}', remedy


def _on_duty(profile: Profile) -> Iterator[Found]:
    """Whoever is in danger is told that somebody was reached there."""
    chat = profile.on_duty.telegram_chat
    if chat and not re.fullmatch(r"-?[0-9]+", chat, re.ASCII):
        yield "on_duty", f'telegram_chat "{chat}" is no chat', "write its number: 123456, or -100… for a group"


def _officers(profile: Profile) -> Iterator[Found]:
    fields = {service.category for service in profile.services if service.category}
    for number, officer in enumerate(profile.contact_officers, 1):
        if officer.field and officer.field not in fields:
            where, problem = f"contact_officer {number}", f'field "{officer.field}" is the category of no service'
            yield where, problem, meant(officer.field, fields)


def _news(profile: Profile) -> Iterator[Found]:
    """Hours in which nothing could go would be no hours at all (notices.goes_at)."""
    rules = profile.notices
    if rules.from_ >= rules.until:
        problem = f"news may go from {rules.from_:%H:%M} until {rules.until:%H:%M}: never"
        yield "notices", problem, "begin earlier than it ends; it never goes over midnight"


def _prices(profile: Profile) -> Iterator[Found]:
    for channel, price in profile.broadcasts.prices.items():
        if channel not in MESSAGING:
            yield "broadcasts, prices", f'unknown channel "{channel}"', meant(channel, MESSAGING)
        if price < 0:
            yield "broadcasts, prices", f'"{channel}" costs {price:g}', "riyals a message, 0 or more"


RULES: tuple[Callable[[Profile], Iterable[Found]], ...] = (_contacts, _on_duty, _officers, _news, _prices)
