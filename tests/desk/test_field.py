"""Staff ask on site: into the same wave, with their source; nobody named where nobody was to be."""

import re
from typing import Any

import pytest
from sqlalchemy import select, update

from storage import case_lists, personal_copy, surveys, waves
from storage.person import whose
from storage.schema import cases
from storage.schema_surveys import answers, recipients, responses
from storage.times import DAY, ms
from tests.desk.asked import wave_of
from tests.desk.house import House, Person

GOOD = {"source": "interview", "effort": "5", "overall": "good", "words": "جزاكم الله خيرًا"}


def rows(house: House, table: Any) -> list[Any]:
    return list(house.ask(lambda c: c.execute(select(table)).all()))


@pytest.fixture
def noura(house: House) -> Person:
    person = house.person("7001")
    person.does(person.apply())
    return person


@pytest.fixture
def reference(house: House, noura: Person) -> str:
    (row,) = rows(house, cases)
    return str(row.reference)


def test_answers_entered_on_site_count_in_the_same_wave_with_their_source(house: House) -> None:
    wave = wave_of(house)
    worker = house.worker("relations_officer")
    assert "بعد البتّ" in worker.text("/field")
    page = worker.post(f"/field/{wave.id}", service="training", branch="الرياض", **GOOD)
    assert page.status_code == 200 and "حُفظت الإجابات" in page.text
    (response,) = rows(house, responses)
    assert (response.source, response.staff, response.finished, response.branch) == (
        "interview",
        worker.id,
        True,
        "الرياض",
    )
    found = {(one.question, one.score): one.many for one in house.ask(surveys.totals_of, "harif", [wave.id])}
    assert found == {
        ("@responses", "begun"): 1, ("@responses", "finished"): 1, ("effort", "5"): 1, ("overall", "5"): 1,
        ("words", "words"): 1,
    }  # fmt: skip
    assert rows(house, recipients) == []
    assert ("survey.entered", f"wave:{wave.id}") in {(act, subject) for _, act, subject, _ in house.acts()}


def test_in_an_anonymous_wave_nobody_is_named_even_where_a_number_is_typed(house: House, reference: str) -> None:
    wave = wave_of(house, anonymous=True)
    worker = house.worker("relations_officer")
    assert 'name="reference"' not in worker.get(f"/field/{wave.id}").text.partition("<details")[0]
    worker.post(f"/field/{wave.id}", reference=reference, **GOOD)
    (response,) = rows(house, responses)
    assert (response.provider, response.category, response.service) == ("", "", "")
    assert rows(house, recipients) == []
    assert all(str(response.id) not in subject + detail for _, _, subject, detail in house.acts())


def test_by_their_number_the_answers_are_theirs_and_nobody_asks_them_again(
    house: House, noura: Person, reference: str
) -> None:
    wave = wave_of(house)
    worker = house.worker("relations_officer")
    assert worker.post(f"/field/{wave.id}", reference=reference, **GOOD).status_code == 200
    (response,), (one,) = rows(house, responses), rows(house, recipients)
    assert (one.response, one.conversation, one.due) == (response.id, noura.id, None)
    assert response.service, "the service of their request"
    person = house.ask(whose, house.vault, "harif", reference)
    copy = house.ask(personal_copy.export_person, house.vault, "harif", person)
    assert copy["surveys"][0]["answers"]["words"] == "جزاكم الله خيرًا"
    again = worker.post(f"/field/{wave.id}", reference=reference, **GOOD)
    assert again.status_code == 409 and len(rows(house, responses)) == 1


def test_whoever_has_the_case_does_not_enter_what_is_said_of_it(house: House, reference: str) -> None:
    wave = wave_of(house)
    holder, other = house.worker("relations_officer"), house.worker("social_researcher")
    (case,) = rows(house, cases)
    house.do(case_lists.assign, "harif", case.id, holder.id)
    refused = holder.post(f"/field/{wave.id}", reference=reference, **GOOD)
    assert refused.status_code == 409 and rows(house, responses) == []
    assert "جزاكم الله" in refused.text, "what was typed stays"
    assert other.post(f"/field/{wave.id}", reference=reference, **GOOD).status_code == 200
    assert rows(house, responses)[0].provider == str(holder.id)


def test_bad_input_is_said_in_its_place_and_nothing_is_kept(house: House) -> None:
    wave = wave_of(house)
    worker = house.worker("relations_officer")
    wrong: list[dict[str, str]] = [
        {"source": "field", "effort": "بنفسجي"},
        {"source": "field"},
        {"source": "other", "effort": "5"},
        {"source": "field", "effort": "5", "reference": "HRF-22222-22222"},
    ]
    for fields in wrong:
        assert worker.post(f"/field/{wave.id}", **fields).status_code == 422, fields
    assert rows(house, responses) == [] and rows(house, answers) == []


def test_a_wave_that_is_over_takes_nothing_and_is_not_offered(house: House) -> None:
    over, planned = wave_of(house, days=20), wave_of(house, state=waves.PLANNED)
    worker = house.worker("relations_officer")
    assert "لا استبيان مفتوحًا" in worker.text("/field")
    for wave in (over, planned):
        assert worker.post(f"/field/{wave.id}", **GOOD).status_code == 404


def test_a_code_opens_the_survey_of_the_person_who_stands_there(house: House, noura: Person, reference: str) -> None:
    wave = wave_of(house, anonymous=True)
    worker = house.worker("branch_delegate")
    page = worker.post(f"/field/{wave.id}/code", reference=reference)
    assert page.status_code == 200 and "data:image/svg" in page.text
    link = re.search(r"http://desk\.example(/harif/survey/[\w-]{34})", page.text)
    assert link
    from tests.desk.test_survey_page import Pages

    pages = Pages(house)
    assert "لا نسجّل اسمكم" in pages.client.get(link[1]).text
    (one,) = rows(house, recipients)
    assert (one.state, one.at, one.due) == (waves.INVITED, ms(house.now), None)
    assert one.at < ms(house.now) + DAY


def test_who_was_waiting_to_be_invited_and_answered_on_site_is_not_invited(
    house: House, noura: Person, reference: str
) -> None:
    wave = wave_of(house)
    (case,) = rows(house, cases)
    waiting = waves.Recipient("harif", wave.id, noura.id, case.beneficiary, case.id, "telegram", due=ms(house.now))
    house.do(waves.add_recipients, [waiting])
    house.do(lambda c: c.execute(update(recipients).values(state=waves.WAITING)))
    house.worker("relations_officer").post(f"/field/{wave.id}", reference=reference, **GOOD)
    (one,) = rows(house, recipients)
    assert (one.state, one.why, one.due) == (waves.PASSED, "field", None)
