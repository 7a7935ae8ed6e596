"""What a worker records of what came by another way: an interview, a call, a letter, a fax, an e-mail, volunteering, a
branch delegate.

Source: T channels 1 to 7, harif أ-1 to أ-6. It is filed by the flow's own end, so that reference, promise, committee,
what is linked to it and who must act are those of a request written by the person. What that end would say is dropped:
nobody reads here. The person hears by the agreed channel (bot/effects.py).
"""

from collections.abc import Callable, Mapping

from msgspec import structs

from conversations import flows
from conversations.conversation import Draft
from conversations.course import course_of
from conversations.dialogue import close
from conversations.effects import Effect, FileCase, NameAddress, Signature
from conversations.events import Recorded
from conversations.flow import FLOWS
from conversations.flows.filing import name_address
from conversations.hearing import record
from conversations.moment import Moment

CHANNEL = "record"
"""The channel of its conversation, and why nothing reaches it."""
SOURCES = ("interview", "phone", "letter", "fax", "mail", "volunteering", "branch")
"""The ways it can come by, as the policies name them. `mail` is an e-mail that a worker recorded; one that the house
took in itself came by the channel `email`."""
TOLD_AT_ONCE = frozenset({"interview", "phone", "branch"})
"""Ways, and agreed channels, by which the worker who records it is speaking with them."""
_ENDS: Mapping[str, Callable[[Moment, Draft], None]] = {"ask": flows.ask.to_a_person}
"""Where it is not the flow's own: a question asked of a person is answered by one, whatever the bot knows of it."""


def recorded(moment: Moment, event: Recorded) -> None:
    """File it, once: a form that comes again finds it filed."""
    conversation = moment.conversation
    if conversation.recorded or event.flow not in FLOWS:
        return
    moment.speak(event.language)
    conversation.greeted = conversation.noticed = True
    conversation.unreachable = CHANNEL
    draft = Draft(flow=event.flow, subject=event.subject, touched=moment.world.now)
    conversation.open = draft
    for step in course_of(moment, draft).steps:
        if step.id in event.values and step.applies(draft):
            record(moment, draft, step, event.values[step.id])
    close(moment)
    _ENDS.get(event.flow, FLOWS[event.flow].finish)(moment, draft)
    conversation.open, conversation.offered = None, []
    moment.says = []
    filed = next(effect for effect in moment.effects if isinstance(effect, FileCase))
    conversation.recorded = filed.reference
    # The address is the one they named to the worker, whatever else the answers hold.
    kept = [effect for effect in moment.effects if not isinstance(effect, NameAddress)]
    moment.effects = [_as_recorded(effect, event, filed.reference) for effect in kept]
    if not filed.anonymous and not event.nobodys:
        name_address(moment, filed.reference, event.agreed, event.more)


def _as_recorded(effect: Effect, event: Recorded, filed: str) -> Effect:
    """How it came by; who took it and what came with it belong to the case itself, not to what is linked to it."""
    if not isinstance(effect, FileCase):
        return effect
    anonymous = effect.anonymous or event.nobodys
    agreed = "" if anonymous else event.agreed
    effect = structs.replace(
        effect, source=event.source, branch=event.branch, agreed_channel=agreed, anonymous=anonymous
    )
    if effect.reference != filed:
        return effect
    return structs.replace(
        effect,
        taken_by=event.staff,
        answers={**effect.answers, **event.more},
        signature=_signature(effect.signature, event),
    )


def _signature(signed: Signature | None, event: Recorded) -> Signature | None:
    return structs.replace(signed, channel=event.source) if signed else None
