"""A request, from the signature to the day the service is in the person's hands.

Why it is so:
- It is registered only after acceptance and delivered entitlement by entitlement: T steps 6 and 7, Harif ح-3. The
  person says of each whether it arrived; with the last one the whole is delivered.
- A represented adult who is capable consents first; until then the request waits, kept, and no promise runs.
- What is missing from the published list means it was not complete (Harif ت-2, ت-3): back to the person with exactly
  the missing items, and when they arrive the promise counts anew. What the committee wants beyond that list uses the
  same road and moves no date; `promise.recounted` knows the difference.
- T prints a minimum of two weeks, so that a decision before `earliest` needs a supervisor's logged confirmation.
- A refusal says why, what may help instead and the last day to object; it leaves the house only as «هناك جديد لكم»,
  and by day. An objection reopens it once; its study is promised like a first one [P].
- The person may withdraw at any stage that is open. `discontinue` is for what must end without a word to anybody: a
  duplicate, a death, an address that turned out to be another's.
"""

from conversations.cases.move import (
    ADMINISTRATOR,
    BENEFICIARY,
    COMMITTEE,
    FRONT,
    MANAGEMENT,
    NEVER,
    OPENLY,
    QUIETLY,
    RELATIONS_OFFICER,
    SYSTEM,
    row,
)

INITIAL = ("submitted", "awaiting_consent")
_OPEN = (
    *("awaiting_consent", "submitted", "verifying", "returned", "with_committee"),
    *("accepted", "refused", "registered", "delivered"),
)
_DELIVERING = ("registered", "delivered")
_PERSON_OR_FRONT = (BENEFICIARY, *FRONT)
_OFFICE = (RELATIONS_OFFICER, SYSTEM)
_ABOVE = (MANAGEMENT, ADMINISTRATOR)

# fmt: off
MOVES = (
    #   from                move            to                who               told
    row("awaiting_consent", "consent",      "submitted",      _PERSON_OR_FRONT, OPENLY, starts="promise"),
    row("awaiting_consent", "decline",      "withdrawn",      _PERSON_OR_FRONT, OPENLY),
    row("submitted",        "verify",       "verifying",      FRONT,            OPENLY),
    row("verifying",        "return",       "returned",       FRONT,            OPENLY, needs="items"),
    row("returned",         "complete",     "verifying",      _PERSON_OR_FRONT, OPENLY, starts="recount"),
    row("verifying",        "pass_on",      "with_committee", FRONT,            OPENLY),
    row("with_committee",   "send_back",    "returned",       COMMITTEE,        OPENLY, needs="items"),
    row("with_committee",   "accept",       "accepted",       COMMITTEE,        OPENLY, guard="not_before_earliest"),
    row("with_committee",   "refuse",       "refused",        COMMITTEE,        QUIETLY, guard="not_before_earliest",
        needs="reason help", starts="objection"),
    row("refused",          "object",       "with_committee", _PERSON_OR_FRONT, QUIETLY, guard="objection_open",
        starts="promise"),
    row("refused",          "close",        "closed",         _OFFICE,          QUIETLY, guard="objection_over"),
    row("accepted",         "register",     "registered",     _OFFICE,          OPENLY, needs="entitlements"),
    row("registered",       "deliver_one",  "",               FRONT,            OPENLY, needs="what"),
    row(_DELIVERING,        "confirm_one",  "",               BENEFICIARY,      OPENLY),
    row("registered",       "not_received_one", "",           _PERSON_OR_FRONT, OPENLY),
    row("registered",       "deliver",      "delivered",      FRONT,            OPENLY, guard="all_delivered"),
    row("delivered",        "not_received", "registered",     _PERSON_OR_FRONT, OPENLY),
    row("delivered",        "confirm",      "closed",         BENEFICIARY,      OPENLY),
    row("delivered",        "close",        "closed",         _OFFICE,          OPENLY),
    row(_OPEN,              "withdraw",     "withdrawn",      BENEFICIARY,      OPENLY),
    row(_OPEN,              "discontinue",  "discontinued",   _ABOVE,           NEVER, needs="reason"),
)
# fmt: on
