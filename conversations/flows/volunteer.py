"""Volunteering: the profile's own questions, with consent. Source: T channel 6, harif أ-6 and ب-3."""

from conversations.asking import offer
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.flow import Flow, Step, register, review
from conversations.flows.apply import field_step
from conversations.flows.consent import consent_step
from conversations.flows.filing import file, remember
from conversations.moment import Moment


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (
        consent_step("volunteer"),
        *(field_step(field, known=field.id in ("full_name", "mobile")) for field in association.profile.volunteering),
        review(),
    )


def finish(moment: Moment, draft: Draft) -> None:
    case = file(moment, draft, "volunteering", "received")
    remember(moment, draft)
    offer(moment, moment.words("volunteer.received", reference=case.reference), moment.options("/track", "/menu"))


volunteer = register(Flow(name="volunteer", steps=(), build=build, finish=finish))
