"""A returned request through the front line: asked item by item, answered, complete; the promise as the policy says."""

from datetime import timedelta
from typing import Any

import pytest

from bot.case_moves import move_case
from conversations.cases.calendar import calendar_of
from conversations.cases.missing import Missing, read
from conversations.cases.move import NotAllowed
from conversations.cases.promise import promise_for
from storage import cases, files, requirements, timers
from storage.times import moment, ms_or_none
from tests.bot.arranging import case_of, filed, move, on_case, press
from tests.bot.desk import Desk, Person, milliseconds

OFFICER = "relations_officer"


async def returned(desk: Desk, noura: Person, *missing: Missing, **more: Any) -> str:
    reference = await filed(desk, noura, "verifying")
    await desk.later(days=3)
    await move(desk, reference, "return", OFFICER, missing=missing, **more)
    return reference


def published(desk: Desk, reference: str, item: str) -> Missing:
    (one,) = read(desk.associations["harif"].profile, case_of(desk, reference).service, item)
    return one


def days(case: cases.Case) -> tuple[int | None, int | None, int | None]:
    return case.earliest, case.latest, case.next_update


async def test_exactly_the_missing_items_are_asked_and_the_promise_counts_anew(desk: Desk, noura: Person) -> None:
    reference = await returned(
        desk, noura, Missing(item="mobile", published=True), Missing(item="full_name", published=True)
    )
    old = case_of(desk, reference)
    assert "الجوال" in noura.told[-1]
    await press(noura, "إكمال الناقص")
    assert noura.where.open is not None and noura.where.open.flow == "complete"
    await noura.say("نورة سالم الشمري")
    await desk.later(days=2)
    await press(noura, "إكمال الناقص")
    assert noura.where.open.answers["full_name"], "what was answered is kept"
    await noura.say("0559998888")
    case = case_of(desk, reference)
    assert case.stage == "verifying"
    assert (case.answers["mobile"], case.answers["full_name"]) == ("+966559998888", "نورة سالم الشمري")
    association = desk.associations["harif"]
    anew = promise_for(association.profile, "request", desk.now, calendar_of(association.profile))
    assert days(case) == tuple(ms_or_none(at) for at in (anew.earliest, anew.latest, anew.next_update))
    assert days(case) != days(old)
    assert case.completed_at == milliseconds(desk.now)
    assert "مدة الرد تُحسب من اليوم" in noura.told[-2] + noura.told[-1]
    kept = {one.item: one for one in desk.ask(requirements.of_case, desk.vault, "harif", case.id)}
    assert kept["mobile"].before == {"mobile": old.answers["mobile"]}
    assert kept["full_name"].arrived_at == milliseconds(desk.now)
    assert desk.ask(cases.find, desk.vault, "harif", "name", "الشمري") == [reference], "found by what is true now"


async def test_what_is_asked_beyond_the_published_list_moves_no_date(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "with_committee")
    await desk.later(days=2)
    before = case_of(desk, reference)
    await move(desk, reference, "send_back", "committee", missing=[Missing(words="صورة من تصريح البيع")])
    await press(noura, "إكمال الناقص")
    await noura.file()
    await desk.later(seconds=30)
    case = case_of(desk, reference)
    assert case.stage == "verifying"
    assert (days(case), case.completed_at) == (days(before), before.completed_at)
    assert "فموعدكم كما هو" in noura.told[-2] + noura.told[-1]
    (file,) = case.answers["other:1"]
    kept = desk.ask(files.get, desk.vault, "harif", int(file))
    assert kept is not None and kept.state == "ready"


async def test_a_paper_sent_without_pressing_anything_is_the_one_that_was_missing(desk: Desk, noura: Person) -> None:
    reference = await returned(desk, noura, Missing(words="عقد الإيجار الجديد", kind="document"))
    await noura.file()
    await desk.later(seconds=30)
    case = case_of(desk, reference)
    assert case.stage == "verifying"
    assert len(case.answers["other:1"]) == 1
    assert desk.rows("handoffs") == []


async def test_a_paper_that_may_be_one_of_several_begins_the_asking(desk: Desk, noura: Person) -> None:
    reference = await returned(desk, noura, Missing(words="العقد"), Missing(words="الفاتورة"))
    await noura.file()
    await desk.later(seconds=30)
    draft = noura.where.open
    assert draft is not None and draft.step == "other_1" and not draft.answers
    assert case_of(desk, reference).stage == "returned"


async def test_a_secret_item_is_asked_on_the_secure_page(desk: Desk, noura: Person) -> None:
    reference = await returned(
        desk, noura,
        Missing(item="national_id", published=True),
        Missing(words="كشف حساب", kind="document", secret=True),
    )  # fmt: skip
    await press(noura, "إكمال الناقص")
    draft = noura.where.open
    assert draft is not None and draft.form
    await noura.fill_form()
    case = case_of(desk, reference)
    assert case.stage == "verifying"
    assert set(case.answers) >= {"national_id", "other:1"}


