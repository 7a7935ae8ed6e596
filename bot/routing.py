"""The queue does not wait for somebody to look: each handoff is offered to somebody, then to the next, then rings.

What is decided is decided by one pure step (conversations/routing.py). The rows due are claimed, decided and written in
one transaction: a process that dies in it has offered nothing, and the next one does.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.fold import Committed
from conversations.association.association import Association
from conversations.association.profile import Profile
from conversations.routing import Candidate, Step, Waiting, next_step
from storage import alarms, audit, clocks, excluded, handoffs, inbox, timers
from storage.database import Database
from storage.handoffs import NOBODY, About, Handoff
from storage.timers import Timer
from storage.times import moment, moment_or_none, ms

AT_ONCE = 100
SYSTEM = "system"
KEPT_FROM = "kept_from"
UNTOUCHED = "waiting_for_information"


class Routing:
    def __init__(
        self,
        database: Database,
        associations: Mapping[str, Association],
        clock: Callable[[], datetime],
        after_commit: Callable[[Committed], None],
    ) -> None:
        self.database, self.associations, self.clock, self.after_commit = database, associations, clock, after_commit

    async def offer(self) -> None:
        """Look at every handoff that is due; what is held by whoever must not see it waits again."""
        for slug in await self.database.read(self._with_kept_from):
            self.after_commit(await self.database.write(self._let_go, slug))
        while await self.database.read(handoffs.any_due, ms(self.clock()), self.associations):
            looked, committed = await self.database.write(self._offer)
            self.after_commit(committed)
            if looked < AT_ONCE:
                return

    def _with_kept_from(self, connection: Connection) -> list[str]:
        """The associations where somebody holds what they are kept from."""
        kept = excluded.associations(connection)
        return [slug for slug in self.associations if slug in kept and excluded.holding(connection, slug)]

    def _let_go(self, connection: Connection, slug: str) -> Committed:
        """As events, picked up at once: who writes there complained about them meanwhile, or proved to be who did."""
        now = ms(self.clock())
        held = excluded.holding(connection, slug)
        timers.set_all(connection, [Timer(slug, id, f"{KEPT_FROM}:{worker}:{id}", now) for id, worker in held])
        return Committed([], [], {"timers"} if held else set())

    def _offer(self, connection: Connection) -> tuple[int, Committed]:
        now = self.clock()
        due = handoffs.claim_due(connection, ms(now), self.associations, AT_ONCE)
        about, kept_from = handoffs.cases_of(connection, due), handoffs.excluded_from(connection, due)
        there = {slug: inbox.candidates(connection, slug) for slug in {one.association for one in due}}
        kept: list[Handoff] = []
        acts: list[audit.Act] = []
        told: list[Timer] = []
        rings: dict[tuple[str, str], bool] = {}
        changed: list[tuple[str, int]] = []
        for one in due:
            profile = self.associations[one.association].profile
            case = about.get((one.association, one.reference), About())
            waiting = waiting_of(one, case, kept_from.get(one.id, frozenset()), profile)
            step = next_step(waiting, there[one.association], profile, now)
            if step.offered_to != one.offered_to:
                changed.append((one.association, one.conversation))
                there[one.association] = carried(there[one.association], one.offered_to, step.offered_to)
            tells = step.tell and one.conversation != NOBODY
            kept.append(after(one, step, now, tells))
            if step.alarm:
                rings[one.association, step.alarm] = bool(one.urgent)
            if tells:
                told.append(Timer(one.association, one.conversation, "waiting", ms(now)))
            if step.offered_to is not None and (step.offered_to != one.offered_to or not one.offers):
                detail = f"{step.offered_to} {step.why}"
                acts.append(audit.Act(one.association, ms(now), SYSTEM, "offer", f"handoff:{one.id}", detail))
        handoffs.keep_steps(connection, kept)
        audit.log(connection, acts)
        timers.set_all(connection, told)
        for (slug, code), urgent in rings.items():
            alarms.ring(connection, slug, code, ms(now), urgent=urgent)
        kicks = {"inbox"} if changed else set()
        return len(due), Committed([], [], kicks | ({"timers"} if told else set()), changed=tuple(changed))

    async def untouched(self) -> None:
        """Requests that wait for information, and nothing came for the profile's days: a person looks."""
        for slug, association in self.associations.items():
            days = timedelta(days=association.profile.handoff.returned_days)
            called = await self.database.write(self._untouched, slug, ms(self.clock() - days))
            if called:
                self.after_commit(Committed([], [], {"timers"}))

    def _untouched(self, connection: Connection, slug: str, before: int) -> int:
        now = ms(self.clock())
        found = inbox.returned(connection, slug, before)
        fresh = clocks.remind(connection, slug, [one.subject for one in found], UNTOUCHED, now)
        called = [
            Timer(slug, one.conversation, f"called:{UNTOUCHED}:{one.reference}", now)
            for one in found
            if one.subject in fresh
        ]
        timers.set_all(connection, called)
        return len(called)


def waiting_of(handoff: Handoff, case: About, excluded: frozenset[int], profile: Profile) -> Waiting:
    """A row of the queue as routing sees it."""
    service = profile.service(case.service or handoff.service)
    known = {row.category for row in profile.contact_officers if row.category}
    return Waiting(
        at=moment(handoff.at),
        urgent=bool(handoff.urgent),
        restricted=bool(handoff.restricted),
        women_only=bool(handoff.women_only),
        role=handoff.role,
        named="passed_on" in handoff.reasons,
        category=case.category if case.category in known else "",
        field=service.category if service else "",
        kind=case.kind,
        excluded=excluded,
        offered_to=handoff.offered_to,
        offers=handoff.offers,
        tried=tuple(int(one) for one in handoff.tried.split()),
        alarmed_at=moment_or_none(handoff.alarmed_at),
        told_at=moment_or_none(handoff.told_at),
    )


def after(handoff: Handoff, step: Step, now: datetime, tells: bool) -> Handoff:
    """The row as this step leaves it."""
    return handoff._replace(
        offered_to=step.offered_to,
        tried=" ".join(map(str, step.tried)),
        offers=handoff.offers + (step.offered_to is not None and step.why != "closed"),
        due=ms(step.due),
        alarmed_at=ms(now) if step.alarm else handoff.alarmed_at,
        told_at=ms(now) if tells else handoff.told_at,
    )


def carried(candidates: list[Candidate], before: int | None, now: int | None) -> list[Candidate]:
    """An offer weighs at once: of many that come together each goes to whoever carries least."""
    weighs = {before: -1, now: 1}
    return [replace(one, load=one.load + weighs.get(one.staff, 0)) for one in candidates]
