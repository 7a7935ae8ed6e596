"""Waves: one run of a survey, or one broadcast; and whom each asks. Milliseconds.

Who is asked is written by the database itself, without a text (storage/audience.py); the feeder (bot/waves.py) claims
them a few at a time.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, exists, func, not_, select, text, update

from storage.batch import among, claiming
from storage.schema import conversations
from storage.schema_surveys import recipients, waves
from storage.vault import Vault, context

BODY = "waves.body"
DRAFTED, PLANNED, RUNNING, PAUSED, DONE, ABORTED, SKIPPED = (
    "drafted",
    "planned",
    "running",
    "paused",
    "done",
    "aborted",
    "skipped",
)
"""Drafted: shown with its count and cost, nobody has said go (or the second person has not)."""
SHUT = (DONE, ABORTED, SKIPPED)
"""Nothing more is answered to it."""
HELD, WAITING, INVITED, LATER, BEGUN, FINISHED, DECLINED, PASSED, FAILED = (
    "held",
    "waiting",
    "invited",
    "later",
    "begun",
    "finished",
    "declined",
    "skipped",
    "failed",
)


class Wave(NamedTuple):
    """A row of `waves`, without its words."""

    association: str
    id: int
    kind: str
    survey: str = ""
    version: str = ""
    period: str = ""
    state: str = DRAFTED
    why: str = ""
    anonymous: bool = False
    rolling: bool = False
    late: bool = False
    purpose: str = ""
    audience: str = ""
    people: int = 0
    at: int = 0
    starts: int = 0
    ends: int = 0
    done_at: int | None = None
    by: int | None = None
    needs_approval: bool = False
    approved_by: int | None = None
    approved_at: int | None = None
    filled_to: int | None = None
    filled_at: int | None = None


class Recipient(NamedTuple):
    """A row of `recipients`."""

    association: str
    wave: int
    conversation: int
    beneficiary: int | None = None
    case_id: int | None = None
    channel: str = ""
    state: str = WAITING
    why: str = ""
    due: int | None = None
    at: int | None = None
    settled_at: int | None = None
    reminders: int = 0
    notice: int | None = None
    response: int | None = None


class Body(msgspec.Struct, omit_defaults=True):
    """A broadcast: its words by language, a stored file, buttons (menu commands), the template outside a window.
    `ready`: as which ready kind it began. `listed`: rows of an uploaded list, 0 where the audience says who; `bad`:
    those that lead to nobody, by number, with the reason. `channels`, `refused`: people as they were counted last, by
    channel, and those who fit and did not agree; a survey's wave has these alone, with whom a sample is drawn from
    (`drawn_from`), and when that was (`counted_at`)."""

    title: str = ""
    text: dict[str, str] = {}
    file: str = ""
    file_name: str = ""
    file_kind: str = ""
    buttons: tuple[str, ...] = ()
    template: str = "information_changed"
    ready: str = ""
    listed: int = 0
    bad: tuple[tuple[int, str], ...] = ()
    channels: dict[str, int] = {}
    refused: int = 0
    drawn_from: int = 0
    counted_at: int = 0


_WAVE = [waves.c[name] for name in Wave._fields]
_RECIPIENT = [recipients.c[name] for name in Recipient._fields]
_encode = msgspec.msgpack.Encoder().encode
_body = msgspec.msgpack.Decoder(Body).decode


def add(connection: Connection, vault: Vault, wave: Wave, body: Body | None = None) -> bool:
    """False where this run of the survey is there already: once a period, however many processes tick."""
    from sqlalchemy.dialects.postgresql import insert as upsert

    sealed = None if body is None else vault.seal(_encode(body), context(BODY, wave.association, wave.id))
    statement = upsert(waves).values(**wave._asdict(), body=sealed)
    return connection.execute(statement.on_conflict_do_nothing().returning(waves.c.id)).first() is not None


def get(connection: Connection, association: str, id: int, lock: bool = False) -> Wave | None:
    query = select(*_WAVE).where(waves.c.association == association, waves.c.id == id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return Wave._make(row) if row else None


def is_shut(connection: Connection, association: str, id: int) -> bool:
    w = waves.c
    mine = (w.association == association, w.id == id, w.state.in_(SHUT))
    return connection.scalar(select(w.id).where(*mine)) is not None


def body_of(connection: Connection, vault: Vault, association: str, id: int) -> Body | None:
    w = waves.c
    sealed = connection.scalar(select(w.body).where(w.association == association, w.id == id))
    return None if sealed is None else opened(vault, association, id, sealed)


def opened(vault: Vault, association: str, id: int, sealed: bytes) -> Body:
    return _body(vault.open(sealed, context(BODY, association, id)))


def change(connection: Connection, association: str, id: int, **changes: object) -> None:
    w = waves.c
    connection.execute(update(waves).where(w.association == association, w.id == id).values(**changes))


def listed(connection: Connection, association: str, kind: str, limit: int = 50, before: int = 0) -> list[Wave]:
    """Newest first; `before`: older than this moment."""
    w = waves.c
    query = select(*_WAVE).where(w.association == association, w.kind == kind).order_by(w.at.desc()).limit(limit)
    return [Wave._make(row) for row in connection.execute(query.where(w.at < before) if before else query)]


def open_ones(connection: Connection, associations: Iterable[str] | None = None) -> list[Wave]:
    """Everything that is not over yet."""
    w = waves.c
    query = select(*_WAVE).where(among(w.association, associations), w.done_at.is_(None)).order_by(w.id)
    return [Wave._make(row) for row in connection.execute(query)]


def of_period(connection: Connection, association: str, survey: str, period: str) -> Wave | None:
    """This run of a survey, whatever became of it."""
    w = waves.c
    mine = (w.association == association, w.survey == survey, w.period == period, text("period <> ''"))
    row = connection.execute(select(*_WAVE).where(*mine)).first()
    return Wave._make(row) if row else None


def of_survey(connection: Connection, association: str, survey: str, limit: int = 20) -> list[Wave]:
    """Its runs, the last planned first."""
    w = waves.c
    mine = (w.association == association, w.survey == survey, text("period <> ''"))
    query = select(*_WAVE).where(*mine).order_by(w.id.desc()).limit(limit)
    return [Wave._make(row) for row in connection.execute(query)]


def is_alone(connection: Connection, association: str, survey: str, but: int = 0) -> bool:
    """Whether no other wave of this survey is open. Whoever asks has the survey to themselves until their transaction
    ends: of two who look at once both would find it free, and both begin one."""
    if connection.dialect.name != "sqlite":  # its writer is alone anyway
        number = int.from_bytes(sha256(f"wasl wave {association} {survey}".encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
    w = waves.c
    mine = (w.association == association, w.kind == "survey", w.survey == survey, w.done_at.is_(None), w.id != but)
    return connection.execute(select(w.id).where(*mine).limit(1)).first() is None


def another_runs(connection: Connection, association: str, survey: str, but: int, now: int) -> bool:
    """Whether another wave of this survey asks people now, or is held and may go on."""
    w = waves.c
    mine = (w.association == association, w.survey == survey, w.id != but, w.rolling.is_(False))
    asks = (w.done_at.is_(None), w.state.in_([RUNNING, PAUSED]), w.ends > now)
    return connection.execute(select(w.id).where(*mine, *asks).limit(1)).first() is not None


# --- recipients ------------------------------------------------------------------------------------------------------


def recipient(
    connection: Connection, association: str, wave: int, conversation: int, lock: bool = False
) -> Recipient | None:
    """Whom this conversation is of a wave's people; told elsewhere, by another address of the same person."""
    r, c = recipients.c, conversations.c
    here = select(*_RECIPIENT).where(r.association == association, r.wave == wave, r.conversation == conversation)
    row = connection.execute(here.with_for_update() if lock else here).first()
    if row is None:
        person = select(c.beneficiary).where(c.association == association, c.id == conversation).scalar_subquery()
        theirs = select(*_RECIPIENT).where(
            r.association == association, r.beneficiary == person, r.at.is_not(None), r.wave == wave
        )
        row = connection.execute(theirs.with_for_update() if lock else theirs).first()
    return Recipient._make(row) if row else None


