"""What a person may do with a case of theirs: object, confirm, accept, appeal, withdraw, as its table says.

Source: each lifecycle's own table (`conversations/cases`): what is offered here is what `lifecycle.apply` accepts.
"""

from collections.abc import Callable
from datetime import datetime

from conversations.answers.choice import YesNo
from conversations.answers.text import LongText
from conversations.asking import offer
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.cases.move import BENEFICIARY
from conversations.conversation import Draft
from conversations.dialogue import start
from conversations.effects import Effect, MoveCase
from conversations.events import CaseMoved
from conversations.flow import Flow, Leave, Step, ask, register
from conversations.flows.filing import facts_of, promised_for
from conversations.flows.shared_phone import visible
from conversations.moment import Moment
from conversations.says import BUTTON_TITLE, Option
from conversations.world import CaseView

_GRANTED = ("accepted", "registered", "delivered")


def _sure(moment: Moment) -> str:
    """What withdrawing means: of what was granted already, that it is given up."""
    draft = moment.conversation.open
    case = case_of(moment, draft.subject.partition(" ")[2]) if draft is not None else None
    granted = case is not None and case.kind == "request" and case.stage in _GRANTED
    return moment.words("own_move.sure.ask_granted" if granted else "own_move.sure.ask")


_STEPS: dict[str, tuple[Step, ...]] = {
    "why": (ask("why", LongText()),),
    "sure": (ask("sure", YesNo(), asks=_sure, exits={False: Leave("own_move.kept")}),),
}
_ASKS = {"object": "why", "appeal": "why", "ask_again": "why", "withdraw": "sure"}
"""What is asked before a move is made; the others are made at once."""
INSTEAD: dict[str, Callable[[Moment, CaseView], None]] = {}
"""Moves with a dialogue of their own: its file puts it here (complete.py, entitlements.py)."""
_GLADLY = ("complete", "confirm", "accept", "agree")
"""What most people mean to press comes first."""
_NOT_IN_CHAT = ("consent", "decline", "confirm_one", "not_received_one")
"""The represented person's own word, asked for by a link (represent.py); what is said of one entitlement alone."""


def build(association: Association, subject: str) -> tuple[Step, ...]:
    move = subject.partition(" ")[0]
    if move in _ASKS:
        return _STEPS[_ASKS[move]]
    return () if move in _at_once() else tuple(step for steps in _STEPS.values() for step in steps)


def _at_once() -> set[str]:
    return {move.name for one in lifecycle.LIFECYCLES.values() for move in one.moves if move.name not in _ASKS}


def options(moment: Moment, kind: str, stage: str, reference: str, until: datetime | None = None) -> tuple[Option, ...]:
    """A button for each move that is theirs from here and now; withdrawing is the last."""
    moves = sorted(lifecycle.moves(kind, stage, BENEFICIARY), key=lambda move: move.name not in _GLADLY)
    return tuple(
        Option(f"move:{move.name}-{reference}", moment.words(f"move.{kind}.{move.name}")[:BUTTON_TITLE])
        for move in moves
        if move.name not in _NOT_IN_CHAT and lifecycle.may_still(move, until, moment.world.now)
    )


def chosen(moment: Moment, what: str) -> None:
    """A button of `options`: it may be old, so that the table is asked again."""
    name, _, reference = what.partition("-")
    case = case_of(moment, reference)
    if case is None or not _is_now(moment, case, name):
        not_now(moment)
    elif name in INSTEAD:
        INSTEAD[name](moment, case)
    else:
        start(moment, "own_move", f"{name} {reference}")


def not_now(moment: Moment) -> None:
    offer(moment, moment.words("own_move.not_now"), moment.options("/track", "/person", "/menu"))


def _is_now(moment: Moment, case: CaseView, name: str) -> bool:
    """Theirs, and its days are not over."""
    move = lifecycle.LIFECYCLES[case.kind].steps.get((case.stage, name))
    return is_theirs(case, name) and move is not None and lifecycle.may_still(move, case.until, moment.world.now)


def is_theirs(case: CaseView, name: str) -> bool:
    return name not in _NOT_IN_CHAT and is_move(case, name)


def is_move(case: CaseView, name: str) -> bool:
    """Of theirs from here, by the table."""
    return any(move.name == name for move in lifecycle.moves(case.kind, case.stage, BENEFICIARY))


def case_of(moment: Moment, reference: str) -> CaseView | None:
    """Of one's own open cases; none where the number may have become another's, nor of others who share the phone."""
    if moment.conversation.proof_needed:
        return None
    return next((case for case in visible(moment) if case.reference == reference), None)


def finish(moment: Moment, draft: Draft) -> None:
    name, _, reference = draft.subject.partition(" ")
    case = case_of(moment, reference)
    if case is None or not _is_now(moment, case, name):
        not_now(moment)
        return
    answers = {key: value for key, value in draft.answers.items() if value is not None and key != "sure"}
    make(moment, case, MoveCase(reference=reference, move=name, answers=answers), {})


def make(moment: Moment, case: CaseView, effect: Effect, given: dict[str, str], name: str = "") -> None:
    """The person's own act, and the words of its move there and then. `name` where the effect does not say it."""
    name = effect.move if isinstance(effect, MoveCase) else name
    moment.do(effect)
    moment.conversation.news.pop(case.reference, None)
    move = lifecycle.LIFECYCLES[case.kind].steps[case.stage, name]
    words, _ = lifecycle.notice(case.kind, move, BENEFICIARY)
    if words:
        moment.tell(moment.words(words, **facts_of(moment, _as_moved(moment, case, name, given))))
    offer(moment, moment.words("menu.how"), moment.options("/track", "/menu"))


def _as_moved(moment: Moment, case: CaseView, name: str, given: dict[str, str]) -> CaseMoved:
    """The person's own move as an event, for its words: a promise that starts is counted from now."""
    move = lifecycle.LIFECYCLES[case.kind].steps[case.stage, name]
    anew = move.starts == "promise" or given.get("counted") == "anew"
    promised = promised_for(moment, case.kind) if anew else case
    return CaseMoved(
        id=moment.event.id,
        at=moment.world.now,
        reference=case.reference,
        kind=case.kind,
        move=name,
        from_stage=case.stage,
        stage=lifecycle.stage_after(move, case.stage),
        who=BENEFICIARY,
        service=case.service,
        given=given,
        earliest=promised.earliest,
        latest=promised.latest,
        next_update=promised.next_update,
    )


own_move = register(
    Flow(name="own_move", steps=(), build=build, finish=finish, resumable=False),
)
