"""What has to reach a person, and how: how pressing each kind is, when it may go, which address is tried after which,
and what counts as having arrived. The policies promise news "on the agreed channel"; the chain keeps that promise.

Pure: `bot/notices.py` carries it out.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from conversations.association.profile import NoticeRules, Profile
from conversations.cases.calendar import WorkingCalendar, calendar_of, here
from conversations.cases.prayer import after_prayer

TASK_OF = {"phone": "call", "letter": "letter", "fax": "fax", "branch": "slip"}
"""Agreed channels that carry no message: the task a worker has instead."""
MESSAGING = ("telegram", "whatsapp", "web_chat", "sms", "email")
"""In the order in which they are tried, after the agreed one and the one where the matter began."""
UNOPENED = timedelta(days=2)
"""News that waits to be opened for so long is told by a call."""
UNOPENED_BY = {"letter": timedelta(days=5)}
"""By task: a letter is some days on its way."""
TASK_WAITS = timedelta(days=2)
"""A task that nobody has done by then lets the notice go on to the next address."""
BY_NUMBER = "reference"

WINDOW_OVER = frozenset({("whatsapp", "63016")})
"""The provider says that the window is closed, whatever we thought: the approved template goes there (CHANNELS.md)."""

Verdict = Literal["arrived", "failed", "silent", "pending"]


class Evidence(NamedTuple):
    """What shows that a message of this channel arrived, and how long that may take (CHANNELS.md)."""

    states: frozenset[str]
    within: timedelta


_ACCEPTED = frozenset({"accepted", "delivered", "read"})
_DELIVERED = frozenset({"delivered", "read"})
EVIDENCE = {
    "telegram": Evidence(_ACCEPTED, timedelta(minutes=2)),
    "whatsapp": Evidence(_DELIVERED, timedelta(hours=4)),
    "sms": Evidence(_DELIVERED, timedelta(hours=4)),
    "web_chat": Evidence(_DELIVERED, timedelta(hours=24)),
    "email": Evidence(_ACCEPTED, timedelta(hours=24)),
}
WITHIN = {"appointment": timedelta(hours=4)}
"""By kind: what names an hour is looked at sooner than its channel's time would have it."""
BEFORE_HOUR = timedelta(hours=2)
"""So long before the hour, at the latest, a worker knows that nobody read of it."""
AT_LEAST = timedelta(minutes=10)
_UNDER_WAY = frozenset({"queued", "sending"})
_OVER = frozenset({"failed", "held"})


def within(channel: str, kind: str, left: datetime, starts: datetime | None = None) -> timedelta:
    """How long evidence may take for a message that left then; `starts`: of the hour that it names."""
    most = EVIDENCE[channel].within
    if kind in WITHIN:
        most = min(most, WITHIN[kind])
    return min(most, max(starts - BEFORE_HOUR - left, AT_LEAST)) if starts is not None else most


def verdict(channel: str, states: Sequence[str], waited: timedelta, within: timedelta) -> Verdict:
    """What became of a leg whose message rows stand so, where evidence may take so long. A backlog of ours is no
    silence of the person's."""
    if any(state in _OVER for state in states):
        return "failed"
    evidence = EVIDENCE[channel]
    if states and all(state in evidence.states for state in states):
        # A relay takes what it may bounce later: only time tells.
        return "arrived" if channel != "email" or waited >= within else "pending"
    if any(state in _UNDER_WAY for state in states):
        return "pending"
    return "silent" if waited >= within else "pending"


class Address(NamedTuple):
    """One conversation of the person, as the chain looks at it."""

    conversation: int
    channel: str
    proven: bool
    stopped: bool
    blocked: bool


def order(agreed: str, home: int | None, addresses: Sequence[Address]) -> list[Address]:
    """The addresses in the order in which they are tried: those of the agreed channel, the one where the matter began,
    then the others. A case that is followed by its number has none but the one it began at."""
    if agreed == BY_NUMBER:
        return [one for one in addresses if one.conversation == home]

    def place(one: Address) -> tuple[bool, bool, int, int]:
        known = MESSAGING.index(one.channel) if one.channel in MESSAGING else len(MESSAGING)
        return one.channel != agreed, one.conversation != home, known, -one.conversation

    return sorted(addresses, key=place)


CLAIMED = frozenset({"email"})
"""Anybody can write another's address as the sender's here: having been written from proves nothing by itself."""


def is_proven(channel: str, proven_at: int | None, last_in: int | None) -> bool:
    """Whether whoever has this address said so: by a press or an answer from it, or by writing from it where the
    channel vouches for who writes."""
    return proven_at is not None or (last_in is not None and channel not in CLAIMED)


def skipped(address: Address, plain: bool = False) -> str:
    """Why this address is not tried; empty where it is. What a stop lets through besides `plain` news, the dialogue
    knows."""
    if address.channel not in EVIDENCE:
        return "not_a_message"
    if not address.proven:
        return "not_proven"
    return "blocked" if address.blocked else "stopped" if plain and address.stopped else ""


# --- when ------------------------------------------------------------------------------------------------------------


def goes_at(profile: Profile, urgent: bool, now: datetime) -> datetime:
    """When a notice may go: urgent ones now, the others by day, neither on a Friday nor on a public holiday, and in no
    prayer's time where the profile leaves them alone."""
    if urgent:
        return now
    calendar, rules = calendar_of(profile), profile.notices
    at = here(now)
    for _ in range(60):
        opens = at.replace(hour=rules.from_.hour, minute=rules.from_.minute, second=0, microsecond=0)
        closes = at.replace(hour=rules.until.hour, minute=rules.until.minute, second=0, microsecond=0)
        if _rests(calendar, rules.fridays, at) or at >= closes:
            at = opens + timedelta(days=1)
        elif over := _prayer(rules, max(at, opens)):
            at = over
        else:
            return max(now, at, opens)
    return now


def _prayer(rules: NoticeRules, at: datetime) -> datetime | None:
    """When the prayer is over whose time it is then, where it is left alone."""
    left = rules.prayer
    return after_prayer(left.latitude, left.longitude, left.minutes, at) if left else None


def _rests(calendar: WorkingCalendar, fridays: bool, at: datetime) -> bool:
    return (at.weekday() == 4 and not fridays) or bool(calendar.holiday(at.date()))


def too_many(profile: Profile, sent_today: int) -> bool:
    return sent_today >= profile.notices.a_day


def next_day(profile: Profile, now: datetime) -> datetime:
    """When what was too much for today may go."""
    tomorrow = here(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return goes_at(profile, False, tomorrow)


# --- what it is ------------------------------------------------------------------------------------------------------

URGENT_KINDS = frozenset({"appointment", "receipt", "ask"})
"""They answer somebody, or name an hour: at any time of the day."""


BULK_KINDS = frozenset({"survey", "broadcast"})
"""Nobody is called because one of these reached nobody."""


def kind_of(about: str) -> str:
    """`moved` of `moved:HRF-…:3`."""
    return about.partition(":")[0]


def joined(texts: Collection[str]) -> str:
    """What would have been too many messages, as one."""
    return "\n\n— — —\n\n".join(texts)


def links(order_of: Sequence[Address], tried: Collection[int]) -> Iterator[Address]:
    """What is left of the chain."""
    return (one for one in order_of if one.conversation not in tried)
