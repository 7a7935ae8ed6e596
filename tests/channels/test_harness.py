"""The bench itself: a wall that lets something through, or a table that forgives, would prove nothing."""

import socket

import aiohttp
import pytest

from .harness import NOBODY, Case, NotLocal, Provider, Reply, request, same_error, stand_in, table


async def test_a_call_is_recorded_with_its_form() -> None:
    async with stand_in(Reply(json={"sid": "SM1"})) as provider, aiohttp.ClientSession() as http:
        answer = await http.post(f"{provider.url}/a/Messages.json", data={"To": "x", "Body": "مرحبا"})
        assert await answer.json() == {"sid": "SM1"}
    assert provider.calls[0].fields == {"To": "x", "Body": "مرحبا"}
    assert provider.calls[0].kind == "form"


async def test_replies_come_by_the_end_of_the_path_and_in_order() -> None:
    replies: Provider = {"/a": (Reply(status=500), Reply(status=200)), "/b": Reply(status=404)}
    async with stand_in(replies) as provider, aiohttp.ClientSession() as http:
        got = []
        for path in ("/a", "/b", "/a", "/a"):
            async with http.get(provider.url + path) as answer:
                got.append(answer.status)
    assert got == [500, 404, 200, 200]


async def test_a_dropped_line_and_a_closed_port_are_different_errors() -> None:
    async with stand_in(Reply(then="drop")) as provider, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await http.post(provider.url + "/x", data=b"x")
    assert len(provider.calls) == 1
    async with stand_in(NOBODY) as provider, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.post(provider.url + "/x", data=b"x")


def test_the_wall_refuses_an_address_beyond_this_machine() -> None:
    with socket.socket() as out, pytest.raises(NotLocal):
        out.connect(("192.0.2.1", 80))
    with pytest.raises(NotLocal):
        socket.getaddrinfo("example.invalid", 80)


async def test_the_wall_stands_in_front_of_aiohttp_too() -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(NotLocal):
            await http.get("http://192.0.2.1/")


async def test_an_expectation_names_what_differs() -> None:
    async with stand_in() as provider, aiohttp.ClientSession() as http:
        await http.post(provider.url + "/sendMessage", json={"text": "b"})
    assert request("sendMessage", text="b").problems(provider.calls[0], {}) == []
    assert request("sendPhoto", text="a").problems(provider.calls[0], {}) == [
        "sendMessage was called instead of sendPhoto",
        "sendPhoto: text is 'b', expected 'a'",
    ]


def test_errors_are_the_same_only_with_the_same_facts() -> None:
    from bot.channels.contract import AddressGone, TryAgain

    assert same_error(TryAgain("x", after=7), TryAgain("x", after=7))
    assert not same_error(TryAgain("x", after=7), TryAgain("x", after=8))
    assert not same_error(AddressGone("x"), TryAgain("x"))


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(AssertionError):
        table([])
    with pytest.raises(AssertionError):
        table([Case("one"), Case("one")])
