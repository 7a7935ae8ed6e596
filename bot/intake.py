"""Taking events in: what waits together is one transaction, and all that follows from it commits with it (rule 1).

No timer makes a batch: it is whatever arrived while the last one committed. A batch that fails is halved; an event
that fails alone three times goes sealed to quarantine. Nothing is sent here: what is to be sent at once is handed to
delivery after the commit, already leased by this process.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot import metrics
from bot.channels.contract import Channel, Explains, Incoming, StatusReport, TryAgain
from bot.fold import Arrived, Committed, Fold, Refused
from bot.log import log
from bot.rate import MOST_ATTEMPTS, TOO_LONG, back_off
from conversations.association.association import Association
from conversations.events import PERSONAL
from conversations.says import Say
from conversations.world import Paper
from storage import conversations, messages, notices, quarantine, seen, timers, world
from storage.conversations import Stored
from storage.database import Contention, Database, DatabaseAway
from storage.ids import new_id
from storage.messages import Report, Settlement
from storage.times import ms
from storage.vault import Vault

MOST_AT_ONCE = 128
TRIES_ALONE = 3
_encode = msgspec.msgpack.Encoder().encode
_read_say = msgspec.msgpack.Decoder(Say).decode


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
        self.papers: Mapping[str, tuple[Paper, ...]] = {}
        """What each library holds, as this process knows it: read again every minute, and after a change here."""
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
                await self.database.write(_settle, marks, self.me, ms(self.clock()))
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
        refused: tuple[Refused, ...] = ()
        if passing := [one for one in batch if self._passes(one)]:
            if marks:
                _settle(connection, marks, self.me, at)  # first: what was taken is known by its id
            done, refused = self._anew(connection, passing, at)
            batch, marks = [one for one in batch if one not in done], []
        reported = {(one.association, one.report.row): one for one in batch if one.report and one.report.row}
        if marks := marks + [_mark(one) for one in batch if one.report and one.report.row]:
            # First: what went back to the queue holds what is said now.
            moved = _settle(connection, marks, self.me, at)
            settled = [one for key, one in reported.items() if key in moved]
            _count((one.association, one.channel, one.report.status) for one in settled if one.report)
            refused += self._refused(connection, [one for one in settled if _failed(one)])
        batch = self._first_time(connection, batch, at)
        events = [one for one in batch if one.event is not None]
        stored = self._lock(connection, events, at)
        # After the conversations: every writer locks those before a case.
        events = [one for one in events if one.claim is None or one.claim(connection, at)]
        people = [(s.association, s.id, s.beneficiary) for s in stored.values()]
        known = world.load(connection, self.vault, people, self.me, at) if people else {}
        fold = Fold(self, connection, stored, known, now)
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
            states = {(one.association, one.channel, one.provider_id): one.state for one in reports}
            _count((*key[:2], states[key]) for key in by_provider)
            failed = [
                one
                for one in batch
                if one.report is not None
                and _failed(one)
                and (one.association, one.channel, one.report.provider_id) in by_provider
            ]
            refused += self._refused(connection, failed)
        if over := [(one.association, one.row) for one in refused if not one.again]:
            notices.look_again(connection, over, at)
        return fold.committed()._replace(refused=refused)

    def _passes(self, one: Arrived) -> bool:
        """Reported as failed after it was taken, for a reason that is over soon."""
        report, channel = one.report, self.channels.get((one.association, one.channel))
        if report is None or report.status != "failed" or not isinstance(channel, Explains):
            return False
        error = channel.refusal(report.code)
        return isinstance(error, TryAgain) and (error.after or 0.0) <= TOO_LONG

    def _anew(
        self, connection: Connection, passing: list[Arrived], at: int
    ) -> tuple[list[Arrived], tuple[Refused, ...]]:
        """These rows wait in the queue again; what is told twice is told once. Which reports are dealt with so."""
        done, back = [], []
        for one in passing:
            report, channel = one.report, self.channels[one.association, one.channel]
            assert report is not None
            assert isinstance(channel, Explains)
            about = messages.whose(connection, one.association, one.channel, report.row, report.provider_id)
            if about is None:
                continue
            key = (one.association, seen.digest_key(one.channel, f"passing {report.key}"))
            if not seen.claim(connection, [key], at):
                done.append(one)
                continue
            error = channel.refusal(report.code)
            wait = (error.after if isinstance(error, TryAgain) else None) or back_off(1)
            until = at + int(wait * 1000)
            if messages.take_back(
                connection, one.association, about[1], report.provider_id, report.code, MOST_ATTEMPTS, until, at
            ):
                done.append(one)
                back.append(Refused(one.association, one.channel, *about, report.code, again=True))
        return done, tuple(back)

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
        fold = Fold(self, connection, stored, {}, self.clock())
        fold.work.alarm(arrived.association, "quarantine", urgent=True)
        for one in stored.values():
            one.updated = at
            if arrived.event is not None and isinstance(arrived.event, PERSONAL):
                wording = self.associations[one.association].wording[one.conversation.language]
                fold.say(one, Say(text=wording("quarantine.told")), world.Known(busy=frozenset({"dialogue"})))
        fold.keep()
        return fold.committed()


def _settle(connection: Connection, marks: list[Settlement], me: str, now: int) -> set[tuple[str, int]]:
    """What failed here lets the notice that it carries go on at once."""
    moved = messages.settle(connection, marks, me, now)
    if failed := [(mark.association, mark.id) for mark in marks if mark.state in ("failed", "held")]:
        notices.look_again(connection, failed, now)
    return moved


def _count(settled: Iterable[tuple[str, str, str]]) -> None:
    """Association, channel and what became of it."""
    for one in settled:
        metrics.reported.labels(*one).inc()


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
