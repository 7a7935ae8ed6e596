"""A request about one's own data: nothing before identity is proven; a copy, a correction, what an erasure leaves."""

import io
import json
import zipfile

import pytest

from tests.desk.house import Browser, House, words_of
from tests.desk.test_case import filed
from tests.desk.test_moves import does, hidden, stage, step


def asked(house: House, what: str = "erase") -> int:
    person = house.person("7001")
    filed(house)
    person.does(person.press("/mydata"))
    person.does(person.finish(what=what, sure="yes"))
    return next(int(id) for id, kind in house.line.rows("cases", "id", "kind") if kind == "data_request")


def proven(house: House, id: int) -> Browser:
    officer = house.worker("relations_officer")
    officer.post(f"/case/{id}/verify", item="@identity", outcome="ok", matches="1")
    does(officer, id, "verify")
    return officer


def test_nothing_works_before_identity_is_proven(house: House) -> None:
    id = asked(house)
    officer = house.worker("relations_officer")
    assert "تأكدوا من الهوية أولًا" in officer.text(f"/case/{id}")
    answer = officer.post(f"/case/{id}/move/verify", moves="0", do="make")
    assert answer.status_code == 409 and stage(house, id) == "received"
    for what, fields in (
        ("export", {}),
        ("correct", {"field": "full_name", "value": "نورة سعد"}),
        ("erase", {"sure": "yes", "result": "x", "kept": "y", "moves": "0"}),
    ):
        assert officer.post(f"/case/{id}/data/{what}", **fields).status_code == 409, what
    assert "نورة" not in officer.text(f"/case/{id}/data")
    officer.post(f"/case/{id}/verify", item="@identity", outcome="wrong")
    assert officer.post(f"/case/{id}/move/verify", moves="0", do="make").status_code == 409


def test_only_who_answers_data_requests_may(house: House) -> None:
    id = asked(house)
    proven(house, id)
    researcher = house.worker("social_researcher")
    assert researcher.get(f"/case/{id}/data").status_code == 403
    assert researcher.post(f"/case/{id}/data/export").status_code == 403
    request = next(int(one) for one, kind in house.line.rows("cases", "id", "kind") if kind == "request")
    assert house.worker("relations_officer").get(f"/case/{request}/data").status_code == 404


def test_a_copy_is_everything_in_one_file_and_on_record(house: House) -> None:
    id = asked(house, "copy")
    officer = proven(house, id)
    answer = officer.post(f"/case/{id}/data/export")
    assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        held = json.loads(packed.read("data.json"))
    assert {case["kind"] for case in held["cases"]} == {"request", "data_request"}
    assert (officer.who, "data.export", f"case:{id}", "") in house.acts()


def test_a_fact_is_put_right_by_its_own_kind_where_it_is_remembered_and_where_it_is_open(house: House) -> None:
    id = asked(house, "correct")
    officer = proven(house, id)
    wrong = officer.post(f"/case/{id}/data/correct", field="national_id", value="1012345673")
    assert wrong.status_code == 422 and "1012345673" in wrong.text
    assert officer.post(f"/case/{id}/data/correct", field="nothing", value="x").status_code == 422
    officer.post(f"/case/{id}/data/correct", field="full_name", value="نورة سعد السالم")
    request = next(int(one) for one, kind in house.line.rows("cases", "id", "kind") if kind == "request")
    assert "نورة سعد السالم" in officer.text(f"/case/{request}")
    assert f"/case/{request}" in officer.post("/cases/search", what="سعد").text
    assert (officer.who, "data.correct", f"case:{id}", "full_name") in house.acts()


@pytest.mark.parametrize("sure", ["", "yes"])
def test_an_erasure_says_what_stays_and_why_and_its_person_hears_of_it(house: House, sure: str) -> None:
    id = asked(house)
    person = house.person("7001")
    officer = proven(house, id)
    page = officer.get(f"/case/{id}/data").text
    kept = page.partition('name="kept"')[2].partition(">")[2].partition("</textarea>")[0]
    assert "سجل" in words_of(page) and kept.strip()
    moves = hidden(page, "moves")
    answer = officer.post(f"/case/{id}/data/erase", sure=sure, result="محونا بياناتكم", kept=kept, moves=moves)
    if not sure:
        assert answer.status_code == 422 and "محونا بياناتكم" in answer.text and stage(house, id) == "verified"
        return
    house.settle()
    assert stage(house, id) == "executed"
    assert (officer.who, "data.erase", f"case:{id}", "") in house.acts()
    assert person.told == ["السلام عليكم، هناك جديد لكم."], "what was said before is gone"
    reference = next(one for one, kind in house.line.rows("cases", "reference", "kind") if kind == "data_request")
    person.does(person.press(f"track:{reference}"))
    answer_read = "\n".join(person.told)
    assert "محونا بياناتكم" in answer_read and all(line in answer_read for line in kept.splitlines())
    assert officer.post(f"/case/{id}/data/erase", sure="yes", result="x", kept="y", moves=moves).status_code == 409


