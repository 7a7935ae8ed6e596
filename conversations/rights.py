"""Who at the charity may see and do what: a table to be read aloud.

Source: the roles of the five policies (DOMAIN.md). What a role may do to a case is the lifecycle's own table
(`cases/move.py`); here stands which rooms of the desk it may enter and which kinds of case it may see. A worker with
several roles has the rights of all of them.

Why it is so:
- Who is complained about often sits in front: complaints are seen by those who hear them, not by those who receive
  people.
- A restricted case (abuse, exploitation, a threat to life, and the compensation claimed with it) is seen and moved by
  the protection officer alone, management and the auditor included in those who do not.
- A copy of everything kept of a person, or its erasure, is for who may see all of it: where something is restricted,
  that is the protection officer.
- An administrator keeps accounts, documents and the outbound switch: that needs nobody's case.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from conversations.cases.move import (
    ADMINISTRATOR,
    AUDITOR,
    BRANCH_DELEGATE,
    COMMITTEE,
    CONTACT_OFFICER,
    FOLLOW_UP_COMMITTEE,
    INVESTIGATION_COMMITTEE,
    MANAGEMENT,
    PROTECTION_OFFICER,
    RELATIONS_OFFICER,
    SOCIAL_RESEARCHER,
)

WORKER_ROLES: Final = (
    *(RELATIONS_OFFICER, SOCIAL_RESEARCHER, COMMITTEE, FOLLOW_UP_COMMITTEE, INVESTIGATION_COMMITTEE, CONTACT_OFFICER),
    *(BRANCH_DELEGATE, MANAGEMENT, PROTECTION_OFFICER, AUDITOR, ADMINISTRATOR),
)
"""Roles a person can be given, in the order in which pages show them."""

RIGHTS: Final = {
    "inbox": "see the waiting conversations, answer, hand back",
    "cases": "see cases of the kinds one's roles see",
    "work": "verify, move cases, deliver entitlements",
    "record": "record what came by interview, phone, letter, fax, e-mail or a branch",
    "appointments": "see and arrange interviews, visits and calls",
    "committee": "sit in a committee, vote, decide, sign minutes",
    "restricted": "see and answer what is restricted: harm, abuse, exploitation",
    "supervise": "confirm a decision before its earliest day, pause a clock, give work to others",
    "management": "figures, exports, the governance report",
    "policy": "read the policy and the library",
    "library": "change the library, circulate a changed policy",
    "people": "invite workers, give roles, end access, see sign-ins",
    "audit": "read who saw and changed what",
    "delivery": "see what reached whom, by which way, and what waits",
    "outbound": "hold and release what goes out",
    "surveys.see": "see the waves of surveys, and how far each is",
    "surveys.plan": "plan a wave of a survey, pause it, abort it",
    "surveys.approve": "approve a wave that somebody else planned",
    "broadcasts.see": "see what was told to many at once, and what became of it",
    "broadcasts.write": "write a broadcast, try it, send it to a few, pause it, abort it",
    "broadcasts.approve": "approve a broadcast that somebody else wrote",
    "results.see": "what surveys found, in numbers and without names: every department",
    "results.words": "read what people wrote in surveys, and put it under themes",
    "improvements": "see the improvement log and what came of it",
    "improve": "turn answers into suggestions, complaints and improvements, and carry these out",
    "data": "answer data requests: export, correct, erase; join and part the addresses of a person",
}
"""What a page or an act of the desk may ask for. Signing in alone gives the account page and nothing else."""

_FRONT = "inbox cases work record appointments policy results.see improvements"
_ASKING = "surveys.see surveys.plan broadcasts.see broadcasts.write improve"

_TABLE: Mapping[str, tuple[str, str]] = {
    # role                   rights                                                        kinds of case
    RELATIONS_OFFICER: (f"{_FRONT} data delivery {_ASKING}", "request suggestion inquiry volunteering data_request"),
    SOCIAL_RESEARCHER: (_FRONT, "request suggestion inquiry volunteering"),
    CONTACT_OFFICER: (_FRONT, "request suggestion inquiry volunteering"),
    BRANCH_DELEGATE: (
        "cases work record appointments policy results.see improvements",
        "request suggestion inquiry volunteering",
    ),
    COMMITTEE: ("cases committee policy results.see", "request"),
    FOLLOW_UP_COMMITTEE: (
        "cases work committee policy results.see results.words improvements improve",
        "complaint",
    ),
    INVESTIGATION_COMMITTEE: ("cases work committee policy results.see", "compensation complaint"),
    MANAGEMENT: (
        "inbox cases work appointments supervise management policy results.see library audit outbound data delivery "
        f"{_ASKING} results.words surveys.approve broadcasts.approve improvements",
        "request complaint compensation suggestion inquiry volunteering data_request",
    ),
    PROTECTION_OFFICER: (
        "inbox cases work appointments restricted policy results.see data delivery",
        "complaint compensation data_request",
    ),
    AUDITOR: (
        "cases management policy results.see audit surveys.see broadcasts.see improvements",
        "request complaint compensation suggestion inquiry volunteering data_request",
    ),
    ADMINISTRATOR: ("people policy results.see library outbound delivery", ""),
}


def rights_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything these roles may do. Unknown roles give nothing."""
    return frozenset(right for role in roles if role in _TABLE for right in _TABLE[role][0].split())


def kinds_seen_by(roles: Iterable[str]) -> frozenset[str]:
    """The kinds of case these roles may see; of restricted ones only with the right "restricted"."""
    return frozenset(kind for role in roles if role in _TABLE for kind in _TABLE[role][1].split())
