"""The governance report's content: which figures and samples of a period are the evidence of each clause.

Source: T preamble, Harif د-5 and د-6. A table from what fulfils a clause to what shows it; what has no figure says that
it is in place. Counts below five are not shown where they would speak of complaints or of restricted cases: the report
leaves the house.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from bot.figures import Line, Overview, Read, Spread
from bot.papers.governance import ClauseRow, Evidence, Figure, Governance
from conversations.association.fulfilment import FULFILMENTS
from conversations.association.policy_version import policy_version
from conversations.association.profile import Clause, Profile
from conversations.cases.calendar import in_digits, said
from conversations.recorded import SOURCES
from storage import figures
from storage.figures import LEAST, Scope

Words = Any
"""The desk's."""
_GUARDED = frozenset({"complaint", "compensation"})
"""Kinds whose small numbers may point at somebody."""

SHOWN: Mapping[str, tuple[str, ...]] = {
    # What fulfils a clause: the figures that show it. `of` names a kind of case, `recorded` and `proof` a count.
    "flow.apply": ("opened:request",),
    "flow.complain": ("opened:complaint",),
    "flow.suggest": ("opened:suggestion",),
    "flow.ask": ("opened:inquiry",),
    "flow.volunteer": ("opened:volunteering",),
    "flow.my_data": ("opened:data_request",),
    "flow.staff": ("handed_over", "first_answer"),
    "handoff.helper": ("handed_over", "first_answer"),
    "channel.telegram": ("source:telegram",),
    "channel.whatsapp": ("source:whatsapp",),
    "channel.web_chat": ("source:web_chat",),
    "promise.request": ("decided:request", "kept:request", "days:request", "late:request"),
    "receipt": ("opened:request", "recorded:declarations"),
    "declaration": ("recorded:declarations",),
    "completeness": ("opened:request",),
    "consent": ("recorded:consents", "recorded:withdrawn_consents"),
    "case.request": ("opened:request", "decided:request", "open:request"),
    "case.complaint": ("opened:complaint", "decided:complaint", "acknowledged", "days:complaint"),
    "case.compensation": ("opened:compensation", "decided:compensation"),
    "case.suggestion": ("opened:suggestion", "decided:suggestion"),
    "case.inquiry": ("opened:inquiry", "decided:inquiry", "days:inquiry"),
    "case.volunteering": ("opened:volunteering", "decided:volunteering"),
    "case.data_request": ("opened:data_request", "decided:data_request"),
    "desk.record": ("by_staff", *(f"came:{source}" for source in SOURCES)),
    "desk.verification": ("proof:checks",),
    "desk.committee": ("proof:sittings", "decided:request"),
    "desk.delivery": ("recorded:delivered", "recorded:confirmed"),
    "desk.entitlements": ("recorded:delivered", "recorded:confirmed"),
    "desk.settlement": ("decided:complaint", "decided:compensation"),
    "desk.management": ("open", "overdue", "first_answer"),
    "desk.policy_signing": ("recorded:policy_signatures",),
    "committee_minutes": ("proof:sittings", "proof:minutes"),
    "appointments": ("proof:appointments",),
    "library": ("recorded:documents_sent",),
    "audit": ("proof:audit",),
    "survey.satisfaction": ("proof:waves", "proof:answered"),
    "survey.field": ("proof:field", "proof:interviews"),
    "survey.results": ("proof:waves", "proof:answered"),
    "supervisory_visits": ("proof:visits", "proof:visits_followed"),
    "improvement_log": ("proof:improvements", "proof:improved", "proof:published"),
    "broadcast.changes": ("proof:told_changes",),
    "broadcast.services": ("proof:told_services",),
}
SAMPLES: Mapping[str, tuple[str, str]] = {
    # What fulfils a clause: the kind of case it can be seen in, and the move, if one shows it.
    "flow.apply": ("request", ""),
    "declaration": ("request", ""),
    "promise.request": ("request", "accept"),
    "desk.verification": ("request", "pass_on"),
    "desk.committee": ("request", "accept"),
    "desk.delivery": ("request", "deliver"),
    "desk.entitlements": ("request", "register"),
    "case.inquiry": ("inquiry", "answer"),
    "case.suggestion": ("suggestion", ""),
    "flow.suggest": ("suggestion", ""),
    "flow.volunteer": ("volunteering", ""),
    "case.volunteering": ("volunteering", ""),
}
"""None of complaints and claims: even a reference may point at somebody."""


class Proof(NamedTuple):
    """What is read for the clauses beside the overview."""

    counts: dict[str, int]
    sources: dict[str, int]
    samples: dict[str, list[str]]


async def proof_of(read: Read, scope: Scope) -> Proof:
    """Slower than the overview: for a report and the policy page of a month."""
    wanted = [(kind, move) for kind, move in dict.fromkeys(SAMPLES.values()) if kind in scope.kinds]
    counts, sources, *found = await asyncio.gather(
        read(figures.proof, scope),
        read(figures.by_source, scope),
        *(read(figures.samples, scope, kind, move) for kind, move in wanted),
    )
    by_case = dict(zip(wanted, found, strict=True))
    return Proof(counts, sources, {id: by_case.get(of, []) for id, of in SAMPLES.items()})


def report(profile: Profile, view: Overview, proof: Proof, words: Words, now: datetime) -> Governance:
    """Everything the paper shows, in the language of `words`."""
    language = words.language
    return Governance(
        language=language,
        association=profile.name.to(language),
        licence=profile.licence,
        title=profile.policy.title.to(language),
        facts=tuple(policy_facts(profile, words)),
        first=view.over.first,
        last=view.over.last,
        made_at=now,
        summary=tuple(_summary(view, words)),
        clauses=tuple(
            ClauseRow(
                id=clause.id, text=clause.text, reading=clause.reading, evidence=evidence(clause, view, proof, words)
            )
            for clause in profile.clauses
        ),
    )


