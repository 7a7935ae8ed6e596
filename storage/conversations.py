"""Where people stand, sealed, one row for each address; locked, loaded and saved by the batch."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, not_, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from conversations.conversation import Address, Conversation, decode, encode
from storage.batch import Batch, columns_of
from storage.ids import new_id
from storage.schema import conversations, messages
from storage.times import ms_or_none
from storage.vault import Vault, context

Key = tuple[str, str, str]
"""Association, channel, handle."""
_HANDLE, _STATE = "conversations.handle", "conversations.state"


class Stored(msgspec.Struct, kw_only=True):
    """A conversation and what the archive knows of it. `seq` is the number of its last message."""

    association: str
    id: int
    channel: str
    handle: str
    conversation: Conversation
    beneficiary: int | None = None
    seq: int = 0
    last_in: int | None = None
    updated: int = 0
    fresh: bool = False
    """Made in this transaction."""


def handle_index(vault: Vault, association: str, channel: str, handle: str) -> bytes:
    """What an address is found by."""
    return vault.blind(association, f"handle:{channel}", handle)


def take(connection: Connection, vault: Vault, keys: Iterable[Key], now: int) -> dict[Key, Stored]:
    """Lock and load the conversations of these addresses, making those that do not exist yet.

    One statement where all exist, two where some are new, a third where another process made one at the same instant.
    """
    wanted = {key: handle_index(vault, *key) for key in keys}
    found = _load(connection, vault, wanted)
    missing = {key: index for key, index in wanted.items() if key not in found}
    if missing:
        made = _create(connection, vault, missing, now)
        found |= made
        if lost := {key: index for key, index in missing.items() if key not in made}:
            found |= _load(connection, vault, lost)
    return found


def load(connection: Connection, vault: Vault, keys: Iterable[Key]) -> dict[Key, Stored]:
    """Lock and load those that exist."""
    return _load(connection, vault, {key: handle_index(vault, *key) for key in keys})


def load_by_id(connection: Connection, vault: Vault, ids: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Stored]:
    """Lock and load by (association, id): for events of the house, which know no handle."""
    return {(s.association, s.id): s for s in (_stored(vault, r) for r in _LOAD_BY_ID.run(connection, sorted(ids)))}


def save(connection: Connection, vault: Vault, turned: Sequence[Stored]) -> None:
    """Keep where each of these stands now, in one statement. They must be locked by this transaction."""
    _SAVE.run(connection, [_saved(vault, stored) for stored in turned])


def handle_of(connection: Connection, vault: Vault, association: str, conversation: int) -> tuple[str, str] | None:
    """Channel and handle, for those who send."""
    c = conversations.c
    found = connection.execute(
        select(c.channel, c.handle).where(c.association == association, c.id == conversation)
    ).first()
    if found is None:
        return None
    return found.channel, vault.open(found.handle, context(_HANDLE, association, conversation)).decode()


def open_handle(vault: Vault, association: str, conversation: int, sealed: bytes) -> str:
    return vault.open(sealed, context(_HANDLE, association, conversation)).decode()


def _load(connection: Connection, vault: Vault, wanted: dict[Key, bytes]) -> dict[Key, Stored]:
    whose = {(association, channel, index): handle for (association, channel, handle), index in wanted.items()}
    found: dict[Key, Stored] = {}
    for row in _LOAD.run(connection, sorted(whose)):
        association, _, channel, index, *_ = row
        handle = whose[association, channel, index]  # known already: it need not be opened
        found[association, channel, handle] = _stored(vault, row, handle)
    return found


def _stored(vault: Vault, row: Sequence[Any], known_handle: str = "") -> Stored:
    association, id, channel, _, handle, beneficiary, state, seq, last_in, updated = row
    return Stored(
        association=association,
        id=id,
        channel=channel,
        handle=known_handle or open_handle(vault, association, id, handle),
        conversation=decode(vault.open(state, context(_STATE, association, id))),
        beneficiary=beneficiary,
        seq=seq,
        last_in=last_in,
        updated=updated,
    )


def _create(connection: Connection, vault: Vault, missing: dict[Key, bytes], now: int) -> dict[Key, Stored]:
    made: dict[int, tuple[Key, Stored]] = {}
    rows = []
    for key, index in sorted(missing.items(), key=lambda item: (item[0][0], item[0][1], item[1])):
        association, channel, handle = key
        id = new_id()
        conversation = Conversation(association=association, address=Address(channel, handle), id=id)
        made[id] = (
            key,
            Stored(
                association=association,
                id=id,
                channel=channel,
                handle=handle,
                conversation=conversation,
                updated=now,
                fresh=True,
            ),
        )
        sealed_handle = vault.seal(handle.encode(), context(_HANDLE, association, id))
        state = vault.seal(encode(conversation), context(_STATE, association, id))
        rows.append((association, id, channel, index, sealed_handle, state, now))
    return dict(made[row[0]] for row in _CREATE.run(connection, rows))


def _saved(vault: Vault, stored: Stored) -> tuple[object, ...]:
    c = stored.conversation
    return (
        stored.association,
        stored.id,
        vault.seal(encode(c), context(_STATE, stored.association, stored.id)),
        stored.seq,
        stored.beneficiary,
        c.holder,
        c.open.flow if c.open else "",
        c.language,
        c.stopped,
        c.restricted,
        c.women_only,
        c.blocked,
        stored.last_in,
        ms_or_none(c.waits_since),
        stored.updated,
    )


_LOADED = columns_of(
    conversations,
    *("association", "id", "channel", "handle_index", "handle", "beneficiary", "state", "seq", "last_in", "updated"),
)


def _select_locked(given: CTE, *names: str) -> Executable:
    c = conversations.c
    return (
        select(*_LOADED)
        .select_from(given.join(conversations, and_(*(c[name] == given.c[name] for name in names))))
        # Every writer locks in this order, so that two batches wait for each other only in one direction.
        .order_by(c.association, c.channel, c.handle_index)
        .with_for_update(of=conversations)
    )


_LOAD = Batch(
    columns_of(conversations, "association", "channel", "handle_index"),
    lambda given: _select_locked(given, "association", "channel", "handle_index"),
)
_LOAD_BY_ID = Batch(
    columns_of(conversations, "association", "id"), lambda given: _select_locked(given, "association", "id")
)

_CREATED = ("association", "id", "channel", "handle_index", "handle", "state", "updated")


def _insert_new(given: CTE) -> Executable:
    rows = select(*given.c).where(true())
    return insert(conversations).from_select(_CREATED, rows).on_conflict_do_nothing().returning(conversations.c.id)


_CREATE = Batch(columns_of(conversations, *_CREATED), _insert_new)

_KEPT = (
    "state",
    "seq",
    "beneficiary",
    "holder",
    "flow",
    "language",
    "stopped",
    "restricted",
    "women_only",
    "blocked",
    "last_in",
    "waits_since",
    "updated",
)


def _update(given: CTE) -> Executable:
    c = conversations.c
    values = {name: given.c[name] for name in _KEPT}
    return update(conversations).values(values).where(c.association == given.c.association, c.id == given.c.id)


_SAVE = Batch(columns_of(conversations, "association", "id", *_KEPT), _update)


def last_seqs(connection: Connection, vault: Vault, keys: Iterable[Key]) -> dict[Key, int]:
    """The number of the last message of each of these addresses that has a conversation; nothing is locked."""
    wanted = {(key[0], key[1], handle_index(vault, *key)): key for key in keys}
    c = conversations.c
    place = tuple_(c.association, c.channel, c.handle_index)
    rows = connection.execute(select(*place.clauses, c.seq).where(place.in_(list(wanted))))
    return {wanted[row[0], row[1], row[2]]: row[3] for row in rows}


def behind(connection: Connection, association: str, message: int) -> tuple[int, bool] | None:
    """The conversation that a message went to, and whether its person stopped ours."""
    c, m = conversations.c, messages.c
    query = (
        select(c.id, c.stopped)
        .join(messages, and_(m.association == c.association, m.conversation == c.id))
        .where(m.association == association, m.id == message, m.direction == "out")
    )
    found = connection.execute(query).first()
    return None if found is None else (found.id, bool(found.stopped))


def id_of(connection: Connection, vault: Vault, key: Key) -> int | None:
    """The conversation of an address, unlocked, or None."""
    c = conversations.c
    association, channel, _ = key
    found: int | None = connection.scalar(
        select(c.id).where(
            c.association == association, c.channel == channel, c.handle_index == handle_index(vault, *key)
        )
    )
    return found


def hold(connection: Connection, association: str, conversation: int, who: str, *, over: bool = False) -> str:
    """`who` (staff:<id>) holds the conversation, whose event follows in this transaction. Returns who has it instead:
    empty where nobody else had, or `over` says that they know.

    Written at once, so that of two in one batch the second finds the first."""
    c = conversations.c
    one = (c.association == association) & (c.id == conversation)
    free = true() if over else or_(c.holder == who, not_(c.holder.startswith("staff:")))
    if connection.execute(update(conversations).where(one, free).values(holder=who)).rowcount:
        return ""
    return connection.scalar(select(c.holder).where(one)) or ""


def state_of(connection: Connection, vault: Vault, association: str, conversation: int) -> Conversation | None:
    """Where somebody stands, unlocked: for those who only look."""
    c = conversations.c
    sealed = connection.scalar(select(c.state).where(c.association == association, c.id == conversation))
    return decode(vault.open(sealed, context(_STATE, association, conversation))) if sealed else None


def holder_of(connection: Connection, association: str, conversation: int) -> str:
    """bot, queue, or staff:<id>."""
    c = conversations.c
    found = connection.scalar(select(c.holder).where(c.association == association, c.id == conversation))
    return found or "bot"
