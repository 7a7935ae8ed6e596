"""What a worker may see of cases and conversations: one place, used by lists, search, pages, exports and alerts.

Conditions for a WHERE, so that what may not be seen is never read. Whoever is complained about is excluded by name
(`excluded`), whatever their role.
"""

from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, literal, or_, select, true

from bot.desk.worker import Worker
from conversations.cases.move import BRANCH_DELEGATE, CONTACT_OFFICER
from conversations.routing import HEARD_APART
from storage import excluded
from storage.schema import cases, conversations, handoffs
from storage.schema_desk import appointments
from storage.schema_desk import excluded as excluded_table
from storage.schema_notices import notices, tasks

_WHOLE = frozenset({CONTACT_OFFICER, BRANCH_DELEGATE})
"""Roles that see a part: the services of their fields, their branch, and what names none. Whoever has another role
besides sees what that one sees."""


def cases_seen_by(worker: Worker) -> ColumnElement[bool]:
    """Of their association, of the kinds their roles see, in their part, and not about themselves."""
    c = cases.c
    kinds = worker.kinds if worker.may("cases") else frozenset[str]()
    if not kinds:
        return false()
    restricted = true() if worker.may("restricted") else c.restricted.is_(False)
    return and_(
        c.association == worker.association,
        c.kind.in_(sorted(kinds)),
        restricted,
        _part(worker),
        not_excluded(worker, c.id),
    )


def withheld_from(worker: Worker) -> ColumnElement[bool]:
    """Of cases, whatever their kind: what is confidential, or about this worker."""
    c = cases.c
    kept = and_(c.restricted, false() if worker.may("restricted") else true())
    return or_(kept, ~not_excluded(worker, c.id))


def person_withheld_from(worker: Worker, beneficiary: int) -> ColumnElement[bool]:
    """Whether anything of this person is kept from this worker: what they said, or a case of whatever kind."""
    c, k = cases.c, conversations.c
    mine = (k.association == worker.association, k.beneficiary == beneficiary)
    kept = select(c.id).where(c.association == worker.association, c.beneficiary == beneficiary, withheld_from(worker))
    return or_(select(k.id).where(*mine, ~conversations_seen_by(worker)).exists(), kept.exists())


def conversations_seen_by(worker: Worker) -> ColumnElement[bool]:
    """Restricted ones are the protection officer's; who asked for a woman is seen by women alone."""
    c = conversations.c
    if not worker.may("inbox"):
        return false()
    return and_(
        c.association == worker.association,
        true() if worker.may("restricted") else c.restricted.is_(False),
        true() if worker.woman else c.women_only.is_(False),
        _open_to(worker, c.id),
    )


def handoffs_seen_by(worker: Worker) -> ColumnElement[bool]:
    """Of what waits, joined with its conversation and its case (storage/inbox.py). A complaint that waits is seen by
    those who hear complaints; an anonymous one leads to no conversation."""
    h, c, k = handoffs.c, conversations.c, cases.c
    if not worker.may("inbox"):
        return false()
    hears = [kind for kind in sorted(HEARD_APART) if kind in worker.kinds]
    return and_(
        h.association == worker.association,
        true() if worker.may("restricted") else h.restricted.is_(False),
        true() if worker.woman else h.women_only.is_(False),
        or_(h.conversation == 0, and_(c.id.is_not(None), conversations_seen_by(worker))),
        or_(k.id.is_(None), k.kind.not_in(sorted(HEARD_APART)), k.kind.in_(hears)),
        or_(k.id.is_(None), not_excluded(worker, k.id)),
    )


def appointments_seen_by(worker: Worker) -> ColumnElement[bool]:
    """One's own, and those whose case (or, without one, whose conversation) one may see; also in a query that joins
    the case."""
    a, c, k = appointments.c, cases.c, conversations.c
    of_case = exists().where(c.id == a.case_id, cases_seen_by(worker)).correlate(appointments)
    of_conversation = exists().where(k.id == a.conversation, conversations_seen_by(worker)).correlate(appointments)
    restricted = exists().where(c.association == a.association, c.id == a.case_id, c.restricted).correlate(appointments)
    return and_(
        a.association == worker.association,
        true() if worker.may("restricted") else ~restricted,
        or_(a.staff == worker.id, of_case, and_(a.case_id.is_(None), of_conversation)),
        not_excluded(worker, a.case_id),
        _open_to(worker, a.conversation),
    )


def tasks_seen_by(worker: Worker) -> ColumnElement[bool]:
    """Of what staff must do, joined with its case and its conversation (storage/tasks.py): who may see the case may do
    its errands; where there is none, who may see the conversation. As confidential as either is by now."""
    t, c, k = tasks.c, cases.c, conversations.c
    return and_(
        t.association == worker.association,
        true() if worker.may("restricted") else and_(t.restricted.is_(False), k.restricted.is_not(True)),
        true() if worker.woman else and_(t.women_only.is_(False), k.women_only.is_not(True)),
        or_(
            and_(t.case_id.is_not(None), c.id.is_not(None), cases_seen_by(worker)),
            and_(t.case_id.is_(None), k.id.is_not(None), conversations_seen_by(worker)),
        ),
        _open_to(worker, k.id),
    )


def notices_seen_by(worker: Worker) -> ColumnElement[bool]:
    """Of what has to reach somebody, joined with its case and its conversation (storage/delivery.py): who may see the
    case sees how its person was told; where there is none, who may see the conversation."""
    n, c, k = notices.c, cases.c, conversations.c
    return and_(
        n.association == worker.association,
        true() if worker.may("restricted") else k.restricted.is_not(True),
        true() if worker.woman else k.women_only.is_not(True),
        or_(
            and_(n.case_id.is_not(None), c.id.is_not(None), cases_seen_by(worker)),
            and_(n.case_id.is_(None), k.id.is_not(None), conversations_seen_by(worker)),
        ),
        _open_to(worker, k.id),
    )


def not_excluded(worker: Worker, case: ColumnElement[int]) -> ColumnElement[bool]:
    e = excluded_table.c
    subject = literal("case:") + cast(case, String)
    return ~exists(
        select(literal(1)).where(e.association == worker.association, e.subject == subject, e.staff == worker.id)
    )


def _open_to(worker: Worker, conversation: ColumnElement[Any]) -> ColumnElement[bool]:
    """No conversation at all, or none of a person who complains about this worker, wherever they write."""
    return or_(conversation.is_(None), conversation.not_in(excluded.talks(worker.association, worker.id)))


def _part(worker: Worker) -> ColumnElement[bool]:
    if worker.roles - _WHOLE:
        return true()
    c = cases.c
    parts = []
    if CONTACT_OFFICER in worker.roles:
        theirs = or_(c.service.in_(sorted(worker.services)), c.service == "")
        parts.append(theirs if worker.categories else true())
    if BRANCH_DELEGATE in worker.roles:
        parts.append(or_(c.branch == worker.branch, c.branch == "") if worker.branch else true())
    return or_(*parts) if parts else false()
