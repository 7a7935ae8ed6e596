"""Sending, after the commit: the separate hand (rules 3 to 5). It alone acts on what a send error says.

Rows leave in order for each conversation and lane. A row that the intake committed as leased is sent from memory; what
is left over (a crash, a retry, a notice) is claimed by whoever holds the account's lease. What became of a send is a
mark that rides in the next commit; a mark that is lost lets the lease run out, and the row is then uncertain, not sent
again blindly.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import msgspec
from sqlalchemy import Connection

from bot import metrics
from bot.channels.contract import (
    AddressGone,
    Channel,
    Content,
    ContentRefused,
    Explains,
    SendError,
    StatusReport,
    StopChannel,
    TryAgain,
    Uncertain,
    UseAnotherChannel,
    UseTemplate,
)
from bot.channels.twilio_content import language_of
from bot.channels.twilio_errors import TEMPLATE_CODES
from bot.fold import LEASE_MS, Arrived, Outgoing, Refused
from bot.intake import Intake
from bot.log import log
from bot.rate import MOST_ATTEMPTS, TOO_LONG, Chats, Rate, back_off
from conversations.events import Unreachable
from conversations.says import Say
from storage import accounts, alarms, messages, notices, outbox, seen, templates
from storage.database import Database, DatabaseAway
from storage.messages import Settlement
from storage.times import moment, ms
from storage.vault import context

Account = tuple[str, str]
Lane = tuple[str, int, str]
FLUSH_AFTER = 0.05
"""Seconds a mark waits for an event to take it along."""
CLAIMED_AT_ONCE = 200
AHEAD = 1.0
"""Seconds for which notices are claimed before their turn: few are in doubt when the process dies."""
HOLD = 6_000
"""Milliseconds an account's lease lasts; renewed when half of it is over, while there is something to send."""
STALE = 15.0
"""Seconds after which a row that waits here goes back to the queue: with a send's own time-outs it would outlive its
lease, and somebody else would send it too."""
LONGEST_SEND = 45.0
"""Seconds; what takes longer is uncertain. With STALE no more than a lease."""
STOPPED = 15.0
"""Seconds until everybody has read that an account is paused."""
RESENT = ("telegram", "email")
"""Channels whose provider cannot be asked: an uncertain reply or notice is sent once more, marked."""


ASKED_BEFORE = timedelta(minutes=1)
"""A provider's clock may be behind ours by so much."""


@runtime_checkable
class Asked(Protocol):
    """A channel whose provider lists what it took."""

    async def ask_about(
        self, handle: str, say: Say, after: datetime, known: Collection[str] = ()
    ) -> StatusReport | None: ...


