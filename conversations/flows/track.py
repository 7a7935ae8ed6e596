"""Where a case stands: one's own by a list, another by its reference, and news pushed without being asked for.

Source: T general goal («دون الحاجة إلى طلب المستفيد»), harif ت-5. A reference typed from an address that is not on the
case shows nothing until somebody who is on it allows it; an anonymous case is followed by its reference alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.answers.saudi_id import Identity
from conversations.arabic.normalise import fold
from conversations.arabic.understand import command, yes_no
from conversations.asking import ask as ask_step
from conversations.asking import attach_receipt, offer
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.cases.calendar import here, said
from conversations.cases.entitlement import named
from conversations.cases.promise import Promised, promise_lines
from conversations.cases.reference import find_reference
from conversations.conversation import Draft
from conversations.course import current_step
from conversations.dialogue import proceed, start
from conversations.effects import AskOther, Lookup, NotTold
from conversations.events import CaseMoved, CaseUpdate, Event, Found, Text
from conversations.flow import Flow, Leave, Step, ask, register
from conversations.flows import complete, entitlements, own_moves
from conversations.flows.filing import facts_of, identities
from conversations.flows.own_page import below_news, doubted
from conversations.flows.shared_phone import ask_who, is_anothers, visible, whose
from conversations.moment import Moment
from conversations.says import Lane, Option
from conversations.staffed import closed_now
from conversations.ways import queue
from conversations.world import CaseView

FULLY_LISTED = 4
NONE = "none"
"""What is heard where there is no reference, or nobody remembers it."""
BESIDE: list[Callable[[Moment, CaseView], tuple[Option, ...]]] = []
"""Further buttons under a case, which the files of other dialogues put here."""
DECISIONS = ("accepted", "refused", "answered", "fault_proven", "fault_not_proven", "settled", "returned")
"""Stages that are themselves the answer: none is lost because something came after it."""
ANSWERED = ("returned", "accepted", "refused", "registered", "delivered", "answered", "settling")
"""Stages in which the next word is the person's, or the answer was given: no date is promised."""


@dataclass(frozen=True)
class Reference(Answer):
    """A reference as printed on the receipt, however it is typed."""

    kind: ClassVar[str] = "reference"
    prefix: str = ""

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if not isinstance(event, Text):
            return Again("reference.again")
        if found := find_reference(event.text, self.prefix):
            return Got(found)
        folded = fold(event.text)
        return Got(NONE) if yes_no(folded) is False or command(folded) == "dont_have" else Again("reference.again")

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "autocapitalize": "characters"}


# --- asking for it ---------------------------------------------------------------------------------------------------


def show(moment: Moment) -> None:
    """The person's own cases; what is open stays open and is asked again."""
    conversation = moment.conversation
    if conversation.proof_needed and moment.world.cases:
        prove_first(moment)
        return
    if conversation.members and not conversation.member:
        ask_who(moment)
        return
    cases = visible(moment)
    if not cases:
        if conversation.open is None or conversation.open.flow != "track":
            moment.tell(moment.words("track.none"))
            start(moment, "track")
        else:
            proceed(moment)
        return
    text = "\n\n".join(summary(moment, case) for case in cases[:FULLY_LISTED])
    step = current_step(moment)
    if step is not None:
        moment.tell(text)
        ask_step(moment, step)
        return
    if len(cases) == 1:
        moment.tell(text)
        go_on(moment, cases[0], other=True)
        return
    options = tuple(Option(f"track:{case.reference}", case.reference, title(moment, case)[:72]) for case in cases)
    ways = (Option("/track_other", moment.words("option.other_reference")), *moment.options("/menu"))
    offer(moment, text, (*options, *ways))


def prove_first(moment: Moment) -> None:
    moment.tell(moment.words("prove.why"))
    start(moment, "prove")


def title(moment: Moment, case: CaseView) -> str:
    service = moment.profile.service(case.service) if case.service else None
    return service.title.to(moment.language) if service else moment.words(f"kind.{case.kind}")


