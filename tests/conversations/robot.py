"""A person who answers every question well: what to send for each kind of answer. For walks through whole flows."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from conversations.answers.choice import OneOf
from conversations.association.association import Association
from conversations.association.load import load_associations
from conversations.cases.reference import new_reference
from conversations.conversation import Draft
from conversations.course import course
from conversations.engine import Turn
from conversations.events import Press
from conversations.flow import Step
from conversations.play import Play

ASSOCIATIONS_FOLDER = Path(__file__).parents[2] / "deploy" / "associations"
CHANNELS = ("web_chat", "telegram", "whatsapp")
SECRETS = {
    "saudi_id": "1012345672",
    "identity": "P7654321",
    "iban": "SA0380000000608010167519",
}
WORDS = {
    "short_text": "نورة السالم",
    "long_text": "نحتاج إلى شراء ماكينة خياطة للمشروع المنزلي",
    "number": "3",
    "money": "5000",
    "date": "2026-12-20",
    "birth_date": "1990-05-01",
    "phone": "0500000007",
    "short_address": "RRRD2929",
    "email": "noura@example.com",
    "cr_number": "1010711252",
    "location": "حي السلامة خلف المسجد الكبير",
    "private_word": "ياسمين",
    "recommend": "9",
    "paper_or_words": "هذا ما عندي من الأوراق",
    **SECRETS,
}
FILES = {"document": "paper.pdf", "photo": "photo.jpg", "voice": "voice.ogg"}


@cache
def associations() -> tuple[Association, ...]:
    found = tuple(load_associations(ASSOCIATIONS_FOLDER))
    assert len(found) == 5
    return found


def association(slug: str) -> Association:
    return next(one for one in associations() if one.slug == slug)


def step_of(play: Play) -> Step | None:
    """The question that is open now."""
    draft = play.conversation.open
    return course(play.association, draft.flow, draft.subject).by_id.get(draft.step) if draft else None


def press(play: Play, option: str) -> Turn:
    return play.send(Press(id=play._id(), at=play.now, option=option, prompt=play.conversation.prompt))


def fill_form(play: Play, draft: Draft) -> Turn:
    """Everything the secure page asks for."""
    by_id = course(play.association, draft.flow, draft.subject).by_id
    return play.fill(" | ".join(f"{step_id}: {typed(by_id[step_id])}" for step_id in play.forms[-1].steps))


def typed(step: Step) -> str:
    """As `Play.fill` reads it."""
    answer = step.answer
    assert answer is not None
    if answer.kind in FILES:
        return f"@{FILES[answer.kind]}"
    return "1" if answer.options("ar") else WORDS[answer.kind]


def go_on(play: Play, pick: Callable[[Step], int] = lambda step: 0) -> Turn:
    """One good answer to whatever is open; of choices, `pick` says which."""
    draft, step = play.conversation.open, step_of(play)
    assert draft is not None and step is not None
    if draft.confirm is not None:
        return press(play, "confirm:yes")
    if step.kind == "review":
        return press(play, "review:yes")
    if draft.form:
        return fill_form(play, draft)
    answer = step.answer
    assert answer is not None
    if answer.kind in FILES:
        return play.file(FILES[answer.kind])
    if answer.kind == "reference":
        return play.line(new_reference(b"nobody's reference", play.association.profile.reference_prefix))
    options = answer.options(play.conversation.language)
    if isinstance(answer, OneOf):
        stays = [option for option in options if option.id not in step.exits and option.id != "other"] or list(options)
        return press(play, stays[pick(step) % len(stays)].id)
    if options:
        stays = [option for option in options if option.id == "yes"] or list(options)
        return press(play, stays[0].id)
    return play.line(WORDS[answer.kind])
