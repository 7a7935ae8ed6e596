"""Waves that begin by themselves: each period's survey once, whoever ticks and however often, or however long all of it
was down; and the people whose case comes to an occasion (decided, delivered, a complaint closed) join a quarter's wave.

A wave is a row, unique by survey and period: whoever writes it first has planned it. Everything else follows from that
row and the clock, a few thousand people in a transaction, so that any process may die at any instant (rule 10).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from hashlib import blake2b

from sqlalchemy import Connection

from bot.log import log
from conversations import notices as rules
from conversations.association.association import Association
from conversations.association.survey import Audience, Survey
from conversations.cases.calendar import RIYADH, here
from conversations.cases.move import OBJECTION_DAYS
from conversations.surveys import periods
from conversations.surveys.periods import Run
from storage import audience, blending, wave_acts, waves
from storage.audience import Came
from storage.database import Database
from storage.ids import new_id
from storage.times import moment, ms
from storage.vault import Vault
from storage.waves import Wave

HOUR = timedelta(hours=10)
"""Into the first day: a decent hour, when people are awake and somebody is there for what they answer."""
NIGHT = 3
"""The hour in which rows are written anew that people would wait for by day."""
GRACE = timedelta(days=1)
"""A wave that begins later than this is late, and says so."""
SHORTEST = timedelta(days=3)
"""Fewer days than this until the next period are too few to answer in."""
REMEMBERED = 12
"""Periods that passed while nobody was there are written down as missed, this many at most."""
WAITS = "waits"
"""Why a wave whose time has come has not begun: another one of its survey still asks."""
AT_MOST = 400
"""Days over which the last firing of a cron is searched."""


class Planner:
    def __init__(
        self,
        database: Database,
        vault: Vault,
        associations: Mapping[str, Association],
        clock: Callable[[], datetime],
    ) -> None:
        self.database, self.vault, self.associations, self.clock = database, vault, associations, clock

    async def plan(self) -> None:
        """The round, hourly and at start: this period's waves are there, and whose case came to an occasion joins; by
        night anonymous answers are blended."""
        for association in self.associations.values():
            await self.database.write(self.plan_runs, association, self.clock())
            for wave in await self.database.read(waves.open_ones, [association.slug]):
                if wave.rolling and wave.state == waves.RUNNING:
                    await self._join(association, wave)
        if here(self.clock()).hour == NIGHT:
            for which in await self.database.read(blending.due, self.associations, ms(self.clock())):
                await self._blend(*which)

    async def work(self) -> None:
        """The round, every few seconds: what is due begins, what is over is closed, a part in each transaction."""
        for wave in await self.database.read(waves.open_ones, self.associations):
            association = self.associations[wave.association]
            while await self.database.write(self.begin_some, association, wave.id, self.clock()):
                pass
        for wave in await self.database.read(wave_acts.over, ms(self.clock()), self.associations):
            while await self.database.write(self._close, wave, self.clock()):
                pass
            if wave.anonymous:
                await self._blend(wave.association, wave.id)

    async def _blend(self, association: str, wave: int) -> None:
        done: int | None = 0
        while done is not None:
            done = await self.database.write(blending.blend, association, wave, done)

    # --- periods -----------------------------------------------------------------------------------------------------

    def plan_runs(self, connection: Connection, association: Association, now: datetime) -> int:
        """Write what is not planned yet of the period that now is in, and of those missed before it. Returns how many
        waves that were."""
        made = 0
        for survey in association.profile.surveys:
            try:
                run = run_of(survey, now)
            except ValueError:
                log.error("survey_without_period", association=association.slug, survey=survey.id)
                continue
            if run is None or waves.of_period(connection, association.slug, survey.id, run.key):
                continue
            known = waves.of_survey(connection, association.slug, survey.id)
            made += waves.add(connection, self.vault, planned(association, survey, run, now, first=not known))
            keys = {one.period for one in known}
            for missed in _missed(survey, run, keys) if keys else ():
                made += waves.add(connection, self.vault, _skipped(association, survey, missed, now, "missed"))
        return made

    def begin_some(self, connection: Connection, association: Association, id: int, now: datetime) -> bool:
        """A wave whose time has come: a few thousand of its people are written, and with the last it runs. True while
        there are more."""
        wave = waves.get(connection, association.slug, id, lock=True)
        if wave is None or wave.state != waves.PLANNED or wave.starts > ms(now):
            return False
        survey = association.profile.survey(wave.survey) if wave.kind == "survey" else None
        if wave.filled_to is None and wave.filled_at is None:
            if survey and waves.another_runs(connection, association.slug, survey.id, id, ms(now)):
                # Whom that one asked must not be asked so soon again: this one would begin for nobody.
                waves.change(connection, association.slug, id, why=WAITS)
                return False
            wave = _at_last(survey, wave._replace(why=""), now)
            waves.change(connection, wave.association, id, **{name: getattr(wave, name) for name in _WHEN})
            if wave.state != waves.PLANNED:
                return False
        whom = audience.audience_of(wave, survey.audience if survey else Audience())
        if audience.fill_some(connection, wave, whom, ms(now)):
            return True
        written = waves.get(connection, wave.association, id)
        if written is not None and written.people:
            waves.change(connection, wave.association, id, state=waves.RUNNING)
        else:
            waves.change(connection, wave.association, id, state=waves.SKIPPED, why="nobody", done_at=ms(now))
        return False

    def _close(self, connection: Connection, wave: Wave, now: datetime) -> int:
        fresh = waves.get(connection, wave.association, wave.id, lock=True)
        if fresh is None or fresh.done_at is not None:
            return 0
        return wave_acts.close_some(connection, fresh, ms(now))

    # --- occasions ---------------------------------------------------------------------------------------------------

    async def _join(self, association: Association, wave: Wave) -> None:
        survey, run = association.profile.survey(wave.survey), periods.of_key(wave.period)
        now = self.clock()
        if survey is None or run is None or now >= run.ends:
            return
        after = 0
        while after := await self.database.write(self.join_some, survey, wave, now, after):
            pass

    def join_some(self, connection: Connection, survey: Survey, wave: Wave, now: datetime, after: int) -> int:
        """The next few hundred whose case came to it; the last person looked at, 0 where that was everybody."""
        fresh = waves.get(connection, wave.association, wave.id, lock=True)
        if fresh is None or fresh.state != waves.RUNNING:
            return 0
        known = waves.of_survey(connection, wave.association, wave.survey)
        before = [one.id for one in known if one.id != wave.id]
        whom = audience.audience_of(fresh, survey.audience)
        return audience.join(connection, fresh, whom, came(survey, now), before, ms(now), after)


def came(survey: Survey, now: datetime) -> Came:
    """Which cases a survey's occasion is due for now. What lies further back than its answering days is not asked about
    any more, if nobody was there to ask in time; a refusal only once the last day to object is over."""
    span = timedelta(days=survey.open_days)
    until = now - timedelta(days=survey.after_days)
    today = here(now).replace(hour=0, minute=0, second=0, microsecond=0)
    final = min(until, today - timedelta(days=OBJECTION_DAYS))
    return Came(survey.occasion, ms(until - span), ms(until), ms(final - span), ms(final))


# --- when ------------------------------------------------------------------------------------------------------------

_WHEN = ("starts", "ends", "late", "state", "why", "done_at")


def run_of(survey: Survey, now: datetime) -> Run | None:
    """The run of a survey that now is in; None for one that nothing begins. Raises ValueError for a cron that cannot be
    read, and beyond the Hijri table."""
    if survey.occasion == "periodic" and survey.cron:
        return fired(survey.cron, now)
    length = periods.length_of(survey)
    return periods.run_at(length, survey.calendar, now) if length else None


def fired(cron: str, now: datetime) -> Run | None:
    """The last firing of a cron (in Riyadh, its days of the week by name), until the next one; once a day at most.
    None where it has not fired for a year. Raises ValueError."""
    from apscheduler.triggers.cron import CronTrigger

    fields = cron.split()
    if len(fields) == 5 and any(letter.isdigit() for letter in fields[4]):
        raise ValueError("name the days of the week (sun, mon, …): their numbers differ from place to place")
    trigger = CronTrigger.from_crontab(" ".join([*fields[:4], *map(_each_day, fields[4:])]), timezone=RIYADH)
    for days in (1, 8, 32, AT_MOST):
        last, following = None, trigger.get_next_fire_time(None, now - timedelta(days=days))
        while following is not None and following <= now:
            last, following = following, trigger.get_next_fire_time(following, following + timedelta(microseconds=1))
        if last is not None:
            ends = following or now + timedelta(days=AT_MOST)
            return Run(f"cron:{here(last):%Y-%m-%d}", last, ends)
    return None


_WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def _each_day(days: str) -> str:
    """`sun-thu` as `sun,mon,…`: the library's week begins with Monday, and it refuses a range over its end."""

    def spread(part: str) -> list[str]:
        first, _, last = part.lower().partition("-")
        if first not in _WEEK or last not in _WEEK:
            return [part]
        begins, ends = _WEEK.index(first), _WEEK.index(last)
        return [_WEEK[day % 7] for day in range(begins, ends + 1 + 7 * (ends < begins))]

    return ",".join(day for part in days.split(",") for day in spread(part))


