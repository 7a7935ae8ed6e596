"""The chain of a notice: the agreed channel first, then the person's other addresses, at the end a worker; never
silence. What a notice says is rendered by the dialogue at the address of each leg, as an event due at once.

A leg ends by what its messages became (conversations/notices.py says what counts), by a turn that said nothing, or by
a worker's record. Nothing is taken twice: each step moves its row under the transaction's lock (rule 10).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from bot import metrics
from conversations import notices as rules
from conversations.association.association import Association
from conversations.cases import errands
from conversations.cases.calendar import calendar_of, here
from conversations.flows import track
from storage import accounts, alarms, appointments, conversations, notices, tasks, waves
from storage.ids import new_id
from storage.notices import Leg, Notice
from storage.times import moment, moment_or_none, ms
from storage.vault import Vault

Wake = Callable[[int, str], object]
"""Sets a timer of this name, due at once, at this conversation."""
LOOK = timedelta(minutes=1)
CUT = "channel_stopped"
CUT_AFTER = timedelta(minutes=10)
"""A channel that is stopped for so long is no way any more: what waits for it takes the next one."""
BY_TEMPLATE, AGAIN = "by_template", "again"
"""Legs that are tried once more at their address: as a template; after they stopped us, or died, while it lay in the
queue: what goes all the same, the dialogue knows."""
SILENCED = frozenset({"asked", "death"})
NOBODY = "nobody_reached"
QUEUED = timedelta(minutes=10)
"""How often a notice is looked at whose message waits in the queue: what becomes of it says so by itself."""


class NoticeTurn(NamedTuple):
    """What a turn did with a notice: how many messages carry it, and, where none does, why (`NotTold`)."""

    association: str
    notice: int
    said: int
    why: str = ""


def telling(
    connection: Connection, vault: Vault, association: Association, now: datetime, wake: Wake, *, urgent: bool = False
) -> Wake:
    """How what happens reaches its person: takes the conversation where the matter began and the event's name."""

    def tell(conversation: int, about: str) -> None:
        add(connection, vault, association, about, now, wake, conversation=conversation, urgent=urgent)

    return tell


def add(
    connection: Connection,
    vault: Vault,
    association: Association,
    about: str,
    now: datetime,
    wake: Wake,
    *,
    conversation: int | None,
    urgent: bool = False,
    kind: str = "",
    reference: str = "",
) -> Notice:
    """One thing that must reach one person. Goes at once where it may."""
    slug, kind = association.slug, kind or rules.kind_of(about)
    if not reference and kind in ("moved", "update", "receipt"):
        reference = about.split(":")[1]
    case = notices.case_of(connection, slug, reference) if reference else None
    person = case[2] if case else None
    if person is None and conversation is not None:
        person = notices.person_of(connection, slug, conversation)
    urgent = urgent or kind in rules.URGENT_KINDS
    notice = Notice(
        slug,
        new_id(),
        kind,
        about,
        ms(now),
        urgency="now" if urgent else "",
        channel=case[1] if case else "",
        reference=reference,
        case_id=case[0] if case else None,
        conversation=conversation,
        beneficiary=person,
        due=ms(rules.goes_at(association.profile, urgent, now)),
    )
    notice = notice._replace(why="quiet" if notice.due != ms(now) else "")
    notices.add(connection, notice)
    return advance(connection, vault, association, notice, now, wake) if notice.due == ms(now) else notice


def advance(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime, wake: Wake
) -> Notice:
    """One look at a notice that is due; the row is locked by this transaction."""
    if notice.state == notices.WAITING:
        return _begin(connection, vault, association, notice, now, wake)
    if notice.state == notices.OUT:
        return _look(connection, vault, association, notice, now, wake)
    if notice.state == notices.UNOPENED:
        return _unread_to_staff(connection, vault, association, notice, now)
    return _keep(connection, notice, due=None)


def advance_due(
    connection: Connection,
    vault: Vault,
    associations: Mapping[str, Association],
    now: datetime,
    until: datetime,
    limit: int,
    waking: Callable[[Association], Wake],
) -> int:
    """One look at what is due, at most so many; nobody else looks at it before `until`. Returns how many that was."""
    cut = accounts.cut(connection, ms(now - CUT_AFTER))
    for slug, channel in cut:
        notices.look_at_queued(connection, slug, channel, ms(now))
    due = notices.claim_due(connection, ms(now), ms(until), limit, associations=associations)
    waiting: dict[str, list[int]] = {}
    for slug, id, channel in notices.untried(connection, due) if due else ():
        if not {(slug, channel), (accounts.ALL, channel)} & cut:
            waiting.setdefault(slug, []).append(id)
    for slug, ids in waiting.items():
        notices.put_off(connection, slug, ids, ms(now + QUEUED))
    for notice in due:
        if notice.id not in waiting.get(notice.association, ()):
            association = associations[notice.association]
            advance(connection, vault, association, notice, now, waking(association))
    return len(due)


