"""Turns in a group: whose it is, how fast, and what follows from a call that failed.

Of several processes the holder of the group's lease works, and takes its turns from the account's row, so that twenty
messages a minute are twenty whoever sends them.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection

from bot import metrics
from bot.channels.contract import SendError, TryAgain, Uncertain
from bot.intake import Intake
from bot.log import log
from bot.rate import Rate
from bot.staff_group.group import Group, TopicGone
from storage import accounts, alarms, topics
from storage.database import Database
from storage.times import MINUTE, SECOND, ms
from storage.topics import Topic

CHANNEL = "telegram.group"
"""The group's own row among the accounts: lease, pace, and until when Telegram asked for silence."""
EVERY, BURST = 4 * SECOND, 5
"""In any minute at most 5 + 60 / 4 = 20 calls, which is what Telegram lets a bot do in one group."""
HOLD = 15 * SECOND
SOON, REST = 5 * SECOND, 5 * MINUTE
PATIENCE = 5.0
"""Seconds a step waits for the bot account's own rate."""

Claim = Callable[[Connection, int], bool]
Turn = Literal["taken", "wait", "lost"]


@dataclass
class Turns:
    """`rates` of the bots, by association."""

    database: Database
    intake: Intake
    rates: Mapping[str, Rate]
    not_before: dict[str, int] = field(default_factory=dict)
    """When it is worth asking for a turn again, so that a waiting group is not asked for every second."""

    def now(self) -> int:
        return ms(self.intake.clock())

    def may(self, group: Group) -> bool:
        """Whether it is worth looking for something to do: nobody holds the account, and there may be a turn."""
        if self.not_before.get(group.association, 0) > self.now():
            return False
        return not self.intake.may_send(group.association, "telegram", group.chat)

    async def take(self, group: Group, claim: Claim) -> Turn:
        """`taken`: the claim holds, the group's and the bot's rate have room, and one call may be made. `lost`:
        somebody else did it, or it is not to be done any more."""
        rate = self.rates[group.association]
        until = time.monotonic() + PATIENCE
        while wait := rate.wait(live=False):
            if time.monotonic() + wait > until:
                return "wait"
            await asyncio.sleep(wait)
        wait_ms, taken = await self.database.write(self._claim, group.association, claim, self.now())
        if wait_ms:
            self.not_before[group.association] = self.now() + min(wait_ms, HOLD)
        if not taken:
            rate.give_back()
        return "wait" if wait_ms else "taken" if taken else "lost"

    def _claim(self, connection: Connection, association: str, claim: Claim, now: int) -> tuple[int, bool]:
        """Milliseconds to wait, and whether it was taken."""
        if not accounts.lease(connection, association, CHANNEL, self.intake.me, now, now + HOLD):
            return SOON, False
        if (until := accounts.not_before(connection, association, CHANNEL)) > now:
            return until - now, False
        if wait := accounts.pace(connection, association, CHANNEL, now, EVERY, BURST):
            return wait, False
        return 0, claim(connection, now)

    async def failed(self, group: Group, topic: Topic, error: SendError, /, **restored: Any) -> bool:
        """What follows from a call that failed; `restored`: how the row is where nothing was done. True where the next
        thing may be tried at once."""
        metrics.send_errors.labels(group.association, CHANNEL, error.code).inc()
        match error:
            case TopicGone():
                await self.keep(topic, state="gone", topic=0, sending=0, again=False)
                return True
            case Uncertain():
                return True  # its lease runs out, as if we had died: one way, not two
            case TryAgain():
                after = SOON if error.after is None else int(error.after * 1000)
                await self.database.write(self._hold, group, topic, after, "", restored)
            case _:
                log.error("staff_group_lost", association=group.association, error=error.code)
                await self.database.write(self._hold, group, topic, REST, "staff_group_lost", restored)
        return False

    def _hold(
        self, connection: Connection, group: Group, topic: Topic, rest: int, alarm: str, restored: dict[str, Any]
    ) -> None:
        """Nothing was done: the row as it was, and nothing in this group for a while."""
        accounts.hold(connection, group.association, CHANNEL, self.now() + rest)
        topics.change(connection, topic, sending=topic.sending, again=topic.again, **restored)
        if alarm:
            alarms.ring(connection, group.association, alarm, self.now())

    async def keep(self, topic: Topic, /, **changed: Any) -> None:
        """How the row is now that it was done."""
        await self.database.write(_change, topic, changed)


def _change(connection: Connection, topic: Topic, changed: dict[str, Any]) -> None:
    topics.change(connection, topic, **changed)
