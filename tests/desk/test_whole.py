"""Whole numbers that a browser sends are those of the digits 0 to 9; anything else is no mistake of ours."""

import pytest

from bot.desk.whole import MOST, pair, place, whole
from conversations.rights import WORKER_ROLES
from tests.desk.house import House
from tests.desk.test_rights import PARAMETER, pages


@pytest.mark.parametrize(("given", "found"), [("0", 0), ("12", 12), (str(MOST), MOST)])
def test_digits_are_a_whole_number(given: str, found: int) -> None:
    assert whole(given) == found


@pytest.mark.parametrize("given", ["", " ", "-1", "+1", "1.0", "1e3", "²", "٣", "x", "1_0", str(MOST + 1), "9" * 5000])
def test_anything_else_is_none(given: str) -> None:
    assert whole(given) is None


def test_a_place_in_a_list_has_all_of_its_parts() -> None:
    assert place("1-2-3", 3) == (1, 2, 3) and pair("7-8") == (7, 8)
    for given in ("", "1", "1-", "-1", "1-2-3-4", "1-x-3", "1--3", "²-1-1"):
        assert place(given, 3) is None and pair(given) is None


def test_no_list_fails_at_an_address_that_somebody_made_up(house: House) -> None:
    worker = house.worker(*WORKER_ROLES, woman=True)
    names = ("after", "before", "waiting", "waits", "unsettled", "owed", "met", "tasks", "holder")
    lists = [page for page in pages(house, "GET") if not PARAMETER.search(page.path) and page.path != "/live"]
    assert len(lists) > 20
    for page in lists:
        for value in ("²", "²-²", "²-²-²", "9" * 30):
            address = "&".join(f"{name}={value}" for name in names)
            assert worker.get(f"/desk/harif{page.path}?{address}").status_code < 500, page.path
