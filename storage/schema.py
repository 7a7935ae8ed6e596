"""Every table. Each row belongs to an association, which is part of every key (rule 8).

Ids are ours and ordered by time (storage/ids.py), times whole milliseconds UTC (storage/times.py), enumerations short
texts. What a person typed, said or uploaded is in columns of type Sealed, encrypted before it comes here (rule 9);
Blind columns are keyed hashes that whole values are looked up by.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD = "0001"
"""The newest migration. A database that says so is opened without loading Alembic."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Sealed(LargeBinary):
    """Encrypted under a key of WASL_KEYS. Rotation walks over every column of this type."""

    cache_ok = True


class Blind(LargeBinary):
    """A keyed hash under WASL_INDEX_KEY, or a plain digest of something nobody can guess."""

    cache_ok = True


def _text(name: str, default: str | None = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _key(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _maybe(name: str) -> Column[str | None]:
    return Column(name, Text)


def _id(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, autoincrement=False)


def _number(name: str, default: str = "0") -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=default)


def _at(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _maybe_at(name: str) -> Column[int | None]:
    return Column(name, BigInteger)


_maybe_id = _maybe_at


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False, server_default=text("false"))


def _sealed(name: str) -> Column[bytes | None]:
    return Column(name, Sealed)


def _table(name: str, *parts: Any, key: tuple[str, ...] = ("association", "id"), **options: Any) -> Table:
    return Table(name, metadata, *parts, PrimaryKeyConstraint(*key), **options)


def _index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Of the rows where `where` holds; it serves only a condition that is written the same way."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

conversations = _table(
    "conversations",
    _key("association"),
    _id("id"),
    _key("channel"),
    Column("handle_index", Blind, nullable=False),
    _sealed("handle"),
    _maybe_id("beneficiary"),
    _sealed("state"),
    _number("seq"),
    _text("holder", "bot"),
    _text("flow"),
    _flag("stopped"),
    _flag("restricted"),
    _flag("women_only"),
    _maybe_at("last_in"),
    _at("updated"),
    UniqueConstraint("association", "channel", "handle_index"),
    # Partial, so that PostgreSQL never mistakes them for a way to an address while the table is small.
    _index("ix_conversations_held", "association", "holder", where="holder <> 'bot'"),
    _index("ix_conversations_beneficiary", "association", "beneficiary", where="beneficiary IS NOT NULL"),
    # Rewritten with every turn: room in the page, and no index on what changes, keep PostgreSQL's update in place.
    postgresql_with={"fillfactor": 60},
)

beneficiaries = _table("beneficiaries", _key("association"), _id("id"), _sealed("known"), _at("updated"))

UNSETTLED = "state IN ('queued', 'sending')"
"""Literal on purpose: a partial index serves only a condition that is written like its own."""

messages = _table(
    "messages",
    _key("association"),
    _id("id"),
    _id("conversation"),
    _id("seq"),
    _key("channel"),
    _key("direction"),
    _key("lane"),
    _key("kind"),
    _at("at"),
    _sealed("body"),
    _maybe("provider_id"),
    _key("state"),
    _number("attempts"),
    _number("not_before"),
    _maybe("lease_by"),
    _maybe_at("lease_until"),
    _maybe("error"),
    _flag("again"),
    _maybe_at("updated"),
    UniqueConstraint("association", "conversation", "seq"),
    _index("ix_messages_unsettled", "association", "conversation", "lane", "seq", where=UNSETTLED),
    _index("ix_messages_provider_id", "association", "channel", "provider_id", where="provider_id IS NOT NULL"),
)

seen = _table(
    "seen",
    _key("association"),
    Column("key", Blind, nullable=False),
    _at("at"),
    Index(None, "at"),
    key=("association", "key"),
)

cases = _table(
    "cases",
    _key("association"),
    _id("id"),
    _key("reference"),
    _key("kind"),
    _key("stage"),
    _text("service"),
    _text("category"),
    _text("branch"),
    _text("severity"),
    _text("source"),
    _text("agreed_channel"),
    _text("linked_to"),
    _flag("restricted"),
    _flag("anonymous"),
    _maybe_id("beneficiary"),
    _maybe_id("conversation"),
    _at("opened_at"),
    _maybe_at("completed_at"),
    _maybe_at("closed_at"),
    _maybe_at("earliest"),
    _maybe_at("latest"),
    _maybe_at("next_update"),
    _sealed("body"),
    _sealed("member"),
    _sealed("route"),
    _text("digest"),
    _number("moves"),
    _at("updated"),
    UniqueConstraint("association", "reference"),
    Index(None, "association", "beneficiary", "id"),
    Index(None, "association", "kind", "stage", "opened_at"),
    _index("ix_cases_next_update", "next_update", where="closed_at IS NULL"),
)

case_moves = _table(
    "case_moves",
    _key("association"),
    _id("case_id"),
    _id("seq"),
    _key("move"),
    _text("from_stage"),
    _text("to_stage"),
    _text("who"),
    _at("at"),
    _sealed("reason"),
    key=("association", "case_id", "seq"),
)

case_index = _table(
    "case_index",
    _key("association"),
    _key("domain"),
    Column("blind", Blind, nullable=False),
    _id("case_id"),
    Index(None, "association", "case_id"),
    key=("association", "domain", "blind", "case_id"),
)

consents = _table(
    "consents",
    _key("association"),
    _id("id"),
    _maybe_id("beneficiary"),
    _id("conversation"),
    _key("purpose"),
    Column("given", Boolean(create_constraint=False), nullable=False),
    _text("wording_version"),
    _text("channel"),
    _text("reference"),
    _at("at"),
    Index(None, "association", "beneficiary"),
    Index(None, "association", "conversation"),
)

timers = _table(
    "timers",
    _key("association"),
    _id("conversation"),
    _key("timer"),
    _at("due"),
    _number("claimed_until"),
    Index(None, "due"),
    key=("association", "conversation", "timer"),
)

forms = _table(
    "forms",
    _key("association"),
    _key("form"),
    _id("conversation"),
    Column("token_digest", Blind, nullable=False),
    _text("steps", "[]"),
    _at("until"),
    _maybe_at("used_at"),
    _number("opened"),
    _at("at"),
    UniqueConstraint("association", "token_digest"),
    Index(None, "association", "conversation"),
    key=("association", "form"),
)

files = _table(
    "files",
    _key("association"),
    _id("id"),
    _id("conversation"),
    _key("channel"),
    _sealed("source"),
    _sealed("name"),
    _text("kind"),
    _number("size"),
    _key("state"),
    _text("reason"),
    _number("attempts"),
    _number("not_before"),
    _number("lease_until"),
    _at("at"),
    Index(None, "association", "conversation"),
    _index("ix_files_wanted", "not_before", where="state IN ('wanted', 'fetching')"),
)

handoffs = _table(
    "handoffs",
    _key("association"),
    _id("id"),
    _id("conversation"),
    _key("reason"),
    _text("role"),
    _flag("urgent"),
    _flag("restricted"),
    _flag("women_only"),
    _text("reference"),
    _sealed("callback"),
    _at("at"),
    _text("taken_by"),
    _maybe_at("taken_at"),
    _maybe_at("done_at"),
    _index("ix_handoffs_waiting", "association", "at", where="done_at IS NULL"),
    Index(None, "association", "conversation"),
)

asks = _table(
    "asks",
    _key("association"),
    _id("id"),
    _key("question"),
    _text("reference"),
    _id("conversation"),
    Column("handle_index", Blind),
    Column("token_digest", Blind),
    _sealed("details"),
    _at("at"),
    _maybe_at("answered_at"),
    Column("given", Boolean(create_constraint=False)),
    Index(None, "association", "handle_index"),
    UniqueConstraint("association", "token_digest"),
)

quarantine = _table(
    "quarantine",
    _key("association"),
    _id("id"),
    _key("channel"),
    _at("at"),
    _sealed("body"),
    _number("attempts"),
    _text("error"),
    _maybe_at("settled_at"),
    _index("ix_quarantine_waiting", "association", "id", where="settled_at IS NULL"),
)

accounts = _table(
    "accounts",
    _key("association"),
    _key("channel"),
    _number("not_before"),
    _flag("paused"),
    _text("paused_why"),
    _text("lease_by"),
    _number("lease_until"),
    _number("cursor"),
    key=("association", "channel"),
)

contents = _table(
    "contents",
    _key("association"),
    _key("channel"),
    Column("digest", Blind, nullable=False),
    _key("provider_id"),
    _at("at"),
    key=("association", "channel", "digest"),
)

alarms = _table(
    "alarms",
    _key("association"),
    _id("id"),
    _key("code"),
    _flag("urgent"),
    _number("times", "1"),
    _at("at"),
    _at("last_at"),
    _maybe_at("seen_at"),
    _index("uq_alarms_waiting", "association", "code", where="seen_at IS NULL", unique=True),
)

audit = _table(
    "audit",
    _key("association"),
    _id("id"),
    _at("at"),
    _key("who"),
    _key("act"),
    _text("subject"),
    _text("detail"),
    Index(None, "association", "subject"),
)

SEALED = tuple(
    (table, tuple(column.name for column in table.columns if isinstance(column.type, Sealed)))
    for table in metadata.sorted_tables
    if any(isinstance(column.type, Sealed) for column in table.columns)
)
"""Every table with sealed columns, and which: what rotation walks over."""
