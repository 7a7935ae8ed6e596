"""Erasing: what is sealed of cases and conversations goes for good, with its files and everything it is found by.

What stays is in the clear and names nobody: a case's reference, kind, stage and times, with `erased_at`; who did what
(the audit); the log of consents. Where each sealed column belongs is a table here, and a test asks it of every new one.
The bytes of files are deleted after the commit, by a round: until then their rows say `erasing`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Table, delete, select, text, update

from conversations.conversation import Conversation, Draft
from storage import (
    conversations,
    notices,
    quarantine,
    schema,
    schema_desk,
    schema_notices,
    schema_surveys,
    taking_part,
    topics,
)
from storage import handoffs as queue
from storage.asks import phone_index
from storage.batch import deleting
from storage.conversations import Stored
from storage.schema import asks, beneficiaries, case_index, cases, files, forms, handoffs, messages, timers
from storage.schema import conversations as conversations_table
from storage.vault import Vault, context

ERASING = "erasing"
OF_CASE: Mapping[Table, tuple[str, ...]] = {
    cases: ("body", "member", "route"),
    schema.case_moves: ("reason",),
    schema_desk.checks: ("note",),
    schema_desk.requirements: ("words", "before"),
    schema_desk.entitlements: ("what",),
    schema_desk.appointments: ("place", "wish", "outcome_note"),
    schema_desk.pauses: ("reason",),
    schema_desk.agenda: ("given",),
    schema_desk.votes: ("reason",),
    schema_desk.notes: ("body",),
    schema_notices.tasks: ("body",),
}
"""Sealed columns that belong to a case, and are emptied with it."""
OF_CONVERSATION: Mapping[Table, tuple[str, ...]] = {
    messages: ("body",),
    schema_desk.reply_drafts: ("body",),
    schema_desk.topic_lines: ("body",),
    schema_desk.notes: ("body",),
    schema_desk.appointments: ("place", "wish", "outcome_note"),
    schema_notices.tasks: ("body",),
    handoffs: ("callback",),
    asks: ("details",),
    files: ("source", "name"),
    conversations_table: ("handle", "state"),
}
"""Those that belong to a conversation, as far as no case has them."""
OF_PERSON: Mapping[Table, tuple[str, ...]] = {beneficiaries: ("known",), schema.quarantine: ("body",)}
OF_RESPONSE: Mapping[Table, tuple[str, ...]] = {schema_surveys.answers: ("words",)}
"""Said in a survey, by name: goes with the conversation that was asked (taking_part.py)."""
OF_SITTING: Mapping[Table, tuple[str, ...]] = {schema_desk.sittings: ("remarks",)}
"""Written of many cases at once: emptied with the last of them."""
OF_HOUSE: Mapping[str, str] = {
    **dict.fromkeys(("staff.login", "staff.name", "staff.totp", "staff.subject", "staff.telegram"), "a worker's own"),
    **dict.fromkeys(("invitations.login", "invitations.name"), "of who is to work here"),
    "sittings.place": "where a committee met",
    **dict.fromkeys(("documents.title", "documents.name"), "the association's library"),
    "waves.body": "what the association told many at once",
    **dict.fromkeys(
        (f"improvements.{name}" for name in ("title", "action", "effect", "published")), "what the association improved"
    ),
    **dict.fromkeys((f"visits.{name}" for name in ("office", "findings", "actions")), "of the association's offices"),
}
"""Sealed columns that are no beneficiary's, and whose they are."""
BLIND: Mapping[str, str] = {
    "conversations.handle_index": "goes with the address",
    "case_index.blind": "goes with the case",
    "answer_words.word": "goes with what was answered by name; of an anonymous answer, found by nobody's name",
    "asks.handle_index": "goes with the conversation that asked, and with the person who was asked",
    "forms.token_digest": "goes with the conversation",
    "asks.token_digest": "of a link made by chance",
    "seen.key": "of what a channel calls a message; forgotten after days",
    "contents.digest": "of a template's words, which name nobody",
    "staff.login_index": "a worker's own",
    "staff.subject_index": "a worker's own",
    "staff.telegram_index": "a worker's own",
    "sign_ins.token_digest": "a worker's own",
    "sign_in_tries.digest": "of who stood at the workers' door; forgotten after days",
    "invitations.token_digest": "of a link made by chance",
    "codes.digest": "a worker's own",
}
"""What anything is found by, and until when."""
_NOTHING_ELSE = (messages, schema_desk.reply_drafts, schema_desk.topic_lines, schema_desk.notes)
"""Rows that are nothing but what they say: they go themselves."""
_STAYS = (
    "association", "address", "id", "language", "holder", "greeted", "noticed", "stopped", "unreachable", "muted",
    "women_only", "restricted", "proof_needed", "prompt", "members", "member", "blocked", "last_at",
)  # fmt: skip
"""Of where a conversation stands, what is no content: whether and how one writes to this address, and who guards what
on a shared phone."""
_UNDER_WAY = ("queued", "sending")


