"""Waves: each period's once, whoever ticks and however long nobody did; fed a few seconds ahead; held and stopped."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest

from bot import waves as feeder
from bot.planner import fired
from conversations.association.association import Association
from conversations.association.survey import Audience
from conversations.cases.calendar import RIYADH, from_hijri, here
from conversations.events import StaffTook
from storage import audience, backup, people, wave_acts, waves
from storage.database import Database
from storage.schema import cases, conversations
from storage.schema_surveys import recipients
from storage.times import moment, ms
from tests.bot.asking import all_waves, asked, asking, change, known, running, states, survey, the_wave, tick
from tests.bot.desk import Desk, Paper, Person

Q2 = datetime.combine(from_hijri(1448, 4, 1), time(1), RIYADH).astimezone(UTC)
"""An hour into the second quarter of 1448: Saturday 12 September 2026."""
DAY = timedelta(days=1)


@pytest.fixture
def harif(associations: dict[str, Association]) -> Association:
    return associations["harif"]


@pytest.fixture
def make(make_desk: Callable[..., Desk], harif: Association, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Desk]:
    """A front line with these surveys (one that is asked each quarter), at the beginning of a quarter."""

    def desk(*surveys: Any, now: datetime = Q2, own: bool = False, **rules: Any) -> Desk:
        made = make_desk(own=own, now=now)
        mine = asking(harif, *(surveys or (survey(),)), **rules)
        made.associations = mine
        for one in (made.intake, made.rounds.planner, made.rounds.promises, made.rounds.routing, made.house):
            if hasattr(one, "associations"):
                one.associations = mine
        return made

    return desk


def keys(desk: Desk) -> list[tuple[str, str, str, bool]]:
    return [(one.period, one.state, one.why, one.late) for one in all_waves(desk)]


async def later(desk: Desk, **span: float) -> None:
    desk.now += timedelta(**span)
    await tick(desk)


# --- once a period ---------------------------------------------------------------------------------------------------


async def test_a_quarter_is_planned_once_and_begins_by_itself_at_a_decent_hour(make: Callable[..., Desk]) -> None:
    desk = make()
    noura = await known(desk, "7001")
    before = len(noura.told)
    for _ in range(3):
        await tick(desk)
    wave = the_wave(desk)
    assert (wave.period, wave.state, wave.late) == ("1448-Q2", "planned", False)
    assert here(moment(wave.starts)).time() == time(10) and asked(desk) == []
    await later(desk, hours=8)  # nine in the morning
    assert the_wave(desk).state == "planned" and len(noura.told) == before
    await later(desk, hours=1.5)
    assert (the_wave(desk).state, the_wave(desk).people) == ("running", 1)
    assert states(desk) == {"invited": 1} and len(noura.told) == before + 1


async def test_through_two_years_of_days_each_quarter_comes_once(make: Callable[..., Desk]) -> None:
    desk = make()
    await known(desk, "7001")
    for _ in range(0, 2 * 354, 3):
        await desk.rounds.planner.plan()
        await desk.rounds.planner.work()
        desk.now += 3 * DAY
    found = keys(desk)
    assert [period for period, *_ in found] == [
        f"{year}-Q{number}" for year in (1448, 1449, 1450) for number in range(1, 5)
    ][1:9]
    assert {why for _, _, why, _ in found} == {""}
    assert [state for _, state, *_ in found[:-1]] == ["done"] * 7


async def test_two_processes_that_tick_at_once_plan_one_wave(make: Callable[..., Desk]) -> None:
    desks = [make(), make(own=True)]

    def plan(desk: Desk) -> int:
        made: int = desk.do(desk.rounds.planner.plan_runs, desk.associations["harif"], desk.now)
        return made

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(plan, desks)) == 1
    assert len(all_waves(desks[0])) == 1


async def test_who_sets_the_house_up_in_the_middle_of_a_quarter_begins_with_the_next(
    make: Callable[..., Desk],
) -> None:
    desk = make(now=Q2 + 40 * DAY)
    await known(desk, "7001")
    await tick(desk)
    assert keys(desk) == [("1448-Q2", "skipped", "began_before", False)]
    desk.now = datetime.combine(from_hijri(1448, 7, 1), time(11), RIYADH).astimezone(UTC)
    await tick(desk)
    assert keys(desk)[1] == ("1448-Q3", "running", "", False)


# --- however long everything was down --------------------------------------------------------------------------------


async def test_what_was_missed_begins_late_and_says_so(make: Callable[..., Desk]) -> None:
    desk = make()
    await known(desk, "7001")
    await tick(desk)
    desk.now = Q2 + 30 * DAY + timedelta(hours=10)
    await tick(desk)
    wave = the_wave(desk)
    assert (wave.period, wave.state, wave.late) == ("1448-Q2", "running", True)
    assert moment(wave.ends) - moment(wave.starts) == 20 * DAY
    assert states(desk) == {"invited": 1}


async def test_or_is_left_out_where_the_profile_says_so(make: Callable[..., Desk]) -> None:
    desk = make(survey(missed="skip"))
    await known(desk, "7001")
    await tick(desk)
    desk.now = Q2 + 30 * DAY + timedelta(hours=10)
    await tick(desk)
    assert keys(desk) == [("1448-Q2", "skipped", "missed", False)]
    assert asked(desk) == []


async def test_after_a_year_of_nothing_this_quarter_is_asked_and_the_others_stand_as_missed(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    await known(desk, "7001")
    await later(desk, hours=10)
    assert the_wave(desk).state == "running"
    desk.now = datetime.combine(from_hijri(1449, 2, 10), time(11), RIYADH).astimezone(UTC)
    for _ in range(2):
        await tick(desk)
    assert keys(desk) == [
        ("1448-Q2", "done", "", False),
        ("1448-Q3", "skipped", "missed", False),
        ("1448-Q4", "skipped", "missed", False),
        ("1449-Q1", "running", "", True),
    ]


async def test_too_late_is_too_late(make: Callable[..., Desk]) -> None:
    """With two days left nobody is asked: the next quarter's comes at once."""
    desk = make()
    await known(desk, "7001")
    await tick(desk)
    desk.now = datetime.combine(from_hijri(1448, 7, 1), time(11), RIYADH).astimezone(UTC) - 2 * DAY
    await tick(desk)
    assert keys(desk) == [("1448-Q2", "skipped", "too_late", False)]