def _is_cut(connection: Connection, notice: Notice, channel: str, now: datetime) -> bool:
    cut = accounts.cut(connection, ms(now - CUT_AFTER))
    return bool({(notice.association, channel), (accounts.ALL, channel)} & cut)


def turned(connection: Connection, vault: Vault, association: Association, turn: NoticeTurn, now: datetime) -> None:
    """What the dialogue did with a notice at the address of its leg: said it, kept silent for a reason that another
    address does not have, or had nothing to say any more."""
    notice = notices.get(connection, turn.association, turn.notice, lock=True)
    if notice is None or notice.state != notices.OUT:
        return
    if turn.said:
        return
    if turn.why == "by_call" and notice.kind not in rules.BULK_KINDS:
        _end_leg(connection, notice, "skipped", "stopped", now)
        _to_staff(connection, vault, association, notice, "call", "stopped", now)
        return
    if turn.why == "known" and (carrier := _announced(connection, notice)) is not None:
        _end_leg(connection, notice, "skipped", "known", now)
        notices.join(connection, notice, carrier)
        return
    bulk = notice.kind in rules.BULK_KINDS and turn.why in waves.NOT_NOW | waves.NEVER
    if turn.why in ("", "muted", "stopped") or bulk:
        why = turn.why or "nothing_to_say"
        _end_leg(connection, notice, "skipped", why, now)
        _settle(connection, notice, notices.DROPPED, why, now)
        return
    _end_leg(connection, notice, "failed", turn.why, now)
    _keep(connection, notice, due=ms(now))


def task_done(
    connection: Connection,
    association: Association,
    task: tasks.Task,
    reached: bool,
    now: datetime,
    why: str = "",
    *,
    opened: bool = True,
) -> None:
    """A worker's record is the evidence of a task; where they could not reach the person the chain goes on. Whoever
    heard that there is news, and not which (`opened`), has two days to ask for it like anybody else: then it is tried
    by a call, once."""
    for leg in notices.legs_of_task(connection, association.slug, task.id):
        notice = notices.get(connection, association.slug, leg.notice, lock=True)
        if notice is None or notice.state not in (notices.WITH_STAFF, notices.OUT):
            continue
        state = "arrived" if reached else "failed"
        _end_leg(connection, notice._replace(step=leg.step), state, why, now)
        if reached and not opened and leg.why != "unopened":
            waits = rules.UNOPENED_BY.get(task.kind, rules.UNOPENED)
            due = rules.goes_at(association.profile, False, now + waits)
            _keep(connection, notice, state=notices.UNOPENED, due=ms(due), why="")
        elif reached:
            _settle(connection, notice, notices.REACHED, "told", now)
        else:
            _keep(connection, notice, state=notices.OUT, due=ms(now))


# --- the chain -------------------------------------------------------------------------------------------------------


def _begin(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime, wake: Wake
) -> Notice:
    joins = notice.kind not in rules.BULK_KINDS and notice.channel not in rules.TASK_OF
    if notice.why and notice.conversation is not None and joins:
        # It has waited: whatever waited with it goes along, as one message.
        now_there = notices.get(connection, notice.association, notice.id)
        if now_there is None or now_there.state != notices.WAITING:
            return now_there or notice
        notices.join_waiting(connection, notice, ms(now + LOOK))
    if notice.urgency != "now":
        midnight = here(now).replace(hour=0, minute=0, second=0, microsecond=0)
        sent = notices.sent_since(connection, notice, ms(midnight))
        if rules.too_many(association.profile, sent):
            return _keep(connection, notice, due=ms(rules.next_day(association.profile, now)), why="a_day")
    if notice.channel in rules.TASK_OF:
        if _is_muted(connection, vault, notice):
            return _settle(connection, notice, notices.DROPPED, "muted", now)
        if _stopped_us(connection, notice, _addresses(connection, notice)):
            return _settle(connection, notice, notices.DROPPED, "stopped", now)
        return _task_leg(connection, vault, association, notice, rules.TASK_OF[notice.channel], "agreed", now)
    return _next(connection, vault, association, notice, now, wake)


