"""Every setting there is, read once from the environment: prefix WASL_, one table, one reader.

The table is the documentation: `wasl settings` prints it, `deploy/SETTINGS.md` holds the same text, and a test fails
on a WASL_ name that is not here. (pydantic-settings would do it too, for a tenth of our second to start.)
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Setting(NamedTuple):
    name: str
    default: str
    about: str
    kind: str = "text"
    """text, path, number, flag, list, url."""


SETTINGS = (
    Setting("WASL_DATABASE_URL", "", "SQLAlchemy URL. Empty: SQLite in WASL_DATA. postgresql://… for PostgreSQL."),
    Setting(
        "WASL_DATA", ".data", "Folder for the SQLite database, sealed files, the spool, and generated keys.", "path"
    ),
    Setting("WASL_HOST", "127.0.0.1", "Address to listen on."),
    Setting("WASL_PORT", "8000", "Port to listen on.", "number"),
    Setting(
        "WASL_PUBLIC_URL", "", "Our own https address as people see it. Empty: no webhooks, no QR, no WhatsApp.", "url"
    ),
    Setting(
        "WASL_KEYS",
        "",
        "Sealing keys (base64, 32 bytes), newest first, with commas. Empty: made beside a new database.",
    ),
    Setting("WASL_INDEX_KEY", "", "Key of the blind indexes (base64, 32 bytes). Empty: made beside a new database."),
    Setting("WASL_ASSOCIATIONS", "deploy/associations", "Folder of association profiles.", "path"),
    Setting("WASL_ONLY", "", "Slugs to serve, with commas. Empty: every profile in the folder.", "list"),
    Setting(
        "WASL_OUTBOUND_ONLY",
        "",
        "Staging: the only addresses that anything is sent to (channel:handle), with commas.",
        "list",
    ),
    Setting(
        "WASL_TELEGRAM_API_URL",
        "https://api.telegram.org",
        "Telegram's Bot API, or a local server in its place.",
        "url",
    ),
    Setting("WASL_TWILIO_API_URL", "https://api.twilio.com", "Twilio's API, or a local server in its place.", "url"),
    Setting("WASL_TELEGRAM_RATE", "30", "Messages a second to one Telegram bot.", "number"),
    Setting("WASL_TWILIO_RATE", "80", "Messages a second from one WhatsApp sender.", "number"),
    Setting(
        "WASL_FILES_URL", "", "s3://bucket/prefix (any S3-compatible store) for sealed files. Empty: WASL_DATA/files."
    ),
    Setting("WASL_S3_URL", "", "Endpoint of an S3-compatible store that is not AWS.", "url"),
    Setting("WASL_FILE_LIMIT_MB", "20", "Largest file taken from a person, in megabytes.", "number"),
    Setting("WASL_EMBED_ORIGINS", "", "Origins that may frame the web chat: slug=https://site, with commas.", "list"),
    Setting("WASL_LOG_LEVEL", "info", "debug, info, warning or error."),
    Setting("WASL_TRUSTED_PROXIES", "127.0.0.1", "Addresses of proxies whose X-Forwarded-* headers are believed."),
)
PER_ASSOCIATION = (
    Setting("TELEGRAM_TOKEN", "", "The bot's token from @BotFather. Empty: Telegram is off."),
    Setting("TELEGRAM_SECRET", "", "1–256 of A-Za-z0-9_-: what Telegram's webhook calls carry."),
    Setting("TWILIO_ACCOUNT_SID", "", "AC…: the Twilio account. Empty: WhatsApp is off."),
    Setting("TWILIO_AUTH_TOKEN", "", "The account's token; it also signs the webhooks."),
    Setting("TWILIO_WHATSAPP_FROM", "", "The WhatsApp sender, +… (or whatsapp:+…)."),
)
"""Each as WASL_<SLUG>_<NAME>, the slug in capitals with underscores for hyphens."""


class BadSettings(Exception):
    """Start-up stops: every mistake, each with its remedy."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """One association's accounts."""

    telegram_token: str = ""
    telegram_secret: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_whatsapp_from: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    database_url: str
    data: Path
    host: str
    port: int
    public_url: str
    keys: tuple[str, ...]
    index_key: str
    associations: Path
    only: tuple[str, ...]
    outbound_only: frozenset[str]
    telegram_api_url: str
    twilio_api_url: str
    telegram_rate: int
    twilio_rate: int
    files_url: str
    s3_url: str
    file_limit_mb: int
    embed_origins: Mapping[str, tuple[str, ...]]
    log_level: str
    trusted_proxies: str
    environ: Mapping[str, str] = field(repr=False)

    def account(self, slug: str) -> AccountSettings:
        prefix = prefix_of(slug)
        return AccountSettings(
            **{setting.name.lower(): self.environ.get(prefix + setting.name, "") for setting in PER_ASSOCIATION}
        )