def summary(moment: Moment, case: CaseView, *, opened: bool = False) -> str:
    """Title, reference, stage, and when they will hear; a waiting piece of news is announced, not told, except to who
    has `opened` it."""
    stage, *ahead = stands(moment, case)
    if case.reference in moment.conversation.news and not opened:
        ahead = [moment.words("track.news_waiting")]
    line = moment.words("track.line", title=title(moment, case), reference=case.reference)
    return "\n".join([line, stage, *ahead])


def stands(moment: Moment, case: CaseView) -> list[str]:
    """Its stage, and when they will hear: where nothing of it is confidential, a stranger may hear it too."""
    stage = moment.words("track.stage", stage=moment.words(f"stage.{case.kind}.{case.stage}"))
    waits = lifecycle.is_open(case.stage) and case.stage not in ANSWERED
    return [stage, *(expectation(moment, case) if waits else [])]


def expectation(moment: Moment, case: CaseView) -> list[str]:
    """When they will hear. A day that is over is not promised again; a promise that was broken is owned up to."""
    now = moment.world.now
    lines = []
    if case.latest is not None and case.latest < now:
        lines.append(moment.words("track.late", latest=said(here(case.latest).date(), moment.language)))
    ahead = {name: at if at is not None and at >= now else None for name, at in dates_of(case).items()}
    return lines + promise_lines(Promised(**ahead), moment.language, moment.words)


def dates_of(case: CaseView) -> dict[str, datetime | None]:
    return {"earliest": case.earliest, "latest": case.latest, "next_update": case.next_update}


def show_one(moment: Moment, reference: str) -> None:
    """One case; opening it is what releases the words that waited for it."""
    case = next((case for case in visible(moment) if case.reference == reference), None)
    if moment.conversation.proof_needed and (moment.world.cases or reference in moment.conversation.news):
        prove_first(moment)
        return
    if is_anothers(moment, reference):
        ask_who(moment)
        return
    waiting = moment.conversation.news.pop(reference, None)
    for words, facts in unread(waiting):
        moment.tell(moment.words(str(words), **facts))
    if case is None:
        if waiting is None:
            moment.do(Lookup(lookup="case", key=reference))
        else:
            go_on(moment)
        return
    if waiting is None:
        moment.tell(summary(moment, case))
    go_on(moment, case)


def go_on(moment: Moment, case: CaseView | None = None, other: bool = False) -> None:
    step = current_step(moment)
    if step is not None:
        ask_step(moment, step)
        return
    theirs: tuple[Option, ...] = ()
    if case is not None:
        theirs = own_moves.options(moment, case.kind, case.stage, case.reference, case.until)
        if case.kind == "request" and case.stage != "awaiting_consent":
            theirs = (*theirs, Option(f"receipt:{case.reference}", moment.words("option.receipt")))
        theirs = (*entitlements.option(moment, case), *theirs, *(one for more in BESIDE for one in more(moment, case)))
    how = "track.what_now" if theirs else "menu.how"
    if case is not None and case.reference in moment.conversation.news:
        theirs = (Option(f"track:{case.reference}", moment.words("option.open_news")), *theirs)
    if other:
        theirs = (*theirs, Option("/track_other", moment.words("option.other_reference")))
    offer(moment, moment.words(how), (*theirs, *moment.options("/person", "/menu")))


def receipt(moment: Moment, reference: str) -> None:
    """The receipt of one's own request; of any other, what a reference typed in would get."""
    own = any(case.reference == reference and case.kind == "request" for case in visible(moment))
    if own and not moment.conversation.proof_needed:
        attach_receipt(moment, reference)
    else:
        show_one(moment, reference)


def finish(moment: Moment, draft: Draft) -> None:
    reference = str(draft.answers["reference"])
    if any(case.reference == reference for case in visible(moment)):
        show_one(moment, reference)
    else:
        moment.do(Lookup(lookup="case", key=reference))