async def test_a_late_wave_does_not_outlast_its_quarter(make: Callable[..., Desk]) -> None:
    desk = make()
    await known(desk, "7001")
    await tick(desk)
    end = datetime.combine(from_hijri(1448, 7, 1), time(), RIYADH)
    desk.now = (end - 5 * DAY + timedelta(hours=11)).astimezone(UTC)
    await tick(desk)
    assert the_wave(desk).late and moment(the_wave(desk).ends) == end


async def test_a_quarter_that_begins_with_a_feast_waits_for_its_end(make: Callable[..., Desk]) -> None:
    """1 Shawwal is Eid: the fourth quarter's wave begins when it is over, and is not late for that."""
    begin = datetime.combine(from_hijri(1448, 10, 1), time(1), RIYADH).astimezone(UTC)
    desk = make(now=begin)
    await known(desk, "7001")
    for _ in range(8 * 6):
        await tick(desk)
        if the_wave(desk).state == "running":
            break
        desk.now += timedelta(hours=4)
    wave = the_wave(desk)
    assert (wave.period, wave.state, wave.late) == ("1448-Q4", "running", False)
    begun = here(moment(wave.starts))
    assert begun.date() >= from_hijri(1448, 10, 4) and begun.weekday() != 4 and time(8) <= begun.time() < time(21)


# --- crons -----------------------------------------------------------------------------------------------------------


def riyadh(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), RIYADH)


