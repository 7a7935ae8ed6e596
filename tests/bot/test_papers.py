"""The minutes and the governance report, looked at as pictures where it is looks that count."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.papers import governance
from bot.papers import minutes as papers
from bot.papers.governance import ClauseRow, Evidence, Governance, governance_pdf
from bot.papers.minutes import Attendee, Harm, Item, Minutes, Votes, minutes_digest, minutes_pdf
from bot.papers.paper import drawable
from conversations.wording import house_wording
from tests.bot.pictures import ink, pictures

AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
LATER = AT + timedelta(hours=2)
ITEM = Item(
    reference="HRF-7K2MP-4TWX6",
    kind="request",
    service="دعم مشروع",
    decision="قبول",
    votes=Votes(votes_for=2, against=1),
    reason="الدراسة مكتملة، والمشروع مطابق للمعايير.",
    needs=("فرن كهربائي",),
    remarks="يتابع ضابط الاتصال التسليم.",
)
MINUTES = Minutes(
    language="ar",
    association="جمعية حارف للأسر المنتجة",
    licence="1306",
    committee="اللجنة المختصة",
    number=7,
    starts=AT,
    ended=LATER,
    place="مقر الجمعية",
    attendance=(
        Attendee(name="عبدالله", role="رئيس", signed_at=LATER),
        Attendee(name="سارة", role="عضو"),
        Attendee(name="هند", role="عضو", present=False),
    ),
    items=(ITEM,),
    remarks="الاجتماع القادم بعد أسبوعين.",
    digest="0" * 64,
)
HARM = Harm(what="تلفت مواد أولية", size="٤٨٠٠ ريال", causes="تأخر التوريد", fault="proven")
ENGLISH = replace(MINUTES, language="en", association="Harif", committee="Committee", place="Office", remarks="")


def page(minutes: Minutes) -> dict[str, Any]:
    return papers._page(minutes, house_wording(minutes.language))


def signed(minutes: Minutes) -> Minutes:
    everybody = tuple(replace(one, signed_at=LATER if one.present else None) for one in minutes.attendance)
    return replace(minutes, attendance=everybody)


def test_minutes_are_a_draft_on_every_page_until_all_who_were_present_approved() -> None:
    long = replace(MINUTES, items=(ITEM,) * 20)
    assert page(long)["draft"] == "مسودة"
    assert not page(signed(long))["draft"]
    assert page(replace(signed(long), digest=""))["draft"]
    drafts, final = (pictures(papers.drawn(one, "png", ppi=36)) for one in (long, signed(long)))
    assert len(drafts) > 2
    # The word lies across the middle of the page, where the final one is white.
    grey = [sum(colour == (227, 233, 231) for line in one for colour in line) for one in (*drafts, *final)]
    assert all(grey[: len(drafts)])
    assert not any(grey[len(drafts) :])


def test_minutes_that_nobody_attended_are_a_draft() -> None:
    assert replace(MINUTES, attendance=()).is_draft


def test_what_a_member_approves_is_all_but_the_approvals() -> None:
    digest = minutes_digest(MINUTES)
    assert minutes_digest(signed(replace(MINUTES, digest=digest))) == digest
    changed: list[dict[str, Any]] = [
        {"items": (replace(ITEM, reason="غيره"),)},
        {"items": (replace(ITEM, votes=None),)},
        {"attendance": MINUTES.attendance[1:]},
        {"starts": LATER},
        {"place": ""},
        {"number": 8},
    ]
    assert len({digest, *(minutes_digest(replace(MINUTES, **change)) for change in changed)}) == len(changed) + 1


def test_every_fact_of_a_sitting_changes_the_page() -> None:
    changes: list[dict[str, Any]] = [
        {"association": "جمعية رحماء"},
        {"licence": ""},
        {"committee": "لجنة البحث"},
        {"number": 8},
        {"starts": LATER},
        {"ended": None},
        {"place": ""},
        {"remarks": ""},
        {"digest": "1" * 64},
        {"attendance": MINUTES.attendance[:2]},
        {"attendance": signed(MINUTES).attendance},
        {"items": ()},
        *(
            {"items": (replace(ITEM, **change),)}
            for change in (
                {"reference": "HRF-7K2MP-4TWX7"},
                {"kind": "suggestion", "service": ""},
                {"service": "تدريب"},
                {"decision": ""},
                {"votes": None},
                {"reason": ""},
                {"needs": ()},
                {"remarks": ""},
                {"harm": HARM},
                {"harm": replace(HARM, fault="")},
                {"harm": replace(HARM, fault="not_proven")},
            )
        ),
    ]
    seen = [papers.drawn(replace(MINUTES, **change), "png", ppi=36) for change in ({}, *changes)]
    assert len({repr(one) for one in seen}) == len(seen)


def test_an_investigation_says_the_harm_its_size_its_causes_and_whose_fault() -> None:
    (item,) = page(replace(MINUTES, items=(replace(ITEM, harm=HARM),)))["items"]
    plain = [[label, value.strip("\u2066\u2067\u2069")] for label, value in item["lines"]]
    assert plain[:4] == [
        ["الضرر", "تلفت مواد أولية"],
        ["حجم الضرر", "٤٨٠٠ ريال"],
        ["الأسباب التي أدت إليه", "تأخر التوريد"],
        ["مسؤولية الجمعية", "ثبت أن الجمعية تسببت فيه"],
    ]


def test_votes_are_counted_or_it_is_one_decision_of_all_or_nobody_voted() -> None:
    counted, joint, unvoted, open_ = (
        dict(page(replace(ENGLISH, items=(one,)))["items"][0]["lines"])
        for one in (ITEM, replace(ITEM, votes=None, joint=True), replace(ITEM, votes=None), replace(ITEM, decision=""))
    )
    assert counted["Votes"] == "For: 2, against: 1, abstained: 0"
    assert joint["Votes"] == "One decision of all who attended, without a vote"
    assert unvoted["Votes"] == "Without a vote", "nobody is said to have agreed"
    assert "Votes" not in open_
    assert open_["Decision"] == "Not decided yet"


@pytest.mark.parametrize("minutes", [MINUTES, ENGLISH], ids=["ar", "en"])
def test_minutes_keep_their_margins_whatever_is_written(minutes: Minutes) -> None:
    long = replace(ITEM, reason="س" * 400 + " " + "W" * 400, needs=("كلمة " * 200,), service="خدمة " * 40)
    crowd = tuple(Attendee(name="اسم طويل " * 12, role="صفة " * 20, signed_at=LATER) for _ in range(15))
    drawn = pictures(papers.drawn(replace(minutes, items=(long,) * 3, attendance=crowd), "png", ppi=36))
    assert len(drawn) > 2
    for one in drawn:
        assert ink(one, right=0.08) == ink(one, left=0.93) == ink(one, top=0.98) == ink(one, bottom=0.02) == 0


def test_arabic_minutes_stand_on_the_right_and_english_ones_on_the_left() -> None:
    (arabic,), (english,) = (
        pictures(papers.drawn(replace(signed(one), items=(replace(ITEM, reason=""),)), "png", ppi=36))
        for one in (MINUTES, ENGLISH)
    )
    body = {"top": 0.1, "bottom": 0.24}
    assert ink(arabic, left=0.7, **body) > 3 * ink(arabic, right=0.3, **body)
    assert ink(english, right=0.3, **body) > 3 * ink(english, left=0.7, **body)


def test_the_same_sitting_gives_the_same_file_and_nothing_written_is_markup() -> None:
    wicked = '#panic("x") $x$ *bold* #include "house.typ" \\ "'
    minutes = replace(MINUTES, items=(replace(ITEM, reason=wicked, needs=(wicked,)),), place=wicked, remarks=wicked)
    assert minutes_pdf(minutes).startswith(b"%PDF-")
    assert minutes_pdf(minutes) == minutes_pdf(minutes)


def test_a_date_or_a_number_inside_an_arabic_line_keeps_its_order() -> None:
    """Beside Arabic letters 2026-12-15 would be read as 15-12-2026, and a telephone number from its end."""
    for numbers in ("2026-12-15", "013 882 0058", "+966 13 882 0058", "10:30", "3-2"):
        shown = drawable({"rtl": True, "line": f"قبل {numbers} إن شاء الله"})["line"]
        assert f"\u2066{numbers}\u2069" in shown


def test_a_sentence_in_the_other_language_ends_where_it_ends() -> None:
    shown = drawable({"rtl": False, "a": "تأخر التسليم.", "b": "Late.", "c": "ok\nمتأخر"})
    assert shown == {"rtl": False, "a": "\u2067تأخر التسليم.\u2069", "b": "Late.", "c": "ok\n\u2067متأخر\u2069"}
    assert drawable({"rtl": True, "a": "Late."})["a"] == "\u2066Late.\u2069"


KEPT = Evidence(what="يخبر بكل تغيّر", figures=(("وصلت", "١٢"),), samples=("HRF-7K2MP-4TWX6",))
MISSING = Evidence(what="استبيان الرضا", ready=False)
REPORT = Governance(
    language="ar",
    association="جمعية حارف للأسر المنتجة",
    licence="1306",
    title="سياسة تنظيم العلاقة مع المستفيدين",
    facts=(("النسخة", "a1b2c3"),),
    first=date(2026, 9, 1),
    last=date(2026, 11, 30),
    made_at=AT,
    summary=(("طلبات", "٣١٠"),),
    clauses=(
        ClauseRow(id="ت-5", text="موافاته بالجديد.", evidence=(KEPT,)),
        ClauseRow(id="د-1", text="استبيان دوري.", evidence=(MISSING,)),
        ClauseRow(id="ت-6", text="خمسة عشر يوم عمل.", evidence=(KEPT, MISSING), reading=True),
        ClauseRow(id="ح-1", text="الملكية الفكرية."),
    ),
)


def test_every_fact_of_the_report_changes_the_page() -> None:
    first = REPORT.clauses[0]
    changes: list[dict[str, Any]] = [
        {"association": "جمعية رحماء"},
        {"licence": ""},
        {"title": "سياسة"},
        {"facts": ()},
        {"first": date(2026, 9, 2)},
        {"last": date(2026, 11, 29)},
        {"made_at": LATER},
        {"summary": ()},
        *(
            {"clauses": (replace(first, **change),)}
            for change in (
                {},
                {"id": "ت-4"},
                {"text": "غيره."},
                {"reading": True},
                {"evidence": ()},
                {"evidence": (MISSING,)},
                {"evidence": (replace(KEPT, figures=()),)},
                {"evidence": (replace(KEPT, samples=()),)},
                {"evidence": (replace(KEPT, what="غيره"),)},
            )
        ),
    ]
    seen = [governance.drawn(replace(REPORT, **change), "png", ppi=36) for change in ({}, *changes)]
    assert len({repr(one) for one in seen}) == len(seen)


def test_the_report_counts_which_clauses_are_kept_in_part_or_not() -> None:
    page = governance._page(replace(REPORT, language="en"), house_wording("en"))
    assert [value for _, value in page["standing"]] == ["1", "1", "2"]
    assert page["clauses"][1]["rows"][0]["none"] == "Not there yet"


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_report_of_many_clauses_keeps_its_margins(language: str) -> None:
    long = replace(
        KEPT, what="وصف طويل " * 30, figures=(("اسم عدد طويل " * 8, "٩" * 60),) * 3, samples=KEPT.samples * 8
    )
    clause = ClauseRow(id="ت-1", text="نص البند كما طبع " * 60, evidence=(long,) * 3)
    drawn = pictures(governance.drawn(replace(REPORT, language=language, clauses=(clause,) * 4), "png", ppi=36))
    assert len(drawn) > 2
    for one in drawn:
        assert ink(one, right=0.08) == ink(one, left=0.93) == ink(one, top=0.98) == ink(one, bottom=0.02) == 0
    assert governance_pdf(replace(REPORT, language=language)).startswith(b"%PDF-")