class Routes(NamedTuple):
    """Anonymous cases that are not erased by the conversation their answer goes to: all, and the open ones."""

    cases: dict[int, list[int]]
    open: frozenset[int]


# --- cases -----------------------------------------------------------------------------------------------------------


def erase_cases(connection: Connection, vault: Vault, association: str, ids: Iterable[int], now: int) -> int:
    """Empty these cases, with everything that belongs to them; how many files go along. Milliseconds."""
    gone = sorted(set(ids))
    if not gone:
        return 0
    _drop_news(connection, vault, association, gone)
    c = cases.c
    locked = select(c.id, c.conversation, c.route).where(c.association == association, c.id.in_(gone)).order_by(c.id)
    named: dict[int, set[int]] = {}
    for row in connection.execute(locked.with_for_update()).all():
        whose = row.conversation if row.route is None else _open_route(vault, association, row)
        if whose is not None:
            named.setdefault(whose, set()).update(files_of(connection, vault, association, [row.id]))
    count = 0
    routes = anonymous_routes(connection, vault, association) if any(named.values()) else Routes({}, frozenset())
    for conversation, mine in named.items():
        if mine:
            held = held_files(connection, vault, association, conversation, routes, without=gone)
            count += _erase_files(connection, association, conversation, mine - held)
    for table, columns in OF_CASE.items():
        if table is not cases:
            _empty(connection, table, columns, association, table.c.case_id.in_(gone))
    i = case_index.c
    connection.execute(delete(case_index).where(i.association == association, i.case_id.in_(gone)))
    nothing = dict.fromkeys((*OF_CASE[cases], "beneficiary", "conversation", "next_update", "due"))
    connection.execute(
        update(cases).where(c.association == association, c.id.in_(gone)).values(**nothing, digest="", erased_at=now)
    )
    _empty_sittings(connection, association, gone)
    notices.forget(connection, association, schema_notices.notices.c.case_id.in_(gone))
    return count


def _drop_news(connection: Connection, vault: Vault, association: str, gone: list[int]) -> None:
    """What waits to be opened of these cases, at every address of their people, and at those that are followed by
    their number."""
    c, k = cases.c, conversations_table.c
    rows = connection.execute(
        select(c.id, c.reference, c.beneficiary, c.conversation, c.route).where(
            c.association == association, c.id.in_(gone)
        )
    ).all()
    references = {row.reference for row in rows}
    theirs = {row.beneficiary for row in rows if row.beneficiary is not None}
    where = {row.conversation if row.route is None else _open_route(vault, association, row) for row in rows} - {None}
    for one in (k.beneficiary.in_(theirs), k.id.in_(where)):
        where |= set(connection.scalars(select(k.id).where(k.association == association, one)))
    here = conversations.load_by_id(connection, vault, [(association, id) for id in where])
    changed = []
    for stored in here.values():
        talk = stored.conversation
        if references & {*talk.news, *talk.followed_by_number}:
            talk.news = {reference: told for reference, told in talk.news.items() if reference not in references}
            talk.followed_by_number = [one for one in talk.followed_by_number if one not in references]
            changed.append(stored)
    if changed:
        conversations.save(connection, vault, changed)


