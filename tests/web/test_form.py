"""The secure page: opening it costs nothing, submitting uses it up, and mistakes keep what was typed."""

import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.web.ports import FormField
from conversations.answers.choice import OneOf
from conversations.answers.saudi_id import SaudiId
from conversations.answers.text import ShortText
from tests.web.house import FIELDS, PDF, PNG, TOKEN, House, application, choices

FORM = f"/form/{TOKEN}"
GOOD = {
    "id_number": "١٠١٢٣٤٥٦٧٢",
    "born": "30/9/1447",
    "relation": "c1",
    "needs": ["c0", "c2"],
    "owns": "yes",
    "story": "",
}
BORN = {"iso": "2026-03-19", "calendar": "hijri"}


def submit(client: TestClient, files: Any = (("report", ("a.png", PNG)),), **changed: Any) -> Any:
    return client.post(FORM, data=GOOD | changed, files=list(files))


def sure_box(html: str, step: str) -> str:
    box = re.search(rf'name="sure:{step}" value="([^"]+)"', html)
    return box[1] if box else ""


def test_opening_uses_nothing_up_however_often(client: TestClient, house: House) -> None:
    for _ in range(3):
        assert client.get(FORM).status_code == 200
        assert client.head(FORM).status_code == 200
    assert submit(client).status_code == 200
    assert len(house.submitted) == 1


def test_what_is_submitted_is_heard_by_each_kind(client: TestClient, house: House) -> None:
    answer = submit(client, files=[("report", ("a.png", PNG)), ("report", ("b.pdf", PDF))])
    assert answer.status_code == 200
    assert "وصلتنا، شكرًا لكم" in answer.text and "/nakhla/chat" in answer.text
    assert house.submitted == [
        {
            "id_number": "1012345672",
            "born": BORN,
            "relation": "c1",
            "needs": ["c0", "c2"],
            "owns": True,
            "story": None,
            "report": ["file-1", "file-2"],
        }
    ]


def test_a_second_submission_is_told_so_and_changes_nothing(client: TestClient, house: House) -> None:
    submit(client)
    again = submit(client)
    assert again.status_code == 410
    assert "هذه الصفحة استُعملت" in again.text
    assert len(house.submitted) == 1 and len(house.files) == 1
    assert client.get(FORM).status_code == 410


@pytest.mark.parametrize("state", ["used", "expired"])
def test_a_used_or_expired_page_is_renewed_by_one_press(client: TestClient, house: House, state: str) -> None:
    house.form_state = state
    page = client.get(FORM)
    assert page.status_code == 410
    action = re.search(r'action="([^"]+)"', page.text)
    assert action
    assert "أرسلنا لكم رابطًا جديدًا" in client.post(action[1]).text
    assert house.renewed == [TOKEN]


def test_a_page_that_runs_out_while_it_is_filled_in_says_so(client: TestClient, house: House) -> None:
    class RunsOut(House):
        async def submit(self, token: str, values: Any) -> None:
            self.form_state = "expired"
            await super().submit(token, values)

    late = TestClient(application(RunsOut()))
    answer = submit(late)
    assert answer.status_code == 410
    assert "انتهى وقت هذه الصفحة" in answer.text


@pytest.mark.parametrize("token", ["unknown-token-unknown-token", "short", "a" * 200, "x%00y" * 5])
def test_an_unknown_link_gets_a_kind_page(client: TestClient, token: str) -> None:
    for answer in (
        client.get(f"/form/{token}"),
        client.post(f"/form/{token}"),
        client.post(f"/form/{token}/renew"),
    ):
        assert answer.status_code == 404


def test_mistakes_stand_beside_their_fields_and_what_was_typed_stays(client: TestClient, house: House) -> None:
    answer = submit(client, id_number="1012345673", story="قصة <طويلة>")
    html = answer.text
    assert answer.status_code == 422
    assert house.submitted == [] and house.files == {}
    assert 'value="1012345673"' in html and "قصة &lt;طويلة&gt;" in html
    assert re.search(r'<input id="id_number"[^>]*aria-describedby="[^"]*wrong-id_number"[^>]*aria-invalid="true"', html)
    assert 'href="#id_number"' in html and 'href="#born"' not in html
    assert re.search(r'value="c1" checked', html) and re.search(r'value="c0" checked', html)
    assert "اختاروا الملف مرة أخرى" in html


