"""The front door of the staff groups: which update is whose, and how a Telegram account becomes a worker's.

What staff write never goes where beneficiaries' words go: neither the group's messages, nor the code that a worker
sends to the bot in private.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bot.channels.contract import Incoming, SendError, StatusReport
from bot.channels.telegram import Telegram
from bot.channels.telegram_inbound import InGroup
from bot.desk.words import DeskWords
from bot.fold import Refused
from bot.intake import Intake
from bot.log import log
from bot.rate import Rate
from bot.staff_group.acts import Acts
from bot.staff_group.gate import Gate
from bot.staff_group.group import Group
from bot.staff_group.mirror import Mirror
from bot.staff_group.scene import Scenes
from bot.staff_group.turns import Turns
from conversations.events import FileReady, FileRefused, Opened
from storage import alarms, audit, codes, staff
from storage.blobs import Blobs
from storage.database import Database, DatabaseAway
from storage.files import File
from storage.schema_desk import HOUSE
from storage.times import ms

CODE = "staff-"
"""What the payload of a link to the bot begins with, when it binds a worker's Telegram account."""
PURPOSE = "telegram"


class Invitation(NamedTuple):
    """A one-time code, and by association the link that sends it to their bot."""

    code: str
    links: Mapping[str, str]


class Bound(NamedTuple):
    words: str
    language: str = "ar"
    facts: Mapping[str, str] = {}


class StaffGroups:
    """`channels` are all there are; `kick` runs a round now."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        channels: Mapping[tuple[str, str], Any],
        rates: Mapping[tuple[str, str], Rate],
        blobs: Blobs,
        public_url: str,
        kick: Callable[[str], None],
    ) -> None:
        self.database, self.intake, self.vault = database, intake, intake.vault
        self.bots = {slug: one for (slug, _), one in channels.items() if isinstance(one, Telegram)}
        self.groups = {slug: Group(bot, bot.staff_group) for slug, bot in self.bots.items() if bot.staff_group}
        its_rates = {slug: rates[slug, "telegram"] for slug in self.groups}
        scenes = Scenes(intake.vault, intake.associations, public_url)
        self.mirror = Mirror(database, self.groups, Turns(database, intake, its_rates), scenes, blobs)
        self.acts = Acts(database, Gate(intake, scenes), self.groups, kick)
        self._names: dict[str, str] = {}
        self._answers: set[asyncio.Task[None]] = set()

    # --- in ----------------------------------------------------------------------------------------------------------

    async def take(self, association: str, channel: str, heard: Sequence[Incoming | StatusReport | InGroup]) -> None:
        """As the intake's own, in whose place this stands. Returns after the commit; raises DatabaseAway."""
        theirs = [one for one in heard if not (isinstance(one, InGroup) or _code_in(one))]
        if theirs:
            await self.intake.take(association, channel, theirs)
        for one in heard:
            if isinstance(one, InGroup):
                await self._in_group(association, one)
            elif isinstance(one, Incoming) and (code := _code_in(one)):
                await self._bind(association, one, code)

    async def _in_group(self, association: str, heard: InGroup) -> None:
        group = self.groups.get(association)
        if group is None:
            return
        if heard.service in ("lost", "moved"):
            log.error("staff_group_lost", association=association, error=heard.service)
            await self.database.write(alarms.ring, association, "staff_group_lost", ms(self.intake.clock()))
        elif heard.topic:
            await self.acts.hear(group, heard)

    def refused(self, late: Sequence[Refused]) -> None:
        """What a provider took first and reported as failed afterwards: the topic of a worker's reply says so. Best
        effort: the desk shows it in any case, and an alarm rings."""
        if theirs := [one for one in late if one.association in self.groups]:
            self._begin(self._not_arrived(theirs))

    async def _not_arrived(self, late: list[Refused]) -> None:
        try:
            for one in late:
                await self.database.write(self.acts.not_arrived, one.association, one.conversation, one.row, one.code)
        except DatabaseAway:
            log.warning("not_noted", what="not_arrived")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    # --- whose Telegram account it is --------------------------------------------------------------------------------

    async def invite(self, worker: int) -> Invitation:
        """A new code of this worker, for the desk's account page; the one before ends. Links of the associations they
        are a member of and whose bot says its name."""
        now = ms(self.intake.clock())
        code = await self.database.write(codes.make, worker, PURPOSE, now)
        members = await self.database.read(staff.memberships, worker)
        named = {
            slug: await self._name_of(self.bots[slug]) for one in members if (slug := one.association) in self.bots
        }
        return Invitation(
            code, {slug: f"https://t.me/{name}?start={CODE}{code}" for slug, name in named.items() if name}
        )

    async def _name_of(self, bot: Telegram) -> str:
        if bot.association not in self._names:
            try:
                self._names[bot.association] = (await (await bot.bot()).get_me()).username or ""
            except Exception as error:
                log.warning("bot_name_unknown", association=bot.association, error=type(error).__name__)
                return ""
        return self._names[bot.association]

    async def _bind(self, association: str, heard: Incoming, code: str) -> None:
        """The code is used up with its commit; the words to the worker are best effort."""
        bound = await self.database.write(self._use, association, int(heard.handle), code)
        words = DeskWords(bound.language, self.intake.associations[association])(bound.words, **bound.facts)
        self._begin(self._answer(association, int(heard.handle), words))

    def _use(self, connection: Connection, association: str, user: int, code: str) -> Bound:
        now = ms(self.intake.clock())
        known = staff.by_telegram(connection, self.vault, user)
        worker = codes.use(connection, code, PURPOSE, now)
        account = staff.by_id(connection, self.vault, worker) if worker else None
        if account is None or account.disabled_at is not None:
            # Telegram tells of it again where we answered too late: then it is done.
            return Bound("group.bound", known.language, {"who": known.name}) if known else Bound("group.code_over")
        staff.bind_telegram(connection, self.vault, account.id, user)
        acts = [(HOUSE, account.id)]
        if known is not None and known.id != account.id:
            acts.append((HOUSE, known.id))
        for place, id in acts:
            act = "telegram.bound" if id == account.id else "telegram.moved"
            audit.log(connection, [audit.Act(place, now, f"staff:{account.id}", act, f"staff:{id}")])
        return Bound("group.bound", account.language, {"who": account.name})

    async def _answer(self, association: str, user: int, words: str) -> None:
        bot = self.bots[association]
        try:
            await Group(bot, bot.staff_group).write_to(user, words)
        except SendError as error:
            log.warning("worker_not_answered", association=association, error=error.code)

    # --- rounds ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        await self.mirror.run()

    async def fetch(self, file: File, at_most: int) -> bytes:
        """Raises FetchError."""
        return await self.acts.fetch(file.association, file.source, at_most)

    async def settled(self, file: File, event: FileReady | FileRefused) -> None:
        await self.acts.settled(file, event)


def _code_in(heard: Incoming | StatusReport | InGroup) -> str:
    """The one-time code in it; empty where it is somebody's message like any other."""
    event = heard.event if isinstance(heard, Incoming) else None
    payload = event.payload if isinstance(event, Opened) else ""
    return payload.removeprefix(CODE) if payload.startswith(CODE) else ""
