"""A survey by name in the chat, as the desk sees it: what was answered, and what becomes of it when it is stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot import surveys as acts
from conversations.association.association import Association
from conversations.association.survey import Audience
from conversations.effects import SurveyAnswered
from storage import audience, waves
from storage.schema import cases, files
from storage.schema_surveys import answers as answers_table
from storage.times import ms
from storage.waves import Wave
from tests.bot.forum import OGG
from tests.desk.asked import wave_of
from tests.desk.broadcasting import feed, known
from tests.desk.house import House, Person, words_of

RUDE = "من سلّمني الخدمة كان فظًّا"


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    made = House(associations, tmp_path)
    yield made
    made.close()


def invited(house: House, *handles: str) -> tuple[Wave, list[Person]]:
    """People who were asked about what they received, by name."""
    people = [known(house, handle, agreed=("case", "survey"), case=True) for handle in handles]
    wave = wave_of(house, "delivered")
    house.do(lambda connection: audience.fill(connection, wave, Audience(), ms(house.now)))
    feed(house)
    return wave, people


def answers(person: Person, wave: Wave, *given: str) -> None:
    person.does(person.press(f"survey:{wave.id}:yes"))
    for one in given:
        person.does(person.press(f"sv:{wave.id}:{one}"))


def test_whoever_holds_the_case_does_not_read_what_its_person_thinks_of_them(house: House) -> None:
    wave, (person,) = invited(house, "7001")
    holder = house.worker("relations_officer", name="holder")
    house.do(lambda connection: connection.execute(update(cases).values(holder=holder.id)))
    answers(person, wave, "as_said:no", "lack:late", "lack:done", "courtesy:poor", "overall:poor")
    person.does(person.say(RUDE))
    house.later(seconds=60)
    page = words_of(holder.get(f"/conversation/{person.id}").text)
    for told in (RUDE, "غير راضين", "تأخّرت", "لم يكن كما قلنا", "ونأسف أن الخدمة"):
        assert told not in page, told
    assert "(جواب عن استبيان، لا يظهر هنا)" in page
    assert kept(house) == ["as_said", "courtesy", "lack", "overall", "words"]


def test_a_voice_given_to_a_survey_is_heard_in_the_results_alone(house: House) -> None:
    wave, (person,) = invited(house, "7001")
    answers(person, wave, "as_said:yes", "courtesy:good", "overall:good")
    person.does(person.file(OGG, "voice.ogg", "voice"))
    house.later(seconds=60)
    file = house.ask(lambda connection: connection.scalar(select(files.c.state)))
    assert file == "ready"
    keeper = house.worker("relations_officer")
    page = keeper.get(f"/conversation/{person.id}").text
    assert f"/conversation/{person.id}/file/" not in page
    for seq in range(1, 40):
        answer = keeper.get(f"/conversation/{person.id}/file/{seq}")
        assert answer.status_code == 404, seq


def stopped(house: House, wave: Wave) -> None:
    chief = house.worker("management")
    assert chief.post(f"/surveys/{wave.id}/abort", sure="yes").status_code == 200


def kept(house: House) -> list[str]:
    return sorted(house.ask(lambda connection: list(connection.scalars(select(answers_table.c.question)))))


def test_once_a_wave_is_stopped_nobody_begins_it_and_nothing_more_is_counted(house: House) -> None:
    wave, (begun, fresh) = invited(house, "7001", "7002")
    answers(begun, wave, "as_said:yes")
    stopped(house, wave)
    fresh.does(fresh.press(f"survey:{wave.id}:yes"))
    assert "انتهى هذا الاستبيان" in fresh.told[-1] and fresh.where.open is None
    begun.does(begun.press(f"sv:{wave.id}:courtesy:good"))
    assert "انتهى هذا الاستبيان" in begun.told[-1] and begun.where.open is None
    assert kept(house) == ["as_said"]


def test_what_comes_in_as_a_wave_is_stopped_is_dropped(house: House) -> None:
    """Decided before anybody knew: the answer is on its way as the wave ends."""
    wave, (person,) = invited(house, "7001")
    answers(person, wave, "as_said:yes")
    stopped(house, wave)
    effect = SurveyAnswered(wave=str(wave.id), survey="delivered", answers={"courtesy": 5})
    harif = house.associations["harif"]
    house.do(acts.heard, house.vault, harif, effect, person.id, "ar", house.now)
    assert kept(house) == ["as_said"]
    assert house.ask(lambda connection: waves.counts(connection, "harif", wave.id)) == {"begun": 1}


def test_whoever_was_at_it_when_its_wave_ended_hears_so_at_their_next_words(house: House) -> None:
    wave, (person,) = invited(house, "7001")
    answers(person, wave, "as_said:yes")
    stopped(house, wave)
    house.run(house.line.rounds.planner.work())
    house.later(minutes=30)
    before = len(person.told)
    person.does(person.say("راضين"))
    assert "انتهى هذا الاستبيان" in person.told[-1] and len(person.told) == before + 1
    assert kept(house) == ["as_said"]
