"""Moving a case from its page: what may be done, with what, and what its person will be told by it.

What they will be told is found by making the very move and taking it back: the same transaction, the same engine, the
same words and days, undone before anything is kept. So a page never promises words that would not be said.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from bot import entitlements as acts
from bot.case_moves import facts_for, move_case, moved_event
from bot.committee import COMMITTEES, ON_APPROVAL
from bot.desk.at import At, NotFound, Refused, Stale
from bot.desk.cases.answers import IDENTITY
from bot.desk.cases.file import find
from bot.desk.sight import person_withheld_from
from bot.desk.worker import Worker
from conversations.cases import lifecycle
from conversations.cases.entitlement import Owed
from conversations.cases.missing import Missing
from conversations.cases.move import ROLES, Move, NotAllowed
from conversations.conversation import Address, Conversation
from conversations.engine import advance
from conversations.events import CaseMoved
from conversations.flows.filing import facts_of
from conversations.moment import Moment
from conversations.world import Traits, World
from storage import cases, checks, conversations, sittings, world
from storage.cases import Case, Step
from storage.times import ms

OF_ENTITLEMENTS = ("deliver_one", "not_received_one")
"""Moves that are made on one entitlement, beside it."""
Tell = Callable[[int, str], object]


@dataclass(frozen=True, slots=True)
class Way:
    """A move that one of this worker's roles may make from here. `why`: not now, the key of the reason; `early`: it
    waits for the earliest day, unless a supervisor confirms."""

    name: str
    role: str
    move: Move
    why: str = ""

    @property
    def early(self) -> bool:
        return self.why == "not_allowed.not_before_earliest"


@dataclass(frozen=True, slots=True)
class Given:
    """What comes with a move. `moves`: how many the case had when its page was shown; `early`: the reason for which a
    supervisor lets it be decided before its day."""

    moves: int
    words: dict[str, str]
    missing: tuple[Missing, ...] = ()
    owed: tuple[Owed, ...] = ()
    entitlement: int = 0
    early: str = ""

    @property
    def digest(self) -> str:
        """Names exactly this, so that what is made is what was shown."""
        parts = [self.moves, sorted(self.words.items()), self.entitlement, self.early]
        parts += [[repr(one) for one in (*self.missing, *self.owed)]]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the person will hear: what is sent, and what they see once they open it. `why`: nothing is sent, and the
    key of why not; then `opened` is what they would read where they ask, if anything."""

    stage: str
    language: str = "ar"
    channel: str = ""
    sent: tuple[str, ...] = ()
    opened: str = ""
    why: str = ""


def ways(connection: Connection, at: At, case: Case, history: Sequence[Step]) -> list[Way]:
    """Every move that is theirs from here, whether now or not yet."""
    confirmed = checks.early(connection, at.slug, case.id, case.completed_at)
    found: dict[str, Way] = {}
    for role in (role for role in ROLES if role in at.worker.roles):
        for move in lifecycle.moves(case.kind, case.stage, role, case.restricted):
            facts = facts_for(connection, case, history, at.now, move.needs, confirmed=confirmed)
            why = _first(connection, at, case, move.name, role)
            try:
                lifecycle.apply(case.kind, case.stage, move.name, role, facts)
            except NotAllowed as error:
                if error.why == "not_yours":
                    continue
                why = error.words
            found.setdefault(move.name, Way(move.name, role, move, why))
    return list(found.values())


def _first(connection: Connection, at: At, case: Case, name: str, role: str) -> str:
    """What must come before this move and no form of ours can bring; the key of its words."""
    if role in COMMITTEES and sittings.is_taken(connection, at.slug, case.id):
        return "case.on_agenda"  # one member does not decide beside the others' votes
    if name in ON_APPROVAL and not case.restricted:  # no sitting sees what is restricted
        return "case.sitting_first"
    if name == "execute" and kept_from(connection, at.worker, case):
        return "data.somebody_else"
    return "case.identity_first" if name == "verify" and not identity_proven(connection, at, case) else ""


def kept_from(connection: Connection, worker: Worker, case: Case) -> bool:
    """Of a data request: something of its person is withheld from this worker, who must not carry it out then: a copy
    would show it, and an erasure take it away."""
    if case.kind != "data_request" or case.beneficiary is None:
        return False
    return bool(connection.scalar(select(person_withheld_from(worker, case.beneficiary))))


def identity_proven(connection: Connection, at: At, case: Case) -> bool:
    """Of a data request: somebody made sure that who asks is who the data are about, before anything is shown."""
    if case.kind != "data_request":
        return True
    known = checks.of_case(connection, at.desk.vault, at.slug, case.id).get(IDENTITY)
    return known is not None and known.outcome == checks.OK


def way(connection: Connection, at: At, case: Case, name: str) -> Way:
    """Raises NotFound where it is none of theirs from here."""
    history = cases.history(connection, at.desk.vault, at.slug, case.id)
    found = next((one for one in ways(connection, at, case, history) if one.name == name), None)
    if found is None:
        raise NotFound
    return found


