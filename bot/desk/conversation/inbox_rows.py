"""What a row of the inbox says: who, why, how long, and a line of what was said last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection

from bot.desk import said
from bot.desk.conversation.scene import called
from conversations.cases.calendar import calendar_of
from conversations.events import Contact, Event, Location, Media, Opened, Press, Text
from conversations.routing import Candidate, Waiting
from conversations.routing import standing as stands
from storage import broadcasts, inbox, staff
from storage.alarms import Alarm
from storage.broadcasts import Answered
from storage.inbox import Filters, Last, Row
from storage.times import moment, ms

if TYPE_CHECKING:
    from bot.desk.at import At

PREVIEW = 90
"""Characters of what was said last."""
AGAIN = timedelta(minutes=15)
"""After which a row that is still shown is on record once more."""
_COMPOUND = frozenset({"عبد", "أبو", "ابو", "أم", "ام", "بنت", "ابن", "بن", "آل"})
"""With which a first name is two words."""
_event = msgspec.msgpack.Decoder(Event)
_lately: dict[tuple[str, int, str], dict[int, int]] = {}
"""By worker, what they were shown (a row of a list, a page) and when: forgotten with the process, which only puts them
on record again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`window`: minutes until the channel's window closes; None where it has none, 0 where it is closed."""

    row: Row
    who: str
    channel: str
    reasons: tuple[str, ...]
    preview: str
    since: int
    waited: tuple[str, int]
    window: tuple[str, int] | None
    closed: bool
    holder: str
    mine: bool
    """Offered to whoever looks."""
    offered: str
    """The name of the colleague it is offered to."""
    answers: str
    """The title of the broadcast that they answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The page. `waiting`: conversations, and urgent ones; `held`: mine, of them waiting for my word, all others'."""

    which: str
    rows: list[Line]
    more: str
    waiting: tuple[int, int]
    held: tuple[int, int, int]
    choices: dict[str, list[str]]
    filters: Filters
    present: int
    here: bool
    away: bool
    alarms: list[Alarm]


def lines(connection: Connection, at: "At", rows: Sequence[Row]) -> list[Line]:
    """Rows with their words: six statements, whatever their number."""
    vault, slug = at.desk.vault, at.slug
    ids = [row.conversation for row in rows]
    names = inbox.names(connection, vault, slug, rows)
    tails = inbox.tails(connection, vault, slug, [id for id in ids if id not in names])
    lasts = inbox.last_words(connection, vault, slug, ids)
    workers = {holder for row in rows if (holder := _worker(row.holder))} | {
        row.offered_to for row in rows if row.offered_to
    }
    colleagues = staff.names(connection, vault, workers)
    wrote = {row.conversation: min(row.at or row.last_in, row.last_in) for row in rows if row.last_in}
    answers = broadcasts.answered(connection, vault, slug, wrote)
    return [
        _line(at, row, names, tails, lasts.get(row.conversation), colleagues, answers.get(row.conversation))
        for row in rows
    ]


def _line(
    at: "At",
    row: Row,
    names: dict[int, str],
    tails: dict[int, str],
    last: Last | None,
    colleagues: dict[int, str],
    answers: Answered | None,
) -> Line:
    words = at.words
    if row.channel is None:
        who, channel = words("inbox.who.anonymous"), ""
    else:
        channel = words.or_key(f"channel.{row.channel}")
        name = first_name(names.get(row.conversation, ""))
        who = called(words, row.channel, name, tails.get(row.conversation, ""))
    since = row.at or row.waits_since or row.updated or 0
    if not row.id:
        since = row.waits_since or row.updated or 0
    left = window(at, row)
    others = row.offered_to if row.offered_to != at.worker.id else None
    return Line(
        row=row,
        who=who,
        channel=channel,
        reasons=tuple(dict.fromkeys(words.or_key(f"handoff.{reason}") for reason in row.reasons)),
        preview=preview(at, last),
        since=since,
        waited=said.waited(since, at.now),
        window=None if left is None or left <= timedelta() else said.waited(ms(at.now - left), at.now),
        closed=left is not None and left <= timedelta(),
        holder=colleagues.get(_worker(row.holder), ""),
        mine=row.offered_to == at.worker.id,
        offered=colleagues.get(others, "") if others else "",
        answers=answers.title if answers else "",
    )


def merged(rows: Iterable[Row]) -> list[Row]:
    """Several matters of one conversation as one row, where the first of them stands."""
    found: dict[int, Row] = {}
    for row in rows:
        key = row.conversation or -row.id
        first = found.get(key)
        if first is None:
            found[key] = row
            continue
        also = dict.fromkeys((*first.reasons[1:], *row.reasons))
        found[key] = first._replace(
            also=" ".join(one for one in also if one != first.reason),
            urgent=first.urgent or row.urgent,
            women_only=first.women_only or row.women_only,
            restricted=first.restricted or row.restricted,
            at=min(first.at, row.at),
        )
    return list(found.values())


def first_name(name: str) -> str:
    parts = name.split()
    return " ".join(parts[: 2 if parts and parts[0] in _COMPOUND else 1])


def preview(at: "At", last: Last | None) -> str:
    """A line of what a person did last; empty where nothing of it is kept."""
    if last is None:
        return ""
    try:
        event: Event = _event.decode(last.body)
    except msgspec.DecodeError:
        return ""
    match event:
        case Text():
            text = event.text
        case Press():
            text = event.title
        case Media():
            text = f"{at.words(f'group.kind.{event.kind}')} {event.caption}"
        case Location() | Contact():
            text = at.words(f"group.kind.{last.kind}")
        case Opened():
            text = at.words("inbox.said.opened")
        case _:
            text = ""
    text = " ".join(text.split())
    return text if len(text) <= PREVIEW else text[:PREVIEW].rsplit(" ", 1)[0] + "…"


def window(at: "At", row: Row) -> timedelta | None:
    """How long we may still write freely; None where the channel has no window, or nobody has written."""
    channel = at.desk.intake.channels.get((at.slug, row.channel or ""))
    hours = channel.traits.window_hours if channel is not None else 0
    return moment(row.last_in) + timedelta(hours=hours) - at.now if hours and row.last_in is not None else None


def standing(at: "At", row: Row) -> int:
    """How near this row is to whoever looks, by the profile's table."""
    service = at.association.profile.service(row.service)
    waiting = Waiting(
        at=moment(row.at), role=row.role, named="passed_on" in row.reasons, field=service.category if service else ""
    )
    me = Candidate(staff=at.worker.id, roles=at.worker.roles, categories=at.worker.categories, seen_at=at.now)
    return stands(waiting, me, at.association.profile)


def is_open(at: "At") -> bool:
    return calendar_of(at.association.profile).is_open(at.now)


def not_lately(at: "At", ids: Iterable[int], what: str = "row") -> list[int]:
    """Those of these conversations that this worker was not shown a short while ago; `what` of them: a row, a page."""
    whose = (at.slug, at.worker.id, what)
    now: datetime = at.now
    shown = {id: since for id, since in _lately.get(whose, {}).items() if moment(since) + AGAIN > now >= moment(since)}
    fresh = [id for id in dict.fromkeys(ids) if id not in shown]
    _lately[whose] = shown | dict.fromkeys(fresh, ms(now))
    return fresh


def _worker(holder: str) -> int:
    id = holder.removeprefix("staff:")
    return int(id) if id.isdecimal() else 0