def found(moment: Moment, event: Found) -> None:
    """The same words whether a reference exists or not: only its owner may tell."""
    case: dict[str, Any] | None = event.result
    own = case is not None and bool(case.get("mine")) and not case.get("anonymous")
    if own and moment.conversation.proof_needed:
        prove_first(moment)
        return
    if own and is_anothers(moment, event.key):
        ask_who(moment)
        return
    if case is not None and (case.get("anonymous") or case.get("mine")):
        if last := case.get("last_move"):
            for one in (*case.get("unread", ()), last):
                tell_move(moment, event, case, one)
        tell_case(moment, case)
        go_on(moment)
        return
    if case is not None:
        moment.do(AskOther(question="show_case", reference=event.key))
    offer(moment, moment.words("track.not_yours"), moment.options("/track_other", "/person", "/menu"))


def tell_move(moment: Moment, event: Found, case: dict[str, Any], last: dict[str, Any]) -> None:
    """What was answered last, for who follows by the number alone: no message ever brought it."""
    view = view_of(case)
    move = lifecycle.LIFECYCLES[view.kind].steps[last["from_stage"], last["move"]]
    words = lifecycle.words_of(view.kind, move)
    dates = {name: getattr(view, name) for name in ("earliest", "latest", "next_update")}
    moved = CaseMoved(
        id=event.id,
        at=event.at,
        reference=view.reference,
        kind=view.kind,
        stage=view.stage,
        service=view.service,
        **last,
        **dates,
    )
    moment.conversation.news.pop(view.reference, None)
    if words:
        moment.tell(moment.words(words, **facts_of(moment, moved)))


def tell_case(moment: Moment, case: dict[str, Any]) -> None:
    moment.tell(summary(moment, view_of(case)))


def view_of(case: dict[str, Any]) -> CaseView:
    fields = CaseView.__struct_fields__
    return CaseView(**{key: value for key, value in case.items() if key in fields})


# --- news, without being asked for -----------------------------------------------------------------------------------


def moved(moment: Moment, event: CaseMoved) -> None:
    """Every change of status is pushed. Refusals, complaints and health say only that there is news."""
    move = lifecycle.LIFECYCLES[event.kind].steps[event.from_stage, event.move]
    sent, shown = lifecycle.notice(event.kind, move, event.who, event.sensitive)
    if not event.waits and moment.conversation.holder == "queue":
        moment.conversation.holder = "bot"
    if event.from_stage == "returned" and event.stage != "returned":
        complete.forget(moment, event.reference)
    if not sent:
        return
    if event.reference in moment.conversation.followed_by_number:
        wait(moment, event, shown or sent, facts_of(moment, event))
        return
    if not may_begin(moment, stopped_too=not is_decision(event)):
        return
    facts = facts_of(moment, event)
    outside, strange = closed_now(moment) == "window", bool(doubted(moment))
    quiet = bool(shown) or strange
    if outside and "moved" in moment.world.templates and not quiet and not is_decision(event):
        tell_where(moment, event)
        return
    if outside or strange:
        sent, shown = "case.news", shown or sent
    before = ""
    if shown:
        unopened = event.reference in moment.conversation.news
        wait(moment, event, shown, facts)
        if unopened and not event.anew and not is_decision(event):
            moment.do(NotTold(why="known"))
            return
        options: tuple[Option, ...] = (Option(f"track:{event.reference}", moment.words("option.open_news")),)
    else:
        moment.conversation.news.pop(event.reference, None)
        theirs = own_moves.options(moment, event.kind, event.stage, event.reference, event.until)
        mine = tuple(option for option in theirs if not option.id.startswith("move:withdraw"))
        before, its_own = entitlements.told(moment, event)
        options = (*its_own, *mine[:2], Option(f"track:{event.reference}", moment.words("option.track_this")))
    text = before + (there_is_news(moment, event.reference) if sent == "case.news" else moment.words(sent, **facts))
    kind = "returned" if event.stage == "returned" and not quiet else "news"
    tell_notice(moment, text, options, *approved(moment, event.reference, kind, event.reference))
    if event.move == "consent" and not shown:
        attach_receipt(moment, event.reference)


def there_is_news(moment: Moment, reference: str) -> str:
    """And no more; where several share the phone, for whom: they open it by their private word."""
    name = whose(moment, reference)
    return moment.words("case.news_of", name=name) if name else moment.words("case.news")