def test_what_is_required_is_asked_for_and_what_is_optional_is_not(client: TestClient, house: House) -> None:
    html = client.post(FORM, data={}).text
    required = {one.step for one in FIELDS if not one.optional}
    complained = {one.step for one in FIELDS if f'id="wrong-{one.step}"' in html}
    assert complained == required
    assert house.submitted == []


def test_a_doubtful_date_is_confirmed_by_a_box_that_holds_for_that_text_only(client: TestClient, house: House) -> None:
    first = submit(client, born="09/30/1990")
    assert first.status_code == 422
    box = sure_box(first.text, "born")
    assert box and "1990" in unescape(first.text)
    other = submit(client, born="08/30/1990", **{"sure:born": box})
    assert other.status_code == 422
    assert submit(client, born="09/30/1990", **{"sure:born": box}).status_code == 200
    assert house.submitted[0]["born"] == {"iso": "1990-09-30", "calendar": "gregorian"}


def test_a_refusal_of_consent_needs_and_takes_nothing_else(client: TestClient, house: House) -> None:
    consent = FormField(
        step="consent", label="الموافقة", answer=OneOf(choices("أوافق", "لا أوافق")), declines=frozenset({"c1"})
    )
    house.fields = (*FIELDS, consent)
    assert submit(client, consent="c1", id_number="").status_code == 200
    assert house.submitted == [{"consent": "c1"}]
    assert house.files == {}


def test_a_file_of_a_wrong_kind_is_named_and_an_empty_one_too(client: TestClient, house: House) -> None:
    for data, words in ((b"<svg/>", "لم نستطع فتح هذا الملف"), (b"", "الملف فارغ")):
        answer = submit(client, files=[("report", ("x.png", data))])
        assert answer.status_code == 422
        assert words in answer.text
    assert house.submitted == []


def test_too_much_is_413_and_the_page_comes_back(client: TestClient, house: House) -> None:
    small = TestClient(application(house, file_limit=1000))
    answer = submit(small, files=[("report", ("a.png", PNG + bytes(400_000)))])
    assert answer.status_code == 413
    assert "فلم يصل" in answer.text and "<form" in answer.text


@pytest.mark.parametrize("files", [(), (("report", ("a.png", PNG)),)])
def test_a_book_typed_into_the_page_is_not_heard(client: TestClient, house: House, files: Any) -> None:
    many = {f"more-{number}": "ﷺ" * 10_000 for number in range(20)}
    assert submit(client, files=files, **many).status_code == 413
    assert submit(client, files=files, story="ﷺ" * 100_000).status_code in (400, 413)
    assert house.submitted == []


def test_while_the_database_is_away_what_was_typed_stays_on_the_page(house: House) -> None:
    class Busy(House):
        async def store_file(self, *of: Any) -> Any:
            self.away = True
            return await super().store_file(*of)

    busy = Busy()
    answer = submit(TestClient(application(busy)))
    assert answer.status_code == 503
    assert "١٠١٢٣٤٥٦٧٢" in answer.text and "لم يُرسل شيء بعد" in answer.text
    assert TestClient(application(busy)).get(FORM).status_code == 503


def test_a_sensitive_value_known_before_is_never_sent_to_the_page(client: TestClient, house: House) -> None:
    house.fields = (
        FormField(step="id_number", label="الهوية", answer=SaudiId(), value="1012345672"),
        FormField(step="name", label="الاسم", answer=ShortText(), value="نورة"),
    )
    html = client.get(FORM).text
    assert "1012345672" not in html and 'value="نورة"' in html


def test_the_page_needs_no_script_tells_nobody_its_address_and_opens_inside_telegram(client: TestClient) -> None:
    answer = client.get(FORM)
    assert "<script" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy and "default-src 'none'" in policy
    assert "frame-ancestors https://web.telegram.org" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
