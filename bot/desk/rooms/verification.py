"""Verification: each required datum beside the papers, one at a time, by keys; and how far it has come.

Source: T step 2 and Harif ت-3: what was given is matched to the originals, and was valid on the day it was submitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.cases.answers import IDENTITY, Item, Reader, files_of
from bot.desk.cases.file import CaseFile, find, load, may_open_files
from bot.desk.cases.views import move_name, views
from bot.desk.room import Room
from bot.desk.rooms.case import framed
from bot.desk.whole import whole
from bot.web.lines import MEDIA_TYPES
from conversations.cases.lifecycle import LIFECYCLES
from storage import audit, cases, checks, files, requirements
from storage.cases import Case
from storage.checks import OK, OUTCOMES, Check
from storage.files import READY, File
from storage.times import ms

room = Room("verification", right="cases")
LONGEST_NOTE = 1000


class Unseen(Refused):
    """A masked value was called sound before anybody looked at it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A file that the case names. `old`: another has taken its place."""

    id: int
    label: str
    number: int
    step: str
    old: bool


@room.get("/case/{case}/verify")
async def verify(at: At) -> Response:
    return await _show(at, at.query("item"), at.query("file"))


def _ticked(at: At, check: Check | None) -> set[str]:
    """Of what was said of this very datum: nobody compared the next one by it. What a form brought stays as it came."""
    if "outcome" in dict(at.form.fields) or at.form.get("note"):
        return {name for name in ("matches", "valid") if at.form.get(name)}
    return {name for name in ("matches", "valid") if check is not None and getattr(check, name)}


async def _show(
    at: At, item: str, file: str, *, shown: str = "", error: str = "", status: int = 200, note: str | None = None
) -> Response:
    id = at.number("case")
    known = await at.read(load, at, id)
    reader = known.reader(at, shown)
    items = _named(at, reader.items())
    if not items:
        raise NotFound
    await at.saw(f"case:{id}", "verify")
    chosen = next((one for one in items if one.item == item), None) or _next(items, known)
    papers = _papers(reader, known)
    on_view = _paper(papers, chosen, file)
    opens, kept = await at.read(_kept, at, known.case, on_view)
    place = items.index(chosen)
    return at.page(
        "case/verify.html",
        error=error,
        status=status,
        more_headers=framed(),
        file=known,
        case=known.case,
        items=items,
        chosen=chosen,
        before=reader.before(chosen.item),
        check=known.checks.get(chosen.item),
        typed=note,
        ticked=_ticked(at, known.checks.get(chosen.item)),
        papers=papers,
        paper=on_view if opens else None,
        media=MEDIA_TYPES.get(kept.kind, "") if kept else "",
        opens=opens,
        outcomes=OUTCOMES,
        may=_may(at, known.case),
        begin=move_name(at, "request", "verify") if _is_unbegun(at, known.case) else "",
        around=(items[place - 1] if place else None, items[place + 1] if place + 1 < len(items) else None),
        address=lambda one: _address(at, known.case.id, one, on_view.id if on_view else None),
        paper_address=lambda paper: _address(at, known.case.id, chosen, paper.id, stays=True),
        done=sum(one.item in known.checks for one in items),
        shown=shown,
        **views(at),
    )


@room.post("/case/{case}/verify")
async def check(at: At) -> Response:
    """One item, saved by itself; then the next that nobody has looked at."""
    id, item, outcome = at.number("case"), at.form.get("item"), at.form.get("outcome")
    file, note = at.form.get("file"), at.form.get("note").strip()
    if len(note) > LONGEST_NOTE:
        long = at.words("case.note_long", most=LONGEST_NOTE)
        return await _show(at, item, file, error=long, status=422, note=note)
    if outcome not in OUTCOMES:
        return await _show(at, item, file, error=at.words("verify.choose"), status=422, note=note)

    def save(connection: Connection) -> list[Item]:
        case = find(connection, at, id, lock=True)
        if not _may(at, case):
            raise Refused("case.not_yours")
        asked = requirements.of_case(connection, at.desk.vault, at.slug, id)
        items = Reader(at.association, case, at.language, asked).items()
        chosen = next((one for one in items if one.item == item), None)
        if chosen is None:
            raise NotFound
        good = outcome == OK
        if good and chosen.line is not None and chosen.line.hidden and not _has_seen(connection, at, id, chosen):
            raise Unseen("verify.show_first")
        matches, valid = good and bool(at.form.get("matches")), good and bool(at.form.get("valid"))
        known = Check(item, outcome, matches, valid, at.worker.id, ms(at.now), note)
        checks.save(connection, at.desk.vault, at.slug, id, known)
        looked_at = checks.of_case(connection, at.desk.vault, at.slug, id)
        return [one for one in items if one.item not in looked_at]

    try:
        left = await at.write("case.check", f"case:{id}", save, detail=f"{item}:{outcome}")
    except Unseen as error:
        return await _show(at, item, file, error=at.words(error.words), status=422, note=note)
    keep = whole(file)
    if not left:
        return at.back(f"/case/{id}/verify?{urlencode({'item': item})}", "verified_all")
    return at.back(_address(at, id, left[0], keep), "verified")


def _has_seen(connection: Connection, at: At, id: int, chosen: Item) -> bool:
    """Whether this worker had the masked value shown, as it stands since the person last gave anything."""
    assert chosen.line is not None
    given = [step.at for step in cases.history(connection, at.desk.vault, at.slug, id) if step.move == "complete"]
    mine = (at.worker.who, "reveal", chosen.line.step)
    return any(
        (act.who, act.act, act.detail) == mine and act.at >= max(given, default=0)
        for act in audit.about(connection, at.slug, f"case:{id}")
    )


@room.post("/case/{case}/verify/reveal")
async def reveal(at: At) -> Response:
    """A number is held against its paper digit by digit: shown whole, on record."""
    id, step = at.number("case"), at.form.get("step")

    def answered(connection: Connection) -> None:
        if step not in find(connection, at, id).answers:
            raise NotFound

    await at.read(answered)
    await at.desk.database.write(at.log, "reveal", f"case:{id}", step)
    return await _show(at, at.form.get("item"), at.form.get("file"), shown=step)


def _may(at: At, case: Case) -> bool:
    right = "data" if case.kind == "data_request" else "work"
    return case.closed_at is None and at.worker.may(right)


def _is_unbegun(at: At, case: Case) -> bool:
    """A request whose person has not been told that anybody looks at it, and this worker may tell them."""
    begins = LIFECYCLES[case.kind].steps.get((case.stage, "verify"))
    return case.kind == "request" and begins is not None and not at.worker.roles.isdisjoint(begins.who)


def _named(at: At, items: Sequence[Item]) -> list[Item]:
    """The house's own items have their names from the desk."""
    return [Item(one.item, at.words("verify.item.identity")) if one.item == IDENTITY else one for one in items]


