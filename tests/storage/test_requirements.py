"""What a returned case waits for: asked, numbered, arrived, and the answer before not lost."""

from sqlalchemy import text

from conversations.cases.missing import Missing
from storage import requirements
from storage.database import Database
from storage.vault import Vault

NOW = 1_790_000_000_000
CASE = 77


def ask(database: Database, vault: Vault, *missing: Missing, at: int = NOW, case: int = CASE) -> tuple[Missing, ...]:
    asked: tuple[Missing, ...] = database.write_now(requirements.ask, vault, "harif", case, missing, at)
    return asked


def test_what_is_asked_for_comes_back_as_it_was_asked(database: Database, vault: Vault) -> None:
    asked = ask(
        database, vault,
        Missing(item="iban", published=True),
        Missing(words="صورة من تصريح البيع", kind="document", secret=True),
    )  # fmt: skip
    assert [one.item for one in asked] == ["iban", "other:1"]
    waiting = database.read_now(requirements.waiting, vault, "harif", CASE)
    assert tuple(one.missing() for one in waiting) == asked
    assert database.read_now(requirements.waiting, vault, "ruhama", CASE) == []
    assert database.read_now(requirements.waiting, vault, "harif", CASE + 1) == []


def test_words_of_staff_are_numbered_through_the_life_of_a_case(database: Database, vault: Vault) -> None:
    ask(database, vault, Missing(words="أولًا"), Missing(words="ثانيًا"))
    database.write_now(requirements.arrive, vault, "harif", CASE, {}, NOW + 1)
    again = ask(database, vault, Missing(words="ثالثًا"), at=NOW + 2)
    assert [one.item for one in again] == ["other:3"]
    assert [one.item for one in ask(database, vault, Missing(words="لغيرها"), case=CASE + 1)] == ["other:1"]


def test_what_is_asked_for_twice_is_one_thing(database: Database, vault: Vault) -> None:
    assert len(ask(database, vault, Missing(item="iban"), Missing(item="iban"))) == 1


def test_all_that_was_waited_for_arrives_and_keeps_the_answer_before(database: Database, vault: Vault) -> None:
    ask(database, vault, Missing(item="iban", published=True), Missing(words="شيء آخر"))
    before = {"iban": {"iban": "SA0380000000608010167519"}}
    came = database.write_now(requirements.arrive, vault, "harif", CASE, before, NOW + 5)
    assert [(one.item, one.published, one.arrived_at) for one in came] == [
        ("iban", True, NOW + 5),
        ("other:1", False, NOW + 5),
    ]
    kept = {one.item: one for one in database.read_now(requirements.of_case, vault, "harif", CASE)}
    assert kept["iban"].before == before["iban"]
    assert kept["other:1"].before == {}
    assert database.read_now(requirements.waiting, vault, "harif", CASE) == []


def test_a_second_return_touches_nothing_of_the_first(database: Database, vault: Vault) -> None:
    ask(database, vault, Missing(item="iban", published=True))
    database.write_now(requirements.arrive, vault, "harif", CASE, {"iban": {"iban": "old"}}, NOW + 1)
    ask(database, vault, Missing(item="iban", published=True), at=NOW + 2)
    came = database.write_now(requirements.arrive, vault, "harif", CASE, {"iban": {"iban": "newer"}}, NOW + 3)
    assert [one.asked_at for one in came] == [NOW + 2]
    kept = database.read_now(requirements.of_case, vault, "harif", CASE)
    assert [(one.arrived_at, one.before) for one in kept] == [(NOW + 1, {"iban": "old"}), (NOW + 3, {"iban": "newer"})]


def test_nothing_of_it_stands_in_the_clear(database: Database, vault: Vault) -> None:
    ask(database, vault, Missing(words="شهادة طلاق"))
    database.write_now(requirements.arrive, vault, "harif", CASE, {"other:1": {"other:1": "سر"}}, NOW + 1)
    row = database.read_now(lambda c: c.execute(text("SELECT words, before FROM requirements")).one())
    assert all("طلاق".encode() not in bytes(one) and "سر".encode() not in bytes(one) for one in row)
