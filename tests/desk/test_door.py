"""Who comes in, and what every page asks for before it answers."""

import pytest

from bot.desk.desk import COOKIE
from tests.desk.house import House


def test_whoever_is_not_signed_in_is_shown_the_door(house: House) -> None:
    stranger = house.worker("relations_officer")
    stranger.client.cookies.delete(COOKIE)
    answer = stranger.get("/inbox", follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in?next=/desk/harif/inbox")


def test_nothing_of_another_association_is_there(house: House) -> None:
    officer = house.worker("relations_officer")
    assert officer.get("/inbox").status_code == 200
    assert officer.get("/desk/ruhama/inbox").status_code == 404
    assert house.acts("ruhama") == [(officer.who, "refused", "", "not_a_member")]


def test_a_role_without_the_right_is_refused_and_it_is_on_record(house: House) -> None:
    auditor = house.worker("auditor")
    assert auditor.get("/inbox").status_code == 403
    assert (auditor.who, "refused", "", "inbox.inbox") in house.acts()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_inbox_says_who_waits(house: House, language: str) -> None:
    officer = house.worker("relations_officer", language=language)
    house.person("7001").does(house.person("7001").say("السلام عليكم"))
    house.person("7001").does(house.person("7001").say("ابغى موظف"))
    page = officer.get("/inbox")
    assert page.status_code == 200
    assert '<ul class="rows">' in page.text
