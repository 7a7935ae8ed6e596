"""What is stored outlives what is deployed: conversations as they were once stored must decode, answer and go on.

A sample is never written again. A new state gets a new sample: add its life below and run the tests once with
NEW_SAMPLES=1 in the environment, which writes the files that are missing and touches no other.
"""

import base64
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from conversations.conversation import SCHEMA, Confirming, Draft, Member, decode, encode
from conversations.course import course
from conversations.events import CaseMoved, Text, TimePassed
from conversations.flow import FLOWS
from conversations.flows.shared_phone import digest
from tests.conversations.robot import association
from tests.conversations.test_engine_care import at, quiet, sends, somebody
from tests.conversations.watched import Watched

FOLDER = Path(__file__).parent / "samples" / f"v{SCHEMA}"


def changed(who: Watched, **draft: object) -> Watched:
    """The same, with what an earlier deploy would have written into the open draft."""
    conversation = who.conversation
    assert conversation.open is not None
    conversation.open = msgspec.structs.replace(conversation.open, **draft)
    who.blob = encode(conversation)
    return who


def new() -> Watched:
    return somebody()


def greeted_in_english() -> Watched:
    who = somebody("web_chat", "saudi-exhibitions")
    who.text("Hello, I would like to know about membership please")
    return who


def in_the_middle_of_a_request() -> Watched:
    return at("telegram", "apply", "cost")


def of_an_older_flow() -> Watched:
    """A question that is gone, one whose kind has changed, and one that is new."""
    who = at("telegram", "apply", "plan")
    draft = who.open
    assert draft is not None
    answers = {**draft.answers, "tribe": "قديم", "birth_date": "1990-05-01"}
    del answers["short_address"]
    kinds = {**draft.kinds, "tribe": "short_text", "birth_date": "date"}
    trail = [step for step in draft.trail if step != "short_address"] + ["tribe"]
    return changed(who, answers=answers, kinds=kinds, trail=trail, version="0123456789ab")


def of_a_service_that_is_gone() -> Watched:
    who = at("telegram", "apply", "plan")
    assert who.open is not None
    answers = {**who.open.answers, "service": "closed-last-year"}
    return changed(who, answers=answers, subject="closed-last-year", version="0123456789ab")


def of_a_flow_that_is_gone() -> Watched:
    who = somebody()
    who.text("السلام عليكم")
    conversation = who.conversation
    conversation.open = Draft(flow="donate", step="amount", answers={"amount": 5}, trail=["amount"], version="1")
    conversation.aside = [Draft(flow="donate", step="amount", trail=["amount"])]
    who.blob = encode(conversation)
    return who


def two_set_aside() -> Watched:
    who = at("telegram", "apply", "full_name")
    who.press("/complain")
    who.press("yes")
    who.press("/suggest")
    return who


def a_confirmation_open() -> Watched:
    who = at("telegram", "apply", "stage")
    return changed(who, confirm=Confirming(value="idea"))


def a_burst_under_way() -> Watched:
    who = at("telegram", "complain", "what_happened")
    who.text("أول الكلام")
    sends(who, "voice-1", "voice")
    return who


def waiting_for_a_file() -> Watched:
    who = at("telegram", "complain", "evidence")
    sends(who, "paper-1")
    quiet(who)
    return who


def a_page_open_on_whatsapp() -> Watched:
    return at("whatsapp", "apply", "national_id", subject="training")


def at_the_read_back() -> Watched:
    return at("web_chat", "apply", "review", "ruhama", "home-visit")


def at_the_signature() -> Watched:
    return at("web_chat", "apply", "declaration", "bena-jazan", "rent")


def a_shared_phone() -> Watched:
    who = somebody("whatsapp")
    who.text("السلام عليكم")
    who.change(members=[Member("نورة", digest("ياسمين")), Member("سعد")], member="نورة")
    return who


def held_back_in_a_flood() -> Watched:
    who = somebody()
    for number in range(45):
        who.text(f"رسالة {number}")
    assert who.conversation.held
    return who


def after_a_disclosure() -> Watched:
    who = at("telegram", "complain", "subject")
    who.text("أبوي يضربني")
    return who


def stopped() -> Watched:
    who = somebody("whatsapp")
    who.text("السلام عليكم")
    who.text("إيقاف الرسائل")
    return who


def held_by_staff() -> Watched:
    who = at("telegram", "suggest", "reply")
    who.change(holder="staff:3", women_only=True)
    return who


def news_waiting() -> Watched:
    who = at("telegram", "apply", "declaration", subject="training")
    who.press("sign")
    reference, case = next(iter(who.cases.items()))
    event = CaseMoved(
        id="m", at=who.now, reference=reference, kind="request", move="refuse", from_stage="with_committee",
        stage="refused", who="committee", service=case.service, given={"reason": "سبب", "help": "بديل"},
    )  # fmt: skip
    who.happen(event)
    assert who.conversation.news
    return who