async def test_staff_record_a_completion_and_the_draft_goes(desk: Desk, noura: Person) -> None:
    reference = await returned(
        desk, noura, Missing(item="mobile", published=True), Missing(item="full_name", published=True)
    )
    await press(noura, "إكمال الناقص")
    await noura.say("نورة سالم الشمري")
    assert noura.where.open is not None
    await move(desk, reference, "complete", OFFICER, answers={"full_name": "نورة الشمري"})
    assert noura.where.open is None
    case = case_of(desk, reference)
    assert case.answers["full_name"] == "نورة الشمري"
    assert case.completed_at == milliseconds(desk.now)
    assert desk.ask(requirements.waiting, desk.vault, "harif", case.id) == []
    assert any("مدة الرد تُحسب من اليوم" in text for text in noura.told[-2:])
    await press(noura, "إكمال الناقص")
    assert "تغيّرت الحال" in noura.told[-1], "the old button changes nothing"
    assert noura.where.open is None


async def test_lines_of_words_and_of_ids_are_read_from_a_plain_text(desk: Desk, noura: Person) -> None:
    reference = await returned(desk, noura, given={"items": "mobile, full_name\n• صورة أوضح"})
    case = case_of(desk, reference)
    waiting = desk.ask(requirements.waiting, desk.vault, "harif", case.id)
    assert [(one.item, one.published, one.words) for one in waiting] == [
        ("full_name", True, ""),
        ("mobile", True, ""),
        ("other:1", False, "صورة أوضح"),
    ]


async def test_a_return_without_items_is_not_allowed_and_changes_nothing(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "verifying")
    with pytest.raises(NotAllowed):
        on_case(desk, move_case, reference, "return", OFFICER, desk.now)
    case = case_of(desk, reference)
    assert case.stage == "verifying"
    assert desk.ask(requirements.of_case, desk.vault, "harif", case.id) == []


async def test_an_objection_still_starts_the_promise(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "with_committee")
    given = {"reason": "لا تنطبق الشروط", "help": "جمعية أخرى"}
    await move(desk, reference, "refuse", "committee", given=given, confirmed=True)
    await desk.later(days=2)
    await move(desk, reference, "object", OFFICER)
    case = case_of(desk, reference)
    assert case.completed_at == milliseconds(desk.now)
    assert case.latest is not None and moment(case.latest) > desk.now + timedelta(days=14)


async def test_anothers_case_is_not_completed_by_a_made_up_button(desk: Desk, noura: Person) -> None:
    reference = await returned(desk, noura, Missing(item="mobile", published=True))
    stranger = Person(desk, "7002")
    await stranger.open()
    from conversations.events import Press

    await stranger.send(stranger.incoming(Press(id="p", at=desk.now, option=f"move:complete-{reference}")))
    assert stranger.where.open is None
    assert case_of(desk, reference).stage == "returned"


async def test_what_they_complete_themselves_leaves_nobody_waiting_in_the_queue(desk: Desk, noura: Person) -> None:
    reference = await returned(desk, noura, Missing(item="mobile", published=True))
    waits(desk, reference, "waiting_for_information")
    await desk.run()
    assert noura.where.holder == "queue"
    await press(noura, "إكمال الناقص")
    await noura.say("0559998888")
    assert case_of(desk, reference).stage == "verifying"
    assert [row.done_at for row in desk.rows("handoffs")] == [milliseconds(desk.now)]
    assert noura.where.holder == "bot"


async def test_a_complaint_that_was_taken_back_leaves_the_queue_and_what_else_waits_stays(
    desk: Desk, noura: Person
) -> None:
    reference = await noura.complain(severity="high")
    assert noura.where.holder == "queue" or len(desk.rows("handoffs")) == 1
    await noura.press(f"move:withdraw-{reference}")
    await press(noura, "نعم")
    assert case_of(desk, reference).stage == "withdrawn"
    assert [row.done_at for row in desk.rows("handoffs")] == [milliseconds(desk.now)]
    assert noura.where.holder == "bot"


async def test_withdrawing_what_was_granted_is_asked_in_words_of_its_own(desk: Desk, noura: Person) -> None:
    reference = await filed(desk, noura, "registered")
    await noura.press(f"move:withdraw-{reference}")
    assert "طلبكم مقبول" in noura.told[-1] and "ندرسه" not in noura.told[-1]


def waits(desk: Desk, reference: str, reason: str) -> None:
    """As the round of what nobody touched puts it into the queue."""
    timer = timers.Timer("harif", desk.id_of("7001"), f"called:{reason}:{reference}", milliseconds(desk.now))
    desk.do(timers.set_all, [timer])
