"""The way out: one pool of connections for every channel, and two errors that say whether a request was written.

An address may hold a token, so no error here names it: `why` is the library's word for what happened, nothing more.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

CONNECT = 10.0
"""Seconds until a connection must stand, waiting for a free one in the pool included."""
ANSWER = 30.0
"""Seconds of silence after which no answer is expected any more."""
AT_ONCE = 256
"""Connections open at the same time, to all providers together."""


class NotSent(Exception):
    """Nothing was written: asking again cannot do a thing twice."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotAnswered(Exception):
    """Something was written and no whole answer came: it may have been done."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class TooBig(Exception):
    """The answer is longer than was allowed."""


class Answer(NamedTuple):
    """`headers` are found in any case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Http:
    """A session of aiohttp, opened at its first use (it needs the running loop). Redirects are not followed."""

    def __init__(self, *, connect: float = CONNECT, answer: float = ANSWER, at_once: int = AT_ONCE) -> None:
        self._connect, self.answer, self._at_once = connect, answer, at_once
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: "str | URL",
        *,
        data: "bytes | aiohttp.FormData | None" = None,
        headers: Mapping[str, str] | None = None,
        answer: float | None = None,
        at_most: int | None = None,
    ) -> tuple[int, bytes]:
        """Status and body. `answer` seconds of silence, `at_most` bytes. Raises NotSent, NotAnswered, TooBig."""
        whole = await self.ask_whole(method, url, data=data, headers=headers, answer=answer, at_most=at_most)
        return whole.status, whole.body

    async def ask_whole(
        self,
        method: str,
        url: "str | URL",
        *,
        data: "bytes | aiohttp.FormData | None" = None,
        headers: Mapping[str, str] | None = None,
        answer: float | None = None,
        at_most: int | None = None,
    ) -> Answer:
        """As `ask`, with the answer's headers, for those who follow a redirect themselves."""
        import aiohttp

        session = self._session or self._open()
        timeout = self._timeout if answer is None else self._timeout_of(answer)
        failed: NotSent | NotAnswered
        try:
            async with session.request(
                method, url, data=data, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                body = await (response.read() if at_most is None else _read(response.content, at_most))
                return Answer(response.status, body, response.headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            failed = NotSent(type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failed = NotAnswered(type(error).__name__)
        # Raised out here, so that the library's error, which names the address, is not its context.
        raise failed

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        self._timeout = self._timeout_of(self.answer)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._at_once, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session

    def _timeout_of(self, answer: float) -> "aiohttp.ClientTimeout":
        import aiohttp

        # No total: it could not say whether the request had been written when it struck.
        return aiohttp.ClientTimeout(total=None, connect=self._connect, sock_connect=self._connect, sock_read=answer)


async def _read(content: "aiohttp.StreamReader", at_most: int) -> bytes:
    whole = bytearray()
    async for chunk in content.iter_any():
        whole += chunk
        if len(whole) > at_most:
            raise TooBig
    return bytes(whole)
