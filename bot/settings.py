"""Every setting there is, read once from the environment: prefix WASL_, one table, one reader.

The table is the documentation: `wasl settings` prints it, `deploy/SETTINGS.md` holds the same text, and a test fails
on a WASL_ name that is not here. (pydantic-settings would do it too, for a tenth of our second to start.)
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bot.setting_kinds import KINDS, meant


class Setting(NamedTuple):
    name: str
    default: str
    about: str
    kind: str = "text"
    """One of KINDS: how the text is read, and what it is where it is empty."""


GROUPS: tuple[tuple[str, tuple[Setting, ...]], ...] = (
    (
        "Where it runs",
        (
            Setting("WASL_HOST", "127.0.0.1", "Address to listen on."),
            Setting("WASL_PORT", "8000", "Port to listen on; 0 takes any free one.", "port"),
            Setting(
                "WASL_PUBLIC_URL",
                "",
                "Our own https address as people see it, without a path. "
                "Empty: Telegram is polled, receipts carry no QR, WhatsApp is off.",
                "public_url",
            ),
            Setting(
                "WASL_TRUSTED_PROXIES",
                "127.0.0.1",
                "Addresses or networks of proxies whose X-Forwarded-* headers are believed, with commas.",
                "proxies",
            ),
            Setting("WASL_LOG_LEVEL", "info", "debug, info, warning or error.", "log_level"),
        ),
    ),
    (
        "What it keeps, and under which keys",
        (
            Setting(
                "WASL_DATA",
                ".data",
                "Folder of the SQLite database, sealed files, the spool and generated keys.",
                "path",
            ),
            Setting(
                "WASL_DATABASE_URL",
                "",
                "postgresql://user:password@host/name, or sqlite:///path. Empty: SQLite in WASL_DATA.",
                "database",
            ),
            Setting(
                "WASL_FILES_URL",
                "",
                "s3://bucket/prefix?endpoint=https://…&region=… for sealed files in any S3-compatible store. "
                "Empty: the folder files in WASL_DATA.",
                "files",
            ),
            Setting("WASL_FILE_LIMIT_MB", "20", "Largest file taken from a person, in megabytes.", "number"),
            Setting(
                "WASL_KEYS",
                "",
                "Sealing keys, newest first, with commas (`wasl keys new`). Empty: made beside a new database.",
                "keys",
            ),
            Setting(
                "WASL_INDEX_KEY",
                "",
                "Key of the blind indexes, another one than those above. Empty: made beside a new database.",
                "key",
            ),
        ),
    ),
    (
        "Whom it serves",
        (
            Setting("WASL_ASSOCIATIONS", "deploy/associations", "Folder of association profiles.", "path"),
            Setting("WASL_ONLY", "", "Slugs to serve, with commas. Empty: every profile in the folder.", "list"),
            Setting(
                "WASL_EMBED_ORIGINS",
                "",
                "Sites that may show the web chat: slug=https://site, with commas. "
                "Empty: the website that each profile names.",
                "origins",
            ),
        ),
    ),
    (
        "E-mail",
        (
            Setting(
                "WASL_SMTP_URL",
                "",
                "A mail relay: smtp://user:password@host:587 (STARTTLS), smtps://…:465, smtp+plain://host:25 for one "
                "beside us. Empty: e-mail is off, and reminders to staff go to the desk and to Telegram only.",
                "smtp",
            ),
            Setting(
                "WASL_MAIL_FROM",
                "",
                "Sender of e-mail to staff, such as desk@charity.example. Needed with a relay.",
                "mail_sender",
            ),
        ),
    ),
    (
        "How staff sign in",
        (
            Setting(
                "WASL_DESK_TOTP",
                "optional",
                "optional: each worker decides whether a code of an authenticator is asked beside the password. "
                "required: nobody sees a page before theirs is set up.",
                "totp",
            ),
            Setting(
                "WASL_OIDC_ISSUER",
                "",
                "Single sign-on by OpenID Connect: the issuer's address, https://…. It answers for the second factor. "
                "Empty: passwords alone.",
                "issuer",
            ),
            Setting(
                "WASL_OIDC_CLIENT_ID",
                "",
                "What the issuer calls us. Register there: `<address>/desk/sign-in/sso/back`.",
            ),
            Setting("WASL_OIDC_CLIENT_SECRET", "", "What we prove it with.", "secret"),
            Setting("WASL_OIDC_NAME", "", "What the button calls it, such as the association's own account."),
        ),
    ),
    (
        "What goes out",
        (
            Setting(
                "WASL_OUTBOUND_ONLY",
                "",
                "Staging: the only addresses anything is sent to, channel:handle with commas "
                "(telegram:123456, whatsapp:+9665…). Empty: no limit.",
                "addresses",
            ),
            Setting("WASL_TELEGRAM_RATE", "30", "Messages a second from one Telegram bot.", "rate"),
            Setting(
                "WASL_TELEGRAM_CHAT_RATE", "1", "Messages a second to one Telegram chat, after a burst of 20.", "rate"
            ),
            Setting("WASL_TWILIO_RATE", "80", "Messages a second from one WhatsApp sender.", "rate"),
            Setting("WASL_TWILIO_SMS_RATE", "10", "Text messages a second from one sender.", "rate"),
            Setting("WASL_EMAIL_RATE", "10", "E-mails a second from one association's address.", "rate"),
            Setting(
                "WASL_TELEGRAM_API_URL",
                "https://api.telegram.org",
                "Telegram's Bot API, or a local server in its place.",
                "url",
            ),
            Setting(
                "WASL_TWILIO_API_URL", "https://api.twilio.com", "Twilio's API, or a local server in its place.", "url"
            ),
        ),
    ),
)
SETTINGS = tuple(setting for _, settings in GROUPS for setting in settings)
PER_ASSOCIATION = (
    Setting("TELEGRAM_TOKEN", "", "The bot's token from @BotFather. Empty: Telegram is off.", "telegram_token"),
    Setting(
        "TELEGRAM_SECRET",
        "",
        "What Telegram's webhook calls carry: 1–256 of A-Z a-z 0-9 _ -. Needed with WASL_PUBLIC_URL.",
        "telegram_secret",
    ),
    Setting(
        "TELEGRAM_STAFF_GROUP",
        "",
        "The staff's own group, -100…: topics on, this bot an administrator who may manage topics and delete messages. "
        "What is shown there: `[staff_group]` in the profile. Empty: no group.",
        "telegram_group",
    ),
    Setting("TELEGRAM_RATE", "", "This bot's own rate. Empty: WASL_TELEGRAM_RATE.", "rate"),
    Setting("TWILIO_ACCOUNT_SID", "", "The Twilio account, AC…. Empty: WhatsApp and SMS are off.", "twilio_account"),
    Setting("TWILIO_AUTH_TOKEN", "", "The account's token; it also signs the webhooks.", "secret"),
    Setting("TWILIO_WHATSAPP_FROM", "", "The WhatsApp sender, +… or whatsapp:+…. Empty: WhatsApp is off.", "sender"),
    Setting(
        "TWILIO_REPLY_TEMPLATE",
        "",
        "The approved template that says that a reply is waiting, HX…; {{1}} in it is the association's short name. "
        "Empty: past WhatsApp's 24 hours a reply only waits until the person writes.",
        "twilio_content",
    ),
    Setting("TWILIO_RATE", "", "This sender's own rate (the sandbox: 0.33). Empty: WASL_TWILIO_RATE.", "rate"),
    Setting(
        "TWILIO_SMS_FROM",
        "",
        "The sender of text messages: a number, +…, or a registered sender name, which nobody can answer (the only "
        "kind in Saudi Arabia). Empty: SMS is off.",
        "sms_sender",
    ),
    Setting(
        "TWILIO_VOICE_FROM",
        "",
        "The number that calls people by itself where no message reached them, +…: it says only that there is news. "
        "Needs WASL_PUBLIC_URL. Empty: staff make every call.",
        "voice_sender",
    ),
    Setting("TWILIO_VOICE", "Polly.Zeina", "The voice of those calls in Arabic, one of Polly's or Google's at Twilio."),
    Setting("TWILIO_SMS_RATE", "", "This sender's own rate. Empty: WASL_TWILIO_SMS_RATE.", "rate"),
    Setting(
        "EMAIL_FROM",
        "",
        "The association's address for people, such as help@charity.example; answers and bounces come back to it. "
        "Needs WASL_SMTP_URL and WASL_PUBLIC_URL. Empty: e-mail is off.",
        "email",
    ),
    Setting(
        "EMAIL_SECRET",
        "",
        "What carries the mail of that address in: whoever posts it to `<address>/email/<slug>` sends this as "
        "`Authorization: Bearer …`. Empty: nobody is heard by e-mail, and bounces are not known.",
        "secret",
    ),
    Setting(
        "EMAIL_AUTHSERV",
        "",
        "The name by which the server that takes this mail signs its Authentication-Results (mx.charity.example): what "
        "it found forged is not used, and what it found genuine proves the address. Empty: nobody checks, and only a "
        "mail that answers one of ours proves its sender's address.",
    ),
    Setting("EMAIL_RATE", "", "This address's own rate. Empty: WASL_EMAIL_RATE.", "rate"),
)
"""Each as WASL_<SLUG>_<NAME>, the slug in capitals with underscores for hyphens."""

TESTING = "WASL_TEST_"
"""What begins so belongs to the tests (CONTRIBUTING.md names each) and is nobody's mistake."""


