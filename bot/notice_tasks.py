"""Where a notice comes to a worker: agreed so, at the end of its chain, or because nobody opened it."""

from datetime import datetime

from sqlalchemy import Connection

from bot.notice_rows import addresses_of, is_muted, keep, settle, stopped_us
from conversations import notices as rules
from conversations.association.association import Association
from conversations.cases import errands
from conversations.cases.calendar import calendar_of
from storage import conversations, notices, tasks
from storage.ids import new_id
from storage.notices import Leg, Notice
from storage.times import ms
from storage.vault import Vault


def to_staff(
    connection: Connection, vault: Vault, association: Association, notice: Notice, kind: str, why: str, now: datetime
) -> Notice:
    """No message reached them, or none may: somebody does. What went along with it goes on by itself: each case has its
    own words, and those who may see it."""
    for one in notices.joined_to(connection, notice):
        to_staff(connection, vault, association, one, kind, why, now)
    if is_muted(connection, vault, notice):
        return settle(connection, notice, notices.DROPPED, "muted", now)
    notice = task_leg(connection, vault, association, notice, kind, why, now)
    return keep(connection, notice, state=notices.WITH_STAFF, due=None, why=why)


def task_leg(
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
    return keep(connection, notice, state=notices.OUT, step=step, due=until, why="")


def unread_to_staff(
    connection: Connection, vault: Vault, association: Association, notice: Notice, now: datetime
) -> Notice:
    """Two days have passed: staff tell what nobody opened, of each thing that went along too."""
    if stopped_us(connection, notice, addresses_of(connection, notice)):
        return settle(connection, notice, notices.DROPPED, "stopped", now)
    unread = unopened(connection, vault, notice)
    for one in notices.joined_to(connection, notice):
        if one in unread:
            to_staff(connection, vault, association, one, "call", "unopened", now)
    if notice in unread:
        notices.settle_joined(connection, notice, notices.REACHED, ms(now))
        return to_staff(connection, vault, association, notice, "call", "unopened", now)
    return settle(connection, notice, notices.REACHED, "opened", now)


def unopened(connection: Connection, vault: Vault, notice: Notice, conversation: int | None = None) -> list[Notice]:
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
