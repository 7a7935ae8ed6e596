"""Who saw and changed what, newest first, and how far the chain that proves it has come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Connection, select
from starlette.responses import Response

from bot.desk.at import At, NotFound
from bot.desk.room import Room
from bot.desk.sight import cases_seen_by
from bot.desk.whole import whole
from bot.desk.words import desk_wording
from conversations.cases.calendar import RIYADH, here
from conversations.cases.reference import read_reference
from storage import audit, audit_chain, excluded, staff
from storage.audit import Row
from storage.audit_chain import Head, Tail
from storage.schema import cases
from storage.schema_desk import appointments
from storage.times import MINUTE, moment, ms

room = Room("audit", nav="/audit", right="audit")
PAGE = 50
NOT_STAFF = ("system", "operator", "stranger")
"""Who else acts: `audit.who.<code>`."""
LEADS_TO = {
    "case": ("cases", "case"),
    "conversation": ("inbox", "conversation"),
    "appointment": ("appointments", "appointments"),
    "sitting": ("committee", "committee"),
    "task": ("work", "tasks"),
}
"""By what a subject begins with: the right its page asks for, and that page's path."""
WAITS = 10 * MINUTE
"""So long nothing waits to be linked while all is well. Milliseconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for; as it stands in its address."""

    who: str
    act: str
    day: date | None
    case: int
    before: int

    @property
    def span(self) -> tuple[int, int | None]:
        if self.day is None:
            return 0, None
        start = datetime.combine(self.day, time(), RIYADH).astimezone(UTC)
        return ms(start), ms(start + timedelta(days=1))

    def address(self, **changes: object) -> str:
        given = {"who": self.who, "act": self.act, "day": self.day or "", "case": self.case, **changes}
        return urlencode({name: value for name, value in given.items() if value})


@dataclass(frozen=True, slots=True)
class About:
    """What was seen or changed: in words, or a reference; and where it is looked at."""

    words: str
    reference: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[Row]
    references: dict[int, str]
    """Of the cases this worker may see."""
    names: dict[int, str]
    workers: list[tuple[str, str]]
    head: Head
    tail: Tail


@room.get("/audit")
async def acts(at: At) -> Response:
    return await _show(at)


async def _show(at: At, error: str = "", status: int = 200, typed: str = "") -> Response:
    asked = _asked(at)
    await at.saw("audit")
    found = await at.read(_read, at, asked)
    days = groupby(found.rows, key=lambda row: here(moment(row.at)).date())
    return at.page(
        "audit/audit.html",
        error=error,
        status=status,
        found=found,
        asked=asked,
        typed=typed or found.references.get(asked.case, ""),
        days=[list(rows) for _, rows in days],
        doers=[*((one, at.words(f"audit.who.{one}")) for one in NOT_STAFF), *found.workers],
        kinds=_kinds(at),
        who=lambda row: _who(at, found, row.who),
        act=lambda row: _act(at, row.act),
        about=lambda row: _about(at, found, row.subject),
        more=asked.address(before=found.rows[-1].id) if len(found.rows) == PAGE else "",
        waits=found.tail.since is not None and ms(at.now) - found.tail.since > WAITS,
    )


@room.post("/audit/find")
async def find(at: At) -> Response:
    """A case by its reference: a form, so that no reference stands in an address."""
    typed = at.form.get("reference").strip()[:40]
    reference = read_reference(typed, at.association.profile.reference_prefix)
    found = await at.read(_cases, at, cases.c.reference == reference) if reference else {}
    if not found:
        return await _show(at, at.words("audit.no_case"), 404, typed)
    return at.back(f"/audit?case={next(iter(found))}")


def _asked(at: At) -> Asked:
    try:
        day = date.fromisoformat(at.query("day")) if at.query("day") else None
    except ValueError:
        day = None
    return Asked(
        at.query("who")[:40], at.query("act")[:60], day, _number(at.query("case")), _number(at.query("before"))
    )


def _number(given: str) -> int:
    return whole(given) or 0


def _read(connection: Connection, at: At, asked: Asked) -> Found:
    subjects: list[str] = []
    if asked.case:
        if not _cases(connection, at, cases.c.id == asked.case):
            raise NotFound
        p = appointments.c
        met = select(p.id).where(p.association == at.slug, p.case_id == asked.case)
        subjects = [f"case:{asked.case}", *(f"appointment:{id}" for id in connection.scalars(met))]
    since, until = asked.span
    rows = audit.page(
        connection,
        at.slug,
        who=asked.who,
        act=asked.act,
        subjects=subjects,
        without=excluded.hidden_from(connection, at.slug, at.worker.id),
        since=since,
        until=until,
        before=asked.before or None,
        limit=PAGE,
    )
    named = {_id("case", row.subject) for row in rows} | {asked.case}
    colleagues = staff.colleagues(connection, at.desk.vault, at.slug, ended=True)
    known_names = {one.member.staff: one.name for one in colleagues}
    mentioned = {id for row in rows for id in (_id("staff", row.who), _id("staff", row.subject)) if id}
    return Found(
        rows,
        _cases(connection, at, cases.c.id.in_(named)),
        known_names | staff.names(connection, at.desk.vault, mentioned - known_names.keys()),
        [(f"staff:{id}", name) for id, name in known_names.items()],
        audit_chain.head(connection, at.slug),
        audit_chain.tail(connection, at.slug),
    )


def _cases(connection: Connection, at: At, which: ColumnElement[bool]) -> dict[int, str]:
    c = cases.c
    query = select(c.id, c.reference).where(c.association == at.slug, which, cases_seen_by(at.worker))
    return {row[0]: row[1] for row in connection.execute(query)}


def _id(kind: str, name: str) -> int:
    """Of what is named `<kind>:<id>`; 0 for anything else."""
    return _number(name.removeprefix(f"{kind}:")) if name.startswith(f"{kind}:") else 0


# --- in words --------------------------------------------------------------------------------------------------------


def _kinds(at: At) -> Iterable[tuple[str, str]]:
    """Every act that has words, in the order of its words."""
    known = (key.removeprefix("audit.act.") for key in desk_wording(at.language).sentences if _is_act(key))
    return sorted(((act, at.words(f"audit.act.{act}")) for act in known), key=lambda one: one[1])


def _is_act(key: str) -> bool:
    return key.startswith("audit.act.")


def _act(at: At, act: str) -> str:
    """In words; a code that is newer than its words is shown as it is."""
    key = f"audit.act.{act}"
    return at.words(key) if key in at.words else act


def _who(at: At, found: Found, who: str) -> str:
    if id := _id("staff", who):
        return found.names.get(id, who)
    key = f"audit.who.{who.partition(':')[0]}"
    return at.words(key) if key in at.words else who


def _about(at: At, found: Found, subject: str) -> About | None:
    """None for an act that is about no row."""
    kind, _, id = subject.partition(":")
    if not kind:
        return None
    key = f"audit.of.{kind}"
    words = at.words(key) if key in at.words else subject
    if kind == "staff":
        return About(words, found.names.get(_number(id), id))
    right, path = LEADS_TO.get(kind, ("", ""))
    reference = found.references.get(_number(id), "") if kind == "case" else ""
    leads = bool(id) and bool(path) and at.worker.may(right) and (kind != "case" or bool(reference))
    return About(words, reference, f"{at.base}/{path}/{id}" if leads else "")
