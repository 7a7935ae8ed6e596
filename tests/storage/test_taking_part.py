"""What a person answered by name is in their copy and goes with them; what they answered anonymously is nobody's."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from conversations.surveys.scoring import Scored
from storage import people, personal, personal_copy, surveys, waves
from storage.database import Database
from storage.ids import new_id
from storage.person import Person
from storage.personal import Kept
from storage.schema_surveys import answer_words, recipients
from storage.surveys import Response
from storage.times import DAY
from storage.vault import Vault
from storage.waves import Recipient, Wave
from tests.storage.people import NOW, Somebody, places_of, settle, store


@pytest.fixture
def noura(database: Database, vault: Vault, tmp_path: Path) -> Somebody:
    return settle(database, vault, store(tmp_path, vault), "noura", "+966500000001")


@pytest.fixture
def salem(database: Database, vault: Vault, tmp_path: Path) -> Somebody:
    return settle(database, vault, store(tmp_path, vault), "salem", "+966500000002")


def wave_of(database: Database, anonymous: bool = False) -> Wave:
    wave = Wave("harif", new_id(), "survey", "periodic", period=f"{new_id()}", state=waves.RUNNING, anonymous=anonymous,
                at=NOW, starts=NOW, ends=NOW + 14 * DAY)  # fmt: skip
    database.write_now(waves.add, None, wave)
    return wave


def answer(database: Database, vault: Vault, who: Somebody, wave: Wave) -> Response:
    """Five of five, and words."""

    def do(connection: Any) -> Response:
        id = surveys.random_id() if wave.anonymous else new_id()
        response = Response("harif", id, wave.id, wave.survey, "1", 20_000)
        surveys.begin(connection, response)
        given = {"overall": Scored(5, counted=("5",)), "more": Scored(words=f"{who.word} opinion", counted=("words",))}
        surveys.answer(connection, vault, response, given)
        surveys.finish(connection, response)
        one = Recipient("harif", wave.id, who.conversation, who.beneficiary, state=waves.FINISHED, at=NOW,
                        response=None if wave.anonymous else id)  # fmt: skip
        waves.add_recipients(connection, [one])
        return response

    return database.write_now(do)


def erase(database: Database, vault: Vault, who: Somebody) -> personal.Erased:
    def do(connection: Any) -> personal.Erased:
        return personal.erase_person(connection, vault, "harif", Person(who.beneficiary), who="staff:1", now=NOW + DAY)

    return database.write_now(do)


def totals(database: Database, wave: Wave) -> set[tuple[str, str, int]]:
    return {(one.question, one.score, one.many) for one in database.read_now(surveys.totals_of, "harif", [wave.id])}


def test_the_copy_holds_what_was_answered_by_name_and_says_that_the_rest_cannot_be_found(
    database: Database, vault: Vault, noura: Somebody, salem: Somebody
) -> None:
    named, anonymous = wave_of(database), wave_of(database, anonymous=True)
    for who in (noura, salem):
        answer(database, vault, who, named)
        answer(database, vault, who, anonymous)
    copy = database.read_now(personal_copy.export_person, vault, "harif", Person(noura.beneficiary))
    by_name, nameless = copy["surveys"]
    assert by_name["answers"] == {"overall": 5, "more": "noura opinion"}
    assert (nameless["anonymous"], nameless["answers"], nameless["state"]) == (True, {}, "finished")
    assert "salem" not in str(copy)


def test_erasing_somebody_takes_their_words_and_the_link_and_leaves_the_count(
    database: Database, vault: Vault, noura: Somebody, salem: Somebody
) -> None:
    wave = wave_of(database)
    answer(database, vault, noura, wave)
    answer(database, vault, salem, wave)
    before = totals(database, wave)
    assert "answers.words" in places_of(noura, database, vault)
    erased = erase(database, vault, noura)
    assert "answers.words" not in places_of(noura, database, vault)
    assert "answers.words" in places_of(salem, database, vault)
    assert totals(database, wave) == before
    one = database.read_now(waves.recipient, "harif", wave.id, noura.conversation)
    assert one is not None
    assert (one.beneficiary, one.case_id, one.response, one.state) == (None, None, None, waves.FINISHED)
    assert database.read_now(lambda c: c.scalar(select(func.count()).select_from(answer_words))) == 2, "salem's"
    assert Kept("anonymous_answers") not in erased.kept


def test_what_was_anonymous_stays_and_it_is_said(database: Database, vault: Vault, noura: Somebody) -> None:
    answer(database, vault, noura, wave_of(database, anonymous=True))
    assert Kept("anonymous_answers") in erase(database, vault, noura).kept
    assert "answers.words" in places_of(noura, database, vault)


def test_who_is_erased_before_they_were_asked_is_not_asked(database: Database, vault: Vault, noura: Somebody) -> None:
    wave = wave_of(database)
    one = Recipient("harif", wave.id, noura.conversation, noura.beneficiary, channel="whatsapp", due=NOW)
    database.write_now(waves.add_recipients, [one])
    erase(database, vault, noura)
    assert database.write_now(waves.claim, "harif", wave.id, "whatsapp", NOW + DAY, NOW + DAY, 9) == []


def test_one_persons_addresses_joined_and_parted_take_their_invitations_along(
    database: Database, vault: Vault, noura: Somebody, salem: Somebody
) -> None:
    wave = wave_of(database)
    answer(database, vault, salem, wave)

    def whose() -> int | None:
        r = recipients.c
        found: int | None = database.read_now(
            lambda c: c.scalar(select(r.beneficiary).where(r.conversation == salem.conversation))
        )
        return found

    database.write_now(people.join, vault, "harif", noura.beneficiary, salem.beneficiary, NOW)
    assert whose() == noura.beneficiary
    fresh = database.write_now(people.part, vault, "harif", salem.conversation, NOW)
    assert whose() == fresh
