"""What is read of a wave: its totals, and its open answers a page at a time."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from bot import results as finding
from conversations.association.association import Association
from conversations.association.load import load_associations
from storage import results, surveys, wave_acts, waves
from storage.database import Database
from storage.schema_surveys import recipients, totals
from storage.times import DAY, moment
from storage.vault import Vault
from tests.storage.surveyed import SURVEY, answer, answers, asked, wave_of, with_survey

NOW = 1_790_000_000_000
FELT = "نشكركم على سرعة الرد"


@pytest.fixture(scope="session")
def harif() -> Association:
    loaded = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    return with_survey(next(one for one in loaded if one.slug == "harif"))


def words(database: Database, vault: Vault, wave: int, **more: Any) -> list[str]:
    said = database.read_now(lambda c: results.said(c, vault, "harif", wave, "more", **more))
    return [one.words for one in said]


def test_open_answers_come_a_page_at_a_time_and_of_their_wave_alone(database: Database, vault: Vault) -> None:
    def fill(c: Connection) -> int:
        mine, other = wave_of(c, vault, NOW), wave_of(c, vault, NOW)
        for number in range(5):
            answer(c, vault, mine, {"more": f"كلمة {number}"})
        answer(c, vault, other, {"more": "أخرى"})
        answer(c, vault, mine, {"overall": 5})
        return mine.id

    wave = database.write_now(fill)
    after, found = 0, list[str]()
    for _ in range(4):
        page = database.read_now(
            lambda c, after=after: results.said(c, vault, "harif", wave, "more", after=after, limit=2)
        )
        found += [one.words for one in page]
        after = page[-1].response if page else after
    assert sorted(found) == [f"كلمة {number}" for number in range(5)]
    assert database.read_now(lambda c: results.said(c, vault, "ruhama", wave, "more")) == []


def test_open_answers_are_found_by_whole_words_however_they_are_written(database: Database, vault: Vault) -> None:
    def fill(c: Connection) -> int:
        wave = wave_of(c, vault, NOW)
        for one in (FELT, "تأخر الردّ كثيرًا", "لا شيء"):
            answer(c, vault, wave, {"more": one})
        return wave.id

    wave = database.write_now(fill)
    assert sorted(words(database, vault, wave, searched="الرد")) == sorted([FELT, "تأخر الردّ كثيرًا"])
    assert words(database, vault, wave, searched="الرَّدّ سرعه") == [FELT]
    assert words(database, vault, wave, searched="سرع") == []
    assert words(database, vault, wave, searched="…") == []


def test_a_provider_is_not_shown_what_was_said_of_their_own_cases(database: Database, vault: Vault) -> None:
    def fill(c: Connection) -> int:
        wave = wave_of(c, vault, NOW)
        answer(c, vault, wave, {"more": "عن سارة"}, provider="7")
        answer(c, vault, wave, {"more": "عن هند"}, provider="8")
        return wave.id

    wave = database.write_now(fill)
    assert words(database, vault, wave, not_of="7") == ["عن هند"]
    assert words(database, vault, wave, not_of="7", searched="سارة") == []


def test_an_answer_stands_under_one_theme_and_is_counted_there_with_its_sides(database: Database, vault: Vault) -> None:
    def fill(c: Connection) -> tuple[int, int]:
        wave = wave_of(c, vault, NOW)
        return wave.id, answer(c, vault, wave, {"more": FELT, "overall": 5}, service="training")

    wave, response = database.write_now(fill)

    def put(theme: str, question: str = "more", to: int = wave) -> bool:
        return database.write_now(results.put_under, "harif", to, response, question, theme)

    assert put("speed") and put("speed") and put("thanks")
    assert words(database, vault, wave, tag="thanks") == [FELT]
    assert words(database, vault, wave, tag="") == words(database, vault, wave, tag="speed") == []
    assert database.read_now(results.scores, "harif", [wave])[wave]["#more"] == {"thanks": 1}
    assert database.read_now(results.sides, "harif", wave, "service")["training"]["#more"] == {"thanks": 1}
    assert put("")
    assert "#more" not in database.read_now(results.scores, "harif", [wave])[wave]
    assert not put("speed", "overall"), "a score has no theme"
    assert not put("speed", to=wave + 1)
    assert not database.write_now(results.put_under, "ruhama", wave, response, "more", "speed")


def test_who_took_part_is_counted_and_rates_are_of_those_reached(
    database: Database, vault: Vault, harif: Association
) -> None:
    def fill(c: Connection) -> waves.Wave:
        wave = wave_of(c, vault, NOW)
        answers(c, vault, wave, [5] * 6)
        answers(c, vault, wave, [3] * 2, finished=False)
        answers(c, vault, wave, [1], source="field", invited=False)
        asked(c, wave, invited=7, declined=1, failed=4, waiting=3)
        return wave

    wave = database.write_now(fill)
    part = database.read_now(finding.found, harif.profile, SURVEY, wave, moment(NOW), False).part
    assert part[:8] == (23, 20, 4, 1, 9, 7, 2, 1)
    assert part.response == 8 / 16
    assert part.completion == 7 / 9


def test_an_answer_that_is_given_again_counts_once(database: Database, vault: Vault) -> None:
    def fill(c: Connection) -> int:
        wave = wave_of(c, vault, NOW)
        id = answer(c, vault, wave, {"way": ["chat", "call"], "overall": 1})
        response = surveys.get(c, "harif", id)
        assert response is not None
        from conversations.surveys.scoring import scored

        given = (("way", ["visit"]), ("overall", 5))
        again = {id: scored(question, value) for id, value in given if (question := SURVEY.question(id))}
        surveys.answer(c, vault, response, again)
        return wave.id

    wave = database.write_now(fill)
    scores = database.read_now(results.scores, "harif", [wave])[wave]
    assert scores["way"] == {"visit": 1, "@answered": 1}
    assert scores["overall"] == {"5": 1}


def test_who_took_part_is_counted_for_good_when_a_wave_is_closed(
    database: Database, vault: Vault, harif: Association
) -> None:
    def fill(c: Connection) -> waves.Wave:
        wave = wave_of(c, vault, NOW, state=waves.RUNNING, done_at=None)
        answers(c, vault, wave, [5] * 6)
        asked(c, wave, invited=3, failed=1, begun=2)
        return wave

    def close(c: Connection) -> None:
        while wave_acts.close_some(c, wave, NOW):
            pass

    wave = database.write_now(fill)
    before = database.read_now(finding.found, harif.profile, SURVEY, wave, moment(NOW), False)
    database.write_now(close)
    kept = database.read_now(results.scores, "harif", [wave.id])[wave.id][results.ASKED]
    assert kept == {"finished": 6, "invited": 3, "failed": 1, "begun": 2}
    database.write_now(lambda c: c.execute(recipients.delete()))
    again = database.read_now(finding.found, harif.profile, SURVEY, wave, moment(NOW), False)
    assert (again.part, again.counted) == (before.part, before.counted), "and not looked for any more"


def test_drafted_skipped_and_coming_waves_have_no_results(database: Database, vault: Vault) -> None:
    def fill(c: Connection) -> int:
        wave_of(c, vault, NOW, state=waves.DRAFTED)
        wave_of(c, vault, NOW, state=waves.SKIPPED)
        wave_of(c, vault, NOW, state=waves.RUNNING, starts=NOW + DAY)
        return wave_of(c, vault, NOW).id

    wave = database.write_now(fill)
    assert [one.id for one in database.read_now(results.run, "harif", NOW)] == [wave]


def test_a_sample_speaks_for_an_unknown_number_and_all_for_themselves(
    database: Database, vault: Vault, harif: Association
) -> None:
    def fill(c: Connection, **more: Any) -> waves.Wave:
        wave = wave_of(c, vault, NOW, **more)
        answers(c, vault, wave, [5] * 8 + [1] * 2)
        return wave

    every, some = (database.write_now(lambda c, m=more: fill(c, **m)) for more in ({}, {"audience": '{"sample":10}'}))
    sure = database.read_now(finding.found, harif.profile, SURVEY, every, moment(NOW), False).counted["overall"]
    unsure = database.read_now(finding.found, harif.profile, SURVEY, some, moment(NOW), False).counted["overall"]
    assert sure.satisfied == (0.8, 0.8, 0.8)
    assert unsure.satisfied == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)


def test_a_wave_of_a_million_answers_is_read_from_its_totals_alone(
    database: Database, vault: Vault, harif: Association
) -> None:
    """As many rows of totals as a large association has; each a count, however great."""

    def fill(c: Connection) -> waves.Wave:
        rows, runs = [], [wave_of(c, vault, NOW) for _ in range(8)]
        groups = [("all", "")] + [(side, str(n)) for side in finding.SIDES for n in range(40)]
        for wave in runs:
            for side, value in groups:
                for question in SURVEY.questions:
                    rows += [(wave.id, question.id, side, value, str(n), 1_000_000) for n in range(1, 6)]
                rows.append((wave.id, surveys.PEOPLE, side, value, surveys.BEGUN, 5_000_000))
        names = ("wave", "question", "segment", "value", "score", "many")
        c.execute(insert(totals), [{"association": "harif", **dict(zip(names, row, strict=True))} for row in rows])
        return runs[0]

    wave = database.write_now(fill)
    asked: list[str] = []

    def read(c: Connection) -> finding.Found:
        event.listen(c, "before_cursor_execute", lambda *about: asked.append(about[2]))
        return finding.found(c, harif.profile, SURVEY, wave, moment(NOW), False, "provider")

    found = database.read_now(read)
    assert found.part.answered == 5_000_000
    assert 0 < len(asked) < 16 and not [one for one in asked if re.search(r"FROM (answers|responses)\b", one)]
