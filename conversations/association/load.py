"""Reads `deploy/associations/<slug>/` into associations, and turns every mistake into file, place and remedy.

Nothing is reported one at a time: whoever edits a profile sees the whole list.
"""

import re
import string
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from conversations.association.association import Association, KnowledgeEntry
from conversations.association.check import check
from conversations.association.mistakes import Mistake, ProfileMistakes, meant
from conversations.association.profile import Profile
from conversations.says import ROW_TITLE
from conversations.surveys.ready import completed, ready
from conversations.wording import LANGUAGES, Wording, house_wording, read_catalogue, with_overrides

RESERVED = frozenset(
    "telegram twilio desk health metrics static form receipt docs openapi sse web chat api".split()  # noqa: SIM905
)
"""Slugs that would hide a route of the server."""
ALWAYS_GIVEN = frozenset({"association", "short"})
"""Placeholders every sentence may use (Moment.words)."""


def load_association(folder: Path) -> Association:
    """Raises ProfileMistakes with all there are."""
    association, mistakes = _read(folder)
    if association is None or mistakes:
        raise ProfileMistakes(mistakes)
    return association


def load_associations(folder: Path) -> list[Association]:
    """Every association below this folder, by slug. Raises ProfileMistakes with the mistakes of all of them."""
    associations, mistakes = read_associations(folder)
    if mistakes:
        raise ProfileMistakes(mistakes)
    return associations


def read_associations(folder: Path) -> tuple[list[Association], list[Mistake]]:
    """The same without raising: what could be read, and every mistake found (`wasl check`)."""
    mistakes: list[Mistake] = []
    associations: list[Association] = []
    folders = sorted(f for f in folder.iterdir() if f.is_dir() and f.name[0] not in "._") if folder.is_dir() else []
    if not folders:
        return [], [
            Mistake(_shown(folder), "", "no association here", "copy the folder of one, or set WASL_ASSOCIATIONS")
        ]
    for one in folders:
        association, found = _read(one)
        mistakes += found
        if association is not None:
            associations.append(association)
    return associations, mistakes + list(_shared(associations))


def _shared(associations: Iterable[Association]) -> Iterator[Mistake]:
    """What two associations may not have in common."""
    for key in ("slug", "reference_prefix"):
        taken: dict[str, str] = {}
        for association in associations:
            value, file = getattr(association.profile, key), _profile_file(association.folder or Path())
            if value in taken:
                yield Mistake(file, "", f'{key} "{value}" is already that of {taken[value]}', "choose another")
            taken.setdefault(value, file)


def _read(folder: Path) -> tuple[Association | None, list[Mistake]]:
    profile, mistakes = _read_profile(folder)
    wording: dict[str, Wording] = {}
    knowledge: dict[str, tuple[KnowledgeEntry, ...]] = {}
    for language in LANGUAGES:
        wording[language], found = _read_overrides(folder / f"wording.{language}.po", language)
        mistakes += found
        knowledge[language], found = _read_knowledge(folder / f"knowledge.{language}.md")
        mistakes += found
    if profile is None:
        return None, mistakes
    association = Association(profile, wording, knowledge, folder)
    return association, mistakes + list(_placed(profile, folder)) + check(association)


def _placed(profile: Profile, folder: Path) -> Iterator[Mistake]:
    """What only the folder can tell: its name, and the documents that should lie in it."""
    file = _profile_file(folder)
    if profile.slug in RESERVED:
        yield Mistake(file, "", f'slug "{profile.slug}" is also a route of the server', "choose another slug")
    if profile.slug != folder.resolve().name:
        problem = f'slug "{profile.slug}" differs from the folder\'s name "{folder.resolve().name}"'
        yield Mistake(file, "", problem, "make them the same")
    for tool in profile.tools:
        if tool.file and not (folder / "documents" / tool.file).is_file():
            where = f'tool "{tool.id}"'
            yield Mistake(file, where, f'no file "{tool.file}" in documents/', "put it there, or leave the key out")


# The profile


