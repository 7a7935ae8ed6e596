"""A disclosure of harm interrupts everything: numbers to call, a restricted queue, and whether replying here is safe.

Source: DOMAIN, situation 10, and law 2 and 8: helped first, in full confidentiality, the accused excluded, no survey
afterwards. Every message passes the reviewed table in `arabic/disclosures.py` before anything else looks at it.
"""

from conversations import staffed
from conversations.answers.choice import OneOf
from conversations.arabic.disclosures import Disclosure
from conversations.asking import offer
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.dialogue import set_aside, start
from conversations.effects import Alarm, HandOver, Held, Suppress
from conversations.flow import Flow, Step, ask, register
from conversations.flows.filing import house_choices
from conversations.flows.urgent import numbers
from conversations.moment import Moment
from conversations.ways import queue

HOTLINES = {
    "self_harm": ("psychological", "health", "ambulance", "emergency"),
    "child_abuse": ("child", "social_protection", "police", "emergency"),
    "abuse": ("social_protection", "police", "emergency"),
    "exploitation": ("social_protection", "police", "emergency"),
    "danger": ("emergency", "ambulance", "police", "social_protection"),
}


def build(association: Association, subject: str) -> tuple[Step, ...]:
    # «لا» to whether it is safe here is an answer, and the one that keeps us silent.
    return (ask("safe", OneOf(house_choices("harm.safe", "here", "call", "not_now"), yes="here", no="not_now")),)


def disclosed(moment: Moment, told: Disclosure) -> bool:
    """True when the turn is the disclosure's alone. An idiom goes to a person's eye and interrupts nothing."""
    conversation = moment.conversation
    if told.category == "idiom" or not told.sure:
        moment.do(Alarm(code=f"look_{told.category}"))
        hidden = told.category != "idiom"
        moment.do(
            HandOver(reason=f"look_{told.category}", restricted=hidden, women_only=moment.conversation.women_only)
        )
        return False
    if told.category == "death_report":
        death(moment)
        return True
    conversation.greeted = True
    if staffed.is_held(conversation) and not conversation.restricted:
        # Whoever holds it may not be one who sees this.
        staffed.let_go(moment, "queue")
        moment.do(Held(staff=""))
    conversation.restricted = True
    if conversation.open is not None and conversation.open.flow == "harm":
        moment.do(Alarm(code=told.category, urgent=True))
    else:
        set_aside_silently(moment)
        moment.do(Alarm(code=told.category, urgent=True))
        moment.do(HandOver(reason=told.category, urgent=True, restricted=True, women_only=conversation.women_only))
    if conversation.holder == "bot":
        conversation.holder = "queue"
    moment.tell(moment.words(f"harm.{told.category}"))
    moment.tell(numbers(moment, HOTLINES[told.category]))
    if not staffed.silent(conversation):
        start(moment, "harm")
    return True


def set_aside_silently(moment: Moment) -> None:
    """The draft is kept, and nothing about it is said now."""
    said = len(moment.says)
    set_aside(moment)
    del moment.says[said:]


def death(moment: Moment) -> None:
    """Every message that we would begin stops at once; staff call the family. What the family writes is answered."""
    set_aside_silently(moment)
    moment.conversation.greeted = True
    moment.conversation.muted = True
    vouched = moment.world.vouched and not moment.conversation.unvouched
    moment.do(Suppress(on=True, why="death", everywhere=vouched))
    moment.do(Alarm(code="death_report"))
    queue(moment, "death_report")
    offer(moment, moment.words("harm.death_report"), moment.options("/person", "/callme"))


def finish(moment: Moment, draft: Draft) -> None:
    safe = draft.answers["safe"]
    queue(moment, f"harm_{safe}", urgent=True, restricted=True, callback=str(safe), service="")
    if safe == "call":
        start(moment, "callme")
    else:
        offer(moment, moment.words(f"harm.after.{safe}"), moment.options("/callme", "/person"))


harm = register(Flow(name="harm", steps=(), build=build, finish=finish, resumable=False))
