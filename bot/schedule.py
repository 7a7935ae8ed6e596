"""Everything that is due: rounds over rows with a due time, each claimed in a transaction (rule 10).

APScheduler only ticks; a kick after a commit only saves the wait for the next tick. Any number of processes may run
the same rounds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from msgspec import structs
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot import addresses, appointments, waves
from bot import notices as chain
from bot.alone import alone
from bot.case_moves import case_facts, moved_event
from bot.channels.contract import Channel, FetchError
from bot.delivery import Delivery
from bot.fold import Arrived
from bot.intake import Intake
from bot.log import log
from bot.planner import Planner
from bot.promises import Promises
from bot.routing import KEPT_FROM, Routing
from bot.survey_links import link as page_link
from bot.updates import UPDATES, update_event
from bot.upkeep import Upkeep
from conversations.answers.signatures import kind_of
from conversations.association.association import Association
from conversations.cases.promise import update_after
from conversations.events import (
    Answered,
    AppointmentChanged,
    Asked,
    BroadcastSent,
    CalledStaff,
    CaseMoved,
    CaseUpdate,
    Event,
    FileReady,
    FileRefused,
    Joined,
    NumberDoubted,
    OptedOut,
    PolicyChanged,
    Question,
    StaffPassedOn,
    SurveyInvited,
    TimePassed,
)
from conversations.notices import EVIDENCE
from storage import asks, cases, documents, excluded, files, notices, outbox, seen, timers
from storage.blobs import Blobs
from storage.database import Database, DatabaseAway
from storage.timers import Timer
from storage.times import DAY, moment, ms, ms_or_none

CLAIM_MS = 60_000
FETCH_TRIES = 6
NOTICES_AT_ONCE = 25
"""In one transaction: replies wait behind it."""
FEEDS = 20
"""Transactions that feed one association's waves in a round: the others have their turn."""
NEWS = (CaseMoved, CaseUpdate, AppointmentChanged)
BULK = (SurveyInvited, BroadcastSent)
Bulk = SurveyInvited | BroadcastSent
Claim = Callable[[Connection, int], bool]


class Source(Protocol):
    """Files that no person's channel brought: their bytes, and what follows when they are here or cannot be had."""

    async def fetch(self, file: files.File, at_most: int) -> bytes:
        """Raises FetchError."""
        ...

    async def settled(self, file: files.File, event: FileReady | FileRefused) -> None: ...


