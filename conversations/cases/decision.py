"""Which moves decide a case: what the promise is measured against, and what management counts.

Source: Harif ت-6 (a reply within the days promised), T step 5 (acceptance or refusal), Harif د-5 and د-6. A case is
decided while it stands in one of these stages, by whichever move brought it there: for a request the committee's yes or
no, for a complaint its answer or the settlement agreed, for a claim the finding of fault. An objection, an appeal or a
question asked again takes it back among the undecided. Withdrawn and discontinued are ends without a decision.
"""

from collections.abc import Mapping

DECIDED: Mapping[str, frozenset[str]] = {
    "request": frozenset({"accepted", "refused", "registered", "delivered", "closed"}),
    "complaint": frozenset({"answered", "accepted", "closed"}),
    "compensation": frozenset({"fault_proven", "fault_not_proven", "negotiating", "settled", "closed"}),
    "suggestion": frozenset({"adopted", "closed"}),
    "inquiry": frozenset({"answered", "closed"}),
    "volunteering": frozenset({"accepted", "closed"}),
    "data_request": frozenset({"executed", "closed"}),
}
"""Stages by kind."""
_WITHOUT = frozenset({"withdrawn", "discontinued"})


def decides(kind: str, from_stage: str, to_stage: str) -> bool | None:
    """True where this step decides the case, False where it makes it undecided, None where neither changes.

    Raises KeyError for an unknown kind."""
    if to_stage in _WITHOUT:
        return None
    stages = DECIDED[kind]
    before, after = from_stage in stages, to_stage in stages
    return None if before == after else after
