"""What messages cost: an exact amount of the provider's own unit beside each («0.0075 USD»), empty until they know it.

Prices have up to five decimals, so nothing is rounded before it is summed. Amounts and codes, nothing sealed.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, func, literal_column, select, text, update
from sqlalchemy.sql import Executable
from sqlalchemy.sql.selectable import CTE

from storage.batch import Batch, columns_of
from storage.schema import COSTS, messages

MOST = 50_000
"""Messages of a channel that a sum looks at, the newest first."""


class Cost(NamedTuple):
    """What a provider charged for the message of this id, as `written`."""

    provider_id: str
    cost: str


class Spent(NamedTuple):
    """By unit; not `whole` where there were more messages than a sum looks at."""

    amounts: dict[str, Decimal]
    whole: bool = True


def written(amount: Decimal, unit: str) -> str:
    """As the column holds it."""
    return f"{amount.normalize():f} {unit}"


def amount_of(cost: str) -> tuple[Decimal, str]:
    """The amount and its unit (ISO 4217)."""
    amount, _, unit = cost.partition(" ")
    return Decimal(amount), unit


def lacking(connection: Connection, association: str, channel: str, ids: Collection[str]) -> set[str]:
    """Those of these provider's ids that are messages of this channel of whose cost nothing is known."""
    m = messages.c
    query = select(m.provider_id).where(
        m.association == association,
        m.channel == channel,
        m.provider_id.in_(list(ids)),
        m.cost == literal_column("''"),
    )
    return {id for id in connection.scalars(query) if id is not None}


def keep(connection: Connection, association: str, channel: str, given: Sequence[Cost]) -> list[str]:
    """Set the cost of those that have none, in one statement; gives the costs that were set."""
    rows = [(association, channel, *one) for one in given]
    return [row[0] for row in _KEEP.run(connection, rows)]


def spent(connection: Connection, association: str, channel: str, since: int, most: int = MOST) -> Spent:
    """What the messages since then cost, as far as the provider said. Walks an index of those alone."""
    m = messages.c
    newest = (
        select(m.cost)
        .where(m.association == association, m.channel == channel, m.at >= since, text(COSTS))
        .order_by(m.at.desc())
        .limit(most)
        .subquery()
    )
    found = connection.execute(select(newest.c.cost, func.count()).group_by(newest.c.cost)).all()
    return Spent(_summed((row[0], row[1]) for row in found), sum(row[1] for row in found) < most)


def total(given: Iterable[str]) -> Spent:
    """Of some costs, empty ones among them."""
    return Spent(_summed((cost, 1) for cost in given if cost))


def _summed(given: Iterable[tuple[str, int]]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for cost, count in given:
        amount, unit = amount_of(cost)
        amounts[unit] = amounts.get(unit, Decimal()) + amount * count
    return dict(sorted(amounts.items()))


def _kept(given: CTE) -> Executable:
    m, g = messages.c, given.c
    return (
        update(messages)
        .where(
            m.association == g.association,
            m.channel == g.channel,
            m.provider_id == g.provider_id,
            # Not `cost = ''`: of hundreds given, SQLite would make an index of its own for it, out of every message.
            func.length(m.cost) == literal_column("0"),
        )
        .values(cost=g.cost)
        .returning(m.cost)
    )


_KEEP = Batch(columns_of(messages, "association", "channel", "provider_id", "cost"), _kept)
