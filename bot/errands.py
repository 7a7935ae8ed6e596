"""What staff do where no message can: whom it is about, what may be said, and what follows from what came of it.

What is said is what the message would have said: the event that the notice names, in the person's language. Of a
refusal, a complaint, health or what is restricted a worker says only that there is news, and a letter says no more;
the rest once the person has shown who they are.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bot import addresses, appointments, notices
from bot.case_clock import refresh
from bot.case_moves import case_facts, moved_event
from bot.updates import update_event
from conversations.answers import answer_for
from conversations.association.association import Association
from conversations.cases import errands, lifecycle
from conversations.cases.calendar import calendar_of, here
from conversations.conversation import Address, Conversation
from conversations.events import Event, TimePassed
from conversations.flows import appointment as meeting
from conversations.flows import track
from conversations.flows.filing import facts_of
from conversations.moment import Moment
from conversations.world import Traits, World
from storage import cases, consents, conversations, person, tasks
from storage import notices as notices_table
from storage.cases import Case
from storage.ids import new_id
from storage.tasks import Task
from storage.times import ms
from storage.vault import Vault

Wake = Callable[[int, str], object]
DEATH, DEATH_KNOWN, STOPPED = "called:death_report", "called:death_known", "stopped"
"""Timers, of conversations of the person, by which the dialogue hears of it."""
_ASKED = ("saudi_id", "identity", "birth_date", "short_address")
"""Kinds of fields by which somebody shows on the telephone who they are."""
_NUMBERED = ("whatsapp", "sms")
_WHOLE = frozenset({"update", "promise_near", "receipt"})
_APART = frozenset({"complaint", "compensation"})


class Unfit(ValueError):
    """This cannot come of this task, as it stands; its text is the key of the words that say so."""


class Whom(NamedTuple):
    """Who it is for. `questions`: label and answer, by which they show who they are (numbers masked)."""

    name: str = ""
    language: str = "ar"
    phone: str = ""
    fax: str = ""
    address: tuple[str, ...] = ()
    questions: tuple[tuple[str, str], ...] = ()


class Spoken(NamedTuple):
    """What may be said to whoever answers, and (`opened`) what only to the person who has shown who they are."""

    said: str
    opened: str = ""


def whom(connection: Connection, vault: Vault, association: Association, task: Task) -> Whom:
    """From the case first, then from what is known of the person, then from where they write."""
    slug = association.slug
    case = cases.by_id(connection, vault, slug, task.case_id) if task.case_id else None
    known = person.facts_of(connection, vault, slug, task.beneficiary).facts if task.beneficiary else {}
    facts: Mapping[str, Any] = {**known, **(case.answers if case else {})}
    named = {case.agreed_channel: str(facts.get("agreed_address") or "")} if case else {}
    language, phone = "ar", named.get("phone") or str(facts.get("mobile") or "")
    if task.conversation is not None:
        state = conversations.state_of(connection, vault, slug, task.conversation)
        language = state.language if state else language
        found = conversations.handle_of(connection, vault, slug, task.conversation) if not phone else None
        phone = found[1] if found and found[0] in _NUMBERED else phone
    name = next((str(facts[one]) for one in ("applicant_name", "full_name", "name") if facts.get(one)), "")
    lines = (named.get("letter"), facts.get("short_address"))
    return Whom(
        name.strip(),
        language,
        phone,
        named.get("fax", ""),
        tuple(line for one in lines if one for line in str(one).strip().splitlines()),
        tuple(_questions(association, facts, task.reference, language)),
    )


def _questions(
    association: Association, facts: Mapping[str, Any], reference: str, language: str
) -> list[tuple[str, str]]:
    asked = []
    for field in association.profile.common:
        value = facts.get(field.id)
        if value is not None and (field.id == "full_name" or field.kind in _ASKED):
            asked.append((field.title.to(language), answer_for(field).show(value, language)))
    return [*asked, (association.wording[language]("receipt.reference"), reference)] if reference else asked


# --- what is said ----------------------------------------------------------------------------------------------------


def spoken(
    connection: Connection, vault: Vault, association: Association, task: Task, language: str, now: datetime
) -> Spoken:
    """The words of every notice behind a task, for the person alone where one of them is; without any (or none any
    more) where the case stands."""
    slug = association.slug
    case = cases.by_id(connection, vault, slug, task.case_id) if task.case_id else None
    apart = task.restricted or (case is not None and (case.restricted or case.kind in _APART))
    here = (connection, vault, association, language, now, case, apart)
    told = [_of_notice(*here, one.about) for one in notices_table.of_task(connection, slug, task.id)]
    told = [one for one in told if one[0]] or [_of_notice(*here, "")]
    words = "\n\n".join(dict.fromkeys(text for text, _ in told))
    news = association.wording[language]("errand.news")
    return Spoken(news, words) if not words or any(quiet for _, quiet in told) else Spoken(words)


def aloud(
    connection: Connection, vault: Vault, association: Association, task: Task, language: str, now: datetime
) -> tuple[str, bool]:
    """What a machine may read to whoever picks up: where the case stands and when they will hear, unless it is for the
    person alone or decided; and whether that is all there is to tell."""
    slug = association.slug
    case = cases.by_id(connection, vault, slug, task.case_id) if task.case_id else None
    decided = case is None or case.stage in track.DECISIONS
    if case is None or decided or spoken(connection, vault, association, task, language, now).opened:
        return "", False
    told = notices_table.of_task(connection, slug, task.id)
    words = track.stands(_moment(association, None, language, now), track.view_of(case_facts(case)))
    return "\n".join(words), bool(told) and all(_is_whole(connection, vault, association, one.about) for one in told)


def _is_whole(connection: Connection, vault: Vault, association: Association, named: str) -> bool:
    """Whether the stage and the days are all that this says."""
    name, _, about = named.partition(":")
    if name != "moved":
        return name in _WHOLE
    reference, _, seq = about.rpartition(":")
    event = moved_event(connection, vault, association, reference, int(seq)) if seq.isdigit() else None
    return event is not None and not (event.given or event.missing or event.owed)


def _of_notice(
    connection: Connection,
    vault: Vault,
    association: Association,
    language: str,
    now: datetime,
    case: Case | None,
    apart: bool,
    named: str,
) -> tuple[str, bool]:
    """The words of the event that a notice names, and whether they are for the person alone."""
    name, _, about = named.partition(":")
    slug = association.slug
    if name == "moved":
        return _of_move(connection, vault, association, about, language, now, apart)
    if name == "appointment" and (event := appointments.event_of(connection, vault, slug, about, now)) is not None:
        return meeting.text_of(_moment(association, event, language, now), event), apart
    if case is None:
        return "", apart
    here = _moment(association, None, language, now)
    update = update_event(connection, vault, slug, name, about, now)
    words = track.words_of(here, update) if update else track.summary(here, track.view_of(case_facts(case)))
    return words, apart or _of_health(association, case)


def _of_move(
    connection: Connection,
    vault: Vault,
    association: Association,
    about: str,
    language: str,
    now: datetime,
    apart: bool,
) -> tuple[str, bool]:
    """The words of a move, and whether they are for the person alone."""
    reference, _, seq = about.rpartition(":")
    event = moved_event(connection, vault, association, reference, int(seq)) if seq.isdigit() else None
    if event is None:
        return "", apart
    move = lifecycle.LIFECYCLES[event.kind].steps[event.from_stage, event.move]
    sent, shown = lifecycle.notice(event.kind, move, event.who, event.sensitive)
    if not sent:
        return "", apart
    here = _moment(association, event, language, now)
    return here.words(shown or sent, **facts_of(here, event)), apart or bool(shown)


def _of_health(association: Association, case: Case) -> bool:
    service = association.profile.service(case.service)
    return bool(service and service.sensitive_purpose)


def _moment(association: Association, event: Event | None, language: str, now: datetime) -> Moment:
    """A turn that is never taken: it only finds the words."""
    here = Conversation(association=association.slug, address=Address("", ""), language=language)
    world = World(association=association, now=now, seed=b"", traits=Traits(name=""))
    return Moment(here, event or TimePassed(id="", at=now, timer=""), world)


# --- what came of it -------------------------------------------------------------------------------------------------


def record(
    connection: Connection,
    vault: Vault,
    association: Association,
    task: Task,
    outcome: str,
    staff: int,
    note: str,
    now: datetime,
    wake: Wake,
    *,
    until: datetime | None = None,
    opened: bool | None = None,
) -> Task:
    """What a worker says came of it; the task as it stands now. The task is locked. `until`: with an apology, the day
    that is promised now; `opened`: they heard the news itself (None: if anybody may be told it, or they came in
    person). Raises Unfit: nothing changed."""
    slug, at = association.slug, ms(now)
    found = errands.outcome_of(task.kind, outcome, task.state)
    if found is None:
        raise Unfit("tasks.unfit")
    if found.needs_note and not note:
        raise Unfit("tasks.note_missing")
    case = None
    if task.kind == "apology" and found.reached:
        if until is None or until <= now:
            raise Unfit("tasks.day_missing")
        if not calendar_of(association.profile).is_working(here(until).date()):
            raise Unfit("tasks.day_closed")
        case = _waiting_case(connection, vault, slug, task)
        if case is None:
            raise Unfit("tasks.nothing_waits")
    about = (connection, vault, slug, task.id, outcome, staff, note, at)
    if found.again:
        due = errands.next_try(task.kind, task.tries + 1, now, calendar_of(association.profile), task.women_only)
        if due is not None:
            return tasks.again(*about, ms(due))
        task = tasks.finish(*about, tasks.GIVEN_UP)
    else:
        task = tasks.finish(*about)
    if task.kind == "apology":
        if until is not None and case is not None:
            _apologise(connection, vault, association, task, case, until, now, wake)
        return task
    if outcome == "died":
        _died(connection, vault, task, staff, now, wake)
        return task
    if outcome == "wrong_number" and task.kind == "call":
        addresses.doubt(connection, vault, slug, whom(connection, vault, association, task).phone, wake)
    if outcome == "stop":
        _stopped(connection, association, task, at, wake)
    if opened is None:
        opened = task.kind == "slip" or not found.reached or not _quiet(connection, vault, association, task, now)
    notices.task_done(connection, association, task, found.reached, now, outcome, opened=opened)
    return task


def _quiet(connection: Connection, vault: Vault, association: Association, task: Task, now: datetime) -> bool:
    return bool(spoken(connection, vault, association, task, "ar", now).opened)


# --- what was promised and not kept ----------------------------------------------------------------------------------


def ask_apology(connection: Connection, vault: Vault, association: str, case: Case, now: datetime) -> Task | None:
    """A promise was missed: staff give the reason and a new day before the person hears. None where one waits."""
    known = tasks.of_case(connection, association, case.id)
    if any(kind == "apology" and state == tasks.OPEN for _, kind, state, _ in known):
        return None
    task = Task(
        association, new_id(), "apology", case_id=case.id, reference=case.reference, conversation=case.conversation,
        beneficiary=case.beneficiary, restricted=case.restricted, why="promise_missed", at=ms(now), due=ms(now),
    )  # fmt: skip
    tasks.add(connection, vault, task)
    return task


def _waiting_case(connection: Connection, vault: Vault, association: str, task: Task) -> Case | None:
    """Locked, if an answer is still owed: of what was decided, or is the person's to complete, no day is promised."""
    case = cases.by_id(connection, vault, association, task.case_id, lock=True) if task.case_id else None
    return case if case is not None and case.closed_at is None and case.stage not in track.ANSWERED else None


