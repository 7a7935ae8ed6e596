"""The receipt's page, looked at as a picture: extracted Arabic text is scrambled and proves nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import segno

from bot.papers import paper, receipt
from bot.papers.paper import FontMissing
from bot.papers.receipt import ReceiptData, drawn, receipt_pdf, receipt_url
from conversations.cases.promise import Promised
from conversations.cases.signing import answers_digest
from conversations.wording import house_wording
from tests.bot.pictures import Picture, ink, pictures

AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
DIGEST = answers_digest({"need": "فرن"})
URL = receipt_url("https://wasl.example.org/", "harif", "HRF-7K2MP-4TWX6", DIGEST)
ARABIC = ReceiptData(
    language="ar",
    association="جمعية حارف للأسر المنتجة",
    licence="1306",
    reference="HRF-7K2MP-4TWX6",
    kind="request",
    service="دعم مشروع",
    filed_at=AT,
    lines=(("الاسم", "نورة"), ("الهوية", "تنتهي بـ 5672"), ("الحاجة", "فرن وثلاجة\nوطاولة")),
    committee="اللجنة المختصة",
    promised=Promised(latest=datetime(2026, 12, 13, 20, 59, 59, tzinfo=UTC)),
    channel="واتساب",
    declaration="أنا نورة، أُقرّ بأن ما قدّمته صحيح، وأتحمّل المسؤولية المباشرة عنه.",
    signer="نورة",
    signed_at=AT,
    digest=DIGEST,
    url=URL,
)
ENGLISH = replace(ARABIC, language="en", association="Harif", service="Project support", url="")
BLACK = (0, 0, 0)


def pages(data: ReceiptData) -> list[Picture]:
    return pictures(drawn(data, "png", ppi=100))


@pytest.fixture(scope="module")
def arabic() -> Picture:
    (page,) = pages(ARABIC)
    return page


@pytest.fixture(scope="module")
def english() -> Picture:
    (page,) = pages(ENGLISH)
    return page


def test_the_arabic_page_reads_from_the_right_and_the_english_from_the_left(arabic: Picture, english: Picture) -> None:
    body = {"top": 0.26, "bottom": 0.6}
    assert ink(arabic, left=0.75, **body) > 5 * ink(arabic, right=0.25, **body)
    assert ink(english, right=0.25, **body) > 5 * ink(english, left=0.75, **body)


def test_nothing_runs_into_the_margins_however_long_a_word_is(arabic: Picture, english: Picture) -> None:
    for page in (arabic, english, *pages(replace(ARABIC, lines=(("كلمة", "س" * 400), ("رقم", "W" * 400))))):
        assert ink(page) > 1000
        assert ink(page, right=0.08) == ink(page, left=0.92) == ink(page, top=0.97) == ink(page, bottom=0.03) == 0


def test_the_code_on_the_page_is_the_address_of_the_receipt(arabic: Picture) -> None:
    dots = [(x, y) for y, line in enumerate(arabic) for x, colour in enumerate(line) if colour == BLACK]
    left, right = min(x for x, _ in dots), max(x for x, _ in dots)
    top, bottom = min(y for _, y in dots), max(y for _, y in dots)
    modules = [list(line) for line in segno.make(URL, error="m", micro=False).matrix]
    across, down = (right - left + 1) / len(modules[0]), (bottom - top + 1) / len(modules)
    seen = [
        [
            int(sum(arabic[int(top + (row + 0.5) * down)][int(left + (column + 0.5) * across)]) < 380)
            for column in range(len(modules[0]))
        ]
        for row in range(len(modules))
    ]
    assert seen == modules


def test_without_a_public_address_there_is_no_code(english: Picture) -> None:
    assert receipt_url("", "harif", "HRF-7K2MP-4TWX6", DIGEST) == ""
    assert not any(colour == BLACK for line in english for colour in line)


def test_the_address_names_the_receipt_and_carries_no_answer() -> None:
    assert f"https://wasl.example.org/harif/receipt/HRF-7K2MP-4TWX6?d={DIGEST[:16]}" == URL
    assert (
        receipt_url("https://x.example", "harif", "HRF-7K2MP-4TWX6")
        == "https://x.example/harif/receipt/HRF-7K2MP-4TWX6"
    )


def test_a_long_request_goes_on_on_a_second_page() -> None:
    assert len(drawn(replace(ARABIC, lines=ARABIC.lines * 15), "png")) == 2


def test_the_same_case_gives_the_same_file() -> None:
    first = receipt_pdf(ARABIC)
    assert first.startswith(b"%PDF-")
    assert receipt_pdf(ARABIC) == first
    assert receipt_pdf(replace(ARABIC, reference="HRF-7K2MP-4TWX7")) != first


def test_a_case_filed_within_a_second_has_its_receipt_too() -> None:
    assert receipt_pdf(replace(ARABIC, filed_at=AT.replace(microsecond=123456))).startswith(b"%PDF")


def test_every_fact_changes_the_page(arabic: Picture) -> None:
    changes: list[dict[str, Any]] = [
        {"association": "جمعية رحماء"},
        {"licence": ""},
        {"service": ""},
        {"lines": ()},
        {"committee": "لجنة البحث"},
        {"promised": Promised()},
        {"channel": "تلغرام"},
        {"declaration": ""},
        {"signer": ""},
        {"digest": "0" * 64},
        {"url": ""},
    ]
    plain = drawn(ARABIC, "png")
    for change in changes:
        assert drawn(replace(ARABIC, **change), "png") != plain, change


@pytest.mark.parametrize("kind", ["complaint", "compensation"])
def test_paper_tells_nothing_of_a_complaint(kind: str) -> None:
    told = replace(ARABIC, kind=kind)
    assert drawn(told, "png") == drawn(replace(told, lines=()), "png")
    page = receipt._page(told, house_wording("ar"))
    assert page["title"] == "إيصال استلام"
    assert page["lines"] == []


def test_what_people_wrote_is_never_read_as_markup() -> None:
    wicked = '#panic("x") $x$ *bold* #include "receipt.typ" \\ " <script> ${{}}'
    assert receipt_pdf(replace(ARABIC, lines=((wicked, wicked),), declaration=wicked)).startswith(b"%PDF-")


def test_pictures_in_words_leave_no_empty_boxes() -> None:
    with_pictures = replace(ARABIC, lines=(("الحاجة", "فرن 🍪 وثلاجة ❤\ufe0f"),))
    without = replace(ARABIC, lines=(("الحاجة", "فرن وثلاجة \ufe0f"),))
    assert drawn(with_pictures, "png") == drawn(without, "png")


def test_a_missing_font_stops_the_receipt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import typst

    nowhere = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[tmp_path])
    monkeypatch.setattr(paper, "fonts", lambda: nowhere)
    with pytest.raises(FontMissing, match="ibm plex sans arabic"):
        receipt_pdf(ARABIC)


def test_the_fonts_come_with_their_licence() -> None:
    folder = Path(receipt.__file__).parent / "fonts"
    fonts = sorted(folder.glob("*.ttf"))
    assert [font.name for font in fonts] == ["IBMPlexSansArabic-Regular.ttf", "IBMPlexSansArabic-SemiBold.ttf"]
    assert "SIL Open Font License, Version 1.1" in (folder / "OFL.txt").read_text()
