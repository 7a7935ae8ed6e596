"""An inquiry that a worker answered in the conversation is answered in its case too: with what they wrote last.

The person has read it, so that nothing is said to them again.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from bot.case_moves import move_case
from conversations.association.association import Association
from conversations.cases.move import FRONT, NotAllowed
from conversations.says import Say
from conversations.staffed import title_of
from storage import cases, handoffs, messages, staff
from storage.conversations import Stored
from storage.handoffs import Handoff
from storage.times import ms
from storage.vault import Vault

OPEN = ("received", "assigned")
LOOKED_AT = 60
"""Lines from the end of a conversation."""
_say = msgspec.msgpack.Decoder(Say)


def inquiries(connection: Connection, vault: Vault, association: str, conversation: int) -> list[Handoff]:
    """What waits here with a case of its own, and somebody replied since."""
    waiting = handoffs.of_conversation(connection, vault, association, conversation)
    return [one for one in waiting if one.reference and one.replied_at is not None]


def settle(
    connection: Connection,
    vault: Vault,
    association: Association,
    stored: Stored,
    waited: Sequence[Handoff],
    now: datetime,
) -> None:
    """The conversation is locked, and what was said in it is written."""
    slug = association.slug
    for one in waited:
        case = cases.by_reference(connection, vault, slug, one.reference, lock=True)
        if case is None or case.kind != "inquiry" or case.stage not in OPEN:
            continue
        by, text = _last_reply(connection, vault, association, stored, one.at)
        role = next((role for role in FRONT if role in _roles(connection, slug, by)), "")
        if not text or not role:
            continue
        try:
            move_case(
                connection, vault, association, case, "answer", role, now,
                given={"answer": text}, actor=by, tell=lambda *_: None,
            )  # fmt: skip
        except NotAllowed:
            continue
        handoffs.answered(connection, slug, one.reference, one.reasons, ms(now))


def _last_reply(
    connection: Connection, vault: Vault, association: Association, stored: Stored, since: int
) -> tuple[str, str]:
    """Who wrote it, and what, without the line that says who they are; empty where nothing reached the person."""
    for line in reversed(messages.newest(connection, vault, association.slug, stored.id, limit=LOOKED_AT)):
        if line.at < since:
            break
        if line.direction != "out" or line.kind != "say" or line.state in ("failed", "held"):
            continue
        say = _say.decode(line.body)
        if say.by and say.text and not say.template:
            return say.by, _bare(connection, association, stored, say)
    return "", ""


def _bare(connection: Connection, association: Association, stored: Stored, say: Say) -> str:
    member = staff.member_of(connection, association.slug, int(say.by)) if say.by.isdecimal() else None
    language = stored.conversation.language
    if member is not None:
        title = title_of(association, language, member.roles, member.woman)
        for words in ("staff.joined", "staff.wrote"):
            before = association.wording[language](words, title=title)
            if say.text.startswith(before):
                return say.text[len(before) :].strip()
    return say.text.strip()


def _roles(connection: Connection, association: str, worker: str) -> frozenset[str]:
    member = staff.member_of(connection, association, int(worker)) if worker.isdecimal() else None
    return member.roles if member is not None else frozenset()