@pytest.mark.parametrize(
    ("cron", "now", "key", "begins", "ends"),
    [
        # The first Sunday of a month, at ten.
        ("0 10 1-7 * sun", riyadh(date(2026, 11, 22)), "2026-11-01", riyadh(date(2026, 11, 1), 10), date(2026, 12, 6)),
        ("0 10 * * sun", riyadh(date(2026, 11, 22), 9), "2026-11-15", riyadh(date(2026, 11, 15), 10), None),
        ("0 10 * * sun", riyadh(date(2026, 11, 22), 10), "2026-11-22", riyadh(date(2026, 11, 22), 10), None),
        (
            "0 10 * * sun-thu",
            riyadh(date(2026, 11, 21)),
            "2026-11-19",
            riyadh(date(2026, 11, 19), 10),
            date(2026, 11, 22),
        ),
        ("0 10 * * fri-sun", riyadh(date(2026, 11, 24)), "2026-11-22", riyadh(date(2026, 11, 22), 10), None),
        ("30 9 31 12 *", riyadh(date(2026, 11, 22)), "2025-12-31", riyadh(date(2025, 12, 31), 9, 30), None),
    ],
)
def test_a_cron_names_the_day_it_last_fired(cron: str, now: datetime, key: str, begins: datetime, ends: Any) -> None:
    run = fired(cron, now)
    assert run is not None
    assert (run.key, run.begins) == (f"cron:{key}", begins)
    assert run.ends > now and (ends is None or here(run.ends).date() == ends)


@pytest.mark.parametrize("cron", ["0 10 * * 0", "0 10 * * 1-5", "every sunday", "0 25 * * sun"])
def test_a_cron_that_could_mean_another_day_is_refused(cron: str) -> None:
    with pytest.raises(ValueError):
        fired(cron, Q2)


async def test_a_cron_begins_a_wave_once_and_a_broken_one_stops_nothing(make: Callable[..., Desk]) -> None:
    monthly = survey(every="", cron="0 10 1-7 * sun")
    desk = make(survey(id="broken", every="", cron="0 10 * * 0"), monthly, now=riyadh(date(2026, 11, 1), 9))
    await known(desk, "7001")
    await later(desk, hours=0)
    assert keys(desk)[0][:2] == ("cron:2026-10-04", "skipped")
    for _ in range(40):
        await later(desk, hours=20)
    assert keys(desk)[1:] == [("cron:2026-11-01", "done", "", False)]


# --- a second person -------------------------------------------------------------------------------------------------


async def test_what_a_second_person_must_agree_to_waits_for_them(make: Callable[..., Desk]) -> None:
    desk = make(survey(approved_by_second=True))
    await known(desk, "7001")
    await later(desk, hours=12)
    wave = the_wave(desk)
    assert wave.state == "drafted" and asked(desk) == []
    desk.now += 3 * DAY
    desk.do(lambda c: waves.change(c, "harif", wave.id, state="planned", starts=ms(desk.now), approved_by=5))
    await tick(desk)
    wave = the_wave(desk)
    assert (wave.state, wave.late) == ("running", False)
    assert moment(wave.ends) - moment(wave.starts) == 20 * DAY


async def test_what_nobody_agreed_to_in_time_is_left_out(make: Callable[..., Desk]) -> None:
    desk = make(survey(approved_by_second=True))
    await known(desk, "7001")
    await tick(desk)
    await later(desk, days=22)
    assert keys(desk) == [("1448-Q2", "skipped", "not_approved", False)]


async def test_of_nobody_nothing_is_asked(make: Callable[..., Desk]) -> None:
    desk = make()
    await later(desk, hours=10)
    assert keys(desk) == [("1448-Q2", "skipped", "nobody", False)]


async def test_a_quarter_that_meets_a_wave_by_hand_waits_for_its_end_and_asks_everybody(
    make: Callable[..., Desk],
) -> None:
    desk = make(now=Q2 - timedelta(days=5), days_between=30)
    for number in range(3):
        await known(desk, f"700{number}")
    await tick(desk)
    desk.now += timedelta(hours=11)
    hand = running(desk, desk.now + timedelta(days=20))
    by_hand = desk.ask(waves.get, "harif", hand)
    desk.do(audience.fill, by_hand, Audience(), ms(desk.now))
    await tick(desk)
    assert states(desk) == {"invited": 3}
    desk.now = Q2 + timedelta(hours=11)
    await tick(desk)
    mine = next(one for one in all_waves(desk) if one.period == "1448-Q2")
    assert (mine.state, mine.why, mine.people) == ("planned", "waits", 0)
    for _ in range(26):
        await later(desk, days=1)
    mine = desk.ask(waves.get, "harif", mine.id)
    assert (mine.state, mine.why, mine.late, mine.people) == ("running", "", True, 3)
    assert [one.state for one in asked(desk) if one.wave == mine.id] == ["invited"] * 3, "who was asked is asked again"


