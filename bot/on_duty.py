"""Whoever is on duty hears of what is urgent at any hour: in the Telegram chat that the profile names.

A code in words and the way to the desk, never a name and nothing of what was said. One message a minute for each alarm
that rings; what cannot be sent is an alarm at the desk, and rings again by itself while nobody comes (routing.py).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.channels.contract import Channel, SendError
from bot.desk.words import DeskWords
from bot.log import log
from conversations.association.association import Association
from conversations.says import Say
from storage import alarms, clocks
from storage.alarms import Alarm
from storage.database import Database
from storage.times import MINUTE, ms

ABOUT_PEOPLE = frozenset(
    {"urgent", "waiting_urgent", "grave_complaint", "threat", "death_report"}
    | {"self_harm", "child_abuse", "abuse", "exploitation", "danger"}
)
"""What somebody must come for at night; what is wrong with the machine waits for the operator."""


class OnDuty:
    def __init__(
        self,
        database: Database,
        associations: Mapping[str, Association],
        channels: Mapping[tuple[str, str], Channel],
        clock: Callable[[], datetime],
        public_url: str = "",
    ) -> None:
        self.database, self.associations, self.channels = database, associations, channels
        self.clock, self.public_url = clock, public_url

    async def ring(self) -> None:
        for slug, association in self.associations.items():
            chat, channel = association.profile.on_duty.telegram_chat, self.channels.get((slug, "telegram"))
            if not chat or channel is None or not await self.database.read(_urgent, slug):
                continue
            for alarm in await self.database.write(self._claim, slug):
                try:
                    await channel.send(chat, Say(text=self._text(association, alarm), lane="notice"), 0)
                except SendError as error:
                    log.error("on_duty_not_reached", association=slug, alarm=alarm.code, error=error.code)
                    await self.database.write(_not_reached, slug, ms(self.clock()))

    def _claim(self, connection: Connection, slug: str) -> list[Alarm]:
        now = ms(self.clock())
        return [
            alarm
            for alarm in _urgent(connection, slug)
            if clocks.remind(connection, slug, [f"alarm:{alarm.id}"], f"on_duty:{alarm.last_at // MINUTE}", now)
        ]

    def _text(self, association: Association, alarm: Alarm) -> str:
        words = DeskWords("ar", association)
        what = words.or_key(f"alarm.{alarm.code}")
        if not self.public_url:
            return words("on_duty.rang", what=what)
        return words("on_duty.rang_link", what=what, link=f"{self.public_url}/desk/{association.slug}/inbox")


def _urgent(connection: Connection, slug: str) -> list[Alarm]:
    return [one for one in alarms.waiting(connection, slug) if one.urgent and one.code in ABOUT_PEOPLE]


def _not_reached(connection: Connection, slug: str, now: int) -> None:
    """Whoever opens the desk sees that nobody was woken."""
    alarms.ring(connection, slug, "on_duty_not_reached", now, urgent=True)
