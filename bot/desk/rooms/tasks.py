"""What no message can do: calls, letters, faxes, slips for the branch, apologies; what to say, and what came of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import errands as acts
from bot.desk.at import At, NotFound, Refused
from bot.desk.cases import agreed
from bot.desk.room import Room
from bot.desk.rooms.case import show as show_case
from bot.desk.sight import cases_seen_by, tasks_seen_by
from bot.desk.whole import pair, whole
from bot.errands import Spoken, Unfit, Whom
from conversations.cases import errands as table
from conversations.cases.calendar import RIYADH, calendar_of
from storage import cases, staff, tasks
from storage.tasks import Listed, Task, Wanted
from storage.times import ms

room = Room("tasks", nav="/tasks", right="work")
NOTE = 2000
"""Characters."""
MOST_AT_ONCE = 100
"""Letters in one file."""
_PAPERS = ("letter", "fax", "slip")
_ENOUGH = 2
"""Questions answered rightly, before what is confidential is said."""


# --- the list --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tasks:
    counts: dict[str, tuple[int, int]]
    rows: list[Listed]
    names: dict[int, str]
    more: str


@room.get("/tasks")
async def every(at: At) -> Response:
    """What is to be done, the longest due first; or what was done (`over`)."""
    return await _list(at)


async def _list(at: At, error: str = "", status: int = 200) -> Response:
    kind = at.query("kind") if at.query("kind") in table.KINDS else ""
    over, mine = at.query("over") == "1", at.query("mine") == "1"
    wanted = Wanted(kind, at.worker.id if mine else None, over=over)
    found = await at.read(_read, at, wanted)
    chosen = {"kind": kind, "mine": "1" if mine else "", "over": "1" if over else ""}

    def address(**changes: str) -> str:
        given = {**chosen, **changes}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value)
        return f"/tasks?{query}" if query else "/tasks"

    return at.page(
        "tasks/tasks.html",
        error=error,
        status=status,
        found=found,
        chosen=chosen,
        kinds=table.KINDS,
        address=address,
        now_ms=ms(at.now),
        service=lambda one: _service(at, one),
        batch=kind == "letter" and not over and bool(found.rows),
    )


def _read(connection: Connection, at: At, wanted: Wanted) -> Tasks:
    seen = tasks_seen_by(at.worker)
    rows = tasks.page(connection, at.slug, seen, wanted, pair(at.query("after")))
    last = rows[-1] if len(rows) == tasks.PAGE else None
    return Tasks(
        tasks.counts(connection, at.slug, seen, ms(at.now)),
        rows,
        staff.names(connection, at.desk.vault, {one.staff for one in rows if one.staff}),
        f"{last.done_at if wanted.over else last.due}-{last.id}" if last else "",
    )


def _service(at: At, one: Listed) -> str:
    found = at.association.profile.service(one.service) if one.service else None
    return found.title.to(at.language) if found else at.words(f"kind.{one.case_kind}") if one.case_kind else ""


# --- one of them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    task: Task
    whom: Whom
    spoken: Spoken
    names: dict[int, str]
    case: cases.Case | None


@room.get("/tasks/{id}")
async def task(at: At) -> Response:
    return await _show(at)


async def _show(
    at: At, *, number: bool | None = False, proven: bool = False, error: str = "", status: int = 200
) -> Response:
    """`number`: the telephone number is shown, on record already (None: if this worker has asked for it before);
    `proven`: so are the words for the person alone."""
    shown = await at.read(_load, at)
    known = shown.task
    await at.saw(f"task:{known.id}")
    decent = table.decent(at.now, calendar_of(at.association.profile), known.women_only)
    return at.page(
        "tasks/task.html",
        error=error,
        status=status,
        shown=shown,
        task=known,
        number=known.staff == at.worker.id if number is None else number,
        proven=proven,
        outcomes=(table.OUTCOMES if known.state == tasks.OPEN else table.AFTERWARDS).get(known.kind, ()),
        paper=known.kind in _PAPERS,
        later=ms(decent) if decent > at.now and not known.urgent and known.kind == "call" else None,
        now_ms=ms(at.now),
        worker_title=at.association.profile.short_name.to(shown.whom.language),
        enough=min(_ENOUGH, len(shown.whom.questions)),
        typed=dict(at.form.fields),
    )


def _find(connection: Connection, at: At, *, lock: bool = False) -> Task:
    found = tasks.get(connection, at.desk.vault, at.slug, at.number("id"), tasks_seen_by(at.worker), lock=lock)
    if found is None:
        raise NotFound
    return found


def _load(connection: Connection, at: At) -> Shown:
    known = _find(connection, at)
    vault = at.desk.vault
    whom = acts.whom(connection, vault, at.association, known)
    people = {one.staff for one in known.tried if one.staff} | ({known.staff} if known.staff else set())
    return Shown(
        known,
        whom,
        acts.spoken(connection, vault, at.association, known, whom.language, at.now),
        staff.names(connection, vault, people),
        cases.by_id(connection, vault, at.slug, known.case_id, cases_seen_by(at.worker)) if known.case_id else None,
    )


@room.post("/tasks/{id}/number")
async def number(at: At) -> Response:
    """The number, on record before it is shown; whoever asks for it has the call in hand."""

    def show(connection: Connection) -> None:
        known = _find(connection, at, lock=True)
        tasks.take(connection, at.slug, known.id, at.worker.id)
        at.log(connection, "task.number", f"task:{known.id}")

    await at.keep(show)
    return await _show(at, number=True)


@room.post("/tasks/{id}/proven")
async def proven(at: At) -> Response:
    """They showed who they are: on record by which questions, then what is for them alone is shown to be read."""
    shown = await at.read(_load, at)
    given = (whole(one) for one in at.form.all("right"))
    right = sorted({one for one in given if one is not None and one < len(shown.whom.questions)})
    if len(right) < _ENOUGH:
        return await _show(at, number=None, error=at.words("tasks.identity_missing"), status=422)
    act = f"task:{shown.task.id}"
    await at.keep(lambda connection: at.log(connection, "task.proven", act, ",".join(map(str, right))))
    return await _show(at, number=None, proven=True)


@room.post("/tasks/{id}")
async def done(at: At) -> Response:
    """What came of it."""
    try:
        await at.write("", "", _done, at)
    except Unfit as error:
        return await _show(at, number=None, error=at.words(str(error)), status=422)
    return at.back("/tasks", "task_done")


def _done(connection: Connection, at: At) -> None:
    known = _find(connection, at, lock=True)
    _record(connection, at, known, at.form.get("outcome"))


def _record(connection: Connection, at: At, known: Task, outcome: str) -> None:
    note = at.form.get("note").strip()[:NOTE]
    acts.record(
        connection,
        at.desk.vault,
        at.association,
        known,
        outcome,
        at.worker.id,
        note,
        at.now,
        at.wake(connection),
        until=_evening(at.form.get("until")),
        opened=True if at.form.get("proven") else None,
    )
    at.log(connection, "task.done", f"task:{known.id}", outcome)


def _evening(given: str) -> datetime | None:
    """The end of an office day, as browsers give a day."""
    try:
        return datetime.combine(date.fromisoformat(given), time(16), RIYADH).astimezone(UTC)
    except ValueError:
        return None


# --- papers ----------------------------------------------------------------------------------------------------------


@room.get("/tasks/{id}/paper.pdf")
async def paper(at: At) -> Response:
    """The letter, the fax or the slip, to be printed."""
    shown = await at.read(_load, at)
    if shown.task.kind not in _PAPERS:
        raise NotFound
    return await _printed(at, [shown], inline=True)


@room.post("/letters/print")
async def letters(at: At) -> Response:
    """Those that were chosen, in one file. The form may come again: it marks them as posted afterwards."""

    def read(connection: Connection) -> list[Shown]:
        vault = at.desk.vault
        found = []
        for known in _chosen(connection, at):
            whom = acts.whom(connection, vault, at.association, known)
            said = acts.spoken(connection, vault, at.association, known, whom.language, at.now)
            found.append(Shown(known, whom, said, {}, None))
        return found

    chosen = await at.read(read)
    if not chosen:
        return await _list(at, at.words("tasks.none_chosen"), 422)
    return await _printed(at, chosen)


async def _printed(at: At, chosen: Sequence[Shown], *, inline: bool = False) -> Response:
    from bot.papers.letter import letters_pdf

    def log(connection: Connection) -> None:
        for one in chosen:
            # In hand: what happens from now on is not on this paper.
            tasks.take(connection, at.slug, one.task.id, at.worker.id)
            at.log(connection, "task.print", f"task:{one.task.id}")

    await at.keep(log)
    papers = [_letter(at, one) for one in chosen]
    data = await asyncio.to_thread(letters_pdf, papers, at.now, lambda tongue: at.association.wording[tongue])
    assert isinstance(data, bytes)
    one = chosen[0].task
    name = at.words(f"tasks.file.{one.kind}", name=one.reference if len(chosen) == 1 else len(chosen))
    return at.file(f"{name}.pdf", "application/pdf", data, inline=inline)


def _letter(at: At, shown: Shown) -> Any:
    from bot.papers.letter import Letter

    profile, language, spoken = at.association.profile, shown.whom.language, shown.spoken
    words = at.association.wording[language]
    ours = [one for one in profile.contacts if one.state != "malformed"]
    written = shown.task.kind != "slip"
    return Letter(
        kind=shown.task.kind,  # type: ignore[arg-type]
        language=language,
        association=profile.name.to(language),
        licence=profile.licence,
        contacts=tuple(one.printed for one in ours if one.kind in ("phone", "email", "website")),
        at=at.now,
        reference=shown.task.reference,
        to=shown.whom.name,
        address=shown.whom.address,
        body=words("errand.news.letter") if written and spoken.opened else spoken.said,
        more="" if written else spoken.opened,
        fax=shown.whom.fax,
        house_fax=next((one.printed for one in ours if one.kind == "fax"), ""),
        signer=words("letter.signer"),
    )


@room.post("/letters/posted")
async def posted(at: At) -> Response:
    """The letters that were printed together went together."""

    def mark(connection: Connection) -> int:
        chosen = _chosen(connection, at, lock=True)
        for known in chosen:
            _record(connection, at, known, "posted")
        if not chosen:
            raise Refused("tasks.none_chosen")
        return len(chosen)

    try:
        await at.write("", "", mark)
    except Refused as error:
        return await _list(at, at.words(error.words), 422)
    return at.back("/tasks?kind=letter", "tasks_posted")


def _chosen(connection: Connection, at: At, *, lock: bool = False) -> list[Task]:
    """Open letters of the form that this worker may see."""
    ids = [id for one in at.form.all("task")[:MOST_AT_ONCE] if (id := whole(one))]
    found = tasks.by_ids(connection, at.desk.vault, at.slug, tasks_seen_by(at.worker), ids, lock=lock)
    return [one for one in found if one.kind == "letter" and one.state == tasks.OPEN]


# --- the agreed channel of a case ------------------------------------------------------------------------------------


@room.post("/case/{case}/agreed")
async def agree(at: At) -> Response:
    """The person said how they want to be told: by whom and in which words is on record."""
    id = at.number("case")
    try:
        await at.write("", "", agreed.change, at, id)
    except Refused as error:
        return await show_case(at, id, error=at.words(error.words), status=422, **dict(at.form.fields))
    return at.back(f"/case/{id}", "agreed_kept")
