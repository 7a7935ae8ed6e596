"""The round over WhatsApp's senders, a few times a day: staff hear of it before Meta slows one down."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot import metrics
from bot.channels.contract import Channel, TryAgain
from bot.channels.twilio_sender import Standing
from bot.channels.whatsapp import WhatsApp
from bot.log import log
from storage import accounts, alarms
from storage.database import Database
from storage.times import HOUR, ms

EVERY = 4 * 60 * 60
"""Seconds between two rounds."""
_LEASE = "twilio.senders"
_RATED = {"high": 3, "medium": 2, "low": 1}
_AGAIN = 20 * HOUR
"""What lasts is rung once a day."""


async def look(database: Database, channels: Mapping[tuple[str, str], Channel], now: datetime, me: str) -> None:
    """One process does so at a time."""
    at = ms(now)
    for (slug, _), channel in channels.items():
        if not isinstance(channel, WhatsApp):
            continue
        if not await database.write(accounts.lease, slug, _LEASE, me, at, at + EVERY * 1000):
            continue
        try:
            found = await channel.standing()
        except TryAgain as error:
            log.warning("sender_not_asked", association=slug, error=error.code)
            continue
        if found is None:
            continue
        if found.quality:
            metrics.sender_quality.labels(slug).set(_RATED[found.quality])
        if wrong := _wrong(found):
            await database.write(_ring, slug, wrong, at)


def _wrong(found: Standing) -> str:
    """The code of an alarm; empty where all is well."""
    if found.status == "OFFLINE":
        return "sender_offline"
    return "sender_quality" if found.quality == "low" else ""


def _ring(connection: Connection, slug: str, code: str, now: int) -> None:
    if not alarms.rung_since(connection, slug, code, now - _AGAIN):
        alarms.ring(connection, slug, code, now, urgent=True)
