"""What was filed and its life: seven kinds, each a table of moves that a person can read aloud.

Why tables. Who may do what, and when, is the charity's policy, and its staff should be able to check it against the
printed clauses without reading a program. A table can also be drawn (`mermaid`), walked by a test (every stage is
reached, every stage can end, every move its words in both languages), and asked what is possible now, so that a
page offers exactly what `apply` accepts. An illegal move changes nothing: it is answered with where the case stands and
what can be done from there. Each table's own reasons stand on top of its file.

Two ends are everywhere: the person may withdraw whatever is open, and a supervisor may discontinue it silently, with a
reason. Moves that end a case well are `closed`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from conversations.association.profile import Profile, Words
from conversations.cases import compensation, complaint, request, shorter
from conversations.cases.move import (
    BENEFICIARY,
    GUARDS,
    NEVER,
    PROTECTION_OFFICER,
    QUIETLY,
    SYSTEM,
    Facts,
    Move,
    NotAllowed,
    is_over,
)

OBJECTING = frozenset({"objection_open", "appeal_open"})
"""Guards of what is heard once, and within its days."""
FINAL = frozenset({"closed", "withdrawn", "discontinued"})
DISCONTINUE = "discontinue"
AT_ONCE = {"complaint": "acknowledge"}
"""By kind, the move that the house itself makes as soon as a case is filed: its receipt has said so."""
_NO_STAFF = frozenset({BENEFICIARY, SYSTEM})


@dataclass(frozen=True)
class Lifecycle:
    kind: str
    initial: tuple[str, ...]
    """Stages a case of this kind may be opened in, the usual one first."""
    moves: tuple[Move, ...]

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """In the order in which the table names them."""
        named = [stage for move in self.moves for stage in (*move.at, *((move.to,) if move.to else ()))]
        return tuple(dict.fromkeys((*self.initial, *named)))

    @cached_property
    def steps(self) -> dict[tuple[str, str], Move]:
        """Every move by the stage it leaves and its name. Raises ValueError where two claim the same."""
        found: dict[tuple[str, str], Move] = {}
        for move in self.moves:
            for stage in move.at:
                if (stage, move.name) in found:
                    raise ValueError(f'{self.kind}: two moves "{move.name}" from "{stage}"')
                found[stage, move.name] = move
        return found


LIFECYCLES = {
    lifecycle.kind: lifecycle
    for lifecycle in (
        Lifecycle("request", request.INITIAL, request.MOVES),
        Lifecycle("complaint", complaint.INITIAL, complaint.MOVES),
        Lifecycle("compensation", compensation.INITIAL, compensation.MOVES),
        Lifecycle("suggestion", shorter.INITIAL, shorter.SUGGESTION),
        Lifecycle("inquiry", shorter.INITIAL, shorter.INQUIRY),
        Lifecycle("volunteering", shorter.INITIAL, shorter.VOLUNTEERING),
        Lifecycle("data_request", shorter.INITIAL, shorter.DATA_REQUEST),
    )
}
KINDS = tuple(LIFECYCLES)


def is_open(stage: str) -> bool:
    return stage not in FINAL


def moves(kind: str, stage: str, who: str | None = None, restricted: bool = False) -> tuple[Move, ...]:
    """What can be done from here, by `who` where given. Raises KeyError for an unknown kind."""
    return tuple(
        move
        for (at, _), move in LIFECYCLES[kind].steps.items()
        if at == stage and (who is None or who in may_make(move, restricted))
    )


def may_make(move: Move, restricted: bool) -> tuple[str, ...]:
    """Who makes it. Of what is restricted the protection officer alone stands for all staff, whoever else it is of:
    a claim for compensation that came with a complaint of abuse is moved by nobody who may not see it."""
    if not restricted:
        return move.who
    others = tuple(who for who in move.who if who in _NO_STAFF)
    return others if len(others) == len(move.who) else (*others, PROTECTION_OFFICER)


def hands(kind: str, stage: str, restricted: bool = False) -> frozenset[str]:
    """The roles of staff that can bring it on from here; to discontinue it is no way on."""
    onward = (move for move in moves(kind, stage) if move.name != DISCONTINUE)
    return frozenset(who for move in onward for who in may_make(move, restricted)) - _NO_STAFF


def apply(kind: str, stage: str, move: str, who: str, facts: Facts) -> Move:
    """The move, if it may be made now; the caller keeps `stage_after` it. Raises NotAllowed, which says why and what
    can be done instead, and KeyError for an unknown kind."""
    for why, remedy in _objections(kind, stage, move, who, facts):
        raise NotAllowed(kind, stage, move, why, remedy)
    return LIFECYCLES[kind].steps[stage, move]


def stage_after(move: Move, stage: str) -> str:
    return move.to or stage


def words_of(kind: str, move: Move) -> str:
    """The key of what the person hears, whole; empty where nothing may be said."""
    return "" if move.told == NEVER else f"moved.{kind}.{move.name}"


def notice(kind: str, move: Move, who: str, sensitive: bool = False) -> tuple[str, str]:
    """What is sent, and what is shown once the person opens it: keys of words, empty for nothing.

    `sensitive`: a case of health, of which nothing leaves the house. What the person did is answered in full, there and
    then; quiet is for news that finds them."""
    words = words_of(kind, move)
    if words and who != BENEFICIARY and (move.told == QUIETLY or sensitive):
        return "case.news", words
    return words, ""


def was_heard(kind: str, made: Iterable[tuple[str, str]]) -> bool:
    """Whether an objection or an appeal is among the moves made: (stage it left, name). It is heard once."""
    steps = LIFECYCLES[kind].steps
    return any((move := steps.get(one)) is not None and move.guard in OBJECTING for one in made)


def may_still(move: Move, until: datetime | None, now: datetime) -> bool:
    """Whether an objection or an appeal may still be made, where the move is one; `until` is None once it was heard."""
    return move.guard not in OBJECTING or (until is not None and not is_over(until, now))


def committee_for(profile: Profile, kind: str) -> Words:
    """The body that studies a case of this kind, as the profile names it."""
    committees = profile.committees
    if kind == "compensation" and committees.investigation:
        return committees.investigation
    return committees.complaint if kind in ("complaint", "compensation") else committees.request


def mermaid(kind: str) -> str:
    """The lifecycle as a Mermaid state diagram, with who may make each move. The two ends that are everywhere are drawn
    once, in a note, or nobody could read the rest."""
    lifecycle = LIFECYCLES[kind]
    everywhere = {"withdraw", DISCONTINUE}
    lines = ["stateDiagram-v2", *(f"    [*] --> {stage}" for stage in lifecycle.initial)]
    for (stage, name), move in lifecycle.steps.items():
        if name not in everywhere:
            lines.append(f"    {stage} --> {stage_after(move, stage)}: {name} ({', '.join(move.who)})")
    lines += [f"    {stage} --> [*]" for stage in lifecycle.stages if stage in FINAL - {"withdrawn", "discontinued"}]
    lines += [
        f"    note right of {lifecycle.initial[0]}",
        "        while open: withdraw (beneficiary) → withdrawn,",
        "        discontinue (with a reason) → discontinued",
        "    end note",
    ]
    return "\n".join(lines)


def _objections(kind: str, stage: str, name: str, who: str, facts: Facts) -> Iterator[tuple[str, str]]:
    lifecycle = LIFECYCLES[kind]
    move = lifecycle.steps.get((stage, name))
    if move is None:
        possible = [one.name for one in moves(kind, stage, who, facts.restricted)]
        remedy = f"possible from here for {who}: {', '.join(possible)}" if possible else "nothing is possible from here"
        known = any(name == other for _, other in lifecycle.steps)
        yield ("wrong_stage" if known else "no_such_move"), remedy
        return
    allowed = may_make(move, facts.restricted)
    if who not in allowed:
        yield "not_yours", f"only for {', '.join(allowed)}"
    if missing := [need for need in move.needs if need not in facts.given]:
        yield "needs", f"give {', '.join(missing)} with it"
    if move.guard and not GUARDS[move.guard](facts):
        yield move.guard, _REMEDY[move.guard]


_REMEDY = {
    "not_before_earliest": "the policy promises a longer study: wait for the earliest day, or let a supervisor confirm",
    "objection_open": "the days to object are over, or an objection was heard before",
    "objection_over": "wait until the last day to object has passed",
    "appeal_open": "the days to appeal are over, or an appeal was heard before",
    "appeal_over": "wait for the person's answer, or until the last day to appeal has passed",
    "all_delivered": "an entitlement is still owed: record its delivery first",
    "court_ruled": "record the court's ruling first",
    "not_extended": "it was extended before: the law allows it once",
}
