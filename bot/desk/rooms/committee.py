"""The committees: sittings, their agenda, votes and decisions, and the minutes that every member approves."""

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import committee
from bot.desk.at import At, NotFound, Refused, Stale
from bot.desk.cases import sitting as desk
from bot.desk.cases.names import names_of
from bot.desk.cases.views import at_stage
from bot.desk.room import Room
from bot.desk.sight import cases_seen_by
from bot.desk.whole import whole
from bot.papers.minutes import minutes_digest, minutes_pdf
from conversations.cases.calendar import RIYADH, here
from storage import sittings, staff
from storage.sittings import Item, Sitting
from storage.times import moment, ms

room = Room("committee", nav="/committee", right="committee")


class Wanting(Refused):
    """A decision lacks something: `field` of its form."""

    def __init__(self, field: str, words: str, /, **facts: Any) -> None:
        super().__init__(words, **facts)
        self.field = field


class Changed(Stale):
    """Not what was shown is what would be carried out."""


@room.get("/committee")
async def all_sittings(at: At) -> Response:
    return await _show_all(at)


async def _show_all(at: At, error: str = "", status: int = 200) -> Response:
    found = await at.read(_list, at)
    titles = {one: committee.title_of(at.association, one).to(at.language) for one in desk.mine(at)}
    return at.page(
        "committee/sittings.html", error=error, status=status, titles=titles, today=here(at.now).date(), **found
    )


def _list(connection: Connection, at: At) -> dict[str, Any]:
    mine = desk.mine(at)
    before = whole(at.query("before")) or 0
    waiting = {
        one: len(sittings.waiting(connection, at.slug, committee.COMMITTEES[one], cases_seen_by(at.worker)))
        for one in mine
    }
    listed = sittings.of_committees(connection, at.desk.vault, at.slug, mine, before)
    return {"waiting": waiting, "sittings": listed, "more": listed[-1].id if len(listed) == 30 else 0}


@room.post("/committee")
async def plan(at: At) -> Response:
    """A new sitting, with everything that waits on its agenda."""
    which, day, hour = at.form.get("committee"), at.form.get("day"), at.form.get("hour")
    starts = _moment(day, hour)
    if which not in desk.mine(at):
        raise NotFound
    if starts is None:
        return await _show_all(at, at.words("committee.when_missing"), 422)
    place = at.form.get("place").strip()[:200]
    made = await at.write("sitting.plan", "", _plan, at, which, starts, place)
    return at.back(f"/committee/{made.id}", "sitting_planned")


def _plan(connection: Connection, at: At, which: str, starts: int, place: str) -> Sitting:
    given = Sitting(at.slug, 0, which, 0, starts=starts, place=place, by=at.worker.id, at=ms(at.now))
    made = sittings.plan(connection, at.desk.vault, given)
    waiting = sittings.waiting(connection, at.slug, committee.COMMITTEES[which], cases_seen_by(at.worker))
    sittings.put_on(connection, at.slug, made.id, [one.id for one in waiting])
    return made


@room.get("/committee/{sitting}")
async def sitting(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200, filled: desk.Filled | None = None) -> Response:
    held = await at.read(desk.load, at)
    await at.saw(f"sitting:{held.sitting.id}")
    ids = [*(one.case_id for one in held.items), *(one.id for one in held.waiting)]
    return at.page(
        "committee/sitting.html",
        error=error,
        status=status,
        held=held,
        filled=filled or desk.Filled(),
        title=committee.title_of(at.association, held.sitting.committee).to(at.language),
        choices=desk.choices(at, held),
        decided=lambda item: committee.decision_said(item.kind, item.decision, at.words),
        service=lambda item: _service(at, item),
        names=await names_of(at, ids),
        stage=lambda item: at_stage(at, item.kind, item.stage),
        early=lambda item: item.earliest is not None and moment(item.earliest) > at.now,
        votes=desk.VOTES,
    )


def _service(at: At, item: Any) -> str:
    service = at.association.profile.service(item.service) if item.service else None
    return service.title.to(at.language) if service else at.words(f"kind.{item.kind}")


# --- preparing -------------------------------------------------------------------------------------------------------


@room.post("/committee/{sitting}/agenda")
async def agenda(at: At) -> Response:
    """Put waiting cases on, or take one off."""
    await at.write("", "", _agenda, at)
    return at.back(f"/committee/{at.number('sitting')}")


def _agenda(connection: Connection, at: At) -> None:
    sitting = desk.still_held(connection, at)
    shown = cases_seen_by(at.worker)
    waiting = {one.id for one in sittings.waiting(connection, at.slug, committee.COMMITTEES[sitting.committee], shown)}
    on = [id for id in desk.numbers(at.form.all("add")) if id in waiting]
    off = [item.case_id for item in desk.chosen(connection, at, sitting, at.form.all("remove"))]
    sittings.put_on(connection, at.slug, sitting.id, on)
    for id in off:
        sittings.take_off(connection, at.slug, sitting.id, id)
    for change, ids in (("on", on), ("off", off)):
        for id in ids:
            at.log(connection, "sitting.agenda", f"case:{id}", f"sitting:{sitting.id} {change}")