def _next(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime, wake: Wake
) -> Notice:
    """Take the next address of the chain; at its end, a call."""
    hour = _hour(connection, notice)
    if hour is not None and hour <= now:
        return _settle(connection, notice, notices.DROPPED, "over", now)
    known = _addresses(connection, notice)
    if _stopped_us(connection, notice, known):
        return _settle(connection, notice, notices.DROPPED, "stopped", now)
    plain = _is_plain(connection, notice) if any(one.stopped for one in known) else False
    order = rules.order(
        notice.channel,
        notice.conversation,
        [
            rules.Address(
                one.id,
                one.channel,
                rules.is_proven(one.channel, one.proven_at, one.last_in)
                or (one.id == notice.conversation and one.channel not in rules.CLAIMED),
                one.stopped,
                bool(one.blocked),
            )
            for one in known
        ],
    )
    made = notices.legs_of(connection, notice.association, notice.id)
    for address in rules.links(order, {leg.conversation for leg in made if leg.conversation is not None}):
        why = rules.skipped(address, plain) or (CUT if _is_cut(connection, notice, address.channel, now) else "")
        if not why and (later := _by_day(association, notice, now)):
            return _keep(connection, notice, step=notice.step, due=ms(later), why="quiet")
        if not why:
            wake(address.conversation, f"notice:{notice.id}")
            return _out(connection, notice, address.channel, address.conversation, now)
        notice = notice._replace(step=notice.step + 1)
        at = ms(now)
        leg = Leg(
            notice.association, notice.id, notice.step, address.channel, at, "skipped",
            conversation=address.conversation, why=why, settled_at=at,
        )  # fmt: skip
        notices.add_leg(connection, leg)
        metrics.legs.labels(notice.association, address.channel, "skipped").inc()
    if notice.kind in rules.BULK_KINDS:
        return _settle(connection, notice, notices.DROPPED, "exhausted", now)
    if notice.why == NOBODY:
        return _settle(connection, notice, notices.WITH_STAFF, "exhausted", now)
    if any(leg.channel == "phone" for leg in made):
        # A call was tried too. It stays before staff, who may know another way: once, and never as if it were done.
        alarms.ring(connection, notice.association, NOBODY, ms(now), urgent=True)
        return _to_staff(connection, vault, association, notice, "call", NOBODY, now)
    return _to_staff(connection, vault, association, notice, "call", "exhausted" if made else "no_address", now)


def _hour(connection: Connection, notice: Notice) -> datetime | None:
    """The hour that it names, if that is still ahead of what it says."""
    name, _, about = notice.about.partition(":")
    id, _, act = about.partition(":")
    if name != "appointment" or not id.isdecimal() or act.startswith("missed"):
        return None
    return moment_or_none(appointments.starts_of(connection, notice.association, int(id)))


def _by_day(association: Association, notice: Notice, now: datetime) -> datetime | None:
    """When its next message may go, where that is not now: what began in the evening wakes nobody at night."""
    at = rules.goes_at(association.profile, notice.urgency == "now", now)
    return at if at > now else None


def _out(
    connection: Connection, notice: Notice, channel: str, conversation: int, now: datetime, why: str = ""
) -> Notice:
    """A leg is under way at this address."""
    step = notice.step + 1
    until = now + rules.within(channel, notice.kind, now, _hour(connection, notice))
    leg = Leg(
        notice.association,
        notice.id,
        step,
        channel,
        ms(now),
        "out",
        conversation=conversation,
        until=ms(until),
        why=why,
    )
    notices.add_leg(connection, leg)
    return _keep(connection, notice, state=notices.OUT, step=step, due=ms(now + LOOK), why="")


def _leg_of(connection: Connection, notice: Notice) -> Leg | None:
    """The one that is under way, or was last."""
    made = notices.legs_of(connection, notice.association, notice.id)
    return next((leg for leg in made if leg.step == notice.step), None)


def _announced(connection: Connection, notice: Notice) -> Notice | None:
    """What told them, at the address that this one tried, that there is news."""
    leg = _leg_of(connection, notice)
    if leg is None or leg.conversation is None:
        return None
    return notices.announced(connection, notice, leg.conversation, notice.id)


