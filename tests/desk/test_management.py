"""Continuous oversight: who may look, what they see, and what leaves the house as a file."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import insert

from bot.sheets import Table, csv_of, safe, xlsx
from conversations.arabic.normalise import ascii_digits
from storage.cases import by_reference
from storage.schema import cases, handoffs
from storage.times import DAY, HOUR, ms
from tests.desk.house import Browser, House


def filed(house: House, **values: Any) -> int:
    """A case straight into its table; its id."""
    house.cases_made = getattr(house, "cases_made", 0) + 1  # type: ignore[attr-defined]
    number: int = house.cases_made  # type: ignore[attr-defined]
    now = ms(house.now)
    given = {
        "association": "harif",
        "id": number,
        "reference": f"HRF-TEST{number}",
        "kind": "request",
        "stage": "verifying",
        "opened_at": now - HOUR,
        "updated": now,
    }
    house.do(lambda connection: connection.execute(insert(cases).values(given | values)))
    return number


def figure(browser: Browser, name: str, path: str = "/management?calendar=gregorian&period=year") -> str:
    """The value of a tile."""
    from bot.desk.words import desk_wording
    from tests.desk.house import words_of

    tile = desk_wording("ar")(f"management.{name}")
    html = browser.get(path).text
    before = html[: html.index(f">{tile}</span>")]
    return ascii_digits(words_of(before[before.rindex("<strong") :] + ">"))


def table(browser: Browser, ending: str = "csv", what: str = "figures", query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/management/{what}.{ending}?period=year&calendar=gregorian{query}")
    assert answer.status_code == 200
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_management_and_the_auditor_see_the_figures_and_nobody_else(house: House) -> None:
    from conversations.rights import WORKER_ROLES

    seeing = {role for role in WORKER_ROLES if house.worker(role).get("/management").status_code == 200}
    assert seeing == {"management", "auditor"}
    refused = house.worker("relations_officer")
    for path in ("figures.xlsx", "figures.csv", "cases.xlsx", "cases.csv", "report.pdf"):
        assert refused.get(f"/management/{path}").status_code == 403


def test_an_empty_house_says_what_will_appear(house: House) -> None:
    assert "متى وصل أول طلب" in house.worker("management").text("/management")


def test_what_is_open_due_overdue_and_past_the_promise_is_counted(house: House) -> None:
    now = ms(house.now)
    filed(house)
    filed(house, due=now + HOUR)
    filed(house, due=now - HOUR)
    filed(house, latest=now - HOUR)
    filed(house, closed_at=now, stage="closed")
    manager = house.worker("management")
    assert [figure(manager, name) for name in ("open", "due", "overdue", "late")] == ["4", "1", "1", "1"]
    assert figure(manager, "opened") == "5"


def test_decisions_are_held_against_the_promise_by_kind_service_and_worker(house: House) -> None:
    now = ms(house.now)
    officer = house.account("سارة")
    decided = {"decided_at": now - HOUR, "decision": "accept", "decided_by": str(officer), "service": "training"}
    filed(house, **decided, opened_at=now - 4 * DAY, latest=now)
    filed(house, **decided, opened_at=now - 8 * DAY, latest=now - DAY)
    manager = house.worker("management")
    assert figure(manager, "kept") == "50"
    rows = {(row["الجدول"], row["الاسم"], row["المقياس"]): row["العدد"] for row in table(manager)}
    for place in (("بحسب النوع", "طلب خدمة"), ("بحسب الخدمة", "تدريب"), ("بحسب الموظف", "سارة")):
        assert rows[*place, "بُتّ فيها"] == "2"
        assert rows[*place, "بُتّ فيها في موعدها ٪"] == "50"
        assert rows[*place, "أيام حتى القرار (الوسيط)"] == "3"


def test_the_first_answer_is_measured_in_office_hours(house: House) -> None:
    """The whole way: a person asks for somebody, and a worker answers an hour of the office later."""
    now = ms(house.now)
    officer = house.account("سارة")
    given = {"association": "harif", "conversation": 1, "reason": "asked", "at": now - 4 * DAY}
    rows = [{**given, "id": 1, "replied_at": now, "taken_by": str(officer)}, {**given, "id": 2}]
    house.do(lambda connection: connection.execute(insert(handoffs), rows[:1]))
    house.do(lambda connection: connection.execute(insert(handoffs), rows[1:]))
    manager = house.worker("management")
    waited = int(next(row["العدد"] for row in table(manager) if row["المقياس"].startswith("أول رد، بالدقائق (الوسيط)")))
    assert 0 < waited < 4 * 24 * 60 / 2
    assert figure(manager, "waiting") == "1"


def test_complaints_stand_by_subject_and_outcome(house: House) -> None:
    for stage, decision in (("closed", "answer"), ("investigating", "")):
        filed(house, kind="complaint", category="delay", stage=stage, decision=decision)
    rows = [row for row in table(house.worker("management")) if row["الجدول"].startswith("الشكاوى بحسب")]
    assert {row["الاسم"] for row in rows} == {"تأخّر الرد أو الخدمة"}
    assert {row["المقياس"]: row["العدد"] for row in rows} == {"وصلت": "2", "أُجيب عنها": "1", "مفتوحة": "1"}


def test_a_case_about_the_reader_is_in_no_figure_and_in_no_file(house: House) -> None:
    from storage.schema_desk import excluded

    manager, other = house.worker("management", name="a"), house.worker("management", name="b")
    id = filed(house, kind="complaint", category="treatment")
    row = {"association": "harif", "subject": f"case:{id}", "staff": manager.id, "why": "named", "by": 1, "at": 1}
    house.do(lambda connection: connection.execute(insert(excluded).values(row)))
    assert figure(other, "opened") == "1"
    assert figure(manager, "opened") == "0"
    assert [row["الرقم"] for row in table(other, what="cases")] == ["HRF-TEST1"]
    assert table(manager, what="cases") == []


def test_restricted_cases_are_a_number_from_five_on_and_in_no_list(house: House) -> None:
    manager = house.worker("management")
    for _ in range(4):
        filed(house, kind="complaint", restricted=True)
    assert figure(manager, "restricted") == "أقل من 5"
    filed(house, kind="complaint", restricted=True)
    assert figure(manager, "restricted") == "5"
    assert figure(manager, "opened") == "0"
    assert table(manager, what="cases") == []


def test_the_list_holds_references_stages_and_days_and_no_name(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    manager = house.worker("management")
    answer = manager.get("/management/cases.csv?period=year&calendar=gregorian")
    assert answer.content.startswith("\ufeff".encode())
    (row,) = table(manager, what="cases")
    assert row["الرقم"] == reference
    assert row["وصلت في"] == str(house.now.date())
    case = house.ask(by_reference, house.vault, "harif", reference)
    said = [value for value in case.answers.values() if isinstance(value, str) and len(value) > 4]
    assert len(said) > 2
    assert not [value for value in said if value in answer.text]


def test_every_file_that_leaves_is_on_record(house: House) -> None:
    manager = house.worker("management")
    for name in ("figures.xlsx", "figures.csv", "cases.xlsx", "cases.csv", "report.pdf"):
        assert manager.get(f"/management/{name}").status_code == 200
        assert (manager.who, "export", "figures", name) in house.acts()
    manager.get("/management?period=quarter")
    assert (manager.who, "view", "figures", "quarter") in house.acts()


def test_a_sheet_of_the_figures_opens_right_to_left_and_holds_the_same_numbers(house: House) -> None:
    from openpyxl import load_workbook

    filed(house, service="training")
    answer = house.worker("management").get("/management/figures.xlsx?period=year&calendar=gregorian")
    book = load_workbook(io.BytesIO(answer.content))
    assert all(sheet.sheet_view.rightToLeft for sheet in book)
    rows = [[cell.value for cell in row] for row in book["بحسب الخدمة"].rows]
    assert dict(zip(rows[0], rows[1], strict=True))["وصلت"] == 1
    english = house.worker("management", language="en").get("/management/cases.xlsx?period=year&calendar=gregorian")
    book = load_workbook(io.BytesIO(english.content))
    assert not book["Cases"].sheet_view.rightToLeft
    assert [cell.value for cell in book["Cases"][2]][:2] == ["HRF-TEST1", "Service request"]


@pytest.mark.parametrize("wicked", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1"])
def test_nothing_in_a_file_can_act(wicked: str) -> None:
    from openpyxl import load_workbook

    sheet = Table("t", wicked, [wicked], [[wicked]])
    (cell,) = (load_workbook(io.BytesIO(xlsx([sheet], rtl=True))).worksheets[0]["A2"].value,)
    assert cell.startswith("'")
    assert list(csv.reader(io.StringIO(csv_of(sheet).decode("utf-8-sig"), newline="")))[1] == [f"'{wicked}"]
    assert safe(-3) == -3


def test_sheets_of_one_name_are_told_apart() -> None:
    from openpyxl import load_workbook

    same = [Table(str(n), "اسم: طويل/جدًا " * 4, ["x"], []) for n in range(3)]
    book = load_workbook(io.BytesIO(xlsx(same, rtl=True)))
    assert len({name.casefold() for name in book.sheetnames}) == 3


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-01", "2026-11-10", "١ نوفمبر ٢٠٢٦"),
        ("١٤٤٨/٦/١", "١٤٤٨/٦/١٠", "١ جمادى الآخرة ١٤٤٨"),
        ("1448-6-10", "1448-6-1", "١ جمادى الآخرة ١٤٤٨"),
    ],
)
def test_days_may_be_typed_in_either_calendar(house: House, first: str, last: str, said: str) -> None:
    text = house.worker("management").text(f"/management?period=range&first={first}&last={last}")
    assert said in text.split("الآن")[0]


@pytest.mark.parametrize(
    ("first", "last"), [("", ""), ("2026-13-40", "2026-11-01"), ("1448/9/31", "x"), ("0000-1-1", "9")]
)
def test_days_that_are_none_show_this_month_and_say_so(house: House, first: str, last: str) -> None:
    text = house.worker("management").text(f"/management?period=range&first={first}&last={last}")
    assert "لم نفهم اليومين" in text


def test_a_filter_is_kept_in_the_files_and_a_senseless_one_is_nothing(house: House) -> None:
    filed(house, service="training")
    filed(house, kind="suggestion")
    manager = house.worker("management")
    assert len(table(manager, what="cases", query="&kind=suggestion")) == 1
    assert len(table(manager, what="cases", query="&service=training")) == 1
    assert len(table(manager, what="cases", query="&kind=x&service=y")) == 2
    assert figure(manager, "opened", "/management?period=year&calendar=gregorian&kind=suggestion") == "1"


def test_the_trend_is_drawn_from_the_right_in_arabic_and_says_its_numbers_beside(house: House) -> None:
    import re

    filed(house)
    for language, begins in (("ar", 676.0), ("en", 44.0)):
        html = house.worker("management", language=language).get("/management?period=year&calendar=gregorian").text
        points = re.search(r'<g class="series opened">\s*<polyline points="([^"]+)"', html)
        assert points
        assert float(points[1].split(",")[0]) == begins
        assert 'role="img" aria-labelledby="chart-title chart-about"' in html
        assert "<details>" in html
        assert "style=" not in html


def test_the_report_is_a_pdf_of_the_period_with_every_clause_beside_its_evidence(house: House) -> None:
    from bot import governance
    from bot.desk.words import DeskWords
    from bot.figures import overview, rows_of, scope_of
    from conversations.cases.period import Period
    from conversations.rights import kinds_seen_by

    for _ in range(6):
        filed(house, service="training", decided_at=ms(house.now), decision="accept", latest=ms(house.now) + DAY)
    filed(house, kind="complaint", category="delay")
    answer = house.worker("management").get("/management/report.pdf?period=year&calendar=gregorian")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")

    association = house.associations["harif"]
    today = house.now.date()
    over = Period(today.replace(day=1), today)
    scope = scope_of(over, "harif", kinds_seen_by(["management"]), ())
    words = DeskWords("ar", association)

    async def read(function: Any, *args: Any) -> Any:
        return await house.database.read(function, *args)

    rows = house.run(rows_of(read, scope, house.now, association.profile))
    view = overview(rows, over, "gregorian", association.profile, "ar")
    proof = house.run(governance.proof_of(read, scope))
    made = governance.report(association.profile, view, proof, words, house.now)
    assert [clause.id for clause in made.clauses] == [clause.id for clause in association.profile.clauses]
    by_id = {clause.id: clause for clause in made.clauses}
    (promise, _) = by_id["ت-6"].evidence
    assert ("الطلبات: بُتّ فيها", "٦") in promise.figures
    assert ("الطلبات: في موعدها", "١٠٠٪") in promise.figures
    # One complaint may point at somebody: neither its number nor its reference leaves the house.
    complaints = [one for one in by_id["ج-1"].evidence if one.figures]
    assert ("الشكاوى: وصلت", "أقل من ٥") in complaints[0].figures
    assert not any(one.samples for one in complaints)
    assert by_id["د-1"].evidence[0].figures == (("دورات استبيان بدأت", "٠"), ("أجابوا عنها", "٠"))
    assert not by_id["ح-1"].evidence[0].ready


def test_every_figure_that_shows_a_clause_can_be_said(house: House) -> None:
    """All that fulfils a clause, with no case and with some, in both languages, in each association."""
    from bot import governance
    from bot.desk.words import DeskWords
    from bot.figures import overview, rows_of, scope_of
    from conversations.cases.lifecycle import KINDS
    from conversations.cases.period import named

    async def read(function: Any, *args: Any) -> Any:
        return await house.database.read(function, *args)

    for kind in KINDS:
        for _ in range(6):
            filed(house, kind=kind, decided_at=ms(house.now), decision="accept", latest=ms(house.now) + DAY)
    for association in house.associations.values():
        over = named("year", "gregorian", house.now.date())
        scope = scope_of(over, association.slug, KINDS, ())
        rows = house.run(rows_of(read, scope, house.now, association.profile))
        proof = house.run(governance.proof_of(read, scope))
        for language in ("ar", "en"):
            view = overview(rows, over, "gregorian", association.profile, language)
            words = DeskWords(language, association)
            made = governance.report(association.profile, view, proof, words, house.now)
            shown = [figure for clause in made.clauses for one in clause.evidence for figure in one.figures]
            assert len(shown) > 20
            assert all(label and value for label, value in shown)
