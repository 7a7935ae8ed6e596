"""A changed policy goes round once: which versions there were, and who hears of the newest one.

Source: T preamble («مراجعتها… وتعميمها»), Harif خ-3. Staff hear by having to sign anew; whoever has an open case hears
by a notice, once a version, however many press the button.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select
from sqlalchemy.dialects.postgresql import insert

from storage import timers
from storage.schema import cases, conversations
from storage.schema_desk import policy_signatures, policy_versions
from storage.timers import Timer


class Version(NamedTuple):
    """A version that workers signed: since when, and how many."""

    version: str
    since: int
    signed: int


def versions(connection: Connection, association: str) -> list[Version]:
    """Newest first."""
    p = policy_signatures.c
    since = func.min(p.at)
    query = select(p.version, since, func.count()).where(p.association == association).group_by(p.version)
    return [Version(*row) for row in connection.execute(query.order_by(since.desc()))]


def circulated(connection: Connection, association: str) -> dict[str, int]:
    """When each version went round."""
    p = policy_versions.c
    query = select(p.version, p.circulated_at).where(p.association == association, p.circulated_at.is_not(None))
    return {row.version: row.circulated_at for row in connection.execute(query)}


def claim(connection: Connection, association: str, version: str, now: int) -> bool:
    """False where this version went round before, or somebody else is sending it round now."""
    made = insert(policy_versions).values(association=association, version=version, at=now, circulated_at=now)
    again = made.on_conflict_do_update(
        index_elements=["association", "version"],
        set_={"circulated_at": now},
        where=policy_versions.c.circulated_at.is_(None),
    )
    return connection.execute(again.returning(policy_versions.c.version)).first() is not None


def who_hears(connection: Connection, association: str) -> list[int]:
    """A conversation for each person who has an open case: of their newest one. Nobody who wants no messages, and
    nobody whose case or conversation is restricted: what reaches them is the protection officer's to say."""
    c, v = cases.c, conversations.c
    newest = (
        select(func.max(c.id).label("id"))
        .where(c.association == association, c.closed_at.is_(None), c.conversation.is_not(None))
        .group_by(func.coalesce(c.beneficiary, -c.conversation))
        .having(func.max(case((c.restricted, 1), else_=0)) == 0)
        .subquery()
    )
    query = (
        select(c.conversation)
        .distinct()
        .join_from(newest, cases, (c.association == association) & (c.id == newest.c.id))
        .join(conversations, (v.association == association) & (v.id == c.conversation))
        .where(v.stopped.is_(False), v.restricted.is_(False), v.blocked == "")
        .order_by(c.conversation)
    )
    return list(connection.scalars(query))


def tell(connection: Connection, association: str, version: str, whom: Iterable[int], due: int) -> int:
    """An event for each of these conversations, due at `due`; how many."""
    given = [Timer(association, conversation, f"policy:{version}", due) for conversation in whom]
    timers.set_all(connection, given)
    return len(given)