class Rounds:
    """What a process does again and again. Each round is safe to run at any time, by any number of processes."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        delivery: Delivery,
        channels: Mapping[tuple[str, str], Channel],
        blobs: Blobs,
        *,
        file_limit: int,
        more: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
    ) -> None:
        self.database, self.intake, self.delivery, self.channels, self.blobs = (
            database,
            intake,
            delivery,
            channels,
            blobs,
        )
        self.vault, self.clock, self.file_limit = intake.vault, intake.clock, file_limit
        self.routing = Routing(database, intake.associations, self.clock, lambda done: intake.after_commit(done))
        self.upkeep = Upkeep(database, self.vault, blobs, intake.associations, self.clock)
        self.promises = Promises(database, self.vault, intake.associations, self.clock, self._waking)
        self.planner = Planner(database, self.vault, intake.associations, self.clock)
        self.seconds: dict[str, tuple[float, Callable[[], Awaitable[None]]]] = {
            "timers": (1, self.due_timers),
            "notices": (5, self.due_notices),
            "outbox": (1, delivery.leftovers),
            "feed": (2, self.feed),
            "waves": (5, self.planner.work),
            "plan": (3600, self.planner.plan),
            "files": (2, self.fetch_files),
            "audit": (2.5, self.upkeep.link_audit),
            "expire": (5, delivery.expire),
            "uncertain": (15, delivery.ask),
            "news": (60, self.news),
            "remind": (60, self.remind),
            "retain": (60, self.upkeep.retain),
            "erase": (5, self.upkeep.erase_files),
            "handoffs": (5, self.routing.offer),
            "library": (60, self.library),
            "promises": (3600, self.promise),
            "untouched": (3600, self.routing.untouched),
            "forget": (3600, self.forget),
        }
        self.sources: dict[str, Source] = {}
        """By a file's channel: whatever else files come from than people's channels."""
        self.running: set[str] = set()
        self.again: set[str] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.closing = False

    # --- ticking -----------------------------------------------------------------------------------------------------

    def add(self, name: str, seconds: float, round_: Callable[[], Awaitable[None]]) -> None:
        self.seconds[name] = (seconds, round_)

    def kick(self, name: str) -> None:
        """Run a round now; once more after it where it is running already."""
        if name.startswith("timer:"):
            wait = max(0.0, (int(name[6:]) - ms(self.clock())) / 1000)
            if wait < 120:
                asyncio.get_running_loop().call_later(wait + 0.01, self.kick, "timers")
            return
        if name not in self.seconds or self.closing:
            return
        if name in self.running:
            self.again.add(name)
            return
        self.running.add(name)
        task = asyncio.get_running_loop().create_task(self._run(name))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _run(self, name: str) -> None:
        try:
            await self.seconds[name][1]()
        except DatabaseAway:
            log.warning("round_waits_for_database", round=name)
        except Exception as error:
            log.error("round_failed", round=name, error=type(error).__name__)
        finally:
            self.running.discard(name)
            if name in self.again:
                self.again.discard(name)
                self.kick(name)

    # --- rounds ------------------------------------------------------------------------------------------------------

    async def due_timers(self) -> None:
        now = ms(self.clock())
        mine = self.intake.associations
        due = await self.database.write(lambda c: timers.claim_due(c, now, now + CLAIM_MS, mine))
        events = await self.database.read(self._events, due) if due else []
        await asyncio.gather(*[self.intake.put(_due(timer, event)) for timer, event in events])

    def _events(self, connection: Connection, due: list[Timer]) -> list[tuple[Timer, Event]]:
        """What each stands for. One that cannot be read is tried again each minute: the others do not wait for it."""
        made = []
        for timer in due:
            kind = timer.timer.partition(":")[0]
            with alone("timer_not_read", but=SQLAlchemyError, association=timer.association, timer=kind):
                made.append((timer, self._event(connection, timer)))
        return made

    async def due_notices(self) -> None:
        """What has to reach somebody and is due to go, or to be looked at (bot/notices.py)."""
        mine = self.intake.associations
        # Its settings are gone: nobody would ever send what waits for it.
        off = [(slug, name) for slug in mine for name in EVIDENCE if (slug, name) not in self.channels]
        now = ms(self.clock())
        if waits := await self.database.read(lambda c: notices.queued_for(c, outbox.due_accounts(c, off, now))):
            await self.database.write(notices.give_up, waits, "channel_off", now)
        while due := await self._advanced(mine):
            self.kick("timers")
            if due < NOTICES_AT_ONCE:
                break

    async def _advanced(self, mine: Mapping[str, Association]) -> int:
        try:
            return await self.database.write(self._advance, mine)
        except DatabaseAway:
            raise
        except Exception:
            return await self.database.write(self._advance, mine, True)

    def _advance(self, connection: Connection, mine: Mapping[str, Association], apart: bool = False) -> int:
        now = self.clock()
        until = now + timedelta(milliseconds=CLAIM_MS)

        def waking(association: Association) -> chain.Wake:
            return self._waking(connection, association)

        return chain.advance_due(connection, self.vault, mine, now, until, NOTICES_AT_ONCE, waking, apart)

    def _waking(self, connection: Connection, association: Association) -> chain.Wake:
        slug, now = association.profile.slug, ms(self.clock())
        return lambda conversation, timer: timers.set_all(connection, [Timer(slug, conversation, timer, now)])

    def _event(self, connection: Connection, timer: Timer) -> Event:
        if notice := _notice_of(timer):
            return self._news(connection, timer, notice)
        event = self._made(connection, timer.association, timer.timer)
        return event or TimePassed(id=timer.timer, at=moment(timer.due), timer=timer.timer)

    def _news(self, connection: Connection, timer: Timer, id: int) -> Event:
        """What a notice says, and what goes along with it."""
        notice = notices.get(connection, timer.association, id)
        all_ = [notice, *notices.joined_to(connection, notice)] if notice else []
        made = [self._made(connection, timer.association, one.about) for one in all_]
        made = [
            structs.replace(event, anew=notices.announced(connection, one, timer.conversation, besides=id) is None)
            if isinstance(event, CaseMoved)
            else event
            for one, event in zip(all_, made, strict=True)
        ]
        told = tuple(event for event in made if isinstance(event, NEWS))
        if len(told) > 1:
            return Joined(id=timer.timer, at=self.clock(), events=told)
        if told:
            return told[0]
        if made and isinstance(made[0], BULK):
            fit = self._if_fit(connection, made[0], timer)
            return self._with_page(fit, timer) if isinstance(fit, SurveyInvited) else fit
        return TimePassed(id=timer.timer, at=moment(timer.due), timer=timer.timer)

    def _made(self, connection: Connection, association: str, named: str) -> Event | None:
        """The event of this name; None where there is none, or it is not so any more."""
        name, _, about = named.partition(":")
        about = f"{name}:{about}" if name in UPDATES else about
        make = {
            "ask": self._asked,
            "answer": self._answered,
            "moved": self._moved,
            "appointment": self._appointment,
            "called": self._called,
            "policy": self._policy,
            "stopped": self._stopped,
            addresses.DOUBTED: self._doubted,
            KEPT_FROM: self._kept_from,
            "survey": self._wave,
            "broadcast": self._wave,
            **dict.fromkeys(UPDATES, self._update),
        }.get(name)
        return make(connection, association, about) if make and about else None

    def _asked(self, connection: Connection, association: str, about: str) -> Event | None:
        ask = asks.by_id(connection, self.vault, association, int(about))
        if ask is None or ask.answered_at is not None:
            return None
        return Asked(
            id=f"ask-{ask.id}",
            at=self.clock(),
            ask=str(ask.id),
            question=cast(Question, ask.question),
            reference=ask.reference,
            details=ask.details,
        )

    def _answered(self, connection: Connection, association: str, about: str) -> Event | None:
        ask = asks.by_id(connection, self.vault, association, int(about))
        if ask is None or ask.given is None:
            return None
        case = cases.by_reference(connection, self.vault, association, ask.reference)
        return Answered(
            id=f"answer-{ask.id}",
            at=self.clock(),
            question=ask.question,
            reference=ask.reference,
            given=ask.given,
            case=case_facts(case) if case and ask.given else {},
        )

    def _moved(self, connection: Connection, association: str, about: str) -> Event | None:
        reference, _, seq = about.rpartition(":")
        return moved_event(connection, self.vault, self.intake.associations[association], reference, int(seq))

    def _appointment(self, connection: Connection, association: str, about: str) -> Event | None:
        return appointments.event_of(connection, self.vault, association, about, self.clock())

    def _called(self, connection: Connection, association: str, about: str) -> Event:
        reason, _, reference = about.partition(":")
        return CalledStaff(id=f"called-{about}", at=self.clock(), reason=reason, reference=reference)

    def _policy(self, connection: Connection, association: str, about: str) -> Event:
        return PolicyChanged(id=f"policy-{about}", at=self.clock(), version=about)

    def _update(self, connection: Connection, association: str, about: str) -> Event | None:
        name, _, rest = about.partition(":")
        return update_event(connection, self.vault, association, name, rest, self.clock())

    def _stopped(self, connection: Connection, association: str, about: str) -> Event:
        """They asked a worker for it (bot/errands.py)."""
        return OptedOut(id=f"stopped-{about}", at=self.clock())

    def _kept_from(self, connection: Connection, association: str, about: str) -> Event | None:
        """Back to the queue, where this worker holds it still (bot/routing.py)."""
        worker, _, conversation = about.partition(":")
        if (int(conversation), int(worker)) not in excluded.holding(connection, association):
            return None
        return StaffPassedOn(id=f"kept-from-{about}", at=self.clock(), staff=worker)

    def _doubted(self, connection: Connection, association: str, about: str) -> Event:
        """Somebody said that this number is another's now (bot/addresses.py)."""
        return NumberDoubted(id=f"doubted-{about}", at=self.clock())

    def _wave(self, connection: Connection, association: str, about: str) -> Event | None:
        return waves.event_of(connection, self.vault, association, about, self.clock())

    def _if_fit(self, connection: Connection, event: Bulk, timer: Timer) -> Bulk:
        why = waves.unfit(
            connection, self.intake.associations[timer.association], event.wave, timer.conversation, self.clock()
        )
        return structs.replace(event, unfit=why)

    def _with_page(self, event: SurveyInvited, timer: Timer) -> SurveyInvited:
        if not (url := self.intake.public_url):
            return event
        link = page_link(self.vault, url, timer.association, int(event.wave), timer.conversation)
        return structs.replace(event, link=link)

    async def feed(self) -> None:
        """The next people of the waves that run, never more than leave within seconds (bot/waves.py)."""
        for association in self.intake.associations.values():
            for _ in range(FEEDS):
                looked_at = await self.database.write(self._feed, association)
                if looked_at:
                    self.kick("timers")
                if looked_at < waves.AT_ONCE:
                    break

    def _feed(self, connection: Connection, association: Association) -> int:
        slug = association.slug
        rates = {name: rate.per_second for (whose, name), rate in self.delivery.rates.items() if whose == slug}
        wake = self._waking(connection, association)
        return waves.feed(connection, self.vault, association, self.clock(), wake, rates)

    async def remind(self) -> None:
        """The day before an appointment, by day and once, its person is reminded."""
        now = self.clock()
        mine = self.intake.associations
        for known, _ in await self.database.read(appointments.due_reminders, self.vault, now, mine):
            if known.conversation is not None:
                about = f"appointment:{known.id}:remind:{known.moved}"
                claim = appointments.reminder_claim(known)
                with alone("not_reminded", association=known.association):
                    await self.database.write(self._tell, mine[known.association], known.conversation, about, claim)
                self.kick("timers")

    def _tell(
        self, connection: Connection, association: Association, conversation: int, about: str, claim: Claim
    ) -> None:
        """By the agreed channel, once."""
        now = self.clock()
        if claim(connection, ms(now)):
            wake = self._waking(connection, association)
            chain.add(connection, self.vault, association, about, now, wake, conversation=conversation)

    async def promise(self) -> None:
        """What falls on a day: promises, entitlements, papers (bot/promises.py)."""
        await self.promises.look()
        self.kick("timers")

    async def news(self) -> None:
        """The day named for an update has come: they hear where it stands (T step 5; nobody waits in silence)."""
        now = self.clock()
        due = await self.database.write(lambda c: cases.due_for_news(c, ms(now), associations=self.intake.associations))
        for association, reference in due:
            with alone("news_not_told", association=association):
                await self._tell_where_it_stands(association, reference, now)

    async def _tell_where_it_stands(self, association: str, reference: str, now: datetime) -> None:
        case = await self.database.read(cases.by_reference, self.vault, association, reference)
        whom = await self.database.read(cases.route, self.vault, association, reference)
        if case is None or case.next_update is None or case.next_update > ms(now):
            return  # another process was faster: what stands there now is the day after this one
        profile = self.intake.associations[association].profile
        following = ms_or_none(update_after(profile, case.kind, now))
        if whom is None or case.anonymous:
            await self.database.write(cases.set_next_update, association, reference, following)
            return
        claim = _NextUpdate(association, reference, case.next_update, following, self.vault)
        about = f"update:{reference}:{case.next_update}"
        await self.database.write(self._tell, self.intake.associations[association], whom, about, claim)
        self.kick("timers")

    async def library(self) -> None:
        """What people may ask for: it changes seldom, and every turn knows it."""
        mine = self.intake.associations
        self.intake.papers = await self.database.read(documents.on_shelves, self.vault, mine)

    async def fetch_files(self) -> None:
        now = ms(self.clock())
        mine = self.intake.associations
        wanted = await self.database.write(lambda c: files.claim(c, self.vault, now, now + CLAIM_MS, mine))
        await asyncio.gather(*[self._fetch(file) for file in wanted])

    async def _fetch(self, file: files.File) -> None:
        channel, source = self.channels.get((file.association, file.channel)), self.sources.get(file.channel)
        try:
            if source is not None:
                data = await source.fetch(file, self.file_limit)
            elif channel is not None:
                data = await channel.fetch(file.source, self.file_limit)
            else:
                raise FetchError("gone", retry=True)
            kind = kind_of(data)
            if kind is None:
                raise FetchError("kind" if data else "empty")
            try:
                await asyncio.to_thread(self.blobs.put, file.association, file.id, data)
            except Exception as error:
                # A full disk, a store that is away: the provider keeps the file for a while.
                log.error("file_not_stored", association=file.association, file=file.id, error=type(error).__name__)
                raise FetchError("gone", retry=True) from None
        except FetchError as error:
            if error.retry and file.attempts < FETCH_TRIES:
                due = ms(self.clock()) + 2**file.attempts * 2000
                await self.database.write(files.later, file.association, file.id, due)
            else:
                refused = FileRefused(id=f"file-{file.id}", at=self.clock(), file=str(file.id), reason=error.reason)
                await self._settled(file, refused)
            return
        ready = FileReady(id=f"file-{file.id}", at=self.clock(), file=str(file.id), kind=kind, size=len(data))
        await self._settled(file, ready)

    async def _settled(self, file: files.File, event: FileReady | FileRefused) -> None:
        if (source := self.sources.get(file.channel)) is not None:
            await source.settled(file, event)
            return

        def settle(connection: Connection, at: int) -> bool:
            if isinstance(event, FileReady):
                return files.ready(connection, file.association, file.id, event.kind, event.size)
            return files.refuse(connection, file.association, file.id, event.reason)

        await self.intake.put(
            Arrived(file.association, file.channel, "", event, conversation=file.conversation, claim=settle)
        )

    async def forget(self) -> None:
        """Providers give up after a day; what they sent is recognised for a month."""
        await self.database.write(seen.forget, ms(self.clock()) - 30 * DAY)

    async def close(self) -> None:
        self.closing = True
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=10)