def _apologise(
    connection: Connection,
    vault: Vault,
    association: Association,
    task: Task,
    case: Case,
    until: datetime,
    now: datetime,
    wake: Wake,
) -> None:
    """The new day stands on the case, and the person hears of it with its reason."""
    case.latest = case.next_update = ms(until)
    cases.set_promise(connection, association.slug, case.id, case.latest, case.next_update)
    refresh(connection, vault, association, case)
    about = f"promise_missed:{case.reference}:{task.id}"
    notices.add(
        connection, vault, association, about, now, wake, conversation=case.conversation, reference=case.reference
    )


# --- what stops ------------------------------------------------------------------------------------------------------


def died(
    connection: Connection,
    vault: Vault,
    association: str,
    beneficiary: int | None,
    conversation: int | None,
    now: datetime,
    wake: Wake,
    *,
    reference: str = "",
    staff: int = 0,
    told_here: bool = False,
) -> None:
    """Everything we would begin stops at every address of theirs: what is written, and what staff were to do. Somebody
    calls the family, once; `told_here`: the dialogue of this conversation knows already, and calls them."""
    theirs = _conversations(connection, association, beneficiary, conversation)
    called = conversation if conversation in theirs else next(iter(theirs), None)
    for one in theirs:
        if one != called:
            wake(one, f"{DEATH_KNOWN}:{reference}")
        elif not told_here:
            wake(one, f"{DEATH}:{reference}")
    for id in tasks.of_person(connection, association, beneficiary, theirs):
        tasks.finish(connection, vault, association, id, "died", staff, "", ms(now), tasks.GIVEN_UP)
        _dropped(connection, association, id, now)