class Delivery:
    def __init__(
        self,
        database: Database,
        channels: Mapping[Account, Channel],
        intake: Intake,
        *,
        rates: Mapping[Account, float],
        chat_rates: Mapping[str, float] | None = None,
        content: Callable[[Outgoing], Awaitable[Content | None]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database, self.channels, self.intake, self.content, self.clock = database, channels, intake, content, clock
        self.chats = Chats(chat_rates or {})
        self.rates = {account: Rate(rates.get(account, 1000.0)) for account in channels}
        self._sent = {account: metrics.sent.labels(*account) for account in channels}
        self.closing = False
        self._lanes: dict[Lane, deque[tuple[Outgoing, float]]] = {}
        self._returned: dict[Lane, set[int]] = {}
        """Rows on their way back to the queue, until that is committed: nothing overtakes them from memory."""
        self._leased: dict[Account, int] = {}
        self._waiting = Counter[Account]()
        """Notices and bulk that are claimed and have not left."""
        self._more: set[Account] = set()
        """Accounts with notices on their way: when these have left there may be more."""
        self._replied: dict[Account, set[int]] = {}
        """Live replies of our own, until they are seen among those of every process."""
        self._looked: dict[Account, int] = {}
        intake.after_marks = self._marked
        self._tasks: set[asyncio.Task[None]] = set()
        self._flushing: asyncio.TimerHandle | None = None

    # --- from memory, right after the commit -----------------------------------------------------------------------

    def dispatch(self, rows: list[Outgoing]) -> None:
        now = time.monotonic()
        for row in rows:
            lane = (row.association, row.conversation, row.lane)
            if row.lane != "dialogue":
                self._waiting[row.association, row.channel] += 1
            if self.closing or lane in self._returned:
                self._put_back(row)
                self._gone(row)
                continue
            queue = self._lanes.get(lane)
            if queue is not None:
                queue.append((row, now))
                continue
            self._lanes[lane] = deque(((row, now),))
            self._begin(self._drain(lane))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, lane: Lane) -> None:
        queue = self._lanes[lane]
        try:
            while queue:
                row, since = queue.popleft()
                try:
                    went = await self._send(row, since)
                finally:
                    self._gone(row)
                if not went:
                    # A passing failure holds those behind it: they wait in the database, in order.
                    self._put_back_all(queue)
        finally:
            del self._lanes[lane]

    def _gone(self, row: Outgoing) -> None:
        if row.lane != "dialogue":
            self._waiting[row.association, row.channel] -= 1

    def _put_back_all(self, queue: deque[tuple[Outgoing, float]]) -> None:
        while queue:
            row, _ = queue.popleft()
            self._put_back(row)
            self._gone(row)

    def _put_back(self, row: Outgoing, wait: float = 0.0, error: str | None = None) -> None:
        """`error` where it was tried: only that counts as an attempt."""
        self._returned.setdefault((row.association, row.conversation, row.lane), set()).add(row.row)
        self._mark(Settlement(row.association, row.row, "queued", error=error, not_before=self._in(wait)))

    def _marked(self, marks: list[Settlement]) -> None:
        """These are committed: from now on the database knows what waits."""
        if any(self._room(account) >= self._ahead(account) / 2 for account in self._more):
            self.kick()
        if not self._returned:
            return
        done = {mark.id for mark in marks}
        for lane, rows in list(self._returned.items()):
            rows -= done
            if not rows:
                del self._returned[lane]

    async def _may_go(self, row: Outgoing, rate: Rate, since: float) -> bool:
        """Waits for the account's turn; False where it went back to the queue, or is held."""
        if row.lane == "dialogue":
            return await self._turn(row, rate, since)
        wait = self.chats.wait(row.association, row.channel, row.handle, live=False)
        if 0 < wait <= 5:
            await asyncio.sleep(wait)  # beside the queue, so that it holds nobody else
        async with rate.queue:
            if self._leased.get((row.association, row.channel), 0) <= ms(self.clock()):
                self._put_back(row)  # the account is another process's by now
                return False
            return await self._turn(row, rate, since)

    async def _turn(self, row: Outgoing, rate: Rate, since: float) -> bool:
        live, waits = row.lane == "dialogue", False
        try:
            while True:
                why = self.intake.may_send(row.association, row.channel, row.handle)
                if why == "staging":
                    self._mark(Settlement(row.association, row.row, "held"))
                    return False
                late = self.closing or time.monotonic() - since > STALE
                wait = 0.0 if why or late else self.chats.turn(row.association, row.channel, row.handle, rate, live)
                if why or late or wait > 5:
                    self._put_back(row, wait)
                    return False
                if not wait:
                    return True
                if live and not waits:
                    rate.live, waits = rate.live + 1, True
                await asyncio.sleep(wait)
        finally:
            rate.live -= waits

    async def _send(self, row: Outgoing, since: float) -> bool:
        """False where what is behind it in its lane must wait."""
        account = (row.association, row.channel)
        channel = self.channels[account]
        rate = self.rates[account]
        if not await self._may_go(row, rate, since):
            return False
        try:
            async with asyncio.timeout(LONGEST_SEND):
                provider_id = await self._hand_over(channel, row)
        except SendError as error:
            metrics.send_errors.labels(row.association, row.channel, error.code).inc()
            return await self._act(row, error, rate)
        except TimeoutError:
            return await self._act(row, Uncertain("too_slow"), rate)
        except Exception as error:
            log.error("send_failed", row=row.row, channel=row.channel, error=type(error).__name__)
            self._mark(Settlement(row.association, row.row, "failed", error="defect"))
            await self._alarm(row.association, f"not_delivered_{row.lane}")
            return True
        self._sent[account].inc()
        if row.lane == "dialogue" and account in self._looked:
            mine = self._replied.setdefault(account, set())
            if len(mine) > 1000:
                mine.clear()
            mine.add(row.row)
        self._mark(Settlement(row.association, row.row, "accepted", provider_id or None))
        return True

    async def _hand_over(self, channel: Channel, row: Outgoing) -> str:
        if row.kind == "delete":
            await channel.delete_message(row.handle, row.say.text)
            return ""
        attachment = None
        if row.say.file is not None:
            try:
                attachment = await self.content(row)
            except DatabaseAway:
                raise TryAgain("database_away") from None
        return await channel.send(row.handle, row.say, row.row, attachment)

    # --- what follows from an error (rule 5) ------------------------------------------------------------------------

    async def _act(self, row: Outgoing, error: SendError, rate: Rate) -> bool:
        failed = Settlement(row.association, row.row, "failed", error=error.code)
        match error:
            case TryAgain(after=after) if row.lane == "notice" and (after or 0.0) > TOO_LONG:
                self._mark(failed)  # its next address is sooner
            case TryAgain():
                if row.attempts + 1 >= MOST_ATTEMPTS:
                    self._mark(failed)
                    await self._alarm(row.association, "given_up")
                    return True
                if self.closing:
                    self._put_back(row, 0.0, error.code)
                    return False
                wait = error.after if error.after is not None else back_off(row.attempts)
                if error.whole_account:
                    rate.hold(wait)
                    await self._note(accounts.hold, row.association, row.channel, self._in(wait))
                self._put_back(row, wait, error.code)
                return False
            case Uncertain():
                # The lease runs out, and `outbox.expire` decides as for a process that died: one way, not two.
                return True
            case AddressGone():
                self._mark(failed)
                self._give_up(row.association, row.channel, row.conversation, row.row, error.code)
            case StopChannel() if error.code not in TEMPLATE_CODES:
                # Nothing is wrong with the row: it goes out when the account is resumed.
                rate.hold(STOPPED)
                self._put_back(row, 0.0, error.code)
                await self._stop(row.association, row.channel, error.code)
                return False
            case StopChannel() | UseTemplate() | UseAnotherChannel() | ContentRefused() | _:
                self._mark(failed)
                await self._pause_template(row.association, row.say, error.code)
                if row.lane != "notice" or not isinstance(error, UseTemplate):  # it goes there as a template
                    await self._alarm(row.association, f"not_delivered_{row.lane}")
        return True

    def _give_up(self, association: str, channel: str, conversation: int, row: int, code: str) -> None:
        """Until the person writes again."""
        gone = Unreachable(id=f"gone-{row}", at=self.clock(), code=code)
        key = seen.digest_key(channel, gone.id)
        self.intake.put(Arrived(association, channel, "", gone, key=key, conversation=conversation)).add_done_callback(
            lambda future: future.cancelled() or future.exception()
        )

    async def _stop(self, association: str, channel: str, code: str) -> None:
        await self._note(accounts.pause, association, channel, code, ms(self.clock()))
        await self._alarm(association, "channel_stopped", urgent=True)

    def refused(self, late: list[Refused]) -> None:
        """What a provider took first and reported as failed afterwards."""
        self._begin(self._refused(late))

    async def _refused(self, late: list[Refused]) -> None:
        for one in late:
            metrics.send_errors.labels(one.association, one.channel, one.code).inc()
            channel = self.channels.get((one.association, one.channel))
            error = channel.refusal(one.code) if isinstance(channel, Explains) else ContentRefused(one.code)
            if one.again:
                await self._once_more(one, error)
            elif isinstance(error, AddressGone):
                self._give_up(one.association, one.channel, one.conversation, one.row, one.code)
            elif isinstance(error, StopChannel) and one.code not in TEMPLATE_CODES:
                await self._stop(one.association, one.channel, one.code)
            else:
                if one.code in TEMPLATE_CODES:
                    await self._pause_template(one.association, await self._said(one), one.code)
                await self._alarm(one.association, f"not_delivered_{one.lane}")

    async def _once_more(self, one: Refused, error: SendError) -> None:
        """The row is back in the queue (intake.py); others of its account wait with it where the account is meant."""
        if isinstance(error, TryAgain) and error.whole_account:
            wait = error.after if error.after is not None else back_off(0)
            self.rates[one.association, one.channel].hold(wait)
            await self._note(accounts.hold, one.association, one.channel, self._in(wait))
        self.kick()

    async def _said(self, one: Refused) -> Say | None:
        try:
            body = await self.database.read(outbox.said, self.intake.vault, one.association, one.row)
        except DatabaseAway:
            return None
        return self.intake.read_say(body) if body is not None else None

    async def _pause_template(self, association: str, say: Say | None, code: str) -> None:
        """Missing, wrong or paused by Meta: nothing more goes by it until somebody, or Meta, puts that right."""
        if say is not None and say.template and code in TEMPLATE_CODES:
            language = language_of(say.text)
            await self._note(templates.pause, association, say.template, language, code, ms(self.clock()))
            await self._alarm(association, "template_paused", urgent=True)
            self.template_paused()

    def template_paused(self) -> None:
        """Set by whoever runs the rounds: the channels look again."""

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
        self._begin(self._flush_now())

    async def _flush_now(self) -> None:
        again = FLUSH_AFTER
        try:
            await self.intake.flush()
        except DatabaseAway:
            again = 1.0
        except Exception as error:
            log.error("marks_lost", error=type(error).__name__)
        # A batch that was under way has not taken them along.
        if self.intake.marks and not self.closing and self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(again, self._flush)

    # --- what is left over ------------------------------------------------------------------------------------------

    def kick(self) -> None:
        """Set by whoever runs the rounds: there is something to claim."""

    async def leftovers(self) -> None:
        """One round: claim what is due of each account whose lease is ours, and send it."""
        if self.closing:
            return
        now = ms(self.clock())
        pushing = [account for account, channel in self.channels.items() if channel.pushes]
        due = await self.database.read(outbox.due_accounts, pushing, now)
        self._more.intersection_update(due)
        for account in due:
            room = self._room(account)
            rows, elsewhere = await self.database.write(self._claim, account, now, room)
            self.rates[account].left_elsewhere(elsewhere)
            self.dispatch([self._outgoing(row) for row in rows])
            # What is on its way may hold up more.
            (self._more.add if self._waiting[account] else self._more.discard)(account)

    def _ahead(self, account: Account) -> int:
        return max(2, min(CLAIMED_AT_ONCE, int(self.rates[account].per_second * AHEAD)))

    def _room(self, account: Account) -> int:
        """How many more notices may be claimed now."""
        return max(0, self._ahead(account) - self._waiting[account])

    def _outgoing(self, row: outbox.Claimed) -> Outgoing:
        say = self.intake.read_say(row.body)
        if row.again and row.kind == "say" and say.text:
            can = self.channels[row.association, row.channel].capabilities
            language = "ar" if any("\u0600" <= letter <= "\u06ff" for letter in say.text) else "en"
            text = f"{self.intake.associations[row.association].wording[language]('outbox.again')}\n\n{say.text}"
            if len(text) <= (min(can.text, can.body_with_options) if say.options else can.text):
                say = msgspec.structs.replace(say, text=text)
        return Outgoing(
            row.association, row.channel, row.handle, row.conversation, row.lane, row.id, row.kind, say, row.attempts
        )

    def _claim(self, connection: Connection, account: Account, now: int, room: int) -> tuple[list[outbox.Claimed], int]:
        """The rows to send, and how many replies other processes sent by this account since the last look."""
        intake = self.intake
        if intake.may_send(*account, "") == "paused" or not self._holds(connection, account, now):
            return [], 0
        if accounts.not_before(connection, *account) > now:
            return [], 0
        until = now + LEASE_MS
        rows = outbox.claim(connection, intake.vault, account, intake.me, now, until, CLAIMED_AT_ONCE, ("dialogue",))
        if room:
            rows += outbox.claim(connection, intake.vault, account, intake.me, now, until, room, ("notice", "bulk"))
        return rows, self._elsewhere(connection, account, now) if not self.database.is_sqlite else 0

    def _elsewhere(self, connection: Connection, account: Account, now: int) -> int:
        """Live replies leave from the process that took the message in: the holder makes room for them (rule 4)."""
        since = max(self._looked.get(account, now), now - 5_000)
        self._looked[account] = now
        mine = self._replied.get(account, set())
        found = set(outbox.replied(connection, account, since))
        others = len(found - mine)
        mine -= found
        return others

    def _holds(self, connection: Connection, account: Account, now: int) -> bool:
        """Whether the account's lease is ours; renewed in its second half, so that an idle round writes nothing."""
        if HOLD // 2 < self._leased.get(account, 0) - now <= HOLD:  # more, where the clock went back
            return True
        held = accounts.lease(connection, *account, self.intake.me, now, now + HOLD)
        self._leased[account] = now + HOLD if held else 0
        return held

    def heed(self, known: Mapping[Account, accounts.Account]) -> None:
        """What another process learned: nothing before that moment."""
        now = ms(self.clock())
        for account, rate in self.rates.items():
            if account in known and known[account].not_before > now:
                rate.hold((known[account].not_before - now) / 1000)

    async def ask(self) -> None:
        """One round: a provider that can be asked says what became of the rows that may have arrived (rule 3)."""
        now = ms(self.clock())
        for account, channel in self.channels.items():
            if isinstance(channel, Asked) and not self.closing:
                for row in await self.database.write(self._uncertain, account, now):
                    await self._ask(channel, row)

    def _uncertain(self, connection: Connection, account: Account, now: int) -> list[outbox.Claimed]:
        if not self._holds(connection, account, now) or self.intake.may_send(*account, "") == "paused":
            return []
        return outbox.to_ask(connection, self.intake.vault, account)

    async def _ask(self, channel: Asked, row: outbox.Claimed) -> None:
        known = await self.database.read(messages.provider_ids, row.association, row.conversation)
        after = moment(row.at) - ASKED_BEFORE
        try:
            found = await channel.ask_about(row.handle, self._outgoing(row).say, after, known)
        except SendError:
            return  # asked again in the next round
        key = (row.association, row.id)
        if found is not None:
            await self.database.write(self._found, row, found)
        elif row.again:
            await self.database.write(outbox.leave, key)
            await self._alarm(row.association, "may_have_arrived")
        else:
            await self.database.write(outbox.release, [key], ms(self.clock()))
            self.kick()

    def _found(self, connection: Connection, row: outbox.Claimed, found: StatusReport) -> None:
        """Unless it may be another row's that says the same: one on its way, or one that settled meanwhile. Then the
        next round asks again."""
        about = (row.association, row.channel)
        if outbox.is_sending(connection, row.association, row.conversation):
            return
        if messages.whose(connection, *about, None, found.provider_id) is not None:
            return
        mark = Settlement(row.association, row.id, found.status, found.provider_id, found.code or None)
        messages.settle(connection, [mark], self.intake.me, ms(self.clock()))

    async def expire(self, everything: bool = False) -> None:
        """Leases that ran out: nobody knows whether the row arrived (rule 3). `everything`: nobody else is alive."""
        now = ms(self.clock())
        until = now + (10 * LEASE_MS if everything else 0)
        changed = await self.database.write(self._expire, until, now)
        for association, row, state in changed:
            log.warning("lease_ran_out", association=association, row=row, state=state)
        if changed:
            self.kick()

    def _expire(self, connection: Connection, until: int, now: int) -> list[tuple[str, int, str]]:
        changed = outbox.expire(connection, until, RESENT, self._waits_for_a_person)
        if doubted := [(association, row) for association, row, state in changed if state == "uncertain"]:
            notices.look_again(connection, doubted, now)
        return changed

    def _waits_for_a_person(self, association: str, row: int, sealed: bytes) -> bool:
        """What a worker said is not said twice by itself: they see that it may have arrived, and decide (rule 3)."""
        body = self.intake.vault.open(sealed, context(messages.BODY, association, row))
        return bool(self.intake.read_say(body).by)

    async def close(self, grace: float) -> None:
        """Let what is under way finish; what has not begun goes back to the queue."""
        self.closing = True
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        for queue in self._lanes.values():
            self._put_back_all(queue)
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