def _next(items: Sequence[Item], known: CaseFile) -> Item:
    return next((one for one in items if one.item not in known.checks), items[0])


def _papers(reader: Reader, known: CaseFile) -> list[Paper]:
    now = files_of(known.case)
    found: list[Paper] = []
    counted: dict[tuple[str, bool], int] = {}
    for id, step in files_of(known.case, known.asked).items():
        old = id not in now
        counted[step, old] = counted.get((step, old), 0) + 1
        found.append(Paper(id, reader.label(step), counted[step, old], step, old))
    return found


def _paper(papers: Sequence[Paper], chosen: Item, asked: str) -> Paper | None:
    """The file asked for; else the datum's own, else the first there is."""
    own = (one for one in papers if chosen.line is not None and one.id in chosen.line.files)
    named = next((one for one in papers if str(one.id) == asked), None)
    return named or next(own, None) or next(iter(papers), None)


def _kept(connection: Connection, at: At, case: Case, paper: Paper | None) -> tuple[bool, File | None]:
    """Whether this worker may open the files, and the one on view, if it is there."""
    opens = may_open_files(connection, at, case)
    kept = files.get(connection, at.desk.vault, at.slug, paper.id) if paper and opens else None
    return opens, kept if kept is not None and kept.state == READY else None


def _address(at: At, id: int, one: Item, file: int | None = None, *, stays: bool = False) -> str:
    """The page of a datum, with the file on view: its own, where it has one, unless another `stays`."""
    own = one.line is not None and bool(one.line.files)
    given = {"item": one.item} | ({"file": str(file)} if file and (stays or not own) else {})
    return f"/case/{id}/verify?{urlencode(given)}"
