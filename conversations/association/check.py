"""Whether a profile makes sense: what its types cannot tell. Each mistake stops start-up (`notes.py`: what does not).

Every rule is a small generator over the profile; `_RULES` lists them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import BaseModel

from conversations.association import check_reach, check_surveys
from conversations.association.association import Association
from conversations.association.fulfilment import FULFILMENTS
from conversations.association.mistakes import Found, Mistake, meant
from conversations.association.profile import Choice, Profile, Service, ServiceField, WordList, Words
from conversations.says import BUTTON_TITLE, ROW_ABOUT, ROW_TITLE

FIELD_KINDS = frozenset(
    "short_text long_text choice choices number money date birth_date yes_no saudi_id identity phone iban "  # noqa: SIM905
    "short_address email cr_number document photo voice location rating signature".split()
)
CHOICE_KINDS = frozenset({"choice", "choices"})
CASE_KINDS = ("request", "complaint", "compensation", "suggestion", "inquiry", "volunteering", "data_request")
SERVED = frozenset(
    "telegram whatsapp web_chat sms email interview phone letter fax volunteering branch_delegate aid_request".split()  # noqa: SIM905
)
"""The channels of the product and the sources that staff record."""
KEPT = (*CASE_KINDS, "draft", "conversation")
"""What a retention period can be set for."""
CHATS = ("telegram", "whatsapp", "web_chat")
CANNED = ("name", "reference", "association", "short")
"""What a reply at hand may interpolate."""
CANNED_LENGTH = 1000
"""Characters that leave room for what a worker adds, on every channel."""
ASKED_BY_APPLY: dict[str, tuple[str, ...]] = {"who": ("self", "relative", "guardian", "agent", "organisation")}
"""Steps of the apply flow itself that a field's `ask_if` may look at, with their values."""
STEPS_OF_FLOWS = frozenset(
    "service details consent who applicant_name guardianship agency agency_until organisation_name "  # noqa: SIM905
    "cr_number consent_by their_phone consent_sensitive agreed_channel email review declaration".split()
)
"""Ids a field may not take."""
BUTTONS = 3
"""Up to so many options are shown as buttons everywhere; more become a list."""
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def check(association: Association) -> list[Mistake]:
    """What must be put right before this association can be served."""
    file = profile_file(association)
    return [Mistake(file, *found) for rule in _RULES for found in rule(association.profile)]


def profile_file(association: Association) -> str:
    folder = association.folder or Path("deploy/associations", association.slug)
    path = folder / "profile.toml"
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


# Walking


def _forms(profile: Profile) -> Iterator[tuple[str, Sequence[ServiceField], Sequence[ServiceField]]]:
    """Each form a person fills in: where it stands, its own fields, and the fields asked before them."""
    yield "", profile.common, ()
    for service in profile.services:
        yield f'service "{service.id}"', service.fields, profile.common
    yield "", profile.volunteering, ()


def _named_fields(profile: Profile) -> Iterator[tuple[str, ServiceField]]:
    for field in profile.common:
        yield f'common_field "{field.id}"', field
    for service in profile.services:
        for field in service.fields:
            yield f'service "{service.id}", field "{field.id}"', field
    for field in profile.volunteering:
        yield f'volunteer_field "{field.id}"', field


def lists(profile: Profile) -> Iterator[tuple[str, Sequence[Choice | Service]]]:
    """Everything a person is asked to choose from."""
    yield "service", profile.services
    yield "complaints, subjects", profile.complaints.subjects
    yield "complaints, remedies", profile.complaints.remedies
    for where, field in _named_fields(profile):
        if field.choices:
            yield f"{where}, choices", field.choices
    for survey in profile.surveys:
        for question in survey.questions:
            if question.choices:
                yield f'survey "{survey.id}", question "{question.id}", choices', question.choices


def tables(value: Any, where: str = "") -> Iterator[tuple[str, BaseModel]]:
    """Every table of the profile with the way to it."""
    if isinstance(value, BaseModel):
        yield where, value
        for name, field in type(value).model_fields.items():
            yield from tables(getattr(value, name), f"{where}, {field.alias or name}" if where else field.alias or name)
    elif isinstance(value, tuple):
        for number, one in enumerate(value, 1):
            name = getattr(one, "id", "") or getattr(one, "name", "")
            yield from tables(one, f'{where} "{name}"' if isinstance(name, str) and name else f"{where} {number}")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from tables(one, f'{where} "{key}"')


