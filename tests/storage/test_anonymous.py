"""An anonymous survey is anonymous in the database: somebody answers the whole of one on the real front line, and then
every table is searched, opened, for what they said and for the response that holds it.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from conversations.association.association import Association
from conversations.association.load import load_associations
from conversations.association.survey import Audience
from conversations.cases.calendar import here
from storage import audience, waves
from storage.columns import Blind, Sealed, metadata
from storage.database import Database
from storage.ids import new_id
from storage.schema_surveys import answers, responses
from storage.times import DAY, ms
from storage.vault import Vault, VaultError, context
from storage.waves import Wave
from tests.bot.desk import Desk, Paper, Person
from tests.storage.surveyed import SURVEY, with_survey

SECRET = "انتظرت زرافة بنفسجية عند الباب"
ANSWERED = ("answers", "answer_words", "responses", "totals")
"""Where answers may be: of nobody."""
ANONYMOUS = SURVEY.model_copy(update={"anonymous": True, "questions": (SURVEY.questions[0], *SURVEY.questions[3:])})


@pytest.fixture(scope="session")
def harif() -> Association:
    loaded = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    return with_survey(next(one for one in loaded if one.slug == "harif"), ANONYMOUS)


@contextmanager
def line(database: Database, vault: Vault, harif: Association, folder: Path) -> Iterator[Desk]:
    papers = {("harif", name): Paper("harif", name) for name in ("telegram", "whatsapp")}
    rates = dict.fromkeys(papers, 20.0)
    yield Desk(database, vault, {"harif": harif}, folder, papers, rates=rates)


async def invited(desk: Desk, vault: Vault, *handles: str) -> tuple[Wave, list[Person]]:
    """People who were asked, and the wave."""
    people = [Person(desk, handle) for handle in handles]
    for person in people:
        await person.apply()
    now = ms(desk.now)
    wave = Wave(
        "harif", new_id(), "survey", ANONYMOUS.id, period="1448-Q2", state=waves.RUNNING, anonymous=True,
        at=now, starts=now, ends=now + 14 * DAY,
    )  # fmt: skip

    def plan(connection: Connection) -> None:
        waves.add(connection, vault, wave)
        assert audience.fill(connection, wave, Audience(), now) == len(people)

    desk.do(plan)
    await desk.rounds.feed()
    await desk.run()
    return wave, people


async def answers_all(wave: Wave, person: Person) -> None:
    await person.press(f"survey:{wave.id}:yes")
    await person.press(f"sv:{wave.id}:overall:poor")
    await person.press(f"sv:{wave.id}:way:visit")
    if person.where.open is not None and person.where.open.step == "way":
        await person.press(f"sv:{wave.id}:way:done")
    await person.say(SECRET)
    await person.desk.later(seconds=40)


def opened(database: Database, vault: Vault) -> dict[str, list[dict[str, Any]]]:
    """Everything in every table, unsealed, with the bytes of digests left out."""

    def read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        return {
            table.name: [
                {name: _plain(vault, table.c[name].type, table.name, name, row) for name in row}
                for row in connection.execute(select(table)).mappings()
            ]
            for table in metadata.sorted_tables
        }

    return database.read_now(read)


def _plain(vault: Vault, kind: Any, table: str, name: str, row: Any) -> Any:
    value = row[name]
    if isinstance(kind, Blind):
        return value
    if not isinstance(kind, Sealed) or value is None:
        return value
    whose = ("id", "response", "case_id", "conversation", "beneficiary", "staff")
    for id in (*(row[key] for key in whose if row.get(key) is not None), 0):
        for place in (row.get("association") or "house", "house", ""):
            try:
                return vault.open(value, context(f"{table}.{name}", place, id)).decode("utf-8", "replace")
            except (VaultError, ValueError):
                continue
    raise AssertionError(f"{table}.{name} could not be opened: what is in it was not searched")


def test_what_was_answered_stands_nowhere_beside_who_answered_it(
    database: Database, vault: Vault, harif: Association, tmp_path: Path
) -> None:
    async def play() -> int:
        with line(database, vault, harif, tmp_path) as desk:
            wave, people = await invited(desk, vault, "7001", "7002")
            for person in people:
                await answers_all(wave, person)
                assert "شكرًا" in person.told[-1], person.told
                assert person.where.open is None
            await desk.later(hours=1)
            return wave.id

    wave = asyncio.run(play())
    found = opened(database, vault)
    responses = {row["id"] for row in found["responses"]}
    assert len(responses) == 2
    said = {(row["question"], row["score"], row["choice"], row["words"]) for row in found["answers"]}
    assert said == {("overall", 1, "", None), ("way", None, "visit", None), ("more", None, "", SECRET)}

    linked, heard = [], []
    for table, rows in found.items():
        for row in rows if table not in ANSWERED else ():
            values = [(name, value) for name, value in row.items() if value is not None]
            linked += [(table, name) for name, value in values if value in responses or _names(value, responses)]
            heard += [(table, name) for name, value in values if isinstance(value, str) and _tells(value)]
    assert linked == [], "no key of a response beside a person"
    assert heard == [], "nothing of an answer beside a person"
    assert [(row["state"], row["response"], row["wave"]) for row in found["recipients"]] == [
        (waves.FINISHED, None, wave)
    ] * 2


def _names(value: Any, responses: set[int]) -> bool:
    return isinstance(value, str) and any(str(id) in value for id in responses)


def _tells(value: str) -> bool:
    """Their words, or a button they pressed: not a question with all of its buttons."""
    words = [word for word in SECRET.split() if len(word) > 4]
    pressed = {button for button in ("poor", "good", "visit", "chat") if re.search(rf":{button}(?!\w)", value)}
    return any(word in value for word in words) or pressed in ({"poor"}, {"visit"})


def test_the_transcript_holds_a_mask_for_each_answer(
    database: Database, vault: Vault, harif: Association, tmp_path: Path
) -> None:
    async def play() -> tuple[list[str], str]:
        with line(database, vault, harif, tmp_path) as desk:
            wave, (person,) = await invited(desk, vault, "7001")
            await answers_all(wave, person)
            return [str(event) for event in desk.heard("7001")], harif.wording["ar"]("survey.unkept")

    heard, mask = asyncio.run(play())
    assert not any(_tells(one) for one in heard), heard
    assert sum(mask in one for one in heard) >= 3, heard


def test_a_half_is_kept_sealed_in_its_conversation_and_counted_nowhere(
    database: Database, vault: Vault, harif: Association, tmp_path: Path
) -> None:
    async def play() -> None:
        with line(database, vault, harif, tmp_path) as desk:
            wave, (person,) = await invited(desk, vault, "7001")
            await person.press(f"survey:{wave.id}:yes")
            await person.press(f"sv:{wave.id}:overall:poor")
            assert person.where.open is not None
            assert person.where.open.answers == {"overall": 1}

    asyncio.run(play())
    found = opened(database, vault)
    assert [found[table] for table in ANSWERED] == [[], [], [], []]
    assert [row["state"] for row in found["recipients"]] == [waves.BEGUN]


def test_neither_the_order_of_responses_nor_their_day_nor_when_a_person_finished_tells_whose_they_are(
    database: Database, vault: Vault, harif: Association, tmp_path: Path
) -> None:
    async def play() -> None:
        with line(database, vault, harif, tmp_path) as desk:
            wave, people = await invited(desk, vault, "7001", "7002", "7003")
            for person in people:
                await answers_all(wave, person)
                await desk.later(minutes=11)

    asyncio.run(play())
    found = opened(database, vault)
    assert len({row["day"] for row in found["responses"]}) == 1
    assert {row["settled_at"] for row in found["recipients"]} == {None}, "not even the day, which their response has"
    times = {name for row in found["responses"] for name in row if name.endswith("at")}
    assert times == set()


@pytest.mark.parametrize("when", ["by night", "once it is over"])
def test_nor_the_transaction_that_wrote_an_answer_nor_where_it_lies(
    database: Database, vault: Vault, harif: Association, tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        pytest.skip("keeps neither")
    monkeypatch.setattr("storage.blending.PART", 4)
    seen: list[dict[str, set[str]]] = []
    held: list[dict[str, list[tuple[Any, ...]]]] = []

    async def play() -> None:
        with line(database, vault, harif, tmp_path) as desk:
            wave, people = await invited(desk, vault, *(str(7001 + number) for number in range(6)))
            for person in people:
                await answers_all(wave, person)
            for hours in (0, 14 * 24 if when == "once it is over" else 17):
                desk.now += timedelta(hours=hours)
                if hours:
                    assert when != "by night" or here(desk.now).hour == 3
                    await desk.rounds.planner.plan()
                    await desk.rounds.planner.work()
                seen.append(database.read_now(_written_by))
                held.append(database.read_now(_answers))

    asyncio.run(play())
    before, after = seen
    people = before["recipients"]
    for table in ANSWERED:
        assert before[table] & people, "as it is written, its transaction tells"
        assert len(after[table]) <= 2 and not after[table] & (people | after["recipients"]), table
    assert sorted(held[0]["answers"]) == held[1]["answers"] and sorted(held[0]["responses"]) == held[1]["responses"]
    assert len(held[1]["responses"]) == 6


def _written_by(connection: Connection) -> dict[str, set[str]]:
    """The transactions of a table's rows."""
    query = "SELECT DISTINCT xmin::text FROM {}"
    return {name: set(connection.scalars(text(query.format(name)))) for name in ("recipients", *ANSWERED)}


def _answers(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """As they lie, the key of each in front."""
    lies = text("ctid")
    tables = (responses, answers)
    return {one.name: [tuple(row) for row in connection.execute(select(one).order_by(lies))] for one in tables}
