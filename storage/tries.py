"""Tries at the desk's door that were not right, and how long the next one waits: a second, two, four … a quarter hour.

A try is counted before it is looked at, so that many at once gain nothing. What it is counted under (a login, an
address, a browser that signed in before) is kept as a keyed digest: nobody reads an address from the table, and a login
that does not exist waits like one that does. A stranger who keeps a login waiting does not keep out its owner, whose
browser is known and counted apart (bot/desk/door/).
"""

from collections.abc import Iterable

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.schema_desk import HOUSE, sign_in_tries
from storage.times import HOUR, MINUTE, SECOND
from storage.vault import Vault

LOCK = 15 * MINUTE
"""The longest wait. Milliseconds."""
FORGOTTEN = HOUR
"""After so long without a try the count starts anew."""
FREE = {"login": 3, "browser": 3, "address": 20}
"""Tries without a wait. A whole office may stand behind one address."""

Key = tuple[str, bytes]
"""What it is (of FREE) and its digest."""


def key(vault: Vault, what: str, value: str) -> Key:
    return what, vault.blind(HOUSE, f"try:{what}", value)


def begin(connection: Connection, keys: Iterable[Key], now: int) -> int:
    """Count a try under all of these. Returns 0, or the milliseconds until the next one is looked at: then this one
    is not, and not counted."""
    t = sign_in_tries.c
    given = sorted(keys, key=lambda one: one[1])
    digests = [digest for _, digest in given]
    until = connection.scalar(select(func.max(t.until)).where(t.association == HOUSE, t.digest.in_(digests))) or 0
    if until > now:
        return int(until - now)
    connection.execute(delete(sign_in_tries).where(t.at < now - FORGOTTEN))
    for what, digest in given:
        failures = connection.scalar(
            insert(sign_in_tries)
            .values(association=HOUSE, digest=digest, failures=1, until=0, at=now)
            .on_conflict_do_update(
                index_elements=["association", "digest"], set_={"failures": t.failures + 1, "at": now}
            )
            .returning(t.failures)
        )
        wait = wait_after(what, failures or 1)
        connection.execute(
            update(sign_in_tries).where(t.association == HOUSE, t.digest == digest).values(until=now + wait)
        )
    return 0


def wait_after(what: str, failures: int) -> int:
    """Milliseconds."""
    over = failures - FREE[what]
    return 0 if over <= 0 else min(LOCK, SECOND << over)


def is_locked(connection: Connection, keys: Iterable[Key], now: int) -> bool:
    """Whether one of these waits for the whole quarter hour."""
    t = sign_in_tries.c
    digests = [digest for _, digest in keys]
    query = select(t.digest).where(t.association == HOUSE, t.digest.in_(digests), t.until >= now + LOCK)
    return connection.execute(query).first() is not None


def right(connection: Connection, keys: Iterable[Key]) -> None:
    """The try was right: what is its owner's starts anew; an address, which others share, gets this one back."""
    t = sign_in_tries.c
    for what, digest in keys:
        mine = (t.association == HOUSE) & (t.digest == digest)
        if what == "address":
            fewer = case((t.failures > 0, t.failures - 1), else_=0)
            connection.execute(update(sign_in_tries).where(mine).values(failures=fewer, until=0))
        else:
            connection.execute(delete(sign_in_tries).where(mine))


def forget_all(connection: Connection) -> None:
    """The index key changed: none of these is found again."""
    connection.execute(delete(sign_in_tries))
