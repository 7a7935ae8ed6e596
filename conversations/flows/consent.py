"""Consents, each asked when its purpose begins: for this case before its first datum, for surveys after the receipt.

Source: PDPL arts. 11 and 13 (notice before the first datum, a consent per purpose); T objective 6: rating is a right,
«للتقويم والتطوير لا للعقاب والتشهير».
"""

from collections.abc import Callable

from conversations.answers.choice import OneOf, YesNo
from conversations.asking import offer
from conversations.conversation import Draft
from conversations.flow import Explain, Flow, Leave, Step, ask, register
from conversations.flows.filing import PURPOSE, house_choices, log_consent
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


SURVEY, SERVICES = "survey", "services"
"""Purposes of their own: to be asked what one thinks of us; to hear of services one did not ask for."""


def finish(moment: Moment, draft: Draft) -> None:
    if not draft.answers["survey"]:
        offer(moment, moment.words("consent_survey.no"), moment.options("/track", "/menu"))
        return
    more = SERVICES not in moment.world.person.consents and not moment.conversation.aside
    text = moment.words("consent_survey.yes") + (f"\n{moment.words('consent_services.offer')}" if more else "")
    offer(moment, text, moment.options(*(("/services_yes",) if more else ()), "/track", "/menu"))


def services_wanted(moment: Moment) -> bool:
    log_consent(moment, SERVICES, given=True)
    offer(moment, moment.words("consent_services.yes"), moment.options("/mydata", "/menu"))
    return True


def as_it_stands(flow_step: str, purpose: str) -> Callable[[Moment], str]:
    """The question, and what they said last."""

    def question(moment: Moment) -> str:
        given = moment.world.person.consents.get(purpose)
        now = "" if given is None else moment.words("messages.now.yes" if given else "messages.now.no")
        return f"{moment.words(flow_step)}\n{now}".rstrip()

    return question


def messages_finish(moment: Moment, draft: Draft) -> None:
    offer(moment, moment.words("messages.done"), moment.options("/mydata", "/menu"))


consent_survey = register(
    Flow(
        name="consent_survey",
        steps=(ask("survey", YesNo(), heard=consented(SURVEY)),),
        finish=finish,
        resumable=False,
    )
)
messages = register(
    Flow(
        name="messages",
        steps=(
            ask("survey", YesNo(), asks=as_it_stands("messages.survey.ask", SURVEY), heard=consented(SURVEY)),
            ask("services", YesNo(), asks=as_it_stands("messages.services.ask", SERVICES), heard=consented(SERVICES)),
        ),
        finish=messages_finish,
        resumable=False,
    )
)
"""What we may begin to write of: given and withdrawn alike, in two presses."""
