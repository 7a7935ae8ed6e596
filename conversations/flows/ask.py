"""A question: the association's approved answers, else a person.

Source: T objectives 3 and 6, steps 1 and 3; harif ت-1.
"""

from functools import lru_cache

from conversations.answers.text import LongText
from conversations.arabic.search import KnowledgeIndex
from conversations.asking import ask as ask_step
from conversations.asking import offer
from conversations.association.association import Association, KnowledgeEntry
from conversations.conversation import Draft
from conversations.course import current_step
from conversations.flow import Flow, ask, register
from conversations.flows.filing import file
from conversations.moment import Moment
from conversations.says import ROW_TITLE, Option, position
from conversations.ways import next_person, queue


@lru_cache(maxsize=256)
def index_of(association: Association, language: str) -> KnowledgeIndex:
    return KnowledgeIndex(association.knowledge.get(language, ()))


def best(moment: Moment, text: str) -> tuple[KnowledgeEntry, ...]:
    """One entry: a good answer. Several: candidates. None: nothing here answers it."""
    return index_of(moment.world.association, moment.language).answers(text)


def answer(moment: Moment, text: str) -> bool:
    """True when something approved was said or offered."""
    found = best(moment, text)
    if not found:
        return False
    if len(found) == 1:
        say_answer(moment, found[0])
        return True
    entries = moment.world.association.knowledge.get(moment.language, ())
    options = tuple(Option(f"ask:{entries.index(entry)}", entry.title[:ROW_TITLE]) for entry in found)
    offer(moment, moment.words("ask.which"), (*options, *moment.options("/person")))
    return True


def say_answer(moment: Moment, entry: KnowledgeEntry) -> None:
    moment.tell(entry.answer)
    step = current_step(moment)
    if step is not None:
        ask_step(moment, step)
    else:
        offer(moment, moment.words("ask.more"), moment.options("/apply", "/person", "/menu"))


def picked(moment: Moment, number: str) -> None:
    entries = moment.world.association.knowledge.get(moment.language, ())
    place = position(number, entries)
    if place is not None:
        say_answer(moment, entries[place])
    else:
        offer(moment, moment.words("menu.how"), moment.options("/apply", "/track", "/more"))


def finish(moment: Moment, draft: Draft) -> None:
    question = draft.answers["question"]
    if isinstance(question, str) and answer(moment, question):
        return
    to_a_person(moment, draft)


def to_a_person(moment: Moment, draft: Draft) -> None:
    case = file(moment, draft, "inquiry", "received")
    queue(moment, "question", reference=case.reference)
    text = moment.words("ask.to_person", reference=case.reference, when=next_person(moment))
    offer(moment, text, moment.options("/callme", "/menu"))


ask_flow = register(Flow(name="ask", steps=(ask("question", LongText()),), finish=finish))
