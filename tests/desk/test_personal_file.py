"""The copy of everything kept of one person: read by people, by programs, with their files, and nothing masked."""

import io
import json
import re
import zipfile
from typing import Any

import pytest

from bot.desk.cases.personal_file import Copy, gather, pack, said_of
from bot.desk.words import desk_wording
from storage import personal
from storage.blobs import Missing
from storage.person import whose
from storage.times import ms
from tests.bot.desk import PDF, WORDS
from tests.desk.house import House, words_of


@pytest.fixture
def filed(house: House) -> tuple[Any, str]:
    person = house.person("7001")
    reference = person.does(person.apply())
    person.does(person.say("متى يصلني الرد؟"))
    person.does(person.file(PDF))
    house.later(seconds=5)
    return person, reference


def copied(house: House, reference: str, language: str = "ar") -> Copy:
    def read(connection: Any) -> Copy:
        person = whose(connection, house.vault, "harif", reference)
        return gather(connection, house.vault, house.associations["harif"], person, language)

    found: Copy = house.ask(read)
    return found


def packed(house: House, copy: Copy, language: str = "ar", bytes_of: Any = None) -> zipfile.ZipFile:
    association = house.associations["harif"]
    read = bytes_of or (lambda id: house.line.blobs.get("harif", id))
    return zipfile.ZipFile(io.BytesIO(pack(copy, association, language, ms(house.now), read)))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_copy_is_read_by_people_and_by_programs(house: House, filed: tuple[Any, str], language: str) -> None:
    _, reference = filed
    archive = packed(house, copied(house, reference, language), language)
    page = archive.read("index.html").decode()
    told = words_of(page)
    assert reference in told and WORDS["short_text"] in told and "متى يصلني الرد؟" in told
    assert WORDS["saudi_id"] in told and "••" not in told, "their own data are not masked"
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert "<script" not in page and not re.findall(r"""(?:src|href)=["']?http""", page), "it opens without a network"
    data = json.loads(archive.read("data.json"))
    assert data["cases"][0]["reference"] == reference
    assert WORDS["saudi_id"] in json.dumps(data)


def test_the_files_are_in_it_and_one_that_is_gone_is_left_out(house: House, filed: tuple[Any, str]) -> None:
    _, reference = filed
    copy = copied(house, reference)
    names = [f"files/{file['id']}.{file['kind']}" for file in copy.exported["files"]]
    assert names
    archive = packed(house, copy)
    assert set(names) <= set(archive.namelist())
    assert archive.read(names[0])[:4] == PDF[:4]

    def gone(id: int) -> bytes:
        raise Missing(str(id))

    assert set(packed(house, copy, bytes_of=gone).namelist()) == {"index.html", "data.json"}


def test_a_name_of_a_file_is_never_a_path(house: House, filed: tuple[Any, str]) -> None:
    _, reference = filed
    copy = copied(house, reference)
    copy.exported["files"][0]["name"] = "../../etc/<b>passwd"
    archive = packed(house, copy)
    assert not any(".." in name for name in archive.namelist())
    assert "<b>passwd" not in archive.read("index.html").decode()


def test_nobody_elses_words_are_in_it(house: House, filed: tuple[Any, str]) -> None:
    _, reference = filed
    other = house.person("7002")
    other.does(other.say("سرّ شخص آخر"))
    copy = copied(house, reference)
    assert "سرّ شخص آخر" not in str(copy)


def test_what_an_erasure_leaves_is_said_before_and_after_alike(house: House, filed: tuple[Any, str]) -> None:
    _, reference = filed

    def stays(connection: Any) -> Any:
        person = whose(connection, house.vault, "harif", reference)
        return personal.what_stays(connection, house.vault, "harif", person)

    def erase(connection: Any) -> Any:
        person = whose(connection, house.vault, "harif", reference)
        return personal.erase_person(connection, house.vault, "harif", person, who="staff:1", now=ms(house.now))

    before = house.ask(stays)
    assert house.do(erase).kept == before
    told = said_of(before, "ar", house.associations["harif"])
    assert f"{reference}: ما زال مفتوحًا" in told and len(told.splitlines()) == len(before)
    for language in ("ar", "en"):
        assert all(f"personal.kept.{why}" in desk_wording(language) for why in personal.KEPT)
