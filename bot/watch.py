"""The watch over what goes out: once a minute alarms for staff, and numbers for Prometheus. Codes only, never whom."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection

from bot import metrics
from storage import accounts, alarms, delivery
from storage.database import Database
from storage.times import HOUR, MINUTE, ms

LATE = 10 * MINUTE
"""After which what waits to go is a backlog."""
SHARE, LEAST = 0.2, 20
"""Of the last hour's sends: which share may fail, and how many tell anything."""
_ALL = 1_000_000


class Watch:
    def __init__(
        self,
        database: Database,
        associations: Iterable[str],
        channels: Collection[tuple[str, str]],
        clock: Callable[[], datetime],
    ) -> None:
        self.database, self.associations, self.channels = database, tuple(associations), channels
        self.clock = clock

    async def look(self) -> None:
        """The round. An alarm that lasts rings again after an hour."""
        now = ms(self.clock())
        if wrong := await self.database.read(self._wrong, now):
            await self.database.write(self._ring, wrong, now)

    def _wrong(self, connection: Connection, now: int) -> list[tuple[str, str]]:
        """Association and code of what is wrong; the numbers on the way."""
        for slug in self.associations:
            for state, count in delivery.counts(connection, slug, delivery.OPEN, _ALL).items():
                metrics.notices.labels(slug, state).set(count)
        known = accounts.load(connection)
        wrong = []
        for slug, channel in self.channels:
            if slug not in self.associations:
                continue
            waits = delivery.backlog(connection, slug, channel, now, _ALL)
            metrics.backlog.labels(slug, channel).set(waits.number)
            age = now - waits.oldest if waits.oldest is not None else 0
            metrics.backlog_age.labels(slug, channel).set(age / 1000)
            if age > LATE and accounts.paused(known, slug, channel) is None:
                wrong.append((slug, f"backlog_{channel}"))
            sent, failed = delivery.failing(delivery.moved(connection, slug, channel, now - HOUR, now))
            if sent >= LEAST and failed > SHARE * sent:
                wrong.append((slug, f"delivery_falls_{channel}"))
        return wrong

    def _ring(self, connection: Connection, wrong: list[tuple[str, str]], now: int) -> None:
        for slug, code in wrong:
            if not alarms.rung_since(connection, slug, code, now - HOUR):
                alarms.ring(connection, slug, code, now)
