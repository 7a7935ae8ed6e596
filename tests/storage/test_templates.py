"""Templates: what was submitted, what Meta says of it, and what messages go by."""

import pytest

from storage import templates
from storage.database import Database
from storage.templates import Kept

NOW = 1_790_000_000_000
OLD, NEW = "HX" + "1" * 32, "HX" + "2" * 32
ABOUT = ("harif", "news", "ar")


def make(database: Database, sid: str = OLD, digest: str = "d1", at: int = NOW) -> Kept:
    database.write_now(templates.made, *ABOUT, digest, sid, "utility", at)
    return kept(database)


def kept(database: Database) -> Kept:
    found: Kept = database.read_now(templates.load, "harif")["news", "ar"]
    return found


def stands(database: Database, one: Kept, state: str, category: str = "", why: str = "") -> Kept:
    database.write_now(templates.stands, one, state, category, why, NOW + 5)
    return kept(database)


def serving(database: Database) -> str:
    found: dict[str, dict[tuple[str, str], str]] = database.read_now(templates.serving)
    return found.get("harif", {}).get(("news", "ar"), "")


def test_only_what_meta_approved_may_go(database: Database) -> None:
    one = make(database)
    assert (one.state, serving(database)) == ("made", "")
    assert stands(database, one, "pending").state == "pending" and serving(database) == ""
    one = stands(database, one, "approved", "marketing")
    assert (one.category, one.checked_at, serving(database)) == ("marketing", NOW + 5, OLD)
    for state in ("paused", "rejected", "disabled"):
        stands(database, one, "approved")
        assert stands(database, one, state, why="INVALID").why == "INVALID" and serving(database) == ""
    assert database.read_now(templates.load, "ruhama") == {}


def test_the_approved_words_serve_on_while_new_ones_wait_and_where_these_are_rejected(database: Database) -> None:
    stands(database, make(database), "approved")
    newer = make(database, NEW, "d2", NOW + 9)
    assert (newer.state, newer.digest, newer.serving) == ("made", "d2", OLD)
    stands(database, newer, "pending")
    assert serving(database) == OLD
    stands(database, newer, "rejected")
    assert serving(database) == OLD
    stands(database, newer, "approved")
    assert serving(database) == NEW


def test_what_is_said_of_an_older_content_changes_nothing(database: Database) -> None:
    older = make(database)
    make(database, NEW, "d2")
    stands(database, older, "approved")
    assert (kept(database).state, serving(database)) == ("made", "")


def test_a_send_that_failed_pauses_it_once(database: Database) -> None:
    stands(database, make(database), "approved")
    assert database.write_now(templates.pause, *ABOUT, "63041", NOW + 7)
    assert not database.write_now(templates.pause, *ABOUT, "63041", NOW + 8)
    assert not database.write_now(templates.pause, "ruhama", "news", "ar", "63041", NOW)
    one = kept(database)
    assert (one.state, one.why, one.checked_at, serving(database)) == ("paused", "63041", NOW + 7, "")


def test_an_older_content_that_fails_does_not_pause_the_new_words(database: Database) -> None:
    stands(database, make(database), "approved")
    stands(database, make(database, NEW, "d2"), "pending")
    assert database.write_now(templates.pause, *ABOUT, "63027", NOW)
    assert (kept(database).state, serving(database)) == ("pending", "")


@pytest.mark.parametrize(("code", "changes"), [("63041", True), ("63027", False), ("63028", False)])
def test_what_meta_paused_is_asked_about_again_and_what_is_our_fault_is_not(
    database: Database, code: str, changes: bool
) -> None:
    one = stands(database, make(database), "pending")
    assert database.read_now(templates.unsettled) == [one]
    stands(database, one, "approved")
    assert database.read_now(templates.unsettled) == []
    database.write_now(templates.pause, *ABOUT, code, NOW)
    assert bool(database.read_now(templates.unsettled)) is changes
