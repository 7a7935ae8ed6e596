"""From what people said to what was done about it, and what came of it."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from storage import improvements, taking_part, waves
from storage.schema import cases, conversations
from storage.schema_surveys import improvement_sources
from storage.schema_surveys import improvements as improvements_table
from storage.times import ms
from tests.desk.asked import answer, answers, wave_of
from tests.desk.house import Browser, House, Person, words_of

WORDS = "الموظف لم يشرح لنا المطلوب"


@pytest.fixture
def noura(house: House) -> Person:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    return person


def turned(worker: Browser, response: Any, kind: str, **more: Any) -> Any:
    return worker.post(f"/improvements/from/{response.id}/words", **{"as": kind, **more})


def rows(house: House, table: Any) -> list[Any]:
    return list(house.ask(lambda c: c.execute(select(table)).all()))


def id_in(answer: Any) -> int:
    found = re.search(r"/improvements/(\d+)", str(answer.url))
    assert found, answer.url
    return int(found[1])


def begun(worker: Browser, **more: str) -> int:
    return id_in(worker.post("/improvements", title="الانتظار طويل", action="موظف ثانٍ", **more))


def test_an_answer_by_name_becomes_a_suggestion_of_its_person_who_hears_of_it(house: House, noura: Person) -> None:
    response = answer(house, wave_of(house), {"overall": 3}, WORDS, noura.id)
    worker = house.worker("relations_officer")
    before = len(noura.told)
    page = turned(worker, response, "suggestion")
    assert page.status_code == 200 and "سُجّلت اقتراحًا" in words_of(page.text)
    assert WORDS in words_of(page.text), "the officer sees suggestions, and stands before this one"
    (case,) = rows(house, cases)
    mine = house.ask(lambda c: c.scalar(select(conversations.c.beneficiary).where(conversations.c.id == noura.id)))
    assert (case.kind, case.source, case.anonymous, case.beneficiary) == ("suggestion", "survey", False, mine)
    house.settle()
    assert any(case.reference in text for text in noura.told[before:]), "they can follow it"
    again = turned(worker, response, "suggestion")
    assert again.status_code == 409 and len(rows(house, cases)) == 1, "once"
    acts = [(act, subject, detail) for _, act, subject, detail in house.acts()]
    assert ("answer.turned", f"response:{response.id}", "suggestion") in acts


def test_an_anonymous_answer_becomes_nobodys_suggestion_or_complaint(house: House, noura: Person) -> None:
    response = answer(house, wave_of(house, anonymous=True), {"overall": 1}, WORDS)
    worker = house.worker("management")
    before = len(noura.told)
    for kind in ("suggestion", "complaint"):
        assert turned(worker, response, kind).status_code == 200
    filed = {case.kind: case for case in rows(house, cases)}
    assert set(filed) == {"suggestion", "complaint"}
    assert all(case.anonymous and case.beneficiary is None and case.conversation is None for case in filed.values())
    house.later(days=3)
    assert noura.told[before:] == []
    kinds = {row[0] for row in house.line.rows("tasks", "kind")}
    assert kinds == set(), "nobody is asked to call anybody"


def test_a_complaint_out_of_an_answer_is_hidden_from_whom_it_judges(house: House, noura: Person) -> None:
    judged, hears = house.worker("management"), house.worker("follow_up_committee")
    response = answer(house, wave_of(house), {"overall": 1}, WORDS, noura.id, provider=str(judged.id))
    assert turned(judged, response, "complaint").status_code == 404, "one's own answers are not one's to handle"
    assert turned(house.worker("relations_officer"), response, "complaint").status_code == 200
    (case,) = [one for one in rows(house, cases) if one.kind == "complaint"]
    assert hears.get(f"/case/{case.id}").status_code == 200
    assert judged.get(f"/case/{case.id}").status_code == 404


def test_an_answer_becomes_an_improvement_and_another_joins_it(house: House) -> None:
    wave = wave_of(house, anonymous=True)
    first, second = (answer(house, wave, {"overall": 2}, f"{WORDS} {number}") for number in (1, 2))
    worker = house.worker("relations_officer")
    page = turned(worker, first, "improvement")
    id = id_in(page)
    assert turned(worker, second, "improvement", improvement=str(id)).status_code == 200
    text = worker.text(f"/improvements/{id}")
    assert f"{WORDS} 1" in text and f"{WORDS} 2" in text
    assert len(rows(house, improvement_sources)) == 2
    one = house.ask(improvements.get, house.vault, "harif", id)
    assert (one.survey, one.question, one.wave) == ("decided", "overall", wave.id), "measured by the overall question"


def test_who_is_judged_by_an_answer_does_not_read_it_behind_an_improvement(house: House) -> None:
    keeper, judged = house.worker("relations_officer"), house.worker("social_researcher")
    response = answer(house, wave_of(house), {"overall": 2}, WORDS, provider=str(judged.id))
    id = id_in(turned(keeper, response, "improvement"))
    page = keeper.text(f"/improvements/{id}")
    assert WORDS in page and "تحسين بلا عنوان" in page, "its title is the house's own to find"
    assert WORDS not in judged.text(f"/improvements/{id}") and WORDS not in judged.text("/improvements")


def test_what_a_person_wrote_is_no_more_behind_an_improvement_once_their_data_is_erased(
    house: House, noura: Person
) -> None:
    keeper = house.worker("relations_officer")
    id = id_in(turned(keeper, answer(house, wave_of(house), {"overall": 2}, WORDS, noura.id), "improvement"))
    house.do(taking_part.erase, "harif", noura.id)
    assert WORDS not in keeper.text(f"/improvements/{id}") and WORDS not in keeper.text("/improvements")


def test_its_effect_is_read_off_the_next_wave_once_that_is_over(house: House) -> None:
    worker = house.worker("management")
    before = wave_of(house, days=60)
    answers(house, before, "overall", [1, 1, 3, 5, 5])
    id = id_in(turned(worker, answer(house, before, {}, WORDS), "improvement"))
    worker.post(f"/improvements/{id}", title="الشرح", action="ورقة تشرح المطلوب", question="overall")
    text = worker.text(f"/improvements/{id}")
    assert "٤٠٪ راضون" in text and "لم تأتِ الدورة التالية بعد" in text
    after = wave_of(house, days=30)
    answers(house, after, "overall", [5, 5, 5, 3])
    assert "تحسّن" not in worker.text(f"/improvements/{id}"), "four are too few"
    answers(house, after, "overall", [5])
    text = worker.text(f"/improvements/{id}")
    assert "٨٠٪ راضون" in text and "تحسّن" in text


def test_while_its_own_wave_runs_an_improvement_tells_no_figure_of_it(house: House) -> None:
    worker, wave = house.worker("management"), wave_of(house)
    answers(house, wave, "overall", [1, 1, 3, 5, 5])
    id = id_in(turned(worker, answer(house, wave, {}, WORDS), "improvement"))
    text = house.worker("branch_delegate").text(f"/improvements/{id}")
    assert "٤٠٪ راضون" not in text and "الدورة نفسها لم تنتهِ" in text
    house.later(days=15)
    worker.sign_in()
    assert "٤٠٪ راضون" in worker.text(f"/improvements/{id}")


def test_a_wave_that_still_runs_says_nothing_of_the_effect(house: House) -> None:
    worker = house.worker("management")
    before, running = wave_of(house, days=60), wave_of(house, days=3)
    answers(house, before, "overall", [1] * 5)
    answers(house, running, "overall", [5] * 5)
    id = id_in(turned(worker, answer(house, before, {}, WORDS), "improvement"))
    assert "الدورة التالية لم تنته" in worker.text(f"/improvements/{id}")


def test_an_improvement_is_done_by_who_has_it_and_published_by_management(house: House) -> None:
    keeper, owner, other = (house.worker(one) for one in ("relations_officer", "social_researcher", "contact_officer"))
    manager = house.worker("management")
    id = begun(keeper, owner=str(owner.id), due="2026-12-01")
    assert other.post(f"/improvements/{id}/state", state="done").status_code == 409
    words = {"said_ar": "الانتظار طويل", "done_ar": "زدنا موظفًا", "said_en": "Waiting takes long"}
    refused = manager.post(f"/improvements/{id}/publish", nobody="yes", **words)
    assert refused.status_code == 422, "not before it is done"
    assert owner.post(f"/improvements/{id}/state", state="done").status_code == 200
    assert manager.post(f"/improvements/{id}/publish", **words).status_code == 422, "somebody says that it names nobody"
    assert keeper.post(f"/improvements/{id}/publish", nobody="yes", **words).status_code == 403
    assert manager.post(f"/improvements/{id}/publish", nobody="yes", **words).status_code == 200
    (one,) = house.ask(improvements.published, house.vault, "harif")
    assert {name: told.done for name, told in one.published.items()} == {"ar": "زدنا موظفًا"}, "half in English is none"
    manager.post(f"/improvements/{id}/publish", away="yes")
    assert house.ask(improvements.published, house.vault, "harif") == []


def test_nobody_has_an_improvement_who_cannot_see_it_nor_anybody_of_another_association(house: House) -> None:
    keeper, blind = house.worker("relations_officer"), house.worker("committee")
    other = house.worker("relations_officer", association="mastoura", name="موظف مستورة")
    id = begun(keeper, owner=str(keeper.id))
    for whom in (other.id, blind.id, "1", "²", "-1"):
        added = keeper.post("/improvements", title="شيء", owner=str(whom))
        changed = keeper.post(f"/improvements/{id}", title="شيء", owner=str(whom))
        assert (added.status_code, changed.status_code) == (422, 422), whom
        assert "موظف مستورة" not in added.text + changed.text + keeper.get("/improvements").text
    assert [one.owner for one in rows(house, improvements_table)] == [keeper.id]


def test_you_said_we_did_becomes_a_draft_that_nobody_has_sent(house: House) -> None:
    manager = house.worker("management")
    id = begun(manager)
    manager.post(f"/improvements/{id}/state", state="done")
    assert manager.post(f"/improvements/{id}/announce").status_code == 409, "what everybody may read comes first"
    manager.post(f"/improvements/{id}/publish", nobody="yes", said_ar="الانتظار طويل", done_ar="زدنا موظفًا")
    drafted = manager.post(f"/improvements/{id}/announce", follow=False)
    (wave,) = house.ask(waves.listed, "harif", "broadcast")
    assert drafted.headers["location"].startswith(f"/desk/harif/broadcasts/{wave.id}")
    assert (wave.state, wave.people, wave.by) == (waves.DRAFTED, 0, manager.id)
    assert wave.purpose == "survey", "it concerns nobody's request: it is for those who agreed to be asked"
    form = manager.get(drafted.headers["location"])
    assert form.status_code == 200 and "زدنا موظفًا" in form.text, "whom it reaches is chosen there"
    body = house.ask(waves.body_of, house.vault, "harif", wave.id)
    assert "قلتم: الانتظار طويل" in body.text["ar"] and "ففعلنا: زدنا موظفًا" in body.text["ar"]


def test_what_is_typed_wrong_is_asked_again_and_nothing_of_it_is_in_the_clear(house: House) -> None:
    worker = house.worker("management")
    assert worker.post("/improvements", title="  ").status_code == 422
    assert worker.post("/improvements", title="x", due="قريبًا").status_code == 422
    id = begun(worker)
    assert worker.post(f"/improvements/{id}", title="").status_code == 422
    assert worker.post(f"/improvements/{id}/state", state="other").status_code == 422
    kept = b"".join(bytes(row.title) + bytes(row.action) for row in house.line.rows("improvements", "title", "action"))
    assert "الانتظار".encode() not in kept
    assert "الانتظار" not in str(house.acts())


def test_a_late_one_is_said_to_be_late(house: House) -> None:
    worker = house.worker("management")
    begun(worker, due="2020-01-01")
    assert "متأخر" in worker.text("/improvements")
    assert ms(house.now) > 0


def test_what_is_published_stands_on_the_website(house: House) -> None:
    manager = house.worker("management")
    id = begun(manager)
    manager.post(f"/improvements/{id}/state", state="done")
    manager.post(f"/improvements/{id}/publish", nobody="yes", said_ar="الانتظار طويل", done_ar="زدنا موظفًا")
    (told,) = house.run(house.line.house.said_and_done("harif", "en"))
    assert (told.language, told.said, told.done) == ("ar", "الانتظار طويل", "زدنا موظفًا"), "in the language there is"
    assert house.run(house.line.house.said_and_done("ruhama", "ar")) == []
