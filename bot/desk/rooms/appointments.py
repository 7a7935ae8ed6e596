"""Interviews, home visits and calls: who waits for one, each worker's day, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot import appointments as acts
from bot.desk.at import At, NotFound, Refused
from bot.desk.cases.views import views
from bot.desk.room import Room
from bot.desk.rooms import cases as case_room
from bot.desk.sight import appointments_seen_by, cases_seen_by, conversations_seen_by
from bot.desk.whole import pair, whole
from conversations.arabic.normalise import digits_of
from conversations.cases import appointment as table
from conversations.cases.calendar import RIYADH, here
from conversations.rights import rights_of
from storage import appointments, excluded, people, schema_desk, staff
from storage.appointments import Appointment, Listed
from storage.schema import cases, conversations
from storage.times import ms

room = Room("appointments", nav="/appointments", right="appointments")
PAGE = 50
PLACE, NOTE = 200, 4000
"""Characters."""
MEETING = ("offer", "confirm", "move")
"""Acts that say who meets them, and when."""
NAMED = 5
"""Colleagues who are named, of those who may."""


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    agreed: list[Listed]
    waiting: list[Listed]
    more_waiting: str
    unsettled: list[Listed]
    more_unsettled: str
    colleagues: list[staff.Colleague]
    names: dict[int, str]


@room.get("/appointments")
async def day_list(at: At) -> Response:
    """One day of mine (or of everybody), who waits for a time, and what nobody has said the outcome of."""
    day = _day(at.query("day")) or here(at.now).date()
    whose = "" if at.query("whose") == "all" else "mine"
    found = await at.read(_read, at, day, whose)
    return at.page(
        "appointments/day.html",
        found=found,
        whose=whose,
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat(),
        midday=ms(datetime.combine(day, time(12), RIYADH)),
    )


def _read(connection: Connection, at: At, day: date, whose: str) -> Day:
    start = datetime.combine(day, time(), RIYADH).astimezone(UTC)
    seen = appointments_seen_by(at.worker)
    mine = at.worker.id if whose else None
    span = (ms(start), ms(start + timedelta(days=1)))
    agreed = appointments.between(connection, at.slug, seen, *span, staff=mine)
    waiting = appointments.waiting(connection, at.slug, seen, after=whole(at.query("waiting")) or 0, limit=PAGE)
    since = pair(at.query("unsettled")) or (0, 0)
    unsettled = appointments.unsettled(connection, at.slug, seen, ms(at.now), after=since, limit=PAGE)
    colleagues = staff.colleagues(connection, at.desk.vault, at.slug)
    return Day(
        day,
        agreed,
        waiting,
        str(waiting[-1].id) if len(waiting) == PAGE else "",
        unsettled,
        f"{unsettled[-1].starts}-{unsettled[-1].id}" if len(unsettled) == PAGE else "",
        colleagues,
        {one.member.staff: one.name for one in colleagues},
    )


def _seen(connection: Connection, at: At, listed: Sequence[Listed]) -> list[Listed]:
    """Those that this worker may see."""
    a = schema_desk.appointments.c
    may = select(a.id).where(appointments_seen_by(at.worker), a.id.in_([one.id for one in listed]))
    seen = set(connection.scalars(may)) if listed else set()
    return [one for one in listed if one.id in seen]


@room.post("/appointments/find")
async def find(at: At) -> Response:
    """The case that a new one is for, as staff know it: by its reference, the person's name, number or phone."""
    asked = at.form.get("what").strip()[:200]
    _, found = await case_room.find(at, asked)
    open_ones = [one for one in found.rows if one.closed_at is None and not one.anonymous]
    return at.page("appointments/find.html", asked=asked, found=open_ones, **views(at))


@room.get("/appointments/{id}")
async def appointment(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200) -> Response:
    def read(connection: Connection) -> tuple[Appointment, Listed, list[staff.Colleague], bool]:
        known, listed = _get(connection, at)
        women_only = _women_only(connection, at, known.case_id, known.conversation)
        return known, listed, staff.colleagues(connection, at.desk.vault, at.slug), women_only

    known, listed, colleagues, women_only = await at.read(read)
    await at.saw(f"appointment:{known.id}")
    return at.page(
        "appointments/appointment.html",
        error=error,
        status=status,
        known=known,
        listed=listed,
        colleagues=[one for one in colleagues if one.member.woman or not women_only],
        names={one.member.staff: one.name for one in colleagues},
        possible=table.possible(known.state, table.STAFF),
        most=range(1, table.MOST_TIMES + 1),
        typed=dict(at.form.fields),
    )


def _get(connection: Connection, at: At) -> tuple[Appointment, Listed]:
    known = appointments.get(connection, at.desk.vault, at.slug, at.number("id"))
    if known is None:
        raise NotFound
    case = connection.execute(
        select(cases.c.reference, cases.c.service, cases.c.restricted).where(
            cases.c.association == at.slug, cases.c.id == known.case_id
        )
    ).first()
    listed = Listed(
        **{name: getattr(known, name) for name in Listed._fields[:10]},
        reference=case.reference if case else "",
        service=case.service if case else "",
        restricted=bool(case and case.restricted),
    )
    if not _seen(connection, at, [listed]):
        raise NotFound
    return known, listed