class BadSettings(Exception):
    """Start-up stops: every mistake, each with its remedy. No message quotes a secret."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """One association's accounts. Rates are messages a second."""

    telegram_token: str = field(repr=False)
    telegram_secret: str = field(repr=False)
    telegram_staff_group: str
    telegram_rate: float
    twilio_account_sid: str
    twilio_auth_token: str = field(repr=False)
    twilio_whatsapp_from: str
    """+…, without a prefix."""
    twilio_reply_template: str
    """A content's id, HX…; empty where none is approved."""
    twilio_rate: float
    twilio_sms_from: str
    """+…, or a name."""
    twilio_voice_from: str
    """+…"""
    twilio_voice: str
    twilio_sms_rate: float
    email_from: str
    """In small letters."""
    email_secret: str = field(repr=False)
    email_authserv: str
    email_rate: float


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str
    port: int
    public_url: str
    """Without a slash at its end; empty where there is none."""
    trusted_proxies: str
    log_level: str
    data: Path
    database_url: str = field(repr=False)
    files_url: str = field(repr=False)
    """A folder, or s3://…: what storage.blobs.place takes."""
    file_limit_mb: int
    keys: tuple[str, ...] = field(repr=False)
    index_key: str = field(repr=False)
    associations: Path
    only: tuple[str, ...]
    embed_origins: Mapping[str, tuple[str, ...]]
    desk_totp: str
    smtp_url: str = field(repr=False)
    mail_from: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    oidc_name: str
    outbound_only: frozenset[str]
    """channel:handle; empty: no limit."""
    telegram_rate: float
    telegram_chat_rate: float
    twilio_rate: float
    twilio_sms_rate: float
    email_rate: float
    telegram_api_url: str
    twilio_api_url: str
    environ: Mapping[str, str] = field(repr=False)

    def account(self, slug: str) -> AccountSettings:
        """Raises BadSettings."""
        values, mistakes = _read(self.environ, PER_ASSOCIATION, prefix_of(slug))
        if mistakes:
            raise BadSettings(mistakes)
        for rate in ("telegram_rate", "twilio_rate", "twilio_sms_rate", "email_rate"):
            values[rate] = values[rate] or getattr(self, rate)
        return AccountSettings(**values)


