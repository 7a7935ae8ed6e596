"""What messages cost: kept once, exactly, and summed by unit."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from storage import conversations, costs, messages
from storage.costs import Cost, Spent
from storage.database import Database
from storage.ids import new_id
from storage.messages import Message
from storage.schema import messages as table
from storage.vault import Vault

NOW = 1_790_000_000_000


class Desk:
    """Messages by SMS, each under a provider's id."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self._seq = itertools.count(1)

    def sent(self, provider_id: str | None, association: str = "harif", channel: str = "sms", at: int = NOW) -> int:
        key = (association, channel, "+966500000001")
        person = self.database.write_now(conversations.take, self.vault, [key], NOW)[key].id
        row = Message(
            association, new_id(), person, next(self._seq), channel, "out", "notice", "say", at, b"x",
            provider_id=provider_id, state="accepted",
        )  # fmt: skip
        self.database.write_now(messages.insert_all, self.vault, [row])
        return row.id

    def keep(self, *given: tuple[str, str], association: str = "harif", channel: str = "sms") -> list[str]:
        rows = [Cost(*one) for one in given]
        found: list[str] = self.database.write_now(costs.keep, association, channel, rows)
        return sorted(found)

    def cost(self, id: int) -> Any:
        return self.database.read_now(lambda c: c.scalar(select(table.c.cost).where(table.c.id == id)))

    def spent(self, since: int = 0, channel: str = "sms", **how: Any) -> Spent:
        found: Spent = self.database.read_now(lambda c: costs.spent(c, "harif", channel, since, **how))
        return found


@pytest.fixture
def desk(database: Database, vault: Vault) -> Desk:
    return Desk(database, vault)


def test_a_cost_is_kept_once_and_beside_its_own_message_alone(desk: Desk) -> None:
    mine, other, elsewhere = (
        desk.sent("SM1"),
        desk.sent("SM1", association="mastoura"),
        desk.sent("SM1", channel="whatsapp"),
    )
    unknown = desk.sent(None)
    assert desk.database.read_now(costs.lacking, "harif", "sms", ["SM1", "SM9"]) == {"SM1"}
    assert desk.keep(("SM1", "0.0075 USD"), ("SM9", "1 USD")) == ["0.0075 USD"]
    assert desk.keep(("SM1", "3 USD")) == [], "what is known stays"
    assert [desk.cost(id) for id in (mine, other, elsewhere, unknown)] == ["0.0075 USD", "", "", ""]
    assert desk.database.read_now(costs.lacking, "harif", "sms", ["SM1"]) == set()


def test_a_page_of_a_thousand_is_kept_whole(desk: Desk) -> None:
    ids = [f"SM{number}" for number in range(450)]
    for id in ids:
        desk.sent(id)
    assert len(desk.keep(*((id, "0.1 USD") for id in ids), *((f"SM9{id}", "1 USD") for id in ids))) == 450
    assert desk.spent() == Spent({"USD": Decimal("45.0")})


def test_hundreds_are_found_by_the_index_that_there_is(desk: Desk) -> None:
    if not desk.database.is_sqlite:
        pytest.skip("SQLite's own planner")
    rows = ",".join(["('harif', 'sms', 'SM1', '1 USD')"] * 400)
    statement = costs._KEEP.text(sqlite.dialect()).replace("/*given*/", rows)
    plan = desk.database.read_now(lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all())
    said = " ".join(row[-1] for row in plan)
    assert "ix_messages_provider_id" in said and "AUTOMATIC" not in said and "SCAN messages" not in said


def test_a_sum_is_exact_by_unit_and_of_its_period_and_channel(desk: Desk) -> None:
    for number, (cost, at) in enumerate(
        [("0.00675 USD", NOW), ("0.00675 USD", NOW), ("0.1 USD", NOW - 10), ("2 SAR", NOW), ("0 USD", NOW)]
    ):
        desk.sent(f"SM{number}", at=at)
        desk.keep((f"SM{number}", cost))
    desk.sent("SM8")
    assert desk.spent(NOW) == Spent({"SAR": Decimal(2), "USD": Decimal("0.0135")})
    assert desk.spent(NOW - 10).amounts["USD"] == Decimal("0.1135")
    assert desk.spent(channel="whatsapp") == Spent({})
    assert desk.spent(most=2).whole is False


@pytest.mark.parametrize(
    ("amount", "said"), [("0.00750", "0.0075 USD"), ("0.00000", "0 USD"), ("10", "10 USD"), ("120.50", "120.5 USD")]
)
def test_an_amount_is_written_plainly_and_read_again(amount: str, said: str) -> None:
    assert costs.written(Decimal(amount), "USD") == said
    assert costs.amount_of(said) == (Decimal(amount), "USD")