def _empty_sittings(connection: Connection, association: str, gone: list[int]) -> None:
    """Of sittings these cases were at, what was written of all of them, once nothing else of it is left."""
    a, c, s = schema_desk.agenda.c, cases.c, schema_desk.sittings.c
    theirs = select(a.sitting).where(a.association == association, a.case_id.in_(gone))
    left = (
        select(a.case_id)
        .join(cases, (c.association == a.association) & (c.id == a.case_id))
        .where(a.association == association, a.sitting == s.id, c.erased_at.is_(None))
    )
    for table, columns in OF_SITTING.items():
        _empty(connection, table, columns, association, s.id.in_(theirs), ~left.exists())


def anonymous_routes(connection: Connection, vault: Vault, association: str) -> Routes:
    """Whom the answers to anonymous cases go to: for what must not be taken from under them, and for nothing else."""
    c = cases.c
    query = select(c.id, c.route, c.closed_at).where(
        c.association == association, text("anonymous AND erased_at IS NULL"), c.route.is_not(None)
    )
    found: dict[int, list[int]] = {}
    is_open = set()
    for row in connection.execute(query):
        conversation = _open_route(vault, association, row)
        found.setdefault(conversation, []).append(row.id)
        if row.closed_at is None:
            is_open.add(conversation)
    return Routes(found, frozenset(is_open))


def held_files(
    connection: Connection,
    vault: Vault,
    association: str,
    conversation: int,
    routes: Routes,
    *,
    without: Iterable[int] = (),
    drafts: bool = True,
) -> set[int]:
    """Files of a conversation that a case names, or (`drafts`) what is being filled in or offered next time."""
    c, k, b = cases.c, conversations_table.c, beneficiaries.c
    here = connection.execute(
        select(k.beneficiary, k.state).where(k.association == association, k.id == conversation)
    ).first()
    ids = set(routes.cases.get(conversation, ()))
    held: set[int] = set()
    if here is not None and here.beneficiary is not None:
        mine = (c.association == association, c.beneficiary == here.beneficiary, c.erased_at.is_(None))
        ids |= set(connection.scalars(select(c.id).where(*mine)))
        if drafts:
            person = select(b.known).where(b.association == association, b.id == here.beneficiary)
            known = context("beneficiaries.known", association, here.beneficiary)
            held |= _files_in(vault, connection.scalar(person), known)
            held |= _files_in(vault, here.state, context("conversations.state", association, conversation))
    return held | files_of(connection, vault, association, ids - set(without))


def files_of(connection: Connection, vault: Vault, association: str, ids: Iterable[int]) -> set[int]:
    """What may be the number of a file in these cases' answers, and in those that were replaced."""
    wanted = list(ids)
    c, r = cases.c, schema_desk.requirements.c
    found: set[int] = set()
    for table, place, id, value in (
        (cases, "cases.body", c.id, c.body),
        (schema_desk.requirements, "requirements.before", r.case_id, r.before),
    ):
        query = select(id, value).where(table.c.association == association, id.in_(wanted), value.is_not(None))
        for row in connection.execute(query):
            found |= _files_in(vault, row[1], context(place, association, row[0]))
    return found


def _files_in(vault: Vault, sealed: bytes | None, where: bytes) -> set[int]:
    return set() if sealed is None else set(_numbers(msgspec.msgpack.decode(vault.open(sealed, where))))


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, str):
        if value.isdecimal() and value.isascii() and len(value) < 20:
            yield int(value)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one)


def _open_route(vault: Vault, association: str, row: Any) -> int:
    return int(vault.open(row.route, context("cases.route", association, row.id)))


