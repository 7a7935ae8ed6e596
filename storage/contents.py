"""Message templates made at a provider, remembered by the digest of what they say, so that each is made once."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.schema import contents


def known(connection: Connection, association: str, channel: str, digests: Iterable[bytes]) -> dict[bytes, str]:
    """The provider's ids of those that exist, by digest."""
    c = contents.c
    query = select(c.digest, c.provider_id).where(
        c.association == association, c.channel == channel, c.digest.in_(list(digests))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def remember(connection: Connection, association: str, channel: str, digest: bytes, provider_id: str, now: int) -> None:
    """The last one made counts."""
    statement = insert(contents).values(
        association=association, channel=channel, digest=digest, provider_id=provider_id, at=now
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["association", "channel", "digest"],
            set_={"provider_id": statement.excluded.provider_id, "at": statement.excluded.at},
        )
    )


def forget(connection: Connection, association: str, channel: str, digest: bytes) -> None:
    """The provider no longer has it."""
    c = contents.c
    connection.execute(delete(contents).where(c.association == association, c.channel == channel, c.digest == digest))