@room.post("/committee/{sitting}/attendance")
async def attendance(at: At) -> Response:
    await at.write("sitting.attendance", f"sitting:{at.number('sitting')}", _attend, at)
    return at.back(f"/committee/{at.number('sitting')}", "attendance_kept")


def _attend(connection: Connection, at: At) -> None:
    sitting = desk.still_held(connection, at)
    there = set(desk.numbers(at.form.all("present")))
    members = [
        one.member.staff
        for one in staff.colleagues(connection, at.desk.vault, at.slug)
        if sitting.committee in one.member.roles
    ]
    sittings.seat(connection, at.slug, sitting.id, {id: id in there for id in members})
    sittings.remark(connection, at.desk.vault, at.slug, sitting.id, at.form.get("remarks").strip()[:4000])


# --- deciding --------------------------------------------------------------------------------------------------------


@room.post("/committee/{sitting}/vote")
async def vote(at: At) -> Response:
    await at.write("", "", _vote, at)
    return at.back(f"/committee/{at.number('sitting')}#case-{at.form.get('case')}", "vote_kept")


def _vote(connection: Connection, at: At) -> None:
    sitting = desk.still_held(connection, at)
    item = _one(connection, at, sitting)
    if at.form.get("vote") not in desk.VOTES:
        raise Refused("committee.vote_missing")
    given = sittings.Vote(item.case_id, at.worker.id, at.form.get("vote"), at.form.get("reason").strip()[:2000])
    sittings.vote(connection, at.desk.vault, at.slug, sitting.id, given, ms(at.now))
    sittings.seat(connection, at.slug, sitting.id, {at.worker.id: True})
    at.log(connection, "sitting.vote", f"case:{item.case_id}", f"sitting:{sitting.id}")


@room.post("/committee/{sitting}/decide")
async def decide(at: At) -> Response:
    """One decision for every case that is ticked, with its reason in words for the people."""
    typed = {name: value.strip()[:4000] for name, value in at.form.fields}
    try:
        await at.write("", "", _decide, at, typed)
    except Wanting as error:
        wrong = {error.field: at.words(error.words, **error.facts)}
        filled = desk.Filled(typed, frozenset(desk.numbers(at.form.all("case"))), wrong)
        return await _show(at, "", 422, filled)
    return at.back(f"/committee/{at.number('sitting')}", "decision_noted")


def _decide(connection: Connection, at: At, typed: dict[str, str]) -> None:
    sitting = desk.still_held(connection, at)
    chosen = desk.chosen(connection, at, sitting, at.form.all("case"))
    decision = typed.get("decision", "")
    if not any(seat.present for seat in sittings.seats(connection, at.slug, sitting.id).values()):
        raise Wanting("present", "committee.attendance_first")
    if not chosen:
        raise Wanting("case", "committee.none_ticked")
    if not decision:
        raise Wanting("decision", "committee.decision_missing")
    for item in chosen:
        given: dict[str, str] = {}
        if decision != sittings.POSTPONED:
            given = {name: typed.get(f"{decision}-{name}", "") for name in _needs(item, sitting, decision)}
            for name in (name for name, words in given.items() if not words):
                raise Wanting(f"{decision}-{name}", "committee.needs", what=at.words(f"committee.given.{name}"))
        elif typed.get("postponed-reason"):
            given = {"reason": typed["postponed-reason"]}
        joint = typed.get("joint") == "1"
        if joint and typed.get("joint-reason"):
            given[committee.JOINT] = typed["joint-reason"]
        voted = sittings.votes_on(connection, at.slug, sitting.id, item.case_id)
        if lacks := committee.lacking(decision, joint, given, voted):
            facts = {"reference": item.reference, "in_favour": voted.count("for"), "against": voted.count("against")}
            raise Wanting("joint-reason" if lacks == "reason" else "joint", f"committee.lacks.{lacks}", **facts)
        about = (sitting.id, item.case_id, decision, given, ms(at.now))
        sittings.decide(connection, at.desk.vault, at.slug, *about, joint=joint)
        at.log(connection, "sitting.decide", f"case:{item.case_id}", f"sitting:{sitting.id}")


def _needs(item: Item, sitting: Sitting, decision: str) -> tuple[str, ...]:
    for move in committee.choices(item.kind, item.stage, sitting.committee):
        if move.name == decision:
            return committee.needs_of(move)
    raise Wanting("decision", "committee.not_for_this", reference=item.reference)


@room.post("/committee/{sitting}/confirm", "supervise")
async def confirm(at: At) -> Response:
    """A supervisor lets a case be decided before its earliest day, on record."""
    await at.write("", "", _confirm, at)
    return at.back(f"/committee/{at.number('sitting')}", "early_confirmed")


def _confirm(connection: Connection, at: At) -> None:
    sitting = sittings.get(connection, at.desk.vault, at.slug, at.number("sitting"), lock=True)
    if sitting is None:
        raise NotFound
    item = _one(connection, at, sitting)
    sittings.confirm(connection, at.slug, sitting.id, item.case_id, at.worker.id)
    at.log(connection, "decision.early", f"case:{item.case_id}")


