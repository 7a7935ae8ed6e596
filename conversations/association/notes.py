"""What stops nothing and should be known: to be confirmed by the association, not built yet, or awkward to read."""

from collections.abc import Callable, Iterable, Iterator

from conversations.association.association import Association
from conversations.association.check import KEPT, lists, profile_file, tables
from conversations.association.fulfilment import FULFILMENTS
from conversations.association.mistakes import Found, Note
from conversations.association.profile import Profile, WordList

ROWS = 10
"""Rows of a list that every channel can show at once."""


def notes(association: Association) -> list[Note]:
    """In the order of the rules below; `wasl check` lists them."""
    file = profile_file(association)
    said = [Note(file, *found) for rule in _NOTES for found in rule(association.profile)]
    without = [language for language in ("ar", "en") if not association.knowledge.get(language)]
    return said + [Note(file, "", f"no knowledge.{one}.md", "questions will all go to a person") for one in without]


def _unconfirmed(profile: Profile) -> Iterator[Found]:
    ask = "ask the association, then set confirmed = true"
    for service in profile.services:
        for name in ("criteria", "documents"):
            lines: WordList = getattr(service, name)
            if lines.ar and not lines.confirmed:
                yield f'service "{service.id}"', f"{name} not confirmed", ask
    for hotline in profile.hotlines:
        if not hotline.confirmed:
            yield f'hotline "{hotline.id}"', "not confirmed (shown to a person in danger all the same)", ask
    if not profile.hours.confirmed:
        yield "hours", "not confirmed", ask
    if not profile.privacy.retention_confirmed:
        yield "privacy, retention_days", "not confirmed", "ask the association, then set retention_confirmed = true"
    for processor in profile.privacy.processors:
        if processor.assessed is None:
            yield f'privacy, processor "{processor.name}"', "no risk assessment", "set assessed to its date"


def _kept_for_good(profile: Profile) -> Iterator[Found]:
    for kind in KEPT:
        if kind not in profile.privacy.retention_days:
            yield "privacy, retention_days", f'no days for "{kind}": it is kept for good', f"{kind} = 365, or as long"


def _printed(profile: Profile) -> Iterator[Found]:
    for contact in profile.contacts:
        if contact.state == "malformed":
            remedy = "ask the association for the right one; until then it is shown, never dialled"
            yield f'contact "{contact.printed}"', "malformed as printed", remedy
        elif contact.state == "printed":
            yield f'contact "{contact.printed}"', "printed, not verified", 'set state = "confirmed" once it is'
    policy = profile.policy
    if policy.approved is None:
        printed = f'printed as "{policy.approval_printed}"' if policy.approval_printed else "none printed"
        yield "policy", f"no approval date: {printed}", "ask the association, then set approved"
    if policy.review is None:
        yield "policy", "no review date", "ask the association, then set review"


def _readings(profile: Profile) -> Iterator[Found]:
    remedy = "ask the association whether it agrees"
    for where, table in tables(profile):
        if getattr(table, "reading", False):
            yield where, "is our reading, not the policy's words", remedy


def _not_built(profile: Profile) -> Iterator[Found]:
    for clause in profile.clauses:
        later = [one for one in clause.fulfilled_by if not FULFILMENTS.get(one, True)]
        if later:
            known = len(later) < len(clause.fulfilled_by)
            yield f'clause "{clause.id}"', f"{'partly ' if known else ''}not built yet", ", ".join(later)


def _missing(profile: Profile) -> Iterator[Found]:
    for tool in profile.tools:
        if not tool.file:
            yield f'tool "{tool.id}"', "no document yet", "put it in documents/ and set file"
    if not profile.on_duty.telegram_chat:
        yield (
            "on_duty",
            "nobody is reached by «عاجل»",
            "set telegram_chat; until then people see numbers to call",
        )


def _shown(profile: Profile) -> Iterator[Found]:
    if profile.staff_group.shows == "full":
        told = "everything people write, files and voice too, is copied into the staff's Telegram group"
        yield "staff_group, shows", told, "masked and link show less"


def _crowded(profile: Profile) -> Iterator[Found]:
    for where, members in lists(profile):
        if len(members) > ROWS:
            yield where, f"{len(members)} to choose from", f"more than {ROWS} become pages on some channels"


_NOTES: tuple[Callable[[Profile], Iterable[Found]], ...] = (
    _unconfirmed,
    _kept_for_good,
    _printed,
    _readings,
    _not_built,
    _missing,
    _shown,
    _crowded,
)
