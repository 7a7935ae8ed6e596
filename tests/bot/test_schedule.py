"""What is due: timers, files, forms, news of cases, and what one person asks of another."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.case_moves import move_case
from bot.channels.contract import FetchError
from bot.web.ports import Expired, Used
from conversations.association.association import Association
from conversations.cases.move import NotAllowed
from conversations.effects import AskOther
from conversations.events import FileReady, FileRefused, Press
from storage import alarms, cases
from tests.bot.desk import PDF, Desk, Paper, Person, milliseconds

PHONE = "+966500000007"


def move(desk: Desk, reference: str, name: str, who: str, **more: Any) -> None:
    """As an operator moves a case; the person hears through the rounds."""
    from storage import timers

    def do(connection: Any) -> None:
        case = cases.by_reference(connection, desk.vault, "harif", reference, lock=True)
        assert case is not None
        told: list[timers.Timer] = []

        def tell(conversation: int, timer: str) -> None:
            told.append(timers.Timer("harif", conversation, timer, milliseconds(desk.now)))

        association: Association = desk.associations["harif"]
        move_case(connection, desk.vault, association, case, name, who, desk.now, tell=tell, **more)
        timers.set_all(connection, told)

    desk.do(do)


def case_of(desk: Desk, reference: str) -> cases.Case:
    found = desk.ask(cases.by_reference, desk.vault, "harif", reference)
    assert found is not None
    return found  # type: ignore[no-any-return]


def to_files(desk: Desk) -> list[tuple[str, str, int]]:
    return [(row.state, row.reason, row.attempts) for row in desk.rows("files")]


# --- files -----------------------------------------------------------------------------------------------------------


async def at_evidence(noura: Person) -> None:
    """A complaint, up to the question for files."""
    await noura.open("complain")
    while (draft := noura.where.open) is not None and draft.step != "evidence":
        await noura.go_on()
    assert noura.where.open is not None


async def test_a_file_is_fetched_after_the_commit_and_reported_to_its_step(desk: Desk, noura: Person) -> None:
    await at_evidence(noura)
    await noura.file(PDF)
    assert to_files(desk) == [("wanted", "", 0)]
    assert noura.where.open is not None and noura.where.open.waiting
    await desk.later(seconds=5)
    ((state, _, attempts),) = to_files(desk)
    assert (state, attempts) == ("ready", 1)
    (file,) = desk.rows("files")
    assert (file.kind, file.size) == ("pdf", len(PDF))
    assert desk.blobs.get("harif", file.id) == PDF
    assert noura.where.open is not None and not noura.where.open.waiting
    assert b"file-" not in file.source, "the provider's name of it is sealed"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * 1001, "too_big"),
        (b"MZ\x90\x00 a program", "kind"),
        (b"", "empty"),
        (FetchError("gone"), "gone"),
    ],
)
async def test_a_file_that_is_no_use_is_refused_and_the_person_hears(
    desk: Desk, noura: Person, paper: Paper, data: Any, reason: str
) -> None:
    await at_evidence(noura)
    before = len(paper.sent)
    await noura.file(data)
    await desk.later(seconds=5)
    assert [(state, why) for state, why, _ in to_files(desk)] == [("refused", reason)]
    assert len(paper.sent) > before
    assert noura.where.open is not None and not noura.where.open.waiting


async def test_a_fetch_that_may_work_later_is_tried_again_and_in_the_end_refused(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    await at_evidence(noura)
    await noura.file(FetchError("gone", retry=True))
    for _ in range(3):
        await desk.later(minutes=5)
    assert to_files(desk) == [("wanted", "", 3)]
    for _ in range(4):
        await desk.later(minutes=5)
    assert to_files(desk) == [("refused", "gone", 6)]


async def test_a_store_that_is_full_is_tried_again(desk: Desk, noura: Person, monkeypatch: Any) -> None:
    await at_evidence(noura)
    await noura.file(PDF)
    real = desk.blobs.put

    def full(*about: Any) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(desk.blobs, "put", full)
    await desk.later(seconds=5)
    assert to_files(desk) == [("wanted", "", 1)]
    monkeypatch.setattr(desk.blobs, "put", real)
    await desk.later(minutes=1)
    assert to_files(desk) == [("ready", "", 2)]


async def test_a_process_that_died_while_fetching_leaves_the_file_to_another(
    make_desk: Callable[..., Desk], paper: Paper
) -> None:
    desk = make_desk((paper,))
    noura = Person(desk, "7001")
    await at_evidence(noura)
    await noura.file(PDF)
    from storage import files

    now = milliseconds(desk.now)
    assert desk.do(files.claim, desk.vault, now, now + 60_000, ["harif"])
    await desk.later(seconds=30)
    assert to_files(desk)[0][0] == "fetching"
    await desk.later(seconds=40)
    assert to_files(desk)[0][0] == "ready"


async def test_a_file_is_reported_once_however_often_it_is_fetched(desk: Desk, noura: Person) -> None:
    await at_evidence(noura)
    await noura.file(PDF)
    await desk.later(seconds=5)
    (file,) = desk.rows("files")
    from storage.files import File

    again = File("harif", file.id, file.conversation, "telegram", "x")
    before = len(desk.transcript("7001"))
    for event in (
        FileReady(id="f", at=desk.now, file=str(file.id), kind="pdf", size=3),
        FileRefused(id="f", at=desk.now, file=str(file.id), reason="gone"),
    ):
        await desk.rounds._settled(again, event)
    await desk.settle()
    assert len(desk.transcript("7001")) == before
    assert to_files(desk)[0][0] == "ready"


# --- the secure page -------------------------------------------------------------------------------------------------


@pytest.fixture
def wadha(make_desk: Callable[..., Desk]) -> Person:
    """On WhatsApp, where the secure page is the only way to give a number."""
    desk = make_desk((Paper("harif", "whatsapp"), Paper("harif")))
    return Person(desk, PHONE, "whatsapp")


async def at_form(person: Person) -> None:
    await person.say("ابغى دعم")
    if person.where.open is None:
        await person.press("/apply")
    for _ in range(40):
        draft = person.where.open
        assert draft is not None
        if draft.form:
            return
        await person.go_on()
    raise AssertionError("no page was offered")


def link_of(person: Person) -> str:
    import re

    says = person.desk.channels[person.association, person.channel].says
    links: list[str] = [
        found for say in says for found in re.findall(r"/form/([\w-]+)", say.text + (say.link.url if say.link else ""))
    ]
    return links[-1]


@pytest.fixture(autouse=True)
def _links_in_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "last_link", link_of)


async def test_opening_the_page_uses_nothing_up_and_submitting_does_once(wadha: Person) -> None:
    desk = wadha.desk
    await at_form(wadha)
    token, values = wadha.last_link(), wadha.form_values()
    for _ in range(3):
        view = await desk.house.form(token)
        assert view is not None and view.state == "open"
    await desk.house.submit(token, values)
    await desk.settle()
    seq = len(desk.transcript(PHONE, "whatsapp"))
    with pytest.raises(Used):
        await desk.house.submit(token, values)
    await desk.settle()
    assert len(desk.transcript(PHONE, "whatsapp")) == seq
    view = await desk.house.form(token)
    assert view is not None and view.state == "used"


async def test_of_two_submissions_at_once_one_counts(wadha: Person) -> None:
    await at_form(wadha)
    token, values = wadha.last_link(), wadha.form_values()
    ended = await asyncio.gather(*(wadha.desk.house.submit(token, values) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["NoneType", "Used", "Used", "Used"]


async def test_a_page_that_is_over_says_so_and_is_renewed_by_one_press(wadha: Person) -> None:
    desk = wadha.desk
    await at_form(wadha)
    token, values = wadha.last_link(), wadha.form_values()
    desk.now += timedelta(days=30)
    view = await desk.house.form(token)
    assert view is not None and view.state == "expired"
    with pytest.raises(Expired):
        await desk.house.submit(token, values)
    assert await desk.house.renew(token)
    await desk.settle()
    renewed = wadha.last_link()
    assert renewed != token
    assert await desk.house.renew(token)  # pressed again: no third link
    await desk.settle()
    assert wadha.last_link() == renewed
    await desk.house.submit(renewed, values)


async def test_an_unknown_page_is_nobodys(wadha: Person) -> None:
    await at_form(wadha)
    assert await wadha.desk.house.form("nobodys-token") is None
    assert not await wadha.desk.house.renew("nobodys-token")
    with pytest.raises(Expired):
        await wadha.desk.house.submit("nobodys-token", {})


# --- timers ----------------------------------------------------------------------------------------------------------


async def test_a_burst_is_taken_as_one_answer_after_quiet_seconds(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.open("complain")
    while (draft := noura.where.open) is not None and draft.step != "what_happened":
        await noura.go_on()
    before = len(paper.sent)
    for text in ("تأخرتم علي", "في الطلب", "شهرين كاملين"):
        await noura.say(text)
    assert len(paper.sent) == before
    await desk.later(seconds=30)
    draft = noura.where.open
    assert draft is not None and draft.step != "what_happened"
    for text in ("تأخرتم علي", "في الطلب", "شهرين كاملين"):
        assert text in draft.answers["what_happened"]


async def test_an_open_draft_is_remembered_once(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.open("complain")
    await noura.go_on()
    before = len(paper.sent)
    await desk.later(days=10)
    assert len(paper.sent) == before + 1
    await desk.later(days=30)
    assert len(paper.sent) == before + 1


async def test_a_flood_is_slowed_told_once_and_nothing_of_it_is_dropped(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    await noura.say("السلام عليكم")
    texts = [f"كلام كثير {number}" for number in range(60)]
    for text in texts:
        await desk.intake.take("harif", "telegram", [noura.text(text)])
    await desk.settle()
    slow = desk.associations["harif"].wording["ar"]("flood.slow")
    assert [one.text for one in paper.sent].count(slow) == 1
    assert len(paper.sent) < 50
    assert len(noura.where.held) == 21
    before = len(paper.sent)
    await desk.later(seconds=61)
    assert noura.where.held == [] and len(paper.sent) > before
    assert [getattr(event, "text", "") for event in desk.heard("7001")][1:] == texts


async def test_two_processes_fire_a_timer_once(make_desk: Callable[..., Desk], paper: Paper) -> None:
    one, other = make_desk((paper,), me="one"), make_desk((paper,), own=True, me="other")
    noura = Person(one, "7001")
    await noura.open("complain")
    await noura.go_on()
    before = len(paper.sent)
    one.now += timedelta(days=10)
    other.now = one.now
    for _ in range(3):
        await asyncio.gather(one.rounds.due_timers(), other.rounds.due_timers())
    for desk in (one, other):
        await desk.later(seconds=60)
    assert len(paper.sent) == before + 1


async def test_timers_of_associations_served_elsewhere_are_left_alone(
    make_desk: Callable[..., Desk], associations: dict[str, Association]
) -> None:
    both = make_desk((Paper("harif"), Paper("ruhama")))
    await Person(both, "7001", association="ruhama").open("complain")
    await Person(both, "7001", association="ruhama").go_on()
    harif = make_desk((Paper("harif"),), own=True)
    harif.intake.associations = {"harif": associations["harif"]}
    timers = both.rows("timers")
    assert timers
    await harif.later(days=60)
    assert both.rows("timers") == timers
    assert harif.alarms() == {}


async def test_what_is_due_on_a_channel_that_is_off_waits_until_it_is_on(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.apply()
    move(desk, reference, "verify", "relations_officer")
    move(desk, reference, "pass_on", "social_researcher")
    before = len(paper.sent)
    channels = dict(desk.channels)
    for holder in (desk.intake, desk.delivery, desk.rounds):
        holder.channels = {}
    for _ in range(3):
        await desk.later(hours=2)
    assert desk.alarms() == {} and len(paper.sent) == before
    for holder in (desk.intake, desk.delivery, desk.rounds):
        holder.channels = channels
    await desk.later(hours=2)
    assert len(paper.sent) > before


# --- cases -----------------------------------------------------------------------------------------------------------


async def test_a_case_that_moves_reaches_its_person_as_a_notice(desk: Desk, noura: Person, paper: Paper) -> None:
    reference = await noura.apply()
    before = len(paper.sent)
    move(desk, reference, "verify", "relations_officer")
    await desk.later(seconds=2)
    quiet = len(paper.sent)
    move(desk, reference, "pass_on", "social_researcher")
    await desk.later(seconds=2)
    assert case_of(desk, reference).stage == "with_committee"
    notices = [line for line in desk.out("7001") if line.lane == "notice"]
    assert notices and len(paper.sent) > quiet >= before
    assert notices[-1].state == "accepted"


async def test_a_move_that_is_not_allowed_changes_and_tells_nothing(desk: Desk, noura: Person, paper: Paper) -> None:
    reference = await noura.apply()
    before = case_of(desk, reference), len(paper.sent)
    with pytest.raises(NotAllowed):
        move(desk, reference, "pass_on", "committee")
    await desk.later(seconds=2)
    assert (case_of(desk, reference), len(paper.sent)) == before


async def test_on_the_day_named_they_hear_where_it_stands_and_every_fortnight_after(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.complain()
    due = case_of(desk, reference).next_update
    assert due is not None
    before = len(paper.sent)
    told = []
    for _ in range(70):
        at = len(paper.sent)
        await desk.later(days=1)
        if any(reference in one.text for one in paper.sent[at:]):
            told.append(milliseconds(desk.now))
    assert len(paper.sent) > before
    assert due <= told[0] < due + 86_400_000
    gaps = {round((later - earlier) / 86_400_000) for earlier, later in pairwise(told)}
    assert gaps == {14}
    following = case_of(desk, reference).next_update
    assert following is not None and following > milliseconds(desk.now)


async def test_two_processes_tell_an_update_once(make_desk: Callable[..., Desk], paper: Paper) -> None:
    one, other = make_desk((paper,), me="one"), make_desk((paper,), own=True, me="other")
    reference = await Person(one, "7001").complain()
    paper.sent.clear()
    one.now += timedelta(days=30)
    other.now = one.now
    await asyncio.gather(one.rounds.news(), other.rounds.news(), one.rounds.news())
    for desk in (one, other):
        await desk.later(seconds=1)
        await desk.settle()
    assert len([sent for sent in paper.sent if reference in sent.text]) == 1


async def test_an_update_that_another_process_told_meanwhile_is_not_told_a_fortnight_early(
    desk: Desk, noura: Person, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = await noura.complain()
    due = case_of(desk, reference).next_update
    monkeypatch.setattr(cases, "due_for_news", lambda *_, **__: [("harif", reference)])
    before = len(paper.sent)
    await desk.rounds.news()
    await desk.settle()
    assert len(paper.sent) == before
    assert case_of(desk, reference).next_update == due


async def test_an_anonymous_case_names_no_conversation_and_is_told_nothing(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.complain(anonymous="anonymous")
    (row,) = (row for row in desk.rows("cases") if row.reference == reference)
    assert (row.beneficiary, row.conversation, row.anonymous) == (None, None, True)
    assert desk.rows("case_index") == []
    conversation = str(desk.id_of("7001")).encode()
    assert conversation not in row.route
    before = len(paper.sent)
    await desk.later(days=60)
    assert not [one for one in paper.sent[before:] if reference in one.text]
    assert desk.ask(alarms.count) == len(desk.alarms())
    following = case_of(desk, reference).next_update
    assert following is None or following > milliseconds(desk.now), "it does not come up again and again"


# --- asking somebody else --------------------------------------------------------------------------------------------


def ask_of(desk: Desk, asker: Person, **about: Any) -> None:
    """The effect of a turn in the asker's conversation, as it is carried out."""
    from bot.effects import Work
    from storage import conversations
    from storage.world import Known

    def do(connection: Any) -> None:
        key = (asker.association, asker.channel, asker.handle)
        stored = conversations.load(connection, desk.vault, [key])[key]
        work = Work(connection, desk.vault, desk.associations, desk.now)
        work.carry_out(AskOther(**about), stored, Known(), None)  # type: ignore[arg-type]
        work.keep()

    desk.do(do)


