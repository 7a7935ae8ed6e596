"""What every filed case has in common: a reference, a promise, who it is about, the agreed channel; and its receipt."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from conversations.arabic.labels import LABELS
from conversations.arabic.phrases import phrases_in
from conversations.association.profile import Choice, ServiceField, Words
from conversations.cases import entitlement, lifecycle, missing
from conversations.cases.calendar import calendar_of, said
from conversations.cases.calendar import here as local
from conversations.cases.promise import Promised, promise_for, promise_lines
from conversations.cases.reference import new_reference
from conversations.conversation import Draft
from conversations.course import course_of, is_first, is_own
from conversations.effects import FileCase, LogConsent, NameAddress, Remember
from conversations.events import CaseMoved
from conversations.moment import Moment
from conversations.ways import queue
from conversations.wording import house_wording

PURPOSE = "case"
"""The consent that a request or complaint needs: to study this one and follow it up, nothing else."""

NAMED = {"whatsapp": "mobile", "sms": "mobile", "email": "email"}
"""Channels that can be agreed on by naming an address, and the answer that names it."""
BY_NUMBER = "reference"
"""No message at all: they ask by the number."""
IDENTITIES = ("saudi_id", "identity")


def plain_field(kind: str) -> ServiceField:
    """A field of the house's own: its words are the kind's."""
    words = {"ar": kind, "en": kind}
    return ServiceField.model_validate({"id": kind, "kind": kind, "title": words, "ask": words})


def house_choices(prefix: str, *ids: str) -> tuple[Choice, ...]:
    """Choices whose titles are the house's own words (`<prefix>.<id>`), not a profile's."""
    arabic, english = house_wording("ar"), house_wording("en")

    def about(key: str) -> Words | None:
        return Words(ar=arabic(key), en=english(key)) if key in arabic else None

    return tuple(
        Choice(
            id=one,
            title=Words(ar=arabic(f"{prefix}.{one}"), en=english(f"{prefix}.{one}")),
            about=about(f"{prefix}.{one}.about"),
            words=tuple(phrases_in(LABELS.get(f"{prefix}.{one}", ""))),
        )
        for one in ids
    )


def answers_of(moment: Moment, draft: Draft) -> dict[str, Any]:
    """The answers that count: of steps that apply, in the order of the flow, without what was skipped."""
    return {
        step.id: draft.answers[step.id]
        for step in course_of(moment, draft).steps
        if draft.answers.get(step.id) is not None and step.applies(draft) and step.kind == "ask"
    }


def reference_for(moment: Moment) -> str:
    return new_reference(moment.world.draw("reference"), moment.profile.reference_prefix)


def promised_for(moment: Moment, kind: str) -> Promised:
    return promise_for(moment.profile, kind, moment.world.now, calendar_of(moment.profile))


def promise_text(moment: Moment, promised: Promised) -> str:
    return " ".join(promise_lines(promised, moment.language, moment.words))


def how_told(moment: Moment, agreed: str) -> str:
    """The agreed channel as a part of a sentence."""
    channel = moment.world.traits.name if agreed == "here" else agreed
    if agreed == "whatsapp" != moment.world.traits.name:
        return moment.words("told.whatsapp_later")
    if f"told.{channel}" in moment.wording:
        return moment.words(f"told.{channel}")
    return moment.words("told.channel", channel=moment.words(f"channel.{channel}"))


def agreed_channel(moment: Moment, answers: dict[str, Any]) -> str:
    """What was agreed, "here" resolved to the channel it was said on."""
    chosen = str(answers.get("agreed_channel") or "here")
    return moment.world.traits.name if chosen == "here" else chosen


def file(moment: Moment, draft: Draft, kind: str, stage: str, **more: Any) -> FileCase:
    """The effect that opens a case of this draft. `more` overrides or adds fields."""
    answers = more.pop("answers", None) or answers_of(moment, draft)
    promised = promised_for(moment, kind)
    fields: dict[str, Any] = {
        "reference": reference_for(moment),
        "kind": kind,
        "stage": stage,
        "service": draft.subject,
        "answers": answers,
        "completed_at": moment.world.now,
        "earliest": promised.earliest,
        "latest": promised.latest,
        "next_update": promised.next_update,
        "agreed_channel": agreed_channel(moment, answers),
        "member": moment.conversation.member,
        "source": moment.world.traits.name,
    }
    fields.update(more)
    case = FileCase(**fields)
    moment.do(case)
    if not case.anonymous:
        name_address(moment, case.reference, case.agreed_channel, answers)
    return case


def name_address(moment: Moment, reference: str, agreed: str, answers: dict[str, Any]) -> None:
    """An address elsewhere that was agreed on: its owner is asked there whether it is theirs."""
    if agreed not in NAMED or answers.get("agreed_channel") == "here":
        return
    named = answers.get("agreed_address") or answers.get(NAMED[agreed])
    if not named and agreed == moment.world.traits.name:
        return  # it is this one
    # In small letters, as whoever writes from there is known.
    if handle := str(named or moment.world.person.facts.get(NAMED[agreed]) or "").lower():
        moment.do(NameAddress(channel=agreed, handle=handle, reference=reference))


def remember(moment: Moment, draft: Draft) -> None:
    """Facts to be offered next time instead of asked, from the steps that name one. Where the number may have become
    another's, the identity given with it says whether it has: theirs proves it, another lays nothing over what is
    known, and staff look."""
    facts = {
        step.known_as: draft.answers[step.id]
        for step in course_of(moment, draft).steps
        if is_own(step, draft) and draft.answers.get(step.id) is not None and step.applies(draft)
    }
    if not facts or not is_first(moment.conversation):
        return
    if is_unproven(moment):
        given = identities_in(moment, facts)
        if not any(one in identities(moment) for one in given):
            if given:
                queue(moment, "identity_not_proven")
            return
        moment.conversation.proof_needed = False
    moment.do(Remember(facts=facts))


def identities(moment: Moment) -> list[Any]:
    """The numbers they are known by here: of the fields whose kind is an identity."""
    return identities_in(moment, moment.world.person.facts)


def identities_in(moment: Moment, facts: Mapping[str, Any]) -> list[Any]:
    return [facts[field.id] for field in moment.profile.common if field.kind in IDENTITIES and field.id in facts]


def is_unproven(moment: Moment) -> bool:
    """The number may be another's by now, and there is something of its owner's to keep from them."""
    return moment.conversation.proof_needed and bool(moment.world.cases or moment.world.person.facts)


def log_consent(moment: Moment, purpose: str, given: bool, reference: str = "") -> None:
    version = moment.profile.privacy.notice_version
    moment.do(LogConsent(purpose=purpose, given=given, wording_version=version, reference=reference))


def heard_by(moment: Moment, kind: str, restricted: bool) -> str:
    """Who looks at a case of this kind, as its person is told: what is restricted comes before no committee."""
    if restricted:
        return moment.words("case.heard_apart")
    return lifecycle.committee_for(moment.profile, kind).to(moment.language)


def facts_of(moment: Moment, event: CaseMoved) -> dict[str, str]:
    """What the words of a move may interpolate; days are said in both calendars."""
    service = moment.profile.service(event.service) if event.service else None
    now = moment.world.now
    days = {name: getattr(event, name) for name in ("earliest", "latest", "next_update")}
    promised = Promised(**{name: at if at is not None and at >= now else None for name, at in days.items()})
    facts = {
        "reference": event.reference,
        "title": service.title.to(moment.language) if service else moment.words(f"kind.{event.kind}"),
        "service": service.title.to(moment.language) if service else moment.words(f"kind.{event.kind}"),
        "committee": heard_by(moment, event.kind, event.restricted),
        "promise": " ".join(promise_lines(promised, moment.language, moment.words)),
    }
    for name, at in days.items():
        facts[name] = said(local(at).date(), moment.language) if at else ""
    if event.until is not None:
        facts["until"] = said(local(event.until).date(), moment.language)
    if lifecycle.LIFECYCLES[event.kind].steps[event.from_stage, event.move].starts == "objection":
        words = f"objecting.{event.kind}.{'open' if event.until else 'over'}"
        facts["objecting"] = moment.words(words, until=facts.get("until", ""))
    for key, value in event.given.items():
        day, coded = day_in(value), f"given.{key}.{value}"
        plain = moment.words(coded) if coded in moment.wording else value
        facts[key] = said(day, moment.language) if day else plain
    if event.given.get("amount"):
        facts["what"] = entitlement.named(facts["what"], event.given["amount"], moment.language, moment.words)
    facts["counted"] = moment.words(f"counted.{event.given.get('counted', 'anew')}")
    if event.latest is not None and event.latest < now:
        facts["counted"] += "\n" + moment.words("track.late", latest=facts["latest"])
    if event.missing:
        facts["items"] = missing.listed(event.missing, moment.profile, event.service, moment.language)
    if event.owed:
        facts["entitlements"] = entitlement.listed(event.owed, moment.language, moment.words)
    return facts


def day_in(value: str) -> date | None:
    """The day that an ISO date names; None for other words, and for a day that no calendar has."""
    try:
        return date.fromisoformat(value) if len(value) == 10 and value[4] == "-" else None
    except ValueError:
        return None