# Mistakes


def _ids(profile: Profile) -> Iterator[Found]:
    groups: list[tuple[str, Sequence[Any], bool]] = [
        ("channel", profile.policy_channels, True),
        ("tool", profile.tools, True),
        ("clause", profile.clauses, False),
        ("hotline", profile.hotlines, True),
        ("season", profile.hours.seasons, True),
        ("canned_reply", profile.canned_replies, True),
        *((where, members, True) for where, members in lists(profile)),
    ]
    for where, own, before in _forms(profile):
        kind = f"{where}, field" if where else "common_field" if own is profile.common else "volunteer_field"
        groups.append((kind, own, True))
        common = {field.id for field in before}
        for field in own:
            if field.id in common:
                yield f'{kind} "{field.id}"', "is asked as a common field already", "leave it out, or rename it"
            if field.expires and (field.kind not in ("document", "photo") or field.optional):
                yield f'{kind} "{field.id}"', "expires, and is no paper that everybody gives", "remove expires"
            if field.id in STEPS_OF_FLOWS:
                yield f'{kind} "{field.id}"', "is the name of a step of the dialogue itself", "rename it"
    for where, members, coded in groups:
        seen: set[str] = set()
        for member in members:
            if member.id in seen:
                yield f'{where} "{member.id}"', "stands twice", "rename or remove one"
            seen.add(member.id)
            if coded and not _ID.fullmatch(member.id):
                problem = f'id "{member.id}" is not usable'
                yield where, problem, "use at most 40 of a-z, 0-9, - and _, beginning with a letter or digit"


def _words(profile: Profile) -> Iterator[Found]:
    for where, table in tables(profile):
        if isinstance(table, Words):
            for language in ("ar", "en"):
                if not getattr(table, language).strip():
                    yield where, f'no words in "{language}"', "write them"
        elif isinstance(table, WordList):
            if len(table.ar) != len(table.en):
                yield where, f"{len(table.ar)} lines in Arabic, {len(table.en)} in English", "say the same in both"
            if not all(line.strip() for line in (*table.ar, *table.en)):
                yield where, "has an empty line", "write or remove it"


def _lengths(profile: Profile) -> Iterator[Found]:
    for where, members in lists(profile):
        few = len(members) <= BUTTONS
        room, what = (BUTTON_TITLE, "button") if few else (ROW_TITLE, "list row")
        for member in members:
            for language in ("ar", "en"):
                title, about = member.title.to(language), member.about.to(language) if member.about else ""
                if len(title) > room:
                    problem = f"title.{language} has {len(title)} characters, a {what} shows {room}"
                    yield f'{where} "{member.id}"', problem, f'shorten "{title}"'
                if len(about) > ROW_ABOUT:
                    problem = f"about.{language} has {len(about)} characters, a list row shows {ROW_ABOUT}"
                    yield f'{where} "{member.id}"', problem, f'shorten "{about}"'


def _kinds(profile: Profile) -> Iterator[Found]:
    for where, field in _named_fields(profile):
        if field.kind not in FIELD_KINDS:
            yield where, f'unknown kind "{field.kind}"', meant(field.kind, FIELD_KINDS)
        elif field.kind in CHOICE_KINDS and len(field.choices) < 2:
            yield where, f'kind "{field.kind}" has {len(field.choices)} choices', "list at least two"
        elif field.choices and field.kind not in CHOICE_KINDS:
            yield where, f'kind "{field.kind}" takes no choices', 'use kind "choice", or remove them'
        if field.least is not None and field.most is not None and field.least > field.most:
            yield where, f"least {field.least:g} is more than most {field.most:g}", "exchange them"
        if field.at_most < 1:
            yield where, f"at_most is {field.at_most}", "at least 1"


