"""The improvement log and the visits: kept sealed, read a page at a time, and tied to the answers they came from."""

from typing import Any

from sqlalchemy import text

from conversations.surveys.scoring import Scored
from storage import improvements, surveys, visits, waves
from storage.database import Database
from storage.ids import new_id
from storage.improvements import COMPLAINT, DONE, OPEN, Improvement, Published, Source
from storage.surveys import Response
from storage.times import DAY
from storage.vault import Vault
from storage.visits import Visit
from storage.waves import Recipient, Wave

NOW = 1_790_000_000_000


def begun(database: Database, vault: Vault, association: str = "harif", **more: Any) -> Improvement:
    one = Improvement(association, new_id(), title="الانتظار طويل", action="شباك ثانٍ", by=1, at=NOW, **more)
    database.write_now(improvements.add, vault, one)
    return one


def wave_of(database: Database, starts: int, survey: str = "periodic") -> Wave:
    span: dict[str, Any] = {"at": starts, "starts": starts, "ends": starts + 14 * DAY}
    wave = Wave("harif", new_id(), "survey", survey, period=f"{new_id()}", state=waves.RUNNING, **span)
    database.write_now(waves.add, None, wave)
    return wave


def answered(database: Database, vault: Vault, wave: Wave, words: str) -> Response:
    def do(connection: Any) -> Response:
        response = Response("harif", new_id(), wave.id, wave.survey, "1", 20_000)
        surveys.begin(connection, response)
        surveys.answer(connection, vault, response, {"words": Scored(words=words, counted=("words",))})
        return response

    return database.write_now(do)


def test_an_improvement_comes_back_as_it_was_kept_and_nothing_is_in_the_clear(database: Database, vault: Vault) -> None:
    one = begun(database, vault, owner=7, due=NOW + DAY, survey="periodic", wave=3, question="overall")
    assert database.read_now(improvements.get, vault, "harif", one.id) == one
    assert database.read_now(improvements.get, vault, "ruhama", one.id) is None
    told = {"ar": Published("قلتم", "فعلنا"), "en": Published("said", "did")}
    changes: dict[str, Any] = {
        "state": DONE, "done_at": NOW, "effect": "قلّ الزحام", "published": told, "published_at": NOW,
    }  # fmt: skip
    changed = database.write_now(lambda c: improvements.change(c, vault, one, **changes))
    assert database.read_now(improvements.get, vault, "harif", one.id) == changed == one._replace(**changes)
    row = database.read_now(
        lambda c: c.execute(text("SELECT title, action, effect, published FROM improvements")).one()
    )
    assert not any(word.encode() in bytes(column) for word in ("الانتظار", "شباك", "الزحام", "فعلنا") for column in row)


def test_the_log_is_read_by_state_a_page_at_a_time(database: Database, vault: Vault) -> None:
    made = [begun(database, vault) for _ in range(3)]
    begun(database, vault, state=DONE, done_at=NOW)
    begun(database, vault, "ruhama")
    first = database.read_now(improvements.listed, vault, "harif", [OPEN], 0, 2)
    assert [one.id for one in first] == [made[2].id, made[1].id]
    rest = database.read_now(improvements.listed, vault, "harif", [OPEN], first[-1].id, 2)
    assert [one.id for one in rest] == [made[0].id]
    assert database.read_now(improvements.counts, "harif") == {OPEN: 3, DONE: 1}
    assert len(database.read_now(improvements.done_between, vault, "harif", NOW, NOW + 1)) == 1
    assert database.read_now(improvements.done_between, vault, "harif", NOW + 1, NOW + 2) == []


def test_only_what_was_published_is_public_newest_first(database: Database, vault: Vault) -> None:
    begun(database, vault)
    told = {"ar": Published("قلتم", "فعلنا")}
    old, new = (begun(database, vault, published=told, published_at=at) for at in (NOW, NOW + DAY))
    assert [one.id for one in database.read_now(improvements.published, vault, "harif")] == [new.id, old.id]
    assert database.read_now(improvements.published, vault, "ruhama") == []


def test_an_answer_knows_what_it_became_and_whose_it_is_where_that_is_known(database: Database, vault: Vault) -> None:
    wave = wave_of(database, NOW)
    named, nobodys = (answered(database, vault, wave, f"سطر\nvoice:{number}") for number in (41, 42))
    person = Recipient("harif", wave.id, 50, 60, state=waves.FINISHED, response=named.id)
    database.write_now(waves.add_recipients, [person])
    assert database.read_now(improvements.whose, "harif", named.id) == (50, 60)
    assert database.read_now(improvements.whose, "harif", nobodys.id) is None
    said = database.read_now(improvements.said, vault, "harif", named.id, "words")
    assert said is not None
    assert (said.words, said.voice, said.value) == ("سطر", ("41",), ["سطر", {"voice": "41"}])
    assert database.read_now(improvements.said, vault, "harif", named.id, "other") is None
    assert database.read_now(improvements.said, vault, "ruhama", named.id, "words") is None
    one = begun(database, vault)
    became = ((one.id, named.id, "improvement"), (one.id, nobodys.id, "improvement"), (9, named.id, COMPLAINT))
    for id, response, kind in became:
        database.write_now(improvements.link, "harif", Source(id, response, "words", kind))
    assert {made.kind for made in database.read_now(improvements.made_of, "harif", named.id, "words")} == {
        "improvement", "complaint",
    }  # fmt: skip
    assert database.read_now(improvements.how_many, "harif", [one.id, 9]) == {one.id: 2, 9: 1}


def test_the_next_wave_is_the_first_later_one_of_the_same_survey_with_answers(database: Database, vault: Vault) -> None:
    mine = wave_of(database, NOW)
    wave_of(database, NOW + DAY)
    answered(database, vault, wave_of(database, NOW + 2 * DAY, "decided"), "كلمة")
    assert database.read_now(improvements.next_wave, "harif", "periodic", mine.id) is None
    later, latest = wave_of(database, NOW + 30 * DAY), wave_of(database, NOW + 60 * DAY)
    for wave in (latest, later):
        answered(database, vault, wave, "كلمة")
    found = database.read_now(improvements.next_wave, "harif", "periodic", mine.id)
    assert found is not None and found.id == later.id


def test_visits_are_read_by_their_day_a_page_at_a_time_and_followed_up_once(database: Database, vault: Vault) -> None:
    def visit(day: int) -> Visit:
        one = Visit("harif", new_id(), "الرياض", "مكتب الروضة", "الانتظار طويل", "شباك ثانٍ", 1, day, NOW)
        database.write_now(visits.add, vault, one)
        return one

    first, second, third = visit(NOW), visit(NOW - DAY), visit(NOW)
    page = database.read_now(visits.listed, vault, "harif", None, 2)
    assert page == [third, first]
    rest = database.read_now(visits.listed, vault, "harif", (page[-1].day, page[-1].id), 2)
    assert rest == [second]
    assert database.write_now(visits.follow, "harif", first.id, NOW)
    assert not database.write_now(visits.follow, "harif", first.id, NOW + 1)
    kept = database.read_now(visits.get, vault, "harif", first.id)
    assert kept == first._replace(followed_at=NOW)
    assert database.read_now(visits.get, vault, "ruhama", first.id) is None
