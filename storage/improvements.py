"""The improvement log (T objective 7): what is done because of what people said, by whom, until when, and what came of
it; and what was made of single answers. Milliseconds.

What is written here is the house's own, sealed like everything that is typed; `published` is what everybody may read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select, text, update

from storage import surveys, waves
from storage.schema_surveys import (
    answers,
    improvement_sources,
    improvements,
    recipients,
    responses,
)
from storage.schema_surveys import waves as waves_table
from storage.surveys import Response
from storage.vault import Vault, context

OPEN, DONE, GIVEN_UP = "open", "done", "given_up"
STATES = (OPEN, DONE, GIVEN_UP)
IMPROVEMENT, SUGGESTION, COMPLAINT = "improvement", "suggestion", "complaint"
KINDS = (SUGGESTION, COMPLAINT, IMPROVEMENT)
"""What an answer can become."""
_SEALED = ("title", "action", "effect")


class Published(msgspec.Struct, frozen=True):
    """What everybody may read, in one language: what was said, what was done about it."""

    said: str
    done: str


class Improvement(NamedTuple):
    """A row of `improvements`, opened. `effect`: what came of it, in a worker's words."""

    association: str
    id: int
    state: str = OPEN
    survey: str = ""
    wave: int | None = None
    question: str = ""
    title: str = ""
    action: str = ""
    effect: str = ""
    published: Mapping[str, Published] = {}
    owner: int | None = None
    by: int = 0
    at: int = 0
    due: int | None = None
    done_at: int | None = None
    published_at: int | None = None


class Source(NamedTuple):
    """What was made of one answer; of a suggestion or complaint `improvement` is the conversation of its case."""

    improvement: int
    response: int
    question: str
    kind: str = IMPROVEMENT


_PLAIN = tuple(name for name in Improvement._fields if name not in (*_SEALED, "published"))
_published = msgspec.msgpack.Decoder(dict[str, Published]).decode


def add(connection: Connection, vault: Vault, one: Improvement) -> None:
    values = {name: getattr(one, name) for name in _PLAIN} | _seal(vault, one, dict.fromkeys(_SEALED))
    connection.execute(insert(improvements).values(**values))


def change(connection: Connection, vault: Vault, one: Improvement, **changes: Any) -> Improvement:
    """Keep what is given anew; what it then is."""
    new = one._replace(**changes)
    plain = {name: value for name, value in changes.items() if name in _PLAIN}
    i = improvements.c
    mine = update(improvements).where(i.association == one.association, i.id == one.id)
    connection.execute(mine.values(**plain, **_seal(vault, new, changes)))
    return new


