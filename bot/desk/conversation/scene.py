"""One conversation before a worker: found only where they may see it, and what stands beside its transcript."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, false, select

from bot.desk import said
from bot.desk.at import NotFound
from bot.desk.cases.told import Reached, reached
from bot.desk.sight import cases_seen_by, conversations_seen_by, handoffs_seen_by
from conversations import staffed
from conversations.answers import answer_for
from conversations.cases.calendar import in_digits
from conversations.conversation import Conversation
from conversations.rights import rights_of
from storage import broadcasts, consents, excluded, handoffs, looking, people, reply_drafts, staff, world
from storage import conversations as talks
from storage.broadcasts import Answered
from storage.conversations import open_handle
from storage.inbox import tail_of
from storage.looking import Looking
from storage.schema import beneficiaries, cases, conversations
from storage.schema import handoffs as handoffs_table
from storage.times import ms

if TYPE_CHECKING:
    from bot.desk.at import At
    from bot.desk.words import DeskWords

MOST_CASES = 20
PHONES = ("whatsapp", "sms")
"""Channels whose handle is a phone number, where it begins with a plus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`person` is their name where it is known, `phone` a number to call them on."""

    id: int
    association: str
    channel: str
    handle: str
    state: Conversation
    beneficiary: int | None
    facts: Mapping[str, Any]
    seq: int
    updated: int

    @property
    def person(self) -> str:
        return self.state.member or str(self.facts.get("full_name") or "").strip()

    @property
    def phone(self) -> str:
        if self.channel in PHONES and self.handle.startswith("+"):
            return self.handle
        return str(self.facts.get("mobile") or "")

    def called(self, words: "DeskWords") -> str:
        return called(words, self.channel, self.person, tail_of(self.channel, self.handle))

    @property
    def holder(self) -> int:
        """The worker who holds it; 0 where none does."""
        return int(self.state.holder.partition(":")[2] or 0) if staffed.is_held(self.state) else 0

    def is_theirs(self) -> ColumnElement[bool]:
        """Of cases: those of the person behind it, wherever they wrote."""
        return cases.c.beneficiary == self.beneficiary if self.beneficiary is not None else false()


def called(words: "DeskWords", channel: str, name: str, tail: str) -> str:
    """As every page calls a person: by name, or by the end of what they write from (storage/inbox.py)."""
    if name or not tail:
        return name or words("inbox.who.unknown")
    if channel in PHONES:
        return words("inbox.who.number", tail=tail)
    return words("inbox.who.tail", tail=in_digits(tail, words.language))


def may_see(connection: Connection, at: "At", id: int) -> bool:
    c = conversations.c
    query = select(c.id).where(c.association == at.slug, c.id == id, conversations_seen_by(at.worker))
    return connection.execute(query).first() is not None


def load(connection: Connection, at: "At", id: int) -> Scene:
    """Raises NotFound."""
    c, b, vault = conversations.c, beneficiaries.c, at.desk.vault
    query = (
        select(c.id, c.channel, c.handle, c.beneficiary, c.seq, c.updated, b.known)
        .join_from(
            conversations,
            beneficiaries,
            (b.association == c.association) & (b.id == c.beneficiary),
            isouter=True,
        )
        .where(c.association == at.slug, c.id == id, conversations_seen_by(at.worker))
    )
    row = connection.execute(query).first()
    state = talks.state_of(connection, vault, at.slug, id) if row is not None else None
    if row is None or state is None:
        raise NotFound
    known = world.open_facts(vault, at.slug, row.beneficiary, row.known) if row.beneficiary else world.Facts()
    return Scene(
        id=id,
        association=at.slug,
        channel=row.channel,
        handle=open_handle(vault, at.slug, id, row.handle),
        state=state,
        beneficiary=row.beneficiary,
        facts=known.facts,
        seq=row.seq,
        updated=row.updated,
    )


# --- beside the transcript -------------------------------------------------------------------------------------------


class TheirCase(NamedTuple):
    id: int
    reference: str
    kind: str
    stage: str
    service: str
    due: int | None
    opened_at: int
    closed_at: int | None
    agreed_channel: str


class Beside(NamedTuple):
    """`facts` are title and value as a worker may read them; `waits` what brought it to the queue; `answers` the
    broadcast that they answer."""

    cases: list[TheirCase]
    facts: list[tuple[str, str, bool]]
    consents: list[consents.Consent]
    waits: list[handoffs.Handoff]
    addresses: list[people.Known]
    reached: list[Reached]
    answers: Answered | None


def beside(connection: Connection, at: "At", scene: Scene) -> Beside:
    waits = _waits(connection, at, scene)
    return Beside(
        cases=_cases(connection, at, scene),
        facts=_facts(at, scene),
        consents=_latest(consents.of_person(connection, at.slug, scene.id, scene.beneficiary)),
        waits=waits,
        addresses=_addresses(connection, at, scene),
        reached=reached(connection, at, conversation=scene.id),
        answers=_answers(connection, at, scene, waits),
    )


def _answers(connection: Connection, at: "At", scene: Scene, waits: list[handoffs.Handoff]) -> Answered | None:
    if scene.state.last_at is None:
        return None
    wrote = min([ms(scene.state.last_at), *(one.at for one in waits)])
    return broadcasts.answered(connection, at.desk.vault, at.slug, {scene.id: wrote}).get(scene.id)


def _cases(connection: Connection, at: "At", scene: Scene) -> list[TheirCase]:
    c = cases.c
    query = (
        select(*(c[name] for name in TheirCase._fields))
        .where(cases_seen_by(at.worker), scene.is_theirs())
        .order_by(c.closed_at.is_not(None), c.id.desc())
        .limit(MOST_CASES)
    )
    return [TheirCase(*row) for row in connection.execute(query)]


def _addresses(connection: Connection, at: "At", scene: Scene) -> list[people.Known]:
    """Of this person, as far as this worker may see them."""
    if scene.beneficiary is None:
        return []
    return people.addresses(connection, at.slug, scene.beneficiary, conversations_seen_by(at.worker))


def _facts(at: "At", scene: Scene) -> list[tuple[str, str, bool]]:
    """What they told of themselves, by the profile's own titles, each as its kind shows it (numbers of identity
    masked), and whether it is written from left to right. The name stands above the page."""
    found = []
    profile, language = at.association.profile, at.language
    for field in profile.common:
        value = scene.facts.get(field.id)
        if value is None or field.id == "full_name":
            continue
        answer = answer_for(field)
        shown = said.answered(answer.kind, answer.show(value, language), language)
        found.append((field.title.to(language), shown, answer.kind in ("phone", "email")))
    if email := scene.facts.get("email"):
        found.append((at.words("conversation.email"), str(email), True))
    return found


def _latest(given: list[consents.Consent]) -> list[consents.Consent]:
    """The last word on each purpose."""
    return list({one.purpose: one for one in given}.values())


def _waits(connection: Connection, at: "At", scene: Scene) -> list[handoffs.Handoff]:
    """What brought it to the queue, as far as this worker may know."""
    h = handoffs_table.c
    seen = set(connection.scalars(_waiting(at, h.id).where(h.conversation == scene.id)))
    found = handoffs.of_conversation(connection, at.desk.vault, at.slug, scene.id)
    return [one for one in found if one.id in seen]


def _waiting(at: "At", column: Any) -> Select[Any]:
    """Of what waits for a person and this worker may see."""
    h, c, k = handoffs_table.c, conversations.c, cases.c
    whose = (c.association == h.association) & (c.id == h.conversation)
    about = (k.association == h.association) & (k.reference == h.reference)
    joined = handoffs_table.outerjoin(conversations, whose).outerjoin(cases, about)
    return (
        select(column)
        .select_from(joined)
        .where(h.association == at.slug, h.done_at.is_(None), handoffs_seen_by(at.worker))
    )


class Company(NamedTuple):
    """Colleagues who look at it now; `typing` of them write."""

    looking: list[str]
    typing: list[str]


def company(connection: Connection, at: "At", id: int) -> Company:
    now = ms(at.now)
    here: list[Looking] = looking.others(connection, at.slug, id, at.worker.id, now)
    names = staff.names(connection, at.desk.vault, [one.staff for one in here])
    return Company(
        [names[one.staff] for one in here if one.staff in names and one.typing_until < now],
        [names[one.staff] for one in here if one.staff in names and one.typing_until >= now],
    )


def colleagues(connection: Connection, at: "At", scene: Scene) -> list[tuple[int, str]]:
    """To whom it may be passed on: those who answer people and may see it."""
    found = []
    kept = {who for _, who in excluded.from_talks(connection, at.slug, [scene.id])}
    for one in staff.colleagues(connection, at.desk.vault, at.slug):
        rights = rights_of(one.member.roles)
        sees = (not scene.state.restricted or "restricted" in rights) and (
            not scene.state.women_only or one.member.woman
        )
        sees = sees and one.member.staff not in kept
        if "inbox" in rights and sees and one.member.staff != at.worker.id:
            found.append((one.member.staff, one.name))
    return found


def name_of(connection: Connection, at: "At", id: int) -> str:
    return staff.names(connection, at.desk.vault, [id]).get(id, "") if id else ""


def draft_of(connection: Connection, at: "At", id: int) -> str:
    return reply_drafts.kept(connection, at.desk.vault, at.slug, id, at.worker.id)


def neighbours(connection: Connection, at: "At", id: int) -> tuple[int, int]:
    """The waiting conversations before and after this one in time (0: none): older, newer."""
    h = handoffs_table.c
    here = connection.scalar(
        select(h.at).where(h.association == at.slug, h.conversation == id).order_by(h.at.desc()).limit(1)
    )
    pivot = here if here is not None else ms(at.now)
    others = _waiting(at, h.conversation).where(h.conversation.not_in([id, handoffs.NOBODY])).limit(1)
    older = connection.scalar(others.where(h.at < pivot).order_by(h.at.desc()))
    newer = connection.scalar(others.where(h.at > pivot).order_by(h.at))
    return older or 0, newer or 0
