"""Free words that no question heard: a wish, a question with an approved answer, an insult, a service by name."""

import re
from collections.abc import Callable
from functools import lru_cache

from conversations import flows
from conversations.arabic.intents import Intent, insult, threat, wish_of
from conversations.arabic.normalise import fold
from conversations.arabic.understand import choose, is_place, yes_no
from conversations.asking import (
    offer,
)
from conversations.association.association import Association
from conversations.cases.reference import find_reference
from conversations.commands import run
from conversations.conversation import Draft
from conversations.dialogue import start
from conversations.effects import Alarm
from conversations.flow import FLOWS
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import (
    hand_over,
    main_options,
    next_person,
    queue,
    way_on,
)


def free_words(moment: Moment, text: str, folded: str) -> None:
    """Nothing is open: what they mean, or else the menu, and at the third time a person; never a dead end."""
    conversation = moment.conversation
    if understood(moment, text, folded):
        conversation.strikes = 0
        return
    if for_a_person(moment):
        return
    if yes_no(folded):
        # «تمام» to what we told: nothing was asked, and nothing was misunderstood.
        offer(moment, moment.words("menu.how"), main_options(moment))
        return
    conversation.strikes += 1
    if conversation.strikes >= 3:
        conversation.strikes = 0
        hand_over(moment, "not_understood")
        return
    offer(moment, moment.words("menu.not_understood"), (*main_options(moment), *moment.options("/person")))


def for_a_person(moment: Moment) -> bool:
    """Words meant for a person, or that a person looks at: answered as such, never with «we do not understand»."""
    flagged = {effect.code for effect in moment.effects if isinstance(effect, Alarm)}
    if "look_death_report" in flagged:
        yes = Option("death:yes", moment.words("option.death"))
        offer(moment, moment.words("death.ask"), (yes, *moment.options("/person", "/menu")))
    elif any(code.startswith("look_") for code in flagged):
        offer(moment, moment.words("idiom.ask"), moment.options("/urgent", "/person", "/menu"))
    elif moment.conversation.holder == "queue":
        who = "staff.noted_woman" if moment.conversation.women_only else "staff.noted"
        offer(moment, moment.words(who, when=next_person(moment)), moment.options("/callme", "/urgent", "/menu"))
    else:
        return False
    return True


def understood(moment: Moment, text: str, folded: str) -> bool:
    """A wish, a service by its name, a question with an approved answer. False where it is none of them."""
    wished = wish_of(folded)
    rude = insult(folded)
    if threat(folded) or (rude and (wished is None or wished.flow != "complain")):
        insulted(moment, folded)
        return True
    if rude:
        moment.tell(moment.words("insult.boundary"))
    if reference := find_reference(text, moment.profile.reference_prefix):
        flows.track.show_one(moment, reference)
        return True
    if flows.library.asked(moment, text, question=is_question(text)):
        return True
    if wished is not None:
        wish(moment, wished.flow, text)
        return True
    if not is_question(text) and (service := service_named(moment, text, sure=True)):
        start(moment, "apply", service, service=service)
        return True
    if flows.ask.answer(moment, text):
        return True
    if service := service_named(moment, text):
        start(moment, "apply", service, service=service)
        return True
    return False


_ARTICLE = re.compile(r"\b[وفب]?(?:ال|لل)(?=\w{3})")


def bare(text: str) -> str:
    """Folded, and without the article: «في الايجار» names «إيجار»."""
    return _ARTICLE.sub("", fold(text))


_QUESTION_WORDS = frozenset(
    fold(word)
    for word in (
        *("هل", "متى", "كيف", "كم", "وين", "اين", "فين", "وش", "ايش", "شنو", "ماذا", "لماذا", "ليش", "مين", "منو"),
        *("when", "how", "where", "what", "which", "who", "why"),
    )
)


def leaves(wished: Intent, draft: Draft) -> bool:
    """Whether it is a wish for something else than what is open. Whoever says what they think of us («بطيئين مرة»,
    «تأخر علينا الموظف») wishes for nothing, unless they say so plainly."""
    return wished.flow != draft.flow and (wished.strong or not FLOWS[draft.flow].voluntary)


