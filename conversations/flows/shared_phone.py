"""A phone shared by a family: each person picks their name, and a private word guards their cases (DOMAIN, "Care")."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.answers.text import ShortText
from conversations.arabic.masking import mask_secrets
from conversations.arabic.normalise import fold
from conversations.asking import offer
from conversations.conversation import Draft, Member
from conversations.dialogue import start
from conversations.effects import Mask
from conversations.events import Event, Text
from conversations.flow import Explain, Flow, Leave, ask, register
from conversations.moment import Moment
from conversations.says import Option, position
from conversations.ways import queue
from conversations.world import CaseView


@dataclass(frozen=True)
class PrivateWord(Answer):
    """A word of one's own, kept only as a digest."""

    kind: ClassVar[str] = "private_word"

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Text) and len(fold(event.text)) >= 3:
            return Got(digest(event.text))
        return Again("private_word.short")

    def show(self, value: Any, language: str) -> str:
        return "••••"

    def input(self) -> Mapping[str, Any]:
        return {"type": "password"}


def digest(word: str) -> str:
    return blake2b(fold(word).encode(), digest_size=16, person=b"wasl.member").hexdigest()


def masked(moment: Moment, value: Any) -> None:
    if value is not None:
        moment.do(Mask(text="••••"))


def finish(moment: Moment, draft: Draft) -> None:
    conversation = moment.conversation
    name = str(draft.answers["name"])
    member = Member(name=mask_secrets(name) or name, word=draft.answers.get("word") or "")
    conversation.members.append(member)
    conversation.member = member.name
    offer(moment, moment.words("shared_phone.done", name=member.name), moment.options("/track", "/apply", "/menu"))


def visible(moment: Moment) -> tuple[CaseView, ...]:
    """The cases of whoever holds the phone now: of those who share it, each sees their own."""
    members, member = moment.conversation.members, moment.conversation.member
    if not members:
        return moment.world.cases
    first = members[0].name
    return tuple(case for case in moment.world.cases if (case.member or first) == member)


def is_anothers(moment: Moment, reference: str) -> bool:
    """A case of this phone that is not whose turn it is: a reference is read in the chat by all who share it."""
    mine = any(case.reference == reference for case in visible(moment))
    return not mine and any(case.reference == reference for case in moment.world.cases)


def whose(moment: Moment, reference: str) -> str:
    """The name of whoever of them a case is about; empty where nobody shares the phone, and where it is not known."""
    members = moment.conversation.members
    case = next((case for case in moment.world.cases if case.reference == reference), None)
    return (case.member or members[0].name) if members and case is not None else ""


def ask_who(moment: Moment) -> None:
    options = tuple(
        Option(f"member:{number}", member.name[:20]) for number, member in enumerate(moment.conversation.members)
    )
    offer(moment, moment.words("who.ask"), (*options, Option("member:new", moment.words("option.new_member"))))


def picked(moment: Moment, number: str) -> None:
    members = moment.conversation.members
    place = position(number, members)
    if place is None:
        start(moment, "shared_phone")
        return
    member = members[place]
    if member.word:
        start(moment, "who", member.name)
    else:
        recognised(moment, member.name)


def recognised(moment: Moment, name: str) -> None:
    moment.conversation.member = name
    offer(moment, moment.words("who.hello", name=name), moment.options("/track", "/apply", "/menu"))


MOST_GUESSES = 5


def right_word(moment: Moment, value: Any) -> Explain | Leave | None:
    """A wrong word is masked too, and after a few of them a person takes over: it is not to be guessed."""
    draft = moment.conversation.open
    assert draft is not None
    word = next((member.word for member in moment.conversation.members if member.name == draft.subject), "")
    if value == word:
        return None
    moment.do(Mask(text="••••"))
    if draft.failures + 1 >= MOST_GUESSES:
        queue(moment, "private_word_not_known")
        return Leave("prove.not_matched", ways=("/callme", "/menu"))
    return Explain("who.wrong_again" if draft.failures >= 2 else "who.wrong")


def who_finish(moment: Moment, draft: Draft) -> None:
    recognised(moment, draft.subject)


shared_phone = register(
    Flow(
        name="shared_phone",
        steps=(ask("name", ShortText(least=2)), ask("word", PrivateWord(), optional=True, heard=masked)),
        finish=finish,
        resumable=False,
    )
)
who = register(
    Flow(
        name="who",
        steps=(ask("word", PrivateWord(), guard=right_word, heard=masked),),
        finish=who_finish,
        resumable=False,
    )
)
