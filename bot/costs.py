"""What messages cost, asked for afterwards: Twilio knows a price some time after the message left."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot import metrics
from bot.channels.contract import Channel, SendError, TryAgain, Uncertain
from bot.channels.twilio_channel import TwilioChannel
from bot.channels.twilio_prices import Page
from bot.log import log
from bot.rate import Rate, back_off
from storage import accounts, costs
from storage.costs import Cost, amount_of
from storage.database import Database
from storage.times import ms

EVERY = 15 * 60
"""Seconds between two rounds."""
BACK = timedelta(days=2)
TRIES = 5
"""How often a page is asked for; then the next round begins anew."""
LONGEST = 600.0
"""Seconds that are waited because Twilio asks for it; who is to wait longer is asked again in the next round."""
WRITTEN = 100
"""In one transaction: replies wait behind it."""
_LEASE = "twilio.costs"

Mine = Sequence[tuple[str, TwilioChannel]]


class Costs:
    """The round over every account of Twilio's. `rates`: each channel's pace, of which a page takes a turn."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[tuple[str, str], Channel],
        rates: Mapping[tuple[str, str], Rate],
        clock: Callable[[], datetime],
        me: str,
        closing: Callable[[], bool] = lambda: False,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.database, self.rates, self.clock, self.me = database, rates, clock, me
        self.closing, self.pause = closing, pause
        self.accounts: dict[str, list[tuple[str, TwilioChannel]]] = {}
        for (slug, _), channel in sorted(channels.items(), key=lambda item: item[0]):
            if isinstance(channel, TwilioChannel):
                self.accounts.setdefault(channel.account, []).append((slug, channel))

    async def look(self) -> None:
        """Walk the lists of the last days, and keep what is new. One process does so for an account at a time."""
        for mine in self.accounts.values():
            now = ms(self.clock())
            if await self.database.write(accounts.lease, mine[0][0], _LEASE, self.me, now, now + EVERY * 1000):
                await self._walk(mine)

    async def _walk(self, mine: Mine) -> None:
        since, after = (self.clock() - BACK).date(), ""
        known: set[str] = set()
        while not self.closing():
            page = await self._page(*mine[0], since, after)
            if page is None:
                return
            if page.costs:
                await self._keep(mine, page.costs)
            after = page.after
            if not after or after in known:
                return
            known.add(after)

    async def _page(self, slug: str, channel: TwilioChannel, since: date, after: str) -> Page | None:
        """None where Twilio does not give it."""
        for attempt in range(TRIES):
            await self._turn(slug, channel.name)
            try:
                return await channel.prices(since, after)
            except SendError as error:
                metrics.cost_troubles.labels(slug, error.code).inc()
                wait = (error.after if isinstance(error, TryAgain) else None) or back_off(attempt)
                passing = isinstance(error, TryAgain | Uncertain) and wait <= LONGEST
                if not passing or attempt + 1 == TRIES or not await self._wait(wait):
                    log.warning("costs_not_asked", association=slug, error=error.code)
                    return None
        return None

    async def _turn(self, slug: str, channel: str) -> None:
        if rate := self.rates.get((slug, channel)):
            while wait := rate.wait(live=False):
                if not await self._wait(wait):
                    return

    async def _wait(self, seconds: float) -> bool:
        """False where the service closes meanwhile."""
        while seconds > 0 and not self.closing():
            await self.pause(min(seconds, 1.0))
            seconds -= 1.0
        return not self.closing()

    async def _keep(self, mine: Mine, found: Sequence[Cost]) -> None:
        by_id = {one.provider_id: one for one in found}
        for slug, channel in mine:
            lacking = await self.database.read(costs.lacking, slug, channel.name, by_id)
            given = [by_id[id] for id in sorted(lacking)]
            for at in range(0, len(given), WRITTEN):
                part = given[at : at + WRITTEN]
                for cost in await self.database.write(costs.keep, slug, channel.name, part):
                    amount, unit = amount_of(cost)
                    metrics.cost.labels(slug, channel.name, unit).inc(float(amount))
