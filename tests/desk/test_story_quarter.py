"""A quarter's survey, from the invitation that goes by itself to the printed report, in each association."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.bench import dialogue
from conversations.association.load import load_associations
from conversations.surveys.scoring import WORDS
from storage import surveys, waves, world
from storage.consents import Consent, log
from storage.ids import new_id
from storage.schema import cases, conversations
from storage.schema_surveys import waves as waves_table
from storage.times import moment, ms
from storage.waves import Wave
from tests.bot.asking import tick
from tests.desk.house import House, Person

SLUGS = [association.slug for association in load_associations(dialogue.ASSOCIATIONS)]
PEOPLE = 7
WISH = "نتمنى أن يكون الرد أسرع من هذا"


def served(house: House, slug: str, handle: str) -> Person:
    """Somebody who was served, and agreed to be asked."""
    person = house.person(handle, association=slug)
    person.does(person.say("السلام عليكم"))

    def do(connection: Any) -> None:
        c = conversations.c
        whose = connection.scalar(select(c.beneficiary).where(c.id == person.id))
        connection.execute(
            insert(cases).values(
                association=slug, id=new_id(), reference=f"X-{handle}", kind="request", stage="closed",
                beneficiary=whose, conversation=person.id, opened_at=ms(house.now), closed_at=ms(house.now),
                updated=ms(house.now),
            )
        )  # fmt: skip
        known = world.facts_of(connection, house.vault, slug, [whose]).get(whose, world.Facts())
        agreed = world.Beneficiary(slug, whose, known.facts, {**known.consents, "survey": True})
        world.save_beneficiaries(connection, house.vault, [agreed], ms(house.now))
        log(connection, [Consent(slug, person.id, whose, "survey", True, "1", "telegram", "", ms(house.now))])

    house.do(do)
    return person


def wave_of(house: House, slug: str) -> Wave | None:
    w = waves_table.c
    query = select(*(w[name] for name in Wave._fields)).where(w.association == slug, w.survey == "periodic")
    found = house.ask(lambda connection: connection.execute(query.where(w.state != waves.SKIPPED)).first())
    return Wave._make(found) if found else None


def wait_for(house: House, slug: str, state: str) -> Wave:
    """The days until the next thing of the wave go by, and the rounds with them; nobody presses anything."""
    for _ in range(120):
        house.run(tick(house.line))
        wave = wave_of(house, slug)
        if wave is None:
            house.line.now += timedelta(days=1)
            continue
        if wave.state == state:
            return wave
        house.line.now = moment(wave.starts if wave.state == waves.PLANNED else wave.ends) + timedelta(minutes=5)
    raise AssertionError(f"never {state}")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_quarters_survey_runs_by_itself_from_the_invitation_to_a_printed_report(house: House, slug: str) -> None:
    people = [served(house, slug, str(7001 + number)) for number in range(PEOPLE)]
    survey = house.associations[slug].profile.survey("periodic")
    assert survey is not None and survey.anonymous
    wave = wait_for(house, slug, waves.RUNNING)
    house.settle()
    assert all("رأيكم حقّ لكم" in person.told[-1] for person in people), "each was invited, and told that it is a right"

    for number, person in enumerate(people):
        person.does(person.press(f"survey:{wave.id}:yes"))
        for question in survey.questions:
            if question.kind == "words":
                person.does(person.say(WISH))
                house.later(seconds=30)
            elif question.kind == "recommend":
                person.does(person.say("١٠"))
            else:
                option = "poor" if number == 0 else "good"
                person.does(person.press(f"sv:{wave.id}:{question.id}:{option}"))
    assert "شكواكم" in people[0].told[-1] and "شكرًا لكم" in people[1].told[-1]
    assert house.ask(waves.counts, slug, wave.id) == {"finished": PEOPLE}
    totals = {(one.question, one.score): one.many for one in house.ask(surveys.totals_of, slug, [wave.id])}
    first = survey.questions[0].id
    assert (totals[first, "5"], totals[first, "1"]) == (PEOPLE - 1, 1)
    assert totals[survey.questions[-1].id, WORDS] == PEOPLE
    assert not [line for person in people for line in person.told if WISH in line]

    assert wait_for(house, slug, waves.DONE).id == wave.id
    manager = house.worker("management", association=slug)
    page = manager.text(f"/results/{wave.id}")
    assert survey.title.ar in page and WISH in manager.text(f"/results/{wave.id}/words")
    paper = manager.get(f"/results/{wave.id}/report.pdf")
    assert paper.status_code == 200 and paper.content.startswith(b"%PDF") and len(paper.content) > 5000
