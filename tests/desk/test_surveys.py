"""The room of surveys: what is planned and when, a wave by hand with its count first, a second person, an end."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.association.survey import Audience
from storage import audience, waves
from storage.results import ASKED
from storage.times import ms
from tests.desk.asked import wave_of
from tests.desk.broadcasting import feed, known, looked_at, states
from tests.desk.house import Browser, House, Person, words_of


def with_surveys(associations: dict[str, Association], **changes: Any) -> dict[str, Association]:
    """Harif, its surveys changed so."""
    harif = associations["harif"]
    changed = tuple(one.model_copy(update=changes) for one in harif.profile.surveys)
    # The tests' day is 18 days before the next quarter.
    often = harif.profile.asking.model_copy(update={"days_between": 15})
    profile = harif.profile.model_copy(update={"surveys": changed, "asking": often})
    return {**associations, "harif": replace(harif, profile=profile)}


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    """Whoever plans a wave begins it."""
    made = House(with_surveys(associations, approved_by_second=False), tmp_path)
    yield made
    made.close()


@pytest.fixture
def second(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    """A house in which each wave needs a second person."""
    made = House(with_surveys(associations, approved_by_second=True), tmp_path)
    yield made
    made.close()


def served(house: House, handle: str, agreed: tuple[str, ...] = ("case", "survey")) -> Person:
    """Somebody with a request, who agreed to be asked."""
    return known(house, handle, agreed=agreed, case=True)


def plan(browser: Browser, **more: Any) -> int:
    answer = browser.post("/surveys/new", follow=False, survey="periodic", **more)
    assert answer.status_code == 303, words_of(answer.text)
    return int(re.search(r"/surveys/(\d+)", answer.headers["location"])[1])  # type: ignore[index]


def wave(house: House, id: int) -> waves.Wave:
    found: waves.Wave = house.ask(waves.get, "harif", id)
    return found


def work(house: House) -> None:
    """The house writes who is asked, and asks them."""
    house.run(house.line.rounds.planner.work())
    feed(house)


def invited(*people: Any) -> int:
    return sum(any("رأيكم حقّ لكم" in text for text in one.told) for one in people)


# --- what is there ---------------------------------------------------------------------------------------------------


def test_each_survey_is_shown_with_when_it_begins_next_and_an_empty_one_says_so(house: House) -> None:
    page = house.worker("relations_officer").text("/surveys")
    assert "الدورة القادمة تبدأ" in page and "كل ربع سنة هجرية" in page and "لا دورات بعد" in page
    assert "يُسأل بعد البتّ في الطلب بيومين" in page
    assert "every Hijri quarter" in house.worker("management", language="en").text("/surveys")


def test_the_periods_own_waves_stand_there_with_why_they_were_not_held(house: House) -> None:
    house.run(house.line.rounds.planner.plan())
    page = house.worker("auditor").text("/surveys")
    assert "بدأت مدتها قبل تشغيل النظام" in page and "لم تُجرَ" in page and "جارية" in page


# --- a wave by hand --------------------------------------------------------------------------------------------------


def say_yes(browser: Browser, id: int, act: str = "go", shown: str | None = None) -> Any:
    """By the form on the page, which says how many it is for."""
    if shown is None:
        found = re.search(r'name="people" value="(\d+)"', browser.get(f"/surveys/{id}").text)
        shown = found[1] if found else "0"
    return browser.post(f"/surveys/{id}/{act}", people=shown, **looked_at(browser, id, "surveys"))


def test_more_people_than_the_page_showed_are_not_asked(house: House) -> None:
    served(house, "7100")
    officer = house.worker("relations_officer")
    id = plan(officer)
    late = served(house, "7101")
    answer = say_yes(officer, id, shown="1")
    assert answer.status_code == 409 and "تغيّر العدد" in words_of(answer.text)
    work(house)
    assert invited(late) == 0 and wave(house, id).state == "drafted"
    say_yes(officer, id)
    work(house)
    assert invited(late) == 1


def test_a_drafts_people_are_counted_as_it_is_written_and_again_when_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(house, "7100")
    officer, auditor = house.worker("relations_officer"), house.worker("auditor")
    house.run(house.line.rounds.planner.plan())
    own = next(one.id for one in house.ask(waves.listed, "harif", "survey") if one.survey == "periodic")
    house.do(lambda c: waves.change(c, "harif", own, state="drafted", why="", needs_approval=True))
    assert "شخص واحد" in auditor.text(f"/surveys/{own}"), "the house's own, as it is looked at first"
    id = plan(officer)
    served(house, "7101")
    counted, count = list[int](), audience.count

    def counting(*given: Any) -> Any:
        counted.append(1)
        return count(*given)

    monkeypatch.setattr(audience, "count", counting)
    for browser in (officer, auditor):
        assert "شخص واحد" in browser.text(f"/surveys/{id}") and "عُدّوا في" in browser.text(f"/surveys/{id}")
    assert "recount" not in auditor.get(f"/surveys/{id}").text and counted == []
    assert "شخصان" in words_of(officer.post(f"/surveys/{id}/recount").text) and counted == [1]
    assert auditor.post(f"/surveys/{id}/recount").status_code == 403
    assert ("survey.count", f"wave:{id}") in [act[1:3] for act in house.acts()]


def test_a_wave_by_hand_asks_nobody_before_its_count_was_seen_and_somebody_says_go(house: House) -> None:
    people = [served(house, f"71{number:02}") for number in range(3)]
    other = served(house, "7199", agreed=("case",))
    officer = house.worker("relations_officer")
    id = plan(officer)
    work(house)
    page = officer.text(f"/surveys/{id}")
    assert "لم يُسأل أحد بعد" in page and "٣ أشخاص" in page and "لم يوافق أن نسأله" in page and "التكلفة" in page
    assert invited(*people) == 0
    assert "تبدأ الآن" in words_of(say_yes(officer, id, "go").text)
    work(house)
    assert invited(*people) == 3 and invited(other) == 0
    assert "دُعوا ولم يجيبوا" in officer.text(f"/surveys/{id}")
    assert [act for _, act, subject, _ in house.acts() if subject == f"wave:{id}"] == ["survey.plan", "survey.go"]


def test_two_waves_of_one_survey_at_once_are_refused(house: House) -> None:
    served(house, "7100")
    officer = house.worker("relations_officer")
    first = plan(officer)
    answer = officer.post("/surveys/new", survey="periodic")
    assert answer.status_code == 422 and "لهذا الاستبيان دورة لم تنتهِ" in words_of(answer.text)
    assert "دورة الآن" not in officer.text("/surveys").replace("تبدؤوا دورة الآن", "")
    officer.post(f"/surveys/{first}/abort", sure="yes")
    house.run(house.line.rounds.planner.work())
    assert wave(house, first).state == "aborted"
    plan(officer)


def test_shortly_before_the_next_quarter_none_begins_by_hand_and_the_day_is_said(house: House) -> None:
    person = served(house, "7100")
    officer = house.worker("relations_officer")
    id = plan(officer)
    house.later(days=5)
    officer.sign_in()
    answer = say_yes(officer, id, "go")
    assert answer.status_code == 409 and "الدورة القادمة لهذا الاستبيان تبدأ" in words_of(answer.text)
    assert "١ رجب ١٤٤٨" in words_of(answer.text) and wave(house, id).state == "drafted"
    officer.post(f"/surveys/{id}/abort", sure="yes")
    house.run(house.line.rounds.planner.work())
    answer = officer.post("/surveys/new", survey="periodic")
    assert answer.status_code == 422 and "انتظروها" in words_of(answer.text)
    page = officer.get("/surveys").text
    assert "انتظروها" in page and "/surveys/new" not in page
    work(house)
    assert invited(person) == 0


def test_a_survey_that_asks_after_an_occasion_has_no_wave_by_hand(house: House) -> None:
    answer = house.worker("relations_officer").post("/surveys/new", survey="decided")
    assert answer.status_code == 422 and "فلا تُبدأ له دورة يدويًا" in words_of(answer.text)


def test_a_wave_for_nobody_does_not_begin_and_says_why(house: House) -> None:
    served(house, "7100", agreed=("case",))
    officer = house.worker("relations_officer")
    id = plan(officer)
    answer = say_yes(officer, id, "go")
    assert answer.status_code == 409 and "وافق أن نسأله" in words_of(answer.text)
    assert wave(house, id).state == "drafted"
    officer.post(f"/surveys/{id}/abort", sure="yes")
    house.run(house.line.rounds.planner.work())
    id = plan(officer, services=["fair-booth"])
    assert "لا أحد" in words_of(say_yes(officer, id, "go").text) and wave(house, id).state == "drafted"


def test_a_sample_is_drawn_with_its_margin_and_what_is_no_number_is_refused(house: House) -> None:
    people = [served(house, f"71{number:02}") for number in range(8)]
    officer = house.worker("relations_officer")
    for wrong in ("3", "many", "-5", "٥٠"):
        answer = officer.post("/surveys/new", survey="periodic", sample=wrong)
        assert answer.status_code == 422 and "العيّنة رقم" in words_of(answer.text), wrong
    id = plan(officer, sample="5")
    page = officer.text(f"/surveys/{id}")
    # 0.98 / sqrt(5), of 8: times sqrt(3 / 7).
    assert "هامش الخطأ إن أجابوا كلهم: ±٢٩٪" in page and "٥ أشخاص" in page
    answer = say_yes(officer, id, "go")
    assert answer.status_code == 200
    work(house)
    assert invited(*people) == 5


def test_a_side_that_is_none_is_refused_and_a_wrong_day_too(house: House) -> None:
    officer = house.worker("relations_officer")
    for wrong in ({"services": "nonsense"}, {"kinds": "complaint"}, {"opened_from": "soon"}):
        assert officer.post("/surveys/new", survey="periodic", **wrong).status_code == 422, wrong
    assert officer.post("/surveys/new", survey="nonsense").status_code == 404


# --- a second person -------------------------------------------------------------------------------------------------


def test_a_second_person_agrees_and_never_who_planned_it(second: House) -> None:
    person = served(second, "7100")
    officer, manager = second.worker("relations_officer"), second.worker("management")
    id = plan(manager)
    assert "طلبنا موافقة شخص ثانٍ" in words_of(say_yes(manager, id, "go").text)
    work(second)
    assert invited(person) == 0 and wave(second, id).state == "drafted"
    answer = say_yes(manager, id, "approve")
    assert answer.status_code == 409 and "شخص غير الذي كتبها" in words_of(answer.text)
    assert say_yes(officer, id, "approve").status_code == 403
    other = second.worker("management", name="سارة")
    say_yes(other, id, "approve")
    work(second)
    assert invited(person) == 1 and wave(second, id).approved_by == other.id
    assert say_yes(other, id, "approve").status_code == 409


def test_what_the_house_planned_waits_for_somebody_who_may_agree(second: House) -> None:
    second.run(second.line.rounds.planner.plan())
    rolling = [one for one in second.ask(waves.listed, "harif", "survey") if one.rolling]
    assert rolling and all(one.state == "drafted" for one in rolling)
    manager = second.worker("management")
    assert "تنتظر موافقة ثانية" in manager.text("/surveys")
    id = rolling[0].id
    old, before = looked_at(manager, id, "surveys"), second.associations["harif"]
    surveys = tuple(
        one.model_copy(update={"why": one.why.model_copy(update={"ar": "سبب آخر"})}) for one in before.profile.surveys
    )
    changed = replace(before, profile=before.profile.model_copy(update={"surveys": surveys}))
    second.associations["harif"] = changed
    answer = manager.post(f"/surveys/{id}/approve", **old)
    assert answer.status_code == 409 and "سبب آخر" in words_of(answer.text), "it would ask otherwise than was seen"
    assert wave(second, id).state == "drafted"
    say_yes(manager, id, "approve")
    assert wave(second, id).state == "running"


# --- held and stopped ------------------------------------------------------------------------------------------------


def test_a_wave_is_held_gone_on_with_and_stopped_with_how_many_were_asked_said_first(house: House) -> None:
    for number in range(2):
        served(house, f"71{number:02}")
    officer = house.worker("relations_officer")
    id = plan(officer)
    say_yes(officer, id, "go")
    work(house)
    officer.post(f"/surveys/{id}/pause")
    assert wave(house, id).state == "paused"
    assert officer.post(f"/surveys/{id}/pause").status_code == 409
    officer.post(f"/surveys/{id}/resume")
    assert wave(house, id).state == "running"
    assert "وصلت حتى الآن إلى شخصين" in officer.text(f"/surveys/{id}")
    assert "لم نُلغِها" in words_of(officer.post(f"/surveys/{id}/abort").text)
    officer.post(f"/surveys/{id}/abort", sure="yes")
    house.run(house.line.rounds.planner.work())
    assert wave(house, id).state == "aborted" and "أُلغيت" in officer.text("/surveys")
    assert states(house, id) == ["invited", "invited"]
    assert officer.post(f"/surveys/{id}/resume").status_code == 409


@pytest.mark.parametrize("anonymous", [True, False])
def test_once_it_was_stopped_its_figures_move_no_more(house: House, anonymous: bool) -> None:
    halfway, untouched = (served(house, f"710{number}") for number in range(2))
    asked = wave_of(house, "periodic" if anonymous else "delivered", anonymous=anonymous)
    house.do(lambda c: audience.fill(c, asked, Audience(), ms(house.now)))
    feed(house)
    halfway.does(halfway.press(f"survey:{asked.id}:yes"))
    assert halfway.where.open is not None
    step = halfway.where.open.step
    if not anonymous:
        halfway.does(halfway.press(f"sv:{asked.id}:{step}:yes"))
    house.worker("management").post(f"/surveys/{asked.id}/abort", sure="yes")

    def totals() -> list[Any]:
        return sorted(
            row for row in house.line.rows("totals", "question", "segment", "score", "many") if row[0] != ASKED
        )

    def presses() -> None:
        for one in (halfway, untouched):
            one.does(one.press(f"survey:{asked.id}:yes"))
            for option in ("yes", "good", "poor", "5"):
                one.does(one.press(f"sv:{asked.id}:{one.where.open.step if one.where.open else step}:{option}"))

    before = totals()
    assert bool(before) is not anonymous
    presses()
    house.run(house.line.rounds.planner.work())
    house.later(hours=1)
    presses()
    assert totals() == before
    assert wave(house, asked.id).state == "aborted" and set(states(house, asked.id)) <= {"invited", "begun", "skipped"}


def test_only_who_may_plans_and_an_auditor_only_reads(house: House) -> None:
    served(house, "7100")
    id = plan(house.worker("relations_officer"))
    auditor = house.worker("auditor")
    assert (
        "لكم أن تقرؤوها" in auditor.text(f"/surveys/{id}")
        and 'method="post" action' not in auditor.get(f"/surveys/{id}").text.partition("<main")[2]
    )
    for path in ("go", "approve", "pause", "resume", "abort"):
        assert auditor.post(f"/surveys/{id}/{path}", sure="yes").status_code == 403
    assert auditor.get("/surveys/new?survey=periodic").status_code == 403
    assert house.worker("committee").get("/surveys").status_code == 403
    assert house.worker("management", association="ruhama").get(f"/surveys/{id}").status_code == 404
    assert wave(house, id).state == "drafted"