def begins_next(association: Association, survey: Survey, now: datetime) -> datetime | None:
    """When the survey's next period begins to ask; None for one that no calendar begins. Raises ValueError for a cron
    that cannot be read."""
    run = run_of(survey, now) if survey.occasion == "periodic" else None
    return decent(association, survey, run.ends) if run else None


def _before(survey: Survey, run: Run) -> Run | None:
    if survey.occasion == "periodic" and survey.cron:
        return fired(survey.cron, run.begins - timedelta(seconds=1))
    return periods.before(periods.length_of(survey), survey.calendar, run)


def _missed(survey: Survey, run: Run, known: set[str]) -> list[Run]:
    """Periods between the last one that was planned and this one."""
    found: list[Run] = []
    before = _before(survey, run)
    while before is not None and before.key not in known and len(found) < REMEMBERED:
        found.append(before)
        before = _before(survey, before)
    return found


def decent(association: Association, survey: Survey | None, at: datetime) -> datetime:
    """When a wave begins that is due then: by day, on no Friday and no holiday."""
    local = here(at)
    if local.time() == time() and not (survey and survey.cron):
        at = at + HOUR
    return rules.goes_at(association.profile, False, at)


# --- what is planned -------------------------------------------------------------------------------------------------


def planned(association: Association, survey: Survey, run: Run, now: datetime, first: bool) -> Wave:
    """The wave of this run. `first`: none of this survey was ever planned here; then a run that began before is left
    out: nobody is asked because the house was set up in the middle of a quarter."""
    starts = max(decent(association, survey, run.begins), run.begins)
    if first and not _rolls(survey) and starts + GRACE < now:
        return _skipped(association, survey, run, now, "began_before")
    wave = _wave(association, survey, run, now)
    if _rolls(survey):
        # Its people join as their cases come to it: there is nothing to be late for.
        ends = run.ends + timedelta(days=survey.open_days)
        state = waves.DRAFTED if survey.approved_by_second else waves.RUNNING
        return wave._replace(state=state, rolling=True, starts=ms(now), ends=ms(ends))
    ends = min(starts + timedelta(days=survey.open_days), run.ends)
    wave = wave._replace(starts=ms(starts), ends=ms(ends))
    if starts + GRACE < now:
        wave = _late(survey, wave, rules.goes_at(association.profile, False, now), run.ends)
    return wave._replace(state=waves.DRAFTED) if survey.approved_by_second and wave.state == waves.PLANNED else wave