def _died(connection: Connection, vault: Vault, task: Task, staff: int, now: datetime, wake: Wake) -> None:
    _dropped(connection, task.association, task.id, now)
    died(
        connection, vault, task.association, task.beneficiary, task.conversation, now, wake,
        reference=task.reference, staff=staff,
    )  # fmt: skip


def _dropped(connection: Connection, association: str, task: int, now: datetime) -> None:
    """The notices behind it go no further."""
    for leg in notices_table.legs_of_task(connection, association, task):
        at = ms(now)
        ended = {"state": "failed", "why": "died", "settled_at": at}
        notices_table.change_leg(connection, association, leg.notice, leg.step, **ended)
        stays = {"state": notices_table.DROPPED, "why": "muted", "due": None, "settled_at": at}
        notices_table.change(connection, association, leg.notice, **stays)


def _stopped(connection: Connection, association: Association, task: Task, at: int, wake: Wake) -> None:
    """As if they had written the word themselves, at every address of theirs."""
    for conversation in conversations_of(connection, task):
        wake(conversation, f"{STOPPED}:{task.id}")
    given = consents.Consent(
        task.association,
        task.conversation or 0,
        task.beneficiary,
        "messages",
        False,
        association.profile.privacy.notice_version,
        "phone",
        task.reference,
        at,
        "staff",
    )
    consents.log(connection, [given])


def conversations_of(connection: Connection, task: Task) -> list[int]:
    """Every conversation of the person a task is about."""
    return _conversations(connection, task.association, task.beneficiary, task.conversation)


def _conversations(
    connection: Connection, association: str, beneficiary: int | None, conversation: int | None
) -> list[int]:
    return sorted(one.id for one in notices_table.addresses(connection, association, beneficiary, conversation))
