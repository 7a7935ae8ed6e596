"""Draws the minutes of a committee's sitting: who was there, what was decided of each case and why, who approved it.

Source: Harif ث-2 (minutes of لجنة التحقيق والمتابعة: dated, approved by its members, with the harm, its size and the
causes); T step 5 and Harif ت-5 (the committee that studies a request). Until everybody who was present has approved
them, they say on every page that they are a draft.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import msgspec

from bot.papers.paper import Form, at_said, drawable, frame, typeset
from conversations.cases.calendar import Words, in_digits
from conversations.cases.signing import canonical
from conversations.wording import house_wording

QUORUM = 2
"""Fewer members than this are no committee: the desk and the minutes say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """A member of the committee. `role`: chair, member, secretary …, in words."""

    name: str
    role: str = ""
    present: bool = True
    signed_at: datetime | None = None
    """When these minutes were approved by this member; aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    votes_for: int = 0
    against: int = 0
    abstained: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What the investigation committee found (Harif ث-2)."""

    what: str
    size: str = ""
    causes: str = ""
    fault: Literal["", "proven", "not_proven"] = ""
    """Whether the association caused it (ث-1); empty where that is not decided yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A case on the agenda. Everything but the codes is in the reader's language, as people wrote it."""

    reference: str
    kind: str
    """A kind of case, such as request."""
    service: str = ""
    """The service's title; empty where the kind has none."""
    decision: str = ""
    """Accepted, refused, postponed …, in words; empty while it is open."""
    votes: Votes | None = None
    """None: nobody voted."""
    joint: bool = False
    """All who were there agreed on it without voting, as it was recorded."""
    reason: str = ""
    needs: tuple[str, ...] = ()
    """Conditions, and what the person is entitled to: a line each."""
    remarks: str = ""
    harm: Harm | None = None
    erased_at: datetime | None = None
    """What was written of the case was erased then, as its person may ask and the law has it; aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Everything the page shows. Times are aware."""

    language: str
    association: str
    licence: str = ""
    committee: str
    """As the profile prints it."""
    number: int
    starts: datetime
    ended: datetime | None = None
    place: str = ""
    attendance: tuple[Attendee, ...]
    items: tuple[Item, ...]
    remarks: str = ""
    digest: str = ""
    """Hex SHA-256, from `minutes_digest`, as it was when the first member approved."""
    is_whole: bool = True
    """False where a case of the agenda is not shown to this reader."""

    @property
    def is_draft(self) -> bool:
        """Somebody who was there has not approved them, or nobody was."""
        there = [one for one in self.attendance if one.present]
        return not there or not self.digest or any(one.signed_at is None for one in there)


def minutes_digest(minutes: Minutes) -> str:
    """Hex SHA-256 of all that a member approves: everything but the approvals themselves. Members approve the Arabic
    minutes; another language has another digest."""
    unsigned = replace(
        minutes, digest="", is_whole=True, attendance=tuple(replace(one, signed_at=None) for one in minutes.attendance)
    )
    return hashlib.sha256(canonical(msgspec.to_builtins(unsigned))).hexdigest()


def minutes_pdf(minutes: Minutes, words: Words | None = None) -> bytes:
    """The PDF; off the event loop. `words`: the association's. Raises FontMissing."""
    pages = drawn(minutes, "pdf", words)
    assert isinstance(pages, bytes)
    return pages


def drawn(minutes: Minutes, form: Form, words: Words | None = None, ppi: float = 144) -> bytes | list[bytes]:
    """The same as a PDF, or as one picture a page. Raises FontMissing."""
    page = _page(minutes, words or house_wording(minutes.language))
    return typeset("minutes.typ", page, minutes.starts, form, ppi)


