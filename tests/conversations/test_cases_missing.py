"""What is missing: read from lines of ids or of words, numbered, named in either language; riyals as a number."""

from datetime import date

import pytest

from conversations.answers.contract import Again, Got, Later
from conversations.answers.paper_or_words import PaperOrWords
from conversations.cases.entitlement import Owed, amount_of, listed
from conversations.cases.missing import Missing, fields_of, numbered, ordered, read
from conversations.cases.missing import listed as names
from conversations.events import FileReady, Media, Text
from conversations.flows.complete import build, step_of
from conversations.wording import house_wording
from tests.conversations.robot import association, associations
from tests.conversations.test_cases_appointment import NOW

HARIF = association("harif")


class Hearing:
    language, today = "ar", NOW.date()


def test_a_line_of_ids_means_those_fields_and_any_other_is_words() -> None:
    found = read(HARIF.profile, "training", "days, mobile\n• صورة أوضح\n- help_needed\n\n  ")
    assert found == (
        Missing(item="days", published=True),
        Missing(item="mobile", published=True),
        Missing(words="صورة أوضح"),
        Missing(item="help_needed", published=False),
    )
    assert read(HARIF.profile, "training", "days وشيء آخر") == (Missing(words="days وشيء آخر"),)
    assert read(HARIF.profile, "nothing-of-ours", "days") == (Missing(words="days"),)


def test_numbers_go_on_where_a_case_left_off() -> None:
    asked = numbered([Missing(words="أ"), Missing(item="days"), Missing(words="ب")], ["other:2", "mobile"])
    assert [one.item for one in asked] == ["other:3", "days", "other:4"]


def test_a_list_follows_the_order_of_the_service_in_either_language() -> None:
    missing = (Missing(item="other:2", words="شيء"), Missing(item="days"), Missing(item="mobile"))
    assert [one.item for one in ordered(missing, HARIF.profile, "training")] == ["mobile", "days", "other:2"]
    assert names(missing, HARIF.profile, "training", "en").splitlines()[-1] == "• شيء"
    assert "Days" in names(missing, HARIF.profile, "training", "en")


@pytest.mark.parametrize("one", associations(), ids=lambda one: one.slug)
def test_every_field_of_every_service_can_be_asked_again(one: object) -> None:
    profile = one.profile  # type: ignore[attr-defined]
    seen = 0
    for service in profile.services:
        steps = {step.id: step for step in build(one, service.id)}  # type: ignore[arg-type]
        for item, field in fields_of(profile, service.id).items():
            seen += 1
            step = steps[step_of(item)]
            assert step.ask == field.ask and step.title == field.title
            assert not step.when and not step.optional
            assert read(profile, service.id, item) == (Missing(item=item, published=field.published),)
    assert seen > 20


@pytest.mark.parametrize(
    ("typed", "kept"), [("", ""), ("1500", "1500"), ("١٬٥٠٠", "1500"), ("1,500.50", "1500.50"), (" ٧٥ ", "75")]
)
def test_riyals_are_a_plain_number(typed: str, kept: str) -> None:
    assert amount_of(typed) == kept


@pytest.mark.parametrize("typed", ["ألف", "-5", "5.", ".5", "1.2.3", "سلتان", "5 ريال"])
def test_anything_else_is_no_amount(typed: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        amount_of(typed)


def test_entitlements_are_said_with_amount_and_last_day() -> None:
    owed = (Owed(what="سلة غذائية"), Owed(what="إيجار", amount="1500", due=date(2026, 12, 20)))
    text = listed(owed, "ar", house_wording("ar"))
    assert text.splitlines()[0] == "• سلة غذائية"
    assert "١٥٠٠ ريال" in text and "٢٠ ديسمبر ٢٠٢٦م" in text and "١٤٤٨هـ" in text


def test_a_paper_or_words_takes_either_and_both() -> None:
    answer = PaperOrWords()
    said = answer.hear(Text(id="1", at=NOW, text="ما عندي تصريح"), Hearing)
    sent = answer.hear(Media(id="2", at=NOW, file="7", kind="photo"), Hearing)
    assert isinstance(said, Got) and isinstance(sent, Later)
    assert answer.join([sent.value, said.value, sent.value]) == [{"text": "ما عندي تصريح"}, "7"]
    assert "ما عندي تصريح" in answer.show(answer.join([said.value, sent.value]), "ar")
    for event in (
        Text(id="3", at=NOW, text="؟!"),
        Media(id="4", at=NOW, file="8", kind="video"),
        FileReady(id="5", at=NOW, file="7", kind="exe", size=1),
    ):
        heard = answer.hear(event, Hearing)
        assert isinstance(heard, Again)
        assert heard.words in house_wording("ar") and heard.words in house_wording("en")