def something_else(moment: Moment, text: str, folded: str) -> bool:
    """The same for words that the open question could not hear: another flow or service than the one at hand."""
    draft = moment.conversation.open
    if threat(folded) or insult(folded):
        insulted(moment, folded)
        return True
    if reference := find_reference(text, moment.profile.reference_prefix):
        flows.track.show_one(moment, reference)
        return True
    if flows.library.asked(moment, text, question=is_question(text)):
        return True
    wished = wish_of(folded)
    if wished is not None and draft is not None and leaves(wished, draft):
        wish(moment, wished.flow, text)
        return True
    service = service_named(moment, text, sure=True)
    if service and not is_question(text) and draft is not None and service != draft.subject:
        start(moment, "apply", service, service=service)
        return True
    return False


def is_question(text: str) -> bool:
    """Whether the words ask something, rather than want it."""
    return "؟" in text or "?" in text or not _QUESTION_WORDS.isdisjoint(fold(text).split())


def insulted(moment: Moment, folded: str) -> None:
    """One calm boundary; the complaint inside still counts. A threat goes to a person."""
    if threat(folded):
        moment.do(Alarm(code="threat", urgent=True))
        hand_over(moment, "threat")
    else:
        offer(moment, moment.words("insult.boundary"), moment.options("/complain", "/person", "/menu"))


def service_named(moment: Moment, text: str, sure: bool = False) -> str:
    """The service these words name; `sure`: named outright, not mistyped or denied."""
    if is_place(fold(text)):
        return ""
    found = choose(bare(text), *service_labels(moment.world.association, moment.language))
    return moment.profile.services[found[0]].id if found and (found[1] or not sure) else ""


@lru_cache(maxsize=256)
def service_labels(association: Association, language: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    services = association.profile.services
    titles = tuple(bare(service.title.to(language)) for service in services)
    return titles, tuple(tuple(map(bare, service.words)) for service in services)


def wish(moment: Moment, name: str, text: str) -> None:
    WISHES[name](moment, text)


def _apply(moment: Moment, text: str) -> None:
    if moment.conversation.members and not moment.conversation.member:
        flows.shared_phone.ask_who(moment)
        return
    service = service_named(moment, text)
    start(moment, "apply", service, **({"service": service} if service else {}))


def _approved(kind: str) -> Callable[[Moment, str], None]:
    """Donors, job seekers, suppliers, wrong numbers: one approved answer and a way to a person."""

    def answer(moment: Moment, text: str) -> None:
        moment.tell(moment.words(f"{kind}.answer"))
        if moment.conversation.open is not None:
            way_on(moment)
        else:
            offer(moment, moment.words("menu.how"), moment.options("/person", "/ask", "/menu"))

    return answer


def _command(name: str) -> Callable[[Moment, str], None]:
    def wished(moment: Moment, text: str) -> None:
        run(moment, name)

    return wished


def _complain(moment: Moment, text: str) -> None:
    flows.complain.begin(moment, text)


def _ask(moment: Moment, text: str) -> None:
    if flows.ask.answer(moment, text):
        return
    if not is_question(text):
        start(moment, "ask")
    elif moment.conversation.open is None:
        start(moment, "ask", question=text)
    else:
        queue(moment, "question")
        moment.tell(moment.words("ask.noted", when=next_person(moment)))
        way_on(moment)


WISHES: dict[str, Callable[[Moment, str], None]] = {
    "apply": _apply,
    "complain": _complain,
    "suggest": _command("suggest"),
    "track": _command("track"),
    "volunteer": _command("volunteer"),
    "my_data": _command("mydata"),
    "number": _command("number"),
    "staff": _command("person"),
    "urgent": _command("urgent"),
    "technical": _command("technical"),
    "woman": _command("woman"),
    "ask": _ask,
    "donate": _approved("donate"),
    "job": _approved("job"),
    "supplier": _approved("supplier"),
}
