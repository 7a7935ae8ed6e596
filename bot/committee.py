"""What a committee's sitting does to cases: one act decides many, and each person is told.

Source: T step 5 and Harif ت-5 (the committee that studies a request), ج-1 (لجنة المتابعة), ث-2 (لجنة التحقيق والمتابعة:
minutes approved by each member come before anything else).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.case_moves import move_case
from bot.papers.minutes import Attendee, Harm, Item, Minutes, Votes
from conversations.association.association import Association
from conversations.association.profile import Words
from conversations.cases import lifecycle
from conversations.cases.move import COMMITTEE, FOLLOW_UP_COMMITTEE, INVESTIGATION_COMMITTEE, Move, NotAllowed
from storage import audit, cases, checks, sittings
from storage.times import moment, moment_or_none, ms
from storage.vault import Vault

COMMITTEES: Mapping[str, tuple[tuple[str, str], ...]] = {
    COMMITTEE: (("request", "with_committee"),),
    FOLLOW_UP_COMMITTEE: (("complaint", "assessed"), ("complaint", "investigating"), ("complaint", "settling")),
    INVESTIGATION_COMMITTEE: (
        ("compensation", "claimed"),
        ("compensation", "minuted"),
        ("compensation", "fault_proven"),
        ("compensation", "negotiating"),
    ),
}
"""The committees, and at which stages a case waits for each."""
ON_APPROVAL = frozenset({"minute"})
"""Decisions that are carried out only when every member who was there has approved the minutes (Harif ث-2)."""
FINDINGS = ("harm", "size", "causes")
"""What the minutes of a harm hold (Harif ث-2): the move `minute` needs `minutes`, which is made of these."""

DENY = frozenset({"refuse", "not_prove"})
"""Decisions that a vote against what was asked speaks for."""
JOINT = "joint"
"""Among the words of a decision: why all who were there agreed without voting. The minutes hold it; nobody is told."""

Tell = Callable[[int, str], object]


def title_of(association: Association, committee: str) -> Words:
    """The committee as the profile prints it."""
    committees = association.profile.committees
    if committee == INVESTIGATION_COMMITTEE and committees.investigation:
        return committees.investigation
    return committees.request if committee == COMMITTEE else committees.complaint


def sits(association: Association, committee: str) -> bool:
    """Whether this association has such a committee."""
    return committee != INVESTIGATION_COMMITTEE or association.profile.compensation.enabled


def choices(kind: str, stage: str, committee: str) -> tuple[Move, ...]:
    """What the committee can decide of a case that stands here."""
    return lifecycle.moves(kind, stage, committee)


def needs_of(move: Move) -> tuple[str, ...]:
    """What must be written with a decision."""
    return FINDINGS if move.name == "minute" else move.needs


def lacking(decision: str, joint: bool, given: Mapping[str, str], votes: Sequence[str]) -> str:
    """What a decision still needs to be the committee's and not one member's: `votes` where nobody voted, `majority`
    where no more votes are for it than against, `reason` where all agreed without voting and no word says why; empty
    where it stands. To put off decides nothing."""
    if decision in ("", sittings.POSTPONED):
        return ""
    against, in_favour = (votes.count(one) for one in ("against", "for"))
    if decision in DENY:
        against, in_favour = in_favour, against
    if in_favour > against:
        return ""
    if against or not joint:
        return "majority" if against else "votes"
    return "" if any(given.values()) else "reason"


def carry_out(
    connection: Connection,
    vault: Vault,
    association: Association,
    sitting: sittings.Sitting,
    shown: object,
    who: int,
    now: datetime,
    tell: Tell,
    *,
    approved: bool = False,
) -> tuple[int, int]:
    """Make every decided move that is not made yet; each person hears of theirs. How many were made, and how many could
    not be: those say why (`Item.failed`, a guard's name or `moved`) and stay on the agenda."""
    made = failed = 0
    for item in to_carry(connection, vault, association, sitting, shown, approved=approved):
        why = carry_one(connection, vault, association, sitting, item, who, now, tell)
        sittings.carried(connection, association.slug, sitting.id, item.case_id, ms(now), why)
        made, failed = made + (not why), failed + bool(why)
        if not why:
            move = f"{item.decision}:{sitting.committee}"
            audit.log(
                connection,
                [audit.Act(association.slug, ms(now), f"staff:{who}", "case.move", f"case:{item.case_id}", move)],
            )
    return made, failed


def to_carry(
    connection: Connection,
    vault: Vault,
    association: Association,
    sitting: sittings.Sitting,
    shown: object,
    *,
    approved: bool = False,
) -> list[sittings.Item]:
    """The decisions that can be carried out and are not yet; `approved`: every member has approved the minutes."""
    return [
        item
        for item in sittings.items(connection, vault, association.slug, sitting.id, shown)
        if item.carried_at is None
        and item.decision not in ("", sittings.POSTPONED)
        and (approved or item.decision not in ON_APPROVAL)
    ]


def carry_one(
    connection: Connection,
    vault: Vault,
    association: Association,
    sitting: sittings.Sitting,
    item: sittings.Item,
    who: int,
    now: datetime,
    tell: Tell,
) -> str:
    """Make the move that was decided of one case; why not, where it cannot be made: a guard's name, `moved`, or
    `majority` where it was voted otherwise since."""
    case = cases.by_reference(connection, vault, association.slug, item.reference, lock=True)
    if case is None or (case.stage, item.decision) not in lifecycle.LIFECYCLES[item.kind].steps:
        return "moved"
    voted = sittings.votes_on(connection, association.slug, sitting.id, item.case_id)
    if lacking(item.decision, item.joint, item.given, voted):
        return "majority"
    given = {name: words for name, words in item.given.items() if name != JOINT}
    if item.decision == "minute":
        given = {"minutes": "\n".join(given[name] for name in FINDINGS if given.get(name))}
    try:
        move_case(
            connection,
            vault,
            association,
            case,
            item.decision,
            sitting.committee,
            now,
            given=given,
            confirmed=item.confirmed_by is not None
            or checks.early(connection, association.slug, case.id, case.completed_at),
            actor=str(who),
            tell=tell,
        )
    except NotAllowed as error:
        return error.why
    return ""


def minutes_of(
    connection: Connection,
    vault: Vault,
    association: Association,
    sitting: sittings.Sitting,
    shown: object,
    names: Mapping[int, str],
    words: Callable[..., str],
    language: str,
) -> Minutes:
    """The minutes as they stand, for the page and the PDF. `words` are the desk's."""
    counted: dict[int, dict[str, int]] = {}
    for vote in sittings.votes_of(connection, vault, association.slug, sitting.id):
        tally = counted.setdefault(vote.case_id, {})
        tally[vote.vote] = tally.get(vote.vote, 0) + 1
    seats = sittings.seats(connection, association.slug, sitting.id)
    listed = sittings.items(connection, vault, association.slug, sitting.id, shown)
    return Minutes(
        language=language,
        association=association.profile.name.to(language),
        licence=association.profile.licence,
        committee=title_of(association, sitting.committee).to(language),
        number=sitting.number,
        starts=moment(sitting.starts or sitting.at),
        ended=moment(sitting.closed_at) if sitting.closed_at else None,
        place=sitting.place,
        attendance=tuple(
            Attendee(
                name=names.get(seat.staff, "—"),
                role=words("committee.member"),
                present=seat.present,
                signed_at=moment(seat.signed_at) if seat.signed_at else None,
            )
            for seat in seats.values()
        ),
        items=tuple(_minuted(association, item, counted.get(item.case_id, {}), words, language) for item in listed),
        remarks=sitting.remarks,
        digest=sitting.digest,
        is_whole=len(listed) == sittings.count(connection, association.slug, sitting.id),
    )


def _minuted(
    association: Association, item: sittings.Item, tally: Mapping[str, int], words: Callable[..., str], language: str
) -> Item:
    service = association.profile.service(item.service) if item.service else None
    given = item.given
    harm = None
    if any(given.get(name) for name in FINDINGS):
        harm = Harm(what=given.get("harm", ""), size=given.get("size", ""), causes=given.get("causes", ""))
    said = ("reason", "answer", "proposal", "ruling", "agreement", "severity", JOINT)
    return Item(
        reference=item.reference,
        kind=item.kind,
        service=service.title.to(language) if service else "",
        decision=decision_said(item.kind, item.decision, words),
        votes=Votes(votes_for=tally.get("for", 0), against=tally.get("against", 0), abstained=tally.get("abstain", 0))
        if tally
        else None,
        joint=item.joint,
        reason="\n".join(given[name] for name in said if given.get(name)),
        needs=tuple(line for name in ("items", "help", "conditions") for line in given.get(name, "").splitlines()),
        harm=harm,
        erased_at=moment_or_none(item.erased_at),
    )


def decision_said(kind: str, decision: str, words: Callable[..., str]) -> str:
    """A decision in words; empty for none."""
    if not decision:
        return ""
    return words("committee.postponed") if decision == sittings.POSTPONED else words(f"move.{kind}.{decision}")
