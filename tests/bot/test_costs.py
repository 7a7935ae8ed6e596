"""What Twilio charged: its list is walked page by page, in the channel's pace, and each price kept once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from bot.channels.http import Http
from bot.channels.sms import Sms
from bot.channels.twilio_channel import TwilioChannel
from bot.costs import Costs
from bot.frontline import build
from bot.rate import Rate
from bot.settings import read_settings
from conversations.association.association import Association
from storage import messages
from storage.costs import Cost
from storage.ids import new_id
from storage.messages import Message
from storage.schema import messages as table
from tests.bot.desk import Desk, milliseconds
from tests.bot.wasl import PROFILES
from tests.channels.harness import NOBODY, Call, Provider, Reply, StandIn, stand_in
from tests.channels.specs import MESSAGES, official, twilio_problems
from tests.channels.whatsapp_bench import ACCOUNT, TOKEN, make_channel

LIST = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def sid(number: int) -> str:
    return f"SM{number:032x}"


def listed(*given: tuple[int, str | None], after: str | None = None, unit: str = "USD", **more: Any) -> Reply:
    """A page as Twilio gives it: numbers of messages with their prices, and the next page's token."""
    rows = [
        {"sid": sid(number), "price": price, "price_unit": unit, "body": "نص", "status": "delivered"} | more
        for number, price in given
    ]
    following = f"{LIST}?DateSent%3E=2026-11-20&PageSize=1000&Page=1&PageToken={after}" if after else None
    return Reply(200, json={"messages": rows, "next_page_uri": following, "page": 0, "page_size": 1000})


class Account:
    """Messages that went out by an account's two senders, at a stand-in."""

    def __init__(self, desk: Desk, provider: StandIn) -> None:
        self.desk, self.provider = desk, provider
        self.http = Http(answer=0.5)
        sms = Sms(
            "harif", ACCOUNT, TOKEN, "+966112223344", "https://wasl.example", self.http, {}, str, api_url=provider.url
        )
        self.channels: dict[tuple[str, str], Any] = {
            ("harif", "whatsapp"): make_channel(provider.url, self.http),
            ("harif", "sms"): sms,
            ("harif", "telegram"): object(),
        }
        self.waited: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)

    def costs(self, me: str = "me", rates: Mapping[tuple[str, str], Rate] | None = None, **more: Any) -> Costs:
        more = {"pause": self.pause} | more
        return Costs(self.desk.database, self.channels, rates or {}, lambda: NOW, me, **more)

    def sent(self, numbers: Iterable[int], channel: str = "whatsapp") -> None:
        at = milliseconds(NOW)
        rows = [
            Message(
                "harif", new_id(), 77, number, channel, "out", "notice", "say", at, b"x",
                provider_id=sid(number), state="accepted",
            )
            for number in numbers
        ]  # fmt: skip
        self.desk.do(messages.insert_all, self.desk.vault, rows)

    def kept(self) -> dict[int, str]:
        """The costs that are known, by the message's number."""
        query = select(table.c.seq, table.c.cost).where(table.c.cost != "")
        return {row[0]: row[1] for row in self.desk.ask(lambda c: c.execute(query).all())}


Open = Callable[[Provider], Any]


@pytest.fixture
def opened(desk: Desk) -> Open:
    @asynccontextmanager
    async def there(provider: Provider) -> AsyncIterator[Account]:
        async with stand_in(provider, twilio_problems) as twilio:
            account = Account(desk, twilio)
            try:
                yield account
            finally:
                await account.http.close()
        assert twilio.problems == []

    return there


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_the_pages_of_two_days_are_walked_and_every_price_kept_once(opened: Open) -> None:
    pages = (listed((1, "-0.00750"), (2, "-0.1"), after="PA1"), listed((3, "-0.19"), (4, None), (99, "-1")))
    before = counted("wasl_cost_total", association="harif", channel="whatsapp", unit="USD")
    async with opened((*pages, *pages)) as account:
        account.sent([1, 2, 4])
        account.sent([3, 5], "sms")
        await account.costs().look()
        assert account.kept() == {1: "0.0075 USD", 2: "0.1 USD", 3: "0.19 USD"}
        first, second = account.provider.calls
        assert first.path == second.path == LIST
        assert first.query == {"DateSent>": "2026-11-20", "PageSize": "1000"}
        assert second.query == {"DateSent>": "2026-11-20", "PageSize": "1000", "Page": "1", "PageToken": "PA1"}
        await account.costs().look()
        assert len(account.kept()) == 3
    after = counted("wasl_cost_total", association="harif", channel="whatsapp", unit="USD")
    assert after - before == pytest.approx(0.1075), "counted once"


