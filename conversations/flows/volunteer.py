"""Volunteering: the profile's own questions, with consent. Source: T channel 6, harif أ-6 and ب-3."""

from conversations.answers.choice import OneOf
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.dialogue import consented, offer
from conversations.flow import Explain, Flow, Leave, Step, ask, register, review
from conversations.flows.apply import field_step, notice
from conversations.flows.filing import PURPOSE, file, house_choices, remember
from conversations.moment import Moment


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (
        ask(
            "consent",
            OneOf(house_choices("consent", "yes", "no", "question")),
            asks=lambda moment: f"{notice(moment)}\n\n{moment.words('volunteer.consent.ask')}",
            exits={"no": Leave("volunteer.consent.declined"), "question": Explain("consent.why")},
            heard=consented(PURPOSE),
            reviewed=False,
        ),
        *(field_step(field, known=field.id in ("full_name", "mobile")) for field in association.profile.volunteering),
        review(),
    )


def finish(moment: Moment, draft: Draft) -> None:
    case = file(moment, draft, "volunteering", "received")
    remember(moment, draft)
    offer(moment, moment.words("volunteer.received", reference=case.reference), moment.options("/track", "/menu"))


volunteer = register(Flow(name="volunteer", steps=(), build=build, finish=finish))
