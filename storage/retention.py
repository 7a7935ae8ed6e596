"""How long things are kept: the days of the profile, by kind of case, `draft` and `conversation`.

A closed case older than its days is emptied. A conversation silent longer than its days loses what was said and what
is remembered; where nothing else needs its address, the address too. Who was told what goes with its case, and what was
no case's (invitations, broadcasts) once it is as old as a conversation may be. What was begun and not touched for its
days is forgotten. Nothing goes while it is needed: a case while another open one is linked with it, a conversation
while a case of it is open or somebody holds it.

A round reads what is due (`due`), in bounded steps: cases from an index, conversations by walking over their ids with a
cursor, because an index on when somebody last wrote would cost every message. Only where something is due does it write
(`carry_out`), looking again under the lock. Any number of processes may do so, and any may die.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from conversations.conversation import decode
from storage import audit, conversations, erasure, notices, quarantine
from storage.audit import Act
from storage.conversations import Stored
from storage.erasure import Routes
from storage.ids import id_at
from storage.schema import cases, meta
from storage.schema import conversations as conversations_table
from storage.schema_desk import topics
from storage.schema_notices import notices as notices_table
from storage.times import DAY, moment
from storage.vault import Vault, context

CONVERSATION, DRAFT = "conversation", "draft"
"""What a period is set for besides the kinds of case."""
SOME_CASES, SOME_CONVERSATIONS, SOME_NOTICES, LOOKED_AT = 10, 10, 500, 200
"""Emptied in one step, and read in search of them: on SQLite nobody else writes meanwhile."""
GRACE = 7 * DAY
"""An address that is to be erased stays until its person has heard so, and has been silent for so long."""
WHO = "system"

_EMPTY, _DRAFT, _LEAVE, _LATER, _STAY = "empty", "draft", "leave", "later", "stay"


class Due(NamedTuple):
    """What one step has to do. `cursor`: up to which conversation it looked; 0: it begins again."""

    cases: tuple[int, ...] = ()
    conversations: tuple[int, ...] = ()
    quarantined: tuple[int, ...] = ()
    cursor: int | None = None
    """None where it has not moved."""
    notices: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return self.cursor is not None or any((self.cases, self.conversations, self.quarantined, self.notices))


class Done(NamedTuple):
    cases: int = 0
    conversations: int = 0
    """Emptied, their address left."""
    addresses: int = 0
    drafts: int = 0
    files: int = 0
    notices: int = 0
    """Of no case, and old."""


class _Kept(NamedTuple):
    """A case that is not erased."""

    reference: str
    opened_at: int
    closed_at: int | None


class _Here(NamedTuple):
    id: int
    beneficiary: int | None
    holder: str
    blocked: str
    last_in: int | None
    updated: int
    erased_at: int | None
    leaves_at: int | None
    state: bytes
    mirrored: bool
    """A topic of the staff's group shows it."""

    @property
    def heard(self) -> int:
        return max(self.last_in or 0, self.updated)


def due(connection: Connection, vault: Vault, association: str, days: Mapping[str, int], now: int) -> Due:
    """What is due of an association; nothing is locked and nothing written. `days` by kind, `draft`, `conversation`."""
    leaving = _leaving(connection, association, now)
    walked, cursor = _walk(connection, association, days, now)
    kept = _kept(connection, association, (row.beneficiary for row in (*leaving, *walked)))

    def is_due(row: _Here) -> bool:
        old = _old_draft(vault, association, row, days, now)
        return bool(_deed(row, kept.get(row.beneficiary, []), old, days, now))

    doing, left = [row.id for row in leaving], SOME_CONVERSATIONS - len(leaving)
    for row, before in zip(walked, [None, *(row.id for row in walked)], strict=False):
        if is_due(row):
            if not left:
                cursor = before  # the rest of them in the next step
                break
            left -= 1
            doing.append(row.id)
    return Due(
        tuple(_cases(connection, association, days, now)),
        tuple(sorted(set(doing))),
        tuple(_quarantined(connection, association, days, now)),
        cursor,
        tuple(_notices(connection, association, days, now)),
    )


