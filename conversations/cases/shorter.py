"""The short lives: a suggestion, an inquiry, volunteering, and a request about one's own data.

Why they are so:
- A suggestion is followed up, and its sender hears what came of it, also when that is nothing (T general goal and
  objective 7: what is adopted enters the improvement log).
- An inquiry goes to the contact officer of its field (Harif خ-1) or whoever is in front; the person may ask again.
- Volunteering is a channel of every policy; it ends in a yes or a kind no.
- A data request (PDPL implementing regulation, art. 3) needs proof of identity before anything is shown or changed, is
  answered within thirty days and thirty more with a reason, once; its answer says what was done, what the law keeps
  and why. Whoever carries it out may see all of the person: where something is restricted, the protection officer.
"""

from conversations.cases.move import (
    ADMINISTRATOR,
    BENEFICIARY,
    FRONT,
    MANAGEMENT,
    NEVER,
    OPENLY,
    PROTECTION_OFFICER,
    QUIETLY,
    RELATIONS_OFFICER,
    SYSTEM,
    row,
)

INITIAL = ("received",)
_ABOVE = (MANAGEMENT, ADMINISTRATOR)
_OFFICE = (RELATIONS_OFFICER, MANAGEMENT)
_OF_DATA = (*_OFFICE, PROTECTION_OFFICER)
_PERSON_OR_FRONT = (BENEFICIARY, *FRONT)
_ANYONE = (BENEFICIARY, SYSTEM, *FRONT)
_SUGGESTION = ("received", "reviewing", "adopted")
_ASKED = ("received", "assigned")
_INQUIRY = ("received", "assigned", "answered")
_WAITING = ("received", "invited")
_VOLUNTEERING = ("received", "invited", "accepted")
_DATA = ("received", "returned", "verified", "executed")
_NOT_DONE = ("received", "returned", "verified")
_UNDONE = ("received", "verified")

# fmt: off
SUGGESTION = (
    #   from           move           to              who               told
    row("received",    "review",      "reviewing",    _OFFICE,          OPENLY),
    row("reviewing",   "adopt",       "adopted",      _OFFICE,          OPENLY),
    row("reviewing",   "not_adopt",   "closed",       _OFFICE,          QUIETLY, needs="reason"),
    row("adopted",     "carry_out",   "closed",       _OFFICE,          OPENLY, needs="result"),
    row(_SUGGESTION,   "withdraw",    "withdrawn",    BENEFICIARY,      OPENLY),
    row(_SUGGESTION,   "discontinue", "discontinued", _ABOVE,           NEVER, needs="reason"),
)

INQUIRY = (
    row("received",    "assign",      "assigned",     FRONT,            OPENLY),
    row(_ASKED,        "answer",      "answered",     FRONT,            OPENLY, needs="answer"),
    row("answered",    "ask_again",   "assigned",     BENEFICIARY,      OPENLY),
    row("answered",    "close",       "closed",       _ANYONE,          NEVER),
    row(_INQUIRY,      "withdraw",    "withdrawn",    BENEFICIARY,      OPENLY),
    row(_INQUIRY,      "discontinue", "discontinued", _ABOVE,           NEVER, needs="reason"),
)

VOLUNTEERING = (
    row("received",    "invite",      "invited",      FRONT,            OPENLY, needs="meeting"),
    row(_WAITING,      "accept",      "accepted",     _OFFICE,          OPENLY),
    row(_WAITING,      "decline",     "closed",       _OFFICE,          QUIETLY),
    row("accepted",    "close",       "closed",       _OFFICE,          OPENLY),
    row(_VOLUNTEERING, "withdraw",    "withdrawn",    BENEFICIARY,      OPENLY),
    row(_VOLUNTEERING, "discontinue", "discontinued", _ABOVE,           NEVER, needs="reason"),
)

DATA_REQUEST = (
    row("received",    "return",      "returned",     _OF_DATA,         OPENLY, needs="items"),
    row("returned",    "complete",    "received",     _PERSON_OR_FRONT, OPENLY),
    row("received",    "verify",      "verified",     _OF_DATA,         OPENLY),
    row(_UNDONE,       "extend",      "",             _OF_DATA,         OPENLY, needs="reason", guard="not_extended",
        starts="extension"),
    row("verified",    "execute",     "executed",     _OF_DATA,         QUIETLY, needs="result"),
    row(_UNDONE,       "refuse",      "closed",       _OF_DATA,         QUIETLY, needs="reason"),
    row("executed",    "close",       "closed",       _ANYONE,          NEVER),
    row(_NOT_DONE,     "withdraw",    "withdrawn",    BENEFICIARY,      OPENLY),
    row(_DATA,         "discontinue", "discontinued", _ABOVE,           NEVER, needs="reason"),
)
# fmt: on
