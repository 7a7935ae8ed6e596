"""Taking events in: what waits together is one transaction, and all that follows from it commits with it (rule 1).

No timer makes a batch: it is whatever arrived while the last one committed. A batch that fails is halved; an event
that fails alone three times goes sealed to quarantine. Nothing is sent here: what is to be sent at once is handed to
delivery after the commit, already leased by this process.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from bot import metrics
from bot.channels.contract import Channel, Incoming, StatusReport, fit
from bot.effects import Work
from bot.log import log
from conversations.association.association import Association
from conversations.effects import Mask
from conversations.engine import advance
from conversations.events import PERSONAL, Event, Media, Press, Text
from conversations.says import Say
from conversations.wording import LANGUAGES
from conversations.world import Person, World
from storage import conversations, messages, quarantine, seen, timers, world
from storage.conversations import Stored
from storage.database import Contention, Database, DatabaseAway
from storage.ids import new_id
from storage.messages import Message, Report, Settlement
from storage.times import ms
from storage.vault import Vault

MOST_AT_ONCE = 128
LEASE_MS = 60_000
TRIES_ALONE = 3
MOST_LOOKUPS = 4
_encode = msgspec.msgpack.Encoder().encode
_read_say = msgspec.msgpack.Decoder(Say).decode


class Arrived(NamedTuple):
    """One event on its way in: by a channel and a handle, or (the house's own) by a conversation's id."""

    association: str
    channel: str
    handle: str
    event: Event | None
    key: bytes = b""
    """What it is recognised by when it comes twice; empty where `timer` or `claim` says so instead."""
    conversation: int = 0
    incoming: Incoming | None = None
    timer: timers.Timer | None = None
    claim: Callable[[Connection, int], bool] | None = None
    """Runs first, in the same transaction: False means that it was done before, and the event is not taken."""
    report: StatusReport | None = None


class Outgoing(NamedTuple):
    """One row to send from memory: committed as leased by this process."""

    association: str
    channel: str
    handle: str
    conversation: int
    lane: str
    row: int
    kind: str
    say: Say
    attempts: int = 0


class Refused(NamedTuple):
    """A row that its provider reports as failed, after it had taken it."""

    association: str
    channel: str
    conversation: int
    row: int
    lane: str
    code: str


class Committed(NamedTuple):
    """What a batch asks of this process once it is committed."""

    sends: list[Outgoing]
    wakes: list[tuple[str, str, int]]
    kicks: set[str]
    refused: tuple[Refused, ...] = ()


class Intake:
    """One a process. `marks` are the settlements of earlier sends, taken along by the next commit."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        associations: Mapping[str, Association],
        channels: Mapping[tuple[str, str], Channel],
        *,
        me: str,
        public_url: str = "",
        after_commit: Callable[[Committed], None] = lambda _: None,
        after_marks: Callable[[list[Settlement]], None] = lambda _: None,
        may_send: Callable[[str, str, str], str] = lambda *_: "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database, self.vault, self.associations, self.channels = database, vault, associations, channels
        self.me, self.public_url, self.clock = me, public_url, clock
        self.after_commit, self.after_marks, self.may_send = after_commit, after_marks, may_send
        self.marks: list[Settlement] = []
        self._waiting: list[tuple[Arrived, asyncio.Future[None]]] = []
        self._worker: asyncio.Task[None] | None = None

    # --- in ----------------------------------------------------------------------------------------------------------

    async def take(self, association: str, channel: str, incomings: Sequence[Incoming | StatusReport]) -> None:
        """Returns after the commit. Raises DatabaseAway."""
        taken = [
            self.put(
                Arrived(association, channel, "", None, report=one)
                if isinstance(one, StatusReport)
                else Arrived(
                    association,
                    channel,
                    one.handle,
                    one.event,
                    key=seen.digest_key(channel, one.key),
                    incoming=one,
                )
            )
            for one in incomings
        ]
        # A webhook brings one, as a rule.
        await (taken[0] if len(taken) == 1 else asyncio.gather(*taken))

    def put(self, arrived: Arrived) -> asyncio.Future[None]:
        """Queue one event; the future is done after its commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((arrived, future))
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        return future

    async def again(self, arrived: Arrived) -> None:
        """One event by itself, and nothing is set apart where it fails: raises what it raises (wasl events retry)."""
        self.after_commit(await self.database.write(self._fold, [arrived], []))

    def read_say(self, body: bytes) -> Say:
        return _read_say(body)

    async def flush(self) -> None:
        """Commit the marks that no event has taken along. Raises DatabaseAway."""
        if self.marks and self._worker is None:
            marks, self.marks = self.marks, []
            try:
                await self.database.write(messages.settle, marks, self.me, ms(self.clock()))
            except DatabaseAway:
                self.marks = marks + self.marks
                raise
            self.after_marks(marks)

    async def drain(self) -> None:
        """Wait until nothing is on its way in."""
        while self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._commit(batch)
        finally:
            self._worker = None

    async def _commit(self, batch: list[tuple[Arrived, asyncio.Future[None]]]) -> None:
        marks, self.marks = self.marks, []
        arrived = [one for one, _ in batch]
        try:
            committed = await self.database.write(self._fold, arrived, marks)
        except Exception as error:
            self.marks = marks + self.marks
            await self._failed(batch, error)
            return
        metrics.batch.observe(len(batch))
        if marks:
            self.after_marks(marks)
        self._committed(committed)
        for _, future in batch:
            _resolve(future)

    def _committed(self, committed: Committed) -> None:
        """What is to be done next is a row already: whatever goes wrong here, the rounds find it."""
        try:
            self.after_commit(committed)
        except Exception as error:
            log.error("after_commit_failed", error=_name(error))

    async def _failed(self, batch: list[tuple[Arrived, asyncio.Future[None]]], error: Exception) -> None:
        """Only a database that is away is the caller's to hear; everything else hurts only the event it belongs to."""
        if isinstance(error, DatabaseAway) and not isinstance(error, Contention):
            for _, future in batch:
                _resolve(future, DatabaseAway())
            return
        if len(batch) > 1:
            half = len(batch) // 2
            await self._commit(batch[:half])
            await self._commit(batch[half:])
            return
        await self._alone(batch[0], error)

    async def _alone(self, one: tuple[Arrived, asyncio.Future[None]], error: Exception) -> None:
        arrived, future = one
        for _ in range(TRIES_ALONE - 1):
            try:
                committed = await self.database.write(self._fold, [arrived], [])
            except DatabaseAway:
                _resolve(future, DatabaseAway())
                return
            except Exception as again:
                error = again
            else:
                self._committed(committed)
                _resolve(future)
                return
        metrics.quarantined.inc()
        log.error("event_quarantined", association=arrived.association, channel=arrived.channel, error=_name(error))
        # With its person told; where even that fails, without touching their conversation or its own claim.
        for bare in (False, True):
            try:
                committed = await self.database.write(self._set_apart, arrived, _name(error), bare)
            except DatabaseAway:
                _resolve(future, DatabaseAway())
                return
            except Exception as again:
                log.error("quarantine_failed", association=arrived.association, error=_name(again))
            else:
                self._committed(committed)
                _resolve(future)
                return
        _resolve(future, DatabaseAway())

    # --- one transaction, in the writer's thread --------------------------------------------------------------------

    def _fold(self, connection: Connection, batch: list[Arrived], marks: list[Settlement]) -> Committed:
        now = self.clock()
        at = ms(now)
        reported = {(one.association, one.report.row): one for one in batch if one.report and one.report.row}
        refused: tuple[Refused, ...] = ()
        if marks := marks + [_mark(one) for one in batch if one.report and one.report.row]:
            # First: what went back to the queue holds what is said now.
            moved = messages.settle(connection, marks, self.me, at)
            failed = [one for key, one in reported.items() if key in moved and _failed(one)]
            refused = self._refused(connection, failed)
        batch = self._first_time(connection, batch, at)
        events = [one for one in batch if one.event is not None]
        stored = self._lock(connection, events, at)
        # After the conversations: every writer locks those before a case.
        events = [one for one in events if one.claim is None or one.claim(connection, at)]
        people = [(s.association, s.id, s.beneficiary) for s in stored.values()]
        known = world.load(connection, self.vault, people, self.me, at) if people else {}
        fold = _Fold(self, connection, stored, known, now)
        fold.greet_new()
        for one in events:
            fold.take(one)
        fold.keep()
        reports = [
            Report(one.association, one.channel, one.report.provider_id, one.report.status, one.report.code or None)
            for one in batch
            if one.report is not None and one.report.row is None
        ]
        if reports:
            by_provider = messages.report(connection, reports, at)
            failed = [
                one
                for one in batch
                if one.report is not None
                and _failed(one)
                and (one.association, one.channel, one.report.provider_id) in by_provider
            ]
            refused += self._refused(connection, failed)
        return fold.committed()._replace(refused=refused)

    def _refused(self, connection: Connection, failed: list[Arrived]) -> tuple[Refused, ...]:
        found = []
        for one in failed:
            report = one.report
            assert report is not None
            about = messages.whose(connection, one.association, one.channel, report.row, report.provider_id)
            if about is not None:
                found.append(Refused(one.association, one.channel, *about, report.code))
        return tuple(found)

    def _first_time(self, connection: Connection, batch: list[Arrived], at: int) -> list[Arrived]:
        keys = [(one.association, one.key) for one in batch if one.key]
        fresh = seen.claim(connection, keys, at) if keys else set()
        due = [one.timer for one in batch if one.timer is not None]
        fired = timers.done(connection, due) if due else set()
        kept = []
        for one in batch:
            if one.key:
                if (one.association, one.key) not in fresh:
                    metrics.duplicates.inc()
                    continue
                fresh.discard((one.association, one.key))
            if one.timer is not None and one.timer not in fired:
                continue
            kept.append(one)
        return kept

    def _lock(self, connection: Connection, events: list[Arrived], at: int) -> dict[tuple[str, int], Stored]:
        by_handle = {(one.association, one.channel, one.handle) for one in events if not one.conversation}
        by_id = {(one.association, one.conversation) for one in events if one.conversation}
        stored: dict[tuple[str, int], Stored] = {}
        if by_handle:
            for found in conversations.take(connection, self.vault, by_handle, at).values():
                stored[found.association, found.id] = found
        if by_id - stored.keys():
            stored |= conversations.load_by_id(connection, self.vault, by_id - stored.keys())
        return stored

    def _set_apart(self, connection: Connection, arrived: Arrived, error: str, bare: bool) -> Committed:
        """Quarantined, answered 200, staff alarmed, and the person told kindly. What it came from (a timer, a claim)
        is done with it, so that it is set apart once."""
        at = ms(self.clock())
        if not self._first_time(connection, [arrived], at):
            return Committed([], [], set())
        row = quarantine.Quarantined(arrived.association, new_id(), arrived.channel, at, TRIES_ALONE, error)
        quarantine.put(connection, self.vault, row, _encode(apart(arrived)))
        stored = self._lock(connection, [arrived] if arrived.event is not None and not bare else [], at)
        if arrived.claim is not None and not bare:
            arrived.claim(connection, at)
        fold = _Fold(self, connection, stored, {}, self.clock())
        fold.work.alarm(arrived.association, "quarantine", urgent=True)
        for one in stored.values():
            one.updated = at
            if arrived.event is not None and isinstance(arrived.event, PERSONAL):
                wording = self.associations[one.association].wording[one.conversation.language]
                fold.say(one, Say(text=wording("quarantine.told")), world.Known(busy=frozenset({"dialogue"})))
        fold.keep()
        return fold.committed()


def _resolve(future: asyncio.Future[None], error: Exception | None = None) -> None:
    """Unless its caller has left."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def apart(arrived: Arrived) -> dict[str, Any]:
    """A quarantined event as it is kept: enough to take it in again."""
    return {
        "handle": arrived.handle,
        "conversation": arrived.conversation,
        "event": _encode(arrived.event),
        "source": arrived.incoming.source if arrived.incoming else "",
    }


class _Fold:
    """One batch in the making: conversations as they move, and the rows that follow."""

    def __init__(
        self,
        intake: Intake,
        connection: Connection,
        stored: dict[tuple[str, int], Stored],
        known: dict[tuple[str, int], world.Known],
        now: datetime,
    ) -> None:
        self.intake, self.connection, self.stored, self.known, self.now = intake, connection, stored, known, now
        self.at = ms(now)
        self.by_address = {(s.association, s.channel, s.handle): s for s in stored.values()}
        self.work = Work(connection, intake.vault, intake.associations, now)
        self.rows: list[Message] = []
        self.sends: list[Outgoing] = []
        self.wakes: dict[tuple[str, str], int] = {}

    def greet_new(self) -> None:
        channels = self.intake.channels
        fresh = [s for s in self.stored.values() if s.fresh and channels[s.association, s.channel].traits.proves_phone]
        if fresh:
            self.work.greet_new(fresh)

    def take(self, one: Arrived) -> None:
        stored = (
            self.stored.get((one.association, one.conversation))
            if one.conversation
            else self.by_address[one.association, one.channel, one.handle]
        )
        if stored is None or one.event is None:
            return
        if one.timer is not None and (stored.association, stored.channel) not in self.intake.channels:
            self.work.put_off(one.timer)
            return
        known = self.known.setdefault((stored.association, stored.id), world.Known())
        if stored.beneficiary is None:
            stored.beneficiary = new_id()
            known.person = Person(id=stored.beneficiary)
        event = one.event
        if not stored.conversation.greeted and one.incoming is not None and one.incoming.language in LANGUAGES:
            stored.conversation.language = one.incoming.language  # a hint, until they write
        if isinstance(event, Press) and not event.title:
            event = msgspec.structs.replace(event, title=self._title(stored, event.option))
        if isinstance(event, Media) and one.incoming is not None and self._pushes(stored):
            event = msgspec.structs.replace(event, file=str(new_id()))
            self.work.want_file(stored, one.incoming, event.file)
        says, masked = self._turn(stored, known, event, one)
        if isinstance(event, PERSONAL):
            self._transcribe(stored, event, masked, one)
            stored.last_in = self.at
        for say in says:
            self.say(stored, say, known)

    def _turn(self, stored: Stored, known: world.Known, event: Event, one: Arrived) -> tuple[list[Say], str | None]:
        """The event and whatever its lookups answer, as one turn."""
        says: list[Say] = []
        masked: str | None = None
        pending: list[Event] = [event]
        for _ in range(MOST_LOOKUPS):
            if not pending:
                break
            event = pending.pop(0)
            turn = advance(stored.conversation, event, self._world(stored, known))
            stored.conversation = turn.conversation
            says += turn.says
            for effect in turn.effects:
                if isinstance(effect, Mask):
                    if masked is None and isinstance(event, Text):
                        self._delete_from_chat(stored, one)
                    masked = effect.text
                elif found := self.work.carry_out(effect, stored, known, event):
                    pending.append(found)
        stored.updated = self.at
        return says, masked

    def _world(self, stored: Stored, known: world.Known) -> World:
        intake = self.intake
        return World(
            association=intake.associations[stored.association],
            now=self.now,
            seed=os.urandom(16),
            traits=intake.channels[stored.association, stored.channel].traits,
            person=known.person,
            cases=known.cases,
            public_url=intake.public_url,
        )

    def _title(self, stored: Stored, option: str) -> str:
        """What the button said, for the transcript: one of those on offer, or a way out by its own words."""
        conversation = stored.conversation
        offered = next((one.title for one in conversation.offered if one.id == option), "")
        wording = self.intake.associations[stored.association].wording[conversation.language]
        key = f"option.{option.lstrip('/').partition(':')[0]}"
        return offered or (wording(key) if key in wording else "")

    def _pushes(self, stored: Stored) -> bool:
        return self.intake.channels[stored.association, stored.channel].pushes

    def _transcribe(self, stored: Stored, event: Event, masked: str | None, one: Arrived) -> None:
        if masked is not None and isinstance(event, Text):
            event = msgspec.structs.replace(event, text=masked)
        elif masked is not None and isinstance(event, Media):
            event = msgspec.structs.replace(event, caption=masked)
        stored.seq += 1
        self.rows.append(
            Message(
                stored.association,
                new_id(),
                stored.id,
                stored.seq,
                stored.channel,
                "in",
                "dialogue",
                str(event.__struct_config__.tag),
                self.at,
                _encode(event),
                provider_id=(one.incoming.provider_id or None) if one.incoming else None,
            )
        )
        self.wakes[stored.association, stored.handle] = stored.seq

    def _delete_from_chat(self, stored: Stored, one: Arrived) -> None:
        """A message that held a secret is taken out of the chat where that can be done: a row like any other send."""
        channel = self.intake.channels[stored.association, stored.channel]
        if channel.traits.deletes and channel.pushes and one.incoming is not None and one.incoming.provider_id:
            self.say(stored, Say(text=one.incoming.provider_id), self.known[stored.association, stored.id], "delete")

    def say(self, stored: Stored, say: Say, known: world.Known, kind: str = "say") -> None:
        intake = self.intake
        channel = intake.channels[stored.association, stored.channel]
        for part in fit(say, channel.capabilities) if kind == "say" else (say,):
            stored.seq += 1
            row = new_id()
            held = intake.may_send(stored.association, stored.channel, stored.handle) if channel.pushes else ""
            at_once = channel.pushes and part.lane == "dialogue" and not held and "dialogue" not in known.busy
            state = "sending" if at_once else "queued" if channel.pushes else "accepted"
            self.rows.append(
                Message(
                    stored.association,
                    row,
                    stored.id,
                    stored.seq,
                    stored.channel,
                    "out",
                    part.lane,
                    kind,
                    self.at,
                    _encode(part),
                    state="held" if held == "staging" else state,
                    lease_by=intake.me if at_once else None,
                    lease_until=self.at + LEASE_MS if at_once else None,
                )
            )
            if at_once:
                self.sends.append(
                    Outgoing(stored.association, stored.channel, stored.handle, stored.id, part.lane, row, kind, part)
                )
            elif channel.pushes:
                self.work.kicks.add("outbox")
        self.wakes[stored.association, stored.handle] = stored.seq

    def keep(self) -> None:
        """Every statement of the batch that writes, one a kind."""
        turned = [s for s in self.stored.values() if s.updated == self.at]
        if turned:
            conversations.save(self.connection, self.intake.vault, turned)
        if self.rows:
            messages.insert_all(self.connection, self.intake.vault, self.rows)
        self.work.keep()

    def committed(self) -> Committed:
        return Committed(
            self.sends, [(slug, handle, seq) for (slug, handle), seq in self.wakes.items()], self.work.kicks
        )


def _failed(one: Arrived) -> bool:
    return one.report is not None and one.report.status == "failed"


def _mark(one: Arrived) -> Settlement:
    report = one.report
    assert report is not None
    assert report.row is not None
    return Settlement(one.association, report.row, report.status, report.provider_id or None, report.code or None)


def _name(error: Exception) -> str:
    """The kind of error, never its words: they may quote what was typed."""
    return type(error).__name__
