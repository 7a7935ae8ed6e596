"""Uploaded lists: every bad row is named with its reason, the good ones are kept apart until they are confirmed, and a
list is for nobody else."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from conversations.association.association import Association
from conversations.cases.calendar import in_digits
from storage import consents, waves
from storage.consents import Consent
from storage.schema_surveys import recipients
from storage.times import ms
from tests.desk.broadcasting import PNG, approve, careful, csv_file, feed, form, go, heard, known, states, upload
from tests.desk.house import House, Person, words_of


@pytest.fixture
def house(associations: dict[str, Association], tmp_path: Path) -> Iterator[House]:
    """A second person is asked above two."""
    made = careful(associations, tmp_path)
    yield made
    made.close()


def people(house: House) -> dict[str, Person]:
    return {
        "writes": known(house, "+966500000001", "whatsapp"),
        "case": known(house, "7002", case=True),
        "phone": known(house, "7003", phone="+966500000003"),
        "stopped": known(house, "+966500000004", "whatsapp"),
        "refused": known(house, "+966500000005", "whatsapp", agreed=()),
    }


def rows_of(found: dict[str, Person], first: str = "٠٥٠٠٠٠٠٠٠١") -> list[list[Any]]:
    """A row of each kind there is; good ones: 2, 3 and 4."""
    return [
        ["الجوال", "ملاحظة"],
        [first, "أم محمد"],
        ["", found["case"].reference],
        [966500000003.0, None],
        ["050000", ""],
        ["0500000004", ""],
        ["0500000005", ""],
        ["0509999999", ""],
        ["+966 50 000 0001", "مرة أخرى"],
        ["", ""],
    ]


BAD = {
    5: "ليس رقم جوال ولا رقم طلب",
    6: "أوقف رسائلنا",
    7: "لم يوافق على هذا النوع من الرسائل",
    8: "لا نعرف صاحبه",
    9: "هذا الشخص في",
}


def xlsx_file(rows: list[list[Any]]) -> bytes:
    from openpyxl import Workbook

    book, out = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_an_uploaded_list_names_every_bad_row_and_keeps_the_good_ones_apart_until_they_are_confirmed(
    house: House,
) -> None:
    found = people(house)
    found["stopped"].does(found["stopped"].say("إيقاف"))
    officer = house.worker("relations_officer")
    for name, data in (
        ("a.csv", csv_file(rows_of(found))),
        ("b.csv", csv_file(rows_of(found, "0500000001"), ";", "cp1256")),
        ("c.xlsx", xlsx_file(rows_of(found))),
    ):
        answer = upload(officer, data, name)
        page = words_of(answer.text)
        assert answer.status_code == 200, page
        for number, why in BAD.items():
            row = f"صف {in_digits(number, 'ar')} "
            assert row in page and page.partition(row)[2].partition("صف ")[0].strip().endswith(why), (
                name,
                number,
                page,
            )
        assert "عرفنا منها ٣" in page and "و٥ صفوف متروكة" in page and "0509999999" in page
    id = house.ask(waves.listed, "harif", "broadcast")[0].id
    assert states(house, id) == ["held"] * 3
    later = officer.text(f"/broadcasts/{id}")
    assert "صف ٨" in later and "0509999999" not in later, "what a row said is kept nowhere"
    answer = go(officer, id, 3)
    assert answer.status_code == 409 and "أكّدوا القائمة أولًا" in words_of(answer.text)
    feed(house)
    assert heard(*found.values()) == 0
    officer.post(f"/broadcasts/{id}/confirm")
    assert officer.post(f"/broadcasts/{id}/confirm").status_code == 409
    assert "٣ أشخاص" in officer.text(f"/broadcasts/{id}")
    assert "طلبنا موافقة" in words_of(go(officer, id, 3).text)
    approve(house.worker("management"), id, 3)
    house.run(house.line.rounds.planner.work())
    feed(house)
    assert [name for name, one in found.items() if heard(one)] == ["writes", "case", "phone"]


def test_a_list_adds_nobody_whatever_the_audience_would_be(house: House) -> None:
    named, other = known(house, "7001", case=True), known(house, "7002")
    officer = house.worker("relations_officer")
    answer = upload(officer, named.reference.encode())
    id = int(re.search(r"/broadcasts/(\d+)/confirm", answer.text)[1])  # type: ignore[index]
    officer.post(f"/broadcasts/{id}/confirm")
    go(officer, id, 1)
    for _ in range(2):
        house.run(house.line.rounds.planner.work())
        feed(house)
    assert heard(named) == 1 and heard(other) == 0


def test_who_withdrew_since_the_list_was_confirmed_holds_it_up(house: House) -> None:
    named = known(house, "7001", case=True)
    officer = house.worker("relations_officer")
    answer = upload(officer, named.reference.encode())
    id = int(re.search(r"/broadcasts/(\d+)/confirm", answer.text)[1])  # type: ignore[index]
    officer.post(f"/broadcasts/{id}/confirm")
    r = recipients.c
    whose = house.ask(lambda c: c.scalar(select(r.beneficiary).where(r.wave == id)))
    no = Consent("harif", named.id, whose, "case", False, "1", "telegram", "", ms(house.now))
    house.do(consents.log, [no])
    answer = go(officer, id, 1)
    assert answer.status_code == 409 and "لم يوافق على هذا النوع" in words_of(answer.text)


def test_a_file_that_is_no_list_is_refused_with_the_remedy(house: House) -> None:
    officer = house.worker("relations_officer")
    many = b"0500000001\n" * 20_002
    for data, said in (
        (PNG, "لم نستطع قراءة الملف"),
        (b"PK\x03\x04 broken", "لم نستطع قراءة الملف"),
        (b"  \n", "لا صفوف"),
        ("الجوال\n".encode(), "لا صفوف"),
        (many, "قسّموه"),
    ):
        answer = upload(officer, data)
        assert answer.status_code == 422 and said in words_of(answer.text), said
    assert house.ask(waves.listed, "harif", "broadcast") == []


def test_a_number_that_more_than_one_person_gave_means_nobody(house: House) -> None:
    known(house, "7001", phone="+966500000009")
    known(house, "7002", phone="+966500000009")
    page = words_of(upload(house.worker("relations_officer"), b"0500000009").text)
    assert "يخصّ أكثر من شخص" in page and "لم نعرف منها أحدًا" in page


def test_another_list_or_another_choice_takes_the_place_of_the_one_before(house: House) -> None:
    one, two = known(house, "7001", case=True), known(house, "7002", case=True)
    officer = house.worker("relations_officer")
    answer = upload(officer, one.reference.encode())
    id = int(re.search(r"/broadcasts/(\d+)/confirm", answer.text)[1])  # type: ignore[index]
    path = f"/broadcasts/{id}/change"
    officer.post(path, files={"file": ("", b"")}, **form(whom="list", title="عنوان آخر"))
    assert states(house, id) == ["held"], "the list that is there stays"
    officer.post(path, files={"list": ("b.csv", two.reference.encode())}, **form(whom="list"))
    r = recipients.c
    assert house.ask(lambda c: c.scalars(select(r.conversation).where(r.wave == id)).all()) == [two.id]
    officer.post(path, files={"file": ("", b"")}, **form())
    assert states(house, id) == [] and "شخصان" in officer.text(f"/broadcasts/{id}")
    go(officer, id, 2)
    feed(house)
    assert heard(one, two) == 2