# --- conversations ---------------------------------------------------------------------------------------------------


def erase_conversation(
    connection: Connection,
    vault: Vault,
    stored: Stored,
    routes: Routes,
    now: int,
    *,
    kept: Iterable[str] = (),
    leaves_at: int | None = None,
) -> int:
    """What was said, sent and begun goes; the address stays, and how one writes to it. The conversation must be locked.

    `kept` are references of cases that stay: what is asked about them, and news of them, waits on. Returns how many
    files go.
    """
    association, id, references = stored.association, stored.id, set(kept)
    held = held_files(connection, vault, association, id, routes, drafts=False)
    f, a, t, k = files.c, asks.c, timers.c, conversations_table.c
    sent = set(connection.scalars(select(f.id).where(f.association == association, f.conversation == id)))
    count = _erase_files(connection, association, id, sent - held)
    # Nobody is left to come to; what waits of a case that stays is answered there, and danger is looked at by a person.
    h = handoffs.c
    queued = (h.association == association, h.conversation == id, h.done_at.is_(None))
    over = (h.reference.not_in(references), h.restricted.is_(False))
    connection.execute(update(handoffs).where(*queued, *over).values(done_at=now))
    waits_on = queue.any_open(connection, association, id)
    if stored.conversation.holder == "queue" and not waits_on:
        stored.conversation.holder = "bot"
    for table in (messages, schema_desk.reply_drafts, schema_desk.topic_lines, handoffs):
        settled = (messages.c.state.not_in(_UNDER_WAY),) if table is messages else ()
        _empty(connection, table, OF_CONVERSATION[table], association, table.c.conversation == id, *settled)
    for table in (schema_desk.notes, schema_desk.appointments, schema_notices.tasks):
        alone = (table.c.conversation == id, table.c.case_id.is_(None))
        _empty(connection, table, OF_CONVERSATION[table], association, *alone)
    asked = (a.association == association, a.conversation == id, a.reference.not_in(references))
    connection.execute(update(asks).where(*asked).values(details=None, handle_index=None))
    connection.execute(delete(forms).where(forms.c.association == association, forms.c.conversation == id))
    waits = (t.association == association, t.conversation == id, ~t.timer.startswith("notice:"))
    connection.execute(delete(timers).where(*waits))
    topics.erase(connection, association, id)
    taking_part.erase(connection, association, id)
    _forget_notices(connection, association, id, schema_notices.notices.c.due.is_(None))  # the others reach them yet
    stored.conversation = _blank(stored.conversation, references)
    conversations.save(connection, vault, [stored])
    here = (k.association == association, k.id == id)
    connection.execute(update(conversations_table).where(*here).values(erased_at=now, leaves_at=leaves_at))
    return count


def drop_drafts(connection: Connection, vault: Vault, stored: Stored, routes: Routes, before: datetime) -> int | None:
    """Forget what was begun and not touched since, with its files; how many, or None where nothing was begun so long
    ago. The conversation must be locked."""
    conversation = stored.conversation
    old = old_drafts(conversation, before)
    if not old:
        return None
    if conversation.open in old:
        conversation.open = None
        conversation.offered = []
    conversation.aside = [one for one in conversation.aside if one not in old]
    conversations.save(connection, vault, [stored])
    named = {number for draft in old for number in _numbers(msgspec.to_builtins(draft))}
    held = held_files(connection, vault, stored.association, stored.id, routes)
    return _erase_files(connection, stored.association, stored.id, named - held)


def old_drafts(conversation: Conversation, before: datetime) -> list[Draft]:
    """What was begun and not touched since."""
    begun = [one for one in (conversation.open, *conversation.aside) if one is not None]
    return [one for one in begun if one.touched is not None and one.touched < before]


