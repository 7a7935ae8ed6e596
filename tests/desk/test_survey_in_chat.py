"""A survey by name in the chat, as the desk sees it: what was answered, and what becomes of it when it is stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from conversations.association.association import Association
from conversations.association.survey import Audience
from storage import audience
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
    kept = house.ask(lambda connection: list(connection.scalars(select(answers_table.c.question))))
    assert set(kept) == {"as_said", "lack", "courtesy", "overall", "words"}


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
