"""The library's documents: versions kept, the newest given, nothing read in the clear and nothing of another house."""

import pytest

from conversations.world import Paper
from storage import documents
from storage.blobs import Blobs, place
from storage.database import Database
from storage.documents import Document
from storage.ids import new_id
from storage.keys import rotate
from storage.vault import Vault, generate_key

NOW = 1_790_000_000_000


def given(document: str = "bylaws", association: str = "harif", **more: object) -> Document:
    fields = {"title": "", "name": "لائحة.pdf", "kind": "pdf", "size": 10, "by": 7, "at": NOW, "version": 0}
    return Document(association=association, id=new_id(), document=document, **(fields | more))  # type: ignore[arg-type]


def kept(database: Database, vault: Vault, document: Document) -> Document:
    return database.write_now(documents.add, vault, document)


def test_a_new_version_is_numbered_after_the_last_and_the_others_stay(database: Database, vault: Vault) -> None:
    first, second = (kept(database, vault, given()) for _ in range(2))
    other = kept(database, vault, given("guide"))
    assert [one.version for one in (first, second, other)] == [1, 2, 1]
    assert database.read_now(documents.every_version, vault, "harif") == [second, first, other]
    assert database.read_now(documents.newest, vault, "harif", "bylaws") == second


def test_withdrawing_the_newest_gives_the_one_before_and_then_none(database: Database, vault: Vault) -> None:
    first, second = (kept(database, vault, given()) for _ in range(2))
    assert database.write_now(documents.withdraw, "harif", second.id, NOW)
    assert not database.write_now(documents.withdraw, "harif", second.id, NOW)
    assert database.read_now(documents.newest, vault, "harif", "bylaws") == first
    database.write_now(documents.withdraw, "harif", first.id, NOW)
    assert database.read_now(documents.newest, vault, "harif", "bylaws") is None
    # A withdrawn number is not given again.
    assert kept(database, vault, given()).version == 3


def test_what_people_may_ask_for_is_the_newest_of_each_not_withdrawn(database: Database, vault: Vault) -> None:
    kept(database, vault, given(kind="docx"))
    kept(database, vault, given(kind="pdf"))
    own = kept(database, vault, given("own-1", title="كتيب الأسرة", kind="png"))
    gone = kept(database, vault, given("guide"))
    database.write_now(documents.withdraw, "harif", gone.id, NOW)
    kept(database, vault, given(association="ruhama"))
    shelves = database.read_now(documents.on_shelves, vault, ["harif"])
    assert shelves == {"harif": (Paper(id="bylaws"), Paper(id="own-1", title=own.title, kind="png"))}
    assert set(database.read_now(documents.on_shelves, vault, ["harif", "ruhama"])) == {"harif", "ruhama"}


def test_a_document_of_another_association_is_not_there(database: Database, vault: Vault) -> None:
    theirs = kept(database, vault, given(association="ruhama"))
    assert database.read_now(documents.get, vault, "harif", theirs.id) is None
    assert database.read_now(documents.newest, vault, "harif", "bylaws") is None
    assert database.read_now(documents.every_version, vault, "harif") == []
    assert not database.write_now(documents.withdraw, "harif", theirs.id, NOW)


def test_titles_and_names_are_sealed(database: Database, vault: Vault) -> None:
    from sqlalchemy import select

    from storage.schema_desk import documents as table

    kept(database, vault, given("own-1", title="كتيب الأسرة", name="family.pdf"))
    row = database.read_now(lambda c: c.execute(select(table.c.title, table.c.name)).one())
    assert "كتيب".encode() not in bytes(row.title)
    assert b"family" not in bytes(row.name)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rotating_the_keys_takes_the_library_along(database: Database, tmp_path: object) -> None:
    old, new, index = generate_key(), generate_key(), generate_key()
    before, both, after = Vault([old], index), Vault([new, old], index), Vault([new], index)
    folder = f"{tmp_path}/files"
    own = kept(database, before, given("own-1", title="كتيب"))
    Blobs(place(folder), before).put("harif", own.id, b"%PDF-1")
    rotate(database, both, Blobs(place(folder), both))
    found = database.read_now(documents.get, after, "harif", own.id)
    assert found is not None and found.title == "كتيب"
    assert Blobs(place(folder), after).get("harif", own.id) == b"%PDF-1"