async def test_the_owner_of_a_number_is_asked_where_they_write_already(wadha: Person) -> None:
    desk = wadha.desk
    await wadha.say("السلام عليكم")
    asker = Person(desk, "7001")
    reference = await asker.complain()
    before = len(wadha.told)
    ask_of(desk, asker, question="consent", reference=reference, phone=PHONE, details={"title": "دعم", "who": "نورة"})
    await desk.later(seconds=2)
    assert len(wadha.told) > before


async def test_the_owner_of_a_number_is_asked_when_they_first_write(wadha: Person) -> None:
    desk = wadha.desk
    asker = Person(desk, "7001")
    reference = await asker.complain()
    ask_of(desk, asker, question="consent", reference=reference, phone=PHONE, details={"title": "دعم", "who": "نورة"})
    other = Person(desk, "+966500000099", "whatsapp")
    await other.say("السلام عليكم")
    await wadha.say("السلام عليكم")
    asked_before = len(wadha.told)
    others = len(other.told)
    await desk.later(seconds=2)
    assert len(wadha.told) > asked_before
    assert len(other.told) == others, "nobody else is asked"


async def press_offered(person: Person, paper: Paper, start: str) -> None:
    """The newest button of this kind that anybody was shown."""
    say, option = next((say, one) for say in reversed(paper.says) for one in say.options if one.id.startswith(start))
    await person.send(person.incoming(Press(id="p", at=person.desk.now, option=option.id, prompt=say.prompt)))


