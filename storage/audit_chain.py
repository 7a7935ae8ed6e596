"""The audit's hash chain, one per association: what stands in it cannot be changed or taken out unseen.

Rows are inserted with the act they tell of and commit in any order; the sealer links those that are not linked yet, in
order of id, within seconds. Each link's digest is an HMAC over the digest before it and every column of the audit row.
Its key is the chain's own: random, made with the first link, kept in `meta` sealed under WASL_KEYS. So whoever can
write to the database and has no keys cannot make a digest; `wasl keys rotate` seals the key anew and no link changes;
`wasl keys reindex` does not touch it.

What the chain shows: a row changed, taken out or slipped in, a link changed, taken out or moved. What it cannot show
by itself: that its newest links were cut off together with their rows (the rest is still whole), and that all of it
was thrown away and made anew. Against both, note the head elsewhere (`wasl audit head`; it is in the log once an hour)
and hand it to `wasl audit verify --noted`; rows that were linked long after they were written are counted too. A row
that is slipped in before it is linked looks like any other: the chain proves what stood there from then on.
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, func, insert, select, text, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.batch import columns_of
from storage.database import Database
from storage.schema import audit, meta
from storage.schema_desk import audit_links
from storage.times import HOUR
from storage.vault import Vault, VaultError

AT_ONCE = 500
"""Rows linked in one transaction, and links verified in one."""
LATE = HOUR
"""Linked so long after the act: the service stood still then, or the chain was made anew. Milliseconds."""
NAMED = 100
"""Breaks a report names; the rest are counted."""
_KEY, _PLACE = "audit chain", b"meta.audit chain"
_COLUMNS = ("association", "id", "at", "who", "act", "subject", "detail", "linked_at")
_UNLINKED = audit.c.linked_at.is_(None)


class ChainKeyLost(VaultError):
    """There are links, and the key they were made with is gone or was changed: nothing is linked beside them."""


class Head(NamedTuple):
    """The newest link. Milliseconds."""

    number: int = 0
    digest: str = ""
    at: int = 0


class Tail(NamedTuple):
    """What waits to be linked; `since` is when the oldest of it was written (milliseconds), None for nothing."""

    rows: int = 0
    since: int | None = None


class Break(NamedTuple):
    """`what`: changed (the row, or its link), gone (the row), missing (links before this one), stray (a row that says
    it is linked and is not), cut (a noted head is not there), key (see ChainKeyLost). Ids are 0 where unknown."""

    what: str
    number: int = 0
    audit: int = 0


class Checked(msgspec.Struct, frozen=True):
    """How far a chain was verified, and what was found on the way."""

    number: int = 0
    digest: str = ""
    links: int = 0
    late: int = 0
    broken: int = 0
    breaks: tuple[Break, ...] = ()
    row: int = 0
    """The audit row up to which none is stray."""
    ended: bool = False


_encode = msgspec.json.Encoder().encode


# --- linking ---------------------------------------------------------------------------------------------------------


def waiting(connection: Connection) -> list[str]:
    """Associations with rows that are not linked: read from the index of those rows alone."""
    return sorted(connection.scalars(select(audit.c.association).where(_UNLINKED).distinct()))


def link(connection: Connection, vault: Vault, association: str, now: int) -> int:
    """Link at most AT_ONCE rows, in order of id; how many that were. Nothing where somebody else is linking: one
    transaction is one sealer, whoever dies leaves nothing behind.

    Raises ChainKeyLost.
    """
    if not _is_sealer(connection, association):
        return 0
    # A statement of its own, after the lock: on PostgreSQL it sees what the last sealer committed.
    last = head(connection, association)
    a, known = audit.c, audit_links.c
    rows = connection.execute(
        select(*columns_of(audit, *_COLUMNS[:-1]), known.number)
        .outerjoin_from(audit, audit_links, and_(known.association == a.association, known.audit == a.id))
        .where(a.association == association, _UNLINKED)
        .order_by(a.id)
        .limit(AT_ONCE)
    ).all()
    if not rows:
        return 0
    key = _chain_key(connection, vault)
    number, digest, links = last.number, last.digest, []
    for *row, linked in rows:
        if linked is None:  # else its mark was taken off it: that shows in its digest, and must not hold the others up
            number += 1
            digest = _digest(key, digest, number, (*row, now))
            links.append({"association": association, "number": number, "audit": row[1], "digest": digest})
    if links:
        connection.execute(insert(audit_links), links)
    ids = [row.id for row in rows]
    connection.execute(update(audit).where(a.association == association, a.id.in_(ids)).values(linked_at=now))
    return len(rows)


def head(connection: Connection, association: str) -> Head:
    a, known = audit.c, audit_links.c
    found = connection.execute(
        select(known.number, known.digest, func.coalesce(a.linked_at, 0))
        .outerjoin_from(audit_links, audit, and_(a.association == known.association, a.id == known.audit))
        .where(known.association == association)
        .order_by(known.number.desc())
        .limit(1)
    ).first()
    return Head() if found is None else Head._make(found)


def tail(connection: Connection, association: str) -> Tail:
    """Read from the index of unlinked rows alone."""
    a = audit.c
    query = select(func.count(), func.min(a.at)).where(a.association == association, _UNLINKED)
    return Tail._make(connection.execute(query).one())


def reseal(connection: Connection, vault: Vault) -> None:
    """Put the chain's key under the newest key of the vault."""
    if (key := _kept_key(connection, vault)) is not None:
        connection.execute(update(meta).where(meta.c.key == _KEY).values(value=_sealed(vault, key)))


# --- verifying -------------------------------------------------------------------------------------------------------


