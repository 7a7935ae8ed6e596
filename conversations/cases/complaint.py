"""A complaint: received with its code, acknowledged at once, weighed, looked into, answered, and open to one appeal.

Source: ISO 10002's stages; Harif ج-1 (لجنة المتابعة, fast) and ج-3 (amicable settlement). Outside Harif the body that
hears it is our reading.

Why it is so:
- Acknowledging is the system's own move: nobody waits for a person to hear that their words arrived.
- Every word about a complaint is quiet: a phone may be shared, and with whom they live may be whom they complain of.
- Settling amicably is a stage one comes back from, never the end: the person says whether they are content.
- An appeal is heard by management, not by those whose answer it doubts, and once.
- A restricted complaint (abuse, exploitation, a threat to life) moves by the protection officer's hand alone.
"""

from conversations.cases.move import (
    ADMINISTRATOR,
    BENEFICIARY,
    FOLLOW_UP_COMMITTEE,
    MANAGEMENT,
    NEVER,
    PROTECTION_OFFICER,
    QUIETLY,
    SYSTEM,
    row,
)

INITIAL = ("received",)
_OPEN = ("received", "acknowledged", "assessed", "investigating", "settling", "answered", "appealed", "accepted")
_HANDLERS = (FOLLOW_UP_COMMITTEE, PROTECTION_OFFICER)
_SYSTEM_TOO = (SYSTEM, *_HANDLERS)
_PERSON_TOO = (BENEFICIARY, *_HANDLERS)
_ABOVE = (MANAGEMENT, PROTECTION_OFFICER)
_CLERKS = (*_ABOVE, ADMINISTRATOR)

# fmt: off
MOVES = (
    #   from             move           to               who          told
    row("received",      "acknowledge", "acknowledged",  _SYSTEM_TOO, QUIETLY),
    row("acknowledged",  "assess",      "assessed",      _HANDLERS,   QUIETLY, needs="severity"),
    row("assessed",      "investigate", "investigating", _HANDLERS,   QUIETLY),
    row("investigating", "settle",      "settling",      _HANDLERS,   QUIETLY, needs="proposal"),
    row("settling",      "resume",      "investigating", _PERSON_TOO, QUIETLY),
    row("settling",      "agree",       "accepted",      BENEFICIARY, QUIETLY),
    row("investigating", "answer",      "answered",      _HANDLERS,   QUIETLY, needs="answer", starts="objection"),
    row("answered",      "accept",      "accepted",      BENEFICIARY, QUIETLY),
    row("answered",      "appeal",      "appealed",      BENEFICIARY, QUIETLY, guard="appeal_open"),
    row("answered",      "close",       "closed",        _SYSTEM_TOO, QUIETLY, guard="appeal_over"),
    row("appealed",      "reopen",      "investigating", _ABOVE,      QUIETLY),
    row("appealed",      "uphold",      "closed",        _ABOVE,      QUIETLY, needs="reason"),
    row("accepted",      "close",       "closed",        _SYSTEM_TOO, NEVER),
    row(_OPEN,           "withdraw",    "withdrawn",     BENEFICIARY, QUIETLY),
    row(_OPEN,           "discontinue", "discontinued",  _CLERKS,     NEVER, needs="reason"),
)
# fmt: on
