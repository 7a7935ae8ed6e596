"""Addresses that were named from elsewhere: an e-mail, a number for messages. Each is proven by a press or a reply from
it before anything is told there; a code is never asked for (DOMAIN, "Care")."""

from collections.abc import Callable

from sqlalchemy import Connection

from conversations.flows.addresses import BY_PHONE as BY_PHONE
from storage import asks, conversations
from storage.ids import new_id
from storage.vault import Vault

QUESTION = "address"
ASKED_BY_NUMBER = frozenset({"whatsapp"})
"""Where nobody may be written to first: the question waits until they write from that number."""

DOUBTED = "doubted"
"""The timer by which a conversation hears that its number may be another's."""


def doubt(
    connection: Connection, vault: Vault, association: str, phone: str, wake: Callable[[int, str], object]
) -> None:
    """This number was reported changed: whoever writes from it shows who they are before anything is shown there."""
    for channel in BY_PHONE:
        there = conversations.id_of(connection, vault, (association, channel, phone))
        if there is not None:
            wake(there, f"{DOUBTED}:{new_id()}")


def name(
    connection: Connection,
    vault: Vault,
    association: str,
    channel: str,
    handle: str,
    *,
    conversation: int,
    reference: str,
    now: int,
    wake: Callable[[int, str], object],
) -> None:
    """Ask at this address whether it is the person's of `conversation`; nothing where it is known to be."""
    key = (association, channel, handle)
    whom = conversations.id_of(connection, vault, key)
    if whom == conversation:
        return
    if whom is None and channel not in ASKED_BY_NUMBER:
        whom = conversations.take(connection, vault, [key], now)[key].id
    ask = asks.Ask(association, new_id(), QUESTION, reference, conversation, phone=handle, at=now)
    asks.add(connection, vault, ask)
    if whom is not None:
        wake(whom, f"ask:{ask.id}")
