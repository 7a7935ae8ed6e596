"""Moving a case: the form of a move, what its person will be told by it, and then the move itself.

Two steps on one page. What is made is what was shown: a form that was changed since is shown again, and so is one
whose case was moved by somebody else meanwhile, with everything that was typed.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound, Stale
from bot.desk.cases.file import CaseFile, load
from bot.desk.cases.forms import OWED, OWN_WORDS, Form, blank, choices, given, typed
from bot.desk.cases.moving import Heard, Way, make, preview, ways
from bot.desk.cases.views import at_stage, move_name, views
from bot.desk.room import Room
from conversations.cases.lifecycle import LIFECYCLES
from conversations.cases.move import Move, NotAllowed

room = Room("case_moves", right="cases")
_ONE = ("deliver_one", "not_received_one")


class Unverified(NamedTuple):
    """How many items nobody looked at, and how many were found missing or wrong; of how many."""

    unchecked: int
    bad: int
    all: int


@room.get("/case/{case}/move/{name}")
async def move(at: At) -> Response:
    file, way = await at.read(_load, at, at.number("case"), at.path("name"))
    if way is None:
        raise NotFound
    await at.saw(f"case:{file.case.id}")
    form = blank(at, file, way.move)
    heard = None
    chosen = way.name not in _ONE or any(one for _, _, one in _one_of(file, way.move, form))
    if not way.why and chosen and set(way.move.needs) <= {"what"}:
        heard = await preview(at, file.case.id, way.name, given(at, file, form, file.case.moves))
    return _page(at, file, way, form, heard)


@room.post("/case/{case}/move/{name}")
async def make_move(at: At) -> Response:
    """`do`: preview shows what would be said; make makes it, if that was shown."""
    id, name = at.number("case"), at.path("name")
    file, way = await at.read(_load, at, id, name)
    moves = _count(at.form.get("moves"))
    if way is None and (
        moves == file.case.moves or not any(name == key for _, key in LIFECYCLES[file.case.kind].steps)
    ):
        raise NotFound
    if way is None:
        return _gone(at, file, name)
    form = typed(at, file, way.move)
    if way.name in _ONE and not any(chosen for _, _, chosen in _one_of(file, way.move, form)):
        form.wrong["entitlement"] = at.words("move.form.choose")
    if moves != file.case.moves:
        return _page(at, file, way, form, None, error=at.words("case.stale"), status=409)
    if way.early and not (form.early and at.worker.may("supervise")):
        form.wrong["early"] = at.words("not_allowed.not_before_earliest")
    if way.why and not way.early:
        return _page(at, file, way, form, None, error=at.words(way.why), status=409)
    if form.wrong:
        return _page(at, file, way, form, None, status=422)
    brought = given(at, file, form, moves)
    try:
        heard = await preview(at, id, name, brought)
        if at.form.get("do") != "make":
            return _page(at, file, way, form, heard, digest=brought.digest)
        short = _unverified(at, file, way)
        if short and not at.form.get("unverified"):
            form.wrong["unverified"] = at.words("move.unverified.confirm_missing")
            return _page(at, file, way, form, heard, digest=brought.digest, status=422)
        if at.form.get("shown") != brought.digest:
            changed = at.words("move.changed")
            return _page(at, file, way, form, heard, digest=brought.digest, error=changed, status=409)

        def do(connection: Connection) -> None:
            make(connection, at, id, name, brought, at.tell(connection))
            if short:
                at.log(connection, "case.unverified", f"case:{id}", f"{short.unchecked}:{short.bad}")

        await at.write("case.move", f"case:{id}", do, detail=f"{name}:{way.role}")
    except Stale as error:
        file, now = await at.read(_load, at, id, name)
        shown = now or way
        return _page(at, file, shown, form, None, error=at.words(error.words), status=409)
    except NotAllowed as error:
        return _page(at, file, way, form, None, error=at.words(error.words), status=409)
    return at.back(f"/case/{id}", "case_moved_told" if heard.sent else "case_moved")


def _load(connection: Connection, at: At, id: int, name: str) -> tuple[CaseFile, Way | None]:
    file = load(connection, at, id)
    possible = ways(connection, at, file.case, file.history)
    return file, next((one for one in possible if one.name == name), None)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _gone(at: At, file: CaseFile, name: str) -> Response:
    """Somebody moved it to where this move is no more: what was typed is shown, so that nothing is lost."""
    words = [
        (field, value)
        for field, value in at.form.fields
        if value.strip() and field not in ("key", "once", "moves", "do", "shown", "item", "entitlement")
    ]
    return at.page(
        "case/gone.html",
        error=at.words("case.stale"),
        status=409,
        case=file.case,
        name=move_name(at, file.case.kind, name),
        typed=words,
        **views(at),
    )


def _page(
    at: At,
    file: CaseFile,
    way: Way,
    form: Form,
    heard: Heard | None,
    *,
    digest: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    case = file.case
    empty: dict[str, Any] = {}
    return at.page(
        "case/move.html",
        error=error,
        status=status,
        file=file,
        case=case,
        way=way,
        form=form,
        heard=heard,
        digest=digest or (given(at, file, form, case.moves).digest if heard is not None else ""),
        name=move_name(at, case.kind, way.name),
        to=at_stage(at, case.kind, heard.stage) if heard else "",
        choices=choices(at, file) if "items" in way.move.needs else [],
        asked=[form.asked[number] if number < len(form.asked) else empty for number in range(OWN_WORDS)],
        owed=[form.owed[number] if number < len(form.owed) else empty for number in range(OWED)],
        one=_one_of(file, way.move, form),
        short=_unverified(at, file, way),
        first_wrong=next(iter(form.wrong), ""),
        areas=[need for need in way.move.needs if need not in ("items", "entitlements", "severity", "what")],
        call=case.agreed_channel if case.agreed_channel in ("phone", "sms", "email", "branch") else "",
        **views(at),
    )


def _unverified(at: At, file: CaseFile, way: Way) -> Unverified | None:
    """What verification leaves open of a request that goes to the committee; None where nothing."""
    items = {one.item for one in file.reader(at).items()} if way.name == "pass_on" else set()
    unchecked, bad = len(items - file.checks.keys()), len(items & file.found_bad)
    return Unverified(unchecked, bad, len(items)) if unchecked or bad else None


def _one_of(file: CaseFile, move: Move, form: Form) -> list[tuple[int, str, bool]]:
    """The entitlements that this move can be about, by id and name, and whether it is the chosen one."""
    if move.name not in _ONE:
        return []
    state = "owed" if move.name == "deliver_one" else "delivered"
    return [(one.id, one.what, str(one.id) == form.entitlement) for one in file.entitlements if one.state == state]
