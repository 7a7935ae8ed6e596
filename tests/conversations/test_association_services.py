"""Every service of every association can be filed, by everyone who may apply, in both languages, to the end."""

from itertools import cycle
from pathlib import Path

import pytest

from conversations.association.association import Association
from conversations.association.load import load_associations
from conversations.course import course
from conversations.effects import FileCase
from conversations.events import Press
from conversations.play import Play

HOUSE = Path(__file__).parents[2] / "deploy" / "associations"
ASSOCIATIONS = {association.slug: association for association in load_associations(HOUSE)}
SAID = {
    "short_text": "نورة سعد العتيبي",
    "long_text": "نحتاج إلى عون في هذا الأمر",
    "number": "3",
    "money": "2500",
    "date": "2026-12-20",
    "birth_date": "1980-05-01",
    "yes_no": "نعم",
    "saudi_id": "1012345672",
    "identity": "A1234567",
    "phone": "0512345678",
    "iban": "SA0380000000608010167519",
    "short_address": "ABCD1234",
    "email": "noura@example.com",
    "cr_number": "1010010000",
    "document": "@paper.pdf",
    "photo": "@photo.jpg",
    "location": "geo:16.889,42.551",
}
CASES = [
    pytest.param(slug, service.id, who, language, id=f"{slug} {service.id} {who} {language}")
    for (slug, association), language in zip(list(ASSOCIATIONS.items()) * 2, cycle(("ar", "en")), strict=False)
    for service in association.profile.services
    for who in service.who
]


def filed(association: Association, service: str, who: str, language: str, says_yes: bool = True) -> FileCase:
    """Answers whatever is asked, choosing the first option (or the last), until a request is filed."""
    play = Play(association)
    play.line("السلام عليكم" if language == "ar" else "hello")
    play.line("طلب خدمة" if language == "ar" else "apply")
    asked: list[str] = []
    for _ in range(60):
        if play.cases:
            return next(iter(play.cases.values()))
        conversation = play.conversation
        draft = conversation.open
        assert draft is not None, (asked, [say.text for say in play.last])
        asked.append(draft.step)
        wanted = {"service": service, "details": "start", "consent": "yes", "who": who, "consent_by": "call"}
        wanted |= {"agreed_channel": "here", "consent_sensitive": "yes"}
        offered = [option.id for option in conversation.offered]
        step = course(association, draft.flow, draft.subject).by_id[draft.step]
        if draft.step in wanted:
            choice = wanted[draft.step]
        elif draft.step == "review":
            choice = next(one for one in offered if "yes" in one or "right" in one or "ok" in one)
        elif step.answer is not None and step.answer.kind in SAID:
            said = SAID[step.answer.kind]
            play.line(said if says_yes or step.answer.kind != "yes_no" else "لا")
            continue
        else:
            choice = offered[0 if says_yes else -1]
        play.send(Press(id=play._id(), at=play.now, option=choice, prompt=conversation.prompt))
    raise AssertionError(asked)


@pytest.mark.parametrize(("slug", "service", "who", "language"), CASES)
def test_a_service_can_be_filed_to_the_end(slug: str, service: str, who: str, language: str) -> None:
    case = filed(ASSOCIATIONS[slug], service, who, language)
    assert (case.kind, case.service) == ("request", service)
    assert case.reference.startswith(ASSOCIATIONS[slug].profile.reference_prefix)


@pytest.mark.parametrize("says_yes", [True, False], ids=["yes and the first", "no and the last"])
@pytest.mark.parametrize("slug", sorted(ASSOCIATIONS))
def test_exactly_the_questions_that_apply_are_answered(slug: str, says_yes: bool) -> None:
    profile = ASSOCIATIONS[slug].profile
    for service in profile.services:
        case = filed(ASSOCIATIONS[slug], service.id, service.who[0], "ar", says_yes)
        for field in (*profile.common, *service.fields):
            met = field.ask_if is None or case.answers.get(field.ask_if.field) in field.ask_if.among
            assert (case.answers.get(field.id) is not None) is met, (service.id, field.id)
