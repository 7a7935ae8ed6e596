"""The real front line in a process of its own that dies at a point, or at none.

The points are put in from here, around the functions they are named after; the program knows nothing of them. Leases
and rounds are shortened, so that a test need not wait a minute for a dead process's leases (LEASES=kept leaves them: a
process that gets no turn for two seconds on a busy machine would lose its own).
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import bot.delivery
import bot.fold
import bot.main
import bot.notices
import bot.schedule
import bot.waves
import conversations.notices
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.delivery import Delivery
from bot.intake import Intake
from bot.settings import read_settings
from conversations.association.load import load_associations
from storage import messages, outbox

LEASE_MS, HOLD = 2500, 1000


class Die:
    """At the nth call."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self) -> None:
        self.times -= 1
        if self.times == 0:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)


def _before(where: Any, name: str, die: Die) -> None:
    real = getattr(where, name)

    def wrapped(*args: Any, **more: Any) -> Any:
        die()
        return real(*args, **more)

    setattr(where, name, wrapped)


def _after(where: Any, name: str, die: Die, counts: Callable[[Any], object] = lambda _: True) -> None:
    real = getattr(where, name)

    def wrapped(*args: Any, **more: Any) -> Any:
        answer = real(*args, **more)
        if counts(answer):
            die()
        return answer

    setattr(where, name, wrapped)


def _after_awaited(where: Any, name: str, die: Die) -> None:
    real = getattr(where, name)

    async def wrapped(*args: Any, **more: Any) -> Any:
        answer = await real(*args, **more)
        die()
        return answer

    setattr(where, name, wrapped)


def _both(put: Callable[..., None], name: str) -> Callable[[Die], None]:
    def at(die: Die) -> None:
        for channel in (Telegram, WhatsApp):
            put(channel, name, die)

    return at


POINTS: dict[str, Callable[[Die], None]] = {
    # around the commit of what came in
    "before_fold": lambda die: _before(Intake, "_fold", die),
    "before_commit": lambda die: _after(Intake, "_fold", die, lambda committed: committed.sends),
    "after_commit": lambda die: _before(Intake, "_committed", die),
    "before_answer": lambda die: _after(Intake, "_committed", die),
    # around the send
    "before_send": _both(_before, "send"),
    "after_send": _both(_after_awaited, "send"),
    # around the settling
    "before_settle": lambda die: _before(messages, "settle", die),
    "in_settle": lambda die: _after(messages, "settle", die),
    "after_settle": lambda die: _before(Delivery, "_marked", die),
    # around what is left over
    "in_claim": lambda die: _after(outbox, "claim", die, bool),
    "in_expire": lambda die: _after(outbox, "expire", die, bool),
}


WAVE_POINTS: dict[str, Callable[[Die], None]] = {
    "before_tell": lambda die: _before(bot.waves, "_tell", die),
    "after_tell": lambda die: _after(bot.waves, "_tell", die),
    "before_feed_commit": lambda die: _after(bot.waves, "feed", die, bool),
    "after_feed": lambda die: _after_awaited(bot.schedule.Rounds, "feed", die),
    "while_said": lambda die: _after(bot.notices, "turned", die),
    "after_said": lambda die: _before(Intake, "_committed", die),
    # what the point before has left over
    "in_claim": POINTS["in_claim"],
    "before_send": POINTS["before_send"],
    "after_send": POINTS["after_send"],
}
"""What a wave comes to. Its feeding is slowed down, so that a process does not do all of it at once, and its day never
ends: these tests run at any hour."""


def _slow_waves() -> None:
    conversations.notices.goes_at = lambda profile, urgent, now: now
    bot.waves.AT_ONCE, bot.schedule.FEEDS, bot.schedule.CLAIM_MS = 3, 1, LEASE_MS


def main(point: str, times: int) -> None:
    if os.environ.get("LEASES") != "kept":
        vars(bot.delivery)["LEASE_MS"] = bot.fold.LEASE_MS = LEASE_MS
        bot.delivery.HOLD, bot.delivery.STALE, bot.delivery.LONGEST_SEND = HOLD, 0.5, 1.5
    wave = os.environ.get("WAVES") == "slow"
    if wave:
        _slow_waves()
    if point:
        (WAVE_POINTS if wave else POINTS)[point](Die(times))
    prepare = bot.main.prepare

    def hurried(*args: Any, **how: Any) -> Any:
        line = prepare(*args, **how)
        line.rounds.add("expire", 0.3, line.delivery.expire)
        line.rounds.add("uncertain", 0.3, line.delivery.ask)
        line.rounds.add("outbox", 0.3, line.delivery.leftovers)
        line.rounds.add("feed", 0.2, line.rounds.feed)
        return line

    bot.main.prepare = hurried
    settings = read_settings()
    found = [one for one in load_associations(settings.associations) if one.slug in settings.only]
    with suppress(KeyboardInterrupt):
        bot.main.serve(settings, found, time.monotonic(), lambda _: None)
