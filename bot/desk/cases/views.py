"""How a case is named, placed and clocked on pages: for lists, boards, and the case's own page."""

from typing import Any

from bot.desk.at import At
from conversations.cases import clock
from conversations.cases.calendar import calendar_of
from conversations.cases.lifecycle import FINAL, LIFECYCLES, Lifecycle
from storage.times import moment


def views(at: At) -> dict[str, Any]:
    """What templates of cases call: each of a row or a whole case, which name the same things alike."""
    calendar = calendar_of(at.association.profile)

    def lamp(one: Any) -> str:
        return clock.lamp(moment(one.due), at.now, calendar) if one.due is not None and one.closed_at is None else ""

    def left(one: Any) -> tuple[str, int]:
        """`left` or `late`, and how many working days."""
        return days_to(at, one.due)

    return {
        "lamp": lamp,
        "left": left,
        "stage": lambda one: at_stage(at, one.kind, one.stage),
        "subject": lambda one: subject(at, one.kind, one.service, one.category),
    }


def days_to(at: At, due: int) -> tuple[str, int]:
    days = clock.working_days(at.now, moment(due), calendar_of(at.association.profile))
    return ("late", -days) if moment(due) < at.now else ("left", days)


def at_stage(at: At, kind: str, stage: str) -> str:
    """Where a case stands, as staff say it."""
    return at.words.or_key(f"at_stage.{kind}.{stage}")


def move_name(at: At, kind: str, name: str) -> str:
    """A move as staff say it: what a person would press in their own name is worded anew."""
    own = f"case.move.{kind}.{name}"
    return at.words(own if own in at.words else f"move.{kind}.{name}")


def subject(at: At, kind: str, service: str, category: str = "") -> str:
    """What it is about: the service, the subject of a complaint, what is asked about one's data."""
    profile = at.association.profile
    if kind == "request":
        found = profile.service(service)
        return found.title.to(at.language) if found else service
    if kind == "complaint":
        named = next((one for one in profile.complaints.subjects if one.id == category), None)
        return named.title.to(at.language) if named else category
    return at.words.or_key(f"my_data.{service}") if kind == "data_request" and service else ""


def open_stages(kind: str) -> tuple[str, ...]:
    lifecycle: Lifecycle = LIFECYCLES[kind]
    return tuple(stage for stage in lifecycle.stages if stage not in FINAL)


def kinds_of(at: At) -> list[str]:
    """Kinds of case that this worker may see and this association has."""
    has = at.association.profile.compensation.enabled
    return [kind for kind in LIFECYCLES if kind in at.worker.kinds and (has or kind != "compensation")]