def get(connection: Connection, vault: Vault, association: str, id: int, lock: bool = False) -> Improvement | None:
    i = improvements.c
    query = select(improvements).where(i.association == association, i.id == id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return _opened(vault, row) if row else None


def listed(
    connection: Connection, vault: Vault, association: str, states: Sequence[str], before: int = 0, limit: int = 50
) -> list[Improvement]:
    """Newest first; `before`: the id a page goes on below."""
    i = improvements.c
    query = select(improvements).where(i.association == association, i.state.in_(list(states)))
    query = query.where(i.id < before) if before else query
    return [_opened(vault, row) for row in connection.execute(query.order_by(i.id.desc()).limit(limit))]


def published(connection: Connection, vault: Vault, association: str, limit: int = 30) -> list[Improvement]:
    """What everybody may read, newest first."""
    i = improvements.c
    query = select(improvements).where(i.association == association, text("published_at IS NOT NULL"))
    return [_opened(vault, row) for row in connection.execute(query.order_by(i.published_at.desc()).limit(limit))]


def counts(connection: Connection, association: str) -> dict[str, int]:
    """By state."""
    i = improvements.c
    query = select(i.state, func.count()).where(i.association == association).group_by(i.state)
    return {state: int(count) for state, count in connection.execute(query).tuples()}


def done_between(connection: Connection, vault: Vault, association: str, start: int, end: int) -> list[Improvement]:
    i = improvements.c
    query = select(improvements).where(
        i.association == association, i.state == DONE, i.done_at >= start, i.done_at < end
    )
    return [_opened(vault, row) for row in connection.execute(query.order_by(i.done_at))]


# --- what was made of answers ----------------------------------------------------------------------------------------


def link(connection: Connection, association: str, one: Source) -> None:
    connection.execute(insert(improvement_sources).values(association=association, **one._asdict()))


def made_of(connection: Connection, association: str, response: int, question: str) -> list[Source]:
    """What an answer became already."""
    s = improvement_sources.c
    return _sources(connection, association, s.response == response, s.question == question)


def sources(connection: Connection, association: str, improvement: int) -> list[Source]:
    return _sources(connection, association, improvement_sources.c.improvement == improvement)


def _sources(connection: Connection, association: str, *which: Any) -> list[Source]:
    s = improvement_sources.c
    query = select(*(s[name] for name in Source._fields)).where(s.association == association, *which)
    return [Source._make(row) for row in connection.execute(query.order_by(s.improvement, s.response))]


def how_many(connection: Connection, association: str, ids: Iterable[int]) -> dict[int, int]:
    """Answers behind each improvement."""
    s = improvement_sources.c
    query = select(s.improvement, func.count()).where(s.association == association, s.improvement.in_(list(ids)))
    return {id: int(count) for id, count in connection.execute(query.group_by(s.improvement)).tuples()}


class Said(NamedTuple):
    """An open answer with what it is of. `voice`: the files of what was spoken."""

    response: Response
    question: str
    words: str
    voice: tuple[str, ...] = ()

    @property
    def value(self) -> object:
        """As the answer kind of a long text holds it."""
        spoken: list[object] = [{"voice": file} for file in self.voice]
        parts = [self.words, *spoken] if self.words else spoken
        return parts[0] if len(parts) == 1 else parts


def said(connection: Connection, vault: Vault, association: str, response: int, question: str) -> Said | None:
    """None where there are no words (any more)."""
    a = answers.c
    mine = (a.association == association, a.response == response, a.question == question)
    sealed = connection.scalar(select(a.words).where(*mine))
    whole = surveys.get(connection, association, response) if sealed else None
    if sealed is None or whole is None:
        return None
    lines = vault.open(sealed, context(surveys.WORDS, association, response)).decode().split("\n")
    typed = "\n".join(line for line in lines if not line.startswith("voice:"))
    spoken = tuple(line.removeprefix("voice:") for line in lines if line.startswith("voice:"))
    return Said(whole, question, typed, spoken)


def whose(connection: Connection, association: str, response: int) -> tuple[int, int | None] | None:
    """Conversation and beneficiary of who gave a response by name; None for an anonymous one, which is nobody's."""
    r = recipients.c
    mine = (r.association == association, r.response == response, r.response.is_not(None))
    row = connection.execute(select(r.conversation, r.beneficiary).where(*mine)).first()
    return (row[0], row[1]) if row else None


# --- what came of it -------------------------------------------------------------------------------------------------


def next_wave(connection: Connection, association: str, survey: str, wave: int) -> waves.Wave | None:
    """The first wave of the survey that began after this one did and has answers."""
    w, r = waves_table.c, responses.c
    since = select(w.starts).where(w.association == association, w.id == wave).scalar_subquery()
    has = select(r.id).where(r.association == association, r.wave == w.id).exists()
    query = (
        select(w.id)
        .where(w.association == association, w.kind == "survey", w.survey == survey, w.starts > since, has)
        .order_by(w.starts)
        .limit(1)
    )
    id = connection.scalar(query)
    return waves.get(connection, association, id) if id is not None else None


def _opened(vault: Vault, row: Any) -> Improvement:
    values: dict[str, Any] = {name: getattr(row, name) for name in Improvement._fields}
    for name in (*_SEALED, "published"):
        sealed = values[name]
        values[name] = None if sealed is None else vault.open(sealed, _place(name, row.association, row.id))
    said = {name: (values[name] or b"").decode() for name in _SEALED}
    return Improvement(**values | said | {"published": _published(values["published"]) if values["published"] else {}})


def _seal(vault: Vault, one: Improvement, names: Mapping[str, Any]) -> dict[str, bytes | None]:
    sealed: dict[str, bytes | None] = {}
    for name in _SEALED:
        if name in names:
            value = getattr(one, name)
            sealed[name] = vault.seal(value.encode(), _place(name, one.association, one.id)) if value else None
    if "published" in names:
        place = _place("published", one.association, one.id)
        sealed["published"] = vault.seal(msgspec.msgpack.encode(one.published), place) if one.published else None
    return sealed


def _place(name: str, association: str, id: int) -> bytes:
    return context(f"improvements.{name}", association, id)
