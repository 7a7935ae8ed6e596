"""What pages of the desk are told while they stay open: that something changed, never what (rule 11).

A topic is `inbox` or `conversation:<id>`. Commits of this process wake at once; those of other processes are found by a
look at what changed since the last one.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable

Topic = tuple[str, str]
"""Association and topic."""


class Hub:
    def __init__(self) -> None:
        self._watching: defaultdict[Topic, set[asyncio.Queue[str]]] = defaultdict(set)
        self._closed = False

    def wake(self, association: str, topic: str) -> None:
        for queue in self._watching.get((association, topic), ()):
            if queue.empty() or queue.qsize() < 8:
                queue.put_nowait(topic)

    def watched(self) -> list[Topic]:
        return list(self._watching)

    async def watch(self, association: str, topics: Iterable[str]) -> AsyncIterator[str]:
        """Yields the topic each time something of it changed; ends when the process closes."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        keys = [(association, topic) for topic in topics]
        for key in keys:
            self._watching[key].add(queue)
        try:
            while not self._closed:
                topic = await queue.get()
                if not topic:
                    return
                yield topic
        finally:
            for key in keys:
                self._watching[key].discard(queue)
                if not self._watching[key]:
                    del self._watching[key]

    def close(self) -> None:
        self._closed = True
        for queues in self._watching.values():
            for queue in queues:
                queue.put_nowait("")