@pytest.mark.parametrize("held", [False, True], ids=["killed", "held and gone on with"])
async def test_stopped_while_people_are_written_nobody_is_left_out(
    make: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    monkeypatch.setattr(audience, "PEOPLE_AT_ONCE", 2)
    monkeypatch.setattr(audience, "fill_some", partial(audience.fill_some, limit=2))
    desk = make()
    for number in range(7):
        await known(desk, f"700{number}")
    await tick(desk)
    desk.now += timedelta(hours=12)
    wave, harif = the_wave(desk), desk.associations["harif"]
    assert desk.do(desk.rounds.planner.begin_some, harif, wave.id, desk.now)
    assert len(asked(desk)) == 2 and the_wave(desk).state == "planned"
    if held:
        assert desk.do(wave_acts.pause, "harif", wave.id, ms(desk.now))
        await tick(desk)
        assert len(asked(desk)) == 2
        assert desk.do(wave_acts.resume, "harif", wave.id)
    other = make(own=True, now=desk.now)
    await tick(other)
    assert the_wave(desk).people == 7 and states(desk) == {"invited": 7}


# --- occasions -------------------------------------------------------------------------------------------------------

AFTER = survey(id="decided", occasion="decided", every="", after_days=2, open_days=14, remind_days=())


async def test_who_was_decided_about_is_asked_some_days_after_by_one_wave_a_quarter(make: Callable[..., Desk]) -> None:
    desk = make(AFTER, days_between=1)
    await known(desk, "7001", stage="accepted", decision="accept", decided_at=ms(desk.now))
    await later(desk, hours=10)
    assert states(desk) == {}
    await later(desk, days=2)
    assert states(desk) == {"invited": 1}
    await known(desk, "7002", stage="accepted", decision="accept", decided_at=ms(desk.now))
    for _ in range(3):
        await later(desk, days=2)
    wave = the_wave(desk, "decided")
    assert (wave.period, wave.state, wave.rolling, wave.people) == ("1448-Q2", "running", True, 2)
    assert states(desk) == {"invited": 2}


async def test_over_the_turn_of_a_quarter_nobody_is_asked_twice_and_nobody_left_out(make: Callable[..., Desk]) -> None:
    turn = datetime.combine(from_hijri(1448, 7, 1), time(11), RIYADH).astimezone(UTC)
    desk = make(AFTER, now=turn - 6 * DAY, days_between=1)
    for number in range(4):
        decided = ms(turn - (6 - 2 * number) * DAY)
        await known(desk, f"700{number}", stage="accepted", decision="accept", decided_at=decided)
    for _ in range(20):
        await later(desk, days=1)
    first, second = all_waves(desk, "decided")
    assert (first.period, second.period) == ("1448-Q2", "1448-Q3")
    assert sorted(one.beneficiary or 0 for one in asked(desk)) == sorted({one.beneficiary or 0 for one in asked(desk)})
    assert {first.id, second.id} == {one.wave for one in asked(desk)} and len(asked(desk)) == 4


async def test_of_a_refusal_not_before_the_last_day_to_object(make: Callable[..., Desk]) -> None:
    desk = make(AFTER)
    await known(desk, "7001", stage="refused", decision="refuse", decided_at=ms(desk.now))
    days = 0
    while not asked(desk) and days < 30:
        await later(desk, days=1)
        days += 1
    assert days == 16  # the fifteenth day is theirs to the end


async def test_a_wave_that_was_away_too_long_does_not_ask_of_what_is_long_past(make: Callable[..., Desk]) -> None:
    desk = make(AFTER)
    await known(desk, "7001", stage="accepted", decision="accept", decided_at=ms(desk.now))
    await later(desk, days=60, hours=10)
    assert states(desk) == {}


# --- never at the wrong moment ---------------------------------------------------------------------------------------


async def put_before(desk: Desk, person: Person, **values: Any) -> None:
    change(desk, conversations, conversations.c.id == desk.id_of(person.handle), **values)


async def started(desk: Desk) -> None:
    """The wave of the quarter runs, and nobody has been fed yet."""
    await desk.rounds.planner.plan()
    desk.now += timedelta(hours=10)
    await desk.rounds.planner.work()
    assert the_wave(desk).state == "running"


async def test_nobody_is_asked_at_night_on_a_friday_or_on_a_holiday(make: Callable[..., Desk]) -> None:
    desk = make()
    noura = await known(desk, "7001")
    await started(desk)
    for away in (riyadh(date(2026, 9, 12), 22), riyadh(date(2026, 9, 18)), riyadh(date(2026, 9, 23))):
        desk.now = away
        await tick(desk)
        assert states(desk) == {"waiting": 1}
    desk.now = riyadh(date(2026, 9, 24), 9)
    await tick(desk)
    assert states(desk) == {"invited": 1} and noura.told


async def test_who_complains_meanwhile_is_asked_when_that_is_over(make: Callable[..., Desk]) -> None:
    desk = make()
    await known(desk, "7001", kind="complaint", stage="received")
    await started(desk)
    await tick(desk)
    assert [(one.state, one.why) for one in asked(desk)] == [("waiting", "complaint")]
    change(desk, cases, cases.c.kind == "complaint", stage="closed", closed_at=ms(desk.now))
    await later(desk, days=1, hours=1)
    assert states(desk) == {"invited": 1}


async def test_who_is_with_a_worker_is_left_alone_until_they_are_done(make: Callable[..., Desk]) -> None:
    desk = make()
    noura = await known(desk, "7001")
    await started(desk)
    await put_before(desk, noura, holder="staff:7")
    await tick(desk)
    assert [(one.state, one.why) for one in asked(desk)] == [("waiting", "handoff")]
    await put_before(desk, noura, holder="bot")
    await later(desk, hours=5)
    assert states(desk) == {"invited": 1}


@pytest.mark.parametrize(
    ("case", "left"),
    [
        ({"kind": "complaint", "stage": "received"}, ("waiting", "complaint")),
        ({"kind": "request", "stage": "refused"}, ("waiting", "objection")),
        ({"kind": "complaint", "stage": "received", "restricted": True}, ("skipped", "muted")),
    ],
)
async def test_what_came_up_between_being_fed_and_being_asked_counts(
    make: Callable[..., Desk], case: dict[str, Any], left: tuple[str, str]
) -> None:
    """An invitation may wait for a day, or for its second address, and meanwhile they complain."""
    desk = make()
    noura = await known(desk, "7001")
    await started(desk)
    desk.do(lambda c: desk.rounds._feed(c, desk.associations["harif"]))
    change(desk, cases, cases.c.kind == "request", **{"decided_at": ms(desk.now), **case})
    told = len(noura.told)
    await desk.run()
    assert len(noura.told) == told
    assert [(one.state, one.why) for one in asked(desk)] == [left]


async def test_a_broadcast_is_not_told_to_whom_something_happened_since_it_was_fed(make: Callable[..., Desk]) -> None:
    """At any address of theirs, or in a case: this address alone would not know."""
    desk = make()
    noura = await known(desk, "7001", "case")
    id = running(desk, desk.now + 14 * DAY, "broadcast")
    desk.now += timedelta(hours=9)
    assert desk.do(audience.fill, desk.ask(waves.get, "harif", id), Audience(), ms(desk.now)) == 1
    desk.do(lambda c: desk.rounds._feed(c, desk.associations["harif"]))
    assert states(desk) == {"invited": 1}
    change(desk, cases, cases.c.kind == "request", restricted=True)
    told = len(noura.told)
    await desk.run()
    assert len(noura.told) == told and [(one.state, one.why) for one in asked(desk)] == [("skipped", "muted")]


async def test_who_is_taken_up_by_a_worker_in_the_same_moment_is_asked_another_day(make: Callable[..., Desk]) -> None:
    desk = make()
    noura = await known(desk, "7001")
    await started(desk)
    desk.do(lambda c: desk.rounds._feed(c, desk.associations["harif"]))  # fed, and not said yet
    assert states(desk) == {"invited": 1}
    await noura.send(noura.incoming(StaffTook(id="t", at=desk.now, staff="7", title="موظفة")))
    told = len(noura.told)
    await desk.run()
    assert [(one.state, one.why) for one in asked(desk)] == [("waiting", "held")] and len(noura.told) == told


@pytest.mark.parametrize(
    ("what", "why"),
    [({"stopped": True}, "stopped"), ({"restricted": True}, "restricted"), ({"blocked": "spam"}, "blocked")],
)
async def test_who_must_not_be_asked_any_more_is_passed_over(
    make: Callable[..., Desk], what: dict[str, Any], why: str
) -> None:
    desk = make()
    noura = await known(desk, "7001")
    told = len(noura.told)
    await started(desk)
    await put_before(desk, noura, **what)
    await tick(desk)
    assert [(one.state, one.why, one.due) for one in asked(desk)] == [("skipped", why, None)]
    assert len(noura.told) == told


async def test_nobody_is_asked_by_two_surveys_within_the_days_between(make: Callable[..., Desk]) -> None:
    desk = make(survey(), survey(id="other", every="month", open_days=10))
    await known(desk, "7001")
    await desk.rounds.planner.plan()
    await later(desk, hours=10)
    assert sorted((one.state, one.why) for one in asked(desk)) == [("invited", ""), ("skipped", "asked_lately")]
    await later(desk, days=61)
    assert sum(one.state == "invited" for one in asked(desk)) == 2


async def test_two_reminders_at_most_and_later_asks_once_more(make: Callable[..., Desk]) -> None:
    desk = make(survey(anonymous=False))
    silent, puts_off, answers = [await known(desk, handle) for handle in ("7001", "7002", "7003")]
    await started(desk)
    await tick(desk)
    before = {one.handle: len(one.told) for one in (silent, puts_off, answers)}
    wave = the_wave(desk)
    await puts_off.press(f"survey:{wave.id}:later")
    await answers.press(f"survey:{wave.id}:no")
    said = {"7002": len(puts_off.told), "7003": len(answers.told)}
    for _ in range(19):
        await later(desk, days=1)
    assert len(silent.told) - before["7001"] == 2
    assert len(puts_off.told) - said["7002"] == 1
    assert len(answers.told) == said["7003"]
    assert states(desk) == {"invited": 1, "later": 1, "declined": 1}


# --- a few seconds ahead ---------------------------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a message a second: five lie in the queue at most."""
    monkeypatch.setattr(feeder, "FASTEST", 0.5)


async def crowd(desk: Desk, many: int) -> list[Person]:
    return [await known(desk, f"71{number:02}") for number in range(many)]


def queued(desk: Desk) -> int:
    return sum(
        row.state in ("queued", "sending") for row in desk.rows("messages", "state", "lane") if row.lane == "bulk"
    )


async def said(desk: Desk) -> None:
    """What was fed is said, and stays in the queue."""
    await desk.rounds.due_timers()
    while desk.rounds.tasks:
        await asyncio.wait(desk.rounds.tasks)
    await desk.intake.drain()


def _sent(person: Person) -> int:
    return sum(one.handle == person.handle for one in person.desk.channels["harif", "telegram"].sent)


async def test_at_most_ten_seconds_of_sends_lie_in_the_queue(make: Callable[..., Desk], slow: None) -> None:
    desk = make()
    people = await crowd(desk, 12)
    await started(desk)
    desk.rounds.kick = lambda name: None  # type: ignore[method-assign]
    for _ in range(3):
        await desk.rounds.feed()
    del desk.rounds.kick
    assert states(desk) == {"invited": 5, "waiting": 7}, "what is fed and not said yet counts"
    await said(desk)
    await desk.rounds.feed()
    assert queued(desk) == 5 and states(desk) == {"invited": 5, "waiting": 7}
    before = [_sent(one) for one in people]
    for _ in range(6):
        await desk.run()
        await desk.rounds.feed()
    await desk.run()
    assert [_sent(one) - had for one, had in zip(people, before, strict=True)] == [1] * 12


@pytest.mark.parametrize("when", ["fed", "said"])
async def test_stopped_for_good_nothing_more_leaves(make: Callable[..., Desk], slow: None, when: str) -> None:
    desk = make()
    people = await crowd(desk, 8)
    await started(desk)
    await desk.rounds.feed()
    if when == "said":
        await said(desk)
    before = [_sent(one) for one in people]
    assert desk.do(wave_acts.abort, "harif", the_wave(desk).id, ms(desk.now))
    assert not desk.do(wave_acts.abort, "harif", the_wave(desk).id, ms(desk.now))
    for _ in range(3):
        await later(desk, minutes=1)
    assert [_sent(one) for one in people] == before
    assert states(desk) == {"skipped": 8} and {one.why for one in asked(desk)} == {"aborted"}
    assert {row.state for row in desk.rows("notices", "state")} == {"dropped"}
    assert (the_wave(desk).state, queued(desk)) == ("aborted", 0) and the_wave(desk).done_at


async def test_held_and_gone_on_with_each_is_asked_once(make: Callable[..., Desk], slow: None) -> None:
    desk = make()
    people = await crowd(desk, 9)
    await started(desk)
    before = [_sent(one) for one in people]
    id = the_wave(desk).id
    for _ in range(4):
        await desk.rounds.feed()
        await said(desk)
        assert desk.do(wave_acts.pause, "harif", id, ms(desk.now))
        assert queued(desk) == 0
        await desk.run()
        assert states(desk) == {"waiting": 9} and [_sent(one) for one in people] == before
        assert desk.do(wave_acts.resume, "harif", id)
    for _ in range(8):
        await desk.rounds.feed()
        await desk.run()
    assert [_sent(one) - had for one, had in zip(people, before, strict=True)] == [1] * 9
    assert states(desk) == {"invited": 9}


async def test_when_its_time_is_over_what_is_half_answered_ends(make: Callable[..., Desk], slow: None) -> None:
    desk = make(survey(anonymous=True))
    noura, *others = await crowd(desk, 7)
    await started(desk)
    await desk.rounds.feed()
    await desk.run()
    wave = the_wave(desk)
    asked_ones = [one for one in (noura, *others) if one.where.invitations]
    assert len(asked_ones) == 5
    await asked_ones[0].press(f"survey:{wave.id}:yes")
    assert asked_ones[0].where.open is not None
    told = [len(one.told) for one in asked_ones]
    desk.now = moment(wave.ends) + timedelta(minutes=1)
    await desk.rounds.planner.work()
    await later(desk, minutes=11)
    assert (the_wave(desk).state, the_wave(desk).done_at is not None) == ("done", True)
    assert asked_ones[0].where.open is None and asked_ones[0].where.aside == []
    assert [len(one.told) for one in asked_ones] == told
    assert states(desk) == {"begun": 1, "invited": 4, "skipped": 2}
    assert {one.due for one in asked(desk)} == {None}


async def test_whom_it_does_not_reach_is_said_so(make: Callable[..., Desk], paper: Paper) -> None:
    from bot.channels.contract import AddressGone

    desk = make()
    noura = await known(desk, "7001")
    await known(desk, "7002")
    await started(desk)
    paper.fails[noura.handle].append(AddressGone("blocked"))
    for _ in range(4):
        await later(desk, minutes=3)
    found = {one.conversation: (one.state, one.why) for one in asked(desk)}
    assert found[desk.id_of("7001")] == ("failed", "exhausted") and found[desk.id_of("7002")] == ("invited", "")
    assert desk.rows("tasks", "id") == [], "nobody is called because a survey reached nobody"


async def test_a_broadcast_is_over_when_everybody_was_told(make: Callable[..., Desk]) -> None:
    desk = make()
    people = [await known(desk, handle, "case") for handle in ("7001", "7002", "7003")]
    id = running(desk, desk.now + 14 * DAY, "broadcast")
    desk.now += timedelta(hours=9)
    wave = desk.ask(waves.get, "harif", id)
    assert desk.do(audience.fill, wave, Audience(), ms(desk.now)) == 3
    await tick(desk)
    assert all("خبر" in one.told[-1] for one in people)
    await later(desk, minutes=3)
    done = desk.ask(waves.get, "harif", id)
    assert done.state == "done" and all(one.settled_at for one in asked(desk))


# --- two at once -----------------------------------------------------------------------------------------------------


async def test_two_processes_that_feed_at_once_ask_each_once(
    make: Callable[..., Desk], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeder, "AT_ONCE", 3)
    one, two = make(), make(own=True)
    people = await crowd(one, 14)
    await started(one)
    two.now = one.now
    before = [len(person.told) for person in people]

    def feed(desk: Desk) -> int:
        fed = 0
        while "waiting" in states(desk):  # whoever finds the other at it has no turn
            fed += desk.do(desk.rounds._feed, desk.associations["harif"])
        return fed

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(feed, (one, two))) == 14
    assert states(one) == {"invited": 14}
    for desk in (one, two, one):
        await desk.run()
    assert [len(person.told) - had for person, had in zip(people, before, strict=True)] == [1] * 14
    assert len(one.rows("notices", "id")) == 14