def _look(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime, wake: Wake
) -> Notice:
    leg = _leg_of(connection, notice)
    if leg is None or leg.state in ("failed", "silent", "skipped"):
        return _next(connection, vault, association, notice, now, wake)
    if leg.task is not None:
        if leg.until is not None and leg.until <= ms(now):
            # Nobody has done it in time: it stays with them, and a message goes meanwhile.
            _end_leg(connection, notice, "silent", "not_done", now)
            alarms.ring(connection, notice.association, "task_overdue", ms(now))
            return _next(connection, vault, association, notice, now, wake)
        return _keep(connection, notice, due=leg.until)
    assert leg.conversation is not None
    since = leg.at if leg.why in (BY_TEMPLATE, AGAIN) else 0
    found = notices.states(connection, notice.association, notice.id, leg.conversation, since)
    # Evidence has its time from when the message left: a backlog of ours is no silence of theirs.
    left = moment(max([leg.at, *(changed or 0 for _, _, changed in found)]))
    within = rules.within(leg.channel, notice.kind, left, _hour(connection, notice))
    match rules.verdict(leg.channel, [state for state, _, _ in found], now - left, within):
        case "arrived":
            _end_leg(connection, notice, "arrived", "", now)
            if notice.kind not in rules.BULK_KINDS and _unopened(connection, vault, notice, leg.conversation):
                due = now + rules.UNOPENED
                return _keep(
                    connection, notice, state=notices.UNOPENED, due=ms(rules.goes_at(association.profile, False, due))
                )
            return _settle(connection, notice, notices.REACHED, "", now)
        case "failed":
            why = next((error for _, error, _ in found if error), "failed")
            window_over = (leg.channel, why) in rules.WINDOW_OVER and leg.why != BY_TEMPLATE
            once_more = AGAIN if why in SILENCED else BY_TEMPLATE if window_over else ""
            if once_more and (later := _by_day(association, notice, now)):
                return _keep(connection, notice, due=ms(later))
            _end_leg(connection, notice, "failed", why, now)
            if once_more:
                wake(leg.conversation, f"notice:{notice.id}:{once_more}")
                return _out(connection, notice, leg.channel, leg.conversation, now, once_more)
        case "silent":
            _end_leg(connection, notice, "silent", "no_evidence", now)
            if notice.kind in rules.BULK_KINDS:
                # It may come yet, to a telephone that is switched on again: nobody is asked twice.
                return _settle(connection, notice, notices.DROPPED, "no_evidence", now)
        case "pending" if any(state == "queued" for state, _, _ in found) and _is_cut(
            connection, notice, leg.channel, now
        ):
            notices.withdraw(connection, notice.association, notice.id, leg.conversation, CUT, ms(now))
            _end_leg(connection, notice, "failed", CUT, now)
        case "pending":
            # Ever more seldom, and when its time is over.
            over = left + within
            look = now + max(LOOK, (now - moment(leg.at)) / 4)
            return _keep(connection, notice, due=ms(min(look, over) if over > now else look))
    return _next(connection, vault, association, notice, now, wake)


def _to_staff(
    connection: Connection, vault: Vault, association: Association, notice: Notice, kind: str, why: str, now: datetime
) -> Notice:
    """No message reached them, or none may: somebody does. What went along with it goes on by itself: each case has its
    own words, and those who may see it."""
    for one in notices.joined_to(connection, notice):
        _to_staff(connection, vault, association, one, kind, why, now)
    if _is_muted(connection, vault, notice):
        return _settle(connection, notice, notices.DROPPED, "muted", now)
    notice = _task_leg(connection, vault, association, notice, kind, why, now)
    return _keep(connection, notice, state=notices.WITH_STAFF, due=None, why=why)


def _addresses(connection: Connection, notice: Notice) -> list[notices.Whom]:
    return notices.addresses(connection, notice.association, notice.beneficiary, notice.conversation)


def _is_plain(connection: Connection, notice: Notice) -> bool:
    """News that a stop holds back: neither an answer, nor what names an hour, nor the decision on their own case."""
    if notice.kind in rules.URGENT_KINDS | rules.BULK_KINDS:
        return False
    told = (notice, *notices.joined_to(connection, notice))
    return not any(notices.stage_told(connection, one) in track.DECISIONS for one in told)


def _stopped_us(connection: Connection, notice: Notice, known: list[notices.Whom]) -> bool:
    """A stop is the person's, at whichever address they said it. Of what they filed elsewhere after they last wrote
    from there, they asked to hear."""
    stopped = [one for one in known if one.stopped]
    if not stopped or not _is_plain(connection, notice):
        return False
    filed = notices.filed_at(connection, notice)
    return len(stopped) == len(known) or any(filed <= (one.last_in or 0) for one in stopped)


