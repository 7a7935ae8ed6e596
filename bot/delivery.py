"""Sending, after the commit: the separate hand (rules 3 to 5). It alone acts on what a send error says.

Rows leave in order for each conversation and lane. A row that the intake committed as leased is sent from memory; what
is left over (a crash, a retry, a notice) is claimed by whoever holds the account's lease. What became of a send is a
mark that rides in the next commit; a mark that is lost lets the lease run out, and the row is then uncertain, not sent
again blindly.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot import metrics
from bot.channels.contract import (
    AddressGone,
    Channel,
    Content,
    ContentRefused,
    SendError,
    StopChannel,
    TryAgain,
    Uncertain,
    UseAnotherChannel,
    UseTemplate,
)
from bot.intake import LEASE_MS, Arrived, Intake, Outgoing
from bot.log import log
from conversations.events import Unreachable
from storage import accounts, alarms, outbox, seen
from storage.database import Database, DatabaseAway
from storage.messages import Settlement
from storage.times import ms

Account = tuple[str, str]
MOST_ATTEMPTS = 10
FLUSH_AFTER = 0.05
"""Seconds a mark waits for an event to take it along."""
CLAIMED_AT_ONCE = 200
HOLD = 15_000
"""Milliseconds an account's lease lasts; renewed by every round."""
RESENT = ("telegram",)
"""Channels whose provider cannot be asked: an uncertain reply or notice is sent once more, marked."""


