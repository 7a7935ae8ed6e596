"""What was typed and not sent stays on the device for its worker, and for nobody else who uses it."""

from typing import Any

import pytest

from tests.desk.house import House
from tests.desk.pictures import served, sign_in

pytestmark = pytest.mark.browser
TYPED = "وصلتنا أوراقكم، وسنتصل بكم يوم الأحد."


def test_a_reply_that_was_not_sent_is_its_workers_and_goes_when_they_sign_out(house: House, chromium: Any) -> None:
    one, other = house.worker("relations_officer", name="هند"), house.worker("relations_officer", name="سارة")
    person = house.person("7001")
    person.does(person.say("ابغى موظف"))
    with served(house) as address:
        path = f"{address}/desk/harif/conversation/{person.id}"
        context = chromium.new_context()
        page = context.new_page()

        def open_as(worker: Any) -> Any:
            sign_in(context, address, worker)
            page.goto(path)
            return page.locator("form textarea[name=text]")

        def kept() -> str:
            return str(page.evaluate("JSON.stringify(localStorage)"))

        page.route("**/draft", lambda route: route.abort())  # nothing reaches the server
        open_as(one).fill(TYPED)
        assert TYPED in kept()
        assert open_as(other).input_value() == ""
        assert open_as(one).input_value() == TYPED
        page.click('form[action="/desk/sign-out"] button')
        page.wait_for_url("**/sign-in")
        assert TYPED not in kept()
        context.close()
