"""A notice as it moves, and what is known of its person: the rows that each step of the chain reads and writes."""

from datetime import datetime

from sqlalchemy import Connection

from bot import metrics
from conversations import notices as rules
from conversations.flows import track
from storage import appointments, conversations, notices, waves
from storage.notices import Leg, Notice
from storage.times import moment_or_none, ms
from storage.vault import Vault

# --- what is known of it and of its person ---------------------------------------------------------------------------


def leg_of(connection: Connection, notice: Notice) -> Leg | None:
    """The one that is under way, or was last."""
    made = notices.legs_of(connection, notice.association, notice.id)
    return next((leg for leg in made if leg.step == notice.step), None)


def hour_of(connection: Connection, notice: Notice) -> datetime | None:
    """The hour that it names, if that is still ahead of what it says."""
    name, _, about = notice.about.partition(":")
    id, _, act = about.partition(":")
    if name != "appointment" or not id.isdecimal() or act.startswith("missed"):
        return None
    return moment_or_none(appointments.starts_of(connection, notice.association, int(id)))


def addresses_of(connection: Connection, notice: Notice) -> list[notices.Whom]:
    return notices.addresses(connection, notice.association, notice.beneficiary, notice.conversation)


def is_plain(connection: Connection, notice: Notice) -> bool:
    """News that a stop holds back: neither an answer, nor what names an hour, nor the decision on their own case."""
    if notice.kind in rules.URGENT_KINDS | rules.BULK_KINDS:
        return False
    told = (notice, *notices.joined_to(connection, notice))
    return not any(notices.stage_told(connection, one) in track.DECISIONS for one in told)


def stopped_us(connection: Connection, notice: Notice, known: list[notices.Whom]) -> bool:
    """A stop is the person's, at whichever address they said it. Of what they filed elsewhere after they last wrote
    from there, they asked to hear."""
    stopped = [one for one in known if one.stopped]
    if not stopped or not is_plain(connection, notice):
        return False
    filed = notices.filed_at(connection, notice)
    return len(stopped) == len(known) or any(filed <= (one.last_in or 0) for one in stopped)


def is_muted(connection: Connection, vault: Vault, notice: Notice) -> bool:
    """Whether they died, as far as we were told: nobody calls them, and the family is called for itself."""
    known = addresses_of(connection, notice)
    states = (conversations.state_of(connection, vault, notice.association, one.id) for one in known)
    return any(state is not None and state.muted for state in states)


# --- how it moves ----------------------------------------------------------------------------------------------------


def end_leg(connection: Connection, notice: Notice, state: str, why: str, now: datetime) -> None:
    ended = {"state": state, "why": why, "settled_at": ms(now)}
    channel = notices.change_leg(connection, notice.association, notice.id, notice.step, **ended)
    if channel:
        metrics.legs.labels(notice.association, channel, state).inc()


def settle(connection: Connection, notice: Notice, state: str, why: str, now: datetime) -> Notice:
    notices.settle_joined(connection, notice, state, ms(now))
    if notice.kind in rules.BULK_KINDS:
        waves.settled(connection, notice.association, notice.id, state == notices.REACHED, why, ms(now))
    return keep(connection, notice, state=state, why=why, due=None, settled_at=ms(now))


def keep(connection: Connection, notice: Notice, **changes: object) -> Notice:
    notices.change(connection, notice.association, notice.id, **changes)
    return notice._replace(**changes)  # type: ignore[arg-type]
