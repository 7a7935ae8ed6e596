"""How answers of the desk are dressed, and how its changes are written: held to for every page there is."""

import ast
import re
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.desk.desk import SHOWN_INLINE
from bot.web import page as pages
from bot.web.lines import MEDIA_TYPES
from conversations.rights import WORKER_ROLES
from tests.desk.house import DESK, House, _OnLoop
from tests.desk.pictures import fill
from tests.desk.test_rights import pages as every_page
from tests.desk.test_rights import path_of
from tests.desk.visitor import LOGIN, PASSWORD

DESKS = Path(__file__).parents[2] / "bot" / "desk"
POLICY = {"default-src": "'none'", "style-src": "'self'", "script-src": "'self'", "base-uri": "'none'"}
SCRIPTS = re.compile(r"<script(?![^>]*\ssrc=)|\son\w+\s*=|javascript:|<style|\sstyle=", re.I)


def policy_of(answer: Any) -> dict[str, str]:
    parts = (one.strip().partition(" ") for one in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def test_every_page_runs_our_scripts_alone_and_is_kept_and_framed_by_nobody(house: House) -> None:
    fill(house)
    worker = house.worker(*WORKER_ROLES, woman=True)
    shown = 0
    for page in every_page(house, "GET"):
        if page.path == "/live":
            continue
        answer = worker.get(path_of(house, page, worker.id))
        assert answer.headers["x-content-type-options"] == "nosniff", page.path
        assert answer.headers["cache-control"] == "no-store", page.path
        kind = answer.headers["content-type"].partition(";")[0]
        if kind != "text/html":
            how = answer.headers.get("content-disposition", "")
            assert how.startswith("attachment") or kind in SHOWN_INLINE, (page.path, kind, how)
            continue
        policy = policy_of(answer)
        assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'", page.path
        assert policy["form-action"] == "'self'" and policy.get("script-src", "'self'") == "'self'", page.path
        assert "unsafe" not in answer.headers["content-security-policy"], page.path
        assert not SCRIPTS.search(answer.text), (page.path, SCRIPTS.search(answer.text))
        assert answer.headers["referrer-policy"] == "same-origin", page.path
        shown += 1
    assert shown > 20


def test_a_file_is_shown_only_as_what_it_is_and_else_downloaded(house: House) -> None:
    def given(name: str, media_type: str, inline: bool = True) -> tuple[str, str]:
        answer = house.desk.file(name, media_type, b"x", inline=inline)
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer.headers["content-type"], answer.headers["content-disposition"]

    for dangerous in ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript"):
        kind, how = given("x.html", dangerous)
        assert kind == "application/octet-stream" and how.startswith("attachment")
    assert given("صورة.html", "image/png")[1].endswith(".html.png")
    assert given("a.PNG", "image/png") == ("image/png", "inline; filename*=UTF-8''a.PNG")
    assert given("a.jpg", "image/jpeg")[1].endswith("''a.jpg")
    assert given('x"\r\nSet-Cookie: a=b', "application/pdf", False)[1].count("\n") == 0
    assert not {kind for kind in SHOWN_INLINE if "html" in kind or "svg" in kind or "xml" in kind}
    assert set(SHOWN_INLINE) <= set(MEDIA_TYPES.values())


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_are_for_the_desk_alone_and_no_script_reads_them(house: House, hind: int, secure: bool) -> None:
    base = DESK.replace("http:", "https:") if secure else DESK
    client = TestClient(_OnLoop(house), base_url=base, follow_redirects=False)
    answer = client.post("/desk/sign-in", data={"login": LOGIN, "password": PASSWORD}, headers={"origin": base})
    given: dict[str, Any] = {}
    for line in answer.headers.get_list("set-cookie"):
        given |= SimpleCookie(line)
    assert set(given) == {"wasl_desk", "wasl_desk_known"}
    for cookie in given.values():
        assert cookie["httponly"] and cookie["samesite"] == "lax" and cookie["path"] == "/desk"
        assert bool(cookie["secure"]) == secure
        assert LOGIN not in cookie.value and str(hind) not in cookie.value


# --- what is written -------------------------------------------------------------------------------------------------

WITHOUT_A_NUMBER = {
    "at.log": "a look at what was hidden, on record before it is shown",
    "tries.begin": "a try at a password or a code: each counts",
    "use": "a code is used up by itself",
    "make_and_undo": "nothing of it stays",
}
"""What handlers write beside `at.write` and `at.put`, which spend a form's number."""
NOBODYS_ACT = {
    "broadcasts.py": "how many people a draft is for, counted anew",
    "composing.py": "what a reply attaches, before it is sent",
    "conversation.py": "who looks and types, and what they have typed so far",
    "surveys.py": "how many people a planned wave is for, counted anew",
    "tasks.py": "a look at a number or at a letter, on record before it is shown",
    "record.py": "what a paper's scan holds, before it is filed",
    "replies.py": "what was typed into a form that came twice is kept as a draft; and that it came",
}
"""Files that keep what is no act (`at.keep`)."""


def calls(name: str) -> list[tuple[str, str]]:
    """File and first argument of every call of this name in the desk's rooms and what they share."""
    return [
        (path.name, ast.unparse(node.args[0]))
        for path in DESKS.rglob("*.py")
        if path.parent.name not in ("door", "desk")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name and node.args
    ]


def test_what_a_form_changes_spends_its_number() -> None:
    assert len(calls("at.write")) > 30
    assert {one for _, one in calls("at.desk.database.write")} <= set(WITHOUT_A_NUMBER)
    assert {file for file, _ in calls("at.keep")} <= set(NOBODYS_ACT)


def test_policy_of_our_pages_is_strict() -> None:
    policy = pages.headers(scripts=True)["Content-Security-Policy"]
    assert all(f"{name} {value}" in policy for name, value in POLICY.items())
