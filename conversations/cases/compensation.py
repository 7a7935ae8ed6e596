"""A claim for compensation, where the policy has it (Harif ث-1 to ث-4).

Why it is so:
- Nothing moves before the investigation committee's minutes: dated, approved by each member, with the harm, its size
  and its causes (ث-2). Fault is a finding of its own, after the minutes (ث-1).
- A court's ruling can be recorded at any stage and changes none by itself (ث-3); with one on record the negotiation is
  open from anywhere, a finding of no fault included.
- Nothing is promised and no sum is said before it is settled with the person (ث-4).
- Every word is quiet, as of a complaint.
"""

from conversations.cases.move import (
    ADMINISTRATOR,
    BENEFICIARY,
    INVESTIGATION_COMMITTEE,
    MANAGEMENT,
    NEVER,
    QUIETLY,
    SYSTEM,
    row,
)

INITIAL = ("claimed",)
_OPEN = ("claimed", "minuted", "fault_proven", "fault_not_proven", "negotiating", "settled")
_UNPROVEN = ("claimed", "minuted", "fault_not_proven")
_COMMITTEE = INVESTIGATION_COMMITTEE
_ABOVE = (INVESTIGATION_COMMITTEE, MANAGEMENT)
_CLERKS = (MANAGEMENT, ADMINISTRATOR)
_SYSTEM_TOO = (SYSTEM, *_ABOVE)

# fmt: off
MOVES = (
    #   from                move            to                  who          told
    row("claimed",          "minute",       "minuted",          _COMMITTEE,  QUIETLY, needs="minutes"),
    row("minuted",          "prove",        "fault_proven",     _COMMITTEE,  QUIETLY),
    row("minuted",          "not_prove",    "fault_not_proven", _COMMITTEE,  QUIETLY, needs="reason"),
    row("fault_proven",     "negotiate",    "negotiating",      _ABOVE,      QUIETLY),
    row(_UNPROVEN,          "follow_ruling", "negotiating",     _ABOVE,      QUIETLY, guard="court_ruled"),
    row("negotiating",      "settle",       "settled",          _ABOVE,      QUIETLY, needs="agreement"),
    row("fault_not_proven", "close",        "closed",           _SYSTEM_TOO, QUIETLY),
    row("settled",          "finish",       "closed",           _SYSTEM_TOO, QUIETLY),
    row(_OPEN,              "court_ruling", "",                 _ABOVE,      QUIETLY, needs="ruling"),
    row(_OPEN,              "withdraw",     "withdrawn",        BENEFICIARY, QUIETLY),
    row(_OPEN,              "discontinue",  "discontinued",     _CLERKS,     NEVER, needs="reason"),
)
# fmt: on
