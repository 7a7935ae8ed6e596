"""WhatsApp templates as they stand with Twilio, one row a kind and language (conversations/templates.py has the words).

What was submitted (`provider_id`, `state`) and what messages go by (`serving`) differ while new words wait for Meta.
"""

from typing import NamedTuple

from sqlalchemy import Connection, and_, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.schema_notices import templates

MADE, PENDING, APPROVED, REJECTED = "made", "pending", "approved", "rejected"
PAUSED, DISABLED = "paused", "disabled"
OURS = ("63027", "63028")
"""Codes of sends that paused a template for what is wrong with it or us: Meta does not put that right by itself."""


class Kept(NamedTuple):
    """`why`: Meta's reason, or the code of the send that failed. Milliseconds."""

    association: str
    kind: str
    language: str
    digest: str
    provider_id: str
    serving: str
    state: str
    category: str
    why: str
    at: int
    checked_at: int | None


def load(connection: Connection, association: str) -> dict[tuple[str, str], Kept]:
    """By kind and language."""
    t = templates.c
    query = select(*(t[name] for name in Kept._fields)).where(t.association == association)
    return {(row.kind, row.language): Kept._make(row) for row in connection.execute(query)}


def serving(connection: Connection) -> dict[str, dict[tuple[str, str], str]]:
    """What may be sent: the provider's ids by association, then by kind and language."""
    t = templates.c
    query = select(t.association, t.kind, t.language, t.serving).where(t.serving != "")
    found: dict[str, dict[tuple[str, str], str]] = {}
    for association, kind, language, provider_id in connection.execute(query):
        found.setdefault(association, {})[kind, language] = provider_id
    return found


def unsettled(connection: Connection) -> list[Kept]:
    """Those whose state Meta may have changed since."""
    t = templates.c
    changes = or_(t.state == PENDING, and_(t.state == PAUSED, t.why.not_in(OURS)))
    query = select(*(t[name] for name in Kept._fields)).where(changes).order_by(t.association, t.kind)
    return [Kept._make(row) for row in connection.execute(query)]


def made(
    connection: Connection,
    association: str,
    kind: str,
    language: str,
    digest: str,
    provider_id: str,
    category: str,
    now: int,
) -> None:
    """A new content exists with the provider; what was approved before serves on."""
    statement = insert(templates).values(
        association=association,
        kind=kind,
        language=language,
        digest=digest,
        provider_id=provider_id,
        state=MADE,
        category=category,
        why="",
        at=now,
    )
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["association", "kind", "language"],
            set_={
                "digest": new.digest,
                "provider_id": new.provider_id,
                "state": new.state,
                "category": new.category,
                "why": new.why,
                "at": new.at,
                "checked_at": None,
            },
        )
    )


def stands(connection: Connection, kept: Kept, state: str, category: str, why: str, now: int) -> None:
    """What the provider says of this content; nothing where the row names another one by now."""
    t = templates.c
    others = case((t.serving != t.provider_id, t.serving), else_="")
    serves = t.provider_id if state == APPROVED else t.serving if state == PENDING else others
    connection.execute(
        update(templates)
        .where(
            t.association == kept.association,
            t.kind == kept.kind,
            t.language == kept.language,
            t.provider_id == kept.provider_id,
        )
        .values(state=state, category=category or t.category, why=why, checked_at=now, serving=serves)
    )


def pause(connection: Connection, association: str, kind: str, language: str, why: str, now: int) -> bool:
    """A send says that the template is missing, paused or wrong: nothing more goes by it. False where it was known."""
    t = templates.c
    row = (t.association == association, t.kind == kind, t.language == language)
    failed = case((t.serving == t.provider_id, PAUSED), else_=t.state)
    done = connection.execute(
        update(templates).where(*row, t.serving != "").values(state=failed, why=why, serving="", checked_at=now)
    )
    return done.rowcount > 0
