"""Each association's accounts: every channel that has its settings, and the settings the others lack."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.channels.contract import Channel
from bot.channels.http import Http
from bot.channels.record import Record
from bot.channels.telegram import Telegram
from bot.channels.web_chat import Changes, WebChat
from bot.settings import AccountSettings, Settings
from conversations.association.association import Association
from conversations.wording import LANGUAGES
from storage import contents
from storage.database import Database
from storage.times import ms
from storage.vault import Vault

if TYPE_CHECKING:
    from bot.channels.voice import Voice
    from bot.mail import Relay


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
    relay: Relay | None = None
    for slug, association in associations.items():
        account = settings.account(slug)

        def wake(association_slug: str, handle: str) -> None:
            changes.wake(association_slug, handle)

        channels[slug, "web_chat"] = WebChat(slug, wake, settings.public_url)
        channels[slug, "record"] = Record(slug)
        if account.telegram_token:
            channels[slug, "telegram"] = Telegram(
                slug,
                account.telegram_token,
                account.telegram_secret if settings.public_url else "",
                settings.telegram_api_url,
                http,
                association.wording,
                asks_sensitive=not settings.public_url,
                staff_group=account.telegram_staff_group,
            )
        else:
            off.append(f"{slug}: Telegram is off ({prefix_of(slug)}TELEGRAM_TOKEN is not set)")
        if account.twilio_whatsapp_from and settings.public_url:
            channels[slug, "whatsapp"] = _whatsapp(settings, slug, account, database, http)
        elif account.twilio_whatsapp_from:
            off.append(f"{slug}: WhatsApp is off (it needs WASL_PUBLIC_URL)")
        else:
            off.append(f"{slug}: WhatsApp is off ({prefix_of(slug)}TWILIO_WHATSAPP_FROM is not set)")
        if account.twilio_sms_from and settings.public_url:
            channels[slug, "sms"] = _sms(settings, association, account, vault, http)
        elif account.twilio_sms_from:
            off.append(f"{slug}: SMS is off (it needs WASL_PUBLIC_URL)")
        else:
            off.append(f"{slug}: SMS is off ({prefix_of(slug)}TWILIO_SMS_FROM is not set)")
        if account.email_from and settings.public_url:
            relay = relay or _relay(settings)
            channels[slug, "email"] = _email(settings, association, account, vault, relay)
        elif account.email_from:
            off.append(f"{slug}: e-mail is off (it needs WASL_PUBLIC_URL)")
        else:
            off.append(f"{slug}: e-mail is off ({prefix_of(slug)}EMAIL_FROM is not set)")
    return channels, off


def _relay(settings: Settings) -> "Relay":
    from bot.mail import Relay

    return Relay(settings.smtp_url)


def _email(
    settings: Settings, association: Association, account: AccountSettings, vault: Vault, relay: "Relay"
) -> Channel:
    from bot.channels.email import Email, Keys
    from bot.ways_out import link

    slug, profile, public_url = association.slug, association.profile, settings.public_url
    return Email(
        slug,
        account.email_from,
        {one: (profile.name.to(one), profile.short_name.to(one)) for one in LANGUAGES},
        association.wording,
        relay,
        Keys(vault, slug),
        lambda row: link(vault, public_url, slug, row),
        account.email_secret,
        account.email_authserv,
    )


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


def _sms(settings: Settings, association: Association, account: AccountSettings, vault: Vault, http: Http) -> Channel:
    from bot.channels.sms import Sms
    from bot.ways_out import link

    slug = association.slug
    return Sms(
        slug,
        account.twilio_account_sid,
        account.twilio_auth_token,
        account.twilio_sms_from,
        settings.public_url,
        http,
        association.wording,
        lambda row: link(vault, settings.public_url, slug, row),
        settings.twilio_api_url,
    )


def _whatsapp(settings: Settings, slug: str, account: AccountSettings, database: Database, http: Http) -> Channel:
    from bot.channels.whatsapp import WhatsApp
    from conversations.staffed import WAITING

    approved = account.twilio_reply_template
    return WhatsApp(
        slug,
        account.twilio_account_sid,
        account.twilio_auth_token,
        account.twilio_whatsapp_from,
        settings.public_url,
        http,
        RememberedContents(database, slug, account.twilio_account_sid),
        settings.twilio_api_url,
        templates={WAITING: approved} if approved else {},
    )


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
