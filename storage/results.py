"""What surveys found, read from the totals that were kept with the answers; and the open answers, a page at a time.

Nothing here says who answered: a response is known by its own id, and leads to nobody.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, insert, literal_column, select, update

from conversations.arabic.normalise import fold
from storage import surveys, waves
from storage.schema_surveys import answer_words, answers, responses, totals
from storage.schema_surveys import waves as wave_rows
from storage.vault import Vault, context
from storage.waves import Wave

ASKED = "@people"
"""The question of `totals` that counts the people of a closed wave by state."""
UNDER = "#"
"""A question of `totals` that begins so counts the themes of another question's open answers."""
BEGUN = (waves.RUNNING, waves.PAUSED, waves.DONE, waves.ABORTED)
"""States of a wave that may have answers."""
MOST_WORDS = 8
"""Of a search."""
Scores = Mapping[str, Mapping[str, int]]
"""Counts by question and score."""


class Said(NamedTuple):
    """One open answer. `voice`: how many parts of it were spoken, and are heard and not read."""

    response: int
    question: str
    words: str
    tag: str
    voice: int = 0


def run(connection: Connection, association: str, now: int, survey: str = "", limit: int = 60) -> list[Wave]:
    """Waves of surveys that have begun, newest first."""
    w = wave_rows.c
    query = (
        select(*(w[name] for name in Wave._fields))
        .where(w.association == association, w.kind == "survey", w.starts <= now)
        .where(w.state.in_(BEGUN))
        .order_by(w.at.desc())
        .limit(limit)
    )
    found = connection.execute(query.where(w.survey == survey) if survey else query)
    return [Wave._make(row) for row in found]


def scores(connection: Connection, association: str, given: Sequence[int]) -> dict[int, dict[str, dict[str, int]]]:
    """Of each of these waves: counts by question and score, over everybody."""
    t = totals.c
    query = select(t.wave, t.question, t.score, t.many).where(
        t.association == association, t.wave.in_(list(given)), t.segment == "all", t.many > 0
    )
    found: dict[int, dict[str, dict[str, int]]] = {id: defaultdict(dict) for id in given}
    for row in connection.execute(query):
        found[row.wave][row.question][row.score] = row.many
    return found


def sides(connection: Connection, association: str, wave: int, segment: str) -> dict[str, dict[str, dict[str, int]]]:
    """Of each group of this side: counts by question and score."""
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for one in surveys.totals_of(connection, association, [wave], segment):
        if one.many > 0:
            found[one.value][one.question][one.score] = one.many
    return found


def people(connection: Connection, association: str, kept: Mapping[int, Scores]) -> dict[int, Mapping[str, int]]:
    """Of each wave, by its scores: its people by state, as they were kept when it was closed, else counted now."""
    return {wave: one.get(ASKED) or waves.counts(connection, association, wave) for wave, one in kept.items()}


def keep_people(connection: Connection, association: str, wave: int) -> None:
    """Of a wave that is closed: its people by state are counted for good, for a million are not counted in passing."""
    t = totals.c
    mine = (t.association == association, t.wave == wave, t.question == ASKED)
    connection.execute(totals.delete().where(*mine))
    whose = {"association": association, "wave": wave, "question": ASKED, "segment": "all", "value": ""}
    counted = waves.counts(connection, association, wave)
    if rows := [{**whose, "score": state, "many": many} for state, many in counted.items()]:
        connection.execute(insert(totals), rows)


# --- open answers ----------------------------------------------------------------------------------------------------


def said(
    connection: Connection,
    vault: Vault,
    association: str,
    wave: int,
    question: str,
    *,
    not_of: str = "",
    tag: str | None = None,
    searched: str = "",
    after: int = 0,
    limit: int = 30,
) -> list[Said]:
    """Open answers to a question, after that response. `not_of`: a worker, who is shown none about their own cases.
    `tag`: under this theme, or ("") under none yet. `searched`: that hold each of these words whole, in any order."""
    a, r, w = answers.c, responses.c, answer_words.c
    conditions = [a.association == association, a.question == question, a.words.is_not(None), r.wave == wave]
    conditions += [r.provider != not_of] if not_of else []
    conditions += [a.tag == tag] if tag is not None else []
    joined = answers.join(responses, and_(r.association == a.association, r.id == a.response))
    searching = [vault.blind(association, "answer", word) for word in _searched(searched)]
    if searched.strip() and not searching:
        return []
    place = r.id
    if tag and not searching:
        # Written as the index of themes is.
        conditions.append(a.tag != literal_column("''"))
        place = a.response
    if searching:
        # From the word to its answers: a rare word must not walk over a million of them.
        mine = and_(w.association == a.association, w.response == a.response, w.question == a.question)
        joined, place = joined.join(answer_words, mine), w.response
        conditions.append(w.word == searching[0])
    for word in searching[1:]:
        other = answer_words.alias().c
        holds = and_(
            *(other.association == association, other.word == word),
            *(other.response == a.response, other.question == a.question),
        )
        conditions.append(exists().where(holds))
    query = select(a.response, a.words, a.tag).select_from(joined).where(*conditions, place > after)
    rows = connection.execute(query.order_by(place).limit(limit)).all()
    return [_said(vault, association, question, row.response, row.words, row.tag) for row in rows]


def _searched(words: str) -> list[str]:
    return list(dict.fromkeys(word for word in fold(words[:400]).split() if len(word) > 1))[:MOST_WORDS]


def _said(vault: Vault, association: str, question: str, response: int, sealed: bytes, tag: str) -> Said:
    words = vault.open(sealed, context(surveys.WORDS, association, response)).decode()
    lines = words.split("\n")
    typed = [line for line in lines if not line.startswith("voice:")]
    return Said(response, question, "\n".join(typed), tag, len(lines) - len(typed))


def put_under(
    connection: Connection, association: str, wave: int, response: int, question: str, tag: str, not_of: str = ""
) -> bool:
    """Put an open answer under a theme, or ("") under none; counted with it. False where there is no such answer."""
    whose = surveys.get(connection, association, response, lock=True)
    if whose is None or whose.wave != wave or (not_of and whose.provider == not_of):
        return False
    a = answers.c
    mine = (a.association == association, a.response == response, a.question == question, a.words.is_not(None))
    before = connection.scalar(select(a.tag).where(*mine))
    if before is None:
        return False
    if before != tag:
        connection.execute(update(answers).where(*mine).values(tag=tag))
        changes = [(UNDER + question, theme, by) for theme, by in ((before, -1), (tag, 1)) if theme]
        surveys.count(connection, whose, changes)
    return True
