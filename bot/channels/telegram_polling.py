"""Without a public address we ask Telegram for what is waiting, and hold the line until something is.

A page of updates is confirmed by asking for the next one, and that is done only when `take` has returned: what was not
committed comes again, and is recognised by its key. A webhook is never deleted here; whoever wants that says so
(`wasl telegram connect --poll`).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Literal

from bot.channels.contract import SendError, StopChannel, TryAgain, Unparseable
from bot.channels.telegram import Telegram
from bot.channels.telegram_inbound import Read

WAIT = 50.0
"""Seconds the line is held."""
IDLE = 5.0
"""Seconds until a process that is not the holder asks again whether it is."""
LONGEST = 60.0
"""Seconds between attempts, at most."""

Trouble = Literal["webhook_is_set", "another_poller", "bad_token", "unreachable", "not_taken"]
"""Worded for the operator by `telegram.trouble.<code>`."""
Tell = Callable[[Trouble, str], None]
"""Hears of each failed attempt: what it means, and the name of the error where it was not Telegram's."""


async def poll(
    channel: Telegram,
    take: Callable[[list[Read]], Awaitable[object]],
    holder: Callable[[], Awaitable[bool]],
    tell: Tell,
    *,
    wait: float = WAIT,
    idle: float = IDLE,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Until cancelled. `holder` says whether this process holds the token's lease, and renews it: it is asked before
    every page, so the lease must outlive `wait`. `tell` is there to count, and to log what changed.

    Raises StopChannel when the token is wrong."""
    offset, failures = 0, 0
    while True:
        if not await holder():
            offset = 0  # whoever held it meanwhile has confirmed more
            await sleep(idle)
            continue
        try:
            found, following = await channel.updates(offset, wait)
            if found:
                await take(found)
        except StopChannel:
            tell("bad_token", "")
            raise
        except Exception as error:
            # Whatever it was, the page stays unconfirmed and is asked for again.
            failures += 1
            trouble, after = _trouble(error)
            tell(trouble, "" if isinstance(error, SendError) else type(error).__name__)
            await sleep(after or _back_off(failures))
        else:
            offset, failures = following, 0


def _trouble(error: Exception) -> tuple[Trouble, float | None]:
    """What it means, and the seconds to wait where Telegram names them."""
    if isinstance(error, TryAgain):
        return _TOLD.get(error.code, "unreachable"), error.after
    return ("unreachable" if isinstance(error, SendError | Unparseable) else "not_taken"), None


_TOLD: dict[str, Trouble] = {"webhook_is_set": "webhook_is_set", "another_poller": "another_poller"}


def _back_off(failures: int) -> float:
    """Doubles from one second, and differs between processes."""
    return float(min(LONGEST, 2 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0))
