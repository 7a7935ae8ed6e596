"""Cases: filed, found, moved, and the anonymous ones that name nobody."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from conversations.effects import Signature
from storage import cases
from storage.cases import Case, Move, Receipt
from storage.database import Database
from storage.ids import new_id
from storage.times import DAY, moment, ms, ms_or_none
from storage.vault import Vault

NOW = 1_790_000_000_000
SIGNATURE = Signature(wording="أقرّ بصحة البيانات", wording_version="1", digest="ab" * 32, at=moment(NOW), channel="web")


@pytest.fixture
def filed(database: Database, vault: Vault) -> Callable[..., Case]:
    def file(reference: str = "HRF-1", **fields: object) -> Case:
        known = {"association": "harif", "kind": "request", "stage": "submitted", "opened_at": NOW}
        case = Case(**{"id": new_id(), "reference": reference, **known, **fields})  # type: ignore[arg-type]
        database.write_now(cases.file, vault, [case], NOW)
        return case

    return file


def _move(**fields: object) -> Move:
    known = {"association": "harif", "reference": "HRF-1", "move": "verify", "from_stage": "submitted"}
    return Move(**{**known, "to_stage": "verifying", "who": "staff:1", "at": NOW, **fields})  # type: ignore[arg-type]


def test_a_case_comes_back_as_it_was_filed(database: Database, vault: Vault, filed: Callable[..., Case]) -> None:
    case = filed(
        service="project-support", completed_at=NOW, latest=NOW + DAY, beneficiary=5, conversation=50, branch="khobar",
        answers={"iban": "SA03", "photos": ["1", "2"], "cost": 5000}, signature=SIGNATURE, member="أم سعد",
        restricted=True,
    )  # fmt: skip
    assert database.read_now(cases.by_reference, vault, "harif", "HRF-1") == case
    assert database.read_now(cases.by_reference, vault, "ruhama", "HRF-1") is None


@pytest.mark.parametrize(("digest", "matches"), [("ab" * 8, True), ("ab" * 7 + "ac", False), ("", False)])
def test_a_receipt_is_confirmed_by_its_digest_and_the_database_cannot_be_searched_by_it(
    database: Database, vault: Vault, filed: Callable[..., Case], digest: str, matches: bool
) -> None:
    filed(completed_at=NOW, signature=SIGNATURE)
    found = database.read_now(cases.receipt, vault, "harif", "HRF-1", digest)
    assert found == Receipt("HRF-1", "request", NOW, matches)
    assert database.read_now(cases.receipt, vault, "harif", "HRF-2", digest) is None
    kept = database.read_now(lambda c: c.execute(text("SELECT digest FROM cases")).scalar_one())
    assert kept and "abab" not in kept


def test_an_anonymous_case_names_nobody_and_still_hears_back(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed(anonymous=True, beneficiary=5, conversation=50, member="أم سعد", answers={"what": "x"})
    stored = database.read_now(cases.by_reference, vault, "harif", "HRF-1")
    assert stored is not None
    assert (stored.beneficiary, stored.conversation, stored.member, stored.answers) == (None, None, "", {"what": "x"})
    row = database.read_now(lambda c: c.execute(text("SELECT * FROM cases")).mappings().one())
    assert all(str(value) not in ("5", "50") for value in row.values())
    assert database.read_now(cases.route, vault, "harif", case.reference) == 50


def test_the_route_of_a_named_case_is_its_conversation(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    filed(conversation=50)
    filed("HRF-2")
    assert database.read_now(cases.route, vault, "harif", "HRF-1") == 50
    assert database.read_now(cases.route, vault, "harif", "HRF-2") is None
    assert database.read_now(cases.route, vault, "harif", "HRF-3") is None


def test_a_move_changes_stage_dates_and_answers_and_is_logged(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed(beneficiary=5, answers={"a": 1, "b": 2}, next_update=NOW + DAY, latest=NOW + DAY)
    moved = database.write_now(
        cases.move, vault, _move(reason="نقص", answers={"b": 3}, next_update=None, completed_at=NOW + 1)
    )
    assert moved is not None
    assert moved == database.read_now(cases.by_reference, vault, "harif", "HRF-1")
    assert (moved.stage, moved.answers, moved.next_update, moved.latest, moved.completed_at) == (
        "verifying", {"a": 1, "b": 3}, None, NOW + DAY, NOW + 1,
    )  # fmt: skip
    database.write_now(cases.move, vault, _move(move="accept", from_stage="verifying", to_stage="accepted"))
    steps = database.read_now(cases.history, vault, "harif", case.id)
    assert [(step.seq, step.move, step.to_stage, step.reason) for step in steps] == [
        (1, "verify", "verifying", "نقص"),
        (2, "accept", "accepted", ""),
    ]


def test_a_move_from_a_stage_the_case_has_left_changes_nothing(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    case = filed()
    assert database.write_now(cases.move, vault, _move(from_stage="verifying")) is None
    assert database.write_now(cases.move, vault, _move(association="ruhama")) is None
    assert database.read_now(cases.by_reference, vault, "harif", "HRF-1") == case
    assert database.read_now(cases.history, vault, "harif", case.id) == []


def test_a_case_is_found_by_whole_words_of_its_association_alone(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    filed(index=(("phone", "0500000001"), ("name", "سعد"), ("name", "سعد")))
    filed("HRF-2", index=(("phone", "0500000001"),))
    filed("RUH-1", association="ruhama", index=(("phone", "0500000001"),))

    def found(association: str, domain: str, value: str) -> list[str]:
        return database.read_now(cases.find, vault, association, domain, value)

    assert found("harif", "phone", "0500000001") == ["HRF-2", "HRF-1"]
    assert found("harif", "name", "سعد") == ["HRF-1"]
    assert found("harif", "name", "سع") == found("harif", "phone", "سعد") == []


def test_who_is_to_hear_today_is_known_until_decided(
    database: Database, vault: Vault, filed: Callable[..., Case]
) -> None:
    filed("HRF-1", next_update=NOW)
    filed("HRF-2", next_update=NOW + 1)
    filed("HRF-3", next_update=NOW, closed_at=NOW)
    filed("HRF-4")
    assert database.write_now(cases.due_for_news, NOW) == [("harif", "HRF-1")]
    database.write_now(cases.set_next_update, "harif", "HRF-1", NOW + 14 * DAY)
    assert database.write_now(cases.due_for_news, NOW) == []


def test_a_reference_is_given_once(database: Database, filed: Callable[..., Case]) -> None:
    filed()
    filed(association="ruhama")
    with pytest.raises(Exception, match=r"(?i)unique"):
        filed()


def test_times_are_whole_milliseconds_utc() -> None:
    assert moment(NOW).isoformat() == "2026-09-21T14:13:20+00:00"
    assert ms(moment(NOW + 1)) == NOW + 1
    assert ms_or_none(None) is None
    with pytest.raises(TypeError):
        ms(moment(NOW).replace(tzinfo=None))