def tell_news(moment: Moment, references: Sequence[str]) -> None:
    """Outside of the window, of several things: that there is news."""
    reference = references[-1]
    if len(references) > 1 and "several" in moment.world.templates:
        tell_notice(moment, moment.words("case.news"), moment.options("/track"), "several")
        return
    option = Option(f"track:{reference}", moment.words("option.open_news"))
    tell_notice(moment, moment.words("case.news"), (option,), "news", reference)


def tell_where(moment: Moment, event: CaseMoved) -> None:
    """Outside of the window, what a stranger too may read: where it stands, and when they will hear."""
    moment.conversation.news.pop(event.reference, None)
    now = moment.world.now
    days = {name: getattr(event, name) for name in ("earliest", "latest", "next_update")}
    ahead = {name: at if at is not None and at >= now else None for name, at in days.items()}
    stage = moment.words("track.stage", stage=moment.words(f"stage.{event.kind}.{event.stage}"))
    promised = (
        []
        if event.stage in ANSWERED or not lifecycle.is_open(event.stage)
        else promise_lines(Promised(**ahead), moment.language, moment.words)
    )
    line = " ".join([stage, *promised])
    text = moment.words("template.moved", reference=event.reference, line=line)
    option = Option(f"track:{event.reference}", moment.words("option.track_this"))
    tell_notice(moment, text, (option,), "moved", event.reference, line)


def approved(moment: Moment, reference: str, kind: str, *values: str) -> tuple[str, ...]:
    """The template of this kind with what is in its places, where Meta approved it; else the one that says only that
    there is news. Where neither was, the next address is taken."""
    known = moment.world.templates
    return ("news", reference) if reference and kind not in known and "news" in known else (kind, *values)


def tell_notice(
    moment: Moment, text: str, options: tuple[Option, ...], template: str, *values: str, lane: Lane = "notice"
) -> None:
    """News, where the channel's window is closed as the approved template of this kind."""
    if closed_now(moment) == "window":
        numbered = {
            str(number): value
            for number, value in enumerate((moment.profile.short_name.to(moment.language), *values), 1)
        }
        moment.tell(text, options=options, lane=lane, template=template, values=numbered)
    else:
        link = below_news(moment, template) if lane == "notice" else None
        moment.tell(text, options=options, lane=lane, link=link)


def wait(moment: Moment, event: CaseMoved, words: str, facts: dict[str, str]) -> None:
    """News that is told once the person opens it. What comes after takes its place, but a decision that they have not
    read stays in front of it: why they were refused is not to be lost because the case was closed meanwhile."""
    decided = moment.conversation.news.get(event.reference, [])[2:]
    if is_decision(event):
        decided = [*decided, [words, facts]]
    moment.conversation.news[event.reference] = [words, facts, *decided]


def wait_for(moment: Moment, event: CaseUpdate) -> None:
    """What fell on a day, told once the person opens it: beside all that waits there, and nothing takes its place."""
    reference = view_of(event.case).reference
    before = unread(moment.conversation.news.get(reference))
    told = ["track.waited", {"text": words_of(moment, event, opened=True)}]
    moment.conversation.news[reference] = [*told, *before, told]


def unread(news: list[Any] | None) -> list[Any]:
    """What `wait` kept, as (words, facts), in the order in which it happened."""
    if news is None:
        return []
    newest, decided = news[:2], news[2:]
    return decided if newest in decided else [*decided, newest]


def may_begin(moment: Moment, stopped_too: bool = True) -> bool:
    """Whether we may write first: not after a death, nor (`stopped_too`) to who stopped us; and where nothing arrives,
    another address is tried, at the end a call."""
    conversation = moment.conversation
    why = "muted" if conversation.muted else "stopped" if conversation.stopped and stopped_too else ""
    if why := why or ("unreachable" if conversation.unreachable else ""):
        moment.do(NotTold(why=why))
    return not why


def is_decision(event: CaseMoved) -> bool:
    return event.stage in DECISIONS


