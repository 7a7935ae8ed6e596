"""Addresses that were named from elsewhere: an e-mail, a number for messages. Each is proven by a press or a reply from
it before anything is told there; a code is never asked for (DOMAIN, "Care")."""

from collections.abc import Callable

from sqlalchemy import Connection

from storage import asks, conversations
from storage.ids import new_id
from storage.vault import Vault

QUESTION = "address"
BY_PHONE = ("whatsapp", "sms")
ASKED_BY_NUMBER = frozenset({"whatsapp"})
"""Where nobody may be written to first: the question waits until they write from that number."""


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
