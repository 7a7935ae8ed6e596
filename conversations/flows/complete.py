"""A returned case: the person is asked for exactly what is missing, one thing at a time, each by its own kind.

Source: harif ت-2, ت-3 (nothing is taken half; back with exactly the missing items), T step 4. What is missing is looked
up when they begin, so that an old button, or another address of theirs, finds what is true now. What has been answered
is kept while they look for the rest; with the last of it the case is complete.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from conversations.answers.contract import Answer
from conversations.answers.document import Document
from conversations.answers.paper_or_words import PaperOrWords
from conversations.answers.text import LongText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.association.profile import Profile, Words
from conversations.cases.missing import Missing, fields_of, ordered
from conversations.conversation import Draft
from conversations.course import asks_sensitive, course, is_first
from conversations.dialogue import resume, start
from conversations.effects import Lookup, MoveCase, Remember
from conversations.events import Found, Media
from conversations.flow import Flow, Step, ask, register
from conversations.flows import own_moves
from conversations.flows.apply import expiry_step, field_step
from conversations.flows.shared_phone import visible
from conversations.hearing import hear
from conversations.moment import Moment
from conversations.ways import queue, way_on
from conversations.wording import house_wording
from conversations.world import CaseView


class Return(msgspec.Struct, frozen=True):
    """What a draft completes, as its subject holds it."""

    reference: str
    service: str
    missing: tuple[Missing, ...]
    own: bool = False
    """The request is of whoever wrote it: what they correct is what we know of them."""


_encode = msgspec.json.Encoder().encode
_return = msgspec.json.Decoder(Return).decode


def of(draft: Draft) -> Return | None:
    return _read(draft.subject) if draft.flow == "complete" else None


def _read(subject: str) -> Return | None:
    try:
        return _return(subject)
    except msgspec.DecodeError:
        return None


def build(association: Association, subject: str) -> tuple[Step, ...]:
    """`subject` is a Return. A service's id alone means everything that could be asked of it: for drawings."""
    profile = association.profile
    back = _read(subject) or Return("", subject, tuple(_anything(profile, subject)))
    return tuple(
        step for one in ordered(back.missing, profile, back.service) for step in _steps(profile, back.service, one)
    )


def _anything(profile: Profile, service: str) -> Iterator[Missing]:
    yield from (Missing(item=item) for item in fields_of(profile, service))
    for number, kind in enumerate(_KINDS, 1):
        yield Missing(item=f"other:{number}", words=kind or "…", kind=kind)  # type: ignore[arg-type]


def _steps(profile: Profile, service: str, one: Missing) -> Iterator[Step]:
    if one.words:
        yield _other(one)
    elif field := fields_of(profile, service).get(one.item):
        asked = replace(field_step(field), when=(), optional=False, guard=None)
        yield asked
        yield from (replace(until, when=()) for until in expiry_step(field))


_KINDS: dict[str, tuple[Answer, str]] = {
    "": (PaperOrWords(), "complete.either.ask"),
    "document": (Document(at_most=5), "complete.paper.ask"),
    "long_text": (LongText(voice=False), "complete.words.ask"),
}
"""How words of staff are answered, and asked. What only the secure page may ask is a paper, unless they say otherwise.
"""


def _other(one: Missing) -> Step:
    answer, key = _KINDS["document" if one.secret and not one.kind else one.kind]

    def question(moment: Moment) -> str:
        return moment.words(key, words=one.words)

    return ask(
        step_of(one.item),
        answer,
        sensitive=one.secret,
        asks=question,
        help=Words(ar=house_wording("ar")("complete.other.help"), en=house_wording("en")("complete.other.help")),
        title=Words(ar=one.words, en=one.words),
    )


def step_of(item: str) -> str:
    return item.replace(":", "_")


# --- beginning, and going on ------------------------------------------------------------------------------------------


def begin(moment: Moment, case: CaseView) -> None:
    moment.do(Lookup(lookup="missing", key=case.reference))


