"""Cases: the list by what is due, the board of a kind, and the search by reference, name, number or phone.

Nothing personal stands in an address: a search is a form. Rows hold codes, days, and whose case it is, on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from bot.addresses import BY_PHONE
from bot.desk.at import At
from bot.desk.cases.names import names_of
from bot.desk.cases.views import kinds_of, open_stages, views
from bot.desk.room import Room
from bot.desk.sight import cases_seen_by, withheld_from
from bot.desk.whole import whole
from conversations.answers.phone import phone_in
from conversations.arabic.normalise import digits_of, fold
from conversations.cases import clock
from conversations.cases.calendar import calendar_of
from conversations.cases.reference import find_reference
from storage import case_lists, cases, clocks, staff
from storage.case_lists import MOST_FOUND, Listed, Place, Wanted
from storage.times import ms

room = Room("cases", nav="/cases", right="cases")

IN_A_COLUMN = 8
SHORTEST_NUMBER = 7
"""Digits: shorter numbers are not indexed (bot/case_moves.py)."""
_FILTERS = ("kind", "stage", "service", "holder", "due", "closed", "asked")


@dataclass(slots=True)
class Found:
    """A list as it is shown. `more`: the address of the next page."""

    rows: list[Listed]
    more: str = ""
    holders: Mapping[int, str] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    asked: int = 0


@room.get("/cases")
async def listed(at: At) -> Response:
    chosen = {name: at.query(name) for name in _FILTERS}
    kinds = kinds_of(at)
    if chosen["kind"] not in kinds:
        chosen["kind"] = ""
    found = await at.read(_listed, at, chosen)
    found.names = await names_of(at, [one.id for one in found.rows])
    return at.page("cases/cases.html", found=found, chosen=chosen, **_choices(at, chosen, kinds), **views(at))


def _choices(at: At, chosen: Mapping[str, str], kinds: list[str]) -> dict[str, Any]:
    """What the list can be narrowed to."""
    profile = at.association.profile
    return {
        "kinds": kinds,
        "stages": open_stages(chosen["kind"]) if chosen["kind"] else (),
        "services": [(one.id, one.title.to(at.language)) for one in profile.services]
        if chosen["kind"] in ("", "request") and "request" in kinds
        else [],
        "narrowed": any(chosen.values()),
        "address": lambda **other: _address(chosen | other),
    }


def _listed(connection: Connection, at: At, chosen: Mapping[str, str]) -> Found:
    seen = cases_seen_by(at.worker)
    rows, more = case_lists.page(connection, at.slug, seen, wanted(at, chosen), _after(at.query("after")))
    found = _dressed(connection, at, rows)
    if more is not None:
        found.more = _address({**chosen, "after": f"{'' if more.at is None else more.at}-{more.id}"})
    if at.worker.may("supervise"):
        found.asked = case_lists.waits_for_supervisor(connection, at.slug, seen)
    return found


def _dressed(connection: Connection, at: At, rows: list[Listed]) -> Found:
    """With what their rows say beside the case: who has it in hand, whether its clock is silent."""
    holders = staff.names(connection, at.desk.vault, {one.holder for one in rows if one.holder})
    return Found(rows, holders=holders, paused=clocks.paused(connection, at.slug, [one.id for one in rows]))


def wanted(at: At, chosen: Mapping[str, str]) -> Wanted:
    """A list's conditions out of an address; what makes no sense there narrows nothing."""
    after, by = _span(at, chosen["due"])
    holder = chosen["holder"]
    return Wanted(
        kind=chosen["kind"],
        stage=chosen["stage"] if chosen["kind"] else "",
        service=chosen["service"],
        holder=str(at.worker.id) if holder == "me" else holder if _is_id(holder) or holder == "none" else "",
        due_after=after,
        due_by=by,
        closed=bool(chosen["closed"]),
        asked=bool(chosen["asked"]),
    )