@room.get("/committee/{sitting}/close")
async def before_close(at: At) -> Response:
    """Each decision, and what its person will read, before any of it is carried out."""
    return await _show_close(at)


async def _show_close(at: At, error: str = "", status: int = 200) -> Response:
    held = await at.read(desk.load, at)
    if not held.present:
        return await _show(at, at.words("committee.nobody_there"), 409)
    shown, digest = await desk.preview(at)
    await at.saw(f"sitting:{held.sitting.id}", "close")
    return at.page(
        "committee/close.html",
        error=error,
        status=status,
        held=held,
        shown=shown,
        digest=digest,
        title=committee.title_of(at.association, held.sitting.committee).to(at.language),
        decided=lambda item: committee.decision_said(item.kind, item.decision, at.words),
        service=lambda item: _service(at, item),
        names=await names_of(at, [one.item.case_id for one in shown.due]),
    )


@room.post("/committee/{sitting}/close")
async def close(at: At) -> Response:
    """One act: every decision is carried out, and each person is told. What is undecided stays for the next sitting."""
    try:
        _, failed = await at.write("sitting.close", f"sitting:{at.number('sitting')}", _close, at)
    except Changed as error:
        return await _show_close(at, at.words(error.words), 409)
    return at.back(f"/committee/{at.number('sitting')}", "sitting_partly" if failed else "sitting_closed")


def _close(connection: Connection, at: At) -> tuple[int, int]:
    sitting = desk.still_held(connection, at)
    if not any(seat.present for seat in sittings.seats(connection, at.slug, sitting.id).values()):
        raise Refused("committee.nobody_there")
    if at.form.get("shown") != desk.digest(connection, at, sitting):
        raise Changed("committee.changed")
    made, failed = _carry(connection, at, sitting)
    if not failed:
        sittings.close(connection, at.slug, sitting.id, ms(at.now))
    return made, failed


def _carry(connection: Connection, at: At, sitting: Sitting, approved: bool = False) -> tuple[int, int]:
    """All that the committee decided, also of a case whose page is closed to whoever presses the button."""
    tell = at.tell(connection)
    return committee.carry_out(
        connection,
        at.desk.vault,
        at.association,
        sitting,
        desk.WHOLE,
        at.worker.id,
        at.now,
        tell,
        approved=approved,
    )


# --- minutes ---------------------------------------------------------------------------------------------------------


@room.post("/committee/{sitting}/sign")
async def sign(at: At) -> Response:
    """A member approves the minutes; when the last one has, what waited for that is carried out."""
    await at.write("", "", _sign, at)
    return at.back(f"/committee/{at.number('sitting')}", "minutes_signed")


def _sign(connection: Connection, at: At) -> None:
    sitting = desk.find(connection, at, lock=True)
    if sitting.state != sittings.DECIDED:
        raise Stale("committee.not_to_sign")
    digest = sitting.digest or minutes_digest(_minutes(connection, at, sitting, "ar", desk.WHOLE))
    if not sittings.sign(connection, at.slug, sitting.id, at.worker.id, ms(at.now)):
        raise Refused("committee.cannot_sign")
    seats = sittings.seats(connection, at.slug, sitting.id).values()
    waits = any(seat.present and seat.signed_at is None for seat in seats)
    sittings.approved(connection, at.slug, sitting.id, digest, done=not waits)
    # What was approved stays provable by the audit's chain, also when a case of it is erased.
    at.log(connection, "sitting.sign", f"sitting:{sitting.id}", digest)
    if not waits:
        _carry(connection, at, sitting, approved=True)


def _minutes(connection: Connection, at: At, sitting: Sitting, language: str, shown: Any) -> Any:
    from bot.desk.words import DeskWords

    seats = sittings.seats(connection, at.slug, sitting.id)
    names = staff.names(connection, at.desk.vault, seats)
    words = DeskWords(language, at.association)
    return committee.minutes_of(connection, at.desk.vault, at.association, sitting, shown, names, words, language)


@room.get("/committee/{sitting}/minutes.pdf")
async def minutes(at: At) -> Response:
    import asyncio

    def draw(connection: Connection) -> Any:
        sitting = desk.find(connection, at)
        language = "en" if at.query("lang") == "en" else "ar"
        return sitting, _minutes(connection, at, sitting, language, cases_seen_by(at.worker))

    sitting, found = await at.read(draw)
    await at.saw(f"sitting:{sitting.id}", "minutes")
    pdf = await asyncio.to_thread(minutes_pdf, found)
    return at.file(
        f"{at.words('committee.minutes_file', number=sitting.number)}.pdf", "application/pdf", pdf, inline=True
    )


# --- helpers ---------------------------------------------------------------------------------------------------------


def _one(connection: Connection, at: At, sitting: Sitting) -> Item:
    """The case of this form. Raises NotFound."""
    for item in desk.chosen(connection, at, sitting, at.form.all("case")[:1]):
        return item
    raise NotFound


def _moment(day: str, hour: str) -> int | None:
    """A day and an hour of Riyadh, as the browser gives them."""
    try:
        return ms(datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), RIYADH).astimezone(UTC))
    except ValueError:
        return None