def updated(moment: Moment, event: CaseUpdate) -> None:
    """Nobody waits in silence: where it stands, on the day that was named for it, or what falls on this day."""
    case = view_of(event.case)
    if not may_begin(moment):
        return
    option = Option(f"track:{case.reference}", moment.words("option.track_this"))
    quiet = bool(doubted(moment))
    text = there_is_news(moment, case.reference) if quiet else words_of(moment, event, quiet=is_apart(moment, case))
    kind: str = "news"
    values: tuple[str, ...] = (case.reference,)
    options: tuple[Option, ...] = (option,)
    if event.why == "document_expiring" and not quiet:
        kind, values, options = event.why, _paper(moment, event, is_apart(moment, case)), ()
    elif event.why == "entitlement_due" and not quiet:
        kind, values = event.why, ()
    elif event.why == "returned" and not quiet:
        theirs = own_moves.options(moment, case.kind, case.stage, case.reference)
        gladly = tuple(one for one in theirs if one.id.startswith("move:complete"))
        kind, options = event.why, (*gladly, option)
    elif event.why.startswith("promise") and not quiet:
        kind = event.why
    tell_notice(moment, text, options, *approved(moment, case.reference, kind, *values))
    if event.why == "receipt" and not quiet:
        attach_receipt(moment, case.reference)


def words_of(moment: Moment, event: CaseUpdate, *, quiet: bool = False, opened: bool = False) -> str:
    """What is told; `quiet`: nothing that whoever looks over their shoulder should not read; `opened`: to who opens
    it."""
    case = view_of(event.case)
    if event.why == "entitlement_due":
        given = event.details
        what = named(given["what"], given.get("amount", ""), moment.language, moment.words)
        key = "track.entitlement_due_quiet" if quiet else "track.entitlement_due"
        return moment.words(key, what=what, reference=case.reference)
    if event.why == "document_expiring":
        paper, day = _paper(moment, event, quiet)
        return moment.words("track.document_expiring", document=paper, day=day, reference=case.reference)
    apart = quiet and event.why in ("promise_near", "promise_missed")
    shown = moment.words("track.by_number", reference=case.reference) if apart else summary(moment, case, opened=opened)
    return moment.words(f"track.{event.why}", summary=shown, reason=event.reason)


def is_apart(moment: Moment, case: CaseView) -> bool:
    """A complaint, or about somebody's health: its news is for the person alone."""
    service = moment.profile.service(case.service) if case.service else None
    return case.kind in ("complaint", "compensation") or bool(service and service.sensitive_purpose)


def _paper(moment: Moment, event: CaseUpdate, quiet: bool) -> tuple[str, str]:
    """Its name and its day."""
    id, service = event.details["paper"], moment.profile.service(str(event.case.get("service", "")))
    field = next((one for one in service.fields if one.id == id), None) if service else None
    house = f"apply.{id}.title"
    name = (
        field.title.to(moment.language)
        if field
        else moment.words(house if house in moment.wording else "track.a_paper")
    )
    if quiet:
        name = moment.words("track.a_paper")
    return name, said(date.fromisoformat(event.details["day"]), moment.language)


# --- proving who one is, after long silence --------------------------------------------------------------------------


def same_person(moment: Moment, value: Any) -> Leave | None:
    return None if value in identities(moment) else Leave("prove.not_matched")


def proven(moment: Moment, draft: Draft) -> None:
    moment.conversation.proof_needed = False
    show(moment)


def not_proven_call(moment: Moment, value: Any) -> None:
    if value not in identities(moment):
        queue(moment, "identity_not_proven")


def has_number(moment: Moment, value: Any) -> Leave | None:
    return Leave("track.no_number", ways=("/person", "/callme", "/menu")) if value == NONE else None


def build(association: Association, subject: str) -> tuple[Step, ...]:
    return (ask("reference", Reference(prefix=association.profile.reference_prefix), guard=has_number),)


track = register(Flow(name="track", steps=(), build=build, finish=finish, resumable=False))
prove = register(
    Flow(
        name="prove",
        steps=(ask("identity", Identity(), guard=same_person, heard=not_proven_call),),
        finish=proven,
        resumable=False,
    )
)
