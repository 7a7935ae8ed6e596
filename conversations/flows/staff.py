"""A call back at a time that suits: for who cannot read, only sends voice, or would rather talk."""

from conversations.answers.choice import OneOf
from conversations.answers.phone import Phone
from conversations.asking import offer
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.flow import Flow, Step, ask, register
from conversations.flows.filing import house_choices
from conversations.moment import Moment
from conversations.ways import call_back, opens_at


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (
        ask("when", OneOf(house_choices("callme", "morning", "afternoon", "any"))),
        ask("mobile", Phone(), known_as="mobile"),
    )


def finish(moment: Moment, draft: Draft) -> None:
    call_back(moment, draft.answers["when"], draft.answers["mobile"])
    when = moment.words(f"callme.said.{draft.answers['when']}")
    opens = opens_at(moment)
    text = (
        moment.words("callme.done_closed", when=when, next=opens)
        if opens
        else moment.words("callme.done_open", when=when)
    )
    offer(moment, text, moment.options("/menu"))


callme = register(Flow(name="callme", steps=(), build=build, finish=finish))