def carry_out(
    connection: Connection, vault: Vault, association: str, days: Mapping[str, int], given: Due, now: int
) -> Done:
    """Do what is still due of it, in one transaction."""
    # Conversations before cases, as every writer locks them.
    locked = conversations.load_by_id(connection, vault, [(association, id) for id in given.conversations])
    routes = erasure.anonymous_routes(connection, vault, association) if locked else Routes({}, frozenset())
    here = _here(connection, association, conversations_table.c.id.in_(given.conversations))
    kept = _kept(connection, association, (row.beneficiary for row in here))
    step = _Step(connection, vault, association, days, now, routes)
    for row in here:
        step.do(row, locked[association, row.id], kept.get(row.beneficiary, []))
    again = set(_cases(connection, association, days, now, among=given.cases))
    files = erasure.erase_cases(connection, vault, association, again, now) + step.files
    step.acts += [("case.erased", f"case:{id}") for id in sorted(again)]
    for id in given.quarantined:
        quarantine.settle(connection, association, id, now)
    told = notices.forget(connection, association, notices_table.c.id.in_(given.notices)) if given.notices else 0
    if given.cursor is not None:
        _move(connection, association, given.cursor)
    audit.log(connection, [Act(association, now, WHO, act, subject, "retention") for act, subject in step.acts])
    counts = step.counts
    return Done(len(again), counts[_EMPTY], counts[_LEAVE], counts[_DRAFT], files, told)


class _Step:
    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        association: str,
        days: Mapping[str, int],
        now: int,
        routes: Routes,
    ) -> None:
        self.connection, self.vault, self.association = connection, vault, association
        self.days, self.now, self.routes = days, now, routes
        self.files = 0
        self.counts = dict.fromkeys((_EMPTY, _LEAVE, _DRAFT, _LATER, _STAY), 0)
        self.acts: list[tuple[str, str]] = []

    def do(self, row: _Here, stored: Stored, mine: list[_Kept]) -> None:
        old = _old_draft(self.vault, self.association, row, self.days, self.now)
        deed = _deed(row, mine, old, self.days, self.now, self.routes)
        if not deed:
            return
        self.counts[deed] += 1
        if deed in (_EMPTY, _LEAVE):
            references = [one.reference for one in mine]
            self.files += erasure.erase_conversation(
                self.connection, self.vault, stored, self.routes, self.now, kept=references
            )
            if stored.beneficiary is not None and self._is_silent_everywhere(row):
                erasure.forget_person(self.connection, self.association, stored.beneficiary)
            if deed == _LEAVE:
                erasure.forget_address(self.connection, stored)
        elif deed == _DRAFT:
            before = _before(self.days, DRAFT, self.now)
            assert before is not None
            self.files += erasure.drop_drafts(self.connection, self.vault, stored, self.routes, before) or 0
        else:
            self._put_off(row.id, None if deed == _STAY else self.now + DAY)
        if act := ACTS.get(deed):
            self.acts.append((act, f"conversation:{row.id}"))

    def _is_silent_everywhere(self, row: _Here) -> bool:
        k = conversations_table.c
        others = _here(self.connection, self.association, (k.beneficiary == row.beneficiary) & (k.id != row.id))
        return all(_is_silent(one.heard, self.days, CONVERSATION, self.now) for one in others)

    def _put_off(self, id: int, until: int | None) -> None:
        k = conversations_table.c
        mine = (k.association == self.association, k.id == id)
        self.connection.execute(update(conversations_table).where(*mine).values(leaves_at=until))


ACTS = {_EMPTY: "conversation.erased", _LEAVE: "address.erased", _DRAFT: "draft.erased"}


def _deed(
    row: _Here,
    mine: list[_Kept],
    old_draft: bool,
    days: Mapping[str, int],
    now: int,
    routes: Routes = Routes({}, frozenset()),  # noqa: B008  never changed
) -> str:
    """What is to be done with a conversation, if anything; `mine` are its person's cases that are not erased."""
    is_open = any(one.closed_at is None for one in mine) or row.id in routes.open
    if row.leaves_at is not None:
        if row.leaves_at > now:
            return ""
        if any(one.opened_at > (row.erased_at or 0) for one in mine):
            return _STAY  # they came back with something new
        waits = is_open or row.holder != "bot" or (row.last_in or 0) > now - GRACE
        return _LATER if waits else _LEAVE
    if row.holder != "bot":
        return ""
    if not is_open and _is_silent(row.heard, days, CONVERSATION, now):
        # With its row gone, nobody would take its topic out of the staff's group any more.
        shown = row.mirrored and (row.erased_at is None or row.erased_at > now - GRACE)
        if not mine and not row.blocked and not shown:
            return _LEAVE
        return _EMPTY if row.erased_at is None or row.erased_at < row.heard else ""
    return _DRAFT if old_draft else ""


