"""The copy of everything kept of one person, as they are handed it: a page to read, the same as data, and their files.

`gather` reads it (storage/personal_copy.py), `pack` makes the file; neither asks whether it may be handed out: that is
the page's part, once identity is proven. The page stands alone: it opens without a network, on any telephone.
"""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bot.desk.cases.answers import FLOWS, Reader
from bot.desk.desk import templates
from bot.desk.words import DeskWords
from conversations.association.association import Association
from conversations.flows.survey import shown
from storage import cases, personal_copy, requirements
from storage.blobs import Missing
from storage.cases import Case
from storage.person import Person
from storage.personal import Kept
from storage.vault import Vault


class Copy(NamedTuple):
    """`exported` is everything (personal_copy.py); `facts` and `answers` the same as people read it: label and value,
    the answers by reference; `surveys`, each with its title, whether it was anonymous, and what they answered."""

    exported: dict[str, Any]
    surveys: list[tuple[str, bool, list[tuple[str, str]]]]
    facts: list[tuple[str, str]]
    answers: Mapping[str, list[tuple[str, str]]]
    opened: Mapping[str, Case]


def gather(connection: Connection, vault: Vault, association: Association, person: Person, language: str) -> Copy:
    slug = association.slug
    exported = personal_copy.export_person(connection, vault, slug, person)
    answers, opened = {}, {}
    for one in exported["cases"]:
        case = cases.by_reference(connection, vault, slug, one["reference"])
        assert case is not None, "read in this transaction"
        asked = requirements.of_case(connection, vault, slug, case.id)
        answers[case.reference] = _read(Reader(association, case, language, asked))
        opened[case.reference] = case
    # Read as answers to any request: its common fields are those that are remembered.
    service = association.profile.services[0].id
    known = Case(
        association=slug, id=0, reference="", kind="request", stage="", service=service, opened_at=0,
        answers=exported["facts"],
    )  # fmt: skip
    surveys = [_survey(association, one, language) for one in exported["surveys"]]
    return Copy(exported, surveys, _read(Reader(association, known, language)), answers, opened)


def pack(copy: Copy, association: Association, language: str, now: int, bytes_of: Callable[[int], bytes]) -> bytes:
    """A ZIP: `index.html`, `data.json`, `files/…`. `bytes_of` is Blobs.get of the association; a file that is gone is
    left out. Milliseconds."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("index.html", as_html(copy, association, language, now))
        packed.writestr("data.json", json.dumps(copy.exported, ensure_ascii=False, indent=1))
        for file in copy.exported["files"]:
            try:
                packed.writestr(file_name(file), bytes_of(int(file["id"])))
            except Missing:
                continue
    return out.getvalue()


def as_html(copy: Copy, association: Association, language: str, now: int) -> str:
    """The page, whole in itself."""
    return (
        templates()
        .get_template("personal/copy.html")
        .render(
            copy=copy,
            words=DeskWords(language, association),
            association=association,
            language=language,
            direction="rtl" if language == "ar" else "ltr",
            now=now,
            file_name=file_name,
            when=_when,
        )
    )


def file_name(file: Mapping[str, Any]) -> str:
    """Where a file stands in the ZIP: the name it was sent under is no name to trust."""
    return f"files/{file['id']}.{file['kind'] or 'bin'}"


def said_of(kept: Sequence[Kept], language: str, association: Association) -> str:
    """What an erasure leaves and why, for the person: one sentence a line."""
    words = DeskWords(language, association)
    return "\n".join(words(f"personal.kept.{one.why}", reference=one.subject) for one in kept)


def _survey(
    association: Association, asked: Mapping[str, Any], language: str
) -> tuple[str, bool, list[tuple[str, str]]]:
    survey = association.profile.survey(asked["survey"])
    if survey is None:
        return asked["survey"], asked["anonymous"], [(id, str(value)) for id, value in asked["answers"].items()]
    known = [(one, asked["answers"][one.id]) for one in survey.questions if one.id in asked["answers"]]
    lines = [(one.title.to(language), shown(one, value, language)) for one, value in known]
    return survey.title.to(language), asked["anonymous"], lines


def _read(reader: Reader) -> list[tuple[str, str]]:
    """Label and value of everything that was answered, nothing masked: it is their own."""
    if reader.case.kind not in FLOWS:
        return []
    lines = []
    for step in [line.step for line in reader.lines()]:
        reader.shown = step
        line = reader.line(step)
        files = " ".join(f"📎 {id}" for id in line.files)
        lines.append((line.label, " ".join(filter(None, (line.text, files)))))
    return lines


def _when(at: str | None) -> int | None:
    """Milliseconds of a time as the export writes it."""
    from datetime import datetime

    from storage.times import ms

    return None if at is None else ms(datetime.fromisoformat(at))
