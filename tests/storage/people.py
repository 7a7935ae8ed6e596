"""Two people who look alike, with something in every sealed column: one goes, and the other must not notice."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Connection, LargeBinary, insert, select

from conversations.conversation import Draft
from conversations.effects import Signature
from storage import asks, cases, consents, conversations, erasure, files, messages, quarantine, timers, world
from storage.asks import Ask
from storage.blobs import Blobs, Folder, Missing
from storage.cases import Case, Move
from storage.columns import metadata
from storage.consents import Consent
from storage.database import Database
from storage.erasure import OF_CASE, OF_CONVERSATION
from storage.files import File
from storage.ids import new_id
from storage.keys import SEALED
from storage.messages import Message
from storage.quarantine import Quarantined
from storage.schema import files as files_table
from storage.schema import handoffs
from storage.schema_desk import notes, reply_drafts, topic_lines
from storage.timers import Timer
from storage.times import DAY, moment
from storage.vault import Vault, context
from storage.world import Beneficiary

NOW = 1_790_000_000_000
LONG_AGO = NOW - 3000 * DAY


class Somebody(NamedTuple):
    """`word` is part of everything they said, `phone` of what they are found by."""

    word: str
    phone: str
    association: str
    conversation: int
    beneficiary: int
    closed: str
    open: str
    hidden: str
    files: dict[str, int]


def settle(
    database: Database, vault: Vault, blobs: Blobs, word: str, phone: str, association: str = "harif", at: int = NOW
) -> Somebody:
    """Somebody with a closed, an open and an anonymous case, a draft, files of each, and a row of everything else."""
    names = ("closed", "open", "hidden", "draft", "known", "sent", "before")
    theirs = {name: new_id() for name in names}
    prefix = "HRF" if association == "harif" else "RUH"
    references = {name: f"{prefix}-{word}-{name}" for name in ("closed", "open", "hidden")}

    def fill(connection: Connection) -> tuple[int, int]:
        key = (association, "whatsapp", phone)
        stored = conversations.take(connection, vault, [key], at)[key]
        person = stored.beneficiary = new_id()
        conversation = stored.conversation
        conversation.language, conversation.greeted, conversation.first_words = "en", True, f"{word} first"
        conversation.last_at = moment(at)
        draft = {"name": f"{word} draft", "paper": [str(theirs["draft"])]}
        conversation.open = Draft(flow="apply", answers=draft, touched=moment(at))
        conversation.news = {references["open"]: [f"{word} news"], references["closed"]: [f"{word} old news"]}
        stored.seq, stored.last_in = 3, at
        conversations.save(connection, vault, [stored])
        event = msgspec.msgpack.encode({"is": "text", "text": f"{word} said"})
        lines = [
            Message(association, new_id(), stored.id, n, "whatsapp", "in", "dialogue", "text", at, event)
            for n in (1, 2, 3)
        ]
        messages.insert_all(connection, vault, lines)
        facts = {"name": f"{word} fact", "paper": [str(theirs["known"])]}
        world.save_beneficiaries(connection, vault, [Beneficiary(association, person, facts, {"requests": True})], at)
        consents.log(connection, [Consent(association, stored.id, person, "requests", True, "1", "whatsapp", "", at)])
        for name, reference in references.items():
            _case(connection, stored.id, person, name, reference)
        given = [
            File(association, id, stored.id, "whatsapp", f"{word} source", f"{word}.pdf", state="ready")
            for id in theirs.values()
        ]
        files.want(connection, vault, given, at)
        ask = Ask(association, new_id(), "consent", references["closed"], stored.id, "+966599999999", {"n": word}, at)
        asks.add(connection, vault, ask, f"token {word}")
        asks.add(connection, vault, Ask(association, new_id(), "consent", "X", 7, phone, {"n": word}, at), f"of {word}")
        apart = msgspec.msgpack.encode({"handle": phone, "conversation": 0, "event": f"{word} event", "source": ""})
        quarantine.put(connection, vault, Quarantined(association, new_id(), "whatsapp", at, 3, "KeyError"), apart)
        timers.set_all(connection, [Timer(association, stored.id, "remind", at)])
        _rows(connection, stored.id, None, [handoffs, reply_drafts, topic_lines, notes])
        return stored.id, person

    def _case(connection: Connection, conversation: int, person: int, name: str, reference: str) -> None:
        signature = Signature(
            wording=f"{word} signed", wording_version="1", digest="ab" * 32, at=moment(at), channel="w"
        )
        case = Case(
            association=association, id=new_id(), reference=reference, kind="request",
            stage="submitted", opened_at=at, conversation=conversation, beneficiary=person, anonymous=name == "hidden",
            answers={"name": f"{word} answer", "papers": [str(theirs[name])], "mobile": phone}, signature=signature,
            index=() if name == "hidden" else (("name", word), ("number", phone)),
        )  # fmt: skip
        cases.file(connection, vault, [case], at)
        ends = name == "closed"
        moved = Move(
            association=association, reference=reference, move="verify", from_stage="submitted", who="staff:1", at=at,
            reason=msgspec.json.encode({"reason": f"{word} reason"}).decode(),
            to_stage="closed" if ends else "verifying", closed_at=at if ends else msgspec.UNSET,
        )  # fmt: skip
        cases.move(connection, vault, moved)
        _rows(connection, None, case.id, [t for t in OF_CASE if t.name not in ("cases", "case_moves")])

    def _rows(connection: Connection, conversation: int | None, case: int | None, tables: list[Any]) -> None:
        for table in tables:
            columns = OF_CASE.get(table) or OF_CONVERSATION[table]
            row: dict[str, Any] = {
                "association": association,
                "id": new_id(),
                "case_id": case,
                "conversation": conversation,
            }
            row = {name: value for name, value in row.items() if name in table.c}
            id = row.get("id") or case or conversation
            assert id is not None
            for column in table.columns:
                if not column.nullable and column.server_default is None and column.name not in row:
                    whole = at if column.name.endswith("at") else id
                    row[column.name] = whole if isinstance(column.type, BigInteger) else "code"
            for name in columns:
                plain = f"{word} {name}"
                before = {"papers": [str(theirs["before"])], "was": plain}
                data = msgspec.msgpack.encode(before) if name == "before" else plain.encode()
                row[name] = vault.seal(data, context(f"{table.name}.{name}", association, id))
            connection.execute(insert(table).values(**row))

    for name, id in theirs.items():
        blobs.put(association, id, f"{word} {name}".encode())
    conversation, person = database.write_now(fill)
    return Somebody(word, phone, association, conversation, person, **references, files=theirs)


def what_is_kept(database: Database, vault: Vault, association: str) -> dict[str, list[bytes]]:
    """Everything sealed there is of an association, opened, by table.column."""

    def read(connection: Connection) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for table, columns in SEALED:
            for row in connection.execute(select(table).where(table.c.association == association)):
                id = next(
                    getattr(row, name) for name in ("id", "case_id", "conversation", "response") if name in table.c
                )
                for name in columns:
                    if (value := getattr(row, name)) is not None:
                        place = f"{table.name}.{name}"
                        opened = vault.open(value, context(place, row.association, id))
                        found.setdefault(place, []).append(opened)
        return found

    return database.read_now(read)


def places_of(somebody: Somebody, database: Database, vault: Vault) -> set[str]:
    """Columns in which something of theirs is still sealed."""
    marks = (somebody.word.encode(), somebody.phone.encode())
    kept = what_is_kept(database, vault, somebody.association)
    return {place for place, values in kept.items() if any(mark in value for value in values for mark in marks)}


def found_by(somebody: Somebody, database: Database, vault: Vault) -> set[str]:
    """Blind indexes by which something of theirs is still found."""
    slug, word, phone = somebody.association, somebody.word, somebody.phone

    def read(connection: Connection) -> set[str]:
        blinds = {
            vault.blind(slug, "case:name", word): "case.name",
            vault.blind(slug, "case:number", phone): "case.number",
            vault.blind(slug, "handle:whatsapp", phone): "handle",
            vault.blind(slug, "ask:phone", phone): "ask",
        }
        found = set()
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if isinstance(column.type, LargeBinary)]
            for row in connection.execute(select(*columns)) if columns else ():
                found |= {blinds[bytes(value)] for value in row if value is not None and bytes(value) in blinds}
        return found

    return database.read_now(read)


def files_left(somebody: Somebody, database: Database, blobs: Blobs, now: int) -> set[str]:
    """What of their files can still be had, once the round has run."""
    while gone := database.read_now(erasure.erasing, now):
        for key in gone:
            blobs.delete(*key)
        database.write_now(erasure.erased, gone)
    rows = set(database.read_now(lambda c: list(c.scalars(select(files_table.c.id)))))
    left = set()
    for name, id in somebody.files.items():
        try:
            blobs.get(somebody.association, id)
        except Missing:
            assert id not in rows, "no row without its bytes"
        else:
            left.add(name)
    return left


def store(folder: Path, vault: Vault) -> Blobs:
    return Blobs(Folder(folder / "files"), vault)