def _span(at: At, lamp: str) -> tuple[int | None, int | None]:
    now = ms(at.now)
    red, amber = (ms(mark) for mark in clock.marks(at.now, calendar_of(at.association.profile)))
    return {"overdue": (None, now - 1), "red": (now - 1, red), "amber": (red, amber)}.get(lamp, (None, None))


def _after(text: str) -> Place | None:
    at, dash, id = text.partition("-")
    return Place(int(at) if at else None, int(id)) if dash and _is_id(id) and (not at or _is_id(at)) else None


def _is_id(text: str) -> bool:
    return whole(text) is not None


def _address(chosen: Mapping[str, str]) -> str:
    given = urlencode({name: value for name, value in chosen.items() if value})
    return f"/cases?{given}" if given else "/cases"


# --- the board -------------------------------------------------------------------------------------------------------


@room.get("/cases/board")
async def board(at: At) -> Response:
    kinds = kinds_of(at)
    kind = at.query("kind") if at.query("kind") in kinds else next(iter(kinds), "")
    stages = open_stages(kind) if kind else ()
    columns, counts, holders = await at.read(_board, at, kind, stages)
    return at.page(
        "cases/board.html",
        kinds=kinds,
        kind=kind,
        columns=columns,
        counts=counts,
        holders=holders,
        names=await names_of(at, [one.id for cards in columns.values() for one in cards]),
        **views(at),
    )


def _board(
    connection: Connection, at: At, kind: str, stages: tuple[str, ...]
) -> tuple[dict[str, list[Listed]], dict[str, int], Mapping[int, str]]:
    seen = cases_seen_by(at.worker)
    columns = case_lists.board(connection, at.slug, seen, kind, stages, IN_A_COLUMN)
    holders = {one.holder for column in columns.values() for one in column if one.holder}
    return columns, case_lists.counts(connection, at.slug, seen, kind), staff.names(connection, at.desk.vault, holders)


# --- the search ------------------------------------------------------------------------------------------------------


@room.post("/cases/search")
async def search(at: At) -> Response:
    """A reference leads to its case; else whole words of names, or a whole number."""
    asked = at.form.get("what").strip()[:200]
    how, found = await find(at, asked)
    if how == "reference":
        return RedirectResponse(f"{at.base}/case/{found.rows[0].id}", 303)
    return at.page("cases/search.html", asked=asked, found=found, most=MOST_FOUND, **views(at))


async def find(at: At, asked: str) -> tuple[str, Found]:
    """How it was found (reference, number, words), and the cases. What shows people's cases is on record."""
    reference = find_reference(asked, at.association.profile.reference_prefix)
    if reference is not None:
        found = await at.read(_by_reference, at, reference)
        if found.rows:
            return "reference", found
    how, found = await at.read(_search, at, asked)
    await at.saw("search", how)
    found.names = await names_of(at, [one.id for one in found.rows])
    return how, found


def _by_reference(connection: Connection, at: At, reference: str) -> Found:
    case = cases.by_reference(connection, at.desk.vault, at.slug, reference)
    rows = case_lists.by_ids(connection, at.slug, cases_seen_by(at.worker), [case.id] if case else [])
    return _dressed(connection, at, rows)


def _search(connection: Connection, at: At, asked: str) -> tuple[str, Found]:
    seen, leads, vault = cases_seen_by(at.worker), ~withheld_from(at.worker), at.desk.vault
    digits = "".join(one for one in digits_of(asked) if one.isascii() and one.isdigit())
    if len(digits) >= SHORTEST_NUMBER:
        phone = phone_in(asked)
        numbers = dict.fromkeys((digits, *([phone.lstrip("+")] if phone else [])))
        handles = [(channel, phone) for channel in BY_PHONE] if phone else []
        rows = case_lists.by_numbers(connection, vault, at.slug, seen, leads, list(numbers), handles)
        return "number", _dressed(connection, at, rows)
    words = [word for word in fold(asked).split() if len(word) > 1]
    return "words", _dressed(connection, at, case_lists.by_words(connection, vault, at.slug, seen, leads, words))
