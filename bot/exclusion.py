"""Whoever is complained about sees nothing of it: kept away in the transaction that files the complaint, so that there
is no moment in which they could; and by a worker's hand afterwards. What they may see is asked of sight.py alone.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from conversations.cases.named import named
from storage import appointments, case_lists, excluded, staff
from storage.cases import Case
from storage.excluded import Excluded
from storage.vault import Vault

ABOUT = ("complaint", "compensation")
"""Kinds of case that may be about somebody who works here."""


def keep_away(connection: Connection, vault: Vault, filed: Sequence[Case], now: int) -> None:
    """Those whom these new complaints name: from the complaint, from what was filed with it, and from what was said."""
    for complaint in filed:
        said = complaint.answers.get("who")
        if complaint.kind != "complaint" or not isinstance(said, str):
            continue
        colleagues = staff.colleagues(connection, vault, complaint.association)
        about = named(said, {one.member.staff: one.name for one in colleagues})
        cases = [one for one in filed if complaint.reference in (one.reference, one.linked_to)]
        rows = [
            Excluded(subject, who, excluded.NAMED, 0, now)
            for who in sorted(about)
            for one in cases
            for subject in subjects(one.id, one.conversation)
        ]
        excluded.add(connection, complaint.association, rows)


def subjects(case: int, conversation: int | None) -> Iterable[str]:
    """The case itself, and what was said in its conversation."""
    yield excluded.case(case)
    if conversation is not None:
        yield excluded.conversation(conversation)


def exclude(connection: Connection, case: Case, conversation: int | None, who: int, by: int, now: int) -> None:
    """By a worker's word. `conversation`: where its words were written (an anonymous case does not name it). Whoever
    has the case, or an appointment about it, in hand has it no longer."""
    rows = [Excluded(subject, who, excluded.BY_HAND, by, now) for subject in subjects(case.id, conversation)]
    excluded.add(connection, case.association, rows)
    if case.holder == who:
        case_lists.assign(connection, case.association, case.id, None)
    appointments.release(connection, case.association, case.id, who)


def let_in(connection: Connection, case: Case, conversation: int | None, who: int) -> None:
    excluded.remove(connection, case.association, subjects(case.id, conversation), who)
