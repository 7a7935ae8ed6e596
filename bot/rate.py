"""How fast one account may send, and how long a failed send waits."""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Mapping

MANY_CHATS = 2_000
CHAT_BURST = 20.0
"""Live replies to one address before its own rate is felt: no dialogue comes near it."""
SLACK = 0.01
"""Of a rate's span: what left evenly need not arrive evenly."""
CATCH_UP = 0.1
"""Seconds that a late turn of notices may be made up for."""
OTHERS = 60.0
"""Seconds for which room is kept after another process replied by the same account."""


class Rate:
    """Of one account: in no second do more leave than it may send, live replies counted with the rest. Live replies
    may leave together; notices and bulk leave evenly, one after the other, so that a reply is never far from its turn.
    """

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self.most = max(1, int(per_second))
        self.span = self.most / per_second * (1 + SLACK)
        self.held_until = 0.0
        self.live = 0
        """Replies that wait: they go before notices and bulk."""
        self.queue = asyncio.Lock()
        """One notice at a time looks whether it may go: hundreds that wait need not all wake for each turn."""
        self.kept = 0
        """Of a second's turns, those that notices leave to replies of other processes, which are seen only later."""
        self._left: deque[float] = deque()
        self._others: deque[float] = deque()
        self._next = 0.0

    def wait(self, live: bool = True) -> float:
        """Seconds until one more may go; 0 takes it."""
        now = time.monotonic()
        if self.held_until > now:
            return self.held_until - now
        if self.live and not live:
            return (1 + self.live) / self.per_second
        left, over = self._left, now - self.span
        while left and left[0] <= over:
            left.popleft()
        most = self.most if live else self.most - self.kept
        if len(left) >= most:
            return left[len(left) - most] - over
        if not live:
            if self._next > now:
                return self._next - now
            self._next = max(self._next, now - CATCH_UP) + 1 / self.per_second
        left.append(now)
        return 0.0

    def give_back(self) -> None:
        """What was taken was not used."""
        if self._left:
            self._left.pop()

    def left_elsewhere(self, count: int) -> None:
        """Other processes replied so often by this account since the last look: what waits here makes room for them,
        and for as many as may leave until the next look, half a second later."""
        now, others = time.monotonic(), self._others
        self._left.extend([now] * count)
        self._next = max(self._next, now - CATCH_UP) + count / self.per_second
        others.extend([now] * count)
        while others and others[0] < now - OTHERS:
            others.popleft()
        lately = sum(1 for at in others if at > now - 5)
        self.kept = min(self.most // 2, 1 + math.ceil(lately / 10)) if others else 0

    def hold(self, seconds: float) -> None:
        self.held_until = max(self.held_until, time.monotonic() + seconds)


class Chat:
    """Of one address. A live reply takes from its burst; notices leave that to the dialogue, and go one at a time."""

    __slots__ = ("at", "per_second", "tokens")

    def __init__(self, per_second: float) -> None:
        self.per_second, self.tokens, self.at = per_second, CHAT_BURST, time.monotonic()

    def wait(self, live: bool = True) -> float:
        """Seconds until one more may go; looking takes nothing."""
        now = time.monotonic()
        self.tokens = min(CHAT_BURST, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, ((1.0 if live else CHAT_BURST) - self.tokens) / self.per_second)

    def take(self) -> None:
        self.tokens -= 1


class Chats:
    """The rate of each address, where a channel has one (Telegram: about a message a second to one chat)."""

    def __init__(self, per_second: Mapping[str, float]) -> None:
        self._per_second = per_second
        self._chats: dict[tuple[str, str, str], Chat] = {}
        self._many = MANY_CHATS

    def wait(self, association: str, channel: str, handle: str, live: bool) -> float:
        """Seconds until the address's own rate lets a row go."""
        chat = self._chats.get((association, channel, handle))
        return chat.wait(live) if chat is not None else 0.0

    def turn(self, association: str, channel: str, handle: str, account: Rate, live: bool) -> float:
        """Seconds until a row may go, by its address's rate and its account's; 0 takes both."""
        per_second = self._per_second.get(channel)
        if not per_second:
            return account.wait(live)
        key = (association, channel, handle)
        chat = self._chats.get(key)
        if chat is None:
            if len(self._chats) >= self._many:
                self._forget_idle()
            chat = self._chats[key] = Chat(per_second)
        wait = chat.wait(live) or account.wait(live)
        if not wait:
            chat.take()
        return wait

    def _forget_idle(self) -> None:
        """Those who have all of their burst again are as good as new."""
        self._chats = {key: chat for key, chat in self._chats.items() if chat.wait(live=False) > 0}
        self._many = max(MANY_CHATS, 2 * len(self._chats))


MOST_ATTEMPTS = 10
TOO_LONG = 3600.0
"""Seconds of a pause after which a notice goes another way instead."""


def back_off(attempts: int) -> float:
    """Seconds: 2, 4, 8 … up to ten minutes, with jitter so that a crowd does not come back at once."""
    return float(min(600.0, 2.0 ** (attempts + 1)) * random.uniform(0.8, 1.2))
