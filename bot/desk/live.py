"""What pages of the desk are told while they stay open: that something changed, never what (rule 11).

A topic is `inbox` or `conversation:<id>`. Commits of this process wake at once; those of other processes are found by a
look at what changed since the last one.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot.fold import Committed
from storage import inbox

Topic = tuple[str, str]
"""Association and topic."""
CONVERSATION = "conversation:"
_LISTS = frozenset({"handoffs", "inbox"})
"""Kicks after which a list of the inbox may look different."""


class _Watch:
    """One open page: topics that changed since it was told last, each once."""

    def __init__(self) -> None:
        self.changed: dict[str, None] = {}
        self.woken = asyncio.Event()

    def wake(self, topic: str) -> None:
        self.changed[topic] = None
        self.woken.set()


class Hub:
    def __init__(self) -> None:
        self._watching: defaultdict[Topic, set[_Watch]] = defaultdict(set)
        self._closed = False

    def wake(self, association: str, topic: str) -> None:
        for watch in self._watching.get((association, topic), ()):
            watch.wake(topic)

    def tell(self, committed: Committed) -> None:
        """What a commit of this process changed."""
        for association, id in committed.changed:
            self.wake(association, f"{CONVERSATION}{id}")
        if not committed.kicks.isdisjoint(_LISTS):
            for association in {association for association, _ in committed.changed}:
                self.wake(association, "inbox")

    def watched(self) -> list[Topic]:
        return list(self._watching)

    async def watch(self, association: str, topics: Iterable[str]) -> AsyncIterator[str]:
        """Yields the topic each time something of it changed; ends when the process closes."""
        watch = _Watch()
        keys = [(association, topic) for topic in topics]
        for key in keys:
            self._watching[key].add(watch)
        try:
            while not self._closed:
                await watch.woken.wait()
                watch.woken.clear()
                changed, watch.changed = watch.changed, {}
                for topic in changed:
                    if self._closed:
                        return
                    yield topic
        finally:
            for key in keys:
                self._watching[key].discard(watch)
                if not self._watching[key]:
                    del self._watching[key]

    def close(self) -> None:
        self._closed = True
        for watches in self._watching.values():
            for watch in watches:
                watch.woken.set()


def pulses(connection: Connection, watched: Iterable[Topic]) -> dict[Topic, Any]:
    """Of each topic that pages look at, something that differs whenever it changed, whoever changed it."""
    found: dict[Topic, Any] = {}
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for association, topic in watched:
        if topic.startswith(CONVERSATION):
            ids[association].add(int(topic.removeprefix(CONVERSATION)))
        else:
            found[association, topic] = inbox.pulse(connection, association)
    for association, wanted in ids.items():
        for id, at in inbox.updated(connection, association, wanted).items():
            found[association, f"{CONVERSATION}{id}"] = at
    return found


def changed(before: Mapping[Topic, Any], now: Mapping[Topic, Any]) -> list[Topic]:
    """What moved between two looks; what nobody looked at before has not."""
    return [topic for topic, pulse in now.items() if before.get(topic, pulse) != pulse]
