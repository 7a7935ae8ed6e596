"""Files people sent: what is to be fetched, by whom, and what became of it. The bytes themselves: blobs.py.

wanted → fetching (leased) → ready or refused; erased later. A source is the provider's own name of the file, sealed,
never a link that holds a token. While its bytes are being erased (erasure.py) a file is `erasing`, and nobody has it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, literal_column, or_, select, update

from storage.batch import ASSOCIATIONS, NOW, UNTIL, claiming, inserting
from storage.schema import files
from storage.vault import Vault, context

READY = "ready"
_SOURCE, _NAME = "files.source", "files.name"


class File(NamedTuple):
    """`attempts` counts fetches that were begun. Milliseconds."""

    association: str
    id: int
    conversation: int
    channel: str
    source: str
    name: str = ""
    kind: str = ""
    size: int = 0
    state: str = "wanted"
    reason: str = ""
    attempts: int = 0


def want(connection: Connection, vault: Vault, given: Iterable[File], now: int) -> None:
    """Keep files to fetch, or, as `ready`, uploads whose bytes are stored already; one statement."""
    _WANT.run(
        connection,
        [
            (
                *(file.association, file.id, file.conversation, file.channel),
                vault.seal(file.source.encode(), context(_SOURCE, file.association, file.id)),
                vault.seal(file.name.encode(), context(_NAME, file.association, file.id)),
                *(file.kind, file.size, file.state, now),
            )
            for file in given
        ],
    )


def claim(
    connection: Connection, vault: Vault, now: int, until: int, associations: Iterable[str], limit: int = 20
) -> list[File]:
    """Files of these associations to fetch now, leased until `until`; those of a lease that ran out too."""
    given = {"associations": list(associations), "now": now, "until": until, "most": limit}
    return sorted((_file(vault, row._tuple()) for row in connection.execute(_CLAIM, given)), key=lambda file: file.id)


_f = files.c
_CLAIM = claiming(
    files,
    _f.state.in_([literal_column("'wanted'"), literal_column("'fetching'")]),
    _f.association.in_(ASSOCIATIONS),
    or_(_f.state == "wanted", and_(_f.state == "fetching", _f.lease_until < NOW)),
    _f.not_before <= NOW,
    order=_f.id,
    state="fetching",
    lease_until=UNTIL,
    attempts=_f.attempts + 1,
).returning(*(_f[name] for name in File._fields))


def ready(connection: Connection, association: str, id: int, kind: str, size: int) -> bool:
    """The bytes are stored. False where the file was settled before: then nobody is told twice."""
    return _settle(connection, association, id, state=READY, kind=kind, size=size)


def refuse(connection: Connection, association: str, id: int, reason: str) -> bool:
    """It will not be had. False where the file was settled before."""
    return _settle(connection, association, id, state="refused", reason=reason)


def later(connection: Connection, association: str, id: int, not_before: int) -> bool:
    """Fetching failed for now."""
    return _settle(connection, association, id, state="wanted", not_before=not_before)


def get(connection: Connection, vault: Vault, association: str, id: int) -> File | None:
    f = files.c
    mine = (f.association == association, f.id == id, f.state != "erasing")
    query = select(*(f[name] for name in File._fields)).where(*mine)
    row = connection.execute(query).first()
    return None if row is None else _file(vault, row._tuple())


def several(connection: Connection, vault: Vault, association: str, ids: Iterable[int]) -> dict[int, File]:
    """Those of these that there are, by id."""
    f = files.c
    wanted = sorted(set(ids))
    query = select(*(f[name] for name in File._fields)).where(f.association == association, f.id.in_(wanted))
    return {row.id: _file(vault, row._tuple()) for row in (connection.execute(query) if wanted else ())}


def of_conversation(connection: Connection, vault: Vault, association: str, conversation: int) -> list[File]:
    f = files.c
    query = select(*(f[name] for name in File._fields)).where(
        f.association == association, f.conversation == conversation, f.state != "erasing"
    )
    return [_file(vault, row._tuple()) for row in connection.execute(query.order_by(f.id))]


def count_since(connection: Connection, association: str, conversation: int, since: int) -> int:
    """How many files this conversation sent since then (milliseconds)."""
    f = files.c
    mine = (f.association == association) & (f.conversation == conversation) & (f.at >= since)
    return connection.scalar(select(func.count()).select_from(files).where(mine)) or 0


def _settle(connection: Connection, association: str, id: int, **changes: str | int) -> bool:
    f = files.c
    unsettled = f.state.in_(["wanted", "fetching"])
    done = connection.execute(
        update(files).where(f.association == association, f.id == id, unsettled).values(lease_until=0, **changes)
    )
    return done.rowcount == 1


def _file(vault: Vault, row: tuple[object, ...]) -> File:
    file = File(*row)  # type: ignore[arg-type]
    key = (file.association, file.id)
    source, name = row[4], row[5]
    assert isinstance(source, bytes)
    assert isinstance(name, bytes)
    return file._replace(
        source=vault.open(source, context(_SOURCE, *key)).decode(), name=vault.open(name, context(_NAME, *key)).decode()
    )


_WANT = inserting(
    files, "association", "id", "conversation", "channel", "source", "name", "kind", "size", "state", "at"
)
