"""Asking for what waits: nothing is confirmed before it is kept, and every trouble is told."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.channels.contract import Incoming, StopChannel
from bot.channels.telegram import Telegram
from bot.channels.telegram_inbound import WANTED
from bot.channels.telegram_polling import poll
from conversations.events import Text

from .harness import Provider, Reply, StandIn
from .telegram_bench import WORDING, bot_at, message, reply, update

HANG = Reply(then="hang")


def page(*numbers: int) -> Reply:
    return reply(result=[update(number, message=message(text=f"رسالة {number}")) for number in numbers])


class Watch:
    """Keeps what was taken and told; `fails` names how many pages `take` refuses first. Sleeping takes no time."""

    def __init__(self, fails: int = 0, holds: Sequence[bool] = ()) -> None:
        self.fails, self.holds = fails, list(holds)
        self.taken: list[list[str]] = []
        self.told: list[tuple[str, str]] = []
        self.slept: list[float] = []

    async def take(self, found: list[Any]) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the database is away")
        events = [each.event for each in found if isinstance(each, Incoming)]
        self.taken.append([event.text for event in events if isinstance(event, Text)])

    async def holder(self) -> bool:
        return self.holds.pop(0) if self.holds else True

    def tell(self, trouble: str, why: str) -> None:
        self.told.append((trouble, why))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def run(channel: Telegram, there: StandIn, watch: Watch, calls: int) -> None:
    """Poll until so many calls were made, then cancel as a shutdown would."""
    task = asyncio.create_task(poll(channel, watch.take, watch.holder, watch.tell, wait=1, sleep=watch.sleep))
    called = asyncio.create_task(there.until(calls))
    await asyncio.wait({task, called}, return_when=asyncio.FIRST_COMPLETED)
    for each in (called, task):
        each.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def watched(provider: Provider, calls: int, watch: Watch | None = None) -> tuple[Watch, list[Any]]:
    watch = watch or Watch()
    async with bot_at(provider) as (channel, there):
        await run(channel, there, watch, calls)
    return watch, [call.fields["offset"] for call in there.calls]


async def test_a_page_is_confirmed_by_asking_for_the_next() -> None:
    watch, offsets = await watched((page(5, 6), page(7), HANG), 3)
    assert watch.taken == [["رسالة 5", "رسالة 6"], ["رسالة 7"]]
    assert offsets == [0, 7, 8]
    assert watch.told == []


async def test_a_page_that_could_not_be_kept_is_asked_for_again() -> None:
    watch, offsets = await watched((page(5), page(5), HANG), 3, Watch(fails=1))
    assert offsets == [0, 0, 6]
    assert watch.taken == [["رسالة 5"]]
    assert watch.told == [("not_taken", "ConnectionError")]


async def test_nothing_is_confirmed_while_it_is_being_kept() -> None:
    kept = asyncio.Event()

    class Slow(Watch):
        async def take(self, found: list[Any]) -> None:
            await kept.wait()
            await super().take(found)

    watch = Slow()
    async with bot_at((page(5), HANG)) as (channel, there):
        task = asyncio.create_task(poll(channel, watch.take, watch.holder, watch.tell, wait=1))
        await asyncio.sleep(0.1)
        assert [call.fields["offset"] for call in there.calls] == [0]
        kept.set()
        await there.until(2)
        assert there.calls[1].fields["offset"] == 6
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_cannot_be_read_is_passed_over_and_does_not_block_the_rest() -> None:
    odd = reply(result=[{"update_id": 5, "message": 3}, update(6, message=message(text="بعده"))])
    watch, offsets = await watched((odd, HANG), 2)
    assert watch.taken == [["بعده"]]
    assert offsets == [0, 7]


async def test_only_what_we_use_is_asked_for_and_the_line_is_held() -> None:
    async with bot_at(HANG) as (channel, there):
        await run(channel, there, Watch(), 1)
    assert there.calls[0].fields == {"offset": 0, "timeout": 1, "allowed_updates": list(WANTED)}


WEBHOOK = reply(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
OTHER = reply(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")


@pytest.mark.parametrize(
    ("provider", "trouble"),
    [
        (WEBHOOK, "webhook_is_set"),
        (OTHER, "another_poller"),
        (reply(500), "unreachable"),
        (Reply(then="drop"), "unreachable"),
        (Reply(body=b"<html>"), "unreachable"),
        (reply(result={"no": "list"}), "unreachable"),
    ],
)
async def test_a_trouble_is_told_in_words_and_tried_again(provider: Reply, trouble: str) -> None:
    watch, offsets = await watched((provider, provider, page(5), HANG), 4)
    assert watch.told == [(trouble, watch.told[0][1])] * 2
    assert watch.taken == [["رسالة 5"]]
    assert offsets == [0, 0, 0, 6]
    assert len(watch.slept) == 2
    for wording in WORDING.values():
        assert wording(f"telegram.trouble.{trouble}", association="harif", setting="X", why="Y")


async def test_a_webhook_is_never_deleted_silently() -> None:
    async with bot_at((WEBHOOK, WEBHOOK, HANG)) as (channel, there):
        await run(channel, there, Watch(), 3)
    assert {call.path.rsplit("/", 1)[-1] for call in there.calls} == {"getUpdates"}
    assert "--poll" in WORDING["ar"]("telegram.trouble.webhook_is_set", association="harif")


async def test_waiting_grows_up_to_a_minute_and_telegrams_own_wait_is_obeyed() -> None:
    watch, _ = await watched((*[reply(500)] * 9, reply(429, "Too Many Requests", retry_after=17), HANG), 11)
    *grown, named = watch.slept
    assert named == 17
    assert all(0.5 * min(60, 2**n) <= seconds <= min(60, 2**n) for n, seconds in enumerate(grown))
    assert len(grown) == 9


async def test_a_wrong_token_ends_it() -> None:
    watch = Watch()
    async with bot_at(reply(401, "Unauthorized")) as (channel, there):
        with pytest.raises(StopChannel):
            await poll(channel, watch.take, watch.holder, watch.tell, sleep=watch.sleep)
    assert len(there.calls) == 1
    assert watch.told == [("bad_token", "")]


async def test_only_the_holder_asks() -> None:
    watch, offsets = await watched((page(5), page(9), HANG), 3, Watch(holds=[False, False, True, False, True]))
    assert watch.slept == [5.0, 5.0, 5.0]
    assert offsets == [0, 0, 10]  # another may have confirmed more meanwhile