def prefix_of(slug: str) -> str:
    return f"WASL_{slug.upper().replace('-', '_')}_"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises BadSettings with every mistake, those of the accounts among them."""
    values, mistakes = _read(environ, SETTINGS, "WASL_")
    if bool(values.get("keys")) != bool(values.get("index_key")) and not mistakes:
        missing = "WASL_INDEX_KEY" if values["keys"] else "WASL_KEYS"
        mistakes.append(f"{missing}: missing — give both keys or neither (wasl keys new makes one)")
    if values.get("index_key") and values["index_key"] in values.get("keys", ()):
        mistakes.append("WASL_INDEX_KEY: the same as a key in WASL_KEYS — make another one (wasl keys new)")
    mistakes += _half_a_sign_on(values)
    if bool(values.get("smtp_url")) != bool(values.get("mail_from")) and not mistakes:
        missing = "WASL_MAIL_FROM" if values["smtp_url"] else "WASL_SMTP_URL"
        mistakes.append(f"{missing}: missing — e-mail needs a relay and a sender")
    if mistakes:
        raise BadSettings(mistakes + _account_mistakes(environ, values, _folders(values.get("associations"))))
    data: Path = values["data"]
    values["database_url"] = values["database_url"] or f"sqlite:///{data / 'wasl.sqlite'}"
    values["files_url"] = values["files_url"] or str(data / "files")
    return Settings(**values, environ=environ)


def check_accounts(settings: Settings, slugs: Iterable[str]) -> None:
    """One token or sender in two associations, half an account, a slug or a WASL_ name nobody knows.

    `slugs`: those served; the other profiles in the folder are looked at too. Raises BadSettings.
    """
    everyone = sorted({*slugs, *_folders(settings.associations)})
    if mistakes := _account_mistakes(settings.environ, vars(settings), everyone):
        raise BadSettings(mistakes)


def as_markdown() -> str:
    """All settings for people: deploy/SETTINGS.md."""
    lines = [
        "# Settings",
        "",
        "Read once at start, from the environment. What is wrong stops the start, all of it listed at once.",
    ]
    for title, settings in GROUPS:
        lines += ["", f"## {title}", "", *_table(settings, "")]
    lines += [
        "",
        "## Each association's accounts",
        "",
        "`<SLUG>` is the association's slug in capitals, with underscores for hyphens: `bena-jazan` is `BENA_JAZAN`.",
        "A channel without its settings is off, and the start says so.",
        "",
        *_table(PER_ASSOCIATION, "WASL_<SLUG>_"),
        "",
        "An S3-compatible store takes its credentials from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.",
    ]
    return "\n".join(lines) + "\n"


def _table(settings: Iterable[Setting], prefix: str) -> list[str]:
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for name, default, about, _ in settings:
        lines.append(f"| `{prefix}{name}` | {f'`{default}`' if default else '–'} | {about} |")
    return lines


# What is wrong


def _read(environ: Mapping[str, str], settings: Iterable[Setting], prefix: str) -> tuple[dict[str, Any], list[str]]:
    """Values by the setting's own name in small letters, without those that are wrong; an empty one is as none."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for setting in settings:
        name = setting.name.removeprefix(prefix)
        read, empty = KINDS[setting.kind]
        raw = environ.get(prefix + name, "").strip() or setting.default
        try:
            values[name.lower()] = read(raw) if raw else empty
        except ValueError as error:
            mistakes.append(f"{prefix + name}: {error}")
    return values, mistakes