def _reachable(profile: Profile) -> Iterator[Found]:
    """An `ask_if` that can never hold hides its question for good."""
    for where, field, before in _conditional(profile):
        assert field.ask_if is not None
        asked = field.ask_if.field
        earlier = next((one for one in before if one.id == asked), None)
        if earlier is None and asked not in ASKED_BY_APPLY:
            names = [one.id for one in before] + list(ASKED_BY_APPLY)
            yield where, f'is asked only after "{asked}", which no earlier field is', meant(asked, names)
            continue
        if not field.ask_if.among:
            yield where, "is never asked: ask_if.among is empty", f'list the answers to "{asked}" that lead here'
            continue
        possible = ASKED_BY_APPLY[asked] if earlier is None else _values(earlier)
        if possible is None:
            yield where, f'"{asked}" has no fixed answers to look at', 'let ask_if look at a "choice" or "yes_no"'
            continue
        for value in field.ask_if.among:
            if not any(value is one or (value == one and type(value) is type(one)) for one in possible):
                shown = ", ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in possible)
                yield where, f'"{asked}" is never answered "{value}"', f"use: {shown}"


def _conditional(profile: Profile) -> Iterator[tuple[str, ServiceField, Sequence[ServiceField]]]:
    names = iter(_named_fields(profile))
    for _, own, before in _forms(profile):
        for number, field in enumerate(own):
            where, _ = next(names)
            if field.ask_if is not None:
                yield where, field, (*before, *own[:number])


def _values(field: ServiceField) -> tuple[str | int | bool, ...] | None:
    if field.kind == "choice":
        return tuple(choice.id for choice in field.choices)
    if field.kind == "yes_no":
        return (True, False)
    return tuple(range(1, 6)) if field.kind == "rating" else None


def _clauses(profile: Profile) -> Iterator[Found]:
    for clause in profile.clauses:
        if not clause.fulfilled_by:
            yield f'clause "{clause.id}"', "nothing fulfils it", "name in fulfilled_by what does"
        for one in clause.fulfilled_by:
            if one not in FULFILMENTS:
                yield f'clause "{clause.id}"', f'unknown fulfilment "{one}"', meant(one, FULFILMENTS)
        if not clause.text.strip():
            yield f'clause "{clause.id}"', "has no text", "write it as printed"
    known = {clause.id for clause in profile.clauses}
    named = chain(
        ((f'channel "{one.id}"', one.clause) for one in profile.policy_channels),
        ((f'tool "{one.id}"', one.clause) for one in profile.tools),
        ((f'promise "{kind}"', one.clause) for kind, one in profile.promises.items() if one.clause),
    )
    for where, id_ in named:
        if id_ not in known:
            yield where, f'unknown clause "{id_}"', meant(id_, known)


def _channels(profile: Profile) -> Iterator[Found]:
    taken: dict[str, str] = {}
    for channel in profile.policy_channels:
        for served in channel.serves:
            where = f'channel "{channel.id}"'
            if served not in SERVED:
                yield where, f'serves the unknown "{served}"', meant(served, SERVED)
            if served in taken:
                yield where, f'"{served}" counts as "{taken[served]}" already', "keep it in one of them"
            taken.setdefault(served, channel.id)
    for chat in CHATS:
        if chat not in taken:
            yield "channel", f'no channel of the policy serves "{chat}"', "add it to the one it counts as"


def _promises(profile: Profile) -> Iterator[Found]:
    if "request" not in profile.promises:
        yield "promise", "no promise for a request", "add [promise.request]"
    for kind, promise in profile.promises.items():
        where = f'promise "{kind}"'
        if kind not in CASE_KINDS:
            yield where, "no such kind of case", meant(kind, CASE_KINDS)
        if promise.rule == "none":
            if promise.amount or promise.aim:
                yield where, 'rule "none" takes no amount and no aim', "remove them, or choose another rule"
            if promise.next_update_days is None:
                yield where, "promises neither a date nor an update", "set next_update_days"
        elif not promise.amount:
            yield where, f'rule "{promise.rule}" needs an amount', "set amount to more than 0"
        if promise.aim is not None and promise.rule == "at_most":
            yield where, 'rule "at_most" takes no aim', "remove it"
        elif promise.aim is not None and promise.aim < promise.amount:
            yield where, f"aims at {promise.aim}, earlier than {promise.amount}", "aim at the same or later"


