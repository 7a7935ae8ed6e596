"""The policy on one page: every clause, what fulfils it and its live figures; who signed it, and telling of a change.

Source: T preamble, Harif نطاق and المسؤوليات (everybody reads and signs), خ-3 (changed information is announced).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection
from starlette.responses import Response

from bot import governance
from bot.desk.at import At, Refused
from bot.desk.room import Room
from bot.figures import overview, rows_of, scope_of
from bot.papers.governance import Evidence
from conversations.association.policy_version import policy_version
from conversations.association.profile import Clause
from conversations.cases import period
from conversations.cases.calendar import by_day, here, said
from storage import circulation, figures, policy, staff
from storage.circulation import Version
from storage.staff import Colleague
from storage.times import ms

room = Room("policy", nav="/policy", right="policy")
SOON = timedelta(days=60)
"""Before a review day from which the page says so."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who signed the version at hand, and how it went round."""

    signed: dict[int, int]
    colleagues: list[Colleague]
    versions: list[Version]
    circulated: int | None
    hears: int


@room.get("/policy")
async def policy_page(at: At) -> Response:
    """Figures are for those who watch over the whole; everybody sees the clauses and what fulfils them."""
    profile = at.association.profile
    version = policy_version(profile)
    standing = await at.read(_standing, at, version)
    evidence, over = await _evidence(at)
    return at.page(
        "policy/policy.html",
        policy=profile.policy,
        facts=list(governance.policy_facts(profile, at.words)),
        version=version,
        clauses=[(clause, evidence[clause.id]) for clause in profile.clauses],
        over=over,
        in_words=lambda day: said(day, at.language),
        review=_review(profile.policy.review, here(at.now).date()),
        standing=standing,
        signed=sum(one.member.staff in standing.signed for one in standing.colleagues),
        changed=any(one.version != version for one in standing.versions),
        notice=at.association.wording[at.language](
            "policy_changed.said",
            title=profile.policy.title.to(at.language),
            association=profile.name.to(at.language),
            short=profile.short_name.to(at.language),
        ),
        knows_who=_names(at),
    )


@room.post("/policy/circulate", "library")
async def circulate(at: At) -> Response:
    """Each person with an open case hears once, by day."""
    version = policy_version(at.association.profile)
    if at.form.get("version") != version:
        raise Refused("policy.changed_meanwhile")

    def do(connection: Connection) -> None:
        now = ms(at.now)
        if not circulation.claim(connection, at.slug, version, now):
            raise Refused("policy.circulated_before")
        whom = circulation.who_hears(connection, at.slug)
        circulation.tell(connection, at.slug, version, whom, ms(by_day(at.now)))

    await at.write("policy.circulate", f"policy:{version}", do)
    return at.back("/policy", "policy_circulated")


def _standing(connection: Connection, at: At, version: str) -> Standing:
    return Standing(
        policy.signatures(connection, at.slug, version),
        staff.colleagues(connection, at.desk.vault, at.slug) if _names(at) else [],
        circulation.versions(connection, at.slug),
        circulation.circulated(connection, at.slug).get(version),
        len(circulation.who_hears(connection, at.slug)) if at.worker.may("library") else 0,
    )


def _names(at: At) -> bool:
    return at.worker.may("management") or at.worker.may("people")


async def _evidence(at: At) -> tuple[Mapping[str, tuple[Evidence, ...]], period.Period | None]:
    """By clause; with this month's figures for who may see them all."""
    clauses: tuple[Clause, ...] = at.association.profile.clauses
    if not at.worker.may("management"):
        return {clause.id: governance.named(clause, at.words) for clause in clauses}, None
    profile = at.association.profile
    over = period.named("month", "hijri", here(at.now).date())
    hidden = await at.read(figures.hidden, at.slug, at.worker.id)
    scope = scope_of(over, at.slug, at.worker.kinds, hidden)
    view = overview(await rows_of(at.read, scope, at.now, profile), over, "hijri", profile, at.language)
    proof = await governance.proof_of(at.read, scope)
    return {clause.id: governance.evidence(clause, view, proof, at.words) for clause in clauses}, over


def _review(review: date | None, today: date) -> str:
    """Missing, past, soon, or nothing to say."""
    if review is None:
        return "missing"
    return "past" if review < today else "soon" if review - today < SOON else ""
