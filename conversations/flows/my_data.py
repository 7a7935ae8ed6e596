"""Rights over one's data: see, correct, copy, erase, another agreed channel or language, withdrawing consent.

Source: PDPL and its implementing regulation, art. 3: each request is logged as a case and answered within 30 days.
"""

from conversations.answers import answer_for
from conversations.answers.choice import OneOf, YesNo
from conversations.answers.phone import Phone
from conversations.answers.text import LongText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.course import is_first
from conversations.dialogue import start
from conversations.effects import MoveCase, NumberChanged
from conversations.flow import Exit, Flow, GoTo, Leave, Step, answered, ask, register
from conversations.flows import addresses, track
from conversations.flows.filing import PURPOSE, file, house_choices, is_unproven, log_consent, plain_field
from conversations.flows.shared_phone import visible
from conversations.moment import Moment

ASKS = ("see", "correct", "copy", "erase", "channel", "language", "number", "withdraw", "shared", "messages")
THIS, OTHER = "this", "other"
"""Which number changed: the one they write from, or another."""
_ANYBODYS = ("language", "number", "shared", "messages")
"""What whoever has the number now may change, though nobody knows yet who they are."""


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (
        ask(
            "what",
            OneOf(house_choices("my_data", *ASKS)),
            guard=theirs_alone,
            heard=chosen,
            exits={"withdraw": GoTo("withdraw"), "shared": GoTo("shared_phone"), "messages": GoTo("messages")},
        ),
        ask("correction", LongText(voice=False), when=answered("what", "correct")),
        ask(
            "agreed_channel",
            OneOf(house_choices("agreed", *addresses.offered(association))),
            when=answered("what", "channel"),
        ),
        ask("mobile", Phone(), when=answered("agreed_channel", "whatsapp", "sms"), known_as="mobile"),
        ask("email", answer_for(plain_field("email")), when=answered("agreed_channel", "email"), known_as="email"),
        ask("language", OneOf(house_choices("language", "ar", "en")), when=answered("what", "language")),
        ask("which_number", OneOf(house_choices("which_number", THIS, OTHER)), when=answered("what", "number")),
        ask("old_number", Phone(), when=answered("which_number", OTHER), optional=True, known_as="mobile"),
        ask("new_number", Phone(), when=answered("what", "number"), optional=True),
        ask(
            "sure",
            YesNo(),
            when=answered("what", "erase"),
            exits={False: Leave("my_data.erase.kept")},
        ),
    )


def theirs_alone(moment: Moment, what: str) -> Exit | None:
    """On a number that may be another's by now: first who they are, then the rest of it."""
    if what in _ANYBODYS or not is_unproven(moment):
        return None
    moment.tell(moment.words("prove.why"))
    return GoTo("prove", keep=True)


def chosen(moment: Moment, what: str) -> None:
    """Where they do not write from a number, it is another that changed."""
    draft = moment.conversation.open
    if draft is not None and what == "number" and moment.world.traits.name not in addresses.BY_PHONE:
        draft.answers["which_number"] = OTHER


def number_changed(moment: Moment) -> None:
    """«غيرت رقمي»: which one, and what the new one is."""
    here = moment.world.traits.name in addresses.BY_PHONE
    start(moment, "my_data", what="number", **({} if here else {"which_number": OTHER}))


def finish(moment: Moment, draft: Draft) -> None:
    what = draft.answers["what"]
    if what not in _ANYBODYS and is_unproven(moment):
        track.prove_first(moment)
        return
    if what == "language":
        moment.speak(str(draft.answers["language"]))
    if what == "channel":
        addresses.agree(moment, draft)
        elsewhere = draft.answers.get("agreed_channel") == "whatsapp" != moment.world.traits.name
        done = "my_data.channel.done.whatsapp" if elsewhere else "my_data.channel.done"
        offer(moment, moment.words(done), moment.options("/track", "/menu"))
        return
    if what == "number":
        _changed(moment, draft)
        return
    case = file(moment, draft, "data_request", "received", service=what)
    if what == "see":
        moment.tell(what_we_hold(moment))
    offer(moment, moment.words(f"my_data.{what}.done", reference=case.reference), moment.options("/track", "/menu"))


def _changed(moment: Moment, draft: Draft) -> None:
    """Staff correct what we hold; the number that was given up shows nothing from now on."""
    case = file(moment, draft, "data_request", "received", service="correct")
    this = draft.answers["which_number"] == THIS
    known = moment.world.person.facts.get("mobile") if not is_unproven(moment) and is_first(moment.conversation) else ""
    old, new = draft.answers.get("old_number") or known, draft.answers.get("new_number")
    if this:
        moment.conversation.proof_needed = True
    elif old and old != new:
        moment.do(NumberChanged(phone=str(old)))
    key = "my_data.number.done.this" if this else "my_data.number.done"
    offer(moment, moment.words(key, reference=case.reference), moment.options("/menu"))


def what_we_hold(moment: Moment) -> str:
    """In short and masked: the whole of it is handed over by staff, once identity is proven."""
    facts = moment.world.person.facts if is_first(moment.conversation) else {}
    titles = [field.title.to(moment.language) for field in moment.profile.common if field.id in facts]
    held = (moment.words("list.join") + " ").join(titles) or moment.words("my_data.nothing")
    return moment.words("my_data.see.held", held=held, count=len(visible(moment)))


def withdraw_finish(moment: Moment, draft: Draft) -> None:
    """As easy as giving: one word and one press. Open requests stop with it."""
    if is_unproven(moment):
        track.prove_first(moment)
        return
    log_consent(moment, PURPOSE, given=False)
    for case in visible(moment):
        if case.kind == "request":
            moment.do(MoveCase(reference=case.reference, move="withdraw"))
    moment.conversation.aside = []
    offer(moment, moment.words("withdraw.done"), moment.options("/mydata", "/menu"))


def cases_named(moment: Moment) -> str:
    count = sum(case.kind == "request" for case in visible(moment))
    return moment.words("withdraw.sure.ask_open" if count else "withdraw.sure.ask_none", count=count)


my_data = register(Flow(name="my_data", steps=(), build=build, finish=finish))
withdraw = register(
    Flow(
        name="withdraw",
        steps=(ask("sure", YesNo(), asks=cases_named, exits={False: Leave("withdraw.kept")}),),
        finish=withdraw_finish,
        resumable=False,
    )
)
