"""Whose cases stand in a list: their names, on record as they are shown."""

from collections.abc import Iterable

from bot.desk.at import At
from bot.desk.conversation.inbox_rows import not_lately
from bot.desk.sight import conversations_seen_by
from storage import case_names


async def names_of(at: At, ids: Iterable[int]) -> dict[int, str]:
    """By case, of cases that this worker may see. Each is on record once in a while, not with every look."""
    found = await at.read(case_names.names, at.desk.vault, at.slug, ids, conversations_seen_by(at.worker))
    if fresh := not_lately(at, found):
        await at.saw("cases", " ".join(map(str, fresh)))
    return found
