"""One statement for a whole batch of rows, the same on both databases.

The rows go in as a relation named `given`, and a Core statement reads from it: INSERT … SELECT, UPDATE … FROM, a join.
SQLite gets them as `VALUES (?, …), …`; PostgreSQL as one JSON text through `json_to_recordset`, which costs a tenth of
the client's time that parameters or arrays cost, and leaves one constant text to prepare.

A statement is compiled once for each dialect and then run on the driver's own cursor: SQLAlchemy's execution and result
layers cost 50 µs a statement, several times the statement itself. Errors are therefore the driver's; database.py says
what follows from them.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    LargeBinary,
    Table,
    Text,
    Update,
    bindparam,
    column,
    delete,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler takes its ON CONFLICT too
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

AT_MOST = 400
"""Rows in one statement; more are sent in several (SQLite takes 32,766 parameters)."""
_MARK = "/*given*/"
_NATIVE: dict[type, str] = {Text: "text", BigInteger: "bigint", Integer: "bigint", Boolean: "boolean"}

Rows = Sequence[tuple[Any, ...]]
Runner = Callable[[Connection, Rows, dict[str, Any]], Rows]


def columns_of(table: Table, *names: str) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)


def among(column: Any, values: Iterable[Any] | None) -> ColumnElement[bool]:
    """One of these; None: any."""
    return true() if values is None else column.in_(list(values))


class Batch:
    """A statement over `given`, whose columns are named and typed like `columns`."""

    def __init__(self, columns: Sequence[Column[Any]], build: Callable[[CTE], Executable]) -> None:
        self._columns, self._build = columns, build
        self._runners: dict[str, Runner] = {}

    def run(self, connection: Connection, rows: Rows, **scalars: Any) -> Rows:
        """The rows the statement returns, as plain tuples; nothing where it returns none or no rows are given."""
        if not rows:
            return ()
        runner = self._runners.get(connection.dialect.name) or self._prepare(connection.dialect)
        if len(rows) <= AT_MOST:
            return runner(connection, rows, scalars)
        parts = (runner(connection, rows[at : at + AT_MOST], scalars) for at in range(0, len(rows), AT_MOST))
        return list(chain.from_iterable(parts))

    def text(self, dialect: Dialect) -> str:
        """The statement as it is sent, the rows marked: for tests and for reading plans."""
        return str(self._compile(dialect))

    def _compile(self, dialect: Dialect) -> Any:
        relation = text(_FROM[dialect.name](self._columns)).columns(*(column(c.name, c.type) for c in self._columns))
        statement: Any = self._build(relation.cte("given"))
        return statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})

    def _prepare(self, dialect: Dialect) -> Runner:
        make = _for_sqlite if dialect.name == "sqlite" else _for_postgresql
        runner = make(self._compile(dialect), self._columns)
        self._runners[dialect.name] = runner
        return runner


def inserting(table: Table, *names: str) -> Batch:
    """Insert rows of these columns; a row whose key exists is an error."""
    return Batch(
        columns_of(table, *names),
        lambda given: insert(table).from_select(names, select(*given.c).where(true()), include_defaults=False),
    )


def upserting(table: Table, key: tuple[str, ...], *names: str) -> Batch:
    """Insert rows of these columns (`key` among them), or replace what a row of the same key holds."""

    def build(given: CTE) -> Executable:
        # The condition keeps SQLite from reading ON CONFLICT as a join's ON.
        statement = insert(table).from_select(names, select(*given.c).where(true()), include_defaults=False)
        changed = {name: statement.excluded[name] for name in names if name not in key}
        return statement.on_conflict_do_update(index_elements=key, set_=changed)

    return Batch(columns_of(table, *names), build)


def deleting(table: Table, *names: str) -> Batch:
    """Delete the rows that agree with a given one in these columns; those columns of them come back."""

    def build(given: CTE) -> Executable:
        agreeing = tuple_(*(table.c[name] for name in names)).in_(select(*given.c))
        return delete(table).where(agreeing).returning(*columns_of(table, *names))

    return Batch(columns_of(table, *names), build)


def _from_values(columns: Sequence[Column[Any]]) -> str:
    named = ", ".join(f"column{place} AS {c.name}" for place, c in enumerate(columns, 1))
    return f"SELECT {named} FROM (VALUES {_MARK})"  # noqa: S608  names of our own columns


def _from_json(columns: Sequence[Column[Any]]) -> str:
    named = ", ".join(_decoded(c) for c in columns)
    typed = ", ".join(f"{c.name} {_NATIVE.get(type(c.type), 'text')}" for c in columns)
    return f"SELECT {named} FROM json_to_recordset(CAST(:given_rows AS json)) AS g({typed})"  # noqa: S608


def _decoded(c: Column[Any]) -> str:
    return f"decode({c.name}, 'base64') AS {c.name}" if isinstance(c.type, LargeBinary) else c.name


_FROM = {"sqlite": _from_values, "postgresql": _from_json}


def _for_sqlite(compiled: Any, columns: Sequence[Column[Any]]) -> Runner:
    head, tail = compiled.string.split(_MARK)
    known, names = compiled.params, compiled.positiontup
    before, after = names[: head.count("?")], names[head.count("?") :]
    one = f"({', '.join('?' * len(columns))})"
    texts = [head + ", ".join([one] * count) + tail for count in range(1, 65)]

    def run(connection: Connection, rows: Rows, scalars: dict[str, Any]) -> Rows:
        count = len(rows)
        sql = texts[count - 1] if count <= 64 else head + ", ".join([one] * count) + tail
        values = known | scalars
        parameters = [*[values[n] for n in before], *chain.from_iterable(rows), *[values[n] for n in after]]
        driver: Any = connection.connection.driver_connection
        return driver.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]

    return run


def _for_postgresql(compiled: Any, columns: Sequence[Column[Any]]) -> Runner:
    sql, known = compiled.string, compiled.params
    shape = msgspec.defstruct("Given", [str(c.name) for c in columns])
    encode = msgspec.json.Encoder().encode

    def run(connection: Connection, rows: Rows, scalars: dict[str, Any]) -> Rows:
        given = encode([shape(*row) for row in rows]).decode()
        driver: Any = connection.connection.driver_connection
        with driver.cursor(binary=True) as cursor:
            cursor.execute(sql, {**known, **scalars, "given_rows": given}, prepare=True)
            return cursor.fetchall() if cursor.description else ()

    return run


ASSOCIATIONS: BindParameter[Any] = bindparam("associations", expanding=True)
NOW, UNTIL = bindparam("now", type_=BigInteger), bindparam("until", type_=BigInteger)
MOST = bindparam("most", type_=Integer)
"""What claims that are built once are given when they run: building them takes twice as long as running them."""


def claiming(table: Table, *due: ColumnElement[bool], order: Any, most: Any = MOST, **values: Any) -> Update:
    """Change the first rows that are due, those that another process claims left out.

    As a subquery PostgreSQL may run a locking query with a limit again for each row that it compares, skip what it has
    locked already, and take more than the limit. A CTE that locks is run once.
    """
    key = tuple_(*table.primary_key)
    first = select(*table.primary_key).where(*due).order_by(order).limit(most).with_for_update(skip_locked=True)
    return update(table).where(key.in_(select(*first.cte("due").c))).values(**values)
