"""Consents, each asked when its purpose begins: for this case before its first datum, for surveys after the receipt.

Source: PDPL arts. 11 and 13 (notice before the first datum, a consent per purpose); T objective 6: rating is a right,
«للتقويم والتطوير لا للعقاب والتشهير».
"""

from collections.abc import Callable

from conversations.answers.choice import OneOf, YesNo
from conversations.asking import offer
from conversations.conversation import Draft
from conversations.flow import Explain, Flow, Leave, Step, ask, register
from conversations.flows.filing import PURPOSE, house_choices
from conversations.hearing import consented
from conversations.moment import Moment


def consent_step(flow: str, before: Callable[[Moment], str] | None = None) -> Step:
    """The one consent that a request, a complaint or volunteering needs, after the notice and what `before` says."""

    def question(moment: Moment) -> str:
        first = (before(moment),) if before else ()
        return "\n\n".join((*first, notice(moment), moment.words(f"{flow}.consent.ask")))

    return ask(
        "consent",
        OneOf(house_choices("consent", "yes", "no", "question")),
        asks=question,
        exits={"no": Leave(f"{flow}.consent.declined"), "question": Explain("consent.why")},
        heard=consented(PURPOSE),
        reviewed=False,
    )


def notice(moment: Moment) -> str:
    """The privacy notice before the first datum (PDPL); in full once, later in a line."""
    if moment.conversation.noticed:
        return moment.words("notice.again")
    moment.conversation.noticed = True
    channel = moment.words(f"channel.{moment.world.traits.name}")
    elsewhere = "notice.provider" if moment.world.public_url else "notice.in_chat"
    # Only the association's own web chat passes through nobody else, wherever secrets are asked for.
    key = "notice.private" if moment.world.traits.name == "web_chat" else elsewhere
    text = moment.words(key, channel=channel)
    url = moment.world.public_url
    more = moment.words("notice.more", privacy_link=f"{url}/{moment.profile.slug}/privacy") if url else ""
    return f"{text}\n{more}".rstrip()


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