def _is_muted(connection: Connection, vault: Vault, notice: Notice) -> bool:
    """Whether they died, as far as we were told: nobody calls them, and the family is called for itself."""
    known = _addresses(connection, notice)
    states = (conversations.state_of(connection, vault, notice.association, one.id) for one in known)
    return any(state is not None and state.muted for state in states)


def _task_leg(
    connection: Connection, vault: Vault, association: Association, notice: Notice, kind: str, why: str, now: datetime
) -> Notice:
    channel = next(channel for channel, task in rules.TASK_OF.items() if task == kind)
    restricted, women_only = notices.kept_apart(connection, notice.association, notice.case_id, notice.conversation)
    urgent, due = notice.urgency == "now", now
    if kind == "call" and not urgent:
        due = errands.decent(now, calendar_of(association.profile), women_only)  # nobody is woken for it
    waits = tasks.waiting_for(connection, notice.association, kind, notice.conversation, notice.reference)
    task = waits or tasks.Task(
        notice.association,
        new_id(),
        kind,
        notice=notice.id,
        case_id=notice.case_id,
        reference=notice.reference,
        conversation=notice.conversation,
        beneficiary=notice.beneficiary,
        restricted=restricted,
        women_only=women_only,
        urgent=urgent,
        why=why,
        at=ms(now),
        due=ms(due),
    )
    if waits is None:
        tasks.add(connection, vault, task)
    until = ms(due + rules.TASK_WAITS)
    step = notice.step + 1
    leg = Leg(notice.association, notice.id, step, channel, ms(now), "out", task=task.id, until=until, why=why)
    notices.add_leg(connection, leg)
    return _keep(connection, notice, state=notices.OUT, step=step, due=until, why="")


def _unread_to_staff(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime
) -> Notice:
    """Two days have passed: staff tell what nobody opened, of each thing that went along too."""
    unread = _unopened(connection, vault, notice)
    for one in notices.joined_to(connection, notice):
        if one in unread:
            _to_staff(connection, vault, association, one, "call", "unopened", now)
    if notice in unread:
        notices.settle_joined(connection, notice, notices.REACHED, ms(now))
        return _to_staff(connection, vault, association, notice, "call", "unopened", now)
    return _settle(connection, notice, notices.REACHED, "opened", now)


def _unopened(connection: Connection, vault: Vault, notice: Notice, conversation: int | None = None) -> list[Notice]:
    """Of this and what went along with it, whatever still waits for the person to open it at the address that brought
    it; what a call alone announced, nobody has seen opened."""
    if conversation is None and (conversation := _said_at(connection, notice)) is None:
        return [notice]
    state = conversations.state_of(connection, vault, notice.association, conversation)
    if state is None or not state.news:
        return []
    return [one for one in (notice, *notices.joined_to(connection, notice)) if one.reference in state.news]


def _said_at(connection: Connection, notice: Notice) -> int | None:
    """The conversation in which a message of this says that there is news; None where only a worker said it."""
    legs = notices.legs_of(connection, notice.association, notice.id)
    brought = [leg for leg in legs if leg.state == "arrived"]
    tried = [leg.conversation for leg in (*reversed(brought), *reversed(legs)) if leg.conversation is not None]
    said = (one for one in tried if notices.states(connection, notice.association, notice.id, one))
    return next(said, None)


def _end_leg(connection: Connection, notice: Notice, state: str, why: str, now: datetime) -> None:
    ended = {"state": state, "why": why, "settled_at": ms(now)}
    channel = notices.change_leg(connection, notice.association, notice.id, notice.step, **ended)
    if channel:
        metrics.legs.labels(notice.association, channel, state).inc()


def _settle(connection: Connection, notice: Notice, state: str, why: str, now: datetime) -> Notice:
    notices.settle_joined(connection, notice, state, ms(now))
    if notice.kind in rules.BULK_KINDS:
        waves.settled(connection, notice.association, notice.id, state == notices.REACHED, why, ms(now))
    return _keep(connection, notice, state=state, why=why, due=None, settled_at=ms(now))


def _keep(connection: Connection, notice: Notice, **changes: object) -> Notice:
    notices.change(connection, notice.association, notice.id, **changes)
    return notice._replace(**changes)  # type: ignore[arg-type]