async def test_a_price_that_comes_later_is_taken_then_and_one_that_is_known_stays(opened: Open) -> None:
    async with opened((listed((1, None)), listed((1, "-0.2")), listed((1, "-7")))) as account:
        account.sent([1])
        for wanted in ({}, {1: "0.2 USD"}, {1: "0.2 USD"}):
            await account.costs().look()
            assert account.kept() == wanted


async def test_the_example_of_the_specification_is_read(opened: Open) -> None:
    document = official(MESSAGES)
    if document is None:
        pytest.skip("no official specifications")
    path = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
    answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    async with opened(Reply(200, json=answer["examples"]["readFullPage1"]["value"])) as account:
        channel: TwilioChannel = account.channels["harif", "sms"]
        found = await channel.prices(NOW.date())
    assert Cost("SMded05904ccb347238880ca9264e8fe1c", "0.0075 USD") in found.costs
    assert found.after.startswith(
        "To=%2B123456789&From=%2B987654321&DateSent%3E=2008-01-02&PageSize=2&Page=1&PageToken="
    )


@pytest.mark.parametrize(
    ("trouble", "code", "waits"),
    [
        (Reply(429, json={"code": 20429}, headers={"Retry-After": "7"}), "20429", 7),
        (Reply(429), "429", 1),
        (Reply(503), "503", 1),
        (Reply(500, body=b"<html>"), "500", 1),
        (Reply(500, then="hang"), "no_answer", 1),
        (Reply(200, body=b'{"messages": [{"sid"'), "unreadable", 1),
    ],
)
async def test_a_page_that_does_not_come_is_asked_for_again_and_counted(
    opened: Open, trouble: Reply, code: str, waits: int
) -> None:
    before = counted("wasl_cost_troubles_total", association="harif", code=code)
    async with opened((trouble, trouble, listed((1, "-0.2")))) as account:
        account.sent([1])
        await account.costs().look()
        assert account.kept() == {1: "0.2 USD"} and len(account.provider.calls) == 3
        assert sum(account.waited) >= 2 * waits and max(account.waited) <= 1, "a service that closes is not held up"
    assert counted("wasl_cost_troubles_total", association="harif", code=code) - before == 2


@pytest.mark.parametrize(
    ("trouble", "calls"),
    [
        (Reply(503), 5),
        (Reply(401, json={"code": 20003}), 1),
        (Reply(404, json={"code": 20404}), 1),
        (Reply(429, headers={"Retry-After": "86400"}), 1),
    ],
)
async def test_what_cannot_be_had_is_left_to_the_next_round(opened: Open, trouble: Reply, calls: int) -> None:
    good = listed((1, "-0.2"))
    async with opened(
        (listed((2, "-0.3"), after="PA1"), *[trouble] * calls, listed((2, "-0.3"), after="PA1"), good)
    ) as account:
        account.sent([1, 2])
        await account.costs().look()
        assert account.kept() == {2: "0.3 USD"} and len(account.provider.calls) == 1 + calls
        await account.costs().look()
        assert account.kept() == {1: "0.2 USD", 2: "0.3 USD"}


async def test_nobody_there_ends_the_round(opened: Open) -> None:
    async with opened(NOBODY) as account:
        await account.costs().look()
        assert account.waited