def _cases(
    connection: Connection,
    association: str,
    days: Mapping[str, int],
    now: int,
    among: Iterable[int] | None = None,
) -> list[int]:
    """Closed cases whose days are over, the oldest of each kind first; not while an open one is linked with them."""
    c, other = cases.c, cases.alias()
    is_open = (c.association == association, c.closed_at.is_(None))
    held = set(connection.scalars(select(c.linked_to).where(*is_open, c.linked_to != "").distinct()))
    o = other.c
    its_own = (o.association == association, o.reference == c.linked_to, o.closed_at.is_(None))
    found: list[int] = []
    for kind in sorted(days.keys() - {CONVERSATION, DRAFT}):
        query = select(c.id).where(
            *(c.association == association, c.kind == kind, c.erased_at.is_(None), c.closed_at.is_not(None)),
            c.closed_at < now - days[kind] * DAY,
            c.reference.not_in(held),
            ~exists().where(*its_own),
        )
        if among is not None:
            query = query.where(c.id.in_(list(among))).with_for_update()
        found += connection.scalars(query.order_by(c.closed_at).limit(SOME_CASES))
    return found


def _walk(
    connection: Connection, association: str, days: Mapping[str, int], now: int
) -> tuple[list[_Here], int | None]:
    """The next conversations that are old enough to be silent, and where to go on."""
    periods = [days[name] for name in (CONVERSATION, DRAFT) if name in days]
    if not periods:
        return [], None
    k = conversations_table.c
    cursor = int(connection.scalar(select(meta.c.value).where(meta.c.key == _cursor(association))) or 0)
    made = (k.id > cursor, k.id < id_at(now - min(periods) * DAY))
    found = _here(connection, association, *made, limit=LOOKED_AT)
    reached = found[-1].id if len(found) == LOOKED_AT else 0
    return [row for row in found if _is_silent(row.heard, {"": min(periods)}, "", now)], (
        reached if reached != cursor else None
    )


def _leaving(connection: Connection, association: str, now: int) -> list[_Here]:
    k = conversations_table.c
    return _here(connection, association, k.leaves_at.is_not(None), k.leaves_at <= now, limit=SOME_CONVERSATIONS)


def _here(connection: Connection, association: str, *which: Any, limit: int | None = None) -> list[_Here]:
    k, t = conversations_table.c, topics.c
    shown = exists().where(t.association == association, t.conversation == k.id, t.topic > 0)
    columns = (k[name] for name in _Here._fields if name != "mirrored")
    query = select(*columns, shown).where(k.association == association, *which)
    return [_Here._make(row) for row in connection.execute(query.order_by(k.id).limit(limit))]


def _kept(connection: Connection, association: str, people: Iterable[int | None]) -> dict[int | None, list[_Kept]]:
    """The cases of these people that are not erased."""
    c = cases.c
    whose = {one for one in people if one is not None}
    query = select(c.beneficiary, c.reference, c.opened_at, c.closed_at).where(
        c.association == association, c.beneficiary.in_(whose), c.erased_at.is_(None)
    )
    found: dict[int | None, list[_Kept]] = {}
    for beneficiary, *kept in connection.execute(query):
        found.setdefault(beneficiary, []).append(_Kept(*kept))
    return found


def _quarantined(connection: Connection, association: str, days: Mapping[str, int], now: int) -> list[int]:
    """Events set apart that nobody took in again."""
    return [
        one.id for one in quarantine.waiting(connection, association) if _is_silent(one.at, days, CONVERSATION, now)
    ]


def _notices(connection: Connection, association: str, days: Mapping[str, int], now: int) -> list[int]:
    if CONVERSATION not in days:
        return []
    return notices.old(connection, association, now - days[CONVERSATION] * DAY, SOME_NOTICES)


def _old_draft(vault: Vault, association: str, row: _Here, days: Mapping[str, int], now: int) -> bool:
    before = _before(days, DRAFT, now)
    if before is None or row.heard >= now - days[DRAFT] * DAY:
        return False
    conversation = decode(vault.open(row.state, context("conversations.state", association, row.id)))
    return bool(erasure.old_drafts(conversation, before))


def _before(days: Mapping[str, int], name: str, now: int) -> datetime | None:
    return moment(now - days[name] * DAY) if name in days else None


def _is_silent(since: int, days: Mapping[str, int], name: str, now: int) -> bool:
    return name in days and since < now - days[name] * DAY


def _move(connection: Connection, association: str, cursor: int) -> None:
    statement = insert(meta).values(key=_cursor(association), value=str(cursor))
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value})
    )


def _cursor(association: str) -> str:
    return f"retained:{association}"
