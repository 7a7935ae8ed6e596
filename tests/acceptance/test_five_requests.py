"""The front line as its first user meets it: `wasl serve` as a process of its own, Chromium at 360 pixels, and one
signed request in Arabic in each of the five associations, by visible labels alone, up to its receipt.

WASL_TEST_URL points it at a front line that runs already (tests/acceptance/from_a_clean_clone.sh does).
"""

import os
import re
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.web.conftest import chromium  # noqa: F401  a fixture

pytestmark = pytest.mark.browser

SERVICES = {
    "mastoura": "دعم مستفيد",
    "ruhama": "زيارة منزلية",
    "harif": "دعم مشروع",
    "saudi-exhibitions": "استشارة فعالية",
    "bena-jazan": "ترميم",
}
PRESSED = (
    ("هل كل شيء صحيح", "نعم، صحيح"),
    ("أتحمّل المسؤولية المباشرة", "أُقرّ وأوقّع"),
    ("كيف تحبّون أن نخبركم", "هذه المحادثة"),
    ("لمن هذا الطلب", "لي أنا"),
    ("نوع الهوية", "هوية وطنية"),
    ("هل توافقون", "أوافق"),
    ("هل نبدأ", "نبدأ"),
)
"""Part of the question, and the button that answers it; a choice that is not here takes its first button."""
TYPED = (
    ("الاسم الكامل", "نورة سعد الغامدي"),
    ("اسمكم", "نورة سعد الغامدي"),
    ("رقم الهوية", "١٠١٢٣٤٥٦٧٢"),
    ("الميلاد", "15/3/1980"),
    ("ولد", "15/3/1980"),
    ("جوال", "0501234567"),
    ("العنوان الوطني", "RRRD2929"),
    ("العنوان المختصر", "RRRD2929"),
    ("عنوان", "RRRD2929"),
    ("آيبان", "SA0380000000608010167519"),
    ("متى", "15/12/2026"),
    ("تاريخ", "15/12/2026"),
    ("دخل", "3500"),
    ("التكلفة", "9000"),
    ("كم ", "4"),
)
WORDS = "نحتاج المساعدة في البيت من فضلكم"
MOST_QUESTIONS = 45
RECEIPT = re.compile(r"[A-Z]{3}-[0-9A-Z]{5}-[0-9A-Z]{5}")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if running := os.environ.get("WASL_TEST_URL"):
        yield running.rstrip("/")
        return
    port = free_port()
    data = tmp_path_factory.mktemp("front-line")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WASL_")}
    environ |= {"WASL_DATA": str(data), "WASL_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "bot.cli", "serve"], env=environ)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "serve stopped at start"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("serve did not answer within a minute")


@pytest.mark.parametrize("slug", sorted(SERVICES))
def test_one_signed_request_is_filed_by_visible_labels_and_its_receipt_is_shown(
    slug: str,
    address: str,
    chromium: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    paper = tmp_path / "paper.png"
    paper.write_bytes(picture())
    page = chromium.new_page(viewport={"width": 360, "height": 740}, locale="ar-SA")
    try:
        page.goto(f"{address}/{slug}/chat")
        chat = Talk(page, paper)
        chat.press("طلب خدمة")
        chat.press(SERVICES[slug])
        for _ in range(MOST_QUESTIONS):
            if RECEIPT.search(chat.log()):
                break
            chat.answer()
        reference = RECEIPT.search(chat.log())
        assert reference, chat.question()
        page.get_by_role("link", name=re.compile(f"{reference[0]}.*pdf")).wait_for()
        assert "تدرسه" in chat.log()
        receipt = page.get_by_role("link", name=re.compile(f"{reference[0]}.*pdf")).get_attribute("href")
        got = page.request.get(f"{address}{receipt}")
        assert got.ok
        assert got.body().startswith(b"%PDF")
        assert "1012345672" not in chat.log()
        assert "١٠١٢٣٤٥٦٧٢" not in chat.log()
        assert page.evaluate("document.documentElement.scrollWidth <= 360"), "the page scrolls sideways"
        assert page.evaluate("document.documentElement.scrollHeight <= 740"), "the page itself scrolls, not the log"
    finally:
        page.close()


class Talk:
    """A person who reads the last question and answers it."""

    def __init__(self, page: Any, paper: Path) -> None:
        self.page, self.paper = page, paper

    def log(self) -> str:
        return str(self.page.get_by_role("log").inner_text())

    def last(self) -> Any:
        return self.page.locator("li.line.out").last

    def question(self) -> str:
        return str(self.last().locator(".text").last.inner_text())

    def said(self) -> int:
        return int(self.page.locator("li.line.out").count())

    def wait(self, before: int) -> None:
        self.page.wait_for_function(
            "before => document.querySelectorAll('li.line.out').length > before", arg=before, timeout=20_000
        )
        self.page.wait_for_timeout(150)

    def press(self, name: str) -> None:
        button = self.last().get_by_role("button", name=name).first
        button.wait_for()
        before = self.said()
        button.click()
        self.wait(before)

    def answer(self) -> None:
        question = self.question()
        buttons = self.last().locator(".options button")
        if buttons.count():
            wanted = next((button for part, button in PRESSED if part in question), "")
            self.press(wanted or str(buttons.first.locator("span").inner_text()))
            return
        before = self.said()
        if self.last().locator("[data-open=file]").count():
            self.page.locator("input[type=file]").first.set_input_files(str(self.paper))
        else:
            box = self.page.get_by_role("textbox")
            box.fill(next((words for part, words in TYPED if part in question), WORDS))
            box.press("Enter")
        self.wait(before)


def picture() -> bytes:
    """A small white PNG: a paper, as far as anybody can tell."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff" * 120 for _ in range(40))
    head = struct.pack(">IIBBBBB", 40, 40, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
