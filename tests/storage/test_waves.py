"""What is kept of waves: once a period, who is claimed, what speaks against asking somebody now, and what closes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select

from conversations.association.profile import Profile
from storage import fitness, wave_acts, waves
from storage.database import Database
from storage.schema import conversations, timers
from storage.schema_surveys import recipients
from storage.times import DAY, HOUR, moment
from storage.vault import Vault
from storage.waves import Recipient, Wave
from tests.storage.askable import NOW, SLUG, address, case, move, says, somebody

WAVE = Wave(
    SLUG, 7, "survey", "quarterly", period="1448-Q2", state="running", purpose="survey", at=NOW, starts=NOW,
    ends=NOW + 20 * DAY,
)  # fmt: skip
TODAY = moment(NOW)


@pytest.fixture(scope="module")
def profile() -> Profile:
    from pathlib import Path

    from conversations.association.load import load_association

    return load_association(Path(__file__).parents[2] / "deploy" / "associations" / SLUG).profile


def given(database: Database, do: Callable[[Connection], Any]) -> Any:
    return database.write_now(do)


def one(database: Database, wave: int = 7) -> Recipient:
    (found,) = all_of(database, wave)
    return found


def all_of(database: Database, wave: int = 7) -> list[Recipient]:
    r = recipients.c
    query = select(*(r[name] for name in Recipient._fields)).where(r.wave == wave).order_by(r.conversation)
    return [Recipient._make(row) for row in database.read_now(lambda c: c.execute(query).all())]


def asks(connection: Connection, conversation: int, person: int | None, **more: Any) -> Recipient:
    values: dict[str, Any] = {"channel": "whatsapp", "due": NOW} | more
    recipient = Recipient(SLUG, values.pop("wave", 7), conversation, person, **values)
    waves.add_recipients(connection, [recipient])
    return recipient


# --- a run -----------------------------------------------------------------------------------------------------------


def test_a_period_has_one_wave_of_a_survey(database: Database, vault: Vault) -> None:
    def twice(connection: Connection) -> list[bool]:
        return [
            waves.add(connection, vault, WAVE),
            waves.add(connection, vault, WAVE._replace(id=8)),
            waves.add(connection, vault, WAVE._replace(id=9, period="1448-Q3")),
            waves.add(connection, vault, WAVE._replace(id=10, survey="other")),
            waves.add(connection, vault, WAVE._replace(id=11, association="ruhama")),
            waves.add(connection, vault, WAVE._replace(id=12, period="")),
            waves.add(connection, vault, WAVE._replace(id=13, period="")),
        ]

    assert given(database, twice) == [True, False, True, True, True, True, True]


def test_of_two_processes_that_plan_the_same_survey_at_once_one_does(
    database: Database, database_url: str, vault: Vault
) -> None:
    beside = Database(database_url)
    beside.open()
    both_looked = threading.Barrier(2)

    def plan(each: Database, id: int) -> bool:
        def do(connection: Connection) -> bool:
            free = waves.is_alone(connection, SLUG, "quarterly")
            with suppress(threading.BrokenBarrierError):
                both_looked.wait(0.3)  # the other one looks before this one has written
            return free and waves.add(connection, vault, WAVE._replace(id=id, period="", state="drafted"))

        return bool(each.write_now(do))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(plan, (database, beside), (21, 22))) == [False, True]
    beside.close()
    (only,) = database.read_now(waves.open_ones, [SLUG])
    assert database.write_now(waves.is_alone, SLUG, "quarterly", only.id)
    assert database.write_now(waves.is_alone, SLUG, "other")
    assert database.write_now(waves.is_alone, "ruhama", "quarterly")
    database.write_now(lambda c: waves.change(c, SLUG, only.id, done_at=NOW))
    assert database.write_now(waves.is_alone, SLUG, "quarterly")


def test_who_is_claimed_is_claimed_once_until_then(database: Database) -> None:
    def people(connection: Connection) -> None:
        for number in range(1, 6):
            asks(connection, number, number, due=NOW - number)
        asks(connection, 6, 6, due=NOW + 1)
        asks(connection, 7, 7, channel="telegram")
        asks(connection, 8, 8, due=None)

    def claim(now: int, limit: int = 3) -> list[int]:
        found = given(database, lambda c: waves.claim(c, SLUG, 7, "whatsapp", now, now + HOUR, limit))
        return [row.conversation for row in found]

    given(database, people)
    assert [claim(NOW), claim(NOW), claim(NOW)] == [[3, 4, 5], [1, 2], []]
    assert claim(NOW + HOUR, 10) == [1, 2, 3, 4, 5, 6]


# --- may they be asked now -------------------------------------------------------------------------------------------


def reason(database: Database, profile: Profile, person: int | None = 1, state: str = "waiting") -> Any:
    """Why the person at the first conversation is not asked, and what became of them."""

    def look(connection: Connection) -> Any:
        conversation = connection.scalar(select(conversations.c.id).order_by(conversations.c.id))
        assert conversation is not None
        mine = asks(connection, conversation, person, state=state, due=NOW)
        reasons = fitness.reasons_of(connection, profile, WAVE, [mine], TODAY)
        fit = fitness.still_fit(connection, profile, WAVE, [mine], TODAY)
        assert bool(fit) is (not reasons)
        return reasons.get(conversation)

    return given(database, look)


def test_nothing_speaks_against_who_fits(database: Database, profile: Profile) -> None:
    given(database, lambda c: somebody(c, 1))
    assert reason(database, profile) is None
    assert (one(database).state, one(database).due) == ("waiting", NOW)


@pytest.mark.parametrize(
    ("but", "why"),
    [
        (lambda c: address(c, 1, stopped=True), "stopped"),
        (lambda c: address(c, 1, restricted=True), "restricted"),
        (lambda c: case(c, 1, restricted=True), "restricted"),
        (lambda c: says(c, 1, False), "no_consent"),
        (lambda c: says(c, 1, False, "case"), "no_consent"),
    ],
)
def test_what_is_never_right(database: Database, profile: Profile, but: Callable[..., Any], why: str) -> None:
    given(database, lambda c: (somebody(c, 1), but(c)))
    assert reason(database, profile) == (why, None)
    assert (one(database).state, one(database).why, one(database).due) == ("skipped", why, None)


@pytest.mark.parametrize(
    ("but", "why", "again"),
    [
        (lambda c: address(c, 1, holder="queue"), "handoff", NOW + 4 * HOUR),
        (lambda c: case(c, 1, kind="complaint", stage="assessed"), "complaint", NOW + DAY),
        (lambda c: case(c, 1, kind="compensation", stage="received"), "complaint", NOW + DAY),
        (
            lambda c: move(c, case(c, 1, stage="with_committee"), "with_committee", NOW - DAY, "object"),
            "complaint",
            NOW + DAY,
        ),
    ],
)
def test_what_passes_is_waited_for(
    database: Database, profile: Profile, but: Callable[..., Any], why: str, again: int
) -> None:
    given(database, lambda c: (somebody(c, 1), but(c)))
    assert reason(database, profile) == (why, again)
    assert (one(database).state, one(database).why, one(database).due) == ("waiting", why, again)


@pytest.mark.parametrize(
    "but",
    [
        lambda c: case(c, 1, kind="complaint", stage="closed", closed_at=NOW),
        lambda c: case(c, 2, kind="complaint", stage="assessed"),
        lambda c: case(c, 1, stage="with_committee"),
        lambda c: move(c, case(c, 1, stage="accepted", decision="accept"), "with_committee", NOW - DAY, "object"),
        lambda c: case(c, 1, stage="refused", decision="refuse", decided_at=NOW - 16 * DAY),
        lambda c: (says(c, 1, False), says(c, 1, True)),
        lambda c: says(c, 1, False, "services"),
        lambda c: address(c, 1, channel="telegram", blocked="spam"),
    ],
)
def test_what_is_no_reason(database: Database, profile: Profile, but: Callable[..., Any]) -> None:
    given(database, lambda c: (somebody(c, 1), but(c)))
    assert reason(database, profile) is None


def test_a_refusal_waits_for_the_first_moment_after_its_last_day(database: Database, profile: Profile) -> None:
    told = int(datetime(2026, 11, 10, 8, tzinfo=UTC).timestamp() * 1000)
    given(database, lambda c: somebody(c, 1, stage="refused", decision="refuse", decided_at=told))
    why, again = reason(database, profile)
    assert (why, moment(again)) == ("objection", datetime(2026, 11, 25, 21, tzinfo=UTC))


def test_and_where_that_is_after_the_wave_they_are_passed_over(
    database: Database, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys.modules[__name__], "WAVE", WAVE._replace(ends=NOW + DAY))
    given(database, lambda c: somebody(c, 1, stage="refused", decision="refuse", decided_at=NOW - DAY))
    assert reason(database, profile)[0] == "objection"
    assert (one(database).state, one(database).due) == ("skipped", None)


def test_who_was_asked_lately_waits_for_the_days_between(database: Database, vault: Vault, profile: Profile) -> None:
    def before(connection: Connection) -> None:
        there = somebody(connection, 1)
        for number, kind, days in ((3, "survey", 25), (4, "broadcast", 1), (5, "survey", 200)):
            waves.add(connection, vault, Wave(SLUG, number, kind))
            asks(connection, there, 1, wave=number, state="invited", at=NOW - days * DAY, due=None)

    given(database, before)
    assert reason(database, profile) == ("asked_lately", NOW + 5 * DAY)
    assert reason(database, profile, state="invited") is None, "a reminder is no new invitation"


def test_who_was_asked_already_stays_asked_and_is_not_reminded(database: Database, profile: Profile) -> None:
    given(database, lambda c: (somebody(c, 1), says(c, 1, False)))
    assert reason(database, profile, state="begun") == ("no_consent", None)
    assert (one(database).state, one(database).why, one(database).due) == ("begun", "", None)


def test_an_address_of_nobody_known_is_looked_at_by_itself(database: Database, profile: Profile) -> None:
    given(database, lambda c: address(c, None, stopped=True))
    assert reason(database, profile, person=None) == ("stopped", None)


# --- what became of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "reached", "why", "after"),
    [
        ({}, True, "", ("invited", "", NOW + 1)),
        ({}, False, "exhausted", ("failed", "exhausted", None)),
        ({}, False, "muted", ("skipped", "muted", None)),
        ({}, False, "held", ("waiting", "held", NOW + 2 + DAY)),
        ({"reminders": 2}, False, "exhausted", ("invited", "", NOW + 1)),
        ({"state": "finished"}, False, "exhausted", ("finished", "", NOW + 1)),
    ],
)
def test_what_became_of_the_message(
    database: Database, before: dict[str, Any], reached: bool, why: str, after: tuple[str, str, int | None]
) -> None:
    values: dict[str, Any] = {"state": "invited", "reminders": 1, "notice": 55, "due": NOW + 1, "at": NOW}
    given(database, lambda c: asks(c, 1, 1, **values | before))
    given(database, lambda c: waves.settled(c, SLUG, 55, reached, why, NOW + 2))
    found = one(database)
    assert (found.state, found.why, found.due) == after


# --- its end ---------------------------------------------------------------------------------------------------------


def test_what_is_over_closes_a_few_people_at_a_time(database: Database, vault: Vault) -> None:
    def people(connection: Connection) -> None:
        waves.add(connection, vault, WAVE)
        for number in range(1, 8):
            asks(connection, number, number, why="complaint" if number == 1 else "")
        asks(connection, 8, 8, state="held", due=None)
        asks(connection, 9, 9, state="begun", due=NOW)
        asks(connection, 10, 10, state="finished", due=None)

    def close(connection: Connection) -> int:
        wave = waves.get(connection, SLUG, 7, lock=True)
        assert wave is not None
        return wave_acts.close_some(connection, wave, NOW, 3)

    given(database, people)
    assert given(database, lambda c: wave_acts.over(c, NOW)) == []
    assert [wave.id for wave in given(database, lambda c: wave_acts.over(c, WAVE.ends))] == [7]
    assert [given(database, close) for _ in range(6)] == [3, 3, 2, 1, 0, 0]
    found = all_of(database)
    assert [(one.state, one.why) for one in found[:2]] == [("skipped", "complaint"), ("skipped", "over")]
    assert {one.due for one in found} == {None}
    assert [one.state for one in found[7:]] == ["skipped", "begun", "finished"]
    woken = given(database, lambda c: c.execute(select(timers.c.conversation, timers.c.timer)).all())
    assert [tuple(row) for row in woken] == [(9, "survey_over:7")]
    wave = given(database, lambda c: waves.get(c, SLUG, 7))
    assert (wave.state, wave.done_at) == ("done", NOW)


def test_only_what_runs_is_held_and_only_what_is_held_goes_on(database: Database, vault: Vault) -> None:
    given(database, lambda c: waves.add(c, vault, WAVE._replace(state="drafted")))
    assert not given(database, lambda c: wave_acts.pause(c, SLUG, 7, NOW))
    assert not given(database, lambda c: wave_acts.resume(c, SLUG, 7))
    given(database, lambda c: waves.change(c, SLUG, 7, state="running", filled_at=NOW))
    assert given(database, lambda c: wave_acts.pause(c, SLUG, 7, NOW))
    assert not given(database, lambda c: wave_acts.pause(c, SLUG, 7, NOW))
    assert given(database, lambda c: wave_acts.resume(c, SLUG, 7))
    assert given(database, lambda c: waves.get(c, SLUG, 7)).state == "running"
    assert not given(database, lambda c: wave_acts.abort(c, "ruhama", 7, NOW))