def _hours(profile: Profile) -> Iterator[Found]:
    if sum(not season.hijri_months for season in profile.hours.seasons) != 1:
        yield "hours", "exactly one season must be without hijri_months", "it is the rest of the year"
    taken: set[int] = set()
    for season in profile.hours.seasons:
        where = f'hours, season "{season.id}"'
        if not season.days:
            yield where, "has no days", "list the days the office is open"
        if len(set(season.days)) != len(season.days):
            yield where, "names a day twice", "keep one"
        if season.opens >= season.closes:
            yield where, "closes before it opens", "exchange opens and closes"
        if (season.women_opens is None) != (season.women_closes is None):
            yield where, "women's hours need both ends", "set women_opens and women_closes"
        elif season.women_opens and season.women_closes and season.women_opens >= season.women_closes:
            yield where, "women's hours end before they begin", "exchange women_opens and women_closes"
        for month in season.hijri_months:
            if not 1 <= month <= 12:
                yield where, f"there is no Hijri month {month}", "use 1 to 12; Ramadan is 9"
            elif month in taken:
                yield where, f"Hijri month {month} belongs to another season already", "keep it in one"
            taken.add(month)


def _prayer(profile: Profile) -> Iterator[Found]:
    """Exchanged, both would still be degrees."""
    if left := profile.notices.prayer:
        for name, degrees, least, most in (
            ("latitude", left.latitude, 16, 33),
            ("longitude", left.longitude, 34, 56),
        ):
            if not least <= degrees <= most:
                problem = f"{name} {degrees:g} is not in the Kingdom"
                yield "notices, prayer", problem, f"degrees between {least} and {most}; Makkah is 21.42 and 39.83"


def _hotlines(profile: Profile) -> Iterator[Found]:
    """Someone in danger is shown numbers at once, so the first ones must be there (DOMAIN law 10)."""
    given = {hotline.id for hotline in profile.hotlines}
    for needed in ("social_protection", "child", "ambulance", "psychological"):
        if needed not in given:
            yield "hotline", f'no "{needed}"', "add it; confirmed = false until the association confirms it"
    if not given & {"police", "emergency"}:
        yield "hotline", 'neither "police" nor "emergency"', "add 999, or 911 where it serves"
    for hotline in profile.hotlines:
        if not re.fullmatch(r"\+?[0-9]{3,15}", hotline.number):
            yield f'hotline "{hotline.id}"', f'number "{hotline.number}" cannot be dialled', "digits only"


def _canned(profile: Profile) -> Iterator[Found]:
    for reply in profile.canned_replies:
        for language in ("ar", "en"):
            where, text = f'canned_reply "{reply.id}", text.{language}', reply.text.to(language)
            if len(text) > CANNED_LENGTH:
                yield where, f"{len(text)} characters", f"at most {CANNED_LENGTH}"
            try:
                names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
            except ValueError:
                names = {"{"}
            for name in sorted(names.difference(CANNED)):
                yield where, f'unknown placeholder "{{{name}}}"', meant(name, CANNED)


def _retention(profile: Profile) -> Iterator[Found]:
    for kind, days in profile.privacy.retention_days.items():
        if kind not in KEPT:
            yield "privacy, retention_days", f'unknown kind "{kind}"', meant(kind, KEPT)
        if days < 1:
            yield "privacy, retention_days", f'"{kind}" is kept {days} days', "at least 1"


def _who(profile: Profile) -> Iterator[Found]:
    if not profile.services:
        yield "service", "no service", "add at least one"
    for service in profile.services:
        if not service.who:
            yield f'service "{service.id}"', "nobody may apply", "list who may"
        if service.sensitive_purpose and not any(field.sensitive for field in service.fields):
            problem = f'asks consent for "{service.sensitive_purpose}" and no field is sensitive'
            yield f'service "{service.id}"', problem, "mark the field, or remove sensitive_purpose"


_RULES: tuple[Callable[[Profile], Iterable[Found]], ...] = (
    _ids,
    _words,
    _lengths,
    _kinds,
    _reachable,
    _clauses,
    _channels,
    _promises,
    _hours,
    _prayer,
    _hotlines,
    _canned,
    _retention,
    _who,
    *check_reach.RULES,
    *check_surveys.RULES,
)