def _at_last(survey: Survey | None, wave: Wave, now: datetime) -> Wave:
    """A wave as it begins: on time, later because that is when a second person agreed, or late."""
    until = _until(survey, wave, now)
    if moment(wave.starts) + GRACE < now:
        return _late(survey, wave, now, until)
    if survey is None:
        return wave
    ends = moment(wave.starts) + timedelta(days=survey.open_days)
    return wave._replace(ends=ms(min(ends, until or ends)))


def _late(survey: Survey | None, wave: Wave, now: datetime, until: datetime | None) -> Wave:
    """A wave that could not begin in time: it begins now and says so, or not at all, as the profile has it. `until`:
    the end of its period, which it does not outlast."""
    if survey is not None and wave.period and survey.missed == "skip":
        return _over(wave, "missed", now)
    days = timedelta(days=survey.open_days) if survey else moment(wave.ends) - moment(wave.starts)
    ends = min(now + days, until or now + days)
    if ends - now < min(SHORTEST, days):
        return _over(wave, "too_late", now)
    return wave._replace(starts=ms(now), ends=ms(ends), late=True)


def _until(survey: Survey | None, wave: Wave, now: datetime) -> datetime | None:
    """The end of the period a wave belongs to; now, where another one has begun meanwhile."""
    if not wave.period or survey is None:
        return None
    run = periods.of_key(wave.period) or run_of(survey, now)
    return run.ends if run is not None and run.key == wave.period else now


def _over(wave: Wave, why: str, now: datetime) -> Wave:
    return wave._replace(state=waves.SKIPPED, why=why, done_at=ms(now))


def _skipped(association: Association, survey: Survey, run: Run, now: datetime, why: str) -> Wave:
    return _over(_wave(association, survey, run, now), why, now)


def _wave(association: Association, survey: Survey, run: Run, now: datetime) -> Wave:
    return Wave(
        association.slug,
        new_id(),
        "survey",
        survey=survey.id,
        version=version_of(survey),
        period=run.key,
        state=waves.PLANNED,
        anonymous=survey.anonymous,
        purpose="survey",
        audience=survey.audience.model_dump_json(exclude_defaults=True),
        at=ms(now),
        starts=ms(run.begins),
        ends=ms(run.ends),
        needs_approval=survey.approved_by_second,
    )


def _rolls(survey: Survey) -> bool:
    return survey.occasion != "periodic"


def version_of(survey: Survey) -> str:
    """Of what it asks: answers of two versions are told apart."""
    asked = "\n".join(question.model_dump_json() for question in survey.questions)
    return blake2b(asked.encode(), digest_size=6).hexdigest()
