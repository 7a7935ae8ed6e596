"""Automatic calls, where the association chose them: the first try of a call that staff would make.

Once a task, at a decent hour, and never of what is restricted or for women. Who presses 1 is called by staff next; who
presses 2 heard all of it that the machine may say; anything else comes before staff as a try without an answer.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from bot import errands as acts
from bot.channels.contract import SendError
from bot.channels.voice import NAME, Ended, Pressed, Voice
from bot.intake import Intake
from bot.log import log
from conversations.association.association import Association
from conversations.cases import errands
from conversations.cases.calendar import calendar_of
from storage import tasks, timers
from storage.database import Database
from storage.tasks import Task
from storage.timers import Timer
from storage.times import ms

ASKED, FAILED = "asked", "not_called"
GIVES_UP = timedelta(minutes=15)
"""Without a word of how a call ended, it is staff's."""
AT_ONCE = 20


class Ring(NamedTuple):
    """One call to make."""

    task: Task
    number: str
    language: str
    stands: str = ""


class Calls:
    def __init__(
        self,
        database: Database,
        intake: Intake,
        associations: Mapping[str, Association],
        voices: Mapping[str, Voice],
    ) -> None:
        self.database, self.intake, self.associations, self.voices = database, intake, associations, voices
        self.vault = intake.vault

    async def ring(self) -> None:
        """The round: what is due now, claimed, then called."""
        for slug, voice in self.voices.items():
            association = self.associations[slug]
            calendar, now = calendar_of(association.profile), self.intake.clock()
            urgent_only = errands.decent(now, calendar) != now
            for one in await self.database.write(self._claim, association, urgent_only):
                words, name = association.wording[one.language], association.profile.name.to(one.language)
                try:
                    if self.intake.may_send(slug, NAME, one.number):
                        raise SendError("held")
                    about = (one.language, one.task.reference, name, one.stands)
                    await voice.call(one.number, one.task.id, words, *about)
                except SendError as error:
                    log.warning("call_not_made", association=slug, task=one.task.id, error=error.code)
                    await self.database.write(self._again, slug, one.task.id, FAILED)

    def _claim(self, connection: Connection, association: Association, urgent_only: bool) -> list[Ring]:
        now = self.intake.clock()
        until = ms(now + GIVES_UP)
        found = tasks.claim_calls(
            connection, self.vault, association.slug, ms(now), until, tasks.RINGING, AT_ONCE, urgent_only
        )
        rings = []
        for task in found:
            whom = acts.whom(connection, self.vault, association, task)
            if whom.phone:
                stands, _ = acts.aloud(connection, self.vault, association, task, whom.language, now)
                rings.append(Ring(task, whom.phone, whom.language, stands))
            else:
                self._again(connection, association.slug, task.id, FAILED)
        return rings

    async def pressed(self, slug: str, id: int | None, key: Pressed) -> str:
        """What is said after a key. A task that is over, or none of ours, hears the same."""
        voice, association = self.voices[slug], self.associations[slug]
        language = await self.database.write(self._pressed, association, id, key) if id is not None else "ar"
        return voice.answer(key, association.wording[language], language)

    def _pressed(self, connection: Connection, association: Association, id: int, key: Pressed) -> str:
        task = tasks.get(connection, self.vault, association.slug, id, lock=True)
        if task is None:
            return "ar"
        language = acts.whom(connection, self.vault, association, task).language
        if task.state != tasks.OPEN or task.outcome != tasks.RINGING or not key:
            return language
        now = self.intake.clock()
        if key == "staff":
            tasks.again(
                connection, self.vault, association.slug, id, ASKED, 0, "", ms(now), ms(now), urgent=True, why=ASKED
            )
        else:
            wake = self._wake(connection, association.slug)
            _, whole = acts.aloud(connection, self.vault, association, task, language, now)
            acts.record(connection, self.vault, association, task, "reached", 0, "", now, wake, opened=whole)
        return language

    async def ended(self, slug: str, ended: Ended) -> None:
        """A call that nobody answered, or in which no key was pressed, is a try in vain."""
        await self.database.write(self._again, slug, ended.task, "no_answer")

    def _again(self, connection: Connection, slug: str, id: int, outcome: str) -> None:
        task = tasks.get(connection, self.vault, slug, id, lock=True)
        if task is None or task.state != tasks.OPEN or task.outcome != tasks.RINGING:
            return
        now = self.intake.clock()
        due = errands.decent(now, calendar_of(self.associations[slug].profile))
        tasks.again(connection, self.vault, slug, id, outcome, 0, "", ms(now), ms(due))

    def _wake(self, connection: Connection, slug: str) -> Callable[[int, str], object]:
        now = ms(self.intake.clock())
        return lambda conversation, timer: timers.set_all(connection, [Timer(slug, conversation, timer, now)])
