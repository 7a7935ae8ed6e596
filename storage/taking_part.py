"""What surveys hold of one person: that they were asked, and what they answered by name. Their copy has it, their
erasure takes it away. What was answered anonymously is nobody's: it cannot be found here, by us or by anybody.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update

from storage import surveys, waves
from storage.schema_surveys import answer_words, answers, recipients, responses
from storage.schema_surveys import waves as waves_table
from storage.times import moment
from storage.vault import Vault, context


def copied(
    connection: Connection, vault: Vault, association: str, conversations: Iterable[int]
) -> list[dict[str, Any]]:
    """Every survey these addresses were asked in, for the person's copy: `answers` by question where they are known."""
    r, w, a = recipients.c, waves_table.c, answers.c
    query = (
        select(r.state, r.at, r.response, w.survey, w.period, w.anonymous)
        .join_from(recipients, waves_table, (w.association == r.association) & (w.id == r.wave))
        .where(r.association == association, r.conversation.in_(list(conversations)), w.kind == "survey")
        .order_by(r.wave)
    )
    found = []
    for row in connection.execute(query).all():
        given = {}
        if row.response is not None:
            for one in connection.execute(
                select(answers).where(a.association == association, a.response == row.response)
            ):
                place = context(surveys.WORDS, association, row.response)
                words = None if one.words is None else vault.open(one.words, place).decode()
                given[one.question] = one.score if one.score is not None else words or one.choice
        found.append(
            {
                "survey": row.survey,
                "period": row.period,
                "state": row.state,
                "asked_at": None if row.at is None else moment(row.at).isoformat(),
                "anonymous": row.anonymous,
                "answers": given,
            }
        )
    return found


def answered_anonymously(connection: Connection, association: str, conversations: Iterable[int]) -> bool:
    """Whether they finished a survey whose answers nobody can find again."""
    r, w = recipients.c, waves_table.c
    mine = exists().where(
        r.association == association,
        r.conversation.in_(list(conversations)),
        r.state == waves.FINISHED,
        w.association == r.association,
        w.id == r.wave,
        w.anonymous.is_(True),
    )
    return bool(connection.scalar(select(mine)))


def erase(connection: Connection, association: str, conversation: int) -> None:
    """What they said by name goes, and its link to them; who waits to be asked is not asked. What stays is a count that
    is nobody's."""
    r, a, w = recipients.c, answers.c, answer_words.c
    mine = (r.association == association, r.conversation == conversation)
    theirs = list(connection.scalars(select(r.response).where(*mine, r.response.is_not(None))))
    if theirs:
        connection.execute(delete(answer_words).where(w.association == association, w.response.in_(theirs)))
        connection.execute(
            update(answers).where(a.association == association, a.response.in_(theirs)).values(words=None)
        )
        s = responses.c
        connection.execute(update(responses).where(s.association == association, s.id.in_(theirs)).values(staff=None))
    waiting = (*mine, r.state == waves.WAITING)
    connection.execute(update(recipients).where(*waiting).values(state=waves.PASSED, why="erased"))
    parted = dict.fromkeys(("beneficiary", "case_id", "response", "notice", "due"))
    connection.execute(update(recipients).where(*mine).values(parted))
