"""How the door guards against guessing: what a try is counted under, and which browsers are known.

A try counts under its login and its address; from a browser in which this worker signed in before it counts under that
browser instead of the login. So a stranger who keeps a login waiting (storage/tries.py) keeps out strangers alone.
"""

import base64
import ipaddress
import secrets
from typing import NamedTuple

import msgspec
from starlette.requests import Request

from storage import tries
from storage.staff import Account
from storage.tries import Key
from storage.vault import Vault, VaultError

COOKIE = "wasl_desk_known"
LASTS = 180 * 24 * 3600
"""Seconds."""
_PLACE = b"desk.known"
_MOST = 8
"""Workers who share one browser."""


class Known(NamedTuple):
    """`mark` is this browser's own; `workers` signed in here before, the last one first."""

    mark: str
    workers: tuple[int, ...] = ()

    def sealed(self, vault: Vault) -> str:
        return base64.urlsafe_b64encode(vault.seal(msgspec.msgpack.encode(self), _PLACE)).decode()

    def with_(self, worker: int) -> "Known":
        return Known(self.mark, (worker, *(one for one in self.workers if one != worker))[:_MOST])


def known(vault: Vault, request: Request) -> Known:
    """What this browser's cookie says; a new mark where there is none of ours."""
    try:
        raw = vault.open(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")), _PLACE)
        return msgspec.msgpack.decode(raw, type=Known)
    except (VaultError, ValueError, msgspec.DecodeError):
        return Known(secrets.token_urlsafe(16))


def counted_under(vault: Vault, request: Request, login: str, account: Account | None) -> list[Key]:
    browser = known(vault, request)
    if account is not None and account.id in browser.workers:
        return [tries.key(vault, "browser", f"{account.id}:{browser.mark}"), _address(vault, request)]
    return [tries.key(vault, "login", login.strip().casefold()), _address(vault, request)]


def _address(vault: Vault, request: Request) -> Key:
    """Of IPv6 the network, which one household has to itself."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return tries.key(vault, "address", host)
    whole = f"{host}/64" if address.version == 6 else f"{host}/32"
    return tries.key(vault, "address", str(ipaddress.ip_network(whole, strict=False)))


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung"), ("Firefox", "Firefox"))
_MORE = (("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
_OTHERS = (("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


def agent_of(request: Request) -> str:
    """Browser and system in two words: enough to know one's own, too little to follow anybody."""
    line = request.headers.get("user-agent", "")
    found = (
        next((name for mark, name in marks if mark in line), "")
        for marks in ((*_BROWSERS, *_MORE), (*_SYSTEMS, *_OTHERS))
    )
    return " · ".join(one for one in found if one)
