"""What rang, as far as a worker may know: an alarm holds a code alone, and the code tells already.

A grave complaint is named to those who hear complaints, a disclosed harm to those who see what is restricted; others
read that something confidential has come. Whoever is kept away from what may have rung is shown nothing: a word that
something came is enough for them to guess.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.desk.worker import Worker
from conversations.routing import HEARD_APART
from storage import alarms, excluded
from storage.alarms import Alarm

if TYPE_CHECKING:
    from bot.desk.at import At

ABOUT_A_COMPLAINT = frozenset({"grave_complaint"})
_HARMS = ("self_harm", "child_abuse", "abuse", "exploitation", "danger")
RESTRICTED = frozenset(_HARMS) | {f"look_{one}" for one in _HARMS}
CONFIDENTIAL = "confidential"
"""The code that stands for those that are not theirs to know."""


def waiting(connection: Connection, at: "At") -> list[Alarm]:
    """Unseen, urgent first; what this worker may not know has another code, or is left out."""
    found = alarms.waiting(connection, at.slug)
    if not any(_is_confidential(one) for one in found):
        return found
    kept_away = excluded.since_when(connection, at.slug, at.worker.id)
    return [
        one if _may_know(at.worker, one) else one._replace(code=CONFIDENTIAL)
        for one in found
        if not (_is_confidential(one) and any(one.at <= came <= one.last_at for came in kept_away))
    ]


def _is_confidential(alarm: Alarm) -> bool:
    return alarm.code in ABOUT_A_COMPLAINT or alarm.code in RESTRICTED


def _may_know(worker: Worker, alarm: Alarm) -> bool:
    if alarm.code in ABOUT_A_COMPLAINT:
        return bool(worker.kinds & HEARD_APART)
    return alarm.code not in RESTRICTED or worker.may("restricted")
