"""A case: what was answered, what was promised, what can be done now, and everything that was done."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import entitlements as acts
from bot.case_clock import refresh
from bot.desk.at import At, NotFound, Refused
from bot.desk.cases import agreed, told
from bot.desk.cases.file import CaseFile, file_step, find, load, may_open_files, timeline
from bot.desk.cases.moving import OF_ENTITLEMENTS, Way, way, ways
from bot.desk.cases.views import days_to, move_name, views
from bot.desk.room import Room
from bot.desk.sight import cases_seen_by
from bot.desk.whole import whole
from bot.desk.worker import worker_of
from bot.exclusion import ABOUT
from bot.web import page as pages
from bot.web.lines import MEDIA_TYPES
from conversations.cases import clock
from conversations.cases.calendar import calendar_of
from storage import case_lists, cases, checks, files, notes, requirements, staff
from storage.cases import Case
from storage.checks import Check
from storage.files import READY, File
from storage.times import moment, ms

room = Room("case", right="cases")
LONGEST_NOTE = 4000


@room.get("/case/{case}")
async def case(at: At) -> Response:
    return await show(at, at.number("case"))


async def show(at: At, id: int, *, shown: str = "", error: str = "", status: int = 200, **typed: Any) -> Response:
    """The page; `shown`: the answer to show whole, on record already; `typed`: what a form brought that was not
    taken."""
    file, possible, agreeable = await at.read(_load, at, id)
    await at.saw(f"case:{id}")
    reader = file.reader(at, shown)
    items = reader.items()
    return at.page(
        "case/case.html",
        error=error,
        status=status,
        file=file,
        case=file.case,
        groups=reader.groups(),
        items=items,
        checked=sum(item.item in file.checks for item in items),
        ways=[one for one in possible if one.name not in OF_ENTITLEMENTS],
        of_entitlements={one.name for one in possible if one.name in OF_ENTITLEMENTS and not one.why},
        move_name=lambda name: move_name(at, file.case.kind, name),
        entries=timeline(at, file),
        days=_days(at, file.case, file.decided_at),
        agreeable=agreeable,
        reached=await at.read(_reached, at, id),
        about_staff=file.case.kind in ABOUT,
        now_ms=ms(at.now),
        may_note=_may_note(at),
        shown=shown,
        typed=typed,
        **views(at),
    )


def _load(connection: Connection, at: At, id: int) -> tuple[CaseFile, list[Way], list[str]]:
    file = load(connection, at, id)
    return file, ways(connection, at, file.case, file.history), agreed.choices(connection, at, file.case)


def _reached(connection: Connection, at: At, id: int) -> list[told.Reached]:
    return told.reached(connection, at, case_id=id)


def _days(at: At, case: Case, decided_at: int | None) -> dict[str, Any]:
    """The promise by the working-day clock: how many have passed until it was decided, and of each day that
    was named, how many are left."""
    calendar = calendar_of(at.association.profile)
    since = moment(case.completed_at or case.opened_at)
    until = decided_at or case.closed_at
    named = {name: getattr(case, name) for name in ("earliest", "latest", "next_update")}
    return {
        "passed": clock.working_days(since, moment(until) if until else at.now, calendar),
        "named": {name: (day, *days_to(at, day)) for name, day in named.items() if day is not None},
    }


# --- what may be seen of it ------------------------------------------------------------------------------------------


@room.post("/case/{case}/reveal")
async def reveal(at: At) -> Response:
    """One masked answer, whole: on record before it is shown, and never in an address."""
    id, step = at.number("case"), at.form.get("step")
    await at.read(_answered, at, id, step)
    await at.desk.database.write(at.log, "reveal", f"case:{id}", step)
    return await show(at, id, shown=step)


def _answered(connection: Connection, at: At, id: int, step: str) -> None:
    if step not in find(connection, at, id).answers:
        raise NotFound


@room.get("/case/{case}/file/{file}")
async def file(at: At) -> Response:
    """A file that the case's answers name, and no other."""
    id, number = at.number("case"), at.number("file")
    kept = await at.read(_file, at, id, number)
    await at.saw(f"case:{id}", f"file:{number}")
    data = await at.bytes_of(number)
    name = kept.name or f"{number}.{kept.kind}"
    inline = at.query("how") != "save"
    return at.file(name, MEDIA_TYPES.get(kept.kind, "application/octet-stream"), data, inline=inline)


def _file(connection: Connection, at: At, id: int, number: int) -> File:
    known = find(connection, at, id)
    file_step(known, requirements.of_case(connection, at.desk.vault, at.slug, id), number)
    if not may_open_files(connection, at, known):
        raise Refused("case.women_only")
    kept = files.get(connection, at.desk.vault, at.slug, number)
    if kept is None or kept.state != READY:
        raise NotFound
    return kept


