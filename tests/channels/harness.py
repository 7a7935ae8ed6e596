"""The bench every channel is tested on: tables of cases, a provider that stands in, and a wall around this machine.

A channel's test is two tables and one line each to play them:

    OUTGOING = [
        Case("a person who blocked the bot", say=Say(text="مرحبا"), provider=reply(403, "Forbidden: …"),
             raises=AddressGone("blocked")),
        Case("a list too long for buttons", say=choices(14), expects=[request("sendMessage", rows=14)]),
    ]

    @table(OUTGOING)
    async def test_outgoing(case: Case) -> None:
        await play_outgoing(case, make, check=problems)      # make: async (url of the stand-in) -> Channel

    @table(INCOMING)
    async def test_incoming(case: Case) -> None:
        play_incoming(case, channel)                          # case.body → case.gives, or case.raises

`provider` is one Reply, a tuple of them (one a call, the last one stays) or a table from the end of a path to either;
NOBODY is a port on which nobody listens. `check` looks at each call as the official specification would
(`specs.py`) and gives what is wrong with it. `facets` name what a channel's own test reads out of a call.
Import it as `from .harness import …`; `conftest.py` raises the wall for every test in this folder.
"""

import asyncio
import contextlib
import ipaddress
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from aiohttp import web

from bot.channels.contract import Channel, Content, SendError
from conversations.says import Option, Say

# --- the wall -----------------------------------------------------------------------------------------------------


class NotLocal(AssertionError):
    """A test tried to reach beyond this machine."""


_wall = {"built": False, "up": 0}


def is_local(host: object) -> bool:
    if not isinstance(host, str | bytes):
        return host is None
    name = host.decode() if isinstance(host, bytes) else host
    if name in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if not _wall["up"]:
        return
    if event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple) and not is_local(args[1][0]):
        raise NotLocal(f"{event} beyond this machine")
    if event == "socket.getaddrinfo" and not is_local(args[0]):
        raise NotLocal("a name beyond this machine was looked up")


@contextlib.contextmanager
def only_local() -> Iterator[None]:
    """Inside, nothing in this process reaches another machine. An audit hook, so no library finds a way round it."""
    if not _wall["built"]:
        sys.addaudithook(_guard)
        _wall["built"] = True
    _wall["up"] += 1
    try:
        yield
    finally:
        _wall["up"] -= 1


