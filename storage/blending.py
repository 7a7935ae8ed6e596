"""Answers of an anonymous wave, told apart by nothing that the database keeps beside a row by itself.

An answer is written in the transaction that says its person has finished, and PostgreSQL notes by every row which
transaction wrote it (`xmin`), and lays rows down in the order in which they came. So the answers of a wave are written
anew, together and in the order of their random ids: when it is closed, and each night while it runs. SQLite keeps
neither.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, or_, select, update

from storage.batch import among
from storage.schema_surveys import answer_words, answers, responses, totals
from storage.schema_surveys import waves as waves_table
from storage.times import DAY

PART = 500
"""Responses that are written anew in one transaction."""
LATE = 2 * DAY
"""So long after its end a wave is looked at once more: an answer may have been on its way as it was closed."""


def due(connection: Connection, associations: Iterable[str] | None, now: int) -> list[tuple[str, int]]:
    """Anonymous waves that answers may have come to since: association and id."""
    w = waves_table.c
    open_ = or_(w.done_at.is_(None), w.done_at > now - LATE)
    mine = (among(w.association, associations), w.kind == "survey", w.anonymous.is_(True), w.starts <= now, open_)
    return [(slug, id) for slug, id in connection.execute(select(w.association, w.id).where(*mine)).tuples()]


def blend(connection: Connection, association: str, wave: int, after: int) -> int | None:
    """The next responses behind `after` and their answers become of this transaction, and lie in the order of their
    ids. The last of them; None where there is nothing (more) to do. In parts, so that nothing else waits for long."""
    if connection.dialect.name != "postgresql":
        return None
    r = responses.c
    its = select(r.id).where(r.association == association, r.wave == wave, r.id > after).order_by(r.id).limit(PART)
    ids: list[int] = list(connection.scalars(its))
    if not ids:
        t = totals.c
        connection.execute(update(totals).where(t.association == association, t.wave == wave).values(many=t.many))
        return None
    for table, response in ((responses, r.id), (answers, answers.c.response), (answer_words, answer_words.c.response)):
        _lay_anew(connection, table, table.c.association == association, among(response, ids))
    return ids[-1]


def _lay_anew(connection: Connection, table: Table, *mine: ColumnElement[bool]) -> None:
    """In one statement: whoever reads meanwhile sees each row once."""
    gone = delete(table).where(*mine).returning(*table.c).cte("gone")
    ordered = select(gone).order_by(*(gone.c[column.name] for column in table.primary_key))
    connection.execute(insert(table).from_select([column.name for column in table.c], ordered).add_cte(gone))