def _half_a_sign_on(values: Mapping[str, Any]) -> list[str]:
    names = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
    missing = [f"WASL_{name.upper()}" for name in names if not values.get(name, "missing")]
    if not missing or len(missing) == len(names):
        return []
    return [f"{' and '.join(missing)}: missing — single sign-on needs all three, or none to be off"]


def _account_mistakes(environ: Mapping[str, str], values: Mapping[str, Any], slugs: list[str]) -> list[str]:
    mistakes: list[str] = []
    owners: dict[str, str] = {}
    for slug in slugs:
        prefix = prefix_of(slug)
        account, wrong = _read(environ, PER_ASSOCIATION, prefix)
        mistakes += wrong + _half(environ, prefix, bool(values.get("public_url")), bool(values.get("smtp_url")))
        # A bot's token may change, its number never.
        for name, own in (
            ("TELEGRAM_TOKEN", str(account.get("telegram_token", "")).partition(":")[0]),
            ("TELEGRAM_STAFF_GROUP", str(account.get("telegram_staff_group", ""))),
            ("TWILIO_WHATSAPP_FROM", str(account.get("twilio_whatsapp_from", ""))),
            ("TWILIO_SMS_FROM", str(account.get("twilio_sms_from", ""))),
            ("EMAIL_FROM", str(account.get("email_from", ""))),
        ):
            if own and own in owners:
                mistakes.append(f"{prefix}{name}: the same as {owners[own]} — each association needs one of its own")
            elif own:
                owners[own] = prefix + name
    if slugs:
        mistakes += _unknown_slugs(values, slugs) + _unknown_names(environ, slugs)
    return mistakes


