"""Consents asked when their purpose begins: to be asked how satisfied one is, after the receipt.

Source: T objective 6: rating is a right, «للتقويم والتطوير لا للعقاب والتشهير».
"""

from conversations.answers.choice import YesNo
from conversations.conversation import Draft
from conversations.dialogue import consented, offer
from conversations.flow import Flow, ask, register
from conversations.moment import Moment


def finish(moment: Moment, draft: Draft) -> None:
    key = "consent_survey.yes" if draft.answers["survey"] else "consent_survey.no"
    offer(moment, moment.words(key), moment.options("/track", "/menu"))


consent_survey = register(
    Flow(
        name="consent_survey",
        steps=(ask("survey", YesNo(), heard=consented("survey")),),
        finish=finish,
        resumable=False,
    )
)
