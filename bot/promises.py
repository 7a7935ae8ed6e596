"""What falls on a day and is told without being asked: a promise that is near or was missed, an entitlement that is
due, a paper that is about to expire. Once for each day that was named, whatever number of processes look.

A near promise is news to its person, by the agreed channel; a missed one is first a worker's task, who gives the reason
and the new day (bot/errands.py): an apology without either is none.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, String, cast, exists, func, literal, select, text

from bot import errands, notices
from bot.alone import alone
from bot.case_moves import move_case
from bot.updates import papers_of
from conversations.association.association import Association
from conversations.cases.calendar import calendar_of, here
from conversations.cases.entitlement import end_of
from conversations.cases.lifecycle import LIFECYCLES
from conversations.cases.move import OBJECTION_DAYS, SYSTEM, NotAllowed
from conversations.flows.track import ANSWERED
from storage import cases, clocks
from storage.database import Database
from storage.schema import cases as cases_table
from storage.schema_desk import entitlements, reminders
from storage.schema_notices import notices as notices_table
from storage.times import moment, ms
from storage.vault import Vault

BEFORE_EXPIRY = timedelta(days=30)
REMINDS = timedelta(days=3)
AT_ONCE = 200
_OVER = tuple(
    (kind, stage, name)
    for kind, lifecycle in LIFECYCLES.items()
    for (stage, name), move in lifecycle.steps.items()
    if SYSTEM in move.who and move.guard in ("objection_over", "appeal_over")
)
_OPEN = text("cases.closed_at IS NULL")
_OWED = text("entitlements.delivered_at IS NULL AND entitlements.cancelled_at IS NULL")
Waking = Callable[[Connection, Association], notices.Wake]


class Promises:
    """`waking`: how a conversation hears at once (bot/schedule.py)."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        associations: Mapping[str, Association],
        clock: Callable[[], datetime],
        waking: Waking,
    ) -> None:
        self.database, self.vault, self.associations, self.clock = database, vault, associations, clock
        self.waking = waking

    async def look(self) -> None:
        """The round: hourly is enough for what is said by the day."""
        now = self.clock()
        for association in self.associations.values():
            for one in (self._near, self._missed, self._due, self._returned, self._over):
                with alone("promises_not_looked_at", association=association.profile.slug, what=one.__name__):
                    while await self.database.write(one, association, now) == AT_ONCE:
                        pass
            with alone("promises_not_looked_at", association=association.profile.slug, what="_expiring"):
                await self._expiring(association, now)

    # --- promises ----------------------------------------------------------------------------------------------------

    def _near(self, connection: Connection, association: Association, now: datetime) -> int:
        """One working day before the latest day of an answer that is not there yet. Whoever heard of the case today,
        or was promised that day today, needs no reminder of it."""
        slug, c, n = association.slug, cases_table.c, notices_table.c
        today = here(now).date()
        until = ms(end_of(calendar_of(association.profile).add_working_days(today, 1)))
        midnight = ms(end_of(today - timedelta(days=1)))
        heard = exists().where(n.association == slug, n.case_id == c.id, n.at > midnight)
        asked_before = func.coalesce(c.completed_at, c.opened_at) <= midnight
        query = _waiting(slug, "promise_near").where(c.latest > ms(now), c.latest <= until, ~heard, asked_before)
        rows = connection.execute(query).all()
        for row in rows:
            if self._claims(connection, slug, f"case:{row.id}:{row.latest}", "promise_near", now):
                self._tell(connection, association, f"promise_near:{row.reference}:{row.latest}", row, now)
        return len(rows)

    def _missed(self, connection: Connection, association: Association, now: datetime) -> int:
        """The day is over and nothing was decided: a worker apologises, with the reason and a day that holds."""
        slug, c = association.slug, cases_table.c
        rows = connection.execute(_waiting(slug, "promise_missed").where(c.latest < ms(now))).all()
        for row in rows:
            if self._claims(connection, slug, f"case:{row.id}:{row.latest}", "promise_missed", now):
                case = cases.by_id(connection, self.vault, slug, row.id, lock=True)
                if case is not None:
                    errands.ask_apology(connection, self.vault, slug, case, now)
        return len(rows)

    # --- entitlements ------------------------------------------------------------------------------------------------

    def _due(self, connection: Connection, association: Association, now: datetime) -> int:
        """On the day of an entitlement its person hears that it is due."""
        slug, c, e = association.slug, cases_table.c, entitlements.c
        today = here(now).date()
        subject = literal("entitlement:") + cast(e.id, String) + literal(":") + cast(e.due, String)
        rows = connection.execute(
            select(e.id.label("entitlement"), e.due, c.reference, c.conversation)
            .join_from(entitlements, cases_table, (c.association == e.association) & (c.id == e.case_id))
            .where(e.association == slug, _OWED, e.due > ms(end_of(today - timedelta(days=1))))
            .where(e.due <= ms(end_of(today)), c.closed_at.is_(None), c.conversation.is_not(None))
            .where(~_was(slug, subject, "entitlement_due"))
            .limit(AT_ONCE)
        ).all()
        for row in rows:
            if self._claims(connection, slug, f"entitlement:{row.entitlement}:{row.due}", "entitlement_due", now):
                self._tell(connection, association, f"entitlement_due:{row.reference}:{row.entitlement}", row, now)
        return len(rows)

    # --- what waits for the person ----------------------------------------------------------------------------------

    def _returned(self, connection: Connection, association: Association, now: datetime) -> int:
        """What is missing is asked for once more, before anybody of the staff is put to it."""
        slug, c = association.slug, cases_table.c
        subject = literal("returned:") + cast(c.id, String) + literal(":") + cast(c.moves, String)
        rows = connection.execute(
            select(c.id, c.moves, c.reference, c.conversation)
            .where(c.association == slug, c.kind == "request", c.stage == "returned", c.closed_at.is_(None))
            .where(c.updated <= ms(now - REMINDS), c.conversation.is_not(None), ~_was(slug, subject, "asked_again"))
            .limit(AT_ONCE)
        ).all()
        for row in rows:
            if self._claims(connection, slug, f"returned:{row.id}:{row.moves}", "asked_again", now):
                self._tell(connection, association, f"returned:{row.reference}:{row.moves}", row, now)
        return len(rows)

    def _over(self, connection: Connection, association: Association, now: datetime) -> int:
        """Where the days to object or to appeal have passed, the house closes what nobody else has to."""
        slug, c, closed = association.slug, cases_table.c, 0
        tell = notices.telling(connection, self.vault, association, now, self.waking(connection, association))
        for kind, stage, name in _OVER:
            waited = (c.stage == stage, c.closed_at.is_(None), c.updated <= ms(now - timedelta(days=OBJECTION_DAYS)))
            query = select(c.reference).where(c.association == slug, c.kind == kind, *waited)
            for reference in connection.scalars(query.order_by(c.id).limit(AT_ONCE)).all():
                case = cases.by_reference(connection, self.vault, slug, reference, lock=True)
                if case is None or case.stage != stage:
                    continue
                with suppress(NotAllowed):
                    move_case(connection, self.vault, association, case, name, SYSTEM, now, tell=tell)
                    closed += 1
        return min(closed, AT_ONCE)

    # --- papers ------------------------------------------------------------------------------------------------------

    async def _expiring(self, association: Association, now: datetime) -> None:
        """Once a day through the open requests: what was answered is sealed, and each has to be opened for it."""
        slug, today = association.slug, here(now).date()
        if not await self.database.write(self._claims, slug, f"papers:{today}", "looked", now):
            return
        after = 0
        while page := await self.database.read(self._papers, slug, after, today):
            after = page[-1][0]
            if found := [(row, papers) for _, row, papers in page if papers]:
                await self.database.write(self._tell_papers, association, found, now)

    def _papers(self, connection: Connection, slug: str, after: int, today: date) -> list[tuple[int, Any, list[str]]]:
        c = cases_table.c
        query = (
            select(c.id, c.reference, c.conversation)
            .where(c.association == slug, _OPEN, c.kind == "request", c.conversation.is_not(None), c.id > after)
            .order_by(c.id)
            .limit(AT_ONCE)
        )
        first, last = today.isoformat(), (today + BEFORE_EXPIRY).isoformat()
        found = []
        for row in connection.execute(query).all():
            case = cases.by_id(connection, self.vault, slug, row.id)
            days = papers_of(case) if case is not None and here(moment(case.opened_at)).date() < today else {}
            found.append((row.id, row, [f"{paper}:{day}" for paper, day in days.items() if first < day <= last]))
        return found

    def _tell_papers(
        self, connection: Connection, association: Association, found: list[tuple[Any, list[str]]], now: datetime
    ) -> None:
        for row, papers in found:
            for paper in papers:
                if self._claims(connection, association.slug, f"paper:{row.id}:{paper}", "document_expiring", now):
                    about = f"document_expiring:{row.reference}:{paper}"
                    self._tell(connection, association, about, row, now)

    # --- once, and by the agreed channel -----------------------------------------------------------------------------

    def _claims(self, connection: Connection, slug: str, subject: str, rung: str, now: datetime) -> bool:
        return bool(clocks.remind(connection, slug, [subject], rung, ms(now)))

    def _tell(self, connection: Connection, association: Association, about: str, row: Any, now: datetime) -> None:
        notices.add(
            connection,
            self.vault,
            association,
            about,
            now,
            self.waking(connection, association),
            conversation=row.conversation,
            reference=row.reference,
        )


def _waiting(slug: str, rung: str) -> Any:
    """Open cases that somebody waits for, not claimed for this day yet. Who is anonymous cannot be written to."""
    c = cases_table.c
    subject = literal("case:") + cast(c.id, String) + literal(":") + cast(c.latest, String)
    return (
        select(c.id, c.reference, c.latest, c.conversation)
        .where(c.association == slug, _OPEN, c.decided_at.is_(None), c.stage.not_in(ANSWERED))
        .where(c.conversation.is_not(None), c.anonymous.is_(False), ~_was(slug, subject, rung))
        .order_by(c.latest)
        .limit(AT_ONCE)
    )


def _was(slug: str, subject: Any, rung: str) -> Any:
    r = reminders.c
    return exists().where(r.association == slug, r.subject == subject, r.rung == rung)