def change_recipient(connection: Connection, one: Recipient, **changes: object) -> None:
    r = recipients.c
    mine = update(recipients).where(
        r.association == one.association, r.wave == one.wave, r.conversation == one.conversation
    )
    connection.execute(mine.values(**changes))


def add_recipients(connection: Connection, given: Iterable[Recipient]) -> None:
    """Named one by one (an uploaded list, a test); who is there already stays as they are."""
    from sqlalchemy.dialects.postgresql import insert as upsert

    if rows := [one._asdict() for one in given]:
        connection.execute(upsert(recipients).on_conflict_do_nothing(), rows)


def claim(
    connection: Connection, association: str, wave: int, channel: str, now: int, until: int, limit: int
) -> list[Recipient]:
    """The next to be asked, which nobody else asks before `until`."""
    r = recipients.c
    mine = (r.association == association, r.wave == wave, r.channel == channel, r.due.is_not(None), r.due <= now)
    taken = claiming(recipients, *mine, order=r.due, most=limit, due=until)
    rows = connection.execute(taken.returning(*_RECIPIENT))
    return sorted(Recipient._make(row) for row in rows)


def counts(connection: Connection, association: str, wave: int) -> Mapping[str, int]:
    """People of a wave by state."""
    r = recipients.c
    query = select(r.state, func.count()).where(r.association == association, r.wave == wave).group_by(r.state)
    return {state: int(count) for state, count in connection.execute(query).tuples()}


