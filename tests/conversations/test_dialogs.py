"""The golden dialogues: pages that the charity's own staff can check. `pytest --regenerate` writes them again."""

import difflib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from conversations.asking import REVIEW_LINES
from conversations.association.association import Association
from conversations.flow import FLOWS
from conversations.says import BUTTON_TITLE, ROW_TITLE
from tests.conversations import golden

PAGES = sorted((Path(__file__).parents[1] / "dialogs").glob("*/*.md"))
SITUATIONS = (
    "01-identity-typed-into-the-chat",
    "02-complaint-in-the-middle-of-a-request",
    "03-voice-and-photo-instead-of-words",
    "04-for-my-mother",
    "05-two-requests-and-a-burst",
    "06-old-button-in-the-middle",
    "07-thursday-night",
    "08-fifteen-years-old",
    "09-insult",
    "10-harm",
)
"""DOMAIN's «What a naive bot gets wrong», each on every channel."""


@cache
def play_page(path: Path, association: Association) -> tuple[str, frozenset[str]]:
    text, flows = golden.played(golden.read(path), association)
    return text, frozenset(flows)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_page_is_what_is_said(
    path: Path, associations: dict[str, Association], request: pytest.FixtureRequest
) -> None:
    now, _ = play_page(path, associations[path.parent.name])
    if request.config.getoption("--regenerate"):
        path.write_text(now, encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    diff = difflib.unified_diff(before.splitlines(), now.splitlines(), "the page", "what is said now", lineterm="", n=2)
    assert before == now, "\n".join(["pytest --regenerate rewrites the page; look at what changed:", *diff])


def test_there_are_pages_for_every_association(associations: dict[str, Association]) -> None:
    assert {path.parent.name for path in PAGES} == set(associations)


def test_every_flow_has_a_page(associations: dict[str, Association]) -> None:
    shown = frozenset[str]().union(*(play_page(path, associations[path.parent.name])[1] for path in PAGES))
    assert FLOWS
    assert set(FLOWS) <= shown


def test_every_service_has_a_page(associations: dict[str, Association]) -> None:
    filed = {
        (path.parent.name, line.partition("service ")[2].partition(" ·")[0])
        for path in PAGES
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("  ~ file case:") and "kind request" in line
    }
    assert {(slug, service.id) for slug, one in associations.items() for service in one.profile.services} <= filed


@pytest.mark.parametrize("channel", golden.CHANNELS.values())
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_has_a_page_on_every_channel(situation: str, channel: str) -> None:
    found = [path for path in PAGES if path.stem.startswith(situation)]
    assert channel in {golden.read(path).channel for path in found}


@pytest.mark.parametrize("slug", golden.NAMES)
def test_a_signed_request_is_filed_on_every_channel(slug: str) -> None:
    signed = {
        golden.read(path).channel
        for path in PAGES
        if path.parent.name == slug and "kind request · stage submitted" in path.read_text(encoding="utf-8")
    }
    assert signed == set(golden.CHANNELS.values())


def test_what_is_secret_stands_on_no_page_but_where_a_person_typed_it() -> None:
    secrets = ("1012345672", "1122334459", "2345678904", "SA0380000000608010167519")
    for path in PAGES:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line.startswith("> ") or not any(secret in line for secret in secrets), path


BUTTONS = re.compile(r"\[([^\]]+)\]")


def offered() -> Iterator[tuple[Path, list[str]]]:
    for path in PAGES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                yield path, BUTTONS.findall(line)


def test_every_button_fits_every_channel() -> None:
    seen = 0
    for path, titles in offered():
        most = BUTTON_TITLE if len(titles) <= FEW else ROW_TITLE
        seen += len(titles)
        assert all(len(title) <= most for title in titles), f"{path.name}: {titles}"
    assert seen > 1000


def test_a_read_back_has_ten_lines_at_most_unless_all_are_asked_for() -> None:
    seen = 0
    for path in PAGES:
        for asked, lines in READ_BACK.findall(path.read_text(encoding="utf-8")):
            seen += 1
            assert asked == "> الكل" or len(lines.splitlines()) <= REVIEW_LINES, f"{path.name}: {lines}"
    assert seen > 20


FEW = 3
READ_BACK = re.compile(r"(> .+)\n\n(?:وصلنا ما كتبتم في الصفحة الآمنة\.\n\n)?هذا ملخص ما كتبتموه:\n((?:.+\n)+)")