@pytest.mark.parametrize(
    "page",
    [
        listed((1, "gratis")),
        listed((1, "NaN")),
        listed((1, "-0.2"), unit=""),
        listed((1, "-0.2"), unit="riyals"),
        listed((1, "-0.2"), sid=None),
        Reply(200, json={}),
        Reply(200, json=[]),
    ],
)
async def test_what_is_no_price_is_none(opened: Open, page: Reply) -> None:
    async with opened(page) as account:
        account.sent([1])
        await account.costs().look()
        assert account.kept() == {}


async def test_a_small_unit_and_a_price_of_nothing_are_kept(opened: Open) -> None:
    async with opened(listed((1, "0.00000"), (2, "-1.5"), unit="usd")) as account:
        account.sent([1, 2])
        await account.costs().look()
        assert account.kept() == {1: "0 USD", 2: "1.5 USD"}


async def test_the_credentials_go_to_no_other_address_and_a_list_that_turns_round_ends(opened: Open) -> None:
    away = Reply(200, json={"messages": [], "next_page_uri": "https://elsewhere.example/steal?PageToken=PA1"})
    async with opened(away) as account:
        await account.costs().look()
        assert [call.path for call in account.provider.calls] == [LIST, LIST]


async def test_one_process_walks_at_a_time(opened: Open) -> None:
    async with opened(listed()) as account:
        await account.costs("first").look()
        await account.costs("second").look()
        assert len(account.provider.calls) == 1
        await account.costs("first").look()
        assert len(account.provider.calls) == 2


async def test_pages_keep_to_the_channels_pace(opened: Open) -> None:
    pages = [listed(after=f"PA{number}") for number in range(4)]
    async with opened((*pages, listed())) as account:
        rate = Rate(20)
        began = time.monotonic()
        await account.costs(rates={("harif", "sms"): rate}, pause=asyncio.sleep).look()
        assert len(account.provider.calls) == 5 and time.monotonic() - began >= 0.1


async def test_a_service_that_closes_asks_no_more(opened: Open) -> None:
    async with opened(listed(after="PA1")) as account:
        await account.costs(closing=lambda: True).look()
        assert account.provider.calls == []


async def test_a_thousand_messages_a_page_are_kept_quickly(opened: Open) -> None:
    numbers = range(1, 3001)
    pages = [listed(*((n, "-0.0075") for n in numbers[at : at + 1000]), after=f"PA{at}") for at in (0, 1000)]
    async with opened((*pages, listed(*((n, "-0.0075") for n in numbers[2000:])))) as account:
        account.sent(numbers)
        began = time.monotonic()
        await account.costs().look()
        assert len(account.kept()) == 3000 and time.monotonic() - began < 5


@pytest.mark.parametrize(("twilio", "walks"), [(True, True), (False, False)])
async def test_the_round_is_there_only_where_an_account_is(
    tmp_path: Path, associations: Mapping[str, Association], twilio: bool, walks: bool
) -> None:
    async with stand_in(listed(), twilio_problems) as provider:
        environ = {
            "WASL_DATA": str(tmp_path),
            "WASL_ASSOCIATIONS": str(PROFILES),
            "WASL_PUBLIC_URL": "https://wasl.example",
            "WASL_TWILIO_API_URL": provider.url,
        }
        if twilio:
            environ |= {
                "WASL_HARIF_TWILIO_ACCOUNT_SID": ACCOUNT,
                "WASL_HARIF_TWILIO_AUTH_TOKEN": TOKEN,
                "WASL_HARIF_TWILIO_SMS_FROM": "+966112223344",
            }
        line = build(read_settings(environ), {"harif": associations["harif"]})
        await line.start()
        try:
            assert ("costs" in line.rounds.seconds) is walks
            if walks:
                seconds, round_ = line.rounds.seconds["costs"]
                await round_()
                assert seconds == timedelta(minutes=15).total_seconds()
                assert [call.path for call in provider.calls if call.method == "GET"] == [LIST]
        finally:
            await line.close(0.1)


def test_calls_of_lists_are_judged() -> None:
    assert twilio_problems(Call("GET", LIST, {"DateSent>=": "x"}, {}, {}, {}, b"", "none"))
