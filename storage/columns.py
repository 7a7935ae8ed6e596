"""The columns every table is made of (schema.py, schema_desk.py)."""

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
    text,
)

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


def code(name: str, default: str | None = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def key(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def maybe(name: str) -> Column[str | None]:
    return Column(name, Text)


def id_(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, autoincrement=False)


def number(name: str, default: str = "0") -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=default)


def at(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def maybe_at(name: str) -> Column[int | None]:
    return Column(name, BigInteger)


maybe_id = maybe_at


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False, server_default=text("false"))


def sealed(name: str) -> Column[bytes | None]:
    return Column(name, Sealed)


def blind(name: str) -> Column[bytes | None]:
    return Column(name, Blind)


def table(name: str, *parts: Any, keyed: tuple[str, ...] = ("association", "id"), **options: Any) -> Table:
    return Table(name, metadata, *parts, PrimaryKeyConstraint(*keyed), **options)


def index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Of the rows where `where` holds; it serves only a condition that is written the same way."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