class Rate:
    """A token bucket for one account: so many messages a second, live replies counted with the rest."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self.most = max(1.0, per_second)
        self.tokens = self.most
        self.at = time.monotonic()
        self.held_until = 0.0

    def wait(self) -> float:
        """Seconds until one more may go; 0 takes it."""
        now = time.monotonic()
        if self.held_until > now:
            return self.held_until - now
        self.tokens = min(self.most, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.per_second

    def hold(self, seconds: float) -> None:
        self.held_until = max(self.held_until, time.monotonic() + seconds)


class Delivery:
    def __init__(
        self,
        database: Database,
        channels: Mapping[Account, Channel],
        intake: Intake,
        *,
        rates: Mapping[Account, float],
        content: Callable[[Outgoing], Awaitable[Content | None]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database, self.channels, self.intake, self.content, self.clock = database, channels, intake, content, clock
        self.rates = {account: Rate(rates.get(account, 1000.0)) for account in channels}
        self.kicked = asyncio.Event()
        self.closing = False
        self._lanes: dict[tuple[str, int, str], deque[Outgoing]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._flushing: asyncio.TimerHandle | None = None

    # --- from memory, right after the commit -----------------------------------------------------------------------

    def dispatch(self, rows: list[Outgoing]) -> None:
        for row in rows:
            lane = (row.association, row.conversation, row.lane)
            queue = self._lanes.get(lane)
            if queue is not None:
                queue.append(row)
                continue
            self._lanes[lane] = deque((row,))
            task = asyncio.get_running_loop().create_task(self._drain(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, lane: tuple[str, int, str]) -> None:
        queue = self._lanes[lane]
        try:
            while queue:
                row = queue.popleft()
                if not await self._send(row):
                    self._put_back(queue)
        finally:
            del self._lanes[lane]

    def _put_back(self, queue: deque[Outgoing]) -> None:
        """A passing failure holds those behind it: they wait in the database, in order."""
        now = ms(self.clock())
        while queue:
            row = queue.popleft()
            self._mark(Settlement(row.association, row.row, "queued", not_before=now))

    async def _send(self, row: Outgoing) -> bool:
        """False where what is behind it in its lane must wait."""
        account = (row.association, row.channel)
        channel = self.channels[account]
        rate = self.rates[account]
        while wait := rate.wait():
            if wait > 5 or self.closing:
                self._mark(
                    Settlement(row.association, row.row, "queued", not_before=ms(self.clock()) + int(wait * 1000))
                )
                return False
            await asyncio.sleep(wait)
        try:
            if row.kind == "delete":
                await channel.delete_message(row.handle, row.say.text)
                provider_id = ""
            else:
                attachment = await self.content(row) if row.say.file is not None else None
                provider_id = await channel.send(row.handle, row.say, row.row, attachment)
        except SendError as error:
            metrics.send_errors.labels(row.association, row.channel, error.code).inc()
            return await self._act(row, error, rate)
        except Exception as error:
            log.error("send_failed", row=row.row, channel=row.channel, error=type(error).__name__)
            self._mark(Settlement(row.association, row.row, "failed", error="defect"))
            return True
        metrics.sent.labels(row.association, row.channel).inc()
        self._mark(Settlement(row.association, row.row, "accepted", provider_id or None))
        return True

    # --- what follows from an error (rule 5) ------------------------------------------------------------------------

    async def _act(self, row: Outgoing, error: SendError, rate: Rate) -> bool:
        failed = Settlement(row.association, row.row, "failed", error=error.code)
        match error:
            case TryAgain():
                if row.attempts + 1 >= MOST_ATTEMPTS:
                    self._mark(failed)
                    await self._alarm(row.association, "given_up")
                    return True
                wait = error.after if error.after is not None else back_off(row.attempts)
                if error.whole_account:
                    rate.hold(wait)
                    await self._note(accounts.hold, row.association, row.channel, self._in(wait))
                self._mark(failed._replace(state="queued", not_before=self._in(wait)))
                return False
            case Uncertain():
                # The lease runs out, and `outbox.expire` decides as for a process that died: one way, not two.
                return True
            case AddressGone():
                self._mark(failed)
                gone = Unreachable(id=f"gone-{row.row}", at=self.clock(), code=error.code)
                key = seen.digest_key(row.channel, gone.id)
                self.intake.put(
                    Arrived(row.association, row.channel, row.handle, gone, key=key, conversation=row.conversation)
                ).add_done_callback(lambda future: future.exception())
            case StopChannel():
                self._mark(failed)
                await self._note(accounts.pause, row.association, row.channel, error.code)
                await self._alarm(row.association, "channel_stopped", urgent=True)
            case UseTemplate() | UseAnotherChannel() | ContentRefused() | _:
                self._mark(failed)
                await self._alarm(row.association, f"not_delivered_{row.lane}")
        return True

    def _in(self, seconds: float) -> int:
        return ms(self.clock()) + int(seconds * 1000)

    async def _alarm(self, association: str, code: str, urgent: bool = False) -> None:
        await self._note(_ring, association, code, ms(self.clock()), urgent)

    async def _note(self, function: Callable[..., object], *args: object) -> None:
        try:
            await self.database.write(function, *args)
        except DatabaseAway:
            log.warning("not_noted", what=getattr(function, "__name__", ""))

    # --- marks ------------------------------------------------------------------------------------------------------

    def _mark(self, mark: Settlement) -> None:
        self.intake.marks.append(mark)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_AFTER, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        task = asyncio.get_running_loop().create_task(self._flush_now())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush_now(self) -> None:
        try:
            await self.intake.flush()
        except DatabaseAway:
            if not self.closing and self._flushing is None:
                self._flushing = asyncio.get_running_loop().call_later(1.0, self._flush)

    # --- what is left over ------------------------------------------------------------------------------------------

    def kick(self) -> None:
        self.kicked.set()

    async def leftovers(self) -> None:
        """One round: claim what is due of each account whose lease is ours, and send it."""
        now = ms(self.clock())
        for account, channel in self.channels.items():
            if not channel.pushes:
                continue
            rows = await self.database.write(self._claim, account, now)
            self.dispatch(
                [
                    Outgoing(
                        row.association,
                        row.channel,
                        row.handle,
                        row.conversation,
                        row.lane,
                        row.id,
                        row.kind,
                        self.intake.read_say(row.body),
                        row.attempts,
                    )
                    for row in rows
                ]
            )

    def _claim(self, connection: Connection, account: Account, now: int) -> list[outbox.Claimed]:
        intake = self.intake
        if not accounts.lease(connection, *account, intake.me, now, now + HOLD):
            return []
        if intake.may_send(*account, "") == "paused":
            return []
        return outbox.claim(connection, intake.vault, account, intake.me, now, now + LEASE_MS, CLAIMED_AT_ONCE)

    async def expire(self) -> None:
        """Leases that ran out: nobody knows whether the row arrived (rule 3)."""
        changed = await self.database.write(outbox.expire, ms(self.clock()), RESENT)
        for association, row, state in changed:
            log.warning("lease_ran_out", association=association, row=row, state=state)
        if changed:
            self.kick()

    async def close(self, grace: float) -> None:
        """Let what is under way finish; what has not begun goes back to the queue."""
        self.closing = True
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        for queue in self._lanes.values():
            self._put_back(queue)
        sends = [task for task in self._tasks if not task.done()]
        if sends:
            await asyncio.wait(sends, timeout=grace)
        await self.intake.drain()
        try:
            await self.intake.flush()
        except DatabaseAway:
            log.warning("marks_lost", count=len(self.intake.marks))


def _ring(connection: Connection, association: str, code: str, now: int, urgent: bool) -> None:
    alarms.ring(connection, association, code, now, urgent=urgent)


def back_off(attempts: int) -> float:
    """Seconds: 2, 4, 8 … up to ten minutes, with jitter so that a crowd does not come back at once."""
    return float(min(600.0, 2.0 ** (attempts + 1)) * random.uniform(0.8, 1.2))


__all__ = ["Delivery", "Rate", "back_off"]
