"""The library: who may add, what is taken, versions kept, and the newest one sent to who asks for it."""

import re
from typing import Any

import pytest

from bot.receipts import Attachments
from conversations.says import Attachment
from storage import documents, figures
from storage.figures import Scope
from storage.times import ms
from tests.desk.house import Browser, House

PDF = b"%PDF-1.7 bylaws"
DOCX = b"PK\x03\x04 [Content_Types].xml word/document.xml"
PNG = b"\x89PNG\r\n\x1a\n rest"


def put(browser: Browser, data: bytes = PDF, document: str = "bylaws", title: str = "", name: str = "لائحة.pdf") -> Any:
    files = {"file": (name, data, "application/pdf")}
    return browser.post("/library", files=files, document=document, title=title)


def ids(browser: Browser) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/desk/harif/library/(\d+)", browser.get("/library").text)))


def sent(house: House, asked: str, handle: str = "7001") -> list[Attachment]:
    person = house.person(handle)
    person.does(person.say(asked))
    paper = house.papers["harif", "telegram"]
    files = [say.file for say in paper.says if say.file]
    paper.says.clear()
    return files


def bytes_of(house: House, file: Attachment) -> bytes | None:
    attachments = Attachments(house.database, house.vault, house.associations, house.line.blobs, "", lambda *_: "")
    content = house.run(attachments("harif", file))
    return None if content is None else content.data


def test_everybody_reads_and_only_who_keeps_the_library_adds(house: House) -> None:
    from conversations.rights import WORKER_ROLES

    keepers = set()
    for role in WORKER_ROLES:
        worker = house.worker(role)
        assert "اللائحة الأساسية" in worker.text("/library")
        if put(worker).status_code == 200:
            keepers.add(role)
    assert keepers == {"management", "administrator"}
    (newest, _) = ids(house.worker("management"))
    assert house.worker("committee").get(f"/library/{newest}").content == PDF
    assert "إضافة نسخة" not in house.worker("committee").text("/library")


def test_a_new_version_is_given_from_now_on_and_the_old_one_stays(house: House) -> None:
    keeper = house.worker("administrator")
    put(keeper)
    put(keeper, DOCX, name="new.docx")
    newest, old = ids(keeper)
    assert keeper.get(f"/library/{newest}").content == DOCX
    assert keeper.get(f"/library/{old}").content == PDF
    (file,) = sent(house, "أرسلوا لي اللائحة")
    assert (file.name, file.kind) == ("اللائحة الأساسية.docx", "docx")
    assert bytes_of(house, file) == DOCX
    assert [act[:3] for act in house.acts() if act[1] == "document.add"] == [
        (keeper.who, "document.add", "document:bylaws")
    ] * 2


def test_a_withdrawn_version_is_sent_to_nobody_and_shown_to_who_keeps_the_library(house: House) -> None:
    keeper, reader = house.worker("management"), house.worker("committee")
    put(keeper)
    (id,) = ids(keeper)
    (file,) = sent(house, "أرسلوا لي اللائحة")
    keeper.post(f"/library/{id}/withdraw")
    assert reader.get(f"/library/{id}").status_code == 404
    assert keeper.get(f"/library/{id}").content == PDF
    assert sent(house, "أرسلوا لي اللائحة", "7002") == []
    # What was on its way when it was withdrawn does not leave either.
    assert bytes_of(house, file) is None
    assert keeper.post(f"/library/{id}/withdraw").status_code == 409
    assert (keeper.who, "document.withdraw", "document:bylaws", "version:1") in house.acts()


def test_a_document_of_the_associations_own_is_found_by_its_name(house: House) -> None:
    put(house.worker("management"), PNG, document="new", title="كتيب  الأسرة المنتجة", name="x.png")
    (file,) = sent(house, "أبغى كتيب الأسرة")
    assert file.name == "كتيب الأسرة المنتجة.png"
    assert bytes_of(house, file) == PNG
    assert "كتيب الأسرة المنتجة" in house.worker("relations_officer").text("/library")


def test_whoever_asks_for_a_document_is_on_record_by_its_id_alone(house: House) -> None:
    put(house.worker("management"))
    sent(house, "أرسلوا لي اللائحة")
    conversation = house.person("7001").id
    (act,) = [act for act in house.acts() if act[1] == documents.SENT]
    assert act == ("beneficiary", documents.SENT, "document:bylaws", f"conversation:{conversation}")
    scope = Scope("harif", 0, ms(house.now) + 1, ())
    assert house.ask(figures.recorded, scope)["documents_sent"] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": b"<svg onload=alert(1)>"}, "ليس PDF"),
        ({"data": b"MZ\x90\x00 program", "name": "bylaws.pdf"}, "ليس PDF"),
        ({"data": b""}, "اختاروا الملف"),
        ({"document": "nothing"}, "اختاروا الوثيقة"),
        ({"document": "new", "title": "  "}, "اكتبوا اسم الوثيقة"),
    ],
)
def test_what_cannot_be_taken_says_why_and_keeps_what_was_typed(house: House, given: Any, said: str) -> None:
    keeper = house.worker("management")
    answer = put(keeper, **({"title": "كتيب"} | given))
    assert answer.status_code == 422
    assert said in answer.text
    if given.get("title", "x").strip():
        assert 'value="كتيب"' in answer.text
    assert ids(keeper) == []


def test_a_file_that_is_too_big_is_refused(house: House) -> None:
    keeper = house.worker("management")
    limit = house.desk.site.file_limit
    assert put(keeper, PDF + b"0" * (limit + 300_000)).status_code == 413
    assert ids(keeper) == []


def test_a_form_that_comes_twice_adds_one_version_and_leaves_no_bytes(house: House) -> None:
    keeper = house.worker("management")
    first = keeper.post("/library", files={"file": ("a.pdf", PDF, "application/pdf")}, document="bylaws", once="same")
    again = keeper.post("/library", files={"file": ("a.pdf", PDF, "application/pdf")}, document="bylaws", once="same")
    assert (first.status_code, again.status_code) == (200, 409)
    assert len(ids(keeper)) == 1


def test_a_document_of_another_association_is_not_there(house: House) -> None:
    put(house.worker("management"))
    (id,) = ids(house.worker("management"))
    other = house.worker("management", association="ruhama")
    assert other.get(f"/desk/ruhama/library/{id}").status_code == 404
    assert other.post(f"/desk/ruhama/library/{id}/withdraw").status_code == 404
    assert id not in other.get("/desk/ruhama/library").text


def test_another_process_knows_the_library_after_its_round(house: House) -> None:
    put(house.worker("management"))
    house.line.intake.papers = {}
    assert sent(house, "أرسلوا لي اللائحة") == []
    house.run(house.line.rounds.library())
    assert len(sent(house, "أرسلوا لي اللائحة", "7002")) == 1


def test_pages_of_a_file_run_nothing(house: House) -> None:
    keeper = house.worker("management")
    put(keeper, DOCX, name='evil".html')
    (id,) = ids(keeper)
    answer = keeper.get(f"/library/{id}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
