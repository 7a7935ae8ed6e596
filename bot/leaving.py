"""Somebody's access to an association ends: what they have in hand goes back first, then they are no member."""

from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from bot.fold import Arrived
from bot.intake import Intake
from conversations.cases.move import ADMINISTRATOR
from conversations.events import StaffPassedOn
from storage import invitations, sign_ins, staff

TRIES = 3
"""They may take another conversation meanwhile."""


class StillHolds(Exception):
    """They have a conversation in hand (again)."""


class LastAdministrator(Exception):
    """Nobody would be left who could let anybody in."""


async def leave(intake: Intake, association: str, worker: int, end: Callable[[], Awaitable[None]]) -> None:
    """Conversations go back to the queue, each as an event; then `end`, one transaction that calls `ended`. Dies the
    process in between, they are a member still, and it is done again. Raises StillHolds, LastAdministrator."""
    for _ in range(TRIES - 1):
        await _pass_on(intake, association, worker)
        try:
            return await end()
        except StillHolds:
            continue
    await _pass_on(intake, association, worker)
    return await end()


async def _pass_on(intake: Intake, association: str, worker: int) -> None:
    for id in await intake.database.read(staff.conversations_of, association, worker):
        event = StaffPassedOn(id=f"left:{worker}:{id}", at=intake.clock(), staff=str(worker))
        held = _holds(association, worker, id)
        await intake.put(Arrived(association, "", "", event, conversation=id, claim=held))


def _holds(association: str, worker: int, conversation: int) -> Callable[[Connection, int], bool]:
    return lambda connection, _: conversation in staff.conversations_of(connection, association, worker)


def ended(connection: Connection, association: str, worker: int, now: int) -> None:
    """No member from here on, signed in nowhere if this was the last association. Raises StillHolds,
    LastAdministrator."""
    keep_one(connection, association, worker)
    if staff.conversations_of(connection, association, worker):
        raise StillHolds
    staff.leave(connection, association, worker, now)
    invitations.withdraw_for(connection, association, worker, now)
    if not staff.memberships(connection, worker):
        sign_ins.end(connection, worker, now)


def keep_one(connection: Connection, association: str, worker: int) -> None:
    """Raises LastAdministrator where this one is."""
    if staff.holding(connection, association, ADMINISTRATOR) == {worker}:
        raise LastAdministrator


def change(connection: Connection, member: staff.Member, now: int) -> None:
    """What somebody may do from now on. Raises LastAdministrator."""
    if ADMINISTRATOR not in member.roles:
        keep_one(connection, member.association, member.staff)
    staff.join(connection, member, now)
