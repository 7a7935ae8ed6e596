"""Lists of cases: by what is due, page by page; a board; search by whole words and numbers; only what may be seen."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import false, true

from storage import case_lists, cases, checks, conversations, excluded
from storage.case_lists import Place, Wanted
from storage.cases import Case
from storage.checks import Check
from storage.database import Database
from storage.excluded import Excluded
from storage.ids import new_id
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.times import DAY
from storage.vault import Vault

NOW = 1_790_000_000_000
ALL = true()
_number = itertools.count(1)


@pytest.fixture
def filed(database: Database, vault: Vault) -> Callable[..., Case]:
    def file(**fields: Any) -> Case:
        known = {"association": "harif", "kind": "request", "stage": "verifying", "opened_at": NOW}
        case = Case(**{"id": new_id(), "reference": f"HRF-{next(_number)}", **known, **fields})
        database.write_now(cases.file, vault, [case], NOW)
        return case

    return file


def _ids(found: list[case_lists.Listed]) -> list[int]:
    return [one.id for one in found]


def test_what_is_due_soonest_comes_first_then_what_has_no_clock(database: Database, filed: Callable[..., Case]) -> None:
    timeless, late, soon = filed(), filed(due=NOW + 2 * DAY), filed(due=NOW + DAY)
    filed(due=NOW, closed_at=NOW, stage="closed")
    filed(due=NOW, association="ruhama")
    found, more = database.read_now(case_lists.page, "harif", ALL, Wanted())
    assert (_ids(found), more) == ([soon.id, late.id, timeless.id], None)
    assert database.read_now(case_lists.page, "harif", false(), Wanted()) == ([], None)


def test_pages_go_on_after_one_another_and_show_every_case_once(database: Database, filed: Callable[..., Case]) -> None:
    made = [filed(due=None if number > 4 else NOW + number // 2).id for number in range(9)]
    seen: list[int] = []
    after: Place | None = None
    pages = 0
    while pages == 0 or after is not None:
        found, after = database.read_now(case_lists.page, "harif", ALL, Wanted(), after, 2)
        seen += _ids(found)
        pages += 1
    assert (seen, pages) == (made, 5)


def test_closed_cases_are_a_list_of_their_own_the_last_closed_first(
    database: Database, filed: Callable[..., Case]
) -> None:
    filed()
    made = [filed(stage="closed", closed_at=NOW + number).id for number in range(3)]
    first, after = database.read_now(case_lists.page, "harif", ALL, Wanted(closed=True), None, 2)
    rest, end = database.read_now(case_lists.page, "harif", ALL, Wanted(closed=True), after, 2)
    assert (_ids(first) + _ids(rest), end) == (made[::-1], None)


def test_a_list_is_narrowed_by_kind_stage_service_holder_and_what_is_near(
    database: Database, filed: Callable[..., Case]
) -> None:
    one = filed(service="training", due=NOW + DAY)
    other = filed(kind="inquiry", stage="received")
    database.write_now(case_lists.assign, "harif", one.id, 7)

    def found(**wanted: Any) -> list[int]:
        return _ids(database.read_now(case_lists.page, "harif", ALL, Wanted(**wanted))[0])

    assert found(kind="inquiry") == found(stage="received") == found(holder="none") == [other.id]
    assert found(service="training") == found(holder="7") == found(due_by=NOW + DAY) == [one.id]
    assert found(due_by=NOW + DAY - 1) == found(due_after=NOW + DAY) == found(holder="8") == []
    database.write_now(case_lists.assign, "harif", one.id, None)
    assert found(holder="none") == [one.id, other.id]


def test_the_board_has_a_column_a_stage_and_says_how_many_there_are(
    database: Database, filed: Callable[..., Case]
) -> None:
    last, first = filed(due=NOW + DAY), filed(due=NOW)
    filed()
    filed(kind="inquiry", stage="received")
    filed(stage="closed", closed_at=NOW)
    stages = ("submitted", "verifying")
    columns = database.read_now(case_lists.board, "harif", ALL, "request", stages, 2)
    assert {stage: _ids(found) for stage, found in columns.items()} == {
        "submitted": [],
        "verifying": [first.id, last.id],
    }
    assert database.read_now(case_lists.counts, "harif", ALL, "request") == {"verifying": 3}
    none = cases_table.c.id == 0
    assert database.read_now(case_lists.board, "harif", none, "request", stages, 2)["verifying"] == []
    assert database.read_now(case_lists.counts, "harif", none, "request") == {}


def test_search_finds_whole_words_together_and_whole_numbers(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    nora = filed(index=(("name", "نوره"), ("name", "السالم"), ("number", "1012345672")))
    other = filed(index=(("name", "نوره"), ("name", "العتيبي")))
    filed(association="ruhama", index=(("name", "نوره"),))

    def words(*given: str, seen: Any = ALL) -> list[int]:
        return _ids(database.read_now(case_lists.by_words, vault, "harif", seen, ALL, given))

    def numbers(*given: str) -> list[int]:
        return _ids(database.read_now(case_lists.by_numbers, vault, "harif", ALL, ALL, given))

    assert words("نوره") == [other.id, nora.id]
    assert words("نوره", "السالم") == [nora.id]
    assert words("نور") == words("نوره", "سعد") == words() == []
    assert words("نوره", seen=cases_table.c.id != nora.id) == [other.id]
    assert numbers("1012345672") == numbers("5", "1012345672") == [nora.id]
    assert numbers("101234567") == numbers() == []


def test_a_phone_finds_the_cases_of_whoever_writes_from_it(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    key = ("harif", "whatsapp", "+966500000007")
    made = database.write_now(conversations.take, vault, [key], NOW)[key]
    place = conversations_table.c.id == made.id
    database.write_now(lambda c: c.execute(conversations_table.update().where(place).values(beneficiary=5)))
    case = filed(beneficiary=5, conversation=made.id)
    filed(anonymous=True, beneficiary=5, conversation=made.id)
    filed(beneficiary=6)
    phone = (), [("whatsapp", "+966500000007")]
    assert _ids(database.read_now(case_lists.by_numbers, vault, "harif", ALL, ALL, *phone)) == [case.id]
    assert database.read_now(case_lists.by_numbers, vault, "ruhama", ALL, ALL, *phone) == []


def test_what_is_known_of_a_person_by_one_case_finds_their_others_and_nothing_anonymous(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    named = (("name", "نوره"), ("number", "1012345672"))
    request, complaint = filed(beneficiary=5, index=named), filed(kind="complaint", beneficiary=5)
    filed(anonymous=True, beneficiary=5)
    filed(beneficiary=6)
    filed(association="ruhama", beneficiary=5)
    nobody = filed(index=(("name", "نوره"),))
    c = cases_table.c

    def found(seen: Any = ALL, leads: Any = ALL) -> tuple[list[int], list[int]]:
        return (
            _ids(database.read_now(case_lists.by_words, vault, "harif", seen, leads, ["نوره"])),
            _ids(database.read_now(case_lists.by_numbers, vault, "harif", seen, leads, ["1012345672"])),
        )

    assert found() == ([nobody.id, complaint.id, request.id], [complaint.id, request.id])
    assert found(seen=c.kind == "complaint") == ([complaint.id], [complaint.id])
    assert found(leads=c.id != request.id) == ([nobody.id, request.id], [request.id])


def test_linked_cases_are_found_from_either_side(database: Database, filed: Callable[..., Case]) -> None:
    complaint = filed(kind="complaint")
    claim = filed(kind="compensation", linked_to=complaint.reference)
    filed()
    of_complaint = database.read_now(case_lists.linked, "harif", ALL, complaint.reference, "")
    of_claim = database.read_now(case_lists.linked, "harif", ALL, claim.reference, claim.linked_to)
    assert (_ids(of_complaint), _ids(of_claim)) == ([claim.id], [complaint.id])


def test_the_last_word_on_an_item_counts_and_its_note_is_sealed(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    for check in (
        Check("id_copy", checks.WRONG, False, False, 7, NOW, "الصورة لشخص آخر"),
        Check("id_copy", checks.OK, True, True, 8, NOW + 1, "رأيت الأصل"),
        Check("deed", checks.MISSING, False, False, 7, NOW),
    ):
        database.write_now(checks.save, vault, "harif", case.id, check)
    found = database.read_now(checks.of_case, vault, "harif", case.id)
    assert found["id_copy"] == Check("id_copy", checks.OK, True, True, 8, NOW + 1, "رأيت الأصل")
    assert set(found) == {"id_copy", "deed"}
    assert database.read_now(checks.of_case, vault, "ruhama", case.id) == {}
    database.write_now(checks.forget, "harif", case.id, ["deed"])
    assert set(database.read_now(checks.of_case, vault, "harif", case.id)) == {"id_copy"}


def test_a_supervisors_word_counts_for_the_promise_it_was_given_on(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    asked = Check(checks.EARLY, checks.ASKED, False, False, 7, NOW)
    database.write_now(checks.save, vault, "harif", case.id, asked)
    assert database.read_now(case_lists.waits_for_supervisor, "harif", ALL) == 1
    assert _ids(database.read_now(case_lists.page, "harif", ALL, Wanted(asked=True))[0]) == [case.id]
    assert not database.read_now(checks.early, "harif", case.id, NOW)
    word = asked._replace(outcome=checks.OK, staff=9, note="لا مأوى لهم")
    database.write_now(checks.save, vault, "harif", case.id, word)
    assert database.read_now(checks.early, "harif", case.id, NOW)
    assert not database.read_now(checks.early, "harif", case.id, NOW + 1), "an objection began another promise"
    assert database.read_now(case_lists.waits_for_supervisor, "harif", ALL) == 0


def test_whoever_is_excluded_stays_so_until_taken_out(database: Database) -> None:
    row = Excluded(excluded.case(5), 7, excluded.NAMED, 0, NOW)
    for again in (row, row._replace(why=excluded.BY_HAND, by=3, at=NOW + 1)):
        database.write_now(excluded.add, "harif", [again])
    database.write_now(excluded.add, "harif", [])
    assert database.read_now(excluded.of, "harif", "case:5") == [row]
    assert database.read_now(excluded.of, "ruhama", "case:5") == []
    database.write_now(excluded.remove, "harif", ["case:5", "conversation:8"], 7)
    assert database.read_now(excluded.of, "harif", "case:5") == []