def test_thirty_days_stand_on_the_page_and_can_be_extended_once(house: House) -> None:
    id = asked(house)
    officer = house.worker("relations_officer")
    before = house.line.rows("cases", "id", "latest", "due")
    ((latest, due),) = [(latest, due) for one, latest, due in before if one == id]
    assert latest == due
    house.later(days=20)
    officer = house.worker("relations_officer")
    step(officer, id, "extend", reason="البيانات في أرشيف ورقي")
    ((later, due),) = [
        (latest, due) for one, latest, due in house.line.rows("cases", "id", "latest", "due") if one == id
    ]
    assert later == due > latest
    assert "/move/extend" not in officer.get(f"/case/{id}").text


def test_erasing_is_offered_where_it_was_asked_for_and_what_stays_is_said_of_it_alone(house: House) -> None:
    id = asked(house, "copy")
    officer = proven(house, id)
    page = officer.get(f"/case/{id}/data").text
    assert "/data/erase" not in page and "/data/export" in page
    moves = hidden(officer.get(f"/case/{id}/move/execute").text, "moves")
    answer = officer.post(f"/case/{id}/data/erase", sure="yes", result="x", kept="y", moves=moves)
    assert stage(house, id) == "verified" and "لا يسأل عن محو" in words_of(answer.text)
    assert 'name="kept"' not in officer.get(f"/case/{id}/move/execute").text
    step(officer, id, "execute", result="سلّمناكم نسختكم")
    assert stage(house, id) == "executed"
    reference = next(one for one, kind in house.line.rows("cases", "reference", "kind") if kind == "data_request")
    house.settle()
    person = house.person("7001")
    person.does(person.press(f"track:{reference}"))
    said = "\n".join(person.told[-3:])
    assert "سلّمناكم نسختكم" in said and "يُلزمنا النظام" not in said


SECRET = "سر لا يقرؤه إلا مسؤول الحماية"


def hurt(house: House, what: str = "copy") -> tuple[Browser, dict[str, int]]:
    """Somebody complains of abuse by a relations officer, and asks about their own data: that officer's browser."""
    accused = house.worker("relations_officer", name="نورة السالم")
    person = house.person("7001")
    person.does(person.open("complain"))
    person.does(person.finish(subject="abuse", what_happened=SECRET))
    person.does(person.press("/mydata"))
    person.does(person.finish(what=what, sure="yes"))
    rows = {kind: int(id) for id, kind in house.line.rows("cases", "id", "kind")}
    accused.post(f"/case/{rows['data_request']}/verify", item="@identity", outcome="ok", matches="1")
    does(accused, rows["data_request"], "verify")
    return accused, rows


@pytest.mark.parametrize("what", ["copy", "erase"])
def test_what_is_kept_from_a_worker_leaves_the_house_by_no_data_request_either(house: House, what: str) -> None:
    accused, rows = hurt(house, what)
    id = rows["data_request"]
    unconcerned = house.worker("relations_officer")
    written = len(house.line.rows("messages", "id"))
    for officer in (accused, unconcerned):
        page = officer.get(f"/case/{id}/data")
        assert page.status_code == 200 and "ينفّذ هذا الطلب غيركم" in words_of(page.text)
        assert "/data/export" not in page.text and "/data/erase" not in page.text
        reference = next(one for one, kind in house.line.rows("cases", "reference", "kind") if kind == "complaint")
        assert reference not in page.text
        assert officer.post(f"/case/{id}/data/export").status_code == 409
        assert officer.post(f"/case/{id}/data/correct", field="full_name", value="نورة سعد").status_code == 409
        fields = {"sure": "yes", "result": "محونا", "kept": "لا شيء", "moves": "1"}
        assert officer.post(f"/case/{id}/data/erase", **fields).status_code == 409
        assert officer.post(f"/case/{id}/move/execute", do="preview", moves="1", result="تم").status_code == 409
    assert stage(house, id) == "verified" and len(house.line.rows("messages", "id")) == written
    assert not [act for act in house.acts() if act[1] in ("data.export", "data.erase", "data.correct")]


def test_a_data_request_is_passed_on_to_who_may_see_all_of_the_person(house: House) -> None:
    accused, rows = hurt(house)
    id = rows["data_request"]
    assert "لا يوجد الآن من يستطيع" in accused.text(f"/case/{id}/data")
    other = house.worker("relations_officer", name="سمية")
    protection = house.worker("protection_officer", name="هند", woman=True)
    page = accused.get(f"/case/{id}/data").text
    assert "هند" in words_of(page) and "سمية" not in words_of(page)
    assert accused.post(f"/case/{id}/data/pass", staff=str(other.id)).status_code == 409
    answer = accused.post(f"/case/{id}/data/pass", staff=str(protection.id), follow=False)
    assert answer.status_code == 303
    assert (accused.who, "case.hold", f"case:{id}", f"staff:{protection.id}") in house.acts()
    assert protection.id in [holder for (holder,) in house.line.rows("cases", "holder")]
    copy = protection.post(f"/case/{id}/data/export")
    with zipfile.ZipFile(io.BytesIO(copy.content)) as packed:
        assert SECRET in packed.read("data.json").decode()
    step(protection, id, "execute", result="سلّمناكم نسختكم")
    assert stage(house, id) == "executed"
