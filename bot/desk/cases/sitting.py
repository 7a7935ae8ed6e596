"""A committee's sitting as its pages show it: who sits, what is on the agenda, what each person will read."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Connection

from bot import committee
from bot.desk.at import At, NotFound, Stale
from bot.desk.cases.moving import Heard, Undone, heard_of
from bot.desk.sight import cases_seen_by
from bot.desk.whole import whole
from bot.papers.minutes import QUORUM
from storage import cases, checks, schema, sittings, staff
from storage.sittings import Item, Sitting

VOTES = ("for", "against", "abstain")
WHOLE = schema.cases.c.restricted.is_(False)
"""The whole agenda, whoever is excluded from a case on it; what became confidential meanwhile is no committee's."""


@dataclass(frozen=True)
class Held:
    """A sitting as its page shows it."""

    sitting: Sitting
    items: list[Item]
    names: dict[int, str]
    members: list[staff.Colleague]
    seats: dict[int, sittings.Seat]
    votes: list[sittings.Vote]
    waiting: list[sittings.Waiting]
    hidden: int
    """How many cases on the agenda this worker may not see."""
    checked: dict[int, dict[str, int]]
    """What verification found, by case and outcome."""

    @property
    def is_open(self) -> bool:
        return self.sitting.state == sittings.PLANNED

    @cached_property
    def present(self) -> int:
        return sum(seat.present for seat in self.seats.values())

    @property
    def is_few(self) -> bool:
        return 0 < self.present < QUORUM

    def tally(self, case_id: int) -> dict[str, int]:
        return {kind: sum(v.vote == kind for v in self.votes if v.case_id == case_id) for kind in VOTES}

    def vote_of(self, case_id: int, who: int) -> str:
        return next((v.vote for v in self.votes if v.case_id == case_id and v.staff == who), "")

    @property
    def undecided(self) -> int:
        return sum(not one.decision for one in self.items)

    @property
    def unsigned(self) -> list[int]:
        return [seat.staff for seat in self.seats.values() if seat.present and seat.signed_at is None]


class Choice(NamedTuple):
    """A decision that fits a case of the agenda. `needs`: what must be written with it."""

    name: str
    title: str
    needs: tuple[str, ...]


@dataclass
class Filled:
    """What the form of a decision brought, where it was not taken; `wrong`: why, by field."""

    typed: dict[str, str] = field(default_factory=dict)
    cases: frozenset[int] = frozenset()
    wrong: dict[str, str] = field(default_factory=dict)


class Due(NamedTuple):
    """A decision that is about to be carried out. `why`: it cannot be, the key of the reason."""

    item: Item
    why: str = ""
    heard: Heard | None = None


class Shown(NamedTuple):
    """All that carrying out would do. `hidden`: how many of it this worker may not see."""

    due: list[Due]
    hidden: int


def mine(at: At) -> list[str]:
    """The committees this worker sits in."""
    return [one for one in committee.COMMITTEES if one in at.worker.roles and committee.sits(at.association, one)]


def find(connection: Connection, at: At, *, lock: bool = False) -> Sitting:
    """This sitting, for whoever sits in its committee. Raises NotFound."""
    found = sittings.get(connection, at.desk.vault, at.slug, at.number("sitting"), lock=lock)
    if found is None or found.committee not in mine(at):
        raise NotFound
    return found


def still_held(connection: Connection, at: At) -> Sitting:
    """Locked, and still being held. Raises Stale once it is over."""
    sitting = find(connection, at, lock=True)
    if sitting.state != sittings.PLANNED:
        raise Stale("committee.over")
    return sitting


def load(connection: Connection, at: At) -> Held:
    sitting = find(connection, at)
    vault, listed = at.desk.vault, agenda(connection, at, sitting)
    seats = sittings.seats(connection, at.slug, sitting.id)
    colleagues = staff.colleagues(connection, vault, at.slug)
    members = [one for one in colleagues if sitting.committee in one.member.roles]
    names = {one.member.staff: one.name for one in members}
    names |= staff.names(connection, vault, seats.keys() - names.keys())
    return Held(
        sitting,
        listed,
        names,
        members,
        seats,
        sittings.votes_of(connection, vault, at.slug, sitting.id),
        sittings.waiting(connection, at.slug, committee.COMMITTEES[sitting.committee], cases_seen_by(at.worker))
        if sitting.state == sittings.PLANNED
        else [],
        sittings.count(connection, at.slug, sitting.id) - len(listed),
        checks.counted(connection, at.slug, [one.case_id for one in listed]),
    )


def choices(at: At, held: Held) -> list[Choice]:
    """Decisions that fit a case of the agenda; any may wait, with a reason or without."""
    found: dict[str, Choice] = {}
    for item in held.items:
        for move in committee.choices(item.kind, item.stage, held.sitting.committee):
            title = at.words(f"move.{item.kind}.{move.name}")
            found.setdefault(move.name, Choice(move.name, title, committee.needs_of(move)))
    return [*found.values(), Choice(sittings.POSTPONED, at.words("committee.postponed"), ("reason",))]


def agenda(connection: Connection, at: At, sitting: Sitting) -> list[Item]:
    """As far as this worker may see it."""
    return sittings.items(connection, at.desk.vault, at.slug, sitting.id, cases_seen_by(at.worker))


def chosen(connection: Connection, at: At, sitting: Sitting, ids: Iterable[str]) -> list[Item]:
    """The ticked cases, as far as this worker may see them. Raises NotFound for another."""
    wanted = set(numbers(ids))
    found = [item for item in agenda(connection, at, sitting) if item.case_id in wanted]
    if len(found) != len(wanted):
        raise NotFound
    return found


def numbers(given: Iterable[str]) -> list[int]:
    return [number for one in given if (number := whole(one)) is not None]


# --- before it is carried out ----------------------------------------------------------------------------------------


def digest(connection: Connection, at: At, sitting: Sitting) -> str:
    """Names exactly what stands decided, so that what is carried out is what was shown."""
    listed = sittings.items(connection, at.desk.vault, at.slug, sitting.id, WHOLE)
    parts = [
        [one.case_id, one.stage, one.decision, sorted(one.given.items()), one.confirmed_by, one.carried_at]
        for one in listed
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


async def preview(at: At) -> tuple[Shown, str]:
    """What each person will be told once the decisions are carried out, and the digest of that; nothing is changed."""

    def make_and_undo(connection: Connection) -> None:
        sitting = still_held(connection, at)
        seen = {one.case_id for one in agenda(connection, at, sitting)}
        mark = digest(connection, at, sitting)
        to_carry = committee.to_carry(connection, at.desk.vault, at.association, sitting, WHOLE)
        due = [_due(connection, at, sitting, item) for item in to_carry]
        shown = [one for one in due if one.item.case_id in seen]
        raise Undone((Shown(shown, len(due) - len(shown)), mark))

    try:
        await at.desk.database.write(make_and_undo)
    except Undone as undone:
        found: tuple[Shown, str] = undone.found
        return found
    raise AssertionError("a preview is always undone")


def _due(connection: Connection, at: At, sitting: Sitting, item: Item) -> Due:
    told: list[int] = []
    why = committee.carry_one(
        connection,
        at.desk.vault,
        at.association,
        sitting,
        item,
        at.worker.id,
        at.now,
        lambda conversation, timer: told.append(conversation),
    )
    if why:
        return Due(item, why)
    moved = cases.by_reference(connection, at.desk.vault, at.slug, item.reference)
    assert moved is not None
    return Due(item, "", heard_of(connection, at, moved, told))
