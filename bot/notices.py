"""The chain of a notice: the agreed channel first, then the person's other addresses, at the end a worker; never
silence. What a notice says is rendered by the dialogue at the address of each leg, as an event due at once.

A leg ends by what its messages became (conversations/notices.py says what counts), by a turn that said nothing, or by
a worker's record. Nothing is taken twice: each step moves its row under the transaction's lock (rule 10).
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.log import log
from bot.notice_rows import addresses_of, end_leg, hour_of, is_muted, is_plain, keep, leg_of, settle, stopped_us
from bot.notice_tasks import task_leg, to_staff, unopened, unread_to_staff
from conversations import notices as rules
from conversations.association.association import Association
from conversations.cases.calendar import here
from storage import accounts, alarms, notices, tasks, waves
from storage.ids import new_id
from storage.notices import Leg, Notice
from storage.times import moment, ms
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
        return unread_to_staff(connection, vault, association, notice, now)
    return keep(connection, notice, due=None)


def advance_due(
    connection: Connection,
    vault: Vault,
    associations: Mapping[str, Association],
    now: datetime,
    until: datetime,
    limit: int,
    waking: Callable[[Association], Wake],
    apart: bool = False,
) -> int:
    """One look at what is due, at most so many; nobody else looks at it before `until`. Returns how many that was.
    `apart`: each by itself, because one of them failed; that one is looked at again later, and holds up nobody."""
    cut = accounts.cut(connection, ms(now - CUT_AFTER))
    for slug, channel in cut:
        notices.look_at_queued(connection, slug, channel, ms(now))
    due = notices.claim_due(connection, ms(now), ms(until), associations, limit)
    waiting: dict[str, list[int]] = {}
    for slug, id, channel in notices.untried(connection, due) if due else ():
        if not {(slug, channel), (accounts.ALL, channel)} & cut:
            waiting.setdefault(slug, []).append(id)
    for slug, ids in waiting.items():
        notices.put_off(connection, slug, ids, ms(now + QUEUED))
    for notice in due:
        if notice.id not in waiting.get(notice.association, ()):
            association = associations[notice.association]
            try:
                with connection.begin_nested() if apart else nullcontext():
                    advance(connection, vault, association, notice, now, waking(association))
            except SQLAlchemyError:
                raise
            except Exception as error:
                if not apart:
                    raise
                log.error("notice_stands", association=association.slug, notice=notice.id, error=type(error).__name__)
                notices.put_off(connection, association.slug, [notice.id], ms(now + QUEUED))
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
        end_leg(connection, notice, "skipped", "stopped", now)
        to_staff(connection, vault, association, notice, "call", "stopped", now)
        return
    if turn.why == "known" and (carrier := _announced(connection, notice)) is not None:
        end_leg(connection, notice, "skipped", "known", now)
        notices.join(connection, notice, carrier)
        return
    bulk = notice.kind in rules.BULK_KINDS and turn.why in waves.NOT_NOW | waves.NEVER
    if turn.why in ("", "muted", "stopped") or bulk:
        why = turn.why or "nothing_to_say"
        end_leg(connection, notice, "skipped", why, now)
        settle(connection, notice, notices.DROPPED, why, now)
        return
    end_leg(connection, notice, "failed", turn.why, now)
    keep(connection, notice, due=ms(now))


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
        end_leg(connection, notice._replace(step=leg.step), state, why, now)
        if reached and not opened and leg.why != "unopened":
            waits = rules.UNOPENED_BY.get(task.kind, rules.UNOPENED)
            due = rules.goes_at(association.profile, False, now + waits)
            keep(connection, notice, state=notices.UNOPENED, due=ms(due), why="")
        elif reached:
            settle(connection, notice, notices.REACHED, "told", now)
        else:
            keep(connection, notice, state=notices.OUT, due=ms(now))


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
            return keep(connection, notice, due=ms(rules.next_day(association.profile, now)), why="a_day")
    if notice.channel in rules.TASK_OF:
        if is_muted(connection, vault, notice):
            return settle(connection, notice, notices.DROPPED, "muted", now)
        if stopped_us(connection, notice, addresses_of(connection, notice)):
            return settle(connection, notice, notices.DROPPED, "stopped", now)
        return task_leg(connection, vault, association, notice, rules.TASK_OF[notice.channel], "agreed", now)
    return _next(connection, vault, association, notice, now, wake)


def _next(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime, wake: Wake
) -> Notice:
    """Take the next address of the chain; at its end, a call."""
    hour = hour_of(connection, notice)
    if hour is not None and hour <= now:
        return settle(connection, notice, notices.DROPPED, "over", now)
    known = addresses_of(connection, notice)
    if stopped_us(connection, notice, known):
        return settle(connection, notice, notices.DROPPED, "stopped", now)
    plain = is_plain(connection, notice) if any(one.stopped for one in known) else False
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
            return keep(connection, notice, step=notice.step, due=ms(later), why="quiet")
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
        return settle(connection, notice, notices.DROPPED, "exhausted", now)
    if notice.why == NOBODY:
        return settle(connection, notice, notices.WITH_STAFF, "exhausted", now)
    if any(leg.channel == "phone" for leg in made):
        # A call was tried too. It stays before staff, who may know another way: once, and never as if it were done.
        alarms.ring(connection, notice.association, NOBODY, ms(now), urgent=True)
        return to_staff(connection, vault, association, notice, "call", NOBODY, now)
    return to_staff(connection, vault, association, notice, "call", "exhausted" if made else "no_address", now)


def _by_day(association: Association, notice: Notice, now: datetime) -> datetime | None:
    """When its next message may go, where that is not now: what began in the evening wakes nobody at night."""
    at = rules.goes_at(association.profile, notice.urgency == "now", now)
    return at if at > now else None


def _out(
    connection: Connection, notice: Notice, channel: str, conversation: int, now: datetime, why: str = ""
) -> Notice:
    """A leg is under way at this address."""
    step = notice.step + 1
    until = now + rules.within(channel, notice.kind, now, hour_of(connection, notice))
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
    return keep(connection, notice, state=notices.OUT, step=step, due=ms(now + LOOK), why="")


def _announced(connection: Connection, notice: Notice) -> Notice | None:
    """What told them, at the address that this one tried, that there is news."""
    leg = leg_of(connection, notice)
    if leg is None or leg.conversation is None:
        return None
    return notices.announced(connection, notice, leg.conversation, notice.id)


def _look(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime, wake: Wake
) -> Notice:
    leg = leg_of(connection, notice)
    if leg is None or leg.state in ("failed", "silent", "skipped"):
        return _next(connection, vault, association, notice, now, wake)
    if leg.task is not None:
        if leg.until is not None and leg.until <= ms(now):
            # Nobody has done it in time: it stays with them, and a message goes meanwhile.
            end_leg(connection, notice, "silent", "not_done", now)
            alarms.ring(connection, notice.association, "task_overdue", ms(now))
            return _next(connection, vault, association, notice, now, wake)
        return keep(connection, notice, due=leg.until)
    assert leg.conversation is not None
    since = leg.at if leg.why in (BY_TEMPLATE, AGAIN) else 0
    found = notices.states(connection, notice.association, notice.id, leg.conversation, since)
    # Evidence has its time from when the message left: a backlog of ours is no silence of theirs.
    left = moment(max([leg.at, *(changed or 0 for _, _, changed in found)]))
    within = rules.within(leg.channel, notice.kind, left, hour_of(connection, notice))
    match rules.verdict(leg.channel, [state for state, _, _ in found], now - left, within):
        case "arrived":
            end_leg(connection, notice, "arrived", "", now)
            if notice.kind not in rules.BULK_KINDS and unopened(connection, vault, notice, leg.conversation):
                due = now + rules.UNOPENED
                return keep(
                    connection, notice, state=notices.UNOPENED, due=ms(rules.goes_at(association.profile, False, due))
                )
            return settle(connection, notice, notices.REACHED, "", now)
        case "failed":
            why = next((error for _, error, _ in found if error), "failed")
            window_over = (leg.channel, why) in rules.WINDOW_OVER and leg.why != BY_TEMPLATE
            once_more = AGAIN if why in SILENCED else BY_TEMPLATE if window_over else ""
            if once_more and (later := _by_day(association, notice, now)):
                return keep(connection, notice, due=ms(later))
            end_leg(connection, notice, "failed", why, now)
            if once_more:
                wake(leg.conversation, f"notice:{notice.id}:{once_more}")
                return _out(connection, notice, leg.channel, leg.conversation, now, once_more)
        case "silent":
            end_leg(connection, notice, "silent", "no_evidence", now)
            if notice.kind in rules.BULK_KINDS:
                # It may come yet, to a telephone that is switched on again: nobody is asked twice.
                return settle(connection, notice, notices.DROPPED, "no_evidence", now)
        case "pending" if any(state == "queued" for state, _, _ in found) and _is_cut(
            connection, notice, leg.channel, now
        ):
            notices.withdraw(connection, notice.association, notice.id, leg.conversation, CUT, ms(now))
            end_leg(connection, notice, "failed", CUT, now)
        case "pending":
            # Ever more seldom, and when its time is over.
            over = left + within
            look = now + max(LOOK, (now - moment(leg.at)) / 4)
            return keep(connection, notice, due=ms(min(look, over) if over > now else look))
    return _next(connection, vault, association, notice, now, wake)
