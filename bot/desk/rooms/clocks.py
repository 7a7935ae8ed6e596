"""Everything with a deadline on one page: overdue, red, amber, in the association's own working days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.room import Room
from bot.desk.sight import appointments_seen_by, cases_seen_by, handoffs_seen_by, tasks_seen_by
from bot.desk.whole import pair, place
from conversations.cases import clock
from conversations.cases.calendar import calendar_of
from conversations.routing import Waiting, answer_by
from storage import appointments, clocks, entitlements, inbox, staff, tasks
from storage.clocks import Due
from storage.schema import cases
from storage.tasks import Wanted
from storage.times import moment, ms

room = Room("clocks", nav="/clocks", right="cases")
PAGE, PART = 50, 20
"""Rows of the cases, and of what stands below them."""
NOBODY = 0
T = TypeVar("T")
AHEAD = timedelta(days=60)
"""How far ahead the page looks."""


class Part(NamedTuple, Generic[T]):
    """A list of the page, and where its next page begins."""

    rows: list[T]
    more: str


@dataclass(frozen=True, slots=True)
class Clocks:
    counts: dict[str, int]
    due: Part[Due]
    names: dict[int, str]
    pauses: dict[int, clocks.Pause]
    owed: Part[entitlements.Overdue]
    met: Part[appointments.Listed]
    tasks: Part[tasks.Listed]
    waits: Part[inbox.Row]


@room.get("/clocks")
async def all_clocks(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200) -> Response:
    found = await at.read(_read, at)
    calendar = calendar_of(at.association.profile)

    def left(due: int) -> tuple[str, int]:
        """Late or left, and how many working days."""
        days = clock.working_days(at.now, moment(due), calendar)
        return ("late", -days) if moment(due) < at.now else ("left", days)

    return at.page(
        "clocks/clocks.html",
        error=error,
        status=status,
        found=found,
        lamp=lambda due: clock.lamp(moment(due), at.now, calendar),
        left=left,
        service=lambda one: _service(at, one.service, getattr(one, "kind", "request")),
        taken_by=lambda row: ms(_taken_by(at, row)),
        reasons=lambda row: list(dict.fromkeys(at.words.or_key(f"handoff.{reason}") for reason in row.reasons)),
    )


def _read(connection: Connection, at: At) -> Clocks:
    now, calendar = ms(at.now), calendar_of(at.association.profile)
    red, amber = (ms(mark) for mark in clock.marks(at.now, calendar))
    seen, me = cases_seen_by(at.worker), at.worker
    about = (connection, at.slug)

    def after(name: str) -> dict[str, Any]:
        return {"after": pair(at.query(name)) or (0, 0), "limit": PART}

    due = clocks.due(*about, seen, until=ms(at.now + AHEAD), after=pair(at.query("after")) or (0, 0), limit=PAGE)
    owed = entitlements.overdue(*about, seen, amber, **after("owed"))
    met = (
        appointments.unsettled(*about, appointments_seen_by(me), now, **after("met")) if me.may("appointments") else []
    )
    errands = tasks.page(*about, tasks_seen_by(me), Wanted(due_by=amber), **after("tasks")) if me.may("work") else []
    waiting = place(at.query("waits"), 3)
    waits = inbox.waiting(*about, handoffs_seen_by(me), NOBODY, after=waiting, limit=PART) if me.may("inbox") else []
    silent = [one.id for one in due if one.paused]
    paused = clocks.pauses_of(connection, at.desk.vault, at.slug, silent) if silent else []
    return Clocks(
        clocks.counts(*about, seen, (now, red, amber)),
        _part(due, [(one.due, one.id) for one in due], PAGE),
        staff.names(connection, at.desk.vault, {one.holder for one in due if one.holder}),
        {one.case_id: one for one in paused if not one.ended_at},
        _part(owed, [(one.due, one.id) for one in owed]),
        _part(met, [(one.starts or 0, one.id) for one in met]),
        _part(errands, [(one.due, one.id) for one in errands]),
        _part([row for _, row in waits], [place for place, _ in waits]),
    )


def _part(rows: list[T], places: Sequence[tuple[int, ...]], limit: int = 0) -> Part[T]:
    return Part(rows, "-".join(map(str, places[-1])) if len(rows) == (limit or PART) else "")


def _taken_by(at: At, row: inbox.Row) -> datetime:
    """Until when somebody should have taken it."""
    waiting = Waiting(at=moment(row.at), urgent=bool(row.urgent), women_only=bool(row.women_only))
    return answer_by(waiting, at.association.profile)


def _seen(connection: Connection, at: At, ids: list[int]) -> set[int]:
    """Which of these cases this worker may see."""
    if not ids:
        return set()
    return set(connection.scalars(select(cases.c.id).where(cases_seen_by(at.worker), cases.c.id.in_(ids))))


@room.post("/clocks/{case}/pause", "supervise")
async def pause(at: At) -> Response:
    """A clock is silent for a reason that everybody sees; what was promised to the person stays promised."""
    reason = at.form.get("reason").strip()[:1000]
    id = at.number("case")
    if not reason:
        return await _show(at, at.words("clocks.reason_missing"), 422)

    def do(connection: Connection) -> None:
        if id not in _seen(connection, at, [id]):
            raise NotFound
        if not clocks.pause(connection, at.desk.vault, at.slug, id, at.worker.id, reason, ms(at.now)):
            raise Refused("clocks.paused_before")

    await at.write("clock.pause", f"case:{id}", do)
    return at.back("/clocks", "clock_paused")


@room.post("/clocks/{case}/resume", "supervise")
async def resume(at: At) -> Response:
    id = at.number("case")

    def do(connection: Connection) -> None:
        if id not in _seen(connection, at, [id]):
            raise NotFound
        clocks.resume(connection, at.slug, id, ms(at.now))

    await at.write("clock.resume", f"case:{id}", do)
    return at.back("/clocks", "clock_resumed")


def _service(at: At, service: str, kind: str) -> str:
    found = at.association.profile.service(service) if service else None
    return found.title.to(at.language) if found else at.words(f"kind.{kind}")