def forget_address(connection: Connection, stored: Stored) -> None:
    """The conversation itself goes, with its handle and what it is found by. It must be locked, and erased."""
    mine = (stored.association, stored.id)
    for table in (messages, timers, forms, schema_desk.topics, schema_desk.topic_lines, schema_desk.looking):
        connection.execute(delete(table).where(table.c.association == mine[0], table.c.conversation == mine[1]))
    _forget_notices(connection, *mine)
    c, p, k = cases.c, schema_desk.appointments.c, conversations_table.c
    filed = (c.association == mine[0], c.beneficiary == stored.beneficiary, c.conversation == mine[1])
    connection.execute(update(cases).where(*filed).values(conversation=None))
    met = (p.association == mine[0], p.conversation == mine[1])
    connection.execute(update(schema_desk.appointments).where(*met).values(conversation=None))
    connection.execute(delete(conversations_table).where(k.association == mine[0], k.id == mine[1]))


def _forget_notices(connection: Connection, association: str, conversation: int, *which: Any) -> None:
    """Those of a case go with the case."""
    n = schema_notices.notices.c
    notices.forget(connection, association, n.conversation == conversation, n.case_id.is_(None), *which)


def forget_person(connection: Connection, association: str, beneficiary: int) -> None:
    """What is offered next time instead of asked, and the consents as they stand; their log stays."""
    b = beneficiaries.c
    connection.execute(delete(beneficiaries).where(b.association == association, b.id == beneficiary))


def forget_asked(connection: Connection, vault: Vault, association: str, phone: str) -> None:
    """What others asked of the owner of this number is found by it no more."""
    a = asks.c
    asked = (a.association == association, a.handle_index == phone_index(vault, association, phone))
    connection.execute(update(asks).where(*asked).values(details=None, handle_index=None))


def forget_quarantined(connection: Connection, vault: Vault, stored: Stored, now: int) -> int:
    """Events of this conversation that were set apart lose their content; how many."""
    count = 0
    for one in quarantine.waiting(connection, stored.association):
        body = quarantine.body(connection, vault, stored.association, one.id)
        event = msgspec.msgpack.decode(body) if body else {}
        theirs = one.channel == stored.channel and event.get("handle") == stored.handle
        if theirs or event.get("conversation") == stored.id:
            count += quarantine.settle(connection, stored.association, one.id, now)
    return count


def _blank(conversation: Conversation, kept: set[str]) -> Conversation:
    return Conversation(
        **{name: getattr(conversation, name) for name in _STAYS},
        news={reference: told for reference, told in conversation.news.items() if reference in kept},
        followed_by_number=[reference for reference in conversation.followed_by_number if reference in kept],
    )


# --- files -----------------------------------------------------------------------------------------------------------


def erasing(connection: Connection, now: int, limit: int = 100) -> list[tuple[str, int]]:
    """(association, id) of files whose bytes are to be deleted, once nobody is fetching them any more."""
    f = files.c
    query = select(f.association, f.id).where(text("state = 'erasing'"), f.lease_until <= now).limit(limit)
    return [(row[0], row[1]) for row in connection.execute(query)]


def erased(connection: Connection, gone: Iterable[tuple[str, int]]) -> None:
    """The bytes of these are deleted: their rows go too."""
    _GONE.run(connection, sorted(gone))


def _erase_files(connection: Connection, association: str, conversation: int, ids: Iterable[int]) -> int:
    f = files.c
    mine = (f.association == association, f.conversation == conversation, f.id.in_(sorted(ids)), f.state != ERASING)
    nothing = dict.fromkeys(OF_CONVERSATION[files])
    return connection.execute(update(files).where(*mine).values(**nothing, state=ERASING)).rowcount


def _empty(connection: Connection, table: Table, columns: tuple[str, ...], association: str, *which: Any) -> None:
    mine = (table.c.association == association, *which)
    gone = delete(table) if table in _NOTHING_ELSE else update(table).values(dict.fromkeys(columns))
    connection.execute(gone.where(*mine))


_GONE = deleting(files, "association", "id")
