"""A complaint: what happened, about whom, how grave, what would put it right, and by name or without one.

Source: harif ج-1 to ج-3 and ث-1 to ث-4; ISO 10002 asks for a code and the remedy sought at once. Outside Harif the
body that hears it is our reading.
"""

from typing import Any

from conversations.answers.choice import OneOf, YesNo
from conversations.answers.document import Document
from conversations.answers.text import LongText, ShortText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.cases.calendar import here, said
from conversations.conversation import Draft
from conversations.dialogue import start
from conversations.effects import Alarm, HandOver
from conversations.flow import Flow, Step, answered, ask, register, review
from conversations.flows.consent import consent_step
from conversations.flows.filing import answers_of, file, house_choices
from conversations.moment import Moment
from conversations.says import Option

LONG_ENOUGH = 40
"""Characters from which the words that brought someone here already say what happened."""


def build(association: Association, subject: str) -> tuple[Step, ...]:
    complaints = association.profile.complaints
    return (
        consent_step("complain", before="complain.sorry"),
        ask("subject", OneOf(complaints.subjects)),
        ask("what_happened", LongText()),
        ask("about_staff", YesNo()),
        ask("who", ShortText(), when=answered("about_staff", True), optional=True),
        ask("severity", OneOf(house_choices("severity", "low", "medium", "high"))),
        ask("remedy", OneOf(complaints.remedies), optional=True),
        ask("evidence", Document(at_most=5), optional=True),
        ask("anonymous", OneOf(house_choices("anonymous", "named", "anonymous"))),
        review(),
    )


def begin(moment: Moment, text: str = "") -> None:
    """The first words of someone who complains are part of the complaint, and need not be said twice."""
    draft = moment.conversation.open
    if draft is not None and draft.flow == "complain":
        return
    start(moment, "complain")
    draft = moment.conversation.open
    if draft is not None and draft.flow == "complain" and len(text) >= LONG_ENOUGH:
        draft.answers["what_happened"] = text
        draft.kinds["what_happened"] = "long_text"


def finish(moment: Moment, draft: Draft) -> None:
    answers = answers_of(moment, draft)
    anonymous = answers.get("anonymous") == "anonymous"
    severity = str(answers.get("severity", ""))
    case = file(moment, draft, "complaint", "received", service="", severity=severity, anonymous=anonymous)
    moment.tell(
        moment.words(
            "complain.received",
            reference=case.reference,
            body=moment.profile.committees.complaint.to(moment.language),
            next_update=next_update(moment, case.next_update),
        )
    )
    if answers.get("remedy") == "compensation" and moment.profile.compensation.enabled:
        file_compensation(moment, draft, case.reference, anonymous)
    if severity == "high":
        moment.do(Alarm(code="grave_complaint", urgent=True))
        moment.do(HandOver(reason="grave_complaint", reference=case.reference))
    if anonymous:
        moment.tell(moment.words("complain.anonymous_kept", reference=case.reference))
        offer(moment, moment.words("menu.how"), moment.options("/menu"))
        return
    options = (
        Option("/complain_here", moment.words("option.here")),
        Option("/callme", moment.words("option.other_way")),
        Option(f"track:{case.reference}", moment.words("option.by_reference")),
    )
    offer(moment, moment.words("complain.reply_here"), options)


def file_compensation(moment: Moment, draft: Draft, complaint: str, anonymous: bool) -> None:
    """Harif ث: asking is a case of its own, linked; the bot promises nothing (proof, minutes, court or negotiation)."""
    answers = {"what_happened": draft.answers.get("what_happened")}
    case = file(
        moment,
        draft,
        "compensation",
        "claimed",
        service="",
        answers=answers,
        linked_to=complaint,
        anonymous=anonymous,
        completed_at=None,
    )
    investigation = moment.profile.committees.investigation
    moment.tell(
        moment.words(
            "complain.compensation",
            reference=case.reference,
            body=investigation.to(moment.language) if investigation else "",
        )
    )


def next_update(moment: Moment, due: Any) -> str:
    return said(here(due).date(), moment.language) if due else moment.words("promise.soon")


complain = register(Flow(name="complain", steps=(), build=build, finish=finish))