async def test_a_reference_typed_elsewhere_shows_nothing_until_its_owner_agrees(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.complain()
    stranger = Person(desk, "7002")
    await stranger.say("السلام عليكم")
    await stranger.say("متابعة طلبي")
    await stranger.say(reference)
    assert len(desk.rows("asks")) == 1
    stage = desk.associations["harif"].wording["ar"]("stage.complaint.received")
    assert not [text for text in stranger.told if stage in text]
    before = len(noura.told)
    await desk.later(seconds=2)
    assert len(noura.told) > before, "the owner is asked"
    await press_offered(noura, paper, "allow:")
    await desk.later(seconds=2)
    assert desk.rows("asks")[0].given
    assert [text for text in stranger.told if stage in text]


async def test_a_reference_typed_elsewhere_shows_nothing_where_its_owner_refuses(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.complain()
    stranger = Person(desk, "7002")
    await stranger.say("السلام عليكم")
    await stranger.say("متابعة طلبي")
    await stranger.say(reference)
    await desk.later(seconds=2)
    await press_offered(noura, paper, "deny:")
    await desk.later(seconds=2)
    stage = desk.associations["harif"].wording["ar"]("stage.complaint.received")
    assert desk.rows("asks")[0].given is not None and not desk.rows("asks")[0].given
    assert not [text for text in stranger.told if stage in text]