def _page(minutes: Minutes, words: Words) -> dict[str, Any]:
    language = minutes.language
    number = in_digits(minutes.number, language)
    there = sum(one.present for one in minutes.attendance)
    page = {
        **frame(language, minutes.association, minutes.licence, words),
        "title": words("minutes.title"),
        "committee": minutes.committee,
        "number": words("minutes.number", number=number),
        "mark": words("minutes.mark", committee=minutes.committee, number=number),
        "draft": words("minutes.draft") if minutes.is_draft else "",
        "draft_why": words("minutes.draft_why"),
        "facts": list(_facts(minutes, there, words)),
        "attendance": words("minutes.attendance"),
        "attendance_head": [words(f"minutes.{name}") for name in ("name", "role", "presence")],
        "members": [
            [one.name, one.role, words("minutes.present" if one.present else "minutes.absent")]
            for one in minutes.attendance
        ],
        "agenda": words("minutes.agenda"),
        "empty": words("minutes.empty"),
        "items": [
            {
                "number": in_digits(place, language),
                "reference": item.reference,
                "about": item.service or words(f"kind.{item.kind}"),
                "lines": list(_lines(item, language, words)),
            }
            for place, item in enumerate(minutes.items, 1)
        ],
        "remarks_label": words("minutes.remarks"),
        "remarks": minutes.remarks,
        "approval": words("minutes.approval"),
        "approval_head": [words(f"minutes.{name}") for name in ("name", "role", "approved")],
        "approvals": [
            [one.name, one.role, at_said(one.signed_at, language, words) if one.signed_at else ""]
            for one in minutes.attendance
            if one.present
        ],
        "waiting": words("minutes.waiting"),
        "digest_label": words("minutes.digest"),
        "digest": minutes.digest,
        "digest_notes": [words(f"minutes.digest_{why}") for why in _differs(minutes)] if minutes.digest else [],
    }
    return drawable(page, as_is=("mark", "digest"))


def _differs(minutes: Minutes) -> Iterator[str]:
    """Why this copy is not, word for word, what its digest was made of."""
    if any(one.erased_at for one in minutes.items):
        yield "erased"
    if not minutes.is_whole:
        yield "parts"


def _facts(minutes: Minutes, there: int, words: Words) -> Iterator[list[str]]:
    language = minutes.language
    yield [words("minutes.when"), at_said(minutes.starts, language, words)]
    if minutes.ended:
        yield [words("minutes.ended"), at_said(minutes.ended, language, words)]
    if minutes.place:
        yield [words("minutes.place"), minutes.place]
    absent = len(minutes.attendance) - there
    counted = words("minutes.counted", present=in_digits(there, language), absent=in_digits(absent, language))
    yield [words("minutes.attendance"), counted]
    if there < QUORUM:
        yield [words("minutes.quorum"), words("minutes.few")]


def _lines(item: Item, language: str, words: Words) -> Iterator[list[str]]:
    """Label and value of what was found and decided; what was not said is left out."""
    if item.harm:
        found = item.harm
        fault = words(f"minutes.fault_{found.fault}") if found.fault else ""
        named = {"harm": found.what, "harm_size": found.size, "harm_causes": found.causes, "fault": fault}
        yield from ([words(f"minutes.{name}"), value] for name, value in named.items() if value)
    yield [words("minutes.decision"), item.decision or words("minutes.undecided")]
    if item.decision:
        yield [words("minutes.votes"), _votes(item, lambda count: in_digits(count, language), words)]
    needs = "\n".join(f"– {one}" for one in item.needs)
    gone = at_said(item.erased_at, language, words) if item.erased_at else ""
    named = {"reason": item.reason, "needs": needs, "remarks": item.remarks, "erased": gone}
    yield from ([words(f"minutes.{name}"), value] for name, value in named.items() if value)


def _votes(item: Item, digits: Callable[[int], str], words: Words) -> str:
    votes = item.votes
    if votes is None:
        return words("minutes.joint" if item.joint else "minutes.no_vote")
    return words(
        "minutes.counted_votes",
        votes_for=digits(votes.votes_for),
        against=digits(votes.against),
        abstained=digits(votes.abstained),
    )