def chained(connection: Connection) -> list[str]:
    """Associations that have a chain, or rows waiting for one."""
    both = union(select(audit_links.c.association), select(audit.c.association).where(_UNLINKED))
    return sorted(connection.scalars(both))


def verify(connection: Connection, vault: Vault, association: str, after: Checked = Checked()) -> Checked:  # noqa: B008
    """Verify the next AT_ONCE links, then rows; call again with what it returned until that is `ended`.

    After a break it goes on from what stands there, so that each is found by itself.
    """
    try:
        key = _kept_key(connection, vault)
    except ChainKeyLost:
        key = None
    if key is None:
        lost = head(connection, association).number > 0
        return _with(after, [Break("key")] if lost else [], ended=True)
    return _verify_links(connection, key, association, after) or _verify_rows(connection, association, after)


def verify_all(database: Database, vault: Vault, association: str, noted: tuple[int, str] | None = None) -> Checked:
    """The whole chain in short reads; `noted` is a head (number, digest) that must still stand in it."""
    checked = Checked()
    if noted is not None and database.read_now(_digest_at, association, noted[0]) != noted[1]:
        checked = _with(checked, [Break("cut", noted[0])])
    while not checked.ended:
        checked = database.read_now(verify, vault, association, checked)
    return checked


def _verify_links(connection: Connection, key: bytes, association: str, after: Checked) -> Checked | None:
    """None where there are no more."""
    a, known = audit.c, audit_links.c
    rows = connection.execute(
        select(known.number, known.audit, known.digest, *columns_of(audit, *_COLUMNS))
        .outerjoin_from(audit_links, audit, and_(a.association == known.association, a.id == known.audit))
        .where(known.association == association, known.number > after.number)
        .order_by(known.number)
        .limit(AT_ONCE)
    ).all()
    if not rows:
        return None
    number, digest, late, found = after.number, after.digest, 0, []
    for at, id, stands, *row in rows:
        if at != number + 1:
            found.append(Break("missing", at, id))
        if row[0] is None:
            found.append(Break("gone", at, id))
        elif at != number + 1:
            pass  # what it was made over is missing: whether the row is as it was cannot be told
        elif not hmac.compare_digest(stands, _digest(key, digest, at, row)):
            found.append(Break("changed", at, id))
        late += row[0] is not None and (row[-1] or 0) - row[2] > LATE
        number, digest = at, stands
    checked = _with(after, found)
    return msgspec.structs.replace(
        checked, number=number, digest=digest, links=after.links + len(rows), late=after.late + late
    )


def _verify_rows(connection: Connection, association: str, after: Checked) -> Checked:
    """Rows that say they are linked, and are not."""
    a, known = audit.c, audit_links.c
    rows = connection.execute(
        select(a.id, a.linked_at, known.number)
        .outerjoin_from(audit, audit_links, and_(known.association == a.association, known.audit == a.id))
        .where(a.association == association, a.id > after.row)
        .order_by(a.id)
        .limit(AT_ONCE)
    ).all()
    if not rows:
        return msgspec.structs.replace(after, ended=True)
    found = [Break("stray", 0, id) for id, linked_at, number in rows if linked_at is not None and number is None]
    return msgspec.structs.replace(_with(after, found), row=rows[-1][0])


def _with(checked: Checked, found: list[Break], ended: bool = False) -> Checked:
    return msgspec.structs.replace(
        checked,
        broken=checked.broken + len(found),
        breaks=(checked.breaks + tuple(found))[:NAMED],
        ended=checked.ended or ended,
    )


def _digest_at(connection: Connection, association: str, number: int) -> str | None:
    known = audit_links.c
    digest: str | None = connection.scalar(
        select(known.digest).where(known.association == association, known.number == number)
    )
    return digest


# --- what a digest is made of ----------------------------------------------------------------------------------------


def _digest(key: bytes, before: str, number: int, row: Any) -> str:
    """JSON keeps the columns apart, whatever stands in them."""
    return hmac.new(key, _encode((before, number, *row)), "sha256").hexdigest()


def _chain_key(connection: Connection, vault: Vault) -> bytes:
    """The chain's key; made where there is no link at all."""
    key = _kept_key(connection, vault)
    if key is None:
        if connection.scalar(select(audit_links.c.number).limit(1)) is not None:
            raise ChainKeyLost("the audit's chain has links and no key: restore the row of table meta from a copy")
        made = upsert(meta).values(key=_KEY, value=_sealed(vault, os.urandom(32))).on_conflict_do_nothing()
        connection.execute(made)
        key = _kept_key(connection, vault)  # another association's sealer may have been faster
    assert key is not None, "inserted above"
    return key


def _kept_key(connection: Connection, vault: Vault) -> bytes | None:
    """Raises ChainKeyLost where it does not open."""
    kept = connection.scalar(select(meta.c.value).where(meta.c.key == _KEY))
    if kept is None:
        return None
    try:
        return vault.open(b64decode(kept), _PLACE)
    except (VaultError, ValueError):
        raise ChainKeyLost("the key of the audit's chain was changed: restore the row of table meta") from None


def _sealed(vault: Vault, key: bytes) -> str:
    return b64encode(vault.seal(key, _PLACE)).decode()


def _is_sealer(connection: Connection, association: str) -> bool:
    """SQLite has one writer at a time anyway; on PostgreSQL the lock ends with the transaction."""
    if connection.dialect.name == "sqlite":
        return True
    number = int.from_bytes(hashlib.sha256(f"wasl audit {association}".encode()).digest()[:8], "big", signed=True)
    taken: bool = connection.execute(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": number}).scalar_one()
    return taken
