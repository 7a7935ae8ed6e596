"""What a worker is writing to a conversation, sealed, until it is sent: on any device they sign in on."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.schema_desk import reply_drafts
from storage.vault import Vault, context

_BODY = "reply_drafts.body"


def keep(
    connection: Connection, vault: Vault, association: str, conversation: int, staff: int, text: str, at: int
) -> None:
    """In place of what was kept; an empty text keeps nothing."""
    if not text.strip():
        forget(connection, association, conversation, staff)
        return
    body = vault.seal(text.encode(), context(_BODY, association, conversation))
    row = insert(reply_drafts).values(association=association, conversation=conversation, staff=staff, body=body, at=at)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["association", "conversation", "staff"], set_={"body": body, "at": at}
        )
    )


def kept(connection: Connection, vault: Vault, association: str, conversation: int, staff: int) -> str:
    """Empty where nothing is."""
    d = reply_drafts.c
    body = connection.scalar(
        select(d.body).where(d.association == association, d.conversation == conversation, d.staff == staff)
    )
    return vault.open(body, context(_BODY, association, conversation)).decode() if body else ""


def forget(connection: Connection, association: str, conversation: int, staff: int) -> None:
    d = reply_drafts.c
    mine = (d.association == association) & (d.conversation == conversation) & (d.staff == staff)
    connection.execute(delete(reply_drafts).where(mine))