def _read_profile(folder: Path) -> tuple[Profile | None, list[Mistake]]:
    path = folder / "profile.toml"
    file = _profile_file(folder)
    try:
        raw = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return None, [Mistake(file, "", "no such file", "copy the profile.toml of another association")]
    except UnicodeDecodeError:
        return None, [_not_utf8(path)]
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at ")
        return None, [Mistake(file, place.rstrip(")"), message, "see https://toml.io for how a value is written")]
    raw, unknown = completed(raw)
    mistakes = [
        Mistake(file, f'survey "{id}"', f'no ready survey "{name}"', meant(name, ready())) for id, name in unknown
    ]
    try:
        profile = Profile.model_validate(raw)
    except ValidationError as error:
        return None, mistakes + _translated(file, raw, error)
    return (None if mistakes else profile), mistakes


def _translated(file: str, raw: dict[str, Any], error: ValidationError) -> list[Mistake]:
    details = error.errors(include_url=False)
    unknown = {d["loc"]: meant(str(d["loc"][-1]), _keys_at(d["loc"][:-1])) for d in details if _is_unknown(d)}
    corrected = {(loc[:-1], remedy) for loc, remedy in unknown.items()}
    mistakes = []
    for detail in details:
        loc = detail["loc"]
        if detail["type"] == "missing" and (loc[:-1], f'did you mean "{loc[-1]}"?') in corrected:
            continue  # the mistyped key says it already
        if loc in unknown:
            problem, remedy = f'unknown key "{loc[-1]}"', unknown[loc]
        else:
            problem, remedy = _said(detail)
        above = loc[:-1] if isinstance(loc[-1], str) else loc
        mistakes.append(Mistake(file, _place(raw, above), problem, remedy))
    return mistakes


def _is_unknown(detail: Mapping[str, Any]) -> bool:
    return bool(detail["type"] == "extra_forbidden")


_SAID: tuple[tuple[str, str, str], ...] = (
    # pydantic's error type begins with, what is wrong, what to do
    ("missing", 'missing key "{key}"', "add it"),
    ("literal_error", '"{key}" is "{value}"', "use one of: {expected}"),
    ("string_type", '"{key}" must be text', "put it in quotation marks"),
    ("string_pattern_mismatch", '"{key}" is "{value}"', "write it in the form {pattern}"),
    ("bool", '"{key}" must be true or false', "write it without quotation marks"),
    ("int", '"{key}" must be a whole number', "write it without quotation marks"),
    ("float", '"{key}" must be a number', "write it without quotation marks"),
    ("date", '"{key}" must be a date', "write it as 2026-11-22"),
    ("time", '"{key}" must be a time of day', 'write it as "08:00"'),
    ("greater_than_equal", '"{key}" is too small', "at least {ge}"),
    ("greater_than", '"{key}" is too small', "more than {gt}"),
    ("tuple_type", '"{key}" must be a list', "write it between [ and ]"),
    ("model_type", '"{key}" must be a table', "write it between {{ and }}"),
    ("dict_type", '"{key}" must be a table', "write it between {{ and }}"),
)


def _said(detail: Mapping[str, Any]) -> tuple[str, str]:
    key = next((one for one in reversed(detail["loc"]) if isinstance(one, str)), "")  # of a list, its own
    known = {"key": key, "value": detail.get("input"), **detail.get("ctx", {})}
    for begins, problem, remedy in _SAID:
        if detail["type"].startswith(begins):
            return problem.format_map(known), remedy.format_map(known)
    return f'"{known["key"]}": {detail["msg"]}', "correct it"


def _place(raw: Any, loc: tuple[int | str, ...]) -> str:
    """`service "project-support", field "iban"`: the way down, by the ids people gave rather than by numbers."""
    parts: list[str] = []
    for key in loc:
        if isinstance(key, int):
            raw = raw[key] if isinstance(raw, list) and key < len(raw) else None
            name = raw.get("id") or raw.get("name") if isinstance(raw, dict) else None
            parts[-1] += f' "{name}"' if isinstance(name, str) else f" {key + 1}"
        else:
            raw = raw.get(key) if isinstance(raw, dict) else None
            parts.append(key)
    return ", ".join(parts)


def _keys_at(loc: tuple[int | str, ...]) -> set[str]:
    """The keys a table at this place may have."""
    kind: Any = Profile
    for key in loc:
        kind = _below(kind, key)
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return set()
    return {field.alias or name for name, field in kind.model_fields.items()}


def _below(kind: Any, key: int | str) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        kind = fields[str(key)].annotation if str(key) in fields else None
    else:
        kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
    if get_origin(kind) in (Union, UnionType):  # `Words | None`
        kind = next(one for one in get_args(kind) if one is not type(None))
    return kind


