"""Who is asked: those who fit, who said yes and who may be reached; each once, where they wrote from last."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, select

from conversations.association.survey import Audience
from storage import audience, waves
from storage.database import Database
from storage.schema import cases
from storage.schema_surveys import recipients
from storage.schema_surveys import waves as waves_table
from storage.times import DAY
from storage.waves import Wave
from tests.storage.askable import NOW, SLUG, address, case, move, says, somebody

WAVE = Wave(SLUG, 7, "survey", survey="quarterly", state="planned", at=NOW, starts=NOW, ends=NOW + 14 * DAY)
BROADCAST = Wave(SLUG, 8, "broadcast", state="planned", at=NOW, starts=NOW, ends=NOW + 14 * DAY)


def fresh(connection: Connection, wave: Wave) -> Wave:
    found = waves.get(connection, SLUG, wave.id)
    assert found is not None
    return found


def asked(database: Database, whom: Audience | None = None, wave: Wave = WAVE, limit: int = 0) -> dict[int, Any]:
    """Recipients by person, after the wave was written; counting said the same beforehand."""

    def run(connection: Connection) -> dict[int, Any]:
        connection.execute(waves_table.insert().values(**wave._asdict()))
        counted = audience.count(connection, wave, whom or Audience())
        if limit:
            while audience.fill_some(connection, fresh(connection, wave), whom or Audience(), NOW, limit):
                pass
        else:
            audience.fill(connection, wave, whom or Audience(), NOW)
        r = recipients.c
        rows = connection.execute(select(recipients).where(r.association == SLUG, r.wave == wave.id)).all()
        assert fresh(connection, wave).people == len(rows) == counted.people
        assert {(row.state, row.due) for row in rows} <= {("waiting", NOW)}
        return {row.beneficiary: row for row in rows}

    return database.write_now(run)


def given(database: Database, do: Callable[[Connection], object]) -> Any:
    return database.write_now(do)


def test_who_has_a_case_an_address_and_said_yes_is_asked(database: Database) -> None:
    there = given(database, lambda c: somebody(c, 1))
    found = asked(database)
    assert set(found) == {1}
    assert (found[1].conversation, found[1].channel) == (there, "whatsapp")


@pytest.mark.parametrize(
    "but",
    [
        lambda c: says(c, 1, False),
        lambda c: says(c, 1, False, "case"),
        lambda c: address(c, 1, channel="telegram", stopped=True),
        lambda c: address(c, 1, channel="telegram", restricted=True),
        lambda c: case(c, 1, kind="complaint", stage="received", restricted=True),
    ],
    ids=["took it back", "withdrew everything", "stopped elsewhere", "disclosed harm elsewhere", "a restricted case"],
)
def test_who_must_not_be_asked_is_not(database: Database, but: Callable[[Connection], object]) -> None:
    def people(connection: Connection) -> None:
        somebody(connection, 1)
        but(connection)
        somebody(connection, 2)

    given(database, people)
    assert set(asked(database)) == {2}


def test_the_last_word_counts(database: Database) -> None:
    def people(connection: Connection) -> None:
        somebody(connection, 1)
        says(connection, 1, False)
        says(connection, 1, True)
        says(connection, 1, False, "case")
        says(connection, 1, True, "case")

    given(database, people)
    assert set(asked(database)) == {1}


def test_a_yes_to_something_else_is_none(database: Database) -> None:
    def people(connection: Connection) -> None:
        address(connection, 1)
        case(connection, 1)
        says(connection, 1, True, "case")

    given(database, people)
    assert asked(database) == {}
    assert given(database, lambda c: audience.count(c, WAVE, Audience())) == audience.Counted({}, refused=1)


def test_each_is_asked_once_where_they_wrote_from_last(database: Database) -> None:
    def people(connection: Connection) -> int:
        somebody(connection, 1)
        newest = address(connection, 1, channel="telegram", last_in=NOW - 1)
        address(connection, 1, channel="sms", last_in=None)
        address(connection, 1, channel="whatsapp", last_in=NOW, blocked="spam")
        return newest

    newest = given(database, people)
    assert asked(database)[1].conversation == newest


def test_an_address_that_was_only_named_is_none(database: Database) -> None:
    def people(connection: Connection) -> None:
        address(connection, 1, channel="sms", last_in=None)
        address(connection, 2, channel="email", last_in=NOW)  # anybody may have written that
        address(connection, 3, channel="email", last_in=NOW, proven_at=NOW)
        address(connection, 4, channel="sms", last_in=None, proven_at=NOW)
        for person in (1, 2, 3, 4):
            case(connection, person)
            says(connection, person, True)

    given(database, people)
    assert set(asked(database)) == {3, 4}


@pytest.mark.parametrize(
    ("whom", "people"),
    [
        (Audience(kinds=("request",)), {1, 2, 3, 5}),
        (Audience(stages=("registered",)), {2}),
        (Audience(services=("training", "support")), {1, 2, 5}),
        (Audience(categories=("widows",)), {5}),
        (Audience(branches=("dammam",)), {3}),
        (Audience(languages=("en",)), {5}),
        (Audience(channels=("telegram",)), {3}),
        (Audience(opened_from="2026-11-01"), {4}),
        (Audience(opened_until="2026-10-31"), {1, 2, 3, 5}),
        (Audience(kinds=("request",), services=("market",), branches=("dammam",)), {3}),
        (Audience(kinds=("complaint",), services=("training",)), set()),
        (Audience(sample=100), {1, 2, 3, 4, 5}),
    ],
)
def test_every_side_narrows_it(database: Database, whom: Audience, people: set[int]) -> None:
    def there(connection: Connection) -> None:
        somebody(connection, 1)
        somebody(connection, 2, stage="registered", service="support")
        case(connection, 3, service="market", branch="dammam")
        address(connection, 3, channel="telegram")
        says(connection, 3, True)
        somebody(connection, 4, kind="complaint", stage="closed", service="", opened_at=NOW - 10 * DAY)
        case(connection, 5, category="widows")
        address(connection, 5, language="en")
        says(connection, 5, True)

    given(database, there)
    assert set(asked(database, whom)) == people


def test_what_ended_without_an_answer_makes_nobody_somebody_to_ask(database: Database) -> None:
    def people(connection: Connection) -> None:
        somebody(connection, 1, stage="discontinued")
        somebody(connection, 2, stage="withdrawn")

    given(database, people)
    assert asked(database) == {}


def test_a_broadcast_reaches_who_has_no_case_too_and_a_survey_does_not(database: Database) -> None:
    def people(connection: Connection) -> None:
        address(connection, 1)
        says(connection, 1, True, "services")
        says(connection, 1, True, "survey")

    given(database, people)
    assert set(asked(database, wave=BROADCAST._replace(purpose="services"))) == {1}
    assert asked(database) == {}


def test_only_those_of_the_association_are_asked(database: Database) -> None:
    def people(connection: Connection) -> None:
        address(connection, 1, association="ruhama")
        case(connection, 1, association="ruhama")
        says(connection, 1, True)

    given(database, people)
    assert asked(database) == {}


# --- a few at a time -------------------------------------------------------------------------------------------------


def test_written_a_few_at_a_time_nobody_is_left_out_and_nobody_there_twice(database: Database) -> None:
    def people(connection: Connection) -> None:
        for person in range(1, 24):
            somebody(connection, person)
            address(connection, person, channel="telegram")

    given(database, people)
    assert set(asked(database, limit=5)) == set(range(1, 24))


def test_how_far_it_came_is_kept_and_it_goes_on_from_there(database: Database) -> None:
    def people(connection: Connection) -> None:
        connection.execute(waves_table.insert().values(**WAVE._asdict()))
        for person in range(1, 13):
            somebody(connection, person)

    def some(connection: Connection) -> bool:
        return audience.fill_some(connection, fresh(connection, WAVE), Audience(), NOW, 5)

    given(database, people)
    assert [database.write_now(some) for _ in range(5)] == [True, True, True, False, False]
    assert given(database, lambda c: fresh(c, WAVE)).filled_at == NOW
    assert given(database, lambda c: waves.size(c, SLUG, WAVE.id)) == 12


# --- a sample --------------------------------------------------------------------------------------------------------


def test_a_sample_is_so_many_the_same_for_its_wave_and_others_for_another(database: Database) -> None:
    def people(connection: Connection) -> None:
        for person in range(1, 201):
            somebody(connection, 10**12 + person)

    given(database, people)
    drawn = set(asked(database, Audience(sample=40)))
    again = set(asked(database, Audience(sample=40), WAVE._replace(id=70)))
    assert len(drawn) == len(again) == 40 and drawn != again

    def forget_and_draw(connection: Connection) -> set[int]:
        connection.execute(recipients.delete().where(recipients.c.wave == WAVE.id))
        audience.fill(connection, WAVE, Audience(sample=40), NOW)
        query = select(recipients.c.beneficiary).where(recipients.c.wave == WAVE.id)
        return set(connection.scalars(query))

    assert given(database, forget_and_draw) == drawn


def test_a_sample_is_drawn_from_all_parts_alike(database: Database) -> None:
    """Over many waves each tenth of the people comes up about as often as another."""

    def people(connection: Connection) -> list[int]:
        for person in range(100):
            somebody(connection, 10**12 + person * 977)
        tenths = [0] * 10
        for wave in range(1, 81):
            for person in audience.drawn(connection, WAVE._replace(id=wave * 10**9), Audience(sample=20)):
                tenths[(person - 10**12) // 977 // 10] += 1
        return tenths

    tenths = given(database, people)
    assert sum(tenths) == 1600
    assert all(110 < many < 210 for many in tenths), tenths


# --- an occasion -----------------------------------------------------------------------------------------------------

ROLLING = WAVE._replace(id=9, survey="after", rolling=True)
CAME = audience.Came("decided", NOW - 10 * DAY, NOW - DAY, NOW - 30 * DAY, NOW - 16 * DAY)


def joined(database: Database, came: audience.Came = CAME, before: tuple[int, ...] = ()) -> dict[int, int]:
    """Case by person of those who are in the rolling wave now."""

    def run(connection: Connection) -> dict[int, int]:
        if waves.get(connection, SLUG, ROLLING.id) is None:
            connection.execute(waves_table.insert().values(**ROLLING._asdict()))
        after = 0
        while after := audience.join(connection, ROLLING, Audience(), came, before, NOW, after, 2):
            pass
        r = recipients.c
        query = select(r.beneficiary, r.case_id).where(r.wave == ROLLING.id)
        return dict(connection.execute(query).tuples().all())

    return database.write_now(run)


def test_who_was_decided_about_in_the_span_joins_and_only_once(database: Database) -> None:
    def people(connection: Connection) -> int:
        for person, days in ((1, 0), (2, 2), (3, 5), (4, 9), (5, 11)):
            somebody(connection, person, decided_at=NOW - days * DAY, decision="accept", stage="accepted")
        return case(connection, 3, decided_at=NOW - 3 * DAY, decision="accept", stage="accepted")

    newest = given(database, people)
    found = joined(database)
    assert set(found) == {2, 3, 4}
    assert found[3] == newest
    assert joined(database) == found


def test_a_refusal_is_asked_about_when_the_days_to_object_are_over(database: Database) -> None:
    def people(connection: Connection) -> None:
        for person, days in ((1, 2), (2, 15), (3, 17), (4, 31)):
            somebody(connection, person, decided_at=NOW - days * DAY, decision="refuse", stage="refused")

    given(database, people)
    assert set(joined(database)) == {3}


def test_what_was_delivered_and_what_complaint_was_closed(database: Database) -> None:
    def people(connection: Connection) -> None:
        for person, at in ((1, NOW - 2 * DAY), (2, NOW)):
            somebody(connection, person)
            move(connection, case(connection, person), "delivered", at)
        back = case(connection, 3, stage="registered")  # it did not arrive after all
        somebody(connection, 3, stage="registered")
        move(connection, back, "delivered", NOW - 2 * DAY)
        somebody(connection, 4, kind="complaint", stage="closed", closed_at=NOW - 3 * DAY)
        somebody(connection, 5, kind="complaint", stage="withdrawn", closed_at=NOW - 3 * DAY)
        somebody(connection, 6, kind="complaint", stage="closed", closed_at=NOW - 3 * DAY, restricted=True)

    given(database, people)
    assert set(joined(database, CAME._replace(occasion="delivered"))) == {1}
    given(database, lambda c: c.execute(recipients.delete()))
    assert set(joined(database, CAME._replace(occasion="complaint_closed"))) == {4}


def test_of_a_case_that_the_wave_before_asked_about_nobody_is_asked_again(database: Database) -> None:
    def people(connection: Connection) -> None:
        there = somebody(connection, 1, decided_at=NOW - 2 * DAY, decision="accept", stage="accepted")
        about = connection.scalar(select(cases.c.id))
        waves.add_recipients(connection, [waves.Recipient(SLUG, 3, there, 1, about, "whatsapp")])
        somebody(connection, 2, decided_at=NOW - 2 * DAY, decision="accept", stage="accepted")

    given(database, people)
    assert set(joined(database, before=(3,))) == {2}
