"""Addresses that were named from elsewhere: an e-mail, a number for messages. Each is proven by a press or a reply from
it before anything is told there; a code is never asked for (DOMAIN, "Care")."""

from collections.abc import Callable

from sqlalchemy import Connection

from conversations.flows.addresses import BY_PHONE as BY_PHONE
from storage import asks, conversations, people
from storage.ids import new_id
from storage.times import DAY
from storage.vault import Vault

QUESTION = "address"
ASKED_BY_NUMBER = frozenset({"whatsapp"})
"""Where nobody may be written to first: the question waits until they write from that number."""

ASKED_LATELY = 7 * DAY
"""For so long a question that nobody has answered is not put again."""
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
    anew: bool = False,
) -> None:
    """Ask at this address whether it is the person's of `conversation`; nothing where it is known to be, and nothing
    twice within days. Whoever said that it is not theirs is asked no more, however often it is named; only staff may
    (`anew`), who heard it from the person."""
    key = (association, channel, handle)
    whom = conversations.id_of(connection, vault, key)
    if whom == conversation or (whom is not None and _is_joined(connection, association, whom, conversation)):
        return
    before = [] if anew else asks.of_handle(connection, vault, association, QUESTION, handle)
    answers = [(id, given) for id, _, _, given in before if given is not None]
    if answers and not answers[-1][1]:
        wake(conversation, f"answer:{answers[-1][0]}")
        return
    if any(asker == conversation and given is None and now - at < ASKED_LATELY for _, asker, at, given in before):
        return
    if whom is None and channel not in ASKED_BY_NUMBER:
        whom = conversations.take(connection, vault, [key], now)[key].id
    ask = asks.Ask(association, new_id(), QUESTION, reference, conversation, phone=handle, at=now)
    asks.add(connection, vault, ask)
    if whom is not None:
        wake(whom, f"ask:{ask.id}")


def _is_joined(connection: Connection, association: str, one: int, other: int) -> bool:
    whose = people.person_of(connection, association, one)
    return whose is not None and whose == people.person_of(connection, association, other)