async def test_fed_by_a_process_that_dies_before_the_commit_they_are_fed_again(make: Callable[..., Desk]) -> None:
    desk = make()
    noura = await known(desk, "7001")
    before = len(noura.told)
    await started(desk)

    class Killed(Exception):
        pass

    def dies(connection: Any) -> None:
        assert desk.rounds._feed(connection, desk.associations["harif"]) == 1
        raise Killed

    with pytest.raises(Killed):
        desk.do(dies)
    assert desk.ask(lambda c: c.scalar(recipients.select().with_only_columns(recipients.c.state))) == "waiting"
    await tick(desk)
    assert len(noura.told) == before + 1


@pytest.mark.parametrize("answered", [False, True])
async def test_two_addresses_that_turn_out_to_be_one_persons_are_asked_once(
    make: Callable[..., Desk], answered: bool
) -> None:
    desk = make()
    both = [await known(desk, "7001"), await known(desk, "7002")]
    wave = running(desk, desk.now + 10 * DAY)
    desk.now += timedelta(hours=9)
    found = desk.ask(waves.get, "harif", wave)
    assert desk.do(audience.fill, found, Audience(), ms(desk.now)) == 2
    if answered:
        mine = recipients.c.conversation == desk.id_of("7002")
        change(desk, recipients, mine, state="finished", at=ms(desk.now), due=None)
    before = sum(len(one.told) for one in both)
    whose = [one.beneficiary for one in asked(desk)]
    desk.do(people.join, desk.vault, "harif", *whose, ms(desk.now))
    for _ in range(3):
        await desk.rounds.feed()
        await desk.run()
    assert sum(len(one.told) for one in both) == before + (not answered)
    assert sorted((one.state, one.why) for one in asked(desk)) == [
        ("finished" if answered else "invited", ""),
        ("skipped", "asked_lately"),
    ]


@pytest.mark.parametrize("state", ["planned", "running"])
async def test_after_a_restore_nobody_is_asked_until_somebody_goes_on_with_it(
    make: Callable[..., Desk], state: str
) -> None:
    desk = make()
    noura = await known(desk, "7001")
    wave = running(desk, desk.now + 10 * DAY, state=state)
    desk.now += timedelta(hours=9)
    desk.do(audience.fill, desk.ask(waves.get, "harif", wave), Audience(), ms(desk.now))
    before = len(noura.told)
    desk.do(backup.hold, ms(desk.now))
    for _ in range(3):
        await tick(desk)
    assert (len(noura.told), desk.ask(waves.get, "harif", wave).state) == (before, "paused")
    assert desk.do(wave_acts.resume, "harif", wave)
    for _ in range(2):
        await tick(desk)
    assert len(noura.told) == before + 1