def sent(moment: Moment, event: Media) -> bool:
    """A paper that comes by itself while one case of theirs waits for papers is for that case."""
    conversation = moment.conversation
    if conversation.open is not None or conversation.proof_needed or event.kind not in _PAPERS:
        return False
    waiting = [case for case in visible(moment) if own_moves.is_theirs(case, "complete")]
    if len(waiting) != 1:
        return False
    moment.do(Lookup(lookup="missing", key=f"{event.file}:{waiting[0].reference}"))
    return True


_PAPERS = ("photo", "document", "other")


def found(moment: Moment, event: Found) -> None:
    """What is missing now, or that nothing is any more."""
    back = msgspec.convert(event.result, Return) if event.result else None
    case = own_moves.case_of(moment, back.reference) if back else None
    if back is None or case is None or not own_moves.is_theirs(case, "complete"):
        own_moves.not_now(moment)
        return
    subject = _encode(back).decode()
    if not course(moment.world.association, "complete", subject).steps:
        # Nothing of it can be asked here any more (the service's questions have changed): people settle it.
        queue(moment, "complete_unclear", reference=back.reference)
        offer(moment, moment.words("complete.unclear", reference=back.reference), moment.options("/track", "/menu"))
        return
    conversation = moment.conversation
    if conversation.open is not None and conversation.open.subject == subject:
        way_on(moment)
        return
    forget(moment, back.reference, but=subject)
    kept = next((number for number, draft in enumerate(conversation.aside) if draft.subject == subject), None)
    file, _, _ = event.key.rpartition(":")
    if file and kept is None and _takes(moment, subject, event, file):
        return
    if file:
        moment.tell(moment.words("complete.which_file"))
    if kept is not None:
        resume(moment, kept)
        return
    moment.tell(moment.words("complete.begin", count=len(back.missing), reference=back.reference))
    start(moment, "complete", subject)


def _takes(moment: Moment, subject: str, event: Found, file: str) -> bool:
    """Where only one of the things missing can be a paper sent here, the paper that came is that one."""
    steps = course(moment.world.association, "complete", subject).steps
    papers = [step for step in steps if step.answer is not None and step.answer.wants in ("file", "text_or_file")]
    here = [step for step in papers if asks_sensitive(moment) or not step.sensitive]
    if len(papers) != 1 or here != papers:
        return False
    moment.conversation.open = Draft(flow="complete", subject=subject, step=papers[0].id, touched=moment.world.now)
    return hear(moment, Media(id=event.id, at=event.at, file=file, kind="document"))


def forget(moment: Moment, reference: str, but: str = "") -> None:
    """What was begun for a return that is over."""

    def over(draft: Draft) -> bool:
        back = of(draft)
        return back is not None and back.reference == reference and draft.subject != but

    conversation = moment.conversation
    conversation.aside = [draft for draft in conversation.aside if not over(draft)]
    if conversation.open is not None and over(conversation.open):
        conversation.open, conversation.offered = None, []


def finish(moment: Moment, draft: Draft) -> None:
    back = of(draft)
    case = own_moves.case_of(moment, back.reference) if back else None
    if back is None or case is None or not own_moves.is_theirs(case, "complete"):
        own_moves.not_now(moment)
        return
    items = {step_of(one.item): one.item for one in back.missing}
    answers = {items.get(key, key): value for key, value in draft.answers.items() if value is not None}
    forget(moment, back.reference)
    _remember(moment, back, answers)
    given = {"counted": "anew" if any(one.published for one in back.missing) else "stays"}
    own_moves.make(moment, case, MoveCase(reference=case.reference, move="complete", answers=answers), given)


def _remember(moment: Moment, back: Return, answers: dict[str, Any]) -> None:
    """What they corrected of themselves is offered next time instead of the old."""
    common = {field.id for field in moment.profile.common}
    facts = {item: value for item, value in answers.items() if item in common}
    if back.own and facts and is_first(moment.conversation):
        moment.do(Remember(facts=facts))


complete = register(Flow(name="complete", steps=(), build=build, finish=finish, once=True))
own_moves.INSTEAD["complete"] = begin