def framed() -> dict[str, str]:
    """Headers of a page that shows a PDF of ours in a frame."""
    policy = pages.headers(scripts=True)["Content-Security-Policy"]
    return {"Content-Security-Policy": f"{policy}; frame-src 'self'"}


# --- beside the moves ------------------------------------------------------------------------------------------------


def _may_note(at: At) -> bool:
    return at.worker.may("work") or at.worker.may("committee") or at.worker.may("supervise")


@room.post("/case/{case}/note")
async def note(at: At) -> Response:
    id, text = at.number("case"), at.form.get("note").strip()
    if not _may_note(at):
        raise Refused("case.not_yours")
    if not text or len(text) > LONGEST_NOTE:
        why = at.words("case.note_missing") if not text else at.words("case.note_long", most=LONGEST_NOTE)
        return await show(at, id, error=why, status=422, note=text)

    def add(connection: Connection) -> None:
        find(connection, at, id)
        notes.add(connection, at.desk.vault, at.slug, None, at.worker.id, text, ms(at.now), case=id)

    await at.write("case.note", f"case:{id}", add)
    return at.back(f"/case/{id}", "case_noted")


@room.post("/case/{case}/hold")
async def hold(at: At) -> Response:
    """In hand: by oneself, by a colleague (a supervisor's word), by nobody."""
    id, to = at.number("case"), at.form.get("to")

    def assign(connection: Connection) -> None:
        known = find(connection, at, id, lock=True)
        whom = _whom(connection, at, known, to)
        case_lists.assign(connection, at.slug, id, whom)
        at.log(connection, "case.hold", f"case:{id}", f"staff:{whom or ''}")

    await at.write("", "", assign)
    return at.back(f"/case/{id}", "case_held")


def _whom(connection: Connection, at: At, known: Case, to: str) -> int | None:
    me = at.worker
    if to == "me" and (me.may("work") or me.may("supervise")):
        return me.id
    if to == "nobody" and (known.holder == me.id or me.may("supervise")):
        return None
    if not (me.may("supervise") and (whose := whole(to))):
        raise Refused("case.not_yours")
    member = staff.member_of(connection, at.slug, whose)
    if member is None:
        raise Refused("case.nobody_like_that")
    theirs = cases_seen_by(worker_of(at.association.profile, member, "", at.language))
    if not case_lists.by_ids(connection, at.slug, theirs, [known.id]):
        raise Refused("case.not_theirs")
    return member.staff


@room.post("/case/{case}/early/ask")
async def ask_early(at: At) -> Response:
    """The one who would decide asks a supervisor for their word: it appears on top of the supervisors' list."""
    id = at.number("case")

    def ask(connection: Connection) -> None:
        known = find(connection, at, id, lock=True)
        if not any(one.early for one in ways(connection, at, known, _history(connection, at, known))):
            raise Refused("case.early.not_needed")
        word = Check(checks.EARLY, checks.ASKED, False, False, at.worker.id, ms(at.now))
        checks.save(connection, at.desk.vault, at.slug, id, word)

    await at.write("case.early_asked", f"case:{id}", ask)
    return at.back(f"/case/{id}", "case_early_asked")


@room.post("/case/{case}/early/confirm", "supervise")
async def confirm_early(at: At) -> Response:
    """A decision may come before the day the policy names: by a supervisor's word, with its reason."""
    id, reason = at.number("case"), at.form.get("reason").strip()[:LONGEST_NOTE]
    if not reason:
        return await show(at, id, error=at.words("case.early.reason_missing"), status=422)

    def confirm(connection: Connection) -> None:
        known = find(connection, at, id, lock=True)
        if known.earliest is None or known.earliest <= ms(at.now) or known.closed_at is not None:
            raise Refused("case.early.not_needed")
        word = Check(checks.EARLY, checks.OK, False, False, at.worker.id, ms(at.now), reason)
        checks.save(connection, at.desk.vault, at.slug, id, word)

    await at.write("case.early_confirmed", f"case:{id}", confirm)
    return at.back(f"/case/{id}", "case_early_confirmed")


@room.post("/case/{case}/entitlement/{entitlement}/cancel", "work")
async def cancel_entitlement(at: At) -> Response:
    """Registered by mistake, or no longer needed: nothing is said to the person, whoever does it tells them."""
    id, number = at.number("case"), at.number("entitlement")

    def cancel(connection: Connection) -> None:
        known = find(connection, at, id, lock=True)
        way(connection, at, known, "deliver_one")
        if not acts.cancel(connection, at.desk.vault, known, number, at.now, by=at.worker.who):
            raise Refused("not_allowed.not_owed")
        refresh(connection, at.desk.vault, at.association, known)

    await at.write("", "", cancel)
    return at.back(f"/case/{id}", "case_entitlement_cancelled")


def _history(connection: Connection, at: At, known: Case) -> list[cases.Step]:
    return cases.history(connection, at.desk.vault, at.slug, known.id)
