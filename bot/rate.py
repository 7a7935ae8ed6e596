"""How fast one account may send, and how long a failed send waits."""

import random
import time
from collections.abc import Mapping

MOST_CHATS = 20_000
CHAT_BURST = 20.0
"""Messages to one address before its own rate is felt: no dialogue comes near it."""


class Rate:
    """A token bucket for one account or address: so many messages a second, after a burst; live replies counted with
    the rest."""

    def __init__(self, per_second: float, burst: float = 0.0) -> None:
        self.per_second = per_second
        self.most = max(1.0, per_second, burst)
        self.tokens = self.most
        self.at = time.monotonic()
        self.held_until = 0.0
        self.live = 0
        """Replies that wait: they go before notices and bulk."""

    def wait(self, live: bool = True) -> float:
        """Seconds until one more may go; 0 takes it."""
        now = time.monotonic()
        if self.held_until > now:
            return self.held_until - now
        if self.live and not live:
            return (1 + self.live) / self.per_second
        self.tokens = min(self.most, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.per_second

    def give_back(self) -> None:
        """What was taken was not used."""
        self.tokens += 1

    def hold(self, seconds: float) -> None:
        self.held_until = max(self.held_until, time.monotonic() + seconds)


class Chats:
    """The rate of each address, where a channel has one (Telegram: about a message a second to one chat)."""

    def __init__(self, per_second: Mapping[str, float]) -> None:
        self._per_second = per_second
        self._rates: dict[tuple[str, str, str], Rate] = {}

    def turn(self, association: str, channel: str, handle: str, account: Rate, live: bool) -> float:
        """Seconds until a row may go, by its address's rate and its account's; 0 takes both."""
        per_second = self._per_second.get(channel)
        if not per_second:
            return account.wait(live)
        key = (association, channel, handle)
        chat = self._rates.get(key)
        if chat is None:
            if len(self._rates) >= MOST_CHATS:
                self._rates.clear()  # a burst more for some is better than a list that only grows
            chat = self._rates[key] = Rate(per_second, CHAT_BURST)
        if wait := chat.wait():
            return wait
        if wait := account.wait(live):
            chat.give_back()
        return wait


def back_off(attempts: int) -> float:
    """Seconds: 2, 4, 8 … up to ten minutes, with jitter so that a crowd does not come back at once."""
    return float(min(600.0, 2.0 ** (attempts + 1)) * random.uniform(0.8, 1.2))