LIVES: tuple[Callable[[], Watched], ...] = (
    new,
    greeted_in_english,
    in_the_middle_of_a_request,
    of_an_older_flow,
    of_a_service_that_is_gone,
    of_a_flow_that_is_gone,
    two_set_aside,
    a_confirmation_open,
    a_burst_under_way,
    waiting_for_a_file,
    a_page_open_on_whatsapp,
    at_the_read_back,
    at_the_signature,
    a_shared_phone,
    held_back_in_a_flood,
    after_a_disclosure,
    stopped,
    held_by_staff,
    news_waiting,
)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_every_life_has_a_stored_sample(life: Callable[[], Watched]) -> None:
    path = FOLDER / f"{life.__name__}.b64"
    if not path.exists() and os.environ.get("NEW_SAMPLES"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(base64.encodebytes(life().blob).decode(), "ascii")
    assert path.exists(), "run the tests once with NEW_SAMPLES=1"


def samples() -> list[Path]:
    found = sorted(FOLDER.parent.glob("v*/*.b64"))
    assert len(found) >= len(LIVES) - 1 or os.environ.get("NEW_SAMPLES")
    return found


def read(path: Path) -> Watched:
    blob = base64.decodebytes(path.read_bytes())
    stored = decode(blob)
    who = Watched(association(stored.association), stored.address.channel)
    who.blob = blob
    who.now = (stored.last_at or who.now) + timedelta(days=21)
    return who


SAMPLES = pytest.mark.parametrize("path", samples(), ids=lambda path: f"{path.parent.name}-{path.stem}")


@SAMPLES
def test_a_stored_conversation_decodes_to_what_it_was(path: Path) -> None:
    blob = base64.decodebytes(path.read_bytes())
    stored = decode(blob)
    assert encode(decode(encode(stored))) == encode(stored)
    assert decode(encode(stored)) == stored
    raw = msgspec.msgpack.decode(blob)
    assert raw["association"] == stored.association
    assert set(raw) <= set(stored.__struct_fields__), "a field that was stored is no longer read"


@SAMPLES
def test_a_stored_conversation_is_answered_weeks_later(path: Path) -> None:
    who = read(path)
    before = who.conversation
    turn = who.text("السلام عليكم")
    assert turn.says or before.holder.startswith("staff:") or len(who.conversation.held) > len(before.held)


@SAMPLES
def test_a_stored_conversation_keeps_the_answers_whose_question_and_kind_still_exist(path: Path) -> None:
    who = read(path)
    stored = who.conversation
    for timer in ("quiet", "flood", "draft"):
        who.happen(TimePassed(id=who.id(), at=who.now, timer=timer))
    if who.conversation.holder.startswith("staff:"):
        who.change(holder="bot")
    if who.conversation.stopped:
        who.press("/start")
    drafts = [draft for draft in (stored.open, *stored.aside) if draft is not None and draft.trail]
    if stored.open is None and stored.aside:
        who.press("/resume")
    who.happen(Text(id=who.id(), at=who.now, text="نكمل"))
    now = [draft for draft in (who.open, *who.conversation.aside) if draft is not None]
    for draft in drafts:
        if draft.flow not in FLOWS or not FLOWS[draft.flow].resumable:
            continue
        kept = next(one for one in now if one.flow == draft.flow)
        by_id = course(who.association, kept.flow, kept.subject).by_id
        for step_id, value in draft.answers.items():
            step = by_id.get(step_id)
            if step is not None and step.answer is not None and draft.kinds.get(step_id) == step.answer.kind:
                assert kept.answers.get(step_id) == value or step_id == "service", step_id


def test_a_question_whose_kind_has_changed_is_asked_again_and_what_is_new_too() -> None:
    who = read(FOLDER / "of_an_older_flow.b64")
    who.text("أبيع في المعارض")
    quiet(who)
    assert who.open is not None
    assert who.open.step == "birth_date"
    assert "tribe" not in who.open.answers
    who.text("1990-05-01")
    assert who.open is not None and who.open.step == "short_address"


def test_a_field_that_a_newer_version_wrote_does_not_stop_an_older_one() -> None:
    raw = msgspec.msgpack.decode(somebody().blob)
    blob = msgspec.msgpack.encode({**raw, "mood": "fine", "open": {"flow": "suggest", "colour": 3}})
    read_back = decode(blob)
    assert read_back.open is not None and read_back.open.flow == "suggest"


def test_bytes_that_are_no_conversation_are_refused() -> None:
    for blob in (b"", b"\xc0", b"{}", msgspec.msgpack.encode({"association": 3})):
        with pytest.raises(msgspec.MsgspecError):
            decode(blob)