def _due(timer: Timer, event: Event) -> Arrived:
    over = timer.timer.endswith(f":{chain.BY_TEMPLATE}")
    where, notice = timer.conversation, _notice_of(timer)
    return Arrived(timer.association, "", "", event, conversation=where, timer=timer, notice=notice, window_over=over)


def _notice_of(timer: Timer) -> int:
    name, _, about = timer.timer.partition(":")
    return int(about.partition(":")[0]) if name == "notice" else 0


class _NextUpdate:
    """Claims an update: moves its day on, unless somebody did so first."""

    def __init__(self, association: str, reference: str, due: int, following: int | None, vault: Any) -> None:
        self.association, self.reference, self.due, self.following, self.vault = (
            association,
            reference,
            due,
            following,
            vault,
        )

    def __call__(self, connection: Connection, at: int) -> bool:
        case = cases.by_reference(connection, self.vault, self.association, self.reference, lock=True)
        if case is None or case.next_update != self.due:
            return False
        cases.set_next_update(connection, self.association, self.reference, self.following)
        return True


def start_ticking(rounds: Rounds) -> Any:
    """An APScheduler that kicks each round at its interval; shut it down with `.shutdown(wait=False)`."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(timezone="UTC")
    for name, (seconds, _) in rounds.seconds.items():
        scheduler.add_job(
            _kick, "interval", (rounds, name), seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None
        )
    scheduler.start()
    return scheduler


async def _kick(rounds: Rounds, name: str) -> None:
    rounds.kick(name)