def _half(environ: Mapping[str, str], prefix: str, public: bool, relay: bool) -> list[str]:
    given = {name for name, *_ in PER_ASSOCIATION if environ.get(prefix + name, "").strip()}
    sms = bool({"TWILIO_SMS_FROM", "TWILIO_VOICE_FROM"} & given)
    twilio = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", *(() if sms else ("TWILIO_WHATSAPP_FROM",)))
    missing = [prefix + name for name in twilio if name not in given]
    mistakes = []
    if missing and (sms or len(missing) < len(twilio)):
        needs = "SMS and calls need both" if sms else "WhatsApp needs all three"
        mistakes.append(f"{' and '.join(missing)}: missing — {needs}, or none to be off")
    if "TELEGRAM_STAFF_GROUP" in given and "TELEGRAM_TOKEN" not in given:
        mistakes.append(f"{prefix}TELEGRAM_TOKEN: missing — the staff's group needs the bot")
    if "EMAIL_FROM" in given and not relay:
        mistakes.append(f"WASL_SMTP_URL: missing — {prefix}EMAIL_FROM needs a relay that sends")
    if "EMAIL_FROM" not in given and {"EMAIL_SECRET", "EMAIL_AUTHSERV"} & given:
        mistakes.append(f"{prefix}EMAIL_FROM: missing — e-mail needs the association's address")
    if public and "TELEGRAM_TOKEN" in given and "TELEGRAM_SECRET" not in given:
        mistakes.append(f"{prefix}TELEGRAM_SECRET: missing — a webhook needs it, since WASL_PUBLIC_URL is set")
    return mistakes


def _unknown_slugs(values: Mapping[str, Any], slugs: list[str]) -> list[str]:
    named = (("WASL_ONLY", values.get("only", ())), ("WASL_EMBED_ORIGINS", values.get("embed_origins", ())))
    return [
        f"{name}: no association {slug!r}{meant(slug, slugs, 'the profiles are ' + ', '.join(slugs))}"
        for name, given in named
        for slug in given
        if slug not in slugs
    ]


def _unknown_names(environ: Mapping[str, str], slugs: list[str]) -> list[str]:
    known = {setting.name for setting in SETTINGS}
    known |= {prefix_of(slug) + setting.name for slug in slugs for setting in PER_ASSOCIATION}
    return [
        f"{name}: no such setting{meant(name, known, 'see deploy/SETTINGS.md')}"
        for name in sorted(environ)
        if name.startswith("WASL_") and not name.startswith(TESTING) and name not in known
    ]


def _folders(associations: Path | None) -> list[str]:
    """A slug is its folder's name, so the accounts can be checked before any profile is read."""
    if associations is None or not associations.is_dir():
        return []
    return sorted(path.parent.name for path in associations.glob("*/profile.toml"))
