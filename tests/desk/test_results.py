"""What surveys found, at the desk: who may see what of it, and what nobody may see."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from conversations.arabic.normalise import ascii_digits
from conversations.association.association import Association
from conversations.rights import WORKER_ROLES
from storage import files, results, waves
from storage.ids import new_id
from storage.times import ms
from storage.waves import Wave
from tests.desk.house import Browser, House
from tests.storage.surveyed import SURVEY, answer, answers, asked, wave_of, with_survey


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    made = House({**associations, "harif": with_survey(associations["harif"])}, tmp_path, ("harif", "ruhama"))
    yield made
    made.close()


def held(house: House, fill: Callable[[Connection, Wave], Any] | None = None, **more: Any) -> int:
    """A wave with what `fill` says, and ten people who did not answer; its id."""

    def do(connection: Connection) -> int:
        wave = wave_of(connection, house.vault, ms(house.now), **more)
        asked(connection, wave, invited=10)
        if fill is not None:
            fill(connection, wave)
        return wave.id

    return int(house.do(do))


def scored(house: House, *groups: tuple[dict[str, str], list[int]]) -> Callable[[Connection, Wave], None]:
    def fill(connection: Connection, wave: Wave) -> None:
        for sides, given in groups:
            answers(connection, house.vault, wave, given, **sides)

    return fill


def rows(browser: Browser, wave: int) -> list[dict[str, str]]:
    answer = browser.get(f"/results/{wave}/figures.csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


# --- who may see -----------------------------------------------------------------------------------------------------


def test_every_member_sees_the_results_and_only_some_what_people_wrote(house: House) -> None:
    wave = held(house, scored(house, ({}, [5] * 6)))
    reading = set()
    for role in WORKER_ROLES:
        worker = house.worker(role)
        assert worker.get("/results").status_code == worker.get(f"/results/{wave}").status_code == 200, role
        assert "النتائج" in worker.text("/policy" if role != "administrator" else "/results")
        if worker.get(f"/results/{wave}/words").status_code == 200:
            reading.add(role)
    assert reading == {"management", "follow_up_committee"}


def test_a_wave_of_another_association_a_broadcast_and_a_draft_are_not_found(house: House) -> None:
    wave = held(house, scored(house, ({}, [5] * 6)))
    draft = held(house, state=waves.DRAFTED)
    broadcast = held(house, kind="broadcast")
    mine, other = house.worker("management"), house.worker("management", association="ruhama")
    assert mine.get(f"/results/{wave}").status_code == 200
    assert other.get(f"/results/{wave}").status_code == 404
    for id in (draft, broadcast, 1):
        for path in ("", "/words", "/figures.csv", "/figures.json", "/figures.xlsx", "/report.pdf"):
            assert mine.get(f"/results/{id}{path}").status_code == 404, path


def test_before_the_first_wave_the_page_says_what_will_appear(house: House) -> None:
    assert "لم تبدأ له دورة بعد" in house.worker("committee").text("/results")


# --- what it says ----------------------------------------------------------------------------------------------------


def test_a_wave_is_told_by_satisfaction_ease_recommendation_and_each_answer(house: House) -> None:
    def fill(connection: Connection, wave: Wave) -> None:
        for number in range(10):
            given = {"overall": 5 if number < 8 else 1, "ease": 4, "tell": 10 if number < 5 else 7 if number < 8 else 0}
            answer(connection, house.vault, wave, {**given, "way": ["chat", "call"]})

    wave = held(house, fill, audience='{"sample":20}')
    told = ascii_digits(house.worker("committee").text(f"/results/{wave}"))
    assert "80٪ الرضا (CSAT) بين 49٪ و94٪" in told
    assert "4.0 من 5 السهولة (CES)" in told.replace("٫", ".")
    assert re.search(r"\+30\W+التوصية \(NPS\)", told)
    assert "50٪ نسبة الاستجابة" in told
    assert "المراسلة 10 100٪" in told and "الحضور إلى المكتب 0 0٪" in told


def test_each_measure_is_defined_where_it_stands_by_pointer_and_by_keyboard(house: House) -> None:
    def fill(connection: Connection, wave: Wave) -> None:
        for _ in range(6):
            answer(connection, house.vault, wave, {"overall": 5, "ease": 5, "tell": 9})

    wave = held(house, fill)
    html = house.worker("committee", language="en").get(f"/results/{wave}").text
    for said in ("one of the two best answers of five", "from 1 (very hard)", "9 or 10 less the share"):
        assert len(re.findall(rf'<summary title="[^"]*{re.escape(said)}', html)) == 1
        assert len(re.findall(rf"<p class=\"soft\">[^<]*{re.escape(said)}", html)) == 1


def test_where_people_stop_is_said_question_by_question(house: House) -> None:
    def fill(connection: Connection, wave: Wave) -> None:
        for number in range(8):
            done = number < 5
            given = {"overall": 5, **({"ease": 5, "tell": 9} if done else {})}
            answer(connection, house.vault, wave, given, finished=done)

    wave = held(house, fill)
    told = ascii_digits(house.worker("committee").text(f"/results/{wave}"))
    assert "الرضا عمومًا 8 8 0" in told
    assert "السهولة 5 5 3" in told
    assert "الوسيلة 5 0 0" in told, "skipped, and not stopped at"


def test_the_waves_stand_beside_each_other(house: House) -> None:
    for number, score in enumerate(([5] * 5, [5] * 4 + [1] * 6, [1] * 4)):
        held(house, scored(house, ({}, score)), period=f"1447-Q{number + 1}", at=ms(house.now) - 1000 + number)
    last = held(house, scored(house, ({}, [5] * 9 + [1])), period="1447-Q4")
    worker = house.worker("committee")
    html = worker.get(f"/results/{last}").text
    chart = html[html.index("<polyline") : html.index("</polyline>")]
    assert chart.count(",") == 3, "three points: one wave has fewer than five answers"
    overview = ascii_digits(worker.text("/results"))
    assert all(f"الربع {quarter} من 1447" in overview for quarter in range(1, 5))
    assert "90٪" in overview and "40٪" in overview


# --- what nobody sees ------------------------------------------------------------------------------------------------


def test_under_five_answers_nothing_is_told_but_who_took_part(house: House) -> None:
    wave = held(house, scored(house, ({"service": "training"}, [1] * 4)))
    manager = house.worker("management")
    for path in (f"/results/{wave}", f"/results/{wave}?by=service", "/results"):
        assert "الرضا (CSAT) بين" not in manager.text(path)
        assert "غير راضين" not in manager.text(path)
    assert "لا تُعرض نتائج من أقل من ٥ إجابات" in manager.text(f"/results/{wave}")
    assert rows(manager, wave) == []
    house.do(answers, house.vault, house.ask(waves.get, "harif", wave), [1])
    assert rows(manager, wave) != []


def test_a_question_that_four_answered_is_not_told(house: House) -> None:
    def fill(connection: Connection, wave: Wave) -> None:
        answers(connection, house.vault, wave, [5] * 4)
        for _ in range(4):
            answer(connection, house.vault, wave, {"ease": 1})

    wave = held(house, fill)
    assert {row["السؤال"] for row in rows(house.worker("management"), wave)} == set()


def test_no_filter_isolates_fewer_than_five_nor_does_subtracting(house: House) -> None:
    groups = (("training", [5] * 20), ("marketing", [3] * 9), ("exhibition", [1] * 4))
    wave = held(house, scored(house, *(({"service": one}, given) for one, given in groups)))
    manager = house.worker("management")
    told = [row for row in rows(manager, wave) if row["الجانب"] == "service"]
    assert {row["رمز المجموعة"] for row in told} == {"training"}
    page = manager.get(f"/results/{wave}?by=service").text
    assert "of=training" in page and "of=marketing" not in page and "of=exhibition" not in page
    assert "ولا ما يُعرف به عددها بالطرح" in page
    whole = manager.text(f"/results/{wave}")
    for hidden in ("marketing", "exhibition", "nonsense"):
        assert manager.text(f"/results/{wave}?of={hidden}") == whole
        filtered = manager.text(f"/results/{wave}?by=service&of={hidden}")
        assert filtered == manager.text(f"/results/{wave}?by=service")
    assert "أجاب ٢٠ شخصًا" in manager.text(f"/results/{wave}?by=service&of=training")


def test_while_a_wave_runs_its_whole_is_managements_and_its_sides_are_nobodys(house: House) -> None:
    wave = held(house, scored(house, ({"service": "training"}, [5] * 8)), ended=False)
    manager, officer = house.worker("management"), house.worker("relations_officer")
    assert "الرضا (CSAT) بين" in manager.text(f"/results/{wave}")
    assert "of=training" not in manager.get(f"/results/{wave}?by=service").text
    assert {row["الجانب"] for row in rows(manager, wave)} == {"all"}
    assert "تظهر نتائجها هنا للجميع متى انتهت" in officer.text(f"/results/{wave}")
    assert rows(officer, wave) == []
    assert "١٠٠٪" not in officer.text("/results")


def test_workers_are_named_to_management_alone_and_in_nothing_that_is_passed_on(house: House) -> None:
    sara, hind = house.account("سارة"), house.account("هند")
    given = (({"provider": str(sara)}, [5] * 9), ({"provider": str(hind)}, [1] * 8))
    wave = held(house, scored(house, *given))
    manager, other = house.worker("management"), house.worker("relations_officer")
    assert "سارة" in manager.text(f"/results/{wave}?by=provider")
    assert ("view", f"wave:{wave}", "providers") in [act[1:] for act in house.acts()]
    assert "سارة" not in other.text(f"/results/{wave}?by=provider")
    assert "by=provider" not in other.get(f"/results/{wave}").text
    for ending in ("csv", "json"):
        assert "سارة" not in manager.get(f"/results/{wave}/figures.{ending}").content.decode()
    assert "سارة" in _sheets(manager.get(f"/results/{wave}/figures.xlsx").content)
    assert "سارة" not in _sheets(other.get(f"/results/{wave}/figures.xlsx").content)


def _sheets(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return " ".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))


def test_ones_own_page_needs_five_and_gives_nobody_elses_away(house: House) -> None:
    worker = house.worker("relations_officer", name="سارة")
    mine, other = {"provider": str(worker.id)}, {"provider": "999"}
    held(house, scored(house, (mine, [5] * 4), (other, [3] * 9)), period="1446-Q1")
    held(house, scored(house, (mine, [5] * 6), (other, [3] * 2)), period="1446-Q2")
    held(house, scored(house, (other, [3] * 9)), period="1446-Q3")
    told = worker.text("/results/mine")
    assert "١٠٠٪" not in told, "four; six beside two; none: all the same"
    assert told.count("أقل من ٥ إجابات عن خدمتكم") == 3
    held(house, scored(house, (mine, [5] * 6), (other, [3] * 9)), period="1446-Q4")
    held(house, scored(house, (mine, [5] * 6)), period="1447-Q1", ended=False)
    told = worker.text("/results/mine")
    assert told.count("١٠٠٪ بين") == 1 and told.count("أجاب ٦ أشخاص") == 1
    assert "الربع ١ من ١٤٤٧" not in told, "not while it runs"


# --- what people wrote -----------------------------------------------------------------------------------------------


def written(house: House, *said: str, **sides: Any) -> int:
    def fill(connection: Connection, wave: Wave) -> None:
        for one in said:
            answer(connection, house.vault, wave, {"more": one}, **sides)

    return held(house, fill)


SAID = ("نشكركم على السرعة", "تأخر الرد كثيرًا", "أوراق كثيرة", "بارك الله فيكم", "لا شيء")


def test_open_answers_are_read_found_and_put_under_themes_that_are_counted(house: House) -> None:
    wave = written(house, *SAID)
    manager = house.worker("management")
    told = manager.text(f"/results/{wave}/words")
    assert all(one in told for one in SAID)
    found = manager.post(f"/results/{wave}/words", question="more", search="الردّ").text
    assert SAID[1] in found and SAID[0] not in found
    assert "لا جواب بهذه الكلمات" in manager.post(f"/results/{wave}/words", question="more", search="زرافة").text
    responses = re.findall(r'name="response" value="(\d+)"', manager.get(f"/results/{wave}/words").text)
    for response in responses:
        put = manager.post(f"/results/{wave}/theme", question="more", response=response, **{"as": "speed"})
        assert "وُضع الجواب تحت موضوعه" in put.text
    assert "سرعة الرد ٥" in house.worker("committee").text(f"/results/{wave}")
    assert manager.get(f"/results/{wave}/words?question=more&theme=none").text.count("<blockquote") == 0
    assert manager.get(f"/results/{wave}/words?question=more&theme=speed").text.count("<blockquote") == 5
    acts = [act[1:] for act in house.acts()]
    assert ("view", f"wave:{wave}", "words") in acts and ("results.theme", f"wave:{wave}", "speed") in acts


def test_what_was_spoken_is_heard_and_never_by_whom_it_judges(house: House) -> None:
    manager, judged = house.worker("management"), house.worker("management", name="سعد")
    sound, id = b"OggS" + bytes(24) + b"OpusHead", new_id()
    file = files.File("harif", id, 0, "telegram", "", "noura.ogg", "ogg", len(sound), files.READY)
    house.do(lambda c: files.want(c, house.vault, [file], ms(house.now)))
    house.line.blobs.put("harif", id, sound)

    def fill(connection: Connection, wave: Wave) -> None:
        for one in SAID:
            answer(connection, house.vault, wave, {"more": one})
        both = ["الموقف بعيد", {"voice": str(id)}]
        answer(connection, house.vault, wave, {"more": both}, provider=str(judged.id))

    wave = held(house, fill)
    page = manager.get(f"/results/{wave}/words").text
    (heard,) = re.findall(r'<audio [^>]*src="([^"]+)"', page)
    assert "الموقف بعيد" in page and "voice:" not in page
    answered = manager.get(heard)
    assert answered.content == sound and "noura" not in str(answered.headers)
    assert judged.get(heard).status_code == 404 and "<audio" not in judged.get(f"/results/{wave}/words").text
    assert house.worker("committee").get(heard).status_code == 403
    assert manager.get(heard[:-1] + "1").status_code == 404


def test_a_theme_or_an_answer_that_is_none_is_refused_kindly(house: House) -> None:
    wave = written(house, *SAID)
    manager = house.worker("management")
    assert manager.post(f"/results/{wave}/theme", question="more", response="7", **{"as": "speed"}).status_code == 409
    for fields in ({"as": "nonsense", "response": "7"}, {"as": "speed", "response": "²"}, {"as": "speed"}):
        assert manager.post(f"/results/{wave}/theme", question="more", **fields).status_code == 422
    other = house.worker("relations_officer")
    assert other.post(f"/results/{wave}/theme", question="more", response="7", **{"as": "speed"}).status_code == 403


def test_while_a_wave_runs_what_people_wrote_is_managements_alone(house: House) -> None:
    sound, id = b"OggS" + bytes(24) + b"OpusHead", new_id()
    file = files.File("harif", id, 0, "telegram", "", "a.ogg", "ogg", len(sound), files.READY)
    house.do(lambda c: files.want(c, house.vault, [file], ms(house.now)))
    house.line.blobs.put("harif", id, sound)

    def fill(connection: Connection, wave: Wave) -> None:
        for one in (*SAID, {"voice": str(id)}):
            answer(connection, house.vault, wave, {"more": one})

    wave = held(house, fill, ended=False)
    manager, follows = house.worker("management"), house.worker("follow_up_committee")
    page = manager.get(f"/results/{wave}/words").text
    (heard,) = re.findall(r'<audio [^>]*src="([^"]+)"', page)
    response = re.findall(r'name="response" value="(\d+)"', page)[0]
    assert all(one in page for one in SAID) and manager.get(heard).content == sound
    told = follows.get(f"/results/{wave}/words")
    assert told.status_code == 200 and not any(one in told.text for one in SAID) and "<audio" not in told.text
    assert "للجميع متى انتهت" in told.text
    assert follows.post(f"/results/{wave}/words", question="more", search="الرد").text.count(SAID[1]) == 0
    assert follows.get(heard).status_code == 404
    themed = follows.post(f"/results/{wave}/theme", question="more", response=response, **{"as": "speed"})
    assert themed.status_code == 404
    house.later(days=30)
    follows.sign_in()
    assert all(one in follows.text(f"/results/{wave}/words") for one in SAID) and follows.get(heard).content == sound


def test_under_five_answers_no_open_answer_is_shown(house: House) -> None:
    wave = written(house, *SAID[:4])
    told = house.worker("management").text(f"/results/{wave}/words")
    assert not any(one in told for one in SAID)


def test_a_worker_never_reads_what_was_said_of_their_own_cases(house: House) -> None:
    judged = house.worker("management", name="سارة")
    wave = written(house, *SAID, provider=str(judged.id))
    other = house.worker("management", name="هند")
    assert not any(one in judged.text(f"/results/{wave}/words") for one in SAID)
    assert SAID[0] in other.text(f"/results/{wave}/words")
    assert SAID[1] not in judged.post(f"/results/{wave}/words", question="more", search="الرد").text
    (response, *_) = re.findall(r'name="response" value="(\d+)"', other.get(f"/results/{wave}/words").text)
    own = judged.post(f"/results/{wave}/theme", question="more", response=response, **{"as": "speed"})
    assert own.status_code == 409


def test_many_open_answers_come_a_page_at_a_time(house: House) -> None:
    wave = written(house, *(f"كلمة رقم {number}" for number in range(32)))
    manager = house.worker("management")
    first = manager.get(f"/results/{wave}/words").text
    after = re.findall(r'name="after" value="([1-9]\d*)"', first)[-1]
    second = manager.post(f"/results/{wave}/words", question="more", after=after).text
    assert (first.count("<blockquote"), second.count("<blockquote")) == (30, 2)
    assert not set(re.findall(r"كلمة رقم \d+", first)) & set(re.findall(r"كلمة رقم \d+<", second))


# --- what leaves the house -------------------------------------------------------------------------------------------


def test_the_open_data_says_what_each_of_its_columns_means(house: House) -> None:
    wave = held(house, scored(house, ({"service": "training"}, [5] * 8), ({"service": "marketing"}, [1] * 7)))
    made = json.loads(house.worker("auditor", language="en").get(f"/results/{wave}/figures.json").content)
    assert made["profile"] == "tabular-data-package"
    assert re.fullmatch(r"[a-z0-9._-]+", made["name"])
    types = {"string": str, "integer": int, "number": int | float}
    assert [one["name"] for one in made["resources"]] == ["participation", "results"]
    for resource in made["resources"]:
        fields = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
        assert resource["data"]
        for row in resource["data"]:
            assert row.keys() == fields.keys()
            assert all(value is None or isinstance(value, types[fields[name]]) for name, value in row.items()), row
    satisfied = {
        row["group"]: (row["people"], row["value"], row["low"])
        for row in made["resources"][1]["data"]
        if row["measure"] == "satisfied"
    }
    assert satisfied["training"] == (8, 100.0, 67.6)
    assert satisfied[""][:2] == (15, 53.3)


def test_sheets_and_the_report_are_made_and_on_record_before_they_leave(house: House) -> None:
    wave = held(house, scored(house, ({"service": "training"}, [5] * 8)))
    worker = house.worker("committee")
    pdf = worker.get(f"/results/{wave}/report.pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert "الرضا عمومًا" in _sheets(worker.get(f"/results/{wave}/figures.xlsx").content)
    exported = [(subject, detail) for who, act, subject, detail in house.acts() if act == "export"]
    assert exported == [(f"wave:{wave}", "report.pdf"), (f"wave:{wave}", "figures.xlsx")]


def test_the_report_is_drawn_of_a_wave_with_everything_and_of_one_with_nothing(house: House) -> None:
    def fill(connection: Connection, wave: Wave) -> None:
        for number in range(12):
            given = {"overall": 5, "ease": 3, "tell": number % 11, "way": ["chat"], "more": "شكرًا 😊 thanks"}
            id = answer(connection, house.vault, wave, given, service=("training", "marketing")[number % 2])
            results.put_under(connection, "harif", wave.id, id, "more", "thanks")

    for language in ("ar", "en"):
        worker = house.worker("committee", language=language)
        for wave in (held(house, fill), held(house), held(house, fill, ended=False, anonymous=True)):
            assert worker.get(f"/results/{wave}/report.pdf").content[:5] == b"%PDF-"


def test_a_survey_that_is_in_the_policy_no_more_is_not_found(house: House) -> None:
    other = SURVEY.model_copy(update={"id": "former"})
    wave = held(house, scored(house, ({}, [5] * 6)), survey=other)
    worker = house.worker("management")
    assert worker.get(f"/results/{wave}").status_code == 404
    assert worker.get("/results").status_code == worker.get("/results/mine").status_code == 200


def test_an_open_answer_becomes_something_by_one_press(house: House) -> None:
    wave = written(house, *SAID)
    manager = house.worker("management")
    html = manager.get(f"/results/{wave}/words").text
    acts = re.findall(r'action="/desk/harif(/improvements/from/\d+/more)"', html)
    assert len(acts) == len(SAID)
    made = manager.post(acts[0], **{"as": "improvement"})
    assert made.status_code == 200 and "/improvements/" in str(made.url)
