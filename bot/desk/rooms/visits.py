"""Supervisory visits to offices (H د-3): which office, when, what was found, what is to be done, and whether it was.
Records of their own, and evidence of their clause in the governance report."""

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.room import Room
from bot.desk.whole import pair
from conversations.cases.calendar import RIYADH, here
from storage import staff, visits
from storage.ids import new_id
from storage.times import ms
from storage.visits import Visit

room = Room("visits", nav="/visits", right="management")
PAGE = 30
OFFICE, WORDS = 120, 4000
"""Characters."""


@room.get("/visits")
async def every(at: At) -> Response:
    return await _list(at)


async def _list(at: At, error: str = "", status: int = 200) -> Response:
    before = pair(at.query("before"))

    def read(connection: Connection) -> tuple[list[Visit], dict[int, str], list[str]]:
        rows = visits.listed(connection, at.desk.vault, at.slug, before, PAGE)
        names = staff.names(connection, at.desk.vault, {one.by for one in rows})
        everybody = staff.colleagues(connection, at.desk.vault, at.slug)
        return rows, names, sorted({one.member.branch for one in everybody if one.member.branch})

    rows, names, branches = await at.read(read)
    return at.page(
        "visits/visits.html",
        error=error,
        status=status,
        rows=rows,
        names=names,
        branches=branches,
        today=here(at.now).date().isoformat(),
        more=f"{rows[-1].day}-{rows[-1].id}" if len(rows) == PAGE else "",
        typed=dict(at.form.fields),
    )


@room.post("/visits", "supervise")
async def add(at: At) -> Response:
    try:
        visit = Visit(at.slug, new_id(), by=at.worker.id, at=ms(at.now), **_typed(at))
    except Refused as wrong:
        return await _list(at, at.words(wrong.words), 422)
    await at.write("visit.add", f"visit:{visit.id}", visits.add, at.desk.vault, visit)
    return at.back(f"/visits/{visit.id}", "visit_added")


def _typed(at: At) -> dict[str, Any]:
    """What the form says. Raises Refused."""
    form = at.form
    office, findings = " ".join(form.get("office").split())[:OFFICE], form.get("findings").strip()[:WORDS]
    if not office:
        raise Refused("visits.office_missing")
    if not findings:
        raise Refused("visits.findings_missing")
    try:
        day = date.fromisoformat(form.get("day").strip())
    except ValueError:
        raise Refused("visits.day_unclear") from None
    if day > here(at.now).date():
        raise Refused("visits.day_to_come")
    return {
        "office": office,
        "branch": " ".join(form.get("branch").split())[:60],
        "findings": findings,
        "actions": form.get("actions").strip()[:WORDS],
        "day": ms(datetime.combine(day, time(), RIYADH).astimezone(UTC)),
    }


@room.get("/visits/{id}")
async def visit(at: At) -> Response:
    def read(connection: Connection) -> tuple[Visit, str]:
        found = visits.get(connection, at.desk.vault, at.slug, at.number("id"))
        if found is None:
            raise NotFound
        return found, staff.names(connection, at.desk.vault, [found.by]).get(found.by, "")

    found, name = await at.read(read)
    await at.saw(f"visit:{found.id}")
    return at.page("visits/visit.html", visit=found, name=name)


@room.post("/visits/{id}/followed", "supervise")
async def followed(at: At) -> Response:
    """What was to be done there is done."""

    def do(connection: Connection) -> None:
        if visits.get(connection, at.desk.vault, at.slug, at.number("id")) is None:
            raise NotFound
        if not visits.follow(connection, at.slug, at.number("id"), ms(at.now)):
            raise Refused("visits.followed_before")

    await at.write("visit.followed", f"visit:{at.number('id')}", do)
    return at.back(f"/visits/{at.number('id')}", "visit_followed")