def size(connection: Connection, association: str, wave: int) -> int:
    r = recipients.c
    query = select(func.count()).select_from(recipients).where(r.association == association, r.wave == wave)
    return connection.scalar(query) or 0


def anybody_left(connection: Connection, wave: Wave) -> bool:
    """Whether somebody is to be asked yet, or once more."""
    r = recipients.c
    query = select(exists().where(r.association == wave.association, r.wave == wave.id, r.due.is_not(None)))
    return bool(connection.scalar(query))


def put_off(connection: Connection, wave: Wave, whom: Iterable[tuple[Recipient, str, int | None]], now: int) -> None:
    """These are not asked now, and why: looked at again at that time, or (None) no more. Who was asked before stays
    asked: it is only said no more often."""
    alike: dict[tuple[str, int | None, bool], list[int]] = {}
    for one, why, again in whom:
        alike.setdefault((why, again, one.state == WAITING), []).append(one.conversation)
    r = recipients.c
    for (why, again, fresh), ids in alike.items():
        ended = {"state": PASSED, "settled_at": now} if fresh and again is None else {}
        said = {"why": why} if fresh else {}
        mine = update(recipients).where(
            r.association == wave.association, r.wave == wave.id, r.conversation.in_(ids), r.due.is_not(None)
        )
        connection.execute(mine.values(due=again, **said, **ended))


# --- what became of the message --------------------------------------------------------------------------------------

NOT_NOW = frozenset({"held", "complaint", "objection"})
"""Why a message was not said that may be said on another day."""
NEVER = frozenset({"muted", "stopped", "no_consent"})
"""Why nobody is told at another address either."""
_DAY = 86_400_000


def settled(connection: Connection, association: str, notice: int, reached: bool, why: str, now: int) -> None:
    """What became of the message to a recipient: whom it did not reach is said so, and what only came at a bad moment
    is said another day. A reminder that reached nobody changes nothing."""
    r = recipients.c
    mine = (r.association == association, r.notice == notice, r.notice.is_not(None), r.state == INVITED)
    if reached:
        connection.execute(update(recipients).where(*mine).values(settled_at=now))
        return
    reminded = not_(r.reminders > 1)
    if why in NOT_NOW:
        again = {"state": WAITING, "why": why, "due": now + _DAY, "at": None, "notice": None, "reminders": 0}
        connection.execute(update(recipients).where(*mine, reminded).values(**again))
        return
    state = PASSED if why in NEVER else FAILED
    connection.execute(update(recipients).where(*mine, reminded).values(state=state, why=why, settled_at=now, due=None))


def forward(old: str, new: str) -> str:
    """What a recipient's state becomes: finished stays, whatever comes late."""
    if old == FINISHED or new == "" or (old == BEGUN and new in (INVITED, LATER)):
        return old
    return new


def take_running(connection: Connection, association: str, now: int) -> list[Wave]:
    """The waves to be fed now, locked until the transaction ends; none while another process feeds this association:
    two at once would fill the queue twice, and might ask one person for two surveys."""
    w = waves.c
    mine = (w.association == association, w.done_at.is_(None), w.state == RUNNING, w.starts <= now)
    first = connection.scalar(select(func.min(w.id)).where(*mine))
    if first is None:
        return []
    locked = select(w.id).where(w.association == association, w.id == first).with_for_update(skip_locked=True)
    if connection.scalar(locked) is None:
        return []
    query = select(*_WAVE).where(*mine).order_by(w.id).with_for_update()
    return [Wave._make(row) for row in connection.execute(query)]
