"""A suggestion: in one's own words, typed or spoken. Source: T general goal («ومقترحاتهم») and objective 7."""

from conversations.answers.choice import YesNo
from conversations.answers.text import LongText
from conversations.asking import offer
from conversations.conversation import Draft
from conversations.flow import Flow, ask, register
from conversations.flows.filing import file
from conversations.moment import Moment


def finish(moment: Moment, draft: Draft) -> None:
    case = file(moment, draft, "suggestion", "received")
    key = "suggest.received_reply" if draft.answers.get("reply") else "suggest.received"
    offer(moment, moment.words(key, reference=case.reference), moment.options("/menu"))


suggest = register(Flow(name="suggest", steps=(ask("what", LongText()), ask("reply", YesNo())), finish=finish))
