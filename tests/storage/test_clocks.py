"""What is due and of which nobody was reminded at a rung, on both databases."""

from typing import Any

from conversations.cases.entitlement import Owed, day_of
from storage import cases, clocks, entitlements
from storage.cases import Case
from storage.database import Database
from storage.ids import new_id
from storage.times import DAY, moment
from storage.vault import Vault

NOW = 1_790_000_000_000
SPAN = (0, NOW - 1)


def test_a_rung_names_what_is_due_in_its_span_once_and_neither_paused_nor_ended(
    database: Database, vault: Vault
) -> None:
    def filed(number: int, due: int | None, association: str = "harif", **fields: Any) -> int:
        known: dict[str, Any] = {"kind": "request", "stage": "registered", "opened_at": NOW - 9 * DAY} | fields
        case = Case(association=association, id=new_id(), reference=f"HRF-{number}", due=due, **known)
        database.write_now(cases.file, vault, [case], NOW)
        return case.id

    first, second = filed(1, NOW - DAY), filed(2, NOW - 2 * DAY)
    paused, bare = filed(3, NOW - 3 * DAY), filed(4, None)
    others: list[dict[str, Any]] = [{"due": NOW}, {"closed_at": NOW}, {"association": "ruhama"}]
    for number, fields in enumerate(others, 5):
        filed(number, **({"due": NOW - DAY} | fields))
    database.write_now(clocks.pause, vault, "harif", paused, 1, "سبب", NOW)
    for case in (paused, bare):
        owed = Owed(what="سلة", due=day_of(moment(NOW - 5 * DAY)))
        database.write_now(entitlements.add, vault, "harif", case, [owed])

    def due(rung: str, limit: int = 10) -> list[tuple[int, str]]:
        found = database.read_now(clocks.unrung, "harif", rung, SPAN, limit)
        return [(one.case_id, one.subject.partition(":")[0]) for one in found]

    assert due("role") == [(second, "case"), (first, "case"), (bare, "entitlement")]
    assert due("role", 1) == [(second, "case"), (bare, "entitlement")]
    (rung, *_) = database.read_now(clocks.unrung, "harif", "role", SPAN, 1)
    assert database.write_now(clocks.remind, "harif", [rung.subject], "role", NOW) == {rung.subject}
    assert due("role", 1) == [(first, "case"), (bare, "entitlement")]
    assert due("holder") == [(second, "case"), (first, "case"), (bare, "entitlement")]
