"""What reached the person, in plain words: of a notice, of the ways it was tried, of a case and of a conversation."""

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection

from bot.desk.conversation.transcript import why_failed
from bot.desk.sight import notices_seen_by
from bot.desk.words import DeskWords
from conversations.notices import EVIDENCE
from storage import delivery
from storage.notices import Leg

if TYPE_CHECKING:
    from bot.desk.at import At

SHOWN = 8
"""Notices beside a case or a conversation."""


class Reached(NamedTuple):
    """One notice in one line; `way` is the last address it was tried by."""

    id: int
    what: str
    state: str
    way: str
    at: int


def reached(
    connection: Connection, at: "At", *, case_id: int | None = None, conversation: int | None = None
) -> list[Reached]:
    """Of a case, or of what began in a conversation; the newest first, as far as this worker may see."""
    seen = notices_seen_by(at.worker)
    rows, _ = delivery.page(connection, at.slug, seen, case_id=case_id, conversation=conversation, limit=SHOWN)
    said = in_words(at.words)
    return [
        Reached(
            one.id, said["kind_said"](one.kind), one.state, said["channel_said"](one.way) if one.way else "", one.at
        )
        for one in rows
    ]


def in_words(words: DeskWords) -> dict[str, Any]:
    """What templates call to say what a notice is, where it stands and why a way was not the last."""

    def first(*keys: str) -> str:
        return words(next(key for key in keys if key in words))

    return {
        "kind_said": lambda kind: first(f"delivery.kind.{kind}", "delivery.kind.other"),
        "channel_said": lambda channel: first(f"delivery.channel.{channel}", "delivery.channel.none"),
        "why_notice": lambda one: words(f"delivery.why.{one.why}") if f"delivery.why.{one.why}" in words else "",
        "why_leg": lambda leg: why_leg(words, leg),
        "why_message": lambda one: why_failed(words, one.error or "unknown") if one.state == "failed" else "",
    }


def why_leg(words: DeskWords, leg: Leg) -> str:
    """Why this way was taken or was not the last: plain words, empty where there is nothing to explain."""
    if leg.why == "no_evidence":
        waited = EVIDENCE[leg.channel].within.total_seconds()
        if leg.until is not None:
            waited = (leg.until - leg.at) / 1000
        minutes = int(waited // 60)
        hours = minutes // 60
        return words(f"delivery.no_evidence.{'hours' if hours else 'minutes'}", count=hours or minutes)
    for key in (f"delivery.why.{leg.why}", f"tasks.outcome.{leg.why}"):
        if leg.why and key in words:
            return words(key)
    return why_failed(words, leg.why) if leg.state == "failed" and leg.why else ""
