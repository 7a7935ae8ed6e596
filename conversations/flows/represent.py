"""The word of somebody at another address: a capable adult consents to a request made for them; the owner of a case
lets it be shown. Nobody's consent is given by another (DOMAIN, situation 4)."""

from conversations.answers.choice import OneOf
from conversations.asking import offer
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.dialogue import proceed, set_aside
from conversations.effects import AnswerAsk, Lookup, MoveCase
from conversations.events import Answered, Asked, Found
from conversations.flow import Flow, Step, ask, register
from conversations.flows import addresses, own_page, track
from conversations.flows.consent import notice
from conversations.flows.filing import PURPOSE, house_choices, log_consent
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import greet, queue, way_on


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (ask("consent", OneOf(house_choices("represent", "yes", "no", "call")), asks=question),)


def opened(moment: Moment, token: str) -> None:
    moment.do(Lookup(lookup="ask", key=token))


def found(moment: Moment, event: Found) -> None:
    """A link was opened: the question it stands for, or a kind word that it is spent."""
    if event.result is None:
        offer(moment, moment.words("represent.spent"), moment.options("/menu", "/person"))
    else:
        put(moment, Asked(id=event.id, at=event.at, **event.result))


def asked(moment: Moment, event: Asked) -> None:
    """The question reaches whoever must answer it; where we may not write first, by a call."""
    if event.question == "address":
        addresses.asked(moment, event)
        return
    conversation = moment.conversation
    closed = conversation.stopped or conversation.muted or conversation.unreachable
    if event.question == "show_case":
        if closed or own_page.doubted(moment):
            return  # whoever asks was told the way to a person
        options = (
            Option(f"allow:{event.ask}-{event.reference}", moment.words("option.allow")),
            Option(f"deny:{event.ask}-{event.reference}", moment.words("option.deny")),
        )
        moment.tell(moment.words("track.somebody_asks", reference=event.reference), options=options, lane="notice")
        return
    if closed:
        queue(moment, "consent_by_call", reference=event.reference)
        return
    put(moment, event)


def put(moment: Moment, event: Asked) -> None:
    """The question is asked; what they were doing is set aside, not lost."""
    if not moment.conversation.greeted:
        greet(moment, "")
    elif event is moment.event:
        moment.tell(moment.words("welcome.salam"))
    set_aside(moment)
    answers = {f"@{key}": value for key, value in event.details.items()}
    moment.conversation.open = Draft(
        flow="represent", subject=event.reference, answers={**answers, "@ask": event.ask}, touched=moment.world.now
    )
    proceed(moment)


def question(moment: Moment) -> str:
    draft = moment.conversation.open
    assert draft is not None
    about = {key: str(draft.answers.get(f"@{key}", "")) for key in ("applicant", "service")}
    return moment.words("represent.consent.ask", notice=notice(moment), **about)


def finish(moment: Moment, draft: Draft) -> None:
    said = draft.answers["consent"]
    if said == "call":
        queue(moment, "consent_by_call", reference=draft.subject)
        offer(moment, moment.words("represent.called"), moment.options("/callme", "/menu"))
        return
    given = said == "yes"
    log_consent(moment, PURPOSE, given, draft.subject)
    moment.do(
        AnswerAsk(ask=str(draft.answers.get("@ask", "")), question="consent", reference=draft.subject, given=given)
    )
    moment.do(MoveCase(reference=draft.subject, move="consent" if given else "decline"))
    offer(moment, moment.words("represent.thanks" if given else "represent.declined"), moment.options("/menu"))


def allowed(moment: Moment, what: str, given: bool) -> None:
    ask_id, _, reference = what.partition("-")
    if given and own_page.may_be_anothers(moment.conversation, moment.world.now):
        track.prove_first(moment)
        return
    moment.do(AnswerAsk(ask=ask_id, question="show_case", reference=reference, given=given))
    moment.tell(moment.words("track.allowed" if given else "track.denied"))
    way_on(moment)


def answered(moment: Moment, event: Answered) -> None:
    if event.question == "address":
        addresses.answered(moment, event)
    elif event.question == "show_case" and event.given and event.case:
        track.tell_case(moment, event.case)
    elif event.question == "show_case":
        moment.tell(moment.words("track.not_shown"), lane="notice")


represent = register(Flow(name="represent", steps=(), build=build, finish=finish))
