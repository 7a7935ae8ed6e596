"""Everything with a deadline on one page: overdue, red, amber, in the association's own working days."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.room import Room
from bot.desk.sight import appointments_seen_by, cases_seen_by
from conversations.cases import clock
from conversations.cases.calendar import calendar_of
from storage import appointments, clocks, entitlements, schema_desk, staff
from storage.clocks import Due
from storage.schema import cases
from storage.times import moment, ms

room = Room("clocks", nav="/clocks", right="cases")
PAGE = 50
AHEAD = timedelta(days=60)
"""How far ahead the page looks."""


@dataclass(frozen=True, slots=True)
class Clocks:
    counts: dict[str, int]
    due: list[Due]
    names: dict[int, str]
    pauses: dict[int, clocks.Pause]
    entitlements: list[entitlements.Overdue]
    appointments: list[appointments.Listed]
    more: str


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
    )


def _read(connection: Connection, at: At) -> Clocks:
    now, calendar = ms(at.now), calendar_of(at.association.profile)
    red, amber = (ms(mark) for mark in clock.marks(at.now, calendar))
    shown = cases_seen_by(at.worker)
    listed = clocks.due(
        connection, at.slug, shown, until=ms(at.now + AHEAD), after=_after(at.query("after")), limit=PAGE
    )
    silent = [one.id for one in listed if one.paused]
    owed = entitlements.overdue(connection, at.slug, amber, restricted=at.worker.may("restricted"), limit=20)
    seen = _seen(connection, at, [one.case_id for one in owed])
    meetings = (
        appointments.unsettled(connection, at.slug, now, limit=20, restricted=at.worker.may("restricted"))
        if at.worker.may("appointments")
        else []
    )
    a = schema_desk.appointments.c
    may = select(a.id).where(appointments_seen_by(at.worker), a.id.in_([one.id for one in meetings]))
    meetings_seen = set(connection.scalars(may)) if meetings else set()
    return Clocks(
        clocks.counts(connection, at.slug, shown, (now, red, amber)),
        listed,
        staff.names(connection, at.desk.vault, {one.holder for one in listed if one.holder}),
        {one.case_id: one for one in clocks.pauses_of(connection, at.desk.vault, at.slug, silent) if not one.ended_at}
        if silent
        else {},
        [one for one in owed if one.case_id in seen],
        [one for one in meetings if one.id in meetings_seen],
        f"{listed[-1].due}-{listed[-1].id}" if len(listed) == PAGE else "",
    )


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


def _after(given: str) -> tuple[int, int]:
    first, _, second = given.partition("-")
    return (int(first), int(second)) if first.isdigit() and second.isdigit() and len(given) < 40 else (0, 0)


def _service(at: At, service: str, kind: str) -> str:
    found = at.association.profile.service(service) if service else None
    return found.title.to(at.language) if found else at.words(f"kind.{kind}")
