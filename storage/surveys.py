"""What people answered, counted in the same transaction.

Participation (`recipients`) and answers of an anonymous survey share no key: its response has a random id and no row of
`recipients` names it.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from conversations.arabic.normalise import fold
from conversations.surveys.scoring import ANSWERED, Scored
from storage.schema_surveys import answer_words, answers, responses, totals
from storage.vault import Vault, context

WORDS = "answers.words"
SEGMENTS = ("service", "channel", "category", "branch", "provider", "language", "source")
PEOPLE = "@responses"
BEGUN, FINISHED = "begun", "finished"


class Response(NamedTuple):
    """A row of `responses`. `day`: days since 1970."""

    association: str
    id: int
    wave: int
    survey: str
    version: str
    day: int
    language: str = "ar"
    channel: str = ""
    service: str = ""
    category: str = ""
    branch: str = ""
    provider: str = ""
    source: str = ""
    finished: bool = False
    staff: int | None = None


_RESPONSE = [responses.c[name] for name in Response._fields]


def random_id() -> int:
    """One that tells nothing of when it was made."""
    return secrets.randbits(62) + 1


def begin(connection: Connection, response: Response) -> None:
    connection.execute(insert(responses).values(**response._asdict()))
    count(connection, response, [(PEOPLE, BEGUN, 1)])


def get(connection: Connection, association: str, id: int, lock: bool = False) -> Response | None:
    query = select(*_RESPONSE).where(responses.c.association == association, responses.c.id == id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return Response._make(row) if row else None


def finish(connection: Connection, response: Response) -> None:
    """Once; what is finished stays so."""
    if response.finished:
        return
    r = responses.c
    mine = update(responses).where(r.association == response.association, r.id == response.id)
    connection.execute(mine.values(finished=True))
    count(connection, response, [(PEOPLE, FINISHED, 1)])


def answer(connection: Connection, vault: Vault, response: Response, given: Mapping[str, Scored]) -> None:
    """Keep these answers by question; one that was given before is taken back first."""
    a = answers.c
    mine = (a.association == response.association, a.response == response.id, a.question.in_(list(given)))
    before = connection.execute(select(a.question, a.score, a.choice, a.words).where(*mine)).all()
    changes: list[tuple[str, str, int]] = []
    for row in before:
        changes += [(row.question, score, -1) for score in _counted(row.score, row.choice, row.words is not None)]
    for question, one in given.items():
        place = context(WORDS, response.association, response.id)
        sealed = vault.seal(one.words.encode(), place) if one.words else None
        values = {"score": one.score, "choice": one.choice, "words": sealed}
        key = {"association": response.association, "response": response.id, "question": question}
        statement = upsert(answers).values(**key, **values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["association", "response", "question"], set_=values)
        )
        changes += [(question, score, 1) for score in one.counted]
        _index(connection, vault, response, question, one.words)
    count(connection, response, changes)


def _counted(score: int | None, choice: str, words: bool) -> tuple[str, ...]:
    if score is not None:
        return (str(score),)
    return (*choice.split(","), ANSWERED) if choice else ("words",) if words else ()


def _index(connection: Connection, vault: Vault, response: Response, question: str, words: str) -> None:
    w = answer_words.c
    mine = (w.association == response.association, w.response == response.id, w.question == question)
    connection.execute(answer_words.delete().where(*mine))
    found = {} if words.startswith("voice:") else dict.fromkeys(word for word in fold(words).split() if len(word) > 1)
    if rows := [
        {
            "association": response.association,
            "word": vault.blind(response.association, "answer", word),
            "response": response.id,
            "question": question,
        }
        for word in found
    ]:
        connection.execute(insert(answer_words), rows)


def count(connection: Connection, response: Response, changes: Iterable[tuple[str, str, int]]) -> None:
    """By question, score and how many, in every segment the response belongs to."""
    segments = [("all", "")] + [(name, value) for name in SEGMENTS if (value := getattr(response, name))]
    rows = [
        {
            "association": response.association,
            "wave": response.wave,
            "question": question,
            "segment": segment,
            "value": value,
            "score": score,
            "many": count,
        }
        for question, score, count in sorted(changes)
        for segment, value in segments
    ]
    if not rows:
        return
    statement = upsert(totals)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["association", "wave", "question", "segment", "value", "score"],
            set_={"many": totals.c.many + statement.excluded.many},
        ),
        rows,
    )


class Total(NamedTuple):
    question: str
    segment: str
    value: str
    score: str
    many: int


def totals_of(connection: Connection, association: str, waves: Sequence[int], segment: str = "all") -> list[Total]:
    """Summed over these waves, of one segment."""
    t = totals.c
    query = (
        select(t.question, t.segment, t.value, t.score, func.sum(t.many))
        .where(t.association == association, t.wave.in_(list(waves)), t.segment == segment)
        .group_by(t.question, t.segment, t.value, t.score)
    )
    return [Total(row[0], row[1], row[2], row[3], int(row[4])) for row in connection.execute(query) if row[4]]
