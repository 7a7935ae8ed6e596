"""Once a wave of a survey is over, management hears what it found: by e-mail and on Telegram, in numbers alone.

How many answered, whether people are satisfied and whether more are than before, and what was improved since; nothing
anybody wrote, and nothing under the number from which results are shown. Each wave is told once, whatever number of
processes look, and while the office is open.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from bot import results as finding
from bot.desk.figures.results import per_cent, run_title
from bot.desk.words import DeskWords
from bot.improvements import LITTLE
from bot.reminders import Reached, ToWorkers
from conversations.association.association import Association
from conversations.association.survey import Survey
from conversations.cases.calendar import calendar_of
from conversations.cases.move import MANAGEMENT
from storage import clocks, improvements, results, staff, waves
from storage.times import ms
from storage.vault import Vault
from storage.waves import Wave

LATEST = timedelta(days=14)
"""A wave that has been over for longer is news no more."""
NAMED = 5
"""Improvements named, of those everybody may read; more are counted."""
RUNG = "digest"


class Summary(NamedTuple):
    """What there is to say. `rate`, `satisfied`, `before`: from 0 to 1; None where too few answered to say."""

    survey: Survey
    wave: Wave
    asked: int
    answered: int
    few: int
    rate: float | None
    satisfied: float | None
    before: float | None
    improved: int
    open: int
    told: tuple[improvements.Improvement, ...]

    @property
    def trend(self) -> str:
        if self.satisfied is None or self.before is None:
            return ""
        step = self.satisfied - self.before
        return "up" if step >= LITTLE else "down" if step <= -LITTLE else "same"


class Digest(ToWorkers):
    async def send(self) -> None:
        """The round: every association whose office is open now."""
        now = self.intake.clock()
        for association in self.associations.values():
            if not calendar_of(association.profile).is_open(now):
                continue
            if not await self.database.read(over_lately, association, now):
                continue
            for summary, readers in await self.database.write(self._due, association, now):
                for reader in readers:
                    await self._tell(association, reader, summary)

    def _due(
        self, connection: Connection, association: Association, now: datetime
    ) -> list[tuple[Summary, list[Reached]]]:
        """What is to be told and to whom: claimed, so that it is told once."""
        slug = association.slug
        due = over_lately(connection, association, now)
        fresh = clocks.remind(connection, slug, [f"wave:{wave.id}" for _, wave in due], RUNG, ms(now))
        due = [(survey, wave) for survey, wave in due if f"wave:{wave.id}" in fresh]
        if not due:
            return []
        colleagues = staff.colleagues(connection, self.vault, slug)
        heads = [one.member.staff for one in colleagues if MANAGEMENT in one.member.roles]
        readers = [found for one in heads if (found := Reached.of(connection, self.vault, one)) is not None]
        told = [summary_of(connection, self.vault, association, survey, wave, now) for survey, wave in due]
        return [(summary, readers) for summary in told if summary is not None]

    async def _tell(self, association: Association, reader: Reached, summary: Summary) -> None:
        words = DeskWords(reader.language, association)
        subject = words("digest.subject", survey=summary.survey.title.to(words.language))
        text = written(summary, words) + "\n"
        await self.tell(association.slug, reader, subject, text, f"results/{summary.wave.id}", "digest")


def over_lately(connection: Connection, association: Association, now: datetime) -> list[tuple[Survey, Wave]]:
    """Waves that have ended by themselves, not long ago."""
    found = []
    for wave in results.run(connection, association.slug, ms(now)):
        survey = association.profile.survey(wave.survey)
        ended = ms(now - LATEST) < wave.ends <= ms(now)
        if survey is not None and ended and wave.state != waves.ABORTED:
            found.append((survey, wave))
    return found


def summary_of(
    connection: Connection, vault: Vault, association: Association, survey: Survey, wave: Wave, now: datetime
) -> Summary | None:
    """None for a wave that asked nobody."""
    profile = association.profile
    whole = finding.found(connection, profile, survey, wave, now, early=True)
    if not whole.part.asked and not whole.part.answered:
        return None
    points = [point for point in whole.trend if point.wave.starts <= wave.starts]
    mine = next((point for point in points if point.wave.id == wave.id), None)
    before = [point for point in points if point.wave.id != wave.id and point.satisfied is not None]
    last = before[-1] if before else None
    since = last.wave.ends if last else wave.starts
    done = improvements.done_between(connection, vault, profile.slug, since, ms(now))
    return Summary(
        survey,
        wave,
        whole.part.asked,
        whole.part.answered,
        profile.asking.at_least,
        whole.part.response if whole.told else None,
        mine.satisfied.value if mine and mine.satisfied else None,
        last.satisfied.value if last and last.satisfied else None,
        len(done),
        improvements.counts(connection, profile.slug).get(improvements.OPEN, 0),
        tuple(one for one in done if one.published)[:NAMED],
    )


def written(summary: Summary, words: DeskWords) -> str:
    """A short text, without anything anybody wrote but what is public already."""
    language = words.language
    lines = [f"{summary.survey.title.to(language)}: {run_title(summary.wave, words)}", ""]
    if summary.rate is None:
        lines.append(words("digest.few", asked=summary.asked, few=summary.few))
    else:
        rate = per_cent(summary.rate, language)
        lines.append(words("digest.answered", asked=summary.asked, answered=summary.answered, rate=rate))
    if summary.satisfied is not None:
        share = per_cent(summary.satisfied, language)
        if summary.trend and summary.before is not None:
            before = per_cent(summary.before, language)
            lines.append(words(f"digest.satisfied.{summary.trend}", share=share, before=before))
        else:
            lines.append(words("digest.satisfied", share=share))
    lines.append(words("digest.improved", count=summary.improved))
    lines += [f"• {one.published.get(language, one.published['ar']).done}" for one in summary.told]
    if summary.open:
        lines.append(words("digest.open", count=summary.open))
    return "\n".join(lines)
