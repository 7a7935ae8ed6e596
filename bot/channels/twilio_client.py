"""Twilio's own library over our own connections: for setting up, contents and questions, never on the hot path.

Import this module only where it is used: the library costs 100 ms and 15 MB.
"""

from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

import msgspec
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from yarl import URL

from bot.channels.http import Http
from bot.channels.twilio_inbound import host_is_twilio


class _SharedHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]  # the library has no types
    """The library's client on connections that are not its own, and at the address the settings name.

    The library has no setting for its base address, sends JSON as a form (its synchronous client does not), and logs
    queries, which hold phone numbers: hence `request` as a whole.
    """

    def __init__(self, http: Http, api_url: str) -> None:
        super().__init__(pool_connections=False)
        self._http, self._api_url = http, api_url

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's signature
        allow_redirects: bool = False,
    ) -> Response:
        headers = dict(headers or {})
        if auth:
            headers["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        if headers.get("Content-Type") == "application/json":
            body = msgspec.json.encode(data)
        else:
            body = URL.build(query=data or {}).raw_query_string.encode()
        wanted = URL(at_api(url, self._api_url)).update_query(params or {})
        answer = await self._http.ask_whole(method.upper(), wanted, data=body or None, headers=headers, answer=timeout)
        return Response(answer.status, answer.body.decode(), answer.headers)

    async def close(self) -> None:
        """The connections are shared: whoever made them closes them."""


def at_api(url: str, api_url: str) -> str:
    """The library's address at the host that the settings name; Twilio's products keep their own hosts at Twilio."""
    if host_is_twilio(urlsplit(api_url).hostname or ""):
        return url
    wanted = urlsplit(url)
    return api_url + wanted._replace(scheme="", netloc="").geturl()


def make_client(http: Http, account_sid: str, auth_token: str, api_url: str) -> Client:
    return Client(account_sid, auth_token, http_client=_SharedHttpClient(http, api_url))