def evidence(clause: Clause, view: Overview, proof: Proof, words: Words) -> tuple[Evidence, ...]:
    """What fulfils a clause, each with what shows it."""
    return tuple(
        Evidence(
            what=words(f"fulfilment.{id}"),
            ready=FULFILMENTS[id],
            figures=tuple(_figures(id, view, proof, words)) if FULFILMENTS[id] else (),
            samples=tuple(proof.samples.get(id, ())) if FULFILMENTS[id] else (),
        )
        for id in clause.fulfilled_by
    )


def named(clause: Clause, words: Words) -> tuple[Evidence, ...]:
    """What fulfils a clause, without any figure."""
    return tuple(Evidence(what=words(f"fulfilment.{id}"), ready=FULFILMENTS[id]) for id in clause.fulfilled_by)


def policy_facts(profile: Profile, words: Words) -> Iterator[Figure]:
    """Approval as printed, review, what it supersedes, its version; what is not known is said to be so."""
    policy, language = profile.policy, words.language
    approved = policy.approval_printed or (said(policy.approved, language) if policy.approved else "")
    yield words("policy.approval"), approved or words("policy.not_printed")
    if policy.session:
        yield words("policy.session"), policy.session.to(language)
    if policy.signed_by:
        yield words("policy.signed_by"), policy.signed_by
    yield words("policy.review"), said(policy.review, language) if policy.review else words("policy.no_review")
    if policy.supersedes:
        yield words("policy.supersedes"), policy.supersedes
    yield words("policy.version"), policy_version(profile)


def span(seconds: float | None, words: Words) -> str:
    """«٣ ساعات»; empty for none."""
    if seconds is None:
        return ""
    minutes = max(round(seconds / 60), 1)
    unit, count = ("minutes", minutes) if minutes < 60 else ("hours", round(minutes / 60))
    return str(words(f"span.{unit}", count=count, number=in_digits(count, words.language)))


def _figures(id: str, view: Overview, proof: Proof, words: Words) -> Iterator[Figure]:
    for name in SHOWN.get(id, ()):
        what, _, of = name.partition(":")
        value = _NAMED[what](view, proof, of, words)
        if value != "":
            yield _label(what, of, words), in_digits(value, words.language)


def _label(what: str, of: str, words: Words) -> str:
    if what in ("recorded", "proof", "came"):
        return str(words(f"evidence.{what}.{of}"))
    if f"kinds.{of}" in words:
        return str(words(f"evidence.{what}", kind=words(f"kinds.{of}")))
    return str(words(f"evidence.{what}_all" if f"evidence.{what}_all" in words else f"evidence.{what}"))


def _line(view: Overview, kind: str) -> Line:
    return view.kinds.get(kind) or Line()


def _count(number: int, kind: str, words: Words) -> object:
    """Small numbers of complaints and claims are not said on paper; none is."""
    return words("evidence.few") if kind in _GUARDED and 0 < number < LEAST else number


def _percent(share: int | None, words: Words) -> str:
    return "" if share is None else str(words("evidence.percent", number=share))


def _days(waited: Spread, words: Words) -> str:
    if waited.median is None:
        return ""
    count = int(waited.median)
    return str(words("span.days", count=count, number=in_digits(count, words.language)))


_NAMED: Mapping[str, Callable[[Overview, Proof, str, Words], object]] = {
    "opened": lambda view, _, of, words: _count(_line(view, of).opened, of, words),
    "decided": lambda view, _, of, words: _count(_line(view, of).decided, of, words),
    "open": lambda view, _, of, words: _count(_line(view, of).open, of, words) if of else view.total.open,
    "overdue": lambda view, _, of, words: view.total.overdue,
    "late": lambda view, _, of, words: _line(view, of).late,
    "kept": lambda view, _, of, words: _percent(_line(view, of).kept, words),
    "days": lambda view, _, of, words: "" if _guarded(view, of) else _days(_line(view, of).days, words),
    "handed_over": lambda view, _, of, words: sum(view.reasons.values()),
    "first_answer": lambda view, _, of, words: span(view.answers.median, words),
    "acknowledged": lambda view, _, of, words: span(view.acknowledged.median, words),
    "source": lambda view, proof, of, words: proof.sources.get(of, 0),
    "by_staff": lambda view, proof, of, words: sum(proof.sources.get(source, 0) for source in SOURCES),
    "came": lambda view, proof, of, words: proof.sources.get(of) or "",
    "recorded": lambda view, _, of, words: view.recorded[of],
    "proof": lambda view, proof, of, words: proof.counts[of],
}


def _guarded(view: Overview, kind: str) -> bool:
    return kind in _GUARDED and _line(view, kind).decided < LEAST


def _summary(view: Overview, words: Words) -> Iterator[Figure]:
    language = words.language
    for kind, line in view.kinds.items():
        yield (
            _label("opened", kind, words),
            in_digits(_count(line.opened, kind, words), language),
        )
    if view.total.kept is not None:
        yield _label("kept", "", words), _percent(view.total.kept, words)
    if view.answers.median is not None:
        yield _label("first_answer", "", words), span(view.answers.median, words)
    yield (
        _label("restricted", "", words),
        (words("evidence.few") if view.restricted is None else in_digits(view.restricted, language)),
    )