def make(connection: Connection, at: At, id: int, name: str, given: Given, tell: Tell) -> Case:
    """The move itself, on record by its caller. Raises NotFound, Stale, NotAllowed; then nothing has changed."""
    case = find(connection, at, id, lock=True)
    if case.moves != given.moves:
        raise Stale("case.stale")
    theirs = way(connection, at, case, name)
    if why := _first(connection, at, case, name, theirs.role):
        raise Refused(why)
    vault, by, me = at.desk.vault, at.worker.who, at.worker.id
    if given.early and theirs.early and at.worker.may("supervise"):
        word = checks.Check(checks.EARLY, checks.OK, False, False, me, ms(at.now), given.early)
        checks.save(connection, vault, at.slug, case.id, word)
    about = (connection, vault, at.association, case)
    if name == "deliver_one":
        return acts.deliver(*about, given.entitlement, theirs.role, at.now, by=by, staff=me, tell=tell)
    if name in ("not_received_one", "not_received"):
        which = given.entitlement if name == "not_received_one" else 0
        return acts.not_arrived(*about, which, at.now, by=by, who=theirs.role, staff=me, tell=tell)
    return move_case(
        *about,
        name,
        theirs.role,
        at.now,
        given=given.words,
        confirmed=checks.early(connection, at.slug, case.id, case.completed_at),
        missing=given.missing,
        owed=given.owed,
        actor=str(me),
        tell=tell,
    )


class Undone(Exception):
    """Takes a transaction back and brings along what was found in it."""

    def __init__(self, found: Any) -> None:
        super().__init__()
        self.found = found


async def preview(at: At, id: int, name: str, given: Given) -> Heard:
    """What its person will be told by this move. Nothing is changed. Raises as `make`."""

    def make_and_undo(connection: Connection) -> None:
        told: list[int] = []
        moved = make(connection, at, id, name, given, lambda conversation, timer: told.append(conversation))
        raise Undone(heard_of(connection, at, moved, told))

    try:
        await at.desk.database.write(make_and_undo)
    except Undone as undone:
        heard: Heard = undone.found
        return heard
    raise AssertionError("a preview is always undone")


def heard_of(connection: Connection, at: At, moved: Case, told: list[int]) -> Heard:
    """What its person hears of the move that was just made; `told`: the conversations it wakes."""
    event = moved_event(connection, at.desk.vault, at.association, moved.reference, moved.moves)
    assert event is not None
    move = lifecycle.LIFECYCLES[moved.kind].steps[event.from_stage, event.move]
    words = lifecycle.words_of(moved.kind, move)
    if not told:
        why = "never" if not words else "anonymous" if moved.anonymous else "no_conversation"
        return Heard(moved.stage, why=f"case.unheard.{why}", opened=_plainly(at, event, words))
    (conversation, *_) = told
    stored = conversations.load_by_id(connection, at.desk.vault, [(at.slug, conversation)]).get((at.slug, conversation))
    if stored is None:
        return Heard(moved.stage, why="case.unheard.no_conversation", opened=_plainly(at, event, words))
    before = deepcopy(stored.conversation)
    turn = advance(stored.conversation, event, _world(connection, at, stored))
    after = turn.conversation
    waits = after.news.get(moved.reference)
    opened = (
        at.association.wording[after.language](str(waits[0]), **_names(at, after.language), **waits[1]) if waits else ""
    )
    sent = tuple(say.text for say in turn.says if say.text)
    why = "" if sent else f"case.unheard.{_why_not(before, moved.reference)}"
    return Heard(moved.stage, after.language, stored.channel, sent, opened, why)


def _why_not(conversation: Conversation, reference: str) -> str:
    if reference in conversation.followed_by_number:
        return "by_number"
    if conversation.unreachable:
        return "unreachable"
    if conversation.muted:
        return "muted"
    return "stopped" if conversation.stopped else "unopened"


def _world(connection: Connection, at: At, stored: conversations.Stored) -> World:
    intake = at.desk.intake
    channel = intake.channels.get((at.slug, stored.channel))
    known = world.load(connection, at.desk.vault, [(at.slug, stored.id, stored.beneficiary)], "", ms(at.now))
    here = known[at.slug, stored.id]
    return World(
        association=at.association,
        now=at.now,
        seed=bytes(16),
        traits=channel.traits if channel else Traits(name=stored.channel),
        person=here.person,
        cases=here.cases,
        public_url=intake.public_url,
    )


def _plainly(at: At, event: CaseMoved, words: str) -> str:
    """The words of a move where there is no conversation to say them in."""
    if not words:
        return ""
    here = Conversation(association=at.slug, address=Address("", ""), language="ar")
    spoken = Moment(here, event, World(association=at.association, now=at.now, seed=b"", traits=Traits(name="")))
    return spoken.words(words, **facts_of(spoken, event))


def _names(at: At, language: str) -> dict[str, str]:
    profile = at.association.profile
    return {"association": profile.name.to(language), "short": profile.short_name.to(language)}
