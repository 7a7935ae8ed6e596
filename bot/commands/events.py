"""`wasl events retry`: an event that was set apart is taken in again, in the transaction that settles it."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot.channels.contract import Incoming
from bot.fold import Arrived
from bot.frontline import FrontLine
from conversations.events import Event
from storage import quarantine
from storage.database import DatabaseAway
from storage.times import ms

_read = msgspec.msgpack.Decoder(dict[str, Any]).decode
_read_event = msgspec.msgpack.Decoder(Event | None).decode


class StillApart(Exception):
    """The event stays where it is; the message says why, in ids and kinds of errors alone."""


async def retry(line: FrontLine, association: str, id: int) -> str:
    """Take it in; what follows from it is queued for `serve` to send. Raises StillApart, DatabaseAway."""
    waiting = {one.id: one for one in await line.database.read(quarantine.waiting, association)}
    body = await line.database.write(quarantine.body, line.vault, association, id)
    if id not in waiting or body is None:
        raise StillApart(f"{association} {id}: no such event waits — see wasl events list")
    channel = waiting[id].channel
    if channel and (association, channel) not in line.channels:
        raise StillApart(f"{association} {id}: {channel} is off here — give it its settings first")
    arrived = _arrived(association, channel, id, _read(body))
    # This process ends at once: rows are queued, and serve delivers them.
    intake, may_send = line.intake, line.intake.may_send
    intake.may_send = lambda *whom: may_send(*whom) or "queued"
    intake.after_commit = lambda _: None
    try:
        await intake.again(arrived)
    except DatabaseAway:
        raise
    except Exception as error:
        # Its words may quote what was typed.
        raise StillApart(f"{association} {id}: failed again ({type(error).__name__}); it stays apart") from None
    return f"{association} {id}: taken in; what it says goes out through serve"


def _arrived(association: str, channel: str, id: int, kept: dict[str, Any]) -> Arrived:
    """Raises StillApart for what this version cannot read."""
    try:
        event = _read_event(kept["event"])
    except msgspec.MsgspecError:
        raise StillApart(f"{association} {id}: this version cannot read it") from None
    incoming = None
    if kept["handle"] and event is not None:
        incoming = Incoming(handle=kept["handle"], event=event, key="", source=kept["source"])

    def claim(connection: Connection, at: int) -> bool:
        return quarantine.settle(connection, association, id, ms(datetime.now(UTC)))

    return Arrived(
        association,
        channel,
        kept["handle"],
        event,
        conversation=kept["conversation"],
        incoming=incoming,
        claim=claim,
    )
