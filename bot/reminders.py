"""Deadlines bring themselves before those who can act: the holder, then everybody of the role, then management.

Each rung of each deadline is rung once, whatever number of processes look, and only while the office is open. It goes
to the desk (the deadlines page, and an alarm for management), to the worker's own Telegram where they bound it, and by
e-mail where their login is an address and a relay is set. References and counts only, never a name.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from bot import metrics
from bot.channels.contract import Channel, SendError
from bot.desk.sight import cases_seen_by
from bot.desk.words import DeskWords
from bot.desk.worker import Worker, worker_of
from bot.intake import Intake
from bot.log import log
from bot.mail import Mail, MailFailed
from conversations.association.association import Association
from conversations.cases import clock
from conversations.cases.calendar import calendar_of
from conversations.cases.lifecycle import hands
from conversations.cases.move import MANAGEMENT, PROTECTION_OFFICER
from conversations.says import Say
from storage import alarms, clocks, staff
from storage.clocks import Deadline
from storage.database import Database
from storage.schema import cases
from storage.times import ms
from storage.vault import Vault

_ABOVE = frozenset({MANAGEMENT, PROTECTION_OFFICER})
RUNGS = {"amber": "holder", "red": "role", "overdue": "management"}
"""How near a deadline is, and who hears of it then (with those before)."""
SHOWN = 8
"""References in one reminder; more are counted."""
_MOST = 500
"""Deadlines of one rung and round; the next round has the others."""


class Reached(NamedTuple):
    """How a worker is reached: by e-mail where their login is an address, in their Telegram where they bound it."""

    language: str
    email: str
    telegram: str

    @classmethod
    def of(cls, connection: Connection, vault: Vault, id: int) -> "Reached | None":
        account = staff.by_id(connection, vault, id)
        if account is None:
            return None
        email = account.login if "@" in account.login else ""
        return cls(account.language, email, staff.telegram_of(connection, vault, id))


class ToWorkers:
    """A round that tells workers something, by every way there is to them: what it needs."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        associations: Mapping[str, Association],
        channels: Mapping[tuple[str, str], Channel],
        mail: Mail | None,
        public_url: str,
    ) -> None:
        self.database, self.intake, self.associations, self.channels = database, intake, associations, channels
        self.mail, self.public_url, self.vault = mail, public_url, intake.vault

    async def tell(self, slug: str, reader: Reached, subject: str, text: str, page: str, what: str) -> None:
        """`page`: of the desk, where it goes on. What does not go is in the log, by code. `what` it is: reminder,
        digest."""
        if self.public_url:
            text += f"\n{self.public_url}/desk/{slug}/{page}"
        channel = self.channels.get((slug, "telegram"))
        if reader.telegram and channel is not None:
            try:
                await channel.send(reader.telegram, Say(text=text, lane="notice"), 0)
                metrics.reminders.labels(slug, "telegram").inc()
            except SendError as error:
                log.warning(f"{what}_not_sent", association=slug, by="telegram", error=error.code)
        if self.mail is not None and reader.email:
            try:
                await self.mail.send(reader.email, subject, text)
                metrics.reminders.labels(slug, "email").inc()
            except MailFailed as error:
                log.warning(f"{what}_not_sent", association=slug, by="email", error=str(error))


class Reminders(ToWorkers):
    async def ring(self) -> None:
        """The round: every association whose office is open now."""
        now = self.intake.clock()
        for slug, association in self.associations.items():
            if calendar_of(association.profile).is_open(now):
                for worker, rung, references in await self.database.write(self._due, association, now):
                    await self._tell(slug, worker, rung, references)

    def _due(self, connection: Connection, association: Association, now: datetime) -> list[tuple[int, str, list[str]]]:
        """Who is to hear of what: claimed, so that it is told once."""
        slug, calendar = association.slug, calendar_of(association.profile)
        red, amber = (ms(mark) for mark in clock.marks(now, calendar))
        spans = {"amber": (red + 1, amber), "red": (ms(now), red), "overdue": (0, ms(now) - 1)}
        by_rung = {
            rung: found
            for lamp, rung in RUNGS.items()
            if (found := clocks.unrung(connection, slug, rung, spans[lamp], _MOST))
        }
        if not by_rung:
            return []
        colleagues = staff.colleagues(connection, self.vault, slug)
        workers = [worker_of(association.profile, one.member, one.name, "ar") for one in colleagues]
        seen = _seen(connection, workers, {one.case_id for found in by_rung.values() for one in found})
        told: dict[tuple[int, str], list[str]] = defaultdict(list)
        for rung, deadlines in by_rung.items():
            fresh = clocks.remind(connection, slug, [one.subject for one in deadlines], rung, ms(now))
            for one in deadlines:
                if one.subject in fresh:
                    for worker in hearers([w for w in workers if one.case_id in seen[w.id]], one, rung):
                        told[worker.id, rung].append(one.reference)
            if fresh and rung == "management":
                alarms.ring(connection, slug, "overdue", ms(now))
        return [(worker, rung, references) for (worker, rung), references in told.items()]

    async def _tell(self, slug: str, worker: int, rung: str, references: list[str]) -> None:
        reader = await self.database.read(Reached.of, self.vault, worker)
        if reader is None:
            return
        words = DeskWords(reader.language, self.associations[slug])
        text = f"{words(f'reminder.{rung}', count=len(references))}\n{_listed(words, references)}"
        await self.tell(slug, reader, words("reminder.subject"), text, "clocks", "reminder")


def _listed(words: DeskWords, references: list[str]) -> str:
    shown = words("reminder.comma").join(references[:SHOWN])
    more = len(references) - SHOWN
    return words("reminder.and_more", references=shown, count=more) if more > 0 else shown


def _seen(connection: Connection, workers: Sequence[Worker], ids: Collection[int]) -> dict[int, set[int]]:
    """Of these cases, by worker, those that their pages would show them."""
    c = cases.c
    return {
        worker.id: set(connection.scalars(select(c.id).where(c.id.in_(sorted(ids)), cases_seen_by(worker))))
        for worker in workers
    }


def hearers(workers: Sequence[Worker], one: Deadline, rung: str) -> list[Worker]:
    """The holder first, then all who can bring it on from where it stands (they too, at once, where nobody holds it or
    the holder can no more), then management too. Management comes before its rung only where nobody else can act: an
    appeal against those who answered. A restricted case is the protection officer's at every rung.

    `workers`: of the association, those who see the case."""
    able = [worker for worker in workers if _can_act(worker, one)]
    if one.restricted:
        return able
    above = [worker for worker in workers if MANAGEMENT in worker.roles]
    role = [worker for worker in able if MANAGEMENT not in worker.roles]
    if not role or hands(one.kind, one.stage) <= _ABOVE:
        role = [*role, *above]
    holder = [worker for worker in workers if worker.id == one.holder]
    if rung == "holder" and holder:
        return holder if holder[0] in role else [*holder, *role]
    return [*role, *(worker for worker in above if rung == "management" and worker not in role)]


def _can_act(worker: Worker, one: Deadline) -> bool:
    """By a move that one of their roles makes from here; a committee decides, it does not work."""
    may = worker.may("work") or worker.may("committee")
    return may and bool(worker.roles & hands(one.kind, one.stage, one.restricted))
