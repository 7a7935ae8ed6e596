"""How each kind of setting is read from its text: the value, or a ValueError with what is wrong and what to write.

What may hold a secret (a key, a token, an address with a password) is not quoted in the error.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


def meant(name: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a name nobody knows: the nearest one, else `otherwise`."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), 1, cutoff=0.75)
    return f" — did you mean {close[0]}?" if close else f" — {otherwise}"


def _number(raw: str) -> int:
    if not raw.isdecimal() or not int(raw):
        raise ValueError(f"{raw!r} is no whole number above 0")
    return int(raw)


def _port(raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 65535:
        raise ValueError(f"{raw!r} is no port — write a number up to 65535")
    return int(raw)


def _rate(raw: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", raw) or not float(raw):
        raise ValueError(f"{raw!r} is no rate — write messages a second, such as 30 or 0.5")
    return float(raw)


def _log_level(raw: str) -> str:
    if raw.lower() not in (levels := ("debug", "info", "warning", "error")):
        raise ValueError(f"{raw!r} is no level{meant(raw.lower(), levels, 'one of ' + ', '.join(levels))}")
    return raw.lower()


def _smtp(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname:
        raise ValueError("no relay — write smtp://user:password@host:587")
    return raw


def _totp(raw: str) -> str:
    if raw.lower() not in (known := ("optional", "required")):
        raise ValueError(f"{raw!r} is neither — write {' or '.join(known)}")
    return raw.lower()


def _url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no address — it begins with https://")
    return raw.rstrip("/")


def _public_url(raw: str) -> str:
    """Providers call https alone; http is for trying things out on one's own machine."""
    url = _url(raw)
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"an address without a path — write {parts.scheme}://{parts.netloc}")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(f"people and providers need https — write https://{parts.netloc}")
    return url


def _issuer(raw: str) -> str:
    url = _url(raw)
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("whoever signs people in needs https — write https://…")
    return url


def _database(raw: str) -> str:
    scheme = raw.partition("://")[0]
    if scheme == "postgres":
        raise ValueError("begins with postgres:// — write postgresql://")
    if scheme == "sqlite" and not re.match(r"sqlite:///.", raw):
        raise ValueError("names no file — write sqlite:///path, or sqlite:////path from the root")
    if scheme not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise ValueError("no database we know — write postgresql://user:password@host/name or sqlite:///path")
    return raw


def _files(raw: str) -> str:
    if not re.match(r"s3://[^/?]+", raw):
        raise ValueError("no bucket — write s3://bucket/prefix, or leave it empty for a folder in WASL_DATA")
    if unknown := sorted(parse_qs(urlsplit(raw).query).keys() - {"endpoint", "region"}):
        raise ValueError(f"{unknown[0]} is no part of it — only endpoint and region are")
    if find_spec("boto3") is None:
        raise ValueError("its library is not installed — .venv/bin/pip install -c constraints.txt '.[s3]'")
    return raw


def _key(raw: str) -> str:
    try:
        decoded = base64.b64decode(raw, validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != 32:
        raise ValueError("a key is base64 of 32 bytes — wasl keys new makes one")
    return raw


def _list(raw: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in raw.split(",") if part.strip())
    if not parts:  # an allow-list of nothing must not pass for no allow-list
        raise ValueError("a list of nothing — name something or leave it empty")
    return parts


def _keys(raw: str) -> tuple[str, ...]:
    return tuple(_key(part) for part in _list(raw))


def _addresses(raw: str) -> frozenset[str]:
    from conversations.notices import MESSAGING

    parts = _list(raw)
    for part in parts:
        if not re.fullmatch(r"[a-z_]+:\S+", part):
            raise ValueError(f"{part!r} is no address — write channel:handle, such as telegram:123456")
        channel, _, handle = part.partition(":")
        if channel not in MESSAGING:
            raise ValueError(f"{part!r} names no channel{meant(channel, MESSAGING, 'one of ' + ', '.join(MESSAGING))}")
        if channel in ("whatsapp", "sms") and not handle.startswith("+"):
            raise ValueError(f"{part!r} is no number — write it as {channel}:+9665…")
    return frozenset(parts)


def _proxies(raw: str) -> str:
    """Whatever is neither would be believed by nobody, without a word."""
    from ipaddress import ip_network

    for part in _list(raw):
        try:
            if part != "*":
                ip_network(part)
        except ValueError:
            raise ValueError(f"{part!r} is no address and no network — write 10.0.0.5 or 10.0.0.0/8") from None
    return raw


def _origins(raw: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in _list(raw):
        slug, _, origin = (part.strip() for part in pair.partition("="))
        if not re.fullmatch(r"https?://[^/?#\s;,]+", origin):
            raise ValueError(f"{pair!r} names no site — write slug=https://site, without a path")
        found[slug] = (*found.get(slug, ()), origin)
    return found


def _like(pattern: str, remedy: str) -> Callable[[str], str]:
    def read(raw: str) -> str:
        if not re.fullmatch(pattern, raw, re.ASCII):
            raise ValueError(remedy)
        return raw

    return read


_SENDER = _like(r"(whatsapp:)?\+[1-9]\d{6,14}", "no sender — write the number as +9665…, without spaces")
_SMS_SENDER = _like(
    r"\+[1-9]\d{6,14}|(?=.*[A-Za-z])[A-Za-z0-9 &+._-]{1,11}",
    "no sender — write a number as +9665…, or a name of at most 11 Latin letters and digits",
)

_ALONE = r"[\w.+-]{1,64}@([\w-]+\.)+[A-Za-z]{2,}"
_EMAIL = _like(_ALONE, "no address — write it alone, as help@charity.example")

KINDS: Mapping[str, tuple[Callable[[str], Any], Any]] = {
    # kind, how it is read, what it is where nothing is given
    "text": (str, ""),
    "path": (Path, None),
    "number": (_number, 0),
    "port": (_port, 0),
    "rate": (_rate, 0.0),
    "log_level": (_log_level, ""),
    "totp": (_totp, ""),
    "smtp": (_smtp, ""),
    "url": (_url, ""),
    "public_url": (_public_url, ""),
    "issuer": (_issuer, ""),
    "database": (_database, ""),
    "files": (_files, ""),
    "key": (_key, ""),
    "keys": (_keys, ()),
    "list": (_list, ()),
    "addresses": (_addresses, frozenset()),
    "origins": (_origins, {}),
    "proxies": (_proxies, ""),
    "secret": (str, ""),
    "telegram_token": (_like(r"\d+:[\w-]+", "no bot token — copy it whole from @BotFather: 123456:ABC…"), ""),
    "telegram_secret": (_like(r"[\w-]{1,256}", "1 to 256 of A-Z a-z 0-9 _ - — openssl rand -hex 32 makes one"), ""),
    "telegram_group": (_like(r"-100\d+", "no id of a group — it begins with -100 (deploy/README.md)"), ""),
    "twilio_account": (_like(r"AC\w+", "no account — copy the Account SID from the console: AC…"), ""),
    "twilio_content": (_like(r"HX[0-9a-fA-F]{32}", "no content — copy its SID from the console: HX…"), ""),
    "sms_sender": (_SMS_SENDER, ""),
    "email": (lambda raw: _EMAIL(raw).lower(), ""),
    "mail_sender": (_like(rf"{_ALONE}|[^<>]+<{_ALONE}>", "no address — write it as desk@charity.example"), ""),
    "voice_sender": (_like(r"\+[1-9][0-9]{6,14}", "no number — write it as +9661…, without spaces"), ""),
    "sender": (lambda raw: _SENDER(raw).removeprefix("whatsapp:"), ""),
}
