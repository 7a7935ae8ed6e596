"""python-telegram-bot's request layer over our own pool: the library brings httpx, which costs five times the CPU.

Imported on first use only, as the library is (see `Telegram.bot`). The hot path asks the same pool with plain JSON.
"""

from typing import Any

import msgspec
from telegram._utils.defaultvalue import DefaultValue
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.channels.http import Http, NotAnswered, NotSent


class PooledRequest(BaseRequest):
    """Borrows the pool: neither opens nor closes it. Of the library's time-outs only reading is obeyed."""

    __slots__ = ("_http",)

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def read_timeout(self) -> float:
        return self._http.answer

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Raises the library's TimedOut and NetworkError, without the address in them."""
        data, headers = _encoded(request_data)
        answer = None if read_timeout is None or isinstance(read_timeout, DefaultValue) else float(read_timeout)
        try:
            return await self._http.ask(method, url, data=data, headers=headers, answer=answer)
        except NotSent as error:
            raise NetworkError(f"not sent: {error.why}") from error
        except NotAnswered as error:
            raise TimedOut(f"not answered: {error.why}") from error

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As the library's own, but what could not be read is not logged: it may be someone's message."""
        try:
            return msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.DecodeError:
            pass
        raise TelegramError("Invalid server response")


def _encoded(request: RequestData | None) -> tuple[Any, dict[str, str]]:
    if request is None:
        return None, {}
    if not request.contains_files:
        return msgspec.json.encode(request.parameters), {"Content-Type": "application/json"}
    from aiohttp import FormData

    form = FormData(quote_fields=False)
    for name, value in request.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, media_type) in request.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return form, {}