@room.post("/appointments/{id}")
async def act(at: At) -> Response:
    """One of: offer, confirm, move, cancel, done, missed. Whoever it concerns is told as the table says."""
    try:
        await at.write("", "", _act, at)
    except Refused as error:
        return await _show(at, at.words(error.words, **error.facts), 422)
    except table.NotNow as error:
        return await _show(at, at.words(error.words), 409)
    return at.back(f"/appointments/{at.number('id')}", "appointment_kept")


def _act(connection: Connection, at: At) -> None:
    known, _ = _get(connection, at)
    form, name = at.form, at.form.get("act")
    vault, slug, id = at.desk.vault, at.slug, known.id
    by, tell = at.worker.who, at.tell(connection)
    whose = whole(form.get("staff")) or at.worker.id
    if whose != at.worker.id and staff.member_of(connection, at.slug, whose) is None:
        raise NotFound
    if _kept_from(connection, at, known, whose):
        raise Refused("case.not_theirs")
    if name in MEETING:
        _by_a_woman(connection, at, whose, known.case_id, known.conversation)
    minutes = whole(digits_of(form.get("minutes"))) or known.minutes
    how: dict[str, Any] = {
        "staff": whose,
        "place": form.get("place").strip()[:PLACE] or known.place,
        "minutes": min(minutes, 480),
    }
    times = [found for one in ("1", "2", "3") if (found := _moment(form.get(f"day{one}"), form.get(f"hour{one}")))]
    if name in MEETING and not times:
        raise Refused("appointments.when_missing")
    match name:
        case "offer":
            acts.offer(connection, vault, slug, id, times, at.now, by=by, tell=tell, **how)
        case "confirm":
            acts.confirm(connection, vault, slug, id, times[0], at.now, by=by, tell=tell, **how)
        case "move":
            acts.move(connection, vault, slug, id, times[0], at.now, by=by, tell=tell, **how)
        case "cancel":
            acts.cancel(connection, vault, slug, id, at.now, by=by, tell=tell)
        case "done" | "missed":
            acts.finish(
                connection, vault, slug, id, name, at.now, note=form.get("note").strip()[:NOTE], by=by, tell=tell
            )
        case _:
            raise NotFound


def _kept_from(connection: Connection, at: At, known: Appointment, who: int) -> bool:
    talk = [known.conversation] if known.conversation is not None else []
    if any(one == who for _, one in excluded.from_talks(connection, at.slug, talk)):
        return True
    return f"appointment:{known.id}" in excluded.hidden_from(connection, at.slug, who)


def _by_a_woman(connection: Connection, at: At, whose: int, case: int | None, conversation: int | None) -> None:
    """Raises Refused where somebody asked for a woman, and this is none: with the names of those who may."""
    if not _women_only(connection, at, case, conversation):
        return
    women = {
        one.member.staff: one.name
        for one in staff.colleagues(connection, at.desk.vault, at.slug)
        if one.member.woman and "appointments" in rights_of(one.member.roles)
    }
    if whose not in women:
        named = at.words("desk.comma").join(list(women.values())[:NAMED])
        raise Refused("appointments.women_only" if women else "appointments.women_only_nobody", names=named)


def _women_only(connection: Connection, at: At, case: int | None, conversation: int | None) -> bool:
    """Whether its person asked for a woman, wherever they write."""
    c = cases.c
    whose = people.person_of(connection, at.slug, conversation) if conversation is not None else None
    if whose is None and case is not None:
        whose = connection.scalar(select(c.beneficiary).where(c.association == at.slug, c.id == case))
    return whose is not None and people.asked_for_a_woman(connection, at.slug, whose)


@room.post("/appointments")
async def arrange(at: At) -> Response:
    """A new one for a case or a conversation that this worker sees; then its times are chosen."""
    made = await at.write("", "", _arrange, at)
    return at.back(f"/appointments/{made.id}")


def _arrange(connection: Connection, at: At) -> Appointment:
    kind = next((one for one in table.KINDS if one == at.form.get("kind")), None)
    case_id, conversation = (whole(at.form.get(name)) or 0 for name in ("case", "conversation"))
    if kind is None or not (case_id or conversation):
        raise NotFound
    if case_id:
        c = cases.c
        found = connection.execute(
            select(c.conversation, c.anonymous).where(cases_seen_by(at.worker), c.id == case_id)
        ).first()
        if found is None or found.anonymous:
            raise NotFound
        conversation = found.conversation
    elif not connection.scalar(
        select(conversations.c.id).where(conversations_seen_by(at.worker), conversations.c.id == conversation)
    ):
        raise NotFound
    _by_a_woman(connection, at, at.worker.id, case_id, conversation)
    return acts.request(
        connection,
        at.desk.vault,
        at.slug,
        kind,
        at.now,
        by=at.worker.who,
        conversation=conversation,
        case_id=case_id or None,
        staff=at.worker.id,
    )


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def _moment(day: str, hour: str) -> datetime | None:
    """A day and an hour of Riyadh, as browsers give them."""
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), RIYADH).astimezone(UTC)
    except ValueError:
        return None