def prefix_of(slug: str) -> str:
    return f"WASL_{slug.upper().replace('-', '_')}_"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises BadSettings with every mistake."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for setting in SETTINGS:
        raw = environ.get(setting.name, setting.default).strip()
        key = setting.name.removeprefix("WASL_").lower()
        try:
            values[key] = _READ[setting.kind](raw)
        except ValueError as error:
            mistakes.append(f"{setting.name}: {error}")
    if mistakes:
        raise BadSettings(mistakes)
    data: Path = values["data"]
    values["database_url"] = values["database_url"] or f"sqlite:///{data / 'wasl.sqlite'}"
    values["keys"] = _list(values["keys"])
    values["outbound_only"] = frozenset(values["outbound_only"])
    values["embed_origins"] = _origins(values["embed_origins"])
    return Settings(**values, environ=environ)


def check_accounts(settings: Settings, slugs: list[str]) -> None:
    """One token or sender in two associations, half an account, a WASL_ name nobody knows. Raises BadSettings."""
    mistakes: list[str] = []
    owners: dict[str, str] = {}
    for slug in slugs:
        account = settings.account(slug)
        prefix = prefix_of(slug)
        for name in ("telegram_token", "twilio_whatsapp_from"):
            value = getattr(account, name).removeprefix("whatsapp:")
            setting = prefix + name.upper()
            if value and value in owners:
                mistakes.append(f"{setting}: the same as {owners[value]} — each association needs one of its own")
            elif value:
                owners[value] = setting
        twilio = (account.twilio_account_sid, account.twilio_auth_token, account.twilio_whatsapp_from)
        if any(twilio) and not all(twilio):
            missing = [
                prefix + name
                for name, value in zip(
                    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_WHATSAPP_FROM"), twilio, strict=True
                )
                if not value
            ]
            mistakes.append(f"{' and '.join(missing)}: missing — WhatsApp needs all three")
        if account.telegram_token and settings.public_url and not account.telegram_secret:
            mistakes.append(f"{prefix}TELEGRAM_SECRET: missing — a webhook needs it (WASL_PUBLIC_URL is set)")
    known = {setting.name for setting in SETTINGS}
    known |= {prefix_of(slug) + setting.name for slug in slugs for setting in PER_ASSOCIATION}
    for name in sorted(settings.environ):
        if name.startswith("WASL_") and not name.startswith("WASL_TEST_") and name not in known:
            mistakes.append(f"{name}: no such setting{_meant(name, known)}")
    if mistakes:
        raise BadSettings(mistakes)


def as_markdown() -> str:
    """The table for people: deploy/SETTINGS.md."""
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for setting in SETTINGS:
        lines.append(f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else '–'} | {setting.about} |")
    for setting in PER_ASSOCIATION:
        lines.append(f"| `WASL_<SLUG>_{setting.name}` | – | {setting.about} |")
    return "\n".join(lines) + "\n"


def _meant(name: str, known: set[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return f" — did you mean {close[0]}?" if close else " — see deploy/SETTINGS.md"


def _number(raw: str) -> int:
    if not raw.isdecimal():
        raise ValueError(f"{raw!r} is no whole number")
    return int(raw)


def _url(raw: str) -> str:
    if raw and not raw.startswith(("http://", "https://")):
        raise ValueError(f"{raw!r} is no address: it begins with https://")
    return raw.rstrip("/")


def _list(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _origins(pairs: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        slug, _, origin = pair.partition("=")
        found[slug] = (*found.get(slug, ()), origin)
    return found


_READ: Mapping[str, Any] = {"text": str, "path": Path, "number": _number, "url": _url, "list": _list}