# Words of its own


def _read_overrides(path: Path, language: str) -> tuple[Wording, list[Mistake]]:
    if not path.exists():
        return house_wording(language), []
    from babel.messages.pofile import PoFileError

    try:
        overrides, _ = read_catalogue(path)
    except UnicodeDecodeError:
        return house_wording(language), [_not_utf8(path)]
    except PoFileError as error:
        problem = str(error).removesuffix(f" on {error.lineno}")
        where = f"line {error.lineno + 1}"  # babel counts from nought
        return house_wording(language), [Mistake(_shown(path), where, problem, "correct the line")]
    house = house_wording(language)
    mistakes = [
        Mistake(_shown(path), where, problem, remedy)
        for key, sentence in overrides.items()
        for where, problem, remedy in _against(house, key, sentence)
    ]
    return with_overrides(language, overrides), mistakes


def _against(house: Wording, key: str, sentence: str | tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    if key not in house:
        yield "", f'unknown key "{key}"', meant(key, house.sentences)
        return
    if (wanted_forms := _forms(house.sentences[key])) != (given_forms := _forms(sentence)):
        yield f'"{key}"', f"has {given_forms} forms, the language needs {wanted_forms}", "write each msgstr"
        return
    wanted, given = _placeholders(house.sentences[key]), _placeholders(sentence)
    for name in sorted(wanted - given - ALWAYS_GIVEN):
        yield f'"{key}"', f"does not say {{{name}}}", "put the placeholder in"
    for name in sorted(given - wanted - ALWAYS_GIVEN):
        yield f'"{key}"', f"unknown placeholder {{{name}}}", meant(name, wanted | ALWAYS_GIVEN)


def _forms(sentence: str | tuple[str, ...]) -> int:
    return 1 if isinstance(sentence, str) else sum(1 for form in sentence if form)


def _placeholders(sentence: str | tuple[str, ...]) -> set[str]:
    """Over all forms of a counted sentence together: «طلب واحد» needs no number. A broken brace counts as a name."""
    forms = (sentence,) if isinstance(sentence, str) else sentence
    try:
        return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name is not None}
    except ValueError:
        return {"{"}


# Knowledge

_HEADING = re.compile(r"^##\s+(.+?)\s*$")
_QUESTION = re.compile(r"^-\s+(.+?)\s*$")


def _read_knowledge(path: Path) -> tuple[tuple[KnowledgeEntry, ...], list[Mistake]]:
    """`## title`, lines `- question?`, then the answer's paragraphs. Above the first heading may stand a preface."""
    if not path.exists():
        return (), []
    entries: list[KnowledgeEntry] = []
    mistakes: list[Mistake] = []
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        return (), [_not_utf8(path)]
    for title, lines in _sections(text):
        start = next((n for n, line in enumerate(lines) if line and not _QUESTION.match(line)), len(lines))
        questions = tuple(match[1] for line in lines[:start] if (match := _QUESTION.match(line)))
        answer = "\n".join(lines[start:]).strip()
        if not questions:
            mistakes.append(Mistake(_shown(path), f'"{title}"', "has no question", 'add a line "- …?" below the title'))
        if not answer:
            mistakes.append(Mistake(_shown(path), f'"{title}"', "has no answer", "write it below the questions"))
        if len(title) > ROW_TITLE:
            problem = f"title has {len(title)} characters, a list row shows {ROW_TITLE}"
            mistakes.append(Mistake(_shown(path), f'"{title}"', problem, "shorten it"))
        if title in (entry.title for entry in entries):
            mistakes.append(Mistake(_shown(path), f'"{title}"', "stands twice", "keep one"))
        entries.append(KnowledgeEntry(title, questions, answer))
    if not entries:
        mistakes.append(Mistake(_shown(path), "", 'has no "## title"', "write at least one question and answer"))
    return tuple(entries), mistakes


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    title, lines = "", list[str]()
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            if title:
                yield title, lines
            title, lines = heading[1], []
        else:
            lines.append(line.rstrip())
    if title:
        yield title, lines


def _not_utf8(path: Path) -> Mistake:
    return Mistake(_shown(path), "", "is not UTF-8", "save it as UTF-8")


def _profile_file(folder: Path) -> str:
    return _shown(folder / "profile.toml")


def _shown(path: Path) -> str:
    """As one would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
