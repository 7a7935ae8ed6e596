"""A complaint: what happened, about whom, how grave, what would put it right, and by name or without one.

Source: harif ج-1 to ج-3 and ث-1 to ث-4; ISO 10002 asks for a code and the remedy sought at once. Outside Harif the
body that hears it is our reading.
"""

from typing import Any

from conversations.answers import answer_for
from conversations.answers.choice import OneOf, YesNo
from conversations.answers.document import Document
from conversations.answers.phone import Phone
from conversations.answers.text import LongText, ShortText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.cases.calendar import here, said
from conversations.conversation import Draft
from conversations.dialogue import start
from conversations.effects import Alarm, FileCase, HandOver
from conversations.flow import Flow, Step, answered, ask, register, review, under
from conversations.flows import addresses
from conversations.flows.consent import consent_step
from conversations.flows.filing import BY_NUMBER, answers_of, file, heard_by, house_choices, how_told, plain_field
from conversations.moment import Moment
from conversations.ways import way_on

LONG_ENOUGH = 40
"""Characters from which the words that brought someone here already say what happened."""


def build(association: Association, subject: str) -> tuple[Step, ...]:
    complaints = association.profile.complaints
    return (
        consent_step("complain", before=sorry),
        ask("subject", OneOf(complaints.subjects)),
        ask("what_happened", LongText()),
        ask("about_staff", YesNo()),
        ask("who", ShortText(), when=answered("about_staff", True), optional=True),
        ask("severity", OneOf(house_choices("severity", "low", "medium", "high"))),
        ask("remedy", OneOf(complaints.remedies), optional=True),
        ask("evidence", Document(at_most=5), optional=True),
        ask("anonymous", OneOf(house_choices("anonymous", "named", "anonymous"))),
        *under(
            (answered("anonymous", "named"),),
            ask("agreed_channel", OneOf(house_choices("agreed", *addresses.offered(association), BY_NUMBER))),
            ask("mobile", Phone(), when=answered("agreed_channel", "phone", "whatsapp", "sms"), known_as="mobile"),
            ask("email", answer_for(plain_field("email")), when=answered("agreed_channel", "email"), known_as="email"),
        ),
        review(),
    )


def begin(moment: Moment, text: str = "") -> None:
    """The first words of someone who complains are part of the complaint, and need not be said twice."""
    conversation = moment.conversation
    if conversation.open is not None and conversation.open.flow == "complain":
        way_on(moment)
        return
    text = text or conversation.first_words
    conversation.first_words = ""
    start(moment, "complain", **({"what_happened": text} if len(text) >= LONG_ENOUGH else {}))


def sorry(moment: Moment) -> str:
    """What was said first of all is not asked for again, and they are told so."""
    draft = moment.conversation.open
    text = moment.words("complain.sorry")
    kept = draft is not None and "what_happened" in draft.answers
    return f"{text} {moment.words('complain.kept_words')}" if kept else text


def finish(moment: Moment, draft: Draft) -> None:
    answers = answers_of(moment, draft)
    anonymous = answers.get("anonymous") == "anonymous"
    severity = str(answers.get("severity", ""))
    grave = is_grave(moment, str(answers["subject"]))
    case = file(
        moment,
        draft,
        "complaint",
        "received",
        service="",
        category=str(answers["subject"]),
        severity=severity,
        restricted=grave,
        anonymous=anonymous,
    )
    body = heard_by(moment, "complaint", grave)
    moment.tell(moment.words("complain.received", reference=case.reference, body=body))
    if grave:
        moment.tell(moment.words("complain.restricted"))
    moment.tell(answer_promised(moment, case))
    if answers.get("remedy") == "compensation" and moment.profile.compensation.enabled:
        file_compensation(moment, draft, case)
    if grave or severity == "high":
        moment.do(Alarm(code="grave_complaint", urgent=True))
        moment.do(
            HandOver(
                reason="grave_complaint",
                reference=case.reference,
                urgent=grave,
                restricted=grave,
                women_only=moment.conversation.women_only,
                anonymous=anonymous,
            )
        )
    offer(moment, moment.words("menu.how"), moment.options(*(() if anonymous else ("/track",)), "/menu"))


def is_grave(moment: Moment, subject: str) -> bool:
    """A subject that the profile marks as urgent (abuse, exploitation): one authorised handler alone."""
    return any(choice.id == subject and choice.urgent for choice in moment.profile.complaints.subjects)


def answer_promised(moment: Moment, case: FileCase) -> str:
    """When the answer comes, and by which way; nothing is sent to who asked for nothing."""
    day = next_update(moment, case.next_update)
    if case.anonymous:
        moment.conversation.followed_by_number.append(case.reference)
        return moment.words("complain.anonymous_kept", reference=case.reference, next_update=day)
    if case.agreed_channel == BY_NUMBER:
        moment.conversation.followed_by_number.append(case.reference)
        return moment.words("complain.by_number", next_update=day)
    agreed = str(case.answers.get("agreed_channel", "here"))
    return moment.words("complain.told", next_update=day, how=how_told(moment, agreed))


def file_compensation(moment: Moment, draft: Draft, complaint: FileCase) -> None:
    """Harif ث: asking is a case of its own, linked; the bot promises nothing (proof, minutes, court or negotiation)."""
    answers = {"what_happened": draft.answers.get("what_happened")}
    case = file(
        moment,
        draft,
        "compensation",
        "claimed",
        service="",
        answers=answers,
        linked_to=complaint.reference,
        anonymous=complaint.anonymous,
        restricted=complaint.restricted,
        agreed_channel=complaint.agreed_channel,
        completed_at=None,
    )
    body = heard_by(moment, "compensation", complaint.restricted)
    moment.tell(moment.words("complain.compensation", reference=case.reference, body=body))


def next_update(moment: Moment, due: Any) -> str:
    return said(here(due).date(), moment.language) if due else moment.words("promise.soon")


complain = register(Flow(name="complain", steps=(), build=build, finish=finish))
