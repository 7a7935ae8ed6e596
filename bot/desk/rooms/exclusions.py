"""Keeping a colleague away from a complaint by hand, and letting them in again: with a reason, on record."""

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.cases.file import find
from bot.desk.room import Room
from bot.desk.rooms.case import show
from bot.desk.sight import cases_seen_by
from bot.desk.whole import whole
from bot.exclusion import ABOUT, exclude, let_in
from conversations.events import StaffPassedOn
from storage import case_lists, cases, excluded, notes, staff
from storage.cases import Case
from storage.schema import conversations
from storage.times import ms

room = Room("exclusions", right="work")


@room.post("/case/{case}/exclude")
async def keep_away(at: At) -> Response:
    """Whoever is meant loses sight of the case, of what was filed with it, and of what was said; a conversation that
    they hold goes back to the queue."""
    id, who, reason = at.number("case"), at.form.get("staff"), at.form.get("reason").strip()[:1000]
    if not reason:
        return await show(at, id, error=at.words("case.reason_missing"), status=422)
    holds = await at.read(_held, at, id, who)
    await at.read(_whom, at, who)

    def do(connection: Connection) -> None:
        whom = _number(who)
        for case in _about(connection, at, id):
            talk = cases.route(connection, at.desk.vault, at.slug, case.reference)
            exclude(connection, case, talk, whom, at.worker.id, ms(at.now))
        _on_record(connection, at, id, "case.exclude", whom, reason)

    if holds is None:
        await at.write("", "", do)
    else:
        event = StaffPassedOn(id=f"excluded-{at.form.get('once')}", at=at.now, staff=who)
        await at.put("", holds, event, also=do)
    return at.back(f"/case/{id}", "case_excluded")


@room.post("/case/{case}/let-in")
async def let_in_again(at: At) -> Response:
    id, who, reason = at.number("case"), at.form.get("staff"), at.form.get("reason").strip()[:1000]
    if not reason:
        return await show(at, id, error=at.words("case.reason_missing"), status=422)

    def do(connection: Connection) -> None:
        about, whom = _about(connection, at, id), _number(who)
        subjects = [excluded.case(case.id) for case in about]
        if whom not in {one.staff for subject in subjects for one in excluded.of(connection, at.slug, subject)}:
            raise Refused("case.nobody_like_that")
        for case in about:
            let_in(connection, case, cases.route(connection, at.desk.vault, at.slug, case.reference), whom)
        _on_record(connection, at, id, "case.let_in", whom, reason)

    await at.write("", "", do)
    return at.back(f"/case/{id}", "case_let_in")


def _about(connection: Connection, at: At, id: int) -> list[Case]:
    """The complaint and what was filed with it, as far as this worker sees them; locked."""
    case = find(connection, at, id, lock=True)
    if case.kind not in ABOUT:
        raise NotFound
    seen = cases_seen_by(at.worker)
    others = case_lists.linked(connection, at.slug, seen, case.reference, case.linked_to)
    with_it = [one.id for one in others if one.kind in ABOUT]
    more = (cases.by_id(connection, at.desk.vault, at.slug, one, lock=True) for one in sorted(with_it))
    return [case, *(one for one in more if one is not None)]


def _whom(connection: Connection, at: At, who: str) -> int:
    member = staff.member_of(connection, at.slug, _number(who))
    if member is None:
        raise Refused("case.nobody_like_that")
    if member.staff == at.worker.id:
        raise Refused("case.not_oneself")
    return member.staff


def _number(who: str) -> int:
    if (found := whole(who)) is None:
        raise Refused("case.nobody_like_that")
    return found


def _held(connection: Connection, at: At, id: int, who: str) -> int | None:
    """The conversation of this case, where the one who is meant holds it."""
    case = find(connection, at, id)
    talk = cases.route(connection, at.desk.vault, at.slug, case.reference)
    c = conversations.c
    query = select(c.id).where(c.association == at.slug, c.id == talk, c.holder == f"staff:{who}")
    return connection.scalar(query) if talk is not None else None


def _on_record(connection: Connection, at: At, id: int, act: str, whom: int, reason: str) -> None:
    """Ids for the audit; the reason, which may name somebody, sealed beside the case."""
    at.log(connection, act, f"case:{id}", f"staff:{whom}")
    notes.add(connection, at.desk.vault, at.slug, None, at.worker.id, reason, ms(at.now), case=id)
