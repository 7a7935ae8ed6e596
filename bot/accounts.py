"""Each association's accounts: every channel that has its settings, and the settings the others lack."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from bot.channels.contract import Channel
from bot.channels.http import Http
from bot.channels.record import Record
from bot.channels.telegram import Telegram
from bot.channels.web_chat import Changes, WebChat
from bot.settings import AccountSettings, Settings
from conversations.association.association import Association
from conversations.association.profile import OnDuty
from conversations.wording import LANGUAGES
from storage import contents
from storage.database import Database
from storage.times import ms
from storage.vault import Vault

if TYPE_CHECKING:
    from bot.channels.voice import Voice
    from bot.mail import Relay


class Means(NamedTuple):
    """What channels are made of; one connection to the relay is all associations'."""

    settings: Settings
    database: Database
    vault: Vault
    http: Http
    relay: "Callable[[], Relay]"


def make_channels(
    settings: Settings,
    associations: Mapping[str, Association],
    database: Database,
    vault: Vault,
    http: Http,
    changes: Changes,
) -> tuple[dict[tuple[str, str], Channel], list[str]]:
    """Every channel that has its settings; the others are named, with the setting they lack."""
    from bot.settings import prefix_of

    channels: dict[tuple[str, str], Channel] = {}
    off: list[str] = []
    means = Means(settings, database, vault, http, cache(lambda: _relay(settings)))
    for slug, association in associations.items():
        account = settings.account(slug)
        channels[slug, "web_chat"] = WebChat(slug, changes.wake, settings.public_url)
        channels[slug, "record"] = Record(slug)
        for channel, title, setting, needs_url, make in _WAYS:
            if not getattr(account, setting.lower()):
                off.append(f"{slug}: {title} is off ({prefix_of(slug)}{setting} is not set)")
            elif needs_url and not settings.public_url:
                off.append(f"{slug}: {title} is off (it needs WASL_PUBLIC_URL)")
            else:
                channels[slug, channel] = make(means, association, account)
    return channels, off


def on_duty_where_rung(
    associations: Mapping[str, Association], channels: Mapping[tuple[str, str], Channel], off: list[str]
) -> dict[str, Association]:
    """Whoever is on duty is rung by the bot: where that is off, nobody in danger is told that somebody was."""
    known = dict(associations)
    for slug, association in associations.items():
        if association.profile.on_duty.telegram_chat and (slug, "telegram") not in channels:
            off.append(f"{slug}: nobody on duty is rung by «عاجل» (on_duty in the profile needs Telegram)")
            profile = association.profile.model_copy(update={"on_duty": OnDuty()})
            known[slug] = replace(association, profile=profile)
    return known


def _telegram(means: Means, association: Association, account: AccountSettings) -> Channel:
    settings = means.settings
    return Telegram(
        association.slug,
        account.telegram_token,
        account.telegram_secret if settings.public_url else "",
        settings.telegram_api_url,
        means.http,
        association.wording,
        asks_sensitive=not settings.public_url,
        staff_group=account.telegram_staff_group,
    )


def _whatsapp(means: Means, association: Association, account: AccountSettings) -> Channel:
    from bot.channels.whatsapp import WhatsApp
    from conversations.staffed import WAITING

    slug, settings, approved = association.slug, means.settings, account.twilio_reply_template
    return WhatsApp(
        slug,
        account.twilio_account_sid,
        account.twilio_auth_token,
        account.twilio_whatsapp_from,
        settings.public_url,
        means.http,
        RememberedContents(means.database, slug, account.twilio_account_sid),
        settings.twilio_api_url,
        templates={WAITING: approved} if approved else {},
    )


def _sms(means: Means, association: Association, account: AccountSettings) -> Channel:
    from bot.channels.sms import Sms
    from bot.ways_out import link

    slug, settings = association.slug, means.settings
    return Sms(
        slug,
        account.twilio_account_sid,
        account.twilio_auth_token,
        account.twilio_sms_from,
        settings.public_url,
        means.http,
        association.wording,
        lambda row: link(means.vault, settings.public_url, slug, row),
        settings.twilio_api_url,
    )


def _email(means: Means, association: Association, account: AccountSettings) -> Channel:
    from bot.channels.email import Email, Keys
    from bot.ways_out import link

    slug, profile, public_url = association.slug, association.profile, means.settings.public_url
    return Email(
        slug,
        account.email_from,
        {one: (profile.name.to(one), profile.short_name.to(one)) for one in LANGUAGES},
        association.wording,
        means.relay(),
        Keys(means.vault, slug),
        lambda row: link(means.vault, public_url, slug, row),
        account.email_secret,
        account.email_authserv,
    )


def _relay(settings: Settings) -> "Relay":
    from bot.mail import Relay

    return Relay(settings.smtp_url)


_WAYS: tuple[tuple[str, str, str, bool, Callable[[Means, Association, AccountSettings], Channel]], ...] = (
    ("telegram", "Telegram", "TELEGRAM_TOKEN", False, _telegram),
    ("whatsapp", "WhatsApp", "TWILIO_WHATSAPP_FROM", True, _whatsapp),
    ("sms", "SMS", "TWILIO_SMS_FROM", True, _sms),
    ("email", "e-mail", "EMAIL_FROM", True, _email),
)
"""A channel, its name, the setting without which it is off, whether it must be reached from outside, and its maker."""


def make_voices(
    settings: Settings, associations: Mapping[str, Association], http: Http, off: list[str]
) -> "dict[str, Voice]":
    """The numbers that call by themselves: by choice, so that nothing is said where there is none."""
    voices = {}
    for slug in associations:
        account = settings.account(slug)
        if not account.twilio_voice_from:
            continue
        if not settings.public_url:
            off.append(f"{slug}: automatic calls are off (they need WASL_PUBLIC_URL)")
            continue
        from bot.channels.voice import Voice

        voices[slug] = Voice(
            slug,
            account.twilio_account_sid,
            account.twilio_auth_token,
            account.twilio_voice_from,
            account.twilio_voice,
            settings.public_url,
            http,
            settings.twilio_api_url,
        )
    return voices


class RememberedContents:
    """Twilio's contents by digest, in the database."""

    def __init__(self, database: Database, association: str, account: str) -> None:
        self.database, self.association, self.account = database, association, account

    async def get(self, digest: str) -> str:
        key = self._key(digest)
        found = await self.database.read(contents.known, self.association, "whatsapp", [key])
        return found.get(key, "")

    async def put(self, digest: str, sid: str) -> None:
        key = self._key(digest)
        if sid:
            now = ms(datetime.now(UTC))
            await self.database.write(contents.remember, self.association, "whatsapp", key, sid, now)
        else:
            await self.database.write(contents.forget, self.association, "whatsapp", key)

    def _key(self, digest: str) -> bytes:
        from hashlib import blake2b

        return blake2b(f"{self.account}:{digest}".encode(), digest_size=16).digest()