# --- the provider that stands in ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the provider saw it. `fields` is its JSON object or its form; `path` ends with the method."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    fields: Mapping[str, Any]
    files: Mapping[str, Upload]
    body: bytes
    kind: Literal["json", "form", "multipart", "none"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider does: answers, drops the line after reading the request, or never answers (hangs)."""

    status: int = 200
    json: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    then: Literal["answer", "drop", "hang"] = "answer"


NOBODY = Reply(status=0)
"""Nobody listens: the connection is refused before anything is written."""

Replies = Reply | tuple[Reply, ...]
Provider = Replies | Mapping[str, Replies]


class StandIn:
    """A local provider: records calls, replies by table. `url` has no slash at its end."""

    def __init__(self, provider: Provider = Reply(), check: Callable[[Call], list[str]] | None = None) -> None:
        self.provider, self.check = provider, check
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self.url = ""
        self._used: dict[str, int] = {}
        self._closing, self._called = asyncio.Event(), asyncio.Event()

    def called(self, path_end: str) -> list[Call]:
        return [call for call in self.calls if call.path.endswith(path_end)]

    async def until(self, calls: int) -> None:
        """Waits until so many calls were made, five seconds at most."""
        async with asyncio.timeout(5):
            while len(self.calls) < calls:
                self._called.clear()
                await self._called.wait()

    def _reply_for(self, path: str) -> Reply:
        if isinstance(self.provider, Mapping):
            ends = [end for end in self.provider if path.endswith(end)]
            end = max(ends, key=len, default="")
            replies = self.provider.get(end, Reply())
        else:
            end, replies = "", self.provider
        if isinstance(replies, Reply):
            return replies
        at = self._used.get(end, 0)
        self._used[end] = at + 1
        return replies[min(at, len(replies) - 1)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = await _read(request)
        self.calls.append(call)
        self._called.set()
        if self.check:
            self.problems += [f"{call.path.rsplit('/', 1)[-1]}: {problem}" for problem in self.check(call)]
        reply = self._reply_for(call.path)
        if reply.then == "hang":
            await self._closing.wait()
        if reply.then != "answer" and request.transport is not None:
            request.transport.abort()
        if reply.json is not None:
            return web.json_response(reply.json, status=reply.status, headers=dict(reply.headers))
        return web.Response(body=reply.body, status=reply.status, headers=dict(reply.headers))


async def _read(request: web.Request) -> Call:
    fields: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    body = b""
    kind: Literal["json", "form", "multipart", "none"] = "none"
    if request.content_type == "multipart/form-data":
        kind = "multipart"
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files[name] = Upload(part.filename, part.content_type, part.file.read())
            else:
                fields[name] = part
    else:
        body = await request.read()
        if request.content_type == "application/json" and body:
            kind, fields = "json", json.loads(body)
        elif request.content_type == "application/x-www-form-urlencoded":
            kind = "form"
            form = await request.post()
            fields = {name: values[0] if len(values := form.getall(name)) == 1 else values for name in form}
    return Call(request.method, request.path, dict(request.query), dict(request.headers), fields, files, body, kind)


@contextlib.asynccontextmanager
async def stand_in(
    provider: Provider = Reply(),
    check: Callable[[Call], list[str]] | None = None,
) -> AsyncIterator[StandIn]:
    there = StandIn(provider, check)
    if provider is NOBODY:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            there.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        yield there
        return
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{tail:.*}", there._handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield there
    finally:
        there._closing.set()
        await runner.cleanup()


# --- the tables ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """A call that must have been made: the end of its path, and values (or predicates) of its facets and fields."""

    path_end: str
    values: Mapping[str, Any]

    def problems(self, call: Call, facets: Mapping[str, Callable[[Call], Any]]) -> list[str]:
        found = []
        if not call.path.endswith(self.path_end):
            found.append(f"{call.path.rsplit('/', 1)[-1]} was called instead of {self.path_end}")
        for name, wanted in self.values.items():
            value = facets[name](call) if name in facets else call.fields.get(name, call.files.get(name))
            if not (wanted(value) if callable(wanted) else value == wanted):
                found.append(f"{self.path_end}: {name} is {value!r}, expected {wanted!r}")
        return found


def request(path_end: str, **values: Any) -> Expected:
    return Expected(path_end, values)


@dataclass(frozen=True, slots=True)
class Case:
    """One row. Outgoing: `say` (and what the provider does) → `expects`, `sent` (the id returned) or `raises`.
    Incoming: `body` (an object becomes JSON) → `gives` or `raises`."""

    name: str
    say: Say | None = None
    body: Any = None
    provider: Provider | None = None
    expects: Sequence[Expected] = ()
    gives: Sequence[Any] = ()
    sent: str | None = None
    raises: Exception | type[Exception] | None = None
    attachment: Content | None = None
    handle: str = ""
    row: int = 7
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


def table(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Parametrise a test named with `case`. An empty table, or two rows of one name, are mistakes."""
    names = [case.name for case in cases]
    assert names, "an empty table proves nothing"
    assert len(set(names)) == len(names), "two rows of one name"
    return pytest.mark.parametrize("case", cases, ids=names)


def same_error(raised: BaseException, wanted: Exception | type[Exception]) -> bool:
    if isinstance(wanted, type):
        return isinstance(raised, wanted)
    return type(raised) is type(wanted) and raised.args == wanted.args and vars(raised) == vars(wanted)


async def play_outgoing(
    case: Case,
    make: Callable[[str], Awaitable[Channel]],
    *,
    default: Provider = Reply(),
    handle: str = "",
    check: Callable[[Call], list[str]] | None = None,
    facets: Mapping[str, Callable[[Call], Any]] | None = None,
) -> None:
    """Send the case's say once to a stand-in, and hold every call, the id and the error against the row."""
    assert case.say is not None
    async with stand_in(default if case.provider is None else case.provider, check) as provider:
        channel = await make(provider.url)
        sent, raised = None, None
        try:
            sent = await channel.send(case.handle or handle, case.say, case.row, case.attachment)
        except SendError as error:
            raised = error
        finally:
            await channel.close()
    if case.raises is not None:
        assert raised is not None, f"nothing was raised, expected {case.raises!r}"
        assert same_error(raised, case.raises), f"{raised!r} {vars(raised)}, expected {case.raises!r}"
    elif raised is not None:
        raise raised
    if case.sent is not None:
        assert sent == case.sent
    assert provider.problems == []
    if case.expects:
        assert [call.path.rsplit("/", 1)[-1] for call in provider.calls] == [
            expected.path_end.rsplit("/", 1)[-1] for expected in case.expects
        ]
    problems = [
        problem
        for expected, call in zip(case.expects, provider.calls, strict=False)
        for problem in expected.problems(call, facets or {})
    ]
    assert problems == []


def body_of(case: Case) -> bytes:
    return case.body if isinstance(case.body, bytes) else json.dumps(case.body, ensure_ascii=False).encode()


def play_incoming(case: Case, channel: Channel) -> None:
    if case.raises is None:
        assert channel.parse(body_of(case)) == list(case.gives)
        return
    wanted = case.raises if isinstance(case.raises, type) else type(case.raises)
    with pytest.raises(wanted):
        channel.parse(body_of(case))


# --- things to say ------------------------------------------------------------------------------------------------


def text(words: str, **more: Any) -> Say:
    return Say(text=words, **more)


def choices(count: int, title: str = "خيار", about: str = "", **more: Any) -> Say:
    """A question with so many options, whose ids are `o1`, `o2` …"""
    options = tuple(Option(f"o{number}", f"{title} {number}", about) for number in range(1, count + 1))
    return Say(text="أيّها تختارون؟", options=options, prompt=3, **more)
