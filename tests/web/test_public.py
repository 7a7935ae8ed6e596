"""The public pages say what they must, and nothing about anybody."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.web import page as pages
from bot.web.ports import Away
from conversations.wording import LANGUAGES, read_catalogue
from tests.web.house import PROFILE, SLUG, TOKEN, House

RECEIPT = f"/{SLUG}/receipt/NKH-7K2MP-4TWX6"
ROOT = Path(__file__).parents[2]


def test_the_first_page_leads_to_each_chat_in_both_languages(client: TestClient) -> None:
    html = client.get("/").text
    assert f'href="/{SLUG}/chat"' in html and f'href="/{SLUG}/complain"' in html and "جمعية النخلة الخيرية" in html
    assert "The Palm Charity" in client.get("/?lang=en").text
    assert "The Palm Charity" in client.get("/").text  # remembered
    assert "جمعية النخلة الخيرية" in client.get("/?lang=ar").text


def test_a_receipt_confirms_reference_date_and_digest_and_nothing_else(client: TestClient) -> None:
    html = client.get(f"{RECEIPT}?d=abc123").text
    assert "هذا الإيصال صحيح" in html and "NKH-7K2MP-4TWX6" in html
    assert "٢٢ نوفمبر ٢٠٢٦" in html and "١٤٤٨" in html
    answer = client.get(f"{RECEIPT}?d=other")
    assert "لا يطابق" in answer.text and "هذا الإيصال صحيح" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_reference_typed_small_is_found_and_an_unknown_one_gets_a_kind_page(client: TestClient) -> None:
    assert client.get(RECEIPT.replace("NKH-7K2MP-4TWX6", "nkh-7k2mp-4twx6")).status_code == 200
    for path in (f"/{SLUG}/receipt/NKH-00000-00000", f"/{SLUG}/receipt/x", RECEIPT.replace(SLUG, "nobody")):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "لا نجد هذا الإيصال" in answer.text


def test_the_privacy_notice_is_read_in_both_languages(client: TestClient) -> None:
    assert "بياناتي" in client.get(f"/{SLUG}/privacy").text
    assert "withdraw consent" in client.get(f"/{SLUG}/privacy?lang=en").text


def test_the_policy_is_read_as_printed(client: TestClient) -> None:
    assert PROFILE.clauses
    for language in LANGUAGES:
        html = client.get(f"/{SLUG}/policy?lang={language}").text
        assert PROFILE.policy.title.to(language) in html
        assert all(clause.text in html for clause in PROFILE.clauses)
    assert client.get("/nobody/policy").status_code == 404


def test_while_the_database_is_away_the_receipt_says_so(client: TestClient, house: House) -> None:
    async def away(*of: str) -> None:
        raise Away

    house.receipt = away  # type: ignore[method-assign, assignment]
    assert client.get(RECEIPT).status_code == 503


def _keys(language: str) -> dict[str, object]:
    folder = ROOT / "conversations" / "wording" / language
    return {
        key: text
        for name in ("web", "own_page", "survey_page")
        for key, text in read_catalogue(folder / f"{name}.po")[0].items()
    }


def test_every_sentence_stands_in_both_languages_with_the_same_placeholders() -> None:
    arabic, english = (_keys(language) for language in LANGUAGES)
    assert arabic.keys() == english.keys()
    assert len(arabic) > 100
    for key, sentence in arabic.items():
        if isinstance(sentence, str):
            placeholders = [set(re.findall(r"\{(\w+)\}", str(text))) for text in (sentence, english[key])]
            assert placeholders[0] == placeholders[1], key


def _sources() -> str:
    files = [*(ROOT / "bot" / "web").glob("*.py"), *(ROOT / "bot" / "web" / "templates").glob("*.html")]
    assert len(files) > 12
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_key_that_a_page_names_exists() -> None:
    named = set(re.findall(r"[\"'](web\.[a-z_]+(?:\.[a-z_]+)*)[\"']", _sources()))
    assert len(named) > 60
    assert named <= _keys("ar").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_page_renders(language: str) -> None:
    named = set(re.findall(r"kind_page\([^)]*?[\"']([a-z_.]+)[\"']", _sources())) | {"too_big", "kind", "unclear"}
    assert {"unknown", "away", "cookies", "elsewhere", "no_file", "no_receipt"} <= named
    for what in named:
        assert pages.kind_page(what, language=language, status=404).status_code == 404


def test_templates_are_not_read_before_they_are_needed() -> None:
    import subprocess
    import sys

    code = "import bot.web.routes, sys; print([m for m in ('jinja2', 'babel', 'sse_starlette') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


STOP = f"/{SLUG}/stop/{TOKEN}"


def test_looking_at_the_page_that_stops_messages_stops_nothing(client: TestClient, house: House) -> None:
    for method in ("GET", "HEAD"):
        assert client.request(method, STOP).status_code == 200
    assert not house.stops
    html = client.get(STOP).text
    assert "إيقاف رسائل جمعية النخلة" in html and 'method="post"' in html and 'action="?stop"' in html
    assert client.get(STOP).headers["referrer-policy"] == "no-referrer"


def test_a_press_stops_messages_and_another_lets_them_come_back(client: TestClient, house: House) -> None:
    answer = client.post(f"{STOP}?stop")
    assert (answer.status_code, answer.headers["location"], house.stops) == (303, STOP, True)
    html = client.get(STOP).text
    assert "أوقفنا رسائلنا" in html and "إلا القرار في طلب" in html and 'action="?again"' in html
    assert client.post(f"{STOP}?again").status_code == 303
    assert not house.stops and "Stop messages from" in client.get(f"{STOP}?lang=en").text


def test_a_link_that_stops_nothing_says_what_to_do(client: TestClient, house: House) -> None:
    for path in (f"/{SLUG}/stop/nobody", STOP.replace(SLUG, "nobody")):
        answer = client.get(path)
        assert answer.status_code == 404 and "هذا الرابط غير صحيح" in answer.text
        client.post(path)
    assert not house.stops
    house.away = True
    assert client.get(STOP).status_code == 503


def test_what_was_improved_because_people_said_so_is_read_by_everybody(client: TestClient, house: House) -> None:
    path = f"/{SLUG}/said-and-done"
    assert "لم ننشر شيئًا بعد" in client.get(path).text
    house.has_improved = True
    html = client.get(path).text
    assert "قلتم ففعلنا" in html and "الانتظار طويل" in html and "زدنا موظفًا" in html and "٢٠ نوفمبر ٢٠٢٦" in html
    assert "You said, we did" in client.get(f"{path}?lang=en").text
    assert f'href="{path}"' in client.get(f"/{SLUG}/chat?lang=ar").text
    assert client.get("/nobody/said-and-done").status_code == 404
    house.away = True
    assert client.get(path).status_code == 503
