"""The real front line with a staff group, in a process of its own that dies at a point. Leases and pace are short."""

import time
from collections.abc import Callable
from contextlib import suppress

import bot.delivery
import bot.fold
import bot.main
import bot.staff_group.mirror
import bot.staff_group.turns
from bot.settings import read_settings
from bot.staff_group.group import Group
from bot.staff_group.turns import Turns
from conversations.association.load import load_associations
from storage import topics
from tests.bot.standin_child import HOLD, LEASE_MS, Die, _after, _after_awaited, _before

# Before a call of Telegram's is the same as after the commit that claimed it.
POINTS: dict[str, Callable[[Die], None]] = {
    "in_making": lambda die: _after(topics, "begin_making", die),
    "after_create": lambda die: _after_awaited(Group, "create", die),
    "before_made": lambda die: _before(Turns, "keep", die),
    "after_say": lambda die: _after_awaited(Group, "say", die),
    "in_said": lambda die: _after(topics, "change", die),
}


def main(point: str, times: int) -> None:
    vars(bot.delivery)["LEASE_MS"] = bot.fold.LEASE_MS = LEASE_MS
    bot.delivery.HOLD, bot.delivery.STALE, bot.delivery.LONGEST_SEND = HOLD, 0.5, 1.5
    bot.staff_group.mirror.LEASE = 1500
    turns = bot.staff_group.turns
    turns.HOLD, turns.SOON, turns.EVERY = 800, 300, 30
    if point:
        POINTS[point](Die(times))
    settings = read_settings()
    found = [one for one in load_associations(settings.associations) if one.slug in settings.only]
    with suppress(KeyboardInterrupt):
        bot.main.serve(settings, found, time.monotonic(), lambda _: None)
